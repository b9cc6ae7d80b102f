// SPDX-License-Identifier: GPL-2.0
/*
 * What mm/vmstat.c, mm/compaction.c and mm/vmscan.c would find if they looked at a
 * zone now.
 *
 * Locks: none. Staleness: lockless reads, one number after the other, as the
 * kernel's own looks are.
 *
 * Sources: unusable_free_index(), __fragmentation_index(); compaction_deferred(),
 * __compaction_suitable(), compaction_suitable(); zone_reclaimable_pages().
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/compaction.h>	/* builds on others */

#include "compact.h"
#include "compat.h"
#include "mmscope.h"

/* what vm.extfrag_threshold is if the symbol is not there */
#define EXTFRAG_THRESHOLD 500

/**
 * mmscope_fragmentation - how scattered the free memory of a zone is
 * @zone: the zone
 * @order: of the blocks wanted
 * @f: filled
 */
void mmscope_fragmentation(const struct zone *zone, u32 order, struct mmscope_fragmentation *f)
{
	u64 pages = 0, blocks = 0, suitable = 0;
	u32 i;

	f->largest_order = MMSCOPE_UNKNOWN32;
	for (i = 0; i < mmscope_nr_orders; i++) {
		u64 nr = READ_ONCE(zone->free_area[i].nr_free);

		blocks += nr;
		pages += nr << i;
		if (i >= order)
			suitable += nr << (i - order);
		if (nr)
			f->largest_order = i;
	}

	f->unusable_permille = 1000;
	if (pages)
		f->unusable_permille = div64_u64((pages - (suitable << order)) * 1000, pages);

	if (!blocks)
		f->extfrag_permille = 0;
	else if (suitable)
		f->extfrag_permille = -1000;
	else
		f->extfrag_permille = 1000 - div64_u64(1000 + (pages * 1000 >> order), blocks);
}

#ifdef CONFIG_COMPACTION
static bool deferred(const struct zone *zone, u32 order)
{
	s32 failed = READ_ONCE(zone->compact_order_failed);
	u64 limit = 1ULL << (READ_ONCE(zone->compact_defer_shift) & 63);

	return (s32)order >= failed && READ_ONCE(zone->compact_considered) + 1ULL < limit;
}

/* are there enough free pages to move others to? */
static bool has_room(struct zone *zone, u32 order, u32 highest_zone)
{
	u32 mark = order > PAGE_ALLOC_COSTLY_ORDER ? WMARK_LOW : WMARK_MIN;
	s64 room = zone_page_state(zone, NR_FREE_PAGES);

	room -= compat_highatomic_unusable(zone);
	room -= READ_ONCE(zone->_watermark[mark]) + READ_ONCE(zone->watermark_boost);
	room -= compact_gap(order);
	return room > (s64)READ_ONCE(zone->lowmem_reserve[highest_zone]);
}

/**
 * mmscope_compaction - what direct compaction would do in a zone, its first time
 * @zone: the zone
 * @order: of the block wanted, that is not to be had as it is
 * @highest_zone: that the block could be of
 * @extfrag_permille: from mmscope_fragmentation()
 *
 * Return: enum mmscope_compaction.
 */
u32 mmscope_compaction(struct zone *zone, u32 order, u32 highest_zone, s64 extfrag_permille)
{
	const int *threshold = mmscope_sym(sysctl_extfrag_threshold);

	if (!order)
		return MMSCOPE_COMPACTION_NONE;
	if (deferred(zone, order))
		return MMSCOPE_COMPACTION_DEFERRED;
	if (!has_room(zone, order, highest_zone))
		return MMSCOPE_COMPACTION_NO_ROOM;
	if (order > PAGE_ALLOC_COSTLY_ORDER && extfrag_permille >= 0 &&
	    extfrag_permille <= (threshold ? READ_ONCE(*threshold) : EXTFRAG_THRESHOLD))
		return MMSCOPE_COMPACTION_NO_MEMORY;
	return MMSCOPE_COMPACTION_RUNS;
}
#else
u32 mmscope_compaction(struct zone *zone, u32 order, u32 highest_zone, s64 extfrag_permille)
{
	return MMSCOPE_COMPACTION_NONE;
}
#endif

/**
 * mmscope_reclaimable - pages of a zone that reclaim could take if all went well
 * @zone: the zone
 *
 * Return: pages on the lists of file pages, and of anonymous ones while there is swap.
 */
u64 mmscope_reclaimable(struct zone *zone)
{
	u64 pages = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
		    zone_page_state(zone, NR_ZONE_ACTIVE_FILE);

	if (get_nr_swap_pages() > 0)
		pages += zone_page_state(zone, NR_ZONE_INACTIVE_ANON) +
			 zone_page_state(zone, NR_ZONE_ACTIVE_ANON);
	return pages;
}

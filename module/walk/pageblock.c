// SPDX-License-Identifier: GPL-2.0
/*
 * pageblocks: one record for each pageblock of each zone, zone by zone.
 *
 * Locks: none but the memory hotplug lock for reading.
 *
 * Staleness: type and skip bit are one read. Free pages are counted without a
 * lock, as compaction does: a block that is allocated, freed or merged while its
 * pages are looked at may be counted wrong.
 *
 * Sources: mem_section->usage->pageblock_flags; page->flags for the zone;
 * PageBuddy() and page->private for the free blocks.
 *
 * A position is the zone index and, in the low BLOCK_BITS, pfn >> pageblock_order.
 * A pageblock that two zones share has a record in each, of its part.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-isolation.h>

#include "frame.h"
#include "mmscope.h"
#include "zone.h"

/* no physical address has more than 56 bits */
#define BLOCK_BITS 50

static_assert(MAX_NUMNODES * MAX_NR_ZONES < 1 << (64 - BLOCK_BITS));

/* Count the pages of a zone, and the free ones, in [pfn, end) of one pageblock. */
static void count_pages(struct zone *zone, const struct page *page, unsigned long pfn,
			unsigned long end, struct mmscope_pageblock *rec)
{
	int order = pageblock_order + 1;
	unsigned long n;

	/* it may lie inside a larger free block, which is all of one zone */
	mmscope_free_head(page, pfn, &order);
	if (order >= 0 && page_zone(page) == zone) {
		rec->pages = end - pfn;
		rec->free_pages = rec->pages;
		return;
	}
	for (; pfn < end; pfn += n, page += n) {
		n = 1;
		if (page_zone(page) != zone)
			continue;
		order = mmscope_free_order(page);
		if (order >= 0) {
			n = min(1UL << order, end - pfn);
			rec->free_pages += n;
		}
		rec->pages += n;
	}
}

/* The part of the pageblock at @pfn that is of a zone. False if there is none. */
static bool fill(struct zone *zone, unsigned long pfn, struct mmscope_pageblock *rec)
{
	unsigned long start = max(pfn, zone->zone_start_pfn);
	unsigned long end = min(pfn + pageblock_nr_pages, zone_end_pfn(zone));
	const struct page *page;
	u32 bits;

	page = pfn_to_online_page(start);
	if (!page)
		return false;
	bits = mmscope_pageblock_bits(pfn);
	*rec = (struct mmscope_pageblock){
		.pfn = pfn,
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.migratetype = compat_pageblock_type(bits),
		.flags = bits >> PB_compact_skip & 1 ? MMSCOPE_PAGEBLOCK_SKIP : 0,
	};
	count_pages(zone, page, start, end, rec);
	if (is_migrate_isolate(rec->migratetype))
		rec->flags |= MMSCOPE_PAGEBLOCK_ISOLATED;
	if (rec->pages < pageblock_nr_pages)
		rec->flags |= MMSCOPE_PAGEBLOCK_PARTIAL;
	return rec->pages;
}

static u64 position(u32 at, unsigned long pfn)
{
	return (u64)at << BLOCK_BITS | pfn >> pageblock_order;
}

/* the pageblock after the one at @pfn, or the next section if this one has no memory */
static unsigned long next_block(unsigned long pfn)
{
	if (online_section_nr(pfn_to_section_nr(pfn)))
		return pfn + pageblock_nr_pages;
	return ALIGN(pfn + 1, PAGES_PER_SECTION);
}

static int walk_zone(struct mmscope_walk *w, u32 at, struct zone *zone, u64 block)
{
	u64 start = max_t(u64, zone->zone_start_pfn, w->q.start);
	u64 end = min_t(u64, zone_end_pfn(zone), w->q.end);
	struct mmscope_pageblock rec;
	unsigned long pfn, next;
	int ret;

	pfn = max_t(u64, start >> pageblock_order, block) << pageblock_order;
	for (; pfn < end; pfn = next) {
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		next = next_block(pfn);
		if (fill(zone, pfn, &rec))
			ret = mmscope_emit(w, &rec, position(at, next));
		else
			ret = mmscope_skip(w, position(at, next));
		if (!ret)
			ret = mmscope_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_zones(struct mmscope_walk *w)
{
	u64 block = w->cursor.pos & GENMASK_ULL(BLOCK_BITS - 1, 0);
	u32 at = w->cursor.pos >> BLOCK_BITS;
	struct zone *zone;
	int ret;

	for (; at < mmscope_nr_zones(); at++, block = 0) {
		zone = mmscope_zone_at(at);
		if (!zone || (w->q.node != MMSCOPE_ANY && w->q.node != zone_to_nid(zone)) ||
		    (w->q.zone != MMSCOPE_ANY && w->q.zone != zone_idx(zone)))
			continue;
		ret = walk_zone(w, at, zone, block);
		if (ret)
			return ret;
		w->cursor.pos = position(at + 1, 0);
	}
	return 0;
}

static int pageblock_walk(struct mmscope_walk *w)
{
	int ret;

	mmscope_get_online_mems();
	ret = walk_zones(w);
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_name flag_names[] = {
	{ MMSCOPE_PAGEBLOCK_SKIP, "skip" },
	{ MMSCOPE_PAGEBLOCK_ISOLATED, "isolated" },
	{ MMSCOPE_PAGEBLOCK_PARTIAL, "partial" },
};

MMSCOPE_NAMES(mmscope_pageblock_flag_names, flag_names);

static const struct mmscope_field_def pageblock_fields[] = {
	FIELD(struct mmscope_pageblock, pfn, PFN, "first page frame of the pageblock"),
	FIELD(struct mmscope_pageblock, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_pageblock, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_CLASS(struct mmscope_pageblock, migratetype, ENUM, &mmscope_migratetype_names,
		    "what is to be allocated from it"),
	FIELD_FLAGS(struct mmscope_pageblock, flags, &mmscope_pageblock_flag_names,
		    "skipped by compaction, isolated, or only part of it is in this zone"),
	FIELD(struct mmscope_pageblock, pages, PAGES, "page frames of this zone in it"),
	FIELD(struct mmscope_pageblock, free_pages, PAGES,
	      "of these, on the free lists of the buddy allocator"),
};

static const struct mmscope_need pageblock_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_pageblocks = {
	.name = "pageblocks",
	.help = "the pageblocks of each zone: migratetype, skip bit, free pages",
	.id = MMSCOPE_DS_PAGEBLOCKS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_pageblock),
	.fields = pageblock_fields,
	.nr_fields = ARRAY_SIZE(pageblock_fields),
	.needs = pageblock_needs,
	.walk = pageblock_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * zones: one record for each zone that has memory.
 *
 * Locks: the memory hotplug lock for reading (it sleeps, and delays nobody but
 * memory hotplug) while the per-CPU NUMA counters of one zone are added up: they
 * are freed when the last memory of a zone goes offline.
 *
 * Staleness: start and span belong together (span_seqlock). Everything else is
 * one lockless read each, as in /proc/zoneinfo: counters lag behind by what CPUs
 * have not folded yet, at most stat_threshold each, and watermarks may be of two
 * settings if they are changed at this moment.
 *
 * Sources: NODE_DATA()->node_zones[]. NUMA events are summed over CPUs without
 * folding them, so that nothing is written; /proc/zoneinfo folds to get the same.
 */
#include <linux/cpumask.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>

#include "compat.h"
#include "mmscope.h"
#include "zone.h"

static_assert(MAX_NR_ZONES <= MMSCOPE_NR_ZONES);
static_assert(NR_VM_ZONE_STAT_ITEMS <= MMSCOPE_NR_ZONE_STATS);
static_assert(NR_VM_NUMA_EVENT_ITEMS <= MMSCOPE_NR_NUMA_EVENTS);

#define NUMA_FOLD_RETRIES 3

static void zone_watermarks(struct zone *zone, struct mmscope_zone *rec)
{
	u64 usable;

	rec->watermark_min = READ_ONCE(zone->_watermark[WMARK_MIN]);
	rec->watermark_low = READ_ONCE(zone->_watermark[WMARK_LOW]);
	rec->watermark_high = READ_ONCE(zone->_watermark[WMARK_HIGH]);
	rec->watermark_promo = READ_ONCE(zone->_watermark[WMARK_PROMO]);
	rec->watermark_boost = READ_ONCE(zone->watermark_boost);

	usable = rec->free_pages - rec->watermark_boost;
	rec->above_min = usable - rec->watermark_min;
	rec->above_low = usable - rec->watermark_low;
	rec->above_high = usable - rec->watermark_high;
	rec->above_promo = usable - rec->watermark_promo;
}

#ifdef CONFIG_NUMA
static u64 numa_event(struct zone *zone, unsigned int item)
{
	unsigned int tries = 0;
	u64 folded, sum;
	int cpu;

	/* somebody else may fold meanwhile: then events would be missed or counted twice */
	do {
		folded = atomic_long_read(&zone->vm_numa_event[item]);
		sum = folded;
		for_each_online_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(zone->per_cpu_zonestats,
						     cpu)->vm_numa_event[item]);
	} while (folded != atomic_long_read(&zone->vm_numa_event[item]) &&
		 ++tries < NUMA_FOLD_RETRIES);
	return sum;
}
#else
static u64 numa_event(struct zone *zone, unsigned int item)
{
	return MMSCOPE_UNKNOWN;
}
#endif

/* Without the symbol nothing keeps the per-CPU part in place, unless memory always stays. */
static bool zone_hold(void)
{
	if (!IS_ENABLED(CONFIG_MEMORY_HOTPLUG))
		return true;
	if (!mmscope_has_online_mems())
		return false;
	mmscope_get_online_mems();
	return true;
}

static void zone_numa(struct zone *zone, struct mmscope_zone *rec)
{
	bool held = zone_hold();
	unsigned int i;

	for (i = 0; i < NR_VM_NUMA_EVENT_ITEMS; i++)
		rec->numa[i] = held ? numa_event(zone, i) : MMSCOPE_UNKNOWN;
	if (held)
		mmscope_put_online_mems();
}

static void zone_fill(struct zone *zone, struct mmscope_zone *rec)
{
	unsigned int i;
	u64 end;

	*rec = (struct mmscope_zone){
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.present_pages = READ_ONCE(zone->present_pages),
		.managed_pages = zone_managed_pages(zone),
		.cma_pages = zone_cma_pages(zone),
		.highatomic_reserved_pages = READ_ONCE(zone->nr_reserved_highatomic),
		.highatomic_free_pages = compat_free_highatomic(zone),
	};
	mmscope_zone_span(zone, &rec->start_pfn, &end);
	rec->spanned_pages = end - rec->start_pfn;
	for (i = 0; i < MAX_NR_ZONES; i++)
		rec->lowmem_reserve[i] = READ_ONCE(zone->lowmem_reserve[i]);
	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		rec->stat[i] = zone_page_state(zone, i);
	rec->free_pages = rec->stat[NR_FREE_PAGES];
	zone_watermarks(zone, rec);
	zone_numa(zone, rec);
}

static int zone_walk(struct mmscope_walk *w)
{
	struct mmscope_zone rec;
	unsigned int pos, end = mmscope_nr_zones();
	int ret;

	for (pos = min_t(u64, w->cursor.pos, end); pos < end; pos++) {
		struct zone *zone = mmscope_zone_at(pos);

		if (!zone) {
			ret = mmscope_skip(w, pos + 1);
		} else {
			zone_fill(zone, &rec);
			ret = mmscope_emit(w, &rec, pos + 1);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_field_def zone_fields[] = {
	FIELD(struct mmscope_zone, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_zone, zone, &mmscope_zone_names, "zone of the node"),
	MORE(struct mmscope_zone, start_pfn, PFN, "first page frame of the zone"),
	MORE(struct mmscope_zone, spanned_pages, PAGES,
	     "from the first to the last page frame, holes included"),
	FIELD(struct mmscope_zone, present_pages, PAGES, "page frames that exist"),
	FIELD(struct mmscope_zone, managed_pages, PAGES,
	      "pages given to the page allocator; the rest was reserved at boot"),
	MORE(struct mmscope_zone, cma_pages, PAGES,
	     "pages set apart for the contiguous memory allocator"),
	FIELD(struct mmscope_zone, free_pages, PAGES,
	      "free pages, without those on per-CPU lists"),
	FIELD(struct mmscope_zone, watermark_min, PAGES,
	      "no ordinary allocation may take free pages below this"),
	FIELD(struct mmscope_zone, watermark_low, PAGES,
	      "below this an allocation wakes kswapd"),
	FIELD(struct mmscope_zone, watermark_high, PAGES,
	      "kswapd reclaims until free pages are above this"),
	MORE(struct mmscope_zone, watermark_promo, PAGES,
	     "stands in for high where memory tiering is on: leaves room for promoted pages"),
	FIELD(struct mmscope_zone, watermark_boost, PAGES,
	      "added to every watermark for a while after fragmentation"),
	MORE_SIGNED(struct mmscope_zone, above_min, PAGES,
		    "free pages above the min watermark and boost"),
	FIELD_SIGNED(struct mmscope_zone, above_low, PAGES,
		     "free pages above the low watermark and boost; negative: kswapd is at work"),
	MORE_SIGNED(struct mmscope_zone, above_high, PAGES,
		    "free pages above the high watermark and boost"),
	MORE_SIGNED(struct mmscope_zone, above_promo, PAGES,
		    "free pages above the promo watermark and boost"),
	MORE(struct mmscope_zone, highatomic_reserved_pages, PAGES,
	     "pageblocks reserved for atomic allocations of high order, in pages"),
	MORE(struct mmscope_zone, highatomic_free_pages, PAGES,
	     "free pages in the highatomic reserve"),
	MORE_ARRAY(struct mmscope_zone, lowmem_reserve, PAGES, &mmscope_zone_names,
		   "kept from allocations that could also use this higher zone"),
	MORE_ARRAY(struct mmscope_zone, stat, PAGES, &mmscope_zone_stat_names,
		   "counters of the zone"),
	MORE_ARRAY(struct mmscope_zone, numa, COUNT, &mmscope_numa_event_names,
		   "allocations from this zone since boot, by where they were wanted"),
};

static const struct mmscope_need zone_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_zones = {
	.name = "zones",
	.help = "memory zones: size, free pages, watermarks, reserves, counters",
	.id = MMSCOPE_DS_ZONES,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_zone),
	.fields = zone_fields,
	.nr_fields = ARRAY_SIZE(zone_fields),
	.needs = zone_needs,
	.walk = zone_walk,
};

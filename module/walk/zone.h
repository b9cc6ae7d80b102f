/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zones by number. The kernel's own iterators call functions that modules cannot.
 */
#ifndef _MMSCOPE_WALK_ZONE_H
#define _MMSCOPE_WALK_ZONE_H

#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

/**
 * mmscope_nr_zones - how many zone indices there are
 *
 * An index is node * MAX_NR_ZONES + zone_idx().
 *
 * Return: the first index that is none.
 */
static inline unsigned int mmscope_nr_zones(void)
{
	return nr_node_ids * MAX_NR_ZONES;
}

/**
 * mmscope_zone_at - the zone of an index
 * @index: below mmscope_nr_zones()
 *
 * A node that was online once keeps its pglist_data for ever, so the zone stays
 * readable even if its memory goes offline meanwhile.
 *
 * Return: the zone, or NULL if its node is offline or it has no memory.
 */
static inline struct zone *mmscope_zone_at(unsigned int index)
{
	int nid = index / MAX_NR_ZONES;
	struct zone *zone;

	if (!node_online(nid))
		return NULL;
	zone = &NODE_DATA(nid)->node_zones[index % MAX_NR_ZONES];
	return populated_zone(zone) ? zone : NULL;
}

/**
 * mmscope_zone_span - from where to where a zone reaches
 * @zone: the zone; it may grow by memory hotplug meanwhile
 * @start: its first frame
 * @end: the first frame beyond it
 */
static inline void mmscope_zone_span(struct zone *zone, u64 *start, u64 *end)
{
	unsigned int seq;

	do {
		seq = zone_span_seqbegin(zone);
		*start = zone->zone_start_pfn;
		*end = zone_end_pfn(zone);
	} while (zone_span_seqretry(zone, seq));
}

#endif /* _MMSCOPE_WALK_ZONE_H */

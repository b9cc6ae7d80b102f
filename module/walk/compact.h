/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How fragmented a zone is, and what reclaim and compaction would make of it.
 */
#ifndef _MMSCOPE_WALK_COMPACT_H
#define _MMSCOPE_WALK_COMPACT_H

#include <linux/mmzone.h>
#include <linux/types.h>

/**
 * struct mmscope_fragmentation - of one zone, for blocks of some order
 * @unusable_permille: of the free memory, in smaller blocks: unusable_free_index()
 * @extfrag_permille: __fragmentation_index()
 * @largest_order: of the free blocks; MMSCOPE_UNKNOWN32: none
 */
struct mmscope_fragmentation {
	u64 unusable_permille;
	s64 extfrag_permille;
	u32 largest_order;
};

void mmscope_fragmentation(const struct zone *zone, u32 order, struct mmscope_fragmentation *f);
u32 mmscope_compaction(struct zone *zone, u32 order, u32 highest_zone, s64 extfrag_permille);
u64 mmscope_reclaimable(struct zone *zone);

#endif /* _MMSCOPE_WALK_COMPACT_H */

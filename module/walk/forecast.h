/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of a zone's blocks when its memory is compacted, taken, cleared:
 * arithmetic on sums, without a look at any struct page.
 */
#ifndef _MMSCOPE_WALK_FORECAST_H
#define _MMSCOPE_WALK_FORECAST_H

#include <linux/types.h>

#include "block.h"

enum mmscope_future_id {
	MMSCOPE_COMPACTED,	/* memory as it is */
	MMSCOPE_RECLAIMED,	/* without clean page cache and slab with shrinkers */
	MMSCOPE_NR_FUTURES
};

/**
 * struct mmscope_future - blocks when something has been freed
 * @empty: blocks that are wholly free
 * @open: blocks that are, once their movable pages are moved
 * @movable: movable pages, in all blocks
 * @free: free pages, in all blocks
 * @room: free pages where compaction puts what it moves
 */
struct mmscope_future {
	u64 empty;
	u64 open;
	u64 movable;
	u64 free;
	u64 room;
};

/**
 * struct mmscope_stripe - neighbouring blocks of 2M
 * @blocks: whole ones
 * @now: wholly on the free lists
 * @bound: without frames that stay
 * @huge: with huge pages
 * @clean: clean page cache, frames
 * @reclaimable: slab with shrinkers, frames
 * @future: what they would be
 */
struct mmscope_stripe {
	u64 blocks;
	u64 now;
	u64 bound;
	u64 huge;
	u64 clean;
	u64 reclaimable;
	struct mmscope_future future[MMSCOPE_NR_FUTURES];
};

/**
 * struct mmscope_giga - the part of an aligned gigabyte that is of one zone
 * @blocks: whole blocks of 2M in it
 * @fixed: frames that stay
 * @pooled: frames of hugetlb pages
 * @slab: frames that only a shrinker frees
 * @barred: it has reserves
 * @free: frames
 */
struct mmscope_giga {
	u64 blocks;
	u64 fixed;
	u64 pooled;
	u64 slab;
	bool barred;
	u64 free;
};

static inline bool mmscope_giga_is_whole(const struct mmscope_giga *g)
{
	return g->blocks << MMSCOPE_PMD_ORDER == 1ULL << MMSCOPE_GIGA_ORDER;
}

/**
 * struct mmscope_taking - free blocks, taken one by one
 * @blocks: on the free lists
 * @free: pages of the zone on the free lists
 * @reserve: above which they must be before a block is taken
 * @size: pages of a block
 * @batch: blocks that go to the list of the CPU when that is empty
 */
struct mmscope_taking {
	u64 blocks;
	s64 free;
	s64 reserve;
	u32 size;
	u32 batch;
};

u64 mmscope_takeable(struct mmscope_taking t);
u64 mmscope_compacted(const struct mmscope_stripe *s, u32 nr, u32 id);
u64 mmscope_cleared_gigas(const struct mmscope_giga *g, u32 nr, u64 free, u32 id);

#endif /* _MMSCOPE_WALK_FORECAST_H */

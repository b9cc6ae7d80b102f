/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stepping through the free lists of the buddy allocator in bounded batches.
 */
#ifndef _MMSCOPE_WALK_FREELIST_H
#define _MMSCOPE_WALK_FREELIST_H

#include <linux/mmzone.h>

#include "compat.h"
#include "mmscope.h"

/* blocks visited in one hold of zone->lock: where a walk starts, and its bounds */
#define MMSCOPE_BATCH_FIRST	64
#define MMSCOPE_BATCH_MIN	16
#define MMSCOPE_BATCH_MAX	1024

/* how often one list may be begun again before it is given up */
#define MMSCOPE_LIST_RESTARTS	8

/* the id that follows those of all lists; an id is zone index:14 order:4 type:4 */
#define MMSCOPE_LIST_ID_BITS	22
#define MMSCOPE_NO_LIST		(1U << MMSCOPE_LIST_ID_BITS)

/**
 * struct mmscope_freelist - one free list on the way through it
 * @zone: of the list
 * @id: number of the list
 * @order: of its blocks
 * @migratetype: of the list
 * @place: pfn of the last block visited plus one, 0: at the head
 * @before: fingerprint of the block before it
 * @index: blocks visited, over all restarts
 * @restarts: times it was begun again
 * @state: enum mmscope_list_state, for what was visited last
 * @done: its end was met, or it was given up
 * @batch: blocks in a hold, adapted to how long the holds take
 * @nr: blocks visited in the last hold
 * @pfn: these blocks
 *
 * All but @batch is of one list. Zeroed memory is a good beginning.
 */
struct mmscope_freelist {
	struct zone *zone;
	u32 id;
	u32 order;
	u32 migratetype;
	unsigned long place;
	u32 before;
	u64 index;
	u32 restarts;
	u32 state;
	bool done;
	u32 batch;
	u32 nr;
	unsigned long pfn[MMSCOPE_BATCH_MAX];
};

u32 mmscope_freelist_find(const struct mmscope_query *q, u32 id);
void mmscope_freelist_begin(struct mmscope_freelist *l, u32 id, u64 index, u64 hint);
void mmscope_freelist_step(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max);
u64 mmscope_freelist_hint(const struct mmscope_freelist *l);

#endif /* _MMSCOPE_WALK_FREELIST_H */

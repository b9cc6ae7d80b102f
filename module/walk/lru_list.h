/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stepping through the lists that reclaim takes pages from, in bounded batches.
 */
#ifndef _MMSCOPE_WALK_LRU_LIST_H
#define _MMSCOPE_WALK_LRU_LIST_H

#include "lruvec.h"

/* folios visited in one hold of lru_lock: where a walk starts, and its bounds */
#define MMSCOPE_LRU_BATCH_FIRST	64
#define MMSCOPE_LRU_BATCH_MIN	16
#define MMSCOPE_LRU_BATCH_MAX	1024

/* how often one list may be begun again before it is given up */
#define MMSCOPE_LRU_RESTARTS	8

/*
 * Lists by number, in the order in which reclaim comes to them: the inactive ones,
 * generations with the oldest first, the active ones. Of a generation those of
 * anonymous pages first, of these the highest zone.
 */
#define MMSCOPE_LRU_SLOT_GENS	2
#define MMSCOPE_LRU_SLOT_ACTIVE	(MMSCOPE_LRU_SLOT_GENS + MMSCOPE_LRU_GENS * 2 * MAX_NR_ZONES)
#define MMSCOPE_LRU_SLOTS	(MMSCOPE_LRU_SLOT_ACTIVE + 2)

/**
 * struct mmscope_lru_stepper - one list on the way through it
 * @v: whose it is
 * @slot: number of the list
 * @base: oldest generation when the way through @v began
 * @list: enum mmscope_lru_list
 * @seq: generations: its number
 * @zone: likewise: index of the zone
 * @head: of the list
 * @place: pfn of the last folio visited plus one, 0: at the head
 * @before: fingerprint of the folio before it
 * @index: folios visited, over all restarts
 * @restarts: times it was begun again
 * @state: enum mmscope_list_state, for what was visited last
 * @done: its end was met, or it was given up
 * @batch: folios in a hold, adapted to how long the holds take
 * @nr: folios visited in the last hold
 * @pfn: these folios
 * @flags: and their page->flags
 *
 * All but @batch is of one list. Zeroed memory is a good beginning.
 */
struct mmscope_lru_stepper {
	struct mmscope_lruvec v;
	u32 slot;
	u64 base;
	u32 list;
	u64 seq;
	u32 zone;
	const struct list_head *head;
	unsigned long place;
	u32 before;
	u64 index;
	u32 restarts;
	u32 state;
	bool done;
	u32 batch;
	u32 nr;
	unsigned long pfn[MMSCOPE_LRU_BATCH_MAX];
	unsigned long flags[MMSCOPE_LRU_BATCH_MAX];
};

u64 mmscope_lru_list_base(const struct lruvec *lruvec, u64 hint);
bool mmscope_lru_list_begin(struct mmscope_lru_stepper *l, const struct mmscope_lruvec *v, u32 slot,
			    u64 index, u64 hint);
void mmscope_lru_list_step(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max);
u64 mmscope_lru_list_hint(const struct mmscope_lru_stepper *l);
u64 mmscope_lru_page_generation(const struct mmscope_lru_stepper *l, unsigned long flags);

#endif /* _MMSCOPE_WALK_LRU_LIST_H */

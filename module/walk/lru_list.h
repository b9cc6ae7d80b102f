/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stepping through the lists that reclaim takes pages from, in bounded batches.
 */
#ifndef _MMSCOPE_WALK_LRU_LIST_H
#define _MMSCOPE_WALK_LRU_LIST_H

#include "list_step.h"
#include "lruvec.h"

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
 * @at: where on it, and the folios visited last
 * @flags: their page->flags
 *
 * Zeroed memory is a good beginning.
 */
struct mmscope_lru_stepper {
	struct mmscope_lruvec v;
	u32 slot;
	u64 base;
	u32 list;
	u64 seq;
	u32 zone;
	const struct list_head *head;
	struct mmscope_list_step at;
	unsigned long flags[MMSCOPE_BATCH_MAX];
};

u64 mmscope_lru_list_base(const struct lruvec *lruvec, u64 hint);
bool mmscope_lru_list_begin(struct mmscope_lru_stepper *l, const struct mmscope_lruvec *v, u32 slot,
			    u64 index, u64 hint);
void mmscope_lru_list_step(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max);
u64 mmscope_lru_list_hint(const struct mmscope_lru_stepper *l);
u64 mmscope_lru_page_generation(const struct mmscope_lru_stepper *l, unsigned long flags);

#endif /* _MMSCOPE_WALK_LRU_LIST_H */

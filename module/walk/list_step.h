/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stepping through a list of pages that the kernel changes meanwhile, in bounded
 * batches: what free lists and the lists of reclaim have in common.
 */
#ifndef _MMSCOPE_WALK_LIST_STEP_H
#define _MMSCOPE_WALK_LIST_STEP_H

#include <linux/types.h>

struct mmscope_walk;

/* pages visited in one hold of a list's lock: where a walk starts, and its bounds */
#define MMSCOPE_BATCH_FIRST	64
#define MMSCOPE_BATCH_MIN	16
#define MMSCOPE_BATCH_MAX	1024

/* how often one list may be begun again before it is given up */
#define MMSCOPE_LIST_RESTARTS	8

/* bits of a hint that are the owner's, the highest ones */
#define MMSCOPE_LIST_SPARE_BITS	3

/**
 * struct mmscope_list_step - a place in a list, and the way that led there
 * @place: pfn of the last page visited plus one, 0: at the head
 * @before: fingerprint of the page before it
 * @index: pages visited, over all restarts
 * @restarts: times the list was begun again
 * @state: enum mmscope_list_state, for what was visited last
 * @done: its end was met, or it was given up
 * @batch: pages in a hold, adapted to how long the holds take
 * @nr: pages visited in the last hold
 * @pfn: these pages
 *
 * All but @batch is of one list. Zeroed memory is a good beginning.
 */
struct mmscope_list_step {
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

/**
 * enum mmscope_list_outcome - how a hold of a list's lock ended
 * @MMSCOPE_LIST_VISITED: pages are noted
 * @MMSCOPE_LIST_LOST: the place is on no such list; the pages noted before are untouched
 * @MMSCOPE_LIST_ANOTHER: it is on another list of the same owner
 */
enum mmscope_list_outcome {
	MMSCOPE_LIST_VISITED,
	MMSCOPE_LIST_LOST,
	MMSCOPE_LIST_ANOTHER,
};

/* visits up to so many pages behind the place, in one hold of the list's lock */
typedef enum mmscope_list_outcome (*mmscope_list_hold)(struct mmscope_walk *w,
						       struct mmscope_list_step *s, u32 max);

u64 mmscope_list_hint(const struct mmscope_list_step *s);
void mmscope_list_begin(struct mmscope_list_step *s, bool same, u64 index, u64 hint);
u32 mmscope_list_fingerprint(unsigned long pfn);
void mmscope_list_may_repeat(struct mmscope_walk *w, struct mmscope_list_step *s);
void mmscope_list_adapt(struct mmscope_list_step *s, enum mmscope_list_outcome outcome, u64 ns);
void mmscope_list_step(struct mmscope_walk *w, struct mmscope_list_step *s,
		       mmscope_list_hold hold, u64 most, u32 max);

#endif /* _MMSCOPE_WALK_LIST_STEP_H */

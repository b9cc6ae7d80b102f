/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sweep folded into aligned blocks, for datasets about blocks.
 */
#ifndef _MMSCOPE_WALK_BLOCK_H
#define _MMSCOPE_WALK_BLOCK_H

#include "clearing.h"
#include "sweep.h"

#define MMSCOPE_PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
/* the gigantic page: arm64 maps none by a PUD where pages have more than 4K */
#if defined(CONFIG_ARM64) && !defined(CONFIG_ARM64_4K_PAGES)
#define MMSCOPE_GIGA_ORDER (CONT_PMD_SHIFT - PAGE_SHIFT)
#else
#define MMSCOPE_GIGA_ORDER (PUD_SHIFT - PAGE_SHIFT)
#endif

/**
 * struct mmscope_block - the frames of one zone in an aligned block
 * @start: first frame met
 * @end: first frame beyond the last one met; equal to @start: no block
 * @node: of all of them
 * @zone: of all of them
 * @migratetype: of the first pageblock
 * @pages: frames by enum mmscope_clearing; holes are all that was not met
 */
struct mmscope_block {
	u64 start;
	u64 end;
	u32 node;
	u32 zone;
	u32 migratetype;
	u64 pages[MMSCOPE_NR_CLEARINGS];
};

/**
 * struct mmscope_fold - a sweep that is folded
 * @sweep: over the frames
 * @mover: what would clear a block, of mover.order frames
 * @begin: a block begins
 * @add: a piece of it, which is counted in @block already
 * @done: it is complete. MMSCOPE_MORE: it is to be called again in the next
 *	window, with the same block; what the cursor is beyond, has been emitted
 * @block: the one under way
 * @waits: @done is to be called again
 * @last_mapping: the file looked up last
 * @last_stuck: what was found
 */
struct mmscope_fold {
	struct mmscope_sweep sweep;
	struct mmscope_mover mover;
	void (*begin)(struct mmscope_fold *f);
	void (*add)(struct mmscope_fold *f, const struct mmscope_piece *u, u32 clearing);
	int (*done)(struct mmscope_fold *f);
	struct mmscope_block block;
	bool waits;
	unsigned long last_mapping;
	bool last_stuck;
};

void mmscope_mover_init(struct mmscope_mover *m, u32 order);
u32 mmscope_piece_clearing(struct mmscope_fold *f, const struct mmscope_mover *m,
			   const struct mmscope_piece *u);
int mmscope_fold(struct mmscope_fold *f, struct mmscope_walk *w, u64 from);
void mmscope_fold_free(struct mmscope_fold *f);

/* what the folding is built on, for tables of needs */
#define MMSCOPE_FOLD_NEEDS					\
	WANT_SYM(sysctl_compact_unevictable_allowed),		\
	WANT_LAYOUT(compact_control, freepages),		\
	MMSCOPE_SWEEP_NEEDS

#endif /* _MMSCOPE_WALK_BLOCK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who allocated which pages since a recording began.
 */
#ifndef _MMSCOPE_HOOK_OWNER_H
#define _MMSCOPE_HOOK_OWNER_H

#include <linux/atomic.h>
#include <linux/types.h>

#define MMSCOPE_OWNER_FRAMES	16

/**
 * struct mmscope_owner_stack - a stack that pages were allocated from
 * @hash: of its frames, 0: the slot is free
 * @nr: frames; 0: not written yet
 * @frame: return addresses, the innermost first
 * @blocks: allocated from it and not freed
 * @pages: in these
 * @allocs: blocks allocated so far
 * @alloc_pages: in these
 * @ns: of the last one, when
 * @pid: likewise, by whom
 * @order: likewise
 * @gfp: likewise, enum mmscope_gfp
 * @comm: likewise, the name
 */
struct mmscope_owner_stack {
	atomic64_t hash;
	u32 nr;
	unsigned long frame[MMSCOPE_OWNER_FRAMES];
	atomic64_t blocks;
	atomic64_t pages;
	atomic64_t allocs;
	atomic64_t alloc_pages;
	u64 ns;
	u32 pid;
	u32 order;
	u32 gfp;
	char comm[16];
};

/**
 * struct mmscope_owner_counts - what the tables had no room for
 * @blocks: allocations that were not recorded
 * @pages: in these
 */
struct mmscope_owner_counts {
	u64 blocks;
	u64 pages;
};

bool mmscope_owner_recorded(void);
bool mmscope_owner_find(u64 pfn, u32 *stack);
void mmscope_owner_symbol(unsigned long frame, char *symbol, size_t size);
void mmscope_owner_name(u32 stack, char *name, size_t size);
int mmscope_owner_hold(void);
void mmscope_owner_release(void);
const struct mmscope_owner_stack *mmscope_owner_stack(u64 i);
u64 mmscope_owner_stacks(void);
void mmscope_owner_dropped(struct mmscope_owner_counts *counts);

#endif /* _MMSCOPE_HOOK_OWNER_H */

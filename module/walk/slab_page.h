/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One slab, read from the struct page of its head.
 */
#ifndef _MMSCOPE_WALK_SLAB_PAGE_H
#define _MMSCOPE_WALK_SLAB_PAGE_H

#include <linux/types.h>

struct mmscope_piece;

/**
 * struct mmscope_slab_info - a slab at one moment
 * @objects: there is room for
 * @inuse: of these; what is free on a CPU's own list counts
 * @state: enum mmscope_slab_state
 * @cpu: that allocates from it, MMSCOPE_UNKNOWN32: none is known
 */
struct mmscope_slab_info {
	u32 objects;
	u32 inuse;
	u32 state;
	u32 cpu;
};

/**
 * struct mmscope_slab_active - the slab that a CPU allocates from
 * @slab: its struct slab, never to be dereferenced
 * @cpu: the CPU
 */
struct mmscope_slab_active {
	unsigned long slab;
	u32 cpu;
};

/**
 * struct mmscope_slab_reader - what is known of slabs when a sweep begins
 * @active: in the order of the pointers
 * @nr: how many
 * @room: how many there is room for
 */
struct mmscope_slab_reader {
	struct mmscope_slab_active *active;
	u32 nr;
	u32 room;
};

int mmscope_slab_reader_build(struct mmscope_slab_reader *r);
void mmscope_slab_reader_free(struct mmscope_slab_reader *r);
bool mmscope_slab_read(const struct mmscope_slab_reader *r, const struct mmscope_piece *u,
		       struct mmscope_slab_info *info);

/* is the piece the head of a slab, so that each slab is met once? */
#define mmscope_is_slab_head(_u)				\
	((_u)->pfn == (_u)->head_pfn &&				\
	 ((_u)->class == MMSCOPE_CLASS_SLAB ||			\
	  (_u)->class == MMSCOPE_CLASS_SLAB_RECLAIMABLE))

/* what it is built from, for tables of needs */
#define MMSCOPE_SLAB_PAGE_NEEDS			\
	COMPAT_SLAB_ACTIVE_NEEDS		\
	NEED_LAYOUT(slab, slab_cache),		\
	NEED_LAYOUT(slab, inuse),		\
	NEED_LAYOUT(slab, objects),		\
	NEED_LAYOUT(slab, frozen)

#endif /* _MMSCOPE_WALK_SLAB_PAGE_H */

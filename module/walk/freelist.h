/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stepping through the free lists of the buddy allocator in bounded batches.
 */
#ifndef _MMSCOPE_WALK_FREELIST_H
#define _MMSCOPE_WALK_FREELIST_H

#include <linux/mmzone.h>

#include "compat.h"
#include "list_step.h"
#include "mmscope.h"

/* the id that follows those of all lists; an id is zone index:14 order:4 type:4 */
#define MMSCOPE_LIST_ID_BITS	22
#define MMSCOPE_NO_LIST		(1U << MMSCOPE_LIST_ID_BITS)

/**
 * struct mmscope_freelist - one free list on the way through it
 * @zone: of the list
 * @id: number of the list
 * @order: of its blocks
 * @migratetype: of the list
 * @at: where on it, and the blocks visited last
 */
struct mmscope_freelist {
	struct zone *zone;
	u32 id;
	u32 order;
	u32 migratetype;
	struct mmscope_list_step at;
};

u32 mmscope_freelist_find(const struct mmscope_query *q, u32 id);
void mmscope_freelist_begin(struct mmscope_freelist *l, u32 id, u64 index, u64 hint);
void mmscope_freelist_step(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max);

#endif /* _MMSCOPE_WALK_FREELIST_H */

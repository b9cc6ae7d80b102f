/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The collection of an overlay: what overlay.c and those who know owners of
 * frames share while it lasts.
 */
#ifndef _MMSCOPE_WALK_COLLECT_H
#define _MMSCOPE_WALK_COLLECT_H

#include <linux/types.h>

#include "overlay.h"
#include "vmap.h"

/**
 * struct mmscope_collect - a collection under way
 * @w: the request
 * @o: what is filled
 * @parts: enum mmscope_overlay_parts
 * @index: hash table of the owners, index + 1
 * @vmap: the kernel's areas of virtual memory
 */
struct mmscope_collect {
	struct mmscope_walk *w;
	struct mmscope_overlay *o;
	u32 parts;
	u16 *index;
	struct mmscope_vmap vmap;
};

int mmscope_grow(void *array, u32 *room, u32 max, size_t size);
bool mmscope_collect_wants(const struct mmscope_collect *c, u64 pfn, u64 pages);
int mmscope_collect_owner(struct mmscope_collect *c, u32 class, u64 id, const char *name);
int mmscope_collect_run(struct mmscope_collect *c, u64 pfn, u64 pages, u32 owner);
int mmscope_collect_frames(struct mmscope_collect *c, u64 pfn, u64 pages, u32 class, u64 id,
			   const char *name);

/* who knows owners: each takes care of one kind */
int mmscope_collect_boot(struct mmscope_collect *c);
int mmscope_collect_stacks(struct mmscope_collect *c);
int mmscope_collect_kernel_tables(struct mmscope_collect *c);
int mmscope_collect_process_tables(struct mmscope_collect *c);

#endif /* _MMSCOPE_WALK_COLLECT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files about slab caches share.
 */
#ifndef _MMSCOPE_WALK_SLAB_H
#define _MMSCOPE_WALK_SLAB_H

#include <linux/types.h>

struct mmscope_slab_cache;
struct mmscope_walk;

/* s->oo and s->min: order << 16 | objects in a slab of that order (mm/slub.c) */
static inline u32 mmscope_oo_order(u32 oo)
{
	return oo >> 16;
}

static inline u32 mmscope_oo_objects(u32 oo)
{
	return oo & 0xffff;
}

void mmscope_slab_count(struct mmscope_walk *w, const void *s,
			struct mmscope_slab_cache *rec);

#endif /* _MMSCOPE_WALK_SLAB_H */

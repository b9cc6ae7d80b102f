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

/* caches in one hold of slab_mutex */
#define MMSCOPE_SLAB_BATCH 32

/**
 * struct mmscope_slab_exact - a cache, and what CPUs have free of it
 * @cache: its struct kmem_cache
 * @cpu_part: its per-CPU part
 * @random: links to free objects are mixed with it
 * @capacity: objects that a sheaf has room for, 0: it has no sheaves
 * @offset: of the link in a free object
 * @size: of an object
 * @listed: objects free on the CPUs' own lists, or in sheaves
 * @kept: objects free on the CPUs' slabs otherwise: the slabs' counters tell them
 * @odd: something did not look as it should: nothing is known
 */
struct mmscope_slab_exact {
	const void *cache;
	const void __percpu *cpu_part;
	unsigned long random;
	u32 capacity;
	u32 offset;
	u32 size;
	u64 listed;
	u64 kept;
	bool odd;
};

u32 mmscope_slab_batch(u64 first, struct mmscope_slab_exact *x, u32 room, bool *end);
void mmscope_slab_count(struct mmscope_walk *w, const void *s,
			struct mmscope_slab_cache *rec);
u64 mmscope_slab_pages(const void *s, u64 *slabs, u64 *objects);
const char *mmscope_slab_exact_lacks(void);
int mmscope_slab_exact(struct mmscope_walk *w, struct mmscope_slab_exact *x, u32 nr);
bool mmscope_slab_has_sheaves(void);
u64 mmscope_slab_sheaf_room(const void *s);
bool mmscope_slab_count_sheaves(struct mmscope_slab_exact *x, const void *pcs);
void mmscope_slab_count_barns(struct mmscope_walk *w, struct mmscope_slab_exact *x);

#endif /* _MMSCOPE_WALK_SLAB_H */

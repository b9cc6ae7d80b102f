/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The slab caches by the pointer that a slab's struct page holds.
 */
#ifndef _MMSCOPE_WALK_SLAB_NAMES_H
#define _MMSCOPE_WALK_SLAB_NAMES_H

#include <linux/types.h>

/**
 * struct mmscope_slab_name - a cache
 * @cache: its struct kmem_cache, never to be dereferenced
 * @reclaimable: its pages count as reclaimable (SLAB_RECLAIM_ACCOUNT)
 * @size: bytes of an object, with all that belongs to it
 * @index: in the kernel's list, 0: the newest
 * @name: its name
 */
struct mmscope_slab_name {
	unsigned long cache;
	bool reclaimable;
	u32 size;
	u32 index;
	char name[64];
};

/**
 * struct mmscope_slab_names - all caches of a moment; zeroed: none
 * @names: in the order of the pointers
 * @nr: how many
 * @room: how many there is room for
 */
struct mmscope_slab_names {
	struct mmscope_slab_name *names;
	u32 nr;
	u32 room;
};

int mmscope_slab_names_build(struct mmscope_slab_names *t);
const struct mmscope_slab_name *mmscope_slab_names_find(const struct mmscope_slab_names *t,
							unsigned long cache);
void mmscope_slab_names_free(struct mmscope_slab_names *t);

/* what the table is built from, for needs: without them it stays empty */
bool mmscope_slab_names_known(void);

#define MMSCOPE_SLAB_NAMES_NEEDS		\
	WANT_SYM(slab_caches),			\
	WANT_SYM(slab_mutex),			\
	WANT_LAYOUT(kmem_cache, name),		\
	WANT_LAYOUT(kmem_cache, list),		\
	WANT_LAYOUT(kmem_cache, flags),		\
	WANT_LAYOUT(kmem_cache, size),		\
	WANT_LAYOUT(slab, slab_cache)

#endif /* _MMSCOPE_WALK_SLAB_NAMES_H */

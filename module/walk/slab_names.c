// SPDX-License-Identifier: GPL-2.0
/*
 * A table of the slab caches, so that a sweep can name a slab's cache without
 * following the pointer in its struct page.
 *
 * Locks: slab_mutex (killable) once, for the time of copying all names, which
 * are some hundreds. The memory is had before; if there are too many caches
 * meanwhile, it is begun again with more.
 *
 * Staleness: a cache made later is not found, one destroyed may be.
 */
#include <linux/bsearch.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "mmscope.h"
#include "slab_names.h"

#define ROOM_FIRST	512
#define ROOM_MAX	(64 * 1024)

static void fill(const void *s, struct mmscope_slab_name *n)
{
	const char *name = (const char *)(unsigned long)mmscope_read(s, kmem_cache, name);
	slab_flags_t flags = (__force slab_flags_t)mmscope_read(s, kmem_cache, flags);

	n->cache = (unsigned long)s;
	n->reclaimable = flags & SLAB_RECLAIM_ACCOUNT;
	n->size = mmscope_read(s, kmem_cache, size);
	strscpy(n->name, name ?: "?", sizeof(n->name));
}

/* Return: how many caches there are, of which no more than @t->room were taken; or -EINTR. */
static int collect(struct mmscope_slab_names *t)
{
	struct list_head *caches = mmscope_sym(slab_caches);
	struct mutex *mutex = mmscope_sym(slab_mutex);
	struct list_head *pos;
	u32 nr = 0;

	if (mutex_lock_killable(mutex))
		return -EINTR;
	list_for_each(pos, caches) {
		if (nr < t->room) {
			fill((void *)pos - mmscope_layout(kmem_cache, list)->offset,
			     &t->names[nr]);
			t->names[nr].index = nr;
		}
		nr++;
	}
	mutex_unlock(mutex);
	t->nr = min(nr, t->room);
	return nr;
}

static int compare(const void *a, const void *b)
{
	const struct mmscope_slab_name *x = a, *y = b;

	return x->cache < y->cache ? -1 : x->cache > y->cache;
}

/**
 * mmscope_slab_names_known - does this kernel show its caches, and which may be shrunk?
 */
bool mmscope_slab_names_known(void)
{
	return mmscope_has(slab_caches) && mmscope_has(slab_mutex) &&
	       mmscope_layout(kmem_cache, name)->found &&
	       mmscope_layout(kmem_cache, list)->found &&
	       mmscope_layout(kmem_cache, flags)->found &&
	       mmscope_layout(slab, slab_cache)->found;
}

/**
 * mmscope_slab_names_build - make the table
 * @t: zeroed
 *
 * Return: 0, also if this kernel does not show its caches: then the table is
 * empty; -ENOMEM; -EINTR.
 */
int mmscope_slab_names_build(struct mmscope_slab_names *t)
{
	int nr = ROOM_FIRST;

	if (!mmscope_has(slab_caches) || !mmscope_has(slab_mutex) ||
	    !mmscope_layout(kmem_cache, name)->found || !mmscope_layout(kmem_cache, list)->found)
		return 0;
	do {
		mmscope_slab_names_free(t);
		t->room = min(nr + nr / 4, ROOM_MAX);
		t->names = kvmalloc_array(t->room, sizeof(*t->names), GFP_KERNEL);
		if (!t->names)
			return -ENOMEM;
		nr = collect(t);
		if (nr < 0)
			return nr;
	} while (nr > t->room && t->room < ROOM_MAX);
	sort(t->names, t->nr, sizeof(*t->names), compare, NULL);
	return 0;
}

/**
 * mmscope_slab_names_find - the cache behind a pointer
 * @t: the table
 * @cache: from a struct page
 *
 * Return: the cache, NULL if there was none there.
 */
const struct mmscope_slab_name *mmscope_slab_names_find(const struct mmscope_slab_names *t,
							unsigned long cache)
{
	const struct mmscope_slab_name key = { .cache = cache };

	return bsearch(&key, t->names, t->nr, sizeof(*t->names), compare);
}

/**
 * mmscope_slab_names_free - free the table
 * @t: is empty afterwards
 */
void mmscope_slab_names_free(struct mmscope_slab_names *t)
{
	kvfree(t->names);
	*t = (struct mmscope_slab_names){};
}

// SPDX-License-Identifier: GPL-2.0
/*
 * One slab, read from the struct page of its head.
 *
 * Locks: none for the slab. slab_mutex (killable) while the active slabs of the
 * CPUs are collected, once when the sweep begins.
 *
 * Staleness: objects, inuse and frozen are one word, read once; the slab must
 * have the same cache and flags before and after. Which CPU allocates from a
 * slab is a lockless hint of the moment when the sweep began.
 *
 * Sources: slab.slab_cache, objects, inuse, frozen (placed by BTF), page->flags;
 * kmem_cache_cpu.slab of all CPUs.
 */
#include <linux/bsearch.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sort.h>

#include "frame.h"
#include "mmscope.h"
#include "slab_page.h"
#include "sweep.h"

/* a slab that changes all the time is given up */
#define READ_TRIES 4

/* ------------------------------------------------------ the active slabs of CPUs */

static void collect_cache(struct mmscope_slab_reader *r, const void *s)
{
	const void __percpu *cpu_slab;
	int cpu;

	cpu_slab = (const void __percpu *)(unsigned long)mmscope_read(s, kmem_cache, cpu_slab);
	if (!cpu_slab)
		return;
	for_each_possible_cpu(cpu) {
		unsigned long slab = mmscope_read(per_cpu_ptr(cpu_slab, cpu), kmem_cache_cpu, slab);

		if (slab && r->nr < r->room)
			r->active[r->nr++] = (struct mmscope_slab_active){ slab, cpu };
	}
}

/* @r: NULL: only count. Return: how many caches there are, or -EINTR. */
static int collect(struct mmscope_slab_reader *r)
{
	struct list_head *caches = mmscope_sym(slab_caches);
	struct mutex *mutex = mmscope_sym(slab_mutex);
	struct list_head *pos;
	int nr = 0;

	if (mutex_lock_killable(mutex))
		return -EINTR;
	list_for_each(pos, caches) {
		if (r)
			collect_cache(r, (void *)pos - mmscope_layout(kmem_cache, list)->offset);
		nr++;
		cond_resched();
	}
	mutex_unlock(mutex);
	return nr;
}

static int compare(const void *a, const void *b)
{
	const struct mmscope_slab_active *x = a, *y = b;

	return x->slab < y->slab ? -1 : x->slab > y->slab;
}

/**
 * mmscope_slab_reader_build - collect what slabs do not tell themselves
 * @r: zeroed
 *
 * Return: 0, also if this kernel's CPUs keep no slabs, or do not show them: then
 * it is empty; -ENOMEM; -EINTR.
 */
int mmscope_slab_reader_build(struct mmscope_slab_reader *r)
{
	int nr;

	if (!mmscope_has(slab_caches) || !mmscope_has(slab_mutex) ||
	    !mmscope_layout(kmem_cache, list)->found ||
	    !mmscope_layout(kmem_cache_cpu, slab)->found)
		return 0;
	nr = collect(NULL);
	if (nr < 0)
		return nr;
	/* caches made meanwhile are few and new */
	r->room = nr * num_possible_cpus();
	r->active = kvmalloc_array(r->room, sizeof(*r->active), GFP_KERNEL);
	if (!r->active)
		return -ENOMEM;
	nr = collect(r);
	if (nr < 0)
		return nr;
	sort(r->active, r->nr, sizeof(*r->active), compare, NULL);
	return 0;
}

/**
 * mmscope_slab_reader_free - free the table
 * @r: is empty afterwards
 */
void mmscope_slab_reader_free(struct mmscope_slab_reader *r)
{
	kvfree(r->active);
	*r = (struct mmscope_slab_reader){};
}

/* ------------------------------------------------------------------- one slab */

/* The counters are read as one word, and taken apart in a copy of it. */
static bool read_counters(const struct page *head, struct page *copy)
{
	u32 offset = mmscope_layout(slab, inuse)->offset;

	*(u32 *)((void *)copy + offset) = READ_ONCE(*(const u32 *)((const void *)head + offset));
	return mmscope_read(copy, slab, objects) >= mmscope_read(copy, slab, inuse) &&
	       mmscope_read(copy, slab, objects);
}

static bool read_stable(const struct mmscope_piece *u, struct page *copy, unsigned long *flags)
{
	unsigned int tries;

	for (tries = 0; tries < READ_TRIES; tries++) {
		*flags = mmscope_frame_flags(u->head);
		if (read_counters(u->head, copy) &&
		    mmscope_read(u->head, slab, slab_cache) == u->key &&
		    mmscope_frame_flags(u->head) == *flags &&
		    compat_is_slab(*flags, READ_ONCE(u->head->page_type)))
			return true;
	}
	return false;
}

/**
 * mmscope_slab_read - read a slab
 * @r: what is known of slabs
 * @u: its head
 * @info: filled
 *
 * Return: false if it was given to another cache or freed, again and again.
 */
bool mmscope_slab_read(const struct mmscope_slab_reader *r, const struct mmscope_piece *u,
		       struct mmscope_slab_info *info)
{
	const struct mmscope_slab_active key = { .slab = (unsigned long)u->head };
	const struct mmscope_slab_active *active;
	struct page copy = {};
	unsigned long flags;

	if (!read_stable(u, &copy, &flags))
		return false;
	active = bsearch(&key, r->active, r->nr, sizeof(*r->active), compare);
	info->objects = mmscope_read(&copy, slab, objects);
	info->inuse = mmscope_read(&copy, slab, inuse);
	info->state = compat_slab_state(flags, mmscope_read(&copy, slab, frozen),
					info->inuse == info->objects, active);
	info->cpu = info->state == MMSCOPE_SLAB_CPU && active ? active->cpu : MMSCOPE_UNKNOWN32;
	if (info->state == MMSCOPE_SLAB_CPU_PARTIAL &&
	    !mmscope_layout(kmem_cache_cpu, partial)->found)
		info->state = MMSCOPE_SLAB_MOVING;
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of one slab cache: slabs, objects, memory.
 *
 * Locks: the caller holds slab_mutex, so the cache, its nodes and its per-CPU
 * part stay. n->list_lock, interrupts off, while the free objects of a node's
 * partial slabs are counted: at most PARTIAL_STEPS slabs, of longer lists as
 * many from the head and the tail, scaled to the length as /proc/slabinfo does.
 *
 * Staleness: the sums of a node are atomic counters, read one by one. Slabs of
 * CPUs are lockless hints: a slab may be gone when it is looked at, so it is
 * copied with faults caught and must still name the cache. Objects free on a
 * CPU's slabs, or in sheaves, count as in use, as everywhere in the kernel; see
 * slab_exact.c. A kernel with sheaves has no slabs of CPUs: there are 0.
 *
 * Sources: kmem_cache.node[] (kmem_cache_node.nr_partial, partial, nr_slabs,
 * total_objects), kmem_cache.cpu_slab (kmem_cache_cpu.slab, partial), slab.inuse,
 * objects, slabs: private to mm/slub.c, placed by BTF.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm_types.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "mmscope.h"
#include "slab.h"

/* what a cache has on a node; NULL: nothing */
static const void *cache_node(const void *s, unsigned int nid)
{
	const struct mmscope_layout *pair = mmscope_layout(kmem_cache_per_node_ptrs, sizeof);
	const void *first = mmscope_member(s, kmem_cache, node);

	return READ_ONCE(*(void *const *)(first +
					  nid * (pair->found ? pair->size : sizeof(void *))));
}

/* slabs visited in a hold: up to 100 ns each when they are not in a cache */
#define PARTIAL_STEPS 512

static u32 slab_free(const struct list_head *pos)
{
	const void *slab = (const void *)pos - mmscope_layout(slab, slab_list)->offset;
	u32 objects = mmscope_read(slab, slab, objects);
	u32 inuse = mmscope_read(slab, slab, inuse);

	return objects > inuse ? objects - inuse : 0;
}

/* free objects on up to `steps` slabs from one end of the list */
static u64 scan_partial(const struct list_head *head, bool backward, u64 steps, u64 *seen)
{
	const struct list_head *pos = head;
	u64 free = 0;

	while (steps--) {
		pos = backward ? pos->prev : pos->next;
		if (pos == head)
			break;
		free += slab_free(pos);
		(*seen)++;
	}
	return free;
}

static void count_partial(struct mmscope_walk *w, const void *n, u64 *slabs, u64 *free,
			  bool *sampled)
{
	const struct list_head *head = mmscope_member(n, kmem_cache_node, partial);
	spinlock_t *lock = mmscope_member(n, kmem_cache_node, list_lock);
	unsigned long flags;
	u64 began, seen = 0;

	spin_lock_irqsave(lock, flags);
	began = mmscope_lock_begin();
	*slabs = mmscope_read(n, kmem_cache_node, nr_partial);
	*sampled = *slabs > PARTIAL_STEPS;
	if (*sampled) {
		*free = scan_partial(head, false, PARTIAL_STEPS / 2, &seen);
		*free += scan_partial(head, true, PARTIAL_STEPS / 2, &seen);
	} else {
		*free = scan_partial(head, false, *slabs, &seen);
	}
	mmscope_lock_end(w, began);
	spin_unlock_irqrestore(lock, flags);

	if (*sampled && seen)
		*free = div64_u64(*free * *slabs, seen);
}

static void count_nodes(struct mmscope_walk *w, const void *s, struct mmscope_slab_cache *rec)
{
	unsigned int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		const void *n = cache_node(s, nid);
		u64 slabs, free;
		bool sampled;

		if (!n)
			continue;
		count_partial(w, n, &slabs, &free, &sampled);
		rec->slabs += mmscope_read(n, kmem_cache_node, nr_slabs);
		rec->total_objects += mmscope_read(n, kmem_cache_node, total_objects);
		rec->free_objects += free;
		rec->partial_slabs += slabs;
		if (nid < MMSCOPE_NR_NODES)
			rec->partial[nid] = slabs;
		if (sampled)
			rec->state |= MMSCOPE_LIST_CUT;
	}
}

/* Length of a CPU's chain of partial slabs, kept in its first slab. */
static u64 chain_slabs(struct mmscope_walk *w, const void *s, const void *slab, u64 max)
{
	struct page copy;	/* struct slab is an overlay of struct page */
	u64 slabs;

	if (!mmscope_layout_copy(&copy, slab, sizeof(copy)) ||
	    mmscope_read(&copy, slab, slab_cache) != (unsigned long)s) {
		w->torn++;
		return 0;
	}
	/* the place is used otherwise once the slab left the chain */
	slabs = mmscope_read(&copy, slab, slabs);
	if (slabs > max) {
		w->torn++;
		return 0;
	}
	return slabs;
}

static void count_cpus(struct mmscope_walk *w, const void *s, struct mmscope_slab_cache *rec)
{
	const void __percpu *cpu_slab;
	int cpu;

	if (mmscope_slab_has_sheaves())
		return;
	cpu_slab = (const void __percpu *)(unsigned long)mmscope_read(s, kmem_cache, cpu_slab);
	if (!cpu_slab) {
		rec->cpu_slabs = MMSCOPE_UNKNOWN;
		rec->cpu_partial_slabs = MMSCOPE_UNKNOWN;
		return;
	}
	if (!mmscope_layout(kmem_cache_cpu, slab)->found)
		rec->cpu_slabs = MMSCOPE_UNKNOWN;
	for_each_possible_cpu(cpu) {
		const void *c = per_cpu_ptr(cpu_slab, cpu);
		unsigned long partial = mmscope_read(c, kmem_cache_cpu, partial);

		/* 0, where the member is not known */
		if (mmscope_read(c, kmem_cache_cpu, slab))
			rec->cpu_slabs++;
		if (partial)
			rec->cpu_partial_slabs += chain_slabs(w, s, (void *)partial, rec->slabs);
	}
}

/*
 * Slabs are of the order in s->oo, or of that in s->min where memory was short.
 * How many objects there are in all tells how many slabs are small.
 */
static u64 memory_pages(const void *s, u64 slabs, u64 objects)
{
	u32 oo = mmscope_read(s, kmem_cache, oo);
	u32 min = mmscope_read(s, kmem_cache, min);
	u64 full = slabs * mmscope_oo_objects(oo);
	u64 small = 0;

	if (full > objects && mmscope_oo_objects(oo) > mmscope_oo_objects(min) && min) {
		small = div_u64(full - objects,
				mmscope_oo_objects(oo) - mmscope_oo_objects(min));
		/* the two counters are not read at once */
		if (small > slabs)
			small = slabs;
	}
	return ((slabs - small) << mmscope_oo_order(oo)) + (small << mmscope_oo_order(min));
}

/**
 * mmscope_slab_pages - the memory of a cache, by its counters alone
 * @s: the cache; slab_mutex is held
 * @slabs: filled
 * @objects: filled, that there is room for
 *
 * Takes no lock.
 *
 * Return: pages.
 */
u64 mmscope_slab_pages(const void *s, u64 *slabs, u64 *objects)
{
	unsigned int nid;

	*slabs = 0;
	*objects = 0;
	for (nid = 0; nid < nr_node_ids; nid++) {
		const void *n = cache_node(s, nid);

		if (!n)
			continue;
		*slabs += mmscope_read(n, kmem_cache_node, nr_slabs);
		*objects += mmscope_read(n, kmem_cache_node, total_objects);
	}
	return memory_pages(s, *slabs, *objects);
}

static u64 sub_or_zero(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

/* free objects that CPUs can have, at most */
static bool knows_hidden(const void *s, const struct mmscope_slab_cache *rec, u64 *objects)
{
	if (mmscope_slab_has_sheaves()) {
		*objects = mmscope_slab_sheaf_room(s);
		return true;
	}
	*objects = (rec->cpu_slabs + rec->cpu_partial_slabs) * rec->objects_per_slab;
	return rec->cpu_slabs != MMSCOPE_UNKNOWN &&
	       !mmscope_layout(kmem_cache, cpu_sheaves)->found;
}

/**
 * mmscope_slab_count - count slabs, objects and memory of a cache
 * @w: the walk; slab_mutex is held
 * @s: the cache
 * @rec: its record; sizes and objects_per_slab are filled in already
 */
void mmscope_slab_count(struct mmscope_walk *w, const void *s,
			struct mmscope_slab_cache *rec)
{
	u64 hidden;

	count_nodes(w, s, rec);
	count_cpus(w, s, rec);

	rec->free_objects = min(rec->free_objects, rec->total_objects);
	rec->inuse_objects = rec->total_objects - rec->free_objects;
	rec->inuse_min_objects = MMSCOPE_UNKNOWN;
	rec->cpu_free_objects = MMSCOPE_UNKNOWN;
	rec->inuse_exact_objects = MMSCOPE_UNKNOWN;
	if (knows_hidden(s, rec, &hidden))
		rec->inuse_min_objects = sub_or_zero(rec->inuse_objects, hidden);
	rec->memory_bytes = memory_pages(s, rec->slabs, rec->total_objects) << PAGE_SHIFT;
	rec->padding_bytes = sub_or_zero(rec->memory_bytes,
					 rec->total_objects * rec->object_size_bytes);
	rec->free_bytes = rec->free_objects * rec->size_bytes;
}

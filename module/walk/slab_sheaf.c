// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that lie free in sheaves: where a kernel's CPUs keep no slabs, each keeps
 * arrays of free objects of a cache (sheaves), and each node some more (its barn).
 * To a slab's counters all of them are in use.
 *
 * Locks: the caller holds slab_mutex, so the caches, their CPUs' parts and barns
 * stay. barn->lock, interrupts off, while the full sheaves of a node are counted:
 * the kernel keeps about ten. A CPU's own sheaves are counted on that CPU with
 * interrupts off, see slab_exact.c: nobody else frees them meanwhile. A number of
 * objects is one word, so it is whole, whatever was interrupted.
 *
 * Staleness: what is on its way between a sheaf and a slab is in neither. Objects
 * that wait for a grace period, or were taken in advance by a user of the cache, are
 * in use.
 *
 * Sources: kmem_cache.cpu_sheaves, sheaf_capacity, per_node[].barn;
 * slub_percpu_sheaves.main, spare; node_barn.lock, sheaves_full, nr_full;
 * slab_sheaf.cache, size: private to mm/slub.c, placed by BTF. The objects
 * themselves are not looked at.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "mmscope.h"
#include "slab.h"

/* a barn has about ten full sheaves; a race may make some more */
#define MAX_FULL 64

/**
 * mmscope_slab_has_sheaves - do CPUs keep sheaves, instead of slabs?
 *
 * Return: false also if this kernel does not show them, or has both.
 */
bool mmscope_slab_has_sheaves(void)
{
	return mmscope_layout(kmem_cache, cpu_sheaves)->found &&
	       !mmscope_layout(kmem_cache, cpu_slab)->found &&
	       mmscope_layout(kmem_cache, sheaf_capacity)->found &&
	       mmscope_layout(kmem_cache, per_node)->found &&
	       mmscope_layout(kmem_cache_per_node_ptrs, sizeof)->found &&
	       mmscope_layout(kmem_cache_per_node_ptrs, barn)->found &&
	       mmscope_layout(slub_percpu_sheaves, main)->found &&
	       mmscope_layout(slub_percpu_sheaves, spare)->found &&
	       mmscope_layout(node_barn, lock)->found &&
	       mmscope_layout(node_barn, sheaves_full)->found &&
	       mmscope_layout(node_barn, nr_full)->found &&
	       mmscope_layout(slab_sheaf, barn_list)->found &&
	       mmscope_layout(slab_sheaf, cache)->found &&
	       mmscope_layout(slab_sheaf, size)->found;
}

/* NULL: the node has none */
static const void *cache_barn(const void *s, unsigned int nid)
{
	const void *pair = mmscope_member(s, kmem_cache, per_node) +
			   nid * mmscope_layout(kmem_cache_per_node_ptrs, sizeof)->size;

	return (const void *)(unsigned long)mmscope_read(pair, kmem_cache_per_node_ptrs, barn);
}

/**
 * mmscope_slab_sheaf_room - how many free objects the sheaves of a cache can hold
 * @s: the cache; slab_mutex is held
 *
 * Takes no other lock: a hint of the moment.
 *
 * Return: the most.
 */
u64 mmscope_slab_sheaf_room(const void *s)
{
	u64 capacity = mmscope_read(s, kmem_cache, sheaf_capacity), sheaves = 0;
	const void __percpu *part;
	unsigned int nid;
	int cpu;

	part = (const void __percpu *)(unsigned long)mmscope_read(s, kmem_cache, cpu_sheaves);
	if (!capacity || !part)
		return 0;
	for_each_possible_cpu(cpu) {
		const void *pcs = per_cpu_ptr(part, cpu);

		sheaves += !!mmscope_read(pcs, slub_percpu_sheaves, main);
		sheaves += !!mmscope_read(pcs, slub_percpu_sheaves, spare);
	}
	for (nid = 0; nid < nr_node_ids; nid++) {
		const void *barn = cache_barn(s, nid);

		if (barn)
			sheaves += mmscope_read(barn, node_barn, nr_full);
	}
	return sheaves * capacity;
}

static bool count_sheaf(struct mmscope_slab_exact *x, const void *sheaf)
{
	unsigned long cache;
	u32 size;

	if (!mmscope_layout_word(&cache, mmscope_member(sheaf, slab_sheaf, cache)) ||
	    !mmscope_layout_copy(&size, mmscope_member(sheaf, slab_sheaf, size), sizeof(size)) ||
	    cache != (unsigned long)x->cache || size > x->capacity)
		return false;
	x->listed += size;
	return true;
}

/**
 * mmscope_slab_count_sheaves - count what is free in the sheaves of this CPU
 * @x: the cache; the count is added
 * @pcs: this CPU's part of it; interrupts are off
 *
 * Return: false if something does not look as it should.
 */
bool mmscope_slab_count_sheaves(struct mmscope_slab_exact *x, const void *pcs)
{
	const void *main, *spare;

	/* all the CPUs of a cache without sheaves share one that is empty for ever */
	if (!x->capacity)
		return true;
	main = (const void *)(unsigned long)mmscope_read(pcs, slub_percpu_sheaves, main);
	spare = (const void *)(unsigned long)mmscope_read(pcs, slub_percpu_sheaves, spare);
	/* interrupted while it exchanges the two, it may have one in both places */
	if (!main || main == spare)
		return false;
	return count_sheaf(x, main) && (!spare || count_sheaf(x, spare));
}

static bool count_barn(struct mmscope_walk *w, struct mmscope_slab_exact *x, const void *barn)
{
	const struct list_head *head = mmscope_member(barn, node_barn, sheaves_full);
	spinlock_t *lock = mmscope_member(barn, node_barn, lock);
	const struct list_head *pos;
	unsigned long flags;
	bool ok = true;
	u32 nr = 0;
	u64 began;

	spin_lock_irqsave(lock, flags);
	began = mmscope_lock_begin();
	list_for_each(pos, head) {
		ok = nr++ < MAX_FULL &&
		     count_sheaf(x, (const void *)pos -
				    mmscope_layout(slab_sheaf, barn_list)->offset);
		if (!ok)
			break;
	}
	mmscope_lock_end(w, began);
	spin_unlock_irqrestore(lock, flags);
	return ok;
}

/**
 * mmscope_slab_count_barns - count what is free in the full sheaves of the nodes
 * @w: the walk; slab_mutex is held
 * @x: the cache; the count is added
 */
void mmscope_slab_count_barns(struct mmscope_walk *w, struct mmscope_slab_exact *x)
{
	unsigned int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		const void *barn = cache_barn(x->cache, nid);

		if (barn && !count_barn(w, x, barn))
			x->odd = true;
	}
}

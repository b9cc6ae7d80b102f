/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of compat.h about slabs; only that includes it.
 */
#ifndef _MMSCOPE_COMPAT_SLAB_H
#define _MMSCOPE_COMPAT_SLAB_H

/*
 * What CPUs keep free of a cache, for tables of needs: slabs of their own, or sheaves
 * of objects. Kernels between 6.12 and 7.2 may have both: those hang them elsewhere,
 * and there the sheaves are not understood.
 */
#ifdef HAVE_SHEAVES
#define COMPAT_SLAB_ACTIVE_NEEDS
#define COMPAT_SLAB_CPU_NEEDS				\
	WANT_LAYOUT(kmem_cache, cpu_sheaves),		\
	WANT_LAYOUT(kmem_cache, sheaf_capacity),	\
	WANT_LAYOUT(kmem_cache, per_node),		\
	WANT_LAYOUT(kmem_cache_per_node_ptrs, sizeof),	\
	WANT_LAYOUT(kmem_cache_per_node_ptrs, barn),	\
	WANT_LAYOUT(slub_percpu_sheaves, main),		\
	WANT_LAYOUT(slub_percpu_sheaves, spare),	\
	WANT_LAYOUT(node_barn, lock),			\
	WANT_LAYOUT(node_barn, sheaves_full),		\
	WANT_LAYOUT(node_barn, nr_full),		\
	WANT_LAYOUT(slab_sheaf, barn_list),		\
	WANT_LAYOUT(slab_sheaf, cache),			\
	WANT_LAYOUT(slab_sheaf, size)
#else
#define COMPAT_SLAB_ACTIVE_NEEDS			\
	WANT_LAYOUT(kmem_cache, cpu_slab),		\
	WANT_LAYOUT(kmem_cache_cpu, slab),		\
	WANT_LAYOUT(kmem_cache_cpu, partial),
#define COMPAT_SLAB_CPU_NEEDS				\
	COMPAT_SLAB_ACTIVE_NEEDS			\
	WANT_LAYOUT(slab, slab_cache),			\
	WANT_LAYOUT(slab, slabs),			\
	WANT_LAYOUT(kmem_cache, offset),		\
	WANT_LAYOUT(kmem_cache_cpu, freelist),		\
	WANT_LAYOUT(slab, next)
#endif

/**
 * compat_slab_state - where a slab is, enum mmscope_slab_state
 * @flags: page->flags of its head
 * @frozen: slab.frozen
 * @full: it has no free object
 * @active: a CPU was seen to allocate from it
 */
static inline u32 compat_slab_state(unsigned long flags, bool frozen, bool full, bool active)
{
#ifdef HAVE_PUBLIC_KMEM_CACHE
	if (frozen)
		return active || full ? MMSCOPE_SLAB_CPU : MMSCOPE_SLAB_CPU_PARTIAL;
	return full ? MMSCOPE_SLAB_FULL : MMSCOPE_SLAB_PARTIAL;
#else
	if (frozen)
		return MMSCOPE_SLAB_CPU;
	if (flags >> PG_workingset & 1)
		return MMSCOPE_SLAB_PARTIAL;
	return full ? MMSCOPE_SLAB_FULL : MMSCOPE_SLAB_CPU_PARTIAL;
#endif
}

#endif /* _MMSCOPE_COMPAT_SLAB_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * slab_caches: one record for each slab cache (SLUB).
 *
 * Locks: slab_mutex (killable) for MMSCOPE_SLAB_BATCH caches at a time: creating,
 * destroying and merging of caches waits for it, allocating and freeing do not.
 * In it n->list_lock, see slab_stat.c, and on request interrupts off on one CPU
 * after the other, see slab_exact.c; only these holds are timed.
 *
 * Staleness: the position of a cache is its index from the tail of slab_caches.
 * New caches are added at the head, so they come last and move nobody; if a
 * cache is destroyed between two batches, another one may be missed.
 *
 * Sources: struct kmem_cache, private to mm/ since 6.2, placed by BTF.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"
#include "slab.h"

struct slab_flag {
	slab_flags_t kernel;
	u64 ours;
};

static const struct slab_flag flag_map[] = {
	{ SLAB_CONSISTENCY_CHECKS, MMSCOPE_SLAB_CONSISTENCY_CHECKS },
	{ SLAB_RED_ZONE, MMSCOPE_SLAB_RED_ZONE },
	{ SLAB_POISON, MMSCOPE_SLAB_POISON },
	{ SLAB_STORE_USER, MMSCOPE_SLAB_STORE_USER },
	{ SLAB_TRACE, MMSCOPE_SLAB_TRACE },
	{ SLAB_HWCACHE_ALIGN, MMSCOPE_SLAB_HWCACHE_ALIGN },
	{ SLAB_CACHE_DMA, MMSCOPE_SLAB_CACHE_DMA },
	{ SLAB_CACHE_DMA32, MMSCOPE_SLAB_CACHE_DMA32 },
	{ SLAB_PANIC, MMSCOPE_SLAB_PANIC },
	{ SLAB_TYPESAFE_BY_RCU, MMSCOPE_SLAB_TYPESAFE_BY_RCU },
	{ SLAB_RECLAIM_ACCOUNT, MMSCOPE_SLAB_RECLAIM_ACCOUNT },
	{ SLAB_ACCOUNT, MMSCOPE_SLAB_ACCOUNT },
	{ SLAB_NO_MERGE, MMSCOPE_SLAB_NO_MERGE },
	{ SLAB_KMALLOC, MMSCOPE_SLAB_KMALLOC },
	{ SLAB_NOLEAKTRACE, MMSCOPE_SLAB_NOLEAKTRACE },
};

static const struct mmscope_name flag_names[] = {
	{ MMSCOPE_SLAB_CONSISTENCY_CHECKS, "consistency_checks" },
	{ MMSCOPE_SLAB_RED_ZONE, "red_zone" },
	{ MMSCOPE_SLAB_POISON, "poison" },
	{ MMSCOPE_SLAB_STORE_USER, "store_user" },
	{ MMSCOPE_SLAB_TRACE, "trace" },
	{ MMSCOPE_SLAB_HWCACHE_ALIGN, "hwcache_align" },
	{ MMSCOPE_SLAB_CACHE_DMA, "cache_dma" },
	{ MMSCOPE_SLAB_CACHE_DMA32, "cache_dma32" },
	{ MMSCOPE_SLAB_PANIC, "panic" },
	{ MMSCOPE_SLAB_TYPESAFE_BY_RCU, "typesafe_by_rcu" },
	{ MMSCOPE_SLAB_RECLAIM_ACCOUNT, "reclaim_account" },
	{ MMSCOPE_SLAB_ACCOUNT, "account" },
	{ MMSCOPE_SLAB_NO_MERGE, "no_merge" },
	{ MMSCOPE_SLAB_KMALLOC, "kmalloc" },
	{ MMSCOPE_SLAB_NOLEAKTRACE, "noleaktrace" },
};

static MMSCOPE_NAMES(slab_flag_names, flag_names);

static u64 slab_flags(const void *s)
{
	slab_flags_t flags = (__force slab_flags_t)mmscope_read(s, kmem_cache, flags);
	u64 ours = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flag_map); i++)
		if (flags & flag_map[i].kernel)
			ours |= flag_map[i].ours;
	return ours;
}

static void slab_fill(struct mmscope_walk *w, const void *s, struct mmscope_slab_cache *rec)
{
	int refcount = mmscope_read(s, kmem_cache, refcount);
	u32 oo = mmscope_read(s, kmem_cache, oo);
	const char *name = (const char *)(unsigned long)mmscope_read(s, kmem_cache, name);
	void *ctor = (void *)(unsigned long)mmscope_read(s, kmem_cache, ctor);

	*rec = (struct mmscope_slab_cache){
		.object_size_bytes = mmscope_read(s, kmem_cache, object_size),
		.size_bytes = mmscope_read(s, kmem_cache, size),
		.align_bytes = mmscope_read(s, kmem_cache, align),
		.order = mmscope_oo_order(oo),
		.objects_per_slab = mmscope_oo_objects(oo),
		/* caches that were never to be merged have a negative count */
		.aliases = refcount > 0 ? refcount - 1 : 0,
		.flags = slab_flags(s),
	};
	if (name)
		strscpy(rec->name, name, sizeof(rec->name));
	if (ctor)
		mmscope_symbol(ctor, rec->ctor, sizeof(rec->ctor), false);
	mmscope_slab_count(w, s, rec);
}

/* What the CPUs have told; an estimate of the rest does not become exact by it. */
static void add_exact(const struct mmscope_slab_exact *x, struct mmscope_slab_cache *rec)
{
	if (x->odd)
		return;
	rec->cpu_free_objects = x->listed + x->kept;
	/* objects may have moved since the others were counted */
	if (!(rec->state & MMSCOPE_LIST_CUT) && rec->cpu_free_objects <= rec->inuse_objects)
		rec->inuse_exact_objects = rec->inuse_objects - rec->cpu_free_objects;
}

/**
 * mmscope_slab_batch - some caches, from the oldest on
 * @first: index of the first
 * @x: @cache is filled; slab_mutex is held, and must be as long as they are used
 * @room: how many at most
 * @end: set if there are no more
 *
 * Return: how many.
 */
u32 mmscope_slab_batch(u64 first, struct mmscope_slab_exact *x, u32 room, bool *end)
{
	struct list_head *caches = mmscope_sym(slab_caches);
	struct list_head *pos;
	u64 index = 0;
	u32 nr = 0;

	*end = false;
	list_for_each_prev(pos, caches) {
		if (index++ < first)
			continue;
		if (nr == room)
			return nr;
		x[nr++].cache = (void *)pos - mmscope_layout(kmem_cache, list)->offset;
	}
	*end = true;
	return nr;
}

/* under slab_mutex; *end: no cache is left */
static int emit_batch(struct mmscope_walk *w, bool *end)
{
	struct mmscope_slab_exact *x = w->priv;
	u32 room = min_t(u32, MMSCOPE_SLAB_BATCH, w->limit - w->nr);
	u32 i, nr = mmscope_slab_batch(w->cursor.pos, x, room, end);
	struct mmscope_slab_cache rec;
	int ret = 0;

	if (w->q.exact)
		ret = mmscope_slab_exact(w, x, nr);
	for (i = 0; i < nr && !ret; i++) {
		slab_fill(w, x[i].cache, &rec);
		if (w->q.exact)
			add_exact(&x[i], &rec);
		ret = mmscope_emit(w, &rec, w->cursor.pos + 1);
	}
	return ret;
}

static int slab_walk(struct mmscope_walk *w)
{
	struct mutex *mutex = mmscope_sym(slab_mutex);
	bool end;
	int ret;

	for (;;) {
		if (mutex_lock_killable(mutex))
			return -EINTR;
		ret = emit_batch(w, &end);
		mutex_unlock(mutex);
		if (ret || end)
			return ret;
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		ret = mmscope_pause();
		if (ret)
			return ret;
	}
}

static const struct mmscope_field_def slab_fields[] = {
	FIELD_TEXT(struct mmscope_slab_cache, name, "name of the cache"),
	FIELD(struct mmscope_slab_cache, object_size_bytes, BYTES,
	      "size of an object as it was asked for"),
	FIELD(struct mmscope_slab_cache, size_bytes, BYTES,
	      "what an object takes, with alignment and debugging data"),
	MORE(struct mmscope_slab_cache, align_bytes, BYTES, "alignment of objects"),
	FIELD(struct mmscope_slab_cache, order, ID, "a slab has 2^order pages"),
	FIELD(struct mmscope_slab_cache, objects_per_slab, COUNT,
	      "objects in a slab of that order"),
	MORE(struct mmscope_slab_cache, aliases, COUNT,
	     "other caches that were merged into this one"),
	MORE_FLAGS(struct mmscope_slab_cache, flags, &slab_flag_names,
		   "SLAB_* flags of the cache"),
	FIELD(struct mmscope_slab_cache, slabs, COUNT, "slabs"),
	FIELD(struct mmscope_slab_cache, total_objects, COUNT, "objects there is room for"),
	FIELD(struct mmscope_slab_cache, inuse_objects, COUNT,
	      "objects in use, or free on a CPU's slab or in a sheaf where nobody can tell"),
	MORE(struct mmscope_slab_cache, inuse_min_objects, COUNT,
	     "objects in use if all were free that CPU slabs and sheaves can hold free"),
	MORE(struct mmscope_slab_cache, inuse_exact_objects, COUNT,
	     "objects in use, exactly: inuse_objects - cpu_free_objects, on request"),
	MORE(struct mmscope_slab_cache, cpu_free_objects, COUNT,
	     "objects free on the CPUs' slabs, or in sheaves, as the CPUs count them, on request"),
	MORE(struct mmscope_slab_cache, free_objects, COUNT, "free objects on partial slabs"),
	FIELD(struct mmscope_slab_cache, partial_slabs, COUNT,
	      "slabs on the nodes' lists of partly used ones"),
	MORE(struct mmscope_slab_cache, cpu_slabs, COUNT, "slabs that a CPU allocates from"),
	MORE(struct mmscope_slab_cache, cpu_partial_slabs, COUNT,
	     "partly used slabs that CPUs keep to themselves"),
	FIELD(struct mmscope_slab_cache, memory_bytes, BYTES, "memory of all slabs"),
	MORE(struct mmscope_slab_cache, padding_bytes, BYTES,
	     "memory_bytes - total_objects * object_size_bytes: alignment, debug data, slab ends"),
	MORE(struct mmscope_slab_cache, free_bytes, BYTES, "free_objects * size_bytes"),
	MORE_FLAGS(struct mmscope_slab_cache, state, &mmscope_list_state_names,
		   "cut: free_objects was extrapolated from part of a long partial list"),
	MORE_TEXT(struct mmscope_slab_cache, ctor, "function that constructs objects"),
	MORE_ARRAY(struct mmscope_slab_cache, partial, COUNT, &mmscope_node_names,
		   "partial_slabs by node"),
};

static const struct mmscope_need slab_needs[] = {
	NEED_SYM(slab_caches),
	NEED_SYM(slab_mutex),
	NEED_LAYOUT(kmem_cache, name),
	NEED_LAYOUT(kmem_cache, list),
	NEED_LAYOUT(kmem_cache, flags),
	NEED_LAYOUT(kmem_cache, size),
	NEED_LAYOUT(kmem_cache, object_size),
	NEED_LAYOUT(kmem_cache, align),
	NEED_LAYOUT(kmem_cache, oo),
	NEED_LAYOUT(kmem_cache, min),
	NEED_LAYOUT(kmem_cache, refcount),
	NEED_LAYOUT(kmem_cache, ctor),
	NEED_LAYOUT(kmem_cache, node),
	NEED_LAYOUT(kmem_cache_node, list_lock),
	NEED_LAYOUT(kmem_cache_node, nr_partial),
	NEED_LAYOUT(kmem_cache_node, partial),
	NEED_LAYOUT(kmem_cache_node, nr_slabs),
	NEED_LAYOUT(kmem_cache_node, total_objects),
	NEED_LAYOUT(slab, slab_list),
	NEED_LAYOUT(slab, inuse),
	NEED_LAYOUT(slab, objects),
	COMPAT_SLAB_CPU_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_slab_caches = {
	.name = "slab_caches",
	.help = "slab caches: object sizes, slabs, objects in use, memory, flags",
	.id = MMSCOPE_DS_SLAB_CACHES,
	.flags = MMSCOPE_DATASET_EXACT,
	.rec_size = sizeof(struct mmscope_slab_cache),
	.priv_size = MMSCOPE_SLAB_BATCH * sizeof(struct mmscope_slab_exact),
	.fields = slab_fields,
	.nr_fields = ARRAY_SIZE(slab_fields),
	.needs = slab_needs,
	.walk = slab_walk,
	.exact = mmscope_slab_exact_lacks,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * slab_use: how well the slabs of each cache are filled, from one sweep over the
 * page frames, caches in the order of slab_caches.
 *
 * Locks, staleness: as sweep.c and slab_page.c; no list_lock, whatever the number
 * of slabs. Exact counts take slab_mutex, MMSCOPE_SLAB_BATCH caches at a time, and
 * interrupt each CPU, see slab_exact.c; that is after the sweep, so they are exact
 * for caches that are quiet.
 *
 * All records of an answer are of one sweep as long as the walk lasts. Memory:
 * one record a cache, whatever the number of slabs.
 *
 * Sources: struct slab, by slab_page.c; kmem_cache_cpu.freelist; sheaves, by slab_sheaf.c.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"
#include "slab.h"
#include "slab_page.h"
#include "sweep.h"

/**
 * struct cache_use - what was met of a cache
 * @rec: the sums
 * @best_objects: objects of the slab that holds most,
 * @best_order: and its order
 */
struct cache_use {
	struct mmscope_slab_use rec;
	u32 best_objects;
	u32 best_order;
};

/**
 * struct use_walk - scratch of a walk
 * @sweep: over the frames
 * @reader: reads slabs
 * @caches: in the order of sweep.slabs, and one for slabs of unknown caches
 * @order: indices of these, from the oldest cache
 * @done: the sweep is over
 * @exact: the caches that CPUs are asked about at once
 */
struct use_walk {
	struct mmscope_sweep sweep;
	struct mmscope_slab_reader reader;
	struct cache_use *caches;
	u32 *order;
	bool done;
	struct mmscope_slab_exact exact[MMSCOPE_SLAB_BATCH];
};

/* 0; 1..10: up to so many tenths; 11: full */
static u32 fill_of(const struct mmscope_slab_info *info)
{
	if (!info->inuse)
		return 0;
	if (info->inuse == info->objects)
		return MMSCOPE_NR_SLAB_FILLS - 1;
	return 1 + (10 * info->inuse - 1) / info->objects;
}

static void count_slab(struct cache_use *c, const struct mmscope_slab_info *info, u32 order)
{
	struct mmscope_slab_use *rec = &c->rec;

	rec->slabs++;
	rec->pages += 1ULL << order;
	rec->total_objects += info->objects;
	rec->inuse_objects += info->inuse;
	rec->full_slabs += info->state == MMSCOPE_SLAB_FULL;
	rec->partial_slabs += info->state == MMSCOPE_SLAB_PARTIAL;
	rec->cpu_slabs += info->state == MMSCOPE_SLAB_CPU;
	rec->cpu_partial_slabs += info->state == MMSCOPE_SLAB_CPU_PARTIAL;
	rec->moving_slabs += info->state == MMSCOPE_SLAB_MOVING;
	rec->empty_slabs += !info->inuse;
	rec->fill[fill_of(info)]++;
	if (info->objects > c->best_objects) {
		c->best_objects = info->objects;
		c->best_order = order;
	}
}

static int count_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct use_walk *x = container_of(s, struct use_walk, sweep);
	const struct mmscope_slab_name *n;
	struct mmscope_slab_info info;

	if (!mmscope_is_slab_head(u))
		return 0;
	n = mmscope_slab_names_find(&s->slabs, u->key);
	if (mmscope_slab_read(&x->reader, u, &info))
		count_slab(&x->caches[n ? n - s->slabs.names : s->slabs.nr], &info, u->order);
	else
		s->w->torn++;
	return 0;
}

/* ------------------------------------------------------------------ exact counts */

static void add_exact(struct use_walk *x, const struct mmscope_slab_exact *exact)
{
	const struct mmscope_slab_name *n;
	struct mmscope_slab_use *rec;

	n = mmscope_slab_names_find(&x->sweep.slabs, (unsigned long)exact->cache);
	if (!n || exact->odd)
		return;
	rec = &x->caches[n - x->sweep.slabs.names].rec;
	rec->cpu_free_objects = exact->listed;
	/* objects may have moved since the sweep */
	if (exact->listed <= rec->inuse_objects)
		rec->inuse_exact_objects = rec->inuse_objects - exact->listed;
}

static int ask_cpus(struct mmscope_walk *w)
{
	struct mutex *mutex = mmscope_sym(slab_mutex);
	struct use_walk *x = w->priv;
	bool end = false;
	u64 first = 0;
	u32 i, nr;
	int ret;

	while (!end) {
		if (mutex_lock_killable(mutex))
			return -EINTR;
		nr = mmscope_slab_batch(first, x->exact, MMSCOPE_SLAB_BATCH, &end);
		ret = mmscope_slab_exact(w, x->exact, nr);
		mutex_unlock(mutex);
		if (ret)
			return ret;
		for (i = 0; i < nr; i++)
			add_exact(x, &x->exact[i]);
		first += nr;
	}
	return 0;
}

/* ------------------------------------------------------------------------ records */

/* the slabs that are left when all objects are moved into as few as can be */
static void estimate_packing(struct cache_use *c)
{
	struct mmscope_slab_use *rec = &c->rec;
	u64 objects = rec->inuse_objects, slabs, pages;

	if (rec->inuse_exact_objects != MMSCOPE_UNKNOWN)
		objects = rec->inuse_exact_objects;
	slabs = c->best_objects ? DIV_ROUND_UP_ULL(objects, c->best_objects) : 0;
	pages = slabs << c->best_order;
	rec->packable_slabs = rec->slabs > slabs ? rec->slabs - slabs : 0;
	rec->packable_pages = rec->pages > pages ? rec->pages - pages : 0;
}

static void finish(struct use_walk *x)
{
	const struct mmscope_slab_names *names = &x->sweep.slabs;
	u32 i;

	for (i = 0; i < names->nr; i++) {
		struct cache_use *c = &x->caches[i];

		x->order[names->nr - 1 - names->names[i].index] = i;
		memcpy(c->rec.name, names->names[i].name, sizeof(c->rec.name));
		c->rec.free_objects = c->rec.total_objects - c->rec.inuse_objects;
		estimate_packing(c);
	}
	/* slabs of several caches cannot be packed into each other */
	x->order[i] = i;
	strscpy(x->caches[i].rec.name, "?", sizeof(x->caches[i].rec.name));
	x->caches[i].rec.free_objects =
		x->caches[i].rec.total_objects - x->caches[i].rec.inuse_objects;
	x->caches[i].rec.packable_slabs = MMSCOPE_UNKNOWN;
	x->caches[i].rec.packable_pages = MMSCOPE_UNKNOWN;
	x->done = true;
}

static void free_tables(struct use_walk *x)
{
	mmscope_slab_reader_free(&x->reader);
	mmscope_sweep_free(&x->sweep);
	kvfree(x->caches);
	kvfree(x->order);
	*x = (struct use_walk){};
}

static int make_tables(struct use_walk *x)
{
	u32 i, nr;
	int ret = mmscope_sweep_begin(&x->sweep);

	if (!ret)
		ret = mmscope_slab_reader_build(&x->reader);
	if (ret)
		return ret;
	nr = x->sweep.slabs.nr + 1;
	x->caches = kvcalloc(nr, sizeof(*x->caches), GFP_KERNEL);
	x->order = kvcalloc(nr, sizeof(*x->order), GFP_KERNEL);
	if (!x->caches || !x->order)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		x->caches[i].rec.cpu_free_objects = MMSCOPE_UNKNOWN;
		x->caches[i].rec.inuse_exact_objects = MMSCOPE_UNKNOWN;
	}
	return 0;
}

static int sweep_slabs(struct mmscope_walk *w)
{
	struct use_walk *x = w->priv;
	int ret;

	/* a sweep that was interrupted begins again */
	free_tables(x);
	x->sweep.w = w;
	x->sweep.unit = count_unit;
	x->sweep.pos = w->q.start;
	x->sweep.end = min(mmscope_sweep_last(), w->q.end);
	ret = make_tables(x);
	if (!ret)
		ret = mmscope_sweep(&x->sweep);
	if (!ret && w->q.exact)
		ret = ask_cpus(w);
	if (!ret)
		finish(x);
	return ret;
}

static int use_walk(struct mmscope_walk *w)
{
	struct use_walk *x = w->priv;
	u64 pos = w->cursor.pos, nr;
	int ret = 0;

	if (!x->done)
		ret = sweep_slabs(w);
	nr = x->sweep.slabs.nr;
	while (!ret && (pos = w->cursor.pos) <= nr) {
		const struct mmscope_slab_use *rec = &x->caches[x->order[pos]].rec;

		/* the last one is for slabs of unknown caches */
		ret = pos < nr || rec->slabs ? mmscope_emit(w, rec, pos + 1) :
					       mmscope_skip(w, pos + 1);
	}
	return ret;
}

static void use_end(struct mmscope_walk *w)
{
	free_tables(w->priv);
}

static const struct mmscope_name fills[] = {
	{ 0, "0" }, { 1, "1-10" }, { 2, "11-20" }, { 3, "21-30" }, { 4, "31-40" }, { 5, "41-50" },
	{ 6, "51-60" }, { 7, "61-70" }, { 8, "71-80" }, { 9, "81-90" }, { 10, "91-99" },
	{ 11, "100" },
};

static MMSCOPE_NAMES(fill_names, fills);

static const struct mmscope_field_def use_fields[] = {
	FIELD_TEXT(struct mmscope_slab_use, name, "name of the cache"),
	FIELD(struct mmscope_slab_use, slabs, COUNT, "slabs"),
	FIELD(struct mmscope_slab_use, pages, PAGES, "their pages"),
	FIELD(struct mmscope_slab_use, total_objects, COUNT, "objects there is room for"),
	FIELD(struct mmscope_slab_use, inuse_objects, COUNT,
	      "objects in use, or free on the list of a CPU that allocates there, or in a sheaf"),
	MORE(struct mmscope_slab_use, inuse_exact_objects, COUNT,
	     "objects in use, exactly: inuse_objects - cpu_free_objects, on request"),
	MORE(struct mmscope_slab_use, cpu_free_objects, COUNT,
	     "objects free on CPUs' own lists, or in sheaves, as the CPUs count them, on request"),
	MORE(struct mmscope_slab_use, free_objects, COUNT, "total_objects - inuse_objects"),
	MORE(struct mmscope_slab_use, full_slabs, COUNT, "slabs without a free object"),
	FIELD(struct mmscope_slab_use, partial_slabs, COUNT,
	      "slabs on the nodes' lists of partly used ones"),
	MORE(struct mmscope_slab_use, cpu_slabs, COUNT, "slabs that a CPU allocates from"),
	MORE(struct mmscope_slab_use, cpu_partial_slabs, COUNT,
	     "partly used slabs that CPUs keep to themselves"),
	MORE(struct mmscope_slab_use, moving_slabs, COUNT, "partly used slabs on no list"),
	MORE(struct mmscope_slab_use, empty_slabs, COUNT, "of all these, without an object in use"),
	MORE(struct mmscope_slab_use, packable_slabs, COUNT,
	     "slabs that would be free if all objects were packed into the others"),
	FIELD(struct mmscope_slab_use, packable_pages, PAGES, "their pages"),
	MORE_ARRAY(struct mmscope_slab_use, fill, COUNT, &fill_names,
		   "slabs by percent of their objects in use"),
};

static const struct mmscope_need use_needs[] = {
	NEED_SYM(slab_caches),
	NEED_SYM(slab_mutex),
	NEED_LAYOUT(kmem_cache, name),
	NEED_LAYOUT(kmem_cache, list),
	MMSCOPE_SWEEP_NEEDS,
	MMSCOPE_SLAB_PAGE_NEEDS,
	COMPAT_SLAB_CPU_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_slab_use = {
	.name = "slab_use",
	.help = "slab caches: how full their slabs are, pages that packing would free",
	.id = MMSCOPE_DS_SLAB_USE,
	.flags = MMSCOPE_DATASET_PFN | MMSCOPE_DATASET_EXACT,
	.rec_size = sizeof(struct mmscope_slab_use),
	.priv_size = sizeof(struct use_walk),
	.fields = use_fields,
	.nr_fields = ARRAY_SIZE(use_fields),
	.needs = use_needs,
	.walk = use_walk,
	.end = use_end,
	.exact = mmscope_slab_exact_lacks,
};

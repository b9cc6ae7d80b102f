// SPDX-License-Identifier: GPL-2.0
/*
 * slabs: one record for each slab, in the order of the page frames.
 *
 * Locks, staleness: as sweep.c and slab_page.c. No list of slabs is followed, so
 * no list_lock is taken, and it does not matter how many slabs there are. A slab
 * that is freed while it is read is left out and counted as torn.
 *
 * Sources: struct page, by sweep.c; struct slab, by slab_page.c.
 */
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"
#include "slab_page.h"
#include "sweep.h"

/**
 * struct slabs_walk - scratch of a walk
 * @sweep: over the frames
 * @reader: reads slabs
 * @begun: the reader is built
 */
struct slabs_walk {
	struct mmscope_sweep sweep;
	struct mmscope_slab_reader reader;
	bool begun;
};

static bool name_wanted(const struct mmscope_frame_filter *f, const struct mmscope_slab_name *n)
{
	/* no inode and no process owns a slab */
	if (f->owner)
		return false;
	return !*f->name || (n && !strcmp(f->name, n->name));
}

static int take_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct slabs_walk *x = container_of(s, struct slabs_walk, sweep);
	u64 next = u->pfn + u->pages;
	const struct mmscope_slab_name *n;
	struct mmscope_slab_info info;
	struct mmscope_slab rec;

	if (!mmscope_is_slab_head(u))
		return 0;
	n = mmscope_slab_names_find(&s->slabs, u->key);
	if (!name_wanted(&s->w->q.frames, n))
		return mmscope_skip(s->w, next);
	if (!mmscope_slab_read(&x->reader, u, &info)) {
		s->w->torn++;
		return mmscope_skip(s->w, next);
	}
	rec = (struct mmscope_slab){
		.pfn = u->pfn,
		.pages = 1ULL << u->order,
		.node = mmscope_frame_node(u->flags),
		.zone = mmscope_frame_zone(u->flags),
		.order = u->order,
		.state = info.state,
		.objects = info.objects,
		.inuse = info.inuse,
		.free = info.objects - info.inuse,
		.cpu = info.cpu,
	};
	if (n && !s->w->q.bare)
		memcpy(rec.cache, n->name, sizeof(rec.cache));
	return mmscope_emit(s->w, &rec, next);
}

static int slabs_walk(struct mmscope_walk *w)
{
	struct slabs_walk *x = w->priv;
	struct mmscope_sweep *s = &x->sweep;
	int ret;

	if (!x->begun) {
		ret = mmscope_slab_reader_build(&x->reader);
		if (ret)
			return ret;
		x->begun = true;
	}
	s->w = w;
	s->unit = take_unit;
	s->pos = max(w->cursor.pos, w->q.start);
	s->end = min(mmscope_sweep_last(), w->q.end);
	return mmscope_sweep(s);
}

static void slabs_end(struct mmscope_walk *w)
{
	struct slabs_walk *x = w->priv;

	mmscope_slab_reader_free(&x->reader);
	mmscope_sweep_free(&x->sweep);
}

static const struct mmscope_name states[] = {
	{ MMSCOPE_SLAB_FULL, "full" },
	{ MMSCOPE_SLAB_PARTIAL, "partial" },
	{ MMSCOPE_SLAB_CPU, "cpu" },
	{ MMSCOPE_SLAB_CPU_PARTIAL, "cpu_partial" },
	{ MMSCOPE_SLAB_MOVING, "moving" },
};

static MMSCOPE_NAMES(state_names, states);

static const struct mmscope_field_def slabs_fields[] = {
	FIELD(struct mmscope_slab, pfn, PFN, "first page frame"),
	MORE(struct mmscope_slab, pages, PAGES, "its frames"),
	MORE(struct mmscope_slab, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_slab, zone, &mmscope_zone_names, "zone of the node"),
	FIELD(struct mmscope_slab, order, ID, "it has 2^order pages"),
	FIELD_CLASS(struct mmscope_slab, state, ENUM, &state_names,
		    "partial: on its node's list; cpu: a CPU allocates from it; "
		    "cpu_partial: a CPU keeps it for later"),
	FIELD(struct mmscope_slab, objects, COUNT, "objects there is room for"),
	FIELD(struct mmscope_slab, inuse, COUNT,
	      "objects in use, or free on the list of the CPU that allocates from it"),
	FIELD(struct mmscope_slab, free, COUNT, "objects - inuse"),
	FIELD(struct mmscope_slab, cpu, ID, "CPU that allocated from it when the sweep began"),
	FIELD_TEXT(struct mmscope_slab, cache, "name of the cache"),
};

static const struct mmscope_need slabs_needs[] = {
	MMSCOPE_SWEEP_NEEDS,
	MMSCOPE_SLAB_PAGE_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_slabs = {
	.name = "slabs",
	.help = "slabs: where each is, how many of its objects are in use",
	.id = MMSCOPE_DS_SLABS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN |
		 MMSCOPE_DATASET_FRAMES,
	.rec_size = sizeof(struct mmscope_slab),
	.priv_size = sizeof(struct slabs_walk),
	.fields = slabs_fields,
	.nr_fields = ARRAY_SIZE(slabs_fields),
	.needs = slabs_needs,
	.walk = slabs_walk,
	.end = slabs_end,
};

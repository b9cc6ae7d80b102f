// SPDX-License-Identifier: GPL-2.0
/*
 * extents: runs of page frames of one zone with the same class, owner, order,
 * migratetype and cgroup.
 *
 * Locks, staleness: as sweep.c and owner.c. A run that is longer than what one
 * call may look at comes in several records.
 *
 * Sources: struct page, by sweep.c; owners by owner.c and overlay.c.
 */
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/string.h>

#include "mmscope.h"
#include "sweep.h"

/**
 * struct extent_walk - scratch of a walk
 * @sweep: over the frames
 * @run: the run under way, none if it has no pages; a unit that has grown
 * @owner: of @run, told when it began: the page may have another one later
 * @memcg: of @run
 */
struct extent_walk {
	struct mmscope_sweep sweep;
	struct mmscope_piece run;
	struct mmscope_owner owner;
	u64 memcg;
};

static struct extent_walk *extent_of(struct mmscope_sweep *s)
{
	return container_of(s, struct extent_walk, sweep);
}

static bool same(const struct mmscope_piece *a, const struct mmscope_piece *b, bool bare)
{
	return a->pfn + a->pages == b->pfn && a->class == b->class && a->order == b->order &&
	       a->migratetype == b->migratetype && a->inferred == b->inferred &&
	       mmscope_frame_zone(a->flags) == mmscope_frame_zone(b->flags) &&
	       mmscope_frame_node(a->flags) == mmscope_frame_node(b->flags) &&
	       (bare || (a->key == b->key && a->memcg == b->memcg));
}

static bool owner_wanted(const struct mmscope_frame_filter *f, const struct mmscope_owner *o)
{
	return (!f->owner || f->owner == o->id) && (!*f->name || !strcmp(f->name, o->name));
}

static int emit_run(struct extent_walk *x)
{
	const struct mmscope_piece *u = &x->run;
	struct mmscope_walk *w = x->sweep.w;
	struct mmscope_extent rec = {
		.pfn = u->pfn,
		.pages = u->pages,
		.node = mmscope_frame_node(u->flags),
		.zone = mmscope_frame_zone(u->flags),
		.page_class = u->class,
		.order = u->order,
		.migratetype = u->migratetype,
		.flags = mmscope_piece_marks(u),
		.owner = x->owner.id,
		.memcg = x->memcg,
		.dev_major = MAJOR(x->owner.dev),
		.dev_minor = MINOR(x->owner.dev),
	};
	int ret = 0;

	if (!u->pages)
		return 0;
	memcpy(rec.name, x->owner.name, sizeof(rec.name));
	if (owner_wanted(&w->q.frames, &x->owner))
		ret = mmscope_emit(w, &rec, u->pfn + u->pages);
	return ret;
}

static void begin_run(struct extent_walk *x, const struct mmscope_piece *u)
{
	x->run = *u;
	if (x->sweep.w->q.bare)
		return;
	mmscope_sweep_owner(&x->sweep, u, &x->owner);
	x->memcg = mmscope_sweep_memcg(&x->sweep, u);
}

/* Runs that nobody asked for need no owner. */
static bool class_wanted(const struct mmscope_query *q, u32 class)
{
	return !q->class_mask || q->class_mask >> class & 1;
}

static int take_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct extent_walk *x = extent_of(s);
	int ret;

	if (x->run.pages && same(&x->run, u, s->w->q.bare)) {
		x->run.pages += u->pages;
		return 0;
	}
	ret = emit_run(x);
	if (ret)
		return ret;
	if (class_wanted(&s->w->q, u->class))
		begin_run(x, u);
	else
		x->run.pages = 0;
	return 0;
}

static int extent_walk(struct mmscope_walk *w)
{
	struct extent_walk *x = w->priv;
	struct mmscope_sweep *s = &x->sweep;
	int ret;

	s->w = w;
	s->unit = take_unit;
	s->runs = true;
	s->parts = MMSCOPE_OVERLAY_ALL;
	/* a run that did not fit is begun again: it ends where it did at the earliest */
	x->run.pages = 0;
	s->pos = max(w->cursor.pos, w->q.start);
	s->end = min(mmscope_sweep_last(), w->q.end);
	ret = mmscope_sweep(s);
	if (!ret)
		ret = emit_run(x);
	return ret;
}

static void extent_end(struct mmscope_walk *w)
{
	struct extent_walk *x = w->priv;

	mmscope_sweep_free(&x->sweep);
}

static const struct mmscope_name extent_flags[] = {
	{ MMSCOPE_EXTENT_COMPOUND, "compound" },
	{ MMSCOPE_EXTENT_INFERRED, "inferred" },
};

MMSCOPE_NAMES(mmscope_extent_flag_names, extent_flags);

static const struct mmscope_field_def extent_fields[] = {
	FIELD(struct mmscope_extent, pfn, PFN, "first page frame"),
	FIELD(struct mmscope_extent, pages, PAGES, "how many frames"),
	MORE(struct mmscope_extent, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_extent, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_PAGE_CLASS(struct mmscope_extent, "what the frames are"),
	FIELD(struct mmscope_extent, order, ID,
	      "compound pages or free blocks of 2^order frames"),
	FIELD_ENUM(struct mmscope_extent, migratetype, &mmscope_migratetype_names,
		   "of the pageblocks"),
	MORE_FLAGS(struct mmscope_extent, flags, &mmscope_extent_flag_names,
		   "inferred: the class is concluded from who refers to the frames"),
	FIELD(struct mmscope_extent, owner, ID, "inode of a file, pid of a stack or page table"),
	MORE(struct mmscope_extent, memcg, ID, "inode of the cgroup charged, 0: none"),
	MORE(struct mmscope_extent, dev_major, ID, "device of the file"),
	MORE(struct mmscope_extent, dev_minor, ID, "device of the file"),
	FIELD_TEXT(struct mmscope_extent, name,
		   "slab cache, file, symbol of the allocator's caller, command of the pid"),
};

static const struct mmscope_need extent_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_extents = {
	.name = "extents",
	.help = "runs of page frames with the same class and owner",
	.id = MMSCOPE_DS_EXTENTS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN |
		 MMSCOPE_DATASET_FRAMES,
	.rec_size = sizeof(struct mmscope_extent),
	.priv_size = sizeof(struct extent_walk),
	.fields = extent_fields,
	.nr_fields = ARRAY_SIZE(extent_fields),
	.needs = extent_needs,
	.walk = extent_walk,
	.end = extent_end,
};

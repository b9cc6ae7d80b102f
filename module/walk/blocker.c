// SPDX-License-Identifier: GPL-2.0
/*
 * blockers: who is in each block that could be a huge page and is not wholly free.
 *
 * Locks, staleness: as block.c and owner.c. An owner is named when the first of
 * his frames in the block is met. When a window ends within a block and the
 * reader does not go on soon, the block is read again: owners that came or went
 * meanwhile may be missed or told twice.
 *
 * Sources: struct page, by sweep.c; owners by owner.c and overlay.c.
 *
 * A position is the size (2M, then 1G), the first frame and the number of the
 * owner. Memory: at most MAX_OWNERS of one block: MAX_NAMED by name, and one for
 * each class that has no names.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "block.h"
#include "mmscope.h"
#include "slab_names.h"

#define MAX_NAMED	128
#define MAX_OWNERS	(MAX_NAMED + 2 * MMSCOPE_NR_CLASSES)
#define REST		"..."

#define OWNER_BITS	8
#define SIZE_SHIFT	62

static_assert(MAX_OWNERS <= 1 << OWNER_BITS);

/* sizes of blocks, in the order of their answers */
static const u32 orders[] = { MMSCOPE_PMD_ORDER, MMSCOPE_GIGA_ORDER };

/**
 * struct holder - an owner in the block under way
 * @key: of the piece met last
 * @class: enum mmscope_class
 * @clearing: enum mmscope_clearing
 * @pages: frames
 * @first: the first of them
 * @owner: who
 */
struct holder {
	unsigned long key;
	u32 class;
	u32 clearing;
	u64 pages;
	u64 first;
	struct mmscope_owner owner;
};

/**
 * struct blocker_walk - scratch of a walk
 * @fold: over the blocks of one size
 * @size: index into orders[]
 * @nr: owners in the block
 * @nr_named: of these, with a name
 * @rest: the last of those: all there was no room for
 * @last: the one met last
 * @holders: they
 */
struct blocker_walk {
	struct mmscope_fold fold;
	u32 size;
	u32 nr;
	u32 nr_named;
	u32 rest;
	u32 last;
	struct holder holders[MAX_OWNERS];
};

static struct blocker_walk *blocker_of(struct mmscope_fold *f)
{
	return container_of(f, struct blocker_walk, fold);
}

static void begin_block(struct mmscope_fold *f)
{
	struct blocker_walk *x = blocker_of(f);

	x->nr = 0;
	x->nr_named = 0;
	x->last = 0;
}

/* Whoever can be asked to move needs no name: there would be one for each file. */
static bool named(u32 clearing)
{
	return clearing == MMSCOPE_CLEARING_NOT || clearing == MMSCOPE_CLEARING_RECLAIM;
}

static bool is_kind(const struct holder *h, const struct mmscope_piece *u, u32 clearing)
{
	return h->class == u->class && h->clearing == clearing;
}

/* Objects with keys of their own may have one name: areas of one caller, tables of a pid. */
static struct holder *find_named(struct blocker_walk *x, const struct mmscope_piece *u,
				 u32 clearing, const struct mmscope_owner *o)
{
	u32 i;

	for (i = 0; i < x->nr; i++) {
		struct holder *h = &x->holders[i];

		if (is_kind(h, u, clearing) && h->owner.id == o->id && h->owner.dev == o->dev &&
		    !strcmp(h->owner.name, o->name))
			return h;
	}
	return NULL;
}

static struct holder *add_holder(struct blocker_walk *x, const struct mmscope_piece *u,
				 u32 clearing, const struct mmscope_owner *o)
{
	struct holder *h = &x->holders[x->nr];

	if (named(clearing) && x->nr_named == MAX_NAMED)
		return &x->holders[x->rest];
	*h = (struct holder){
		.class = u->class,
		.clearing = clearing,
		.first = u->pfn,
		.owner = *o,
	};
	if (named(clearing) && ++x->nr_named == MAX_NAMED) {
		h->class = MMSCOPE_CLASS_UNATTRIBUTED;
		h->clearing = MMSCOPE_CLEARING_NOT;
		h->owner = (struct mmscope_owner){ .name = REST };
		x->rest = x->nr;
	}
	x->nr++;
	return h;
}

static struct holder *find_holder(struct blocker_walk *x, const struct mmscope_piece *u,
				  u32 clearing)
{
	unsigned long key = named(clearing) ? u->key : 0;
	struct mmscope_owner o = { };
	struct holder *h;
	u32 i;

	/* mostly it is the owner of the frame before */
	for (i = 0; i < x->nr; i++) {
		h = &x->holders[(x->last + i) % x->nr];
		if (is_kind(h, u, clearing) && h->key == key)
			return h;
	}
	if (key)
		mmscope_sweep_owner(&x->fold.sweep, u, &o);
	h = find_named(x, u, clearing, &o) ?: add_holder(x, u, clearing, &o);
	h->key = key;
	return h;
}

static void add_piece(struct mmscope_fold *f, const struct mmscope_piece *u, u32 clearing)
{
	struct blocker_walk *x = blocker_of(f);
	struct holder *h;

	/* what is no RAM may have no struct page: it is told when the block is done */
	if (clearing == MMSCOPE_CLEARING_FREE || clearing == MMSCOPE_CLEARING_HOLE)
		return;
	h = find_holder(x, u, clearing);
	h->pages += u->pages;
	x->last = h - x->holders;
}

/* The last one, if holes were not told yet. */
static void add_holes(struct blocker_walk *x)
{
	static const struct mmscope_piece hole = {
		.pfn = ULONG_MAX,
		.class = MMSCOPE_CLASS_HOLE,
	};
	static const struct mmscope_owner nobody;
	u64 holes = x->fold.block.pages[MMSCOPE_CLEARING_HOLE];

	if (!holes || (x->nr && x->holders[x->nr - 1].class == MMSCOPE_CLASS_HOLE))
		return;
	add_holder(x, &hole, MMSCOPE_CLEARING_HOLE, &nobody)->pages += holes;
}

static u64 position(const struct blocker_walk *x, u64 pfn)
{
	return (u64)x->size << SIZE_SHIFT | pfn << OWNER_BITS;
}

static int emit_holder(struct blocker_walk *x, u32 i)
{
	const struct mmscope_block *b = &x->fold.block;
	const struct holder *h = &x->holders[i];
	struct mmscope_blocker rec = {
		.pfn = ALIGN_DOWN(b->start, 1ULL << x->fold.mover.order),
		.order = x->fold.mover.order,
		.node = b->node,
		.zone = b->zone,
		.migratetype = b->migratetype,
		.page_class = h->class,
		.clearing = h->clearing,
		.pages = h->pages,
		.first_pfn = h->first,
		.owner = h->owner.id,
		.owners = x->nr,
		.free_pages = b->pages[MMSCOPE_CLEARING_FREE],
		.movable_pages = b->pages[MMSCOPE_CLEARING_COMPACT],
		.reclaimable_pages = mmscope_slab_names_known() ?
				     b->pages[MMSCOPE_CLEARING_RECLAIM] : MMSCOPE_UNKNOWN,
		.huge_pages = b->pages[MMSCOPE_CLEARING_HUGE],
		.unmovable_pages = b->pages[MMSCOPE_CLEARING_NOT],
		.hole_pages = b->pages[MMSCOPE_CLEARING_HOLE],
	};
	u64 next = i + 1 < x->nr ? position(x, b->start) + i + 1 : position(x, b->end);

	memcpy(rec.name, h->owner.name, sizeof(rec.name));
	return mmscope_emit(x->fold.sweep.w, &rec, next);
}

static int emit_block(struct mmscope_fold *f)
{
	struct blocker_walk *x = blocker_of(f);
	struct mmscope_walk *w = f->sweep.w;
	u64 start = position(x, f->block.start), end = position(x, f->block.end);
	int ret = 0;

	/* nothing but holes is no block; what is free blocks nothing */
	if (f->block.pages[MMSCOPE_CLEARING_HOLE] >> f->mover.order)
		x->nr = 0;
	else
		add_holes(x);
	while (!ret && w->cursor.pos < end) {
		u64 i = w->cursor.pos > start ? w->cursor.pos - start : 0;

		ret = i < x->nr ? emit_holder(x, i) : mmscope_skip(w, end);
	}
	return ret;
}

static bool order_wanted(const struct mmscope_query *q, u32 order)
{
	return !q->class_mask || q->class_mask >> order & 1;
}

static void begin_size(struct blocker_walk *x)
{
	struct mmscope_fold *f = &x->fold;

	f->begin = begin_block;
	f->add = add_piece;
	f->done = emit_block;
	f->sweep.parts = MMSCOPE_OVERLAY_KERNEL | MMSCOPE_OVERLAY_BOOT | MMSCOPE_OVERLAY_TABLES;
	mmscope_mover_init(&f->mover, orders[x->size]);
}

static int blocker_walk(struct mmscope_walk *w)
{
	struct blocker_walk *x = w->priv;
	u32 size = w->cursor.pos >> SIZE_SHIFT;
	int ret;

	for (; size < ARRAY_SIZE(orders); size++) {
		if (order_wanted(&w->q, orders[size])) {
			u64 pos = w->cursor.pos & GENMASK_ULL(SIZE_SHIFT - 1, 0);

			x->size = size;
			if (!x->fold.waits)
				begin_size(x);
			ret = mmscope_fold(&x->fold, w, pos >> OWNER_BITS);
			if (ret)
				return ret;
		}
		w->cursor.pos = (u64)(size + 1) << SIZE_SHIFT;
	}
	return 0;
}

static void blocker_end(struct mmscope_walk *w)
{
	struct blocker_walk *x = w->priv;

	mmscope_fold_free(&x->fold);
}

static const struct mmscope_field_def blocker_fields[] = {
	FIELD(struct mmscope_blocker, pfn, PFN, "first page frame of the block"),
	FIELD_CLASS(struct mmscope_blocker, order, ID, NULL, "the block has 2^order frames"),
	MORE(struct mmscope_blocker, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_blocker, zone, &mmscope_zone_names, "zone of the node"),
	MORE_ENUM(struct mmscope_blocker, migratetype, &mmscope_migratetype_names,
		  "of its first pageblock"),
	__MMSCOPE_FIELD_AS("class", struct mmscope_blocker, page_class, ENUM,
			   MMSCOPE_FIELD_DEFAULT, &mmscope_class_names,
			   "what the owner's frames are"),
	FIELD_ENUM(struct mmscope_blocker, clearing, &mmscope_clearing_names,
		   "how they could be got out of the block; not: only by their owner"),
	FIELD(struct mmscope_blocker, pages, PAGES, "frames of the owner in the block"),
	MORE(struct mmscope_blocker, first_pfn, PFN, "the first of them"),
	FIELD(struct mmscope_blocker, owner, ID, "inode of a file, pid of a stack or page table"),
	MORE(struct mmscope_blocker, owners, COUNT, "records of this block"),
	MORE(struct mmscope_blocker, free_pages, PAGES, "free in the block"),
	MORE(struct mmscope_blocker, movable_pages, PAGES, "in the block, for compaction to move"),
	MORE(struct mmscope_blocker, reclaimable_pages, PAGES,
	     "in the block, slab that a shrinker may free"),
	MORE(struct mmscope_blocker, huge_pages, PAGES, "in the block, huge pages"),
	MORE(struct mmscope_blocker, unmovable_pages, PAGES, "in the block, of those that stay"),
	MORE(struct mmscope_blocker, hole_pages, PAGES, "in the block, no RAM of this zone"),
	FIELD_TEXT(struct mmscope_blocker, name,
		   "slab cache, file, symbol of the caller, command of the pid"),
};

static const struct mmscope_need blocker_needs[] = { MMSCOPE_FOLD_NEEDS, { } };

const struct mmscope_dataset mmscope_blockers = {
	.name = "blockers",
	.help = "who is in each block that could be a huge page",
	.id = MMSCOPE_DS_BLOCKERS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_blocker),
	.priv_size = sizeof(struct blocker_walk),
	.fields = blocker_fields,
	.nr_fields = ARRAY_SIZE(blocker_fields),
	.needs = blocker_needs,
	.walk = blocker_walk,
	.end = blocker_end,
};

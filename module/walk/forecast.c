// SPDX-License-Identifier: GPL-2.0
/*
 * forecast: how many huge pages each zone can give, now and after what.
 *
 * Locks, staleness: as block.c. All records of an answer are of one sweep as
 * long as they are taken without a long pause between the calls; the free pages
 * and watermarks are of the moment after it.
 *
 * Memory: for each zone MAX_STRIPES sums of neighbouring blocks, and one for each
 * gigabyte.
 *
 * Sources: struct page, by sweep.c; zone->_watermark, lowmem_reserve,
 * NR_FREE_PAGES; per_cpu_pages.batch.
 *
 * A position is the zone index * 2 + the size (2M, 1G).
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "block.h"
#include "forecast.h"
#include "mmscope.h"
#include "slab_names.h"
#include "zone.h"

#define MAX_STRIPES 4096

/**
 * struct forecast_zone - what was found in a zone
 * @zone: the zone, NULL: it has no memory
 * @sum: of all its blocks
 * @start: first frame it spans
 * @stripe_order: frames of a stripe
 * @nr_stripes: how many
 * @stripes: its blocks in ascending order, some of them together
 * @nr_gigas: gigabytes it spans, also in parts
 * @gigas: they
 */
struct forecast_zone {
	struct zone *zone;
	struct mmscope_stripe sum;
	u64 start;
	u32 stripe_order;
	u32 nr_stripes;
	struct mmscope_stripe *stripes;
	u32 nr_gigas;
	struct mmscope_giga *gigas;
};

/**
 * struct forecast_walk - scratch of a walk
 * @fold: over blocks of 2M
 * @contig: what would clear a gigabyte
 * @buddies: of the block under way, frames in free blocks of its size or more
 * @clean: of the frames that compaction moves, clean page cache
 * @fixed: what alloc_contig_pages() would fail at
 * @pooled: what it would go round
 * @zones: one for each zone of each possible node
 * @done: the sweep is over
 */
struct forecast_walk {
	struct mmscope_fold fold;
	struct mmscope_mover contig;
	u64 buddies;
	u64 clean;
	u64 fixed;
	u64 pooled;
	struct forecast_zone *zones;
	bool done;
};

static struct forecast_walk *forecast_of(struct mmscope_fold *f)
{
	return container_of(f, struct forecast_walk, fold);
}

/* ------------------------------------------------------------------ one block */

static void begin_block(struct mmscope_fold *f)
{
	struct forecast_walk *x = forecast_of(f);

	x->buddies = 0;
	x->clean = 0;
	x->fixed = 0;
	x->pooled = 0;
}

/*
 * What writing 1 to /proc/sys/vm/drop_caches frees: page cache that nobody maps
 * or holds, as mapping_evict_folio() has it.
 */
static bool is_clean(const struct mmscope_frame *f, const struct mmscope_piece *u)
{
	const unsigned long keep = BIT(PG_dirty) | BIT(PG_writeback) | BIT(PG_locked) |
				   BIT(PG_unevictable);
	s32 known = (1 << u->order) + !!(u->flags & (BIT(PG_private) | BIT(PG_private_2)));

	return u->class == MMSCOPE_CLASS_FILE && !(u->flags & keep) && f->refcount <= known;
}

static void add_piece(struct mmscope_fold *f, const struct mmscope_piece *u, u32 clearing)
{
	struct forecast_walk *x = forecast_of(f);

	/* not those that are reserved or being taken */
	if ((u->class == MMSCOPE_CLASS_FREE || u->class == MMSCOPE_CLASS_FREE_CMA) &&
	    u->order >= MMSCOPE_PMD_ORDER)
		x->buddies += u->pages;
	if (clearing == MMSCOPE_CLEARING_COMPACT && is_clean(&f->sweep.frame, u))
		x->clean += u->pages;
	switch (mmscope_piece_clearing(f, &x->contig, u)) {
	case MMSCOPE_CLEARING_NOT:
	case MMSCOPE_CLEARING_HOLE:
		x->fixed += u->pages;
		break;
	case MMSCOPE_CLEARING_HUGE:
		x->pooled += u->pages;
		break;
	}
}

/* Free pages in blocks that compaction fills: suitable_migration_target() */
static bool is_target(u32 migratetype)
{
#ifdef CONFIG_CMA
	if (migratetype == MIGRATE_CMA)
		return true;
#endif
	return migratetype == MIGRATE_MOVABLE;
}

/* Reserves for atomic allocations, and blocks being taken offline, are not to be had. */
static bool is_barred(u32 migratetype)
{
#ifdef CONFIG_MEMORY_ISOLATION
	if (migratetype == MIGRATE_ISOLATE)
		return true;
#endif
	return migratetype == MIGRATE_HIGHATOMIC;
}

/* A block as it is, or as it would be with clean page cache and slab gone. */
static void count_future(const struct mmscope_block *b, u64 freed, struct mmscope_future *t)
{
	u64 size = 1ULL << MMSCOPE_PMD_ORDER;
	u64 movable = b->pages[MMSCOPE_CLEARING_COMPACT];
	u64 free = b->pages[MMSCOPE_CLEARING_FREE] + freed;
	u64 stays = b->pages[MMSCOPE_CLEARING_NOT] + b->pages[MMSCOPE_CLEARING_HUGE] +
		    b->pages[MMSCOPE_CLEARING_HOLE];

	/* what is freed is page cache first, the rest of it slab */
	if (freed > b->pages[MMSCOPE_CLEARING_RECLAIM])
		movable -= freed - b->pages[MMSCOPE_CLEARING_RECLAIM];
	else
		stays += b->pages[MMSCOPE_CLEARING_RECLAIM] - freed;
	t->movable += movable;
	t->free += free;
	if (is_barred(b->migratetype))
		return;
	if (free == size)
		t->empty++;
	else if (!stays)
		t->open++;
	if (free < size && is_target(b->migratetype))
		t->room += free;
}

static void count_block(const struct forecast_walk *x, struct mmscope_stripe *t)
{
	const struct mmscope_block *b = &x->fold.block;
	u64 size = 1ULL << MMSCOPE_PMD_ORDER;

	if (!b->pages[MMSCOPE_CLEARING_HOLE]) {
		t->blocks++;
		t->now += x->buddies == size;
		t->bound += !b->pages[MMSCOPE_CLEARING_NOT];
		t->huge += !!b->pages[MMSCOPE_CLEARING_HUGE];
	}
	t->clean += x->clean;
	t->reclaimable += b->pages[MMSCOPE_CLEARING_RECLAIM];
	count_future(b, 0, &t->future[MMSCOPE_COMPACTED]);
	count_future(b, x->clean + b->pages[MMSCOPE_CLEARING_RECLAIM],
		     &t->future[MMSCOPE_RECLAIMED]);
}

static void count_giga(const struct forecast_walk *x, struct mmscope_giga *g)
{
	const struct mmscope_block *b = &x->fold.block;

	if (b->pages[MMSCOPE_CLEARING_HOLE])
		return;
	g->blocks++;
	g->barred |= is_barred(b->migratetype);
	g->fixed += x->fixed;
	g->pooled += x->pooled;
	g->slab += b->pages[MMSCOPE_CLEARING_RECLAIM];
	g->free += b->pages[MMSCOPE_CLEARING_FREE];
}

static int take_block(struct mmscope_fold *f)
{
	struct forecast_walk *x = forecast_of(f);
	const struct mmscope_block *b = &f->block;
	struct forecast_zone *z = &x->zones[b->node * MAX_NR_ZONES + b->zone];
	u64 stripe, giga;

	/* frames without RAM may be labelled with a zone that does not span them */
	if (!z->zone || b->start < ALIGN_DOWN(z->start, 1UL << MMSCOPE_PMD_ORDER) ||
	    b->pages[MMSCOPE_CLEARING_HOLE] >> MMSCOPE_PMD_ORDER)
		return 0;
	stripe = (b->start >> z->stripe_order) - (z->start >> z->stripe_order);
	giga = (b->start >> MMSCOPE_GIGA_ORDER) - (z->start >> MMSCOPE_GIGA_ORDER);
	if (stripe >= z->nr_stripes || giga >= z->nr_gigas)
		return 0;
	count_block(x, &z->stripes[stripe]);
	count_block(x, &z->sum);
	count_giga(x, &z->gigas[giga]);
	return 0;
}

/* ------------------------------------------------------------------ the sweep */

static int init_zone(struct forecast_zone *z, struct zone *zone)
{
	u64 end;

	mmscope_zone_span(zone, &z->start, &end);
	z->stripe_order = MMSCOPE_PMD_ORDER;
	while ((end - z->start) >> z->stripe_order >= MAX_STRIPES - 1)
		z->stripe_order++;
	z->nr_stripes = (ALIGN(end, 1ULL << z->stripe_order) >> z->stripe_order) -
			(z->start >> z->stripe_order);
	z->nr_gigas = (ALIGN(end, 1ULL << MMSCOPE_GIGA_ORDER) >> MMSCOPE_GIGA_ORDER) -
		      (z->start >> MMSCOPE_GIGA_ORDER);
	z->stripes = kvcalloc(z->nr_stripes, sizeof(*z->stripes), GFP_KERNEL);
	z->gigas = kvcalloc(z->nr_gigas, sizeof(*z->gigas), GFP_KERNEL);
	if (!z->stripes || !z->gigas)
		return -ENOMEM;
	z->zone = zone;
	return 0;
}

static int init_zones(struct forecast_walk *x)
{
	u32 i;
	int ret = 0;

	x->zones = kvcalloc(mmscope_nr_zones(), sizeof(*x->zones), GFP_KERNEL);
	if (!x->zones)
		return -ENOMEM;
	for (i = 0; i < mmscope_nr_zones() && !ret; i++)
		if (mmscope_zone_at(i))
			ret = init_zone(&x->zones[i], mmscope_zone_at(i));
	return ret;
}

static int sweep_zones(struct forecast_walk *x, struct mmscope_walk *w)
{
	struct mmscope_fold *f = &x->fold;
	int ret = x->zones ? 0 : init_zones(x);

	if (ret)
		return ret;
	f->begin = begin_block;
	f->add = add_piece;
	f->done = take_block;
	mmscope_mover_init(&f->mover, MMSCOPE_PMD_ORDER);
	mmscope_mover_init(&x->contig, MMSCOPE_GIGA_ORDER);
	ret = mmscope_fold(f, w, 0);
	x->done = !ret;
	return ret;
}

/* ---------------------------------------------------------------- the records */

/* What the watermarks leave of free blocks to one CPU that takes them one by one. */
static u64 takeable(struct zone *zone, u64 blocks)
{
	const u32 order = MMSCOPE_PMD_ORDER;
	u64 highatomic = compat_free_highatomic(zone);
	struct mmscope_taking t = {
		.blocks = blocks,
		.free = zone_page_state(zone, NR_FREE_PAGES),
		.size = 1 << order,
		.batch = 1,
	};

	if (highatomic == MMSCOPE_UNKNOWN)
		highatomic = READ_ONCE(zone->nr_reserved_highatomic);
	t.reserve = READ_ONCE(zone->_watermark[WMARK_MIN]) + READ_ONCE(zone->watermark_boost) +
		    READ_ONCE(zone->lowmem_reserve[ZONE_MOVABLE]) + highatomic + t.size - 1;
	if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE)) {
		int batch = READ_ONCE(raw_cpu_ptr(zone->per_cpu_pageset)->batch);

		t.batch = batch > 1 ? max(batch >> order, 2) : 1;
	}
	return mmscope_takeable(t);
}

static struct mmscope_forecast of_blocks(const struct forecast_zone *z)
{
	const struct mmscope_stripe *sum = &z->sum;

	return (struct mmscope_forecast){
		.blocks = sum->blocks,
		.free_blocks = sum->now,
		.now_blocks = takeable(z->zone, sum->now),
		.compacted_blocks = mmscope_compacted(z->stripes, z->nr_stripes,
						      MMSCOPE_COMPACTED),
		.reclaimed_blocks = mmscope_compacted(z->stripes, z->nr_stripes,
						      MMSCOPE_RECLAIMED),
		.bound_blocks = sum->bound,
		.huge_blocks = sum->huge,
	};
}

static struct mmscope_forecast of_gigas(struct forecast_zone *z)
{
	/* huge pages that no other can replace are not taken from ZONE_MOVABLE */
	bool barred = zone_idx(z->zone) == ZONE_MOVABLE;
	u64 keep = READ_ONCE(z->zone->_watermark[WMARK_MIN]);
	struct mmscope_forecast rec = { };
	u32 i;

	for (i = 0; i < z->nr_gigas; i++) {
		const struct mmscope_giga *g = &z->gigas[i];

		if (!mmscope_giga_is_whole(g))
			continue;
		rec.blocks++;
		rec.huge_blocks += !!g->pooled;
		rec.bound_blocks += !g->fixed;
		rec.free_blocks += g->free == 1ULL << MMSCOPE_GIGA_ORDER &&
				   !g->barred && !barred;
	}
	rec.now_blocks = rec.free_blocks;
	if (barred)
		return rec;
	for (i = 0; i < MMSCOPE_NR_FUTURES; i++) {
		u64 free = z->sum.future[i].free;
		u64 nr = mmscope_cleared_gigas(z->gigas, z->nr_gigas,
					       free > keep ? free - keep : 0, i);

		*(i ? &rec.reclaimed_blocks : &rec.compacted_blocks) = nr;
	}
	return rec;
}

static int emit_zone(struct mmscope_walk *w, u64 pos)
{
	struct forecast_walk *x = w->priv;
	struct forecast_zone *z = &x->zones[pos / 2];
	struct mmscope_forecast rec;

	if (!z->zone)
		return mmscope_skip(w, pos + 1);
	rec = pos & 1 ? of_gigas(z) : of_blocks(z);
	/* most zones have no room for a whole gigabyte */
	if (pos & 1 && !rec.blocks)
		return mmscope_skip(w, pos + 1);
	rec.node = pos / 2 / MAX_NR_ZONES;
	rec.zone = pos / 2 % MAX_NR_ZONES;
	rec.order = pos & 1 ? MMSCOPE_GIGA_ORDER : MMSCOPE_PMD_ORDER;
	rec.movable_pages = z->sum.future[MMSCOPE_COMPACTED].movable;
	rec.clean_pages = z->sum.clean;
	/* slab that may go cannot be told from other slab then */
	rec.reclaimable_pages = mmscope_slab_names_known() ? z->sum.reclaimable :
							     MMSCOPE_UNKNOWN;
	return mmscope_emit(w, &rec, pos + 1);
}

static int forecast_walk(struct mmscope_walk *w)
{
	struct forecast_walk *x = w->priv;
	u64 end = 2ULL * mmscope_nr_zones();
	int ret = 0;

	if (w->cursor.pos >= end)
		return 0;
	if (!x->done)
		ret = sweep_zones(x, w);
	while (!ret && w->cursor.pos < end)
		ret = emit_zone(w, w->cursor.pos);
	return ret;
}

static void forecast_end(struct mmscope_walk *w)
{
	struct forecast_walk *x = w->priv;
	u32 i;

	for (i = 0; x->zones && i < mmscope_nr_zones(); i++) {
		kvfree(x->zones[i].stripes);
		kvfree(x->zones[i].gigas);
	}
	kvfree(x->zones);
	mmscope_fold_free(&x->fold);
}

static const struct mmscope_field_def forecast_fields[] = {
	FIELD(struct mmscope_forecast, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_forecast, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_CLASS(struct mmscope_forecast, order, ID, NULL, "huge pages of 2^order frames"),
	FIELD(struct mmscope_forecast, blocks, COUNT, "aligned blocks of that size"),
	FIELD(struct mmscope_forecast, free_blocks, COUNT, "of these, wholly on the free lists"),
	FIELD(struct mmscope_forecast, now_blocks, COUNT,
	      "of these, what watermarks and reserves leave to who does not wait"),
	FIELD(struct mmscope_forecast, compacted_blocks, COUNT, "free once the zone is compacted"),
	FIELD(struct mmscope_forecast, reclaimed_blocks, COUNT,
	      "free if clean page cache and slab with shrinkers are dropped before"),
	FIELD(struct mmscope_forecast, bound_blocks, COUNT,
	      "hold nothing that stays: never more than these"),
	FIELD(struct mmscope_forecast, huge_blocks, COUNT, "hold huge pages"),
	MORE(struct mmscope_forecast, movable_pages, PAGES, "in the zone, for compaction to move"),
	MORE(struct mmscope_forecast, clean_pages, PAGES, "of these, clean unmapped page cache"),
	MORE(struct mmscope_forecast, reclaimable_pages, PAGES,
	     "in the zone, slab that a shrinker may free"),
};

static const struct mmscope_need forecast_needs[] = { MMSCOPE_FOLD_NEEDS, { } };

const struct mmscope_dataset mmscope_forecast = {
	.name = "forecast",
	.help = "huge pages of each size that each zone can give, now and after what",
	.id = MMSCOPE_DS_FORECAST,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_forecast),
	.priv_size = sizeof(struct forecast_walk),
	.fields = forecast_fields,
	.nr_fields = ARRAY_SIZE(forecast_fields),
	.needs = forecast_needs,
	.walk = forecast_walk,
	.end = forecast_end,
};

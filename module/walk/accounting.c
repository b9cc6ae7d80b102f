// SPDX-License-Identifier: GPL-2.0
/*
 * accounting: for each zone, how many of its frames are in which class. Each
 * frame that the zone spans is counted once, so the classes of a zone sum up to
 * its spanned_pages, and without the holes to its present_pages.
 *
 * Locks, staleness: as sweep.c. All records of an answer are of one sweep as
 * long as they are taken in one call; a call that goes on in the middle sweeps
 * again. Memory: one counter a class and zone, whatever the size of the RAM.
 *
 * Sources: struct page, by sweep.c; zone->zone_start_pfn, spanned_pages.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "mmscope.h"
#include "sweep.h"
#include "zone.h"

/**
 * struct zone_account - the frames of a zone
 * @start: first frame it spans
 * @end: first frame beyond
 * @seen: frames met
 * @class: what they are
 */
struct zone_account {
	u64 start;
	u64 end;
	u64 seen;
	struct {
		u64 pages;
		u64 blocks;
		u64 dirty;
		u64 unevictable;
	} class[MMSCOPE_NR_CLASSES];
};

/**
 * struct account_walk - scratch of a walk
 * @sweep: over the frames
 * @zones: one for each zone of each possible node
 * @done: the sweep is over
 * @label: page->flags of the unit before
 * @zone: that of the unit before
 */
struct account_walk {
	struct mmscope_sweep sweep;
	struct zone_account *zones;
	bool done;
	unsigned long label;
	struct zone_account *zone;
};

static u64 nr_zones(void)
{
	return (u64)nr_node_ids * MAX_NR_ZONES;
}

/* the zone of a frame, which is mostly that of the one before */
static struct zone_account *zone_of(struct account_walk *x, unsigned long flags)
{
	if (!x->zone || (flags ^ x->label) >> ZONES_PGSHIFT) {
		x->zone = &x->zones[mmscope_frame_node(flags) * MAX_NR_ZONES +
				    mmscope_frame_zone(flags)];
		x->label = flags;
	}
	return x->zone;
}

static int count_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct account_walk *x = container_of(s, struct account_walk, sweep);
	struct zone_account *a = zone_of(x, u->flags);
	u64 start = max_t(u64, u->pfn, a->start), end = min_t(u64, u->pfn + u->pages, a->end);
	u64 pages;

	/* frames without RAM may be labelled with a zone that does not span them */
	if (start >= end)
		return 0;
	pages = end - start;
	a->seen += pages;
	a->class[u->class].pages += pages;
	/* what is cut by the end of a pageblock is counted where it begins */
	if (!u->order)
		a->class[u->class].blocks += pages;
	else if (u->pfn == u->head_pfn)
		a->class[u->class].blocks++;
	if (u->flags & (BIT(PG_dirty) | BIT(PG_writeback)))
		a->class[u->class].dirty += pages;
	if (u->flags & BIT(PG_unevictable))
		a->class[u->class].unevictable += pages;
	return 0;
}

static int sweep_zones(struct account_walk *x)
{
	struct mmscope_sweep *s = &x->sweep;
	int nid, ret;
	u32 i;

	x->zones = kvcalloc(nr_zones(), sizeof(*x->zones), GFP_KERNEL);
	if (!x->zones)
		return -ENOMEM;
	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone_account *a = &x->zones[nid * MAX_NR_ZONES + i];

			mmscope_zone_span(&NODE_DATA(nid)->node_zones[i], &a->start, &a->end);
		}
	}
	s->unit = count_unit;
	s->runs = true;
	s->parts = MMSCOPE_OVERLAY_ALL;
	s->end = mmscope_sweep_last();
	ret = mmscope_sweep(s);
	if (ret)
		return ret;
	/* what it spans and nobody has met has no struct page, or another zone's */
	for (i = 0; i < nr_zones(); i++)
		x->zones[i].class[MMSCOPE_CLASS_HOLE].pages +=
			x->zones[i].end - x->zones[i].start - x->zones[i].seen;
	x->done = true;
	return 0;
}

static int emit_class(struct mmscope_walk *w, u64 pos)
{
	struct account_walk *x = w->priv;
	u32 zone = pos / MMSCOPE_NR_CLASSES, class = pos % MMSCOPE_NR_CLASSES;
	const struct zone_account *a = &x->zones[zone];
	struct mmscope_account rec = {
		.node = zone / MAX_NR_ZONES,
		.zone = zone % MAX_NR_ZONES,
		.page_class = class,
		.pages = a->class[class].pages,
		.blocks = a->class[class].blocks,
		.dirty_pages = a->class[class].dirty,
		.unevictable_pages = a->class[class].unevictable,
	};

	return rec.pages ? mmscope_emit(w, &rec, pos + 1) : mmscope_skip(w, pos + 1);
}

static int account_walk(struct mmscope_walk *w)
{
	struct account_walk *x = w->priv;
	u64 end = nr_zones() * MMSCOPE_NR_CLASSES;
	int ret = 0;

	if (w->cursor.pos >= end)
		return 0;
	x->sweep.w = w;
	if (!x->done)
		ret = sweep_zones(x);
	while (!ret && w->cursor.pos < end)
		ret = emit_class(w, w->cursor.pos);
	return ret;
}

static void account_end(struct mmscope_walk *w)
{
	struct account_walk *x = w->priv;

	mmscope_sweep_free(&x->sweep);
	kvfree(x->zones);
}

static const struct mmscope_field_def account_fields[] = {
	FIELD(struct mmscope_account, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_account, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_PAGE_CLASS(struct mmscope_account, "what the frames are"),
	FIELD(struct mmscope_account, pages, PAGES,
	      "frames; all classes of a zone make its spanned pages"),
	FIELD(struct mmscope_account, blocks, COUNT,
	      "compound pages, free blocks and frames that stand alone"),
	MORE(struct mmscope_account, dirty_pages, PAGES, "of these, dirty or under writeback"),
	MORE(struct mmscope_account, unevictable_pages, PAGES, "of these, unevictable"),
};

static const struct mmscope_need account_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_accounting = {
	.name = "accounting",
	.help = "all frames of each zone by class: the sum is the zone",
	.id = MMSCOPE_DS_ACCOUNTING,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_account),
	.priv_size = sizeof(struct account_walk),
	.fields = account_fields,
	.nr_fields = ARRAY_SIZE(account_fields),
	.needs = account_needs,
	.walk = account_walk,
	.end = account_end,
};

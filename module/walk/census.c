// SPDX-License-Identifier: GPL-2.0
/*
 * census: what is in each pageblock.
 *
 * Locks, staleness: as block.c. A pageblock that two zones share has a record
 * for each, of its part; the frames of zones that interleave, one a stretch.
 *
 * Sources: struct page, by sweep.c; mem_section->usage->pageblock_flags.
 *
 * A position is the first frame that is not done.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "block.h"
#include "mmscope.h"
#include "slab_names.h"

/**
 * struct census_walk - scratch of a walk
 * @fold: over the pageblocks
 * @rec: of the block under way
 * @class: its unmovable frames by class
 */
struct census_walk {
	struct mmscope_fold fold;
	struct mmscope_census rec;
	u32 class[MMSCOPE_NR_CLASSES];
};

static struct census_walk *census_of(struct mmscope_fold *f)
{
	return container_of(f, struct census_walk, fold);
}

static void begin_block(struct mmscope_fold *f)
{
	struct census_walk *x = census_of(f);

	x->rec = (struct mmscope_census){ };
	memset(x->class, 0, sizeof(x->class));
}

static void add_movable(struct mmscope_census *rec, const struct mmscope_piece *u)
{
	switch (u->class) {
	case MMSCOPE_CLASS_ANON:
	case MMSCOPE_CLASS_ANON_LARGE:
	case MMSCOPE_CLASS_ANON_THP:
	case MMSCOPE_CLASS_SWAPCACHE:
	case MMSCOPE_CLASS_KSM:
		rec->anon_pages += u->pages;
		break;
	case MMSCOPE_CLASS_FILE:
		rec->file_pages += u->pages;
		break;
	case MMSCOPE_CLASS_SHMEM:
		rec->shmem_pages += u->pages;
		break;
	default:
		rec->other_movable_pages += u->pages;
		break;
	}
	if (u->flags & (BIT(PG_dirty) | BIT(PG_writeback)))
		rec->dirty_pages += u->pages;
	if (mmscope_frame_has(u->flags, PG_unevictable))
		rec->unevictable_pages += u->pages;
}

static void add_unmovable(struct mmscope_census *rec, const struct mmscope_piece *u)
{
	switch (u->class) {
	case MMSCOPE_CLASS_SLAB:
		rec->slab_pages += u->pages;
		break;
	case MMSCOPE_CLASS_PAGETABLE:
	case MMSCOPE_CLASS_KERNEL_PAGETABLE:
		rec->pagetable_pages += u->pages;
		break;
	case MMSCOPE_CLASS_ANON_LARGE:
	case MMSCOPE_CLASS_ANON:
	case MMSCOPE_CLASS_SWAPCACHE:
	case MMSCOPE_CLASS_KSM:
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
	case MMSCOPE_CLASS_PINNED:
		rec->user_pages += u->pages;
		break;
	case MMSCOPE_CLASS_KERNEL_IMAGE:
	case MMSCOPE_CLASS_MEMMAP:
	case MMSCOPE_CLASS_RESERVED:
		rec->reserved_pages += u->pages;
		break;
	default:
		rec->kernel_pages += u->pages;
		break;
	}
}

static void add_piece(struct mmscope_fold *f, const struct mmscope_piece *u, u32 clearing)
{
	struct census_walk *x = census_of(f);

	switch (clearing) {
	case MMSCOPE_CLEARING_COMPACT:
		add_movable(&x->rec, u);
		break;
	case MMSCOPE_CLEARING_NOT:
		add_unmovable(&x->rec, u);
		x->class[u->class] += u->pages;
		break;
	case MMSCOPE_CLEARING_RECLAIM:
		x->class[u->class] += u->pages;
		break;
	}
}

/* Who has most of what cannot be moved? */
static void find_polluter(struct census_walk *x)
{
	u32 i;

	x->rec.polluter = MMSCOPE_CLASS_FREE;
	x->rec.polluter_pages = 0;
	for (i = 0; i < MMSCOPE_NR_CLASSES; i++) {
		if (x->class[i] > x->rec.polluter_pages) {
			x->rec.polluter = i;
			x->rec.polluter_pages = x->class[i];
		}
	}
}

/* Blocks that are isolated or reserved at the moment are neither clean nor polluted. */
static u32 purity(const struct mmscope_block *b)
{
	const u64 *pages = b->pages;

	switch (b->migratetype) {
	case MIGRATE_MOVABLE:
#ifdef CONFIG_CMA
	case MIGRATE_CMA:
#endif
		return pages[MMSCOPE_CLEARING_NOT] || pages[MMSCOPE_CLEARING_RECLAIM] ?
		       MMSCOPE_CENSUS_POLLUTED : 0;
	case MIGRATE_UNMOVABLE:
	case MIGRATE_RECLAIMABLE:
		return pages[MMSCOPE_CLEARING_COMPACT] ? MMSCOPE_CENSUS_STRAY : 0;
	default:
		return 0;
	}
}

static int emit_block(struct mmscope_fold *f)
{
	struct census_walk *x = census_of(f);
	const struct mmscope_block *b = &f->block;
	struct mmscope_walk *w = f->sweep.w;
	struct mmscope_census *rec = &x->rec;

	if (w->cursor.pos >= b->end)
		return 0;
	if (b->pages[MMSCOPE_CLEARING_HOLE] == pageblock_nr_pages)
		return mmscope_skip(w, b->end);
	rec->pfn = ALIGN_DOWN(b->start, pageblock_nr_pages);
	rec->node = b->node;
	rec->zone = b->zone;
	rec->migratetype = b->migratetype;
	rec->pages = pageblock_nr_pages - b->pages[MMSCOPE_CLEARING_HOLE];
	rec->free_pages = b->pages[MMSCOPE_CLEARING_FREE];
	rec->reclaimable_pages = b->pages[MMSCOPE_CLEARING_RECLAIM];
	if (!mmscope_slab_names_known()) {
		rec->reclaimable_pages = MMSCOPE_UNKNOWN;
		rec->slab_pages = MMSCOPE_UNKNOWN;
	}
	rec->huge_pages = b->pages[MMSCOPE_CLEARING_HUGE];
	rec->flags = purity(b) |
		     (b->pages[MMSCOPE_CLEARING_HOLE] ? MMSCOPE_CENSUS_PARTIAL : 0);
	find_polluter(x);
	return mmscope_emit(w, rec, b->end);
}

static int census_walk(struct mmscope_walk *w)
{
	struct census_walk *x = w->priv;
	struct mmscope_fold *f = &x->fold;

	if (!f->done) {
		f->begin = begin_block;
		f->add = add_piece;
		f->done = emit_block;
		f->sweep.parts = MMSCOPE_OVERLAY_KERNEL | MMSCOPE_OVERLAY_BOOT;
		mmscope_mover_init(&f->mover, pageblock_order);
	}
	return mmscope_fold(f, w, w->cursor.pos);
}

static void census_end(struct mmscope_walk *w)
{
	struct census_walk *x = w->priv;

	mmscope_fold_free(&x->fold);
}

static const struct mmscope_name flag_names[] = {
	{ MMSCOPE_CENSUS_PARTIAL, "partial" },
	{ MMSCOPE_CENSUS_POLLUTED, "polluted" },
	{ MMSCOPE_CENSUS_STRAY, "stray" },
};

static MMSCOPE_NAMES(census_flag_names, flag_names);

static const struct mmscope_field_def census_fields[] = {
	FIELD(struct mmscope_census, pfn, PFN, "first page frame of the pageblock"),
	MORE(struct mmscope_census, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_census, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_CLASS(struct mmscope_census, migratetype, ENUM, &mmscope_migratetype_names,
		    "what is to be allocated from it"),
	FIELD_FLAGS(struct mmscope_census, flags, &census_flag_names,
		    "polluted: Movable, but holds what cannot be moved; stray: the opposite"),
	MORE(struct mmscope_census, pages, PAGES, "frames of this zone in it that are RAM"),
	FIELD(struct mmscope_census, free_pages, PAGES, "free, also on per-CPU lists"),
	FIELD(struct mmscope_census, anon_pages, PAGES, "movable: anonymous"),
	FIELD(struct mmscope_census, file_pages, PAGES, "movable: page cache"),
	MORE(struct mmscope_census, shmem_pages, PAGES, "movable: shmem, tmpfs"),
	MORE(struct mmscope_census, other_movable_pages, PAGES,
	     "movable: zsmalloc, balloon, in flight"),
	MORE(struct mmscope_census, reclaimable_pages, PAGES, "slab that a shrinker may free"),
	MORE(struct mmscope_census, huge_pages, PAGES, "in huge pages as large as the block"),
	MORE(struct mmscope_census, slab_pages, PAGES, "unmovable: slab"),
	MORE(struct mmscope_census, pagetable_pages, PAGES, "unmovable: page tables"),
	MORE(struct mmscope_census, user_pages, PAGES,
	     "unmovable: pinned, or of a file system that cannot move them now"),
	MORE(struct mmscope_census, kernel_pages, PAGES, "unmovable: the kernel's, other"),
	MORE(struct mmscope_census, reserved_pages, PAGES,
	     "unmovable: taken at boot: kernel image, memory map, firmware"),
	MORE(struct mmscope_census, dirty_pages, PAGES,
	     "of the movable ones, dirty or under writeback"),
	MORE(struct mmscope_census, unevictable_pages, PAGES,
	     "of the movable ones, mlocked or unevictable"),
	FIELD_ENUM(struct mmscope_census, polluter, &mmscope_class_names,
		   "class with the most frames here that cannot be moved; free: there are none"),
	FIELD(struct mmscope_census, polluter_pages, PAGES, "how many; 0: there are none"),
};

static const struct mmscope_need census_needs[] = { MMSCOPE_FOLD_NEEDS, { } };

const struct mmscope_dataset mmscope_census = {
	.name = "census",
	.help = "what is in each pageblock: free, movable, reclaimable, unmovable",
	.id = MMSCOPE_DS_CENSUS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_census),
	.priv_size = sizeof(struct census_walk),
	.fields = census_fields,
	.nr_fields = ARRAY_SIZE(census_fields),
	.needs = census_needs,
	.walk = census_walk,
	.end = census_end,
};

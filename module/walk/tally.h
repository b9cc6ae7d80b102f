/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contiguity in numbers: TLB entries of some schemes, counted by the pages that
 * each covers, in bounded memory.
 */
#ifndef _MMSCOPE_TALLY_H
#define _MMSCOPE_TALLY_H

#include <linux/bitmap.h>
#include <linux/types.h>

#include <linux/mmscope.h>

struct mmscope_names;

/* lengths counted in an array */
#define MMSCOPE_TALLY_SMALL	4096

/* anchors stand at distances of 2^1 to 2^16 pages */
#define MMSCOPE_ANCHOR_ORDERS	16

/* of which lengths are counted; anchors last, one for each distance */
enum mmscope_tally_id {
	MMSCOPE_TALLY_VMA,
	MMSCOPE_TALLY_VIRTUAL,
	MMSCOPE_TALLY_RANGE,
	MMSCOPE_TALLY_OFFSET,
	MMSCOPE_TALLY_ANCHOR,
	MMSCOPE_NR_TALLIES = MMSCOPE_TALLY_ANCHOR + MMSCOPE_ANCHOR_ORDERS,
};

/**
 * struct mmscope_tally - how many entries there are of each length in pages
 * @count: by length, up to @room
 * @room: longest length in @count
 * @top: longest one that is there
 * @entries: all of them, also those that are not in @count
 * @full: anchors too far apart for @count: entries of the full distance
 * @first: index of the first longer one in the list that VMA and total share
 * @there: which lengths there are in @count
 */
struct mmscope_tally {
	u32 *count;
	u32 room;
	u32 top;
	u64 entries;
	u64 full;
	u32 first;
	DECLARE_BITMAP(there, MMSCOPE_TALLY_SMALL + 1);
};

/* lengths beyond mmscope_tally.room, one by one */
struct mmscope_long_runs {
	u64 *pages;
	u32 room;
	u32 nr;
	bool cut;
};

/* pages that share one distance between virtual page and frame */
struct mmscope_offset {
	u64 offset;
	u64 pages;
	u32 slot;
};

/**
 * struct mmscope_tallies - all of a walk
 * @vma: of the VMA under the walk
 * @total: of all that are done
 * @longs: by tally
 * @lone_pages: by distance, added up when the VMA is done: pages of runs without
 *              an anchor at this distance or a longer one
 * @nr_offsets: how many there are in @offsets
 * @offsets_cut: of this VMA: there were more
 * @offsets_lost: of some VMA there were more
 * @offsets: of this VMA
 * @slots: hash into @offsets, index + 1
 * @counts: memory of the counts
 */
struct mmscope_tallies {
	struct mmscope_tally vma[MMSCOPE_NR_TALLIES];
	struct mmscope_tally total[MMSCOPE_NR_TALLIES];
	struct mmscope_long_runs longs[MMSCOPE_NR_TALLIES];
	u64 lone_pages[MMSCOPE_ANCHOR_ORDERS];
	u32 nr_offsets;
	bool offsets_cut;
	bool offsets_lost;
	struct mmscope_offset *offsets;
	u16 *slots;
	u32 *counts;
};

int mmscope_tallies_init(struct mmscope_tallies *t, u64 pages);
void mmscope_tallies_free(struct mmscope_tallies *t);
void mmscope_tally_add(struct mmscope_tallies *t, u32 id, u64 pages, u32 nr);
void mmscope_tally_range(struct mmscope_tallies *t, u64 page, u64 pages);
void mmscope_tally_offset(struct mmscope_tallies *t, u64 offset, u64 pages);
void mmscope_tallies_vma(struct mmscope_tallies *t, u64 pages);
void mmscope_tallies_cover(struct mmscope_tallies *t, bool total,
			   struct mmscope_contiguity *rec);
void mmscope_tallies_next(struct mmscope_tallies *t);

/**
 * mmscope_tally_lone - mmscope_tally_range() for runs of one page
 * @t: the tallies
 * @pages: how many
 */
static inline void mmscope_tally_lone(struct mmscope_tallies *t, u32 pages)
{
	mmscope_tally_add(t, MMSCOPE_TALLY_RANGE, 1, pages);
	t->lone_pages[0] += pages;
}

extern const struct mmscope_names mmscope_scheme_names;
extern const struct mmscope_names mmscope_run_order_names;

#endif /* _MMSCOPE_TALLY_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Contiguity in numbers: how many TLB entries a scheme would need, and how much
 * the best of them would cover. The schemes are defined at struct
 * mmscope_contiguity.
 *
 * All that matters of an entry is how many pages it covers. So entries are
 * counted by that: lengths up to SMALL pages in an array, the few longer ones
 * one by one in a list. This holds for the VMA under the walk; when it is done
 * its counts are added to those of the process, which has the same list. Of
 * anchors there are such counts for every distance. The memory is bounded:
 * where it does not suffice the answer is "unknown" and never a guess.
 *
 * No locks: nothing of the kernel is read here.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "../mmscope.h"
#include "tally.h"

/* ------------------------------------------------------------------- names */

static const struct mmscope_name schemes[] = {
	{ MMSCOPE_SCHEME_VMA, "vma" },
	{ MMSCOPE_SCHEME_VIRTUAL, "virtual" },
	{ MMSCOPE_SCHEME_RANGE, "range" },
	{ MMSCOPE_SCHEME_ANCHOR, "anchor" },
	{ MMSCOPE_SCHEME_OFFSET, "offset" },
};

MMSCOPE_NAMES(mmscope_scheme_names, schemes);

static const struct mmscope_name run_orders[] = {
	{ 0, "1" }, { 1, "2" }, { 2, "4" }, { 3, "8" }, { 4, "16" }, { 5, "32" }, { 6, "64" },
	{ 7, "128" }, { 8, "256" }, { 9, "512" }, { 10, "1K" }, { 11, "2K" }, { 12, "4K" },
	{ 13, "8K" }, { 14, "16K" }, { 15, "32K" }, { 16, "64K" }, { 17, "128K" },
	{ 18, "256K" }, { 19, "512K" }, { 20, "1M" }, { 21, "2M" }, { 22, "4M" }, { 23, "8M" },
	{ 24, "16M" }, { 25, "32M" }, { 26, "64M" }, { 27, "128M" }, { 28, "256M" },
	{ 29, "512M" }, { 30, "1G" }, { 31, "2G" },
};

MMSCOPE_NAMES(mmscope_run_order_names, run_orders);

#define SMALL		MMSCOPE_TALLY_SMALL
/* longer ones in a list: at 4K pages, enough for 256 GiB or more */
#define LONG_RUNS	16384
#define OFFSET_BITS	14

/* a list is there for what can be too long for its array */
static bool has_longs(u32 id)
{
	return id < MMSCOPE_TALLY_ANCHOR || (2U << (id - MMSCOPE_TALLY_ANCHOR)) > SMALL;
}

static u32 room_of(u32 id)
{
	return id < MMSCOPE_TALLY_ANCHOR ? SMALL :
	       min(2U << (id - MMSCOPE_TALLY_ANCHOR), SMALL);
}

static int alloc_tallies(struct mmscope_tallies *t, u64 pages)
{
	const u32 longs = min_t(u64, LONG_RUNS, 64 + 2 * pages / SMALL);
	u32 id, room = 0, used = 0;

	BUILD_BUG_ON(MMSCOPE_OFFSETS_MAX >= 1 << OFFSET_BITS);
	for (id = 0; id < MMSCOPE_NR_TALLIES; id++)
		room += room_of(id) + 1;
	t->counts = kvcalloc(2 * room, sizeof(*t->counts), GFP_KERNEL);
	t->offsets = kvmalloc_array(MMSCOPE_OFFSETS_MAX, sizeof(*t->offsets), GFP_KERNEL);
	t->slots = kvcalloc(1 << OFFSET_BITS, sizeof(*t->slots), GFP_KERNEL);
	if (!t->counts || !t->offsets || !t->slots)
		return -ENOMEM;
	for (id = 0; id < MMSCOPE_NR_TALLIES; id++) {
		t->vma[id].room = room_of(id);
		t->vma[id].count = t->counts + used;
		t->total[id].room = room_of(id);
		t->total[id].count = t->counts + room + used;
		used += room_of(id) + 1;
		if (!has_longs(id))
			continue;
		t->longs[id].room = longs;
		t->longs[id].pages = kvmalloc_array(longs, sizeof(u64), GFP_KERNEL);
		if (!t->longs[id].pages)
			return -ENOMEM;
	}
	return 0;
}

/**
 * mmscope_tallies_init - begin
 * @t: zeroes
 * @pages: size of the address space, which may grow
 *
 * Return: 0; -ENOMEM, then nothing was done: who reads text may try again.
 */
int mmscope_tallies_init(struct mmscope_tallies *t, u64 pages)
{
	int err = alloc_tallies(t, pages);

	if (err)
		mmscope_tallies_free(t);
	return err;
}

/**
 * mmscope_tallies_free - undo mmscope_tallies_init(), also half of it
 * @t: the tallies; zeroes afterwards
 */
void mmscope_tallies_free(struct mmscope_tallies *t)
{
	u32 id;

	for (id = 0; id < MMSCOPE_NR_TALLIES; id++)
		kvfree(t->longs[id].pages);
	kvfree(t->slots);
	kvfree(t->offsets);
	kvfree(t->counts);
	memset(t, 0, sizeof(*t));
}

/**
 * mmscope_tally_add - entries of the VMA under the walk
 * @t: the tallies
 * @id: which
 * @pages: how many each covers
 * @nr: entries
 */
void mmscope_tally_add(struct mmscope_tallies *t, u32 id, u64 pages, u32 nr)
{
	struct mmscope_long_runs *longs = &t->longs[id];
	struct mmscope_tally *v = &t->vma[id];

	v->entries += nr;
	if (pages <= v->room) {
		v->count[pages] += nr;
		v->top = max_t(u32, v->top, pages);
		v->there[BIT_WORD(pages)] |= BIT_MASK(pages);
		return;
	}
	for (; nr; nr--) {
		if (longs->nr == longs->room) {
			longs->cut = true;
			return;
		}
		longs->pages[longs->nr++] = pages;
	}
}

/* a run at one distance: what is before its first anchor goes page by page */
static void add_anchors(struct mmscope_tallies *t, u32 order, u64 before, u64 pages)
{
	const u32 id = MMSCOPE_TALLY_ANCHOR + order - 1;
	const u64 distance = 1ULL << order, rest = pages - before;

	if (before)
		mmscope_tally_add(t, id, 1, before);
	if (rest >= distance && distance > SMALL) {
		t->vma[id].full += rest >> order;
		t->vma[id].entries += rest >> order;
	} else if (rest >= distance) {
		mmscope_tally_add(t, id, distance, rest >> order);
	}
	if (rest & (distance - 1))
		mmscope_tally_add(t, id, rest & (distance - 1), 1);
}

/**
 * mmscope_tally_range - a run of pages with frames that follow each other
 * @t: the tallies
 * @page: number of its first virtual page
 * @pages: its length
 */
void mmscope_tally_range(struct mmscope_tallies *t, u64 page, u64 pages)
{
	u32 order;

	mmscope_tally_add(t, MMSCOPE_TALLY_RANGE, pages, 1);
	for (order = 1; order <= MMSCOPE_ANCHOR_ORDERS; order++) {
		u64 before = -page & ((1ULL << order) - 1);

		/* farther apart there is none in it either */
		if (before >= pages) {
			t->lone_pages[order - 1] += pages;
			return;
		}
		add_anchors(t, order, before, pages);
	}
}

/**
 * mmscope_tally_offset - some pages, by the distance from their frames
 * @t: the tallies
 * @offset: virtual page - frame
 * @pages: how many
 */
void mmscope_tally_offset(struct mmscope_tallies *t, u64 offset, u64 pages)
{
	const u32 mask = (1 << OFFSET_BITS) - 1;
	u32 slot = hash_64(offset, OFFSET_BITS);
	struct mmscope_offset *o;

	if (t->offsets_cut)
		return;
	for (; t->slots[slot]; slot = (slot + 1) & mask) {
		o = &t->offsets[t->slots[slot] - 1];
		if (o->offset == offset) {
			o->pages += pages;
			return;
		}
	}
	if (t->nr_offsets == MMSCOPE_OFFSETS_MAX) {
		t->offsets_cut = true;
		t->offsets_lost = true;
		return;
	}
	t->offsets[t->nr_offsets++] = (struct mmscope_offset){ offset, pages, slot };
	t->slots[slot] = t->nr_offsets;
}

/**
 * mmscope_tallies_vma - the VMA under the walk is done
 * @t: the tallies
 * @pages: of the VMA that are mapped
 */
void mmscope_tallies_vma(struct mmscope_tallies *t, u64 pages)
{
	u64 lone = 0;
	u32 i;

	if (pages)
		mmscope_tally_add(t, MMSCOPE_TALLY_VMA, pages, 1);
	for (i = 0; i < t->nr_offsets; i++) {
		mmscope_tally_add(t, MMSCOPE_TALLY_OFFSET, t->offsets[i].pages, 1);
		t->slots[t->offsets[i].slot] = 0;
	}
	t->nr_offsets = 0;
	for (i = 0; i < MMSCOPE_ANCHOR_ORDERS; i++) {
		lone += t->lone_pages[i];
		t->lone_pages[i] = 0;
		if (lone)
			mmscope_tally_add(t, MMSCOPE_TALLY_ANCHOR + i, 1, lone);
	}
}

/**
 * mmscope_tallies_next - add the VMA that is done to the total, and begin anew
 * @t: the tallies
 */
void mmscope_tallies_next(struct mmscope_tallies *t)
{
	unsigned long len;
	u32 id;

	for (id = 0; id < MMSCOPE_NR_TALLIES; id++) {
		struct mmscope_tally *v = &t->vma[id], *total = &t->total[id];

		for_each_set_bit(len, v->there, v->top + 1) {
			total->count[len] += v->count[len];
			v->count[len] = 0;
			total->there[BIT_WORD(len)] |= BIT_MASK(len);
		}
		bitmap_zero(v->there, SMALL + 1);
		total->top = max(total->top, v->top);
		total->entries += v->entries;
		total->full += v->full;
		v->top = 0;
		v->entries = 0;
		v->full = 0;
		v->first = t->longs[id].nr;
	}
	t->offsets_cut = false;
}

/* ------------------------------------------------------------------ coverage */

/* what the longest entries cover, as they are counted from the longest on */
struct cover {
	u64 target80;
	u64 target90;
	u64 target99;
	u64 entries;
	u64 pages;
	u32 scheme;
	struct mmscope_contiguity *rec;
};

static void reach(const struct cover *c, u64 *entries, u64 target, u64 pages, u64 nr)
{
	if (c->pages < target && target <= c->pages + nr * pages)
		*entries = c->entries + DIV_ROUND_UP(target - c->pages, pages);
}

static void fill(const struct cover *c, u64 *covered, u64 room, u64 pages, u64 nr)
{
	if (c->entries < room)
		*covered += min(nr, room - c->entries) * pages;
}

static void cover_with(struct cover *c, u64 pages, u64 nr)
{
	struct mmscope_contiguity *rec = c->rec;
	u32 i = c->scheme;

	reach(c, &rec->n80[i], c->target80, pages, nr);
	reach(c, &rec->n90[i], c->target90, pages, nr);
	reach(c, &rec->n99[i], c->target99, pages, nr);
	fill(c, &rec->pages32[i], 32, pages, nr);
	fill(c, &rec->pages64[i], 64, pages, nr);
	fill(c, &rec->pages128[i], 128, pages, nr);
	fill(c, &rec->pages256[i], 256, pages, nr);
	c->entries += nr;
	c->pages += nr * pages;
}

static int longest_first(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x > *y ? -1 : *x < *y;
}

static void unknown_scheme(struct mmscope_contiguity *rec, u32 i)
{
	rec->entries[i] = MMSCOPE_UNKNOWN;
	rec->n80[i] = MMSCOPE_UNKNOWN;
	rec->n90[i] = MMSCOPE_UNKNOWN;
	rec->n99[i] = MMSCOPE_UNKNOWN;
	rec->pages32[i] = MMSCOPE_UNKNOWN;
	rec->pages64[i] = MMSCOPE_UNKNOWN;
	rec->pages128[i] = MMSCOPE_UNKNOWN;
	rec->pages256[i] = MMSCOPE_UNKNOWN;
}

/* the next shorter one that is there, or 0 */
static u32 previous_length(const struct mmscope_tally *c, u32 len)
{
	u32 next = find_last_bit(c->there, len);

	return next < len ? next : 0;
}

static void cover_scheme(struct mmscope_tallies *t, bool total, u32 scheme, u32 id,
			 struct mmscope_contiguity *rec)
{
	const struct mmscope_tally *c = total ? &t->total[id] : &t->vma[id];
	struct mmscope_long_runs *longs = &t->longs[id];
	struct cover cover = {
		.target80 = DIV_ROUND_UP(rec->mapped_pages * 80, 100),
		.target90 = DIV_ROUND_UP(rec->mapped_pages * 90, 100),
		.target99 = DIV_ROUND_UP(rec->mapped_pages * 99, 100),
		.scheme = scheme,
		.rec = rec,
	};
	u32 i;

	if (longs->cut) {
		unknown_scheme(rec, scheme);
		return;
	}
	if (c->full)
		cover_with(&cover, 2ULL << (id - MMSCOPE_TALLY_ANCHOR), c->full);
	sort(longs->pages + c->first, longs->nr - c->first, sizeof(u64), longest_first, NULL);
	for (i = c->first; i < longs->nr; i++)
		cover_with(&cover, longs->pages[i], 1);
	for (i = c->top; i; i = previous_length(c, i))
		cover_with(&cover, i, c->count[i]);
	rec->entries[scheme] = cover.entries;
}

/* the distance that needs the fewest entries, of several the shortest */
static u32 best_anchor(const struct mmscope_tallies *t, bool total)
{
	u64 least = ~0ULL;
	u32 i, best = 0;

	for (i = 0; i < MMSCOPE_ANCHOR_ORDERS; i++) {
		u32 id = MMSCOPE_TALLY_ANCHOR + i;
		u64 entries = total ? t->total[id].entries : t->vma[id].entries;

		if (entries >= least)
			continue;
		least = entries;
		best = i;
	}
	return best;
}

static void distribution(const struct mmscope_tallies *t, bool total, u32 id, u64 *pages)
{
	const struct mmscope_tally *c = total ? &t->total[id] : &t->vma[id];
	const struct mmscope_long_runs *longs = &t->longs[id];
	unsigned long i;

	if (longs->cut) {
		for (i = 0; i < MMSCOPE_NR_RUN_ORDERS; i++)
			pages[i] = MMSCOPE_UNKNOWN;
		return;
	}
	for_each_set_bit(i, c->there, c->top + 1)
		pages[ilog2(i)] += (u64)i * c->count[i];
	for (i = c->first; i < longs->nr; i++)
		pages[min_t(u32, ilog2(longs->pages[i]), MMSCOPE_NR_RUN_ORDERS - 1)] +=
			longs->pages[i];
}

/**
 * mmscope_tallies_cover - entries of each scheme, and what the best of them cover
 * @t: the tallies
 * @total: of all VMAs; else of the one that is done, before mmscope_tallies_next()
 * @rec: mapped_pages is set
 */
void mmscope_tallies_cover(struct mmscope_tallies *t, bool total,
			   struct mmscope_contiguity *rec)
{
	u32 anchor = best_anchor(t, total), i;
	bool anchors_cut = false;

	for (i = 0; i < MMSCOPE_ANCHOR_ORDERS; i++)
		anchors_cut |= t->longs[MMSCOPE_TALLY_ANCHOR + i].cut;
	rec->anchor_pages = anchors_cut ? MMSCOPE_UNKNOWN : 2ULL << anchor;
	cover_scheme(t, total, MMSCOPE_SCHEME_VMA, MMSCOPE_TALLY_VMA, rec);
	cover_scheme(t, total, MMSCOPE_SCHEME_VIRTUAL, MMSCOPE_TALLY_VIRTUAL, rec);
	cover_scheme(t, total, MMSCOPE_SCHEME_RANGE, MMSCOPE_TALLY_RANGE, rec);
	if (anchors_cut)
		unknown_scheme(rec, MMSCOPE_SCHEME_ANCHOR);
	else
		cover_scheme(t, total, MMSCOPE_SCHEME_ANCHOR, MMSCOPE_TALLY_ANCHOR + anchor, rec);
	if (total ? t->offsets_lost : t->offsets_cut)
		unknown_scheme(rec, MMSCOPE_SCHEME_OFFSET);
	else
		cover_scheme(t, total, MMSCOPE_SCHEME_OFFSET, MMSCOPE_TALLY_OFFSET, rec);
	distribution(t, total, MMSCOPE_TALLY_VIRTUAL, rec->virtual_runs);
	distribution(t, total, MMSCOPE_TALLY_RANGE, rec->range_runs);
}

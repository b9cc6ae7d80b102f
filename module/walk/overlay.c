// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of page frames that struct page does not tell.
 *
 * The collectors hand over runs of frames in any order, here they are sorted.
 * Memory is bounded: when there are too many runs the lower half is kept and
 * the overlay ends where the upper half began. Who merges it with a sweep
 * builds the next overlay there.
 *
 * Locks: none; the collectors tell theirs.
 *
 * Staleness: what the overlay says was so at a moment while it was built. A
 * frame may have gone to another owner since, so who uses it looks first at
 * what struct page says now.
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../mmscope.h"
#include "collect.h"

/* 4 MiB */
#define MAX_RUNS	(256 * 1024)
/* 2.5 MiB; beyond it each class has one more, which stands for all others */
#define MAX_OWNERS	(32 * 1024)
#define INDEX_SLOTS	(2 * MAX_OWNERS)
#define OTHERS		"..."
/* between two points where others may run */
#define SORT_STEPS	4096

/**
 * mmscope_grow - make room in an array
 * @array: pointer to the pointer
 * @room: elements it has room for, updated
 * @max: most elements it may have
 * @size: of an element
 *
 * Return: 0; -ENOSPC if it has @max; -ENOMEM.
 */
int mmscope_grow(void *array, u32 *room, u32 max, size_t size)
{
	u32 more = min(max, *room ? 2 * *room : 256);
	void **old = array;
	void *new;

	if (*room >= max)
		return -ENOSPC;
	new = kvmalloc_array(more, size, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	memcpy(new, *old, *room * size);
	kvfree(*old);
	*old = new;
	*room = more;
	return 0;
}

/* ------------------------------------------------------------------- owners */

static bool is_owner(const struct mmscope_overlay_owner *owner, u32 class, u64 id,
		     const char *name)
{
	return owner->class == class && owner->id == id &&
	       !strncmp(owner->name, name, sizeof(owner->name) - 1);
}

/* the slot of an owner, or the empty one where it belongs */
static u16 *find_slot(struct mmscope_collect *c, u32 class, u64 id, const char *name)
{
	size_t len = strnlen(name, sizeof(c->o->owners->name) - 1);
	u32 slot = jhash(name, len, class ^ (u32)id) % INDEX_SLOTS;

	while (c->index[slot] && !is_owner(&c->o->owners[c->index[slot] - 1], class, id, name))
		slot = (slot + 1) % INDEX_SLOTS;
	return &c->index[slot];
}

/* Index the owners that are there already. */
static void index_owners(struct mmscope_collect *c)
{
	const struct mmscope_overlay_owner *owner = c->o->owners;
	u32 i;

	for (i = 0; i < c->o->nr_owners; i++, owner++)
		*find_slot(c, owner->class, owner->id, owner->name) = i + 1;
}

static int new_owner(struct mmscope_collect *c, u16 *slot, u32 class, u64 id, const char *name)
{
	struct mmscope_overlay *o = c->o;
	struct mmscope_overlay_owner *owner;
	int err;

	if (o->nr_owners == o->room_owners) {
		err = mmscope_grow(&o->owners, &o->room_owners, MAX_OWNERS + MMSCOPE_NR_CLASSES,
				   sizeof(*o->owners));
		if (err)
			return err;
	}
	owner = &o->owners[o->nr_owners++];
	owner->class = class;
	owner->id = id;
	strscpy_pad(owner->name, name, sizeof(owner->name));
	*slot = o->nr_owners;
	return *slot - 1;
}

/**
 * mmscope_collect_owner - the index of an owner
 * @c: the collection
 * @class: enum mmscope_class
 * @id: pid, 0: none
 * @name: of the owner, or empty
 *
 * Return: the index; -ENOMEM. When there are too many owners, that of an owner
 * who stands for all others of the class.
 */
int mmscope_collect_owner(struct mmscope_collect *c, u32 class, u64 id, const char *name)
{
	u16 *slot = find_slot(c, class, id, name);

	if (*slot)
		return *slot - 1;
	if (c->o->nr_owners < MAX_OWNERS)
		return new_owner(c, slot, class, id, name);
	slot = find_slot(c, class, 0, OTHERS);
	return *slot ? *slot - 1 : new_owner(c, slot, class, 0, OTHERS);
}

/* --------------------------------------------------------------------- runs */

/* of two who claim a frame the one with the more particular knowledge is believed */
static u32 rank(u32 class)
{
	switch (class) {
	case MMSCOPE_CLASS_KERNEL_IMAGE:
	case MMSCOPE_CLASS_MEMMAP:
		return 0;
	case MMSCOPE_CLASS_PERCPU:
	case MMSCOPE_CLASS_KERNEL_STACK:
		return 1;
	case MMSCOPE_CLASS_KERNEL_PAGETABLE:
	case MMSCOPE_CLASS_PAGETABLE:
		return 2;
	case MMSCOPE_CLASS_MODULE:
		return 3;
	default:
		return 4;
	}
}

/* owners found first win, so of processes that share tables the one with the lowest pid */
static bool goes_before(const struct mmscope_overlay *o, const struct mmscope_overlay_run *x,
			const struct mmscope_overlay_run *y)
{
	u32 x_rank, y_rank;

	if (x->pfn != y->pfn)
		return x->pfn < y->pfn;
	x_rank = rank(o->owners[x->owner].class);
	y_rank = rank(o->owners[y->owner].class);
	return x_rank != y_rank ? x_rank < y_rank : x->owner < y->owner;
}

/* Shell's sort, for which no memory is needed and no call for each comparison. */
static void sort_runs(struct mmscope_overlay *o)
{
	struct mmscope_overlay_run *runs = o->runs;
	u32 gap, i, j;

	for (gap = o->nr_runs; gap > 1;) {
		gap = max(gap * 4 / 9, 1U);
		for (i = gap; i < o->nr_runs; i++) {
			const struct mmscope_overlay_run run = runs[i];

			for (j = i; j >= gap && goes_before(o, &run, &runs[j - gap]); j -= gap)
				runs[j] = runs[j - gap];
			runs[j] = run;
			if (!(i % SORT_STEPS))
				cond_resched();
		}
	}
}

static u64 run_end(const struct mmscope_overlay_run *run)
{
	return run->pfn + run->pages;
}

/* Add a run to its neighbour if they are one. */
static bool join(struct mmscope_overlay_run *run, u64 pfn, u64 pages, u32 owner)
{
	if (run->owner != owner || run_end(run) != pfn || run->pages + pages > U32_MAX)
		return false;
	run->pages += pages;
	return true;
}

/* Sort the runs, make them disjoint, join neighbours. */
static void settle(struct mmscope_overlay *o)
{
	u32 i, nr = 0;

	sort_runs(o);
	for (i = 0; i < o->nr_runs; i++) {
		struct mmscope_overlay_run run = o->runs[i];
		u64 done = nr ? run_end(&o->runs[nr - 1]) : 0;

		if (run_end(&run) <= done)
			continue;
		if (run.pfn < done) {
			run.pages -= done - run.pfn;
			run.pfn = done;
		}
		if (!nr || !join(&o->runs[nr - 1], run.pfn, run.pages, run.owner))
			o->runs[nr++] = run;
	}
	o->nr_runs = nr;
}

/* Room for one more run, if need be at the cost of the upper half. */
static int make_room(struct mmscope_overlay *o)
{
	int err;

	if (o->nr_runs < o->room_runs)
		return 0;
	err = mmscope_grow(&o->runs, &o->room_runs, MAX_RUNS, sizeof(*o->runs));
	if (err != -ENOSPC)
		return err;
	settle(o);
	if (o->nr_runs > MAX_RUNS / 4 * 3) {
		o->nr_runs = MAX_RUNS / 2;
		o->end = o->runs[o->nr_runs].pfn;
	}
	return 0;
}

/**
 * mmscope_collect_wants - is any of these frames in the range of the overlay
 * @c: the collection
 * @pfn: the first
 * @pages: how many
 */
bool mmscope_collect_wants(const struct mmscope_collect *c, u64 pfn, u64 pages)
{
	return pfn < c->o->end && pfn + pages > c->o->start;
}

/**
 * mmscope_collect_run - somebody owns these frames
 * @c: the collection
 * @pfn: the first; what is out of the range of the overlay is dropped
 * @pages: how many
 * @owner: from mmscope_collect_owner()
 *
 * Sleeps.
 *
 * Return: 0, -ENOMEM.
 */
int mmscope_collect_run(struct mmscope_collect *c, u64 pfn, u64 pages, u32 owner)
{
	struct mmscope_overlay *o = c->o;
	struct mmscope_overlay_run *run;
	u64 end;
	int err;

	err = make_room(o);
	if (err)
		return err;
	end = min(pfn + pages, o->end);
	pfn = max(pfn, o->start);
	if (pfn >= end)
		return 0;
	if (o->nr_runs && join(&o->runs[o->nr_runs - 1], pfn, end - pfn, owner))
		return 0;
	run = &o->runs[o->nr_runs++];
	run->pfn = pfn;
	run->pages = min_t(u64, end - pfn, U32_MAX);
	run->owner = owner;
	return 0;
}

/**
 * mmscope_collect_frames - these frames are of that owner
 * @c: the collection
 * @pfn: the first
 * @pages: how many
 * @class: enum mmscope_class
 * @id: as for mmscope_collect_owner()
 * @name: likewise
 *
 * Return: 0, -ENOMEM.
 */
int mmscope_collect_frames(struct mmscope_collect *c, u64 pfn, u64 pages, u32 class, u64 id,
			   const char *name)
{
	int owner;

	if (!mmscope_collect_wants(c, pfn, pages))
		return 0;
	owner = mmscope_collect_owner(c, class, id, name);
	if (owner < 0)
		return owner;
	return mmscope_collect_run(c, pfn, pages, owner);
}

/* ------------------------------------------------------------------ overlay */

static int collect(struct mmscope_collect *c)
{
	int err = 0;

	if (c->parts & MMSCOPE_OVERLAY_BOOT)
		err = mmscope_collect_boot(c);
	if (!err && (c->parts & MMSCOPE_OVERLAY_KERNEL)) {
		err = mmscope_vmap_read(c->w, &c->vmap, false);
		if (!err)
			err = mmscope_collect_stacks(c);
	}
	if (!err && (c->parts & (MMSCOPE_OVERLAY_KERNEL | MMSCOPE_OVERLAY_BOOT)))
		err = mmscope_collect_kernel_tables(c);
	if (!err && (c->parts & MMSCOPE_OVERLAY_TABLES))
		err = mmscope_collect_process_tables(c);
	return err;
}

/**
 * mmscope_overlay_build - collect who owns the frames from one on
 * @w: the request; its lock holds are timed
 * @o: the overlay; what was in it is dropped
 * @start: the first frame
 * @parts: enum mmscope_overlay_parts
 *
 * Sleeps. The overlay covers @o->start to @o->end; if @o->end is not ~0 there
 * were too many runs, and another overlay is to be built there: in that the
 * owners keep their numbers. A part that this kernel does not tell is absent.
 *
 * Return: 0; -ENOMEM; -EINTR when the reader was killed.
 */
int mmscope_overlay_build(struct mmscope_walk *w, struct mmscope_overlay *o, u64 start,
			  u32 parts)
{
	struct mmscope_collect c = { .w = w, .o = o, .parts = parts };
	int err = -ENOMEM;

	o->nr_runs = 0;
	o->place = 0;
	o->known_end = 0;
	if (start < o->end)
		o->nr_owners = 0;
	o->start = start;
	o->end = ~0ULL;
	c.index = kvcalloc(INDEX_SLOTS, sizeof(*c.index), GFP_KERNEL);
	if (c.index) {
		index_owners(&c);
		err = collect(&c);
	}
	kvfree(c.vmap.areas);
	kvfree(c.index);
	if (err)
		o->nr_runs = 0;
	settle(o);
	return err;
}

/* the last run that begins at or before a frame, 0 if there is none */
static u32 find_run(const struct mmscope_overlay *o, u64 pfn)
{
	u32 low = 0, high = o->nr_runs;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (o->runs[middle].pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : 0;
}

/* Is this the run that find_run() would find? */
static bool is_place(const struct mmscope_overlay *o, u32 i, u64 pfn)
{
	return i < o->nr_runs && o->runs[i].pfn <= pfn &&
	       (i + 1 == o->nr_runs || o->runs[i + 1].pfn > pfn);
}

/**
 * mmscope_overlay_look - look for the owner of a frame, and how far it is that
 * @o: the overlay; what is known is updated
 * @pfn: the frame
 */
void mmscope_overlay_look(struct mmscope_overlay *o, u64 pfn)
{
	const struct mmscope_overlay_run *run;
	u32 i = o->place;

	o->known_start = pfn;
	o->known_end = ~0ULL;
	o->known_run = NULL;
	if (!o->nr_runs)
		return;
	if (!is_place(o, i, pfn))
		i = is_place(o, i + 1, pfn) ? i + 1 : find_run(o, pfn);
	o->place = i;
	run = &o->runs[i];
	if (pfn < run->pfn) {
		o->known_end = run->pfn;
	} else if (pfn < run_end(run)) {
		o->known_end = run_end(run);
		o->known_run = run;
	} else if (i + 1 < o->nr_runs) {
		o->known_end = run[1].pfn;
	}
}

/**
 * mmscope_overlay_free - drop all
 * @o: the overlay, empty afterwards
 */
void mmscope_overlay_free(struct mmscope_overlay *o)
{
	kvfree(o->runs);
	kvfree(o->owners);
	memset(o, 0, sizeof(*o));
}

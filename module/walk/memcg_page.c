// SPDX-License-Identifier: GPL-2.0
/*
 * memcg_pages: what is charged to which cgroup, page frames by class, from one sweep.
 *
 * Locks, staleness: as sweep.c and memcg.c. A cgroup is told when the first of its pages
 * of a class is met; a page that loses its charge at that moment counts as charged to
 * none. Pages of slab caches are charged to none: their objects are, one by one.
 *
 * All records of an answer are of one sweep as long as the walk lasts. Positions are the
 * serial number of the cgroup's controller and the class. Memory: an entry for each class
 * of what a cgroup has, ENTRIES_MAX of them at most; what there is no room for is summed
 * up by class.
 *
 * Sources: struct page, by sweep.c; page->memcg_data, by memcg.c.
 */
#include <linux/mm.h>
#include <linux/sort.h>

#include "frame.h"
#include "keyed.h"
#include "memcg.h"
#include "mmscope.h"
#include "sweep.h"

#define ENTRIES_MAX	(128 * 1024)
#define CLASS_BITS	6
/* of those there was no room for: behind all that there can be */
#define OTHERS_SERIAL	(~0ULL >> (CLASS_BITS + 1))
/* kernel addresses have ones there */
#define KEY_SHIFT	58

static_assert(MMSCOPE_NR_CLASSES <= 1 << CLASS_BITS);

/**
 * struct charged - pages of one class that are charged to one cgroup
 * @key: memcg_data, with the class; several may be of one cgroup
 * @id: the cgroup
 * @class: enum mmscope_class
 * @pages: frames
 * @dirty: of these
 * @writeback: of these
 * @unevictable: of these
 */
struct charged {
	unsigned long key;
	struct mmscope_memcg_id id;
	u32 class;
	u64 pages;
	u64 dirty;
	u64 writeback;
	u64 unevictable;
};

/**
 * struct charge_walk - scratch of a walk
 * @sweep: over the frames
 * @table: entries by key
 * @others: those there was no room for, by class
 * @order: all that have pages, by position
 * @nr: how many
 * @done: the sweep is over
 */
struct charge_walk {
	struct mmscope_sweep sweep;
	struct mmscope_keyed table;
	struct charged others[MMSCOPE_NR_CLASSES];
	struct charged **order;
	u32 nr;
	bool done;
};

static u64 position(const struct charged *c)
{
	return c->id.serial << CLASS_BITS | c->class;
}

static struct charged *find_entry(struct charge_walk *x, const struct mmscope_piece *u,
				  unsigned long memcg)
{
	struct charged *c;
	bool added;

	c = mmscope_keyed_find(&x->table, memcg ^ (unsigned long)u->class << KEY_SHIFT, &added);
	if (!added)
		return c;
	c->class = u->class;
	if (memcg)
		mmscope_memcg_of(u->head, &c->id);
	return c;
}

static int count_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct charge_walk *x = container_of(s, struct charge_walk, sweep);
	unsigned long memcg = u->memcg;
	struct charged *c;

	if (memcg && compat_memcg_data(u->head) != memcg) {
		s->w->torn++;
		memcg = 0;
	}
	c = find_entry(x, u, memcg);
	if (!c && !mmscope_keyed_full(&x->table))
		return -ENOSPC;
	if (!c)
		c = &x->others[u->class];
	c->pages += u->pages;
	if (mmscope_frame_has(u->flags, PG_dirty))
		c->dirty += u->pages;
	if (mmscope_frame_has(u->flags, PG_writeback))
		c->writeback += u->pages;
	if (mmscope_frame_has(u->flags, PG_unevictable))
		c->unevictable += u->pages;
	return 0;
}

static int by_position(const void *a, const void *b)
{
	const struct charged *x = *(const struct charged *const *)a;
	const struct charged *y = *(const struct charged *const *)b;

	return position(x) < position(y) ? -1 : position(x) > position(y);
}

/* Entries of one cgroup and class become one. */
static void merge(struct charge_walk *x)
{
	u32 i, nr = 0;

	for (i = 0; i < x->nr; i++) {
		struct charged *c = x->order[i], *last = nr ? x->order[nr - 1] : NULL;

		if (!last || position(last) != position(c)) {
			x->order[nr++] = c;
			continue;
		}
		last->pages += c->pages;
		last->dirty += c->dirty;
		last->writeback += c->writeback;
		last->unevictable += c->unevictable;
	}
	x->nr = nr;
}

static int put_in_order(struct charge_walk *x)
{
	u32 i;

	x->order = kvmalloc_array(x->table.nr + ARRAY_SIZE(x->others), sizeof(*x->order),
				  GFP_KERNEL);
	if (!x->order)
		return -ENOMEM;
	for (i = 0; i < x->table.nr; i++)
		x->order[x->nr++] = mmscope_keyed_at(&x->table, i);
	for (i = 0; i < ARRAY_SIZE(x->others); i++) {
		struct charged *c = &x->others[i];

		if (!c->pages)
			continue;
		c->id.serial = OTHERS_SERIAL;
		c->id.ino = MMSCOPE_UNKNOWN;
		c->id.online = MMSCOPE_UNKNOWN;
		c->class = i;
		x->order[x->nr++] = c;
	}
	sort(x->order, x->nr, sizeof(*x->order), by_position, NULL);
	merge(x);
	return 0;
}

static void free_tables(struct charge_walk *x)
{
	mmscope_sweep_free(&x->sweep);
	mmscope_keyed_free(&x->table);
	kvfree(x->order);
	*x = (struct charge_walk){ };
}

static int sweep_charges(struct mmscope_walk *w)
{
	struct charge_walk *x = w->priv;
	int ret;

	/* a sweep that was interrupted begins again */
	free_tables(x);
	x->sweep.w = w;
	x->sweep.unit = count_unit;
	x->sweep.parts = MMSCOPE_OVERLAY_ALL;
	x->table.size = sizeof(struct charged);
	x->table.max = ENTRIES_MAX;
	ret = mmscope_keyed_sweep(&x->table, &x->sweep);
	if (!ret)
		ret = put_in_order(x);
	if (!ret)
		x->done = true;
	return ret;
}

static int emit_charged(struct mmscope_walk *w, const struct charged *c)
{
	struct mmscope_memcg_page rec = {
		.memcg = c->id.ino,
		.online_memcg = c->id.online,
		.state = c->id.dying ? MMSCOPE_MEMCG_DYING : MMSCOPE_MEMCG_ONLINE,
		.page_class = c->class,
		.pages = c->pages,
		.dirty_pages = c->dirty,
		.writeback_pages = c->writeback,
		.unevictable_pages = c->unevictable,
	};

	return mmscope_emit(w, &rec, position(c) + 1);
}

static int charge_walk(struct mmscope_walk *w)
{
	struct charge_walk *x = w->priv;
	int ret = 0;
	u32 i;

	if (!x->done)
		ret = sweep_charges(w);
	for (i = 0; !ret && i < x->nr; i++)
		if (position(x->order[i]) >= w->cursor.pos)
			ret = emit_charged(w, x->order[i]);
	return ret;
}

static void charge_end(struct mmscope_walk *w)
{
	free_tables(w->priv);
}

static const struct mmscope_field_def charge_fields[] = {
	FIELD(struct mmscope_memcg_page, memcg, ID, "inode of the cgroup, 0: charged to none"),
	MORE(struct mmscope_memcg_page, online_memcg, ID,
	     "inode of its first ancestor that is not removed, or itself"),
	FIELD_ENUM(struct mmscope_memcg_page, state, &mmscope_memcg_state_names,
		   "dying: removed, and kept by these pages"),
	FIELD_PAGE_CLASS(struct mmscope_memcg_page,
			 "what the frames are; slab is charged by the object, to none here"),
	FIELD(struct mmscope_memcg_page, pages, PAGES, "frames"),
	FIELD(struct mmscope_memcg_page, dirty_pages, PAGES, "of these, to be written"),
	MORE(struct mmscope_memcg_page, writeback_pages, PAGES, "of these, being written"),
	MORE(struct mmscope_memcg_page, unevictable_pages, PAGES,
	     "of these, that reclaim cannot take"),
};

static const struct mmscope_need charge_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_memcg_pages = {
	.name = "memcg_pages",
	.help = "page frames by class and the cgroup that they are charged to",
	.id = MMSCOPE_DS_MEMCG_PAGES,
	.flags = MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_memcg_page),
	.priv_size = sizeof(struct charge_walk),
	.fields = charge_fields,
	.nr_fields = ARRAY_SIZE(charge_fields),
	.needs = charge_needs,
	.off = mmscope_memcg_off,
	.walk = charge_walk,
	.end = charge_end,
};

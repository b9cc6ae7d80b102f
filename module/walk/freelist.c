// SPDX-License-Identifier: GPL-2.0
/*
 * The one bounded stepper through free_area[order].free_list[migratetype].
 *
 * Locks: zone->lock, interrupts off, for one batch of blocks; the batch shrinks
 * and grows with the measured time of the holds. The caller holds the memory
 * hotplug lock for reading, so that the struct page of a remembered place stays.
 *
 * Between two holds the place is a pfn. Under the lock again, a page of this
 * zone that is PageBuddy with the same order is on one of the zone's lists of
 * that order; which one, the list head tells that the walk ends at. When it is
 * another list's, what the last hold gave is discarded and the list begun again.
 *
 * Staleness: blocks come and go between two holds, so some may be missed. A
 * block that was allocated and freed again meanwhile is back at another place
 * of the list: the fingerprint of its predecessor tells in nearly all cases, and
 * what follows is marked as perhaps repeated.
 *
 * Sources: zone->free_area[].free_list[], page->buddy_list, page->private.
 */
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "freelist.h"
#include "zone.h"

/* places tried, newest first, before a list is begun again */
#define ANCHORS 16

/*
 * A place in a cursor: pfn + 1, fingerprint, restarts, whether blocks may repeat.
 * No physical address has more than 56 bits, no pfn more than 44.
 */
#define PLACE_BITS	48
#define BEFORE_BITS	11
#define RESTART_BITS	4

static_assert(MAX_NUMNODES * MAX_NR_ZONES <= 1 << (MMSCOPE_LIST_ID_BITS - 8));
static_assert(MIGRATE_TYPES <= 16);
static_assert(MMSCOPE_LIST_RESTARTS + 1 < 1 << RESTART_BITS);
static_assert(PLACE_BITS + BEFORE_BITS + RESTART_BITS + 1 == 64);

/**
 * mmscope_freelist_find - the first list that is wanted
 * @q: the query, whose filters apply
 * @id: where to begin to look, from anywhere
 *
 * Return: its id, at least @id; MMSCOPE_NO_LIST if there is none.
 */
u32 mmscope_freelist_find(const struct mmscope_query *q, u32 id)
{
	while (id >> 8 < mmscope_nr_zones()) {
		struct zone *zone = mmscope_zone_at(id >> 8);
		u32 order = id >> 4 & 15;

		if (!zone || order >= mmscope_nr_orders ||
		    (q->node != MMSCOPE_ANY && q->node != zone_to_nid(zone)) ||
		    (q->zone != MMSCOPE_ANY && q->zone != zone_idx(zone)))
			id = ((id >> 8) + 1) << 8;
		else if ((id & 15) >= MIGRATE_TYPES ||
			 (q->class_mask && !(q->class_mask >> order & 1)))
			id = ((id >> 4) + 1) << 4;
		else
			return id;
	}
	return MMSCOPE_NO_LIST;
}

/**
 * mmscope_freelist_hint - the place after the last block visited, for a cursor
 * @l: the list
 *
 * Return: what mmscope_freelist_begin() takes.
 */
u64 mmscope_freelist_hint(const struct mmscope_freelist *l)
{
	u64 hint = l->state & MMSCOPE_LIST_REPEAT ? 1 : 0;

	hint = hint << RESTART_BITS | l->restarts;
	hint = hint << BEFORE_BITS | l->before;
	return hint << PLACE_BITS | l->place;
}

/**
 * mmscope_freelist_begin - go to a place of a list
 * @l: the list
 * @id: as mmscope_freelist_find() gave it, now: its zone is there
 * @index: how many blocks were visited already
 * @hint: the place, from mmscope_freelist_hint() or anywhere; 0: the head
 *
 * Coming back to where @l was left, what it remembers stays of use.
 */
void mmscope_freelist_begin(struct mmscope_freelist *l, u32 id, u64 index, u64 hint)
{
	if (!hint || l->id != id || mmscope_freelist_hint(l) != hint)
		l->nr = 0;
	l->zone = &NODE_DATA((id >> 8) / MAX_NR_ZONES)->node_zones[(id >> 8) % MAX_NR_ZONES];
	l->id = id;
	l->order = id >> 4 & 15;
	l->migratetype = id & 15;
	l->index = index;
	l->place = hint & GENMASK_ULL(PLACE_BITS - 1, 0);
	hint >>= PLACE_BITS;
	l->before = hint & GENMASK_ULL(BEFORE_BITS - 1, 0);
	hint >>= BEFORE_BITS;
	l->restarts = min_t(u32, hint & GENMASK_ULL(RESTART_BITS - 1, 0),
			    MMSCOPE_LIST_RESTARTS + 1);
	l->state = hint >> RESTART_BITS ? MMSCOPE_LIST_REPEAT : 0;
	l->done = false;
	if (!l->batch)
		l->batch = MMSCOPE_BATCH_FIRST;
}

/*
 * Any head of this order's lists, not only ours: it lies in struct zone, and
 * must not be taken for the list_head of a page.
 */
static bool is_head(const struct free_area *area, const struct list_head *entry)
{
	return entry >= area->free_list && entry < area->free_list + MIGRATE_TYPES;
}

/* never 0: that stands for the list head */
static u32 fingerprint(unsigned long pfn)
{
	return hash_64(pfn, BEFORE_BITS) ?: 1;
}

static u32 fingerprint_before(const struct free_area *area, const struct list_head *entry)
{
	if (is_head(area, entry->prev))
		return 0;
	return fingerprint(page_to_pfn(list_entry(entry->prev, struct page, buddy_list)));
}

/* where to go on from, under the lock; NULL if the place is lost */
static const struct list_head *find_place(struct mmscope_walk *w, struct mmscope_freelist *l,
					  const struct free_area *area, struct page *page)
{
	if (!l->place)
		return &area->free_list[l->migratetype];
	if (!page || page_zone(page) != l->zone || !PageBuddy(page) ||
	    page_private(page) != l->order)
		return NULL;
	if (fingerprint_before(area, &page->buddy_list) != l->before) {
		l->state |= MMSCOPE_LIST_TORN | MMSCOPE_LIST_REPEAT;
		w->torn++;
	}
	return &page->buddy_list;
}

/* Note up to @max blocks after a place. False: it was on another list than ours. */
static bool visit(struct mmscope_freelist *l, const struct free_area *area,
		  const struct list_head *entry, u32 max)
{
	u32 nr = 0;

	while (!is_head(area, entry->next) && nr < max) {
		entry = entry->next;
		l->pfn[nr++] = page_to_pfn(list_entry(entry, struct page, buddy_list));
	}
	if (is_head(area, entry->next)) {
		if (entry->next != &area->free_list[l->migratetype])
			return false;
		l->done = true;
	}
	l->nr = nr;
	if (nr) {
		l->place = l->pfn[nr - 1] + 1;
		l->before = fingerprint_before(area, entry);
	}
	return true;
}

enum outcome {
	VISITED,
	LOST,		/* the place is on no list of this order; l->pfn[] is untouched */
	ANOTHER_LIST,
};

static enum outcome hold(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max)
{
	const struct free_area *area = &l->zone->free_area[l->order];
	struct page *page = l->place ? pfn_to_online_page(l->place - 1) : NULL;
	enum outcome outcome = LOST;
	const struct list_head *entry;
	unsigned long flags;
	u64 began, ns;

	spin_lock_irqsave(&l->zone->lock, flags);
	began = mmscope_lock_begin();
	entry = find_place(w, l, area, page);
	if (entry)
		outcome = visit(l, area, entry, max) ? VISITED : ANOTHER_LIST;
	ns = mmscope_lock_end(w, began);
	spin_unlock_irqrestore(&l->zone->lock, flags);

	if (ns > MMSCOPE_LOCK_TARGET_NS)
		l->batch = max_t(u32, l->batch / 2, MMSCOPE_BATCH_MIN);
	else if (ns < MMSCOPE_LOCK_TARGET_NS / 2 && outcome == VISITED && l->nr == l->batch)
		l->batch = min_t(u32, l->batch * 2, MMSCOPE_BATCH_MAX);
	return outcome;
}

/*
 * The place is lost: the block was allocated or merged. The blocks visited
 * before it are places as well, and if one is found, newest first, those
 * between are off the list too and nothing is repeated.
 */
static enum outcome hold_at_anchor(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max)
{
	u32 oldest = l->nr > ANCHORS ? l->nr - ANCHORS : 1;
	enum outcome outcome = LOST;
	u32 i;

	for (i = l->nr; i-- > oldest && outcome == LOST;) {
		l->place = l->pfn[i] + 1;
		l->before = fingerprint(l->pfn[i - 1]);
		outcome = hold(w, l, max);
	}
	if (outcome == VISITED) {
		l->state |= MMSCOPE_LIST_TORN;
		w->torn++;
	}
	return outcome;
}

static void go_to_head(struct mmscope_freelist *l)
{
	l->place = 0;
	l->before = 0;
	l->state |= MMSCOPE_LIST_REPEAT;
}

/*
 * Does this list change too fast to be followed? Blocks cannot be more than the
 * zone has room for, once for each time it was begun.
 */
static bool hopeless(const struct mmscope_freelist *l)
{
	u64 most = READ_ONCE(l->zone->spanned_pages) >> l->order;

	return l->restarts > MMSCOPE_LIST_RESTARTS || l->index > most * (l->restarts + 1);
}

/**
 * mmscope_freelist_step - visit the next blocks of a list in one lock hold
 * @w: the walk
 * @l: the list, not @done
 * @max: visit no more than these
 *
 * The blocks are in @l->pfn, @l->nr of them; none does not mean the end. When
 * the list had to be begun again there are none, and @l->restarts has grown.
 * Never takes more than MMSCOPE_LIST_RESTARTS + 1 of these: then the list is
 * done with, after one last block with MMSCOPE_LIST_CUT set.
 *
 * Context: process context, memory hotplug lock held, no spinlock.
 */
void mmscope_freelist_step(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max)
{
	bool give_up = hopeless(l);
	enum outcome outcome;

	l->state &= ~MMSCOPE_LIST_TORN;
	if (give_up) {
		go_to_head(l);
		max = 1;
	}
	max = min(max, l->batch);
	outcome = hold(w, l, max);
	if (outcome == LOST)
		outcome = hold_at_anchor(w, l, max);
	if (outcome != VISITED) {
		go_to_head(l);
		l->nr = 0;
		l->restarts++;
		w->restarts++;
	}
	if (give_up) {
		l->state |= MMSCOPE_LIST_CUT;
		l->done = true;
	}
	l->index += l->nr;
}

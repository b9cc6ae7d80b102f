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
 * Staleness: blocks come and go between two holds, so some may be missed; see
 * list_step.c for those that may repeat.
 *
 * Sources: zone->free_area[].free_list[], page->buddy_list, page->private.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "freelist.h"
#include "zone.h"

static_assert(MAX_NUMNODES * MAX_NR_ZONES <= 1 << (MMSCOPE_LIST_ID_BITS - 8));
static_assert(MIGRATE_TYPES <= 16);

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
 * mmscope_freelist_begin - go to a place of a list
 * @l: the list
 * @id: as mmscope_freelist_find() gave it, now: its zone is there
 * @index: how many blocks were visited already
 * @hint: the place, from mmscope_list_hint() or anywhere; 0: the head
 *
 * Coming back to where @l was left, what it remembers stays of use.
 */
void mmscope_freelist_begin(struct mmscope_freelist *l, u32 id, u64 index, u64 hint)
{
	bool same = hint && l->id == id && mmscope_list_hint(&l->at) == hint;

	l->zone = &NODE_DATA((id >> 8) / MAX_NR_ZONES)->node_zones[(id >> 8) % MAX_NR_ZONES];
	l->id = id;
	l->order = id >> 4 & 15;
	l->migratetype = id & 15;
	mmscope_list_begin(&l->at, same, index, hint);
}

/*
 * Any head of this order's lists, not only ours: it lies in struct zone, and
 * must not be taken for the list_head of a page.
 */
static bool is_head(const struct free_area *area, const struct list_head *entry)
{
	return entry >= area->free_list && entry < area->free_list + MIGRATE_TYPES;
}

static u32 fingerprint_before(const struct free_area *area, const struct list_head *entry)
{
	if (is_head(area, entry->prev))
		return 0;
	return mmscope_list_fingerprint(page_to_pfn(list_entry(entry->prev, struct page,
							       buddy_list)));
}

/* where to go on from, under the lock; NULL if the place is lost */
static const struct list_head *find_place(struct mmscope_walk *w, struct mmscope_freelist *l,
					  const struct free_area *area, struct page *page)
{
	if (!l->at.place)
		return &area->free_list[l->migratetype];
	if (!page || page_zone(page) != l->zone || !PageBuddy(page) ||
	    page_private(page) != l->order)
		return NULL;
	if (fingerprint_before(area, &page->buddy_list) != l->at.before)
		mmscope_list_may_repeat(w, &l->at);
	return &page->buddy_list;
}

/* Note up to @max blocks after a place. False: it was on another list than ours. */
static bool visit(struct mmscope_freelist *l, const struct free_area *area,
		  const struct list_head *entry, u32 max)
{
	struct mmscope_list_step *at = &l->at;
	u32 nr = 0;

	while (!is_head(area, entry->next) && nr < max) {
		entry = entry->next;
		at->pfn[nr++] = page_to_pfn(list_entry(entry, struct page, buddy_list));
	}
	if (is_head(area, entry->next)) {
		if (entry->next != &area->free_list[l->migratetype])
			return false;
		at->done = true;
	}
	at->nr = nr;
	if (nr) {
		at->place = at->pfn[nr - 1] + 1;
		at->before = fingerprint_before(area, entry);
	}
	return true;
}

static enum mmscope_list_outcome hold(struct mmscope_walk *w, struct mmscope_list_step *at,
				      u32 max)
{
	struct mmscope_freelist *l = container_of(at, struct mmscope_freelist, at);
	const struct free_area *area = &l->zone->free_area[l->order];
	struct page *page = at->place ? pfn_to_online_page(at->place - 1) : NULL;
	enum mmscope_list_outcome outcome = MMSCOPE_LIST_LOST;
	const struct list_head *entry;
	unsigned long flags;
	u64 began, ns;

	spin_lock_irqsave(&l->zone->lock, flags);
	began = mmscope_lock_begin();
	entry = find_place(w, l, area, page);
	if (entry)
		outcome = visit(l, area, entry, max) ? MMSCOPE_LIST_VISITED : MMSCOPE_LIST_ANOTHER;
	ns = mmscope_lock_end(w, began);
	spin_unlock_irqrestore(&l->zone->lock, flags);
	mmscope_list_adapt(at, outcome, ns);
	return outcome;
}

/**
 * mmscope_freelist_step - visit the next blocks of a list in one lock hold
 * @w: the walk
 * @l: the list, its place not done
 * @max: visit no more than these
 *
 * As mmscope_list_step(): the blocks are in @l->at.
 *
 * Context: process context, memory hotplug lock held, no spinlock.
 */
void mmscope_freelist_step(struct mmscope_walk *w, struct mmscope_freelist *l, u32 max)
{
	mmscope_list_step(w, &l->at, hold, READ_ONCE(l->zone->spanned_pages) >> l->order, max);
}

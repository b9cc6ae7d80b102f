// SPDX-License-Identifier: GPL-2.0
/*
 * The one bounded stepper through lruvec->lists[] and lrugen.folios[][][], from the
 * end that reclaim takes from.
 *
 * Locks: lruvec->lru_lock, interrupts off, for one batch of folios; the batch
 * shrinks and grows with the measured time of the holds. The caller holds the
 * memory hotplug lock for reading and a reference on the memory cgroup.
 *
 * Between two holds the place is a pfn. Under the lock again, a page with PG_lru
 * that is charged to this cgroup on this node is on one of the lists of this lruvec,
 * and its flags tell on which. Of generations they tell where it belongs: a folio
 * found young stays where it is until reclaim comes to it. So only a folio that is
 * where it belongs is a place to go on from, and what was visited after the last
 * one of a batch is visited again in the next. As in freelist.c the head that the
 * walk ends at tells whether it was the list that it should be.
 *
 * Staleness: folios come and go between two holds, so some may be missed; see
 * list_step.c for those that may repeat.
 *
 * The unevictable list is none: those pages keep something else in page->lru.
 *
 * Sources: members of struct lruvec, page->lru, page->flags, page->memcg_data.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "frame.h"
#include "lru_list.h"

/* what a hint has of the oldest generation: its low bits */
#define BASE_BITS	MMSCOPE_LIST_SPARE_BITS

static_assert(MMSCOPE_LRU_GENS <= 1 << (BASE_BITS - 1));

/* ------------------------------------------------------------------ which list */

/**
 * mmscope_lru_list_base - the oldest generation when the way through lists began
 * @lruvec: the lists
 * @hint: from mmscope_lru_list_hint(), or anywhere; 0: it begins now
 */
u64 mmscope_lru_list_base(const struct lruvec *lruvec, u64 hint)
{
	struct mmscope_generations g;
	u64 oldest, low = hint >> (64 - BASE_BITS);

	mmscope_generations(lruvec, &g);
	oldest = min(g.min[0], g.min[1]);
	return hint ? oldest - min_t(u64, (oldest - low) & ((1 << BASE_BITS) - 1), oldest) : oldest;
}

#ifdef CONFIG_LRU_GEN
static bool begin_generation(struct mmscope_lru_stepper *l)
{
	u32 at = l->slot - MMSCOPE_LRU_SLOT_GENS;
	u32 type = at / MAX_NR_ZONES % 2;
	struct mmscope_generations g;

	l->seq = l->base + at / (2 * MAX_NR_ZONES);
	l->zone = MAX_NR_ZONES - 1 - at % MAX_NR_ZONES;
	l->list = type ? MMSCOPE_LRU_GEN_FILE : MMSCOPE_LRU_GEN_ANON;
	l->head = &l->v.lruvec->lrugen.folios[lru_gen_from_seq(l->seq)][type][l->zone];
	mmscope_generations(l->v.lruvec, &g);
	return l->seq >= g.min[type] && l->seq <= g.max;
}

static bool is_generation_head(const struct lruvec *lruvec, const struct list_head *entry)
{
	const struct list_head *heads = &lruvec->lrugen.folios[0][0][0];

	return entry >= heads &&
	       entry < heads + sizeof(lruvec->lrugen.folios) / sizeof(*heads);
}

/* Has the list been given to another generation? */
static bool recycled(const struct mmscope_lru_stepper *l)
{
	struct mmscope_generations g;

	if (l->seq == MMSCOPE_UNKNOWN)
		return false;
	mmscope_generations(l->v.lruvec, &g);
	return l->seq < g.min[l->list == MMSCOPE_LRU_GEN_FILE] || l->seq > g.max;
}

/* the list that a page of these lists is on, or will be moved to, by its flags */
static const struct list_head *list_of(const struct lruvec *lruvec, struct page *page)
{
	struct folio *folio = (struct folio *)page;
	int gen = folio_lru_gen(folio);

	if (folio_test_unevictable(folio))
		return NULL;
	if (gen < 0)
		return &lruvec->lists[folio_lru_list(folio)];
	return &lruvec->lrugen.folios[gen][folio_is_file_lru(folio)][page_zonenum(page)];
}

/**
 * mmscope_lru_page_generation - where a page's flags say that it belongs
 * @l: the list it was found on
 * @flags: its page->flags
 *
 * Return: number of the generation; MMSCOPE_UNKNOWN: a classic list.
 */
u64 mmscope_lru_page_generation(const struct mmscope_lru_stepper *l, unsigned long flags)
{
	u32 gen = (flags & LRU_GEN_MASK) >> LRU_GEN_PGOFF;
	struct mmscope_generations g;

	if (!gen)
		return MMSCOPE_UNKNOWN;
	mmscope_generations(l->v.lruvec, &g);
	return g.max - min_t(u64, (g.max - (gen - 1)) % MAX_NR_GENS, g.max);
}
#else
static bool begin_generation(struct mmscope_lru_stepper *l)
{
	return false;
}

static bool is_generation_head(const struct lruvec *lruvec, const struct list_head *entry)
{
	return false;
}

static bool recycled(const struct mmscope_lru_stepper *l)
{
	return false;
}

static const struct list_head *list_of(const struct lruvec *lruvec, struct page *page)
{
	struct folio *folio = (struct folio *)page;

	return folio_test_unevictable(folio) ? NULL : &lruvec->lists[folio_lru_list(folio)];
}

u64 mmscope_lru_page_generation(const struct mmscope_lru_stepper *l, unsigned long flags)
{
	return MMSCOPE_UNKNOWN;
}
#endif

static void begin_classic(struct mmscope_lru_stepper *l)
{
	static const u32 lists[] = {
		LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, LRU_ACTIVE_ANON, LRU_ACTIVE_FILE,
	};

	l->list = lists[l->slot < MMSCOPE_LRU_SLOT_GENS ? l->slot :
			2 + l->slot - MMSCOPE_LRU_SLOT_ACTIVE];
	l->head = &l->v.lruvec->lists[l->list];
	l->seq = MMSCOPE_UNKNOWN;
}

/**
 * mmscope_lru_list_hint - the place after the last folio visited, for a cursor
 * @l: the list
 *
 * Return: what mmscope_lru_list_begin() takes.
 */
u64 mmscope_lru_list_hint(const struct mmscope_lru_stepper *l)
{
	return l->base << (64 - BASE_BITS) | mmscope_list_hint(&l->at);
}

/**
 * mmscope_lru_list_begin - go to a place of a list
 * @l: the list
 * @v: whose it is
 * @slot: number of the list, below MMSCOPE_LRU_SLOTS
 * @index: how many folios were visited already
 * @hint: the place, from mmscope_lru_list_hint() or anywhere; 0: the head, and the
 *	  way through the lists of @v begins
 *
 * Coming back to where @l was left, what it remembers stays of use.
 *
 * Return: false if there is no such list now, or it is empty.
 */
bool mmscope_lru_list_begin(struct mmscope_lru_stepper *l, const struct mmscope_lruvec *v, u32 slot,
			    u64 index, u64 hint)
{
	bool same = hint && l->v.lruvec == v->lruvec && l->slot == slot &&
		    mmscope_lru_list_hint(l) == hint;

	l->v = *v;
	l->slot = slot;
	l->base = mmscope_lru_list_base(v->lruvec, hint);
	mmscope_list_begin(&l->at, same, index, hint);
	if (slot < MMSCOPE_LRU_SLOT_GENS || slot >= MMSCOPE_LRU_SLOT_ACTIVE)
		begin_classic(l);
	else if (!begin_generation(l))
		return false;
	return !list_empty(l->head);
}

/* ------------------------------------------------------------------ the walk */

/* any head of these lists, not only ours: it must not be taken for that of a page */
static bool is_head(const struct lruvec *lruvec, const struct list_head *entry)
{
	return (entry >= lruvec->lists && entry < lruvec->lists + NR_LRU_LISTS) ||
	       is_generation_head(lruvec, entry);
}

/* reclaim goes from the tail to the head */
static u32 fingerprint_before(const struct lruvec *lruvec, const struct list_head *entry)
{
	if (is_head(lruvec, entry->next))
		return 0;
	return mmscope_list_fingerprint(page_to_pfn(list_entry(entry->next, struct page, lru)));
}

/* where to go on from, under the lock; NULL if the place is lost */
static const struct list_head *find_place(struct mmscope_walk *w, struct mmscope_lru_stepper *l,
					  struct page *page)
{
	if (!l->at.place)
		return l->head;
	if (!page || compat_is_tail(page) || !(mmscope_frame_flags(page) >> PG_lru & 1) ||
	    !mmscope_lruvec_owns(&l->v, page) || list_of(l->v.lruvec, page) != l->head)
		return NULL;
	if (fingerprint_before(l->v.lruvec, &page->lru) != l->at.before)
		mmscope_list_may_repeat(w, &l->at);
	return &page->lru;
}

/* Note up to @max folios after a place. False: it was on another list than ours. */
static bool visit(struct mmscope_lru_stepper *l, const struct list_head *entry, u32 max)
{
	const struct lruvec *lruvec = l->v.lruvec;
	const struct list_head *place = NULL;
	struct mmscope_list_step *at = &l->at;
	u32 nr = 0, kept = 0;

	while (!is_head(lruvec, entry->prev) && nr < max) {
		struct page *page;

		entry = entry->prev;
		page = list_entry(entry, struct page, lru);
		at->pfn[nr] = page_to_pfn(page);
		l->flags[nr++] = mmscope_frame_flags(page);
		if (list_of(lruvec, page) == l->head) {
			place = entry;
			kept = nr;
		}
	}
	if (is_head(lruvec, entry->prev)) {
		if (entry->prev != l->head)
			return false;
		at->done = true;
	} else if (kept) {
		/* what follows the last good place is for the next hold */
		nr = kept;
	}
	at->nr = nr;
	if (place) {
		at->place = at->pfn[kept - 1] + 1;
		at->before = fingerprint_before(lruvec, place);
	}
	return true;
}

static enum mmscope_list_outcome hold(struct mmscope_walk *w, struct mmscope_list_step *at,
				      u32 max)
{
	struct mmscope_lru_stepper *l = container_of(at, struct mmscope_lru_stepper, at);
	struct page *page = at->place ? pfn_to_online_page(at->place - 1) : NULL;
	enum mmscope_list_outcome outcome = MMSCOPE_LIST_LOST;
	const struct list_head *entry;
	unsigned long flags;
	u64 began, ns;

	spin_lock_irqsave(&l->v.lruvec->lru_lock, flags);
	began = mmscope_lock_begin();
	entry = find_place(w, l, page);
	if (entry)
		outcome = visit(l, entry, max) ? MMSCOPE_LIST_VISITED : MMSCOPE_LIST_ANOTHER;
	ns = mmscope_lock_end(w, began);
	spin_unlock_irqrestore(&l->v.lruvec->lru_lock, flags);
	mmscope_list_adapt(at, outcome, ns);
	return outcome;
}

/**
 * mmscope_lru_list_step - visit the next folios of a list in one lock hold
 * @w: the walk
 * @l: the list, its place not done
 * @max: visit no more than these
 *
 * As mmscope_list_step(): the folios are in @l->at. The list is also done with when the
 * kernel has given it to another generation.
 *
 * Context: process context, memory hotplug lock held, no spinlock.
 */
void mmscope_lru_list_step(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max)
{
	if (recycled(l)) {
		l->at.state &= ~MMSCOPE_LIST_TORN;
		l->at.nr = 0;
		l->at.done = true;
		w->torn++;
		return;
	}
	mmscope_list_step(w, &l->at, hold, READ_ONCE(NODE_DATA(l->v.nid)->node_spanned_pages), max);
}

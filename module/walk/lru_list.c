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
 * Staleness: folios come and go between two holds, so some may be missed. One that
 * left the list and came back meanwhile is at another place of it: the fingerprint
 * of its predecessor tells in nearly all cases, and what follows is marked as
 * perhaps repeated.
 *
 * The unevictable list is none: those pages keep something else in page->lru.
 *
 * Sources: members of struct lruvec, page->lru, page->flags, page->memcg_data.
 */
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "frame.h"
#include "lru_list.h"

/* places tried, newest first, before a list is begun again */
#define ANCHORS 16

/*
 * A place in a cursor: pfn + 1, fingerprint, restarts, whether folios may repeat,
 * and the low bits of the oldest generation. No pfn has more than 44 bits.
 */
#define PLACE_BITS	45
#define BEFORE_BITS	11
#define RESTART_BITS	4
#define BASE_BITS	3

static_assert(MMSCOPE_LRU_RESTARTS + 1 < 1 << RESTART_BITS);
static_assert(MMSCOPE_LRU_GENS <= 1 << (BASE_BITS - 1));
static_assert(PLACE_BITS + BEFORE_BITS + RESTART_BITS + 1 + BASE_BITS == 64);

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
	u64 hint = l->base & ((1 << BASE_BITS) - 1);

	hint = hint << 1 | (l->state & MMSCOPE_LIST_REPEAT ? 1 : 0);
	hint = hint << RESTART_BITS | l->restarts;
	hint = hint << BEFORE_BITS | l->before;
	return hint << PLACE_BITS | l->place;
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

	if (!same)
		l->nr = 0;
	l->v = *v;
	l->slot = slot;
	l->base = mmscope_lru_list_base(v->lruvec, hint);
	l->index = index;
	l->place = hint & GENMASK_ULL(PLACE_BITS - 1, 0);
	hint >>= PLACE_BITS;
	l->before = hint & GENMASK_ULL(BEFORE_BITS - 1, 0);
	hint >>= BEFORE_BITS;
	l->restarts = min_t(u32, hint & GENMASK_ULL(RESTART_BITS - 1, 0),
			    MMSCOPE_LRU_RESTARTS + 1);
	hint >>= RESTART_BITS;
	l->state = hint & 1 ? MMSCOPE_LIST_REPEAT : 0;
	l->done = false;
	if (!l->batch)
		l->batch = MMSCOPE_LRU_BATCH_FIRST;
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

/* never 0: that stands for the list head */
static u32 fingerprint(unsigned long pfn)
{
	return hash_64(pfn, BEFORE_BITS) ?: 1;
}

/* reclaim goes from the tail to the head */
static u32 fingerprint_before(const struct lruvec *lruvec, const struct list_head *entry)
{
	if (is_head(lruvec, entry->next))
		return 0;
	return fingerprint(page_to_pfn(list_entry(entry->next, struct page, lru)));
}

/* where to go on from, under the lock; NULL if the place is lost */
static const struct list_head *find_place(struct mmscope_walk *w, struct mmscope_lru_stepper *l,
					  struct page *page)
{
	if (!l->place)
		return l->head;
	if (!page || compat_is_tail(page) || !(mmscope_frame_flags(page) >> PG_lru & 1) ||
	    !mmscope_lruvec_owns(&l->v, page) || list_of(l->v.lruvec, page) != l->head)
		return NULL;
	if (fingerprint_before(l->v.lruvec, &page->lru) != l->before) {
		l->state |= MMSCOPE_LIST_TORN | MMSCOPE_LIST_REPEAT;
		w->torn++;
	}
	return &page->lru;
}

/* Note up to @max folios after a place. False: it was on another list than ours. */
static bool visit(struct mmscope_lru_stepper *l, const struct list_head *entry, u32 max)
{
	const struct lruvec *lruvec = l->v.lruvec;
	const struct list_head *place = NULL;
	u32 nr = 0, kept = 0;

	while (!is_head(lruvec, entry->prev) && nr < max) {
		struct page *page;

		entry = entry->prev;
		page = list_entry(entry, struct page, lru);
		l->pfn[nr] = page_to_pfn(page);
		l->flags[nr++] = mmscope_frame_flags(page);
		if (list_of(lruvec, page) == l->head) {
			place = entry;
			kept = nr;
		}
	}
	if (is_head(lruvec, entry->prev)) {
		if (entry->prev != l->head)
			return false;
		l->done = true;
	} else if (kept) {
		/* what follows the last good place is for the next hold */
		nr = kept;
	}
	l->nr = nr;
	if (place) {
		l->place = l->pfn[kept - 1] + 1;
		l->before = fingerprint_before(lruvec, place);
	}
	return true;
}

enum outcome {
	VISITED,
	LOST,		/* the place is not on this list; l->pfn[] is untouched */
	ANOTHER_LIST,
};

static enum outcome hold(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max)
{
	struct page *page = l->place ? pfn_to_online_page(l->place - 1) : NULL;
	enum outcome outcome = LOST;
	const struct list_head *entry;
	unsigned long flags;
	u64 began, ns;

	spin_lock_irqsave(&l->v.lruvec->lru_lock, flags);
	began = mmscope_lock_begin();
	entry = find_place(w, l, page);
	if (entry)
		outcome = visit(l, entry, max) ? VISITED : ANOTHER_LIST;
	ns = mmscope_lock_end(w, began);
	spin_unlock_irqrestore(&l->v.lruvec->lru_lock, flags);

	if (ns > MMSCOPE_LOCK_TARGET_NS)
		l->batch = max_t(u32, l->batch / 2, MMSCOPE_LRU_BATCH_MIN);
	else if (ns < MMSCOPE_LOCK_TARGET_NS / 2 && outcome == VISITED && max == l->batch)
		l->batch = min_t(u32, l->batch * 2, MMSCOPE_LRU_BATCH_MAX);
	return outcome;
}

/*
 * The place is lost: the folio was freed, or moved to another list. Those visited
 * before it are places as well, and if one is found, newest first, those between
 * are off the list too and nothing is repeated.
 */
static enum outcome hold_at_anchor(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max)
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

static void go_to_head(struct mmscope_lru_stepper *l)
{
	l->place = 0;
	l->before = 0;
	l->state |= MMSCOPE_LIST_REPEAT;
}

/*
 * Does this list change too fast to be followed? Folios cannot be more than the
 * node has pages, once for each time it was begun.
 */
static bool hopeless(const struct mmscope_lru_stepper *l)
{
	u64 most = READ_ONCE(NODE_DATA(l->v.nid)->node_spanned_pages);

	return l->restarts > MMSCOPE_LRU_RESTARTS || l->index > most * (l->restarts + 1);
}

/**
 * mmscope_lru_list_step - visit the next folios of a list in one lock hold
 * @w: the walk
 * @l: the list, not @done
 * @max: visit no more than these
 *
 * The folios are in @l->pfn, @l->nr of them; none does not mean the end. When the
 * list had to be begun again there are none, and @l->restarts has grown. Never takes
 * more than MMSCOPE_LRU_RESTARTS + 1 of these: then the list is done with, after one
 * last folio with MMSCOPE_LIST_CUT set. So it is when the kernel has given the list to
 * another generation.
 *
 * Context: process context, memory hotplug lock held, no spinlock.
 */
void mmscope_lru_list_step(struct mmscope_walk *w, struct mmscope_lru_stepper *l, u32 max)
{
	bool give_up = hopeless(l);
	enum outcome outcome;

	l->state &= ~MMSCOPE_LIST_TORN;
	if (recycled(l)) {
		l->nr = 0;
		l->done = true;
		w->torn++;
		return;
	}
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

// SPDX-License-Identifier: GPL-2.0
/*
 * What the steppers through lists of pages have in common: a place that outlives
 * the hold of the lock, and what is done when it does not.
 *
 * Between two holds the place is a pfn. Whose list it is looks under the lock whether
 * that page is still on it. If it is not, the pages visited before it are places as
 * well; when none of the last ones is left, the list is begun again, but not for ever.
 *
 * A page that left the list and came back meanwhile is at another place of it: the
 * fingerprint of its predecessor tells in nearly all cases, and what follows is marked
 * as perhaps repeated.
 */
#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/minmax.h>

#include "../mmscope.h"
#include "list_step.h"

/* places tried, newest first, before a list is begun again */
#define ANCHORS 16

/*
 * A hint of a cursor: pfn + 1, fingerprint, restarts, whether pages may repeat. No
 * physical address has more than 56 bits, no pfn more than 44.
 */
#define PLACE_BITS	45
#define BEFORE_BITS	11
#define RESTART_BITS	4

static_assert(MMSCOPE_LIST_RESTARTS + 1 < 1 << RESTART_BITS);
static_assert(PLACE_BITS + BEFORE_BITS + RESTART_BITS + 1 + MMSCOPE_LIST_SPARE_BITS == 64);

/**
 * mmscope_list_hint - the place after the last page visited, for a cursor
 * @s: the place
 *
 * Return: what mmscope_list_begin() takes; the highest MMSCOPE_LIST_SPARE_BITS are 0.
 */
u64 mmscope_list_hint(const struct mmscope_list_step *s)
{
	u64 hint = s->state & MMSCOPE_LIST_REPEAT ? 1 : 0;

	hint = hint << RESTART_BITS | s->restarts;
	hint = hint << BEFORE_BITS | s->before;
	return hint << PLACE_BITS | s->place;
}

/**
 * mmscope_list_begin - go to a place of a list
 * @s: becomes the place
 * @same: it is where @s was left: what it remembers stays of use
 * @index: how many pages were visited already
 * @hint: the place, from mmscope_list_hint() or anywhere; 0: the head
 */
void mmscope_list_begin(struct mmscope_list_step *s, bool same, u64 index, u64 hint)
{
	if (!same)
		s->nr = 0;
	s->index = index;
	s->place = hint & GENMASK_ULL(PLACE_BITS - 1, 0);
	hint >>= PLACE_BITS;
	s->before = hint & GENMASK_ULL(BEFORE_BITS - 1, 0);
	hint >>= BEFORE_BITS;
	s->restarts = min_t(u32, hint & GENMASK_ULL(RESTART_BITS - 1, 0),
			    MMSCOPE_LIST_RESTARTS + 1);
	hint >>= RESTART_BITS;
	s->state = hint & 1 ? MMSCOPE_LIST_REPEAT : 0;
	s->done = false;
	if (!s->batch)
		s->batch = MMSCOPE_BATCH_FIRST;
}

/**
 * mmscope_list_fingerprint - what is remembered of a page before the place
 * @pfn: that page
 *
 * Return: never 0: that stands for the head of the list.
 */
u32 mmscope_list_fingerprint(unsigned long pfn)
{
	return hash_64(pfn, BEFORE_BITS) ?: 1;
}

/**
 * mmscope_list_may_repeat - the page before the place is not the one that it was
 * @w: the walk
 * @s: the place
 */
void mmscope_list_may_repeat(struct mmscope_walk *w, struct mmscope_list_step *s)
{
	s->state |= MMSCOPE_LIST_TORN | MMSCOPE_LIST_REPEAT;
	w->torn++;
}

/**
 * mmscope_list_adapt - the next batch, by how long a hold took
 * @s: the place
 * @outcome: of the hold
 * @ns: how long it was
 *
 * It grows only by a hold that tells something: most of the batch was visited.
 */
void mmscope_list_adapt(struct mmscope_list_step *s, enum mmscope_list_outcome outcome, u64 ns)
{
	if (ns > MMSCOPE_LOCK_TARGET_NS)
		s->batch = max_t(u32, s->batch / 2, MMSCOPE_BATCH_MIN);
	else if (ns < MMSCOPE_LOCK_TARGET_NS / 2 && outcome == MMSCOPE_LIST_VISITED &&
		 s->nr >= s->batch - s->batch / 4)
		s->batch = min_t(u32, s->batch * 2, MMSCOPE_BATCH_MAX);
}

/*
 * The place is lost. The pages visited before it are places as well, and if one is
 * found, newest first, those between are off the list too and nothing is repeated.
 */
static enum mmscope_list_outcome hold_at_anchor(struct mmscope_walk *w,
						struct mmscope_list_step *s,
						mmscope_list_hold hold, u32 max)
{
	enum mmscope_list_outcome outcome = MMSCOPE_LIST_LOST;
	u32 oldest = s->nr > ANCHORS ? s->nr - ANCHORS : 1;
	u32 i;

	for (i = s->nr; i-- > oldest && outcome == MMSCOPE_LIST_LOST;) {
		s->place = s->pfn[i] + 1;
		s->before = mmscope_list_fingerprint(s->pfn[i - 1]);
		outcome = hold(w, s, max);
	}
	if (outcome == MMSCOPE_LIST_VISITED) {
		s->state |= MMSCOPE_LIST_TORN;
		w->torn++;
	}
	return outcome;
}

static void go_to_head(struct mmscope_list_step *s)
{
	s->place = 0;
	s->before = 0;
	s->state |= MMSCOPE_LIST_REPEAT;
}

/**
 * mmscope_list_step - visit the next pages of a list in one hold of its lock
 * @w: the walk
 * @s: the place, not @done
 * @hold: how to
 * @most: pages the list can have: who meets more, once for each time it was begun,
 *	  follows one that changes too fast
 * @max: visit no more than these
 *
 * The pages are in @s->pfn, @s->nr of them; none does not mean the end. When the list
 * had to be begun again there are none, and @s->restarts has grown. Never takes more
 * than MMSCOPE_LIST_RESTARTS + 1 of these: then the list is done with, after one last
 * page with MMSCOPE_LIST_CUT set.
 */
void mmscope_list_step(struct mmscope_walk *w, struct mmscope_list_step *s,
		       mmscope_list_hold hold, u64 most, u32 max)
{
	bool give_up = s->restarts > MMSCOPE_LIST_RESTARTS ||
		       s->index > most * (s->restarts + 1);
	enum mmscope_list_outcome outcome;

	s->state &= ~MMSCOPE_LIST_TORN;
	if (give_up) {
		go_to_head(s);
		max = 1;
	}
	max = min(max, s->batch);
	outcome = hold(w, s, max);
	if (outcome == MMSCOPE_LIST_LOST)
		outcome = hold_at_anchor(w, s, hold, max);
	if (outcome != MMSCOPE_LIST_VISITED) {
		go_to_head(s);
		s->nr = 0;
		s->restarts++;
		w->restarts++;
	}
	if (give_up) {
		s->state |= MMSCOPE_LIST_CUT;
		s->done = true;
	}
	s->index += s->nr;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset swap_map: the slots of the swap areas, in runs of slots that are alike.
 *
 * Locks: si->users, the reference that keeps an area from being switched off, for
 * a batch of slots at a time, the memory hotplug lock (read) with it; RCU for a
 * look into the swap cache. No spinlock: a slot is one byte.
 *
 * Staleness: slots are read one after the other while pages come and go.
 *
 * Positions are slots, above them the number of the area. A run that is not over
 * at the end of a window goes on in the next; one that was handed over does not
 * grow, so the next may be like it.
 *
 * Source: swap_info[]->swap_map[], zeromap[]; swapper_spaces[][].i_pages; with swap tables
 * swap_info[]->cluster_info[].table[].
 */
#include <linux/mm.h>
#include <linux/swap.h>

#include "../compat.h"
#include "swap.h"

/* slots read with one reference */
#define SLOT_BATCH	65536

#define POS_SHIFT	32
#define POS_SLOT	((1ULL << POS_SHIFT) - 1)

/**
 * struct map_walk - kept from window to window
 * @started: the other members are set
 * @at: position to go on with
 * @run: under way; empty if it has no slots
 */
struct map_walk {
	bool started;
	u64 at;
	struct mmscope_swap_run run;
};

static u64 position(const struct mmscope_swap_run *run)
{
	return (u64)run->swap_type << POS_SHIFT | run->slot;
}

static int flush_run(struct mmscope_walk *w, struct map_walk *m)
{
	int ret;

	if (!m->run.slots)
		return 0;
	ret = mmscope_emit(w, &m->run, position(&m->run) + m->run.slots);
	if (!ret)
		m->run.slots = 0;
	return ret;
}

/* nobody refers to it: is its page in memory still, or is it about to be used? */
static u32 unused_state(u32 type, u64 slot)
{
	struct mmscope_swap_slot info;

	if (!COMPAT_HAS_SWAP_TABLE && !mmscope_has(swapper_spaces))
		return MMSCOPE_SLOT_CACHE;
	mmscope_swap_slot(type, slot, &info);
	return info.pfn != MMSCOPE_UNKNOWN ? MMSCOPE_SLOT_CACHE : MMSCOPE_SLOT_RESERVED;
}

static void read_slot(const struct swap_info_struct *si, u64 slot, struct mmscope_swap_run *run)
{
	struct compat_slot s;

	compat_read_slot(si, slot, &s);
	if (s.bad) {
		run->state = MMSCOPE_SLOT_BAD;
		return;
	}
	if (!compat_slot_used(&s))
		return;
	if (s.cached)
		run->flags |= MMSCOPE_SLOT_F_CACHED;
	if (s.zero)
		run->flags |= MMSCOPE_SLOT_F_ZERO;
	run->count = s.count;
	if (s.shmem)
		run->state = MMSCOPE_SLOT_SHMEM;
	else if (s.count || s.continued)
		run->state = MMSCOPE_SLOT_USED;
	else
		run->state = unused_state(run->swap_type, slot);
	if (s.continued) {
		run->flags |= MMSCOPE_SLOT_F_CONTINUED;
		run->count = MMSCOPE_UNKNOWN32;
	}
}

static int add_slot(struct mmscope_walk *w, const struct swap_info_struct *si, u32 type, u64 slot)
{
	struct map_walk *m = w->priv;
	struct mmscope_swap_run one = { .swap_type = type, .slot = slot, .slots = 1 };
	int ret;

	read_slot(si, slot, &one);
	if (m->run.slots && m->run.swap_type == type && m->run.slot + m->run.slots == slot &&
	    m->run.state == one.state && m->run.count == one.count &&
	    m->run.flags == one.flags) {
		m->run.slots++;
		return 0;
	}
	ret = flush_run(w, m);
	if (!ret)
		m->run = one;
	return ret;
}

/* a batch of the area at m->at, which is moved on */
static int walk_batch(struct mmscope_walk *w, struct map_walk *m)
{
	const u32 type = m->at >> POS_SHIFT;
	const u64 next_area = (u64)(type + 1) << POS_SHIFT;
	struct swap_info_struct *si = mmscope_swap_area_get(type);
	u32 left = SLOT_BATCH;
	int ret = 0;

	if (!si) {
		m->at = next_area;
		return 0;
	}
	while (left-- && (m->at & POS_SLOT) < READ_ONCE(si->max)) {
		ret = add_slot(w, si, type, m->at & POS_SLOT);
		if (ret)
			break;
		m->at++;
	}
	if (!ret && (m->at & POS_SLOT) >= READ_ONCE(si->max))
		m->at = next_area;
	mmscope_swap_area_put(si);
	return ret;
}

static int map_walk(struct mmscope_walk *w)
{
	struct map_walk *m = w->priv;
	int ret;

	if (!m->started) {
		m->started = true;
		m->at = w->cursor.pos;
	}
	while (m->at >> POS_SHIFT < MAX_SWAPFILES) {
		/* folios of the swap cache are looked at */
		mmscope_get_online_mems();
		ret = walk_batch(w, m);
		mmscope_put_online_mems();
		ret = ret ?: mmscope_pause();
		if (ret)
			return ret;
	}
	return flush_run(w, m);
}

static const struct mmscope_name states[] = {
	{ MMSCOPE_SLOT_FREE, "free" },
	{ MMSCOPE_SLOT_USED, "used" },
	{ MMSCOPE_SLOT_SHMEM, "shmem" },
	{ MMSCOPE_SLOT_CACHE, "cache" },
	{ MMSCOPE_SLOT_RESERVED, "reserved" },
	{ MMSCOPE_SLOT_BAD, "bad" },
};

static MMSCOPE_NAMES(state_names, states);

static const struct mmscope_name slot_flags[] = {
	{ MMSCOPE_SLOT_F_CACHED, "cached" },
	{ MMSCOPE_SLOT_F_ZERO, "zero" },
	{ MMSCOPE_SLOT_F_CONTINUED, "continued" },
};

static MMSCOPE_NAMES(slot_flag_names, slot_flags);

static const struct mmscope_field_def map_fields[] = {
	FIELD(struct mmscope_swap_run, swap_type, ID, "swap area"),
	FIELD(struct mmscope_swap_run, slot, COUNT, "the first slot"),
	FIELD(struct mmscope_swap_run, slots, PAGES, "how many are alike"),
	FIELD_CLASS(struct mmscope_swap_run, state, ENUM, &state_names, "who refers to them"),
	FIELD(struct mmscope_swap_run, count, COUNT,
	      "page-table entries that refer to each; a shmem object counts as one"),
	FIELD_FLAGS(struct mmscope_swap_run, flags, &slot_flag_names,
		    "in memory as well; only zeros; used more often than can be told"),
};

static const struct mmscope_need map_needs[] = {
	NEED_SYM(swap_info),
	COMPAT_SWAP_SLOT_NEEDS,
	COMPAT_SWAP_CACHE_NEEDS,
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	{ }
};

const struct mmscope_dataset mmscope_swap_map = {
	.name = "swap_map",
	.help = "slots of the swap areas: runs that are free, used, cached, shmem's or bad",
	.id = MMSCOPE_DS_SWAP_MAP,
	.rec_size = sizeof(struct mmscope_swap_run),
	.priv_size = sizeof(struct map_walk),
	.fields = map_fields,
	.nr_fields = ARRAY_SIZE(map_fields),
	.needs = map_needs,
	.walk = map_walk,
};

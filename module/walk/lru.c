// SPDX-License-Identifier: GPL-2.0
/*
 * lru: one record for each list of each node and memory cgroup: the classic lists or
 * the generations of the multi-gen LRU, whichever runs.
 *
 * Locks: the memory hotplug lock for reading. RCU while the records of one cgroup
 * are made.
 *
 * Staleness: every number is one lockless read. The kernel changes the sizes under
 * lru_lock, when it moves pages; those of generations it corrects by and by. Where
 * memory cgroups are off, the classic sizes are counters of the zone, which lag behind
 * by what CPUs have not folded yet.
 *
 * Sources: see lruvec.c. The size of the unevictable list is kept, but its pages are
 * not linked.
 *
 * A position is node, number of the memory cgroup and list.
 */
#include <linux/cgroup.h>
#include <linux/memory_hotplug.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "lruvec.h"

/* lists in a position: the classic ones, then generations, the oldest first */
#define SLOT_GENS	NR_LRU_LISTS
#define SLOT_END	(SLOT_GENS + 2 * MMSCOPE_LRU_GENS)
#define SLOT_BITS	6

static_assert(SLOT_END <= 1 << SLOT_BITS);
static_assert((int)MMSCOPE_LRU_INACTIVE_ANON == (int)LRU_INACTIVE_ANON);
static_assert((int)MMSCOPE_LRU_ACTIVE_FILE == (int)LRU_ACTIVE_FILE);
static_assert((int)MMSCOPE_LRU_UNEVICTABLE == (int)LRU_UNEVICTABLE);

static u64 position(u32 nid, u32 id, u32 slot)
{
	return ((u64)nid << MMSCOPE_MEMCG_ID_BITS | id) << SLOT_BITS | slot;
}

/* what all records of a lruvec have in common */
static void fill_common(const struct mmscope_lruvec *v, const struct mmscope_generations *g,
			struct mmscope_lru *rec)
{
	static const char cut[] = "...";
	int len;

	*rec = (struct mmscope_lru){
		.node = v->nid,
		.memcg = mmscope_lruvec_memcg(v),
		.nonresident_age = atomic_long_read(&v->lruvec->nonresident_age),
	};
	if (g->enabled)
		rec->flags |= MMSCOPE_LRU_MULTI_GEN;
	if (!v->css)
		return;
	if (v->css->flags & CSS_DYING)
		rec->flags |= MMSCOPE_LRU_DYING;
	len = cgroup_path(v->css->cgroup, rec->path, sizeof(rec->path));
	if (len < 0 || len >= sizeof(rec->path))
		strscpy(rec->path + sizeof(rec->path) - sizeof(cut), cut, sizeof(cut));
}

static void fill_type(const struct lruvec *lruvec, u32 type, struct mmscope_lru *rec)
{
	rec->cost = compat_lru_cost(lruvec, type);
	rec->refaults = READ_ONCE(lruvec->refaults[type]);
}

/* Returns false if there is no such list now. */
static bool fill_classic(const struct mmscope_lruvec *v, const struct mmscope_generations *g,
			 u32 list, struct mmscope_lru *rec)
{
	bool evictable = list != LRU_UNEVICTABLE;
	bool taken_over = g->enabled && evictable;
	u32 zone;

	if (taken_over && list_empty(&v->lruvec->lists[list]))
		return false;
	rec->list = list;
	rec->generation = MMSCOPE_UNKNOWN;
	rec->age_ns = MMSCOPE_UNKNOWN;
	rec->gen_evicted = MMSCOPE_UNKNOWN;
	rec->gen_refaulted = MMSCOPE_UNKNOWN;
	if (list == LRU_ACTIVE_ANON || list == LRU_ACTIVE_FILE)
		rec->flags |= MMSCOPE_LRU_COUNTS_ACTIVE;
	if (evictable) {
		fill_type(v->lruvec, list >= LRU_INACTIVE_FILE, rec);
	} else {
		rec->cost = MMSCOPE_UNKNOWN;
		rec->refaults = MMSCOPE_UNKNOWN;
	}
	for (zone = 0; zone < MAX_NR_ZONES; zone++) {
		rec->zone_pages[zone] = taken_over ? MMSCOPE_UNKNOWN :
					mmscope_lruvec_pages(v, list, zone);
		rec->pages += rec->zone_pages[zone];
	}
	if (taken_over)
		rec->pages = MMSCOPE_UNKNOWN;
	return true;
}

static bool fill_generation(const struct mmscope_lruvec *v, const struct mmscope_generations *g,
			    u64 seq, u32 type, struct mmscope_lru *rec)
{
	u32 zone;

	if (seq < g->min[type] || seq > g->max)
		return false;
	rec->list = type ? MMSCOPE_LRU_GEN_FILE : MMSCOPE_LRU_GEN_ANON;
	rec->generation = seq;
	rec->age_ns = mmscope_generation_age(v->lruvec, seq);
	/* see lru_gen_is_active() */
	if (seq + 1 >= g->max)
		rec->flags |= MMSCOPE_LRU_COUNTS_ACTIVE;
	fill_type(v->lruvec, type, rec);
	mmscope_generation_events(v->lruvec, seq, type, &rec->gen_evicted, &rec->gen_refaulted);
	for (zone = 0; zone < MAX_NR_ZONES; zone++) {
		rec->zone_pages[zone] = mmscope_generation_pages(v->lruvec, seq, type, zone);
		rec->pages += rec->zone_pages[zone];
	}
	return g->enabled || rec->pages;
}

static bool fill_slot(const struct mmscope_lruvec *v, const struct mmscope_generations *g,
		      u32 slot, struct mmscope_lru *rec)
{
	u32 rank = (slot - SLOT_GENS) / 2;

	if (slot < SLOT_GENS)
		return fill_classic(v, g, slot, rec);
	return fill_generation(v, g, min(g->min[0], g->min[1]) + rank, (slot - SLOT_GENS) % 2, rec);
}

static int walk_lruvec(struct mmscope_walk *w, const struct mmscope_lruvec *v, u32 id, u32 slot)
{
	struct mmscope_generations g;
	struct mmscope_lru common, rec;
	int ret = 0;

	mmscope_generations(v->lruvec, &g);
	fill_common(v, &g, &common);
	for (; slot < SLOT_END && !ret; slot++) {
		rec = common;
		if (fill_slot(v, &g, slot, &rec))
			ret = mmscope_emit(w, &rec, position(v->nid, id, slot + 1));
		else
			ret = mmscope_skip(w, position(v->nid, id, slot + 1));
	}
	return ret;
}

static int walk_node(struct mmscope_walk *w, u32 nid, u32 id, u32 slot)
{
	int ret = 0;

	while (!ret) {
		struct mmscope_lruvec v;
		struct cgroup_subsys_state *css;
		u32 at = id;

		rcu_read_lock();
		css = mmscope_memcg_next(&id);
		if (id == MMSCOPE_MEMCG_ID_END) {
			rcu_read_unlock();
			break;
		}
		mmscope_lruvec(&v, nid, css);
		ret = walk_lruvec(w, &v, id, id == at ? slot : 0);
		rcu_read_unlock();
		id++;
		slot = 0;
		if (!ret)
			ret = mmscope_pause();
	}
	return ret;
}

static int lru_walk(struct mmscope_walk *w)
{
	u64 nid = w->cursor.pos >> (MMSCOPE_MEMCG_ID_BITS + SLOT_BITS);
	u32 id = w->cursor.pos >> SLOT_BITS & (MMSCOPE_MEMCG_ID_END - 1);
	u32 slot = w->cursor.pos & ((1U << SLOT_BITS) - 1);
	int ret = 0;

	mmscope_get_online_mems();
	for (; nid < nr_node_ids && !ret; nid++, id = 0, slot = 0) {
		if (node_online(nid) && (w->q.node == MMSCOPE_ANY || w->q.node == nid))
			ret = walk_node(w, nid, id, slot);
		if (!ret)
			ret = mmscope_skip(w, position(nid + 1, 0, 0));
	}
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_name lru_flags[] = {
	{ MMSCOPE_LRU_MULTI_GEN, "multi_gen" },
	{ MMSCOPE_LRU_COUNTS_ACTIVE, "counts_active" },
	{ MMSCOPE_LRU_DYING, "dying" },
};

static MMSCOPE_NAMES(lru_flag_names, lru_flags);

static const struct mmscope_field_def lru_fields[] = {
	FIELD(struct mmscope_lru, node, ID, "NUMA node"),
	FIELD_TEXT(struct mmscope_lru, path, "of the memory cgroup, its children not included"),
	MORE(struct mmscope_lru, memcg, ID, "inode of the cgroup, 0: memory cgroups are off"),
	FIELD_CLASS(struct mmscope_lru, list, ENUM, &mmscope_lru_list_names,
		    "a classic list, or a generation of the multi-gen LRU"),
	FIELD(struct mmscope_lru, generation, ID,
	      "number of the generation, the lowest is reclaimed first; unknown: a classic list"),
	FIELD(struct mmscope_lru, age_ns, NS, "since the generation was begun"),
	FIELD(struct mmscope_lru, pages, PAGES, "on the list"),
	MORE(struct mmscope_lru, cost, COUNT,
	     "of reclaiming this type of pages lately; balances anon and file, classic LRU"),
	MORE(struct mmscope_lru, refaults, COUNT,
	     "of this type, as counted at the last reclaim cycle; classic LRU"),
	MORE(struct mmscope_lru, nonresident_age, COUNT,
	     "evictions and activations: the clock by which refault distances are measured"),
	MORE(struct mmscope_lru, gen_evicted, COUNT,
	     "pages of this type reclaimed since its oldest generation changed; multi-gen LRU"),
	MORE(struct mmscope_lru, gen_refaulted, COUNT,
	     "pages of this type that came back since then"),
	FIELD_FLAGS(struct mmscope_lru, flags, &lru_flag_names,
		    "the LRU that runs; counts_active: so memory.stat has it; dying: removed"),
	MORE_ARRAY(struct mmscope_lru, zone_pages, PAGES, &mmscope_zone_names,
		   "pages of the list in this zone"),
};

static const struct mmscope_need lru_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_lrus = {
	.name = "lru",
	.help = "lists that reclaim takes pages from: sizes and ages by node and memory cgroup",
	.id = MMSCOPE_DS_LRU,
	.flags = MMSCOPE_DATASET_NODE,
	.rec_size = sizeof(struct mmscope_lru),
	.fields = lru_fields,
	.nr_fields = ARRAY_SIZE(lru_fields),
	.needs = lru_needs,
	.walk = lru_walk,
};

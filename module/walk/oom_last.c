// SPDX-License-Identifier: GPL-2.0
/*
 * Datasets oom_last, oom_last_zones, oom_last_rank and oom_last_slabs: the last
 * snapshot of the OOM recorder.
 *
 * Locks: the recorder's mutex, while the snapshot is copied. All records of an
 * answer are of one copy.
 *
 * Positions are numbers of records.
 *
 * Source: hook/oom_snapshot.c.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../compat.h"
#include "../hook/oom.h"
#include "../mmscope.h"
#include "oom.h"

/* of one walk */
struct last {
	struct mmscope_oom_last head;
	struct mmscope_oom_snapshot *s;
	bool copied;
};

static int get_copy(struct mmscope_walk *w)
{
	struct last *l = w->priv;

	if (l->copied)
		return 0;
	l->s = mmscope_oom_copy(&l->head);
	if (IS_ERR(l->s)) {
		l->s = NULL;
		return -ENOMEM;
	}
	l->copied = true;
	w->torn += !!(l->head.state & MMSCOPE_OOM_REWRITTEN);
	return 0;
}

static void last_end(struct mmscope_walk *w)
{
	struct last *l = w->priv;

	kvfree(l->s);
}

static int head_walk(struct mmscope_walk *w)
{
	struct last *l = w->priv;
	int ret = get_copy(w);

	if (ret || w->cursor.pos)
		return ret;
	return mmscope_emit(w, &l->head, 1);
}

static int zones_walk(struct mmscope_walk *w)
{
	struct last *l = w->priv;
	int ret = get_copy(w);
	u64 pos;

	for (pos = w->cursor.pos; !ret && l->s && pos < l->s->nr_zones; pos++) {
		struct mmscope_oom_zone *rec = &l->s->zones[pos];

		rec->snapshot = l->head.snapshot;
		ret = mmscope_emit(w, rec, pos + 1);
	}
	return ret;
}

static int ranking_walk(struct mmscope_walk *w)
{
	struct last *l = w->priv;
	int ret = get_copy(w);
	u64 pos;

	for (pos = w->cursor.pos; !ret && l->s && pos < l->s->nr_ranked; pos++) {
		struct mmscope_oom_rank *rec = &l->s->ranked[pos];

		rec->snapshot = l->head.snapshot;
		ret = mmscope_emit(w, rec, pos + 1);
	}
	return ret;
}

static int slabs_walk(struct mmscope_walk *w)
{
	struct last *l = w->priv;
	int ret = get_copy(w);
	u64 pos;

	for (pos = w->cursor.pos; !ret && l->s && pos < l->s->nr_slabs; pos++) {
		struct mmscope_oom_slab *rec = &l->s->slabs[pos];

		rec->snapshot = l->head.snapshot;
		ret = mmscope_emit(w, rec, pos + 1);
	}
	return ret;
}

/* ------------------------------------------------------------------- fields */

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_OOM_NOTHING, "nothing" },
	{ MMSCOPE_OOM_MACHINE, "machine" },
	{ MMSCOPE_OOM_MEMCG, "memcg" },
};

static MMSCOPE_NAMES(kind_names, kinds);

static const struct mmscope_name states[] = {
	{ MMSCOPE_OOM_ARMED, "armed" },
	{ MMSCOPE_OOM_NO_SLABS, "no_slabs" },
	{ MMSCOPE_OOM_RANK_CUT, "rank_cut" },
	{ MMSCOPE_OOM_REWRITTEN, "rewritten" },
};

static MMSCOPE_NAMES(state_names, states);

static const struct mmscope_name kswapds[] = {
	{ MMSCOPE_KSWAPD_NONE, "none" },
	{ MMSCOPE_KSWAPD_ASLEEP, "asleep" },
	{ MMSCOPE_KSWAPD_AWAKE, "awake" },
};

static MMSCOPE_NAMES(kswapd_names, kswapds);

static const struct mmscope_field_def head_fields[] = {
	FIELD(struct mmscope_oom_last, snapshot, COUNT, "its number since arming, 0: none yet"),
	FIELD_ENUM(struct mmscope_oom_last, kind, &kind_names, "who was out of memory"),
	FIELD_FLAGS(struct mmscope_oom_last, state, &state_names,
		    "armed: waits for the next; no_slabs, rank_cut: what is not in it"),
	FIELD(struct mmscope_oom_last, ooms, COUNT,
	      "since arming: times that the machine was out of memory"),
	FIELD(struct mmscope_oom_last, kills, COUNT, "since arming: processes killed for it"),
	MORE(struct mmscope_oom_last, missed, COUNT, "of these calls, without a snapshot"),
	MORE(struct mmscope_oom_last, taken_ns, NS, "when it was taken, since boot"),
	MORE(struct mmscope_oom_last, took_ns, NS, "how long that took"),
	FIELD(struct mmscope_oom_last, pid, ID, "who asked for memory"),
	FIELD_TEXT(struct mmscope_oom_last, comm, "its command"),
	FIELD(struct mmscope_oom_last, order, ID, "of the block it asked for"),
	FIELD_FLAGS(struct mmscope_oom_last, gfp, &mmscope_gfp_names, "flags it asked with"),
	MORE_SIGNED(struct mmscope_oom_last, oom_score_adj, COUNT, "its oom_score_adj"),
	MORE(struct mmscope_oom_last, scope_memcg, ID,
	     "inode of the cgroup that was out of memory, 0: the machine"),
	MORE(struct mmscope_oom_last, scope_pages, PAGES, "RAM and swap that it may use"),
	MORE(struct mmscope_oom_last, scope_used_pages, PAGES, "pages that the cgroup had"),
	FIELD(struct mmscope_oom_last, victim_pid, ID, "who was killed"),
	FIELD_TEXT(struct mmscope_oom_last, victim_comm, "its command"),
	MORE(struct mmscope_oom_last, victim_uid, ID, "its user"),
	FIELD(struct mmscope_oom_last, victim_rank, COUNT,
	      "its place in oom_last_rank, 0: not in it"),
	MORE(struct mmscope_oom_last, victims, COUNT, "more than 1: its cgroup was killed with it"),
	FIELD_SIGNED(struct mmscope_oom_last, victim_points, PAGES, "its points"),
	MORE(struct mmscope_oom_last, victim_rss_pages, PAGES, "resident"),
	MORE(struct mmscope_oom_last, victim_anon_pages, PAGES, "of it, private data"),
	MORE(struct mmscope_oom_last, victim_file_pages, PAGES, "of it, pages of files"),
	MORE(struct mmscope_oom_last, victim_shmem_pages, PAGES, "of it, shared memory and tmpfs"),
	MORE(struct mmscope_oom_last, victim_swap_pages, PAGES, "in swap"),
	MORE(struct mmscope_oom_last, victim_pagetable_pages, PAGES, "page tables"),
	MORE_SIGNED(struct mmscope_oom_last, victim_adj, COUNT, "its oom_score_adj"),
	MORE(struct mmscope_oom_last, victim_memcg, ID, "inode of its memory cgroup"),
	MORE(struct mmscope_oom_last, pgfault, COUNT, "page faults since boot"),
	MORE(struct mmscope_oom_last, pgmajfault, COUNT, "of these, with I/O"),
	MORE(struct mmscope_oom_last, allocstall, COUNT, "direct reclaims since boot"),
	MORE(struct mmscope_oom_last, pgscan_kswapd, PAGES, "looked at by kswapd since boot"),
	MORE(struct mmscope_oom_last, pgscan_direct, PAGES, "looked at by direct reclaim"),
	MORE(struct mmscope_oom_last, pgsteal_kswapd, PAGES, "reclaimed by kswapd since boot"),
	MORE(struct mmscope_oom_last, pgsteal_direct, PAGES, "reclaimed by direct reclaim"),
	MORE(struct mmscope_oom_last, pswpin, PAGES, "read from swap since boot"),
	MORE(struct mmscope_oom_last, pswpout, PAGES, "written to swap since boot"),
	MORE(struct mmscope_oom_last, compact_stall, COUNT, "direct compactions since boot"),
	MORE(struct mmscope_oom_last, compact_fail, COUNT, "of these, in vain"),
	MORE(struct mmscope_oom_last, oom_kill, COUNT,
	     "OOM kills since boot; of a cgroup's, this one is counted already"),
	MORE(struct mmscope_oom_last, free_swap_pages, PAGES, "free in swap"),
	MORE_ARRAY(struct mmscope_oom_last, zone_stat, PAGES, &mmscope_zone_stat_names,
		   "counters of all zones"),
	MORE_ARRAY(struct mmscope_oom_last, node_stat, COUNT, &mmscope_node_stat_names,
		   "counters of all nodes, in pages unless the name says KB or is an event"),
};

static const struct mmscope_field_def zone_fields[] = {
	FIELD(struct mmscope_oom_zone, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_oom_zone, zone, &mmscope_zone_names, "zone of the node"),
	MORE(struct mmscope_oom_zone, snapshot, COUNT, "as in oom_last"),
	MORE(struct mmscope_oom_zone, present_pages, PAGES, "page frames that exist"),
	FIELD(struct mmscope_oom_zone, managed_pages, PAGES, "pages given to the page allocator"),
	FIELD(struct mmscope_oom_zone, free_pages, PAGES,
	      "free pages, without those on per-CPU lists"),
	FIELD(struct mmscope_oom_zone, watermark_min, PAGES,
	      "no ordinary allocation may take free pages below this"),
	FIELD(struct mmscope_oom_zone, watermark_low, PAGES,
	      "below this an allocation wakes kswapd"),
	MORE(struct mmscope_oom_zone, watermark_high, PAGES,
	     "kswapd reclaims until free pages are above this"),
	MORE(struct mmscope_oom_zone, watermark_boost, PAGES,
	     "added to every watermark for a while after fragmentation"),
	FIELD_SIGNED(struct mmscope_oom_zone, above_min, PAGES,
		     "free pages above the min watermark and boost"),
	MORE_SIGNED(struct mmscope_oom_zone, above_low, PAGES,
		    "free pages above the low watermark and boost"),
	MORE_SIGNED(struct mmscope_oom_zone, above_high, PAGES,
		    "free pages above the high watermark and boost"),
	MORE(struct mmscope_oom_zone, highatomic_reserved_pages, PAGES,
	     "pageblocks reserved for atomic allocations of high order, in pages"),
	FIELD_ENUM(struct mmscope_oom_zone, kswapd, &kswapd_names, "what kswapd of the node did"),
	FIELD(struct mmscope_oom_zone, kswapd_failures, COUNT,
	      "its runs in a row that reclaimed nothing; from 16 on it sleeps"),
	MORE(struct mmscope_oom_zone, kswapd_order, ID, "order it was asked for"),
	MORE_ARRAY(struct mmscope_oom_zone, free_blocks, COUNT, NULL,
		   "free blocks of 2^order pages, by order"),
	MORE_ARRAY(struct mmscope_oom_zone, stat, PAGES, &mmscope_zone_stat_names,
		   "counters of the zone"),
};

static const struct mmscope_field_def slab_fields[] = {
	FIELD_TEXT(struct mmscope_oom_slab, name, "name of the cache"),
	MORE(struct mmscope_oom_slab, snapshot, COUNT, "as in oom_last"),
	FIELD(struct mmscope_oom_slab, memory_bytes, BYTES, "memory of all its slabs"),
	FIELD(struct mmscope_oom_slab, slabs, COUNT, "slabs"),
	FIELD(struct mmscope_oom_slab, total_objects, COUNT, "objects there is room for"),
};

static const struct mmscope_need last_needs[] = {
	NEED_SYM(total_swap_pages),
	NEED_TRACEPOINT(mark_victim),
	WANT_TRACEPOINT(mm_vmscan_direct_reclaim_begin),
#ifdef CONFIG_MEMCG
	WANT_SYM(mem_cgroup_get_max),
#endif
	{ }
};

#define LAST_DATASET(_variable, _name, _id, _type, _fields, _nr, _walk, _help)	\
const struct mmscope_dataset _variable = {					\
	.name = _name,								\
	.help = _help,								\
	.id = MMSCOPE_DS_##_id,							\
	.rec_size = sizeof(struct _type),					\
	.priv_size = sizeof(struct last),					\
	.fields = _fields,							\
	.nr_fields = _nr,							\
	.needs = last_needs,							\
	.walk = _walk,								\
	.end = last_end,							\
}

LAST_DATASET(mmscope_oom_last, "oom_last", OOM_LAST, mmscope_oom_last, head_fields,
	     ARRAY_SIZE(head_fields), head_walk,
	     "OOM recorder: the last OOM, who asked, who was killed, counters");
LAST_DATASET(mmscope_oom_last_zones, "oom_last_zones", OOM_LAST_ZONES, mmscope_oom_zone,
	     zone_fields, ARRAY_SIZE(zone_fields), zones_walk,
	     "OOM recorder: the zones then, free blocks, watermarks, kswapd");
LAST_DATASET(mmscope_oom_last_rank, "oom_last_rank", OOM_LAST_RANK, mmscope_oom_rank,
	     mmscope_oom_rank_fields, MMSCOPE_OOM_RANK_FIELDS, ranking_walk,
	     "OOM recorder: whom the OOM killer could take then, the worst first");
LAST_DATASET(mmscope_oom_last_slabs, "oom_last_slabs", OOM_LAST_SLABS, mmscope_oom_slab,
	     slab_fields, ARRAY_SIZE(slab_fields), slabs_walk,
	     "OOM recorder: the largest slab caches then");

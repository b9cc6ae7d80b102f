// SPDX-License-Identifier: GPL-2.0
/*
 * reclaim: one record for each zone that has memory: how far it is from its
 * watermarks, and what kswapd, kcompactd and compaction are about.
 *
 * Locks: the memory hotplug lock for reading; kswapd and kcompactd of a node are
 * stopped by those who take its last memory offline, under the same lock.
 *
 * Staleness: every number is one lockless read.
 *
 * Sources: struct zone and struct pglist_data, members of the fields' names. A
 * daemon on its wait queue sleeps because it has nothing to do; kswapd is there
 * already while it looks a last time whether it may.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "compact.h"
#include "compat.h"
#include "mmscope.h"
#include "zone.h"

static u32 daemon_state(const struct task_struct *task, struct wait_queue_head *queue)
{
	if (!task)
		return MMSCOPE_DAEMON_NONE;
	if (task_is_running(task))
		return MMSCOPE_DAEMON_RUNNING;
	/* waitqueue_active: a look, nothing depends on it */
	return waitqueue_active(queue) ? MMSCOPE_DAEMON_ASLEEP : MMSCOPE_DAEMON_BLOCKED;
}

static u32 who_waits(pg_data_t *pgdat)
{
	static const u32 reasons[NR_VMSCAN_THROTTLE] = {
		[VMSCAN_THROTTLE_WRITEBACK] = MMSCOPE_WAIT_WRITEBACK,
		[VMSCAN_THROTTLE_ISOLATED] = MMSCOPE_WAIT_ISOLATED,
		[VMSCAN_THROTTLE_NOPROGRESS] = MMSCOPE_WAIT_NOPROGRESS,
		[VMSCAN_THROTTLE_CONGESTED] = MMSCOPE_WAIT_CONGESTED,
	};
	u32 i, flags = 0;

	/* waitqueue_active: looks, nothing depends on them */
	if (waitqueue_active(&pgdat->pfmemalloc_wait))
		flags |= MMSCOPE_WAIT_PFMEMALLOC;
	for (i = 0; i < NR_VMSCAN_THROTTLE; i++)
		/* waitqueue_active: likewise */
		if (waitqueue_active(&pgdat->reclaim_wait[i]))
			flags |= reasons[i];
	return flags;
}

static void fill_kswapd(pg_data_t *pgdat, struct mmscope_reclaim *rec)
{
	const struct task_struct *task = READ_ONCE(pgdat->kswapd);

	rec->kswapd_state = daemon_state(task, &pgdat->kswapd_wait);
	rec->kswapd_pid = task ? task->pid : 0;
	rec->kswapd_order = READ_ONCE(pgdat->kswapd_order);
	rec->kswapd_highest_zone = READ_ONCE(pgdat->kswapd_highest_zoneidx);
	rec->kswapd_failures = compat_kswapd_failures(pgdat);
	rec->priority = MMSCOPE_UNKNOWN32;
	rec->waiting = who_waits(pgdat);
	rec->writeback_throttled = atomic_read(&pgdat->nr_writeback_throttled);
	rec->node_flags =
		(compat_node_is_dirty(pgdat) ? MMSCOPE_NODE_DIRTY : 0) |
		(test_bit(PGDAT_WRITEBACK, &pgdat->flags) ? MMSCOPE_NODE_WRITEBACK : 0) |
		(test_bit(PGDAT_RECLAIM_LOCKED, &pgdat->flags) ? MMSCOPE_NODE_RECLAIM_LOCKED : 0);
}

#ifdef CONFIG_COMPACTION
static void fill_kcompactd(pg_data_t *pgdat, struct mmscope_reclaim *rec)
{
	const unsigned int *proactiveness = mmscope_sym(sysctl_compaction_proactiveness);
	const struct task_struct *task = READ_ONCE(pgdat->kcompactd);

	rec->kcompactd_state = daemon_state(task, &pgdat->kcompactd_wait);
	rec->kcompactd_pid = task ? task->pid : 0;
	rec->kcompactd_order = READ_ONCE(pgdat->kcompactd_max_order);
	rec->kcompactd_highest_zone = READ_ONCE(pgdat->kcompactd_highest_zoneidx);
	rec->proactive_trigger = READ_ONCE(pgdat->proactive_compact_trigger);
	rec->proactiveness = proactiveness ? READ_ONCE(*proactiveness) : MMSCOPE_UNKNOWN32;
}

static void fill_compaction(const struct zone *zone, struct mmscope_reclaim *rec)
{
	const int *threshold = mmscope_sym(sysctl_extfrag_threshold);

	rec->compact_order_failed = READ_ONCE(zone->compact_order_failed);
	rec->compact_defer_shift = READ_ONCE(zone->compact_defer_shift);
	rec->compact_considered = READ_ONCE(zone->compact_considered);
	rec->compact_blockskip_flush = READ_ONCE(zone->compact_blockskip_flush);
	rec->compact_migrate_async_pfn = READ_ONCE(zone->compact_cached_migrate_pfn[0]);
	rec->compact_migrate_sync_pfn = READ_ONCE(zone->compact_cached_migrate_pfn[1]);
	rec->compact_free_pfn = READ_ONCE(zone->compact_cached_free_pfn);
	rec->compact_init_migrate_pfn = READ_ONCE(zone->compact_init_migrate_pfn);
	rec->compact_init_free_pfn = READ_ONCE(zone->compact_init_free_pfn);
	rec->extfrag_threshold = threshold ? READ_ONCE(*threshold) : MMSCOPE_UNKNOWN32;
}
#else
static void fill_kcompactd(pg_data_t *pgdat, struct mmscope_reclaim *rec)
{
	rec->kcompactd_highest_zone = MMSCOPE_UNKNOWN32;
	rec->proactiveness = MMSCOPE_UNKNOWN32;
}

static void fill_compaction(const struct zone *zone, struct mmscope_reclaim *rec)
{
	rec->compact_migrate_async_pfn = MMSCOPE_UNKNOWN;
	rec->compact_migrate_sync_pfn = MMSCOPE_UNKNOWN;
	rec->compact_free_pfn = MMSCOPE_UNKNOWN;
	rec->compact_init_migrate_pfn = MMSCOPE_UNKNOWN;
	rec->compact_init_free_pfn = MMSCOPE_UNKNOWN;
	rec->extfrag_threshold = MMSCOPE_UNKNOWN32;
}
#endif

static void fill_huge(struct zone *zone, struct mmscope_reclaim *rec)
{
	struct mmscope_fragmentation f;

	mmscope_fragmentation(zone, pageblock_order, &f);
	rec->huge_order = pageblock_order;
	rec->huge_extfrag_permille = f.extfrag_permille;
	rec->huge_unusable_permille = f.unusable_permille;
	if (f.extfrag_permille == -1000 && (s64)rec->above_min >= (s64)pageblock_nr_pages)
		rec->huge_compaction = MMSCOPE_COMPACTION_NEEDLESS;
	else
		rec->huge_compaction = mmscope_compaction(zone, pageblock_order, zone_idx(zone),
							  f.extfrag_permille);
}

static void reclaim_fill(struct zone *zone, struct mmscope_reclaim *rec)
{
	u64 usable;

	*rec = (struct mmscope_reclaim){
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.free_pages = zone_page_state(zone, NR_FREE_PAGES),
		.watermark_boost = READ_ONCE(zone->watermark_boost),
		.reclaimable_pages = mmscope_reclaimable(zone),
	};
	if (test_bit(ZONE_BOOSTED_WATERMARK, &zone->flags))
		rec->zone_flags |= MMSCOPE_ZONE_BOOSTED;
	if (test_bit(ZONE_RECLAIM_ACTIVE, &zone->flags))
		rec->zone_flags |= MMSCOPE_ZONE_RECLAIM;
	usable = rec->free_pages - rec->watermark_boost;
	rec->above_min = usable - READ_ONCE(zone->_watermark[WMARK_MIN]);
	rec->above_low = usable - READ_ONCE(zone->_watermark[WMARK_LOW]);
	rec->above_high = usable - READ_ONCE(zone->_watermark[WMARK_HIGH]);
	fill_kswapd(zone->zone_pgdat, rec);
	fill_kcompactd(zone->zone_pgdat, rec);
	fill_compaction(zone, rec);
	fill_huge(zone, rec);
}

static int reclaim_walk(struct mmscope_walk *w)
{
	struct mmscope_reclaim rec;
	unsigned int pos, end = mmscope_nr_zones();
	int ret = 0;

	mmscope_get_online_mems();
	for (pos = min_t(u64, w->cursor.pos, end); pos < end && !ret; pos++) {
		struct zone *zone = mmscope_zone_at(pos);

		if (!zone) {
			ret = mmscope_skip(w, pos + 1);
			continue;
		}
		reclaim_fill(zone, &rec);
		ret = mmscope_emit(w, &rec, pos + 1);
	}
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_name daemon_states[] = {
	{ MMSCOPE_DAEMON_NONE, "none" },
	{ MMSCOPE_DAEMON_ASLEEP, "asleep" },
	{ MMSCOPE_DAEMON_RUNNING, "running" },
	{ MMSCOPE_DAEMON_BLOCKED, "blocked" },
};

static MMSCOPE_NAMES(daemon_state_names, daemon_states);

static const struct mmscope_name waits[] = {
	{ MMSCOPE_WAIT_WRITEBACK, "writeback" },
	{ MMSCOPE_WAIT_ISOLATED, "isolated" },
	{ MMSCOPE_WAIT_NOPROGRESS, "noprogress" },
	{ MMSCOPE_WAIT_CONGESTED, "congested" },
	{ MMSCOPE_WAIT_PFMEMALLOC, "pfmemalloc" },
};

static MMSCOPE_NAMES(wait_names, waits);

static const struct mmscope_name node_flags[] = {
	{ MMSCOPE_NODE_DIRTY, "dirty" },
	{ MMSCOPE_NODE_WRITEBACK, "writeback" },
	{ MMSCOPE_NODE_RECLAIM_LOCKED, "reclaim_locked" },
};

static MMSCOPE_NAMES(node_flag_names, node_flags);

static const struct mmscope_name zone_flags[] = {
	{ MMSCOPE_ZONE_BOOSTED, "boosted" },
	{ MMSCOPE_ZONE_RECLAIM, "reclaim" },
};

static MMSCOPE_NAMES(zone_flag_names, zone_flags);

static const struct mmscope_field_def reclaim_fields[] = {
	FIELD(struct mmscope_reclaim, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_reclaim, zone, &mmscope_zone_names, "zone of the node"),
	FIELD(struct mmscope_reclaim, free_pages, PAGES,
	      "free pages, without those on per-CPU lists"),
	FIELD_SIGNED(struct mmscope_reclaim, above_min, PAGES,
		     "free above the min watermark and boost; negative: tasks must reclaim"),
	FIELD_SIGNED(struct mmscope_reclaim, above_low, PAGES,
		     "free above the low watermark and boost; negative: kswapd is woken"),
	FIELD_SIGNED(struct mmscope_reclaim, above_high, PAGES,
		     "free above the high watermark and boost; negative: kswapd goes on"),
	MORE(struct mmscope_reclaim, watermark_boost, PAGES,
	     "added to every watermark for a while after fragmentation"),
	FIELD(struct mmscope_reclaim, reclaimable_pages, PAGES,
	      "on lists that reclaim takes from: file, and anon while there is swap"),
	MORE_FLAGS(struct mmscope_reclaim, zone_flags, &zone_flag_names,
		   "boosted: kswapd is to be woken for it; reclaim: kswapd is at work on it"),
	MORE_FLAGS(struct mmscope_reclaim, node_flags, &node_flag_names,
		   "what reclaim met on the node: many dirty pages, many under writeback"),
	MORE_FLAGS(struct mmscope_reclaim, waiting, &wait_names,
		   "why tasks of the node wait for reclaim now"),
	MORE(struct mmscope_reclaim, writeback_throttled, COUNT,
	     "tasks that wait until fewer pages are under writeback"),
	FIELD_ENUM(struct mmscope_reclaim, kswapd_state, &daemon_state_names,
		   "kswapd of the node: asleep has nothing to do, blocked waits within its work"),
	MORE(struct mmscope_reclaim, kswapd_pid, ID, "pid of the node's kswapd, 0 if it has none"),
	FIELD(struct mmscope_reclaim, kswapd_order, ID,
	      "kswapd is asked for blocks of 2^order pages and has not begun with that"),
	FIELD_ENUM(struct mmscope_reclaim, kswapd_highest_zone, &mmscope_zone_or_none_names,
		   "likewise, for this zone or lower ones; none: nothing is asked for"),
	FIELD(struct mmscope_reclaim, kswapd_failures, COUNT,
	      "runs of kswapd in a row that reclaimed nothing; from 16 on it sleeps"),
	MORE(struct mmscope_reclaim, priority, ID,
	     "of the reclaim under way, 12 to 0; unknown: it is on the stack of who reclaims"),
	FIELD_ENUM(struct mmscope_reclaim, kcompactd_state, &daemon_state_names,
		   "kcompactd of the node"),
	MORE(struct mmscope_reclaim, kcompactd_pid, ID,
	     "pid of the node's kcompactd, 0 if it has none"),
	FIELD(struct mmscope_reclaim, kcompactd_order, ID,
	      "kcompactd is asked for blocks of 2^order pages and has not begun; 0: it is not"),
	MORE_ENUM(struct mmscope_reclaim, kcompactd_highest_zone, &mmscope_zone_or_none_names,
		  "likewise, in this zone or lower ones"),
	MORE(struct mmscope_reclaim, proactive_trigger, COUNT,
	     "1: kcompactd was told to look for fragmentation at once"),
	MORE(struct mmscope_reclaim, proactiveness, COUNT,
	     "how eager kcompactd compacts unasked, percent; 0: not at all"),
	FIELD(struct mmscope_reclaim, compact_order_failed, ID,
	      "compaction for this order failed; for lower ones it is never passed over"),
	FIELD(struct mmscope_reclaim, compact_defer_shift, COUNT,
	      "2^shift tries for such orders are passed over, the last one is done"),
	FIELD(struct mmscope_reclaim, compact_considered, COUNT, "of these, passed over so far"),
	MORE(struct mmscope_reclaim, compact_blockskip_flush, COUNT,
	     "1: skip bits of pageblocks are cleared when kswapd goes to sleep"),
	MORE(struct mmscope_reclaim, compact_migrate_async_pfn, PFN,
	     "where asynchronous compaction looks next for pages to move"),
	MORE(struct mmscope_reclaim, compact_migrate_sync_pfn, PFN,
	     "where synchronous compaction looks next for pages to move"),
	MORE(struct mmscope_reclaim, compact_free_pfn, PFN,
	     "where compaction looks next, downward, for free pages"),
	MORE(struct mmscope_reclaim, compact_init_migrate_pfn, PFN,
	     "first pageblock with pages to move that the last whole pass found"),
	MORE(struct mmscope_reclaim, compact_init_free_pfn, PFN,
	     "last pageblock with free pages that it found"),
	MORE(struct mmscope_reclaim, extfrag_threshold, PERMILLE,
	     "above this fragmentation index compaction is tried for costly orders"),
	MORE(struct mmscope_reclaim, huge_order, ID, "the huge_* are of blocks of 2^order pages"),
	FIELD_SIGNED(struct mmscope_reclaim, huge_extfrag_permille, PERMILLE,
		     "near 0: no memory for huge pages, near 1000: fragmented; -1000: it would do"),
	MORE(struct mmscope_reclaim, huge_unusable_permille, PERMILLE,
	     "part of the free memory in blocks too small for them"),
	FIELD_ENUM(struct mmscope_reclaim, huge_compaction, &mmscope_compaction_names,
		   "what compaction would do for a huge page of this zone"),
};

static const struct mmscope_need reclaim_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
#ifdef CONFIG_COMPACTION
	WANT_SYM(sysctl_extfrag_threshold),
	WANT_SYM(sysctl_compaction_proactiveness),
#endif
	{ }
};

const struct mmscope_dataset mmscope_reclaims = {
	.name = "reclaim",
	.help = "zones: distance to the watermarks, kswapd, kcompactd, state of compaction",
	.id = MMSCOPE_DS_RECLAIM,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_reclaim),
	.fields = reclaim_fields,
	.nr_fields = ARRAY_SIZE(reclaim_fields),
	.needs = reclaim_needs,
	.walk = reclaim_walk,
};

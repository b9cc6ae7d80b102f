// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset events: what its records look like. They come by read(), no walk gives them.
 */
#include "../mmscope.h"

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_EVENT_LOST, "lost" },
	{ MMSCOPE_EVENT_WATERMARK, "watermark" },
	{ MMSCOPE_EVENT_KSWAPD_CALL, "kswapd_call" },
	{ MMSCOPE_EVENT_KSWAPD_WAKE, "kswapd_wake" },
	{ MMSCOPE_EVENT_KSWAPD_SLEEP, "kswapd_sleep" },
	{ MMSCOPE_EVENT_RECLAIM_BEGIN, "reclaim_begin" },
	{ MMSCOPE_EVENT_RECLAIM, "reclaim" },
	{ MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN, "memcg_reclaim_begin" },
	{ MMSCOPE_EVENT_MEMCG_RECLAIM, "memcg_reclaim" },
	{ MMSCOPE_EVENT_COMPACTION_BEGIN, "compaction_begin" },
	{ MMSCOPE_EVENT_COMPACTION, "compaction" },
	{ MMSCOPE_EVENT_FALLBACK, "fallback" },
	{ MMSCOPE_EVENT_OOM_KILL, "oom_kill" },
	{ MMSCOPE_EVENT_THP_COLLAPSE, "thp_collapse" },
};

static MMSCOPE_NAMES(kind_names, kinds);

static const struct mmscope_name marks[] = {
	{ MMSCOPE_MARK_BELOW_MIN, "below_min" },
	{ MMSCOPE_MARK_MIN, "min" },
	{ MMSCOPE_MARK_LOW, "low" },
	{ MMSCOPE_MARK_HIGH, "high" },
};

static MMSCOPE_NAMES(mark_names, marks);

static const struct mmscope_field_def event_fields[] = {
	FIELD(struct mmscope_event, ns, NS, "when, on the clock CLOCK_MONOTONIC"),
	FIELD(struct mmscope_event, cpu, ID, "on which CPU"),
	FIELD_ENUM(struct mmscope_event, kind, &kind_names, "what happened"),
	FIELD(struct mmscope_event, pid, ID, "thread that ran, or that was interrupted"),
	FIELD_TEXT(struct mmscope_event, comm, "its name"),
	FIELD(struct mmscope_event, node, ID, "NUMA node it is about"),
	FIELD_ENUM(struct mmscope_event, zone, &mmscope_zone_names,
		   "zone it is about; of kswapd the highest one to be balanced"),
	FIELD(struct mmscope_event, order, ID,
	      "of the allocation; unknown for compaction: of a whole zone, none waits"),
	MORE_FLAGS(struct mmscope_event, gfp, &mmscope_gfp_names, "flags of the allocation"),
	FIELD(struct mmscope_event, duration_ns, NS, "since it began, if that was seen"),
	FIELD(struct mmscope_event, pages, PAGES,
	      "reclaimed, scanned by compaction, free in the zone or block, or collapsed"),
	MORE(struct mmscope_event, pfn, PFN, "of the block a fallback took"),
	MORE_ENUM(struct mmscope_event, from_mark, &mark_names,
		  "highest watermark that free pages reached when last looked at"),
	MORE_ENUM(struct mmscope_event, to_mark, &mark_names, "and now, boost included"),
	MORE_ENUM(struct mmscope_event, from_type, &mmscope_migratetype_names,
		  "migratetype of the free list a fallback took from"),
	MORE_ENUM(struct mmscope_event, to_type, &mmscope_migratetype_names,
		  "migratetype of its allocation"),
	MORE(struct mmscope_event, block_order, ID, "order of the free block it took from"),
	MORE_ENUM(struct mmscope_event, block_type, &mmscope_migratetype_names,
		  "migratetype of the pageblock afterwards: to_type if it was taken over"),
	MORE_ENUM(struct mmscope_event, compact_result, &mmscope_compact_result_names,
		  "what compaction came to"),
	MORE_ENUM(struct mmscope_event, scan_result, &mmscope_scan_result_names,
		  "what the collapse came to"),
	MORE(struct mmscope_event, other_pid, ID, "process killed, or whose memory is collapsed"),
	MORE_TEXT(struct mmscope_event, other_comm, "its name"),
	FIELD(struct mmscope_event, lost, COUNT,
	      "events lost since the record before, for want of room"),
};

static const struct mmscope_need event_needs[] = {
	WANT_TRACEPOINT(mm_vmscan_wakeup_kswapd),
	WANT_TRACEPOINT(mm_vmscan_kswapd_wake),
	WANT_TRACEPOINT(mm_vmscan_kswapd_sleep),
	WANT_TRACEPOINT(mm_vmscan_direct_reclaim_begin),
	WANT_TRACEPOINT(mm_vmscan_direct_reclaim_end),
	WANT_TRACEPOINT(mm_vmscan_memcg_reclaim_begin),
	WANT_TRACEPOINT(mm_vmscan_memcg_reclaim_end),
	WANT_TRACEPOINT(mm_compaction_begin),
	WANT_TRACEPOINT(mm_compaction_end),
	WANT_TRACEPOINT(mm_page_alloc_extfrag),
	WANT_TRACEPOINT(mark_victim),
	WANT_TRACEPOINT(mm_collapse_huge_page),
	WANT_LAYOUT(compact_control, zone),
	WANT_LAYOUT(compact_control, order),
	WANT_LAYOUT(compact_control, gfp_mask),
	WANT_LAYOUT(compact_control, total_migrate_scanned),
	{ }
};

const struct mmscope_dataset mmscope_events = {
	.name = "events",
	.help = "reclaim, compaction, fallbacks, OOM kills and the like, as they happen",
	.id = MMSCOPE_DS_EVENTS,
	.flags = MMSCOPE_DATASET_POINT | MMSCOPE_DATASET_STREAM,
	.rec_size = sizeof(struct mmscope_event),
	.fields = event_fields,
	.nr_fields = ARRAY_SIZE(event_fields),
	.needs = event_needs,
};

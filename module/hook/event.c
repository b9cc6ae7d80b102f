// SPDX-License-Identifier: GPL-2.0
/*
 * The probes: from what a tracepoint gives to an event.
 *
 * A probe runs in any context, with the locks of whoever called it: it reads, fills
 * a record on the stack, and hands it on. It takes no lock, allocates nothing,
 * prints nothing, and cannot come upon itself: nothing that it calls reclaims or
 * allocates. Watermarks are looked at in passing (see MMSCOPE_EVENT_WATERMARK).
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

struct compact_control;

#include <trace/events/compaction.h>
#include <trace/events/huge_memory.h>
#include <trace/events/kmem.h>
#include <trace/events/oom.h>
#include <trace/events/vmscan.h>

#include "compat.h"
#include "event.h"
#include "mmscope.h"
#include "span.h"
#include "tracepoint.h"
#include "../walk/frame.h"

/**
 * struct state - what the probes remember from one event to another
 * @reclaim: begun and not ended
 * @memcg_reclaim: likewise
 * @compaction: likewise
 * @kswapd_ns: of each node, when its kswapd began to run, 0: it sleeps, or not seen
 * @mark: of each zone, enum mmscope_mark plus one when last looked at, 0: never
 */
static struct state {
	struct mmscope_spans reclaim;
	struct mmscope_spans memcg_reclaim;
	struct mmscope_spans compaction;
	u64 kswapd_ns[MAX_NUMNODES];
	u32 mark[MAX_NUMNODES][MAX_NR_ZONES];
} *state;	/* there while a probe is registered */

/**
 * mmscope_event_blank - an event of which nothing is known but who, where and when
 * @rec: filled
 * @kind: enum mmscope_event_kind
 */
void mmscope_event_blank(struct mmscope_event *rec, u32 kind)
{
	memset(rec, 0xff, sizeof(*rec));	/* MMSCOPE_UNKNOWN, _UNKNOWN32 */
	rec->ns = ktime_get_mono_fast_ns();
	rec->lost = 0;
	rec->kind = kind;
	rec->cpu = raw_smp_processor_id();
	rec->pid = task_pid_nr(current);
	memcpy(rec->comm, current->comm, sizeof(rec->comm));
	rec->comm[sizeof(rec->comm) - 1] = '\0';
	memset(rec->other_comm, 0, sizeof(rec->other_comm));
}

static void add_task(struct mmscope_event *rec, const struct task_struct *task)
{
	rec->other_pid = task_pid_nr((struct task_struct *)task);
	memcpy(rec->other_comm, task->comm, sizeof(rec->other_comm));
	rec->other_comm[sizeof(rec->other_comm) - 1] = '\0';
}

/* -------------------------------------------------------------- watermarks */

static u32 mark_of(const struct zone *zone, u64 free)
{
	if (free < min_wmark_pages(zone))
		return MMSCOPE_MARK_BELOW_MIN;
	if (free < low_wmark_pages(zone))
		return MMSCOPE_MARK_MIN;
	return free < high_wmark_pages(zone) ? MMSCOPE_MARK_LOW : MMSCOPE_MARK_HIGH;
}

static void look_at_zone(struct zone *zone)
{
	u64 free = zone_page_state(zone, NR_FREE_PAGES);
	u32 to = mark_of(zone, free);
	u32 *mark = &state->mark[zone_to_nid(zone)][zone_idx(zone)];
	u32 from = READ_ONCE(*mark);
	struct mmscope_event rec;

	if (from == to + 1)
		return;
	from = xchg(mark, to + 1);
	if (!from || from == to + 1)
		return;
	mmscope_event_blank(&rec, MMSCOPE_EVENT_WATERMARK);
	rec.node = zone_to_nid(zone);
	rec.zone = zone_idx(zone);
	rec.pages = free;
	rec.from_mark = from - 1;
	rec.to_mark = to;
	mmscope_event_publish(&rec);
}

static void look_at_node(int nid)
{
	u32 i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (zone_managed_pages(zone))
			look_at_zone(zone);
	}
}

/* ------------------------------------------------------------------ kswapd */

static void on_kswapd_call(void *data, int nid, int zid, int order, gfp_t gfp)
{
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_KSWAPD_CALL);
	rec.node = nid;
	rec.zone = zid;
	rec.order = order;
	rec.gfp = mmscope_gfp_flags(gfp);
	mmscope_event_publish(&rec);
	look_at_node(nid);
}

/* only the kswapd of a node writes its time */
static void on_kswapd_wake(void *data, int nid, int zid, int order)
{
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_KSWAPD_WAKE);
	rec.node = nid;
	rec.zone = zid;
	rec.order = order;
	if (!state->kswapd_ns[nid])
		state->kswapd_ns[nid] = rec.ns;
	mmscope_event_publish(&rec);
	look_at_node(nid);
}

static void on_kswapd_sleep(void *data, int nid)
{
	struct mmscope_event rec;

	look_at_node(nid);
	mmscope_event_blank(&rec, MMSCOPE_EVENT_KSWAPD_SLEEP);
	rec.node = nid;
	if (state->kswapd_ns[nid])
		rec.duration_ns = rec.ns - state->kswapd_ns[nid];
	state->kswapd_ns[nid] = 0;
	mmscope_event_publish(&rec);
}

/* ----------------------------------------------------------------- reclaim */

static void begin(u32 kind, struct mmscope_spans *spans, int order, gfp_t gfp)
{
	struct mmscope_event rec;

	look_at_node(numa_mem_id());
	mmscope_event_blank(&rec, kind);
	rec.order = order;
	rec.gfp = mmscope_gfp_flags(gfp);
	mmscope_span_begin(spans, rec.ns, rec.order, rec.gfp);
	mmscope_event_publish(&rec);
}

static void end(u32 kind, struct mmscope_spans *spans, unsigned long pages)
{
	struct mmscope_event rec;
	struct mmscope_span span;

	mmscope_event_blank(&rec, kind);
	rec.pages = pages;
	if (mmscope_span_end(spans, &span)) {
		rec.order = span.order;
		rec.gfp = span.gfp;
		rec.duration_ns = rec.ns - span.ns;
	}
	mmscope_event_publish(&rec);
	look_at_node(numa_mem_id());
}

static void on_reclaim_begin(void *data, COMPAT_RECLAIM_BEGIN_PROTO(order, gfp))
{
	begin(MMSCOPE_EVENT_RECLAIM_BEGIN, &state->reclaim, order, gfp);
}

static void on_reclaim_end(void *data, COMPAT_RECLAIM_END_PROTO(pages))
{
	end(MMSCOPE_EVENT_RECLAIM, &state->reclaim, pages);
}

static void on_memcg_reclaim_begin(void *data, COMPAT_RECLAIM_BEGIN_PROTO(order, gfp))
{
	begin(MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN, &state->memcg_reclaim, order, gfp);
}

static void on_memcg_reclaim_end(void *data, COMPAT_RECLAIM_END_PROTO(pages))
{
	end(MMSCOPE_EVENT_MEMCG_RECLAIM, &state->memcg_reclaim, pages);
}

/* -------------------------------------------------------------- compaction */

/* the struct is private to mm/; it is the caller's, on its stack */
static void add_compaction(struct mmscope_event *rec, const struct compact_control *cc)
{
	struct zone *zone = NULL;

	if (mmscope_layout(compact_control, zone)->found)
		zone = (struct zone *)(unsigned long)mmscope_read(cc, compact_control, zone);
	if (zone) {
		rec->node = zone_to_nid(zone);
		rec->zone = zone_idx(zone);
	}
	/* -1 if nobody waits for a block */
	if (mmscope_layout(compact_control, order)->found)
		rec->order = mmscope_read(cc, compact_control, order);
	if (mmscope_layout(compact_control, gfp_mask)->found)
		rec->gfp = mmscope_gfp_flags((__force gfp_t)mmscope_read(cc, compact_control,
									 gfp_mask));
}

static void on_compaction_begin(void *data, struct compact_control *cc, unsigned long start,
				unsigned long end, bool sync)
{
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_COMPACTION_BEGIN);
	add_compaction(&rec, cc);
	mmscope_span_begin(&state->compaction, rec.ns, rec.order, rec.gfp);
	mmscope_event_publish(&rec);
	if (rec.node != MMSCOPE_UNKNOWN32)
		look_at_node(rec.node);
}

static void on_compaction_end(void *data, struct compact_control *cc, unsigned long start,
			      unsigned long end, bool sync, int status)
{
	struct mmscope_event rec;
	struct mmscope_span span;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_COMPACTION);
	add_compaction(&rec, cc);
	rec.compact_result = status;
	if (mmscope_layout(compact_control, total_migrate_scanned)->found)
		rec.pages = mmscope_read(cc, compact_control, total_migrate_scanned);
	if (mmscope_span_end(&state->compaction, &span))
		rec.duration_ns = rec.ns - span.ns;
	mmscope_event_publish(&rec);
	if (rec.node != MMSCOPE_UNKNOWN32)
		look_at_node(rec.node);
}

/* ------------------------------------------------------------------ others */

/* zone->lock is held */
static void on_fallback(void *data, struct page *page, int order, int block_order, int type,
			int block_type)
{
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_FALLBACK);
	rec.node = page_to_nid(page);
	rec.zone = page_zonenum(page);
	rec.pfn = page_to_pfn(page);
	rec.order = order;
	rec.from_type = block_type;
	rec.to_type = type;
	rec.block_order = block_order;
	rec.block_type = compat_pageblock_type(mmscope_pageblock_bits(rec.pfn));
	rec.pages = 1ULL << block_order;
	mmscope_event_publish(&rec);
	look_at_node(rec.node);
}

static void on_mark_victim(void *data, struct task_struct *task, uid_t uid)
{
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_OOM_KILL);
	add_task(&rec, task);
	mmscope_event_publish(&rec);
}

static void on_collapse(void *data, COMPAT_COLLAPSE_PROTO(order))
{
	const struct task_struct *owner;
	struct mmscope_event rec;

	mmscope_event_blank(&rec, MMSCOPE_EVENT_THP_COLLAPSE);
	rec.order = compat_collapse_order(order);
	rec.pages = isolated ? 1ULL << rec.order : 0;
	rec.scan_result = status;
	rcu_read_lock();
	owner = compat_mm_owner(mm);
	if (owner)
		add_task(&rec, owner);
	rcu_read_unlock();
	mmscope_event_publish(&rec);
}

/* never called: the compiler compares the probes with the headers of the tracepoints */
static void __maybe_unused check_probes(void)
{
	check_trace_callback_type_mm_vmscan_wakeup_kswapd(on_kswapd_call);
	check_trace_callback_type_mm_vmscan_kswapd_wake(on_kswapd_wake);
	check_trace_callback_type_mm_vmscan_kswapd_sleep(on_kswapd_sleep);
	check_trace_callback_type_mm_vmscan_direct_reclaim_begin(on_reclaim_begin);
	check_trace_callback_type_mm_vmscan_direct_reclaim_end(on_reclaim_end);
	compat_check_memcg_reclaim(on_memcg_reclaim_begin, on_memcg_reclaim_end);
	check_trace_callback_type_mm_compaction_begin(on_compaction_begin);
	check_trace_callback_type_mm_compaction_end(on_compaction_end);
	check_trace_callback_type_mm_page_alloc_extfrag(on_fallback);
	check_trace_callback_type_mark_victim(on_mark_victim);
	compat_check_collapse(on_collapse);
}

/* ------------------------------------------------------------- registering */

#define KIND(_name) BIT_ULL(MMSCOPE_EVENT_##_name)

/* kinds that are made of others' tracepoints in passing: any of them will do */
#define SAMPLED KIND(WATERMARK)

#define REMEMBERS(_member) \
	.offset = offsetof(struct state, _member), .bytes = sizeof_field(struct state, _member)

/*
 * Which kinds need which probe, and what a begin remembers for its end: forgotten
 * when the probe goes, for the end may pass unseen.
 */
static struct {
	u64 kinds;
	struct mmscope_hook hook;
	size_t offset;
	size_t bytes;
} hooks[] = {
	{ KIND(KSWAPD_CALL) | SAMPLED, MMSCOPE_HOOK(mm_vmscan_wakeup_kswapd, on_kswapd_call) },
	{ KIND(KSWAPD_SLEEP) | SAMPLED, MMSCOPE_HOOK(mm_vmscan_kswapd_sleep, on_kswapd_sleep) },
	{ KIND(KSWAPD_WAKE) | KIND(KSWAPD_SLEEP) | SAMPLED,
	  MMSCOPE_HOOK(mm_vmscan_kswapd_wake, on_kswapd_wake), REMEMBERS(kswapd_ns) },
	{ KIND(RECLAIM) | SAMPLED, MMSCOPE_HOOK(mm_vmscan_direct_reclaim_end, on_reclaim_end) },
	{ KIND(RECLAIM) | KIND(RECLAIM_BEGIN) | SAMPLED,
	  MMSCOPE_HOOK(mm_vmscan_direct_reclaim_begin, on_reclaim_begin), REMEMBERS(reclaim) },
	{ KIND(MEMCG_RECLAIM), MMSCOPE_HOOK(mm_vmscan_memcg_reclaim_end, on_memcg_reclaim_end) },
	{ KIND(MEMCG_RECLAIM) | KIND(MEMCG_RECLAIM_BEGIN),
	  MMSCOPE_HOOK(mm_vmscan_memcg_reclaim_begin, on_memcg_reclaim_begin),
	  REMEMBERS(memcg_reclaim) },
	{ KIND(COMPACTION) | SAMPLED, MMSCOPE_HOOK(mm_compaction_end, on_compaction_end) },
	{ KIND(COMPACTION) | KIND(COMPACTION_BEGIN) | SAMPLED,
	  MMSCOPE_HOOK(mm_compaction_begin, on_compaction_begin), REMEMBERS(compaction) },
	{ KIND(FALLBACK) | SAMPLED, MMSCOPE_HOOK(mm_page_alloc_extfrag, on_fallback) },
	{ KIND(OOM_KILL), MMSCOPE_HOOK(mark_victim, on_mark_victim) },
	{ KIND(THP_COLLAPSE), MMSCOPE_HOOK(mm_collapse_huge_page, on_collapse) },
};

static bool hook_missing(u32 i)
{
	return mmscope_tracepoint_missing(hooks[i].hook.id);
}

/**
 * mmscope_event_kinds - which kinds of events can be had on this kernel
 *
 * Return: 1 << enum mmscope_event_kind.
 */
u64 mmscope_event_kinds(void)
{
	u64 some = 0, lacking = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (hook_missing(i))
			lacking |= hooks[i].kinds & ~SAMPLED;
		else
			some |= hooks[i].kinds;
	}
	return some & ~lacking;
}

static bool wanted(u32 i, u64 kinds)
{
	return hooks[i].kinds & kinds && !hook_missing(i);
}

/* Frees or clears what the probes that are gone had remembered. */
static void forget(void)
{
	bool used = false;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (hooks[i].hook.users)
			used = true;
		else
			memset((void *)state + hooks[i].offset, 0, hooks[i].bytes);
	}
	if (used)
		return;
	kvfree(state);
	state = NULL;
}

static void put_hooks(u64 kinds, u32 nr)
{
	while (nr--)
		if (wanted(nr, kinds))
			mmscope_hook_put(&hooks[nr].hook);
	mmscope_hook_sync();
	forget();
}

/**
 * mmscope_event_hook - have the probes for some kinds called; one caller at a time
 * @kinds: 1 << enum mmscope_event_kind, all of them in mmscope_event_kinds()
 *
 * Return: 0 or a negative errno.
 */
int mmscope_event_hook(u64 kinds)
{
	u32 i;
	int err;

	if (!state)
		state = kvzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (!wanted(i, kinds))
			continue;
		err = mmscope_hook_get(&hooks[i].hook);
		if (err) {
			put_hooks(kinds, i);
			return err;
		}
	}
	return 0;
}

/**
 * mmscope_event_unhook - undo mmscope_event_hook(); no probe runs any more for these
 * @kinds: as there
 */
void mmscope_event_unhook(u64 kinds)
{
	put_hooks(kinds, ARRAY_SIZE(hooks));
}

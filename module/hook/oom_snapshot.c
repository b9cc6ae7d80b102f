// SPDX-License-Identifier: GPL-2.0
/*
 * What the OOM recorder writes down, in the middle of an OOM.
 *
 * Called from the OOM notifier, or from a probe under a task_lock() and with
 * preemption off. So: no allocation, no lock but for a try at slab_mutex, which is
 * given back soon; and everything is bounded. Who holds slab_mutex at this moment
 * may be the one who asks for memory.
 *
 * Sources: those of the datasets zones, nodes, slab_caches and oom_rank, by reads
 * without locks; vm_event_states of each CPU; nr_swap_pages. Free blocks are the
 * counters of the free lists, the lists are not walked. The frames are not swept:
 * that takes too long here, the counters stand for them.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>
#include <linux/wait.h>

#include "../compat.h"
#include "../mmscope.h"
#include "../walk/oom.h"
#include "../walk/slab.h"
#include "../walk/zone.h"
#include "oom.h"

/* processes looked at: the kernel itself goes through all of them for the machine's OOM */
#define MAX_LOOKED_AT		65536
/* with preemption off */
#define MAX_LOOKED_AT_ATOMIC	4096
/* slab caches looked at */
#define MAX_CACHES		8192

static_assert(mmscope_nr_orders <= MMSCOPE_NR_ORDERS);

/* ---------------------------------------------------------------- the zones */

static u32 kswapd_state(pg_data_t *pgdat)
{
	if (!READ_ONCE(pgdat->kswapd))
		return MMSCOPE_KSWAPD_NONE;
	/* only looked at: nobody is woken, or not woken, for it */
	return waitqueue_active(&pgdat->kswapd_wait) ? MMSCOPE_KSWAPD_ASLEEP :
						       MMSCOPE_KSWAPD_AWAKE;
}

static void fill_zone(struct zone *zone, struct mmscope_oom_zone *rec)
{
	pg_data_t *pgdat = zone->zone_pgdat;
	u64 usable;
	u32 i;

	*rec = (struct mmscope_oom_zone){
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.present_pages = READ_ONCE(zone->present_pages),
		.managed_pages = zone_managed_pages(zone),
		.watermark_min = READ_ONCE(zone->_watermark[WMARK_MIN]),
		.watermark_low = READ_ONCE(zone->_watermark[WMARK_LOW]),
		.watermark_high = READ_ONCE(zone->_watermark[WMARK_HIGH]),
		.watermark_boost = READ_ONCE(zone->watermark_boost),
		.highatomic_reserved_pages = READ_ONCE(zone->nr_reserved_highatomic),
		.kswapd = kswapd_state(pgdat),
		.kswapd_failures = compat_kswapd_failures(pgdat),
		.kswapd_order = READ_ONCE(pgdat->kswapd_order),
	};
	for (i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		rec->stat[i] = zone_page_state(zone, i);
	rec->free_pages = rec->stat[NR_FREE_PAGES];
	usable = rec->free_pages - rec->watermark_boost;
	rec->above_min = usable - rec->watermark_min;
	rec->above_low = usable - rec->watermark_low;
	rec->above_high = usable - rec->watermark_high;
	for (i = 0; i < MMSCOPE_NR_ORDERS; i++)
		rec->free_blocks[i] = i < mmscope_nr_orders ?
				      READ_ONCE(zone->free_area[i].nr_free) : MMSCOPE_UNKNOWN;
}

static void fill_zones(struct mmscope_oom_snapshot *s)
{
	u32 i;

	s->nr_zones = 0;
	for (i = 0; i < mmscope_nr_zones() && s->nr_zones < s->zones_room; i++) {
		struct zone *zone = mmscope_zone_at(i);

		if (zone)
			fill_zone(zone, &s->zones[s->nr_zones++]);
	}
}

/* ------------------------------------------------------------- the counters */

static void fill_counters(struct mmscope_oom_snapshot *s)
{
	struct mmscope_oom_last *h = &s->head;
	u32 i, j;
	int nid;

	for (i = 0; i < s->nr_zones; i++)
		for (j = 0; j < NR_VM_ZONE_STAT_ITEMS; j++)
			h->zone_stat[j] += s->zones[i].stat[j];
	for_each_online_node(nid)
		for (j = 0; j < NR_VM_NODE_STAT_ITEMS; j++)
			h->node_stat[j] += max(atomic_long_read(&NODE_DATA(nid)->vm_stat[j]), 0L);
	h->free_swap_pages = max(get_nr_swap_pages(), 0L);
}

#ifdef CONFIG_VM_EVENT_COUNTERS
/* all_vm_events() would sleep */
static u64 event(enum vm_event_item item)
{
	u64 sum = 0;
	int cpu;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(per_cpu(vm_event_states, cpu).event[item]);
	return sum;
}
#else
static u64 event(enum vm_event_item item)
{
	return MMSCOPE_UNKNOWN;
}
#endif

#ifdef CONFIG_COMPACTION
#define compact_event(_item) event(_item)
#else
#define compact_event(_item) MMSCOPE_UNKNOWN
#endif

static u64 zone_events(enum vm_event_item normal)
{
	u64 sum = 0;
	int zid;

	for (zid = 0; zid <= ZONE_MOVABLE; zid++)
		sum += event(normal - ZONE_NORMAL + zid);
	return sum;
}

static void fill_events(struct mmscope_oom_last *h)
{
	h->pgfault = event(PGFAULT);
	h->pgmajfault = event(PGMAJFAULT);
	h->allocstall = zone_events(ALLOCSTALL_NORMAL);
	h->pgscan_kswapd = compat_reclaim_event(event, PGSCAN_KSWAPD);
	h->pgscan_direct = compat_reclaim_event(event, PGSCAN_DIRECT);
	h->pgsteal_kswapd = compat_reclaim_event(event, PGSTEAL_KSWAPD);
	h->pgsteal_direct = compat_reclaim_event(event, PGSTEAL_DIRECT);
	h->pswpin = event(PSWPIN);
	h->pswpout = event(PSWPOUT);
	h->compact_stall = compact_event(COMPACTSTALL);
	h->compact_fail = compact_event(COMPACTFAIL);
	h->oom_kill = event(OOM_KILL);
}

/* -------------------------------------------------------- the slab caches */

static int larger_slab(const void *a, const void *b)
{
	const struct mmscope_oom_slab *x = a, *y = b;

	return x->memory_bytes > y->memory_bytes ? -1 : x->memory_bytes < y->memory_bytes;
}

/* the record that a cache of so many bytes may have, NULL: it is too small */
static struct mmscope_oom_slab *slab_place(struct mmscope_oom_snapshot *s, u64 bytes)
{
	struct mmscope_oom_slab *least = s->slabs;
	u32 i;

	if (s->nr_slabs < MMSCOPE_OOM_SLABS)
		return &s->slabs[s->nr_slabs++];
	for (i = 1; i < s->nr_slabs; i++)
		if (s->slabs[i].memory_bytes < least->memory_bytes)
			least = &s->slabs[i];
	return bytes > least->memory_bytes ? least : NULL;
}

static void look_at_cache(struct mmscope_oom_snapshot *s, const void *cache)
{
	const char *name = (const char *)(unsigned long)mmscope_read(cache, kmem_cache, name);
	struct mmscope_oom_slab *rec;
	u64 slabs, objects;
	u64 bytes = mmscope_slab_pages(cache, &slabs, &objects) << PAGE_SHIFT;

	rec = slab_place(s, bytes);
	if (!rec)
		return;
	*rec = (struct mmscope_oom_slab){
		.memory_bytes = bytes,
		.slabs = slabs,
		.total_objects = objects,
	};
	if (name)
		strscpy(rec->name, name, sizeof(rec->name));
}

static void fill_slabs(struct mmscope_oom_snapshot *s)
{
	struct list_head *caches = mmscope_sym(slab_caches);
	struct mutex *mutex = mmscope_sym(slab_mutex);
	struct list_head *pos;
	u32 nr = 0;

	s->nr_slabs = 0;
	if (!s->slabs_known || !mutex_trylock(mutex)) {
		s->head.state |= MMSCOPE_OOM_NO_SLABS;
		return;
	}
	list_for_each(pos, caches) {
		if (nr++ >= MAX_CACHES)
			break;
		look_at_cache(s, (void *)pos - mmscope_layout(kmem_cache, list)->offset);
	}
	mutex_unlock(mutex);
	sort(s->slabs, s->nr_slabs, sizeof(*s->slabs), larger_slab, NULL);
}

/* -------------------------------------------------------------- the ranking */

/* the record that a process may have, NULL: there are enough that are worse */
static struct mmscope_oom_rank *rank_place(struct mmscope_oom_snapshot *s,
					   const struct mmscope_oom_rank *rec)
{
	struct mmscope_oom_rank *last = s->ranked;
	u32 i;

	if (s->nr_ranked < MMSCOPE_OOM_RANKED)
		return &s->ranked[s->nr_ranked++];
	for (i = 1; i < s->nr_ranked; i++)
		if (mmscope_oom_compare(last, &s->ranked[i]) < 0)
			last = &s->ranked[i];
	return mmscope_oom_compare(rec, last) < 0 ? last : NULL;
}

/* @victim is marked already: it is ranked as it was when it was chosen */
static u64 look_at_all(struct mmscope_oom_snapshot *s, const struct mmscope_oom_scope *scope,
		       const struct task_struct *victim, u32 max)
{
	struct task_struct *task;
	u64 processes = 0;
	u32 looked_at = 0;

	rcu_read_lock();
	for_each_process(task) {
		struct mmscope_oom_rank rec, *place;

		if (looked_at++ >= max) {
			s->head.state |= MMSCOPE_OOM_RANK_CUT;
			break;
		}
		if (!mmscope_oom_measure(task, scope, &rec))
			continue;
		processes++;
		if (rec.spared == MMSCOPE_OOM_KTHREAD)
			continue;
		rec.pid = task_tgid_nr(task);
		if (victim && task == victim->group_leader && rec.spared == MMSCOPE_OOM_VICTIM)
			rec.spared = MMSCOPE_OOM_NOT_SPARED;
		place = rank_place(s, &rec);
		if (place)
			*place = rec;
	}
	rcu_read_unlock();
	return processes;
}

static void fill_ranking(struct mmscope_oom_snapshot *s, const struct mmscope_oom_scope *scope,
			 const struct task_struct *victim)
{
	u32 max = victim ? MAX_LOOKED_AT_ATOMIC : MAX_LOOKED_AT;
	u64 processes;
	u32 i;

	s->nr_ranked = 0;
	processes = look_at_all(s, scope, victim, max);
	sort(s->ranked, s->nr_ranked, sizeof(*s->ranked), mmscope_oom_compare, NULL);
	for (i = 0; i < s->nr_ranked; i++) {
		s->ranked[i].rank = s->ranked[i].spared ? 0 : i + 1;
		s->ranked[i].processes = processes;
	}
}

/* under RCU: the cgroup of the victim that is full */
static void find_scope(struct mmscope_oom_snapshot *s, struct mmscope_oom_scope *scope,
		       struct task_struct *victim)
{
	u64 used;

	scope->memcg = mmscope_oom_tightest(current, victim, &used);
	if (!scope->memcg)
		return;
	scope->ino = mmscope_oom_memcg_ino(scope->memcg);
	if (mmscope_has(mem_cgroup_get_max))
		scope->total = mmscope_call(mem_cgroup_get_max)(scope->memcg) ?: 1;
	s->head.scope_used_pages = used;
}

/* ------------------------------------------------------------------- all */

static void fill_asker(struct mmscope_oom_last *h)
{
	h->pid = task_tgid_nr(current);
	memcpy(h->comm, current->comm, sizeof(h->comm) - 1);
	h->oom_score_adj = (s64)READ_ONCE(current->signal->oom_score_adj);
}

/**
 * mmscope_oom_take - take a snapshot
 * @s: filled, but for the victim, the counts and what the allocation was for
 * @victim: of a memory cgroup's OOM; NULL: the machine is out of memory, and nobody
 *          is chosen yet
 *
 * The caller alone writes to @s.
 */
void mmscope_oom_take(struct mmscope_oom_snapshot *s, struct task_struct *victim)
{
	struct mmscope_oom_last *h = &s->head;
	u64 began = ktime_get_mono_fast_ns();
	struct mmscope_oom_scope scope;

	*h = (struct mmscope_oom_last){
		.kind = victim ? MMSCOPE_OOM_MEMCG : MMSCOPE_OOM_MACHINE,
		.taken_ns = ktime_get_boot_fast_ns(),
		.scope_used_pages = MMSCOPE_UNKNOWN,
		.order = MMSCOPE_UNKNOWN32,
		.gfp = MMSCOPE_UNKNOWN,
	};
	fill_zones(s);
	fill_counters(s);
	fill_events(h);
	fill_asker(h);
	fill_slabs(s);
	rcu_read_lock();
	mmscope_oom_scope_get(&scope, 0);
	if (victim)
		find_scope(s, &scope, victim);
	fill_ranking(s, &scope, victim);
	h->scope_memcg = scope.ino;
	h->scope_pages = scope.total;
	rcu_read_unlock();
	h->took_ns = ktime_get_mono_fast_ns() - began;
}

/**
 * mmscope_oom_add_victim - who is killed
 * @s: the snapshot
 * @victim: a thread of the process, with an address space
 * @uid: as the tracepoint has it
 */
void mmscope_oom_add_victim(struct mmscope_oom_snapshot *s, struct task_struct *victim, u32 uid)
{
	struct mmscope_oom_scope scope = {
		.total = s->head.scope_pages, .machine = s->head.scope_pages,
	};
	struct mmscope_oom_last *h = &s->head;
	struct mmscope_oom_rank rec;
	u32 i;

	rcu_read_lock();
	mmscope_oom_measure(victim->group_leader, &scope, &rec);
	rcu_read_unlock();
	memcpy(h->victim_comm, victim->comm, sizeof(h->victim_comm) - 1);
	h->victim_pid = task_tgid_nr(victim);
	h->victim_uid = uid;
	h->victim_points = rec.points;
	h->victim_rss_pages = rec.rss_pages;
	h->victim_anon_pages = rec.rss_anon_pages;
	h->victim_file_pages = rec.rss_file_pages;
	h->victim_shmem_pages = rec.rss_shmem_pages;
	h->victim_swap_pages = rec.swap_pages;
	h->victim_pagetable_pages = rec.pagetable_pages;
	h->victim_adj = rec.oom_score_adj;
	h->victim_memcg = rec.memcg;
	for (i = 0; i < s->nr_ranked; i++)
		if (s->ranked[i].pid == h->victim_pid)
			h->victim_rank = s->ranked[i].rank;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Datasets thp_state and khugepaged: what is set for transparent huge pages, size by
 * size and for all, what khugepaged did, and how often that or a fault failed.
 *
 * Locks: none for settings and counters, each is one word; the list of CPUs is held
 * by all_vm_events(), which sleeps. A cgroup is kept by a reference while the next
 * is looked for, so that RCU is never held over many of them.
 *
 * Staleness: counters are read one after the other; lengths of queues without their
 * locks.
 *
 * Why khugepaged left a block alone (SCAN_*) is kept nowhere: its tracepoints alone
 * tell. What can be counted of it are the events.
 *
 * Positions are orders; khugepaged is one record.
 *
 * Source: transparent_hugepage_flags, huge_anon_orders_*, huge_shmem_orders_*,
 * shmem_huge; mthp_stats; variables of mm/khugepaged.c; vm_event_states;
 * deferred_split_queue of pgdat and mem_cgroup.
 */
#include <linux/cpumask.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/vmstat.h>
#include <linux/string.h>

#include "../compat.h"
#include "../mmscope.h"
#include "memcg.h"

#define HUGE_ORDER (PMD_SHIFT - PAGE_SHIFT)

#define read_var(_name) \
	(mmscope_has(_name) ? READ_ONCE(*mmscope_sym(_name)) : 0)
#define read_known(_name) \
	(mmscope_has(_name) ? (u64)READ_ONCE(*mmscope_sym(_name)) : MMSCOPE_UNKNOWN)

/* ----------------------------------------------------------------- size by size */

static bool has_flag(u32 bit)
{
	return read_var(transparent_hugepage_flags) >> bit & 1;
}

static u32 global_policy(void)
{
	if (has_flag(TRANSPARENT_HUGEPAGE_FLAG))
		return MMSCOPE_THP_ALWAYS;
	return has_flag(TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG) ? MMSCOPE_THP_MADVISE :
							      MMSCOPE_THP_NEVER;
}

static u32 shmem_policy(void)
{
	static const u32 policies[] = {
		[0] = MMSCOPE_THP_NEVER, [1] = MMSCOPE_THP_ALWAYS,
		[2] = MMSCOPE_THP_WITHIN_SIZE, [3] = MMSCOPE_THP_MADVISE,
	};
	int huge = read_var(shmem_huge);

	if (!mmscope_has(shmem_huge) || huge >= (int)ARRAY_SIZE(policies))
		return MMSCOPE_UNKNOWN32;
	if (huge < 0)
		return huge == -1 ? MMSCOPE_THP_DENY : MMSCOPE_THP_FORCE;
	return policies[huge];
}

/* have sizes of shmem switches of their own? If there are such counters, there are switches. */
static bool shmem_has_sizes(void)
{
	u32 i;

	for (i = 0; i < mmscope_mthp_stat_names.nr; i++)
		if (strstr(mmscope_mthp_stat_names.tab[i].name, "shmem"))
			return true;
	return mmscope_has(huge_shmem_orders_inherit);
}

/* before sizes had switches of their own, the one for all was that of the one size */
static u32 anon_order_policy(u32 order)
{
	const bool sizes = COMPAT_THP_ANON_ORDERS & (COMPAT_THP_ANON_ORDERS - 1);

	if (!(COMPAT_THP_ANON_ORDERS >> order & 1))
		return MMSCOPE_THP_NONE;
	if (!sizes && !mmscope_has(huge_anon_orders_inherit))
		return order == HUGE_ORDER ? global_policy() : MMSCOPE_THP_NONE;
	if (!mmscope_has(huge_anon_orders_always) || !mmscope_has(huge_anon_orders_inherit) ||
	    !mmscope_has(huge_anon_orders_madvise))
		return MMSCOPE_UNKNOWN32;
	if (read_var(huge_anon_orders_always) >> order & 1)
		return MMSCOPE_THP_ALWAYS;
	if (read_var(huge_anon_orders_inherit) >> order & 1)
		return MMSCOPE_THP_INHERIT;
	return read_var(huge_anon_orders_madvise) >> order & 1 ? MMSCOPE_THP_MADVISE :
								 MMSCOPE_THP_NEVER;
}

static u32 shmem_order_policy(u32 order)
{
	if (!shmem_has_sizes())
		return order == HUGE_ORDER ? shmem_policy() : MMSCOPE_THP_NONE;
	if (!mmscope_has(huge_shmem_orders_always) || !mmscope_has(huge_shmem_orders_inherit) ||
	    !mmscope_has(huge_shmem_orders_within_size) || !mmscope_has(huge_shmem_orders_madvise))
		return MMSCOPE_UNKNOWN32;
	if (read_var(huge_shmem_orders_always) >> order & 1)
		return MMSCOPE_THP_ALWAYS;
	if (read_var(huge_shmem_orders_inherit) >> order & 1)
		return MMSCOPE_THP_INHERIT;
	if (read_var(huge_shmem_orders_within_size) >> order & 1)
		return MMSCOPE_THP_WITHIN_SIZE;
	return read_var(huge_shmem_orders_madvise) >> order & 1 ? MMSCOPE_THP_MADVISE :
								  MMSCOPE_THP_NEVER;
}

static void fill_stats(struct mmscope_thp_state *rec)
{
	const unsigned long __percpu *stats =
		(const unsigned long __percpu *)mmscope_sym_addr[MMSCOPE_SYM_mthp_stats];
	const u32 nr = mmscope_mthp_stat_names.nr;
	s64 sum;
	u32 i;
	int cpu;

	for (i = 0; i < MMSCOPE_NR_MTHP_STATS; i++) {
		rec->stat[i] = MMSCOPE_UNKNOWN;
		if (!stats || i >= nr)
			continue;
		sum = 0;
		/* one goes up on one CPU and down on another */
		for_each_possible_cpu(cpu)
			sum += (s64)READ_ONCE(per_cpu_ptr(stats, cpu)[rec->order * nr + i]);
		rec->stat[i] = max(sum, 0LL);
	}
}

static int state_walk(struct mmscope_walk *w)
{
	const bool by_size = mmscope_has(mthp_stats) || mmscope_has(huge_anon_orders_inherit);
	const u32 first = by_size ? 1 : HUGE_ORDER;
	struct mmscope_thp_state rec;
	u64 order;
	int ret;

	for (order = max_t(u64, w->cursor.pos, first); order <= HUGE_ORDER; order++) {
		rec = (struct mmscope_thp_state){
			.order = order,
			.size_bytes = PAGE_SIZE << order,
			.anon = anon_order_policy(order),
			.shmem = shmem_order_policy(order),
		};
		rec.anon_effective = rec.anon == MMSCOPE_THP_INHERIT ? global_policy() : rec.anon;
		fill_stats(&rec);
		ret = mmscope_emit(w, &rec, order + 1);
		if (ret)
			return ret;
	}
	return 0;
}

/* ------------------------------------------------------------------- khugepaged */

static u32 defrag(void)
{
	if (has_flag(TRANSPARENT_HUGEPAGE_DEFRAG_DIRECT_FLAG))
		return MMSCOPE_DEFRAG_ALWAYS;
	if (has_flag(TRANSPARENT_HUGEPAGE_DEFRAG_KSWAPD_FLAG))
		return MMSCOPE_DEFRAG_DEFER;
	if (has_flag(TRANSPARENT_HUGEPAGE_DEFRAG_KSWAPD_OR_MADV_FLAG))
		return MMSCOPE_DEFRAG_DEFER_MADVISE;
	return has_flag(TRANSPARENT_HUGEPAGE_DEFRAG_REQ_MADV_FLAG) ? MMSCOPE_DEFRAG_MADVISE :
								     MMSCOPE_DEFRAG_NEVER;
}

static int fill_events(struct mmscope_khugepaged *rec)
{
	unsigned long *all;
	u32 i;

	if (!mmscope_thp_event_names.nr)
		return 0;
	all = kcalloc(NR_VM_EVENT_ITEMS, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	all_vm_events(all);
	for (i = 0; i < mmscope_thp_event_names.nr; i++)
		if (mmscope_thp_event_items[i] < NR_VM_EVENT_ITEMS)
			rec->event[i] = all[mmscope_thp_event_items[i]];
	kfree(all);
	return 0;
}

static int fill_splits(struct mmscope_khugepaged *rec)
{
	struct cgroup_subsys_state *css;
	int nid, err = 0;
	u32 id;

	if (!COMPAT_HAS_DEFERRED_SPLITS) {
		rec->deferred_splits = MMSCOPE_UNKNOWN;
		return 0;
	}
	for_each_online_node(nid)
		rec->deferred_splits += compat_node_splits(NODE_DATA(nid));
	for (id = 0; !err && id < MMSCOPE_MEMCG_ID_END; id++) {
		rcu_read_lock();
		css = mmscope_memcg_next(&id);
		if (css)
			rec->deferred_splits += compat_memcg_splits(mem_cgroup_from_css(css));
		rcu_read_unlock();
		err = mmscope_pause();
	}
	return err;
}

static int khugepaged_walk(struct mmscope_walk *w)
{
	struct mmscope_khugepaged *rec = w->priv;
	int err;

	if (w->cursor.pos)
		return 0;
	*rec = (struct mmscope_khugepaged){
		.enabled = global_policy(),
		.defrag = defrag(),
		.shmem_enabled = shmem_policy(),
		.use_zero_page = has_flag(TRANSPARENT_HUGEPAGE_USE_ZERO_PAGE_FLAG),
		.khugepaged_defrag = has_flag(TRANSPARENT_HUGEPAGE_DEFRAG_KHUGEPAGED_FLAG),
		.max_ptes_none = read_known(khugepaged_max_ptes_none),
		.max_ptes_swap = read_known(khugepaged_max_ptes_swap),
		.max_ptes_shared = read_known(khugepaged_max_ptes_shared),
		.pages_to_scan = read_known(khugepaged_pages_to_scan),
		.scan_sleep_ns = read_known(khugepaged_scan_sleep_millisecs),
		.alloc_sleep_ns = read_known(khugepaged_alloc_sleep_millisecs),
		.pages_collapsed = read_known(khugepaged_pages_collapsed),
		.full_scans = read_known(khugepaged_full_scans),
	};
	if (rec->scan_sleep_ns != MMSCOPE_UNKNOWN)
		rec->scan_sleep_ns *= NSEC_PER_MSEC;
	if (rec->alloc_sleep_ns != MMSCOPE_UNKNOWN)
		rec->alloc_sleep_ns *= NSEC_PER_MSEC;
	err = fill_events(rec) ?: fill_splits(rec);
	return err ?: mmscope_emit(w, rec, 1);
}

static const struct mmscope_name policies[] = {
	{ MMSCOPE_THP_NEVER, "never" },
	{ MMSCOPE_THP_MADVISE, "madvise" },
	{ MMSCOPE_THP_ALWAYS, "always" },
	{ MMSCOPE_THP_INHERIT, "inherit" },
	{ MMSCOPE_THP_WITHIN_SIZE, "within_size" },
	{ MMSCOPE_THP_DENY, "deny" },
	{ MMSCOPE_THP_FORCE, "force" },
	{ MMSCOPE_THP_NONE, "none" },
};

static MMSCOPE_NAMES(policy_names, policies);

static const struct mmscope_field_def state_fields[] = {
	FIELD(struct mmscope_thp_state, order, ID, "of the huge pages"),
	FIELD(struct mmscope_thp_state, size_bytes, BYTES, "their size"),
	FIELD_ENUM(struct mmscope_thp_state, anon, &policy_names,
		   "where anonymous memory gets them; inherit: as khugepaged.enabled says"),
	FIELD_ENUM(struct mmscope_thp_state, anon_effective, &policy_names,
		   "likewise, with what is inherited"),
	FIELD_ENUM(struct mmscope_thp_state, shmem, &policy_names,
		   "where shared memory gets them; madvise is advise there"),
	MORE_ARRAY(struct mmscope_thp_state, stat, COUNT, &mmscope_mthp_stat_names,
		   "counters of this size: nr_* now, the others since boot"),
};

static const struct mmscope_need state_needs[] = {
	NEED_SYM(transparent_hugepage_flags),
	WANT_SYM(shmem_huge),
	WANT_SYM(mthp_stats),
	{ }
};

const struct mmscope_dataset mmscope_thp_state = {
	.name = "thp_state",
	.help = "transparent huge pages size by size: who gets them, and counters",
	.id = MMSCOPE_DS_THP_STATE,
	.rec_size = sizeof(struct mmscope_thp_state),
	.fields = state_fields,
	.nr_fields = ARRAY_SIZE(state_fields),
	.needs = state_needs,
	.walk = state_walk,
};

static const struct mmscope_name defrags[] = {
	{ MMSCOPE_DEFRAG_NEVER, "never" },
	{ MMSCOPE_DEFRAG_MADVISE, "madvise" },
	{ MMSCOPE_DEFRAG_DEFER_MADVISE, "defer+madvise" },
	{ MMSCOPE_DEFRAG_DEFER, "defer" },
	{ MMSCOPE_DEFRAG_ALWAYS, "always" },
};

static MMSCOPE_NAMES(defrag_names, defrags);

static const struct mmscope_field_def khugepaged_fields[] = {
	FIELD_ENUM(struct mmscope_khugepaged, enabled, &policy_names,
		   "who gets huge pages, where a size inherits it"),
	FIELD_ENUM(struct mmscope_khugepaged, defrag, &defrag_names,
		   "what a fault does when there is no free huge page"),
	FIELD_ENUM(struct mmscope_khugepaged, shmem_enabled, &policy_names,
		   "likewise of shared memory; deny and force override mounts"),
	FIELD(struct mmscope_khugepaged, pages_collapsed, COUNT, "huge pages khugepaged made"),
	FIELD(struct mmscope_khugepaged, full_scans, COUNT, "its rounds over all processes"),
	FIELD(struct mmscope_khugepaged, deferred_splits, COUNT,
	      "huge pages with unmapped or unused parts, to be split when memory runs low"),
	MORE(struct mmscope_khugepaged, use_zero_page, COUNT,
	     "1: reads of untouched memory get the huge zero page"),
	MORE(struct mmscope_khugepaged, khugepaged_defrag, COUNT,
	     "1: khugepaged may reclaim and compact"),
	MORE(struct mmscope_khugepaged, max_ptes_none, COUNT,
	     "untouched pages that khugepaged puts up with in a huge one"),
	MORE(struct mmscope_khugepaged, max_ptes_swap, COUNT, "likewise, pages in swap"),
	MORE(struct mmscope_khugepaged, max_ptes_shared, COUNT, "likewise, pages mapped elsewhere"),
	MORE(struct mmscope_khugepaged, pages_to_scan, PAGES, "looked at before each sleep"),
	MORE(struct mmscope_khugepaged, scan_sleep_ns, NS, "length of that"),
	MORE(struct mmscope_khugepaged, alloc_sleep_ns, NS,
	     "sleep after no huge page was to be had"),
	MORE_ARRAY(struct mmscope_khugepaged, event, COUNT, &mmscope_thp_event_names,
		   "events since boot, as in /proc/vmstat: allocated, failed, split"),
};

static const struct mmscope_need khugepaged_needs[] = {
	NEED_SYM(transparent_hugepage_flags),
	WANT_SYM(shmem_huge),
	WANT_SYM(khugepaged_max_ptes_none),
	WANT_SYM(khugepaged_max_ptes_swap),
	WANT_SYM(khugepaged_max_ptes_shared),
	WANT_SYM(khugepaged_pages_to_scan),
	WANT_SYM(khugepaged_scan_sleep_millisecs),
	WANT_SYM(khugepaged_alloc_sleep_millisecs),
	WANT_SYM(khugepaged_pages_collapsed),
	WANT_SYM(khugepaged_full_scans),
	{ }
};

const struct mmscope_dataset mmscope_khugepaged = {
	.name = "khugepaged",
	.help = "transparent huge pages: settings for all sizes, khugepaged's work, failures",
	.id = MMSCOPE_DS_KHUGEPAGED,
	.rec_size = sizeof(struct mmscope_khugepaged),
	.priv_size = sizeof(struct mmscope_khugepaged),
	.fields = khugepaged_fields,
	.nr_fields = ARRAY_SIZE(khugepaged_fields),
	.needs = khugepaged_needs,
	.walk = khugepaged_walk,
};

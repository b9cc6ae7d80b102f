// SPDX-License-Identifier: GPL-2.0
/*
 * pcp: one record for each zone and online CPU, its lists of free pages.
 *
 * Locks: the memory hotplug lock for reading around one record, since the last
 * memory of a zone takes its per-CPU lists along; in it pcp->lock while the
 * lists are counted. pcp->lock is taken with interrupts on, as the kernel's own
 * draining does: page allocator and interrupts only try it, and go to the buddy
 * lists if they fail. At most HOLD_STEPS pages are visited in a hold.
 *
 * Lists can be long (tens of thousands of pages since 6.7), so counting goes on
 * in the next hold where the last one ended. Between holds pages come and go at
 * the ends of the lists and change the count; if count or ends differ, or a link
 * does not lead back, or the sum is not the count, counting begins again. After
 * MAX_RESTARTS lists that are not done are unknown.
 *
 * Staleness: high, batch and thresholds are one lockless read each, as in
 * /proc/zoneinfo. The count and the lists are of one moment.
 *
 * Sources: zone->per_cpu_pageset, zone->per_cpu_zonestats.
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "mmscope.h"
#include "zone.h"

static_assert(NR_PCP_LISTS <= MMSCOPE_NR_PCP_LISTS);

/* pages visited in a hold: up to 100 ns each when they are not in a cache */
#define HOLD_STEPS 256
#define MAX_RESTARTS 4

/**
 * struct tally - how far the lists of one CPU have been counted
 * @begun: there was a hold before
 * @count: pcp->count in that hold
 * @ends: first and last page of each list in that hold
 * @at: where each list has been followed to; NULL: to its end
 * @next: what came next there
 * @blocks: pages or blocks met so far
 * @open: lists not followed to their end
 */
struct tally {
	bool begun;
	int count;
	struct list_head ends[NR_PCP_LISTS];
	struct list_head *at[NR_PCP_LISTS];
	struct list_head *next[NR_PCP_LISTS];
	u64 blocks[NR_PCP_LISTS];
	unsigned int open;
};

static unsigned int list_order(unsigned int i)
{
	return i < NR_LOWORDER_PCP_LISTS ? i / MIGRATE_PCPTYPES : PMD_SHIFT - PAGE_SHIFT;
}

static void tally_begin(struct per_cpu_pages *pcp, struct tally *t)
{
	unsigned int i;

	*t = (struct tally){
		.begun = true,
		.count = pcp->count,
		.open = NR_PCP_LISTS,
	};
	for (i = 0; i < NR_PCP_LISTS; i++) {
		t->ends[i] = pcp->lists[i];
		t->at[i] = &pcp->lists[i];
		t->next[i] = pcp->lists[i].next;
	}
}

static bool tally_changed(const struct per_cpu_pages *pcp, const struct tally *t)
{
	struct list_head links;
	unsigned int i;

	if (pcp->count != t->count || memcmp(pcp->lists, t->ends, sizeof(t->ends)))
		return true;
	for (i = 0; i < NR_PCP_LISTS; i++)
		if (t->at[i] && (!mmscope_layout_copy(&links, t->at[i], sizeof(links)) ||
				 links.next != t->next[i]))
			return true;
	return false;
}

/*
 * One step along a list. In spite of all checks the place may have left the list
 * since the last hold and lead anywhere: so faults are caught, and nothing is
 * followed that does not lead back.
 */
static bool tally_step(struct per_cpu_pages *pcp, struct tally *t, unsigned int i)
{
	struct list_head *next = t->next[i];
	struct list_head links;

	if (!mmscope_layout_copy(&links, next, sizeof(links)) || links.prev != t->at[i])
		return false;
	if (next == &pcp->lists[i]) {
		t->at[i] = NULL;
		t->open--;
		return true;
	}
	t->at[i] = next;
	t->next[i] = links.next;
	t->blocks[i]++;
	return t->blocks[i] <= t->count;
}

/* Follow all lists in step, so that the short ones are done when the steps are used up. */
static bool tally_hold(struct per_cpu_pages *pcp, struct tally *t)
{
	unsigned int i, steps = 0;

	if (!t->begun)
		tally_begin(pcp, t);
	else if (tally_changed(pcp, t))
		return false;
	while (t->open && steps < HOLD_STEPS) {
		for (i = 0; i < NR_PCP_LISTS; i++) {
			if (!t->at[i])
				continue;
			if (!tally_step(pcp, t, i))
				return false;
			steps++;
		}
	}
	return true;
}

static u64 tally_pages(const struct tally *t)
{
	u64 pages = 0;
	unsigned int i;

	for (i = 0; i < NR_PCP_LISTS; i++)
		pages += t->blocks[i] << list_order(i);
	return pages;
}

/* On one CPU a trylock in an interrupt would not see that the lock is held. */
#define PCP_LOCK_IRQ_ON (IS_ENABLED(CONFIG_SMP) || IS_ENABLED(CONFIG_PREEMPT_RT))

static bool pcp_hold(struct mmscope_walk *w, struct per_cpu_pages *pcp, struct tally *t)
{
	unsigned long flags;
	bool valid;
	u64 began;

	if (PCP_LOCK_IRQ_ON)
		spin_lock(&pcp->lock);
	else
		spin_lock_irqsave(&pcp->lock, flags);
	began = mmscope_lock_begin();
	valid = tally_hold(pcp, t);
	mmscope_lock_end(w, began);
	if (PCP_LOCK_IRQ_ON)
		spin_unlock(&pcp->lock);
	else
		spin_unlock_irqrestore(&pcp->lock, flags);
	return valid && (t->open || tally_pages(t) == t->count);
}

static int pcp_lists(struct mmscope_walk *w, struct per_cpu_pages *pcp,
		     struct mmscope_pcp *rec)
{
	struct tally t = { };
	unsigned int i, restarts = 0;
	bool valid;
	int err;

	do {
		valid = pcp_hold(w, pcp, &t);
		if (!valid) {
			w->restarts++;
			if (++restarts > MAX_RESTARTS)
				break;
			t.begun = false;
		}
		err = mmscope_pause();
		if (err)
			return err;
	} while (!valid || t.open);

	rec->count_pages = t.count;
	rec->listed_pages = valid ? tally_pages(&t) : MMSCOPE_UNKNOWN;
	for (i = 0; i < NR_PCP_LISTS; i++)
		rec->list[i] = t.at[i] ? MMSCOPE_UNKNOWN : t.blocks[i];
	return 0;
}

static u32 stat_threshold(struct zone *zone, int cpu)
{
#ifdef CONFIG_SMP
	return per_cpu_ptr(zone->per_cpu_zonestats, cpu)->stat_threshold;
#else
	return 0;
#endif
}

static int pcp_fill(struct mmscope_walk *w, struct zone *zone, int cpu,
		    struct mmscope_pcp *rec)
{
	struct per_cpu_pages *pcp;
	int err;

	mmscope_get_online_mems();
	pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);
	*rec = (struct mmscope_pcp){
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.cpu = cpu,
		.stat_threshold = stat_threshold(zone, cpu),
		.high_pages = READ_ONCE(pcp->high),
		.high_min_pages = compat_pcp_high_min(pcp),
		.high_max_pages = compat_pcp_high_max(pcp),
		.batch_pages = READ_ONCE(pcp->batch),
	};
	err = pcp_lists(w, pcp, rec);
	mmscope_put_online_mems();
	return err;
}

/* a position is a zone index times the number of CPUs, plus the CPU */
static int pcp_walk(struct mmscope_walk *w)
{
	unsigned int pos, end = mmscope_nr_zones() * nr_cpu_ids;
	struct mmscope_pcp rec;
	int ret;

	for (pos = min_t(u64, w->cursor.pos, end); pos < end; pos++) {
		struct zone *zone = mmscope_zone_at(pos / nr_cpu_ids);
		int cpu = pos % nr_cpu_ids;

		if (mmscope_full(w))
			return MMSCOPE_MORE;
		if (!zone || !cpu_online(cpu)) {
			ret = mmscope_skip(w, pos + 1);
		} else {
			ret = pcp_fill(w, zone, cpu, &rec);
			if (!ret)
				ret = mmscope_emit(w, &rec, pos + 1);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_field_def pcp_fields[] = {
	FIELD(struct mmscope_pcp, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_pcp, zone, &mmscope_zone_names, "zone of the node"),
	FIELD(struct mmscope_pcp, cpu, ID, "CPU whose lists these are"),
	FIELD(struct mmscope_pcp, stat_threshold, PAGES,
	      "a counter of the zone may be off by this for this CPU"),
	FIELD(struct mmscope_pcp, count_pages, PAGES,
	      "free pages kept for this CPU, not counted as free in the zone"),
	FIELD(struct mmscope_pcp, high_pages, PAGES,
	      "beyond this freed pages go back to the buddy lists"),
	MORE(struct mmscope_pcp, high_min_pages, PAGES, "lower bound of the tuning of high"),
	MORE(struct mmscope_pcp, high_max_pages, PAGES, "upper bound of the tuning of high"),
	FIELD(struct mmscope_pcp, batch_pages, PAGES,
	      "pages moved between these lists and the buddy lists at a time"),
	FIELD(struct mmscope_pcp, listed_pages, PAGES,
	      "sum of the lists; unknown if they changed too fast to be counted"),
	MORE_ARRAY(struct mmscope_pcp, list, COUNT, &mmscope_pcp_list_names,
		   "blocks on each list, by order and migratetype"),
};

static const struct mmscope_need pcp_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_pcp = {
	.name = "pcp",
	.help = "free pages kept for each CPU: counts, limits, lengths of the lists",
	.id = MMSCOPE_DS_PCP,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_pcp),
	.fields = pcp_fields,
	.nr_fields = ARRAY_SIZE(pcp_fields),
	.needs = pcp_needs,
	.walk = pcp_walk,
};

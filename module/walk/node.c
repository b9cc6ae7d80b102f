// SPDX-License-Identifier: GPL-2.0
/*
 * nodes: one record for each online NUMA node, read from its pglist_data.
 *
 * Locks: pgdat->kswapd_lock (a mutex) while the pid of kswapd is read, since
 * taking the last memory of a node offline stops kswapd and frees the task.
 * Nothing else: a pglist_data is never freed.
 *
 * Staleness: every counter is one lockless read, as in /proc/zoneinfo; counters
 * lag behind by what CPUs have not folded yet, at most stat_threshold each.
 *
 * Sources: NODE_DATA(), cpumask_of_node(), node_distance(), and the zones of
 * the node for the sums. Slab counters of a node are in pages in spite of the
 * _B in their names (vmstat_item_in_bytes() is about memory cgroups).
 */
#include <linux/cpumask.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/topology.h>

#include "compat.h"
#include "mmscope.h"

static_assert(NR_VM_NODE_STAT_ITEMS <= MMSCOPE_NR_NODE_STATS);
static_assert(MAX_NR_ZONES <= MMSCOPE_NR_ZONES);

/* too big for the stack together with what is called */
struct node_scratch {
	struct mmscope_node rec;
	struct cpumask cpus;
};

static void node_cpus(int nid, struct node_scratch *n)
{
	static const char cut[] = "...";
	struct mmscope_node *rec = &n->rec;
	int len;

	cpumask_and(&n->cpus, cpumask_of_node(nid), cpu_online_mask);
	rec->nr_cpus = cpumask_weight(&n->cpus);
	len = snprintf(rec->cpus, sizeof(rec->cpus), "%*pbl", cpumask_pr_args(&n->cpus));
	/* half a number at the end would be read as a CPU */
	if (len >= sizeof(rec->cpus))
		strscpy(rec->cpus + sizeof(rec->cpus) - sizeof(cut), cut, sizeof(cut));
}

static u32 node_kswapd(pg_data_t *pgdat)
{
	u32 pid = 0;

	pgdat_kswapd_lock(pgdat);
	if (pgdat->kswapd)
		pid = task_pid_nr(pgdat->kswapd);
	pgdat_kswapd_unlock(pgdat);
	return pid;
}

static void node_zones(pg_data_t *pgdat, struct mmscope_node *rec)
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		if (!populated_zone(zone))
			continue;
		rec->zones |= 1U << i;
		rec->managed_pages += zone_managed_pages(zone);
		rec->free_pages += zone_page_state(zone, NR_FREE_PAGES);
	}
}

static void node_fill(int nid, struct node_scratch *n)
{
	pg_data_t *pgdat = NODE_DATA(nid);
	struct mmscope_node *rec = &n->rec;
	unsigned int i;

	*rec = (struct mmscope_node){
		.node = nid,
		.kswapd_pid = node_kswapd(pgdat),
		.start_pfn = READ_ONCE(pgdat->node_start_pfn),
		.spanned_pages = READ_ONCE(pgdat->node_spanned_pages),
		.present_pages = READ_ONCE(pgdat->node_present_pages),
		.kswapd_failures = compat_kswapd_failures(pgdat),
		.totalreserve_pages = READ_ONCE(pgdat->totalreserve_pages),
	};
	node_cpus(nid, n);
	node_zones(pgdat, rec);
	for (i = 0; i < MMSCOPE_NR_NODES; i++)
		rec->distance[i] = i < nr_node_ids && node_online(i) ?
				   node_distance(nid, i) : MMSCOPE_UNKNOWN;
	/* unfolded parts can make a sum negative for a moment: zero, as the kernel shows it */
	for (i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		rec->stat[i] = max(atomic_long_read(&pgdat->vm_stat[i]), 0L);
}

static int node_walk(struct mmscope_walk *w)
{
	struct node_scratch *n = w->priv;
	u64 nid;
	int ret;

	for (nid = w->cursor.pos; nid < nr_node_ids; nid++) {
		if (!node_online(nid)) {
			ret = mmscope_skip(w, nid + 1);
		} else {
			node_fill(nid, n);
			ret = mmscope_emit(w, &n->rec, nid + 1);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_field_def node_fields[] = {
	FIELD(struct mmscope_node, node, ID, "NUMA node"),
	FIELD_FLAGS(struct mmscope_node, zones, &mmscope_zone_mask_names,
		    "zones of the node that have memory"),
	FIELD(struct mmscope_node, nr_cpus, COUNT, "online CPUs of the node"),
	FIELD(struct mmscope_node, kswapd_pid, ID, "pid of the node's kswapd, 0 if it has none"),
	MORE(struct mmscope_node, start_pfn, PFN, "first page frame of the node"),
	MORE(struct mmscope_node, spanned_pages, PAGES,
	     "from the first to the last page frame, holes included"),
	FIELD(struct mmscope_node, present_pages, PAGES, "page frames that exist"),
	FIELD(struct mmscope_node, managed_pages, PAGES,
	      "pages given to the page allocator; the rest was reserved at boot"),
	FIELD(struct mmscope_node, free_pages, PAGES, "free pages, sum of the zones"),
	FIELD(struct mmscope_node, kswapd_failures, COUNT,
	      "runs of kswapd in a row that reclaimed nothing; from 16 on it sleeps"),
	MORE(struct mmscope_node, totalreserve_pages, PAGES,
	     "pages kept from ordinary use: high watermarks and lowmem reserves"),
	FIELD_TEXT(struct mmscope_node, cpus, "online CPUs of the node, as a list"),
	MORE_ARRAY(struct mmscope_node, distance, COUNT, &mmscope_node_names,
		   "cost of access from this node to each other, 10 is local"),
	MORE_ARRAY(struct mmscope_node, stat, COUNT, &mmscope_node_stat_names,
		   "counters of the node, in pages unless the name says KB or is an event"),
};

const struct mmscope_dataset mmscope_nodes = {
	.name = "nodes",
	.help = "NUMA nodes: CPUs, memory, distances, reclaim and usage counters",
	.id = MMSCOPE_DS_NODES,
	.flags = MMSCOPE_DATASET_NODE,
	.rec_size = sizeof(struct mmscope_node),
	.priv_size = sizeof(struct node_scratch),
	.fields = node_fields,
	.nr_fields = ARRAY_SIZE(node_fields),
	.walk = node_walk,
};

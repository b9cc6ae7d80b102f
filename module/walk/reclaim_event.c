// SPDX-License-Identifier: GPL-2.0
/*
 * reclaim_events: one record for each counter of reclaim, compaction and swapping.
 *
 * Locks: none of memory management; the kernel's own sum over CPUs keeps CPUs from
 * coming and going.
 *
 * Staleness: sums over CPUs while these count on, as in /proc/vmstat; counters of
 * nodes lag behind by what CPUs have not folded yet.
 *
 * Sources: all_vm_events(), pgdat->vm_stat[]; names from BTF. Which counters these
 * are, and who counted, is told by their names, since they differ between kernels.
 *
 * A position is the number of the event, then of node and counter.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"

#define NODE_POS	1024	/* positions of a node, and of all events before the first one */

static_assert(NR_VM_EVENT_ITEMS <= NODE_POS);
static_assert(NR_VM_NODE_STAT_ITEMS <= NODE_POS);

/* the first that a name begins with */
static const struct {
	const char *prefix;
	u32 group;
} groups[] = {
	{ "allocstall", MMSCOPE_EVENT_WAKE },
	{ "pageoutrun", MMSCOPE_EVENT_WAKE },
	{ "kswapd_inodesteal", MMSCOPE_EVENT_SLAB },
	{ "kswapd_", MMSCOPE_EVENT_WAKE },
	{ "pgscan_", MMSCOPE_EVENT_SCAN },
	{ "pgsteal_", MMSCOPE_EVENT_STEAL },
	{ "pgrefill", MMSCOPE_EVENT_AGE },
	{ "pgactivate", MMSCOPE_EVENT_AGE },
	{ "pgdeactivate", MMSCOPE_EVENT_AGE },
	{ "pglazyfree", MMSCOPE_EVENT_AGE },
	{ "pgrotated", MMSCOPE_EVENT_AGE },
	{ "unevictable_", MMSCOPE_EVENT_AGE },
	{ "workingset_", MMSCOPE_EVENT_REFAULT },
	{ "nr_vmscan_", MMSCOPE_EVENT_WRITE },
	{ "nr_throttled_written", MMSCOPE_EVENT_WRITE },
	{ "slabs_scanned", MMSCOPE_EVENT_SLAB },
	{ "pginodesteal", MMSCOPE_EVENT_SLAB },
	{ "drop_", MMSCOPE_EVENT_SLAB },
	{ "pswp", MMSCOPE_EVENT_SWAP },
	{ "swap_ra", MMSCOPE_EVENT_SWAP },
	{ "swpin_zero", MMSCOPE_EVENT_SWAP },
	{ "swpout_zero", MMSCOPE_EVENT_SWAP },
	{ "zswp", MMSCOPE_EVENT_SWAP },
	{ "pgpromote_", MMSCOPE_EVENT_MIGRATE },
	{ "pgdemote_", MMSCOPE_EVENT_MIGRATE },
	{ "pgmigrate_", MMSCOPE_EVENT_MIGRATE },
	{ "compact", MMSCOPE_EVENT_COMPACT },
	{ "kcompactd_", MMSCOPE_EVENT_COMPACT },
	{ "oom_kill", MMSCOPE_EVENT_OOM },
};

/* the first that a name has in it */
static const struct {
	const char *part;
	u32 by;
} actors[] = {
	{ "khugepaged", MMSCOPE_BY_KHUGEPAGED },
	{ "kcompactd", MMSCOPE_BY_KCOMPACTD },
	{ "kswapd", MMSCOPE_BY_KSWAPD },
	{ "pageoutrun", MMSCOPE_BY_KSWAPD },
	{ "direct", MMSCOPE_BY_DIRECT },
	{ "allocstall", MMSCOPE_BY_DIRECT },
	{ "compactstall", MMSCOPE_BY_DIRECT },
	{ "compactfail", MMSCOPE_BY_DIRECT },
	{ "compactsuccess", MMSCOPE_BY_DIRECT },
};

/* Returns false if the counter is of something else. */
static bool describe(const char *name, struct mmscope_reclaim_event *rec)
{
	u32 i, g;

	for (g = 0; g < ARRAY_SIZE(groups); g++)
		if (!strncmp(name, groups[g].prefix, strlen(groups[g].prefix)))
			break;
	if (g == ARRAY_SIZE(groups))
		return false;
	*rec = (struct mmscope_reclaim_event){
		.group = groups[g].group,
		.node = MMSCOPE_UNKNOWN32,
		.item = MMSCOPE_UNKNOWN32,
	};
	strscpy(rec->name, name, sizeof(rec->name));
	for (i = 0; i < ARRAY_SIZE(actors); i++) {
		if (!strstr(name, actors[i].part))
			continue;
		rec->by = actors[i].by;
		break;
	}
	return true;
}

static int walk_events(struct mmscope_walk *w)
{
	const struct mmscope_names *names = &mmscope_vm_event_names;
	unsigned long *events = w->priv;
	struct mmscope_reclaim_event rec;
	u64 i = w->cursor.pos;
	int ret = 0;

	if (i < names->nr)
		all_vm_events(events);
	for (; i < names->nr && !ret; i++) {
		if (names->tab[i].value >= NR_VM_EVENT_ITEMS ||
		    !describe(names->tab[i].name, &rec)) {
			ret = mmscope_skip(w, i + 1);
			continue;
		}
		rec.item = names->tab[i].value;
		rec.value = events[rec.item];
		ret = mmscope_emit(w, &rec, i + 1);
	}
	return ret;
}

static int walk_node(struct mmscope_walk *w, u64 nid, u64 i)
{
	const struct mmscope_names *names = &mmscope_node_stat_names;
	pg_data_t *pgdat = NODE_DATA(nid);
	struct mmscope_reclaim_event rec;
	u64 base = (nid + 1) * NODE_POS;
	int ret = 0;

	for (; i < names->nr && !ret; i++) {
		if (names->tab[i].value >= NR_VM_NODE_STAT_ITEMS ||
		    !describe(names->tab[i].name, &rec)) {
			ret = mmscope_skip(w, base + i + 1);
			continue;
		}
		rec.node = nid;
		rec.value = max(atomic_long_read(&pgdat->vm_stat[names->tab[i].value]), 0L);
		ret = mmscope_emit(w, &rec, base + i + 1);
	}
	return ret;
}

static int reclaim_event_walk(struct mmscope_walk *w)
{
	u64 nid, first = 0, i = 0;
	int ret;

	if (w->cursor.pos < NODE_POS) {
		ret = walk_events(w);
		if (ret)
			return ret;
	} else {
		first = w->cursor.pos / NODE_POS - 1;
		i = w->cursor.pos % NODE_POS;
	}
	for (nid = first; nid < nr_node_ids; nid++, i = 0) {
		ret = node_online(nid) ? walk_node(w, nid, i) :
		      mmscope_skip(w, (nid + 2) * NODE_POS);
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_name group_texts[] = {
	{ MMSCOPE_EVENT_WAKE, "wake" },
	{ MMSCOPE_EVENT_SCAN, "scan" },
	{ MMSCOPE_EVENT_STEAL, "steal" },
	{ MMSCOPE_EVENT_AGE, "age" },
	{ MMSCOPE_EVENT_REFAULT, "refault" },
	{ MMSCOPE_EVENT_WRITE, "write" },
	{ MMSCOPE_EVENT_SLAB, "slab" },
	{ MMSCOPE_EVENT_SWAP, "swap" },
	{ MMSCOPE_EVENT_MIGRATE, "migrate" },
	{ MMSCOPE_EVENT_COMPACT, "compact" },
	{ MMSCOPE_EVENT_OOM, "oom" },
};

static MMSCOPE_NAMES(group_names, group_texts);

static const struct mmscope_name actor_texts[] = {
	{ MMSCOPE_BY_ANY, "any" },
	{ MMSCOPE_BY_KSWAPD, "kswapd" },
	{ MMSCOPE_BY_DIRECT, "direct" },
	{ MMSCOPE_BY_KHUGEPAGED, "khugepaged" },
	{ MMSCOPE_BY_KCOMPACTD, "kcompactd" },
};

static MMSCOPE_NAMES(actor_names, actor_texts);

static const struct mmscope_field_def reclaim_event_fields[] = {
	FIELD_TEXT(struct mmscope_reclaim_event, name,
		   "of the counter, as the kernel's enum has it"),
	FIELD_CLASS(struct mmscope_reclaim_event, group, ENUM, &group_names, "what is counted"),
	FIELD_ENUM(struct mmscope_reclaim_event, by, &actor_names,
		   "who did it, as far as its name tells; direct: who wanted memory"),
	FIELD(struct mmscope_reclaim_event, node, ID, "NUMA node; unknown: of the whole machine"),
	MORE_ENUM(struct mmscope_reclaim_event, item, &mmscope_vm_event_names,
		  "which of the whole machine's counters; unknown: a node's"),
	FIELD(struct mmscope_reclaim_event, value, COUNT, "since boot"),
};

const struct mmscope_dataset mmscope_reclaim_events = {
	.name = "reclaim_events",
	.help = "counters of reclaim, compaction and swapping, kswapd's and others'",
	.id = MMSCOPE_DS_RECLAIM_EVENTS,
	.flags = MMSCOPE_DATASET_NODE,
	.rec_size = sizeof(struct mmscope_reclaim_event),
	.priv_size = NR_VM_EVENT_ITEMS * sizeof(unsigned long),
	.fields = reclaim_event_fields,
	.nr_fields = ARRAY_SIZE(reclaim_event_fields),
	.named = &mmscope_vm_event_names,
	.walk = reclaim_event_walk,
};

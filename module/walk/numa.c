// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset numa: the nodes that the pages of each VMA of a process lie on, and the
 * policy that says where they should.
 *
 * Locks and staleness: those of vma_sums.c and numa_policy.c.
 *
 * Source: the leaf entries below mm->pgd; the spans of the nodes and page->flags, by
 * node_span.c; the policies, by numa_policy.c.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>

#include "../mmscope.h"
#include "node_span.h"
#include "numa_policy.h"
#include "pgtable.h"
#include "task.h"
#include "vma_sums.h"

/* members of struct mmscope_numa that are summed up; and the two arrays */
#define SUMMED(X)		\
	X(vmas)			\
	X(pages)		\
	X(remote_pages)		\
	X(nodeless_pages)	\
	X(migration_pages)

/**
 * struct numa_walk - scratch of a walk
 * @sums: of vma_sums.c
 * @nodes: where frames lie
 * @task: the task's policy
 * @rec: of the VMA under the walk
 * @total: of those before
 */
struct numa_walk {
	struct mmscope_vma_sums sums;
	struct mmscope_node_spans nodes;
	struct mmscope_numa_policy task;
	struct mmscope_numa rec;
	struct mmscope_numa total;
};

static int numa_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct numa_walk *n = p->w->priv;
	const u64 pages = (e->end - e->addr) >> PAGE_SHIFT;

	switch (e->kind) {
	case MMSCOPE_PGT_BAD:
		p->w->torn++;
		break;
	case MMSCOPE_MAPPING_PAGE:
		n->rec.nodeless_pages += mmscope_node_add(&n->nodes, e->pfn, pages,
							  n->rec.node_pages);
		break;
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		n->rec.nodeless_pages += pages;
		break;
	case MMSCOPE_MAPPING_MIGRATION:
		n->rec.migration_pages += pages;
		break;
	default:
		break;
	}
	return 0;
}

static void numa_hold(struct mmscope_walk *w)
{
	struct numa_walk *n = w->priv;

	mmscope_node_spans_read(&n->nodes);
	mmscope_task_policy(w, &n->task);
}

static void numa_open(struct mmscope_walk *w, struct vm_area_struct *vma, u64 start)
{
	struct numa_walk *n = w->priv;
	struct mmscope_numa_policy policy = n->task;

	mmscope_vma_policy(w, vma, start, &policy);
	n->rec = (struct mmscope_numa) {
		.start = start,
		.pid = w->pid_nr,
		.scope = MMSCOPE_SCOPE_VMA,
		.kind = mmscope_vma_kind(vma),
		.policy = policy.mode,
		.policy_source = policy.source,
		.policy_flags = policy.flags,
		.policy_nodes = policy.nodes,
		.page_size_bytes = vma_kernel_pagesize(vma),
		.vmas = 1,
	};
}

static const void *numa_close(struct mmscope_walk *w, u64 end)
{
	struct numa_walk *n = w->priv;
	struct mmscope_numa *rec = &n->rec, *total = &n->total;
	u32 i;

	rec->end = end;
	for (i = 0; i < MMSCOPE_NR_NODES; i++) {
		rec->pages += rec->node_pages[i];
		if (rec->policy_nodes && !(rec->policy_nodes >> i & 1))
			rec->remote_pages += rec->node_pages[i];
		total->node_pages[i] += rec->node_pages[i];
	}
	if (rec->policy < MMSCOPE_NR_POLICIES) {
		rec->policy_pages[rec->policy] = rec->pages;
		total->policy_pages[rec->policy] += rec->pages;
	}
	if (!total->vmas)
		total->start = rec->start;
	total->end = end;
#define X(_member) total->_member += rec->_member;
	SUMMED(X)
#undef X
	return rec;
}

static const void *numa_total(struct mmscope_walk *w)
{
	struct numa_walk *n = w->priv;

	n->total.pid = w->pid_nr;
	n->total.scope = MMSCOPE_SCOPE_TOTAL;
	n->total.kind = MMSCOPE_UNKNOWN32;
	n->total.policy = n->task.mode;
	n->total.policy_source = n->task.source;
	n->total.policy_flags = n->task.flags;
	n->total.policy_nodes = n->task.nodes;
	n->total.page_size_bytes = MMSCOPE_UNKNOWN;
	return &n->total;
}

static void numa_clear(struct mmscope_walk *w)
{
	struct numa_walk *n = w->priv;

	memset(&n->total, 0, sizeof(n->total));
}

static const struct mmscope_vma_sums_ops numa_ops = {
	.hold = numa_hold,
	.open = numa_open,
	.entry = numa_entry,
	.close = numa_close,
	.total = numa_total,
	.clear = numa_clear,
};

static int numa_walk(struct mmscope_walk *w)
{
	return mmscope_vma_sums_walk(w, &numa_ops);
}

/* -------------------------------------------------------------------- fields */

/* as /proc/PID/numa_maps calls them */
static const struct mmscope_name policies[] = {
	{ MMSCOPE_POLICY_DEFAULT, "default" },
	{ MMSCOPE_POLICY_PREFER, "prefer" },
	{ MMSCOPE_POLICY_BIND, "bind" },
	{ MMSCOPE_POLICY_INTERLEAVE, "interleave" },
	{ MMSCOPE_POLICY_LOCAL, "local" },
	{ MMSCOPE_POLICY_PREFER_MANY, "prefer_many" },
	{ MMSCOPE_POLICY_WEIGHTED, "weighted_interleave" },
};

static MMSCOPE_NAMES(policy_names, policies);

static const struct mmscope_name sources[] = {
	{ MMSCOPE_POLICY_OF_NONE, "none" },
	{ MMSCOPE_POLICY_OF_VMA, "vma" },
	{ MMSCOPE_POLICY_OF_OBJECT, "object" },
	{ MMSCOPE_POLICY_OF_TASK, "task" },
};

static MMSCOPE_NAMES(source_names, sources);

static const struct mmscope_name policy_flags[] = {
	{ MMSCOPE_POLICY_BALANCING, "balancing" },
	{ MMSCOPE_POLICY_RELATIVE, "relative" },
	{ MMSCOPE_POLICY_STATIC, "static" },
};

static MMSCOPE_NAMES(policy_flag_names, policy_flags);

static const struct mmscope_field_def numa_fields[] = {
	FIELD(struct mmscope_numa, start, ADDR, "first address"),
	FIELD(struct mmscope_numa, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_numa, scope, ENUM, &mmscope_scope_names,
		    "one VMA, or the sums of all of them"),
	FIELD_ENUM(struct mmscope_numa, kind, &mmscope_vma_kind_names, "what the VMA is for"),
	FIELD_ENUM(struct mmscope_numa, policy, &policy_names,
		   "where pages are to lie; of the total: the task's"),
	FIELD_ENUM(struct mmscope_numa, policy_source, &source_names, "who has that policy"),
	FIELD_FLAGS(struct mmscope_numa, policy_nodes, &mmscope_node_mask_names,
		    "nodes that it names"),
	MORE_FLAGS(struct mmscope_numa, policy_flags, &policy_flag_names,
		   "how it takes them, and whether NUMA balancing may move pages to them"),
	FIELD(struct mmscope_numa, pages, PAGES, "mapped pages that lie on a node"),
	FIELD(struct mmscope_numa, remote_pages, PAGES,
	      "of these, on another node than the policy names"),
	MORE(struct mmscope_numa, nodeless_pages, PAGES,
	     "mapped to zero pages and frames without a node"),
	MORE(struct mmscope_numa, migration_pages, PAGES, "being migrated, in none of the others"),
	MORE(struct mmscope_numa, page_size_bytes, BYTES, "of hugetlb pages, or a base page"),
	MORE_ARRAY(struct mmscope_numa, node_pages, PAGES, &mmscope_node_names,
		   "pages on each node"),
	MORE_ARRAY(struct mmscope_numa, policy_pages, PAGES, &policy_names,
		   "pages by the policy of their VMA"),
	MORE(struct mmscope_numa, vmas, COUNT, "how many VMAs these are"),
	MORE(struct mmscope_numa, pid, ID, "process"),
};

static const struct mmscope_need numa_needs[] = {
	WANT_SYM(huge_zero_pfn),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	{ }
};

const struct mmscope_dataset mmscope_numa = {
	.name = "numa",
	.help = "pages of each VMA of a process by node, and the memory policy it has",
	.id = MMSCOPE_DS_NUMA,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_numa),
	.priv_size = sizeof(struct numa_walk),
	.fields = numa_fields,
	.nr_fields = ARRAY_SIZE(numa_fields),
	.needs = numa_needs,
	.walk = numa_walk,
};

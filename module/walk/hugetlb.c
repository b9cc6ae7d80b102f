// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset hugetlb: the pools of huge pages.
 *
 * Locks: none, as /sys/kernel/mm/hugepages/ needs none: sizes are registered at
 * boot, and each number is one word.
 *
 * Staleness: numbers of one pool are read one after the other; those of its nodes
 * need not add up to it at any one moment.
 *
 * What mounts of hugetlbfs set apart for themselves (subpools) is part of what is
 * reserved; mount by mount it is not told.
 *
 * Positions are sizes, and in each the pool as a whole, then its nodes.
 *
 * Source: hstates[0 .. hugetlb_max_hstate].
 */
#include <linux/hugetlb.h>
#include <linux/nodemask.h>

#include "../mmscope.h"

#define ROWS (MAX_NUMNODES + 1)

#ifdef CONFIG_HUGETLB_PAGE

static void fill_pool(struct mmscope_hugetlb *rec, const struct hstate *h)
{
	rec->node = MMSCOPE_UNKNOWN32;
	rec->total = READ_ONCE(h->nr_huge_pages);
	rec->free = READ_ONCE(h->free_huge_pages);
	rec->reserved = READ_ONCE(h->resv_huge_pages);
	rec->surplus = READ_ONCE(h->surplus_huge_pages);
	rec->wanted = READ_ONCE(h->max_huge_pages);
	rec->overcommit = READ_ONCE(h->nr_overcommit_huge_pages);
}

static void fill_node(struct mmscope_hugetlb *rec, const struct hstate *h, u32 nid)
{
	rec->node = nid;
	rec->total = READ_ONCE(h->nr_huge_pages_node[nid]);
	rec->free = READ_ONCE(h->free_huge_pages_node[nid]);
	rec->surplus = READ_ONCE(h->surplus_huge_pages_node[nid]);
	rec->reserved = MMSCOPE_UNKNOWN;
	rec->wanted = MMSCOPE_UNKNOWN;
	rec->overcommit = MMSCOPE_UNKNOWN;
}

static int pool_walk(struct mmscope_walk *w)
{
	const u64 end = (u64)READ_ONCE(*mmscope_sym(hugetlb_max_hstate)) * ROWS;
	u64 pos;
	int ret;

	for (pos = w->cursor.pos; pos < end; pos++) {
		const struct hstate *h = &mmscope_sym(hstates)[pos / ROWS];
		const u32 row = pos % ROWS;
		struct mmscope_hugetlb rec = {
			.order = h->order,
			.page_size_bytes = PAGE_SIZE << h->order,
		};

		if (row && !node_online(row - 1)) {
			ret = mmscope_skip(w, pos + 1);
		} else {
			if (row)
				fill_node(&rec, h, row - 1);
			else
				fill_pool(&rec, h);
			rec.used = rec.total - min(rec.total, rec.free);
			rec.persistent = rec.total - min(rec.total, rec.surplus);
			ret = mmscope_emit(w, &rec, pos + 1);
		}
		if (ret)
			return ret;
	}
	return 0;
}

#else

static int pool_walk(struct mmscope_walk *w)
{
	return 0;
}

#endif /* CONFIG_HUGETLB_PAGE */

static const struct mmscope_field_def hugetlb_fields[] = {
	FIELD(struct mmscope_hugetlb, page_size_bytes, BYTES, "size of the pages"),
	FIELD(struct mmscope_hugetlb, node, ID, "NUMA node; unknown: the pool as a whole"),
	FIELD(struct mmscope_hugetlb, total, COUNT, "huge pages in the pool"),
	FIELD(struct mmscope_hugetlb, free, COUNT, "of them, free"),
	FIELD(struct mmscope_hugetlb, used, COUNT, "in use"),
	FIELD(struct mmscope_hugetlb, reserved, COUNT,
	      "of the free ones, promised to mappings; of the whole pool only"),
	FIELD(struct mmscope_hugetlb, surplus, COUNT, "of total, beyond what was set"),
	FIELD(struct mmscope_hugetlb, overcommit, COUNT,
	      "limit of surplus; of the whole pool only"),
	MORE(struct mmscope_hugetlb, persistent, COUNT, "of total, those that stay"),
	MORE(struct mmscope_hugetlb, wanted, COUNT,
	     "as nr_hugepages was set; of the whole pool only"),
	MORE(struct mmscope_hugetlb, order, ID, "order of the pages"),
};

static const struct mmscope_need hugetlb_needs[] = {
	NEED_SYM(hstates),
	NEED_SYM(hugetlb_max_hstate),
	{ }
};

const struct mmscope_dataset mmscope_hugetlb = {
	.name = "hugetlb",
	.help = "pools of huge pages by size and node: free, reserved, surplus",
	.id = MMSCOPE_DS_HUGETLB,
	.flags = MMSCOPE_DATASET_NODE,
	.rec_size = sizeof(struct mmscope_hugetlb),
	.fields = hugetlb_fields,
	.nr_fields = ARRAY_SIZE(hugetlb_fields),
	.needs = hugetlb_needs,
	.walk = pool_walk,
};

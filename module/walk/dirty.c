// SPDX-License-Identifier: GPL-2.0
/*
 * The share of a node in the limits of dirty pages, as the page allocator asks
 * for it with __GFP_WRITE.
 *
 * No locks; each counter is one lockless read. Source: node_dirty_ok(), with the
 * limits vm.dirty_ratio and vm.dirty_bytes.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "mmscope.h"
#include "dirty.h"

static u64 node_stat(const pg_data_t *pgdat, enum node_stat_item item)
{
	return max(atomic_long_read(&pgdat->vm_stat[item]), 0L);
}

/* pages that may become dirty on a node, or on all */
static u64 node_dirtyable(const pg_data_t *pgdat)
{
	u64 pages = 0;
	u32 i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_page_state((struct zone *)&pgdat->node_zones[i], NR_FREE_PAGES);
	pages -= min_t(u64, pages, READ_ONCE(pgdat->totalreserve_pages));
	return pages + node_stat(pgdat, NR_INACTIVE_FILE) + node_stat(pgdat, NR_ACTIVE_FILE);
}

static u64 global_dirtyable(void)
{
	u64 pages = global_zone_page_state(NR_FREE_PAGES), reserve = 0;
	int nid;

	for_each_online_node(nid)
		reserve += READ_ONCE(NODE_DATA(nid)->totalreserve_pages);
	pages -= min(pages, reserve);
	return pages + global_node_page_state(NR_INACTIVE_FILE) +
	       global_node_page_state(NR_ACTIVE_FILE) + 1;
}

/**
 * mmscope_dirty_ok - is a node within its share of the dirty limits
 * @pgdat: the node
 * @unknown: enum mmscope_alloc_unknown, added to if that cannot be told
 *
 * Return: false if page cache to be written should come from another node.
 */
bool mmscope_dirty_ok(const pg_data_t *pgdat, u32 *unknown)
{
	const unsigned long *bytes = mmscope_sym(vm_dirty_bytes);
	const int *ratio = mmscope_sym(vm_dirty_ratio);
	u64 limit = node_dirtyable(pgdat);

	if (!bytes || !ratio) {
		*unknown |= MMSCOPE_ALLOC_DIRTY_UNREAD;
		return true;
	}
	if (READ_ONCE(*bytes))
		limit = div64_u64(DIV_ROUND_UP(READ_ONCE(*bytes), PAGE_SIZE) * limit,
				  global_dirtyable());
	else
		limit = div_u64(limit * READ_ONCE(*ratio), 100);
	return node_stat(pgdat, NR_FILE_DIRTY) + node_stat(pgdat, NR_WRITEBACK) <=
	       min_t(u64, limit, UINT_MAX);
}

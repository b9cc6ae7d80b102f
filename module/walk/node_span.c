// SPDX-License-Identifier: GPL-2.0
/*
 * Which nodes the frames of a run lie on, exactly and mostly without a look at
 * struct page: within the span of a node that no other node's span touches, all
 * frames are the node's. Spans that overlap (nodes in turns, as firmware may lay
 * them out) are of no use and left out: there each frame is asked.
 *
 * Locks: none. Staleness: memory that is hotplugged after
 * mmscope_node_spans_read() is outside of all spans, and so is asked.
 *
 * Source: node_start_pfn and node_spanned_pages of each pglist_data; page->flags.
 */
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "node_span.h"

static bool is_alone(int nid, u64 start, u64 end)
{
	int other;

	for_each_online_node(other) {
		const pg_data_t *pgdat = NODE_DATA(other);
		u64 first = READ_ONCE(pgdat->node_start_pfn);

		if (other != nid && first < end &&
		    start < first + READ_ONCE(pgdat->node_spanned_pages))
			return false;
	}
	return true;
}

/**
 * mmscope_node_spans_read - learn which frames are of one node alone
 * @s: the spans; what was in there is dropped
 */
void mmscope_node_spans_read(struct mmscope_node_spans *s)
{
	int nid;

	*s = (struct mmscope_node_spans){ };
	for_each_online_node(nid) {
		const pg_data_t *pgdat = NODE_DATA(nid);
		u64 start = READ_ONCE(pgdat->node_start_pfn);
		u64 end = start + READ_ONCE(pgdat->node_spanned_pages);

		if (nid >= MMSCOPE_NR_NODES || start == end || !is_alone(nid, start, end))
			continue;
		s->span[s->nr++] = (struct mmscope_node_span){ start, end, nid };
	}
}

/* the span with this frame, or NULL */
static const struct mmscope_node_span *find_span(struct mmscope_node_spans *s, u64 pfn)
{
	u32 i;

	if (s->place < s->nr && pfn >= s->span[s->place].start && pfn < s->span[s->place].end)
		return &s->span[s->place];
	for (i = 0; i < s->nr; i++) {
		if (pfn >= s->span[i].start && pfn < s->span[i].end) {
			s->place = i;
			return &s->span[i];
		}
	}
	return NULL;
}

static u32 node_of_frame(u64 pfn)
{
	const struct page *page = pfn_to_online_page(pfn);

	return page ? page_to_nid(page) : MMSCOPE_NR_NODES;
}

/**
 * mmscope_node_count - add the frames of a run to the counts of their nodes
 * @s: the spans
 * @pfn: first frame
 * @pages: how many follow each other
 * @on_node: MMSCOPE_NR_NODES counts
 *
 * Return: frames that are in no count: without an online struct page.
 */
u64 mmscope_node_count(struct mmscope_node_spans *s, u64 pfn, u64 pages, u64 *on_node)
{
	const u64 end = pfn + pages;
	u64 unknown = 0;

	while (pfn < end) {
		const struct mmscope_node_span *span = find_span(s, pfn);
		u64 until = span ? min(end, span->end) : pfn + 1;
		u32 node = span ? span->node : node_of_frame(pfn);

		if (node < MMSCOPE_NR_NODES)
			on_node[node] += until - pfn;
		else
			unknown += until - pfn;
		pfn = until;
	}
	return unknown;
}

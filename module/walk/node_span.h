/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which nodes the frames of a run lie on.
 */
#ifndef _MMSCOPE_NODE_SPAN_H
#define _MMSCOPE_NODE_SPAN_H

#include <linux/types.h>

#include <linux/mmscope.h>

/**
 * struct mmscope_node_spans - frames that nodes span; part of a walk's scratch
 * @nr: how many there are in @span
 * @place: index of the one found last
 * @span: first frame, first one beyond, the node; only those without frames of others
 */
struct mmscope_node_spans {
	u32 nr;
	u32 place;
	struct mmscope_node_span {
		u64 start;
		u64 end;
		u32 node;
	} span[MMSCOPE_NR_NODES];
};

void mmscope_node_spans_read(struct mmscope_node_spans *s);
u64 mmscope_node_count(struct mmscope_node_spans *s, u64 pfn, u64 pages, u64 *on_node);

/**
 * mmscope_node_add - mmscope_node_count() for runs that are mostly on one node
 * @s: the spans
 * @pfn: first frame
 * @pages: how many follow each other
 * @on_node: MMSCOPE_NR_NODES counts
 *
 * Return: as mmscope_node_count().
 */
static inline u64 mmscope_node_add(struct mmscope_node_spans *s, u64 pfn, u64 pages, u64 *on_node)
{
	const struct mmscope_node_span *span = &s->span[s->place];

	if (pfn < span->start || pfn + pages > span->end)
		return mmscope_node_count(s, pfn, pages, on_node);
	on_node[span->node] += pages;
	return 0;
}

#endif /* _MMSCOPE_NODE_SPAN_H */

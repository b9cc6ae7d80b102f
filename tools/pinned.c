// SPDX-License-Identifier: GPL-2.0
/*
 * Whose the pinned pages are: struct page does not tell, but the page tables of
 * the processes that map them do.
 */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

#define MAX_PROCESSES 64	/* shown */

struct pinner {
	__u64 pid;
	__u64 pages;
	char comm[32];
};

/**
 * struct pinned - pinned frames, and who maps them
 * @ds: the dataset of what is taken now
 * @nr_ranges: ranges of pinned frames
 * @ranges: they
 * @nr: processes
 * @by: they
 */
struct pinned {
	const struct dataset *ds;
	size_t nr_ranges;
	struct mmscope_pfn_range *ranges;
	size_t nr;
	struct pinner by[MAX_PROCESSES];
};

static bool take_range(void *ctx, const void *rec)
{
	struct pinned *p = ctx;
	__u64 pfn = record_number(p->ds, rec, "pfn", 0);

	p->ranges = xrealloc(p->ranges, p->nr_ranges + 1, sizeof(*p->ranges));
	p->ranges[p->nr_ranges++] = (struct mmscope_pfn_range){
		pfn, pfn + record_number(p->ds, rec, "pages", 0),
	};
	return p->nr_ranges < MMSCOPE_RANGES_MAX;
}

static bool take_mapping(void *ctx, const void *rec)
{
	struct pinned *p = ctx;
	__u64 pid = record_number(p->ds, rec, "pid", 0);
	struct column c;
	size_t i, len = 0;

	for (i = 0; i < p->nr && p->by[i].pid != pid; i++)
		;
	if (i == MAX_PROCESSES)
		return true;
	if (i == p->nr) {
		const char *comm = column_find(p->ds, "comm", &c) ? column_name(&c, rec, &len) : "";

		p->by[i].pid = pid;
		snprintf(p->by[i].comm, sizeof(p->by[i].comm), "%.*s", (int)len, comm);
		p->nr++;
	}
	p->by[i].pages += record_number(p->ds, rec, "pages", 0);
	return true;
}

/* Processes that map pinned pages, by how many. What cannot be had is left out. */
void show_pinned(struct source *s, struct out *out)
{
	struct pinned p = { .ds = source_dataset(s, "extents") };
	struct mmscope_walk_arg query;
	struct walk_stats stats = { 0 };
	struct board b;

	if (!p.ds)
		return;
	source_query(&query);
	query.class_mask = 1ULL << MMSCOPE_CLASS_PINNED;
	if (source_walk(s, p.ds, &query, 0, take_range, &p, &stats) || !p.nr_ranges)
		goto out_free;
	p.ds = source_dataset(s, "rmaps");
	if (!p.ds || source_rmap(s, p.ds, 0, p.ranges, p.nr_ranges, take_mapping, &p, &stats))
		goto out_free;
	board_init(&b, "pinned");
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	board_column(&b, "comm", MMSCOPE_UNIT_NAME);
	board_column(&b, "frames", MMSCOPE_UNIT_PAGES);
	for (size_t i = 0; i < p.nr; i++) {
		size_t row = board_row(&b);

		board_number(&b, row, 0, p.by[i].pid);
		board_text(&b, row, 1, p.by[i].comm);
		board_number(&b, row, 2, p.by[i].pages);
	}
	if (out->style.mode == OUT_TABLE && p.nr)
		printf("\nWho maps the pinned frames");
	board_print(&b, out);
out_free:
	free(p.ranges);
}

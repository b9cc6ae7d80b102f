// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope alone: this machine on one screen.
 *
 * An answer, not a dataset: it picks columns of several datasets by their names.
 * What a kernel or module does not have is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "table.h"

#define TOP_CACHES	5
#define MAX_ZONES	64	/* shown */
#define MAX_ORDERS	16

/* --------------------------------------------------------------------- memory */

/* sums over the nodes; several sources of one column are added up */
static const struct total {
	const char *column;
	const char *source;
	__u32 unit_bytes;	/* 0: pages */
} totals[] = {
	{ "managed", "managed_pages", 0 },
	{ "free", "free_pages", 0 },
	{ "anon", "stat.nr_anon_mapped", 0 },
	{ "file", "stat.nr_file_pages", 0 },
	{ "shmem", "stat.nr_shmem", 0 },
	{ "dirty", "stat.nr_file_dirty", 0 },
	{ "slab", "stat.nr_slab_reclaimable_b", 0 },	/* kept in pages, for all its name */
	{ "slab", "stat.nr_slab_unreclaimable_b", 0 },
	{ "slab_reclaimable", "stat.nr_slab_reclaimable_b", 0 },
	{ "page_tables", "stat.nr_page_table_pages", 0 },
	{ "page_tables", "stat.nr_pagetable", 0 },	/* the same under its enum's name */
	{ "kernel_stacks", "stat.nr_kernel_stack_kb", 1024 },
};

static void show_memory(struct source *s, struct out *out)
{
	struct table nodes;
	struct board b;
	int column = -1;

	table_collect(s, "nodes", &nodes);
	board_init(&b, "memory");
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		if (!i || strcmp(totals[i].column, totals[i - 1].column))
			board_column(&b, totals[i].column, MMSCOPE_UNIT_BYTES);
	board_row(&b);
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
		const struct total *t = &totals[i];
		__u64 value = known_times(table_sum(&nodes, t->source),
				    t->unit_bytes ? t->unit_bytes : s->info.page_size);
		__u64 before;

		if (!i || strcmp(t->column, t[-1].column))
			column++;
		before = board_get(&b, 0, column);
		if (value != MMSCOPE_UNKNOWN)
			board_number(&b, 0, column,
				     before == MMSCOPE_UNKNOWN ? value : before + value);
	}
	board_print(&b, out);
	table_free(&nodes);
}

/* ---------------------------------------------------------------------- zones */

/* What the page allocator does at this level of free pages. */
static const char *level(const struct table *zones, size_t i)
{
	__u64 free_pages = table_get(zones, i, "free_pages");
	__u64 boost = table_get(zones, i, "watermark_boost");
	static const struct {
		const char *mark;
		const char *words;
	} marks[] = {
		{ "watermark_min", "below min: direct reclaim" },
		{ "watermark_low", "below low: kswapd runs" },
		{ "watermark_high", "below high" },
	};

	if (boost == MMSCOPE_UNKNOWN)
		boost = 0;
	for (size_t m = 0; m < ARRAY_SIZE(marks); m++) {
		__u64 mark = table_get(zones, i, marks[m].mark);

		if (mark == MMSCOPE_UNKNOWN || free_pages == MMSCOPE_UNKNOWN)
			return "";
		if (free_pages <= mark + boost)
			return marks[m].words;
	}
	return "above high";
}

static void show_zones(struct source *s, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
	} sizes[] = {
		{ "managed", "managed_pages" },
		{ "free", "free_pages" },
		{ "min", "watermark_min" },
		{ "low", "watermark_low" },
		{ "high", "watermark_high" },
		{ "boost", "watermark_boost" },
		{ "highatomic", "highatomic_reserved_pages" },
	};
	struct table zones;
	struct board b;
	int node, zone, first = 0, state;

	table_collect(s, "zones", &zones);
	board_init(&b, "zones");
	node = board_column(&b, "node", MMSCOPE_UNIT_ID);
	zone = board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int column = board_column(&b, sizes[i].column, MMSCOPE_UNIT_BYTES);

		first = i ? first : column;
	}
	state = board_column(&b, "level", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < zones.nr && i < MAX_ZONES; i++) {
		size_t row = board_row(&b);

		board_number(&b, row, node, table_get(&zones, i, "node"));
		table_put_text(&zones, i, "zone", &b, row, zone);
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			__u64 pages = table_get(&zones, i, sizes[j].source);

			board_number(&b, row, first + j, known_times(pages, s->info.page_size));
		}
		board_text(&b, row, state, level(&zones, i));
	}
	board_print(&b, out);
	table_free(&zones);
}

/* ---------------------------------------------------------------- free blocks */

/* Columns "4K", "8K" ...: free memory in blocks of that size. */
static int order_columns(struct source *s, struct board *b, char names[][16])
{
	int first = -1;

	for (__u32 order = 0; order < s->info.nr_orders && order < MAX_ORDERS; order++) {
		struct text t = { 0 };
		int column;

		text_add_size(&t, (__u64)s->info.page_size << order);
		snprintf(names[order], 16, "%s", t.s);
		text_free(&t);
		column = board_column(b, names[order], MMSCOPE_UNIT_BYTES);
		first = order ? first : column;
	}
	return first;
}

static size_t zone_row(struct board *b, const struct table *buddy, size_t i, int node, int zone)
{
	struct text name = { 0 };
	struct column c;
	size_t row;

	if (column_find(buddy->ds, "zone", &c))
		value_text(&name, &c, table_record(buddy, i), false);
	for (row = 0; row < b->nr; row++)
		if (board_get(b, row, node) == table_get(buddy, i, "node") && name.len &&
		    !strcmp(b->rows + (row * BOARD_COLUMNS + zone) * BOARD_CELL, name.s))
			break;
	if (row == b->nr && row < MAX_ZONES) {
		board_row(b);
		board_number(b, row, node, table_get(buddy, i, "node"));
		board_text(b, row, zone, name.len ? name.s : "");
	}
	text_free(&name);
	return row;
}

static void show_free(struct source *s, struct out *out)
{
	char names[MAX_ORDERS][16];
	struct table buddy;
	struct board b;
	int node, zone, first, largest;

	table_collect(s, "buddy", &buddy);
	board_init(&b, "free");
	node = board_column(&b, "node", MMSCOPE_UNIT_ID);
	zone = board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	first = order_columns(s, &b, names);
	largest = board_column(&b, "largest_free", MMSCOPE_UNIT_BYTES);
	for (size_t i = 0; i < buddy.nr; i++) {
		__u64 order = table_get(&buddy, i, "order");
		__u64 top = table_get(&buddy, i, "largest_order");
		__u64 bytes = known_times(table_get(&buddy, i, "pages"), s->info.page_size);
		size_t row = zone_row(&b, &buddy, i, node, zone);
		__u64 before;

		if (row >= b.nr || order >= MAX_ORDERS || order >= s->info.nr_orders ||
		    bytes == MMSCOPE_UNKNOWN)
			continue;
		before = board_get(&b, row, first + order);
		board_number(&b, row, first + order,
			     bytes + (before == MMSCOPE_UNKNOWN ? 0 : before));
		if (top < MAX_ORDERS)
			board_number(&b, row, largest, (__u64)s->info.page_size << top);
	}
	board_print(&b, out);
	table_free(&buddy);
}

/* --------------------------------------------------------------- slab caches */

static int by_memory(const void *a, const void *b, void *ctx)
{
	return -column_compare(ctx, a, b);
}

static void show_caches(struct source *s, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
		__u32 unit;
	} numbers[] = {
		{ "memory", "memory_bytes", MMSCOPE_UNIT_BYTES },
		{ "objects", "total_objects", MMSCOPE_UNIT_COUNT },
		{ "in_use", "inuse_objects", MMSCOPE_UNIT_COUNT },
		{ "object_size", "object_size_bytes", MMSCOPE_UNIT_BYTES },
		{ "slabs", "slabs", MMSCOPE_UNIT_COUNT },
		{ "partial", "partial_slabs", MMSCOPE_UNIT_COUNT },
	};
	struct table caches;
	struct column memory;
	struct board b;
	int first;

	table_collect(s, "slab_caches", &caches);
	board_init(&b, "slab_caches");
	first = board_column(&b, "cache", MMSCOPE_UNIT_NAME) + 1;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, numbers[i].unit);
	if (caches.nr && column_find(caches.ds, "memory_bytes", &memory))
		qsort_r(caches.records, caches.nr, caches.ds->rec_size, by_memory, &memory);
	for (size_t i = 0; i < caches.nr && i < TOP_CACHES; i++) {
		size_t row = board_row(&b);

		table_put_text(&caches, i, "name", &b, row, first - 1);
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			board_number(&b, row, first + j, table_get(&caches, i, numbers[j].source));
	}
	board_print(&b, out);
	table_free(&caches);
}

/* ------------------------------------------------------------------- the rest */

static void show_head(struct source *s)
{
	const struct mmscope_info *info = &s->info;
	struct text t = { 0 };

	text_add(&t, "mmscope %s on Linux ", info->version);
	text_add(&t, "%s: %u CPU%s, %u node%s, pages of ", info->release, info->nr_cpus,
		 info->nr_cpus == 1 ? "" : "s", info->nr_nodes, info->nr_nodes == 1 ? "" : "s");
	text_add_size(&t, info->page_size);
	text_add(&t, ", page blocks of ");
	text_add_size(&t, (__u64)info->page_size * info->pageblock_pages);
	puts(t.s);
	text_free(&t);
}

/* Datasets that are not what they should be. */
static void show_missing(struct source *s, struct out *out)
{
	struct board b;
	int name, state, detail;

	board_init(&b, "missing");
	name = board_column(&b, "dataset", MMSCOPE_UNIT_NAME);
	state = board_column(&b, "state", MMSCOPE_UNIT_NAME);
	detail = board_column(&b, "detail", MMSCOPE_UNIT_NAME);
	for (__u32 i = 0; i < s->nr_datasets; i++) {
		const struct dataset *ds = s->datasets[i];
		size_t row;

		if (ds->state == MMSCOPE_STATE_OK)
			continue;
		row = board_row(&b);
		board_text(&b, row, name, ds->name);
		board_text(&b, row, state, ds->state == MMSCOPE_STATE_DEGRADED ?
					   "degraded" : "unavailable");
		board_text(&b, row, detail, ds->detail);
	}
	if (!b.nr && out->style.mode == OUT_TABLE)
		printf("\nAll %u datasets are available: see 'mmscope list'.\n", s->nr_datasets);
	board_print(&b, out);
}

void cmd_overview(struct source *s, const struct options *o, int argc, char **argv)
{
	struct out *out;

	(void)argc;
	(void)argv;
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("the overview is text or --json; name a dataset for this form of output");
	out = out_new(&o->style, &s->info);
	if (o->style.mode == OUT_TABLE)
		show_head(s);
	show_memory(s, out);
	show_zones(s, out);
	show_free(s, out);
	show_caches(s, out);
	show_missing(s, out);
	out_free(out);
}

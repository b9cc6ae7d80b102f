// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope kmap: the kernel's own page tables, region by region; where the direct
 * map is in smaller pages than it could be; and what is both writable and
 * executable.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "table.h"

#define EXIT_WX		3	/* of kmap wx: there is something */
#define WX		(MMSCOPE_KERNEL_WRITE | MMSCOPE_KERNEL_EXEC)

/* what an entry of a level maps, in pages; names of columns are those where a page has 4K */
static __u64 pages_2m(__u64 page_size)
{
	return page_size / 8;
}

static __u64 pages_1g(__u64 page_size)
{
	return pages_2m(page_size) * pages_2m(page_size);
}

/* one record, decoded */
struct range {
	__u64 start;
	__u64 end;
	__u64 pfn;
	__u64 pages;
	int size;		/* of what one entry maps, as in sums.by_size */
	__u64 region;
	__u64 flags;
	__u64 cache;
};

/* what ranges have in common, in pages */
struct sums {
	__u64 pages;
	__u64 by_size[3];	/* 1G, 2M, 4K */
	__u64 read_only;
	__u64 exec;
	__u64 wx;
	__u64 user;
	__u64 uncached;
	__u64 absent;
	__u64 ranges;
};

static struct range range_get(const struct table *t, size_t i, __u64 page_size)
{
	__u64 mapped = table_get(t, i, "page_size_bytes") / page_size;

	return (struct range) {
		.start = table_get(t, i, "start"),
		.end = table_get(t, i, "end"),
		.pfn = table_get(t, i, "pfn"),
		.pages = table_get(t, i, "pages"),
		.size = mapped >= pages_1g(page_size) ? 0 : mapped >= pages_2m(page_size) ? 1 : 2,
		.region = table_get(t, i, "region"),
		.flags = table_get(t, i, "flags"),
		.cache = table_get(t, i, "cache"),
	};
}

static void sums_add(struct sums *sums, const struct range *r, __u64 pages)
{
	sums->ranges++;
	sums->pages += pages;
	sums->by_size[r->size] += pages;
	if (r->flags & MMSCOPE_KERNEL_ABSENT) {
		sums->absent += pages;
		return;
	}
	if (!(r->flags & MMSCOPE_KERNEL_WRITE))
		sums->read_only += pages;
	if (r->flags & MMSCOPE_KERNEL_EXEC)
		sums->exec += pages;
	if ((r->flags & WX) == WX)
		sums->wx += pages;
	if (r->flags & MMSCOPE_KERNEL_USER)
		sums->user += pages;
	if (r->cache != MMSCOPE_CACHE_WB && r->cache != MMSCOPE_UNKNOWN)
		sums->uncached += pages;
}

/* ------------------------------------------------------------------ regions */

static const struct {
	const char *name;
	size_t offset;
} sum_columns[] = {
	{ "mapped_bytes", offsetof(struct sums, pages) },
	{ "1g_bytes", offsetof(struct sums, by_size[0]) },
	{ "2m_bytes", offsetof(struct sums, by_size[1]) },
	{ "4k_bytes", offsetof(struct sums, by_size[2]) },
	{ "read_only_bytes", offsetof(struct sums, read_only) },
	{ "exec_bytes", offsetof(struct sums, exec) },
	{ "wx_bytes", offsetof(struct sums, wx) },
	{ "user_bytes", offsetof(struct sums, user) },
	{ "uncached_bytes", offsetof(struct sums, uncached) },
	{ "absent_bytes", offsetof(struct sums, absent) },
};

static __u64 sum_value(const struct sums *sums, size_t i)
{
	__u64 pages;

	memcpy(&pages, (const char *)sums + sum_columns[i].offset, sizeof(pages));
	return pages;
}

static bool is_used(const struct sums *sums, size_t nr, size_t column)
{
	for (size_t i = 0; i < nr; i++)
		if (sum_value(&sums[i], column))
			return true;
	return false;
}

/* For people without columns that have only zeros. */
static void put_region(const struct table *t, size_t i, const struct sums *sums, struct board *b,
		       const int *columns, __u64 page_size)
{
	size_t row = board_row(b);

	table_put_text(t, i, "region", b, row, 0);
	for (size_t j = 0; j < ARRAY_SIZE(sum_columns); j++)
		board_number(b, row, columns[j], sum_value(sums, j) * page_size);
	board_number(b, row, b->ds.nr_fields - 1, sums->ranges);
}

/* In the order of their addresses, which is that of the records. */
static void show_regions(struct source *s, const struct table *t, struct out *out)
{
	int columns[ARRAY_SIZE(sum_columns)];
	struct sums sums[32] = { 0 };
	struct board b;

	for (size_t i = 0; i < t->nr; i++) {
		struct range r = range_get(t, i, s->info.page_size);

		if (r.region < ARRAY_SIZE(sums))
			sums_add(&sums[r.region], &r, r.pages);
	}
	board_init(&b, "regions");
	board_column(&b, "region", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(sum_columns); i++) {
		columns[i] = -1;
		if (out->style.mode != OUT_TABLE || is_used(sums, ARRAY_SIZE(sums), i))
			columns[i] = board_column(&b, sum_columns[i].name, MMSCOPE_UNIT_BYTES);
	}
	board_column(&b, "ranges", MMSCOPE_UNIT_COUNT);
	for (size_t i = 0; i < t->nr; i++) {
		struct sums *sum = &sums[table_get(t, i, "region") % ARRAY_SIZE(sums)];

		if (!sum->ranges)
			continue;
		put_region(t, i, sum, &b, columns, s->info.page_size);
		sum->ranges = 0;
	}
	board_print(&b, out);
}

/* ------------------------------------------------------------------- splits */

/* a whole block of memory that one entry could map, in smaller ones */
struct split {
	__u64 pfn;
	__u64 start;	/* address of it, if it is told */
	struct sums sums;
};

/**
 * struct splits - those of one size
 * @size: of a block, in pages
 * @page_size: of a page
 * @whole: blocks all of which is memory
 * @nr: of these, those that are split
 * @uniform: of these, those all of which has one permission and cache mode
 * @split: they
 * @now: the block under construction
 */
struct splits {
	__u64 size;
	__u64 page_size;
	size_t whole;
	size_t nr;
	size_t uniform;
	struct split *split;
	struct split now;
};

static void end_block(struct splits *t)
{
	const struct sums *sums = &t->now.sums;

	if (sums->pages != t->size)
		return;
	t->whole++;
	if (sums->by_size[0] || (t->size == pages_2m(t->page_size) && sums->by_size[1]))
		return;
	t->uniform += sums->ranges == 1;
	t->split = xrealloc(t->split, t->nr + 1, sizeof(*t->split));
	t->split[t->nr++] = t->now;
}

/* Ranges of the direct map come in the order of their frames. */
static void add_range(struct splits *t, const struct range *r)
{
	__u64 end = r->pfn + r->pages;

	for (__u64 pfn = r->pfn; pfn < end;) {
		__u64 block = pfn - pfn % t->size;
		__u64 stop = block + t->size < end ? block + t->size : end;

		if (t->now.pfn != block || !t->now.sums.pages) {
			end_block(t);
			t->now = (struct split) {
				.pfn = block,
				.start = r->start ? r->start + (block - r->pfn) * t->page_size : 0,
			};
		}
		sums_add(&t->now.sums, r, stop - pfn);
		pfn = stop;
	}
}

static void find_splits(struct source *s, const struct table *t, struct splits *found, __u64 size)
{
	*found = (struct splits){ .size = size, .page_size = s->info.page_size };
	for (size_t i = 0; i < t->nr; i++) {
		struct range r = range_get(t, i, s->info.page_size);

		if (r.region == MMSCOPE_REGION_DIRECT_MAP && r.pfn != MMSCOPE_UNKNOWN)
			add_range(found, &r);
	}
	end_block(found);
}

static void put_splits(const struct splits *t, struct board *b, __u64 page_size)
{
	for (size_t i = 0; i < t->nr; i++) {
		const struct split *split = &t->split[i];
		const __u64 cells[] = {
			t->size * page_size, split->sums.by_size[1] * page_size,
			split->sums.by_size[2] * page_size, split->sums.read_only * page_size,
			split->sums.exec * page_size, split->sums.uncached * page_size,
			split->sums.absent * page_size, split->sums.ranges,
		};
		size_t row = board_row(b);

		board_number(b, row, 0, split->pfn);
		if (split->start)
			board_number(b, row, 1, split->start);
		for (size_t j = 0; j < ARRAY_SIZE(cells); j++)
			board_number(b, row, 2 + j, cells[j]);
	}
}

static void show_splits(struct source *s, const struct table *t, struct out *out)
{
	static const char *const names[] = {
		"size_bytes", "2m_bytes", "4k_bytes", "read_only_bytes", "exec_bytes",
		"uncached_bytes", "absent_bytes",
	};
	const __u64 sizes[] = { pages_1g(s->info.page_size), pages_2m(s->info.page_size) };
	struct board b;

	board_init(&b, "splits");
	board_column(&b, "pfn", MMSCOPE_UNIT_PFN);
	board_column(&b, "start", MMSCOPE_UNIT_ADDR);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		board_column(&b, names[i], MMSCOPE_UNIT_BYTES);
	board_column(&b, "ranges", MMSCOPE_UNIT_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct splits found;

		find_splits(s, t, &found, sizes[i]);
		put_splits(&found, &b, s->info.page_size);
		free(found.split);
	}
	if (!b.nr && out->style.mode == OUT_TABLE)
		puts("No block of the direct map is split.");
	board_print(&b, out);
}

static void tell_splits(struct source *s, const struct table *t, __u64 size)
{
	struct text name = { 0 };
	struct splits found;

	find_splits(s, t, &found, size);
	text_add_size(&name, size * s->info.page_size);
	printf("Direct map: of %zu whole %s blocks %zu are in smaller pages", found.whole, name.s,
	       found.nr);
	text_free(&name);
	if (found.nr)
		printf(", %zu of these with one permission throughout", found.uniform);
	puts(".");
	free(found.split);
}

/* ---------------------------------------------------------------------- W+X */

static __u64 wx_ranges(struct source *s, const struct table *t, __u64 *pages)
{
	__u64 nr = 0;

	*pages = 0;
	for (size_t i = 0; i < t->nr; i++) {
		struct range r = range_get(t, i, s->info.page_size);

		if ((r.flags & WX) != WX)
			continue;
		nr++;
		*pages += r.pages;
	}
	return nr;
}

/* Return: how many ranges there are. */
static __u64 tell_wx(struct source *s, const struct table *t)
{
	struct text size = { 0 };
	__u64 pages, nr = wx_ranges(s, t, &pages);

	text_add_size(&size, pages * s->info.page_size);
	if (nr)
		printf("W+X: %llu ranges (%s) are both writable and executable: mmscope kmap wx\n",
		       nr, size.s);
	else
		puts("W+X: none, nothing is both writable and executable.");
	text_free(&size);
	return nr;
}

/* The records themselves, whatever columns they have. */
static void show_wx(struct source *s, const struct table *t, struct out *out)
{
	struct columns columns = { 0 };

	columns_default(t->ds, &columns);
	out_begin(out, "wx", &columns);
	for (size_t i = 0; i < t->nr; i++) {
		struct range r = range_get(t, i, s->info.page_size);

		if ((r.flags & WX) == WX)
			out_record(out, table_record(t, i));
	}
	out_end(out);
	columns_free(&columns);
}

/* -------------------------------------------------------------- the command */

static void load(struct source *s, struct table *t)
{
	struct mmscope_walk_arg query;

	source_query(&query);
	if (table_query(s, "kernel_mappings", &query, t))
		die("%s", s->error);
}

/* For programs what the sentences say. */
static void show_summary(struct source *s, const struct table *t, struct out *out)
{
	const struct {
		const char *name;
		__u64 size;
	} blocks[] = {
		{ "1g", pages_1g(s->info.page_size) }, { "2m", pages_2m(s->info.page_size) },
	};
	static const char *const names[] = {
		"wx_ranges", "wx_bytes", "whole_1g", "split_1g", "uniform_1g", "whole_2m",
		"split_2m", "uniform_2m",
	};
	struct board b;
	__u64 pages;
	int column = 2;

	board_init(&b, "summary");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		board_column(&b, names[i], MMSCOPE_UNIT_COUNT);
	board_row(&b);
	board_number(&b, 0, 0, wx_ranges(s, t, &pages));
	board_number(&b, 0, 1, pages * s->info.page_size);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		struct splits found;

		find_splits(s, t, &found, blocks[i].size);
		board_number(&b, 0, column++, found.whole);
		board_number(&b, 0, column++, found.nr);
		board_number(&b, 0, column++, found.uniform);
		free(found.split);
	}
	board_print(&b, out);
}

static void show_all(struct source *s, const struct table *t, struct out *out)
{
	if (out->style.mode != OUT_TABLE) {
		show_summary(s, t, out);
		show_regions(s, t, out);
		return;
	}
	puts("The kernel's own page tables, by region; what any level forbids is forbidden.");
	show_regions(s, t, out);
	putchar('\n');
	tell_splits(s, t, pages_1g(s->info.page_size));
	tell_splits(s, t, pages_2m(s->info.page_size));
	tell_wx(s, t);
}

void cmd_kmap(struct source *s, const struct options *o, int argc, char **argv)
{
	const char *what = argc ? argv[0] : "";
	struct table t;
	struct out *out;
	__u64 pages;
	bool found = false;

	if (argc > 1 || (argc && strcmp(what, "splits") && strcmp(what, "wx")))
		die("kmap takes no word, 'splits' or 'wx': '%s'", argv[argc - 1]);
	if (!argc && o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("kmap is text or --json; the records are those of 'mmscope kernel_mappings'");
	load(s, &t);
	out = out_new(&o->style, &s->info);
	if (!strcmp(what, "splits")) {
		show_splits(s, &t, out);
	} else if (!strcmp(what, "wx")) {
		found = wx_ranges(s, &t, &pages);
		if (found || o->style.mode != OUT_TABLE)
			show_wx(s, &t, out);
		else
			tell_wx(s, &t);
	} else {
		show_all(s, &t, out);
	}
	out_free(out);
	table_free(&t);
	if (!found)
		return;
	source_close(s);
	exit(EXIT_WX);
}

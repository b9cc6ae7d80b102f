// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope swap: the swap areas, and who has memory there.
 */
#include <stdlib.h>

#include "board.h"
#include "cmd.h"
#include "ranking.h"

/* columns of areas before it: what the area is */
#define FIRST_NUMBER 3

/* a number of pages as bytes, of a record */
static __u64 bytes_of(const struct source *s, const struct table *t, size_t i, const char *column)
{
	return known_times(table_get(t, i, column), s->info.page_size);
}

static void show_areas(struct source *s, const struct table *t, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
		__u32 unit;
	} numbers[] = {
		{ "priority", "priority", MMSCOPE_UNIT_COUNT },
		{ "size", "pages", MMSCOPE_UNIT_BYTES },
		{ "used", "used_pages", MMSCOPE_UNIT_BYTES },
		{ "free", "free_pages", MMSCOPE_UNIT_BYTES },
		{ "cached", "cached_pages", MMSCOPE_UNIT_BYTES },
		{ "bad", "bad_pages", MMSCOPE_UNIT_BYTES },
		{ "free_clusters", "free_clusters", MMSCOPE_UNIT_COUNT },
		{ "partial", "partial_clusters", MMSCOPE_UNIT_COUNT },
		{ "full", "full_clusters", MMSCOPE_UNIT_COUNT },
		{ "scattered", "scattered_permille", MMSCOPE_UNIT_PERMILLE },
	};
	struct board b;

	board_init(&b, "areas");
	board_column(&b, "area", MMSCOPE_UNIT_ID);
	board_column(&b, "name", MMSCOPE_UNIT_NAME);
	board_column(&b, "kind", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, numbers[i].unit);
	b.fields[FIRST_NUMBER].flags |= MMSCOPE_FIELD_SIGNED;
	for (size_t i = 0; i < t->nr; i++) {
		size_t row = board_row(&b);

		board_number(&b, row, 0, table_get(t, i, "swap_type"));
		table_put_text(t, i, "name", &b, row, 1);
		table_put_text(t, i, "kind", &b, row, 2);
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
			__u64 value = numbers[j].unit == MMSCOPE_UNIT_BYTES ?
				      bytes_of(s, t, i, numbers[j].source) :
				      table_get(t, i, numbers[j].source);

			board_number(&b, row, FIRST_NUMBER + j, value);
		}
	}
	board_print(&b, out);
}

static void show_processes(struct source *s, struct out *out)
{
	struct board b;
	struct table t;
	size_t nr, *places;

	table_collect(s, "processes", &t);
	places = ranking(&t, "swap_bytes", &nr);
	board_init(&b, "processes");
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	board_column(&b, "swap", MMSCOPE_UNIT_BYTES);
	board_column(&b, "rss", MMSCOPE_UNIT_BYTES);
	board_column(&b, "comm", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ranking_shown(out, nr); i++) {
		size_t row = board_row(&b);

		board_number(&b, row, 0, table_get(&t, places[i], "pid"));
		board_number(&b, row, 1, table_get(&t, places[i], "swap_bytes"));
		board_number(&b, row, 2, table_get(&t, places[i], "rss_bytes"));
		table_put_text(&t, places[i], "comm", &b, row, 3);
	}
	board_print(&b, out);
	free(places);
	table_free(&t);
}

static void show_cgroups(struct source *s, struct out *out)
{
	struct board b;
	struct table t;
	size_t nr, *places;

	table_collect(s, "swap_cgroups", &t);
	places = ranking(&t, "swap_pages", &nr);
	board_init(&b, "cgroups");
	board_column(&b, "cgroup", MMSCOPE_UNIT_NAME);
	board_column(&b, "swap", MMSCOPE_UNIT_BYTES);
	board_column(&b, "limit", MMSCOPE_UNIT_BYTES);
	for (size_t i = 0; i < ranking_shown(out, nr); i++) {
		size_t row = board_row(&b);

		table_put_text(&t, places[i], "path", &b, row, 0);
		board_number(&b, row, 1, bytes_of(s, &t, places[i], "swap_pages"));
		board_number(&b, row, 2, bytes_of(s, &t, places[i], "limit_pages"));
	}
	board_print(&b, out);
	free(places);
	table_free(&t);
}

/* sum of a column of pages in words people read */
static void add_sum(struct text *text, const struct source *s, const struct table *t,
		    const char *column)
{
	__u64 pages = table_sum(t, column);

	text_add_size(text, pages == MMSCOPE_UNKNOWN ? 0 : pages * s->info.page_size);
}

static void tell_areas(struct source *s, const struct table *t)
{
	struct text text = { 0 };

	text_add(&text, "%zu swap area%s: ", t->nr, t->nr == 1 ? "" : "s");
	add_sum(&text, s, t, "pages");
	text_adds(&text, ", ");
	add_sum(&text, s, t, "used_pages");
	text_adds(&text, " used, ");
	add_sum(&text, s, t, "cached_pages");
	text_adds(&text, " of it in memory as well.\n"
		  "scattered: of the free slots, those in clusters that are partly used, into\n"
		  "which no huge page goes as a whole.");
	puts(text.s);
	text_free(&text);
}

static void tell_zswap(struct source *s)
{
	struct text text = { 0 };
	struct table t;

	table_collect(s, "zswap", &t);
	if (t.nr == 1 && table_get(&t, 0, "stored_pages") && table_get(&t, 0, "stored_pages") !=
	    MMSCOPE_UNKNOWN) {
		text_adds(&text, "zswap keeps ");
		add_sum(&text, s, &t, "stored_pages");
		text_adds(&text, " of what is used in ");
		text_add_size(&text, table_get(&t, 0, "pool_bytes"));
		text_adds(&text, " of memory.");
		puts(text.s);
	}
	text_free(&text);
	table_free(&t);
}

void cmd_swap(struct source *s, const struct options *o, int argc, char **argv)
{
	struct mmscope_walk_arg query;
	struct style style = o->style;
	struct table areas;
	struct out *out;

	if (argc)
		die("swap takes no words: '%s'", argv[0]);
	if (style.mode != OUT_TABLE && style.mode != OUT_JSON)
		die("swap is text or --json; the records are those of 'mmscope swap_areas'");
	source_query(&query);
	if (table_query(s, "swap_areas", &query, &areas))
		die("%s", s->error);
	style.titles = true;
	out = out_new(&style, &s->info);
	if (style.mode == OUT_TABLE && !areas.nr)
		puts("There is no swap.");
	if (style.mode == OUT_TABLE && areas.nr) {
		tell_areas(s, &areas);
		tell_zswap(s);
	}
	if (style.mode == OUT_JSON || areas.nr) {
		show_areas(s, &areas, out);
		show_processes(s, out);
		show_cgroups(s, out);
	}
	out_free(out);
	table_free(&areas);
}

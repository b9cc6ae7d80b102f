// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope commit: what of memory is promised, how close requests are to being
 * refused, and who was promised most.
 */
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "cmd.h"
#include "ranking.h"

static __u64 get_bytes(const struct source *s, const struct table *t, const char *column)
{
	return known_times(table_get(t, 0, column), s->info.page_size);
}

static void add_pages(struct text *text, const struct source *s, const struct table *t,
		      const char *column)
{
	text_add_size(text, get_bytes(s, t, column));
}

/* --------------------------------------------------------------------- words */

static void tell_mode(struct text *text, const struct source *s, const struct table *t)
{
	switch (table_get(t, 0, "mode")) {
	case MMSCOPE_COMMIT_ALWAYS:
		text_adds(text, "No request is refused (vm.overcommit_memory=1).\n");
		break;
	case MMSCOPE_COMMIT_NEVER:
		text_adds(text, "All promises together must stay below a limit (vm.overcommit_memory=2).\n");
		break;
	default:
		text_adds(text, "Only a request is refused that alone is larger than RAM and swap, ");
		text_add_size(text, get_bytes(s, t, "ram_pages") + get_bytes(s, t, "swap_pages"));
		text_adds(text, "\n(vm.overcommit_memory=0).\n");
	}
}

static void tell_limit(struct text *text, const struct source *s, const struct table *t)
{
	__u64 ram = get_bytes(s, t, "ram_pages") - get_bytes(s, t, "hugetlb_pages");
	__u64 set = table_get(t, 0, "set_bytes");

	text_adds(text, "Limit: ");
	add_pages(text, s, t, "limit_pages");
	text_adds(text, ", ");
	if (set) {
		text_add_size(text, set);
		text_adds(text, " as it is set");
	} else {
		text_add(text, "%llu%% of ", table_get(t, 0, "ratio_percent"));
		text_add_size(text, ram);
		text_adds(text, " of RAM");
		if (table_get(t, 0, "hugetlb_pages"))
			text_adds(text, " (without huge pages)");
	}
	text_adds(text, " and ");
	add_pages(text, s, t, "swap_pages");
	text_adds(text, " of swap");
	if (table_get(t, 0, "mode") != MMSCOPE_COMMIT_NEVER)
		text_adds(text, "; it does not count in this mode");
	text_adds(text, ".\n");
}

static void tell_promised(struct text *text, const struct source *s, const struct table *t)
{
	__u64 limit = get_bytes(s, t, "limit_pages"), used = get_bytes(s, t, "committed_pages");

	text_adds(text, "Promised: ");
	text_add_size(text, used);
	if (limit)
		text_add(text, ", %llu%% of the limit", used * 100 / limit);
	text_adds(text, "; ");
	text_add_size(text, used > limit ? used - limit : limit - used);
	text_adds(text, used > limit ? " beyond it.\n" : " are left.\n");
}

/* what no process has: shared memory is promised to its object */
static void tell_processes(struct text *text, const struct source *s, const struct table *t,
			   const struct table *processes)
{
	__u64 used = get_bytes(s, t, "committed_pages");
	__u64 theirs = known_times(table_sum(processes, "committed_pages"), s->info.page_size);

	if (theirs == MMSCOPE_UNKNOWN)
		return;
	text_adds(text, "  Of it to processes: ");
	text_add_size(text, theirs);
	if (theirs < used) {
		text_adds(text, "; to shared memory and tmpfs, mostly: ");
		text_add_size(text, used - theirs);
	}
	text_adds(text, ".\n");
}

static void tell_refused(struct text *text, const struct source *s, const struct table *t)
{
	__u64 batch = get_bytes(s, t, "batch_pages") * s->info.nr_cpus;

	if (!table_get(t, 0, "refused_user_pages"))
		return;
	text_adds(text, "Refused now to a small process: ");
	add_pages(text, s, t, "refused_user_pages");
	text_adds(text, " to an ordinary user, ");
	add_pages(text, s, t, "refused_root_pages");
	text_adds(text, " to root.\n");
	if (table_get(t, 0, "mode") != MMSCOPE_COMMIT_NEVER)
		return;
	text_adds(text, "  To a large one 1/32 of its size less, at most ");
	add_pages(text, s, t, "user_reserve_pages");
	text_adds(text, "; CPUs have counted\n  up to ");
	text_add_size(text, batch);
	text_adds(text, " that others do not see yet.\n");
}

static void tell(const struct source *s, const struct table *t, const struct table *processes)
{
	struct text text = { 0 };

	tell_mode(&text, s, t);
	tell_limit(&text, s, t);
	tell_promised(&text, s, t);
	tell_processes(&text, s, t, processes);
	tell_refused(&text, s, t);
	fputs(text.s, stdout);
	text_free(&text);
}

/* -------------------------------------------------------------------- tables */

static void show_numbers(struct source *s, const struct table *t, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
	} numbers[] = {
		{ "limit", "limit_pages" },
		{ "committed", "committed_pages" },
		{ "ram", "ram_pages" },
		{ "hugetlb", "hugetlb_pages" },
		{ "swap", "swap_pages" },
		{ "admin_reserve", "admin_reserve_pages" },
		{ "user_reserve", "user_reserve_pages" },
		{ "refused_user", "refused_user_pages" },
		{ "refused_root", "refused_root_pages" },
	};
	struct board b;
	size_t row;

	board_init(&b, "commit");
	board_column(&b, "mode", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, MMSCOPE_UNIT_BYTES);
	row = board_row(&b);
	table_put_text(t, 0, "mode", &b, row, 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_number(&b, row, 1 + i, get_bytes(s, t, numbers[i].source));
	board_print(&b, out);
}

static void show_processes(struct source *s, const struct table *t, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
	} numbers[] = {
		{ "promised", "committed_pages" },
		{ "backed", "backed_pages" },
		{ "vm", "vm_pages" },
	};
	struct board b;
	size_t nr, *places = ranking(t, "committed_pages", &nr);

	board_init(&b, "processes");
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, MMSCOPE_UNIT_BYTES);
	board_column(&b, "comm", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ranking_shown(out, nr); i++) {
		size_t row = board_row(&b);

		board_number(&b, row, 0, table_get(t, places[i], "pid"));
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			board_number(&b, row, 1 + j,
				     known_times(table_get(t, places[i], numbers[j].source),
						 s->info.page_size));
		table_put_text(t, places[i], "comm", &b, row, 1 + ARRAY_SIZE(numbers));
	}
	board_print(&b, out);
	free(places);
}

void cmd_commit(struct source *s, const struct options *o, int argc, char **argv)
{
	struct mmscope_walk_arg query;
	struct table t, processes;
	struct out *out;

	if (argc)
		die("commit takes no words: '%s'", argv[0]);
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("commit is text or --json; the records are those of 'mmscope commit_processes'");
	source_query(&query);
	if (table_query(s, "overcommit", &query, &t))
		die("%s", s->error);
	if (!t.nr)
		die("commit: no answer");
	table_collect(s, "commit_processes", &processes);
	out = out_new(&o->style, &s->info);
	if (out->style.mode == OUT_TABLE)
		tell(s, &t, &processes);
	else
		show_numbers(s, &t, out);
	show_processes(s, &processes, out);
	out_free(out);
	table_free(&processes);
	table_free(&t);
}

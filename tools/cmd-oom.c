// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope oom: whom the OOM killer would take now, why, and whom it spares; arms
 * and disarms the OOM recorder.
 */
#include <stdio.h>
#include <string.h>

#include "oom.h"

#define SHOWN	15	/* of the ranking, if nobody asks for more */
#define NAMED	8	/* of those who are spared for one reason */

void oom_add_pages(struct text *t, const struct source *s, __u64 pages)
{
	bool negative = (__s64)pages < 0;

	if (negative)
		text_addc(t, '-');
	text_add_size(t, (negative ? -pages : pages) * s->info.page_size);
}

void oom_add_comm(struct text *t, const struct table *table, size_t i, const char *column)
{
	struct column c;
	const char *comm;
	size_t len;

	if (!column_find(table->ds, column, &c))
		return;
	comm = column_name(&c, table_record(table, i), &len);
	text_add_escaped(t, comm, len, false);
}

/* --------------------------------------------------------------- the ranking */

static void put_pages(const struct source *s, const struct table *t, size_t i, const char *name,
		      struct board *b, size_t row, int column, bool sign)
{
	struct text text = { 0 };
	__u64 pages = table_get(t, i, name);

	if (sign && (__s64)pages > 0)
		text_addc(&text, '+');
	oom_add_pages(&text, s, pages);
	board_text(b, row, column, text.s);
	text_free(&text);
}

/* the first of the ranking, as far as they are not spared; the rest is not printed */
void oom_print_ranking(struct source *s, const struct table *t, size_t limit, struct out *out)
{
	static const char *const pages[] = {
		"points", "rss_pages", "swap_pages", "pagetable_pages", "adj_pages",
	};
	static const char *const titles[] = { "points", "rss", "swap", "tables", "adj" };
	struct board b;

	board_init(&b, "oom");
	board_column(&b, "rank", MMSCOPE_UNIT_COUNT);
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		board_column(&b, titles[i], MMSCOPE_UNIT_NAME);
	board_column(&b, "oom_score_adj", MMSCOPE_UNIT_NAME);
	board_column(&b, "comm", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < t->nr && i < limit && table_get(t, i, "rank"); i++) {
		size_t row = board_row(&b);
		char adj[24];

		board_number(&b, row, 0, table_get(t, i, "rank"));
		board_number(&b, row, 1, table_get(t, i, "pid"));
		for (size_t j = 0; j < ARRAY_SIZE(pages); j++)
			put_pages(s, t, i, pages[j], &b, row, 2 + j, j == 4);
		snprintf(adj, sizeof(adj), "%lld", (__s64)table_get(t, i, "oom_score_adj"));
		board_text(&b, row, 7, adj);
		table_put_text(t, i, "comm", &b, row, 8);
	}
	board_print(&b, out);
}

static size_t nr_killable(const struct table *t)
{
	size_t nr = 0;

	while (nr < t->nr && table_get(t, nr, "rank"))
		nr++;
	return nr;
}

/* ------------------------------------------------------------------ in words */

static void say_why_first(struct text *t, struct source *s, const struct table *table)
{
	__s64 adj = table_get(table, 0, "oom_score_adj");

	if (table_get(table, 0, "flags") & MMSCOPE_OOM_ORIGIN) {
		text_adds(t, "it runs swapoff or stops KSM, and such are taken first");
		return;
	}
	text_adds(t, "it has ");
	oom_add_pages(t, s, table_get(table, 0, "rss_pages"));
	text_adds(t, " resident, ");
	oom_add_pages(t, s, table_get(table, 0, "swap_pages"));
	text_adds(t, " in swap, ");
	oom_add_pages(t, s, table_get(table, 0, "pagetable_pages"));
	text_adds(t, " of page tables");
	if (adj)
		text_add(t, ", and its oom_score_adj of %lld adds ", adj);
	if (adj)
		oom_add_pages(t, s, table_get(table, 0, "adj_pages"));
}

static void say_first(struct source *s, const struct table *table, size_t killable)
{
	struct text t = { 0 };
	__u64 group = table_get(table, 0, "group_memcg");

	text_add(&t, "\nProcess %llu (", table_get(table, 0, "pid"));
	oom_add_comm(&t, table, 0, "comm");
	text_adds(&t, ") would be killed first: ");
	say_why_first(&t, s, table);
	text_addc(&t, '.');
	if (killable > 1) {
		text_add(&t, " The next is %llu (", table_get(table, 1, "pid"));
		oom_add_comm(&t, table, 1, "comm");
		text_adds(&t, "), with ");
		oom_add_pages(&t, s, table_get(table, 0, "points") - table_get(table, 1, "points"));
		text_adds(&t, " less.");
	}
	if (group)
		text_add(&t, "\nWith it all of its cgroup dies: memory.oom.group is set in the one with inode %llu.",
			 group);
	puts(t.s);
	text_free(&t);
}

static const struct {
	__u32 spared;
	const char *words;
} reasons[] = {
	{ MMSCOPE_OOM_VICTIM, "killed already; while they die nobody else is" },
	{ MMSCOPE_OOM_ADJ, "their oom_score_adj is -1000" },
	{ MMSCOPE_OOM_SKIP, "their memory was taken back already, or init shares it" },
	{ MMSCOPE_OOM_VFORK, "between vfork() and execve(), in the memory of the parent" },
	{ MMSCOPE_OOM_NO_MM, "exited, without memory" },
	{ MMSCOPE_OOM_INIT, "the first process" },
};

static void say_spared(const struct table *table)
{
	struct text t = { 0 };
	__u64 threads = 0;

	for (size_t r = 0; r < ARRAY_SIZE(reasons); r++) {
		size_t nr = 0;

		text_clear(&t);
		for (size_t i = 0; i < table->nr; i++) {
			if (table_get(table, i, "spared") != reasons[r].spared || nr++ >= NAMED)
				continue;
			text_add(&t, "%s%llu (", nr > 1 ? ", " : "", table_get(table, i, "pid"));
			oom_add_comm(&t, table, i, "comm");
			text_addc(&t, ')');
		}
		if (nr > NAMED)
			text_add(&t, " and %zu more", nr - NAMED);
		if (nr)
			printf("  %s: %s\n", t.s, reasons[r].words);
	}
	for (size_t i = 0; i < table->nr; i++)
		threads += table_get(table, i, "spared") == MMSCOPE_OOM_KTHREAD;
	if (threads)
		printf("  %llu kernel threads: they have no memory of their own\n", threads);
	text_free(&t);
}

static int setting(const char *path)
{
	FILE *f = fopen(path, "re");
	int value = 0;

	if (f && fscanf(f, "%d", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

/* what makes the ranking void; a recording does not tell it */
static void say_settings(const struct options *o)
{
	int panic = setting("/proc/sys/vm/panic_on_oom");

	if (o->from)
		return;
	if (panic > 1 || (panic && !o->cgroup))
		printf("\nBut vm.panic_on_oom is %d: the kernel would panic instead.\n", panic);
	else if (!o->cgroup && setting("/proc/sys/vm/oom_kill_allocating_task"))
		puts("\nBut vm.oom_kill_allocating_task is set: who asks for memory is killed, if it may be.");
}

static void show_ranking(struct source *s, const struct options *o)
{
	struct mmscope_walk_arg query;
	size_t killable, limit;
	struct text title = { 0 };
	struct table t;
	struct out *out;

	source_query(&query);
	if (o->cgroup)
		query.memcg = parse_cgroup(s, o->cgroup);
	if (table_query(s, "oom_rank", &query, &t))
		die("%s", s->error);
	killable = nr_killable(&t);
	limit = o->limit ? o->limit : SHOWN;
	out = out_new(&o->style, &s->info);
	if (o->style.mode == OUT_JSON) {
		struct columns all = { 0 };

		columns_all(t.ds, &all);
		out_rows(out, t.ds, &all, t.records, o->limit && o->limit < t.nr ? o->limit : t.nr);
		columns_free(&all);
	} else if (!t.nr) {
		puts("There is no process in this cgroup.");
	} else {
		oom_add_pages(&title, s, table_get(&t, 0, "scope_pages"));
		printf("Whom the OOM killer would take, if %s ran out of its %s of RAM and swap now.\n",
		       o->cgroup ? "this cgroup" : "this machine", title.s);
		oom_print_ranking(s, &t, limit, out);
		if (killable > limit)
			printf("and %zu more: --limit N, or mmscope oom_rank\n", killable - limit);
		if (killable)
			say_first(s, &t, killable);
		else
			puts("\nNobody can be killed.");
		say_settings(o);
		if (killable < t.nr)
			puts("\nWho cannot be killed:");
		say_spared(&t);
	}
	out_free(out);
	text_free(&title);
	table_free(&t);
}

/* ------------------------------------------------------------------ commands */

void cmd_oom(struct source *s, const struct options *o, int argc, char **argv)
{
	if (argc)
		die("oom takes no words: '%s'", argv[0]);
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("oom is text or --json; the records are those of 'mmscope oom_rank' and 'mmscope oom_last'");
	if (o->oom && o->cgroup)
		die("--cgroup is for the ranking, not for the recorder");
	if (!o->oom)
		show_ranking(s, o);
	else if (!strcmp(o->oom, "last"))
		oom_show_last(s, o);
	else if (source_oom(s, !strcmp(o->oom, "arm")))
		die("%s", s->error);
}

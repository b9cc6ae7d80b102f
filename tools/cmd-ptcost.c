// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope ptcost PID|--all: what page tables cost, and where they lie.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "each-process.h"
#include "table.h"

/**
 * struct cost - the page tables of a process
 * @t: the records of pt_placement
 * @total: the one with the sums
 */
struct cost {
	struct table t;
	size_t total;
};

static int cost_read(struct source *s, __u32 pid, struct cost *c)
{
	struct mmscope_walk_arg query;
	int err;

	source_query(&query);
	query.pid = pid;
	err = table_query(s, "pt_placement", &query, &c->t);
	if (err)
		return err;
	if (!c->t.nr || table_get(&c->t, c->t.nr - 1, "scope") != MMSCOPE_PT_TOTAL)
		die("%s: pt_placement has no sums", s->name);
	c->total = c->t.nr - 1;
	return 0;
}

static __u64 total_of(const struct cost *c, const char *name)
{
	return table_get(&c->t, c->total, name);
}

/* tables in use and spare ones */
static __u64 all_bytes(const struct cost *c)
{
	__u64 spare = total_of(c, "spare_bytes");

	return total_of(c, "table_bytes") + (spare == MMSCOPE_UNKNOWN ? 0 : spare);
}

static __u64 ratio(__u64 part, __u64 whole, __u64 of)
{
	return whole && part != MMSCOPE_UNKNOWN ? (__u64)((double)part * of / whole + 0.5) :
						  MMSCOPE_UNKNOWN;
}

static __u64 bytes_per_gib(const struct cost *c)
{
	return ratio(all_bytes(c), total_of(c, "leaf_bytes"), 1ULL << 30);
}

/* what the i-th column of an array is of: "node0" of "remote_leaf.node0" */
static const char *element_name(const struct column *column)
{
	const char *dot = strchr(column->name, '.');

	return dot ? dot + 1 : column->name;
}

/* Of the leaf entries the share that is remote to CPUs of a node; false: no such node. */
static bool remote_share(const struct cost *c, __u32 index, struct column *column,
			 __u64 *permille)
{
	if (!column_element(c->t.ds, "remote_leaf", index, column))
		return false;
	*permille = MMSCOPE_UNKNOWN;
	if (column_number(column, table_record(&c->t, c->total), permille))
		*permille = ratio(*permille, total_of(c, "leaf_entries"), 1000);
	return true;
}

static __u64 worst_share(const struct cost *c)
{
	__u64 worst = MMSCOPE_UNKNOWN, permille;
	struct column node;

	for (__u32 i = 0; remote_share(c, i, &node, &permille); i++)
		if (permille != MMSCOPE_UNKNOWN && (worst == MMSCOPE_UNKNOWN || permille > worst))
			worst = permille;
	return worst;
}

/* --------------------------------------------------------------- one process */

static void show_levels(const struct cost *c, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
		__u32 unit;
	} numbers[] = {
		{ "tables", "tables", MMSCOPE_UNIT_COUNT },
		{ "bytes", "table_bytes", MMSCOPE_UNIT_BYTES },
		{ "used", "entries_used", MMSCOPE_UNIT_COUNT },
		{ "empty", "empty_tables", MMSCOPE_UNIT_COUNT },
		{ "leaves", "leaf_entries", MMSCOPE_UNIT_COUNT },
		{ "maps", "leaf_bytes", MMSCOPE_UNIT_BYTES },
		{ "same_node", "leaf_same_node", MMSCOPE_UNIT_COUNT },
		{ "other_node", "leaf_other_node", MMSCOPE_UNIT_COUNT },
	};
	struct board b;

	board_init(&b, "levels");
	board_column(&b, "level", MMSCOPE_UNIT_NAME);
	board_column(&b, "node", MMSCOPE_UNIT_ID);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, numbers[i].unit);
	board_column(&b, "full", MMSCOPE_UNIT_PERMILLE);
	for (size_t i = 0; i < c->total; i++) {
		size_t row = board_row(&b);

		table_put_text(&c->t, i, "level", &b, row, 0);
		board_number(&b, row, 1, table_get(&c->t, i, "node"));
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			board_number(&b, row, 2 + j, table_get(&c->t, i, numbers[j].source));
		board_number(&b, row, 2 + ARRAY_SIZE(numbers),
			     ratio(table_get(&c->t, i, "entries_used"),
				   table_get(&c->t, i, "entries_possible"), 1000));
	}
	board_print(&b, out);
}

/* how many entries tables have in use, of all levels */
static void show_occupancy(const struct cost *c, struct out *out)
{
	struct column column;
	struct board b;

	board_init(&b, "occupancy");
	board_column(&b, "entries_used", MMSCOPE_UNIT_NAME);
	board_column(&b, "tables", MMSCOPE_UNIT_COUNT);
	for (__u32 i = 0; column_element(c->t.ds, "occupancy", i, &column); i++) {
		size_t row = board_row(&b);
		__u64 tables;

		board_text(&b, row, 0, element_name(&column));
		if (column_number(&column, table_record(&c->t, c->total), &tables))
			board_number(&b, row, 1, tables);
	}
	board_print(&b, out);
}

/* the numbers of the sentences, for programs */
static void show_sums(const struct cost *c, struct out *out)
{
	struct column node;
	__u64 permille;
	struct board b;
	size_t row;

	board_init(&b, "sum");
	board_column(&b, "table_bytes", MMSCOPE_UNIT_BYTES);
	board_column(&b, "spare_bytes", MMSCOPE_UNIT_BYTES);
	board_column(&b, "mapped_bytes", MMSCOPE_UNIT_BYTES);
	board_column(&b, "bytes_per_gib", MMSCOPE_UNIT_BYTES);
	board_column(&b, "tables", MMSCOPE_UNIT_COUNT);
	board_column(&b, "empty_tables", MMSCOPE_UNIT_COUNT);
	row = board_row(&b);
	board_number(&b, row, 0, total_of(c, "table_bytes"));
	board_number(&b, row, 1, total_of(c, "spare_bytes"));
	board_number(&b, row, 2, total_of(c, "leaf_bytes"));
	board_number(&b, row, 3, bytes_per_gib(c));
	board_number(&b, row, 4, total_of(c, "tables"));
	board_number(&b, row, 5, total_of(c, "empty_tables"));
	board_print(&b, out);

	board_init(&b, "remote");
	board_column(&b, "node", MMSCOPE_UNIT_NAME);
	board_column(&b, "remote_leaf", MMSCOPE_UNIT_PERMILLE);
	for (__u32 i = 0; remote_share(c, i, &node, &permille); i++) {
		row = board_row(&b);
		board_text(&b, row, 0, element_name(&node));
		board_number(&b, row, 1, permille);
	}
	board_print(&b, out);
}

static void say_size(struct text *t, const char *before, __u64 bytes)
{
	text_adds(t, before);
	text_add_size(t, bytes);
}

static void show_sentences(const struct cost *c)
{
	__u64 spare = total_of(c, "spare_bytes"), permille;
	struct text t = { 0 };
	struct column node;

	say_size(&t, "\nPage tables take ", all_bytes(c));
	say_size(&t, " to map ", total_of(c, "leaf_bytes"));
	if (bytes_per_gib(c) != MMSCOPE_UNKNOWN)
		say_size(&t, ": ", bytes_per_gib(c));
	text_add(&t, bytes_per_gib(c) != MMSCOPE_UNKNOWN ? " for each GiB.\n" : ".\n");
	text_add(&t, "%llu of %llu tables are empty.", total_of(c, "empty_tables"),
		 total_of(c, "tables"));
	if (spare && spare != MMSCOPE_UNKNOWN) {
		say_size(&t, " ", spare);
		text_adds(&t, " are spare tables, kept for splitting huge pages.");
	}
	text_adds(&t, "\nRemote leaf entries, as seen by CPUs of");
	for (__u32 i = 0; remote_share(c, i, &node, &permille); i++) {
		text_add(&t, "%s %s: ", i ? "," : "", element_name(&node));
		if (permille == MMSCOPE_UNKNOWN)
			text_adds(&t, "none there");
		else
			text_add(&t, "%llu.%llu%%", permille / 10, permille % 10);
	}
	puts(t.s);
	text_free(&t);
}

static void show_process(struct source *s, __u32 pid, struct out *out)
{
	struct cost c;

	if (cost_read(s, pid, &c))
		die("%s", s->error);
	show_levels(&c, out);
	show_occupancy(&c, out);
	if (out->style.mode == OUT_TABLE)
		show_sentences(&c);
	else
		show_sums(&c, out);
	table_free(&c.t);
}

/* ------------------------------------------------------------- all processes */

/**
 * struct ranked - the processes so far
 * @line: what is shown of each
 * @nr: how many
 * @room: allocated
 */
struct ranked {
	struct line {
		__u64 pid;
		char comm[64];
		__u64 bytes;
		__u64 tables;
		__u64 empty;
		__u64 spare;
		__u64 mapped;
		__u64 per_gib;
		__u64 remote;
	} *line;
	size_t nr;
	size_t room;
};

static int rank_process(void *ctx, struct source *s, __u32 pid, const char *comm)
{
	struct ranked *r = ctx;
	struct line *line;
	struct cost c;
	int err = cost_read(s, pid, &c);

	if (err)
		return err;
	if (r->nr == r->room) {
		r->room = 2 * r->room + 64;
		r->line = xrealloc(r->line, r->room, sizeof(*r->line));
	}
	line = &r->line[r->nr++];
	*line = (struct line){
		.pid = pid,
		.bytes = all_bytes(&c),
		.tables = total_of(&c, "tables"),
		.empty = total_of(&c, "empty_tables"),
		.spare = total_of(&c, "spare_bytes"),
		.mapped = total_of(&c, "leaf_bytes"),
		.per_gib = bytes_per_gib(&c),
		.remote = worst_share(&c),
	};
	snprintf(line->comm, sizeof(line->comm), "%s", comm);
	table_free(&c.t);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void show_all(struct source *s, const struct options *o, struct out *out)
{
	struct ranked r = { 0 };
	struct board b;

	each_process(s, o, rank_process, &r);
	if (r.nr)
		qsort(r.line, r.nr, sizeof(*r.line), by_bytes);
	board_init(&b, "processes");
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	board_column(&b, "bytes", MMSCOPE_UNIT_BYTES);
	board_column(&b, "tables", MMSCOPE_UNIT_COUNT);
	board_column(&b, "empty", MMSCOPE_UNIT_COUNT);
	board_column(&b, "spare", MMSCOPE_UNIT_BYTES);
	board_column(&b, "maps", MMSCOPE_UNIT_BYTES);
	board_column(&b, "per_gib", MMSCOPE_UNIT_BYTES);
	board_column(&b, "remote", MMSCOPE_UNIT_PERMILLE);
	board_column(&b, "comm", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < r.nr && (!o->limit || i < o->limit); i++) {
		const struct line *line = &r.line[i];
		size_t row = board_row(&b);

		board_number(&b, row, 0, line->pid);
		board_number(&b, row, 1, line->bytes);
		board_number(&b, row, 2, line->tables);
		board_number(&b, row, 3, line->empty);
		board_number(&b, row, 4, line->spare);
		board_number(&b, row, 5, line->mapped);
		board_number(&b, row, 6, line->per_gib);
		board_number(&b, row, 7, line->remote);
		board_text(&b, row, 8, line->comm);
	}
	board_print(&b, out);
	free(r.line);
}

void cmd_ptcost(struct source *s, const struct options *o, int argc, char **argv)
{
	struct style style = o->style;
	struct out *out;

	if (argc != !o->all)
		die("ptcost wants a process, or --all of them: mmscope ptcost PID|--all");
	if (o->sort || o->total || o->list_columns)
		die("ptcost sorts by memory: of --sort, --limit and --total it takes --limit only");
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("ptcost is text or --json; the records are those of 'mmscope pt_placement'");
	style.titles = !o->all;
	out = out_new(&style, &s->info);
	if (o->all)
		show_all(s, o, out);
	else
		show_process(s, parse_pid(argv[0]), out);
	out_free(out);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope cgroups: the tree of cgroups with what they use, what they may use, and what
 * keeps those that were removed.
 */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "table.h"

#define MAX_DEPTH	32
#define TOP_PINS	3

/* what a cgroup is largest in: parts that are in no other of these */
static const struct part {
	const char *name;
	const char *plus[2];
	const char *minus;
} parts[] = {
	{ "anon", { "stat_bytes.anon" }, NULL },
	{ "file", { "stat_bytes.file" }, "stat_bytes.shmem" },
	{ "shmem", { "stat_bytes.shmem" }, NULL },
	{ "slab", { "stat_bytes.slab_reclaimable", "stat_bytes.slab_unreclaimable" }, NULL },
	{ "kernel_stack", { "stat_bytes.kernel_stack" }, NULL },
	{ "pagetables", { "stat_bytes.pagetables" }, NULL },
	{ "percpu", { "stat_bytes.percpu" }, NULL },
	{ "sock", { "stat_bytes.sock" }, NULL },
	{ "vmalloc", { "stat_bytes.vmalloc" }, NULL },
};

enum {
	COL_CGROUP, COL_USAGE, COL_PEAK, COL_MAX, COL_HIGH, COL_LOW, COL_MIN, COL_SWAP,
	COL_PROCESSES, COL_OOM_KILLS, COL_LARGEST, COL_STATE, COL_PINS, COL_MEMCG,
};

static const struct {
	const char *name;
	__u32 unit;
	const char *source;	/* column of memcgs, if it is just that */
	bool limit;		/* that may be not set */
} columns[] = {
	[COL_CGROUP] = { "cgroup", MMSCOPE_UNIT_NAME, NULL, false },
	[COL_USAGE] = { "usage", MMSCOPE_UNIT_BYTES, "usage_bytes", false },
	[COL_PEAK] = { "peak", MMSCOPE_UNIT_BYTES, "peak_bytes", false },
	[COL_MAX] = { "max", MMSCOPE_UNIT_BYTES, "max_bytes", true },
	[COL_HIGH] = { "high", MMSCOPE_UNIT_BYTES, "high_bytes", true },
	[COL_LOW] = { "low", MMSCOPE_UNIT_BYTES, "low_bytes", true },
	[COL_MIN] = { "min", MMSCOPE_UNIT_BYTES, "min_bytes", true },
	[COL_SWAP] = { "swap", MMSCOPE_UNIT_BYTES, "swap_bytes", false },
	[COL_PROCESSES] = { "processes", MMSCOPE_UNIT_COUNT, "processes", false },
	[COL_OOM_KILLS] = { "oom_kills", MMSCOPE_UNIT_COUNT, "events.oom_kill", false },
	[COL_LARGEST] = { "largest", MMSCOPE_UNIT_NAME, NULL, false },
	[COL_STATE] = { "state", MMSCOPE_UNIT_NAME, NULL, false },
	[COL_PINS] = { "kept_by", MMSCOPE_UNIT_NAME, NULL, false },
	[COL_MEMCG] = { "memcg", MMSCOPE_UNIT_ID, "memcg", false },
};

/**
 * struct link - a record that belongs to a cgroup: a child of it, or pages charged to it
 * @key: the inode of the cgroup
 * @amount: the greatest come first
 * @i: which record
 */
struct link {
	__u64 key;
	__u64 amount;
	size_t i;
};

/**
 * struct links - many of them, in order
 * @link: they
 * @nr: how many
 */
struct links {
	struct link *link;
	size_t nr;
};

/**
 * struct forest - what is known of the cgroups
 * @groups: dataset memcgs
 * @pages: dataset memcg_pages
 * @children: of @groups, by parent
 * @pins: of @pages, by removed cgroup
 * @shown: of @groups
 * @page: bytes of a page
 * @b: what is shown
 * @lines: the tree is drawn
 * @unicode: with box characters
 * @exact: with bytes to the last
 */
struct forest {
	struct table groups;
	struct table pages;
	struct links children;
	struct links pins;
	bool *shown;
	__u64 page;
	struct board b;
	bool lines;
	bool unicode;
	bool exact;
};

/* ---------------------------------------------------------------- who has what */

static int compare(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->amount != y->amount)
		return x->amount < y->amount ? 1 : -1;
	return x->i < y->i ? -1 : x->i > y->i;
}

/* index of the first one of a cgroup, or where it would be */
static size_t first_of(const struct links *l, __u64 key)
{
	size_t low = 0, high = l->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->link[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool belongs(const struct links *l, size_t at, __u64 key)
{
	return at < l->nr && l->link[at].key == key;
}

static void add_link(struct links *l, __u64 key, __u64 amount, size_t i)
{
	l->link[l->nr++] = (struct link){ key, amount, i };
}

static void sort_links(struct links *l)
{
	if (l->nr)
		qsort(l->link, l->nr, sizeof(*l->link), compare);
}

static __u64 of(const struct forest *f, size_t i, const char *name)
{
	__u64 value = table_get(&f->groups, i, name);

	return value == MMSCOPE_UNKNOWN ? 0 : value;
}

static bool is_dying(const struct forest *f, size_t i)
{
	return of(f, i, "state") == MMSCOPE_MEMCG_DYING;
}

static void add_amount(struct text *t, const char *name, __u64 bytes)
{
	text_add(t, "%s%s ", t->len ? ", " : "", name);
	text_add_size(t, bytes);
}

static void put_largest(struct forest *f, size_t i, size_t row)
{
	const char *name = NULL;
	struct text t = { 0 };
	__u64 most = 0;

	for (size_t j = 0; j < ARRAY_SIZE(parts); j++) {
		__u64 bytes = of(f, i, parts[j].plus[0]), minus = 0;

		if (parts[j].plus[1])
			bytes += of(f, i, parts[j].plus[1]);
		if (parts[j].minus)
			minus = of(f, i, parts[j].minus);
		bytes -= minus < bytes ? minus : bytes;
		if (bytes <= most)
			continue;
		most = bytes;
		name = parts[j].name;
	}
	if (name) {
		add_amount(&t, name, most);
		board_text(&f->b, row, COL_LARGEST, t.s);
	}
	text_free(&t);
}

/* ------------------------------------------------------------- what keeps the dead */

static void put_pins(struct forest *f, size_t i, size_t row)
{
	__u64 memcg = of(f, i, "memcg");
	struct text t = { 0 }, class = { 0 };
	size_t first = first_of(&f->pins, memcg);
	struct column c;

	for (size_t at = first; belongs(&f->pins, at, memcg) && at < first + TOP_PINS; at++) {
		const struct link *pin = &f->pins.link[at];

		text_clear(&class);
		if (column_find(f->pages.ds, "class", &c) &&
		    value_text(&class, &c, table_record(&f->pages, pin->i), false))
			add_amount(&t, class.s, pin->amount * f->page);
	}
	if (of(f, i, "swap_bytes"))
		add_amount(&t, "swap", of(f, i, "swap_bytes"));
	board_text(&f->b, row, COL_PINS,
		   t.len ? t.s : "no page: what is below it, or charges that CPUs keep");
	text_free(&class);
	text_free(&t);
}

/* ------------------------------------------------------------------------- the tree */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void put_name(struct forest *f, size_t i, size_t row, const bool *last, int depth)
{
	struct text path = { 0 }, name = { 0 };
	struct column c;

	if (!column_find(f->groups.ds, "path", &c) ||
	    !value_text(&path, &c, table_record(&f->groups, i), true) || !path.len)
		text_adds(&path, "?");
	for (int n = 1; f->lines && n < depth; n++)
		text_adds(&name, last[n] ? "  " : f->unicode ? "\u2502 " : "| ");
	if (f->lines && depth)
		text_adds(&name, last[depth] ? f->unicode ? "\u2514\u2500" : "`-" :
			  f->unicode ? "\u251c\u2500" : "|-");
	text_adds(&name, f->lines ? last_part(path.s) : path.s);
	board_text(&f->b, row, COL_CGROUP, name.s);
	text_free(&path);
	text_free(&name);
}

/* The root is not charged: what its counter has is its children's. */
static __u64 usage_of(const struct forest *f, size_t i)
{
	if (of(f, i, "parent"))
		return table_get(&f->groups, i, "usage_bytes");
	return of(f, i, "stat_bytes.anon") + of(f, i, "stat_bytes.file");
}

/* For people a limit that is not set, or protects nothing, is a dash. */
static void put_limit(struct forest *f, size_t i, size_t row, int column)
{
	__u64 bytes = table_get(&f->groups, i, columns[column].source);
	struct text t = { 0 };

	if (!f->lines) {
		board_number(&f->b, row, column, bytes);
		return;
	}
	if (bytes == MMSCOPE_UNKNOWN || (!bytes && (column == COL_LOW || column == COL_MIN)))
		return;
	if (f->exact)
		text_add_number(&t, bytes);
	else
		text_add_size(&t, bytes);
	board_text(&f->b, row, column, t.s);
	text_free(&t);
}

static void put_row(struct forest *f, size_t i, const bool *last, int depth)
{
	size_t row = board_row(&f->b);

	put_name(f, i, row, last, depth);
	for (size_t j = 0; j < ARRAY_SIZE(columns); j++) {
		if (columns[j].limit)
			put_limit(f, i, row, j);
		else if (columns[j].source)
			board_number(&f->b, row, j, table_get(&f->groups, i, columns[j].source));
	}
	board_number(&f->b, row, COL_USAGE, usage_of(f, i));
	if (!of(f, i, "parent"))
		board_number(&f->b, row, COL_PEAK, MMSCOPE_UNKNOWN);
	put_largest(f, i, row);
	board_text(&f->b, row, COL_STATE, is_dying(f, i) ? "dying" : "online");
	if (is_dying(f, i))
		put_pins(f, i, row);
}

/* A cgroup may have two controllers, one of them dying, and children of both. */
static void put_children(struct forest *f, __u64 parent, bool *last, int depth)
{
	for (size_t at = first_of(&f->children, parent); belongs(&f->children, at, parent); at++) {
		size_t i = f->children.link[at].i;
		__u64 memcg = of(f, i, "memcg");

		if (f->shown[i])
			continue;
		f->shown[i] = true;
		last[depth] = !belongs(&f->children, at + 1, parent);
		put_row(f, i, last, depth);
		if (depth + 1 < MAX_DEPTH && memcg)
			put_children(f, memcg, last, depth + 1);
	}
}

static void read_forest(struct forest *f, struct source *s)
{
	struct mmscope_walk_arg query;

	source_query(&query);
	if (table_query(s, "memcgs", &query, &f->groups))
		die("%s", s->error);
	table_collect(s, "memcg_pages", &f->pages);
	f->page = s->info.page_size;
	f->shown = xzalloc(f->groups.nr + 1);
	f->children.link = xzalloc((f->groups.nr + 1) * sizeof(struct link));
	f->pins.link = xzalloc((f->pages.nr + 1) * sizeof(struct link));
	for (size_t i = 0; i < f->groups.nr; i++)
		add_link(&f->children, of(f, i, "parent"), of(f, i, "usage_bytes"), i);
	for (size_t i = 0; i < f->pages.nr; i++)
		if (table_get(&f->pages, i, "state") == MMSCOPE_MEMCG_DYING)
			add_link(&f->pins, table_get(&f->pages, i, "memcg"),
				 table_get(&f->pages, i, "pages"), i);
	sort_links(&f->children);
	sort_links(&f->pins);
}

static void free_forest(struct forest *f)
{
	free(f->shown);
	free(f->children.link);
	free(f->pins.link);
	table_free(&f->groups);
	table_free(&f->pages);
}

void cmd_cgroups(struct source *s, const struct options *o, int argc, char **argv)
{
	bool last[MAX_DEPTH] = { false };
	struct forest f = { 0 };
	struct out *out;

	if (argc)
		die("cgroups takes no words: '%s'", argv[0]);
	read_forest(&f, s);
	out = out_new(&o->style, &s->info);
	f.lines = out->style.mode == OUT_TABLE;
	f.exact = o->style.bytes;
	f.unicode = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	board_init(&f.b, "cgroups");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		board_column(&f.b, columns[i].name, f.lines && columns[i].limit ?
			     MMSCOPE_UNIT_NAME : columns[i].unit);
	put_children(&f, 0, last, 0);
	board_print(&f.b, out);
	out_free(out);
	free_forest(&f);
}

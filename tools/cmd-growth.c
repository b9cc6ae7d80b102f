// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope diff of recordings: where memory went between two samples, and what grew all
 * the time. How much something grew is fact; that it is a leak is inferred.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "growth.h"
#include "table.h"
#include "when.h"

#define DEFAULT_LIMIT	10	/* rows of a table for people */

static const char *const kind_names[NR_GROWTH_KINDS] = {
	"class", "cache", "process", "cgroup", "file", "owner",
};

static const char *const table_names[NR_GROWTH_KINDS] = {
	"classes", "caches", "processes", "cgroups", "files", "owners",
};

/**
 * struct comparison - what is shown
 * @o: the command line
 * @out: where to
 * @g: all samples from the one to the other
 * @cgroups: their paths
 * @class_field: names of classes
 * @info: of the machine
 */
struct comparison {
	const struct options *o;
	struct out *out;
	struct growth g;
	struct table cgroups;
	const struct field *class_field;
	const struct mmscope_info *info;
};

/* ------------------------------------------------------------------- the samples */

/* one end of the comparison */
struct end {
	struct source *s;
	size_t i;
	__u64 realtime_ns;
	__u64 boottime_ns;
};

/* @word: which sample; NULL: the first or the last. A file without samples is one. */
static struct end find_end(struct source *s, const char *word, bool first)
{
	size_t nr = replay_samples(s);
	struct end end = { .s = s };

	if (word || nr)
		end.i = word ? find_sample(s, word) : first ? 0 : nr - 1;
	if (!nr)
		return end;
	end.realtime_ns = replay_sample(s, end.i)->realtime_ns;
	end.boottime_ns = replay_sample(s, end.i)->boottime_ns;
	return end;
}

/* A clock that was set meanwhile does not matter, unless another boot was recorded. */
static double seconds_between(const struct end *a, const struct end *b)
{
	__u64 ns = b->realtime_ns - a->realtime_ns, up;

	if (b->realtime_ns < a->realtime_ns)
		ns = 0;
	up = b->boottime_ns > a->boottime_ns ? b->boottime_ns - a->boottime_ns : 0;
	if (up && (a->s == b->s || up + NS_PER_SECOND > ns))
		ns = up;
	return (double)ns / NS_PER_SECOND;
}

static void add_sample(struct comparison *c, const struct end *from, const struct end *at)
{
	if (replay_samples(at->s))
		replay_choose(at->s, at->i);
	growth_add(&c->g, at->s, seconds_between(from, at));
}

/* Of one recording all samples between the two count, else the two alone. */
static void add_samples(struct comparison *c, const struct end *from, const struct end *to)
{
	if (from->s != to->s) {
		add_sample(c, from, from);
		add_sample(c, from, to);
	}
	for (size_t i = from->i; from->s == to->s && i <= to->i; i++) {
		char word[24];
		struct end at;

		snprintf(word, sizeof(word), "%zu", i + 1);
		at = find_end(from->s, word, false);
		add_sample(c, from, &at);
	}
	table_collect(to->s, "cgroup_paths", &c->cgroups);
}

/* -------------------------------------------------------------------- the tables */

static void add_cgroup(const struct comparison *c, __u64 memcg, struct text *t)
{
	struct column column;

	for (size_t i = 0; i < c->cgroups.nr; i++) {
		if (table_get(&c->cgroups, i, "memcg") != memcg ||
		    !column_find(c->cgroups.ds, "path", &column))
			continue;
		value_text(t, &column, table_record(&c->cgroups, i), false);
		break;
	}
	if (!t->len)
		text_adds(t, "(gone)");
}

static void item_name(const struct comparison *c, const struct growth_key *key, struct text *t)
{
	if (key->kind == GROWTH_CGROUP)
		add_cgroup(c, key->id, t);
	else
		text_adds(t, *key->name ? key->name : "(no name)");
}

static __s64 item_growth(const struct growth *g, __u32 i)
{
	return (__s64)(g->items[i].last - g->items[i].first);
}

/* Greatest growth first; then by what they are, so that the order is always the same. */
static int compare_growth(const void *a, const void *b, void *ctx)
{
	const struct growth *g = ctx;
	const __u32 *x = a, *y = b;
	__s64 grew_x = item_growth(g, *x), grew_y = item_growth(g, *y);

	if (grew_x != grew_y)
		return grew_x > grew_y ? -1 : 1;
	return memcmp(growth_key(g, *x), growth_key(g, *y), sizeof(struct growth_key));
}

static int compare_slope(const void *a, const void *b, void *ctx)
{
	const struct growth *g = ctx;
	const __u32 *x = a, *y = b;
	double slope_x = growth_per_hour(g, *x), slope_y = growth_per_hour(g, *y);

	if (slope_x != slope_y)
		return slope_x > slope_y ? -1 : 1;
	return memcmp(growth_key(g, *x), growth_key(g, *y), sizeof(struct growth_key));
}

static __u64 rounded(double value)
{
	const double most = 9e18;

	value = value > most ? most : value < -most ? -most : value;
	return (__u64)(__s64)(value < 0 ? value - 0.5 : value + 0.5);
}

static int signed_column(struct board *b, const char *name)
{
	int column = board_column(b, name, MMSCOPE_UNIT_BYTES);

	b->fields[column].flags |= MMSCOPE_FIELD_SIGNED;
	return column;
}

enum { BEFORE, AFTER, GROWTH, PER_HOUR, ID, CLASS, NAME };

static void init_board(struct board *b, enum growth_kind kind)
{
	board_init(b, table_names[kind]);
	board_column(b, "before", MMSCOPE_UNIT_BYTES);
	board_column(b, "after", MMSCOPE_UNIT_BYTES);
	signed_column(b, "growth");
	signed_column(b, "per_hour");
	board_column(b, kind == GROWTH_PROCESS ? "pid" : "inode", MMSCOPE_UNIT_ID);
	board_column(b, kind == GROWTH_CLASS ? "" : "class", MMSCOPE_UNIT_NAME);
	board_column(b, kind == GROWTH_PROCESS ? "comm" : kind == GROWTH_CLASS ? "class" :
		     kind == GROWTH_CGROUP ? "path" : "name", MMSCOPE_UNIT_NAME);
}

static void put_numbers(struct board *b, size_t row, __u64 before, __u64 after, double seconds,
			double per_hour)
{
	board_number(b, row, BEFORE, before);
	board_number(b, row, AFTER, after);
	board_number(b, row, GROWTH, after - before);
	board_number(b, row, PER_HOUR, seconds > 0 ? rounded(per_hour) :
		     MMSCOPE_UNKNOWN_SIGNED);
}

static void put_class(const struct comparison *c, __u32 class, struct board *b, size_t row,
		      int column)
{
	const char *name = c->class_field ? field_value_name(c->class_field, class) : NULL;

	board_text(b, row, column, name ? name : "?");
}

static void put_item(const struct comparison *c, __u32 i, struct board *b)
{
	const struct growth_key *key = growth_key(&c->g, i);
	const struct growth_item *item = &c->g.items[i];
	size_t row = board_row(b);
	struct text name = { 0 };

	put_numbers(b, row, item->first, item->last, c->g.seconds, growth_per_hour(&c->g, i));
	if (key->kind == GROWTH_PROCESS || key->kind == GROWTH_CGROUP || key->kind == GROWTH_FILE)
		board_number(b, row, ID, key->id);
	if (key->kind == GROWTH_FILE || key->kind == GROWTH_OWNER)
		put_class(c, key->page_class, b, row, CLASS);
	item_name(c, key, &name);
	board_text(b, row, NAME, name.s);
	text_free(&name);
}

/* @items: their sum, or what is left of them */
static void put_sum(const struct comparison *c, const __u32 *items, size_t nr, const char *name,
		    struct board *b)
{
	__u64 before = 0, after = 0;
	double per_hour = 0;

	for (size_t i = 0; i < nr; i++) {
		before += c->g.items[items[i]].first;
		after += c->g.items[items[i]].last;
		per_hour += growth_per_hour(&c->g, items[i]);
	}
	put_numbers(b, board_row(b), before, after, c->g.seconds, per_hour);
	board_text(b, b->nr - 1, NAME, name);
}

static bool is_people(const struct comparison *c)
{
	return c->o->style.mode == OUT_TABLE;
}

/* A program finds each key, also where there is nothing. */
static void show_board(struct comparison *c, struct board *b)
{
	b->ds.fields = b->fields;
	if (b->nr)
		board_print(b, c->out);
	else if (!is_people(c))
		out_rows(c->out, &b->ds, NULL, NULL, 0);
}

/* What did not change is left out, but for classes: these must add up. */
static size_t list_items(const struct comparison *c, enum growth_kind kind, __u32 *items)
{
	size_t nr = 0;

	for (__u32 i = 0; i < c->g.keys.nr; i++) {
		if (growth_key(&c->g, i)->kind != kind)
			continue;
		if (kind == GROWTH_CLASS || item_growth(&c->g, i))
			items[nr++] = i;
	}
	qsort_r(items, nr, sizeof(*items), compare_growth, (void *)&c->g);
	return nr;
}

static void show_kind(struct comparison *c, enum growth_kind kind)
{
	__u64 limit = c->o->limit ? c->o->limit : is_people(c) ? DEFAULT_LIMIT : ~0ULL;
	__u32 *items = xzalloc((c->g.keys.nr + 1) * sizeof(*items));
	size_t nr = list_items(c, kind, items), shown;
	struct board b;

	init_board(&b, kind);
	if (!(c->g.known >> kind & 1))
		nr = 0;
	shown = nr;
	if (kind != GROWTH_CLASS && shown > limit)
		shown = limit;
	for (size_t i = 0; i < shown; i++)
		put_item(c, items[i], &b);
	if (kind == GROWTH_CLASS && nr)
		put_sum(c, items, nr, is_people(c) ? "all (residual)" : "residual", &b);
	else if (shown < nr && is_people(c))
		put_sum(c, items + shown, nr - shown, "others", &b);
	show_board(c, &b);
	free(items);
}

/* ------------------------------------------------------------------- the verdict */

static const char *remark(const struct growth_key *key)
{
	if (key->page_class == MMSCOPE_CLASS_FILE &&
	    (key->kind == GROWTH_CLASS || key->kind == GROWTH_FILE))
		return "page cache: given back when memory is wanted";
	if (key->page_class == MMSCOPE_CLASS_SLAB_RECLAIMABLE && key->kind == GROWTH_CLASS)
		return "given back when memory is wanted";
	return "";
}

static void put_suspect(const struct comparison *c, __u32 i, struct board *b)
{
	const struct growth_key *key = growth_key(&c->g, i);
	const struct growth_item *item = &c->g.items[i];
	size_t row = board_row(b);
	struct text name = { 0 };
	__u32 steps = 0;
	int level = growth_level(&c->g, i, &steps);

	board_number(b, row, 0, rounded(growth_per_hour(&c->g, i)));
	board_number(b, row, 1, item_growth(&c->g, i));
	board_number(b, row, 2, item->grew[level]);
	board_number(b, row, 3, steps);
	board_number(b, row, 4, 1ULL << level);
	board_text(b, row, 5, kind_names[key->kind]);
	if (key->kind == GROWTH_PROCESS || key->kind == GROWTH_CGROUP || key->kind == GROWTH_FILE)
		board_number(b, row, 6, key->id);
	item_name(c, key, &name);
	board_text(b, row, 7, name.s);
	board_text(b, row, 8, remark(key));
	text_free(&name);
}

static void init_suspects(struct board *b)
{
	board_init(b, "leaks");
	signed_column(b, "per_hour");
	signed_column(b, "growth");
	board_column(b, "grew", MMSCOPE_UNIT_COUNT);
	board_column(b, "of", MMSCOPE_UNIT_COUNT);
	board_column(b, "step", MMSCOPE_UNIT_COUNT);
	board_column(b, "kind", MMSCOPE_UNIT_NAME);
	board_column(b, "id", MMSCOPE_UNIT_ID);
	board_column(b, "name", MMSCOPE_UNIT_NAME);
	board_column(b, "remark", MMSCOPE_UNIT_NAME);
}

static void say_verdict(const struct comparison *c, size_t nr)
{
	struct text time = { 0 };

	text_add_duration(&time, c->g.seconds * NS_PER_SECOND);
	if (c->g.samples < 5)
		printf("\nNo verdict on leaks from %u samples: five of one recording are wanted.\n",
		       c->g.samples);
	else if (!nr)
		printf("\nInferred from %u samples over %s: nothing grew all the time.\n",
		       c->g.samples, time.s);
	else
		printf("\nInferred from %u samples over %s: these grew all the time (in GREW of so many steps\nof STEP samples). Whether that is a leak, or a cache, or work, is not known.\n",
		       c->g.samples, time.s);
	text_free(&time);
}

static void show_suspects(struct comparison *c)
{
	__u64 limit = c->o->limit ? c->o->limit : is_people(c) ? 2 * DEFAULT_LIMIT : ~0ULL;
	__u32 *items = xzalloc((c->g.keys.nr + 1) * sizeof(*items)), steps;
	struct board b;
	size_t nr = 0;

	for (__u32 i = 0; i < c->g.keys.nr; i++)
		if (growth_level(&c->g, i, &steps) >= 0)
			items[nr++] = i;
	qsort_r(items, nr, sizeof(*items), compare_slope, &c->g);
	init_suspects(&b);
	for (size_t i = 0; i < nr && i < limit; i++)
		put_suspect(c, items[i], &b);
	if (is_people(c))
		say_verdict(c, nr);
	show_board(c, &b);
	free(items);
}

/* ------------------------------------------------------------------- the command */

static void show_ends(struct comparison *c, const struct end *from, const struct end *to)
{
	const struct end *const ends[] = { from, to };
	struct board b;

	board_init(&b, "samples");
	board_column(&b, "sample", MMSCOPE_UNIT_ID);
	board_column(&b, "time", MMSCOPE_UNIT_NAME);
	board_column(&b, "after", MMSCOPE_UNIT_NAME);
	board_column(&b, "file", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t row = board_row(&b);
		struct text time = { 0 };

		board_text(&b, row, 3, ends[i]->s->name);
		if (!ends[i]->realtime_ns)
			continue;
		board_number(&b, row, 0, ends[i]->i + 1);
		text_add_time(&time, ends[i]->realtime_ns);
		board_text(&b, row, 1, time.s);
		text_clear(&time);
		text_add_duration(&time, seconds_between(from, ends[i]) * NS_PER_SECOND);
		board_text(&b, row, 2, time.s);
		text_free(&time);
	}
	board_print(&b, c->out);
}

static const struct field *find_classes(const struct source *s)
{
	static const char *const names[] = { "accounting", "extent_sums" };
	struct column c;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (__u32 j = 0; j < s->nr_datasets; j++)
			if (!strcmp(s->datasets[j]->name, names[i]) &&
			    column_find(s->datasets[j], "class", &c))
				return c.field;
	}
	return NULL;
}

static void check_ends(const struct end *from, const struct end *to)
{
	if (from->s->info.page_size != to->s->info.page_size)
		die("the recordings are of machines with pages of different size");
	if (from->s == to->s && !replay_samples(from->s))
		die("%s: has no samples: it was not made by 'mmscope record'", from->s->name);
	if (from->s == to->s && from->i >= to->i)
		die("%s: there is nothing to compare: two samples are wanted, the earlier one first",
		    from->s->name);
}

/* Two recordings, or two samples of one: @other is NULL then. */
void diff_recordings(struct source *s, const struct options *o, const char *other)
{
	struct source *second = other ? source_open(other, NULL) : s;
	struct end from = find_end(s, o->from_sample, !other);
	struct end to = find_end(second, o->to_sample, false);
	struct comparison c = { .o = o, .info = &s->info, .class_field = find_classes(second) };
	struct style style = o->style;

	check_ends(&from, &to);
	if (style.mode != OUT_TABLE && style.mode != OUT_JSON)
		die("a comparison has several tables: --json, or none of the forms");
	style.titles = true;
	add_samples(&c, &from, &to);
	if (!c.g.known)
		die("%s: nothing was recorded at both times that could be compared: see 'mmscope record'",
		    second->name);
	c.out = out_new(&style, &s->info);
	show_ends(&c, &from, &to);
	for (int kind = 0; kind < NR_GROWTH_KINDS; kind++)
		show_kind(&c, kind);
	show_suspects(&c);
	out_free(c.out);
	table_free(&c.cgroups);
	growth_free(&c.g);
	if (second != s)
		source_close(second);
}

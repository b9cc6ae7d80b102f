// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope DATASET...: any dataset, from its schema alone.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "total.h"

/* names that people type already, from /proc and from other tools */
static const struct {
	const char *alias;
	const char *name;
} aliases[] = {
	{ "buddyinfo", "buddy" },
	{ "zoneinfo", "zones" },
	{ "slabinfo", "slab_caches" },
	{ "slab", "slab_caches" },
	{ "pt", "pagetables" },
	{ "pagemap", "mappings" },
	{ "maps", "vmas" },
};

/* how point queries are asked */
static const struct {
	const char *name;
	const char *command;
} points[] = {
	{ "translations", "vtop PID ADDRESS..." },
	{ "rmaps", "rmap PFN|RANGE|FILE..." },
	{ "alloc_zones", "alloc --order N --gfp FLAGS" },
	{ "events", "watch" },
};

static const char *point_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		if (!strcmp(name, points[i].name))
			return points[i].command;
	return "help";
}

static const struct dataset *find_dataset(struct source *s, const char *name)
{
	const struct dataset *ds = source_dataset(s, name);

	for (size_t i = 0; !ds && i < ARRAY_SIZE(aliases); i++)
		if (!strcasecmp(name, aliases[i].alias))
			ds = source_dataset(s, aliases[i].name);
	if (!ds)
		die("there is no dataset or command '%s': see 'mmscope list' and 'mmscope help'",
		    name);
	return ds;
}

/* ---------------------------------------------------------- --list-columns */

struct column_row {
	char name[84];
	char unit[16];
	__u32 shown;
	char help[144];
};

static const struct mmscope_value shown_names[] = {
	{ .value = 0, .name = "asked" },
	{ .value = 1, .name = "default" },
};

static const struct field column_fields[] = {
	OWN_FIELD(struct column_row, name, NAME, "as -o and --sort take it"),
	OWN_FIELD(struct column_row, unit, NAME, "what it counts"),
	OWN_NAMED(struct column_row, shown, ENUM, shown_names, "by default, or when asked for"),
	OWN_FIELD(struct column_row, help, NAME, "what it means"),
};

static const struct dataset column_rows = {
	.name = "columns",
	.rec_size = sizeof(struct column_row),
	.nr_fields = ARRAY_SIZE(column_fields),
	.fields = column_fields,
};

static void list_columns(const struct dataset *ds, struct out *out)
{
	struct columns all = { 0 };
	struct column_row *rows;

	columns_all(ds, &all);
	rows = xzalloc(sizeof(*rows) * all.nr);
	for (size_t i = 0; i < all.nr; i++) {
		const struct field *f = all.col[i].field;

		memcpy(rows[i].name, all.col[i].name, sizeof(rows[i].name));
		snprintf(rows[i].unit, sizeof(rows[i].unit), "%s", unit_name(f->unit));
		rows[i].shown = f->flags & MMSCOPE_FIELD_DEFAULT ? 1 : 0;
		snprintf(rows[i].help, sizeof(rows[i].help), "%s", f->help);
	}
	out_rows(out, &column_rows, NULL, rows, all.nr);
	free(rows);
	columns_free(&all);
}

/* ---------------------------------------------------------------- --sort */

/**
 * struct sorter - records kept until all are there
 * @col: by which column
 * @descending: greatest first
 * @size: of a record
 * @nr: records
 * @room: for how many there is memory
 * @records: they
 */
struct sorter {
	struct column col;
	bool descending;
	size_t size;
	size_t nr;
	size_t room;
	char *records;
};

static void sorter_init(struct sorter *sorter, const struct dataset *ds, const char *by)
{
	const char *direction = strrchr(by, ':');
	char name[96];
	int len = direction ? direction - by : (int)strlen(by);

	*sorter = (struct sorter){ .size = ds->rec_size };
	if (direction && !strcasecmp(direction, ":desc"))
		sorter->descending = true;
	else if (direction && strcasecmp(direction, ":asc"))
		die("bad direction '%s': --sort COLUMN[:asc|:desc]", direction + 1);
	snprintf(name, sizeof(name), "%.*s", len, by);
	if (!column_find(ds, name, &sorter->col))
		die("%s: no column '%s': see 'mmscope %s --list-columns'", ds->name, name,
		    ds->name);
}

static void sorter_take(struct sorter *sorter, const void *rec)
{
	if (sorter->nr == sorter->room) {
		sorter->room = 2 * sorter->room + 256;
		sorter->records = xrealloc(sorter->records, sorter->room, sorter->size);
	}
	memcpy(sorter->records + sorter->nr++ * sorter->size, rec, sorter->size);
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct sorter *sorter = ctx;
	const char *const *x = a, *const *y = b;
	int cmp = column_compare(&sorter->col, *x, *y);

	if (cmp)
		return sorter->descending ? -cmp : cmp;
	return (*x > *y) - (*x < *y);	/* as they came */
}

static void sorter_give(struct sorter *sorter, __u64 limit, struct out *out)
{
	const char **order = xzalloc(sorter->nr * sizeof(*order));

	for (size_t i = 0; i < sorter->nr; i++)
		order[i] = sorter->records + i * sorter->size;
	qsort_r(order, sorter->nr, sizeof(*order), compare, sorter);
	for (size_t i = 0; i < sorter->nr && (!limit || i < limit); i++)
		if (!out_record(out, order[i]))
			break;
	free(order);
	free(sorter->records);
}

/* --------------------------------------------------------------- the records */

/**
 * struct taker - what becomes of the records
 * @o: as the user wants them
 * @out: where to
 * @columns: of them
 * @sorter: keeps them until all are there, if they are to be sorted
 * @total: adds them up, if that is wanted
 * @left: how many are still to be shown, unless sorted; ~0: all
 */
struct taker {
	const struct options *o;
	struct out *out;
	struct columns columns;
	struct sorter sorter;
	struct total total;
	__u64 left;
};

static void taker_begin(struct taker *taker, const struct dataset *ds, const struct options *o,
			struct out *out)
{
	*taker = (struct taker){ .o = o, .out = out, .left = o->limit ? o->limit : ~0ULL };
	choose_columns(ds, o, &taker->columns);
	if (o->sort)
		sorter_init(&taker->sorter, ds, o->sort);
	if (o->total)
		total_init(&taker->total, ds);
	out_begin(out, ds->name, &taker->columns);
}

static bool take(void *ctx, const void *rec)
{
	struct taker *taker = ctx;

	if (taker->o->total)
		total_add(&taker->total, rec);
	if (taker->o->sort) {
		sorter_take(&taker->sorter, rec);
		return true;
	}
	/* what is beyond the limit comes only for the total */
	if (!taker->left)
		return true;
	taker->left--;
	return out_record(taker->out, rec);
}

static void taker_end(struct taker *taker)
{
	if (taker->o->sort)
		sorter_give(&taker->sorter, taker->o->limit, taker->out);
	if (taker->o->total) {
		out_record(taker->out, total_record(&taker->total));
		total_free(&taker->total);
	}
	out_end(taker->out);
	columns_free(&taker->columns);
}

/* Rows that a command made up itself, as if they were a dataset's. */
void show_rows(struct source *s, const struct dataset *ds, const struct options *o,
	       const void *rows, size_t nr)
{
	struct out *out = out_new(&o->style, &s->info);
	struct taker taker;

	if (o->list_columns) {
		list_columns(ds, out);
	} else {
		taker_begin(&taker, ds, o, out);
		for (size_t i = 0; i < nr; i++)
			take(&taker, (const char *)rows + i * ds->rec_size);
		taker_end(&taker);
	}
	out_free(out);
}

/* What an answer cost, on stderr. */
void show_stats(const struct dataset *ds, const struct walk_stats *stats)
{
	fflush(stdout);
	fprintf(stderr, "%s: %llu records in %llu calls, %llu.%03llu ms; longest lock hold "
		"%llu ns of %llu, %llu restarts, %llu torn\n",
		ds->name, stats->records, stats->calls, stats->ns / 1000000,
		stats->ns / 1000 % 1000, stats->max_lock_ns, stats->locks, stats->restarts,
		stats->torn);
	if (stats->processes || stats->refused || stats->busy)
		fprintf(stderr, "%s: %llu processes read, %llu not allowed, %llu busy\n", ds->name,
			stats->processes, stats->refused, stats->busy);
	if (ds->state == MMSCOPE_STATE_DEGRADED)
		fprintf(stderr, "%s: degraded: %s\n", ds->name, ds->detail);
}

/* Return: 0, or -errno with a sentence in s->error. */
static int show(struct source *s, const struct dataset *ds, const struct options *o,
		struct out *out)
{
	struct mmscope_walk_arg query;
	struct walk_stats stats;
	struct taker taker;
	int err;

	if (ds->flags & MMSCOPE_DATASET_POINT)
		die("%s has only answers to a question: mmscope %s", ds->name,
		    point_command(ds->name));
	query_parse(s, ds, o, &query);
	if (ds->state == MMSCOPE_STATE_UNAVAILABLE)
		die("%s: not available on this kernel: %s", ds->name, ds->detail);
	taker_begin(&taker, ds, o, out);
	err = source_walk(s, ds, &query, o->sort || o->total ? 0 : o->limit, take, &taker, &stats);
	taker_end(&taker);
	if (!err && o->verbose)
		show_stats(ds, &stats);
	return err;
}

void cmd_dataset(struct source *s, const struct options *o, int argc, char **argv)
{
	struct style style = o->style;
	struct out *out;
	int err = 0;

	style.titles = o->several;
	if (o->several && style.mode != OUT_TABLE && style.mode != OUT_JSON)
		die("this form of output takes one dataset at a time");
	for (int i = 0; i < argc; i++)
		find_dataset(s, argv[i]);	/* all names are right before one is shown */
	out = out_new(&style, &s->info);
	for (int i = 0; i < argc && !err; i++) {
		const struct dataset *ds = find_dataset(s, argv[i]);

		if (o->list_columns)
			list_columns(ds, out);
		else
			err = show(s, ds, o, out);
	}
	out_free(out);
	if (err)
		die("%s", s->error);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope replay: memory by class over the samples of a recording, as a chart, sample
 * by sample, or as records; which samples there are; one of them as `where` shows it.
 */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "table.h"
#include "when.h"

#define NR_CLASSES	64
#define LABELS		62	/* columns of the chart before the line */
#define LEAST_LINE	16

/**
 * struct series - the classes over time
 * @s: the recording
 * @o: the command line
 * @nr: samples
 * @pages: of class c in sample i: [i * NR_CLASSES + c]
 * @order: classes that ever had memory, the greatest first
 * @nr_order: how many
 * @class_field: their names
 * @utf8: the terminal knows more than ASCII
 * @width: of the line
 */
struct series {
	struct source *s;
	const struct options *o;
	size_t nr;
	__u64 *pages;
	__u32 order[NR_CLASSES];
	size_t nr_order;
	const struct field *class_field;
	bool utf8;
	size_t width;
};

/* ----------------------------------------------------------------------- a list */

struct sample_row {
	__u64 sample;
	char time[24];
	char after[16];
	__u64 took_ns;
	__u64 cpu_ns;
	__u64 bytes;
	__u64 base;
};

static const struct field sample_fields[] = {
	OWN_FIELD(struct sample_row, sample, ID, "its number"),
	OWN_FIELD(struct sample_row, time, NAME, "when it was begun"),
	OWN_FIELD(struct sample_row, after, NAME, "how long after the first"),
	OWN_FIELD(struct sample_row, took_ns, NS, "time to take it"),
	OWN_FIELD(struct sample_row, cpu_ns, NS, "of that, CPU time"),
	OWN_FIELD(struct sample_row, bytes, BYTES, "not compressed"),
	OWN_FIELD(struct sample_row, base, COUNT, "1: told by what differs from the one before"),
};

static const struct dataset sample_rows = {
	.name = "samples",
	.rec_size = sizeof(struct sample_row),
	.nr_fields = ARRAY_SIZE(sample_fields),
	.fields = sample_fields,
};

static void copy_text(char *to, size_t size, struct text *t)
{
	snprintf(to, size, "%s", t->s ? t->s : "");
	text_clear(t);
}

static __u64 since_first(const struct source *s, size_t i)
{
	__u64 begin = replay_sample(s, 0)->boottime_ns, ns = replay_sample(s, i)->boottime_ns;

	return ns > begin ? ns - begin : 0;
}

static void show_list(struct source *s, const struct options *o)
{
	size_t nr = replay_samples(s);
	struct sample_row *rows = xzalloc(nr * sizeof(*rows));
	struct text t = { 0 };

	for (size_t i = 0; i < nr; i++) {
		const struct recording_sample *sample = replay_sample(s, i);

		rows[i] = (struct sample_row){
			.sample = i + 1,
			.took_ns = sample->took_ns,
			.cpu_ns = sample->cpu_ns,
			.bytes = sample->bytes,
			.base = sample->base,
		};
		text_add_time(&t, sample->realtime_ns);
		copy_text(rows[i].time, sizeof(rows[i].time), &t);
		text_add_duration(&t, since_first(s, i));
		copy_text(rows[i].after, sizeof(rows[i].after), &t);
	}
	show_rows(s, &sample_rows, o, rows, nr);
	text_free(&t);
	free(rows);
}

/* -------------------------------------------------------------------- the series */

static __u64 pages_at(const struct series *c, size_t i, __u32 class)
{
	return c->pages[i * NR_CLASSES + class];
}

static const char *class_name(const struct series *c, __u32 class)
{
	const char *name = c->class_field ? field_value_name(c->class_field, class) : NULL;

	return name ? name : "?";
}

static void load_sample(struct series *c, size_t i)
{
	struct column column;
	struct table t;

	replay_choose(c->s, i);
	table_collect(c->s, "accounting", &t);
	if (!t.nr)
		die("%s: what memory is used for was not recorded: no accounting in sample %zu",
		    c->s->name, i + 1);
	if (!c->class_field && column_find(t.ds, "class", &column))
		c->class_field = column.field;
	for (size_t j = 0; j < t.nr; j++) {
		__u64 class = table_get(&t, j, "class"), pages = table_get(&t, j, "pages");

		if (class < NR_CLASSES && pages != MMSCOPE_UNKNOWN)
			c->pages[i * NR_CLASSES + class] += pages;
	}
	table_free(&t);
}

static __u64 most(const struct series *c, __u32 class)
{
	__u64 pages = 0;

	for (size_t i = 0; i < c->nr; i++)
		if (pages_at(c, i, class) > pages)
			pages = pages_at(c, i, class);
	return pages;
}

static __u64 least(const struct series *c, __u32 class)
{
	__u64 pages = ~0ULL;

	for (size_t i = 0; i < c->nr; i++)
		if (pages_at(c, i, class) < pages)
			pages = pages_at(c, i, class);
	return pages;
}

static int compare_classes(const void *a, const void *b, void *ctx)
{
	const struct series *c = ctx;
	const __u32 *x = a, *y = b;
	__u64 most_x = most(c, *x), most_y = most(c, *y);

	if (most_x != most_y)
		return most_x > most_y ? -1 : 1;
	return *x < *y ? -1 : 1;
}

static void load(struct series *c)
{
	c->nr = replay_samples(c->s);
	c->pages = xzalloc(c->nr * NR_CLASSES * sizeof(*c->pages));
	for (size_t i = 0; i < c->nr; i++)
		load_sample(c, i);
	for (__u32 class = 0; class < NR_CLASSES; class++)
		if (class != MMSCOPE_CLASS_HOLE && most(c, class))
			c->order[c->nr_order++] = class;
	qsort_r(c->order, c->nr_order, sizeof(*c->order), compare_classes, c);
}

/* --------------------------------------------------------------------- as records */

struct kind_row {
	__u64 sample;
	char time[24];
	__u64 after_ns;
	__u64 page_class;
	__u64 pages;
};

static const struct field kind_fields[] = {
	OWN_FIELD(struct kind_row, sample, ID, "its number"),
	OWN_FIELD(struct kind_row, time, NAME, "when it was begun"),
	OWN_FIELD(struct kind_row, after_ns, NS, "how long after the first"),
	OWN_FIELD(struct kind_row, page_class, ENUM, "what the frames are"),
	OWN_FIELD(struct kind_row, pages, PAGES, "how many frames"),
};

static void show_records(const struct series *c)
{
	struct field fields[ARRAY_SIZE(kind_fields)];
	struct dataset ds = {
		.name = "kinds",
		.rec_size = sizeof(struct kind_row),
		.nr_fields = ARRAY_SIZE(fields),
		.fields = fields,
	};
	struct kind_row *rows = xzalloc(c->nr * c->nr_order * sizeof(*rows)), *row = rows;
	struct text t = { 0 };

	memcpy(fields, kind_fields, sizeof(fields));
	fields[3].name = "class";
	if (c->class_field) {
		fields[3].values = c->class_field->values;
		fields[3].nr_values = c->class_field->nr_values;
	}
	for (size_t i = 0; i < c->nr; i++) {
		for (size_t j = 0; j < c->nr_order; j++, row++) {
			row->sample = i + 1;
			row->after_ns = since_first(c->s, i);
			row->page_class = c->order[j];
			row->pages = pages_at(c, i, c->order[j]);
			text_add_time(&t, replay_sample(c->s, i)->realtime_ns);
			copy_text(row->time, sizeof(row->time), &t);
		}
	}
	show_rows(c->s, &ds, c->o, rows, row - rows);
	text_free(&t);
	free(rows);
}

/* --------------------------------------------------------------------- as a chart */

static void find_screen(struct series *c)
{
	const char *columns = getenv("COLUMNS");
	__u64 width = 80;
	struct winsize ws;

	if (columns)
		parse_whole_number(columns, 10000, &width);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		width = ws.ws_col;
	c->width = width > LABELS + LEAST_LINE ? width - LABELS : LEAST_LINE;
	c->utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
}

/* @part of @of as a character, from the lowest to the highest of eight */
static void add_mark(const struct series *c, struct text *t, __u64 part, __u64 of)
{
	static const char ascii[] = "_.-=+*%#";
	unsigned int level = of ? (part * 7 + of / 2) / of : 0;

	if (c->utf8)
		text_add(t, "\342\226%c", 0x81 + level);
	else
		text_addc(t, ascii[level]);
}

/* More samples than columns: the greatest of those that share one. */
static void add_line(const struct series *c, struct text *t, __u32 class)
{
	size_t width = c->nr < c->width ? c->nr : c->width;
	__u64 low = least(c, class), high = most(c, class);

	for (size_t x = 0; x < width; x++) {
		__u64 pages = 0;

		for (size_t i = x * c->nr / width; i < (x + 1) * c->nr / width; i++)
			if (pages_at(c, i, class) > pages)
				pages = pages_at(c, i, class);
		add_mark(c, t, pages - low, high - low);
	}
}

/* Right-aligned, in @width columns and one more. */
static void add_cell(struct text *t, const struct text *word, int width)
{
	text_add(t, "%*s ", width, word->s ? word->s : "");
}

static void add_size_cell(const struct series *c, struct text *t, __u64 pages, bool sign)
{
	bool negative = sign && (__s64)pages < 0;
	struct text word = { 0 };

	if (sign && pages)
		text_addc(&word, negative ? '-' : '+');
	text_add_size(&word, (negative ? -pages : pages) * c->s->info.page_size);
	add_cell(t, &word, 8);
	text_free(&word);
}

static const char *paint(const struct series *c, __s64 growth)
{
	if (!c->o->style.color || !growth)
		return "";
	return growth > 0 ? "\033[33m" : "\033[36m";
}

static void add_title(const struct series *c, struct text *t)
{
	text_add(t, "%zu samples, ", c->nr);
	text_add_time(t, replay_sample(c->s, 0)->realtime_ns);
	text_adds(t, " to ");
	text_add_time(t, replay_sample(c->s, c->nr - 1)->realtime_ns);
	text_adds(t, " (");
	text_add_duration(t, since_first(c->s, c->nr - 1));
	text_adds(t, ")\n");
}

/* Each line between its own least and greatest: what is small is seen to move as well. */
static void show_chart(const struct series *c)
{
	const char *bold = c->o->style.color ? "\033[1m" : "";
	const char *plain = c->o->style.color ? "\033[0m" : "";
	struct text t = { 0 };

	if (!c->o->style.no_headings) {
		add_title(c, &t);
		text_add(&t, "\n%s%-16s %8s %8s %8s %8s %8s %s%s\n", bold, "CLASS", "FIRST", "LAST",
			 "GROWTH", "LEAST", "MOST", "LEAST..MOST", plain);
	}
	for (size_t j = 0; j < c->nr_order; j++) {
		__u32 class = c->order[j];
		__u64 first = pages_at(c, 0, class), last = pages_at(c, c->nr - 1, class);

		text_add(&t, "%-16s ", class_name(c, class));
		add_size_cell(c, &t, first, false);
		add_size_cell(c, &t, last, false);
		text_adds(&t, paint(c, last - first));
		add_size_cell(c, &t, last - first, true);
		text_adds(&t, paint(c, last - first)[0] ? plain : "");
		add_size_cell(c, &t, least(c, class), false);
		add_size_cell(c, &t, most(c, class), false);
		add_line(c, &t, class);
		text_addc(&t, '\n');
	}
	fputs(t.s, stdout);
	text_free(&t);
}

/* ---------------------------------------------------------------- sample by sample */

/* Bars of one scale, so that they can be compared; as much room as the chart. */
static void add_frame(const struct series *c, struct text *t, size_t i, __u64 scale)
{
	const size_t room = c->width + 27;

	text_add(t, "sample %zu of %zu, ", i + 1, c->nr);
	text_add_time(t, replay_sample(c->s, i)->realtime_ns);
	text_adds(t, "\n\n");
	for (size_t j = 0; j < c->nr_order; j++) {
		__u64 pages = pages_at(c, i, c->order[j]);
		__s64 growth = i ? pages - pages_at(c, i - 1, c->order[j]) : 0;
		size_t bar = scale ? pages * room / scale : 0;

		text_add(t, "%-16s ", class_name(c, c->order[j]));
		add_size_cell(c, t, pages, false);
		add_size_cell(c, t, growth, true);
		text_adds(t, paint(c, growth));
		for (size_t x = 0; x < bar; x++)
			text_adds(t, c->utf8 ? "\342\226\210" : "#");
		text_adds(t, paint(c, growth)[0] ? "\033[0m" : "");
		text_addc(t, '\n');
	}
}

/* In place on a terminal; elsewhere one below the other, and nobody waits. */
static void play(const struct series *c)
{
	__u64 ns = parse_duration(c->o->interval, "interval");
	const bool screen = isatty(STDOUT_FILENO);
	__u64 scale = c->nr_order ? most(c, c->order[0]) : 0;

	for (size_t i = 0; i < c->nr; i++) {
		struct timespec pause = { ns / NS_PER_SECOND, ns % NS_PER_SECOND };
		struct text t = { 0 };

		if (screen)
			text_adds(&t, "\033[H\033[2J");
		else if (i)
			text_addc(&t, '\n');
		add_frame(c, &t, i, scale);
		fputs(t.s, stdout);
		fflush(stdout);
		text_free(&t);
		if (screen && i + 1 < c->nr)
			nanosleep(&pause, NULL);
	}
}

static bool wants_records(const struct options *o)
{
	return o->style.mode != OUT_TABLE || o->columns || o->all_columns || o->list_columns ||
	       o->sort || o->limit || o->total;
}

void cmd_replay(struct source *s, const struct options *o, int argc, char **argv)
{
	struct series c = { .s = s, .o = o };

	if (argc != 1 || o->from != argv[0])
		die("replay wants a recording: mmscope replay FILE [--at N | --list]");
	if (!replay_samples(s))
		die("%s: has no samples: it was not made by 'mmscope record'", argv[0]);
	if (o->list) {
		show_list(s, o);
		return;
	}
	if (o->at) {
		cmd_where(s, o, 0, NULL);
		return;
	}
	load(&c);
	find_screen(&c);
	if (wants_records(o))
		show_records(&c);
	else if (o->interval)
		play(&c);
	else
		show_chart(&c);
	free(c.pages);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope explain PID ADDRESS: from the mapping to the frame and to what happens
 * next, for people.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "explain.h"

/* is a flag set, by its name? */
bool of_flag(const struct table *t, const char *field, const char *name)
{
	struct column c;
	__u64 value, mask;

	return t->nr && column_find(t->ds, field, &c) &&
	       column_number(&c, table_record(t, 0), &value) &&
	       field_value_find(c.field, name, strlen(name), &mask) && (value & mask) == mask;
}

/* a column as people read it; nothing if it is unknown */
void add_of(struct text *t, const struct table *table, size_t i, const char *name)
{
	struct column c;

	if (i < table->nr && column_find(table->ds, name, &c))
		value_text(t, &c, table_record(table, i), true);
}

/* ------------------------------------------------------------- the questions */

static void one_record(struct table *t, const struct dataset *ds, void *rec)
{
	*t = (struct table){ .ds = ds, .nr = rec ? 1 : 0, .room = 1, .records = rec };
}

static void ask_range(struct explain *e, const char *name, struct table *t)
{
	const __u64 page = e->s->info.page_size;
	struct mmscope_walk_arg query;

	source_query(&query);
	query.pid = e->pid;
	query.start = e->addr - e->addr % page;
	query.end = query.start + page;
	if (query.end > query.start && table_query(e->s, name, &query, t))
		die("%s", e->s->error);
}

static void ask_walk(struct explain *e)
{
	const struct dataset *ds = source_dataset(e->s, "translations");
	void *rec;

	if (!ds)
		die("%s: knows no translations", e->s->name);
	rec = source_translate(e->s, ds, e->pid, &e->addr, 1);
	if (!rec)
		die("%s", e->s->error);
	one_record(&e->walk, ds, rec);
}

static bool take_rmap(void *ctx, const void *rec)
{
	struct table *t = ctx;

	t->records = xrealloc(t->records, t->nr + 1, t->ds->rec_size);
	memcpy(t->records + t->nr++ * t->ds->rec_size, rec, t->ds->rec_size);
	return true;
}

/* of the frame that is mapped, or would be: a frame without a struct page has nothing */
static void ask_frame(struct explain *e, __u64 pfn)
{
	const struct mmscope_pfn_range range = { pfn, pfn + 1 };
	const struct dataset *ds = source_dataset(e->s, "frames");
	struct walk_stats stats = { 0 };

	if (pfn == MMSCOPE_UNKNOWN || !ds)
		return;
	one_record(&e->frame, ds, source_page(e->s, ds, pfn));
	e->rmaps.ds = source_dataset(e->s, "rmaps");
	if (!e->frame.nr || !e->rmaps.ds)
		return;
	if (source_rmap(e->s, e->rmaps.ds, 0, &range, 1, take_rmap, &e->rmaps, &stats))
		die("%s", e->s->error);
}

/* keep the one record that is of this process */
static void ask_process(struct explain *e)
{
	struct table *t = &e->process;

	table_collect(e->s, "processes", t);
	for (size_t i = 0; i < t->nr; i++) {
		if (table_get(t, i, "pid") != e->pid)
			continue;
		memmove(t->records, table_record(t, i), t->ds->rec_size);
		t->nr = 1;
		return;
	}
	t->nr = 0;
}

static __u64 named_address(struct explain *e, const char *kind)
{
	struct mmscope_walk_arg query;
	struct table t;
	struct column c;
	__u64 addr;

	source_query(&query);
	query.pid = e->pid;
	if (table_query(e->s, "vmas", &query, &t))
		die("%s", e->s->error);
	for (size_t i = 0; i < t.nr; i++) {
		const char *name = NULL;

		if (column_find(t.ds, "kind", &c))
			name = field_value_name(c.field, table_get(&t, i, "kind"));
		if (!name || strcmp(name, kind))
			continue;
		/* a stack is used from its end on */
		addr = table_get(&t, i, strcmp(kind, "stack") ? "start" : "end");
		if (!strcmp(kind, "stack"))
			addr -= e->s->info.page_size;
		table_free(&t);
		return addr;
	}
	die("process %u has no %s", e->pid, kind);
}

/* ----------------------------------------------------------------- the answers */

static const struct field word_fields[] = {
	OWN_FIELD(struct words, topic, NAME, "what it is about"),
	OWN_FIELD(struct words, text, NAME, "sentences"),
};

static const struct dataset word_rows = {
	.name = "explain",
	.rec_size = sizeof(struct words),
	.nr_fields = ARRAY_SIZE(word_fields),
	.fields = word_fields,
};

static void put_table(struct out *out, const struct table *t)
{
	struct columns columns = { 0 };

	if (!t->ds)
		return;
	columns_all(t->ds, &columns);
	out_rows(out, t->ds, &columns, t->records, t->nr);
	columns_free(&columns);
}

static void put_json(const struct explain *e, const struct options *o)
{
	struct out *out = out_new(&o->style, &e->s->info);

	out_rows(out, &word_rows, NULL, e->words, e->nr_words);
	put_table(out, &e->process);
	put_table(out, &e->vma);
	put_table(out, &e->walk);
	put_table(out, &e->fault);
	put_table(out, &e->frame);
	put_table(out, &e->rmaps);
	out_free(out);
}

void cmd_explain(struct source *s, const struct options *o, int argc, char **argv)
{
	struct explain *e = xzalloc(sizeof(*e));
	__u64 pfn;

	if (argc != 2)
		die("explain wants a process and an address: mmscope explain PID ADDRESS");
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("explain is text or --json");
	e->s = s;
	e->live = !o->from;
	e->pid = parse_pid(argv[0]);
	if (!strcmp(argv[1], "heap") || !strcmp(argv[1], "stack"))
		e->addr = named_address(e, argv[1]);
	else
		e->addr = parse_address(argv[1]);
	ask_range(e, "vmas", &e->vma);
	ask_walk(e);
	ask_range(e, "faults", &e->fault);
	pfn = of(&e->walk, "pfn");
	ask_frame(e, pfn == MMSCOPE_UNKNOWN ? of(&e->fault, "pfn") : pfn);
	ask_process(e);
	explain_words(e);
	if (o->style.mode == OUT_JSON)
		put_json(e, o);
	else
		explain_draw(e);
	table_free(&e->process);
	table_free(&e->vma);
	table_free(&e->walk);
	table_free(&e->fault);
	table_free(&e->frame);
	table_free(&e->rmaps);
	free(e);
}

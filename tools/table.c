// SPDX-License-Identifier: GPL-2.0
/*
 * All records of a dataset in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static bool take(void *ctx, const void *rec)
{
	struct table *t = ctx;

	if (t->nr == t->room) {
		t->room = 2 * t->room + 64;
		t->records = xrealloc(t->records, t->room, t->ds->rec_size);
	}
	memcpy(t->records + t->nr++ * t->ds->rec_size, rec, t->ds->rec_size);
	return true;
}

/**
 * table_query - the records that a query selects
 * @s: the source
 * @name: of the dataset
 * @query: from source_query(), with filters
 * @t: filled; empty if it cannot be had
 *
 * Return: 0, or -errno with a sentence in s->error.
 */
int table_query(struct source *s, const char *name, const struct mmscope_walk_arg *query,
		struct table *t)
{
	struct walk_stats stats;
	int err;

	*t = (struct table){ .ds = source_dataset(s, name) };
	if (!t->ds) {
		snprintf(s->error, sizeof(s->error), "%s: the module has no such dataset", name);
		return -EOPNOTSUPP;
	}
	err = source_walk(s, t->ds, query, 0, take, t, &stats);
	if (err)
		t->nr = 0;
	return err;
}

/* A dataset that cannot be had is empty. */
void table_collect(struct source *s, const char *name, struct table *t)
{
	const struct dataset *ds = source_dataset(s, name);
	struct mmscope_walk_arg query;

	*t = (struct table){ .ds = ds };
	if (!ds || ds->state == MMSCOPE_STATE_UNAVAILABLE)
		return;
	source_query(&query);
	table_query(s, name, &query, t);
}

void table_free(struct table *t)
{
	free(t->records);
	*t = (struct table){ 0 };
}

const void *table_record(const struct table *t, size_t i)
{
	return t->records + i * t->ds->rec_size;
}

/* MMSCOPE_UNKNOWN also if there is no such column. */
__u64 table_get(const struct table *t, size_t i, const char *name)
{
	return record_number(t->ds, table_record(t, i), name, MMSCOPE_UNKNOWN);
}

/* Of the records that know it; MMSCOPE_UNKNOWN if none does. */
__u64 table_sum(const struct table *t, const char *name)
{
	__u64 total = MMSCOPE_UNKNOWN;

	for (size_t i = 0; i < t->nr; i++) {
		__u64 value = table_get(t, i, name);

		if (value != MMSCOPE_UNKNOWN)
			total = (total == MMSCOPE_UNKNOWN ? 0 : total) + value;
	}
	return total;
}

/* A cell from a column of a record, as text. */
void table_put_text(const struct table *t, size_t i, const char *name, struct board *b, size_t row,
		    int column)
{
	struct text text = { 0 };
	struct column c;

	if (column_find(t->ds, name, &c) && value_text(&text, &c, table_record(t, i), false) &&
	    text.len)
		board_text(b, row, column, text.s);
	text_free(&text);
}

__u64 known_times(__u64 value, __u64 by)
{
	return value == MMSCOPE_UNKNOWN ? value : value * by;
}

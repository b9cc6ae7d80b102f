// SPDX-License-Identifier: GPL-2.0
/*
 * The records of a dataset by the size of one number.
 */
#include <stdlib.h>

#include "ranking.h"

struct ranked {
	size_t record;
	__u64 value;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->record < y->record ? -1 : x->record > y->record;
}

/**
 * ranking - places of records, the largest first
 * @t: the records
 * @column: the number; those without one, or with 0, are left out
 * @nr: filled: how many there are
 *
 * Return: the places, to be freed.
 */
size_t *ranking(const struct table *t, const char *column, size_t *nr)
{
	struct ranked *rows = xzalloc((t->nr + 1) * sizeof(*rows));
	size_t *places = xzalloc((t->nr + 1) * sizeof(*places));

	*nr = 0;
	for (size_t i = 0; i < t->nr; i++) {
		__u64 value = table_get(t, i, column);

		if (value && value != MMSCOPE_UNKNOWN)
			rows[(*nr)++] = (struct ranked){ i, value };
	}
	qsort(rows, *nr, sizeof(*rows), by_value);
	for (size_t i = 0; i < *nr; i++)
		places[i] = rows[i].record;
	free(rows);
	return places;
}

/* How many of them a reader wants to see. */
size_t ranking_shown(const struct out *out, size_t nr)
{
	return out->style.mode == OUT_TABLE && nr > RANKING_SHOWN ? RANKING_SHOWN : nr;
}

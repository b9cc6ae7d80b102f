// SPDX-License-Identifier: GPL-2.0
/*
 * The sum of records, as a record: what counts things is added up, the first
 * text says "total", anything else is unknown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "total.h"

static bool adds_up(const struct field *f)
{
	return f->unit == MMSCOPE_UNIT_COUNT || f->unit == MMSCOPE_UNIT_PAGES ||
	       f->unit == MMSCOPE_UNIT_BYTES || f->unit == MMSCOPE_UNIT_NS;
}

void total_init(struct total *total, const struct dataset *ds)
{
	*total = (struct total){ .rec = xzalloc(ds->rec_size) };
	columns_all(ds, &total->columns);
	total->sum = xzalloc(total->columns.nr * sizeof(*total->sum));
	total->known = xzalloc(total->columns.nr * sizeof(*total->known));
}

void total_add(struct total *total, const void *rec)
{
	__u64 value;

	for (size_t i = 0; i < total->columns.nr; i++) {
		const struct column *c = &total->columns.col[i];

		if (!adds_up(c->field) || !column_number(c, rec, &value))
			continue;
		total->sum[i] += value;
		total->known[i] = true;
	}
}

/* Return: the record; the caller does not free it. */
const void *total_record(struct total *total)
{
	bool titled = false;

	for (size_t i = 0; i < total->columns.nr; i++) {
		const struct column *c = &total->columns.col[i];
		const struct field *f = c->field;
		char *p = total->rec + f->offset + (size_t)c->element * f->size;
		__u64 value = f->flags & MMSCOPE_FIELD_SIGNED ? MMSCOPE_UNKNOWN_SIGNED :
								MMSCOPE_UNKNOWN;

		if (f->unit == MMSCOPE_UNIT_NAME) {
			if (!titled)
				snprintf(p, f->size, "total");
			titled = true;
			continue;
		}
		/* a sum that does not fit is unknown, too */
		if (total->known[i] && (f->size == 8 || total->sum[i] < MMSCOPE_UNKNOWN32))
			value = total->sum[i];
		memcpy(p, &value, f->size);
	}
	return total->rec;
}

void total_free(struct total *total)
{
	columns_free(&total->columns);
	free(total->sum);
	free(total->known);
	free(total->rec);
}

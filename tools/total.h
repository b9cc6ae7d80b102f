/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sum of records, as a record.
 */
#ifndef TOTAL_H
#define TOTAL_H

#include "schema.h"

/**
 * struct total - sums under way
 * @columns: all of the dataset
 * @sum: of each column
 * @known: has any record a value there?
 * @rec: the record made of them
 */
struct total {
	struct columns columns;
	__u64 *sum;
	bool *known;
	char *rec;
};

void total_init(struct total *total, const struct dataset *ds);
void total_add(struct total *total, const void *rec);
const void *total_record(struct total *total);
void total_free(struct total *total);

#endif

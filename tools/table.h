/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All records of a dataset in memory, for answers that are made of several.
 */
#ifndef TABLE_H
#define TABLE_H

#include "board.h"
#include "source.h"

/**
 * struct table - all records of a dataset
 * @ds: the dataset; NULL: the module has none of that name
 * @nr: records
 * @room: for how many there is memory
 * @records: they, to be freed with table_free()
 */
struct table {
	const struct dataset *ds;
	size_t nr;
	size_t room;
	char *records;
};

void table_collect(struct source *s, const char *name, struct table *t);
int table_query(struct source *s, const char *name, const struct mmscope_walk_arg *query,
		struct table *t);
void table_free(struct table *t);
const void *table_record(const struct table *t, size_t i);
__u64 table_get(const struct table *t, size_t i, const char *name);
__u64 table_sum(const struct table *t, const char *name);
void table_put_text(const struct table *t, size_t i, const char *name, struct board *b, size_t row,
		    int column);
__u64 known_times(__u64 value, __u64 by);

#endif

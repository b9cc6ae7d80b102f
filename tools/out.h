/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records on stdout, in one of the ways people and programs want them. All of
 * them stream: memory stays bounded however many records there are.
 */
#ifndef OUT_H
#define OUT_H

#include "schema.h"

enum out_mode {
	OUT_TABLE,	/* for people */
	OUT_RAW,	/* a word a column, as debugfs has it */
	OUT_PAIRS,	/* NAME="value" */
	OUT_CSV,	/* RFC 4180 */
	OUT_JSON,
};

/**
 * struct style - how to print
 * @mode: in which form
 * @no_headings: no line of column names
 * @bytes: no human-readable sizes in tables
 * @color: headings stand out
 * @titles: tables are told apart by a title
 */
struct style {
	enum out_mode mode;
	bool no_headings;
	bool bytes;
	bool color;
	bool titles;
};

struct out;

/**
 * struct out_ops - one form of output
 * @begin: the heading of a dataset
 * @record: one record
 * @end: after the last record of a dataset
 * @close: after the last dataset
 */
struct out_ops {
	void (*begin)(struct out *o, const char *name);
	void (*record)(struct out *o, const void *rec);
	void (*end)(struct out *o);
	void (*close)(struct out *o);
};

/**
 * struct out - output under way
 * @ops: its form
 * @style: how to print
 * @info: of the kernel that is shown
 * @columns: of the dataset under way
 * @datasets: begun so far
 * @records: of the dataset under way
 * @text: of the record under way
 * @word: of the column under way
 * @table: of OUT_TABLE
 */
struct out {
	const struct out_ops *ops;
	struct style style;
	const struct mmscope_info *info;
	const struct columns *columns;
	__u64 datasets;
	__u64 records;
	struct text text;
	struct text word;
	struct libscols_table *table;
};

struct out *out_new(const struct style *style, const struct mmscope_info *info);
void out_begin(struct out *o, const char *name, const struct columns *columns);
bool out_record(struct out *o, const void *rec);
void out_end(struct out *o);
void out_free(struct out *o);
void out_rows(struct out *o, const struct dataset *ds, const struct columns *columns,
	      const void *rows, size_t nr);

void json_object(struct text *t, const struct columns *columns, const void *rec);

extern const struct out_ops out_table_ops;	/* out-table.c */
extern const struct out_ops out_json_ops;	/* out-json.c */

#endif

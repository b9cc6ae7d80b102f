/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a record consists of: the answer of MMSCOPE_IOC_DESCRIBE as datasets,
 * fields and columns, and the values of columns in records. The tool knows
 * nothing else about a dataset.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <linux/mmscope.h>

#include "text.h"

/**
 * struct field - a field of a record
 * @name: column name
 * @help: one line
 * @offset: in the record
 * @size: bytes of an element, 4 or 8; of the text if @unit is NAME
 * @count: elements in use
 * @unit: enum mmscope_unit
 * @flags: enum mmscope_field_flags
 * @nr_values: named values
 * @values: names of values (ENUM), bits (FLAGS) or elements (ARRAY)
 */
struct field {
	const char *name;
	const char *help;
	__u32 offset;
	__u32 size;
	__u32 count;
	__u32 unit;
	__u32 flags;
	__u32 nr_values;
	const struct mmscope_value *values;
};

/**
 * struct dataset - a stream of records of one type
 * @name: as the module has it
 * @help: one line
 * @detail: why it is degraded or unavailable
 * @id: enum mmscope_dataset_id
 * @flags: enum mmscope_dataset_flags
 * @state: enum mmscope_state
 * @rec_size: bytes of a record
 * @nr_fields: fields of a record
 * @fields: their descriptions
 */
struct dataset {
	const char *name;
	const char *help;
	const char *detail;
	__u32 id;
	__u32 flags;
	__u32 state;
	__u32 rec_size;
	__u32 nr_fields;
	const struct field *fields;
};

/**
 * struct column - a number or text of a record
 * @field: its field
 * @element: which element of an array, 0 otherwise
 * @name: "field" or "field.element"
 */
struct column {
	const struct field *field;
	__u32 element;
	char name[84];
};

/**
 * struct columns - what to show of each record, in order
 * @nr: how many
 * @col: the columns
 */
struct columns {
	size_t nr;
	struct column *col;
};

struct dataset *dataset_new(struct mmscope_describe *d, struct mmscope_field *fields,
			    struct mmscope_value *values);
void dataset_free(struct dataset *ds);
const char *unit_name(__u32 unit);

void columns_default(const struct dataset *ds, struct columns *out);
void columns_all(const struct dataset *ds, struct columns *out);
void columns_parse(const struct dataset *ds, const char *list, struct columns *out);
void columns_free(struct columns *c);

bool column_find(const struct dataset *ds, const char *name, struct column *out);
bool column_element(const struct dataset *ds, const char *array, __u32 i, struct column *out);
__u64 record_number(const struct dataset *ds, const void *rec, const char *name, __u64 missing);
bool column_number(const struct column *c, const void *rec, __u64 *value);
const char *column_name(const struct column *c, const void *rec, size_t *len);
int column_compare(const struct column *c, const void *a, const void *b);
const char *field_value_name(const struct field *f, __u64 value);
bool field_value_find(const struct field *f, const char *name, size_t len, __u64 *value);
bool field_next_flag(const struct field *f, __u64 *rest, const char **name);
bool value_text(struct text *t, const struct column *c, const void *rec, bool human);

#endif

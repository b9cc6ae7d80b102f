// SPDX-License-Identifier: GPL-2.0
/*
 * What a record consists of, learnt from the module.
 *
 * A description may come from a file of unknown origin: dataset_new() checks
 * every number in it once, and everything after that relies on it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "schema.h"

#define MAX_RECORD	0x100000U

/* what a dataset made by dataset_new() owns */
struct loaded {
	struct dataset ds;
	struct mmscope_describe d;
	struct mmscope_field *raw;
	struct field *fields;
	struct mmscope_value *values;
};

/* Terminated, and nothing in it that a terminal would act upon. */
static void clean(char *s, size_t size)
{
	s[size - 1] = '\0';
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

static bool field_fits(const struct mmscope_field *f, __u32 rec_size)
{
	__u64 bytes = (__u64)f->size * (f->count ? f->count : 1);

	if (!f->name[0] || f->offset > rec_size)
		return false;
	if (f->unit == MMSCOPE_UNIT_NAME) {
		if (!f->size || f->count != 1 || f->flags & MMSCOPE_FIELD_ARRAY)
			return false;
	} else if (f->size != 4 && f->size != 8) {
		return false;
	}
	return bytes <= rec_size - f->offset;
}

/* Values come with the index of their field, in any order. */
static void take_values(struct loaded *l, struct field *f, const struct mmscope_value *all,
			struct mmscope_value *to)
{
	f->values = to;
	for (__u32 i = 0; i < l->d.nr_values; i++)
		if (all[i].field == f - l->fields)
			to[f->nr_values++] = all[i];
}

/* Names of elements must name elements that lie in the record. */
static bool elements_fit(const struct field *f, __u32 rec_size)
{
	if (!(f->flags & MMSCOPE_FIELD_ARRAY))
		return true;
	for (__u32 i = 0; i < f->nr_values; i++)
		if (f->values[i].value >= (rec_size - f->offset) / f->size)
			return false;
	return true;
}

static bool load_fields(struct loaded *l, const struct mmscope_value *values)
{
	__u32 used = 0;

	for (__u32 i = 0; i < l->d.nr_fields; i++) {
		struct mmscope_field *raw = &l->raw[i];
		struct field *f = &l->fields[i];

		clean(raw->name, sizeof(raw->name));
		clean(raw->help, sizeof(raw->help));
		if (!field_fits(raw, l->d.rec_size))
			return false;
		*f = (struct field){
			.name = raw->name,
			.help = raw->help,
			.offset = raw->offset,
			.size = raw->size,
			.count = raw->count,
			.unit = raw->unit,
			.flags = raw->flags | (raw->count != 1 ? MMSCOPE_FIELD_ARRAY : 0),
		};
		take_values(l, f, values, l->values + used);
		if (!elements_fit(f, l->d.rec_size))
			return false;
		used += f->nr_values;
	}
	return true;
}

/*
 * A dataset from an answer; @fields is taken over, @values copied.
 * Return: NULL if the answer makes no sense (@fields is freed then, too).
 */
struct dataset *dataset_new(struct mmscope_describe *d, struct mmscope_field *fields,
			    struct mmscope_value *values)
{
	struct loaded *l = xzalloc(sizeof(*l));

	l->d = *d;
	l->raw = fields;
	l->fields = xzalloc(sizeof(*l->fields) * d->nr_fields);
	l->values = xzalloc(sizeof(*l->values) * d->nr_values);
	clean(l->d.name, sizeof(l->d.name));
	clean(l->d.help, sizeof(l->d.help));
	clean(l->d.detail, sizeof(l->d.detail));
	for (__u32 i = 0; i < d->nr_values; i++)
		clean(values[i].name, sizeof(values[i].name));
	l->ds = (struct dataset){
		.name = l->d.name,
		.help = l->d.help,
		.detail = l->d.detail,
		.id = d->dataset,
		.flags = d->flags,
		.state = d->state,
		.rec_size = d->rec_size,
		.nr_fields = d->nr_fields,
		.fields = l->fields,
	};
	if (l->d.name[0] && d->rec_size && d->rec_size <= MAX_RECORD && load_fields(l, values))
		return &l->ds;
	dataset_free(&l->ds);
	return NULL;
}

void dataset_free(struct dataset *ds)
{
	struct loaded *l = (struct loaded *)ds;	/* its first member */

	if (!l)
		return;
	free(l->raw);
	free(l->fields);
	free(l->values);
	free(l);
}

const char *unit_name(__u32 unit)
{
	static const char *const names[] = {
		[MMSCOPE_UNIT_COUNT] = "count", [MMSCOPE_UNIT_PAGES] = "pages",
		[MMSCOPE_UNIT_BYTES] = "bytes", [MMSCOPE_UNIT_NS] = "ns",
		[MMSCOPE_UNIT_PFN] = "pfn", [MMSCOPE_UNIT_ADDR] = "address",
		[MMSCOPE_UNIT_FLAGS] = "flags", [MMSCOPE_UNIT_ENUM] = "enum",
		[MMSCOPE_UNIT_PERMILLE] = "permille", [MMSCOPE_UNIT_ID] = "id",
		[MMSCOPE_UNIT_NAME] = "text",
	};

	return unit < ARRAY_SIZE(names) ? names[unit] : "?";
}

/* ----------------------------------------------------------------- columns */

static bool is_array(const struct field *f)
{
	return f->flags & MMSCOPE_FIELD_ARRAY;
}

/* The i-th column of a field: an array has one for each element in use. */
static void make_column(const struct field *f, __u32 i, struct column *c)
{
	c->field = f;
	c->element = 0;
	if (!is_array(f)) {
		snprintf(c->name, sizeof(c->name), "%s", f->name);
	} else if (i < f->nr_values) {
		c->element = f->values[i].value;
		snprintf(c->name, sizeof(c->name), "%s.%s", f->name, f->values[i].name);
	} else {
		c->element = i;
		snprintf(c->name, sizeof(c->name), "%s.%u", f->name, i);
	}
}

static void add_field(struct columns *out, const struct field *f)
{
	out->col = xrealloc(out->col, out->nr + f->count + 1, sizeof(*out->col));
	for (__u32 i = 0; i < f->count; i++)
		make_column(f, i, &out->col[out->nr++]);
}

void columns_all(const struct dataset *ds, struct columns *out)
{
	for (__u32 i = 0; i < ds->nr_fields; i++)
		add_field(out, &ds->fields[i]);
}

void columns_default(const struct dataset *ds, struct columns *out)
{
	for (__u32 i = 0; i < ds->nr_fields; i++)
		if (ds->fields[i].flags & MMSCOPE_FIELD_DEFAULT)
			add_field(out, &ds->fields[i]);
	if (!out->nr)
		columns_all(ds, out);
}

/* "field.element" or the name of a field that is no array; any case. */
bool column_find(const struct dataset *ds, const char *name, struct column *out)
{
	for (__u32 i = 0; i < ds->nr_fields; i++) {
		const struct field *f = &ds->fields[i];

		if (strncasecmp(name, f->name, strlen(f->name)))
			continue;
		for (__u32 e = 0; e < f->count; e++) {
			make_column(f, e, out);
			if (!strcasecmp(name, out->name))
				return true;
		}
	}
	return false;
}

/* The i-th column of an array. false: there are not so many, or it is unknown. */
bool column_element(const struct dataset *ds, const char *array, __u32 i, struct column *out)
{
	for (__u32 j = 0; j < ds->nr_fields; j++) {
		const struct field *f = &ds->fields[j];

		if (strcmp(array, f->name) || i >= f->count)
			continue;
		make_column(f, i, out);
		return true;
	}
	return false;
}

/* A column, or the name of an array for all of its elements. */
static void add_named(const struct dataset *ds, const char *name, struct columns *out)
{
	struct column c;

	for (__u32 i = 0; i < ds->nr_fields; i++) {
		const struct field *f = &ds->fields[i];

		if (!is_array(f) || strcasecmp(name, f->name))
			continue;
		if (!f->count)
			die("%s: column '%s' is unknown on this kernel", ds->name, f->name);
		add_field(out, f);
		return;
	}
	if (!column_find(ds, name, &c))
		die("%s: no column '%s': see 'mmscope %s --list-columns'", ds->name, name,
		    ds->name);
	out->col = xrealloc(out->col, out->nr + 1, sizeof(*out->col));
	out->col[out->nr++] = c;
}

/* A comma separated list; a leading + adds it to the default columns. */
void columns_parse(const struct dataset *ds, const char *list, struct columns *out)
{
	char *copy, *rest, *name;

	if (*list == '+') {
		columns_default(ds, out);
		list++;
	}
	copy = strdup(list);
	if (!copy)
		die("out of memory");
	rest = copy;
	while ((name = strsep(&rest, ",")))
		add_named(ds, name, out);
	free(copy);
}

void columns_free(struct columns *c)
{
	free(c->col);
	*c = (struct columns){ 0 };
}

/* ------------------------------------------------------------------ values */

/*
 * The number of a column in a record, sign-extended if it has a sign.
 * Return: false if this kernel did not know it, or if the column is text.
 */
bool column_number(const struct column *c, const void *rec, __u64 *value)
{
	const struct field *f = c->field;
	const char *p = (const char *)rec + f->offset + (size_t)c->element * f->size;
	bool is_signed = f->flags & MMSCOPE_FIELD_SIGNED;
	__u32 narrow;

	if (f->unit == MMSCOPE_UNIT_NAME)
		return false;
	if (f->size == 8) {
		memcpy(value, p, 8);
		return *value != (is_signed ? MMSCOPE_UNKNOWN_SIGNED : MMSCOPE_UNKNOWN);
	}
	memcpy(&narrow, p, 4);
	*value = is_signed ? (__u64)(int)narrow : narrow;
	return is_signed || narrow != MMSCOPE_UNKNOWN32;
}

/* The number of a column by its name; @missing if it is not known, or not there. */
__u64 record_number(const struct dataset *ds, const void *rec, const char *name, __u64 missing)
{
	struct column c;
	__u64 value;

	return column_find(ds, name, &c) && column_number(&c, rec, &value) ? value : missing;
}

/* The text of a NAME column, not terminated; NULL if it is a number. */
const char *column_name(const struct column *c, const void *rec, size_t *len)
{
	const char *p = (const char *)rec + c->field->offset;

	if (c->field->unit != MMSCOPE_UNIT_NAME)
		return NULL;
	*len = strnlen(p, c->field->size);
	return p;
}

/* As qsort wants it; what is unknown comes last. */
int column_compare(const struct column *c, const void *a, const void *b)
{
	__u64 x = 0, y = 0;
	size_t len_a, len_b;
	const char *text_a = column_name(c, a, &len_a);
	const char *text_b = column_name(c, b, &len_b);
	bool known_a, known_b;
	int cmp;

	if (text_a) {
		cmp = memcmp(text_a, text_b, len_a < len_b ? len_a : len_b);
		return cmp ? cmp : (len_a > len_b) - (len_a < len_b);
	}
	known_a = column_number(c, a, &x);
	known_b = column_number(c, b, &y);
	if (!known_a || !known_b)
		return known_b - known_a;
	if (c->field->flags & MMSCOPE_FIELD_SIGNED)
		return ((long long)x > (long long)y) - ((long long)x < (long long)y);
	return (x > y) - (x < y);
}

/* Return: the name of a value of an enum, NULL if it has none. */
const char *field_value_name(const struct field *f, __u64 value)
{
	for (__u32 i = 0; i < f->nr_values; i++)
		if (f->values[i].value == value)
			return f->values[i].name;
	return NULL;
}

bool field_value_find(const struct field *f, const char *name, size_t len, __u64 *value)
{
	for (__u32 i = 0; i < f->nr_values; i++) {
		const char *have = f->values[i].name;

		if (strlen(have) == len && !strncasecmp(have, name, len)) {
			*value = f->values[i].value;
			return true;
		}
	}
	return false;
}

/*
 * Take the next named flag out of @rest.
 * Return: false when no named flag is left; @rest has the nameless bits then.
 */
bool field_next_flag(const struct field *f, __u64 *rest, const char **name)
{
	for (__u32 i = 0; i < f->nr_values; i++) {
		__u64 mask = f->values[i].value;

		if (!mask || (*rest & mask) != mask)
			continue;
		*rest &= ~mask;
		*name = f->values[i].name;
		return true;
	}
	return false;
}

static void add_flags(struct text *t, const struct field *f, __u64 value)
{
	const char *sep = "", *name;

	while (field_next_flag(f, &value, &name)) {
		text_adds(t, sep);
		text_adds(t, name);
		sep = "|";
	}
	if (value)
		text_add(t, "%s0x%llx", sep, value);
}

static void add_size(struct text *t, const struct field *f, __u64 value)
{
	bool negative = f->flags & MMSCOPE_FIELD_SIGNED && (long long)value < 0;

	if (negative)
		text_addc(t, '-');
	text_add_size(t, negative ? -value : value);
}

static void add_number(struct text *t, const struct field *f, __u64 value, bool human)
{
	const char *name = NULL;

	if (f->unit == MMSCOPE_UNIT_ENUM)
		name = field_value_name(f, value);
	if (name)
		text_adds(t, name);
	else if (f->unit == MMSCOPE_UNIT_FLAGS)
		add_flags(t, f, value);
	else if (f->unit == MMSCOPE_UNIT_ADDR)
		text_add(t, "0x%llx", value);
	else if (f->unit == MMSCOPE_UNIT_BYTES && human)
		add_size(t, f, value);
	else if (f->flags & MMSCOPE_FIELD_SIGNED)
		text_add(t, "%lld", (long long)value);
	else
		text_add_number(t, value);
}

/*
 * Add the value of a column to @t: nothing for an empty name or no flags.
 * Return: false if it is unknown.
 */
bool value_text(struct text *t, const struct column *c, const void *rec, bool human)
{
	size_t len;
	const char *name = column_name(c, rec, &len);
	__u64 value;

	if (name) {
		text_addn(t, name, len);
		return true;
	}
	if (!column_number(c, rec, &value))
		return false;
	add_number(t, c->field, value, human);
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * From a field table: the text of a record, the header line, the DESCRIBE answer.
 *
 * Text is one word a column, so that awk can split it: white space and
 * backslashes in names are escaped as \ooo, an empty name is "-", an unknown
 * number "?". A name in the last column keeps its blanks, as in /proc/PID/maps.
 */
#include <linux/seq_file.h>
#include <linux/string.h>

#include "mmscope.h"

/* an array has as many columns as its elements have names */
static u32 nr_columns(const struct mmscope_field_def *f)
{
	if (f->count == 1)
		return 1;
	return f->names ? min(f->names->nr, f->count) : f->count;
}

static bool is_array(const struct mmscope_field_def *f)
{
	return f->count > 1;
}

static u64 number(const void *rec, const struct mmscope_field_def *f, u32 i)
{
	const void *p = rec + f->offset + i * f->size;

	return f->size == 4 ? *(const u32 *)p : *(const u64 *)p;
}

static bool is_unknown(const struct mmscope_field_def *f, u64 value)
{
	if (f->flags & MMSCOPE_FIELD_SIGNED)
		return value == MMSCOPE_UNKNOWN_SIGNED;
	return value == (f->size == 4 ? MMSCOPE_UNKNOWN32 : MMSCOPE_UNKNOWN);
}

static const char *value_name(const struct mmscope_field_def *f, u64 value)
{
	u32 i;

	for (i = 0; i < f->names->nr; i++)
		if (f->names->tab[i].value == value)
			return f->names->tab[i].name;
	return NULL;
}

/* names of the bits that are set; bits without a name stay a number */
static void print_flags(struct seq_file *m, const struct mmscope_field_def *f, u64 value)
{
	const char *sep = "";
	u32 i;

	if (!value)
		seq_putc(m, '-');
	for (i = 0; i < f->names->nr; i++) {
		if (!(value & f->names->tab[i].value))
			continue;
		seq_printf(m, "%s%s", sep, f->names->tab[i].name);
		value &= ~f->names->tab[i].value;
		sep = "|";
	}
	if (value)
		seq_printf(m, "%s0x%llx", sep, value);
}

static void print_number(struct seq_file *m, const struct mmscope_field_def *f, u64 value)
{
	const char *name;

	if (is_unknown(f, value)) {
		seq_putc(m, '?');
		return;
	}
	switch (f->unit) {
	case MMSCOPE_UNIT_FLAGS:
		if (f->names) {
			print_flags(m, f, value);
			return;
		}
		fallthrough;
	case MMSCOPE_UNIT_ADDR:
		seq_printf(m, "0x%llx", value);
		return;
	case MMSCOPE_UNIT_ENUM:
		name = value_name(f, value);
		if (name) {
			seq_puts(m, name);
			return;
		}
		fallthrough;
	default:
		if (f->flags & MMSCOPE_FIELD_SIGNED)
			seq_printf(m, "%lld", (s64)value);
		else
			seq_printf(m, "%llu", value);
	}
}

static void print_name(struct seq_file *m, const void *rec,
		       const struct mmscope_field_def *f, bool last)
{
	const char *text = rec + f->offset;

	if (!*text)
		seq_putc(m, '-');
	else
		seq_escape(m, text, last ? "\n\\" : " \t\n\\");
}

/**
 * mmscope_schema_header - the header line: a name a column
 * @m: where to
 * @ds: the dataset
 */
void mmscope_schema_header(struct seq_file *m, const struct mmscope_dataset *ds)
{
	const struct mmscope_field_def *f;
	const char *sep = "";
	u32 i;

	for (f = ds->fields; f < ds->fields + ds->nr_fields; f++) {
		for (i = 0; i < nr_columns(f); i++) {
			seq_printf(m, "%s%s", sep, f->name);
			if (is_array(f) && f->names)
				seq_printf(m, ".%s", f->names->tab[i].name);
			else if (is_array(f))
				seq_printf(m, ".%u", i);
			sep = " ";
		}
	}
	seq_putc(m, '\n');
}

/**
 * mmscope_schema_line - a record as a line
 * @m: where to
 * @ds: the dataset
 * @rec: the record
 */
void mmscope_schema_line(struct seq_file *m, const struct mmscope_dataset *ds,
			 const void *rec)
{
	const struct mmscope_field_def *f;
	const char *sep = "";
	u32 i;

	for (f = ds->fields; f < ds->fields + ds->nr_fields; f++) {
		for (i = 0; i < nr_columns(f); i++) {
			seq_puts(m, sep);
			sep = " ";
			if (f->unit == MMSCOPE_UNIT_NAME)
				print_name(m, rec, f, f == ds->fields + ds->nr_fields - 1);
			else if (is_array(f) && f->names)
				print_number(m, f, number(rec, f, f->names->tab[i].value));
			else
				print_number(m, f, number(rec, f, i));
		}
	}
	seq_putc(m, '\n');
}

/**
 * mmscope_schema_field - a field as DESCRIBE tells it
 * @ds: the dataset
 * @i: which, below @ds->nr_fields
 * @out: filled
 */
void mmscope_schema_field(const struct mmscope_dataset *ds, u32 i,
			  struct mmscope_field *out)
{
	const struct mmscope_field_def *f = &ds->fields[i];

	memset(out, 0, sizeof(*out));
	strscpy(out->name, f->name, sizeof(out->name));
	strscpy(out->help, f->help, sizeof(out->help));
	out->offset = f->offset;
	out->size = f->size;
	out->count = nr_columns(f);
	out->unit = f->unit;
	out->flags = f->flags | (is_array(f) ? MMSCOPE_FIELD_ARRAY : 0);
	out->nr_values = f->names ? f->names->nr : 0;
}

/**
 * mmscope_schema_nr_values - named values of all fields
 * @ds: the dataset
 *
 * Return: how many.
 */
u32 mmscope_schema_nr_values(const struct mmscope_dataset *ds)
{
	u32 i, nr = 0;

	for (i = 0; i < ds->nr_fields; i++)
		if (ds->fields[i].names)
			nr += ds->fields[i].names->nr;
	return nr;
}

/**
 * mmscope_schema_value - a named value as DESCRIBE tells it
 * @ds: the dataset
 * @i: which, below mmscope_schema_nr_values()
 * @out: filled
 */
void mmscope_schema_value(const struct mmscope_dataset *ds, u32 i,
			  struct mmscope_value *out)
{
	u32 field;

	memset(out, 0, sizeof(*out));
	for (field = 0; field < ds->nr_fields; field++) {
		const struct mmscope_names *names = ds->fields[field].names;

		if (!names)
			continue;
		if (i < names->nr) {
			out->value = names->tab[i].value;
			out->field = field;
			strscpy(out->name, names->tab[i].name, sizeof(out->name));
			return;
		}
		i -= names->nr;
	}
}

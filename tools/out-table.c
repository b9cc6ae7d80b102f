// SPDX-License-Identifier: GPL-2.0
/*
 * Tables for people, by libsmartcols. It keeps all lines of a table to find the
 * widths; a longer answer is printed in parts, which keep the widths of the
 * first.
 */
#include <ctype.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>

#include "out.h"

#define PART_LINES	20000

static bool is_right(const struct column *c)
{
	switch (c->field->unit) {
	case MMSCOPE_UNIT_NAME:
	case MMSCOPE_UNIT_ENUM:
	case MMSCOPE_UNIT_FLAGS:
		return false;
	}
	return true;
}

static void put_title(struct out *o, const char *name)
{
	if (o->datasets)
		putchar('\n');
	printf(o->style.color ? "\033[1m%s\033[0m\n" : "%s\n", name);
}

static void table_begin(struct out *o, const char *name)
{
	if (o->style.titles)
		put_title(o, name);
	o->table = scols_new_table();
	if (!o->table)
		die("out of memory");
	scols_table_enable_noheadings(o->table, o->style.no_headings);
	scols_table_enable_colors(o->table, o->style.color);
	for (size_t i = 0; i < o->columns->nr; i++) {
		const struct column *c = &o->columns->col[i];
		struct libscols_column *col;
		char heading[sizeof(c->name)];
		size_t j;

		for (j = 0; c->name[j]; j++)
			heading[j] = toupper((unsigned char)c->name[j]);
		heading[j] = '\0';
		col = scols_table_new_column(o->table, heading, 0,
					     is_right(c) ? SCOLS_FL_RIGHT : 0);
		if (!col)
			die("out of memory");
		if (o->style.color)
			scols_cell_set_color(scols_column_get_header(col), "\033[1m");
	}
}

static void print_part(struct out *o)
{
	scols_print_table(o->table);
	scols_table_remove_lines(o->table);
	scols_table_enable_noheadings(o->table, 1);
	for (size_t i = 0; i < o->columns->nr; i++) {
		struct libscols_column *col = scols_table_get_column(o->table, i);
		size_t width = scols_column_get_width(col);

		/* no part is narrower than its heading; only a strict column heeds a hint */
		if (width <= strlen(o->columns->col[i].name))
			continue;
		scols_column_set_whint(col, width);
		scols_column_set_flags(col, scols_column_get_flags(col) | SCOLS_FL_STRICTWIDTH);
	}
}

static void table_record(struct out *o, const void *rec)
{
	struct libscols_line *line = scols_table_new_line(o->table, NULL);

	if (!line)
		die("out of memory");
	for (size_t i = 0; i < o->columns->nr; i++) {
		text_clear(&o->text);
		if (!value_text(&o->text, &o->columns->col[i], rec, !o->style.bytes))
			text_addc(&o->text, '?');
		else if (!o->text.len)
			text_addc(&o->text, '-');
		if (scols_line_set_data(line, i, o->text.s))
			die("out of memory");
	}
	if (scols_table_get_nlines(o->table) == PART_LINES)
		print_part(o);
}

static void table_end(struct out *o)
{
	scols_print_table(o->table);
	scols_unref_table(o->table);
	o->table = NULL;
}

static void table_close(struct out *o)
{
	(void)o;
}

const struct out_ops out_table_ops = {
	.begin = table_begin,
	.record = table_record,
	.end = table_end,
	.close = table_close,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * A small table that a command makes up itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define ROW_BYTES ((size_t)BOARD_COLUMNS * BOARD_CELL)

void board_init(struct board *b, const char *name)
{
	*b = (struct board){ .ds = { .name = name, .rec_size = ROW_BYTES } };
}

/* @name must live as long as @b. Return: its number; -1: no room, it is left out. */
int board_column(struct board *b, const char *name, __u32 unit)
{
	__u32 i = b->ds.nr_fields;

	if (i == BOARD_COLUMNS)
		return -1;
	b->fields[i] = (struct field){
		.name = name,
		.offset = i * BOARD_CELL,
		.size = unit == MMSCOPE_UNIT_NAME ? BOARD_CELL : sizeof(__u64),
		.count = 1,
		.unit = unit,
		.flags = MMSCOPE_FIELD_DEFAULT,
	};
	b->ds.nr_fields++;
	return i;
}

static char *cell(const struct board *b, size_t row, int column)
{
	return b->rows + row * ROW_BYTES + (size_t)column * BOARD_CELL;
}

/* what stands for "not known" in a column: -1 is a number where there are signs */
static __u64 unknown_of(const struct field *f)
{
	return f->flags & MMSCOPE_FIELD_SIGNED ? MMSCOPE_UNKNOWN_SIGNED : MMSCOPE_UNKNOWN;
}

/* All columns must be there before the first row. */
size_t board_row(struct board *b)
{
	b->rows = xrealloc(b->rows, b->nr + 1, ROW_BYTES);
	memset(b->rows + b->nr * ROW_BYTES, 0, ROW_BYTES);
	for (__u32 i = 0; i < b->ds.nr_fields; i++)
		if (b->fields[i].unit != MMSCOPE_UNIT_NAME)
			board_number(b, b->nr, i, unknown_of(&b->fields[i]));
	return b->nr++;
}

void board_number(struct board *b, size_t row, int column, __u64 value)
{
	if (column >= 0)
		memcpy(cell(b, row, column), &value, sizeof(value));
}

void board_text(struct board *b, size_t row, int column, const char *text)
{
	if (column >= 0)
		snprintf(cell(b, row, column), BOARD_CELL, "%s", text);
}

__u64 board_get(const struct board *b, size_t row, int column)
{
	__u64 value = MMSCOPE_UNKNOWN;

	if (column >= 0)
		memcpy(&value, cell(b, row, column), sizeof(value));
	return value;
}

static bool is_known(const struct board *b, const struct field *f)
{
	const __u64 unknown = unknown_of(f);

	for (size_t row = 0; row < b->nr; row++) {
		const char *at = b->rows + row * ROW_BYTES + f->offset;

		if (f->unit == MMSCOPE_UNIT_NAME ? *at : memcmp(at, &unknown, sizeof(unknown)))
			return true;
	}
	return false;
}

/* Print it, if there is something in it, and free it. */
void board_print(struct board *b, struct out *out)
{
	__u32 nr = 0;

	for (__u32 i = 0; i < b->ds.nr_fields; i++)
		if (is_known(b, &b->fields[i]))
			b->fields[nr++] = b->fields[i];
	b->ds.nr_fields = nr;
	b->ds.fields = b->fields;
	if (nr) {
		if (out->style.mode == OUT_TABLE)
			putchar('\n');
		out_rows(out, &b->ds, NULL, b->rows, b->nr);
	}
	free(b->rows);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small table that a command makes up itself, printed as any dataset is. A
 * column that no row has a value for is left out.
 */
#ifndef BOARD_H
#define BOARD_H

#include "out.h"

#define BOARD_COLUMNS	32
#define BOARD_CELL	144	/* bytes: a number or a text */

/**
 * struct board - rows and columns under way
 * @ds: as a dataset
 * @fields: its columns
 * @rows: cells of BOARD_CELL bytes, BOARD_COLUMNS of them a row
 * @nr: rows
 */
struct board {
	struct dataset ds;
	struct field fields[BOARD_COLUMNS];
	char *rows;
	size_t nr;
};

void board_init(struct board *b, const char *name);
int board_column(struct board *b, const char *name, __u32 unit);
size_t board_row(struct board *b);
void board_number(struct board *b, size_t row, int column, __u64 value);
void board_text(struct board *b, size_t row, int column, const char *text);
__u64 board_get(const struct board *b, size_t row, int column);
void board_print(struct board *b, struct out *out);

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * Where the cells of a picture lie: rows, or Hilbert's curve, on which frames
 * that are near to each other in memory are near in the picture.
 */
#include <string.h>

#include "map.h"

static __u32 power_of_two_upto(__u32 n)
{
	__u32 power = 1;

	while (power <= n / 2)
		power *= 2;
	return power;
}

/**
 * curve_hilbert - the place of a point on Hilbert's curve
 * @side: of the square, a power of two
 * @d: number of the point, 0 .. side * side - 1
 * @x: its column
 * @y: its row
 *
 * The curve goes from the top left corner to the top right one, so that squares
 * side by side continue each other. It is made from the innermost quarter
 * outwards: of each level the two bits of @d tell the quarter, and what was made
 * so far is turned to fit into it.
 */
void curve_hilbert(__u32 side, __u64 d, __u32 *x, __u32 *y)
{
	__u32 column = 0, row = 0;

	for (__u32 half = 1; half < side; half *= 2, d /= 4) {
		bool right = d & 2;
		bool lower = (d ^ d >> 1) & 1;
		__u32 old = column;

		if (!lower && right) {
			column = half - 1 - row;
			row = half - 1 - old;
		} else if (!lower) {
			column = row;
			row = old;
		}
		column += right ? half : 0;
		row += lower ? half : 0;
	}
	*x = column;
	*y = row;
}

/*
 * Rows of @width cells: how many pixels a cell may have. 0: there is no room.
 * Where @least is 1 the cells are characters, which do not grow.
 */
static __u32 rows_scale(__u64 cells, __u32 width, __u32 room_x, __u32 room_y, __u32 least)
{
	__u64 height = (cells + width - 1) / width;
	__u32 x = room_x / width;
	__u64 y = room_y / height;

	if (least == 1)
		return x && y;
	return x < y ? x : y;
}

/* The width, @least_width times a power of two, with the greatest cells. */
static bool fit_rows(struct grid *g, __u32 least_width, __u32 room_x, __u32 room_y, __u32 least)
{
	g->scale = 0;
	for (__u32 width = least_width; width <= room_x; width *= 2) {
		__u32 scale = rows_scale(g->cells, width, room_x, room_y, least);

		if (scale < least || scale < g->scale)
			continue;
		g->scale = scale;
		g->width = width;
		g->height = (g->cells + width - 1) / width;
	}
	return g->scale;
}

/* As many squares in a row as are needed: the greatest cells, the least left empty. */
static bool fit_squares(struct grid *g, __u32 room_x, __u32 room_y, __u32 least)
{
	g->scale = 0;
	for (__u32 side = power_of_two_upto(room_y); side; side /= 2) {
		__u64 area = (__u64)side * side;
		__u64 squares = (g->cells + area - 1) / area;
		__u32 scale = squares > room_x / side ? 0 :
			      rows_scale(squares * area, squares * side, room_x, room_y,
					 least);

		if (scale < least || scale < g->scale ||
		    (scale == g->scale && squares * area >= (__u64)g->width * g->height))
			continue;
		g->scale = scale;
		g->side = side;
		g->width = squares * side;
		g->height = side;
	}
	return g->scale;
}

/**
 * grid_fit - divide page frames into cells, as small ones as there is room for
 * @g: what comes out; @g->curve is given
 * @start: first frame
 * @end: first frame beyond
 * @room_x: pixels, or characters
 * @room_y: likewise
 * @least: pixels that a cell must have at least in both directions
 *
 * A cell is a power of two of frames and begins at a multiple of it: blocks of
 * the buddy allocator and pageblocks are not cut.
 */
void grid_fit(struct grid *g, __u64 start, __u64 end, __u32 room_x, __u32 room_y, __u32 least)
{
	if (room_x < least)
		room_x = least;
	if (room_y < least)
		room_y = least;
	for (g->frames = 1; ; g->frames *= 2) {
		g->start = start - start % g->frames;
		g->cells = (end - g->start + g->frames - 1) / g->frames;
		if (g->curve == CURVE_HILBERT && fit_squares(g, room_x, room_y, least))
			break;
		/* 3: better a row that is no power of two than greater cells */
		if (g->curve == CURVE_LINEAR && (fit_rows(g, 1, room_x, room_y, least) ||
						 fit_rows(g, 3, room_x, room_y, least)))
			break;
	}
}

/* The place of a cell. */
void grid_place(const struct grid *g, __u64 cell, __u32 *x, __u32 *y)
{
	__u64 area = (__u64)g->side * g->side;

	if (g->curve == CURVE_HILBERT) {
		curve_hilbert(g->side, cell % area, x, y);
		*x += cell / area * g->side;
		return;
	}
	*x = cell % g->width;
	*y = cell / g->width;
}

/* --------------------------------------------------- what is in the cells */

/**
 * struct counter - frames of the cell under way, by category
 * @pages: of each category
 * @met: categories that the cell has any of
 * @nr: how many
 */
struct counter {
	__u64 *pages;
	__u32 *met;
	__u32 nr;
};

static void count(struct counter *c, __u32 category, __u64 pages)
{
	if (category == MAP_BLANK || !pages)
		return;
	if (!c->pages[category])
		c->met[c->nr++] = category;
	c->pages[category] += pages;
}

/* The category with most frames, of equal ones the first; empties the counter. */
static __u32 greatest(struct counter *c)
{
	__u32 best = MAP_BLANK;

	for (__u32 i = 0; i < c->nr; i++) {
		__u32 category = c->met[i];

		if (best == MAP_BLANK || c->pages[category] > c->pages[best] ||
		    (c->pages[category] == c->pages[best] && category < best))
			best = category;
	}
	for (__u32 i = 0; i < c->nr; i++)
		c->pages[c->met[i]] = 0;
	c->nr = 0;
	return best;
}

static __u64 overlap(const struct map_extent *e, __u64 start, __u64 end)
{
	__u64 from = e->pfn > start ? e->pfn : start;
	__u64 to = e->pfn + e->pages < end ? e->pfn + e->pages : end;

	return to > from ? to - from : 0;
}

/**
 * grid_fill - the category that most frames of each cell are of
 * @g: the cells
 * @extents: ascending
 * @nr: how many
 * @category: of each attribute of @extents
 * @nr_categories: bound of these
 *
 * Return: for each cell a category; MAP_BLANK if the cell has no memory.
 */
__u32 *grid_fill(const struct grid *g, const struct map_extent *extents, size_t nr,
		 const __u32 *category, __u32 nr_categories)
{
	__u32 *cells = xzalloc(g->cells * sizeof(*cells));
	struct counter c = {
		.pages = xzalloc(nr_categories * sizeof(*c.pages)),
		.met = xzalloc(nr_categories * sizeof(*c.met)),
	};
	size_t i = 0;

	for (__u64 cell = 0; cell < g->cells; cell++) {
		__u64 start = g->start + cell * g->frames;
		__u64 end = start + g->frames;

		while (i < nr && extents[i].pfn + extents[i].pages <= start)
			i++;
		for (size_t j = i; j < nr && extents[j].pfn < end; j++)
			count(&c, category[extents[j].attr], overlap(&extents[j], start, end));
		cells[cell] = greatest(&c);
	}
	free(c.pages);
	free(c.met);
	return cells;
}

/**
 * grid_rows - the picture, row by row
 * @g: its cells
 * @map: what is in them
 * @layer: by what it is divided
 *
 * Return: @g->width * @g->height categories, to be freed.
 */
__u32 *grid_rows(const struct grid *g, const struct map *map, const struct layer *layer)
{
	__u32 *cells = grid_fill(g, map->extents, map->nr, layer->of_attr, layer->nr);
	size_t nr = (size_t)g->width * g->height;
	__u32 *rows = xzalloc(nr * sizeof(*rows));

	memset(rows, 0xff, nr * sizeof(*rows));		/* MAP_BLANK */
	for (__u64 cell = 0; cell < g->cells; cell++) {
		__u32 x, y;

		grid_place(g, cell, &x, &y);
		rows[(size_t)y * g->width + x] = cells[cell];
	}
	free(cells);
	return rows;
}

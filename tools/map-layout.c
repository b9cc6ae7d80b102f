// SPDX-License-Identifier: GPL-2.0
/*
 * Where things stand in a picture of pixels: title and caption above, memory
 * below them with addresses at its left, the legend at the right.
 */
#include <string.h>

#include "map.h"

#define ROOM_X		1024	/* for the memory, if nobody asks for a size */
#define ROOM_Y		768
#define WIDE		900	/* pixels from which text is of double size */
#define HEADING_LINES	3

static __u32 longest_line(const struct picture *p, const struct layout *l)
{
	struct text t = { 0 };
	size_t longest;

	caption_title(&t, p);
	longest = t.len;
	text_clear(&t);
	caption_range(&t, p);
	if (t.len > longest)
		longest = t.len;
	text_clear(&t);
	caption_cell(&t, p, &l->grid);
	if (t.len > longest)
		longest = t.len;
	text_free(&t);
	return longest * l->char_width;
}

static __u32 greater(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

/* What was asked for is what the picture has; else it has what it needs. */
static void set_size(struct layout *l, const struct picture *p)
{
	__u32 right = l->legend_x + l->legend_width;
	__u32 below = greater(l->map_y + l->grid.height * l->grid.scale,
			      l->map_y + p->layers[p->layer].nr * l->line);

	if (!p->style.no_headings)
		right = greater(right, l->margin + longest_line(p, l));
	l->width = p->width ? p->width : right + l->margin;
	l->height = p->height ? p->height : below + l->margin;
	l->legend_lines = (l->height - l->map_y - l->margin) / l->line;
}

/**
 * layout_make - find the place of everything
 * @l: filled
 * @p: the picture
 * @least: pixels of a cell at least
 */
void layout_make(struct layout *l, const struct picture *p, __u32 least)
{
	bool headings = !p->style.no_headings;
	__u32 text = !p->width || p->width >= WIDE ? 2 : 1;
	__u32 beside, above;

	*l = (struct layout){
		.text = text, .char_width = 6 * text, .line = 10 * text, .margin = 8 * text,
		.grid = { .curve = p->curve },
	};
	/* names of owners and cgroups are long */
	l->legend_name = p->layer == MAP_OWNER || p->layer == MAP_CGROUP ? 34 : 18;
	if (headings)
		l->legend_width = (l->legend_name + 14) * l->char_width;
	l->map_x = l->margin + (headings && p->curve == CURVE_LINEAR ? 12 * l->char_width : 0);
	l->map_y = l->margin + (headings ? HEADING_LINES * l->line + l->margin : 0);
	beside = l->map_x + l->margin + (headings ? l->legend_width + l->margin : 0);
	above = l->map_y + l->margin;
	if (p->width && (p->width < beside + 64 || p->height < above + 64))
		die("--size %ux%u is too small for a picture: %ux%u is wanted at least", p->width,
		    p->height, beside + 64, above + 64);
	grid_fit(&l->grid, p->map->start, p->map->end, p->width ? p->width - beside : ROOM_X,
		 p->width ? p->height - above : ROOM_Y, least);
	l->legend_x = l->map_x + l->grid.width * l->grid.scale + (headings ? l->margin : 0);
	set_size(l, p);
}

/* How many rows of cells from one address at the left to the next. */
__u32 layout_label_rows(const struct layout *l)
{
	__u32 rows = 1;

	while (rows * l->grid.scale < 2 * l->line)
		rows *= 2;
	return rows;
}

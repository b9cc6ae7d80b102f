// SPDX-License-Identifier: GPL-2.0
/*
 * The picture as PNG, by libpng.
 */
#include <png.h>
#include <string.h>

#include "font.h"
#include "map.h"

#define PAPER	0xffffffU
#define INK	0x000000U
#define FAINT	0xc8c8c8U

/**
 * struct canvas - pixels
 * @width: of a row
 * @height: rows
 * @rgb: three bytes a pixel
 */
struct canvas {
	__u32 width;
	__u32 height;
	png_byte *rgb;
};

static void fill(struct canvas *c, __u32 x, __u32 y, __u32 width, __u32 height, __u32 rgb)
{
	for (__u32 row = y; row < y + height && row < c->height; row++) {
		for (__u32 column = x; column < x + width && column < c->width; column++) {
			png_byte *to = c->rgb + 3 * ((size_t)row * c->width + column);

			to[0] = rgb >> 16;
			to[1] = rgb >> 8;
			to[2] = rgb;
		}
	}
}

static void draw_char(struct canvas *c, __u32 x, __u32 y, __u32 size, unsigned char ch)
{
	const unsigned char *columns = font_columns(ch);

	for (__u32 i = 0; i < FONT_WIDTH; i++)
		for (__u32 j = 0; j < FONT_HEIGHT; j++)
			if (columns[i] >> j & 1)
				fill(c, x + i * size, y + j * size, size, size, INK);
}

/* At most @room characters. A character of several bytes is one question mark. */
static void draw_text(struct canvas *c, const struct layout *l, __u32 x, __u32 y, const char *s,
		      __u32 room)
{
	size_t len = strlen(s);

	for (__u32 i = 0; len && i < room; i++) {
		size_t n = utf8_len(s, len);

		draw_char(c, x + i * l->char_width, y, l->text, n == 1 ? *s : '?');
		s += n ? n : 1;
		len -= n ? n : 1;
	}
}

static void draw_headings(struct canvas *c, const struct layout *l, const struct picture *p)
{
	struct text lines[3] = { { 0 } };

	caption_title(&lines[0], p);
	caption_range(&lines[1], p);
	caption_cell(&lines[2], p, &l->grid);
	for (__u32 i = 0; i < ARRAY_SIZE(lines); i++) {
		draw_text(c, l, l->margin, l->margin + i * l->line, lines[i].s,
			  (l->width - 2 * l->margin) / l->char_width);
		text_free(&lines[i]);
	}
}

static void draw_labels(struct canvas *c, const struct layout *l)
{
	const struct grid *g = &l->grid;

	for (__u32 y = 0; y < g->height; y += layout_label_rows(l)) {
		__u32 at = l->map_y + y * g->scale;
		char label[24];

		snprintf(label, sizeof(label), "%#11llx",
			 g->start + (__u64)y * g->width * g->frames);
		draw_text(c, l, l->margin, at, label, 11);
		fill(c, l->map_x - l->char_width, at, l->char_width / 2, 1, INK);
	}
}

static void draw_legend(struct canvas *c, const struct layout *l, const struct picture *p)
{
	const struct layer *layer = &p->layers[p->layer];
	__u32 *order = layer_legend(layer);
	__u32 box = FONT_HEIGHT * l->text;
	struct text t = { 0 };

	for (__u32 i = 0; i < layer->nr && i < l->legend_lines; i++) {
		const struct category *one = &layer->categories[order[i]];
		__u32 y = l->map_y + i * l->line;

		fill(c, l->legend_x, y, 2 * box, box, FAINT);
		fill(c, l->legend_x + 1, y + 1, 2 * box - 2, box - 2, one->rgb);
		draw_text(c, l, l->legend_x + 3 * box - box / 2, y, one->name,
			  l->legend_name);
		text_clear(&t);
		caption_share(&t, p, one->pages);
		draw_text(c, l, l->legend_x + l->legend_width - t.len * l->char_width, y, t.s,
			  t.len);
	}
	text_free(&t);
	free(order);
}

static void draw_cells(struct canvas *c, const struct layout *l, const struct picture *p)
{
	const struct layer *layer = &p->layers[p->layer];
	const struct grid *g = &l->grid;
	__u32 *rows = grid_rows(g, p->map, layer);

	for (__u32 y = 0; y < g->height; y++) {
		for (__u32 x = 0; x < g->width; x++) {
			__u32 category = rows[(size_t)y * g->width + x];

			if (category != MAP_BLANK)
				fill(c, l->map_x + x * g->scale, l->map_y + y * g->scale,
				     g->scale, g->scale, layer->categories[category].rgb);
		}
	}
	free(rows);
}

/* libpng's own way out is a long jump; it has nothing to tell but "write error". */
static void give_up(png_structp png, png_const_charp why)
{
	die("cannot write %s: %s", (const char *)png_get_error_ptr(png), why);
}

static void write_png(const struct canvas *c, const struct picture *p, FILE *file)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, (void *)p->png,
						  give_up, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	struct text title = { 0 };
	png_text words = { .compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)"Title" };

	if (!info)
		die("out of memory");
	caption_title(&title, p);
	words.text = title.s;
	png_init_io(png, file);
	png_set_IHDR(png, info, c->width, c->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_text(png, info, &words, 1);
	png_write_info(png, info);
	for (__u32 y = 0; y < c->height; y++)
		png_write_row(png, c->rgb + 3 * (size_t)y * c->width);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	text_free(&title);
}

void map_png(const struct picture *p, FILE *file)
{
	struct canvas c;
	struct layout l;

	layout_make(&l, p, 2);
	c = (struct canvas){ .width = l.width, .height = l.height };
	c.rgb = xrealloc(NULL, 3 * (size_t)l.width, l.height);
	fill(&c, 0, 0, l.width, l.height, PAPER);
	draw_cells(&c, &l, p);
	if (!p->style.no_headings) {
		draw_headings(&c, &l, p);
		if (l.grid.curve == CURVE_LINEAR)
			draw_labels(&c, &l);
		draw_legend(&c, &l, p);
	}
	write_png(&c, p, file);
	free(c.rgb);
}

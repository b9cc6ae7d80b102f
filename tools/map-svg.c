// SPDX-License-Identifier: GPL-2.0
/*
 * The picture as SVG: a rectangle for each run of equal cells in a row, which
 * tells what it is when it is pointed at.
 */
#include <string.h>

#include "map.h"

/*
 * Any bytes as characters of XML: neither markup nor what is no character in it
 * (controls, bytes that are not UTF-8, the two noncharacters).
 */
static void add_xml(struct text *t, const char *s)
{
	size_t len = strlen(s);

	while (len) {
		size_t n = utf8_len(s, len);
		unsigned char c = *s;

		if (!n || (n == 1 && (c < ' ' || c == 0x7f)) ||
		    (n == 3 && (!memcmp(s, "\357\277\276", 3) || !memcmp(s, "\357\277\277", 3))))
			text_adds(t, "\357\277\275");	/* U+FFFD */
		else if (strchr("<>&\"'", c))
			text_add(t, "&#%u;", c);
		else
			text_addn(t, s, n);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
}

static void put_text(FILE *f, __u32 x, __u32 y, const char *class, const char *s)
{
	struct text t = { 0 };

	add_xml(&t, s);
	fprintf(f, "<text class=\"%s\" x=\"%u\" y=\"%u\">%s</text>\n", class, x, y, t.s ? t.s : "");
	text_free(&t);
}

static void put_headings(FILE *f, const struct layout *l, const struct picture *p)
{
	struct text lines[3] = { { 0 } };

	caption_title(&lines[0], p);
	caption_range(&lines[1], p);
	caption_cell(&lines[2], p, &l->grid);
	for (__u32 i = 0; i < ARRAY_SIZE(lines); i++) {
		put_text(f, l->margin, l->margin + (i + 1) * l->line - l->line / 4,
			 i ? "t" : "t b", lines[i].s);
		text_free(&lines[i]);
	}
}

static void put_labels(FILE *f, const struct layout *l)
{
	const struct grid *g = &l->grid;

	for (__u32 y = 0; y < g->height; y += layout_label_rows(l)) {
		char label[24];

		snprintf(label, sizeof(label), "%#llx",
			 g->start + (__u64)y * g->width * g->frames);
		put_text(f, l->map_x - l->char_width, l->map_y + y * g->scale + l->line / 2,
			 "t r", label);
	}
}

static void put_legend(FILE *f, const struct layout *l, const struct picture *p)
{
	const struct layer *layer = &p->layers[p->layer];
	__u32 *order = layer_legend(layer);
	struct text t = { 0 };

	for (__u32 i = 0; i < layer->nr && i < l->legend_lines; i++) {
		const struct category *c = &layer->categories[order[i]];
		__u32 y = l->map_y + i * l->line;

		fprintf(f, "<rect class=\"c%u s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>\n",
			order[i], l->legend_x, y, 3 * l->line / 2, 3 * l->line / 4);
		put_text(f, l->legend_x + 2 * l->line, y + 3 * l->line / 4 - 2, "t", c->name);
		text_clear(&t);
		caption_share(&t, p, c->pages);
		put_text(f, l->legend_x + l->legend_width, y + 3 * l->line / 4 - 2, "t r", t.s);
	}
	text_free(&t);
	free(order);
}

/* Cells @x, @end of row @y; only rows that go along have a range of frames. */
static void put_run(FILE *f, const struct layout *l, const struct picture *p, __u32 x, __u32 end,
		    __u32 y, __u32 category)
{
	const struct grid *g = &l->grid;
	__u64 first = g->start + ((__u64)y * g->width + x) * g->frames;
	struct text t = { 0 };

	add_xml(&t, p->layers[p->layer].categories[category].name);
	fprintf(f, "<rect class=\"c%u\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"><title>",
		category, l->map_x + x * g->scale, l->map_y + y * g->scale, (end - x) * g->scale,
		g->scale);
	if (g->curve == CURVE_LINEAR)
		fprintf(f, "0x%llx-0x%llx ", first, first + (end - x) * g->frames);
	fprintf(f, "%s</title></rect>\n", t.s);
	text_free(&t);
}

static void put_cells(FILE *f, const struct layout *l, const struct picture *p)
{
	const struct grid *g = &l->grid;
	__u32 *rows = grid_rows(g, p->map, &p->layers[p->layer]);

	for (__u32 y = 0; y < g->height; y++) {
		const __u32 *row = rows + (size_t)y * g->width;

		for (__u32 x = 0, end; x < g->width; x = end) {
			for (end = x + 1; end < g->width && row[end] == row[x]; end++)
				;
			if (row[x] != MAP_BLANK)
				put_run(f, l, p, x, end, y, row[x]);
		}
	}
	free(rows);
}

static void put_styles(FILE *f, const struct layout *l, const struct layer *layer)
{
	fprintf(f, "<style>\n.t{font:%upx sans-serif}\n.b{font-weight:bold}\n.r{text-anchor:end}\n"
		".s{stroke:#888;stroke-width:.5}\n", 7 * l->text);
	for (__u32 i = 0; i < layer->nr; i++)
		fprintf(f, ".c%u{fill:#%06x}\n", i, layer->categories[i].rgb);
	fputs("</style>\n", f);
}

void map_svg(const struct picture *p, FILE *f)
{
	struct text title = { 0 }, escaped = { 0 };
	struct layout l;

	layout_make(&l, p, 4);
	caption_title(&title, p);
	add_xml(&escaped, title.s);
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\">\n<title>%s</title>\n", l.width, l.height, l.width, l.height,
		escaped.s);
	put_styles(f, &l, &p->layers[p->layer]);
	fprintf(f, "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n"
		"<g shape-rendering=\"crispEdges\">\n", l.width, l.height);
	put_cells(f, &l, p);
	fputs("</g>\n", f);
	if (!p->style.no_headings) {
		put_headings(f, &l, p);
		if (l.grid.curve == CURVE_LINEAR)
			put_labels(f, &l);
		put_legend(f, &l, p);
	}
	fputs("</svg>\n", f);
	text_free(&title);
	text_free(&escaped);
}

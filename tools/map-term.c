// SPDX-License-Identifier: GPL-2.0
/*
 * The picture on a terminal: two cells a character by colour and half blocks
 * where the terminal knows UTF-8, else a cell a character, with a letter.
 */
#include <langinfo.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "map.h"

#define LABEL		12	/* columns: the first frame of a line */
#define ENTRY		40	/* columns: an entry of the legend */
#define ENTRY_NAME	22

enum depth {
	NO_COLORS,
	COLORS_256,
	COLORS_TRUE,
};

/**
 * struct screen - what the terminal can do
 * @columns: of characters
 * @lines: of characters
 * @depth: colours
 * @half: half blocks: two cells are in a character
 * @legend: lines that the legend may take
 */
struct screen {
	__u32 columns;
	__u32 lines;
	enum depth depth;
	bool half;
	__u32 legend;
};

static __u32 number_of(const char *variable, __u32 otherwise)
{
	const char *word = getenv(variable);
	__u64 value;

	if (word && parse_whole_number(word, 10000, &value) && value)
		return value;
	return otherwise;
}

static void find_size(struct screen *sc, const struct picture *p)
{
	struct winsize ws;

	sc->columns = number_of("COLUMNS", 80);
	sc->lines = number_of("LINES", 32);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col && ws.ws_row) {
		sc->columns = ws.ws_col;
		sc->lines = ws.ws_row - 1;	/* the prompt comes back */
	}
	if (p->width) {
		sc->columns = p->width;
		sc->lines = p->height;
	}
	if (sc->columns < 32)
		sc->columns = 32;
	if (sc->lines < 8)
		sc->lines = 8;
}

static enum depth find_depth(const struct picture *p)
{
	const char *depth = getenv("COLORTERM");
	const char *term = getenv("TERM");

	if (!p->style.color)
		return NO_COLORS;
	if (depth && (!strcmp(depth, "truecolor") || !strcmp(depth, "24bit")))
		return COLORS_TRUE;
	/* where colour was asked for into a file, the most usual kind */
	if (!isatty(STDOUT_FILENO) || (term && strstr(term, "256color")))
		return COLORS_256;
	return NO_COLORS;
}

/* The nearest colour of the cube of 6 by 6 by 6, or of its 24 greys. */
static int color_256(__u32 rgb)
{
	static const int steps[] = { 0, 95, 135, 175, 215, 255 };
	int part[3] = { rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255 };
	int level[3], away = 0, away_grey = 0;
	int grey = ((part[0] + part[1] + part[2]) / 3 - 3) / 10;

	if (grey < 0)
		grey = 0;
	if (grey > 23)
		grey = 23;
	for (int i = 0; i < 3; i++) {
		int of_grey = part[i] - (8 + 10 * grey);

		level[i] = 0;
		for (int j = 1; j < 6; j++)
			if (abs(steps[j] - part[i]) < abs(steps[level[i]] - part[i]))
				level[i] = j;
		away += (steps[level[i]] - part[i]) * (steps[level[i]] - part[i]);
		away_grey += of_grey * of_grey;
	}
	if (away_grey < away)
		return 232 + grey;
	return 16 + 36 * level[0] + 6 * level[1] + level[2];
}

/* @ground: 38 for what is drawn, 48 for what is behind it */
static void add_color(struct text *t, const struct screen *sc, int ground, __u32 rgb)
{
	if (sc->depth == COLORS_TRUE)
		text_add(t, "\033[%d;2;%u;%u;%um", ground, rgb >> 16, rgb >> 8 & 255, rgb & 255);
	else
		text_add(t, "\033[%d;5;%dm", ground, color_256(rgb));
}

/* What is readable on that colour. */
static __u32 ink_on(__u32 rgb)
{
	__u32 light = (rgb >> 16) * 3 + (rgb >> 8 & 255) * 6 + (rgb & 255);

	return light > 1280 ? 0x000000 : 0xffffff;
}

/* ------------------------------------------------------------------- cells */

/* Two cells, one above the other; of a blank one the terminal shows through. */
static void add_halves(struct text *t, const struct screen *sc, const struct layer *layer,
		       __u32 upper, __u32 lower)
{
	bool flip = upper == MAP_BLANK;

	text_adds(t, "\033[0m");
	if (upper == MAP_BLANK && lower == MAP_BLANK) {
		text_addc(t, ' ');
		return;
	}
	add_color(t, sc, 38, layer->categories[flip ? lower : upper].rgb);
	if (!flip && lower != MAP_BLANK)
		add_color(t, sc, 48, layer->categories[lower].rgb);
	text_adds(t, flip ? "\342\226\204" : "\342\226\200");
}

static void add_letter(struct text *t, const struct screen *sc, const struct layer *layer,
		       __u32 category)
{
	const struct category *c = &layer->categories[category];

	if (sc->depth != NO_COLORS)
		text_adds(t, "\033[0m");
	if (category == MAP_BLANK) {
		text_addc(t, ' ');
		return;
	}
	if (sc->depth != NO_COLORS) {
		add_color(t, sc, 48, c->rgb);
		add_color(t, sc, 38, ink_on(c->rgb));
	}
	text_addc(t, c->letter);
}

static void add_line(struct text *t, const struct screen *sc, const struct grid *g,
		     const struct layer *layer, const __u32 *rows, __u32 y)
{
	for (__u32 x = 0; x < g->width; x++) {
		__u32 upper = rows[(size_t)y * g->width + x];
		bool last = y + 1 >= g->height;

		if (sc->half)
			add_halves(t, sc, layer, upper,
				   last ? MAP_BLANK : rows[(size_t)(y + 1) * g->width + x]);
		else
			add_letter(t, sc, layer, upper);
	}
	if (sc->depth != NO_COLORS)
		text_adds(t, "\033[0m");
	while (sc->depth == NO_COLORS && t->len && t->s[t->len - 1] == ' ')
		t->s[--t->len] = '\0';
}

static void print_cells(const struct picture *p, const struct screen *sc, const struct grid *g)
{
	const struct layer *layer = &p->layers[p->layer];
	__u32 *rows = grid_rows(g, p->map, layer);
	struct text t = { 0 };

	for (__u32 y = 0; y < g->height; y += sc->half ? 2 : 1) {
		text_clear(&t);
		if (g->curve == CURVE_LINEAR)
			text_add(&t, "%#*llx ", LABEL - 1,
				 g->start + (__u64)y * g->width * g->frames);
		add_line(&t, sc, g, layer, rows, y);
		puts(t.s);
	}
	text_free(&t);
	free(rows);
}

/* ------------------------------------------------------------------ legend */

static void add_swatch(struct text *t, const struct screen *sc, const struct category *c)
{
	if (sc->depth == NO_COLORS) {
		text_addc(t, c->letter);
		return;
	}
	add_color(t, sc, 48, c->rgb);
	add_color(t, sc, 38, ink_on(c->rgb));
	if (sc->half)
		text_adds(t, "  ");
	else
		text_addc(t, c->letter);
	text_adds(t, "\033[0m");
}

/* Names come from the kernel: a terminal must not obey them. */
static void add_entry(struct text *t, const struct picture *p, const struct screen *sc,
		      const struct category *c, bool last)
{
	struct text words = { 0 };
	size_t len = strlen(c->name), used = 0;

	add_swatch(t, sc, c);
	text_addc(&words, ' ');
	for (size_t i = 0, n; i < len && used < ENTRY_NAME; i += n ? n : 1, used++) {
		unsigned char ch = c->name[i];

		n = utf8_len(c->name + i, len - i);
		if (ch > ' ' && ch < 0x7f)
			text_addc(&words, ch);
		else if (ch == ' ' || !n || n == 1 || !sc->half)
			text_addc(&words, ch == ' ' ? ' ' : '?');
		else
			text_addn(&words, c->name + i, n);
	}
	for (; used < ENTRY_NAME; used++)
		text_addc(&words, ' ');
	text_addc(&words, ' ');
	len = words.len;
	caption_share(&words, p, c->pages);
	text_adds(t, words.s);
	for (len = words.len - len; !last && len < ENTRY - ENTRY_NAME - 4; len++)
		text_addc(t, ' ');
	text_free(&words);
}

static void print_legend(const struct picture *p, const struct screen *sc)
{
	const struct layer *layer = &p->layers[p->layer];
	__u32 across = sc->columns / ENTRY ? sc->columns / ENTRY : 1;
	__u32 nr = layer->nr, room = across * sc->legend;
	__u32 *order = layer_legend(layer);
	struct category rest = { .letter = ' ' };
	struct text t = { 0 };

	if (nr > room) {
		for (__u32 i = room - 1; i < nr; i++)
			rest.pages += layer->categories[order[i]].pages;
		snprintf(rest.name, sizeof(rest.name), "%u more", nr - room + 1);
		nr = room;
	}
	for (__u32 i = 0; i < nr; i++) {
		bool more = i + 1 == room && rest.name[0];
		bool last = i + 1 == nr || (i + 1) % across == 0;

		add_entry(&t, p, sc, more ? &rest : &layer->categories[order[i]], last);
		if (last) {
			puts(t.s);
			text_clear(&t);
		}
	}
	text_free(&t);
	free(order);
}

/* The legend may take a third of the screen, all that it wants if nobody looks. */
static void find_screen(struct screen *sc, const struct picture *p)
{
	__u32 across, wanted;

	find_size(sc, p);
	sc->depth = find_depth(p);
	sc->half = sc->depth != NO_COLORS && !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	across = sc->columns / ENTRY ? sc->columns / ENTRY : 1;
	wanted = (p->layers[p->layer].nr + across - 1) / across;
	sc->legend = wanted;
	if (wanted > sc->lines / 3 && isatty(STDOUT_FILENO))
		sc->legend = sc->lines / 3;
}

void map_print(const struct picture *p)
{
	struct grid g = { .curve = p->curve };
	struct text t = { 0 };
	struct screen sc;
	__u32 lines;

	find_screen(&sc, p);
	/* three lines of title and caption */
	lines = sc.lines > sc.legend + 8 ? sc.lines - sc.legend - 3 : 5;
	grid_fit(&g, p->map->start, p->map->end,
		 sc.columns - (g.curve == CURVE_LINEAR ? LABEL : 0), lines * (sc.half ? 2 : 1), 1);
	if (!p->style.no_headings) {
		caption_title(&t, p);
		text_addc(&t, '\n');
		caption_range(&t, p);
		text_addc(&t, '\n');
		caption_cell(&t, p, &g);
		puts(t.s);
		text_free(&t);
	}
	print_cells(p, &sc, &g);
	if (!p->style.no_headings)
		print_legend(p, &sc);
}

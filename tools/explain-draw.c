// SPDX-License-Identifier: GPL-2.0
/*
 * An address on a terminal: the walk as a tree with the frame in a box at its
 * end, then the words.
 */
#include <ctype.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "explain.h"

#define WIDTH		80	/* of the words */
#define TOPIC		12	/* columns: the topic before them */
#define BOX_LINES	12

/**
 * struct pen - characters to draw with
 * @branch: from an entry to what is below it
 * @arrow: to what an entry leads
 * @across: line
 * @down: line
 * @corner: of a box, from its upper left one in the order of reading
 */
struct pen {
	const char *branch;
	const char *arrow;
	const char *across;
	const char *down;
	const char *corner[4];
};

static const struct pen unicode_pen = {
	"\u2514\u2500", "\u2192", "\u2500", "\u2502", { "\u250c", "\u2510", "\u2514", "\u2518" }
};

static const struct pen ascii_pen = { "`-", "->", "-", "|", { "+", "+", "+", "+" } };

static void blanks(int n)
{
	printf("%*s", n > 0 ? n : 0, "");
}

/* ------------------------------------------------------------------- the tree */

static __u64 element(const struct explain *e, const char *field, const char *level)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", field, level);
	return of(&e->walk, name);
}

/* where an entry leads, if the walk went on from here */
static void draw_target(const struct explain *e, const struct pen *pen, __u64 next_table)
{
	if (next_table != MMSCOPE_UNKNOWN)
		printf("  %s table in frame %llu", pen->arrow, next_table);
	else if (of(&e->walk, "pfn") != MMSCOPE_UNKNOWN)
		printf("  %s the page", pen->arrow);
	else if (of(&e->walk, "swap_offset") != MMSCOPE_UNKNOWN)
		printf("  %s swap", pen->arrow);
}

static void draw_level(const struct explain *e, const struct pen *pen, const char *level,
		       bool lowest, __u64 next_table, int depth)
{
	__u64 entry = element(e, "entry", level);
	struct text t = { 0 };

	blanks(2 + 3 * depth);
	printf("%s ", pen->branch);
	for (const char *p = level; *p; p++)
		putchar(toupper((unsigned char)*p));
	printf("[%llu] = 0x%llx", element(e, "index", level), entry);
	add_entry_bits(&t, e->s->machine, entry, lowest);
	if (t.len)
		printf("  %s", t.s);
	if (!entry)
		printf("  empty");
	if (lowest && of_flag(&e->walk, "flags", "protnone"))
		printf("  no access, but a page");
	draw_target(e, pen, next_table);
	putchar('\n');
	text_free(&t);
}

/* of a machine that may have few entries at the top, the first table fills no frame */
static void draw_top(const struct explain *e, __u64 table)
{
	printf("\n  page tables, %llu levels: the first ", of(&e->walk, "levels"));
	if (table == MMSCOPE_UNKNOWN)
		printf("is smaller than a frame\n");
	else
		printf("is in frame %llu\n", table);
}

/* Return: how deep the tree has become. */
static int draw_levels(const struct explain *e, const struct pen *pen)
{
	static const char *const levels[] = { "pgd", "p4d", "pud", "pmd", "pte" };
	int depth = 0;

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		__u64 next = MMSCOPE_UNKNOWN;

		if (element(e, "entry", levels[i]) == MMSCOPE_UNKNOWN)
			continue;
		if (!depth)
			draw_top(e, element(e, "table_pfn", levels[i]));
		for (size_t j = i + 1; j < ARRAY_SIZE(levels) && next == MMSCOPE_UNKNOWN; j++)
			next = element(e, "table_pfn", levels[j]);
		draw_level(e, pen, levels[i], i + 1 == ARRAY_SIZE(levels), next, depth++);
	}
	return depth;
}

/* -------------------------------------------------------------------- the box */

struct box {
	struct text line[BOX_LINES];
	size_t nr;
};

static struct text *box_line(struct box *b)
{
	return &b->line[b->nr < BOX_LINES - 1 ? b->nr++ : b->nr];
}

static void fill_frame(const struct explain *e, struct box *b)
{
	const __u64 page = e->s->info.page_size;
	struct text *t = box_line(b);

	text_add(t, "frame %llu", of(&e->frame, "pfn"));
	if (of(&e->walk, "phys") != MMSCOPE_UNKNOWN)
		text_add(t, ": physical 0x%llx, byte %llu of %llu", of(&e->walk, "phys"),
			 e->addr % page, page);
	else
		text_adds(t, ": in memory, but not mapped here");
	t = box_line(b);
	add_of(t, &e->frame, 0, "class");
	if (of(&e->frame, "order"))
		text_add(t, ", order %llu, head %llu", of(&e->frame, "order"),
			 of(&e->frame, "head_pfn"));
	text_adds(t, "  zone ");
	add_of(t, &e->frame, 0, "zone");
	text_add(t, ", node %llu, pageblock ", of(&e->frame, "node"));
	add_of(t, &e->frame, 0, "migratetype");
	t = box_line(b);
	text_adds(t, "flags ");
	add_of(t, &e->frame, 0, "flags");
	t = box_line(b);
	text_add(t, "references %llu, mappings %llu", of(&e->frame, "refcount"),
		 of(&e->frame, "mapcount"));
}

static void fill_absent(const struct explain *e, struct box *b)
{
	struct text *t = box_line(b);
	__u64 result = of(&e->walk, "result");

	text_adds(t, "no frame: ");
	if (result == MMSCOPE_IN_SWAP) {
		text_adds(t, "swapped out to ");
		add_slot(e, &e->walk, t);
		return;
	}
	if (result == MMSCOPE_TRANSLATED)
		text_adds(t, "memory without a struct page, of a device or the kernel");
	else if (result == MMSCOPE_NOT_MAPPED)
		text_adds(t, "no mapping covers the address");
	else if (result == MMSCOPE_NOT_USER)
		text_adds(t, "not an address of user space");
	else if (result == MMSCOPE_NO_TABLE)
		text_adds(t, "there is not even a table: nothing near was touched yet");
	else if (result == MMSCOPE_NOT_PRESENT)
		text_adds(t, "the entry is empty: the page was not touched yet, or dropped");
	else
		add_of(t, &e->walk, 0, "result");
}

static void draw_edge(const struct pen *pen, int indent, size_t width, int corner)
{
	blanks(indent);
	fputs(pen->corner[corner], stdout);
	for (size_t i = 0; i < width + 2; i++)
		fputs(pen->across, stdout);
	puts(pen->corner[corner + 1]);
}

static void draw_box(const struct explain *e, const struct pen *pen, int indent)
{
	struct box b = { .nr = 0 };
	size_t width = 0;

	if (e->frame.nr && of(&e->walk, "pfn") != MMSCOPE_UNKNOWN) {
		fill_frame(e, &b);
	} else {
		fill_absent(e, &b);
		if (e->frame.nr)
			fill_frame(e, &b);
	}
	for (size_t i = 0; i < b.nr; i++)
		if (b.line[i].len > width)
			width = b.line[i].len;
	draw_edge(pen, indent, width, 0);
	for (size_t i = 0; i < b.nr; i++) {
		blanks(indent);
		printf("%s %-*s %s\n", pen->down, (int)width, b.line[i].s ? b.line[i].s : "",
		       pen->down);
		text_free(&b.line[i]);
	}
	draw_edge(pen, indent, width, 2);
}

/* ------------------------------------------------------------------- the words */

static void print_words(const struct words *w)
{
	int column = TOPIC;
	const char *p = w->text;

	printf("%-*s", TOPIC, w->topic);
	while (*p) {
		int len = strcspn(p, " ");

		if (column > TOPIC && column + 1 + len > WIDTH) {
			printf("\n%*s", TOPIC, "");
			column = TOPIC;
		}
		printf("%s%.*s", column > TOPIC ? " " : "", len, p);
		column += len + (column > TOPIC);
		p += len;
		p += strspn(p, " ");
	}
	putchar('\n');
}

void explain_draw(const struct explain *e)
{
	const bool unicode = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	const struct pen *pen = unicode ? &unicode_pen : &ascii_pen;
	int depth;

	printf("Address 0x%llx of process %u\n", e->addr, e->pid);
	depth = draw_levels(e, pen);
	if (!depth)
		putchar('\n');
	draw_box(e, pen, 2 + 3 * depth);
	putchar('\n');
	for (size_t i = 0; i < e->nr_words; i++)
		print_words(&e->words[i]);
}

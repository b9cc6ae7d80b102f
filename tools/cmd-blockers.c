// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope blockers: who keeps memory from being huge pages, and which blocks are
 * the cheapest to free.
 */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

#define TOP_OWNERS	15

/* "2M", "1G" */
static void add_block_size(struct text *t, struct source *s, __u32 order)
{
	text_add_size(t, (__u64)s->info.page_size << order);
}

static const char *value_name(struct source *s, const char *dataset, const char *column,
			      __u64 value)
{
	const struct dataset *ds = source_dataset(s, dataset);
	struct column c;
	const char *name = NULL;

	if (ds && column_find(ds, column, &c))
		name = field_value_name(c.field, value);
	return name ? name : "?";
}

/* -------------------------------------------------------------- the summary */

static void put_outlook(const struct outlook *t, __u32 order, const struct blockers *b,
			struct out *out)
{
	const struct {
		const char *name;
		__u64 value;
	} cells[] = {
		{ "order", order },
		{ "blocks", t->blocks },
		{ "free_blocks", t->free },
		{ "compacted_blocks", t->compacted },
		{ "reclaimed_blocks", t->reclaimed },
		{ "bound_blocks", t->bound },
		{ "huge_blocks", t->huge },
		{ "boot_blocks", b->boot },
	};
	struct board board;

	board_init(&board, "summary");
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		board_column(&board, cells[i].name, MMSCOPE_UNIT_COUNT);
	board_row(&board);
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		board_number(&board, 0, i, cells[i].value);
	board_print(&board, out);
}

/* Words for people; for programs the same numbers, as a row. False: no block at all. */
static bool show_outlook(struct source *s, const struct options *o, __u32 order,
			 const struct blockers *b, struct out *out)
{
	struct text size = { 0 };
	struct outlook t;
	bool any = outlook_load(&t, s, o, order);
	__u64 used = t.bound - (t.reclaimed < t.bound ? t.reclaimed : t.bound);

	add_block_size(&size, s, order);
	if (out->style.mode == OUT_JSON) {
		put_outlook(&t, order, b, out);
	} else if (!any) {
		printf("No zone has room for a block of %s.\n", size.s);
	} else {
		printf("%llu of %llu %s blocks are free now; %llu more after compaction,\n"
		       "%llu more if caches are dropped before; %llu are in use (%llu hold huge\n"
		       "pages). %llu are blocked by memory that cannot be moved",
		       t.free, t.blocks, size.s,
		       t.compacted - (t.free < t.compacted ? t.free : t.compacted),
		       t.reclaimed - (t.compacted < t.reclaimed ? t.compacted : t.reclaimed), used,
		       t.huge, t.blocks - t.bound);
		if (b->boot)
			printf(" (%llu: taken at boot)", b->boot);
		puts(".");
	}
	text_free(&size);
	return any;
}

/* ------------------------------------------------------------- the rankings */

static void show_owners(struct source *s, const struct blockers *b, __u64 limit, struct out *out)
{
	size_t nr = b->nr;
	struct board board;

	if (!limit && out->style.mode == OUT_TABLE)
		limit = TOP_OWNERS;
	if (limit && limit < nr)
		nr = limit;

	board_init(&board, "owners");
	board_column(&board, "alone", MMSCOPE_UNIT_COUNT);
	board_column(&board, "blocks", MMSCOPE_UNIT_COUNT);
	board_column(&board, "frames", MMSCOPE_UNIT_PAGES);
	board_column(&board, "class", MMSCOPE_UNIT_NAME);
	board_column(&board, "owner", MMSCOPE_UNIT_ID);
	board_column(&board, "name", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < nr; i++) {
		const struct block_owner *o = &b->owners[i];
		size_t row = board_row(&board);

		board_number(&board, row, 0, o->alone);
		board_number(&board, row, 1, o->blocks);
		board_number(&board, row, 2, o->pages);
		board_text(&board, row, 3, value_name(s, "blockers", "class", o->class));
		if (o->id)
			board_number(&board, row, 4, o->id);
		board_text(&board, row, 5, o->name);
	}
	if (out->style.mode == OUT_TABLE && nr)
		printf("\nWho stays, %zu of %zu. alone: blocks that only they block", nr, b->nr);
	board_print(&board, out);
	for (size_t i = 0; i < b->nr; i++) {
		if (b->owners[i].class != MMSCOPE_CLASS_PINNED)
			continue;
		show_pinned(s, out);
		break;
	}
}

static void show_cheapest(const struct blockers *b, struct out *out)
{
	struct board board;

	board_init(&board, "cheapest");
	board_column(&board, "pfn", MMSCOPE_UNIT_PFN);
	board_column(&board, "node", MMSCOPE_UNIT_ID);
	board_column(&board, "zone", MMSCOPE_UNIT_NAME);
	board_column(&board, "frames_to_move", MMSCOPE_UNIT_PAGES);
	for (size_t i = 0; i < b->nr_cheapest; i++) {
		size_t row = board_row(&board);

		board_number(&board, row, 0, b->cheapest[i].pfn);
		board_number(&board, row, 1, b->cheapest[i].node);
		board_text(&board, row, 2, b->cheapest[i].zone);
		board_number(&board, row, 3, b->cheapest[i].move);
	}
	if (out->style.mode == OUT_TABLE && b->nr_cheapest)
		printf("\nCheapest blocks to free, nothing in them stays:");
	board_print(&board, out);
}

/* ---------------------------------------------------------------- the census */

enum { FREE, MOVABLE, RECLAIM, HUGE, STAYS, NR_MIXES };

static const char *const mix_columns[] = {
	"free_pages",
	"anon_pages", "file_pages", "shmem_pages", "other_movable_pages",
	"reclaimable_pages",
	"huge_pages",
	"slab_pages", "pagetable_pages", "user_pages", "kernel_pages", "reserved_pages",
};

static const int mix_of[] = {
	FREE, MOVABLE, MOVABLE, MOVABLE, MOVABLE, RECLAIM, HUGE, STAYS, STAYS, STAYS, STAYS, STAYS,
};

/**
 * struct census - records on their way
 * @ds: the dataset
 * @types: a row for each migratetype
 * @dirt: a row for each class that pollutes
 */
struct census {
	const struct dataset *ds;
	struct {
		__u64 blocks;
		__u64 free;
		__u64 polluted;
		__u64 stray;
		__u64 pages[NR_MIXES];
	} types[64];
	struct {
		__u64 blocks;
		__u64 pages;
	} dirt[64];
};

static __u64 census_get(const struct census *c, const void *rec, const char *name)
{
	return record_number(c->ds, rec, name, 0);
}

static bool take_census(void *ctx, const void *rec)
{
	struct census *c = ctx;
	__u64 flags = census_get(c, rec, "flags"), polluter = census_get(c, rec, "polluter") & 63;
	__u64 type = census_get(c, rec, "migratetype") & 63;

	c->types[type].blocks++;
	c->types[type].polluted += !!(flags & MMSCOPE_CENSUS_POLLUTED);
	c->types[type].stray += !!(flags & MMSCOPE_CENSUS_STRAY);
	c->types[type].free += census_get(c, rec, "free_pages") == census_get(c, rec, "pages");
	for (size_t i = 0; i < ARRAY_SIZE(mix_columns); i++)
		c->types[type].pages[mix_of[i]] += census_get(c, rec, mix_columns[i]);
	if (flags & MMSCOPE_CENSUS_POLLUTED) {
		c->dirt[polluter].blocks++;
		c->dirt[polluter].pages += census_get(c, rec, "polluter_pages");
	}
	return true;
}

static void show_types(struct source *s, const struct census *c, struct out *out)
{
	static const char *const columns[] = {
		"free", "movable", "reclaimable", "huge", "unmovable",
	};
	struct board b;

	board_init(&b, "types");
	board_column(&b, "migratetype", MMSCOPE_UNIT_NAME);
	board_column(&b, "blocks", MMSCOPE_UNIT_COUNT);
	board_column(&b, "empty", MMSCOPE_UNIT_COUNT);
	board_column(&b, "polluted", MMSCOPE_UNIT_COUNT);
	board_column(&b, "stray", MMSCOPE_UNIT_COUNT);
	for (int i = 0; i < NR_MIXES; i++)
		board_column(&b, columns[i], MMSCOPE_UNIT_BYTES);
	for (size_t type = 0; type < ARRAY_SIZE(c->types); type++) {
		size_t row;

		if (!c->types[type].blocks)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, value_name(s, "census", "migratetype", type));
		board_number(&b, row, 1, c->types[type].blocks);
		board_number(&b, row, 2, c->types[type].free);
		board_number(&b, row, 3, c->types[type].polluted);
		board_number(&b, row, 4, c->types[type].stray);
		for (int i = 0; i < NR_MIXES; i++)
			board_number(&b, row, 5 + i, c->types[type].pages[i] * s->info.page_size);
	}
	if (out->style.mode == OUT_TABLE)
		printf("Pageblocks by what is to be allocated from them, and what is in them.\n"
		       "polluted: Movable or CMA, but with memory that cannot be moved;\n"
		       "stray: the other way round.\n");
	board_print(&b, out);
}

static void show_dirt(struct source *s, const struct census *c, struct out *out)
{
	struct board b;

	board_init(&b, "polluters");
	board_column(&b, "polluter", MMSCOPE_UNIT_NAME);
	board_column(&b, "blocks", MMSCOPE_UNIT_COUNT);
	board_column(&b, "frames", MMSCOPE_UNIT_PAGES);
	for (size_t class = 0; class < ARRAY_SIZE(c->dirt); class++) {
		size_t row;

		if (!c->dirt[class].blocks)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, value_name(s, "census", "polluter", class));
		board_number(&b, row, 1, c->dirt[class].blocks);
		board_number(&b, row, 2, c->dirt[class].pages);
	}
	if (out->style.mode == OUT_TABLE && b.nr)
		printf("\nPolluted blocks by the class that has most of what stays there:");
	board_print(&b, out);
}

static void show_census(struct source *s, const struct options *o, struct out *out)
{
	const struct options places = { .node = o->node, .zone = o->zone, .range = o->range };
	struct census *c = xzalloc(sizeof(*c));
	struct mmscope_walk_arg query;
	struct walk_stats stats;

	c->ds = block_dataset(s, "census");
	query_parse(s, c->ds, &places, &query);
	if (source_walk(s, c->ds, &query, 0, take_census, c, &stats))
		die("%s", s->error);
	show_types(s, c, out);
	show_dirt(s, c, out);
	if (o->verbose)
		show_stats(c->ds, &stats);
	free(c);
}

/* ----------------------------------------------------------------- the command */

/* Columns, order, or a form without room for several tables: the records are meant. */
static bool wants_records(const struct options *o)
{
	return o->columns || o->all_columns || o->list_columns || o->sort || o->class ||
	       (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON);
}

static void show_records(struct source *s, const struct options *o)
{
	struct options records = *o;
	char *dataset = "blockers";
	char order[16];

	snprintf(order, sizeof(order), "%u", huge_order(s, o->size));
	if (o->size && o->class)
		die("--size and --class are mutually exclusive: both choose by order");
	if (o->size)
		records.class = order;
	cmd_dataset(s, &records, 1, &dataset);
}

void cmd_blockers(struct source *s, const struct options *o, int argc, char **argv)
{
	bool census = argc == 1 && !strcmp(argv[0], "census");
	struct blockers *b;
	struct out *out;

	if (argc && !census)
		die("blockers takes no word but 'census': '%s'", argv[census]);
	if (wants_records(o)) {
		if (census)
			die("the records behind this are those of 'mmscope census'");
		show_records(s, o);
		return;
	}
	out = out_new(&o->style, &s->info);
	if (census) {
		show_census(s, o, out);
	} else {
		__u32 order = huge_order(s, o->size);

		b = xzalloc(sizeof(*b));
		blockers_load(b, s, o, order);
		if (show_outlook(s, o, order, b, out)) {
			show_owners(s, b, o->limit, out);
			show_cheapest(b, out);
		}
		blockers_free(b);
		free(b);
	}
	out_free(out);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope hugepages: how many huge pages there could be, and what to do for more.
 */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

#define TOP_OWNERS	3	/* that are named */

static void show_zones(struct source *s, const struct options *o, struct out *out)
{
	static const struct {
		const char *column;
		const char *source;
	} numbers[] = {
		{ "blocks", "blocks" },
		{ "free", "free_blocks" },
		{ "now", "now_blocks" },
		{ "compacted", "compacted_blocks" },
		{ "dropped", "reclaimed_blocks" },
		{ "bound", "bound_blocks" },
		{ "huge", "huge_blocks" },
	};
	const struct options places = { .node = o->node, .zone = o->zone };
	const struct dataset *ds = block_dataset(s, "forecast");
	struct mmscope_walk_arg query;
	struct table t;
	struct board b;

	query_parse(s, ds, &places, &query);
	if (o->size)
		query.class_mask = 1ULL << huge_order(s, o->size);
	if (table_query(s, "forecast", &query, &t))
		die("%s", s->error);
	board_init(&b, "zones");
	board_column(&b, "node", MMSCOPE_UNIT_ID);
	board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	board_column(&b, "size", MMSCOPE_UNIT_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, MMSCOPE_UNIT_COUNT);
	for (size_t i = 0; i < t.nr; i++) {
		size_t row = board_row(&b);

		board_number(&b, row, 0, table_get(&t, i, "node"));
		table_put_text(&t, i, "zone", &b, row, 1);
		board_number(&b, row, 2, (__u64)s->info.page_size << table_get(&t, i, "order"));
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++)
			board_number(&b, row, 3 + j, table_get(&t, i, numbers[j].source));
	}
	board_print(&b, out);
	table_free(&t);
}

/* ------------------------------------------------------------------ the words */

static void name_owner(struct source *s, const struct block_owner *o)
{
	const struct dataset *ds = block_dataset(s, "blockers");
	const char *class = NULL;
	struct column c;

	if (column_find(ds, "class", &c))
		class = field_value_name(c.field, o->class);
	printf("    %s", class ? class : "?");
	if (*o->name)
		printf(" %s", o->name);
	if (o->id)
		printf(o->class == MMSCOPE_CLASS_PINNED ? " (inode %llu)" : " (pid %llu)", o->id);
	printf(": %llu blocks alone, %llu with others\n", o->alone, o->blocks - o->alone);
}

static void advise_owners(struct source *s, const struct options *o, __u32 order)
{
	struct blockers *b = xzalloc(sizeof(*b));

	blockers_load(b, s, o, order);
	if (b->nr && b->owners[0].alone)
		puts("  Who alone keeps most of these:");
	for (size_t i = 0; i < b->nr && i < TOP_OWNERS && b->owners[i].alone; i++)
		name_owner(s, &b->owners[i]);
	if (b->nr)
		puts("  All who keep some: mmscope blockers");
	blockers_free(b);
	free(b);
}

static void advise(struct source *s, const struct options *o, __u32 order, const char *size)
{
	struct text cache = { 0 };
	struct outlook t;

	if (!outlook_load(&t, s, o, order)) {
		printf("\n%s: no zone has room for one.\n", size);
		return;
	}
	printf("\n%s: %llu without waiting", size, t.now);
	if (t.now < t.free)
		printf(" (%llu are free: watermarks and reserves keep the rest)", t.free);
	puts(".");
	if (t.compacted > t.free)
		printf("  %llu more: echo 1 > /proc/sys/vm/compact_memory\n", t.compacted - t.free);
	if (t.reclaimed > t.compacted && t.reclaimed > t.free) {
		text_add_size(&cache, t.clean_pages * s->info.page_size);
		printf("  %llu more: echo 3 > /proc/sys/vm/drop_caches, then compact\n"
		       "       (%s of page cache must be read again; slab goes only in part)\n",
		       t.reclaimed - (t.compacted > t.free ? t.compacted : t.free), cache.s);
	}
	if (t.bound > t.reclaimed)
		printf("  %llu more hold memory in use%s: stop who has it\n", t.bound - t.reclaimed,
		       t.huge ? ", or huge pages" : "");
	if (t.blocks > t.bound)
		printf("  %llu of %llu cannot be had: they hold what cannot be moved\n",
		       t.blocks - t.bound, t.blocks);
	text_free(&cache);
}

void cmd_hugepages(struct source *s, const struct options *o, int argc, char **argv)
{
	__u32 orders[] = { huge_order(s, NULL), gigantic_order(s) };
	struct out *out;

	if (argc)
		die("hugepages takes no words: '%s'", argv[0]);
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("hugepages is text or --json; the records are those of 'mmscope forecast'");
	if (o->range || o->class)
		die("hugepages is about whole zones: --node, --zone and --size choose");
	if (o->size)
		huge_order(s, o->size);
	out = out_new(&o->style, &s->info);
	if (out->style.mode == OUT_TABLE)
		puts("Huge pages that could be had. now: without waiting; compacted: after\n"
		     "compaction; dropped: without clean page cache and slab, too; bound: never more.");
	show_zones(s, o, out);
	for (size_t i = 0; i < ARRAY_SIZE(orders) && out->style.mode == OUT_TABLE; i++) {
		struct text size = { 0 };

		if (o->size && huge_order(s, o->size) != orders[i])
			continue;
		text_add_size(&size, (__u64)s->info.page_size << orders[i]);
		advise(s, o, orders[i], size.s);
		text_free(&size);
		if (i == 0 || o->size)
			advise_owners(s, o, orders[i]);
	}
	out_free(out);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope contig PID|--all: how contiguous memory is, what TLBs could make of it,
 * and what a given TLB reaches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "each-process.h"
#include "table.h"

#define TLB_SIZES 8

/**
 * struct tlb - a TLB as it was written: 4K:1536,2M:32
 * @nr: sizes of pages
 * @size: bytes of a page
 * @entries: for pages of that size
 */
struct tlb {
	size_t nr;
	__u64 size[TLB_SIZES];
	__u64 entries[TLB_SIZES];
};

static void bad_tlb(const char *word)
{
	die("bad --tlb '%s': sizes of pages and numbers of entries are wanted: 4K:1536,2M:32,1G:4",
	    word);
}

static void parse_tlb(const char *word, struct tlb *tlb)
{
	const char *at = word;

	memset(tlb, 0, sizeof(*tlb));
	do {
		if (tlb->nr == TLB_SIZES || !parse_number(at, &at, &tlb->size[tlb->nr]) ||
		    !tlb->size[tlb->nr] || *at++ != ':' ||
		    !parse_number(at, &at, &tlb->entries[tlb->nr]) || (*at && *at != ','))
			bad_tlb(word);
		tlb->nr++;
	} while (*at++ == ',');
}

/* the total of a process; 0 or -errno */
static int read_total(struct source *s, __u32 pid, struct table *t)
{
	struct mmscope_walk_arg query;
	int err;

	source_query(&query);
	query.pid = pid;
	err = table_query(s, "contiguity", &query, t);
	if (!err && (!t->nr || table_get(t, t->nr - 1, "kind") != MMSCOPE_CONTIGUITY_TOTAL))
		die("%s: contiguity has no total", s->name);
	return err;
}

static __u64 of_total(const struct table *t, const char *name)
{
	return table_get(t, t->nr - 1, name);
}

static __u64 permille_of(__u64 part, __u64 whole)
{
	return whole && part != MMSCOPE_UNKNOWN ? part * 1000 / whole : MMSCOPE_UNKNOWN;
}

/* bytes that leaf entries of a size map, and how many of these there are */
static __u64 leaves_of(struct source *s, const struct table *t, __u64 size)
{
	if (size == s->info.page_size)
		return of_total(t, "pte_leaves");
	if (size == 2ULL << 20)
		return of_total(t, "pmd_leaves");
	return size == 1ULL << 30 ? of_total(t, "pud_leaves") : 0;
}

/* what the TLB holds at best, of the pages as they are mapped now */
static __u64 reach_of(struct source *s, const struct table *t, const struct tlb *tlb)
{
	__u64 bytes = 0;

	for (size_t i = 0; i < tlb->nr; i++) {
		__u64 leaves = leaves_of(s, t, tlb->size[i]);

		bytes += (leaves < tlb->entries[i] ? leaves : tlb->entries[i]) * tlb->size[i];
	}
	return bytes;
}

/* -------------------------------------------------------------- one process */

static void show_schemes(const struct table *t, struct out *out)
{
	static const char *const counts[] = { "entries", "n80", "n90", "n99" };
	static const char *const covers[] = { "pages32", "pages64", "pages128", "pages256" };
	const __u64 mapped = of_total(t, "mapped_pages");
	struct column column;
	struct board b;

	board_init(&b, "schemes");
	board_column(&b, "scheme", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		board_column(&b, counts[i], MMSCOPE_UNIT_COUNT);
	board_column(&b, "best32", MMSCOPE_UNIT_PERMILLE);
	board_column(&b, "best64", MMSCOPE_UNIT_PERMILLE);
	board_column(&b, "best128", MMSCOPE_UNIT_PERMILLE);
	board_column(&b, "best256", MMSCOPE_UNIT_PERMILLE);
	for (__u32 i = 0; column_element(t->ds, "entries", i, &column); i++) {
		const char *scheme = strchr(column.name, '.') + 1;
		size_t row = board_row(&b);
		char name[96];

		board_text(&b, row, 0, scheme);
		for (size_t j = 0; j < ARRAY_SIZE(counts); j++) {
			snprintf(name, sizeof(name), "%s.%s", counts[j], scheme);
			board_number(&b, row, 1 + j, of_total(t, name));
		}
		for (size_t j = 0; j < ARRAY_SIZE(covers); j++) {
			snprintf(name, sizeof(name), "%s.%s", covers[j], scheme);
			board_number(&b, row, 1 + ARRAY_SIZE(counts) + j,
				     permille_of(of_total(t, name), mapped));
		}
	}
	board_print(&b, out);
}

/* pages by the length of the run they are in */
static void show_runs(const struct table *t, struct out *out)
{
	struct column virtual, range;
	struct board b;

	board_init(&b, "runs");
	board_column(&b, "run_of_pages", MMSCOPE_UNIT_NAME);
	board_column(&b, "virtual", MMSCOPE_UNIT_PAGES);
	board_column(&b, "frames", MMSCOPE_UNIT_PAGES);
	for (__u32 i = 0; column_element(t->ds, "virtual_runs", i, &virtual); i++) {
		if (!column_element(t->ds, "range_runs", i, &range))
			break;
		__u64 v = of_total(t, virtual.name), r = of_total(t, range.name);
		size_t row;

		if (!v && !r)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, strchr(virtual.name, '.') + 1);
		board_number(&b, row, 1, v);
		board_number(&b, row, 2, r);
	}
	board_print(&b, out);
}

static void show_blocks(struct source *s, const struct table *t, struct out *out)
{
	static const char *const names[] = {
		"huge_blocks", "aligned_blocks", "misaligned_blocks", "scattered_blocks",
		"partial_blocks", "partial_pages", "edge_pages",
	};
	struct board b;
	size_t row;

	(void)s;
	board_init(&b, "blocks_2m");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		board_column(&b, names[i], i < 5 ? MMSCOPE_UNIT_COUNT : MMSCOPE_UNIT_PAGES);
	row = board_row(&b);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		board_number(&b, row, i, of_total(t, names[i]));
	board_print(&b, out);
}

static void show_reach(struct source *s, const struct table *t, const struct tlb *tlb,
		       struct out *out)
{
	const __u64 footprint = of_total(t, "mapped_pages") * s->info.page_size;
	struct board b;
	size_t row;

	board_init(&b, "reach");
	board_column(&b, "page_size", MMSCOPE_UNIT_BYTES);
	board_column(&b, "tlb_entries", MMSCOPE_UNIT_COUNT);
	board_column(&b, "mapped_so", MMSCOPE_UNIT_COUNT);
	board_column(&b, "reach", MMSCOPE_UNIT_BYTES);
	board_column(&b, "of_footprint", MMSCOPE_UNIT_PERMILLE);
	for (size_t i = 0; i < tlb->nr; i++) {
		struct tlb one = { 1, { tlb->size[i] }, { tlb->entries[i] } };

		row = board_row(&b);
		board_number(&b, row, 0, tlb->size[i]);
		board_number(&b, row, 1, tlb->entries[i]);
		board_number(&b, row, 2, leaves_of(s, t, tlb->size[i]));
		board_number(&b, row, 3, reach_of(s, t, &one));
		board_number(&b, row, 4, permille_of(reach_of(s, t, &one), footprint));
	}
	board_print(&b, out);
}

static void show_process(struct source *s, __u32 pid, const struct tlb *tlb, struct out *out)
{
	struct table t;

	if (read_total(s, pid, &t))
		die("%s", s->error);
	show_schemes(&t, out);
	show_runs(&t, out);
	show_blocks(s, &t, out);
	if (tlb->nr)
		show_reach(s, &t, tlb, out);
	table_free(&t);
}

/* ------------------------------------------------------------- all processes */

struct contig_all {
	struct board b;
	const struct tlb *tlb;
};

static int add_process(void *ctx, struct source *s, __u32 pid, const char *comm)
{
	struct contig_all *all = ctx;
	struct table t;
	__u64 mapped, reach;
	size_t row;
	int err = read_total(s, pid, &t);

	if (err)
		return err;
	mapped = of_total(&t, "mapped_pages");
	row = board_row(&all->b);
	board_number(&all->b, row, 0, pid);
	board_number(&all->b, row, 1, mapped);
	board_number(&all->b, row, 2, of_total(&t, "n99.virtual"));
	board_number(&all->b, row, 3, of_total(&t, "n99.range"));
	board_number(&all->b, row, 4, of_total(&t, "n99.anchor"));
	board_number(&all->b, row, 5, of_total(&t, "n99.offset"));
	board_number(&all->b, row, 6, permille_of(of_total(&t, "pages32.range"), mapped));
	board_number(&all->b, row, 7, of_total(&t, "misaligned_blocks"));
	board_number(&all->b, row, 8, of_total(&t, "scattered_blocks"));
	reach = permille_of(reach_of(s, &t, all->tlb), mapped * s->info.page_size);
	board_number(&all->b, row, 9, all->tlb->nr ? reach : MMSCOPE_UNKNOWN);
	board_text(&all->b, row, 10, comm);
	table_free(&t);
	return 0;
}

static void show_all(struct source *s, const struct options *o, const struct tlb *tlb,
		     struct out *out)
{
	struct contig_all all = { .tlb = tlb };

	board_init(&all.b, "processes");
	board_column(&all.b, "pid", MMSCOPE_UNIT_ID);
	board_column(&all.b, "mapped", MMSCOPE_UNIT_PAGES);
	board_column(&all.b, "n99_virtual", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "n99_range", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "n99_anchor", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "n99_offset", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "best32_range", MMSCOPE_UNIT_PERMILLE);
	board_column(&all.b, "misaligned", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "scattered", MMSCOPE_UNIT_COUNT);
	board_column(&all.b, "reach", MMSCOPE_UNIT_PERMILLE);
	board_column(&all.b, "comm", MMSCOPE_UNIT_NAME);
	each_process(s, o, add_process, &all);
	board_print(&all.b, out);
}

void cmd_contig(struct source *s, const struct options *o, int argc, char **argv)
{
	struct style style = o->style;
	struct tlb tlb = { 0 };
	struct out *out;

	if (argc != !o->all)
		die("contig wants a process, or --all of them: mmscope contig PID|--all");
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("contig is text or --json; the records are those of 'mmscope contiguity'");
	if (o->tlb)
		parse_tlb(o->tlb, &tlb);
	style.titles = !o->all;
	out = out_new(&style, &s->info);
	if (o->all)
		show_all(s, o, &tlb, out);
	else
		show_process(s, parse_pid(argv[0]), &tlb, out);
	out_free(out);
}

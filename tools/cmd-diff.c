// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope diff: what changed in a process's mappings between two looks, page by
 * page. What the two entries of a page tell is fact; that another frame behind it
 * means a copy, or a move, is inferred.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "table.h"
#include "when.h"

#define KIND_NONE	(~0ULL)

enum change {
	TOUCHED		= 1 << 0,	/* nothing -> page */
	READ_ZERO	= 1 << 1,	/* nothing -> zero page */
	FROM_ZERO	= 1 << 2,	/* zero page -> page */
	SWAPPED_OUT	= 1 << 3,
	SWAPPED_IN	= 1 << 4,
	UNMAPPED	= 1 << 5,	/* anything -> nothing */
	COWED		= 1 << 6,	/* read-only page -> other page, writable */
	MOVED		= 1 << 7,	/* page -> other page, else */
	COLLAPSED	= 1 << 8,	/* page -> page, by a bigger entry */
	SPLIT		= 1 << 9,	/* page -> page, by a smaller entry */
	DIRTIED		= 1 << 10,	/* bits, where there is a page before and after */
	ACCESSED	= 1 << 11,
	PROTECTED	= 1 << 12,	/* no longer writable */
	OTHER		= 1 << 13,	/* into or from a special entry */
};

#define NR_CHANGES 14

static const struct mmscope_value change_names[NR_CHANGES] = {
	{ .value = TOUCHED, .name = "touched" },
	{ .value = READ_ZERO, .name = "read_zero" },
	{ .value = FROM_ZERO, .name = "from_zero" },
	{ .value = SWAPPED_OUT, .name = "swapped_out" },
	{ .value = SWAPPED_IN, .name = "swapped_in" },
	{ .value = UNMAPPED, .name = "unmapped" },
	{ .value = COWED, .name = "cowed" },
	{ .value = MOVED, .name = "moved" },
	{ .value = COLLAPSED, .name = "collapsed" },
	{ .value = SPLIT, .name = "split" },
	{ .value = DIRTIED, .name = "dirtied" },
	{ .value = ACCESSED, .name = "accessed" },
	{ .value = PROTECTED, .name = "protected" },
	{ .value = OTHER, .name = "other" },
};

/* neighbouring pages that changed in the same way */
struct change_row {
	__u64 start;
	__u64 end;
	__u64 pages;
	__u64 what;	/* enum change */
	__u64 from_pfn;
	__u64 to_pfn;
};

static const struct field change_fields[] = {
	OWN_FIELD(struct change_row, start, ADDR, "first address"),
	OWN_FIELD(struct change_row, end, ADDR, "first address beyond"),
	OWN_FIELD(struct change_row, pages, PAGES, "base pages"),
	OWN_NAMED(struct change_row, what, FLAGS, change_names, "what changed"),
	OWN_FIELD(struct change_row, from_pfn, PFN, "frame at the start, before"),
	OWN_FIELD(struct change_row, to_pfn, PFN, "frame at the start, after"),
};

static const struct dataset change_rows = {
	.name = "changes",
	.rec_size = sizeof(struct change_row),
	.nr_fields = ARRAY_SIZE(change_fields),
	.fields = change_fields,
};

/* ------------------------------------------------------------------ the looks */

/* one run of entries; kind KIND_NONE: nothing is there */
struct run {
	__u64 start;
	__u64 end;
	__u64 pfn;
	__u64 size;
	__u64 flags;
	__u64 kind;
	__u64 slot;
};

/**
 * struct look - one look at a process
 * @vmas: its memory areas
 * @runs: what they map, by address
 * @nr: how many
 * @own: a source for this look alone, or NULL
 */
struct look {
	struct table vmas;
	struct run *runs;
	size_t nr;
	struct source *own;
};

static void load_table(struct source *s, const char *name, const struct options *o,
		       struct table *t)
{
	const struct dataset *ds = source_dataset(s, name);
	struct mmscope_walk_arg query;

	if (!ds)
		die("%s: knows no %s", s->name, name);
	query_parse(s, ds, o, &query);
	if (table_query(s, name, &query, t))
		die("%s", s->error);
}

static void look_load(struct source *s, const struct options *o, struct look *look)
{
	struct table t;

	load_table(s, "vmas", o, &look->vmas);
	load_table(s, "mappings", o, &t);
	look->nr = t.nr;
	look->runs = xzalloc((t.nr + 1) * sizeof(*look->runs));
	for (size_t i = 0; i < t.nr; i++)
		look->runs[i] = (struct run) {
			.start = table_get(&t, i, "start"),
			.end = table_get(&t, i, "end"),
			.pfn = table_get(&t, i, "pfn"),
			.size = table_get(&t, i, "page_size_bytes"),
			.flags = table_get(&t, i, "flags"),
			.kind = table_get(&t, i, "kind"),
			.slot = table_get(&t, i, "swap_offset"),
		};
	table_free(&t);
}

static void look_free(struct look *look)
{
	table_free(&look->vmas);
	free(look->runs);
	if (look->own)
		source_close(look->own);
}

/**
 * struct place - where a sweep over the runs of a look is
 * @look: the look
 * @next: the run that ends beyond the address
 */
struct place {
	const struct look *look;
	size_t next;
};

/* What is at an address, cut to begin there. @end becomes where that is no longer so. */
static struct run run_at(struct place *p, __u64 addr, __u64 page, __u64 *end)
{
	const struct run *run;
	struct run r = { .kind = KIND_NONE, .pfn = MMSCOPE_UNKNOWN };

	while (p->next < p->look->nr && p->look->runs[p->next].end <= addr)
		p->next++;
	if (p->next == p->look->nr)
		return r;
	run = &p->look->runs[p->next];
	if (run->start > addr) {
		if (run->start < *end)
			*end = run->start;
		return r;
	}
	if (run->end < *end)
		*end = run->end;
	r = *run;
	if (r.pfn != MMSCOPE_UNKNOWN && r.kind != MMSCOPE_MAPPING_ZERO)
		r.pfn += (addr - r.start) / page;
	if (r.slot != MMSCOPE_UNKNOWN)
		r.slot += (addr - r.start) / page;
	return r;
}

/* ------------------------------------------------------------- classification */

static bool is_page(const struct run *r)
{
	return r->kind == MMSCOPE_MAPPING_PAGE || r->kind == MMSCOPE_MAPPING_PFNMAP;
}

static __u64 page_change(const struct run *a, const struct run *b)
{
	__u64 gained = b->flags & ~a->flags, what = 0;

	if (b->size > a->size)
		what = COLLAPSED;
	else if (b->size < a->size)
		what = SPLIT;
	if (a->pfn != b->pfn && what != COLLAPSED) {
		bool copied = !(a->flags & MMSCOPE_ENTRY_WRITE) && b->flags & MMSCOPE_ENTRY_WRITE;

		what |= copied ? COWED : MOVED;
	}
	if (gained & MMSCOPE_ENTRY_DIRTY)
		what |= DIRTIED;
	if (gained & MMSCOPE_ENTRY_ACCESSED)
		what |= ACCESSED;
	if (a->flags & ~b->flags & MMSCOPE_ENTRY_WRITE)
		what |= PROTECTED;
	return what;
}

static __u64 change_of(const struct run *a, const struct run *b)
{
	if (a->kind == KIND_NONE && b->kind == KIND_NONE)
		return 0;
	if (b->kind == KIND_NONE)
		return UNMAPPED;
	if (is_page(b)) {
		if (is_page(a))
			return page_change(a, b);
		return a->kind == KIND_NONE ? TOUCHED :
		       a->kind == MMSCOPE_MAPPING_ZERO ? FROM_ZERO :
		       a->kind == MMSCOPE_MAPPING_SWAP ? SWAPPED_IN : OTHER;
	}
	if (b->kind == MMSCOPE_MAPPING_ZERO)
		return a->kind == KIND_NONE ? READ_ZERO :
		       a->kind == MMSCOPE_MAPPING_ZERO ? 0 : OTHER;
	if (b->kind == MMSCOPE_MAPPING_SWAP && a->kind != MMSCOPE_MAPPING_SWAP)
		return SWAPPED_OUT;
	if (a->kind == b->kind && (a->slot == b->slot || b->kind != MMSCOPE_MAPPING_SWAP))
		return 0;
	return OTHER;
}

/* ------------------------------------------------------------------ the sweep */

/**
 * struct changes - what was found
 * @rows: runs of pages that changed
 * @nr: how many
 * @page: bytes of a page
 */
struct changes {
	struct change_row *rows;
	size_t nr;
	__u64 page;
};

static bool follows(const struct changes *c, const struct change_row *row, __u64 pfn, __u64 next)
{
	return next == (pfn == MMSCOPE_UNKNOWN ? pfn :
			pfn + (row->end - row->start) / c->page);
}

static void add_change(struct changes *c, const struct change_row *row)
{
	struct change_row *last = c->nr ? &c->rows[c->nr - 1] : NULL;

	if (last && last->end == row->start && last->what == row->what &&
	    follows(c, last, last->from_pfn, row->from_pfn) &&
	    follows(c, last, last->to_pfn, row->to_pfn)) {
		last->end = row->end;
		last->pages += row->pages;
		return;
	}
	c->rows = xrealloc(c->rows, c->nr + 1, sizeof(*c->rows));
	c->rows[c->nr++] = *row;
}

static __u64 shown_pfn(const struct run *r)
{
	return is_page(r) ? r->pfn : MMSCOPE_UNKNOWN;
}

static void compare(const struct look *before, const struct look *after, struct changes *c)
{
	struct place a = { .look = before }, b = { .look = after };

	for (__u64 addr = 0, end; addr != ~0ULL; addr = end) {
		struct run was, is;
		__u64 what;

		end = ~0ULL;
		was = run_at(&a, addr, c->page, &end);
		is = run_at(&b, addr, c->page, &end);
		what = change_of(&was, &is);
		if (what)
			add_change(c, &(struct change_row) {
				.start = addr,
				.end = end,
				.pages = (end - addr) / c->page,
				.what = what,
				.from_pfn = shown_pfn(&was),
				.to_pfn = shown_pfn(&is),
			});
	}
}

/* ---------------------------------------------------------------- the summary */

static const char *vma_state(const struct table *here, size_t i, const struct table *there,
			     const char *absent)
{
	__u64 start = table_get(here, i, "start"), end = table_get(here, i, "end");
	bool overlaps = false;

	for (size_t j = 0; j < there->nr; j++) {
		__u64 other_start = table_get(there, j, "start");
		__u64 other_end = table_get(there, j, "end");

		if (other_start == start && other_end == end)
			return "";
		if (other_start >= end || other_end <= start)
			continue;
		if (other_start >= start && other_end <= end)
			return "grown";
		overlaps = true;
	}
	return overlaps ? "shrunk" : absent;
}

/* Pages of each change within a memory area. Return: all of them together. */
static __u64 sum_changes(const struct changes *c, __u64 start, __u64 end, __u64 *sums)
{
	__u64 all = 0;

	memset(sums, 0, NR_CHANGES * sizeof(*sums));
	for (size_t i = 0; i < c->nr; i++) {
		const struct change_row *row = &c->rows[i];
		__u64 from = row->start > start ? row->start : start;
		__u64 to = row->end < end ? row->end : end;

		if (from >= to)
			continue;
		for (size_t j = 0; j < NR_CHANGES; j++)
			if (row->what >> j & 1)
				sums[j] += (to - from) / c->page;
		all += (to - from) / c->page;
	}
	return all;
}

static void init_summary(struct board *b, const struct changes *c, int *columns)
{
	__u64 sums[NR_CHANGES];

	sum_changes(c, 0, ~0ULL, sums);
	board_init(b, "vmas");
	board_column(b, "start", MMSCOPE_UNIT_ADDR);
	board_column(b, "end", MMSCOPE_UNIT_ADDR);
	board_column(b, "area", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < NR_CHANGES; i++)
		columns[i] = sums[i] ? board_column(b, change_names[i].name,
						    MMSCOPE_UNIT_COUNT) : -1;
	board_column(b, "name", MMSCOPE_UNIT_NAME);
}

static void put_vma(struct board *b, const int *columns, const struct changes *c,
		    const struct table *vmas, size_t i, const char *state)
{
	__u64 start = table_get(vmas, i, "start"), end = table_get(vmas, i, "end");
	__u64 sums[NR_CHANGES];
	size_t row;

	if (!sum_changes(c, start, end, sums) && !*state)
		return;
	row = board_row(b);
	board_number(b, row, 0, start);
	board_number(b, row, 1, end);
	board_text(b, row, 2, state);
	for (size_t j = 0; j < NR_CHANGES; j++)
		board_number(b, row, columns[j], sums[j]);
	table_put_text(vmas, i, "name", b, row, b->ds.nr_fields - 1);
}

/* Each area that there is, and those that there are no more, by address. */
static void show_summary(const struct look *before, const struct look *after,
			 const struct changes *c, struct out *out)
{
	const struct table *old = &before->vmas, *new = &after->vmas;
	int columns[NR_CHANGES];
	__u64 sums[NR_CHANGES];
	size_t i = 0, j = 0, row;
	struct board b;

	init_summary(&b, c, columns);
	while (i < new->nr || j < old->nr) {
		bool is_old = i == new->nr || (j < old->nr && table_get(old, j, "start") <
							      table_get(new, i, "start"));

		if (!is_old) {
			put_vma(&b, columns, c, new, i, vma_state(new, i, old, "new"));
			i++;
		} else {
			if (!strcmp(vma_state(old, j, new, "gone"), "gone"))
				put_vma(&b, columns, c, old, j, "gone");
			j++;
		}
	}
	if (!b.nr && out->style.mode == OUT_TABLE) {
		puts("Nothing changed.");
	} else if (b.nr) {
		row = board_row(&b);
		sum_changes(c, 0, ~0ULL, sums);
		for (size_t k = 0; k < NR_CHANGES; k++)
			board_number(&b, row, columns[k], sums[k]);
		board_text(&b, row, b.ds.nr_fields - 1, "total");
	}
	board_print(&b, out);
}

/* ---------------------------------------------------------------- the command */

/* The second look: later, or of the second recording. */
static void look_again(struct source *s, const struct options *o, const struct options *process,
		       const char *recording, struct look *look)
{
	__u64 ns = parse_duration(o->interval ? o->interval : "1s", "interval");
	struct timespec pause = { ns / NS_PER_SECOND, ns % NS_PER_SECOND };

	if (recording) {
		look->own = source_open(recording, NULL);
		look_load(look->own, process, look);
		return;
	}
	while (nanosleep(&pause, &pause))
		;
	look_load(s, process, look);
}

/* Two samples of one recording, or two recordings. */
static void diff_memory(struct source *s, const struct options *o, const char *other)
{
	if (o->interval || o->pid || o->columns || o->all_columns)
		die("diff of recordings takes --from-sample, --to-sample, --limit and --json");
	diff_recordings(s, o, other);
}

/* Is the first word of diff a recording? A file whose name is a number is ./17. */
bool diff_reads(const char *word)
{
	__u64 pid;

	return strcmp(word, "self") && !parse_whole_number(word, ~0ULL, &pid);
}

void cmd_diff(struct source *s, const struct options *o, int argc, char **argv)
{
	struct options process = { .pid = o->from ? o->pid : argv[0] };
	struct look before = { 0 }, after = { 0 };
	struct changes c = { .page = s->info.page_size };
	struct columns columns = { 0 };
	struct out *out;

	/* the recording is its first word: not a process is meant, but all memory */
	if (argc && o->from == argv[0] && argc <= 2) {
		diff_memory(s, o, argc == 2 ? argv[1] : NULL);
		return;
	}
	if (argc != 1)
		die("diff wants a process or recordings: mmscope diff PID, mmscope diff BEFORE [AFTER], mmscope --from BEFORE diff AFTER");
	if (o->from_sample || o->to_sample)
		die("samples are compared by mmscope diff FILE [FILE]");
	if (o->record)
		die("diff is not recorded: record two looks with 'mmscope --record FILE vmas mappings --pid PID'");
	if (!o->from && o->pid)
		die("diff takes the process as a word: mmscope diff PID");
	if (o->from && o->interval)
		die("two recordings have an interval of their own");
	if (o->interval)
		parse_duration(o->interval, "interval");
	look_load(s, &process, &before);
	look_again(s, o, &process, o->from ? argv[0] : NULL, &after);
	if (after.own && after.own->info.page_size != c.page)
		die("the recordings are of machines with pages of different size");
	compare(&before, &after, &c);
	out = out_new(&o->style, &s->info);
	if (!o->columns && (o->style.mode == OUT_TABLE || o->style.mode == OUT_JSON))
		show_summary(&before, &after, &c, out);
	if (o->columns || o->style.mode != OUT_TABLE) {
		choose_columns(&change_rows, o, &columns);
		out_rows(out, &change_rows, &columns, c.rows, c.nr);
		columns_free(&columns);
	}
	out_free(out);
	free(c.rows);
	look_free(&before);
	look_free(&after);
}

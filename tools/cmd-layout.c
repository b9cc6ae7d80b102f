// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope layout PID: the address space as people draw it, high addresses at the
 * top, neighbours of one file in one line, with the gaps between them.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "table.h"

#define MAX_SEGMENTS 64

/**
 * struct segment - a PT_LOAD of the program, as it is loaded
 * @start: first address, of a page
 * @end: first address beyond, of a page
 * @perms: "r-x"
 */
struct segment {
	__u64 start;
	__u64 end;
	char perms[4];
};

/**
 * struct layout - what is known of an address space
 * @marks: dataset address_space
 * @vmas: dataset vmas
 * @usage: dataset usage: the VMAs, ascending, then the sums
 * @nr_used: records of VMAs in it
 * @segment: of the program's file
 * @nr_segments: how many; 0: it was not read
 */
struct layout {
	struct table marks;
	struct table vmas;
	struct table usage;
	size_t nr_used;
	struct segment segment[MAX_SEGMENTS];
	size_t nr_segments;
};

static __u64 mark(const struct layout *l, const char *name)
{
	return table_get(&l->marks, 0, name);
}

/* ------------------------------------------------------------ the program's file */

static void add_segment(struct layout *l, const Elf64_Phdr *p, __u64 page)
{
	struct segment *s = &l->segment[l->nr_segments];

	if (p->p_type != PT_LOAD || !p->p_memsz || l->nr_segments == MAX_SEGMENTS)
		return;
	s->start = p->p_vaddr & ~(page - 1);
	s->end = (p->p_vaddr + p->p_memsz + page - 1) & ~(page - 1);
	snprintf(s->perms, sizeof(s->perms), "%c%c%c", p->p_flags & PF_R ? 'r' : '-',
		 p->p_flags & PF_W ? 'w' : '-', p->p_flags & PF_X ? 'x' : '-');
	l->nr_segments++;
}

static bool read_headers(int fd, struct layout *l, __u64 page, __u64 *code)
{
	Elf64_Ehdr e;

	if (pread(fd, &e, sizeof(e), 0) != sizeof(e) || memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	*code = ~0ULL;
	for (unsigned int i = 0; i < e.e_phnum; i++) {
		Elf64_Phdr p;

		if (pread(fd, &p, sizeof(p), e.e_phoff + i * sizeof(p)) != sizeof(p))
			return false;
		add_segment(l, &p, page);
		if (p.p_type == PT_LOAD && p.p_flags & PF_X && p.p_vaddr < *code)
			*code = p.p_vaddr;
	}
	return *code != ~0ULL;
}

/* Where a program is loaded follows from where its code is. */
static const char *read_segments(struct layout *l, const struct source *s, const char *pid)
{
	char path[64];
	__u64 code;
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "The program's file cannot be read: its segments are not compared.";
	ok = read_headers(fd, l, s->info.page_size, &code);
	close(fd);
	if (!ok) {
		l->nr_segments = 0;
		return "The program's file is no 64-bit ELF file: its segments are not compared.";
	}
	for (size_t i = 0; i < l->nr_segments; i++) {
		l->segment[i].start += mark(l, "start_code") - code;
		l->segment[i].end += mark(l, "start_code") - code;
	}
	return NULL;
}

static void note_segments(const struct layout *l, __u64 start, __u64 end, struct text *t)
{
	for (size_t i = 0; i < l->nr_segments; i++) {
		const struct segment *s = &l->segment[i];

		if (s->start < end && start < s->end)
			text_add(t, "%sPT_LOAD %zu %s", t->len ? ", " : "", i, s->perms);
	}
}

/* ----------------------------------------------------------------------- lines */

enum {
	COL_START, COL_END, COL_WHAT, COL_PERMS, COL_SIZE, COL_RSS, COL_ABSENT, COL_PSS,
	COL_SHARED, COL_SWAP, COL_HUGE, COL_LOCKED, COL_SEGMENTS, COL_NOTES,
};

static void make_columns(struct board *b)
{
	static const struct {
		const char *name;
		__u32 unit;
	} columns[] = {
		[COL_START] = { "start", MMSCOPE_UNIT_ADDR },
		[COL_END] = { "end", MMSCOPE_UNIT_ADDR },
		[COL_WHAT] = { "what", MMSCOPE_UNIT_NAME },
		[COL_PERMS] = { "perms", MMSCOPE_UNIT_NAME },
		[COL_SIZE] = { "size", MMSCOPE_UNIT_BYTES },
		[COL_RSS] = { "rss", MMSCOPE_UNIT_BYTES },
		[COL_ABSENT] = { "not_resident", MMSCOPE_UNIT_BYTES },
		[COL_PSS] = { "pss", MMSCOPE_UNIT_BYTES },
		[COL_SHARED] = { "shared", MMSCOPE_UNIT_BYTES },
		[COL_SWAP] = { "swap", MMSCOPE_UNIT_BYTES },
		[COL_HUGE] = { "huge", MMSCOPE_UNIT_BYTES },
		[COL_LOCKED] = { "locked", MMSCOPE_UNIT_BYTES },
		[COL_SEGMENTS] = { "segments", MMSCOPE_UNIT_NAME },
		[COL_NOTES] = { "notes", MMSCOPE_UNIT_NAME },
	};

	board_init(b, "layout");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		board_column(b, columns[i].name, columns[i].unit);
}

/* marks of the address space that lie in a line */
static void note_marks(const struct layout *l, __u64 start, __u64 end, struct text *t)
{
	static const char *const marks[] = {
		"start_code", "end_code", "start_data", "end_data", "start_brk", "brk",
		"mmap_base", "start_stack", "arg_start", "env_start",
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		/* marks of an end are of what ends there */
		bool ends = strstr(marks[i], "end_") || !strcmp(marks[i], "brk");
		__u64 at = mark(l, marks[i]);

		if (ends ? at > start && at <= end : at >= start && at < end)
			text_add(t, "%s%s 0x%llx", t->len ? ", " : "", marks[i], at);
	}
}

/* how far the stack may go on growing downwards: to its limit, or to what is below */
static void note_growth(const struct layout *l, __u64 start, __u64 end, __u64 below,
			struct text *t)
{
	__u64 limit = mark(l, "stack_limit_bytes"), gap = mark(l, "stack_gap_bytes");
	__u64 room = start - below;

	if (gap != MMSCOPE_UNKNOWN)
		room = room > gap ? room - gap : 0;
	if (limit != MMSCOPE_UNKNOWN) {
		text_adds(t, t->len ? ", limit " : "limit ");
		text_add_size(t, limit);
		if (limit < end - start + room)
			room = limit > end - start ? limit - (end - start) : 0;
	} else {
		text_adds(t, t->len ? ", no limit" : "no limit");
	}
	text_adds(t, ", may grow by ");
	text_add_size(t, room);
}

static void add_gap(const struct layout *l, struct board *b, __u64 start, __u64 end)
{
	size_t row = board_row(b);
	struct text notes = { 0 };

	board_number(b, row, COL_START, start);
	board_number(b, row, COL_END, end);
	board_number(b, row, COL_SIZE, end - start);
	board_text(b, row, COL_WHAT, "gap");
	note_marks(l, start, end, &notes);
	board_text(b, row, COL_NOTES, notes.s ? notes.s : "");
	text_free(&notes);
}

static bool is_vma(const struct layout *l, size_t i)
{
	return table_get(&l->usage, i, "scope") == MMSCOPE_SCOPE_VMA;
}

/* the first record of usage that does not start below an address */
static size_t find_usage(const struct layout *l, __u64 start)
{
	size_t low = 0, high = l->nr_used;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table_get(&l->usage, middle, "start") < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* the VMAs [first, last] are one line: sum of a column of usage */
static __u64 sum_usage(const struct layout *l, size_t first, size_t last, const char *name)
{
	__u64 start = table_get(&l->vmas, first, "start"), end = table_get(&l->vmas, last, "end");
	__u64 sum = 0;

	for (size_t i = find_usage(l, start);
	     i < l->nr_used && table_get(&l->usage, i, "end") <= end; i++)
		sum += table_get(&l->usage, i, name);
	return sum;
}

static void describe(const struct layout *l, size_t first, struct text *t)
{
	const void *rec = table_record(&l->vmas, first);
	struct column kind, name;
	const char *word;
	size_t len;

	if (column_find(l->vmas.ds, "kind", &kind))
		value_text(t, &kind, rec, true);
	if (!column_find(l->vmas.ds, "name", &name))
		return;
	word = column_name(&name, rec, &len);
	if (word && len && *word != '[')
		text_add(t, " %.*s", (int)len, word);
}

static void add_line(const struct layout *l, struct board *b, size_t first, size_t last)
{
	__u64 start = table_get(&l->vmas, first, "start"), end = table_get(&l->vmas, last, "end");
	__u64 below = first ? table_get(&l->vmas, first - 1, "end") : 0, file, size = 0;
	struct text what = { 0 }, segments = { 0 }, notes = { 0 };
	size_t row = board_row(b);

	for (size_t i = first; i <= last; i++)
		size += table_get(&l->vmas, i, "size_bytes");
	describe(l, first, &what);
	note_segments(l, start, end, &segments);
	note_marks(l, start, end, &notes);
	if (table_get(&l->vmas, first, "kind") == MMSCOPE_VMA_STACK)
		note_growth(l, start, end, below, &notes);
	if (last > first)
		text_add(&notes, "%s%zu VMAs", notes.len ? ", " : "", last - first + 1);
	board_number(b, row, COL_START, start);
	board_number(b, row, COL_END, end);
	board_number(b, row, COL_SIZE, size);
	board_text(b, row, COL_WHAT, what.s ? what.s : "");
	if (first == last)
		table_put_text(&l->vmas, first, "perms", b, row, COL_PERMS);
	board_number(b, row, COL_RSS, sum_usage(l, first, last, "rss_bytes"));
	file = table_get(&l->vmas, first, "inode");
	if (file && segments.len)
		board_number(b, row, COL_ABSENT,
			     size - sum_usage(l, first, last, "rss_bytes"));
	board_number(b, row, COL_PSS, sum_usage(l, first, last, "pss_bytes"));
	board_number(b, row, COL_SHARED, sum_usage(l, first, last, "shared_clean_bytes") +
		     sum_usage(l, first, last, "shared_dirty_bytes") +
		     sum_usage(l, first, last, "shared_hugetlb_bytes"));
	board_number(b, row, COL_SWAP, sum_usage(l, first, last, "swap_bytes"));
	board_number(b, row, COL_HUGE, sum_usage(l, first, last, "anon_huge_bytes") +
		     sum_usage(l, first, last, "shmem_huge_bytes") +
		     sum_usage(l, first, last, "file_huge_bytes") +
		     sum_usage(l, first, last, "private_hugetlb_bytes") +
		     sum_usage(l, first, last, "shared_hugetlb_bytes"));
	board_number(b, row, COL_LOCKED, sum_usage(l, first, last, "locked_bytes"));
	board_text(b, row, COL_SEGMENTS, segments.s ? segments.s : "");
	board_text(b, row, COL_NOTES, notes.s ? notes.s : "");
	text_free(&what);
	text_free(&segments);
	text_free(&notes);
}

/* neighbours without a gap, of one kind and one file; the program's parts stay apart */
static bool one_line(const struct layout *l, size_t a, size_t b)
{
	static const char *const same[] = { "kind", "inode", "dev_major", "dev_minor" };
	__u64 kind = table_get(&l->vmas, a, "kind");

	if (table_get(&l->vmas, a, "end") != table_get(&l->vmas, b, "start"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (table_get(&l->vmas, a, same[i]) != table_get(&l->vmas, b, same[i]))
			return false;
	return kind == MMSCOPE_VMA_FILE || kind == MMSCOPE_VMA_ANON || kind == MMSCOPE_VMA_HEAP ||
	       kind == MMSCOPE_VMA_VVAR;
}

/* from the top down */
static void show_lines(const struct layout *l, struct out *out)
{
	struct board b;
	size_t last = l->vmas.nr;
	__u64 top = mark(l, "task_size");

	make_columns(&b);
	while (last--) {
		size_t first = last;
		__u64 end = table_get(&l->vmas, last, "end");

		while (first && one_line(l, first - 1, first))
			first--;
		if (end < top)
			add_gap(l, &b, end, top);
		add_line(l, &b, first, last);
		top = table_get(&l->vmas, first, "start");
		last = first;
	}
	if (top)
		add_gap(l, &b, 0, top);
	board_print(&b, out);
}

static void load(struct source *s, __u32 pid, const char *name, struct table *t)
{
	struct mmscope_walk_arg query;

	source_query(&query);
	query.pid = pid;
	if (table_query(s, name, &query, t))
		die("%s", s->error);
	if (!t->nr)
		die("%s: %s is empty", s->name, name);
}

void cmd_layout(struct source *s, const struct options *o, int argc, char **argv)
{
	const char *excuse;
	struct layout l = { .nr_segments = 0 };
	struct out *out;
	__u32 pid;

	if (argc != 1)
		die("layout wants a process: mmscope layout PID");
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("layout is text or --json; the records are those of 'mmscope vmas' and 'usage'");
	pid = parse_pid(argv[0]);
	load(s, pid, "address_space", &l.marks);
	load(s, pid, "vmas", &l.vmas);
	load(s, pid, "usage", &l.usage);
	for (l.nr_used = l.usage.nr; l.nr_used && !is_vma(&l, l.nr_used - 1); l.nr_used--)
		;
	excuse = "The program's file is where this was recorded: its segments are not compared.";
	if (!o->from)
		excuse = read_segments(&l, s, argv[0]);
	out = out_new(&o->style, &s->info);
	show_lines(&l, out);
	if (excuse && out->style.mode == OUT_TABLE)
		printf("\n%s\n", excuse);
	out_free(out);
	table_free(&l.marks);
	table_free(&l.vmas);
	table_free(&l.usage);
}

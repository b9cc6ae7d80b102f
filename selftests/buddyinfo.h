/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own tables of free memory by zone and order, and a state in which
 * they give up: /proc/buddyinfo, /proc/pagetypeinfo, debugfs/extfrag.
 * Include after process.h.
 */
#ifndef _MMSCOPE_BUDDYINFO_H
#define _MMSCOPE_BUDDYINFO_H

#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>

#define BUDDYINFO	"/proc/buddyinfo"
#define PAGETYPEINFO	"/proc/pagetypeinfo"
#define UNUSABLE_INDEX	"/sys/kernel/debug/extfrag/unusable_index"
#define EXTFRAG_INDEX	"/sys/kernel/debug/extfrag/extfrag_index"

#define ROW_VALUES	16

/* one line: "Node 0, zone DMA, type Movable 1 2 >100000" */
struct row {
	unsigned int node;
	char zone[16];
	char type[16];			/* empty if the line has none */
	unsigned int nr;
	long value[ROW_VALUES];		/* 0.123 is 123 */
	bool more[ROW_VALUES];		/* printed as ">value" */
};

/* Parse a line. Returns the number of values, 0 if it is no row. */
static inline unsigned int parse_row(const char *line, struct row *r)
{
	char word[32];
	int n;

	memset(r, 0, sizeof(*r));
	if (sscanf(line, "Node %u, zone %15[^, ]%n", &r->node, r->zone, &n) != 2)
		return 0;
	line += n;
	if (sscanf(line, ", type %15s%n", r->type, &n) == 1)
		line += n;
	while (r->nr < ROW_VALUES && sscanf(line, "%31s%n", word, &n) == 1) {
		char *end = word;

		line += n;
		r->more[r->nr] = *end == '>';
		r->value[r->nr] = strtol(end + r->more[r->nr], &end, 10);
		if (*end == '.') {
			bool minus = word[0] == '-';
			long part = strtol(end + 1, &end, 10);

			if (minus && part > 0)
				part = -part;
			r->value[r->nr] = r->value[r->nr] * 1000 + part;
		}
		if (*end)
			break;
		r->nr++;
	}
	return r->nr;
}

/* the next row of a text, with or without a type; NULL if there is none */
static inline const char *next_row(const char *text, bool typed, struct row *r)
{
	while (text && *text) {
		bool found = parse_row(text, r) && typed == !!r->type[0];

		text = strchr(text, '\n');
		if (text)
			text++;
		if (found)
			return text ? text : "";
	}
	return NULL;
}

#define for_each_row(_text, _typed, _row) \
	for (const char *_at = next_row(_text, _typed, _row); _at; \
	     _at = next_row(_at, _typed, _row))

/* ------------------------------------------------- more than 100,000 free pages */

#define LIMIT_FRACTION "/proc/sys/vm/percpu_pagelist_high_fraction"

struct shredded {
	char *mem;
	size_t bytes;
	size_t freed;		/* pages */
};

static inline void shredded_free(struct shredded *s)
{
	munmap(s->mem, s->bytes);
	write_file(LIMIT_FRACTION, "0");
}

/*
 * Take `pages` pages and give every odd frame back: none of them can merge, so
 * they are order 0, on few lists. Returns 0, or -1 if there is no memory.
 */
static inline int shred_memory(size_t pages, struct shredded *s)
{
	const size_t page = getpagesize();
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;
	size_t i;

	*s = (struct shredded){ .bytes = pages * page };
	/* or per-CPU lists keep the pages */
	write_file(LIMIT_FRACTION, "1000000");
	s->mem = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->mem == MAP_FAILED || map < 0)
		return -1;
	madvise(s->mem, s->bytes, MADV_NOHUGEPAGE);
	if (madvise(s->mem, s->bytes, MADV_POPULATE_WRITE))
		return -1;
	for (i = 0; i < pages; i++) {
		char *at = s->mem + i * page;

		if (pread(map, &entry, sizeof(entry), (uintptr_t)at / page * sizeof(entry)) !=
		    sizeof(entry))
			return -1;
		if (entry & 1 && !madvise(at, page, MADV_DONTNEED))
			s->freed++;
	}
	close(map);
	return 0;
}

#define TOO_SHORT \
	"all as expected, but the longest list has %zu blocks: wants a zone of %lu MiB, a fast kernel"

/* pages a second that this kernel gives, takes and looks up: debug kernels are slow */
static inline size_t shred_speed(void)
{
	struct timespec begin, end;
	struct shredded s;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (!shred_memory(2048, &s))
		shredded_free(&s);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return 2048 * 1000 / ((end.tv_sec - begin.tv_sec) * 1000 +
			      (end.tv_nsec - begin.tv_nsec) / 1000000 + 1);
}

/*
 * How many to shred for `blocks` single free pages and some more, if the machine
 * has so many to spare and is done with them in half a minute.
 */
static inline size_t pages_to_shred(size_t blocks)
{
	size_t want = 2 * (blocks + 20000), quick = 30 * shred_speed(), spare;
	/* reserves, and those for atomic allocations, are so many blocks of a huge page */
	uint64_t available_kib = 0, keep_kib = 8 * HUGE_2M / 1024;

	read_number("/proc/meminfo", "MemAvailable", &available_kib);
	spare = available_kib > keep_kib ? (available_kib - keep_kib) * 1024 / getpagesize() : 0;
	want = spare < want ? spare : want;
	return quick < want ? quick : want;
}

#endif /* _MMSCOPE_BUDDYINFO_H */

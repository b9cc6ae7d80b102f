// SPDX-License-Identifier: GPL-2.0
/*
 * contiguity against a brute-force count: every number is made anew from
 * /proc/PID/pagemap of a stopped process by the definitions in the uapi header,
 * page by page, and must be the same to the last bit.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "brute.h"

#define BLOCK		PAGES_2M
#define SCHEMES		MMSCOPE_NR_SCHEMES
#define NODES		MMSCOPE_NR_NODES
#define UNKNOWN		MMSCOPE_UNKNOWN

/* ----------------------------------------------------------------- the records */

static uint64_t percent_of(const struct lengths *l, uint64_t all, uint64_t percent)
{
	uint64_t covered = 0;
	size_t n = 0;

	while (100 * covered < percent * all)
		covered += l->len[l->nr - ++n];
	return n;
}

static uint64_t best(const struct lengths *l, size_t n)
{
	uint64_t covered = 0;

	for (size_t i = 0; i < n && i < l->nr; i++)
		covered += l->len[l->nr - 1 - i];
	return covered;
}

static void set_scheme(struct mmscope_contiguity *c, int i, struct lengths *l)
{
	qsort(l->len, l->nr, sizeof(*l->len), by_size);
	c->entries[i] = l->unknown ? UNKNOWN : l->nr;
	c->n80[i] = l->unknown ? UNKNOWN : percent_of(l, c->mapped_pages, 80);
	c->n90[i] = l->unknown ? UNKNOWN : percent_of(l, c->mapped_pages, 90);
	c->n99[i] = l->unknown ? UNKNOWN : percent_of(l, c->mapped_pages, 99);
	c->pages32[i] = l->unknown ? UNKNOWN : best(l, 32);
	c->pages64[i] = l->unknown ? UNKNOWN : best(l, 64);
	c->pages128[i] = l->unknown ? UNKNOWN : best(l, 128);
	c->pages256[i] = l->unknown ? UNKNOWN : best(l, 256);
}

static void set_distribution(__u64 *pages, const struct lengths *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		int order = 0;

		while (l->len[i] >> (order + 1))
			order++;
		pages[order] += l->len[i];
	}
}

/* frames by node, as sysfs shows its blocks of memory */
static uint32_t node_of(uint64_t pfn)
{
	static uint64_t block;
	static signed char nodes[4096];
	uint64_t nr;
	char path[96];

	if (!block) {
		char *text = read_file("/sys/devices/system/memory/block_size_bytes");

		block = strtoul(text, NULL, 16) / PAGE;
		free(text);
		memset(nodes, -1, sizeof(nodes));
		for (nr = 0; nr < ARRAY_LEN(nodes) * 4; nr++) {
			snprintf(path, sizeof(path), "/sys/devices/system/node/node%lu/memory%lu",
				 nr % 4, nr / 4);
			if (!access(path, F_OK))
				nodes[nr / 4] = nr % 4;
		}
	}
	nr = pfn / block;
	return nr < ARRAY_LEN(nodes) && nodes[nr] >= 0 ? (uint32_t)nodes[nr] : NODES;
}

static void brute_pages(const struct area *a, struct mmscope_contiguity *c)
{
	for (size_t i = 0; i < a->nr; i++) {
		uint32_t node;

		if (!mapped(a, i))
			continue;
		c->mapped_pages++;
		if (frame_flags(frame(a, i)) >> KPF_ZERO_PAGE & 1) {
			c->zero_pages++;
			continue;
		}
		node = node_of(frame(a, i));
		if (node < NODES)
			c->node_pages[node]++;
		else
			c->frameless_pages++;
	}
}

/* blocks of small pages; of a VMA that has huge ones the kernel does not tell which */
static void brute_blocks(const struct area *a, struct mmscope_contiguity *c)
{
	size_t i, next;

	for (i = 0; i < a->nr; i = next) {
		uint64_t nr = vpn(a, i) / BLOCK, pages = 0;
		bool whole, run = true;

		for (next = i; next < a->nr && vpn(a, next) / BLOCK == nr; next++) {
			pages += mapped(a, next);
			if (next > i && !goes_on(a, next, true))
				run = false;
		}
		whole = next - i == BLOCK;
		if (!pages)
			continue;
		if (!whole) {
			c->edge_pages += pages;
		} else if (pages < BLOCK) {
			c->partial_blocks++;
			c->partial_pages += pages;
		} else if (!run) {
			c->scattered_blocks++;
		} else if (frame(a, i) % BLOCK) {
			c->misaligned_blocks++;
		} else {
			c->aligned_blocks++;
		}
	}
}

/* 2M entries, by smaps; the huge zero page is in no sum there */
static uint64_t huge_entries(const struct area *a)
{
	uint64_t bytes = a->map->anon_huge + a->map->shmem_pmd + a->map->file_pmd, zero = 0;

	if (map_has(a->map, "ht"))
		return 0;
	for (size_t i = 0; i < a->nr; i++) {
		uint64_t flags = mapped(a, i) ? frame_flags(frame(a, i)) : 0;

		zero += (flags >> KPF_ZERO_PAGE) & (flags >> KPF_THP) & 1;
	}
	return bytes / HUGE_2M + zero / BLOCK;
}

static void brute_leaves(const struct area *a, struct mmscope_contiguity *c)
{
	uint64_t pages = 0, pmds;

	for (size_t i = 0; i < a->nr; i++)
		pages += mapped(a, i);
	if (map_has(a->map, "ht")) {
		uint64_t size = a->map->kernel_page_size;

		if (size == HUGE_1G)
			c->pud_leaves += pages * PAGE / size;
		else
			c->pmd_leaves += pages * PAGE / size;
		c->huge_blocks += pages / BLOCK;
		return;
	}
	pmds = huge_entries(a);
	c->pmd_leaves += pmds;
	c->huge_blocks += pmds;
	c->pte_leaves += pages - pmds * BLOCK;
	if (!pmds)
		brute_blocks(a, c);
	else if (pages != pmds * BLOCK)
		c->edge_pages = UNKNOWN;	/* not compared */
}

static void brute(const struct area *areas, size_t nr, uint32_t kind, pid_t pid,
		  struct mmscope_contiguity *c)
{
	struct lengths of[SCHEMES] = { 0 }, anchors = { 0 };
	uint64_t least = UNKNOWN;

	memset(c, 0, sizeof(*c));
	c->pid = pid;
	c->kind = kind;
	c->start = areas[0].map->start;
	c->end = areas[nr - 1].map->end;
	c->vmas = nr;
	for (size_t i = 0; i < nr; i++) {
		c->virtual_bytes += areas[i].map->end - areas[i].map->start;
		brute_pages(&areas[i], c);
		brute_vma(&areas[i], &of[MMSCOPE_SCHEME_VMA]);
		brute_runs(&areas[i], false, &of[MMSCOPE_SCHEME_VIRTUAL]);
		brute_runs(&areas[i], true, &of[MMSCOPE_SCHEME_RANGE]);
		brute_offset(&areas[i], &of[MMSCOPE_SCHEME_OFFSET]);
	}
	for (uint64_t distance = 2; distance <= 65536; distance *= 2) {
		anchors.nr = 0;
		for (size_t i = 0; i < nr; i++)
			brute_anchor(&areas[i], distance, &anchors);
		if (anchors.nr >= least)
			continue;
		least = anchors.nr;
		c->anchor_pages = distance;
	}
	free(anchors.len);
	for (size_t i = 0; i < nr; i++)
		brute_anchor(&areas[i], c->anchor_pages, &of[MMSCOPE_SCHEME_ANCHOR]);
	set_distribution(c->virtual_runs, &of[MMSCOPE_SCHEME_VIRTUAL]);
	set_distribution(c->range_runs, &of[MMSCOPE_SCHEME_RANGE]);
	for (int i = 0; i < SCHEMES; i++) {
		set_scheme(c, i, &of[i]);
		free(of[i].len);
	}
}

/* what is not in pagemap is taken over, after a look at the sums */
static int settle(const struct area *a, const struct mmscope_contiguity *ours,
		  struct mmscope_contiguity *c)
{
	uint64_t swapped = 0;

	if (a) {
		brute_leaves(a, c);
		for (size_t i = 0; i < a->nr; i++)
			swapped += a->shown && a->pagemap[i] & PM_SWAP;
		if (swapped != ours->swapped_pages + ours->other_pages)
			return -1;
		if (a->shown && ours->pfnmap_pages)
			return -1;
	}
	if (ours->mapped_pages != BLOCK * (ours->huge_blocks + ours->aligned_blocks +
					   ours->misaligned_blocks + ours->scattered_blocks) +
				  ours->partial_pages + ours->edge_pages)
		return -1;
	if (!a || c->edge_pages == UNKNOWN) {
		c->edge_pages = ours->edge_pages;
		c->aligned_blocks = ours->aligned_blocks;
		c->misaligned_blocks = ours->misaligned_blocks;
		c->scattered_blocks = ours->scattered_blocks;
		c->partial_blocks = ours->partial_blocks;
		c->partial_pages = ours->partial_pages;
	}
	c->swapped_pages = ours->swapped_pages;
	c->other_pages = ours->other_pages;
	c->pfnmap_pages = ours->pfnmap_pages;
	return 0;
}

/* the first u64 that differs is told */
static bool differs(const struct mmscope_contiguity *ours, const struct mmscope_contiguity *theirs,
		    const char *what)
{
	const uint64_t *x = (const void *)ours, *y = (const void *)theirs;

	for (size_t i = 0; i < sizeof(*ours) / sizeof(*x); i++) {
		if (x[i] == y[i])
			continue;
		fprintf(stderr, "# %s %#lx-%#lx: at byte %zu of the record %lu, not %lu\n", what,
			(unsigned long)ours->start, (unsigned long)ours->end, i * sizeof(*x), x[i],
			y[i]);
		return true;
	}
	return false;
}

static void read_areas(pid_t pid, const struct maps *maps, struct area *areas)
{
	for (size_t i = 0; i < maps->nr; i++) {
		const struct map *m = &maps->map[i];

		areas[i] = (struct area){
			.map = m,
			.pagemap = read_pagemap(pid, m->start, m->end),
			.nr = (m->end - m->start) / PAGE,
			.shown = !map_has(m, "pf"),
		};
	}
}

/* sums of the VMAs that a total has, beside what brute() makes */
static void add_sums(struct mmscope_contiguity *total, const struct mmscope_contiguity *c)
{
	total->pte_leaves += c->pte_leaves;
	total->pmd_leaves += c->pmd_leaves;
	total->pud_leaves += c->pud_leaves;
	total->huge_blocks += c->huge_blocks;
	total->aligned_blocks += c->aligned_blocks;
	total->misaligned_blocks += c->misaligned_blocks;
	total->scattered_blocks += c->scattered_blocks;
	total->partial_blocks += c->partial_blocks;
	total->partial_pages += c->partial_pages;
	total->edge_pages += c->edge_pages;
	total->swapped_pages += c->swapped_pages;
	total->other_pages += c->other_pages;
	total->pfnmap_pages += c->pfnmap_pages;
}

/* VMAs whose record is wrong, and 1000 for the total; `seen` gets the total */
static int compare_process(int fd, pid_t pid, struct mmscope_contiguity *seen)
{
	struct mmscope_contiguity theirs, sums = { 0 };
	const struct mmscope_contiguity *ours;
	struct area *areas;
	struct answer a;
	struct maps maps;
	int bad = 0;

	if (read_maps(pid, &maps))
		return -1;
	areas = calloc(maps.nr, sizeof(*areas));
	read_areas(pid, &maps, areas);
	if (walk_pid(fd, MMSCOPE_DS_CONTIGUITY, pid, &a) || a.nr != maps.nr + 1)
		return -1;
	ours = a.records;
	for (size_t i = 0; i < maps.nr; i++, ours++) {
		brute(&areas[i], 1, MMSCOPE_CONTIGUITY_VMA, pid, &theirs);
		if (settle(&areas[i], ours, &theirs) || differs(ours, &theirs, maps.map[i].path))
			bad++;
		add_sums(&sums, &theirs);
	}
	brute(areas, maps.nr, MMSCOPE_CONTIGUITY_TOTAL, pid, &theirs);
	add_sums(&theirs, &sums);
	/* one VMA with too many offsets is enough; brute() asks them each */
	if (differs(ours, &theirs, "total"))
		bad += 1000;
	*seen = *ours;
	fprintf(stderr, "# %zu VMAs, %lu pages, entries %lu %lu %lu %lu (d=%lu) %ld, lock %lu ns\n",
		maps.nr, (unsigned long)ours->mapped_pages, (unsigned long)ours->entries[0],
		(unsigned long)ours->entries[1], (unsigned long)ours->entries[2],
		(unsigned long)ours->entries[3], (unsigned long)ours->anchor_pages,
		(long)ours->entries[4], (unsigned long)a.max_lock_ns);
	for (size_t i = 0; i < maps.nr; i++)
		free(areas[i].pagemap);
	free(areas);
	answer_free(&a);
	maps_free(&maps);
	return bad;
}

/* ------------------------------------------------------------------- processes */

static uint64_t any(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 16) % below;
}

/* some VMAs, their pages touched in stretches and singly, some dropped again */
static int prepare_random(void *arg)
{
	uint64_t state = 88172645463325252UL * *(int *)arg + 1;

	for (int vma = 0; vma < 6; vma++) {
		/* up to six blocks, so that some of them are whole */
		size_t pages = 64 + any(&state, 6 * PAGES_2M - 72);
		char *p = zoo_anon(pages * PAGE);

		for (int i = 0; i < 60; i++) {
			size_t first = any(&state, pages);
			size_t nr = 1 + any(&state, 1 << any(&state, 9));

			for (; nr && first < pages; nr--, first++)
				p[first * PAGE] = 1;
		}
		for (int i = 0; i < 20; i++)
			madvise(p + any(&state, pages) * PAGE, PAGE, MADV_DONTNEED);
		/* a neighbour with other rights, so that VMAs meet */
		mprotect(p, any(&state, pages) * PAGE, PROT_READ);
	}
	return 0;
}

/* all pages of an area, in no order */
static int prepare_shuffled(void *arg)
{
	const size_t pages = *(int *)arg;
	uint32_t *order = malloc(pages * sizeof(*order));
	uint64_t state = 4711;
	char *p = zoo_anon(pages * PAGE);

	for (size_t i = 0; i < pages; i++)
		order[i] = i;
	for (size_t i = pages - 1; i; i--) {
		size_t j = any(&state, i + 1);
		uint32_t other = order[j];

		order[j] = order[i];
		order[i] = other;
	}
	for (size_t i = 0; i < pages; i++)
		p[order[i] * PAGE] = 1;
	return 0;
}

/* huge pages split where they are, and moved to where they fit no more */
static int prepare_split(void *arg)
{
	char *thp, *moved;
	char *to = zoo_map(18 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	char *small = zoo_anon(40 << 20);

	(void)arg;
	/* none of this is of hugetlb, and the memory of its pool may be a good part of all */
	write_file("/proc/sys/vm/nr_hugepages", "0");
	write_file("/proc/sys/vm/compact_memory", "1");
	thp = zoo_huge(8 * HUGE_2M);
	touch(thp, 8 * HUGE_2M, PAGE);
	moved = zoo_two_in_a_row();
	if (!moved)
		return 3;
	touch(small, 40 << 20, PAGE);
	/* the first two in pieces */
	for (size_t at = 0; at < 2 * HUGE_2M; at += HUGE_2M) {
		mprotect(thp + at + PAGE, PAGE, PROT_READ);
		mprotect(thp + at + PAGE, PAGE, PROT_READ | PROT_WRITE);
	}
	to = (char *)(((uintptr_t)to + HUGE_2M - 1) & ~(HUGE_2M - 1)) + 3 * PAGE;
	if (mremap(moved, 2 * HUGE_2M, 2 * HUGE_2M, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return 1;
	/* single pages in a row, each from elsewhere */
	for (size_t i = 0; i < 64; i++)
		if (mremap(small + i * 5 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   to + 8 * HUGE_2M + i * PAGE) == MAP_FAILED)
			return 2;
	return 0;
}

static int prepare_nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* in turns from each node */
static int prepare_nodes(void *arg)
{
	const size_t pages = 4096;
	char *p = zoo_anon(pages * PAGE);
	unsigned long all = 3;

	(void)arg;
	if (syscall(SYS_mbind, p, pages * PAGE, 3 /* MPOL_INTERLEAVE */, &all, 64, 0))
		return 1;
	touch(p, pages * PAGE, PAGE);
	return 0;
}

FIXTURE(contiguity)
{
	int fd;
	struct mmscope_contiguity total;
};

FIXTURE_SETUP(contiguity)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
}

FIXTURE_TEARDOWN(contiguity)
{
	zoo_teardown();
	close(self->fd);
}

TEST_F(contiguity, of_one_of_each)
{
	struct zoo *zoo;
	pid_t pid = zoo_child(&zoo);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
	EXPECT_LT(0, self->total.swapped_pages);
	EXPECT_LT(0, self->total.pfnmap_pages);
	EXPECT_LT(0, self->total.zero_pages);
	EXPECT_LT(0, self->total.huge_blocks);
	kill_child(pid);
}

TEST_F(contiguity, of_random_holes)
{
	for (int seed = 1; seed <= 6; seed++) {
		pid_t pid = stopped_child(prepare_random, &seed);

		ASSERT_LT(0, pid);
		EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
		EXPECT_LT(0, self->total.partial_blocks);
		kill_child(pid);
	}
}

TEST_F(contiguity, of_scattered_frames)
{
	int pages = 8000;
	pid_t pid = stopped_child(prepare_shuffled, &pages);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
	EXPECT_LT(0, self->total.scattered_blocks);
	EXPECT_NE(UNKNOWN, self->total.entries[MMSCOPE_SCHEME_OFFSET]);
	kill_child(pid);

	/* more than are counted: unknown, and only that */
	pages = 30000;
	pid = stopped_child(prepare_shuffled, &pages);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
	EXPECT_EQ(UNKNOWN, self->total.entries[MMSCOPE_SCHEME_OFFSET]);
	EXPECT_EQ(UNKNOWN, self->total.n80[MMSCOPE_SCHEME_OFFSET]);
	kill_child(pid);
}

TEST_F(contiguity, of_huge_pages_split_and_moved)
{
	pid_t pid;

	need_thp();
	pid = stopped_child(prepare_split, NULL);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
	EXPECT_LT(0, self->total.aligned_blocks);
	EXPECT_LT(0, self->total.misaligned_blocks);
	EXPECT_LT(0, self->total.huge_blocks);
	EXPECT_LT(0, self->total.edge_pages);
	kill_child(pid);
}

TEST_F(contiguity, of_several_nodes)
{
	bool nodes = !access("/sys/devices/system/node/node1", F_OK);
	pid_t pid = stopped_child(nodes ? prepare_nodes : prepare_nothing, NULL);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->total));
	EXPECT_LT(0, self->total.node_pages[0]);
	EXPECT_EQ(nodes, self->total.node_pages[1] >= 2048);
	kill_child(pid);
}

/* calls with room for one record, classes, and ranges give the same */
TEST_F(contiguity, however_it_is_asked_for)
{
	int seed = 7;
	pid_t pid = stopped_child(prepare_random, &seed);
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_CONTIGUITY);
	struct answer all, one, vmas, total, range;
	const struct mmscope_contiguity *c;

	ASSERT_LT(0, pid);
	arg.pid = pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &all));
	ASSERT_LT(10, all.nr);
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(all.nr, one.nr);
	EXPECT_EQ(0, memcmp(all.records, one.records, all.nr * all.rec_size));
	arg.class_mask = 1 << MMSCOPE_CONTIGUITY_VMA;
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 2, &vmas));
	ASSERT_EQ(all.nr - 1, vmas.nr);
	EXPECT_EQ(0, memcmp(all.records, vmas.records, vmas.nr * all.rec_size));
	arg.class_mask = 1 << MMSCOPE_CONTIGUITY_TOTAL;
	ASSERT_EQ(0, walk_all(self->fd, arg, &total));
	ASSERT_EQ(1, total.nr);
	c = all.records;
	EXPECT_EQ(0, memcmp(c + vmas.nr, total.records, all.rec_size));
	arg.class_mask = 0;
	arg.start = c[3].start;
	arg.end = c[5].end;
	ASSERT_EQ(0, walk_all(self->fd, arg, &range));
	ASSERT_EQ(4, range.nr);
	EXPECT_EQ(0, memcmp(c + 3, range.records, 3 * all.rec_size));
	answer_free(&all);
	answer_free(&one);
	answer_free(&vmas);
	answer_free(&total);
	answer_free(&range);
	kill_child(pid);
}

TEST_HARNESS_MAIN

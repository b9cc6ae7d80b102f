// SPDX-License-Identifier: GPL-2.0
/*
 * MMSCOPE_IOC_RMAP against the join of the pagemaps of all processes: frames that
 * three children share, map twice, map huge, or that nobody maps.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <pthread.h>
#include <sched.h>

#include "common.h"
#include "process.h"
#include "rmap.h"
#include "zoo.h"

#define CHILDREN	3
#define PAGES		16
#define ROOM		4096	/* records a call */
#define TRIES		20

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static const struct mmscope_pfn_range everything = { 0, ~0ULL };

/* where things are, in the parent and in each child */
struct cast {
	int next;		/* child to be prepared */
	int file;
	char *cow;		/* private, written before the fork only */
	char *shared;		/* MAP_SHARED anonymous */
	char *hugetlb;		/* MAP_SHARED, 1 page of 2M */
	struct {
		char *file;	/* at another address in each */
		char *file_again;	/* child 0: the same page twice in a row */
		char *own;	/* private anonymous */
		char *thp;	/* child 0: two huge pages, the second mapped by PTEs */
		char *zero;	/* only read */
		char *devmem;
		char *stack;
	} child[CHILDREN];
};

static char *map_file(int fd, int nr, size_t pages)
{
	char *where = (char *)0x100000000000 + nr * HUGE_1G;
	char *p = mmap(where, pages * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (p != MAP_FAILED)
		zoo_read(p, pages * PAGE);
	return p;
}

static int prepare_huge(struct cast *c, int nr)
{
	char *p = zoo_huge(2 * HUGE_2M);

	c->child[nr].thp = p;
	if (!p)
		return 1;
	touch(p, 2 * HUGE_2M, PAGE);
	p += HUGE_2M;
	/*
	 * VMAs are split inside of the second huge page, and with them its mapping;
	 * so there are neighbouring frames of two VMAs, and (cold: not accessed) of
	 * one VMA but with other flags.
	 */
	return mprotect(p + 7 * PAGE, 5 * PAGE, PROT_READ) ||
	       madvise(p + 100 * PAGE, 50 * PAGE, MADV_DONTDUMP) ||
	       madvise(p + 300 * PAGE, 7 * PAGE, MADV_COLD);
}

static int prepare(void *arg)
{
	struct cast *c = arg;
	int nr = c->next, mem;

	c->child[nr].stack = (char *)((uintptr_t)&nr & ~(PAGE - 1));
	c->child[nr].file = map_file(c->file, 2 * nr, PAGES);
	zoo_read(c->shared, PAGES * PAGE);
	if (nr)
		madvise(c->shared + (PAGES - 1) * PAGE, PAGE, MADV_DONTNEED);
	zoo_read(c->cow, PAGES * PAGE);
	__atomic_load_n(c->hugetlb + 12345, __ATOMIC_RELAXED);
	c->child[nr].own = zoo_anon(PAGES * PAGE);
	touch(c->child[nr].own, PAGES * PAGE, PAGE);
	c->child[nr].zero = zoo_anon(PAGES * PAGE);
	zoo_read(c->child[nr].zero, PAGES * PAGE);
	mem = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	c->child[nr].devmem = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, mem, ZOO_DEVMEM);
	if (c->child[nr].file == MAP_FAILED || c->child[nr].devmem == MAP_FAILED)
		return 1;
	zoo_read(c->child[nr].devmem, PAGES * PAGE);
	if (nr)
		return 0;
	c->child[nr].file_again = map_file(c->file, 1, 1);
	return prepare_huge(c, nr);
}

FIXTURE(rmap)
{
	int fd;
	struct cast *cast;
	pid_t pid[CHILDREN];
	struct rmap_answer a;
};

FIXTURE_SETUP(rmap)
{
	struct cast *c = (void *)zoo_map(sizeof(*c), MAP_SHARED | MAP_ANONYMOUS);

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->cast = c;
	c->file = open("/root/mmscope-rmap", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ASSERT_EQ(0, unlink("/root/mmscope-rmap"));
	ASSERT_EQ(0, ftruncate(c->file, PAGES * PAGE));
	c->cow = zoo_anon(PAGES * PAGE);
	touch(c->cow, PAGES * PAGE, PAGE);
	c->shared = zoo_map(PAGES * PAGE, MAP_SHARED | MAP_ANONYMOUS);
	touch(c->shared, PAGES * PAGE, PAGE);
	c->hugetlb = zoo_map(HUGE_2M, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB);
	ASSERT_NE(NULL, c->hugetlb);
	touch(c->hugetlb, HUGE_2M, HUGE_2M);
	for (c->next = 0; c->next < CHILDREN; c->next++) {
		self->pid[c->next] = stopped_child(prepare, c);
		ASSERT_LT(0, self->pid[c->next]);
	}
}

FIXTURE_TEARDOWN(rmap)
{
	for (int i = 0; i < CHILDREN; i++)
		kill_child(self->pid[i]);
	rmap_free(&self->a);
	munmap(self->cast->hugetlb, HUGE_2M);
	close(self->cast->file);
	zoo_teardown();
	close(self->fd);
}

/* frames of some pages of a process, one range each */
static size_t frames_of(pid_t pid, const char *addr, size_t pages, struct mmscope_pfn_range *out)
{
	uint64_t *entries = read_pagemap(pid, (uintptr_t)addr, (uintptr_t)addr + pages * PAGE);
	size_t nr = 0;

	for (size_t i = 0; entries && i < pages; i++) {
		const uint64_t pfn = entries[i] & PM_FRAME;

		if (entries[i] & PM_PRESENT)
			out[nr++] = (struct mmscope_pfn_range){ pfn, pfn + 1 };
	}
	free(entries);
	return nr;
}

/*
 * Ours between two equal joins; 0: the same. `places` is how many there are. With
 * a pid only of that process, ours still asked for all.
 */
static int compare(int fd, const struct mmscope_pfn_range *ranges, size_t nr, pid_t pid,
		   struct rmap_answer *a, size_t *places)
{
	int bad = -1;

	for (int try = 0; try < TRIES && bad < 0; try++) {
		struct places before = { 0 }, after = { 0 }, ours = { 0 };

		rmap_free(a);
		if (pid)
			join_process(pid, ranges, nr, &before);
		else
			join_all(ranges, nr, &before);
		if (rmap_all(fd, rmap_arg(ranges, nr), ROOM, a))
			return -1;
		if (pid)
			join_process(pid, ranges, nr, &after);
		else
			join_all(ranges, nr, &after);
		rmap_places(a, pid, &ours);
		if (places_equal(&before, &after)) {
			bad = !places_equal(&before, &ours);
			if (bad)
				places_diff("pagemap", &before, "rmap", &ours);
		}
		*places = ours.nr;
		places_free(&before);
		places_free(&after);
		places_free(&ours);
	}
	return bad;
}

/* how many places has the frame at this address, everywhere; -1: not as in pagemap */
static int mappers(int fd, pid_t pid, const char *addr, struct rmap_answer *a)
{
	struct mmscope_pfn_range range;
	size_t places = 0;

	if (frames_of(pid, addr, 1, &range) != 1 || compare(fd, &range, 1, 0, a, &places))
		return -1;
	return places;
}

#define child(_nr) (self->cast->child[_nr])

TEST_F(rmap, chosen_frames_are_in_the_join_of_all_pagemaps)
{
	struct mmscope_pfn_range ranges[16 * PAGES];
	size_t nr = 0, places;

	nr += frames_of(getpid(), self->cast->cow, PAGES, ranges + nr);
	nr += frames_of(getpid(), self->cast->shared, PAGES, ranges + nr);
	nr += frames_of(getpid(), self->cast->hugetlb + HUGE_2M / 2, PAGES, ranges + nr);
	nr += frames_of(self->pid[0], child(0).thp + 3 * PAGE, PAGES, ranges + nr);
	nr += frames_of(self->pid[0], child(0).thp + HUGE_2M, PAGES, ranges + nr);
	for (int i = 0; i < CHILDREN; i++) {
		nr += frames_of(self->pid[i], child(i).file, PAGES, ranges + nr);
		nr += frames_of(self->pid[i], child(i).own, PAGES, ranges + nr);
		nr += frames_of(self->pid[i], child(i).stack, 1, ranges + nr);
	}
	ASSERT_EQ(11 * PAGES + CHILDREN, nr);
	EXPECT_EQ(0, compare(self->fd, ranges, nr, 0, &self->a, &places));
	/* cow, hugetlb, shared: 4 processes, but for a page of two; file: 3 and a page */
	EXPECT_EQ(3 * 4 * PAGES - 2 + (3 * PAGES + 1) + 2 * PAGES + 3 * PAGES + CHILDREN, places);
	TH_LOG("%zu frames, %zu places, %zu records, %lu processes, longest hold %lu ns", nr,
	       places, self->a.nr, self->a.processes, self->a.max_lock_ns);
}

TEST_F(rmap, each_kind_of_page_has_its_mappers)
{
	struct cast *c = self->cast;
	struct rmap_answer *a = &self->a;

	EXPECT_EQ(1, mappers(self->fd, self->pid[1], child(1).own, a));
	EXPECT_EQ((uint32_t)self->pid[1], a->rmap[0].pid);
	EXPECT_EQ((uintptr_t)child(1).own, a->rmap[0].addr);
	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, a->rmap[0].kind);
	EXPECT_EQ(MMSCOPE_ENTRY_WRITE, a->rmap[0].flags & MMSCOPE_ENTRY_WRITE);
	EXPECT_EQ(1, mappers(self->fd, self->pid[2], child(2).stack, a));
	EXPECT_EQ(CHILDREN + 1, mappers(self->fd, self->pid[2], c->cow + PAGE, a));
	for (size_t i = 0; i < a->nr; i++)
		EXPECT_EQ(0, a->rmap[i].flags & MMSCOPE_ENTRY_WRITE);
	EXPECT_EQ(2, mappers(self->fd, getpid(), c->shared + (PAGES - 1) * PAGE, a));
	EXPECT_EQ(CHILDREN + 1, mappers(self->fd, self->pid[0], child(0).file, a));
	EXPECT_EQ(self->pid[0], (pid_t)a->rmap[1].pid);
	EXPECT_EQ((uintptr_t)child(0).file_again, a->rmap[1].addr);
	EXPECT_EQ(CHILDREN, mappers(self->fd, self->pid[0], child(0).file + PAGE, a));
	EXPECT_EQ(1, mappers(self->fd, self->pid[0], child(0).thp + 77 * PAGE, a));
	EXPECT_EQ(has_thp() ? HUGE_2M : PAGE, a->rmap[0].page_size_bytes);
	EXPECT_EQ((uintptr_t)child(0).thp + 77 * PAGE, a->rmap[0].addr);
	EXPECT_EQ(1, a->rmap[0].pages);
	EXPECT_EQ(1, mappers(self->fd, self->pid[0], child(0).thp + HUGE_2M + 8 * PAGE, a));
	EXPECT_EQ(PAGE, a->rmap[0].page_size_bytes);
	EXPECT_EQ(MMSCOPE_PERM_READ, a->rmap[0].vma_perms);
	EXPECT_EQ(CHILDREN + 1, mappers(self->fd, getpid(), c->hugetlb + 123 * PAGE, a));
	EXPECT_EQ(HUGE_2M, a->rmap[0].page_size_bytes);
	EXPECT_EQ(MMSCOPE_PERM_SHARED, a->rmap[0].vma_perms & MMSCOPE_PERM_SHARED);
}

/* pagemap shows the zero page, but not device memory: that has the entry's frame */
TEST_F(rmap, zero_pages_and_device_memory_are_what_entries_hold)
{
	const struct mmscope_pfn_range rom = { ZOO_DEVMEM / PAGE + 1, ZOO_DEVMEM / PAGE + 5 };
	struct mmscope_pfn_range zero[PAGES];
	size_t places, seen = 0;

	ASSERT_EQ(PAGES, frames_of(self->pid[0], child(0).zero, PAGES, zero));
	EXPECT_EQ(0, compare(self->fd, zero, 1, self->pid[0], &self->a, &places));
	EXPECT_LE(PAGES, places);
	for (size_t i = 0; i < self->a.nr; i++)
		EXPECT_EQ(MMSCOPE_MAPPING_ZERO, self->a.rmap[i].kind);
	rmap_free(&self->a);
	ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(&rom, 1), ROOM, &self->a));
	for (size_t i = 0; i < self->a.nr; i++)
		for (int j = 0; j < CHILDREN; j++)
			seen += self->a.rmap[i].pid == (uint32_t)self->pid[j] &&
				self->a.rmap[i].kind == MMSCOPE_MAPPING_PFNMAP &&
				self->a.rmap[i].pfn == rom.start && self->a.rmap[i].pages == 4 &&
				self->a.rmap[i].addr == (uintptr_t)child(j).devmem + PAGE;
	EXPECT_EQ(CHILDREN, seen);
}

/* records as /proc describes their process and VMA, in order, runs as long as can be */
static size_t unsound(const struct rmap_answer *a, pid_t pid)
{
	char path[64], comm[17] = "";
	const struct mmscope_rmap *last = NULL;
	struct maps maps;
	size_t bad = 0;
	char *text;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	text = read_file(path);
	sscanf(text, "%16s", comm);
	free(text);
	read_maps_of(pid, "maps", &maps);
	for (size_t i = 0, m = 0; i < a->nr; i++) {
		const struct mmscope_rmap *r = &a->rmap[i];
		uint32_t perms = 0;

		if (r->pid != (uint32_t)pid)
			continue;
		while (m + 1 < maps.nr && maps.map[m].end <= r->addr)
			m++;
		for (int bit = 0; bit < 3; bit++)
			perms |= maps.map[m].perms[bit] == "rwx"[bit] ? 1 << bit : 0;
		perms |= maps.map[m].perms[3] == 's' ? MMSCOPE_PERM_SHARED : 0;
		bad += strcmp(comm, r->comm) || r->vma_start != maps.map[m].start ||
		       r->addr < maps.map[m].start || r->__reserved ||
		       r->addr + r->pages * PAGE > maps.map[m].end || r->vma_perms != perms;
		if (last && last->addr + last->pages * PAGE > r->addr)
			bad++;
		if (last && last->addr + last->pages * PAGE == r->addr &&
		    last->pfn + last->pages == r->pfn && last->flags == r->flags &&
		    last->kind == r->kind && last->page_size_bytes == r->page_size_bytes &&
		    last->vma_start == r->vma_start)
			bad++;
		last = r;
	}
	maps_free(&maps);
	return bad;
}

/* pages of whose entries mappings tells something else */
static size_t unlike_mappings(const struct rmap_answer *a, const struct answer *mappings)
{
	const struct mmscope_mapping *m = mappings->records;
	size_t bad = 0;

	for (size_t i = 0, j = 0; i < a->nr; i++) {
		const struct mmscope_rmap *r = &a->rmap[i];

		for (uint64_t page = 0; page < r->pages; page++) {
			const uint64_t addr = r->addr + page * PAGE;

			while (j < mappings->nr && m[j].end <= addr)
				j++;
			bad += j == mappings->nr || m[j].start > addr || m[j].flags != r->flags ||
			       m[j].kind != r->kind || m[j].page_size_bytes != r->page_size_bytes;
		}
	}
	return bad;
}

TEST_F(rmap, entries_are_as_in_mappings)
{
	struct mmscope_rmap_arg arg = rmap_arg(&everything, 1);

	for (int i = 0; i < CHILDREN; i++) {
		struct answer mappings;

		arg.pid = self->pid[i];
		ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
		ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_MAPPINGS, self->pid[i], &mappings));
		EXPECT_LT(10, self->a.nr);
		EXPECT_EQ(0, unlike_mappings(&self->a, &mappings));
		answer_free(&mappings);
		rmap_free(&self->a);
	}
}

TEST_F(rmap, all_frames_give_all_of_every_pagemap)
{
	struct timespec before, after;
	struct places all = { 0 };
	uint64_t ns;

	for (int i = 0; i < CHILDREN; i++) {
		size_t places;

		ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(&everything, 1), ROOM, &self->a));
		EXPECT_EQ(0, unsound(&self->a, self->pid[i]));
		/* what is not memory is not in pagemap */
		for (size_t j = 0; j < self->a.nr; j++)
			if (self->a.rmap[j].kind == MMSCOPE_MAPPING_PFNMAP)
				self->a.rmap[j].pages = 0;
		rmap_places(&self->a, self->pid[i], &all);
		places = all.nr;
		join_process(self->pid[i], &everything, 1, &all);
		ASSERT_EQ(2 * places, all.nr);
		EXPECT_LT(PAGES, places);
		EXPECT_EQ(0, memcmp(all.place, all.place + places, places * sizeof(*all.place)));
		places_free(&all);
		rmap_free(&self->a);
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	join_all(&everything, 1, &all);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ns = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
	ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(&everything, 1), ROOM, &self->a));
	TH_LOG("%zu places: join of pagemaps %lu us, ours %lu us (1/%lu)", all.nr, ns / 1000,
	       self->a.ns / 1000, ns / (self->a.ns + 1));
	places_free(&all);
}

/* free pages and slabs; one that was given away meanwhile does not count */
TEST_F(rmap, frames_that_nobody_maps_have_no_records)
{
	static const uint64_t kinds[] = { 1 << KPF_BUDDY, 1 << KPF_SLAB };

	for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++) {
		struct mmscope_pfn_range ranges[64];
		uint64_t pfn = 4096;
		size_t nr = 0, still = 0;

		for (; nr < ARRAY_LEN(ranges) && pfn < 1 << 20; pfn++)
			if (frame_flags(pfn) & kinds[kind])
				ranges[nr++] = (struct mmscope_pfn_range){ pfn, pfn + 1 };
		ASSERT_EQ(ARRAY_LEN(ranges), nr);
		ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(ranges, nr), ROOM, &self->a));
		for (size_t i = 0; i < nr; i++) {
			if (!(frame_flags(ranges[i].start) & kinds[kind]))
				continue;
			still++;
			for (size_t j = 0; j < self->a.nr; j++)
				EXPECT_FALSE(self->a.rmap[j].pfn <= ranges[i].start &&
					     self->a.rmap[j].pfn + self->a.rmap[j].pages >
					     ranges[i].start);
		}
		EXPECT_LE(nr / 2, still);
		EXPECT_NE(0, self->a.processes);
		rmap_free(&self->a);
	}
}

TEST_F(rmap, one_record_a_call_gives_the_same)
{
	struct mmscope_rmap_arg arg = rmap_arg(&everything, 1);
	struct rmap_answer one;

	arg.pid = self->pid[0];
	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	ASSERT_EQ(0, rmap_all(self->fd, arg, 1, &one));
	ASSERT_EQ(self->a.nr, one.nr);
	EXPECT_EQ(0, memcmp(self->a.rmap, one.rmap, one.nr * sizeof(*one.rmap)));
	EXPECT_EQ(1, self->a.processes);
	EXPECT_EQ(1, one.processes);
	EXPECT_LE(one.nr, one.calls);
	rmap_free(&one);
}

#define HUGE_ENTRIES 4

/*
 * The module hands over 64K of records at a time, and begins anew for the next
 * process: every second page of four huge entries of one process is more than
 * that, and so are those of one entry for a reader that takes one at a time.
 */
TEST_F(rmap, a_window_may_end_inside_of_a_huge_entry)
{
	struct mmscope_pfn_range holes[HUGE_2M / PAGE / 2];
	struct mmscope_rmap_arg arg = rmap_arg(holes, ARRAY_LEN(holes));
	int file = memfd_create("rmap", MFD_HUGETLB | MFD_CLOEXEC);
	struct places pagemap = { 0 }, ours = { 0 };
	char *where[HUGE_ENTRIES];
	struct rmap_answer one;
	uint64_t first;

	ASSERT_EQ(0, ftruncate(file, HUGE_2M));
	for (size_t i = 0; i < HUGE_ENTRIES; i++) {
		where[i] = mmap(NULL, HUGE_2M, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		ASSERT_NE(MAP_FAILED, where[i]);
		touch(where[i], HUGE_2M, HUGE_2M);
	}
	ASSERT_EQ(1, frames_of(getpid(), where[0], 1, holes));
	first = holes[0].start;
	for (size_t i = 0; i < ARRAY_LEN(holes); i++)
		holes[i] = (struct mmscope_pfn_range){ first + 2 * i, first + 2 * i + 1 };
	arg.pid = getpid();
	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	ASSERT_LT(65536, self->a.nr * sizeof(*self->a.rmap));
	ASSERT_EQ(0, rmap_all(self->fd, arg, 1, &one));
	ASSERT_EQ(HUGE_ENTRIES * ARRAY_LEN(holes), one.nr);
	ASSERT_EQ(one.nr, self->a.nr);
	EXPECT_EQ(0, memcmp(self->a.rmap, one.rmap, one.nr * sizeof(*one.rmap)));
	join_process(getpid(), holes, ARRAY_LEN(holes), &pagemap);
	rmap_places(&self->a, 0, &ours);
	EXPECT_TRUE(places_equal(&pagemap, &ours));
	places_free(&pagemap);
	places_free(&ours);
	rmap_free(&one);
	for (size_t i = 0; i < HUGE_ENTRIES; i++)
		munmap(where[i], HUGE_2M);
	close(file);
}

TEST_F(rmap, a_pid_selects_a_process)
{
	struct mmscope_rmap_arg arg = rmap_arg(&everything, 1);
	struct places all = { 0 }, only = { 0 };

	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	rmap_places(&self->a, self->pid[1], &all);
	rmap_free(&self->a);
	arg.pid = self->pid[1];
	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	rmap_places(&self->a, 0, &only);
	EXPECT_TRUE(places_equal(&all, &only));
	EXPECT_LT(0, only.nr);
	/* no such pid, not a pid, a kernel thread */
	for (size_t i = 0; i < 3; i++) {
		arg.pid = (const uint32_t[]){ 0x3fffff, ~0U, 2 }[i];
		rmap_free(&self->a);
		EXPECT_EQ(-ESRCH, rmap_all(self->fd, arg, ROOM, &self->a));
	}
	places_free(&all);
	places_free(&only);
}

TEST_F(rmap, ranges_may_overlap_and_come_in_any_order)
{
	const uint32_t max = MMSCOPE_RANGES_MAX;
	struct mmscope_pfn_range *many = calloc(max + 1, sizeof(*many));
	struct places ours = { 0 }, expected = { 0 };
	struct mmscope_rmap_arg arg;

	/* the odd frames of the first part of memory, backwards, each twice over */
	for (uint32_t i = 0; i < max; i++) {
		const uint64_t pfn = (uint64_t)(max - 1 - i) / 2 * 16 + 1;

		many[i] = (struct mmscope_pfn_range){ pfn + i % 2, pfn + 4 + i % 2 };
	}
	arg = rmap_arg(many, max);
	arg.pid = self->pid[0];
	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	rmap_places(&self->a, 0, &ours);
	rmap_free(&self->a);
	arg.ranges = (uintptr_t)&everything;
	arg.nr_ranges = 1;
	ASSERT_EQ(0, rmap_all(self->fd, arg, ROOM, &self->a));
	for (size_t i = 0; i < self->a.nr; i++) {
		const struct mmscope_rmap *r = &self->a.rmap[i];

		for (uint64_t page = 0; page < r->pages; page++) {
			const uint64_t pfn = r->pfn + page;

			if (pfn < max / 2 * 16 && pfn % 16 >= 1 && pfn % 16 < 6)
				places_add(&expected, r->pid, r->addr + page * PAGE, pfn);
		}
	}
	EXPECT_LT(100, ours.nr);
	EXPECT_TRUE(places_equal(&expected, &ours));
	places_free(&ours);
	places_free(&expected);
	free(many);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * thp against smaps: huge bytes and THPeligible of every VMA; orders of folios
 * against kpageflags; and each reason against a block that was made for it.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/uio.h>

#include "common.h"
#include "process.h"
#include "smaps.h"
#include "zoo.h"

#define THP "/sys/kernel/mm/transparent_hugepage/"
#define NR_PAGES (HUGE_2M / PAGE)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static const struct mmscope_thp *thp_at(const struct answer *a, const void *addr)
{
	const struct mmscope_thp *t = a->records;

	for (size_t i = 0; i + 1 < a->nr; i++, t++)
		if (t->start <= (uintptr_t)addr && (uintptr_t)addr < t->end)
			return t;
	return NULL;
}

/*
 * 6.12 calls VMAs eligible that get no huge pages: it leaves out the look at flags,
 * trusts any file that has a huge fault, and forgets for shmem that none fits in. Where
 * less than a huge page is below a VMA, it looks for the last one's place below 0.
 */
static bool may_be_wrong(const struct mmscope_thp *t, const struct smap *m)
{
	if (access(THP "hugepages-64kB", F_OK) || !m->value[SMAPS_THP_ELIGIBLE])
		return false;
	return t->reason == MMSCOPE_THP_KIND || t->end < HUGE_2M ||
	       (t->reason == MMSCOPE_THP_MISPLACED && *m->name == '/');
}

static size_t compare(const struct smaps *s, const struct answer *a)
{
	const struct mmscope_thp *t = a->records;
	size_t bad = a->nr != s->nr + 1;

	for (size_t i = 0; i < s->nr && !(a->nr != s->nr + 1); i++, t++) {
		const struct smap *m = &s->map[i];
		uint64_t sum = 0, eligible = t->reason == MMSCOPE_THP_HUGE;

		for (size_t r = 0; r < MMSCOPE_NR_THP_REASONS; r++)
			sum += t->block[r];
		if (t->start == m->start && t->end == m->end && sum == t->blocks &&
		    t->anon_huge_bytes == m->value[SMAPS_ANON_HUGE] &&
		    t->shmem_huge_bytes == m->value[SMAPS_SHMEM_HUGE] &&
		    t->file_huge_bytes == m->value[SMAPS_FILE_HUGE] &&
		    (eligible == m->value[SMAPS_THP_ELIGIBLE] || may_be_wrong(t, m)))
			continue;
		bad++;
		fprintf(stderr, "# %lx-%lx %s: eligible %lu, reason %u, blocks %lu, sum %lu\n",
			m->start, m->end, m->name, m->value[SMAPS_THP_ELIGIBLE], t->reason,
			(long)t->blocks, sum);
	}
	return bad;
}

static int compare_process(int fd, pid_t pid, struct answer *a)
{
	struct smaps before = { 0 }, after = { 0 };
	int bad = -1;

	for (int try = 0; try < 20 && bad < 0; try++) {
		answer_free(a);
		if (smaps_read(pid, &before) || walk_pid(fd, MMSCOPE_DS_THP, pid, a) ||
		    smaps_read(pid, &after))
			return -2;
		if (smaps_same(&before, &after))
			bad = compare(&before, a);
		smaps_free(&before);
		smaps_free(&after);
	}
	return bad;
}

/* blocks made for a reason each; all of one block of 2M if not said otherwise */
struct made {
	char *huge;		/* 2, written */
	char *off;		/* written, then MADV_NOHUGEPAGE */
	char *plain;		/* no advice */
	char *small;		/* marked, but no block fits in */
	char *empty;		/* 3, marked, nothing touched */
	char *sparse;		/* 20 pages written before it was marked */
	char *split;		/* 2 huge ones, of the first a page unmapped by MADV_DONTNEED */
	char *collapsed;	/* small pages, collapsed on request */
	char *waiting;		/* all small pages, marked then */
	char *swapped;		/* half of it in swap, marked */
	char *readonly;		/* small pages, marked, nothing writable */
	char *shared;		/* written before the fork, marked */
	char *shmem;		/* shmem, marked, touched once */
	char *pinned;		/* one page pinned by vmsplice() */
	int pipe[2];
};

/* small pages all over a block */
static char *small_pages(size_t blocks)
{
	char *p = zoo_huge(blocks * HUGE_2M);

	madvise(p, blocks * HUGE_2M, MADV_NOHUGEPAGE);
	touch(p, blocks * HUGE_2M, PAGE);
	return p;
}

static int prepare(void *arg)
{
	struct made *m = arg;
	struct iovec v;

	m->huge = zoo_huge(2 * HUGE_2M);
	touch(m->huge, 2 * HUGE_2M, PAGE);
	m->off = small_pages(1);
	m->plain = zoo_map(2 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS);
	m->small = zoo_huge(HUGE_2M);
	munmap(m->small, PAGE);
	munmap(m->small + HUGE_2M - PAGE, PAGE);
	m->empty = zoo_huge(3 * HUGE_2M);
	m->sparse = zoo_huge(HUGE_2M);
	madvise(m->sparse, HUGE_2M, MADV_NOHUGEPAGE);
	touch(m->sparse, 20 * PAGE, PAGE);
	madvise(m->sparse, HUGE_2M, MADV_HUGEPAGE);
	m->split = zoo_huge(2 * HUGE_2M);
	touch(m->split, 2 * HUGE_2M, PAGE);
	madvise(m->split + 7 * PAGE, PAGE, MADV_DONTNEED);
	m->collapsed = small_pages(1);
	madvise(m->collapsed, HUGE_2M, MADV_HUGEPAGE);
	if (madvise(m->collapsed, HUGE_2M, MADV_COLLAPSE))
		return 1;
	m->waiting = small_pages(1);
	madvise(m->waiting, HUGE_2M, MADV_HUGEPAGE);
	m->swapped = small_pages(1);
	madvise(m->swapped, HUGE_2M / 2, MADV_PAGEOUT);
	madvise(m->swapped, HUGE_2M, MADV_HUGEPAGE);
	m->readonly = small_pages(1);
	madvise(m->readonly, HUGE_2M, MADV_HUGEPAGE);
	mprotect(m->readonly, HUGE_2M, PROT_READ);
	/* aligned: only 6.12 does that by itself */
	m->shmem = mmap(zoo_huge(2 * HUGE_2M), 2 * HUGE_2M, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	m->shmem[0] = 1;
	m->pinned = small_pages(1);
	madvise(m->pinned, HUGE_2M, MADV_HUGEPAGE);
	v = (struct iovec){ m->pinned + 5 * PAGE, PAGE };
	return pipe(m->pipe) || vmsplice(m->pipe[1], &v, 1, 0) != (ssize_t)PAGE;
}

static int prepare_disabled(void *arg)
{
	return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) || prepare(arg) != 1;
}

FIXTURE(thp)
{
	int fd;
	pid_t pid;
	struct made *m;
	struct answer a;
};

FIXTURE_SETUP(thp)
{
	self->pid = -1;
	need_thp();
	need_symbol("transparent_hugepage_flags");
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	write_file(THP "khugepaged/max_ptes_none", "64");
	write_file("/proc/sys/vm/compact_memory", "1");
	self->m = (void *)zoo_map(sizeof(*self->m), MAP_SHARED | MAP_ANONYMOUS);
	self->m->shared = small_pages(1);
	madvise(self->m->shared, HUGE_2M, MADV_HUGEPAGE);
	self->pid = stopped_child(prepare, self->m);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(thp)
{
	char none[16];

	kill_child(self->pid);
	answer_free(&self->a);
	snprintf(none, sizeof(none), "%lu", PAGES_2M - 1);
	write_file(THP "khugepaged/max_ptes_none", none);
	write_file(THP "enabled", "madvise");
	write_file(THP "shmem_enabled", "never");
	zoo_teardown();
	close(self->fd);
}

#define expect_block(_addr, _reason) do {					\
	const struct mmscope_thp *_t = thp_at(&self->a, _addr);			\
	ASSERT_NE(NULL, _t);							\
	EXPECT_LE(1, _t->block[MMSCOPE_THP_##_reason]) {			\
		for (int _i = 0; _i < MMSCOPE_NR_THP_REASONS; _i++)		\
			if (_t->block[_i])					\
				TH_LOG("%s: %lu blocks of reason %d", #_addr,	\
				       (unsigned long)_t->block[_i], _i);	\
	}									\
} while (0)

TEST_F(thp, every_vma_is_as_in_smaps)
{
	EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a));
	EXPECT_EQ(0, compare_process(self->fd, 1, &self->a));
	EXPECT_EQ(0, compare_process(self->fd, getpid(), &self->a));
}

TEST_F(thp, eligible_is_as_in_smaps_whatever_is_switched)
{
	static const char *const anon[] = { "always", "madvise", "never" };
	static const char *const shmem[] = {
		"always", "within_size", "advise", "never", "deny", "force",
	};

	for (size_t i = 0; i < ARRAY_LEN(anon); i++) {
		write_file(THP "enabled", anon[i]);
		for (size_t j = 0; j < ARRAY_LEN(shmem); j++) {
			write_file(THP "shmem_enabled", shmem[j]);
			EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a)) {
				TH_LOG("enabled %s, shmem_enabled %s", anon[i], shmem[j]);
			}
		}
	}
}

TEST_F(thp, the_zoo_is_as_in_smaps)
{
	struct zoo *zoo;
	pid_t pid = zoo_child(&zoo);

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->a));
	kill_child(pid);
}

TEST_F(thp, each_block_has_the_reason_it_was_made_for)
{
	const struct made *m = self->m;
	const struct mmscope_thp *t;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_THP, self->pid, &self->a));
	expect_block(m->huge, HUGE);
	EXPECT_EQ(2 * HUGE_2M, thp_at(&self->a, m->huge)->anon_huge_bytes);
	EXPECT_EQ(MMSCOPE_THP_OFF_VMA, thp_at(&self->a, m->off)->reason);
	expect_block(m->off, OFF_VMA);
	expect_block(m->plain, POLICY);
	EXPECT_EQ(MMSCOPE_THP_MISPLACED, thp_at(&self->a, m->small + PAGE)->reason);
	EXPECT_EQ(0, thp_at(&self->a, m->small + PAGE)->blocks);
	expect_block(m->empty, EMPTY);
	expect_block(m->sparse, SPARSE);
	expect_block(m->split, HUGE);
	expect_block(m->collapsed, HUGE);
	expect_block(m->swapped, SWAPPED);
	expect_block(m->readonly, READONLY);
	expect_block(m->shared, SHARED);
	expect_block(m->pinned, PAGES);
	EXPECT_EQ(MMSCOPE_THP_POLICY, thp_at(&self->a, m->shmem)->reason);
	t = thp_at(&self->a, m->waiting);
	ASSERT_NE(NULL, t);
	EXPECT_LE(1, t->block[MMSCOPE_THP_WAITING] + t->block[MMSCOPE_THP_NO_BLOCK]);
	EXPECT_EQ(1, t->registered);
}

TEST_F(thp, a_huge_page_that_is_mapped_in_part_is_told)
{
	const struct mmscope_thp *t;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_THP, self->pid, &self->a));
	t = thp_at(&self->a, self->m->split);
	ASSERT_NE(NULL, t);
	EXPECT_EQ(HUGE_2M, t->anon_huge_bytes);
	EXPECT_EQ(1, t->partial_folios);
	EXPECT_EQ(NR_PAGES - 1, t->partial_pages);
	EXPECT_EQ(NR_PAGES - 1, t->pte_pages[9]);
}

TEST_F(thp, a_process_can_be_switched_off)
{
	struct made *m = (void *)zoo_map(sizeof(*m), MAP_SHARED | MAP_ANONYMOUS);
	pid_t pid = stopped_child(prepare_disabled, m);
	const struct mmscope_thp *t;

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->a));
	t = thp_at(&self->a, m->huge);
	ASSERT_NE(NULL, t);
	EXPECT_EQ(MMSCOPE_THP_OFF_PROCESS, t->reason);
	EXPECT_LE(2, t->block[MMSCOPE_THP_OFF_PROCESS]);
	kill_child(pid);
}

/* pages by order: what kpageflags says of how far the compound page reaches */
static int prepare_mthp(void *arg)
{
	char **p = arg;

	*p = zoo_map(HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS);
	*p = (char *)(((uintptr_t)*p + HUGE_2M / 2) & ~(HUGE_2M / 2 - 1));
	touch(*p, 64 * PAGE, PAGE);
	return 0;
}

TEST_F(thp, orders_are_as_in_kpageflags)
{
	char **p = (void *)zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	uint64_t want[MMSCOPE_NR_FOLIO_ORDERS] = { 0 }, *map;
	const unsigned int order_64k = __builtin_ctzl((64 << 10) / PAGE);
	const struct mmscope_thp *t;
	pid_t pid;

	/* 6.12 has folios of 64K; on 6.1 all of them are single pages */
	write_file(THP "hugepages-64kB/enabled", "always");
	pid = stopped_child(prepare_mthp, p);
	write_file(THP "hugepages-64kB/enabled", "never");
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_THP, pid, &self->a));
	t = thp_at(&self->a, *p);
	ASSERT_NE(NULL, t);
	map = read_pagemap(pid, t->start, t->end);
	ASSERT_NE(NULL, map);
	for (uint64_t i = 0; i < (t->end - t->start) / PAGE; i++) {
		uint64_t pfn = map[i] & PM_FRAME, head = pfn, pages = 1;
		unsigned int order = 0;

		if (!(map[i] & PM_PRESENT) || frame_flags(pfn) >> KPF_ZERO_PAGE & 1)
			continue;
		while (frame_flags(head) >> KPF_COMPOUND_TAIL & 1)
			head--;
		while (frame_flags(head + pages) >> KPF_COMPOUND_TAIL & 1)
			pages++;
		while (1U << order < pages)
			order++;
		want[order < 9 ? order : 9]++;
	}
	free(map);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		EXPECT_EQ(want[i], t->pte_pages[i]);
	TH_LOG("%lu pages of 64K folios, %lu single ones", want[order_64k], want[0]);
	if (!access(THP "hugepages-64kB", F_OK)) {
		EXPECT_NE(0, want[order_64k]);
	} else {
		EXPECT_LE(64, want[0]);
	}
	kill_child(pid);
}

TEST_F(thp, one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_THP);
	struct answer one;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(self->a.nr, one.nr);
	for (size_t i = 0; i < one.nr; i++) {
		const struct mmscope_thp *x = self->a.records, *y = one.records;

		EXPECT_EQ(x[i].start, y[i].start);
		EXPECT_EQ(x[i].end, y[i].end);
		EXPECT_EQ(x[i].blocks, y[i].blocks);
		EXPECT_EQ(x[i].anon_huge_bytes, y[i].anon_huge_bytes);
	}
	TH_LOG("longest hold of mmap_lock %lu ns", (unsigned long)self->a.max_lock_ns);
	answer_free(&one);
}

TEST_HARNESS_MAIN

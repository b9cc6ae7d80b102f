// SPDX-License-Identifier: GPL-2.0
/*
 * usage against /proc/PID/smaps and smaps_rollup, every number of every VMA: of a
 * stopped child that has one of each, of one whose shmem is in swap, of PID 1, and
 * of processes that share their pages.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "smaps.h"
#include "zoo.h"

#define OF(_member) offsetof(struct mmscope_usage, _member)

static const struct {
	int smaps;
	size_t offset;
} numbers[] = {
	{ SMAPS_SIZE, OF(size_bytes) },
	{ SMAPS_RSS, OF(rss_bytes) },
	{ SMAPS_PSS, OF(pss_bytes) },
	{ SMAPS_PSS_DIRTY, OF(pss_dirty_bytes) },
	{ SMAPS_PSS_ANON, OF(pss_anon_bytes) },
	{ SMAPS_PSS_FILE, OF(pss_file_bytes) },
	{ SMAPS_PSS_SHMEM, OF(pss_shmem_bytes) },
	{ SMAPS_SHARED_CLEAN, OF(shared_clean_bytes) },
	{ SMAPS_SHARED_DIRTY, OF(shared_dirty_bytes) },
	{ SMAPS_PRIVATE_CLEAN, OF(private_clean_bytes) },
	{ SMAPS_PRIVATE_DIRTY, OF(private_dirty_bytes) },
	{ SMAPS_REFERENCED, OF(referenced_bytes) },
	{ SMAPS_ANON, OF(anon_bytes) },
	{ SMAPS_KSM, OF(ksm_bytes) },
	{ SMAPS_LAZYFREE, OF(lazyfree_bytes) },
	{ SMAPS_ANON_HUGE, OF(anon_huge_bytes) },
	{ SMAPS_SHMEM_HUGE, OF(shmem_huge_bytes) },
	{ SMAPS_FILE_HUGE, OF(file_huge_bytes) },
	{ SMAPS_SHARED_HUGETLB, OF(shared_hugetlb_bytes) },
	{ SMAPS_PRIVATE_HUGETLB, OF(private_hugetlb_bytes) },
	{ SMAPS_SWAP, OF(swap_bytes) },
	{ SMAPS_SWAP_PSS, OF(swap_pss_bytes) },
	{ SMAPS_LOCKED, OF(locked_bytes) },
};

static uint64_t number(const struct mmscope_usage *u, size_t i)
{
	return *(const uint64_t *)((const char *)u + numbers[i].offset);
}

/* smaps cuts to KiB */
static size_t compare_one(const struct smap *m, const struct mmscope_usage *u)
{
	size_t bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uint64_t want = m->value[numbers[i].smaps];

		if (want == SMAPS_UNTOLD || want == (number(u, i) & ~1023ULL))
			continue;
		bad++;
		fprintf(stderr, "# %lx-%lx %s: %s %lu, usage %lu\n", m->start, m->end, m->name,
			smaps_keys[numbers[i].smaps], want, number(u, i));
	}
	if (u->rss_bytes != u->anon_bytes + u->file_bytes + u->shmem_bytes)
		bad++;
	return bad;
}

/* all but the last record */
static size_t compare(const struct smaps *s, const struct answer *a)
{
	const struct mmscope_usage *u = a->records;
	size_t bad = 0;

	if (a->nr != s->nr + 1) {
		fprintf(stderr, "# smaps has %zu VMAs, usage %zu records\n", s->nr, a->nr);
		return 1;
	}
	for (size_t i = 0; i < s->nr; i++, u++) {
		if (u->start != s->map[i].start || u->end != s->map[i].end ||
		    u->scope != MMSCOPE_SCOPE_VMA || u->vmas != 1)
			bad++;
		bad += compare_one(&s->map[i], u);
	}
	return bad;
}

/* the last record against smaps_rollup, which has no size */
static size_t compare_total(const struct smaps *rollup, const struct answer *a)
{
	const struct mmscope_usage *u = (const struct mmscope_usage *)a->records + a->nr - 1;

	return (u->scope != MMSCOPE_SCOPE_TOTAL) + (u->vmas != a->nr - 1) +
	       compare_one(&rollup->map[0], u);
}

/* numbers that differ, ours between two equal readings; -1: it never held still */
static int compare_process(int fd, pid_t pid, struct answer *a)
{
	struct smaps before = { 0 }, after = { 0 }, rollup = { 0 };
	int bad = -1;

	for (int try = 0; try < 20 && bad < 0; try++) {
		answer_free(a);
		if (smaps_read(pid, &before) || walk_pid(fd, MMSCOPE_DS_USAGE, pid, a) ||
		    smaps_read_file(pid, "smaps_rollup", &rollup) || smaps_read(pid, &after))
			return -2;
		if (smaps_same(&before, &after))
			bad = compare(&before, a) + compare_total(&rollup, a);
		smaps_free(&before);
		smaps_free(&rollup);
		smaps_free(&after);
	}
	return bad;
}

static const struct mmscope_usage *usage_at(const struct answer *a, const void *addr)
{
	const struct mmscope_usage *u = a->records;

	for (size_t i = 0; i + 1 < a->nr; i++, u++)
		if (u->start <= (uintptr_t)addr && (uintptr_t)addr < u->end)
			return u;
	return NULL;
}

FIXTURE(usage)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
	struct answer a;
};

FIXTURE_SETUP(usage)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(usage)
{
	kill_child(self->pid);
	answer_free(&self->a);
	zoo_teardown();
	close(self->fd);
}

TEST_F(usage, every_number_of_every_vma_is_as_in_smaps)
{
	const struct mmscope_usage *u;

	need_symbol("swap_info");
	EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a));
	TH_LOG("%zu VMAs, longest hold of mmap_lock %lu ns", self->a.nr - 1,
	       (unsigned long)self->a.max_lock_ns);
	/* and there was something to compare */
	u = (const struct mmscope_usage *)self->a.records + self->a.nr - 1;
	EXPECT_EQ(has_thp(), u->anon_huge_bytes > 0);
	EXPECT_NE(0, u->shared_clean_bytes);
	EXPECT_NE(0, u->private_hugetlb_bytes);
	EXPECT_NE(0, u->swap_pss_bytes);
	EXPECT_NE(0, u->locked_bytes);
	EXPECT_LT(u->pss_bytes, u->rss_bytes);
}

TEST_F(usage, pid_1_is_as_in_smaps)
{
	EXPECT_EQ(0, compare_process(self->fd, 1, &self->a));
	EXPECT_LT(1, self->a.nr);
}

TEST_F(usage, zero_pages_are_no_memory)
{
	const struct mmscope_usage *u;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_USAGE, self->pid, &self->a));
	u = usage_at(&self->a, self->zoo->zero);
	ASSERT_NE(NULL, u);
	EXPECT_EQ(0, u->rss_bytes);
	EXPECT_EQ(u->size_bytes, u->zero_bytes);
	u = usage_at(&self->a, self->zoo->huge_zero);
	ASSERT_NE(NULL, u);
	EXPECT_LE(HUGE_2M, u->zero_bytes);
}

/*
 * Two ways to ask give the same records from `first` on. This process shares pages
 * with the child and writes some: the first way is asked again until it agrees with
 * itself.
 */
static int same_records(int fd, const struct mmscope_walk_arg *whole,
			const struct mmscope_walk_arg *part, size_t chunk, size_t first)
{
	int same = -1;

	for (int try = 0; try < 20 && same < 0; try++) {
		struct answer a = { 0 }, b = { 0 }, c = { 0 };

		if (walk_all(fd, *whole, &a) || walk_chunked(fd, *part, chunk, &b) ||
		    walk_all(fd, *whole, &c))
			return -2;
		if (a.nr == c.nr && !memcmp(a.records, c.records, a.nr * a.rec_size))
			same = first + b.nr <= a.nr && b.nr &&
			       !memcmp((char *)a.records + first * a.rec_size, b.records,
				       b.nr * b.rec_size);
		answer_free(&a);
		answer_free(&b);
		answer_free(&c);
	}
	return same;
}

TEST_F(usage, one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_USAGE);

	arg.pid = self->pid;
	EXPECT_EQ(1, same_records(self->fd, &arg, &arg, 1, 0));
}

TEST_F(usage, a_class_selects_vmas_or_the_total)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_USAGE), part;

	arg.pid = self->pid;
	part = arg;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	part.class_mask = 1 << MMSCOPE_SCOPE_TOTAL;
	EXPECT_EQ(1, same_records(self->fd, &arg, &part, 1, self->a.nr - 1));
	part.class_mask = 1 << MMSCOPE_SCOPE_VMA;
	EXPECT_EQ(1, same_records(self->fd, &arg, &part, 1, 0));
}

TEST_F(usage, a_range_cuts_vmas_and_their_huge_pages)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_USAGE);
	const struct mmscope_usage *u;

	arg.pid = self->pid;
	arg.start = (uintptr_t)self->zoo->thp + 5 * PAGE;
	arg.end = (uintptr_t)self->zoo->thp + 9 * PAGE;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(2, self->a.nr);
	u = self->a.records;
	EXPECT_EQ(arg.start, u->start);
	EXPECT_EQ(arg.end, u->end);
	EXPECT_EQ(4 * PAGE, u->rss_bytes);
	EXPECT_EQ(has_thp() ? 4 * PAGE : 0, u->anon_huge_bytes);
	EXPECT_EQ(4 * PAGE, u[1].pss_bytes);
	EXPECT_EQ(arg.start, u[1].start);
	EXPECT_EQ(arg.end, u[1].end);
}

/* ------------------------------------------------- what the zoo has not, shared */

struct herd {
	char *swapped;		/* private, paged out before the fork: slots of two */
	char *object;		/* shmem, all of it written, half of it in swap */
	char *object_private;	/* the same privately, some pages written */
	char *object_read;	/* the same privately, not writable */
	char *lazy;		/* given up by MADV_FREE, a few written again */
	char *huge_shmem;	/* shmem in a huge page, if there is one to be had */
	char *split;		/* a huge page, its first page unmapped */
	char *same;		/* equal pages, to be merged */
};

static int herd_prepare(void *arg)
{
	struct herd *h = arg;
	const size_t bytes = ZOO_PAGES * PAGE;
	int fd = memfd_create("herd", 0);

	if (fd < 0 || ftruncate(fd, bytes))
		return 1;
	h->object = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	touch(h->object, bytes, PAGE);
	if (madvise(h->object, bytes / 2, MADV_PAGEOUT))
		return 2;
	h->object_private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	h->object_private[(ZOO_PAGES - 3) * PAGE] = 1;
	h->object_read = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	zoo_read(h->object_read + bytes - 5 * PAGE, 5 * PAGE);

	h->lazy = zoo_anon(bytes);
	touch(h->lazy, bytes, PAGE);
	if (madvise(h->lazy, bytes, MADV_FREE))
		return 3;
	touch(h->lazy, bytes / 4, PAGE);

	h->split = zoo_huge(2 * HUGE_2M);
	touch(h->split, 2 * HUGE_2M, PAGE);
	munmap(h->split, PAGE);

	h->huge_shmem = mmap(NULL, 4 * HUGE_2M, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	h->huge_shmem = (char *)(((uintptr_t)h->huge_shmem + HUGE_2M - 1) & ~(HUGE_2M - 1));
	madvise(h->huge_shmem, 2 * HUGE_2M, MADV_HUGEPAGE);
	touch(h->huge_shmem, 2 * HUGE_2M, PAGE);

	h->same = zoo_anon(bytes);
	memset(h->same, 0x5a, bytes);
	return madvise(h->same, bytes, MADV_MERGEABLE) ? 4 : 0;
}

/* let KSM go over everything a few times, then stand still */
static void merge(void)
{
	uint64_t from = 0, now = 0;

	write_file("/sys/kernel/mm/ksm/pages_to_scan", "100000");
	write_file("/sys/kernel/mm/ksm/sleep_millisecs", "10");
	read_number("/proc/vmstat", "ksm_swpin_copy", &now);
	write_file("/sys/kernel/mm/ksm/run", "1");
	for (int i = 0; i < 300 && now < from + 4; i++) {
		char *text = read_file("/sys/kernel/mm/ksm/full_scans");

		now = text ? strtoul(text, NULL, 10) : 0;
		from = i ? from : now;
		free(text);
		usleep(20000);
	}
	write_file("/sys/kernel/mm/ksm/run", "0");
}

FIXTURE(herd)
{
	int fd;
	pid_t pid;
	struct herd *h;
	struct answer a;
};

FIXTURE_SETUP(herd)
{
	const size_t bytes = ZOO_PAGES * PAGE;

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	self->h = (void *)zoo_map(sizeof(*self->h), MAP_SHARED | MAP_ANONYMOUS);
	self->h->swapped = zoo_anon(bytes);
	touch(self->h->swapped, bytes, PAGE);
	ASSERT_EQ(0, madvise(self->h->swapped, bytes, MADV_PAGEOUT));
	self->pid = stopped_child(herd_prepare, self->h);
	ASSERT_LT(0, self->pid);
	merge();
}

FIXTURE_TEARDOWN(herd)
{
	kill_child(self->pid);
	answer_free(&self->a);
	write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "never");
	zoo_teardown();
	close(self->fd);
}

TEST_F(herd, shared_and_swapped_memory_is_as_in_smaps)
{
	const size_t bytes = ZOO_PAGES * PAGE;
	const struct mmscope_usage *u;

	need_symbol("swap_info");
	EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a));
	u = usage_at(&self->a, self->h->swapped);
	ASSERT_NE(NULL, u);
	EXPECT_LE(bytes / 2, u->swap_bytes);
	EXPECT_EQ(u->swap_bytes / 2, u->swap_pss_bytes);
	/* half of the object, in each of its three maps */
	EXPECT_EQ(bytes / 2, usage_at(&self->a, self->h->object)->swap_bytes);
	EXPECT_EQ(bytes / 2, usage_at(&self->a, self->h->object_read)->swap_bytes);
	EXPECT_EQ(bytes / 2, usage_at(&self->a, self->h->object_private)->swap_bytes);
	EXPECT_EQ(3 * bytes / 4, usage_at(&self->a, self->h->lazy)->lazyfree_bytes);
	EXPECT_EQ(bytes, usage_at(&self->a, self->h->same)->ksm_bytes);
	if (!has_thp())
		return;
	EXPECT_EQ(2 * HUGE_2M, usage_at(&self->a, self->h->huge_shmem)->shmem_huge_bytes);
	u = usage_at(&self->a, self->h->split + PAGE);
	EXPECT_EQ(HUGE_2M, u->anon_huge_bytes);
	EXPECT_EQ(2 * HUGE_2M - PAGE, u->rss_bytes);
}

/* the parent's view of the same pages, and it is not stopped */
TEST_F(herd, this_process_is_as_in_smaps_where_nothing_moves)
{
	struct smaps before, after;
	const struct mmscope_usage *u;
	size_t seen = 0;

	for (int tries = 0; tries < 20 && seen < 4; tries++) {
		seen = 0;
		ASSERT_EQ(0, smaps_read(getpid(), &before));
		ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_USAGE, getpid(), &self->a));
		ASSERT_EQ(0, smaps_read(getpid(), &after));
		for (size_t i = 0; i < before.nr && i < after.nr; i++) {
			if (memcmp(&before.map[i], &after.map[i], sizeof(before.map[i])))
				continue;
			u = usage_at(&self->a, (void *)before.map[i].start);
			ASSERT_NE(NULL, u);
			seen++;
			EXPECT_EQ(0, compare_one(&before.map[i], u));
		}
		smaps_free(&before);
		smaps_free(&after);
	}
	EXPECT_LE(4, seen);
}

/* a private write over a page of the object that is in swap hides it */
static int cover_prepare(void *arg)
{
	char **p = arg;
	const size_t bytes = ZOO_PAGES * PAGE;
	int fd = memfd_create("cover", 0);
	char *object;

	if (fd < 0 || ftruncate(fd, bytes))
		return 1;
	object = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	*p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	touch(object, bytes, PAGE);
	touch(*p, 10 * PAGE, PAGE);
	if (madvise(object, bytes, MADV_PAGEOUT))
		return 2;
	return madvise(*p, 5 * PAGE, MADV_PAGEOUT) ? 3 : 0;
}

TEST_F(herd, private_pages_hide_those_of_the_object)
{
	char **p = (void *)zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	pid_t pid = stopped_child(cover_prepare, p);
	const struct mmscope_usage *u;

	need_symbol("swap_info");
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, compare_process(self->fd, pid, &self->a));
	u = usage_at(&self->a, *p);
	ASSERT_NE(NULL, u);
	/* 5 of its own are in swap, 5 in memory */
	EXPECT_EQ((ZOO_PAGES - 5) * PAGE, u->swap_bytes);
	EXPECT_EQ(5 * PAGE, u->anon_bytes);
	kill_child(pid);
}

/* more users of a slot than its byte can count */
static int idle_prepare(void *arg)
{
	(void)arg;
	return 0;
}

TEST_F(herd, a_part_that_is_not_known_is_not_told)
{
	const struct mmscope_usage *u;
	pid_t pids[70];

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = stopped_child(idle_prepare, NULL);
		ASSERT_LT(0, pids[i]);
	}
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_USAGE, pids[0], &self->a));
	u = usage_at(&self->a, self->h->swapped);
	ASSERT_NE(NULL, u);
	EXPECT_EQ(MMSCOPE_UNKNOWN, u->swap_pss_bytes);
	u = (const struct mmscope_usage *)self->a.records + self->a.nr - 1;
	EXPECT_EQ(MMSCOPE_UNKNOWN, u->swap_pss_bytes);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		kill_child(pids[i]);
}

TEST_HARNESS_MAIN

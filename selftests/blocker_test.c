// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `blockers` against memory with owners that the test planted, and
 * against VmPTE.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common.h"
#include "fixture.h"
#include "frames.h"
#include "slabs.h"

#define PMD_ORDER	ORDER_2M
#define MAX_PLANTED	8192

FIXTURE(blockers) {
	int fd;
	int fixture;
	struct frames flags;
	struct answer answer;
	uint64_t pfn[MAX_PLANTED];
	size_t nr;
};

FIXTURE_SETUP(blockers)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
}

FIXTURE_TEARDOWN(blockers)
{
	frames_free(&self->flags);
	answer_free(&self->answer);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

static int read_blockers(FIXTURE_DATA(blockers) *self, unsigned int order)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_BLOCKERS);

	answer_free(&self->answer);
	arg.class_mask = 1ULL << order;
	return walk_all(self->fd, arg, &self->answer);
}

static const struct mmscope_blocker *record_at(const FIXTURE_DATA(blockers) *self, size_t i)
{
	return (const struct mmscope_blocker *)self->answer.records + i;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* each frame once, and with it all of the slab it is in */
static void complete_frames(FIXTURE_DATA(blockers) *self)
{
	size_t nr = self->nr, i;

	for (i = 0; i < nr; i++) {
		uint64_t pfn = self->pfn[i];

		while (frame_has(&self->flags, pfn, KPF_COMPOUND_TAIL))
			pfn--;
		if (!frame_has(&self->flags, pfn, KPF_COMPOUND_HEAD))
			continue;
		do {
			if (self->nr < MAX_PLANTED)
				self->pfn[self->nr++] = pfn;
		} while (frame_has(&self->flags, ++pfn, KPF_COMPOUND_TAIL));
	}
	qsort(self->pfn, self->nr, sizeof(*self->pfn), by_number);
	for (i = 0, nr = 0; i < self->nr; i++)
		if (!i || self->pfn[i] != self->pfn[i - 1])
			self->pfn[nr++] = self->pfn[i];
	self->nr = nr;
}

static int plant(FIXTURE_DATA(blockers) *self, struct fixture_plant *arg)
{
	int err;

	arg->node = FIXTURE_ANY_NODE;
	arg->pfns = (uintptr_t)self->pfn;
	arg->room = MAX_PLANTED;
	err = fixture_plant(self->fixture, arg);
	self->nr = arg->nr_pfns;
	if (!err && frames_read(&self->flags, KPAGEFLAGS))
		err = -EIO;
	return err;
}

/* planted frames in a block, and the first of them */
static size_t planted_in(const FIXTURE_DATA(blockers) *self, uint64_t block, unsigned int order,
			 uint64_t *first)
{
	size_t nr = 0, i;

	for (i = self->nr; i-- > 0;) {
		if (self->pfn[i] >> order != block >> order)
			continue;
		*first = self->pfn[i];
		nr++;
	}
	return nr;
}

/* frames whose owners have no records: a block of 32M may have more than it names */
static uint64_t unnamed(const FIXTURE_DATA(blockers) *self)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < self->answer.nr; i++)
		if (!strcmp(record_at(self, i)->name, "..."))
			pages += record_at(self, i)->pages;
	return pages;
}

/*
 * The owner's records are exactly the planted frames: in each block as many as
 * were planted there, and none in any other. Returns how many were wrong.
 */
static size_t wrong_records(const FIXTURE_DATA(blockers) *self, unsigned int order,
			    uint32_t class, uint64_t owner, const char *name)
{
	size_t i, wrong = 0;
	uint64_t sum = 0;

	for (i = 0; i < self->answer.nr; i++) {
		const struct mmscope_blocker *b = record_at(self, i);
		uint64_t first = 0;
		size_t nr;

		if (b->page_class != class || b->owner != owner ||
		    strncmp(b->name, name, strlen(name)))
			continue;
		nr = planted_in(self, b->pfn, order, &first);
		sum += b->pages;
		if (nr == b->pages && first == b->first_pfn && b->order == order &&
		    b->clearing == MMSCOPE_CLEARING_NOT)
			continue;
		wrong++;
		fprintf(stderr, "# block %#lx: %lu frames from %#lx, planted %zu from %#lx\n",
			(long)b->pfn, (long)b->pages, (long)b->first_pfn, nr, (long)first);
	}
	if (sum <= self->nr && sum + unnamed(self) >= self->nr)
		return wrong;
	fprintf(stderr, "# %s: %lu frames, planted %zu\n", name, (long)sum, self->nr);
	return wrong + 1;
}

/* a gigabyte may have more owners than a block names: the others are under "..." */
static bool all_are_named(const FIXTURE_DATA(blockers) *self)
{
	for (size_t i = 0; i < self->answer.nr; i++)
		if (!strcmp(record_at(self, i)->name, "..."))
			return false;
	return true;
}

TEST_F(blockers, slab_objects_name_their_cache)
{
	struct fixture_plant arg = { .what = FIXTURE_SLAB, .nr = 3000, .bytes = 512 };
	size_t wrong = 1;

	need_symbol("slab_caches");
	ASSERT_EQ(0, plant(self, &arg));
	complete_frames(self);
	/* slabs that only sheaves have objects of go; those on their way there the next time */
	for (int i = 0; i < 5 && wrong; i++) {
		slab_shrink(FIXTURE_CACHE);
		ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
		wrong = wrong_records(self, PMD_ORDER, MMSCOPE_CLASS_SLAB, 0, FIXTURE_CACHE);
	}
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, read_blockers(self, GIGA_ORDER));
	if (all_are_named(self))
		EXPECT_EQ(0, wrong_records(self, GIGA_ORDER, MMSCOPE_CLASS_SLAB, 0,
					   FIXTURE_CACHE));
}

TEST_F(blockers, vmalloc_areas_name_who_called)
{
	struct fixture_plant arg = { .what = FIXTURE_VMALLOC, .nr = 20, .bytes = 50 * PAGE };

	need_symbol("init_mm");
	ASSERT_EQ(0, plant(self, &arg));
	complete_frames(self);
	EXPECT_EQ(20 * 50, self->nr);
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	EXPECT_EQ(0, wrong_records(self, PMD_ORDER, MMSCOPE_CLASS_VMALLOC, 0, FIXTURE_CALLER));
}

TEST_F(blockers, stacks_name_the_thread)
{
	struct fixture_plant arg = { .what = FIXTURE_THREAD, .nr = 1 };

	need_symbol("init_mm");
	ASSERT_EQ(0, plant(self, &arg));
	complete_frames(self);
	EXPECT_LT(0, self->nr);
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	EXPECT_EQ(0, wrong_records(self, PMD_ORDER, MMSCOPE_CLASS_KERNEL_STACK, arg.pid,
				   FIXTURE_COMM));
}

/* blocks of others may be in the same blocks of percpu chunks: at least ours */
TEST_F(blockers, percpu_areas_and_plain_pages_are_where_they_were_planted)
{
	const struct {
		struct fixture_plant arg;
		uint32_t class;
	} plants[] = {
		{ { .what = FIXTURE_PERCPU, .nr = 20, .bytes = PERCPU_PAGES * PAGE },
		  MMSCOPE_CLASS_PERCPU },
		{ { .what = FIXTURE_PAGES, .nr = 1000, .gfp = "GFP_KERNEL" },
		  MMSCOPE_CLASS_UNATTRIBUTED },
		{ { .what = FIXTURE_PAGES, .nr = 1000, .gfp = "GFP_KERNEL|__GFP_MOVABLE" },
		  MMSCOPE_CLASS_UNATTRIBUTED },
	};

	need_symbol("init_mm");
	for (size_t p = 0; p < ARRAY_LEN(plants); p++) {
		struct fixture_plant arg = plants[p].arg;
		uint64_t found = 0;

		ASSERT_EQ(0, plant(self, &arg));
		complete_frames(self);
		ASSERT_LT(0, self->nr);
		ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
		for (size_t i = 0; i < self->answer.nr; i++) {
			const struct mmscope_blocker *b = record_at(self, i);
			uint64_t first = 0;
			size_t nr = planted_in(self, b->pfn, PMD_ORDER, &first);

			if (!nr || b->page_class != plants[p].class ||
			    b->clearing != MMSCOPE_CLEARING_NOT || !strcmp(b->name, "..."))
				continue;
			EXPECT_LE(nr, b->pages) TH_LOG("plant %zu block %#lx", p, (long)b->pfn);
			EXPECT_LE(b->first_pfn, first);
			found += nr;
		}
		EXPECT_GE(self->nr, found) TH_LOG("plant %zu", p);
		EXPECT_LE(self->nr, found + unnamed(self)) TH_LOG("plant %zu", p);
	}
}

/* kpageflags knows what they are, but not that they move */
TEST_F(blockers, pages_of_a_balloon_move)
{
	struct fixture_plant arg = { .what = FIXTURE_BALLOON, .nr = 64 };

	ASSERT_EQ(0, plant(self, &arg));
	for (size_t i = 0; i < self->nr; i++)
		EXPECT_TRUE(frame_has(&self->flags, self->pfn[i], KPF_OFFLINE));
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	for (size_t i = 0; i < self->answer.nr; i++) {
		const struct mmscope_blocker *b = record_at(self, i);
		uint64_t first;

		if (b->page_class == MMSCOPE_CLASS_OFFLINE &&
		    planted_in(self, b->pfn, PMD_ORDER, &first))
			EXPECT_EQ(MMSCOPE_CLEARING_COMPACT, b->clearing);
	}
}

TEST_F(blockers, pinned_pages_stay_others_move)
{
	const size_t pages = 256;
	char *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct fixture_plant arg = { .what = FIXTURE_PIN, .nr = pages, .addr = (uintptr_t)mem };

	ASSERT_NE(MAP_FAILED, mem);
	madvise(mem, pages * PAGE, MADV_NOHUGEPAGE);
	memset(mem, 1, pages * PAGE);
	ASSERT_EQ(0, plant(self, &arg));
	qsort(self->pfn, self->nr, sizeof(*self->pfn), by_number);
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	EXPECT_EQ(0, wrong_records(self, PMD_ORDER, MMSCOPE_CLASS_PINNED, 0, ""));
	ASSERT_EQ(0, fixture_free(self->fixture, 0));
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	for (size_t i = 0; i < self->answer.nr; i++)
		EXPECT_NE(MMSCOPE_CLASS_PINNED, record_at(self, i)->page_class);
}

/* a table for each 2M of addresses */
static pid_t many_tables(size_t nr)
{
	int ready[2];
	pid_t child;
	char c;

	if (pipe(ready))
		return -1;
	child = fork();
	if (!child) {
		char *mem = mmap(NULL, nr * HUGE_2M, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		madvise(mem, nr * HUGE_2M, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < nr; i++)
			mem[i * HUGE_2M] = 1;
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		child = -1;
	close(ready[0]);
	return child;
}

TEST_F(blockers, page_tables_name_the_process)
{
	pid_t child = many_tables(400);
	uint64_t sum = 0, kb = 0, clearings = 0;
	char path[64];

	ASSERT_LT(0, child);
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	snprintf(path, sizeof(path), "/proc/%d/status", child);
	ASSERT_EQ(0, read_number(path, "VmPTE", &kb));
	for (size_t i = 0; i < self->answer.nr; i++) {
		const struct mmscope_blocker *b = record_at(self, i);

		if (b->page_class != MMSCOPE_CLASS_PAGETABLE || b->owner != (uint64_t)child)
			continue;
		sum += b->pages;
		clearings |= 1 << b->clearing;
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_EQ(1 << MMSCOPE_CLEARING_NOT, clearings);
	EXPECT_LE(400, sum + unnamed(self));
	/*
	 * VmPTE has neither P4D nor PGD, which is two pages with page-table isolation, and
	 * an object of slab where it is less than a page
	 */
	EXPECT_LE(kb / PAGE_KB + !!access("/sys/kernel/slab/pgd_cache", F_OK),
		  sum + unnamed(self));
	EXPECT_GE(kb / PAGE_KB + 3, sum);
}

/* all that is in a block, owner by owner, makes up the block */
static size_t bad_sums(const FIXTURE_DATA(blockers) *self, unsigned int order)
{
	size_t i, bad = 0;

	for (i = 0; i < self->answer.nr;) {
		const struct mmscope_blocker *b = record_at(self, i);
		uint64_t pages[MMSCOPE_NR_CLEARINGS] = { b->free_pages }, total = 0;
		size_t first = i, c;

		for (; i < self->answer.nr && i - first < b->owners; i++) {
			const struct mmscope_blocker *r = record_at(self, i);

			bad += r->pfn != b->pfn || r->zone != b->zone || !r->pages ||
			       r->clearing >= MMSCOPE_NR_CLEARINGS;
			if (r->clearing < MMSCOPE_NR_CLEARINGS)
				pages[r->clearing] += r->pages;
		}
		for (c = 0; c < MMSCOPE_NR_CLEARINGS; c++)
			total += pages[c];
		if (total == 1ULL << order && pages[MMSCOPE_CLEARING_COMPACT] == b->movable_pages &&
		    pages[MMSCOPE_CLEARING_HUGE] == b->huge_pages &&
		    pages[MMSCOPE_CLEARING_HOLE] == b->hole_pages &&
		    !(b->pfn & ((1ULL << order) - 1)))
			continue;
		fprintf(stderr, "# block %#lx order %u: %lu frames in sum\n", (long)b->pfn, order,
			(long)total);
		bad++;
	}
	return bad;
}

TEST_F(blockers, owners_make_up_the_block)
{
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	EXPECT_LT(10, self->answer.nr);
	EXPECT_EQ(0, bad_sums(self, PMD_ORDER));
	ASSERT_EQ(0, read_blockers(self, GIGA_ORDER));
	EXPECT_LT(0, self->answer.nr);
	EXPECT_EQ(0, bad_sums(self, GIGA_ORDER));
}

/* the blocks that are not told of are the free ones: kpageflags */
TEST_F(blockers, what_is_not_told_of_is_free)
{
	size_t free_blocks = 0, missing = 0, told = 0;
	struct frames after = { 0 };

	ASSERT_EQ(0, frames_read(&self->flags, KPAGEFLAGS));
	ASSERT_EQ(0, frames_read(&after, KPAGEFLAGS));
	ASSERT_EQ(0, frames_read(&self->flags, KPAGEFLAGS));
	ASSERT_EQ(0, read_blockers(self, PMD_ORDER));
	ASSERT_EQ(0, frames_read(&after, KPAGEFLAGS));
	for (uint64_t pfn = 0, i = 0; pfn + PAGES_2M <= self->flags.nr; pfn += PAGES_2M) {
		bool free_before = frame_has(&self->flags, pfn, KPF_BUDDY);
		bool free_after = frame_has(&after, pfn, KPF_BUDDY);
		bool named = false, ram = false;

		for (uint64_t f = pfn; f < pfn + PAGES_2M; f++) {
			free_before &= frame_has(&self->flags, f, KPF_BUDDY) ||
				       !self->flags.of[f];
			free_after &= frame_has(&after, f, KPF_BUDDY) || !after.of[f];
			ram |= frame_has(&self->flags, f, KPF_LRU) ||
			       frame_has(&self->flags, f, KPF_SLAB);
		}
		while (i < self->answer.nr && record_at(self, i)->pfn <= pfn)
			named |= record_at(self, i++)->pfn == pfn;
		if (free_before && free_after) {
			free_blocks++;
			told += named && record_at(self, i - 1)->free_pages == PAGES_2M;
		} else if (ram && !free_before && !free_after) {
			missing += !named;
		}
	}
	EXPECT_LT(10, free_blocks);
	EXPECT_EQ(0, told);
	EXPECT_EQ(0, missing);
	frames_free(&after);
}

TEST_HARNESS_MAIN

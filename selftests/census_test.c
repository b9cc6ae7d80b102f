// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `census` against /proc/kpageflags, block by block, against the
 * test's own pages, and against pages planted where they do not belong.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "fixture.h"
#include "process.h"
#include "frames.h"
#include "zoneinfo.h"

#define BLOCK	PAGES_2M
#define OWN	4096	/* pages of the test's own */

FIXTURE(census) {
	int fd;
	int fixture;
	struct frames before;
	struct frames after;
	struct answer answer;
	struct value_names types;
	uint64_t pfn[OWN];
};

FIXTURE_SETUP(census)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	self->types = names_of(self->fd, MMSCOPE_DS_CENSUS, "migratetype");
}

FIXTURE_TEARDOWN(census)
{
	frames_free(&self->before);
	frames_free(&self->after);
	answer_free(&self->answer);
	free(self->types.values);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

static int read_census(FIXTURE_DATA(census) *self)
{
	answer_free(&self->answer);
	return walk_all(self->fd, walk_arg(MMSCOPE_DS_CENSUS), &self->answer);
}

static const struct mmscope_census *record_at(const FIXTURE_DATA(census) *self, size_t i)
{
	return (const struct mmscope_census *)self->answer.records + i;
}

/* blocks of CMA are, too; not every kernel has such */
static bool is_for_movable(const FIXTURE_DATA(census) *self, const struct mmscope_census *c)
{
	return c->migratetype == 1 || !strcmp(index_name(&self->types, c->migratetype), "CMA");
}

static const struct mmscope_census *block_of(const FIXTURE_DATA(census) *self, uint64_t pfn)
{
	for (size_t i = 0; i < self->answer.nr; i++)
		if (record_at(self, i)->pfn == pfn / BLOCK * BLOCK)
			return record_at(self, i);
	return NULL;
}

/* what kpageflags tells of the frames of a block */
struct mix {
	uint64_t buddy;
	uint64_t slab;
	uint64_t tables;
	uint64_t anon;
	uint64_t file;
	uint64_t shmem;
	uint64_t reserved;
};

static void count_frames(const struct frames *f, uint64_t pfn, struct mix *m)
{
	memset(m, 0, sizeof(*m));
	for (uint64_t end = pfn + BLOCK; pfn < end; pfn++) {
		if (frame_has(f, pfn, KPF_BUDDY))
			m->buddy++;
		else if (frame_has(f, pfn, KPF_SLAB))
			m->slab++;
		else if (frame_has(f, pfn, KPF_PGTABLE))
			m->tables++;
		else if (frame_has(f, pfn, KPF_RESERVED))
			m->reserved++;
		else if (frame_has(f, pfn, KPF_HUGE) || frame_has(f, pfn, KPF_ZERO_PAGE))
			continue;
		else if (frame_has(f, pfn, KPF_ANON))
			m->anon++;
		else if (frame_has(f, pfn, KPF_LRU) && frame_has(f, pfn, KPF_SWAPBACKED))
			m->shmem++;
		else if (frame_has(f, pfn, KPF_LRU))
			m->file++;
	}
}

static uint64_t sum(const struct mmscope_census *c)
{
	return c->free_pages + c->anon_pages + c->file_pages + c->shmem_pages +
	       c->other_movable_pages + c->reclaimable_pages + c->huge_pages + c->slab_pages +
	       c->pagetable_pages + c->user_pages + c->kernel_pages + c->reserved_pages;
}

TEST_F(census, blocks_are_those_of_kpageflags)
{
	size_t same = 0, whole = 0, fewer = 0;

	need_symbol("slab_caches");
	ASSERT_EQ(0, frames_read(&self->before, KPAGEFLAGS));
	ASSERT_EQ(0, frames_read(&self->after, KPAGEFLAGS));
	ASSERT_EQ(0, frames_read(&self->before, KPAGEFLAGS));
	ASSERT_EQ(0, read_census(self));
	ASSERT_EQ(0, frames_read(&self->after, KPAGEFLAGS));
	for (size_t i = 0; i < self->answer.nr; i++) {
		const struct mmscope_census *c = record_at(self, i);
		struct mix m, later;

		EXPECT_EQ(c->pages, sum(c)) TH_LOG("pfn %#lx", (long)c->pfn);
		EXPECT_EQ(!!(c->flags & MMSCOPE_CENSUS_PARTIAL), c->pages < BLOCK);
		count_frames(&self->before, c->pfn, &m);
		count_frames(&self->after, c->pfn, &later);
		if (c->flags & MMSCOPE_CENSUS_PARTIAL || memcmp(&m, &later, sizeof(m)))
			continue;
		whole++;
		/* what is on a list of a CPU has no mark; the walk itself takes some pages */
		fewer += m.buddy > c->free_pages;
		EXPECT_EQ(m.slab, c->slab_pages + c->reclaimable_pages)
			TH_LOG("pfn %#lx", (long)c->pfn);
		/* the kernel's own have no mark either */
		EXPECT_LE(m.tables, c->pagetable_pages) TH_LOG("pfn %#lx", (long)c->pfn);
		/* huge pages of anonymous memory apart; nothing is pinned or stuck here */
		if (!c->huge_pages) {
			EXPECT_EQ(m.anon, c->anon_pages) TH_LOG("pfn %#lx", (long)c->pfn);
			EXPECT_LE(m.shmem, c->shmem_pages) TH_LOG("pfn %#lx", (long)c->pfn);
			EXPECT_LE(m.file, c->file_pages) TH_LOG("pfn %#lx", (long)c->pfn);
		}
		/* the zero page is reserved, and no memory of the boot's */
		EXPECT_GE(m.reserved + 1, c->reserved_pages) TH_LOG("pfn %#lx", (long)c->pfn);
		same += c->free_pages == m.buddy;
	}
	TH_LOG("%zu blocks, %zu whole and quiet, %zu without per-CPU pages", self->answer.nr,
	       whole, same);
	EXPECT_GE(3, fewer);
	EXPECT_LT(self->answer.nr / 2, whole);
	EXPECT_LT(whole / 2, same);
}

/* /proc/pagetypeinfo counts blocks, and so does the dataset pageblocks: as many, the same */
TEST_F(census, types_are_those_of_pageblocks)
{
	const struct mmscope_pageblock *b;
	struct answer blocks;
	size_t differ = 0;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PAGEBLOCKS), &blocks));
	ASSERT_EQ(0, read_census(self));
	b = blocks.records;
	for (size_t i = 0; i < blocks.nr; i++) {
		const struct mmscope_census *c = block_of(self, b[i].pfn);

		/* no record: nothing in it is RAM */
		if (c && !(b[i].flags & MMSCOPE_PAGEBLOCK_PARTIAL))
			differ += c->migratetype != b[i].migratetype || c->zone != b[i].zone ||
				  c->node != b[i].node;
	}
	EXPECT_GE(blocks.nr, self->answer.nr);
	EXPECT_LE(blocks.nr, self->answer.nr + 2);
	/* a block may change its type at any moment */
	EXPECT_GE(2, differ);
	answer_free(&blocks);
}

/* frames of ours in the block of another of ours */
static size_t ours_in(const FIXTURE_DATA(census) *self, size_t nr, uint64_t pfn)
{
	size_t n = 0;

	for (size_t i = 0; i < nr; i++)
		n += self->pfn[i] / BLOCK == pfn / BLOCK;
	return n;
}

#define UNEVICTABLE "/proc/sys/vm/compact_unevictable_allowed"

TEST_F(census, own_pages_are_movable_locked_ones_unevictable_pinned_ones_stay)
{
	char *allowed = read_file(UNEVICTABLE);
	char *mem = mmap(NULL, OWN * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct fixture_plant pin = { .what = FIXTURE_PIN, .nr = OWN, .addr = (uintptr_t)mem };

	need_symbol("sysctl_compact_unevictable_allowed");
	ASSERT_NE(MAP_FAILED, mem);
	madvise(mem, OWN * PAGE, MADV_NOHUGEPAGE);
	memset(mem, 1, OWN * PAGE);
	ASSERT_EQ(0, mlock(mem, OWN * PAGE));
	for (size_t i = 0; i < OWN; i++)
		self->pfn[i] = frame_of(mem + i * PAGE);
	/* compaction may be told to leave them alone, as a real-time kernel does by itself */
	ASSERT_EQ(0, write_file(UNEVICTABLE, "0"));
	ASSERT_EQ(0, read_census(self));
	for (size_t i = 0; i < OWN; i += 64) {
		const struct mmscope_census *c = block_of(self, self->pfn[i]);

		ASSERT_NE(NULL, c);
		EXPECT_LE(ours_in(self, OWN, self->pfn[i]), c->user_pages + 64);
	}
	ASSERT_EQ(0, write_file(UNEVICTABLE, "1"));
	ASSERT_EQ(0, read_census(self));
	for (size_t i = 0; i < OWN; i += 64) {
		const struct mmscope_census *c = block_of(self, self->pfn[i]);

		ASSERT_NE(NULL, c);
		EXPECT_LE(ours_in(self, OWN, self->pfn[i]), c->anon_pages);
		/* some wait in batches of the CPUs to become so */
		EXPECT_LE(ours_in(self, OWN, self->pfn[i]), c->unevictable_pages + 64);
		EXPECT_EQ(0, c->user_pages);
	}
	pin.pfns = (uintptr_t)self->pfn;
	pin.room = OWN;
	ASSERT_EQ(0, fixture_plant(self->fixture, &pin));
	ASSERT_EQ(0, read_census(self));
	for (size_t i = 0; i < OWN; i += 64) {
		const struct mmscope_census *c = block_of(self, self->pfn[i]);

		ASSERT_NE(NULL, c);
		EXPECT_EQ(ours_in(self, OWN, self->pfn[i]), c->user_pages);
		EXPECT_EQ(is_for_movable(self, c), !!(c->flags & MMSCOPE_CENSUS_POLLUTED));
		if (c->user_pages > BLOCK / 2)
			EXPECT_EQ(MMSCOPE_CLASS_PINNED, c->polluter);
	}
	ASSERT_EQ(0, write_file(UNEVICTABLE, allowed));
	free(allowed);
	ASSERT_EQ(0, fixture_free(self->fixture, 0));
}

/* pages of the kernel where movable ones should be */
TEST_F(census, what_stays_in_a_movable_block_pollutes_it)
{
	struct fixture_plant arg = {
		.what = FIXTURE_PAGES,
		.nr = 2048,
		.node = FIXTURE_ANY_NODE,
		.pfns = (uintptr_t)self->pfn,
		.room = OWN,
		.gfp = "GFP_KERNEL|__GFP_MOVABLE",
	};
	size_t polluted = 0;

	if (kernel_has_kasan())
		SKIP(return, "KASAN has left free blocks of the unmovable type");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(2048, arg.nr_pfns);
	ASSERT_EQ(0, read_census(self));
	for (size_t i = 0; i < arg.nr_pfns; i += 16) {
		const struct mmscope_census *c = block_of(self, self->pfn[i]);
		size_t ours = ours_in(self, arg.nr_pfns, self->pfn[i]);

		ASSERT_NE(NULL, c);
		EXPECT_LE(ours, c->kernel_pages);
		EXPECT_EQ(is_for_movable(self, c), !!(c->flags & MMSCOPE_CENSUS_POLLUTED));
		if (!is_for_movable(self, c) || ours <= BLOCK / 2)
			continue;
		polluted++;
		EXPECT_EQ(MMSCOPE_CLASS_UNATTRIBUTED, c->polluter);
		EXPECT_LE(ours, c->polluter_pages);
	}
	EXPECT_LT(0, polluted);
}

TEST_F(census, filters_choose_blocks)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_CENSUS);
	const struct mmscope_census *c;
	struct answer some;

	ASSERT_EQ(0, read_census(self));
	c = record_at(self, self->answer.nr / 2);
	/* a range within two blocks: both are whole */
	arg.start = c->pfn + 7;
	arg.end = c->pfn + BLOCK + 7;
	ASSERT_EQ(0, walk_all(self->fd, arg, &some));
	ASSERT_EQ(2, some.nr);
	EXPECT_EQ(c->pfn, ((struct mmscope_census *)some.records)[0].pfn);
	EXPECT_EQ(c->pages, ((struct mmscope_census *)some.records)[0].pages);
	answer_free(&some);
	arg = walk_arg(MMSCOPE_DS_CENSUS);
	arg.class_mask = 1 << 1;
	arg.zone = c->zone;
	ASSERT_EQ(0, walk_all(self->fd, arg, &some));
	EXPECT_LT(0, some.nr);
	for (size_t i = 0; i < some.nr; i++) {
		EXPECT_EQ(1, ((struct mmscope_census *)some.records)[i].migratetype);
		EXPECT_EQ(c->zone, ((struct mmscope_census *)some.records)[i].zone);
	}
	answer_free(&some);
}

TEST_HARNESS_MAIN

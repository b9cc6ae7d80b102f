// SPDX-License-Identifier: GPL-2.0
/*
 * What a process asks of its memory: locks, protections, advice. Each step is
 * compared with all that the kernel tells of it (witness.h).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"
#include "frames.h"
#include "rmap.h"
#include "witness.h"

#define PAGES	64
#define BYTES	(PAGES * PAGE)
#define HALF	(PAGES / 2)

#define PRESENT	MMSCOPE_ENTRY_PRESENT
#define WRITE	MMSCOPE_ENTRY_WRITE
#define DIRTY	MMSCOPE_ENTRY_DIRTY

FIXTURE(advice)
{
	int fd;
	struct scene *s;
	struct view v, before;
};

FIXTURE_SETUP(advice)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
}

FIXTURE_TEARDOWN(advice)
{
	scene_end(self->s);
	view_free(&self->v);
	view_free(&self->before);
	zoo_teardown();
	close(self->fd);
}

/* ------------------------------------------------------------------------- locks */

static int play_mlock(struct scene *s)
{
	switch (s->step) {
	case 0:
		if (place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES / 2, PAGE);
		return 0;
	case 1:
		return mlock(s->addr, BYTES);
	default:
		return munlock(s->addr, BYTES);
	}
}

TEST_F(advice, mlock_brings_all_in_and_keeps_it)
{
	look_begin(play_mlock);
	EXPECT_EQ(HALF, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(0, self->v.vma.locked_bytes);
	look_next();
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(BYTES, self->v.vma.locked_bytes);
	EXPECT_EQ(BYTES, smaps_bytes(&self->v, "Locked"));
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p, p->frame.flags >> KPF_MLOCKED & 1));
	tell_points("mlock", &self->v);
	look_next();
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(0, self->v.vma.locked_bytes);
	EXPECT_EQ(0, count_pages(&self->v, 0, PAGES, p, p->frame.flags >> KPF_MLOCKED & 1));
}

static int play_mlock_on_fault(struct scene *s)
{
	if (s->step == 0)
		return place(s, alone_anon(BYTES), BYTES) ?: mlock2(s->addr, BYTES, MLOCK_ONFAULT);
	touch(s->addr, BYTES / 2, PAGE);
	return 0;
}

TEST_F(advice, mlock_on_fault_brings_nothing_in)
{
	look_begin(play_mlock_on_fault);
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(BYTES, self->v.vma.locked_bytes);
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_LOCKONFAULT);
	look_next();
	EXPECT_EQ(HALF, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(BYTES / 2, smaps_bytes(&self->v, "Locked"));
	EXPECT_EQ(HALF, count_pages(&self->v, 0, PAGES, p, p->frame.flags >> KPF_MLOCKED & 1));
	tell_points("MLOCK_ONFAULT", &self->v);
}

static int play_mlockall(struct scene *s)
{
	if (s->step == 0)
		return mlockall(MCL_CURRENT | MCL_FUTURE) ?:
		       place(s, alone(BYTES, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1), BYTES);
	return munlockall();
}

TEST_F(advice, mlockall_locks_what_is_mapped_later)
{
	look_begin(play_mlockall);
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(BYTES, self->v.vma.locked_bytes);
	tell_points("mlockall", &self->v);
	look_next();
	EXPECT_EQ(0, self->v.vma.locked_bytes);
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
}

/* ------------------------------------------------------------------- protections */

static int play_mprotect(struct scene *s)
{
	static const int prot[] = { PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC,
				    PROT_READ | PROT_WRITE };

	if (s->step == 0) {
		if (place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	}
	return mprotect(s->addr, BYTES, prot[s->step - 1]);
}

TEST_F(advice, mprotect_changes_entries_and_no_frame)
{
	look_begin(play_mprotect);
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | WRITE, MMSCOPE_ENTRY_EXEC));
	look_next();
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_USER, WRITE));
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(MMSCOPE_PERM_READ, self->v.vma.perms);
	look_next();
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_PROTNONE,
				     WRITE | MMSCOPE_ENTRY_USER));
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(0, self->v.vma.perms);
	tell_points("mprotect, PROT_NONE", &self->v);
	look_next();
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_EXEC, WRITE));
	look_next();
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(MMSCOPE_PERM_READ | MMSCOPE_PERM_WRITE, self->v.vma.perms);
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_USER,
				     MMSCOPE_ENTRY_EXEC | MMSCOPE_ENTRY_PROTNONE));
	tell_points("mprotect", &self->v);
}

/* ------------------------------------------------------------------------ advice */

static int play_dontneed(struct scene *s)
{
	if (s->step == 0) {
		if (place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	}
	return madvise(s->addr + BYTES / 4, BYTES / 2, MADV_DONTNEED);
}

TEST_F(advice, dontneed_leaves_a_hole)
{
	look_begin(play_dontneed);
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	look_next();
	EXPECT_EQ(HALF, count_pages(&self->v, PAGES / 4, 3 * PAGES / 4, p, p->kind == NO_ENTRY));
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, PAGES));
	tell_points("MADV_DONTNEED", &self->v);
}

/*
 * Pages wait in batches of a CPU for their lists: this advice ends that before it does
 * anything; munmap() did until Linux 7.
 */
static int settle(void)
{
	char *p = zoo_anon(PAGE);

	return !p || madvise(p, PAGE, MADV_FREE) || munmap(p, PAGE);
}

static int play_free(struct scene *s)
{
	switch (s->step) {
	case 0:
		if (run_on_cpu(0) || place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		/* only what is on a list already can become lazily free */
		return settle();
	case 1:
		return madvise(s->addr, BYTES, MADV_FREE) ?: settle();
	default:
		touch(s->addr, BYTES / 2, PAGE);
		return 0;
	}
}

TEST_F(advice, free_keeps_pages_until_they_are_taken)
{
	look_begin(play_free);
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | DIRTY, 0));
	look_next();
	EXPECT_EQ(BYTES, smaps_bytes(&self->v, "LazyFree"));
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT, DIRTY));
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p,
				     !(p->frame.flags >> KPF_SWAPBACKED & 1)));
	tell_points("MADV_FREE", &self->v);
	look_next();
	EXPECT_EQ(HALF, count_flags(&self->v, PRESENT | DIRTY, 0));
	EXPECT_EQ(BYTES / 2, smaps_bytes(&self->v, "LazyFree"));
}

static int play_cold(struct scene *s)
{
	if (s->step == 0) {
		if (place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	}
	if (s->step == 1)
		return madvise(s->addr, BYTES, MADV_COLD);
	return page_out(s->addr, BYTES);
}

TEST_F(advice, cold_pages_are_not_accessed_and_paged_out_ones_not_there)
{
	look_begin(play_cold);
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_ACCESSED, 0));
	look_next();
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT, MMSCOPE_ENTRY_ACCESSED));
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	tell_points("MADV_COLD", &self->v);
	look_next();
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_SWAP));
	EXPECT_EQ(BYTES, smaps_bytes(&self->v, "Swap"));
	tell_points("MADV_PAGEOUT", &self->v);
}

static int play_populate(struct scene *s)
{
	if (s->step == 0)
		return place(s, alone_anon(BYTES), BYTES);
	if (s->step == 1)
		return madvise(s->addr, BYTES / 2, MADV_POPULATE_READ);
	return madvise(s->addr, BYTES, MADV_POPULATE_WRITE);
}

TEST_F(advice, populate_maps_the_zero_page_or_new_ones)
{
	look_begin(play_populate);
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(MMSCOPE_NO_TABLE, self->v.page[0].walk.result);
	look_next();
	EXPECT_EQ(HALF, count_kind(&self->v, MMSCOPE_MAPPING_ZERO));
	EXPECT_EQ(HALF, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(MMSCOPE_NOT_PRESENT, self->v.page[PAGES - 1].walk.result);
	EXPECT_EQ(0, smaps_bytes(&self->v, "Rss"));
	tell_points("MADV_POPULATE_READ", &self->v);
	look_next();
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | WRITE | DIRTY, 0));
	tell_points("MADV_POPULATE_WRITE", &self->v);
}

/* ------------------------------------------------------------------- huge pages */

#define NR	(HUGE_2M / PAGE)

static int play_huge(struct scene *s)
{
	switch (s->step) {
	case 0:
		if (place(s, alone_anon(2 * HUGE_2M), 2 * HUGE_2M))
			return 1;
		touch(s->addr, HUGE_2M, PAGE);
		return 0;
	case 1:
		s->addr += HUGE_2M;
		s->bytes = HUGE_2M;
		if (madvise(s->addr, HUGE_2M, MADV_HUGEPAGE))
			return 2;
		touch(s->addr, HUGE_2M, PAGE);
		return 0;
	case 2:
		/* who asks gets it all the same, but khugepaged must not be first */
		s->addr -= HUGE_2M;
		s->bytes = 2 * HUGE_2M;
		return write_file("/sys/kernel/mm/transparent_hugepage/enabled", "never") ?:
		       madvise(s->addr, HUGE_2M, MADV_HUGEPAGE) ?:
		       insist(s->addr, HUGE_2M, MADV_COLLAPSE);
	default:
		/* part of it goes: what is left is mapped page by page */
		return madvise(s->addr, PAGE, MADV_DONTNEED);
	}
}

TEST_F_TIMEOUT(advice, hugepage_is_for_new_memory_and_collapse_for_old, 120)
{
	struct view first = { 0 };

	need_thp();
	look_begin(play_huge);
	EXPECT_EQ(NR, count_pages(&self->v, 0, NR, p, p->size == PAGE));
	EXPECT_EQ(NR, count_kind(&self->v, NO_ENTRY));
	first = self->v;
	memset(&self->v, 0, sizeof(self->v));
	look_next();
	EXPECT_EQ(NR, count_pages(&self->v, 0, NR, p, p->size == HUGE_2M));
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_HUGEPAGE);
	EXPECT_EQ(HUGE_2M, smaps_bytes(&self->v, "AnonHugePages"));
	EXPECT_EQ(MMSCOPE_LEVEL_PMD, self->v.page[0].walk.level);
	tell_points("MADV_HUGEPAGE", &self->v);
	look_next();
	EXPECT_EQ(2 * NR, count_pages(&self->v, 0, 2 * NR, p, p->size == HUGE_2M));
	EXPECT_EQ(0, count_same(&self->v, &first, 0, NR));
	EXPECT_EQ(self->before.page[0].pfn, self->v.page[NR].pfn);
	EXPECT_EQ(2 * HUGE_2M, smaps_bytes(&self->v, "AnonHugePages"));
	tell_points("MADV_COLLAPSE", &self->v);
	look_next();
	EXPECT_EQ(NO_ENTRY, self->v.page[0].kind);
	EXPECT_EQ(NR - 1, count_same(&self->v, &self->before, 1, NR));
	EXPECT_EQ(NR - 1, count_pages(&self->v, 0, NR, p, p->size == PAGE));
	EXPECT_EQ(MMSCOPE_LEVEL_PTE, self->v.page[1].walk.level);
	tell_points("huge page mapped by PTEs", &self->v);
	view_free(&first);
}

static int play_huge_zero(struct scene *s)
{
	if (s->step == 0) {
		if (place(s, alone_huge(HUGE_2M), HUGE_2M))
			return 1;
		zoo_read(s->addr, HUGE_2M);
		return 0;
	}
	s->addr[17 * PAGE] = 1;
	return 0;
}

TEST_F(advice, the_huge_zero_page)
{
	need_symbol("huge_zero_pfn");
	need_thp();
	look_begin(play_huge_zero);
	EXPECT_EQ(NR, count_kind(&self->v, MMSCOPE_MAPPING_ZERO));
	EXPECT_EQ(NR, count_pages(&self->v, 0, NR, p, p->size == HUGE_2M));
	EXPECT_EQ(0, smaps_bytes(&self->v, "Rss"));
	tell_points("huge zero page", &self->v);
	look_next();
	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, self->v.page[17].kind);
}

static int play_hugetlb(struct scene *s)
{
	if (s->step == 0) {
		if (place(s, alone(3 * HUGE_2M, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1), 3 * HUGE_2M))
			return 1;
		s->addr[0] = 1;
		s->addr[2 * HUGE_2M] = 1;
		return 0;
	}
	return madvise(s->addr, HUGE_2M, MADV_DONTNEED);
}

TEST_F(advice, hugetlb_pages)
{
	look_begin(play_hugetlb);
	EXPECT_EQ(2 * NR, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(NR, count_pages(&self->v, NR, 2 * NR, p, p->kind == NO_ENTRY));
	EXPECT_EQ(2 * HUGE_2M, smaps_bytes(&self->v, "Private_Hugetlb"));
	EXPECT_EQ(MMSCOPE_PAGE_HUGETLB, self->v.page[0].frame.kind);
	EXPECT_EQ(MMSCOPE_VMA_HUGETLB, self->v.vma.kind);
	EXPECT_EQ(MMSCOPE_LEVEL_PMD, self->v.page[0].walk.level);
	tell_points("hugetlb 2M", &self->v);
	look_next();
	EXPECT_EQ(NR, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
}

TEST_HARNESS_MAIN

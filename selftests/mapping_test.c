// SPDX-License-Identifier: GPL-2.0
/*
 * mappings against /proc/PID/pagemap, page by page, on a stopped child that
 * has one of each, and on this process and PID 1; kinds against kpageflags.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "zoo.h"

/* what pagemap would say about one page of a run */
static uint64_t as_pagemap(const struct mmscope_mapping *run, uint64_t page, bool hugetlb)
{
	uint64_t entry = 0;

	switch (run->kind) {
	case MMSCOPE_MAPPING_ZERO:
		entry = PM_PRESENT | (run->pfn + (run->page_size_bytes > PAGE ?
						  page % (run->page_size_bytes / PAGE) : 0));
		break;
	case MMSCOPE_MAPPING_PAGE:
		entry = PM_PRESENT | (run->pfn + page);
		break;
	case MMSCOPE_MAPPING_PFNMAP:
		return 0;	/* pagemap does not look into these */
	case MMSCOPE_MAPPING_SWAP:
		entry = PM_SWAP | run->swap_type | (run->swap_offset + page) << 5;
		break;
	case MMSCOPE_MAPPING_MARKER:
		entry = PM_SWAP;
		break;
	}
	/* of hugetlb pagemap tells the VMA's bit only */
	if (run->flags & MMSCOPE_ENTRY_SOFT_DIRTY && !hugetlb)
		entry |= PM_SOFT_DIRTY;
	if (run->flags & MMSCOPE_ENTRY_UFFD_WP)
		entry |= PM_UFFD_WP;
	return entry;
}

/* a marker's frame bits are of no meaning to us */
static uint64_t compared(uint64_t entry, uint64_t ours)
{
	if ((entry & PM_SWAP) && !(ours & PM_FRAME))
		entry &= ~PM_FRAME;
	return entry & PM_COMPARED;
}

/* pages of a VMA that differ; the first of them is told */
static size_t compare_vma(const struct map *m, const struct answer *a, const uint64_t *pagemap)
{
	const size_t nr = (m->end - m->start) / PAGE;
	const struct mmscope_mapping *run = a->records;
	const uint64_t vma_bits = map_has(m, "sd") ? PM_SOFT_DIRTY : 0;
	uint64_t *ours = calloc(nr, sizeof(*ours));
	size_t bad = 0;

	for (size_t i = 0; i < a->nr; i++, run++) {
		if (run->start < m->start || run->start >= m->end)
			continue;
		if (run->end > m->end) {
			bad++;
			continue;
		}
		for (uint64_t page = 0; page < run->pages; page++)
			ours[(run->start - m->start) / PAGE + page] =
				as_pagemap(run, page, map_has(m, "ht"));
	}
	for (size_t i = 0; i < nr; i++) {
		if ((ours[i] | vma_bits) == compared(pagemap[i], ours[i]))
			continue;
		if (!bad++)
			fprintf(stderr, "# %s %#lx: pagemap %#lx, mappings %#lx\n", m->path,
				m->start + i * PAGE, (unsigned long)pagemap[i],
				(unsigned long)(ours[i] | vma_bits));
	}
	free(ours);
	return bad;
}

/* all VMAs, ours between two equal readings of pagemap; -1: it never held still */
static int compare_process(int fd, pid_t pid, struct answer *a, struct maps *maps)
{
	int bad = -1;

	for (int try = 0; try < 20 && bad < 0; try++) {
		uint64_t **before;
		bool same = true;

		answer_free(a);
		maps_free(maps);
		if (read_maps(pid, maps))
			return -1;
		before = calloc(maps->nr, sizeof(*before));
		for (size_t i = 0; i < maps->nr; i++)
			before[i] = read_pagemap(pid, maps->map[i].start, maps->map[i].end);
		if (walk_pid(fd, MMSCOPE_DS_MAPPINGS, pid, a))
			return -1;
		for (size_t i = 0; i < maps->nr; i++) {
			const struct map *m = &maps->map[i];
			uint64_t *after = read_pagemap(pid, m->start, m->end);

			same = same && !memcmp(before[i], after, (m->end - m->start) / PAGE * 8);
			free(after);
		}
		if (same)
			bad = 0;
		for (size_t i = 0; i < maps->nr; i++) {
			if (same)
				bad += compare_vma(&maps->map[i], a, before[i]);
			free(before[i]);
		}
		free(before);
	}
	return bad;
}

static const struct mmscope_mapping *run_at(const struct answer *a, const void *addr)
{
	const struct mmscope_mapping *run = a->records;

	for (size_t i = 0; i < a->nr; i++, run++)
		if (run->start <= (uintptr_t)addr && (uintptr_t)addr < run->end)
			return run;
	return NULL;
}

FIXTURE(mapping)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
	struct answer a;
	struct maps maps;
};

FIXTURE_SETUP(mapping)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(mapping)
{
	kill_child(self->pid);
	answer_free(&self->a);
	maps_free(&self->maps);
	zoo_teardown();
	close(self->fd);
}

TEST_F(mapping, every_page_of_every_vma_is_as_in_pagemap)
{
	EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a, &self->maps));
	TH_LOG("%zu VMAs, %zu runs, longest hold of mmap_lock %lu ns", self->maps.nr, self->a.nr,
	       (unsigned long)self->a.max_lock_ns);
}

#define expect_run(_addr, _kind, _size, _set, _clear) do {			\
	const struct mmscope_mapping *_run = run_at(&self->a, _addr);		\
	ASSERT_NE(NULL, _run);							\
	EXPECT_EQ((_kind), _run->kind);						\
	EXPECT_EQ((_size), _run->page_size_bytes);				\
	EXPECT_EQ((_set), _run->flags & (_set));				\
	EXPECT_EQ(0, _run->flags & (_clear));					\
} while (0)

#define PRESENT	MMSCOPE_ENTRY_PRESENT
#define WRITE	MMSCOPE_ENTRY_WRITE
#define DIRTY	MMSCOPE_ENTRY_DIRTY
#define SDIRTY	MMSCOPE_ENTRY_SOFT_DIRTY

TEST_F(mapping, each_kind_is_told_for_what_it_is)
{
	const struct zoo *z = self->zoo;
	const uint64_t user = PRESENT | MMSCOPE_ENTRY_USER, huge = has_thp() ? HUGE_2M : PAGE;
	/* clearing soft-dirty bits takes the right to write away */
	const bool cleared = has_soft_dirty();

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_MAPPINGS, self->pid, &self->a));
	EXPECT_EQ(NULL, run_at(&self->a, z->anon));
	expect_run(z->anon + PAGE, MMSCOPE_MAPPING_PAGE, PAGE, user | DIRTY,
		   SDIRTY | (cleared ? WRITE : 0));
	expect_run(z->thp, MMSCOPE_MAPPING_PAGE, huge, user | DIRTY, SDIRTY);
	expect_run(z->huge_zero, MMSCOPE_MAPPING_ZERO, huge, user, WRITE | DIRTY);
	expect_run(z->zero, MMSCOPE_MAPPING_ZERO, PAGE, user, WRITE | DIRTY);
	expect_run(z->file, MMSCOPE_MAPPING_PAGE, PAGE, user, WRITE | MMSCOPE_ENTRY_EXEC);
	expect_run(z->file_shared, MMSCOPE_MAPPING_PAGE, PAGE, user | DIRTY, 0);
	expect_run(z->shared, MMSCOPE_MAPPING_PAGE, PAGE, user, 0);
	EXPECT_EQ(NULL, run_at(&self->a, z->shared + PAGE));
	expect_run(z->sysv, MMSCOPE_MAPPING_PAGE, PAGE, user, 0);
	expect_run(z->prot_none, MMSCOPE_MAPPING_PAGE, PAGE, PRESENT | MMSCOPE_ENTRY_PROTNONE,
		   WRITE | MMSCOPE_ENTRY_USER);
	expect_run(z->swapped, MMSCOPE_MAPPING_SWAP, PAGE, 0, PRESENT);
	expect_run(z->holes, MMSCOPE_MAPPING_PAGE, PAGE, user, 0);
	EXPECT_EQ(NULL, run_at(&self->a, z->holes + ZOO_PAGES / 2 * PAGE));
	expect_run(z->locked, MMSCOPE_MAPPING_PAGE, PAGE, user, 0);
	expect_run(z->cow + (ZOO_PAGES - 1) * PAGE, MMSCOPE_MAPPING_PAGE, PAGE, user, WRITE);
	expect_run(z->clean, MMSCOPE_MAPPING_PAGE, PAGE, user,
		   SDIRTY | (cleared ? WRITE : 0));
	expect_run(z->dirtied, MMSCOPE_MAPPING_PAGE, PAGE, user | WRITE | (cleared ? SDIRTY : 0),
		   0);
	expect_run((void *)((uintptr_t)zoo_prepare & ~(PAGE - 1)), MMSCOPE_MAPPING_PAGE, PAGE,
		   user | MMSCOPE_ENTRY_EXEC, WRITE);
	expect_run(z->hugetlb, MMSCOPE_MAPPING_PAGE, HUGE_2M, user | WRITE, 0);
	EXPECT_EQ(NULL, run_at(&self->a, z->hugetlb + HUGE_2M));
	expect_run(z->hugetlb_shared, MMSCOPE_MAPPING_PAGE, HUGE_2M, user, 0);
	if (z->gigantic)
		expect_run(z->gigantic, MMSCOPE_MAPPING_PAGE, LEAF_1G, user | WRITE, 0);
	else
		TH_LOG("no page of 1G to be had");
	if (z->devmem) {
		expect_run(z->devmem, MMSCOPE_MAPPING_PFNMAP, PAGE, user, WRITE);
		EXPECT_EQ(ZOO_PAGES, run_at(&self->a, z->devmem)->pages);
		EXPECT_EQ(ZOO_DEVMEM / PAGE, run_at(&self->a, z->devmem)->pfn);
	} else {
		TH_LOG("no /dev/mem to be had");
	}
	if (z->marked) {
		expect_run(z->marked, MMSCOPE_MAPPING_PAGE, PAGE, user | MMSCOPE_ENTRY_UFFD_WP,
			   WRITE);
		expect_run(z->marked + (ZOO_PAGES - 1) * PAGE, MMSCOPE_MAPPING_MARKER, PAGE,
			   MMSCOPE_ENTRY_UFFD_WP, PRESENT);
	} else {
		TH_LOG("no userfaultfd markers to be had");
	}
}

static bool mergeable(const struct mmscope_mapping *a, const struct mmscope_mapping *b)
{
	bool next;

	if (a->end != b->start || a->kind != b->kind || a->flags != b->flags ||
	    a->page_size_bytes != b->page_size_bytes)
		return false;
	if (a->kind == MMSCOPE_MAPPING_SWAP)
		next = a->swap_type == b->swap_type && a->swap_offset + a->pages == b->swap_offset;
	else if (a->kind == MMSCOPE_MAPPING_ZERO)
		next = a->pfn == b->pfn;
	else
		next = a->pfn + a->pages == b->pfn;
	return next;
}

static bool vma_begins_at(const struct maps *maps, uint64_t addr)
{
	for (size_t i = 0; i < maps->nr; i++)
		if (maps->map[i].start == addr)
			return true;
	return false;
}

TEST_F(mapping, runs_ascend_are_as_long_as_can_be_and_keep_to_their_vma)
{
	const struct mmscope_mapping *run;

	ASSERT_EQ(0, read_maps(self->pid, &self->maps));
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_MAPPINGS, self->pid, &self->a));
	run = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		EXPECT_EQ(run[i].pages * PAGE, run[i].end - run[i].start);
		EXPECT_EQ((uint32_t)self->pid, run[i].pid);
		EXPECT_LT(run[i].start, run[i].end);
		for (uint64_t at = run[i].start + PAGE; at < run[i].end; at += PAGE)
			EXPECT_FALSE(vma_begins_at(&self->maps, at));
		if (!i)
			continue;
		EXPECT_LE(run[i - 1].end, run[i].start);
		if (!vma_begins_at(&self->maps, run[i].start))
			EXPECT_FALSE(mergeable(&run[i - 1], &run[i]));
	}
}

/* frames and what the frame database says of them */
TEST_F(mapping, kinds_agree_with_kpageflags)
{
	const struct mmscope_mapping *run;
	size_t zeros = 0, huge = 0;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_MAPPINGS, self->pid, &self->a));
	run = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++, run++) {
		uint64_t flags;

		if (!(run->flags & PRESENT) || run->kind == MMSCOPE_MAPPING_PFNMAP)
			continue;
		flags = frame_flags(run->pfn);
		EXPECT_EQ(run->kind == MMSCOPE_MAPPING_ZERO, flags >> KPF_ZERO_PAGE & 1);
		if (run->page_size_bytes > PAGE)
			EXPECT_NE(0, flags & (1 << KPF_THP | 1 << KPF_HUGE));
		zeros += run->kind == MMSCOPE_MAPPING_ZERO;
		huge += run->page_size_bytes > PAGE;
	}
	EXPECT_LT(1, zeros);
	EXPECT_LT(1, huge);
}

TEST_F(mapping, one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);
	struct answer one;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(self->a.nr, one.nr);
	EXPECT_LE(one.nr, one.calls);
	EXPECT_EQ(0, memcmp(self->a.records, one.records, one.nr * one.rec_size));
	answer_free(&one);
}

TEST_F(mapping, a_range_cuts_runs_at_its_ends)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);
	const struct mmscope_mapping *run, *whole;
	const uint64_t thp = (uintptr_t)self->zoo->thp;

	need_thp();
	arg.pid = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	whole = run_at(&self->a, self->zoo->thp);
	ASSERT_NE(NULL, whole);

	/* in the middle of a huge page, and of a page */
	arg.start = thp + 5 * PAGE + 17;
	arg.end = thp + 9 * PAGE - 1;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(1, self->a.nr);
	run = self->a.records;
	EXPECT_EQ(thp + 5 * PAGE, run->start);
	EXPECT_EQ(thp + 9 * PAGE, run->end);
	EXPECT_EQ(4, run->pages);
	EXPECT_EQ(HUGE_2M, run->page_size_bytes);
	EXPECT_EQ(read_pagemap(self->pid, run->start, run->end)[0] & PM_FRAME, run->pfn);

	arg.start = thp;
	arg.end = thp;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_EQ(0, self->a.nr);
}

TEST_F(mapping, a_class_selects_kinds)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);
	const struct mmscope_mapping *run;

	arg.pid = self->pid;
	arg.class_mask = 1 << MMSCOPE_MAPPING_SWAP | 1 << MMSCOPE_MAPPING_ZERO;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_NE(NULL, run_at(&self->a, self->zoo->swapped));
	EXPECT_NE(NULL, run_at(&self->a, self->zoo->zero));
	run = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++, run++)
		EXPECT_NE(0, arg.class_mask >> run->kind & 1);
}

TEST_F(mapping, any_cursor_is_harmless)
{
	static const uint64_t cursors[] = {
		1, 4095, 1ULL << 46, 1ULL << 47, 1ULL << 63, 0xffff888000000000, ~0ULL - 4095,
		~0ULL,
	};
	char buf[64 * sizeof(struct mmscope_mapping)];

	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);

		arg.pid = self->pid;
		arg.buf = (uintptr_t)buf;
		arg.buf_bytes = sizeof(buf);
		arg.cursor.pos = cursors[i];
		arg.cursor.hint = cursors[i];
		EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	}
}

TEST_F(mapping, pid_1_is_as_in_pagemap)
{
	EXPECT_EQ(0, compare_process(self->fd, 1, &self->a, &self->maps));
	EXPECT_NE(0, self->a.nr);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * ptes: leaves against /proc/PID/pagemap, page by page and in every bit that a
 * page table has; tables against one another and against VmPTE; single bits in
 * states that the test makes itself.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "zoo.h"

#define UNKNOWN		MMSCOPE_UNKNOWN

static bool is_leaf(const struct mmscope_pte *e)
{
	return e->kind != MMSCOPE_MAPPING_TABLE;
}

/* what pagemap would say of one of its pages */
static uint64_t as_pagemap(const struct mmscope_pte *e, uint64_t addr, bool hugetlb)
{
	const uint64_t page = (addr - e->addr) / PAGE;
	uint64_t bits = 0;

	if (e->flags & MMSCOPE_ENTRY_PRESENT)
		bits = PM_PRESENT | (e->pfn + page);
	else if (e->kind == MMSCOPE_MAPPING_SWAP)
		bits = PM_SWAP | e->swap_type | (e->swap_offset + page) << 5;
	else
		bits = PM_SWAP;
	if (e->flags & MMSCOPE_ENTRY_SOFT_DIRTY && !hugetlb)
		bits |= PM_SOFT_DIRTY;
	if (e->flags & MMSCOPE_ENTRY_UFFD_WP)
		bits |= PM_UFFD_WP;
	return bits;
}

/* does the raw entry say what the record does? */
static bool raw_agrees(const struct mmscope_pte *e)
{
	uint64_t raw = e->raw, frame;

	if (!is_leaf(e))
		return raw_has(raw, 0) && raw_frame(raw, false) / PAGE == e->pfn &&
		       !e->page_size_bytes && raw_table_agrees(raw, e->flags);
	if (!(e->flags & MMSCOPE_ENTRY_PRESENT))
		return !raw_has(raw, 0) && e->pkey == ~0U && e->cache_mode == ~0U;
	if (e->flags & MMSCOPE_ENTRY_PROTNONE)
		return raw_is_protnone(raw);
	frame = (raw_frame(raw, false) & ~(e->page_size_bytes - 1)) / PAGE;
	return raw_has(raw, 0) && frame == e->pfn && raw_leaf_agrees(raw, e->flags);
}

/*
 * Order and tables: every entry stands in the table that the last entry above led
 * to, at the place of its address. Returns entries that do not; counts tables.
 */
static int check_tree(const struct answer *a, uint64_t *tables)
{
	const struct mmscope_pte *e = a->records;
	const struct mmscope_pte *above[MMSCOPE_NR_LEVELS] = { NULL };
	uint64_t done = 0, top = 0;
	int bad = 0;

	for (size_t i = 0; i < a->nr; i++, e++) {
		const struct mmscope_pte *up = NULL;
		uint64_t size = e->end - e->addr;

		for (int l = 0; l < (int)e->level; l++)
			if (above[l])
				up = above[l];
		if (up ? e->addr < up->addr || e->end > up->end || e->table_pfn != up->pfn :
			 top && e->table_pfn != top)
			bad++;
		if (!up)
			top = e->table_pfn;
		if (e->addr / size % ENTRIES != e->index || e->addr % size || e->addr < done ||
		    !raw_agrees(e) || (is_leaf(e) && e->page_size_bytes != size)) {
			if (!bad++)
				fprintf(stderr, "# %#lx level %u kind %u raw %#lx flags %#lx pfn %#lx\n",
					(unsigned long)e->addr, e->level, e->kind,
					(unsigned long)e->raw, (unsigned long)e->flags,
					(unsigned long)e->pfn);
		}
		for (int l = e->level; l < MMSCOPE_NR_LEVELS; l++)
			above[l] = NULL;
		if (is_leaf(e)) {
			done = e->end;
		} else {
			above[e->level] = e;
			/* the top table's tables are p4d tables if there are five levels */
			*tables += size != 1UL << level_shift(MMSCOPE_LEVEL_PGD);
		}
	}
	return bad;
}

/* pages of a VMA that differ from pagemap */
static size_t compare_map(const struct map *m, const struct answer *a, pid_t pid)
{
	const size_t nr = (m->end - m->start) / PAGE;
	uint64_t *pagemap = read_pagemap(pid, m->start, m->end);
	uint64_t *ours = calloc(nr, sizeof(*ours));
	const struct mmscope_pte *e = a->records;
	size_t bad = 0;

	for (size_t i = 0; i < a->nr; i++, e++) {
		uint64_t addr = e->addr < m->start ? m->start : e->addr;

		for (; is_leaf(e) && addr < e->end && addr < m->end; addr += PAGE)
			ours[(addr - m->start) / PAGE] = as_pagemap(e, addr, map_has(m, "ht"));
	}
	for (size_t i = 0; i < nr; i++) {
		uint64_t theirs = pagemap[i] & PM_COMPARED;

		/* of a marker pagemap shows the marker's bits as a slot */
		if (theirs & PM_SWAP && !(ours[i] & PM_FRAME))
			theirs &= ~PM_FRAME;
		if (map_has(m, "sd"))
			ours[i] |= PM_SOFT_DIRTY;
		if (map_has(m, "pf") ? !theirs || theirs == PM_SOFT_DIRTY : ours[i] == theirs)
			continue;
		if (!bad++)
			fprintf(stderr, "# %s %#lx: pagemap %#lx, ours %#lx\n", m->path,
				m->start + i * PAGE, theirs, ours[i]);
	}
	free(pagemap);
	free(ours);
	return bad;
}

/* the leaf that maps an address of a process; .kind ~0: none */
static struct mmscope_pte leaf_at(int fd, pid_t pid, const void *addr)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PTES);
	struct mmscope_pte found = { .kind = ~0U };
	struct answer a;

	arg.pid = pid;
	arg.start = (uintptr_t)addr;
	arg.end = (uintptr_t)addr + 1;
	if (!walk_all(fd, arg, &a) && a.nr)
		found = ((struct mmscope_pte *)a.records)[a.nr - 1];
	answer_free(&a);
	if (found.kind != ~0U && !is_leaf(&found))
		found.kind = ~0U;
	return found;
}

FIXTURE(ptes)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
	struct answer a;
};

FIXTURE_SETUP(ptes)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PTES);

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
	arg.pid = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
}

FIXTURE_TEARDOWN(ptes)
{
	answer_free(&self->a);
	kill_child(self->pid);
	zoo_teardown();
	close(self->fd);
}

TEST_F(ptes, leaves_are_as_in_pagemap)
{
	struct maps maps;

	ASSERT_EQ(0, read_maps(self->pid, &maps));
	for (size_t i = 0; i < maps.nr; i++)
		EXPECT_EQ(0, compare_map(&maps.map[i], &self->a, self->pid));
	TH_LOG("%zu entries, longest hold of mmap_lock %lu ns", self->a.nr, self->a.max_lock_ns);
	maps_free(&maps);
}

TEST_F(ptes, tables_are_a_tree_and_make_vmpte)
{
	uint64_t tables = 0, kib, spare;
	struct maps maps;
	char path[64];

	EXPECT_EQ(0, check_tree(&self->a, &tables));
	snprintf(path, sizeof(path), "/proc/%d/status", self->pid);
	ASSERT_EQ(0, read_number(path, "VmPTE", &kib));
	ASSERT_EQ(0, read_maps(self->pid, &maps));
	/* each anonymous huge page has a spare table; the huge zero page, too */
	spare = has_thp();
	for (size_t i = 0; i < maps.nr; i++)
		spare += maps.map[i].anon_huge / HUGE_2M;
	EXPECT_EQ(kib * 1024 / PAGE, tables + spare);
	maps_free(&maps);
}

TEST_F(ptes, one_record_a_call_and_classes_give_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PTES);
	const struct mmscope_pte *all = self->a.records, *some;
	struct answer one, classes;
	size_t n = 0;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(self->a.nr, one.nr);
	EXPECT_EQ(0, memcmp(one.records, self->a.records, one.nr * one.rec_size));
	arg.class_mask = 1 << MMSCOPE_LEVEL_PMD | 1 << MMSCOPE_LEVEL_PUD;
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 3, &classes));
	some = classes.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		if (all[i].level != MMSCOPE_LEVEL_PMD && all[i].level != MMSCOPE_LEVEL_PUD)
			continue;
		ASSERT_LT(n, classes.nr);
		EXPECT_EQ(0, memcmp(&all[i], &some[n++], sizeof(*all)));
	}
	EXPECT_EQ(n, classes.nr);
	answer_free(&one);
	answer_free(&classes);
}

TEST_F(ptes, kinds_sizes_and_cache_modes)
{
	const struct zoo *z = self->zoo;
	struct mmscope_pte e = leaf_at(self->fd, self->pid, z->thp + 12345);

	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, e.kind);
	EXPECT_EQ(has_thp() ? MMSCOPE_LEVEL_PMD : MMSCOPE_LEVEL_PTE, e.level);
	EXPECT_EQ((uintptr_t)z->thp + (has_thp() ? 0 : 12345 / PAGE * PAGE), e.addr);
	EXPECT_EQ(MMSCOPE_CACHE_WB, e.cache_mode);
	EXPECT_EQ(0, e.cache_index);
	EXPECT_EQ(MMSCOPE_MAPPING_ZERO, leaf_at(self->fd, self->pid, z->huge_zero + 7).kind);
	EXPECT_EQ(HUGE_2M, leaf_at(self->fd, self->pid, z->hugetlb + 7).page_size_bytes);
	if (z->gigantic)
		EXPECT_EQ((uint32_t)LEVEL_1G, leaf_at(self->fd, self->pid, z->gigantic).level);
	EXPECT_EQ(MMSCOPE_MAPPING_SWAP, leaf_at(self->fd, self->pid, z->swapped).kind);
	EXPECT_EQ(~0U, leaf_at(self->fd, self->pid, z->anon).kind);
	e = leaf_at(self->fd, self->pid, z->zero);
	EXPECT_EQ(MMSCOPE_MAPPING_ZERO, e.kind);
	EXPECT_TRUE(e.flags & MMSCOPE_ENTRY_SPECIAL);
	e = leaf_at(self->fd, self->pid, z->prot_none);
	EXPECT_TRUE(e.flags & MMSCOPE_ENTRY_PROTNONE);
	if (z->devmem)
		EXPECT_EQ(MMSCOPE_MAPPING_PFNMAP, leaf_at(self->fd, self->pid, z->devmem).kind);
	if (z->marked) {
		e = leaf_at(self->fd, self->pid, z->marked + (ZOO_PAGES - 1) * PAGE);
		EXPECT_EQ(MMSCOPE_MAPPING_MARKER, e.kind);
		EXPECT_TRUE(e.flags & MMSCOPE_ENTRY_UFFD_WP);
		e = leaf_at(self->fd, self->pid, z->marked);
		EXPECT_TRUE(e.flags & MMSCOPE_ENTRY_UFFD_WP);
	}
}

/* of this process: bits that come and go with what it does */
TEST_F(ptes, accessed_dirty_write_and_soft_dirty)
{
	volatile char *p = zoo_anon(4 * PAGE);
	uint64_t flags;

	p[0] = 1;
	flags = leaf_at(self->fd, 0, (char *)p).flags;
	EXPECT_TRUE(flags & MMSCOPE_ENTRY_WRITE);
	EXPECT_TRUE(flags & MMSCOPE_ENTRY_DIRTY);
	EXPECT_TRUE(flags & MMSCOPE_ENTRY_ACCESSED);
	EXPECT_FALSE(flags & MMSCOPE_ENTRY_EXEC);
	ASSERT_EQ(0, mprotect((char *)p, PAGE, PROT_READ | PROT_EXEC));
	flags = leaf_at(self->fd, 0, (char *)p).flags;
	EXPECT_FALSE(flags & MMSCOPE_ENTRY_WRITE);
	EXPECT_TRUE(flags & MMSCOPE_ENTRY_EXEC);
	ASSERT_EQ(0, mprotect((char *)p, PAGE, PROT_READ | PROT_WRITE));
	/* accessed goes, and comes with the next access; soft-dirty likewise */
	ASSERT_EQ(0, write_file("/proc/self/clear_refs", "1"));
	EXPECT_FALSE(leaf_at(self->fd, 0, (char *)p).flags & MMSCOPE_ENTRY_ACCESSED);
	(void)p[0];
	EXPECT_TRUE(leaf_at(self->fd, 0, (char *)p).flags & MMSCOPE_ENTRY_ACCESSED);
	ASSERT_EQ(0, write_file("/proc/self/clear_refs", "4"));
	EXPECT_FALSE(leaf_at(self->fd, 0, (char *)p).flags & MMSCOPE_ENTRY_SOFT_DIRTY);
	p[0] = 2;
	flags = leaf_at(self->fd, 0, (char *)p).flags;
	EXPECT_EQ(has_soft_dirty(), !!(flags & MMSCOPE_ENTRY_SOFT_DIRTY));
}

TEST_F(ptes, protection_keys)
{
	char *p = zoo_anon(PAGE);
	long key = syscall(SYS_pkey_alloc, 0, 0);

	p[0] = 1;
	if (key < 0) {
		/* no such CPU: it must be said */
		EXPECT_EQ(~0U, leaf_at(self->fd, 0, p).pkey);
		return;
	}
	EXPECT_EQ(0, leaf_at(self->fd, 0, p).pkey);
	ASSERT_EQ(0, syscall(SYS_pkey_mprotect, p, PAGE, PROT_READ | PROT_WRITE, key));
	p[0] = 2;
	EXPECT_EQ((uint32_t)key, leaf_at(self->fd, 0, p).pkey);
	EXPECT_LT(0, key);
}

/* a range shows the tables above it, once each, and nothing beside it */
TEST_F(ptes, ranges)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PTES);
	const uint64_t at = (uintptr_t)self->zoo->dirtied;
	const struct mmscope_pte *e;
	struct answer a;
	size_t leaves = 0;

	arg.pid = self->pid;
	arg.start = at + 3 * PAGE;
	arg.end = at + 9 * PAGE;
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	e = a.records;
	for (size_t i = 0; i < a.nr; i++)
		leaves += is_leaf(&e[i]);
	EXPECT_EQ(6, leaves);
	EXPECT_LE(a.nr - leaves, 5);
	EXPECT_LE(3, a.nr - leaves);
	EXPECT_EQ(at + 3 * PAGE, e[a.nr - 6].addr);
	answer_free(&a);
}

TEST_HARNESS_MAIN

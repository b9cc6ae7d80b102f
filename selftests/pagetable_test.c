// SPDX-License-Identifier: GPL-2.0
/*
 * pagetables against VmPTE, smaps and pagemap, on a stopped child that has one
 * of each; and against what a child made on purpose, table by table.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "zoo.h"

/* what tables of PMDs and of PUDs map */
#define PUD_BYTES	(1UL << level_shift(MMSCOPE_LEVEL_PUD))
#define P4D_BYTES	(1UL << level_shift(MMSCOPE_LEVEL_P4D))

struct levels {
	struct mmscope_pagetable at[MMSCOPE_NR_LEVELS];
	uint64_t vm_pte;
};

static int read_levels(int fd, pid_t pid, struct levels *l)
{
	struct answer a;
	const struct mmscope_pagetable *rec;
	int err = walk_pid(fd, MMSCOPE_DS_PAGETABLES, pid, &a);

	memset(l, 0, sizeof(*l));
	rec = a.records;
	for (size_t i = 0; !err && i < a.nr; i++, rec++)
		l->at[rec->level] = *rec;
	l->vm_pte = read_vm_pte(pid);
	answer_free(&a);
	return err;
}

/* what VmPTE counts of it */
static uint64_t table_bytes(const struct levels *l)
{
	return l->at[MMSCOPE_LEVEL_PUD].table_bytes + l->at[MMSCOPE_LEVEL_PMD].table_bytes +
	       l->at[MMSCOPE_LEVEL_PTE].table_bytes;
}

/* pages by what /proc says of them */
struct proc_pages {
	uint64_t present;	/* pagemap, without hugetlb */
	uint64_t swap;
	uint64_t zero;		/* of present: the zero page */
	uint64_t huge_zero;	/* of present: the huge zero page, in base pages */
	uint64_t rss;		/* smaps, in pages from here on */
	uint64_t smaps_swap;
	uint64_t pmd_mapped;	/* THP of any kind, mapped by a PMD */
	uint64_t anon_thp;
	uint64_t hugetlb[2];	/* mapped by PMDs, by PUDs */
};

static void count_map(struct proc_pages *p, pid_t pid, const struct map *m)
{
	uint64_t *pagemap;

	p->rss += m->rss / PAGE;
	p->smaps_swap += m->swap / PAGE;
	p->anon_thp += m->anon_huge / PAGE;
	p->pmd_mapped += (m->anon_huge + m->shmem_pmd + m->file_pmd) / PAGE;
	if (map_has(m, "ht")) {
		p->hugetlb[m->kernel_page_size >= PUD_BYTES] +=
			(m->shared_hugetlb + m->private_hugetlb) / PAGE;
		return;
	}
	pagemap = read_pagemap(pid, m->start, m->end);
	for (uint64_t i = 0; i < (m->end - m->start) / PAGE; i++) {
		uint64_t flags;

		p->swap += pagemap[i] >> 62 & 1;
		if (!(pagemap[i] & PM_PRESENT))
			continue;
		p->present++;
		flags = frame_flags(pagemap[i] & PM_FRAME);
		if (flags >> KPF_ZERO_PAGE & 1) {
			p->zero++;
			p->huge_zero += flags >> KPF_THP & 1;
		}
	}
	free(pagemap);
}

static int count_process(struct proc_pages *p, pid_t pid)
{
	struct maps maps;

	memset(p, 0, sizeof(*p));
	if (read_maps(pid, &maps))
		return -1;
	for (size_t i = 0; i < maps.nr; i++)
		count_map(p, pid, &maps.map[i]);
	maps_free(&maps);
	return 0;
}

/* entries of VM_PFNMAP areas, which neither pagemap nor smaps count */
static uint64_t pfnmap_pages(int fd, pid_t pid)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);
	const struct mmscope_mapping *run;
	uint64_t pages = 0;
	struct answer a;

	arg.pid = pid;
	arg.class_mask = 1 << MMSCOPE_MAPPING_PFNMAP;
	if (walk_all(fd, arg, &a))
		return -1;
	run = a.records;
	for (size_t i = 0; i < a.nr; i++)
		pages += run[i].pages;
	answer_free(&a);
	return pages;
}

FIXTURE(pagetables)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
	struct levels l;
	struct proc_pages p;
};

/* a child that holds still: between two readings of /proc that agree */
FIXTURE_SETUP(pagetables)
{
	struct proc_pages after;
	int try;

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
	for (try = 0; try < 20; try++) {
		ASSERT_EQ(0, count_process(&self->p, self->pid));
		ASSERT_EQ(0, read_levels(self->fd, self->pid, &self->l));
		ASSERT_EQ(0, count_process(&after, self->pid));
		if (!memcmp(&self->p, &after, sizeof(after)))
			break;
	}
	ASSERT_LT(try, 20);
}

FIXTURE_TEARDOWN(pagetables)
{
	kill_child(self->pid);
	zoo_teardown();
	close(self->fd);
}

/* with larger pages PUDs may be folded, too */
static bool has_level(const struct levels *l, int level)
{
	return PAGE == 4096 || l->at[level].tables;
}

TEST_F(pagetables, tables_and_spare_ones_make_vmpte_to_the_byte)
{
	const struct levels *l = &self->l;
	/* a PTE table is put aside for each anonymous page that a PMD maps */
	uint64_t spare = (self->p.anon_thp + self->p.huge_zero) / (HUGE_2M / PAGE);

	EXPECT_EQ(has_thp(), spare > 0);
	for (int i = MMSCOPE_LEVEL_PUD; i <= MMSCOPE_LEVEL_PTE; i++)
		EXPECT_EQ(has_level(l, i) ? l->vm_pte : 0, l->at[i].mm_pgtables_bytes);
	EXPECT_EQ(l->vm_pte, table_bytes(l) + spare * PAGE);
	TH_LOG("VmPTE %lu = %lu + %lu spare tables", l->vm_pte, table_bytes(l), spare);
}

TEST_F(pagetables, leaf_entries_map_what_pagemap_and_smaps_show)
{
	const struct mmscope_pagetable *at = self->l.at;
	const struct proc_pages *p = &self->p;
	const uint64_t pfnmap = pfnmap_pages(self->fd, self->pid);
	const uint64_t pmd = at[MMSCOPE_LEVEL_PMD].leaf_present * (HUGE_2M / PAGE);
	const uint64_t pte = at[MMSCOPE_LEVEL_PTE].leaf_present;

	EXPECT_EQ(p->hugetlb[1], at[MMSCOPE_LEVEL_PUD].leaf_present * (PUD_BYTES / PAGE));
	EXPECT_EQ(p->pmd_mapped + p->huge_zero + p->hugetlb[0], pmd);
	EXPECT_EQ(p->present + p->hugetlb[0] + pfnmap, pte + pmd);
	/* Rss has neither zero pages nor hugetlb nor pfn maps */
	EXPECT_EQ(p->rss, pte + pmd - p->zero - p->hugetlb[0] - pfnmap);
	EXPECT_EQ(PAGE, at[MMSCOPE_LEVEL_PTE].leaf_size_bytes);
	EXPECT_EQ(HUGE_2M, at[MMSCOPE_LEVEL_PMD].leaf_size_bytes);
	EXPECT_EQ(has_level(&self->l, MMSCOPE_LEVEL_PUD) ? PUD_BYTES : 0,
		  at[MMSCOPE_LEVEL_PUD].leaf_size_bytes);
	for (int i = 0; i < MMSCOPE_NR_LEVELS; i++)
		EXPECT_EQ(at[i].leaf_bytes, at[i].leaf_present * at[i].leaf_size_bytes);
}

TEST_F(pagetables, swap_entries_are_those_of_pagemap)
{
	const struct mmscope_pagetable *pte = &self->l.at[MMSCOPE_LEVEL_PTE];

	/* pagemap calls markers swapped too, smaps does not */
	EXPECT_EQ(self->p.swap, pte->swap + pte->migration + pte->other);
	EXPECT_EQ(self->p.smaps_swap, pte->swap);
	EXPECT_LE(ZOO_PAGES / 2, pte->swap);
	if (self->zoo->marked)
		EXPECT_LE(ZOO_PAGES / 2, pte->other);
}

TEST_F(pagetables, entries_of_a_level_are_the_tables_of_the_next)
{
	const struct mmscope_pagetable *above = NULL;

	for (int i = 0; i < MMSCOPE_NR_LEVELS; i++) {
		const struct mmscope_pagetable *at = &self->l.at[i];
		uint64_t leaves = at->leaf_present + at->swap + at->migration + at->other;

		if (!at->tables)	/* folded */
			continue;
		EXPECT_EQ((uint32_t)i, at->level);
		EXPECT_EQ((uint32_t)self->pid, at->pid);
		/* a top table may be smaller than a page */
		if (i != MMSCOPE_LEVEL_PGD)
			EXPECT_EQ(at->tables * ENTRIES, at->entries_possible);
		EXPECT_EQ(at->entries_possible * sizeof(uint64_t), at->table_bytes);
		EXPECT_LE(at->entries_used, at->entries_possible);
		if (above)
			EXPECT_EQ(at->tables, above->entries_used - above->leaf_present -
					      above->swap - above->migration - above->other);
		if (i == MMSCOPE_LEVEL_PTE)
			EXPECT_EQ(at->entries_used, leaves);
		above = at;
	}
	EXPECT_EQ(1, self->l.at[MMSCOPE_LEVEL_PGD].tables);
}

TEST_F(pagetables, one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGETABLES);
	struct answer all, one;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &all));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(all.nr, one.nr);
	EXPECT_EQ(0, memcmp(all.records, one.records, all.nr * all.rec_size));
	answer_free(&all);
	answer_free(&one);
}

TEST_F(pagetables, a_class_selects_levels)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGETABLES);
	struct answer a;

	arg.pid = self->pid;
	arg.class_mask = 1 << MMSCOPE_LEVEL_PMD;
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	ASSERT_EQ(1, a.nr);
	EXPECT_EQ(0, memcmp(a.records, &self->l.at[MMSCOPE_LEVEL_PMD],
			    sizeof(struct mmscope_pagetable)));
	answer_free(&a);
}

/* a page in each of so many tables, far from all else */
struct sparse {
	size_t nr;
	size_t step;
	char *at;
};

static int prepare_sparse(void *arg)
{
	struct sparse *s = arg;
	size_t bytes = (s->nr + 2) * s->step;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	madvise(p, bytes, MADV_NOHUGEPAGE);
	/* aligned, and with the whole of the last step behind it */
	p = (char *)(((uintptr_t)p + s->step - 1) & ~(s->step - 1));
	raise(SIGSTOP);
	for (size_t i = 0; i < s->nr; i++)
		p[i * s->step] = 1;
	return 0;
}

/* the levels before and after the pages were touched */
static int sparse_levels(int fd, struct sparse *s, struct levels *before, struct levels *after)
{
	pid_t pid = stopped_child(prepare_sparse, s);
	int err = -1;

	if (pid < 0)
		return -1;
	if (read_levels(fd, pid, before))
		goto out;
	kill(pid, SIGCONT);
	if (waitpid(pid, NULL, WUNTRACED) == pid)
		err = read_levels(fd, pid, after);
out:
	kill_child(pid);
	return err;
}

#define MORE(_level, _field) (after.at[MMSCOPE_LEVEL_##_level]._field - \
			      before.at[MMSCOPE_LEVEL_##_level]._field)

TEST(a_page_in_each_of_1000_pte_tables)
{
	struct sparse s = { .nr = 1000, .step = HUGE_2M };
	struct levels before, after;
	int fd = open_device();

	ASSERT_EQ(0, sparse_levels(fd, &s, &before, &after));
	EXPECT_EQ(1000, MORE(PTE, leaf_present));
	EXPECT_EQ(1000, MORE(PTE, tables));
	EXPECT_EQ(1000, MORE(PMD, entries_used));
	EXPECT_EQ(after.vm_pte - before.vm_pte, table_bytes(&after) - table_bytes(&before));
	close(fd);
}

TEST(a_page_in_each_of_100_pmd_tables)
{
	struct sparse s = { .nr = 100, .step = PUD_BYTES };
	struct levels before, after;
	int fd = open_device();

	ASSERT_EQ(0, sparse_levels(fd, &s, &before, &after));
	EXPECT_EQ(100, MORE(PTE, leaf_present));
	EXPECT_EQ(100, MORE(PTE, tables));
	/* the first or the last may share a table with a neighbour */
	EXPECT_LE(98, MORE(PMD, tables));
	EXPECT_GE(100, MORE(PMD, tables));
	EXPECT_EQ(after.vm_pte - before.vm_pte, table_bytes(&after) - table_bytes(&before));
	close(fd);
}

TEST(a_page_in_each_of_10_pud_tables)
{
	struct sparse s = { .nr = 10, .step = P4D_BYTES };
	struct levels before, after;
	int fd = open_device();

	if ((s.nr + 2) * s.step > 1UL << 47)
		SKIP(return, "the address space has no room for so many");
	ASSERT_EQ(0, sparse_levels(fd, &s, &before, &after));
	EXPECT_EQ(10, MORE(PTE, tables));
	EXPECT_EQ(10, MORE(PMD, tables));
	EXPECT_LE(8, MORE(PUD, tables));
	EXPECT_GE(10, MORE(PUD, tables));
	EXPECT_EQ(after.vm_pte - before.vm_pte, table_bytes(&after) - table_bytes(&before));
	close(fd);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The one walk over the kernel's own page tables.
 *
 * Locks: none. What keeps the tables is init_mm's mmap_lock held for writing,
 * which is not ours to take: while it is held, a huge vmalloc() elsewhere falls
 * back to small pages and stays so, and what changes the attributes of memory
 * waits. Memory hotplug is not held up, either. Instead each table is copied as a
 * whole, without trust that it is there (copy_from_kernel_nofault), and after
 * that each entry that led to it is read again, from the top, which is never
 * freed. A table that these entries still lead to was a table all the time: the
 * kernel takes the entry away before it frees the table. If one has changed the
 * copy is dropped, and the new entry is followed.
 *
 * Staleness: entries are as they were when their table was copied.
 *
 * Source: init_mm.pgd downward.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../compat.h"
#include "../mmscope.h"
#include "frame.h"
#include "kernel_walk.h"
#include "pgtable.h"

/* how often an entry is followed that changes all the time */
#define TRIES 4

static bool is_leaf(u32 level, union mmscope_kernel_entry e)
{
	switch (level) {
	case MMSCOPE_LEVEL_PUD:
		return pud_leaf(e.pud);
	case MMSCOPE_LEVEL_PMD:
		return pmd_leaf(e.pmd);
	default:
		return level == MMSCOPE_LEVEL_PTE;
	}
}

static u64 leaf_pfn(u32 level, union mmscope_kernel_entry e)
{
	switch (level) {
	case MMSCOPE_LEVEL_PUD:
		return pud_pfn(e.pud);
	case MMSCOPE_LEVEL_PMD:
		return pmd_pfn(e.pmd);
	default:
		return pte_pfn(e.pte);
	}
}

static int visit_leaf(struct mmscope_kernel_walk *k, u32 level, union mmscope_kernel_entry e,
		      unsigned long addr)
{
	u32 flags = compat_kernel_rights(e.pte, true);
	struct mmscope_kernel_leaf leaf = {
		.level = level,
		.entry = e,
		.pfn = leaf_pfn(level, e),
		.addr = addr,
		.size = mmscope_pgt_entry_size(level),
		.flags = flags & (k->rights[level] | MMSCOPE_KERNEL_GLOBAL),
	};

	if (!compat_kernel_present(e.pte))
		leaf.flags = MMSCOPE_KERNEL_ABSENT;
	return k->leaf(k, &leaf);
}

/* Do the entries that led below @above still say the same? */
static bool path_holds(const struct mmscope_kernel_walk *k, u32 above)
{
	union mmscope_kernel_entry now;
	u32 level;

	for (level = MMSCOPE_LEVEL_PGD; level <= above; level++) {
		if (mmscope_pgt_folded(k->mm, level))
			continue;
		if (!mmscope_layout_copy(&now, k->path[level].at, sizeof(now)) ||
		    now.raw != k->path[level].entry.raw)
			return false;
	}
	return true;
}

static int walk_table(struct mmscope_kernel_walk *k, u32 level,
		      const union mmscope_kernel_entry *table, unsigned long addr);

/* Return: -EAGAIN if the entry is another one now. */
static int enter_table(struct mmscope_kernel_walk *k, u32 above,
		       const union mmscope_kernel_entry *at, union mmscope_kernel_entry e,
		       unsigned long addr)
{
	struct mmscope_kernel_table t = {
		.level = mmscope_pgt_below(k->mm, above),
		.pfn = pte_pfn(e.pte),
		.addr = addr,
		.size = mmscope_pgt_entry_size(above),
		.rights = k->rights[above] & compat_kernel_rights(e.pte, false),
	};
	const void *table = __va(PFN_PHYS(t.pfn));
	int ret;

	if (!mmscope_frame_online(t.pfn))
		return 0;
	k->path[above].at = at;
	k->path[above].entry = e;
	t.again = k->last[t.level] == t.pfn;
	k->last[t.level] = t.pfn;
	ret = k->table(k, &t);
	if (ret)
		return ret == MMSCOPE_KERNEL_SKIP ? 0 : ret;
	if (!mmscope_layout_copy(k->copy[t.level], table, PAGE_SIZE) || !path_holds(k, above))
		return -EAGAIN;
	k->rights[t.level] = t.rights;
	return mmscope_pause() ?: walk_table(k, t.level, table, addr);
}

static int visit_entry(struct mmscope_kernel_walk *k, u32 level,
		       union mmscope_kernel_entry *copy,
		       const union mmscope_kernel_entry *at, unsigned long addr)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < TRIES; i++) {
		if (pte_none(copy->pte))
			return 0;
		if (is_leaf(level, *copy))
			return visit_leaf(k, level, *copy, addr);
		if (!pte_present(copy->pte))
			return 0;
		ret = enter_table(k, level, at, *copy, addr);
		if (ret != -EAGAIN)
			return ret;
		k->torn++;
		if (!mmscope_layout_copy(copy, at, sizeof(*copy)))
			break;
	}
	return 0;
}

/* eight entries from an aligned one */
static bool is_blank(const union mmscope_kernel_entry *e)
{
	return !(e[0].raw | e[1].raw | e[2].raw | e[3].raw |
		 e[4].raw | e[5].raw | e[6].raw | e[7].raw);
}

/* The next entry that holds something: most of a table is empty. */
static u32 next_used(const union mmscope_kernel_entry *table, u32 i)
{
	while (i < MMSCOPE_TABLE_ENTRIES && !table[i].raw)
		i += i % 8 || !is_blank(&table[i]) ? 1 : 8;
	return i;
}

/*
 * The copy of a table, entry by entry from the first one wanted, which maps
 * @addr. @table: where it is in memory. Recursion ends at the PTEs.
 */
static int walk_table(struct mmscope_kernel_walk *k, u32 level,
		      const union mmscope_kernel_entry *table, unsigned long addr)
{
	unsigned long size = mmscope_pgt_entry_size(level);
	union mmscope_kernel_entry *copy = k->copy[level];
	u32 i = next_used(copy, k->start > addr ? (k->start - addr) / size : 0);
	int ret = 0;

	for (; i < MMSCOPE_TABLE_ENTRIES && !ret; i = next_used(copy, i + 1))
		ret = visit_entry(k, level, &copy[i], table + i, addr + i * size);
	return ret;
}

/* The top table is walked from the first address of the kernel's half on. */
static int walk_pgd(struct mmscope_kernel_walk *k)
{
	const union mmscope_kernel_entry *pgd = READ_ONCE(*(void **)&k->mm->pgd);
	/* so that the first entry of the table would map this */
	unsigned long base = COMPAT_KERNEL_START -
			     mmscope_pgt_index(MMSCOPE_LEVEL_PGD, COMPAT_KERNEL_START) *
			     mmscope_pgt_entry_size(MMSCOPE_LEVEL_PGD);
	struct mmscope_kernel_table t = {
		.level = MMSCOPE_LEVEL_PGD,
		.pfn = PHYS_PFN(__pa_symbol(pgd)),
		.addr = COMPAT_KERNEL_START,
		.size = -COMPAT_KERNEL_START,
		.rights = MMSCOPE_KERNEL_WRITE | MMSCOPE_KERNEL_EXEC | MMSCOPE_KERNEL_USER,
	};
	int ret = k->table(k, &t);

	if (ret)
		return ret;
	if (!mmscope_layout_copy(k->copy[MMSCOPE_LEVEL_PGD], pgd, PAGE_SIZE))
		return 0;
	k->rights[MMSCOPE_LEVEL_PGD] = t.rights;
	k->start = max(k->start, COMPAT_KERNEL_START);
	return walk_table(k, MMSCOPE_LEVEL_PGD, pgd, base);
}

/**
 * mmscope_kernel_walk - walk the kernel's page tables, from @k->start to the top
 * @k: the walk
 *
 * Sleeps between two tables.
 *
 * Return: 0 at the end, also if init_mm is not known; what a callback returned;
 * -EINTR.
 */
int mmscope_kernel_walk(struct mmscope_kernel_walk *k)
{
	int ret;

	if (!mmscope_has(init_mm))
		return 0;
	k->mm = mmscope_sym(init_mm);
	ret = walk_pgd(k);
	return ret == MMSCOPE_KERNEL_SKIP || ret == MMSCOPE_KERNEL_STOP ? 0 : ret;
}

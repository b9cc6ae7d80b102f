// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own page tables: the frames they are in, and the frames that the
 * ranges of vmalloc, modules and struct pages map.
 *
 * Locks: none, and there is none to be had but init_mm's for writing, which is
 * not ours to take. The kernel hardly ever frees a table of its own. Each table
 * is copied as a whole, without trust that it is there (copy_from_kernel_nofault),
 * and dropped if the entry that led to it has changed meanwhile.
 *
 * Staleness: entries are as they were when their table was copied.
 *
 * Cost: tables of PTEs are read only where the frames they map are wanted; of
 * the others the entry above tells the frame. Shadow memory of sanitizers leads
 * to one table from thousands of entries: a table that was the last one visited
 * at its level is not entered again.
 *
 * Source: init_mm.pgd downward.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/moduleloader.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "../mmscope.h"
#include "collect.h"
#include "pgtable.h"

#define TABLE_ENTRIES (PAGE_SIZE / sizeof(union table_entry))

union table_entry {
	u64 raw;
	pud_t pud;
	pmd_t pmd;
	pte_t pte;
};

/* a range whose leaf entries are wanted */
struct leaf_range {
	unsigned long start;
	unsigned long end;
	u32 class;
};

/**
 * struct kernel_walk - a walk over the kernel's tables
 * @c: the collection
 * @mm: init_mm
 * @last: frame of the table visited last at each level
 * @range: ranges whose leaves are wanted
 * @nr_ranges: how many
 * @table: a copy of the table at each level
 */
struct kernel_walk {
	struct mmscope_collect *c;
	struct mm_struct *mm;
	u64 last[MMSCOPE_NR_LEVELS];
	struct leaf_range range[3];
	u32 nr_ranges;
	union table_entry table[MMSCOPE_NR_LEVELS][TABLE_ENTRIES];
};

/* ------------------------------------------------------------------- leaves */

static void want_range(struct kernel_walk *k, unsigned long start, unsigned long end, u32 class)
{
	k->range[k->nr_ranges++] = (struct leaf_range){ start, end, class };
}

static void init_ranges(struct kernel_walk *k)
{
	if (k->c->parts & MMSCOPE_OVERLAY_KERNEL) {
		want_range(k, VMALLOC_START, VMALLOC_END, MMSCOPE_CLASS_VMALLOC);
#ifdef MODULES_VADDR
		want_range(k, MODULES_VADDR, MODULES_END, MMSCOPE_CLASS_MODULE);
#endif
	}
#ifdef CONFIG_SPARSEMEM_VMEMMAP
	if (k->c->parts & MMSCOPE_OVERLAY_BOOT)
		want_range(k, (unsigned long)vmemmap,
			   (unsigned long)(vmemmap + (1UL << (MAX_PHYSMEM_BITS - PAGE_SHIFT))),
			   MMSCOPE_CLASS_MEMMAP);
#endif
}

static const struct leaf_range *find_range(const struct kernel_walk *k, unsigned long addr,
					   unsigned long size)
{
	u32 i;

	for (i = 0; i < k->nr_ranges; i++)
		if (addr < k->range[i].end && addr + (size - 1) >= k->range[i].start)
			return &k->range[i];
	return NULL;
}

static int visit_leaf(struct kernel_walk *k, unsigned long addr, unsigned long size, u64 pfn)
{
	const struct leaf_range *range = find_range(k, addr, size);
	int owner;

	if (!range || !mmscope_collect_wants(k->c, pfn, size >> PAGE_SHIFT))
		return 0;
	/* no memory, or none that Linux manages */
	if (!pfn_to_online_page(pfn))
		return 0;
	if (range->class == MMSCOPE_CLASS_MEMMAP)
		owner = mmscope_collect_owner(k->c, MMSCOPE_CLASS_MEMMAP, 0, "");
	else
		owner = mmscope_vmap_owner(k->c, addr, range->class == MMSCOPE_CLASS_MODULE);
	if (owner == -ENOENT)
		return 0;
	if (owner < 0)
		return owner;
	return mmscope_collect_run(k->c, pfn, size >> PAGE_SHIFT, owner);
}

/* ------------------------------------------------------------------- tables */

static bool is_leaf(u32 level, union table_entry e)
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

static u64 leaf_pfn(u32 level, union table_entry e)
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

static int record_table(struct kernel_walk *k, u32 level, u64 pfn)
{
	if (!(k->c->parts & MMSCOPE_OVERLAY_KERNEL))
		return 0;
	return mmscope_collect_frames(k->c, pfn, 1, MMSCOPE_CLASS_KERNEL_PAGETABLE, 0,
				      mmscope_level_names.tab[level].name);
}

/* Are there tables or leaves to be met below an entry? */
static bool is_wanted(const struct kernel_walk *k, u32 below, unsigned long addr,
		      unsigned long size)
{
	if (below != MMSCOPE_LEVEL_PTE && (k->c->parts & MMSCOPE_OVERLAY_KERNEL))
		return true;
	return find_range(k, addr, size);
}

/* Copy the table that an entry leads to; false if the entry was another one afterwards. */
static bool copy_table(struct kernel_walk *k, u32 level, u64 pfn, const union table_entry *upper,
		       union table_entry e)
{
	union table_entry now;

	if (!mmscope_layout_copy(k->table[level], __va(PFN_PHYS(pfn)), PAGE_SIZE))
		return false;
	if (mmscope_layout_copy(&now, upper, sizeof(now)) && now.raw == e.raw)
		return true;
	k->c->w->torn++;
	return false;
}

static int walk_table(struct kernel_walk *k, u32 level, const union table_entry *table,
		      u32 first, unsigned long addr);

/* @upper: where the entry @e is in memory */
static int enter_table(struct kernel_walk *k, u32 above, const union table_entry *upper,
		       union table_entry e, unsigned long addr)
{
	u32 level = mmscope_pgt_below(k->mm, above);
	u64 pfn = pte_pfn(e.pte);
	int err;

	if (k->last[level] == pfn || !pfn_to_online_page(pfn))
		return 0;
	k->last[level] = pfn;
	err = record_table(k, level, pfn);
	if (err || !is_wanted(k, level, addr, mmscope_pgt_entry_size(above)))
		return err;
	if (!copy_table(k, level, pfn, upper, e))
		return 0;
	err = mmscope_pause();
	if (err)
		return err;
	return walk_table(k, level, __va(PFN_PHYS(pfn)), 0, addr);
}

/* eight entries from an aligned one */
static bool is_blank(const union table_entry *e)
{
	return !(e[0].raw | e[1].raw | e[2].raw | e[3].raw |
		 e[4].raw | e[5].raw | e[6].raw | e[7].raw);
}

/* The next entry that holds something: most of a table is empty. */
static u32 next_used(const union table_entry *table, u32 i)
{
	while (i < TABLE_ENTRIES && !table[i].raw)
		i += i % 8 || !is_blank(&table[i]) ? 1 : 8;
	return i;
}

/*
 * The copy of a table, entry by entry from the first one wanted, which maps
 * @addr. @table: where it is in memory. Recursion ends at the PTEs.
 */
static int walk_table(struct kernel_walk *k, u32 level, const union table_entry *table,
		      u32 first, unsigned long addr)
{
	const union table_entry *copy = k->table[level];
	unsigned long size = mmscope_pgt_entry_size(level);
	int err = 0;
	u32 i;

	for (i = next_used(copy, first); i < TABLE_ENTRIES && !err; i = next_used(copy, i + 1)) {
		unsigned long at = addr + (i - first) * size;
		union table_entry e = copy[i];

		if (!pte_present(e.pte))
			continue;
		if (is_leaf(level, e))
			err = visit_leaf(k, at, size, leaf_pfn(level, e));
		else
			err = enter_table(k, level, table + i, e, at);
	}
	return err;
}

static int walk_kernel(struct kernel_walk *k)
{
	unsigned long addr = PAGE_OFFSET & PGDIR_MASK;
	void *pgd = READ_ONCE(k->mm->pgd);
	int err;

	init_ranges(k);
	err = record_table(k, MMSCOPE_LEVEL_PGD, PHYS_PFN(__pa_symbol(pgd)));
	if (err)
		return err;
	if (!mmscope_layout_copy(k->table[MMSCOPE_LEVEL_PGD], pgd, PAGE_SIZE))
		return 0;
	return walk_table(k, MMSCOPE_LEVEL_PGD, pgd, pgd_index(addr), addr);
}

/**
 * mmscope_collect_kernel_tables - walk the kernel's page tables
 * @c: the collection, with the areas in @c->vmap
 *
 * Return: 0, with nothing collected if init_mm is not known; -ENOMEM; -EINTR.
 */
int mmscope_collect_kernel_tables(struct mmscope_collect *c)
{
	struct kernel_walk *k;
	int err;

	if (!mmscope_has(init_mm))
		return 0;
	k = kvzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return -ENOMEM;
	k->c = c;
	k->mm = mmscope_sym(init_mm);
	err = walk_kernel(k);
	kvfree(k);
	return err;
}

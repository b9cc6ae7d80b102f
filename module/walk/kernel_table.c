// SPDX-License-Identifier: GPL-2.0
/*
 * The frames that the kernel's own page tables are in, and those that the ranges
 * of vmalloc, modules and struct pages map.
 *
 * Locks and staleness: those of kernel_walk.c: none, and as of the moment a table
 * was copied.
 *
 * Cost: tables of PTEs are read only where the frames they map are wanted; of
 * the others the entry above tells the frame. Shadow memory of sanitizers leads
 * to one table from thousands of entries: a table that was the last one visited
 * at its level is not entered again.
 *
 * Source: init_mm.pgd downward.
 */
#include <linux/mm.h>
#include <linux/moduleloader.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "../mmscope.h"
#include "collect.h"
#include "frame.h"
#include "kernel_walk.h"

/* a range whose leaf entries are wanted */
struct leaf_range {
	unsigned long start;
	unsigned long end;
	u32 class;
};

/**
 * struct table_walk - a collection of the kernel's tables
 * @k: the walk
 * @c: the collection
 * @range: ranges whose leaves are wanted
 * @nr_ranges: how many
 */
struct table_walk {
	struct mmscope_kernel_walk k;
	struct mmscope_collect *c;
	struct leaf_range range[3];
	u32 nr_ranges;
};

/* ------------------------------------------------------------------- leaves */

static void want_range(struct table_walk *t, unsigned long start, unsigned long end, u32 class)
{
	t->range[t->nr_ranges++] = (struct leaf_range){ start, end, class };
}

static void init_ranges(struct table_walk *t)
{
	if (t->c->parts & MMSCOPE_OVERLAY_KERNEL) {
		want_range(t, VMALLOC_START, VMALLOC_END, MMSCOPE_CLASS_VMALLOC);
#ifdef MODULES_VADDR
		want_range(t, MODULES_VADDR, MODULES_END, MMSCOPE_CLASS_MODULE);
#endif
	}
#ifdef CONFIG_SPARSEMEM_VMEMMAP
	if (t->c->parts & MMSCOPE_OVERLAY_BOOT)
		want_range(t, COMPAT_MEMMAP_START, COMPAT_MEMMAP_END, MMSCOPE_CLASS_MEMMAP);
#endif
}

static const struct leaf_range *find_range(const struct table_walk *t, unsigned long addr,
					   unsigned long size)
{
	u32 i;

	for (i = 0; i < t->nr_ranges; i++)
		if (addr < t->range[i].end && addr + (size - 1) >= t->range[i].start)
			return &t->range[i];
	return NULL;
}

/* text of several modules may be in one huge page */
static int record_modules(struct table_walk *t, const struct mmscope_kernel_leaf *leaf)
{
	u64 i, pages = leaf->size >> PAGE_SHIFT;
	int owner, err;

	for (i = 0; i < pages; i++) {
		owner = mmscope_vmap_owner(t->c, leaf->addr + i * PAGE_SIZE, true);
		if (owner == -ENOENT)
			continue;
		if (owner < 0)
			return owner;
		err = mmscope_collect_run(t->c, leaf->pfn + i, 1, owner);
		if (err)
			return err;
	}
	return 0;
}

static int visit_leaf(struct mmscope_kernel_walk *k, const struct mmscope_kernel_leaf *leaf)
{
	struct table_walk *t = k->priv;
	const struct leaf_range *range = find_range(t, leaf->addr, leaf->size);
	u64 pages = leaf->size >> PAGE_SHIFT;
	int owner;

	if (!range || leaf->flags & MMSCOPE_KERNEL_ABSENT ||
	    !mmscope_collect_wants(t->c, leaf->pfn, pages))
		return 0;
	/* no memory, or none that Linux manages */
	if (!mmscope_frame_online(leaf->pfn))
		return 0;
	if (range->class == MMSCOPE_CLASS_MODULE)
		return record_modules(t, leaf);
	if (range->class == MMSCOPE_CLASS_MEMMAP)
		owner = mmscope_collect_owner(t->c, MMSCOPE_CLASS_MEMMAP, 0, "");
	else
		owner = mmscope_vmap_owner(t->c, leaf->addr, false);
	if (owner == -ENOENT)
		return 0;
	if (owner < 0)
		return owner;
	return mmscope_collect_run(t->c, leaf->pfn, pages, owner);
}

/* ------------------------------------------------------------------- tables */

static int record_table(struct table_walk *t, const struct mmscope_kernel_table *table)
{
	if (!(t->c->parts & MMSCOPE_OVERLAY_KERNEL))
		return 0;
	return mmscope_collect_frames(t->c, table->pfn, 1, MMSCOPE_CLASS_KERNEL_PAGETABLE, 0,
				      mmscope_level_names.tab[table->level].name);
}

/* Are there tables or leaves to be met in a table? */
static bool is_wanted(const struct table_walk *t, const struct mmscope_kernel_table *table)
{
	if (table->level != MMSCOPE_LEVEL_PTE && (t->c->parts & MMSCOPE_OVERLAY_KERNEL))
		return true;
	return find_range(t, table->addr, table->size);
}

static int visit_table(struct mmscope_kernel_walk *k, const struct mmscope_kernel_table *table)
{
	struct table_walk *t = k->priv;
	int err;

	if (table->again)
		return MMSCOPE_KERNEL_SKIP;
	err = record_table(t, table);
	if (err)
		return err;
	return is_wanted(t, table) ? 0 : MMSCOPE_KERNEL_SKIP;
}

/**
 * mmscope_collect_kernel_tables - walk the kernel's page tables
 * @c: the collection, with the areas in @c->vmap
 *
 * Return: 0, with nothing collected if init_mm is not known; -ENOMEM; -EINTR.
 */
int mmscope_collect_kernel_tables(struct mmscope_collect *c)
{
	struct table_walk *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->c = c;
	t->k.priv = t;
	t->k.table = visit_table;
	t->k.leaf = visit_leaf;
	init_ranges(t);
	err = mmscope_kernel_walk(&t->k);
	c->w->torn += t->k.torn;
	kvfree(t);
	return err;
}

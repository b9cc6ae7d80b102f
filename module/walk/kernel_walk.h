/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one walk over the kernel's own page tables.
 */
#ifndef _MMSCOPE_WALK_KERNEL_WALK_H
#define _MMSCOPE_WALK_KERNEL_WALK_H

#include <linux/pgtable.h>
#include <linux/types.h>

#include <linux/mmscope.h>

#define MMSCOPE_TABLE_ENTRIES (PAGE_SIZE / sizeof(union mmscope_kernel_entry))

/* what callbacks may return besides 0 and errors */
#define MMSCOPE_KERNEL_SKIP	2	/* of a table: not to be entered */
#define MMSCOPE_KERNEL_STOP	3	/* the walk is at its end */

union mmscope_kernel_entry {
	u64 raw;
	pud_t pud;
	pmd_t pmd;
	pte_t pte;
};

/**
 * struct mmscope_kernel_table - a table that is met
 * @level: enum mmscope_level of its entries
 * @pfn: its frame
 * @addr: the first address that it maps
 * @size: bytes that it maps
 * @rights: what the entries above it allow, enum mmscope_kernel_flags
 * @again: it was also the last one met at this level
 */
struct mmscope_kernel_table {
	u32 level;
	u64 pfn;
	unsigned long addr;
	unsigned long size;
	u32 rights;
	bool again;
};

/**
 * struct mmscope_kernel_leaf - an entry that maps memory
 * @level: enum mmscope_level
 * @entry: as it was read
 * @pfn: of the first frame
 * @addr: the first address
 * @size: bytes
 * @flags: enum mmscope_kernel_flags, with what the entries above it forbid
 */
struct mmscope_kernel_leaf {
	u32 level;
	union mmscope_kernel_entry entry;
	u64 pfn;
	unsigned long addr;
	unsigned long size;
	u32 flags;
};

/**
 * struct mmscope_kernel_walk - a walk; zeroed, but for what the caller sets
 * @start: the first address
 * @priv: the caller's
 * @table: a table is met: 0 to enter it, MMSCOPE_KERNEL_SKIP, or what ends the walk
 * @leaf: a leaf is met, also one that is not present; what is not 0 ends the walk
 * @torn: entries that changed while what they lead to was read
 * @mm: init_mm
 * @last: frame of the table met last at each level
 * @rights: what the entries above a level allow
 * @path: the entries that led here, and where they are in memory
 * @copy: the table of each level, as it was
 */
struct mmscope_kernel_walk {
	unsigned long start;
	void *priv;
	int (*table)(struct mmscope_kernel_walk *k, const struct mmscope_kernel_table *t);
	int (*leaf)(struct mmscope_kernel_walk *k, const struct mmscope_kernel_leaf *l);
	u64 torn;
	struct mm_struct *mm;
	u64 last[MMSCOPE_NR_LEVELS];
	u32 rights[MMSCOPE_NR_LEVELS];
	struct {
		const union mmscope_kernel_entry *at;
		union mmscope_kernel_entry entry;
	} path[MMSCOPE_NR_LEVELS];
	union mmscope_kernel_entry copy[MMSCOPE_NR_LEVELS][MMSCOPE_TABLE_ENTRIES];
};

int mmscope_kernel_walk(struct mmscope_kernel_walk *k);

#endif /* _MMSCOPE_WALK_KERNEL_WALK_H */

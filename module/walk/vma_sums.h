/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datasets with a record for each VMA of a process and one with the sums.
 */
#ifndef _MMSCOPE_VMA_SUMS_H
#define _MMSCOPE_VMA_SUMS_H

#include <linux/types.h>

struct mmscope_pgt_entry;
struct mmscope_pgt_walk;
struct mmscope_walk;
struct vm_area_struct;

/**
 * struct mmscope_vma_sums_ops - what one such dataset does
 * @hold: a hold of mmap_lock begins, or NULL
 * @open: a record begins at @start, in a VMA
 * @prepare: before the page tables of the VMA are read, or NULL. Returns 0, or
 *           MMSCOPE_MORE when it is to be called again in the next hold
 * @entry: as of struct mmscope_pgt_walk, with runs
 * @close: the record is complete and ends at @end; returns it, it must stay
 * @total: returns the record with the sums
 * @clear: they are zero again
 */
struct mmscope_vma_sums_ops {
	void (*hold)(struct mmscope_walk *w);
	void (*open)(struct mmscope_walk *w, struct vm_area_struct *vma, u64 start);
	int (*prepare)(struct mmscope_walk *w, struct vm_area_struct *vma, u64 began);
	int (*entry)(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e);
	const void *(*close)(struct mmscope_walk *w, u64 end);
	const void *(*total)(struct mmscope_walk *w);
	void (*clear)(struct mmscope_walk *w);
};

/**
 * struct mmscope_vma_sums - first member of such a dataset's scratch
 * @started: the other members are set
 * @over: the sums have been handed over
 * @late: it did not begin at the first VMA, and the sums are wanted
 * @open: a record is under construction
 * @pos: where the page tables are to be read on
 * @end: where that ends
 * @shown: records that end here or before were handed over by an earlier call
 * @vma_start: of the VMA whose record is open
 * @vma_end: likewise
 * @rec: closed, but not handed over; or NULL
 * @rec_end: where it ends
 */
struct mmscope_vma_sums {
	bool started;
	bool over;
	bool late;
	bool open;
	unsigned long pos;
	unsigned long end;
	u64 shown;
	unsigned long vma_start;
	unsigned long vma_end;
	const void *rec;
	u64 rec_end;
};

int mmscope_vma_sums_walk(struct mmscope_walk *w, const struct mmscope_vma_sums_ops *ops);

#endif /* _MMSCOPE_VMA_SUMS_H */

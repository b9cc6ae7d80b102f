/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's rules say of huge pages in a VMA.
 */
#ifndef _MMSCOPE_THP_POLICY_H
#define _MMSCOPE_THP_POLICY_H

#include <linux/types.h>

struct mm_struct;
struct vm_area_struct;

/**
 * struct mmscope_thp_limits - what keeps khugepaged from a block
 * @none: PTEs that may be none
 * @swap: PTEs that may be in swap
 * @shared: PTEs of pages that may be mapped more than once
 * @free_block: memory has a free block of the size
 */
struct mmscope_thp_limits {
	u32 none;
	u32 swap;
	u32 shared;
	bool free_block;
};

void mmscope_thp_limits_read(struct mmscope_thp_limits *l);
u32 mmscope_thp_reason(struct vm_area_struct *vma);
u32 mmscope_thp_scanning(const struct mm_struct *mm);

#endif /* _MMSCOPE_THP_POLICY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory policy that holds for a part of an address space.
 */
#ifndef _MMSCOPE_NUMA_POLICY_H
#define _MMSCOPE_NUMA_POLICY_H

#include <linux/types.h>

struct mmscope_walk;
struct vm_area_struct;

/**
 * struct mmscope_numa_policy - what a reader is told of a struct mempolicy
 * @mode: enum mmscope_policy
 * @source: enum mmscope_policy_source
 * @flags: enum mmscope_policy_flags
 * @nodes: mask of the nodes it names
 */
struct mmscope_numa_policy {
	u32 mode;
	u32 source;
	u32 flags;
	u64 nodes;
};

void mmscope_task_policy(struct mmscope_walk *w, struct mmscope_numa_policy *p);
bool mmscope_vma_policy(struct mmscope_walk *w, const struct vm_area_struct *vma,
			unsigned long addr, struct mmscope_numa_policy *p);

#endif /* _MMSCOPE_NUMA_POLICY_H */

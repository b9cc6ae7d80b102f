/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the walkers of a process share: one bounded hold of its mmap_lock.
 */
#ifndef _MMSCOPE_TASK_H
#define _MMSCOPE_TASK_H

#include <linux/types.h>

struct mmscope_walk;
struct vm_area_struct;

int mmscope_mm_lock(struct mmscope_walk *w, u64 *began);
bool mmscope_mm_spent(const struct mmscope_walk *w, u64 began);
void mmscope_mm_unlock(struct mmscope_walk *w, u64 began);
u32 mmscope_vma_perms(const struct vm_area_struct *vma);

#endif /* _MMSCOPE_TASK_H */

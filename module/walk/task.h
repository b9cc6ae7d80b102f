/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks and their address spaces: one after another, and what the walkers of a
 * process share, a bounded hold of its mmap_lock.
 */
#ifndef _MMSCOPE_TASK_H
#define _MMSCOPE_TASK_H

#include <linux/types.h>

struct mm_struct;
struct mmscope_walk;
struct task_struct;
struct vm_area_struct;

struct task_struct *mmscope_task_next(u32 *nr, bool threads);
struct task_struct *mmscope_task_living(struct task_struct *leader);
int mmscope_task_mm_get(struct task_struct *task, struct mm_struct **mm);
int mmscope_task_mm_try(struct task_struct *task, struct mm_struct **mm);
int mmscope_mm_lock(struct mmscope_walk *w, u64 *began);
bool mmscope_mm_spent(const struct mmscope_walk *w, u64 began);
void mmscope_mm_unlock(struct mmscope_walk *w, u64 began);
u32 mmscope_vma_perms(const struct vm_area_struct *vma);
u32 mmscope_vma_kind(struct vm_area_struct *vma);

#endif /* _MMSCOPE_TASK_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory policies: a VMA's, a shmem object's, a task's. They are copied under the
 * lock that keeps them; vm_ops->get_policy() would take a reference.
 *
 * Locks: the caller holds mmap_lock (read), which keeps vma->vm_policy; for shmem the
 * lock of the object's policies (read), for a task its alloc_lock, each for one copy.
 *
 * Staleness: none while the lock is held, any afterwards.
 *
 * Source: vma->vm_policy, shmem_inode_info.policy, task->mempolicy.
 */
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pid.h>
#include <linux/rbtree.h>
#include <linux/sched/task.h>
#include <linux/shmem_fs.h>

#include "../mmscope.h"
#include "numa_policy.h"

#ifdef CONFIG_NUMA

static void copy_policy(const struct mempolicy *pol, u32 source, struct mmscope_numa_policy *p)
{
	BUILD_BUG_ON((int)MMSCOPE_POLICY_PREFER != MPOL_PREFERRED);
	BUILD_BUG_ON((int)MMSCOPE_POLICY_PREFER_MANY != MPOL_PREFERRED_MANY);
	BUILD_BUG_ON(MMSCOPE_POLICY_STATIC != MPOL_F_STATIC_NODES);
	BUILD_BUG_ON(MMSCOPE_POLICY_RELATIVE != MPOL_F_RELATIVE_NODES);
	BUILD_BUG_ON(MMSCOPE_POLICY_BALANCING != MPOL_F_NUMA_BALANCING);

	p->mode = pol->mode;
	p->source = source;
	p->flags = pol->flags & MPOL_MODE_FLAGS;
	/* numa_maps does not show nodes of these either */
	if (p->mode != MPOL_DEFAULT && p->mode != MPOL_LOCAL)
		p->nodes = nodes_addr(pol->nodes)[0];
	else
		p->nodes = 0;
}

/* the policy for a page of a shmem object; ranges do not overlap */
static bool shared_policy(struct mmscope_walk *w, struct shared_policy *sp, pgoff_t index,
			  struct mmscope_numa_policy *p)
{
	const struct rb_node *n;
	bool found = false;
	u64 began;

	if (!READ_ONCE(sp->root.rb_node))
		return false;
	read_lock(&sp->lock);
	began = mmscope_lock_begin();
	n = sp->root.rb_node;
	while (n && !found) {
		const struct sp_node *node = rb_entry(n, struct sp_node, nd);

		if (index >= node->end) {
			n = n->rb_right;
		} else if (index < node->start) {
			n = n->rb_left;
		} else {
			copy_policy(node->policy, MMSCOPE_POLICY_OF_OBJECT, p);
			found = true;
		}
	}
	mmscope_lock_end(w, began);
	read_unlock(&sp->lock);
	return found;
}

/**
 * mmscope_vma_policy - the policy of a VMA or of the object it maps
 * @w: the walk, which holds mmap_lock
 * @vma: the VMA
 * @addr: an address in it: an object may have several
 * @p: filled
 *
 * Return: false if it has none: that of the task holds, @p is as it was.
 */
bool mmscope_vma_policy(struct mmscope_walk *w, const struct vm_area_struct *vma,
			unsigned long addr, struct mmscope_numa_policy *p)
{
	if (vma->vm_ops && vma->vm_ops->get_policy && vma->vm_file &&
	    shmem_mapping(vma->vm_file->f_mapping))
		return shared_policy(w, &SHMEM_I(file_inode(vma->vm_file))->policy,
				     vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT), p);
	if (!vma->vm_policy)
		return false;
	copy_policy(vma->vm_policy, MMSCOPE_POLICY_OF_VMA, p);
	return true;
}

static void copy_task_policy(struct mmscope_walk *w, struct task_struct *task,
			     struct mmscope_numa_policy *p)
{
	u64 began;

	task_lock(task);
	began = mmscope_lock_begin();
	if (task->mempolicy)
		copy_policy(task->mempolicy, MMSCOPE_POLICY_OF_TASK, p);
	mmscope_lock_end(w, began);
	task_unlock(task);
}

#else

bool mmscope_vma_policy(struct mmscope_walk *w, const struct vm_area_struct *vma,
			unsigned long addr, struct mmscope_numa_policy *p)
{
	return false;
}

static void copy_task_policy(struct mmscope_walk *w, struct task_struct *task,
			     struct mmscope_numa_policy *p)
{
}

#endif /* CONFIG_NUMA */

/**
 * mmscope_task_policy - the policy of the task that was asked for
 * @w: the walk of a process
 * @p: filled: default if the task has none or is gone
 */
void mmscope_task_policy(struct mmscope_walk *w, struct mmscope_numa_policy *p)
{
	struct task_struct *task;

	*p = (struct mmscope_numa_policy){
		.mode = MMSCOPE_POLICY_DEFAULT,
		.source = MMSCOPE_POLICY_OF_NONE,
	};
	task = w->q.pid ? get_pid_task(w->q.pid, PIDTYPE_PID) : get_task_struct(current);
	if (!task)
		return;
	copy_task_policy(w, task, p);
	put_task_struct(task);
}

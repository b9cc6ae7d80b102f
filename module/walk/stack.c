// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel stacks: whose they are.
 *
 * Locks: none but RCU to find the next task; a reference on one task at a time.
 *
 * Staleness: the stack of a task that exits is given to the next task or freed,
 * so it may be told of the one before.
 *
 * Source: task->stack of all threads, and of the idle tasks, which have no pid
 * (idle_threads; the boot CPU's is in the kernel image). Stacks that the kernel
 * keeps for the next task have no mark: they are areas of a stack's size from
 * the same caller, without a task.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../mmscope.h"
#include "collect.h"
#include "task.h"

/* fork, and fork of idle tasks */
#define MAX_CALLERS 4

struct stack_callers {
	u32 nr;
	const void *caller[MAX_CALLERS];
};

static bool is_caller(const struct stack_callers *callers, const void *caller)
{
	u32 i;

	for (i = 0; i < callers->nr; i++)
		if (callers->caller[i] == caller)
			return true;
	return false;
}

/* The page tables lead from the area to the frames; without an area there is one piece. */
static int collect_stack(struct mmscope_collect *c, struct stack_callers *callers,
			 struct task_struct *task, u32 pid)
{
	unsigned long stack = (unsigned long)READ_ONCE(task->stack);
	struct mmscope_vmap_area *area;

	/* an exited task has none */
	if (!stack)
		return 0;
	if (!is_vmalloc_addr((void *)stack))
		return mmscope_collect_frames(c, PHYS_PFN(__pa(stack)), THREAD_SIZE / PAGE_SIZE,
					      MMSCOPE_CLASS_KERNEL_STACK, pid, task->comm);
	area = mmscope_vmap_find(&c->vmap, stack);
	if (!area)
		return 0;
	area->flags |= MMSCOPE_VMAP_STACK;
	area->pid = pid;
	strscpy(area->comm, task->comm, sizeof(area->comm));
	if (callers->nr < MAX_CALLERS && !is_caller(callers, area->caller))
		callers->caller[callers->nr++] = area->caller;
	return 0;
}

static int collect_idle(struct mmscope_collect *c, struct stack_callers *callers)
{
	struct task_struct *__percpu *idle_threads =
		(struct task_struct *__percpu *)(unsigned long)mmscope_sym(idle_threads);
	struct task_struct *task;
	int cpu, err = 0;

	if (!idle_threads)
		return 0;
	for_each_possible_cpu(cpu) {
		task = READ_ONCE(*per_cpu_ptr(idle_threads, cpu));
		if (task && !err)
			err = collect_stack(c, callers, task, 0);
	}
	return err;
}

static int collect_tasks(struct mmscope_collect *c, struct stack_callers *callers)
{
	struct task_struct *task;
	u32 pid;
	int err;

	for (pid = 1; (task = mmscope_task_next(&pid, true)); pid++) {
		err = collect_stack(c, callers, task, pid);
		put_task_struct(task);
		if (!err)
			err = mmscope_pause();
		if (err)
			return err;
	}
	return 0;
}

/* with or without a guard page */
static bool is_stack_sized(const struct mmscope_vmap_area *area)
{
	unsigned long size = area->end - area->start;

	return size == THREAD_SIZE || size == THREAD_SIZE + PAGE_SIZE;
}

static void mark_cached(struct mmscope_vmap *v, const struct stack_callers *callers)
{
	u32 i;

	for (i = 0; i < v->nr; i++) {
		struct mmscope_vmap_area *area = &v->areas[i];

		if ((area->flags & MMSCOPE_VMAP_STACK) || !is_stack_sized(area) ||
		    !is_caller(callers, area->caller))
			continue;
		area->flags |= MMSCOPE_VMAP_STACK;
		strscpy(area->comm, "cached", sizeof(area->comm));
	}
}

/**
 * mmscope_collect_stacks - mark the areas of kernel stacks in @c->vmap
 * @c: the collection
 *
 * Stacks that are not in such areas go into the overlay at once.
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int mmscope_collect_stacks(struct mmscope_collect *c)
{
	struct stack_callers callers = {};
	int err;

	err = collect_idle(c, &callers);
	if (!err)
		err = collect_tasks(c, &callers);
	if (!err)
		mark_cached(&c->vmap, &callers);
	return err;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset address_space: the marks that an address space has beside its VMAs.
 *
 * Locks: mmap_lock (read) for one short hold; a reference on the task for its limit.
 *
 * Staleness: exact at the hold, but for arguments and environment: prctl() changes
 * them under a lock of their own, one after another.
 *
 * Source: struct mm_struct; signal->rlim[RLIMIT_STACK]; stack_guard_gap.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "../mmscope.h"
#include "pgtable.h"
#include "task.h"

static u64 stack_limit(const struct mmscope_walk *w)
{
	struct task_struct *task = w->q.pid ? get_pid_task(w->q.pid, PIDTYPE_PID) :
					      get_task_struct(current);
	unsigned long limit = RLIM_INFINITY;

	if (task) {
		limit = task_rlimit(task, RLIMIT_STACK);
		put_task_struct(task);
	}
	return limit == RLIM_INFINITY ? MMSCOPE_UNKNOWN : limit;
}

static u32 levels_of(struct mm_struct *mm)
{
	u32 level, nr = 0;

	for (level = 0; level < MMSCOPE_NR_LEVELS; level++)
		nr += !mmscope_pgt_folded(mm, level);
	return nr;
}

static int layout_walk(struct mmscope_walk *w)
{
	struct mmscope_process_layout rec = {
		.pid = w->pid_nr,
		.levels = levels_of(w->mm),
		.stack_limit_bytes = stack_limit(w),
		.stack_gap_bytes = MMSCOPE_UNKNOWN,
	};
	const struct mm_struct *mm = w->mm;
	u64 began;
	int ret;

	if (w->cursor.pos)
		return 0;
	ret = mmscope_mm_lock(w, &began);
	if (ret)
		return ret;
#define X(_member) rec._member = READ_ONCE(mm->_member);
	X(start_code)
	X(end_code)
	X(start_data)
	X(end_data)
	X(start_brk)
	X(brk)
	X(mmap_base)
	X(start_stack)
	X(arg_start)
	X(arg_end)
	X(env_start)
	X(env_end)
	X(task_size)
#undef X
	rec.total_bytes = (u64)READ_ONCE(mm->total_vm) << PAGE_SHIFT;
	mmscope_mm_unlock(w, began);
	if (mmscope_has(stack_guard_gap))
		rec.stack_gap_bytes = READ_ONCE(*mmscope_sym(stack_guard_gap));
	return mmscope_emit(w, &rec, 1);
}

static const struct mmscope_field_def layout_fields[] = {
	FIELD(struct mmscope_process_layout, start_code, ADDR, "of the executable segment"),
	FIELD(struct mmscope_process_layout, end_code, ADDR, "its end"),
	FIELD(struct mmscope_process_layout, start_data, ADDR, "of the data segment"),
	FIELD(struct mmscope_process_layout, end_data, ADDR, "its end in the file"),
	FIELD(struct mmscope_process_layout, start_brk, ADDR, "of the heap"),
	FIELD(struct mmscope_process_layout, brk, ADDR, "its end"),
	FIELD(struct mmscope_process_layout, mmap_base, ADDR,
	      "where mmap() begins to look for room, downwards mostly"),
	FIELD(struct mmscope_process_layout, start_stack, ADDR, "of the stack, its upper end"),
	MORE(struct mmscope_process_layout, arg_start, ADDR, "arguments"),
	MORE(struct mmscope_process_layout, arg_end, ADDR, "their end"),
	MORE(struct mmscope_process_layout, env_start, ADDR, "environment"),
	MORE(struct mmscope_process_layout, env_end, ADDR, "its end"),
	MORE(struct mmscope_process_layout, task_size, ADDR, "end of what may be mapped"),
	MORE(struct mmscope_process_layout, total_bytes, BYTES, "address space in use"),
	FIELD(struct mmscope_process_layout, stack_limit_bytes, BYTES,
	      "how large the stack may grow; unknown: no limit"),
	MORE(struct mmscope_process_layout, stack_gap_bytes, BYTES,
	     "kept free below a stack that grows"),
	MORE(struct mmscope_process_layout, levels, COUNT, "levels of its page tables"),
	MORE(struct mmscope_process_layout, pid, ID, "process"),
};

static const struct mmscope_need layout_needs[] = {
	WANT_SYM(stack_guard_gap),
	{ }
};

const struct mmscope_dataset mmscope_process_layout = {
	.name = "address_space",
	.help = "marks of a process's address space: code, data, heap, mmap base, stack, limits",
	.id = MMSCOPE_DS_ADDRESS_SPACE,
	.flags = MMSCOPE_DATASET_PROCESS,
	.rec_size = sizeof(struct mmscope_process_layout),
	.fields = layout_fields,
	.nr_fields = ARRAY_SIZE(layout_fields),
	.needs = layout_needs,
	.walk = layout_walk,
};

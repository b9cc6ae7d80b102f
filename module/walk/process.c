// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset processes: the memory of each process in one line.
 *
 * Locks: RCU, a process at a time; exec_update_lock (read) for the access check
 * if it is free: nothing here waits for another task. mmap_lock is not taken.
 * Of the address space only the struct is held (mm_count), not the memory.
 *
 * Staleness: numbers of one process are read one after the other while it runs.
 *
 * Positions are pids of the initial namespace.
 *
 * Source: struct task_struct, signal_struct and mm_struct; total_swap_pages and
 * totalram_pages() for the score, which is oom_badness() and proc_oom_score().
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "../compat.h"
#include "../mmscope.h"
#include "task.h"

static u64 counter_bytes(struct mm_struct *mm, int member)
{
	return (u64)compat_mm_counter(mm, member) << PAGE_SHIFT;
}

/* a number of pages that others change without a lock of ours */
#define pages_to_bytes(_word) ((u64)READ_ONCE(_word) << PAGE_SHIFT)

static void fill_memory(struct mmscope_process *rec, struct mm_struct *mm)
{
	rec->vm_bytes = pages_to_bytes(mm->total_vm);
	rec->rss_anon_bytes = counter_bytes(mm, MM_ANONPAGES);
	rec->rss_file_bytes = counter_bytes(mm, MM_FILEPAGES);
	rec->rss_shmem_bytes = counter_bytes(mm, MM_SHMEMPAGES);
	rec->rss_bytes = rec->rss_anon_bytes + rec->rss_file_bytes + rec->rss_shmem_bytes;
	rec->swap_bytes = counter_bytes(mm, MM_SWAPENTS);
	rec->pagetable_bytes = mm_pgtables_bytes(mm);
	rec->hugetlb_bytes = compat_hugetlb_bytes(mm);
	rec->locked_bytes = pages_to_bytes(mm->locked_vm);
	rec->pinned_bytes = (u64)atomic64_read(&mm->pinned_vm) << PAGE_SHIFT;
	rec->peak_rss_bytes = max(pages_to_bytes(mm->hiwater_rss), rec->rss_bytes);
}

/* the kernel adds up quick counters here, and exact ones by 7.3 */
static u64 oom_score(struct task_struct *task, struct mm_struct *mm)
{
	long total, points, adj = READ_ONCE(task->signal->oom_score_adj);

	if (!mmscope_has(total_swap_pages))
		return MMSCOPE_UNKNOWN;
	if (is_global_init(task) || adj == OOM_SCORE_ADJ_MIN || in_vfork(task) ||
	    compat_mm_flag(mm, MMF_OOM_SKIP))
		return 0;
	total = totalram_pages() + READ_ONCE(*mmscope_sym(total_swap_pages));
	points = compat_oom_counter(mm, MM_FILEPAGES) + compat_oom_counter(mm, MM_ANONPAGES) +
		 compat_oom_counter(mm, MM_SHMEMPAGES) + compat_oom_counter(mm, MM_SWAPENTS) +
		 mm_pgtables_bytes(mm) / PAGE_SIZE;
	points += adj * (total / 1000);
	return (1000 + points * 1000 / total) * 2 / 3;
}

static void fill_task(struct mmscope_process *rec, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct task_struct *thread;

	rec->ppid = task_ppid_nr_ns(task, task_active_pid_ns(current));
	rec->uid = from_kuid(&init_user_ns, task_cred_xxx(task, euid));
	rec->threads = READ_ONCE(signal->nr_threads);
	rec->oom_score_adj = (s64)READ_ONCE(signal->oom_score_adj);
	rec->minor_faults = READ_ONCE(signal->min_flt);
	rec->major_faults = READ_ONCE(signal->maj_flt);
	rcu_read_lock();
	for_each_thread(task, thread) {
		rec->minor_faults += READ_ONCE(thread->min_flt);
		rec->major_faults += READ_ONCE(thread->maj_flt);
	}
	rcu_read_unlock();
}

static void forget_memory(struct mmscope_process *rec)
{
	u64 *numbers[] = {
		&rec->vm_bytes, &rec->rss_bytes, &rec->rss_anon_bytes, &rec->rss_file_bytes,
		&rec->rss_shmem_bytes, &rec->swap_bytes, &rec->pagetable_bytes,
		&rec->hugetlb_bytes, &rec->locked_bytes, &rec->pinned_bytes,
		&rec->peak_rss_bytes, &rec->oom_score,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		*numbers[i] = MMSCOPE_UNKNOWN;
}

/* 0: @rec is complete; -ESRCH: it has no memory; -EACCES: it is not the reader's business */
static int fill_process(struct mmscope_process *rec, struct task_struct *task)
{
	struct mm_struct *mm;
	int err = mmscope_task_mm_try(task, &mm);

	if (err && err != -EBUSY)
		return err;
	fill_task(rec, task);
	if (err) {
		forget_memory(rec);
		return 0;
	}
	fill_memory(rec, mm);
	rec->oom_score = oom_score(task, mm);
	mmdrop(mm);
	return 0;
}

static int process_walk(struct mmscope_walk *w)
{
	u32 nr = min_t(u64, w->cursor.pos, U32_MAX);
	struct task_struct *task;
	int ret;

	for (; (task = mmscope_task_next(&nr, false)); nr++) {
		struct mmscope_process rec = { .pid = task_tgid_vnr(task) };

		get_task_comm(rec.comm, task);
		task = mmscope_task_living(task);
		ret = fill_process(&rec, task);
		put_task_struct(task);
		if (ret == -EINTR)
			return ret;
		w->refused += ret == -EACCES;
		w->processes += !ret;
		ret = ret ? mmscope_skip(w, nr + 1) : mmscope_emit(w, &rec, nr + 1);
		if (!ret)
			ret = mmscope_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_field_def process_fields[] = {
	FIELD(struct mmscope_process, pid, ID, "process; 0: not in the reader's pid namespace"),
	FIELD_TEXT(struct mmscope_process, comm, "its command"),
	FIELD(struct mmscope_process, rss_bytes, BYTES, "resident, without hugetlb pages"),
	FIELD(struct mmscope_process, rss_anon_bytes, BYTES, "of it, private data"),
	FIELD(struct mmscope_process, rss_file_bytes, BYTES, "of it, pages of files"),
	FIELD(struct mmscope_process, rss_shmem_bytes, BYTES, "of it, shared memory and tmpfs"),
	FIELD(struct mmscope_process, swap_bytes, BYTES, "in swap; shared memory is not counted"),
	FIELD(struct mmscope_process, pagetable_bytes, BYTES, "page tables"),
	FIELD(struct mmscope_process, oom_score, COUNT,
	      "the OOM killer takes the highest; 0: none that it takes"),
	MORE_SIGNED(struct mmscope_process, oom_score_adj, COUNT,
		    "added to the score, in permille of RAM and swap; -1000: never"),
	MORE(struct mmscope_process, vm_bytes, BYTES, "size of the address space in use"),
	MORE(struct mmscope_process, peak_rss_bytes, BYTES, "the most that was ever resident"),
	MORE(struct mmscope_process, hugetlb_bytes, BYTES, "resident hugetlb pages"),
	MORE(struct mmscope_process, locked_bytes, BYTES, "locked by mlock(), there or not"),
	MORE(struct mmscope_process, pinned_bytes, BYTES, "pinned for devices, as they charged it"),
	MORE(struct mmscope_process, minor_faults, COUNT, "page faults without I/O, all threads"),
	MORE(struct mmscope_process, major_faults, COUNT, "page faults with I/O, all threads"),
	MORE(struct mmscope_process, threads, COUNT, "threads"),
	MORE(struct mmscope_process, ppid, ID, "parent"),
	MORE(struct mmscope_process, uid, ID, "effective user, of the initial namespace"),
};

static const struct mmscope_need process_needs[] = {
	WANT_SYM(total_swap_pages),
	{ }
};

const struct mmscope_dataset mmscope_processes = {
	.name = "processes",
	.help = "the memory of each process: resident, swapped, page tables, faults, OOM score",
	.id = MMSCOPE_DS_PROCESSES,
	.rec_size = sizeof(struct mmscope_process),
	.fields = process_fields,
	.nr_fields = ARRAY_SIZE(process_fields),
	.needs = process_needs,
	.walk = process_walk,
};

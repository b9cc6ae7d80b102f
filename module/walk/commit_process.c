// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset commit_processes: what was promised to each process.
 *
 * Locks: RCU, a process at a time; exec_update_lock (read) for the access check and
 * mmap_lock (read) for its VMAs, a bounded hold at a time. A process that holds
 * either for long is passed over: its promise is then unknown.
 *
 * Staleness: VMAs may come and go between two holds. Until 6.1 a thread hands in
 * what it counted of backed_pages only now and then, 64 pages late at most.
 *
 * Positions are pids of the initial namespace.
 *
 * Source: vma->vm_flags (VM_ACCOUNT) of mm->mm_mt; mm->rss_stat[], mm->total_vm.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "../compat.h"
#include "../mmscope.h"
#include "task.h"

/* one hold of mmap_lock, from *pos on, which is moved on; MMSCOPE_MORE: not all of it */
static int add_vmas(struct mmscope_walk *w, struct mmscope_commit_process *rec, unsigned long *pos)
{
	VMA_ITERATOR(vmi, w->mm, *pos);
	struct vm_area_struct *vma;
	u64 began;
	int ret = mmscope_mm_lock(w, &began);

	if (ret)
		return ret;
	for_each_vma(vmi, vma) {
		/* the rest of one that grew meanwhile */
		unsigned long start = max(vma->vm_start, *pos);

		*pos = vma->vm_end;
		if (vma->vm_flags & VM_ACCOUNT) {
			rec->committed_pages += (vma->vm_end - start) >> PAGE_SHIFT;
			rec->vmas++;
		}
		if (mmscope_mm_spent(w, began)) {
			ret = MMSCOPE_MORE;
			break;
		}
	}
	mmscope_mm_unlock(w, began);
	return ret;
}

static int sum_vmas(struct mmscope_walk *w, struct mmscope_commit_process *rec)
{
	unsigned long pos = 0;
	int ret, err;

	do {
		if (!mmget_not_zero(w->mm))
			return -ESRCH;
		ret = add_vmas(w, rec, &pos);
		mmput(w->mm);
		err = mmscope_pause();
		if (err)
			return err;
	} while (ret == MMSCOPE_MORE);
	return ret;
}

/* 0: @rec is complete; -ESRCH: it has no memory; -EACCES: it is not the reader's business */
static int fill_process(struct mmscope_walk *w, struct mmscope_commit_process *rec,
			struct task_struct *task)
{
	struct mm_struct *saved = w->mm;
	struct mm_struct *mm;
	int err = mmscope_task_mm_try(task, &mm);

	rec->uid = from_kuid(&init_user_ns, task_cred_xxx(task, euid));
	if (!err) {
		rec->backed_pages = compat_mm_counter(mm, MM_ANONPAGES) +
				    compat_mm_counter(mm, MM_SWAPENTS);
		rec->vm_pages = READ_ONCE(mm->total_vm);
		w->mm = mm;
		w->passes = true;
		err = sum_vmas(w, rec);
		w->passes = false;
		w->mm = saved;
		mmdrop(mm);
	} else if (err == -EBUSY) {
		rec->backed_pages = MMSCOPE_UNKNOWN;
		rec->vm_pages = MMSCOPE_UNKNOWN;
	}
	if (err != -EBUSY)
		return err;
	w->busy++;
	rec->committed_pages = MMSCOPE_UNKNOWN;
	rec->vmas = MMSCOPE_UNKNOWN;
	return 0;
}

static int process_walk(struct mmscope_walk *w)
{
	u32 nr = min_t(u64, w->cursor.pos, U32_MAX);
	struct task_struct *task;
	int ret;

	for (; !mmscope_full(w) && (task = mmscope_task_next(&nr, false)); nr++) {
		struct mmscope_commit_process rec = { .pid = task_tgid_vnr(task) };

		get_task_comm(rec.comm, task);
		task = mmscope_task_living(task);
		ret = fill_process(w, &rec, task);
		put_task_struct(task);
		if (ret == -EINTR)
			return ret;
		w->refused += ret == -EACCES;
		w->processes += !ret;
		ret = ret ? mmscope_skip(w, nr + 1) : mmscope_emit(w, &rec, nr + 1);
		if (ret)
			return ret;
	}
	return mmscope_full(w) ? MMSCOPE_MORE : 0;
}

static const struct mmscope_field_def process_fields[] = {
	FIELD(struct mmscope_commit_process, pid, ID,
	      "process; 0: not in the reader's pid namespace"),
	FIELD_TEXT(struct mmscope_commit_process, comm, "its command"),
	FIELD(struct mmscope_commit_process, committed_pages, PAGES, "promised to it"),
	FIELD(struct mmscope_commit_process, backed_pages, PAGES,
	      "private pages it has in memory or in swap"),
	FIELD(struct mmscope_commit_process, vm_pages, PAGES, "size of the address space in use"),
	MORE(struct mmscope_commit_process, vmas, COUNT, "areas that are promised"),
	MORE(struct mmscope_commit_process, uid, ID, "effective user, of the initial namespace"),
};

const struct mmscope_dataset mmscope_commit_processes = {
	.name = "commit_processes",
	.help = "memory promised to each process, and what it has of it",
	.id = MMSCOPE_DS_COMMIT_PROCESSES,
	.rec_size = sizeof(struct mmscope_commit_process),
	.fields = process_fields,
	.nr_fields = ARRAY_SIZE(process_fields),
	.walk = process_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * A process's address space: who may see it, and how long its lock is held.
 *
 * Locks: signal->exec_update_lock (read) around the access check and taking
 * the mm, so that nobody checked against the old program sees the memory of
 * the new, setuid one; mmap_lock (read) for the walkers, a hold at a time.
 */
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/ptrace.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/time64.h>

#include "../mmscope.h"
#include "task.h"

/*
 * mmap_lock sleeps, so holding it delays the faults and maps of that process
 * only; still it is given back early, and earlier when somebody waits.
 */
#define MM_HOLD_NS (500 * NSEC_PER_USEC)
/*
 * Who waits finds the hold ended after this; then the lock is left alone for four
 * hundred times as long. So of two hundred operations of a process that does nothing
 * but map and unmap memory hardly one meets a reader who walks again and again.
 */
#define MM_WAITED_FOR_NS (50 * NSEC_PER_USEC)
#define MM_YIELD_US 20000

/*
 * A walk over all processes must not wait for one that is stuck with its locks
 * held: it asks so often, and then passes that process over.
 */
#define MM_TRIES	64
#define MM_PAUSE_US	500

static bool may_read(struct task_struct *task)
{
	if (mmscope_has(ptrace_may_access))
		return mmscope_call(ptrace_may_access)(task, PTRACE_MODE_READ_FSCREDS);
	return capable(CAP_SYS_PTRACE);
}

/* the mm with a reference on its users, or an ERR_PTR; the caller holds exec_update_lock */
static struct mm_struct *__task_mm(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return ERR_PTR(-ESRCH);
	if (mm != current->mm && !may_read(task)) {
		mmput(mm);
		return ERR_PTR(-EACCES);
	}
	return mm;
}

/* with exec_update_lock held, which is given back; of the mm the struct is kept only */
static int finish_mm_get(struct task_struct *task, struct mm_struct **mm)
{
	struct mm_struct *found = __task_mm(task);

	up_read(&task->signal->exec_update_lock);
	if (IS_ERR(found))
		return PTR_ERR(found);
	mmgrab(found);
	mmput(found);
	*mm = found;
	return 0;
}

/* read-lock, or -EBUSY if that cannot be had soon */
static int try_lock(struct rw_semaphore *lock)
{
	u32 i;

	for (i = 0; i < MM_TRIES; i++) {
		if (down_read_trylock(lock))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		usleep_range(MM_PAUSE_US, 2 * MM_PAUSE_US);
	}
	return -EBUSY;
}

/**
 * mmscope_task_mm_get - the address space of a task, if the caller may see it
 * @task: the task
 * @mm: filled; to be dropped with mmdrop()
 *
 * Only the struct is kept (mm_count), not the memory: who walks it takes
 * mm_users for a moment with mmget_not_zero().
 *
 * Return: 0; -ESRCH if the task has exited or is a kernel thread; -EACCES if
 * the ptrace access check refuses; -EINTR.
 */
int mmscope_task_mm_get(struct task_struct *task, struct mm_struct **mm)
{
	int err = down_read_killable(&task->signal->exec_update_lock);

	return err ?: finish_mm_get(task, mm);
}

/**
 * mmscope_task_mm_try - mmscope_task_mm_get() for walks over all processes
 * @task: the task
 * @mm: filled; to be dropped with mmdrop()
 *
 * One who runs execve() holds exec_update_lock and may wait for the mmap_lock of
 * the old program, which somebody else holds.
 *
 * Return: as mmscope_task_mm_get(); -EBUSY if the lock was not to be had soon.
 */
int mmscope_task_mm_try(struct task_struct *task, struct mm_struct **mm)
{
	int err = try_lock(&task->signal->exec_update_lock);

	return err ?: finish_mm_get(task, mm);
}

/**
 * mmscope_task_mm - the address space of a process, if the caller may see it
 * @pid: of the process, NULL: the caller
 * @mm: filled; to be dropped with mmdrop()
 *
 * Return: as mmscope_task_mm_get(); -ESRCH also if there is no such process.
 */
int mmscope_task_mm(struct pid *pid, struct mm_struct **mm)
{
	struct task_struct *task;
	int err;

	task = pid ? get_pid_task(pid, PIDTYPE_PID) : get_task_struct(current);
	if (!task)
		return -ESRCH;
	err = mmscope_task_mm_get(task, mm);
	put_task_struct(task);
	return err;
}

/**
 * mmscope_task_next - the next task in the order of pids
 * @nr: the lowest pid wanted, of the initial namespace; set to that of the task found
 * @threads: all threads, not only the first of each process
 *
 * One task at a time, so that many tasks are never one long RCU section.
 *
 * Return: the task, to be dropped with put_task_struct(); NULL: there is none.
 */
struct task_struct *mmscope_task_next(u32 *nr, bool threads)
{
	struct task_struct *task = NULL;
	struct pid *pid;

	rcu_read_lock();
	while (!task && *nr <= INT_MAX) {
		pid = find_ge_pid(*nr, &init_pid_ns);
		if (!pid)
			break;
		*nr = pid_nr(pid);
		task = pid_task(pid, threads ? PIDTYPE_PID : PIDTYPE_TGID);
		if (!task)
			++*nr;
	}
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

/**
 * mmscope_task_living - a thread of a process that still has its address space
 * @leader: the first thread, which may have exited before the others; the
 *          reference on it is given up
 *
 * Return: the thread, to be dropped with put_task_struct(); @leader if there is none.
 */
struct task_struct *mmscope_task_living(struct task_struct *leader)
{
	struct task_struct *thread, *found = leader;

	rcu_read_lock();
	for_each_thread(leader, thread) {
		if (!READ_ONCE(thread->mm))
			continue;
		found = thread;
		break;
	}
	get_task_struct(found);
	rcu_read_unlock();
	put_task_struct(leader);
	return found;
}

/**
 * mmscope_mm_lock - begin a hold of mmap_lock
 * @w: the walk of a process
 * @began: filled, for the other two
 *
 * Return: 0, -EINTR when the reader was killed while it waited, or -EBUSY when
 * @w->passes and somebody holds the lock for long.
 */
int mmscope_mm_lock(struct mmscope_walk *w, u64 *began)
{
	int err = w->passes ? try_lock(&w->mm->mmap_lock) : mmap_read_lock_killable(w->mm);

	if (!err)
		*began = mmscope_lock_begin();
	return err;
}

/**
 * mmscope_mm_spent - must the hold end here
 * @w: the walk
 * @began: from mmscope_mm_lock()
 *
 * To be asked after each step, never before the first: every hold gets on.
 */
bool mmscope_mm_spent(const struct mmscope_walk *w, u64 began)
{
	u64 held = mmscope_lock_begin() - began;

	return held >= (mmap_lock_is_contended(w->mm) ? MM_WAITED_FOR_NS : MM_HOLD_NS);
}

/**
 * mmscope_mm_unlock - end a hold
 * @w: the walk
 * @began: from mmscope_mm_lock()
 *
 * Sleeps if somebody waits for the lock: a reader who asks again at once takes it
 * before the waiting writer has woken up, until that has waited for 4 ms and more.
 */
void mmscope_mm_unlock(struct mmscope_walk *w, u64 began)
{
	bool contended = mmap_lock_is_contended(w->mm);

	mmscope_lock_end(w, began);
	mmap_read_unlock(w->mm);
	if (contended)
		usleep_range(MM_YIELD_US, MM_YIELD_US + MM_YIELD_US / 4);
}

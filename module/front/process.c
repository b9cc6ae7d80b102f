// SPDX-License-Identifier: GPL-2.0
/*
 * Attached processes: <debugfs>/mmscope/process/PID/, made on request.
 *
 * A directory goes when it is detached, or when its process exits: we wait on
 * the queue that pidfd_poll() waits on, so nothing polls and nothing is kept
 * of the dead but the struct pid.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../mmscope.h"

#define MAX_ATTACHED 1024

/**
 * struct attached - a process with a directory
 * @list: in attached_list
 * @pid: counted reference
 * @dir: its files
 * @wait: on pid->wait_pidfd
 * @exited: set from there
 */
struct attached {
	struct list_head list;
	struct pid *pid;
	struct mmscope_process_dir dir;
	struct wait_queue_entry wait;
	bool exited;
};

static LIST_HEAD(attached_list);
static u32 nr_attached;
static DEFINE_MUTEX(attached_lock);	/* the list; never taken by readers */

static void remove_attached(struct attached *a)
{
	lockdep_assert_held(&attached_lock);
	list_del(&a->list);
	nr_attached--;
	remove_wait_queue(&a->pid->wait_pidfd, &a->wait);
	mmscope_debugfs_process_remove(&a->dir);
	put_pid(a->pid);
	kfree(a);
}

static void reap(struct work_struct *work)
{
	struct attached *a, *next;

	mutex_lock(&attached_lock);
	list_for_each_entry_safe(a, next, &attached_list, list)
		if (READ_ONCE(a->exited))
			remove_attached(a);
	mutex_unlock(&attached_lock);
}

static DECLARE_WORK(reap_work, reap);

/* under the queue's spinlock, maybe in the exiting task: only leave a note */
static int process_exited(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct attached *a = container_of(wait, struct attached, wait);

	WRITE_ONCE(a->exited, true);
	schedule_work(&reap_work);
	return 0;
}

static bool has_exited(struct pid *pid)
{
	struct task_struct *task;
	bool exited;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	exited = !task || READ_ONCE(task->exit_state);
	rcu_read_unlock();
	return exited;
}

static struct attached *find_attached(struct pid *pid)
{
	struct attached *a;

	list_for_each_entry(a, &attached_list, list)
		if (a->pid == pid)
			return a;
	return NULL;
}

static int add_attached(struct pid *pid)
{
	struct attached *a;
	char name[16];
	int err;

	if (nr_attached >= MAX_ATTACHED)
		return -ENOSPC;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	/* debugfs is the same for all pid namespaces */
	snprintf(name, sizeof(name), "%d", pid_nr(pid));
	err = mmscope_debugfs_process_create(&a->dir, name, pid);
	if (err) {
		kfree(a);
		return err;
	}
	a->pid = get_pid(pid);
	init_waitqueue_func_entry(&a->wait, process_exited);
	list_add_tail(&a->list, &attached_list);
	nr_attached++;
	add_wait_queue(&pid->wait_pidfd, &a->wait);
	/* it may have gone before we waited */
	if (!has_exited(pid))
		return 0;
	remove_attached(a);
	return -ESRCH;
}

/**
 * mmscope_attach - make the directory of a process
 * @pid: of a process whose mm the caller was allowed to have
 *
 * Return: 0, also if it is there already; -ESRCH if it has exited; -ENOSPC if
 * too many are attached; -ENOMEM.
 */
int mmscope_attach(struct pid *pid)
{
	int err = 0;

	mutex_lock(&attached_lock);
	if (!find_attached(pid))
		err = add_attached(pid);
	mutex_unlock(&attached_lock);
	return err;
}

/**
 * mmscope_detach - remove the directory of a process
 * @pid: the process
 *
 * Return: 0, or -ESRCH if it is not attached.
 */
int mmscope_detach(struct pid *pid)
{
	struct attached *a;

	mutex_lock(&attached_lock);
	a = find_attached(pid);
	if (a)
		remove_attached(a);
	mutex_unlock(&attached_lock);
	return a ? 0 : -ESRCH;
}

/**
 * mmscope_detach_all - remove every directory; no attach can follow
 */
void mmscope_detach_all(void)
{
	struct attached *a, *next;

	mutex_lock(&attached_lock);
	list_for_each_entry_safe(a, next, &attached_list, list)
		remove_attached(a);
	mutex_unlock(&attached_lock);
	cancel_work_sync(&reap_work);
}

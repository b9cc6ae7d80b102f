// SPDX-License-Identifier: GPL-2.0
/*
 * Events to the user: MMSCOPE_IOC_WATCH, read() and poll().
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "ioctl.h"

/**
 * mmscope_ioctl_watch - MMSCOPE_IOC_WATCH
 * @r: the open file
 * @p: struct mmscope_watch_arg
 *
 * Return: 0, -EBUSY, -EPERM, or what mmscope_watch_open() says.
 */
int mmscope_ioctl_watch(struct mmscope_reader *r, void *p)
{
	struct mmscope_watch_arg *arg = p;
	struct mmscope_watch *w;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	err = mmscope_may_switch();
	if (err)
		return err;
	err = -EBUSY;
	mutex_lock(&r->watch_lock);
	if (!r->watch) {
		w = mmscope_watch_open(&arg->kinds, &arg->records);
		err = PTR_ERR_OR_ZERO(w);
		if (!err)
			smp_store_release(&r->watch, w);	/* pairs with get_watch() */
	}
	mutex_unlock(&r->watch_lock);
	arg->rec_size = sizeof(struct mmscope_event);
	return err;
}

/**
 * mmscope_ioctl_owners - MMSCOPE_IOC_OWNERS
 * @r: the open file
 * @p: struct mmscope_owners_arg
 *
 * Return: 0, -EPERM, or what mmscope_owner_begin() says.
 */
int mmscope_ioctl_owners(struct mmscope_reader *r, void *p)
{
	struct mmscope_owners_arg *arg = p;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	err = mmscope_may_switch() ?: mmscope_owner_begin(&arg->blocks, &arg->stacks);
	if (!err)
		r->owners = true;
	return err;
}

/* the watch, once it is there */
static struct mmscope_watch *get_watch(struct mmscope_reader *r)
{
	return smp_load_acquire(&r->watch);	/* pairs with mmscope_ioctl_watch() */
}

/* events that are there, while they fit; bytes, or a negative errno if none was copied */
static ssize_t take_events(struct mmscope_watch *w, char __user *buf, size_t room)
{
	struct mmscope_event rec;
	size_t done = 0;

	while (done + sizeof(rec) <= room && mmscope_watch_take(w, &rec)) {
		if (copy_to_user(buf + done, &rec, sizeof(rec))) {
			mmscope_watch_lose(w, &rec);
			return done ?: -EFAULT;
		}
		done += sizeof(rec);
	}
	return done;
}

/**
 * mmscope_watch_read - read(): events
 * @file: of the device
 * @buf: where to
 * @room: of @buf
 * @pos: ignored
 *
 * Return: bytes of whole records, or a negative errno.
 */
ssize_t mmscope_watch_read(struct file *file, char __user *buf, size_t room, loff_t *pos)
{
	struct mmscope_reader *r = file->private_data;
	struct mmscope_watch *w = get_watch(r);
	ssize_t ret;

	if (!w || room < sizeof(struct mmscope_event))
		return -EINVAL;
	for (;;) {
		if (mutex_lock_interruptible(&r->watch_lock))
			return -ERESTARTSYS;
		ret = take_events(w, buf, room);
		mutex_unlock(&r->watch_lock);
		if (ret)
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(*mmscope_watch_queue(w), mmscope_watch_ready(w)))
			return -ERESTARTSYS;
	}
}

/**
 * mmscope_watch_poll - poll(): are there events?
 * @file: of the device
 * @wait: where to stand in the queue
 *
 * Return: EPOLLIN, 0, or EPOLLERR if the file does not watch.
 */
__poll_t mmscope_watch_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mmscope_watch *w = get_watch(file->private_data);

	if (!w)
		return EPOLLERR;
	poll_wait(file, mmscope_watch_queue(w), wait);
	/* who adds an event looks whether anybody sleeps, and we the other way round */
	smp_mb();
	return mmscope_watch_ready(w) ? EPOLLIN | EPOLLRDNORM : 0;
}

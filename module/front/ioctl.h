/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files about ioctls share.
 */
#ifndef _MMSCOPE_FRONT_IOCTL_H
#define _MMSCOPE_FRONT_IOCTL_H

#include <linux/mutex.h>
#include <linux/poll.h>

#include "../mmscope.h"

/**
 * struct mmscope_reader - an open file
 * @lock: of the rest; who does not get it at once does without
 * @walk: the walk that filled the buffer last and is not over, or NULL. What it
 *        has collected serves the next call, if that goes on where this one ended
 * @kept: when that was, in jiffies
 * @addresses: who opened it may see kernel addresses
 * @watch_lock: of beginning to watch, and of taking events
 * @owners: it has begun to record who allocates pages
 * @watch: events for read(), NULL: none asked for; stays until the file is closed
 */
struct mmscope_reader {
	struct mutex lock;	/* see above */
	struct mmscope_walk *walk;
	unsigned long kept;
	bool addresses;
	struct mutex watch_lock;	/* see above */
	struct mmscope_watch *watch;
	bool owners;
};

int mmscope_get_target_mm(u32 nr, struct pid **pid, struct mm_struct **mm);
int mmscope_may_switch(void);
int mmscope_get_target(u32 nr, struct pid **pid);
int mmscope_ioctl_attach(struct mmscope_reader *r, void *p);
int mmscope_ioctl_detach(struct mmscope_reader *r, void *p);
int mmscope_ioctl_oom(struct mmscope_reader *r, void *p);
void mmscope_put_target_mm(struct pid *pid, struct mm_struct *mm);
int mmscope_ioctl_translate(struct mmscope_reader *r, void *p);
int mmscope_ioctl_alloc(struct mmscope_reader *r, void *p);
int mmscope_ioctl_watch(struct mmscope_reader *r, void *p);
int mmscope_ioctl_owners(struct mmscope_reader *r, void *p);
ssize_t mmscope_watch_read(struct file *file, char __user *buf, size_t room, loff_t *pos);
__poll_t mmscope_watch_poll(struct file *file, struct poll_table_struct *wait);

#endif /* _MMSCOPE_FRONT_IOCTL_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Front end: the ioctls that have something begin or end, and who may do that.
 */
#include <linux/capability.h>
#include <linux/pid.h>

#include "ioctl.h"

/**
 * mmscope_may_switch - may the caller have something begin or end?
 *
 * An open file lets whoever has it look. What is there for all of the machine (files,
 * probes, what they record) is not for one whom somebody has given an open file.
 *
 * Return: 0 or -EPERM.
 */
int mmscope_may_switch(void)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/**
 * mmscope_ioctl_attach - MMSCOPE_IOC_ATTACH: make the files of a process
 * @r: the open file
 * @p: its argument
 *
 * Return: 0 or a negative errno.
 */
int mmscope_ioctl_attach(struct mmscope_reader *r, void *p)
{
	struct mmscope_attach_arg *arg = p;
	struct mm_struct *mm;
	struct pid *pid;
	int err;

	if (!arg->pid)
		return -EINVAL;
	err = mmscope_may_switch();
	if (err)
		return err;
	/* who may not read it may not have files made for it */
	err = mmscope_get_target_mm(arg->pid, &pid, &mm);
	if (err)
		return err;
	err = mmscope_attach(pid);
	arg->name = pid_nr(pid);
	arg->__reserved = 0;
	mmscope_put_target_mm(pid, mm);
	return err;
}

/**
 * mmscope_ioctl_detach - MMSCOPE_IOC_DETACH: remove them
 * @r: the open file
 * @p: its argument
 *
 * Return: 0 or a negative errno.
 */
int mmscope_ioctl_detach(struct mmscope_reader *r, void *p)
{
	struct mmscope_attach_arg *arg = p;
	struct pid *pid;
	int err;

	if (!arg->pid)
		return -EINVAL;
	err = mmscope_may_switch() ?: mmscope_get_target(arg->pid, &pid);
	if (err)
		return err;
	err = mmscope_detach(pid);
	put_pid(pid);
	return err;
}

/**
 * mmscope_ioctl_oom - MMSCOPE_IOC_OOM: arm or disarm the OOM recorder
 * @r: the open file
 * @p: its argument
 *
 * Return: 0 or a negative errno.
 */
int mmscope_ioctl_oom(struct mmscope_reader *r, void *p)
{
	struct mmscope_oom_arg *arg = p;

	if (arg->arm > 1)
		return -EINVAL;
	return mmscope_may_switch() ?: mmscope_oom_arm(arg->arm);
}

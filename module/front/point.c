// SPDX-License-Identifier: GPL-2.0
/*
 * Front end: the ioctls that answer a question about a point, and are no walks.
 */
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ioctl.h"

/* addresses translated between two user copies */
#define TRANSLATE_BATCH 64

static int translate_batch(struct mm_struct *mm, struct mmscope_translate_arg *arg, u32 i,
			   struct mmscope_translation *out)
{
	const u64 __user *addrs = u64_to_user_ptr(arg->addrs);
	struct mmscope_translation __user *buf = u64_to_user_ptr(arg->buf);
	u32 nr = min_t(u32, arg->nr - i, TRANSLATE_BATCH);
	u64 in[TRANSLATE_BATCH];
	int err = mmscope_pause();

	if (err)
		return err;
	if (copy_from_user(in, addrs + i, nr * sizeof(*in)))
		return -EFAULT;
	if (!mmget_not_zero(mm))
		return -ESRCH;
	err = mmscope_translate(mm, arg->pid ?: task_tgid_vnr(current), in, nr, out,
				&arg->max_lock_ns);
	mmput(mm);
	if (err)
		return err;
	return copy_to_user(buf + i, out, nr * sizeof(*out)) ? -EFAULT : 0;
}

static int translate_all(struct mm_struct *mm, struct mmscope_translate_arg *arg)
{
	struct mmscope_translation *out;
	int err = 0;
	u32 i;

	out = kvmalloc_array(TRANSLATE_BATCH, sizeof(*out), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	for (i = 0; i < arg->nr && !err; i += TRANSLATE_BATCH)
		err = translate_batch(mm, arg, i, out);
	kvfree(out);
	return err;
}

/**
 * mmscope_ioctl_translate - MMSCOPE_IOC_TRANSLATE
 * @r: the reader
 * @p: struct mmscope_translate_arg
 *
 * Return: 0 or a negative errno.
 */
int mmscope_ioctl_translate(struct mmscope_reader *r, void *p)
{
	struct mmscope_translate_arg *arg = p;
	struct mm_struct *mm;
	struct pid *pid;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	if (arg->nr > MMSCOPE_TRANSLATE_MAX)
		return -E2BIG;
	err = mmscope_dataset_allowed(&mmscope_translations);
	if (err)
		return err;
	err = mmscope_get_target_mm(arg->pid, &pid, &mm);
	if (err)
		return err;
	arg->rec_size = sizeof(struct mmscope_translation);
	arg->max_lock_ns = 0;
	err = translate_all(mm, arg);
	mmscope_put_target_mm(pid, mm);
	return err;
}

/**
 * mmscope_ioctl_alloc - MMSCOPE_IOC_ALLOC
 * @r: the reader
 * @p: struct mmscope_alloc_arg
 *
 * Zone by zone and without memory of its own: there may be none left.
 *
 * Return: 0 or a negative errno.
 */
int mmscope_ioctl_alloc(struct mmscope_reader *r, void *p)
{
	struct mmscope_alloc_arg *arg = p;
	struct mmscope_alloc_zone __user *buf = u64_to_user_ptr(arg->buf);
	struct mmscope_alloc_zone rec;
	struct mmscope_alloc a;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	err = mmscope_dataset_allowed(&mmscope_alloc_zones);
	if (!err)
		err = mmscope_alloc_begin(&a, arg);
	if (err)
		return err;
	while (mmscope_alloc_next(&a, &rec))
		if (a.zones <= arg->nr && copy_to_user(buf + a.zones - 1, &rec, sizeof(rec)))
			return -EFAULT;
	mmscope_alloc_result(&a, arg);
	return 0;
}

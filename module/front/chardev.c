// SPDX-License-Identifier: GPL-2.0
/*
 * Front end: /dev/mmscope. The ioctls of <linux/mmscope.h>; here, in point.c and in
 * watch.c is the one place that copies to and from users.
 */
#include <linux/compat.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#include "ioctl.h"

/* a walk that is not gone on with for so long begins anew */
#define KEEP_TIME (HZ / 2)

union ioctl_arg {
	struct mmscope_info info;
	struct mmscope_describe describe;
	struct mmscope_walk_arg walk;
	struct mmscope_translate_arg translate;
	struct mmscope_attach_arg attach;
	struct mmscope_page_arg page;
	struct mmscope_rmap_arg rmap;
	struct mmscope_alloc_arg alloc;
	struct mmscope_watch_arg watch;
	struct mmscope_owners_arg owners;
	struct mmscope_oom_arg oom;
};

static int ioctl_info(struct mmscope_reader *r, void *p)
{
	struct mmscope_info *arg = p;
	u32 size = arg->size;

	memset(arg, 0, sizeof(*arg));
	arg->size = size;
	arg->abi_version = MMSCOPE_ABI_VERSION;
	arg->nr_datasets = mmscope_nr_datasets;
	arg->page_size = PAGE_SIZE;
	arg->nr_orders = mmscope_buddy_orders;
	arg->pageblock_pages = pageblock_nr_pages;
	arg->nr_cpus = num_online_cpus();
	arg->nr_nodes = num_online_nodes();
	strscpy(arg->version, MMSCOPE_VERSION, sizeof(arg->version));
	strscpy(arg->release, init_utsname()->release, sizeof(arg->release));
	return 0;
}

static int copy_fields(const struct mmscope_dataset *ds, u64 to, u32 room)
{
	struct mmscope_field __user *user = u64_to_user_ptr(to);
	struct mmscope_field field;
	u32 i;

	for (i = 0; i < min(room, ds->nr_fields); i++) {
		mmscope_schema_field(ds, i, &field);
		if (copy_to_user(user + i, &field, sizeof(field)))
			return -EFAULT;
	}
	return 0;
}

static int copy_values(const struct mmscope_dataset *ds, u64 to, u32 room)
{
	struct mmscope_value __user *user = u64_to_user_ptr(to);
	struct mmscope_value value;
	u32 i;

	for (i = 0; i < min(room, mmscope_schema_nr_values(ds)); i++) {
		mmscope_schema_value(ds, i, &value);
		if (copy_to_user(user + i, &value, sizeof(value)))
			return -EFAULT;
	}
	return 0;
}

static int ioctl_describe(struct mmscope_reader *r, void *p)
{
	struct mmscope_describe *arg = p;
	const struct mmscope_dataset *ds = mmscope_dataset_get(arg->dataset);
	int err;

	if (!ds)
		return -EOPNOTSUPP;
	if (arg->__reserved)
		return -EINVAL;
	err = copy_fields(ds, arg->fields, arg->nr_fields);
	if (!err)
		err = copy_values(ds, arg->values, arg->nr_values);
	if (err)
		return err;
	arg->nr_fields = ds->nr_fields;
	arg->nr_values = mmscope_schema_nr_values(ds);
	arg->flags = ds->flags;
	arg->rec_size = ds->rec_size;
	memset(arg->detail, 0, sizeof(arg->detail));
	arg->state = mmscope_dataset_state(ds, arg->detail, sizeof(arg->detail));
	strscpy_pad(arg->name, ds->name, sizeof(arg->name));
	strscpy_pad(arg->help, ds->help, sizeof(arg->help));
	return 0;
}

/**
 * mmscope_get_target - a process by its number
 * @nr: its pid, MMSCOPE_PID_SELF: the caller, for whom there is no struct pid
 * @pid: filled; the reference is for put_pid(), which takes NULL too
 *
 * Return: 0, -ESRCH.
 */
int mmscope_get_target(u32 nr, struct pid **pid)
{
	*pid = NULL;
	if (nr == MMSCOPE_PID_SELF)
		return 0;
	if (nr > INT_MAX)
		return -ESRCH;
	*pid = find_get_pid(nr);
	return *pid ? 0 : -ESRCH;
}

/**
 * mmscope_get_target_mm - a process that the caller may read, and its mm
 * @nr: its pid, MMSCOPE_PID_SELF: the caller
 * @pid: filled
 * @mm: filled; both to be undone with mmscope_put_target_mm()
 *
 * Return: 0, -ESRCH, -EACCES, -EINTR.
 */
int mmscope_get_target_mm(u32 nr, struct pid **pid, struct mm_struct **mm)
{
	int err = mmscope_get_target(nr, pid);

	if (err)
		return err;
	err = mmscope_task_mm(*pid, mm);
	if (err)
		put_pid(*pid);
	return err;
}

/**
 * mmscope_put_target_mm - undo mmscope_get_target_mm()
 * @pid: from there
 * @mm: from there
 */
void mmscope_put_target_mm(struct pid *pid, struct mm_struct *mm)
{
	mmdrop(mm);
	put_pid(pid);
}

/* windows until the user's buffer is full or the data ends; a full buffer is no error */
static int walk_to_user(struct mmscope_walk *w, struct mmscope_walk_arg *arg)
{
	const u32 size = w->q.ds->rec_size;
	const u64 room = min_t(u64, arg->buf_bytes / size, U32_MAX);
	void __user *buf = u64_to_user_ptr(arg->buf);
	int ret = MMSCOPE_MORE;

	while (ret == MMSCOPE_MORE && arg->nr < room) {
		ret = mmscope_walk_next(w, room - arg->nr);
		if (ret < 0)
			return ret;
		if (copy_to_user(buf + (u64)arg->nr * size, w->records, w->nr * size))
			return -EFAULT;
		arg->nr += w->nr;
	}
	if (!ret)
		arg->status |= MMSCOPE_WALK_DONE;
	return 0;
}

static void make_query(const struct mmscope_reader *r, const struct mmscope_walk_arg *arg,
		       const struct mmscope_dataset *ds, struct pid *pid, struct mmscope_query *q)
{
	*q = (struct mmscope_query){
		.ds = ds,
		.addresses = r->addresses,
		.pid = pid,
		.node = arg->node,
		.zone = arg->zone,
		.class_mask = arg->class_mask,
		.start = arg->start,
		.end = arg->end,
		.bare = arg->flags & MMSCOPE_WALK_BARE,
		.exact = arg->flags & MMSCOPE_WALK_EXACT,
		.frames = {
			.flags_all = arg->flags_all,
			.flags_any = arg->flags_any,
			.flags_none = arg->flags_none,
			.memcg = arg->memcg,
			.owner = arg->owner,
		},
	};
	memcpy(q->frames.name, arg->name, sizeof(q->frames.name));
}

/* the walk kept from the call before, if this call goes on with it */
static struct mmscope_walk *take_kept(struct mmscope_reader *r, const struct mmscope_query *q,
				      const struct mmscope_cursor *cursor)
{
	struct mmscope_walk *w = NULL;

	if (!mutex_trylock(&r->lock))
		return NULL;
	swap(w, r->walk);
	mutex_unlock(&r->lock);
	if (!w)
		return NULL;
	/* what it has found is for who began it: the file may have been handed on */
	if (w->cred == current_cred() && !memcmp(&w->q, q, sizeof(*q)) &&
	    !memcmp(&w->cursor, cursor, sizeof(*cursor)) &&
	    time_before(jiffies, r->kept + KEEP_TIME)) {
		mmscope_walk_again(w);
		return w;
	}
	mmscope_walk_close(w);
	return NULL;
}

/* Processes are looked up, and access to them is checked, in each call. */
static void keep_or_close(struct mmscope_reader *r, struct mmscope_walk *w, bool over)
{
	if (!over && !w->mm && mutex_trylock(&r->lock)) {
		swap(w, r->walk);
		r->kept = jiffies;
		mutex_unlock(&r->lock);
	}
	if (w)
		mmscope_walk_close(w);
}

/* the part of a walk that is the same for all queries; buffer and cursor are set */
static int run_walk(struct mmscope_walk *w, struct mmscope_walk_arg *arg)
{
	int err;

	arg->nr = 0;
	arg->status = 0;
	arg->rec_size = w->q.ds->rec_size;
	w->cursor = arg->cursor;
	arg->start_ns = ktime_get_ns();
	err = walk_to_user(w, arg);
	arg->end_ns = ktime_get_ns();
	arg->cursor = w->cursor;
	arg->max_lock_ns = w->max_lock_ns;
	arg->locks = w->locks;
	arg->restarts = w->restarts;
	arg->torn = w->torn;
	return err;
}

static int do_walk(struct mmscope_reader *r, struct mmscope_walk_arg *arg,
		   const struct mmscope_dataset *ds, struct pid *pid)
{
	struct mmscope_query q;
	struct mmscope_walk *w;
	int err;

	make_query(r, arg, ds, pid, &q);
	w = take_kept(r, &q, &arg->cursor) ?: mmscope_walk_open(&q);
	if (IS_ERR(w))
		return PTR_ERR(w);
	err = run_walk(w, arg);
	keep_or_close(r, w, err || arg->status & MMSCOPE_WALK_DONE);
	return err;
}

static int ioctl_walk(struct mmscope_reader *r, void *p)
{
	struct mmscope_walk_arg *arg = p;
	const struct mmscope_dataset *ds = mmscope_dataset_get(arg->dataset);
	struct pid *pid = NULL;
	int err = 0;

	if (!ds || arg->flags & ~(MMSCOPE_WALK_BARE | MMSCOPE_WALK_EXACT))
		return -EOPNOTSUPP;
	if (arg->__reserved || arg->buf_bytes < ds->rec_size)
		return -EINVAL;
	if (!(ds->flags & MMSCOPE_DATASET_PROCESS) && arg->pid)
		return -EINVAL;
	err = mmscope_get_target(arg->pid, &pid);
	if (err)
		return err;
	err = do_walk(r, arg, ds, pid);
	put_pid(pid);
	return err;
}

/* the frames that a point query is about, sorted; to be freed with kvfree() */
static struct mmscope_pfn_range *copy_ranges(u64 from, u32 *nr)
{
	struct mmscope_pfn_range *ranges;
	int err;

	if (!*nr)
		return ERR_PTR(-EINVAL);
	if (*nr > MMSCOPE_RANGES_MAX)
		return ERR_PTR(-E2BIG);
	ranges = vmemdup_user(u64_to_user_ptr(from), *nr * sizeof(*ranges));
	if (IS_ERR(ranges))
		return ranges;
	err = mmscope_pfn_ranges_sort(ranges, nr);
	if (err) {
		kvfree(ranges);
		return ERR_PTR(err);
	}
	return ranges;
}

static void ranges_query(const struct mmscope_dataset *ds, struct mmscope_pfn_range *ranges, u32 nr,
			 struct mmscope_query *q)
{
	*q = (struct mmscope_query){
		.ds = ds,
		.node = MMSCOPE_ANY,
		.zone = MMSCOPE_ANY,
		.end = ~0ULL,
		.ranges = ranges,
		.nr_ranges = nr,
	};
}

/* a walk over all processes: what it says of itself is what MMSCOPE_IOC_WALK says */
static int walk_rmap(struct mmscope_rmap_arg *arg, const struct mmscope_query *q)
{
	struct mmscope_walk_arg walk = {
		.buf = arg->buf,
		.buf_bytes = arg->buf_bytes,
		.cursor = arg->cursor,
	};
	struct mmscope_walk *w = mmscope_walk_open(q);
	int err;

	if (IS_ERR(w))
		return PTR_ERR(w);
	err = run_walk(w, &walk);
	arg->processes = w->processes;
	arg->refused = w->refused;
	arg->busy = w->busy;
	mmscope_walk_close(w);
	arg->cursor = walk.cursor;
	arg->nr = walk.nr;
	arg->rec_size = walk.rec_size;
	arg->status = walk.status;
	arg->start_ns = walk.start_ns;
	arg->end_ns = walk.end_ns;
	arg->max_lock_ns = walk.max_lock_ns;
	arg->locks = walk.locks;
	arg->torn = walk.torn;
	return err;
}

static int ioctl_rmap(struct mmscope_reader *r, void *p)
{
	struct mmscope_rmap_arg *arg = p;
	struct mmscope_pfn_range *ranges;
	u32 nr = arg->nr_ranges;
	struct mmscope_query q;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || arg->buf_bytes < sizeof(struct mmscope_rmap))
		return -EINVAL;
	ranges = copy_ranges(arg->ranges, &nr);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	ranges_query(&mmscope_rmaps, ranges, nr, &q);
	/* 0 is no filter here, not the caller */
	err = mmscope_get_target(arg->pid, &q.pid);
	if (!err)
		err = walk_rmap(arg, &q);
	put_pid(q.pid);
	kvfree(ranges);
	return err;
}

static int ioctl_page(struct mmscope_reader *r, void *p)
{
	struct mmscope_page_arg *arg = p;
	struct mmscope_walk_arg walk = {
		.buf = arg->buf,
		.buf_bytes = arg->buf_bytes,
		.cursor = arg->cursor,
	};
	struct mmscope_pfn_range *ranges;
	u32 nr = arg->nr_ranges;
	struct mmscope_query q;
	struct mmscope_walk *w;
	int err;

	if (arg->flags)
		return -EOPNOTSUPP;
	if (arg->__reserved || arg->buf_bytes < sizeof(struct mmscope_frame_info))
		return -EINVAL;
	ranges = copy_ranges(arg->ranges, &nr);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	ranges_query(&mmscope_frames, ranges, nr, &q);
	w = mmscope_walk_open(&q);
	err = PTR_ERR_OR_ZERO(w);
	if (!err) {
		err = run_walk(w, &walk);
		mmscope_walk_close(w);
		arg->cursor = walk.cursor;
		arg->nr = walk.nr;
		arg->rec_size = walk.rec_size;
		arg->status = walk.status;
	}
	kvfree(ranges);
	return err;
}

/**
 * struct ioctl_op - one ioctl
 * @size: of its argument here
 * @min_size: of its argument in its first version
 * @run: does it for a reader, on a kernel copy of the argument, which is copied back
 */
struct ioctl_op {
	size_t size;
	size_t min_size;
	int (*run)(struct mmscope_reader *r, void *arg);
};

#define IOCTL_OP(_ioctl, _type, _last, _run)			\
	[_IOC_NR(_ioctl)] = {					\
		.size = sizeof(_type),				\
		.min_size = offsetofend(_type, _last),		\
		.run = _run,					\
	}

static const struct ioctl_op ops[] = {
	IOCTL_OP(MMSCOPE_IOC_INFO, struct mmscope_info, release, ioctl_info),
	IOCTL_OP(MMSCOPE_IOC_DESCRIBE, struct mmscope_describe, detail, ioctl_describe),
	IOCTL_OP(MMSCOPE_IOC_WALK, struct mmscope_walk_arg, torn, ioctl_walk),
	IOCTL_OP(MMSCOPE_IOC_TRANSLATE, struct mmscope_translate_arg, max_lock_ns,
		 mmscope_ioctl_translate),
	IOCTL_OP(MMSCOPE_IOC_ATTACH, struct mmscope_attach_arg, pid, mmscope_ioctl_attach),
	IOCTL_OP(MMSCOPE_IOC_DETACH, struct mmscope_attach_arg, pid, mmscope_ioctl_detach),
	IOCTL_OP(MMSCOPE_IOC_PAGE, struct mmscope_page_arg, __reserved, ioctl_page),
	IOCTL_OP(MMSCOPE_IOC_RMAP, struct mmscope_rmap_arg, refused, ioctl_rmap),
	IOCTL_OP(MMSCOPE_IOC_ALLOC, struct mmscope_alloc_arg, __reserved, mmscope_ioctl_alloc),
	IOCTL_OP(MMSCOPE_IOC_WATCH, struct mmscope_watch_arg, rec_size, mmscope_ioctl_watch),
	IOCTL_OP(MMSCOPE_IOC_OWNERS, struct mmscope_owners_arg, stacks, mmscope_ioctl_owners),
	IOCTL_OP(MMSCOPE_IOC_OOM, struct mmscope_oom_arg, arm, mmscope_ioctl_oom),
};

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	void __user *to = (void __user *)user;
	const struct ioctl_op *op;
	union ioctl_arg arg;
	u32 size;
	int err;

	if (_IOC_TYPE(cmd) != MMSCOPE_IOC_TYPE || _IOC_NR(cmd) >= ARRAY_SIZE(ops))
		return -ENOTTY;
	op = &ops[_IOC_NR(cmd)];
	if (!op->run)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)to))
		return -EFAULT;
	if (size < op->min_size || size > PAGE_SIZE)
		return -EINVAL;
	err = copy_struct_from_user(&arg, op->size, to, size);
	if (err)
		return err;
	err = op->run(file->private_data, &arg);
	if (err)
		return err;
	return copy_to_user(to, &arg, min_t(size_t, size, op->size)) ? -EFAULT : 0;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	struct mmscope_reader *r;

	/* the initial namespace's, not a container's */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	mutex_init(&r->lock);
	mutex_init(&r->watch_lock);
	r->addresses = mmscope_may_see_addresses();
	file->private_data = r;
	return nonseekable_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct mmscope_reader *r = file->private_data;

	if (r->walk)
		mmscope_walk_close(r->walk);
	if (r->watch)
		mmscope_watch_close(r->watch);
	if (r->owners)
		mmscope_owner_end();
	kfree(r);
	return 0;
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.read = mmscope_watch_read,
	.poll = mmscope_watch_poll,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice chardev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mmscope",
	.mode = 0600,
	.fops = &chardev_fops,
};

/**
 * mmscope_chardev_init - make /dev/mmscope
 *
 * Return: 0 or a negative errno.
 */
int mmscope_chardev_init(void)
{
	return misc_register(&chardev);
}

/**
 * mmscope_chardev_exit - undo mmscope_chardev_init(); no file is open any more
 */
void mmscope_chardev_exit(void)
{
	misc_deregister(&chardev);
}

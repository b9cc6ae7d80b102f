// SPDX-License-Identifier: GPL-2.0
/*
 * Front end: /sys/kernel/debug/mmscope/DATASET, one line a record.
 *
 * Files are 0400, read-only, without ioctl or mmap: so they stay readable
 * under lockdown=integrity. One seq_file engine serves every dataset: a walk
 * per open file, its window is what the lines are made from, with no lock
 * held. seq_file may show a line twice (when its buffer was too small) and may
 * go back (pread): a position before the window begins the walk again.
 */
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../mmscope.h"

static struct dentry *root_dir;
static struct dentry *process_dir;

/**
 * struct reader - an open file
 * @q: the query, to begin it again
 * @walk: under way, NULL before the first record
 * @window_pos: position in the file of the window's first record; 0 is the header
 * @ended: the walk has no further window
 */
struct reader {
	struct mmscope_query q;
	struct mmscope_walk *walk;
	loff_t window_pos;
	bool ended;
};

static int reader_rewind(struct reader *r)
{
	struct mmscope_walk *w = mmscope_walk_open(&r->q);

	if (IS_ERR(w))
		return PTR_ERR(w);
	/* it is open on a program, not on what the process has become since */
	if (r->walk && w->mm != r->walk->mm) {
		mmscope_walk_close(w);
		return -ESRCH;
	}
	if (r->walk)
		mmscope_walk_close(r->walk);
	r->walk = w;
	r->window_pos = 1;
	r->ended = false;
	return 0;
}

/* the record at a position of the file, NULL at the end, or an ERR_PTR */
static void *reader_record(struct reader *r, loff_t pos)
{
	int ret;

	/* who may see what is decided when a walk begins */
	if (!r->walk || r->walk->cred != current_cred() || pos < r->window_pos) {
		ret = reader_rewind(r);
		if (ret)
			return ERR_PTR(ret);
	}
	while (pos >= r->window_pos + r->walk->nr) {
		if (r->ended)
			return NULL;
		r->window_pos += r->walk->nr;
		ret = mmscope_walk_next(r->walk, U32_MAX);
		if (ret < 0) {
			/* what is in the window is not to be shown again */
			r->walk->nr = 0;
			return ERR_PTR(ret);
		}
		r->ended = ret == 0;
	}
	return r->walk->records + (pos - r->window_pos) * r->q.ds->rec_size;
}

static void *dataset_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? reader_record(m->private, *pos) : SEQ_START_TOKEN;
}

static void *dataset_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return reader_record(m->private, *pos);
}

static void dataset_stop(struct seq_file *m, void *v)
{
}

static int dataset_show(struct seq_file *m, void *v)
{
	const struct reader *r = m->private;

	if (v == SEQ_START_TOKEN)
		mmscope_schema_header(m, r->q.ds);
	else
		mmscope_schema_line(m, r->q.ds, v);
	return 0;
}

static const struct seq_operations dataset_seq_ops = {
	.start = dataset_start,
	.next = dataset_next,
	.stop = dataset_stop,
	.show = dataset_show,
};

/* what a file shows: kept by its dentry, freed with its directory */
struct file_spec {
	const struct mmscope_dataset *ds;
	struct pid *pid;
};

static int dataset_open(struct inode *inode, struct file *file)
{
	const struct file_spec *spec = inode->i_private;
	struct reader *r;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = mmscope_dataset_allowed(spec->ds);
	if (err)
		return err;
	r = __seq_open_private(file, &dataset_seq_ops, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->q.ds = spec->ds;
	r->q.node = MMSCOPE_ANY;
	r->q.zone = MMSCOPE_ANY;
	r->q.end = ~0ULL;
	r->q.addresses = mmscope_may_see_addresses();
	/* self is who opens: a file handed on shows the same process */
	if (spec->ds->flags & MMSCOPE_DATASET_PROCESS)
		r->q.pid = get_pid(spec->pid ?: task_tgid(current));
	/* a process that may not be read is refused here, not in the middle */
	err = reader_rewind(r);
	if (err) {
		put_pid(r->q.pid);
		seq_release_private(inode, file);
	}
	return err;
}

/* Lines with kernel addresses may be in the file's buffer: for others than who opened it, too. */
static ssize_t dataset_read(struct file *file, char __user *buf, size_t room, loff_t *pos)
{
	const struct reader *r = ((struct seq_file *)file->private_data)->private;

	if (r->q.ds->addresses && r->q.addresses && !mmscope_may_see_addresses())
		return -EPERM;
	return seq_read(file, buf, room, pos);
}

static int dataset_release(struct inode *inode, struct file *file)
{
	struct reader *r = ((struct seq_file *)file->private_data)->private;

	if (r->walk)
		mmscope_walk_close(r->walk);
	put_pid(r->q.pid);
	return seq_release_private(inode, file);
}

static const struct file_operations dataset_fops = {
	.owner = THIS_MODULE,
	.open = dataset_open,
	.read = dataset_read,
	.llseek = seq_lseek,
	.release = dataset_release,
};

/* a kernel that has no debugfs is no error, one that has no memory is */
static int no_memory(const struct dentry *dentry)
{
	return dentry == ERR_PTR(-ENOMEM) ? -ENOMEM : 0;
}

/* specs[] for every dataset that is (not) of a process; returns how many */
static u32 fill_specs(struct file_spec *specs, bool process, struct pid *pid)
{
	u32 i, nr = 0;

	for (i = 0; i < mmscope_nr_datasets; i++) {
		const struct mmscope_dataset *ds = mmscope_dataset_get(i);

		if (!ds->walk || ds->flags & MMSCOPE_DATASET_POINT ||
		    process != !!(ds->flags & MMSCOPE_DATASET_PROCESS))
			continue;
		specs[nr].ds = ds;
		specs[nr++].pid = pid;
	}
	return nr;
}

/* *made is to be freed when the directory is removed, whatever comes of it */
static int create_files(struct dentry *dir, bool process, struct pid *pid,
			struct file_spec **made)
{
	struct file_spec *specs;
	u32 i, nr;
	int err = 0;

	specs = kcalloc(mmscope_nr_datasets, sizeof(*specs), GFP_KERNEL);
	*made = specs;
	if (!specs)
		return -ENOMEM;
	nr = fill_specs(specs, process, pid);
	for (i = 0; i < nr && !err; i++)
		err = no_memory(debugfs_create_file(specs[i].ds->name, 0400, dir, &specs[i],
						    &dataset_fops));
	return err;
}

/**
 * mmscope_debugfs_process_create - files of one process
 * @d: filled
 * @name: of the directory, below process/
 * @pid: whom they show, NULL: who opens them. The caller's reference must
 *       live until mmscope_debugfs_process_remove().
 *
 * Return: 0, or -ENOMEM.
 */
int mmscope_debugfs_process_create(struct mmscope_process_dir *d, const char *name,
				   struct pid *pid)
{
	int err;

	d->specs = NULL;
	d->dentry = debugfs_create_dir(name, process_dir);
	err = no_memory(d->dentry) ?: create_files(d->dentry, true, pid, &d->specs);
	if (err)
		mmscope_debugfs_process_remove(d);
	return err;
}

/**
 * mmscope_debugfs_process_remove - undo mmscope_debugfs_process_create()
 * @d: the directory
 *
 * Waits for reads under way; open files give EIO afterwards.
 */
void mmscope_debugfs_process_remove(struct mmscope_process_dir *d)
{
	debugfs_remove(d->dentry);
	kfree(d->specs);
}

static struct file_spec *root_specs;
static struct mmscope_process_dir self_dir;

/**
 * mmscope_debugfs_init - make the directory with a file a dataset
 *
 * A kernel without debugfs is no error: the device works alone.
 *
 * Return: 0, or -ENOMEM.
 */
int mmscope_debugfs_init(void)
{
	int err;

	root_dir = debugfs_create_dir("mmscope", NULL);
	err = no_memory(root_dir) ?: create_files(root_dir, false, NULL, &root_specs);
	if (err)
		goto err_dir;
	process_dir = debugfs_create_dir("process", root_dir);
	err = no_memory(process_dir) ?: mmscope_debugfs_process_create(&self_dir, "self", NULL);
	if (err)
		goto err_dir;
	return 0;

err_dir:
	/* files first: an open one still looks at its spec */
	debugfs_remove(root_dir);
	kfree(root_specs);
	return err;
}

/**
 * mmscope_debugfs_exit - undo mmscope_debugfs_init()
 */
void mmscope_debugfs_exit(void)
{
	mmscope_debugfs_process_remove(&self_dir);
	debugfs_remove(root_dir);
	kfree(root_specs);
}

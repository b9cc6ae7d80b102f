// SPDX-License-Identifier: GPL-2.0
/*
 * Where answers come from: opens a source, learns its datasets, owns the cursor
 * loop, and says in a sentence why a call failed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "source.h"

#define WALK_BYTES	0x100000U	/* a call's buffer */
/* far beyond any kernel's; what is said of it comes from a file as well */
#define MAX_DATASETS	1024
#define MAX_ORDERS	32
#define MAX_NODES	4096
#define MAX_FIELDS	1024
#define MAX_VALUES	16384

static void explain(struct source *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void explain(struct source *s, const char *format, ...)
{
	va_list args;

	if (s->error[0])	/* the source itself knew better */
		return;
	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
}

/* All calls go through here: what succeeds is recorded. */
static int call(struct source *s, unsigned long request, void *arg)
{
	int err;

	s->error[0] = '\0';
	err = s->ops->call(s, request, arg);
	if (!err && s->recorder)
		record_call(s, request, arg);
	return err;
}

/* ------------------------------------------------------------------ opening */

static void load_info(struct source *s)
{
	struct mmscope_info *info = &s->info;
	int err;

	info->size = sizeof(*info);
	err = call(s, MMSCOPE_IOC_INFO, info);
	if (err)
		die("%s: %s", s->name, err == -ENOTTY ? "not the device of mmscope" :
		    s->error[0] ? s->error : strerror(-err));
	if (info->abi_version > MMSCOPE_ABI_VERSION)
		die("%s: speaks ABI version %u, this mmscope only %u: update the command", s->name,
		    info->abi_version, MMSCOPE_ABI_VERSION);
	info->version[sizeof(info->version) - 1] = '\0';
	info->release[sizeof(info->release) - 1] = '\0';
	if (info->nr_datasets > MAX_DATASETS || !info->page_size || !info->nr_orders ||
	    info->nr_orders > MAX_ORDERS || info->nr_nodes > MAX_NODES)
		die("%s: makes no sense", s->name);
}

/* Asked twice: for the numbers, then for the tables. */
static struct dataset *load_dataset(struct source *s, __u32 id)
{
	struct mmscope_describe d = { .size = sizeof(d), .dataset = id };
	struct mmscope_field *fields;
	struct mmscope_value *values;
	struct dataset *ds;

	if (call(s, MMSCOPE_IOC_DESCRIBE, &d))
		return NULL;
	if (d.nr_fields > MAX_FIELDS || d.nr_values > MAX_VALUES)
		die("%s: description of dataset %u makes no sense", s->name, id);
	fields = xzalloc(sizeof(*fields) * d.nr_fields);
	values = xzalloc(sizeof(*values) * d.nr_values);
	d.fields = (unsigned long)fields;
	d.values = (unsigned long)values;
	if (call(s, MMSCOPE_IOC_DESCRIBE, &d)) {
		free(fields);
		free(values);
		return NULL;
	}
	ds = dataset_new(&d, fields, values);
	free(values);
	if (!ds)
		die("%s: description of dataset %u makes no sense", s->name, id);
	return ds;
}

static void load_datasets(struct source *s)
{
	s->datasets = xzalloc(sizeof(*s->datasets) * s->info.nr_datasets);
	for (__u32 id = 0; id < s->info.nr_datasets; id++) {
		struct dataset *ds = load_dataset(s, id);

		if (ds)
			s->datasets[s->nr_datasets++] = ds;
	}
}

/**
 * source_open - begin to ask
 * @from: a recording; NULL: the device
 * @record: where to save all answers; NULL: nowhere
 *
 * Return: the source. Ends the program with a sentence if there is none.
 */
struct source *source_open(const char *from, const char *record)
{
	struct source *s = xzalloc(sizeof(*s));

	if (from)
		replay_open(s, from);
	else
		device_open(s);
	if (record)
		record_open(s, record);
	load_info(s);
	load_datasets(s);
	return s;
}

void source_close(struct source *s)
{
	if (s->recorder)
		record_close(s);
	s->ops->close(s);
	for (__u32 i = 0; i < s->nr_datasets; i++)
		dataset_free(s->datasets[i]);
	free(s->datasets);
	free(s);
}

const struct dataset *source_dataset(struct source *s, const char *name)
{
	for (__u32 i = 0; i < s->nr_datasets; i++)
		if (!strcasecmp(s->datasets[i]->name, name))
			return s->datasets[i];
	return NULL;
}

/* ----------------------------------------------------------------- sentences */

static bool process_exists(__u32 pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u", pid);
	return !access(path, F_OK);
}

static void explain_process(struct source *s, __u32 pid, int err, bool begun)
{
	if (err != -ESRCH)
		explain(s, "process %u: not allowed to look at it: %s", pid,
			geteuid() ? "run as root" : "needs CAP_SYS_PTRACE");
	else if (begun)
		explain(s, "process %u exited while it was read", pid);
	else if (process_exists(pid))
		explain(s, "process %u has no address space (a kernel thread, or it is exiting)",
			pid);
	else
		explain(s, "there is no process %u", pid);
}

/* What an errno of the ABI means for someone who asked for @ds. */
static void explain_errno(struct source *s, const struct dataset *ds, __u32 pid, int err,
			  bool begun)
{
	bool process = ds->flags & (MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_POINT);
	bool refused = err == -EPERM || err == -EACCES || err == -ESRCH;

	if (refused && process && ds->state != MMSCOPE_STATE_UNAVAILABLE)
		explain_process(s, pid, err, begun);
	else if (err == -EPERM && ds->flags & MMSCOPE_DATASET_ADDR &&
		 ds->state != MMSCOPE_STATE_UNAVAILABLE)
		explain(s, "%s: addresses are not shown, so none can be asked for: needs CAP_SYSLOG and kernel.kptr_restrict below 2",
			ds->name);
	else if (refused || err == -EOPNOTSUPP)
		explain(s, "%s: not available on this kernel%s%s", ds->name,
			*ds->detail ? ": " : "", ds->detail);
	else if (err == -ENOENT)
		explain(s, "%s: there is no memory cgroup with this inode", ds->name);
	else if (err == -EPROTO)
		explain(s, "%s: the answer makes no sense", ds->name);
	else
		explain(s, "%s: %s", ds->name, strerror(-err));
}

/* ----------------------------------------------------------------- questions */

/* A query for everything. */
void source_query(struct mmscope_walk_arg *query)
{
	*query = (struct mmscope_walk_arg){
		.size = sizeof(*query),
		.node = MMSCOPE_ANY,
		.zone = MMSCOPE_ANY,
		.end = ~0ULL,
	};
}

static void add_stats(struct walk_stats *stats, const struct mmscope_walk_arg *arg)
{
	stats->calls++;
	stats->ns += arg->end_ns - arg->start_ns;
	if (arg->max_lock_ns > stats->max_lock_ns)
		stats->max_lock_ns = arg->max_lock_ns;
	stats->locks += arg->locks;
	stats->restarts += arg->restarts;
	stats->torn += arg->torn;
}

static bool deliver(const char *buf, __u32 nr, __u32 rec_size, __u64 limit, record_fn *fn,
		    void *ctx, struct walk_stats *stats)
{
	for (__u32 i = 0; i < nr; i++) {
		stats->records++;
		if (!fn(ctx, buf + (size_t)i * rec_size) || stats->records == limit)
			return false;
	}
	return true;
}

/**
 * source_walk - all records of a dataset, one by one
 * @s: the source
 * @ds: its dataset
 * @query: which records, from source_query()
 * @limit: no more records than this; 0: all
 * @fn: takes a record
 * @ctx: for @fn
 * @stats: filled with what the replies said
 *
 * Return: 0, or -errno with a sentence in s->error.
 */
int source_walk(struct source *s, const struct dataset *ds, const struct mmscope_walk_arg *query,
		__u64 limit, record_fn *fn, void *ctx, struct walk_stats *stats)
{
	struct mmscope_walk_arg arg = *query;
	__u64 bytes = WALK_BYTES;
	bool more = true;
	char *buf;
	int err = 0;

	*stats = (struct walk_stats){ 0 };
	if (limit && limit < bytes / ds->rec_size)
		bytes = limit * ds->rec_size;
	if (bytes < ds->rec_size)
		bytes = ds->rec_size;
	buf = xzalloc(bytes);
	arg.dataset = ds->id;
	arg.buf = (unsigned long)buf;
	arg.buf_bytes = bytes;
	while (more) {
		err = call(s, MMSCOPE_IOC_WALK, &arg);
		if (!err && arg.nr && (arg.rec_size < ds->rec_size ||
				       arg.nr > bytes / arg.rec_size))
			err = -EPROTO;
		if (err) {
			explain_errno(s, ds, query->pid, err, stats->records);
			break;
		}
		add_stats(stats, &arg);
		more = deliver(buf, arg.nr, arg.rec_size, limit, fn, ctx, stats) &&
		       !(arg.status & MMSCOPE_WALK_DONE);
	}
	free(buf);
	return err;
}

/**
 * source_translate - the page-table walks of some addresses
 * @s: the source
 * @ds: the dataset that describes the records
 * @pid: whose addresses
 * @addrs: the addresses
 * @nr: how many
 *
 * Return: @nr records of ds->rec_size bytes, to be freed; NULL with a sentence
 * in s->error.
 */
void *source_translate(struct source *s, const struct dataset *ds, __u32 pid,
		       const __u64 *addrs, __u32 nr)
{
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr = nr,
		.addrs = (unsigned long)addrs,
	};
	void *buf = xzalloc((size_t)nr * ds->rec_size);
	int err;

	arg.buf = (unsigned long)buf;
	err = call(s, MMSCOPE_IOC_TRANSLATE, &arg);
	if (!err && (arg.nr != nr || arg.rec_size != ds->rec_size))
		err = -EPROTO;
	if (!err)
		return buf;
	explain_errno(s, ds, pid, err, false);
	free(buf);
	return NULL;
}

static void add_rmap_stats(struct walk_stats *stats, const struct mmscope_rmap_arg *arg)
{
	const struct mmscope_walk_arg walk = {
		.start_ns = arg->start_ns,
		.end_ns = arg->end_ns,
		.max_lock_ns = arg->max_lock_ns,
		.locks = arg->locks,
		.torn = arg->torn,
	};

	add_stats(stats, &walk);
	stats->processes += arg->processes;
	stats->refused += arg->refused;
	stats->busy += arg->busy;
}

/**
 * source_page - all that is known of a page frame
 * @s: the source
 * @ds: the dataset that describes the record
 * @pfn: the frame
 *
 * Return: a record of ds->rec_size bytes, to be freed; NULL with a sentence in
 * s->error.
 */
void *source_page(struct source *s, const struct dataset *ds, __u64 pfn)
{
	const struct mmscope_pfn_range range = { pfn, pfn + 1 };
	struct mmscope_page_arg arg = {
		.size = sizeof(arg),
		.ranges = (unsigned long)&range,
		.nr_ranges = 1,
		.buf_bytes = ds->rec_size,
	};
	void *buf = xzalloc(ds->rec_size);
	int err;

	arg.buf = (unsigned long)buf;
	err = call(s, MMSCOPE_IOC_PAGE, &arg);
	if (!err && arg.nr == 1 && arg.rec_size == ds->rec_size)
		return buf;
	if (!err && !arg.nr)
		explain(s, "page frame 0x%llx: no memory is there", pfn);
	else
		explain_errno(s, ds, 0, err ? err : -EPROTO, false);
	free(buf);
	return NULL;
}

/**
 * source_rmap - who maps some page frames, record by record
 * @s: the source
 * @ds: the dataset that describes the records
 * @pid: only this process; 0: all
 * @ranges: the frames
 * @nr: how many ranges, MMSCOPE_RANGES_MAX at most
 * @fn: takes a record
 * @ctx: for @fn
 * @stats: what the replies said is added to it
 *
 * Return: 0, or -errno with a sentence in s->error.
 */
int source_rmap(struct source *s, const struct dataset *ds, __u32 pid,
		const struct mmscope_pfn_range *ranges, __u32 nr, record_fn *fn, void *ctx,
		struct walk_stats *stats)
{
	struct mmscope_rmap_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr_ranges = nr,
		.ranges = (unsigned long)ranges,
		.buf_bytes = WALK_BYTES,
	};
	char *buf = xzalloc(WALK_BYTES);
	bool more = true;
	int err = 0;

	arg.buf = (unsigned long)buf;
	while (more) {
		err = call(s, MMSCOPE_IOC_RMAP, &arg);
		if (!err && arg.nr && (arg.rec_size < ds->rec_size ||
				       arg.nr > WALK_BYTES / arg.rec_size))
			err = -EPROTO;
		if (err) {
			explain_errno(s, ds, pid, err, stats->records);
			break;
		}
		add_rmap_stats(stats, &arg);
		more = deliver(buf, arg.nr, arg.rec_size, 0, fn, ctx, stats) &&
		       !(arg.status & MMSCOPE_WALK_DONE);
	}
	free(buf);
	return err;
}

/**
 * source_alloc - would an allocation succeed
 * @s: the source
 * @ds: the dataset that describes the records
 * @arg: order, gfp and node of the question; the answer, but for its records
 *
 * Return: arg->nr records of ds->rec_size bytes, to be freed; NULL with a sentence
 * in s->error.
 */
void *source_alloc(struct source *s, const struct dataset *ds, struct mmscope_alloc_arg *arg)
{
	const __u32 room = s->info.nr_nodes * MMSCOPE_NR_ZONES;
	void *buf = xzalloc((size_t)room * ds->rec_size);
	int err;

	arg->size = sizeof(*arg);
	arg->nr = room;
	arg->buf = (unsigned long)buf;
	err = call(s, MMSCOPE_IOC_ALLOC, arg);
	if (!err && (arg->nr > room || arg->rec_size != ds->rec_size))
		err = -EPROTO;
	if (!err)
		return buf;
	if (err == -EINVAL && arg->node != MMSCOPE_ANY)
		explain(s, "there is no node %u, or it is offline", arg->node);
	explain_errno(s, ds, 0, err, false);
	free(buf);
	return NULL;
}

/*
 * Attach to or detach from a process; *name becomes that of its directory. Return: as
 * source_walk().
 */
int source_process(struct source *s, unsigned long request, __u32 pid, __u32 *name)
{
	/* a module that does not tell the name has taken the pid for it */
	struct mmscope_attach_arg arg = { .size = sizeof(arg), .pid = pid, .name = pid };
	int err = call(s, request, &arg);

	if (err == -ESRCH && request == MMSCOPE_IOC_DETACH && process_exists(pid))
		explain(s, "process %u is not attached", pid);
	else if (err == -ENOSPC)
		explain(s, "too many processes are attached: detach some");
	else if (err == -ESRCH || err == -EPERM || err == -EACCES)
		explain_process(s, pid, err, false);
	else if (err)
		explain(s, "process %u: %s", pid, strerror(-err));
	if (name)
		*name = arg.name;
	return err;
}

/*
 * Have events of these kinds come, as far as this kernel has them; *kinds becomes
 * which. Return: 0, or -errno with a sentence in s->error.
 */
int source_watch(struct source *s, const struct dataset *ds, __u64 *kinds)
{
	struct mmscope_watch_arg arg = { .size = sizeof(arg), .kinds = *kinds };
	int err;

	if (!s->ops->fd) {
		explain(s, "%s: events come from the device, no recording has them", s->name);
		return -EOPNOTSUPP;
	}
	err = call(s, MMSCOPE_IOC_WATCH, &arg);
	if (err)
		explain_errno(s, ds, 0, err, false);
	*kinds = arg.kinds;
	return err;
}

/* Have who allocates pages recorded. Return: 0, or -errno with a sentence in s->error. */
int source_owners(struct source *s, const struct dataset *ds)
{
	struct mmscope_owners_arg arg = { .size = sizeof(arg) };
	int err = s->ops->fd ? call(s, MMSCOPE_IOC_OWNERS, &arg) : -EOPNOTSUPP;

	if (!s->ops->fd)
		explain(s, "%s: are recorded from the device", ds->name);
	else if (err == -EBUSY)
		explain(s, "%s: somebody records them already: see 'mmscope owners'", ds->name);
	else if (err)
		explain_errno(s, ds, 0, err, false);
	return err;
}

/* What poll() and read() are for, after source_watch(). */
int source_fd(struct source *s)
{
	return s->ops->fd(s);
}

/* Arm or disarm the OOM recorder. Return: as source_walk(). */
int source_oom(struct source *s, bool arm)
{
	const struct dataset *ds = source_dataset(s, "oom_last");
	struct mmscope_oom_arg arg = { .size = sizeof(arg), .arm = arm };
	int err = call(s, MMSCOPE_IOC_OOM, &arg);

	if (err == -EPERM)
		explain(s, "the OOM recorder: needs CAP_SYS_ADMIN in the initial user namespace");
	else if (err == -EOPNOTSUPP)
		explain(s, "the OOM recorder: not available on this kernel%s%s",
			ds && *ds->detail ? ": " : "", ds ? ds->detail : "");
	else if (err)
		explain(s, "the OOM recorder: %s", strerror(-err));
	return err;
}

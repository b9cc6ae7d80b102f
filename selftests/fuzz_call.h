/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's ioctls: each knows what its argument means, and how it may end.
 * Include after fuzz_place.h.
 */
#ifndef _MMSCOPE_FUZZ_CALL_H
#define _MMSCOPE_FUZZ_CALL_H

#include <sys/syscall.h>

/* a guest has no frames beyond; where memory begins at 1G they are all higher */
#ifdef __aarch64__
#define FUZZ_PFNS	0xa0000
#else
#define FUZZ_PFNS	0x60000
#endif

/* an ioctl as a 32-bit program makes it; `arg` is below 4 GiB */
static inline int fuzz_ioctl32(int fd, unsigned long cmd, void *arg)
{
#ifdef __x86_64__
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(54), "b"(fd), "c"(cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
#else
	return ioctl(fd, cmd, arg);
#endif
}

static inline unsigned long fuzz_cmd(struct fuzz *f, unsigned long cmd)
{
	/* the size in it does not matter, nor does the direction */
	return fuzz_one_in(f, 30) ? (cmd & 0xffff) | fuzz_u64(f) << 16 >> 32 << 16 : cmd;
}

/* what a call is told of the size of its argument */
static inline uint32_t fuzz_told(struct fuzz *f, size_t bytes)
{
	const uint32_t sizes[] = {
		0, 1, 4, bytes - 1, bytes - 4, bytes - 8, bytes + 1, bytes + 8, bytes + 64,
		PAGE, PAGE + 1, ~0U, fuzz_below(f, 2 * PAGE),
	};

	return fuzz_one_in(f, 25) ? sizes[fuzz_below(f, ARRAY_LEN(sizes))] : bytes;
}

/* where the argument is: at a wall, or with room for a tail */
static inline char *fuzz_arg_place(struct fuzz *f, const void *arg, size_t bytes, uint32_t told)
{
	const bool wall = fuzz_one_in(f, 2);
	char *at = wall ? f->low + FUZZ_LOW_ROOM - bytes : f->low + fuzz_below(f, PAGE);

	memcpy(at, arg, bytes);
	if (wall)
		f->may_fault |= told > bytes;
	else if (told <= bytes)
		memset(at + bytes, FUZZ_FILL, FUZZ_GUARD);
	else
		memset(at + bytes, fuzz_one_in(f, 3), 2 * PAGE);
	return at;
}

static inline bool fuzz_arg_guard_holds(const struct fuzz *f, const char *at, size_t bytes)
{
	if (at + bytes == f->low + FUZZ_LOW_ROOM)
		return true;
	for (size_t i = 0; i < FUZZ_GUARD; i++)
		if ((unsigned char)at[bytes + i] != FUZZ_FILL)
			return false;
	return true;
}

/*
 * One call of the device. `arg` begins with its size, and is as it was returned
 * afterwards. Returns the errno.
 */
static inline int fuzz_ioctl(struct fuzz *f, enum fuzz_op op, unsigned long cmd, void *arg,
			     size_t bytes, const char *what, const int *also)
{
	const bool compat = fuzz_one_in(f, 10);
	uint32_t told = fuzz_told(f, bytes);
	char *at;
	int err;

	if (f->wild)
		fuzz_spoil(f, arg, bytes);
	if (!f->wild || !fuzz_one_in(f, 4))
		memcpy(arg, &told, 4);
	else
		memcpy(&told, arg, 4);
	at = fuzz_arg_place(f, arg, bytes, told);
	cmd = fuzz_cmd(f, cmd);
	if (fuzz_one_in(f, 60)) {
		f->may_fault = true;
		at = NULL;
	}
	errno = 0;
	err = (compat ? fuzz_ioctl32(f->fd, cmd, at) : ioctl(f->fd, cmd, at)) ? errno : 0;
	fuzz_judge(f, op, err, what, also);
	if (!at)
		return err;
	if (told <= bytes && !fuzz_arg_guard_holds(f, at, bytes))
		fuzz_bad(f, "%s %s: wrote behind its argument", fuzz_op_names[op], what);
	memcpy(arg, at, bytes);
	return err;
}

/* --------------------------------------------------------------------- of datasets */

static inline uint32_t fuzz_dataset(struct fuzz *f)
{
	uint32_t id;

	/* most calls are short ones */
	do
		id = fuzz_below(f, f->s->nr_datasets);
	while (f->s->dataset[id].slow && !fuzz_one_in(f, 400));
	return id;
}

static inline pid_t fuzz_pid(struct fuzz *f)
{
	switch (fuzz_below(f, 20)) {
	case 0:
		return fuzz_edge(f);
	case 1:
		return fuzz_below(f, 200);
	case 2 ... 6:
		return MMSCOPE_PID_SELF;
	default:
		return __atomic_load_n(&f->s->target[fuzz_below(f, FUZZ_TARGETS)],
				       __ATOMIC_RELAXED);
	}
}

static inline uint64_t fuzz_address(struct fuzz *f)
{
	switch (fuzz_below(f, 6)) {
	case 0:
		return fuzz_edge(f);
	case 1:
		return 0x400000 + fuzz_below(f, 1 << 21);
	case 2:
		return 0x7ff000000000ULL + (fuzz_u64(f) & 0xfffffffff);
	case 3:
		return (uintptr_t)f->churned + fuzz_below(f, 1 << 16);
	case 4:
		return 0xffff800000000000ULL + (fuzz_u64(f) & 0x7fffffffffff);
	default:
		return (uintptr_t)f->arena + fuzz_below(f, 1 << 19);
	}
}

static inline void fuzz_range(struct fuzz *f, const struct fuzz_dataset *ds, __u64 *start,
			      __u64 *end)
{
	const uint32_t flags = ds->desc.flags;

	*start = 0;
	*end = ~0ULL;
	if (fuzz_one_in(f, 40)) {
		*start = fuzz_edge(f);
		*end = fuzz_edge(f);
	} else if (flags & MMSCOPE_DATASET_PFN && !fuzz_one_in(f, 50)) {
		*start = fuzz_below(f, FUZZ_PFNS);
		*end = *start + fuzz_below(f, fuzz_one_in(f, 8) ? 4096 : 64);
	} else if (flags & MMSCOPE_DATASET_ADDR && !fuzz_one_in(f, 8)) {
		*start = fuzz_address(f) & ~(uint64_t)(fuzz_one_in(f, 2) ? 4095 : 0);
		*end = *start + (fuzz_u64(f) & ((1ULL << (12 + fuzz_below(f, 16))) - 1));
	}
}

static inline void fuzz_filters(struct fuzz *f, const struct fuzz_dataset *ds,
				struct mmscope_walk_arg *arg)
{
	static const char *const names[] = { "dentry", "kmalloc-64", "?", "sh", "", "\xff\xfe" };
	const uint32_t flags = ds->desc.flags;

	if (fuzz_one_in(f, flags & MMSCOPE_DATASET_NODE ? 4 : 40))
		arg->node = fuzz_one_in(f, 4) ? fuzz_edge(f) : 0;
	if (fuzz_one_in(f, flags & MMSCOPE_DATASET_ZONE ? 4 : 40))
		arg->zone = fuzz_one_in(f, 4) ? fuzz_edge(f) : fuzz_below(f, 4);
	if (fuzz_one_in(f, 8))
		arg->class_mask = fuzz_edge(f);
	if (flags & MMSCOPE_DATASET_FRAMES && !fuzz_one_in(f, 50))
		arg->flags = MMSCOPE_WALK_BARE;
	else if (fuzz_one_in(f, 20))
		arg->flags = fuzz_one_in(f, 2) ? MMSCOPE_WALK_EXACT : fuzz_edge(f);
	if (!fuzz_one_in(f, flags & (MMSCOPE_DATASET_FRAMES | MMSCOPE_DATASET_MEMCG) ? 6 : 60))
		return;
	arg->flags_all = fuzz_one_in(f, 3) ? fuzz_edge(f) : 0;
	arg->flags_any = fuzz_one_in(f, 3) ? fuzz_edge(f) : 0;
	arg->flags_none = fuzz_one_in(f, 3) ? fuzz_edge(f) : 0;
	arg->memcg = fuzz_one_in(f, 3) ? fuzz_edge(f) : fuzz_below(f, 3);
	arg->owner = fuzz_one_in(f, 3) ? fuzz_edge(f) : 0;
	if (fuzz_one_in(f, 3))
		snprintf(arg->name, sizeof(arg->name), "%s",
			 names[fuzz_below(f, ARRAY_LEN(names))]);
	else if (fuzz_one_in(f, 10))
		memset(arg->name, 'x', sizeof(arg->name));
}

static inline uint64_t fuzz_cursor(struct fuzz *f)
{
	return fuzz_one_in(f, 3) ? fuzz_edge(f) :
	       fuzz_one_in(f, 2) ? fuzz_address(f) : fuzz_below(f, 64);
}

static inline void fuzz_judge_walk(struct fuzz *f, const struct fuzz_dataset *ds,
				   const struct mmscope_walk_arg *arg, uint64_t room)
{
	const char *name = ds->desc.name;

	if (f->wild || f->role == FUZZ_CLOSER)
		return;
	if (arg->rec_size != ds->desc.rec_size)
		fuzz_bad(f, "%s: records of %u bytes", name, arg->rec_size);
	if ((uint64_t)arg->nr * arg->rec_size > room)
		fuzz_bad(f, "%s: %u records in %lu bytes", name, arg->nr, room);
	if (arg->status & ~MMSCOPE_WALK_DONE)
		fuzz_bad(f, "%s: status %x", name, arg->status);
	if (f->role != FUZZ_NOBODY)
		return;
	/* it was given the open file, not the right to see root's memory */
	if (ds->desc.flags & MMSCOPE_DATASET_PROCESS && arg->pid &&
	    arg->pid == (uint32_t)f->s->target[0])
		fuzz_bad(f, "%s: shows root's process to nobody", name);
}

static inline void fuzz_walk(struct fuzz *f)
{
	const uint32_t id = fuzz_one_in(f, 100) ? fuzz_edge(f) : fuzz_dataset(f);
	struct fuzz_dataset *ds = &f->s->dataset[id < f->s->nr_datasets ? id : 0];
	struct mmscope_walk_arg arg = walk_arg(id);
	const size_t most = FUZZ_MOST / ds->desc.rec_size - 1;
	const size_t nr = 1 + fuzz_below(f, fuzz_one_in(f, 30) ? most : 6);
	struct fuzz_place p = fuzz_place(f, nr * ds->desc.rec_size + fuzz_below(f, 9));

	if (ds->desc.flags & MMSCOPE_DATASET_PROCESS || fuzz_one_in(f, 60))
		arg.pid = fuzz_pid(f);
	fuzz_range(f, ds, &arg.start, &arg.end);
	fuzz_filters(f, ds, &arg);
	if (fuzz_one_in(f, 4)) {
		arg.cursor.pos = fuzz_cursor(f);
		arg.cursor.hint = fuzz_cursor(f);
	}
	for (uint32_t i = 1 + fuzz_below(f, 3); i; i--) {
		uint64_t began;

		arg.buf = (uintptr_t)p.at;
		arg.buf_bytes = fuzz_one_in(f, 50) ? fuzz_below(f, p.bytes + 1) : p.bytes;
		began = fuzz_now();
		if (fuzz_ioctl(f, FUZZ_WALK, MMSCOPE_IOC_WALK, &arg, sizeof(arg), ds->desc.name,
			       FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP, ESRCH, EPERM, EACCES, ENOENT,
					 ENOMEM)))
			break;
		__atomic_add_fetch(&ds->ns, fuzz_now() - began, __ATOMIC_RELAXED);
		__atomic_add_fetch(&ds->calls, 1, __ATOMIC_RELAXED);
		if (!fuzz_guard_holds(&p))
			fuzz_bad(f, "%s: wrote behind the buffer", ds->desc.name);
		fuzz_judge_walk(f, ds, &arg, p.bytes);
		if (arg.status & MMSCOPE_WALK_DONE)
			break;
	}
}

static inline void fuzz_describe(struct fuzz *f)
{
	const uint32_t id = fuzz_below(f, f->s->nr_datasets + 2);
	const uint32_t fields = fuzz_below(f, 8), values = fuzz_below(f, 8);
	struct fuzz_place p = fuzz_place(f, fields * sizeof(struct mmscope_field));
	struct fuzz_place q = fuzz_place(f, values * sizeof(struct mmscope_value));
	struct mmscope_describe arg = describe_arg(id);

	/* the one may have been put where the other has its guard */
	if (p.guard || q.guard)
		q = (struct fuzz_place){ 0 };
	arg.fields = (uintptr_t)p.at;
	arg.values = (uintptr_t)q.at;
	arg.nr_fields = fields;
	arg.nr_values = q.bytes ? values : 0;
	arg.__reserved = fuzz_one_in(f, 50);
	fuzz_ioctl(f, FUZZ_DESCRIBE, MMSCOPE_IOC_DESCRIBE, &arg, sizeof(arg), "",
		   FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP));
	if (!fuzz_guard_holds(&p) || !fuzz_guard_holds(&q))
		fuzz_bad(f, "DESCRIBE %u: wrote behind the buffer", id);
}

static inline void fuzz_info(struct fuzz *f)
{
	struct mmscope_info arg = { .size = sizeof(arg) };

	fuzz_ioctl(f, FUZZ_INFO, MMSCOPE_IOC_INFO, &arg, sizeof(arg), "",
		   FUZZ_ALSO(EINVAL, E2BIG));
}

#endif /* _MMSCOPE_FUZZ_CALL_H */

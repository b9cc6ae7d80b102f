/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's calls of open files: the device's read(), poll() and what it has not,
 * events, and the text files. Include after fuzz_point.h.
 */
#ifndef _MMSCOPE_FUZZ_FILE_H
#define _MMSCOPE_FUZZ_FILE_H

#include <poll.h>

static inline bool fuzz_is_root(const struct fuzz *f)
{
	return f->role != FUZZ_NOBODY && f->role != FUZZ_INSIDE;
}

/* the device as a file that is no stream, and what it does not have */
static inline void fuzz_as_file(struct fuzz *f)
{
	struct fuzz_place p = fuzz_place(f, 1 + fuzz_below(f, 1000));
	struct pollfd poll_fd = { .fd = f->fd, .events = fuzz_below(f, 1 << 10) };
	void *map;
	int err;

	switch (fuzz_below(f, 5)) {
	case 0:
		err = read(f->fd, p.at, p.bytes) < 0 ? errno : 0;
		fuzz_judge(f, FUZZ_READ, err, "", FUZZ_ALSO(EINVAL, EFAULT));
		break;
	case 1:
		err = poll(&poll_fd, 1, 0) < 0 ? errno : 0;
		fuzz_judge(f, FUZZ_POLL, err, "", FUZZ_ALSO(EINTR));
		break;
	case 2:
		err = lseek(f->fd, fuzz_edge(f), fuzz_below(f, 6)) < 0 ? errno : 0;
		fuzz_judge(f, FUZZ_SEEK, err, "", FUZZ_ALSO(EINVAL, ESPIPE, EOVERFLOW, ENXIO));
		break;
	case 3:
		map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, f->fd, 0);
		fuzz_judge(f, FUZZ_MMAP, map == MAP_FAILED ? errno : 0, "",
			   FUZZ_ALSO(ENODEV, EACCES));
		if (map != MAP_FAILED)
			munmap(map, PAGE);
		break;
	default:
		err = write(f->fd, p.at, p.bytes) < 0 ? errno : 0;
		fuzz_judge(f, FUZZ_WRITE, err, "", FUZZ_ALSO(EBADF, EINVAL));
		break;
	}
}

/* a file of this call alone; -1: it could not be opened */
static inline int fuzz_open(struct fuzz *f, int flags)
{
	const int fd = open(DEVICE, O_RDONLY | O_CLOEXEC | flags);

	fuzz_judge(f, FUZZ_OPEN, fd < 0 ? errno : 0, "",
		   f->s->reload ? FUZZ_ALSO(ENOENT, ENODEV, ENXIO, EINTR, ENOMEM) :
		   fuzz_is_root(f) ? FUZZ_ALSO(EINTR, ENOMEM) : FUZZ_ALSO(EPERM, EACCES));
	if (fd >= 0 && !fuzz_is_root(f))
		fuzz_bad(f, "open: by one who may not");
	return fd;
}

static inline void fuzz_read_events(struct fuzz *f)
{
	for (uint32_t i = fuzz_below(f, 5); i; i--) {
		const size_t bytes = fuzz_below(f, 8) * sizeof(struct mmscope_event);
		struct fuzz_place p = fuzz_place(f, bytes + fuzz_below(f, 9));
		struct pollfd poll_fd = { .fd = f->fd, .events = POLLIN };
		ssize_t got = read(f->fd, p.at, p.bytes);

		fuzz_judge(f, FUZZ_READ, got < 0 ? errno : 0, "events",
			   FUZZ_ALSO(EINVAL, EAGAIN, EINTR));
		if (got > 0 && ((size_t)got > p.bytes || got % sizeof(struct mmscope_event)))
			fuzz_bad(f, "read: %zd bytes of %zu", got, p.bytes);
		if (!fuzz_guard_holds(&p))
			fuzz_bad(f, "read: wrote behind the buffer");
		poll(&poll_fd, 1, 0);
	}
}

/* watches are few: to begin and to end one waits for all CPUs */
static inline void fuzz_watch(struct fuzz *f)
{
	const bool waits = f->role == FUZZ_CLOSER && fuzz_one_in(f, 3);
	struct mmscope_watch_arg arg = {
		.flags = fuzz_one_in(f, 50),
		.kinds = fuzz_one_in(f, 2) ? ~0ULL : fuzz_edge(f),
		.records = fuzz_one_in(f, 10) ? fuzz_edge(f) : fuzz_below(f, 300),
	};
	const int kept = f->fd;

	f->fd = fuzz_open(f, waits ? 0 : O_NONBLOCK);
	if (f->fd >= 0) {
		for (uint32_t i = 1 + fuzz_one_in(f, 4); i; i--)
			fuzz_ioctl(f, FUZZ_WATCH, MMSCOPE_IOC_WATCH, &arg, sizeof(arg), "",
				   FUZZ_ALSO(EINVAL, E2BIG, EBUSY, EOPNOTSUPP, ENOMEM));
		fuzz_read_events(f);
		close(f->fd);
	}
	f->fd = kept;
}

static inline void fuzz_owners(struct fuzz *f)
{
	struct mmscope_owners_arg arg = {
		.flags = fuzz_one_in(f, 50),
		.blocks = fuzz_one_in(f, 20) ? MMSCOPE_OWNER_BLOCKS_MAX + 1 : fuzz_below(f, 5000),
		.stacks = fuzz_one_in(f, 20) ? MMSCOPE_OWNER_STACKS_MAX + 1 : fuzz_below(f, 300),
	};
	const int kept = f->fd;

	/* so much memory is not for words that are random */
	f->wild = false;
	f->fd = fuzz_open(f, 0);
	if (f->fd >= 0) {
		fuzz_ioctl(f, FUZZ_OWNERS, MMSCOPE_IOC_OWNERS, &arg, sizeof(arg), "",
			   FUZZ_ALSO(EINVAL, E2BIG, EBUSY, EOPNOTSUPP, ENOMEM));
		fuzz_walk(f);
		close(f->fd);
	}
	f->fd = kept;
}

/* ---------------------------------------------------------------------- text files */

/* a name, of a process at times */
static inline void fuzz_file_name(struct fuzz *f, char *path, size_t size)
{
	static const char *const of_process[] = {
		"vmas", "pagetables", "mappings", "ptes", "residency", "faults", "numa",
	};
	uint32_t i;

	if (fuzz_one_in(f, 6)) {
		snprintf(path, size, DEBUGFS "/process/%d/%s", fuzz_pid(f),
			 of_process[fuzz_below(f, ARRAY_LEN(of_process))]);
		return;
	}
	do
		i = fuzz_below(f, f->s->nr_files);
	while (f->s->file_slow[i] && !fuzz_one_in(f, 400));
	snprintf(path, size, DEBUGFS "/%s", f->s->file[i]);
}

static inline void fuzz_file_call(struct fuzz *f, int fd, const char *path)
{
	/* what a walk may say comes out of read() too; EIO: its process was detached */
	const int *also = FUZZ_ALSO(EINVAL, ESRCH, EACCES, EPERM, EIO, EINTR, EOVERFLOW, ENOMEM,
				    EFAULT);
	struct fuzz_place p = fuzz_place(f, fuzz_below(f, fuzz_one_in(f, 20) ? 30000 : 300));
	const off_t at = fuzz_one_in(f, 20) ? (off_t)fuzz_edge(f) : fuzz_below(f, 3000);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	ssize_t got = 0;

	switch (fuzz_below(f, 8)) {
	case 0:
		got = lseek(fd, at, fuzz_below(f, 4));
		fuzz_judge(f, FUZZ_FILE_SEEK, got < 0 ? errno : 0, path, also);
		return;
	case 1 ... 2:
		/* who seeks far in a long text has it all made */
		got = pread(fd, p.at, p.bytes, at > 1 << 20 ? 1 << 16 : at);
		fuzz_judge(f, FUZZ_FILE_PREAD, got < 0 ? errno : 0, path, also);
		break;
	case 3:
		fuzz_judge(f, FUZZ_FILE_OTHER, poll(&poll_fd, 1, 0) < 0 ? errno : 0, path,
			   FUZZ_ALSO(EINTR));
		fuzz_judge(f, FUZZ_FILE_OTHER, ioctl(fd, MMSCOPE_IOC_INFO, p.at) ? errno : 0,
			   path, FUZZ_ALSO(ENOTTY, EIO));
		fuzz_judge(f, FUZZ_FILE_OTHER, write(fd, p.at, p.bytes) < 0 ? errno : 0, path,
			   FUZZ_ALSO(EBADF, EINVAL));
		return;
	default:
		got = read(fd, p.at, p.bytes);
		fuzz_judge(f, FUZZ_FILE_READ, got < 0 ? errno : 0, path, also);
		break;
	}
	if (got > (ssize_t)p.bytes)
		fuzz_bad(f, "%s: %zd bytes read of %zu", path, got, p.bytes);
	if (!fuzz_guard_holds(&p))
		fuzz_bad(f, "%s: wrote behind the buffer", path);
}

static inline void fuzz_file(struct fuzz *f)
{
	char path[128];
	int fd;

	fuzz_file_name(f, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	fuzz_judge(f, FUZZ_FILE_OPEN, fd < 0 ? errno : 0, path,
		   fuzz_is_root(f) ? FUZZ_ALSO(ENOENT, EOPNOTSUPP, ESRCH, EACCES, EPERM, EINTR,
					       EIO, ENOMEM, ENODEV, ENXIO) :
		   FUZZ_ALSO(EPERM, EACCES, ENOENT));
	if (fd < 0)
		return;
	if (!fuzz_is_root(f))
		fuzz_bad(f, "%s: opened by one who may not", path);
	for (uint32_t i = fuzz_below(f, 6); i; i--)
		fuzz_file_call(f, fd, path);
	close(fd);
}

/* ----------------------------------------------------------------------- one of them */

static inline void fuzz_call(struct fuzz *f)
{
	const uint32_t dice = fuzz_below(f, 10000);

	/* what waits for all CPUs, or looks at all processes and caches, is rare */
	if (dice < 6 && f->s->no_hooks)
		fuzz_walk(f);
	else if (dice < 2)
		fuzz_watch(f);
	else if (dice < 4)
		fuzz_owners(f);
	else if (dice < 6)
		fuzz_oom(f);
	else if (dice < 25)
		fuzz_attach(f);
	else if (dice < 50)
		fuzz_rmap(f);
	else if (dice < 70)
		fuzz_page(f);
	else if (dice < 600)
		fuzz_file(f);
	else if (dice < 1600)
		fuzz_translate(f);
	else if (dice < 2200)
		fuzz_alloc(f);
	else if (dice < 2700)
		fuzz_describe(f);
	else if (dice < 3000)
		fuzz_unknown(f);
	else if (dice < 3300)
		fuzz_info(f);
	else if (dice < 3700)
		fuzz_as_file(f);
	else
		fuzz_walk(f);
}

#endif /* _MMSCOPE_FUZZ_FILE_H */

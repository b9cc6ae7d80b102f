/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long a process waits to map and unmap memory while others read its address
 * space. Include after common.h.
 */
#ifndef _MMSCOPE_LATENCY_H
#define _MMSCOPE_LATENCY_H

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define LATENCY_OPS	2000
/* where each takes a hundred times as long */
#define LATENCY_OPS_FEW	300

/* shared with the writer */
struct latency_shared {
	uint32_t nr;			/* operations of a round, LATENCY_OPS at most */
	uint32_t wanted, done;		/* rounds */
	uint32_t ready;
	uint32_t ns[LATENCY_OPS];
};

/* the one who maps, touches and unmaps on a CPU of its own */
struct latency {
	pid_t pid;
	struct latency_shared *shared;
};

/* reads all there is to be read of the process, once; 0 or -errno */
typedef int (*latency_sweep)(void *arg, pid_t pid);

static inline uint64_t latency_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline uint32_t latency_op(void)
{
	const uint64_t began = latency_now();
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t took;

	if (p == MAP_FAILED)
		_exit(1);
	__atomic_store_n(p, 1, __ATOMIC_RELAXED);
	munmap(p, 16384);
	took = latency_now() - began;
	return took > UINT32_MAX ? UINT32_MAX : took;
}

static inline void latency_write(struct latency_shared *s, size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_on_cpu(0);
	if (p == MAP_FAILED)
		_exit(1);
	madvise(p, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += PAGE)
		__atomic_store_n(p + i, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&s->ready, 1, __ATOMIC_RELEASE);
	for (;;) {
		if (__atomic_load_n(&s->wanted, __ATOMIC_ACQUIRE) == s->done) {
			usleep(500);
			continue;
		}
		for (size_t i = 0; i < s->nr; i++)
			s->ns[i] = latency_op();
		__atomic_store_n(&s->done, s->done + 1, __ATOMIC_RELEASE);
	}
}

/* a process with so much memory in small pages; 0 or -1 */
static inline int latency_begin(struct latency *l, size_t bytes)
{
	l->shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (l->shared == MAP_FAILED)
		return -1;
	l->shared->nr = kernel_has_kasan() ? LATENCY_OPS_FEW : LATENCY_OPS;
	l->pid = fork();
	if (!l->pid)
		latency_write(l->shared, bytes);
	while (!__atomic_load_n(&l->shared->ready, __ATOMIC_ACQUIRE)) {
		if (waitpid(l->pid, NULL, WNOHANG))
			return -1;
		usleep(1000);
	}
	run_on_cpu(1);
	return 0;
}

static inline void latency_end(struct latency *l)
{
	if (l->pid > 0) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	l->pid = 0;
}

static inline int latency_compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* p99 of the writer in ns while sweep() runs again and again; 0: the sweep failed */
static inline uint64_t latency_p99(struct latency *l, latency_sweep sweep, void *arg)
{
	struct latency_shared *s = l->shared;
	const uint32_t round = s->done + 1;

	__atomic_store_n(&s->wanted, round, __ATOMIC_RELEASE);
	while (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE) != round) {
		if (!sweep)
			usleep(1000);
		else if (sweep(arg, l->pid))
			return 0;
	}
	qsort(s->ns, s->nr, sizeof(*s->ns), latency_compare);
	return s->ns[s->nr * 99 / 100];
}

/* a whole dataset; arg: its id */
struct latency_dataset {
	int fd;
	uint32_t dataset;
	uint64_t max_lock_ns;
};

static inline int latency_walk(void *arg, pid_t pid)
{
	static char room[1 << 18];
	struct latency_dataset *d = arg;
	struct mmscope_walk_arg walk = walk_arg(d->dataset);

	walk.pid = pid;
	walk.buf = (uintptr_t)room;
	walk.buf_bytes = sizeof(room);
	do {
		if (ioctl(d->fd, MMSCOPE_IOC_WALK, &walk))
			return -errno;
		if (walk.max_lock_ns > d->max_lock_ns)
			d->max_lock_ns = walk.max_lock_ns;
	} while (!(walk.status & MMSCOPE_WALK_DONE));
	return 0;
}

/* a file of /proc; arg: its name */
static inline int latency_read(void *arg, pid_t pid)
{
	static char room[1 << 16];
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, (const char *)arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((got = read(fd, room, sizeof(room))) > 0)
		;
	close(fd);
	return got ? -errno : 0;
}

#endif /* _MMSCOPE_LATENCY_H */

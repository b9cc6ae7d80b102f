/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that take memory, until there is no more. Include after common.h and process.h.
 */
#ifndef _MMSCOPE_EATER_H
#define _MMSCOPE_EATER_H

#include <sched.h>
#include <sys/mman.h>

/* memory of one of them, with an oom_score_adj, in the cgroup if there is one */
struct eater {
	const char *dir;
	const char *adj;
	size_t bytes;
};

static inline int eat(void *arg)
{
	const struct eater *e = arg;
	char path[128], number[16];
	char *p;

	snprintf(path, sizeof(path), "%s/cgroup.procs", e->dir);
	snprintf(number, sizeof(number), "%d", getpid());
	if ((e->dir && write_file(path, number)) ||
	    write_file("/proc/self/oom_score_adj", e->adj))
		return 1;
	p = mmap(NULL, e->bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return 2;
	madvise(p, e->bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < e->bytes; i += PAGE)
		__atomic_store_n(p + i, 1, __ATOMIC_RELAXED);
	return 0;
}

/*
 * One that runs when nobody else wants its CPU: a victim there is gone before it asks for
 * memory again. Otherwise the kernel may take the victim for gone when its pages are still
 * in the batch of those to be freed, and kill the next one.
 */
static inline int eat_patiently(void *arg)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(0, SCHED_IDLE, &none) ? 3 : eat(arg);
}

static inline bool stay_on_one_cpu(cpu_set_t *before)
{
	return !sched_getaffinity(0, sizeof(*before), before) && !run_on_cpu(sched_getcpu());
}

/* the status with which it ends */
static inline int run_child(int (*how)(void *arg), struct eater *e, pid_t *pid)
{
	int status;

	*pid = fork();
	if (!*pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(how(e));
	}
	return waitpid(*pid, &status, 0) == *pid ? status : -1;
}

static inline int run_eater(struct eater *e, pid_t *pid)
{
	return run_child(eat, e, pid);
}

#endif /* _MMSCOPE_EATER_H */

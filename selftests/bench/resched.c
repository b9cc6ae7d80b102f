// SPDX-License-Identifier: GPL-2.0
/*
 * How long a reader keeps its CPU: a task of real-time priority on the same CPU wakes
 * up again and again; what it comes too late is the longest way from one point where
 * the kernel reschedules to the next.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "bench.h"

#define EVERY_NS	200000
#define LEAST_NS	20000000ULL	/* each way is repeated for so long */

/* shared with the one who wakes up */
struct waker {
	uint64_t worst_ns;
};

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void wake_up(struct waker *w)
{
	uint64_t next, late;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct timespec until;

		next = clock_ns() + EVERY_NS;
		until = (struct timespec){ next / 1000000000, next % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		late = clock_ns() - next;
		if (late > __atomic_load_n(&w->worst_ns, __ATOMIC_RELAXED))
			__atomic_store_n(&w->worst_ns, late, __ATOMIC_RELAXED);
	}
}

static pid_t start(struct waker *w)
{
	const struct sched_param first = { .sched_priority = 50 };
	cpu_set_t one;
	pid_t pid;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("cannot stay on a CPU");
	pid = fork();
	if (!pid) {
		if (sched_setscheduler(0, SCHED_FIFO, &first))
			_exit(1);
		wake_up(w);
	}
	return pid;
}

static void one_reader(struct bench *b, struct waker *w, const char *tool, bench_fn fn,
		       const void *arg)
{
	uint64_t began = clock_ns();

	__atomic_store_n(&w->worst_ns, 0, __ATOMIC_RELAXED);
	do {
		if (fn(b, arg) == ~0ULL)
			return;
	} while (clock_ns() - began < LEAST_NS);
	bench_figure(tool, 1, __atomic_load_n(&w->worst_ns, __ATOMIC_RELAXED));
}

static void each_dataset(struct bench *b, struct waker *w)
{
	struct mmscope_info info = { .size = sizeof(info) };

	if (ioctl(b->device, MMSCOPE_IOC_INFO, &info))
		die("no INFO");
	for (uint32_t id = 0; id < info.nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);
		struct mmscope_walk_arg arg = walk_arg(id);
		char tool[80];

		if (ioctl(b->device, MMSCOPE_IOC_DESCRIBE, &desc) ||
		    desc.flags & MMSCOPE_DATASET_POINT ||
		    desc.state == MMSCOPE_STATE_UNAVAILABLE)
			continue;
		/* the benchmark itself: some memory of every kind */
		if (desc.flags & MMSCOPE_DATASET_PROCESS)
			arg.pid = getpid();
		snprintf(tool, sizeof(tool), "mmscope %s", desc.name);
		one_reader(b, w, tool, run_walk, &arg);
	}
}

/**
 * bench_resched - the longest time that a reader does not let go of its CPU
 * @b: the benchmark
 */
void bench_resched(struct bench *b)
{
	static const char *const files[][2] = {
		{ "/proc/kpageflags" }, { "/proc/pagetypeinfo" }, { "/proc/slabinfo" },
		{ "/proc/vmallocinfo" }, { "/proc/self/smaps" }, { "/proc/zoneinfo" },
	};
	struct waker *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (w == MAP_FAILED)
		die("no memory");
	pid = start(w);
	bench_task("longest time without a point to reschedule, 1.00 is a tick", 1, "time");
	bench_figure("a tick at 250 Hz", 1, 4000000);
	each_dataset(b, w);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		one_reader(b, w, files[i][0], run_files, files[i]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

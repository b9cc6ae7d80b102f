// SPDX-License-Identifier: GPL-2.0
/*
 * A process's memory: what its page tables hold, by mmscope, by /proc/PID/pagemap,
 * by PAGEMAP_SCAN (Linux 6.7) and by the files of /proc that sum it up.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define UNAVAILABLE	(~0ULL)
#define HUGE		(2UL << 20)
#define MANY		100000	/* addresses */
#define BATCH		1000

/* <linux/fs.h>, younger than the headers this is built with */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

struct scan_region {
	uint64_t start, end, categories;
};

#define SCAN		_IOWR('f', 16, struct scan_arg)
#define SCAN_FILE	(1 << 2)
#define SCAN_PRESENT	(1 << 3)
#define SCAN_SWAPPED	(1 << 4)
#define SCAN_HUGE	(1 << 6)

/* a child and its memory */
struct target {
	pid_t pid;
	uint64_t start;
	uint64_t pages;
	uint64_t *addrs;
};

static uint64_t state = 88172645463325252ULL;

static uint64_t any(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % below;
}

enum how { IN_ORDER, IN_NO_ORDER, HUGE_PAGES };

static void take(char *mem, size_t pages, enum how how)
{
	uint32_t *order;
	size_t i;

	madvise(mem, pages * PAGE, how == HUGE_PAGES ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (how != IN_NO_ORDER) {
		for (i = 0; i < pages; i++)
			mem[i * PAGE] = 1;
		return;
	}
	order = malloc(pages * sizeof(*order));
	for (i = 0; i < pages; i++)
		order[i] = i;
	for (i = pages - 1; i; i--) {
		size_t j = any(i + 1);
		uint32_t other = order[j];

		order[j] = order[i];
		order[i] = other;
	}
	for (i = 0; i < pages; i++)
		mem[(size_t)order[i] * PAGE] = 1;
	free(order);
}

static void target_start(struct target *t, size_t pages, enum how how)
{
	char *mem = mmap(NULL, pages * PAGE + HUGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int status;
	size_t i;

	if (mem == MAP_FAILED)
		die("no memory for the process");
	t->start = ((uintptr_t)mem + HUGE - 1) & ~(HUGE - 1);
	t->pages = pages;
	t->addrs = malloc(MANY * sizeof(*t->addrs));
	for (i = 0; i < MANY; i++)
		t->addrs[i] = t->start + any(pages) * PAGE;
	t->pid = fork();
	if (!t->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		take((char *)t->start, pages, how);
		for (;;)
			raise(SIGSTOP);
	}
	if (waitpid(t->pid, &status, WUNTRACED) != t->pid || !WIFSTOPPED(status))
		die("the process that should take memory is gone");
	munmap(mem, pages * PAGE + HUGE);
}

static void target_stop(struct target *t)
{
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	free(t->addrs);
}

static int open_pagemap(const struct target *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", t->pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static uint64_t run_pagemap(struct bench *b, const void *arg)
{
	const struct target *t = arg;
	int fd = open_pagemap(t);
	uint64_t done = 0;
	ssize_t got;

	while (done < t->pages) {
		size_t want = (t->pages - done) * 8 < BIG ? (t->pages - done) * 8 : BIG;

		got = pread(fd, b->big, want, (t->start / PAGE + done) * 8);
		if (got <= 0)
			break;
		done += got / 8;
	}
	close(fd);
	return done == t->pages ? done : UNAVAILABLE;
}

static uint64_t run_scan(struct bench *b, const void *arg)
{
	const struct target *t = arg;
	struct scan_arg scan = {
		.size = sizeof(scan),
		.start = t->start,
		.end = t->start + t->pages * PAGE,
		.vec = (uintptr_t)b->big,
		.vec_len = BIG / sizeof(struct scan_region),
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_PRESENT | SCAN_SWAPPED | SCAN_HUGE | SCAN_FILE,
	};
	int fd = open_pagemap(t);
	int got = 0;

	while (scan.start < scan.end && got >= 0) {
		got = ioctl(fd, SCAN, &scan);
		scan.start = scan.walk_end;
	}
	close(fd);
	return got < 0 ? UNAVAILABLE : t->pages;
}

static uint64_t run_translate(struct bench *b, const void *arg)
{
	const struct target *t = arg;
	size_t i;

	for (i = 0; i < MANY; i += BATCH) {
		struct mmscope_translate_arg call = {
			.size = sizeof(call),
			.pid = t->pid,
			.nr = BATCH,
			.addrs = (uintptr_t)(t->addrs + i),
			.buf = (uintptr_t)b->big,
		};

		if (ioctl(b->device, MMSCOPE_IOC_TRANSLATE, &call))
			return UNAVAILABLE;
	}
	return MANY;
}

static uint64_t run_preads(struct bench *b, const void *arg)
{
	const struct target *t = arg;
	uint64_t *to = (uint64_t *)b->big;
	int fd = open_pagemap(t);
	size_t i;

	for (i = 0; i < MANY; i++)
		if (pread(fd, to + i % BATCH, 8, t->addrs[i] / PAGE * 8) != 8)
			break;
	close(fd);
	return i == MANY ? i : UNAVAILABLE;
}

static void run_proc_file(struct bench *b, const struct target *t, const char *file)
{
	const char *paths[2] = { NULL };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", t->pid, file);
	paths[0] = path;
	bench_run(b, file, run_files, paths);
}

static struct mmscope_walk_arg walk_of(const struct target *t, uint32_t dataset)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);

	arg.pid = t->pid;
	arg.start = t->start;
	arg.end = t->start + t->pages * PAGE;
	return arg;
}

/* one process: the summary, its runs, some addresses */
static void one_process(struct bench *b, const struct target *t, const char *memory)
{
	struct mmscope_walk_arg sum = walk_of(t, MMSCOPE_DS_CONTIGUITY);
	struct mmscope_walk_arg maps = walk_of(t, MMSCOPE_DS_MAPPINGS);
	char task[96];

	sum.class_mask = 1 << MMSCOPE_CONTIGUITY_TOTAL;
	snprintf(task, sizeof(task), "a process summed up, %s", memory);
	bench_task(task, t->pages, "page");
	bench_run(b, "mmscope contiguity", run_walk, &sum);
	bench_run(b, "pagemap, only read", run_pagemap, t);
	bench_run(b, "PAGEMAP_SCAN", run_scan, t);
	run_proc_file(b, t, "smaps");
	run_proc_file(b, t, "smaps_rollup");
	run_proc_file(b, t, "numa_maps");

	snprintf(task, sizeof(task), "what it maps, %s", memory);
	bench_task(task, t->pages, "page");
	bench_run(b, "mmscope mappings", run_walk, &maps);
	bench_run(b, "pagemap, only read", run_pagemap, t);
	bench_run(b, "PAGEMAP_SCAN", run_scan, t);

	snprintf(task, sizeof(task), "addresses to frames, %s", memory);
	bench_task(task, MANY, "address");
	bench_run(b, "mmscope vtop, 1000 a call", run_translate, t);
	bench_run(b, "pread of pagemap, 1 a call", run_preads, t);
	bench_quote("drgn follow_page", "75000");
	bench_quote("crash vtop", "7000000");
}

/**
 * bench_processes - the tasks about one process
 * @b: the benchmark
 */
void bench_processes(struct bench *b)
{
	static const struct {
		const char *memory;
		enum how how;
	} ways[] = {
		{ "1 GiB of 4K in order", IN_ORDER },
		{ "1 GiB of 4K, frames scattered", IN_NO_ORDER },
		{ "1 GiB of huge pages", HUGE_PAGES },
	};
	struct target t;
	size_t i;

	for (i = 0; i < ARRAY_LEN(ways); i++) {
		target_start(&t, (1UL << 30) / PAGE, ways[i].how);
		one_process(b, &t, ways[i].memory);
		target_stop(&t);
	}
}

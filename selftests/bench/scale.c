// SPDX-License-Identifier: GPL-2.0
/*
 * Much of everything: free blocks, partial slabs, processes, VMAs, inodes. Each dataset
 * is walked and each command run there, and the longest hold of a lock of every call is
 * told as a distribution: what is there more of must make more holds, not longer ones.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "bench.h"

#define PLACE		"/scale"
#define FREE_BLOCKS	500000
#define OBJECTS		1000000
#define PROCESSES	2000
#define VMAS		100000
#define INODES		1000000
/* a call's room for records: of large datasets there are many calls */
#define ROOM		(64 << 10)
#define NR_BUCKETS	40
#define MAX_CALLS	4000000

/* what there is in a guest at one time */
struct scene {
	pid_t herd;		/* parent of the many processes */
	pid_t mapper;		/* has many VMAs, and pages in each other one */
	uint32_t blocks;	/* fixture's ids */
	uint32_t objects;
};

/* longest holds of the calls of one walk, by power of two */
struct holds {
	uint64_t calls, records, ns, max_ns;
	uint64_t bucket[NR_BUCKETS];
};

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/* ------------------------------------------------------------------------ the scene */

/* a child that says when it is ready, then waits to be killed with all that it made */
static pid_t actor(void (*prepare)(unsigned int nr), unsigned int nr)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prepare(nr);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		die("a process could not be made");
	close(ready[0]);
	return pid;
}

static void fork_many(unsigned int nr)
{
	while (nr--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (!pid)
			for (;;)
				pause();
	}
}

/* neighbours differ in their rights, so that none can be merged */
static void map_many(unsigned int nr)
{
	char *mem = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (unsigned int i = 0; i < nr; i += 2) {
		mem[i * PAGE] = 1;
		if (mprotect(mem + i * PAGE, PAGE, PROT_READ))
			die("mprotect: %s", strerror(errno));
	}
}

/* every other block of one page is given back: none has a free buddy */
static void plant_blocks(struct bench *b, struct scene *s, unsigned int nr)
{
	int got = fixture_hold(b->fixture, 2 * nr, 0, "GFP_KERNEL", FIXTURE_ANY_NODE, &s->blocks);

	if (got < (int)(2 * nr) || fixture_free_some(b->fixture, s->blocks, 1, 0))
		die("no %u blocks to be had, but %d: --mem 8G?", 2 * nr, got);
}

static void plant_objects(struct bench *b, struct scene *s, unsigned int nr)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_SLAB, 2 * nr, 64, NULL, 0);

	arg.free_every = 2;
	if (fixture_plant(b->fixture, &arg))
		die("no %u objects to be had", 2 * nr);
	s->objects = arg.id;
}

static void make_inodes(unsigned int nr)
{
	char path[64];

	mkdir(PLACE, 0755);
	if (mount("ramfs", PLACE, "ramfs", 0, NULL))
		die("cannot mount ramfs: %s", strerror(errno));
	for (unsigned int i = 0; i < nr; i++) {
		int fd;

		if (i % 1000 == 0) {
			snprintf(path, sizeof(path), PLACE "/%u", i / 1000);
			mkdir(path, 0755);
		}
		snprintf(path, sizeof(path), PLACE "/%u/%u", i / 1000, i % 1000);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, "x", 1) != 1)
			die("%s: %s", path, strerror(errno));
		close(fd);
	}
}

static void clear(struct bench *b, struct scene *s)
{
	kill(-s->herd, SIGKILL);
	kill(-s->mapper, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	fixture_free(b->fixture, s->blocks);
	fixture_free(b->fixture, s->objects);
}

/* ------------------------------------------------------------------------- the walks */

static int walk_once(struct bench *b, struct mmscope_walk_arg *walk, struct holds *h)
{
	uint64_t began = clock_ns();
	unsigned int order = 0;

	if (ioctl(b->device, MMSCOPE_IOC_WALK, walk))
		return -errno;
	h->ns += clock_ns() - began;
	h->calls++;
	h->records += walk->nr;
	if (walk->max_lock_ns > h->max_ns)
		h->max_ns = walk->max_lock_ns;
	while (order < NR_BUCKETS - 1 && walk->max_lock_ns >> order > 1)
		order++;
	h->bucket[order]++;
	return 0;
}

/* the power of two that so many permille of the calls are below */
static uint64_t below(const struct holds *h, unsigned int permille)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < NR_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen * 1000 >= h->calls * permille)
			return 2ULL << i;
	}
	return ~0ULL;
}

static void walk_dataset(struct bench *b, const struct scene *s, uint32_t id)
{
	struct mmscope_describe desc = describe_arg(id);
	struct mmscope_walk_arg walk = walk_arg(id);
	struct holds h = { 0 };
	int err;

	if (ioctl(b->device, MMSCOPE_IOC_DESCRIBE, &desc) || desc.flags & MMSCOPE_DATASET_POINT ||
	    desc.state == MMSCOPE_STATE_UNAVAILABLE)
		return;
	if (desc.flags & MMSCOPE_DATASET_PROCESS)
		walk.pid = s->mapper;
	walk.buf = (uintptr_t)b->big;
	walk.buf_bytes = ROOM;
	do {
		err = walk_once(b, &walk, &h);
	} while (!err && !(walk.status & MMSCOPE_WALK_DONE) && h.calls < MAX_CALLS);
	printf("  %-20s %9lu %8lu %9.1f %9lu %9lu %9lu%s%s\n", desc.name, h.records, h.calls,
	       h.ns / 1e6, below(&h, 500), below(&h, 990), h.max_ns, err ? "  " : "",
	       err ? strerror(-err) : "");
	fflush(stdout);
}

static void walk_all_datasets(struct bench *b, const struct scene *s)
{
	struct mmscope_info info = { .size = sizeof(info) };

	if (ioctl(b->device, MMSCOPE_IOC_INFO, &info))
		die("no INFO");
	printf("  %-20s %9s %8s %9s %9s %9s %9s\n", "dataset", "records", "calls", "ms",
	       "p50 <ns", "p99 <ns", "max ns");
	for (uint32_t id = 0; id < info.nr_datasets; id++)
		walk_dataset(b, s, id);
}

/* ---------------------------------------------------------------------- the commands */

static void command(struct bench *b, const char *line, const char *pid)
{
	const char *argv[16] = { "mmscope" };
	uint64_t began = clock_ns();
	char *words = strdup(line), *rest = NULL, *word;
	int n = 1;

	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[n++] = strcmp(word, "PID") ? word : pid;
	if (run_program(b, argv) == ~0ULL)
		printf("  %-36s FAILED\n", line);
	else
		printf("  %-36s %9.1f ms\n", line, (clock_ns() - began) / 1e6);
	fflush(stdout);
	free(words);
}

static void all_commands(struct bench *b, const struct scene *s)
{
	static const char *const lines[] = {
		"", "where", "where unattributed --limit 20", "blockers", "blockers census",
		"hugepages", "map", "alloc --order 9 --gfp GFP_HIGHUSER", "proc",
		"layout PID", "explain PID stack", "contig PID", "contig --all", "ptcost PID",
		"ptcost --all", "kmap", "kmap splits", "pressure", "swap", "commit", "cached",
		"cached --by fs", "cached --by process", "cgroups", "oom", "slabs --limit 20",
		"slab_caches", "free_blocks --limit 20",
	};
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", s->mapper);
	printf("  command\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		command(b, lines[i], pid);
}

/**
 * bench_scale - does it hold up where there is much of everything?
 * @b: the benchmark
 * @divisor: of all the numbers, for a smaller guest
 */
void bench_scale(struct bench *b, unsigned int divisor)
{
	struct scene s = { 0 };

	put("/proc/sys/vm/max_map_count", "400000");
	put("/proc/sys/kernel/pid_max", "100000");
	s.herd = actor(fork_many, PROCESSES / divisor);
	s.mapper = actor(map_many, VMAS / divisor);
	plant_objects(b, &s, OBJECTS / divisor);
	plant_blocks(b, &s, FREE_BLOCKS / divisor);
	printf("\n%u free blocks, %u objects in partial slabs, %u processes, one with %u VMAs\n",
	       FREE_BLOCKS / divisor, OBJECTS / divisor, PROCESSES / divisor, VMAS / divisor);
	walk_all_datasets(b, &s);
	all_commands(b, &s);
	clear(b, &s);

	s.herd = actor(fork_many, 1);
	s.mapper = actor(map_many, 2);
	make_inodes(INODES / divisor);
	printf("\n%u inodes with a cached page\n", INODES / divisor);
	walk_all_datasets(b, &s);
	all_commands(b, &s);
	clear(b, &s);
	umount(PLACE);
}

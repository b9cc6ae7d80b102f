// SPDX-License-Identifier: GPL-2.0
/*
 * Every process dataset, whatever there is of them, while its process forks, runs
 * other programs, maps and unmaps in threads, is killed for want of memory, or
 * exits: answers or ESRCH and nothing else, and nobody is kept from going.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "common.h"
#include "process.h"
#include "zoo.h"

#define MAX_DATASETS	32
#define READERS		2
#define BIG		(96UL << 20)

static const struct mmscope_pfn_range some_frames = { 0x1000, 0x20000 };

/* what readers and the test share */
struct arena {
	pid_t victim;
	int stop;
	uint64_t walks, gone, bad;
	struct {
		char name[32];
		uint64_t walks, max_lock_ns;
	} of[MAX_DATASETS + 2];
};

#define TRANSLATE	MAX_DATASETS
#define RMAP		(MAX_DATASETS + 1)

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool stopped(const struct arena *a)
{
	return __atomic_load_n(&a->stop, __ATOMIC_RELAXED);
}

FIXTURE(race)
{
	int fd;
	struct arena *a;
	uint32_t dataset[MAX_DATASETS];
	size_t nr;
	pid_t reader[READERS];
};

/* ---------------------------------------------------------------------- readers */

static void tell(struct arena *a, size_t what, uint64_t max_lock_ns, int err)
{
	uint64_t seen = __atomic_load_n(&a->of[what].max_lock_ns, __ATOMIC_RELAXED);

	__atomic_add_fetch(&a->walks, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&a->of[what].walks, 1, __ATOMIC_RELAXED);
	if (max_lock_ns > seen)
		__atomic_store_n(&a->of[what].max_lock_ns, max_lock_ns, __ATOMIC_RELAXED);
	if (err == -ESRCH) {
		__atomic_add_fetch(&a->gone, 1, __ATOMIC_RELAXED);
	} else if (err) {
		fprintf(stderr, "# %s: %s\n", a->of[what].name, strerror(-err));
		__atomic_add_fetch(&a->bad, 1, __ATOMIC_RELAXED);
	}
}

static uint64_t random_u64(unsigned int *seed)
{
	uint64_t bits = (uint64_t)rand_r(seed) << 34 ^ (uint64_t)rand_r(seed) << 12 ^ rand_r(seed);

	/* anything, ends of things, and where programs are */
	switch (rand_r(seed) % 4) {
	case 0:
		return bits;
	case 1:
		return ~0ULL - bits % 3 * PAGE;
	case 2:
		return bits & ((1ULL << 47) - 1);
	default:
		return 0x7ff000000000ULL + (bits & 0xfffffff);
	}
}

/* one call, from any place to any other, with room for a few records */
static int walk_hostile(int fd, uint32_t dataset, pid_t pid, unsigned int *seed,
			uint64_t *max_lock_ns)
{
	static char room[1 << 16];
	struct mmscope_describe desc = describe_arg(dataset);
	struct mmscope_walk_arg arg = walk_arg(dataset);

	if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &desc))
		return -errno;
	arg.pid = pid;
	arg.cursor.pos = random_u64(seed);
	arg.cursor.hint = random_u64(seed);
	if (desc.flags & MMSCOPE_DATASET_ADDR) {
		arg.start = random_u64(seed);
		arg.end = random_u64(seed);
		if (arg.start > arg.end) {
			uint64_t start = arg.end;

			arg.end = arg.start;
			arg.start = start;
		}
	}
	arg.buf = (uintptr_t)room;
	arg.buf_bytes = desc.rec_size * (1 + rand_r(seed) % 8);
	for (int calls = 0; calls < 8 && !(arg.status & MMSCOPE_WALK_DONE); calls++) {
		const struct mmscope_cursor from = arg.cursor;

		if (ioctl(fd, MMSCOPE_IOC_WALK, &arg))
			return -errno;
		if (arg.nr * desc.rec_size > arg.buf_bytes || arg.cursor.pos < from.pos)
			return -EPROTO;
		if (arg.max_lock_ns > *max_lock_ns)
			*max_lock_ns = arg.max_lock_ns;
	}
	return 0;
}

static int walk_whole(int fd, uint32_t dataset, pid_t pid, uint64_t *max_lock_ns)
{
	struct answer a;
	int err = walk_pid(fd, dataset, pid, &a);

	*max_lock_ns = a.max_lock_ns;
	answer_free(&a);
	return err;
}

static int translate_some(int fd, pid_t pid, unsigned int *seed, uint64_t *max_lock_ns)
{
	static struct mmscope_translation out[256];
	uint64_t addrs[ARRAY_LEN(out)];
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr = ARRAY_LEN(addrs),
		.addrs = (uintptr_t)addrs,
		.buf = (uintptr_t)out,
	};

	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = i % 2 ? random_u64(seed) : (uintptr_t)tell + (i << 20);
	if (ioctl(fd, MMSCOPE_IOC_TRANSLATE, &arg))
		return -errno;
	*max_lock_ns = arg.max_lock_ns;
	return 0;
}

static int rmap_some(int fd, pid_t pid, uint64_t *max_lock_ns)
{
	static struct mmscope_rmap out[1024];
	struct mmscope_rmap_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr_ranges = 1,
		.ranges = (uintptr_t)&some_frames,
		.buf = (uintptr_t)out,
		.buf_bytes = sizeof(out),
	};

	if (ioctl(fd, MMSCOPE_IOC_RMAP, &arg))
		return -errno;
	*max_lock_ns = arg.max_lock_ns;
	return 0;
}

static void read_on(FIXTURE_DATA(race) *self, unsigned int seed)
{
	struct arena *a = self->a;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = seed; !stopped(a); i++) {
		pid_t pid = __atomic_load_n(&a->victim, __ATOMIC_RELAXED);
		const size_t nr = i % (self->nr + 2);
		const uint32_t id = nr < self->nr ? self->dataset[nr] : 0;
		uint64_t hold = 0;
		int err;

		if (nr == self->nr) {
			err = translate_some(self->fd, pid, &seed, &hold);
			tell(a, TRANSLATE, hold, err);
		} else if (nr > self->nr) {
			/* of all processes too */
			err = rmap_some(self->fd, i % 4 ? pid : 0, &hold);
			tell(a, RMAP, hold, err);
		} else {
			err = rand_r(&seed) % 2 ? walk_whole(self->fd, id, pid, &hold) :
			      walk_hostile(self->fd, id, pid, &seed, &hold);
			tell(a, nr, hold, err);
		}
	}
	_exit(0);
}

static void readers_start(FIXTURE_DATA(race) *self, pid_t victim)
{
	self->a->victim = victim;
	for (int i = 0; i < READERS; i++) {
		self->reader[i] = fork();
		if (!self->reader[i])
			read_on(self, i * 7);
	}
}

/* every dataset was read once more since */
static void readers_pass(FIXTURE_DATA(race) *self)
{
	uint64_t before = __atomic_load_n(&self->a->walks, __ATOMIC_RELAXED);

	while (__atomic_load_n(&self->a->walks, __ATOMIC_RELAXED) < before + self->nr + 2)
		usleep(5000);
}

static void readers_end(FIXTURE_DATA(race) *self)
{
	struct arena *a = self->a;

	__atomic_store_n(&a->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++) {
		if (self->reader[i] > 0)
			waitpid(self->reader[i], NULL, 0);
		self->reader[i] = 0;
	}
}

FIXTURE_SETUP(race)
{
	struct mmscope_info info = { .size = sizeof(info) };

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->a = mmap(NULL, sizeof(*self->a), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->a);
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, &info));
	for (uint32_t id = 0; id < info.nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);

		if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc) ||
		    !(desc.flags & MMSCOPE_DATASET_PROCESS) ||
		    desc.flags & MMSCOPE_DATASET_POINT ||
		    desc.state == MMSCOPE_STATE_UNAVAILABLE)
			continue;
		ASSERT_LT(self->nr, MAX_DATASETS);
		snprintf(self->a->of[self->nr].name, sizeof(desc.name), "%s", desc.name);
		self->dataset[self->nr++] = id;
	}
	ASSERT_LE(3, self->nr);
	snprintf(self->a->of[TRANSLATE].name, sizeof(self->a->of[0].name), "TRANSLATE");
	snprintf(self->a->of[RMAP].name, sizeof(self->a->of[0].name), "RMAP");
}

/* and what all walks of the test said of their holds */
FIXTURE_TEARDOWN(race)
{
	readers_end(self);
	for (size_t i = 0; i < ARRAY_LEN(self->a->of); i++)
		if (self->a->of[i].walks)
			fprintf(stderr, "# max_lock_ns %s: %lu in %lu walks\n",
				self->a->of[i].name, self->a->of[i].max_lock_ns,
				self->a->of[i].walks);
	close(self->fd);
}

#define expect_good_walks() do {						\
	readers_end(self);							\
	EXPECT_EQ(0, self->a->bad);						\
	EXPECT_LT(self->a->gone, self->a->walks);				\
	TH_LOG("%lu walks, %lu of a process gone", self->a->walks, self->a->gone); \
} while (0)

/* ---------------------------------------------------------------------- victims */

static void *map_and_unmap(void *arg)
{
	unsigned int seed = (uintptr_t)arg;

	for (int i = 0; i < 60; i++) {
		const size_t bytes = (1 + rand_r(&seed) % 4) << 20;
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		if (i & 1)
			madvise(p, bytes, MADV_HUGEPAGE);
		touch(p, bytes, (1 + rand_r(&seed) % 16) * PAGE);
		madvise(p, bytes / 2, MADV_DONTNEED);
		madvise(p + bytes / 2, bytes / 4, i & 2 ? MADV_PAGEOUT : MADV_FREE);
		mprotect(p + PAGE, 5 * PAGE, PROT_READ);
		munmap(p, bytes);
	}
	return NULL;
}

/* threads at work, children, and in the end another program or none */
static void live(unsigned int nr)
{
	pthread_t thread[3];

	for (uintptr_t i = 0; i < ARRAY_LEN(thread); i++)
		pthread_create(&thread[i], NULL, map_and_unmap, (void *)(nr * 10 + i));
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	if (nr % 3 == 0)
		execl("/bin/busybox", "true", NULL);	/* the threads are killed by that */
	if (nr % 3 == 1)
		_exit(0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

TEST_F_TIMEOUT(race, threads_that_map_fork_exec_and_exit, 120)
{
	const uint64_t until = now_ms() + 6000;
	unsigned int lives = 0;

	readers_start(self, getpid());
	/* each dataset at least once in a life, however slow the machine */
	for (; now_ms() < until || lives < 6; lives++) {
		pid_t pid = fork();

		if (!pid)
			live(lives);
		__atomic_store_n(&self->a->victim, pid, __ATOMIC_RELAXED);
		if (lives % 4 == 3) {
			usleep(30000);
			kill(pid, SIGKILL);
		}
		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
	expect_good_walks();
	TH_LOG("%u lives", lives);
}

/* ------------------------------------------------------------------- the end of one */

static int prepare_big(void *arg)
{
	char *p = zoo_anon(BIG);

	(void)arg;
	if (!p)
		return 1;
	touch(p, BIG, PAGE);
	return 0;
}

/* memory of a process comes back: most of `bytes` is free again */
static bool comes_back(uint64_t before_kb, uint64_t bytes)
{
	uint64_t kb = 0;

	for (int try = 0; try < 400; try++) {
		read_number("/proc/meminfo", "MemFree", &kb);
		if (kb >= before_kb + (bytes >> 11))
			return true;
		usleep(25000);
	}
	return false;
}

TEST_F_TIMEOUT(race, an_exit_waits_for_no_reader, 60)
{
	uint64_t alone_ms, read_ms, began, kb;
	pid_t big = stopped_child(prepare_big, NULL);

	/* how long it takes here with nobody looking */
	ASSERT_LT(0, big);
	began = now_ms();
	kill_child(big);
	alone_ms = now_ms() - began;

	big = stopped_child(prepare_big, NULL);
	ASSERT_LT(0, big);
	readers_start(self, big);
	readers_pass(self);
	ASSERT_EQ(0, read_number("/proc/meminfo", "MemFree", &kb));
	began = now_ms();
	kill_child(big);
	read_ms = now_ms() - began;
	/* the pid is gone at once, the memory soon */
	EXPECT_EQ(-1, kill(big, 0));
	EXPECT_EQ(ESRCH, errno);
	EXPECT_TRUE(comes_back(kb, BIG));
	/* not kept: readers take CPU time from it, but no walk of them is waited for */
	EXPECT_GT(2000 + 20 * alone_ms, read_ms);
	readers_pass(self);
	EXPECT_LT(0, self->a->gone);
	expect_good_walks();
	TH_LOG("gone in %lu ms, with nobody looking in %lu ms", read_ms, alone_ms);
}

/* --------------------------------------------------------------------- out of memory */

#define CGROUP	"/sys/fs/cgroup/mmscope-race"

/* eats until the kernel kills it: its cgroup may have 24M and no swap */
static void eat(void)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", getpid());
	if (write_file(CGROUP "/cgroup.procs", number))
		_exit(1);
	for (;;) {
		char *p = zoo_anon(1 << 20);

		if (!p)
			_exit(2);
		touch(p, 1 << 20, PAGE);
	}
}

static uint64_t oom_kills(void)
{
	char *text = read_file(CGROUP "/memory.events");
	const char *at = text ? strstr(text, "oom_kill ") : NULL;
	uint64_t n = at ? strtoul(at + 9, NULL, 10) : 0;

	free(text);
	return n;
}

TEST_F_TIMEOUT(race, killed_for_want_of_memory, 120)
{
	int status;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", "24M"));
	write_file(CGROUP "/memory.swap.max", "0");
	readers_start(self, getpid());
	for (unsigned int i = 0; i < 5; i++) {
		pid_t pid = fork();

		if (!pid)
			eat();
		__atomic_store_n(&self->a->victim, pid, __ATOMIC_RELAXED);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		EXPECT_LE(i + 1, oom_kills());
	}
	expect_good_walks();
	/* nothing of them is kept */
	for (int try = 0; try < 200 && rmdir(CGROUP); try++)
		usleep(20000);
	EXPECT_NE(0, access(CGROUP, F_OK));
}

TEST_HARNESS_MAIN

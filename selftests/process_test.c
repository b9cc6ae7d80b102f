// SPDX-License-Identifier: GPL-2.0
/*
 * Process datasets and processes that come, change and go: who may look, what
 * pids mean, and that readers neither hang nor keep anything alive.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include "common.h"
#include "process.h"

static const uint32_t datasets[] = {
	MMSCOPE_DS_VMAS, MMSCOPE_DS_PAGETABLES, MMSCOPE_DS_MAPPINGS,
};

/* result of a whole walk, 0 or -errno */
static int try_walk(int fd, uint32_t dataset, pid_t pid)
{
	struct answer a;
	int err = walk_pid(fd, dataset, pid, &a);

	answer_free(&a);
	return err;
}

static int try_translate(int fd, pid_t pid)
{
	struct mmscope_translation out[64];
	uint64_t addrs[64];
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr = ARRAY_LEN(addrs),
		.addrs = (uintptr_t)addrs,
		.buf = (uintptr_t)out,
	};

	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = (uintptr_t)try_walk + (i << 20) * (i & 1);
	return ioctl(fd, MMSCOPE_IOC_TRANSLATE, &arg) ? -errno : 0;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

FIXTURE(process)
{
	int fd;
};

FIXTURE_SETUP(process)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(process)
{
	close(self->fd);
}

#define expect_all(_pid, _err) do {						\
	for (size_t _i = 0; _i < ARRAY_LEN(datasets); _i++)			\
		EXPECT_EQ((_err), try_walk(self->fd, datasets[_i], _pid));	\
	EXPECT_EQ((_err), try_translate(self->fd, _pid));			\
} while (0)

TEST_F(process, pids_that_name_no_address_space)
{
	pid_t zombie = fork();

	siginfo_t info;

	if (!zombie)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
	expect_all(zombie, -ESRCH);
	waitpid(zombie, NULL, 0);
	expect_all(zombie, -ESRCH);
	expect_all(2, -ESRCH);		/* kthreadd */
	expect_all(INT_MAX, -ESRCH);
	expect_all(INT_MIN, -ESRCH);
	expect_all(-1, -ESRCH);
	expect_all(0, 0);
	expect_all(1, 0);
}

static int prepare_dumpable(void *arg)
{
	(void)arg;
	return prctl(PR_SET_DUMPABLE, 1);
}

static int prepare_private(void *arg)
{
	(void)arg;
	return prctl(PR_SET_DUMPABLE, 0);
}

/* the device stays open while its reader gives up being root */
TEST_F(process, a_reader_sees_what_it_may_ptrace)
{
	pid_t root = stopped_child(prepare_dumpable, NULL), mine, closed;
	int status;
	pid_t pid = fork();

	if (!pid) {
		ASSERT_EQ(0, setresuid(1000, 1000, 1000));
		mine = stopped_child(prepare_dumpable, NULL);
		closed = stopped_child(prepare_private, NULL);
		expect_all(0, 0);
		expect_all(mine, 0);
		expect_all(closed, -EACCES);
		expect_all(root, -EACCES);
		expect_all(1, -EACCES);
		kill_child(mine);
		kill_child(closed);
		_exit(_metadata->exit_code == KSFT_PASS ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	kill_child(root);
}

/* who is being walked right now: changes all the time */
struct arena {
	pid_t victim;
	int stop;
	unsigned long walks, gone, bad;
};

static pid_t victim_of(const struct arena *arena)
{
	return __atomic_load_n(&arena->victim, __ATOMIC_RELAXED);
}

static bool stopped(const struct arena *arena)
{
	return __atomic_load_n(&arena->stop, __ATOMIC_RELAXED);
}

/* maps, touches, drops and splits for a while, then execs or exits */
static void victim_life(unsigned int seed)
{
	const size_t bytes = 8 << 20;
	char *keep = NULL;

	for (int i = 0; i < 30; i++) {
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED)
			break;
		if (i & 1)
			madvise(p, bytes, MADV_HUGEPAGE);
		for (size_t at = 0; at < bytes; at += (1 + rand_r(&seed) % 64) * PAGE)
			p[at] = 1;
		mprotect(p + PAGE * (rand_r(&seed) % 1000), 3 * PAGE, PROT_READ);
		madvise(p + PAGE * (rand_r(&seed) % 1000), 700 * PAGE, MADV_DONTNEED);
		if (keep)
			munmap(keep, bytes);
		keep = p;
		if (i % 10 == 5) {
			pid_t pid = fork();

			if (!pid) {
				keep[0] = 2;
				_exit(0);
			}
			waitpid(pid, NULL, 0);
		}
	}
	if (seed & 1)
		execl("/bin/busybox", "true", NULL);
	_exit(0);
}

static void victims(struct arena *arena)
{
	for (unsigned int i = 0; !stopped(arena); i++) {
		pid_t pid = fork();

		if (!pid)
			victim_life(i);
		__atomic_store_n(&arena->victim, pid, __ATOMIC_RELAXED);
		if (i % 3 == 0) {
			usleep(20000);
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static void reader(struct arena *arena, int fd, unsigned int i)
{
	for (; !stopped(arena); i++) {
		int err = i % 4 == 3 ? try_translate(fd, victim_of(arena)) :
				       try_walk(fd, datasets[i % 4], victim_of(arena));

		__atomic_add_fetch(&arena->walks, 1, __ATOMIC_RELAXED);
		if (err == -ESRCH) {
			__atomic_add_fetch(&arena->gone, 1, __ATOMIC_RELAXED);
		} else if (err) {
			fprintf(stderr, "# a walk gave %s\n", strerror(-err));
			__atomic_add_fetch(&arena->bad, 1, __ATOMIC_RELAXED);
		}
	}
	_exit(0);
}

#define READERS 3

TEST_F_TIMEOUT(process, readers_of_processes_that_map_fork_exec_and_die, 120)
{
	struct arena *arena = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[READERS + 1];

	arena->victim = getpid();
	for (int i = 0; i <= READERS; i++) {
		pids[i] = fork();
		if (!pids[i] && i == READERS)
			victims(arena);
		if (!pids[i])
			reader(arena, self->fd, i);
	}
	sleep(15);
	__atomic_store_n(&arena->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i <= READERS; i++)
		EXPECT_EQ(pids[i], waitpid(pids[i], NULL, 0));
	EXPECT_EQ(0, arena->bad);
	EXPECT_LT(arena->gone, arena->walks);
	TH_LOG("%lu walks, %lu of them of a process gone", arena->walks, arena->gone);
}

#define BIG (200UL << 20)

static int prepare_big(void *arg)
{
	char *p = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	madvise(p, BIG, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < BIG; i += PAGE)
		p[i] = 1;
	return 0;
}

/* memory that comes back soon, in bytes */
static uint64_t freed_by(pid_t victim, uint64_t *took_ms)
{
	uint64_t before = 0, after = 0, began = now_ms();

	read_number("/proc/meminfo", "MemFree", &before);
	kill_child(victim);
	*took_ms = now_ms() - began;
	for (int i = 0; i < 200 && after < before + (BIG >> 11); i++) {
		usleep(50000);
		read_number("/proc/meminfo", "MemFree", &after);
	}
	return after > before ? (after - before) << 10 : 0;
}

TEST_F_TIMEOUT(process, a_process_dies_and_frees_its_memory_while_it_is_read, 60)
{
	struct arena *arena = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[READERS], big = stopped_child(prepare_big, NULL);
	uint64_t took_ms;

	ASSERT_LT(0, big);
	arena->victim = big;
	for (int i = 0; i < READERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			reader(arena, self->fd, i);
	}
	while (!__atomic_load_n(&arena->walks, __ATOMIC_RELAXED))
		usleep(10000);
	usleep(100000);
	EXPECT_LT(BIG / 2, freed_by(big, &took_ms));
	EXPECT_GT(10000, took_ms);
	__atomic_store_n(&arena->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < READERS; i++)
		waitpid(pids[i], NULL, 0);
	EXPECT_LT(0, arena->walks - arena->gone);
	EXPECT_EQ(0, arena->bad);
	TH_LOG("dead in %lu ms", took_ms);
}

TEST_F(process, an_open_file_keeps_no_memory_of_the_dead)
{
	pid_t big = stopped_child(prepare_big, NULL);
	struct mmscope_attach_arg arg = { .size = sizeof(arg), .pid = big };
	char path[128], buf[256];
	uint64_t took_ms;
	ssize_t got;
	int fd;

	ASSERT_LT(0, big);
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &arg));
	snprintf(path, sizeof(path), DEBUGFS "/process/%d/mappings", big);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, buf, sizeof(buf)));
	EXPECT_LT(BIG / 2, freed_by(big, &took_ms));
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		;
	close(fd);
	ioctl(self->fd, MMSCOPE_IOC_DETACH, &arg);
}

TEST_HARNESS_MAIN

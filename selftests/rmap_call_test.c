// SPDX-License-Identifier: GPL-2.0
/*
 * MMSCOPE_IOC_RMAP as a call: what it refuses, cursors of any value, processes
 * that come and go, share their memory, lost their first thread, or are not to be
 * seen. What it finds is the matter of rmap_test.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>

#include "common.h"
#include "process.h"
#include "rmap.h"
#include "zoo.h"

static const struct mmscope_pfn_range everything = { 0, ~0ULL };

#define expect_errno(_errno, _arg) do {					\
	errno = 0;							\
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_RMAP, _arg));		\
	EXPECT_EQ((_errno), errno);					\
} while (0)

FIXTURE(rmap_call)
{
	int fd;
	char *page;		/* one that this process alone maps */
	struct mmscope_pfn_range frame;
	struct mmscope_rmap rmap[8];
	struct mmscope_rmap_arg arg;
	struct rmap_answer a;
};

FIXTURE_SETUP(rmap_call)
{
	uint64_t *entry;

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->page = zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	ASSERT_NE(NULL, self->page);
	self->page[0] = 1;
	mlock(self->page, PAGE);
	entry = read_pagemap(getpid(), (uintptr_t)self->page, (uintptr_t)self->page + PAGE);
	self->frame.start = *entry & PM_FRAME;
	self->frame.end = self->frame.start + 1;
	free(entry);
	self->arg = rmap_arg(&self->frame, 1);
	self->arg.buf = (uintptr_t)self->rmap;
	self->arg.buf_bytes = sizeof(self->rmap);
}

FIXTURE_TEARDOWN(rmap_call)
{
	rmap_free(&self->a);
	munmap(self->page, PAGE);
	close(self->fd);
}

TEST_F(rmap_call, the_caller_finds_its_own_page)
{
	ASSERT_EQ(0, rmap_all(self->fd, self->arg, 8, &self->a));
	ASSERT_EQ(1, self->a.nr);
	EXPECT_EQ((uint32_t)getpid(), self->a.rmap[0].pid);
	EXPECT_EQ((uintptr_t)self->page, self->a.rmap[0].addr);
}

TEST_F(rmap_call, what_is_malformed_is_refused)
{
	static const struct mmscope_pfn_range bad[] = {
		{ 5, 5 }, { 6, 5 }, { ~0ULL, 0 }, { ~0ULL, ~0ULL }, { 0, 0 },
	};
	struct mmscope_pfn_range two[2] = { { 1, 2 } };
	struct mmscope_rmap_arg arg;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		two[1] = bad[i];
		arg = self->arg;
		arg.ranges = (uintptr_t)two;
		arg.nr_ranges = 2;
		expect_errno(EINVAL, &arg);
	}
	arg = self->arg;
	arg.nr_ranges = 0;
	expect_errno(EINVAL, &arg);
	arg.nr_ranges = MMSCOPE_RANGES_MAX + 1;
	expect_errno(E2BIG, &arg);
	arg.nr_ranges = ~0U;
	expect_errno(E2BIG, &arg);
	arg = self->arg;
	arg.flags = 1;
	expect_errno(EOPNOTSUPP, &arg);
	arg = self->arg;
	arg.__reserved = 1;
	expect_errno(EINVAL, &arg);
	arg = self->arg;
	arg.buf_bytes = sizeof(struct mmscope_rmap) - 1;
	expect_errno(EINVAL, &arg);
}

TEST_F(rmap_call, bad_pointers_fault)
{
	char *wall = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mmscope_rmap_arg arg = self->arg;

	ASSERT_EQ(0, mprotect(wall + PAGE, PAGE, PROT_NONE));
	arg.ranges = 8;
	expect_errno(EFAULT, &arg);
	arg.ranges = ~0ULL - 64;
	expect_errno(EFAULT, &arg);
	arg.ranges = (uintptr_t)wall + PAGE - sizeof(self->frame);
	arg.nr_ranges = 2;
	expect_errno(EFAULT, &arg);
	arg = self->arg;
	arg.buf = 8;
	expect_errno(EFAULT, &arg);
	arg.buf = (uintptr_t)wall;
	expect_errno(EFAULT, &arg);
	munmap(wall, 2 * PAGE);
}

/* any 128 bits: an answer or an end, never before where it began */
TEST_F(rmap_call, hostile_cursors_are_harmless)
{
	uint64_t x = 0x9e3779b97f4a7c15;

	for (int i = 0; i < 400; i++) {
		struct mmscope_rmap_arg arg = self->arg;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		arg.ranges = (uintptr_t)&everything;
		arg.cursor.pos = i % 3 ? x >> (i % 64) : (uint64_t)getpid();
		arg.cursor.hint = (x * 31) >> (i % 61);
		for (int call = 0; call < 4 && !(arg.status & MMSCOPE_WALK_DONE); call++) {
			const struct mmscope_cursor from = arg.cursor;

			ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_RMAP, &arg));
			ASSERT_GE(ARRAY_LEN(self->rmap), arg.nr);
			ASSERT_LE(from.pos, arg.cursor.pos);
			for (uint32_t j = 0; j < arg.nr; j++)
				if (self->rmap[j].pid == from.pos)
					ASSERT_LE(from.hint & ~(PAGE - 1), self->rmap[j].addr);
		}
	}
	/* behind the last process of all, and behind the one asked for */
	self->arg.cursor.pos = 1ULL << 32;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_RMAP, &self->arg));
	EXPECT_EQ(MMSCOPE_WALK_DONE, self->arg.status);
	EXPECT_EQ(0, self->arg.nr);
	self->arg.pid = getpid();
	self->arg.cursor.pos = getpid() + 1;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_RMAP, &self->arg));
	EXPECT_EQ(MMSCOPE_WALK_DONE, self->arg.status);
	EXPECT_EQ(0, self->arg.nr);
}

static int map_page(void *page)
{
	__atomic_load_n((char *)page, __ATOMIC_RELAXED);
	return 0;
}

/* the first of three is found, then the second goes: the third is found yet */
TEST_F(rmap_call, an_answer_goes_on_when_a_process_is_gone)
{
	struct mmscope_rmap_arg arg = self->arg;
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		pid[i] = stopped_child(map_page, self->page);
		ASSERT_LT(0, pid[i]);
	}
	while (!self->a.nr || self->a.rmap[self->a.nr - 1].pid != (uint32_t)pid[0]) {
		ASSERT_FALSE(arg.status & MMSCOPE_WALK_DONE);
		ASSERT_EQ(0, rmap_call(self->fd, &arg, 1, &self->a));
	}
	EXPECT_EQ(2, self->a.nr);
	kill_child(pid[1]);
	while (!(arg.status & MMSCOPE_WALK_DONE))
		ASSERT_EQ(0, rmap_call(self->fd, &arg, 1, &self->a));
	ASSERT_EQ(3, self->a.nr);
	EXPECT_EQ((uint32_t)pid[2], self->a.rmap[2].pid);
	kill_child(pid[0]);
	kill_child(pid[2]);
}

/* processes that are born, exec and die while others are looked for */
TEST_F(rmap_call, a_crowd_that_comes_and_goes_does_no_harm)
{
	pid_t stays = stopped_child(map_page, self->page), crowd = fork();

	ASSERT_LT(0, stays);
	if (!crowd) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			pid_t pid = fork();

			if (!pid) {
				touch(zoo_anon(64 * PAGE), 64 * PAGE, PAGE);
				execl("/bin/true", "true", NULL);
				_exit(0);
			}
			waitpid(pid, NULL, 0);
		}
	}
	for (int i = 0; i < 100; i++) {
		struct mmscope_rmap_arg arg = self->arg;
		size_t found = 0;

		ASSERT_EQ(0, rmap_all(self->fd, arg, 8, &self->a));
		for (size_t j = 0; j < self->a.nr; j++)
			found += self->a.rmap[j].pid == (uint32_t)stays ||
				 self->a.rmap[j].pid == (uint32_t)getpid();
		EXPECT_EQ(2, found);
		rmap_free(&self->a);
		arg.ranges = (uintptr_t)&everything;
		ASSERT_EQ(0, rmap_all(self->fd, arg, 64, &self->a));
		rmap_free(&self->a);
	}
	kill_child(crowd);
	kill_child(stays);
}

TEST_F(rmap_call, a_reader_in_a_loop_dies_at_once)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!child) {
		rmap_all(self->fd, rmap_arg(&everything, 1), 64, &self->a);
		rmap_free(&self->a);
	}
	usleep(50000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

static int linger(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!unused)
		pause();
	return 0;
}

static int share(void *page)
{
	static char stack[4 * MAX_PAGE];

	map_page(page);
	return clone(linger, stack + sizeof(stack) - 64, CLONE_VM | SIGCHLD, NULL) < 0;
}

TEST_F(rmap_call, processes_with_one_memory_are_shown_each)
{
	pid_t pid = stopped_child(share, self->page);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, rmap_all(self->fd, self->arg, 8, &self->a));
	ASSERT_EQ(3, self->a.nr);
	EXPECT_EQ((uint32_t)pid, self->a.rmap[1].pid);
	EXPECT_LT((uint32_t)pid, self->a.rmap[2].pid);
	EXPECT_EQ(self->a.rmap[1].addr, self->a.rmap[2].addr);
	kill_child(self->a.rmap[2].pid);
	kill_child(pid);
}

static void *stay(void *unused)
{
	linger(unused);
	return NULL;
}

/* /proc/PID/pagemap of such a process is empty */
TEST_F(rmap_call, a_process_without_its_first_thread_is_found)
{
	char path[64], *text = NULL;
	pthread_t thread;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		map_page(self->page);
		pthread_create(&thread, NULL, stay, NULL);
		syscall(SYS_exit, 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	do {
		free(text);
		usleep(10000);
		text = read_file(path);
	} while (text && !strstr(text, "\nState:\tZ"));
	free(text);
	ASSERT_EQ(0, rmap_all(self->fd, self->arg, 8, &self->a));
	ASSERT_EQ(2, self->a.nr);
	EXPECT_EQ((uint32_t)pid, self->a.rmap[1].pid);
	rmap_free(&self->a);
	self->arg.pid = pid;
	ASSERT_EQ(0, rmap_all(self->fd, self->arg, 8, &self->a));
	EXPECT_EQ(1, self->a.nr);
	kill_child(pid);
}

/* who may see all counts the processes that have memory */
TEST_F(rmap_call, every_process_is_counted_once)
{
	struct places none = { 0 };
	size_t before, after;

	do {
		rmap_free(&self->a);
		before = join_all(&self->frame, 0, &none);
		ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(&everything, 1), 7, &self->a));
		after = join_all(&self->frame, 0, &none);
	} while (before != after);
	EXPECT_EQ(before, self->a.processes);
	EXPECT_EQ(0, self->a.refused);
	EXPECT_LT(1, self->a.calls);
}

static int drop_ptrace(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_PTRACE);
	return syscall(SYS_capset, &head, data);
}

/* without CAP_SYS_PTRACE the root processes that have it are not to be looked at */
TEST_F(rmap_call, who_may_not_be_seen_is_counted_and_not_shown)
{
	pid_t pid = stopped_child(map_page, self->page), reader;
	struct places none = { 0 };
	int status;

	ASSERT_LT(0, pid);
	reader = fork();
	if (!reader) {
		const size_t all = join_all(&self->frame, 0, &none);

		map_page(self->page);
		if (drop_ptrace() || rmap_all(self->fd, self->arg, 8, &self->a))
			_exit(1);
		if (self->a.nr != 1 || self->a.rmap[0].pid != (uint32_t)getpid())
			_exit(2);
		if (self->a.processes != 1 || self->a.refused != all - 1)
			_exit(3);
		self->arg.pid = pid;
		_exit(ioctl(self->fd, MMSCOPE_IOC_RMAP, &self->arg) && errno == EACCES ? 0 : 4);
	}
	ASSERT_EQ(reader, waitpid(reader, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
	kill_child(pid);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * layout against /proc/PID/stat and /proc/PID/limits, of this process, which grows its
 * heap, and of PID 1.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/resource.h>

#include "common.h"
#include "process.h"

/* stat(5), counted from 1 */
enum {
	STAT_VSIZE = 23, STAT_STARTCODE = 26, STAT_ENDCODE = 27, STAT_STARTSTACK = 28,
	STAT_START_DATA = 45, STAT_END_DATA = 46, STAT_START_BRK = 47, STAT_ARG_START = 48,
	STAT_ARG_END = 49, STAT_ENV_START = 50, STAT_ENV_END = 51, STAT_NR = 53,
};

static int read_stat(pid_t pid, uint64_t *value)
{
	char path[64], *text, *p, *save;
	int i = 3;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	text = read_file(path);
	p = text ? strrchr(text, ')') : NULL;
	if (!p)
		return -1;
	for (p = strtok_r(p + 1, " ", &save); p && i < STAT_NR; p = strtok_r(NULL, " ", &save))
		value[i++] = strtoull(p, NULL, 10);
	free(text);
	return i > STAT_ENV_END ? 0 : -1;
}

static int read_layout(pid_t pid, struct mmscope_process_layout *l)
{
	int fd = open_device();
	struct answer a;
	int ret = walk_pid(fd, MMSCOPE_DS_ADDRESS_SPACE, pid, &a);

	if (!ret && a.nr == 1)
		*l = *(struct mmscope_process_layout *)a.records;
	else
		ret = -1;
	answer_free(&a);
	close(fd);
	return ret;
}

static void compare(struct __test_metadata *_metadata, pid_t pid)
{
	struct mmscope_process_layout l;
	uint64_t stat[STAT_NR] = { 0 };

	ASSERT_EQ(0, read_layout(pid, &l));
	ASSERT_EQ(0, read_stat(pid, stat));
	EXPECT_EQ(stat[STAT_STARTCODE], l.start_code);
	EXPECT_EQ(stat[STAT_ENDCODE], l.end_code);
	EXPECT_EQ(stat[STAT_STARTSTACK], l.start_stack);
	EXPECT_EQ(stat[STAT_START_DATA], l.start_data);
	EXPECT_EQ(stat[STAT_END_DATA], l.end_data);
	EXPECT_EQ(stat[STAT_START_BRK], l.start_brk);
	EXPECT_EQ(stat[STAT_ARG_START], l.arg_start);
	EXPECT_EQ(stat[STAT_ARG_END], l.arg_end);
	EXPECT_EQ(stat[STAT_ENV_START], l.env_start);
	EXPECT_EQ(stat[STAT_ENV_END], l.env_end);
	/* reading the one and the other takes memory */
	if (pid != getpid())
		EXPECT_EQ(stat[STAT_VSIZE], l.total_bytes);
	EXPECT_EQ((uint32_t)pid, l.pid);
}

TEST(pid_1_is_as_in_stat)
{
	compare(_metadata, 1);
}

TEST(this_process_is_as_in_stat)
{
	compare(_metadata, getpid());
}

TEST(brk_is_where_it_was_set)
{
	struct mmscope_process_layout before, after;
	char *old = sbrk(0);

	ASSERT_EQ(0, read_layout(getpid(), &before));
	ASSERT_NE((void *)-1, sbrk(5 * PAGE));
	ASSERT_EQ(0, read_layout(getpid(), &after));
	EXPECT_LE((uintptr_t)old, before.brk);
	EXPECT_LE(before.brk + 5 * PAGE, after.brk);
	EXPECT_EQ((uintptr_t)sbrk(0), after.brk);
}

TEST(stack_limit_is_the_soft_one)
{
	struct rlimit limit = { .rlim_cur = 123 * PAGE, .rlim_max = RLIM_INFINITY };
	struct mmscope_process_layout l;

	ASSERT_EQ(0, setrlimit(RLIMIT_STACK, &limit));
	ASSERT_EQ(0, read_layout(getpid(), &l));
	EXPECT_EQ(123 * PAGE, l.stack_limit_bytes);
	EXPECT_EQ(has_symbol("stack_guard_gap") ? 256 * PAGE : MMSCOPE_UNKNOWN,
		  l.stack_gap_bytes);
	limit.rlim_cur = RLIM_INFINITY;
	ASSERT_EQ(0, setrlimit(RLIMIT_STACK, &limit));
	ASSERT_EQ(0, read_layout(getpid(), &l));
	EXPECT_EQ(MMSCOPE_UNKNOWN, l.stack_limit_bytes);
}

/* a map that may go anywhere goes below mmap_base, on x86 with its usual layout */
TEST(maps_are_below_mmap_base)
{
	struct mmscope_process_layout l;
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(0, read_layout(getpid(), &l));
	EXPECT_GT(l.mmap_base, (uintptr_t)p);
	EXPECT_LT(l.mmap_base - (1UL << 30), (uintptr_t)p);
	EXPECT_LT(l.mmap_base, l.start_stack);
	EXPECT_LT(l.start_stack, l.task_size);
}

TEST_HARNESS_MAIN

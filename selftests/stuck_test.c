// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose mmap_lock somebody holds for long: walks over all processes pass
 * it over and say so; who asks for this one waits, and can be killed.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sched.h>
#include <time.h>

#include "common.h"
#include "fixture.h"
#include "process.h"
#include "frames.h"
#include "rmap.h"
#include "zoo.h"

#define PAGES	16
#define BYTES	(PAGES * PAGE)
/* for a walk of everything on a slow machine; what is stuck is so for ever */
#define LIMIT	100

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* shared with the processes */
struct cast {
	char *memory;		/* MAP_SHARED, touched by all */
	int exec;		/* the child in the memory of the stuck one is to go on */
	pid_t child;
};

static int hold_still(void *arg)
{
	struct cast *c = arg;

	touch(c->memory, BYTES, PAGE);
	return 0;
}

/* runs in the memory of the one who made it, until it becomes another program */
static int borrower(void *arg)
{
	struct cast *c = arg;
	const struct timespec ms = { .tv_nsec = 1000000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&c->exec, __ATOMIC_RELAXED))
		nanosleep(&ms, NULL);
	execl("/bin/busybox", "sleep", "1000", NULL);
	_exit(1);
}

static int lend_memory(void *arg)
{
	static char stack[1 << 16] __attribute__((aligned(64)));
	struct cast *c = arg;

	hold_still(c);
	/* nobody can fault memory in when the lock is held: all is there before */
	if (mlockall(MCL_CURRENT))
		return 1;
	c->child = clone(borrower, stack + sizeof(stack), CLONE_VM | SIGCHLD, c);
	return c->child < 0;
}

FIXTURE(stuck)
{
	int fd, fixture;
	struct cast *c;
	pid_t pid, free;
	uint32_t held;
	struct mmscope_pfn_range range[PAGES];
};

/*
 * The process whose lock is held, and one that is free, with a higher pid. They
 * must not have the fixture open: when a test dies, unloading lets go of the lock.
 */
FIXTURE_SETUP(stuck)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_MMAP_LOCK, 1, 0, NULL, 0);

	self->fixture = -1;
	self->held = ~0U;
	self->c = (void *)zoo_map(sizeof(*self->c), MAP_SHARED | MAP_ANONYMOUS);
	self->c->memory = zoo_map(BYTES, MAP_SHARED | MAP_ANONYMOUS);
	touch(self->c->memory, BYTES, PAGE);
	for (size_t i = 0; i < PAGES; i++) {
		self->range[i].start = frame_of(self->c->memory + i * PAGE);
		self->range[i].end = self->range[i].start + 1;
	}
	self->pid = stopped_child(lend_memory, self->c);
	self->free = stopped_child(hold_still, self->c);
	ASSERT_LT(0, self->pid);
	ASSERT_LT(0, self->free);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	arg.pid = self->pid;
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	self->held = arg.id;
}

FIXTURE_TEARDOWN(stuck)
{
	fixture_free(self->fixture, self->held);
	close(self->fixture);
	fixture_unload();
	if (self->c->child > 0)
		kill(self->c->child, SIGKILL);
	kill_child(self->pid);
	kill_child(self->free);
	close(self->fd);
}

/* how long a child may take for fn(); its status, or -1 if it had to be killed */
static int within(unsigned int seconds, int (*fn)(struct __test_metadata *_metadata, void *self),
		  struct __test_metadata *_metadata, void *self)
{
	uint64_t until = now_ms() + seconds * 1000;
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(fn(_metadata, self));
	while (now_ms() < until) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		usleep(1000);
	}
	kill(pid, SIGKILL);
	/* who waits for the lock can be killed */
	return waitpid(pid, &status, 0) == pid ? -1 : -2;
}

/* who maps the shared pages: all but the stuck one, which is counted */
static int ask_rmap(struct __test_metadata *_metadata, void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;
	struct mmscope_rmap_arg rmap = rmap_arg(self->range, PAGES);
	struct places places = { 0 };
	struct rmap_answer a;
	uint64_t began = now_ms();

	(void)_metadata;
	if (rmap_all(self->fd, rmap, 4096, &a))
		return 1;
	rmap_places(&a, self->free, &places);
	if (places.nr != PAGES)
		return 2;
	places_free(&places);
	rmap_places(&a, self->pid, &places);
	if (places.nr)
		return 3;
	fprintf(stderr, "# %lu processes, %lu busy, in %lu ms; longest hold %lu ns\n",
		a.processes, a.busy, now_ms() - began, a.max_lock_ns);
	return a.processes && a.busy <= 2 ? 10 + a.busy : 4;
}

#define exited(_with)	((_with) << 8)

TEST_F_TIMEOUT(stuck, rmap_passes_it_over, LIMIT)
{
	/* the stuck one, and the child that has the same memory */
	EXPECT_EQ(exited(12), within(LIMIT / 2, ask_rmap, _metadata, self));
	fixture_free(self->fixture, self->held);
	self->held = ~0U;
}

/* waits for exec_update_lock of the child, as /proc/PID/stack does for all */
static int ask_stack(struct __test_metadata *_metadata, void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;
	char path[64];

	(void)_metadata;
	snprintf(path, sizeof(path), "/proc/%d/stack", self->c->child);
	free(read_file(path));
	return 0;
}

/* execve() keeps its exec_update_lock as long as it waits for the old mmap_lock */
TEST_F_TIMEOUT(stuck, rmap_passes_over_one_who_is_stuck_in_execve, LIMIT)
{
	char path[64], *status = NULL;

	EXPECT_EQ(0, within(LIMIT / 4, ask_stack, _metadata, self));
	__atomic_store_n(&self->c->exec, 1, __ATOMIC_RELAXED);
	snprintf(path, sizeof(path), "/proc/%d/status", self->c->child);
	for (int try = 0; try < 1000; try++) {
		free(status);
		status = read_file(path);
		if (status && strstr(status, "State:\tD"))
			break;
		usleep(10000);
	}
	ASSERT_NE(NULL, strstr(status, "State:\tD"));
	free(status);
	ASSERT_EQ(-1, within(1, ask_stack, _metadata, self));
	EXPECT_EQ(exited(12), within(LIMIT / 4, ask_rmap, _metadata, self));
}

static int ask_one(struct __test_metadata *_metadata, void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;
	struct mmscope_rmap_arg rmap = rmap_arg(self->range, PAGES);
	struct rmap_answer a;

	(void)_metadata;
	rmap.pid = self->pid;
	return rmap_all(self->fd, rmap, 4096, &a) ? 1 : 0;
}

static int ask_mappings(struct __test_metadata *_metadata, void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;
	struct answer a;

	(void)_metadata;
	return walk_pid(self->fd, MMSCOPE_DS_MAPPINGS, self->pid, &a) ? 1 : 0;
}

TEST_F_TIMEOUT(stuck, who_asks_for_it_waits_and_can_be_killed, LIMIT)
{
	EXPECT_EQ(-1, within(1, ask_one, _metadata, self));
	EXPECT_EQ(-1, within(1, ask_mappings, _metadata, self));
	ASSERT_EQ(0, fixture_free(self->fixture, self->held));
	EXPECT_EQ(0, within(LIMIT / 4, ask_one, _metadata, self));
	EXPECT_EQ(0, within(LIMIT / 4, ask_mappings, _metadata, self));
}

/* every dataset that is not of one process: some walk all of them */
static int ask_all_datasets(struct __test_metadata *_metadata, void *arg)
{
	FIXTURE_DATA(stuck) *self = arg;
	const uint32_t never = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_POINT;
	struct mmscope_info info = { .size = sizeof(info) };
	int asked = 0;

	(void)_metadata;
	if (ioctl(self->fd, MMSCOPE_IOC_INFO, &info))
		return 1;
	for (uint32_t id = 0; id < info.nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);
		struct mmscope_walk_arg walk = walk_arg(id);
		uint64_t began = now_ms();
		struct answer a;
		int err;

		/* ids may have gaps */
		if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc) || desc.flags & never)
			continue;
		/* what there is to be collected is so before the first record */
		if (desc.flags & MMSCOPE_DATASET_PFN)
			walk.end = 1 << 12;
		err = walk_all(self->fd, walk, &a);
		if (err && desc.state != MMSCOPE_STATE_UNAVAILABLE) {
			fprintf(stderr, "# %s: %s\n", desc.name, strerror(-err));
			return 2;
		}
		answer_free(&a);
		fprintf(stderr, "# %s: %lu ms\n", desc.name, now_ms() - began);
		asked++;
	}
	return asked > 10 ? 0 : 3;
}

TEST_F_TIMEOUT(stuck, no_dataset_waits_for_it, LIMIT)
{
	EXPECT_EQ(0, within(LIMIT * 3 / 4, ask_all_datasets, _metadata, self));
}

TEST_HARNESS_MAIN

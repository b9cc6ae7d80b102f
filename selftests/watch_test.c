// SPDX-License-Identifier: GPL-2.0
/*
 * Reading events: waiting and not waiting, several readers, rings that are too
 * small, and that nothing stays in the kernel after the last reader.
 *
 * What happens is compaction, which a test can cause and count: two events of each
 * zone each time. Somebody else's compaction is seen by all readers alike.
 */
#include <kselftest_harness.h>

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "tracefs.h"
#include "watch.h"

#define COMPACTIONS	(KIND(COMPACTION) | KIND(COMPACTION_BEGIN))
#define TINY		4
#define ROOM		16384
#define TRIES		3
#define CYCLES		1000
#define CYCLE_SECONDS	25

#define expect_errno(_errno, _call) do {		\
	errno = 0;					\
	EXPECT_EQ(-1, (_call));				\
	EXPECT_EQ((_errno), errno);			\
} while (0)

static const char *const traced[] = { "compaction/mm_compaction_end" };

static struct mmscope_watch_arg watch_arg(uint64_t kinds)
{
	struct mmscope_watch_arg arg = { .size = sizeof(arg), .kinds = kinds };

	return arg;
}

TEST(bad_requests_are_refused)
{
	struct mmscope_watch_arg arg;
	char buf[8192];
	int fd = open_device();
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	ASSERT_LE(0, fd);
	expect_errno(EINVAL, read(fd, buf, sizeof(buf)));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLERR, poll_fd.revents);
	arg = watch_arg(0);
	expect_errno(EINVAL, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	arg = watch_arg(KIND(LOST));
	expect_errno(EOPNOTSUPP, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	arg = watch_arg(1ULL << 63);
	expect_errno(EOPNOTSUPP, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	arg = watch_arg(COMPACTIONS);
	arg.flags = 1;
	expect_errno(EOPNOTSUPP, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	arg = watch_arg(COMPACTIONS);
	arg.records = MMSCOPE_WATCH_RECORDS_MAX + 1;
	expect_errno(E2BIG, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));

	arg = watch_arg(COMPACTIONS | 1ULL << 63);
	arg.records = 5;
	ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	EXPECT_EQ(COMPACTIONS, arg.kinds);
	EXPECT_EQ(8, arg.records);
	EXPECT_EQ(sizeof(struct mmscope_event), arg.rec_size);
	arg = watch_arg(COMPACTIONS);
	expect_errno(EBUSY, ioctl(fd, MMSCOPE_IOC_WATCH, &arg));
	expect_errno(EINVAL, read(fd, buf, sizeof(struct mmscope_event) - 1));
	close(fd);
}

/* a walk of the dataset is no way to get events */
TEST(events_are_not_walked)
{
	struct mmscope_walk_arg walk = walk_arg(MMSCOPE_DS_EVENTS);
	char buf[4096];
	int fd = open_device();

	ASSERT_LE(0, fd);
	walk.buf = (uintptr_t)buf;
	walk.buf_bytes = sizeof(buf);
	expect_errno(EOPNOTSUPP, ioctl(fd, MMSCOPE_IOC_WALK, &walk));
	close(fd);
}

TEST(without_events_it_waits_or_says_so)
{
	int fd = watch_open(KIND(OOM_KILL), 0, O_NONBLOCK);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct mmscope_event ev;

	ASSERT_LE(0, fd);
	expect_errno(EAGAIN, read(fd, &ev, sizeof(ev)));
	EXPECT_EQ(0, poll(&poll_fd, 1, 50));
	close(fd);
}

/* compacts a little later, until it is killed */
static pid_t compact_later(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;) {
		usleep(200000);
		compact();
	}
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(readers_and_pollers_are_woken)
{
	int fd = watch_open(COMPACTIONS, 0, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct mmscope_event ev[3];
	pid_t pid;

	ASSERT_LE(0, fd);
	pid = compact_later();
	EXPECT_EQ(sizeof(ev[0]), read(fd, ev, sizeof(ev[0]) + 1));
	EXPECT_EQ(1, COMPACTIONS >> ev[0].kind & 1);
	/* again and again: no wake-up is missed */
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(1, poll(&poll_fd, 1, 30000));
		EXPECT_EQ(POLLIN, poll_fd.revents);
		EXPECT_LT(0, read(fd, ev, sizeof(ev)));
	}
	end(pid);
	close(fd);
}

/* a signal ends the wait of a reader */
TEST(a_reader_that_waits_can_be_killed)
{
	int fd = watch_open(KIND(OOM_KILL), 0, 0), status;
	struct mmscope_event ev;
	pid_t pid = fork();

	ASSERT_LE(0, fd);
	if (!pid)
		_exit(read(fd, &ev, sizeof(ev)) > 0);
	usleep(200000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	kill(pid, SIGTERM);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	close(fd);
}

/* other than `lost`, which is each reader's own */
static bool same_event(const struct mmscope_event *a, const struct mmscope_event *b)
{
	struct mmscope_event x = *a, y = *b;

	x.lost = 0;
	y.lost = 0;
	return !memcmp(&x, &y, sizeof(x));
}

TEST(each_reader_gets_everything)
{
	struct seen seen[3] = { 0 };
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = watch_open(COMPACTIONS, ROOM, O_NONBLOCK);
		ASSERT_LE(0, fd[i]);
	}
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, compact());
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, watch_drain(fd[i], &seen[i]));
	EXPECT_LE(40, seen[0].nr);
	for (int i = 1; i < 3; i++) {
		EXPECT_EQ(0, seen[i].lost);
		/* one may have watched when somebody else's compaction was under way */
		ASSERT_LE(40, seen[i].nr);
		for (int j = 1; j <= 40; j++)
			EXPECT_TRUE(same_event(&seen[0].ev[seen[0].nr - j],
					       &seen[i].ev[seen[i].nr - j]));
	}
	for (int i = 0; i < 3; i++) {
		close(fd[i]);
		seen_free(&seen[i]);
	}
}

/* a reader of other kinds sees none of these */
TEST(kinds_are_chosen)
{
	int all = watch_open(COMPACTIONS, ROOM, O_NONBLOCK);
	int ends = watch_open(KIND(COMPACTION), ROOM, O_NONBLOCK);
	struct seen seen = { 0 };

	ASSERT_LE(0, all);
	ASSERT_LE(0, ends);
	ASSERT_EQ(0, compact());
	ASSERT_EQ(0, watch_drain(ends, &seen));
	EXPECT_LT(0, seen.nr);
	for (size_t i = 0; i < seen.nr; i++) {
		EXPECT_EQ((uint32_t)MMSCOPE_EVENT_COMPACTION, seen.ev[i].kind);
		EXPECT_NE(MMSCOPE_UNKNOWN, seen.ev[i].duration_ns);
	}
	seen_free(&seen);
	close(all);
	close(ends);
}

/* all: of a reader with room; the tiny one gets some, and knows how many it did not */
static bool lost_are_counted(struct __test_metadata *_metadata)
{
	int big = watch_open(COMPACTIONS, ROOM, O_NONBLOCK);
	int tiny = watch_open(COMPACTIONS, TINY, O_NONBLOCK);
	struct seen all = { 0 }, some = { 0 };
	bool equal;

	ASSERT_LE(0, big);
	ASSERT_LE(0, tiny);
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, compact());
		/* losses in the middle, told by the record behind them */
		if (i == 4)
			ASSERT_EQ(0, watch_drain(tiny, &some));
	}
	ASSERT_EQ(0, watch_drain(tiny, &some));
	ASSERT_EQ(0, watch_drain(big, &all));
	EXPECT_EQ(0, all.lost);
	EXPECT_GE(2 * TINY, some.nr);
	EXPECT_LT(0, some.lost);
	TH_LOG("%zu events: %zu got, %lu lost", all.nr, some.nr, some.lost);
	equal = some.nr + some.lost == all.nr;
	seen_free(&all);
	seen_free(&some);
	close(big);
	close(tiny);
	return equal;
}

TEST(a_tiny_ring_loses_and_counts)
{
	bool equal = false;

	/* somebody else may compact between the two beginnings */
	for (int try = 0; try < TRIES && !equal; try++)
		equal = lost_are_counted(_metadata);
	EXPECT_TRUE(equal);
}

/* a buffer that cannot be written costs events, and they are counted */
TEST(what_faults_is_counted)
{
	int fd = watch_open(KIND(COMPACTION), ROOM, O_NONBLOCK);
	int other = watch_open(KIND(COMPACTION), ROOM, O_NONBLOCK);
	struct seen seen = { 0 }, all = { 0 };
	char *volatile nowhere = NULL;

	ASSERT_LE(0, fd);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, compact());
	expect_errno(EFAULT, read(fd, nowhere, 4096));
	ASSERT_EQ(0, watch_drain(fd, &seen));
	ASSERT_EQ(0, watch_drain(other, &all));
	EXPECT_EQ(1, seen.lost);
	EXPECT_EQ(all.nr, seen.nr + seen.lost);
	seen_free(&seen);
	seen_free(&all);
	close(fd);
	close(other);
}

/* ------------------------------------------------------------ what is left behind */

static int unload(void)
{
	return syscall(SYS_delete_module, "mmscope", O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	const char *path = getenv("MMSCOPE_KO");
	int fd = open(path ? path : "/lib/mmscope/mmscope.ko", O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int lines_of(const char *text, const char *what)
{
	int nr = 0;

	for (const char *p = text; p && (p = strstr(p, what)); p++)
		nr++;
	return nr;
}

/* unloading is refused while a file watches; a killed reader leaves nothing */
TEST(a_killed_reader_lets_the_module_go)
{
	int ready[2], status;
	char byte, *text;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, trace_open(traced, ARRAY_LEN(traced)));
	pid = fork();
	if (!pid) {
		int fd = watch_open(~0ULL, 0, 0);
		struct mmscope_event ev;

		if (fd < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			if (read(fd, &ev, sizeof(ev)) < 0)
				_exit(2);
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(0, compact());
	EXPECT_EQ(-EAGAIN, unload());
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(0, unload());
	/* the module is gone, what it listened to is not, and others listen still */
	ASSERT_EQ(0, compact());
	text = trace_read(traced, ARRAY_LEN(traced));
	EXPECT_LE(2, lines_of(text, "mm_compaction_end:"));
	free(text);
	trace_close();
	EXPECT_EQ(0, load());
	close(ready[0]);
	close(ready[1]);
}

/* kB of vmalloc space in use, where rings are, and of slabs that cannot be reclaimed */
static void memory_used(uint64_t *vmalloc, uint64_t *slab)
{
	*vmalloc = 0;
	*slab = 0;
	read_number("/proc/meminfo", "VmallocUsed", vmalloc);
	read_number("/proc/meminfo", "SUnreclaim", slab);
}

static uint64_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/*
 * Begun and ended while the tracepoints are hit all the time; as often as there is time for.
 * QEMU without KVM may run the breakpoint by which the kernel patches a tracepoint
 * after it is gone, when another CPU comes by at that moment: an oops, also of a
 * kernel that has tracefs alone. So who patches and who comes by share a CPU here;
 * a task is found at any place of compaction nevertheless.
 */
TEST(coming_and_going_leaves_no_trace)
{
	uint64_t vmalloc, slab, vmalloc_after, slab_after, end_at = seconds() + CYCLE_SECONDS;
	int cycles;
	pid_t pid;

	ASSERT_EQ(0, run_on_cpu(0));
	pid = fork();
	if (!pid)
		for (;;)
			compact();
	memory_used(&vmalloc, &slab);
	for (cycles = 0; cycles < CYCLES && seconds() < end_at; cycles++) {
		int fd = watch_open(cycles & 1 ? ~0ULL : KIND(COMPACTION), 4096, O_NONBLOCK);

		ASSERT_LE(0, fd);
		close(fd);
	}
	end(pid);
	memory_used(&vmalloc_after, &slab_after);
	TH_LOG("%d times; vmalloc %lu -> %lu kB, slab %lu -> %lu kB", cycles, vmalloc,
	       vmalloc_after, slab, slab_after);
	EXPECT_LT(10, cycles);
	if (!kernel_has_kasan()) {
		/* a ring is over 800 kB: three that stayed would be seen */
		EXPECT_GE(vmalloc + 2048, vmalloc_after);
		EXPECT_GE(slab + 2048, slab_after);
	}
	EXPECT_EQ(0, unload());
	EXPECT_EQ(0, load());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * overcommit against /proc/meminfo and /proc/sys/vm, and by requests: mmap() of the size
 * that is foretold to be refused, and of one page less. commit_processes against the
 * "ac" flag in smaps.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <dirent.h>

#include "common.h"
#include "process.h"

#define VM "/proc/sys/vm/"

#define TRIES 40

/* settings that the test changes, and has to put back */
static const char *const settings[] = {
	VM "overcommit_memory", VM "overcommit_ratio", VM "overcommit_kbytes",
	VM "admin_reserve_kbytes", VM "user_reserve_kbytes",
};

FIXTURE(commit) {
	int fd;
	char *kept[ARRAY_LEN(settings)];
	struct answer a;
	pid_t child;
};

FIXTURE_SETUP(commit)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_OVERCOMMIT);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		self->kept[i] = read_file(settings[i]);
		ASSERT_NE(NULL, self->kept[i]);
	}
	/* what is foretold is foretold for the CPU that asks */
	ASSERT_EQ(0, run_on_cpu(0));
}

FIXTURE_TEARDOWN(commit)
{
	kill_child(self->child);
	write_file(settings[0], "0");
	/* of ratio and kbytes the one written last counts, and the other becomes 0 */
	if (strcmp(self->kept[2], "0\n"))
		write_file(settings[2], self->kept[2]);
	else
		write_file(settings[1], self->kept[1]);
	write_file(settings[3], self->kept[3]);
	write_file(settings[4], self->kept[4]);
	write_file(settings[0], self->kept[0]);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		free(self->kept[i]);
	answer_free(&self->a);
	close(self->fd);
}

/* without memory of its own, so that asking does not change the answer */
static int ask(int fd, struct mmscope_overcommit *rec)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_OVERCOMMIT);

	arg.buf = (uintptr_t)rec;
	arg.buf_bytes = sizeof(*rec);
	return ioctl(fd, MMSCOPE_IOC_WALK, &arg) || arg.nr != 1 ? -1 : 0;
}

static uint64_t number_in(const char *path)
{
	char *text = read_file(path);
	uint64_t value = text ? strtoull(text, NULL, 10) : ~0ULL;

	free(text);
	return value;
}

static int set_number(const char *path, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	return write_file(path, text);
}

static void check_sums(struct __test_metadata *_metadata, int fd)
{
	uint64_t limit, before, after, hugetlb, swap;
	struct mmscope_overcommit c;
	bool inside = false;

	for (int try = 0; try < TRIES && !inside; try++) {
		ASSERT_EQ(0, read_number("/proc/meminfo", "Committed_AS", &before));
		ASSERT_EQ(0, ask(fd, &c));
		ASSERT_EQ(0, read_number("/proc/meminfo", "Committed_AS", &after));
		inside = before == after && c.committed_pages * PAGE_KB == after;
	}
	ASSERT_EQ(0, read_number("/proc/meminfo", "CommitLimit", &limit));
	ASSERT_EQ(0, read_number("/proc/meminfo", "Hugetlb", &hugetlb));
	ASSERT_EQ(0, read_number("/proc/meminfo", "SwapTotal", &swap));
	EXPECT_EQ(after, c.committed_pages * PAGE_KB);
	EXPECT_EQ(limit, c.limit_pages * PAGE_KB);
	EXPECT_EQ(hugetlb, c.hugetlb_pages * PAGE_KB);
	EXPECT_EQ(swap, c.swap_pages * PAGE_KB);
	EXPECT_EQ((int64_t)(c.limit_pages - c.committed_pages), (int64_t)c.left_pages);
	EXPECT_EQ(number_in(settings[0]), c.mode);
	EXPECT_EQ(number_in(settings[1]), c.ratio_percent);
	EXPECT_EQ(number_in(settings[2]) << 10, c.set_bytes);
	EXPECT_EQ(number_in(settings[3]) / PAGE_KB, c.admin_reserve_pages);
	EXPECT_EQ(number_in(settings[4]) / PAGE_KB, c.user_reserve_pages);
	EXPECT_EQ(0, c.cpu);
}

TEST_F(commit, numbers_are_those_of_meminfo_and_of_the_settings)
{
	check_sums(_metadata, self->fd);
	ASSERT_EQ(0, write_file(settings[1], "75"));
	ASSERT_EQ(0, reserve_huge_pages(4));
	check_sums(_metadata, self->fd);
	write_file("/proc/sys/vm/nr_hugepages", "0");
	ASSERT_EQ(0, write_file(settings[2], "456789"));
	ASSERT_EQ(0, write_file(settings[3], "12345"));
	ASSERT_EQ(0, write_file(settings[4], "54321"));
	check_sums(_metadata, self->fd);
}

/* ----------------------------------------------------------------- requests */

static bool granted(uint64_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, pages * PAGE);
	return true;
}

/* foretold by one who may read, found out by the same process as who it is to be */
static int foretold(int fd, bool user, struct mmscope_overcommit *c)
{
	uint64_t refused;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (ask(fd, c))
			_exit(3);
		refused = user ? c->refused_user_pages : c->refused_root_pages;
		if (!refused)
			_exit(4);
		/* the device is not asked again: it would not answer */
		if (user && setresuid(1000, 1000, 1000))
			_exit(5);
		if (granted(refused))
			_exit(1);
		if (refused > 1 && !granted(refused - 1))
			_exit(2);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int foretold_in_the_end(int fd, bool user, struct mmscope_overcommit *c)
{
	int err = -1;

	/* others may ask for memory meanwhile */
	for (int try = 0; try < TRIES && err; try++) {
		err = foretold(fd, user, c);
		if (err)
			usleep(20000);
	}
	return err;
}

/* the limit is what is promised now and so many pages more */
static int leave(uint64_t pages)
{
	uint64_t committed, swap;

	if (read_number("/proc/meminfo", "Committed_AS", &committed) ||
	    read_number("/proc/meminfo", "SwapTotal", &swap))
		return -1;
	return set_number(settings[2], committed - swap + pages * PAGE_KB);
}

TEST_F(commit, mode_never_refuses_what_is_foretold_and_grants_a_page_less)
{
	struct mmscope_overcommit *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const uint64_t room = 60000;

	ASSERT_NE(MAP_FAILED, c);
	ASSERT_EQ(0, leave(room));
	ASSERT_EQ(0, write_file(settings[3], "40000"));
	ASSERT_EQ(0, write_file(settings[0], "2"));
	ASSERT_EQ(0, foretold_in_the_end(self->fd, false, c));
	/* about what was left: what CPUs have not handed in, and the process's reserve */
	EXPECT_LT(room - 4 * c->batch_pages - c->self_reserve_pages, c->refused_root_pages);
	EXPECT_GT(room + 4 * c->batch_pages, c->refused_root_pages);
	EXPECT_EQ(c->refused_root_pages - 40000 / PAGE_KB, c->refused_user_pages);
	EXPECT_EQ(MMSCOPE_COMMIT_NEVER, c->mode);
	TH_LOG("root: %lu pages are refused, batch %lu", c->refused_root_pages, c->batch_pages);
	ASSERT_EQ(0, foretold_in_the_end(self->fd, true, c));
	TH_LOG("user: %lu pages are refused", c->refused_user_pages);
	munmap(c, PAGE);
}

TEST_F(commit, a_ratio_is_foretold_too)
{
	struct mmscope_overcommit *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, c);
	ASSERT_EQ(0, write_file(settings[1], "60"));
	ASSERT_EQ(0, write_file(settings[0], "2"));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, false, c));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, true, c));
	EXPECT_EQ(60, c->ratio_percent);
	munmap(c, PAGE);
}

/* without memory of our own, so that reading does not change it */
static uint64_t own_pages(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128] = "";

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 10);
}

/* a large process finds less: 1/32 of it is kept */
TEST_F(commit, a_large_process_is_kept_from_the_rest)
{
	struct mmscope_overcommit *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const size_t bytes = 8UL << 30;
	char *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, c);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, leave(100000));
	ASSERT_EQ(0, write_file(settings[4], "1000000"));
	ASSERT_EQ(0, write_file(settings[0], "2"));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, false, c));
	EXPECT_EQ(own_pages() / 32, c->self_reserve_pages);
	EXPECT_LT(260000 / PAGE_KB, c->self_reserve_pages);
	ASSERT_EQ(0, write_file(settings[4], "40000"));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, false, c));
	EXPECT_EQ(40000 / PAGE_KB, c->self_reserve_pages);
	munmap(p, bytes);
	munmap(c, PAGE);
}

TEST_F(commit, mode_guess_refuses_what_is_larger_than_memory)
{
	struct mmscope_overcommit *c = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, c);
	ASSERT_EQ(0, write_file(settings[0], "0"));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, false, c));
	EXPECT_EQ(0, foretold_in_the_end(self->fd, true, c));
	EXPECT_EQ(c->refused_root_pages, c->refused_user_pages);
	ASSERT_EQ(0, write_file(settings[0], "1"));
	ASSERT_EQ(0, ask(self->fd, c));
	EXPECT_EQ(0, c->refused_root_pages);
	EXPECT_EQ(0, c->refused_user_pages);
	EXPECT_TRUE(granted(c->ram_pages + c->swap_pages + 1));
	munmap(c, PAGE);
}

/* ---------------------------------------------------------------- processes */

/* pages of VMAs with the flag, by smaps, and how many these are; -1: it went */
static int64_t accounted(pid_t pid, uint64_t *vmas)
{
	struct maps m = { 0 };
	int64_t pages = 0;

	*vmas = 0;
	if (read_maps_of(pid, "smaps", &m) || !m.nr) {
		maps_free(&m);
		return -1;
	}
	for (size_t i = 0; i < m.nr; i++) {
		if (!map_has(&m.map[i], "ac"))
			continue;
		pages += (m.map[i].end - m.map[i].start) / PAGE;
		++*vmas;
	}
	maps_free(&m);
	return pages;
}

static const struct mmscope_commit_process *find_pid(const struct answer *a, pid_t pid)
{
	const struct mmscope_commit_process *p = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (p[i].pid == (uint32_t)pid)
			return &p[i];
	return NULL;
}

static int ask_processes(FIXTURE_DATA(commit) *self)
{
	answer_free(&self->a);
	return walk_all(self->fd, walk_arg(MMSCOPE_DS_COMMIT_PROCESSES), &self->a);
}

#define PROMISED	3000
#define TOUCHED		1000

static int with_promises(void *arg)
{
	char *p = mmap(NULL, PROMISED * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, TOUCHED * PAGE);
	/* neither of these counts */
	if (mmap(NULL, PROMISED * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return 2;
	if (mmap(NULL, PROMISED * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		return 3;
	if (mmap(NULL, PROMISED * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0) == MAP_FAILED)
		return 4;
	return 0;
}

TEST_F(commit, every_process_has_what_smaps_marks)
{
	const struct mmscope_commit_process *p;
	unsigned int checked = 0, wrong = 1;

	ASSERT_EQ(0, write_file(settings[0], "0"));
	self->child = stopped_child(with_promises, NULL);
	ASSERT_LT(0, self->child);
	for (int try = 0; try < 5 && wrong; try++) {
		wrong = 0;
		checked = 0;
		ASSERT_EQ(0, ask_processes(self));
		p = self->a.records;
		for (size_t i = 0; i < self->a.nr; i++, p++) {
			uint64_t vmas;
			int64_t pages = accounted(p->pid, &vmas);

			/* our own memory moved: the answer is in it */
			if (pages < 0 || p->pid == (uint32_t)getpid())
				continue;
			checked++;
			wrong += p->committed_pages != (uint64_t)pages || p->vmas != vmas;
		}
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LE(3, checked);
	TH_LOG("%u processes, longest hold %lu ns", checked, self->a.max_lock_ns);
}

TEST_F(commit, a_child_is_promised_what_it_asked_for)
{
	const struct mmscope_commit_process *child, *me;
	pid_t bare;

	ASSERT_EQ(0, write_file(settings[0], "0"));
	self->child = stopped_child(with_promises, NULL);
	ASSERT_LT(0, self->child);
	bare = fork();
	if (!bare) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ASSERT_EQ(0, ask_processes(self));
	child = find_pid(&self->a, self->child);
	me = find_pid(&self->a, bare);
	ASSERT_NE(NULL, child);
	ASSERT_NE(NULL, me);
	EXPECT_EQ(me->committed_pages + PROMISED, child->committed_pages);
	/* a thread of an older kernel keeps up to 64 of them to itself */
	EXPECT_LE(TOUCHED - 64, child->backed_pages);
	EXPECT_GT(child->committed_pages, child->backed_pages);
	EXPECT_LE(me->vm_pages + 4 * PROMISED, child->vm_pages);
	kill_child(bare);
}

TEST_HARNESS_MAIN

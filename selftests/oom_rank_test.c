// SPDX-License-Identifier: GPL-2.0
/*
 * oom_rank against oom_score, status and cgroup.procs of every process, and on
 * children of which it is known how the OOM killer must see them.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <dirent.h>
#include <sys/stat.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "eater.h"

#define TABLES		3000	/* page tables of a sparse child */
#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/mmscope-oom"

/* a counter of /proc is exact, that of the OOM killer lags behind by so much a CPU, and three */
static int64_t slack(void)
{
	int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return 3 * cpus * (cpus > 16 ? 2 * cpus : 32) + 3 * 64;
}

static int64_t proc_number(pid_t pid, const char *file)
{
	char path[64], *text;
	int64_t value = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	text = read_file(path);
	if (text && *text)
		value = strtoll(text, NULL, 10);
	free(text);
	return value;
}

static int64_t status_pages(pid_t pid, const char *key)
{
	uint64_t kb = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return read_number(path, key, &kb) ? -1 : (int64_t)(kb / PAGE_KB);
}

static const struct mmscope_oom_rank *find_pid(const struct answer *a, pid_t pid)
{
	const struct mmscope_oom_rank *r = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (r[i].pid == (uint32_t)pid)
			return &r[i];
	return NULL;
}

/* ---------------------------------------------------------------- children */

/* much of everything that counts: pages, swap, page tables; and permille of its own */
static int with_terms(void *arg)
{
	char *sparse = zoo_map(TABLES * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	char *swapped = zoo_anon(2000 * PAGE);

	if (!sparse || !swapped || zoo_prepare(arg))
		return 1;
	madvise(sparse, TABLES * HUGE_2M, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < TABLES; i++)
		__atomic_load_n(sparse + i * HUGE_2M, __ATOMIC_RELAXED);
	touch(swapped, 2000 * PAGE, 64);
	if (madvise(swapped, 2000 * PAGE, MADV_PAGEOUT))
		return 2;
	return write_file("/proc/self/oom_score_adj", "-37");
}

static int with_adj(void *arg)
{
	return write_file("/proc/self/oom_score_adj", arg);
}

/* the parent waits in vfork() while the child is stopped in its memory */
static int with_vfork(void *arg)
{
	pid_t *child = arg;

	if (fork())
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!vfork()) {
		*child = getpid();
		for (;;)
			pause();
	}
	return 0;
}

FIXTURE(oom_rank)
{
	int fd;
	struct zoo *zoo;
	pid_t pid, spared, wanted, zombie;
	struct answer a;
};

FIXTURE_SETUP(oom_rank)
{
	siginfo_t info;

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_OOM_RANK);
	ASSERT_EQ(0, zoo_setup());
	self->zoo = (void *)zoo_map(sizeof(*self->zoo), MAP_SHARED | MAP_ANONYMOUS);
	self->zoo->cow = zoo_anon(ZOO_PAGES * PAGE);
	touch(self->zoo->cow, ZOO_PAGES * PAGE, PAGE);
	self->pid = stopped_child(with_terms, self->zoo);
	self->spared = stopped_child(with_adj, "-1000");
	self->wanted = stopped_child(with_adj, "1000");
	ASSERT_LT(0, self->pid);
	ASSERT_LT(0, self->spared);
	ASSERT_LT(0, self->wanted);
	self->zombie = fork();
	if (!self->zombie)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, self->zombie, &info, WEXITED | WNOWAIT));
}

FIXTURE_TEARDOWN(oom_rank)
{
	answer_free(&self->a);
	kill_child(self->pid);
	kill_child(self->spared);
	kill_child(self->wanted);
	waitpid(self->zombie, NULL, 0);
	zoo_teardown();
	close(self->fd);
}

/* ------------------------------------------------------------------- tests */

static int read_scores(int64_t (*scores)[2])
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int nr = 0;

	for (int pid = 0; pid < MAX_PIDS; pid++)
		scores[pid][0] = -1;
	while (dir && (e = readdir(dir))) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 0 || pid >= MAX_PIDS)
			continue;
		scores[pid][0] = proc_number(pid, "oom_score");
		scores[pid][1] = proc_number(pid, "oom_score_adj");
		nr++;
	}
	closedir(dir);
	return nr;
}

TEST_F_TIMEOUT(oom_rank, every_process_has_the_score_that_proc_tells, 120)
{
	int64_t (*scores)[2] = calloc(MAX_PIDS, sizeof(*scores));
	const struct mmscope_oom_rank *r;
	unsigned int wrong = 1, checked = 0, missed = 0;

	/* what runs may be caught between two numbers: then once more */
	for (int try = 0; try < 5 && wrong; try++) {
		wrong = 0;
		missed = 0;
		checked = 0;
		ASSERT_LT(3, read_scores(scores));
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_OOM_RANK), &self->a));
		r = self->a.records;
		for (size_t i = 0; i < self->a.nr; i++) {
			int64_t after = proc_number(r[i].pid, "oom_score");
			int64_t *before = scores[r[i].pid];

			ASSERT_GT(MAX_PIDS, r[i].pid);
			if (before[0] < 0 || after < 0)
				continue;
			checked++;
			if (!is_between(r[i].oom_score, before[0], after) ||
			    (int64_t)r[i].oom_score_adj != before[1]) {
				TH_LOG("pid %u %s: score %lld adj %lld, /proc says %ld, then %ld, adj %ld",
				       r[i].pid, r[i].comm, r[i].oom_score, r[i].oom_score_adj,
				       before[0], after, before[1]);
				wrong++;
			}
			before[0] = -1;
		}
		for (int pid = 0; pid < MAX_PIDS; pid++)
			missed += scores[pid][0] >= 0 && proc_number(pid, "oom_score") >= 0;
		wrong += missed;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, missed);
	EXPECT_LE(10, checked);
	TH_LOG("%u processes, %lu locks", checked, self->a.locks);
	free(scores);
}

/* it holds still; /proc/PID/status tells each term but for what CPUs have not handed in */
TEST_F(oom_rank, each_term_of_a_child)
{
	const struct mmscope_oom_rank *r;
	uint64_t mem, swap;
	int64_t score;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_OOM_RANK), &self->a));
	r = find_pid(&self->a, self->pid);
	ASSERT_NE(NULL, r);
	EXPECT_GE(slack(), labs((int64_t)r->rss_pages - status_pages(self->pid, "VmRSS")));
	EXPECT_GE(slack(), labs((int64_t)r->rss_anon_pages - status_pages(self->pid, "RssAnon")));
	EXPECT_GE(slack(), labs((int64_t)r->rss_file_pages - status_pages(self->pid, "RssFile")));
	EXPECT_GE(slack(), labs((int64_t)r->rss_shmem_pages - status_pages(self->pid, "RssShmem")));
	EXPECT_GE(slack(), labs((int64_t)r->swap_pages - status_pages(self->pid, "VmSwap")));
	EXPECT_EQ(status_pages(self->pid, "VmPTE"), (int64_t)r->pagetable_pages);
	EXPECT_LT(1500, r->swap_pages);
	EXPECT_LT(TABLES, r->pagetable_pages);
	EXPECT_EQ(-37, (int64_t)r->oom_score_adj);
	EXPECT_EQ(r->rss_pages, r->rss_anon_pages + r->rss_file_pages + r->rss_shmem_pages);
	EXPECT_EQ(r->points, r->rss_pages + r->swap_pages + r->pagetable_pages + r->adj_pages);
	ASSERT_EQ(0, read_number("/proc/meminfo", "MemTotal", &mem));
	ASSERT_EQ(0, read_number("/proc/meminfo", "SwapTotal", &swap));
	EXPECT_EQ(mem / PAGE_KB + swap / PAGE_KB, r->scope_pages);
	EXPECT_EQ(-37 * (int64_t)(r->scope_pages / 1000), (int64_t)r->adj_pages);
	EXPECT_EQ(0, r->scope_memcg);
	score = (1000 + (int64_t)r->points * 1000 / (int64_t)r->scope_pages) * 2 / 3;
	EXPECT_EQ(proc_number(self->pid, "oom_score"), score);
	EXPECT_EQ(MMSCOPE_OOM_NOT_SPARED, r->spared);
	EXPECT_EQ(0, r->flags);
}

TEST_F(oom_rank, worst_first_then_those_who_are_spared)
{
	const struct mmscope_oom_rank *r;
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_OOM_RANK), &self->a));
	r = self->a.records;
	ASSERT_LT(2, self->a.nr);
	/* nobody else has all of the machine's points */
	EXPECT_EQ(self->wanted, (pid_t)r[0].pid);
	for (i = 0; i < self->a.nr && r[i].rank; i++) {
		EXPECT_EQ(i + 1, r[i].rank);
		EXPECT_EQ(MMSCOPE_OOM_NOT_SPARED, r[i].spared);
		EXPECT_EQ(self->a.nr, r[i].processes);
		if (i) {
			EXPECT_LE((int64_t)r[i].points, (int64_t)r[i - 1].points);
		}
		if (i && r[i].points == r[i - 1].points) {
			EXPECT_LE(r[i].started_ns, r[i - 1].started_ns);
		}
	}
	EXPECT_LT(2, i);
	for (; i < self->a.nr; i++) {
		EXPECT_EQ(0, r[i].rank);
		EXPECT_NE(MMSCOPE_OOM_NOT_SPARED, r[i].spared);
	}
}

TEST_F(oom_rank, each_reason_to_be_spared)
{
	pid_t *child = (void *)zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	pid_t parent = stopped_child(with_vfork, child);
	const struct mmscope_oom_rank *r;

	ASSERT_LT(0, parent);
	for (int i = 0; i < 500 && !__atomic_load_n(child, __ATOMIC_RELAXED); i++)
		usleep(10000);
	ASSERT_NE(0, *child);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_OOM_RANK), &self->a));
	r = find_pid(&self->a, 1);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_OOM_INIT, r->spared);
	r = find_pid(&self->a, 2);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_OOM_KTHREAD, r->spared);
	EXPECT_EQ(MMSCOPE_UNKNOWN_SIGNED, r->points);
	r = find_pid(&self->a, self->spared);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_OOM_ADJ, r->spared);
	r = find_pid(&self->a, self->zombie);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_OOM_NO_MM, r->spared);
	r = find_pid(&self->a, *child);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_OOM_VFORK, r->spared);
	EXPECT_EQ(0, proc_number(*child, "oom_score"));
	/* kernel threads, and nobody else, have no address space in /proc */
	r = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		if (r[i].pid == (uint32_t)self->zombie)
			continue;
		EXPECT_EQ(status_pages(r[i].pid, "VmRSS") < 0, r[i].spared == MMSCOPE_OOM_KTHREAD) {
			TH_LOG("pid %u %s", r[i].pid, r[i].comm);
		}
	}
	kill(*child, SIGKILL);
	kill_child(parent);
}

TEST_F(oom_rank, any_place_will_do_to_go_on)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_OOM_RANK);
	const struct mmscope_oom_rank *r;
	struct answer one;

	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	EXPECT_EQ(self->a.nr, one.nr);
	r = one.records;
	for (size_t i = 0; i < one.nr && r[i].rank; i++)
		EXPECT_EQ(i + 1, r[i].rank);
	answer_free(&one);
	arg.cursor.pos = 1;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	r = one.records;
	EXPECT_EQ(2, r->rank);
	answer_free(&one);
	arg.cursor.pos = ~0ULL;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	EXPECT_EQ(0, one.nr);
	answer_free(&one);
	/* only those who may be killed */
	arg = walk_arg(MMSCOPE_DS_OOM_RANK);
	arg.class_mask = 1ULL << MMSCOPE_OOM_NOT_SPARED;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	EXPECT_LT(0, one.nr);
	EXPECT_GT(self->a.nr, one.nr);
	answer_free(&one);
}

static bool is_in(pid_t pid, const char *dir)
{
	char path[128], *text, *save = NULL, *line;
	bool found = false;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	text = read_file(path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		found |= strtol(line, NULL, 10) == pid;
	free(text);
	return found;
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

TEST_F(oom_rank, a_cgroup_has_a_ranking_of_its_own)
{
	static struct eater members[] = {
		{ CGROUP "/first", "100", 8 << 20 },
		{ CGROUP "/below", "-50", 12 << 20 },
		{ CGROUP "/below", "0", 4 << 20 },
	};
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_OOM_RANK);
	const struct mmscope_oom_rank *r;
	pid_t pids[ARRAY_LEN(members)];
	uint64_t swap;

	ASSERT_EQ(0, write_file(CGROUPS "/cgroup.subtree_control", "+memory"));
	mkdir(CGROUP, 0700);
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.subtree_control", "+memory"));
	mkdir(CGROUP "/first", 0700);
	mkdir(CGROUP "/below", 0700);
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", "67108864"));
	ASSERT_EQ(0, write_file(CGROUP "/memory.swap.max", "1048576"));
	ASSERT_EQ(0, write_file(CGROUP "/memory.oom.group", "1"));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		pids[i] = stopped_child(eat, &members[i]);
	ASSERT_EQ(0, read_number("/proc/meminfo", "SwapTotal", &swap));
	ASSERT_LT(1024, swap);
	arg.memcg = inode_of(CGROUP);
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	r = self->a.records;
	ASSERT_EQ(ARRAY_LEN(members), self->a.nr);
	for (size_t i = 0; i < self->a.nr; i++) {
		const char *dir = is_in(r[i].pid, CGROUP "/first") ? CGROUP "/first" :
								     CGROUP "/below";

		EXPECT_TRUE(is_in(r[i].pid, dir));
		EXPECT_EQ(inode_of(dir), r[i].memcg);
		EXPECT_EQ((67108864 + 1048576) / PAGE, r[i].scope_pages);
		EXPECT_EQ(arg.memcg, r[i].scope_memcg);
		EXPECT_EQ(arg.memcg, r[i].group_memcg);
		EXPECT_EQ((int64_t)r[i].oom_score_adj * (int64_t)(r[i].scope_pages / 1000),
			  (int64_t)r[i].adj_pages);
		EXPECT_EQ(i + 1, r[i].rank);
		EXPECT_EQ(proc_number(r[i].pid, "oom_score"), (int64_t)r[i].oom_score);
	}
	/* 2048 + 1664, 3072 - 832, 1024 pages, and what a program has anyway */
	EXPECT_EQ(pids[0], (pid_t)r[0].pid);
	EXPECT_EQ(pids[1], (pid_t)r[1].pid);
	EXPECT_EQ(pids[2], (pid_t)r[2].pid);
	/* for the machine's OOM the root has no group, this cgroup has */
	answer_free(&self->a);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_OOM_RANK), &self->a));
	r = find_pid(&self->a, pids[0]);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(arg.memcg, r->group_memcg);
	r = find_pid(&self->a, self->pid);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(0, r->group_memcg);
	EXPECT_EQ(inode_of(CGROUPS), r->memcg);
	answer_free(&self->a);
	arg.memcg = 0x7ffffff0;
	EXPECT_EQ(-ENOENT, walk_all(self->fd, arg, &self->a));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		kill_child(pids[i]);
	rmdir(CGROUP "/first");
	rmdir(CGROUP "/below");
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * processes against status, stat and oom_score of every process, read before
 * and after; and on a stopped child that has one of each.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <dirent.h>
#include <pthread.h>

#include "common.h"
#include "process.h"
#include "zoo.h"

/* what /proc says of a process; the order of `numbers` */
enum number {
	PPID, UID, THREADS, VM, RSS, ANON, FILE_, SHMEM, SWAP, TABLES, HUGETLB, LOCKED, PINNED,
	PEAK, MINOR, MAJOR, ADJ, SCORE, NR_NUMBERS,
};

static const char *const names[NR_NUMBERS] = {
	"ppid", "uid", "threads", "vm", "rss", "rss_anon", "rss_file", "rss_shmem", "swap",
	"tables", "hugetlb", "locked", "pinned", "peak", "minor", "major", "adj", "score",
};

struct told {
	int64_t n[NR_NUMBERS];
	char comm[16];
};

static int64_t line_of(const char *status, const char *key, unsigned int word, int shift)
{
	const char *p = strstr(status, key);
	int64_t value;

	if (!p)
		return -1;
	p += strlen(key);
	value = strtoll(p, (char **)&p, 10);
	while (word--)
		value = strtoll(p, (char **)&p, 10);
	return value << shift;
}

static char *proc_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_file(path);
}

static void read_status(struct told *t, const char *status)
{
	static const struct {
		const char *key;
		unsigned int word;
		int shift;
		enum number to;
	} lines[] = {
		{ "\nPPid:", 0, 0, PPID }, { "\nUid:", 1, 0, UID }, { "\nThreads:", 0, 0, THREADS },
		{ "\nVmSize:", 0, 10, VM }, { "\nVmRSS:", 0, 10, RSS },
		{ "\nRssAnon:", 0, 10, ANON }, { "\nRssFile:", 0, 10, FILE_ },
		{ "\nRssShmem:", 0, 10, SHMEM }, { "\nVmSwap:", 0, 10, SWAP },
		{ "\nVmPTE:", 0, 10, TABLES }, { "\nHugetlbPages:", 0, 10, HUGETLB },
		{ "\nVmLck:", 0, 10, LOCKED }, { "\nVmPin:", 0, 10, PINNED },
		{ "\nVmHWM:", 0, 10, PEAK },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		t->n[lines[i].to] = line_of(status, lines[i].key, lines[i].word, lines[i].shift);
	sscanf(status, "Name:\t%15[^\n]", t->comm);
}

/* 0; -1: it has no memory, or is gone */
static int read_told(pid_t pid, struct told *t)
{
	char *status = proc_file(pid, "status"), *stat = proc_file(pid, "stat");
	char *adj = proc_file(pid, "oom_score_adj"), *score = proc_file(pid, "oom_score");
	int ret = -1;

	memset(t, 0, sizeof(*t));
	if (status && stat && adj && score && strstr(status, "\nVmSize:")) {
		read_status(t, status);
		ret = sscanf(strrchr(stat, ')') + 2,
			     "%*c %*d %*d %*d %*d %*d %*u %ld %*u %ld",
			     &t->n[MINOR], &t->n[MAJOR]) == 2 ? 0 : -1;
		t->n[ADJ] = strtol(adj, NULL, 10);
		t->n[SCORE] = strtol(score, NULL, 10);
	}
	free(status);
	free(stat);
	free(adj);
	free(score);
	return ret;
}

static void from_record(struct told *t, const struct mmscope_process *p)
{
	const int64_t n[NR_NUMBERS] = {
		p->ppid, p->uid, p->threads, p->vm_bytes, p->rss_bytes, p->rss_anon_bytes,
		p->rss_file_bytes, p->rss_shmem_bytes, p->swap_bytes, p->pagetable_bytes,
		p->hugetlb_bytes, p->locked_bytes, p->pinned_bytes, p->peak_rss_bytes,
		p->minor_faults, p->major_faults, p->oom_score_adj, p->oom_score,
	};

	memset(t, 0, sizeof(*t));
	memcpy(t->n, n, sizeof(n));
	memcpy(t->comm, p->comm, sizeof(t->comm));
}

static const struct mmscope_process *find_pid(const struct answer *a, pid_t pid)
{
	const struct mmscope_process *p = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (p[i].pid == (uint32_t)pid)
			return &p[i];
	return NULL;
}

/* numbers that are not between what was read before and after */
static unsigned int compare(pid_t pid, const struct told *before, const struct told *ours,
			    const struct told *after)
{
	unsigned int wrong = 0;

	for (int i = 0; i < NR_NUMBERS; i++) {
		int64_t a = before->n[i], b = after->n[i];

		if (ours->n[i] >= (a < b ? a : b) && ours->n[i] <= (a < b ? b : a))
			continue;
		wrong++;
		printf("# pid %d %s: %s is %ld, /proc says %ld, then %ld\n", pid, ours->comm,
		       names[i], ours->n[i], a, b);
	}
	return wrong;
}

static int read_all(struct told *told, bool *there)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	int nr = 0;

	memset(there, 0, MAX_PIDS);
	while (dir && (e = readdir(dir))) {
		long pid = strtol(e->d_name, NULL, 10);

		if (pid <= 0 || pid >= MAX_PIDS || read_told(pid, &told[pid]))
			continue;
		there[pid] = true;
		nr++;
	}
	closedir(dir);
	return nr;
}

static void *idle_thread(void *arg)
{
	char *p = zoo_anon(8 * PAGE);

	touch(p, 8 * PAGE, PAGE);
	if (arg)
		return NULL;
	for (;;)
		pause();
}

static int with_threads(void *arg)
{
	pthread_t thread;

	if (zoo_prepare(arg) || write_file("/proc/self/oom_score_adj", "321"))
		return 1;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, idle_thread, NULL))
			return 2;
	/* one that has exited: its faults count */
	if (pthread_create(&thread, NULL, idle_thread, "exit") || pthread_join(thread, NULL))
		return 3;
	usleep(100000);
	return 0;
}

static int unkillable(void *arg)
{
	(void)arg;
	return write_file("/proc/self/oom_score_adj", "-1000");
}

FIXTURE(processes)
{
	int fd;
	struct zoo *zoo;
	pid_t pid;
	pid_t spared;
	struct answer a;
};

FIXTURE_SETUP(processes)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->zoo = (void *)zoo_map(sizeof(*self->zoo), MAP_SHARED | MAP_ANONYMOUS);
	self->zoo->cow = zoo_anon(ZOO_PAGES * PAGE);
	touch(self->zoo->cow, ZOO_PAGES * PAGE, PAGE);
	self->pid = stopped_child(with_threads, self->zoo);
	self->spared = stopped_child(unkillable, NULL);
	ASSERT_LT(0, self->pid);
	ASSERT_LT(0, self->spared);
}

FIXTURE_TEARDOWN(processes)
{
	answer_free(&self->a);
	kill_child(self->pid);
	kill_child(self->spared);
	zoo_teardown();
	close(self->fd);
}

TEST_F(processes, every_process_is_as_proc_tells_it)
{
	struct told *before = calloc(MAX_PIDS, sizeof(*before)), after, ours;
	bool *there = calloc(MAX_PIDS, sizeof(*there));
	const struct mmscope_process *rec;
	unsigned int wrong = 1, checked = 0;

	need_symbol("total_swap_pages");
	/* what runs may be caught between two numbers: then once more */
	for (int try = 0; try < 5 && wrong; try++) {
		wrong = 0;
		checked = 0;
		ASSERT_LT(3, read_all(before, there));
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PROCESSES), &self->a));
		rec = self->a.records;
		for (size_t i = 0; i < self->a.nr; i++) {
			pid_t pid = rec[i].pid;

			ASSERT_GT(MAX_PIDS, pid);
			if (!there[pid] || read_told(pid, &after))
				continue;
			from_record(&ours, &rec[i]);
			EXPECT_STREQ(after.comm, ours.comm);
			wrong += compare(pid, &before[pid], &ours, &after);
			checked++;
			there[pid] = false;
		}
		for (int pid = 0; pid < MAX_PIDS; pid++) {
			EXPECT_EQ(0, there[pid] && !read_told(pid, &after)) {
				TH_LOG("pid %d was passed over", pid);
			}
		}
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LE(4, checked);
	TH_LOG("%u processes, longest lock %lu ns", checked, self->a.max_lock_ns);
	free(before);
	free(there);
}

/* it holds still: each number is one that its child was made to have */
TEST_F(processes, a_child_with_one_of_each)
{
	struct told told, ours;
	const struct mmscope_process *p;

	need_symbol("total_swap_pages");
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PROCESSES), &self->a));
	p = find_pid(&self->a, self->pid);
	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, read_told(self->pid, &told));
	from_record(&ours, p);
	EXPECT_EQ(0, compare(self->pid, &told, &ours, &told));
	EXPECT_EQ(getpid(), p->ppid);
	EXPECT_EQ(0, p->uid);
	EXPECT_EQ(4, p->threads);
	EXPECT_EQ(321, p->oom_score_adj);
	EXPECT_LE(2 * HUGE_2M, p->rss_anon_bytes);
	EXPECT_LE(ZOO_PAGES / 2 * PAGE, p->rss_shmem_bytes);
	EXPECT_LE(ZOO_PAGES / 2 * PAGE, p->swap_bytes);
	EXPECT_LE(2 * HUGE_2M, p->hugetlb_bytes);
	EXPECT_EQ(ZOO_PAGES * PAGE, p->locked_bytes);
	EXPECT_LT(667, p->oom_score);
	p = find_pid(&self->a, self->spared);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, p->oom_score);
	EXPECT_EQ(-1000, (int64_t)p->oom_score_adj);
	p = find_pid(&self->a, 1);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, p->oom_score);
}

TEST_F(processes, pids_ascend_and_any_place_will_do_to_go_on)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PROCESSES);
	const struct mmscope_process *p;
	struct answer one;

	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	p = self->a.records;
	for (size_t i = 1; i < self->a.nr; i++)
		EXPECT_LT(p[i - 1].pid, p[i].pid);
	EXPECT_EQ(NULL, find_pid(&self->a, 2));		/* kthreadd */
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	EXPECT_EQ(self->a.nr, one.nr);
	EXPECT_LE(self->a.nr, one.calls);
	answer_free(&one);
	arg.cursor.pos = self->pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	EXPECT_EQ(self->pid, ((struct mmscope_process *)one.records)->pid);
	answer_free(&one);
}

/* the first thread may exit before the others: the process has its memory still */
static int leaderless(void *arg)
{
	pthread_t thread;

	(void)arg;
	if (pthread_create(&thread, NULL, idle_thread, NULL))
		return 1;
	syscall(SYS_exit, 0);
	return 2;
}

TEST_F(processes, dead_leaders_zombies_and_threads)
{
	const struct mmscope_process *p = NULL;
	pid_t zombie = fork(), headless;
	siginfo_t info;

	if (!zombie)
		_exit(0);
	ASSERT_EQ(0, waitid(P_PID, zombie, &info, WEXITED | WNOWAIT));
	headless = fork();
	if (!headless) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(leaderless(NULL));
	}
	/* its first thread is a zombie at last */
	for (int i = 0; i < 100; i++) {
		char *stat = proc_file(headless, "stat");
		bool dead = strstr(stat, ") Z ");

		free(stat);
		if (dead)
			break;
		usleep(20000);
	}
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PROCESSES), &self->a));
	EXPECT_EQ(NULL, find_pid(&self->a, zombie));
	p = find_pid(&self->a, headless);
	ASSERT_NE(NULL, p);
	EXPECT_LT(8 * PAGE, p->rss_anon_bytes);
	kill_child(headless);
	waitpid(zombie, NULL, 0);
}

/* who may not ptrace others sees only its own */
TEST_F(processes, others_are_refused_to_whom_may_not_ptrace_them)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		const struct mmscope_process *p;

		if (setresuid(1000, 1000, 1000) || prctl(PR_SET_DUMPABLE, 1) ||
		    walk_all(self->fd, walk_arg(MMSCOPE_DS_PROCESSES), &self->a))
			_exit(1);
		p = self->a.records;
		_exit(self->a.nr == 1 && p->pid == (uint32_t)getpid() && p->uid == 1000 ? 0 : 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN

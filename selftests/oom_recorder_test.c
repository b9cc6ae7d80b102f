// SPDX-License-Identifier: GPL-2.0
/*
 * The OOM recorder: OOMs of the machine and of cgroups, made by this test, against
 * what the kernel's log says of them, /proc/vmstat and memory.events; and that
 * nothing of it is left when it is disarmed.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/stat.h>

#include "common.h"
#include "cgroup.h"
#include "process.h"
#include "oom.h"
#include "eater.h"

#define CGROUPS	"/sys/fs/cgroup"
#define CGROUP	CGROUPS "/mmscope-recorder"
#define LIMIT	(48UL << 20)
#define MB	(1UL << 20)

static int arm(int fd, bool on)
{
	struct mmscope_oom_arg arg = { .size = sizeof(arg), .arm = on };

	return ioctl(fd, MMSCOPE_IOC_OOM, &arg) ? -errno : 0;
}

static int read_last(int fd, struct mmscope_oom_last *last)
{
	struct answer a;
	int err = walk_all(fd, walk_arg(MMSCOPE_DS_OOM_LAST), &a);

	memset(last, 0, sizeof(*last));
	if (!err && a.nr == 1)
		memcpy(last, a.records, sizeof(*last));
	answer_free(&a);
	return err;
}

static uint64_t vm_event(const char *name)
{
	uint64_t value = 0;

	read_number("/proc/vmstat", name, &value);
	return value;
}

FIXTURE(recorder)
{
	int fd;
	bool kasan;
	struct mmscope_oom_last last;
};

FIXTURE_SETUP(recorder)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_OOM_LAST);
	self->kasan = kernel_has_kasan();
	ASSERT_EQ(0, arm(self->fd, false));
	write_file("/proc/sys/vm/panic_on_oom", "0");
	ASSERT_EQ(0, write_file(CGROUPS "/cgroup.subtree_control", "+memory"));
	mkdir(CGROUP, 0700);
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", "50331648"));
	ASSERT_EQ(0, write_file(CGROUP "/memory.swap.max", "0"));
	ASSERT_EQ(0, write_file(CGROUP "/memory.oom.group", "0"));
}

FIXTURE_TEARDOWN(recorder)
{
	arm(self->fd, false);
	for (int i = 0; i < 100 && rmdir(CGROUP) && errno == EBUSY; i++)
		usleep(20000);
	close(self->fd);
}

/* ------------------------------------------------------------------- hooks */

TEST_F(recorder, hooks_are_there_while_it_is_armed_and_only_then)
{
	ASSERT_EQ(0, probes_on("mark_victim"));
	EXPECT_EQ(0, probes_on("mm_vmscan_direct_reclaim_begin"));
	if (!self->kasan) {
		EXPECT_EQ(0, is_notified());
	}
	ASSERT_EQ(0, arm(self->fd, true));
	ASSERT_EQ(0, arm(self->fd, true));
	EXPECT_EQ(1, probes_on("mark_victim"));
	EXPECT_EQ(1, probes_on("mm_vmscan_direct_reclaim_begin"));
	if (!self->kasan) {
		EXPECT_EQ(1, is_notified());
	}
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(MMSCOPE_OOM_ARMED, self->last.state);
	EXPECT_EQ(MMSCOPE_OOM_NOTHING, self->last.kind);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, arm(self->fd, false));
		ASSERT_EQ(0, arm(self->fd, true));
	}
	ASSERT_EQ(0, arm(self->fd, false));
	ASSERT_EQ(0, arm(self->fd, false));
	EXPECT_EQ(0, probes_on("mark_victim"));
	EXPECT_EQ(0, probes_on("mm_vmscan_direct_reclaim_begin"));
	if (!self->kasan) {
		EXPECT_EQ(0, is_notified());
	}
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(0, self->last.state);
}

TEST_F(recorder, who_has_an_open_file_but_no_capability_may_not_arm_it)
{
	struct mmscope_oom_arg bad = { .size = sizeof(bad), .arm = 2 };
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(arm(self->fd, true) == -EPERM ? 0 : 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_OOM, &bad));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, probes_on("mark_victim"));
}

/* ----------------------------------------------------------- the kernel's log */

/*
 * Until Linux 6.2 each task counts some faults for itself. A victim that runs before the
 * kernel writes its line, which is after the snapshot, hands them in: so many pages more.
 */
static bool is_count(int64_t log, int64_t ours, int64_t faults)
{
	return log == ours || (has_symbol("sync_mm_rss") && log > ours && log - ours <= faults);
}

#define TASK_FAULTS	66
#define FAULT_AROUND	16	/* pages of a file a fault */

/* "Killed process 12 (comm) total-vm:.. anon-rss:20kB ..": of the last kill of `pid` */
static void check_victim(struct __test_metadata *_metadata, const struct mmscope_oom_last *l,
			 char *log)
{
	char what[64], *line;

	snprintf(what, sizeof(what), "Killed process %u (%.15s)", l->victim_pid, l->victim_comm);
	line = find_last(log, what);
	ASSERT_NE(NULL, line) {
		TH_LOG("no '%s' in the log", what);
	}
	EXPECT_TRUE(is_count(number_after(line, "anon-rss:") / PAGE_KB, l->victim_anon_pages,
			     TASK_FAULTS)) {
		TH_LOG("anon %lld", l->victim_anon_pages);
	}
	EXPECT_TRUE(is_count(number_after(line, "file-rss:") / PAGE_KB, l->victim_file_pages,
			     TASK_FAULTS * FAULT_AROUND)) {
		TH_LOG("file %lld", l->victim_file_pages);
	}
	EXPECT_TRUE(is_count(number_after(line, "shmem-rss:") / PAGE_KB, l->victim_shmem_pages,
			     TASK_FAULTS)) {
		TH_LOG("shmem %lld: %.150s", l->victim_shmem_pages, line);
	}
	EXPECT_EQ(number_after(line, "pgtables:") / PAGE_KB, (int64_t)l->victim_pagetable_pages);
	EXPECT_EQ(number_after(line, "oom_score_adj:"), (int64_t)l->victim_adj);
	EXPECT_EQ(number_after(line, "UID:"), l->victim_uid);
}

/*
 * The tasks that the kernel lists in its log are in the ranking, with these numbers.
 * What runs meanwhile may differ. Returns how many agreed.
 */
static unsigned int check_tasks(struct __test_metadata *_metadata, int fd, char *log)
{
	char *heading = find_last(log, "[  pid  ]"), *line;
	const struct mmscope_oom_rank *r;
	unsigned int agreed = 0, others = 0, missing = 0;
	struct answer a;
	int columns[4];

	EXPECT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_OOM_LAST_RANK), &a));
	r = a.records;
	ASSERT_NE(NULL, heading);
	columns[0] = column_of(heading, "rss");
	columns[1] = column_of(heading, "pgtables_bytes");
	columns[2] = column_of(heading, "swapents");
	columns[3] = column_of(heading, "oom_score_adj");
	for (line = strchr(heading, '\n'); line; line = strchr(line, '\n')) {
		/* behind the time */
		const char *task = strstr(++line, "] [");
		size_t i;
		int64_t pid;

		if (!task || task > strchrnul(line, '\n'))
			break;
		pid = cell(++task, 1);
		for (i = 0; i < a.nr && r[i].pid != (uint32_t)pid; i++)
			;
		if (i == a.nr)
			missing++;
		else if (cell(task, columns[0]) == (int64_t)r[i].rss_pages &&
			 cell(task, columns[1]) / (int64_t)PAGE == (int64_t)r[i].pagetable_pages &&
			 cell(task, columns[2]) == (int64_t)r[i].swap_pages &&
			 cell(task, columns[3]) == (int64_t)r[i].oom_score_adj)
			agreed++;
		else
			others++;
	}
	TH_LOG("tasks in the log: %u as in the ranking, %u with other numbers, %u not in it",
	       agreed, others, missing);
	EXPECT_EQ(0, missing);
	EXPECT_GE(2, others);
	answer_free(&a);
	return agreed;
}

/* ----------------------------------------------------------------- cgroups */

/* who is there when a cgroup runs out of memory */
struct crowd {
	pid_t loser, spared, eater;
	uint64_t faults, kills;	/* so far */
	int status;		/* of the eater, who comes to its end: another one dies */
};

static void crowd_end(struct crowd *c)
{
	kill_child(c->spared);
	kill_child(c->loser);
}

/* one OOM; 0, or a line that failed */
static int crowd_oom(FIXTURE_DATA(recorder) *self, struct crowd *c)
{
	struct eater sleeper = { CGROUP, "500", 16 * MB };	/* and 24M by its adj */
	struct eater other = { CGROUP, "-1000", 4 * MB };
	struct eater eater = { CGROUP, "0", 32 * MB };
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_OOM_RANK);
	const struct mmscope_oom_rank *r;
	struct answer a;

	if (expect_oom_in_log())
		return __LINE__;
	c->faults = vm_event("pgfault");
	c->kills = vm_event("oom_kill");
	c->loser = stopped_child(eat, &sleeper);
	c->spared = stopped_child(eat, &other);
	if (c->loser < 0 || c->spared < 0)
		return __LINE__;
	arg.memcg = inode_of(CGROUP);
	if (walk_all(self->fd, arg, &a) || !a.nr)
		return __LINE__;
	r = a.records;
	if (c->loser != (pid_t)r->pid)
		return __LINE__;
	answer_free(&a);
	if (arm(self->fd, true))
		return __LINE__;
	c->status = run_child(eat_patiently, &eater, &c->eater);
	return read_last(self->fd, &self->last) ? __LINE__ : 0;
}

#define OOM_TRIES 5

TEST_F_TIMEOUT(recorder, an_oom_of_a_cgroup, 240)
{
	cpu_set_t cpus;
	struct crowd c;
	char *log;

	ASSERT_TRUE(stay_on_one_cpu(&cpus));
	/*
	 * Where the victim's CPU stands still its memory is not back in time, and the eater
	 * dies, too: that is another story.
	 */
	for (int i = 0; i < OOM_TRIES; i++) {
		ASSERT_EQ(0, crowd_oom(self, &c));
		if (self->last.kills == 1 || i == OOM_TRIES - 1)
			break;
		crowd_end(&c);
		ASSERT_EQ(0, arm(self->fd, false));
	}
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));
	EXPECT_EQ(0, c.status);
	EXPECT_EQ(1, self->last.snapshot);
	EXPECT_EQ(1, self->last.kills);
	EXPECT_EQ(0, self->last.ooms);
	EXPECT_EQ(0, self->last.missed);
	EXPECT_EQ(MMSCOPE_OOM_MEMCG, self->last.kind);
	EXPECT_EQ(c.loser, (pid_t)self->last.victim_pid);
	EXPECT_EQ(1, self->last.victim_rank);
	EXPECT_EQ(1, self->last.victims);
	EXPECT_EQ(c.eater, (pid_t)self->last.pid);
	EXPECT_EQ(0, self->last.oom_score_adj);
	EXPECT_EQ(MMSCOPE_UNKNOWN32, self->last.order);
	EXPECT_EQ(inode_of(CGROUP), self->last.scope_memcg);
	EXPECT_EQ(inode_of(CGROUP), self->last.victim_memcg);
	EXPECT_EQ(LIMIT / PAGE, self->last.scope_pages);
	EXPECT_GE(LIMIT / PAGE, self->last.scope_used_pages);
	EXPECT_LE(LIMIT / PAGE - 256, self->last.scope_used_pages);
	EXPECT_LE(c.faults, self->last.pgfault);
	EXPECT_GE(vm_event("pgfault"), self->last.pgfault);
	EXPECT_EQ(c.kills + 1, self->last.oom_kill);
	log = kernel_log();
	ASSERT_NE(NULL, log);
	check_victim(_metadata, &self->last, log);
	/* the eater runs on, between the snapshot and the log */
	EXPECT_LE(2, check_tasks(_metadata, self->fd, log));
	TH_LOG("taken in %llu us", self->last.took_ns / 1000);
	free(log);
	crowd_end(&c);
}

TEST_F_TIMEOUT(recorder, a_cgroup_that_is_killed_as_a_whole, 120)
{
	struct eater member = { CGROUP, "0", 8 * MB };
	struct eater eater = { CGROUP, "0", 64 * MB };
	pid_t a, b, pid;
	uint64_t killed = 0;
	int status;

	ASSERT_EQ(0, write_file(CGROUP "/memory.oom.group", "1"));
	a = stopped_child(eat, &member);
	b = stopped_child(eat, &member);
	ASSERT_LT(0, a);
	ASSERT_LT(0, b);
	ASSERT_EQ(0, arm(self->fd, true));
	EXPECT_EQ(SIGKILL, run_eater(&eater, &pid));
	EXPECT_EQ(a, waitpid(a, &status, 0));
	EXPECT_EQ(SIGKILL, status);
	EXPECT_EQ(b, waitpid(b, &status, 0));
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	ASSERT_EQ(0, read_number(CGROUP "/memory.events", "oom_kill", &killed));
	/* the first is killed again with the others, but was marked already */
	EXPECT_EQ(3 + 1, killed);
	EXPECT_EQ(1, self->last.snapshot);
	EXPECT_EQ(3, self->last.victims);
	EXPECT_EQ(3, self->last.kills);
	EXPECT_EQ(pid, (pid_t)self->last.victim_pid);
}

TEST_F_TIMEOUT(recorder, several_ooms_are_counted_and_the_last_is_kept, 120)
{
	struct eater eater = { CGROUP, "0", 64 * MB };
	pid_t pid;

	ASSERT_EQ(0, arm(self->fd, true));
	for (int i = 1; i <= 4; i++) {
		EXPECT_EQ(SIGKILL, run_eater(&eater, &pid));
		ASSERT_EQ(0, read_last(self->fd, &self->last));
		EXPECT_EQ(i, self->last.snapshot);
		EXPECT_EQ(i, self->last.kills);
		EXPECT_EQ(pid, (pid_t)self->last.victim_pid);
		EXPECT_EQ(pid, (pid_t)self->last.pid);
	}
	/* not armed: it is kept, and nothing comes to it */
	ASSERT_EQ(0, arm(self->fd, false));
	EXPECT_EQ(SIGKILL, run_eater(&eater, &pid));
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(4, self->last.snapshot);
	EXPECT_EQ(4, self->last.kills);
	EXPECT_EQ(0, self->last.state & MMSCOPE_OOM_ARMED);
	/* a new beginning */
	ASSERT_EQ(0, arm(self->fd, true));
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(0, self->last.snapshot);
	EXPECT_EQ(0, self->last.kills);
}

TEST_F_TIMEOUT(recorder, a_reader_has_snapshots_of_one_piece, 120)
{
	struct eater eater = { CGROUP, "0", 64 * MB };
	unsigned int reads = 0;
	int status;
	pid_t pid;

	ASSERT_EQ(0, arm(self->fd, true));
	pid = fork();
	if (!pid) {
		pid_t each;

		for (int i = 0; i < 5; i++)
			run_eater(&eater, &each);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		ASSERT_EQ(0, read_last(self->fd, &self->last));
		EXPECT_EQ(0, self->last.state & MMSCOPE_OOM_REWRITTEN);
		EXPECT_EQ(!!self->last.snapshot, !!self->last.victim_pid);
		EXPECT_GE(self->last.kills, self->last.snapshot);
		/* the victim is who asked, in this cgroup */
		EXPECT_EQ(self->last.pid, self->last.victim_pid);
		reads++;
	}
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(5, self->last.snapshot);
	EXPECT_LT(5, reads);
}

/* --------------------------------------------------------------- the machine */

/* "Node 0 Normal free:1234kB boost:0kB min:..kB low:..kB high:..kB": returns how many zones */
static unsigned int check_zones(struct __test_metadata *_metadata, int fd, char *log)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal" };
	const struct mmscope_oom_zone *z;
	struct answer a;
	unsigned int nr = 0;

	EXPECT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_OOM_LAST_ZONES), &a));
	z = a.records;
	for (size_t i = 0; i < a.nr; i++) {
		uint64_t blocks = 0;
		char what[64], *line;

		if (z[i].zone >= ARRAY_LEN(names))
			continue;
		snprintf(what, sizeof(what), "Node %u %s free:", z[i].node, names[z[i].zone]);
		line = find_last(log, what);
		EXPECT_NE(NULL, line) {
			TH_LOG("no '%s' in the log", what);
			continue;
		}
		EXPECT_EQ(number_after(line, "boost:") / PAGE_KB, (int64_t)z[i].watermark_boost);
		EXPECT_EQ(number_after(line, "min:") / PAGE_KB,
			  (int64_t)(z[i].watermark_min + z[i].watermark_boost));
		EXPECT_EQ(number_after(line, "low:") / PAGE_KB,
			  (int64_t)(z[i].watermark_low + z[i].watermark_boost));
		EXPECT_EQ(number_after(line, "high:") / PAGE_KB,
			  (int64_t)(z[i].watermark_high + z[i].watermark_boost));
		EXPECT_EQ(number_after(line, "managed:") / PAGE_KB, (int64_t)z[i].managed_pages);
		/* others run, and free */
		EXPECT_GE(1024, labs(number_after(line, "free:") / PAGE_KB -
				     (int64_t)z[i].free_pages));
		for (int order = 0; order < MMSCOPE_NR_ORDERS; order++)
			if (z[i].free_blocks[order] != MMSCOPE_UNKNOWN)
				blocks += z[i].free_blocks[order] << order;
		EXPECT_GE(512, labs((int64_t)blocks - (int64_t)z[i].free_pages));
		EXPECT_NE(MMSCOPE_KSWAPD_NONE, z[i].kswapd);
		nr++;
	}
	answer_free(&a);
	return nr;
}

/* the largest caches of /proc/slabinfo are there; some grow meanwhile */
static void check_slabs(struct __test_metadata *_metadata, int fd)
{
	const struct mmscope_oom_slab *s;
	const struct mmscope_slab_cache *now;
	unsigned int known = 0;
	struct answer a, b;

	EXPECT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_OOM_LAST_SLABS), &a));
	EXPECT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &b));
	s = a.records;
	now = b.records;
	EXPECT_EQ(32, a.nr);
	for (size_t i = 0; i < a.nr; i++) {
		if (i) {
			EXPECT_LE(s[i].memory_bytes, s[i - 1].memory_bytes);
		}
		for (size_t j = 0; j < b.nr; j++)
			known += !strcmp(now[j].name, s[i].name) && s[i].memory_bytes;
	}
	EXPECT_LE(a.nr, known);
	answer_free(&a);
	answer_free(&b);
}

/* "COMM invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), order=0, ..." */
static void check_asker(struct __test_metadata *_metadata, const struct mmscope_oom_last *l,
			char *log)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} flags[] = {
		{ "__GFP_ZERO", MMSCOPE_GFP_ZERO },
		{ "__GFP_COMP", MMSCOPE_GFP_COMP },
		{ "GFP_HIGHUSER_MOVABLE", MMSCOPE_GFP_MOVABLE },
	};
	char what[64], *line, *end;

	snprintf(what, sizeof(what), "%.15s invoked oom-killer:", l->comm);
	line = find_last(log, what);
	ASSERT_NE(NULL, line) {
		TH_LOG("no '%s' in the log", what);
	}
	end = strchr(line, '\n');
	*end = '\0';
	EXPECT_EQ(number_after(line, "order="), l->order);
	EXPECT_EQ(number_after(line, "oom_score_adj="), (int64_t)l->oom_score_adj);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		EXPECT_EQ(!!strstr(line, flags[i].name), !!(l->gfp & flags[i].flag)) {
			TH_LOG("gfp %#llx: %s", l->gfp, line);
		}
	*end = '\n';
}

TEST_F_TIMEOUT(recorder, an_oom_of_the_machine, 300)
{
	struct eater eater = { NULL, "1000", 64UL << 30 };
	struct eater other = { NULL, "300", 8 * MB };
	const uint64_t faults = vm_event("pgfault"), kills = vm_event("oom_kill");
	uint64_t mem, swap, free_swap;
	pid_t pid, spared;
	char *log;

	system("swapoff -a");
	spared = stopped_child(eat, &other);
	ASSERT_LT(0, spared);
	ASSERT_EQ(0, expect_oom_in_log());
	ASSERT_EQ(0, arm(self->fd, true));
	EXPECT_EQ(SIGKILL, run_eater(&eater, &pid));
	ASSERT_EQ(0, read_last(self->fd, &self->last));
	EXPECT_EQ(1, self->last.snapshot);
	EXPECT_EQ(1, self->last.kills);
	EXPECT_LE(1, self->last.ooms);
	EXPECT_EQ(MMSCOPE_OOM_MACHINE, self->last.kind);
	EXPECT_EQ(pid, (pid_t)self->last.victim_pid);
	EXPECT_EQ(1, self->last.victim_rank);
	EXPECT_EQ(0, self->last.scope_memcg);
	EXPECT_EQ(0, self->last.state & MMSCOPE_OOM_RANK_CUT);
	ASSERT_EQ(0, read_number("/proc/meminfo", "MemTotal", &mem));
	ASSERT_EQ(0, read_number("/proc/meminfo", "SwapTotal", &swap));
	ASSERT_EQ(0, read_number("/proc/meminfo", "SwapFree", &free_swap));
	EXPECT_EQ((mem + swap) / PAGE_KB, self->last.scope_pages);
	EXPECT_EQ(free_swap / PAGE_KB, self->last.free_swap_pages);
	/* it had most of the memory */
	EXPECT_LT(mem / PAGE_KB / 2, self->last.victim_anon_pages);
	EXPECT_LE(faults + self->last.victim_anon_pages, self->last.pgfault);
	EXPECT_GE(vm_event("pgfault"), self->last.pgfault);
	EXPECT_EQ(kills, self->last.oom_kill);
	EXPECT_EQ(kills + 1, vm_event("oom_kill"));
	EXPECT_LT(0, self->last.allocstall);
	log = kernel_log();
	ASSERT_NE(NULL, log);
	check_victim(_metadata, &self->last, log);
	check_asker(_metadata, &self->last, log);
	EXPECT_LE(3, check_tasks(_metadata, self->fd, log));
	EXPECT_EQ(populated_zones(), check_zones(_metadata, self->fd, log));
	if (!(self->last.state & MMSCOPE_OOM_NO_SLABS))
		check_slabs(_metadata, self->fd);
	TH_LOG("taken in %llu us", self->last.took_ns / 1000);
	free(log);
	kill_child(spared);
}

TEST_HARNESS_MAIN

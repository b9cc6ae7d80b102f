// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what the device tells is what tracefs has of the same tracepoints, and
 * what /proc/vmstat counted meanwhile.
 *
 * Everything is made to happen for real: memory is held until a task that is to be
 * killed reclaims and dies, a cgroup runs over, memory is compacted and collapsed.
 * Both records bear the time of the same clock, so that what was under way when
 * one of them began or ended is left out.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "fixture.h"
#include "tracefs.h"
#include "watch.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define HUGE	HUGE_2M
#define CGROUP	"/sys/fs/cgroup/mmscope-event"
#define ROOM	65536
#define TRIES	3

/* kind, tracepoint, what both have of it: field of ours, number in the line of trace */
static const struct pair {
	uint32_t kind;
	const char *event;
	const char *name;
	const char *key;
	size_t offset;
	bool is64;
} pairs[] = {
#define PAIR(_kind, _group, _name, _key, _field) {				\
	MMSCOPE_EVENT_##_kind, _group "/" _name, " " _name ": ", _key,		\
	offsetof(struct mmscope_event, _field),					\
	sizeof(((struct mmscope_event *)0)->_field) == 8 }
	PAIR(KSWAPD_CALL, "vmscan", "mm_vmscan_wakeup_kswapd", "order=", order),
	PAIR(KSWAPD_WAKE, "vmscan", "mm_vmscan_kswapd_wake", "order=", order),
	PAIR(KSWAPD_SLEEP, "vmscan", "mm_vmscan_kswapd_sleep", "nid=", node),
	PAIR(RECLAIM_BEGIN, "vmscan", "mm_vmscan_direct_reclaim_begin", "order=", order),
	PAIR(RECLAIM, "vmscan", "mm_vmscan_direct_reclaim_end", "nr_reclaimed=", pages),
	PAIR(MEMCG_RECLAIM_BEGIN, "vmscan", "mm_vmscan_memcg_reclaim_begin", "order=", order),
	PAIR(MEMCG_RECLAIM, "vmscan", "mm_vmscan_memcg_reclaim_end", "nr_reclaimed=", pages),
	PAIR(COMPACTION_BEGIN, "compaction", "mm_compaction_begin", NULL, cpu),
	PAIR(COMPACTION, "compaction", "mm_compaction_end", NULL, cpu),
	PAIR(FALLBACK, "kmem", "mm_page_alloc_extfrag", "pfn=", pfn),
	PAIR(FALLBACK, "kmem", "mm_page_alloc_extfrag", "alloc_migratetype=", to_type),
	PAIR(FALLBACK, "kmem", "mm_page_alloc_extfrag", "fallback_migratetype=", from_type),
	PAIR(FALLBACK, "kmem", "mm_page_alloc_extfrag", "fallback_order=", block_order),
	PAIR(OOM_KILL, "oom", "mark_victim", "pid=", other_pid),
	PAIR(THP_COLLAPSE, "huge_memory", "mm_collapse_huge_page", NULL, cpu),
};

static const char *events[ARRAY_LEN(pairs)];

/* the last is of huge pages */
static size_t nr_pairs(void)
{
	return has_thp() ? ARRAY_LEN(pairs) : ARRAY_LEN(pairs) - 1;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

/* ------------------------------------------------------------------- pressure */

/* until it is killed; `into`: a file to be written into first */
static pid_t hog(const char *procs)
{
	char number[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(number, sizeof(number), "%d", getpid());
	if (write_file("/proc/self/oom_score_adj", "1000") || (procs && write_file(procs, number)))
		_exit(1);
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(2);
		for (size_t i = 0; i < 1 << 20; i += PAGE)
			p[i] = 1;
	}
}

static bool killed(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGKILL;
}

/*
 * Page cache that can be dropped, as much as the disk has: until the file returned
 * is closed. A driver that was just loaded needs a moment.
 */
static int fill_cache(void)
{
	static char buf[1 << 16];
	int fd = -1;

	for (int try = 0; try < 500 && fd < 0; try++) {
		fd = open("/dev/vda", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			usleep(20000);
	}
	while (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		;
	return fd;
}

/* all free memory but some is held, and a hog takes the rest, and dies */
static bool run_out(int fixture)
{
	uint64_t free_kb = 0;
	int disk = fill_cache();
	bool died = false;
	uint32_t id;

	read_number("/proc/meminfo", "MemFree", &free_kb);
	if (disk < 0 || free_kb < 96 << 10)
		return false;
	if (fixture_hold(fixture, (free_kb - (48 << 10)) / PAGE_KB, 0, "GFP_KERNEL|__GFP_NORETRY",
			 FIXTURE_ANY_NODE, &id) > 0)
		died = killed(hog(NULL));
	fixture_free(fixture, id);
	close(disk);
	return died;
}

static bool run_out_of_cgroup(void)
{
	bool died;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	rmdir(CGROUP);
	if (mkdir(CGROUP, 0755) || write_file(CGROUP "/memory.max", "16M"))
		return false;
	write_file(CGROUP "/memory.swap.max", "0");
	died = killed(hog(CGROUP "/cgroup.procs"));
	for (int try = 0; try < 200 && rmdir(CGROUP); try++)
		usleep(20000);
	return died;
}

/* one huge page out of small ones */
static bool collapse(void)
{
	char *area = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char *p = (char *)(((uintptr_t)area + HUGE - 1) & ~(HUGE - 1));
	int err;

	if (area == MAP_FAILED)
		return false;
	madvise(area, 2 * HUGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < HUGE; i += PAGE)
		p[i] = 1;
	madvise(area, 2 * HUGE, MADV_HUGEPAGE);
	err = madvise(p, HUGE, MADV_COLLAPSE);
	munmap(area, 2 * HUGE);
	return !err;
}

/* ----------------------------------------------------------------- comparing */

/**
 * struct tally - events of one pair in the time that both records cover
 * @nr: how many
 * @sum: of the number that both have
 */
struct tally {
	uint64_t nr;
	uint64_t sum;
};

static uint64_t number_of(const struct mmscope_event *e, const struct pair *p)
{
	const void *at = (const char *)e + p->offset;

	if (!p->key)
		return 0;
	return p->is64 ? *(const uint64_t *)at : *(const uint32_t *)at;
}

static void tally_ours(const struct seen *s, const struct pair *p, uint64_t from, uint64_t to,
		       struct tally *t)
{
	*t = (struct tally){ 0 };
	for (size_t i = 0; i < s->nr; i++) {
		uint64_t us = s->ev[i].ns / 1000;

		if (s->ev[i].kind != p->kind || us < from || us >= to)
			continue;
		t->nr++;
		t->sum += number_of(&s->ev[i], p);
	}
}

/* lines are "  comm-pid  [cpu] flags seconds.micros: name: key=value ..." */
static void tally_theirs(const char *text, const struct pair *p, uint64_t from, uint64_t to,
			 struct tally *t)
{
	*t = (struct tally){ 0 };
	for (const char *at = text; (at = strstr(at, p->name)); at += strlen(p->name)) {
		const char *start = at, *key = p->key ? strstr(at, p->key) : NULL;
		unsigned long s, us;

		while (start > text && start[-1] != ' ')
			start--;
		if (sscanf(start, "%lu.%lu:", &s, &us) != 2 ||
		    s * 1000000 + us < from || s * 1000000 + us >= to)
			continue;
		t->nr++;
		if (key)
			t->sum += strtoull(key + strlen(p->key), NULL, 0);
	}
}

static uint64_t vmstat(const char *name)
{
	uint64_t value = 0;

	read_number("/proc/vmstat", name, &value);
	return value;
}

static uint64_t allocstalls(void)
{
	return vmstat("allocstall_dma") + vmstat("allocstall_dma32") +
	       vmstat("allocstall_normal") + vmstat("allocstall_movable");
}

static uint64_t count(const struct seen *s, uint32_t kind)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < s->nr; i++)
		nr += s->ev[i].kind == kind;
	return nr;
}

FIXTURE(events)
{
	int fixture;
	int fd;
	struct seen seen;
};

/*
 * A kswapd that tests before this one made give up: older kernels wake it again as soon as
 * anything is reclaimed, Linux 7 only if memory is not short then, or after this.
 */
static void let_kswapd_try(void)
{
	static const char demotion[] = "/sys/kernel/mm/numa/demotion_enabled";

	write_file(demotion, "1");
	write_file(demotion, "0");
}

FIXTURE_SETUP(events)
{
	for (size_t i = 0; i < nr_pairs(); i++)
		events[i] = pairs[i].event;
	self->fd = -1;
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	ASSERT_LE(0, system("modprobe virtio_pci 2> /dev/null; modprobe virtio_blk 2> /dev/null"));
	let_kswapd_try();
}

FIXTURE_TEARDOWN(events)
{
	seen_free(&self->seen);
	if (self->fd >= 0)
		close(self->fd);
	close(self->fixture);
	fixture_unload();
	trace_close();
}

/* Do both have the same of each kind? Says where not. */
static bool same(struct __test_metadata *_metadata, const struct seen *s, const char *text,
		 uint64_t from, uint64_t to)
{
	bool equal = true;

	for (size_t i = 0; i < nr_pairs(); i++) {
		struct tally ours, theirs;

		tally_ours(s, &pairs[i], from, to, &ours);
		tally_theirs(text, &pairs[i], from, to, &theirs);
		TH_LOG("%s %s: %lu, sum %lu", pairs[i].event, pairs[i].key ?: "", ours.nr,
		       ours.sum);
		if (ours.nr == theirs.nr && (!pairs[i].key || ours.sum == theirs.sum))
			continue;
		TH_LOG("but tracefs has %lu, sum %lu", theirs.nr, theirs.sum);
		equal = false;
	}
	return equal;
}

TEST_F_TIMEOUT(events, are_those_of_tracefs, 300)
{
	bool equal = false;

	for (int try = 0; try < TRIES && !equal; try++) {
		uint64_t from, to;
		char *text;

		seen_free(&self->seen);
		self->fd = watch_open(~0ULL, ROOM, O_NONBLOCK);
		ASSERT_LE(0, self->fd);
		ASSERT_EQ(0, trace_open(events, nr_pairs()));
		from = now_us();
		ASSERT_TRUE(run_out(self->fixture));
		ASSERT_TRUE(run_out_of_cgroup());
		ASSERT_EQ(0, compact());
		EXPECT_EQ(has_thp(), collapse());
		usleep(200000);
		to = now_us();
		text = trace_read(events, nr_pairs());
		trace_close();
		ASSERT_NE(NULL, text);
		ASSERT_EQ(0, watch_drain(self->fd, &self->seen));
		close(self->fd);
		self->fd = -1;
		ASSERT_EQ(0, self->seen.lost);
		equal = same(_metadata, &self->seen, text, from, to);
		free(text);
	}
	EXPECT_TRUE(equal);
	/* a test of nothing proves nothing */
	for (uint32_t kind = MMSCOPE_EVENT_WATERMARK; kind < MMSCOPE_NR_EVENTS; kind++) {
		if (kind >= MMSCOPE_EVENT_THP_COLLAPSE && !has_thp())
			continue;
		EXPECT_LT(0, count(&self->seen, kind)) {
			TH_LOG("no event of kind %u", kind);
		}
	}
}

/* counters move by themselves: before, ours, after, on a system that is quiet at both ends */
TEST_F_TIMEOUT(events, are_what_vmstat_counts, 300)
{
	uint64_t scanned = 0, collapsed = 0, any;
	bool equal = false;

	if (read_number("/proc/vmstat", "pageoutrun", &any))
		SKIP(return, "no counters of events in this kernel");

	for (int try = 0; try < TRIES && !equal; try++) {
		uint64_t runs, kills, pages, stalls, collapses;

		seen_free(&self->seen);
		scanned = 0;
		collapsed = 0;
		self->fd = watch_open(~0ULL, ROOM, O_NONBLOCK);
		ASSERT_LE(0, self->fd);
		runs = vmstat("pageoutrun");
		kills = vmstat("oom_kill");
		pages = vmstat("compact_migrate_scanned");
		stalls = allocstalls();
		collapses = vmstat("thp_collapse_alloc");
		ASSERT_TRUE(run_out(self->fixture));
		ASSERT_TRUE(run_out_of_cgroup());
		ASSERT_EQ(0, compact());
		EXPECT_EQ(has_thp(), collapse());
		usleep(200000);
		ASSERT_EQ(0, watch_drain(self->fd, &self->seen));
		runs = vmstat("pageoutrun") - runs;
		kills = vmstat("oom_kill") - kills;
		pages = vmstat("compact_migrate_scanned") - pages;
		stalls = allocstalls() - stalls;
		collapses = vmstat("thp_collapse_alloc") - collapses;
		close(self->fd);
		self->fd = -1;
		ASSERT_EQ(0, self->seen.lost);
		for (size_t i = 0; i < self->seen.nr; i++) {
			if (self->seen.ev[i].kind == MMSCOPE_EVENT_COMPACTION)
				scanned += self->seen.ev[i].pages;
			if (self->seen.ev[i].kind == MMSCOPE_EVENT_THP_COLLAPSE)
				collapsed += self->seen.ev[i].pages / PAGES_2M;
		}
		TH_LOG("runs of kswapd: %lu, vmstat %lu",
		       count(&self->seen, MMSCOPE_EVENT_KSWAPD_WAKE), runs);
		TH_LOG("kills: %lu, vmstat %lu",
		       count(&self->seen, MMSCOPE_EVENT_OOM_KILL), kills);
		TH_LOG("direct reclaims: %lu, vmstat %lu",
		       count(&self->seen, MMSCOPE_EVENT_RECLAIM), stalls);
		TH_LOG("pages scanned by compaction: %lu, vmstat %lu", scanned, pages);
		TH_LOG("collapsed: %lu, vmstat %lu", collapsed, collapses);
		/* a reclaim that begins anew without the protection of cgroups counts twice */
		equal = runs == count(&self->seen, MMSCOPE_EVENT_KSWAPD_WAKE) &&
			kills == count(&self->seen, MMSCOPE_EVENT_OOM_KILL) &&
			stalls >= count(&self->seen, MMSCOPE_EVENT_RECLAIM) &&
			pages == scanned && !!collapsed == has_thp() && collapses >= collapsed;
	}
	EXPECT_TRUE(equal);
}

static uint64_t pages_reclaimed(const struct seen *s)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < s->nr; i++)
		if (s->ev[i].kind == MMSCOPE_EVENT_RECLAIM)
			pages += s->ev[i].pages;
	return pages;
}

/* what is in a record fits together */
TEST_F_TIMEOUT(events, make_sense, 300)
{
	uint64_t begun = 0, timed = 0, last = 0;

	self->fd = watch_open(~0ULL, ROOM, O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	/* the first time kswapd may leave nothing to others; then it has given up */
	for (int try = 0; try < 4 && !pages_reclaimed(&self->seen); try++) {
		ASSERT_TRUE(run_out(self->fixture));
		ASSERT_EQ(0, compact());
		ASSERT_EQ(0, watch_drain(self->fd, &self->seen));
	}
	for (size_t i = 0; i < self->seen.nr; i++) {
		const struct mmscope_event *e = &self->seen.ev[i];

		EXPECT_LT(e->cpu, sysconf(_SC_NPROCESSORS_CONF));
		EXPECT_LT(0, strnlen(e->comm, sizeof(e->comm)));
		/* CPUs may pass each other between the time and the ring, not by much */
		EXPECT_LT(last, e->ns + 1000000000);
		last = e->ns;
		begun += e->kind == MMSCOPE_EVENT_RECLAIM_BEGIN;
		if (e->kind == MMSCOPE_EVENT_RECLAIM) {
			EXPECT_NE(MMSCOPE_UNKNOWN32, e->order);
			EXPECT_TRUE(e->gfp & MMSCOPE_GFP_DIRECT_RECLAIM);
			timed += e->duration_ns != MMSCOPE_UNKNOWN;
		}
		if (e->kind == MMSCOPE_EVENT_WATERMARK) {
			EXPECT_NE(e->from_mark, e->to_mark);
			EXPECT_GE((uint32_t)MMSCOPE_MARK_HIGH, e->to_mark);
		}
		if (e->kind == MMSCOPE_EVENT_FALLBACK) {
			EXPECT_NE(e->from_type, e->to_type);
			EXPECT_LE(e->order, e->block_order);
		}
		if (e->kind == MMSCOPE_EVENT_OOM_KILL)
			EXPECT_STREQ("event_test", e->other_comm);
	}
	EXPECT_LT(0, begun);
	EXPECT_LT(0, timed);
	EXPECT_LT(0, pages_reclaimed(&self->seen));
}

TEST_HARNESS_MAIN

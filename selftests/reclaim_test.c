// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `reclaim` and `reclaim_events`: against /proc/zoneinfo, /proc/vmstat,
 * /proc/sys/vm; then with memory short and kswapd at work. What they tell of compaction,
 * compaction_test has.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <time.h>

#include "common.h"
#include "process.h"
#include "disk.h"
#include "reclaim.h"
#include "zoneinfo.h"

#define MIN_FREE	"/proc/sys/vm/min_free_kbytes"

FIXTURE(reclaim) {
	int fd;
	struct value_names zones;
	struct answer a;
	char min_free[32];
};

FIXTURE_SETUP(reclaim)
{
	char *text = read_file(MIN_FREE);

	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_NE(NULL, text);
	snprintf(self->min_free, sizeof(self->min_free), "%.16s", text);
	free(text);
	self->zones = names_of(self->fd, MMSCOPE_DS_RECLAIM, "zone");
}

FIXTURE_TEARDOWN(reclaim)
{
	write_file(MIN_FREE, self->min_free);
	answer_free(&self->a);
	free(self->zones.values);
	close(self->fd);
}

/* ------------------------------------------------------------- /proc/zoneinfo */

static enum match match_zone(void *ctx, const struct answer *a, const struct zoneinfo_entry *e,
			     uint64_t *value)
{
	const struct value_names *zones = ctx;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_reclaim *z = zone_at(a, i);
		const struct {
			const char *key;
			uint64_t value;
		} fields[] = {
			{ "free", z->free_pages },
			{ "boost", z->watermark_boost },
			/* the watermarks that the distances are to */
			{ "min", z->free_pages - z->above_min },
			{ "low", z->free_pages - z->above_low },
			{ "high", z->free_pages - z->above_high },
			{ "node_unreclaimable", z->kswapd_failures >= 16 },
		};
		size_t f;

		if (z->node != e->node || strcmp(index_name(zones, z->zone), e->zone))
			continue;
		for (f = 0; f < ARRAY_LEN(fields); f++) {
			*value = fields[f].value;
			if (!strcmp(fields[f].key, e->key))
				return MATCH_MOVING;
		}
	}
	*value = e->value;	/* of no concern here */
	return MATCH_MOVING;
}

TEST_F(reclaim, free_pages_and_watermarks_are_those_of_zoneinfo)
{
	struct comparison c = {
		.section = ZONEINFO_ZONE,
		.dataset = MMSCOPE_DS_RECLAIM,
		.match = match_zone,
		.ctx = &self->zones,
	};

	ASSERT_EQ(0, compare_zoneinfo(self->fd, &c))
		TH_LOG("%s", c.report);
}

/* file pages on evictable lists of each zone, and with swap anonymous ones */
static bool reclaimable_is(int fd, const struct value_names *zones, struct answer *a, bool swap)
{
	struct zoneinfo z;
	bool equal = true;
	uint64_t sum = 0;
	size_t i;

	answer_free(a);
	write_file("/proc/sys/vm/stat_refresh", "1");
	if (zoneinfo_read(&z) || walk_all(fd, walk_arg(MMSCOPE_DS_RECLAIM), a))
		return false;
	for (i = 0; i < a->nr; i++) {
		const struct mmscope_reclaim *r = zone_at(a, i);
		const char *zone = index_name(zones, r->zone);
		uint64_t pages = zoneinfo_get(&z, r->node, zone, "nr_zone_inactive_file") +
				 zoneinfo_get(&z, r->node, zone, "nr_zone_active_file");

		if (swap)
			pages += zoneinfo_get(&z, r->node, zone, "nr_zone_inactive_anon") +
				 zoneinfo_get(&z, r->node, zone, "nr_zone_active_anon");
		equal &= r->reclaimable_pages == pages;
		sum += pages;
	}
	zoneinfo_free(&z);
	return equal && sum;
}

TEST_F(reclaim, reclaimable_pages_are_those_on_the_lists)
{
	bool equal = false;
	int try, file;

	if (!disk_setup())
		SKIP(return, "no disk");
	file = disk_read(4 << 20);
	ASSERT_LE(0, file);
	for (try = 0; try < TRIES && !equal; try++) {
		equal = reclaimable_is(self->fd, &self->zones, &self->a, false);
		rest();
	}
	EXPECT_TRUE(equal);
	close(file);
	ASSERT_EQ(0, system("mkswap " DISK " > /dev/null"));
	ASSERT_EQ(0, swapon(DISK, 0));
	for (try = 0, equal = false; try < TRIES && !equal; try++) {
		equal = reclaimable_is(self->fd, &self->zones, &self->a, true);
		rest();
	}
	EXPECT_TRUE(equal);
	swapoff(DISK);
}

/* ------------------------------------------------------------------- settings */

/* a setting is changed, seen, and put back */
#define check_setting(_file, _value, _member) do {				\
	char *before_ = read_file(_file);					\
										\
	ASSERT_NE(NULL, before_);						\
	ASSERT_EQ(0, write_file(_file, #_value));				\
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a)); \
	for (size_t i_ = 0; i_ < self->a.nr; i_++)				\
		EXPECT_EQ(_value, zone_at(&self->a, i_)->_member);		\
	answer_free(&self->a);							\
	write_file(_file, before_);						\
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a)); \
	EXPECT_EQ(atoi(before_), (int)zone_at(&self->a, 0)->_member);		\
	answer_free(&self->a);							\
	free(before_);								\
} while (0)

TEST_F(reclaim, settings_are_those_of_sysctl)
{
	need_symbol("sysctl_extfrag_threshold");
	check_setting("/proc/sys/vm/extfrag_threshold", 717, extfrag_threshold);
	check_setting("/proc/sys/vm/compaction_proactiveness", 13, proactiveness);
}

static bool comm_begins(uint32_t pid, const char *what)
{
	char path[64], *text;
	bool begins;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	text = read_file(path);
	begins = text && !strncmp(text, what, strlen(what));
	free(text);
	return begins;
}

/* state letter of a process */
static char state_of(uint32_t pid)
{
	char path[64], *text, *end, state = '?';

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	text = read_file(path);
	end = text ? strrchr(text, ')') : NULL;
	if (end)
		state = end[2];
	free(text);
	return state;
}

TEST_F(reclaim, daemons_are_threads_that_sleep)
{
	bool asleep = false;
	int try;

	for (try = 0; try < TRIES && !asleep; try++) {
		const struct mmscope_reclaim *z;
		char kswapd, kcompactd;

		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
		z = zone_at(&self->a, 0);
		ASSERT_TRUE(comm_begins(z->kswapd_pid, "kswapd"));
		ASSERT_TRUE(comm_begins(z->kcompactd_pid, "kcompactd"));
		kswapd = state_of(z->kswapd_pid);
		kcompactd = state_of(z->kcompactd_pid);
		asleep = kswapd == 'S' && z->kswapd_state == MMSCOPE_DAEMON_ASLEEP &&
			 kcompactd == 'S' && z->kcompactd_state == MMSCOPE_DAEMON_ASLEEP;
		rest();
	}
	EXPECT_TRUE(asleep);
}

/* ---------------------------------------------------------------- /proc/vmstat */

/* what /proc/vmstat calls otherwise than the enum, beginnings of names */
static const char *const renamed[][2] = {
	{ "compactmigrate_", "compact_migrate_" },
	{ "compactfree_", "compact_free_" },
	{ "compactisolated", "compact_isolated" },
	{ "compactstall", "compact_stall" },
	{ "compactfail", "compact_fail" },
	{ "compactsuccess", "compact_success" },
	{ "kcompactd_", "compact_daemon_" },
	{ "unevictable_pgculled", "unevictable_pgs_culled" },
	{ "unevictable_pgscanned", "unevictable_pgs_scanned" },
	{ "unevictable_pgrescued", "unevictable_pgs_rescued" },
	{ "unevictable_pgmlocked", "unevictable_pgs_mlocked" },
	{ "unevictable_pgmunlocked", "unevictable_pgs_munlocked" },
	{ "unevictable_pgcleared", "unevictable_pgs_cleared" },
	{ "unevictable_pgstranded", "unevictable_pgs_stranded" },
	{ "pgscan_zone_reclaim_", "zone_reclaim_" },
	{ "pgscan_skip_", "pgskip_" },
	{ "nr_vmscan_immediate", "nr_vmscan_immediate_reclaim" },
};

static void vmstat_name(const char *name, char *buf, size_t size)
{
	size_t i;

	snprintf(buf, size, "%s", name);
	for (i = 0; i < ARRAY_LEN(renamed); i++) {
		size_t len = strlen(renamed[i][0]);

		if (!strncmp(name, renamed[i][0], len))
			snprintf(buf, size, "%s%s", renamed[i][1], name + len);
	}
}

/* every counter lies between two readings of /proc/vmstat; returns how many do not */
static size_t compare_vmstat(int fd, size_t *checked, char *report, size_t size)
{
	char *before = read_file("/proc/vmstat"), *after;
	const struct mmscope_reclaim_event *e;
	struct answer a;
	size_t i, bad = 0;
	int err = walk_all(fd, walk_arg(MMSCOPE_DS_RECLAIM_EVENTS), &a);

	after = read_file("/proc/vmstat");
	for (i = 0, e = a.records, *checked = 0; !err && before && after && i < a.nr; i++) {
		char name[64], key[72], *low, *high;
		uint64_t ours = event(&a, e[i].name), from, to;

		vmstat_name(e[i].name, name, sizeof(name));
		snprintf(key, sizeof(key), "\n%s ", name);
		low = strstr(before, key);
		high = strstr(after, key);
		if (!low || !high) {
			snprintf(report, size, "no %s in /proc/vmstat", name);
			bad++;
			continue;
		}
		(*checked)++;
		from = strtoull(low + strlen(key), NULL, 10);
		to = strtoull(high + strlen(key), NULL, 10);
		if (ours < from || ours > to) {
			snprintf(report, size, "%s: %lu then %lu, ours %lu", name, from, to, ours);
			bad++;
		}
	}
	answer_free(&a);
	free(before);
	free(after);
	return err || !before || !after ? 1 : bad;
}

TEST_F_TIMEOUT(reclaim, every_counter_is_that_of_vmstat, 120)
{
	char report[160] = "";
	size_t checked = 0, bad = 1;
	int try;

	for (try = 0; try < TRIES && bad; try++) {
		bad = compare_vmstat(self->fd, &checked, report, sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LT(50, checked);
}

/* no counter of reclaim in /proc/vmstat is missing here */
TEST_F(reclaim, every_counter_of_reclaim_in_vmstat_is_here)
{
	static const char *const prefixes[] = {
		"pgscan", "pgskip", "pgsteal", "pgrefill", "pgactivate", "pgdeactivate", "allocstall",
		"kswapd_", "pageoutrun", "compact_", "workingset_", "pswp", "slabs_scanned",
		"pgdemote", "pgpromote", "unevictable_", "oom_kill", "drop_", "pgrotated",
		"nr_vmscan_", "pglazyfree",
	};
	char *text = read_file("/proc/vmstat"), *line, *save = NULL;
	const struct mmscope_reclaim_event *e;
	size_t i, j;

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM_EVENTS), &self->a));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool wanted = false, found = false;

		line[strcspn(line, " ")] = '\0';
		for (i = 0; i < ARRAY_LEN(prefixes); i++)
			wanted |= !strncmp(line, prefixes[i], strlen(prefixes[i]));
		for (j = 0, e = self->a.records; j < self->a.nr; j++) {
			char name[64];

			vmstat_name(e[j].name, name, sizeof(name));
			found |= !strcmp(name, line);
		}
		EXPECT_TRUE(!wanted || found)
			TH_LOG("%s is missing", line);
	}
	free(text);
}

/* -------------------------------------------------------- memory becomes short */

static size_t ask_alloc(int fd, uint32_t order, struct mmscope_alloc_arg *arg)
{
	static struct mmscope_alloc_zone zones[16];

	*arg = (struct mmscope_alloc_arg){
		.size = sizeof(*arg),
		.order = order,
		.gfp = MMSCOPE_GFP_DIRECT_RECLAIM | MMSCOPE_GFP_KSWAPD_RECLAIM | MMSCOPE_GFP_IO |
		       MMSCOPE_GFP_FS,
		.node = MMSCOPE_ANY,
		.nr = ARRAY_LEN(zones),
		.buf = (uintptr_t)zones,
	};
	return ioctl(fd, MMSCOPE_IOC_ALLOC, arg) ? 0 : arg->nr;
}

/*
 * A node that kswapd has given up, as after an OOM, gets another chance when anything is
 * reclaimed: clean pages of a disk, by memory.reclaim of their cgroup.
 */
static int let_kswapd_try(void)
{
	static const char dir[] = "/sys/fs/cgroup/kswapd_test";
	char command[128];
	int disk, err;

	if (!disk_setup())
		return -1;
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(dir, 0700);
	/* when nobody has it open any more its pages go */
	disk = open(DISK, O_RDONLY | O_CLOEXEC);
	snprintf(command, sizeof(command),
		 "echo 0 > %s/cgroup.procs && dd if=" DISK " of=/dev/null bs=1M count=16 2> /dev/null",
		 dir);
	err = disk < 0 ? -1 : system(command);
	snprintf(command, sizeof(command), "%s/memory.reclaim", dir);
	/* it tells when it was less than asked for */
	write_file(command, "8M");
	close(disk);
	return rmdir(dir) | err;
}

/* Watermarks above what is free: the next allocation wakes kswapd, which finds next to nothing. */
TEST_F_TIMEOUT(reclaim, kswapd_is_woken_and_counts_what_it_does, 120)
{
	uint64_t free_kib, run = vmstat("pageoutrun"), low = 0, failures = 0;
	bool negative = false, busy = false, asked = false;
	struct mmscope_alloc_arg arg;
	struct zoneinfo z;
	char text[32], *mem;
	int try;

	ASSERT_EQ(0, let_kswapd_try());
	ASSERT_EQ(0, read_number("/proc/meminfo", "MemFree", &free_kib));
	snprintf(text, sizeof(text), "%lu", free_kib / 100 * 85);
	ASSERT_EQ(0, write_file(MIN_FREE, text));
	for (try = 0; try < 10 * TRIES && !(negative && low && failures >= 16); try++) {
		const struct mmscope_reclaim *r;
		size_t i;

		/* a single page may come from a CPU's own list, which looks at no watermark */
		mem = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (mem != MAP_FAILED)
			munmap(mem, 4 << 20);
		ASSERT_LT(0, ask_alloc(self->fd, 0, &arg));
		asked |= arg.result == MMSCOPE_ALLOC_SLOW;
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
		for (i = 0; i < self->a.nr; i++) {
			r = zone_at(&self->a, i);
			negative |= (int64_t)r->above_low < 0 && (int64_t)r->above_min > 0;
			busy |= r->kswapd_state == MMSCOPE_DAEMON_RUNNING ||
				r->kswapd_state == MMSCOPE_DAEMON_BLOCKED ||
				r->zone_flags & MMSCOPE_ZONE_RECLAIM || r->kswapd_order ||
				strcmp(index_name(&self->zones, r->kswapd_highest_zone), "none");
			failures = r->kswapd_failures;
		}
		low = vmstat("pageoutrun") - run;
		if (failures < 16)
			usleep(10000);
	}
	EXPECT_TRUE(negative);
	EXPECT_TRUE(asked);
	EXPECT_LT(0, low);
	EXPECT_TRUE(busy);
	/* the node is given up: the kernel says so, too */
	EXPECT_LE(16, failures);
	ASSERT_EQ(0, zoneinfo_read(&z));
	EXPECT_EQ(1, zoneinfo_get(&z, zone_at(&self->a, 0)->node,
				  index_name(&self->zones, zone_at(&self->a, 0)->zone),
				  "node_unreclaimable"));
	zoneinfo_free(&z);
	answer_free(&self->a);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM_EVENTS), &self->a));
	EXPECT_LT(run, event(&self->a, "pageoutrun"));
	EXPECT_LE(event(&self->a, "pgscan_kswapd"), vmstat("pgscan_kswapd"));
}

TEST_F(reclaim, filters_select_a_node_and_a_zone)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_RECLAIM);
	struct answer one;
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	for (i = 0; i < self->a.nr; i++) {
		arg.node = zone_at(&self->a, i)->node;
		arg.zone = zone_at(&self->a, i)->zone;
		ASSERT_EQ(0, walk_all(self->fd, arg, &one));
		ASSERT_EQ(1, one.nr);
		EXPECT_EQ(arg.zone, zone_at(&one, 0)->zone);
		answer_free(&one);
	}
}

TEST_HARNESS_MAIN

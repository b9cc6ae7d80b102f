// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `lru`, with the classic lists and with the multi-gen LRU: against
 * /proc/zoneinfo, memory.stat and lru_gen in debugfs.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "disk.h"
#include "lru.h"
#include "zoneinfo.h"

#define LRU_GEN		"/sys/kernel/debug/lru_gen"

FIXTURE(lru) {
	int fd;
	char *before;
	struct value_names zones;
	struct answer a;
	pid_t pid;
};

FIXTURE_VARIANT(lru) {
	const char *enabled;
};

FIXTURE_VARIANT_ADD(lru, classic) {
	.enabled = "n",
};

FIXTURE_VARIANT_ADD(lru, multi_gen) {
	.enabled = "y",
};

FIXTURE_SETUP(lru)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->zones = names_of(self->fd, MMSCOPE_DS_ZONES, "zone");
	self->before = lru_begin(variant->enabled);
	if (!self->before)
		SKIP(return, "no multi-gen LRU in this kernel");
}

FIXTURE_TEARDOWN(lru)
{
	kill_child(self->pid);
	lru_end(self->before);
	answer_free(&self->a);
	free(self->zones.values);
	close(self->fd);
}

/* what the kernel calls a list in its counters */
static const char *counter_of(const struct mmscope_lru *l)
{
	bool active = l->flags & MMSCOPE_LRU_COUNTS_ACTIVE;

	switch (l->list) {
	case MMSCOPE_LRU_UNEVICTABLE:
		return "unevictable";
	case MMSCOPE_LRU_INACTIVE_FILE:
	case MMSCOPE_LRU_ACTIVE_FILE:
	case MMSCOPE_LRU_GEN_FILE:
		return active ? "active_file" : "inactive_file";
	default:
		return active ? "active_anon" : "inactive_anon";
	}
}

static const char *const counters[] = {
	"inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
};

/* ---------------------------------------------------------------------- sizes */

static uint64_t sum_zone(const struct answer *a, uint32_t node, uint32_t zone,
			 const char *counter)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (list_at(a, i)->node == node && !strcmp(counter_of(list_at(a, i)), counter))
			sum += list_at(a, i)->zone_pages[zone];
	return sum;
}

/* all cgroups together: what each zone counts, when CPUs have folded their parts */
static size_t differs_from_zoneinfo(int fd, const struct value_names *zones, struct answer *a,
				    char *report, size_t size)
{
	size_t i, bad = 0;
	struct zoneinfo z;

	answer_free(a);
	write_file("/proc/sys/vm/stat_refresh", "1");
	if (zoneinfo_read(&z) || walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	for (i = 0; i < z.nr; i++) {
		const struct zoneinfo_entry *e = &z.entries[i];
		int zone = name_index(zones, e->zone);
		uint64_t ours;

		if (strncmp(e->key, "nr_zone_", 8) || zone < 0 ||
		    !strcmp(e->key, "nr_zone_write_pending"))
			continue;
		ours = sum_zone(a, e->node, zone, e->key + 8);
		if (ours == e->value)
			continue;
		bad++;
		snprintf(report, size, "node %u zone %s %s: %lu, ours %lu", e->node, e->zone,
			 e->key, e->value, ours);
	}
	zoneinfo_free(&z);
	return bad;
}

TEST_F_TIMEOUT(lru, sums_of_all_cgroups_are_those_of_zoneinfo, 120)
{
	char report[160] = "";
	size_t bad = 1;
	int try;

	for (try = 0; try < TRIES && bad; try++) {
		bad = differs_from_zoneinfo(self->fd, &self->zones, &self->a, report,
					    sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LT(0, self->a.nr);
}

TEST_F(lru, the_lists_are_those_of_the_lru_that_runs)
{
	bool multi = variant->enabled[0] == 'y';
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
	ASSERT_LT(0, self->a.nr);
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_lru *l = list_at(&self->a, i);
		bool gen = l->list == MMSCOPE_LRU_GEN_ANON || l->list == MMSCOPE_LRU_GEN_FILE;

		EXPECT_EQ(multi, !!(l->flags & MMSCOPE_LRU_MULTI_GEN));
		if (l->list != MMSCOPE_LRU_UNEVICTABLE)
			EXPECT_EQ(multi, gen);
		EXPECT_EQ(gen, l->generation != MMSCOPE_UNKNOWN);
		EXPECT_EQ(gen, l->age_ns != MMSCOPE_UNKNOWN);
	}
}

/* -------------------------------------------------------------------- cgroups */

static uint64_t cgroup_stat(const char *dir, const char *name)
{
	uint64_t value = ~0ULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.stat", dir);
	read_number(path, name, &value);
	return value / PAGE;
}

/* of a cgroup and all below it */
static uint64_t sum_below(const struct answer *a, const char *path, const char *counter)
{
	size_t len = strlen(path), i;
	uint64_t sum = 0;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if ((len > 1 && (strncmp(l->path, path, len) || !strchr("/", l->path[len]))) ||
		    strcmp(counter_of(l), counter))
			continue;
		sum += l->pages;
	}
	return sum;
}

static size_t differs_from_memory_stat(int fd, struct answer *a, char *report, size_t size)
{
	static const char *const dirs[][2] = {
		{ CGROUPS, "/" }, { PARENT, "/lru_test" }, { CHILD, "/lru_test/child" },
	};
	size_t i, j, bad = 0;

	answer_free(a);
	if (walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	for (i = 0; i < ARRAY_LEN(dirs); i++) {
		for (j = 0; j < ARRAY_LEN(counters); j++) {
			uint64_t theirs = cgroup_stat(dirs[i][0], counters[j]);
			uint64_t ours = sum_below(a, dirs[i][1], counters[j]);

			if (theirs == ours)
				continue;
			bad++;
			snprintf(report, size, "%s %s: %lu, ours %lu", dirs[i][0], counters[j],
				 theirs, ours);
		}
	}
	return bad;
}

TEST_F_TIMEOUT(lru, every_cgroup_has_what_its_memory_stat_says, 120)
{
	char report[192] = "";
	size_t bad = 1;
	int try;

	SKIP_WITHOUT_MEMORY_CGROUPS();
	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	/* memory.stat is up to two seconds late */
	for (try = 0; try < 2 * TRIES && bad; try++) {
		bad = differs_from_memory_stat(self->fd, &self->a, report, sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LE(7 * MB / PAGE, sum_below(&self->a, "/lru_test/child", "inactive_anon") +
				 sum_below(&self->a, "/lru_test/child", "active_anon"));
	EXPECT_LE(MB / PAGE, sum_below(&self->a, "/lru_test/child", "unevictable"));
}

TEST_F(lru, cgroups_are_named_by_path_and_inode)
{
	struct stat st;
	size_t i, found = 0;

	SKIP_WITHOUT_MEMORY_CGROUPS();
	ASSERT_EQ(0, stat(CHILD, &st));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_lru *l = list_at(&self->a, i);

		/* one of this name that was removed before may still be there */
		if (l->flags & MMSCOPE_LRU_DYING) {
			EXPECT_NE(st.st_ino, l->memcg);
			continue;
		}
		EXPECT_EQ(!strcmp(l->path, "/lru_test/child"), l->memcg == st.st_ino);
		found += l->memcg == st.st_ino;
	}
	EXPECT_LT(4, found);
}

/* --------------------------------------------------------- lru_gen in debugfs */

static const struct mmscope_lru *generation(const struct answer *a, const char *path,
					    uint32_t node, uint64_t seq, uint32_t list)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if (l->generation == seq && l->list == list && l->node == node &&
		    !strcmp(l->path, path) && !(l->flags & MMSCOPE_LRU_DYING))
			return l;
	}
	return NULL;
}

struct gen_line {
	char path[128];
	uint32_t node;
	uint64_t seq;
	uint64_t age_ms;
	uint64_t pages[2];
};

/* one line and ours; true: both say the same */
static bool same_generation(const struct answer *a, const struct gen_line *g, uint64_t age_ms,
			    char *report, size_t size)
{
	bool same = true;
	uint32_t type;

	for (type = 0; type < 2; type++) {
		const struct mmscope_lru *l = generation(a, g->path, g->node, g->seq,
							 MMSCOPE_LRU_GEN_ANON + type);
		uint64_t pages = l ? l->pages : 0;
		/* jiffies of both, and what passed between the two */
		bool old = !l || (l->age_ns / 1000000 + 8 >= g->age_ms &&
				  l->age_ns / 1000000 <= g->age_ms + age_ms + 8);

		if (pages == g->pages[type] && old)
			continue;
		same = false;
		snprintf(report, size, "%s node %u generation %lu type %u: %lu pages %lu ms, ours %lu, %lu",
			 g->path, g->node, g->seq, type, g->pages[type], g->age_ms, pages,
			 l ? (uint64_t)l->age_ns / 1000000 : 0);
	}
	return same;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static size_t differs_from_lru_gen(int fd, struct answer *a, size_t *checked, char *report,
				   size_t size)
{
	uint64_t began = now_ms(), passed;
	char *text = read_file(LRU_GEN), *line, *save = NULL;
	struct gen_line g = { 0 };
	size_t bad = 0;

	answer_free(a);
	if (!text || walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	passed = now_ms() - began;
	*checked = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int id;

		if (sscanf(line, "memcg %u %127s", &id, g.path) == 2 ||
		    sscanf(line, " node %u", &g.node) == 1)
			continue;
		if (sscanf(line, " %lu %lu %lu %lu", &g.seq, &g.age_ms, &g.pages[0],
			   &g.pages[1]) != 4)
			continue;
		(*checked)++;
		bad += !same_generation(a, &g, passed, report, size);
	}
	free(text);
	return bad;
}

TEST_F_TIMEOUT(lru, generations_are_those_of_debugfs, 120)
{
	char report[256] = "";
	size_t bad = 1, checked = 0;
	int try;

	if (variant->enabled[0] != 'y')
		SKIP(return, "of the multi-gen LRU");
	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	for (try = 0; try < TRIES && bad; try++) {
		bad = differs_from_lru_gen(self->fd, &self->a, &checked, report, sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	/* of the root and two below it */
	EXPECT_LE((has_memory_cgroups() ? 3 : 1) * 2, checked);
}

/* pages on the lists of a removed cgroup; ~0: it does not count as removed */
static uint64_t dying_pages(const struct answer *a, uint64_t memcg)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if (l->memcg != memcg)
			continue;
		if (!(l->flags & MMSCOPE_LRU_DYING))
			return ~0ULL;
		pages += l->pages;
	}
	return pages;
}

/* a cgroup is removed, its page cache stays behind */
TEST_F_TIMEOUT(lru, a_removed_cgroup_that_has_pages_is_dying, 120)
{
	int keep, try, removed = -1;
	uint64_t pages = ~0ULL;
	struct stat st;

	SKIP_WITHOUT_MEMORY_CGROUPS();
	if (!disk_setup())
		SKIP(return, "no disk");
	write_file("/proc/sys/vm/drop_caches", "1");
	ASSERT_EQ(0, stat(CHILD, &st));
	keep = open(DISK, O_RDONLY | O_CLOEXEC);
	self->pid = stopped_child(join_and_read, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	kill_child(self->pid);
	self->pid = 0;
	settle();
	/* it becomes empty, and goes offline, a moment later */
	for (try = 0; try < 2 * TRIES && pages == ~0ULL; try++) {
		if (removed)
			removed = rmdir(CHILD);
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
		pages = dying_pages(&self->a, st.st_ino);
		rest();
	}
	EXPECT_EQ(0, removed);
	EXPECT_LE(LRU_READ_BYTES / PAGE, pages);
	EXPECT_NE(~0ULL, pages);
	close(keep);
}

TEST_HARNESS_MAIN

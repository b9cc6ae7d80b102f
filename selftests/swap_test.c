// SPDX-License-Identifier: GPL-2.0
/*
 * swap_areas and swap_map against /proc/swaps, /proc/meminfo and the pagemap of
 * processes whose pages the test sent to swap, in zram and on a disk.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/stat.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"
#include "swap_disk.h"
#include "slots.h"

#define PAGES	256
#define BYTES	(PAGES * PAGE)

/* a pattern over some clusters */
#define MANY	((16UL << 20) / PAGE)
/* slots, of a huge page where those are swapped as one: with pages of 4K */
#define CLUSTER	(has_thp() && PAGE == 4096 ? 512UL : 256UL)
#define TRIES	30

FIXTURE(swap)
{
	int fd;
	uint64_t disk;
	struct answer areas, map;
	pid_t child;
};

FIXTURE_SETUP(swap)
{
	need_symbol("swap_info");
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->disk = disk_setup();
	ASSERT_LT(0, self->disk);
	swapoff(DISK);
}

FIXTURE_TEARDOWN(swap)
{
	kill_child(self->child);
	answer_free(&self->areas);
	answer_free(&self->map);
	swapoff(DISK);
	zoo_teardown();
	close(self->fd);
}

static int read_areas(FIXTURE_DATA(swap) *self)
{
	answer_free(&self->areas);
	return walk_all(self->fd, walk_arg(MMSCOPE_DS_SWAP_AREAS), &self->areas);
}

static int read_map(FIXTURE_DATA(swap) *self)
{
	answer_free(&self->map);
	return walk_all(self->fd, walk_arg(MMSCOPE_DS_SWAP_MAP), &self->map);
}

/* numbers of areas that are not those of /proc/swaps, whose text does not change meanwhile */
static int compare_swaps(FIXTURE_DATA(swap) *self, size_t *lines)
{
	char *before = read_file("/proc/swaps"), *after = NULL, *line, *save = NULL;
	int wrong = read_areas(self);

	after = read_file("/proc/swaps");
	*lines = 0;
	if (wrong || !before || !after || strcmp(before, after))
		goto out_moved;
	strtok_r(before, "\n", &save);
	while ((line = strtok_r(NULL, "\n", &save))) {
		const struct mmscope_swap_area *a;
		char name[64], type[16];
		uint64_t size, used;
		int prio;

		if (sscanf(line, "%63s %15s %lu %lu %d", name, type, &size, &used, &prio) != 5)
			goto out_moved;
		++*lines;
		a = find_area(&self->areas, name);
		if (!a) {
			wrong++;
			continue;
		}
		wrong += a->pages * PAGE_KB != size;
		wrong += a->used_pages * PAGE_KB != used;
		wrong += a->free_pages != a->pages - a->used_pages;
		wrong += (int64_t)a->priority != prio;
		wrong += (a->kind == MMSCOPE_SWAP_FILE) != !strcmp(type, "file");
		wrong += (a->kind == MMSCOPE_SWAP_ZRAM) != !strncmp(name, "/dev/zram", 9) ||
			 !(a->flags & MMSCOPE_SWAP_WRITEOK);
		wrong += strcmp(a->device, strrchr(name, '/') + 1) && a->kind != MMSCOPE_SWAP_FILE;
	}
	wrong += *lines != self->areas.nr;
	goto out_free;

out_moved:
	wrong = -1;
out_free:
	free(before);
	free(after);
	return wrong;
}

TEST_F(swap, areas_are_those_of_proc_swaps)
{
	const uint32_t bad[] = { 7, 8, self->disk / PAGE / 3 };
	/* its UBSAN takes the header's list of bad slots, declared with one, for one of one */
	const size_t nr_bad = is_linux_7() ? 1 : ARRAY_LEN(bad);
	const struct mmscope_swap_area *a;
	char *p = alone_anon(BYTES);
	size_t lines = 0;
	int wrong = -1;

	ASSERT_EQ(0, make_swap_with(self->disk, bad, nr_bad));
	ASSERT_EQ(0, swapon(DISK, SWAP_PRIO(100)));
	touch(p, BYTES, 64);
	ASSERT_EQ(0, page_out(p, BYTES));
	for (int try = 0; try < TRIES && wrong; try++)
		wrong = compare_swaps(self, &lines);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(2, lines);
	a = find_area(&self->areas, DISK);
	ASSERT_NE(NULL, a);
	EXPECT_EQ(nr_bad, a->bad_pages);
	EXPECT_EQ(self->disk / PAGE, a->slots);
	EXPECT_LE(PAGES, a->used_pages);
	/* the map shows where the bad ones are, and the header */
	ASSERT_EQ(0, read_map(self));
	EXPECT_EQ(nr_bad + 1, slots_in(&self->map, a->swap_type, MMSCOPE_SLOT_BAD));
	for (size_t i = 0; i < nr_bad; i++)
		EXPECT_EQ(MMSCOPE_SLOT_BAD, find_run(&self->map, a->swap_type, bad[i])->state);
	munmap(p, BYTES);
}

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST_F(swap, sums_are_those_of_meminfo)
{
	uint64_t total, free_before, free_after, cached_before, cached_after;
	uint64_t pages, free_pages, cached;
	char *p = alone_anon(BYTES);
	bool same = false;

	ASSERT_EQ(0, make_swap(self->disk));
	ASSERT_EQ(0, swapon(DISK, 0));
	touch(p, BYTES, 64);
	ASSERT_EQ(0, page_out(p, BYTES));
	/* another has the slots too, so that pages read back stay in the swap cache */
	self->child = stopped_child(do_nothing, NULL);
	ASSERT_LT(0, self->child);
	zoo_read(p, BYTES);
	for (int try = 0; try < TRIES && !same; try++) {
		const struct mmscope_swap_area *a;

		/* have CPUs hand in what they counted */
		free(read_file("/proc/sys/vm/stat_refresh"));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SwapTotal", &total));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SwapFree", &free_before));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SwapCached", &cached_before));
		ASSERT_EQ(0, read_areas(self));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SwapFree", &free_after));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SwapCached", &cached_after));
		pages = 0;
		free_pages = 0;
		cached = 0;
		a = self->areas.records;
		for (size_t i = 0; i < self->areas.nr; i++) {
			pages += a[i].pages;
			free_pages += a[i].free_pages;
			cached += a[i].cached_pages;
		}
		/* slots that CPUs have at hand are free in meminfo, and so they are counted */
		same = free_before == free_after && cached_before == cached_after &&
		       cached * PAGE_KB == cached_after;
	}
	EXPECT_EQ(total, pages * PAGE_KB);
	EXPECT_EQ(cached_after, cached * PAGE_KB);
	EXPECT_LE(PAGES, cached);
	EXPECT_LE(free_pages * PAGE_KB, free_after);
	EXPECT_LE(free_after, (free_pages + 2 * 64 * 4) * PAGE_KB);
	munmap(p, BYTES);
}

/* each slot that pagemap names is in the map, used so often */
static size_t slots_used(FIXTURE_DATA(swap) *self, const char *p, size_t pages, uint32_t count,
			 uint32_t flags)
{
	uint64_t *entry = read_pagemap(getpid(), (uintptr_t)p, (uintptr_t)p + pages * PAGE);
	size_t good = 0;

	if (!entry || read_map(self))
		return 0;
	for (size_t i = 0; i < pages; i++) {
		const uint32_t type = entry[i] & 31;
		const uint64_t slot = (entry[i] & PM_FRAME) >> 5;
		const struct mmscope_swap_run *run;

		if (!(entry[i] & PM_SWAP))
			continue;
		run = find_run(&self->map, type, slot);
		good += run && run->state == MMSCOPE_SLOT_USED && run->count == count &&
			(run->flags & flags) == flags;
	}
	free(entry);
	return good;
}

static void check_map(struct __test_metadata *_metadata, FIXTURE_DATA(swap) *self)
{
	char *p = alone_anon(BYTES);

	/* all of it different, so that nothing is kept as a page of zeros */
	for (size_t i = 0; i < PAGES; i++)
		memset(p + i * PAGE, i + 1, PAGE);
	ASSERT_EQ(0, page_out(p, BYTES));
	EXPECT_EQ(PAGES, slots_used(self, p, PAGES, 1, 0));
	self->child = stopped_child(do_nothing, NULL);
	ASSERT_LT(0, self->child);
	EXPECT_EQ(PAGES, slots_used(self, p, PAGES, 2, 0));
	kill_child(self->child);
	EXPECT_EQ(PAGES, slots_used(self, p, PAGES, 1, 0));
	munmap(p, BYTES);
	self->child = 0;
}

TEST_F(swap, the_map_has_the_slots_of_pagemap_in_zram)
{
	check_map(_metadata, self);
}

TEST_F(swap, the_map_has_the_slots_of_pagemap_on_a_disk)
{
	ASSERT_EQ(0, make_swap(self->disk));
	ASSERT_EQ(0, swapon(DISK, SWAP_PRIO(100)));
	check_map(_metadata, self);
}

TEST_F(swap, shared_memory_has_slots_of_its_own)
{
	char *p = alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	/* Linux 7 counts them as it counts page-table entries, and marks them no more */
	uint32_t state = is_linux_7() ? MMSCOPE_SLOT_USED : MMSCOPE_SLOT_SHMEM;
	uint64_t before;

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, read_map(self));
	before = all_in(&self->map, state);
	touch(p, BYTES, 64);
	ASSERT_EQ(0, page_out_until(p, BYTES, PM_PRESENT, 0));
	ASSERT_EQ(0, read_map(self));
	EXPECT_EQ(before + PAGES, all_in(&self->map, state));
	munmap(p, BYTES);
	ASSERT_EQ(0, read_map(self));
	EXPECT_EQ(before, all_in(&self->map, state));
}

/* since 6.12 a page of zeros takes a slot, but is not written */
TEST_F(swap, pages_of_zeros_are_marked)
{
	char *p = alone_anon(BYTES);
	size_t zeros;

	for (size_t i = 0; i < PAGES; i++)
		memset(p + i * PAGE, i % 2, PAGE);
	ASSERT_EQ(0, page_out(p, BYTES));
	zeros = slots_used(self, p, PAGES, 1, MMSCOPE_SLOT_F_ZERO);
	munmap(p, BYTES);
	/* the release that has the one has the other */
	if (!zeros && access("/sys/kernel/mm/transparent_hugepage/shrink_underused", F_OK))
		SKIP(return, "this kernel has no mark for them");
	EXPECT_EQ(PAGES / 2, zeros);
}

/* ------------------------------------------------------------------ clusters */

/* free, partial and full clusters and free slots of partial ones, by the map */
struct clusters {
	uint64_t free, partial, full, scattered, free_slots;
};

static struct clusters clusters_of(const struct answer *map, uint32_t type, uint64_t slots)
{
	const uint64_t nr = (slots + CLUSTER - 1) / CLUSTER;
	uint64_t *use = calloc(nr, sizeof(*use));
	const struct mmscope_swap_run *r = map->records;
	struct clusters c = { 0 };

	for (size_t i = 0; i < map->nr; i++)
		for (uint64_t at = r[i].slot; r[i].swap_type == type && r[i].state &&
		     at < r[i].slot + r[i].slots; at++)
			use[at / CLUSTER]++;
	/* what lies beyond the end is never free */
	if (slots % CLUSTER)
		use[nr - 1] += CLUSTER - slots % CLUSTER;
	for (uint64_t i = 0; i < nr; i++) {
		c.free += !use[i];
		c.full += use[i] == CLUSTER;
		c.partial += use[i] && use[i] < CLUSTER;
		c.free_slots += CLUSTER - use[i];
		c.scattered += use[i] ? CLUSTER - use[i] : 0;
	}
	free(use);
	return c;
}

static bool same_clusters(const struct mmscope_swap_area *a, const struct clusters *c)
{
	return a->clusters == c->free + c->partial + c->full && a->free_clusters == c->free &&
	       a->partial_clusters == c->partial && a->full_clusters == c->full &&
	       a->scattered_pages == c->scattered &&
	       a->scattered_permille == (c->free_slots ? c->scattered * 1000 / c->free_slots : 0);
}

/* map and areas are read one after the other; 0 or -1 */
static int read_quiet(FIXTURE_DATA(swap) *self, const char *name, struct mmscope_swap_area *area)
{
	for (int try = 0; try < TRIES; try++) {
		const struct mmscope_swap_area *a;
		struct clusters c;

		if (read_areas(self) || read_map(self))
			return -1;
		a = find_area(&self->areas, name);
		if (!a)
			return -1;
		*area = *a;
		c = clusters_of(&self->map, a->swap_type, a->slots);
		if (same_clusters(a, &c) && a->used_pages ==
		    slots_in(&self->map, a->swap_type, MMSCOPE_SLOT_USED) +
		    slots_in(&self->map, a->swap_type, MMSCOPE_SLOT_SHMEM) +
		    slots_in(&self->map, a->swap_type, MMSCOPE_SLOT_CACHE) +
		    slots_in(&self->map, a->swap_type, MMSCOPE_SLOT_RESERVED))
			return 0;
		usleep(10000);
	}
	return -1;
}

/* clusters that the pages at p have slots in, by pagemap */
static size_t clusters_touched(const char *p, size_t pages, size_t step)
{
	uint64_t *entry = read_pagemap(getpid(), (uintptr_t)p, (uintptr_t)p + pages * PAGE);
	bool *seen = calloc(1 << 20, sizeof(*seen));
	size_t nr = 0;

	for (size_t i = 0; entry && i < pages; i += step) {
		const uint64_t slot = (entry[i] & PM_FRAME) >> 5;

		if (!(entry[i] & PM_SWAP) || seen[slot / CLUSTER])
			continue;
		seen[slot / CLUSTER] = true;
		nr++;
	}
	free(entry);
	free(seen);
	return nr;
}

static void check_pattern(struct __test_metadata *_metadata, FIXTURE_DATA(swap) *self,
			  const char *name)
{
	struct mmscope_swap_area before, dense, holes, after;
	char *p = alone_anon(MANY * PAGE);
	size_t touched;

	ASSERT_EQ(0, read_quiet(self, name, &before));
	for (size_t i = 0; i < MANY; i++)
		memset(p + i * PAGE, i % 255 + 1, PAGE);
	ASSERT_EQ(0, page_out(p, MANY * PAGE));
	ASSERT_EQ(0, read_quiet(self, name, &dense));
	EXPECT_LE(MANY / CLUSTER - 1, dense.full_clusters - before.full_clusters);
	/* every other one is given back: its neighbours keep the cluster from being free */
	for (size_t i = 0; i < MANY; i += 2)
		madvise(p + i * PAGE, PAGE, MADV_DONTNEED);
	ASSERT_EQ(0, read_quiet(self, name, &holes));
	touched = clusters_touched(p, MANY, 1);
	EXPECT_LE(MANY / CLUSTER, touched);
	EXPECT_LE(touched, holes.partial_clusters);
	/* CPUs keep up to 64 slots that were given back */
	EXPECT_LE(MANY / 2 - 2 * 64, holes.scattered_pages - dense.scattered_pages);
	EXPECT_LT(dense.scattered_permille, holes.scattered_permille);
	munmap(p, MANY * PAGE);
	ASSERT_EQ(0, read_quiet(self, name, &after));
	EXPECT_LE(MANY / CLUSTER / 2, after.free_clusters - holes.free_clusters);
	EXPECT_LT(after.scattered_permille, holes.scattered_permille);
	TH_LOG("%s: %lu, %lu, %lu, then %lu permille scattered; longest lock %lu ns", name,
	       before.scattered_permille, dense.scattered_permille, holes.scattered_permille,
	       after.scattered_permille, self->areas.max_lock_ns);
}

TEST_F(swap, holes_in_clusters_are_seen_in_zram)
{
	check_pattern(_metadata, self, ZRAM);
}

TEST_F(swap, holes_in_clusters_are_seen_on_a_disk)
{
	ASSERT_EQ(0, make_swap(self->disk));
	ASSERT_EQ(0, swapon(DISK, SWAP_PRIO(100)));
	check_pattern(_metadata, self, DISK);
}

/* ------------------------------------------------------------ cgroups, zswap */

#define CGROUP	"/sys/fs/cgroup/mmscope-swap"
#define ZSWAP	"/sys/module/zswap/parameters/"

static int play_cgroup(void *arg)
{
	char *p = alone_anon(BYTES);

	(void)arg;
	if (write_file(CGROUP "/cgroup.procs", "0"))
		return 1;
	touch(p, BYTES, 64);
	return page_out(p, BYTES) ? 2 : 0;
}

static uint64_t bytes_in(const char *path)
{
	char *text = read_file(path);
	uint64_t bytes = text && *text != 'm' ? strtoull(text, NULL, 10) : MMSCOPE_UNKNOWN;

	free(text);
	return bytes;
}

static const struct mmscope_swap_cgroup *find_cgroup(const struct answer *a, const char *path)
{
	const struct mmscope_swap_cgroup *r = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (!strcmp(r[i].path, path))
			return &r[i];
	return NULL;
}

TEST_F(swap, cgroups_have_what_memory_swap_current_says)
{
	const struct mmscope_swap_cgroup *c;
	struct stat st;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(CGROUP, 0755));
	ASSERT_EQ(0, write_file(CGROUP "/memory.swap.max", "33554432"));
	self->child = stopped_child(play_cgroup, NULL);
	ASSERT_LT(0, self->child);
	ASSERT_EQ(0, stat(CGROUP, &st));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SWAP_CGROUPS), &self->map));
	c = find_cgroup(&self->map, "/mmscope-swap");
	ASSERT_NE(NULL, c);
	EXPECT_EQ(st.st_ino, c->memcg);
	EXPECT_LE(PAGES, c->swap_pages);
	EXPECT_EQ(bytes_in(CGROUP "/memory.swap.current"), c->swap_pages * PAGE);
	EXPECT_EQ(33554432 / PAGE, c->limit_pages);
	kill_child(self->child);
	self->child = 0;
	ASSERT_EQ(0, write_file(CGROUP "/memory.swap.max", "max"));
	answer_free(&self->map);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SWAP_CGROUPS), &self->map));
	c = find_cgroup(&self->map, "/mmscope-swap");
	ASSERT_NE(NULL, c);
	/* CPUs keep up to 64 slots that were given back */
	EXPECT_EQ(bytes_in(CGROUP "/memory.swap.current"), c->swap_pages * PAGE);
	EXPECT_GE(2 * 64, c->swap_pages);
	EXPECT_EQ(MMSCOPE_UNKNOWN, c->limit_pages);
	for (int try = 0; try < 100 && rmdir(CGROUP); try++)
		usleep(20000);
	answer_free(&self->map);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SWAP_CGROUPS), &self->map));
	EXPECT_EQ(NULL, find_cgroup(&self->map, "/mmscope-swap"));
}

TEST_F(swap, what_zswap_keeps_is_what_meminfo_says)
{
	const struct mmscope_zswap *z;
	uint64_t stored = 0, pool = 0;
	char *p = alone_anon(BYTES);
	bool same = false;

	if (access(ZSWAP "enabled", F_OK)) {
		EXPECT_EQ(-EOPNOTSUPP,
			  walk_all(self->fd, walk_arg(MMSCOPE_DS_ZSWAP), &self->map));
		return;
	}
	write_file(ZSWAP "zpool", "zsmalloc");
	write_file(ZSWAP "compressor", "lzo-rle");
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZSWAP), &self->map));
	ASSERT_EQ(1, self->map.nr);
	EXPECT_EQ(0, ((struct mmscope_zswap *)self->map.records)->enabled);
	if (write_file(ZSWAP "enabled", "Y"))
		SKIP(return, "zswap cannot be enabled here");
	touch(p, BYTES, 64);
	ASSERT_EQ(0, page_out(p, BYTES));
	for (int try = 0; try < TRIES && !same; try++) {
		ASSERT_EQ(0, read_number("/proc/meminfo", "Zswapped", &stored));
		answer_free(&self->map);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZSWAP), &self->map));
		ASSERT_EQ(0, read_number("/proc/meminfo", "Zswap", &pool));
		z = self->map.records;
		same = z->stored_pages * PAGE_KB == stored && z->pool_bytes >> 10 == pool;
	}
	write_file(ZSWAP "enabled", "N");
	EXPECT_EQ(stored, z->stored_pages * PAGE_KB);
	EXPECT_EQ(pool, z->pool_bytes >> 10);
	EXPECT_EQ(1, z->enabled);
	EXPECT_EQ(bytes_in(ZSWAP "max_pool_percent"), z->max_pool_percent);
	EXPECT_EQ(bytes_in("/sys/kernel/debug/zswap/written_back_pages"), z->written_back_pages);
	EXPECT_EQ(bytes_in("/sys/kernel/debug/zswap/reject_compress_poor"),
		  z->reject_compress_poor);
	EXPECT_EQ(bytes_in("/sys/kernel/debug/zswap/pool_limit_hit"), z->pool_limit_hit);
	EXPECT_LE(PAGES, z->stored_pages);
	TH_LOG("%lu pages in %lu bytes", z->stored_pages, z->pool_bytes);
	munmap(p, BYTES);
}

/* --------------------------------------------------------------------- walks */

TEST_F(swap, runs_cover_each_area_once_and_any_place_will_do_to_go_on)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SWAP_MAP);
	const struct mmscope_swap_run *r;
	struct answer one;
	uint64_t at = 0;

	ASSERT_EQ(0, read_areas(self));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &self->map));
	ASSERT_EQ(1, self->areas.nr);
	r = self->map.records;
	for (size_t i = 0; i < self->map.nr; i++) {
		EXPECT_EQ(at, r[i].slot);
		EXPECT_LT(0, r[i].slots);
		at += r[i].slots;
	}
	EXPECT_EQ(((struct mmscope_swap_area *)self->areas.records)->slots, at);
	arg.cursor.pos = 100;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	ASSERT_LT(0, one.nr);
	EXPECT_EQ(100, ((struct mmscope_swap_run *)one.records)->slot);
	answer_free(&one);
	arg.cursor.pos = ~0ULL;
	ASSERT_EQ(0, walk_all(self->fd, arg, &one));
	EXPECT_EQ(0, one.nr);
	answer_free(&one);
	swapoff(ZRAM);
	ASSERT_EQ(0, read_map(self));
	ASSERT_EQ(0, read_areas(self));
	EXPECT_EQ(0, self->map.nr);
	EXPECT_EQ(0, self->areas.nr);
}

TEST_HARNESS_MAIN

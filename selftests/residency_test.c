// SPDX-License-Identifier: GPL-2.0
/*
 * residency against pagemap, page by page, smaps and /proc/swaps, on a child with
 * pages in two swap areas.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "faults.h"

#define AREAS	32

FIXTURE(residency)
{
	int fd;
	char second[32];
	struct zoo *zoo;
	pid_t pid;
	struct answer a;
};

/* another area, that is used before the first one */
static int second_area(char *path, size_t size)
{
	char command[256];
	char *text = read_file("/sys/class/zram-control/hot_add");

	if (!text)
		return -1;
	snprintf(path, size, "/dev/zram%d", atoi(text));
	snprintf(command, sizeof(command), "echo 16M > /sys/block/zram%d/disksize && "
		 "sleep 1 && mkswap %s > /dev/null", atoi(text), path);
	free(text);
	return system(command) || swapon(path, SWAP_FLAG_PREFER | 100);
}

static char *pages;

/* every page in the first area but for every third, and a hole after each seventh */
static int scatter(void *arg)
{
	const char *second = arg;

	touch(pages, 256 * PAGE, 64);
	for (int i = 0; i < 256; i++)
		if (i % 3 && i % 7 && madvise(pages + i * PAGE, PAGE, MADV_PAGEOUT))
			return 1;
	if (second_area((char *)second, 32) || fill_clusters())
		return 2;
	for (int i = 0; i < 256; i += 3)
		if (madvise(pages + i * PAGE, PAGE, MADV_PAGEOUT))
			return 3;
	return 0;
}

FIXTURE_SETUP(residency)
{
	char *second = zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	pages = zoo_anon(256 * PAGE);
	self->pid = stopped_child(scatter, second);
	ASSERT_LT(0, self->pid);
	snprintf(self->second, sizeof(self->second), "%s", second);
}

FIXTURE_TEARDOWN(residency)
{
	answer_free(&self->a);
	kill_child(self->pid);
	swapoff(self->second);
	zoo_teardown();
	close(self->fd);
}

/* what pagemap tells of one VMA */
static void by_pagemap(pid_t pid, const struct map *m, struct mmscope_residency *sum)
{
	uint64_t *entry = read_pagemap(pid, m->start, m->end);
	uint64_t run[AREAS] = { 0 }, last_slot[AREAS] = { 0 }, last_page[AREAS] = { 0 };

	memset(sum, 0, AREAS * sizeof(*sum));
	for (uint64_t i = 0; entry && i < (m->end - m->start) / PAGE; i++) {
		uint64_t type = entry[i] & 31, slot = (entry[i] & PM_FRAME) >> 5;

		if (!(entry[i] & PM_SWAP))
			continue;
		if (!sum[type].pages || last_page[type] + 1 != i || last_slot[type] + 1 != slot) {
			run[type] = 0;
			sum[type].runs++;
		}
		if (!sum[type].pages || slot < sum[type].lowest_slot)
			sum[type].lowest_slot = slot;
		if (slot > sum[type].highest_slot)
			sum[type].highest_slot = slot;
		if (++run[type] > sum[type].longest_run)
			sum[type].longest_run = run[type];
		sum[type].pages++;
		last_page[type] = i;
		last_slot[type] = slot;
	}
	free(entry);
}

static const struct mmscope_residency *find(const struct answer *a, uint64_t start, uint32_t type)
{
	const struct mmscope_residency *rec = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (rec[i].start == start && rec[i].swap_type == type)
			return &rec[i];
	return NULL;
}

/* does /proc/swaps know the area? */
static bool in_swaps(const char *name)
{
	char *text = read_file("/proc/swaps");
	bool there = *name && strstr(text, name);

	free(text);
	return there;
}

TEST_F(residency, sums_are_those_of_pagemap_and_smaps)
{
	struct mmscope_residency sum[AREAS];
	size_t areas = 0, records = 0;
	struct maps maps;

	need_symbol("swap_info");
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_RESIDENCY, self->pid, &self->a));
	ASSERT_EQ(0, read_maps(self->pid, &maps));
	for (size_t i = 0; i < maps.nr; i++) {
		uint64_t pages = 0;

		by_pagemap(self->pid, &maps.map[i], sum);
		for (uint32_t type = 0; type < AREAS; type++) {
			const struct mmscope_residency *rec =
				find(&self->a, maps.map[i].start, type);

			if (!sum[type].pages) {
				EXPECT_EQ(NULL, rec);
				continue;
			}
			ASSERT_NE(NULL, rec);
			EXPECT_EQ(maps.map[i].end, rec->end);
			EXPECT_EQ(sum[type].pages, rec->pages);
			EXPECT_EQ(sum[type].runs, rec->runs);
			EXPECT_EQ(sum[type].longest_run, rec->longest_run);
			EXPECT_EQ(sum[type].lowest_slot, rec->lowest_slot);
			EXPECT_EQ(sum[type].highest_slot, rec->highest_slot);
			EXPECT_TRUE(in_swaps(rec->name)) {
				TH_LOG("area %u is '%s'", type, rec->name);
			}
			pages += rec->pages;
			areas |= 1 << type;
			records++;
		}
		EXPECT_EQ(maps.map[i].swap, pages * PAGE);
	}
	EXPECT_EQ(records, self->a.nr);
	EXPECT_LE(2, __builtin_popcountl(areas));
	TH_LOG("%zu records, longest hold %lu ns", records, self->a.max_lock_ns);
	maps_free(&maps);
}

/* another process has read a page: it is in the swap cache for those who have not */
TEST_F(residency, pages_in_the_swap_cache)
{
	const struct mmscope_residency *rec;
	uint64_t cached = 0, start = (uintptr_t)pages;
	struct helper helper = { 0 };
	char *p = zoo_anon(8 * PAGE);

	need_symbol("swap_info");
	touch(p, 8 * PAGE, 64);
	drain();
	ASSERT_EQ(0, madvise(p, 8 * PAGE, MADV_PAGEOUT));
	ASSERT_EQ(0, helper_start(&helper));
	(void)*(volatile char *)p;
	(void)*(volatile char *)(p + 5 * PAGE);
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_RESIDENCY, helper.pid, &self->a));
	start = (uintptr_t)p;
	rec = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		if (rec[i].start <= start && rec[i].end > start)
			cached += rec[i].cached_pages;
	/* neighbours may have been read with them */
	EXPECT_LE(2, cached);
	EXPECT_GE(8, cached);
	helper_stop(&helper);
}

/* each record in a call of its own, begun anew where the last one ended */
TEST_F(residency, goes_on_between_two_areas)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_RESIDENCY);
	const struct mmscope_residency *rec;
	struct mmscope_residency one;
	size_t nr = 0;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_RESIDENCY, self->pid, &self->a));
	rec = self->a.records;
	arg.pid = self->pid;
	arg.buf = (uintptr_t)&one;
	arg.buf_bytes = sizeof(one);
	do {
		int fd = open_device();

		ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_WALK, &arg));
		close(fd);
		if (!arg.nr)
			continue;
		ASSERT_LT(nr, self->a.nr);
		EXPECT_EQ(0, memcmp(&rec[nr], &one, sizeof(one)));
		nr++;
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	EXPECT_EQ(self->a.nr, nr);
	EXPECT_LE(2, nr);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that comes and goes: a DIMM is plugged and pulled, its blocks are put on
 * line and off line, while all datasets are read. What is there is seen to the page,
 * as /proc/zoneinfo has it, and what is gone leaves nothing behind.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common.h"
#include "zoneinfo.h"
#include "accounts.h"
#include "process.h"
#include "zoo.h"
#include "hotplug.h"

#define DIMM_BLOCKS	2
#define MOVABLE		"Movable"
#define TRIES		20
#define MAX_DATASETS	64

/* what readers and the test share */
struct arena {
	int stop;
	uint64_t walks, bad, restarts, torn, max_lock_ns;
};

FIXTURE(hotplug)
{
	int fd;
	struct dimm d;
	struct value_names zones;
	struct arena *a;
	pid_t reader[4];
};

FIXTURE_SETUP(hotplug)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->zones = names_of(self->fd, MMSCOPE_DS_ZONES, "zone");
	self->a = mmap(NULL, sizeof(*self->a), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->a);
	ASSERT_EQ(0, monitor_open(&self->d.m));
	ASSERT_EQ(0, dimm_add(&self->d, DIMM_BLOCKS));
}

FIXTURE_TEARDOWN(hotplug)
{
	if (self->d.blocks.nr)
		EXPECT_EQ(0, dimm_remove(&self->d));
	close(self->d.m.fd);
	close(self->fd);
	free(self->zones.values);
}

/* --------------------------------------------------------------- what is there */

static uint64_t zoneinfo_sum(const struct zoneinfo *z, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < z->nr; i++)
		if (z->entries[i].section == ZONEINFO_ZONE && !strcmp(z->entries[i].key, key))
			sum += z->entries[i].value;
	return sum;
}

/* zones, present and managed pages of each, and in the nodes the sums of them */
static void check_zones(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self)
{
	uint64_t present = 0, managed = 0;
	const struct mmscope_node *node;
	const struct mmscope_zone *zone;
	struct zoneinfo z;
	struct answer a;

	ASSERT_EQ(0, zoneinfo_read(&z));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZONES), &a));
	zone = a.records;
	for (size_t i = 0; i < a.nr; i++) {
		const char *name = index_name(&self->zones, zone[i].zone);

		EXPECT_EQ(zoneinfo_get(&z, zone[i].node, name, "present"), zone[i].present_pages);
		EXPECT_EQ(zoneinfo_get(&z, zone[i].node, name, "managed"), zone[i].managed_pages);
		EXPECT_EQ(zoneinfo_get(&z, zone[i].node, name, "spanned"), zone[i].spanned_pages);
	}
	answer_free(&a);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_NODES), &a));
	node = a.records;
	for (size_t i = 0; i < a.nr; i++) {
		present += node[i].present_pages;
		managed += node[i].managed_pages;
	}
	EXPECT_EQ(zoneinfo_sum(&z, "present"), present);
	EXPECT_EQ(zoneinfo_sum(&z, "managed"), managed);
	answer_free(&a);
	zoneinfo_free(&z);
}

/* every frame is in a class, and there are as many as zoneinfo has */
static void check_accounts(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self)
{
	uint64_t all, holes;
	struct zoneinfo z;
	struct answer a;

	ASSERT_EQ(0, zoneinfo_read(&z));
	ASSERT_EQ(0, accounting_read(self->fd, &a));
	all = class_pages(&a, ~0U, ~0U, ALL_CLASSES);
	holes = class_pages(&a, ~0U, ~0U, CLASS(HOLE));
	EXPECT_EQ(zoneinfo_sum(&z, "spanned"), all);
	EXPECT_EQ(zoneinfo_sum(&z, "present"), all - holes);
	answer_free(&a);
	zoneinfo_free(&z);
}

/* frames that a dataset of the DIMM's range has, counted by what its records say */
static uint64_t frames_of(FIXTURE_DATA(hotplug) *self, uint32_t dataset, uint64_t start,
			  uint64_t end)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);
	uint64_t frames = 0, next = start;
	struct answer a;

	arg.start = start;
	arg.end = end;
	if (walk_all(self->fd, arg, &a)) {
		answer_free(&a);
		return ~0ULL;
	}
	for (size_t i = 0; i < a.nr; i++) {
		const char *rec = (char *)a.records + i * a.rec_size;
		/* all of them begin with the frame */
		const uint64_t pfn = *(const uint64_t *)rec;

		if (pfn < next || pfn >= end)
			frames = 1ULL << 60;
		next = pfn + 1;
		if (dataset == MMSCOPE_DS_EXTENTS)
			frames += ((const struct mmscope_extent *)rec)->pages;
		else if (dataset == MMSCOPE_DS_PAGEBLOCKS)
			frames += ((const struct mmscope_pageblock *)rec)->pages;
		else
			frames++;
	}
	answer_free(&a);
	return frames;
}

/* frames in the blocks of the movable zone: the DIMM's alone */
static uint64_t movable_pageblocks(FIXTURE_DATA(hotplug) *self)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGEBLOCKS);
	const struct mmscope_pageblock *rec;
	uint64_t pages = 0;
	struct answer a;

	arg.zone = name_index(&self->zones, MOVABLE);
	if (!walk_all(self->fd, arg, &a)) {
		rec = a.records;
		for (size_t i = 0; i < a.nr; i++)
			pages += rec[i].pages;
	}
	answer_free(&a);
	return pages;
}

static uint64_t movable_free(FIXTURE_DATA(hotplug) *self, uint32_t dataset)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);
	uint64_t pages = 0;
	struct answer a;

	arg.zone = name_index(&self->zones, MOVABLE);
	if (walk_all(self->fd, arg, &a))
		a.nr = 0;
	for (size_t i = 0; i < a.nr; i++) {
		if (dataset == MMSCOPE_DS_BUDDY)
			pages += ((const struct mmscope_buddy *)a.records)[i].pages;
		else
			pages += 1ULL << ((const struct mmscope_free_block *)a.records)[i].order;
	}
	answer_free(&a);
	return pages;
}

static uint64_t zoneinfo_free_pages(void)
{
	struct zoneinfo z;
	uint64_t pages = 0;

	/* what CPUs have not added to the counter yet */
	free(read_file("/proc/sys/vm/stat_refresh"));
	if (!zoneinfo_read(&z)) {
		for (unsigned int node = 0; node < MMSCOPE_NR_NODES; node++)
			pages += zoneinfo_get(&z, node, MOVABLE, "free");
	}
	zoneinfo_free(&z);
	return pages;
}

/* free memory of the zone: between what zoneinfo says before and after, if it stood still */
static bool free_matches(FIXTURE_DATA(hotplug) *self, uint32_t dataset)
{
	uint64_t before = 0, ours = 0, after = 0;

	for (int try = 0; try < TRIES; try++) {
		before = zoneinfo_free_pages();
		ours = movable_free(self, dataset);
		after = zoneinfo_free_pages();
		if (before == after && ours == before)
			return true;
	}
	fprintf(stderr, "# dataset %u: free %lu, then %lu, ours %lu\n", dataset, before, after,
		ours);
	return false;
}

TEST_F_TIMEOUT(hotplug, is_seen_to_the_page, 300)
{
	const uint64_t start = self->d.start, end = self->d.end;
	const uint64_t pages = DIMM_BLOCKS * self->d.blocks.bytes / PAGE;

	ASSERT_EQ(pages, end - start);
	check_zones(_metadata, self);
	check_accounts(_metadata, self);
	EXPECT_EQ(pages, frames_of(self, MMSCOPE_DS_PAGES, start, end));
	EXPECT_EQ(pages, frames_of(self, MMSCOPE_DS_EXTENTS, start, end));
	EXPECT_EQ(pages, movable_pageblocks(self));
	EXPECT_TRUE(free_matches(self, MMSCOPE_DS_BUDDY));
	EXPECT_TRUE(free_matches(self, MMSCOPE_DS_FREE_BLOCKS));

	/* one block off line: half of it */
	ASSERT_EQ(0, block_force(self->d.blocks.id[0], "offline"));
	check_zones(_metadata, self);
	check_accounts(_metadata, self);
	EXPECT_EQ(pages / 2, frames_of(self, MMSCOPE_DS_PAGES, start, end));
	EXPECT_EQ(pages / 2, frames_of(self, MMSCOPE_DS_EXTENTS, start, end));
	EXPECT_EQ(pages / 2, movable_pageblocks(self));
	EXPECT_TRUE(free_matches(self, MMSCOPE_DS_BUDDY));

	ASSERT_EQ(0, dimm_remove(&self->d));
	check_zones(_metadata, self);
	check_accounts(_metadata, self);
	EXPECT_EQ(0, frames_of(self, MMSCOPE_DS_PAGES, start, end));
	EXPECT_EQ(0, frames_of(self, MMSCOPE_DS_EXTENTS, start, end));
	EXPECT_EQ(0, movable_pageblocks(self));
	EXPECT_EQ(0, movable_free(self, MMSCOPE_DS_BUDDY));
}

/* --------------------------------------------------------- cursors over what goes */

/* a few records from the middle of the DIMM; the call can be gone on with */
static int begin_inside(FIXTURE_DATA(hotplug) *self, uint32_t dataset, void *room,
			struct mmscope_walk_arg *arg)
{
	struct mmscope_describe desc = describe_arg(dataset);

	if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc))
		return -errno;
	*arg = walk_arg(dataset);
	if (dataset == MMSCOPE_DS_PAGES || dataset == MMSCOPE_DS_EXTENTS)
		arg->start = self->d.start + (self->d.end - self->d.start) / 2 + 100;
	else
		arg->zone = name_index(&self->zones, MOVABLE);
	arg->buf = (uintptr_t)room;
	arg->buf_bytes = 1 * desc.rec_size;
	if (ioctl(self->fd, MMSCOPE_IOC_WALK, arg))
		return -errno;
	arg->buf_bytes = 16 * desc.rec_size;
	return 0;
}

/* to the end: how many records there were, or -errno */
static int go_on(FIXTURE_DATA(hotplug) *self, struct mmscope_walk_arg *arg)
{
	int nr = 0;

	for (int calls = 0; !(arg->status & MMSCOPE_WALK_DONE); calls++) {
		const struct mmscope_cursor from = arg->cursor;

		if (ioctl(self->fd, MMSCOPE_IOC_WALK, arg))
			return -errno;
		if (arg->cursor.pos < from.pos || calls > 100000)
			return -EPROTO;
		nr += arg->nr;
	}
	return nr;
}

static const uint32_t resumed[] = {
	MMSCOPE_DS_PAGES, MMSCOPE_DS_EXTENTS, MMSCOPE_DS_PAGEBLOCKS, MMSCOPE_DS_FREE_BLOCKS,
	MMSCOPE_DS_LRU_PAGES,
};

TEST_F_TIMEOUT(hotplug, a_cursor_over_what_is_gone_ends, 300)
{
	struct mmscope_walk_arg arg[ARRAY_LEN(resumed)];
	static char room[1 << 16];
	char *p = zoo_anon(16 << 20);
	size_t i;

	/* something on the lists of the LRU */
	ASSERT_NE(NULL, p);
	touch(p, 16 << 20, PAGE);
	for (i = 0; i < ARRAY_LEN(resumed); i++)
		ASSERT_EQ(0, begin_inside(self, resumed[i], room, &arg[i]));
	ASSERT_EQ(0, dimm_remove(&self->d));
	for (i = 0; i < ARRAY_LEN(resumed); i++) {
		const int nr = go_on(self, &arg[i]);

		TH_LOG("dataset %u: %d records after its memory went", resumed[i], nr);
		EXPECT_LE(0, nr);
		if (resumed[i] != MMSCOPE_DS_LRU_PAGES)
			EXPECT_EQ(0, nr);
	}
	munmap(p, 16 << 20);
}

/* ------------------------------------------------------------------------ readers */

/* one dataset after the other, each reader from another one on */
static void read_on(FIXTURE_DATA(hotplug) *self, unsigned int at)
{
	struct mmscope_info info = { .size = sizeof(info) };
	struct arena *a = self->a;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ioctl(self->fd, MMSCOPE_IOC_INFO, &info))
		_exit(1);
	while (!__atomic_load_n(&a->stop, __ATOMIC_RELAXED)) {
		struct mmscope_describe desc = describe_arg(at++ % info.nr_datasets);
		struct answer answer;
		int err;

		if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc) ||
		    desc.flags & MMSCOPE_DATASET_POINT ||
		    desc.state == MMSCOPE_STATE_UNAVAILABLE)
			continue;
		err = walk_chunked(self->fd, walk_arg(desc.dataset), 512, &answer);
		__atomic_add_fetch(&a->walks, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&a->restarts, answer.restarts, __ATOMIC_RELAXED);
		__atomic_add_fetch(&a->torn, answer.torn, __ATOMIC_RELAXED);
		if (answer.max_lock_ns > __atomic_load_n(&a->max_lock_ns, __ATOMIC_RELAXED))
			__atomic_store_n(&a->max_lock_ns, answer.max_lock_ns, __ATOMIC_RELAXED);
		answer_free(&answer);
		if (!err)
			continue;
		fprintf(stderr, "# %s: %s\n", desc.name, strerror(-err));
		__atomic_add_fetch(&a->bad, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* the one thing that is about the DIMM's frames alone, all the time */
static void read_frames(FIXTURE_DATA(hotplug) *self)
{
	static const uint32_t of_frames[] = {
		MMSCOPE_DS_PAGES, MMSCOPE_DS_EXTENTS, MMSCOPE_DS_CENSUS, MMSCOPE_DS_SLABS,
	};
	struct arena *a = self->a;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; !__atomic_load_n(&a->stop, __ATOMIC_RELAXED); i++) {
		const uint64_t frames = frames_of(self, of_frames[i % ARRAY_LEN(of_frames)],
						  self->d.start, self->d.end);

		__atomic_add_fetch(&a->walks, 1, __ATOMIC_RELAXED);
		if (frames > self->d.end - self->d.start)
			__atomic_add_fetch(&a->bad, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* memory that has to move away, and comes back */
static void use_memory(FIXTURE_DATA(hotplug) *self)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&self->a->stop, __ATOMIC_RELAXED)) {
		char *p = zoo_anon(64 << 20);

		if (!p)
			break;
		touch(p, 64 << 20, PAGE);
		munmap(p, 64 << 20);
	}
	_exit(0);
}

static void readers_start(FIXTURE_DATA(hotplug) *self)
{
	for (unsigned int i = 0; i < ARRAY_LEN(self->reader); i++) {
		self->reader[i] = fork();
		if (self->reader[i])
			continue;
		if (i == 0)
			use_memory(self);
		else if (i == 1)
			read_frames(self);
		else
			read_on(self, i * 17);
	}
}

static void readers_end(struct __test_metadata *_metadata, FIXTURE_DATA(hotplug) *self)
{
	const struct arena *a = self->a;
	int status;

	__atomic_store_n(&self->a->stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_LEN(self->reader); i++) {
		EXPECT_EQ(self->reader[i], waitpid(self->reader[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, a->bad);
	EXPECT_LT(0, a->walks);
	TH_LOG("%lu walks, %lu restarts, %lu torn, longest hold %lu ns", a->walks, a->restarts,
	       a->torn, a->max_lock_ns);
}

TEST_F_TIMEOUT(hotplug, goes_and_comes_during_walks, 900)
{
	struct zoneinfo z;

	readers_start(self);
	for (int round = 0; round < 3; round++) {
		const uint64_t began = hotplug_now_ms();
		uint64_t gone;

		EXPECT_EQ(0, dimm_remove(&self->d));
		gone = hotplug_now_ms();
		ASSERT_EQ(0, dimm_add(&self->d, DIMM_BLOCKS));
		TH_LOG("gone in %lu ms, there in %lu", gone - began, hotplug_now_ms() - gone);
	}
	EXPECT_EQ(0, dimm_remove(&self->d));
	readers_end(_metadata, self);
	ASSERT_EQ(0, zoneinfo_read(&z));
	EXPECT_EQ(0, zoneinfo_get(&z, 0, MOVABLE, "present"));
	zoneinfo_free(&z);
	check_zones(_metadata, self);
	check_accounts(_metadata, self);
}

TEST_F_TIMEOUT(hotplug, blocks_go_off_line_during_walks, 900)
{
	readers_start(self);
	for (int round = 0; round < 6; round++) {
		const unsigned int id = self->d.blocks.id[round % DIMM_BLOCKS];
		const uint64_t began = hotplug_now_ms();

		EXPECT_EQ(0, block_force(id, "offline"));
		EXPECT_EQ(0, block_force(id, "online_movable"));
		TH_LOG("off and on line in %lu ms", hotplug_now_ms() - began);
	}
	readers_end(_metadata, self);
	check_zones(_metadata, self);
	check_accounts(_metadata, self);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `page_cache` against mincore() on files of the test's own, /proc/vmstat and
 * /proc/meminfo. The disk is the first virtio one of the guest (scripts/vm --disk).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <stddef.h>

#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "common.h"

#define DISK	"/dev/vda"
#define TRIES	20
#define LIMIT	"/sys/module/mmscope/parameters/page_cache_files"

/* pages of a file that are in memory, as mincore() has it */
static long resident(int fd, size_t bytes)
{
	size_t pages = (bytes + PAGE - 1) / PAGE;
	unsigned char *there = calloc(1, pages);
	void *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	long nr = 0;

	if (!there || p == MAP_FAILED || mincore(p, bytes, there))
		nr = -1;
	for (size_t i = 0; nr >= 0 && i < pages; i++)
		nr += there[i] & 1;
	if (p != MAP_FAILED)
		munmap(p, bytes);
	free(there);
	return nr;
}

/*
 * CPUs' lists of pages on their way to the LRU lists, and their parts of counters. Who
 * wants to move a page empties the lists of all CPUs first, also if there is nothing to do.
 */
static int settle(void)
{
	static char page[2 * MAX_PAGE];
	void *at = (void *)(((uintptr_t)page + PAGE - 1) & ~(PAGE - 1));
	int node = 0, status;

	*(volatile char *)at = 1;
	if (syscall(SYS_move_pages, 0, 1UL, &at, &node, &status, 1 << 1) < 0)
		return -1;
	return write_file("/proc/sys/vm/stat_refresh", "1");
}

FIXTURE(cache)
{
	int fd;
	int file;
	char path[64];
	char *map;
	size_t mapped;
	struct answer a;
};

FIXTURE_SETUP(cache)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->file = -1;
	self->map = MAP_FAILED;
	snprintf(self->path, sizeof(self->path), "/tmp/cache_test.%d", getpid());
}

FIXTURE_TEARDOWN(cache)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, self->mapped);
	if (self->file >= 0)
		close(self->file);
	unlink(self->path);
	answer_free(&self->a);
	close(self->fd);
}

static const struct mmscope_page_cache *find(const struct answer *a, const struct stat *st)
{
	dev_t dev = S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;

	for (size_t i = 0; i < a->nr; i++) {
		const struct mmscope_page_cache *r = a->records;

		if (r[i].inode && r[i].dev_major == major(dev) && r[i].dev_minor == minor(dev) &&
		    (S_ISBLK(st->st_mode) ? r[i].kind == MMSCOPE_CACHED_BLOCK :
					    r[i].inode == st->st_ino))
			return &r[i];
	}
	return NULL;
}

/* what is told of an open file now; zeroes if nothing is */
static struct mmscope_page_cache told(FIXTURE_DATA(cache) *self, int file)
{
	struct mmscope_page_cache none = { 0 };
	const struct mmscope_page_cache *r = NULL;
	struct stat st;

	answer_free(&self->a);
	if (!walk_all(self->fd, walk_arg(MMSCOPE_DS_PAGE_CACHE), &self->a) && !fstat(file, &st))
		r = find(&self->a, &st);
	return r ? *r : none;
}

/* every third page of a file */
static int write_thirds(int file, size_t pages)
{
	for (size_t i = 0; i < pages; i += 3)
		if (pwrite(file, "x", 1, i * PAGE) != 1)
			return -1;
	return 0;
}

TEST_F(cache, a_file_of_tmpfs)
{
	struct mmscope_page_cache r;
	struct stat st;

	self->file = open(self->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, write_thirds(self->file, 100));
	ASSERT_EQ(34, resident(self->file, 100 * PAGE));
	ASSERT_EQ(0, fstat(self->file, &st));
	r = told(self, self->file);
	EXPECT_EQ(34, r.cached_pages);
	EXPECT_EQ(MMSCOPE_CACHED_SHMEM, r.kind);
	EXPECT_EQ(MMSCOPE_CACHED_UNBACKED, r.flags);
	EXPECT_EQ(st.st_size, r.size_bytes);
	EXPECT_EQ(0, r.mapped_pages);
	EXPECT_EQ(0, r.large_pages);
	EXPECT_STREQ("tmpfs", r.fs);
	EXPECT_STREQ(self->path + strlen("/tmp"), r.path);

	ASSERT_EQ(0, ftruncate(self->file, 10 * PAGE));
	r = told(self, self->file);
	EXPECT_EQ(4, r.cached_pages);
	EXPECT_EQ(resident(self->file, 10 * PAGE), r.cached_pages);
	ASSERT_EQ(0, unlink(self->path));
	r = told(self, self->file);
	EXPECT_EQ(4, r.cached_pages);
	EXPECT_EQ(MMSCOPE_CACHED_UNBACKED | MMSCOPE_CACHED_UNLINKED, r.flags);
	close(self->file);
	self->file = -1;
	answer_free(&self->a);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PAGE_CACHE), &self->a));
	EXPECT_EQ(NULL, find(&self->a, &st));
}

TEST_F(cache, a_file_of_ramfs)
{
	char path[96] = "/tmp/cache_test_ram";
	struct mmscope_page_cache r;

	ASSERT_EQ(0, mkdir(path, 0700));
	ASSERT_EQ(0, mount("ramfs", path, "ramfs", 0, NULL));
	strcat(path, "/file");
	self->file = open(path, O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, write_thirds(self->file, 30));
	ASSERT_EQ(0, settle());
	r = told(self, self->file);
	EXPECT_EQ(10, r.cached_pages);
	EXPECT_EQ(resident(self->file, 30 * PAGE), r.cached_pages);
	EXPECT_EQ(MMSCOPE_CACHED_FILE, r.kind);
	EXPECT_EQ(MMSCOPE_CACHED_UNBACKED, r.flags);
	EXPECT_EQ(10, r.unevictable_pages);
	EXPECT_EQ(0, r.active_pages + r.inactive_pages);
	EXPECT_STREQ("ramfs", r.fs);
	EXPECT_STREQ("/file", r.path);
	close(self->file);
	self->file = -1;
	EXPECT_EQ(0, umount("/tmp/cache_test_ram"));
	EXPECT_EQ(0, rmdir("/tmp/cache_test_ram"));
}

TEST_F(cache, what_is_mapped_and_locked_of_a_memfd)
{
	struct mmscope_page_cache r;

	self->file = memfd_create("cached", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, 20 * PAGE));
	ASSERT_EQ(0, write_thirds(self->file, 18));
	self->mapped = 20 * PAGE;
	self->map = mmap(NULL, self->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, madvise(self->map, self->mapped, MADV_RANDOM));
	r = told(self, self->file);
	EXPECT_EQ(6, r.cached_pages);
	EXPECT_EQ(0, r.mapped_pages);
	EXPECT_EQ(MMSCOPE_CACHED_SHMEM, r.kind);
	EXPECT_EQ(MMSCOPE_CACHED_UNBACKED | MMSCOPE_CACHED_UNLINKED, r.flags);
	EXPECT_STREQ("memfd:cached", r.path);
	/* two that are not there yet, and one that is */
	self->map[18 * PAGE] = 1;
	self->map[19 * PAGE] = 1;
	ASSERT_EQ(0, mlock(self->map + 19 * PAGE, PAGE));
	ASSERT_EQ(0, settle());
	r = told(self, self->file);
	EXPECT_EQ(8, r.cached_pages);
	EXPECT_LE(2, r.mapped_pages);
	EXPECT_GE(8, r.mapped_pages);
	EXPECT_EQ(1, r.unevictable_pages);
	munmap(self->map, self->mapped);
	self->map = MAP_FAILED;
	r = told(self, self->file);
	EXPECT_EQ(8, r.cached_pages);
	EXPECT_EQ(0, r.mapped_pages);
}

TEST_F(cache, large_folios)
{
	struct mmscope_page_cache r;
	char *text = read_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled");

	if (!text)
		SKIP(return, "no huge pages in this kernel");
	free(text);
	ASSERT_EQ(0, mkdir("/tmp/cache_test_huge", 0700));
	ASSERT_EQ(0, mount("tmpfs", "/tmp/cache_test_huge", "tmpfs", 0, "huge=always"));
	self->file = open("/tmp/cache_test_huge/file", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, HUGE_2M));
	self->mapped = HUGE_2M;
	self->map = mmap(NULL, self->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->map[0] = 1;
	r = told(self, self->file);
	EXPECT_EQ(PAGES_2M, r.cached_pages);
	EXPECT_EQ(resident(self->file, HUGE_2M), r.cached_pages);
	EXPECT_EQ(PAGES_2M, r.large_pages);
	EXPECT_LE(1, r.mapped_pages);
	munmap(self->map, self->mapped);
	self->map = MAP_FAILED;
	EXPECT_EQ(0, told(self, self->file).mapped_pages);
	close(self->file);
	self->file = -1;
	EXPECT_EQ(0, umount("/tmp/cache_test_huge"));
	EXPECT_EQ(0, rmdir("/tmp/cache_test_huge"));
}

TEST_F(cache, hugetlb_is_told_apart)
{
	struct mmscope_page_cache r;

	ASSERT_EQ(0, write_file("/proc/sys/vm/nr_hugepages", "4"));
	self->file = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, 2 * HUGE_2M));
	self->mapped = 2 * HUGE_2M;
	self->map = mmap(NULL, self->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, 0);
	if (self->map == MAP_FAILED)
		SKIP(return, "no huge pages could be had");
	self->map[0] = 1;
	r = told(self, self->file);
	EXPECT_EQ(PAGES_2M, r.cached_pages);
	EXPECT_EQ(PAGES_2M, r.mapped_pages);
	EXPECT_EQ(MMSCOPE_CACHED_HUGETLB, r.kind);
	EXPECT_STREQ("hugetlbfs", r.fs);
	munmap(self->map, self->mapped);
	self->map = MAP_FAILED;
	close(self->file);
	self->file = -1;
	write_file("/proc/sys/vm/nr_hugepages", "0");
}

/* --------------------------------------------------------------------- a disk */

static int open_disk(void)
{
	int fd = -1;

	if (system("modprobe virtio_pci 2> /dev/null; modprobe virtio_blk 2> /dev/null") < 0)
		return -1;
	/* a driver that was just loaded needs a moment */
	for (int try = 0; try < 500 && fd < 0; try++) {
		fd = open(DISK, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			usleep(20000);
	}
	return fd;
}

/* sum of one number over all records of these kinds, without those of no disk */
enum { KINDS_CACHED = ~(1 << MMSCOPE_CACHED_HUGETLB | 1 << MMSCOPE_CACHED_REMOVED) };

static uint64_t sum(const struct answer *a, unsigned int kinds, size_t member)
{
	uint64_t total = 0;

	for (size_t i = 0; i < a->nr; i++) {
		const struct mmscope_page_cache *r = a->records;

		if (kinds >> r[i].kind & 1)
			total += *(const uint64_t *)((const char *)&r[i] + member);
	}
	return total;
}

#define SUM(_a, _kinds, _member) \
	sum(_a, _kinds, offsetof(struct mmscope_page_cache, _member))

TEST_F(cache, a_disk_is_read_written_and_dropped)
{
	const size_t bytes = 1024 * PAGE;
	static char buf[64 * MAX_PAGE];
	struct mmscope_page_cache r;
	uint64_t buffers;

	self->file = open_disk();
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, posix_fadvise(self->file, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_EQ(0, posix_fadvise(self->file, 0, 0, POSIX_FADV_DONTNEED));
	ASSERT_EQ((ssize_t)(64 * PAGE), pread(self->file, buf, 64 * PAGE, 0));
	ASSERT_EQ(1, pread(self->file, buf, 1, 500 * PAGE));
	ASSERT_EQ(0, settle());
	r = told(self, self->file);
	EXPECT_EQ(resident(self->file, bytes), r.cached_pages);
	EXPECT_LE(65, r.cached_pages);
	EXPECT_EQ(MMSCOPE_CACHED_BLOCK, r.kind);
	EXPECT_EQ(0, r.dirty_pages + r.writeback_pages);
	EXPECT_EQ(r.cached_pages, r.active_pages + r.inactive_pages);
	ASSERT_EQ(0, read_number("/proc/meminfo", "Buffers", &buffers));
	EXPECT_EQ(buffers * 1024 / PAGE,
		  SUM(&self->a, 1 << MMSCOPE_CACHED_BLOCK, cached_pages));

	for (int i = 0; i < 16; i++)
		ASSERT_EQ((ssize_t)PAGE, pwrite(self->file, buf, PAGE, i * 2 * PAGE));
	r = told(self, self->file);
	/* the kernel may have begun to write */
	EXPECT_GE(16, r.dirty_pages);
	EXPECT_EQ(0, fsync(self->file));
	r = told(self, self->file);
	EXPECT_EQ(0, r.dirty_pages + r.writeback_pages);

	ASSERT_EQ(0, posix_fadvise(self->file, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(resident(self->file, bytes), told(self, self->file).cached_pages);
	EXPECT_GT(16, told(self, self->file).cached_pages);
}

static uint64_t counter(const char *name)
{
	uint64_t value = 0;

	if (settle() || read_number("/proc/vmstat", name, &value))
		return 0;
	return value;
}

/* @name of /proc/vmstat and a sum of ours; the system may move, so some tries */
static uint64_t distance(FIXTURE_DATA(cache) *self, const char *name, unsigned int kinds,
			 size_t member, uint64_t slack)
{
	uint64_t before, after, ours = 0;

	for (int try = 0; try < TRIES; try++) {
		before = counter(name);
		answer_free(&self->a);
		if (walk_all(self->fd, walk_arg(MMSCOPE_DS_PAGE_CACHE), &self->a))
			return ~0ULL;
		ours = sum(&self->a, kinds, member);
		after = counter(name);
		if (is_between(ours, before, after) ||
		    is_between(ours, before - slack, before + slack) ||
		    is_between(ours, after - slack, after + slack))
			return 0;
	}
	fprintf(stderr, "# %s: %lu..%lu, ours %lu\n", name, before, after, ours);
	return ours > before ? ours - before : before - ours;
}

#define DISTANCE(_name, _kinds, _member) \
	distance(self, _name, _kinds, offsetof(struct mmscope_page_cache, _member), 0)

TEST_F(cache, dirty_pages_are_those_the_kernel_counts)
{
	static char buf[MAX_PAGE];
	uint64_t before, ours;

	self->file = open_disk();
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, fsync(self->file));
	before = counter("nr_dirty");
	for (int i = 0; i < 200; i++)
		ASSERT_EQ((ssize_t)PAGE, pwrite(self->file, buf, PAGE, i * PAGE));
	EXPECT_EQ(0, DISTANCE("nr_dirty", 1 << MMSCOPE_CACHED_BLOCK, dirty_pages));
	ours = SUM(&self->a, 1 << MMSCOPE_CACHED_BLOCK, dirty_pages);
	EXPECT_GE(200 + before, ours);
	EXPECT_EQ(0, fsync(self->file));
	EXPECT_EQ(0, DISTANCE("nr_dirty", 1 << MMSCOPE_CACHED_BLOCK, dirty_pages));
}

TEST_F(cache, the_sum_is_what_the_kernel_counts)
{
	static char buf[100 * MAX_PAGE];

	/* something of each kind */
	self->file = open_disk();
	ASSERT_LE(0, self->file);
	ASSERT_EQ((ssize_t)(100 * PAGE), pread(self->file, buf, 100 * PAGE, 0));
	EXPECT_EQ(0, DISTANCE("nr_file_pages", KINDS_CACHED, cached_pages));
	EXPECT_LE(100, SUM(&self->a, 1 << MMSCOPE_CACHED_BLOCK, cached_pages));
	EXPECT_EQ(0, DISTANCE("nr_shmem", 1 << MMSCOPE_CACHED_SHMEM, cached_pages));
}

TEST_F(cache, active_and_inactive_are_those_the_kernel_counts)
{
	const unsigned int files = 1 << MMSCOPE_CACHED_BLOCK | 1 << MMSCOPE_CACHED_FILE;
	static char buf[100 * MAX_PAGE];

	self->file = open_disk();
	ASSERT_LE(0, self->file);
	/* what is read again becomes active */
	for (int i = 0; i < 3; i++)
		ASSERT_EQ((ssize_t)(100 * PAGE), pread(self->file, buf, 100 * PAGE, 0));
	ASSERT_EQ((ssize_t)(100 * PAGE), pread(self->file, buf, 100 * PAGE, 100 * PAGE));
	EXPECT_EQ(0, DISTANCE("nr_active_file", files, active_pages));
	EXPECT_EQ(0, DISTANCE("nr_inactive_file", files, inactive_pages));
	EXPECT_LE(200, SUM(&self->a, files, active_pages) + SUM(&self->a, files, inactive_pages));
}

/* --------------------------------------------------------------------- the answer */

/* pages in a pipe that are cut off their file meanwhile */
TEST_F(cache, removed_pages_are_in_no_file)
{
	const unsigned int removed = 1 << MMSCOPE_CACHED_REMOVED;
	uint64_t before;
	off_t at = 0;
	int pipes[2];

	self->file = open(self->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ASSERT_LE(0, self->file);
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(1, pwrite(self->file, "x", 1, (i + 1) * PAGE - 1));
	/* in no file and not yet on a list, it would be a page like any other */
	ASSERT_EQ(0, drain());
	told(self, self->file);
	before = SUM(&self->a, removed, cached_pages);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ((ssize_t)(8 * PAGE), splice(self->file, &at, pipes[1], NULL, 8 * PAGE, 0));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ(0, told(self, self->file).cached_pages);
	EXPECT_LE(before + 8, SUM(&self->a, removed, cached_pages));
	close(pipes[0]);
	close(pipes[1]);
	told(self, self->file);
	EXPECT_GT(before + 8, SUM(&self->a, removed, cached_pages));
}

TEST_F(cache, those_with_most_pages_come_first)
{
	const struct mmscope_page_cache *r;
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGE_CACHE);

	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_LT(5, self->a.nr);
	r = self->a.records;
	for (size_t i = 1; i < self->a.nr; i++)
		EXPECT_GE(r[i - 1].cached_pages, r[i].cached_pages);
	/* one kind alone */
	answer_free(&self->a);
	arg.class_mask = 1 << MMSCOPE_CACHED_SHMEM;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	r = self->a.records;
	ASSERT_LT(0, self->a.nr);
	for (size_t i = 0; i < self->a.nr; i++)
		EXPECT_EQ(MMSCOPE_CACHED_SHMEM, r[i].kind);
}

TEST_F(cache, what_there_is_no_room_for_is_one_record)
{
	char *text = read_file(LIMIT);
	const struct mmscope_page_cache *r;
	size_t named = 0, others = 0;

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, write_file(LIMIT, "4"));
	EXPECT_EQ(0, DISTANCE("nr_file_pages", KINDS_CACHED, cached_pages));
	EXPECT_EQ(0, write_file(LIMIT, text));
	free(text);
	r = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		named += r[i].inode != 0;
		others += r[i].kind == MMSCOPE_CACHED_OTHERS;
		if (r[i].kind == MMSCOPE_CACHED_OTHERS) {
			EXPECT_LT(0, r[i].cached_pages);
			EXPECT_EQ(MMSCOPE_UNKNOWN, r[i].size_bytes);
		}
	}
	EXPECT_GE(4, named);
	EXPECT_EQ(1, others);
}

TEST_HARNESS_MAIN

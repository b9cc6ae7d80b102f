// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `page_cache`, `memcgs` and `memcg_pages` while files and cgroups come and go:
 * whatever is met on the way, each answer ends, in order, and the kernel's log stays clean.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <signal.h>

#include "common.h"
#include "cgroup.h"

#define ROOT	"/sys/fs/cgroup"
#define MANY_WALKS	3000
#define WALKS	60

FIXTURE(race)
{
	int fd;
	pid_t child[2];
	struct answer a;
};

/* files of some pages, read, mapped and removed */
static void change_files(void)
{
	char path[64], *p;
	int fd;

	for (unsigned int i = 0;; i++) {
		snprintf(path, sizeof(path), "/tmp/cache_race.%u", i % 7);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || ftruncate(fd, 16 * PAGE))
			_exit(1);
		p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		for (size_t at = 0; p != MAP_FAILED && at < 16 * PAGE; at += PAGE)
			p[at] = 1;
		if (p != MAP_FAILED)
			munmap(p, 16 * PAGE);
		if (i % 3)
			unlink(path);
		close(fd);
	}
}

/* cgroups with a process and with pages of a file, which stay behind for a while */
static void change_cgroups(void)
{
	char dir[64], path[64];

	for (unsigned int i = 0;; i++) {
		snprintf(dir, sizeof(dir), ROOT "/race.%u", i % 5);
		snprintf(path, sizeof(path), "/tmp/cgroup_race.%u", i % 5);
		if (!rmdir(dir) || mkdir(dir, 0755))
			unlink(path);
		pid_t pid = fork();

		if (!pid) {
			int fd = open(path, O_WRONLY | O_CREAT, 0600);

			put(dir, "cgroup.procs", "0");
			for (size_t at = 0; fd >= 0 && at < 8; at++)
				if (pwrite(fd, "x", 1, at * PAGE) != 1)
					_exit(1);
			touch_memory(32 * PAGE);
			_exit(0);
		}
		wait_for(pid);
	}
}

FIXTURE_SETUP(race)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, put(ROOT, "cgroup.subtree_control", "+memory"));
	for (size_t i = 0; i < ARRAY_LEN(self->child); i++) {
		self->child[i] = fork();
		ASSERT_LE(0, self->child[i]);
		if (self->child[i])
			continue;
		if (i)
			change_cgroups();
		else
			change_files();
		_exit(0);
	}
}

FIXTURE_TEARDOWN(race)
{
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(self->child); i++) {
		kill(self->child[i], SIGKILL);
		wait_for(self->child[i]);
	}
	for (unsigned int i = 0; i < 7; i++) {
		snprintf(path, sizeof(path), "/tmp/cache_race.%u", i);
		unlink(path);
		snprintf(path, sizeof(path), "/tmp/cgroup_race.%u", i);
		unlink(path);
		snprintf(path, sizeof(path), ROOT "/race.%u", i);
		for (int try = 0; try < 100 && rmdir(path) && errno == EBUSY; try++)
			usleep(20000);
	}
	answer_free(&self->a);
	close(self->fd);
}

TEST_F_TIMEOUT(race, files_come_and_go, 120)
{
	for (int i = 0; i < WALKS; i++) {
		const struct mmscope_page_cache *r;

		answer_free(&self->a);
		ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_PAGE_CACHE),
					  i % 2 ? 7 : 512, &self->a));
		ASSERT_LT(0, self->a.nr);
		r = self->a.records;
		for (size_t j = 0; j < self->a.nr; j++) {
			ASSERT_LT(0, r[j].cached_pages);
			ASSERT_GE(r[j].cached_pages, r[j].mapped_pages);
			ASSERT_GE(r[j].cached_pages, r[j].dirty_pages);
			ASSERT_GE(r[j].cached_pages, r[j].active_pages + r[j].inactive_pages +
						     r[j].unevictable_pages);
		}
	}
}

TEST_F_TIMEOUT(race, cgroups_come_and_go, 120)
{
	size_t dying = 0;

	/* a removed one is seen sooner or later */
	for (int i = 0; i < WALKS || (!dying && i < MANY_WALKS); i++) {
		const struct mmscope_memcg *r;

		answer_free(&self->a);
		ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_MEMCGS), i % 2 ? 1 : 512,
					  &self->a));
		ASSERT_LT(0, self->a.nr);
		r = self->a.records;
		EXPECT_EQ(1, r->memcg);
		for (size_t j = 1; j < self->a.nr; j++) {
			ASSERT_EQ(1, r[j].parent);
			ASSERT_EQ('/', r[j].path[0]);
			dying += r[j].state == MMSCOPE_MEMCG_DYING;
		}
	}
	EXPECT_LT(0, dying);
}

TEST_F_TIMEOUT(race, charges_come_and_go, 120)
{
	for (int i = 0; i < WALKS; i++) {
		const struct mmscope_memcg_page *r;

		answer_free(&self->a);
		ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_MEMCG_PAGES),
					  i % 2 ? 5 : 512, &self->a));
		ASSERT_LT(0, self->a.nr);
		r = self->a.records;
		for (size_t j = 0; j < self->a.nr; j++) {
			ASSERT_LT(0, r[j].pages);
			ASSERT_GT(MMSCOPE_NR_CLASSES, r[j].page_class);
			EXPECT_EQ(!r[j].memcg, !r[j].online_memcg);
		}
	}
}

TEST_HARNESS_MAIN

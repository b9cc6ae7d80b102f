// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that processes share, and stop sharing: fork and copy on write, shared
 * maps of every make, merged pages. Each step is compared with all that the
 * kernel tells of it (witness.h).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"
#include "frames.h"
#include "rmap.h"
#include "witness.h"

#define PAGES	64
#define BYTES	(PAGES * PAGE)
#define HALF	(PAGES / 2)

#define PRESENT	MMSCOPE_ENTRY_PRESENT
#define WRITE	MMSCOPE_ENTRY_WRITE

FIXTURE(share)
{
	int fd;
	struct scene *s;
	struct view v, ours;
	unsigned char core[4 * MAX_PAGES_2M];
};

FIXTURE_SETUP(share)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(share)
{
	scene_end(self->s);
	view_free(&self->v);
	view_free(&self->ours);
	close(self->fd);
}

#define begin(_play) do {					\
	self->s = scene_new(_play);				\
	ASSERT_NE(NULL, self->s);				\
	ASSERT_EQ(0, scene_begin(self->s));			\
} while (0)

#define look_now()	ASSERT_EQ(0, look_at(&self->v, self->fd, self->s))
#define look_again() do {					\
	ASSERT_EQ(0, scene_next(self->s));			\
	look_now();						\
} while (0)

/* the same range of this process */
#define look_here() do {						\
	const struct scene *_s = self->s;				\
	ASSERT_EQ(0, mincore(_s->addr, _s->bytes, self->core));		\
	ASSERT_EQ(0, look(&self->ours, self->fd, getpid(), _s->addr, _s->bytes, self->core)); \
} while (0)

/* a child that writes the first half, then drops the second one */
static int play_cow(struct scene *s)
{
	switch (s->step) {
	case 1:
		touch(s->addr, s->bytes / 2, PAGE);
		return 0;
	case 2:
		return madvise(s->addr + s->bytes / 2, s->bytes / 2, MADV_DONTNEED);
	}
	return 0;
}

/* _map is touched by us, then shared with a child that is forked */
#define begin_cow(_map, _bytes) do {					\
	self->s = scene_new(play_cow);					\
	ASSERT_NE(NULL, self->s);					\
	self->s->addr = _map;						\
	self->s->bytes = _bytes;					\
	ASSERT_NE(NULL, self->s->addr);					\
	touch(self->s->addr, self->s->bytes, PAGE);			\
	ASSERT_EQ(0, scene_begin(self->s));				\
} while (0)

TEST_F(share, fork_shares_frames_until_one_writes)
{
	struct view before = { 0 };

	begin_cow(alone_anon(BYTES), BYTES);
	look_now();
	look_here();
	/* all of it is mapped by both, and may be written by none */
	EXPECT_EQ(PAGES, count_same(&self->v, &self->ours, 0, PAGES));
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT, WRITE));
	EXPECT_EQ(PAGES, count_flags(&self->ours, PRESENT, WRITE));
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p, p->frame.mapcount == 2));
	before = self->ours;
	memset(&self->ours, 0, sizeof(self->ours));

	/* the child has its own first half now, and we all that we had */
	look_again();
	look_here();
	EXPECT_EQ(0, count_same(&self->v, &self->ours, 0, HALF));
	EXPECT_EQ(HALF, count_same(&self->v, &self->ours, HALF, PAGES));
	EXPECT_EQ(PAGES, count_same(&before, &self->ours, 0, PAGES));
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p, p->flags & WRITE));
	EXPECT_EQ(HALF, count_pages(&self->v, HALF, PAGES, p, !(p->flags & WRITE)));
	EXPECT_EQ(PAGES, count_flags(&self->ours, PRESENT, WRITE));
	EXPECT_EQ(HALF, count_pages(&self->ours, 0, HALF, p, p->frame.mapcount == 1));
	EXPECT_EQ(HALF, count_pages(&self->ours, HALF, PAGES, p, p->frame.mapcount == 2));

	/* we write what nobody else maps any more: it need not be copied */
	touch(self->s->addr, BYTES / 2, PAGE);
	look_here();
	EXPECT_EQ(HALF, count_same(&before, &self->ours, 0, HALF));
	EXPECT_EQ(HALF, count_flags(&self->ours, PRESENT | WRITE, 0));

	look_again();
	look_here();
	EXPECT_EQ(HALF, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(PAGES, count_pages(&self->ours, 0, PAGES, p, p->frame.mapcount == 1));
	tell_points("fork, COW", &self->ours);
	view_free(&before);
}

TEST_F(share, fork_and_cow_of_a_huge_page)
{
	need_thp();
	begin_cow(alone_huge(2 * HUGE_2M), 2 * HUGE_2M);
	look_now();
	look_here();
	ASSERT_EQ(self->v.nr, count_pages(&self->v, 0, self->v.nr, p, p->size == HUGE_2M));
	EXPECT_EQ(self->v.nr, count_same(&self->v, &self->ours, 0, self->v.nr));
	EXPECT_EQ(self->v.nr, count_flags(&self->v, PRESENT, WRITE));
	/* the first one was written: it is copied, by page */
	look_again();
	look_here();
	EXPECT_EQ(0, count_same(&self->v, &self->ours, 0, self->v.nr / 2));
	EXPECT_EQ(self->v.nr / 2, count_same(&self->v, &self->ours, self->v.nr / 2, self->v.nr));
	EXPECT_EQ(self->v.nr / 2, count_flags(&self->v, PRESENT | WRITE, 0));
	tell_points("fork, COW of a huge page", &self->v);
}

/* a child that writes what it shares: the frames stay shared */
static int play_shared(struct scene *s)
{
	if (s->step == 0)
		zoo_read(s->addr, s->bytes);
	if (s->step == 1)
		touch(s->addr, s->bytes, PAGE);
	return 0;
}

/* frames that are the same in both, and stay so when they are written */
#define expect_shared(_name, _map, _kind) do {					\
	self->s = scene_new(play_shared);					\
	ASSERT_NE(NULL, self->s);						\
	self->s->addr = _map;							\
	self->s->bytes = BYTES;							\
	ASSERT_NE(NULL, self->s->addr);						\
	touch(self->s->addr, BYTES, PAGE);					\
	ASSERT_EQ(0, scene_begin(self->s));					\
	look_now();								\
	look_here();								\
	EXPECT_EQ(PAGES, count_same(&self->v, &self->ours, 0, PAGES));		\
	look_again();								\
	look_here();								\
	EXPECT_EQ(PAGES, count_same(&self->v, &self->ours, 0, PAGES));		\
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | WRITE, 0));		\
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p, p->frame.mapcount == 2)); \
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p,			\
				     p->frame.kind == MMSCOPE_PAGE_SHMEM));	\
	EXPECT_EQ(_kind, self->v.vma.kind);					\
	EXPECT_TRUE(self->v.vma.perms & MMSCOPE_PERM_SHARED);			\
	tell_points(_name, &self->v);						\
} while (0)

TEST_F(share, shared_anonymous)
{
	expect_shared("MAP_SHARED", alone(BYTES, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1), MMSCOPE_VMA_SHM);
}

TEST_F(share, system_v)
{
	int id = shmget(IPC_PRIVATE, BYTES, 0600);
	char *room = alone(BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *p = shmat(id, room, SHM_REMAP);

	shmctl(id, IPC_RMID, NULL);
	expect_shared("SysV shm", p == (void *)-1 ? NULL : p, MMSCOPE_VMA_SHM);
}

TEST_F(share, posix_shm)
{
	int fd = shm_open("/mmscope-situation", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ASSERT_LE(0, fd);
	shm_unlink("/mmscope-situation");
	ASSERT_EQ(0, ftruncate(fd, BYTES));
	expect_shared("POSIX shm", alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd),
		      MMSCOPE_VMA_SHM);
	close(fd);
}

TEST_F(share, memfd)
{
	int fd = memfd_create("mmscope-situation", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, BYTES));
	expect_shared("memfd", alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd),
		      MMSCOPE_VMA_SHM);
	EXPECT_NE(NULL, strstr(self->v.vma.name, "mmscope-situation"));
	close(fd);
}

/* a private map of a file: read from the page cache, then copied page by page */
static int play_private_file(struct scene *s)
{
	if (s->step == 0) {
		int fd = open("/root/mmscope-situation", O_RDWR | O_CREAT | O_TRUNC, 0600);
		char *written;

		unlink("/root/mmscope-situation");
		if (ftruncate(fd, BYTES))
			return 1;
		written = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		touch(written, BYTES, PAGE);
		s->note[0] = (uintptr_t)written;
		s->addr = alone(BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
		s->bytes = BYTES;
		if (!s->addr)
			return 2;
		zoo_read(s->addr, BYTES);
	} else {
		touch(s->addr, BYTES / 2, PAGE);
	}
	return 0;
}

TEST_F(share, private_map_of_a_file)
{
	struct view file = { 0 };
	const char *map;

	begin(play_private_file);
	look_now();
	map = (char *)(uintptr_t)self->s->note[0];
	ASSERT_EQ(0, look(&file, self->fd, self->s->pid, map, BYTES, NULL));
	EXPECT_EQ(PAGES, count_same(&self->v, &file, 0, PAGES));
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT, WRITE));
	look_again();
	ASSERT_EQ(0, look(&file, self->fd, self->s->pid, map, BYTES, NULL));
	EXPECT_EQ(0, count_same(&self->v, &file, 0, HALF));
	EXPECT_EQ(HALF, count_same(&self->v, &file, HALF, PAGES));
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p,
				    p->frame.kind == MMSCOPE_PAGE_ANON && p->flags & WRITE));
	EXPECT_EQ(HALF, count_pages(&self->v, HALF, PAGES, p,
				    p->frame.kind != MMSCOPE_PAGE_ANON));
	tell_points("private file map, COW", &self->v);
	view_free(&file);
}

/* ------------------------------------------------------------------- merged pages */

#define KSM "/sys/kernel/mm/ksm/"

static int ksm_setup(void)
{
	return write_file(KSM "sleep_millisecs", "5") ?: write_file(KSM "pages_to_scan", "2000") ?:
	       write_file(KSM "run", "1");
}

static int play_merged(struct scene *s)
{
	if (s->step == 0) {
		s->addr = alone_anon(BYTES);
		s->bytes = BYTES;
		if (!s->addr)
			return 1;
		memset(s->addr, 0x5a, BYTES);
		return madvise(s->addr, BYTES, MADV_MERGEABLE);
	}
	if (s->step == 1) {
		for (int try = 0; try < 1000; try++) {
			uint64_t *entries = read_pagemap(getpid(), (uintptr_t)s->addr,
							 (uintptr_t)s->addr + BYTES);
			size_t same = 0;

			for (size_t i = 0; i < PAGES; i++)
				same += entries[i] << 9 == entries[0] << 9;
			free(entries);
			if (same == PAGES)
				return 0;
			usleep(50000);
		}
		return 2;
	}
	s->addr[3 * PAGE] = 1;
	return 0;
}

TEST_F_TIMEOUT(share, merged_pages_are_one_frame_until_one_is_written, 90)
{
	const struct seen *page;

	ASSERT_EQ(0, ksm_setup());
	begin(play_merged);
	ASSERT_EQ(0, scene_next(self->s));
	write_file(KSM "run", "0");
	look_now();
	page = self->v.page;
	EXPECT_EQ(PAGES, count_pages(&self->v, 0, PAGES, p, p->pfn == page->pfn));
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT, WRITE));
	EXPECT_EQ(PAGES, page->frame.mapcount);
	EXPECT_EQ(MMSCOPE_PAGE_KSM, page->frame.kind);
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_MERGEABLE);
	look_again();
	page = self->v.page;
	EXPECT_EQ(PAGES - 1, count_pages(&self->v, 0, PAGES, p, p->pfn == page->pfn));
	EXPECT_NE(page->pfn, page[3].pfn);
	EXPECT_TRUE(page[3].flags & WRITE);
	EXPECT_EQ(MMSCOPE_PAGE_ANON, page[3].frame.kind);
	tell_points("KSM", &self->v);
	write_file(KSM "run", "2");
	write_file(KSM "run", "0");
}

TEST_HARNESS_MAIN

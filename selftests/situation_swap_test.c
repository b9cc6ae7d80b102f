// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is in swap: on a disk and in zram at the same time, written out,
 * shared by fork and read back; and a file on the disk, read, dirtied and written
 * back. Each step is compared with all that the kernel tells of it (witness.h).
 * The disk is the first virtio one of the guest (scripts/vm --disk).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"
#include "swap_disk.h"
#include "frames.h"
#include "rmap.h"
#include "witness.h"

#define PAGES	64
#define BYTES	(PAGES * PAGE)
#define HALF	(PAGES / 2)

#define PRESENT	MMSCOPE_ENTRY_PRESENT
#define WRITE	MMSCOPE_ENTRY_WRITE
#define DIRTY	MMSCOPE_ENTRY_DIRTY

FIXTURE(swapped)
{
	int fd;
	struct scene *s;
	struct view v, before;
	uint64_t disk;
};

FIXTURE_SETUP(swapped)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->disk = disk_setup();
	ASSERT_LT(0, self->disk);
}

FIXTURE_TEARDOWN(swapped)
{
	scene_end(self->s);
	view_free(&self->v);
	view_free(&self->before);
	swapoff(DISK);
	zoo_teardown();
	close(self->fd);
}

static int play_swap(struct scene *s)
{
	switch (s->step) {
	case 0:
		s->addr = alone_anon(BYTES);
		s->bytes = BYTES;
		/* all of it different, so that nothing is kept as a page of zeros */
		for (size_t i = 0; i < PAGES; i++)
			memset(s->addr + i * PAGE, i + 1, PAGE);
		return page_out(s->addr, BYTES);
	case 1:
		zoo_read(s->addr, BYTES / 2);
		return 0;
	default:
		touch(s->addr, BYTES / 2, PAGE);
		return 0;
	}
}

/* slots of one area that are used once each, within it */
static bool slots_sound(const struct view *v, uint32_t type, uint64_t slots)
{
	for (size_t i = 0; i < v->nr; i++) {
		const struct seen *p = &v->page[i];

		if (p->kind != MMSCOPE_MAPPING_SWAP || p->swap_type != type ||
		    !p->swap_offset || p->swap_offset >= slots)
			return false;
		for (size_t j = 0; j < i; j++)
			if (v->page[j].swap_offset == p->swap_offset)
				return false;
	}
	return true;
}

#define check_swap(_name, _slots) do {						\
	look_begin(play_swap);							\
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_SWAP));		\
	EXPECT_EQ(BYTES, smaps_bytes(&self->v, "Swap"));			\
	EXPECT_TRUE(slots_sound(&self->v, self->v.page[0].swap_type, _slots));	\
	EXPECT_EQ(MMSCOPE_IN_SWAP, self->v.page[0].walk.result);		\
	tell_points(_name, &self->v);						\
	look_next();								\
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p,			\
				    p->kind == MMSCOPE_MAPPING_PAGE));		\
	/* what is read back needs not be a neighbour that came with it */	\
	EXPECT_LT(0, count_kind(&self->v, MMSCOPE_MAPPING_SWAP));		\
	look_next();								\
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p, p->flags & WRITE &&	\
				    p->flags & DIRTY));				\
	tell_points(_name ", read back", &self->v);				\
} while (0)

TEST_F(swapped, to_a_disk)
{
	ASSERT_EQ(0, make_swap(self->disk));
	ASSERT_EQ(0, swapon(DISK, SWAP_PRIO(100)));
	check_swap("swap on a disk", self->disk / PAGE);
}

TEST_F(swapped, to_zram)
{
	check_swap("swap in zram", (64 << 20) / PAGE);
}

/* two areas at once: entries tell which one */
TEST_F(swapped, to_two_areas)
{
	uint32_t zram;

	look_begin(play_swap);
	zram = self->v.page[0].swap_type;
	scene_end(self->s);
	ASSERT_EQ(0, make_swap(self->disk));
	ASSERT_EQ(0, swapon(DISK, SWAP_PRIO(100)));
	ASSERT_EQ(0, fill_clusters());
	look_begin(play_swap);
	EXPECT_NE(zram, self->v.page[0].swap_type);
	EXPECT_TRUE(slots_sound(&self->v, self->v.page[0].swap_type, self->disk / PAGE));
}

/* ----------------------------------------------------------- swapped, then forked */

static int play_twin(struct scene *s)
{
	if (s->step == 1)
		zoo_read(s->addr, BYTES / 2);
	return 0;
}

TEST_F(swapped, fork_shares_the_slots)
{
	struct view ours = { 0 };

	self->s = scene_new(play_twin);
	ASSERT_NE(NULL, self->s);
	self->s->addr = alone_anon(BYTES);
	self->s->bytes = BYTES;
	touch(self->s->addr, BYTES, 64);
	ASSERT_EQ(0, page_out(self->s->addr, BYTES));
	ASSERT_EQ(0, scene_begin(self->s));
	ASSERT_EQ(0, look_at(&self->v, self->fd, self->s));
	ASSERT_EQ(0, look(&ours, self->fd, getpid(), self->s->addr, BYTES, NULL));
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_SWAP));
	EXPECT_EQ(PAGES, count_kind(&ours, MMSCOPE_MAPPING_SWAP));
	for (size_t i = 0; i < PAGES; i++)
		EXPECT_EQ(ours.page[i].swap_offset, self->v.page[i].swap_offset);
	look_next();
	ASSERT_EQ(0, look(&ours, self->fd, getpid(), self->s->addr, BYTES, NULL));
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p, p->kind == MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(PAGES, count_kind(&ours, MMSCOPE_MAPPING_SWAP));
	tell_points("swap, forked", &self->v);
	view_free(&ours);
}

/* -------------------------------------------------------- shared memory in swap */

static int play_shmem(struct scene *s)
{
	if (s->step == 0) {
		s->addr = alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
		s->bytes = BYTES;
		if (!s->addr)
			return 1;
		touch(s->addr, BYTES, 64);
		return 0;
	}
	/* its slots are known by the file, not by the entries */
	return page_out_until(s->addr, BYTES, PM_PRESENT, 0);
}

TEST_F(swapped, shared_memory_leaves_no_entries)
{
	look_begin(play_shmem);
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	look_next();
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(BYTES, smaps_bytes(&self->v, "Swap"));
	tell_points("swap of shmem", &self->v);
}

/* ------------------------------------------------------------- a file on a disk */

static int play_file(struct scene *s)
{
	switch (s->step) {
	case 0:
		s->note[0] = open(DISK, O_RDWR | O_CLOEXEC);
		s->addr = alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, s->note[0]);
		s->bytes = BYTES;
		/* all that was read before is forgotten: no page comes with a neighbour */
		posix_fadvise(s->note[0], 0, 0, POSIX_FADV_DONTNEED);
		return !s->addr || madvise(s->addr, BYTES, MADV_RANDOM);
	case 1:
		zoo_read(s->addr, BYTES / 2);
		return 0;
	case 2:
		touch(s->addr, BYTES / 4, PAGE);
		return 0;
	default:
		return msync(s->addr, BYTES, MS_SYNC);
	}
}

TEST_F(swapped, a_file_on_a_disk)
{
	look_begin(play_file);
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(MMSCOPE_VMA_FILE, self->v.vma.kind);
	look_next();
	EXPECT_EQ(HALF, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(HALF, count_flags(&self->v, PRESENT, WRITE | DIRTY));
	EXPECT_EQ(HALF, count_pages(&self->v, 0, HALF, p, p->frame.kind == MMSCOPE_PAGE_FILE));
	tell_points("file on a disk", &self->v);
	look_next();
	EXPECT_EQ(PAGES / 4, count_flags(&self->v, PRESENT | WRITE | DIRTY, 0));
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, HALF));
	tell_points("file, dirty", &self->v);
	/* written back: to be noticed again when it is written to */
	look_next();
	EXPECT_EQ(HALF, count_flags(&self->v, PRESENT, WRITE | DIRTY));
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, HALF));
	tell_points("file, written back", &self->v);
}

TEST_HARNESS_MAIN

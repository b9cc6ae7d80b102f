// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of two nodes: bound, moved, interleaved; a page of 1G; page tables of
 * four levels. Runs in a guest made for it (scripts/suite). Each step is compared
 * with all that the kernel tells of it (witness.h).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/syscall.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "zoo.h"
#include "scene.h"
#include "frames.h"
#include "rmap.h"
#include "witness.h"

#define PAGES	64
#define BYTES	(PAGES * PAGE)
#define HALF	(PAGES / 2)

FIXTURE(numa)
{
	int fd;
	struct scene *s;
	struct view v, before;
};

FIXTURE_SETUP(numa)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	write_file("/proc/sys/kernel/numa_balancing", "0");
}

FIXTURE_TEARDOWN(numa)
{
	scene_end(self->s);
	view_free(&self->v);
	view_free(&self->before);
	close(self->fd);
}

#define on_node(_from, _to, _node) count_pages(&self->v, _from, _to, p,		\
	p->kind == MMSCOPE_MAPPING_PAGE && p->frame.node == (_node))

/* policies of one node or of both */
static int bind(char *p, size_t bytes, int mode, unsigned long nodes, unsigned int flags)
{
	return syscall(SYS_mbind, p, bytes, mode, &nodes, 8 * sizeof(nodes), flags);
}

static int play_bind(struct scene *s)
{
	switch (s->step) {
	case 0:
		s->addr = alone_anon(BYTES);
		s->bytes = BYTES;
		if (bind(s->addr, BYTES, MPOL_BIND, 1 << 1, 0))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	case 1:
		return bind(s->addr, BYTES, MPOL_BIND, 1 << 0, MPOL_MF_MOVE);
	default:
		return bind(s->addr, BYTES, MPOL_INTERLEAVE, 3, 0) ?:
		       madvise(s->addr, BYTES, MADV_DONTNEED) ?:
		       madvise(s->addr, BYTES, MADV_POPULATE_WRITE);
	}
}

TEST_F(numa, bound_and_interleaved)
{
	look_begin(play_bind);
	EXPECT_EQ(PAGES, on_node(0, PAGES, 1));
	EXPECT_EQ(PAGES, numa_pages(&self->v, 1));
	EXPECT_NE(NULL, strstr(self->v.numa_maps, " bind:1 "));
	tell_points("NUMA, bound", &self->v);
	look_next();
	EXPECT_EQ(PAGES, on_node(0, PAGES, 0));
	EXPECT_EQ(0, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_NE(NULL, strstr(self->v.numa_maps, " bind:0 "));
	tell_points("NUMA, moved by mbind", &self->v);
	look_next();
	EXPECT_EQ(HALF, on_node(0, PAGES, 0));
	EXPECT_EQ(HALF, on_node(0, PAGES, 1));
	for (size_t i = 1; i < PAGES; i++)
		EXPECT_NE(self->v.page[i - 1].frame.node, self->v.page[i].frame.node);
	tell_points("NUMA, interleaved", &self->v);
}

static int play_move(struct scene *s)
{
	void *pages[HALF];
	int nodes[HALF], status[HALF];

	if (s->step == 0) {
		s->addr = alone_anon(BYTES);
		s->bytes = BYTES;
		if (bind(s->addr, BYTES, MPOL_PREFERRED, 1 << 0, 0))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	}
	/* every second one */
	for (size_t i = 0; i < HALF; i++) {
		pages[i] = s->addr + 2 * i * PAGE;
		nodes[i] = 1;
	}
	if (syscall(SYS_move_pages, 0, HALF, pages, nodes, status, 2 /* MPOL_MF_MOVE */))
		return 2;
	for (size_t i = 0; i < HALF; i++)
		if (status[i] != 1)
			return 3;
	return 0;
}

TEST_F(numa, moved_page_by_page)
{
	look_begin(play_move);
	EXPECT_EQ(PAGES, on_node(0, PAGES, 0));
	look_next();
	EXPECT_EQ(HALF, on_node(0, PAGES, 1));
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, PAGES));
	for (size_t i = 0; i < PAGES; i++)
		EXPECT_EQ(i % 2 ? 0 : 1, self->v.page[i].frame.node);
	tell_points("move_pages", &self->v);
}

#define NR_1G	(HUGE_1G / PAGE)

static int play_gigantic(struct scene *s)
{
	s->addr = zoo_map(HUGE_1G, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << 26);
	s->bytes = HUGE_1G;
	if (!s->addr)
		return 1;
	s->addr[12345678] = 1;
	return 0;
}

TEST_F_TIMEOUT(numa, a_page_of_1G, 60)
{
	look_begin(play_gigantic);
	EXPECT_EQ(NR_1G, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(NR_1G, count_pages(&self->v, 0, NR_1G, p, p->size == LEAF_1G &&
				     p->walk.level == (uint32_t)LEVEL_1G));
	/* 6.12 may call a page that was not made at boot shared */
	EXPECT_EQ(HUGE_1G, smaps_bytes(&self->v, "Private_Hugetlb") +
			   smaps_bytes(&self->v, "Shared_Hugetlb"));
	EXPECT_EQ(1, numa_pages(&self->v, self->v.page[0].frame.node));
	tell_points("hugetlb 1G", &self->v);
}

/* where a process's addresses end with four levels; arm64 has the kernel's in tables apart */
#ifdef __aarch64__
#define USER_END	(1UL << 48)
#else
#define USER_END	(1UL << 47)
#endif

static int play_four_levels(struct scene *s)
{
	/* where the fifth level would be needed: no hint is taken */
	s->addr = mmap((void *)(1UL << 50), BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	s->bytes = BYTES;
	return s->addr == MAP_FAILED;
}

TEST_F(numa, four_levels)
{
	const int levels = PAGE > 4096 ? 3 : 4;
	const struct mmscope_translation *t;

	look_begin(play_four_levels);
	t = &self->v.page[0].walk;
	EXPECT_LT(self->v.start, USER_END);
	EXPECT_EQ(levels, t->levels);
	EXPECT_EQ(MMSCOPE_UNKNOWN, t->table_pfn[MMSCOPE_LEVEL_P4D]);
	EXPECT_EQ(self->v.start >> shift_of(MMSCOPE_LEVEL_PGD, levels) & (ENTRIES - 1),
		  t->index[MMSCOPE_LEVEL_PGD]);
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	tell_points("four levels", &self->v);
}

TEST_HARNESS_MAIN

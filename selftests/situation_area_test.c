// SPDX-License-Identifier: GPL-2.0
/*
 * Parts of the address space: heap, stack, guards, the kernel's own pages, maps
 * that move or end early, addresses that four levels cannot reach, memory that
 * userfaultfd watches. Each step is compared with all that the kernel tells of it
 * (witness.h).
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <poll.h>
#include <pthread.h>

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

#define PRESENT	MMSCOPE_ENTRY_PRESENT
#define WRITE	MMSCOPE_ENTRY_WRITE
#define UFFD_WP	MMSCOPE_ENTRY_UFFD_WP

FIXTURE(area)
{
	int fd;
	struct scene *s;
	struct view v, before;
};

FIXTURE_SETUP(area)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(area)
{
	scene_end(self->s);
	view_free(&self->v);
	view_free(&self->before);
	close(self->fd);
}

/* --------------------------------------------------------------------- the heap */

/* the end of the heap is set by hand, from a page boundary on */
static int play_brk(struct scene *s)
{
	char *end = s->addr + s->bytes;

	switch (s->step) {
	case 0:
		end = (char *)(((uintptr_t)sbrk(0) + PAGE - 1) & ~(PAGE - 1));
		if (place(s, end, BYTES) || brk(end + BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		return 0;
	case 1:
		/* what is in it stays, what is new is not there */
		s->bytes += BYTES;
		return brk(end + BYTES);
	default:
		s->bytes = HALF * PAGE;
		return brk(s->addr + s->bytes);
	}
}

TEST_F(area, the_heap_grows_and_shrinks)
{
	struct mmscope_translation beyond;

	look_begin(play_brk);
	EXPECT_EQ(MMSCOPE_VMA_HEAP, self->v.vma.kind);
	EXPECT_EQ(view_end(&self->v), self->v.vma.end);
	EXPECT_EQ(PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	look_next();
	EXPECT_EQ(view_end(&self->v), self->v.vma.end);
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(PAGES, count_pages(&self->v, PAGES, 2 * PAGES, p, p->kind == NO_ENTRY));
	tell_points("brk", &self->v);
	look_next();
	EXPECT_EQ(view_end(&self->v), self->v.vma.end);
	EXPECT_EQ(HALF, count_same(&self->v, &self->before, 0, HALF));
	/* what was given back is no longer mapped */
	view_free(&self->before);
	ASSERT_EQ(0, look(&self->before, self->fd, self->s->pid, self->s->addr, 2 * BYTES, NULL));
	beyond = self->before.page[HALF].walk;
	EXPECT_EQ(MMSCOPE_NOT_MAPPED, beyond.result);
}

/* -------------------------------------------------------------------- the stack */

#define DEEP	(1UL << 20)

/* hold still at the bottom of a deep call: the frames are below all that was */
static int __attribute__((noinline)) play_deep(struct scene *s)
{
	volatile char deep[DEEP];
	const uintptr_t low = ((uintptr_t)deep + PAGE - 1) & ~(PAGE - 1);

	for (size_t i = 0; i < DEEP; i += PAGE)
		deep[DEEP - 1 - i] = 1;
	s->addr = (char *)low;
	s->bytes = DEEP / 2;
	if (mincore(s->addr, s->bytes, s->core))
		return 1;
	raise(SIGSTOP);
	return deep[0];
}

static int play_stack(struct scene *s)
{
	int here = 0;

	if (s->step == 1)
		return play_deep(s);
	return place(s, (char *)((uintptr_t)&here & ~(PAGE - 1)), PAGE);
}

TEST_F(area, the_stack_grows)
{
	look_begin(play_stack);
	EXPECT_EQ(MMSCOPE_VMA_STACK, self->v.vma.kind);
	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, self->v.page[0].kind);
	look_next();
	EXPECT_EQ(MMSCOPE_VMA_STACK, self->v.vma.kind);
	EXPECT_LT(self->v.vma.start, self->before.vma.start);
	EXPECT_LE(self->v.vma.start, view_end(&self->v) - DEEP / 2);
	EXPECT_EQ(self->before.vma.end, self->v.vma.end);
	EXPECT_EQ(DEEP / 2 / PAGE, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_GROWSDOWN);
	tell_points("stack growth", &self->v);
}

/* ----------------------------------------------------------------------- guards */

static int play_guard(struct scene *s)
{
	char *p;

	if (s->step == 0) {
		p = alone(3 * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (!p || mprotect(p + BYTES, BYTES, PROT_NONE))
			return 1;
		touch(p, BYTES, PAGE);
		touch(p + 2 * BYTES, BYTES, PAGE);
		return place(s, p + BYTES, BYTES);
	}
	/* guards without VMAs of their own: Linux 6.13 */
	s->addr += BYTES;
	s->note[0] = madvise(s->addr, BYTES / 2, MADV_GUARD_INSTALL) == 0;
	return 0;
}

TEST_F(area, guards)
{
	look_begin(play_guard);
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	EXPECT_EQ(0, self->v.vma.perms);
	EXPECT_EQ(self->v.start, self->v.vma.start);
	EXPECT_EQ(view_end(&self->v), self->v.vma.end);
	tell_points("guard, PROT_NONE", &self->v);
	look_next();
	EXPECT_EQ(self->s->note[0] ? HALF : 0, count_kind(&self->v, MMSCOPE_MAPPING_MARKER));
	EXPECT_EQ(self->s->note[0] ? HALF : PAGES, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
}

/* ------------------------------------------------------------------ userfaultfd */

static int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	return fd < 0 || ioctl(fd, UFFDIO_API, &api) ? -1 : fd;
}

static int uffd_watch(int fd, char *p, size_t bytes, uint64_t mode)
{
	struct uffdio_register reg = { .range = { (uintptr_t)p, bytes }, .mode = mode };

	return ioctl(fd, UFFDIO_REGISTER, &reg);
}

static int uffd_protect(int fd, char *p, size_t bytes, bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)p, bytes },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
}

static int play_uffd_wp(struct scene *s)
{
	if (s->step == 0) {
		if (place(s, alone_anon(BYTES), BYTES))
			return 1;
		touch(s->addr, BYTES, PAGE);
		s->note[0] = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
		return uffd_watch(s->note[0], s->addr, BYTES, UFFDIO_REGISTER_MODE_WP);
	}
	return uffd_protect(s->note[0], s->addr, s->step == 1 ? BYTES : BYTES / 2, s->step == 1);
}

TEST_F(area, userfaultfd_write_protects_page_by_page)
{
	if (!uffd_protects())
		SKIP(return, "userfaultfd does not protect from writes here");
	look_begin(play_uffd_wp);
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_UFFD_WP);
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | WRITE, UFFD_WP));
	look_next();
	EXPECT_EQ(PAGES, count_flags(&self->v, PRESENT | UFFD_WP, WRITE));
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	tell_points("userfaultfd-wp", &self->v);
	look_next();
	EXPECT_EQ(HALF, count_flags(&self->v, PRESENT, UFFD_WP));
	EXPECT_EQ(HALF, count_pages(&self->v, HALF, PAGES, p, p->flags & UFFD_WP));
}

/* faults on a page that nobody brings, until the fault is answered */
static void *toucher(void *arg)
{
	*(volatile char *)arg = 1;
	return NULL;
}

static pthread_t faulting;

static int play_uffd_missing(struct scene *s)
{
	static char page[MAX_PAGE] __attribute__((aligned(MAX_PAGE))) = "from userfaultfd";
	struct pollfd wait = { .fd = s->note[0], .events = POLLIN };
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
	struct uffdio_zeropage zero = { .range = { .len = PAGE } };

	switch (s->step) {
	case 0:
		s->note[0] = uffd_open(0);
		return place(s, alone_anon(BYTES), BYTES) ?:
		       uffd_watch(s->note[0], s->addr, BYTES, UFFDIO_REGISTER_MODE_MISSING);
	case 1:
		if (pthread_create(&faulting, NULL, toucher, s->addr + 5 * PAGE))
			return 1;
		return poll(&wait, 1, 20000) == 1 ? 0 : 2;
	default:
		copy.dst = (uintptr_t)s->addr + 5 * PAGE;
		zero.range.start = (uintptr_t)s->addr + 9 * PAGE;
		return ioctl(s->note[0], UFFDIO_COPY, &copy) ?:
		       ioctl(s->note[0], UFFDIO_ZEROPAGE, &zero) ?:
		       pthread_join(faulting, NULL);
	}
}

TEST_F(area, userfaultfd_of_a_missing_page)
{
	look_begin(play_uffd_missing);
	EXPECT_TRUE(self->v.vma.flags & MMSCOPE_VMA_F_UFFD_MISSING);
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	/* a thread waits in its fault, and that keeps nobody from looking */
	look_next();
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	look_next();
	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, self->v.page[5].kind);
	EXPECT_EQ(MMSCOPE_MAPPING_ZERO, self->v.page[9].kind);
	EXPECT_EQ(PAGES - 2, count_kind(&self->v, NO_ENTRY));
	tell_points("userfaultfd, missing", &self->v);
}

/* --------------------------------------------------------------- maps that move */

static int play_mremap(struct scene *s)
{
	char *to;

	switch (s->step) {
	case 0:
		/* room to grow behind it */
		to = alone(2 * BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		if (!to || munmap(to + BYTES, BYTES) || place(s, to, BYTES))
			return 1;
		madvise(to, BYTES, MADV_NOHUGEPAGE);
		touch(s->addr, BYTES, PAGE);
		return 0;
	case 1:
		s->bytes = 2 * BYTES;
		return mremap(s->addr, BYTES, 2 * BYTES, 0) == s->addr ? 0 : 2;
	case 2:
		to = alone(2 * BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		s->note[0] = (uintptr_t)s->addr;
		s->addr = mremap(s->addr, s->bytes, s->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		return s->addr == to ? 0 : 3;
	default:
		to = alone(2 * BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		s->note[0] = (uintptr_t)s->addr;
		s->addr = mremap(s->addr, s->bytes, s->bytes,
				 MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
		return s->addr == to ? 0 : 4;
	}
}

TEST_F(area, mremap_moves_entries_and_no_frame)
{
	struct view old = { 0 };

	look_begin(play_mremap);
	look_next();
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(PAGES, count_kind(&self->v, NO_ENTRY));
	tell_points("mremap, grown", &self->v);
	look_next();
	EXPECT_NE(self->before.start, self->v.start);
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	ASSERT_EQ(0, look(&old, self->fd, self->s->pid, (void *)(uintptr_t)self->s->note[0],
			  2 * BYTES, NULL));
	EXPECT_EQ(2 * PAGES, count_pages(&old, 0, 2 * PAGES, p,
					 p->walk.result == MMSCOPE_NOT_MAPPED));
	tell_points("mremap, moved", &self->v);
	look_next();
	EXPECT_EQ(PAGES, count_same(&self->v, &self->before, 0, PAGES));
	ASSERT_EQ(0, look(&old, self->fd, self->s->pid, (void *)(uintptr_t)self->s->note[0],
			  2 * BYTES, NULL));
	EXPECT_EQ(2 * PAGES, count_kind(&old, NO_ENTRY));
	EXPECT_EQ(old.start, old.vma.start);
	tell_points("MREMAP_DONTUNMAP", &self->v);
	view_free(&old);
}

/* ---------------------------------------------------------- a file that is short */

static int play_short_file(struct scene *s)
{
	if (s->step == 0) {
		int fd = memfd_create("short", 0);

		/* ends in the middle of a page, which is mapped to its end */
		if (ftruncate(fd, HALF * PAGE + 100))
			return 1;
		s->note[0] = fd;
		if (place(s, alone(BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd), BYTES))
			return 2;
		touch(s->addr, (HALF + 1) * PAGE, PAGE);
		return 0;
	}
	return ftruncate(s->note[0], PAGES / 4 * PAGE + 1);
}

TEST_F(area, a_file_map_ends_where_the_file_does)
{
	look_begin(play_short_file);
	EXPECT_EQ(HALF + 1, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(MMSCOPE_MAPPING_PAGE, self->v.page[HALF].kind);
	EXPECT_EQ(NO_ENTRY, self->v.page[HALF + 1].kind);
	look_next();
	EXPECT_EQ(PAGES / 4 + 1, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	EXPECT_EQ(PAGES / 4 + 1, count_same(&self->v, &self->before, 0, PAGES));
	EXPECT_EQ(BYTES, self->v.vma.size_bytes);
	tell_points("file, truncated", &self->v);
}

/* -------------------------------------------------------------- the kernel's own */

static int play_vdso(struct scene *s)
{
	struct timespec ts;
	struct maps maps;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (read_maps_of(getpid(), "maps", &maps))
		return 1;
	s->no_core = true;	/* its pages are none that mincore() knows */
	for (size_t i = 0; i < maps.nr; i++)
		if (!strcmp(maps.map[i].path, s->step ? "[vvar]" : "[vdso]"))
			return place(s, (char *)(uintptr_t)maps.map[i].start,
				     maps.map[i].end - maps.map[i].start);
	return 2;
}

TEST_F(area, vdso_and_vvar)
{
	look_begin(play_vdso);
	EXPECT_EQ(MMSCOPE_VMA_VDSO, self->v.vma.kind);
	EXPECT_LT(0, count_flags(&self->v, PRESENT | MMSCOPE_ENTRY_EXEC, WRITE));
	tell_points("vdso", &self->v);
	look_next();
	EXPECT_EQ(MMSCOPE_VMA_VVAR, self->v.vma.kind);
	/* Linux 7 has pages of its own for it: by VmFlags */
	EXPECT_LT(0, count_kind(&self->v, strstr(self->v.smaps, " pf") ?
				MMSCOPE_MAPPING_PFNMAP : MMSCOPE_MAPPING_PAGE));
	tell_points("vvar", &self->v);
}

/* ------------------------------------------------------------------- five levels */

static int play_high(struct scene *s)
{
	char *where = (char *)(1UL << 50);
	char *p = mmap(where, BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != where || place(s, p, BYTES))
		return 1;
	madvise(p, BYTES, MADV_NOHUGEPAGE);
	touch(p, BYTES, 2 * PAGE);
	return 0;
}

/* arm64 has them since Linux 6.9; on x86 the guest's CPU has them, so the kernel must */
static bool has_high_addresses(void)
{
#ifdef __aarch64__
	char *where = (char *)(1UL << 50);
	char *p = mmap(where, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, BYTES);
	return p == where;
#else
	return true;
#endif
}

TEST_F(area, addresses_above_47_bits)
{
	const int levels = PAGE > 4096 ? 4 : 5;
	const bool folded = is_folded(MMSCOPE_LEVEL_P4D, levels);
	const struct mmscope_translation *t;

	if (!has_high_addresses())
		SKIP(return, "no addresses above 48 bits here");
	look_begin(play_high);
	t = &self->v.page[0].walk;
	EXPECT_EQ(1UL << 50, self->v.start);
	EXPECT_EQ(levels, t->levels);
	EXPECT_EQ((1UL << 50) >> shift_of(MMSCOPE_LEVEL_PGD, levels), t->index[MMSCOPE_LEVEL_PGD]);
	EXPECT_EQ(folded ? MMSCOPE_UNKNOWN : 0, t->index[MMSCOPE_LEVEL_P4D]);
	EXPECT_EQ(folded, t->table_pfn[MMSCOPE_LEVEL_P4D] == MMSCOPE_UNKNOWN);
	EXPECT_EQ(HALF, count_kind(&self->v, MMSCOPE_MAPPING_PAGE));
	tell_points("above 47 bits", &self->v);
}

TEST_HARNESS_MAIN

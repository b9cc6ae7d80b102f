// SPDX-License-Identifier: GPL-2.0
/*
 * Planted frames and their owners: all that leaves a trace is named, in `extents`
 * and by MMSCOPE_IOC_PAGE; what leaves none is unattributed and nowhere else.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common.h"
#include "frames.h"
#include "fixture.h"
#include "extents.h"

#define MB	(1024 * 1024UL)
#define MANY	4096

FIXTURE(owners) {
	int fd;
	int fixture;
	struct answer a;
	uint64_t pfn[MANY];
};

FIXTURE_SETUP(owners)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
}

FIXTURE_TEARDOWN(owners)
{
	answer_free(&self->a);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

/* 0 or -1; the record of one frame */
static int frame_info(int fd, uint64_t pfn, struct mmscope_frame_info *info)
{
	struct mmscope_pfn_range range = { pfn, pfn + 1 };
	struct mmscope_page_arg arg = {
		.size = sizeof(arg),
		.ranges = (uintptr_t)&range,
		.nr_ranges = 1,
		.buf = (uintptr_t)info,
		.buf_bytes = sizeof(*info),
	};

	return ioctl(fd, MMSCOPE_IOC_PAGE, &arg) || arg.nr != 1 ? -1 : 0;
}

/* of the frames told, how many are not of this class and name; both ways to ask agree */
static size_t misnamed(FIXTURE_DATA(owners) *self, size_t nr, uint32_t class, const char *name)
{
	size_t bad = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct mmscope_extent *e = extent_of(&self->a, self->pfn[i]);
		struct mmscope_frame_info info;

		if (e && e->page_class == class && !strcmp(e->name, name) &&
		    /* the second way is slow: some are enough */
		    (i % 64 || (!frame_info(self->fd, self->pfn[i], &info) &&
				info.page_class == class && info.owner == e->owner &&
				!strcmp(info.name, name))))
			continue;
		if (!bad++)
			fprintf(stderr, "# pfn %#lx: class %d '%s', wanted %u '%s'\n", self->pfn[i],
				e ? (int)e->page_class : -1, e ? e->name : "", class, name);
	}
	return bad;
}

TEST_F_TIMEOUT(owners, slab_objects_are_their_caches, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_SLAB, 2000, 300, self->pfn, MANY);

	need_symbol("slab_caches");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	EXPECT_EQ(0, misnamed(self, 2000, MMSCOPE_CLASS_SLAB, FIXTURE_CACHE));
}

TEST_F_TIMEOUT(owners, vmalloc_areas_are_their_callers, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMALLOC, 4, 1 * MB, self->pfn, MANY);

	need_symbol("init_mm");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(4 * MB / PAGE, arg.nr_pfns);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	EXPECT_EQ(0, misnamed(self, arg.nr_pfns, MMSCOPE_CLASS_VMALLOC,
			      FIXTURE_CALLER " [mmscope_fixture]"));
}

TEST_F_TIMEOUT(owners, stacks_are_their_threads, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_THREAD, 8, 0, self->pfn, MANY);
	const struct mmscope_extent *e;

	need_symbol("init_mm");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_LT(0, arg.nr_pfns);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	EXPECT_EQ(0, misnamed(self, arg.nr_pfns, MMSCOPE_CLASS_KERNEL_STACK, FIXTURE_COMM));
	e = extent_of(&self->a, self->pfn[0]);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(arg.pid, e->owner);
}

TEST_F_TIMEOUT(owners, percpu_areas_are_percpu, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PERCPU, 32, 32 * 1024, self->pfn, MANY);
	size_t bad = 0;

	need_symbol("pcpu_base_addr");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_LT(0, arg.nr_pfns);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	for (size_t i = 0; i < arg.nr_pfns && i < MANY; i++) {
		const struct mmscope_extent *e = extent_of(&self->a, self->pfn[i]);

		bad += !e || e->page_class != MMSCOPE_CLASS_PERCPU;
	}
	EXPECT_EQ(0, bad);
}

TEST_F(owners, page_pools_are_known)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PAGE_POOL, 64, 0, self->pfn, MANY);

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	EXPECT_EQ(0, misnamed(self, 64, MMSCOPE_CLASS_PAGE_POOL, ""));
}

TEST_F(owners, pinned_pages_are_pinned_while_they_are)
{
	char *mem = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct fixture_plant arg = fixture_arg(FIXTURE_PIN, 64, 0, self->pfn, MANY);
	const struct mmscope_extent *e;

	ASSERT_NE(MAP_FAILED, mem);
	madvise(mem, 64 * PAGE, MADV_NOHUGEPAGE);
	memset(mem, 1, 64 * PAGE);
	arg.addr = (uintptr_t)mem;
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(frame_of(mem), self->pfn[0]);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	for (size_t i = 0; i < 64; i++) {
		e = extent_of(&self->a, self->pfn[i]);
		ASSERT_NE(NULL, e);
		EXPECT_EQ(MMSCOPE_CLASS_PINNED, e->page_class);
		EXPECT_TRUE(e->flags & MMSCOPE_EXTENT_INFERRED);
	}
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	answer_free(&self->a);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	e = extent_of(&self->a, self->pfn[0]);
	ASSERT_NE(NULL, e);
	EXPECT_EQ(MMSCOPE_CLASS_ANON, e->page_class);
	munmap(mem, 64 * PAGE);
}

/* blocks of all orders, compound or not, and large kmalloc: nobody can tell whose */
TEST_F_TIMEOUT(owners, what_leaves_no_trace_is_unattributed, 200)
{
	for (uint32_t order = 0; order < 10; order++) {
		for (int compound = 0; compound < 2; compound++) {
			struct fixture_plant arg = fixture_arg(FIXTURE_PAGES, 4, 0, self->pfn,
							       MANY);
			size_t bad = 0;

			arg.order = order;
			if (compound)
				strcat(arg.gfp, "|__GFP_COMP");
			ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
			ASSERT_EQ(4, arg.nr);
			answer_free(&self->a);
			ASSERT_EQ(0, extents_read(self->fd, &self->a));
			for (size_t i = 0; i < 4UL << order; i++) {
				uint64_t pfn = self->pfn[i >> order] + (i & ((1UL << order) - 1));
				const struct mmscope_extent *e = extent_of(&self->a, pfn);

				bad += !e || e->page_class != MMSCOPE_CLASS_UNATTRIBUTED ||
				       *e->name || e->owner;
			}
			EXPECT_EQ(0, bad)
				TH_LOG("order %u%s", order, compound ? ", compound" : "");
			ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
		}
	}
}

/* ---------------------------------------------- neighbours of different owners */

/* more than the sweep keeps in mind, so that it has to tell them apart there too */
#define NR_FILES	100
#define NR_ROUNDS	24

/* a page of each file, one of anonymous memory, and again: most are neighbours */
struct mixed {
	char *file[NR_FILES];
	ino_t ino[NR_FILES];
	char *anon;
};

static int mixed_make(struct mixed *m)
{
	m->anon = mmap(NULL, NR_ROUNDS * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->anon == MAP_FAILED)
		return -1;
	madvise(m->anon, NR_ROUNDS * PAGE, MADV_NOHUGEPAGE);
	for (size_t f = 0; f < NR_FILES; f++) {
		int fd = memfd_create("mixed", MFD_CLOEXEC);
		struct stat st;

		if (fd < 0 || ftruncate(fd, NR_ROUNDS * PAGE) || fstat(fd, &st))
			return -1;
		m->ino[f] = st.st_ino;
		m->file[f] = mmap(NULL, NR_ROUNDS * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				  0);
		close(fd);
		if (m->file[f] == MAP_FAILED)
			return -1;
	}
	for (size_t i = 0; i < NR_ROUNDS; i++) {
		for (size_t f = 0; f < NR_FILES; f++)
			m->file[f][i * PAGE] = 1;
		m->anon[i * PAGE] = 1;
	}
	return 0;
}

static void mixed_free(struct mixed *m)
{
	for (size_t f = 0; f < NR_FILES; f++)
		munmap(m->file[f], NR_ROUNDS * PAGE);
	munmap(m->anon, NR_ROUNDS * PAGE);
}

TEST_F_TIMEOUT(owners, neighbours_of_different_owners_are_told_apart, 120)
{
	size_t files = 0, anon = 0, neighbours = 0;
	uint64_t pfn, last = 0;
	struct mixed m;

	ASSERT_EQ(0, mixed_make(&m));
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	for (size_t i = 0; i < NR_ROUNDS; i++) {
		const struct mmscope_extent *e;

		for (size_t f = 0; f < NR_FILES; f++, last = pfn) {
			pfn = frame_of(m.file[f] + i * PAGE);
			neighbours += pfn == last + 1 || pfn == last - 1;
			e = extent_of(&self->a, pfn);
			ASSERT_NE(NULL, e);
			files += e->page_class == MMSCOPE_CLASS_SHMEM && e->owner == m.ino[f];
		}
		e = extent_of(&self->a, frame_of(m.anon + i * PAGE));
		ASSERT_NE(NULL, e);
		anon += e->page_class == MMSCOPE_CLASS_ANON && !e->owner;
	}
	TH_LOG("%zu neighbours", neighbours);
	/* where free memory is in small pieces there are fewer */
	EXPECT_LT(NR_ROUNDS * NR_FILES / 8, neighbours);
	EXPECT_EQ(NR_ROUNDS * NR_FILES, files);
	EXPECT_EQ(NR_ROUNDS, anon);
	mixed_free(&m);
}

/* ------------------------------------------------------------ the point query */

TEST_F(owners, a_slab_page_tells_its_objects)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_SLAB, 1000, 512, self->pfn, MANY);
	struct mmscope_frame_info info;
	size_t head = 0, tail = 0;

	need_symbol("slab_caches");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	for (size_t i = 0; i < 1000; i += 37) {
		uint64_t offset;

		ASSERT_EQ(0, frame_info(self->fd, self->pfn[i], &info));
		ASSERT_LE(512, info.slab_object_bytes);
		EXPECT_LT(0, info.slab_inuse);
		EXPECT_GE(info.slab_objects, info.slab_inuse);
		offset = (info.pfn - info.head_pfn) * PAGE;
		EXPECT_EQ(offset / info.slab_object_bytes, info.slab_first_object);
		EXPECT_GE((offset + PAGE - 1) / info.slab_object_bytes, info.slab_last_object);
		EXPECT_GT(info.slab_objects, info.slab_last_object);
		head += info.pfn == info.head_pfn;
		tail += info.pfn != info.head_pfn;
	}
	EXPECT_LT(0, head);
	TH_LOG("%zu heads, %zu tails", head, tail);
}

TEST_F(owners, a_file_page_tells_path_and_place)
{
	static const char path[] = "/tmp/owner-of-a-page";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct mmscope_frame_info info;
	struct stat st;
	char *mem;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 16 * PAGE));
	ASSERT_EQ(0, fstat(fd, &st));
	mem = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	memset(mem, 1, 16 * PAGE);
	for (size_t i = 0; i < 16; i++) {
		ASSERT_EQ(0, frame_info(self->fd, frame_of(mem + i * PAGE), &info));
		EXPECT_EQ(MMSCOPE_CLASS_SHMEM, info.page_class);
		EXPECT_EQ(i, info.file_page);
		EXPECT_EQ(st.st_ino, info.owner);
		EXPECT_EQ(major(st.st_dev), info.dev_major);
		EXPECT_EQ(minor(st.st_dev), info.dev_minor);
		EXPECT_STREQ("/owner-of-a-page", info.path);
		EXPECT_EQ(1, info.mapcount);
	}
	munmap(mem, 16 * PAGE);
	close(fd);
	unlink(path);
}

/* of memory, a while from where it begins on this machine */
static uint64_t first_frame(void)
{
	uint64_t start = 0;

	read_number("/proc/zoneinfo", "  start_pfn", &start);
	return start + 4096;
}

/* many ranges at once, unsorted and overlapping, in a small buffer: each frame once */
TEST_F(owners, ranges_are_answered_frame_by_frame)
{
	const uint64_t base = first_frame();
	struct mmscope_pfn_range ranges[] = {
		{ base + 904, base + 914 }, { base, base + 4 }, { base + 909, base + 924 },
	};
	struct mmscope_frame_info info[4];
	struct mmscope_page_arg arg = {
		.size = sizeof(arg),
		.ranges = (uintptr_t)ranges,
		.nr_ranges = ARRAY_LEN(ranges),
		.buf = (uintptr_t)info,
		.buf_bytes = sizeof(info),
	};
	uint64_t want = base;
	size_t nr = 0;

	do {
		ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
		ASSERT_GE(4, arg.nr);
		for (uint32_t i = 0; i < arg.nr; i++, nr++) {
			struct mmscope_page page;

			EXPECT_EQ(want, info[i].pfn);
			want = want == base + 3 ? base + 904 : want + 1;
			ASSERT_EQ(0, read_page(self->fd, info[i].pfn, &page));
			EXPECT_EQ(page.page_class, info[i].page_class);
			EXPECT_EQ(page.zone, info[i].zone);
		}
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	EXPECT_EQ(24, nr);
}

TEST_F(owners, bad_questions_are_refused)
{
	const uint64_t pfn = first_frame();
	struct mmscope_pfn_range range = { pfn, pfn };
	struct mmscope_frame_info info;
	struct mmscope_page_arg good = {
		.size = sizeof(good),
		.ranges = (uintptr_t)&range,
		.nr_ranges = 1,
		.buf = (uintptr_t)&info,
		.buf_bytes = sizeof(info),
	}, arg = good;

	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EINVAL, errno);
	range.end = pfn + 1;
	arg = good;
	arg.flags = 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EOPNOTSUPP, errno);
	arg = good;
	arg.__reserved = 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EINVAL, errno);
	arg = good;
	arg.buf_bytes--;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EINVAL, errno);
	arg = good;
	arg.nr_ranges = MMSCOPE_RANGES_MAX + 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(E2BIG, errno);
	arg = good;
	arg.ranges = 8;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EFAULT, errno);
	arg = good;
	arg.buf = 8;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(EFAULT, errno);
	/* a frame that cannot be is no error, but no record */
	range = (struct mmscope_pfn_range){ 1ULL << 50, 1ULL << 51 };
	arg = good;
	EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_PAGE, &arg));
	EXPECT_EQ(0, arg.nr);
	EXPECT_TRUE(arg.status & MMSCOPE_WALK_DONE);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Does the fixture plant what it says? Against /proc/kpageflags, vmallocinfo,
 * slabinfo, meminfo, vmstat, and the caller's own pagemap. mmscope itself has no
 * part in this.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "common.h"
#include "fixture.h"
#include "frames.h"

#define MANY	4096
#define BIT(n)	(1ULL << (n))

/* a page of the kernel's that nobody marks has none of these */
#define MARKS	(BIT(KPF_SLAB) | BIT(KPF_BUDDY) | BIT(KPF_LRU) | BIT(KPF_ANON) | \
		 BIT(KPF_MMAP) | BIT(KPF_PGTABLE) | BIT(KPF_RESERVED) | BIT(KPF_NOPAGE))
#define COMPOUND (BIT(KPF_COMPOUND_HEAD) | BIT(KPF_COMPOUND_TAIL))

FIXTURE(planted) {
	int fd;
	int kpageflags;
	uint64_t pfn[MANY];
};

FIXTURE_SETUP(planted)
{
	self->kpageflags = open(KPAGEFLAGS, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->kpageflags);
	self->fd = fixture_load();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(planted)
{
	close(self->kpageflags);
	close(self->fd);
	EXPECT_EQ(0, fixture_unload());
}

/* how many of the frames told do not have these and only these of some flags */
static size_t unlike(const FIXTURE_DATA(planted) *self, size_t nr, uint64_t of, uint64_t want)
{
	size_t bad = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t flags = frame_read(self->kpageflags, self->pfn[i]);

		if ((flags & of) != want && !bad++)
			fprintf(stderr, "# pfn %#lx: flags %#lx, of %#lx should be %#lx\n",
				self->pfn[i], flags, of, want);
	}
	return bad;
}

/* lines of a file that have both words */
static size_t lines_with(const char *path, const char *one, const char *other)
{
	char *text = read_file(path), *at = NULL;
	size_t nr = 0;

	for (char *line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
		nr += strstr(line, one) && strstr(line, other);
	free(text);
	return nr;
}

/* objects in use as /proc/slabinfo has them */
static unsigned long slab_inuse(void)
{
	char *text = read_file("/proc/slabinfo");
	char *line = text ? strstr(text, FIXTURE_CACHE) : NULL;
	unsigned long inuse = 0;

	if (line)
		sscanf(line, "%*s %lu", &inuse);
	free(text);
	return inuse;
}

TEST_F(planted, slab_objects)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_SLAB, 3000, 320, self->pfn, MANY);
	struct fixture_plant second = arg;

	arg.free_every = 3;
	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	EXPECT_EQ(2000, arg.nr);
	EXPECT_EQ(2000, arg.nr_pfns);
	/* other marks are read from words that a slab uses for something else */
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, BIT(KPF_SLAB) | BIT(KPF_BUDDY), BIT(KPF_SLAB)));
	/* what is free on per-CPU slabs counts as in use */
	EXPECT_LE(2000, slab_inuse());
	EXPECT_EQ(-EBUSY, fixture_plant(self->fd, &second));
	EXPECT_EQ(0, fixture_free(self->fd, arg.id));
	EXPECT_EQ(0, lines_with("/proc/slabinfo", FIXTURE_CACHE, ""));
	EXPECT_EQ(0, fixture_plant(self->fd, &second));
	EXPECT_LE(3000, slab_inuse());
}

TEST_F(planted, vmalloc_areas)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMALLOC, 20, 17 * PAGE, self->pfn, MANY);

	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	EXPECT_EQ(20 * 17, arg.nr_pfns);
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, MARKS | COMPOUND, 0));
	EXPECT_EQ(20, lines_with("/proc/vmallocinfo", FIXTURE_CALLER, " pages=17 "));
	EXPECT_EQ(0, fixture_free(self->fd, arg.id));
	EXPECT_EQ(0, lines_with("/proc/vmallocinfo", FIXTURE_CALLER, ""));
}

TEST_F(planted, blocks_of_every_order)
{
	for (unsigned int order = 0; order <= 9; order++) {
		struct fixture_plant arg = fixture_arg(FIXTURE_PAGES, 4, 0, self->pfn, MANY);

		arg.order = order;
		ASSERT_EQ(0, fixture_plant(self->fd, &arg));
		EXPECT_EQ(4, arg.nr);
		EXPECT_EQ(0, unlike(self, 4, MARKS | COMPOUND, 0));
		for (int i = 0; i < 4; i++)
			EXPECT_EQ(0, self->pfn[i] % (1UL << order));
		EXPECT_EQ(0, fixture_free(self->fd, arg.id));

		snprintf(arg.gfp, sizeof(arg.gfp), "GFP_KERNEL|__GFP_COMP");
		ASSERT_EQ(0, fixture_plant(self->fd, &arg));
		EXPECT_EQ(0, unlike(self, 4, MARKS | COMPOUND,
				    order ? BIT(KPF_COMPOUND_HEAD) : 0));
		for (int i = 0; i < 4; i++)
			self->pfn[i] += (1UL << order) - 1;
		EXPECT_EQ(0, unlike(self, 4, MARKS | COMPOUND,
				    order ? BIT(KPF_COMPOUND_TAIL) : 0));
	}
}

static size_t most_even(const size_t *with, size_t nr)
{
	size_t best = 0;

	for (size_t i = 1; i < nr; i++)
		if (labs((long)with[i] - MANY / 2) < labs((long)with[best] - MANY / 2))
			best = i;
	return best;
}

TEST_F(planted, some_of_the_blocks_freed)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PAGES, MANY, 0, self->pfn, MANY);
	size_t with[16] = { 0 }, held = 0;
	uint64_t mask;

	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	ASSERT_EQ(MANY, arg.nr);
	/* the bit that most nearly halves them: in fragmented memory it may be any */
	for (int i = 0; i < MANY; i++)
		for (size_t bit = 0; bit < ARRAY_LEN(with); bit++)
			with[bit] += self->pfn[i] >> bit & 1;
	mask = BIT(most_even(with, ARRAY_LEN(with)));
	for (int i = 0; i < MANY; i++)
		if (!(self->pfn[i] & mask))
			self->pfn[held++] = self->pfn[i];
	EXPECT_LT(MANY / 8, held);
	EXPECT_GT(MANY - MANY / 8, held);
	ASSERT_EQ(0, fixture_free_some(self->fd, arg.id, mask, mask));
	EXPECT_EQ(0, unlike(self, held, MARKS, 0));
	EXPECT_EQ(-EINVAL, fixture_free_some(self->fd, arg.id, 1, 2));
	EXPECT_EQ(-EINVAL, fixture_free_some(self->fd, 0, 1, 1));
	EXPECT_EQ(-ENOENT, fixture_free(self->fd, arg.id + 1));
}

TEST_F(planted, percpu_areas)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PERCPU, 64, PERCPU_PAGES * PAGE,
						self->pfn, MANY);
	uint64_t before, after;

	ASSERT_EQ(0, read_number("/proc/meminfo", "Percpu", &before));
	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	ASSERT_EQ(0, read_number("/proc/meminfo", "Percpu", &after));
	/* an area that is not page aligned ends in a page more */
	EXPECT_LE(64 * PERCPU_PAGES * sysconf(_SC_NPROCESSORS_ONLN), arg.nr_pfns);
	EXPECT_LT(before + 1024, after);
	EXPECT_EQ(0, unlike(self, arg.nr_pfns < MANY ? arg.nr_pfns : MANY,
			    MARKS & ~BIT(KPF_RESERVED), 0));
}

TEST_F(planted, threads_with_stacks)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_THREAD, 8, 0, self->pfn, MANY);
	uint64_t before, after;
	char path[64], *comm;

	ASSERT_EQ(0, read_number("/proc/meminfo", "KernelStack", &before));
	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	ASSERT_EQ(0, read_number("/proc/meminfo", "KernelStack", &after));
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, MARKS | COMPOUND, 0));
	/* others come and go, so it may be off by a few */
	EXPECT_LE(8, arg.nr_pfns);
	EXPECT_LE(arg.nr_pfns * PAGE_KB - 64, after - before);
	snprintf(path, sizeof(path), "/proc/%u/comm", arg.pid);
	comm = read_file(path);
	ASSERT_NE(NULL, comm);
	EXPECT_STREQ(FIXTURE_COMM "\n", comm);
	free(comm);
	EXPECT_EQ(0, fixture_free(self->fd, arg.id));
	EXPECT_EQ(-1, access(path, F_OK));
}

TEST_F(planted, large_kmalloc)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_KMALLOC, 16, 16 * PAGE, self->pfn, MANY);

	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	EXPECT_EQ(256, arg.nr_pfns);
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, MARKS, 0));
	for (int i = 0; i < 16; i++)
		self->pfn[i] = self->pfn[16 * i];
	EXPECT_EQ(0, unlike(self, 16, COMPOUND, BIT(KPF_COMPOUND_HEAD)));
}

TEST_F(planted, page_pool)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PAGE_POOL, 100, 0, self->pfn, MANY);

	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	EXPECT_EQ(100, arg.nr_pfns);
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, MARKS, 0));
}

/* pins taken and given back so far; what CPUs have not added yet is added first */
static int read_pins(uint64_t *acquired, uint64_t *released)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (write(fd, "1", 1) != 1)
		return -1;
	close(fd);
	return read_number("/proc/vmstat", "nr_foll_pin_acquired", acquired) ?:
	       read_number("/proc/vmstat", "nr_foll_pin_released", released);
}

TEST_F(planted, pinned_user_pages)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_PIN, 64, 0, self->pfn, MANY);
	char *mem = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	uint64_t acquired[2], released[2];

	ASSERT_EQ(0, read_pins(&acquired[0], &released[0]));
	arg.addr = (uintptr_t)mem;
	ASSERT_EQ(0, fixture_plant(self->fd, &arg));
	EXPECT_EQ(64, arg.nr_pfns);
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(frame_of(mem + i * PAGE), self->pfn[i]);
	EXPECT_EQ(0, unlike(self, arg.nr_pfns, BIT(KPF_ANON) | BIT(KPF_MMAP),
			    BIT(KPF_ANON) | BIT(KPF_MMAP)));
	EXPECT_EQ(0, fixture_free(self->fd, arg.id));
	ASSERT_EQ(0, read_pins(&acquired[1], &released[1]));
	EXPECT_EQ(64, acquired[1] - acquired[0]);
	EXPECT_EQ(64, released[1] - released[0]);

	/* a range that ends where nothing is mapped gives back what it had */
	munmap(mem + 60 * PAGE, 4 * PAGE);
	EXPECT_EQ(-EFAULT, fixture_plant(self->fd, &arg));
	ASSERT_EQ(0, read_pins(&acquired[0], &released[0]));
	EXPECT_EQ(60, acquired[0] - acquired[1]);
	EXPECT_EQ(60, released[0] - released[1]);
}

TEST_F(planted, allocations_tried)
{
	uint64_t pfn = 0;

	ASSERT_EQ(0, fixture_try(self->fd, 3, "GFP_KERNEL", 0, &pfn));
	EXPECT_NE(FIXTURE_NO_PFN, pfn);
	EXPECT_EQ(0, pfn % 8);
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 3, "GFP_KERNEL|", 0, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 3, "__GFP_NOFAIL", 0, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 3, "__GFP_DMA|__GFP_DMA32", 0, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 3, "__GFP_MOVABLE|__GFP_RECLAIMABLE", 0, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 64, "GFP_KERNEL", 0, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 0, "GFP_KERNEL", 1000, &pfn));
	EXPECT_EQ(-EINVAL, fixture_try(self->fd, 0, "GFP_KERNEL", 63, &pfn));
}

/* what cannot be planted on this machine at all is refused for that */
static int refused(uint32_t what)
{
#ifdef __aarch64__
	if (what == FIXTURE_WX || what == FIXTURE_UNCACHED)
		return -EOPNOTSUPP;
#endif
	(void)what;
	return -EINVAL;
}

TEST_F(planted, nonsense_is_refused)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_NR_WHATS, 1, PAGE, self->pfn, MANY);

	EXPECT_EQ(-EINVAL, fixture_plant(self->fd, &arg));
	for (uint32_t what = 0; what < FIXTURE_NR_WHATS; what++) {
		if (what == FIXTURE_PAGES)
			continue;
		arg = fixture_arg(what, 0, PAGE, self->pfn, MANY);
		EXPECT_EQ(refused(what), fixture_plant(self->fd, &arg));
		arg = fixture_arg(what, 1 << 30, PAGE, self->pfn, MANY);
		EXPECT_EQ(refused(what), fixture_plant(self->fd, &arg));
	}
	for (uint32_t what = FIXTURE_SLAB; what <= FIXTURE_KMALLOC; what++) {
		if (what == FIXTURE_PAGES || what == FIXTURE_THREAD)
			continue;
		arg = fixture_arg(what, 1, 0, self->pfn, MANY);
		EXPECT_EQ(-EINVAL, fixture_plant(self->fd, &arg));
		arg = fixture_arg(what, 1, ~0ULL, self->pfn, MANY);
		EXPECT_EQ(-EINVAL, fixture_plant(self->fd, &arg));
	}
	arg = fixture_arg(FIXTURE_PIN, 1, 0, self->pfn, MANY);
	arg.addr = 1ULL << 63;
	EXPECT_EQ(-EFAULT, fixture_plant(self->fd, &arg));
	arg = fixture_arg(FIXTURE_KMALLOC, 1, PAGE, self->pfn, MANY);
	arg.pfns = 8;
	EXPECT_EQ(-EFAULT, fixture_plant(self->fd, &arg));
	arg.room = ~0U;
	EXPECT_EQ(-EINVAL, fixture_plant(self->fd, &arg));
	EXPECT_EQ(-1, ioctl(self->fd, _IO(0xDB, 3)));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, FIXTURE_IOC_PLANT, 8));
	EXPECT_EQ(EFAULT, errno);
}

/* Some 80 MiB of everything; returns 0 if all of it could be planted. */
static int plant_everything(int fd)
{
	static const struct fixture_plant all[] = {
		{ .what = FIXTURE_SLAB, .nr = 60000, .bytes = 256, .free_every = 7 },
		{ .what = FIXTURE_VMALLOC, .nr = 16, .bytes = 1 << 20 },
		{ .what = FIXTURE_PAGES, .nr = 4096, .node = FIXTURE_ANY_NODE,
		  .gfp = "GFP_KERNEL" },
		{ .what = FIXTURE_PAGES, .nr = 8, .order = 9, .node = FIXTURE_ANY_NODE,
		  .gfp = "GFP_KERNEL|__GFP_COMP" },
		{ .what = FIXTURE_PERCPU, .nr = 256, .bytes = 16384 },
		{ .what = FIXTURE_THREAD, .nr = 64 },
		{ .what = FIXTURE_KMALLOC, .nr = 256, .bytes = 65536 },
		{ .what = FIXTURE_PAGE_POOL, .nr = 2048 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct fixture_plant arg = all[i];
		int err = fixture_plant(fd, &arg);

		if (err)
			return err;
		if (arg.nr_pfns < arg.nr)
			return -EPROTO;
	}
	return 0;
}

#define LEAK_KB (6 << 10)	/* each kind but the threads takes more */

/* free memory with that on per-CPU lists, which can be many MiB */
static uint64_t free_kb(void)
{
	char *text = read_file("/proc/zoneinfo");
	uint64_t kb = 0;

	if (read_number("/proc/meminfo", "MemFree", &kb))
		return 0;
	for (char *p = text; p && (p = strstr(p, " count: ")); p++)
		kb += strtoul(p + strlen(" count: "), NULL, 10) * PAGE / 1024;
	free(text);
	return kb;
}

/* Plant all, unload: how much less is free then? The fixture is loaded again. */
static int64_t lost_kb(struct __test_metadata *_metadata, FIXTURE_DATA(planted) *self)
{
	int64_t before = free_kb(), planted, after;

	ASSERT_EQ(0, plant_everything(self->fd));
	planted = free_kb();
	EXPECT_LT(planted + (64 << 10), before);
	close(self->fd);
	ASSERT_EQ(0, fixture_unload());
	/* stacks, areas and slabs are given back behind the scenes */
	for (int tries = 0; tries < 100; tries++) {
		after = free_kb();
		if (before - after < LEAK_KB)
			break;
		usleep(100000);
	}
	EXPECT_EQ(0, lines_with("/proc/vmallocinfo", "mmscope_fixture", ""));
	EXPECT_EQ(0, lines_with("/proc/slabinfo", FIXTURE_CACHE, ""));
	self->fd = fixture_load();
	ASSERT_LE(0, self->fd);
	return before - after;
}

TEST_F(planted, unloading_gives_all_back)
{
	int64_t lost = LEAK_KB;

	/* once for what the kernel keeps for the next time, and KASAN longer */
	ASSERT_EQ(0, plant_everything(self->fd));
	ASSERT_EQ(0, fixture_free(self->fd, 0));
	sleep(1);
	/* a leak comes again each time; what others take meanwhile, or is still kept, does not */
	for (int round = 0; round < 4 && lost >= LEAK_KB; round++)
		lost = lost_kb(_metadata, self);
	EXPECT_GT(LEAK_KB, lost);
}

TEST_HARNESS_MAIN

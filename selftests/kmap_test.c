// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `kernel_mappings` against what the kernel tells of its address space:
 * /proc/meminfo, /proc/iomem, /proc/vmallocinfo, /proc/kallsyms, /sys/module; and
 * against mappings that the fixture made.
 */
#include <kselftest_harness.h>

#include <stdbool.h>
#include <time.h>

#include "common.h"
#include "fixture.h"
#include "process.h"
#include "vmallocinfo.h"

#define MB	(1024 * 1024UL)
#define TRIES	50
#define KPTR	"/proc/sys/kernel/kptr_restrict"
#define WX	(MMSCOPE_KERNEL_WRITE | MMSCOPE_KERNEL_EXEC)

FIXTURE(kmap) {
	int fd;
	struct answer a;
	const struct mmscope_kernel_mapping *rec;
	char *kptr;
	struct areas before, after;
};

FIXTURE_SETUP(kmap)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS);
	self->kptr = read_file(KPTR);
	ASSERT_NE(NULL, self->kptr);
	ASSERT_EQ(0, write_file(KPTR, "1"));
}

FIXTURE_TEARDOWN(kmap)
{
	write_file(KPTR, self->kptr);
	free(self->kptr);
	answer_free(&self->a);
	close(self->fd);
}

static int look(FIXTURE_DATA(kmap) *self)
{
	answer_free(&self->a);
	if (walk_all(self->fd, walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS), &self->a))
		return -1;
	self->rec = self->a.records;
	return self->a.nr ? 0 : -1;
}

static const struct mmscope_kernel_mapping *at(FIXTURE_DATA(kmap) *self, uint64_t addr)
{
	for (size_t i = 0; i < self->a.nr; i++)
		if (self->rec[i].start <= addr && addr < self->rec[i].end)
			return &self->rec[i];
	return NULL;
}

/* the range of the direct map that a frame is in */
static const struct mmscope_kernel_mapping *of_frame(FIXTURE_DATA(kmap) *self, uint64_t pfn)
{
	for (size_t i = 0; i < self->a.nr; i++)
		if (self->rec[i].region == MMSCOPE_REGION_DIRECT_MAP &&
		    pfn - self->rec[i].pfn < self->rec[i].pages)
			return &self->rec[i];
	return NULL;
}

static uint64_t symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], found[256], type;
	uint64_t addr, result = 0;

	while (f && !result && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %c %255s", &addr, &type, found) == 3 && !strcmp(found, name))
			result = addr;
	if (f)
		fclose(f);
	return result;
}

/* kilobytes in the direct map, of a page size in pages */
static uint64_t direct_kb(FIXTURE_DATA(kmap) *self, uint64_t entry_pages)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < self->a.nr; i++)
		if (self->rec[i].region == MMSCOPE_REGION_DIRECT_MAP &&
		    self->rec[i].page_size_bytes == entry_pages * PAGE)
			pages += self->rec[i].pages;
	return pages * PAGE / 1024;
}

static bool is_image(uint32_t region)
{
	return region == MMSCOPE_REGION_TEXT || region == MMSCOPE_REGION_RODATA ||
	       region == MMSCOPE_REGION_DATA || region == MMSCOPE_REGION_BSS ||
	       region == MMSCOPE_REGION_INIT || region == MMSCOPE_REGION_IMAGE;
}

/*
 * Kilobytes of the image that are mapped page by page. It is mapped by 2M at boot,
 * and when an entry of it is split the kernel's counters of the direct map change.
 */
static uint64_t image_split_kb(FIXTURE_DATA(kmap) *self)
{
	uint64_t last = 0, blocks = 0;

	for (size_t i = 0; i < self->a.nr; i++) {
		const struct mmscope_kernel_mapping *r = &self->rec[i];

		if (!is_image(r->region) || r->page_size_bytes != PAGE)
			continue;
		for (uint64_t addr = r->start; addr < r->end; addr += PAGE) {
			if (addr / HUGE_2M == last)
				continue;
			last = addr / HUGE_2M;
			blocks++;
		}
	}
	return blocks * HUGE_2M / 1024;
}

struct direct {
	uint64_t small, medium, large;
};

static int read_direct(struct direct *d)
{
	d->large = 0;	/* there is no line if the CPU has no such pages */
	read_number("/proc/meminfo", "DirectMap1G", &d->large);
	return read_number("/proc/meminfo", "DirectMap4k", &d->small) ||
	       read_number("/proc/meminfo", "DirectMap2M", &d->medium);
}

/* Return: 0 if the counters were the same before and after the look. */
static int look_quietly(FIXTURE_DATA(kmap) *self, struct direct *d)
{
	for (int i = 0; i < TRIES; i++) {
		struct direct after;

		if (read_direct(d) || look(self) || read_direct(&after))
			return -1;
		if (!memcmp(d, &after, sizeof(after)))
			return 0;
	}
	return -1;
}

TEST_F_TIMEOUT(kmap, page_sizes_of_the_direct_map_are_those_of_meminfo, 120)
{
	struct direct d;
	uint64_t split;

	if (read_direct(&d))
		SKIP(return, "this kernel does not count the entries of its direct map");
	ASSERT_EQ(0, look_quietly(self, &d));
	split = image_split_kb(self);
	EXPECT_EQ(d.small, direct_kb(self, 1) + split);
	EXPECT_EQ(d.medium + split, direct_kb(self, PAGES_2M));
	EXPECT_EQ(d.large, direct_kb(self, PAGES_2M * PAGES_2M));
}

TEST_F_TIMEOUT(kmap, all_memory_is_in_the_direct_map, 120)
{
	FILE *f = fopen("/proc/iomem", "r");
	uint64_t start, end, base = 0, bad = 0, ranges = 0;
	char line[256];

	ASSERT_NE(NULL, f);
	ASSERT_EQ(0, look(self));
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx : System RAM", &start, &end) != 2 ||
		    !strstr(line, "System RAM") || *line == ' ')
			continue;
		ranges++;
		for (uint64_t pfn = (start + PAGE - 1) / PAGE; pfn < (end + 1) / PAGE; pfn++) {
			const struct mmscope_kernel_mapping *r = of_frame(self, pfn);

			if (!r) {
				bad++;
				continue;
			}
			pfn = r->pfn + r->pages - 1;
			if (!base)
				base = r->start - r->pfn * PAGE;
			if (r->start - r->pfn * PAGE != base)
				bad++;
		}
	}
	fclose(f);
	EXPECT_LT(0, ranges);
	EXPECT_EQ(0, bad);
}

TEST_F_TIMEOUT(kmap, ranges_ascend_and_are_what_their_flags_say, 120)
{
	uint64_t bad = 0;

	ASSERT_EQ(0, look(self));
	for (size_t i = 0; i < self->a.nr; i++) {
		const struct mmscope_kernel_mapping *r = &self->rec[i];
		uint64_t pages = (r->end - r->start) / PAGE;
		bool known = r->flags & (MMSCOPE_KERNEL_LINEAR | MMSCOPE_KERNEL_SAME);
		bool sparse = r->pages < pages;
		bool told = r->pfn != MMSCOPE_UNKNOWN;

		if ((i && r->start < r[-1].end) || r->end <= r->start || r->start % PAGE ||
		    r->end % PAGE || known != told ||
		    r->pages > pages || sparse != !!(r->flags & MMSCOPE_KERNEL_SPARSE) ||
		    r->flags & MMSCOPE_KERNEL_HIDDEN || (int64_t)r->start > 0)
			bad++;
	}
	EXPECT_EQ(0, bad);
}

static bool same_records(const struct answer *x, const struct answer *y)
{
	const struct mmscope_kernel_mapping *a = x->records, *b = y->records;

	if (x->nr != y->nr)
		return false;
	for (size_t i = 0; i < x->nr; i++) {
		if (!memcmp(a + i, b + i, sizeof(*a)))
			continue;
		fprintf(stderr, "# %#llx-%#llx pages %llu pfn %#llx flags %#x cache %u, ",
			a[i].start, a[i].end, a[i].pages, a[i].pfn, a[i].flags, a[i].cache);
		fprintf(stderr, "one a call %#llx-%#llx pages %llu pfn %#llx flags %#x cache %u\n",
			b[i].start, b[i].end, b[i].pages, b[i].pfn, b[i].flags, b[i].cache);
		return false;
	}
	return true;
}

/* Only what hardly changes: of the rest each answer may have its own. */
TEST_F_TIMEOUT(kmap, one_record_a_call_is_the_same_answer, 300)
{
	const uint64_t image = 1ULL << MMSCOPE_REGION_TEXT | 1ULL << MMSCOPE_REGION_RODATA |
			       1ULL << MMSCOPE_REGION_DATA | 1ULL << MMSCOPE_REGION_BSS |
			       1ULL << MMSCOPE_REGION_ESPFIX | 1ULL << MMSCOPE_REGION_CPU_ENTRY |
			       1ULL << MMSCOPE_REGION_MEMMAP;
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);
	bool same = false;

	arg.class_mask = image;
	for (int tries = 0; tries < 3 && !same; tries++) {
		struct answer all, one;

		ASSERT_EQ(0, walk_all(self->fd, arg, &all));
		ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
		same = same_records(&all, &one);
		answer_free(&all);
		answer_free(&one);
	}
	EXPECT_TRUE(same);
}

TEST_F_TIMEOUT(kmap, a_range_of_addresses_is_cut_to_it, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);
	uint64_t text = symbol("_text");
	const struct mmscope_kernel_mapping *r;

	ASSERT_NE(0, text);
	arg.start = text + 16 * PAGE;
	arg.end = text + 24 * PAGE;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	r = self->a.records;
	ASSERT_EQ(1, self->a.nr);
	EXPECT_EQ(arg.start, r->start);
	EXPECT_EQ(arg.end, r->end);
	EXPECT_EQ(8, r->pages);
	EXPECT_EQ(MMSCOPE_REGION_TEXT, r->region);
}

TEST_F_TIMEOUT(kmap, the_image_is_where_its_symbols_are, 120)
{
	static const struct {
		const char *first, *last;
		uint32_t region, forbidden, wanted;
	} sections[] = {
		{ "_stext", "_etext", MMSCOPE_REGION_TEXT, MMSCOPE_KERNEL_WRITE,
		  MMSCOPE_KERNEL_EXEC },
		{ "__start_rodata", "__end_rodata", MMSCOPE_REGION_RODATA, WX, 0 },
		{ "_sdata", "_edata", MMSCOPE_REGION_DATA, MMSCOPE_KERNEL_EXEC,
		  MMSCOPE_KERNEL_WRITE },
		{ "__bss_start", "__bss_stop", MMSCOPE_REGION_BSS, MMSCOPE_KERNEL_EXEC, 0 },
	};

	ASSERT_EQ(0, look(self));
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		uint64_t first = symbol(sections[i].first), last = symbol(sections[i].last);
		uint64_t bad = 0;

		ASSERT_LT(first, last);
		for (uint64_t addr = first & -PAGE; addr < last; addr += PAGE) {
			const struct mmscope_kernel_mapping *r = at(self, addr);

			if (!r || r->region != sections[i].region ||
			    r->flags & sections[i].forbidden ||
			    (r->flags & sections[i].wanted) != sections[i].wanted)
				bad++;
		}
		EXPECT_EQ(0, bad) {
			TH_LOG("%s to %s", sections[i].first, sections[i].last);
		}
	}
}

static uint64_t section_of(const char *name)
{
	char path[128], *text;
	uint64_t addr = 0;

	snprintf(path, sizeof(path), "/sys/module/mmscope/sections/%s", name);
	text = read_file(path);
	if (text)
		addr = strtoull(text, NULL, 16);
	free(text);
	return addr;
}

/* arm64 puts modules near the image, which KASLR moves into the range of vmalloc() */
static bool has_modules(uint32_t region)
{
#ifdef __aarch64__
	if (region == MMSCOPE_REGION_VMALLOC)
		return true;
#endif
	return region == MMSCOPE_REGION_MODULES;
}

TEST_F_TIMEOUT(kmap, sections_of_a_module_have_their_permissions, 120)
{
	const struct mmscope_kernel_mapping *text, *data, *rodata;

	ASSERT_EQ(0, look(self));
	text = at(self, section_of(".text"));
	data = at(self, section_of(".data"));
	rodata = at(self, section_of(".rodata"));
	ASSERT_NE(NULL, text);
	ASSERT_NE(NULL, data);
	ASSERT_NE(NULL, rodata);
	EXPECT_TRUE(has_modules(text->region));
	EXPECT_TRUE(has_modules(data->region));
	EXPECT_TRUE(has_modules(rodata->region));
	EXPECT_EQ(MMSCOPE_KERNEL_EXEC, text->flags & WX);
	EXPECT_EQ(MMSCOPE_KERNEL_WRITE, data->flags & WX);
	EXPECT_EQ(0, rodata->flags & WX);
	for (size_t i = 0; i < self->a.nr; i++)
		EXPECT_NE(WX, self->rec[i].flags & WX);
}

static bool has_area(const struct areas *areas, const struct area *area)
{
	for (size_t i = 0; i < areas->nr; i++)
		if (areas->area[i].start == area->start && areas->area[i].end == area->end &&
		    areas->area[i].pages == area->pages)
			return true;
	return false;
}

/* base pages that are mapped from start to end, in one of two regions */
static uint64_t mapped(FIXTURE_DATA(kmap) *self, uint64_t start, uint64_t end)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < self->a.nr; i++) {
		const struct mmscope_kernel_mapping *r = &self->rec[i];
		uint64_t from = r->start > start ? r->start : start;
		uint64_t to = r->end < end ? r->end : end;

		if (from < to && (r->region == MMSCOPE_REGION_VMALLOC ||
				  r->region == MMSCOPE_REGION_MODULES))
			pages += (to - from) / PAGE;
	}
	return pages;
}

TEST_F_TIMEOUT(kmap, areas_of_vmallocinfo_have_their_pages, 120)
{
	uint64_t seen = 0, bad = 0;

	ASSERT_EQ(0, read_areas(&self->before));
	ASSERT_EQ(0, look(self));
	ASSERT_EQ(0, read_areas(&self->after));
	for (size_t i = 0; i < self->before.nr; i++) {
		const struct area *area = &self->before.area[i];

		/* an area made by hand has fewer pages than addresses, or more areas in one */
		if (!area->pages || !has_area(&self->after, area) ||
		    !strncmp(area->caller, "pcpu_", 5))
			continue;
		seen++;
		if (mapped(self, area->start, area->end) != area->pages && !bad++)
			TH_LOG("%#lx-%#lx %s: %lu mapped, has %lu", area->start, area->end,
			       area->caller, mapped(self, area->start, area->end), area->pages);
	}
	EXPECT_LT(3, seen);	/* few where stacks are not mapped */
	EXPECT_EQ(0, bad);
}

TEST_F_TIMEOUT(kmap, shadow_memory_is_there_where_there_is_a_sanitizer, 120)
{
	bool has_kasan = symbol("kasan_init");
	uint64_t pages = 0;
	struct timespec t0, t1;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	ASSERT_EQ(0, look(self));
	clock_gettime(CLOCK_MONOTONIC, &t1);
	/* terabytes of one page must not be read page by page */
	EXPECT_GT(60, t1.tv_sec - t0.tv_sec);
	for (size_t i = 0; i < self->a.nr; i++)
		if (self->rec[i].region == MMSCOPE_REGION_KASAN)
			pages += self->rec[i].pages;
	/* an eighth of the kernel's half of the address space is shadow */
	EXPECT_EQ(has_kasan, pages > 1ULL << 30);
	EXPECT_EQ(has_kasan, pages > 0);
}

TEST_F_TIMEOUT(kmap, addresses_are_hidden_from_those_who_may_not_see_them, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);
	struct mmscope_kernel_mapping r[64];
	uint64_t text = 0, bad = 0;
	size_t nr;

	ASSERT_EQ(0, look(self));
	nr = self->a.nr;
	for (size_t i = 0; i < nr; i++)
		if (self->rec[i].region == MMSCOPE_REGION_TEXT)
			text += self->rec[i].pages;
	ASSERT_EQ(0, write_file(KPTR, "2"));
	answer_free(&self->a);
	/*
	 * Few a call: the cursor, too, must not tell an address. What it tells is a
	 * number, and each call walks up to there; shadow memory makes that long.
	 */
	arg.buf = (uintptr_t)r;
	arg.buf_bytes = (kernel_has_kasan() ? ARRAY_LEN(r) : 1) * sizeof(*r);
	do {
		ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
		if (arg.nr && (arg.cursor.pos > 2 * nr + 1000 || arg.cursor.hint))
			bad++;
		for (uint32_t i = 0; i < arg.nr; i++)
			bad += r[i].start || r[i].end || !(r[i].flags & MMSCOPE_KERNEL_HIDDEN);
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	EXPECT_EQ(0, bad);
	/* in one call: between two of them ranges below may come and go */
	ASSERT_EQ(0, look(self));
	for (size_t i = 0; i < self->a.nr; i++)
		if (self->rec[i].region == MMSCOPE_REGION_TEXT)
			text -= self->rec[i].pages;
	EXPECT_EQ(0, text);
	arg.cursor = (struct mmscope_cursor){ 0 };
	arg.start = PAGE;
	errno = 0;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	EXPECT_EQ(EPERM, errno);
}

/* ------------------------------------------------------- what the fixture makes */

FIXTURE(planted_map) {
	FIXTURE_DATA(kmap) k;
	int fixture;
	uint64_t pfn[16];
};

FIXTURE_SETUP(planted_map)
{
	self->k.fd = open_device();
	ASSERT_LE(0, self->k.fd);
	SKIP_UNAVAILABLE(self->k.fd, MMSCOPE_DS_KERNEL_MAPPINGS);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	self->k.kptr = read_file(KPTR);
	ASSERT_EQ(0, write_file(KPTR, "1"));
}

FIXTURE_TEARDOWN(planted_map)
{
	write_file(KPTR, self->k.kptr);
	free(self->k.kptr);
	answer_free(&self->k.a);
	close(self->k.fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

TEST_F_TIMEOUT(planted_map, pages_of_a_vmap_are_there_with_their_frames, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMAP, 16, 0, self->pfn, 16);
	const struct mmscope_kernel_mapping *r;

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	for (int i = 0; i < 16; i++) {
		struct mmscope_walk_arg one = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);

		one.start = arg.addr + i * PAGE;
		one.end = one.start + PAGE;
		answer_free(&self->k.a);
		ASSERT_EQ(0, walk_all(self->k.fd, one, &self->k.a));
		ASSERT_EQ(1, self->k.a.nr);
		r = self->k.a.records;
		EXPECT_EQ(self->pfn[i], r->pfn);
		EXPECT_EQ(MMSCOPE_REGION_VMALLOC, r->region);
		EXPECT_EQ(MMSCOPE_KERNEL_WRITE, r->flags & WX);
		EXPECT_EQ(MMSCOPE_CACHE_WB, r->cache);
		EXPECT_EQ(PAGE, r->page_size_bytes);
	}
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	ASSERT_EQ(0, look(&self->k));
	EXPECT_EQ(NULL, at(&self->k, arg.addr));
}

TEST_F_TIMEOUT(planted_map, what_is_writable_and_executable_is_told, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_WX, 3, 0, self->pfn, 16);
	const struct mmscope_kernel_mapping *r;
	int found = 0, err;

	err = fixture_plant(self->fixture, &arg);
	if (err == -EOPNOTSUPP)
		SKIP(return, "no such mapping can be made on this machine");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, look(&self->k));
	r = at(&self->k, arg.addr);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(arg.addr, r->start);
	EXPECT_EQ(arg.addr + 3 * PAGE, r->end);
	EXPECT_EQ(WX, r->flags & WX);
	for (size_t i = 0; i < self->k.a.nr; i++)
		found += (self->k.rec[i].flags & WX) == WX;
	EXPECT_EQ(1, found);
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	ASSERT_EQ(0, look(&self->k));
	for (size_t i = 0; i < self->k.a.nr; i++)
		EXPECT_NE(WX, self->k.rec[i].flags & WX);
}

/* A block that was mapped by one entry: where the allocator gives such, not the test, says. */
static bool plant_split(FIXTURE_DATA(planted_map) *self, struct fixture_plant *arg)
{
	for (int i = 0; i < 16; i++) {
		const struct mmscope_kernel_mapping *r;

		if (look(&self->k))
			return false;
		*arg = fixture_arg(FIXTURE_UNCACHED, 1, 0, self->pfn, 16);
		arg->order = ORDER_2M;
		if (fixture_plant(self->fixture, arg))
			return false;
		r = of_frame(&self->k, self->pfn[0]);
		if (r && r->page_size_bytes == HUGE_2M)
			return true;
	}
	return false;
}

TEST_F_TIMEOUT(planted_map, a_page_made_uncached_splits_the_direct_map, 120)
{
	const struct mmscope_kernel_mapping *r;
	struct fixture_plant arg;
	struct direct before, after;
	uint64_t pfn;

	if (read_direct(&before))
		SKIP(return, "no entry of the direct map can be split on this machine");
	ASSERT_TRUE(plant_split(self, &arg));
	pfn = self->pfn[0];
	ASSERT_EQ(0, look_quietly(&self->k, &after));
	EXPECT_LE(before.small + 2048, after.small);
	r = of_frame(&self->k, pfn);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(pfn, r->pfn);
	EXPECT_EQ(1, r->pages);
	EXPECT_EQ(PAGE, r->page_size_bytes);
	EXPECT_EQ(MMSCOPE_CACHE_UC_MINUS, r->cache);
	r = of_frame(&self->k, pfn + 1);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_CACHE_WB, r->cache);
	EXPECT_EQ(PAGE, r->page_size_bytes);
	EXPECT_EQ(after.small, direct_kb(&self->k, 1) + image_split_kb(&self->k));
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	ASSERT_EQ(0, look(&self->k));
	r = of_frame(&self->k, pfn);
	ASSERT_NE(NULL, r);
	EXPECT_EQ(MMSCOPE_CACHE_WB, r->cache);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Owners that struct page does not tell, as `extents` names them, against
 * /proc/vmallocinfo, modules, meminfo, iomem, and against memory that the fixture
 * planted. Page tables are in overlay_table_test.
 */
#include <kselftest_harness.h>

#include <ctype.h>
#include <dirent.h>
#include <pthread.h>

#include "common.h"
#include "fixture.h"
#include "frames.h"
#include "overlay.h"
#include "process.h"

/* the kernel's image, its modules and BPF programs are above */
#define KERNEL_MAP 0xffffffff80000000UL

static const struct mmscope_extent *extent_of(const struct answer *a, uint64_t pfn)
{
	const struct mmscope_extent *e = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (e[i].pfn <= pfn && pfn - e[i].pfn < e[i].pages)
			return &e[i];
	return NULL;
}

/* how many planted frames are not of a class and name */
static size_t strangers(const FIXTURE_DATA(overlay) *self, size_t nr, uint32_t class,
			const char *name)
{
	size_t bad = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct mmscope_extent *e = extent_of(&self->a, self->pfn[i]);

		if (e && e->page_class == class && (!name || is_name(e, name)))
			continue;
		if (!bad++)
			fprintf(stderr, "# pfn %#lx is of class %d, %s\n", self->pfn[i],
				e ? (int)e->page_class : -1, e ? e->name : "");
	}
	return bad;
}

/* ------------------------------------------------------------ /proc/vmallocinfo */

/* one line; pages: mapped and allocated by the area itself */
struct area {
	uint64_t start, end, pages;
	char caller[64];
};

struct areas {
	struct area area[4096];
	size_t nr;
};

static bool parse_area(struct area *area, char *line)
{
	char *pages = strstr(line, " pages="), *offset = strchr(line, '+');
	char *module = strchr(line, '[');
	char symbol[64];

	memset(area, 0, sizeof(*area));
	/* freed, the kernel gives back such addresses in one go, later */
	if (strstr(line, "unpurged"))
		return false;
	if (sscanf(line, "0x%lx-0x%lx", &area->start, &area->end) != 2)
		return false;
	area->pages = pages ? strtoul(pages + strlen(" pages="), NULL, 10) : 0;
	if (!offset)
		return true;
	*offset = '\0';
	if (sscanf(line, "%*s %*s %63s", symbol) != 1)
		return false;
	if (module)
		*strchr(module, ']') = '\0';
	snprintf(area->caller, sizeof(area->caller), module ? "%.30s %.30s]" : "%.60s", symbol,
		 module);
	return true;
}

/* addresses are shown to those who may see them, if they are not hashed */
static int read_areas(struct areas *areas)
{
	static const char *const restrict_file = "/proc/sys/kernel/kptr_restrict";
	char *was = read_file(restrict_file), *text, *save;

	areas->nr = 0;
	if (!was || write_file(restrict_file, "1"))
		return -1;
	text = read_file("/proc/vmallocinfo");
	write_file(restrict_file, was);
	free(was);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (areas->nr < ARRAY_LEN(areas->area) &&
		    parse_area(&areas->area[areas->nr], line))
			areas->nr++;
	free(text);
	return areas->nr ? 0 : -1;
}

static bool is_stack(const struct area *area)
{
	return !strcmp(area->caller, "kernel_clone") || !strcmp(area->caller, "fork_idle") ||
	       !strcmp(area->caller, "kernel_thread") ||
	       !strncmp(area->caller, "dup_task_struct", 15);
}

static uint64_t area_pages(const struct areas *areas, const char *caller)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (areas->area[i].start < KERNEL_MAP && !strcmp(areas->area[i].caller, caller))
			pages += areas->area[i].pages;
	return pages;
}

static uint64_t stack_pages(const struct areas *areas)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (is_stack(&areas->area[i]))
			pages += areas->area[i].pages;
	return pages;
}

static uint64_t module_pages(const struct areas *areas)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (areas->area[i].start >= KERNEL_MAP)
			pages += areas->area[i].pages;
	return pages;
}

/* read_classes() while the areas stay as they are */
static int read_between(FIXTURE_DATA(overlay) *self, uint64_t classes, struct areas *areas)
{
	static struct areas after;

	for (int i = 0; i < TRIES; i++) {
		if (read_areas(areas) || read_classes(self, classes) || read_areas(&after))
			return -1;
		if (areas->nr == after.nr &&
		    !memcmp(areas->area, after.area, areas->nr * sizeof(*areas->area)))
			return 0;
		usleep(10000);
	}
	return -1;
}

TEST_F(overlay, planted_vmalloc)
{
	struct fixture_plant arg = plant_arg(self, FIXTURE_VMALLOC, 20, 17 * PAGE);

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(20 * 17, arg.nr_pfns);
	ASSERT_EQ(0, read_classes(self, 0));
	EXPECT_EQ(0, strangers(self, arg.nr_pfns, MMSCOPE_CLASS_VMALLOC, FIXTURE_CALLER));
	EXPECT_EQ(arg.nr_pfns, pages_of(&self->a, MMSCOPE_CLASS_VMALLOC, FIXTURE_CALLER));
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	ASSERT_EQ(0, read_classes(self, CLASS(VMALLOC)));
	EXPECT_EQ(0, pages_of(&self->a, MMSCOPE_CLASS_VMALLOC, FIXTURE_CALLER));
}

TEST_F(overlay, every_caller_of_vmalloc)
{
	static struct areas areas;
	size_t compared = 0;

	ASSERT_EQ(0, read_between(self, CLASS(VMALLOC), &areas));
	for (size_t i = 0; i < areas.nr; i++) {
		const struct area *area = &areas.area[i];

		if (!area->pages || is_stack(area) || area->start >= KERNEL_MAP)
			continue;
		EXPECT_EQ(area_pages(&areas, area->caller),
			  pages_of(&self->a, MMSCOPE_CLASS_VMALLOC, area->caller)) {
			TH_LOG("caller %s", area->caller);
		}
		compared++;
	}
	EXPECT_LE(5, compared);
}

/* ------------------------------------------------------------------- modules */

TEST_F(overlay, modules)
{
	char *text, *save, name[64];
	static struct areas areas;
	size_t modules = 0;
	uint64_t bytes;

	ASSERT_EQ(0, read_between(self, CLASS(MODULE), &areas));
	EXPECT_EQ(module_pages(&areas), pages_of(&self->a, MMSCOPE_CLASS_MODULE, NULL));
	text = read_file("/proc/modules");
	ASSERT_NE(NULL, text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		ASSERT_EQ(2, sscanf(line, "%63s %lu", name, &bytes));
		EXPECT_EQ(bytes / PAGE, pages_of(&self->a, MMSCOPE_CLASS_MODULE, name)) {
			TH_LOG("module %s", name);
		}
		modules++;
	}
	free(text);
	/* mmscope, the fixture */
	EXPECT_LE(2, modules);
}

/* -------------------------------------------------------------------- stacks */

TEST_F(overlay, planted_threads)
{
	struct fixture_plant arg = plant_arg(self, FIXTURE_THREAD, 8, 0);
	struct mmscope_walk_arg of_pid = walk_arg(MMSCOPE_DS_EXTENTS);

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(0, read_classes(self, 0));
	EXPECT_EQ(0, strangers(self, arg.nr_pfns, MMSCOPE_CLASS_KERNEL_STACK, FIXTURE_COMM));
	EXPECT_EQ(arg.nr_pfns, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, FIXTURE_COMM));
	answer_free(&self->a);
	of_pid.owner = arg.pid;
	ASSERT_EQ(0, walk_all(self->fd, of_pid, &self->a));
	EXPECT_EQ(arg.nr_pfns / 8, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, FIXTURE_COMM));
}

static void *thread(void *data)
{
	volatile pid_t *tid = data;

	prctl(PR_SET_NAME, "overlay-thread");
	*tid = gettid();
	for (;;)
		pause();
	return NULL;
}

TEST_F(overlay, a_thread_of_ours)
{
	volatile pid_t tid = 0;
	const struct mmscope_extent *e;
	uint64_t pages = 0;
	pthread_t id;

	ASSERT_EQ(0, pthread_create(&id, NULL, thread, (void *)&tid));
	while (!tid)
		usleep(1000);
	ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_STACK)));
	e = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		if (e[i].owner == (uint64_t)tid && !strcmp(e[i].name, "overlay-thread"))
			pages += e[i].pages;
	/* 16 KiB, twice as much with KASAN */
	EXPECT_LE(4, pages);
	EXPECT_EQ(pages, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, "overlay-thread"));
	pthread_cancel(id);
	pthread_join(id, NULL);
}

TEST_F(overlay, all_stacks)
{
	static struct areas areas;

	ASSERT_EQ(0, read_between(self, CLASS(KERNEL_STACK), &areas));
	EXPECT_LT(0, stack_pages(&areas));
	EXPECT_EQ(stack_pages(&areas), pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, NULL));
}

/* a number of meminfo, with what CPUs have not added yet */
static int read_meminfo(const char *key, uint64_t *kb)
{
	return write_file("/proc/sys/vm/stat_refresh", "1") ?:
	       read_number("/proc/meminfo", key, kb);
}

TEST_F(overlay, stacks_in_use)
{
	uint64_t before = 0, after = 1, used = 0;

	/* tasks come and go */
	for (int i = 0; i < TRIES && (before != after || used != after); i++) {
		ASSERT_EQ(0, read_meminfo("KernelStack", &before));
		ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_STACK)));
		ASSERT_EQ(0, read_meminfo("KernelStack", &after));
		used = (pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, NULL) -
			pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, "cached")) * PAGE / 1024;
	}
	EXPECT_EQ(before, after);
	EXPECT_EQ(after, used);
}

/* -------------------------------------------------------------------- percpu */

TEST_F(overlay, planted_percpu)
{
	struct fixture_plant arg = plant_arg(self, FIXTURE_PERCPU, 64, 4 * PAGE);

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_GE(MANY, arg.nr_pfns);
	ASSERT_EQ(0, read_classes(self, 0));
	EXPECT_EQ(0, strangers(self, arg.nr_pfns, MMSCOPE_CLASS_PERCPU, NULL));
	EXPECT_LT(0, pages_of(&self->a, MMSCOPE_CLASS_PERCPU, "dynamic"));
}

TEST_F(overlay, all_percpu)
{
	uint64_t before = 0, after = 1, ours = 0;

	for (int i = 0; i < TRIES && before != after; i++) {
		ASSERT_EQ(0, read_number("/proc/meminfo", "Percpu", &before));
		ASSERT_EQ(0, read_classes(self, CLASS(PERCPU)));
		ASSERT_EQ(0, read_number("/proc/meminfo", "Percpu", &after));
		ours = pages_of(&self->a, MMSCOPE_CLASS_PERCPU, NULL) * PAGE / 1024;
	}
	EXPECT_EQ(before, after);
	EXPECT_EQ(after, ours);
	EXPECT_LT(0, pages_of(&self->a, MMSCOPE_CLASS_PERCPU, "first"));
}

/* ---------------------------------------------------------------------- boot */

static uint64_t symbol(const char *name)
{
	char *text = read_file("/proc/kallsyms"), line[80], *at;
	uint64_t addr = 0;

	snprintf(line, sizeof(line), " %s\n", name);
	at = text ? strstr(text, line) : NULL;
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at)
		addr = strtoul(at, NULL, 16);
	free(text);
	return addr;
}

/* one range of /proc/iomem, in bytes, the end is beyond */
static int read_iomem(const char *name, uint64_t *start, uint64_t *end)
{
	char *text = read_file("/proc/iomem"), *save;
	int ret = -1;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, name) && sscanf(line, " %lx-%lx", start, end) == 2)
			ret = 0;
	free(text);
	++*end;
	return ret;
}

TEST_F(overlay, kernel_image)
{
	uint64_t start, end, size = symbol("_end") - symbol("_text"), reserved = 0;
	static const char *const pieces[] = { "Kernel code", "Kernel rodata", "Kernel data" };
	struct frames flags = {};

	ASSERT_EQ(0, read_iomem(pieces[0], &start, &end));
	ASSERT_EQ(0, frames_read(&flags, KPAGEFLAGS));
	ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_IMAGE)));
	/* what was freed since boot (init sections) is reserved no more */
	for (uint64_t pfn = start / PAGE; pfn < (start + size) / PAGE; pfn++)
		reserved += frame_has(&flags, pfn, KPF_RESERVED) &&
			    !frame_has(&flags, pfn, KPF_ZERO_PAGE);
	EXPECT_EQ(reserved, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_IMAGE, NULL));
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		ASSERT_EQ(0, read_iomem(pieces[i], &start, &end));
		self->pfn[0] = start / PAGE;
		EXPECT_EQ(0, strangers(self, 1, MMSCOPE_CLASS_KERNEL_IMAGE, NULL));
	}
	frames_free(&flags);
}

/* memory blocks that are online, in pages */
static uint64_t online_pages(void)
{
	char *text = read_file("/sys/devices/system/memory/block_size_bytes");
	uint64_t block = text ? strtoul(text, NULL, 16) : 0, pages = 0;
	DIR *dir = opendir("/sys/devices/system/memory");
	struct dirent *entry;

	free(text);
	while (dir && (entry = readdir(dir))) {
		char path[512];

		snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state",
			 entry->d_name);
		if (strncmp(entry->d_name, "memory", 6) || !isdigit(entry->d_name[6]))
			continue;
		text = read_file(path);
		if (text && !strncmp(text, "online", 6))
			pages += block / PAGE;
		free(text);
	}
	closedir(dir);
	return pages;
}

TEST_F(overlay, memory_map)
{
	/* a struct page has 64 bytes */
	uint64_t want = online_pages() * 64 / PAGE;

	ASSERT_EQ(0, read_classes(self, CLASS(MEMMAP)));
	ASSERT_LT(0, want);
	EXPECT_EQ(want, pages_of(&self->a, MMSCOPE_CLASS_MEMMAP, NULL));
}

TEST_HARNESS_MAIN

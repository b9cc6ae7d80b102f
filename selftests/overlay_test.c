// SPDX-License-Identifier: GPL-2.0
/*
 * Owners that struct page does not tell, as `extents` names them, against
 * /proc/vmallocinfo, modules, meminfo, iomem, status of processes, and against
 * memory that the fixture planted.
 */
#include <kselftest_harness.h>

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "common.h"
#include "fixture.h"
#include "frames.h"
#include "process.h"
#include "vmallocinfo.h"

#define MANY	8192
#define TRIES	50
#define CLASS(name) (1ULL << MMSCOPE_CLASS_##name)

FIXTURE(overlay) {
	int fd;
	int fixture;
	struct answer a;
	uint64_t pfn[MANY];
};

FIXTURE_SETUP(overlay)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
}

FIXTURE_TEARDOWN(overlay)
{
	answer_free(&self->a);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
	close(self->fd);
}

/* all extents of some classes, in self->a */
static int read_classes(FIXTURE_DATA(overlay) *self, uint64_t classes)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);

	answer_free(&self->a);
	arg.class_mask = classes;
	return walk_all(self->fd, arg, &self->a);
}

/* "name" or, of a symbol in a module, "name [module]" */
static bool is_name(const struct mmscope_extent *e, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(e->name, name, len) && (!e->name[len] || e->name[len] == ' ');
}

/* pages of a class; name NULL: of any owner */
static uint64_t pages_of(const struct answer *a, uint32_t class, const char *name)
{
	const struct mmscope_extent *e = a->records;
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (e[i].page_class == class && (!name || is_name(&e[i], name)))
			pages += e[i].pages;
	return pages;
}

/* page tables of a process, those at and below the level of VmPTE only */
static uint64_t tables_of(const struct answer *a, pid_t pid, bool all)
{
	const struct mmscope_extent *e = a->records;
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (e[i].page_class == MMSCOPE_CLASS_PAGETABLE && e[i].owner == (uint64_t)pid &&
		    (all || !(is_name(&e[i], "pgd") || is_name(&e[i], "p4d"))))
			pages += e[i].pages;
	return pages;
}

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

/* ------------------------------------------------------------- large kmalloc */

/* allocated, which 6.12 does not say of what; Linux 7 does, and keeps no reference */
TEST_F(overlay, planted_large_kmalloc)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_KMALLOC, 16, 16 * PAGE, self->pfn, MANY);
	uint32_t class = is_linux_7() ? MMSCOPE_CLASS_LARGE_KMALLOC : MMSCOPE_CLASS_UNATTRIBUTED;

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(256, arg.nr_pfns);
	ASSERT_EQ(0, read_classes(self, CLASS(LARGE_KMALLOC) | CLASS(UNATTRIBUTED) |
				  CLASS(IN_FLIGHT)));
	EXPECT_EQ(0, strangers(self, arg.nr_pfns, class, NULL));
}

/* ------------------------------------------------------------------- vmalloc */

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
	struct fixture_plant arg = fixture_arg(FIXTURE_VMALLOC, 20, 17 * PAGE, self->pfn, MANY);

	need_symbol("init_mm");
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

	need_symbol("init_mm");
	ASSERT_EQ(0, read_between(self, CLASS(VMALLOC), &areas));
	for (size_t i = 0; i < areas.nr; i++) {
		const struct area *area = &areas.area[i];

		if (!area->pages || is_stack(area) || is_module_area(area))
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

	need_symbol("init_mm");
	/* what a module had for its start is nobody's until a grace period is over */
	for (int i = 0; i < TRIES; i++) {
		ASSERT_EQ(0, read_between(self, CLASS(MODULE), &areas));
		if (module_pages(&areas) == pages_of(&self->a, MMSCOPE_CLASS_MODULE, NULL))
			break;
		usleep(10000);
	}
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
	struct fixture_plant arg = fixture_arg(FIXTURE_THREAD, 8, 0, self->pfn, MANY);
	struct mmscope_walk_arg of_pid = walk_arg(MMSCOPE_DS_EXTENTS);

	need_symbol("init_mm");
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

	need_symbol("init_mm");
	ASSERT_EQ(0, pthread_create(&id, NULL, thread, (void *)&tid));
	while (!tid)
		usleep(1000);
	ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_STACK)));
	e = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		if (e[i].owner == (uint64_t)tid && !strcmp(e[i].name, "overlay-thread"))
			pages += e[i].pages;
	/* 16 KiB, twice as much with KASAN */
	EXPECT_LE(16384 / PAGE, pages);
	EXPECT_EQ(pages, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, "overlay-thread"));
	pthread_cancel(id);
	pthread_join(id, NULL);
}

TEST_F(overlay, all_stacks)
{
	static struct areas areas;

	need_symbol("init_mm");
	ASSERT_EQ(0, read_between(self, CLASS(KERNEL_STACK), &areas));
	/* a kernel whose stacks are not mapped keeps none for the next task */
	if (!stack_pages(&areas)) {
		EXPECT_EQ(0, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, "cached"));
	} else {
		EXPECT_EQ(stack_pages(&areas),
			  pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, NULL));
	}
	EXPECT_LT(0, pages_of(&self->a, MMSCOPE_CLASS_KERNEL_STACK, "kthreadd"));
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

	need_symbol("init_mm");
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
	struct fixture_plant arg = fixture_arg(FIXTURE_PERCPU, 64, PERCPU_PAGES * PAGE,
						self->pfn, MANY);

	need_symbol("pcpu_base_addr");
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_GE(MANY, arg.nr_pfns);
	ASSERT_EQ(0, read_classes(self, 0));
	EXPECT_EQ(0, strangers(self, arg.nr_pfns, MMSCOPE_CLASS_PERCPU, NULL));
	EXPECT_LT(0, pages_of(&self->a, MMSCOPE_CLASS_PERCPU, "dynamic"));
}

TEST_F(overlay, all_percpu)
{
	uint64_t before = 0, after = 1, ours = 0;

	need_symbol("pcpu_base_addr");
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

/* arm64 has what is only read between these two, without a line of its own */
#ifdef __aarch64__
#define KERNEL_RODATA	"Kernel data"
#else
#define KERNEL_RODATA	"Kernel rodata"
#endif

TEST_F(overlay, kernel_image)
{
	uint64_t start, end, size = symbol("_end") - symbol("_text"), reserved = 0;
	static const char *const pieces[] = { "Kernel code", KERNEL_RODATA, "Kernel data" };
	struct frames flags = {};

	need_symbol("_end");
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
	need_symbol("init_mm");
	/* a struct page has 64 bytes */
	uint64_t want = online_pages() * 64 / PAGE;

	ASSERT_EQ(0, read_classes(self, CLASS(MEMMAP)));
	ASSERT_LT(0, want);
	EXPECT_EQ(want, pages_of(&self->a, MMSCOPE_CLASS_MEMMAP, NULL));
}

/* --------------------------------------------------------------- page tables */

/* VmPTE of a process in pages: tables of PTEs, PMDs and PUDs */
static uint64_t vm_pte(pid_t pid)
{
	char path[64];
	uint64_t kb;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return read_number(path, "VmPTE", &kb) ? 0 : kb * 1024 / PAGE;
}

#define SPARSE_TABLES	1200

/* a table for each page touched; no huge pages, nor spare tables for them */
static int touch_sparsely(void *arg)
{
	size_t step = HUGE_2M;
	char *mem;

	(void)arg;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "overlay-tables");
	mem = mmap(NULL, SPARSE_TABLES * step, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < SPARSE_TABLES; i++)
		mem[i * step] = 1;
	return 0;
}

TEST_F(overlay, tables_of_a_process)
{
	pid_t child = stopped_child(touch_sparsely, NULL);
	uint64_t top = 0;
	const struct mmscope_extent *e;

	ASSERT_LT(0, child);
	EXPECT_EQ(0, read_classes(self, CLASS(PAGETABLE)));
	EXPECT_LE(SPARSE_TABLES, vm_pte(child));
	EXPECT_EQ(vm_pte(child), tables_of(&self->a, child, false));
	/*
	 * And the top; with isolation of page tables it has two frames. It has none of its
	 * own where it has few entries: then it is an object of a slab cache.
	 */
	e = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		if (e[i].owner == (uint64_t)child && !strcmp(e[i].name, "pgd overlay-tables"))
			top += e[i].pages;
	EXPECT_EQ(!!access("/sys/kernel/slab/pgd_cache", F_OK), !!top);
	EXPECT_GE(2, top);
	kill_child(child);
}

TEST_F(overlay, tables_of_all_processes)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t processes = 0;

	ASSERT_NE(NULL, dir);
	ASSERT_EQ(0, read_classes(self, CLASS(PAGETABLE)));
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		/* kernel threads have none; ours grow as we read */
		if (pid <= 0 || pid == getpid() || !vm_pte(pid))
			continue;
		EXPECT_EQ(vm_pte(pid), tables_of(&self->a, pid, false)) {
			TH_LOG("pid %d", pid);
		}
		processes++;
	}
	closedir(dir);
	/* init, a shell, our parent */
	EXPECT_LE(2, processes);
}

static int share_memory(void *arg)
{
	(void)arg;
	return pause();
}

static int has_sharer(void *arg)
{
	static char stack[65536];
	pid_t *sharer = arg;

	if (touch_sparsely(NULL))
		return 1;
	*sharer = clone(share_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	return *sharer < 0;
}

TEST_F(overlay, shared_tables_are_told_once)
{
	pid_t *sharer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			     -1, 0);
	pid_t child = stopped_child(has_sharer, sharer);

	/* the sharer becomes ours when the child has gone */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ASSERT_LT(0, child);
	EXPECT_LT(0, *sharer);
	EXPECT_EQ(0, read_classes(self, CLASS(PAGETABLE)));
	EXPECT_EQ(vm_pte(*sharer), tables_of(&self->a, child, false));
	EXPECT_EQ(0, tables_of(&self->a, *sharer, true));
	kill_child(child);
	kill_child(*sharer);
}

/* some are marked as page tables, as those of processes are, but have no pid */
static uint64_t kernel_tables(const struct answer *a, const char *level)
{
	const struct mmscope_extent *e = a->records;
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (!e[i].owner && !strcmp(e[i].name, level))
			pages += e[i].pages;
	return pages;
}

TEST_F(overlay, tables_of_the_kernel)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMALLOC, 1, 128 << 20, self->pfn, MANY);
	uint64_t pte;

	need_symbol("init_mm");
	/* a table of PTEs stays for the next area when this one is freed */
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_PAGETABLE) | CLASS(PAGETABLE)));
	pte = pages_of(&self->a, MMSCOPE_CLASS_KERNEL_PAGETABLE, "pte");
	EXPECT_LE((128UL << 20) / HUGE_2M, pte);
	EXPECT_GE(4096, pte);
	EXPECT_LE(2, kernel_tables(&self->a, "pmd"));
#ifdef __x86_64__
	/* what vmalloc may use has its tables below the top since boot */
	EXPECT_LE(32, kernel_tables(&self->a, "pud") + kernel_tables(&self->a, "p4d"));
#endif
}

TEST_HARNESS_MAIN

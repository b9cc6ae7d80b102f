// SPDX-License-Identifier: GPL-2.0
/*
 * The kind that `pages` gives to memory that the test made itself, found by
 * /proc/self/pagemap.
 */
#include <kselftest_harness.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "process.h"
#include "frames.h"

#define HUGE	HUGE_2M
#define KSM	"/sys/kernel/mm/ksm/"
#define THP	"/sys/kernel/mm/transparent_hugepage/"
#define HUGEPAGES "/proc/sys/vm/nr_hugepages"
#define RAMFS	"/tmp/mmscope-ramfs"

FIXTURE(page_kind) {
	int fd;
	struct mmscope_page page;
};

FIXTURE_SETUP(page_kind)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(page_kind)
{
	close(self->fd);
}

/* memory of ours, touched */
static char *map_memory(size_t size, int flags)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (mem != MAP_FAILED)
		memset(mem, 1, size);
	return mem;
}

/* two huge pages' worth of addresses hold an aligned one */
static char *map_aligned_huge(void)
{
	char *mem = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	mem = (char *)(((uintptr_t)mem + HUGE - 1) & ~(HUGE - 1));
	madvise(mem, HUGE, MADV_HUGEPAGE);
	return mem;
}

static uint64_t count_kind(int fd, uint32_t kind)
{
	const struct mmscope_page *p;
	uint64_t nr = 0;
	struct answer a;

	if (!walk_all(fd, walk_arg(MMSCOPE_DS_PAGES), &a)) {
		p = a.records;
		for (size_t i = 0; i < a.nr; i++)
			nr += p[i].kind == kind;
	}
	answer_free(&a);
	return nr;
}

TEST_F(page_kind, private_memory_is_anon)
{
	char *mem = map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	uint64_t pfn = frame_of(mem);

	ASSERT_EQ(read_page(self->fd, pfn, &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ANON);
	EXPECT_EQ(self->page.mapcount, 1);
	EXPECT_GE(self->page.refcount, 1);
	EXPECT_EQ(self->page.order, 0);
	EXPECT_EQ(self->page.head_pfn, pfn);
}

TEST_F(page_kind, a_page_shared_with_children_has_their_mapcount)
{
	char *mem = map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	int wait_for[2], i;
	char byte;

	ASSERT_EQ(pipe(wait_for), 0);
	for (i = 0; i < 4; i++)
		if (!fork()) {
			close(wait_for[1]);
			_exit(read(wait_for[0], &byte, 1));
		}
	ASSERT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ANON);
	EXPECT_EQ(self->page.mapcount, 5);
	EXPECT_GE(self->page.refcount, 5);
	close(wait_for[0]);
	close(wait_for[1]);
}

TEST_F(page_kind, shared_memory_is_shmem)
{
	char *mem = map_memory(PAGE, MAP_SHARED | MAP_ANONYMOUS);

	ASSERT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_SHMEM);
	EXPECT_EQ(self->page.mapcount, 1);
}

TEST_F(page_kind, a_page_of_a_file_is_file)
{
	char data[MAX_PAGE] = "a page of a file", *mem;
	int file;

	mkdir(RAMFS, 0700);
	ASSERT_EQ(mount("none", RAMFS, "ramfs", 0, NULL), 0);
	file = open(RAMFS "/file", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(write(file, data, PAGE), PAGE);
	mem = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
	ASSERT_NE(mem, MAP_FAILED);
	ASSERT_EQ(mem[0], 'a');
	EXPECT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_FILE);
	EXPECT_EQ(self->page.mapcount, 1);
	munmap(mem, PAGE);
	close(file);
	umount(RAMFS);
	rmdir(RAMFS);
}

TEST_F(page_kind, memory_that_was_only_read_is_the_zero_page)
{
	char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(*(volatile char *)mem, 0);
	ASSERT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ZERO);
}

TEST_F(page_kind, a_transparent_huge_page_is_anon_of_order_9)
{
	uint64_t head;
	char *mem;
	int i;

	if (access(THP "enabled", F_OK))
		SKIP(return, "no transparent huge pages");
	write_file(THP "enabled", "madvise");
	mem = map_aligned_huge();
	memset(mem, 1, HUGE);
	head = frame_of(mem);
	for (i = 0; i < (int)PAGES_2M; i += 73) {
		ASSERT_EQ(read_page(self->fd, head + i, &self->page), 0);
		EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ANON);
		EXPECT_EQ(self->page.order, ORDER_2M);
		EXPECT_EQ(self->page.head_pfn, head);
		EXPECT_EQ(self->page.mapcount, 1);
	}
	/* mapped page by page it is still one */
	ASSERT_EQ(mprotect(mem + 16 * PAGE, PAGE, PROT_READ), 0);
	ASSERT_EQ(read_page(self->fd, head + 16, &self->page), 0);
	EXPECT_EQ(self->page.order, ORDER_2M);
	EXPECT_EQ(self->page.mapcount, 1);
	EXPECT_TRUE(self->page.flags >> KPF_THP & 1);
}

TEST_F(page_kind, a_huge_page_that_was_only_read_is_the_huge_zero_page)
{
	char *mem;

	need_symbol("huge_zero_pfn");
	if (access(THP "use_zero_page", F_OK))
		SKIP(return, "no transparent huge pages");
	write_file(THP "enabled", "madvise");
	mem = map_aligned_huge();
	ASSERT_EQ(*(volatile char *)mem, 0);
	ASSERT_EQ(read_page(self->fd, frame_of(mem + 7 * PAGE), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ZERO);
	EXPECT_EQ(self->page.order, ORDER_2M);
}

TEST_F(page_kind, hugetlb_pages_are_hugetlb_in_use_and_in_the_pool)
{
	uint64_t before = count_kind(self->fd, MMSCOPE_PAGE_HUGETLB);
	char *mem;

	if (access(HUGEPAGES, F_OK))
		SKIP(return, "no hugetlb");
	ASSERT_EQ(write_file(HUGEPAGES, "3"), 0);
	EXPECT_EQ(count_kind(self->fd, MMSCOPE_PAGE_HUGETLB), before + 3 * PAGES_2M);
	mem = map_memory(HUGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	ASSERT_NE(mem, MAP_FAILED);
	EXPECT_EQ(read_page(self->fd, frame_of(mem + 5 * PAGE), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_HUGETLB);
	EXPECT_EQ(self->page.order, ORDER_2M);
	EXPECT_EQ(self->page.mapcount, 1);
	munmap(mem, HUGE);
	write_file(HUGEPAGES, "0");
	EXPECT_EQ(count_kind(self->fd, MMSCOPE_PAGE_HUGETLB), before);
}

TEST_F_TIMEOUT(page_kind, equal_pages_that_ksm_merged_are_ksm, 60)
{
	struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	char *mem = map_memory(4 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	int tries;

	if (access(KSM "run", F_OK))
		SKIP(return, "no KSM");
	memset(mem, 0x5a, 4 * PAGE);
	madvise(mem, 4 * PAGE, MADV_NOHUGEPAGE);
	ASSERT_EQ(madvise(mem, 4 * PAGE, MADV_MERGEABLE), 0);
	write_file(KSM "sleep_millisecs", "1");
	write_file(KSM "pages_to_scan", "1000");
	ASSERT_EQ(write_file(KSM "run", "1"), 0);
	for (tries = 0; tries < 600 && frame_of(mem) != frame_of(mem + 3 * PAGE); tries++)
		nanosleep(&pause, NULL);
	write_file(KSM "run", "0");
	ASSERT_EQ(frame_of(mem), frame_of(mem + 3 * PAGE));
	ASSERT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_KSM);
	EXPECT_EQ(self->page.mapcount, 4);
	EXPECT_TRUE(self->page.flags >> KPF_KSM & 1);
	write_file(KSM "run", "2");
	write_file(KSM "run", "0");

	/* and what was never merged is not, whatever /proc/kpageflags says */
	mem = map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	ASSERT_EQ(read_page(self->fd, frame_of(mem), &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_ANON);
	EXPECT_FALSE(self->page.flags >> KPF_KSM & 1);
}

/* one page in each 2 MiB needs a table for each; VmPTE counts them */
TEST_F(page_kind, page_tables_are_pagetable)
{
	const size_t tables = 200;
	uint64_t kind, vm_pte, later;
	char *mem = mmap(NULL, tables * HUGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t i;

	ASSERT_NE(mem, MAP_FAILED);
	madvise(mem, tables * HUGE, MADV_NOHUGEPAGE);
	kind = count_kind(self->fd, MMSCOPE_PAGE_PAGETABLE);
	ASSERT_EQ(read_number("/proc/self/status", "VmPTE", &vm_pte), 0);
	for (i = 0; i < tables; i++)
		mem[i * HUGE] = 1;
	ASSERT_EQ(read_number("/proc/self/status", "VmPTE", &later), 0);
	ASSERT_GE(later - vm_pte, (tables - 1) * PAGE_KB);
	kind = count_kind(self->fd, MMSCOPE_PAGE_PAGETABLE) - kind;
	/* other processes come and go */
	EXPECT_GE(kind + 20, (later - vm_pte) / PAGE_KB);
	EXPECT_LE(kind, (later - vm_pte) / PAGE_KB + 20);
}

TEST_F(page_kind, a_page_given_back_is_no_longer_anon)
{
	char *mem = map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	uint64_t pfn = frame_of(mem);
	uint64_t flags;
	int fd = open(KPAGEFLAGS, O_RDONLY);

	madvise(mem, PAGE, MADV_DONTNEED);
	ASSERT_EQ(read_page(self->fd, pfn, &self->page), 0);
	flags = frame_read(fd, pfn);
	/* on a per-CPU list, if nobody took it */
	if (!flags) {
		EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_PCP);
		EXPECT_EQ(self->page.refcount, 0);
	}
	close(fd);
}

/* the page of a child: the kernel may kill whose data it was */
TEST_F(page_kind, a_poisoned_page_is_hwpoison)
{
	uint64_t *pfn = (uint64_t *)map_memory(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	char *mem = map_memory(PAGE, MAP_PRIVATE | MAP_ANONYMOUS);
	pid_t child = fork();
	int status;

	if (!child) {
		mem[0] = 2;	/* a page of its own */
		*pfn = frame_of(mem);
		_exit(madvise(mem, PAGE, MADV_HWPOISON) ? errno : 0);
	}
	ASSERT_EQ(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		SKIP(return, "no memory failure handling: errno %d", WEXITSTATUS(status));
	ASSERT_EQ(read_page(self->fd, *pfn, &self->page), 0);
	EXPECT_EQ(self->page.kind, MMSCOPE_PAGE_HWPOISON);
	EXPECT_TRUE(self->page.flags >> KPF_HWPOISON & 1);
}

TEST_HARNESS_MAIN

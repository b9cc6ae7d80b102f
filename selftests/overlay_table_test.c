// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of page tables, as `extents` names their processes and levels, against
 * VmPTE in /proc/PID/status, and those of the kernel against a planted area.
 */
#include <kselftest_harness.h>

#include <dirent.h>
#include <sched.h>
#include <sys/wait.h>

#include "common.h"
#include "fixture.h"
#include "overlay.h"
#include "process.h"

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
	size_t step = 2UL << 20;
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
	/* and the top; with isolation of page tables it has two frames */
	e = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		if (e[i].owner == (uint64_t)child && !strcmp(e[i].name, "pgd overlay-tables"))
			top += e[i].pages;
	EXPECT_LE(1, top);
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
	struct fixture_plant arg = plant_arg(self, FIXTURE_VMALLOC, 1, 128 << 20);
	uint64_t pte;

	/* a table of PTEs maps 2M; it stays for the next area when this one is freed */
	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(0, read_classes(self, CLASS(KERNEL_PAGETABLE) | CLASS(PAGETABLE)));
	pte = pages_of(&self->a, MMSCOPE_CLASS_KERNEL_PAGETABLE, "pte");
	EXPECT_LE(64, pte);
	EXPECT_GE(4096, pte);
	EXPECT_LE(2, kernel_tables(&self->a, "pmd"));
	/* what vmalloc may use has its tables below the top since boot */
	EXPECT_LE(32, kernel_tables(&self->a, "pud") + kernel_tables(&self->a, "p4d"));
}

TEST_HARNESS_MAIN

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two kinds of LRU, switched between, and cgroups whose pages are looked at.
 * Include after common.h, process.h and disk.h.
 */
#ifndef _MMSCOPE_LRU_H
#define _MMSCOPE_LRU_H

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define LRU_SWITCH	"/sys/kernel/mm/lru_gen/enabled"
#define CGROUPS		"/sys/fs/cgroup"
#define PARENT		CGROUPS "/lru_test"
#define CHILD		PARENT "/child"
#define MB		(1UL << 20)
#define TRIES		60

#define BIT(_n)		(1ULL << (_n))

/*
 * Switch to one kind of LRU, and make cgroups. Returns what was set before, to be
 * given back to lru_end(); NULL: this kernel has one kind only.
 */
static inline char *lru_begin(const char *enabled)
{
	char *before = read_file(LRU_SWITCH);

	if (!before)
		return NULL;
	/* what earlier tests left behind goes with its page cache */
	write_file("/proc/sys/vm/drop_caches", "1");
	write_file(LRU_SWITCH, enabled);
	write_file(CGROUPS "/cgroup.subtree_control", "+memory");
	mkdir(PARENT, 0700);
	write_file(PARENT "/cgroup.subtree_control", "+memory");
	mkdir(CHILD, 0700);
	return before;
}

static inline void lru_end(char *before)
{
	if (before)
		write_file(LRU_SWITCH, before);
	free(before);
	rmdir(CHILD);
	rmdir(PARENT);
}

static inline void rest(void)
{
	struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

/* Pages that CPUs have not put on lists yet are put there: a page that needs no move is moved. */
static inline void settle(void)
{
	static char page[2 * MAX_PAGE];
	void *pages[] = { page + PAGE };
	int node = -1, status = 0;

	page[PAGE] = 1;
	syscall(SYS_move_pages, 0, 1UL, pages, NULL, &node, 0);
	syscall(SYS_move_pages, 0, 1UL, pages, &node, &status, MPOL_MF_MOVE);
}

static inline const struct mmscope_lru *list_at(const struct answer *a, size_t i)
{
	return (const struct mmscope_lru *)((const char *)a->records + i * a->rec_size);
}

static inline const struct mmscope_lru_page *page_at(const struct answer *a, size_t i)
{
	return (const struct mmscope_lru_page *)((const char *)a->records + i * a->rec_size);
}

/* in a cgroup of its own: 8 MB, of which 1 MB is locked */
static inline int join_and_take(void *path)
{
	char *mem;

	if (write_file(path, "0"))
		return 1;
	mem = mmap(NULL, 8 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return 2;
	madvise(mem, 8 * MB, MADV_NOHUGEPAGE);
	memset(mem, 1, 8 * MB);
	return mlock(mem, MB) ? 3 : 0;
}

#define LRU_READ_BYTES (8 * MB)

/* page cache of the child's cgroup; the device stays open, or it goes again */
static inline int join_and_read(void *path)
{
	return write_file(path, "0") || disk_read(LRU_READ_BYTES) < 0;
}

#endif /* _MMSCOPE_LRU_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process with one of each: every kind of page-table entry that a test can
 * make. Include after process.h.
 */
#ifndef _MMSCOPE_ZOO_H
#define _MMSCOPE_ZOO_H

#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>

#define ZOO_PAGES	64

#define ZOO_DEVMEM	0xc0000	/* physical: ROMs, readable however strict /dev/mem is */

#define HUGE_1G		(1UL << 30)

/* x86 can, so there it must; arm64 could not in Linux 6.1 */
static inline bool uffd_protects(void)
{
#ifdef __aarch64__
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	bool can = fd >= 0 && !ioctl(fd, UFFDIO_API, &api);

	close(fd);
	return can;
#else
	return true;
#endif
}

/* where things are; all of ZOO_PAGES pages if not said otherwise; NULL: could not be made */
struct zoo {
	char *anon;		/* every fifth page never touched */
	char *thp;		/* 4M of huge pages, written */
	char *huge_zero;	/* 2M, only read */
	char *hugetlb;		/* 3 pages of 2M, the middle one never touched */
	char *hugetlb_shared;	/* 2 pages of 2M */
	char *gigantic;		/* 1 page of 1G */
	char *zero;		/* only read; two VMAs */
	char *file;		/* the program's own file */
	char *file_shared;	/* a file written through the map */
	char *shared;		/* MAP_SHARED anonymous, every second page touched */
	char *sysv;
	char *prot_none;	/* written, then PROT_NONE */
	char *swapped;		/* written, then paged out */
	char *holes;		/* written, then the middle dropped */
	char *locked;		/* mlock()ed */
	char *cow;		/* written before the fork, the first half again after it */
	char *devmem;		/* physical memory at ZOO_DEVMEM */
	char *marked;		/* shmem, write-protected by userfaultfd and never touched */
	char *clean;		/* not written since soft-dirty bits were cleared */
	char *dirtied;		/* written since */
};

static inline char *zoo_map(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline char *zoo_anon(size_t bytes)
{
	char *p = zoo_map(bytes, MAP_PRIVATE | MAP_ANONYMOUS);

	if (p)
		madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

#define ZOO_THP "/sys/kernel/mm/transparent_hugepage/"

/* aligned and marked for huge pages */
static inline char *zoo_huge(size_t bytes)
{
	char *p = zoo_map(bytes + HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS);

	if (!p)
		return NULL;
	p = (char *)(((uintptr_t)p + HUGE_2M - 1) & ~(HUGE_2M - 1));
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static inline void touch(char *p, size_t bytes, size_t step)
{
	for (size_t i = 0; i < bytes; i += step)
		__atomic_store_n(p + i, i ^ (i >> 8) ^ 1, __ATOMIC_RELAXED);
}

static inline void zoo_read(const char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		__atomic_load_n(p + i, __ATOMIC_RELAXED);
}

static inline void zoo_files(struct zoo *z, size_t bytes)
{
	const char *name = "/root/mmscope-zoo";
	int fd = open("/proc/self/exe", O_RDONLY);

	z->file = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink(name);
	if (ftruncate(fd, bytes) == 0)
		z->file_shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (z->file_shared)
		touch(z->file_shared, bytes, 3 * PAGE);
	fd = open("/dev/mem", O_RDONLY);
	z->devmem = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, ZOO_DEVMEM);
	if (z->devmem == MAP_FAILED)
		z->devmem = NULL;
	else
		zoo_read(z->devmem, bytes);
	close(fd);
}

static inline void zoo_shared(struct zoo *z, size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, 0600);

	z->shared = zoo_map(bytes, MAP_SHARED | MAP_ANONYMOUS);
	touch(z->shared, bytes, 2 * PAGE);
	z->sysv = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (z->sysv == (void *)-1)
		z->sysv = NULL;
	else
		touch(z->sysv, bytes, PAGE);
}

static inline void zoo_hugetlb(struct zoo *z)
{
	z->hugetlb = zoo_map(3 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	if (z->hugetlb) {
		z->hugetlb[0] = 1;
		z->hugetlb[2 * HUGE_2M] = 1;
	}
	z->hugetlb_shared = zoo_map(2 * HUGE_2M, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB);
	if (z->hugetlb_shared)
		touch(z->hugetlb_shared, 2 * HUGE_2M, HUGE_2M);
	z->gigantic = zoo_map(HUGE_1G, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << 26);
	if (z->gigantic)
		z->gigantic[12345678] = 1;
}

/* untouched shmem pages get a marker instead of an entry */
static inline void zoo_marked(struct zoo *z, size_t bytes)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
	};
	char *p = zoo_map(bytes, MAP_SHARED | MAP_ANONYMOUS);
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, bytes },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)p, bytes },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (fd < 0 || !p || ioctl(fd, UFFDIO_API, &api))
		return;
	touch(p, bytes / 2, PAGE);
	if (ioctl(fd, UFFDIO_REGISTER, &reg) || ioctl(fd, UFFDIO_WRITEPROTECT, &wp))
		return;
	z->marked = p;	/* and fd stays open */
}

/*
 * Linux 7 fills the cluster of slots that a CPU has begun, whatever swap area is to come
 * first now: end that on each CPU. 0 or -1.
 */
static inline int fill_clusters(void)
{
	const size_t bytes = 1024 * PAGE;
	cpu_set_t all;
	int err = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		return -1;
	for (int cpu = 0; cpu < CPU_SETSIZE && !err; cpu++) {
		char *p;

		if (!CPU_ISSET(cpu, &all))
			continue;
		p = zoo_anon(bytes);
		if (!p || run_on_cpu(cpu))
			return -1;
		touch(p, bytes, 64);
		err = madvise(p, bytes, MADV_PAGEOUT);
		munmap(p, bytes);
	}
	return sched_setaffinity(0, sizeof(all), &all) | err;
}

static inline void zoo_anons(struct zoo *z, size_t bytes)
{
	z->anon = zoo_anon(bytes);
	for (size_t i = 0; i < ZOO_PAGES; i++)
		if (i % 5)
			z->anon[i * PAGE] = i;
	z->thp = zoo_huge(2 * HUGE_2M);
	touch(z->thp, 2 * HUGE_2M, PAGE);
	z->huge_zero = zoo_huge(HUGE_2M);
	zoo_read(z->huge_zero, HUGE_2M);
	z->zero = zoo_anon(bytes);
	zoo_read(z->zero, bytes);
	/* another VMA, with entries that would go on from the first one's */
	madvise(z->zero + bytes / 2, bytes / 2, MADV_DONTDUMP);
	z->prot_none = zoo_anon(bytes);
	touch(z->prot_none, bytes, PAGE);
	mprotect(z->prot_none, bytes, PROT_NONE);
	z->swapped = zoo_anon(bytes);
	touch(z->swapped, bytes, 64);
	z->holes = zoo_anon(bytes);
	touch(z->holes, bytes, PAGE);
	madvise(z->holes + bytes / 4, bytes / 2, MADV_DONTNEED);
	z->locked = zoo_anon(bytes);
	mlock(z->locked, bytes);
	z->clean = zoo_anon(bytes);
	touch(z->clean, bytes, PAGE);
	z->dirtied = zoo_anon(bytes);
	touch(z->dirtied, bytes, PAGE);
}

/* run by the child; `arg` is a struct zoo shared with the parent, with .cow made */
static inline int zoo_prepare(void *arg)
{
	struct zoo *z = arg;
	const size_t bytes = ZOO_PAGES * PAGE;
	struct timespec ts;

	touch(z->cow, bytes / 2, PAGE);
	zoo_files(z, bytes);
	zoo_anons(z, bytes);
	zoo_shared(z, bytes);
	zoo_hugetlb(z);
	zoo_marked(z, bytes);
	clock_gettime(CLOCK_MONOTONIC, &ts);	/* vdso and vvar */
	if (write_file("/proc/self/clear_refs", "4"))
		return 1;
	touch(z->dirtied, bytes / 2, PAGE);
	if (madvise(z->swapped, bytes, MADV_PAGEOUT))
		return 2;
	return 0;
}

static inline unsigned long zoo_full_scans(void)
{
	char *text = read_file(ZOO_THP "khugepaged/full_scans");
	unsigned long scans = text ? strtoul(text, NULL, 10) : 0;

	free(text);
	return scans;
}

/*
 * Pages of a process are not collapsed while they are compared. However long
 * khugepaged sleeps between scans, the first process it has to look at when there
 * was none wakes it; so this process is one, and the scan that follows is waited
 * for: the next comes in weeks.
 */
static inline int zoo_quiet_khugepaged(void)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	unsigned long scans = zoo_full_scans();
	char *p = zoo_huge(HUGE_2M);

	if (!p)
		return -1;
	*p = 1;
	write_file(ZOO_THP "khugepaged/pages_to_scan", "1000000");
	write_file(ZOO_THP "khugepaged/scan_sleep_millisecs", "4000000000");
	/* a scan that was on its way, and one of all */
	for (int tries = 0; zoo_full_scans() < scans + 1; tries++) {
		if (tries == 3000)
			return -1;
		nanosleep(&tick, NULL);
	}
	do {
		scans = zoo_full_scans();
		for (int i = 0; i < 5; i++)
			nanosleep(&tick, NULL);
	} while (scans != zoo_full_scans());
	return 0;
}

/* swap of 64M in memory, 2M huge pages; 0 if there are both */
static inline int zoo_setup(void)
{
	if (has_thp() && (write_file(ZOO_THP "enabled", "madvise") || zoo_quiet_khugepaged()))
		return -1;
	if (reserve_huge_pages(8))
		return -1;
	write_file("/proc/sys/kernel/numa_balancing", "0");
	if (system("modprobe zram 2> /dev/null; grep -q zram /proc/swaps || "
		   "{ echo 64M > /sys/block/zram0/disksize && mkswap /dev/zram0 > /dev/null && "
		   "swapon /dev/zram0; }"))
		return -1;
	return 0;
}

/* a part of the memory of a small guest, whatever a huge page has */
#define ZOO_AREA (PAGE > 4096 ? 16 * HUGE_2M : 64 * HUGE_2M)

/* is all of it one run of frames, which begins where a huge page may? */
static inline bool zoo_in_a_row(const uint64_t *entry, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		if (!(entry[i] & PM_PRESENT) || (entry[i] & PM_FRAME) != (*entry & PM_FRAME) + i)
			return false;
	return (*entry & PM_FRAME) % PAGES_2M == 0;
}

/* who of the huge pages of an area begins where the frames of this one end */
static inline ssize_t zoo_next(const uint64_t *entry, size_t of)
{
	if (!zoo_in_a_row(entry + of, PAGES_2M))
		return -1;
	for (size_t at = 0; at < ZOO_AREA / PAGE; at += PAGES_2M)
		if (zoo_in_a_row(entry + at, PAGES_2M) &&
		    (entry[at] & PM_FRAME) == (entry[of] & PM_FRAME) + PAGES_2M)
			return at;
	return -1;
}

/* the huge page at one place goes, and the one that comes to the other has its frames */
static inline void zoo_hand_on(char *from, char *to)
{
	munmap(from, HUGE_2M);
	touch(to, HUGE_2M, PAGE);
}

/* two neighbours of an area are handed on to `pair`: are they in a row there? */
static inline bool zoo_make_pair(char *area, char *pair)
{
	uint64_t *entry = read_pagemap(getpid(), (uintptr_t)area, (uintptr_t)area + ZOO_AREA);
	ssize_t next = -1;
	size_t at = 0;
	bool made;

	for (; entry && next < 0 && at < ZOO_AREA / PAGE; at += PAGES_2M)
		next = zoo_next(entry, at);
	free(entry);
	if (next < 0)
		return false;
	zoo_hand_on(area + (at - PAGES_2M) * PAGE, pair);
	zoo_hand_on(area + next * PAGE, pair + HUGE_2M);
	entry = read_pagemap(getpid(), (uintptr_t)pair, (uintptr_t)pair + 2 * HUGE_2M);
	made = entry && zoo_in_a_row(entry, 2 * PAGES_2M);
	free(entry);
	return made;
}

/*
 * Two huge pages in a row: among many there are two that are neighbours, wherever they are
 * mapped, and what a CPU freed last it hands out first.
 */
static inline char *zoo_two_in_a_row(void)
{
	run_on_cpu(sched_getcpu());
	for (int try = 0; try < 10; try++) {
		char *area = zoo_huge(ZOO_AREA), *pair = zoo_huge(2 * HUGE_2M);
		bool made;

		if (!area || !pair)
			return NULL;
		touch(area, ZOO_AREA, PAGE);
		made = zoo_make_pair(area, pair);
		munmap(area, ZOO_AREA);
		if (made)
			return pair;
		munmap(pair, 2 * HUGE_2M);
		write_file("/proc/sys/vm/compact_memory", "1");
	}
	return NULL;
}

static inline void zoo_teardown(void)
{
	swapoff("/dev/zram0");
	write_file("/sys/block/zram0/reset", "1");
	write_file("/proc/sys/vm/nr_hugepages", "0");
}

/* a stopped child; its pid, or -1 */
static inline pid_t zoo_child(struct zoo **zoo)
{
	const size_t bytes = ZOO_PAGES * PAGE;
	struct zoo *z = (void *)zoo_map(sizeof(*z), MAP_SHARED | MAP_ANONYMOUS);
	pid_t pid;

	*zoo = z;
	if (!z)
		return -1;
	z->cow = zoo_anon(bytes);
	touch(z->cow, bytes, PAGE);
	pid = stopped_child(zoo_prepare, z);
	return pid;
}

#endif /* _MMSCOPE_ZOO_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process as /proc tells it: maps, smaps, pagemap; and a child to look at.
 * Include after common.h.
 */
#ifndef _MMSCOPE_PROCESS_H
#define _MMSCOPE_PROCESS_H

#include <linux/kernel-page-flags.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* /proc/sys/kernel/pid_max where there are not very many CPUs, for arrays */
#define MAX_PIDS	32768

/* bits of /proc/PID/pagemap */
#define PM_PRESENT	(1ULL << 63)
#define PM_SWAP		(1ULL << 62)
#define PM_UFFD_WP	(1ULL << 57)
#define PM_SOFT_DIRTY	(1ULL << 55)
#define PM_FRAME	((1ULL << 55) - 1)
/* not compared: who else maps the page, and whether a file has it */
#define PM_COMPARED	(PM_PRESENT | PM_SWAP | PM_UFFD_WP | PM_SOFT_DIRTY | PM_FRAME)

/* does this kernel keep soft-dirty bits? Every page of a new area has one. */
static inline bool has_soft_dirty(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t bits = 0;

	*(volatile char *)p = 1;
	if (pread(fd, &bits, sizeof(bits), (uintptr_t)p / PAGE * sizeof(bits)) != sizeof(bits))
		bits = 0;
	close(fd);
	munmap(p, PAGE);
	return bits & PM_SOFT_DIRTY;
}

/* one paragraph of /proc/PID/smaps; sizes in bytes */
struct map {
	uint64_t start, end, offset, inode;
	char perms[5];
	unsigned int dev_major, dev_minor;
	char path[4200];
	char flags[160];		/* " rd wr mr " */
	uint64_t kernel_page_size, rss, swap, locked;
	uint64_t anon_huge, shmem_pmd, file_pmd, shared_hugetlb, private_hugetlb;
};

struct maps {
	struct map *map;
	size_t nr;
};

static inline void maps_free(struct maps *m)
{
	free(m->map);
	memset(m, 0, sizeof(*m));
}

static inline bool map_has(const struct map *m, const char *code)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", code);
	return strstr(m->flags, word);
}

static inline void parse_smaps_line(struct map *m, const char *line)
{
	static const struct {
		const char *format;
		size_t offset;
	} sizes[] = {
		{ "KernelPageSize: %lu kB", offsetof(struct map, kernel_page_size) },
		{ "Rss: %lu kB", offsetof(struct map, rss) },
		{ "Swap: %lu kB", offsetof(struct map, swap) },
		{ "Locked: %lu kB", offsetof(struct map, locked) },
		{ "AnonHugePages: %lu kB", offsetof(struct map, anon_huge) },
		{ "ShmemPmdMapped: %lu kB", offsetof(struct map, shmem_pmd) },
		{ "FilePmdMapped: %lu kB", offsetof(struct map, file_pmd) },
		{ "Shared_Hugetlb: %lu kB", offsetof(struct map, shared_hugetlb) },
		{ "Private_Hugetlb: %lu kB", offsetof(struct map, private_hugetlb) },
	};
	uint64_t kb;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (sscanf(line, sizes[i].format, &kb) == 1)
			*(uint64_t *)((char *)m + sizes[i].offset) = kb << 10;
	if (!strncmp(line, "VmFlags:", 8))
		snprintf(m->flags, sizeof(m->flags), "%s ", line + 8);
}

/* maps(5) writes a newline in a path as \012 */
static inline void unescape(char *path)
{
	char *to = path;

	for (; *path; path++, to++) {
		*to = *path;
		if (!strncmp(path, "\\012", 4)) {
			*to = '\n';
			path += 3;
		}
	}
	*to = '\0';
}

static inline bool parse_maps_line(struct map *m, char *line)
{
	int path = 0;

	memset(m, 0, sizeof(*m));
	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &m->start, &m->end, m->perms,
		   &m->offset, &m->dev_major, &m->dev_minor, &m->inode, &path) != 7)
		return false;
	snprintf(m->path, sizeof(m->path), "%s", line + path);
	unescape(m->path);
	return true;
}

/* the gate page of the kernel is in maps, but no VMA */
static inline bool is_gate(const struct map *m)
{
	return !strcmp(m->path, "[vsyscall]");
}

/* `file` is "smaps" or "maps"; 0 or -1 */
static inline int read_maps_of(pid_t pid, const char *file, struct maps *m)
{
	size_t room = 0;
	char path[64], *text, *line, *save;
	struct map next;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	text = read_file(path);
	if (!text)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!parse_maps_line(&next, line)) {
			if (m->nr)
				parse_smaps_line(&m->map[m->nr - 1], line);
			continue;
		}
		if (m->nr == room) {
			room = room ? 2 * room : 64;
			m->map = realloc(m->map, room * sizeof(*m->map));
			if (!m->map)
				return -1;
		}
		m->map[m->nr++] = next;
	}
	free(text);
	if (m->nr && is_gate(&m->map[m->nr - 1]))
		m->nr--;
	return 0;
}

static inline int read_maps(pid_t pid, struct maps *m)
{
	return read_maps_of(pid, "smaps", m);
}

/* entries of a file of u64 such as pagemap or kpageflags; NULL if it is not all there */
static inline uint64_t *read_u64s(const char *path, uint64_t first, size_t nr)
{
	uint64_t *all = malloc(nr * sizeof(*all));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	while (all && fd >= 0 && done < nr * sizeof(*all)) {
		ssize_t got = pread(fd, (char *)all + done, nr * sizeof(*all) - done,
				    first * sizeof(*all) + done);

		if (got <= 0)
			break;
		done += got;
	}
	if (fd >= 0)
		close(fd);
	if (done == nr * sizeof(*all))
		return all;
	free(all);
	return NULL;
}

static inline uint64_t *read_pagemap(pid_t pid, uint64_t start, uint64_t end)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	return read_u64s(path, start / PAGE, (end - start) / PAGE);
}

/* of the page that an address is in, 0: it cannot be read */
static inline uint64_t entry_of(pid_t pid, const volatile void *p)
{
	uint64_t start = (uintptr_t)p & ~(PAGE - 1);
	uint64_t *entry = read_pagemap(pid, start, start + PAGE);
	uint64_t value = entry ? *entry : 0;

	free(entry);
	return value;
}

/* the frame that an entry of pagemap tells of, 0: of none */
static inline uint64_t entry_frame(uint64_t entry)
{
	return entry & PM_PRESENT ? entry & PM_FRAME : 0;
}

/* /proc/kpageflags of one frame, 0 if it has none */
static inline uint64_t frame_flags(uint64_t pfn)
{
	static int fd = -1;
	uint64_t flags;

	if (fd < 0)
		fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	return pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) == sizeof(flags) ? flags : 0;
}

/* VmPTE of the process in bytes, 0 if it cannot be read */
static inline uint64_t read_vm_pte(pid_t pid)
{
	char path[64];
	uint64_t kb = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	read_number(path, "VmPTE", &kb);
	return kb << 10;
}

#define NR_HUGE_PAGES	"/proc/sys/vm/nr_hugepages"

/* pages of 2M that are reserved, perhaps since the boot */
static inline uint64_t huge_pages_reserved(void)
{
	char *text = read_file(NR_HUGE_PAGES);
	uint64_t nr = text ? strtoul(text, NULL, 10) : 0;

	free(text);
	return nr;
}

/* so many pages of 2M, however scattered memory is */
static inline int reserve_huge_pages(uint64_t want)
{
	char number[16];

	snprintf(number, sizeof(number), "%lu", want);
	for (int try = 0; try < 20; try++) {
		write_file(NR_HUGE_PAGES, number);
		if (huge_pages_reserved() == want)
			return 0;
		write_file("/proc/sys/vm/drop_caches", "3");
		write_file("/proc/sys/vm/compact_memory", "1");
	}
	return -1;
}

/*
 * Fork a child that runs prepare(arg) and then stops, for ever. It dies with us.
 * Returns its pid, or -1 when prepare() failed (it exits with that status).
 */
static inline pid_t stopped_child(int (*prepare)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		status = prepare(arg);
		if (status)
			_exit(status);
		for (;;)
			raise(SIGSTOP);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid)
		return -1;
	if (WIFSTOPPED(status))
		return pid;
	fprintf(stderr, "# the child ended with status %#x\n", status);
	return -1;
}

static inline void kill_child(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* a whole dataset of a process */
static inline int walk_pid(int fd, uint32_t dataset, pid_t pid, struct answer *a)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);

	arg.pid = pid;
	return walk_all(fd, arg, a);
}

#endif /* _MMSCOPE_PROCESS_H */

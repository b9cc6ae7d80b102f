// SPDX-License-Identifier: GPL-2.0
/*
 * The ways to do a task: mmscope's calls, and the files and programs of others.
 * What is read is not looked at: the time is that of getting it.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define UNAVAILABLE (~0ULL)

uint64_t run_walk(struct bench *b, const void *arg)
{
	struct mmscope_walk_arg walk = *(const struct mmscope_walk_arg *)arg;
	uint64_t nr = 0;

	walk.buf = (uintptr_t)b->big;
	walk.buf_bytes = BIG;
	do {
		if (ioctl(b->device, MMSCOPE_IOC_WALK, &walk))
			return UNAVAILABLE;
		nr += walk.nr;
	} while (!(walk.status & MMSCOPE_WALK_DONE));
	return nr;
}

uint64_t run_files(struct bench *b, const void *arg)
{
	const char *const *path;
	uint64_t bytes = 0;
	ssize_t got;
	int fd;

	for (path = arg; *path; path++) {
		fd = open(*path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return UNAVAILABLE;
		while ((got = read(fd, b->big, BIG)) > 0)
			bytes += got;
		close(fd);
		if (got < 0)
			return UNAVAILABLE;
	}
	return bytes;
}

uint64_t run_program(struct bench *b, const void *arg)
{
	char *const *argv = (char *const *)arg;
	int status, null;
	pid_t pid;

	(void)b;
	pid = vfork();
	if (pid < 0)
		return UNAVAILABLE;
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		return UNAVAILABLE;
	return 1;
}

uint64_t run_memmap(struct bench *b, const void *arg)
{
	b->memmap.all = *(const int *)arg;
	return ioctl(b->fixture, FIXTURE_IOC_MEMMAP, &b->memmap) ? UNAVAILABLE : b->memmap.pages;
}

/* --------------------------------------------------------------- who maps frames */

uint64_t run_rmap(struct bench *b, const void *arg)
{
	struct rmap_job *job = (struct rmap_job *)arg;
	static struct mmscope_pfn_range ranges[4096];
	struct mmscope_rmap_arg rmap = {
		.size = sizeof(rmap),
		.nr_ranges = job->nr,
		.ranges = (uintptr_t)ranges,
		.buf = (uintptr_t)b->big,
		.buf_bytes = BIG,
	};
	const struct mmscope_rmap *rec = (const void *)b->big;
	uint32_t i;

	for (i = 0; i < job->nr; i++)
		ranges[i] = (struct mmscope_pfn_range){ job->pfns[i], job->pfns[i] + 1 };
	job->found = 0;
	do {
		if (ioctl(b->device, MMSCOPE_IOC_RMAP, &rmap))
			return UNAVAILABLE;
		for (i = 0; i < rmap.nr; i++)
			job->found += rec[i].pages;
	} while (!(rmap.status & MMSCOPE_WALK_DONE));
	return job->found;
}

/* frames looked for, a bit each; there are less than 2^22 of them: 16 GiB */
#define MAX_FRAMES (1 << 22)
static uint64_t wanted[MAX_FRAMES / 64];

static uint64_t join_range(struct bench *b, int pagemap, uint64_t start, uint64_t end)
{
	const uint64_t *entry = (const void *)b->big;
	uint64_t found = 0, pfn;
	ssize_t got, i;

	for (; start < end; start += got) {
		got = (end - start) * 8 < BIG ? (end - start) * 8 : BIG;
		got = pread(pagemap, b->big, got, start * 8) / 8;
		if (got <= 0)
			break;
		for (i = 0; i < got; i++) {
			pfn = entry[i] & ((1ULL << 55) - 1);
			if (entry[i] >> 63 && pfn < MAX_FRAMES)
				found += wanted[pfn / 64] >> pfn % 64 & 1;
		}
	}
	return found;
}

static uint64_t join_process(struct bench *b, const char *pid)
{
	uint64_t found = 0, start, end;
	char path[64], line[512];
	int pagemap;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	while (maps && pagemap >= 0 && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			found += join_range(b, pagemap, start / 4096, end / 4096);
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
	return found;
}

/* the join of /proc/PID/pagemap of all processes with the frames */
uint64_t run_rmap_join(struct bench *b, const void *arg)
{
	struct rmap_job *job = (struct rmap_job *)arg;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint32_t i;

	if (!proc)
		return UNAVAILABLE;
	memset(wanted, 0, sizeof(wanted));
	for (i = 0; i < job->nr; i++)
		if (job->pfns[i] < MAX_FRAMES)
			wanted[job->pfns[i] / 64] |= 1ULL << job->pfns[i] % 64;
	job->found = 0;
	while ((entry = readdir(proc)))
		if (isdigit(entry->d_name[0]))
			job->found += join_process(b, entry->d_name);
	closedir(proc);
	return job->found;
}

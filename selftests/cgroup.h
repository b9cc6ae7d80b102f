/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of cgroup v2, and processes that run in a cgroup. Include after common.h.
 */
#ifndef _MMSCOPE_CGROUP_H
#define _MMSCOPE_CGROUP_H

#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static inline int put(const char *cgroup, const char *file, const char *text)
{
	char path[256];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return done == (ssize_t)strlen(text) ? 0 : -1;
}

static inline char *get(const char *cgroup, const char *file)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return read_file(path);
}

/* a file of one number, or "max"; false: the cgroup has no such file */
static inline bool get_number(const char *cgroup, const char *file, uint64_t *value)
{
	char *text = get(cgroup, file);

	if (!text)
		return false;
	*value = strncmp(text, "max", 3) ? strtoull(text, NULL, 10) : MMSCOPE_UNKNOWN;
	free(text);
	return true;
}

/* a line of a file of "key value" */
static inline bool get_line(const char *cgroup, const char *file, const char *key, uint64_t *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return !read_number(path, key, value);
}

static inline uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

/* a child that runs in a cgroup; Return: its pid, 0 in the child */
static inline pid_t fork_into(const char *cgroup)
{
	pid_t pid = fork();

	if (!pid && put(cgroup, "cgroup.procs", "0"))
		_exit(100);
	return pid;
}

static inline int wait_for(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static inline void *touch_memory(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < bytes; i += PAGE)
		p[i] = 1;
	return p;
}

/*
 * Linux 7 hands a removed cgroup's pages over to its parent, so nothing keeps it. By the
 * kernel's own count of cgroups that were removed and are not gone.
 */
static inline bool is_soon_gone(const char *top)
{
	char *text;
	bool gone = false;

	for (int try = 0; try < 150 && !gone; try++) {
		text = get(top, "cgroup.stat");
		gone = text && strstr(text, "nr_dying_descendants 0\n");
		free(text);
		usleep(20000);
	}
	return gone;
}

/*
 * What a CPU keeps of a cgroup, it gives up for another one: room that was charged in
 * advance when a process of that is charged, pages on the way to their list when it exits.
 */
static inline void charge_on_each_cpu(const char *cgroup)
{
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		pid_t pid = fork_into(cgroup);

		if (!pid) {
			if (!run_on_cpu(cpu))
				touch_memory(1 << 20);
			_exit(0);
		}
		wait_for(pid);
	}
}

#endif /* _MMSCOPE_CGROUP_H */

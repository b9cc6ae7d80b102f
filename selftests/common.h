/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kselftests share: the device, whole answers, numbers out of /proc.
 * Include after kselftest_harness.h.
 */
#ifndef _MMSCOPE_COMMON_H
#define _MMSCOPE_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/mmscope.h>

#define DEVICE	"/dev/mmscope"
#define DEBUGFS	"/sys/kernel/debug/mmscope"

/* a page, one that an entry of a PMD maps, and how many of the one are in the other */
#define PAGE		((unsigned long)sysconf(_SC_PAGESIZE))
#define PAGE_KB		(sysconf(_SC_PAGESIZE) / 1024)	/* in the kB of /proc */
#define PAGES_2M	(PAGE / sizeof(uint64_t))
#define HUGE_2M		(PAGES_2M * PAGE)	/* where a page has 4K */
#define ORDER_2M	((unsigned int)__builtin_ctzl(PAGES_2M))
#define GIGA_ORDER	(30U - __builtin_ctzl(PAGE))	/* 1G */
/* of the machines that tests run on, for arrays */
#define MAX_PAGE	16384UL
#define MAX_PAGES_2M	(MAX_PAGE / sizeof(uint64_t))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* the harness's 30 seconds are too few where an emulated CPU has little of a real one */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

static inline int open_device(void)
{
	return open(DEVICE, O_RDONLY | O_CLOEXEC);
}

/* a query for all of a dataset; the caller adds pid, filters and the buffer */
static inline struct mmscope_walk_arg walk_arg(uint32_t dataset)
{
	struct mmscope_walk_arg arg = {
		.size = sizeof(arg),
		.dataset = dataset,
		.node = MMSCOPE_ANY,
		.zone = MMSCOPE_ANY,
		.end = ~0ULL,
	};

	return arg;
}

static inline struct mmscope_describe describe_arg(uint32_t dataset)
{
	struct mmscope_describe arg = {
		.size = sizeof(arg),
		.dataset = dataset,
	};

	return arg;
}

/* records of a whole answer, and the worst that its calls reported */
struct answer {
	void *records;
	size_t nr;
	size_t rec_size;
	uint64_t max_lock_ns;
	uint64_t locks;
	uint64_t restarts;
	uint64_t torn;
	unsigned int calls;
};

static inline void answer_free(struct answer *a)
{
	free(a->records);
	memset(a, 0, sizeof(*a));
}

/*
 * KASAN keeps what is freed, and SLUB's debugging enlarges what is allocated: memory
 * of the kernel does not come and go as it does elsewhere.
 */
static inline bool kernel_has_kasan(void)
{
	return !access("/sys/module/kasan", F_OK) || !access("/sys/kernel/debug/kmemleak", F_OK);
}

/*
 * All records of a query, `chunk` records a call. Returns 0 or -errno. The
 * answer is to be freed either way.
 */
static inline int walk_chunked(int fd, struct mmscope_walk_arg arg, size_t chunk,
			       struct answer *a)
{
	struct mmscope_describe desc = describe_arg(arg.dataset);
	size_t room = 0;

	memset(a, 0, sizeof(*a));
	if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &desc))
		return -errno;
	a->rec_size = desc.rec_size;
	do {
		if (a->nr + chunk > room) {
			void *grown;

			room = 2 * room + chunk;
			grown = realloc(a->records, room * a->rec_size);
			if (!grown)
				return -ENOMEM;
			a->records = grown;
		}
		arg.buf = (uintptr_t)a->records + a->nr * a->rec_size;
		arg.buf_bytes = chunk * a->rec_size;
		if (ioctl(fd, MMSCOPE_IOC_WALK, &arg))
			return -errno;
		a->nr += arg.nr;
		a->calls++;
		a->locks += arg.locks;
		a->restarts += arg.restarts;
		a->torn += arg.torn;
		if (arg.max_lock_ns > a->max_lock_ns)
			a->max_lock_ns = arg.max_lock_ns;
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	return 0;
}

static inline int walk_all(int fd, struct mmscope_walk_arg arg, struct answer *a)
{
	return walk_chunked(fd, arg, 4096, a);
}

/* all of a small file as a string; NULL if it cannot be read */
static inline char *read_file(const char *path)
{
	size_t room = 1 << 16, len = 0;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0 || !text)
		goto out_fail;
	while ((got = read(fd, text + len, room - len - 1)) > 0) {
		len += got;
		if (room - len < 4096) {
			char *grown = realloc(text, room *= 2);

			if (!grown)
				goto out_fail;
			text = grown;
		}
	}
	if (got < 0)
		goto out_fail;
	close(fd);
	text[len] = '\0';
	return text;

out_fail:
	if (fd >= 0)
		close(fd);
	free(text);
	return NULL;
}

/* transparent huge pages: kernels for real time leave them out */
static inline bool has_thp(void)
{
	return !access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK);
}

#define need_thp() do {							\
	if (!has_thp())							\
		SKIP(return, "no transparent huge pages in this kernel");	\
} while (0)

/* the number behind `key` in a file of "key value" or "key: value" lines */
static inline int read_number(const char *path, const char *key, uint64_t *value)
{
	char *text = read_file(path), *p;
	size_t len = strlen(key);
	int ret = -1;

	for (p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, key, len) || !strchr(": \t", p[len]))
			continue;
		ret = sscanf(p + len, "%*[: \t]%lu", value) == 1 ? 0 : -1;
		break;
	}
	free(text);
	return ret;
}

/* the memory that the kernel manages; 0: not told */
static inline uint64_t ram_pages(void)
{
	uint64_t kib = 0;

	read_number("/proc/meminfo", "MemTotal", &kib);
	return kib / PAGE_KB;
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(text);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, text, len) == len ? 0 : -1;
	close(fd);
	return ret;
}

/* pages that CPUs keep back go to their lists */
static inline int drain(void)
{
	return write_file("/proc/sys/vm/compact_memory", "1");
}

static inline bool is_linux_7(void)
{
	struct utsname name;

	return !uname(&name) && strtoul(name.release, NULL, 10) >= 7;
}

static inline bool kernel_is_rt(void)
{
	struct utsname name;

	return !uname(&name) && strstr(name.version, "PREEMPT_RT");
}

static inline int run_on_cpu(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

static inline bool is_between(int64_t value, int64_t a, int64_t b)
{
	return value >= (a < b ? a : b) && value <= (a < b ? b : a);
}

/* does /proc/kallsyms have a symbol? One of data is not there without KALLSYMS_ALL. */
static inline bool has_symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[512], found[256];
	bool has = false;

	while (f && !has && fgets(line, sizeof(line), f))
		has = sscanf(line, "%*x %*c %255s", found) == 1 && !strcmp(found, name);
	if (f)
		fclose(f);
	return has;
}

/* where a column or a name needs it: without KALLSYMS_ALL the module cannot find it either */
#define need_symbol(_name) do {							\
	if (!has_symbol(_name))							\
		SKIP(return, "no symbol " _name " in this kernel");		\
} while (0)

/* was the module loaded as for a kernel that lacks something? (a shape of its own) */
static inline bool is_told_to_miss(void)
{
	char *hide = read_file("/sys/module/mmscope/parameters/hide");
	bool is = hide && *hide != '\n';

	free(hide);
	return is;
}

/* may a cgroup have a limit of memory here? (cgroup v2 is what guests mount) */
static inline bool has_memory_cgroups(void)
{
	char *text = read_file("/sys/fs/cgroup/cgroup.controllers");
	bool has = text && strstr(text, "memory");

	free(text);
	return has;
}

#define SKIP_WITHOUT_MEMORY_CGROUPS() do {					\
	if (!has_memory_cgroups())						\
		SKIP(return, "memory cgroups are switched off");		\
} while (0)

/* is a dataset unavailable, with the reason: what this kernel has not? */
static inline bool is_unavailable(int fd, uint32_t dataset)
{
	struct mmscope_describe desc = describe_arg(dataset);
	char symbol[64];

	if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &desc) || desc.state != MMSCOPE_STATE_UNAVAILABLE)
		return false;
	if (is_told_to_miss())
		return desc.detail[0];
	if (strstr(desc.detail, "cgroup_disable=memory"))
		return !has_memory_cgroups();
	return sscanf(desc.detail, "symbol %63s", symbol) == 1 && !has_symbol(symbol);
}

#define SKIP_UNAVAILABLE(_fd, _dataset) do {					\
	if (is_unavailable(_fd, _dataset))					\
		SKIP(return, "this kernel lacks what the dataset needs");	\
} while (0)

#endif /* _MMSCOPE_COMMON_H */

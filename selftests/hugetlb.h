/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools of huge pages, of every size that the machine has. Include after process.h
 * and entry.h.
 */
#ifndef _MMSCOPE_HUGETLB_H
#define _MMSCOPE_HUGETLB_H

#include <dirent.h>

#define POOLS		"/sys/kernel/mm/hugepages"
#define MAX_POOLS	8

/* pages that are asked for; of larger ones the boot may have set some aside */
#define POOL_PAGES	4
#define POOL_BYTES	(256UL << 20)

struct pool {
	uint64_t bytes;		/* of a page */
	uint64_t before;	/* nr_hugepages, as it was */
	uint64_t free;		/* pages that may be had */
};

struct pools {
	struct pool pool[MAX_POOLS];
	size_t nr;
};

/* a page of so many bytes is mapped by entries that map this much each */
static inline uint64_t leaf_bytes(uint64_t bytes)
{
	for (int level = MMSCOPE_LEVEL_PUD; level < MMSCOPE_LEVEL_PTE; level++)
		if (1UL << level_shift(level) <= bytes)
			return 1UL << level_shift(level);
	return PAGE;
}

static inline void pool_file(char *path, size_t size, const struct pool *pool, const char *name)
{
	snprintf(path, size, POOLS "/hugepages-%lukB/%s", pool->bytes >> 10, name);
}

static inline uint64_t pool_number(const struct pool *pool, const char *name)
{
	char path[128], *text;
	uint64_t value;

	pool_file(path, sizeof(path), pool, name);
	text = read_file(path);
	value = text ? strtoul(text, NULL, 10) : 0;
	free(text);
	return value;
}

static inline void pool_set(const struct pool *pool, uint64_t pages)
{
	char path[128], number[24];

	pool_file(path, sizeof(path), pool, "nr_hugepages");
	snprintf(number, sizeof(number), "%lu", pages);
	write_file(path, number);
}

static inline void pool_fill(struct pool *pool)
{
	pool->before = pool_number(pool, "nr_hugepages");
	for (int try = 0; try < 10; try++) {
		pool->free = pool_number(pool, "free_hugepages");
		if (pool->free >= POOL_PAGES || POOL_PAGES * pool->bytes > POOL_BYTES)
			return;
		write_file("/proc/sys/vm/compact_memory", "1");
		pool_set(pool, pool->before + POOL_PAGES);
	}
}

/* all sizes; how many of them there are, and of each page or two or more to be had */
static inline void pools_open(struct pools *p)
{
	DIR *dir = opendir(POOLS);
	struct dirent *entry;
	uint64_t kib;

	p->nr = 0;
	while (dir && p->nr < MAX_POOLS && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "hugepages-%lukB", &kib) == 1)
			p->pool[p->nr++].bytes = kib << 10;
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < p->nr; i++)
		pool_fill(&p->pool[i]);
}

static inline void pools_close(const struct pools *p)
{
	for (size_t i = 0; i < p->nr; i++)
		pool_set(&p->pool[i], p->pool[i].before);
}

/* pages of the pool's size, none touched; NULL: there are not so many */
static inline char *pool_map(const struct pool *pool, size_t pages, int flags)
{
	const int size = __builtin_ctzl(pool->bytes) << 26;
	char *p;

	if (pages > pool->free)
		return NULL;
	p = mmap(NULL, pages * pool->bytes, PROT_READ | PROT_WRITE,
		 flags | MAP_ANONYMOUS | MAP_HUGETLB | size, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

#endif /* _MMSCOPE_HUGETLB_H */

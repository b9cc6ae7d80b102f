/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of slab caches share. Include after common.h.
 */
#ifndef _MMSCOPE_SLABS_H
#define _MMSCOPE_SLABS_H

#include <stdbool.h>
#include <time.h>

#define TRIES 50

static inline const struct mmscope_slab_cache *caches(const struct answer *a)
{
	return a->records;
}

static inline void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static inline bool between(uint64_t x, uint64_t a, uint64_t b)
{
	return (a <= x && x <= b) || (b <= x && x <= a);
}

/* text of an attribute without the line end; false if there is none */
static inline bool slab_text(const char *cache, const char *attribute, char *text, size_t size)
{
	char path[192];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/%s", cache, attribute);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static inline uint64_t slab_number(const char *cache, const char *attribute)
{
	char text[256];

	return slab_text(cache, attribute, text, sizeof(text)) ? strtoull(text, NULL, 10) :
								 MMSCOPE_UNKNOWN;
}

/*
 * Ask the kernel to take free objects from its CPUs, sheaves, and KASAN's quarantine, where
 * they count as in use, and to free slabs that are empty then.
 */
static inline void slab_shrink(const char *cache)
{
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) < 0)
		perror(path);
	close(fd);
}

/*
 * Do CPUs keep sheaves of free objects of it, instead of slabs (Linux 7)? A cache
 * with debugging has neither.
 */
static inline bool has_sheaves(const char *cache)
{
	uint64_t capacity = slab_number(cache, "sheaf_capacity");

	return capacity && capacity != MMSCOPE_UNKNOWN;
}

typedef uint64_t slab_read_fn(const char *cache, const char *attribute);

/*
 * The most that a count can be. cpu_slabs leaves out the partial slabs of a CPU
 * that has no current one; slabs_cpu_partial, "objects(slabs) ...", has them all.
 */
static inline uint64_t slab_most(const char *cache, const char *attribute)
{
	uint64_t number = slab_number(cache, attribute);
	char text[256];

	if (strcmp(attribute, "cpu_slabs") || number == MMSCOPE_UNKNOWN ||
	    !slab_text(cache, "slabs_cpu_partial", text, sizeof(text)) || !strchr(text, '('))
		return number;
	return number + strtoull(strchr(text, '(') + 1, NULL, 10);
}

#endif /* _MMSCOPE_SLABS_H */

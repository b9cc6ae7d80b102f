/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of `reclaim` and `reclaim_events`. Include after common.h.
 */
#ifndef _MMSCOPE_RECLAIM_H
#define _MMSCOPE_RECLAIM_H

#include <time.h>

#define TRIES		50

static inline void rest(void)
{
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

static inline const struct mmscope_reclaim *zone_at(const struct answer *a, size_t i)
{
	return (const struct mmscope_reclaim *)((const char *)a->records + i * a->rec_size);
}

/* of all nodes; 0 if there is no such counter */
static inline uint64_t event(const struct answer *a, const char *name)
{
	const struct mmscope_reclaim_event *e = a->records;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (!strcmp(e[i].name, name))
			sum += e[i].value;
	return sum;
}

static inline uint64_t vmstat(const char *name)
{
	uint64_t value = 0;

	read_number("/proc/vmstat", name, &value);
	return value;
}

#endif /* _MMSCOPE_RECLAIM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of `swap_areas` and `swap_map`. Include after common.h.
 */
#ifndef _MMSCOPE_SLOTS_H
#define _MMSCOPE_SLOTS_H

#include <stdbool.h>

static inline const struct mmscope_swap_area *find_area(const struct answer *a,
							const char *name)
{
	const struct mmscope_swap_area *r = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (!strcmp(r[i].name, name))
			return &r[i];
	return NULL;
}

static inline const struct mmscope_swap_run *find_run(const struct answer *a, uint32_t type,
						      uint64_t slot)
{
	const struct mmscope_swap_run *r = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (r[i].swap_type == type && slot >= r[i].slot &&
		    slot < r[i].slot + r[i].slots)
			return &r[i];
	return NULL;
}

/* slots of one area in one state */
static inline uint64_t slots_in(const struct answer *a, uint32_t type, uint32_t state)
{
	const struct mmscope_swap_run *r = a->records;
	uint64_t slots = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (r[i].swap_type == type && r[i].state == state)
			slots += r[i].slots;
	return slots;
}

static inline uint64_t all_in(const struct answer *a, uint32_t state)
{
	uint64_t slots = 0;

	for (uint32_t type = 0; type < 32; type++)
		slots += slots_in(a, type, state);
	return slots;
}

#endif /* _MMSCOPE_SLOTS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contiguity by brute force: the lengths of the entries of each scheme, page by
 * page out of /proc/PID/pagemap, by the definitions at struct mmscope_contiguity.
 * Include after process.h.
 */
#ifndef _MMSCOPE_BRUTE_H
#define _MMSCOPE_BRUTE_H

/* pages that each entry of a scheme covers */
struct lengths {
	uint64_t *len;
	size_t nr, room;
	bool unknown;
};

static inline void add_length(struct lengths *l, uint64_t len)
{
	if (l->nr == l->room) {
		l->room = l->room ? 2 * l->room : 1024;
		l->len = realloc(l->len, l->room * sizeof(*l->len));
	}
	l->len[l->nr++] = len;
}

/* a VMA, page by page */
struct area {
	const struct map *map;
	uint64_t *pagemap;
	size_t nr;		/* pages */
	bool shown;		/* pagemap looks into it */
};

static inline bool mapped(const struct area *a, size_t i)
{
	return i < a->nr && a->shown && a->pagemap[i] & PM_PRESENT;
}

static inline uint64_t frame(const struct area *a, size_t i)
{
	return a->pagemap[i] & PM_FRAME;
}

static inline uint64_t vpn(const struct area *a, size_t i)
{
	return a->map->start / PAGE + i;
}

/* does the page follow the one before it in the run? */
static inline bool goes_on(const struct area *a, size_t i, bool frames)
{
	return i && mapped(a, i) && mapped(a, i - 1) &&
	       (!frames || frame(a, i) == frame(a, i - 1) + 1);
}

static inline void brute_runs(const struct area *a, bool frames, struct lengths *l)
{
	uint64_t len = 0;

	for (size_t i = 0; i <= a->nr; i++) {
		if (!goes_on(a, i, frames) && len) {
			add_length(l, len);
			len = 0;
		}
		if (mapped(a, i))
			len++;
	}
}

static inline void brute_vma(const struct area *a, struct lengths *l)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		pages += mapped(a, i);
	if (pages)
		add_length(l, pages);
}

static inline void brute_anchor(const struct area *a, uint64_t distance, struct lengths *l)
{
	bool *covered = calloc(a->nr + 1, sizeof(*covered));

	for (size_t i = 0; i < a->nr; i++) {
		uint64_t len = 1;

		if (!mapped(a, i) || vpn(a, i) % distance)
			continue;
		covered[i] = true;
		while (len < distance && goes_on(a, i + len, true))
			covered[i + len++] = true;
		add_length(l, len);
	}
	for (size_t i = 0; i < a->nr; i++)
		if (mapped(a, i) && !covered[i])
			add_length(l, 1);
	free(covered);
}

static inline int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static inline void brute_offset(const struct area *a, struct lengths *l)
{
	uint64_t *offset = calloc(a->nr + 1, sizeof(*offset)), len = 0;
	size_t nr = 0, before = l->nr;

	for (size_t i = 0; i < a->nr; i++)
		if (mapped(a, i))
			offset[nr++] = vpn(a, i) - frame(a, i);
	qsort(offset, nr, sizeof(*offset), by_size);
	for (size_t i = 0; i < nr; i++) {
		len++;
		if (i + 1 == nr || offset[i + 1] != offset[i]) {
			add_length(l, len);
			len = 0;
		}
	}
	if (l->nr - before > MMSCOPE_OFFSETS_MAX)
		l->unknown = true;
	free(offset);
}

#endif /* _MMSCOPE_BRUTE_H */

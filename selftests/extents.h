/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An answer of the dataset `extents`, and the extent of a frame. Include after
 * common.h.
 */
#ifndef _MMSCOPE_EXTENTS_H
#define _MMSCOPE_EXTENTS_H

static inline int extents_read(int fd, struct answer *a)
{
	return walk_all(fd, walk_arg(MMSCOPE_DS_EXTENTS), a);
}

/* NULL: the frame is in none */
static inline const struct mmscope_extent *extent_of(const struct answer *a, uint64_t pfn)
{
	const struct mmscope_extent *e = a->records;
	size_t low = 0, high = a->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pfn >= e[mid].pfn + e[mid].pages)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->nr && pfn >= e[low].pfn ? &e[low] : NULL;
}

#endif /* _MMSCOPE_EXTENTS_H */

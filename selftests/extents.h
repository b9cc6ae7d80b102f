/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An answer of the dataset `extents`, and the extent of a frame. Include after
 * common.h.
 */
#ifndef _MMSCOPE_EXTENTS_H
#define _MMSCOPE_EXTENTS_H

/*
 * An answer into memory that was there before, so that nothing moves for it: the
 * answer of one dataset can then be compared with that of another. 0 or -1.
 */
static inline int walk_into(int fd, struct mmscope_walk_arg arg, void *mem, size_t bytes,
			    struct answer *a)
{
	struct mmscope_describe desc = describe_arg(arg.dataset);

	memset(a, 0, sizeof(*a));
	if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &desc))
		return -1;
	a->rec_size = desc.rec_size;
	a->records = mem;
	do {
		arg.buf = (uintptr_t)mem + a->nr * a->rec_size;
		arg.buf_bytes = bytes - a->nr * a->rec_size;
		if (ioctl(fd, MMSCOPE_IOC_WALK, &arg))
			return -1;
		a->nr += arg.nr;
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	return 0;
}

/* room for a record of each frame, also of those that the boot has kept */
static inline size_t pages_bytes(void)
{
	return (ram_pages() + ram_pages() / 8 + 65536) * sizeof(struct mmscope_page);
}

static inline void *memory_for(size_t bytes)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

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

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/kpageflags and /proc/kpagecount: a number for each page frame. Include
 * after common.h.
 */
#ifndef _MMSCOPE_FRAMES_H
#define _MMSCOPE_FRAMES_H

#include <stdbool.h>
#include <sys/mman.h>

#include <linux/kernel-page-flags.h>

#define KPAGEFLAGS	"/proc/kpageflags"
#define KPAGECOUNT	"/proc/kpagecount"

/* of the kernel's own header, not of uapi */
#ifndef KPF_RESERVED
#define KPF_RESERVED	32
#define KPF_MLOCKED	33
#endif

/* numbers of all frames; memory is there before it is read into */
struct frames {
	uint64_t *of;
	size_t nr;
	size_t room;
};

static inline int frames_read(struct frames *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t bytes = 0;
	ssize_t got = -1;

	if (fd < 0)
		return -1;
	for (;;) {
		if (bytes == f->room) {
			size_t room = 2 * f->room + (1 << 22);
			void *mem = mmap(NULL, room, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

			if (mem == MAP_FAILED)
				break;
			memcpy(mem, f->of, bytes);
			if (f->of)
				munmap(f->of, f->room);
			f->of = mem;
			f->room = room;
		}
		got = read(fd, (char *)f->of + bytes, f->room - bytes);
		if (got <= 0)
			break;
		bytes += got;
	}
	close(fd);
	f->nr = bytes / sizeof(uint64_t);
	return got ? -1 : 0;
}

static inline void frames_free(struct frames *f)
{
	if (f->of)
		munmap(f->of, f->room);
	memset(f, 0, sizeof(*f));
}

/* one frame's number; ~0 if it cannot be read */
static inline uint64_t frame_read(int fd, uint64_t pfn)
{
	uint64_t value;

	return pread(fd, &value, sizeof(value), pfn * sizeof(value)) == sizeof(value) ?
	       value : ~0ULL;
}

/* the frame behind an address of ours, ~0 if there is none */
static inline uint64_t frame_of(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = frame_read(fd, (uintptr_t)addr / getpagesize());

	close(fd);
	return entry != ~0ULL && entry >> 63 ? entry & ((1ULL << 55) - 1) : ~0ULL;
}

static inline bool frame_has(const struct frames *f, uint64_t pfn, unsigned int bit)
{
	return pfn < f->nr && f->of[pfn] >> bit & 1;
}

/* our record of one frame; 0 if there is one */
static inline int read_page(int fd, uint64_t pfn, struct mmscope_page *page)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);

	arg.start = pfn;
	arg.end = pfn + 1;
	arg.buf = (uintptr_t)page;
	arg.buf_bytes = sizeof(*page);
	return ioctl(fd, MMSCOPE_IOC_WALK, &arg) || arg.nr != 1 ? -1 : 0;
}

#endif /* _MMSCOPE_FRAMES_H */

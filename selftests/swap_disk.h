/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Swap on the first virtio disk of the guest (scripts/vm --disk). Include after
 * zoo.h, which has the one in zram.
 */
#ifndef _MMSCOPE_SWAP_DISK_H
#define _MMSCOPE_SWAP_DISK_H

#include "disk.h"

#define ZRAM	"/dev/zram0"

#define SWAP_PRIO(_prio) (SWAP_FLAG_PREFER | (_prio))

/*
 * What mkswap writes: a page with the version, the last page, the number of bad
 * pages and which they are, and the magic.
 */
static inline int make_swap_with(uint64_t bytes, const uint32_t *bad, uint32_t nr_bad)
{
	static char page[MAX_PAGE];
	uint32_t head[] = { 1, bytes / PAGE - 1, nr_bad };
	int fd = open(DISK, O_WRONLY | O_CLOEXEC);
	int err;

	memset(page, 0, sizeof(page));
	memcpy(page + 1024, head, sizeof(head));
	if (nr_bad)
		memcpy(page + 1536, bad, nr_bad * sizeof(*bad));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	err = fd < 0 || pwrite(fd, page, PAGE, 0) != (ssize_t)PAGE || fsync(fd);
	close(fd);
	return err;
}

static inline int make_swap(uint64_t bytes)
{
	return make_swap_with(bytes, NULL, 0);
}

#endif /* _MMSCOPE_SWAP_DISK_H */

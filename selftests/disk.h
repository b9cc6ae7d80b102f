/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The disk of the guest (scripts/vm --disk): for swap, or to read page cache from.
 * Include after common.h.
 */
#ifndef _MMSCOPE_DISK_H
#define _MMSCOPE_DISK_H

#include <linux/fs.h>

#define DISK	"/dev/vda"

/* its size; 0 if it is not there */
static inline uint64_t disk_bytes(void)
{
	uint64_t bytes = 0;
	int fd = open(DISK, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, BLKGETSIZE64, &bytes))
		bytes = 0;
	if (fd >= 0)
		close(fd);
	return bytes;
}

/* Load its driver, which needs a moment. Return: its size, 0 if there is none. */
static inline uint64_t disk_setup(void)
{
	uint64_t bytes = 0;

	if (system("modprobe virtio_pci 2> /dev/null; modprobe virtio_blk 2> /dev/null") < 0)
		return 0;
	for (int try = 0; try < 500 && !bytes; try++) {
		bytes = disk_bytes();
		if (!bytes)
			usleep(20000);
	}
	return bytes;
}

/* Page cache of so many bytes, for as long as the file is open; -1: it cannot be read. */
static inline int disk_read(size_t bytes)
{
	static char buf[4096];
	int fd = open(DISK, O_RDONLY | O_CLOEXEC);
	size_t got;

	if (fd < 0)
		return -1;
	for (got = 0; got < bytes; got += sizeof(buf)) {
		if (read(fd, buf, sizeof(buf)) != sizeof(buf)) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

#endif /* _MMSCOPE_DISK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture for tests: load it, plant, free, unload. Include after common.h.
 */
#ifndef _FIXTURE_USER_H
#define _FIXTURE_USER_H

#include <sys/syscall.h>

#include "fixture/mmscope_fixture.h"

#define FIXTURE_KO "/lib/mmscope/mmscope_fixture.ko"

/* an area of some pages for each CPU; the kernel gives no more than 32K */
#define PERCPU_PAGES (PAGE > 4096 ? 2 : 4)

static inline int fixture_unload(void)
{
	return syscall(SYS_delete_module, "mmscope_fixture", O_NONBLOCK) ? -errno : 0;
}

/* Loads it, also when a test that died left it; returns its device or -errno. */
static inline int fixture_load(void)
{
	int fd = open(FIXTURE_KO, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	fixture_unload();
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	if (err)
		return err;
	fd = open(FIXTURE_DEVICE, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* @pfn, @room: where the frames planted are told */
static inline struct fixture_plant fixture_arg(uint32_t what, uint32_t nr, uint64_t bytes,
					       uint64_t *pfn, uint32_t room)
{
	struct fixture_plant arg = {
		.what = what,
		.nr = nr,
		.bytes = bytes,
		.node = FIXTURE_ANY_NODE,
		.pfns = (uintptr_t)pfn,
		.room = room,
		.gfp = "GFP_KERNEL",
	};

	return arg;
}

static inline int fixture_plant(int fd, struct fixture_plant *arg)
{
	return ioctl(fd, FIXTURE_IOC_PLANT, arg) ? -errno : 0;
}

/* nr blocks, fewer if there are no more; returns how many or -errno */
static inline int fixture_hold(int fd, uint32_t nr, uint32_t order, const char *gfp,
			       uint32_t node, uint32_t *id)
{
	struct fixture_plant arg = {
		.what = FIXTURE_PAGES,
		.nr = nr,
		.order = order,
		.node = node,
	};
	int err;

	snprintf(arg.gfp, sizeof(arg.gfp), "%s", gfp);
	err = fixture_plant(fd, &arg);
	*id = arg.id;
	return err ?: (int)arg.nr;
}

/* blocks whose pfn has these bits so; zeros: all of it */
static inline int fixture_free_some(int fd, uint32_t id, uint64_t mask, uint64_t value)
{
	struct fixture_free arg = { .id = id, .mask = mask, .value = value };

	return ioctl(fd, FIXTURE_IOC_FREE, &arg) ? -errno : 0;
}

static inline int fixture_free(int fd, uint32_t id)
{
	return fixture_free_some(fd, id, 0, 0);
}

/* one allocation, freed at once; *pfn is FIXTURE_NO_PFN if it failed */
static inline int fixture_try(int fd, uint32_t order, const char *gfp, uint32_t node,
			      uint64_t *pfn)
{
	struct fixture_try arg = { .order = order, .node = node };

	snprintf(arg.gfp, sizeof(arg.gfp), "%s", gfp);
	if (ioctl(fd, FIXTURE_IOC_TRY, &arg))
		return -errno;
	*pfn = arg.pfn;
	return 0;
}

#endif /* _FIXTURE_USER_H */

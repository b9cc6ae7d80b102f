/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All page frames as /proc/kpageflags and /proc/kpagecgroup have them, one after the
 * other. Include after common.h.
 */
#ifndef _MMSCOPE_KPAGE_H
#define _MMSCOPE_KPAGE_H

#include <stdbool.h>

#include <linux/kernel-page-flags.h>

#define KPAGE_AT_ONCE 4096

/* @flags, @cgroup: of the frame that kpage_next() went to */
struct kpage {
	int flags_fd;
	int cgroup_fd;
	size_t nr;
	size_t at;
	uint64_t flags;
	uint64_t cgroup;
	uint64_t all_flags[KPAGE_AT_ONCE];
	uint64_t all_cgroups[KPAGE_AT_ONCE];
};

static inline void kpage_close(struct kpage *k)
{
	if (k->flags_fd >= 0)
		close(k->flags_fd);
	if (k->cgroup_fd >= 0)
		close(k->cgroup_fd);
}

static inline int kpage_open(struct kpage *k)
{
	k->nr = 0;
	k->at = 0;
	k->flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	k->cgroup_fd = open("/proc/kpagecgroup", O_RDONLY | O_CLOEXEC);
	if (k->flags_fd >= 0 && k->cgroup_fd >= 0)
		return 0;
	kpage_close(k);
	return -1;
}

/* false: that was the last one */
static inline bool kpage_next(struct kpage *k)
{
	if (k->at == k->nr) {
		ssize_t flags = read(k->flags_fd, k->all_flags, sizeof(k->all_flags));
		ssize_t cgroups = read(k->cgroup_fd, k->all_cgroups, sizeof(k->all_cgroups));

		k->at = 0;
		k->nr = flags > 0 && flags == cgroups ? flags / sizeof(uint64_t) : 0;
		if (!k->nr)
			return false;
	}
	k->flags = k->all_flags[k->at];
	/* 6.1 tells the cgroup of a compound page at its first frame only */
	if (!(k->flags >> KPF_COMPOUND_TAIL & 1))
		k->cgroup = k->all_cgroups[k->at];
	k->at++;
	return true;
}

#endif /* _MMSCOPE_KPAGE_H */

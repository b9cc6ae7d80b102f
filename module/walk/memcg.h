/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All memory cgroups, one after the other; and which of them a page is charged to.
 */
#ifndef _MMSCOPE_WALK_MEMCG_H
#define _MMSCOPE_WALK_MEMCG_H

#include <linux/types.h>

struct cgroup_subsys_state;
struct lruvec;
struct page;

/* numbers of memory cgroups are below this; the kernel allows 64 K of them */
#define MMSCOPE_MEMCG_ID_BITS	18
#define MMSCOPE_MEMCG_ID_END	(1U << MMSCOPE_MEMCG_ID_BITS)

/**
 * struct mmscope_memcg_id - a cgroup with a memory controller
 * @serial: of the controller, from 1, in the order in which they were made: a cgroup may
 *	have a dying one and a new one; 0: none
 * @ino: inode of the cgroup
 * @online: inode of it or its first online ancestor
 * @dying: it is removed
 */
struct mmscope_memcg_id {
	u64 serial;
	u64 ino;
	u64 online;
	bool dying;
};

const char *mmscope_memcg_off(void);
struct cgroup_subsys_state *mmscope_memcg_next(u32 *id);
void mmscope_memcg_of(const struct page *head, struct mmscope_memcg_id *id);
const struct lruvec *mmscope_memcg_lruvec(const struct page *head, u32 node);

#endif /* _MMSCOPE_WALK_MEMCG_H */

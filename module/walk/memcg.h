/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All memory cgroups, one after the other.
 */
#ifndef _MMSCOPE_MEMCG_H
#define _MMSCOPE_MEMCG_H

struct mem_cgroup;

struct mem_cgroup *mmscope_memcg_next(struct mem_cgroup *memcg);
void mmscope_memcg_put(struct mem_cgroup *memcg);

#endif /* _MMSCOPE_MEMCG_H */

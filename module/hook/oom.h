/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The OOM recorder's snapshot: all of it is memory set aside when it is armed.
 */
#ifndef _MMSCOPE_HOOK_OOM_H
#define _MMSCOPE_HOOK_OOM_H

#include <linux/types.h>

#include <linux/mmscope.h>

struct mem_cgroup;
struct task_struct;

#define MMSCOPE_OOM_RANKED	64	/* processes in a snapshot */
#define MMSCOPE_OOM_SLABS	32	/* slab caches in it */

/**
 * struct mmscope_oom_snapshot - a snapshot
 * @head: the record of OOM_LAST
 * @nr_zones: of @zones
 * @nr_ranked: of @ranked
 * @nr_slabs: of @slabs
 * @zones_room: zones there is memory for
 * @slabs_known: this kernel lets itself be asked about slab caches
 * @slabs: the largest first
 * @ranked: the worst first
 * @zones: all zones that have memory
 */
struct mmscope_oom_snapshot {
	struct mmscope_oom_last head;
	u32 nr_zones;
	u32 nr_ranked;
	u32 nr_slabs;
	u32 zones_room;
	bool slabs_known;
	struct mmscope_oom_slab slabs[MMSCOPE_OOM_SLABS];
	struct mmscope_oom_rank ranked[MMSCOPE_OOM_RANKED];
	struct mmscope_oom_zone zones[];
};

/* oom_snapshot.c */
void mmscope_oom_take(struct mmscope_oom_snapshot *s, struct task_struct *victim);
void mmscope_oom_add_victim(struct mmscope_oom_snapshot *s, struct task_struct *victim, u32 uid);

/* oom.c, for the datasets */
struct mmscope_oom_snapshot *mmscope_oom_copy(struct mmscope_oom_last *head);

#endif /* _MMSCOPE_HOOK_OOM_H */

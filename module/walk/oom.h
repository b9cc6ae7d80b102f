/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the OOM killer sees a process, without any lock: for walkers, and for hooks
 * in places where none may be taken.
 */
#ifndef _MMSCOPE_WALK_OOM_H
#define _MMSCOPE_WALK_OOM_H

#include <linux/types.h>

#include <linux/mmscope.h>

struct mem_cgroup;
struct mmscope_field_def;
struct mmscope_names;
struct task_struct;

/**
 * struct mmscope_oom_scope - who runs out of memory
 * @memcg: the cgroup, NULL: the machine
 * @ino: its inode, 0: the machine
 * @total: pages that it may use
 * @machine: pages of RAM and swap
 */
struct mmscope_oom_scope {
	struct mem_cgroup *memcg;
	u64 ino;
	unsigned long total;
	unsigned long machine;
};

int mmscope_oom_scope_get(struct mmscope_oom_scope *scope, u64 ino);
void mmscope_oom_scope_put(struct mmscope_oom_scope *scope);
bool mmscope_oom_measure(struct task_struct *task, const struct mmscope_oom_scope *scope,
			 struct mmscope_oom_rank *rec);
int mmscope_oom_compare(const void *a, const void *b);

u64 mmscope_oom_memcg_ino(const struct mem_cgroup *memcg);
bool mmscope_oom_is_in(struct task_struct *task, u64 ino);
struct mem_cgroup *mmscope_oom_tightest(struct task_struct *asker, struct task_struct *victim,
					u64 *used);

extern const struct mmscope_names mmscope_oom_spared_names;
extern const struct mmscope_names mmscope_oom_flag_names;
/* oom_rank.c */
#define MMSCOPE_OOM_RANK_FIELDS 23
extern const struct mmscope_field_def mmscope_oom_rank_fields[MMSCOPE_OOM_RANK_FIELDS];

#endif /* _MMSCOPE_WALK_OOM_H */

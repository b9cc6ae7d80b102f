// SPDX-License-Identifier: GPL-2.0
/*
 * How the OOM killer sees a process: the terms of its points, or why it is spared.
 *
 * Locks: RCU, and nothing else; the OOM killer itself takes task_lock(). The same
 * code runs where a task_lock() is held already. An mm is not freed while a thread
 * still points to it: its words are read by a read that may fault, and if the
 * thread points to it afterwards as well, they were those of a living mm.
 *
 * Staleness: the words of one mm are read one after the other while it is used.
 *
 * Source: oom_badness(), oom_evaluate_task(), constrained_alloc() and
 * mem_cgroup_get_oom_group() of mm/, proc_oom_score() of fs/proc; reimplemented
 * from public structs. Pages are counted by the quick counters, as the OOM killer
 * does: what CPUs (6.1: threads) have not handed in yet is not in them.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "../compat.h"
#include "../mmscope.h"
#include "memcg.h"
#include "oom.h"

/* times that a process's mm may change while it is read */
#define MM_TRIES 3

static const struct mmscope_name spared[] = {
	{ MMSCOPE_OOM_NOT_SPARED, "no" },
	{ MMSCOPE_OOM_VICTIM, "victim" },
	{ MMSCOPE_OOM_ADJ, "adj" },
	{ MMSCOPE_OOM_SKIP, "skip" },
	{ MMSCOPE_OOM_VFORK, "vfork" },
	{ MMSCOPE_OOM_NO_MM, "no_mm" },
	{ MMSCOPE_OOM_INIT, "init" },
	{ MMSCOPE_OOM_KTHREAD, "kthread" },
};

MMSCOPE_NAMES(mmscope_oom_spared_names, spared);

static const struct mmscope_name flags[] = {
	{ MMSCOPE_OOM_ORIGIN, "origin" },
	{ MMSCOPE_OOM_TORN, "torn" },
};

MMSCOPE_NAMES(mmscope_oom_flag_names, flags);

/* ------------------------------------------------------------- memory cgroups */

#ifdef CONFIG_MEMCG
/**
 * mmscope_oom_memcg_ino - the inode of a memory cgroup
 * @memcg: the cgroup, valid under RCU, or NULL
 *
 * Return: the inode, 0: none.
 */
u64 mmscope_oom_memcg_ino(const struct mem_cgroup *memcg)
{
	return memcg ? cgroup_ino(memcg->css.cgroup) : 0;
}

/* the caller holds RCU */
static struct mem_cgroup *task_memcg(struct task_struct *task)
{
	return mem_cgroup_disabled() ? NULL : mem_cgroup_from_task(task);
}

static bool in_scope(struct mem_cgroup *memcg, struct mem_cgroup *scope)
{
	return !scope || (memcg && mem_cgroup_is_descendant(memcg, scope));
}

/* the highest cgroup within the scope that asks for all of it to be killed */
static u64 group_ino(struct mem_cgroup *memcg, const struct mem_cgroup *scope)
{
	u64 ino = 0;

	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return 0;
	for (; memcg && memcg->css.parent; memcg = parent_mem_cgroup(memcg)) {
		if (READ_ONCE(memcg->oom_group))
			ino = mmscope_oom_memcg_ino(memcg);
		if (memcg == scope)
			break;
	}
	return ino;
}

static struct mem_cgroup *find_memcg(u64 ino)
{
	struct cgroup_subsys_state *css;
	struct mem_cgroup *found = NULL;
	u32 id = 0;

	rcu_read_lock();
	while ((css = mmscope_memcg_next(&id)) && cgroup_ino(css->cgroup) != ino)
		id++;
	if (css && css_tryget(css))
		found = mem_cgroup_from_css(css);
	rcu_read_unlock();
	return found;
}

/**
 * mmscope_oom_is_in - is a task in a memory cgroup or below it
 * @task: the task
 * @ino: inode of the cgroup
 */
bool mmscope_oom_is_in(struct task_struct *task, u64 ino)
{
	struct mem_cgroup *memcg;
	bool found = false;

	rcu_read_lock();
	for (memcg = task_memcg(task); memcg && !found; memcg = parent_mem_cgroup(memcg))
		found = mmscope_oom_memcg_ino(memcg) == ino;
	rcu_read_unlock();
	return found;
}

/**
 * mmscope_oom_tightest - the cgroup that is out of memory, most likely
 * @asker: who asked for memory
 * @victim: who is killed for it
 * @used: filled with the pages that it has
 *
 * The caller holds RCU. A charge fails at the lowest cgroup that is full; of those
 * that @victim and, if there are such, @asker are in, it is the one with the least
 * left, and of equal ones the lowest.
 *
 * Return: the cgroup, valid under RCU; NULL without cgroups.
 */
struct mem_cgroup *mmscope_oom_tightest(struct task_struct *asker, struct task_struct *victim,
					u64 *used)
{
	struct mem_cgroup *theirs = task_memcg(asker);
	struct mem_cgroup *memcg = task_memcg(victim), *found = memcg;
	long least = LONG_MAX;

	for (; memcg && memcg->css.parent; memcg = parent_mem_cgroup(memcg)) {
		long has = page_counter_read(&memcg->memory);
		long left = READ_ONCE(memcg->memory.max) - has;

		if (!in_scope(theirs, memcg) || left >= least)
			continue;
		least = left;
		found = memcg;
	}
	*used = found ? page_counter_read(&found->memory) : 0;
	return found;
}

static int scope_memcg(struct mmscope_oom_scope *scope, u64 ino)
{
	if (!mmscope_has(mem_cgroup_get_max))
		return -EOPNOTSUPP;
	scope->memcg = find_memcg(ino);
	if (!scope->memcg)
		return -ENOENT;
	scope->ino = ino;
	scope->total = mmscope_call(mem_cgroup_get_max)(scope->memcg) ?: 1;
	return 0;
}

void mmscope_oom_scope_put(struct mmscope_oom_scope *scope)
{
	if (scope->memcg)
		css_put(&scope->memcg->css);
}
#else
u64 mmscope_oom_memcg_ino(const struct mem_cgroup *memcg)
{
	return 0;
}

static struct mem_cgroup *task_memcg(struct task_struct *task)
{
	return NULL;
}

static bool in_scope(struct mem_cgroup *memcg, struct mem_cgroup *scope)
{
	return true;
}

static u64 group_ino(struct mem_cgroup *memcg, const struct mem_cgroup *scope)
{
	return 0;
}

bool mmscope_oom_is_in(struct task_struct *task, u64 ino)
{
	return false;
}

struct mem_cgroup *mmscope_oom_tightest(struct task_struct *asker, struct task_struct *victim,
					u64 *used)
{
	*used = 0;
	return NULL;
}

static int scope_memcg(struct mmscope_oom_scope *scope, u64 ino)
{
	return -EOPNOTSUPP;
}

void mmscope_oom_scope_put(struct mmscope_oom_scope *scope)
{
}
#endif /* CONFIG_MEMCG */

/**
 * mmscope_oom_scope_get - whose OOM it is about
 * @scope: filled; to be undone with mmscope_oom_scope_put()
 * @ino: inode of a memory cgroup, 0: the machine
 *
 * Return: 0; -ENOENT if there is no such cgroup; -EOPNOTSUPP if its limit cannot
 * be had.
 */
int mmscope_oom_scope_get(struct mmscope_oom_scope *scope, u64 ino)
{
	*scope = (struct mmscope_oom_scope){
		.machine = totalram_pages() + READ_ONCE(*mmscope_sym(total_swap_pages)),
	};
	scope->total = scope->machine;
	return ino ? scope_memcg(scope, ino) : 0;
}

/* ------------------------------------------------------------------ processes */

/* what is read of an mm that may be freed meanwhile */
struct oom_mm {
	long counters[NR_MM_COUNTERS];
	unsigned long table_bytes;
	unsigned long flags;
};

/* not inlined: gcc 12 breaks down over the asm goto of the reads and a struct on the stack */
static noinline bool read_mm(const struct mm_struct *mm, struct oom_mm *m)
{
	int i;

	for (i = 0; i < NR_MM_COUNTERS; i++)
		if (!compat_read_oom_counter(mm, i, &m->counters[i]))
			return false;
	return mmscope_layout_word(&m->table_bytes, &mm->pgtables_bytes) &&
	       mmscope_layout_word(&m->flags, &mm->flags);
}

static struct task_struct *living_thread(struct task_struct *task)
{
	struct task_struct *thread;

	for_each_thread(task, thread)
		if (READ_ONCE(thread->mm))
			return thread;
	return NULL;
}

/* the thread whose mm is in @m; NULL: none has one. @torn: it changed each time */
static struct task_struct *read_living(struct task_struct *task, struct oom_mm *m, bool *torn)
{
	struct task_struct *thread = NULL;
	u32 i;

	*torn = false;
	for (i = 0; i < MM_TRIES; i++) {
		struct mm_struct *mm;
		bool read;

		thread = living_thread(task);
		mm = thread ? READ_ONCE(thread->mm) : NULL;
		if (!thread)
			return NULL;
		if (!mm)
			continue;
		read = read_mm(mm, m);
		/* what was read belongs to an mm that thread->mm kept from being freed */
		smp_rmb();
		if (read && READ_ONCE(thread->mm) == mm)
			return thread;
	}
	*torn = true;
	return thread;
}

static u32 why_spared(struct task_struct *task, struct task_struct *thread, const struct oom_mm *m)
{
	if (is_global_init(task))
		return MMSCOPE_OOM_INIT;
	if (READ_ONCE(task->flags) & PF_KTHREAD)
		return MMSCOPE_OOM_KTHREAD;
	if (tsk_is_oom_victim(task))
		return MMSCOPE_OOM_VICTIM;
	if (!thread)
		return MMSCOPE_OOM_NO_MM;
	if (READ_ONCE(task->signal->oom_score_adj) == OOM_SCORE_ADJ_MIN)
		return MMSCOPE_OOM_ADJ;
	if (m->flags & BIT(MMF_OOM_SKIP))
		return MMSCOPE_OOM_SKIP;
	if (in_vfork(thread))
		return MMSCOPE_OOM_VFORK;
	return MMSCOPE_OOM_NOT_SPARED;
}

static void fill_terms(struct mmscope_oom_rank *rec, const struct oom_mm *m)
{
	rec->rss_anon_pages = m->counters[MM_ANONPAGES];
	rec->rss_file_pages = m->counters[MM_FILEPAGES];
	rec->rss_shmem_pages = m->counters[MM_SHMEMPAGES];
	rec->rss_pages = rec->rss_anon_pages + rec->rss_file_pages + rec->rss_shmem_pages;
	rec->swap_pages = m->counters[MM_SWAPENTS];
	rec->pagetable_pages = m->table_bytes / PAGE_SIZE;
	rec->points = rec->rss_pages + rec->swap_pages + rec->pagetable_pages + rec->adj_pages;
}

/* who is dying has points still for /proc, if not for the OOM killer */
static u64 proc_score(const struct mmscope_oom_rank *rec, const struct mmscope_oom_scope *scope)
{
	long machine = scope->machine;
	long points;

	if (rec->spared != MMSCOPE_OOM_NOT_SPARED && rec->spared != MMSCOPE_OOM_VICTIM)
		return 0;
	if (rec->points == MMSCOPE_UNKNOWN_SIGNED)
		return 0;
	points = rec->rss_pages + rec->swap_pages + rec->pagetable_pages +
		 (long)rec->oom_score_adj * (machine / 1000);
	return (1000 + points * 1000 / machine) * 2 / 3;
}

/**
 * mmscope_oom_measure - a process as the OOM killer sees it
 * @task: its first thread
 * @scope: who runs out of memory
 * @rec: filled but for the rank, the pid and the number of processes
 *
 * The caller holds RCU. Takes no lock, never sleeps.
 *
 * Return: false if the process is not in the scope.
 */
bool mmscope_oom_measure(struct task_struct *task, const struct mmscope_oom_scope *scope,
			 struct mmscope_oom_rank *rec)
{
	struct mem_cgroup *memcg = task_memcg(task);
	struct task_struct *thread;
	struct oom_mm m = { };
	bool torn;

	if (!in_scope(memcg, scope->memcg))
		return false;
	thread = read_living(task, &m, &torn);
	*rec = (struct mmscope_oom_rank){
		.uid = from_kuid(&init_user_ns, task_cred_xxx(task, euid)),
		.spared = why_spared(task, thread, &m),
		.points = MMSCOPE_UNKNOWN_SIGNED,
		.oom_score_adj = (s64)READ_ONCE(task->signal->oom_score_adj),
		.memcg = mmscope_oom_memcg_ino(memcg),
		.group_memcg = group_ino(memcg, scope->memcg),
		.scope_memcg = scope->ino,
		.scope_pages = scope->total,
		.started_ns = task->start_boottime,
		.flags = (oom_task_origin(task) ? MMSCOPE_OOM_ORIGIN : 0) |
			 (torn ? MMSCOPE_OOM_TORN : 0),
	};
	rec->adj_pages = (s64)rec->oom_score_adj * (s64)(scope->total / 1000);
	/* task->comm always ends with a zero; get_task_comm() would take a lock */
	memcpy(rec->comm, thread ? thread->comm : task->comm, sizeof(rec->comm) - 1);
	if (thread && rec->spared != MMSCOPE_OOM_KTHREAD)
		fill_terms(rec, &m);
	rec->oom_score = proc_score(rec, scope);
	return true;
}

/* the first of all that differs decides */
#define FIRST_IS_MORE(_a, _b) do {	\
	if ((_a) != (_b))		\
		return (_a) > (_b) ? -1 : 1;	\
} while (0)

/**
 * mmscope_oom_compare - which of two processes is killed first, for sort()
 * @a: struct mmscope_oom_rank
 * @b: likewise
 *
 * The kernel takes the last in its list of those with the most points: who was
 * started last. Who is spared comes behind, by the reason.
 *
 * Return: below 0 if @a goes first.
 */
int mmscope_oom_compare(const void *a, const void *b)
{
	const struct mmscope_oom_rank *x = a, *y = b;

	FIRST_IS_MORE(y->spared, x->spared);
	if (!x->spared)
		FIRST_IS_MORE(x->flags & MMSCOPE_OOM_ORIGIN, y->flags & MMSCOPE_OOM_ORIGIN);
	FIRST_IS_MORE((s64)x->points, (s64)y->points);
	FIRST_IS_MORE(x->started_ns, y->started_ns);
	FIRST_IS_MORE(x->pid, y->pid);
	return 0;
}

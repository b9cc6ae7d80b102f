// SPDX-License-Identifier: GPL-2.0
/*
 * The frames that the page tables of processes are in.
 *
 * Locks and staleness: those of pgtable.c, one bounded hold of mmap_lock after
 * the other; tables of PTEs are not read, the entry above tells their frame.
 * Processes that the reader may not see are passed over, and those whose
 * mmap_lock is held for long: their tables are then known by their mark only.
 *
 * Tables that several processes share are told of the one with the lowest pid.
 * Spare tables of PTEs, kept for splitting huge pages, are not found.
 *
 * Source: mm->pgd, and the entries below.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "../compat.h"
#include "../mmscope.h"
#include "collect.h"
#include "pgtable.h"
#include "task.h"

/* tables met in one hold, in which nothing may be allocated */
#define FOUND_TABLES 512

struct found_table {
	u64 pfn;
	u32 level;
};

/**
 * struct process_tables - the walk over one process after the other
 * @c: the collection
 * @walk: over one process
 * @pid: its pid
 * @comm: its command
 * @nr: tables found and not handed over yet
 * @last: frame of the table met last at each level: a VMA begins where another ended
 * @found: the tables
 */
struct process_tables {
	struct mmscope_collect *c;
	struct mmscope_pgt_walk walk;
	u32 pid;
	char comm[TASK_COMM_LEN];
	u32 nr;
	u64 last[MMSCOPE_NR_LEVELS];
	struct found_table found[FOUND_TABLES];
};

static int find_table(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct process_tables *t = container_of(p, struct process_tables, walk);
	u32 level;
	u64 pfn;

	if (e->kind != MMSCOPE_PGT_TABLE)
		return 0;
	level = mmscope_pgt_below(p->w->mm, e->level);
	pfn = pte_pfn(__pte(e->raw));
	if (t->last[level] == pfn)
		return 0;
	if (t->nr == FOUND_TABLES)
		return MMSCOPE_MORE;
	t->last[level] = pfn;
	t->found[t->nr++] = (struct found_table){ pfn, level };
	return 0;
}

static int record_table(struct process_tables *t, u64 pfn, u32 pages, u32 level)
{
	char name[sizeof(t->c->o->owners->name)];

	if (!mmscope_collect_wants(t->c, pfn, pages))
		return 0;
	snprintf(name, sizeof(name), "%s %s", mmscope_level_names.tab[level].name,
		 t->comm);
	return mmscope_collect_frames(t->c, pfn, pages, MMSCOPE_CLASS_PAGETABLE, t->pid, name);
}

static int record_found(struct process_tables *t)
{
	int err = 0;
	u32 i;

	for (i = 0; i < t->nr && !err; i++)
		err = record_table(t, t->found[i].pfn, 1, t->found[i].level);
	t->nr = 0;
	return err;
}

/* @w->mm: the address space, which may lose its users at any time */
static int collect_mm(struct process_tables *t, struct mmscope_walk *w)
{
	int err, ret;

	t->walk = (struct mmscope_pgt_walk){
		.w = w,
		.end = MMSCOPE_PGT_END,
		.upper = true,
		.entry = find_table,
	};
	memset(t->last, 0, sizeof(t->last));
	/* a smaller one is an object of a slab cache, and is shown as such */
	if (mmscope_pgt_fills_page(MMSCOPE_LEVEL_PGD)) {
		err = record_table(t, PHYS_PFN(__pa(w->mm->pgd)), compat_pgd_pages,
				   MMSCOPE_LEVEL_PGD);
		if (err)
			return err;
	}
	do {
		if (!mmget_not_zero(w->mm))
			return 0;
		ret = mmscope_pgt_walk(&t->walk);
		mmput(w->mm);
		err = record_found(t) ?: mmscope_pause();
		if (err)
			return err;
	} while (ret == MMSCOPE_MORE);
	return ret;
}

static int collect_task(struct process_tables *t, struct task_struct *task)
{
	struct mmscope_walk *w = t->c->w;
	struct mm_struct *saved = w->mm;
	struct mm_struct *mm;
	int err;

	err = mmscope_task_mm_try(task, &mm);
	if (err)
		return err == -ESRCH || err == -EACCES || err == -EBUSY ? 0 : err;
	strscpy(t->comm, task->comm, sizeof(t->comm));
	w->mm = mm;
	w->passes = true;
	err = collect_mm(t, w);
	w->passes = false;
	w->mm = saved;
	mmdrop(mm);
	return err == -EBUSY ? 0 : err;
}

static int collect_tasks(struct process_tables *t)
{
	struct task_struct *task;
	int err;

	for (t->pid = 1; (task = mmscope_task_next(&t->pid, false)); t->pid++) {
		err = collect_task(t, task);
		put_task_struct(task);
		if (!err)
			err = mmscope_pause();
		if (err)
			return err;
	}
	return 0;
}

/**
 * mmscope_collect_process_tables - walk the page tables of all processes
 * @c: the collection
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int mmscope_collect_process_tables(struct mmscope_collect *c)
{
	struct process_tables *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	t->c = c;
	err = collect_tasks(t);
	kvfree(t);
	return err;
}

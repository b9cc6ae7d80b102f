// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset oom_rank: who would be killed now, in order, and why.
 *
 * Locks: RCU, a process at a time; none else, see oom.c.
 *
 * Staleness: processes are looked at one after the other, then sorted: two of them
 * were never seen at the same moment. An answer is of one look as long as its
 * reader goes on at once; who comes back later has a new look from there on.
 *
 * Positions are places in the ranking.
 *
 * Source: oom.c.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sort.h>

#include "../mmscope.h"
#include "collect.h"
#include "oom.h"
#include "task.h"

/* 10 MB; when there are more processes the lower half is forgotten, again and again */
#define MAX_RANKED 65536

/**
 * struct ranking - one look at all processes
 * @recs: they, in order
 * @nr: how many
 * @room: for how many there is memory
 * @processes: how many there were
 * @killable: of @recs, those that are not spared
 * @taken: the look is over
 */
struct ranking {
	struct mmscope_oom_rank *recs;
	u32 nr;
	u32 room;
	u64 processes;
	u32 killable;
	bool taken;
};

static int make_room(struct ranking *r)
{
	int err = 0;

	if (r->nr < r->room)
		return 0;
	err = mmscope_grow(&r->recs, &r->room, MAX_RANKED, sizeof(*r->recs));
	if (err != -ENOSPC)
		return err;
	sort(r->recs, r->nr, sizeof(*r->recs), mmscope_oom_compare, NULL);
	r->nr /= 2;
	return 0;
}

static int look(struct ranking *r, const struct mmscope_oom_scope *scope)
{
	struct task_struct *task;
	u32 nr = 0;
	int err;

	for (; (task = mmscope_task_next(&nr, false)); nr++) {
		struct mmscope_oom_rank *rec;
		bool in_scope;

		err = make_room(r);
		if (err) {
			put_task_struct(task);
			return err;
		}
		rec = &r->recs[r->nr];
		rcu_read_lock();
		in_scope = mmscope_oom_measure(task, scope, rec);
		rcu_read_unlock();
		rec->pid = task_tgid_vnr(task);
		put_task_struct(task);
		r->nr += in_scope;
		r->processes += in_scope;
		err = mmscope_pause();
		if (err)
			return err;
	}
	return 0;
}

static int rank_all(struct ranking *r, u64 memcg)
{
	struct mmscope_oom_scope scope;
	int err = mmscope_oom_scope_get(&scope, memcg);
	u32 i;

	if (err)
		return err;
	err = look(r, &scope);
	mmscope_oom_scope_put(&scope);
	if (err)
		return err;
	sort(r->recs, r->nr, sizeof(*r->recs), mmscope_oom_compare, NULL);
	for (i = 0; i < r->nr; i++) {
		r->recs[i].rank = r->recs[i].spared ? 0 : i + 1;
		r->recs[i].processes = r->processes;
	}
	r->taken = true;
	return 0;
}

static int rank_walk(struct mmscope_walk *w)
{
	struct ranking *r = w->priv;
	int ret = 0;
	u64 pos;

	if (!r->taken)
		ret = rank_all(r, w->q.frames.memcg);
	for (pos = w->cursor.pos; !ret && pos < r->nr; pos++) {
		w->torn += !!(r->recs[pos].flags & MMSCOPE_OOM_TORN);
		ret = mmscope_emit(w, &r->recs[pos], pos + 1);
	}
	return ret;
}

static void rank_end(struct mmscope_walk *w)
{
	struct ranking *r = w->priv;

	kvfree(r->recs);
}

const struct mmscope_field_def mmscope_oom_rank_fields[MMSCOPE_OOM_RANK_FIELDS] = {
	FIELD(struct mmscope_oom_rank, rank, COUNT, "1: the next to be killed; 0: spared"),
	FIELD(struct mmscope_oom_rank, pid, ID, "process; 0: not in the reader's pid namespace"),
	FIELD_TEXT(struct mmscope_oom_rank, comm, "its command"),
	FIELD_SIGNED(struct mmscope_oom_rank, points, PAGES,
		     "the OOM killer takes the highest: the sum of the next four"),
	FIELD(struct mmscope_oom_rank, rss_pages, PAGES, "resident, without hugetlb pages"),
	FIELD(struct mmscope_oom_rank, swap_pages, PAGES, "in swap"),
	FIELD(struct mmscope_oom_rank, pagetable_pages, PAGES, "page tables"),
	FIELD_SIGNED(struct mmscope_oom_rank, adj_pages, PAGES,
		     "what oom_score_adj adds, permille of what the machine or cgroup may use"),
	FIELD_SIGNED(struct mmscope_oom_rank, oom_score_adj, COUNT,
		     "permille added; -1000: never killed"),
	FIELD_CLASS(struct mmscope_oom_rank, spared, ENUM, &mmscope_oom_spared_names,
		    "why it is not killed; no: it may be"),
	MORE(struct mmscope_oom_rank, memcg, ID, "inode of its memory cgroup, 0: none"),
	MORE(struct mmscope_oom_rank, group_memcg, ID,
	     "inode of the cgroup that is killed as a whole with it, 0: it dies alone"),
	MORE(struct mmscope_oom_rank, oom_score, COUNT, "as in /proc/PID/oom_score"),
	MORE(struct mmscope_oom_rank, rss_anon_pages, PAGES, "of rss_pages, private data"),
	MORE(struct mmscope_oom_rank, rss_file_pages, PAGES, "of it, pages of files"),
	MORE(struct mmscope_oom_rank, rss_shmem_pages, PAGES, "of it, shared memory and tmpfs"),
	MORE(struct mmscope_oom_rank, uid, ID, "effective user, of the initial namespace"),
	MORE(struct mmscope_oom_rank, started_ns, NS,
	     "when, since boot; of equal points the youngest is killed"),
	MORE_FLAGS(struct mmscope_oom_rank, flags, &mmscope_oom_flag_names,
		   "origin: killed first whatever its points; torn: it changed while it was read"),
	MORE(struct mmscope_oom_rank, scope_memcg, ID,
	     "inode of the cgroup that is out of memory, 0: the machine"),
	MORE(struct mmscope_oom_rank, scope_pages, PAGES, "RAM and swap that it may use"),
	MORE(struct mmscope_oom_rank, processes, COUNT, "all that were looked at"),
	MORE(struct mmscope_oom_rank, snapshot, COUNT, "of the OOM recorder, 0: it is about now"),
};

static const struct mmscope_need rank_needs[] = {
	NEED_SYM(total_swap_pages),
#ifdef CONFIG_MEMCG
	WANT_SYM(mem_cgroup_get_max),
#endif
	{ }
};

const struct mmscope_dataset mmscope_oom_rank = {
	.name = "oom_rank",
	.help = "whom the OOM killer would take now, in order, with the terms of its points",
	.id = MMSCOPE_DS_OOM_RANK,
	.flags = MMSCOPE_DATASET_MEMCG,
	.rec_size = sizeof(struct mmscope_oom_rank),
	.priv_size = sizeof(struct ranking),
	.fields = mmscope_oom_rank_fields,
	.nr_fields = ARRAY_SIZE(mmscope_oom_rank_fields),
	.needs = rank_needs,
	.walk = rank_walk,
	.end = rank_end,
};

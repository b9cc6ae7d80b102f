// SPDX-License-Identifier: GPL-2.0
/*
 * The OOM recorder: arms, disarms, and keeps the last snapshot.
 *
 * Two hooks see an OOM. The notifier is called when the machine is out of memory,
 * before anybody is chosen, in process context and with oom_lock held: it must not
 * allocate, nor claim to have freed anything. mark_victim is called for every kill,
 * those in memory cgroups as well, under task_lock() of the victim. A snapshot of
 * the machine is taken in the first and completed in the second; in a cgroup's OOM
 * there is the second only. That both are of one OOM is told by the task that runs
 * them, which does not sleep in between.
 *
 * There are two snapshots: the last complete one, and one that is written. To
 * complete one is to count it, so a reader who finds the same count after copying
 * has a copy of one piece. Writers exclude each other by a word, and who comes
 * second does without.
 *
 * A third hook, on the begin of direct reclaim, remembers for some tasks what they
 * allocate, a word a task.
 *
 * Locks: recorder_mutex, of who arms, disarms and copies; no hook takes it.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <trace/events/oom.h>
#include <trace/events/vmscan.h>

#include "../mmscope.h"
#include "../walk/oom.h"
#include "../walk/zone.h"
#include "oom.h"
#include "tracepoint.h"

/* times that a reader begins its copy again, and how long it waits before that */
#define COPY_TRIES	8
#define COPY_PAUSE_US	2000

#define ASKED_BITS	8

/**
 * struct recorder - what is there while the recorder is armed
 * @busy: a hook writes
 * @snapshots: complete ones so far; the last is in slots[snapshots % 2]
 * @ooms: as struct mmscope_oom_last
 * @kills: likewise
 * @missed: likewise
 * @more: further victims of the last snapshot's OOM
 * @task: who took a snapshot of the machine that has no victim yet, or completed the
 *        last one; only compared
 * @switches: its voluntary context switches then: the same, it has not slept since
 * @pending: the first of the two
 * @group: inode of the cgroup that the last OOM kills as a whole
 * @asked: by the hash of a pid: the pid, order and flags of its last direct reclaim
 * @slots: the snapshots
 */
struct recorder {
	atomic_t busy;
	unsigned long snapshots;
	atomic64_t ooms;
	atomic64_t kills;
	atomic64_t missed;
	atomic_t more;
	const struct task_struct *task;
	unsigned long switches;
	bool pending;
	u64 group;
	u64 asked[1 << ASKED_BITS];
	struct mmscope_oom_snapshot *slots[2];
};

static struct recorder *recorder;
static bool armed;
static DEFINE_MUTEX(recorder_mutex);	/* of both */

/* ------------------------------------------------------------------ hooks */

/* pid, order and flags in one word, so that it is of one piece */
#define ASKED_ORDER_SHIFT	32
#define ASKED_PID_SHIFT		40

static u64 *asked_by(struct recorder *r, u32 pid)
{
	return &r->asked[hash_32(pid, ASKED_BITS)];
}

static void on_reclaim(void *data, COMPAT_RECLAIM_BEGIN_PROTO(order, gfp))
{
	u32 pid = task_pid_nr(current);

	WRITE_ONCE(*asked_by(recorder, pid), (u64)pid << ASKED_PID_SHIFT |
		   (u64)(order & 0xff) << ASKED_ORDER_SHIFT | (__force u32)gfp);
}

static void add_allocation(struct recorder *r, struct mmscope_oom_last *h)
{
	u32 pid = task_pid_nr(current);
	u64 asked = READ_ONCE(*asked_by(r, pid));

	if (asked >> ASKED_PID_SHIFT != pid)
		return;
	h->order = asked >> ASKED_ORDER_SHIFT & 0xff;
	h->gfp = mmscope_gfp_flags((__force gfp_t)(u32)asked);
}

/* NULL: somebody else writes */
static struct mmscope_oom_snapshot *begin_write(struct recorder *r)
{
	if (atomic_cmpxchg(&r->busy, 0, 1)) {
		atomic64_inc(&r->missed);
		return NULL;
	}
	return r->slots[(r->snapshots + 1) % 2];
}

static void end_write(struct recorder *r)
{
	atomic_set_release(&r->busy, 0);
}

static void note_task(struct recorder *r, bool pending)
{
	r->task = current;
	r->switches = current->nvcsw;
	r->pending = pending;
}

/* is this the task that noted itself last, and has it gone on without sleeping? */
static bool same_oom(const struct recorder *r)
{
	return r->task == current && r->switches == current->nvcsw;
}

/* who comes last in the chain knows what the others have freed; *freed is theirs */
static int on_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct recorder *r = recorder;
	struct mmscope_oom_snapshot *s;

	atomic64_inc(&r->ooms);
	s = begin_write(r);
	if (!s)
		return NOTIFY_OK;
	mmscope_oom_take(s, NULL);
	add_allocation(r, &s->head);
	note_task(r, true);
	end_write(r);
	return NOTIFY_OK;
}

/* the cgroup that dies with it, found in the ranking */
static u64 group_of(const struct mmscope_oom_snapshot *s, u32 pid)
{
	u32 i;

	for (i = 0; i < s->nr_ranked; i++)
		if (s->ranked[i].pid == pid)
			return s->ranked[i].group_memcg;
	return 0;
}

/* of a cgroup that is killed as a whole, the others after the first */
static bool is_another(const struct recorder *r, struct task_struct *victim)
{
	return r->group && !r->pending && same_oom(r) && mmscope_oom_is_in(victim, r->group);
}

static void publish(struct recorder *r, struct mmscope_oom_snapshot *s)
{
	s->head.snapshot = r->snapshots + 1;
	r->group = group_of(s, s->head.victim_pid);
	atomic_set(&r->more, 0);
	note_task(r, false);
	/* the snapshot before its count */
	smp_store_release(&r->snapshots, r->snapshots + 1);
}

static void on_victim(void *data, struct task_struct *victim, uid_t uid)
{
	struct recorder *r = recorder;
	struct mmscope_oom_snapshot *s;

	atomic64_inc(&r->kills);
	s = begin_write(r);
	if (!s)
		return;
	if (is_another(r, victim)) {
		atomic_inc(&r->more);
	} else {
		if (!r->pending || !same_oom(r))
			mmscope_oom_take(s, victim);
		mmscope_oom_add_victim(s, victim, uid);
		publish(r, s);
	}
	end_write(r);
}

/* the compiler compares each with the headers' tracepoint, the kernel's BTF is next */
static inline void check_probes(void)
{
	check_trace_callback_type_mark_victim(on_victim);
	check_trace_callback_type_mm_vmscan_direct_reclaim_begin(on_reclaim);
}

static struct mmscope_hook victim_hook = MMSCOPE_HOOK(mark_victim, on_victim);
static struct mmscope_hook reclaim_hook = MMSCOPE_HOOK(mm_vmscan_direct_reclaim_begin,
						       on_reclaim);
static struct notifier_block notifier = {
	.notifier_call = on_oom,
	.priority = INT_MIN,
};

/* -------------------------------------------------------------- arm, disarm */

static void free_recorder(void)
{
	u32 i;

	for (i = 0; recorder && i < ARRAY_SIZE(recorder->slots); i++)
		kvfree(recorder->slots[i]);
	kfree(recorder);
	recorder = NULL;
}

static int make_recorder(void)
{
	struct mmscope_oom_snapshot *s;
	u32 i, zones = 0;

	recorder = kzalloc(sizeof(*recorder), GFP_KERNEL);
	if (!recorder)
		return -ENOMEM;
	/* some more, for memory that is plugged in */
	for (i = 0; i < mmscope_nr_zones(); i++)
		zones += !!mmscope_zone_at(i);
	zones = min(2 * zones + MAX_NR_ZONES, mmscope_nr_zones());
	for (i = 0; i < ARRAY_SIZE(recorder->slots); i++) {
		s = kvzalloc(struct_size(s, zones, zones), GFP_KERNEL);
		if (!s) {
			free_recorder();
			return -ENOMEM;
		}
		s->zones_room = zones;
		s->slabs_known = !mmscope_dataset_allowed(&mmscope_slab_caches);
		recorder->slots[i] = s;
	}
	return 0;
}

/* the second may be missing: then it is not known what was to be allocated */
static int hook_all(void)
{
	int err = mmscope_hook_get(&victim_hook);

	if (err)
		return err;
	if (!mmscope_tracepoint_missing(reclaim_hook.id)) {
		err = mmscope_hook_get(&reclaim_hook);
		if (err)
			goto err_victim;
	}
	err = register_oom_notifier(&notifier);
	if (!err)
		return 0;
	if (reclaim_hook.users)
		mmscope_hook_put(&reclaim_hook);
err_victim:
	mmscope_hook_put(&victim_hook);
	mmscope_hook_sync();
	return err;
}

static void unhook_all(void)
{
	if (reclaim_hook.users)
		mmscope_hook_put(&reclaim_hook);
	mmscope_hook_put(&victim_hook);
	mmscope_hook_sync();
	unregister_oom_notifier(&notifier);
}

static int arm(void)
{
	int err;

	if (armed)
		return 0;
	free_recorder();
	err = make_recorder();
	if (err)
		return err;
	err = hook_all();
	if (err)
		free_recorder();
	armed = !err;
	return err;
}

/* what it has recorded is kept: an empty recorder is not */
static void disarm(void)
{
	if (!armed)
		return;
	unhook_all();
	armed = false;
	if (!recorder->snapshots)
		free_recorder();
}

/**
 * mmscope_oom_arm - arm or disarm the OOM recorder
 * @on: arm it
 *
 * Return: 0, also if it is so already; -EOPNOTSUPP if this kernel has not what it
 * needs; -ENOMEM.
 */
int mmscope_oom_arm(bool on)
{
	int err = mmscope_dataset_allowed(&mmscope_oom_last);

	if (err)
		return err;
	check_probes();
	mutex_lock(&recorder_mutex);
	if (on)
		err = arm();
	else
		disarm();
	mutex_unlock(&recorder_mutex);
	return err;
}

/**
 * mmscope_oom_exit - disarm it and forget all
 */
void mmscope_oom_exit(void)
{
	mutex_lock(&recorder_mutex);
	disarm();
	free_recorder();
	mutex_unlock(&recorder_mutex);
}

/* --------------------------------------------------------------- for readers */

static void add_counts(struct recorder *r, struct mmscope_oom_last *h)
{
	h->state |= armed ? MMSCOPE_OOM_ARMED : 0;
	h->ooms = atomic64_read(&r->ooms);
	h->kills = atomic64_read(&r->kills);
	h->missed = atomic64_read(&r->missed);
}

/* false: it may be of several snapshots */
static bool copy_slot(struct recorder *r, struct mmscope_oom_snapshot *to, size_t size)
{
	u32 i;

	for (i = 0; i < COPY_TRIES; i++) {
		/* the count before the snapshot, with publish() */
		unsigned long snapshots = smp_load_acquire(&r->snapshots);
		u32 more;

		memcpy(to, r->slots[snapshots % 2], size);
		more = atomic_read(&r->more);
		/* and the copy before the count is looked at again */
		smp_rmb();
		if (READ_ONCE(r->snapshots) == snapshots) {
			to->head.victims = snapshots ? 1 + more : 0;
			return true;
		}
		usleep_range(COPY_PAUSE_US, 2 * COPY_PAUSE_US);
	}
	return false;
}

static struct mmscope_oom_snapshot *copy(struct recorder *r)
{
	u32 zones = r->slots[0]->zones_room;
	struct mmscope_oom_snapshot *s;
	size_t size = struct_size(s, zones, zones);

	s = kvmalloc(size, GFP_KERNEL);
	if (!s)
		return NULL;
	if (!copy_slot(r, s, size)) {
		s->head.state |= MMSCOPE_OOM_REWRITTEN;
		s->nr_zones = min(s->nr_zones, zones);
		s->nr_ranked = min_t(u32, s->nr_ranked, MMSCOPE_OOM_RANKED);
		s->nr_slabs = min_t(u32, s->nr_slabs, MMSCOPE_OOM_SLABS);
	}
	return s;
}

/**
 * mmscope_oom_copy - the last snapshot
 * @head: filled in any case: with the counts alone, if there is no snapshot
 *
 * Return: a copy, for kvfree(); NULL: there is none; or an ERR_PTR, -ENOMEM.
 */
struct mmscope_oom_snapshot *mmscope_oom_copy(struct mmscope_oom_last *head)
{
	struct mmscope_oom_snapshot *s = NULL;

	*head = (struct mmscope_oom_last){
		.order = MMSCOPE_UNKNOWN32,
		.gfp = MMSCOPE_UNKNOWN,
	};
	mutex_lock(&recorder_mutex);
	if (recorder && READ_ONCE(recorder->snapshots)) {
		s = copy(recorder) ?: ERR_PTR(-ENOMEM);
		if (!IS_ERR(s))
			*head = s->head;
	}
	if (recorder)
		add_counts(recorder, head);
	mutex_unlock(&recorder_mutex);
	return s;
}

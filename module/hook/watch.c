// SPDX-License-Identifier: GPL-2.0
/*
 * The readers of events: each has a ring of its own and gets all it asked for.
 *
 * Probes find the readers by RCU. They wake one through an irq_work, since in
 * their context no lock of a wait queue may be taken; and only one that sleeps.
 */
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "../mmscope.h"
#include "event.h"
#include "ring.h"
#include "tracepoint.h"

#define DEFAULT_RECORDS 4096

/**
 * struct mmscope_watch - a reader
 * @list: of all
 * @kinds: 1 << enum mmscope_event_kind, what it gets
 * @ring: what it has not read yet
 * @queue: where it sleeps
 * @wake: wakes it
 */
struct mmscope_watch {
	struct list_head list;
	u64 kinds;
	struct mmscope_ring ring;
	struct wait_queue_head queue;
	struct irq_work wake;
};

static LIST_HEAD(watches);
static DEFINE_MUTEX(watch_mutex);	/* who writes the list */

static void wake(struct irq_work *work)
{
	struct mmscope_watch *w = container_of(work, struct mmscope_watch, wake);

	wake_up_interruptible_poll(&w->queue, EPOLLIN | EPOLLRDNORM);
}

/**
 * mmscope_event_publish - give an event to all who asked for its kind; in any context
 * @rec: the event
 */
void mmscope_event_publish(const struct mmscope_event *rec)
{
	struct mmscope_watch *w;

	rcu_read_lock();
	list_for_each_entry_rcu(w, &watches, list) {
		if (!(w->kinds >> rec->kind & 1))
			continue;
		mmscope_ring_put(&w->ring, rec);
		if (wq_has_sleeper(&w->queue))
			irq_work_queue(&w->wake);
	}
	rcu_read_unlock();
}

static void free_watch(struct mmscope_watch *w)
{
	mmscope_ring_free(&w->ring);
	kfree(w);
}

static struct mmscope_watch *new_watch(u64 kinds, u32 records)
{
	struct mmscope_watch *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return ERR_PTR(-ENOMEM);
	w->kinds = kinds;
	init_waitqueue_head(&w->queue);
	init_irq_work(&w->wake, wake);
	if (mmscope_ring_init(&w->ring, records)) {
		kfree(w);
		return ERR_PTR(-ENOMEM);
	}
	return w;
}

/**
 * mmscope_watch_open - begin to collect events for a reader
 * @kinds: 1 << enum mmscope_event_kind; becomes those of them that there are
 * @records: room for so many, 0: some; becomes what there is
 *
 * Return: the watch, to be closed with mmscope_watch_close(), or an ERR_PTR:
 * -EINVAL, -E2BIG, -EOPNOTSUPP, -ENOMEM.
 */
struct mmscope_watch *mmscope_watch_open(u64 *kinds, u32 *records)
{
	struct mmscope_watch *w;
	int err;

	if (!*kinds)
		return ERR_PTR(-EINVAL);
	*kinds &= mmscope_event_kinds();
	if (*records > MMSCOPE_WATCH_RECORDS_MAX)
		return ERR_PTR(-E2BIG);
	if (!*kinds)
		return ERR_PTR(-EOPNOTSUPP);
	*records = roundup_pow_of_two(*records ?: DEFAULT_RECORDS);
	w = new_watch(*kinds, *records);
	if (IS_ERR(w))
		return w;
	mutex_lock(&watch_mutex);
	list_add_tail_rcu(&w->list, &watches);
	err = mmscope_event_hook(w->kinds);
	if (err)
		list_del_rcu(&w->list);
	mutex_unlock(&watch_mutex);
	if (!err)
		return w;
	synchronize_rcu();
	irq_work_sync(&w->wake);
	free_watch(w);
	return ERR_PTR(err);
}

/**
 * mmscope_watch_close - end it; the last one leaves no probe in the kernel
 * @w: the watch
 */
void mmscope_watch_close(struct mmscope_watch *w)
{
	mutex_lock(&watch_mutex);
	list_del_rcu(&w->list);
	mmscope_event_unhook(w->kinds);
	mutex_unlock(&watch_mutex);
	/* no probe has it in hand, nor is it about to be woken */
	synchronize_rcu();
	irq_work_sync(&w->wake);
	free_watch(w);
}

/**
 * mmscope_watch_queue - where to wait for events
 * @w: the watch
 *
 * Return: the queue. A barrier belongs between standing in it and
 * mmscope_watch_ready().
 */
struct wait_queue_head *mmscope_watch_queue(struct mmscope_watch *w)
{
	return &w->queue;
}

/**
 * mmscope_watch_ready - is there anything to read?
 * @w: the watch
 *
 * Return: true if so.
 */
bool mmscope_watch_ready(const struct mmscope_watch *w)
{
	return mmscope_ring_ready(&w->ring);
}

/**
 * mmscope_watch_take - take the oldest event out; by one reader at a time
 * @w: the watch
 * @rec: filled
 *
 * Return: false if there is none.
 */
bool mmscope_watch_take(struct mmscope_watch *w, struct mmscope_event *rec)
{
	struct mmscope_event blank;

	switch (mmscope_ring_take(&w->ring, rec)) {
	case MMSCOPE_RING_RECORD:
		return true;
	case MMSCOPE_RING_LOST:
		mmscope_event_blank(&blank, MMSCOPE_EVENT_LOST);
		blank.lost = rec->lost;
		*rec = blank;
		return true;
	case MMSCOPE_RING_EMPTY:
		break;
	}
	return false;
}

/**
 * mmscope_watch_lose - an event that was taken did not reach the reader: count it
 * @w: the watch
 * @rec: the event
 */
void mmscope_watch_lose(struct mmscope_watch *w, const struct mmscope_event *rec)
{
	mmscope_ring_lose(&w->ring, rec->lost + (rec->kind != MMSCOPE_EVENT_LOST));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of events.
 *
 * A writer takes a position with one compare-and-exchange, fills the slot, and
 * says so in it: whoever interrupts it, be it an NMI, takes the next position and
 * waits for nobody. There is one order for all CPUs and the reader needs no merge.
 * The events are rare (reclaim, compaction), so that CPUs do not fight over the
 * head; allocations, which are not rare, do not come here.
 *
 * A full ring takes nothing: what is in it is older, and complete. What is lost
 * is counted, and the record that finds room next carries the number.
 */
#include <linux/mm.h>

#include "ring.h"

/**
 * mmscope_ring_init - make room
 * @r: the ring
 * @records: a power of two
 *
 * Return: 0 or -ENOMEM.
 */
int mmscope_ring_init(struct mmscope_ring *r, u32 records)
{
	r->slots = kvcalloc(records, sizeof(*r->slots), GFP_KERNEL);
	r->mask = records - 1;
	return r->slots ? 0 : -ENOMEM;
}

/**
 * mmscope_ring_free - undo mmscope_ring_init(); no writer is left
 * @r: the ring
 */
void mmscope_ring_free(struct mmscope_ring *r)
{
	kvfree(r->slots);
}

/**
 * mmscope_ring_put - append a record; in any context
 * @r: the ring
 * @rec: the record, but for what was lost before it
 *
 * Return: false if there was no room: it is counted.
 */
bool mmscope_ring_put(struct mmscope_ring *r, const struct mmscope_event *rec)
{
	u32 head = atomic_read(&r->head);
	struct mmscope_ring_slot *slot;

	do {
		/* pairs with mmscope_ring_take(): the slot was read before it is written */
		if (head - smp_load_acquire(&r->tail) > r->mask) {
			atomic64_inc(&r->lost);
			return false;
		}
	} while (!atomic_try_cmpxchg(&r->head, (int *)&head, head + 1));
	slot = &r->slots[head & r->mask];
	slot->rec = *rec;
	slot->rec.lost = atomic64_read(&r->lost) ? atomic64_xchg(&r->lost, 0) : 0;
	/* pairs with filled(): the record before what says that it is there */
	smp_store_release(&slot->turn, head + 1);
	return true;
}

static bool filled(const struct mmscope_ring *r)
{
	const struct mmscope_ring_slot *slot = &r->slots[r->tail & r->mask];

	return smp_load_acquire(&slot->turn) == r->tail + 1;	/* see mmscope_ring_put() */
}

/* nothing is in it, nor on its way, that could carry the number */
static bool only_lost(const struct mmscope_ring *r)
{
	return (u32)atomic_read(&r->head) == r->tail && atomic64_read(&r->lost);
}

/**
 * mmscope_ring_ready - is there anything to read?
 * @r: the ring
 *
 * Return: true if so.
 */
bool mmscope_ring_ready(const struct mmscope_ring *r)
{
	return filled(r) || only_lost(r);
}

/**
 * mmscope_ring_take - the oldest record, or word of what was lost; by the one reader
 * @r: the ring
 * @rec: filled; if nothing but losses is to be told, only @rec->lost is
 *
 * Return: enum mmscope_ring_taken.
 */
enum mmscope_ring_taken mmscope_ring_take(struct mmscope_ring *r, struct mmscope_event *rec)
{
	if (filled(r)) {
		*rec = r->slots[r->tail & r->mask].rec;
		smp_store_release(&r->tail, r->tail + 1);	/* see mmscope_ring_put() */
		return MMSCOPE_RING_RECORD;
	}
	if (!only_lost(r))
		return MMSCOPE_RING_EMPTY;
	rec->lost = atomic64_xchg(&r->lost, 0);
	return rec->lost ? MMSCOPE_RING_LOST : MMSCOPE_RING_EMPTY;
}

/**
 * mmscope_ring_lose - what was taken could not be delivered
 * @r: the ring
 * @records: how many
 */
void mmscope_ring_lose(struct mmscope_ring *r, u64 records)
{
	atomic64_add(records, &r->lost);
}

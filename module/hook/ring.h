/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of events: many writers in any context, one reader, no lock.
 */
#ifndef _MMSCOPE_HOOK_RING_H
#define _MMSCOPE_HOOK_RING_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/types.h>

#include <linux/mmscope.h>

/**
 * struct mmscope_ring_slot - room for a record
 * @turn: position of the record in it plus one, once that is complete
 * @rec: the record
 */
struct mmscope_ring_slot {
	u32 turn;
	struct mmscope_event rec;
};

/**
 * struct mmscope_ring - the ring
 * @slots: power of two of them
 * @mask: their number less one
 * @head: position of the next record; taken by writers
 * @lost: records for which there was no room, not told yet
 * @tail: position of the oldest record; moved by the reader
 */
struct mmscope_ring {
	struct mmscope_ring_slot *slots;
	u32 mask;
	atomic_t head;
	atomic64_t lost;
	u32 tail ____cacheline_aligned_in_smp;
};

enum mmscope_ring_taken {
	MMSCOPE_RING_EMPTY,
	MMSCOPE_RING_RECORD,
	MMSCOPE_RING_LOST,
};

int mmscope_ring_init(struct mmscope_ring *r, u32 records);
void mmscope_ring_free(struct mmscope_ring *r);
bool mmscope_ring_put(struct mmscope_ring *r, const struct mmscope_event *rec);
bool mmscope_ring_ready(const struct mmscope_ring *r);
enum mmscope_ring_taken mmscope_ring_take(struct mmscope_ring *r, struct mmscope_event *rec);
void mmscope_ring_lose(struct mmscope_ring *r, u64 records);

#endif /* _MMSCOPE_HOOK_RING_H */

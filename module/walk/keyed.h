/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums by a word, such as a pointer met in struct page, in bounded memory: a hash
 * table that is looked up where nothing may sleep, and grown where it may.
 */
#ifndef _MMSCOPE_WALK_KEYED_H
#define _MMSCOPE_WALK_KEYED_H

#include <linux/types.h>

struct mmscope_sweep;

/**
 * struct mmscope_keyed - entries by their key
 * @size: bytes of an entry, which begins with its key, an unsigned long
 * @max: entries at most
 * @nr: entries
 * @room: for how many there is memory, a power of two or @max
 * @entries: they, in the order in which they were added
 * @slots: hash table of indices + 1, twice as many as @room
 * @bits: its size
 */
struct mmscope_keyed {
	u32 size;
	u32 max;
	u32 nr;
	u32 room;
	void *entries;
	u32 *slots;
	u32 bits;
};

void *mmscope_keyed_find(struct mmscope_keyed *t, unsigned long key, bool *added);
int mmscope_keyed_sweep(struct mmscope_keyed *t, struct mmscope_sweep *s);
void mmscope_keyed_free(struct mmscope_keyed *t);

/* no entry more, even if it is grown */
static inline bool mmscope_keyed_full(const struct mmscope_keyed *t)
{
	return t->nr >= t->max;
}

static inline void *mmscope_keyed_at(const struct mmscope_keyed *t, u32 i)
{
	return t->entries + (size_t)i * t->size;
}

#endif /* _MMSCOPE_WALK_KEYED_H */

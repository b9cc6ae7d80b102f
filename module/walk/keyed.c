// SPDX-License-Identifier: GPL-2.0
/*
 * Sums by a word. No locks: nothing of the kernel is read here, but by the sweep.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../mmscope.h"
#include "keyed.h"
#include "sweep.h"

#define ROOM_FIRST 256

static unsigned long key_of(const struct mmscope_keyed *t, u32 i)
{
	return *(const unsigned long *)mmscope_keyed_at(t, i);
}

/* the slot of a key, or the empty one where it would be: half of them at most are in use */
static u32 slot_of(const struct mmscope_keyed *t, unsigned long key)
{
	const u32 mask = (1U << t->bits) - 1;
	u32 slot = hash_long(key, t->bits);

	while (t->slots[slot] && key_of(t, t->slots[slot] - 1) != key)
		slot = (slot + 1) & mask;
	return slot;
}

/**
 * mmscope_keyed_find - the entry of a key, which is added if there is none; never sleeps
 * @t: the table
 * @key: any word
 * @added: the entry is new: all of it but the key is zeroes
 *
 * Return: the entry; NULL: there is no room for a new one.
 */
void *mmscope_keyed_find(struct mmscope_keyed *t, unsigned long key, bool *added)
{
	u32 slot;
	void *entry;

	*added = false;
	if (!t->room)
		return NULL;
	slot = slot_of(t, key);
	if (t->slots[slot])
		return mmscope_keyed_at(t, t->slots[slot] - 1);
	if (t->nr == t->room)
		return NULL;
	entry = mmscope_keyed_at(t, t->nr++);
	memset(entry, 0, t->size);
	*(unsigned long *)entry = key;
	t->slots[slot] = t->nr;
	*added = true;
	return entry;
}

/*
 * Room for more entries, unless there are as many as there may be; sleeps. Entries have
 * other addresses afterwards.
 */
static int grow(struct mmscope_keyed *t)
{
	struct mmscope_keyed grown = *t;
	u32 i;

	if (t->room >= t->max)
		return 0;
	grown.room = min(t->room ? 2 * t->room : ROOM_FIRST, t->max);
	grown.bits = ilog2(roundup_pow_of_two(grown.room)) + 1;
	grown.entries = kvmalloc_array(grown.room, t->size, GFP_KERNEL);
	grown.slots = kvcalloc(1U << grown.bits, sizeof(*grown.slots), GFP_KERNEL);
	if (!grown.entries || !grown.slots) {
		kvfree(grown.entries);
		kvfree(grown.slots);
		return -ENOMEM;
	}
	memcpy(grown.entries, t->entries, (size_t)t->nr * t->size);
	for (i = 0; i < t->nr; i++)
		grown.slots[slot_of(&grown, key_of(&grown, i))] = i + 1;
	kvfree(t->entries);
	kvfree(t->slots);
	*t = grown;
	return 0;
}

/**
 * mmscope_keyed_sweep - fill a table from a sweep over the frames that are asked for
 * @t: size and max are set, the rest was zeroed before the first call
 * @s: with its walk and unit(), which returns -ENOSPC for a unit whose key the table
 *	has no room for, unless it is full for good: it is called for it again
 *
 * Entries may have moved whenever unit() is called.
 *
 * Return: as mmscope_sweep(); -ENOMEM.
 */
int mmscope_keyed_sweep(struct mmscope_keyed *t, struct mmscope_sweep *s)
{
	int ret;

	s->runs = true;
	s->pos = s->w->q.start;
	s->end = min(mmscope_sweep_last(), s->w->q.end);
	do {
		ret = grow(t);
		if (!ret)
			ret = mmscope_sweep(s);
	} while (ret == -ENOSPC);
	return ret;
}

/**
 * mmscope_keyed_free - free the entries
 * @t: is empty afterwards, of the same size
 */
void mmscope_keyed_free(struct mmscope_keyed *t)
{
	kvfree(t->entries);
	kvfree(t->slots);
	*t = (struct mmscope_keyed){ .size = t->size, .max = t->max };
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a zone's blocks: the models behind the forecast. No kernel
 * object is looked at.
 */
#include <linux/math64.h>
#include <linux/minmax.h>

#include "forecast.h"

/**
 * mmscope_takeable - how many free blocks a CPU can take without waiting
 * @t: the zone
 *
 * As rmqueue(): each time the free pages must be above the reserve, and one
 * block of the size on the free lists, even if the CPU has one on its own list;
 * that list is filled with a batch when it is empty.
 *
 * Return: the number of blocks.
 */
u64 mmscope_takeable(struct mmscope_taking t)
{
	u64 full, taken, own = 0;
	s64 above = t.free - t.reserve;

	if (!t.blocks || above <= 0)
		return 0;
	/* whole batches, after which there is still enough for the next */
	full = min_t(u64, (t.blocks - 1) / t.batch, div64_s64(above - 1, (s64)t.batch * t.size));
	taken = full * t.batch;
	t.blocks -= taken;
	t.free -= taken * t.size;
	while (t.blocks && t.free > t.reserve) {
		if (!own) {
			own = min_t(u64, t.batch, t.blocks);
			t.blocks -= own;
			t.free -= own * t.size;
		}
		own--;
		taken++;
	}
	return taken;
}

/**
 * mmscope_compacted - how many blocks are free after a zone has been compacted
 * @s: its blocks, ascending
 * @nr: how many stripes
 * @id: what has been freed before
 *
 * As compact_zone() for a whole zone: what is movable is taken from the bottom
 * and put into free pages from the top, but not into blocks that are wholly free,
 * until both meet.
 *
 * Return: the number of blocks.
 */
u64 mmscope_compacted(const struct mmscope_stripe *s, u32 nr, u32 id)
{
	u64 empty = 0, room = 0;
	u32 low, high = nr;

	for (low = 0; low < nr; low++)
		empty += s[low].future[id].empty;
	for (low = 0; low < high; low++) {
		const struct mmscope_future *t = &s[low].future[id];

		while (room < t->movable && high > low + 1)
			room += s[--high].future[id].room;
		if (room < t->movable)
			break;
		room -= t->movable;
		empty += t->open;
	}
	return empty;
}

/**
 * mmscope_cleared_gigas - how many gigabytes can be had, one after the other
 * @g: those that a zone spans
 * @nr: how many
 * @free: pages free in the zone
 * @id: what has been freed before
 *
 * Each page of one is free already, or needs a free one outside of all of them.
 *
 * Return: the number of gigabytes.
 */
u64 mmscope_cleared_gigas(const struct mmscope_giga *g, u32 nr, u64 free, u32 id)
{
	u64 cleared = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		cleared += mmscope_giga_is_whole(&g[i]) && !g[i].fixed && !g[i].pooled &&
			   !g[i].barred && (!g[i].slab || id == MMSCOPE_RECLAIMED);
	return min(cleared, free >> MMSCOPE_GIGA_ORDER);
}

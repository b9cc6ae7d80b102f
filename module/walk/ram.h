/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which page frames are RAM: a sweep tells holes from reserved frames by it.
 */
#ifndef _MMSCOPE_WALK_RAM_H
#define _MMSCOPE_WALK_RAM_H

#include <linux/types.h>

/* machines have tens of ranges */
#define MMSCOPE_RAM_RANGES 192

/**
 * struct mmscope_ram - the ranges of RAM, ascending and apart; part of a walk's scratch
 * @nr: how many
 * @place: index of the range asked for last
 * @cut: there were more: of frames beyond the last range nothing is known
 * @range: first frame, and first one beyond
 */
struct mmscope_ram {
	u32 nr;
	u32 place;
	bool cut;
	struct {
		u64 start;
		u64 end;
	} range[MMSCOPE_RAM_RANGES];
};

void mmscope_ram_read(struct mmscope_ram *ram);
bool mmscope_is_ram(struct mmscope_ram *ram, u64 pfn);
u64 mmscope_ram_until(const struct mmscope_ram *ram, u64 pfn);

#endif /* _MMSCOPE_WALK_RAM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the kernel's address space, and who may see addresses there.
 */
#ifndef _MMSCOPE_WALK_KERNEL_REGION_H
#define _MMSCOPE_WALK_KERNEL_REGION_H

#include <linux/types.h>

#define MMSCOPE_MAX_REGIONS 24

/* what consumers list among their needs */
#define MMSCOPE_REGION_NEEDS			\
	WANT_SYM(_text),			\
	WANT_SYM(_etext),			\
	WANT_SYM(__start_rodata),		\
	WANT_SYM(__end_rodata),			\
	WANT_SYM(_sdata),			\
	WANT_SYM(_edata),			\
	WANT_SYM(__bss_start),			\
	WANT_SYM(__bss_stop),			\
	WANT_SYM(__init_begin),			\
	WANT_SYM(__init_end),			\
	WANT_SYM(kptr_restrict)

/**
 * struct mmscope_regions - the regions, more special ones first; zeroed: none
 * @nr: how many
 * @tab: they; of regions that overlap the first one counts
 * @known_start: the answer given last is true from this address on
 * @known_end: and up to this one
 * @known: that answer, enum mmscope_kernel_region
 */
struct mmscope_regions {
	u32 nr;
	struct {
		unsigned long start;
		unsigned long end;
		u32 region;
	} tab[MMSCOPE_MAX_REGIONS];
	unsigned long known_start;
	unsigned long known_end;
	u32 known;
};

void mmscope_regions_init(struct mmscope_regions *r);
u32 mmscope_region_at(struct mmscope_regions *r, unsigned long addr, unsigned long *end);
bool mmscope_kernel_addresses_shown(const struct mmscope_walk *w);

#endif /* _MMSCOPE_WALK_KERNEL_REGION_H */

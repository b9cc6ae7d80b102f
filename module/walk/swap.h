/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of one swap slot.
 */
#ifndef _MMSCOPE_SWAP_H
#define _MMSCOPE_SWAP_H

#include "../compat.h"
#include "../mmscope.h"

struct swap_info_struct;

/**
 * struct mmscope_swap_slot - one page of a swap area
 * @known: the area is in use, and the slot within it
 * @cached: the page is in memory, too
 * @pfn: its frame; MMSCOPE_UNKNOWN if it is not, or this kernel does not tell
 */
struct mmscope_swap_slot {
	bool known;
	bool cached;
	u64 pfn;
};

#define MMSCOPE_SWAP_NEEDS			\
	WANT_SYM(swap_info),			\
	COMPAT_SWAP_CACHE_NEEDS

struct swap_info_struct *mmscope_swap_area_get(u32 type);
void mmscope_swap_area_put(struct swap_info_struct *si);
void mmscope_swap_slot(u32 type, u64 offset, struct mmscope_swap_slot *slot);
void mmscope_swap_name(u32 type, char *buf, char *name, size_t size);

#endif /* _MMSCOPE_SWAP_H */

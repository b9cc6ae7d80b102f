/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many refer to a swap slot, and what of a shmem object is in swap.
 */
#ifndef _MMSCOPE_SWAP_COUNT_H
#define _MMSCOPE_SWAP_COUNT_H

#include <linux/types.h>

struct address_space;
struct inode;

u32 mmscope_swap_count(u32 type, u64 offset);
bool mmscope_shmem_swapped(struct address_space *mapping, pgoff_t *index, pgoff_t end,
			   u64 *pages);
bool mmscope_shmem_has_swap(const struct inode *inode);
bool mmscope_shmem_is_swapped(struct address_space *mapping, pgoff_t index);

#endif /* _MMSCOPE_SWAP_COUNT_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * How many refer to a swap slot, and what of a shmem object is in swap.
 *
 * Locks: RCU. swapoff() kills si->users, then waits for all readers of RCU, and
 * only then frees swap_map: a section that saw the reference alive may read the
 * map to its end. No reference is taken. The tree of an object's pages is read by
 * RCU, as the page cache does.
 *
 * Staleness: a count is that of the moment.
 *
 * Sources: swap_info[]->swap_map; address_space.i_pages, shmem_inode_info.swapped.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "../mmscope.h"
#include "swap_count.h"

/* pages of an object that are looked at in one RCU section */
#define TREE_BATCH 4096

/**
 * mmscope_swap_count - how many page-table entries refer to a swap slot
 * @type: swap area
 * @offset: slot; of an entry that was seen in this RCU section
 *
 * Return: the count, at least 1; MMSCOPE_UNKNOWN32: more than the map can tell, or
 * it cannot be read.
 */
u32 mmscope_swap_count(u32 type, u64 offset)
{
	struct swap_info_struct *si;
	struct compat_slot slot;

	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "swap_map without RCU");
	if (!mmscope_has(swap_info) || type >= MAX_SWAPFILES)
		return MMSCOPE_UNKNOWN32;
	si = READ_ONCE(mmscope_sym(swap_info)[type]);
	if (!si || percpu_ref_is_dying(&si->users))
		return MMSCOPE_UNKNOWN32;
	/* what was set up before the reference came alive: enable_swap_info() */
	smp_rmb();
	if (offset >= READ_ONCE(si->max))
		return MMSCOPE_UNKNOWN32;
	compat_read_slot(si, offset, &slot);
	return slot.continued ? MMSCOPE_UNKNOWN32 : max(slot.count, 1U);
}

/**
 * mmscope_shmem_swapped - pages of a shmem object that are in swap, for one batch
 * @mapping: of the object
 * @index: where to begin; set to where to go on
 * @end: first page beyond
 * @pages: what was found is added here
 *
 * Return: is the end reached?
 */
bool mmscope_shmem_swapped(struct address_space *mapping, pgoff_t *index, pgoff_t end, u64 *pages)
{
	XA_STATE(xas, &mapping->i_pages, *index);
	u32 left = TREE_BATCH;
	void *entry;

	if (*index >= end)
		return true;
	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1) {
		if (xas_retry(&xas, entry))
			continue;
		if (!left--) {
			*index = xas.xa_index;
			break;
		}
		if (xa_is_value(entry))
			*pages += 1UL << xas_get_order(&xas);
	}
	rcu_read_unlock();
	if (entry)
		return false;
	*index = end;
	return true;
}

/**
 * mmscope_shmem_has_swap - has a shmem object any page in swap
 * @inode: of the object
 */
bool mmscope_shmem_has_swap(const struct inode *inode)
{
	const struct shmem_inode_info *info =
		container_of(inode, struct shmem_inode_info, vfs_inode);

	return READ_ONCE(info->swapped);
}

/**
 * mmscope_shmem_is_swapped - is a page of a shmem object in swap
 * @mapping: of the object
 * @index: which
 */
bool mmscope_shmem_is_swapped(struct address_space *mapping, pgoff_t index)
{
	return xa_is_value(xa_load(&mapping->i_pages, index));
}

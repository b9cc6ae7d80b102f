// SPDX-License-Identifier: GPL-2.0
/*
 * Swap areas and their slots: is a page that is swapped in memory, too?
 *
 * Locks: si->users, the reference that keeps an area from being switched off;
 * RCU for the look into the swap cache. Nothing waits.
 *
 * Staleness: the slot may be freed, and its page may leave or enter the swap
 * cache, the moment after. No page reference is taken.
 *
 * Source: swap_info[type]->swap_map[], swapper_spaces[type][].i_pages, or with swap tables
 * swap_info[type]->cluster_info[].table[]; swap_info[type]->swap_file.
 */
#include <linux/dcache.h>
#include <linux/limits.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/percpu-refcount.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "swap.h"

/**
 * mmscope_swap_area_get - an area that cannot be switched off meanwhile
 * @type: its number, from anywhere
 *
 * Return: the area, to be given back with mmscope_swap_area_put(); NULL: there is
 * none, or it is being switched off.
 */
struct swap_info_struct *mmscope_swap_area_get(u32 type)
{
	struct swap_info_struct *si;

	if (!mmscope_has(swap_info) || type >= MAX_SWAPFILES)
		return NULL;
	/* areas are never freed, only used again */
	si = READ_ONCE(mmscope_sym(swap_info)[type]);
	if (!si || !percpu_ref_tryget_live(&si->users))
		return NULL;
	/* what it holds was set up before the reference could be had */
	smp_rmb();
	return si;
}

/**
 * mmscope_swap_area_put - undo mmscope_swap_area_get()
 * @si: the area
 */
void mmscope_swap_area_put(struct swap_info_struct *si)
{
	percpu_ref_put(&si->users);
}

/* the page of a slot in a folio that begins with @head; its slots are in a row */
static u64 pfn_in_folio(const struct page *head, u64 offset)
{
	u64 first = swp_offset((swp_entry_t){ READ_ONCE(head->private) });

	if (offset < first || offset - first >= COMPAT_SWAP_CLUSTER)
		return MMSCOPE_UNKNOWN;
	return page_to_pfn(head) + (offset - first);
}

/* the page of a slot in the swap cache; its folio may be larger */
static u64 cached_pfn(u32 type, u64 offset)
{
	const unsigned long mask = (1UL << COMPAT_SWAP_SPACE_SHIFT) - 1;
	struct address_space *space;
	const struct page *head;
	u64 pfn = MMSCOPE_UNKNOWN;

	if (!mmscope_has(swapper_spaces))
		return pfn;
	space = READ_ONCE(mmscope_sym(swapper_spaces)[type]);
	if (!space)
		return pfn;
	space += offset >> COMPAT_SWAP_SPACE_SHIFT;
	rcu_read_lock();
	/* older kernels count from the beginning of the area; there is no other reading of it */
	head = xa_load(&space->i_pages, offset & mask) ?: xa_load(&space->i_pages, offset);
	if (head && !xa_is_value(head))
		pfn = pfn_in_folio(head, offset);
	rcu_read_unlock();
	return pfn;
}

/**
 * mmscope_swap_slot - look at a slot
 * @type: number of the area, from anywhere
 * @offset: the slot, from anywhere
 * @slot: filled
 */
void mmscope_swap_slot(u32 type, u64 offset, struct mmscope_swap_slot *slot)
{
	struct swap_info_struct *si = mmscope_swap_area_get(type);
	const struct page *head;
	struct compat_slot s;

	*slot = (struct mmscope_swap_slot){ .pfn = MMSCOPE_UNKNOWN };
	if (!si)
		return;
	if (offset && offset < READ_ONCE(si->max)) {
		slot->known = true;
		compat_read_slot(si, offset, &s);
		head = s.head ? pfn_to_online_page(s.head) : NULL;
		slot->pfn = head ? pfn_in_folio(head, offset) : cached_pfn(type, offset);
		slot->cached = slot->pfn != MMSCOPE_UNKNOWN || s.cached;
	}
	mmscope_swap_area_put(si);
}

/**
 * mmscope_swap_name - the device or file of an area
 * @type: number of the area
 * @buf: PATH_MAX bytes of scratch
 * @name: filled with the end of its path; empty if it cannot be had
 * @size: room there
 */
void mmscope_swap_name(u32 type, char *buf, char *name, size_t size)
{
	struct swap_info_struct *si = mmscope_swap_area_get(type);
	const char *path;
	size_t len;

	*name = '\0';
	if (!si)
		return;
	/* stays as long as the area cannot be switched off */
	path = si->swap_file ? d_path(&si->swap_file->f_path, buf, PATH_MAX) : ERR_PTR(-ENOENT);
	mmscope_swap_area_put(si);
	if (IS_ERR(path))
		return;
	len = strlen(path);
	strscpy(name, len < size ? path : path + len - (size - 1), size);
}

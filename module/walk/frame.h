/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What walkers by page frame number share: pageblocks and free blocks.
 *
 * All reads are lockless. The memory hotplug lock is held for reading, and the
 * frame is in an online section, so its struct page stays.
 */
#ifndef _MMSCOPE_WALK_FRAME_H
#define _MMSCOPE_WALK_FRAME_H

#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>

#include "compat.h"

/* page->flags, read once, whatever its type is */
static inline unsigned long mmscope_frame_flags(const struct page *page)
{
	return READ_ONCE(*(const unsigned long *)&page->flags);
}

/* the NR_PAGEBLOCK_BITS of the pageblock of a frame; racy, as the kernel's own reading */
static inline u32 mmscope_pageblock_bits(unsigned long pfn)
{
	unsigned long bit = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) *
			    NR_PAGEBLOCK_BITS;
	const struct mem_section *ms = __pfn_to_section(pfn);
	const struct mem_section_usage *usage;
	const unsigned long *flags;
	unsigned long word = 0;

	/* hot removal frees it by RCU */
	rcu_read_lock_sched();
	usage = READ_ONCE(ms->usage);
	if (usage) {
		/* by a pointer: UBSAN takes the array for one of no words, as it is declared */
		flags = usage->pageblock_flags;
		word = READ_ONCE(flags[bit / BITS_PER_LONG]);
	}
	rcu_read_unlock_sched();
	return word >> bit % BITS_PER_LONG & ((1U << NR_PAGEBLOCK_BITS) - 1);
}

/**
 * mmscope_frame_online - does Linux manage this frame?
 * @pfn: its number
 *
 * For who looks at no struct page, and so holds no hotplug lock: the answer may be
 * old, but what it is read from is there (hot removal frees it by RCU).
 */
static inline bool mmscope_frame_online(unsigned long pfn)
{
	bool online;

	rcu_read_lock();
	online = pfn_to_online_page(pfn);
	rcu_read_unlock();
	return online;
}

/**
 * mmscope_free_order - the order of the free block that begins at a page
 * @page: the page
 *
 * The page may be allocated while we look: then page->private is anything.
 *
 * Return: the order, or -1 if no free block begins here.
 */
static inline int mmscope_free_order(const struct page *page)
{
	unsigned long order;

	if (!compat_type_is(READ_ONCE(page->page_type), buddy))
		return -1;
	order = READ_ONCE(page->private);
	return order < mmscope_nr_orders ? order : -1;
}

/**
 * mmscope_free_head - the free block that a page is in, as is_free_buddy_page()
 * @page: the page
 * @pfn: its number
 * @order: only blocks of at least this order; the order of the block found
 *
 * Blocks are aligned to their size, and within one section.
 *
 * Return: the first frame of the block; @pfn with *@order negative if none is found.
 */
static inline unsigned long mmscope_free_head(const struct page *page, unsigned long pfn,
					      int *order)
{
	int i;

	for (i = *order; i < (int)mmscope_nr_orders; i++) {
		unsigned long offset = pfn & ((1UL << i) - 1);
		int found;

		/* a block from there would have been found one order below */
		if (i > *order && !(pfn >> (i - 1) & 1))
			continue;
		found = mmscope_free_order(page - offset);
		if (found >= i) {
			*order = found;
			return pfn - offset;
		}
	}
	*order = -1;
	return pfn;
}

#endif /* _MMSCOPE_WALK_FRAME_H */

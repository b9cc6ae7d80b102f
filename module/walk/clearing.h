/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a frame could be got out of a block that is to become one huge page: the
 * one place where a class becomes movable, reclaimable or unmovable. Pure, as
 * page_class.h; what must be looked up for it, block.c looks up.
 *
 * The rules are those of isolate_migratepages_block() for a block that buddy
 * lists can hold (compaction), and of alloc_contig_pages() with
 * has_unmovable_pages() for a larger one.
 */
#ifndef _MMSCOPE_WALK_CLEARING_H
#define _MMSCOPE_WALK_CLEARING_H

#include "page_class.h"

/**
 * struct mmscope_mover - what moves frames, for a size of block on this kernel
 * @order: of the block
 * @contig: by alloc_contig_pages(), not by compaction
 * @unevictable: it takes unevictable pages (vm.compact_unevictable_allowed)
 * @large: it takes large folios that are smaller than a pageblock (Linux 6.9)
 */
struct mmscope_mover {
	u32 order;
	bool contig;
	bool unevictable;
	bool large;
};

/**
 * struct mmscope_standing - what the class does not tell of a thing
 * @class: enum mmscope_class
 * @order: of the compound page
 * @flags: page->flags
 * @movable_ops: it is marked as one that its owner moves (zsmalloc, balloon)
 * @stuck: it is dirty, and its file system moves only what is clean
 */
struct mmscope_standing {
	u32 class;
	u32 order;
	unsigned long flags;
	bool movable_ops;
	bool stuck;
};

/* Memory of processes and files, not pinned. */
static inline u32 mmscope_user_clearing(const struct mmscope_mover *m,
					const struct mmscope_standing *p)
{
	/* as large as the block itself: there is nothing to win by moving it */
	if (p->order >= m->order)
		return MMSCOPE_CLEARING_HUGE;
	/* alloc_contig_pages() moves large folios of any size */
	if (p->order && !m->contig && !m->large)
		return MMSCOPE_CLEARING_NOT;
	/* mlocked, ramfs, and the like; alloc_contig_pages() takes them always */
	if (mmscope_frame_has(p->flags, PG_unevictable) && !m->unevictable)
		return MMSCOPE_CLEARING_NOT;
	/* fallback_migrate_folio() has no way to write it back first */
	if (p->stuck)
		return MMSCOPE_CLEARING_NOT;
	/*
	 * Dirty pages and those under writeback are moved, if not by the first,
	 * asynchronous, attempt. One more reference than is explained is mostly
	 * that of a CPU's LRU batch, and those are drained before.
	 */
	return MMSCOPE_CLEARING_COMPACT;
}

/**
 * mmscope_clearing - how a thing could be got out of a block
 * @m: what would move it
 * @p: the thing
 *
 * Return: enum mmscope_clearing.
 */
static inline u32 mmscope_clearing(const struct mmscope_mover *m,
				   const struct mmscope_standing *p)
{
	switch (p->class) {
	case MMSCOPE_CLASS_FREE:
	case MMSCOPE_CLASS_FREE_CMA:
	case MMSCOPE_CLASS_FREE_HIGHATOMIC:
	case MMSCOPE_CLASS_FREE_ISOLATED:
	/* drained before memory is compacted or isolated */
	case MMSCOPE_CLASS_FREE_PCP:
		return MMSCOPE_CLEARING_FREE;
	/* nobody refers to it: in a moment it is something else, mostly free */
	case MMSCOPE_CLASS_IN_FLIGHT:
		return MMSCOPE_CLEARING_COMPACT;
	case MMSCOPE_CLASS_ANON:
	case MMSCOPE_CLASS_ANON_THP:
	case MMSCOPE_CLASS_ANON_LARGE:
	case MMSCOPE_CLASS_SWAPCACHE:
	case MMSCOPE_CLASS_KSM:
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
		return mmscope_user_clearing(m, p);
	/* alloc_contig_pages() goes round any hugetlb page, compaction too */
	case MMSCOPE_CLASS_HUGETLB:
	case MMSCOPE_CLASS_HUGETLB_FREE:
		return MMSCOPE_CLEARING_HUGE;
	case MMSCOPE_CLASS_SLAB_RECLAIMABLE:
		return MMSCOPE_CLEARING_RECLAIM;
	case MMSCOPE_CLASS_ZSMALLOC:
		return MMSCOPE_CLEARING_COMPACT;
	/* a balloon's pages; other drivers' that registered movable_operations */
	case MMSCOPE_CLASS_OFFLINE:
	case MMSCOPE_CLASS_UNATTRIBUTED:
		return p->movable_ops ? MMSCOPE_CLEARING_COMPACT : MMSCOPE_CLEARING_NOT;
	/* the huge zero page goes when its last user does */
	case MMSCOPE_CLASS_ZERO:
		return p->order >= m->order ? MMSCOPE_CLEARING_HUGE : MMSCOPE_CLEARING_NOT;
	case MMSCOPE_CLASS_HOLE:
		return MMSCOPE_CLEARING_HOLE;
	/*
	 * Pinned: migration finds more references than it expects. Everything
	 * else is known by its address to whoever uses it.
	 */
	default:
		return MMSCOPE_CLEARING_NOT;
	}
}

#endif /* _MMSCOPE_WALK_CLEARING_H */

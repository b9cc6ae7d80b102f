/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The class of a page frame, as far as its snapshot tells. Pure, as page_kind.h:
 * what is known from elsewhere (caches, overlay, RAM) is added by sweep.c.
 */
#ifndef _MMSCOPE_WALK_PAGE_CLASS_H
#define _MMSCOPE_WALK_PAGE_CLASS_H

#include <linux/poison.h>

#include "page_kind.h"

/* of the references a pinned page has: pin_user_pages() takes so many at a time */
#define MMSCOPE_PIN_WEIGHT 1024	/* GUP_PIN_COUNTING_BIAS */

static inline u32 mmscope_free_class(u32 migratetype)
{
	switch (migratetype) {
	case MIGRATE_HIGHATOMIC:
		return MMSCOPE_CLASS_FREE_HIGHATOMIC;
#ifdef CONFIG_CMA
	case MIGRATE_CMA:
		return MMSCOPE_CLASS_FREE_CMA;
#endif
#ifdef CONFIG_MEMORY_ISOLATION
	case MIGRATE_ISOLATE:
		return MMSCOPE_CLASS_FREE_ISOLATED;
#endif
	default:
		return MMSCOPE_CLASS_FREE;
	}
}

/*
 * More references than page tables that map it explain, by the weight of a pin.
 * Large folios count pins apart.
 */
static inline bool mmscope_frame_pinned(const struct mmscope_frame *f)
{
	if (f->order)
		return f->compound.pins > 0;
	if (f->refcount < MMSCOPE_PIN_WEIGHT)
		return false;
	return f->refcount - (s32)mmscope_frame_mapcount(f) >= MMSCOPE_PIN_WEIGHT;
}

static inline u32 mmscope_anon_class(const struct mmscope_frame *f)
{
	if (mmscope_frame_is_swapcache(f))
		return MMSCOPE_CLASS_SWAPCACHE;
	if (!f->order)
		return MMSCOPE_CLASS_ANON;
	return f->order < PMD_SHIFT - PAGE_SHIFT ? MMSCOPE_CLASS_ANON_LARGE :
						   MMSCOPE_CLASS_ANON_THP;
}

static inline u32 mmscope_user_class(const struct mmscope_frame *f, u32 kind)
{
	if (mmscope_frame_pinned(f))
		return MMSCOPE_CLASS_PINNED;
	if (kind == MMSCOPE_PAGE_ANON)
		return mmscope_anon_class(f);
	return kind == MMSCOPE_PAGE_FILE ? MMSCOPE_CLASS_FILE : MMSCOPE_CLASS_SHMEM;
}

/* of an allocated page without a type: a page pool marks the word that could be a link */
static inline bool mmscope_is_pool_link(unsigned long link)
{
	return (link & ~3UL) == PP_SIGNATURE;
}

/* an allocated page without an owner in its struct page, but with some mark */
static inline u32 mmscope_kernel_class(const struct mmscope_frame *f)
{
	if (compat_is_zsmalloc(f->head_type, f->mapping))
		return MMSCOPE_CLASS_ZSMALLOC;
	if (compat_is_large_kmalloc(f->head_type))
		return MMSCOPE_CLASS_LARGE_KMALLOC;
	if (!compat_has_type(f->head_type) && mmscope_is_pool_link(f->link))
		return MMSCOPE_CLASS_PAGE_POOL;
	return MMSCOPE_CLASS_UNATTRIBUTED;
}

/**
 * mmscope_frame_class - the class of a frame
 * @f: the snapshot
 * @kind: its kind, from mmscope_frame_kind()
 * @migratetype: of its pageblock
 *
 * Return: enum mmscope_class; SLAB for all caches, RESERVED for all that was
 * reserved at boot, UNATTRIBUTED for what an overlay may know.
 */
static inline u32 mmscope_frame_class(const struct mmscope_frame *f, u32 kind, u32 migratetype)
{
	switch (kind) {
	case MMSCOPE_PAGE_FREE:
		return mmscope_free_class(migratetype);
	case MMSCOPE_PAGE_PCP:
		return MMSCOPE_CLASS_FREE_PCP;
	case MMSCOPE_PAGE_TRANSIENT:
		return MMSCOPE_CLASS_IN_FLIGHT;
	case MMSCOPE_PAGE_SLAB:
		return MMSCOPE_CLASS_SLAB;
	case MMSCOPE_PAGE_PAGETABLE:
		return MMSCOPE_CLASS_PAGETABLE;
	case MMSCOPE_PAGE_ANON:
	case MMSCOPE_PAGE_FILE:
	case MMSCOPE_PAGE_SHMEM:
		return mmscope_user_class(f, kind);
	case MMSCOPE_PAGE_HUGETLB:
		return f->refcount ? MMSCOPE_CLASS_HUGETLB : MMSCOPE_CLASS_HUGETLB_FREE;
	case MMSCOPE_PAGE_KSM:
		return MMSCOPE_CLASS_KSM;
	case MMSCOPE_PAGE_RESERVED:
		return MMSCOPE_CLASS_RESERVED;
	case MMSCOPE_PAGE_OFFLINE:
		return MMSCOPE_CLASS_OFFLINE;
	case MMSCOPE_PAGE_ZERO:
		return MMSCOPE_CLASS_ZERO;
	case MMSCOPE_PAGE_HWPOISON:
		return MMSCOPE_CLASS_HWPOISON;
	default:
		return mmscope_kernel_class(f);
	}
}

#endif /* _MMSCOPE_WALK_PAGE_CLASS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a page frame is, told from a snapshot of it. Pure: nothing here looks at
 * a struct page that others may change.
 */
#ifndef _MMSCOPE_WALK_PAGE_KIND_H
#define _MMSCOPE_WALK_PAGE_KIND_H

#include <linux/kernel-page-flags.h>
#include <linux/mm.h>

#include "compat.h"

enum mmscope_frame_state {	/* what the words of a struct page do not tell */
	MMSCOPE_FRAME_FREE	= 1 << 0,	/* inside a block of the buddy allocator */
	MMSCOPE_FRAME_PCP	= 1 << 1,	/* of a block on a per-CPU list */
	MMSCOPE_FRAME_TAIL	= 1 << 2,	/* of an allocation that is not compound */
	MMSCOPE_FRAME_ZERO	= 1 << 3,	/* the zero page */
	MMSCOPE_FRAME_HUGE_ZERO	= 1 << 4,	/* part of the huge zero page */
};

/**
 * struct mmscope_frame - one frame and the head of its compound page
 * @pfn: the frame
 * @head_pfn: first frame of the compound page or free block; @pfn if it is alone
 * @flags: page->flags
 * @head_flags: of the head of the compound page, which is the page itself if none
 * @mapping: of the head, not to be dereferenced
 * @link: word of the head that would link it to another head
 * @memcg: memcg_data of the head
 * @type: page->page_type, which is page->_mapcount if there is no type
 * @head_type: of the head
 * @refcount: of the head
 * @order: of the compound page or free block, else 0
 * @state: enum mmscope_frame_state
 * @compound: zero if it is none
 */
struct mmscope_frame {
	unsigned long pfn;
	unsigned long head_pfn;
	unsigned long flags;
	unsigned long head_flags;
	unsigned long mapping;
	unsigned long link;
	unsigned long memcg;
	u32 type;
	u32 head_type;
	s32 refcount;
	u32 order;
	u32 state;
	struct compat_compound compound;
};

/* the low bits of page->mapping */
#define MMSCOPE_MAPPING_ANON	1UL
#define MMSCOPE_MAPPING_KSM	3UL

static inline bool mmscope_frame_has(unsigned long flags, unsigned int bit)
{
	return flags >> bit & 1;
}

static inline bool mmscope_frame_is_anon(const struct mmscope_frame *f)
{
	return f->mapping & MMSCOPE_MAPPING_ANON;
}

static inline bool mmscope_frame_is_ksm(const struct mmscope_frame *f)
{
	return (f->mapping & MMSCOPE_MAPPING_KSM) == MMSCOPE_MAPPING_KSM;
}

static inline bool mmscope_frame_is_slab(const struct mmscope_frame *f)
{
	return compat_is_slab(f->head_flags, f->head_type);
}

static inline bool mmscope_frame_is_swapcache(const struct mmscope_frame *f)
{
	return mmscope_frame_has(f->head_flags, PG_swapbacked) &&
	       mmscope_frame_has(f->head_flags, PG_swapcache);
}

/* Whose memory is an allocated page without a type? Of processes and files, mostly. */
static inline enum mmscope_page_kind mmscope_frame_user_kind(const struct mmscope_frame *f)
{
	if (mmscope_frame_is_ksm(f))
		return MMSCOPE_PAGE_KSM;
	/* just read from swap, it has no mapping yet */
	if (mmscope_frame_is_anon(f) || (!f->mapping && mmscope_frame_is_swapcache(f)))
		return MMSCOPE_PAGE_ANON;
	/* a truncated page may still be mapped or on its way off the LRU */
	if ((f->mapping && !(f->mapping & MMSCOPE_MAPPING_KSM)) ||
	    mmscope_frame_has(f->head_flags, PG_lru))
		return mmscope_frame_has(f->head_flags, PG_swapbacked) ? MMSCOPE_PAGE_SHMEM :
									 MMSCOPE_PAGE_FILE;
	return f->compound.order ? MMSCOPE_PAGE_COMPOUND : MMSCOPE_PAGE_OTHER;
}

/* Has it none of the marks that decide before its mapping does? Most frames have none. */
static inline bool mmscope_frame_is_plain(const struct mmscope_frame *f)
{
	return !f->state && !f->order && f->refcount > 0 && (s32)f->type >= -1 &&
	       !mmscope_frame_is_slab(f) && !compat_hwpoison(f->flags, f->head_flags, false) &&
	       !mmscope_frame_has(f->head_flags, PG_reserved);
}

/**
 * mmscope_frame_kind - classify a frame
 * @f: the snapshot
 *
 * The type decides before anything else is looked at: mapping, index and
 * private are unions with what the owner of a typed page keeps there.
 */
static inline enum mmscope_page_kind mmscope_frame_kind(const struct mmscope_frame *f)
{
	if (mmscope_frame_is_plain(f))
		return mmscope_frame_user_kind(f);
	if (f->state & MMSCOPE_FRAME_FREE)
		return MMSCOPE_PAGE_FREE;
	if (compat_hwpoison(f->flags, f->head_flags, f->compound.hugetlb))
		return MMSCOPE_PAGE_HWPOISON;
	if (compat_type_is(f->type, offline))
		return MMSCOPE_PAGE_OFFLINE;
	if (compat_type_is(f->type, table))
		return MMSCOPE_PAGE_PAGETABLE;
	if (mmscope_frame_is_slab(f))
		return MMSCOPE_PAGE_SLAB;
	if (f->compound.hugetlb)
		return MMSCOPE_PAGE_HUGETLB;
	if (f->state & (MMSCOPE_FRAME_ZERO | MMSCOPE_FRAME_HUGE_ZERO))
		return MMSCOPE_PAGE_ZERO;
	if (mmscope_frame_has(f->head_flags, PG_reserved))
		return MMSCOPE_PAGE_RESERVED;
	if (f->state & MMSCOPE_FRAME_PCP)
		return MMSCOPE_PAGE_PCP;
	/* by 7.3 large kmalloc takes its pages without a reference, as slabs are taken */
	if (!f->refcount && !compat_is_large_kmalloc(f->head_type))
		return f->state & MMSCOPE_FRAME_TAIL ? MMSCOPE_PAGE_OTHER : MMSCOPE_PAGE_TRANSIENT;
	if (compat_has_type(f->head_type))
		return f->compound.order ? MMSCOPE_PAGE_COMPOUND : MMSCOPE_PAGE_OTHER;
	return mmscope_frame_user_kind(f);
}

/**
 * mmscope_frame_mapcount - how often user page tables map this frame
 * @f: the snapshot
 *
 * Return: what /proc/kpagecount tells.
 */
static inline u32 mmscope_frame_mapcount(const struct mmscope_frame *f)
{
	return compat_mapcount(f->type, mmscope_frame_is_slab(f), mmscope_frame_is_anon(f),
			       &f->compound);
}

/* the bits that are not copied from page->flags */
static inline u64 mmscope_frame_kpf_made(const struct mmscope_frame *f)
{
	const struct compat_compound *c = &f->compound;
	bool slab = mmscope_frame_is_slab(f), anon = mmscope_frame_is_anon(f);
	u64 kpf = 0;

	if (c->order)
		kpf |= BIT_ULL(f->pfn == f->head_pfn ? KPF_COMPOUND_HEAD : KPF_COMPOUND_TAIL);
	if (!slab && (c->order ? c->mapped : (s32)f->type >= 0))
		kpf |= BIT_ULL(KPF_MMAP);
	if (anon)
		kpf |= BIT_ULL(KPF_ANON);
	if (mmscope_frame_is_ksm(f))
		kpf |= BIT_ULL(KPF_KSM);
	if (slab)
		kpf |= BIT_ULL(KPF_SLAB);
	if (c->hugetlb)
		kpf |= BIT_ULL(KPF_HUGE);
	else if (compat_is_thp(f->head_flags, anon, c))
		kpf |= BIT_ULL(KPF_THP);
	else if (f->state & MMSCOPE_FRAME_HUGE_ZERO)
		kpf |= BIT_ULL(KPF_ZERO_PAGE) | BIT_ULL(KPF_THP);
	else if (f->state & MMSCOPE_FRAME_ZERO)
		kpf |= BIT_ULL(KPF_ZERO_PAGE);
	if (f->state & MMSCOPE_FRAME_FREE)
		kpf |= BIT_ULL(KPF_BUDDY);
	if (compat_type_is(f->type, offline))
		kpf |= BIT_ULL(KPF_OFFLINE);
	if (compat_type_is(f->type, table))
		kpf |= BIT_ULL(KPF_PGTABLE);
	if (mmscope_frame_is_swapcache(f))
		kpf |= BIT_ULL(KPF_SWAPCACHE);
	if (compat_hwpoison(f->flags, f->head_flags, c->hugetlb))
		kpf |= BIT_ULL(KPF_HWPOISON);
	return kpf;
}

/**
 * mmscope_frame_kpf - the flags of a frame in the numbering of /proc/kpageflags
 * @f: the snapshot
 *
 * Differs from this kernel's /proc/kpageflags in one bit where that is wrong:
 * 6.12 shows KPF_KSM for every anonymous page.
 */
static inline u64 mmscope_frame_kpf(const struct mmscope_frame *f)
{
	unsigned long flags = compat_kpf_flags(f->flags, f->head_flags);
	u64 kpf = mmscope_frame_kpf_made(f);

#define X(_kpf, _pg, _text) kpf |= (u64)(flags >> PG_##_pg & 1) << KPF_##_kpf;
	COMPAT_KPF_COPIED(X)
#undef X
	return kpf;
}

#endif /* _MMSCOPE_WALK_PAGE_KIND_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * The snapshot of one page frame, for page_kind.h to classify.
 *
 * Locks: none; the caller holds the memory hotplug lock for reading.
 *
 * Staleness: a struct page is read word by word. The link to the head of a
 * compound page is read again after the head. Words of one snapshot may be of
 * different moments, as in /proc/kpageflags.
 *
 * Pages on per-CPU lists carry no mark, and the lists may be too long to be
 * followed under their lock. They are told by their links: a page without
 * references whose neighbours link back to it, up to the list heads of the
 * per-CPU lists of its zone. Pages that compaction has isolated look the same.
 *
 * Sources: struct page; PageBuddy() and page->private for free blocks;
 * page->pcp_list, heads in zone->per_cpu_pageset; zero_pfn, huge_zero_pfn.
 */
#include <linux/cpumask.h>
#include <linux/log2.h>
#include <linux/memory_hotplug.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>

#include "frame.h"
#include "mmscope.h"
#include "page_read.h"

/* a struct page that changes all the time is given up */
#define READ_TRIES 4

static void read_single(const struct page *page, unsigned long pfn, struct mmscope_frame *f)
{
	*f = (struct mmscope_frame){
		.pfn = pfn,
		.head_pfn = pfn,
		.flags = mmscope_frame_flags(page),
		.mapping = (unsigned long)READ_ONCE(page->mapping),
		.link = compat_page_link(page),
		.memcg = compat_memcg_data(page),
		.type = READ_ONCE(page->page_type),
		.refcount = page_ref_count(page),
	};
	f->head_flags = f->flags;
	f->head_type = f->type;
}

/* Is this the head of a page at @pfn, as far as its number tells? */
static bool head_is_sane(const struct page *head, unsigned long head_pfn, unsigned long pfn)
{
	if (head_pfn > pfn || (pfn - head_pfn) >> MMSCOPE_MAX_COMPOUND_ORDER)
		return false;
	return pfn_to_section_nr(head_pfn) == pfn_to_section_nr(pfn) ||
	       pfn_to_online_page(head_pfn) == head;
}

/* Read a frame and its head. False if they do not belong together (any more). */
static bool read_compound(const struct page *page, unsigned long pfn, struct mmscope_frame *f)
{
	const struct page *head = compound_head(page);

	read_single(page, pfn, f);
	if (head == page && !mmscope_frame_has(f->flags, PG_head))
		return true;

	f->head_pfn = page_to_pfn(head);
	if (!head_is_sane(head, f->head_pfn, pfn))
		return false;
	f->head_flags = mmscope_frame_flags(head);
	f->head_type = READ_ONCE(head->page_type);
	f->mapping = (unsigned long)READ_ONCE(head->mapping);
	f->link = compat_page_link(head);
	f->memcg = compat_memcg_data(head);
	f->refcount = page_ref_count(head);
	compat_read_compound(head, f->head_type, &f->compound);
	f->order = f->compound.order;
	return f->order && f->order <= MMSCOPE_MAX_COMPOUND_ORDER &&
	       !((pfn - f->head_pfn) >> f->order) && compound_head(page) == head &&
	       mmscope_frame_has(mmscope_frame_flags(head), PG_head);
}

/* A free block: its first page is marked, the others have no reference. */
static void find_free_block(struct mmscope_page_reader *r, const struct page *page,
			    struct mmscope_frame *f)
{
	unsigned long offset = f->pfn - r->free_pfn;
	int order = 0;

	/* mostly it is the block of the frame before */
	if (offset >> r->free_order || mmscope_free_order(page - offset) != r->free_order) {
		unsigned long head = mmscope_free_head(page, f->pfn, &order);

		if (order < 0)
			return;
		r->free_pfn = head;
		r->free_order = order;
	}
	f->head_pfn = r->free_pfn;
	f->order = r->free_order;
	f->state |= MMSCOPE_FRAME_FREE;
}

/* ----------------------------------------- frames without references and marks */

/* the heads lie in per-CPU memory, which is not looked at here */
static bool is_pcp_head(const struct zone *zone, const struct list_head *entry)
{
	int cpu;

	for_each_online_cpu(cpu) {
		const struct list_head *lists = per_cpu_ptr(zone->per_cpu_pageset, cpu)->lists;

		if (entry >= lists && entry < lists + NR_PCP_LISTS)
			return true;
	}
	return false;
}

/*
 * The list entry of a page, if it is one: any word may be met here, so it is
 * believed only when it is the address of a struct page that exists.
 */
static const struct list_head *page_entry(const struct list_head *entry)
{
	const struct page *page = list_entry(entry, struct page, pcp_list);
	unsigned long pfn = page_to_pfn(page);

	return pfn_to_page(pfn) == page && pfn_to_online_page(pfn) ? entry : NULL;
}

static bool on_pcp_list(const struct page *page)
{
	const struct list_head *entry = &page->pcp_list;
	const struct list_head *next = READ_ONCE(entry->next), *prev = READ_ONCE(entry->prev);

	/* in other memory models a page's number is read from the page */
	if (!IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		return false;
	/* a page that was never on a list points to itself */
	if (next == entry)
		return false;
	if (page_entry(next) ? READ_ONCE(next->prev) != entry : !is_pcp_head(page_zone(page), next))
		return false;
	return page_entry(prev) ? READ_ONCE(prev->next) == entry :
				  is_pcp_head(page_zone(page), prev);
}

/* Can a block that is aligned to its size begin at a head and reach to a frame? */
static bool block_reaches(unsigned long head, unsigned long pfn)
{
	return !(head & (roundup_pow_of_two(pfn - head + 1) - 1));
}

/*
 * Of a block of a higher order that is not compound, allocated or on a per-CPU
 * list, only the first page has a reference or links. Look back for it.
 */
static u32 find_bare_head(const struct page *page, unsigned long pfn, unsigned long *head)
{
	unsigned long start = ALIGN_DOWN(pfn, 1UL << (mmscope_nr_orders - 1));
	struct mmscope_frame f;

	for (*head = pfn; *head > start;) {
		--*head;
		--page;
		read_single(page, *head, &f);
		if (compound_head(page) != page || mmscope_frame_has(f.flags, PG_head))
			return 0;
		if (f.refcount)
			return mmscope_frame_kind(&f) == MMSCOPE_PAGE_OTHER ?
			       MMSCOPE_FRAME_TAIL : 0;
		if (compat_has_type(f.type))
			return 0;
		if (on_pcp_list(page))
			return MMSCOPE_FRAME_PCP;
	}
	return 0;
}

/**
 * mmscope_page_is_pcp - is a frame the first one of a block on a per-CPU list?
 * @r: what is remembered for the frames behind it
 * @page: its struct page, in an online section
 * @pfn: its number
 *
 * Only for frames without references or marks.
 */
bool mmscope_page_is_pcp(struct mmscope_page_reader *r, const struct page *page,
			 unsigned long pfn)
{
	if (compat_has_type(READ_ONCE(page->page_type)) || !on_pcp_list(page))
		return false;
	r->bare_head = pfn;
	r->bare_pfn = pfn;
	r->bare_state = MMSCOPE_FRAME_PCP;
	return true;
}

/* What is a frame without references or marks part of? */
static u32 bare_state(struct mmscope_page_reader *r, const struct page *page, unsigned long pfn)
{
	if (mmscope_page_is_pcp(r, page, pfn))
		return r->bare_state;
	if (r->bare_pfn + 1 != pfn)
		r->bare_state = find_bare_head(page, pfn, &r->bare_head);
	r->bare_pfn = pfn;
	return block_reaches(r->bare_head, pfn) ? r->bare_state : 0;
}

/**
 * mmscope_page_read - take the snapshot of a frame
 * @r: what is remembered from the frame before
 * @page: its struct page, in an online section
 * @pfn: its number
 * @f: the snapshot
 *
 * Return: false if it changed again and again: then it is shown as if it were no
 * compound page.
 */
bool mmscope_page_read(struct mmscope_page_reader *r, const struct page *page,
		       unsigned long pfn, struct mmscope_frame *f)
{
	unsigned int tries = READ_TRIES;

	while (tries && !read_compound(page, pfn, f))
		tries--;
	if (!tries)
		read_single(page, pfn, f);
	if (is_zero_pfn(pfn))
		f->state |= MMSCOPE_FRAME_ZERO;
	if (f->order && f->head_pfn == r->huge_zero_pfn)
		f->state |= MMSCOPE_FRAME_HUGE_ZERO;
	if (!f->refcount) {
		find_free_block(r, page, f);
		if (mmscope_frame_kind(f) == MMSCOPE_PAGE_TRANSIENT && !f->order)
			f->state |= bare_state(r, page, pfn);
	}
	return tries;
}

/**
 * mmscope_page_reader_begin - look up what the snapshots of a window need
 * @r: zeroed before the first window
 */
void mmscope_page_reader_begin(struct mmscope_page_reader *r)
{
	const unsigned long *huge_zero_pfn = mmscope_sym(huge_zero_pfn);

	r->huge_zero_pfn = huge_zero_pfn ? READ_ONCE(*huge_zero_pfn) : ~0UL;
}

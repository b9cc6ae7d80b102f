/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MMSCOPE_WALK_PAGE_READ_H
#define _MMSCOPE_WALK_PAGE_READ_H

#include "page_kind.h"

/* no compound page is larger than what one entry of a page table maps */
#define MMSCOPE_MAX_COMPOUND_ORDER (PUD_SHIFT - PAGE_SHIFT)

/**
 * struct mmscope_page_reader - what one frame tells about the next
 * @huge_zero_pfn: of the huge zero page, ~0: there is none
 * @free_pfn: the free block met last
 * @free_order: its order
 * @bare_pfn: the frame without references or marks met last,
 * @bare_head: the frame at or before it that tells what it is,
 * @bare_state: and what that told, enum mmscope_frame_state
 */
struct mmscope_page_reader {
	unsigned long huge_zero_pfn;
	unsigned long free_pfn;
	unsigned int free_order;
	unsigned long bare_pfn;
	unsigned long bare_head;
	u32 bare_state;
};

bool mmscope_page_is_pcp(struct mmscope_page_reader *r, const struct page *page,
			 unsigned long pfn);
void mmscope_page_reader_begin(struct mmscope_page_reader *r);
bool mmscope_page_read(struct mmscope_page_reader *r, const struct page *page,
		       unsigned long pfn, struct mmscope_frame *f);

#endif /* _MMSCOPE_WALK_PAGE_READ_H */

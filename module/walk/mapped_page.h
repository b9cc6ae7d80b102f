/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the struct pages of mapped frames tell, read one after another.
 */
#ifndef _MMSCOPE_MAPPED_PAGE_H
#define _MMSCOPE_MAPPED_PAGE_H

#include "page_read.h"

/**
 * struct mmscope_mapped_reader - the frame read last; what it tells about its
 *	compound page holds for the others of that
 * @reader: of page_read.c
 * @frame: the frame
 * @valid: there is one
 */
struct mmscope_mapped_reader {
	struct mmscope_page_reader reader;
	struct mmscope_frame frame;
	bool valid;
};

void mmscope_mapped_begin(struct mmscope_mapped_reader *r);
const struct mmscope_frame *mmscope_mapped_read(struct mmscope_mapped_reader *r,
						struct mmscope_walk *w, u64 pfn);

#endif /* _MMSCOPE_MAPPED_PAGE_H */

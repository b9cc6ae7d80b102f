// SPDX-License-Identifier: GPL-2.0
/*
 * The struct pages behind page-table entries.
 *
 * Locks: none of its own; the caller holds mmap_lock of who maps them and the
 * memory hotplug lock, both for reading. No page is referenced: one may be
 * unmapped and given to others while it is read.
 *
 * Staleness: as page_read.c. Of a compound page the head is read once a hold and
 * believed for the frames that follow, as long as they still are its tails.
 *
 * Source: struct page, by page_read.c.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "../mmscope.h"
#include "frame.h"
#include "mapped_page.h"

/* another frame of the same compound page: only its own words are new */
static bool read_same(struct mmscope_frame *f, u64 pfn)
{
	const struct page *page;

	if (!f->compound.order || (pfn - f->head_pfn) >> f->compound.order)
		return false;
	page = pfn_to_page(pfn);
	if (compound_head(page) != pfn_to_page(f->head_pfn))
		return false;
	f->pfn = pfn;
	f->flags = mmscope_frame_flags(page);
	f->type = READ_ONCE(page->page_type);
	return true;
}

/**
 * mmscope_mapped_begin - a hold begins: what was read before is old
 * @r: the reader
 */
void mmscope_mapped_begin(struct mmscope_mapped_reader *r)
{
	r->valid = false;
	mmscope_page_reader_begin(&r->reader);
}

/**
 * mmscope_mapped_read - the snapshot of a frame
 * @r: the reader
 * @w: counts those that changed too fast
 * @pfn: its number, from an entry that is present
 *
 * Return: the snapshot, until the next call; NULL: the frame has no struct page.
 */
const struct mmscope_frame *mmscope_mapped_read(struct mmscope_mapped_reader *r,
						struct mmscope_walk *w, u64 pfn)
{
	const struct page *page;

	if (r->valid && read_same(&r->frame, pfn))
		return &r->frame;
	page = pfn_to_online_page(pfn);
	r->valid = page;
	if (!page)
		return NULL;
	if (!mmscope_page_read(&r->reader, page, pfn, &r->frame))
		w->torn++;
	return &r->frame;
}

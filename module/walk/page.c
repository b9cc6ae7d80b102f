// SPDX-License-Identifier: GPL-2.0
/*
 * pages: one record for each page frame that has a struct page in an online
 * section, holes of the physical map included if they have one.
 *
 * Locks: none but the memory hotplug lock for reading.
 *
 * Staleness: see page_read.c. A frame that changes again and again while it is
 * read is counted as torn.
 *
 * Sources: struct page, by page_read.c; mem_section->usage->pageblock_flags for
 * the migratetype.
 */
#include <linux/memory_hotplug.h>

#include "frame.h"
#include "mmscope.h"
#include "page_read.h"

/* frames whose struct pages are neighbours and that exist all or not at all */
#define CHUNK min(pageblock_nr_pages, PAGES_PER_SUBSECTION)

static u32 frame_node(unsigned long flags)
{
	return flags >> NODES_PGSHIFT & NODES_MASK;
}

static u32 frame_zone(unsigned long flags)
{
	return flags >> ZONES_PGSHIFT & ZONES_MASK;
}

static bool unwanted(const struct mmscope_query *q, const struct page *page)
{
	unsigned long flags;

	if (q->node == MMSCOPE_ANY && q->zone == MMSCOPE_ANY)
		return false;
	flags = mmscope_frame_flags(page);
	return (q->node != MMSCOPE_ANY && q->node != frame_node(flags)) ||
	       (q->zone != MMSCOPE_ANY && q->zone != frame_zone(flags));
}

/* the frames [pfn, end) of one chunk */
static int walk_chunk(struct mmscope_walk *w, unsigned long pfn, unsigned long end,
		      const struct page *page)
{
	u32 migratetype = compat_pageblock_type(mmscope_pageblock_bits(pfn));
	struct mmscope_page_reader *r = w->priv;
	struct mmscope_frame f;
	int ret = 0;

	for (; pfn < end && !ret; pfn++, page++) {
		struct mmscope_page rec;

		if (unwanted(&w->q, page)) {
			ret = mmscope_skip(w, pfn + 1);
			continue;
		}
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		if (!mmscope_page_read(r, page, pfn, &f))
			w->torn++;
		rec = (struct mmscope_page){
			.pfn = pfn,
			.flags = mmscope_frame_kpf(&f),
			.head_pfn = f.head_pfn,
			.node = frame_node(f.flags),
			.zone = frame_zone(f.flags),
			.kind = mmscope_frame_kind(&f),
			.order = f.order,
			.migratetype = migratetype,
			.refcount = f.refcount,
			.mapcount = mmscope_frame_mapcount(&f),
		};
		ret = mmscope_emit(w, &rec, pfn + 1);
	}
	return ret;
}

/* the frame after the last one that any section may have */
static u64 last_frame(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, pgdat_end_pfn(NODE_DATA(nid)));
	return ALIGN(end, PAGES_PER_SECTION);
}

static int walk_frames(struct mmscope_walk *w)
{
	u64 end = min_t(u64, last_frame(), w->q.end);
	u64 pfn = max(w->cursor.pos, w->q.start);
	const struct page *page;
	u64 next;
	int ret;

	for (; pfn < end; pfn = next) {
		page = pfn_to_online_page(pfn);
		if (page) {
			next = min_t(u64, ALIGN_DOWN(pfn, CHUNK) + CHUNK, end);
			ret = walk_chunk(w, pfn, next, page);
		} else {
			next = online_section_nr(pfn_to_section_nr(pfn)) ?
			       ALIGN_DOWN(pfn, CHUNK) + CHUNK :
			       ALIGN_DOWN(pfn, PAGES_PER_SECTION) + PAGES_PER_SECTION;
			ret = mmscope_skip(w, next);
		}
		if (!ret)
			ret = mmscope_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static int page_walk(struct mmscope_walk *w)
{
	int ret;

	mmscope_page_reader_begin(w->priv);
	mmscope_call(get_online_mems)();
	ret = walk_frames(w);
	mmscope_call(put_online_mems)();
	return ret;
}

static const struct mmscope_name kind_names[] = {
	{ MMSCOPE_PAGE_OTHER, "other" },
	{ MMSCOPE_PAGE_FREE, "free" },
	{ MMSCOPE_PAGE_PCP, "pcp" },
	{ MMSCOPE_PAGE_SLAB, "slab" },
	{ MMSCOPE_PAGE_PAGETABLE, "pagetable" },
	{ MMSCOPE_PAGE_ANON, "anon" },
	{ MMSCOPE_PAGE_FILE, "file" },
	{ MMSCOPE_PAGE_SHMEM, "shmem" },
	{ MMSCOPE_PAGE_HUGETLB, "hugetlb" },
	{ MMSCOPE_PAGE_KSM, "ksm" },
	{ MMSCOPE_PAGE_RESERVED, "reserved" },
	{ MMSCOPE_PAGE_OFFLINE, "offline" },
	{ MMSCOPE_PAGE_ZERO, "zero" },
	{ MMSCOPE_PAGE_HWPOISON, "hwpoison" },
	{ MMSCOPE_PAGE_COMPOUND, "compound" },
	{ MMSCOPE_PAGE_TRANSIENT, "transient" },
};

static MMSCOPE_NAMES(page_kind_names, kind_names);

static const struct mmscope_name flag_names[] = {
	{ BIT_ULL(KPF_SLAB), "slab" },
	{ BIT_ULL(KPF_BUDDY), "buddy" },
	{ BIT_ULL(KPF_MMAP), "mmap" },
	{ BIT_ULL(KPF_ANON), "anon" },
	{ BIT_ULL(KPF_KSM), "ksm" },
	{ BIT_ULL(KPF_SWAPCACHE), "swapcache" },
	{ BIT_ULL(KPF_COMPOUND_HEAD), "compound_head" },
	{ BIT_ULL(KPF_COMPOUND_TAIL), "compound_tail" },
	{ BIT_ULL(KPF_HUGE), "huge" },
	{ BIT_ULL(KPF_THP), "thp" },
	{ BIT_ULL(KPF_ZERO_PAGE), "zero_page" },
	{ BIT_ULL(KPF_OFFLINE), "offline" },
	{ BIT_ULL(KPF_PGTABLE), "pgtable" },
	{ BIT_ULL(KPF_HWPOISON), "hwpoison" },
#define X(_kpf, _pg, _text) { BIT_ULL(KPF_##_kpf), #_text },
	COMPAT_KPF_COPIED(X)
#undef X
};

static MMSCOPE_NAMES(page_flag_names, flag_names);

static const struct mmscope_field_def page_fields[] = {
	FIELD(struct mmscope_page, pfn, PFN, "page frame number"),
	FIELD_CLASS(struct mmscope_page, kind, ENUM, &page_kind_names,
		    "what the frame is used for"),
	FIELD(struct mmscope_page, order, ID,
	      "the compound page or free block it is in has 2^order frames"),
	FIELD(struct mmscope_page, head_pfn, PFN,
	      "first frame of the compound page or free block, itself if there is none"),
	MORE(struct mmscope_page, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_page, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_ENUM(struct mmscope_page, migratetype, &mmscope_migratetype_names,
		   "of the pageblock it is in"),
	FIELD(struct mmscope_page, refcount, COUNT, "references, of the head"),
	FIELD(struct mmscope_page, mapcount, COUNT,
	      "mappings of this frame by user page tables, as /proc/kpagecount"),
	FIELD_FLAGS(struct mmscope_page, flags, &page_flag_names,
		    "flags in the numbering of /proc/kpageflags"),
};

static const struct mmscope_need page_needs[] = {
	WANT_SYM(huge_zero_pfn),
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_pages = {
	.name = "pages",
	.help = "page frames: what each is used for, flags, counts",
	.id = MMSCOPE_DS_PAGES,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_page),
	.priv_size = sizeof(struct mmscope_page_reader),
	.fields = page_fields,
	.nr_fields = ARRAY_SIZE(page_fields),
	.needs = page_needs,
	.walk = page_walk,
};

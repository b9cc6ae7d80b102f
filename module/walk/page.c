// SPDX-License-Identifier: GPL-2.0
/*
 * pages: one record for each page frame that has a struct page in an online
 * section, holes of the physical map included if they have one.
 *
 * Locks: none but the memory hotplug lock for reading.
 *
 * Staleness: a struct page is read word by word. The link to the head of a
 * compound page is read again after the head; a frame that changes again and
 * again is shown as if it were alone, and counted as torn. Words of one record
 * may be of different moments, as in /proc/kpageflags.
 *
 * Pages on per-CPU lists carry no mark, and the lists may be too long to be
 * followed under their lock. They are told by their links: a page without
 * references whose neighbours link back to it, up to the list heads of the
 * per-CPU lists of its zone. Pages that compaction has isolated look the same.
 *
 * Sources: struct page; PageBuddy() for free blocks; page->pcp_list, heads in
 * zone->per_cpu_pageset; mem_section->usage->pageblock_flags for the
 * migratetype; zero_pfn, huge_zero_pfn.
 */
#include <linux/cpumask.h>
#include <linux/memory_hotplug.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>

#include "frame.h"
#include "mmscope.h"
#include "page_kind.h"
#include "zone.h"

/* a struct page that changes all the time is given up */
#define READ_TRIES 4
/* no compound page is larger than what one entry of a page table maps */
#define MAX_COMPOUND_ORDER (PUD_SHIFT - PAGE_SHIFT)

/* frames whose struct pages are neighbours and that exist all or not at all */
#define CHUNK min(pageblock_nr_pages, PAGES_PER_SUBSECTION)

/* lives as long as a walk */
struct page_scratch {
	unsigned long huge_zero_pfn;
	unsigned long free_pfn;		/* the free block met last */
	unsigned int free_order;
	unsigned long bare_pfn;		/* the frame without marks met last, */
	unsigned long bare_head;	/* the frame before it that tells what it is, */
	u32 bare_state;			/* and what that told */
};

/* ------------------------------------------------------- struct page */

static void read_single(const struct page *page, unsigned long pfn, struct mmscope_frame *f)
{
	*f = (struct mmscope_frame){
		.pfn = pfn,
		.head_pfn = pfn,
		.flags = mmscope_frame_flags(page),
		.mapping = (unsigned long)READ_ONCE(page->mapping),
		.type = READ_ONCE(page->page_type),
		.refcount = page_ref_count(page),
	};
	f->head_flags = f->flags;
	f->head_type = f->type;
}

/* Is this the head of a page at @pfn, as far as its number tells? */
static bool head_is_sane(const struct page *head, unsigned long head_pfn, unsigned long pfn)
{
	if (head_pfn > pfn || (pfn - head_pfn) >> MAX_COMPOUND_ORDER)
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
	f->refcount = page_ref_count(head);
	compat_read_compound(head, f->head_type, &f->compound);
	f->order = f->compound.order;
	return f->order && f->order <= MAX_COMPOUND_ORDER &&
	       !((pfn - f->head_pfn) >> f->order) && compound_head(page) == head &&
	       mmscope_frame_has(mmscope_frame_flags(head), PG_head);
}

/* A free block: its first page is marked, the others have no reference. */
static void find_free_block(struct page_scratch *s, const struct page *page,
			    struct mmscope_frame *f)
{
	unsigned long offset = f->pfn - s->free_pfn;
	int order = 0;

	/* mostly it is the block of the frame before */
	if (offset >> s->free_order || mmscope_free_order(page - offset) != s->free_order) {
		unsigned long head = mmscope_free_head(page, f->pfn, &order);

		if (order < 0)
			return;
		s->free_pfn = head;
		s->free_order = order;
	}
	f->head_pfn = s->free_pfn;
	f->order = s->free_order;
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

/* What is a frame without references or marks part of? */
static u32 bare_state(struct page_scratch *s, const struct page *page, unsigned long pfn)
{
	if (on_pcp_list(page)) {
		s->bare_head = pfn;
		s->bare_state = MMSCOPE_FRAME_PCP;
	} else if (s->bare_pfn + 1 != pfn) {
		s->bare_state = find_bare_head(page, pfn, &s->bare_head);
	}
	s->bare_pfn = pfn;
	return block_reaches(s->bare_head, pfn) ? s->bare_state : 0;
}

/* the snapshot of a frame */
static void read_frame(struct mmscope_walk *w, const struct page *page, unsigned long pfn,
		       struct mmscope_frame *f)
{
	struct page_scratch *s = w->priv;
	unsigned int tries = READ_TRIES;

	while (!read_compound(page, pfn, f)) {
		if (!--tries) {
			read_single(page, pfn, f);
			w->torn++;
			break;
		}
	}
	if (is_zero_pfn(pfn))
		f->state |= MMSCOPE_FRAME_ZERO;
	if (f->order && f->head_pfn == s->huge_zero_pfn)
		f->state |= MMSCOPE_FRAME_HUGE_ZERO;
	if (f->refcount)
		return;

	find_free_block(s, page, f);
	if (mmscope_frame_kind(f) == MMSCOPE_PAGE_TRANSIENT && !f->order)
		f->state |= bare_state(s, page, pfn);
}

/* ------------------------------------------------------- the walk */

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
		read_frame(w, page, pfn, &f);
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
	const unsigned long *huge_zero_pfn = mmscope_sym(huge_zero_pfn);
	struct page_scratch *s = w->priv;
	int ret;

	s->huge_zero_pfn = huge_zero_pfn ? READ_ONCE(*huge_zero_pfn) : ~0UL;
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
	FIELD_CLASS(struct mmscope_page, kind, ENUM, &page_kind_names, "what the frame is used for"),
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
	.priv_size = sizeof(struct page_scratch),
	.fields = page_fields,
	.nr_fields = ARRAY_SIZE(page_fields),
	.needs = page_needs,
	.walk = page_walk,
};

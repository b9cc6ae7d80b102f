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
 * Sources: struct page, by sweep.c; mem_section->usage->pageblock_flags for
 * the migratetype.
 */
#include "mmscope.h"
#include "sweep.h"

static int take_frame(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	const struct mmscope_frame *f = &s->frame;
	struct mmscope_page rec;

	if (mmscope_full(s->w))
		return MMSCOPE_MORE;
	rec = (struct mmscope_page){
		.pfn = f->pfn,
		.flags = mmscope_frame_kpf(f),
		.head_pfn = f->head_pfn,
		.node = mmscope_frame_node(f->flags),
		.zone = mmscope_frame_zone(f->flags),
		.kind = mmscope_frame_kind(f),
		.order = f->order,
		.migratetype = u->migratetype,
		.refcount = f->refcount,
		.mapcount = mmscope_frame_mapcount(f),
		.page_class = u->class,
		.memcg = mmscope_sweep_memcg(s, u),
	};
	return mmscope_emit(s->w, &rec, f->pfn + 1);
}

static int page_walk(struct mmscope_walk *w)
{
	struct mmscope_sweep *s = w->priv;

	s->w = w;
	s->unit = take_frame;
	s->single = true;
	s->parts = MMSCOPE_OVERLAY_ALL;
	s->pos = max(w->cursor.pos, w->q.start);
	s->end = min(mmscope_sweep_last(), w->q.end);
	return mmscope_sweep(s);
}

static void page_end(struct mmscope_walk *w)
{
	mmscope_sweep_free(w->priv);
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
	FIELD_ENUM(struct mmscope_page, kind, &page_kind_names,
		   "what the frame itself tells"),
	FIELD_PAGE_CLASS(struct mmscope_page, "what it is, with what others tell about it"),
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
	MORE(struct mmscope_page, memcg, ID, "inode of the cgroup charged, 0: none"),
};

static const struct mmscope_need page_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_pages = {
	.name = "pages",
	.help = "page frames: what each is used for, flags, counts",
	.id = MMSCOPE_DS_PAGES,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN |
		 MMSCOPE_DATASET_FRAMES,
	.rec_size = sizeof(struct mmscope_page),
	.priv_size = sizeof(struct mmscope_sweep),
	.fields = page_fields,
	.nr_fields = ARRAY_SIZE(page_fields),
	.needs = page_needs,
	.walk = page_walk,
	.end = page_end,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset thp: the huge pages of each VMA of a process, and why it has no more.
 *
 * Locks and staleness: those of vma_sums.c and mapped_page.c; a free block may be
 * gone the moment after.
 *
 * A block's entries lie in one table of PTEs, which is read in one go, so one block
 * is under construction at a time.
 *
 * Source: the leaf entries below mm->pgd; struct page; the rules in thp_policy.c.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/coredump.h>
#include <linux/userfaultfd_k.h>

#include "../mmscope.h"
#include "mapped_page.h"
#include "pgtable.h"
#include "task.h"
#include "thp_policy.h"
#include "vma_sums.h"

#define HUGE_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define HUGE_PAGES (1UL << HUGE_ORDER)

/* members of struct mmscope_thp that are summed up; and the two arrays */
#define SUMMED(X)		\
	X(vmas)			\
	X(anon_huge_bytes)	\
	X(shmem_huge_bytes)	\
	X(file_huge_bytes)	\
	X(partial_folios)	\
	X(partial_pages)	\
	X(blocks)

/**
 * struct thp_block - PTEs of a block that a table maps
 * @open: there is one
 * @present: that map a page
 * @zero: that map the zero page
 * @swapped: in swap
 * @shared: of present, mapped more than once
 * @accessed: of present, lately
 * @writable: one of them is
 * @stays: one of them holds what must stay
 */
struct thp_block {
	bool open;
	u32 present;
	u32 zero;
	u32 swapped;
	u32 shared;
	u32 accessed;
	bool writable;
	bool stays;
};

/**
 * struct thp_walk - scratch of a walk
 * @sums: of vma_sums.c
 * @pages: reads struct pages
 * @limits: of khugepaged
 * @rec: of the VMA under the walk
 * @total: of those before
 * @anon: the VMA is anonymous
 * @watched: userfaultfd wants to hear of its missing pages
 * @block: under construction
 * @folio: first frame of the huge page that PTEs are mapping one after another, or
 *         MMSCOPE_UNKNOWN
 * @folio_pages: how many of it they do so far
 * @folio_size: how many it has
 */
struct thp_walk {
	struct mmscope_vma_sums sums;
	struct mmscope_mapped_reader pages;
	struct mmscope_thp_limits limits;
	struct mmscope_thp rec;
	struct mmscope_thp total;
	bool anon;
	bool watched;
	struct thp_block block;
	u64 folio;
	u64 folio_pages;
	u64 folio_size;
};

/* -------------------------------------------------------------------- blocks */

/* the block is wholly within the part of the VMA that is shown */
static bool is_block(const struct thp_walk *t, u64 base)
{
	u64 end = min(t->sums.end, t->sums.vma_end);

	return base >= t->rec.start && base + PMD_SIZE <= end;
}

static u32 anon_reason(const struct thp_walk *t)
{
	const struct thp_block *b = &t->block;
	u32 none = HUGE_PAGES - b->present - b->swapped;

	if (b->swapped > t->limits.swap)
		return MMSCOPE_THP_SWAPPED;
	if (none > t->limits.none || (none && t->watched))
		return MMSCOPE_THP_SPARSE;
	if (b->shared > t->limits.shared)
		return MMSCOPE_THP_SHARED;
	if (b->stays)
		return MMSCOPE_THP_PAGES;
	if (!b->writable)
		return MMSCOPE_THP_READONLY;
	if (!b->accessed || (b->swapped && b->accessed < HUGE_PAGES / 2))
		return MMSCOPE_THP_IDLE;
	return t->limits.free_block ? MMSCOPE_THP_WAITING : MMSCOPE_THP_NO_BLOCK;
}

/* of shmem not the entries count, but what the object has: that is not looked at */
static u32 block_reason(const struct thp_walk *t)
{
	const struct thp_block *b = &t->block;

	if (!b->present && !b->swapped && !b->stays)
		return MMSCOPE_THP_EMPTY;
	if (t->anon)
		return anon_reason(t);
	return t->limits.free_block ? MMSCOPE_THP_WAITING : MMSCOPE_THP_NO_BLOCK;
}

static void close_folio(struct thp_walk *t)
{
	if (t->folio != MMSCOPE_UNKNOWN && t->folio_pages < t->folio_size) {
		t->rec.partial_folios++;
		t->rec.partial_pages += t->folio_pages;
	}
	t->folio = MMSCOPE_UNKNOWN;
}

static void close_block(struct thp_walk *t)
{
	if (t->block.open)
		t->rec.block[block_reason(t)]++;
	t->block = (struct thp_block){ };
}

/* --------------------------------------------------------------------- pages */

/* PTEs that follow each other map pages of a huge page */
static void add_folio(struct thp_walk *t, const struct mmscope_frame *f)
{
	if (f->compound.order < HUGE_ORDER) {
		close_folio(t);
		return;
	}
	if (t->folio != f->head_pfn) {
		close_folio(t);
		t->folio = f->head_pfn;
		t->folio_pages = 0;
		t->folio_size = 1ULL << f->compound.order;
	}
	t->folio_pages++;
}

/* khugepaged takes no page that others refer to but by mapping it */
static bool must_stay(const struct mmscope_frame *f, u32 mapcount)
{
	if (!mmscope_frame_is_anon(f) || !mmscope_frame_has(f->head_flags, PG_lru))
		return true;
	if (f->compound.order)
		return f->compound.pins > 0;
	return f->refcount != mapcount + mmscope_frame_is_swapcache(f);
}

static void add_page(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e, u64 pfn)
{
	struct thp_walk *t = p->w->priv;
	const struct mmscope_frame *f = mmscope_mapped_read(&t->pages, p->w, pfn);
	struct thp_block *b = &t->block;
	u32 mapcount;

	b->present++;
	if (!f) {
		b->stays = true;
		return;
	}
	t->rec.pte_pages[min_t(u32, f->compound.order, MMSCOPE_NR_FOLIO_ORDERS - 1)]++;
	add_folio(t, f);
	mapcount = mmscope_frame_mapcount(f);
	b->shared += mapcount > 1;
	b->stays |= must_stay(f, mapcount);
	b->accessed += e->flags & MMSCOPE_ENTRY_ACCESSED || compat_is_young(f->head_flags) ||
		       mmscope_frame_has(f->head_flags, PG_referenced);
}

static void add_ptes(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct thp_walk *t = p->w->priv;
	u64 i, pages = (e->end - e->addr) >> PAGE_SHIFT;

	t->block.stays |= e->flags & MMSCOPE_ENTRY_UFFD_WP;
	t->block.writable |= e->flags & MMSCOPE_ENTRY_WRITE;
	switch (e->kind) {
	case MMSCOPE_MAPPING_PAGE:
		for (i = 0; i < pages; i++)
			add_page(p, e, e->pfn + i);
		break;
	case MMSCOPE_MAPPING_ZERO:
		t->block.zero += pages;
		break;
	case MMSCOPE_MAPPING_SWAP:
		t->block.swapped += pages;
		break;
	default:
		t->block.stays = true;
	}
}

static void add_huge(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct thp_walk *t = p->w->priv;
	const struct mmscope_frame *f = mmscope_mapped_read(&t->pages, p->w, e->pfn);
	const u64 bytes = e->end - e->addr;

	if (!f)
		return;
	if (mmscope_frame_is_anon(f))
		t->rec.anon_huge_bytes += bytes;
	else if (mmscope_frame_has(f->head_flags, PG_swapbacked))
		t->rec.shmem_huge_bytes += bytes;
	else
		t->rec.file_huge_bytes += bytes;
	if (is_block(t, ALIGN_DOWN(e->addr, PMD_SIZE)))
		t->rec.block[MMSCOPE_THP_HUGE]++;
}

/* an entry of a PMD table: a block is over, and the next one begins if there are PTEs */
static void add_pmd(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct thp_walk *t = p->w->priv;

	close_block(t);
	switch (e->kind) {
	case MMSCOPE_PGT_TABLE:
		t->block.open = is_block(t, ALIGN_DOWN(e->addr, PMD_SIZE));
		return;
	case MMSCOPE_MAPPING_PAGE:
		add_huge(p, e);
		break;
	case MMSCOPE_MAPPING_ZERO:
		break;
	default:
		/* on its way */
		if (is_block(t, ALIGN_DOWN(e->addr, PMD_SIZE)))
			t->rec.block[MMSCOPE_THP_PAGES]++;
	}
	close_folio(t);
}

/* ---------------------------------------------------------------------- walk */

static int thp_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	if (is_vm_hugetlb_page(p->vma))
		return 0;
	if (e->level == MMSCOPE_LEVEL_PMD)
		add_pmd(p, e);
	else if (e->level == MMSCOPE_LEVEL_PTE)
		add_ptes(p, e);
	return 0;
}

static void thp_hold(struct mmscope_walk *w)
{
	struct thp_walk *t = w->priv;

	mmscope_mapped_begin(&t->pages);
	mmscope_thp_limits_read(&t->limits);
}

static void thp_open(struct mmscope_walk *w, struct vm_area_struct *vma, u64 start)
{
	struct thp_walk *t = w->priv;

	t->rec = (struct mmscope_thp) {
		.start = start,
		.pid = w->pid_nr,
		.scope = MMSCOPE_SCOPE_VMA,
		.kind = mmscope_vma_kind(vma),
		.reason = mmscope_thp_reason(vma),
		.registered = compat_mm_flag(w->mm, MMF_VM_HUGEPAGE),
		.scanning = mmscope_thp_scanning(w->mm),
		.vmas = 1,
	};
	t->anon = vma_is_anonymous(vma);
	t->watched = userfaultfd_armed(vma);
	t->block = (struct thp_block){ };
	t->folio = MMSCOPE_UNKNOWN;
}

/* blocks that no entry was seen of are empty; what forbids all comes first */
static void count_blocks(struct mmscope_thp *rec)
{
	u64 first = ALIGN(rec->start, PMD_SIZE), last = ALIGN_DOWN(rec->end, PMD_SIZE);
	u64 huge = rec->block[MMSCOPE_THP_HUGE], seen = 0;
	u32 i;

	rec->blocks = last > first ? (last - first) >> PMD_SHIFT : 0;
	for (i = 0; i < MMSCOPE_NR_THP_REASONS; i++)
		seen += rec->block[i];
	if (rec->reason == MMSCOPE_THP_HUGE) {
		rec->block[MMSCOPE_THP_EMPTY] += rec->blocks - min(seen, rec->blocks);
		return;
	}
	memset(rec->block, 0, sizeof(rec->block));
	rec->block[MMSCOPE_THP_HUGE] = huge;
	rec->block[rec->reason] = rec->blocks - min(huge, rec->blocks);
}

static const void *thp_close(struct mmscope_walk *w, u64 end)
{
	struct thp_walk *t = w->priv;
	u32 i;

	close_block(t);
	close_folio(t);
	t->rec.end = end;
	count_blocks(&t->rec);
	if (!t->total.vmas)
		t->total.start = t->rec.start;
	t->total.end = end;
#define X(_member) t->total._member += t->rec._member;
	SUMMED(X)
#undef X
	for (i = 0; i < MMSCOPE_NR_FOLIO_ORDERS; i++)
		t->total.pte_pages[i] += t->rec.pte_pages[i];
	for (i = 0; i < MMSCOPE_NR_THP_REASONS; i++)
		t->total.block[i] += t->rec.block[i];
	return &t->rec;
}

static const void *thp_total(struct mmscope_walk *w)
{
	struct thp_walk *t = w->priv;

	t->total.pid = w->pid_nr;
	t->total.scope = MMSCOPE_SCOPE_TOTAL;
	t->total.kind = MMSCOPE_UNKNOWN32;
	t->total.reason = MMSCOPE_UNKNOWN32;
	t->total.registered = compat_mm_flag(w->mm, MMF_VM_HUGEPAGE);
	t->total.scanning = mmscope_thp_scanning(w->mm);
	return &t->total;
}

static void thp_clear(struct mmscope_walk *w)
{
	struct thp_walk *t = w->priv;

	memset(&t->total, 0, sizeof(t->total));
}

static const struct mmscope_vma_sums_ops thp_ops = {
	.hold = thp_hold,
	.open = thp_open,
	.entry = thp_entry,
	.close = thp_close,
	.total = thp_total,
	.clear = thp_clear,
};

static int thp_walk(struct mmscope_walk *w)
{
	return mmscope_vma_sums_walk(w, &thp_ops);
}

static const struct mmscope_name reasons[] = {
	{ MMSCOPE_THP_HUGE, "huge" },
	{ MMSCOPE_THP_OFF_PROCESS, "off_process" },
	{ MMSCOPE_THP_OFF_VMA, "off_vma" },
	{ MMSCOPE_THP_KIND, "kind" },
	{ MMSCOPE_THP_MISPLACED, "misplaced" },
	{ MMSCOPE_THP_POLICY, "policy" },
	{ MMSCOPE_THP_EMPTY, "empty" },
	{ MMSCOPE_THP_SPARSE, "sparse" },
	{ MMSCOPE_THP_SWAPPED, "swapped" },
	{ MMSCOPE_THP_SHARED, "shared" },
	{ MMSCOPE_THP_PAGES, "pages" },
	{ MMSCOPE_THP_READONLY, "readonly" },
	{ MMSCOPE_THP_IDLE, "idle" },
	{ MMSCOPE_THP_NO_BLOCK, "no_block" },
	{ MMSCOPE_THP_WAITING, "waiting" },
};

static MMSCOPE_NAMES(reason_names, reasons);

static const struct mmscope_name folio_orders[] = {
	{ 0, "0" }, { 1, "1" }, { 2, "2" }, { 3, "3" }, { 4, "4" },
	{ 5, "5" }, { 6, "6" }, { 7, "7" }, { 8, "8" }, { 9, "9" },
};

static MMSCOPE_NAMES(folio_order_names, folio_orders);

static const struct mmscope_field_def thp_fields[] = {
	FIELD(struct mmscope_thp, start, ADDR, "first address"),
	FIELD(struct mmscope_thp, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_thp, scope, ENUM, &mmscope_scope_names,
		    "one VMA, or the sums of all of them"),
	FIELD_ENUM(struct mmscope_thp, kind, &mmscope_vma_kind_names, "what the VMA is for"),
	FIELD_ENUM(struct mmscope_thp, reason, &reason_names,
		   "what forbids huge pages in the VMA; huge: nothing does"),
	FIELD(struct mmscope_thp, anon_huge_bytes, BYTES, "mapped by PMD entries, anonymous"),
	FIELD(struct mmscope_thp, shmem_huge_bytes, BYTES, "mapped by PMD entries, shmem"),
	FIELD(struct mmscope_thp, file_huge_bytes, BYTES, "mapped by PMD entries, of files"),
	FIELD(struct mmscope_thp, partial_folios, COUNT,
	      "huge pages mapped by PTEs, and not all of their pages"),
	MORE(struct mmscope_thp, partial_pages, PAGES, "what of these is mapped"),
	FIELD(struct mmscope_thp, blocks, COUNT, "aligned blocks of a huge page's size"),
	MORE_ARRAY(struct mmscope_thp, block, COUNT, &reason_names,
		   "of these, by what they are or why they are not huge"),
	MORE_ARRAY(struct mmscope_thp, pte_pages, PAGES, &folio_order_names,
		   "mapped by PTEs, of folios of this order (9: or a higher one)"),
	MORE(struct mmscope_thp, registered, COUNT, "1: khugepaged visits the process"),
	MORE(struct mmscope_thp, scanning, COUNT, "1: it does so now"),
	MORE(struct mmscope_thp, vmas, COUNT, "how many VMAs these are"),
	MORE(struct mmscope_thp, pid, ID, "process"),
};

static const struct mmscope_need thp_needs[] = {
	WANT_SYM(huge_zero_pfn),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	NEED_SYM(transparent_hugepage_flags),
	WANT_SYM(shmem_huge),
	WANT_SYM(khugepaged_max_ptes_none),
	WANT_SYM(khugepaged_max_ptes_swap),
	WANT_SYM(khugepaged_max_ptes_shared),
	WANT_SYM(khugepaged_scan),
	WANT_LAYOUT(khugepaged_scan, mm_slot),
	WANT_LAYOUT(mm_slot, mm),
	{ }
};

const struct mmscope_dataset mmscope_thp = {
	.name = "thp",
	.help = "huge pages of each VMA of a process, and why it has no more",
	.id = MMSCOPE_DS_THP,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_thp),
	.priv_size = sizeof(struct thp_walk),
	.fields = thp_fields,
	.nr_fields = ARRAY_SIZE(thp_fields),
	.needs = thp_needs,
	.walk = thp_walk,
};

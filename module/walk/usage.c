// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset usage: what each VMA of a process has in memory and in swap, shared and
 * private.
 *
 * Locks: those of vma_sums.c and, for swap slots and objects, swap_count.c.
 *
 * Staleness: that of pgtable.c and mapped_page.c. No page-table lock is taken and
 * no page referenced, so a page that is mapped or unmapped elsewhere meanwhile may
 * be counted by its old or its new number of mappings.
 *
 * Source: the leaf entries below mm->pgd; struct page: mapping, flags, _refcount,
 * _mapcount; swap_info[]->swap_map; the tree of shmem objects.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "../mmscope.h"
#include "mapped_page.h"
#include "pgtable.h"
#include "swap_count.h"
#include "task.h"
#include "vma_sums.h"

/* a page's part is counted in 1/4096 bytes, as in /proc/PID/smaps */
#define PSS_SHIFT 12

/* members of struct mmscope_usage that are such parts until the record is closed */
#define PARTS(X)		\
	X(pss_bytes)		\
	X(pss_dirty_bytes)	\
	X(pss_anon_bytes)	\
	X(pss_file_bytes)	\
	X(pss_shmem_bytes)	\
	X(swap_pss_bytes)	\
	X(locked_bytes)

/* members that are bytes */
#define BYTES(X)		\
	X(size_bytes)		\
	X(rss_bytes)		\
	X(shared_clean_bytes)	\
	X(shared_dirty_bytes)	\
	X(private_clean_bytes)	\
	X(private_dirty_bytes)	\
	X(referenced_bytes)	\
	X(anon_bytes)		\
	X(file_bytes)		\
	X(shmem_bytes)		\
	X(ksm_bytes)		\
	X(lazyfree_bytes)	\
	X(anon_huge_bytes)	\
	X(shmem_huge_bytes)	\
	X(file_huge_bytes)	\
	X(shared_hugetlb_bytes)	\
	X(private_hugetlb_bytes) \
	X(zero_bytes)		\
	X(swap_bytes)		\
	X(migration_bytes)

/**
 * struct usage_walk - scratch of a walk
 * @sums: of vma_sums.c
 * @pages: reads struct pages
 * @rec: of the VMA under the walk, with PARTS
 * @total: of those before, with PARTS
 * @shown: a record as it is handed over
 * @swap_unknown: the part of some swap slot of @rec is not known
 * @total_unknown: likewise of @total
 * @locked: the VMA is locked
 * @covers_swap: private entries of the VMA hide pages of a shmem object, which may
 *               be in swap and were counted
 * @object: the shmem object whose pages in swap are to be counted, or NULL
 * @index: the page of it to go on with
 * @last: the first page beyond
 */
struct usage_walk {
	struct mmscope_vma_sums sums;
	struct mmscope_mapped_reader pages;
	struct mmscope_usage rec;
	struct mmscope_usage total;
	struct mmscope_usage shown;
	bool swap_unknown;
	bool total_unknown;
	bool locked;
	bool covers_swap;
	struct address_space *object;
	pgoff_t index;
	pgoff_t last;
};

/* --------------------------------------------------------------------- pages */

/* bytes of one page, or of several alike, and what part of them is this mapping's */
static void add_shares(struct usage_walk *u, const struct mmscope_frame *f, bool dirty, u64 bytes,
		       u64 part, bool shared)
{
	struct mmscope_usage *rec = &u->rec;

	rec->pss_bytes += part;
	if (mmscope_frame_is_anon(f))
		rec->pss_anon_bytes += part;
	else if (mmscope_frame_has(f->head_flags, PG_swapbacked))
		rec->pss_shmem_bytes += part;
	else
		rec->pss_file_bytes += part;
	if (u->locked)
		rec->locked_bytes += part;
	if (dirty) {
		rec->pss_dirty_bytes += part;
		*(shared ? &rec->shared_dirty_bytes : &rec->private_dirty_bytes) += bytes;
	} else {
		*(shared ? &rec->shared_clean_bytes : &rec->private_clean_bytes) += bytes;
	}
}

/* what does not depend on how often it is mapped */
static void add_resident(struct mmscope_usage *rec, const struct mmscope_frame *f,
			 const struct mmscope_pgt_entry *e, bool dirty, u64 bytes)
{
	const bool huge = e->level == MMSCOPE_LEVEL_PMD;

	rec->rss_bytes += bytes;
	if (mmscope_frame_is_anon(f)) {
		rec->anon_bytes += bytes;
		rec->anon_huge_bytes += huge ? bytes : 0;
		if (!dirty && !mmscope_frame_has(f->head_flags, PG_swapbacked))
			rec->lazyfree_bytes += bytes;
	} else if (mmscope_frame_has(f->head_flags, PG_swapbacked)) {
		rec->shmem_bytes += bytes;
		rec->shmem_huge_bytes += huge ? bytes : 0;
	} else {
		rec->file_bytes += bytes;
		rec->file_huge_bytes += huge ? bytes : 0;
	}
	if (mmscope_frame_is_ksm(f))
		rec->ksm_bytes += bytes;
	if (e->flags & MMSCOPE_ENTRY_ACCESSED || compat_is_young(f->head_flags) ||
	    mmscope_frame_has(f->head_flags, PG_referenced))
		rec->referenced_bytes += bytes;
}

/* frames from @pfn on that are of one compound page, or a single one; how many it were */
static u64 add_frames(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e, u64 pfn,
		      u64 nr)
{
	struct usage_walk *u = p->w->priv;
	const struct mmscope_frame *f = mmscope_mapped_read(&u->pages, p->w, pfn);
	bool dirty;
	u64 i;

	if (!f)
		return 1;
	nr = min(nr, f->head_pfn + (1ULL << f->compound.order) - pfn);
	dirty = e->flags & MMSCOPE_ENTRY_DIRTY || mmscope_frame_has(f->head_flags, PG_dirty);
	add_resident(&u->rec, f, e, dirty, nr << PAGE_SHIFT);
	/* a single reference is this very entry's */
	if (f->refcount == 1) {
		add_shares(u, f, dirty, nr << PAGE_SHIFT, nr << (PAGE_SHIFT + PSS_SHIFT), false);
		return nr;
	}
	for (i = 0; i < nr && f; i++) {
		u32 mapcount = mmscope_frame_mapcount(f);

		add_shares(u, f, dirty, PAGE_SIZE,
			   (PAGE_SIZE << PSS_SHIFT) / max(mapcount, 1U), mapcount > 1);
		f = i + 1 < nr ? mmscope_mapped_read(&u->pages, p->w, pfn + i + 1) : NULL;
	}
	return nr;
}

/* huge pages are shared as a whole, and their tables may be */
static void add_hugetlb(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct usage_walk *u = p->w->priv;
	const struct mmscope_frame *f = mmscope_mapped_read(&u->pages, p->w, e->pfn);
	bool shared;

	if (!f)
		return;
	shared = mmscope_frame_mapcount(f) > 1 ||
		 (e->level == MMSCOPE_LEVEL_PMD && hugetlb_pmd_shared(pfn_to_kaddr(e->table_pfn)));
	*(shared ? &u->rec.shared_hugetlb_bytes : &u->rec.private_hugetlb_bytes) +=
		e->end - e->addr;
}

static void add_mapped(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	u64 pages = (e->end - e->addr) >> PAGE_SHIFT, done = 0;

	if (is_vm_hugetlb_page(p->vma)) {
		add_hugetlb(p, e);
		return;
	}
	while (done < pages)
		done += add_frames(p, e, e->pfn + done, pages - done);
}

/* ---------------------------------------------------------------------- swap */

static void add_swapped(struct usage_walk *u, const struct mmscope_pgt_entry *e)
{
	u64 i, pages = (e->end - e->addr) >> PAGE_SHIFT;

	u->rec.swap_bytes += pages << PAGE_SHIFT;
	for (i = 0; i < pages; i++) {
		u32 count = mmscope_swap_count(e->swap_type, e->swap_offset + i);

		if (count == MMSCOPE_UNKNOWN32)
			u->swap_unknown = true;
		else
			u->rec.swap_pss_bytes += (PAGE_SIZE << PSS_SHIFT) / count;
	}
}

/* what lies behind a private entry is not the process's */
static void uncover_swap(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct usage_walk *u = p->w->priv;
	unsigned long addr;

	for (addr = e->addr; addr < e->end; addr += PAGE_SIZE)
		if (u->rec.swap_bytes >= PAGE_SIZE &&
		    mmscope_shmem_is_swapped(p->vma->vm_file->f_mapping,
					     linear_page_index(p->vma, addr)))
			u->rec.swap_bytes -= PAGE_SIZE;
}

/* the pages in swap of the object that the VMA maps, a batch at a time */
static int usage_prepare(struct mmscope_walk *w, struct vm_area_struct *vma, u64 began)
{
	struct usage_walk *u = w->priv;
	u64 pages = 0;

	while (u->object) {
		if (mmscope_shmem_swapped(u->object, &u->index, u->last, &pages))
			u->object = NULL;
		else if (mmscope_mm_spent(w, began))
			break;
	}
	u->rec.swap_bytes += pages << PAGE_SHIFT;
	return u->object ? MMSCOPE_MORE : 0;
}

/* ---------------------------------------------------------------------- walk */

static int usage_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct usage_walk *u = p->w->priv;

	switch (e->kind) {
	case MMSCOPE_PGT_TABLE:
		return 0;
	case MMSCOPE_PGT_BAD:
		p->w->torn++;
		return 0;
	case MMSCOPE_MAPPING_PAGE:
		add_mapped(p, e);
		break;
	case MMSCOPE_MAPPING_ZERO:
		u->rec.zero_bytes += e->end - e->addr;
		break;
	case MMSCOPE_MAPPING_SWAP:
		add_swapped(u, e);
		break;
	case MMSCOPE_MAPPING_MIGRATION:
		u->rec.migration_bytes += e->end - e->addr;
		break;
	default:
		break;
	}
	if (u->covers_swap)
		uncover_swap(p, e);
	return 0;
}

static void usage_hold(struct mmscope_walk *w)
{
	struct usage_walk *u = w->priv;

	mmscope_mapped_begin(&u->pages);
}

static void usage_open(struct mmscope_walk *w, struct vm_area_struct *vma, u64 start)
{
	struct usage_walk *u = w->priv;
	unsigned long end = min(u->sums.end, vma->vm_end);

	u->rec = (struct mmscope_usage) {
		.start = start,
		.pid = w->pid_nr,
		.scope = MMSCOPE_SCOPE_VMA,
		.kind = mmscope_vma_kind(vma),
		.vmas = 1,
	};
	u->swap_unknown = false;
	u->locked = vma->vm_flags & VM_LOCKED;
	u->covers_swap = false;
	u->object = NULL;
	if (!vma->vm_file || !shmem_mapping(vma->vm_file->f_mapping) ||
	    !mmscope_shmem_has_swap(file_inode(vma->vm_file)))
		return;
	u->object = vma->vm_file->f_mapping;
	u->index = linear_page_index(vma, start);
	u->last = linear_page_index(vma, end);
	u->covers_swap = !(vma->vm_flags & VM_SHARED) && vma->vm_flags & VM_WRITE;
}

/* parts of bytes become bytes, in what is handed over */
static const void *show(struct usage_walk *u, const struct mmscope_usage *rec, bool swap_unknown)
{
	u->shown = *rec;
#define X(_member) u->shown._member >>= PSS_SHIFT;
	PARTS(X)
#undef X
	if (swap_unknown)
		u->shown.swap_pss_bytes = MMSCOPE_UNKNOWN;
	return &u->shown;
}

static const void *usage_close(struct mmscope_walk *w, u64 end)
{
	struct usage_walk *u = w->priv;

	u->rec.end = end;
	u->rec.size_bytes = end - u->rec.start;
#define X(_member) u->total._member += u->rec._member;
	PARTS(X)
	BYTES(X)
#undef X
	if (!u->total.vmas++)
		u->total.start = u->rec.start;
	u->total.end = end;
	u->total_unknown |= u->swap_unknown;
	return show(u, &u->rec, u->swap_unknown);
}

static const void *usage_total(struct mmscope_walk *w)
{
	struct usage_walk *u = w->priv;

	u->total.pid = w->pid_nr;
	u->total.scope = MMSCOPE_SCOPE_TOTAL;
	u->total.kind = MMSCOPE_UNKNOWN32;
	return show(u, &u->total, u->total_unknown);
}

static void usage_clear(struct mmscope_walk *w)
{
	struct usage_walk *u = w->priv;

	memset(&u->total, 0, sizeof(u->total));
	u->total_unknown = false;
}

static const struct mmscope_vma_sums_ops usage_ops = {
	.hold = usage_hold,
	.open = usage_open,
	.prepare = usage_prepare,
	.entry = usage_entry,
	.close = usage_close,
	.total = usage_total,
	.clear = usage_clear,
};

static int usage_walk(struct mmscope_walk *w)
{
	return mmscope_vma_sums_walk(w, &usage_ops);
}

static const struct mmscope_name scopes[] = {
	{ MMSCOPE_SCOPE_VMA, "vma" },
	{ MMSCOPE_SCOPE_TOTAL, "total" },
};

MMSCOPE_NAMES(mmscope_scope_names, scopes);

static const struct mmscope_field_def usage_fields[] = {
	FIELD(struct mmscope_usage, start, ADDR, "first address"),
	FIELD(struct mmscope_usage, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_usage, scope, ENUM, &mmscope_scope_names,
		    "one VMA, or the sums of all of them"),
	FIELD_ENUM(struct mmscope_usage, kind, &mmscope_vma_kind_names, "what the VMA is for"),
	FIELD(struct mmscope_usage, size_bytes, BYTES, "of address space"),
	FIELD(struct mmscope_usage, rss_bytes, BYTES, "in memory, without hugetlb"),
	FIELD(struct mmscope_usage, pss_bytes, BYTES,
	      "in memory, each page divided by the number of its mappings"),
	MORE(struct mmscope_usage, pss_dirty_bytes, BYTES, "of pss, dirty"),
	MORE(struct mmscope_usage, pss_anon_bytes, BYTES, "of pss, anonymous"),
	MORE(struct mmscope_usage, pss_file_bytes, BYTES, "of pss, of files"),
	MORE(struct mmscope_usage, pss_shmem_bytes, BYTES, "of pss, of shmem"),
	MORE(struct mmscope_usage, shared_clean_bytes, BYTES, "mapped more than once, clean"),
	MORE(struct mmscope_usage, shared_dirty_bytes, BYTES, "mapped more than once, dirty"),
	MORE(struct mmscope_usage, private_clean_bytes, BYTES, "mapped here only, clean"),
	FIELD(struct mmscope_usage, private_dirty_bytes, BYTES, "mapped here only, dirty"),
	MORE(struct mmscope_usage, referenced_bytes, BYTES, "accessed since that was last cleared"),
	FIELD(struct mmscope_usage, anon_bytes, BYTES, "in memory, anonymous"),
	MORE(struct mmscope_usage, file_bytes, BYTES, "in memory, of files"),
	MORE(struct mmscope_usage, shmem_bytes, BYTES, "in memory, of shmem"),
	MORE(struct mmscope_usage, ksm_bytes, BYTES, "of anon, merged by KSM"),
	MORE(struct mmscope_usage, lazyfree_bytes, BYTES, "of anon, given up by MADV_FREE"),
	FIELD(struct mmscope_usage, anon_huge_bytes, BYTES, "of anon, mapped by PMD entries"),
	MORE(struct mmscope_usage, shmem_huge_bytes, BYTES, "of shmem, mapped by PMD entries"),
	MORE(struct mmscope_usage, file_huge_bytes, BYTES, "of file, mapped by PMD entries"),
	MORE(struct mmscope_usage, shared_hugetlb_bytes, BYTES, "hugetlb mapped more than once"),
	MORE(struct mmscope_usage, private_hugetlb_bytes, BYTES, "hugetlb mapped here only"),
	MORE(struct mmscope_usage, zero_bytes, BYTES, "mapped to the zero pages, so no memory"),
	FIELD(struct mmscope_usage, swap_bytes, BYTES,
	      "in swap, with what the shmem object that is mapped has there"),
	MORE(struct mmscope_usage, swap_pss_bytes, BYTES,
	     "swap entries, each slot divided by the number of its users"),
	MORE(struct mmscope_usage, migration_bytes, BYTES, "being migrated, in none of the others"),
	MORE(struct mmscope_usage, locked_bytes, BYTES, "pss of VMAs that are locked into memory"),
	MORE(struct mmscope_usage, vmas, COUNT, "how many VMAs these are"),
	MORE(struct mmscope_usage, pid, ID, "process"),
};

static const struct mmscope_need usage_needs[] = {
	WANT_SYM(huge_zero_pfn),
	WANT_SYM(swap_info),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	{ }
};

const struct mmscope_dataset mmscope_usage = {
	.name = "usage",
	.help = "memory and swap of each VMA of a process: resident, shared, dirty, huge, locked",
	.id = MMSCOPE_DS_USAGE,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_usage),
	.priv_size = sizeof(struct usage_walk),
	.fields = usage_fields,
	.nr_fields = ARRAY_SIZE(usage_fields),
	.needs = usage_needs,
	.walk = usage_walk,
};

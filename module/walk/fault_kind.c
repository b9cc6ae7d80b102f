// SPDX-License-Identifier: GPL-2.0
/*
 * What the page-fault handler would do: from the VMA, the entry, and what the
 * page cache or the swap cache has.
 *
 * Locks: the caller holds mmap_lock, which keeps the VMA and its file. RCU for
 * looks into the page cache. No reference is taken on a page; of a page found
 * only its struct page is read, which stays as long as the memory is online.
 *
 * Staleness: a page may be read in or evicted, shared or left alone, the moment
 * after: it is a forecast.
 *
 * Source: what handle_mm_fault() and those below it ask: vm_area_struct, the
 * entry, inode->i_size, mapping->i_pages, page->flags and its counts,
 * transparent_hugepage_flags.
 */
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/swapops.h>
#include <linux/userfaultfd_k.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "fault.h"
#include "frame.h"
#include "swap.h"

static bool is_shared(const struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_SHARED | VM_MAYSHARE);
}

/* does the file system want to know of writes to pages mapped read-only so far? */
static bool is_notified(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->page_mkwrite;
}

/* x86 cannot forbid to read what may be written or run */
static bool may_read(const struct vm_area_struct *vma)
{
	const vm_flags_t any = VM_READ | VM_WRITE | (IS_ENABLED(CONFIG_X86) ? VM_EXEC : 0);

	return vma->vm_flags & any;
}

static void set_both(struct mmscope_fault *rec, u32 kind)
{
	rec->read = kind;
	rec->write = kind;
}

/* ------------------------------------------------------- present entries */

/* what may hold one of a page's references and is not a mapping */
static u32 reuse_or_copy(const struct page *head, u32 refs, u32 nr, struct mmscope_fault *rec)
{
	const struct folio *folio = (const struct folio *)head;
	const u32 own = 1 + (folio_test_swapcache((struct folio *)folio) ? nr : 0);

	if (refs <= own)
		return MMSCOPE_FAULT_REUSE;
	/* a page on its way to the lists of the LRU is held by them, or by a CPU's batch */
	if (refs == own + 1 && !folio_test_lru((struct folio *)folio)) {
		rec->flags |= MMSCOPE_FAULT_F_UNSURE;
		return MMSCOPE_FAULT_REUSE;
	}
	return MMSCOPE_FAULT_COPY;
}

static bool is_mapped_once(const struct page *head)
{
	struct compat_compound c;

	compat_read_compound(head, READ_ONCE(head->page_type), &c);
	return !c.entire_mapcount;
}

/* a write to a page that a private VMA maps read-only: is it ours alone? */
static u32 write_private(const struct mmscope_pgt_entry *e, const struct page *page,
			 struct mmscope_fault *rec)
{
	const struct page *head = compound_head(page), *marked;
	const bool is_large = mmscope_frame_flags(head) >> PG_head & 1;
	struct folio *folio = (struct folio *)head;

	if (!folio_test_anon(folio))
		return MMSCOPE_FAULT_COPY;
	if (folio_test_ksm(folio))
		return MMSCOPE_FAULT_COPY;
	marked = e->level == MMSCOPE_LEVEL_PTE ? page : head;
	if (mmscope_frame_flags(marked) >> PG_anon_exclusive & 1)
		return MMSCOPE_FAULT_REUSE;
	if (folio_test_hugetlb(folio))
		return is_mapped_once(head) ? MMSCOPE_FAULT_REUSE : MMSCOPE_FAULT_COPY;
	if (is_large && e->level == MMSCOPE_LEVEL_PTE)
		return MMSCOPE_FAULT_COPY;
	return reuse_or_copy(head, page_ref_count(head), e->size >> PAGE_SHIFT, rec);
}

static u32 write_protected(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
			   struct mmscope_fault *rec)
{
	const struct page *page;

	if ((e->flags & MMSCOPE_ENTRY_UFFD_WP) && (vma->vm_flags & VM_UFFD_WP))
		return MMSCOPE_FAULT_UFFD_WP;
	if (is_shared(vma)) {
		if (is_vm_hugetlb_page((struct vm_area_struct *)vma) || !is_notified(vma))
			return MMSCOPE_FAULT_REUSE;
		return MMSCOPE_FAULT_NOTIFY;
	}
	if (e->kind == MMSCOPE_MAPPING_ZERO)
		return MMSCOPE_FAULT_NEW;
	if (e->kind == MMSCOPE_MAPPING_PFNMAP)
		return MMSCOPE_FAULT_COPY;
	page = pfn_to_online_page(e->pfn);
	return page ? write_private(e, page, rec) : MMSCOPE_FAULT_UNKNOWN;
}

static void judge_present(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
			  struct mmscope_fault *rec)
{
	if (e->flags & MMSCOPE_ENTRY_PROTNONE) {
		set_both(rec, MMSCOPE_FAULT_NUMA_HINT);
		return;
	}
	rec->read = MMSCOPE_FAULT_NONE;
	rec->write = MMSCOPE_FAULT_NONE;
	if (!(e->flags & MMSCOPE_ENTRY_WRITE) && (vma->vm_flags & VM_WRITE))
		rec->write = write_protected(vma, e, rec);
}

/* ---------------------------------------------------------- anonymous memory */

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static bool thp_flag(unsigned int bit)
{
	return mmscope_has(transparent_hugepage_flags) &&
	       READ_ONCE(*mmscope_sym(transparent_hugepage_flags)) >> bit & 1;
}

/* are pages of all, or of madvised VMAs, to be huge? */
static bool thp_enabled(const struct vm_area_struct *vma)
{
	return thp_flag(TRANSPARENT_HUGEPAGE_FLAG) ||
	       ((vma->vm_flags & VM_HUGEPAGE) && thp_flag(TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG));
}

/* 1 << order of what the fault would try; 6.1 has one switch for the one size */
static unsigned long thp_orders(const struct vm_area_struct *vma)
{
	unsigned long orders = 0;

	if (!mmscope_has(huge_anon_orders_inherit))
		return thp_enabled(vma) ? BIT(PMD_SHIFT - PAGE_SHIFT) : 0;
	if (thp_enabled(vma))
		orders |= READ_ONCE(*mmscope_sym(huge_anon_orders_inherit));
	if (mmscope_has(huge_anon_orders_always))
		orders |= READ_ONCE(*mmscope_sym(huge_anon_orders_always));
	if ((vma->vm_flags & VM_HUGEPAGE) && mmscope_has(huge_anon_orders_madvise))
		orders |= READ_ONCE(*mmscope_sym(huge_anon_orders_madvise));
	return orders;
}

/*
 * Empty entries of tables that could map a huge page: where such a page would lie
 * wholly within the VMA. The record is cut to where that is the same.
 */
static void judge_huge(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
		       struct mmscope_fault *rec)
{
	const unsigned long first = ALIGN(vma->vm_start, PMD_SIZE);
	const unsigned long last = ALIGN_DOWN(vma->vm_end, PMD_SIZE);
	unsigned long orders = 0;

	if (!(vma->vm_flags & VM_NOHUGEPAGE) && !compat_thp_disabled(vma))
		orders = thp_orders(vma);
	/* which pages are tried is not known where the switches are not */
	if (!mmscope_has(transparent_hugepage_flags) && e->level != MMSCOPE_LEVEL_PTE)
		rec->flags |= MMSCOPE_FAULT_F_UNSURE;
	if (orders & (BIT(PMD_SHIFT - PAGE_SHIFT) - 1))
		rec->flags |= MMSCOPE_FAULT_F_UNSURE;
	if (!(orders >> (PMD_SHIFT - PAGE_SHIFT)) || e->level == MMSCOPE_LEVEL_PTE)
		return;
	if (rec->start < first || first >= last) {
		rec->end = min_t(u64, rec->end, max(first, (unsigned long)rec->start + PAGE_SIZE));
		return;
	}
	if (rec->start >= last)
		return;
	rec->end = min_t(u64, rec->end, last);
	rec->flags |= MMSCOPE_FAULT_F_HUGE;
	rec->page_size_bytes = PMD_SIZE;
}
#else
static void judge_huge(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
		       struct mmscope_fault *rec)
{
}
#endif

static void judge_anon(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
		       struct mmscope_fault *rec)
{
	if (vma->vm_flags & VM_SHARED) {
		set_both(rec, MMSCOPE_FAULT_BUS);
		return;
	}
	if (vma->vm_flags & VM_UFFD_MISSING) {
		set_both(rec, MMSCOPE_FAULT_UFFD_MISSING);
		return;
	}
	rec->read = MMSCOPE_FAULT_ZERO;
	rec->write = MMSCOPE_FAULT_NEW;
	judge_huge(vma, e, rec);
}

/* --------------------------------------------------------------------- files */

static void judge_swap(struct mmscope_fault *rec, u32 type, u64 offset)
{
	struct mmscope_swap_slot slot;

	rec->swap_type = type;
	rec->swap_offset = offset;
	mmscope_swap_slot(type, offset, &slot);
	if (!slot.known)
		set_both(rec, MMSCOPE_FAULT_UNKNOWN);
	else
		set_both(rec, slot.cached ? MMSCOPE_FAULT_SWAP_CACHE : MMSCOPE_FAULT_SWAP_READ);
	rec->pfn = slot.pfn;
}

/* a page that the file has in memory */
static void judge_cached(const struct vm_area_struct *vma, const struct page *head,
			 unsigned long index, struct mmscope_fault *rec)
{
	const bool is_shmem = shmem_mapping(vma->vm_file->f_mapping);
	unsigned long within = index - compat_page_index(head);

	if (is_vm_hugetlb_page((struct vm_area_struct *)vma))
		within = index & ((rec->page_size_bytes >> PAGE_SHIFT) - 1);
	if (within < PTRS_PER_PMD * PTRS_PER_PTE)
		rec->pfn = page_to_pfn(head) + within;
	if (vma->vm_flags & VM_UFFD_MINOR) {
		set_both(rec, MMSCOPE_FAULT_UFFD_MINOR);
		return;
	}
	if (!is_shmem && !(mmscope_frame_flags(head) >> PG_uptodate & 1)) {
		set_both(rec, MMSCOPE_FAULT_READING);
		return;
	}
	rec->read = MMSCOPE_FAULT_FILE;
	rec->write = is_shared(vma) ? MMSCOPE_FAULT_FILE : MMSCOPE_FAULT_FILE_COPY;
}

/* a page that it has not: of a disk, or of memory that was never written */
static void judge_uncached(const struct vm_area_struct *vma, struct mmscope_fault *rec)
{
	const bool is_hugetlb = is_vm_hugetlb_page((struct vm_area_struct *)vma);

	if (is_hugetlb || shmem_mapping(vma->vm_file->f_mapping)) {
		if (vma->vm_flags & VM_UFFD_MISSING)
			set_both(rec, MMSCOPE_FAULT_UFFD_MISSING);
		else
			set_both(rec, is_hugetlb ? MMSCOPE_FAULT_HUGETLB : MMSCOPE_FAULT_SHMEM);
		return;
	}
	rec->read = MMSCOPE_FAULT_READ;
	rec->write = is_shared(vma) ? MMSCOPE_FAULT_READ : MMSCOPE_FAULT_READ_COPY;
}

/* what the page cache has at @index; NULL: nothing up to @next */
static void *look_up(const struct vm_area_struct *vma, unsigned long index, unsigned long *next)
{
	struct xarray *pages = &vma->vm_file->f_mapping->i_pages;
	void *found;

	if (is_vm_hugetlb_page((struct vm_area_struct *)vma))
		return xa_load(pages,
			       compat_hugetlb_index(index,
						    huge_page_order(hstate_vma((void *)vma))));
	found = xa_load(pages, index);
	if (found)
		return found;
	*next = index;
	if (!xa_find(pages, next, ULONG_MAX, XA_PRESENT))
		*next = ULONG_MAX;
	return NULL;
}

/* is it memory of a file that is read into the page cache as others are? */
static bool has_page_cache(const struct vm_area_struct *vma)
{
	const struct inode *inode;

	if (!vma->vm_file || (vma->vm_flags & (VM_PFNMAP | VM_IO | VM_MIXEDMAP)))
		return false;
	inode = vma->vm_file->f_mapping->host;
	return inode && (S_ISREG(inode->i_mode) || S_ISBLK(inode->i_mode)) && !IS_DAX(inode);
}

/* the record becomes one page, or the pages of a file that are all not there */
static void judge_file(const struct vm_area_struct *vma, struct mmscope_fault *rec)
{
	const u64 size = i_size_read(vma->vm_file->f_mapping->host);
	const u64 pages = DIV_ROUND_UP(size, PAGE_SIZE);
	const unsigned long index = rec->offset_bytes >> PAGE_SHIFT;
	const u64 room = rec->end - rec->start;
	unsigned long next = index + 1;
	void *found;

	if (index >= pages) {
		set_both(rec, MMSCOPE_FAULT_BUS_EOF);
		return;
	}
	rcu_read_lock();
	found = look_up(vma, index, &next);
	next = min_t(u64, next, pages);
	if (is_vm_hugetlb_page((struct vm_area_struct *)vma))
		next = ALIGN(index + 1, rec->page_size_bytes >> PAGE_SHIFT);
	if (found && !xa_is_value(found))
		judge_cached(vma, found, index, rec);
	else if (found && shmem_mapping(vma->vm_file->f_mapping))
		judge_swap(rec, swp_type(radix_to_swp_entry(found)),
			   swp_offset(radix_to_swp_entry(found)));
	else
		judge_uncached(vma, rec);
	if (found && xa_is_value(found) && rec->swap_type == MMSCOPE_UNKNOWN32)
		rec->flags |= MMSCOPE_FAULT_F_EVICTED;
	rcu_read_unlock();
	rec->end = rec->start + min_t(u64, room, (u64)(next - index) << PAGE_SHIFT);
	if (is_shared(vma) && is_notified(vma))
		rec->flags |= MMSCOPE_FAULT_F_NOTIFY;
}

/* an entry that is none, or a marker that is like one */
static void judge_empty(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
			struct mmscope_fault *rec)
{
	if (vma_is_anonymous((struct vm_area_struct *)vma)) {
		judge_anon(vma, e, rec);
		return;
	}
	if (has_page_cache(vma))
		judge_file(vma, rec);
	else if (!vma->vm_ops->fault)
		set_both(rec, MMSCOPE_FAULT_BUS);
	else
		set_both(rec, MMSCOPE_FAULT_HANDLER);
}

static void judge_marker(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
			 struct mmscope_fault *rec)
{
	u32 kind = compat_marker_fault(softleaf_from_pte(__pte(e->raw)));

	if (kind != MMSCOPE_FAULT_NONE) {
		set_both(rec, kind);
		return;
	}
	judge_empty(vma, e, rec);
	/* the page comes write-protected, and the write is tried again */
	if (vma->vm_flags & VM_UFFD_WP)
		rec->write = MMSCOPE_FAULT_UFFD_WP;
}

/* ------------------------------------------------------------------- together */

static void judge(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
		  struct mmscope_fault *rec)
{
	switch (e->kind) {
	case MMSCOPE_PGT_NONE:
		judge_empty(vma, e, rec);
		break;
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		judge_present(vma, e, rec);
		break;
	case MMSCOPE_MAPPING_SWAP:
		judge_swap(rec, e->swap_type,
			   e->swap_offset + ((rec->start - e->addr) >> PAGE_SHIFT));
		rec->end = rec->start + PAGE_SIZE;
		break;
	case MMSCOPE_MAPPING_MIGRATION:
		set_both(rec, MMSCOPE_FAULT_MIGRATION);
		break;
	case MMSCOPE_MAPPING_DEVICE:
		set_both(rec, MMSCOPE_FAULT_DEVICE);
		break;
	case MMSCOPE_MAPPING_HWPOISON:
		set_both(rec, MMSCOPE_FAULT_BUS_POISON);
		break;
	case MMSCOPE_MAPPING_MARKER:
		judge_marker(vma, e, rec);
		break;
	default:
		set_both(rec, MMSCOPE_FAULT_UNKNOWN);
		break;
	}
}

static void fill_place(const struct vm_area_struct *vma, struct mmscope_fault *rec)
{
	if (!vma->vm_file)
		return;
	rec->inode = file_user_inode(vma->vm_file)->i_ino;
	rec->offset_bytes = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (rec->start - vma->vm_start);
}

/* of hugetlb one page may have many entries */
static u64 size_of_page(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e)
{
	if (e->kind == MMSCOPE_PGT_NONE || is_vm_hugetlb_page((struct vm_area_struct *)vma))
		return vma_kernel_pagesize((struct vm_area_struct *)vma);
	return e->size;
}

/**
 * mmscope_fault_piece - what accesses do to an address and those behind it
 * @p: the walk, which is at a VMA
 * @e: the entry; runs of neighbours are fine
 * @addr: first address, within the entry
 * @rec: filled, all but the pid; it ends where things may change, or with the entry
 */
void mmscope_fault_piece(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e,
			 unsigned long addr, struct mmscope_fault *rec)
{
	const struct vm_area_struct *vma = p->vma;

	*rec = (struct mmscope_fault){
		.start = addr,
		.end = e->end,
		.entry = e->kind == MMSCOPE_PGT_NONE ? MMSCOPE_FAULT_ENTRY_EMPTY : e->kind,
		.swap_type = MMSCOPE_UNKNOWN32,
		.swap_offset = MMSCOPE_UNKNOWN,
		.pfn = e->pfn,
		.page_size_bytes = size_of_page(vma, e),
		.offset_bytes = MMSCOPE_UNKNOWN,
	};
	if (e->pfn != MMSCOPE_UNKNOWN && e->kind != MMSCOPE_MAPPING_ZERO)
		rec->pfn = e->pfn + ((addr - e->addr) >> PAGE_SHIFT);
	fill_place(vma, rec);
	judge(vma, e, rec);
	if (!may_read(vma))
		rec->read = MMSCOPE_FAULT_SEGV_PERM;
	if (!(vma->vm_flags & VM_WRITE))
		rec->write = MMSCOPE_FAULT_SEGV_PERM;
	rec->pages = (rec->end - rec->start) >> PAGE_SHIFT;
}

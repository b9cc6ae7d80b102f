// SPDX-License-Identifier: GPL-2.0
/*
 * What a page-table entry holds: frame, flags, swap slot.
 *
 * No lock: entries come by value, as pgtable.c read them. Of the rest of the
 * kernel only mem_section is looked at (is there a struct page for the frame),
 * and zero_pfn and huge_zero_pfn.
 *
 * Source: the entry; the VMA's flags.
 */
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../compat.h"
#include "../mmscope.h"
#include "pgtable.h"

/* base pages between the entry's own start and where it was clipped */
static unsigned long skipped_pages(const struct mmscope_pgt_entry *e)
{
	return (e->addr & (e->size - 1)) >> PAGE_SHIFT;
}

/* a leaf's bits are the same at every level: a huge one is read as if it were a PTE */
static u64 leaf_flags(pte_t pte)
{
	u64 flags = MMSCOPE_ENTRY_PRESENT | MMSCOPE_ENTRY_LEAF;

	if (pte_write(pte))
		flags |= MMSCOPE_ENTRY_WRITE;
	if (compat_pte_user(pte))
		flags |= MMSCOPE_ENTRY_USER;
	if (compat_pte_user_exec(pte))
		flags |= MMSCOPE_ENTRY_EXEC;
	if (pte_young(pte))
		flags |= MMSCOPE_ENTRY_ACCESSED;
	if (pte_dirty(pte))
		flags |= MMSCOPE_ENTRY_DIRTY;
	if (pte_soft_dirty(pte))
		flags |= MMSCOPE_ENTRY_SOFT_DIRTY;
	if (pte_uffd(pte))
		flags |= MMSCOPE_ENTRY_UFFD_WP;
	if (pte_special(pte))
		flags |= MMSCOPE_ENTRY_SPECIAL;
	/* x86 marks PROT_NONE with the bit that means global in other entries */
	if (compat_pte_protnone(pte))
		flags |= MMSCOPE_ENTRY_PROTNONE;
	else if (compat_pte_global(pte))
		flags |= MMSCOPE_ENTRY_GLOBAL;
	return flags;
}

/* most entries have the bits of the one before */
static u64 known_flags(struct mmscope_pgt_walk *p, pte_t pte)
{
	u64 bits = compat_pte_bits(pte);

	if (bits != p->leaf_bits || !p->leaf_flags) {
		p->leaf_bits = bits;
		p->leaf_flags = leaf_flags(pte);
	}
	return p->leaf_flags;
}

/* pte_special means no struct page, but huge entries had no such bit for long */
static bool is_pfnmap(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
		      unsigned long pfn)
{
	if (e->level == MMSCOPE_LEVEL_PTE)
		return e->flags & MMSCOPE_ENTRY_SPECIAL;
	return (vma->vm_flags & (VM_PFNMAP | VM_IO)) || !pfn_to_online_page(pfn);
}

/* Where the kernel does not tell which it is: anonymous memory maps no other foreign page. */
static bool is_huge_zero(const struct vm_area_struct *vma, const struct mmscope_pgt_entry *e,
			 unsigned long pfn)
{
	struct page *page;

	if (e->level != MMSCOPE_LEVEL_PMD)
		return false;
	if (mmscope_has(huge_zero_pfn))
		return READ_ONCE(*mmscope_sym(huge_zero_pfn)) == pfn;
	page = vma_is_anonymous((struct vm_area_struct *)vma) ? pfn_to_online_page(pfn) : NULL;
	return page && !PageAnon(page);
}

static void decode_present(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pte_t pte,
			   unsigned long pfn)
{
	e->pfn = pfn + skipped_pages(e);
	e->flags = known_flags(p, pte);
	if (is_zero_pfn(pfn) || is_huge_zero(p->vma, e, pfn))
		e->kind = MMSCOPE_MAPPING_ZERO;
	else if (is_pfnmap(p->vma, e, pfn))
		e->kind = MMSCOPE_MAPPING_PFNMAP;
	else
		e->kind = MMSCOPE_MAPPING_PAGE;
}

static void decode_swap(struct mmscope_pgt_entry *e, softleaf_t entry, bool soft_dirty,
			bool uffd_wp)
{
	e->kind = compat_swap_kind(entry);
	e->flags = MMSCOPE_ENTRY_LEAF;
	if (soft_dirty)
		e->flags |= MMSCOPE_ENTRY_SOFT_DIRTY;
	if (uffd_wp || compat_swap_marks_uffd_wp(entry))
		e->flags |= MMSCOPE_ENTRY_UFFD_WP;
	if (e->kind == MMSCOPE_MAPPING_SWAP) {
		e->swap_type = swp_type(entry);
		e->swap_offset = swp_offset(entry) + skipped_pages(e);
	}
}

/**
 * mmscope_pgt_decode_pte - what does a PTE hold
 * @p: the walk, @p->vma the VMA it is in
 * @e: addr, size and level set, the mapping cleared; the rest is filled
 * @pte: as it was read
 *
 * Also for the huge entries of hugetlb, which are PTEs in all but their place.
 */
void mmscope_pgt_decode_pte(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pte_t pte)
{
	if (pte_none(pte))
		e->kind = MMSCOPE_PGT_NONE;
	else if (pte_present(pte))
		decode_present(p, e, pte, pte_pfn(pte));
	else
		decode_swap(e, softleaf_from_pte(pte), pte_swp_soft_dirty(pte),
			    pte_swp_uffd(pte));
}

/**
 * mmscope_pgt_decode_pmd - what does a PMD entry hold
 * @p: as of mmscope_pgt_decode_pte()
 * @e: likewise
 * @pmd: as it was read
 */
void mmscope_pgt_decode_pmd(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pmd_t pmd)
{
	if (p->bottom == MMSCOPE_LEVEL_PMD)
		mmscope_pgt_decode_pte(p, e, __pte(pmd_val(pmd)));
	else if (pmd_none(pmd))
		e->kind = MMSCOPE_PGT_NONE;
	else if (!pmd_present(pmd))
		decode_swap(e, softleaf_from_pmd(pmd), pmd_swp_soft_dirty(pmd),
			    pmd_swp_uffd(pmd));
	else if (pmd_leaf(pmd))
		decode_present(p, e, __pte(pmd_val(pmd)), pmd_pfn(pmd));
	else
		e->kind = pmd_bad(pmd) ? MMSCOPE_PGT_BAD : MMSCOPE_PGT_TABLE;
}

/**
 * mmscope_pgt_decode_pud - what does a PUD entry hold
 * @p: as of mmscope_pgt_decode_pte()
 * @e: likewise
 * @pud: as it was read
 */
void mmscope_pgt_decode_pud(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pud_t pud)
{
	if (p->bottom == MMSCOPE_LEVEL_PUD)
		mmscope_pgt_decode_pte(p, e, __pte(pud_val(pud)));
	else if (pud_none(pud))
		e->kind = MMSCOPE_PGT_NONE;
	else if (!pud_present(pud))
		e->kind = MMSCOPE_MAPPING_UNKNOWN;
	else if (pud_leaf(pud))
		decode_present(p, e, __pte(pud_val(pud)), pud_pfn(pud));
	else
		e->kind = pud_bad(pud) ? MMSCOPE_PGT_BAD : MMSCOPE_PGT_TABLE;
}

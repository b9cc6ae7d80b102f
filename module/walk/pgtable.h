/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one walker over the page tables of a process.
 */
#ifndef _MMSCOPE_PGTABLE_H
#define _MMSCOPE_PGTABLE_H

#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/types.h>

struct mmscope_walk;

/* end of a walk over all of an address space */
#define MMSCOPE_PGT_END (ULONG_MAX & PAGE_MASK)

/* kinds of entries beside enum mmscope_mapping_kind, which leaf entries have */
enum mmscope_pgt_kind {
	MMSCOPE_PGT_TABLE = 0x100,	/* leads to the next level */
	MMSCOPE_PGT_NONE,
	MMSCOPE_PGT_BAD,		/* neither: it changed while we read */
};

/**
 * struct mmscope_pgt_entry - one entry of a page table
 * @addr: first address it maps, clipped to the VMA and the range walked
 * @end: first address beyond, clipped likewise
 * @size: bytes that an entry of this level maps
 * @level: enum mmscope_level; never a folded one
 * @kind: enum mmscope_mapping_kind or enum mmscope_pgt_kind
 * @bottom: this VMA has no tables below this level
 * @raw: as it stands in memory
 * @table_pfn: frame of the table it is in
 * @pfn: frame at @addr, MMSCOPE_UNKNOWN if not present
 * @flags: enum mmscope_entry_flags, of leaf entries
 * @swap_type: swap area, MMSCOPE_UNKNOWN32 if not in swap
 * @swap_offset: swap slot of @addr, MMSCOPE_UNKNOWN if not in swap
 */
struct mmscope_pgt_entry {
	unsigned long addr;
	unsigned long end;
	unsigned long size;
	u32 level;
	u32 kind;
	bool bottom;
	u64 raw;
	u64 table_pfn;
	u64 pfn;
	u64 flags;
	u32 swap_type;
	u64 swap_offset;
};

/**
 * struct mmscope_pgt_walk - a walk over the page tables of a range
 * @w: the request
 * @pos: where to go on; what is below is done
 * @end: first address beyond the range; both page-aligned
 * @nones: show entries that are none too
 * @upper: tables of PTEs are not read
 * @runs: neighbouring PTEs that follow each other (the next frame, the next swap
 *        slot, the zero page again, none again) with equal bits may come as one
 *        entry: @end - @addr is a multiple of @size then, and @raw, @pfn and
 *        @swap_offset are those of its first PTE
 * @plain: takes PTEs that map ordinary pages, where most are: called with those
 *         from @pos on up to the end of the table or range, the first of them not
 *         none; tells how many it took, and the next goes to @entry, or NULL
 * @entry: called for each entry in ascending order, for a table before what is
 *         in it, and again when the walk resumes within it. Must not sleep.
 *         Non-zero ends the walk with @pos at this entry, which is not done.
 * @vma: the VMA under the walk
 * @bottom: lowest level of its tables
 * @began: of the hold of mmap_lock
 * @pmds: the table of PMD entries met last; the walk of a hold that ended in one
 *        may go on in it with mmscope_pgt_near(). NULL: none, or it may go away
 * @pmds_at: first address that it maps
 * @leaf_bits: of the present leaf entry met last, all but its frame
 * @leaf_flags: what they mean, 0: there was none
 */
struct mmscope_pgt_walk {
	struct mmscope_walk *w;
	unsigned long pos;
	unsigned long end;
	bool nones;
	bool upper;
	bool runs;
	unsigned long (*plain)(struct mmscope_pgt_walk *p, pte_t *ptep, unsigned long nr);
	int (*entry)(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e);
	struct vm_area_struct *vma;
	u32 bottom;
	u64 began;
	pmd_t *pmds;
	unsigned long pmds_at;
	u64 leaf_bits;
	u64 leaf_flags;
};

/* pgtable_entry.c, for pgtable.c */
void mmscope_pgt_decode_pte(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pte_t pte);
void mmscope_pgt_decode_pmd(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pmd_t pmd);
void mmscope_pgt_decode_pud(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, pud_t pud);

int mmscope_pgt_vma(struct mmscope_pgt_walk *p, struct vm_area_struct *vma);
int mmscope_pgt_walk(struct mmscope_pgt_walk *p);
bool mmscope_pgt_is_near(const struct mmscope_pgt_walk *p, unsigned long addr);
int mmscope_pgt_near(struct mmscope_pgt_walk *p);
bool mmscope_pgt_folded(struct mm_struct *mm, u32 level);
unsigned long mmscope_pgt_entry_size(u32 level);
u64 mmscope_pgt_entries(u32 level);
u32 mmscope_pgt_index(u32 level, unsigned long addr);
bool mmscope_pgt_fills_page(u32 level);
u32 mmscope_pgt_below(struct mm_struct *mm, u32 level);

/* enum mmscope_cache_mode: @pat as compat_pat(), @index as compat_cache_index() tells */
static inline u32 mmscope_cache_mode(u64 pat, u32 index)
{
	return pat && index < 8 ? pat >> (8 * index) & 7 : MMSCOPE_UNKNOWN32;
}

#endif /* _MMSCOPE_PGTABLE_H */

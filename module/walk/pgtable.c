// SPDX-License-Identifier: GPL-2.0
/*
 * The one walker over the page tables of a process.
 *
 * Locks: mmap_lock (read), a bounded hold a call. It keeps the VMAs, and with
 * them every table above the PTEs: outside of VMAs munmap() frees tables while
 * others read-lock, so nothing is read there. Tables of PTEs may go under a
 * mere read lock (collapse of file pages into a huge page), but by RCU: a PMD
 * entry is read and all it leads to is visited in one RCU section, at most
 * PTRS_PER_PTE entries. hugetlb shares PMD tables between processes: i_mmap_rwsem
 * (read) keeps them.
 *
 * Staleness: no page-table lock is taken, an entry is one READ_ONCE. It may
 * have changed before the reader sees it; accessed and dirty bits do so all
 * the time. Each entry is consistent in itself.
 *
 * Source: mm->pgd downward. On x86 with page-table isolation that is the
 * kernel's copy of the top level; the levels below are common to both.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "../mmscope.h"
#include "pgtable.h"
#include "task.h"

/**
 * mmscope_pgt_folded - has an address space no tables of a level
 * @mm: the address space
 * @level: enum mmscope_level
 */
bool mmscope_pgt_folded(struct mm_struct *mm, u32 level)
{
	switch (level) {
	case MMSCOPE_LEVEL_P4D:
		return mm_p4d_folded(mm);
	case MMSCOPE_LEVEL_PUD:
		return mm_pud_folded(mm);
	case MMSCOPE_LEVEL_PMD:
		return mm_pmd_folded(mm);
	default:
		return false;
	}
}

/**
 * mmscope_pgt_below - the level that entries of a level lead to
 * @mm: the address space
 * @level: enum mmscope_level, not the last
 */
u32 mmscope_pgt_below(struct mm_struct *mm, u32 level)
{
	do
		level++;
	while (mmscope_pgt_folded(mm, level));
	return level;
}

/* ------------------------------------------------------------------ entries */

static unsigned long entry_size(u32 level)
{
	switch (level) {
	case MMSCOPE_LEVEL_PGD:
		return PGDIR_SIZE;
	case MMSCOPE_LEVEL_P4D:
		return P4D_SIZE;
	case MMSCOPE_LEVEL_PUD:
		return PUD_SIZE;
	case MMSCOPE_LEVEL_PMD:
		return PMD_SIZE;
	default:
		return PAGE_SIZE;
	}
}

static u64 entries(u32 level)
{
	switch (level) {
	case MMSCOPE_LEVEL_PGD:
		return PTRS_PER_PGD;
	case MMSCOPE_LEVEL_P4D:
		return PTRS_PER_P4D;
	case MMSCOPE_LEVEL_PUD:
		return PTRS_PER_PUD;
	case MMSCOPE_LEVEL_PMD:
		return PTRS_PER_PMD;
	default:
		return PTRS_PER_PTE;
	}
}

/*
 * The level whose entries a table holds. Of folded levels the top table takes the
 * place: where that was found out at boot, PGDIR_SIZE may still be that of a level
 * more. No address space differs in this from another.
 */
static u32 level_held(u32 level)
{
	if (level == MMSCOPE_LEVEL_PGD)
		while (mmscope_pgt_folded(NULL, level + 1))
			level++;
	return level;
}

/**
 * mmscope_pgt_entry_size - bytes that an entry maps
 * @level: enum mmscope_level of the entry
 */
unsigned long mmscope_pgt_entry_size(u32 level)
{
	return entry_size(level_held(level));
}

/**
 * mmscope_pgt_entries - entries in a table
 * @level: enum mmscope_level of the table
 */
u64 mmscope_pgt_entries(u32 level)
{
	/* a level that is always folded has one entry */
	return max(entries(level), entries(level_held(level)));
}

/**
 * mmscope_pgt_index - number of an entry in its table
 * @level: enum mmscope_level of the entry
 * @addr: an address that it maps
 */
u32 mmscope_pgt_index(u32 level, unsigned long addr)
{
	return addr / mmscope_pgt_entry_size(level) % mmscope_pgt_entries(level);
}

/**
 * mmscope_pgt_fills_page - do the tables of a level fill a page?
 * @level: enum mmscope_level
 */
bool mmscope_pgt_fills_page(u32 level)
{
	return mmscope_pgt_entries(level) * sizeof(pte_t) == PAGE_SIZE;
}

/* what all entries of a table have in common */
static void init_table(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, u32 level,
		       const void *table)
{
	/* a folded level looks like an entry on our stack: the table is the pgd */
	if (level == MMSCOPE_LEVEL_PGD)
		table = p->w->mm->pgd;
	e->size = mmscope_pgt_entry_size(level);
	e->level = level;
	e->bottom = level == p->bottom;
	e->table_pfn = PHYS_PFN(__pa(table));
}

/* an entry that maps nothing, until it is decoded */
static void init_entry(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e, u64 raw,
		       unsigned long end)
{
	e->addr = p->pos;
	e->end = end;
	e->raw = raw;
	e->pfn = MMSCOPE_UNKNOWN;
	e->flags = 0;
	e->swap_type = MMSCOPE_UNKNOWN32;
	e->swap_offset = MMSCOPE_UNKNOWN;
}

/* ------------------------------------------------------------------- levels */

/* Does the walk go on below this entry? */
static bool descends(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	return e->kind == MMSCOPE_PGT_TABLE && !(p->upper && e->level == MMSCOPE_LEVEL_PMD);
}

static int visit(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	int ret = 0;

	if (e->kind != MMSCOPE_PGT_NONE || p->nones)
		ret = p->entry(p, e);
	if (!ret && !descends(p, e))
		p->pos = e->end;
	return ret;
}

/* what a folded level has for an entry is the pgd's own */
static u32 shown_level(struct mmscope_pgt_walk *p, u32 level)
{
	return mmscope_pgt_folded(p->w->mm, level) ? MMSCOPE_LEVEL_PGD : level;
}

static int hold_spent(struct mmscope_pgt_walk *p)
{
	return mmscope_mm_spent(p->w, p->began) ? MMSCOPE_MORE : 0;
}

/* what is added to a PTE's value for the one that follows it; false: none does */
static bool run_step(const struct mmscope_pgt_entry *e, pte_t pte, u64 *step)
{
	switch (e->kind) {
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_PFNMAP:
		*step = compat_pte_step(pte);
		return true;
	case MMSCOPE_MAPPING_SWAP:
		*step = pte_val(swp_entry_to_pte(swp_entry(e->swap_type, e->swap_offset + 1))) -
			pte_val(swp_entry_to_pte(swp_entry(e->swap_type, e->swap_offset)));
		return true;
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_MARKER:
	case MMSCOPE_PGT_NONE:
		*step = 0;
		return true;
	default:
		return false;
	}
}

/* how many PTEs, at most nr, follow each other from the one that was decoded */
static unsigned long run_length(const struct mmscope_pgt_entry *e, pte_t *ptep, pte_t pte,
				unsigned long nr)
{
	const u64 zero = zero_pfn(e->addr);
	u64 raw = pte_val(pte), step;
	unsigned long i;

	if (!run_step(e, pte, &step))
		return 1;
	for (i = 1; i < nr; i++) {
		raw += step;
		if (pte_val(ptep_get(ptep + i)) != raw)
			break;
	}
	/* the zero page is of another kind, wherever its frame is */
	if (e->pfn != MMSCOPE_UNKNOWN && step && zero > e->pfn)
		i = min_t(u64, i, zero - e->pfn);
	return i;
}

static int walk_pte(struct mmscope_pgt_walk *p, pmd_t pmd, unsigned long end)
{
	pte_t *ptep = pte_offset_kernel(&pmd, p->pos);
	struct mmscope_pgt_entry e;
	unsigned long nr;
	int ret = 0;

	init_table(p, &e, MMSCOPE_LEVEL_PTE, ptep);
	for (; p->pos < end && !ret; ptep += nr) {
		pte_t pte = ptep_get(ptep);

		if (pte_none(pte) && !p->nones) {
			p->pos += PAGE_SIZE;
			nr = 1;
			continue;
		}
		nr = p->plain ? p->plain(p, ptep, (end - p->pos) >> PAGE_SHIFT) : 0;
		if (nr) {
			p->pos += nr * PAGE_SIZE;
			continue;
		}
		nr = 1;
		init_entry(p, &e, pte_val(pte), p->pos + PAGE_SIZE);
		mmscope_pgt_decode_pte(p, &e, pte);
		if (p->runs) {
			nr = run_length(&e, ptep, pte, (end - p->pos) >> PAGE_SHIFT);
			e.end = e.addr + nr * PAGE_SIZE;
		}
		ret = visit(p, &e);
	}
	return ret;
}

/* an entry of a PMD table and all below it; the caller is in an RCU section */
static int __walk_pmd_entry(struct mmscope_pgt_walk *p, struct mmscope_pgt_entry *e,
			    pmd_t *pmdp, unsigned long end)
{
	pmd_t pmd = READ_ONCE(*pmdp);
	int ret;

	init_entry(p, e, pmd_val(pmd), end);
	mmscope_pgt_decode_pmd(p, e, pmd);
	ret = visit(p, e);
	if (!ret && descends(p, e))
		ret = walk_pte(p, pmd, end);
	return ret;
}

static int walk_pmd(struct mmscope_pgt_walk *p, pud_t *pudp, pud_t pud, unsigned long end)
{
	pmd_t *pmdp = pmd_offset_lockless(pudp, pud, p->pos);
	struct mmscope_pgt_entry e;
	int ret = 0;

	p->pmds = pmdp - pmd_index(p->pos);
	p->pmds_at = p->pos & PUD_MASK;
	init_table(p, &e, MMSCOPE_LEVEL_PMD, pmdp);
	for (; p->pos < end && !ret; pmdp++) {
		unsigned long next = pmd_addr_end(p->pos, end);

		rcu_read_lock();
		ret = __walk_pmd_entry(p, &e, pmdp, next);
		rcu_read_unlock();
		if (!ret && descends(p, &e))
			ret = hold_spent(p);
	}
	return ret;
}

static int walk_pud(struct mmscope_pgt_walk *p, p4d_t *p4dp, p4d_t p4d, unsigned long end)
{
	pud_t *pudp = pud_offset_lockless(p4dp, p4d, p->pos);
	struct mmscope_pgt_entry e;
	int ret = 0;

	init_table(p, &e, shown_level(p, MMSCOPE_LEVEL_PUD), pudp);
	for (; p->pos < end && !ret; pudp++) {
		unsigned long next = pud_addr_end(p->pos, end);
		pud_t pud = READ_ONCE(*pudp);

		init_entry(p, &e, pud_val(pud), next);
		mmscope_pgt_decode_pud(p, &e, pud);
		ret = visit(p, &e);
		if (ret || e.kind != MMSCOPE_PGT_TABLE)
			continue;
		ret = walk_pmd(p, pudp, pud, next) ?: hold_spent(p);
	}
	return ret;
}

static int walk_p4d(struct mmscope_pgt_walk *p, pgd_t *pgdp, pgd_t pgd, unsigned long end)
{
	const bool folds_next = mmscope_pgt_folded(p->w->mm, MMSCOPE_LEVEL_PUD);
	p4d_t *p4dp = p4d_offset_lockless(pgdp, pgd, p->pos);
	struct mmscope_pgt_entry e;
	int ret = 0;

	init_table(p, &e, shown_level(p, MMSCOPE_LEVEL_P4D), p4dp);
	for (; p->pos < end && !ret; p4dp++) {
		unsigned long next = p4d_addr_end(p->pos, end);
		p4d_t p4d = READ_ONCE(*p4dp);

		init_entry(p, &e, p4d_val(p4d), next);
		e.kind = p4d_none(p4d) ? MMSCOPE_PGT_NONE :
			 p4d_bad(p4d) ? MMSCOPE_PGT_BAD : MMSCOPE_PGT_TABLE;
		if (!folds_next)
			ret = visit(p, &e);
		if (!ret && (folds_next || e.kind == MMSCOPE_PGT_TABLE))
			ret = walk_pud(p, p4dp, p4d, next);
	}
	return ret;
}

static int walk_pgd(struct mmscope_pgt_walk *p, unsigned long end)
{
	const bool folds_next = mmscope_pgt_folded(p->w->mm, MMSCOPE_LEVEL_P4D);
	pgd_t *pgdp = pgd_offset(p->w->mm, p->pos);
	struct mmscope_pgt_entry e;
	int ret = 0;

	init_table(p, &e, MMSCOPE_LEVEL_PGD, pgdp);
	for (; p->pos < end && !ret; pgdp++) {
		unsigned long next = pgd_addr_end(p->pos, end);
		pgd_t pgd = READ_ONCE(*pgdp);

		init_entry(p, &e, pgd_val(pgd), next);
		e.kind = pgd_none(pgd) ? MMSCOPE_PGT_NONE :
			 pgd_bad(pgd) ? MMSCOPE_PGT_BAD : MMSCOPE_PGT_TABLE;
		if (!folds_next)
			ret = visit(p, &e);
		if (!ret && (folds_next || e.kind == MMSCOPE_PGT_TABLE))
			ret = walk_p4d(p, pgdp, pgd, next);
	}
	return ret;
}

/* -------------------------------------------------------------------- ranges */

static u32 bottom_level(struct vm_area_struct *vma)
{
	unsigned long size;

	if (!is_vm_hugetlb_page(vma))
		return MMSCOPE_LEVEL_PTE;
	size = huge_page_size(hstate_vma(vma));
	if (size >= PUD_SIZE)
		return MMSCOPE_LEVEL_PUD;
	return size >= PMD_SIZE ? MMSCOPE_LEVEL_PMD : MMSCOPE_LEVEL_PTE;
}

/**
 * mmscope_pgt_vma - visit the entries of one VMA, from @p->pos up to @p->end
 * @p: the walk, @p->pos inside the VMA, @p->began set
 * @vma: the VMA
 *
 * The caller holds mmap_lock.
 *
 * Return: 0 at the end of either; MMSCOPE_MORE when mmap_lock is to be given
 * back, @p->pos tells where to go on; or what @p->entry returned.
 */
int mmscope_pgt_vma(struct mmscope_pgt_walk *p, struct vm_area_struct *vma)
{
	struct address_space *sharer = NULL;
	int ret;

	p->vma = vma;
	p->bottom = bottom_level(vma);
	p->pmds = NULL;
	if (is_vm_hugetlb_page(vma)) {
		sharer = vma->vm_file->f_mapping;
		i_mmap_lock_read(sharer);
	}
	ret = walk_pgd(p, min(p->end, vma->vm_end));
	if (sharer) {
		i_mmap_unlock_read(sharer);
		p->pmds = NULL;
	}
	return ret;
}

/**
 * mmscope_pgt_is_near - may mmscope_pgt_near() be used
 * @p: the walk, in the hold of mmap_lock in which mmscope_pgt_vma() was called
 * @addr: where it is to go on
 */
bool mmscope_pgt_is_near(const struct mmscope_pgt_walk *p, unsigned long addr)
{
	return p->pmds && (addr & PUD_MASK) == p->pmds_at && addr >= p->vma->vm_start &&
	       addr < p->vma->vm_end;
}

/**
 * mmscope_pgt_near - visit the entries for one page, from the PMD's on
 * @p: the walk, @p->pos where mmscope_pgt_is_near()
 *
 * The entries above are those of the page before: within a VMA they stay while
 * mmap_lock is held.
 *
 * Return: as mmscope_pgt_vma().
 */
int mmscope_pgt_near(struct mmscope_pgt_walk *p)
{
	pmd_t *pmdp = p->pmds + pmd_index(p->pos);
	struct mmscope_pgt_entry e;
	int ret;

	/* hugetlb is never near */
	p->bottom = MMSCOPE_LEVEL_PTE;
	init_table(p, &e, MMSCOPE_LEVEL_PMD, pmdp);
	rcu_read_lock();
	ret = __walk_pmd_entry(p, &e, pmdp, p->pos + PAGE_SIZE);
	rcu_read_unlock();
	return ret;
}

/**
 * mmscope_pgt_walk - visit the entries of all VMAs in a range, for one hold
 * @p: the walk
 *
 * Takes mmap_lock once and gives it back after a bounded time, or early when
 * somebody waits for it; at least one step is done.
 *
 * Return: 0 at the end of the range; MMSCOPE_MORE; or what @p->entry returned;
 * -EINTR when the reader was killed.
 */
int mmscope_pgt_walk(struct mmscope_pgt_walk *p)
{
	VMA_ITERATOR(vmi, p->w->mm, p->pos);
	struct vm_area_struct *vma;
	int ret;

	if (p->pos >= p->end)
		return 0;
	ret = mmscope_mm_lock(p->w, &p->began);
	if (ret)
		return ret;
	for_each_vma_range(vmi, vma, p->end) {
		p->pos = max(p->pos, vma->vm_start);
		ret = mmscope_pgt_vma(p, vma) ?: hold_spent(p);
		if (ret)
			break;
	}
	mmscope_mm_unlock(p->w, p->began);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset ptes: the entries of a process's page tables as they are, at all levels.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call.
 *
 * Positions are addresses, and in their low bits the lowest level that is still
 * to be shown there: a table and what it holds begin at the same address. An
 * entry of a table reaches over several VMAs and is met in each; it is shown in
 * the first, which needs no memory of what was shown.
 *
 * Source: the entries below mm->pgd.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../compat.h"
#include "../mmscope.h"
#include "pgtable.h"

static u64 first_wanted(const struct mmscope_walk *w)
{
	return w->q.start & PAGE_MASK;
}

/* tables: is this the first VMA in the range that the entry is met in, at its first page? */
static bool met_first(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	const unsigned long from = max_t(u64, e->addr & ~(e->size - 1), first_wanted(p->w));
	const struct vm_area_struct *vma = find_vma(p->w->mm, from);

	return vma && max(vma->vm_start, from) >= e->addr;
}

static bool is_shown(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	const u64 pos = p->w->cursor.pos;

	if (e->addr == (pos & PAGE_MASK) && e->level < offset_in_page(pos))
		return false;
	return e->kind != MMSCOPE_PGT_TABLE || met_first(p, e);
}

static void fill_present(const struct mmscope_pgt_entry *e, struct mmscope_pte *rec)
{
	const pte_t pte = __pte(e->raw);

	rec->flags |= compat_more_flags(pte);
	rec->pkey = compat_pkey(pte);
	rec->cache_index = compat_cache_index(e->raw, e->level != MMSCOPE_LEVEL_PTE);
	rec->cache_mode = compat_kernel_cache(pte, e->level != MMSCOPE_LEVEL_PTE);
}

static void fill_record(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e,
			struct mmscope_pte *rec)
{
	const u64 base = e->addr & ~(e->size - 1), skipped = (e->addr - base) >> PAGE_SHIFT;

	*rec = (struct mmscope_pte){
		.addr = base,
		.end = base + e->size,
		.raw = e->raw,
		.pfn = e->pfn,
		.table_pfn = e->table_pfn,
		.flags = e->flags,
		.page_size_bytes = e->size,
		.swap_offset = e->swap_offset,
		.swap_type = e->swap_type,
		.pid = p->w->pid_nr,
		.level = e->level,
		.index = mmscope_pgt_index(e->level, e->addr),
		.kind = e->kind,
		.pkey = MMSCOPE_UNKNOWN32,
		.cache_index = MMSCOPE_UNKNOWN32,
		.cache_mode = MMSCOPE_UNKNOWN32,
	};
	if (e->kind == MMSCOPE_PGT_TABLE) {
		rec->kind = MMSCOPE_MAPPING_TABLE;
		rec->page_size_bytes = 0;
		rec->flags = compat_table_flags(e->raw);
		rec->pfn = compat_plain_pfn(__pte(e->raw));
		return;
	}
	if (e->flags & MMSCOPE_ENTRY_PRESENT) {
		rec->pfn -= skipped;
		fill_present(e, rec);
	} else {
		rec->flags |= compat_swap_flags(__pte(e->raw), &rec->pfn);
	}
	if (e->kind == MMSCOPE_MAPPING_SWAP)
		rec->swap_offset -= skipped;
}

static int pte_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct mmscope_pte rec;

	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	if (!is_shown(p, e))
		return 0;
	fill_record(p, e, &rec);
	return mmscope_emit(p->w, &rec,
			    e->kind == MMSCOPE_PGT_TABLE ? e->addr + e->level + 1 : e->end);
}

static int pte_walk(struct mmscope_walk *w)
{
	const u64 last = MMSCOPE_PGT_END;
	struct mmscope_pgt_walk p = {
		.w = w,
		.pos = min(max(w->cursor.pos, w->q.start), last) & PAGE_MASK,
		.end = PAGE_ALIGN(min(w->q.end, last)),
		.entry = pte_entry,
	};
	int ret;

	ret = mmscope_pgt_walk(&p);
	/* entries that are none move no cursor */
	if (p.pos > w->cursor.pos)
		w->cursor.pos = p.pos;
	return ret;
}

static const struct mmscope_field_def pte_fields[] = {
	FIELD(struct mmscope_pte, addr, ADDR, "first address that the entry maps"),
	FIELD_CLASS(struct mmscope_pte, level, ENUM, &mmscope_level_names,
		    "level of the table it is in"),
	FIELD(struct mmscope_pte, index, COUNT, "number of the entry in its table"),
	FIELD_ENUM(struct mmscope_pte, kind, &mmscope_mapping_kind_names, "what it holds"),
	FIELD(struct mmscope_pte, pfn, PFN,
	      "frame that it maps or will, after migration; of a table its frame"),
	FIELD_FLAGS(struct mmscope_pte, flags, &mmscope_entry_flag_names, "its bits"),
	FIELD(struct mmscope_pte, raw, ADDR, "the entry as it stands in memory"),
	FIELD(struct mmscope_pte, page_size_bytes, BYTES, "what it maps; 0: a table"),
	MORE(struct mmscope_pte, end, ADDR, "first address beyond"),
	MORE(struct mmscope_pte, table_pfn, PFN, "frame of the table it is in"),
	MORE(struct mmscope_pte, swap_type, ID, "swap area, of swap entries"),
	MORE(struct mmscope_pte, swap_offset, COUNT, "swap slot, of swap entries"),
	MORE(struct mmscope_pte, pkey, COUNT, "protection key"),
	MORE(struct mmscope_pte, cache_index, COUNT, "entry of the PAT that it chooses"),
	MORE_ENUM(struct mmscope_pte, cache_mode, &mmscope_cache_mode_names,
		  "how the kernel has set that entry of the PAT; MTRRs may say less"),
	MORE(struct mmscope_pte, pid, ID, "process"),
};

static const struct mmscope_need pte_needs[] = {
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_ptes = {
	.name = "ptes",
	.help = "entries of a process's page tables at all levels, decoded",
	.id = MMSCOPE_DS_PTES,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_pte),
	.fields = pte_fields,
	.nr_fields = ARRAY_SIZE(pte_fields),
	.needs = pte_needs,
	.locked_down = true,
	.walk = pte_walk,
};

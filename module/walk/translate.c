// SPDX-License-Identifier: GPL-2.0
/*
 * Point query translations: the page-table walk for given addresses.
 *
 * Locks and staleness: those of pgtable.c; mmap_lock is held for a bounded
 * number of addresses. The levels of one answer are read one after the other,
 * so a table replaced in between may show as it was.
 *
 * Source: find_vma(); the entries below mm->pgd.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/slab.h>

#include "../mmscope.h"
#include "pgtable.h"
#include "task.h"

static u32 result_of(const struct mmscope_pgt_entry *e)
{
	switch (e->kind) {
	case MMSCOPE_PGT_NONE:
		return e->bottom ? MMSCOPE_NOT_PRESENT : MMSCOPE_NO_TABLE;
	case MMSCOPE_PGT_BAD:
		return MMSCOPE_BAD_ENTRY;
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		return MMSCOPE_TRANSLATED;
	case MMSCOPE_MAPPING_SWAP:
		return MMSCOPE_IN_SWAP;
	case MMSCOPE_MAPPING_MIGRATION:
		return MMSCOPE_IN_MIGRATION;
	default:
		return MMSCOPE_OTHER_ENTRY;
	}
}

/* addresses between two looks at the clock */
#define LOOKS_APART 16

/* tables of PMD entries that are remembered for the addresses to come, by address */
#define NEARS 4

/**
 * struct translate_near - where an address near one before can begin
 * @pmds: as of struct mmscope_pgt_walk, with the next two
 * @pmds_at: likewise
 * @vma: likewise
 * @upper: the record as it was above the PMD entry
 */
struct translate_near {
	pmd_t *pmds;
	unsigned long pmds_at;
	struct vm_area_struct *vma;
	struct mmscope_translation upper;
};

/**
 * struct translate_walk - the walks of one hold
 * @p: the walk for one address
 * @rec: its record, filled level by level
 * @near: where it may begin; NULL: it did
 * @nears: of this hold
 */
struct translate_walk {
	struct mmscope_pgt_walk p;
	struct mmscope_translation *rec;
	struct translate_near *near;
	struct translate_near nears[NEARS];
};

static int translate_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct translate_walk *t = container_of(p, struct translate_walk, p);
	struct mmscope_translation *rec = t->rec;

	if (e->level == MMSCOPE_LEVEL_PMD && t->near)
		t->near->upper = *rec;
	rec->level = e->level;
	rec->index[e->level] = mmscope_pgt_index(e->level, rec->addr);
	rec->entry[e->level] = e->raw;
	if (mmscope_pgt_fills_page(e->level))
		rec->table_pfn[e->level] = e->table_pfn;
	if (e->kind == MMSCOPE_PGT_TABLE)
		return 0;
	rec->result = result_of(e);
	rec->flags = e->flags;
	rec->swap_type = e->swap_type;
	rec->swap_offset = e->swap_offset;
	if (e->kind != MMSCOPE_PGT_NONE && e->kind != MMSCOPE_PGT_BAD)
		rec->page_size_bytes = e->size;
	rec->pfn = e->pfn;
	if (rec->result == MMSCOPE_TRANSLATED)
		rec->phys = PFN_PHYS(e->pfn) | offset_in_page(rec->addr);
	return 0;
}

static void init_record(struct mm_struct *mm, struct mmscope_translation *rec, u32 pid, u64 addr)
{
	u32 level;

	*rec = (struct mmscope_translation) {
		.addr = addr,
		.pid = pid,
		.result = addr < mm->task_size ? MMSCOPE_NOT_MAPPED : MMSCOPE_NOT_USER,
		.pfn = MMSCOPE_UNKNOWN,
		.phys = MMSCOPE_UNKNOWN,
		.swap_type = MMSCOPE_UNKNOWN32,
		.swap_offset = MMSCOPE_UNKNOWN,
	};
	for (level = 0; level < MMSCOPE_NR_LEVELS; level++) {
		rec->index[level] = MMSCOPE_UNKNOWN;
		rec->entry[level] = MMSCOPE_UNKNOWN;
		rec->table_pfn[level] = MMSCOPE_UNKNOWN;
		rec->levels += !mmscope_pgt_folded(mm, level);
	}
}

/* all levels; the caller holds mmap_lock */
static void translate_far(struct translate_walk *t, u32 pid, u64 addr)
{
	struct mmscope_translation *rec = t->rec;
	struct mm_struct *mm = t->p.w->mm;
	struct vm_area_struct *vma;

	init_record(mm, rec, pid, addr);
	vma = find_vma(mm, addr);
	if (!vma || vma->vm_start > addr)
		return;
	rec->vma_start = vma->vm_start;
	rec->vma_end = vma->vm_end;
	rec->vma_perms = mmscope_vma_perms(vma);
	/* that the hold is spent is told behind the page, which was the last */
	mmscope_pgt_vma(&t->p, vma);
	t->near->pmds = t->p.pmds;
	t->near->pmds_at = t->p.pmds_at;
	t->near->vma = vma;
}

/* the levels that an address before did not have too */
static void translate_near(struct translate_walk *t, u64 addr)
{
	*t->rec = t->near->upper;
	t->rec->addr = addr;
	t->near = NULL;
	mmscope_pgt_near(&t->p);
}

static void translate_one(struct translate_walk *t, u32 pid, u64 addr)
{
	struct translate_near *near = &t->nears[(addr >> PUD_SHIFT) % NEARS];

	t->near = near;
	t->p.pos = addr & PAGE_MASK;
	t->p.end = t->p.pos + PAGE_SIZE;
	t->p.pmds = near->pmds;
	t->p.pmds_at = near->pmds_at;
	t->p.vma = near->vma;
	if (mmscope_pgt_is_near(&t->p, addr))
		translate_near(t, addr);
	else
		translate_far(t, pid, addr);
}

/* for one hold: returns how many addresses are done, one at least */
static u32 translate_some(struct translate_walk *t, u32 pid, const u64 *addrs, u32 nr,
			  struct mmscope_translation *out)
{
	u32 i;

	for (i = 0; i < NEARS; i++)
		t->nears[i].pmds = NULL;
	i = 0;
	do {
		t->rec = &out[i];
		translate_one(t, pid, addrs[i]);
		i++;
	} while (i < nr && (i % LOOKS_APART || !mmscope_mm_spent(t->p.w, t->p.began)));
	return i;
}

/**
 * mmscope_translate - walk the page tables for some addresses
 * @mm: the address space, mm_users held
 * @pid_nr: for the records
 * @addrs: addresses, from anywhere
 * @nr: how many
 * @out: one record each
 * @max_lock_ns: raised to the longest hold of mmap_lock
 *
 * Return: 0, -ENOMEM, or -EINTR when the reader was killed.
 */
int mmscope_translate(struct mm_struct *mm, u32 pid_nr, const u64 *addrs, u32 nr,
		      struct mmscope_translation *out, u64 *max_lock_ns)
{
	struct mmscope_walk w = { .mm = mm, .max_lock_ns = *max_lock_ns };
	struct translate_walk *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int err = 0;
	u32 i = 0;

	if (!t)
		return -ENOMEM;
	t->p = (struct mmscope_pgt_walk){ .w = &w, .nones = true, .entry = translate_entry };
	while (i < nr && !err) {
		err = mmscope_mm_lock(&w, &t->p.began);
		if (err)
			break;
		i += translate_some(t, pid_nr, addrs + i, nr - i, out + i);
		mmscope_mm_unlock(&w, t->p.began);
		err = mmscope_pause();
	}
	kfree(t);
	*max_lock_ns = w.max_lock_ns;
	return err;
}

static const struct mmscope_name translation_results[] = {
	{ MMSCOPE_TRANSLATED, "translated" },
	{ MMSCOPE_NOT_MAPPED, "not_mapped" },
	{ MMSCOPE_NOT_USER, "not_user" },
	{ MMSCOPE_NO_TABLE, "no_table" },
	{ MMSCOPE_NOT_PRESENT, "not_present" },
	{ MMSCOPE_IN_SWAP, "in_swap" },
	{ MMSCOPE_IN_MIGRATION, "in_migration" },
	{ MMSCOPE_OTHER_ENTRY, "other_entry" },
	{ MMSCOPE_BAD_ENTRY, "bad_entry" },
};

static MMSCOPE_NAMES(translation_result_names, translation_results);

static const struct mmscope_field_def translation_fields[] = {
	FIELD(struct mmscope_translation, addr, ADDR, "address asked for"),
	FIELD_ENUM(struct mmscope_translation, result, &translation_result_names,
		   "is there a frame, and why not"),
	FIELD(struct mmscope_translation, phys, ADDR, "physical address of this byte"),
	FIELD(struct mmscope_translation, pfn, PFN, "frame of the base page"),
	FIELD(struct mmscope_translation, page_size_bytes, BYTES, "what the last entry maps"),
	FIELD_ENUM(struct mmscope_translation, level, &mmscope_level_names,
		   "level where the walk ended"),
	FIELD_FLAGS(struct mmscope_translation, flags, &mmscope_entry_flag_names,
		    "bits of the last entry"),
	FIELD_FLAGS(struct mmscope_translation, vma_perms, &mmscope_perm_names,
		    "what the VMA allows"),
	MORE(struct mmscope_translation, vma_start, ADDR, "start of the VMA, 0 if there is none"),
	MORE(struct mmscope_translation, vma_end, ADDR, "end of the VMA"),
	MORE(struct mmscope_translation, swap_type, ID, "swap area, if in swap"),
	MORE(struct mmscope_translation, swap_offset, COUNT, "swap slot, if in swap"),
	MORE(struct mmscope_translation, levels, COUNT, "levels of this process's tables"),
	MORE_ARRAY(struct mmscope_translation, index, COUNT, &mmscope_level_names,
		   "number of the entry in its table; unknown: folded or not reached"),
	MORE_ARRAY(struct mmscope_translation, entry, ADDR, &mmscope_level_names,
		   "the entry as it stands in memory; unknown: folded or not reached"),
	MORE_ARRAY(struct mmscope_translation, table_pfn, PFN, &mmscope_level_names,
		   "frame of the table; unknown: folded or not reached"),
	MORE(struct mmscope_translation, pid, ID, "process"),
};

static const struct mmscope_need translation_needs[] = {
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_translations = {
	.name = "translations",
	.help = "the page-table walk for addresses of a process",
	.id = MMSCOPE_DS_TRANSLATIONS,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_POINT,
	.rec_size = sizeof(struct mmscope_translation),
	.fields = translation_fields,
	.nr_fields = ARRAY_SIZE(translation_fields),
	.needs = translation_needs,
	.locked_down = true,
};

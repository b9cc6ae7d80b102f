// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset pagetables: the tables of a process, level by level.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call; the
 * counts of a level add up what many holds saw.
 *
 * All is counted first, in as many windows as it takes, then one record a level
 * is handed over. Positions are levels.
 *
 * Only entries within VMAs are read. That misses nothing: munmap() frees a table
 * as soon as no VMA reaches into what it maps. So do the spare PTE tables that
 * the kernel keeps for splitting huge pages (mm->pmd_huge_pte), which map
 * nothing: mm_pgtables_bytes includes them, the tables counted here do not.
 *
 * Source: the entries below mm->pgd; mm->pgtables_bytes.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../mmscope.h"
#include "pgtable.h"

/**
 * struct pagetable_state - kept from window to window
 * @pos: where the page tables are to be read on
 * @collected: all was read
 * @next: first address beyond the last entry counted; an entry that several
 *        VMAs share, or that a hold ended in, is met again and counted once
 * @rec: what was counted
 */
struct pagetable_state {
	unsigned long pos;
	bool collected;
	unsigned long next[MMSCOPE_NR_LEVELS];
	struct mmscope_pagetable rec[MMSCOPE_NR_LEVELS];
};

static u64 leaf_size(u32 level)
{
	switch (level) {
	case MMSCOPE_LEVEL_PUD:
		return PUD_SIZE;
	case MMSCOPE_LEVEL_PMD:
		return PMD_SIZE;
	case MMSCOPE_LEVEL_PTE:
		return PAGE_SIZE;
	default:
		return 0;
	}
}

static int pagetable_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct pagetable_state *s = p->w->priv;
	struct mmscope_pagetable *rec = &s->rec[e->level];
	unsigned long base = e->addr & ~(e->size - 1);

	if (base < s->next[e->level])
		return 0;
	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	s->next[e->level] = base + e->size;
	rec->entries_used++;
	switch (e->kind) {
	case MMSCOPE_PGT_TABLE:
		s->rec[mmscope_pgt_below(p->w->mm, e->level)].tables++;
		break;
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		rec->leaf_present++;
		break;
	case MMSCOPE_MAPPING_SWAP:
		rec->swap++;
		break;
	case MMSCOPE_MAPPING_MIGRATION:
		rec->migration++;
		break;
	default:
		rec->other++;
	}
	return 0;
}

static int collect(struct mmscope_walk *w, struct pagetable_state *s)
{
	struct mmscope_pgt_walk p = {
		.w = w,
		.pos = s->pos,
		.end = MMSCOPE_PGT_END,
		.entry = pagetable_entry,
	};
	int ret = mmscope_pgt_walk(&p);

	s->pos = p.pos;
	if (!ret) {
		s->rec[MMSCOPE_LEVEL_PGD].tables = 1;
		s->collected = true;
	}
	return ret;
}

static void complete_record(struct mmscope_walk *w, u32 level, struct mmscope_pagetable *rec)
{
	rec->pid = w->pid_nr;
	rec->level = level;
	rec->entries_possible = rec->tables * mmscope_pgt_entries(level);
	rec->table_bytes = rec->entries_possible * sizeof(pte_t);
	rec->leaf_size_bytes = leaf_size(level);
	rec->leaf_bytes = rec->leaf_present * rec->leaf_size_bytes;
	rec->mm_pgtables_bytes = mm_pgtables_bytes(w->mm);
}

static int pagetable_walk(struct mmscope_walk *w)
{
	struct pagetable_state *s = w->priv;
	u64 level;
	int ret = 0;

	if (!s->collected)
		ret = collect(w, s);
	for (level = w->cursor.pos; !ret && level < MMSCOPE_NR_LEVELS; level++) {
		if (mmscope_pgt_folded(w->mm, level))
			continue;
		complete_record(w, level, &s->rec[level]);
		ret = mmscope_emit(w, &s->rec[level], level + 1);
	}
	return ret;
}

static const struct mmscope_field_def pagetable_fields[] = {
	FIELD_CLASS(struct mmscope_pagetable, level, ENUM, &mmscope_level_names,
		    "level of the tables, from the top"),
	FIELD(struct mmscope_pagetable, tables, COUNT, "table pages met at this level"),
	FIELD(struct mmscope_pagetable, table_bytes, BYTES, "memory of these tables"),
	FIELD(struct mmscope_pagetable, entries_used, COUNT,
	      "entries that are not none; at pgd of the user half only"),
	FIELD(struct mmscope_pagetable, entries_possible, COUNT, "entries in these tables"),
	FIELD(struct mmscope_pagetable, leaf_present, COUNT, "entries that map a page"),
	FIELD(struct mmscope_pagetable, leaf_size_bytes, BYTES,
	      "size of a page mapped at this level; 0: none can be"),
	FIELD(struct mmscope_pagetable, leaf_bytes, BYTES, "memory mapped at this level"),
	FIELD(struct mmscope_pagetable, swap, COUNT, "swap entries"),
	FIELD(struct mmscope_pagetable, migration, COUNT, "migration entries"),
	FIELD(struct mmscope_pagetable, other, COUNT, "device, hwpoison, marker entries"),
	MORE(struct mmscope_pagetable, mm_pgtables_bytes, BYTES,
	     "pte, pmd and pud tables as VmPTE counts them, with spare ones for huge pages"),
	MORE(struct mmscope_pagetable, pid, ID, "process"),
};

const struct mmscope_dataset mmscope_pagetables = {
	.name = "pagetables",
	.help = "tables of a process by level: memory, entries used, page sizes",
	.id = MMSCOPE_DS_PAGETABLES,
	.flags = MMSCOPE_DATASET_PROCESS,
	.rec_size = sizeof(struct mmscope_pagetable),
	.priv_size = sizeof(struct pagetable_state),
	.fields = pagetable_fields,
	.nr_fields = ARRAY_SIZE(pagetable_fields),
	.walk = pagetable_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset mappings: what the leaf entries of a process's page tables map, in
 * runs of neighbours.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call. A run
 * may be put together from several holds; it is what each of them saw.
 *
 * Positions are addresses. The run under construction is kept over the windows
 * of a request; the cursor stands at the end of the last one that was handed
 * over, so a new request finds the rest again.
 *
 * Source: the leaf entries below mm->pgd; zero_pfn, huge_zero_pfn.
 */
#include <linux/mm.h>
#include <linux/minmax.h>

#include "../mmscope.h"
#include "pgtable.h"

/**
 * struct mapping_state - kept from window to window
 * @started: the other members are set
 * @open: there is a run in @run
 * @pos: where the page tables are to be read on
 * @run: as far as it is known
 * @vma_end: of the VMA that @run is in
 */
struct mapping_state {
	bool started;
	bool open;
	unsigned long pos;
	struct mmscope_mapping run;
	unsigned long vma_end;
};

static int flush_run(struct mmscope_walk *w, struct mapping_state *s)
{
	int ret;

	if (!s->open)
		return 0;
	ret = mmscope_emit(w, &s->run, s->run.end);
	if (!ret)
		s->open = false;
	return ret;
}

static void open_run(struct mmscope_pgt_walk *p, struct mapping_state *s,
		     const struct mmscope_pgt_entry *e)
{
	s->run = (struct mmscope_mapping) {
		.start = e->addr,
		.end = e->end,
		.pfn = e->pfn,
		.pages = (e->end - e->addr) >> PAGE_SHIFT,
		.page_size_bytes = e->size,
		.flags = e->flags,
		.pid = p->w->pid_nr,
		.kind = e->kind,
		.swap_type = e->swap_type,
		.swap_offset = e->swap_offset,
	};
	s->vma_end = p->vma->vm_end;
	s->open = true;
}

/* does the entry map what follows the run: the next frame, the next slot? */
static bool follows(const struct mmscope_mapping *run, const struct mmscope_pgt_entry *e)
{
	switch (e->kind) {
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_PFNMAP:
		return e->pfn == run->pfn + run->pages;
	case MMSCOPE_MAPPING_ZERO:
		return e->pfn == run->pfn;
	case MMSCOPE_MAPPING_SWAP:
		return e->swap_type == run->swap_type &&
		       e->swap_offset == run->swap_offset + run->pages;
	default:
		return true;
	}
}

static bool belongs(const struct mapping_state *s, const struct mmscope_pgt_entry *e)
{
	const struct mmscope_mapping *run = &s->run;

	return s->open && e->addr == run->end && e->addr != s->vma_end &&
	       e->kind == run->kind && e->size == run->page_size_bytes &&
	       e->flags == run->flags && follows(run, e);
}

static int mapping_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct mapping_state *s = p->w->priv;
	int ret;

	if (e->kind == MMSCOPE_PGT_TABLE)
		return 0;
	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	if (belongs(s, e)) {
		s->run.end = e->end;
		s->run.pages += (e->end - e->addr) >> PAGE_SHIFT;
		return 0;
	}
	ret = flush_run(p->w, s);
	if (!ret)
		open_run(p, s, e);
	return ret;
}

static int mapping_walk(struct mmscope_walk *w)
{
	const u64 last = MMSCOPE_PGT_END;
	struct mapping_state *s = w->priv;
	struct mmscope_pgt_walk p = {
		.w = w,
		.end = PAGE_ALIGN(min(w->q.end, last)),
		.runs = true,
		.entry = mapping_entry,
	};
	int ret;

	if (!s->started) {
		s->started = true;
		s->pos = min(max(w->cursor.pos, w->q.start), last) & PAGE_MASK;
	}
	p.pos = s->pos;
	ret = mmscope_pgt_walk(&p);
	s->pos = p.pos;
	return ret ?: flush_run(w, s);
}

static const struct mmscope_field_def mapping_fields[] = {
	FIELD(struct mmscope_mapping, start, ADDR, "first address"),
	FIELD(struct mmscope_mapping, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_mapping, kind, ENUM, &mmscope_mapping_kind_names,
		    "what the entries hold"),
	FIELD(struct mmscope_mapping, pages, PAGES, "base pages in the run"),
	FIELD(struct mmscope_mapping, pfn, PFN,
	      "frame at the start, the next ones follow; a zero run maps this one everywhere"),
	FIELD(struct mmscope_mapping, page_size_bytes, BYTES, "what one entry maps"),
	FIELD_FLAGS(struct mmscope_mapping, flags, &mmscope_entry_flag_names,
		    "bits of the entries, the same for all of the run"),
	MORE(struct mmscope_mapping, swap_type, ID, "swap area, of swap entries"),
	MORE(struct mmscope_mapping, swap_offset, COUNT,
	     "swap slot at the start, the next ones follow"),
	MORE(struct mmscope_mapping, pid, ID, "process"),
};

static const struct mmscope_need mapping_needs[] = {
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_mappings = {
	.name = "mappings",
	.help = "what a process's page tables map, in contiguous runs within a VMA",
	.id = MMSCOPE_DS_MAPPINGS,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_mapping),
	.priv_size = sizeof(struct mapping_state),
	.fields = mapping_fields,
	.nr_fields = ARRAY_SIZE(mapping_fields),
	.needs = mapping_needs,
	.walk = mapping_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset residency: swapped pages, VMA by VMA and area by area.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call, and the
 * memory hotplug lock (read) around it; swap.c for each slot. A VMA may be read in
 * several holds; its sums are what each of them saw.
 *
 * Positions are addresses: the start of a VMA, plus the number of the first area
 * of it that was not handed over yet; or its end.
 *
 * Source: swap entries below mm->pgd; what swap.c reads.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/swap.h>

#include "../mmscope.h"
#include "pgtable.h"
#include "swap.h"

/**
 * struct residency_state - kept from window to window
 * @started: the other members are set
 * @pos: where the page tables are to be read on
 * @first: area to begin with, of the VMA under way
 * @resumed: start of the VMA that @first was meant for, when a request goes on
 * @start: of the VMA under way
 * @end: of it; 0: there is none
 * @run: of each area, pages of the run under way
 * @next_addr: of each area, the address that would go on with it
 * @next_slot: likewise, the slot
 * @area: of each area, the sums
 * @path: room for a path
 */
struct residency_state {
	bool started;
	unsigned long pos;
	u32 first;
	unsigned long resumed;
	unsigned long start;
	unsigned long end;
	u64 run[MAX_SWAPFILES];
	u64 next_addr[MAX_SWAPFILES];
	u64 next_slot[MAX_SWAPFILES];
	struct mmscope_residency area[MAX_SWAPFILES];
	char path[PATH_MAX];
};

/* hand over the VMA under way, area by area, and forget it */
static int flush_vma(struct mmscope_walk *w, struct residency_state *s)
{
	u32 i;
	int ret;

	BUILD_BUG_ON(MAX_SWAPFILES >= PAGE_SIZE);
	if (!s->end)
		return 0;
	for (i = s->first; i < MAX_SWAPFILES; i++) {
		struct mmscope_residency *rec = &s->area[i];

		if (!rec->pages)
			continue;
		rec->start = s->start;
		rec->end = s->end;
		rec->swap_type = i;
		rec->pid = w->pid_nr;
		mmscope_swap_name(i, s->path, rec->name, sizeof(rec->name));
		ret = mmscope_emit(w, rec, s->start + i + 1);
		if (ret)
			return ret;
		s->first = i + 1;
	}
	w->cursor.pos = s->end;
	s->first = 0;
	s->end = 0;
	return 0;
}

static void begin_vma(struct residency_state *s, const struct vm_area_struct *vma)
{
	if (vma->vm_start != s->resumed)
		s->first = 0;
	s->start = vma->vm_start;
	s->end = vma->vm_end;
	memset(s->run, 0, sizeof(s->run));
	memset(s->next_addr, 0, sizeof(s->next_addr));
	memset(s->next_slot, 0, sizeof(s->next_slot));
	memset(s->area, 0, sizeof(s->area));
}

static void add_page(struct residency_state *s, u32 type, unsigned long addr, u64 slot)
{
	struct mmscope_residency *rec = &s->area[type];
	struct mmscope_swap_slot info;

	if (!rec->pages || addr != s->next_addr[type] || slot != s->next_slot[type]) {
		rec->runs++;
		s->run[type] = 0;
	}
	rec->lowest_slot = rec->pages ? min_t(u64, rec->lowest_slot, slot) : slot;
	rec->highest_slot = max_t(u64, rec->highest_slot, slot);
	rec->pages++;
	s->run[type]++;
	rec->longest_run = max_t(u64, rec->longest_run, s->run[type]);
	s->next_addr[type] = addr + PAGE_SIZE;
	s->next_slot[type] = slot + 1;
	mmscope_swap_slot(type, slot, &info);
	rec->cached_pages += info.cached;
}

static int residency_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct residency_state *s = p->w->priv;
	unsigned long addr;
	int ret;

	if (e->kind == MMSCOPE_PGT_BAD)
		p->w->torn++;
	if (e->kind != MMSCOPE_MAPPING_SWAP || e->swap_type >= MAX_SWAPFILES)
		return 0;
	if (p->vma->vm_start != s->start || !s->end) {
		ret = flush_vma(p->w, s);
		if (ret)
			return ret;
		begin_vma(s, p->vma);
	}
	for (addr = e->addr; addr < e->end; addr += PAGE_SIZE)
		add_page(s, e->swap_type, addr,
			 e->swap_offset + ((addr - e->addr) >> PAGE_SHIFT));
	return 0;
}

static int residency_walk(struct mmscope_walk *w)
{
	const u64 last = MMSCOPE_PGT_END;
	struct residency_state *s = w->priv;
	struct mmscope_pgt_walk p = {
		.w = w,
		.end = PAGE_ALIGN(min(w->q.end, last)),
		.entry = residency_entry,
	};
	int ret;

	if (!s->started) {
		s->started = true;
		s->pos = min(max(w->cursor.pos, w->q.start), last) & PAGE_MASK;
		s->first = min_t(u64, offset_in_page(w->cursor.pos), MAX_SWAPFILES);
		s->resumed = w->cursor.pos & PAGE_MASK;
	}
	p.pos = s->pos;
	/* folios of the swap cache are looked at */
	mmscope_get_online_mems();
	ret = mmscope_pgt_walk(&p);
	mmscope_put_online_mems();
	s->pos = p.pos;
	return ret ?: flush_vma(w, s);
}

static const struct mmscope_field_def residency_fields[] = {
	FIELD(struct mmscope_residency, start, ADDR, "start of the VMA"),
	FIELD(struct mmscope_residency, end, ADDR, "end of the VMA"),
	FIELD(struct mmscope_residency, swap_type, ID, "swap area"),
	FIELD_TEXT(struct mmscope_residency, name, "its device or file"),
	FIELD(struct mmscope_residency, pages, PAGES, "pages of the VMA that are in it"),
	FIELD(struct mmscope_residency, cached_pages, PAGES, "of them, in memory as well"),
	FIELD(struct mmscope_residency, runs, COUNT,
	      "stretches of neighbouring pages in neighbouring slots"),
	FIELD(struct mmscope_residency, longest_run, PAGES, "the longest of them"),
	MORE(struct mmscope_residency, lowest_slot, COUNT, "first slot in use"),
	MORE(struct mmscope_residency, highest_slot, COUNT, "last slot in use"),
	MORE(struct mmscope_residency, pid, ID, "process"),
};

static const struct mmscope_need residency_needs[] = {
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	MMSCOPE_SWAP_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_residency = {
	.name = "residency",
	.help = "a process's swapped pages, by VMA and swap area",
	.id = MMSCOPE_DS_RESIDENCY,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_residency),
	.priv_size = sizeof(struct residency_state),
	.fields = residency_fields,
	.nr_fields = ARRAY_SIZE(residency_fields),
	.needs = residency_needs,
	.walk = residency_walk,
};

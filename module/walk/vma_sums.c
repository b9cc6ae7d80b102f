// SPDX-License-Identifier: GPL-2.0
/*
 * The loop of datasets that have a record for each VMA and one with the sums.
 *
 * Locks: those of pgtable.c, a bounded hold of mmap_lock a call; the memory
 * hotplug lock (read) around it, as struct pages are looked at.
 *
 * Staleness: the record of a large VMA is put together from many holds. If the
 * VMA is split, merged or gone in between, its record ends where that was seen
 * (counted as torn), and another one goes on from there.
 *
 * Positions are addresses: the end of the last record. The sums come last. They
 * are of the whole range, so a call that began in the middle of it reads all of it
 * again at the end, unless no sums are asked for: all answers together cost twice
 * what one does, and not its square.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "../mmscope.h"
#include "pgtable.h"
#include "task.h"
#include "vma_sums.h"

/* hand over the record that was closed */
static int flush(struct mmscope_walk *w, struct mmscope_vma_sums *s)
{
	int ret = 0;

	if (s->rec && s->rec_end > s->shown)
		ret = mmscope_emit(w, s->rec, s->rec_end);
	if (!ret)
		s->rec = NULL;
	return ret;
}

static int close_record(struct mmscope_walk *w, struct mmscope_vma_sums *s,
			const struct mmscope_vma_sums_ops *ops, u64 end)
{
	s->rec = ops->close(w, end);
	s->rec_end = end;
	s->open = false;
	return flush(w, s);
}

/* the VMA whose record is open is not there any more */
static int close_torn(struct mmscope_walk *w, struct mmscope_vma_sums *s,
		      const struct mmscope_vma_sums_ops *ops)
{
	w->torn++;
	return close_record(w, s, ops, s->pos);
}

static int one_vma(struct mmscope_pgt_walk *p, struct mmscope_vma_sums *s,
		   const struct mmscope_vma_sums_ops *ops, struct vm_area_struct *vma)
{
	int ret = 0;

	if (s->open && (vma->vm_start != s->vma_start || vma->vm_end != s->vma_end))
		ret = close_torn(p->w, s, ops);
	if (ret)
		return ret;
	if (!s->open) {
		s->open = true;
		s->pos = max(s->pos, vma->vm_start);
		s->vma_start = vma->vm_start;
		s->vma_end = vma->vm_end;
		ops->open(p->w, vma, s->pos);
	}
	if (ops->prepare)
		ret = ops->prepare(p->w, vma, p->began);
	if (ret)
		return ret;
	p->pos = s->pos;
	ret = mmscope_pgt_vma(p, vma);
	s->pos = p->pos;
	/* the hold may be spent just when all is read */
	if (ret && s->pos < min(s->end, vma->vm_end))
		return ret;
	return close_record(p->w, s, ops, min(s->end, vma->vm_end)) ?: ret;
}

/* the caller holds mmap_lock */
static int all_vmas(struct mmscope_pgt_walk *p, struct mmscope_vma_sums *s,
		    const struct mmscope_vma_sums_ops *ops)
{
	VMA_ITERATOR(vmi, p->w->mm, s->pos);
	struct vm_area_struct *vma;
	int ret;

	for_each_vma_range(vmi, vma, s->end) {
		ret = one_vma(p, s, ops, vma);
		if (ret)
			return ret;
		if (mmscope_mm_spent(p->w, p->began))
			return MMSCOPE_MORE;
	}
	ret = s->open ? close_torn(p->w, s, ops) : 0;
	s->pos = s->end;
	return ret;
}

static int one_hold(struct mmscope_walk *w, struct mmscope_vma_sums *s,
		    const struct mmscope_vma_sums_ops *ops)
{
	struct mmscope_pgt_walk p = {
		.w = w,
		.end = s->end,
		.runs = true,
		.entry = ops->entry,
	};
	int ret;

	mmscope_get_online_mems();
	ret = mmscope_mm_lock(w, &p.began);
	if (!ret) {
		if (ops->hold)
			ops->hold(w);
		ret = all_vmas(&p, s, ops);
		mmscope_mm_unlock(w, p.began);
	}
	mmscope_put_online_mems();
	return ret;
}

static bool wants_total(const struct mmscope_walk *w)
{
	return !w->q.class_mask || w->q.class_mask >> MMSCOPE_SCOPE_TOTAL & 1;
}

static void start(struct mmscope_walk *w, struct mmscope_vma_sums *s)
{
	const u64 last = MMSCOPE_PGT_END;

	s->started = true;
	s->shown = w->cursor.pos;
	s->over = s->shown == ~0ULL;
	s->pos = min(max(s->shown, w->q.start), last) & PAGE_MASK;
	s->end = PAGE_ALIGN(min(w->q.end, last));
	s->late = s->pos > w->q.start && wants_total(w);
}

/* all records have been handed over: from the first VMA again, for the sums alone */
static int begin_again(struct mmscope_walk *w, struct mmscope_vma_sums *s,
		       const struct mmscope_vma_sums_ops *ops)
{
	ops->clear(w);
	s->shown = ~0ULL;
	s->pos = min_t(u64, w->q.start, MMSCOPE_PGT_END) & PAGE_MASK;
	s->late = false;
	return MMSCOPE_MORE;
}

/**
 * mmscope_vma_sums_walk - the walk of such a dataset
 * @w: its scratch begins with struct mmscope_vma_sums
 * @ops: what to do
 *
 * Return: as the walk of a dataset.
 */
int mmscope_vma_sums_walk(struct mmscope_walk *w, const struct mmscope_vma_sums_ops *ops)
{
	struct mmscope_vma_sums *s = w->priv;
	int ret;

	if (!s->started)
		start(w, s);
	ret = flush(w, s);
	if (!ret && s->pos < s->end)
		ret = one_hold(w, s, ops);
	if (ret || s->over)
		return ret;
	if (s->late)
		return begin_again(w, s, ops);
	return mmscope_emit(w, ops->total(w), ~0ULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset faults: what the next access to addresses of a process would do.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call, and the
 * memory hotplug lock (read) around it, as struct pages are looked at; see
 * fault_kind.c. Runs may be put together from several holds, as in mapping.c.
 *
 * Gaps between VMAs are told when the VMA behind them is met. A stack may grow
 * meanwhile under a mere read lock (6.1): then both may show.
 *
 * Positions are addresses; the cursor stands behind what was handed over.
 *
 * Source: mm->mm_mt, the entries below mm->pgd; signal->rlim[RLIMIT_STACK] and
 * stack_guard_gap for how far a stack may grow.
 */
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "../mmscope.h"
#include "fault.h"
#include "swap.h"
#include "task.h"

/**
 * struct fault_state - kept from window to window
 * @started: the other members are set
 * @open: there is a run in @run
 * @pos: where to go on
 * @run: as far as it is known
 * @vma_end: of the VMA that @run is in
 */
struct fault_state {
	bool started;
	bool open;
	unsigned long pos;
	struct mmscope_fault run;
	unsigned long vma_end;
};

/* pages of one file looked up in a hold before the time is looked at */
#define LOOKUPS 32
/* what stack_guard_gap is, unless the kernel was booted with another */
#define USUAL_GUARD_GAP (256UL << PAGE_SHIFT)

static int flush_run(struct mmscope_walk *w, struct fault_state *s)
{
	int ret;

	if (!s->open)
		return 0;
	ret = mmscope_emit(w, &s->run, s->run.end);
	if (!ret)
		s->open = false;
	return ret;
}

/* unknown stays unknown, one page follows the other */
static bool follows(u64 first, u64 pages, u64 next)
{
	return next == (first == MMSCOPE_UNKNOWN ? first : first + pages);
}

static bool belongs(const struct fault_state *s, const struct mmscope_fault *rec)
{
	const struct mmscope_fault *run = &s->run;
	const u64 pages = run->pages;
	/* all of a run of the zero page is one frame */
	const bool next_pfn = run->entry == MMSCOPE_MAPPING_ZERO ?
			      run->pfn == rec->pfn : follows(run->pfn, pages, rec->pfn);
	const bool next_slot = follows(run->swap_offset, pages, rec->swap_offset);

	return s->open && rec->start == run->end && rec->start != s->vma_end &&
	       rec->read == run->read && rec->write == run->write &&
	       rec->entry == run->entry && rec->flags == run->flags &&
	       rec->page_size_bytes == run->page_size_bytes &&
	       rec->swap_type == run->swap_type && next_pfn && next_slot;
}

static int add_piece(struct mmscope_walk *w, struct fault_state *s, struct mmscope_fault *rec,
		     const struct vm_area_struct *vma)
{
	int ret;

	if (belongs(s, rec)) {
		s->run.end = rec->end;
		s->run.pages += rec->pages;
		return 0;
	}
	ret = flush_run(w, s);
	if (ret)
		return ret;
	rec->pid = w->pid_nr;
	rec->perms = vma ? mmscope_vma_perms(vma) : 0;
	s->run = *rec;
	s->vma_end = vma ? vma->vm_end : rec->end;
	s->open = true;
	return 0;
}

static int fault_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	unsigned long addr = e->addr;
	struct mmscope_fault rec;
	u32 nr = 0;

	if (e->kind == MMSCOPE_PGT_TABLE)
		return 0;
	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	while (addr < e->end) {
		mmscope_fault_piece(p, e, addr, &rec);
		if (add_piece(p->w, p->w->priv, &rec, p->vma))
			break;
		addr = rec.end;
		if (++nr % LOOKUPS == 0 && addr < e->end && mmscope_mm_spent(p->w, p->began))
			break;
	}
	if (addr >= e->end)
		return 0;
	p->pos = addr;	/* within the entry: its earlier pieces are done */
	return MMSCOPE_MORE;
}

/* ------------------------------------------------------------------------ gaps */

static unsigned long stack_limit(const struct mmscope_walk *w)
{
	unsigned long limit = RLIM_INFINITY;
	const struct task_struct *task;

	if (!w->q.pid)
		return rlimit(RLIMIT_STACK);
	rcu_read_lock();
	task = pid_task(w->q.pid, PIDTYPE_PID);
	if (task)
		limit = task_rlimit(task, RLIMIT_STACK);
	rcu_read_unlock();
	return limit;
}

/*
 * The lowest address that a stack may grow to, its guard gap kept. Where this kernel does
 * not tell the gap it is up to what kernels keep, @unsure: from there on it surely grows.
 */
static unsigned long stack_bottom(const struct mmscope_walk *w,
				  const struct vm_area_struct *stack, unsigned long *unsure)
{
	MA_STATE(mas, &w->mm->mm_mt, stack->vm_start, stack->vm_start);
	struct vm_area_struct *prev = mas_prev(&mas, 0);
	const unsigned long limit = stack_limit(w) & PAGE_MASK;
	const unsigned long lowest = limit < stack->vm_end ? stack->vm_end - limit : 0;
	unsigned long bottom = prev ? prev->vm_end : 0;

	*unsure = 0;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && vma_is_accessible(prev)) {
		if (mmscope_has(stack_guard_gap))
			bottom += *mmscope_sym(stack_guard_gap);
		else
			*unsure = bottom + USUAL_GUARD_GAP;
	}
	return max(bottom, lowest);
}

static int add_gap(struct mmscope_walk *w, struct fault_state *s, unsigned long end, u32 kind)
{
	struct mmscope_fault rec = {
		.start = s->pos,
		.end = end,
		.pages = (end - s->pos) >> PAGE_SHIFT,
		.read = kind,
		.write = kind,
		.entry = MMSCOPE_FAULT_ENTRY_NO_VMA,
		.swap_type = MMSCOPE_UNKNOWN32,
		.swap_offset = MMSCOPE_UNKNOWN,
		.pfn = MMSCOPE_UNKNOWN,
		.offset_bytes = MMSCOPE_UNKNOWN,
	};
	int ret;

	if (s->pos >= end)
		return 0;
	ret = add_piece(w, s, &rec, NULL);
	if (!ret)
		s->pos = end;
	return ret;
}

/* what is between the position and the VMA behind it, or the end; mmap_lock is held */
static int cross_gap(struct mmscope_walk *w, struct fault_state *s, unsigned long end,
		     struct vm_area_struct *vma)
{
	unsigned long bottom, unsure;
	int ret;

	end = vma ? min(end, vma->vm_start) : end;
	if (s->pos >= end)
		return 0;
	if (!vma || !(vma->vm_flags & VM_GROWSDOWN))
		return add_gap(w, s, end, MMSCOPE_FAULT_SEGV_NO_VMA);
	bottom = min(end, stack_bottom(w, vma, &unsure));
	ret = add_gap(w, s, bottom, MMSCOPE_FAULT_SEGV_STACK);
	ret = ret ?: add_gap(w, s, min(end, unsure), MMSCOPE_FAULT_UNKNOWN);
	return ret ?: add_gap(w, s, end, MMSCOPE_FAULT_STACK);
}

/* ------------------------------------------------------------------------ walk */

/* one VMA after the other, the gaps before them first; mmap_lock is held */
static int __fault_walk(struct mmscope_walk *w, struct fault_state *s, unsigned long end,
			u64 began)
{
	struct mmscope_pgt_walk p = {
		.w = w,
		.end = end,
		.nones = true,
		.entry = fault_entry,
		.began = began,
	};
	struct vm_area_struct *vma;
	int ret;

	while (s->pos < end) {
		vma = find_vma(w->mm, s->pos);
		ret = cross_gap(w, s, end, vma);
		if (ret || !vma || s->pos >= end)
			return ret;
		p.pos = s->pos;
		ret = mmscope_pgt_vma(&p, vma);
		s->pos = p.pos;
		if (!ret && mmscope_mm_spent(w, began))
			ret = MMSCOPE_MORE;
		if (ret)
			return ret;
	}
	return 0;
}

static int one_hold(struct mmscope_walk *w, struct fault_state *s, unsigned long end)
{
	u64 began;
	int ret;

	mmscope_get_online_mems();
	ret = mmscope_mm_lock(w, &began);
	if (!ret) {
		ret = __fault_walk(w, s, end, began);
		mmscope_mm_unlock(w, began);
	}
	mmscope_put_online_mems();
	return ret;
}

static int fault_walk(struct mmscope_walk *w)
{
	const u64 last = min_t(u64, MMSCOPE_PGT_END, w->mm->task_size & PAGE_MASK);
	const unsigned long end = PAGE_ALIGN(min(w->q.end, last));
	struct fault_state *s = w->priv;
	int ret;

	if (!s->started) {
		s->started = true;
		s->pos = min(max(w->cursor.pos, w->q.start), last) & PAGE_MASK;
	}
	if (s->pos < end) {
		ret = one_hold(w, s, end);
		if (ret)
			return ret;
	}
	return flush_run(w, s);
}

/* ---------------------------------------------------------------------- fields */

static const struct mmscope_name fault_kinds[] = {
	{ MMSCOPE_FAULT_NONE, "none" },
	{ MMSCOPE_FAULT_ZERO, "zero_page" },
	{ MMSCOPE_FAULT_NEW, "new_page" },
	{ MMSCOPE_FAULT_COPY, "copy" },
	{ MMSCOPE_FAULT_REUSE, "reuse" },
	{ MMSCOPE_FAULT_FILE, "cached" },
	{ MMSCOPE_FAULT_FILE_COPY, "cached_copy" },
	{ MMSCOPE_FAULT_READ, "file_read" },
	{ MMSCOPE_FAULT_READ_COPY, "file_read_copy" },
	{ MMSCOPE_FAULT_READING, "being_read" },
	{ MMSCOPE_FAULT_SWAP_CACHE, "swap_cached" },
	{ MMSCOPE_FAULT_SWAP_READ, "swap_read" },
	{ MMSCOPE_FAULT_SHMEM, "shmem_page" },
	{ MMSCOPE_FAULT_HUGETLB, "hugetlb_page" },
	{ MMSCOPE_FAULT_NOTIFY, "write_notify" },
	{ MMSCOPE_FAULT_NUMA_HINT, "numa_hint" },
	{ MMSCOPE_FAULT_MIGRATION, "migration" },
	{ MMSCOPE_FAULT_DEVICE, "device" },
	{ MMSCOPE_FAULT_HANDLER, "handler" },
	{ MMSCOPE_FAULT_UFFD_MISSING, "uffd_missing" },
	{ MMSCOPE_FAULT_UFFD_WP, "uffd_wp" },
	{ MMSCOPE_FAULT_UFFD_MINOR, "uffd_minor" },
	{ MMSCOPE_FAULT_STACK, "stack_growth" },
	{ MMSCOPE_FAULT_SEGV_NO_VMA, "segv_no_vma" },
	{ MMSCOPE_FAULT_SEGV_STACK, "segv_stack_limit" },
	{ MMSCOPE_FAULT_SEGV_PERM, "segv_not_allowed" },
	{ MMSCOPE_FAULT_SEGV_GUARD, "segv_guard" },
	{ MMSCOPE_FAULT_BUS_EOF, "bus_beyond_eof" },
	{ MMSCOPE_FAULT_BUS_POISON, "bus_poisoned" },
	{ MMSCOPE_FAULT_BUS, "bus_no_page" },
	{ MMSCOPE_FAULT_UNKNOWN, "unknown" },
};

static MMSCOPE_NAMES(fault_kind_names, fault_kinds);

static const struct mmscope_name fault_entries[] = {
#define X(_name, _text) { MMSCOPE_MAPPING_##_name, _text },
	MMSCOPE_MAPPING_KINDS(X)
#undef X
	{ MMSCOPE_FAULT_ENTRY_EMPTY, "empty" },
	{ MMSCOPE_FAULT_ENTRY_NO_VMA, "no_vma" },
};

static MMSCOPE_NAMES(fault_entry_names, fault_entries);

static const struct mmscope_name fault_flags[] = {
	{ MMSCOPE_FAULT_F_HUGE, "huge" },
	{ MMSCOPE_FAULT_F_NOTIFY, "write_notify" },
	{ MMSCOPE_FAULT_F_EVICTED, "evicted" },
	{ MMSCOPE_FAULT_F_UNSURE, "unsure" },
};

static MMSCOPE_NAMES(fault_flag_names, fault_flags);

static const struct mmscope_field_def fault_fields[] = {
	FIELD(struct mmscope_fault, start, ADDR, "first address"),
	FIELD(struct mmscope_fault, end, ADDR, "first address beyond"),
	FIELD(struct mmscope_fault, pages, PAGES, "base pages in the run"),
	FIELD_CLASS(struct mmscope_fault, read, ENUM, &fault_kind_names,
		    "what the next read of each page does"),
	FIELD_ENUM(struct mmscope_fault, write, &fault_kind_names,
		   "what the next write to each page does"),
	FIELD_ENUM(struct mmscope_fault, entry, &fault_entry_names, "what is in the page tables"),
	FIELD_FLAGS(struct mmscope_fault, flags, &fault_flag_names, "more of what happens"),
	FIELD(struct mmscope_fault, pfn, PFN,
	      "frame at the start: mapped, or found in the page cache or swap cache"),
	MORE(struct mmscope_fault, page_size_bytes, BYTES,
	     "of the page that is there, or would be tried first"),
	MORE_FLAGS(struct mmscope_fault, perms, &mmscope_perm_names, "what the VMA allows"),
	MORE(struct mmscope_fault, inode, ID, "inode of the file, 0: no file"),
	MORE(struct mmscope_fault, offset_bytes, BYTES, "where in the file the run starts"),
	MORE(struct mmscope_fault, swap_type, ID, "swap area, of swapped pages"),
	MORE(struct mmscope_fault, swap_offset, COUNT, "swap slot at the start"),
	MORE(struct mmscope_fault, pid, ID, "process"),
};

static const struct mmscope_need fault_needs[] = {
	WANT_SYM(huge_zero_pfn),
	WANT_SYM(stack_guard_gap),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	WANT_SYM(transparent_hugepage_flags),
	MMSCOPE_SWAP_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_faults = {
	.name = "faults",
	.help = "what the next read and write of addresses of a process would do, gaps too",
	.id = MMSCOPE_DS_FAULTS,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_fault),
	.priv_size = sizeof(struct fault_state),
	.fields = fault_fields,
	.nr_fields = ARRAY_SIZE(fault_fields),
	.needs = fault_needs,
	.walk = fault_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * Point query rmaps: which processes map these page frames, and where.
 *
 * One pass over the page tables of all processes with a filter of frames. The
 * kernel's own way back, from a page to its VMAs, takes folio locks and page
 * references; this one touches no page, and sees what entries hold whatever the
 * frame is: device memory, the zero page.
 *
 * Locks and staleness: those of pgtable.c, one hold of one process's mmap_lock a
 * call. Processes are read one after another: a page that moves meanwhile may
 * show twice or not at all. mm_count of the process under way is held between
 * the windows, mm_users only while it is walked. Of all processes one whose locks
 * somebody holds for long is passed over.
 *
 * Positions are the pid (of the initial namespace) in cursor.pos and the address
 * in cursor.hint. As in mapping.c the run under construction is kept over the
 * windows, and the cursor stands behind the last one that was handed over.
 *
 * Source: the leaf entries below mm->pgd; task->comm.
 */
#include <linux/mm.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/sort.h>

#include "../mmscope.h"
#include "pgtable.h"
#include "task.h"

/**
 * struct rmap_state - kept from window to window
 * @started: the other members are set
 * @nr: pid of the process under way, or the lowest one to look for
 * @mm: of the process under way, mm_count held; NULL: it is to be found
 * @pos: where its page tables are to be read on
 * @pid: its pid as the reader knows it
 * @comm: its command
 * @busy: the process under way is given up: its mmap_lock is not to be had
 * @open: there is a run in @run
 * @run: as far as it is known
 * @gap_start: frames from here to @gap_end are in no range; of the last search
 * @gap_end: likewise
 */
struct rmap_state {
	bool started;
	u32 nr;
	struct mm_struct *mm;
	unsigned long pos;
	u32 pid;
	char comm[TASK_COMM_LEN];
	bool busy;
	bool open;
	struct mmscope_rmap run;
	u64 gap_start;
	u64 gap_end;
};

/* --------------------------------------------------------- which frames */

static int compare_ranges(const void *a, const void *b)
{
	const struct mmscope_pfn_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/**
 * mmscope_pfn_ranges_sort - make ranges ascend, with gaps between them
 * @ranges: from anywhere; sorted, and merged where they meet
 * @nr: how many; set to what is left of them
 *
 * Return: 0, or -EINVAL if one is empty.
 */
int mmscope_pfn_ranges_sort(struct mmscope_pfn_range *ranges, u32 *nr)
{
	u32 i, last = 0;

	for (i = 0; i < *nr; i++)
		if (ranges[i].start >= ranges[i].end)
			return -EINVAL;
	if (!*nr)
		return 0;
	sort(ranges, *nr, sizeof(*ranges), compare_ranges, NULL);
	for (i = 1; i < *nr; i++) {
		if (ranges[i].start > ranges[last].end)
			ranges[++last] = ranges[i];
		else
			ranges[last].end = max(ranges[last].end, ranges[i].end);
	}
	*nr = last + 1;
	return 0;
}

/* the first range that ends beyond a frame; the gap before it is remembered */
static u32 find_range(const struct mmscope_query *q, struct rmap_state *s, u64 pfn)
{
	u32 low = 0, high = q->nr_ranges;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (q->ranges[mid].end > pfn)
			high = mid;
		else
			low = mid + 1;
	}
	s->gap_start = low ? q->ranges[low - 1].end : 0;
	s->gap_end = low < q->nr_ranges ? q->ranges[low].start : ~0ULL;
	return low;
}

/* ----------------------------------------------------------------- runs */

static u64 run_end(const struct mmscope_rmap *run)
{
	return run->addr + (run->pages << PAGE_SHIFT);
}

static int flush_run(struct mmscope_walk *w, struct rmap_state *s)
{
	if (!s->open)
		return 0;
	if (mmscope_emit(w, &s->run, s->nr))
		return MMSCOPE_MORE;
	w->cursor.hint = run_end(&s->run);
	s->open = false;
	/* the next run could be far away: do not look for what has no room */
	return mmscope_full(w) ? MMSCOPE_MORE : 0;
}

static bool belongs(const struct rmap_state *s, const struct mmscope_pgt_walk *p,
		    const struct mmscope_pgt_entry *e, unsigned long addr, u64 pfn)
{
	const struct mmscope_rmap *run = &s->run;

	return s->open && addr == run_end(run) && pfn == run->pfn + run->pages &&
	       e->kind == run->kind && e->size == run->page_size_bytes &&
	       e->flags == run->flags && p->vma->vm_start == run->vma_start;
}

/* wanted frames of one entry, in one piece */
static int add_piece(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e, u64 pfn,
		     u64 end)
{
	const unsigned long addr = e->addr + ((pfn - e->pfn) << PAGE_SHIFT);
	struct rmap_state *s = p->w->priv;

	if (belongs(s, p, e, addr, pfn)) {
		s->run.pages += end - pfn;
		return 0;
	}
	if (flush_run(p->w, s)) {
		p->pos = addr;	/* within the entry: its earlier pieces are done */
		return MMSCOPE_MORE;
	}
	s->run = (struct mmscope_rmap) {
		.pfn = pfn,
		.addr = addr,
		.pages = end - pfn,
		.page_size_bytes = e->size,
		.flags = e->flags,
		.vma_start = p->vma->vm_start,
		.vma_perms = mmscope_vma_perms(p->vma),
		.pid = s->pid,
		.kind = e->kind,
	};
	memcpy(s->run.comm, s->comm, sizeof(s->run.comm));
	s->open = true;
	return 0;
}

static int rmap_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	const struct mmscope_query *q = &p->w->q;
	struct rmap_state *s = p->w->priv;
	u64 end;
	u32 i;

	if (e->kind == MMSCOPE_PGT_TABLE)
		return 0;
	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	if (e->pfn == MMSCOPE_UNKNOWN)
		return 0;
	end = e->pfn + ((e->end - e->addr) >> PAGE_SHIFT);
	if (e->pfn >= s->gap_start && end <= s->gap_end)
		return 0;
	for (i = find_range(q, s, e->pfn); i < q->nr_ranges; i++) {
		const struct mmscope_pfn_range *r = &q->ranges[i];

		if (r->start >= end)
			break;
		if (add_piece(p, e, max(e->pfn, r->start), min(end, r->end)))
			return MMSCOPE_MORE;
	}
	return 0;
}

/* ------------------------------------------------------------ processes */

static void start(struct mmscope_walk *w, struct rmap_state *s)
{
	s->started = true;
	w->passes = !w->q.pid;
	s->nr = min_t(u64, w->cursor.pos, U32_MAX);
	s->pos = min_t(u64, w->cursor.hint, MMSCOPE_PGT_END) & PAGE_MASK;
}

/* the process at s->nr or, if all are asked for, after it; NULL: none, or an ERR_PTR */
static struct task_struct *find_process(struct mmscope_walk *w, struct rmap_state *s)
{
	const u32 from = s->nr;
	struct task_struct *task;

	if (!w->q.pid) {
		task = mmscope_task_next(&s->nr, false);
	} else {
		if (from > pid_nr(w->q.pid))
			return NULL;
		s->nr = pid_nr(w->q.pid);
		task = get_pid_task(w->q.pid, PIDTYPE_PID) ?: ERR_PTR(-ESRCH);
	}
	if (s->nr != from)
		s->pos = 0;
	return task;
}

static void leave_process(struct mmscope_walk *w, struct rmap_state *s)
{
	if (s->mm)
		mmdrop(s->mm);
	s->mm = NULL;
	s->pos = 0;
	s->busy = false;
	s->nr++;
	w->cursor = (struct mmscope_cursor) { .pos = s->nr };
}

/* find the next process; kernel threads and the dying have no memory, and are passed */
static int enter_process(struct mmscope_walk *w, struct rmap_state *s)
{
	struct task_struct *task = find_process(w, s);
	int err;

	if (IS_ERR_OR_NULL(task))
		return PTR_ERR_OR_ZERO(task);
	s->pid = task_tgid_vnr(task);
	get_task_comm(s->comm, task);
	task = mmscope_task_living(task);
	err = w->passes ? mmscope_task_mm_try(task, &s->mm) :
			  mmscope_task_mm_get(task, &s->mm);
	put_task_struct(task);
	if (!err)
		return MMSCOPE_MORE;
	if (err == -EINTR || w->q.pid)
		return err;
	w->refused += err == -EACCES;
	w->busy += err == -EBUSY;
	leave_process(w, s);
	return MMSCOPE_MORE;
}

/* one hold of the mmap_lock of the process under way */
static int walk_process(struct mmscope_walk *w, struct rmap_state *s)
{
	struct mmscope_pgt_walk p = {
		.w = w,
		.pos = s->pos,
		.end = MMSCOPE_PGT_END,
		.entry = rmap_entry,
	};
	int ret;

	/* exited: what was seen of it was so */
	if (!mmget_not_zero(s->mm))
		return 0;
	w->mm = s->mm;
	ret = mmscope_pgt_walk(&p);
	w->mm = NULL;
	mmput(s->mm);
	s->pos = p.pos;
	return ret;
}

static int rmap_walk(struct mmscope_walk *w)
{
	struct rmap_state *s = w->priv;
	int ret;

	if (!s->started)
		start(w, s);
	if (!s->mm)
		return enter_process(w, s);
	ret = s->busy ? 0 : walk_process(w, s);
	if (ret == -EBUSY)
		s->busy = true;
	else if (ret)
		return ret;
	ret = flush_run(w, s);
	if (ret)
		return ret;
	if (s->busy)
		w->busy++;
	else
		w->processes++;
	leave_process(w, s);
	return MMSCOPE_MORE;
}

static void rmap_end(struct mmscope_walk *w)
{
	struct rmap_state *s = w->priv;

	if (s->mm)
		mmdrop(s->mm);
}

static const struct mmscope_field_def rmap_fields[] = {
	FIELD(struct mmscope_rmap, pid, ID, "process; 0: not in the reader's pid namespace"),
	FIELD_TEXT(struct mmscope_rmap, comm, "its command"),
	FIELD(struct mmscope_rmap, addr, ADDR, "address where the first frame is mapped"),
	FIELD(struct mmscope_rmap, pfn, PFN, "first frame, the next ones follow"),
	FIELD(struct mmscope_rmap, pages, PAGES, "base pages in the run"),
	FIELD(struct mmscope_rmap, page_size_bytes, BYTES, "what one entry maps"),
	FIELD_FLAGS(struct mmscope_rmap, flags, &mmscope_entry_flag_names,
		    "bits of the entries, the same for all of the run"),
	MORE_ENUM(struct mmscope_rmap, kind, &mmscope_mapping_kind_names, "what the entries hold"),
	MORE_FLAGS(struct mmscope_rmap, vma_perms, &mmscope_perm_names, "what the VMA allows"),
	MORE(struct mmscope_rmap, vma_start, ADDR, "start of the VMA"),
};

static const struct mmscope_need rmap_needs[] = {
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_rmaps = {
	.name = "rmaps",
	.help = "which processes map given page frames, and where, in contiguous runs",
	.id = MMSCOPE_DS_RMAPS,
	.flags = MMSCOPE_DATASET_POINT,
	.rec_size = sizeof(struct mmscope_rmap),
	.priv_size = sizeof(struct rmap_state),
	.fields = rmap_fields,
	.nr_fields = ARRAY_SIZE(rmap_fields),
	.needs = rmap_needs,
	.walk = rmap_walk,
	.end = rmap_end,
};

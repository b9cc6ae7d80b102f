// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset overcommit: what of memory is promised, and what would be refused now.
 *
 * Locks: none; the CPU is kept for the moment in which its part of the counter is
 * read, and percpu_counter_sum() takes the counter's lock for one pass over the
 * CPUs.
 *
 * Staleness: numbers are read one after the other; a request that is made later
 * finds others, and on another CPU another part of the counter.
 *
 * Source: sysctl_overcommit_*, sysctl_admin_reserve_kbytes,
 * sysctl_user_reserve_kbytes; totalram_pages(), hstates[], total_swap_pages;
 * vm_committed_as, vm_committed_as_batch; mm->total_vm of the reader.
 */
#include <linux/hugetlb.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/percpu_counter.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "../mmscope.h"

#define KB_SHIFT (PAGE_SHIFT - 10)

/* pages of a setting in KiB */
#define read_kbytes(_name) (READ_ONCE(*mmscope_sym(_name)) >> KB_SHIFT)

/**
 * struct promise - the counter, as a request would find it
 * @counted: without the parts of CPUs
 * @part: of this CPU
 * @batch: when a CPU hands in its part
 */
struct promise {
	s64 counted;
	s64 part;
	s64 batch;
};

static void read_promise(struct mmscope_overcommit *rec, struct promise *p)
{
	const struct percpu_counter *counter = mmscope_sym(vm_committed_as);

	rec->cpu = get_cpu();
	p->counted = READ_ONCE(counter->count);
	p->part = READ_ONCE(*this_cpu_ptr(counter->counters));
	put_cpu();
	p->batch = READ_ONCE(*mmscope_sym(vm_committed_as_batch));
	rec->counted_pages = max_t(s64, p->counted, 0);
	rec->batch_pages = p->batch;
}

/* the comparison that a request for so many pages comes to */
static bool is_refused(const struct promise *p, s64 pages, s64 allowed)
{
	const s64 part = p->part + pages;
	s64 counted = abs(part) >= p->batch ? p->counted + part : p->counted;

	return max_t(s64, counted, 0) >= allowed;
}

/* one that the CPU keeps to itself is not seen in the comparison; one of a batch is */
static u64 smallest_refused(const struct promise *p, s64 allowed)
{
	if (is_refused(p, 1, allowed))
		return 1;
	return max3(p->batch - p->part, allowed - p->counted - p->part, 1LL);
}

static void fill_refused(struct mmscope_overcommit *rec, const struct promise *p)
{
	s64 allowed = rec->limit_pages - rec->self_reserve_pages;

	switch (rec->mode) {
	case OVERCOMMIT_GUESS:
		rec->refused_root_pages = rec->ram_pages + rec->swap_pages + 1;
		rec->refused_user_pages = rec->refused_root_pages;
		break;
	case OVERCOMMIT_NEVER:
		rec->refused_root_pages = smallest_refused(p, allowed);
		rec->refused_user_pages = smallest_refused(p, allowed - rec->admin_reserve_pages);
		break;
	}
}

static u64 hugetlb_pages(void)
{
	u64 pages = 0;
#ifdef CONFIG_HUGETLB_PAGE
	int i;

	for (i = 0; i < READ_ONCE(*mmscope_sym(hugetlb_max_hstate)); i++) {
		const struct hstate *h = &mmscope_sym(hstates)[i];

		pages += (u64)READ_ONCE(h->nr_huge_pages) << h->order;
	}
#endif
	return pages;
}

static void fill_limit(struct mmscope_overcommit *rec)
{
	u64 kbytes = READ_ONCE(*mmscope_sym(sysctl_overcommit_kbytes));

	rec->mode = READ_ONCE(*mmscope_sym(sysctl_overcommit_memory));
	rec->ratio_percent = READ_ONCE(*mmscope_sym(sysctl_overcommit_ratio));
	rec->set_bytes = kbytes << 10;
	rec->ram_pages = totalram_pages();
	rec->hugetlb_pages = hugetlb_pages();
	rec->swap_pages = READ_ONCE(*mmscope_sym(total_swap_pages));
	rec->limit_pages = rec->swap_pages;
	if (kbytes)
		rec->limit_pages += kbytes >> KB_SHIFT;
	else
		rec->limit_pages += (rec->ram_pages - rec->hugetlb_pages) *
				    rec->ratio_percent / 100;
	rec->admin_reserve_pages = read_kbytes(sysctl_admin_reserve_kbytes);
	rec->user_reserve_pages = read_kbytes(sysctl_user_reserve_kbytes);
	/* a kernel thread has no reserve, but does not read this either */
	rec->self_reserve_pages = min_t(u64, READ_ONCE(current->mm->total_vm) / 32,
					rec->user_reserve_pages);
}

static int commit_walk(struct mmscope_walk *w)
{
	struct mmscope_overcommit rec = { };
	struct promise p;

	if (w->cursor.pos)
		return 0;
	fill_limit(&rec);
	rec.committed_pages = vm_memory_committed();
	rec.left_pages = rec.limit_pages - rec.committed_pages;
	read_promise(&rec, &p);
	fill_refused(&rec, &p);
	return mmscope_emit(w, &rec, 1);
}

static const struct mmscope_name modes[] = {
	{ MMSCOPE_COMMIT_GUESS, "guess" },
	{ MMSCOPE_COMMIT_ALWAYS, "always" },
	{ MMSCOPE_COMMIT_NEVER, "never" },
};

static MMSCOPE_NAMES(mode_names, modes);

static const struct mmscope_field_def commit_fields[] = {
	FIELD_ENUM(struct mmscope_overcommit, mode, &mode_names,
		   "how much may be promised: a guess a request, anything, or up to the limit"),
	FIELD(struct mmscope_overcommit, limit_pages, PAGES, "in mode never: of all promises"),
	FIELD(struct mmscope_overcommit, committed_pages, PAGES, "promised"),
	FIELD_SIGNED(struct mmscope_overcommit, left_pages, PAGES,
		     "limit without what is promised"),
	FIELD(struct mmscope_overcommit, refused_root_pages, PAGES,
	      "smallest request refused to the asking process as root; 0: none"),
	FIELD(struct mmscope_overcommit, refused_user_pages, PAGES,
	      "likewise, as an ordinary user; 0: none"),
	MORE(struct mmscope_overcommit, ratio_percent, COUNT,
	     "of RAM without huge pages, that the limit is made of"),
	MORE(struct mmscope_overcommit, set_bytes, BYTES, "that it is made of instead; 0: is not"),
	MORE(struct mmscope_overcommit, ram_pages, PAGES, "RAM that the kernel manages"),
	MORE(struct mmscope_overcommit, hugetlb_pages, PAGES, "of it, in pools of huge pages"),
	MORE(struct mmscope_overcommit, swap_pages, PAGES, "swap, which is added to the limit"),
	MORE(struct mmscope_overcommit, counted_pages, PAGES,
	     "promised as requests see it: without what CPUs keep to themselves"),
	MORE(struct mmscope_overcommit, batch_pages, PAGES,
	     "a CPU keeps less than that: so far off requests on other CPUs may be"),
	MORE(struct mmscope_overcommit, admin_reserve_pages, PAGES, "of the limit, kept for root"),
	MORE(struct mmscope_overcommit, user_reserve_pages, PAGES,
	     "of the limit, the most that is kept from a large process"),
	MORE(struct mmscope_overcommit, self_reserve_pages, PAGES,
	     "that is kept from the asking process"),
	MORE(struct mmscope_overcommit, cpu, ID, "where it was asked"),
};

static const struct mmscope_need commit_needs[] = {
	NEED_SYM(sysctl_overcommit_memory),
	NEED_SYM(sysctl_overcommit_ratio),
	NEED_SYM(sysctl_overcommit_kbytes),
	NEED_SYM(sysctl_admin_reserve_kbytes),
	NEED_SYM(sysctl_user_reserve_kbytes),
	NEED_SYM(total_swap_pages),
	NEED_SYM(vm_committed_as),
	NEED_SYM(vm_committed_as_batch),
#ifdef CONFIG_HUGETLB_PAGE
	NEED_SYM(hstates),
	NEED_SYM(hugetlb_max_hstate),
#endif
	{ }
};

const struct mmscope_dataset mmscope_overcommit = {
	.name = "overcommit",
	.help = "memory promised, the limit, and the size of request that would be refused now",
	.id = MMSCOPE_DS_OVERCOMMIT,
	.rec_size = sizeof(struct mmscope_overcommit),
	.fields = commit_fields,
	.nr_fields = ARRAY_SIZE(commit_fields),
	.needs = commit_needs,
	.walk = commit_walk,
};

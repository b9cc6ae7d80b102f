/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each dataset says of each page of a range, compared page by page with the
 * kernel's own files. For witness.h, which includes it.
 */
#ifndef _MMSCOPE_SEEN_H
#define _MMSCOPE_SEEN_H

#define NO_ENTRY	(~0U)		/* kind of a page that nothing is mapped at */

/* bits of PAGEMAP_SCAN */
#define SCAN_FILE	(1 << 2)
#define SCAN_PRESENT	(1 << 3)
#define SCAN_SWAPPED	(1 << 4)
#define SCAN_PFNZERO	(1 << 5)
#define SCAN_HUGE	(1 << 6)
#define SCAN_SOFT_DIRTY	(1 << 7)
#define SCAN_WRITTEN	(1 << 1)
#define SCAN_COMPARED	0xfe

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL	_IOWR('f', 16, struct scan_arg)

/* what we say of one page, and of its frame */
struct seen {
	uint32_t kind;		/* enum mmscope_mapping_kind, or NO_ENTRY */
	uint32_t swap_type;
	uint64_t pfn;
	uint64_t flags;
	uint64_t size;
	uint64_t swap_offset;
	struct mmscope_page frame;	/* of PAGE entries */
	struct mmscope_translation walk;
};

/* sources that agreed with us, and in how many points */
enum source {
	BY_TRANSLATE, BY_PAGEMAP, BY_SCAN, BY_MINCORE, BY_SMAPS, BY_NUMA_MAPS,
	BY_KPAGEFLAGS, BY_RMAP, BY_VMPTE, NR_SOURCES
};

static const char *const source_names[NR_SOURCES] = {
	"TRANSLATE", "pagemap", "PAGEMAP_SCAN", "mincore", "smaps", "numa_maps",
	"kpageflags", "RMAP", "VmPTE",
};

/**
 * struct view - one look
 * @start: of the range
 * @nr: pages
 * @page: each
 * @points: comparisons made by source
 * @bad: of these, those that did not agree
 * @levels: of page tables
 * @vma: our record of the VMA at @start
 * @map: smaps of the same
 */
struct view {
	int fd;
	pid_t pid;
	uint64_t start;
	size_t nr;
	struct seen *page;
	uint64_t points[NR_SOURCES];
	uint64_t bad;
	struct mmscope_vma vma;
	char smaps[4096];
	char numa_maps[512];
	uint64_t max_lock_ns;
};

static inline bool agree(struct view *v, enum source by, uint64_t addr, const char *what,
			 uint64_t theirs, uint64_t ours)
{
	v->points[by]++;
	if (theirs == ours)
		return true;
	if (!v->bad++)
		fprintf(stderr, "# %#lx: %s: %s %#lx, ours %#lx\n", addr, what,
			source_names[by], theirs, ours);
	return false;
}

static inline uint64_t view_end(const struct view *v)
{
	return v->start + v->nr * PAGE;
}

static inline bool is_present(const struct seen *p)
{
	return p->kind == MMSCOPE_MAPPING_PAGE || p->kind == MMSCOPE_MAPPING_ZERO ||
	       p->kind == MMSCOPE_MAPPING_PFNMAP;
}

/* the entry is met at its first page, or at the first one looked at */
static inline bool is_first(const struct view *v, size_t i)
{
	const uint64_t addr = v->start + i * PAGE;

	return !i || !v->page[i].size || addr % v->page[i].size == 0;
}

/* --------------------------------------------------------------- our own answers */

static inline int ask_mappings(struct view *v)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_MAPPINGS);
	const struct mmscope_mapping *run;
	struct answer a;
	int err;

	arg.pid = v->pid;
	arg.start = v->start;
	arg.end = view_end(v);
	err = walk_all(v->fd, arg, &a);
	v->max_lock_ns = a.max_lock_ns;
	for (size_t i = 0; i < v->nr; i++)
		v->page[i] = (struct seen){ .kind = NO_ENTRY, .pfn = MMSCOPE_UNKNOWN };
	run = a.records;
	for (size_t i = 0; i < a.nr; i++, run++) {
		for (uint64_t page = 0; page < run->pages; page++) {
			const size_t at = (run->start - v->start) / PAGE + page;
			struct seen *seen = &v->page[at];

			if (at >= v->nr)
				break;
			*seen = (struct seen){
				.kind = run->kind,
				.pfn = run->pfn,
				.flags = run->flags,
				.size = run->page_size_bytes,
				.swap_type = run->swap_type,
				.swap_offset = run->swap_offset + page,
			};
			if (run->kind != MMSCOPE_MAPPING_ZERO && run->pfn != MMSCOPE_UNKNOWN)
				seen->pfn += page;
			else if (run->kind == MMSCOPE_MAPPING_ZERO && run->page_size_bytes > PAGE)
				seen->pfn += page % (run->page_size_bytes / PAGE);
		}
	}
	answer_free(&a);
	return err;
}

static inline int ask_vma(struct view *v)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMAS);
	struct answer a;
	int err;

	arg.pid = v->pid;
	arg.start = v->start;
	arg.end = v->start + 1;
	memset(&v->vma, 0, sizeof(v->vma));
	err = walk_all(v->fd, arg, &a);
	if (!err && a.nr == 1)
		memcpy(&v->vma, a.records, sizeof(v->vma));
	answer_free(&a);
	return err;
}

/* these two are the head's alone: older kernels do not show them of tails */
#define OF_HEAD	(1UL << KPF_SWAPBACKED | 1UL << KPF_DIRTY)

static inline int ask_frame(struct view *v, struct seen *p)
{
	struct mmscope_page head;

	if (read_page(v->fd, p->pfn, &p->frame) || read_page(v->fd, p->frame.head_pfn, &head))
		return -1;
	p->frame.flags |= head.flags & OF_HEAD;
	return 0;
}

static inline int ask_frames(struct view *v)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->page[i].kind == MMSCOPE_MAPPING_PAGE && is_first(v, i) &&
		    ask_frame(v, &v->page[i]))
			return -1;
	for (size_t i = 1; i < v->nr; i++)
		if (v->page[i].kind == MMSCOPE_MAPPING_PAGE && !is_first(v, i))
			v->page[i].frame = v->page[i - 1].frame;
	return 0;
}

/* --------------------------------------------------------------- page by page */

static inline uint32_t kind_of(const struct mmscope_translation *t, const struct seen *seen)
{
	switch (t->result) {
	case MMSCOPE_TRANSLATED:
		/* which of the three the answer does not tell */
		return is_present(seen) ? seen->kind : MMSCOPE_MAPPING_PAGE;
	case MMSCOPE_IN_SWAP:
		return MMSCOPE_MAPPING_SWAP;
	case MMSCOPE_IN_MIGRATION:
		return MMSCOPE_MAPPING_MIGRATION;
	case MMSCOPE_OTHER_ENTRY:
		return MMSCOPE_MAPPING_MARKER;
	default:
		return NO_ENTRY;
	}
}

static inline int compare_translate(struct view *v)
{
	struct mmscope_translation *out = calloc(v->nr, sizeof(*out));
	uint64_t *addrs = calloc(v->nr, sizeof(*addrs));
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg),
		.pid = v->pid,
		.addrs = (uintptr_t)addrs,
		.buf = (uintptr_t)out,
	};
	int err = 0;

	for (size_t i = 0; i < v->nr; i++)
		addrs[i] = v->start + i * PAGE;
	for (size_t done = 0; done < v->nr && !err; done += MMSCOPE_TRANSLATE_MAX) {
		arg.addrs = (uintptr_t)(addrs + done);
		arg.buf = (uintptr_t)(out + done);
		arg.nr = v->nr - done < MMSCOPE_TRANSLATE_MAX ? v->nr - done :
								MMSCOPE_TRANSLATE_MAX;
		err = ioctl(v->fd, MMSCOPE_IOC_TRANSLATE, &arg);
	}
	for (size_t i = 0; i < v->nr && !err; i++) {
		struct seen *p = &v->page[i];
		const uint64_t addr = addrs[i];

		p->walk = out[i];
		agree(v, BY_TRANSLATE, addr, "kind", kind_of(&out[i], p), p->kind);
		agree(v, BY_TRANSLATE, addr, "pfn", out[i].pfn, p->pfn);
		if (p->kind == NO_ENTRY)
			continue;
		/* seen before; since then reclaim may have looked, which takes the mark away */
		agree(v, BY_TRANSLATE, addr, "flags",
		      out[i].flags | (p->flags & MMSCOPE_ENTRY_ACCESSED), p->flags);
		agree(v, BY_TRANSLATE, addr, "size", out[i].page_size_bytes, p->size);
		if (p->kind == MMSCOPE_MAPPING_SWAP)
			agree(v, BY_TRANSLATE, addr, "slot", out[i].swap_offset, p->swap_offset);
	}
	free(out);
	free(addrs);
	return err;
}

/* what pagemap would say of it; the VMA's bit of soft-dirty comes on top */
static inline uint64_t seen_as_pagemap(const struct seen *p, bool hugetlb)
{
	uint64_t entry = 0;

	if (p->kind == NO_ENTRY || p->kind == MMSCOPE_MAPPING_PFNMAP)
		return 0;
	if (is_present(p))
		entry = PM_PRESENT | p->pfn;
	else if (p->kind == MMSCOPE_MAPPING_SWAP)
		entry = PM_SWAP | p->swap_type | p->swap_offset << 5;
	else
		entry = PM_SWAP;
	if (p->flags & MMSCOPE_ENTRY_SOFT_DIRTY && !hugetlb)
		entry |= PM_SOFT_DIRTY;
	if (p->flags & MMSCOPE_ENTRY_UFFD_WP)
		entry |= PM_UFFD_WP;
	return entry;
}

static inline int compare_pagemap(struct view *v)
{
	uint64_t *pagemap = read_pagemap(v->pid, v->start, view_end(v));
	const bool hugetlb = v->vma.flags & MMSCOPE_VMA_F_HUGETLB;
	const uint64_t vma_bits = v->vma.flags & MMSCOPE_VMA_F_SOFTDIRTY ? PM_SOFT_DIRTY : 0;

	if (!pagemap)
		return -1;
	for (size_t i = 0; i < v->nr; i++) {
		const uint64_t ours = seen_as_pagemap(&v->page[i], hugetlb) |
				      (v->page[i].walk.vma_start ? vma_bits : 0);
		uint64_t theirs = pagemap[i] & PM_COMPARED;

		if (v->page[i].kind > MMSCOPE_MAPPING_SWAP && v->page[i].kind != NO_ENTRY)
			theirs &= ~PM_FRAME;	/* of no meaning to us */
		agree(v, BY_PAGEMAP, v->start + i * PAGE, "entry", theirs, ours);
	}
	free(pagemap);
	return 0;
}

static inline uint64_t as_scan(const struct view *v, const struct seen *p)
{
	uint64_t bits = v->vma.flags & MMSCOPE_VMA_F_SOFTDIRTY ? SCAN_SOFT_DIRTY : 0;

	if (p->kind == NO_ENTRY || p->kind == MMSCOPE_MAPPING_PFNMAP)
		return 0;
	bits |= is_present(p) ? SCAN_PRESENT : SCAN_SWAPPED;
	if (p->kind == MMSCOPE_MAPPING_ZERO)
		bits |= SCAN_PFNZERO;
	if (p->size > PAGE)
		bits |= SCAN_HUGE;
	if (p->flags & MMSCOPE_ENTRY_SOFT_DIRTY)
		bits |= SCAN_SOFT_DIRTY;
	if (!(p->flags & MMSCOPE_ENTRY_UFFD_WP))
		bits |= SCAN_WRITTEN;
	if (p->kind == MMSCOPE_MAPPING_PAGE && !(p->frame.flags >> KPF_ANON & 1))
		bits |= SCAN_FILE;
	return bits;
}

/* Linux 7 says "written" only where userfaultfd would tell of it: does this one? */
static inline bool scan_tells_written(void)
{
	struct scan_region region = { 0 };
	volatile char page[2 * PAGE];
	char *p = (char *)(((uintptr_t)page + PAGE - 1) & ~(PAGE - 1));
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)p,
		.end = (uintptr_t)p + PAGE,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = SCAN_PRESENT,
		.return_mask = SCAN_COMPARED,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	*(volatile char *)p = 1;
	ioctl(fd, SCAN_IOCTL, &arg);
	close(fd);
	return region.categories & SCAN_WRITTEN;
}

/* PAGEMAP_SCAN is of Linux 6.7 */
static inline int compare_scan(struct view *v)
{
	struct scan_region *region = calloc(v->nr + 1, sizeof(*region));
	uint64_t *theirs = calloc(v->nr, sizeof(*theirs));
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = v->start,
		.end = view_end(v),
		.vec = (uintptr_t)region,
		.vec_len = v->nr + 1,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_COMPARED,
	};
	const bool written = v->vma.flags & MMSCOPE_VMA_F_UFFD_WP || scan_tells_written();
	char path[64];
	int fd, got, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", v->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = ioctl(fd, SCAN_IOCTL, &arg);
	if (got < 0)
		err = errno == ENOTTY ? 0 : -errno;
	close(fd);
	for (int i = 0; i < got; i++)
		for (uint64_t at = region[i].start; at < region[i].end; at += PAGE)
			theirs[(at - v->start) / PAGE] = region[i].categories;
	for (size_t i = 0; i < v->nr && got >= 0; i++)
		agree(v, BY_SCAN, v->start + i * PAGE, "categories", theirs[i],
		      as_scan(v, &v->page[i]) & ~(written ? 0 : SCAN_WRITTEN));
	free(region);
	free(theirs);
	return err;
}

/* what is mapped is in memory; of the rest mincore() knows more: the page cache */
static inline void compare_mincore(struct view *v, const unsigned char *core)
{
	const bool anon = v->vma.kind == MMSCOPE_VMA_ANON || v->vma.kind == MMSCOPE_VMA_HEAP ||
			  v->vma.kind == MMSCOPE_VMA_STACK;

	for (size_t i = 0; i < v->nr; i++) {
		const struct seen *p = &v->page[i];

		if (is_present(p) || (p->kind == NO_ENTRY && anon))
			agree(v, BY_MINCORE, v->start + i * PAGE, "in memory", core[i] & 1,
			      is_present(p));
	}
}

static inline int compare_kpageflags(struct view *v)
{
	int fd = open(KPAGECOUNT, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < v->nr; i++) {
		const struct seen *p = &v->page[i];
		const uint64_t addr = v->start + i * PAGE;
		uint64_t flags;

		if (p->kind != MMSCOPE_MAPPING_PAGE || !is_first(v, i))
			continue;
		flags = frame_flags(p->pfn);
		agree(v, BY_KPAGEFLAGS, addr, "anon", flags >> KPF_ANON & 1,
		      p->frame.kind == MMSCOPE_PAGE_ANON || p->frame.kind == MMSCOPE_PAGE_KSM ||
		      (p->frame.kind == MMSCOPE_PAGE_HUGETLB && p->frame.flags >> KPF_ANON & 1));
		/* 6.12 says so of all anonymous pages */
		if (!(flags >> KPF_ANON & 1) || p->frame.kind == MMSCOPE_PAGE_KSM)
			agree(v, BY_KPAGEFLAGS, addr, "ksm", flags >> KPF_KSM & 1,
			      p->frame.kind == MMSCOPE_PAGE_KSM);
		agree(v, BY_KPAGEFLAGS, addr, "huge", flags >> KPF_HUGE & 1,
		      p->frame.kind == MMSCOPE_PAGE_HUGETLB);
		agree(v, BY_KPAGEFLAGS, addr, "mapcount", frame_read(fd, p->pfn),
		      p->frame.mapcount);
	}
	close(fd);
	return 0;
}

/* all frames of the range are mapped here, where the entries say, by the process */
static inline int compare_rmap(struct view *v)
{
	struct mmscope_pfn_range *ranges = calloc(v->nr + 1, sizeof(*ranges));
	struct rmap_answer a = { 0 };
	struct places places = { 0 };
	struct mmscope_rmap_arg arg;
	uint32_t nr = 0;
	int err = 0;

	for (size_t i = 0; i < v->nr && nr < MMSCOPE_RANGES_MAX; i++)
		if (v->page[i].kind == MMSCOPE_MAPPING_PAGE && is_first(v, i)) {
			ranges[nr].start = v->page[i].pfn;
			ranges[nr++].end = v->page[i].pfn + 1;
		}
	if (nr) {
		arg = rmap_arg(ranges, nr);
		arg.pid = v->pid;
		err = rmap_all(v->fd, arg, 4096, &a);
		rmap_places(&a, 0, &places);
	}
	for (size_t i = 0, at = 0; i < v->nr && !err; i++) {
		const uint64_t addr = v->start + i * PAGE;

		if (v->page[i].kind != MMSCOPE_MAPPING_PAGE || !is_first(v, i))
			continue;
		while (at < places.nr && places.place[at].addr < addr)
			at++;
		agree(v, BY_RMAP, addr, "pfn", at < places.nr && places.place[at].addr == addr ?
		      places.place[at].pfn : MMSCOPE_UNKNOWN, v->page[i].pfn);
	}
	rmap_free(&a);
	places_free(&places);
	free(ranges);
	return err;
}

#endif /* _MMSCOPE_SEEN_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One look at a range of a process that holds still: what each dataset says of
 * each page, and whether it is what the kernel's own files say. Include after
 * scene.h, rmap.h and frames.h.
 */
#ifndef _MMSCOPE_WITNESS_H
#define _MMSCOPE_WITNESS_H

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

static inline bool agree(struct view *v, enum source source, uint64_t addr, const char *what,
			 uint64_t theirs, uint64_t ours)
{
	v->points[source]++;
	if (theirs == ours)
		return true;
	if (!v->bad++)
		fprintf(stderr, "# %#lx: %s: %s %#lx, ours %#lx\n", addr, what,
			source_names[source], theirs, ours);
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

static inline int ask_frames(struct view *v)
{
	for (size_t i = 0; i < v->nr; i++)
		if (v->page[i].kind == MMSCOPE_MAPPING_PAGE && is_first(v, i) &&
		    read_page(v->fd, v->page[i].pfn, &v->page[i].frame))
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
		agree(v, BY_TRANSLATE, addr, "flags", out[i].flags, p->flags);
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
		const uint64_t ours = seen_as_pagemap(&v->page[i], hugetlb) | vma_bits;
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
		      as_scan(v, &v->page[i]));
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

/* --------------------------------------------------------------- sums of a VMA */

/* the paragraph or line about the VMA at @start in a file of the process */
static inline int read_about(const struct view *v, const char *file, char *out, size_t room)
{
	char path[64], head[32], *text, *from, *to;
	int err = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", v->pid, file);
	snprintf(head, sizeof(head), "%08lx%c", (unsigned long)v->vma.start,
		 strcmp(file, "smaps") ? ' ' : '-');
	text = read_file(path);
	if (!text)
		return -1;
	for (from = text; from && strncmp(from, head, strlen(head));) {
		from = strchr(from, '\n');
		from = from && from[1] ? from + 1 : NULL;
	}
	if (from) {
		to = strstr(from, strcmp(file, "smaps") ? "\n" : "VmFlags:");
		to = to ? strchrnul(to + 1, '\n') : from + strlen(from);
		if (strcmp(file, "smaps"))
			to = strchrnul(from, '\n');
		snprintf(out, room, "%.*s", (int)(to - from), from);
		err = 0;
	}
	free(text);
	return err;
}

/* a line of smaps, in bytes; ~0: there is none */
static inline uint64_t smaps_bytes(const struct view *v, const char *key)
{
	char line[40];
	const char *at;

	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(v->smaps, line);
	return at ? strtoul(at + strlen(line), NULL, 10) << 10 : ~0UL;
}

struct sums {
	uint64_t rss, anon, shared, private, swap, anon_huge, hugetlb, lazy, pss;
	uint64_t node[MMSCOPE_NR_NODES];
};

static inline struct sums sum_up(const struct view *v)
{
	const bool hugetlb = v->vma.flags & MMSCOPE_VMA_F_HUGETLB;
	struct sums s = { 0 };

	for (size_t i = 0; i < v->nr; i++) {
		const struct seen *p = &v->page[i];
		const uint64_t flags = p->frame.flags;
		const bool anon = flags >> KPF_ANON & 1;

		if (p->kind == MMSCOPE_MAPPING_SWAP)
			s.swap += PAGE;
		if (p->kind != MMSCOPE_MAPPING_PAGE)
			continue;
		if (!(flags >> KPF_RESERVED & 1) && (!hugetlb || is_first(v, i)))
			s.node[p->frame.node]++;
		if (hugetlb) {
			s.hugetlb += PAGE;
			continue;
		}
		s.rss += PAGE;
		s.anon += anon ? PAGE : 0;
		if (p->frame.mapcount >= 2)
			s.shared += PAGE;
		else
			s.private += PAGE;
		s.pss += (PAGE << 12) / (p->frame.mapcount ?: 1);
		if (anon && p->size == HUGE_2M)
			s.anon_huge += PAGE;
		if (anon && !(p->flags & MMSCOPE_ENTRY_DIRTY) &&
		    !(flags & (1UL << KPF_SWAPBACKED | 1UL << KPF_DIRTY)))
			s.lazy += PAGE;
	}
	s.pss >>= 12;
	return s;
}

static const struct {
	const char *code;
	uint64_t flag;
} vma_codes[] = {
	{ "rd", MMSCOPE_VMA_F_READ }, { "wr", MMSCOPE_VMA_F_WRITE }, { "ex", MMSCOPE_VMA_F_EXEC },
	{ "sh", MMSCOPE_VMA_F_SHARED }, { "gd", MMSCOPE_VMA_F_GROWSDOWN },
	{ "pf", MMSCOPE_VMA_F_PFNMAP }, { "lo", MMSCOPE_VMA_F_LOCKED },
	{ "ht", MMSCOPE_VMA_F_HUGETLB }, { "hg", MMSCOPE_VMA_F_HUGEPAGE },
	{ "nh", MMSCOPE_VMA_F_NOHUGEPAGE }, { "mg", MMSCOPE_VMA_F_MERGEABLE },
	{ "um", MMSCOPE_VMA_F_UFFD_MISSING }, { "uw", MMSCOPE_VMA_F_UFFD_WP },
	{ "sd", MMSCOPE_VMA_F_SOFTDIRTY }, { "dd", MMSCOPE_VMA_F_DONTDUMP },
};

static inline bool smaps_flag(const struct view *v, const char *code)
{
	const char *flags = strstr(v->smaps, "VmFlags:");
	char word[8];

	snprintf(word, sizeof(word), " %s", code);
	return flags && strstr(flags, word);
}

static inline int compare_smaps(struct view *v, const struct sums *s)
{
	if (read_about(v, "smaps", v->smaps, sizeof(v->smaps)))
		return -1;
#define SMAPS(_key, _ours) agree(v, BY_SMAPS, v->start, _key, smaps_bytes(v, _key), _ours)
	SMAPS("Size", v->vma.end - v->vma.start);
	SMAPS("Rss", s->rss);
	SMAPS("Anonymous", s->anon);
	SMAPS("AnonHugePages", s->anon_huge);
	SMAPS("LazyFree", s->lazy);
	SMAPS("KernelPageSize", v->vma.page_size_bytes);
	agree(v, BY_SMAPS, v->start, "Shared_*", smaps_bytes(v, "Shared_Clean") +
	      smaps_bytes(v, "Shared_Dirty"), s->shared);
	agree(v, BY_SMAPS, v->start, "Private_*", smaps_bytes(v, "Private_Clean") +
	      smaps_bytes(v, "Private_Dirty"), s->private);
	agree(v, BY_SMAPS, v->start, "*_Hugetlb", smaps_bytes(v, "Shared_Hugetlb") +
	      smaps_bytes(v, "Private_Hugetlb"), s->hugetlb);
	SMAPS("Pss", s->pss & ~1023UL);
	/* of shmem smaps counts what the file has in swap, for which there is no entry */
	if (v->vma.kind != MMSCOPE_VMA_SHM)
		SMAPS("Swap", s->swap);
	SMAPS("Locked", v->vma.flags & MMSCOPE_VMA_F_LOCKED ? s->pss & ~1023UL : 0);
#undef SMAPS
	for (size_t i = 0; i < ARRAY_LEN(vma_codes); i++)
		agree(v, BY_SMAPS, v->start, vma_codes[i].code,
		      smaps_flag(v, vma_codes[i].code), !!(v->vma.flags & vma_codes[i].flag));
	return 0;
}

static inline uint64_t numa_pages(const struct view *v, uint32_t node)
{
	char word[16];
	const char *at;

	snprintf(word, sizeof(word), " N%u=", node);
	at = strstr(v->numa_maps, word);
	return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

static inline int compare_numa_maps(struct view *v, const struct sums *s)
{
	if (read_about(v, "numa_maps", v->numa_maps, sizeof(v->numa_maps)))
		return -1;
	for (uint32_t node = 0; node < MMSCOPE_NR_NODES; node++)
		agree(v, BY_NUMA_MAPS, v->start, "pages of a node", numa_pages(v, node),
		      s->node[node]);
	return 0;
}

/* tables that were met, and the spare one of each anonymous page that a PMD maps */
static inline int compare_vmpte(struct view *v)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGETABLES);
	const struct mmscope_pagetable *level;
	uint64_t tables = 0, spare = 0, kb = 0;
	struct maps maps;
	struct answer a;
	char path[64];
	int err;

	arg.pid = v->pid;
	snprintf(path, sizeof(path), "/proc/%d/status", v->pid);
	err = walk_all(v->fd, arg, &a) ?: read_number(path, "VmPTE", &kb);
	level = a.records;
	for (size_t i = 0; i < a.nr; i++)
		if (level[i].level > MMSCOPE_LEVEL_P4D)
			tables += level[i].table_bytes;
	answer_free(&a);
	err = err ?: read_maps(v->pid, &maps);
	for (size_t i = 0; !err && i < maps.nr; i++)
		spare += maps.map[i].anon_huge / HUGE_2M * PAGE;
	if (!err)
		maps_free(&maps);
	/* the huge zero page has one too, and smaps does not know of it */
	for (size_t i = 0; i < v->nr; i++)
		if (v->page[i].kind == MMSCOPE_MAPPING_ZERO && v->page[i].size == HUGE_2M &&
		    is_first(v, i))
			spare += PAGE;
	agree(v, BY_VMPTE, 0, "tables and spare ones", kb << 10, tables + spare);
	return err;
}

/* --------------------------------------------------------------- the look */

static inline void view_free(struct view *v)
{
	free(v->page);
	memset(v, 0, sizeof(*v));
}

static inline int look_once(struct view *v, const unsigned char *core)
{
	struct sums sums;
	int err;

	v->bad = 0;
	memset(v->points, 0, sizeof(v->points));
	err = ask_vma(v) ?: ask_mappings(v) ?: ask_frames(v);
	if (err)
		return err;
	err = compare_translate(v) ?: compare_pagemap(v) ?: compare_scan(v) ?:
	      compare_kpageflags(v) ?: compare_rmap(v) ?: compare_vmpte(v);
	if (core)
		compare_mincore(v, core);
	/* sums are of whole VMAs */
	sums = sum_up(v);
	if (!err && v->vma.start == v->start && v->vma.end == view_end(v))
		err = compare_smaps(v, &sums) ?: compare_numa_maps(v, &sums);
	return err;
}

/*
 * Look at a range, with all that there is to compare with. What the kernel does on
 * its own meanwhile (reclaim, draining of batches) may take several tries. Returns
 * how many comparisons failed, or -errno.
 */
static inline long look(struct view *v, int fd, pid_t pid, const void *addr, size_t bytes,
			const unsigned char *core)
{
	int err = 0;

	view_free(v);
	v->fd = fd;
	v->pid = pid;
	v->start = (uintptr_t)addr;
	v->nr = bytes / PAGE;
	v->page = calloc(v->nr, sizeof(*v->page));
	for (int try = 0; try < 5 && (!try || err || v->bad); try++) {
		if (try)
			usleep(20000);
		err = look_once(v, core);
	}
	return err ?: (long)v->bad;
}

static inline long look_at(struct view *v, int fd, const struct scene *s)
{
	return look(v, fd, s->pid, s->addr, s->bytes,
		    s->no_core || s->bytes > SCENE_PAGES * PAGE ? NULL : s->core);
}

/* how many of the pages from @from up to @to ... */
#define count_pages(_v, _from, _to, _p, _cond) ({			\
	size_t _n = 0;							\
	for (size_t _i = (_from); _i < (size_t)(_to); _i++) {		\
		const struct seen *_p = &(_v)->page[_i];		\
		_n += !!(_cond);					\
	}								\
	_n;								\
})

static inline size_t count_kind(const struct view *v, uint32_t kind)
{
	return count_pages(v, 0, v->nr, p, p->kind == kind);
}

static inline size_t count_flags(const struct view *v, uint64_t set, uint64_t clear)
{
	return count_pages(v, 0, v->nr, p, p->kind != NO_ENTRY && (p->flags & set) == set &&
			   !(p->flags & clear));
}

/* pages that have the same frame in both */
static inline size_t count_same(const struct view *a, const struct view *b, size_t from, size_t to)
{
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		n += is_present(&a->page[i]) && a->page[i].pfn == b->page[i].pfn;
	return n;
}

/* the line of the table of truths: what was compared, in how many points */
static inline void tell_points(const char *situation, const struct view *v)
{
	char line[400];
	int len = snprintf(line, sizeof(line), "# truth: %s:", situation);

	for (int i = 0; i < NR_SOURCES; i++)
		if (v->points[i])
			len += snprintf(line + len, sizeof(line) - len, " %s %lu",
					source_names[i], v->points[i]);
	fprintf(stderr, "%s\n", line);
}

#endif /* _MMSCOPE_WITNESS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One look at a range of a process that holds still: what each dataset says of
 * each page, and whether it is what the kernel's own files say. Include after
 * scene.h, rmap.h and frames.h.
 */
#ifndef _MMSCOPE_WITNESS_H
#define _MMSCOPE_WITNESS_H

#include "seen.h"

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
		/* of hugetlb each page is one, however many entries it has */
		if (!(flags >> KPF_RESERVED & 1) &&
		    (!hugetlb || !i || (is_first(v, i) && p->frame.pfn == p->frame.head_pfn)))
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
		    !(flags & OF_HEAD))
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

/* fork the process of a scene and look; of a fixture with fd, s, v and before */
#define look_begin(_play) do {						\
	self->s = scene_new(_play);					\
	ASSERT_NE(NULL, self->s);					\
	ASSERT_EQ(0, scene_begin(self->s));				\
	ASSERT_EQ(0, look_at(&self->v, self->fd, self->s));		\
} while (0)

/* the next step of it; the last look is kept as `before` */
#define look_next() do {						\
	view_free(&self->before);					\
	self->before = self->v;						\
	memset(&self->v, 0, sizeof(self->v));				\
	ASSERT_EQ(0, scene_next(self->s));				\
	ASSERT_EQ(0, look_at(&self->v, self->fd, self->s));		\
} while (0)

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

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who maps a page frame: asked of the module, and put together from the pagemap
 * of every process. Include after process.h.
 */
#ifndef _MMSCOPE_RMAP_H
#define _MMSCOPE_RMAP_H

#include <ctype.h>
#include <dirent.h>

/* one page of one process */
struct place {
	uint64_t pid, addr, pfn;
};

struct places {
	struct place *place;
	size_t nr, room;
};

static inline void places_free(struct places *p)
{
	free(p->place);
	memset(p, 0, sizeof(*p));
}

static inline void places_add(struct places *p, uint64_t pid, uint64_t addr, uint64_t pfn)
{
	if (p->nr == p->room) {
		p->room = 2 * p->room + 1024;
		p->place = realloc(p->place, p->room * sizeof(*p->place));
	}
	p->place[p->nr++] = (struct place){ pid, addr, pfn };
}

static inline int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static inline bool places_equal(const struct places *a, const struct places *b)
{
	return a->nr == b->nr &&
	       (!a->nr || !memcmp(a->place, b->place, a->nr * sizeof(*a->place)));
}

/* tell the first difference */
static inline void places_diff(const char *name, const struct places *a, const char *other,
			       const struct places *b)
{
	size_t i = 0;

	while (i < a->nr && i < b->nr && !memcmp(&a->place[i], &b->place[i], sizeof(*a->place)))
		i++;
	fprintf(stderr, "# %s %zu places, %s %zu places\n", name, a->nr, other, b->nr);
	if (i < a->nr)
		fprintf(stderr, "# %s: pid %lu addr %#lx pfn %lu\n", name, a->place[i].pid,
			a->place[i].addr, a->place[i].pfn);
	if (i < b->nr)
		fprintf(stderr, "# %s: pid %lu addr %#lx pfn %lu\n", other, b->place[i].pid,
			b->place[i].addr, b->place[i].pfn);
}

static inline bool frame_wanted(const struct mmscope_pfn_range *ranges, size_t nr, uint64_t pfn)
{
	for (size_t i = 0; i < nr; i++)
		if (pfn >= ranges[i].start && pfn < ranges[i].end)
			return true;
	return false;
}

/* of one process, if it is still there and has memory; true if so */
static inline bool join_process(pid_t pid, const struct mmscope_pfn_range *ranges, size_t nr,
				struct places *out)
{
	struct maps maps;
	bool any;

	if (read_maps_of(pid, "maps", &maps))
		return false;
	any = maps.nr;
	for (size_t i = 0; i < maps.nr; i++) {
		const struct map *m = &maps.map[i];
		uint64_t *entries = read_pagemap(pid, m->start, m->end);
		const size_t pages = entries ? (m->end - m->start) / PAGE : 0;

		for (size_t j = 0; j < pages; j++)
			if (entries[j] & PM_PRESENT &&
			    frame_wanted(ranges, nr, entries[j] & PM_FRAME))
				places_add(out, pid, m->start + j * PAGE, entries[j] & PM_FRAME);
		free(entries);
	}
	maps_free(&maps);
	return any;
}

/* of all processes, in the order of pids and addresses; how many have memory */
static inline size_t join_all(const struct mmscope_pfn_range *ranges, size_t nr,
			      struct places *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t processes = 0;

	while (proc && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			processes += join_process(atoi(entry->d_name), ranges, nr, out);
	if (proc)
		closedir(proc);
	if (out->nr)
		qsort(out->place, out->nr, sizeof(*out->place), compare_places);
	return processes;
}

static inline struct mmscope_rmap_arg rmap_arg(const struct mmscope_pfn_range *ranges,
					       uint32_t nr)
{
	struct mmscope_rmap_arg arg = {
		.size = sizeof(arg),
		.nr_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};

	return arg;
}

/* what all calls of an answer said */
struct rmap_answer {
	struct mmscope_rmap *rmap;
	size_t nr, room;
	unsigned int calls;
	uint64_t ns, max_lock_ns, processes, refused, busy;
};

static inline void rmap_free(struct rmap_answer *a)
{
	free(a->rmap);
	memset(a, 0, sizeof(*a));
}

/* one call, `chunk` records at most; 0 or -errno */
static inline int rmap_call(int fd, struct mmscope_rmap_arg *arg, size_t chunk,
			    struct rmap_answer *a)
{
	const struct mmscope_cursor from = arg->cursor;

	if (a->nr + chunk > a->room) {
		a->room = 2 * a->room + chunk;
		a->rmap = realloc(a->rmap, a->room * sizeof(*a->rmap));
	}
	arg->buf = (uintptr_t)(a->rmap + a->nr);
	arg->buf_bytes = chunk * sizeof(*a->rmap);
	if (ioctl(fd, MMSCOPE_IOC_RMAP, arg))
		return -errno;
	if (arg->rec_size != sizeof(*a->rmap) || arg->nr > chunk)
		return -EPROTO;
	/* a call ends at a full buffer or at the end, and never where it began, or before */
	if (arg->cursor.pos < from.pos)
		return -EPROTO;
	if (!(arg->status & MMSCOPE_WALK_DONE) && arg->cursor.pos == from.pos &&
	    arg->cursor.hint <= from.hint)
		return -EPROTO;
	a->nr += arg->nr;
	a->calls++;
	a->ns += arg->end_ns - arg->start_ns;
	a->processes += arg->processes;
	a->refused += arg->refused;
	a->busy += arg->busy;
	if (a->max_lock_ns < arg->max_lock_ns)
		a->max_lock_ns = arg->max_lock_ns;
	return 0;
}

/* all of an answer; to be freed either way */
static inline int rmap_all(int fd, struct mmscope_rmap_arg arg, size_t chunk,
			   struct rmap_answer *a)
{
	int err = 0;

	memset(a, 0, sizeof(*a));
	while (!err && !(arg.status & MMSCOPE_WALK_DONE))
		err = rmap_call(fd, &arg, chunk, a);
	return err;
}

/* page by page; of one process, or of all (0) */
static inline void rmap_places(const struct rmap_answer *a, uint32_t pid, struct places *out)
{
	for (size_t i = 0; i < a->nr; i++) {
		const struct mmscope_rmap *r = &a->rmap[i];

		for (uint64_t page = 0; (!pid || pid == r->pid) && page < r->pages; page++)
			places_add(out, r->pid, r->addr + page * PAGE, r->pfn + page);
	}
}

#endif /* _MMSCOPE_RMAP_H */

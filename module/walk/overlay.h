/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners of page frames that struct page does not tell: who refers to the
 * frame, collected when a sweep begins.
 */
#ifndef _MMSCOPE_WALK_OVERLAY_H
#define _MMSCOPE_WALK_OVERLAY_H

#include <linux/types.h>

#include "../compat.h"

struct mmscope_walk;

/* what consumers list among their needs: where one is absent, so is that part */
#define MMSCOPE_OVERLAY_NEEDS			\
	WANT_SYM(init_mm),			\
	COMPAT_VMAP_NEEDS(WANT_SYM, WANT_LAYOUT),	\
	WANT_SYM(modules),			\
	WANT_SYM(idle_threads),			\
	WANT_SYM(_text),			\
	WANT_SYM(_end),				\
	WANT_SYM(pcpu_base_addr),		\
	WANT_SYM(pcpu_unit_offsets),		\
	WANT_SYM(pcpu_first_chunk),		\
	WANT_LAYOUT(pcpu_chunk, base_addr),	\
	WANT_LAYOUT(pcpu_chunk, nr_pages)

enum mmscope_overlay_parts {
	MMSCOPE_OVERLAY_KERNEL	= 1 << 0,	/* vmalloc, modules, stacks, percpu, tables */
	MMSCOPE_OVERLAY_BOOT	= 1 << 1,	/* kernel image, memory map, first percpu chunk */
	MMSCOPE_OVERLAY_TABLES	= 1 << 2,	/* page tables of processes: walks them all */
	MMSCOPE_OVERLAY_ALL	= MMSCOPE_OVERLAY_KERNEL | MMSCOPE_OVERLAY_BOOT |
				  MMSCOPE_OVERLAY_TABLES,
};

/**
 * struct mmscope_overlay_owner - somebody who refers to frames
 * @class: enum mmscope_class
 * @id: pid, 0: none
 * @name: symbol of the caller, module, command of the pid, level of the table
 */
struct mmscope_overlay_owner {
	u32 class;
	u64 id;
	char name[64];
};

/**
 * struct mmscope_overlay_run - neighbouring frames of one owner
 * @pfn: the first
 * @pages: how many
 * @owner: index into the owners
 */
struct mmscope_overlay_run {
	u64 pfn;
	u32 pages;
	u32 owner;
};

/**
 * struct mmscope_overlay - owners of the frames of a range; zeroed: empty
 * @runs: in ascending order, disjoint
 * @nr_runs: how many
 * @room_runs: how many there is room for
 * @owners: who they are; an overlay that goes on where this one ends has these too
 * @nr_owners: how many
 * @room_owners: how many there is room for
 * @start: first frame that is covered
 * @end: first frame beyond: when there are more runs than an overlay may hold
 *       it ends early, and the sweep builds another one there
 * @place: index of the run found last
 * @known_start: the answer given last is true from this frame on
 * @known_end: and up to this one
 * @known_run: that answer
 */
struct mmscope_overlay {
	struct mmscope_overlay_run *runs;
	u32 nr_runs;
	u32 room_runs;
	struct mmscope_overlay_owner *owners;
	u32 nr_owners;
	u32 room_owners;
	u64 start;
	u64 end;
	u32 place;
	u64 known_start;
	u64 known_end;
	const struct mmscope_overlay_run *known_run;
};

int mmscope_overlay_build(struct mmscope_walk *w, struct mmscope_overlay *o, u64 start,
			  u32 parts);
void mmscope_overlay_look(struct mmscope_overlay *o, u64 pfn);
void mmscope_overlay_free(struct mmscope_overlay *o);

/**
 * mmscope_overlay_find - who owns a frame
 * @o: the overlay; the answer is true for all frames up to @o->known_end
 * @pfn: the frame; ascending ones are had without a search
 *
 * Return: the run it is in, until the next build; NULL if nobody is known.
 */
static inline const struct mmscope_overlay_run *
mmscope_overlay_find(struct mmscope_overlay *o, u64 pfn)
{
	if (pfn < o->known_start || pfn >= o->known_end)
		mmscope_overlay_look(o, pfn);
	return o->known_run;
}

#endif /* _MMSCOPE_WALK_OVERLAY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's areas of virtual memory: vmalloc, vmap, modules, stacks, percpu.
 */
#ifndef _MMSCOPE_WALK_VMAP_H
#define _MMSCOPE_WALK_VMAP_H

#include <linux/sched.h>
#include <linux/types.h>

struct mmscope_collect;
struct mmscope_walk;

enum mmscope_vmap_flags {
	MMSCOPE_VMAP_RAM	= 1 << 0,	/* of vm_map_ram(): nobody is noted */
	MMSCOPE_VMAP_IO		= 1 << 1,	/* maps what is not the kernel's to own */
	MMSCOPE_VMAP_STACK	= 1 << 2,	/* stack of a task, or cached for the next one */
	MMSCOPE_VMAP_OWNED	= 1 << 3,	/* @owner is known */
	MMSCOPE_VMAP_FREED	= 1 << 4,	/* given back, but its addresses not yet */
	MMSCOPE_VMAP_VPAGES	= 1 << 5,	/* its array of pages is in such an area, too */
};

/**
 * struct mmscope_vmap_area - one area, as it was
 * @start: first address
 * @end: first address beyond, a guard page included
 * @caller: who asked for it, NULL if unknown
 * @flags: enum mmscope_vmap_flags
 * @pid: of the task whose stack it is, 0: none
 * @owner: index into the owners of the overlay
 * @comm: command of the task
 * @vm_flags: VM_ALLOC and so on, of vm_struct
 * @nr_pages: pages that were allocated for it
 * @page_order: of these
 * @phys: what it maps, of VM_IOREMAP, or that boot mapped; 0: none
 */
struct mmscope_vmap_area {
	unsigned long start;
	unsigned long end;
	const void *caller;
	u32 flags;
	u32 pid;
	u32 owner;
	char comm[TASK_COMM_LEN];
	u32 vm_flags;
	u32 nr_pages;
	u32 page_order;
	u64 phys;
};

/**
 * struct mmscope_vmap - the areas; zeroed: none
 * @areas: by ascending address
 * @nr: how many
 * @room: how many there is room for
 * @last: the one that mmscope_vmap_owner() told last
 */
struct mmscope_vmap {
	struct mmscope_vmap_area *areas;
	u32 nr;
	u32 room;
	const struct mmscope_vmap_area *last;
};

int mmscope_vmap_read(struct mmscope_walk *w, struct mmscope_vmap *v, bool freed);
struct mmscope_vmap_area *mmscope_vmap_find(const struct mmscope_vmap *v, unsigned long addr);
int mmscope_vmap_owner(struct mmscope_collect *c, unsigned long addr, bool is_module);

#endif /* _MMSCOPE_WALK_VMAP_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset vmallocs: the kernel's areas of virtual memory, and what they map.
 *
 * Locks: the areas are read first, all of them, as vmap.c does it: spinlocks, a
 * bounded hold each. What they map is read from the kernel's page tables without
 * any (kernel_walk.c): not from vm_struct.pages, which most areas do not have. For
 * the node of a frame, the memory hotplug lock (read).
 *
 * Staleness: an area that goes between the two shows what is mapped there then,
 * mostly nothing. Areas are as they were when their batch was read.
 *
 * Positions are addresses; for a reader who may not see them, the number of the
 * area, so that areas that come or go between two requests shift it.
 *
 * Source: as vmap.c; init_mm.pgd downward; page_to_nid().
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "../mmscope.h"
#include "kernel_region.h"
#include "kernel_walk.h"
#include "vmap.h"

/**
 * struct vmalloc_state - kept from window to window
 * @started: the areas are read
 * @shown: the reader may see addresses
 * @next: index of the area that comes next
 * @areas: they
 * @rec: the record under construction
 * @end: of its area
 * @run: frames in the run under construction
 * @next_pfn: that would go on with it
 * @k: the walk
 */
struct vmalloc_state {
	bool started;
	bool shown;
	u32 next;
	struct mmscope_vmap areas;
	struct mmscope_vmalloc rec;
	unsigned long end;
	u64 run;
	u64 next_pfn;
	struct mmscope_kernel_walk k;
};

/* -------------------------------------------------------- what an area maps */

/* what is mapped may have been freed meanwhile, and its memory be pulled */
static void count_node(struct mmscope_vmalloc *rec, u64 pfn, u64 pages)
{
	const struct page *page;

	mmscope_get_online_mems();
	page = pfn_to_online_page(pfn);
	if (page && page_to_nid(page) < MMSCOPE_NR_NODES)
		rec->node[page_to_nid(page)] += pages;
	mmscope_put_online_mems();
}

static int visit_leaf(struct mmscope_kernel_walk *k, const struct mmscope_kernel_leaf *leaf)
{
	struct vmalloc_state *s = k->priv;
	unsigned long start = max(leaf->addr, k->start);
	unsigned long end = min(leaf->addr + leaf->size, s->end);
	u64 pfn = leaf->pfn + ((start - leaf->addr) >> PAGE_SHIFT);
	u64 pages = (end - start) >> PAGE_SHIFT;

	if (leaf->addr >= s->end)
		return MMSCOPE_KERNEL_STOP;
	if (leaf->flags & MMSCOPE_KERNEL_ABSENT)
		return 0;
	if (!s->run || pfn != s->next_pfn) {
		s->rec.runs++;
		s->run = 0;
	}
	s->run += pages;
	s->next_pfn = pfn + pages;
	s->rec.longest_run_pages = max(s->rec.longest_run_pages, s->run);
	s->rec.mapped_pages += pages;
	if (leaf->level != MMSCOPE_LEVEL_PTE)
		s->rec.huge_pages += pages;
	count_node(&s->rec, pfn, pages);
	return 0;
}

static int visit_table(struct mmscope_kernel_walk *k, const struct mmscope_kernel_table *t)
{
	const struct vmalloc_state *s = k->priv;

	return t->addr >= s->end ? MMSCOPE_KERNEL_STOP : 0;
}

/* ----------------------------------------------------------------- records */

static u32 area_kind(const struct mmscope_vmap_area *area)
{
	if (area->flags & MMSCOPE_VMAP_FREED)
		return MMSCOPE_VMALLOC_FREED;
	if (area->flags & MMSCOPE_VMAP_RAM)
		return MMSCOPE_VMALLOC_MAP_RAM;
	if (area->vm_flags & VM_IOREMAP)
		return MMSCOPE_VMALLOC_IOREMAP;
	if (area->vm_flags & VM_ALLOC)
		return MMSCOPE_VMALLOC_VMALLOC;
	if (area->vm_flags & VM_MAP)
		return MMSCOPE_VMALLOC_VMAP;
	if (area->vm_flags & VM_DMA_COHERENT)
		return MMSCOPE_VMALLOC_DMA;
	return MMSCOPE_VMALLOC_OTHER;
}

static u32 area_flags(const struct mmscope_vmap_area *area)
{
	static const struct {
		u32 theirs;
		u32 ours;
	} pairs[] = {
		{ VM_USERMAP, MMSCOPE_VMALLOC_USERMAP },
		{ VM_UNINITIALIZED, MMSCOPE_VMALLOC_UNINITIALIZED },
		{ VM_NO_GUARD, MMSCOPE_VMALLOC_NO_GUARD },
		{ VM_KASAN, MMSCOPE_VMALLOC_KASAN },
		{ VM_FLUSH_RESET_PERMS, MMSCOPE_VMALLOC_RESET_PERMS },
		{ VM_MAP_PUT_PAGES, MMSCOPE_VMALLOC_PUT_PAGES },
		{ VM_ALLOW_HUGE_VMAP, MMSCOPE_VMALLOC_ALLOW_HUGE },
	};
	u32 i, flags = area->flags & MMSCOPE_VMAP_VPAGES ? MMSCOPE_VMALLOC_VPAGES : 0;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		if (area->vm_flags & pairs[i].theirs)
			flags |= pairs[i].ours;
	return flags;
}

static int fill_record(struct mmscope_walk *w, struct vmalloc_state *s,
		       const struct mmscope_vmap_area *area)
{
	struct mmscope_vmalloc *rec = &s->rec;
	int ret;

	*rec = (struct mmscope_vmalloc) {
		.start = s->shown ? area->start : 0,
		.end = s->shown ? area->end : 0,
		.bytes = area->end - area->start,
		.pages = area->nr_pages,
		.phys = area->phys || area->flags & MMSCOPE_VMAP_IO ? area->phys :
			MMSCOPE_UNKNOWN,
		.kind = area_kind(area),
		.flags = area_flags(area) | (s->shown ? 0 : MMSCOPE_VMALLOC_HIDDEN),
		.page_order = area->page_order,
	};
	if (area->caller)
		mmscope_symbol(area->caller, rec->caller, sizeof(rec->caller), true);
	s->end = area->end;
	s->run = 0;
	s->k.start = area->start;
	s->k.torn = 0;
	ret = mmscope_kernel_walk(&s->k);
	w->torn += s->k.torn;
	return ret;
}

/* the position that an area is at, and the one that follows it */
static u64 area_begin(const struct vmalloc_state *s, u32 i)
{
	return s->shown ? s->areas.areas[i].start : i;
}

static u64 area_end(const struct vmalloc_state *s, u32 i)
{
	return s->shown ? s->areas.areas[i].end : i + 1;
}

static int start(struct mmscope_walk *w, struct vmalloc_state *s)
{
	int err;

	s->shown = mmscope_kernel_addresses_shown(w);
	if (!s->shown && (w->q.start || w->q.end != ~0ULL))
		return -EPERM;
	err = mmscope_vmap_read(w, &s->areas, true);
	if (err)
		return err;
	s->started = true;
	s->k.priv = s;
	s->k.table = visit_table;
	s->k.leaf = visit_leaf;
	return 0;
}

static int vmalloc_walk(struct mmscope_walk *w)
{
	struct vmalloc_state *s = w->priv;
	int ret = s->started ? 0 : start(w, s);

	if (!ret && s->shown && !mmscope_kernel_addresses_shown(w))
		return -EPERM;
	for (; !ret && s->next < s->areas.nr; s->next++) {
		if (area_end(s, s->next) <= max(w->cursor.pos, w->q.start))
			continue;
		if (area_begin(s, s->next) >= w->q.end)
			break;
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		ret = fill_record(w, s, &s->areas.areas[s->next]) ?:
		      mmscope_emit(w, &s->rec, area_end(s, s->next));
		if (ret)
			break;
	}
	return ret;
}

static void vmalloc_end(struct mmscope_walk *w)
{
	struct vmalloc_state *s = w->priv;

	kvfree(s->areas.areas);
}

static const struct mmscope_name kind_names[] = {
	{ MMSCOPE_VMALLOC_OTHER, "other" },
	{ MMSCOPE_VMALLOC_VMALLOC, "vmalloc" },
	{ MMSCOPE_VMALLOC_VMAP, "vmap" },
	{ MMSCOPE_VMALLOC_IOREMAP, "ioremap" },
	{ MMSCOPE_VMALLOC_DMA, "dma_coherent" },
	{ MMSCOPE_VMALLOC_MAP_RAM, "vm_map_ram" },
	{ MMSCOPE_VMALLOC_FREED, "freed" },
};

static MMSCOPE_NAMES(kind_names_of, kind_names);

static const struct mmscope_name flag_names[] = {
	{ MMSCOPE_VMALLOC_USERMAP, "user" },
	{ MMSCOPE_VMALLOC_UNINITIALIZED, "uninitialized" },
	{ MMSCOPE_VMALLOC_NO_GUARD, "no_guard" },
	{ MMSCOPE_VMALLOC_KASAN, "kasan" },
	{ MMSCOPE_VMALLOC_RESET_PERMS, "flush_reset_perms" },
	{ MMSCOPE_VMALLOC_PUT_PAGES, "map_put_pages" },
	{ MMSCOPE_VMALLOC_ALLOW_HUGE, "allow_huge_vmap" },
	{ MMSCOPE_VMALLOC_VPAGES, "vpages" },
	{ MMSCOPE_VMALLOC_HIDDEN, "hidden" },
};

static MMSCOPE_NAMES(flag_names_of, flag_names);

static const struct mmscope_field_def vmalloc_fields[] = {
	FIELD(struct mmscope_vmalloc, start, ADDR, "first address; 0 if it is hidden"),
	MORE(struct mmscope_vmalloc, end, ADDR, "first address beyond, with the guard page"),
	FIELD(struct mmscope_vmalloc, bytes, BYTES, "size in addresses, with the guard page"),
	FIELD_CLASS(struct mmscope_vmalloc, kind, ENUM, &kind_names_of, "how it was made"),
	FIELD(struct mmscope_vmalloc, pages, PAGES, "allocated with it, as vmallocinfo counts"),
	FIELD(struct mmscope_vmalloc, mapped_pages, PAGES,
	      "base pages that page tables map there, memory or not"),
	FIELD(struct mmscope_vmalloc, runs, COUNT, "stretches in which frame follows frame"),
	FIELD(struct mmscope_vmalloc, longest_run_pages, PAGES, "the longest of these"),
	MORE(struct mmscope_vmalloc, huge_pages, PAGES,
	     "of those mapped, by an entry for more than a base page"),
	MORE(struct mmscope_vmalloc, page_order, ID, "of the pages allocated"),
	MORE(struct mmscope_vmalloc, phys, ADDR,
	     "physical address, of ioremap and of what boot mapped"),
	FIELD_TEXT(struct mmscope_vmalloc, caller, "who asked for it"),
	MORE_FLAGS(struct mmscope_vmalloc, flags, &flag_names_of, "of the area"),
	MORE_ARRAY(struct mmscope_vmalloc, node, PAGES, &mmscope_node_names,
		   "mapped pages on the node"),
};

static const struct mmscope_need vmalloc_needs[] = {
	NEED_SYM(init_mm),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	COMPAT_VMAP_NEEDS(NEED_SYM, NEED_LAYOUT),
	COMPAT_VMAP_FREED_NEEDS,
	WANT_SYM(kptr_restrict),
	{ }
};

const struct mmscope_dataset mmscope_vmallocs = {
	.name = "vmallocs",
	.help = "areas of the kernel's virtual memory: who asked for them, what they map",
	.id = MMSCOPE_DS_VMALLOCS,
	.flags = MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_vmalloc),
	.priv_size = sizeof(struct vmalloc_state),
	.fields = vmalloc_fields,
	.nr_fields = ARRAY_SIZE(vmalloc_fields),
	.needs = vmalloc_needs,
	.locked_down = true,
	.addresses = true,
	.walk = vmalloc_walk,
	.end = vmalloc_end,
};

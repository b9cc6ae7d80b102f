// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset kernel_mappings: what the kernel's own page tables map, as ranges.
 *
 * Locks and staleness: those of kernel_walk.c: none, and as of the moment a table
 * was copied. A range may be put together from many tables.
 *
 * Positions are addresses. The range under construction is kept over the windows
 * of a request; the cursor stands at the end of the last one that was handed
 * over, so a new request finds the rest again. A reader who may not see addresses
 * gets none in the cursor, either: it counts ranges then, and a new request walks
 * from the start up to that number: ranges that come or go below meanwhile shift
 * it, so that one may be missed or seen twice. A buffer for the whole has no such
 * trouble.
 *
 * A leaf that reaches over the bound of a region, as those of the kernel's image
 * may do, is cut there: every byte is counted once, in its own region.
 *
 * Shadow memory of sanitizers is mapped by leading to one table, full of one
 * frame, from thousands of entries, and the stacks of ESPfix are seen at 65536
 * addresses. A table that is met again at once is not read again if the range
 * under construction tells what is in it.
 *
 * Source: init_mm.pgd downward.
 */
#include <linux/mm.h>
#include <linux/minmax.h>

#include "../compat.h"
#include "../mmscope.h"
#include "kernel_region.h"
#include "kernel_walk.h"
#include "pgtable.h"

/**
 * struct seen_table - the table met last at a level
 * @addr: where it was met first
 * @run_start: start of the range that was under construction then
 * @before: pages in that range then
 * @pages: pages that the table added, once it is known; 0: not yet
 * @rights: what the entries above it allow
 */
struct seen_table {
	unsigned long addr;
	unsigned long run_start;
	u64 before;
	u64 pages;
	u32 rights;
};

/**
 * struct kmap_state - kept from window to window
 * @started: the other members are set
 * @shown: the reader may see addresses
 * @finished: all leaves were read
 * @open: there is a range in @run
 * @linear: frame follows frame in it
 * @same: all of it is one frame
 * @pat: what the cache modes are by their index
 * @pos: where the page tables are to be read on
 * @end: where the reader wants no more
 * @pass: ranges that were handed over in earlier requests, if they are counted
 * @count: ranges so far
 * @run: as far as it is known; @run.pfn is the first frame, whatever follows
 * @regions: of the address space
 * @seen: tables, by level
 * @k: the walk
 * @w: the request
 */
struct kmap_state {
	bool started;
	bool shown;
	bool finished;
	bool open;
	bool linear;
	bool same;
	u64 pat;
	unsigned long pos;
	unsigned long end;
	u64 pass;
	u64 count;
	struct mmscope_kernel_mapping run;
	struct mmscope_regions regions;
	struct seen_table seen[MMSCOPE_NR_LEVELS];
	struct mmscope_kernel_walk k;
	struct mmscope_walk *w;
};

/* ------------------------------------------------------------------- ranges */

static bool is_sparse(u32 region)
{
	return region == MMSCOPE_REGION_ESPFIX;
}

static int flush_run(struct kmap_state *s)
{
	struct mmscope_kernel_mapping rec = s->run;
	int ret;

	if (!s->open)
		return 0;
	if (s->linear)
		rec.flags |= MMSCOPE_KERNEL_LINEAR;
	else if (s->same)
		rec.flags |= MMSCOPE_KERNEL_SAME;
	else
		rec.pfn = MMSCOPE_UNKNOWN;
	if (rec.pages < (rec.end - rec.start) >> PAGE_SHIFT)
		rec.flags |= MMSCOPE_KERNEL_SPARSE;
	if (!s->shown) {
		rec.flags |= MMSCOPE_KERNEL_HIDDEN;
		rec.start = 0;
		rec.end = 0;
	}
	if (s->count >= s->pass) {
		ret = mmscope_emit(s->w, &rec, s->shown ? s->run.end : s->count + 1);
		if (ret)
			return ret;
	}
	s->count++;
	s->open = false;
	return 0;
}

/* Does a part of a leaf go on with what the range holds? */
static bool belongs(const struct kmap_state *s, const struct mmscope_kernel_mapping *part)
{
	const struct mmscope_kernel_mapping *run = &s->run;

	if (!s->open || part->region != run->region || part->flags != run->flags ||
	    part->cache != run->cache || part->page_size_bytes != run->page_size_bytes)
		return false;
	if (is_sparse(run->region))
		return true;
	/* a stretch of one frame is something of its own */
	return part->start == run->end &&
	       !(s->same && !s->linear && part->pfn != run->pfn);
}

static int add_part(struct kmap_state *s, const struct mmscope_kernel_mapping *part)
{
	int ret;

	if (belongs(s, part)) {
		s->linear &= part->start == s->run.end && part->pfn == s->run.pfn + s->run.pages;
		s->same &= part->pfn == s->run.pfn && part->pages == 1;
		s->run.end = part->end;
		s->run.pages += part->pages;
		return 0;
	}
	ret = flush_run(s);
	if (ret)
		return ret;
	s->run = *part;
	s->open = true;
	s->linear = true;
	s->same = part->pages == 1;
	return 0;
}

static int visit_leaf(struct mmscope_kernel_walk *k, const struct mmscope_kernel_leaf *leaf)
{
	struct kmap_state *s = k->priv;
	unsigned long end = min(leaf->addr + leaf->size, s->end);
	struct mmscope_kernel_mapping part = {
		.page_size_bytes = leaf->size,
		.flags = leaf->flags,
		.cache = mmscope_cache_mode(s->pat, compat_cache_index(leaf->entry.raw,
								       leaf->size > PAGE_SIZE)),
	};
	unsigned long addr, next;
	int ret;

	if (leaf->addr >= s->end)
		return MMSCOPE_KERNEL_STOP;
	for (addr = max(leaf->addr, s->pos); addr < end; addr = next) {
		part.region = mmscope_region_at(&s->regions, addr, &next);
		next = min(next, end);
		part.start = addr;
		part.end = next;
		part.pages = (next - addr) >> PAGE_SHIFT;
		part.pfn = leaf->pfn + ((addr - leaf->addr) >> PAGE_SHIFT);
		ret = add_part(s, &part);
		if (ret)
			return ret;
		s->pos = next;
	}
	return 0;
}

/* ------------------------------------------------------------------- tables */

/*
 * The range under construction has all that the table holds, and its place is
 * the only thing that is new: go on with the range as if it had been read.
 */
static bool repeats(struct kmap_state *s, struct seen_table *seen,
		    const struct mmscope_kernel_table *t)
{
	struct mmscope_kernel_mapping *run = &s->run;
	unsigned long region_end;

	if (!s->open || t->rights != seen->rights || t->addr < seen->addr + t->size ||
	    t->addr + t->size > s->end ||
	    mmscope_region_at(&s->regions, t->addr, &region_end) != run->region ||
	    region_end < t->addr + t->size)
		return false;
	if (is_sparse(run->region)) {
		if (seen->run_start != run->start)
			return false;
		if (!seen->pages)
			seen->pages = run->pages - seen->before;
	} else {
		if (!s->same || s->linear || run->start > seen->addr || run->end != t->addr)
			return false;
		seen->pages = t->size >> PAGE_SHIFT;
	}
	run->end = t->addr + t->size;
	run->pages += seen->pages;
	/* or the next window would begin behind the last leaf that was read, and add it again */
	s->pos = run->end;
	return true;
}

static int visit_table(struct mmscope_kernel_walk *k, const struct mmscope_kernel_table *t)
{
	struct kmap_state *s = k->priv;
	struct seen_table *seen = &s->seen[t->level];

	if (t->addr >= s->end)
		return MMSCOPE_KERNEL_STOP;
	if (t->again && repeats(s, seen, t))
		return MMSCOPE_KERNEL_SKIP;
	*seen = (struct seen_table) {
		.addr = t->addr,
		.run_start = s->open ? s->run.start : 0,
		.before = s->run.pages,
		.rights = t->rights,
	};
	return 0;
}

/* ------------------------------------------------------------------ the walk */

static int start(struct mmscope_walk *w, struct kmap_state *s)
{
	s->shown = mmscope_kernel_addresses_shown(w);
	if (!s->shown && (w->q.start || w->q.end != ~0ULL))
		return -EPERM;
	s->started = true;
	s->pat = compat_pat();
	s->w = w;
	s->end = w->q.end == ~0ULL ? ~0UL : PAGE_ALIGN(w->q.end);
	if (s->shown)
		s->pos = max(w->cursor.pos, w->q.start) & PAGE_MASK;
	else
		s->pass = w->cursor.pos;
	s->k.priv = s;
	s->k.table = visit_table;
	s->k.leaf = visit_leaf;
	mmscope_regions_init(&s->regions);
	return 0;
}

static int kmap_walk(struct mmscope_walk *w)
{
	struct kmap_state *s = w->priv;
	int ret;

	if (!s->started) {
		ret = start(w, s);
		if (ret)
			return ret;
	}
	if (s->shown && !mmscope_kernel_addresses_shown(w))
		return -EPERM;
	if (!s->finished) {
		s->k.start = s->pos;
		s->k.torn = 0;
		ret = mmscope_kernel_walk(&s->k);
		w->torn += s->k.torn;
		if (ret)
			return ret;
		s->finished = true;
	}
	return flush_run(s);
}

static const struct mmscope_name region_names[] = {
	{ MMSCOPE_REGION_OTHER, "other" },
	{ MMSCOPE_REGION_DIRECT_MAP, "direct_map" },
	{ MMSCOPE_REGION_VMALLOC, "vmalloc" },
	{ MMSCOPE_REGION_MEMMAP, "memmap" },
	{ MMSCOPE_REGION_MODULES, "modules" },
	{ MMSCOPE_REGION_TEXT, "text" },
	{ MMSCOPE_REGION_RODATA, "rodata" },
	{ MMSCOPE_REGION_DATA, "data" },
	{ MMSCOPE_REGION_BSS, "bss" },
	{ MMSCOPE_REGION_INIT, "init" },
	{ MMSCOPE_REGION_IMAGE, "image" },
	{ MMSCOPE_REGION_FIXMAP, "fixmap" },
	{ MMSCOPE_REGION_CPU_ENTRY, "cpu_entry_area" },
	{ MMSCOPE_REGION_ESPFIX, "espfix" },
	{ MMSCOPE_REGION_KASAN, "kasan" },
	{ MMSCOPE_REGION_LDT, "ldt" },
	{ MMSCOPE_REGION_EFI, "efi" },
	{ MMSCOPE_REGION_PCI_IO, "pci_io" },
};

static MMSCOPE_NAMES(region_names_of, region_names);

static const struct mmscope_name flag_names[] = {
	{ MMSCOPE_KERNEL_WRITE, "write" },
	{ MMSCOPE_KERNEL_EXEC, "exec" },
	{ MMSCOPE_KERNEL_USER, "user" },
	{ MMSCOPE_KERNEL_GLOBAL, "global" },
	{ MMSCOPE_KERNEL_ABSENT, "absent" },
	{ MMSCOPE_KERNEL_LINEAR, "linear" },
	{ MMSCOPE_KERNEL_SAME, "same" },
	{ MMSCOPE_KERNEL_SPARSE, "sparse" },
	{ MMSCOPE_KERNEL_HIDDEN, "hidden" },
};

static MMSCOPE_NAMES(flag_names_of, flag_names);

static const struct mmscope_field_def kmap_fields[] = {
	FIELD(struct mmscope_kernel_mapping, start, ADDR, "first address; 0 if it is hidden"),
	FIELD(struct mmscope_kernel_mapping, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_kernel_mapping, region, ENUM, &region_names_of,
		    "part of the kernel's address space"),
	FIELD(struct mmscope_kernel_mapping, pages, PAGES, "base pages mapped"),
	FIELD(struct mmscope_kernel_mapping, page_size_bytes, BYTES, "what one entry maps"),
	FIELD_FLAGS(struct mmscope_kernel_mapping, flags, &flag_names_of,
		    "what all levels together allow, and how frames follow each other"),
	FIELD_ENUM(struct mmscope_kernel_mapping, cache, &mmscope_cache_mode_names, "cache mode"),
	FIELD(struct mmscope_kernel_mapping, pfn, PFN,
	      "frame at the start, of linear ranges; the one frame of the others"),
};

static const struct mmscope_need kmap_needs[] = {
	NEED_SYM(init_mm),
	MMSCOPE_REGION_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_kernel_mappings = {
	.name = "kernel_mappings",
	.help = "what the kernel's own page tables map, as ranges of one region and permission",
	.id = MMSCOPE_DS_KERNEL_MAPPINGS,
	.flags = MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_kernel_mapping),
	.priv_size = sizeof(struct kmap_state),
	.fields = kmap_fields,
	.nr_fields = ARRAY_SIZE(kmap_fields),
	.needs = kmap_needs,
	.locked_down = true,
	.addresses = true,
	.walk = kmap_walk,
};

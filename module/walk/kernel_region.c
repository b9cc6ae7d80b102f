// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of the kernel's address space, and who may see addresses there.
 *
 * No lock: bounds are set at boot.
 *
 * Source: the bounds that asm/pgtable.h and its kin know, some of them variables
 * that KASLR sets; symbols of the linker for the image; kptr_restrict.
 */
#include <linux/capability.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/moduleloader.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "../mmscope.h"
#include "kernel_region.h"

static void add(struct mmscope_regions *r, u32 region, unsigned long start, unsigned long end)
{
	if (start >= end || WARN_ON_ONCE(r->nr == ARRAY_SIZE(r->tab)))
		return;
	r->tab[r->nr].start = start;
	r->tab[r->nr].end = end;
	r->tab[r->nr++].region = region;
}

/* a part of the image between two symbols, if both are known; whole pages */
#define add_section(_r, _region, _start, _end) do {			\
	if (mmscope_has(_start) && mmscope_has(_end))			\
		add(_r, MMSCOPE_REGION_##_region,			\
		    (unsigned long)mmscope_sym(_start) & PAGE_MASK,	\
		    PAGE_ALIGN((unsigned long)mmscope_sym(_end)));	\
} while (0)

static void add_image(struct mmscope_regions *r)
{
	add_section(r, TEXT, _text, _etext);
	add_section(r, RODATA, __start_rodata, __end_rodata);
	add_section(r, DATA, _sdata, _edata);
	add_section(r, BSS, __bss_start, __bss_stop);
	add_section(r, INIT, __init_begin, __init_end);
	add_section(r, IMAGE, _text, _end);
}

/**
 * mmscope_regions_init - learn the regions of this kernel
 * @r: filled
 */
void mmscope_regions_init(struct mmscope_regions *r)
{
	memset(r, 0, sizeof(*r));
	add_image(r);
#ifdef MODULES_VADDR
	add(r, MMSCOPE_REGION_MODULES, MODULES_VADDR, MODULES_END);
#endif
#define X(_region, _start, _end) add(r, MMSCOPE_REGION_##_region, _start, _end);
	COMPAT_REGIONS(X)
#undef X
#ifdef CONFIG_KASAN
	add(r, MMSCOPE_REGION_KASAN, KASAN_SHADOW_START, KASAN_SHADOW_END);
#endif
	add(r, MMSCOPE_REGION_DIRECT_MAP, PAGE_OFFSET, COMPAT_DIRECT_MAP_END);
	add(r, MMSCOPE_REGION_VMALLOC, VMALLOC_START, PAGE_ALIGN(VMALLOC_END));
#ifdef CONFIG_SPARSEMEM_VMEMMAP
	add(r, MMSCOPE_REGION_MEMMAP, COMPAT_MEMMAP_START, COMPAT_MEMMAP_END);
#endif
}

/**
 * mmscope_region_at - the region of an address
 * @r: the regions
 * @addr: the address
 * @end: where it ends, or another one that counts begins
 *
 * Return: enum mmscope_kernel_region.
 */
u32 mmscope_region_at(struct mmscope_regions *r, unsigned long addr, unsigned long *end)
{
	u32 i;

	if (addr < r->known_start || addr >= r->known_end) {
		r->known = MMSCOPE_REGION_OTHER;
		r->known_start = addr;
		r->known_end = ~0UL;
		for (i = r->nr; i--;) {
			if (r->tab[i].start > addr) {
				r->known_end = min(r->known_end, r->tab[i].start);
			} else if (r->tab[i].end > addr) {
				r->known_end = min(r->known_end, r->tab[i].end);
				r->known = r->tab[i].region;
			}
		}
	}
	*end = r->known_end;
	return r->known;
}

/**
 * mmscope_kernel_addresses_shown - may the reader see kernel addresses?
 * @w: the walk
 *
 * As kernel.kptr_restrict wants it, and as strict at 0 as at 1; an unknown one hides
 * them. To be asked in each window: another may read on.
 */
bool mmscope_kernel_addresses_shown(const struct mmscope_walk *w)
{
	return mmscope_has(kptr_restrict) && READ_ONCE(*mmscope_sym(kptr_restrict)) < 2 &&
	       w->q.addresses && mmscope_may_see_addresses();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that was taken at boot and never given back: the kernel image, the
 * first chunk of per-CPU memory. The memory map is found by kernel_table.c.
 *
 * Locks: the memory hotplug lock for reading, for one piece at a time.
 *
 * Source: _text to _end; pcpu_base_addr, pcpu_unit_offsets, pcpu_first_chunk.
 * Parts were freed while the system came up (init sections, gaps); such frames
 * have lost PG_reserved.
 */
#include <linux/cpumask.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "../mmscope.h"
#include "collect.h"
#include "frame.h"

/* the same within one piece of the memory map */
static int collect_piece(struct mmscope_collect *c, u64 pfn, u64 end, int owner)
{
	const struct page *page = pfn_to_online_page(pfn);
	int err = 0;

	while (page && pfn < end && !err) {
		u64 start = pfn;

		for (; pfn < end && mmscope_frame_flags(page) >> PG_reserved & 1; page++)
			pfn++;
		if (pfn > start)
			err = mmscope_collect_run(c, start, pfn - start, owner);
		pfn++;
		page++;
	}
	return err;
}

/* the frames of a range that are reserved to this day */
static int collect_reserved(struct mmscope_collect *c, u64 start, u64 end, u32 class,
			    const char *name)
{
	int owner, err = 0;
	u64 pfn, next;

	if (!mmscope_collect_wants(c, start, end - start))
		return 0;
	owner = mmscope_collect_owner(c, class, 0, name);
	if (owner < 0)
		return owner;
	mmscope_get_online_mems();
	for (pfn = start; pfn < end && !err; pfn = next) {
		next = min_t(u64, ALIGN(pfn + 1, PAGES_PER_SUBSECTION), end);
		err = collect_piece(c, pfn, next, owner);
		cond_resched();
	}
	mmscope_put_online_mems();
	return err ?: mmscope_pause();
}

static int collect_image(struct mmscope_collect *c)
{
	if (!mmscope_has(_text) || !mmscope_has(_end))
		return 0;
	return collect_reserved(c, PHYS_PFN(__pa_symbol(mmscope_sym(_text))),
				PHYS_PFN(PAGE_ALIGN(__pa_symbol(mmscope_sym(_end)))),
				MMSCOPE_CLASS_KERNEL_IMAGE, "");
}

/*
 * The part of a unit that is in use: static and reserved memory, and all of the
 * first chunk, which comes last. What is beyond was freed for others to take.
 */
static u64 unit_pages(const void *base)
{
	const void *chunk = *mmscope_sym(pcpu_first_chunk);
	u64 start = mmscope_read(chunk, pcpu_chunk, base_addr) - (unsigned long)base;

	return (start >> PAGE_SHIFT) + mmscope_read(chunk, pcpu_chunk, nr_pages);
}

static bool has_first_chunk(void)
{
	return mmscope_has(pcpu_base_addr) && mmscope_has(pcpu_unit_offsets) &&
	       mmscope_has(pcpu_first_chunk) && mmscope_layout(pcpu_chunk, base_addr)->found &&
	       mmscope_layout(pcpu_chunk, nr_pages)->found;
}

static int collect_first_chunk(struct mmscope_collect *c)
{
	const unsigned long *offsets;
	int cpu, err = 0;
	void *base;

	if (!has_first_chunk())
		return 0;
	base = *mmscope_sym(pcpu_base_addr);
	offsets = *mmscope_sym(pcpu_unit_offsets);
	/* on some machines it is mapped like the chunks that follow */
	if (is_vmalloc_addr(base))
		return 0;
	for_each_possible_cpu(cpu) {
		u64 pfn = PHYS_PFN(__pa(base + offsets[cpu]));

		err = collect_reserved(c, pfn, pfn + unit_pages(base), MMSCOPE_CLASS_PERCPU,
				       "first chunk");
		if (err)
			break;
	}
	return err;
}

/**
 * mmscope_collect_boot - the kernel image and the first chunk of per-CPU memory
 * @c: the collection
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int mmscope_collect_boot(struct mmscope_collect *c)
{
	return collect_image(c) ?: collect_first_chunk(c);
}

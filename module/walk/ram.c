// SPDX-License-Identifier: GPL-2.0
/*
 * Which page frames are RAM.
 *
 * Locks: none of ours. walk_iomem_res_desc() takes resource_lock for one range
 * at a time and calls back with it dropped.
 *
 * Staleness: a range that is added or removed meanwhile may be seen or not.
 *
 * Source: what /proc/iomem calls "System RAM", added memory included.
 */
#include <linux/ioport.h>
#include <linux/pfn.h>

#include "mmscope.h"
#include "ram.h"

/* bytes for now: two ranges may meet inside of a page */
static int add_ram(struct resource *res, void *data)
{
	struct mmscope_ram *ram = data;

	if (ram->nr && res->start <= ram->range[ram->nr - 1].end) {
		ram->range[ram->nr - 1].end = max_t(u64, ram->range[ram->nr - 1].end,
						    res->end + 1);
		return 0;
	}
	if (ram->nr == MMSCOPE_RAM_RANGES) {
		ram->cut = true;
		return 1;
	}
	ram->range[ram->nr].start = res->start;
	ram->range[ram->nr].end = res->end + 1;
	ram->nr++;
	return 0;
}

/**
 * mmscope_ram_read - fill the table from the kernel's resources
 * @ram: the table; what was in it is dropped
 *
 * Ranges are rounded inward: a page that is RAM in part is none.
 */
void mmscope_ram_read(struct mmscope_ram *ram)
{
	u32 i, nr = 0;

	ram->nr = 0;
	ram->place = 0;
	ram->cut = false;
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    ram, add_ram);
	for (i = 0; i < ram->nr; i++) {
		u64 start = PFN_UP(ram->range[i].start), end = PFN_DOWN(ram->range[i].end);

		if (start >= end)
			continue;
		ram->range[nr].start = start;
		ram->range[nr++].end = end;
	}
	ram->nr = nr;
}

/* the first range that ends beyond a frame */
static u32 find_range(const struct mmscope_ram *ram, u64 pfn)
{
	u32 low = 0, high = ram->nr;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (ram->range[middle].end > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * mmscope_is_ram - is a frame RAM
 * @ram: the table
 * @pfn: the frame; ascending ones are had without a search
 */
bool mmscope_is_ram(struct mmscope_ram *ram, u64 pfn)
{
	u32 i = ram->place;

	if (i < ram->nr && pfn >= ram->range[i].end)
		i++;
	if (i > ram->nr || (i && pfn < ram->range[i - 1].end) ||
	    (i < ram->nr && pfn >= ram->range[i].end))
		i = find_range(ram, pfn);
	ram->place = i;
	return i < ram->nr && pfn >= ram->range[i].start;
}

/**
 * mmscope_ram_until - how far goes the answer of mmscope_is_ram()?
 * @ram: the table, just asked
 * @pfn: the frame it was asked for
 *
 * Return: the first frame beyond it that is RAM if this one is none, and the
 * other way round.
 */
u64 mmscope_ram_until(const struct mmscope_ram *ram, u64 pfn)
{
	if (ram->place >= ram->nr)
		return ~0ULL;
	return pfn < ram->range[ram->place].start ? ram->range[ram->place].start :
						    ram->range[ram->place].end;
}

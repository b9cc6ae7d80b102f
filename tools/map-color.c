// SPDX-License-Identifier: GPL-2.0
/*
 * The colours, and the letters where there are none.
 *
 * Families: what is free is light green, anonymous memory of processes blue, the
 * page cache orange and yellow, the kernel's red and purple, what was never given
 * to the allocator grey. Within a family and between them lightness differs, so
 * that those who do not tell red from green still tell most of them.
 */
#include <string.h>
#include <strings.h>

#include "map.h"

static const struct {
	__u32 rgb;
	char letter;
} classes[] = {
	[MMSCOPE_CLASS_FREE] = { 0xc9ecc0, '.' },
	[MMSCOPE_CLASS_FREE_PCP] = { 0x9fdc93, ',' },
	[MMSCOPE_CLASS_FREE_HIGHATOMIC] = { 0xdff08c, ':' },
	[MMSCOPE_CLASS_FREE_CMA] = { 0xa8e6d3, ';' },
	[MMSCOPE_CLASS_FREE_ISOLATED] = { 0x7fbf8e, '-' },
	[MMSCOPE_CLASS_IN_FLIGHT] = { 0x55936a, '~' },
	[MMSCOPE_CLASS_ANON] = { 0x4a96e0, 'a' },
	[MMSCOPE_CLASS_ANON_THP] = { 0x1a4fa8, 'A' },
	[MMSCOPE_CLASS_ANON_LARGE] = { 0x2e74c8, 'L' },
	[MMSCOPE_CLASS_SWAPCACHE] = { 0xa3cdf5, 'w' },
	[MMSCOPE_CLASS_KSM] = { 0x6cc6e8, 'k' },
	[MMSCOPE_CLASS_FILE] = { 0xf59a23, 'f' },
	[MMSCOPE_CLASS_SHMEM] = { 0xf7d038, 'm' },
	[MMSCOPE_CLASS_PINNED] = { 0x00a3b4, 'P' },
	[MMSCOPE_CLASS_HUGETLB] = { 0x0d2466, 'H' },
	[MMSCOPE_CLASS_HUGETLB_FREE] = { 0x8198d4, 'h' },
	[MMSCOPE_CLASS_ZERO] = { 0xd3e4f7, '0' },
	[MMSCOPE_CLASS_UNATTRIBUTED] = { 0x8c5a3c, 'u' },
	[MMSCOPE_CLASS_SLAB] = { 0xd23b2f, 's' },
	[MMSCOPE_CLASS_SLAB_RECLAIMABLE] = { 0xee8478, 'r' },
	[MMSCOPE_CLASS_LARGE_KMALLOC] = { 0x961b13, 'K' },
	[MMSCOPE_CLASS_PAGETABLE] = { 0x9b4fd0, 't' },
	[MMSCOPE_CLASS_KERNEL_PAGETABLE] = { 0x5d2a86, 'T' },
	[MMSCOPE_CLASS_KERNEL_STACK] = { 0xe35fa6, 'S' },
	[MMSCOPE_CLASS_VMALLOC] = { 0xb98ae6, 'v' },
	[MMSCOPE_CLASS_PERCPU] = { 0xdcb8f0, 'p' },
	[MMSCOPE_CLASS_MODULE] = { 0x8a1a5c, 'M' },
	[MMSCOPE_CLASS_ZSMALLOC] = { 0xf2a9cd, 'z' },
	[MMSCOPE_CLASS_PAGE_POOL] = { 0xff6f91, 'n' },
	[MMSCOPE_CLASS_OFFLINE] = { 0xa6a6a6, 'o' },
	[MMSCOPE_CLASS_HWPOISON] = { 0x000000, '!' },
	[MMSCOPE_CLASS_KERNEL_IMAGE] = { 0x3f3f3f, 'I' },
	[MMSCOPE_CLASS_MEMMAP] = { 0x6f6f6f, '#' },
	[MMSCOPE_CLASS_RESERVED] = { 0xbdbdbd, 'R' },
	[MMSCOPE_CLASS_HOLE] = { 0xffffff, ' ' },
};

static const struct {
	const char *name;
	__u32 rgb;
	char letter;
} migratetypes[] = {
	{ "Unmovable", 0xd23b2f, 'U' },
	{ "Movable", 0x7cc3f0, 'M' },
	{ "Reclaimable", 0xf59a23, 'R' },
	{ "HighAtomic", 0x9b4fd0, 'H' },
	{ "CMA", 0x2e9e77, 'C' },
	{ "Isolate", 0x3f3f3f, 'I' },
};

static __u32 hsl(__u32 hue, __u32 saturation, __u32 light)
{
	__u32 chroma = saturation * (light < 50 ? light : 100 - light) / 100;
	__u32 rgb = 0;

	for (__u32 i = 0; i < 3; i++) {
		/* red, green and blue are a third of the circle from each other */
		__u32 angle = (hue + 360 - 120 * i) % 360;
		__u32 away = angle < 180 ? angle : 360 - angle;
		int level = 100;	/* of -100 .. 100 */

		if (away >= 120)
			level = -100;
		else if (away > 60)
			level = 100 - 200 * (int)(away - 60) / 60;
		rgb = rgb << 8 | (__u32)((int)light * 100 + (int)chroma * level) * 255 / 10000;
	}
	return rgb;
}

/* The @i-th of any number of colours: steps of the golden angle never meet. */
void color_nth(__u32 i, __u32 *rgb, char *letter)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const __u32 lights[] = { 50, 68, 36 };

	*rgb = hsl((210 + i * 1375 / 10) % 360, 68, lights[i % ARRAY_SIZE(lights)]);
	*letter = letters[i % (sizeof(letters) - 1)];
}

/* A class that this command does not know has a colour and a digit. */
void color_class(__u64 class, __u32 *rgb, char *letter)
{
	if (class < ARRAY_SIZE(classes)) {
		*rgb = classes[class].rgb;
		*letter = classes[class].letter;
		return;
	}
	color_nth(class, rgb, letter);
	*letter = '0' + class % 10;
}

void color_migratetype(const char *name, __u32 i, __u32 *rgb, char *letter)
{
	for (size_t m = 0; m < ARRAY_SIZE(migratetypes); m++) {
		if (strcasecmp(name, migratetypes[m].name))
			continue;
		*rgb = migratetypes[m].rgb;
		*letter = migratetypes[m].letter;
		return;
	}
	color_nth(i, rgb, letter);
}

/* From dark to light: the greater the block, the lighter. */
void color_order(__u32 order, __u32 *rgb, char *letter)
{
	static const __u32 ramp[] = {
		0x3b0f70, 0x4a2a8a, 0x3f4a8a, 0x31688e, 0x26828e, 0x1f9e89,
		0x35b779, 0x6ece58, 0xa5db36, 0xd2e21b, 0xfde725,
	};

	if (order < ARRAY_SIZE(ramp))
		*rgb = ramp[order];
	else
		color_nth(order, rgb, letter);
	*letter = order < 10 ? '0' + order : 'A' + (order - 10) % 26;
}

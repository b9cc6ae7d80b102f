// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation flags by the names they have in the kernel's source.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "gfp.h"

#define RECLAIM	(MMSCOPE_GFP_DIRECT_RECLAIM | MMSCOPE_GFP_KSWAPD_RECLAIM)
#define KERNEL	(RECLAIM | MMSCOPE_GFP_IO | MMSCOPE_GFP_FS)
#define USER	(KERNEL | MMSCOPE_GFP_HARDWALL)
#define HIGHUSER_MOVABLE (USER | MMSCOPE_GFP_HIGHMEM | MMSCOPE_GFP_MOVABLE)
#define TRANSHUGE_LIGHT	((HIGHUSER_MOVABLE & ~RECLAIM) | MMSCOPE_GFP_COMP | \
			 MMSCOPE_GFP_NOMEMALLOC | MMSCOPE_GFP_NOWARN)

#define SINGLE(_name) { "__GFP_" #_name, MMSCOPE_GFP_##_name }

static const struct {
	const char *name;
	__u32 flags;
} gfp_names[] = {
	{ "GFP_ATOMIC", MMSCOPE_GFP_HIGH | MMSCOPE_GFP_ATOMIC | MMSCOPE_GFP_KSWAPD_RECLAIM },
	{ "GFP_KERNEL", KERNEL },
	{ "GFP_KERNEL_ACCOUNT", KERNEL | MMSCOPE_GFP_ACCOUNT },
	{ "GFP_NOWAIT", MMSCOPE_GFP_KSWAPD_RECLAIM | MMSCOPE_GFP_NOWARN },
	{ "GFP_NOIO", RECLAIM },
	{ "GFP_NOFS", RECLAIM | MMSCOPE_GFP_IO },
	{ "GFP_USER", USER },
	{ "GFP_DMA", MMSCOPE_GFP_DMA },
	{ "GFP_DMA32", MMSCOPE_GFP_DMA32 },
	{ "GFP_HIGHUSER", USER | MMSCOPE_GFP_HIGHMEM },
	{ "GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE },
	{ "GFP_TRANSHUGE_LIGHT", TRANSHUGE_LIGHT },
	{ "GFP_TRANSHUGE", TRANSHUGE_LIGHT | MMSCOPE_GFP_DIRECT_RECLAIM },
	{ "__GFP_RECLAIM", RECLAIM },
	SINGLE(DMA), SINGLE(HIGHMEM), SINGLE(DMA32), SINGLE(MOVABLE), SINGLE(RECLAIMABLE),
	SINGLE(HIGH), SINGLE(ATOMIC), SINGLE(IO), SINGLE(FS), SINGLE(ZERO),
	SINGLE(DIRECT_RECLAIM), SINGLE(KSWAPD_RECLAIM), SINGLE(WRITE), SINGLE(NOWARN),
	SINGLE(RETRY_MAYFAIL), SINGLE(NOFAIL), SINGLE(NORETRY), SINGLE(MEMALLOC),
	SINGLE(COMP), SINGLE(NOMEMALLOC), SINGLE(HARDWALL), SINGLE(THISNODE), SINGLE(ACCOUNT),
};

static int find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(gfp_names) / sizeof(*gfp_names); i++)
		if (strlen(gfp_names[i].name) == len && !memcmp(gfp_names[i].name, name, len))
			return i;
	return -1;
}

/**
 * gfp_parse - flags from their names
 * @text: names joined by '|' or ','
 * @flags: enum mmscope_gfp
 *
 * Return: NULL, or where in @text a name begins that is none.
 */
const char *gfp_parse(const char *text, __u32 *flags)
{
	*flags = 0;
	for (;;) {
		size_t len = strcspn(text, "|,");
		int i = find(text, len);

		if (i < 0)
			return text;
		*flags |= gfp_names[i].flags;
		if (!text[len])
			return NULL;
		text += len + 1;
	}
}

/* the name that says most of what is left */
static int biggest(__u32 flags)
{
	int best = -1;

	for (size_t i = 0; i < sizeof(gfp_names) / sizeof(*gfp_names); i++) {
		__u32 these = gfp_names[i].flags;

		if ((flags & these) == these &&
		    (best < 0 || __builtin_popcount(these) >
				 __builtin_popcount(gfp_names[best].flags)))
			best = i;
	}
	return best;
}

/**
 * gfp_text - flags as names, those that stand for several first
 * @flags: enum mmscope_gfp
 * @text: filled, as gfp_parse() takes it
 * @size: of @text
 */
void gfp_text(__u32 flags, char *text, size_t size)
{
	size_t len = 0;
	int i;

	snprintf(text, size, "0");
	while (flags && len < size && (i = biggest(flags)) >= 0) {
		len += snprintf(text + len, size - len, "%s%s", len ? "|" : "",
				gfp_names[i].name);
		flags &= ~gfp_names[i].flags;
	}
}

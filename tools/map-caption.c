// SPDX-License-Identifier: GPL-2.0
/*
 * Words that pictures have in every form: title, scale, sizes.
 */
#include <string.h>
#include <time.h>

#include "map.h"

/* A recording has no date of its own; what is live is of now. */
void caption_title(struct text *t, const struct picture *p)
{
	const char *file = p->from ? strrchr(p->from, '/') : NULL;
	time_t now = time(NULL);
	struct tm tm;
	char date[32];

	text_adds(t, "Memory of Linux ");
	text_adds(t, p->s->info.release);
	if (p->from) {
		text_adds(t, ", recorded in ");
		text_adds(t, file ? file + 1 : p->from);
	} else if (localtime_r(&now, &tm) && strftime(date, sizeof(date), "%F %T", &tm)) {
		text_adds(t, ", ");
		text_adds(t, date);
	}
}

static void add_bytes(struct text *t, const struct picture *p, __u64 pages)
{
	__u64 bytes = pages * p->s->info.page_size;

	if (p->style.bytes)
		text_add_number(t, bytes);
	else
		text_add_size(t, bytes);
}

/* What is shown. */
void caption_range(struct text *t, const struct picture *p)
{
	text_add(t, "%s of frames 0x%llx-0x%llx, ", layer_names[p->layer], p->map->start,
		 p->map->end);
	add_bytes(t, p, p->map->pages);
	text_adds(t, p->curve == CURVE_HILBERT ? ", in Hilbert's order" : ", in linear order");
}

/* What a cell stands for. */
void caption_cell(struct text *t, const struct picture *p, const struct grid *g)
{
	text_add(t, "1 cell = %llu frame%s (", g->frames, g->frames == 1 ? "" : "s");
	add_bytes(t, p, g->frames);
	text_adds(t, g->frames == 1 ? ")" : "), painted as most of them are");
}

/* Size and share of a category. */
void caption_share(struct text *t, const struct picture *p, __u64 pages)
{
	__u64 tenths = (pages * 1000 + p->map->pages / 2) / p->map->pages;

	add_bytes(t, p, pages);
	if (!tenths)
		text_adds(t, " <0.1%");
	else
		text_add(t, " %llu.%llu%%", tenths / 10, tenths % 10);
}

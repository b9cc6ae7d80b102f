// SPDX-License-Identifier: GPL-2.0
/*
 * The picture as a page that needs nothing else: map.html, with data and map.js.
 *
 * The data are JSON in a script element that is not run. What comes from the
 * kernel is in its strings alone, and "<", by which an element could end, is
 * written as an escape there. The page makes text of it, never markup.
 */
#include <string.h>

#include "map.h"

/* the files themselves, in the program */
__asm__(".pushsection .rodata\n"
	"map_page: .incbin \"map.html\"\n"
	".byte 0\n"
	"map_script: .incbin \"map.js\"\n"
	".byte 0\n"
	".popsection\n");

static void put_string(FILE *f, const char *s, size_t len)
{
	struct text t = { 0 };

	text_add_json(&t, s, len);
	for (size_t i = 0; i < t.len; i++) {
		if (t.s[i] == '<')
			fputs("\\u003c", f);
		else
			putc(t.s[i], f);
	}
	text_free(&t);
}

static void put_layers(FILE *f, const struct picture *p)
{
	fputs("\"layers\":[", f);
	for (int i = 0; i < MAP_NR_LAYERS; i++) {
		fprintf(f, "%s{\"name\":\"%s\",\"cats\":[", i ? "," : "", layer_names[i]);
		for (__u32 j = 0; j < p->layers[i].nr; j++) {
			const struct category *c = &p->layers[i].categories[j];

			fputs(j ? ",[" : "[", f);
			put_string(f, c->name, strlen(c->name));
			fprintf(f, ",\"#%06x\",%llu]", c->rgb, c->pages);
		}
		fputs("]}", f);
	}
	fputs("],\n", f);
}

/* The value of a column of the records, as it is printed elsewhere. */
static void value_words(struct text *t, const struct map *map, const char *column, __u64 value)
{
	struct column c;
	const char *name, *sep = "";

	if (!column_find(map->ds, column, &c))
		return;
	name = c.field->unit == MMSCOPE_UNIT_ENUM ? field_value_name(c.field, value) : NULL;
	if (name) {
		text_adds(t, name);
		return;
	}
	while (c.field->unit == MMSCOPE_UNIT_FLAGS && field_next_flag(c.field, &value, &name)) {
		text_add(t, "%s%s", sep, name);
		sep = ", ";
	}
	if (value || c.field->unit != MMSCOPE_UNIT_FLAGS)
		text_add(t, "%s0x%llx", sep, value);
}

static __u32 take_words(struct intern *strings, struct text *t)
{
	__u32 number = intern_add(strings, t->s ? t->s : "", t->len);

	text_clear(t);
	return number;
}

/* Numbers of categories and of texts, in the order of ATTR in the page. */
static void put_attr(FILE *f, const struct picture *p, __u32 i, struct intern *strings)
{
	const struct map_attr *attr = intern_get(&p->map->attrs, i, NULL);
	struct text t = { 0 };

	for (int layer = 0; layer < MAP_NR_LAYERS; layer++)
		fprintf(f, "%d,", (int)p->layers[layer].of_attr[i]);
	value_words(&t, p->map, "zone", attr->zone);
	fprintf(f, "%u,", take_words(strings, &t));
	value_words(&t, p->map, "flags", attr->flags);
	fprintf(f, "%u,", take_words(strings, &t));
	map_owner_text(&t, attr);
	fprintf(f, "%u,", take_words(strings, &t));
	map_cgroup_text(&t, p->map, attr);
	fprintf(f, "%u", take_words(strings, &t));
	text_free(&t);
}

static void put_attrs(FILE *f, const struct picture *p)
{
	struct intern strings = { 0 };

	fputs("\"attrs\":[", f);
	for (__u32 i = 0; i < p->map->attrs.nr; i++) {
		fputs(i ? ",\n" : "", f);
		put_attr(f, p, i, &strings);
	}
	fputs("],\n\"strings\":[", f);
	for (__u32 i = 0; i < strings.nr; i++) {
		size_t len;
		const char *s = intern_get(&strings, i, &len);

		fputs(i ? ",\n" : "", f);
		put_string(f, s, len);
	}
	fputs("],\n", f);
	intern_free(&strings);
}

/* For each: frames since the end of the one before, frames, its attribute. */
static void put_extents(FILE *f, const struct map *map)
{
	__u64 at = 0;

	fputs("\"extents\":[", f);
	for (size_t i = 0; i < map->nr; i++) {
		const struct map_extent *e = &map->extents[i];

		fprintf(f, "%s%llu,%llu,%u", i ? i % 16 ? "," : ",\n" : "", e->pfn - at, e->pages,
			e->attr);
		at = e->pfn + e->pages;
	}
	fputs("]}", f);
}

static void put_data(FILE *f, const struct picture *p)
{
	struct text title = { 0 };

	caption_title(&title, p);
	fputs("{\"title\":", f);
	put_string(f, title.s, title.len);
	fprintf(f, ",\"page_size\":%u,\"start\":%llu,\"end\":%llu,\"pages\":%llu,\"layer\":%d,"
		"\"curve\":\"%s\",\n", p->s->info.page_size, p->map->start, p->map->end,
		p->map->pages, p->layer, p->curve == CURVE_HILBERT ? "hilbert" : "linear");
	put_layers(f, p);
	put_attrs(f, p);
	put_extents(f, p->map);
	text_free(&title);
}

/* Up to a mark in the page. Return: what is behind it. */
static const char *put_page(FILE *f, const char *page, const char *mark)
{
	const char *at = strstr(page, mark);

	fwrite(page, 1, at - page, f);
	return at + strlen(mark);
}

void map_html(const struct picture *p, FILE *f)
{
	const char *page = put_page(f, map_page, "@DATA@");

	put_data(f, p);
	page = put_page(f, page, "@SCRIPT@");
	fputs(map_script, f);
	fputs(page, f);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Layers: the categories of page frames, by one of the things that are known of
 * them, with names, colours and sizes.
 */
#include <string.h>

#include "map.h"

#define MOST_NAMED	20	/* owners, cgroups that have a colour each */

const char *const layer_names[MAP_NR_LAYERS] = {
	[MAP_CLASS] = "class",
	[MAP_MIGRATETYPE] = "migratetype",
	[MAP_ORDER] = "order",
	[MAP_NODE] = "node",
	[MAP_OWNER] = "owner",
	[MAP_CGROUP] = "cgroup",
};

static const struct map_attr *attr_get(const struct map *map, __u32 i)
{
	return intern_get(&map->attrs, i, NULL);
}

/* ------------------------------------------------------------------- names */

static void add_value_name(struct text *t, const struct map *map, const char *column, __u64 value)
{
	struct column c;
	const char *name = NULL;

	if (column_find(map->ds, column, &c))
		name = field_value_name(c.field, value);
	if (name)
		text_adds(t, name);
	else
		text_add(t, "%s %llu", column, value);
}

static bool owned_by_process(const struct map_attr *attr)
{
	return attr->class == MMSCOPE_CLASS_PAGETABLE || attr->class == MMSCOPE_CLASS_KERNEL_STACK;
}

/* Whose page frames are: nothing if that is not known. */
void map_owner_text(struct text *t, const struct map_attr *attr)
{
	text_addn(t, attr->name, strnlen(attr->name, sizeof(attr->name)));
	if (!attr->owner || attr->owner == MMSCOPE_UNKNOWN)
		return;
	if (owned_by_process(attr))
		text_add(t, "%spid %llu", t->len ? " " : "", attr->owner);
	else
		text_add(t, "%sinode %llu of %u:%u", t->len ? " " : "", attr->owner,
			 attr->dev_major, attr->dev_minor);
}

/* Which cgroup they are charged to: nothing if none. */
void map_cgroup_text(struct text *t, const struct map *map, const struct map_attr *attr)
{
	const char *path;

	if (!attr->memcg || attr->memcg == MMSCOPE_UNKNOWN)
		return;
	path = cgroup_name(map->cgroups, attr->memcg);
	if (path)
		text_adds(t, path);
	else
		text_add(t, "inode %llu", attr->memcg);
}

static void category_name(struct text *t, const struct map *map, enum map_layer which,
			  const struct map_attr *attr)
{
	switch (which) {
	case MAP_CLASS:
		add_value_name(t, map, "class", attr->class);
		break;
	case MAP_MIGRATETYPE:
		if (attr->migratetype == MMSCOPE_UNKNOWN32)
			text_adds(t, "unknown");
		else
			add_value_name(t, map, "migratetype", attr->migratetype);
		break;
	case MAP_ORDER:
		if (attr->order == MMSCOPE_UNKNOWN32)
			text_adds(t, "unknown");
		else
			text_add(t, "order %u", attr->order);
		break;
	case MAP_NODE:
		text_add(t, "node %u", attr->node);
		break;
	case MAP_OWNER:
		/* a name will do, and has the processes of a command together */
		if (*attr->name)
			text_addn(t, attr->name, strnlen(attr->name, sizeof(attr->name)));
		else
			map_owner_text(t, attr);
		break;
	default:
		map_cgroup_text(t, map, attr);
		break;
	}
}

/* -------------------------------------------------------------- categories */

/* Where a category comes in the order of its layer, apart from its size. */
static __u64 category_number(enum map_layer which, const struct map_attr *attr)
{
	switch (which) {
	case MAP_CLASS:
		return attr->class;
	case MAP_MIGRATETYPE:
		return attr->migratetype;
	case MAP_ORDER:
		return attr->order;
	case MAP_NODE:
		return attr->node;
	default:
		return 0;
	}
}

/**
 * struct sorted - a category while colours are given
 * @number: category_number()
 * @pages: of it
 * @old: its number so far
 */
struct sorted {
	__u64 number;
	__u64 pages;
	__u32 old;
};

static int by_number(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->pages != y->pages)
		return x->pages > y->pages ? -1 : 1;
	return x->old < y->old ? -1 : x->old > y->old;
}

static void give_color(struct category *c, enum map_layer which, __u32 i, __u64 number)
{
	if (which == MAP_CLASS)
		color_class(number, &c->rgb, &c->letter);
	else if (which == MAP_MIGRATETYPE)
		color_migratetype(c->name, i, &c->rgb, &c->letter);
	else if (which == MAP_ORDER && number != MMSCOPE_UNKNOWN32)
		color_order(number, &c->rgb, &c->letter);
	else
		color_nth(i, &c->rgb, &c->letter);
}

/* The category of a name that has one of its own. */
static __u32 add_category(struct layer *layer, enum map_layer which, const struct sorted *from,
			  const char *name, size_t len, __u32 colored)
{
	struct category *c = &layer->categories[layer->nr];

	c->pages = from->pages;
	if (len) {
		snprintf(c->name, sizeof(c->name), "%.*s", (int)len, name);
		give_color(c, which, colored, from->number);
	} else {
		snprintf(c->name, sizeof(c->name), "none");
		c->rgb = RGB_NONE;
		c->letter = '.';
	}
	return layer->nr++;
}

/* The category of all the rest; @others: its number, MAP_BLANK before there is one. */
static __u32 add_to_others(struct layer *layer, __u32 *others, __u64 pages)
{
	if (*others == MAP_BLANK) {
		*others = layer->nr++;
		layer->categories[*others] = (struct category){
			.name = "others", .rgb = RGB_OTHERS, .letter = '+',
		};
	}
	layer->categories[*others].pages += pages;
	return *others;
}

/*
 * Names become categories, in the order of their numbers, or of their sizes
 * where there may be many: the smallest of these share one. @number_of: filled
 * with the category of each name.
 */
static void make_categories(struct layer *layer, enum map_layer which,
			    const struct intern *names, struct sorted *sorted, __u32 *number_of)
{
	bool many = which == MAP_OWNER || which == MAP_CGROUP;
	__u32 colored = 0, others = MAP_BLANK;

	qsort(sorted, names->nr, sizeof(*sorted), by_number);
	layer->categories = xzalloc((names->nr + 1) * sizeof(*layer->categories));
	for (__u32 i = 0; i < names->nr; i++) {
		size_t len;
		const char *name = intern_get(names, sorted[i].old, &len);
		__u32 number;

		if (many && len && colored == MOST_NAMED)
			number = add_to_others(layer, &others, sorted[i].pages);
		else
			number = add_category(layer, which, &sorted[i], name, len, colored++);
		number_of[sorted[i].old] = number;
	}
}

static bool is_hole(const struct map_attr *attr)
{
	return attr->class == MMSCOPE_CLASS_HOLE;
}

/**
 * layer_make - divide the memory of a map into categories
 * @layer: filled
 * @map: what is divided
 * @which: by what
 */
void layer_make(struct layer *layer, const struct map *map, enum map_layer which)
{
	__u32 *number_of, *name_of = xzalloc(map->attrs.nr * sizeof(*name_of));
	struct sorted *sorted = xzalloc(map->attrs.nr * sizeof(*sorted));
	struct intern names = { 0 };
	struct text t = { 0 };

	for (__u32 i = 0; i < map->attrs.nr; i++) {
		const struct map_attr *attr = attr_get(map, i);

		if (is_hole(attr))
			continue;
		text_clear(&t);
		category_name(&t, map, which, attr);
		name_of[i] = intern_add(&names, t.s ? t.s : "", t.len);
		sorted[name_of[i]].number = category_number(which, attr);
		sorted[name_of[i]].old = name_of[i];
	}
	for (size_t i = 0; i < map->nr; i++)
		if (!is_hole(attr_get(map, map->extents[i].attr)))
			sorted[name_of[map->extents[i].attr]].pages += map->extents[i].pages;
	*layer = (struct layer){ .of_attr = xzalloc(map->attrs.nr * sizeof(__u32)) };
	number_of = xzalloc(names.nr * sizeof(*number_of));
	make_categories(layer, which, &names, sorted, number_of);
	for (__u32 i = 0; i < map->attrs.nr; i++)
		layer->of_attr[i] = is_hole(attr_get(map, i)) ? MAP_BLANK : number_of[name_of[i]];
	intern_free(&names);
	text_free(&t);
	free(sorted);
	free(name_of);
	free(number_of);
}

void layer_free(struct layer *layer)
{
	free(layer->categories);
	free(layer->of_attr);
	*layer = (struct layer){ 0 };
}

static int by_pages(const void *a, const void *b, void *ctx)
{
	const struct category *c = ctx;
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	if (c[x].pages != c[y].pages)
		return c[x].pages > c[y].pages ? -1 : 1;
	return x < y ? -1 : 1;
}

/* The categories as a legend has them: the greatest first, to be freed. */
__u32 *layer_legend(const struct layer *layer)
{
	__u32 *order = xzalloc(layer->nr * sizeof(*order));

	for (__u32 i = 0; i < layer->nr; i++)
		order[i] = i;
	qsort_r(order, layer->nr, sizeof(*order), by_pages, layer->categories);
	return order;
}

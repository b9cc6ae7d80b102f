// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a picture: the records of extents, without what repeats.
 */
#include <errno.h>
#include <string.h>

#include "map.h"

/* no physical address has more than 64 bits; what says so comes from a file */
#define MAX_FRAMES	(1ULL << 52)

/**
 * struct loader - records on their way into a map
 * @map: where they go
 * @start: frames before it are not wanted
 * @end: nor are these from here on
 * @pfn: column
 * @pages: likewise
 * @attr: columns of struct map_attr, in the order of attr_columns[]
 * @has: which of these the records have
 * @name: the text among them
 */
struct loader {
	struct map *map;
	__u64 start;
	__u64 end;
	struct column pfn;
	struct column pages;
	struct column attr[10];
	bool has[10];
	struct column name;
	bool has_name;
};

static const struct {
	const char *name;
	size_t offset;
	size_t size;
} attr_columns[] = {
#define COLUMN(_name, _member) \
	{ _name, offsetof(struct map_attr, _member), sizeof(((struct map_attr *)0)->_member) }
	COLUMN("owner", owner),
	COLUMN("memcg", memcg),
	COLUMN("flags", flags),
	COLUMN("node", node),
	COLUMN("zone", zone),
	COLUMN("class", class),
	COLUMN("order", order),
	COLUMN("migratetype", migratetype),
	COLUMN("dev_major", dev_major),
	COLUMN("dev_minor", dev_minor),
#undef COLUMN
};

static void read_attr(const struct loader *l, const void *rec, struct map_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	for (size_t i = 0; i < ARRAY_SIZE(attr_columns); i++) {
		char *to = (char *)attr + attr_columns[i].offset;
		__u64 value = MMSCOPE_UNKNOWN;
		__u32 narrow;

		if (l->has[i] && !column_number(&l->attr[i], rec, &value))
			value = MMSCOPE_UNKNOWN;
		narrow = value;
		memcpy(to, attr_columns[i].size == 8 ? (void *)&value : (void *)&narrow,
		       attr_columns[i].size);
	}
	if (l->has_name) {
		size_t len;
		const char *name = column_name(&l->name, rec, &len);

		if (name)
			memcpy(attr->name, name,
			       len < sizeof(attr->name) ? len : sizeof(attr->name));
	}
}

static void add_extent(struct map *map, __u64 pfn, __u64 pages, __u32 attr)
{
	struct map_extent *last = map->nr ? &map->extents[map->nr - 1] : NULL;

	if (last && last->attr == attr && last->pfn + last->pages == pfn) {
		last->pages += pages;
		return;
	}
	if (map->nr == map->room) {
		map->room = 2 * map->room + 1024;
		map->extents = xrealloc(map->extents, map->room, sizeof(*map->extents));
	}
	map->extents[map->nr++] = (struct map_extent){ pfn, pages, attr };
}

static bool take(void *ctx, const void *rec)
{
	struct loader *l = ctx;
	struct map_attr attr;
	__u64 pfn, pages, end;

	if (!column_number(&l->pfn, rec, &pfn) || !column_number(&l->pages, rec, &pages))
		return true;
	end = pages < ~0ULL - pfn ? pfn + pages : ~0ULL;
	if (pfn < l->start)
		pfn = l->start;
	if (end > l->end)
		end = l->end;
	if (pfn >= end)
		return true;
	if (end > MAX_FRAMES)
		die("page frame 0x%llx makes no sense", end - 1);
	read_attr(l, rec, &attr);
	add_extent(l->map, pfn, end - pfn, intern_add(&l->map->attrs, &attr, sizeof(attr)));
	return true;
}

static void find_columns(struct loader *l, const struct dataset *ds)
{
	if (!column_find(ds, "pfn", &l->pfn) || !column_find(ds, "pages", &l->pages))
		die("%s: no page frames in it to make a picture of", ds->name);
	for (size_t i = 0; i < ARRAY_SIZE(attr_columns); i++)
		l->has[i] = column_find(ds, attr_columns[i].name, &l->attr[i]);
	l->has_name = column_find(ds, "name", &l->name);
}

static int by_pfn(const void *a, const void *b)
{
	const struct map_extent *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/* Zones may lie between each other, and memory may change hands meanwhile. */
static void put_in_order(struct map *map)
{
	size_t kept = 0;
	__u64 end = 0;

	if (map->nr)
		qsort(map->extents, map->nr, sizeof(*map->extents), by_pfn);
	for (size_t i = 0; i < map->nr; i++) {
		struct map_extent e = map->extents[i];

		if (e.pfn < end) {
			if (e.pfn + e.pages <= end)
				continue;
			e.pages -= end - e.pfn;
			e.pfn = end;
		}
		end = e.pfn + e.pages;
		map->extents[kept++] = e;
	}
	map->nr = kept;
}

static const struct map_attr *attr_of(const struct map *map, size_t i)
{
	return intern_get(&map->attrs, map->extents[i].attr, NULL);
}

/* A picture begins where it was asked to; else there are no holes before and behind. */
static void set_bounds(struct map *map, const struct loader *l, bool ranged)
{
	map->end = 0;
	map->start = ~0ULL;
	for (size_t i = 0; i < map->nr; i++) {
		const struct map_extent *e = &map->extents[i];

		if (attr_of(map, i)->class == MMSCOPE_CLASS_HOLE)
			continue;
		map->pages += e->pages;
		if (e->pfn < map->start)
			map->start = e->pfn;
		map->end = e->pfn + e->pages;
	}
	if (!map->pages)
		die("there is no memory of that choice to make a picture of");
	if (ranged)
		map->start = l->start;
}

/**
 * map_load - read the page frames of a command line's choice
 * @map: filled
 * @s: from where
 * @o: the choice
 *
 * A recording of a wider range, or of all memory, will do for a range.
 */
void map_load(struct map *map, struct source *s, const struct options *o)
{
	struct loader l = { .map = map };
	struct mmscope_walk_arg query;
	struct walk_stats stats;
	int err;

	*map = (struct map){ .ds = source_dataset(s, "extents") };
	if (!map->ds)
		die("%s: knows no extents of page frames", s->name);
	query_parse(s, map->ds, o, &query);
	if (map->ds->state == MMSCOPE_STATE_UNAVAILABLE)
		die("%s: not available on this kernel: %s", map->ds->name, map->ds->detail);
	find_columns(&l, map->ds);
	l.start = query.start;
	l.end = query.end;
	err = source_walk(s, map->ds, &query, 0, take, &l, &stats);
	if (err == -ENODATA && o->range) {
		query.start = 0;
		query.end = ~0ULL;
		err = source_walk(s, map->ds, &query, 0, take, &l, &stats);
	}
	if (err)
		die("%s", s->error);
	put_in_order(map);
	set_bounds(map, &l, o->range);
	if (!o->from)
		map->cgroups = cgroup_names_read();
}

void map_free(struct map *map)
{
	free(map->extents);
	intern_free(&map->attrs);
	if (map->cgroups)
		cgroup_names_free(map->cgroups);
}

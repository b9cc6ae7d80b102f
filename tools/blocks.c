// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets about blocks that could be huge pages, summed up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blocks.h"

#define MAX_BLOCK_OWNERS 256	/* of one block; the module has fewer */

/* columns of a record, found once */
enum {
	PFN, NODE, ZONE, CLASS, CLEARING, PAGES, OWNER, MOVABLE, RECLAIMABLE, HUGE, UNMOVABLE,
	HOLES, NAME, NR_COLUMNS
};

static const char *const names[] = {
	"pfn", "node", "zone", "class", "clearing", "pages", "owner", "movable_pages",
	"reclaimable_pages", "huge_pages", "unmovable_pages", "hole_pages", "name",
};

/**
 * struct loading - records on their way
 * @b: where to
 * @col: columns
 * @pfn: of the block under way
 * @zone: its zone
 * @nr: owners in it that stay
 * @owners: their numbers
 * @boot: one of them was there at boot
 */
struct loading {
	struct blockers *b;
	struct column col[NR_COLUMNS];
	__u64 pfn;
	__u64 zone;
	size_t nr;
	size_t owners[MAX_BLOCK_OWNERS];
	bool boot;
};

static __u64 number(const struct loading *l, int column, const void *rec)
{
	__u64 value;

	return column_number(&l->col[column], rec, &value) ? value : 0;
}

static bool is_boot(__u64 class)
{
	return class == MMSCOPE_CLASS_KERNEL_IMAGE || class == MMSCOPE_CLASS_MEMMAP ||
	       class == MMSCOPE_CLASS_RESERVED || class == MMSCOPE_CLASS_HOLE;
}

/* --------------------------------------------------------------- the owners */

static size_t hash_of(const struct block_owner *o)
{
	size_t h = o->class * 31 + o->id;

	for (const char *p = o->name; *p; p++)
		h = h * 31 + (unsigned char)*p;
	return h % ARRAY_SIZE(((struct blockers *)0)->hash);
}

static size_t find_owner(struct blockers *b, const struct block_owner *o)
{
	size_t h = hash_of(o);

	for (long i = b->hash[h]; i >= 0; i = b->owners[i].next)
		if (b->owners[i].class == o->class && b->owners[i].id == o->id &&
		    b->owners[i].clearing == o->clearing && !strcmp(b->owners[i].name, o->name))
			return i;
	if (b->nr == b->room) {
		b->room = 2 * b->room + 64;
		b->owners = xrealloc(b->owners, b->room, sizeof(*b->owners));
	}
	b->owners[b->nr] = *o;
	b->owners[b->nr].next = b->hash[h];
	b->hash[h] = b->nr;
	return b->nr++;
}

static void take_owner(struct loading *l, const void *rec)
{
	struct block_owner o = {
		.class = number(l, CLASS, rec),
		.clearing = number(l, CLEARING, rec),
		.id = number(l, OWNER, rec),
	};
	const char *name;
	size_t len = 0, i;

	if (o.clearing != MMSCOPE_CLEARING_NOT && o.clearing != MMSCOPE_CLEARING_RECLAIM)
		return;
	if (is_boot(o.class)) {
		l->boot = true;
		return;
	}
	name = column_name(&l->col[NAME], rec, &len);
	snprintf(o.name, sizeof(o.name), "%.*s", (int)len, name ? name : "");
	i = find_owner(l->b, &o);
	l->b->owners[i].blocks++;
	l->b->owners[i].pages += number(l, PAGES, rec);
	if (l->nr < MAX_BLOCK_OWNERS)
		l->owners[l->nr++] = i;
}

/* --------------------------------------------------------------- the blocks */

/* Keep the block if it is one of the cheapest so far. */
static void take_block(struct loading *l, const void *rec)
{
	struct blockers *b = l->b;
	struct block block = {
		.pfn = number(l, PFN, rec),
		.node = number(l, NODE, rec),
		.move = number(l, MOVABLE, rec),
	};
	const char *zone = field_value_name(l->col[ZONE].field, number(l, ZONE, rec));
	size_t at = b->nr_cheapest;

	if (!block.move || number(l, RECLAIMABLE, rec) || number(l, HUGE, rec) ||
	    number(l, UNMOVABLE, rec) || number(l, HOLES, rec))
		return;
	snprintf(block.zone, sizeof(block.zone), "%s", zone ? zone : "?");
	while (at && b->cheapest[at - 1].move > block.move)
		at--;
	if (at == CHEAPEST)
		return;
	if (b->nr_cheapest < CHEAPEST)
		b->nr_cheapest++;
	memmove(&b->cheapest[at + 1], &b->cheapest[at],
		(b->nr_cheapest - at - 1) * sizeof(block));
	b->cheapest[at] = block;
}

static void end_block(struct loading *l)
{
	if (l->nr == 1 && !l->boot)
		l->b->owners[l->owners[0]].alone++;
	l->b->boot += l->boot;
	l->nr = 0;
	l->boot = false;
}

/* The records of a block follow each other. */
static bool take(void *ctx, const void *rec)
{
	struct loading *l = ctx;
	__u64 pfn = number(l, PFN, rec), zone = number(l, ZONE, rec);

	if (pfn != l->pfn || zone != l->zone) {
		end_block(l);
		take_block(l, rec);
		l->pfn = pfn;
		l->zone = zone;
	}
	take_owner(l, rec);
	return true;
}

static int by_cost(const void *a, const void *b)
{
	const struct block_owner *x = a, *y = b;

	if (x->alone != y->alone)
		return x->alone < y->alone ? 1 : -1;
	if (x->blocks != y->blocks)
		return x->blocks < y->blocks ? 1 : -1;
	return x->pages < y->pages ? 1 : x->pages > y->pages ? -1 : 0;
}

/* Ends the program with a sentence if the module cannot tell. */
const struct dataset *block_dataset(struct source *s, const char *name)
{
	const struct dataset *ds = source_dataset(s, name);

	if (!ds)
		die("the module has no dataset '%s'", name);
	if (ds->state == MMSCOPE_STATE_UNAVAILABLE)
		die("%s: not available on this kernel: %s", name, ds->detail);
	return ds;
}

/* Blocks of one size, of the places that the command line chooses. */
void blockers_load(struct blockers *b, struct source *s, const struct options *o, __u32 order)
{
	const struct options places = { .node = o->node, .zone = o->zone, .range = o->range };
	const struct dataset *ds = block_dataset(s, "blockers");
	struct loading l = { .b = b, .pfn = MMSCOPE_UNKNOWN };
	struct mmscope_walk_arg query;
	struct walk_stats stats;

	*b = (struct blockers){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(b->hash); i++)
		b->hash[i] = -1;
	for (int i = 0; i < NR_COLUMNS; i++)
		if (!column_find(ds, names[i], &l.col[i]))
			die("blockers: the module has no column '%s'", names[i]);
	query_parse(s, ds, &places, &query);
	query.class_mask = 1ULL << order;
	if (source_walk(s, ds, &query, 0, take, &l, &stats))
		die("%s", s->error);
	end_block(&l);
	if (b->nr)
		qsort(b->owners, b->nr, sizeof(*b->owners), by_cost);
	if (o->verbose)
		show_stats(ds, &stats);
}

void blockers_free(struct blockers *b)
{
	free(b->owners);
	*b = (struct blockers){ 0 };
}

/* ----------------------------------------------------------- the forecast */

static void add(__u64 *sum, const struct table *t, size_t i, const char *name)
{
	__u64 value = table_get(t, i, name);

	if (value != MMSCOPE_UNKNOWN)
		*sum += value;
}

/* False: no zone has room for a block of this size. */
bool outlook_load(struct outlook *t, struct source *s, const struct options *o, __u32 order)
{
	const struct options places = { .node = o->node, .zone = o->zone };
	const struct dataset *ds = block_dataset(s, "forecast");
	struct mmscope_walk_arg query;
	struct table forecast;

	*t = (struct outlook){ 0 };
	query_parse(s, ds, &places, &query);
	query.class_mask = 1ULL << order;
	if (table_query(s, "forecast", &query, &forecast))
		die("%s", s->error);
	for (size_t i = 0; i < forecast.nr; i++) {
		add(&t->blocks, &forecast, i, "blocks");
		add(&t->free, &forecast, i, "free_blocks");
		add(&t->now, &forecast, i, "now_blocks");
		add(&t->compacted, &forecast, i, "compacted_blocks");
		add(&t->reclaimed, &forecast, i, "reclaimed_blocks");
		add(&t->bound, &forecast, i, "bound_blocks");
		add(&t->huge, &forecast, i, "huge_blocks");
		add(&t->clean_pages, &forecast, i, "clean_pages");
	}
	table_free(&forecast);
	return t->blocks;
}

static __u64 pmd_bytes(struct source *s)
{
	return (__u64)s->info.page_size * (s->info.page_size / 8);
}

/* What a PUD maps; where pages have more than 4K it maps none, but 32 contiguous PMDs do. */
static __u64 gigantic_bytes(struct source *s)
{
	return pmd_bytes(s) * (s->info.page_size > 4096 ? 32 : s->info.page_size / 8);
}

static __u32 order_of(struct source *s, __u64 bytes)
{
	__u32 order = 0;

	while ((__u64)s->info.page_size << order < bytes)
		order++;
	return order;
}

/* The order of a huge page of a size as people write it; NULL: what a PMD maps. */
__u32 huge_order(struct source *s, const char *size)
{
	__u64 bytes = pmd_bytes(s);

	if (size && (!parse_whole_number(size, ~0ULL, &bytes) ||
		     (bytes != pmd_bytes(s) && bytes != gigantic_bytes(s))))
		die("bad size '%s': %lluM or %lluM is wanted", size, pmd_bytes(s) >> 20,
		    gigantic_bytes(s) >> 20);
	return order_of(s, bytes);
}

/* The order of the largest huge page. */
__u32 gigantic_order(struct source *s)
{
	return order_of(s, gigantic_bytes(s));
}

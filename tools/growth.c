// SPDX-License-Identifier: GPL-2.0
/*
 * What grows from sample to sample. Samples are added one after the other; nothing of
 * them is kept but sums, so that a recording of days needs no more memory than one of
 * minutes.
 */
#include <stdlib.h>
#include <string.h>

#include "growth.h"
#include "owners.h"
#include "table.h"

#define LEAST_GROWTH	(64U << 10)	/* bytes: less is noise */
#define LEAST_STEPS	4		/* fewer are no trend */

#define MASK(_class)	(1ULL << MMSCOPE_CLASS_##_class)
#define FILES		(MASK(FILE) | MASK(SHMEM))
/* told by other kinds, or by nobody */
#define NO_OWNERS	(FILES | MASK(SLAB) | MASK(SLAB_RECLAIMABLE) | MASK(HOLE))

const struct growth_key *growth_key(const struct growth *g, __u32 i)
{
	return intern_get(&g->keys, i, NULL);
}

static void add(struct growth *g, const struct growth_key *key, __u64 bytes)
{
	__u32 i = intern_add(&g->keys, key, sizeof(*key));

	if (i >= g->room) {
		g->items = xrealloc(g->items, 2 * g->room + 256, sizeof(*g->items));
		memset(g->items + g->room, 0, (g->room + 256) * sizeof(*g->items));
		g->room = 2 * g->room + 256;
	}
	g->items[i].last += bytes;
}

static void key_name(struct growth_key *key, const struct table *t, size_t i, const char *column)
{
	struct column c;
	size_t len;
	const char *name;

	if (!column_find(t->ds, column, &c))
		return;
	name = column_name(&c, table_record(t, i), &len);
	if (name)
		memcpy(key->name, name, len < sizeof(key->name) ? len : sizeof(key->name) - 1);
}

static __u64 known_or_0(const struct table *t, size_t i, const char *name)
{
	__u64 value = table_get(t, i, name);

	return value == MMSCOPE_UNKNOWN ? 0 : value;
}

/* ------------------------------------------------------------ kinds in a sample */

static __u32 add_classes(struct growth *g, struct source *s, __u64 page)
{
	struct table t;
	__u32 known;

	table_collect(s, "accounting", &t);
	known = t.nr ? 1U << GROWTH_CLASS : 0;
	for (size_t i = 0; i < t.nr; i++) {
		struct growth_key key = { .kind = GROWTH_CLASS };
		struct column c;
		__u64 class = known_or_0(&t, i, "class");
		const char *name;

		if (!column_find(t.ds, "class", &c))
			break;
		name = field_value_name(c.field, class);
		key.page_class = class;
		snprintf(key.name, sizeof(key.name), "%s", name ? name : "?");
		add(g, &key, known_or_0(&t, i, "pages") * page);
	}
	table_free(&t);
	return known;
}

static __u32 add_caches(struct growth *g, struct source *s, __u64 page)
{
	struct table t;
	__u32 known;

	table_collect(s, "slab_use", &t);
	known = t.nr ? 1U << GROWTH_CACHE : 0;
	for (size_t i = 0; i < t.nr; i++) {
		struct growth_key key = { .kind = GROWTH_CACHE };

		key_name(&key, &t, i, "name");
		add(g, &key, known_or_0(&t, i, "pages") * page);
	}
	table_free(&t);
	return known;
}

static __u32 add_processes(struct growth *g, struct source *s)
{
	struct table t;
	__u32 known;

	table_collect(s, "processes", &t);
	known = t.nr ? 1U << GROWTH_PROCESS : 0;
	for (size_t i = 0; i < t.nr; i++) {
		struct growth_key key = {
			.kind = GROWTH_PROCESS,
			.id = known_or_0(&t, i, "pid"),
		};

		key_name(&key, &t, i, "comm");
		add(g, &key, known_or_0(&t, i, "rss_bytes") + known_or_0(&t, i, "swap_bytes") +
		    known_or_0(&t, i, "pagetable_bytes") + known_or_0(&t, i, "hugetlb_bytes"));
	}
	table_free(&t);
	return known;
}

static void add_owner(struct growth *g, const struct owner_row *row, __u64 page)
{
	struct growth_key key = { .page_class = row->page_class };
	const struct growth_key cgroup = { .kind = GROWTH_CGROUP, .id = row->memcg };

	if (row->memcg)
		add(g, &cgroup, row->pages * page);
	memcpy(key.name, row->name, sizeof(key.name) - 1);
	if (row->page_class < 64 && FILES >> row->page_class & 1) {
		key.kind = GROWTH_FILE;
		key.id = row->owner;
		key.device = (__u64)row->dev_major << 32 | row->dev_minor;
	} else if (*key.name && row->page_class < 64 && !(NO_OWNERS >> row->page_class & 1)) {
		key.kind = GROWTH_OWNER;
	} else {
		return;
	}
	add(g, &key, row->pages * page);
}

/* From the dataset of the recorder, which is made of extents; or from these. */
static __u32 add_owners(struct growth *g, struct source *s, __u64 page)
{
	const __u32 known = 1U << GROWTH_CGROUP | 1U << GROWTH_FILE | 1U << GROWTH_OWNER;
	struct owners owners = { 0 };
	struct walk_stats stats;
	struct table t;
	bool told;

	table_collect(s, "extent_sums", &t);
	told = t.nr;
	for (size_t i = 0; i < t.nr; i++) {
		struct owner_row row = {
			.page_class = known_or_0(&t, i, "class"),
			.dev_major = known_or_0(&t, i, "dev_major"),
			.dev_minor = known_or_0(&t, i, "dev_minor"),
			.owner = known_or_0(&t, i, "owner"),
			.memcg = known_or_0(&t, i, "memcg"),
			.pages = known_or_0(&t, i, "pages"),
		};
		struct growth_key key = { .kind = 0 };

		key_name(&key, &t, i, "name");
		memcpy(row.name, key.name, sizeof(row.name));
		add_owner(g, &row, page);
	}
	table_free(&t);
	if (!told && !source_dataset(s, "extent_sums") && !owners_collect(s, &owners, &stats))
		told = owners.nr;
	for (size_t i = 0; i < owners.nr; i++)
		add_owner(g, &owners.rows[i], page);
	owners_free(&owners);
	return told ? known : 0;
}

/* ------------------------------------------------------------------- the course */

static void follow(struct growth *g, struct growth_item *item, double hours)
{
	item->sum += item->last;
	item->sum_by_time += item->last * hours;
	for (int level = 0; level < GROWTH_LEVELS; level++) {
		if (g->samples & ((1U << level) - 1))
			break;
		if (g->samples)
			item->grew[level] += item->last > item->at[level];
		item->at[level] = item->last;
	}
	if (!g->samples)
		item->first = item->last;
}

/**
 * growth_add - the next sample
 * @g: the samples so far
 * @s: where it can be had now
 * @seconds: since the first one
 *
 * What is not in a sample has no memory then; but a kind that was not recorded is not
 * known, for all samples.
 */
void growth_add(struct growth *g, struct source *s, double seconds)
{
	const __u64 page = s->info.page_size;
	const double hours = seconds / 3600;
	__u32 known;

	for (__u32 i = 0; i < g->keys.nr; i++)
		g->items[i].last = 0;
	known = add_classes(g, s, page) | add_caches(g, s, page) | add_processes(g, s) |
		add_owners(g, s, page);
	g->known = g->samples ? g->known & known : known;
	for (__u32 i = 0; i < g->keys.nr; i++)
		follow(g, &g->items[i], hours);
	g->samples++;
	g->seconds = seconds;
	g->time_sum += hours;
	g->time_squares += hours * hours;
}

void growth_free(struct growth *g)
{
	intern_free(&g->keys);
	free(g->items);
	*g = (struct growth){ 0 };
}

/* Bytes an hour: the slope of the line that is nearest to all samples. */
double growth_per_hour(const struct growth *g, __u32 i)
{
	const double n = g->samples;
	const double spread = n * g->time_squares - g->time_sum * g->time_sum;

	if (spread <= 0)
		return 0;
	return (n * g->items[i].sum_by_time - g->time_sum * g->items[i].sum) / spread;
}

static bool is_free(const struct growth_key *key)
{
	const __u64 classes = MASK(FREE) | MASK(FREE_PCP) | MASK(FREE_HIGHATOMIC) |
			      MASK(FREE_CMA) | MASK(FREE_ISOLATED) | MASK(HOLE) |
			      MASK(HUGETLB_FREE) | MASK(IN_FLIGHT);

	return key->kind == GROWTH_CLASS && key->page_class < 64 && classes >> key->page_class & 1;
}

/**
 * growth_level - does it grow all the time
 * @g: all samples
 * @i: the item
 * @steps: how many steps there are at that level
 *
 * A trend is what grew in at least four of five steps, and in all by more than noise.
 * What grows slowly may do so in every second, fourth ... sample only: the finest level
 * at which it grows all the time is told.
 *
 * Return: that level, steps are of 2^level samples; -1: none.
 */
int growth_level(const struct growth *g, __u32 i, __u32 *steps)
{
	const struct growth_item *item = &g->items[i];

	if (!(g->known >> growth_key(g, i)->kind & 1) || is_free(growth_key(g, i)) ||
	    item->last < item->first + LEAST_GROWTH ||
	    growth_per_hour(g, i) <= 0)
		return -1;
	for (int level = 0; level < GROWTH_LEVELS; level++) {
		*steps = g->samples ? (g->samples - 1) >> level : 0;
		if (*steps < LEAST_STEPS)
			break;
		if (item->grew[level] * 5 >= *steps * 4)
			return level;
	}
	return -1;
}

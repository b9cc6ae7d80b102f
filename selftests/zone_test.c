// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `zones` against /proc/zoneinfo and /proc/pagetypeinfo.
 */
#include <kselftest_harness.h>

#include <stddef.h>
#include <sys/mman.h>

#include "common.h"
#include "zoneinfo.h"

/* names that the kernel prints otherwise than its enum has them */
static const char *const renamed[][2] = {
	{ "nr_free_cma", "nr_free_cma_pages" },
	{ "numa_interleave", "numa_interleave_hit" },
};

struct zone_names {
	struct value_names zone;
	struct value_names stat;
	struct value_names numa;
};

FIXTURE(zones) {
	int fd;
	struct zone_names names;
};

FIXTURE_SETUP(zones)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->names.zone = names_of(self->fd, MMSCOPE_DS_ZONES, "zone");
	self->names.stat = names_of(self->fd, MMSCOPE_DS_ZONES, "stat");
	self->names.numa = names_of(self->fd, MMSCOPE_DS_ZONES, "numa");
}

FIXTURE_TEARDOWN(zones)
{
	free(self->names.zone.values);
	free(self->names.stat.values);
	free(self->names.numa.values);
	close(self->fd);
}

static const struct mmscope_zone *find_zone(const struct zone_names *names,
					    const struct answer *a, unsigned int node,
					    const char *zone)
{
	const struct mmscope_zone *z = a->records;
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (z[i].node == node && !strcmp(index_name(&names->zone, z[i].zone), zone))
			return &z[i];
	return NULL;
}

/* a zone without memory has no record: it must be empty, its settings are nobody's */
static enum match match_empty(const struct zoneinfo_entry *e, uint64_t *value)
{
	static const char *const sizes[] = { "free", "spanned", "present", "managed", "cma" };
	static const char *const settings[] = {
		"boost", "min", "low", "high", "promo", "protection",
	};
	size_t i;

	*value = 0;
	for (i = 0; i < ARRAY_LEN(sizes); i++)
		if (!strcmp(e->key, sizes[i]))
			return MATCH_CONSTANT;
	*value = e->value;
	for (i = 0; i < ARRAY_LEN(settings); i++)
		if (!strcmp(e->key, settings[i]))
			return MATCH_MOVING;
	return MATCH_NONE;
}

static enum match match_field(const struct mmscope_zone *z, const struct zoneinfo_entry *e,
			      uint64_t *value)
{
	const struct {
		const char *key;
		uint64_t value;
		enum match match;
	} fields[] = {
		{ "free", z->free_pages, MATCH_MOVING },
		{ "boost", z->watermark_boost, MATCH_MOVING },
		{ "min", z->watermark_min + z->watermark_boost, MATCH_MOVING },
		{ "low", z->watermark_low + z->watermark_boost, MATCH_MOVING },
		{ "high", z->watermark_high + z->watermark_boost, MATCH_MOVING },
		{ "promo", z->watermark_promo + z->watermark_boost, MATCH_MOVING },
		{ "spanned", z->spanned_pages, MATCH_CONSTANT },
		{ "present", z->present_pages, MATCH_CONSTANT },
		{ "managed", z->managed_pages, MATCH_CONSTANT },
		{ "cma", z->cma_pages, MATCH_CONSTANT },
		{ "protection", z->lowmem_reserve[e->index], MATCH_CONSTANT },
		{ "start_pfn", z->start_pfn, MATCH_CONSTANT },
		/* Linux 7 */
		{ "reserved_highatomic", z->highatomic_reserved_pages, MATCH_MOVING },
		{ "free_highatomic", z->highatomic_free_pages, MATCH_MOVING },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcmp(e->key, fields[i].key))
			continue;
		*value = fields[i].value;
		return fields[i].match;
	}
	return MATCH_NONE;
}

static enum match match_zone(void *ctx, const struct answer *a, const struct zoneinfo_entry *e,
			     uint64_t *value)
{
	const struct zone_names *names = ctx;
	const struct mmscope_zone *z = find_zone(names, a, e->node, e->zone);
	const char *name = e->key;
	enum match match;
	size_t i;
	int at;

	if (!z)
		return match_empty(e, value);
	match = match_field(z, e, value);
	if (match != MATCH_NONE)
		return match;
	if (!strcmp(e->key, "node_unreclaimable")) {	/* node_test has it */
		*value = e->value;
		return MATCH_MOVING;
	}
	for (i = 0; i < ARRAY_LEN(renamed); i++)
		if (!strcmp(e->key, renamed[i][0]))
			name = renamed[i][1];
	at = name_index(&names->stat, name);
	if (at >= 0) {
		*value = z->stat[at];
		return MATCH_MOVING;
	}
	at = name_index(&names->numa, name);
	if (at >= 0) {
		*value = z->numa[at];
		return MATCH_MOVING;
	}
	return MATCH_NONE;
}

TEST_F(zones, every_zone_number_of_zoneinfo_is_the_same)
{
	struct comparison c = {
		.section = ZONEINFO_ZONE,
		.dataset = MMSCOPE_DS_ZONES,
		.match = match_zone,
		.ctx = &self->names,
	};

	ASSERT_EQ(0, compare_zoneinfo(self->fd, &c))
		TH_LOG("%s", c.report);
	EXPECT_GT(c.checked, 20);
}

TEST_F(zones, every_counter_of_ours_is_in_zoneinfo)
{
	struct answer a;
	struct zoneinfo z;
	uint64_t value;
	size_t i, nr = 0;

	ASSERT_EQ(0, zoneinfo_read(&z));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZONES), &a));
	ASSERT_GT(a.nr, 0);
	for (i = 0; i < z.nr; i++) {
		const struct zoneinfo_entry *e = &z.entries[i];
		const struct mmscope_zone *first = a.records;

		if (e->section == ZONEINFO_ZONE &&
		    find_zone(&self->names, &a, e->node, e->zone) == first &&
		    match_field(first, e, &value) == MATCH_NONE &&
		    strcmp(e->key, "node_unreclaimable"))
			nr++;
	}
	EXPECT_EQ(self->names.stat.nr + self->names.numa.nr, nr);
	answer_free(&a);
	zoneinfo_free(&z);
}

TEST_F(zones, records_are_the_populated_zones_in_order)
{
	const struct mmscope_zone *r;
	unsigned int populated = 0;
	struct zoneinfo z;
	struct answer a;
	size_t i;

	ASSERT_EQ(0, zoneinfo_read(&z));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZONES), &a));
	r = a.records;
	for (i = 0; i < z.nr; i++)
		if (z.entries[i].section == ZONEINFO_ZONE &&
		    !strcmp(z.entries[i].key, "present") && z.entries[i].value)
			populated++;
	EXPECT_EQ(populated, a.nr);
	for (i = 1; i < a.nr; i++)
		EXPECT_TRUE(r[i].node > r[i - 1].node ||
			    (r[i].node == r[i - 1].node && r[i].zone > r[i - 1].zone));
	answer_free(&a);
	zoneinfo_free(&z);
}

TEST_F(zones, distances_are_free_pages_less_watermark_and_boost)
{
	const struct mmscope_zone *r;
	struct answer a;
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ZONES), &a));
	ASSERT_GT(a.nr, 0);
	for (i = 0, r = a.records; i < a.nr; i++, r++) {
		EXPECT_EQ(r->above_min, r->free_pages - r->watermark_min - r->watermark_boost);
		EXPECT_EQ(r->above_low, r->free_pages - r->watermark_low - r->watermark_boost);
		EXPECT_EQ(r->above_high, r->free_pages - r->watermark_high - r->watermark_boost);
		EXPECT_EQ(r->above_promo, r->free_pages - r->watermark_promo - r->watermark_boost);
		EXPECT_LE(r->watermark_min, r->watermark_low);
		EXPECT_LE(r->watermark_low, r->watermark_high);
		EXPECT_LE(r->watermark_high, r->watermark_promo);
	}
	answer_free(&a);
}

/*
 * pagetypeinfo has a line a zone and type of free blocks by order, then a line a
 * zone of the number of pageblocks by type; HighAtomic is the fourth type.
 */
static void read_highatomic(unsigned int node, const char *zone, uint64_t *reserved,
			    uint64_t *free_pages)
{
	char *text = read_file("/proc/pagetypeinfo"), *save = NULL, *line;
	unsigned long pageblock = 0, blocks, nr[4];
	char name[16], type[16];
	unsigned int nid;
	int used;

	*reserved = 0;
	*free_pages = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "Pages per block: %lu", &pageblock) == 1)
			continue;
		if (sscanf(line, "Node %u, zone %15[^,], type %15s%n", &nid, name, type,
			   &used) == 3) {
			const char *p = line + used;
			unsigned int order;

			if (nid != node || strcmp(name + strspn(name, " "), zone) ||
			    strcmp(type, "HighAtomic"))
				continue;
			for (order = 0; sscanf(p, " %lu%n", &blocks, &used) == 1; order++) {
				*free_pages += blocks << order;
				p += used;
			}
		} else if (sscanf(line, "Node %u, zone %15s %lu %lu %lu %lu", &nid, name, &nr[0],
				  &nr[1], &nr[2], &nr[3]) == 6 &&
			   nid == node && !strcmp(name, zone)) {
			*reserved = nr[3] * pageblock;
		}
	}
	free(text);
}

/* zones where the two sources differ; the last one is told of */
static size_t highatomic_differences(int fd, const struct zone_names *names, char *told,
				     size_t size)
{
	const struct mmscope_zone *r;
	uint64_t reserved, free_pages;
	struct answer a;
	size_t i, nr = 0;

	if (walk_all(fd, walk_arg(MMSCOPE_DS_ZONES), &a))
		return SIZE_MAX;
	for (i = 0, r = a.records; i < a.nr; i++, r++) {
		const char *zone = index_name(&names->zone, r->zone);

		read_highatomic(r->node, zone, &reserved, &free_pages);
		if (r->highatomic_free_pages == MMSCOPE_UNKNOWN)
			free_pages = MMSCOPE_UNKNOWN;
		if (reserved == r->highatomic_reserved_pages &&
		    free_pages == r->highatomic_free_pages)
			continue;
		nr++;
		snprintf(told, size, "zone %s: reserved %llu, not %llu, free %lld, not %lld",
			 zone, (unsigned long long)r->highatomic_reserved_pages,
			 (unsigned long long)reserved, (long long)r->highatomic_free_pages,
			 (long long)free_pages);
	}
	answer_free(&a);
	return nr;
}

/* A block may be reserved or given back between the two readings: they are repeated. */
TEST_F(zones, highatomic_reserve_is_that_of_pagetypeinfo)
{
	char told[160] = "no answer";
	size_t differences = 1;
	int try;

	for (try = 0; try < 20 && differences; try++) {
		differences = highatomic_differences(self->fd, &self->names, told, sizeof(told));
		usleep(differences ? 100000 : 0);
	}
	EXPECT_EQ(0, differences)
		TH_LOG("%s", told);
}

static uint64_t sum_numa_hit(int fd, const struct zone_names *names)
{
	int at = name_index(&names->numa, "numa_hit");
	const struct mmscope_zone *r;
	uint64_t sum = 0;
	struct answer a;
	size_t i;

	if (!walk_all(fd, walk_arg(MMSCOPE_DS_ZONES), &a) && at >= 0)
		for (i = 0, r = a.records; i < a.nr; i++, r++)
			sum += r->numa[at];
	answer_free(&a);
	return sum;
}

/* nobody folds per-CPU NUMA counters here: /proc/zoneinfo and numastat are not read */
TEST_F(zones, allocations_show_at_once_in_the_numa_counters)
{
	const size_t pages = 4096, size = pages * PAGE;
	uint64_t before, after;
	char *p;
	size_t i;

	if (!self->names.numa.nr)
		SKIP(return, "no NUMA in this kernel");
	before = sum_numa_hit(self->fd, &self->names);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	madvise(p, size, MADV_NOHUGEPAGE);
	for (i = 0; i < size; i += PAGE)
		p[i] = 1;
	after = sum_numa_hit(self->fd, &self->names);
	EXPECT_GE(after - before, pages);
	EXPECT_LT(after - before, pages + pages / 2);
	munmap(p, size);
}

TEST_F(zones, filters_select_a_node_and_a_zone)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_ZONES);
	const struct mmscope_zone *all, *one;
	struct answer a, b;
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	for (i = 0, all = a.records; i < a.nr; i++, all++) {
		arg.node = all->node;
		arg.zone = all->zone;
		ASSERT_EQ(0, walk_all(self->fd, arg, &b));
		ASSERT_EQ(1, b.nr);
		one = b.records;
		EXPECT_EQ(all->start_pfn, one->start_pfn);
		answer_free(&b);
	}
	answer_free(&a);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `pcp` against /proc/zoneinfo, its lists against its counts, and
 * against pages that the test itself frees.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "common.h"
#include "zoneinfo.h"

#define TRIES 50

FIXTURE(pcp) {
	int fd;
	struct value_names zone;
	struct value_names list;
};

FIXTURE_SETUP(pcp)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->zone = names_of(self->fd, MMSCOPE_DS_PCP, "zone");
	self->list = names_of(self->fd, MMSCOPE_DS_PCP, "list");
}

FIXTURE_TEARDOWN(pcp)
{
	free(self->zone.values);
	free(self->list.values);
	close(self->fd);
}

static enum match match_pageset(void *ctx, const struct answer *a,
				const struct zoneinfo_entry *e, uint64_t *value)
{
	const struct value_names *zones = ctx;
	const struct mmscope_pcp *r = a->records;
	size_t i;

	for (i = 0; i < a->nr; i++, r++) {
		const struct {
			const char *key;
			uint64_t value;
			enum match match;
		} fields[] = {
			{ "count", r->count_pages, MATCH_MOVING },
			{ "high", r->high_pages, MATCH_MOVING },
			{ "high_min", r->high_min_pages, MATCH_MOVING },
			{ "high_max", r->high_max_pages, MATCH_MOVING },
			{ "batch", r->batch_pages, MATCH_CONSTANT },
			{ "threshold", r->stat_threshold, MATCH_CONSTANT },
		};
		size_t f;

		if (r->node != e->node || r->cpu != e->cpu ||
		    strcmp(index_name(zones, r->zone), e->zone))
			continue;
		for (f = 0; f < ARRAY_LEN(fields); f++) {
			if (strcmp(e->key, fields[f].key))
				continue;
			*value = fields[f].value;
			return fields[f].match;
		}
	}
	return MATCH_NONE;
}

TEST_F(pcp, every_pageset_number_of_zoneinfo_is_the_same)
{
	struct comparison c = {
		.section = ZONEINFO_PAGESET,
		.dataset = MMSCOPE_DS_PCP,
		.match = match_pageset,
		.ctx = &self->zone,
	};
	struct answer a;

	ASSERT_EQ(0, compare_zoneinfo(self->fd, &c))
		TH_LOG("%s", c.report);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PCP), &a));
	EXPECT_LE(4 * a.nr, c.checked);
	EXPECT_GT(a.nr, 0);
	answer_free(&a);
}

/* "0_Movable": blocks of order 0; "huge_0": of the huge page size */
static unsigned int order_of(const char *list)
{
	static unsigned int huge_order;

	if (!huge_order) {
		char *size = read_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");

		huge_order = size ? __builtin_ctzl(strtoul(size, NULL, 10) / getpagesize()) : 9;
		free(size);
	}
	return strncmp(list, "huge", 4) ? strtoul(list, NULL, 10) : huge_order;
}

/* records whose lists are known; all of those must add up */
static size_t count_listed(const struct value_names *list, const struct answer *a, size_t *wrong)
{
	const struct mmscope_pcp *r = a->records;
	size_t i, known = 0;
	uint32_t l;

	for (i = 0, *wrong = 0; i < a->nr; i++, r++) {
		uint64_t pages = 0;

		if (r->listed_pages == MMSCOPE_UNKNOWN)
			continue;
		for (l = 0; l < list->nr; l++)
			pages += r->list[list->values[l].value] << order_of(list->values[l].name);
		known++;
		*wrong += pages != r->listed_pages || pages != r->count_pages;
	}
	return known;
}

TEST_F(pcp, lists_add_up_to_the_count)
{
	size_t known = 0, wrong, nr = 1;
	struct answer a;
	int i;

	/* a CPU that is busy may not stand still while its lists are counted */
	for (i = 0; i < TRIES && known < nr; i++) {
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_PCP), &a));
		nr = a.nr;
		known = count_listed(&self->list, &a, &wrong);
		EXPECT_EQ(0, wrong);
		TH_LOG("%zu of %zu known, %lu restarts, %lu holds, longest %lu ns", known, nr,
		       a.restarts, a.locks, a.max_lock_ns);
		answer_free(&a);
	}
	EXPECT_EQ(nr, known);
}

/* sum of one list over the zones, for one CPU; ~0 if it is unknown */
static uint64_t list_length(struct __test_metadata *_metadata, int fd, int list, unsigned int cpu)
{
	const struct mmscope_pcp *r;
	uint64_t sum = 0;
	struct answer a;
	size_t i;

	ASSERT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_PCP), &a));
	for (i = 0, r = a.records; i < a.nr; i++, r++) {
		if (r->cpu != cpu || sum == MMSCOPE_UNKNOWN)
			continue;
		sum = r->list[list] == MMSCOPE_UNKNOWN ? MMSCOPE_UNKNOWN : sum + r->list[list];
	}
	answer_free(&a);
	return sum;
}

/*
 * Pages that a process frees go to the movable list of order 0 of its CPU, and
 * are taken from there by the next one that needs some.
 */
TEST_F(pcp, pages_of_ours_come_and_go_on_the_movable_list)
{
	const size_t pages = 32, size = pages * PAGE;
	int movable = name_index(&self->list, "0_Movable");
	uint64_t before, without, after;
	bool seen = false;
	int i;

	ASSERT_GE(movable, 0);
	ASSERT_EQ(0, run_on_cpu(0));
	for (i = 0; i < TRIES && !seen; i++) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		size_t at;

		ASSERT_NE(MAP_FAILED, p);
		madvise(p, size, MADV_NOHUGEPAGE);
		p[0] = 1;
		before = list_length(_metadata, self->fd, movable, 0);
		for (at = PAGE; at < size; at += PAGE)
			p[at] = 1;
		without = list_length(_metadata, self->fd, movable, 0);
		munmap(p, size);
		after = list_length(_metadata, self->fd, movable, 0);
		/* refilled or drained in between: a batch moved, try again */
		seen = before - without == pages - 1 && after - without >= pages &&
		       after - without < 2 * pages;
	}
	EXPECT_TRUE(seen)
		TH_LOG("list: %lu, %lu, %lu", before, without, after);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `pageblocks` against /proc/pagetypeinfo, /proc/buddyinfo and
 * /proc/kpageflags.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoneinfo.h"
#include "table.h"
#include "buddyinfo.h"
#include "frames.h"

#define MAX_BLOCKS (1 << 16)
#define BLOCK_COUNT "Number of blocks type"

/* a line of the dataset */
struct block {
	uint64_t pfn;
	uint64_t pages;
	uint64_t free_pages;
	unsigned int node;
	bool partial;
	char zone[12];
	char type[12];
};

FIXTURE(pageblocks) {
	struct mmscope_info info;
	struct block *blocks;
	size_t nr;
	struct table table;
	struct frames frames;
	char *text;
	int fd;
};

FIXTURE_SETUP(pageblocks)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->info.size = sizeof(self->info);
	ASSERT_EQ(ioctl(self->fd, MMSCOPE_IOC_INFO, &self->info), 0);
	self->blocks = calloc(MAX_BLOCKS, sizeof(*self->blocks));
	ASSERT_NE(self->blocks, NULL);
}

FIXTURE_TEARDOWN(pageblocks)
{
	free(self->blocks);
	free(self->text);
	table_free(&self->table);
	frames_free(&self->frames);
	close(self->fd);
}

static void take_blocks(FIXTURE_DATA(pageblocks) *self)
{
	struct table *t = &self->table;

	self->nr = 0;
	while (self->nr < MAX_BLOCKS && table_next(t)) {
		struct block *b = &self->blocks[self->nr++];

		b->pfn = table_number(t, "pfn");
		b->pages = table_number(t, "pages");
		b->free_pages = table_number(t, "free_pages");
		b->node = table_number(t, "node");
		b->partial = strstr(table_text(t, "flags"), "partial");
		snprintf(b->zone, sizeof(b->zone), "%s", table_text(t, "zone"));
		snprintf(b->type, sizeof(b->type), "%s", table_text(t, "migratetype"));
	}
}

/* the dataset at a moment when a file said the same before and after */
static int read_blocks(FIXTURE_DATA(pageblocks) *self, const char *path)
{
	free(self->text);
	self->text = table_quiet(&self->table, "pageblocks", path);
	if (!self->text)
		return -1;
	take_blocks(self);
	return self->nr ? 0 : -1;
}

/*
 * pagetypeinfo looks at one frame of each block, as far into it as the zone begins
 * in its first; where that frame is of another zone, the block is not counted.
 */
static unsigned long count_type(const FIXTURE_DATA(pageblocks) *self, const struct row *r,
				const char *type, uint64_t start, uint64_t end,
				unsigned long *perhaps)
{
	uint64_t offset = start & (self->info.pageblock_pages - 1);
	unsigned long nr = 0;
	size_t i;

	*perhaps = 0;
	for (i = 0; i < self->nr; i++) {
		const struct block *b = &self->blocks[i];

		if (b->node != r->node || strcmp(b->zone, r->zone) || strcmp(b->type, type))
			continue;
		if (b->pfn + offset < start || b->pfn + offset >= end)
			continue;
		nr++;
		/* another zone's part may be just where it looks */
		*perhaps += b->partial;
	}
	return nr;
}

TEST_F(pageblocks, each_type_has_as_many_as_pagetypeinfo_says)
{
	char *types[TABLE_COLUMNS], *line, *copy;
	unsigned int i, nr_types, rows = 0;
	struct zoneinfo zones;
	struct row r;

	ASSERT_EQ(read_blocks(self, PAGETYPEINFO), 0);
	ASSERT_EQ(zoneinfo_read(&zones), 0);
	copy = strdup(strstr(self->text, BLOCK_COUNT) + strlen(BLOCK_COUNT));
	*strchr(copy, '\n') = '\0';
	nr_types = split_words(copy, types);
	line = strstr(self->text, BLOCK_COUNT);
	/* each node has its own table; the rows without a type are the counts */
	for_each_row(line, false, &r) {
		uint64_t start = zoneinfo_get(&zones, r.node, r.zone, "start_pfn");
		uint64_t end = start + zoneinfo_get(&zones, r.node, r.zone, "spanned");
		unsigned long perhaps;

		ASSERT_EQ(r.nr, nr_types);
		for (i = 0; i < r.nr; i++, rows++) {
			unsigned long ours = count_type(self, &r, types[i], start, end, &perhaps);

			EXPECT_GE(ours, r.value[i])
				TH_LOG("node %u zone %s type %s", r.node, r.zone, types[i]);
			EXPECT_LE(ours, r.value[i] + perhaps)
				TH_LOG("node %u zone %s type %s", r.node, r.zone, types[i]);
		}
	}
	EXPECT_GT(rows, 0);
	free(copy);
	zoneinfo_free(&zones);
}

TEST_F(pageblocks, free_pages_add_up_to_buddyinfo)
{
	struct row r;

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	for_each_row(self->text, false, &r) {
		unsigned long ours = 0, theirs = 0;
		unsigned int order;
		size_t i;

		for (order = 0; order < r.nr; order++)
			theirs += r.value[order] << order;
		for (i = 0; i < self->nr; i++)
			if (self->blocks[i].node == r.node && !strcmp(self->blocks[i].zone, r.zone))
				ours += self->blocks[i].free_pages;
		EXPECT_EQ(ours, theirs) TH_LOG("node %u zone %s", r.node, r.zone);
	}
}

/* frames with a bit, or without, in the part of a block */
static unsigned long count_bit(const struct frames *f, uint64_t pfn, uint64_t end,
			       unsigned int bit)
{
	unsigned long nr = 0;

	for (; pfn < end; pfn++)
		nr += frame_has(f, pfn, bit);
	return nr;
}

TEST_F(pageblocks, pages_and_free_pages_are_those_of_kpageflags)
{
	uint64_t size = self->info.pageblock_pages;
	size_t i, whole = 0, moved = 0;
	struct frames after = { 0 };
	int file;

	ASSERT_EQ(frames_read(&self->frames, KPAGEFLAGS), 0);
	ASSERT_EQ(frames_read(&after, KPAGEFLAGS), 0);
	file = table_open("pageblocks");
	ASSERT_GE(file, 0);
	ASSERT_EQ(frames_read(&self->frames, KPAGEFLAGS), 0);
	ASSERT_EQ(table_fill(&self->table, file), 0);
	ASSERT_EQ(frames_read(&after, KPAGEFLAGS), 0);
	close(file);
	table_begin(&self->table);
	take_blocks(self);

	for (i = 0; i < self->nr; i++) {
		const struct block *b = &self->blocks[i];
		unsigned long before = count_bit(&self->frames, b->pfn, b->pfn + size, KPF_BUDDY);
		unsigned long later = count_bit(&after, b->pfn, b->pfn + size, KPF_BUDDY);
		unsigned long holes = count_bit(&self->frames, b->pfn, b->pfn + size, KPF_NOPAGE);

		EXPECT_EQ(b->pfn & (size - 1), 0);
		EXPECT_EQ(b->partial, b->pages < size);
		EXPECT_LE(b->pages, size - holes);
		if (before != later) {
			moved++;
		} else if (!b->partial) {
			whole++;
			EXPECT_EQ(b->free_pages, before) TH_LOG("pfn %lu", b->pfn);
		} else {
			EXPECT_LE(b->free_pages, before) TH_LOG("pfn %lu", b->pfn);
		}
	}
	EXPECT_GT(whole, self->nr / 2);
	TH_LOG("%zu blocks, %zu of them whole and quiet, %zu changed", self->nr, whole, moved);
	frames_free(&after);
}

/* /proc/zoneinfo: spanned pages, from the start of the zone on */
TEST_F(pageblocks, cover_each_zone_from_its_start_to_its_end)
{
	uint64_t size = self->info.pageblock_pages, covered = 0;
	struct zoneinfo zones;
	struct row r;
	size_t i;

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	ASSERT_EQ(zoneinfo_read(&zones), 0);
	for_each_row(self->text, false, &r) {
		uint64_t start = zoneinfo_get(&zones, r.node, r.zone, "start_pfn");
		uint64_t spanned = zoneinfo_get(&zones, r.node, r.zone, "spanned");
		uint64_t present = zoneinfo_get(&zones, r.node, r.zone, "present");
		uint64_t pages = 0, last = 0;

		for (i = 0; i < self->nr; i++) {
			const struct block *b = &self->blocks[i];

			if (b->node != r.node || strcmp(b->zone, r.zone))
				continue;
			EXPECT_GT(b->pfn + size, start);
			EXPECT_LT(b->pfn, start + spanned);
			EXPECT_TRUE(!pages || b->pfn > last);
			last = b->pfn;
			pages += b->pages;
		}
		EXPECT_GE(pages, present) TH_LOG("node %u zone %s", r.node, r.zone);
		EXPECT_LE(pages, spanned) TH_LOG("node %u zone %s", r.node, r.zone);
		covered += pages;
	}
	EXPECT_GT(covered, 0);
	zoneinfo_free(&zones);
}

TEST_F(pageblocks, filters_select_node_zone_type_and_range)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGEBLOCKS);
	const struct mmscope_pageblock *b;
	struct answer all, some;
	size_t i, expected = 0;

	ASSERT_EQ(walk_all(self->fd, arg, &all), 0);
	b = all.records;
	arg.node = b[all.nr - 1].node;
	arg.zone = b[all.nr - 1].zone;
	arg.class_mask = 1 << b[all.nr - 1].migratetype;
	for (i = 0; i < all.nr; i++)
		expected += b[i].node == arg.node && b[i].zone == arg.zone &&
			    1U << b[i].migratetype == arg.class_mask;
	ASSERT_EQ(walk_all(self->fd, arg, &some), 0);
	EXPECT_LE(some.nr, expected + 2);
	EXPECT_GE(some.nr + 2, expected);
	b = some.records;
	for (i = 0; i < some.nr; i++) {
		EXPECT_EQ(b[i].zone, arg.zone);
		EXPECT_EQ(1U << b[i].migratetype, arg.class_mask);
	}
	answer_free(&some);

	/* a range that begins and ends inside two neighbours */
	b = (struct mmscope_pageblock *)all.records + all.nr / 2;
	arg = walk_arg(MMSCOPE_DS_PAGEBLOCKS);
	arg.start = b[0].pfn + 5;
	arg.end = b[1].pfn + 5;
	ASSERT_EQ(walk_all(self->fd, arg, &some), 0);
	ASSERT_EQ(some.nr, 2);
	EXPECT_EQ(((struct mmscope_pageblock *)some.records)[0].pfn, b[0].pfn);
	EXPECT_EQ(((struct mmscope_pageblock *)some.records)[1].pfn, b[1].pfn);
	answer_free(&some);
	answer_free(&all);
}

TEST_HARNESS_MAIN

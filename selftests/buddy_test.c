// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `buddy` against /proc/buddyinfo, /proc/pagetypeinfo and the
 * indices of debugfs/extfrag.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "table.h"
#include "buddyinfo.h"

/* a list this long is what pagetypeinfo does not count any more */
#define LONG_LIST 100000

#define MAX_LISTS 4096

/* the lines of the dataset that the tests look at */
struct list {
	unsigned int node;
	char zone[16];
	unsigned int order;
	char type[16];
	long blocks;
	long pages;
	long nr_free;
	long unusable_permille;
	long extfrag_permille;
	char largest_order[24];
	char state[24];
};

FIXTURE(buddy) {
	struct list *lists;
	size_t nr;
	char *text;
	struct mmscope_info info;
	int fd;
};

FIXTURE_SETUP(buddy)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->info.size = sizeof(self->info);
	ASSERT_EQ(ioctl(self->fd, MMSCOPE_IOC_INFO, &self->info), 0);
	self->lists = calloc(MAX_LISTS, sizeof(*self->lists));
	ASSERT_NE(self->lists, NULL);
}

FIXTURE_TEARDOWN(buddy)
{
	free(self->lists);
	free(self->text);
	write_file(LIMIT_FRACTION, "0");
	close(self->fd);
}

static void copy_word(char *to, size_t size, const char *word)
{
	snprintf(to, size, "%s", word);
}

/* the dataset at a moment when a file said the same before and after */
static int read_lists(FIXTURE_DATA(buddy) *self, const char *path)
{
	struct table t = { 0 };

	free(self->text);
	self->nr = 0;
	self->text = table_quiet(&t, "buddy", path);
	while (self->text && self->nr < MAX_LISTS && table_next(&t)) {
		struct list *l = &self->lists[self->nr++];

		l->node = table_number(&t, "node");
		copy_word(l->zone, sizeof(l->zone), table_text(&t, "zone"));
		l->order = table_number(&t, "order");
		copy_word(l->type, sizeof(l->type), table_text(&t, "migratetype"));
		l->blocks = table_number(&t, "blocks");
		l->pages = table_number(&t, "pages");
		l->nr_free = table_number(&t, "nr_free");
		l->unusable_permille = table_number(&t, "unusable_permille");
		l->extfrag_permille = table_number(&t, "extfrag_permille");
		copy_word(l->largest_order, sizeof(l->largest_order),
			  table_text(&t, "largest_order"));
		copy_word(l->state, sizeof(l->state), table_text(&t, "state"));
	}
	table_free(&t);
	return self->nr ? 0 : -1;
}

/* the next list of a zone, order and type (NULL: any); from NULL on */
static const struct list *next_list(const FIXTURE_DATA(buddy) *self, const struct list *l,
				    const struct row *r, unsigned int order, const char *type)
{
	for (l = l ? l + 1 : self->lists; l < self->lists + self->nr; l++)
		if (l->node == r->node && !strcmp(l->zone, r->zone) && l->order == order &&
		    (!type || !strcmp(l->type, type)))
			return l;
	return NULL;
}

static long blocks_of(const FIXTURE_DATA(buddy) *self, const struct row *r, unsigned int order,
		      const char *type)
{
	const struct list *l = NULL;
	long sum = 0;

	while ((l = next_list(self, l, r, order, type)))
		sum += l->blocks;
	return sum;
}

TEST_F(buddy, every_list_of_every_zone_has_one_line)
{
	unsigned int rows = 0, order;
	struct row r;

	ASSERT_EQ(read_lists(self, PAGETYPEINFO), 0);
	for_each_row(self->text, true, &r) {
		ASSERT_EQ(r.nr, self->info.nr_orders);
		for (order = 0; order < r.nr; order++) {
			ASSERT_NE(next_list(self, NULL, &r, order, r.type), NULL)
				TH_LOG("node %u zone %s type %s", r.node, r.zone, r.type);
		}
		rows++;
	}
	ASSERT_GT(rows, 0);
	ASSERT_EQ(self->nr, rows * self->info.nr_orders);
}

TEST_F(buddy, blocks_of_all_types_are_those_of_buddyinfo)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_lists(self, BUDDYINFO), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(blocks_of(self, &r, order, NULL), r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
			EXPECT_EQ(next_list(self, NULL, &r, order, NULL)->nr_free, r.value[order]);
		}
	}
	ASSERT_GE(compared, self->info.nr_orders);
}

TEST_F(buddy, blocks_of_each_type_are_those_of_pagetypeinfo)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_lists(self, PAGETYPEINFO), 0);
	for_each_row(self->text, true, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(blocks_of(self, &r, order, r.type), r.value[order])
				TH_LOG("node %u zone %s type %s order %u", r.node, r.zone, r.type,
				       order);
		}
	}
	ASSERT_EQ(compared, self->nr);
}

TEST_F(buddy, unusable_permille_is_unusable_index)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_lists(self, UNUSABLE_INDEX), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(next_list(self, NULL, &r, order, NULL)->unusable_permille,
				  r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
		}
	}
	ASSERT_GE(compared, self->info.nr_orders);
}

TEST_F(buddy, extfrag_permille_is_extfrag_index)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_lists(self, EXTFRAG_INDEX), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(next_list(self, NULL, &r, order, NULL)->extfrag_permille,
				  r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
		}
	}
	ASSERT_GE(compared, self->info.nr_orders);
}

TEST_F(buddy, pages_and_largest_order_follow_from_the_blocks)
{
	struct row r;
	size_t i;

	ASSERT_EQ(read_lists(self, BUDDYINFO), 0);
	for (i = 0; i < self->nr; i++) {
		EXPECT_EQ(self->lists[i].pages, self->lists[i].blocks << self->lists[i].order);
	}
	for_each_row(self->text, false, &r) {
		const struct list *l = next_list(self, NULL, &r, 0, NULL);
		unsigned int order;
		int largest = -1;

		for (order = 0; order < r.nr; order++)
			if (r.value[order])
				largest = order;
		if (largest < 0) {
			EXPECT_STREQ(l->largest_order, "-");
		} else {
			EXPECT_EQ(atoi(l->largest_order), largest);
		}
	}
}

TEST_F(buddy, filters_select_node_zone_and_order)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_BUDDY);
	const struct mmscope_buddy *b;
	struct answer a;
	size_t i, types;

	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	b = a.records;
	arg.node = b[a.nr - 1].node;
	arg.zone = b[a.nr - 1].zone;
	arg.class_mask = 1 << 0 | 1 << 3;
	for (types = 0; b[types].order == 0;)
		types++;
	answer_free(&a);
	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	ASSERT_EQ(a.nr, 2 * types);
	b = a.records;
	for (i = 0; i < a.nr; i++) {
		EXPECT_EQ(b[i].node, arg.node);
		EXPECT_EQ(b[i].zone, arg.zone);
		EXPECT_EQ(b[i].order, i < types ? 0 : 3);
	}
	answer_free(&a);
}

static size_t longest_list(const FIXTURE_DATA(buddy) *self)
{
	long longest = 0;
	size_t i;

	for (i = 0; i < self->nr; i++)
		if (self->lists[i].blocks > longest)
			longest = self->lists[i].blocks;
	return longest;
}

/* The state in which pagetypeinfo says ">100000"; what buddyinfo says stays true. */
TEST_F_TIMEOUT(buddy, lists_too_long_for_pagetypeinfo_are_counted, 240)
{
	unsigned int order, over = 0;
	struct shredded s;
	struct row r;
	size_t i;

	ASSERT_EQ(shred_memory(pages_to_shred(LONG_LIST), &s), 0);
	ASSERT_EQ(read_lists(self, BUDDYINFO), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++) {
			EXPECT_EQ(blocks_of(self, &r, order, NULL), r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
		}
	}
	for (i = 0; i < self->nr; i++) {
		EXPECT_STREQ(self->lists[i].state, "-");
	}
	TH_LOG("longest list: %zu blocks", longest_list(self));

	free(self->text);
	self->text = read_file(PAGETYPEINFO);
	for_each_row(self->text, true, &r) {
		for (order = 0; order < r.nr; order++) {
			if (!r.more[order])
				continue;
			over++;
			EXPECT_GT(blocks_of(self, &r, order, r.type), LONG_LIST);
		}
	}
	shredded_free(&s);
	if (longest_list(self) <= LONG_LIST)
		SKIP(return, TOO_SHORT, longest_list(self), 3 * LONG_LIST * PAGE >> 20);
	EXPECT_GT(over, 0);
}

TEST_HARNESS_MAIN

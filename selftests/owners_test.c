// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: pages allocated by the fixture are told by the function that allocated
 * them, as many as it holds, and no more when it frees them.
 */
#include <kselftest_harness.h>

#include <stdbool.h>

#include "common.h"
#include "fixture.h"

#define PLANTER	"fixture_plant_pages"
#define BLOCKS	500
#define ORDER	1

FIXTURE(owners)
{
	int fd;
	int fixture;
	struct answer a;
};

static int record(int fd, uint32_t blocks, uint32_t stacks)
{
	struct mmscope_owners_arg arg = {
		.size = sizeof(arg),
		.blocks = blocks,
		.stacks = stacks,
	};

	return ioctl(fd, MMSCOPE_IOC_OWNERS, &arg) ? -errno : 0;
}

FIXTURE_SETUP(owners)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
}

FIXTURE_TEARDOWN(owners)
{
	answer_free(&self->a);
	close(self->fixture);
	fixture_unload();
	close(self->fd);
}

static const struct mmscope_owner_record *record_at(const struct answer *a, size_t i)
{
	return (const void *)((const char *)a->records + i * a->rec_size);
}

/* what is told of the planter: of all its stacks */
static void planted(const struct answer *a, struct mmscope_owner_record *sum)
{
	*sum = (struct mmscope_owner_record){ 0 };
	for (size_t i = 0; i < a->nr; i++) {
		const struct mmscope_owner_record *r = record_at(a, i);

		if (!strstr(r->frames, PLANTER))
			continue;
		sum->blocks += r->blocks;
		sum->pages += r->pages;
		sum->allocs += r->allocs;
		sum->alloc_pages += r->alloc_pages;
		sum->order = r->order;
		memcpy(sum->comm, r->comm, sizeof(sum->comm));
	}
}

static int look(int fd, struct answer *a, struct mmscope_owner_record *sum)
{
	int err;

	answer_free(a);
	err = walk_all(fd, walk_arg(MMSCOPE_DS_OWNERS), a);
	if (!err)
		planted(a, sum);
	return err;
}

TEST_F(owners, are_named_and_forgotten)
{
	struct mmscope_owner_record sum;
	uint32_t id;

	ASSERT_EQ(0, record(self->fd, 0, 0));
	ASSERT_EQ(BLOCKS, fixture_hold(self->fixture, BLOCKS, ORDER, "GFP_KERNEL",
				       FIXTURE_ANY_NODE, &id));
	ASSERT_EQ(0, look(self->fd, &self->a, &sum));
	EXPECT_EQ(BLOCKS, sum.blocks);
	EXPECT_EQ(BLOCKS << ORDER, sum.pages);
	EXPECT_EQ(BLOCKS, sum.allocs);
	EXPECT_EQ(ORDER, sum.order);
	EXPECT_STREQ("owners_test", sum.comm);
	ASSERT_EQ(0, fixture_free(self->fixture, id));
	ASSERT_EQ(0, look(self->fd, &self->a, &sum));
	EXPECT_EQ(0, sum.blocks);
	EXPECT_EQ(0, sum.pages);
	EXPECT_EQ(BLOCKS, sum.allocs);
}

/* frames without another owner that are told to be the planter's */
static int64_t frames_named(int fd, struct answer *a)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	int64_t frames = 0;

	answer_free(a);
	arg.class_mask = 1 << MMSCOPE_CLASS_UNATTRIBUTED;
	if (walk_all(fd, arg, a))
		return -1;
	for (size_t i = 0; i < a->nr; i++) {
		const struct mmscope_extent *e =
			(const void *)((const char *)a->records + i * a->rec_size);

		/* and the module behind it */
		if (!strncmp(e->name, PLANTER, strlen(PLANTER)))
			frames += e->pages;
	}
	return frames;
}

/* what is allocated from now on is not without an owner any more */
TEST_F(owners, name_the_unattributed)
{
	uint32_t before, id;

	ASSERT_EQ(BLOCKS, fixture_hold(self->fixture, BLOCKS, ORDER, "GFP_KERNEL",
				       FIXTURE_ANY_NODE, &before));
	ASSERT_EQ(0, record(self->fd, 0, 0));
	EXPECT_EQ(0, frames_named(self->fd, &self->a));
	ASSERT_EQ(BLOCKS, fixture_hold(self->fixture, BLOCKS, ORDER, "GFP_KERNEL",
				       FIXTURE_ANY_NODE, &id));
	EXPECT_EQ(BLOCKS << ORDER, frames_named(self->fd, &self->a));
	ASSERT_EQ(0, fixture_free(self->fixture, id));
	EXPECT_EQ(0, frames_named(self->fd, &self->a));
	ASSERT_EQ(0, fixture_free(self->fixture, before));
}

/* symbols, not addresses */
TEST_F(owners, show_no_addresses)
{
	struct mmscope_owner_record sum;
	size_t named = 0;

	ASSERT_EQ(0, record(self->fd, 0, 0));
	for (int i = 0; i < 20; i++)
		ASSERT_LE(0, system("true"));
	ASSERT_EQ(0, look(self->fd, &self->a, &sum));
	for (size_t i = 0; i < self->a.nr; i++) {
		const struct mmscope_owner_record *r = record_at(&self->a, i);

		EXPECT_EQ(NULL, strstr(r->frames, "0x"));
		EXPECT_EQ(NULL, strstr(r->frames, "ffff"));
		named += !!strstr(r->frames, "alloc_pages");
	}
	EXPECT_LT(self->a.nr / 2, named);
}

/* all that the planter allocated is either told or counted as not told */
TEST_F(owners, without_room_are_counted)
{
	struct mmscope_owner_record sum;
	const struct mmscope_owner_record *last;
	uint32_t id;

	ASSERT_EQ(0, record(self->fd, 64, 0));
	ASSERT_EQ(BLOCKS, fixture_hold(self->fixture, BLOCKS, ORDER, "GFP_KERNEL",
				       FIXTURE_ANY_NODE, &id));
	ASSERT_EQ(0, look(self->fd, &self->a, &sum));
	ASSERT_LT(0, self->a.nr);
	last = record_at(&self->a, self->a.nr - 1);
	ASSERT_EQ(MMSCOPE_UNKNOWN32, last->stack);
	EXPECT_GE(64, sum.blocks);
	EXPECT_LE(BLOCKS, sum.allocs + last->allocs);
	EXPECT_LE(BLOCKS << ORDER, sum.alloc_pages + last->alloc_pages);
	ASSERT_EQ(0, fixture_free(self->fixture, id));
}

TEST_F(owners, are_recorded_for_one_at_a_time)
{
	int other = open_device();
	struct mmscope_owner_record sum;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, look(self->fd, &self->a, &sum));
	EXPECT_EQ(0, self->a.nr);
	ASSERT_EQ(0, record(self->fd, 1024, 64));
	EXPECT_EQ(-EBUSY, record(self->fd, 0, 0));
	EXPECT_EQ(-EBUSY, record(other, 0, 0));
	EXPECT_EQ(-E2BIG, record(other, ~0U, 0));
	/* any file may look */
	ASSERT_EQ(0, look(other, &self->a, &sum));
	EXPECT_LT(0, self->a.nr);
	close(self->fd);
	ASSERT_EQ(0, look(other, &self->a, &sum));
	EXPECT_EQ(0, self->a.nr);
	self->fd = other;
}

TEST_HARNESS_MAIN

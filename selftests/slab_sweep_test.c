// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `slabs` and `slab_use` against /sys/kernel/slab and
 * /proc/kpageflags: the slabs that a sweep finds are all slabs there are.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "frames.h"
#include "slabs.h"

FIXTURE(sweep) {
	int fd;
	struct answer names;	/* slab_caches, for the names alone */
};

FIXTURE_SETUP(sweep)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_SLAB_CACHES);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &self->names));
	ASSERT_GT(self->names.nr, 50);
}

FIXTURE_TEARDOWN(sweep)
{
	answer_free(&self->names);
	close(self->fd);
}

/* what sysfs counts, in its order */
enum { SLABS, TOTAL, INUSE, PARTIAL, ON_CPU, NR_SUMS };

static const char *const attributes[NR_SUMS] = {
	"slabs", "total_objects", "objects", "partial", "cpu_slabs",
};

struct sums {
	uint64_t of[NR_SUMS];
};

/*
 * Only what has not passed yet: each file that is opened here takes an object of
 * cache filp for a while, and its count would never hold still.
 */
static void read_sysfs(const struct answer *names, bool (*passed)[NR_SUMS], struct sums *s,
		       slab_read_fn *number)
{
	for (size_t i = 0; i < names->nr; i++)
		for (size_t k = 0; k < NR_SUMS; k++)
			if (!passed[i][k])
				s[i].of[k] = number(caches(names)[i].name, attributes[k]);
}

static size_t find_name(const struct answer *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(caches(names)[i].name, name))
			break;
	return i;
}

/*
 * sysfs takes for free what is free on the nodes' lists alone. Returns how many
 * slabs are of no known cache.
 */
static size_t sum_slabs(const struct answer *names, const struct answer *a, struct sums *s)
{
	const struct mmscope_slab *r = a->records;
	size_t unknown = 0;

	memset(s, 0, names->nr * sizeof(*s));
	for (size_t i = 0; i < a->nr; i++) {
		size_t n = find_name(names, r[i].cache);

		if (n == names->nr) {
			unknown++;
			continue;
		}
		s[n].of[SLABS]++;
		s[n].of[TOTAL] += r[i].objects;
		s[n].of[INUSE] += r[i].state == MMSCOPE_SLAB_PARTIAL ? r[i].inuse : r[i].objects;
		s[n].of[PARTIAL] += r[i].state == MMSCOPE_SLAB_PARTIAL;
		s[n].of[ON_CPU] += r[i].state == MMSCOPE_SLAB_CPU ||
				   r[i].state == MMSCOPE_SLAB_CPU_PARTIAL;
	}
	return unknown;
}

/* Which of the sums have lain between what sysfs said before and after, once? */
static size_t compare_sums(const struct answer *names, const struct sums *x,
			   const struct sums *ours, const struct sums *y, bool (*passed)[NR_SUMS],
			   bool tell)
{
	size_t open = 0;

	for (size_t i = 0; i < names->nr; i++) {
		for (size_t k = 0; k < NR_SUMS; k++) {
			passed[i][k] |= between(ours[i].of[k], x[i].of[k], y[i].of[k]);
			open += !passed[i][k];
			if (tell && !passed[i][k])
				fprintf(stderr, "# %s %s: %lu, not %lu..%lu\n",
					caches(names)[i].name, attributes[k], ours[i].of[k],
					x[i].of[k], y[i].of[k]);
		}
	}
	return open;
}

TEST_F_TIMEOUT(sweep, slabs_of_each_cache_add_up_to_sysfs, 240)
{
	size_t nr = self->names.nr, open = 1, unknown = 0;
	struct sums *x = calloc(nr, sizeof(*x)), *y = calloc(nr, sizeof(*y));
	struct sums *ours = calloc(nr, sizeof(*ours));
	bool (*passed)[NR_SUMS] = calloc(nr, sizeof(*passed));
	int tries;

	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		read_sysfs(&self->names, passed, x, slab_number);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLABS), &a));
		read_sysfs(&self->names, passed, y, slab_most);
		unknown = sum_slabs(&self->names, &a, ours);
		open = compare_sums(&self->names, x, ours, y, passed, tries == TRIES - 1);
		EXPECT_EQ(0, a.locks);
		answer_free(&a);
	}
	TH_LOG("%zu caches, %d sweeps", nr, tries);
	EXPECT_EQ(0, open);
	EXPECT_EQ(0, unknown);
	free(passed);
	free(ours);
	free(x);
	free(y);
}

static void sum_use(const struct answer *names, const struct answer *a, struct sums *s)
{
	const struct mmscope_slab_use *r = a->records;

	memset(s, 0, names->nr * sizeof(*s));
	for (size_t i = 0; i < names->nr; i++) {
		s[i].of[SLABS] = r[i].slabs;
		s[i].of[TOTAL] = r[i].total_objects;
		s[i].of[PARTIAL] = r[i].partial_slabs;
		s[i].of[ON_CPU] = r[i].cpu_slabs + r[i].cpu_partial_slabs;
	}
}

TEST_F_TIMEOUT(sweep, use_of_each_cache_is_that_of_sysfs, 240)
{
	size_t nr = self->names.nr, open = 1;
	struct sums *x = calloc(nr, sizeof(*x)), *y = calloc(nr, sizeof(*y));
	struct sums *ours = calloc(nr, sizeof(*ours));
	bool (*passed)[NR_SUMS] = calloc(nr, sizeof(*passed));
	int tries;

	/* not had from sums; see the planted objects */
	for (size_t i = 0; i < nr; i++)
		passed[i][INUSE] = true;
	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		read_sysfs(&self->names, passed, x, slab_number);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_USE), &a));
		read_sysfs(&self->names, passed, y, slab_most);
		ASSERT_EQ(nr, a.nr);
		for (size_t i = 0; i < nr; i++)
			ASSERT_STREQ(caches(&self->names)[i].name,
				     ((const struct mmscope_slab_use *)a.records)[i].name);
		sum_use(&self->names, &a, ours);
		open = compare_sums(&self->names, x, ours, y, passed, tries == TRIES - 1);
		EXPECT_EQ(0, a.locks);
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(passed);
	free(ours);
	free(x);
	free(y);
}

TEST_F(sweep, numbers_of_a_record_belong_together)
{
	struct answer a;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_USE), &a));
	for (size_t i = 0; i < a.nr; i++) {
		const struct mmscope_slab_use *r = (const struct mmscope_slab_use *)a.records + i;
		uint64_t fill = 0;

		for (size_t k = 0; k < MMSCOPE_NR_SLAB_FILLS; k++)
			fill += r->fill[k];
		EXPECT_EQ(r->slabs, fill);
		EXPECT_EQ(r->slabs, r->full_slabs + r->partial_slabs + r->cpu_slabs +
				    r->cpu_partial_slabs + r->moving_slabs);
		EXPECT_EQ(r->total_objects, r->inuse_objects + r->free_objects);
		EXPECT_EQ(r->fill[0], r->empty_slabs);
		EXPECT_LE(r->empty_slabs, r->packable_slabs);
		EXPECT_LE(r->packable_pages, r->pages);
		/* nobody asked for them */
		EXPECT_EQ(MMSCOPE_UNKNOWN, r->cpu_free_objects);
		EXPECT_EQ(MMSCOPE_UNKNOWN, r->inuse_exact_objects);
	}
	answer_free(&a);
}

/* ----------------------------------------------------------------- page frames */

static bool is_head(const struct frames *f, uint64_t pfn)
{
	return frame_has(f, pfn, KPF_SLAB) && !frame_has(f, pfn, KPF_COMPOUND_TAIL);
}

/* Returns how many heads that were there all the time are not in the answer. */
static size_t missing_heads(const struct frames *x, const struct frames *y,
			    const struct answer *a)
{
	const struct mmscope_slab *r = a->records;
	size_t missing = 0, i = 0;

	for (uint64_t pfn = 0; pfn < x->nr; pfn++) {
		if (!is_head(x, pfn) || !is_head(y, pfn))
			continue;
		while (i < a->nr && r[i].pfn < pfn)
			i++;
		missing += i == a->nr || r[i].pfn != pfn;
	}
	return missing;
}

/* Returns how many records are of frames that were no head before or after. */
static size_t strange_slabs(const struct frames *x, const struct frames *y,
			    const struct answer *a)
{
	const struct mmscope_slab *r = a->records;
	size_t strange = 0;

	for (size_t i = 0; i < a->nr; i++)
		strange += !is_head(x, r[i].pfn) && !is_head(y, r[i].pfn);
	return strange;
}

TEST_F_TIMEOUT(sweep, slabs_are_the_slab_heads_of_kpageflags, 120)
{
	struct frames x = { 0 }, y = { 0 };
	size_t missing = 1, strange = 1, nr = 0;
	int tries;

	for (tries = 0; tries < TRIES && (missing || strange); tries++) {
		struct answer a;

		ASSERT_EQ(0, frames_read(&x, KPAGEFLAGS));
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLABS), &a));
		ASSERT_EQ(0, frames_read(&y, KPAGEFLAGS));
		for (size_t i = 1; i < a.nr; i++) {
			const struct mmscope_slab *r = (const struct mmscope_slab *)a.records + i;

			ASSERT_GE(r->pfn, r[-1].pfn + r[-1].pages);
		}
		missing = missing_heads(&x, &y, &a);
		strange = strange_slabs(&x, &y, &a);
		nr = a.nr;
		answer_free(&a);
	}
	EXPECT_GT(nr, 500);
	EXPECT_EQ(0, missing);
	EXPECT_EQ(0, strange);
	frames_free(&x);
	frames_free(&y);
}

/* ---------------------------------------------------------------------- filters */

static size_t count_slabs(struct __test_metadata *_metadata, int fd, struct mmscope_walk_arg arg)
{
	struct answer a;
	size_t nr;

	ASSERT_EQ(0, walk_all(fd, arg, &a));
	nr = a.nr;
	answer_free(&a);
	return nr;
}

TEST_F(sweep, filters_choose)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLABS);
	const struct mmscope_slab *r;
	struct answer a;

	/* a cache that few objects come from while the test runs */
	snprintf(arg.name, sizeof(arg.name), "%s", "task_struct");
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	ASSERT_GT(a.nr, 1);
	r = a.records;
	for (size_t i = 0; i < a.nr; i++)
		EXPECT_STREQ("task_struct", r[i].cache);
	/* a range that begins inside a slab does not have it */
	ASSERT_GT(r[0].pages, 1);
	arg.start = r[0].pfn;
	arg.end = r[0].pfn + r[0].pages;
	EXPECT_EQ(1, count_slabs(_metadata, self->fd, arg));
	arg.start++;
	EXPECT_EQ(0, count_slabs(_metadata, self->fd, arg));
	answer_free(&a);

	arg = walk_arg(MMSCOPE_DS_SLABS);
	arg.class_mask = 1 << MMSCOPE_SLAB_FULL;
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	r = a.records;
	EXPECT_GT(a.nr, 100);
	for (size_t i = 0; i < a.nr; i++)
		EXPECT_EQ(MMSCOPE_SLAB_FULL, r[i].state);
	answer_free(&a);

	snprintf(arg.name, sizeof(arg.name), "%s", "no such cache");
	EXPECT_EQ(0, count_slabs(_metadata, self->fd, arg));
	memset(arg.name, 0, sizeof(arg.name));
	arg.owner = 1;
	EXPECT_EQ(0, count_slabs(_metadata, self->fd, arg));
	arg.owner = 0;
	arg.node = 63;
	EXPECT_EQ(0, count_slabs(_metadata, self->fd, arg));
}

TEST_HARNESS_MAIN

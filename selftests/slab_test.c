// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `slab_caches` against /proc/slabinfo and /sys/kernel/slab.
 */
#include <kselftest_harness.h>

#include <stddef.h>

#include "common.h"
#include "slabs.h"

FIXTURE(slab) {
	int fd;
	struct answer a;
};

FIXTURE_SETUP(slab)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_SLAB_CACHES);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &self->a));
	ASSERT_GT(self->a.nr, 50);
}

FIXTURE_TEARDOWN(slab)
{
	answer_free(&self->a);
	close(self->fd);
}

/* ------------------------------------------------------------- /proc/slabinfo */

struct slabinfo {
	char name[64];
	uint64_t active_objs, num_objs, objsize, objperslab, pagesperslab, active_slabs, num_slabs;
};

#define SLABINFO_MAX 1024

/* Returns how many, 0 if a line was not understood. */
static size_t read_slabinfo(struct slabinfo *s)
{
	char *text = read_file("/proc/slabinfo"), *save = NULL, *line;
	size_t nr = 0;

	line = strtok_r(text, "\n", &save);
	if (!line || strncmp(line, "slabinfo - version: 2.1", 23))
		goto out;
	for (line = strtok_r(NULL, "\n", &save); line && nr < SLABINFO_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		if (sscanf(line,
			   "%63s %lu %lu %lu %lu %lu : tunables %*u %*u %*u : slabdata %lu %lu",
			   s->name, &s->active_objs, &s->num_objs, &s->objsize, &s->objperslab,
			   &s->pagesperslab, &s->active_slabs, &s->num_slabs) != 8) {
			nr = 0;
			break;
		}
		s++;
		nr++;
	}
out:
	free(text);
	return nr;
}

TEST_F(slab, caches_are_those_of_slabinfo)
{
	struct slabinfo *info = calloc(SLABINFO_MAX, sizeof(*info));
	size_t i, nr = read_slabinfo(info);

	ASSERT_EQ(nr, self->a.nr);
	/* slabinfo begins with the newest, we with the oldest */
	for (i = 0; i < nr; i++)
		EXPECT_STREQ(info[nr - 1 - i].name, caches(&self->a)[i].name);
	free(info);
}

static bool slabinfo_equal(const struct mmscope_slab_cache *r, const struct slabinfo *x,
			   const struct slabinfo *y)
{
	return between(r->inuse_objects, x->active_objs, y->active_objs) &&
	       between(r->total_objects, x->num_objs, y->num_objs) &&
	       between(r->slabs, x->num_slabs, y->num_slabs) &&
	       between(r->slabs, x->active_slabs, y->active_slabs);
}

TEST_F_TIMEOUT(slab, every_number_of_slabinfo_is_the_same, 120)
{
	struct slabinfo *x = calloc(SLABINFO_MAX, sizeof(*x));
	struct slabinfo *y = calloc(SLABINFO_MAX, sizeof(*y));
	bool passed[SLABINFO_MAX] = { 0 };
	size_t i, nr, open = 1;
	int tries;

	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		nr = read_slabinfo(x);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		ASSERT_EQ(nr, read_slabinfo(y));
		ASSERT_EQ(nr, a.nr);
		for (i = 0, open = 0; i < nr; i++) {
			const struct mmscope_slab_cache *r = &caches(&a)[nr - 1 - i];

			ASSERT_STREQ(x[i].name, r->name);
			EXPECT_EQ(x[i].objsize, r->size_bytes);
			EXPECT_EQ(x[i].objperslab, r->objects_per_slab);
			EXPECT_EQ(x[i].pagesperslab, 1UL << r->order);
			passed[i] |= slabinfo_equal(r, &x[i], &y[i]);
			if (!passed[i] && tries == TRIES - 1)
				TH_LOG("%s: %llu slabs, %llu objects, %llu in use, not %lu, %lu, %lu",
				       r->name, r->slabs, r->total_objects, r->inuse_objects,
				       x[i].num_slabs, x[i].num_objs, x[i].active_objs);
			open += !passed[i];
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(x);
	free(y);
}

/* ------------------------------------------------------------ /sys/kernel/slab */

/* flags that sysfs has an attribute for; `known` are those that were there */
static uint64_t slab_flags(const char *cache, uint64_t *known)
{
	static const struct {
		const char *attribute;
		uint64_t flag;
	} flags[] = {
		{ "hwcache_align", MMSCOPE_SLAB_HWCACHE_ALIGN },
		{ "cache_dma", MMSCOPE_SLAB_CACHE_DMA },
		{ "destroy_by_rcu", MMSCOPE_SLAB_TYPESAFE_BY_RCU },
		{ "reclaim_account", MMSCOPE_SLAB_RECLAIM_ACCOUNT },
		{ "red_zone", MMSCOPE_SLAB_RED_ZONE },
		{ "poison", MMSCOPE_SLAB_POISON },
		{ "store_user", MMSCOPE_SLAB_STORE_USER },
		{ "sanity_checks", MMSCOPE_SLAB_CONSISTENCY_CHECKS },
		{ "trace", MMSCOPE_SLAB_TRACE },
	};
	uint64_t set = 0;
	size_t f;

	for (f = 0, *known = 0; f < ARRAY_LEN(flags); f++) {
		uint64_t value = slab_number(cache, flags[f].attribute);

		if (value != MMSCOPE_UNKNOWN)
			*known |= flags[f].flag;
		if (value == 1)
			set |= flags[f].flag;
	}
	return set;
}

TEST_F_TIMEOUT(slab, every_setting_in_sysfs_is_the_same, 120)
{
	size_t i;

	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_slab_cache *r = &caches(&self->a)[i];
		uint64_t known, flags = slab_flags(r->name, &known);

		EXPECT_EQ(slab_number(r->name, "object_size"), r->object_size_bytes);
		EXPECT_EQ(slab_number(r->name, "slab_size"), r->size_bytes);
		EXPECT_EQ(slab_number(r->name, "align"), r->align_bytes);
		EXPECT_EQ(slab_number(r->name, "order"), r->order);
		EXPECT_EQ(slab_number(r->name, "objs_per_slab"), r->objects_per_slab);
		EXPECT_EQ(slab_number(r->name, "aliases"), r->aliases);
		EXPECT_EQ(flags, r->flags & known);
		EXPECT_TRUE(known & MMSCOPE_SLAB_HWCACHE_ALIGN);
	}
}

/* sysfs has "init_once+0x0/0x10 [ext4]", we "init_once [ext4]" */
TEST_F(slab, constructors_are_those_of_sysfs)
{
	size_t i, nr = 0;

	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_slab_cache *r = &caches(&self->a)[i];
		char theirs[256], *plus, *module;

		ASSERT_TRUE(slab_text(r->name, "ctor", theirs, sizeof(theirs)));
		plus = strchr(theirs, '+');
		module = strchr(theirs, ' ');
		if (plus)
			memmove(plus, module ?: "", strlen(module ?: "") + 1);
		EXPECT_STREQ(theirs, r->ctor);
		nr += *r->ctor != '\0';
	}
	EXPECT_GT(nr, 5);
}

static const struct count {
	const char *attribute;
	size_t ours, plus;	/* plus: what is added, 0: nothing */
} counts[] = {
	{ "slabs", offsetof(struct mmscope_slab_cache, slabs), 0 },
	{ "total_objects", offsetof(struct mmscope_slab_cache, total_objects), 0 },
	{ "objects", offsetof(struct mmscope_slab_cache, inuse_objects), 0 },
	{ "partial", offsetof(struct mmscope_slab_cache, partial_slabs), 0 },
	{ "cpu_slabs", offsetof(struct mmscope_slab_cache, cpu_slabs),
	  offsetof(struct mmscope_slab_cache, cpu_partial_slabs) },
};

#define NR_COUNTS ARRAY_LEN(counts)

static uint64_t our_count(const struct mmscope_slab_cache *r, const struct count *c)
{
	uint64_t plus = c->plus ? *(const uint64_t *)((const char *)r + c->plus) : 0;

	return *(const uint64_t *)((const char *)r + c->ours) + plus;
}

struct counted {
	uint64_t before[NR_COUNTS], after[NR_COUNTS];
	bool passed[NR_COUNTS];
	bool open;
};

static void read_counts(const struct answer *a, size_t i, uint64_t *value, slab_read_fn *number)
{
	size_t c;

	for (c = 0; c < NR_COUNTS; c++)
		value[c] = number(caches(a)[i].name, counts[c].attribute);
}

static void compare_counts(struct counted *t, const struct mmscope_slab_cache *r, bool last,
			   struct __test_metadata *_metadata)
{
	size_t c;

	for (c = 0, t->open = false; c < NR_COUNTS; c++) {
		uint64_t ours = our_count(r, &counts[c]);

		t->passed[c] |= between(ours, t->before[c], t->after[c]);
		t->open |= !t->passed[c];
		if (last && !t->passed[c])
			TH_LOG("%s %s: %lu in %lu..%lu", r->name, counts[c].attribute, ours,
			       t->before[c], t->after[c]);
	}
}

TEST_F_TIMEOUT(slab, every_count_in_sysfs_is_the_same, 240)
{
	struct counted *t = calloc(self->a.nr, sizeof(*t));
	size_t i, open = self->a.nr;
	int tries;

	for (i = 0; i < self->a.nr; i++)
		t[i].open = true;
	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		for (i = 0; i < self->a.nr; i++)
			if (t[i].open)
				read_counts(&self->a, i, t[i].before, slab_number);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		ASSERT_EQ(self->a.nr, a.nr);
		for (i = 0, open = 0; i < a.nr; i++) {
			if (!t[i].open)
				continue;
			read_counts(&self->a, i, t[i].after, slab_most);
			compare_counts(&t[i], &caches(&a)[i], tries == TRIES - 1, _metadata);
			open += t[i].open;
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(t);
}

/* "7 N0=4 N1=3": a node without any is left out */
static uint64_t node_count(const char *text, int node)
{
	char key[16], *p;

	snprintf(key, sizeof(key), " N%d=", node);
	p = strstr(text, key);
	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

static bool nodes_equal(const char *before, const char *after, const struct mmscope_slab_cache *r)
{
	int node;

	for (node = 0; node < MMSCOPE_NR_NODES; node++)
		if (!between(r->partial[node], node_count(before, node), node_count(after, node)))
			return false;
	return true;
}

TEST_F_TIMEOUT(slab, partial_slabs_of_each_node_are_those_of_sysfs, 120)
{
	char (*before)[256] = calloc(self->a.nr, sizeof(*before)), after[256];
	bool *passed = calloc(self->a.nr, sizeof(*passed));
	size_t i, open = 1;
	int tries;

	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		for (i = 0; i < self->a.nr; i++)
			slab_text(caches(&self->a)[i].name, "partial", before[i], sizeof(*before));
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		ASSERT_EQ(self->a.nr, a.nr);
		for (i = 0, open = 0; i < a.nr; i++) {
			ASSERT_TRUE(slab_text(caches(&a)[i].name, "partial", after, sizeof(after)));
			passed[i] |= nodes_equal(before[i], after, &caches(&a)[i]);
			open += !passed[i];
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(before);
	free(passed);
}

/* ------------------------------------------------------------------- arithmetic */

TEST_F(slab, numbers_of_a_record_belong_together)
{
	size_t i;

	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_slab_cache *r = &caches(&self->a)[i];
		uint64_t full = (r->slabs << r->order) * getpagesize();

		uint64_t partial = 0;
		int node;

		for (node = 0; node < MMSCOPE_NR_NODES; node++)
			partial += r->partial[node];
		EXPECT_EQ(partial, r->partial_slabs);
		EXPECT_EQ(r->total_objects - r->inuse_objects, r->free_objects);
		EXPECT_LE(r->inuse_min_objects, r->inuse_objects);
		EXPECT_EQ(r->free_objects * r->size_bytes, r->free_bytes);
		EXPECT_EQ(r->memory_bytes - r->total_objects * r->object_size_bytes,
			  r->padding_bytes);
		EXPECT_GE(r->memory_bytes, r->total_objects * r->size_bytes);
		EXPECT_LE(r->memory_bytes, full);
		if (r->total_objects == r->slabs * r->objects_per_slab) {
			EXPECT_EQ(full, r->memory_bytes);
		}
	}
}

/* ------------------------------------------------------------------------ resume */

TEST_F(slab, one_record_at_a_time_gives_the_same_caches)
{
	struct answer one;
	size_t i;

	ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), 1, &one));
	ASSERT_EQ(self->a.nr, one.nr);
	EXPECT_GE(one.calls, one.nr);
	for (i = 0; i < one.nr; i++)
		EXPECT_STREQ(caches(&self->a)[i].name, caches(&one)[i].name);
	answer_free(&one);
}

TEST_F(slab, a_cursor_beyond_the_last_cache_is_the_end)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLAB_CACHES);
	struct answer a;

	arg.cursor.pos = ~0ULL;
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	EXPECT_EQ(0, a.nr);
	answer_free(&a);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `slab_caches` against /proc/slabinfo, /sys/kernel/slab and
 * /proc/meminfo, and against objects that the test itself makes.
 */
#include <kselftest_harness.h>

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <time.h>

#include "common.h"

#define TRIES 50

FIXTURE(slab) {
	int fd;
	struct answer a;
};

static const struct mmscope_slab_cache *caches(const struct answer *a)
{
	return a->records;
}

static void pause_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

FIXTURE_SETUP(slab)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
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
		if (sscanf(line, "%63s %lu %lu %lu %lu %lu : tunables %*u %*u %*u : slabdata %lu %lu",
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

static bool between(uint64_t x, uint64_t a, uint64_t b)
{
	return (a <= x && x <= b) || (b <= x && x <= a);
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
				TH_LOG("%s: slabs %llu in %lu..%lu, objects %llu in %lu..%lu, in use %llu in %lu..%lu",
				       r->name, r->slabs, x[i].num_slabs, y[i].num_slabs,
				       r->total_objects, x[i].num_objs, y[i].num_objs,
				       r->inuse_objects, x[i].active_objs, y[i].active_objs);
			open += !passed[i];
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(x);
	free(y);
}

/* ------------------------------------------------------------ /sys/kernel/slab */

/* text of an attribute without the line end; false if there is none */
static bool slab_text(const char *cache, const char *attribute, char *text, size_t size)
{
	char path[192];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/%s", cache, attribute);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static uint64_t slab_number(const char *cache, const char *attribute)
{
	char text[256];

	return slab_text(cache, attribute, text, sizeof(text)) ? strtoull(text, NULL, 10) :
								 MMSCOPE_UNKNOWN;
}

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

static void read_counts(const struct answer *a, uint64_t (*value)[NR_COUNTS])
{
	size_t i, c;

	for (i = 0; i < a->nr; i++)
		for (c = 0; c < NR_COUNTS; c++)
			value[i][c] = slab_number(caches(a)[i].name, counts[c].attribute);
}

TEST_F_TIMEOUT(slab, every_count_in_sysfs_is_the_same, 240)
{
	uint64_t (*x)[NR_COUNTS] = calloc(self->a.nr, sizeof(*x));
	uint64_t (*y)[NR_COUNTS] = calloc(self->a.nr, sizeof(*y));
	bool (*passed)[NR_COUNTS] = calloc(self->a.nr, sizeof(*passed));
	size_t i, c, open = 1;
	int tries;

	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		read_counts(&self->a, x);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		ASSERT_EQ(self->a.nr, a.nr);
		read_counts(&self->a, y);
		for (i = 0, open = 0; i < a.nr; i++) {
			for (c = 0; c < NR_COUNTS; c++) {
				uint64_t ours = our_count(&caches(&a)[i], &counts[c]);

				passed[i][c] |= between(ours, x[i][c], y[i][c]);
				if (!passed[i][c] && tries == TRIES - 1)
					TH_LOG("%s %s: %lu in %lu..%lu", caches(&a)[i].name,
					       counts[c].attribute, ours, x[i][c], y[i][c]);
				open += !passed[i][c];
			}
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
	free(x);
	free(y);
	free(passed);
}

/* "7 N0=4 N1=3": a node without any is left out */
static bool nodes_equal(const char *text, const struct mmscope_slab_cache *r)
{
	uint64_t sum = 0;
	int node;

	for (node = 0; node < MMSCOPE_NR_NODES; node++) {
		char key[16], *p;

		snprintf(key, sizeof(key), " N%d=", node);
		p = strstr(text, key);
		if (r->partial[node] != (p ? strtoull(p + strlen(key), NULL, 10) : 0))
			return false;
		sum += r->partial[node];
	}
	return sum == r->partial_slabs;
}

TEST_F_TIMEOUT(slab, partial_slabs_of_each_node_are_those_of_sysfs, 120)
{
	bool passed[SLABINFO_MAX] = { 0 };
	size_t i, open = 1;
	int tries;

	for (tries = 0; tries < TRIES && open; tries++) {
		struct answer a;

		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		for (i = 0, open = 0; i < a.nr; i++) {
			char text[256];

			ASSERT_TRUE(slab_text(caches(&a)[i].name, "partial", text, sizeof(text)));
			passed[i] |= nodes_equal(text, &caches(&a)[i]);
			open += !passed[i];
		}
		answer_free(&a);
	}
	EXPECT_EQ(0, open);
}

/* ------------------------------------------------------------------- arithmetic */

TEST_F(slab, numbers_of_a_record_belong_together)
{
	size_t i;

	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_slab_cache *r = &caches(&self->a)[i];
		uint64_t full = (r->slabs << r->order) * getpagesize();

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

/* The kernel counts pages of slabs by themselves, wherever they come and go. */
TEST_F(slab, memory_of_reclaimable_caches_adds_up_to_meminfo)
{
	uint64_t theirs = 0, ours = 1;
	int tries;

	for (tries = 0; tries < TRIES && theirs != ours; tries++) {
		struct answer a;
		size_t i;

		/* reading it folds what CPUs keep of the counters to themselves */
		free(read_file("/proc/sys/vm/stat_refresh"));
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
		ASSERT_EQ(0, read_number("/proc/meminfo", "SReclaimable", &theirs));
		for (i = 0, ours = 0; i < a.nr; i++)
			if (caches(&a)[i].flags & MMSCOPE_SLAB_RECLAIM_ACCOUNT)
				ours += caches(&a)[i].memory_bytes / 1024;
		answer_free(&a);
	}
	EXPECT_EQ(theirs, ours);
	EXPECT_GT(ours, 0);
}

/* ------------------------------------------------------------- objects of our own */

/* The cache that objects of `name` come from: it may have been merged into another. */
static size_t find_cache(const struct answer *a, const char *name)
{
	char path[192], wanted[128] = "", target[128];
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (!strcmp(caches(a)[i].name, name))
			return i;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s", name);
	if (readlink(path, wanted, sizeof(wanted) - 1) < 0)
		return a->nr;
	for (i = 0; i < a->nr; i++) {
		memset(target, 0, sizeof(target));
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s", caches(a)[i].name);
		if (readlink(path, target, sizeof(target) - 1) > 0 && !strcmp(target, wanted))
			break;
	}
	return i;
}

static struct mmscope_slab_cache read_cache(struct __test_metadata *_metadata, int fd, size_t i)
{
	struct mmscope_slab_cache r;
	struct answer a;

	ASSERT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a));
	ASSERT_LT(i, a.nr);
	r = caches(&a)[i];
	answer_free(&a);
	return r;
}

/* an open file is one object of the cache "filp" */
static int *open_files(struct __test_metadata *_metadata, size_t nr)
{
	struct rlimit limit = { .rlim_cur = nr + 100, .rlim_max = nr + 100 };
	int *fds = calloc(nr, sizeof(*fds));
	size_t i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < nr; i++) {
		fds[i] = open("/dev/null", O_RDONLY);
		ASSERT_GE(fds[i], 0);
	}
	return fds;
}

TEST_F(slab, open_files_are_objects_in_use)
{
	const size_t nr = 2000, noise = 100;
	size_t filp = find_cache(&self->a, "filp"), i;
	struct mmscope_slab_cache before, with, after;
	int *fds, tries;

	ASSERT_LT(filp, self->a.nr);
	before = read_cache(_metadata, self->fd, filp);
	fds = open_files(_metadata, nr);
	with = read_cache(_metadata, self->fd, filp);
	/* the truth is between inuse_min_objects and inuse_objects, each time */
	EXPECT_GE(with.inuse_objects, before.inuse_min_objects + nr);
	EXPECT_LE(with.inuse_min_objects, before.inuse_objects + nr + noise);
	EXPECT_GE(with.inuse_objects, nr);
	EXPECT_GE(with.slabs, nr / with.objects_per_slab);

	for (i = 0; i < nr; i++)
		close(fds[i]);
	free(fds);
	/* files may be freed after a grace period */
	for (tries = 0; tries < TRIES; tries++) {
		after = read_cache(_metadata, self->fd, filp);
		if (after.inuse_objects + nr / 2 < with.inuse_objects)
			break;
		pause_ms(100);
	}
	EXPECT_LT(after.inuse_objects + nr / 2, with.inuse_objects);
}

static uint64_t longest_hold(int fd)
{
	uint64_t ns = 0;
	struct answer a;

	if (!walk_all(fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &a))
		ns = a.max_lock_ns;
	answer_free(&a);
	return ns;
}

/*
 * So many slabs that are partly used that not all are looked at: the estimate
 * must come close to what sysfs counts under the lock, slab by slab.
 */
TEST_F_TIMEOUT(slab, a_long_partial_list_is_estimated_and_marked, 120)
{
	size_t filp = find_cache(&self->a, "filp"), nr, i;
	struct mmscope_slab_cache r;
	uint64_t exact;
	int *fds, tries;

	ASSERT_LT(filp, self->a.nr);
	nr = 1000 * caches(&self->a)[filp].objects_per_slab;
	fds = open_files(_metadata, nr);
	for (i = 0; i < nr; i++)
		if (i % 8)
			close(fds[i]);
	for (tries = 0; tries < TRIES; tries++) {
		r = read_cache(_metadata, self->fd, filp);
		if (r.partial_slabs > 600)
			break;
		pause_ms(100);
	}
	ASSERT_GT(r.partial_slabs, 600);
	EXPECT_TRUE(r.state & MMSCOPE_LIST_CUT);
	exact = slab_number(r.name, "objects");
	TH_LOG("%llu partial slabs, %llu objects in use of exactly %lu; longest hold %lu ns",
	       r.partial_slabs, r.inuse_objects, exact, longest_hold(self->fd));
	EXPECT_GT(r.inuse_objects, exact - exact / 5);
	EXPECT_LT(r.inuse_objects, exact + exact / 5);
	for (i = 0; i < nr; i += 8)
		close(fds[i]);
	free(fds);
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

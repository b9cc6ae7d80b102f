// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `slab_caches` against the kernel's count of slab pages, and against
 * objects that the test itself makes.
 */
#include <kselftest_harness.h>

#include <sys/resource.h>

#include "common.h"
#include "slabs.h"

FIXTURE(slab_use) {
	int fd;
	struct answer a;
};

FIXTURE_SETUP(slab_use)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_SLAB_CACHES);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_CACHES), &self->a));
	ASSERT_GT(self->a.nr, 50);
}

FIXTURE_TEARDOWN(slab_use)
{
	answer_free(&self->a);
	close(self->fd);
}

/* The kernel counts pages of slabs by themselves, wherever they come and go. */
TEST_F(slab_use, memory_of_reclaimable_caches_adds_up_to_meminfo)
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

TEST_F_TIMEOUT(slab_use, open_files_are_objects_in_use, 120)
{
	const size_t nr = 2000, noise = 100, few = 20;
	size_t filp = find_cache(&self->a, "filp"), i;
	struct mmscope_slab_cache before, loose, with, after;
	const char *name;
	int *fds, tries;

	ASSERT_LT(filp, self->a.nr);
	name = caches(&self->a)[filp].name;
	slab_shrink(name);
	before = read_cache(_metadata, self->fd, filp);
	fds = open_files(_metadata, nr);
	loose = read_cache(_metadata, self->fd, filp);
	slab_shrink(name);
	with = read_cache(_metadata, self->fd, filp);
	EXPECT_GE(with.inuse_objects + noise, before.inuse_objects + nr);
	EXPECT_LE(with.inuse_objects, before.inuse_objects + nr + noise);
	/* before, it was between these, as CPUs had slabs with free objects */
	EXPECT_GE(with.inuse_objects + few, loose.inuse_min_objects);
	EXPECT_LE(with.inuse_objects, loose.inuse_objects + few);
	EXPECT_EQ(loose.cpu_slabs > 0 || has_sheaves(name),
		  loose.inuse_min_objects < loose.inuse_objects);
	EXPECT_GE(with.slabs, nr / with.objects_per_slab);

	for (i = 0; i < nr; i++)
		close(fds[i]);
	free(fds);
	/* files may be freed after a grace period */
	for (tries = 0; tries < TRIES; tries++) {
		slab_shrink(name);
		after = read_cache(_metadata, self->fd, filp);
		if (after.inuse_objects <= before.inuse_objects + noise)
			break;
		pause_ms(100);
	}
	EXPECT_LE(after.inuse_objects, before.inuse_objects + noise);
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
TEST_F_TIMEOUT(slab_use, a_long_partial_list_is_estimated_and_marked, 120)
{
	size_t filp = find_cache(&self->a, "filp"), nr, i;
	struct mmscope_slab_cache r;
	const char *name;
	uint64_t exact;
	int *fds, tries;

	ASSERT_LT(filp, self->a.nr);
	name = caches(&self->a)[filp].name;
	nr = 700 * caches(&self->a)[filp].objects_per_slab;
	fds = open_files(_metadata, nr);
	for (i = 0; i < nr; i++)
		if (i % 8)
			close(fds[i]);
	/* files may be freed after a grace period: wait until hardly anything moves */
	for (tries = 0; tries < TRIES; tries++) {
		pause_ms(100);
		slab_shrink(name);
		exact = slab_number(name, "objects");
		r = read_cache(_metadata, self->fd, filp);
		if (r.partial_slabs > 512 &&
		    between(slab_number(name, "objects"), exact - 20, exact + 20))
			break;
	}
	ASSERT_LT(tries, TRIES)
		TH_LOG("%zu files, then %llu slabs, %llu partial, %llu objects in use", nr, r.slabs,
		       r.partial_slabs, r.inuse_objects);
	EXPECT_TRUE(r.state & MMSCOPE_LIST_CUT);
	TH_LOG("%llu partial slabs, %llu objects in use of exactly %lu; longest hold %lu ns",
	       r.partial_slabs, r.inuse_objects, exact, longest_hold(self->fd));
	EXPECT_GT(r.inuse_objects, exact - exact / 5);
	EXPECT_LT(r.inuse_objects, exact + exact / 5);
	for (i = 0; i < nr; i += 8)
		close(fds[i]);
	free(fds);
}

TEST_HARNESS_MAIN

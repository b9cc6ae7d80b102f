// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `slabs` and `slab_use`, and exact counts, against objects that the
 * test has planted itself: it knows of each which page it is on, and whether it
 * is in use.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <sys/wait.h>

#include "common.h"
#include "fixture.h"
#include "slabs.h"

#define MAX_OBJECTS (1 << 20)

FIXTURE(planted) {
	int fd;
	int fixture;
	uint32_t id;
	size_t nr;		/* objects planted */
	uint64_t *pfn;		/* of each */
	bool *freed;		/* is it? */
};

FIXTURE_SETUP(planted)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_SLAB_CACHES);
	self->fixture = fixture_load();
	ASSERT_GE(self->fixture, 0);
	self->pfn = calloc(MAX_OBJECTS, sizeof(*self->pfn));
	self->freed = calloc(MAX_OBJECTS, sizeof(*self->freed));
}

FIXTURE_TEARDOWN(planted)
{
	free(self->freed);
	free(self->pfn);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

/* ----------------------------------------------------------------- planting */

static void plant(struct __test_metadata *_metadata, FIXTURE_DATA(planted) *self, size_t nr,
		  size_t bytes)
{
	struct fixture_plant arg = {
		.what = FIXTURE_SLAB,
		.nr = nr,
		.bytes = bytes,
		.pfns = (uintptr_t)self->pfn,
		.room = MAX_OBJECTS,
	};

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(nr, arg.nr_pfns);
	self->id = arg.id;
	self->nr = nr;
	memset(self->freed, 0, MAX_OBJECTS * sizeof(*self->freed));
}

/* free the objects whose number has these bits so */
static void free_objects(struct __test_metadata *_metadata, FIXTURE_DATA(planted) *self,
			 size_t mask, size_t value)
{
	ASSERT_EQ(0, fixture_free_some(self->fixture, self->id, mask, value));
	for (size_t i = 0; i < self->nr; i++)
		if ((i & mask) == value)
			self->freed[i] = true;
}

static size_t living(const FIXTURE_DATA(planted) *self)
{
	size_t nr = 0;

	for (size_t i = 0; i < self->nr; i++)
		nr += !self->freed[i];
	return nr;
}

static size_t living_on(const FIXTURE_DATA(planted) *self, const struct mmscope_slab *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < self->nr; i++)
		nr += !self->freed[i] && self->pfn[i] >= r->pfn &&
		      self->pfn[i] < r->pfn + r->pages;
	return nr;
}

/* With debugging, CPUs have no slabs of their own, and no sheaves. */
static bool is_debug(void)
{
	return slab_number(FIXTURE_CACHE, "sanity_checks") == 1;
}

/* ----------------------------------------------------------------- our answers */

static struct mmscope_slab_cache read_cache(struct __test_metadata *_metadata, int fd,
					    uint32_t flags)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLAB_CACHES);
	struct mmscope_slab_cache rec;
	struct answer a;

	arg.flags = flags;
	ASSERT_EQ(0, walk_all(fd, arg, &a));
	/* the cache is the newest, so it is the last */
	ASSERT_STREQ(FIXTURE_CACHE, caches(&a)[a.nr - 1].name);
	rec = caches(&a)[a.nr - 1];
	if (flags)
		TH_LOG("slab_caches exact: longest hold %lu ns of %lu", a.max_lock_ns, a.locks);
	answer_free(&a);
	return rec;
}

static struct mmscope_slab_use read_use(struct __test_metadata *_metadata, int fd, uint32_t flags)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLAB_USE);
	const struct mmscope_slab_use *r;
	struct mmscope_slab_use rec;
	struct answer a;
	size_t last;

	arg.flags = flags;
	ASSERT_EQ(0, walk_all(fd, arg, &a));
	r = a.records;
	last = a.nr - 1 - !strcmp(r[a.nr - 1].name, "?");
	ASSERT_STREQ(FIXTURE_CACHE, r[last].name);
	rec = r[last];
	answer_free(&a);
	return rec;
}

static void read_slabs(struct __test_metadata *_metadata, int fd, struct answer *a)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLABS);

	snprintf(arg.name, sizeof(arg.name), "%s", FIXTURE_CACHE);
	ASSERT_EQ(0, walk_all(fd, arg, a));
}

/* ------------------------------------------------------------------ exact counts */

/* there, a CPU's lists change under a lock that no interrupt can take */
#define NO_EXACT "exact counts: PREEMPT_RT"

/* one of two CPUs, or the only one that there is */
static int run_on_one_of_two(unsigned int cpu)
{
	return run_on_cpu(cpu % sysconf(_SC_NPROCESSORS_ONLN));
}

/* @planter: the CPU that plants, @freer: that frees; the reader is on CPU 0 */
static void check_exact(struct __test_metadata *_metadata, FIXTURE_DATA(planted) *self,
			unsigned int planter, unsigned int freer, size_t bytes)
{
	struct mmscope_slab_cache cache, plain;
	struct mmscope_slab_use use;
	size_t alive;

	ASSERT_EQ(0, run_on_one_of_two(planter));
	plant(_metadata, self, 3001, bytes);
	ASSERT_EQ(0, run_on_one_of_two(freer));
	free_objects(_metadata, self, 7, 5);
	free_objects(_metadata, self, 15, 1);
	/* of the last objects: they are on the slab that the planter allocates from */
	free_objects(_metadata, self, 0xffe, 3000 & 0xffe);
	ASSERT_EQ(0, run_on_cpu(0));
	alive = living(self);
	if (is_debug())
		slab_shrink(FIXTURE_CACHE);

	plain = read_cache(_metadata, self->fd, 0);
	EXPECT_EQ(MMSCOPE_UNKNOWN, plain.cpu_free_objects);
	EXPECT_EQ(MMSCOPE_UNKNOWN, plain.inuse_exact_objects);
	cache = read_cache(_metadata, self->fd, MMSCOPE_WALK_EXACT);
	use = read_use(_metadata, self->fd, MMSCOPE_WALK_EXACT);
	TH_LOG("%zu bytes, CPUs %u, %u: %zu in use; slab_caches %llu, of them free %llu; slab_use %llu, %llu",
	       bytes, planter, freer, alive, cache.inuse_objects, cache.cpu_free_objects,
	       use.inuse_objects, use.cpu_free_objects);
	EXPECT_EQ(alive, cache.inuse_exact_objects);
	EXPECT_EQ(alive, use.inuse_exact_objects);
	EXPECT_EQ(alive + cache.cpu_free_objects, cache.inuse_objects);
	EXPECT_EQ(alive + use.cpu_free_objects, use.inuse_objects);
	/* the active slab of the planter is not full, so the question makes a difference */
	if (!is_debug()) {
		EXPECT_GT(use.cpu_free_objects, 0);
		EXPECT_LT(0, plain.inuse_objects - plain.inuse_min_objects);
	}
	EXPECT_LE(cache.inuse_min_objects, cache.inuse_exact_objects);
	/* on slabs of CPUs are also those that the slabs know of; sheaves are all there is */
	if (has_sheaves(FIXTURE_CACHE)) {
		EXPECT_EQ(cache.cpu_free_objects, use.cpu_free_objects);
	} else if (!is_debug()) {
		EXPECT_GT(cache.cpu_free_objects, use.cpu_free_objects);
	}
	ASSERT_EQ(0, fixture_free(self->fixture, self->id));
}

TEST_F_TIMEOUT(planted, exact_counts_are_what_was_planted, 120)
{
	static const size_t sizes[] = { 8, 40, 320, 1024, 4000 };

	if (kernel_is_rt())
		SKIP(return, NO_EXACT);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		check_exact(_metadata, self, 0, 0, sizes[i]);
		check_exact(_metadata, self, 1, 1, sizes[i]);
		check_exact(_metadata, self, 0, 1, sizes[i]);
		check_exact(_metadata, self, 1, 0, sizes[i]);
	}
}

/* CPUs are asked while they allocate and free: what they have is always understood. */
TEST_F_TIMEOUT(planted, exact_counts_of_a_busy_machine_are_between_the_bounds, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_SLAB_CACHES);
	const time_t end = time(NULL) + 40;
	pid_t child[4];
	uint64_t worst = 0;
	size_t odd = 0;
	int tries;

	if (kernel_is_rt())
		SKIP(return, NO_EXACT);
	for (size_t i = 0; i < ARRAY_LEN(child); i++) {
		child[i] = fork();
		ASSERT_GE(child[i], 0);
		while (!child[i]) {
			int fds[2];

			if (!pipe(fds)) {
				close(fds[0]);
				close(fds[1]);
			}
			close(open("/proc/self/status", O_RDONLY));
		}
	}
	arg.flags = MMSCOPE_WALK_EXACT;
	/* a slow machine has fewer walks */
	for (tries = 0; tries < 100 && time(NULL) < end; tries++) {
		struct answer a;

		ASSERT_EQ(0, walk_all(self->fd, arg, &a));
		for (size_t i = 0; i < a.nr; i++) {
			const struct mmscope_slab_cache *r = &caches(&a)[i];

			if (r->cpu_free_objects == MMSCOPE_UNKNOWN)
				odd++;
			else if (r->inuse_exact_objects != MMSCOPE_UNKNOWN)
				EXPECT_LE(r->inuse_exact_objects, r->inuse_objects);
		}
		if (a.max_lock_ns > worst)
			worst = a.max_lock_ns;
		answer_free(&a);
	}
	for (size_t i = 0; i < ARRAY_LEN(child); i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	EXPECT_EQ(0, odd);
	EXPECT_LT(0, tries);
	TH_LOG("longest hold of %d walks: %lu ns", tries, worst);
}

TEST_F(planted, exact_counts_are_for_caches_alone)
{
	static const uint32_t others[] = { MMSCOPE_DS_SLABS, MMSCOPE_DS_ZONES };
	char buf[4096];

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct mmscope_walk_arg arg = walk_arg(others[i]);

		arg.buf = (uintptr_t)buf;
		arg.buf_bytes = sizeof(buf);
		arg.flags = MMSCOPE_WALK_EXACT;
		errno = 0;
		EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
		EXPECT_EQ(EINVAL, errno);
	}
}

/* ----------------------------------------------------------------- slab by slab */

/* percent of objects in use, rounded up, as the names of the columns say */
static size_t fill_of(size_t inuse, size_t objects)
{
	size_t percent = (100 * inuse + objects - 1) / objects;

	if (inuse == objects)
		return 11;
	return inuse ? 1 + (percent > 99 ? 9 : (percent - 1) / 10) : 0;
}

TEST_F_TIMEOUT(planted, each_slab_has_the_objects_that_are_on_it, 120)
{
	uint64_t fill[MMSCOPE_NR_SLAB_FILLS] = { 0 }, inuse = 0;
	const struct mmscope_slab *r;
	struct mmscope_slab_use use;
	struct answer a;
	size_t per;

	ASSERT_EQ(0, run_on_cpu(0));
	plant(_metadata, self, 6000, 192);
	per = slab_number(FIXTURE_CACHE, "objs_per_slab");
	/* the later a slab was filled, the fewer objects are freed; some stay full */
	for (size_t i = 0; i < 64; i++)
		if (i % 3)
			free_objects(_metadata, self, 0xfff, 61 * i);
	free_objects(_metadata, self, 0x803, 0);
	free_objects(_metadata, self, 0xc01, 1);
	free_objects(_metadata, self, 0xf00, 0x100);
	slab_shrink(FIXTURE_CACHE);
	read_slabs(_metadata, self->fd, &a);
	r = a.records;
	for (size_t i = 0; i < a.nr; i++) {
		size_t alive = living_on(self, &r[i]);

		EXPECT_EQ(alive, r[i].inuse);
		EXPECT_EQ(per, r[i].objects);
		EXPECT_EQ(per - alive, r[i].free);
		EXPECT_EQ(1ULL << r[i].order, r[i].pages);
		EXPECT_EQ(alive == per ? MMSCOPE_SLAB_FULL : MMSCOPE_SLAB_PARTIAL, r[i].state);
		EXPECT_EQ(MMSCOPE_UNKNOWN32, r[i].cpu);
		inuse += r[i].inuse;
		fill[fill_of(alive, per)]++;
	}
	EXPECT_EQ(living(self), inuse);

	use = read_use(_metadata, self->fd, 0);
	EXPECT_EQ(a.nr, use.slabs);
	EXPECT_EQ(inuse, use.inuse_objects);
	EXPECT_EQ(fill[11], use.full_slabs);
	EXPECT_GT(fill[11], 0);
	for (size_t i = 0; i < MMSCOPE_NR_SLAB_FILLS; i++) {
		EXPECT_EQ(fill[i], use.fill[i]);
		if (fill[i])
			TH_LOG("fill %zu: %lu slabs", i, fill[i]);
	}
	EXPECT_EQ(use.slabs - (inuse + per - 1) / per, use.packable_slabs);
	answer_free(&a);
}

/* the CPU that plants keeps the last slab */
TEST_F(planted, the_slab_of_a_cpu_is_told_and_whose_it_is)
{
	const struct mmscope_slab *r;
	struct answer a;

	for (unsigned int cpu = 0; cpu < 2 && cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		uint64_t last;

		ASSERT_EQ(0, run_on_cpu(cpu));
		plant(_metadata, self, 1001, 200);
		ASSERT_EQ(0, run_on_one_of_two(!cpu));
		last = self->pfn[self->nr - 1];
		read_slabs(_metadata, self->fd, &a);
		r = a.records;
		for (size_t i = 0; i < a.nr; i++) {
			bool active = last >= r[i].pfn && last < r[i].pfn + r[i].pages;

			if (is_debug() || has_sheaves(FIXTURE_CACHE))
				active = false;
			EXPECT_EQ(active, r[i].state == MMSCOPE_SLAB_CPU);
			EXPECT_EQ(active ? cpu : MMSCOPE_UNKNOWN32, r[i].cpu);
		}
		answer_free(&a);
		ASSERT_EQ(0, fixture_free(self->fixture, self->id));
	}
}

/* ----------------------------------------------------------------------- packing */

/* One object is left on each slab: then all fit into a known number of slabs. */
TEST_F(planted, one_object_a_slab_can_be_packed)
{
	struct mmscope_slab_use use;
	size_t per, slabs = 50;

	ASSERT_EQ(0, run_on_cpu(0));
	plant(_metadata, self, 1, 128);
	per = slab_number(FIXTURE_CACHE, "objs_per_slab");
	ASSERT_EQ(0, fixture_free(self->fixture, self->id));
	/* objects of a fresh cache fill slab after slab */
	plant(_metadata, self, slabs * per, 128);
	for (size_t i = 0; i < slabs * per; i++)
		if (i % per)
			free_objects(_metadata, self, MAX_OBJECTS - 1, i);
	slab_shrink(FIXTURE_CACHE);
	use = read_use(_metadata, self->fd, 0);
	EXPECT_EQ(slabs, use.slabs);
	EXPECT_EQ(slabs, use.inuse_objects);
	EXPECT_EQ(slabs, use.fill[fill_of(1, per)]);
	EXPECT_EQ(slabs, use.partial_slabs);
	EXPECT_EQ(slabs - (slabs + per - 1) / per, use.packable_slabs);
	EXPECT_EQ(use.packable_slabs << slab_number(FIXTURE_CACHE, "order"), use.packable_pages);
	TH_LOG("%llu of %llu pages could be freed", use.packable_pages, use.pages);
}

/* ----------------------------------------------------------------------- torture */

/* as many partial slabs as the guest has room for, while others allocate and free */
TEST_F_TIMEOUT(planted, very_many_partial_slabs_take_no_lock, 240)
{
	struct answer a, use;
	size_t order, slabs, nr = kernel_has_kasan() ? MAX_OBJECTS / 16 : MAX_OBJECTS;
	pid_t child;

	plant(_metadata, self, nr, 256);
	order = slab_number(FIXTURE_CACHE, "order");
	free_objects(_metadata, self, 1, 1);
	slab_shrink(FIXTURE_CACHE);
	slabs = slab_number(FIXTURE_CACHE, "slabs");
	EXPECT_GT(slab_number(FIXTURE_CACHE, "partial"), nr / 2 / 32);
	child = fork();
	ASSERT_GE(child, 0);
	while (!child)
		close(open("/proc/self/status", O_RDONLY));

	read_slabs(_metadata, self->fd, &a);
	EXPECT_EQ(slabs, a.nr);
	EXPECT_EQ(0, a.locks);
	EXPECT_EQ(0, a.max_lock_ns);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_SLAB_USE), &use));
	EXPECT_EQ(0, use.locks);
	answer_free(&use);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	TH_LOG("%zu slabs of order %zu, %lu partial", slabs, order,
	       slab_number(FIXTURE_CACHE, "partial"));
	if (!kernel_is_rt())
		EXPECT_EQ(nr / 2, read_use(_metadata, self->fd,
					   MMSCOPE_WALK_EXACT).inuse_exact_objects);
	answer_free(&a);
}

TEST_HARNESS_MAIN

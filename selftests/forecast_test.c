// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `forecast` against what comes: blocks that the allocator gives,
 * huge pages that it makes, blocks that are free after compaction.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "fixture.h"

#define PMD_ORDER	ORDER_2M
#define NR_HUGEPAGES	"/proc/sys/vm/nr_hugepages"
#define HIGH_FRACTION	"/proc/sys/vm/percpu_pagelist_high_fraction"
/* movable memory at once or not at all, without a claim on reserves */
#define NO_WAIT		"GFP_TRANSHUGE_LIGHT"
#define TRIES		5
#define MAX_NODES	64
/* blocks that a reader takes its own memory from: one of user space's kind, one of the kernel's */
#define READERS_OWN	2
/* blocks without which a test would not say much: 200M */
#define ENOUGH		((200UL << 20) / HUGE_2M)

FIXTURE(forecast) {
	int fd;
	int fixture;
};

/* what the zones can give together */
struct sums {
	uint64_t blocks;
	uint64_t free;
	uint64_t now;
	uint64_t compacted;
	uint64_t reclaimed;
	uint64_t bound;
	size_t zones;
	uint64_t now_of_node[MAX_NODES];
};

static int write_number(const char *path, uint64_t value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	char text[24];
	int len = snprintf(text, sizeof(text), "%lu", (long)value), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, len) == len ? 0 : -errno;
	close(fd);
	return err;
}

static uint64_t whole_number(const char *path)
{
	char *text = read_file(path);
	uint64_t value = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return value;
}

/* Free pages on the lists of CPUs, up to an eighth of memory, keep blocks from merging. */
static int short_lists(void)
{
	return write_number(HIGH_FRACTION, 1000000);
}

/* Boosts of watermarks, which would go away at any moment, are gone with new watermarks. */
static int no_boosts(void)
{
	static const char path[] = "/proc/sys/vm/min_free_kbytes";

	return write_number("/proc/sys/vm/watermark_boost_factor", 0) |
	       write_number(path, whole_number(path));
}

/* kcompactd compacts of its own accord when it finds memory fragmented */
static int no_compaction(void)
{
	return write_number("/proc/sys/vm/compaction_proactiveness", 0);
}

FIXTURE_SETUP(forecast)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	ASSERT_EQ(0, short_lists());
	ASSERT_EQ(0, no_boosts());
	ASSERT_EQ(0, no_compaction());
	ASSERT_EQ(0, write_number("/proc/sys/vm/compact_memory", 1));
}

FIXTURE_TEARDOWN(forecast)
{
	write_number(NR_HUGEPAGES, 0);
	write_number(HIGH_FRACTION, 0);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

static int read_forecast(int fd, struct sums *s)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FORECAST);
	const struct mmscope_forecast *f;
	struct answer a;
	int err;

	memset(s, 0, sizeof(*s));
	arg.class_mask = 1 << PMD_ORDER;
	err = walk_all(fd, arg, &a);
	for (size_t i = 0; !err && i < a.nr; i++) {
		f = (const struct mmscope_forecast *)a.records + i;
		s->blocks += f->blocks;
		s->free += f->free_blocks;
		s->now += f->now_blocks;
		if (f->node < MAX_NODES)
			s->now_of_node[f->node] += f->now_blocks;
		s->compacted += f->compacted_blocks;
		s->reclaimed += f->reclaimed_blocks;
		s->bound += f->bound_blocks;
		s->zones++;
	}
	answer_free(&a);
	return err;
}

/* blocks of 2M, larger ones counted fully, in lines that have a number of each order */
static uint64_t blocks_in(const char *path, const char *lines, const char *before)
{
	char *text = read_file(path), *line, *save = NULL;
	uint64_t sum = 0;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *p = strstr(line, before), *end;
		unsigned int order;

		if (!p || !strstr(line, lines))
			continue;
		for (p += strlen(before); *p == ' '; p++)
			;
		p += strcspn(p, " ");
		for (order = 0; ; order++, p = end) {
			uint64_t nr = strtoull(p, &end, 10);

			if (end == p)
				break;
			if (order >= PMD_ORDER)
				sum += nr << (order - PMD_ORDER);
		}
	}
	free(text);
	return sum;
}

/* on the lists that are kept for atomic allocations */
static uint64_t atomic_now(void)
{
	return blocks_in("/proc/pagetypeinfo", "HighAtomic", "type");
}

/* free blocks, but for those */
static uint64_t free_now(void)
{
	return blocks_in("/proc/buddyinfo", "zone", "zone") - atomic_now();
}

/* allocations that had to wait: the sum of some counters of /proc/vmstat */
static uint64_t stalls(void)
{
	static const char *const names[] = {
		"compact_stall", "allocstall_dma", "allocstall_dma32", "allocstall_normal",
		"allocstall_movable",
	};
	uint64_t sum = 0, value;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!read_number("/proc/vmstat", names[i], &value))
			sum += value;
	return sum;
}

static void settle(void)
{
	struct timespec pause = { .tv_nsec = 300 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

/* ------------------------------------------------------------ fragmentation */

/*
 * A process with so much of free memory, of which it gives back a part, at random:
 * compaction looks for free pages at regular distances and may miss a pattern.
 */
static pid_t fragment(unsigned int percent, unsigned int keep_ppm)
{
	uint64_t kb, random = 88172645463325252ULL;
	size_t bytes, i;
	int ready[2];
	pid_t child;
	char c;

	if (read_number("/proc/meminfo", "MemFree", &kb) || pipe(ready))
		return -1;
	bytes = kb * 1024 / 100 * percent / PAGE * PAGE;
	child = fork();
	if (!child) {
		char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		madvise(mem, bytes, MADV_NOHUGEPAGE);
		for (i = 0; i < bytes; i += PAGE)
			mem[i] = 1;
		for (i = 0; i < bytes; i += PAGE) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (random % 1000000 >= keep_ppm)
				madvise(mem + i, PAGE, MADV_DONTNEED);
		}
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		child = -1;
	close(ready[0]);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* ------------------------------------------------------------------- now */

/*
 * A reader takes some memory for itself, and the kernel takes that from the largest block
 * there is when it has no small piece of its own kind: one less while it reads, and as many
 * as ever before and after. Tables of pages are of that kind: groups of eight are freed,
 * and others that stay keep them apart.
 */
static int free_small_pieces(void)
{
	const size_t nr = 1024, group = 8;
	char *mem = mmap(NULL, nr * HUGE_2M, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return -1;
	madvise(mem, nr * HUGE_2M, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < nr; i++)
		mem[i * HUGE_2M] = 1;
	for (size_t i = 0; i < nr; i += 2 * group)
		if (munmap(mem + i * HUGE_2M, group * HUGE_2M))
			return -1;
	return 0;
}

TEST_F(forecast, now_is_what_buddyinfo_has)
{
	struct sums s;
	uint64_t before, after;
	int i;

	ASSERT_EQ(0, free_small_pieces());
	for (i = 0; i < 4 * TRIES; i++) {
		before = free_now();
		ASSERT_EQ(0, read_forecast(self->fd, &s));
		after = free_now();
		/* as many: nothing came or went within, nor was any of them the reader's own */
		if (before == after && before == s.free)
			break;
		settle();
	}
	TH_LOG("%lu free before, %lu after, try %d", (long)before, (long)after, i + 1);
	ASSERT_EQ(before, after);
	TH_LOG("%lu blocks, %lu free, %lu now, %lu compacted, %lu reclaimed, %lu bound",
	       (long)s.blocks, (long)s.free, (long)s.now, (long)s.compacted, (long)s.reclaimed,
	       (long)s.bound);
	EXPECT_LT(0, s.free);
	EXPECT_LE(before, s.free + READERS_OWN);
	/* a block of 4M on a list for atomic allocations may be so in one half only */
	EXPECT_GE(before + atomic_now() / 2, s.free);
	EXPECT_LE(s.now, s.free);
	EXPECT_LE(s.free, s.compacted);
	EXPECT_LE(s.compacted, s.reclaimed);
	EXPECT_LE(s.reclaimed, s.bound);
	EXPECT_LT(s.bound, s.blocks);
}

/* blocks of 2M on the lists of CPUs, or @all pages there: given first, or merged */
static uint64_t listed(bool all)
{
	char *text = read_file(DEBUGFS "/pcp"), *line, *save = NULL, *word, *words = NULL;
	unsigned int column[8], nr = 0, i;
	uint64_t sum = 0;

	line = strtok_r(text, "\n", &save);
	for (i = 0, word = strtok_r(line, " ", &words); word;
	     word = strtok_r(NULL, " ", &words), i++)
		if ((all ? !strcmp(word, "count_pages") : !!strstr(word, "list.huge")) &&
		    nr < ARRAY_LEN(column))
			column[nr++] = i;
	while ((line = strtok_r(NULL, "\n", &save))) {
		for (i = 0, word = strtok_r(line, " ", &words); word;
		     word = strtok_r(NULL, " ", &words), i++)
			for (unsigned int c = 0; c < nr; c++)
				sum += column[c] == i ? strtoull(word, NULL, 10) : 0;
	}
	free(text);
	/* where there are no huge pages, no list has blocks as large */
	if (!nr)
		return !all && !has_thp() ? 0 : ~0ULL;
	return all ? sum / PAGES_2M + 1 : sum;
}

/* blocks that a boost of the watermarks keeps, which goes away at any moment */
static uint64_t boosted(void)
{
	char *text = read_file("/proc/zoneinfo"), *p = text;
	uint64_t sum = 0;

	while ((p = strstr(p, "\n        boost"))) {
		p += strlen("\n        boost");
		sum += strtoull(p, NULL, 10);
	}
	free(text);
	return (sum + PAGES_2M - 1) / PAGES_2M;
}

/* one forecast while nothing moves, and what is really given to the last block */
static int forecast_and_take(FIXTURE_DATA(forecast) *self, bool all, struct sums *s,
			     uint64_t *extra)
{
	uint64_t before = 0, after = 1;
	uint32_t id;
	int got;

	for (int i = 0; i < TRIES && before != after; i++) {
		settle();
		before = free_now();
		if (read_forecast(self->fd, s))
			return -1;
		*extra = listed(all) + boosted();
		after = free_now();
	}
	got = fixture_hold(self->fixture, s->blocks, PMD_ORDER, NO_WAIT, FIXTURE_ANY_NODE, &id);
	return fixture_free(self->fixture, id) ? -1 : got;
}

/*
 * Blocks that are really given to somebody who does not wait, to the last. Those
 * on the lists of CPUs come on top, and @all small pages there may merge meanwhile.
 * Others take and give blocks, too: once in a few tries they do not, or by little.
 */
static void take_all(struct __test_metadata *_metadata, FIXTURE_DATA(forecast) *self, bool all)
{
	struct sums s = { 0 };
	uint64_t extra = 0;
	int got = -1;

	for (int i = 0; i < TRIES; i++) {
		got = forecast_and_take(self, all, &s, &extra);
		ASSERT_LE(0, got);
		if (s.now <= (uint64_t)got && s.now + extra >= (uint64_t)got)
			break;
	}
	TH_LOG("forecast %lu of %lu free, got %d; %lu on lists of CPUs or boosted", (long)s.now,
	       (long)s.free, got, (long)extra);
	EXPECT_LT(ENOUGH, s.now);
	EXPECT_GT(s.now / 4, extra);
	EXPECT_LE(s.now, got + s.now / 50);
	EXPECT_GE(s.now + extra + s.now / 50, got);
}

TEST_F(forecast, the_allocator_gives_as_many_as_now)
{
	take_all(_metadata, self, false);
}

TEST_F(forecast, the_allocator_gives_as_many_as_now_when_fragmented)
{
	/* about one page of a block stays */
	pid_t child = fragment(50, 1024000 / PAGES_2M);

	ASSERT_LT(0, child);
	take_all(_metadata, self, true);
	end(child);
}

/*
 * Huge pages for the pool, from each node as many as are foretold for it: asked for
 * in one number they come from the nodes in turn, however little one of them has.
 */
static int take_huge(const struct sums *s)
{
	char path[96];
	int err = 0;

	for (unsigned int node = 0; node < MAX_NODES && !err; node++) {
		if (!s->now_of_node[node])
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/hugepages/"
			 "hugepages-%lukB/nr_hugepages", node, HUGE_2M >> 10);
		err = write_number(path, s->now_of_node[node]);
	}
	return err;
}

TEST_F(forecast, so_many_hugetlb_pages_come_without_waiting)
{
	uint64_t before, stalled = 1, got = 0, more = 0, most = 0;
	struct sums s = { 0 };
	bool exceeded = false;

	/*
	 * Others may take the last block in between, or kswapd and kcompactd make some:
	 * once in a few tries nobody does.
	 */
	for (int i = 0; i < TRIES && (stalled || got != s.now || exceeded); i++) {
		write_number(NR_HUGEPAGES, 0);
		settle();
		ASSERT_EQ(0, read_forecast(self->fd, &s));
		most = s.now + listed(true) + boosted() + s.now / 50 + 4;
		before = stalls();
		ASSERT_EQ(0, take_huge(&s));
		got = whole_number(NR_HUGEPAGES);
		stalled = stalls() - before;
		/* more than there is even on the lists of CPUs: it waits or fails */
		write_number(NR_HUGEPAGES, most);
		more = whole_number(NR_HUGEPAGES);
		exceeded = more >= most && stalls() == before;
	}
	TH_LOG("%lu without waiting, then %lu of %lu", (long)got, (long)more, (long)most);
	EXPECT_LT(ENOUGH, s.now);
	EXPECT_EQ(s.now, got);
	EXPECT_EQ(0, stalled);
	EXPECT_FALSE(exceeded);
}

/* ------------------------------------------------------------ after compaction */

/* lost where the scanners meet and where some slab stays: of few blocks that is a part */
#define LOST	(PAGE > 4096 ? 3 : 0)

static double off(uint64_t forecast, uint64_t real)
{
	double diff = forecast > real ? forecast - real : real - forecast;

	if (diff <= LOST)
		return 0;
	return real ? diff * 100 / real : forecast ? 100 : 0;
}

/*
 * Free blocks after compaction. One run passes over some free pages, as it looks
 * for them in strides after a stretch without any; the next one finds them.
 */
static uint64_t compact(void)
{
	uint64_t real = 0;

	for (int i = 0; i < 3; i++) {
		write_number("/proc/sys/vm/compact_memory", 1);
		settle();
		real = free_now();
		printf("# after %d runs: %lu blocks free\n", i + 1, (long)real);
	}
	return real;
}

FIXTURE(compaction) {
	int fd;
};

FIXTURE_VARIANT(compaction) {
	unsigned int percent;	/* of free memory that is filled, */
	unsigned int keep_ppm;	/* and of it what is kept */
};

FIXTURE_VARIANT_ADD(compaction, half) { 80, 500000 };
FIXTURE_VARIANT_ADD(compaction, one_in_eight) { 80, 125000 };

FIXTURE_SETUP(compaction)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, short_lists());
	ASSERT_EQ(0, no_compaction());
	write_number("/proc/sys/vm/compact_memory", 1);
}

FIXTURE_TEARDOWN(compaction)
{
	write_number(HIGH_FRACTION, 0);
	close(self->fd);
}

TEST_F(compaction, frees_as_many_as_forecast)
{
	pid_t child = fragment(variant->percent, variant->keep_ppm);
	struct sums s;
	uint64_t real;

	ASSERT_LT(0, child);
	settle();
	ASSERT_EQ(0, read_forecast(self->fd, &s));
	real = compact();
	TH_LOG("%lu free, forecast %lu, after compaction %lu: %.1f %% off", (long)s.free,
	       (long)s.compacted, (long)real, off(s.compacted, real));
	EXPECT_LT(s.free, s.compacted);
	EXPECT_GT(10, off(s.compacted, real));
	end(child);
}

/* dentries of names that are not there: slab with a shrinker */
static void fill_dentries(unsigned int nr)
{
	char path[300];
	struct stat st;

	for (unsigned int i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "/proc/self/%0100u", i);
		snprintf(path, sizeof(path), "/root/%0200u", i);
		stat(path, &st);
	}
}

TEST_F(compaction, and_dropping_caches_frees_as_many_as_forecast)
{
	pid_t child = fragment(variant->percent, variant->keep_ppm);
	struct sums s;
	uint64_t real;

	ASSERT_LT(0, child);
	fill_dentries(100000);
	settle();
	ASSERT_EQ(0, read_forecast(self->fd, &s));
	ASSERT_EQ(0, write_number("/proc/sys/vm/drop_caches", 3));
	settle();
	real = compact();
	TH_LOG("%lu free, forecast %lu (%lu without dropping), after it %lu: %.1f %% off",
	       (long)s.free, (long)s.reclaimed, (long)s.compacted, (long)real,
	       off(s.reclaimed, real));
	EXPECT_LE(s.compacted, s.reclaimed);
	EXPECT_GT(10, off(s.reclaimed, real));
	end(child);
}

TEST_HARNESS_MAIN

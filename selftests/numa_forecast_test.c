// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `forecast` for pages of 1G against what nr_hugepages then gives: on
 * a quiet guest, and with movable memory all over the node that can give one.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/syscall.h>

#include "common.h"
#include "process.h"

#define MANY		16	/* more than the guest can have */
#define TRIES		6
#define KEPT		16	/* one page of so many stays */
#define PREFERRED	1	/* MPOL_PREFERRED, which glibc does not name */
#define NR_1G		"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

/* pages of 1G that the zones can give together */
struct giga {
	uint64_t blocks, free, now, compacted, reclaimed, bound, huge;
	uint32_t node;		/* of one that can be had */
};

FIXTURE(gigantic) {
	int fd;
	uint64_t before;
};

static uint64_t pool(void)
{
	char *text = read_file(NR_1G);
	uint64_t nr = text ? strtoull(text, NULL, 10) : ~0ULL;

	free(text);
	return nr;
}

FIXTURE_SETUP(gigantic)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->before = pool();
	ASSERT_NE(~0ULL, self->before);
	/* kcompactd would move what the forecast has seen */
	write_file("/proc/sys/vm/compaction_proactiveness", "0");
}

static int set_pool(uint64_t nr)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", nr);
	return write_file(NR_1G, text);
}

FIXTURE_TEARDOWN(gigantic)
{
	set_pool(self->before);
	close(self->fd);
}

static int read_giga(int fd, struct giga *g)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FORECAST);
	const struct mmscope_forecast *f;
	struct answer a;
	int err;

	*g = (struct giga){ 0 };
	arg.class_mask = 1ULL << GIGA_ORDER;
	err = walk_all(fd, arg, &a);
	for (size_t i = 0; !err && i < a.nr; i++) {
		f = (const struct mmscope_forecast *)a.records + i;
		g->blocks += f->blocks;
		g->free += f->free_blocks;
		g->now += f->now_blocks;
		g->compacted += f->compacted_blocks;
		g->reclaimed += f->reclaimed_blocks;
		g->bound += f->bound_blocks;
		g->huge += f->huge_blocks;
		if (f->compacted_blocks)
			g->node = f->node;
	}
	answer_free(&a);
	return err;
}

static uint64_t not_migrated(void)
{
	uint64_t failed = 0;

	read_number("/proc/vmstat", "pgmigrate_fail", &failed);
	return failed;
}

/*
 * Forecast, then ask for all there is; returns how many came. Others may put a page
 * that stays into a block at any moment: once in a few tries they do not. What a CPU
 * has not put on the LRU yet is taken for unmovable, so that is done before.
 */
static int forecast_and_take(FIXTURE_DATA(gigantic) *self, struct giga *g)
{
	uint64_t got = 0, failed;

	for (int i = 0; i < TRIES; i++) {
		write_file("/proc/sys/vm/drop_caches", "1");
		failed = not_migrated();
		if (set_pool(self->before) || read_giga(self->fd, g) || set_pool(MANY))
			return -1;
		got = pool() - self->before;
		if (got == g->compacted)
			break;
		printf("# got %lu of %lu; %lu pages were not to be moved\n", got, g->compacted,
		       not_migrated() - failed);
	}
	printf("# %lu blocks of 1G, %lu free, %lu now, %lu compacted, %lu at most; got %lu\n",
	       g->blocks, g->free, g->now, g->compacted, g->bound, got);
	return got;
}

TEST_F_TIMEOUT(gigantic, come_as_forecast, 120)
{
	struct giga g;
	int got = forecast_and_take(self, &g);

	EXPECT_LE(3, g.blocks);
	EXPECT_EQ(self->before, g.huge);
	EXPECT_LE(g.now, g.compacted);
	EXPECT_LE(g.compacted, g.reclaimed);
	EXPECT_EQ(g.compacted, got);
	/* and then there are no more */
	ASSERT_EQ(0, read_giga(self->fd, &g));
	EXPECT_EQ(0, g.compacted);
	EXPECT_EQ(self->before + got, g.huge);
}

/* movable memory all over a node: freed again but for one page of KEPT */
static int spread(void *arg)
{
	const uint32_t *node = arg;
	unsigned long mask = 1UL << *node;
	char path[64], key[32], *mem;
	uint64_t kb = 0;
	size_t bytes;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", *node);
	snprintf(key, sizeof(key), "Node %u MemFree", *node);
	if (read_number(path, key, &kb))
		return 1;
	bytes = kb * 1024 / 100 * 95 / PAGE * PAGE;
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED ||
	    syscall(SYS_mbind, mem, bytes, PREFERRED, &mask, 8 * sizeof(mask), 0))
		return 1;
	madvise(mem, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < bytes; i += PAGE)
		mem[i] = 1;
	for (size_t i = 0; i < bytes; i += PAGE)
		if (i / PAGE % KEPT && madvise(mem + i, PAGE, MADV_DONTNEED))
			return 2;
	return 0;
}

TEST_F_TIMEOUT(gigantic, come_as_forecast_when_memory_must_be_moved, 240)
{
	struct giga g, after;
	pid_t child = 0;
	int got = 0;

	/* where memory gets scarce, what stays may get into the last 1G that had none */
	for (int i = 0; i < TRIES && !got; i++) {
		kill_child(child);
		ASSERT_EQ(0, set_pool(self->before));
		ASSERT_EQ(0, read_giga(self->fd, &g));
		if (!g.compacted)
			SKIP(return, "memory that stays is in each 1G of this guest");
		child = stopped_child(spread, &g.node);
		ASSERT_LT(0, child);
		got = forecast_and_take(self, &g);
		EXPECT_EQ(g.compacted, got);
	}
	/* none was foretold, and none came, each time */
	if (!got) {
		kill_child(child);
		SKIP(return, "memory that stays is in each 1G once memory is scarce");
	}
	EXPECT_GT(g.compacted, g.now);
	EXPECT_LE(g.compacted, g.bound);
	ASSERT_EQ(0, read_giga(self->fd, &after));
	EXPECT_EQ(g.huge + got, after.huge);
	kill_child(child);
}

TEST_HARNESS_MAIN

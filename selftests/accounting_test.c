// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `accounting` against /proc/zoneinfo, /proc/meminfo and memory that
 * the test itself takes.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common.h"
#include "zoneinfo.h"
#include "accounts.h"
#include "process.h"
#include "fixture.h"

#define MB (1024 * 1024UL)
/* what other tasks may take or give while we look, of what the test takes */
#define SLACK 256

FIXTURE(accounting) {
	int fd;
	struct value_names zones;
	struct answer a;
};

FIXTURE_SETUP(accounting)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->zones = names_of(self->fd, MMSCOPE_DS_ACCOUNTING, "zone");
}

FIXTURE_TEARDOWN(accounting)
{
	answer_free(&self->a);
	free(self->zones.values);
	close(self->fd);
}

/* Each zone's classes against its spanned and present pages; zones compared, or -1. */
static int check_sums(FIXTURE_DATA(accounting) *self)
{
	struct zoneinfo z;
	int checked = 0;

	if (zoneinfo_read(&z))
		return -1;
	for (size_t i = 0; i < z.nr; i++) {
		const struct zoneinfo_entry *e = &z.entries[i];
		int zone = name_index(&self->zones, e->zone);
		uint64_t sum, holes;

		if (e->section != ZONEINFO_ZONE ||
		    (strcmp(e->key, "spanned") && strcmp(e->key, "present")))
			continue;
		sum = class_pages(&self->a, e->node, zone, ALL_CLASSES);
		holes = class_pages(&self->a, e->node, zone, CLASS(HOLE));
		if (strcmp(e->key, "spanned"))
			sum -= holes;
		if (sum != e->value) {
			fprintf(stderr, "# node %u zone %s: %s %lu, our sum %lu\n", e->node,
				e->zone, e->key, e->value, sum);
			checked = -1;
			break;
		}
		checked++;
	}
	zoneinfo_free(&z);
	return checked;
}

/* zones that we have and zoneinfo has not would be in this sum only */
static uint64_t of_all(const char *key)
{
	struct zoneinfo z;
	uint64_t sum = 0;

	if (zoneinfo_read(&z))
		return 0;
	for (size_t i = 0; i < z.nr; i++)
		if (z.entries[i].section == ZONEINFO_ZONE && !strcmp(z.entries[i].key, key))
			sum += z.entries[i].value;
	zoneinfo_free(&z);
	return sum;
}

TEST_F(accounting, classes_sum_up_to_each_zone)
{
	ASSERT_EQ(0, accounting_read(self->fd, &self->a));
	EXPECT_LT(1, check_sums(self));
	EXPECT_EQ(of_all("spanned"), class_pages(&self->a, ~0U, ~0U, ALL_CLASSES));
	EXPECT_EQ(of_all("spanned") - of_all("present"),
		  class_pages(&self->a, ~0U, ~0U, CLASS(HOLE)));
}

/* allocates, frees, forks and writes files until it is killed */
static void stress(void)
{
	for (unsigned int i = 0;; i++) {
		char *mem = mmap(NULL, 16 * MB, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char path[32];
		int file;

		for (size_t at = 0; mem != MAP_FAILED && at < 16 * MB; at += PAGE)
			mem[at] = i;
		snprintf(path, sizeof(path), "/tmp/stress%d", getpid());
		file = open(path, O_RDWR | O_CREAT, 0600);
		if (mem != MAP_FAILED && file >= 0 && write(file, mem, 4 * MB) < 0)
			_exit(1);
		unlink(path);
		close(file);
		munmap(mem, 16 * MB);
		if (!fork())
			_exit(0);
		wait(NULL);
	}
}

TEST_F_TIMEOUT(accounting, classes_sum_up_while_memory_moves, 300)
{
	pid_t pid[4];

	for (size_t i = 0; i < ARRAY_LEN(pid); i++) {
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			stress();
	}
	for (int round = 0; round < 20; round++) {
		ASSERT_EQ(0, accounting_read(self->fd, &self->a));
		EXPECT_LT(1, check_sums(self));
		EXPECT_EQ(of_all("spanned"), class_pages(&self->a, ~0U, ~0U, ALL_CLASSES));
		answer_free(&self->a);
	}
	for (size_t i = 0; i < ARRAY_LEN(pid); i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
}

TEST_F(accounting, a_class_is_there_once_a_zone_and_never_empty)
{
	const struct mmscope_account *r;

	ASSERT_EQ(0, accounting_read(self->fd, &self->a));
	r = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		EXPECT_LT(0, r[i].pages);
		EXPECT_GT(MMSCOPE_NR_CLASSES, r[i].page_class);
		EXPECT_GE(r[i].pages, r[i].dirty_pages);
		EXPECT_GE(r[i].pages, r[i].unevictable_pages);
		for (size_t j = 0; j < i; j++)
			EXPECT_FALSE(r[i].node == r[j].node && r[i].zone == r[j].zone &&
				     r[i].page_class == r[j].page_class);
	}
}

TEST_F(accounting, a_buffer_of_one_record_gives_the_same_sums)
{
	struct answer one;

	ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_ACCOUNTING), 1, &one));
	self->a = one;
	EXPECT_LT(1, check_sums(self));
}

TEST_F(accounting, filters_choose_zones)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_ACCOUNTING);
	const struct mmscope_account *r;
	bool others = false;
	struct answer all;
	uint64_t sum;

	ASSERT_EQ(0, accounting_read(self->fd, &all));
	r = all.records;
	for (size_t i = 0; i < all.nr; i++)
		others |= r[i].zone != r[all.nr - 1].zone || r[i].node != r[all.nr - 1].node;
	arg.node = r[all.nr - 1].node;
	arg.zone = r[all.nr - 1].zone;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_LT(0, self->a.nr);
	EXPECT_EQ(others, all.nr > self->a.nr);
	sum = class_pages(&all, arg.node, arg.zone, ALL_CLASSES);
	EXPECT_EQ(sum, class_pages(&self->a, ~0U, ~0U, ALL_CLASSES));
	answer_free(&all);
}

/* ------------------------------------------------------- memory of the test's own */

/* pages of these classes that @take adds, and @give takes away again */
struct change {
	uint64_t classes;
	uint64_t pages;
	int (*take)(void *ctx);
	void (*give)(void *ctx);
	void *ctx;
};

static int64_t classes_now(int fd, uint64_t classes)
{
	struct answer a;
	int64_t pages = -1;

	if (!accounting_read(fd, &a))
		pages = class_pages(&a, ~0U, ~0U, classes);
	answer_free(&a);
	return pages;
}

/* 0 if they come and go */
static int check_change(int fd, const struct change *c)
{
	int64_t before = classes_now(fd, c->classes), during, after;

	if (c->take(c->ctx)) {
		fprintf(stderr, "# memory could not be had\n");
		return -1;
	}
	during = classes_now(fd, c->classes);
	c->give(c->ctx);
	after = classes_now(fd, c->classes);
	if (before >= 0 && labs(during - before - (int64_t)c->pages) <= SLACK &&
	    labs(during - after - (int64_t)c->pages) <= SLACK)
		return 0;
	fprintf(stderr, "# classes %#lx: %ld, with %lu pages of ours %ld, without %ld\n",
		c->classes, before, c->pages, during, after);
	return -1;
}

struct memory {
	char *at;
	size_t bytes;
	int flags;
	int advice;
	int file;
};

static int take_memory(void *ctx)
{
	struct memory *m = ctx;

	m->at = mmap(NULL, m->bytes + HUGE_2M, PROT_READ | PROT_WRITE, m->flags, m->file, 0);
	if (m->at == MAP_FAILED)
		return -1;
	if (m->advice)
		madvise(m->at, m->bytes + HUGE_2M, m->advice);
	/* huge pages begin at a boundary */
	if (m->advice == MADV_HUGEPAGE)
		memset((char *)(((uintptr_t)m->at + HUGE_2M - 1) & ~(HUGE_2M - 1)), 1, m->bytes);
	else
		memset(m->at, 1, m->bytes);
	return 0;
}

static void give_memory(void *ctx)
{
	struct memory *m = ctx;

	munmap(m->at, m->bytes + HUGE_2M);
	if (m->file >= 0 && ftruncate(m->file, 0))
		perror("ftruncate");
}

TEST_F(accounting, own_anonymous_memory_comes_and_goes)
{
	struct memory m = {
		.bytes = 32 * MB, .flags = MAP_PRIVATE | MAP_ANONYMOUS,
		.advice = MADV_NOHUGEPAGE, .file = -1,
	};
	struct change c = { CLASS(ANON), 32 * MB / PAGE, take_memory, give_memory, &m };

	EXPECT_EQ(0, check_change(self->fd, &c));
}

TEST_F(accounting, own_huge_pages_come_and_go)
{
	struct memory m = {
		.bytes = 32 * MB, .flags = MAP_PRIVATE | MAP_ANONYMOUS,
		.advice = MADV_HUGEPAGE, .file = -1,
	};
	struct change c = { CLASS(ANON_THP), 32 * MB / PAGE, take_memory, give_memory, &m };

	need_thp();
	EXPECT_EQ(0, check_change(self->fd, &c));
}

TEST_F(accounting, own_shared_memory_comes_and_goes)
{
	struct memory m = {
		.bytes = 32 * MB, .flags = MAP_SHARED, .file = memfd_create("accounting", 0),
	};
	struct change c = { CLASS(SHMEM), 32 * MB / PAGE, take_memory, give_memory, &m };

	ASSERT_EQ(0, ftruncate(m.file, m.bytes + HUGE_2M));
	EXPECT_EQ(0, check_change(self->fd, &c));
	close(m.file);
}

/* beside those that the boot may have set aside */
static int take_pool(void *ctx)
{
	return reserve_huge_pages(*(uint64_t *)ctx + 8);
}

static void give_pool(void *ctx)
{
	reserve_huge_pages(*(uint64_t *)ctx);
}

TEST_F(accounting, free_huge_pages_of_the_pool_come_and_go)
{
	uint64_t before = huge_pages_reserved();
	struct change c = { CLASS(HUGETLB_FREE), 8 * PAGES_2M, take_pool, give_pool, &before };

	EXPECT_EQ(0, check_change(self->fd, &c));
}

TEST_F(accounting, huge_pages_in_use_come_and_go)
{
	struct memory m = {
		.bytes = 3 * HUGE_2M, .file = -1,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
	};
	struct change c = { CLASS(HUGETLB), 3 * PAGES_2M, take_memory, give_memory, &m };
	uint64_t before = huge_pages_reserved();

	ASSERT_EQ(0, reserve_huge_pages(before + 4));
	EXPECT_EQ(0, check_change(self->fd, &c));
	reserve_huge_pages(before);
}

struct planting {
	int fd;
	struct fixture_plant plant;
};

static int take_planted(void *ctx)
{
	struct planting *p = ctx;

	return fixture_plant(p->fd, &p->plant);
}

static void give_planted(void *ctx)
{
	struct planting *p = ctx;

	fixture_free(p->fd, p->plant.id);
}

/* what leaves a trace is in its class, what leaves none is unattributed */
TEST_F_TIMEOUT(accounting, planted_kernel_memory_comes_and_goes, 120)
{
	static const struct {
		uint64_t classes;
		uint32_t pages;
		uint32_t what, nr;
		uint64_t bytes;
		uint32_t order;
		const char *gfp;
	} plants[] = {
		{ CLASS(UNATTRIBUTED), 2048, FIXTURE_PAGES, 2048, 0, 0, "GFP_KERNEL" },
		{ CLASS(UNATTRIBUTED), 2048, FIXTURE_PAGES, 256, 0, 3, "GFP_KERNEL" },
		{ CLASS(UNATTRIBUTED), 2048, FIXTURE_PAGES, 4, 0, 9, "GFP_KERNEL" },
		{ CLASS(UNATTRIBUTED), 2048, FIXTURE_PAGES, 64, 0, 5, "GFP_KERNEL|__GFP_COMP" },
		{ CLASS(VMALLOC), 0, FIXTURE_VMALLOC, 8, 1 * MB, 0, "" },
		{ CLASS(SLAB), 0, FIXTURE_SLAB, 8192, 1024, 0, "" },
	};
	struct planting p = { .fd = fixture_load() };

	ASSERT_LE(0, p.fd);
	for (size_t i = 0; i < ARRAY_LEN(plants); i++) {
		/* whose page tables they are in is not known without init_mm */
		bool unknown = plants[i].what == FIXTURE_VMALLOC && !has_symbol("init_mm");
		uint64_t pages = plants[i].pages ?: plants[i].nr * plants[i].bytes / PAGE;
		struct change c = { unknown ? CLASS(UNATTRIBUTED) : plants[i].classes, pages,
				    take_planted, give_planted, &p };

		if (plants[i].what == FIXTURE_SLAB && kernel_has_kasan())
			continue;
		p.plant = (struct fixture_plant){
			.what = plants[i].what, .nr = plants[i].nr, .bytes = plants[i].bytes,
			.order = plants[i].order, .node = FIXTURE_ANY_NODE,
		};
		snprintf(p.plant.gfp, sizeof(p.plant.gfp), "%s", plants[i].gfp);
		EXPECT_EQ(0, check_change(self->fd, &c))
			TH_LOG("plant %zu", i);
	}
	close(p.fd);
	EXPECT_EQ(0, fixture_unload());
}

TEST_HARNESS_MAIN

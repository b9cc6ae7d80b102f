// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that map hugetlb pages of every size, above all those for which no level
 * of the page tables is made and many entries in a row stand (arm64: contiguous): page
 * tables against pagemap and kpageflags, sums against smaps.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "hugetlb.h"
#include "rmap.h"
#include "zoo.h"
#include "faults.h"

/* what a child has of one pool */
struct held {
	char *private;		/* a page, one that was never touched, a page; or one */
	char *shared;		/* a page; NULL: none is left for it */
	size_t pages;		/* of private */
};

/* shared with the child */
struct world {
	struct pools pools;
	struct held held[MAX_POOLS];
};

FIXTURE(hugetlb) {
	int fd;
	pid_t pid;
	struct world *w;
	struct answer a;
	struct maps maps;
};

/* so that the first and the last are there */
static int hold_pages(void *arg)
{
	struct world *w = arg;

	for (size_t i = 0; i < w->pools.nr; i++) {
		const struct pool *pool = &w->pools.pool[i];
		struct held *h = &w->held[i];

		if (!pool->free)
			continue;
		h->pages = pool->free >= POOL_PAGES ? 3 : 1;
		h->private = pool_map(pool, h->pages, MAP_PRIVATE);
		if (!h->private)
			return 1;
		h->private[0] = 1;
		h->private[h->pages * pool->bytes - 1] = 1;
		h->shared = h->pages > 1 ? pool_map(pool, 1, MAP_SHARED) : NULL;
		if (h->shared)
			h->shared[pool->bytes / 2] = 1;
	}
	return 0;
}

FIXTURE_SETUP(hugetlb)
{
	self->w = (void *)zoo_map(sizeof(*self->w), MAP_SHARED | MAP_ANONYMOUS);
	ASSERT_NE(NULL, self->w);
	pools_open(&self->w->pools);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->pid = stopped_child(hold_pages, self->w);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(hugetlb)
{
	kill_child(self->pid);
	answer_free(&self->a);
	maps_free(&self->maps);
	pools_close(&self->w->pools);
	close(self->fd);
}

/* the records of a dataset between two addresses of the child */
static int ask(FIXTURE_DATA(hugetlb) *self, uint32_t dataset, const char *p, uint64_t bytes)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);

	answer_free(&self->a);
	arg.pid = self->pid;
	arg.start = (uintptr_t)p;
	arg.end = (uintptr_t)p + bytes;
	return walk_all(self->fd, arg, &self->a);
}

/* pages, of so many bytes, that pagemap does not have in a row or kpageflags not as one */
static unsigned int odd_pages(const uint64_t *pagemap, size_t nr, uint64_t bytes)
{
	const size_t each = bytes / PAGE;
	unsigned int odd = 0;

	for (size_t i = 0; i < nr; i += each) {
		const uint64_t head = pagemap[i] & PM_FRAME;

		if (!(pagemap[i] & PM_PRESENT))
			continue;
		odd += head % each || !(frame_flags(head) >> KPF_HUGE & 1) ||
		       !(frame_flags(head) >> KPF_COMPOUND_HEAD & 1) ||
		       !(frame_flags(head + each - 1) >> KPF_COMPOUND_TAIL & 1);
		for (size_t k = 0; k < each; k++)
			odd += !(pagemap[i + k] & PM_PRESENT) ||
			       (pagemap[i + k] & PM_FRAME) != head + k;
	}
	return odd;
}

/* ------------------------------------------------------------- page by page */

/* leaves that are not as the page's size asks for; pagemap's frames are taken out */
static unsigned int wrong_leaves(const struct answer *a, uint64_t start, uint64_t bytes,
				 uint64_t *pagemap)
{
	const uint64_t leaf = leaf_bytes(bytes);
	const struct mmscope_pte *e = a->records;
	unsigned int wrong = 0;

	for (size_t i = 0; i < a->nr; i++, e++) {
		if (e->kind == MMSCOPE_MAPPING_TABLE)
			continue;
		wrong += e->kind != MMSCOPE_MAPPING_PAGE || e->page_size_bytes != leaf;
		wrong += !raw_leaf_agrees(e->raw, e->flags);
		wrong += !!(e->flags & MMSCOPE_ENTRY_CONTIGUOUS) != (leaf != bytes);
		for (uint64_t at = e->addr; at < e->end; at += PAGE) {
			uint64_t *theirs = &pagemap[(at - start) / PAGE];

			wrong += (*theirs & PM_FRAME) != e->pfn + (at - e->addr) / PAGE;
			*theirs = 0;
		}
	}
	return wrong;
}

static unsigned int wrong_runs(const struct answer *a, uint64_t start, uint64_t bytes,
			       uint64_t *pagemap)
{
	const struct mmscope_mapping *run = a->records;
	unsigned int wrong = 0;

	for (size_t i = 0; i < a->nr; i++, run++) {
		wrong += run->kind != MMSCOPE_MAPPING_PAGE ||
			 run->page_size_bytes != leaf_bytes(bytes) || run->pages % (bytes / PAGE);
		for (uint64_t k = 0; k < run->pages; k++) {
			uint64_t *theirs = &pagemap[(run->start - start) / PAGE + k];

			wrong += (*theirs & PM_FRAME) != run->pfn + k;
			*theirs = 0;
		}
	}
	return wrong;
}

static size_t count_present(const uint64_t *pagemap, size_t nr)
{
	size_t present = 0;

	for (size_t i = 0; i < nr; i++)
		present += !!(pagemap[i] & PM_PRESENT);
	return present;
}

static void check_pages(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
			const char *p, size_t pages, uint64_t bytes)
{
	const uint64_t start = (uintptr_t)p, end = start + pages * bytes;
	const size_t nr = (end - start) / PAGE, touched = pages > 1 ? 2 : 1;
	uint64_t *pagemap = read_pagemap(self->pid, start, end);
	uint64_t *again = read_pagemap(self->pid, start, end);

	ASSERT_NE(NULL, pagemap);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(touched * bytes / PAGE, count_present(pagemap, nr));
	EXPECT_EQ(0, odd_pages(pagemap, nr, bytes));
	ASSERT_EQ(0, ask(self, MMSCOPE_DS_PTES, p, end - start));
	EXPECT_EQ(0, wrong_leaves(&self->a, start, bytes, pagemap));
	EXPECT_EQ(0, count_present(pagemap, nr));
	ASSERT_EQ(0, ask(self, MMSCOPE_DS_MAPPINGS, p, end - start));
	EXPECT_EQ(0, wrong_runs(&self->a, start, bytes, again));
	EXPECT_EQ(0, count_present(again, nr));
	free(pagemap);
	free(again);
}

TEST_F(hugetlb, every_page_is_as_in_pagemap)
{
	size_t had = 0, many = 0;

	for (size_t i = 0; i < self->w->pools.nr; i++) {
		const struct pool *pool = &self->w->pools.pool[i];
		const struct held *h = &self->w->held[i];

		if (!h->private) {
			TH_LOG("no page of %lu KiB to be had", pool->bytes >> 10);
			continue;
		}
		check_pages(_metadata, self, h->private, h->pages, pool->bytes);
		if (h->shared)
			check_pages(_metadata, self, h->shared, 1, pool->bytes);
		had++;
		many += leaf_bytes(pool->bytes) != pool->bytes;
	}
	TH_LOG("%zu sizes of %zu, %zu of many entries", had, self->w->pools.nr, many);
	EXPECT_LE(1, had);
#ifdef __aarch64__
	EXPECT_LE(1, many);
#endif
}

/* --------------------------------------------------------- by address, by frame */

static int translate(int fd, pid_t pid, uint64_t addr, struct mmscope_translation *rec)
{
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg), .pid = pid, .nr = 1, .addrs = (uintptr_t)&addr,
		.buf = (uintptr_t)rec,
	};

	return ioctl(fd, MMSCOPE_IOC_TRANSLATE, &arg) ? -errno : 0;
}

static void check_address(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
			  uint64_t addr, uint64_t bytes)
{
	uint64_t *entry = read_pagemap(self->pid, addr & ~(PAGE - 1), (addr & ~(PAGE - 1)) + PAGE);
	struct mmscope_translation t;

	ASSERT_NE(NULL, entry);
	ASSERT_EQ(0, translate(self->fd, self->pid, addr, &t));
	if (*entry & PM_PRESENT) {
		EXPECT_EQ(MMSCOPE_TRANSLATED, t.result);
		EXPECT_EQ(*entry & PM_FRAME, t.pfn);
		EXPECT_EQ((*entry & PM_FRAME) * PAGE + addr % PAGE, t.phys);
		EXPECT_EQ(leaf_bytes(bytes), t.page_size_bytes);
	} else {
		EXPECT_TRUE(t.result == MMSCOPE_NOT_PRESENT || t.result == MMSCOPE_NO_TABLE);
	}
	free(entry);
}

/* the places where the frames of the page at p are, asked for and looked for */
static void check_frames(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
			 const char *p, uint64_t bytes)
{
	uint64_t *entry = read_pagemap(self->pid, (uintptr_t)p, (uintptr_t)p + PAGE);
	struct places ours = { 0 }, theirs = { 0 };
	struct mmscope_pfn_range range;
	struct rmap_answer a;

	ASSERT_NE(NULL, entry);
	range.start = (*entry & PM_FRAME) + 3;
	range.end = (*entry & PM_FRAME) + bytes / PAGE - 1;
	ASSERT_EQ(0, rmap_all(self->fd, rmap_arg(&range, 1), 64, &a));
	rmap_places(&a, self->pid, &ours);
	EXPECT_TRUE(join_process(self->pid, &range, 1, &theirs));
	EXPECT_EQ(bytes / PAGE - 4, ours.nr);
	EXPECT_TRUE(places_equal(&ours, &theirs)) {
		places_diff("rmap", &ours, "pagemap", &theirs);
	}
	/* one run, however many entries */
	EXPECT_EQ(1, a.nr);
	places_free(&ours);
	places_free(&theirs);
	rmap_free(&a);
	free(entry);
}

TEST_F(hugetlb, addresses_and_frames)
{
	for (size_t i = 0; i < self->w->pools.nr; i++) {
		const uint64_t bytes = self->w->pools.pool[i].bytes;
		const struct held *h = &self->w->held[i];
		const uint64_t start = (uintptr_t)h->private;

		for (uint64_t at = 0; h->private && at < h->pages * bytes; at += bytes / 8)
			check_address(_metadata, self, start + at + bytes / 16 + 7, bytes);
		if (h->private)
			check_frames(_metadata, self, h->private, bytes);
		if (h->shared)
			check_frames(_metadata, self, h->shared, bytes);
	}
}

/* ------------------------------------------------------------------------ sums */

static const struct map *map_at(const struct maps *maps, const char *p)
{
	for (size_t i = 0; i < maps->nr; i++)
		if (maps->map[i].start == (uintptr_t)p)
			return &maps->map[i];
	return NULL;
}

static void check_sums(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
		       const char *p, uint64_t bytes, size_t touched)
{
	const struct map *m = map_at(&self->maps, p);
	const struct mmscope_usage *u;
	const struct mmscope_numa *n;
	const struct mmscope_vma *v;

	ASSERT_NE(NULL, m);
	EXPECT_EQ(bytes, m->kernel_page_size);
	EXPECT_EQ(touched * bytes, m->private_hugetlb + m->shared_hugetlb);
	ASSERT_EQ(0, ask(self, MMSCOPE_DS_USAGE, p, m->end - m->start));
	u = self->a.records;
	ASSERT_LE(1, self->a.nr);
	EXPECT_EQ(m->private_hugetlb, u->private_hugetlb_bytes);
	EXPECT_EQ(m->shared_hugetlb, u->shared_hugetlb_bytes);
	EXPECT_EQ(m->rss, u->rss_bytes);
	ASSERT_EQ(0, ask(self, MMSCOPE_DS_VMAS, p, m->end - m->start));
	v = self->a.records;
	ASSERT_EQ(1, self->a.nr);
	EXPECT_EQ(bytes, v->page_size_bytes);
	ASSERT_EQ(0, ask(self, MMSCOPE_DS_NUMA, p, m->end - m->start));
	n = self->a.records;
	ASSERT_LE(1, self->a.nr);
	EXPECT_EQ(bytes, n->page_size_bytes);
	EXPECT_EQ(touched * bytes / PAGE, n->pages);
}

TEST_F(hugetlb, sums_are_as_in_smaps)
{
	ASSERT_EQ(0, read_maps(self->pid, &self->maps));
	for (size_t i = 0; i < self->w->pools.nr; i++) {
		const uint64_t bytes = self->w->pools.pool[i].bytes;
		const struct held *h = &self->w->held[i];

		if (h->private)
			check_sums(_metadata, self, h->private, bytes, h->pages > 1 ? 2 : 1);
		if (h->shared)
			check_sums(_metadata, self, h->shared, bytes, 1);
	}
}

/* of one page its frames are all of the class, and so large */
TEST_F(hugetlb, frames_are_of_such_pages)
{
	for (size_t i = 0; i < self->w->pools.nr; i++) {
		const uint64_t each = self->w->pools.pool[i].bytes / PAGE;
		const struct held *h = &self->w->held[i];
		const uint64_t start = (uintptr_t)h->private;
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);
		const struct mmscope_page *page;
		uint64_t *entry;

		if (!h->private)
			continue;
		entry = read_pagemap(self->pid, start, start + PAGE);
		ASSERT_NE(NULL, entry);
		arg.start = *entry & PM_FRAME;
		arg.end = arg.start + (each < 4096 ? each : 4096);
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
		EXPECT_EQ(arg.end - arg.start, self->a.nr);
		page = self->a.records;
		for (size_t k = 0; k < self->a.nr; k++, page++) {
			ASSERT_EQ(MMSCOPE_PAGE_HUGETLB, page->kind);
			ASSERT_EQ(__builtin_ctzl(each), page->order);
			ASSERT_EQ(arg.start, page->head_pfn);
		}
		free(entry);
	}
}

/* ---------------------------------------------------------------------- faults */

/* ask, do, compare; @_h: who does it, NULL: this process */
#define expect_fault(_h, _p, _write, _kind) do {					\
	struct helper *_helper = (_h);							\
	struct mmscope_fault _rec;							\
	struct outcome _o;								\
	ASSERT_EQ(0, fault_of(self->fd, _helper ? _helper->pid : 0, _p, &_rec));	\
	EXPECT_EQ(MMSCOPE_FAULT_##_kind, (_write) ? _rec.write : _rec.read) {		\
		TH_LOG("a page of %lu KiB", pool->bytes >> 10);				\
	}										\
	EXPECT_EQ(pool->bytes, _rec.page_size_bytes);					\
	ASSERT_EQ(0, access_by(_helper, _p, _write, &_o));				\
	EXPECT_TRUE(came_true(&_rec, _write, &_o));					\
} while (0)

static void check_private_faults(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
				 const struct pool *pool)
{
	struct helper helper = { 0 };
	char *p = pool_map(pool, 2, MAP_PRIVATE);
	bool inherited;

	ASSERT_NE(NULL, p);
	expect_fault(NULL, p + 2 * PAGE, true, HUGETLB);
	ASSERT_EQ(0, helper_start(&helper));
	inherited = entry_of(helper.pid, p) & PM_PRESENT;
	if (inherited) {
		expect_fault(&helper, p + 3 * PAGE, false, NONE);
		expect_fault(&helper, p + pool->bytes / 2, true, COPY);
	} else {
		/*
		 * of a page of contiguous PTEs fork() asks whether others share their table,
		 * by a number that is kept for tables of PMDs only (since late 6.12)
		 */
		EXPECT_NE(pool->bytes, leaf_bytes(pool->bytes));
		expect_fault(&helper, p + 3 * PAGE, false, HUGETLB);
		expect_fault(&helper, p + pool->bytes / 2, true, REUSE);
	}
	expect_fault(&helper, p + pool->bytes - PAGE, true, NONE);
	helper_stop(&helper);
	if (inherited)
		expect_fault(NULL, p + PAGE, true, REUSE);
	else
		expect_fault(NULL, p + PAGE, true, NONE);
	munmap(p, 2 * pool->bytes);
}

static void check_shared_faults(struct __test_metadata *_metadata, FIXTURE_DATA(hugetlb) *self,
				const struct pool *pool)
{
	struct helper helper = { 0 };
	char *p = pool_map(pool, 2, MAP_SHARED);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, helper_start(&helper));
	expect_fault(&helper, p + pool->bytes + 5 * PAGE, false, HUGETLB);
	expect_fault(&helper, p + pool->bytes + 7 * PAGE, true, NONE);
	p[2 * PAGE] = 1;
	expect_fault(&helper, p + 9 * PAGE, true, FILE);
	helper_stop(&helper);
	munmap(p, 2 * pool->bytes);
}

TEST_F(hugetlb, faults_come_as_foretold)
{
	kill_child(self->pid);
	self->pid = 0;
	for (size_t i = 0; i < self->w->pools.nr; i++) {
		if (self->w->pools.pool[i].free < POOL_PAGES)
			continue;
		check_private_faults(_metadata, self, &self->w->pools.pool[i]);
		check_shared_faults(_metadata, self, &self->w->pools.pool[i]);
	}
}

TEST_HARNESS_MAIN

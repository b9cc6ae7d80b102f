// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `lru_pages`, with the classic lists and with the multi-gen LRU: against
 * /proc/kpageflags of every frame, the sizes that `lru` has, and what reclaim then
 * takes in truth.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "disk.h"
#include "extents.h"
#include "frames.h"
#include "lru.h"

struct region {
	char *mem;
	size_t pages;
};

FIXTURE(lru_pages) {
	int fd;
	char *before;
	struct answer a, b;
	pid_t pid;
	struct region shown;
};

FIXTURE_VARIANT(lru_pages) {
	const char *enabled;
};

FIXTURE_VARIANT_ADD(lru_pages, classic) {
	.enabled = "n",
};

FIXTURE_VARIANT_ADD(lru_pages, multi_gen) {
	.enabled = "y",
};

FIXTURE_SETUP(lru_pages)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->before = lru_begin(variant->enabled);
	if (!self->before)
		SKIP(return, "no multi-gen LRU in this kernel");
}

FIXTURE_TEARDOWN(lru_pages)
{
	kill_child(self->pid);
	lru_end(self->before);
	if (self->shown.mem)
		munmap(self->shown.mem, self->shown.pages * PAGE);
	answer_free(&self->a);
	answer_free(&self->b);
	close(self->fd);
}

/* memory of ours on the lists, the first part of it locked */
static int take_memory(struct region *r, size_t pages, size_t locked)
{
	r->pages = pages;
	r->mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (r->mem == MAP_FAILED) {
		r->mem = NULL;
		return -1;
	}
	madvise(r->mem, pages * PAGE, MADV_NOHUGEPAGE);
	memset(r->mem, 1, pages * PAGE);
	return locked ? mlock(r->mem, locked * PAGE) : 0;
}

static const struct mmscope_lru_page *find_page(const struct answer *a, uint64_t pfn, size_t *nr)
{
	const struct mmscope_lru_page *p = NULL;
	size_t i;

	for (i = 0, *nr = 0; i < a->nr; i++) {
		if (page_at(a, i)->pfn != pfn)
			continue;
		p = page_at(a, i);
		(*nr)++;
	}
	return p;
}

TEST_F_TIMEOUT(lru_pages, pages_of_ours_are_where_kpageflags_says, 120)
{
	const size_t pages = 256, locked = 64;
	int flags = open(KPAGEFLAGS, O_RDONLY | O_CLOEXEC);
	size_t i, nr, bad = 0, unevictable = 0;

	ASSERT_LE(0, flags);
	ASSERT_EQ(0, take_memory(&self->shown, pages, locked));
	settle();
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU_PAGES), &self->a));
	for (i = 0; i < pages; i++) {
		uint64_t pfn = frame_of(self->shown.mem + i * PAGE), kpf = frame_read(flags, pfn);
		const struct mmscope_lru_page *p = find_page(&self->a, pfn, &nr);
		bool on_list = kpf & BIT(KPF_LRU) && !(kpf & BIT(KPF_UNEVICTABLE));

		unevictable += !!(kpf & BIT(KPF_UNEVICTABLE));
		if (nr != on_list) {
			TH_LOG("pfn %#lx flags %#lx: %zu times on a list", pfn, kpf, nr);
			bad++;
			continue;
		}
		if (!p)
			continue;
		bad += !(p->flags & BIT(KPF_LRU)) || !(p->flags & BIT(KPF_ANON));
		if (p->list < MMSCOPE_LRU_UNEVICTABLE)
			bad += p->list != (kpf & BIT(KPF_ACTIVE) ? MMSCOPE_LRU_ACTIVE_ANON :
						       MMSCOPE_LRU_INACTIVE_ANON);
		else
			bad += p->list != MMSCOPE_LRU_GEN_ANON;
	}
	EXPECT_EQ(0, bad);
	EXPECT_LE(locked, unevictable);
	close(flags);
}

/* frames that are on a list by their flags, but not among ours, or the other way round */
static size_t differs_from_kpageflags(int fd, struct answer *a, size_t *on_list)
{
	static struct frames f;
	static uint8_t *seen;
	size_t i, bad = 0;

	answer_free(a);
	if (walk_all(fd, walk_arg(MMSCOPE_DS_LRU_PAGES), a) || frames_read(&f, KPAGEFLAGS))
		return ~0UL;
	seen = calloc(f.nr, 1);
	for (i = 0; i < a->nr; i++)
		if (page_at(a, i)->pfn < f.nr)
			seen[page_at(a, i)->pfn]++;
	for (i = 0, *on_list = 0; i < f.nr; i++) {
		bool wanted = f.of[i] & BIT(KPF_LRU) &&
			      !(f.of[i] & (BIT(KPF_UNEVICTABLE) | BIT(KPF_COMPOUND_TAIL)));

		bad += seen[i] != wanted;
		*on_list += wanted;
	}
	free(seen);
	return bad;
}

TEST_F_TIMEOUT(lru_pages, every_frame_that_is_marked_so_is_on_a_list_once, 180)
{
	size_t bad = 1, on_list = 0;
	int try;

	ASSERT_EQ(0, take_memory(&self->shown, 2048, 16));
	for (try = 0; try < TRIES && bad; try++) {
		settle();
		bad = differs_from_kpageflags(self->fd, &self->a, &on_list);
	}
	EXPECT_EQ(0, bad);
	EXPECT_LT(2048, on_list);
}

static bool same_list(const struct mmscope_lru *l, const struct mmscope_lru_page *p)
{
	return l->node == p->node && l->memcg == p->memcg && l->list == p->list &&
	       l->generation == p->generation;
}

/* pages counted on each list are its size */
static size_t differs_from_sizes(int fd, struct answer *lists, struct answer *pages, char *report,
				 size_t size)
{
	static char *mem;	/* that is on the lists already */
	size_t i, j, bad = 0;

	if (!mem)
		mem = memory_for(10 * MB);
	settle();
	if (!mem || walk_into(fd, walk_arg(MMSCOPE_DS_LRU), mem, MB, lists) ||
	    walk_into(fd, walk_arg(MMSCOPE_DS_LRU_PAGES), mem + MB, 9 * MB, pages))
		return ~0UL;
	for (i = 0; i < lists->nr; i++) {
		const struct mmscope_lru *l = list_at(lists, i);
		uint64_t sum = 0;

		if (l->list == MMSCOPE_LRU_UNEVICTABLE)
			continue;
		for (j = 0; j < pages->nr; j++)
			if (same_list(l, page_at(pages, j)))
				sum += 1ULL << page_at(pages, j)->order;
		if (sum == l->pages)
			continue;
		bad++;
		snprintf(report, size, "%s list %u generation %lld: %llu pages, %lu on it", l->path,
			 l->list, (long long)l->generation, l->pages, sum);
	}
	return bad;
}

TEST_F_TIMEOUT(lru_pages, sizes_are_what_is_on_the_lists, 180)
{
	struct answer lists, pages = { 0 };
	char report[256] = "";
	size_t bad = 1;
	int try;

	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	for (try = 0; try < TRIES && bad; try++)
		bad = differs_from_sizes(self->fd, &lists, &pages, report, sizeof(report));
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LT(7 * MB / PAGE, pages.nr);
}

TEST_F(lru_pages, the_filter_by_cgroup_gives_its_pages_only)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_LRU_PAGES);
	struct stat st;
	size_t i;

	SKIP_WITHOUT_MEMORY_CGROUPS();
	ASSERT_EQ(0, stat(CHILD, &st));
	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	arg.memcg = st.st_ino;
	arg.class_mask = BIT(MMSCOPE_LRU_INACTIVE_ANON) | BIT(MMSCOPE_LRU_ACTIVE_ANON) |
			 BIT(MMSCOPE_LRU_GEN_ANON);
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_LE(7 * MB / PAGE, self->a.nr);
	EXPECT_GE(8 * MB / PAGE, self->a.nr);
	for (i = 0; i < self->a.nr; i++)
		ASSERT_EQ(st.st_ino, page_at(&self->a, i)->memcg);
	/* other filters of frames there are none */
	arg.owner = 1;
	EXPECT_EQ(-EINVAL, walk_all(self->fd, arg, &self->b));
}

/* ------------------------------------------------------------- while it changes */

/* memory comes and goes, and is aged */
static int churn(void)
{
	for (;;) {
		char *p = mmap(NULL, MB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			return 1;
		madvise(p, MB / 2, MADV_COLD);
		munmap(p, MB);
	}
}

/* a few records a call: each call has to find its place again */
TEST_F_TIMEOUT(lru_pages, what_stays_is_found_while_other_pages_come_and_go, 180)
{
	const size_t pages = 2000;
	size_t i, nr, missing = 0, twice = 0, position = 0;
	bool marked = false;

	ASSERT_EQ(0, take_memory(&self->shown, pages, 0));
	settle();
	self->pid = fork();
	if (!self->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(churn());
	}
	ASSERT_EQ(0, walk_chunked(self->fd, walk_arg(MMSCOPE_DS_LRU_PAGES), 37, &self->a));
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_lru_page *p = page_at(&self->a, i);

		marked |= p->state & (MMSCOPE_LIST_REPEAT | MMSCOPE_LIST_CUT);
		/* the place in a list only grows, and each list begins at 0 */
		if (i && page_at(&self->a, i - 1)->index >= p->index)
			position += p->index != 0;
	}
	for (i = 0; i < pages; i++) {
		find_page(&self->a, frame_of(self->shown.mem + i * PAGE), &nr);
		missing += !nr;
		twice += nr > 1;
	}
	/* a list that changes too fast is given up, and says so */
	if (!marked) {
		EXPECT_EQ(0, missing);
		EXPECT_EQ(0, twice);
	}
	EXPECT_EQ(0, position);
	printf("# %zu pages in %u calls, %lu restarts, %lu torn, longest hold %lu ns%s\n",
	       self->a.nr, self->a.calls, self->a.restarts, self->a.torn, self->a.max_lock_ns,
	       marked ? ", marked" : "");
}

/* ------------------------------------------------------ what reclaim takes next */

static int walk_files(int fd, struct answer *a)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_LRU_PAGES);
	struct stat st;

	if (stat(CHILD, &st))
		return -1;
	arg.memcg = st.st_ino;
	arg.class_mask = BIT(MMSCOPE_LRU_INACTIVE_FILE) | BIT(MMSCOPE_LRU_ACTIVE_FILE) |
			 BIT(MMSCOPE_LRU_GEN_FILE);
	return walk_all(fd, arg, a);
}

static uint64_t pages_of(const struct answer *a)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		pages += 1ULL << page_at(a, i)->order;
	return pages;
}

/* What is gone after reclaim of a part was at the beginning. */
TEST_F_TIMEOUT(lru_pages, reclaim_takes_what_comes_first, 120)
{
	size_t i, j, gone = 0, first = 0;

	SKIP_WITHOUT_MEMORY_CGROUPS();
	if (!disk_setup())
		SKIP(return, "no disk");
	write_file("/proc/sys/vm/drop_caches", "1");
	self->pid = stopped_child(join_and_read, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	ASSERT_EQ(0, walk_files(self->fd, &self->a));
	/* how many folios they are depends on how far ahead the kernel reads */
	ASSERT_LE(LRU_READ_BYTES / PAGE / 2, pages_of(&self->a));
	if (write_file(CHILD "/memory.reclaim", "2M") && errno == ENOENT)
		SKIP(return, "no memory.reclaim");
	ASSERT_EQ(0, walk_files(self->fd, &self->b));
	ASSERT_GT(self->a.nr, self->b.nr);
	gone = self->a.nr - self->b.nr;
	for (i = 0; i < gone; i++) {
		bool left = false;

		for (j = 0; j < self->b.nr; j++)
			left |= page_at(&self->b, j)->pfn == page_at(&self->a, i)->pfn;
		first += !left;
	}
	printf("# %zu of %zu folios are gone, of the first %zu these: %zu\n", gone,
	       (size_t)self->a.nr, gone, first);
	EXPECT_LE(gone * 9 / 10, first);
	EXPECT_LT(0, first);
}

TEST_HARNESS_MAIN

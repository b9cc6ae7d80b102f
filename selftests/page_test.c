// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `pages` against /proc/kpageflags and /proc/kpagecount, frame by
 * frame, and against /proc/zoneinfo and /proc/buddyinfo in sum.
 */
#include <kselftest_harness.h>

#include <sys/mount.h>
#include <sys/stat.h>

#include "common.h"
#include "process.h"
#include "zoneinfo.h"
#include "buddyinfo.h"
#include "frames.h"
#include "zoo.h"

/*
 * Frames that never held still, of some 100,000s; each is named. The memory that
 * a walk has for itself is free before and after it: it is among them.
 */
#define MAX_UNSETTLED 64
#define SETTLE_TRIES 40
#define QUIET_TRIES 100

FIXTURE(pages) {
	struct mmscope_page *page;
	size_t nr;
	size_t room;
	struct frames flags[2];
	struct frames count[2];
	int fd;
	int kpageflags;
	int kpagecount;
	bool all_anon_is_ksm;
	bool unknown_huge_zero;
};

/* 6.12 sets KPF_KSM for all anonymous pages: is this such a kernel? */
static bool kernel_calls_anon_ksm(int kpageflags)
{
	char *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t flags = frame_read(kpageflags, frame_of(mem));

	munmap(mem, PAGE);
	return flags >> KPF_ANON & 1 && flags >> KPF_KSM & 1;
}

FIXTURE_SETUP(pages)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->kpageflags = open(KPAGEFLAGS, O_RDONLY);
	self->kpagecount = open(KPAGECOUNT, O_RDONLY);
	ASSERT_GE(self->kpageflags, 0);
	ASSERT_GE(self->kpagecount, 0);
	self->all_anon_is_ksm = kernel_calls_anon_ksm(self->kpageflags);
	self->unknown_huge_zero = !has_symbol("huge_zero_pfn");
}

FIXTURE_TEARDOWN(pages)
{
	int i;

	for (i = 0; i < 2; i++) {
		frames_free(&self->flags[i]);
		frames_free(&self->count[i]);
	}
	if (self->page)
		munmap(self->page, self->room * sizeof(*self->page));
	close(self->fd);
	close(self->kpageflags);
	close(self->kpagecount);
}

/* All frames, to memory that is there already. Returns 0 or -1. */
static int read_pages(FIXTURE_DATA(pages) *self)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);

	if (!self->page) {
		if (frames_read(&self->flags[0], KPAGEFLAGS))
			return -1;
		self->room = self->flags[0].nr + 4096;
		self->page = mmap(NULL, self->room * sizeof(*self->page), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (self->page == MAP_FAILED)
			return -1;
	}
	self->nr = 0;
	do {
		arg.buf = (uintptr_t)(self->page + self->nr);
		arg.buf_bytes = (self->room - self->nr) * sizeof(*self->page);
		if (ioctl(self->fd, MMSCOPE_IOC_WALK, &arg))
			return -1;
		self->nr += arg.nr;
	} while (!(arg.status & MMSCOPE_WALK_DONE));
	return 0;
}

/* the next records of a walk, into memory that is there already; 0 or -1 */
static int read_more(FIXTURE_DATA(pages) *self, struct mmscope_walk_arg *arg, size_t nr)
{
	arg->buf = (uintptr_t)(self->page + self->nr);
	arg->buf_bytes = nr * sizeof(*self->page);
	if (ioctl(self->fd, MMSCOPE_IOC_WALK, arg))
		return -1;
	self->nr += arg->nr;
	return 0;
}

/* both of the kernel's files, our records, and both files again */
static int read_bracketed(FIXTURE_DATA(pages) *self)
{
	int i, err = 0;

	/* the first time to get the memory, the second time to read */
	for (i = 0; i < 4; i++) {
		err |= frames_read(&self->flags[i & 1], KPAGEFLAGS);
		err |= frames_read(&self->count[i & 1], KPAGECOUNT);
		if (!(i & 1))
			err |= read_pages(self);
	}
	return err;
}

/* what kpageflags should say of a frame; the KSM bit apart where the kernel has it wrong */
static bool flags_agree(const FIXTURE_DATA(pages) *self, uint64_t ours, uint64_t theirs)
{
	const uint64_t ksm = 1ULL << KPF_KSM;

	/* which page it is, a variable of the kernel tells */
	if (self->unknown_huge_zero && theirs >> KPF_ZERO_PAGE & theirs >> KPF_THP & 1)
		return true;
	if (!self->all_anon_is_ksm)
		return ours == theirs;
	if (!!(theirs & ksm) != (theirs >> KPF_ANON & 1))
		return false;
	return (ours & ~ksm) == (theirs & ~ksm);
}

/*
 * A frame that did not agree or changed: read it and its source again, and again.
 * Our own buffers in the kernel move when another file of ours is open.
 */
static bool settles(const FIXTURE_DATA(pages) *self, uint64_t pfn)
{
	int files[SETTLE_TRIES], i, tries;
	bool agree = false;

	for (tries = 0; tries < SETTLE_TRIES && !agree; tries++) {
		uint64_t flags = frame_read(self->kpageflags, pfn);
		uint64_t count = frame_read(self->kpagecount, pfn);
		struct mmscope_page page;

		agree = !read_page(self->fd, pfn, &page) &&
			flags_agree(self, page.flags, flags) && page.mapcount == count &&
			flags == frame_read(self->kpageflags, pfn) &&
			count == frame_read(self->kpagecount, pfn);
		files[tries] = open(DEBUGFS "/nodes", O_RDONLY);
	}
	for (i = 0; i < tries; i++)
		close(files[i]);
	return agree;
}

#define TMPFS "/tmp/mmscope-tmpfs"

/*
 * What the zoo has not: a huge page of a file, one mapped in parts, pages in the
 * swap cache: what is swapped out twice stays there. Returns a child to be killed.
 */
static pid_t hold_more(void)
{
	pid_t child;
	char *mem;
	int file;

	mkdir(TMPFS, 0700);
	mount("none", TMPFS, "tmpfs", 0, "huge=always");
	file = open(TMPFS "/file", O_RDWR | O_CREAT, 0600);
	if (!ftruncate(file, 2 * HUGE_2M)) {
		mem = mmap(NULL, 2 * HUGE_2M, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		touch(mem, 2 * HUGE_2M, PAGE);
	}
	mem = zoo_huge(2 * HUGE_2M);
	touch(mem, 2 * HUGE_2M, PAGE);
	mprotect(mem + 3 * PAGE, PAGE, PROT_READ);
	madvise(mem + HUGE_2M + 5 * PAGE, PAGE, MADV_DONTNEED);
	mem = zoo_anon(ZOO_PAGES * PAGE);
	touch(mem, ZOO_PAGES * PAGE, PAGE);
	madvise(mem, ZOO_PAGES * PAGE, MADV_PAGEOUT);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	zoo_read(mem, ZOO_PAGES * PAGE);
	return child;
}

static size_t count_bit(const struct frames *f, unsigned int bit)
{
	size_t i, nr = 0;

	for (i = 0; i < f->nr; i++)
		nr += frame_has(f, i, bit);
	return nr;
}

TEST_F_TIMEOUT(pages, every_frame_has_the_flags_and_mapcount_that_proc_says, 200)
{
	size_t i, unsettled = 0, again = 0;
	pid_t child, other;
	struct zoo *zoo;

	EXPECT_EQ(zoo_setup(), 0);
	child = zoo_child(&zoo);
	ASSERT_GT(child, 0);
	other = hold_more();
	ASSERT_EQ(read_bracketed(self), 0);
	for (i = 0; i < self->nr; i++) {
		const struct mmscope_page *p = &self->page[i];
		bool agree = flags_agree(self, p->flags, self->flags[0].of[p->pfn]) &&
			     p->mapcount == self->count[0].of[p->pfn];

		ASSERT_LT(p->pfn, self->flags[0].nr);
		if (agree)
			continue;
		again++;
		if (settles(self, p->pfn))
			continue;
		unsettled++;
		TH_LOG("pfn %lu kind %u: flags %llx, kpageflags %lx then %lx; mapcount %u, kpagecount %lu",
		       (long)p->pfn, p->kind, p->flags, self->flags[0].of[p->pfn],
		       self->flags[1].of[p->pfn], p->mapcount, self->count[0].of[p->pfn]);
		if (unsettled > 4 * MAX_UNSETTLED)
			break;
	}
	TH_LOG("%zu frames, %zu read again, %zu unsettled", self->nr, again, unsettled);
	TH_LOG("of these %zu thp, %zu hugetlb, %zu swapcache, %zu mlocked, %zu mmap",
	       count_bit(&self->flags[0], KPF_THP), count_bit(&self->flags[0], KPF_HUGE),
	       count_bit(&self->flags[0], KPF_SWAPCACHE), count_bit(&self->flags[0], KPF_MLOCKED),
	       count_bit(&self->flags[0], KPF_MMAP));
	EXPECT_LE(unsettled, MAX_UNSETTLED);
	kill(child, SIGKILL);
	kill(other, SIGKILL);
	while (wait(NULL) > 0)
		;
	umount2(TMPFS, MNT_DETACH);
	zoo_teardown();
}

TEST_F(pages, there_is_a_record_exactly_where_kpageflags_has_a_page)
{
	size_t i, at = 0;

	ASSERT_EQ(read_bracketed(self), 0);
	for (i = 0; i < self->flags[0].nr; i++) {
		if (frame_has(&self->flags[0], i, KPF_NOPAGE))
			continue;
		ASSERT_LT(at, self->nr);
		ASSERT_EQ(self->page[at].pfn, i);
		at++;
	}
	EXPECT_EQ(at, self->nr);
}

/* kinds that one bit of kpageflags tells */
static const struct {
	uint32_t kind;
	unsigned int bit;
} told_by_a_bit[] = {
	{ MMSCOPE_PAGE_FREE, KPF_BUDDY },
	{ MMSCOPE_PAGE_SLAB, KPF_SLAB },
	{ MMSCOPE_PAGE_PAGETABLE, KPF_PGTABLE },
	{ MMSCOPE_PAGE_HUGETLB, KPF_HUGE },
	{ MMSCOPE_PAGE_OFFLINE, KPF_OFFLINE },
	{ MMSCOPE_PAGE_ZERO, KPF_ZERO_PAGE },
	{ MMSCOPE_PAGE_HWPOISON, KPF_HWPOISON },
};

static bool kind_agrees(uint32_t kind, uint64_t theirs)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(told_by_a_bit); i++) {
		bool ours = kind == told_by_a_bit[i].kind;

		if (ours != (theirs >> told_by_a_bit[i].bit & 1))
			return false;
	}
	/* of a slab the kernel takes another word for the mapping */
	if (theirs >> KPF_ANON & 1 && !(theirs >> KPF_SLAB & 1) && kind != MMSCOPE_PAGE_ANON &&
	    kind != MMSCOPE_PAGE_KSM && kind != MMSCOPE_PAGE_HWPOISON)
		return false;
	return !(theirs >> KPF_RESERVED & 1) || kind == MMSCOPE_PAGE_RESERVED ||
	       kind == MMSCOPE_PAGE_ZERO;
}

TEST_F_TIMEOUT(pages, kinds_are_those_that_bits_of_kpageflags_tell, 120)
{
	size_t i, wrong = 0;
	bool right;

	if (has_thp())
		need_symbol("huge_zero_pfn");
	ASSERT_EQ(read_bracketed(self), 0);
	for (i = 0; i < self->nr; i++) {
		const struct mmscope_page *p = &self->page[i];
		uint64_t theirs = self->flags[0].of[p->pfn];

		/* only what held still: ours was read in between */
		if (theirs != self->flags[1].of[p->pfn] || !flags_agree(self, p->flags, theirs))
			continue;
		right = kind_agrees(p->kind, theirs);
		wrong += !right;
		if (!right && wrong < 10)
			TH_LOG("pfn %lu kind %u kpageflags %lx", (long)p->pfn, p->kind, theirs);
	}
	EXPECT_EQ(wrong, 0);
}

/* kpageflags has heads and tails; from a head to the last tail is the compound page */
TEST_F_TIMEOUT(pages, order_and_head_are_those_of_heads_and_tails_in_kpageflags, 120)
{
	size_t i, j, compounds = 0, moved = 0;

	ASSERT_EQ(read_bracketed(self), 0);
	for (i = 0; i < self->nr; i++) {
		const struct mmscope_page *p = &self->page[i];
		uint64_t nr = 1;
		bool still;

		if (!frame_has(&self->flags[0], p->pfn, KPF_COMPOUND_HEAD))
			continue;
		while (frame_has(&self->flags[0], p->pfn + nr, KPF_COMPOUND_TAIL))
			nr++;
		for (j = 0, still = true; j < nr && still; j++)
			still = self->flags[0].of[p->pfn + j] == self->flags[1].of[p->pfn + j] &&
				flags_agree(self, p[j].flags, self->flags[0].of[p->pfn + j]);
		if (!still) {
			moved++;
			continue;
		}
		compounds++;
		for (j = 0; j < nr; j++) {
			ASSERT_EQ(1UL << p[j].order, nr) TH_LOG("pfn %lu", (long)p[j].pfn);
			ASSERT_EQ(p[j].head_pfn, p->pfn);
			ASSERT_EQ(p[j].refcount, p->refcount);
		}
	}
	EXPECT_GT(compounds, 10);
	TH_LOG("%zu compound pages, %zu moved meanwhile", compounds, moved);
}

/* pages of a kind by node and zone index */
static void count_kind(const FIXTURE_DATA(pages) *self, uint32_t kind,
		       uint64_t nr[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES])
{
	size_t i;

	memset(nr, 0, sizeof(*nr) * MMSCOPE_NR_NODES);
	for (i = 0; i < self->nr; i++)
		if (self->page[i].kind == kind)
			nr[self->page[i].node][self->page[i].zone]++;
}

/* sum of the per-CPU counts in /proc/zoneinfo */
static void count_pcp(const struct zoneinfo *z, const struct value_names *names,
		      uint64_t nr[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES])
{
	size_t i;

	memset(nr, 0, sizeof(*nr) * MMSCOPE_NR_NODES);
	for (i = 0; i < z->nr; i++)
		if (z->entries[i].section == ZONEINFO_PAGESET &&
		    !strcmp(z->entries[i].key, "count"))
			nr[z->entries[i].node][name_index(names, z->entries[i].zone)] +=
				z->entries[i].value;
}

TEST_F_TIMEOUT(pages, pcp_pages_are_as_many_as_zoneinfo_counts, 200)
{
	uint64_t before[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES];
	uint64_t after[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES];
	uint64_t ours[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES];
	struct value_names names = names_of(self->fd, MMSCOPE_DS_PAGES, "zone");
	uint64_t sum = 0, n, z;
	struct zoneinfo zones;
	size_t all;
	int tries;

	ASSERT_EQ(read_pages(self), 0);
	all = self->nr;
	for (tries = 0; tries < QUIET_TRIES; tries++) {
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);

		/* what the walk itself needs comes from these lists: it has it when it begins */
		self->nr = 0;
		ASSERT_EQ(read_more(self, &arg, 1), 0);
		ASSERT_EQ(zoneinfo_read(&zones), 0);
		count_pcp(&zones, &names, before);
		zoneinfo_free(&zones);
		ASSERT_EQ(read_more(self, &arg, all - 2), 0);
		ASSERT_EQ(zoneinfo_read(&zones), 0);
		count_pcp(&zones, &names, after);
		zoneinfo_free(&zones);
		ASSERT_EQ(read_more(self, &arg, self->room - self->nr), 0);
		count_kind(self, MMSCOPE_PAGE_PCP, ours);
		if (!memcmp(before, after, sizeof(before)) && !memcmp(before, ours, sizeof(ours)))
			break;
	}
	for (n = 0; n < MMSCOPE_NR_NODES; n++)
		for (z = 0; z < MMSCOPE_NR_ZONES; z++) {
			EXPECT_EQ(ours[n][z], before[n][z])
				TH_LOG("node %lu zone %s", n, index_name(&names, z));
			sum += ours[n][z];
		}
	EXPECT_GT(sum, 0);
	TH_LOG("%lu pages, after %d tries", sum, tries);
	free(names.values);
}

TEST_F_TIMEOUT(pages, free_pages_add_up_to_buddyinfo, 120)
{
	struct value_names names = names_of(self->fd, MMSCOPE_DS_PAGES, "zone");
	uint64_t ours[MMSCOPE_NR_NODES][MMSCOPE_NR_ZONES];
	char *before = NULL, *after = NULL;
	unsigned int order, wrong = 1;
	struct row r;
	int tries;

	ASSERT_EQ(read_pages(self), 0);
	for (tries = 0; tries < QUIET_TRIES && wrong; tries++) {
		before = read_file(BUDDYINFO);
		ASSERT_EQ(read_pages(self), 0);
		after = read_file(BUDDYINFO);
		count_kind(self, MMSCOPE_PAGE_FREE, ours);
		wrong = strcmp(before, after);
		for_each_row(after, false, &r) {
			uint64_t pages = 0;

			for (order = 0; order < r.nr; order++)
				pages += r.value[order] << order;
			/* the call itself takes a few from the zone it is served from */
			wrong += ours[r.node][name_index(&names, r.zone)] + 64 < pages ||
				 ours[r.node][name_index(&names, r.zone)] > pages;
		}
		free(before);
		free(after);
	}
	EXPECT_EQ(wrong, 0);
	free(names.values);
}

/* a frame lies in the span of its zone; each zone has at least its present pages */
TEST_F_TIMEOUT(pages, node_and_zone_are_those_of_zoneinfo, 120)
{
	struct value_names names = names_of(self->fd, MMSCOPE_DS_PAGES, "zone");
	struct zoneinfo zones;
	struct row r;
	char *text;
	size_t i;

	ASSERT_EQ(read_pages(self), 0);
	ASSERT_EQ(zoneinfo_read(&zones), 0);
	text = read_file(BUDDYINFO);
	for_each_row(text, false, &r) {
		uint64_t start = zoneinfo_get(&zones, r.node, r.zone, "start_pfn");
		uint64_t spanned = zoneinfo_get(&zones, r.node, r.zone, "spanned");
		uint64_t inside = 0, outside = 0;

		for (i = 0; i < self->nr; i++) {
			const struct mmscope_page *p = &self->page[i];

			if (p->node != r.node || strcmp(index_name(&names, p->zone), r.zone))
				continue;
			if (p->pfn >= start && p->pfn < start + spanned)
				inside++;
			else if (p->kind != MMSCOPE_PAGE_RESERVED)
				outside++;
		}
		EXPECT_EQ(outside, 0) TH_LOG("node %u zone %s", r.node, r.zone);
		EXPECT_GE(inside, zoneinfo_get(&zones, r.node, r.zone, "present"));
		EXPECT_LE(inside, spanned);
	}
	free(text);
	zoneinfo_free(&zones);
	free(names.values);
}

TEST_F(pages, migratetype_is_that_of_the_pageblock)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGEBLOCKS);
	const struct mmscope_pageblock *b;
	size_t i, j = 0, differ = 0;
	struct answer a;

	ASSERT_EQ(read_pages(self), 0);
	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	b = a.records;
	for (i = 0; i < a.nr; i++) {
		while (j && self->page[j].pfn > b[i].pfn)
			j--;
		while (j + 1 < self->nr && self->page[j].pfn < b[i].pfn)
			j++;
		differ += self->page[j].pfn == b[i].pfn &&
			  self->page[j].migratetype != b[i].migratetype;
	}
	/* the two were read one after the other */
	EXPECT_LE(differ, 4);
	answer_free(&a);
}

TEST_F(pages, filters_select_class_node_zone_and_range)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);
	const struct mmscope_page *p;
	struct answer a;
	size_t i;

	arg.class_mask = 1 << MMSCOPE_CLASS_SLAB | 1 << MMSCOPE_CLASS_PAGETABLE;
	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	p = a.records;
	ASSERT_GT(a.nr, 0);
	for (i = 0; i < a.nr; i++) {
		ASSERT_TRUE(p[i].page_class == MMSCOPE_CLASS_SLAB ||
			    p[i].page_class == MMSCOPE_CLASS_PAGETABLE);
	}
	arg = walk_arg(MMSCOPE_DS_PAGES);
	arg.node = p[a.nr - 1].node;
	arg.zone = p[a.nr - 1].zone;
	arg.start = p[0].pfn - 1;
	arg.end = p[a.nr - 1].pfn + 1;
	answer_free(&a);
	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	ASSERT_GT(a.nr, 0);
	p = a.records;
	for (i = 0; i < a.nr; i++) {
		ASSERT_EQ(p[i].node, arg.node);
		ASSERT_EQ(p[i].zone, arg.zone);
		ASSERT_GE(p[i].pfn, arg.start);
		ASSERT_LT(p[i].pfn, arg.end);
		if (i) {
			ASSERT_GT(p[i].pfn, p[i - 1].pfn);
		}
	}
	answer_free(&a);

	/* where no memory can be */
	arg = walk_arg(MMSCOPE_DS_PAGES);
	arg.start = 1ULL << 50;
	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	EXPECT_EQ(a.nr, 0);
	answer_free(&a);
}

TEST_HARNESS_MAIN

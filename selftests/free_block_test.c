// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `free_blocks` against /proc/buddyinfo, /proc/pagetypeinfo and
 * /proc/kpageflags, and against the pages and pageblocks of our own.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "table.h"
#include "buddyinfo.h"
#include "frames.h"

#define LONG_LIST 100000
#define LONG_TEXT (8 << 20)
#define MAX_BLOCKS (1 << 20)
#define HOSTILE_CURSORS 20000
/* blocks that may come and go while nobody does anything */
#define MAX_MOVED 16

/* a line of the dataset */
struct block {
	uint64_t pfn;
	uint64_t index;
	unsigned int node;
	unsigned int order;
	char zone[12];
	char type[12];
	bool marked;		/* the line says that the list changed */
};

FIXTURE(free_blocks) {
	struct table table;
	struct block *blocks;
	size_t nr;
	struct frames frames;
	char *text;
	int fd;
};

FIXTURE_SETUP(free_blocks)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->blocks = mmap(NULL, MAX_BLOCKS * sizeof(*self->blocks), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(self->blocks, MAP_FAILED);
}

FIXTURE_TEARDOWN(free_blocks)
{
	munmap(self->blocks, MAX_BLOCKS * sizeof(*self->blocks));
	frames_free(&self->frames);
	table_free(&self->table);
	free(self->text);
	write_file(LIMIT_FRACTION, "0");
	close(self->fd);
}

static void take_blocks(FIXTURE_DATA(free_blocks) *self)
{
	struct table *t = &self->table;

	self->nr = 0;
	while (self->nr < MAX_BLOCKS && table_next(t)) {
		struct block *b = &self->blocks[self->nr++];

		b->node = table_number(t, "node");
		snprintf(b->zone, sizeof(b->zone), "%s", table_text(t, "zone"));
		b->order = table_number(t, "order");
		snprintf(b->type, sizeof(b->type), "%s", table_text(t, "migratetype"));
		b->pfn = table_number(t, "pfn");
		b->index = table_number(t, "index");
		b->marked = strcmp(table_text(t, "state"), "-");
	}
}

/* the dataset at a moment when a file said the same before and after */
static int read_blocks(FIXTURE_DATA(free_blocks) *self, const char *path)
{
	free(self->text);
	self->text = table_quiet(&self->table, "free_blocks", path);
	if (!self->text)
		return -1;
	take_blocks(self);
	return self->nr ? 0 : -1;
}

static long count_blocks(const FIXTURE_DATA(free_blocks) *self, const struct row *r,
			 unsigned int order)
{
	long nr = 0;
	size_t i;

	for (i = 0; i < self->nr; i++) {
		const struct block *b = &self->blocks[i];

		nr += b->order == order && b->node == r->node && !strcmp(b->zone, r->zone) &&
		      (!r->type[0] || !strcmp(b->type, r->type));
	}
	return nr;
}

TEST_F(free_blocks, there_are_as_many_as_buddyinfo_says)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(count_blocks(self, &r, order), r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
		}
	}
	ASSERT_GT(compared, 0);
}

TEST_F(free_blocks, each_list_is_as_long_as_pagetypeinfo_says)
{
	unsigned int order, compared = 0;
	struct row r;

	ASSERT_EQ(read_blocks(self, PAGETYPEINFO), 0);
	for_each_row(self->text, true, &r) {
		for (order = 0; order < r.nr; order++, compared++) {
			EXPECT_EQ(count_blocks(self, &r, order), r.value[order])
				TH_LOG("node %u zone %s type %s order %u", r.node, r.zone, r.type,
				       order);
		}
	}
	ASSERT_GT(compared, 0);
}

static bool same_list(const struct block *a, const struct block *b)
{
	return a->node == b->node && a->order == b->order && !strcmp(a->zone, b->zone) &&
	       !strcmp(a->type, b->type);
}

TEST_F(free_blocks, indices_count_from_zero_in_each_list_and_no_list_is_marked)
{
	size_t i;

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	for (i = 0; i < self->nr; i++) {
		const struct block *b = &self->blocks[i];

		if (i && same_list(b - 1, b)) {
			ASSERT_EQ(b->index, b[-1].index + 1);
		} else {
			ASSERT_EQ(b->index, 0);
		}
		ASSERT_FALSE(b->marked);
	}
}

static int by_pfn(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

TEST_F(free_blocks, are_aligned_to_their_order_and_disjoint)
{
	size_t i;

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	qsort(self->blocks, self->nr, sizeof(*self->blocks), by_pfn);
	for (i = 0; i < self->nr; i++) {
		const struct block *b = &self->blocks[i];

		EXPECT_EQ(b->pfn & ((1UL << b->order) - 1), 0)
			TH_LOG("pfn %lu order %u", b->pfn, b->order);
		if (i) {
			ASSERT_GE(b->pfn, b[-1].pfn + (1UL << b[-1].order));
		}
	}
}

/* kpageflags says BUDDY for every frame of a free block, on both kernels */
TEST_F(free_blocks, cover_exactly_the_frames_that_kpageflags_calls_buddy)
{
	size_t wrong = 0, covered = 0, i, pfn;
	struct frames after = { 0 };
	uint8_t *in_block;
	int file;

	/* so that reading needs no memory any more */
	ASSERT_EQ(frames_read(&self->frames, KPAGEFLAGS), 0);
	ASSERT_EQ(frames_read(&after, KPAGEFLAGS), 0);
	in_block = calloc(self->frames.nr, 1);
	file = table_open("free_blocks");
	ASSERT_GE(file, 0);

	ASSERT_EQ(frames_read(&self->frames, KPAGEFLAGS), 0);
	ASSERT_EQ(table_fill(&self->table, file), 0);
	ASSERT_EQ(frames_read(&after, KPAGEFLAGS), 0);
	close(file);
	table_begin(&self->table);
	take_blocks(self);
	for (i = 0; i < self->nr; i++)
		for (pfn = self->blocks[i].pfn;
		     pfn < self->blocks[i].pfn + (1UL << self->blocks[i].order); pfn++) {
			ASSERT_LT(pfn, self->frames.nr);
			in_block[pfn] = 1;
			covered++;
		}
	for (pfn = 0; pfn < self->frames.nr; pfn++) {
		bool before = frame_has(&self->frames, pfn, KPF_BUDDY);

		if (before == in_block[pfn] || before != frame_has(&after, pfn, KPF_BUDDY))
			continue;
		wrong++;
		TH_LOG("pfn %lu: in a block: %u, kpageflags: %lx", pfn, in_block[pfn],
		       self->frames.of[pfn]);
		if (wrong > 10)
			break;
	}
	TH_LOG("%zu blocks, %zu frames", self->nr, covered);
	EXPECT_EQ(wrong, 0);
	free(in_block);
	frames_free(&after);
}

static int by_record_pfn(const void *a, const void *b)
{
	const struct mmscope_free_block *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

/* an answer by pfn, so that blocks can be found */
static int read_sorted(int fd, size_t chunk, struct answer *a)
{
	if (walk_chunked(fd, walk_arg(MMSCOPE_DS_FREE_BLOCKS), chunk, a))
		return -1;
	qsort(a->records, a->nr, a->rec_size, by_record_pfn);
	return 0;
}

static bool has_block(const struct answer *a, uint64_t pfn, unsigned int order)
{
	struct mmscope_free_block key = { .pfn = pfn }, *found;

	found = bsearch(&key, a->records, a->nr, a->rec_size, by_record_pfn);
	return found && found->order == order;
}

/* of frames: all that is on a buddy list, in whatever pageblock */
#define FREE_CLASSES	(1 << MMSCOPE_CLASS_FREE | 1 << MMSCOPE_CLASS_FREE_HIGHATOMIC |	\
			 1 << MMSCOPE_CLASS_FREE_CMA | 1 << MMSCOPE_CLASS_FREE_ISOLATED)

/* what a look at lists and frames gives */
struct both {
	size_t blocks;		/* of the lists, before the sweep */
	size_t still;		/* of these, there after it, too */
	size_t heads;		/* of the sweep */
	size_t found;		/* of these, on the lists before and after */
	size_t extra;		/* of these, on them neither before nor after */
};

static int look_at_both(int fd, struct both *n)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PAGES);
	struct answer before = { 0 }, sweep = { 0 }, after = { 0 };
	const struct mmscope_free_block *b;
	const struct mmscope_page *p;
	int err;

	memset(n, 0, sizeof(*n));
	arg.class_mask = FREE_CLASSES;
	err = read_sorted(fd, 4096, &before) || walk_all(fd, arg, &sweep) ||
	      read_sorted(fd, 4096, &after);
	/* what was there before and after is there in between, and the other way round */
	b = before.records;
	for (size_t i = 0; !err && i < before.nr; i++)
		n->still += has_block(&after, b[i].pfn, b[i].order);
	p = sweep.records;
	for (size_t i = 0; !err && i < sweep.nr; i++) {
		bool was, is;

		if (p[i].pfn != p[i].head_pfn)
			continue;
		n->heads++;
		was = has_block(&before, p[i].pfn, p[i].order);
		is = has_block(&after, p[i].pfn, p[i].order);
		n->found += was && is;
		n->extra += !was && !is;
	}
	n->blocks = before.nr;
	answer_free(&before);
	answer_free(&sweep);
	answer_free(&after);
	return err;
}

/*
 * The second source: free frames found by number. kcompactd takes free blocks and
 * gives back what it has not filled: once in a few looks it does not.
 */
TEST_F(free_blocks, are_what_a_sweep_over_all_frames_finds)
{
	struct both n;
	bool same = false;

	for (int try = 0; try < 10 && !same; try++) {
		ASSERT_EQ(0, look_at_both(self->fd, &n));
		same = n.found + MAX_MOVED >= n.still && n.still > n.blocks / 4 &&
		       n.extra <= MAX_MOVED + n.blocks - n.still;
	}
	TH_LOG("%zu blocks, %zu still there, %zu by pfn, %zu of both, %zu of none", n.blocks,
	       n.still, n.heads, n.found, n.extra);
	EXPECT_TRUE(same);
}

TEST_F(free_blocks, filters_select_node_zone_order_and_range)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FREE_BLOCKS);
	const struct mmscope_free_block *b;
	struct answer all, some;
	size_t i, expected = 0;

	ASSERT_EQ(walk_all(self->fd, arg, &all), 0);
	b = all.records;
	ASSERT_GT(all.nr, 10);
	arg.node = b[all.nr - 1].node;
	arg.zone = b[all.nr - 1].zone;
	arg.class_mask = 1 << b[all.nr - 1].order;
	ASSERT_EQ(walk_all(self->fd, arg, &some), 0);
	for (i = 0; i < all.nr; i++)
		expected += b[i].node == arg.node && b[i].zone == arg.zone &&
			    1U << b[i].order == arg.class_mask;
	EXPECT_GE(some.nr + 20, expected);
	EXPECT_LE(some.nr, expected + 20);
	b = some.records;
	for (i = 0; i < some.nr; i++) {
		EXPECT_EQ(b[i].node, arg.node);
		EXPECT_EQ(b[i].zone, arg.zone);
		EXPECT_EQ(1U << b[i].order, arg.class_mask);
	}
	answer_free(&some);

	/* one frame in the middle of a large block */
	b = all.records;
	for (i = 0; i < all.nr && b[i].order < 9;)
		i++;
	ASSERT_LT(i, all.nr);
	arg = walk_arg(MMSCOPE_DS_FREE_BLOCKS);
	arg.start = b[i].pfn + 3;
	arg.end = arg.start + 1;
	ASSERT_EQ(walk_all(self->fd, arg, &some), 0);
	ASSERT_LE(some.nr, 1);
	if (some.nr) {	/* else it was allocated just now */
		EXPECT_LE(((struct mmscope_free_block *)some.records)->pfn, arg.start);
	}
	answer_free(&some);
	answer_free(&all);
}

TEST_F(free_blocks, one_record_at_a_time_gives_the_same_blocks)
{
	struct answer before, single, after;
	const struct mmscope_free_block *b;
	size_t i, still = 0, found = 0;

	ASSERT_EQ(read_sorted(self->fd, 4096, &before), 0);
	ASSERT_EQ(read_sorted(self->fd, 1, &single), 0);
	ASSERT_EQ(read_sorted(self->fd, 4096, &after), 0);
	EXPECT_GE(single.calls, single.nr);
	b = before.records;
	for (i = 0; i < before.nr; i++) {
		if (!has_block(&after, b[i].pfn, b[i].order))
			continue;
		still++;
		found += has_block(&single, b[i].pfn, b[i].order);
	}
	TH_LOG("%zu blocks, %zu still there, %zu one by one, %zu of both, %lu restarts", before.nr,
	       still, single.nr, found, single.restarts);
	EXPECT_GE(found + MAX_MOVED, still);
	answer_free(&before);
	answer_free(&single);
	answer_free(&after);
}

/* Is a record of an answer what a record can be? */
static bool sane(const struct mmscope_free_block *b)
{
	return b->order < ROW_VALUES && !(b->pfn & ((1UL << b->order) - 1)) && !b->__reserved &&
	       !(b->state & ~(MMSCOPE_LIST_TORN | MMSCOPE_LIST_REPEAT | MMSCOPE_LIST_CUT));
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ random();
}

/* a cursor with parts of a good one, or nothing good at all */
static struct mmscope_cursor hostile_cursor(const struct answer *a, int i)
{
	const struct mmscope_free_block *b = a->records;
	struct mmscope_cursor c = { .pos = random64(), .hint = random64() };

	b += random() % a->nr;
	if (i % 8 == 0)
		return c;
	/* a list that exists: zone index, order, type, index */
	c.pos = ((uint64_t)(random() % 4) << 8 | (random() % 11) << 4 | random() % 5) << 42;
	if (i % 8 > 1)
		c.pos |= random() % 1000;
	/* a free block, a frame of any other kind, and what lies beyond memory */
	c.hint = (i % 8 < 5 ? b->pfn + 1 : random64() >> (i % 40)) & ((1ULL << 48) - 1);
	c.hint |= random64() << 48;
	return c;
}

TEST_F_TIMEOUT(free_blocks, no_cursor_does_harm, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FREE_BLOCKS);
	struct mmscope_free_block *b = calloc(256, sizeof(*b));
	time_t end = time(NULL) + 30;
	uint64_t restarts = 0;
	struct answer a;
	uint32_t i, j, most = 0;

	ASSERT_EQ(walk_all(self->fd, arg, &a), 0);
	arg.buf = (uintptr_t)b;
	arg.buf_bytes = 256 * sizeof(*b);
	srandom(2);
	for (i = 0; i < HOSTILE_CURSORS && time(NULL) < end; i++) {
		arg.cursor = hostile_cursor(&a, i);
		arg.status = 0;
		ASSERT_EQ(ioctl(self->fd, MMSCOPE_IOC_WALK, &arg), 0);
		ASSERT_LE(arg.nr, 256);
		for (j = 0; j < arg.nr; j++) {
			ASSERT_TRUE(sane(&b[j]));
		}
		restarts += arg.restarts;
		most = arg.nr > most ? arg.nr : most;
	}
	EXPECT_GT(most, 0);
	TH_LOG("%u cursors, %lu restarts", i, restarts);
	free(b);
	answer_free(&a);
}

/* children that take and give back memory as fast as they can */
static pid_t start_churn(void)
{
	const size_t bytes = 16 << 20;
	pid_t pid = fork();

	if (pid)
		return pid;
	/* should the test fail, they end with it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
		size_t i;

		madvise(mem, bytes, MADV_NOHUGEPAGE);
		madvise(mem, bytes, MADV_POPULATE_WRITE);
		for (i = 0; i < bytes; i += 2 * getpagesize())
			madvise(mem + i, getpagesize(), MADV_DONTNEED);
		munmap(mem, bytes);
	}
}

TEST_F_TIMEOUT(free_blocks, an_answer_ends_while_memory_is_churned, 120)
{
	uint64_t max_lock_ns = 0, restarts = 0, torn = 0, repeats = 0, cut = 0, records = 0;
	size_t speed = shred_speed();
	struct shredded s;
	pid_t churn[3];
	struct answer a;
	time_t end;
	size_t i;
	int round;

	/* long lists, or one hold would be enough */
	ASSERT_EQ(shred_memory(10 * speed < 40000 ? 10 * speed : 40000, &s), 0);
	for (i = 0; i < ARRAY_LEN(churn); i++)
		churn[i] = start_churn();
	end = time(NULL) + 30;
	for (round = 0; round < 20 && time(NULL) < end; round++) {
		const struct mmscope_free_block *b;

		/* small windows: the place has to be found again often */
		ASSERT_EQ(walk_chunked(self->fd, walk_arg(MMSCOPE_DS_FREE_BLOCKS),
				       round % 2 ? 16 : 4096, &a), 0);
		b = a.records;
		for (i = 0; i < a.nr; i++) {
			ASSERT_TRUE(sane(&b[i]));
			repeats += !!(b[i].state & MMSCOPE_LIST_REPEAT);
			cut += !!(b[i].state & MMSCOPE_LIST_CUT);
			if (i && b[i].node == b[i - 1].node && b[i].zone == b[i - 1].zone &&
			    b[i].order == b[i - 1].order &&
			    b[i].migratetype == b[i - 1].migratetype)
				ASSERT_EQ(b[i].index, b[i - 1].index + 1);
		}
		restarts += a.restarts;
		torn += a.torn;
		records += a.nr;
		if (a.max_lock_ns > max_lock_ns)
			max_lock_ns = a.max_lock_ns;
		answer_free(&a);
	}
	for (i = 0; i < ARRAY_LEN(churn); i++) {
		kill(churn[i], SIGKILL);
		waitpid(churn[i], NULL, 0);
	}
	shredded_free(&s);
	EXPECT_GT(records, 0);
	TH_LOG("%lu records, %lu restarts, %lu torn, %lu repeats, %lu cut, longest hold %lu ns",
	       records, restarts, torn, repeats, cut, max_lock_ns);
}

TEST_F_TIMEOUT(free_blocks, lists_too_long_for_pagetypeinfo_are_listed, 240)
{
	size_t longest = 0, i;
	unsigned int order;
	struct shredded s;
	struct answer a;
	struct row r;

	/* what is needed later must not come from the list itself */
	ASSERT_EQ(table_reserve(&self->table, LONG_TEXT), 0);
	memset(self->blocks, 1, (LONG_LIST + 25000) * sizeof(*self->blocks));
	ASSERT_EQ(shred_memory(pages_to_shred(LONG_LIST), &s), 0);
	ASSERT_EQ(walk_all(self->fd, walk_arg(MMSCOPE_DS_FREE_BLOCKS), &a), 0);
	TH_LOG("%zu blocks, %lu lock holds, longest %lu ns, %lu restarts, %lu torn", a.nr,
	       a.locks, a.max_lock_ns, a.restarts, a.torn);
	EXPECT_GE(a.locks, a.nr / 1024);
	answer_free(&a);

	ASSERT_EQ(read_blocks(self, BUDDYINFO), 0);
	for_each_row(self->text, false, &r) {
		for (order = 0; order < r.nr; order++) {
			EXPECT_EQ(count_blocks(self, &r, order), r.value[order])
				TH_LOG("node %u zone %s order %u", r.node, r.zone, order);
		}
	}
	for (i = 0; i < self->nr; i++) {
		ASSERT_FALSE(self->blocks[i].marked);
		if (self->blocks[i].index >= longest)
			longest = self->blocks[i].index + 1;
	}
	qsort(self->blocks, self->nr, sizeof(*self->blocks), by_pfn);
	for (i = 1; i < self->nr; i++) {
		ASSERT_GT(self->blocks[i].pfn, self->blocks[i - 1].pfn);
	}
	shredded_free(&s);
	TH_LOG("longest list: %zu blocks", longest);
	if (longest <= LONG_LIST)
		SKIP(return, TOO_SHORT, longest, 3 * LONG_LIST * PAGE >> 20);
}

TEST_HARNESS_MAIN

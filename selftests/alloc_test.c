// SPDX-License-Identifier: GPL-2.0
/*
 * MMSCOPE_IOC_ALLOC against the page allocator itself: what it says of random
 * allocations and what becomes of them, in states of memory that the fixture
 * makes. Each allocation is asked about before and after; only if both answers
 * are the same something is proved. The flags are those that the tool makes of
 * the names which the fixture takes from the kernel's headers.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "common.h"
#include "fixture.h"
#include "../tools/gfp.c"

#define MAX_ZONES	32
#define NONE		MMSCOPE_UNKNOWN32
#define MAX_HELD	256
#define SURPLUS		512

/* no OOM killer: none may reclaim, or all give up at the first failure */
static const char *const rigid[] = {
	"GFP_NOWAIT", "GFP_ATOMIC", "GFP_ATOMIC|__GFP_COMP", "__GFP_HIGH", "__GFP_COMP",
	"GFP_NOWAIT|__GFP_MOVABLE|__GFP_HIGHMEM", "GFP_ATOMIC|__GFP_NOMEMALLOC",
	"GFP_TRANSHUGE_LIGHT", "GFP_NOWAIT|__GFP_RECLAIMABLE", "GFP_DMA32|GFP_NOWAIT",
	"GFP_DMA|GFP_ATOMIC", "GFP_NOWAIT|__GFP_THISNODE", "GFP_ATOMIC|__GFP_THISNODE",
	"GFP_NOWAIT|__GFP_WRITE", "GFP_NOWAIT|__GFP_MEMALLOC",
	"GFP_KERNEL|__GFP_NORETRY", "GFP_HIGHUSER_MOVABLE|__GFP_NORETRY",
	"GFP_NOFS|__GFP_NORETRY", "GFP_NOIO|__GFP_NORETRY", "GFP_HIGHUSER|__GFP_NORETRY",
	"GFP_USER|__GFP_NORETRY|__GFP_WRITE", "GFP_TRANSHUGE|__GFP_NORETRY",
	"GFP_KERNEL|__GFP_NORETRY|__GFP_HIGH", "GFP_DMA|GFP_KERNEL|__GFP_NORETRY",
};

/* of the smallest zone, which can be used up without harm to anybody */
static const char *const dma[] = {
	"GFP_DMA", "GFP_DMA|GFP_NOWAIT", "GFP_DMA|GFP_ATOMIC", "GFP_DMA|__GFP_HIGH",
	"GFP_DMA|GFP_ATOMIC|__GFP_NOMEMALLOC", "GFP_DMA|__GFP_NOMEMALLOC",
	"GFP_DMA|__GFP_MEMALLOC", "GFP_DMA|__GFP_MEMALLOC|__GFP_NOMEMALLOC",
	"GFP_DMA|GFP_KERNEL|__GFP_NORETRY", "GFP_DMA|GFP_KERNEL|__GFP_NORETRY|__GFP_HIGH",
	"GFP_DMA|GFP_KERNEL|__GFP_NORETRY|__GFP_MEMALLOC", "GFP_DMA|__GFP_MOVABLE",
	"GFP_DMA|GFP_ATOMIC|__GFP_RECLAIMABLE", "GFP_DMA|GFP_NOWAIT|__GFP_THISNODE",
};

struct span {
	uint32_t node;
	uint32_t zone;
	uint64_t start;
	uint64_t end;
};

/* what the fixture holds for us */
struct held {
	uint32_t id[MAX_HELD];
	uint32_t nr;
};

/* how the trials went */
struct tally {
	unsigned int asked;
	unsigned int counted;
	unsigned int missed;
	unsigned int wrong;
	unsigned int result[MMSCOPE_ALLOC_FAIL + 1];
	unsigned int real_success;
};

FIXTURE(alloc) {
	int fd;
	int fixture;
	int vmstat;
	uint32_t nr_nodes;
	uint32_t nr_orders;
	struct span span[MAX_ZONES];
	size_t nr_spans;
	struct mmscope_alloc_zone zones[MAX_ZONES];
	struct tally tally;
	char text[1 << 15];
};

/* zones as /proc/zoneinfo has them: "Node 0, zone DMA32" ... "start_pfn: 4096" */
static int read_spans(FIXTURE_DATA(alloc) *self)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "Movable", "Device" };
	char *text = read_file("/proc/zoneinfo"), *at = NULL;
	unsigned long spanned = 0, value;
	struct span now = { .node = NONE };
	char name[16];

	for (char *l = strtok_r(text, "\n", &at); l; l = strtok_r(NULL, "\n", &at)) {
		if (sscanf(l, "Node %u, zone %15s", &now.node, name) == 2)
			for (now.zone = 0; strcmp(names[now.zone], name); now.zone++)
				;
		else if (sscanf(l, " spanned %lu", &value) == 1)
			spanned = value;
		else if (sscanf(l, " start_pfn: %lu", &value) == 1 && spanned &&
			 self->nr_spans < MAX_ZONES) {
			now.start = value;
			now.end = value + spanned;
			self->span[self->nr_spans++] = now;
		}
	}
	free(text);
	return self->nr_spans ? 0 : -1;
}

static bool in_zone(const FIXTURE_DATA(alloc) *self, uint64_t pfn, uint32_t node, uint32_t zone)
{
	for (size_t i = 0; i < self->nr_spans; i++) {
		const struct span *s = &self->span[i];

		if (s->node == node && s->zone == zone)
			return pfn >= s->start && pfn < s->end;
	}
	return false;
}

FIXTURE_SETUP(alloc)
{
	struct mmscope_info info = { .size = sizeof(info) };

	/* the lists of a CPU are part of the state; and no faults when memory is short */
	ASSERT_EQ(0, run_on_cpu(0));
	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	self->vmstat = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->vmstat);
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, &info));
	self->nr_nodes = info.nr_nodes;
	self->nr_orders = info.nr_orders;
	ASSERT_EQ(0, read_spans(self));
	srand(getpid());
}

FIXTURE_TEARDOWN(alloc)
{
	close(self->vmstat);
	close(self->fixture);
	close(self->fd);
	EXPECT_EQ(0, fixture_unload());
}

static int ask(FIXTURE_DATA(alloc) *self, uint32_t order, uint32_t gfp, uint32_t node,
	       struct mmscope_alloc_arg *arg)
{
	*arg = (struct mmscope_alloc_arg){
		.size = sizeof(*arg),
		.order = order,
		.gfp = gfp,
		.node = node,
		.nr = MAX_ZONES,
		.buf = (uintptr_t)self->zones,
	};
	return ioctl(self->fd, MMSCOPE_IOC_ALLOC, arg) ? -errno : 0;
}

/* how often anybody has reclaimed or compacted for an allocation */
static unsigned long read_stalls(FIXTURE_DATA(alloc) *self)
{
	ssize_t len = pread(self->vmstat, self->text, sizeof(self->text) - 1, 0);
	unsigned long sum = 0;

	self->text[len < 0 ? 0 : len] = '\0';
	for (char *l = self->text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL)
		if (!strncmp(l, "allocstall_", 11) || !strncmp(l, "compact_stall ", 14))
			sum += strtoul(strchr(l, ' '), NULL, 10);
	return sum;
}

/* Was the answer right? */
static bool proved(FIXTURE_DATA(alloc) *self, const struct mmscope_alloc_arg *arg, uint64_t pfn,
		   unsigned long stalls)
{
	bool success = pfn != FIXTURE_NO_PFN;

	switch (arg->result) {
	case MMSCOPE_ALLOC_AT_ONCE:
	case MMSCOPE_ALLOC_SLOW:
		return success && !stalls && in_zone(self, pfn, arg->from_node, arg->from_zone);
	case MMSCOPE_ALLOC_RECLAIM:
		return arg->gfp & MMSCOPE_GFP_DIRECT_RECLAIM && (stalls || !success) &&
		       arg->from_zone == NONE;
	case MMSCOPE_ALLOC_FAIL:
		return !(arg->gfp & MMSCOPE_GFP_DIRECT_RECLAIM && arg->nr) && !success &&
		       arg->from_zone == NONE;
	}
	return false;
}

static void print_miss(const FIXTURE_DATA(alloc) *self, const char *text,
		       const struct mmscope_alloc_arg *arg, uint64_t pfn, unsigned long stalls)
{
	fprintf(stderr, "# order %u %s node %d: result %u from %d/%d, real pfn %#lx, %lu stalls\n",
		arg->order, text, arg->node, arg->result, arg->from_node, arg->from_zone, pfn,
		stalls);
	for (uint32_t i = 0; i < arg->nr; i++) {
		const struct mmscope_alloc_zone *z = &self->zones[i];

		fprintf(stderr,
			"#   %u/%u: free %llu, margins %lld %lld, order %d, pcp %u, %u %u %u %u\n",
			z->node, z->zone, z->free_pages, z->fast_margin, z->slow_margin,
			z->largest_order, z->pcp_ready, z->first, z->fast, z->slow, z->reserves);
	}
}

enum trial { RIGHT, MOVED, MISSED, BROKEN };

/* Ask, try, ask again. */
static enum trial try_once(FIXTURE_DATA(alloc) *self, uint32_t order, const char *text,
			   uint32_t node)
{
	struct mmscope_alloc_arg before, after;
	struct tally *t = &self->tally;
	unsigned long stalls;
	uint64_t pfn = 0;
	uint32_t gfp;
	int err;

	if (gfp_parse(text, &gfp))
		return BROKEN;
	stalls = read_stalls(self);
	err = ask(self, order, gfp, node, &before);
	err = err ?: fixture_try(self->fixture, order, text, node, &pfn);
	err = err ?: ask(self, order, gfp, node, &after);
	stalls = read_stalls(self) - stalls;
	if (err || before.nr > MAX_ZONES)
		return BROKEN;
	if (before.result != after.result || before.from_node != after.from_node ||
	    before.from_zone != after.from_zone)
		return MOVED;
	if (!proved(self, &before, pfn, stalls)) {
		print_miss(self, text, &after, pfn, stalls);
		return MISSED;
	}
	t->counted++;
	t->result[before.result]++;
	t->real_success += pfn != FIXTURE_NO_PFN;
	return RIGHT;
}

/*
 * A block that kcompactd or another CPU frees in between goes to the list of our
 * CPU afterwards, where both answers are blind to it. That is rare, and does not
 * happen three times in a row; an error does.
 */
static void try_one(FIXTURE_DATA(alloc) *self, uint32_t order, const char *text, uint32_t node)
{
	struct tally *t = &self->tally;
	enum trial trial = MISSED;

	t->asked++;
	for (int tries = 0; tries < 3 && trial == MISSED; tries++) {
		trial = try_once(self, order, text, node);
		t->missed += trial == MISSED;
	}
	t->wrong += trial == MISSED || trial == BROKEN;
}

static uint32_t random_node(const FIXTURE_DATA(alloc) *self)
{
	uint32_t node = rand() % (self->nr_nodes + 1);

	return node == self->nr_nodes ? FIXTURE_ANY_NODE : node;
}

static void try_many(FIXTURE_DATA(alloc) *self, unsigned int nr, const char *const *gfps,
		     size_t nr_gfps)
{
	while (nr--)
		try_one(self, rand() % self->nr_orders, gfps[rand() % nr_gfps], random_node(self));
}

/* what the fixture is told to use up a zone; zones above are for everybody */
static const char *const only_zone[] = { "GFP_DMA|__GFP_THISNODE", "GFP_DMA32|__GFP_THISNODE" };

/*
 * Take single pages of a node: of lower zones what they give to those who could
 * use a higher one, then of the highest until it is only SURPLUS above the min
 * watermark: large blocks are too much then, single pages are not. Returns 0 or
 * -errno.
 */
static int use_up(FIXTURE_DATA(alloc) *self, uint32_t node, struct held *h)
{
	static const uint32_t gfp = MMSCOPE_GFP_DIRECT_RECLAIM | MMSCOPE_GFP_THISNODE;
	const struct mmscope_alloc_zone *z = self->zones;
	struct mmscope_alloc_arg arg;
	int64_t surplus;
	int got = ask(self, 0, gfp, node, &arg);

	for (uint32_t i = arg.nr - 1; i > 0 && i < MAX_ZONES && got >= 0; i--)
		if (z[i].zone < ARRAY_LEN(only_zone) && (int64_t)z[i].fast_margin > 0)
			got = fixture_hold(self->fixture, z[i].fast_margin, 0,
					   only_zone[z[i].zone], node, &h->id[h->nr++]);
	while (got >= 0 && h->nr < MAX_HELD) {
		got = ask(self, 0, gfp, node, &arg);
		/* what is in CMA blocks is not for such as these */
		surplus = (int64_t)z->slow_margin - SURPLUS;
		if (got || surplus <= 0)
			return got;
		/* the last of them in small portions: those on per-CPU lists are not counted */
		got = fixture_hold(self->fixture, surplus > 4096 ? surplus / 2 : 128, 0,
				   "GFP_NOWAIT|__GFP_THISNODE", node, &h->id[h->nr++]);
	}
	return got < 0 ? got : -ENOSPC;
}

/* Free a part of what was used up: pages whose pfn has these bits so. */
static int give_back(FIXTURE_DATA(alloc) *self, const struct held *h, uint64_t mask,
		     uint64_t value)
{
	int err = 0;

	for (uint32_t i = 0; i < h->nr; i++)
		err = err ?: fixture_free_some(self->fixture, h->id[i], mask, value);
	return err;
}

/* Whatever is free in blocks of more than a page; returns 0 or -errno. */
static int hold_blocks(FIXTURE_DATA(alloc) *self)
{
	uint32_t id;

	for (int order = self->nr_orders - 1; order; order--)
		for (uint32_t node = 0; node < self->nr_nodes; node++) {
			int got = fixture_hold(self->fixture, 1 << 20, order, "GFP_NOWAIT", node,
					       &id);

			if (got >= 0)
				got = fixture_hold(self->fixture, 1 << 20, order, "GFP_DMA", node,
						   &id);
			if (got < 0)
				return got;
		}
	return 0;
}

/* Nothing is free but single pages, also when what was on its way to be free has come. */
static int hold_all_blocks(FIXTURE_DATA(alloc) *self)
{
	struct mmscope_alloc_arg arg = { .result = MMSCOPE_ALLOC_AT_ONCE };
	int err = 0;

	for (int tries = 0; tries < 10 && !err && arg.result == MMSCOPE_ALLOC_AT_ONCE; tries++) {
		err = hold_blocks(self);
		usleep(20000);
		err = err ?: ask(self, 1, 0, FIXTURE_ANY_NODE, &arg);
	}
	return err;
}

static void print_tally(struct __test_metadata *_metadata, const struct tally *t,
			const char *state)
{
	TH_LOG("%s: %u of %u counted, %u missed, %u wrong", state, t->counted, t->asked,
	       t->missed, t->wrong);
	TH_LOG("%s: at once %u, slow %u, reclaim %u, fail %u; real successes %u", state,
	       t->result[0], t->result[1], t->result[2], t->result[3], t->real_success);
}

#define EXPECT_PROVED(_state) do {					\
	print_tally(_metadata, &self->tally, _state);			\
	EXPECT_EQ(0, self->tally.wrong);				\
	EXPECT_GE(self->tally.asked / 100, self->tally.missed);		\
	EXPECT_LT(self->tally.asked * 9 / 10, self->tally.counted);	\
	self->tally = (struct tally){ 0 };				\
} while (0)

TEST_F(alloc, with_plenty_free)
{
	try_many(self, 600, rigid, ARRAY_LEN(rigid));
	EXPECT_LT(300, self->tally.result[MMSCOPE_ALLOC_AT_ONCE]);
	EXPECT_PROVED("plenty");
}

TEST_F(alloc, with_free_memory_in_fragments)
{
	struct held held = { .nr = 0 };

	if (kernel_has_kasan())
		SKIP(return, "KASAN needs memory to free memory: the OOM killer would come");
	for (uint32_t node = 0; node < self->nr_nodes; node++)
		ASSERT_EQ(0, use_up(self, node, &held));
	/* every second page is free, and nothing else; then blocks of 2, 4, 8 ... pages */
	ASSERT_EQ(0, give_back(self, &held, 1, 1));
	ASSERT_EQ(0, hold_all_blocks(self));
	for (uint32_t run = 2; run <= 512; run *= 2) {
		try_many(self, 75, rigid, ARRAY_LEN(rigid));
		ASSERT_EQ(0, give_back(self, &held, run, run));
	}
	EXPECT_LT(50, self->tally.result[MMSCOPE_ALLOC_AT_ONCE]);
	EXPECT_LT(20, self->tally.result[MMSCOPE_ALLOC_FAIL]);
	EXPECT_LT(3, self->tally.result[MMSCOPE_ALLOC_RECLAIM]);
	ASSERT_EQ(0, fixture_free(self->fixture, 0));
	EXPECT_PROVED("fragments");
}

TEST_F(alloc, with_little_free)
{
	struct held held = { .nr = 0 };

	if (kernel_has_kasan())
		SKIP(return, "KASAN needs memory to free memory: the OOM killer would come");
	for (uint32_t node = 0; node < self->nr_nodes; node++)
		ASSERT_EQ(0, use_up(self, node, &held));
	try_many(self, 150, rigid, ARRAY_LEN(rigid));
	for (uint32_t step = 0; step < 24; step++) {
		try_many(self, 25, rigid, ARRAY_LEN(rigid));
		ASSERT_EQ(0, give_back(self, &held, 0x1ff8, step << 3));
	}
	EXPECT_LT(20, self->tally.result[MMSCOPE_ALLOC_SLOW]);
	EXPECT_LT(5, self->tally.result[MMSCOPE_ALLOC_FAIL] +
		     self->tally.result[MMSCOPE_ALLOC_RECLAIM]);
	ASSERT_EQ(0, fixture_free(self->fixture, 0));
	EXPECT_PROVED("little");
}

/* The smallest zone down to its last page, and up again past each watermark. */
TEST_F(alloc, with_a_zone_used_up)
{
	static const char *const deeper[] = {
		"GFP_DMA", "GFP_DMA|GFP_ATOMIC", "GFP_DMA|__GFP_MEMALLOC",
	};
	uint32_t ids[ARRAY_LEN(deeper)];

	for (size_t i = 0; i < ARRAY_LEN(deeper); i++) {
		ASSERT_LE(0, fixture_hold(self->fixture, 1 << 20, 0, deeper[i], 0, &ids[i]));
		for (int n = 0; n < 60; n++)
			try_one(self, rand() % 3 ? 0 : rand() % self->nr_orders,
				dma[rand() % ARRAY_LEN(dma)], random_node(self));
	}
	for (uint32_t step = 0; step < 64; step++) {
		for (int i = ARRAY_LEN(deeper) - 1; i >= 0; i--)
			ASSERT_EQ(0, fixture_free_some(self->fixture, ids[i], 0x1f8, step << 3));
		for (int n = 0; n < 12; n++)
			try_one(self, rand() % 5, dma[rand() % ARRAY_LEN(dma)],
				random_node(self));
	}
	EXPECT_LT(50, self->tally.result[MMSCOPE_ALLOC_AT_ONCE]);
	EXPECT_LT(30, self->tally.result[MMSCOPE_ALLOC_SLOW]);
	EXPECT_LT(10, self->tally.result[MMSCOPE_ALLOC_RECLAIM]);
	EXPECT_LT(50, self->tally.result[MMSCOPE_ALLOC_FAIL]);
	ASSERT_EQ(0, fixture_free(self->fixture, 0));
	EXPECT_PROVED("one zone used up");
}

TEST_F(alloc, the_zones_are_those_of_proc_zoneinfo)
{
	struct mmscope_alloc_arg arg;
	uint64_t pages = 0, after = 0;

	for (uint32_t node = 0; node < self->nr_nodes; node++) {
		/* movable high memory may come from everywhere, and does so only once */
		ASSERT_EQ(0, ask(self, 0, MMSCOPE_GFP_MOVABLE | MMSCOPE_GFP_HIGHMEM, node, &arg));
		EXPECT_EQ(node, arg.list_node);
		EXPECT_EQ(node, self->zones[0].node);
		EXPECT_EQ(sizeof(struct mmscope_alloc_zone), arg.rec_size);
		EXPECT_EQ(0, arg.cpu);
		EXPECT_EQ(self->nr_spans, arg.nr);
		for (uint32_t i = 0; i < arg.nr; i++)
			for (uint32_t j = 0; j < i; j++)
				EXPECT_FALSE(self->zones[i].node == self->zones[j].node &&
					     self->zones[i].zone == self->zones[j].zone);

		ASSERT_EQ(0, ask(self, 0, MMSCOPE_GFP_THISNODE, node, &arg));
		for (uint32_t i = 0; i < arg.nr; i++)
			EXPECT_EQ(node, self->zones[i].node);
	}
	/* room for fewer than there are is no error, and they are told all the same */
	self->zones[1].free_pages = 12345;
	ASSERT_EQ(0, ask(self, 3, 0, 0, &arg));
	pages = self->zones[0].free_pages;
	after = self->zones[0].free_after_pages;
	EXPECT_EQ(8, pages - after);
	self->zones[0].free_pages = 1;
	arg.nr = 0;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_ALLOC, &arg));
	EXPECT_LT(0, arg.nr);
	EXPECT_EQ(1, self->zones[0].free_pages);
}

TEST_F(alloc, nonsense_is_refused)
{
	struct mmscope_alloc_arg arg;

	EXPECT_EQ(-EINVAL, ask(self, self->nr_orders, 0, 0, &arg));
	EXPECT_EQ(-EINVAL, ask(self, ~0U, 0, 0, &arg));
	EXPECT_EQ(-EINVAL, ask(self, 0, 0, self->nr_nodes, &arg));
	EXPECT_EQ(-EINVAL, ask(self, 0, 0, ~1U, &arg));
	EXPECT_EQ(-EINVAL, ask(self, 0, MMSCOPE_GFP_DMA | MMSCOPE_GFP_DMA32, 0, &arg));
	EXPECT_EQ(-EINVAL, ask(self, 0, MMSCOPE_GFP_MOVABLE | MMSCOPE_GFP_RECLAIMABLE, 0, &arg));
	EXPECT_EQ(-EOPNOTSUPP, ask(self, 0, 1U << 31, 0, &arg));
	EXPECT_EQ(0, ask(self, 0, (MMSCOPE_GFP_ACCOUNT << 1) - 1 -
			 MMSCOPE_GFP_DMA - MMSCOPE_GFP_DMA32 - MMSCOPE_GFP_RECLAIMABLE, 0, &arg));
	arg.flags = 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ALLOC, &arg));
	EXPECT_EQ(EOPNOTSUPP, errno);
	arg.flags = 0;
	arg.__reserved = 1;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ALLOC, &arg));
	EXPECT_EQ(EINVAL, errno);
	arg.__reserved = 0;
	arg.nr = 1;
	arg.buf = 8;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ALLOC, &arg));
	EXPECT_EQ(EFAULT, errno);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * What the dataset `reclaim` tells of compaction: against extfrag in debugfs, what
 * compact_memory leaves behind, and the kernel's own tracepoints, with all memory in
 * shreds.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <stddef.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "common.h"
#include "process.h"
#include "buddyinfo.h"
#include "reclaim.h"
#include "zoneinfo.h"

#define TRACING		"/sys/kernel/tracing"
#define COMPACTION	TRACING "/events/compaction/"
#define EXTFRAG		"/sys/kernel/debug/extfrag/"

FIXTURE(compaction) {
	int fd;
	struct value_names zones;
	struct answer a;
};

FIXTURE_SETUP(compaction)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->zones = names_of(self->fd, MMSCOPE_DS_RECLAIM, "zone");
}

FIXTURE_TEARDOWN(compaction)
{
	answer_free(&self->a);
	free(self->zones.values);
	close(self->fd);
}

/* ------------------------------------------------- fragmentation, extfrag in debugfs */

/* the number for order 9 of a zone, in permille; false: no such line */
static bool extfrag_number(const char *file, uint32_t node, const char *zone, uint32_t order,
			   int64_t *value)
{
	char path[96], *text, *line, *save = NULL;
	bool found = false;

	snprintf(path, sizeof(path), EXTFRAG "%s", file);
	text = read_file(path);
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[32];
		unsigned int nid, at;
		int len;
		char *p;

		if (sscanf(line, "Node %u, zone %31s%n", &nid, name, &len) != 2 || nid != node ||
		    strcmp(name, zone))
			continue;
		for (p = line + len, at = 0; at < order; at++) {
			p += strspn(p, " ");
			p += strcspn(p, " ");
		}
		p += strspn(p, " ");
		*value = strtod(p, NULL) * 1000 + (*p == '-' ? -0.5 : 0.5);
		found = true;
	}
	free(text);
	return found;
}

TEST_F_TIMEOUT(compaction, fragmentation_is_that_of_extfrag, 120)
{
	struct shredded s = { 0 };
	size_t i, round;

	/* whole, and in shreds */
	for (round = 0; round < 2; round++) {
		bool equal = false;
		int try;

		if (round && shred_memory(2048, &s))
			SKIP(return, "no memory to shred");
		for (try = 0; try < TRIES && !equal; try++) {
			answer_free(&self->a);
			ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
			equal = true;
			for (i = 0; i < self->a.nr; i++) {
				const struct mmscope_reclaim *z = zone_at(&self->a, i);
				const char *zone = index_name(&self->zones, z->zone);
				int64_t extfrag, unusable;

				ASSERT_TRUE(extfrag_number("extfrag_index", z->node, zone,
							   z->huge_order, &extfrag));
				ASSERT_TRUE(extfrag_number("unusable_index", z->node, zone,
							   z->huge_order, &unusable));
				/* the page that the file is made in may be just the one too many */
				equal &= llabs((int64_t)z->huge_extfrag_permille - extfrag) <= 1 &&
					 llabs((int64_t)z->huge_unusable_permille - unusable) <= 1;
			}
			rest();
		}
		EXPECT_TRUE(equal);
		if (round)
			shredded_free(&s);
	}
}

/* ------------------------------------------------------- positions and deferral */

/* what the tracepoint of deferral said last of a zone */
struct deferral {
	bool seen;
	int order_failed;
	unsigned int considered;
	unsigned long limit;
};

static struct deferral last_deferral(const char *trace, uint32_t node, const char *zone)
{
	struct deferral d = { 0 };
	const char *p;

	for (p = trace; (p = strstr(p, "mm_compaction_defer")); p++) {
		char name[32];
		int nid, order, failed;
		unsigned int consider;
		unsigned long limit;
		const char *args = strstr(p, "node=");

		if (!args || sscanf(args,
				    "node=%d zone=%31s order=%d order_failed=%d consider=%u limit=%lu",
				    &nid, name, &order, &failed, &consider, &limit) != 6)
			continue;
		if (nid != (int)node || strcmp(name, zone))
			continue;
		d = (struct deferral){
			.seen = true,
			.order_failed = failed,
			.considered = consider,
			.limit = limit,
		};
	}
	return d;
}

static const char *const deferral_events[] = {
	COMPACTION "mm_compaction_deferred/enable",
	COMPACTION "mm_compaction_defer_compaction/enable",
	COMPACTION "mm_compaction_defer_reset/enable",
};

static void trace_deferrals(const char *on)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(deferral_events); i++)
		write_file(deferral_events[i], on);
}

TEST_F(compaction, it_begins_anew_after_it_was_asked_for)
{
	uint64_t scanned = vmstat("compact_migrate_scanned");
	struct zoneinfo z;
	struct answer events;
	size_t i;

	ASSERT_EQ(0, write_file("/proc/sys/vm/compact_memory", "1"));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM_EVENTS), &events));
	EXPECT_LT(scanned, event(&events, "compactmigrate_scanned"));
	EXPECT_GE(vmstat("compact_migrate_scanned"), event(&events, "compactmigrate_scanned"));
	answer_free(&events);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
	ASSERT_EQ(0, zoneinfo_read(&z));
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_reclaim *r = zone_at(&self->a, i);
		const char *zone = index_name(&self->zones, r->zone);
		uint64_t start = zoneinfo_get(&z, r->node, zone, "start_pfn");
		uint64_t last = start + zoneinfo_get(&z, r->node, zone, "spanned") - 1;
		uint64_t block = 1ULL << r->huge_order;

		/* the scanners met, so the next pass begins at both ends */
		EXPECT_EQ(start, r->compact_migrate_async_pfn);
		EXPECT_EQ(start, r->compact_migrate_sync_pfn);
		EXPECT_EQ(last / block * block, r->compact_free_pfn);
	}
	zoneinfo_free(&z);
}

/* what the page allocator would do for one more huge page, as hugetlb asks for it */
static uint32_t ask_for_huge(int fd, uint32_t order, bool *compacts)
{
	static struct mmscope_alloc_zone zones[16];
	struct mmscope_alloc_arg arg = {
		.size = sizeof(arg),
		.order = order,
		.gfp = MMSCOPE_GFP_DIRECT_RECLAIM | MMSCOPE_GFP_KSWAPD_RECLAIM | MMSCOPE_GFP_IO |
		       MMSCOPE_GFP_FS | MMSCOPE_GFP_HARDWALL | MMSCOPE_GFP_HIGHMEM |
		       MMSCOPE_GFP_MOVABLE | MMSCOPE_GFP_COMP | MMSCOPE_GFP_NOWARN |
		       MMSCOPE_GFP_RETRY_MAYFAIL,
		.node = MMSCOPE_ANY,
		.nr = ARRAY_LEN(zones),
		.buf = (uintptr_t)zones,
	};
	uint32_t i;

	*compacts = false;
	if (ioctl(fd, MMSCOPE_IOC_ALLOC, &arg))
		return MMSCOPE_UNKNOWN32;
	for (i = 0; i < arg.nr; i++)
		*compacts |= zones[i].compaction == MMSCOPE_COMPACTION_RUNS;
	return arg.result;
}

static void want_huge(size_t nr)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", nr);
	write_file("/proc/sys/vm/nr_hugepages", text);
}

/* more huge pages than there can be */
static size_t too_many(uint32_t order)
{
	return (ram_pages() >> order) + 1;
}

#define MOST_DEFERRED 64	/* 1 << COMPACT_MAX_DEFER_SHIFT */

/*
 * Huge pages one by one: while they are foretold to be had at once nobody compacts; when
 * they are foretold to need compaction, it runs. Returns how often it was otherwise.
 * A slow machine shreds little of its memory: there may be many before it compacts. It
 * may also be put off so many times, after it failed in a test before.
 */
static size_t take_huge(int fd, uint32_t order, size_t *foretold)
{
	size_t wrong = 0, nr;

	for (nr = 1, *foretold = 0; nr < too_many(order) + MOST_DEFERRED && *foretold < 3; nr++) {
		uint64_t stalls = vmstat("compact_stall");
		bool compacts, stalled;
		uint32_t result = ask_for_huge(fd, order, &compacts);

		want_huge(nr);
		stalled = vmstat("compact_stall") != stalls;
		if (result <= MMSCOPE_ALLOC_SLOW)
			wrong += stalled;
		if (result == MMSCOPE_ALLOC_RECLAIM && compacts) {
			(*foretold)++;
			wrong += !stalled;
		}
	}
	return wrong;
}

#define SPARE_BYTES	(32UL << 20)

/* All memory in shreds: huge pages are to be had by compaction only. */
TEST_F_TIMEOUT(compaction, it_runs_as_foretold_and_is_deferred_as_traced, 300)
{
	size_t pages, i, compared = 0, foretold;
	struct shredded s;
	void *spare;
	int try;

	mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(deferral_events[0], F_OK))
		SKIP(return, "no tracepoints of compaction");
	if (kernel_has_kasan())
		SKIP(return, "KASAN needs memory to free memory: the OOM killer would come");
	spare = mmap(NULL, SPARE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, spare);
	pages = pages_to_shred(100000);
	ASSERT_EQ(0, shred_memory(pages, &s));
	trace_deferrals("1");
	write_file(TRACING "/tracing_on", "1");
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
	/* of several nodes hugetlb asks one after the other */
	if (zone_at(&self->a, self->a.nr - 1)->node == zone_at(&self->a, 0)->node) {
		EXPECT_GE(1, take_huge(self->fd, zone_at(&self->a, 0)->huge_order, &foretold));
		EXPECT_LE(1, foretold);
	}
	/* the last ones fail; who goes on here wants some memory, too */
	want_huge(too_many(zone_at(&self->a, 0)->huge_order));
	munmap(spare, SPARE_BYTES);
	for (try = 0; try < TRIES && !compared; try++) {
		char *before = read_file(TRACING "/trace"), *after;
		bool quiet;

		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_RECLAIM), &self->a));
		after = read_file(TRACING "/trace");
		/* nothing may have happened meanwhile */
		quiet = before && after && strlen(before) == strlen(after);
		for (i = 0; quiet && i < self->a.nr; i++) {
			const struct mmscope_reclaim *r = zone_at(&self->a, i);
			struct deferral d = last_deferral(after, r->node,
							  index_name(&self->zones, r->zone));

			if (!d.seen)
				continue;
			compared++;
			EXPECT_EQ(d.order_failed, (int)r->compact_order_failed);
			/* the one that reaches the limit is not passed over, and not traced */
			if (d.considered + 1 == d.limit && r->compact_considered == d.limit)
				d.considered++;
			EXPECT_EQ(d.considered, r->compact_considered);
			EXPECT_EQ(d.limit, 1UL << r->compact_defer_shift);
			printf("# zone %u: order %d failed, %u of %lu passed over\n", r->zone,
			       d.order_failed, d.considered, d.limit);
		}
		free(before);
		free(after);
		rest();
	}
	trace_deferrals("0");
	want_huge(0);
	shredded_free(&s);
	EXPECT_LT(0, compared);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `vmallocs` against /proc/vmallocinfo, line by line and both ways, and
 * against areas that the fixture made.
 */
#include <kselftest_harness.h>

#include <stdbool.h>

#include "common.h"
#include "fixture.h"
#include "process.h"

#define MB	(1024 * 1024UL)
#define MANY	4096
#define TRIES	20
#define KPTR	"/proc/sys/kernel/kptr_restrict"

/* lines of text, sorted */
struct lines {
	char *text;
	char **line;
	size_t nr;
};

FIXTURE(vmallocs) {
	int fd;
	int fixture;
	struct answer a;
	const struct mmscope_vmalloc *rec;
	char *kptr;
	struct lines before, ours, after;
	uint64_t pfn[MANY];
};

static void lines_free(struct lines *l)
{
	free(l->text);
	free(l->line);
	memset(l, 0, sizeof(*l));
}

static void free_all(FIXTURE_DATA(vmallocs) *self)
{
	lines_free(&self->before);
	lines_free(&self->ours);
	lines_free(&self->after);
	answer_free(&self->a);
}

FIXTURE_SETUP(vmallocs)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_VMALLOCS);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	self->kptr = read_file(KPTR);
	ASSERT_NE(NULL, self->kptr);
	ASSERT_EQ(0, write_file(KPTR, "1"));
}

FIXTURE_TEARDOWN(vmallocs)
{
	write_file(KPTR, self->kptr);
	free(self->kptr);
	free_all(self);
	close(self->fd);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* cut the text up */
static int lines_make(struct lines *l)
{
	char *save, *line;

	l->line = calloc(MANY, sizeof(*l->line));
	if (!l->text || !l->line)
		return -1;
	for (line = strtok_r(l->text, "\n", &save); line && l->nr < MANY;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t len = strlen(line);

		while (len && line[len - 1] == ' ')
			line[--len] = '\0';
		l->line[l->nr++] = line;
	}
	qsort(l->line, l->nr, sizeof(*l->line), compare_lines);
	return l->nr < MANY ? 0 : -1;
}

static bool lines_have(const struct lines *l, const char *line)
{
	return bsearch(&line, l->line, l->nr, sizeof(*l->line), compare_lines);
}

static int read_theirs(struct lines *l)
{
	l->text = read_file("/proc/vmallocinfo");
	return lines_make(l);
}

/* a record as the kernel would print the area */
static int print_area(char *s, size_t size, const struct mmscope_vmalloc *r)
{
	int len = snprintf(s, size, "0x%016llx-0x%016llx %7llu", r->start, r->end, r->bytes);

	if (r->kind == MMSCOPE_VMALLOC_MAP_RAM)
		return len + snprintf(s + len, size - len, " vm_map_ram\n");
	if (r->kind == MMSCOPE_VMALLOC_FREED)
		return len + snprintf(s + len, size - len, " unpurged vm_area\n");
	if (*r->caller)
		len += snprintf(s + len, size - len, " %s", r->caller);
	if (r->pages)
		len += snprintf(s + len, size - len, " pages=%llu", r->pages);
	if (r->phys != MMSCOPE_UNKNOWN && r->phys)
		len += snprintf(s + len, size - len, " phys=0x%016llx", r->phys);
	if (r->kind == MMSCOPE_VMALLOC_IOREMAP)
		len += snprintf(s + len, size - len, " ioremap");
	if (r->kind == MMSCOPE_VMALLOC_VMALLOC)
		len += snprintf(s + len, size - len, " vmalloc");
	if (r->kind == MMSCOPE_VMALLOC_VMAP)
		len += snprintf(s + len, size - len, " vmap");
	if (r->flags & MMSCOPE_VMALLOC_USERMAP)
		len += snprintf(s + len, size - len, " user");
	if (r->kind == MMSCOPE_VMALLOC_DMA)
		len += snprintf(s + len, size - len, " dma-coherent");
	if (r->flags & MMSCOPE_VMALLOC_VPAGES)
		len += snprintf(s + len, size - len, " vpages");
	for (int node = 0; node < MMSCOPE_NR_NODES && r->pages; node++)
		if (r->node[node])
			len += snprintf(s + len, size - len, " N%d=%llu", node, r->node[node]);
	return len + snprintf(s + len, size - len, "\n");
}

static int look(FIXTURE_DATA(vmallocs) *self)
{
	answer_free(&self->a);
	if (walk_all(self->fd, walk_arg(MMSCOPE_DS_VMALLOCS), &self->a))
		return -1;
	self->rec = self->a.records;
	return 0;
}

static int read_ours(FIXTURE_DATA(vmallocs) *self)
{
	struct lines *l = &self->ours;
	size_t len = 0, room;

	if (look(self))
		return -1;
	room = self->a.nr * 512 + 1;
	l->text = calloc(room, 1);
	for (size_t i = 0; l->text && i < self->a.nr; i++)
		len += print_area(l->text + len, room - len, &self->rec[i]);
	return lines_make(l);
}

/* Return: lines of `a` and `b` alike that `in` has not; of a line in neither nothing is known. */
static size_t missing(const struct lines *a, const struct lines *b, const struct lines *in)
{
	size_t bad = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (lines_have(b, a->line[i]) && !lines_have(in, a->line[i]) && !bad++)
			fprintf(stderr, "# not ours: %s\n", a->line[i]);
	return bad;
}

static size_t invented(const struct lines *ours, const struct lines *a, const struct lines *b)
{
	size_t bad = 0;

	for (size_t i = 0; i < ours->nr; i++)
		if (!lines_have(a, ours->line[i]) && !lines_have(b, ours->line[i]) && !bad++)
			fprintf(stderr, "# ours alone: %s\n", ours->line[i]);
	return bad;
}

/*
 * An area that comes and goes within the look is nobody's fault, but it does not do
 * so each time.
 */
TEST_F_TIMEOUT(vmallocs, each_line_of_vmallocinfo_is_a_record, 120)
{
	struct fixture_plant vmap = fixture_arg(FIXTURE_VMAP, 16, 0, self->pfn, MANY);
	struct fixture_plant big = fixture_arg(FIXTURE_VMALLOC, 1, 8 * MB, NULL, 0);
	size_t lost = 1, more = 1;

	ASSERT_EQ(0, fixture_plant(self->fixture, &vmap));
	ASSERT_EQ(0, fixture_plant(self->fixture, &big));
	for (int i = 0; i < TRIES && (lost || more); i++) {
		free_all(self);
		ASSERT_EQ(0, read_theirs(&self->before));
		ASSERT_EQ(0, read_ours(self));
		ASSERT_EQ(0, read_theirs(&self->after));
		ASSERT_LT(20, self->before.nr);
		lost = missing(&self->before, &self->after, &self->ours);
		more = invented(&self->ours, &self->before, &self->after);
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, more);
}

TEST_F_TIMEOUT(vmallocs, pages_add_up_to_meminfo, 120)
{
	uint64_t before, after, pages;
	int i;

	for (i = 0; i < TRIES; i++) {
		/* Linux 7 counts by node: have CPUs hand in what they counted */
		free(read_file("/proc/sys/vm/stat_refresh"));
		ASSERT_EQ(0, read_number("/proc/meminfo", "VmallocUsed", &before));
		ASSERT_EQ(0, look(self));
		ASSERT_EQ(0, read_number("/proc/meminfo", "VmallocUsed", &after));
		pages = 0;
		for (size_t j = 0; j < self->a.nr; j++)
			if (!(self->rec[j].flags & MMSCOPE_VMALLOC_PUT_PAGES))
				pages += self->rec[j].pages;
		if (before == after && pages * PAGE / 1024 == before)
			break;
	}
	EXPECT_GT(TRIES, i) {
		TH_LOG("%lu pages, VmallocUsed %lu kB", pages, before);
	}
}

/* The array of a big area's pages is such an area, too, of the same caller. */
static const struct mmscope_vmalloc *by_caller(FIXTURE_DATA(vmallocs) *self, const char *caller,
					       size_t *nr)
{
	const struct mmscope_vmalloc *found = NULL;

	*nr = 0;
	for (size_t i = 0; i < self->a.nr; i++) {
		if (strncmp(self->rec[i].caller, caller, strlen(caller)) ||
		    self->rec[i].bytes < 64 * 1024)
			continue;
		found = found ?: &self->rec[i];
		++*nr;
	}
	return found;
}

/* what the frames of an area, in their order, amount to */
static uint64_t count_runs(const uint64_t *pfn, size_t nr, uint64_t *longest)
{
	uint64_t runs = 0, run = 0;

	*longest = 0;
	for (size_t i = 0; i < nr; i++) {
		if (!i || pfn[i] != pfn[i - 1] + 1) {
			runs++;
			run = 0;
		}
		if (++run > *longest)
			*longest = run;
	}
	return runs;
}

TEST_F_TIMEOUT(vmallocs, a_planted_area_has_its_pages_and_runs, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMALLOC, 1, 4 * MB, self->pfn, MANY);
	const struct mmscope_vmalloc *r;
	uint64_t runs, longest;
	size_t nr;

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	ASSERT_EQ(4 * MB / PAGE, arg.nr_pfns);
	runs = count_runs(self->pfn, arg.nr_pfns, &longest);
	ASSERT_EQ(0, look(self));
	r = by_caller(self, FIXTURE_CALLER "+", &nr);
	ASSERT_EQ(1, nr);
	EXPECT_EQ(MMSCOPE_VMALLOC_VMALLOC, r->kind);
	EXPECT_EQ(4 * MB / PAGE, r->pages);
	EXPECT_EQ(4 * MB / PAGE, r->mapped_pages);
	EXPECT_EQ(4 * MB + PAGE, r->bytes);
	EXPECT_EQ(runs, r->runs);
	EXPECT_EQ(longest, r->longest_run_pages);
	EXPECT_EQ(MMSCOPE_UNKNOWN, r->phys);
	ASSERT_EQ(0, fixture_free(self->fixture, arg.id));
	ASSERT_EQ(0, look(self));
	by_caller(self, FIXTURE_CALLER "+", &nr);
	EXPECT_EQ(0, nr);
}

TEST_F_TIMEOUT(vmallocs, a_vmap_owns_no_pages_but_maps_them, 120)
{
	struct fixture_plant arg = fixture_arg(FIXTURE_VMAP, 100, 0, self->pfn, MANY);
	const struct mmscope_vmalloc *r;
	uint64_t runs, longest;
	size_t nr;

	ASSERT_EQ(0, fixture_plant(self->fixture, &arg));
	runs = count_runs(self->pfn, arg.nr_pfns, &longest);
	ASSERT_EQ(0, look(self));
	r = by_caller(self, "fixture_plant_vmap+", &nr);
	ASSERT_EQ(1, nr);
	EXPECT_EQ(arg.addr, r->start);
	EXPECT_EQ(MMSCOPE_VMALLOC_VMAP, r->kind);
	EXPECT_EQ(0, r->pages);
	EXPECT_EQ(100, r->mapped_pages);
	EXPECT_EQ(runs, r->runs);
	EXPECT_EQ(longest, r->longest_run_pages);
}

TEST_F_TIMEOUT(vmallocs, addresses_are_hidden_from_those_who_may_not_see_them, 120)
{
	struct fixture_plant plant = fixture_arg(FIXTURE_VMALLOC, 1, 4 * MB, self->pfn, MANY);
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMALLOCS);
	const struct mmscope_vmalloc *r;
	size_t nr;

	ASSERT_EQ(0, fixture_plant(self->fixture, &plant));
	ASSERT_EQ(0, write_file(KPTR, "2"));
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 7, &self->a));
	self->rec = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		EXPECT_EQ(0, self->rec[i].start);
		EXPECT_EQ(0, self->rec[i].end);
		EXPECT_NE(0, self->rec[i].flags & MMSCOPE_VMALLOC_HIDDEN);
	}
	r = by_caller(self, FIXTURE_CALLER "+", &nr);
	ASSERT_EQ(1, nr);
	EXPECT_EQ(4 * MB / PAGE, r->mapped_pages);
	arg.buf = (uintptr_t)self->a.records;
	arg.buf_bytes = self->a.rec_size;
	arg.start = PAGE;
	errno = 0;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	EXPECT_EQ(EPERM, errno);
}

TEST_HARNESS_MAIN

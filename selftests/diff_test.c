// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope diff of two recordings, against two readings of /proc/PID/pagemap around
 * what a child did in between.
 */
#include <kselftest_harness.h>

#include <stdbool.h>
#include <sys/mman.h>

#include "common.h"
#include "process.h"
#include "zoo.h"

#define PAGES	64
#define HUGE_PAGES PAGES_2M
#define MANY	(4 * HUGE_PAGES)
#define MOST	(4 * MAX_PAGES_2M)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* what one page did, as the tool says */
struct told {
	char what[128];
	uint64_t from, to;
};

FIXTURE(diff) {
	char *mem;		/* PAGES of anonymous memory, and what a test maps */
	size_t bytes;
	pid_t child;
	int ask[2], done[2];	/* pipes to and from the child */
	uint64_t before[MOST], after[MOST];
	struct told told[MOST];
};

/* pagemap of the child's copy of self->mem */
static int read_map(FIXTURE_DATA(diff) *self, uint64_t *map)
{
	char path[64];
	size_t bytes = self->bytes / PAGE * 8;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", self->child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = pread(fd, map, bytes, (uintptr_t)self->mem / PAGE * 8);
	close(fd);
	return got == (ssize_t)bytes ? 0 : -1;
}

static int record(FIXTURE_DATA(diff) *self, const char *name)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "mmscope --record %s vmas mappings --pid %d > /dev/null", name, self->child);
	return system(command);
}

typedef void act_fn(FIXTURE_DATA(diff) *self);

/* A child that acts when it is asked to, and lives on. */
static int start_child(FIXTURE_DATA(diff) *self, act_fn *act)
{
	char c;

	if (pipe(self->ask) || pipe(self->done))
		return -1;
	self->child = fork();
	if (self->child)
		return self->child > 0 ? 0 : -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(self->ask[0], &c, 1) == 1) {
		act(self);
		if (write(self->done[1], &c, 1) != 1)
			break;
	}
	_exit(0);
}

static int act_now(FIXTURE_DATA(diff) *self)
{
	char c = 'x';

	return write(self->ask[1], &c, 1) == 1 && read(self->done[0], &c, 1) == 1 ? 0 : -1;
}

/* Return: 0 or -1; the lines of the tool as one `told` a page. */
static int read_diff(FIXTURE_DATA(diff) *self)
{
	FILE *f = popen("mmscope --from /tmp/a.rec diff /tmp/b.rec --raw -n", "r");
	uint64_t start, end, pages;
	char what[128], from[32], to[32], line[512];

	memset(self->told, 0, sizeof(self->told));
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %lx %lu %127s %31s %31s", &start, &end, &pages, what, from,
			   to) != 6 || pages != (end - start) / PAGE)
			return -1;
		for (uint64_t addr = start; addr < end; addr += PAGE) {
			uint64_t i = (addr - (uintptr_t)self->mem) / PAGE;
			struct told *told = &self->told[i];

			if (addr < (uintptr_t)self->mem || i >= self->bytes / PAGE)
				continue;
			snprintf(told->what, sizeof(told->what), "%s", what);
			pages = (addr - start) / PAGE;
			told->from = *from == '?' ? 0 : strtoul(from, NULL, 0) + pages;
			told->to = *to == '?' ? 0 : strtoul(to, NULL, 0) + pages;
		}
	}
	return f ? pclose(f) : -1;
}

/*
 * Ask the child, look before and after in both ways. Return: 0 or -1. Both looks of the
 * tool lie within those of the test: nothing else happens to the child's memory.
 */
static int diff(FIXTURE_DATA(diff) *self, act_fn *act)
{
	return start_child(self, act) || read_map(self, self->before) ||
	       record(self, "/tmp/a.rec") || act_now(self) || record(self, "/tmp/b.rec") ||
	       read_map(self, self->after) || read_diff(self);
}

static bool has(const struct told *told, const char *what)
{
	char words[136], word[40];

	snprintf(words, sizeof(words), "|%s|", told->what);
	snprintf(word, sizeof(word), "|%s|", what);
	return strstr(words, word);
}

/*
 * Pages in [first, last) of which it was not told this, or not with the frames that
 * pagemap has; frames are told where there is one and it may be anybody's.
 */
static size_t wrong(FIXTURE_DATA(diff) *self, size_t first, size_t last, const char *what)
{
	size_t bad = 0;

	for (size_t i = first; i < last; i++) {
		const struct told *told = &self->told[i];

		if (has(told, what) &&
		    (!told->from || told->from == entry_frame(self->before[i])) &&
		    (!told->to || told->to == entry_frame(self->after[i])))
			continue;
		if (!bad++)
			fprintf(stderr, "# page %zu: '%s' %#lx -> %#lx; pagemap %#lx -> %#lx\n", i,
				told->what, told->from, told->to, self->before[i],
				self->after[i]);
	}
	return bad;
}

static size_t told_anything(FIXTURE_DATA(diff) *self, size_t first, size_t last)
{
	size_t nr = 0;

	for (size_t i = first; i < last; i++)
		nr += !!*self->told[i].what;
	return nr;
}

static void map_memory(FIXTURE_DATA(diff) *self, size_t pages)
{
	char *area;

	self->bytes = pages * PAGE;
	area = mmap(NULL, 2 * HUGE_PAGES * PAGE + self->bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* at a bound of huge pages, but not of them until told */
	self->mem = (char *)(((uintptr_t)area + HUGE_PAGES * PAGE) & -(HUGE_PAGES * PAGE));
	madvise(self->mem, self->bytes, MADV_NOHUGEPAGE);
}

FIXTURE_SETUP(diff)
{
	map_memory(self, PAGES);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(diff)
{
	if (self->child > 0) {
		kill(self->child, SIGKILL);
		waitpid(self->child, NULL, 0);
	}
}

static void write_pages(FIXTURE_DATA(diff) *self, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		((volatile char *)self->mem)[i * PAGE] = i;
}

static void read_all(FIXTURE_DATA(diff) *self, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		(void)((volatile char *)self->mem)[i * PAGE];
}

static void do_nothing(FIXTURE_DATA(diff) *self)
{
	(void)self;
}

TEST_F_TIMEOUT(diff, nothing_is_told_of_a_child_that_does_nothing, 120)
{
	write_pages(self, 0, PAGES);
	ASSERT_EQ(0, diff(self, do_nothing));
	EXPECT_EQ(0, told_anything(self, 0, PAGES));
}

static void do_touch(FIXTURE_DATA(diff) *self)
{
	write_pages(self, 3, 10);
	read_all(self, 20, 25);
}

TEST_F_TIMEOUT(diff, pages_touched_and_read, 120)
{
	ASSERT_EQ(0, diff(self, do_touch));
	EXPECT_EQ(0, wrong(self, 3, 10, "touched"));
	EXPECT_EQ(0, wrong(self, 20, 25, "read_zero"));
	EXPECT_EQ(12, told_anything(self, 0, PAGES));
	EXPECT_NE(0, self->told[3].to);
}

TEST_F_TIMEOUT(diff, a_write_after_fork_is_a_copy, 120)
{
	write_pages(self, 0, PAGES);
	ASSERT_EQ(0, diff(self, do_touch));
	EXPECT_EQ(0, wrong(self, 3, 10, "cowed"));
	for (size_t i = 3; i < 10; i++) {
		EXPECT_EQ(entry_frame(self->before[i]), self->told[i].from);
		EXPECT_NE(self->told[i].from, self->told[i].to);
		EXPECT_TRUE(!has(&self->told[i], "moved"));
	}
	/* the pages that were only read keep their frames */
	for (size_t i = 10; i < PAGES; i++)
		EXPECT_TRUE(!has(&self->told[i], "cowed"));
}

static void do_drop(FIXTURE_DATA(diff) *self)
{
	madvise(self->mem + 5 * PAGE, 6 * PAGE, MADV_DONTNEED);
	munmap(self->mem + 40 * PAGE, 8 * PAGE);
	mprotect(self->mem + 20 * PAGE, 4 * PAGE, PROT_READ);
}

/* in the child itself, so that its pages are its own */
static void do_touch_then_drop(FIXTURE_DATA(diff) *self)
{
	static bool touched;

	if (touched)
		do_drop(self);
	else
		write_pages(self, 0, PAGES);
	touched = true;
}

/* as diff(), with one act before the first look */
static int diff_second(FIXTURE_DATA(diff) *self, act_fn *act)
{
	return start_child(self, act) || act_now(self) || read_map(self, self->before) ||
	       record(self, "/tmp/a.rec") || act_now(self) || record(self, "/tmp/b.rec") ||
	       read_map(self, self->after) || read_diff(self);
}

static void do_read_then_touch(FIXTURE_DATA(diff) *self)
{
	static bool was_read;

	if (was_read)
		do_touch(self);
	else
		read_all(self, 3, 30);
	was_read = true;
}

TEST_F_TIMEOUT(diff, own_pages_in_place_of_the_zero_page, 120)
{
	ASSERT_EQ(0, diff_second(self, do_read_then_touch));
	EXPECT_EQ(0, wrong(self, 3, 10, "from_zero"));
	EXPECT_EQ(7, told_anything(self, 0, PAGES));
}

TEST_F_TIMEOUT(diff, pages_dropped_unmapped_and_protected, 120)
{
	ASSERT_EQ(0, diff_second(self, do_touch_then_drop));
	EXPECT_EQ(0, wrong(self, 5, 11, "unmapped"));
	EXPECT_EQ(0, wrong(self, 40, 48, "unmapped"));
	EXPECT_EQ(0, wrong(self, 20, 24, "protected"));
	EXPECT_EQ(18, told_anything(self, 0, PAGES));
	EXPECT_EQ(0, system("mmscope --from /tmp/a.rec diff /tmp/b.rec > /tmp/diff.txt"));
	EXPECT_EQ(0, system("grep -q UNMAPPED /tmp/diff.txt && grep -q 'total$' /tmp/diff.txt"));
}

static void do_collapse(FIXTURE_DATA(diff) *self)
{
	static bool touched;

	if (!touched) {
		write_pages(self, 0, HUGE_PAGES);
	} else {
		madvise(self->mem, self->bytes, MADV_HUGEPAGE);
		madvise(self->mem, self->bytes, MADV_COLLAPSE);
	}
	touched = true;
}

TEST_F_TIMEOUT(diff, pages_collapsed_into_a_huge_one, 120)
{
	need_thp();
	map_memory(self, HUGE_PAGES);
	ASSERT_EQ(0, diff_second(self, do_collapse));
	/* the guest has memory for one, or the test would not know what to expect */
	ASSERT_EQ(0, entry_frame(self->after[0]) % HUGE_PAGES);
	EXPECT_EQ(0, wrong(self, 0, HUGE_PAGES, "collapsed"));
}

static void do_move(FIXTURE_DATA(diff) *self)
{
	static bool touched;

	if (!touched) {
		write_pages(self, 0, PAGES);
	} else {
		/* a new place of the same frames is no change of frames; one anew is */
		for (size_t i = 0; i < 4; i++) {
			madvise(self->mem + i * PAGE, PAGE, MADV_DONTNEED);
			write_pages(self, i, i + 1);
		}
		mremap(self->mem + 10 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       self->mem + 12 * PAGE);
	}
	touched = true;
}

TEST_F_TIMEOUT(diff, pages_that_have_other_frames, 120)
{
	ASSERT_EQ(0, diff_second(self, do_move));
	for (size_t i = 0; i < PAGES; i++) {
		bool moved = entry_frame(self->before[i]) != entry_frame(self->after[i]) &&
			     entry_frame(self->before[i]) && entry_frame(self->after[i]);

		EXPECT_EQ(moved, has(&self->told[i], "moved"));
	}
	EXPECT_EQ(0, wrong(self, 10, 11, "unmapped"));
	EXPECT_EQ(0, wrong(self, 12, 13, "moved"));
	EXPECT_EQ(entry_frame(self->before[10]), self->told[12].to);
}

static void do_swap_out_then_in(FIXTURE_DATA(diff) *self)
{
	static int turn;

	switch (turn++) {
	case 0:
		write_pages(self, 0, PAGES);
		madvise(self->mem + 8 * PAGE, 8 * PAGE, MADV_PAGEOUT);
		break;
	case 1:
		madvise(self->mem + 30 * PAGE, 8 * PAGE, MADV_PAGEOUT);
		read_all(self, 8, 16);
		break;
	}
}

TEST_F_TIMEOUT(diff, pages_swapped_out_and_in, 120)
{
	ASSERT_EQ(0, zoo_setup());
	ASSERT_EQ(0, diff_second(self, do_swap_out_then_in));
	for (size_t i = 0; i < 8; i++) {
		EXPECT_NE(0, self->before[8 + i] & PM_SWAP);
		EXPECT_NE(0, self->after[30 + i] & PM_SWAP);
		EXPECT_EQ(entry_frame(self->after[8 + i]), self->told[8 + i].to);
		EXPECT_EQ(entry_frame(self->before[30 + i]), self->told[30 + i].from);
	}
	EXPECT_EQ(0, wrong(self, 8, 16, "swapped_in"));
	EXPECT_EQ(0, wrong(self, 30, 38, "swapped_out"));
	zoo_teardown();
}

TEST_HARNESS_MAIN

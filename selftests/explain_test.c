// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope explain: each situation is made, explained, and what is said compared
 * with pagemap, kpageflags and with what was made. Put EXPLAIN_DIR into the
 * environment to keep what is said.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "zoo.h"

struct scene {
	char *page;
	int disk;
	char disk_path[64];
	uint64_t offset;
};

FIXTURE(explain)
{
	struct scene *scene;
	pid_t pid;
	char *text;
};

FIXTURE_SETUP(explain)
{
	ASSERT_EQ(0, zoo_setup());
	self->scene = (void *)zoo_map(sizeof(*self->scene), MAP_SHARED | MAP_ANONYMOUS);
}

FIXTURE_TEARDOWN(explain)
{
	kill_child(self->pid);
	free(self->text);
	zoo_teardown();
}

/* what the command says of an address, kept under a name if that is wanted */
static char *explain(pid_t pid, const void *addr, const char *options, const char *keep)
{
	const char *dir = getenv("EXPLAIN_DIR") ?: "/tmp";
	char command[512];

	snprintf(command, sizeof(command), "mmscope explain %d %p %s > %s/explain.%s 2>&1", pid,
		 addr, options, dir, keep);
	if (system(command))
		return NULL;
	snprintf(command, sizeof(command), "%s/explain.%s", dir, keep);
	return read_file(command);
}

/* all of it in one line: sentences are broken where the line ends */
static void unfold(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\n' || *text == ' ') {
			if (to[-1] != ' ')
				*to++ = ' ';
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

#define explain_it(_name) do {								\
	free(self->text);								\
	self->text = explain(self->pid, self->scene->page, "", _name);			\
	ASSERT_NE(NULL, self->text);							\
	unfold(self->text);								\
	/* what is unknown is not shown as a number */					\
	EXPECT_EQ(NULL, strstr(self->text, "18446744073709551615"));			\
} while (0)

/* what says of an entry that it maps a huge page */
#ifdef __aarch64__
#define HUGE_BIT	"|BLOCK"
#else
#define HUGE_BIT	"|PSE"
#endif

#define expect_phrase(...) do {								\
	char _phrase[512];								\
	snprintf(_phrase, sizeof(_phrase), __VA_ARGS__);				\
	EXPECT_NE(NULL, strstr(self->text, _phrase)) {					\
		TH_LOG("'%s' is not in: %s", _phrase, self->text);			\
	}										\
} while (0)

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST_F(explain, a_page_that_is_copied_when_written)
{
	uint64_t pfn;

	self->scene->page = zoo_anon(4 * PAGE);
	touch(self->scene->page, 4 * PAGE, PAGE);
	self->pid = stopped_child(nothing, NULL);
	ASSERT_LT(0, self->pid);
	self->scene->page += 0x123;
	pfn = entry_of(self->pid, self->scene->page) & PM_FRAME;
	explain_it("cow");
	expect_phrase("frame %lu: physical 0x%lx, byte 291 of %lu", pfn, pfn * PAGE + 0x123, PAGE);
	expect_phrase("The mapping allows to read and write. It is private");
	expect_phrase("forbids the write for now");
	expect_phrase("2 times: ");
	expect_phrase("pid %d (explain_test) at %p", self->pid,
		      (void *)((uintptr_t)self->scene->page & ~(PAGE - 1)));
	expect_phrase("pid %d (explain_test)", getpid());
	expect_phrase("Next read no page fault");
	expect_phrase("Next write minor fault, copy on write");
	/* and when it is ours alone */
	*self->scene->page = 7;
	explain_it("cow_alone");
	expect_phrase("By one process only: pid %d", self->pid);
	expect_phrase("Next write minor fault: nobody else uses the page");
}

static int swap_out(void *arg)
{
	struct scene *s = arg;

	s->page = zoo_anon(4 * PAGE);
	touch(s->page, 4 * PAGE, 64);
	return madvise(s->page, 4 * PAGE, MADV_PAGEOUT);
}

TEST_F(explain, a_page_that_is_swapped)
{
	uint64_t entry, area, slot;

	self->pid = stopped_child(swap_out, self->scene);
	ASSERT_LT(0, self->pid);
	entry = entry_of(self->pid, self->scene->page);
	ASSERT_NE(0, entry & PM_SWAP);
	area = entry & 31;
	slot = (entry & PM_FRAME) >> 5;
	explain_it("swap");
	expect_phrase("no frame: swapped out to area %lu, slot %lu", area, slot);
	if (!has_symbol("swap_info")) {
		expect_phrase("Next read not known");
		return;
	}
	expect_phrase("Next read major fault: the page is read from swap, area %lu, slot %lu",
		      area, slot);
	expect_phrase("Next write major fault");
}

/* what is on a disk; a directory given in EXPLAIN_FILES may have files on one */
static int open_disk(struct scene *s)
{
	char *text;

	if (getenv("EXPLAIN_FILE")) {
		snprintf(s->disk_path, sizeof(s->disk_path), "%s", getenv("EXPLAIN_FILE"));
		return open(s->disk_path, O_RDONLY | O_CLOEXEC);
	}
	text = read_file("/sys/class/zram-control/hot_add");
	if (!text)
		return -1;
	snprintf(s->disk_path, sizeof(s->disk_path), "/sys/block/zram%d/disksize", atoi(text));
	if (write_file(s->disk_path, "16M"))
		return -1;
	snprintf(s->disk_path, sizeof(s->disk_path), "/dev/zram%d", atoi(text));
	for (int i = 0; i < 100 && access(s->disk_path, R_OK); i++)
		usleep(20000);
	free(text);
	return open(s->disk_path, O_RDONLY | O_CLOEXEC);
}

static int map_unread(void *arg)
{
	struct scene *s = arg;
	int fd = open_disk(s);

	if (fd < 0)
		return 1;
	s->offset = 3 * PAGE;
	s->page = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	if (s->page == MAP_FAILED)
		return 2;
	s->page += s->offset;
	return posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

TEST_F(explain, a_page_of_a_file_that_is_not_read)
{
	self->pid = stopped_child(map_unread, self->scene);
	ASSERT_LT(0, self->pid);
	explain_it("file");
	EXPECT_EQ(0, entry_of(self->pid, self->scene->page) & (PM_PRESENT | PM_SWAP));
	expect_phrase("The mapping allows to read.");
	expect_phrase("Next read major fault: the page is not in memory and is read from %s at "
		      "offset %lu", self->scene->disk_path, self->scene->offset);
	expect_phrase("Next write SIGSEGV (SEGV_ACCERR): the mapping does not allow it.");
}

static int make_huge(void *arg)
{
	struct scene *s = arg;

	s->page = zoo_huge(HUGE_2M);
	touch(s->page, HUGE_2M, PAGE);
	s->page += 5 * PAGE + 1;
	return 0;
}

TEST_F(explain, a_huge_page)
{
	uint64_t pfn;

	need_thp();
	self->pid = stopped_child(make_huge, self->scene);
	ASSERT_LT(0, self->pid);
	pfn = entry_of(self->pid, self->scene->page) & PM_FRAME;
	ASSERT_EQ(1, frame_flags(pfn) >> KPF_THP & 1);
	explain_it("huge");
	expect_phrase("frame %lu: physical 0x%lx, byte 1 of %lu", pfn, pfn * PAGE + 1, PAGE);
	expect_phrase("page 5 of a compound page of 2^%u that begins at frame %lu", ORDER_2M,
		      pfn - 5);
	expect_phrase(HUGE_BIT);
	EXPECT_EQ(NULL, strstr(self->text, "PTE["));
	expect_phrase("Next write no page fault");
}

static int make_guard(void *arg)
{
	struct scene *s = arg;

	s->page = zoo_anon(4 * PAGE);
	touch(s->page, 4 * PAGE, PAGE);
	return mprotect(s->page, PAGE, PROT_NONE);
}

TEST_F(explain, a_guard_page)
{
	self->pid = stopped_child(make_guard, self->scene);
	ASSERT_LT(0, self->pid);
	explain_it("guard");
	expect_phrase("The mapping allows nothing (PROT_NONE): a guard page");
	expect_phrase("Next read SIGSEGV (SEGV_ACCERR)");
	expect_phrase("Next write SIGSEGV (SEGV_ACCERR)");
}

/* the same as one object, and out of a recording */
TEST_F(explain, as_json_and_recorded)
{
	uint64_t pfn;

	self->pid = stopped_child(make_huge, self->scene);
	ASSERT_LT(0, self->pid);
	pfn = entry_of(self->pid, self->scene->page) & PM_FRAME;
	self->text = explain(self->pid, self->scene->page, "--record /tmp/record --json", "json");
	ASSERT_NE(NULL, self->text);
	EXPECT_EQ('{', self->text[0]);
	expect_phrase("\"pfn\": %lu", pfn);
	expect_phrase("\"topic\": \"Next read\", \"text\": \"no page fault: the entry allows it.\"");
	free(self->text);
	self->text = explain(self->pid, self->scene->page, "--from /tmp/record", "recorded");
	ASSERT_NE(NULL, self->text);
	unfold(self->text);
	expect_phrase("frame %lu: physical 0x%lx", pfn, pfn * PAGE + 1);
	expect_phrase("Next write no page fault");
}

TEST_HARNESS_MAIN

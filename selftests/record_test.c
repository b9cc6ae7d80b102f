// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope record and mmscope diff against what this test itself leaks: memory of a
 * process, pages of a file, a slab cache, pages that nobody owns, each of a known size
 * at a known time, with /proc/meminfo, /proc/slabinfo and the cgroup's own files beside
 * it. And recorders that are stopped and killed.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "process.h"
#include "fixture.h"

#define LEAKED		2048	/* pages of the process */
#define WRITTEN		300	/* of the file */
#define OBJECTS		2000	/* of 512 bytes in the cache */
#define BLOCKS		100	/* of four pages that nobody owns */
#define CACHED_RSS	64	/* pages that a task may have counted for itself, before 6.2 */
#define CGROUP		"/sys/fs/cgroup/mmleak"
#define LEAKY_FILE	"/tmp/planted.bin"
#define JSON		"/tmp/growth.json"
#define STEP_PAGES	64	/* each time, of a leak that goes on */
#define STEP_MS		100

/**
 * struct leaker - a process that leaks when it is asked to
 * @pid: it
 * @ask: pipe to it
 * @done: pipe from it
 */
struct leaker {
	pid_t pid;
	int ask[2], done[2];
};

FIXTURE(record) {
	struct leaker leaker;
	int fixture;		/* its device */
};

static void leak_pages(size_t pages)
{
	char *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(mem, pages * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		mem[i * PAGE] = 1;
}

static void be_leaker(struct leaker *l)
{
	size_t pages;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "mmleak");
	close(l->ask[1]);
	while (read(l->ask[0], &pages, sizeof(pages)) == sizeof(pages)) {
		leak_pages(pages);
		if (write(l->done[1], &pages, sizeof(pages)) != sizeof(pages))
			break;
	}
	_exit(0);
}

/* In a cgroup of its own. */
static int start_leaker(struct leaker *l)
{
	char pid[16];

	if (pipe(l->ask) || pipe(l->done))
		return -1;
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(CGROUP, 0755);
	l->pid = fork();
	if (!l->pid)
		be_leaker(l);
	snprintf(pid, sizeof(pid), "%d", l->pid);
	return l->pid > 0 ? write_file(CGROUP "/cgroup.procs", pid) : -1;
}

static int leak(const struct leaker *l, size_t pages)
{
	return write(l->ask[1], &pages, sizeof(pages)) == sizeof(pages) &&
	       read(l->done[0], &pages, sizeof(pages)) == sizeof(pages) ? 0 : -1;
}

FIXTURE_SETUP(record)
{
	ASSERT_EQ(0, start_leaker(&self->leaker));
	ASSERT_EQ(0, leak(&self->leaker, 1));
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
	unlink(LEAKY_FILE);
}

FIXTURE_TEARDOWN(record)
{
	if (self->leaker.pid > 0) {
		kill(self->leaker.pid, SIGKILL);
		waitpid(self->leaker.pid, NULL, 0);
	}
	if (self->fixture >= 0)
		close(self->fixture);
	fixture_unload();
	rmdir(CGROUP);
	unlink(LEAKY_FILE);
}

/* --------------------------------------------------------------- what is told */

/* The line of a table of the JSON that has all of these words; false: there is none. */
static bool find_line(const char *table, const char *word, const char *other, char *line,
		      size_t size)
{
	FILE *f = fopen(JSON, "re");
	char begin[64];
	bool inside = false, found = false;

	snprintf(begin, sizeof(begin), "  \"%s\": [", table);
	while (f && !found && fgets(line, size, f)) {
		if (!strncmp(line, "  \"", 3))
			inside = !strncmp(line, begin, strlen(begin));
		found = inside && strstr(line, word) && strstr(line, other);
	}
	if (f)
		fclose(f);
	return found;
}

static long number_of(const char *line, const char *key)
{
	char word[64];
	const char *at;

	snprintf(word, sizeof(word), "\"%s\": ", key);
	at = strstr(line, word);
	return at ? strtol(at + strlen(word), NULL, 10) : -1;
}

/* In pages; -1 if nothing is told of it. */
static long growth(const char *table, const char *word, const char *other)
{
	char line[1024];
	long bytes;

	if (!find_line(table, word, other, line, sizeof(line)))
		return -1;
	bytes = number_of(line, "growth");
	return bytes % (long)PAGE ? -1 : bytes / (long)PAGE;
}

static int take_recording(const char *path)
{
	char command[128];

	unlink(path);
	snprintf(command, sizeof(command), "mmscope record %s --count 1 > /dev/null", path);
	return system(command);
}

static long sum_of_classes(void)
{
	FILE *f = fopen(JSON, "re");
	bool inside = false;
	char line[1024];
	long sum = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "  \"", 3))
			inside = !strncmp(line, "  \"classes\"", 11);
		else if (inside && strstr(line, "\"growth\"") && !strstr(line, "\"residual\""))
			sum += number_of(line, "growth");
	}
	if (f)
		fclose(f);
	return sum;
}

/* ------------------------------------------------------- what the kernel tells */

struct kernel {
	uint64_t anon, shmem, slab;	/* /proc/meminfo, KiB */
	uint64_t cgroup_anon;		/* bytes */
	uint64_t rss;			/* of the leaker, KiB */
};

static int read_kernel(const struct leaker *l, struct kernel *k)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", l->pid);
	return read_number("/proc/meminfo", "AnonPages", &k->anon) ||
	       read_number("/proc/meminfo", "Shmem", &k->shmem) ||
	       read_number("/proc/meminfo", "Slab", &k->slab) ||
	       read_number(CGROUP "/memory.stat", "anon", &k->cgroup_anon) ||
	       read_number(path, "VmRSS", &k->rss) ? -1 : 0;
}

static long kib_pages(uint64_t before, uint64_t after)
{
	return ((long)after - (long)before) / PAGE_KB;
}

/* of the planted cache, from /proc/slabinfo */
static long planted_slab_pages(void)
{
	char *text = read_file("/proc/slabinfo");
	char *line = text ? strstr(text, FIXTURE_CACHE) : NULL;
	long per_slab = 0, slabs = 0;

	if (line && sscanf(line, "%*s %*u %*u %*u %*u %ld : tunables %*u %*u %*u : slabdata "
			   "%*u %ld", &per_slab, &slabs) != 2)
		slabs = 0;
	free(text);
	return slabs * per_slab;
}

/* ------------------------------------------------------------------- two samples */

static int write_pages(const char *path, size_t pages)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	static const char zeros[MAX_PAGE];
	size_t i = 0;

	while (fd >= 0 && i < pages && write(fd, zeros, PAGE) == (ssize_t)PAGE)
		i++;
	if (fd >= 0)
		close(fd);
	return i == pages ? 0 : -1;
}

static int plant_all(FIXTURE_DATA(record) *self)
{
	struct fixture_plant cache = fixture_arg(FIXTURE_SLAB, OBJECTS, 512, NULL, 0);
	uint32_t id;

	return leak(&self->leaker, LEAKED) || write_pages(LEAKY_FILE, WRITTEN) ||
	       fixture_plant(self->fixture, &cache) ||
	       fixture_hold(self->fixture, BLOCKS, 2, "GFP_KERNEL", FIXTURE_ANY_NODE,
			    &id) != BLOCKS;
}

#define EXPECT_NEAR(_wanted, _found, _slack) do {			\
	long _w = _wanted, _f = _found;					\
									\
	EXPECT_LE(_w - (_slack), _f);					\
	EXPECT_GE(_w + (_slack), _f);					\
} while (0)

TEST_F_TIMEOUT(record, what_was_leaked_between_two_recordings_is_named_with_its_size, 120)
{
	struct kernel before, after;
	long in_class;

	need_symbol("slab_caches");
	ASSERT_EQ(0, take_recording("/tmp/a.rec"));
	ASSERT_EQ(0, read_kernel(&self->leaker, &before));
	ASSERT_EQ(0, plant_all(self));
	ASSERT_EQ(0, read_kernel(&self->leaker, &after));
	ASSERT_EQ(0, take_recording("/tmp/b.rec"));
	ASSERT_EQ(0, system("mmscope diff /tmp/a.rec /tmp/b.rec --json > " JSON));

	/* the process: what it touched, and page tables */
	EXPECT_NEAR(LEAKED, growth("processes", "\"mmleak\"", ""), CACHED_RSS + 16);
	EXPECT_NEAR(kib_pages(before.rss, after.rss), growth("processes", "\"mmleak\"", ""),
		    CACHED_RSS + 16);
	EXPECT_NEAR(LEAKED, growth("cgroups", "\"/mmleak\"", ""), 32);
	EXPECT_NEAR((after.cgroup_anon - before.cgroup_anon) / PAGE,
		    growth("cgroups", "\"/mmleak\"", ""), CACHED_RSS + 32);
	EXPECT_EQ(WRITTEN, growth("files", "planted.bin\"", "\"shmem\""));
	EXPECT_LT(0, planted_slab_pages());
	EXPECT_EQ(planted_slab_pages(), growth("caches", "\"" FIXTURE_CACHE "\"", ""));

	/* what nobody owns has only a class; the kernel itself has a little of that, too */
	in_class = growth("classes", "\"unattributed\"", "");
	EXPECT_NEAR(4 * BLOCKS, in_class, 100);

	/* the classes against the kernel's counters, which lag behind by a batch for each CPU */
	EXPECT_NEAR(kib_pages(before.anon, after.anon), growth("classes", "\"anon\"", ""), 300);
	EXPECT_NEAR(kib_pages(before.shmem, after.shmem), growth("classes", "\"shmem\"", ""), 300);
	in_class = growth("classes", "\"slab\"", "") +
		   growth("classes", "\"slab_reclaimable\"", "");
	EXPECT_NEAR(kib_pages(before.slab, after.slab), in_class, 300);

	/* no frame came to the machine or went */
	EXPECT_EQ(0, growth("classes", "\"residual\"", ""));
	EXPECT_EQ(0, sum_of_classes());
}

static long sum_of_output(const char *command)
{
	FILE *f = popen(command, "r");
	long sum = 0, n;

	while (f && fscanf(f, "%ld", &n) == 1)
		sum += n;
	return f && !pclose(f) ? sum : -1;
}

TEST_F_TIMEOUT(record, owners_and_classes_of_a_sample_are_all_frames, 120)
{
	long present;

	ASSERT_EQ(0, take_recording("/tmp/a.rec"));
	present = sum_of_output("awk '$1 == \"present\" { print $2 }' /proc/zoneinfo");
	ASSERT_LT(0, present);
	EXPECT_EQ(present, sum_of_output("mmscope --from /tmp/a.rec extent_sums -rn -o class,pages |"
					 "awk '$1 != \"hole\" { print $2 }'"));
	EXPECT_EQ(present, sum_of_output("mmscope --from /tmp/a.rec accounting -rn -o class,pages |"
					 "awk '$1 != \"hole\" { print $2 }'"));
}

/* ------------------------------------------------------------------ the recorder */

static pid_t start_recorder(const char *path, const char *interval, const char *count)
{
	pid_t pid;

	unlink(path);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("mmscope", "mmscope", "record", path, "--interval", interval, "--count", count,
	       NULL);
	_exit(126);
}

static long count_samples(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "mmscope replay %s --list -rn -o sample 2> /tmp/said.txt | wc -l", path);
	return sum_of_output(command);
}

static int wait_for_samples(const char *path, long nr)
{
	for (int i = 0; i < 200; i++) {
		if (count_samples(path) >= nr)
			return 0;
		usleep(200000);
	}
	return -1;
}

TEST_F_TIMEOUT(record, a_recorder_that_is_killed_leaves_what_it_had, 120)
{
	pid_t pid = start_recorder("/tmp/k.rec", "100ms", "100000");
	long nr;

	ASSERT_EQ(0, wait_for_samples("/tmp/k.rec", 4));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	nr = count_samples("/tmp/k.rec");
	EXPECT_LE(4, nr);
	EXPECT_EQ(0, system("grep -q 'whole samples are used' /tmp/said.txt"));
	EXPECT_EQ(0, system("mmscope diff /tmp/k.rec --json > " JSON " 2> /dev/null"));
	EXPECT_EQ(0, sum_of_classes());
	EXPECT_EQ(0, system("mmscope where --from /tmp/k.rec --at 4 > /dev/null 2>&1"));
	/* a new recorder does not take its place */
	EXPECT_NE(0, system("mmscope record /tmp/k.rec --count 1 2> /dev/null"));
	EXPECT_EQ(nr, count_samples("/tmp/k.rec"));
}

TEST_F_TIMEOUT(record, an_interrupted_recorder_ends_its_file, 120)
{
	pid_t pid = start_recorder("/tmp/i.rec", "100ms", "100000");
	int status = -1;

	ASSERT_EQ(0, wait_for_samples("/tmp/i.rec", 2));
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_LE(2, count_samples("/tmp/i.rec"));
	EXPECT_EQ(0, system("test ! -s /tmp/said.txt"));
}

/* ------------------------------------------------------------------ what goes on */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Until the recorder ends: a little of all kinds each time. Return: how often. */
static long leak_on(FIXTURE_DATA(record) *self, pid_t recorder)
{
	uint32_t id;
	long nr = 0;

	for (; !waitpid(recorder, NULL, WNOHANG); nr++) {
		if (leak(&self->leaker, STEP_PAGES) || write_pages(LEAKY_FILE, STEP_PAGES) ||
		    fixture_hold(self->fixture, STEP_PAGES / 4, 2, "GFP_KERNEL", FIXTURE_ANY_NODE,
				 &id) != STEP_PAGES / 4)
			return -1;
		usleep(STEP_MS * 1000);
	}
	return nr;
}

/* Bytes an hour that the verdict tells of something; -1: it does not name it. */
static double told_rate(const char *kind, const char *name)
{
	char line[1024];

	if (!find_line("leaks", kind, name, line, sizeof(line)))
		return -1;
	return number_of(line, "per_hour");
}

TEST_F_TIMEOUT(record, what_grows_all_the_time_is_named_with_its_rate, 180)
{
	double began = now(), rate;
	char line[1024];
	pid_t recorder;
	long steps;

	/* grows once, and is no leak */
	ASSERT_EQ(0, write_pages("/tmp/once.bin", 200));
	recorder = start_recorder("/tmp/l.rec", "600ms", "9");
	steps = leak_on(self, recorder);
	rate = steps * STEP_PAGES * PAGE * 3600.0 / (now() - began);
	ASSERT_LT(8, steps);
	ASSERT_EQ(0, system("mmscope diff /tmp/l.rec --json > " JSON));
	EXPECT_EQ(0, sum_of_classes());
	EXPECT_LT(rate / 2, told_rate("\"process\"", "\"mmleak\""));
	EXPECT_GT(rate * 2, told_rate("\"process\"", "\"mmleak\""));
	EXPECT_LT(rate / 2, told_rate("\"cgroup\"", "\"/mmleak\""));
	EXPECT_GT(rate * 2, told_rate("\"cgroup\"", "\"/mmleak\""));
	EXPECT_LT(rate / 2, told_rate("\"file\"", "planted.bin\""));
	EXPECT_GT(rate * 2, told_rate("\"file\"", "planted.bin\""));
	EXPECT_LT(rate / 2, told_rate("\"class\"", "\"unattributed\""));
	EXPECT_GT(rate * 2, told_rate("\"class\"", "\"unattributed\""));
	/* what is free shrinks, and what keeps still is no suspect */
	EXPECT_FALSE(find_line("leaks", "\"class\"", "\"free\"", line, sizeof(line)));
	EXPECT_FALSE(find_line("leaks", "\"process\"", "\"init\"", line, sizeof(line)));
	EXPECT_FALSE(find_line("leaks", "\"file\"", "once.bin", line, sizeof(line)));
	EXPECT_GT(0, growth("classes", "\"free\"", ""));
	unlink("/tmp/once.bin");
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `memcgs` and `memcg_pages` against the files of cgroup v2,
 * /proc/kpagecgroup and /proc/kpageflags.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <ftw.h>
#include <stddef.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "common.h"
#include "cgroup.h"
#include "kpage.h"

#define ROOT	"/sys/fs/cgroup"
#define TOP	ROOT "/mmscope"
#define MIB	(1UL << 20)
#define TRIES	20

/* ------------------------------------------------------------------ fixture */

FIXTURE(memcg)
{
	int fd;
	struct answer a;
	pid_t child;
};

static void clean(void)
{
	static const char *const dirs[] = { TOP "/a/b", TOP "/a/c", TOP "/a", TOP };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		for (int try = 0; try < 100 && rmdir(dirs[i]) && errno == EBUSY; try++)
			usleep(20000);
}

FIXTURE_SETUP(memcg)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	clean();
	ASSERT_EQ(0, put(ROOT, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(TOP, 0755));
	ASSERT_EQ(0, put(TOP, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(TOP "/a", 0755));
	ASSERT_EQ(0, put(TOP "/a", "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(TOP "/a/b", 0755));
	ASSERT_EQ(0, mkdir(TOP "/a/c", 0755));
}

FIXTURE_TEARDOWN(memcg)
{
	if (self->child > 0) {
		kill(self->child, SIGKILL);
		wait_for(self->child);
	}
	answer_free(&self->a);
	clean();
	close(self->fd);
}

static const struct mmscope_memcg *find(const struct answer *a, uint64_t inode, uint32_t state)
{
	const struct mmscope_memcg *r = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (r[i].memcg == inode && r[i].state == state)
			return &r[i];
	return NULL;
}

/* what is told of a cgroup now; zeroes if nothing is */
static struct mmscope_memcg told(FIXTURE_DATA(memcg) *self, uint64_t inode, uint32_t state)
{
	struct mmscope_memcg none = { 0 };
	const struct mmscope_memcg *r = NULL;

	answer_free(&self->a);
	if (!walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCGS), &self->a))
		r = find(&self->a, inode, state);
	return r ? *r : none;
}

/* a child that is through with what it had to do stops itself */
static bool has_stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status);
}

/* ---------------------------------------------------- every number of a file */

static const struct number {
	const char *file;
	size_t member;
} numbers[] = {
	{ "memory.current", offsetof(struct mmscope_memcg, usage_bytes) },
	{ "memory.peak", offsetof(struct mmscope_memcg, peak_bytes) },
	{ "memory.min", offsetof(struct mmscope_memcg, min_bytes) },
	{ "memory.low", offsetof(struct mmscope_memcg, low_bytes) },
	{ "memory.high", offsetof(struct mmscope_memcg, high_bytes) },
	{ "memory.max", offsetof(struct mmscope_memcg, max_bytes) },
	{ "memory.swap.current", offsetof(struct mmscope_memcg, swap_bytes) },
	{ "memory.swap.high", offsetof(struct mmscope_memcg, swap_high_bytes) },
	{ "memory.swap.max", offsetof(struct mmscope_memcg, swap_max_bytes) },
};

static uint64_t number_at(const struct mmscope_memcg *r, size_t member)
{
	return *(const uint64_t *)((const char *)r + member);
}

/* Return: how many of these numbers the cgroup has, -1: one differs */
static int check_numbers(FIXTURE_DATA(memcg) *self, const char *cgroup)
{
	int nr = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uint64_t before, after = 0, ours = 0;
		bool same = false;

		for (int try = 0; try < TRIES && !same; try++) {
			struct mmscope_memcg r;

			if (!get_number(cgroup, numbers[i].file, &before))
				break;
			r = told(self, inode_of(cgroup), MMSCOPE_MEMCG_ONLINE);
			ours = number_at(&r, numbers[i].member);
			get_number(cgroup, numbers[i].file, &after);
			same = ours == before || ours == after || (before < ours && ours < after);
			nr += same;
			if (!same && try == TRIES - 1) {
				fprintf(stderr, "# %s/%s: %lu %lu, ours %lu\n", cgroup,
					numbers[i].file, before, after, ours);
				return -1;
			}
		}
	}
	return nr;
}

/* all elements of an array by the names that the dataset gives them */
static int check_array(FIXTURE_DATA(memcg) *self, const char *cgroup, const char *field,
		       size_t member, const char *file, const char *prefix)
{
	struct mmscope_describe desc = describe_arg(MMSCOPE_DS_MEMCGS);
	struct mmscope_field fields[64];
	struct mmscope_value values[256];
	int nr = 0;

	if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc) || desc.nr_fields > ARRAY_LEN(fields) ||
	    desc.nr_values > ARRAY_LEN(values))
		return -1;
	desc.fields = (uintptr_t)fields;
	desc.values = (uintptr_t)values;
	if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc))
		return -1;
	for (uint32_t i = 0; i < desc.nr_values; i++) {
		uint64_t before, after = 0, ours = 0;
		const char *name = values[i].name;
		bool same = false;

		if (strcmp(fields[values[i].field].name, field))
			continue;
		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		name += strlen(prefix);
		for (int try = 0; try < TRIES && !same; try++) {
			struct mmscope_memcg r;

			if (!get_line(cgroup, file, name, &before))
				break;
			r = told(self, inode_of(cgroup), MMSCOPE_MEMCG_ONLINE);
			ours = number_at(&r, member + 8 * values[i].value);
			get_line(cgroup, file, name, &after);
			same = (before <= ours && ours <= after) ||
			       (after <= ours && ours <= before);
			nr += same;
			if (!same && try == TRIES - 1) {
				fprintf(stderr, "# %s/%s %s: %lu %lu, ours %lu\n", cgroup, file,
					name, before, after, ours);
				return -1;
			}
		}
	}
	return nr;
}

static const char *const cgroups[] = { ROOT, TOP, TOP "/a", TOP "/a/b", TOP "/a/c" };

TEST_F_TIMEOUT(memcg, numbers_are_those_of_the_files, 120)
{
	ASSERT_EQ(0, put(TOP "/a", "memory.max", "64M"));
	ASSERT_EQ(0, put(TOP "/a", "memory.high", "48M"));
	ASSERT_EQ(0, put(TOP "/a/b", "memory.low", "8M"));
	ASSERT_EQ(0, put(TOP "/a/b", "memory.min", "4M"));
	put(TOP "/a/b", "memory.swap.max", "16M");
	put(TOP "/a/b", "memory.swap.high", "12M");
	self->child = fork_into(TOP "/a/b");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		touch_memory(3 * MIB);
		raise(SIGSTOP);
	}
	ASSERT_TRUE(has_stopped(self->child));
	for (size_t i = 1; i < ARRAY_LEN(cgroups); i++)
		EXPECT_LT(4, check_numbers(self, cgroups[i]));
	EXPECT_LE(3 * MIB, told(self, inode_of(TOP "/a/b"), MMSCOPE_MEMCG_ONLINE).usage_bytes);
}

TEST_F_TIMEOUT(memcg, memory_stat_is_the_same, 120)
{
	self->child = fork_into(TOP "/a/b");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		int file = open("/tmp/memcg_test", O_RDWR | O_CREAT, 0600);

		unlink("/tmp/memcg_test");
		touch_memory(3 * MIB);
		for (int i = 0; i < 500; i++)
			if (write(file, "some", 4) != 4 || lseek(file, PAGE, SEEK_CUR) < 0)
				_exit(1);
		raise(SIGSTOP);
	}
	ASSERT_TRUE(has_stopped(self->child));
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++)
		EXPECT_LE(22, check_array(self, cgroups[i], "stat_bytes",
					  offsetof(struct mmscope_memcg, stat_bytes),
					  "memory.stat", ""));
	EXPECT_LE(3 * MIB, told(self, inode_of(TOP "/a/b"), MMSCOPE_MEMCG_ONLINE)
			   .stat_bytes[MMSCOPE_MEMCG_STAT_ANON]);
	EXPECT_LE(500 * PAGE, told(self, inode_of(TOP "/a"), MMSCOPE_MEMCG_ONLINE)
			      .stat_bytes[MMSCOPE_MEMCG_STAT_SHMEM]);
}

static int check_events(FIXTURE_DATA(memcg) *self, const char *cgroup)
{
	const size_t member = offsetof(struct mmscope_memcg, events);
	int own = check_array(self, cgroup, "events", member, "memory.events", "");
	int swap = check_array(self, cgroup, "events", member, "memory.swap.events", "swap_");

	return own < 0 || swap < 0 ? -1 : own + swap;
}

TEST_F_TIMEOUT(memcg, limits_that_are_met_are_counted, 120)
{
	struct mmscope_memcg r;
	uint64_t value;
	int status;

	ASSERT_EQ(0, put(TOP "/a/b", "memory.max", "8M"));
	ASSERT_EQ(0, put(TOP "/a/b", "memory.swap.max", "0"));
	ASSERT_EQ(0, put(TOP "/a/c", "memory.high", "2M"));
	ASSERT_EQ(0, put(TOP "/a/b", "memory.oom.group", "1"));
	self->child = fork_into(TOP "/a/b");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		touch_memory(16 * MIB);
		_exit(0);
	}
	status = wait_for(self->child);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	self->child = fork_into(TOP "/a/c");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		touch_memory(3 * MIB);
		_exit(0);
	}
	EXPECT_EQ(0, wait_for(self->child));
	self->child = 0;
	for (size_t i = 1; i < ARRAY_LEN(cgroups); i++)
		EXPECT_LE(6, check_events(self, cgroups[i]));
	r = told(self, inode_of(TOP "/a/b"), MMSCOPE_MEMCG_ONLINE);
	ASSERT_TRUE(get_line(TOP "/a/b", "memory.events", "oom_kill", &value));
	EXPECT_LT(0, value);
	EXPECT_LT(0, r.limit_hits);
	EXPECT_EQ(1, r.oom_group);
	EXPECT_EQ(8 * MIB, r.peak_bytes);
	ASSERT_TRUE(get_line(TOP "/a/c", "memory.events", "high", &value));
	EXPECT_LT(0, value);
}

/* an ancestor that is reclaimed works out what is protected below it */
TEST_F_TIMEOUT(memcg, protection_is_what_ancestors_leave, 60)
{
	struct mmscope_memcg r;

	ASSERT_EQ(0, put(TOP "/a", "memory.low", "2M"));
	ASSERT_EQ(0, put(TOP "/a/b", "memory.low", "64M"));
	self->child = fork_into(TOP "/a/b");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		touch_memory(6 * MIB);
		raise(SIGSTOP);
	}
	ASSERT_TRUE(has_stopped(self->child));
	if (access(TOP "/memory.reclaim", W_OK))
		SKIP(return, "reclaim cannot be asked for in this kernel");
	/* it may find nothing to reclaim */
	put(TOP, "memory.reclaim", "1M");
	r = told(self, inode_of(TOP "/a"), MMSCOPE_MEMCG_ONLINE);
	EXPECT_EQ(2 * MIB, r.low_bytes);
	EXPECT_EQ(2 * MIB, r.effective_low_bytes);
	r = told(self, inode_of(TOP "/a/b"), MMSCOPE_MEMCG_ONLINE);
	EXPECT_EQ(64 * MIB, r.low_bytes);
	EXPECT_LT(0, r.effective_low_bytes);
	EXPECT_GE(2 * MIB, r.effective_low_bytes);
	EXPECT_EQ(0, r.effective_min_bytes);
}

/* ------------------------------------------------------------------- the tree */

static struct {
	FIXTURE_DATA(memcg) *self;
	size_t seen;
	size_t wrong;
} tree;

static uint64_t count_lines(const char *text)
{
	uint64_t nr = 0;

	for (; text && *text; text++)
		nr += *text == '\n';
	return nr;
}

/* the parent in our tree: the nearest one with a memory controller */
static uint64_t parent_inode(const char *path)
{
	char parent[256];

	snprintf(parent, sizeof(parent), "%s/..", path);
	return strcmp(path, ROOT) ? inode_of(parent) : 0;
}

static int check_dir(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const struct mmscope_memcg *r;
	const char *ours = path + strlen(ROOT);
	char *procs;
	uint64_t nr;

	if (type != FTW_D || (strcmp(path, ROOT) && !get_number(path, "memory.current", &nr)))
		return 0;
	r = find(&tree.self->a, st->st_ino, MMSCOPE_MEMCG_ONLINE);
	procs = get(path, "cgroup.procs");
	nr = count_lines(procs);
	free(procs);
	tree.seen++;
	if (r && !strcmp(r->path, *ours ? ours : "/") && r->level == (uint32_t)ftw->level &&
	    r->parent == parent_inode(path) && (r->processes == nr || !strcmp(path, ROOT)))
		return 0;
	fprintf(stderr, "# %s: %s, level %u, parent %llu, %u processes of %lu\n", path,
		r ? r->path : "not there", r ? r->level : 0, r ? r->parent : 0,
		r ? r->processes : 0, nr);
	tree.wrong++;
	return 0;
}

TEST_F(memcg, the_tree_is_that_of_the_file_system)
{
	const struct mmscope_memcg *r;
	pid_t more[3];
	size_t online = 0;

	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		more[i] = fork_into(i ? TOP "/a/c" : TOP "/a/b");
		ASSERT_LE(0, more[i]);
		while (!more[i])
			raise(SIGSTOP);
		ASSERT_TRUE(has_stopped(more[i]));
	}
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCGS), &self->a));
	tree.self = self;
	tree.seen = 0;
	tree.wrong = 0;
	ASSERT_EQ(0, nftw(ROOT, check_dir, 16, FTW_PHYS));
	EXPECT_EQ(0, tree.wrong);
	r = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		bool above = !r[i].parent;

		online += r[i].state == MMSCOPE_MEMCG_ONLINE;
		for (size_t j = 0; j < i; j++)
			above |= r[j].memcg == r[i].parent;
		EXPECT_TRUE(above);
	}
	EXPECT_EQ(tree.seen, online);
	EXPECT_LE(5, tree.seen);
	EXPECT_EQ(2, find(&self->a, inode_of(TOP "/a/c"), MMSCOPE_MEMCG_ONLINE)->processes);
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		kill(more[i], SIGKILL);
		wait_for(more[i]);
	}
}

/* ---------------------------------------------------------------- page frames */

static uint64_t charged(const struct answer *a, uint64_t inode, uint32_t class, bool online)
{
	const struct mmscope_memcg_page *r = a->records;
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		if ((online ? r[i].online_memcg : r[i].memcg) == inode &&
		    (class == MMSCOPE_NR_CLASSES || r[i].page_class == class))
			pages += r[i].pages;
	return pages;
}

#define STAYS "/tmp/memcg_test_stays"

/* what it had is its parent's */
static void check_heir(struct __test_metadata *_metadata, FIXTURE_DATA(memcg) *self,
		       uint64_t inode)
{
	uint64_t heir = inode_of(TOP "/a");
	struct answer pages;

	EXPECT_EQ(0, told(self, inode, MMSCOPE_MEMCG_DYING).memcg);
	EXPECT_LE(300 * PAGE, told(self, heir, MMSCOPE_MEMCG_ONLINE).usage_bytes);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCG_PAGES), &pages));
	EXPECT_EQ(0, charged(&pages, inode, MMSCOPE_NR_CLASSES, false));
	EXPECT_EQ(300, charged(&pages, heir, MMSCOPE_CLASS_SHMEM, false));
	EXPECT_EQ(300, charged(&pages, heir, MMSCOPE_CLASS_SHMEM, true));
	answer_free(&pages);
}

static void check_dying(struct __test_metadata *_metadata, FIXTURE_DATA(memcg) *self,
			uint64_t inode)
{
	const struct mmscope_memcg_page *r;
	struct answer pages;
	size_t dying = 0;

	EXPECT_EQ(inode, told(self, inode, MMSCOPE_MEMCG_DYING).memcg);
	EXPECT_LE(300 * PAGE, told(self, inode, MMSCOPE_MEMCG_DYING).usage_bytes);
	EXPECT_EQ(inode_of(TOP "/a"), told(self, inode, MMSCOPE_MEMCG_DYING).parent);
	EXPECT_STREQ("/mmscope/a/b", told(self, inode, MMSCOPE_MEMCG_DYING).path);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCG_PAGES), &pages));
	EXPECT_EQ(300, charged(&pages, inode, MMSCOPE_CLASS_SHMEM, false));
	EXPECT_LE(300, charged(&pages, inode_of(TOP "/a"), MMSCOPE_CLASS_SHMEM, true));
	EXPECT_EQ(0, charged(&pages, inode_of(TOP "/a"), MMSCOPE_CLASS_SHMEM, false));
	r = pages.records;
	for (size_t i = 0; i < pages.nr; i++)
		dying += r[i].memcg == inode && r[i].state == MMSCOPE_MEMCG_DYING;
	EXPECT_LE(1, dying);
	answer_free(&pages);
}

/* a cgroup is removed while a file in tmpfs that it made stays */
TEST_F_TIMEOUT(memcg, what_keeps_a_dying_cgroup, 120)
{
	uint64_t inode = inode_of(TOP "/a/b");

	self->child = fork_into(TOP "/a/b");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		int file = open(STAYS, O_WRONLY | O_CREAT, 0600);

		for (int i = 0; i < 300; i++)
			if (pwrite(file, "x", 1, i * PAGE) != 1)
				_exit(1);
		_exit(0);
	}
	EXPECT_EQ(0, wait_for(self->child));
	self->child = 0;
	EXPECT_EQ(inode, told(self, inode, MMSCOPE_MEMCG_ONLINE).memcg);
	for (int try = 0; try < 100 && rmdir(TOP "/a/b"); try++)
		usleep(20000);
	ASSERT_EQ(-1, access(TOP "/a/b", F_OK));
	EXPECT_EQ(0, told(self, inode, MMSCOPE_MEMCG_ONLINE).memcg);
	if (is_soon_gone(TOP))
		check_heir(_metadata, self, inode);
	else
		check_dying(_metadata, self, inode);
	ASSERT_EQ(0, unlink(STAYS));
	for (int try = 0; try < 500 && told(self, inode, MMSCOPE_MEMCG_DYING).memcg; try++) {
		if (try % 50 == 0)
			charge_on_each_cpu(TOP "/a/c");
		usleep(20000);
	}
	EXPECT_EQ(0, told(self, inode, MMSCOPE_MEMCG_DYING).memcg);
}

struct frames {
	uint64_t anon;
	uint64_t shmem;
	uint64_t tables;
};

/* the frames that are charged to a cgroup by kind, as the files of /proc have them */
static int count_frames(uint64_t inode, struct frames *f)
{
	struct kpage k;

	memset(f, 0, sizeof(*f));
	if (kpage_open(&k))
		return -1;
	while (kpage_next(&k)) {
		uint64_t flags = k.flags;

		if (k.cgroup != inode)
			continue;
		f->anon += flags >> KPF_ANON & 1;
		f->shmem += !(flags >> KPF_ANON & 1) && flags >> KPF_SWAPBACKED & 1;
		f->tables += flags >> KPF_PGTABLE & 1;
	}
	kpage_close(&k);
	return 0;
}

/* Half-way in three times what a table of PTEs maps: that table has nothing else. */
static void touch_with_a_table(void)
{
	char *p = mmap(NULL, 3 * HUGE_2M, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(2);
	madvise(p, 3 * HUGE_2M, MADV_NOHUGEPAGE);
	p[3 * HUGE_2M / 2] = 1;
}

TEST_F_TIMEOUT(memcg, frames_are_those_of_kpagecgroup, 120)
{
	uint64_t inode = inode_of(TOP "/a/c"), anon, shmem, tables, same = 0;
	struct frames before, after;
	struct answer pages;

	self->child = fork_into(TOP "/a/c");
	ASSERT_LE(0, self->child);
	if (!self->child) {
		int file = memfd_create("memcg_test", 0);

		touch_memory(5 * MIB);
		touch_with_a_table();
		for (int i = 0; i < 700; i++)
			if (pwrite(file, "x", 1, i * PAGE) != 1)
				_exit(1);
		raise(SIGSTOP);
	}
	ASSERT_TRUE(has_stopped(self->child));
	for (int try = 0; try < TRIES && !same; try++) {
		ASSERT_EQ(0, count_frames(inode, &before));
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCG_PAGES), &pages));
		ASSERT_EQ(0, count_frames(inode, &after));
		anon = charged(&pages, inode, MMSCOPE_CLASS_ANON, true) +
		       charged(&pages, inode, MMSCOPE_CLASS_ANON_LARGE, true) +
		       charged(&pages, inode, MMSCOPE_CLASS_ANON_THP, true) +
		       charged(&pages, inode, MMSCOPE_CLASS_SWAPCACHE, true);
		shmem = charged(&pages, inode, MMSCOPE_CLASS_SHMEM, true);
		tables = charged(&pages, inode, MMSCOPE_CLASS_PAGETABLE, true);
		same = before.anon == after.anon && anon == after.anon &&
		       before.shmem == after.shmem && shmem == after.shmem &&
		       tables >= after.tables;
		answer_free(&pages);
	}
	EXPECT_EQ(after.anon, anon);
	EXPECT_EQ(after.shmem, shmem);
	/* some kernels mark no tables above PTEs and PMDs */
	EXPECT_GE(tables, after.tables);
	EXPECT_LE(5 * MIB / PAGE, anon);
	EXPECT_EQ(700, shmem);
	EXPECT_LT(0, tables);
}

/* each frame is in one record: the classes are those of `accounting` */
TEST_F(memcg, all_cgroups_together_are_all_frames)
{
	const struct mmscope_memcg_page *r;
	const struct mmscope_account *z;
	uint64_t frames = 0, zones = 0, holes = 0;
	struct answer pages;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_MEMCG_PAGES), &pages));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_ACCOUNTING), &self->a));
	r = pages.records;
	for (size_t i = 0; i < pages.nr; i++) {
		frames += r[i].page_class == MMSCOPE_CLASS_HOLE ? 0 : r[i].pages;
		for (size_t j = 0; j < i; j++)
			EXPECT_FALSE(r[i].memcg == r[j].memcg && r[i].state == r[j].state &&
				     r[i].page_class == r[j].page_class);
	}
	z = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		zones += z[i].pages;
		holes += z[i].page_class == MMSCOPE_CLASS_HOLE ? z[i].pages : 0;
	}
	EXPECT_EQ(zones - holes, frames);
	answer_free(&pages);
}

TEST_HARNESS_MAIN

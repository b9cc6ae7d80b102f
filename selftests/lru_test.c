// SPDX-License-Identifier: GPL-2.0
/*
 * The datasets `lru` and `lru_pages`, with the classic lists and with the multi-gen
 * LRU: against /proc/zoneinfo, memory.stat, lru_gen in debugfs, /proc/kpageflags of
 * every frame, and what reclaim then takes in truth.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <linux/fs.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "process.h"
#include "extents.h"
#include "frames.h"
#include "zoneinfo.h"

#define SWITCH		"/sys/kernel/mm/lru_gen/enabled"
#define LRU_GEN		"/sys/kernel/debug/lru_gen"
#define CGROUPS		"/sys/fs/cgroup"
#define PARENT		CGROUPS "/lru_test"
#define CHILD		PARENT "/child"
#define DISK		"/dev/vda"
#define MB		(1UL << 20)
#define TRIES		60

#define BIT(_n)		(1ULL << (_n))

struct region {
	char *mem;
	size_t pages;
};

FIXTURE(lru) {
	int fd;
	bool restore;
	char before[16];
	struct value_names zones;
	struct answer a, b;
	pid_t pid;
	struct region shown;
};

FIXTURE_VARIANT(lru) {
	const char *enabled;
};

FIXTURE_VARIANT_ADD(lru, classic) {
	.enabled = "n",
};

FIXTURE_VARIANT_ADD(lru, multi_gen) {
	.enabled = "y",
};

static void rest(void)
{
	struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

FIXTURE_SETUP(lru)
{
	char *text = read_file(SWITCH);

	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->zones = names_of(self->fd, MMSCOPE_DS_ZONES, "zone");
	if (!text)
		SKIP(return, "no multi-gen LRU in this kernel");
	snprintf(self->before, sizeof(self->before), "%.8s", text);
	free(text);
	self->restore = true;
	/* what earlier tests left behind goes with its page cache */
	write_file("/proc/sys/vm/drop_caches", "1");
	ASSERT_EQ(0, write_file(SWITCH, variant->enabled));
	write_file(CGROUPS "/cgroup.subtree_control", "+memory");
	mkdir(PARENT, 0700);
	write_file(PARENT "/cgroup.subtree_control", "+memory");
	mkdir(CHILD, 0700);
}

FIXTURE_TEARDOWN(lru)
{
	kill_child(self->pid);
	if (self->restore)
		write_file(SWITCH, self->before);
	if (self->shown.mem)
		munmap(self->shown.mem, self->shown.pages * PAGE);
	answer_free(&self->a);
	answer_free(&self->b);
	free(self->zones.values);
	rmdir(CHILD);
	rmdir(PARENT);
	close(self->fd);
}

/* Pages that CPUs have not put on lists yet are put there: a page that needs no move is moved. */
static void settle(void)
{
	static char page[2 * PAGE];
	void *pages[] = { page + PAGE };
	int node = -1, status = 0;

	page[PAGE] = 1;
	syscall(SYS_move_pages, 0, 1UL, pages, NULL, &node, 0);
	syscall(SYS_move_pages, 0, 1UL, pages, &node, &status, MPOL_MF_MOVE);
}

static const struct mmscope_lru *list_at(const struct answer *a, size_t i)
{
	return (const struct mmscope_lru *)((const char *)a->records + i * a->rec_size);
}

static const struct mmscope_lru_page *page_at(const struct answer *a, size_t i)
{
	return (const struct mmscope_lru_page *)((const char *)a->records + i * a->rec_size);
}

/* what the kernel calls a list in its counters */
static const char *counter_of(const struct mmscope_lru *l)
{
	bool active = l->flags & MMSCOPE_LRU_COUNTS_ACTIVE;

	switch (l->list) {
	case MMSCOPE_LRU_UNEVICTABLE:
		return "unevictable";
	case MMSCOPE_LRU_INACTIVE_FILE:
	case MMSCOPE_LRU_ACTIVE_FILE:
	case MMSCOPE_LRU_GEN_FILE:
		return active ? "active_file" : "inactive_file";
	default:
		return active ? "active_anon" : "inactive_anon";
	}
}

static const char *const counters[] = {
	"inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
};

/* ---------------------------------------------------------------------- sizes */

static uint64_t sum_zone(const struct answer *a, uint32_t node, uint32_t zone,
			 const char *counter)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (list_at(a, i)->node == node && !strcmp(counter_of(list_at(a, i)), counter))
			sum += list_at(a, i)->zone_pages[zone];
	return sum;
}

/* all cgroups together: what each zone counts, when CPUs have folded their parts */
static size_t differs_from_zoneinfo(int fd, const struct value_names *zones, struct answer *a,
				    char *report, size_t size)
{
	size_t i, bad = 0;
	struct zoneinfo z;

	answer_free(a);
	write_file("/proc/sys/vm/stat_refresh", "1");
	if (zoneinfo_read(&z) || walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	for (i = 0; i < z.nr; i++) {
		const struct zoneinfo_entry *e = &z.entries[i];
		int zone = name_index(zones, e->zone);
		uint64_t ours;

		if (strncmp(e->key, "nr_zone_", 8) || zone < 0 ||
		    !strcmp(e->key, "nr_zone_write_pending"))
			continue;
		ours = sum_zone(a, e->node, zone, e->key + 8);
		if (ours == e->value)
			continue;
		bad++;
		snprintf(report, size, "node %u zone %s %s: %lu, ours %lu", e->node, e->zone,
			 e->key, e->value, ours);
	}
	zoneinfo_free(&z);
	return bad;
}

TEST_F_TIMEOUT(lru, sums_of_all_cgroups_are_those_of_zoneinfo, 120)
{
	char report[160] = "";
	size_t bad = 1;
	int try;

	for (try = 0; try < TRIES && bad; try++) {
		bad = differs_from_zoneinfo(self->fd, &self->zones, &self->a, report,
					    sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LT(0, self->a.nr);
}

TEST_F(lru, the_lists_are_those_of_the_lru_that_runs)
{
	bool multi = variant->enabled[0] == 'y';
	size_t i;

	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
	ASSERT_LT(0, self->a.nr);
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_lru *l = list_at(&self->a, i);
		bool gen = l->list == MMSCOPE_LRU_GEN_ANON || l->list == MMSCOPE_LRU_GEN_FILE;

		EXPECT_EQ(multi, !!(l->flags & MMSCOPE_LRU_MULTI_GEN));
		if (l->list != MMSCOPE_LRU_UNEVICTABLE)
			EXPECT_EQ(multi, gen);
		EXPECT_EQ(gen, l->generation != MMSCOPE_UNKNOWN);
		EXPECT_EQ(gen, l->age_ns != MMSCOPE_UNKNOWN);
	}
}

/* -------------------------------------------------------------------- cgroups */

static uint64_t cgroup_stat(const char *dir, const char *name)
{
	uint64_t value = ~0ULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/memory.stat", dir);
	read_number(path, name, &value);
	return value / PAGE;
}

/* of a cgroup and all below it */
static uint64_t sum_below(const struct answer *a, const char *path, const char *counter)
{
	size_t len = strlen(path), i;
	uint64_t sum = 0;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if ((len > 1 && (strncmp(l->path, path, len) || !strchr("/", l->path[len]))) ||
		    strcmp(counter_of(l), counter))
			continue;
		sum += l->pages;
	}
	return sum;
}

/* in a cgroup of its own: 8 MB, of which 1 MB is locked */
static int join_and_take(void *path)
{
	char *mem;

	if (write_file(path, "0"))
		return 1;
	mem = mmap(NULL, 8 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return 2;
	madvise(mem, 8 * MB, MADV_NOHUGEPAGE);
	memset(mem, 1, 8 * MB);
	return mlock(mem, MB) ? 3 : 0;
}

static size_t differs_from_memory_stat(int fd, struct answer *a, char *report, size_t size)
{
	static const char *const dirs[][2] = {
		{ CGROUPS, "/" }, { PARENT, "/lru_test" }, { CHILD, "/lru_test/child" },
	};
	size_t i, j, bad = 0;

	answer_free(a);
	if (walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	for (i = 0; i < ARRAY_LEN(dirs); i++) {
		for (j = 0; j < ARRAY_LEN(counters); j++) {
			uint64_t theirs = cgroup_stat(dirs[i][0], counters[j]);
			uint64_t ours = sum_below(a, dirs[i][1], counters[j]);

			if (theirs == ours)
				continue;
			bad++;
			snprintf(report, size, "%s %s: %lu, ours %lu", dirs[i][0], counters[j],
				 theirs, ours);
		}
	}
	return bad;
}

TEST_F_TIMEOUT(lru, every_cgroup_has_what_its_memory_stat_says, 120)
{
	char report[192] = "";
	size_t bad = 1;
	int try;

	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	/* memory.stat is up to two seconds late */
	for (try = 0; try < 2 * TRIES && bad; try++) {
		bad = differs_from_memory_stat(self->fd, &self->a, report, sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LE(7 * MB / PAGE, sum_below(&self->a, "/lru_test/child", "inactive_anon") +
				 sum_below(&self->a, "/lru_test/child", "active_anon"));
	EXPECT_LE(MB / PAGE, sum_below(&self->a, "/lru_test/child", "unevictable"));
}

TEST_F(lru, cgroups_are_named_by_path_and_inode)
{
	struct stat st;
	size_t i, found = 0;

	ASSERT_EQ(0, stat(CHILD, &st));
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_lru *l = list_at(&self->a, i);

		/* one of this name that was removed before may still be there */
		if (l->flags & MMSCOPE_LRU_DYING) {
			EXPECT_NE(st.st_ino, l->memcg);
			continue;
		}
		EXPECT_EQ(!strcmp(l->path, "/lru_test/child"), l->memcg == st.st_ino);
		found += l->memcg == st.st_ino;
	}
	EXPECT_LT(4, found);
}

/* --------------------------------------------------------- lru_gen in debugfs */

static const struct mmscope_lru *generation(const struct answer *a, const char *path,
					    uint32_t node, uint64_t seq, uint32_t list)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if (l->generation == seq && l->list == list && l->node == node &&
		    !strcmp(l->path, path) && !(l->flags & MMSCOPE_LRU_DYING))
			return l;
	}
	return NULL;
}

struct gen_line {
	char path[128];
	uint32_t node;
	uint64_t seq;
	uint64_t age_ms;
	uint64_t pages[2];
};

/* one line and ours; true: both say the same */
static bool same_generation(const struct answer *a, const struct gen_line *g, uint64_t age_ms,
			    char *report, size_t size)
{
	bool same = true;
	uint32_t type;

	for (type = 0; type < 2; type++) {
		const struct mmscope_lru *l = generation(a, g->path, g->node, g->seq,
							 MMSCOPE_LRU_GEN_ANON + type);
		uint64_t pages = l ? l->pages : 0;
		/* jiffies of both, and what passed between the two */
		bool old = !l || (l->age_ns / 1000000 + 8 >= g->age_ms &&
				  l->age_ns / 1000000 <= g->age_ms + age_ms + 8);

		if (pages == g->pages[type] && old)
			continue;
		same = false;
		snprintf(report, size, "%s node %u generation %lu type %u: %lu pages %lu ms, ours %lu, %lu",
			 g->path, g->node, g->seq, type, g->pages[type], g->age_ms, pages,
			 l ? (uint64_t)l->age_ns / 1000000 : 0);
	}
	return same;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static size_t differs_from_lru_gen(int fd, struct answer *a, size_t *checked, char *report,
				   size_t size)
{
	uint64_t began = now_ms(), passed;
	char *text = read_file(LRU_GEN), *line, *save = NULL;
	struct gen_line g = { 0 };
	size_t bad = 0;

	answer_free(a);
	if (!text || walk_all(fd, walk_arg(MMSCOPE_DS_LRU), a))
		return ~0UL;
	passed = now_ms() - began;
	*checked = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int id;

		if (sscanf(line, "memcg %u %127s", &id, g.path) == 2 ||
		    sscanf(line, " node %u", &g.node) == 1)
			continue;
		if (sscanf(line, " %lu %lu %lu %lu", &g.seq, &g.age_ms, &g.pages[0],
			   &g.pages[1]) != 4)
			continue;
		(*checked)++;
		bad += !same_generation(a, &g, passed, report, size);
	}
	free(text);
	return bad;
}

TEST_F_TIMEOUT(lru, generations_are_those_of_debugfs, 120)
{
	char report[256] = "";
	size_t bad = 1, checked = 0;
	int try;

	if (variant->enabled[0] != 'y')
		SKIP(return, "of the multi-gen LRU");
	self->pid = stopped_child(join_and_take, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	for (try = 0; try < TRIES && bad; try++) {
		bad = differs_from_lru_gen(self->fd, &self->a, &checked, report, sizeof(report));
		rest();
	}
	EXPECT_EQ(0, bad)
		TH_LOG("%s", report);
	EXPECT_LE(3 * 2, checked);
}

/* ------------------------------------------------------------------ lru_pages */

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

TEST_F_TIMEOUT(lru, pages_of_ours_are_where_kpageflags_says, 120)
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

TEST_F_TIMEOUT(lru, every_frame_that_is_marked_so_is_on_a_list_once, 180)
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

TEST_F_TIMEOUT(lru, sizes_are_what_is_on_the_lists, 180)
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

TEST_F(lru, the_filter_by_cgroup_gives_its_pages_only)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_LRU_PAGES);
	struct stat st;
	size_t i;

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
TEST_F_TIMEOUT(lru, what_stays_is_found_while_other_pages_come_and_go, 180)
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

static uint64_t disk_bytes(void)
{
	uint64_t bytes = 0;
	int fd = open(DISK, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, BLKGETSIZE64, &bytes))
		bytes = 0;
	if (fd >= 0)
		close(fd);
	return bytes;
}

/* a driver that was just loaded needs a moment */
static bool have_disk(void)
{
	int try;

	if (system("modprobe virtio_pci 2> /dev/null; modprobe virtio_blk 2> /dev/null") < 0)
		return false;
	for (try = 0; try < 200 && !disk_bytes(); try++)
		usleep(20000);
	return disk_bytes();
}

#define READ_BYTES (8 * MB)

/* page cache of the child's cgroup; the device stays open, or it goes again */
static int join_and_read(void *path)
{
	static char buf[PAGE];
	int fd = open(DISK, O_RDONLY | O_CLOEXEC);
	size_t got;

	if (fd < 0 || write_file(path, "0"))
		return 1;
	for (got = 0; got < READ_BYTES; got += sizeof(buf))
		if (read(fd, buf, sizeof(buf)) != sizeof(buf))
			return 2;
	return 0;
}

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

/* What is gone after reclaim of a part was at the beginning. */
TEST_F_TIMEOUT(lru, reclaim_takes_what_comes_first, 120)
{
	size_t i, j, gone = 0, first = 0;

	if (!have_disk())
		SKIP(return, "no disk");
	write_file("/proc/sys/vm/drop_caches", "1");
	self->pid = stopped_child(join_and_read, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	settle();
	ASSERT_EQ(0, walk_files(self->fd, &self->a));
	ASSERT_LE(READ_BYTES / PAGE / 32, self->a.nr);
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

/* pages on the lists of a removed cgroup; ~0: it does not count as removed */
static uint64_t dying_pages(const struct answer *a, uint64_t memcg)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct mmscope_lru *l = list_at(a, i);

		if (l->memcg != memcg)
			continue;
		if (!(l->flags & MMSCOPE_LRU_DYING))
			return ~0ULL;
		pages += l->pages;
	}
	return pages;
}

/* a cgroup is removed, its page cache stays behind */
TEST_F_TIMEOUT(lru, a_removed_cgroup_that_has_pages_is_dying, 120)
{
	int keep, try, removed = -1;
	uint64_t pages = ~0ULL;
	struct stat st;

	if (!have_disk())
		SKIP(return, "no disk");
	write_file("/proc/sys/vm/drop_caches", "1");
	ASSERT_EQ(0, stat(CHILD, &st));
	keep = open(DISK, O_RDONLY | O_CLOEXEC);
	self->pid = stopped_child(join_and_read, CHILD "/cgroup.procs");
	ASSERT_LT(0, self->pid);
	kill_child(self->pid);
	self->pid = 0;
	settle();
	/* it becomes empty, and goes offline, a moment later */
	for (try = 0; try < 2 * TRIES && pages == ~0ULL; try++) {
		if (removed)
			removed = rmdir(CHILD);
		answer_free(&self->a);
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_LRU), &self->a));
		pages = dying_pages(&self->a, st.st_ino);
		rest();
	}
	EXPECT_EQ(0, removed);
	EXPECT_LE(READ_BYTES / PAGE, pages);
	EXPECT_NE(~0ULL, pages);
	close(keep);
}

TEST_HARNESS_MAIN

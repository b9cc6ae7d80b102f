// SPDX-License-Identifier: GPL-2.0
/*
 * numa against /proc/PID/numa_maps, every line: of a stopped child that has memory of
 * each policy and one of each kind of page, of one without a policy, of PID 1. Runs in
 * a guest with two nodes (scripts/suite) or more.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <sys/syscall.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"

#define PAGES		16
#define BYTES		(PAGES * PAGE)
#define NR_HUGE		(HUGE_2M / PAGE)
#define NODES		2	/* that policies name */
#define BOTH		3UL
#define KPF_RESERVED	32

#define WEIGHTED	"/sys/kernel/mm/mempolicy/weighted_interleave"

/* policies of a VMA, and where its pages then are, if that can be said */
static const struct {
	uint32_t mode, flags;
	unsigned long nodes;
	unsigned int pages[NODES];
} plans[] = {
	{ MMSCOPE_POLICY_BIND, 0, 1, { PAGES, 0 } },
	{ MMSCOPE_POLICY_BIND, 0, 2, { 0, PAGES } },
	{ MMSCOPE_POLICY_BIND, MMSCOPE_POLICY_STATIC, 2, { 0, PAGES } },
	{ MMSCOPE_POLICY_BIND, MMSCOPE_POLICY_STATIC | MMSCOPE_POLICY_BALANCING, 2, { 0, PAGES } },
	{ MMSCOPE_POLICY_INTERLEAVE, 0, BOTH, { PAGES / 2, PAGES / 2 } },
	{ MMSCOPE_POLICY_INTERLEAVE, MMSCOPE_POLICY_RELATIVE, BOTH, { PAGES / 2, PAGES / 2 } },
	{ MMSCOPE_POLICY_PREFER, 0, 1, { PAGES, 0 } },
	{ MMSCOPE_POLICY_PREFER_MANY, 0, BOTH, { 0, 0 } },
	{ MMSCOPE_POLICY_LOCAL, 0, 0, { 0, 0 } },
	{ MMSCOPE_POLICY_WEIGHTED, 0, BOTH, { PAGES / 2, PAGES / 2 } },
};

/* where things of the child are; shared with it */
struct herd {
	struct zoo zoo;
	char *plan[ARRAY_LEN(plans)];
	char *moved;		/* bound to node 0, then every second page moved to 1 */
	char *thp;		/* 2M, bound to node 1 */
	char *hugetlb;		/* 2M, bound to node 1 */
	char *object[2];	/* halves of an object; the second bound to node 1 */
	char *again;		/* the second half once more, another VMA */
	char *sysv;		/* System V, bound to node 0 */
};

static int bind(char *p, size_t bytes, int mode, unsigned long nodes)
{
	return syscall(SYS_mbind, p, bytes, mode, &nodes, 8 * sizeof(nodes), 0);
}

static int set_policy(int mode, unsigned long nodes)
{
	return syscall(SYS_set_mempolicy, mode, &nodes, 8 * sizeof(nodes));
}

static int make_plans(struct herd *h)
{
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		if (plans[i].mode == MMSCOPE_POLICY_WEIGHTED && access(WEIGHTED, F_OK))
			continue;
		h->plan[i] = alone_anon(BYTES);
		if (bind(h->plan[i], BYTES, plans[i].mode | plans[i].flags, plans[i].nodes))
			return 10 + i;
		touch(h->plan[i], BYTES, PAGE);
	}
	return 0;
}

static int make_moved(struct herd *h)
{
	void *pages[PAGES / 2];
	int nodes[PAGES / 2], status[PAGES / 2];

	h->moved = alone_anon(BYTES);
	if (bind(h->moved, BYTES, MPOL_BIND, 1))
		return 30;
	touch(h->moved, BYTES, PAGE);
	for (size_t i = 0; i < PAGES / 2; i++) {
		pages[i] = h->moved + 2 * i * PAGE;
		nodes[i] = 1;
	}
	if (syscall(SYS_move_pages, 0, PAGES / 2, pages, nodes, status, MPOL_MF_MOVE))
		return 31;
	for (size_t i = 0; i < PAGES / 2; i++)
		if (status[i] != 1)
			return 32;
	return 0;
}

static int make_huge(struct herd *h)
{
	h->thp = alone_huge(HUGE_2M);
	h->hugetlb = alone(HUGE_2M, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	if (bind(h->thp, HUGE_2M, MPOL_BIND, 2) || bind(h->hugetlb, HUGE_2M, MPOL_BIND, 2))
		return 40;
	touch(h->thp, HUGE_2M, has_thp() ? HUGE_2M : PAGE);
	h->hugetlb[0] = 1;
	return 0;
}

static int make_objects(struct herd *h)
{
	int fd = memfd_create("numa", MFD_CLOEXEC), id = shmget(IPC_PRIVATE, BYTES, 0600);
	char *p;

	if (fd < 0 || ftruncate(fd, 2 * BYTES))
		return 50;
	p = alone(2 * BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	h->object[0] = p;
	h->object[1] = p + BYTES;
	h->again = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, BYTES);
	h->sysv = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (bind(h->object[1], BYTES, MPOL_BIND, 2) || bind(h->sysv, BYTES, MPOL_BIND, 1))
		return 51;
	touch(p, 2 * BYTES, PAGE);
	zoo_read(h->again, BYTES);
	touch(h->sysv, BYTES, PAGE);
	return 0;
}

static int herd_prepare(void *arg)
{
	struct herd *h = arg;

	return set_policy(MPOL_PREFERRED, 2) ? 9 :
	       make_plans(h) ?: make_moved(h) ?: make_huge(h) ?: make_objects(h) ?:
	       zoo_prepare(&h->zoo);
}

static int local_prepare(void *nodes)
{
	return set_policy(MPOL_LOCAL, (uintptr_t)nodes);
}

/* ---------------------------------------------------------------- comparison */

/* the policy as numa_maps writes it */
static void policy_text(const struct mmscope_numa *n, char *buf, size_t size)
{
	static const char *const modes[] = { "default", "prefer", "bind", "interleave", "local",
					     "prefer (many)", "weighted interleave" };
	static const char *const nodes[] = { "", ":0", ":1", ":0-1" };
	const char *how = n->policy_flags & MMSCOPE_POLICY_STATIC ? "static" :
			  n->policy_flags & MMSCOPE_POLICY_RELATIVE ? "relative" : "";
	bool balancing = n->policy_flags & MMSCOPE_POLICY_BALANCING;

	snprintf(buf, size, " %s%s%s%s%s%s ",
		 n->policy < ARRAY_LEN(modes) ? modes[n->policy] : "?",
		 n->policy_flags ? "=" : "", how, *how && balancing ? "|" : "",
		 balancing ? "balancing" : "", nodes[n->policy_nodes & BOTH]);
}

static uint64_t number_after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

/* pages of a VMA that numa_maps leaves out */
static uint64_t count_reserved(pid_t pid, const struct mmscope_numa *n)
{
	uint64_t *entries = read_pagemap(pid, n->start, n->end), count = 0;

	for (size_t i = 0; entries && i < (n->end - n->start) / PAGE; i++)
		if (entries[i] & PM_PRESENT)
			count += frame_flags(entries[i] & PM_FRAME) >> KPF_RESERVED & 1;
	free(entries);
	return count;
}

/* a line, with a space at its end, of which a record tells the same */
static bool compare_line(pid_t pid, const char *line, const struct mmscope_numa *n)
{
	uint64_t kb = number_after(line, " kernelpagesize_kB=");
	bool huge = strstr(line, " huge "), hugetlb = n->kind == MMSCOPE_VMA_HUGETLB;
	uint64_t unit = huge ? n->page_size_bytes / PAGE : 1;
	uint64_t pages = 0, remote = 0, other = 0, sum = 0;
	char policy[64], key[16], *words;

	policy_text(n, policy, sizeof(policy));
	if (strtoul(line, &words, 16) != n->start || strncmp(words, policy, strlen(policy)))
		return false;
	if (huge != hugetlb || (kb && kb << 10 != n->page_size_bytes))
		return false;
	for (int node = 0; node < MMSCOPE_NR_NODES; node++) {
		uint64_t here;

		snprintf(key, sizeof(key), " N%d=", node);
		here = number_after(line, key) * unit;
		pages += here;
		sum += n->node_pages[node];
		if (n->policy_nodes && !(n->policy_nodes >> node & 1))
			remote += here;
		other += here != n->node_pages[node];
	}
	if (sum != n->pages || n->policy_pages[n->policy] != n->pages)
		return false;
	if (pages != n->pages)
		return pages + count_reserved(pid, n) == n->pages;
	return !other && remote == n->remote_pages;
}

static bool is_vma_record(const struct mmscope_numa *n)
{
	return n->scope == MMSCOPE_SCOPE_VMA && n->vmas == 1;
}

/* lines of numa_maps, but of the gate, that differ from the record of their VMA */
static int compare_lines(pid_t pid, const char *text, const struct answer *a)
{
	const struct mmscope_numa *n = a->records;
	char *copy = strdup(text), *save = NULL, *line;
	size_t nr = 0;
	int bad = 0;

	for (line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char spaced[5000];

		if (!strncmp(line, "ffffffff", 8))
			continue;
		snprintf(spaced, sizeof(spaced), "%s ", line);
		if (nr + 1 < a->nr && is_vma_record(n + nr) && compare_line(pid, spaced, n + nr)) {
			nr++;
			continue;
		}
		fprintf(stderr, "# numa_maps: %s\n", line);
		if (nr + 1 < a->nr)
			fprintf(stderr, "# numa: %lx policy %u nodes %lx, %lu %lu, remote %lu\n",
				(long)n[nr].start, n[nr].policy, (long)n[nr].policy_nodes,
				(long)n[nr].node_pages[0], (long)n[nr].node_pages[1],
				(long)n[nr].remote_pages);
		nr++;
		bad++;
	}
	free(copy);
	return bad + (nr + 1 != a->nr);
}

static const struct mmscope_numa *total_of(const struct answer *a)
{
	return (const struct mmscope_numa *)a->records + a->nr - 1;
}

/* lines that differ, ours between two equal readings; -1: it never held still */
static int compare_process(int fd, pid_t pid, struct answer *a)
{
	char path[64], *before, *after;
	int bad = -1;

	snprintf(path, sizeof(path), "/proc/%d/numa_maps", pid);
	for (int try = 0; try < 20 && bad < 0; try++) {
		answer_free(a);
		before = read_file(path);
		if (!before || walk_pid(fd, MMSCOPE_DS_NUMA, pid, a))
			return -2;
		after = read_file(path);
		if (after && !strcmp(before, after))
			bad = compare_lines(pid, before, a);
		free(before);
		free(after);
	}
	return bad;
}

/* members of the total that are not the sums of the other records' */
static int compare_total(const struct answer *a)
{
	const struct mmscope_numa *n = a->records, *total = total_of(a);
	struct mmscope_numa sum = { 0 };
	int bad = 0;

	for (; n < total; n++) {
		sum.vmas += n->vmas;
		sum.pages += n->pages;
		sum.remote_pages += n->remote_pages;
		sum.nodeless_pages += n->nodeless_pages;
		for (int i = 0; i < MMSCOPE_NR_NODES; i++)
			sum.node_pages[i] += n->node_pages[i];
		for (int i = 0; i < MMSCOPE_NR_POLICIES; i++)
			sum.policy_pages[i] += n->policy_pages[i];
	}
	bad += total->scope != MMSCOPE_SCOPE_TOTAL || total->vmas != sum.vmas;
	bad += total->pages != sum.pages || total->remote_pages != sum.remote_pages;
	bad += total->nodeless_pages != sum.nodeless_pages;
	bad += !!memcmp(total->node_pages, sum.node_pages, sizeof(sum.node_pages));
	bad += !!memcmp(total->policy_pages, sum.policy_pages, sizeof(sum.policy_pages));
	return bad;
}

static const struct mmscope_numa *numa_at(const struct answer *a, const void *addr)
{
	static const struct mmscope_numa none = { .policy = ~0U };
	const struct mmscope_numa *n = a->records;

	for (size_t i = 0; i + 1 < a->nr; i++, n++)
		if (n->start <= (uintptr_t)addr && (uintptr_t)addr < n->end)
			return n;
	return &none;
}

/* --------------------------------------------------------------------- tests */

FIXTURE(numa_dataset)
{
	int fd;
	pid_t pid;
	struct herd *herd;
	struct answer a;
};

FIXTURE_SETUP(numa_dataset)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->herd = (void *)zoo_map(sizeof(*self->herd), MAP_SHARED | MAP_ANONYMOUS);
	ASSERT_NE(NULL, self->herd);
	self->herd->zoo.cow = zoo_anon(ZOO_PAGES * PAGE);
	touch(self->herd->zoo.cow, ZOO_PAGES * PAGE, PAGE);
	self->pid = stopped_child(herd_prepare, self->herd);
	ASSERT_LT(0, self->pid);
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_NUMA, self->pid, &self->a));
}

FIXTURE_TEARDOWN(numa_dataset)
{
	kill_child(self->pid);
	answer_free(&self->a);
	zoo_teardown();
	close(self->fd);
}

#define EXPECT_POLICY(_n, _mode, _flags, _nodes, _source) do {			\
	const struct mmscope_numa *__n = (_n);					\
	EXPECT_EQ((uint32_t)(_mode), __n->policy);				\
	EXPECT_EQ((uint32_t)(_flags), __n->policy_flags);			\
	EXPECT_EQ((_nodes), __n->policy_nodes);					\
	EXPECT_EQ((uint32_t)(_source), __n->policy_source);			\
} while (0)

TEST_F(numa_dataset, every_line_is_as_in_numa_maps)
{
	const struct mmscope_numa *total;

	EXPECT_EQ(0, compare_process(self->fd, self->pid, &self->a));
	EXPECT_EQ(0, compare_total(&self->a));
	TH_LOG("%zu VMAs, longest lock hold %lu ns", self->a.nr - 1,
	       (unsigned long)self->a.max_lock_ns);
	total = total_of(&self->a);
	EXPECT_NE(0, total->node_pages[0]);
	EXPECT_NE(0, total->node_pages[1]);
	EXPECT_NE(0, total->nodeless_pages);
	EXPECT_POLICY(total, MMSCOPE_POLICY_PREFER, 0, 2, MMSCOPE_POLICY_OF_TASK);
}

TEST_F(numa_dataset, processes_without_and_with_a_local_policy)
{
	pid_t child = stopped_child(local_prepare, NULL);

	EXPECT_EQ(0, compare_process(self->fd, 1, &self->a));
	EXPECT_POLICY(total_of(&self->a), MMSCOPE_POLICY_DEFAULT, 0, 0, MMSCOPE_POLICY_OF_NONE);
	EXPECT_EQ(total_of(&self->a)->pages,
		  total_of(&self->a)->policy_pages[MMSCOPE_POLICY_DEFAULT]);
	EXPECT_EQ(0, total_of(&self->a)->remote_pages);
	EXPECT_EQ(0, compare_process(self->fd, child, &self->a));
	EXPECT_POLICY(total_of(&self->a), MMSCOPE_POLICY_LOCAL, 0, 0, MMSCOPE_POLICY_OF_TASK);
	kill_child(child);
}

TEST_F(numa_dataset, each_policy_is_told_and_kept)
{
	for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
		const struct mmscope_numa *n = numa_at(&self->a, self->herd->plan[i]);

		if (plans[i].mode == MMSCOPE_POLICY_WEIGHTED && access(WEIGHTED, F_OK))
			continue;
		EXPECT_POLICY(n, plans[i].mode, plans[i].flags, plans[i].nodes,
			      MMSCOPE_POLICY_OF_VMA);
		EXPECT_EQ(PAGES, n->pages);
		EXPECT_EQ(0, n->remote_pages);
		EXPECT_EQ(PAGES, n->policy_pages[plans[i].mode]);
		if (!plans[i].pages[0] && !plans[i].pages[1])
			continue;
		EXPECT_EQ(plans[i].pages[0], n->node_pages[0]);
		EXPECT_EQ(plans[i].pages[1], n->node_pages[1]);
	}
}

TEST_F(numa_dataset, pages_that_were_moved_away_are_remote)
{
	const struct mmscope_numa *n = numa_at(&self->a, self->herd->moved);

	EXPECT_EQ(PAGES / 2, n->remote_pages);
	EXPECT_EQ(PAGES / 2, n->node_pages[0]);
	EXPECT_EQ(PAGES / 2, n->node_pages[1]);
}

TEST_F(numa_dataset, huge_pages_count_by_base_pages)
{
	const struct mmscope_numa *thp = numa_at(&self->a, self->herd->thp);
	const struct mmscope_numa *hugetlb = numa_at(&self->a, self->herd->hugetlb);

	EXPECT_EQ(NR_HUGE, thp->node_pages[1]);
	EXPECT_EQ(NR_HUGE, thp->pages);
	EXPECT_EQ(PAGE, thp->page_size_bytes);
	EXPECT_EQ(NR_HUGE, hugetlb->node_pages[1]);
	EXPECT_EQ(NR_HUGE, hugetlb->pages);
	EXPECT_EQ(HUGE_2M, hugetlb->page_size_bytes);
	EXPECT_POLICY(hugetlb, MMSCOPE_POLICY_BIND, 0, 2, MMSCOPE_POLICY_OF_VMA);
}

TEST_F(numa_dataset, objects_have_policies_by_page)
{
	const struct herd *h = self->herd;

	EXPECT_POLICY(numa_at(&self->a, h->object[0]), MMSCOPE_POLICY_PREFER, 0, 2,
		      MMSCOPE_POLICY_OF_TASK);
	EXPECT_POLICY(numa_at(&self->a, h->object[1]), MMSCOPE_POLICY_BIND, 0, 2,
		      MMSCOPE_POLICY_OF_OBJECT);
	EXPECT_POLICY(numa_at(&self->a, h->again), MMSCOPE_POLICY_BIND, 0, 2,
		      MMSCOPE_POLICY_OF_OBJECT);
	EXPECT_POLICY(numa_at(&self->a, h->sysv), MMSCOPE_POLICY_BIND, 0, 1,
		      MMSCOPE_POLICY_OF_OBJECT);
	EXPECT_EQ(PAGES, numa_at(&self->a, h->sysv)->node_pages[0]);
	EXPECT_EQ(PAGES, numa_at(&self->a, h->again)->node_pages[1]);
}

TEST_F(numa_dataset, a_range_cuts_huge_pages_and_one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_NUMA);
	struct answer b = { 0 };
	const struct mmscope_numa *n;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &b));
	ASSERT_EQ(self->a.nr, b.nr);
	EXPECT_EQ(0, memcmp(self->a.records, b.records, b.nr * b.rec_size));
	answer_free(&b);
	arg.start = (uintptr_t)self->herd->thp + 5 * PAGE;
	arg.end = (uintptr_t)self->herd->thp + 9 * PAGE;
	ASSERT_EQ(0, walk_all(self->fd, arg, &b));
	ASSERT_EQ(2, b.nr);
	n = b.records;
	EXPECT_EQ(arg.start, n->start);
	EXPECT_EQ(arg.end, n->end);
	EXPECT_EQ(4, n->node_pages[1]);
	EXPECT_EQ(4, n[1].pages);
	answer_free(&b);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * pt_placement against VmPTE and smaps on a stopped child that has one of each;
 * the sum over all processes against meminfo; against tables that a child made on
 * purpose, full, sparse, empty, and on nodes that it chose.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <dirent.h>
#include <linux/mempolicy.h>

#include "common.h"
#include "process.h"
#include "smaps.h"
#include "zoo.h"

struct placement {
	struct answer a;
	const struct mmscope_pt_placement *rec;	/* one a level and node */
	size_t nr;
	const struct mmscope_pt_placement *total;
};

/* 0 or -errno; to be freed either way */
static int read_placement(int fd, pid_t pid, struct placement *p)
{
	int err = walk_pid(fd, MMSCOPE_DS_PT_PLACEMENT, pid, &p->a);

	p->rec = p->a.records;
	if (err || !p->a.nr)
		return err ? err : -1;
	p->nr = p->a.nr - 1;
	p->total = p->rec + p->nr;
	return p->total->scope == MMSCOPE_PT_TOTAL ? 0 : -1;
}

static void placement_free(struct placement *p)
{
	answer_free(&p->a);
}

/* sum of a member over nodes (~0U: all) and levels from one on */
static uint64_t sum_at(const struct placement *p, uint32_t from, uint32_t to, uint32_t node,
		       size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->nr; i++)
		if (p->rec[i].level >= from && p->rec[i].level <= to &&
		    (node == ~0U || p->rec[i].node == node))
			sum += *(const uint64_t *)((const char *)&p->rec[i] + offset);
	return sum;
}

#define SUM(_p, _from, _to, _node, _member)					\
	sum_at(_p, MMSCOPE_LEVEL_##_from, MMSCOPE_LEVEL_##_to, _node,		\
	       offsetof(struct mmscope_pt_placement, _member))

FIXTURE(pt)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
	struct placement p;
};

FIXTURE_SETUP(pt)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
	ASSERT_EQ(0, read_placement(self->fd, self->pid, &self->p));
}

FIXTURE_TEARDOWN(pt)
{
	kill_child(self->pid);
	placement_free(&self->p);
	zoo_teardown();
	close(self->fd);
}

TEST_F(pt, tables_and_spare_ones_are_vm_pte)
{
	const uint64_t met = SUM(&self->p, PUD, PTE, ~0U, table_bytes);
	struct smaps s;
	uint64_t huge = 0;

	EXPECT_EQ(read_vm_pte(self->pid), self->p.total->mm_pgtables_bytes);
	EXPECT_EQ(read_vm_pte(self->pid), met + self->p.total->spare_bytes);
	/* a spare table for each anonymous huge page, and for each map of the huge zero page */
	ASSERT_EQ(0, smaps_read(self->pid, &s));
	for (size_t i = 0; i < s.nr; i++)
		huge += s.map[i].value[SMAPS_ANON_HUGE] / HUGE_2M;
	EXPECT_EQ(has_thp(), huge > 0);
	EXPECT_EQ((huge + has_thp()) * PAGE, self->p.total->spare_bytes);
	smaps_free(&s);
	TH_LOG("longest hold of mmap_lock %lu ns", (unsigned long)self->p.a.max_lock_ns);
}

TEST_F(pt, records_add_up)
{
	const struct mmscope_pt_placement *total = self->p.total;
	uint64_t buckets = 0;

	EXPECT_EQ(total->tables, SUM(&self->p, PGD, PTE, ~0U, tables));
	EXPECT_EQ(total->empty_tables, SUM(&self->p, PGD, PTE, ~0U, empty_tables));
	EXPECT_EQ(total->leaf_entries, SUM(&self->p, PGD, PTE, ~0U, leaf_entries));
	EXPECT_EQ(total->leaf_entries,
		  total->leaf_same_node + total->leaf_other_node + total->leaf_no_node);
	for (size_t i = 0; i < MMSCOPE_NR_OCCUPANCIES; i++)
		buckets += total->occupancy[i];
	EXPECT_EQ(total->tables, buckets);
	EXPECT_EQ(1, SUM(&self->p, PGD, PGD, ~0U, tables));
	for (uint32_t node = 0; node < MMSCOPE_NR_NODES; node++)
		EXPECT_EQ(total->leaf_entries - SUM(&self->p, PGD, PTE, node, leaf_entries),
			  total->remote_leaf[node]);
}

#define AT(_member)								\
	sum_at(&self->p, l->level, l->level, ~0U,				\
	       offsetof(struct mmscope_pt_placement, _member))

/* tables are counted where an entry of the level above leads to them */
TEST_F(pt, levels_are_as_in_pagetables)
{
	const struct mmscope_pagetable *l;
	struct answer a;

	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_PAGETABLES, self->pid, &a));
	l = a.records;
	for (size_t i = 0; i < a.nr; i++, l++) {
		EXPECT_EQ(l->tables, AT(tables));
		EXPECT_EQ(l->entries_used, AT(entries_used));
		EXPECT_EQ(l->leaf_present, AT(leaf_entries));
		EXPECT_EQ(l->leaf_bytes, AT(leaf_bytes));
	}
	answer_free(&a);
}

TEST_F(pt, one_record_a_call_gives_the_same)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PT_PLACEMENT);
	struct answer one;

	arg.pid = self->pid;
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 1, &one));
	ASSERT_EQ(self->p.a.nr, one.nr);
	EXPECT_EQ(0, memcmp(self->p.a.records, one.records, one.nr * one.rec_size));
	answer_free(&one);
}

TEST_F(pt, any_cursor_is_harmless)
{
	static const uint64_t cursors[] = { 1, 63, 319, 320, 321, 1ULL << 47, ~0ULL };
	char buf[64 * sizeof(struct mmscope_pt_placement)];

	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PT_PLACEMENT);

		arg.pid = self->pid;
		arg.buf = (uintptr_t)buf;
		arg.buf_bytes = sizeof(buf);
		arg.cursor.pos = cursors[i];
		EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
		EXPECT_NE(0, arg.status & MMSCOPE_WALK_DONE);
		if (cursors[i] > 320)
			EXPECT_EQ(0, arg.nr);
	}
}

/* ------------------------------------------------------------- made on purpose */

/* steps of 2M: the first 100 with one page, then 10 full, 20 emptied, 1 of 300 pages */
static int prepare_tables(void *arg)
{
	const size_t nr = 131;
	char *p = zoo_map((nr + 2) * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);

	(void)arg;
	if (!p)
		return 1;
	madvise(p, (nr + 2) * HUGE_2M, MADV_NOHUGEPAGE);
	p = (char *)(((uintptr_t)p + HUGE_2M - 1) & ~(HUGE_2M - 1));
	raise(SIGSTOP);
	for (size_t i = 0; i < 100; i++)
		p[i * HUGE_2M + i * PAGE] = 1;
	touch(p + 100 * HUGE_2M, 10 * HUGE_2M, PAGE);
	for (size_t i = 110; i < 130; i++)
		p[i * HUGE_2M] = 1;
	madvise(p + 110 * HUGE_2M, 20 * HUGE_2M, MADV_DONTNEED);
	touch(p + 130 * HUGE_2M, 300 * PAGE, PAGE);
	return 0;
}

TEST(tables_are_as_full_as_they_were_made)
{
	struct placement before = { 0 }, after = { 0 };
	int fd = open_device();
	pid_t pid = stopped_child(prepare_tables, NULL);
	const struct mmscope_pt_placement *b, *a;
	uint64_t vm_pte, tables;

	ASSERT_LT(0, pid);
	vm_pte = read_vm_pte(pid);
	ASSERT_EQ(0, read_placement(fd, pid, &before));
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	ASSERT_EQ(0, read_placement(fd, pid, &after));
	b = before.total;
	a = after.total;
	tables = SUM(&after, PTE, PTE, ~0U, tables) - SUM(&before, PTE, PTE, ~0U, tables);
	/* by VmPTE: does this kernel give back tables that madvise() has emptied, as Linux 7? */
	EXPECT_EQ((read_vm_pte(pid) - vm_pte) / PAGE >= 131 ? 131 : 111, tables);
	EXPECT_EQ(tables - 111, a->empty_tables - b->empty_tables);
	EXPECT_EQ(tables - 111, a->occupancy[0] - b->occupancy[0]);
	/* one at the end may be of a neighbour too, and pages of the child's own come and go */
	EXPECT_LE(98, a->occupancy[1] - b->occupancy[1]);
	EXPECT_GE(102, a->occupancy[1] - b->occupancy[1]);
	EXPECT_EQ(11, a->occupancy[10] - b->occupancy[10]);
	EXPECT_LE(100 + 10 * PAGES_2M + 300, a->leaf_entries - b->leaf_entries);
	EXPECT_GE(100 + 10 * PAGES_2M + 300 + 16, a->leaf_entries - b->leaf_entries);
	EXPECT_EQ(read_vm_pte(pid), SUM(&after, PUD, PTE, ~0U, table_bytes) + a->spare_bytes);
	kill_child(pid);
	placement_free(&before);
	placement_free(&after);
	close(fd);
}

/* --------------------------------------------------------------------- nodes */

struct split {
	int first, second;	/* nodes; the same if there is one only */
	char *p;
};

static int bind_to(int node)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 64);
}

/* 40 tables on the second node; 100 of the pages of each on it, the others on the first */
static int prepare_split(void *arg)
{
	struct split *s = arg;
	char *p = zoo_map(43 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);

	if (!p)
		return 1;
	madvise(p, 43 * HUGE_2M, MADV_NOHUGEPAGE);
	p = (char *)(((uintptr_t)p + HUGE_2M - 1) & ~(HUGE_2M - 1));
	s->p = p;
	if (bind_to(s->first))
		return 2;
	/* tables above are there already */
	p[41 * HUGE_2M] = 1;
	raise(SIGSTOP);
	if (bind_to(s->second))
		return 3;
	for (size_t i = 0; i < 40; i++)
		touch(p + i * HUGE_2M, 100 * PAGE, PAGE);
	if (bind_to(s->first))
		return 4;
	for (size_t i = 0; i < 40; i++)
		touch(p + i * HUGE_2M + 100 * PAGE, 400 * PAGE, PAGE);
	return 0;
}

/* nodes with memory; at most two */
static int memory_nodes(int *node)
{
	int nr = 0;

	for (int i = 0; i < 64 && nr < 2; i++) {
		char path[64];
		uint64_t kb = 0;

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", i);
		if (access(path, R_OK))
			continue;
		read_number(path, "Node", &kb);
		node[nr++] = i;
	}
	return nr;
}

TEST(tables_lie_where_the_policy_put_them)
{
	struct split *s = (void *)zoo_map(PAGE, MAP_SHARED | MAP_ANONYMOUS);
	struct placement before = { 0 }, after = { 0 };
	int node[2] = { 0 }, nr = memory_nodes(node), fd = open_device();
	uint64_t here, other;
	pid_t pid;

	ASSERT_LT(0, nr);
	*s = (struct split){ .first = node[0], .second = node[nr - 1] };
	pid = stopped_child(prepare_split, s);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, read_placement(fd, pid, &before));
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	ASSERT_EQ(0, read_placement(fd, pid, &after));
	TH_LOG("%d nodes", nr);
	here = SUM(&after, PTE, PTE, s->second, leaf_same_node) -
	       SUM(&before, PTE, PTE, s->second, leaf_same_node);
	other = SUM(&after, PTE, PTE, s->second, leaf_other_node) -
		SUM(&before, PTE, PTE, s->second, leaf_other_node);
	/* the child's stack and data may be touched meanwhile */
	EXPECT_LE(40, SUM(&after, PTE, PTE, s->second, tables) -
		      SUM(&before, PTE, PTE, s->second, tables));
	EXPECT_GE(42, SUM(&after, PTE, PTE, s->second, tables) -
		      SUM(&before, PTE, PTE, s->second, tables));
	if (nr == 2) {
		EXPECT_LE(4000, here);
		EXPECT_GE(4016, here);
		EXPECT_LE(16000, other);
		EXPECT_GE(16016, other);
		EXPECT_LE(20000, after.total->remote_leaf[s->first] -
				 before.total->remote_leaf[s->first]);
		EXPECT_GE(16, after.total->remote_leaf[s->second] -
			      before.total->remote_leaf[s->second]);
	} else {
		EXPECT_LE(20000, here);
		EXPECT_EQ(0, after.total->leaf_other_node);
		EXPECT_EQ(0, after.total->remote_leaf[s->first]);
	}
	kill_child(pid);
	placement_free(&before);
	placement_free(&after);
	close(fd);
}

/* ------------------------------------------------------------- all processes */

/* sums over all that /proc shows; -1 when one of them came or went meanwhile */
static int sum_all(int fd, uint64_t *low, uint64_t *high)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int ret = 0;

	*low = 0;
	*high = 0;
	while (dir && (d = readdir(dir))) {
		struct placement p = { 0 };
		pid_t pid = atoi(d->d_name);

		if (pid <= 0)
			continue;
		/* kernel threads have no memory */
		if (!read_placement(fd, pid, &p)) {
			uint64_t spare = p.total->spare_bytes;

			if (spare == MMSCOPE_UNKNOWN)
				ret = -1;
			*low += SUM(&p, PMD, PTE, ~0U, table_bytes) + spare;
			*high += SUM(&p, P4D, PTE, ~0U, table_bytes) + spare;
		}
		placement_free(&p);
	}
	closedir(dir);
	return ret;
}

static uint64_t page_tables(void)
{
	uint64_t kb = 0;
	char *text = read_file("/proc/sys/vm/stat_refresh");

	free(text);
	read_number("/proc/meminfo", "PageTables", &kb);
	return kb << 10;
}

/* the kernel's own tables are marked in Linux 7, and counted */
static uint64_t marked_kernel_tables(int fd)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	int kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	const struct mmscope_extent *e;
	uint64_t marked = 0, flags;
	struct answer a;

	arg.class_mask = 1ULL << MMSCOPE_CLASS_KERNEL_PAGETABLE;
	if (!walk_all(fd, arg, &a)) {
		e = a.records;
		for (size_t i = 0; i < a.nr; i++)
			for (uint64_t pfn = e[i].pfn; pfn < e[i].pfn + e[i].pages; pfn++)
				if (pread(kpageflags, &flags, 8, pfn * 8) == 8)
					marked += flags >> KPF_PGTABLE & 1;
		answer_free(&a);
	}
	close(kpageflags);
	return marked * PAGE;
}

/*
 * meminfo counts pte and pmd tables, 6.12 pud tables too, none of the levels above;
 * and those of page tables that are no process's (EFI), which is the drift.
 */
TEST(the_sum_over_all_processes_is_what_meminfo_has)
{
	const uint64_t drift = 64 * PAGE;
	uint64_t low, high, now, again, kernel = 0;
	int fd = open_device(), ret = -1;
	pid_t pid = stopped_child(prepare_tables, NULL);

	ASSERT_LT(0, pid);
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, NULL, WUNTRACED));
	for (int try = 0; try < 20 && ret; try++) {
		now = page_tables();
		ret = sum_all(fd, &low, &high);
		kernel = marked_kernel_tables(fd);
		again = page_tables();
		if (now != again)
			ret = -1;
	}
	ASSERT_EQ(0, ret);
	TH_LOG("meminfo %lu KiB, pte and pmd %lu, all but pgd %lu, the kernel's %lu", now >> 10,
	       low >> 10, high >> 10, kernel >> 10);
	EXPECT_LE(low + kernel, now + (kernel ? drift : 0));
	EXPECT_GE(high + kernel + drift, now);
	kill_child(pid);
	close(fd);
}

TEST_HARNESS_MAIN

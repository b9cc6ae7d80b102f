// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `nodes` against /proc/zoneinfo and /sys/devices/system/node.
 */
#include <kselftest_harness.h>

#include <ctype.h>
#include <dirent.h>
#include <sys/mman.h>

#include "common.h"
#include "zoneinfo.h"

#define NODES "/sys/devices/system/node"

/* names that the kernel prints otherwise than its enum has them */
static const struct {
	const char *zoneinfo;
	const char *ours;
	bool in_thp;		/* printed in huge pages, counted in pages */
} renamed[] = {
	{ "nr_slab_reclaimable", "nr_slab_reclaimable_b", false },
	{ "nr_slab_unreclaimable", "nr_slab_unreclaimable_b", false },
	{ "nr_anon_pages", "nr_anon_mapped", false },
	{ "nr_mapped", "nr_file_mapped", false },
	{ "nr_dirty", "nr_file_dirty", false },
	{ "nr_shmem_hugepages", "nr_shmem_thps", true },
	{ "nr_shmem_pmdmapped", "nr_shmem_pmdmapped", true },
	{ "nr_file_hugepages", "nr_file_thps", true },
	{ "nr_file_pmdmapped", "nr_file_pmdmapped", true },
	{ "nr_anon_transparent_hugepages", "nr_anon_thps", true },
	{ "nr_vmscan_immediate_reclaim", "nr_vmscan_immediate", false },
	{ "nr_kernel_stack", "nr_kernel_stack_kb", false },
	{ "nr_shadow_call_stack", "nr_kernel_scs_kb", false },
	{ "nr_page_table_pages", "nr_pagetable", false },
	{ "nr_sec_page_table_pages", "nr_secondary_pagetable", false },
	{ "nr_swapcached", "nr_swapcache", false },
};

/*
 * What a walk has for its records while it reads. Small nodes count so few pages per CPU
 * before all hear of it that this shows: free pages less, a large kmalloc more.
 */
#define WALK_PAGES (64 * 1024 / PAGE)

struct node_names {
	struct value_names stat;
	struct value_names zones;
	unsigned long huge_pages;	/* base pages in a huge page */
};

FIXTURE(nodes) {
	int fd;
	struct node_names names;
	struct answer a;
	const struct mmscope_node *r;
};

FIXTURE_SETUP(nodes)
{
	char *size = read_file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");

	self->names.huge_pages = size ? strtoul(size, NULL, 10) / getpagesize() : 1;
	free(size);
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
	self->names.stat = names_of(self->fd, MMSCOPE_DS_NODES, "stat");
	self->names.zones = names_of(self->fd, MMSCOPE_DS_NODES, "zones");
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_NODES), &self->a));
	self->r = self->a.records;
}

FIXTURE_TEARDOWN(nodes)
{
	answer_free(&self->a);
	free(self->names.stat.values);
	free(self->names.zones.values);
	close(self->fd);
}

static const struct mmscope_node *find_node(const struct answer *a, unsigned int node)
{
	const struct mmscope_node *r = a->records;
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (r[i].node == node)
			return &r[i];
	return NULL;
}

static enum match match_node(void *ctx, const struct answer *a, const struct zoneinfo_entry *e,
			     uint64_t *value)
{
	const struct node_names *names = ctx;
	const struct mmscope_node *r = find_node(a, e->node);
	const char *name = e->key;
	unsigned long unit = 1;
	size_t i;
	int at;

	for (i = 0; i < ARRAY_LEN(renamed); i++) {
		if (strcmp(e->key, renamed[i].zoneinfo))
			continue;
		name = renamed[i].ours;
		if (renamed[i].in_thp)
			unit = names->huge_pages;
	}
	at = name_index(&names->stat, name);
	if (!r || at < 0)
		return MATCH_NONE;
	*value = r->stat[at] / unit;
	if (!strcmp(name, "nr_slab_unreclaimable") && *value == e->value + WALK_PAGES)
		*value = e->value;
	return MATCH_MOVING;
}

TEST_F(nodes, every_node_number_of_zoneinfo_is_the_same)
{
	struct comparison c = {
		.section = ZONEINFO_NODE,
		.dataset = MMSCOPE_DS_NODES,
		.match = match_node,
		.ctx = &self->names,
	};

	ASSERT_EQ(0, compare_zoneinfo(self->fd, &c))
		TH_LOG("%s", c.report);
	/* and the other way round: none of ours is without one there */
	EXPECT_EQ(self->names.stat.nr * self->a.nr, c.checked);
}

TEST_F(nodes, anonymous_memory_of_ours_shows_in_the_counters)
{
	const size_t pages = 8192, size = pages * PAGE;
	int at = name_index(&self->names.stat, "nr_anon_mapped");
	uint64_t before = 0, after = 0;
	struct answer a;
	size_t i;
	char *p;

	ASSERT_GE(at, 0);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_NODES), &a));
	for (i = 0; i < self->a.nr; i++)
		before += self->r[i].stat[at];
	for (i = 0; i < a.nr; i++)
		after += find_node(&a, self->r[i].node)->stat[at];
	/* CPUs keep up to 125 each to themselves */
	EXPECT_GE(after, before + pages - 2048);
	EXPECT_LE(after, before + pages + 2048);
	munmap(p, size);
	answer_free(&a);
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* what zoneinfo says of the zones of a node, added up */
struct node_sum {
	uint64_t start, end, present, managed, free, reserve;
	uint32_t zones;
};

static struct node_sum sum_zones(const struct zoneinfo *z, const struct value_names *zones,
				 unsigned int node)
{
	struct node_sum sum = { .start = ~0ULL };
	size_t i, j;

	for (i = 0; i < z->nr; i++) {
		const struct zoneinfo_entry *e = &z->entries[i];
		uint64_t start, managed, kept = 0;

		if (e->node != node || e->section != ZONEINFO_ZONE ||
		    strcmp(e->key, "present") || !e->value)
			continue;
		start = zoneinfo_get(z, node, e->zone, "start_pfn");
		managed = zoneinfo_get(z, node, e->zone, "managed");
		sum.start = start < sum.start ? start : sum.start;
		sum.end = max_u64(sum.end, start + zoneinfo_get(z, node, e->zone, "spanned"));
		sum.present += e->value;
		sum.managed += managed;
		sum.free += zoneinfo_get(z, node, e->zone, "free");
		sum.zones |= name_index(zones, e->zone);
		/* mm/page_alloc.c: the largest reserve, the high watermark, at most all */
		for (j = 0; j < z->nr; j++)
			if (z->entries[j].node == node &&
			    !strcmp(z->entries[j].zone, e->zone) &&
			    !strcmp(z->entries[j].key, "protection"))
				kept = max_u64(kept, z->entries[j].value);
		kept += zoneinfo_get(z, node, e->zone, "high") -
			zoneinfo_get(z, node, e->zone, "boost");
		sum.reserve += kept < managed ? kept : managed;
	}
	return sum;
}

TEST_F(nodes, sizes_are_the_sums_of_the_zones)
{
	struct zoneinfo z;
	size_t i;

	ASSERT_EQ(0, zoneinfo_read(&z));
	ASSERT_GT(self->a.nr, 0);
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_node *r = &self->r[i];
		struct node_sum sum = sum_zones(&z, &self->names.zones, r->node);

		EXPECT_EQ(sum.zones, r->zones);
		if (!sum.zones)
			continue;
		EXPECT_EQ(sum.start, r->start_pfn);
		EXPECT_EQ(sum.end - sum.start, r->spanned_pages);
		EXPECT_EQ(sum.present, r->present_pages);
		EXPECT_EQ(sum.managed, r->managed_pages);
		EXPECT_EQ(sum.reserve, r->totalreserve_pages);
	}
	zoneinfo_free(&z);
}

TEST_F(nodes, free_pages_are_the_sum_of_the_zones)
{
	bool equal = false;
	int tries;

	for (tries = 0; tries < ZONEINFO_TRIES && !equal; tries++) {
		struct zoneinfo before, after;
		struct answer a;
		size_t i;

		ASSERT_EQ(0, zoneinfo_read(&before));
		ASSERT_EQ(0, walk_all(self->fd, walk_arg(MMSCOPE_DS_NODES), &a));
		ASSERT_EQ(0, zoneinfo_read(&after));
		equal = true;
		for (i = 0; i < a.nr; i++) {
			const struct mmscope_node *r = (struct mmscope_node *)a.records + i;
			uint64_t x = sum_zones(&before, &self->names.zones, r->node).free;
			uint64_t y = sum_zones(&after, &self->names.zones, r->node).free;

			equal &= is_between(r->free_pages, x, y) ||
				 is_between(r->free_pages + WALK_PAGES, x, y);
		}
		answer_free(&a);
		zoneinfo_free(&before);
		zoneinfo_free(&after);
	}
	EXPECT_TRUE(equal);
}

TEST_F(nodes, a_node_is_unreclaimable_after_16_failures_of_kswapd)
{
	struct zoneinfo z;
	size_t i, nr = 0;

	ASSERT_EQ(0, zoneinfo_read(&z));
	for (i = 0; i < z.nr; i++) {
		const struct mmscope_node *r = find_node(&self->a, z.entries[i].node);

		if (strcmp(z.entries[i].key, "node_unreclaimable"))
			continue;
		ASSERT_NE(NULL, r);
		EXPECT_EQ(z.entries[i].value, r->kswapd_failures >= 16);
		nr++;
	}
	EXPECT_GT(nr, 0);
	zoneinfo_free(&z);
}

static char *node_file(unsigned int node, const char *file)
{
	char path[128];
	char *text;

	snprintf(path, sizeof(path), NODES "/node%u/%s", node, file);
	text = read_file(path);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* "0-2,5" */
static unsigned int count_list(const char *list)
{
	unsigned int nr = 0, first, last;
	int used;

	while (sscanf(list, "%u%n", &first, &used) == 1) {
		list += used;
		last = first;
		if (sscanf(list, "-%u%n", &last, &used) == 1)
			list += used;
		nr += last - first + 1;
		list += *list == ',';
	}
	return nr;
}

TEST_F(nodes, cpus_and_distances_are_those_of_sysfs)
{
	size_t i, j, nr;

	if (access(NODES, F_OK))
		SKIP(return, "no NUMA in this kernel");
	for (i = 0; i < self->a.nr; i++) {
		const struct mmscope_node *r = &self->r[i];
		char *cpus = node_file(r->node, "cpulist");
		char *distances = node_file(r->node, "distance"), *p = distances;

		ASSERT_NE(NULL, cpus);
		ASSERT_NE(NULL, distances);
		EXPECT_STREQ(cpus, r->cpus);
		EXPECT_EQ(count_list(cpus), r->nr_cpus);
		/* sysfs lists online nodes only, we have a place for each */
		for (j = 0, nr = 0; j < MMSCOPE_NR_NODES; j++) {
			if (!find_node(&self->a, j)) {
				EXPECT_EQ(MMSCOPE_UNKNOWN, r->distance[j]);
				continue;
			}
			EXPECT_EQ(strtoull(p, &p, 10), r->distance[j]);
			nr++;
		}
		EXPECT_EQ(self->a.nr, nr);
		EXPECT_EQ(strlen(p), strspn(p, " "));
		free(cpus);
		free(distances);
	}
}

TEST_F(nodes, records_are_the_online_nodes)
{
	char *online = read_file(NODES "/online");

	if (!online)
		SKIP(return, "no NUMA in this kernel");
	EXPECT_EQ(count_list(online), self->a.nr);
	free(online);
}

/* pid of a kernel thread by its name */
static unsigned int find_task(const char *name)
{
	struct dirent *d;
	unsigned int pid = 0;
	DIR *proc = opendir("/proc");

	while (proc && !pid && (d = readdir(proc))) {
		char path[300];
		char *comm;

		if (!isdigit(d->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", d->d_name);
		comm = read_file(path);
		if (comm && !strncmp(comm, name, strlen(name)) && comm[strlen(name)] == '\n')
			pid = atoi(d->d_name);
		free(comm);
	}
	if (proc)
		closedir(proc);
	return pid;
}

TEST_F(nodes, kswapd_has_the_pid_that_proc_shows)
{
	char name[32];
	size_t i;

	for (i = 0; i < self->a.nr; i++) {
		snprintf(name, sizeof(name), "kswapd%u", self->r[i].node);
		EXPECT_EQ(find_task(name), self->r[i].kswapd_pid);
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * thp_state and khugepaged against /sys/kernel/mm/transparent_hugepage and
 * /proc/vmstat, hugetlb against /sys/kernel/mm/hugepages, nodes and meminfo, ksm
 * against /sys/kernel/mm/ksm; each while the test changes them.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <stdbool.h>

#include "common.h"
#include "zoneinfo.h"
#include "process.h"
#include "zoo.h"
#include "scene.h"

#define THP	"/sys/kernel/mm/transparent_hugepage/"
#define KSM	"/sys/kernel/mm/ksm/"
#define HUGE	"/sys/kernel/mm/hugepages/"

#define TRIES	30

FIXTURE(huge) {
	int fd;
	struct answer a;
	struct scene *s;
};

FIXTURE_SETUP(huge)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	/* tests of hugetlb and ksm do without */
	if (has_thp())
		SKIP_UNAVAILABLE(self->fd, MMSCOPE_DS_THP_STATE);
}

FIXTURE_TEARDOWN(huge)
{
	scene_end(self->s);
	answer_free(&self->a);
	close(self->fd);
}

static int ask(FIXTURE_DATA(huge) *self, uint32_t dataset)
{
	answer_free(&self->a);
	return walk_all(self->fd, walk_arg(dataset), &self->a);
}

/* a number in a file; false: there is no such file */
static bool number_in(const char *dir, const char *name, uint64_t *value)
{
	char path[192];
	char *text;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	text = read_file(path);
	*value = text ? strtoull(text, NULL, 10) : 0;
	free(text);
	return text;
}

/* the word in brackets of such a file; false: there is no such file */
static bool chosen_in(const char *dir, const char *name, char *word, size_t size)
{
	char path[192], *text, *begin, *end = NULL;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	text = read_file(path);
	begin = text ? strchr(text, '[') : NULL;
	if (begin)
		end = strchr(begin, ']');
	*word = '\0';
	if (end)
		snprintf(word, size, "%.*s", (int)(end - begin - 1), begin + 1);
	free(text);
	return text;
}

static int put(const char *dir, const char *name, const char *value)
{
	char path[192];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return write_file(path, value);
}

static int put_number(const char *dir, const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	return put(dir, name, text);
}

/* the switch of huge pages that an entry of a PMD maps */
static void put_largest(const char *file, const char *value)
{
	char name[64];

	snprintf(name, sizeof(name), "hugepages-%lukB/%s", HUGE_2M >> 10, file);
	put(THP, name, value);
}

/* ------------------------------------------------------------- size by size */

static bool same_policy(const struct value_names *names, uint32_t ours, const char *dir,
			const char *file)
{
	char word[32];
	bool there = chosen_in(dir, file, word, sizeof(word));
	const char *name = index_name(names, ours);

	if (!there)
		return !strcmp(name, "none");
	if (!strcmp(word, "advise"))
		return !strcmp(name, "madvise");
	return !strcmp(name, word);
}

/* counters of one size that are not between those of before and after */
static unsigned int wrong_stats(const struct value_names *names,
				const struct mmscope_thp_state *t, const char *dir,
				unsigned int *checked)
{
	unsigned int wrong = 0;
	char stats[192];

	snprintf(stats, sizeof(stats), "%sstats/", dir);
	for (uint32_t i = 0; i < names->nr; i++) {
		uint64_t value;

		if (!number_in(stats, names->values[i].name, &value))
			continue;
		++*checked;
		if (value != t->stat[names->values[i].value])
			wrong++;
	}
	return wrong;
}

/* one look at all sizes; numbers that differ, how many were compared */
static unsigned int compare_sizes(FIXTURE_DATA(huge) *self, unsigned int *checked)
{
	struct value_names anon = names_of(self->fd, MMSCOPE_DS_THP_STATE, "anon");
	struct value_names stats = names_of(self->fd, MMSCOPE_DS_THP_STATE, "stat");
	const struct mmscope_thp_state *t;
	unsigned int wrong = 0;
	char dir[128];

	*checked = 0;
	if (ask(self, MMSCOPE_DS_THP_STATE))
		wrong = 1000;
	t = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++, t++) {
		snprintf(dir, sizeof(dir), THP "hugepages-%llukB/", t->size_bytes >> 10);
		if (access(dir, F_OK)) {
			/* older kernels have one size, and one switch */
			wrong += self->a.nr != 1 || t->size_bytes != HUGE_2M;
			wrong += !same_policy(&anon, t->anon, THP, "enabled");
			wrong += !same_policy(&anon, t->shmem, THP, "shmem_enabled");
			*checked += 2;
			continue;
		}
		wrong += !same_policy(&anon, t->anon, dir, "enabled");
		wrong += !same_policy(&anon, t->shmem, dir, "shmem_enabled");
		wrong += wrong_stats(&stats, t, dir, checked);
		*checked += 2;
	}
	free(anon.values);
	free(stats.values);
	return wrong;
}

static void check_sizes(struct __test_metadata *_metadata, FIXTURE_DATA(huge) *self)
{
	unsigned int wrong = 1, checked = 0;

	for (int try = 0; try < TRIES && wrong; try++)
		wrong = compare_sizes(self, &checked);
	EXPECT_EQ(0, wrong);
	EXPECT_LE(2, checked);
	TH_LOG("%zu sizes, %u numbers", self->a.nr, checked);
}

TEST_F(huge, sizes_are_as_sysfs_has_them)
{
	const struct mmscope_thp_state *t;
	char *p;

	need_thp();
	ASSERT_EQ(0, put(THP, "enabled", "madvise"));
	check_sizes(_metadata, self);
	t = self->a.records;
	EXPECT_EQ(MMSCOPE_THP_MADVISE, t[self->a.nr - 1].anon_effective);
	p = alone_huge(4 * HUGE_2M);
	touch(p, 4 * HUGE_2M, PAGE);
	put(THP, "hugepages-64kB/enabled", "always");
	put(THP, "hugepages-128kB/enabled", "madvise");
	put(THP, "hugepages-64kB/shmem_enabled", "within_size");
	put_largest("shmem_enabled", "advise");
	ASSERT_EQ(0, put(THP, "shmem_enabled", "advise"));
	check_sizes(_metadata, self);
	ASSERT_EQ(0, put(THP, "enabled", "never"));
	check_sizes(_metadata, self);
	t = self->a.records;
	EXPECT_EQ(MMSCOPE_THP_NEVER, t[self->a.nr - 1].anon_effective);
	munmap(p, 4 * HUGE_2M);
	put(THP, "hugepages-64kB/enabled", "never");
	put(THP, "hugepages-128kB/enabled", "never");
	put(THP, "hugepages-64kB/shmem_enabled", "never");
	put_largest("shmem_enabled", "inherit");
	ASSERT_EQ(0, put(THP, "shmem_enabled", "never"));
	ASSERT_EQ(0, put(THP, "enabled", "madvise"));
}

/* -------------------------------------------------------------- khugepaged */

static void check_settings(struct __test_metadata *_metadata, FIXTURE_DATA(huge) *self)
{
	static const char *const enums[][2] = {
		{ "enabled", "enabled" }, { "defrag", "defrag" },
		{ "shmem_enabled", "shmem_enabled" },
	};
	const struct mmscope_khugepaged *k;
	uint64_t v;

	ASSERT_EQ(0, ask(self, MMSCOPE_DS_KHUGEPAGED));
	ASSERT_EQ(1, self->a.nr);
	k = self->a.records;
	const uint32_t ours[] = { k->enabled, k->defrag, k->shmem_enabled };
	const struct {
		const char *file;
		uint64_t value;
	} numbers[] = {
		{ "use_zero_page", k->use_zero_page },
		{ "khugepaged/defrag", k->khugepaged_defrag },
		{ "khugepaged/max_ptes_none", k->max_ptes_none },
		{ "khugepaged/max_ptes_swap", k->max_ptes_swap },
		{ "khugepaged/max_ptes_shared", k->max_ptes_shared },
		{ "khugepaged/pages_to_scan", k->pages_to_scan },
		{ "khugepaged/scan_sleep_millisecs", k->scan_sleep_ns / 1000000 },
		{ "khugepaged/alloc_sleep_millisecs", k->alloc_sleep_ns / 1000000 },
		{ "khugepaged/pages_collapsed", k->pages_collapsed },
		{ "khugepaged/full_scans", k->full_scans },
	};

	for (size_t i = 0; i < ARRAY_LEN(enums); i++) {
		struct value_names names = names_of(self->fd, MMSCOPE_DS_KHUGEPAGED, enums[i][1]);

		EXPECT_TRUE(same_policy(&names, ours[i], THP, enums[i][0])) {
			TH_LOG("%s is %u", enums[i][0], ours[i]);
		}
		free(names.values);
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		ASSERT_TRUE(number_in(THP, numbers[i].file, &v));
		EXPECT_EQ(v, numbers[i].value) {
			TH_LOG("%s", numbers[i].file);
		}
	}
}

TEST_F(huge, settings_are_as_sysfs_has_them)
{
	static const char *const enabled[] = { "always", "never", "madvise" };
	static const char *const defrag[] = {
		"always", "defer", "defer+madvise", "never", "madvise",
	};
	static const char *const shmem[] = {
		"always", "within_size", "advise", "deny", "force", "never",
	};

	need_thp();
	/* it stands still: it is told to sleep for weeks */
	put(THP, "khugepaged/scan_sleep_millisecs", "4000000000");
	for (size_t i = 0; i < ARRAY_LEN(enabled); i++) {
		ASSERT_EQ(0, put(THP, "enabled", enabled[i]));
		check_settings(_metadata, self);
	}
	for (size_t i = 0; i < ARRAY_LEN(defrag); i++) {
		ASSERT_EQ(0, put(THP, "defrag", defrag[i]));
		check_settings(_metadata, self);
	}
	for (size_t i = 0; i < ARRAY_LEN(shmem); i++) {
		ASSERT_EQ(0, put(THP, "shmem_enabled", shmem[i]));
		check_settings(_metadata, self);
	}
	put(THP, "use_zero_page", "0");
	put(THP, "khugepaged/defrag", "0");
	put(THP, "khugepaged/max_ptes_none", "77");
	put(THP, "khugepaged/max_ptes_swap", "33");
	put(THP, "khugepaged/max_ptes_shared", "99");
	put(THP, "khugepaged/pages_to_scan", "1234");
	put(THP, "khugepaged/alloc_sleep_millisecs", "777");
	check_settings(_metadata, self);
	put(THP, "use_zero_page", "1");
	put(THP, "khugepaged/defrag", "1");
	put_number(THP, "khugepaged/max_ptes_none", PAGES_2M - 1);
	put_number(THP, "khugepaged/max_ptes_swap", PAGES_2M / 8);
	put_number(THP, "khugepaged/max_ptes_shared", PAGES_2M / 2);
	put(THP, "khugepaged/pages_to_scan", "4096");
	put(THP, "khugepaged/alloc_sleep_millisecs", "60000");
}

TEST_F(huge, events_are_those_of_vmstat)
{
	struct value_names names = names_of(self->fd, MMSCOPE_DS_KHUGEPAGED, "event");
	const struct mmscope_khugepaged *k;
	char *p, *text, *line, *save;
	unsigned int wrong = 1, checked = 0;
	bool alloc = false;

	need_thp();
	ASSERT_EQ(0, put(THP, "enabled", "madvise"));
	p = alone_huge(4 * HUGE_2M);
	touch(p, 4 * HUGE_2M, HUGE_2M);
	for (int try = 0; try < TRIES && wrong; try++) {
		wrong = 0;
		checked = 0;
		ASSERT_EQ(0, ask(self, MMSCOPE_DS_KHUGEPAGED));
		k = self->a.records;
		text = read_file("/proc/vmstat");
		for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			char key[64];
			uint64_t value;
			int at;

			if (sscanf(line, "%63s %lu", key, &value) != 2 || strncmp(key, "thp_", 4))
				continue;
			/* the one that is printed otherwise than its enum has it */
			if (!strcmp(key, "thp_scan_exceed_share_pte"))
				snprintf(key, sizeof(key), "thp_scan_exceed_shared_pte");
			at = name_index(&names, key);
			wrong += at < 0 || k->event[at] != value;
			alloc |= !strcmp(key, "thp_fault_alloc") && value >= 4;
			checked++;
		}
		free(text);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_TRUE(alloc);
	EXPECT_EQ(names.nr, checked);
	TH_LOG("%u events", checked);
	free(names.values);
	munmap(p, 4 * HUGE_2M);
}

static uint64_t splits(FIXTURE_DATA(huge) *self)
{
	if (ask(self, MMSCOPE_DS_KHUGEPAGED) || self->a.nr != 1)
		return ~0ULL;
	return ((struct mmscope_khugepaged *)self->a.records)->deferred_splits;
}

TEST_F(huge, pages_with_unmapped_parts_wait_to_be_split)
{
	const size_t nr = 5;
	uint64_t before, after;
	char *p;

	need_thp();
	ASSERT_EQ(0, put(THP, "enabled", "madvise"));
	/* else those without unmapped parts wait, too */
	put(THP, "shrink_underused", "0");
	p = alone_huge(nr * HUGE_2M);
	touch(p, nr * HUGE_2M, HUGE_2M);
	before = splits(self);
	for (size_t i = 0; i < nr; i++)
		ASSERT_EQ(0, madvise(p + i * HUGE_2M + PAGE, PAGE, MADV_DONTNEED));
	after = splits(self);
	if (after == MMSCOPE_UNKNOWN)
		SKIP(return, "this kernel does not tell");
	EXPECT_EQ(before + nr, after);
	munmap(p, nr * HUGE_2M);
	EXPECT_EQ(before, splits(self));
	if (put(THP, "shrink_underused", "1"))
		return;
	p = alone_huge(nr * HUGE_2M);
	touch(p, nr * HUGE_2M, HUGE_2M);
	EXPECT_EQ(before + nr, splits(self));
	munmap(p, nr * HUGE_2M);
}

/* ------------------------------------------------------------------- hugetlb */

static unsigned int compare_pool(const struct mmscope_hugetlb *h, const char *dir, bool whole)
{
	const struct {
		const char *file;
		uint64_t value;
	} numbers[] = {
		{ "nr_hugepages", h->persistent + h->surplus },
		{ "free_hugepages", h->free },
		{ "surplus_hugepages", h->surplus },
		{ "resv_hugepages", h->reserved },
		{ "nr_overcommit_hugepages", h->overcommit },
	};
	unsigned int wrong = h->used != h->total - h->free || h->total != numbers[0].value;
	uint64_t v;

	for (size_t i = 0; i < (whole ? 5 : 3); i++)
		wrong += !number_in(dir, numbers[i].file, &v) || v != numbers[i].value;
	return wrong;
}

static void check_pools(struct __test_metadata *_metadata, FIXTURE_DATA(huge) *self)
{
	const struct mmscope_hugetlb *h;
	unsigned int nodes = 0, wholes = 0;
	char dir[160];

	ASSERT_EQ(0, ask(self, MMSCOPE_DS_HUGETLB));
	ASSERT_LE(2, self->a.nr);
	h = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++, h++) {
		const bool whole = h->node == MMSCOPE_UNKNOWN32;

		if (whole)
			snprintf(dir, sizeof(dir), HUGE "hugepages-%llukB/",
				 h->page_size_bytes >> 10);
		else
			snprintf(dir, sizeof(dir),
				 "/sys/devices/system/node/node%u/hugepages/hugepages-%llukB/",
				 h->node, h->page_size_bytes >> 10);
		EXPECT_EQ(0, compare_pool(h, dir, whole)) {
			TH_LOG("%s", dir);
		}
		EXPECT_EQ(PAGE << h->order, h->page_size_bytes);
		nodes += !whole;
		wholes += whole;
	}
	EXPECT_LE(wholes, nodes);
}

static const struct mmscope_hugetlb *whole_pool(const struct answer *a, uint64_t bytes)
{
	const struct mmscope_hugetlb *h = a->records;

	for (size_t i = 0; i < a->nr; i++)
		if (h[i].page_size_bytes == bytes && h[i].node == MMSCOPE_UNKNOWN32)
			return &h[i];
	return NULL;
}

TEST_F(huge, pools_are_as_sysfs_and_meminfo_have_them)
{
	const struct mmscope_hugetlb *h;
	uint64_t total, free_pages, reserved, surplus;
	char *p, *q;

	ASSERT_EQ(0, reserve_huge_pages(4));
	ASSERT_EQ(0, write_file("/proc/sys/vm/nr_overcommit_hugepages", "2"));
	check_pools(_metadata, self);
	p = zoo_map(3 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	ASSERT_NE(NULL, p);
	p[0] = 1;
	/* one that is only there while it is used */
	q = zoo_map(2 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	ASSERT_NE(NULL, q);
	q[0] = 1;
	check_pools(_metadata, self);
	h = whole_pool(&self->a, HUGE_2M);
	ASSERT_NE(NULL, h);
	ASSERT_EQ(0, read_number("/proc/meminfo", "HugePages_Total", &total));
	ASSERT_EQ(0, read_number("/proc/meminfo", "HugePages_Free", &free_pages));
	ASSERT_EQ(0, read_number("/proc/meminfo", "HugePages_Rsvd", &reserved));
	ASSERT_EQ(0, read_number("/proc/meminfo", "HugePages_Surp", &surplus));
	EXPECT_EQ(total, h->total);
	EXPECT_EQ(free_pages, h->free);
	EXPECT_EQ(reserved, h->reserved);
	EXPECT_EQ(surplus, h->surplus);
	EXPECT_EQ(2, h->used);
	EXPECT_EQ(3, h->reserved);
	EXPECT_EQ(1, h->surplus);
	EXPECT_EQ(4, h->persistent);
	EXPECT_EQ(2, h->overcommit);
	munmap(p, 3 * HUGE_2M);
	munmap(q, 2 * HUGE_2M);
	write_file("/proc/sys/vm/nr_overcommit_hugepages", "0");
	write_file("/proc/sys/vm/nr_hugepages", "0");
	check_pools(_metadata, self);
}

TEST_F(huge, one_node_of_the_pools)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_HUGETLB);
	const struct mmscope_hugetlb *h;

	arg.node = 0;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_LE(1, self->a.nr);
	h = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++)
		EXPECT_EQ(0, h[i].node);
}

/* ----------------------------------------------------------------------- ksm */

#define MERGED	100

static unsigned int compare_ksm(FIXTURE_DATA(huge) *self, unsigned int *checked)
{
	const struct mmscope_ksm *k;
	unsigned int wrong = 0;
	uint64_t v;

	*checked = 0;
	if (ask(self, MMSCOPE_DS_KSM) || self->a.nr != 1)
		return 1000;
	k = self->a.records;
	const struct {
		const char *file;
		uint64_t value;
	} numbers[] = {
		{ "run", k->run },
		{ "pages_shared", k->shared_pages },
		{ "pages_sharing", k->sharing_pages },
		{ "pages_unshared", k->unshared_pages },
		{ "pages_volatile", k->volatile_pages },
		{ "full_scans", k->full_scans },
		{ "stable_node_chains", k->stable_node_chains },
		{ "stable_node_dups", k->stable_node_dups },
		{ "pages_to_scan", k->pages_to_scan },
		{ "sleep_millisecs", k->sleep_ns / 1000000 },
		{ "max_page_sharing", k->max_page_sharing },
		{ "merge_across_nodes", k->merge_across_nodes },
		{ "use_zero_pages", k->use_zero_pages },
		{ "ksm_zero_pages", k->zero_pages },
		{ "pages_skipped", k->skipped_pages },
		{ "pages_scanned", k->scanned_pages },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		/* older kernels have not all of them */
		if (!number_in(KSM, numbers[i].file, &v)) {
			wrong += numbers[i].value != MMSCOPE_UNKNOWN;
			continue;
		}
		wrong += v != numbers[i].value;
		++*checked;
	}
	return wrong;
}

static void check_ksm(struct __test_metadata *_metadata, FIXTURE_DATA(huge) *self)
{
	unsigned int wrong = 1, checked = 0;

	for (int try = 0; try < TRIES && wrong; try++)
		wrong = compare_ksm(self, &checked);
	EXPECT_EQ(0, wrong);
	EXPECT_LE(13, checked);
}

TEST_F(huge, merged_pages_are_as_sysfs_has_them)
{
	const struct mmscope_ksm *k;
	char *p = alone_anon(MERGED * PAGE);

	check_ksm(_metadata, self);
	memset(p, 0x5a, MERGED * PAGE);
	/* some that are all different, and are found so */
	for (size_t i = 0; i < MERGED / 2; i++)
		memcpy(p + i * PAGE, &i, sizeof(i));
	ASSERT_EQ(0, madvise(p, MERGED * PAGE, MADV_MERGEABLE));
	put(KSM, "pages_to_scan", "5000");
	put(KSM, "sleep_millisecs", "10");
	put(KSM, "use_zero_pages", "1");
	ASSERT_EQ(0, put(KSM, "run", "1"));
	for (int try = 0; try < 500; try++) {
		ASSERT_EQ(0, ask(self, MMSCOPE_DS_KSM));
		k = self->a.records;
		if (k->sharing_pages >= MERGED / 2 - 1 && k->full_scans > 3)
			break;
		usleep(20000);
	}
	EXPECT_EQ(MERGED / 2 - 1, k->sharing_pages);
	EXPECT_EQ(1, k->shared_pages);
	EXPECT_EQ(MMSCOPE_KSM_MERGE, k->run);
	EXPECT_LE(k->sharing_pages * PAGE, k->saved_bytes);
	/* it comes to a stop, and then nothing moves */
	ASSERT_EQ(0, put(KSM, "run", "0"));
	check_ksm(_metadata, self);
	ASSERT_EQ(0, put(KSM, "run", "2"));
	check_ksm(_metadata, self);
	k = self->a.records;
	EXPECT_EQ(0, k->sharing_pages);
	put(KSM, "run", "0");
	put(KSM, "pages_to_scan", "100");
	put(KSM, "sleep_millisecs", "20");
	put(KSM, "use_zero_pages", "0");
	munmap(p, MERGED * PAGE);
}

TEST_HARNESS_MAIN

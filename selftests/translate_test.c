// SPDX-License-Identifier: GPL-2.0
/*
 * MMSCOPE_IOC_TRANSLATE against /proc/PID/pagemap for every page of a child
 * with one of each; the levels of each answer against one another.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "process.h"
#include "entry.h"
#include "zoo.h"

#define UNKNOWN		MMSCOPE_UNKNOWN

static int translate(int fd, pid_t pid, const uint64_t *addrs, uint32_t nr,
		     struct mmscope_translation *out, uint64_t *max_lock_ns)
{
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg),
		.pid = pid,
		.nr = nr,
		.addrs = (uintptr_t)addrs,
		.buf = (uintptr_t)out,
	};

	if (ioctl(fd, MMSCOPE_IOC_TRANSLATE, &arg))
		return -errno;
	if (max_lock_ns && *max_lock_ns < arg.max_lock_ns)
		*max_lock_ns = arg.max_lock_ns;
	return arg.nr == nr && arg.rec_size == sizeof(*out) ? 0 : -EPROTO;
}

static struct mmscope_translation translate_one(int fd, pid_t pid, const void *addr)
{
	struct mmscope_translation t = { .result = ~0U };
	uint64_t in = (uintptr_t)addr;

	translate(fd, pid, &in, 1, &t, NULL);
	return t;
}

/* what pagemap would say */
static uint64_t as_pagemap(const struct mmscope_translation *t)
{
	switch (t->result) {
	case MMSCOPE_TRANSLATED:
		return PM_PRESENT | t->pfn;
	case MMSCOPE_IN_SWAP:
		return PM_SWAP | t->swap_type | t->swap_offset << 5;
	case MMSCOPE_OTHER_ENTRY:
		return PM_SWAP;
	default:
		return 0;
	}
}

/* is the record sound in itself? */
static bool sound(const struct mmscope_translation *t, uint64_t addr)
{
	int above = -1;

	if (t->addr != addr || t->levels < 3 || t->levels > 5)
		return false;
	for (int i = 0; i < MMSCOPE_NR_LEVELS; i++) {
		if (is_folded(i, t->levels) || i > (int)t->level) {
			if (t->index[i] != UNKNOWN || t->entry[i] != UNKNOWN ||
			    t->table_pfn[i] != UNKNOWN)
				return false;
			continue;
		}
		if (t->index[i] != (addr >> shift_of(i, t->levels)) % ENTRIES)
			return false;
		if (above >= 0 && raw_frame(t->entry[above], false) / PAGE != t->table_pfn[i])
			return false;
		above = i;
	}
	if (t->result != MMSCOPE_TRANSLATED)
		return t->pfn == UNKNOWN && t->phys == UNKNOWN;
	return t->phys == t->pfn * PAGE + addr % PAGE;
}

/* the frame in the raw entry */
static uint64_t entry_pfn(const struct mmscope_translation *t)
{
	uint64_t entry = t->entry[t->level];
	uint64_t frame = raw_frame(entry, t->flags & MMSCOPE_ENTRY_PROTNONE);

	return ((frame & ~(t->page_size_bytes - 1)) |
		(t->addr & (t->page_size_bytes - 1))) / PAGE;
}

static size_t compare_map(int fd, pid_t pid, const struct map *m, uint64_t *max_lock_ns)
{
	const size_t nr = (m->end - m->start) / PAGE;
	uint64_t *pagemap = read_pagemap(pid, m->start, m->end);
	struct mmscope_translation *out = calloc(nr, sizeof(*out));
	uint64_t *addrs = calloc(nr, sizeof(*addrs));
	size_t bad = 0;

	for (size_t i = 0; i < nr; i++)
		addrs[i] = m->start + i * PAGE + i % PAGE;
	for (size_t i = 0; i < nr; i += MMSCOPE_TRANSLATE_MAX)
		if (translate(fd, pid, addrs + i, nr - i < MMSCOPE_TRANSLATE_MAX ?
			      nr - i : MMSCOPE_TRANSLATE_MAX, out + i, max_lock_ns))
			bad++;
	for (size_t i = 0; i < nr; i++) {
		const struct mmscope_translation *t = &out[i];
		uint64_t ours = as_pagemap(t), theirs = pagemap[i];

		theirs &= PM_PRESENT | PM_SWAP | (t->result == MMSCOPE_OTHER_ENTRY ? 0 : PM_FRAME);
		if (map_has(m, "pf"))
			ours = 0;	/* pagemap does not look into these */
		if (ours == theirs && sound(t, addrs[i]) &&
		    t->vma_start == m->start && t->vma_end == m->end &&
		    (t->result != MMSCOPE_TRANSLATED || entry_pfn(t) == t->pfn))
			continue;
		if (!bad++)
			fprintf(stderr,
				"# %s %#lx: pagemap %#lx, ours %#lx, result %u, level %u, entry %#lx\n",
				m->path, addrs[i], theirs, ours, t->result, t->level,
				(unsigned long)t->entry[t->level]);
	}
	free(pagemap);
	free(out);
	free(addrs);
	return bad;
}

FIXTURE(translate)
{
	int fd;
	pid_t pid;
	struct zoo *zoo;
};

FIXTURE_SETUP(translate)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->pid = zoo_child(&self->zoo);
	ASSERT_LT(0, self->pid);
}

FIXTURE_TEARDOWN(translate)
{
	kill_child(self->pid);
	zoo_teardown();
	close(self->fd);
}

TEST_F(translate, every_page_of_every_vma_is_as_in_pagemap)
{
	uint64_t max_lock_ns = 0;
	struct maps maps;
	size_t bad = 0;

	ASSERT_EQ(0, read_maps(self->pid, &maps));
	for (size_t i = 0; i < maps.nr; i++)
		bad += compare_map(self->fd, self->pid, &maps.map[i], &max_lock_ns);
	EXPECT_EQ(0, bad);
	TH_LOG("longest hold of mmap_lock %lu ns", max_lock_ns);
	maps_free(&maps);
}

#define expect_result(_addr, _result, _level, _size) do {				\
	struct mmscope_translation _t = translate_one(self->fd, self->pid, _addr);	\
	EXPECT_EQ((_result), _t.result);						\
	EXPECT_EQ((_level), _t.level);							\
	EXPECT_EQ((_size), _t.page_size_bytes);						\
} while (0)

TEST_F(translate, each_result_tells_why)
{
	const struct zoo *z = self->zoo;
	const char *far = mmap(NULL, HUGE_1G * 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint32_t huge = has_thp() ? MMSCOPE_LEVEL_PMD : MMSCOPE_LEVEL_PTE;
	const uint64_t huge_bytes = has_thp() ? HUGE_2M : PAGE;

	expect_result(z->anon + PAGE, MMSCOPE_TRANSLATED, MMSCOPE_LEVEL_PTE, PAGE);
	expect_result(z->anon, MMSCOPE_NOT_PRESENT, MMSCOPE_LEVEL_PTE, 0);
	expect_result(z->thp + 12345, MMSCOPE_TRANSLATED, huge, huge_bytes);
	expect_result(z->huge_zero + 12345, MMSCOPE_TRANSLATED, huge, huge_bytes);
	expect_result(z->zero, MMSCOPE_TRANSLATED, MMSCOPE_LEVEL_PTE, PAGE);
	expect_result(z->prot_none, MMSCOPE_TRANSLATED, MMSCOPE_LEVEL_PTE, PAGE);
	expect_result(z->swapped, MMSCOPE_IN_SWAP, MMSCOPE_LEVEL_PTE, PAGE);
	if (z->marked)
		expect_result(z->marked + (ZOO_PAGES - 1) * PAGE, MMSCOPE_OTHER_ENTRY,
			      MMSCOPE_LEVEL_PTE, PAGE);
	expect_result(z->hugetlb + 54321, MMSCOPE_TRANSLATED, MMSCOPE_LEVEL_PMD, HUGE_2M);
	expect_result(z->hugetlb + HUGE_2M, MMSCOPE_NOT_PRESENT, MMSCOPE_LEVEL_PMD, 0);
	if (z->gigantic)
		expect_result(z->gigantic + 54321, MMSCOPE_TRANSLATED, LEVEL_1G, LEAF_1G);
	if (z->devmem) {
		struct mmscope_translation t = translate_one(self->fd, self->pid, z->devmem + 17);

		EXPECT_EQ(ZOO_DEVMEM + 17, t.phys);
		EXPECT_EQ(MMSCOPE_PERM_READ | MMSCOPE_PERM_SHARED, t.vma_perms);
	}
	expect_result((void *)0, MMSCOPE_NOT_MAPPED, 0, 0);
	expect_result((void *)(1UL << 46), MMSCOPE_NOT_MAPPED, 0, 0);
	expect_result((void *)0xffff888000000000UL, MMSCOPE_NOT_USER, 0, 0);
	expect_result((void *)0xffffffffff600000UL, MMSCOPE_NOT_USER, 0, 0);
	expect_result((void *)~0UL, MMSCOPE_NOT_USER, 0, 0);

	/* of this process: a range never touched, far enough to have no table */
	EXPECT_EQ(MMSCOPE_NO_TABLE, translate_one(self->fd, 0, far + HUGE_1G).result);
	EXPECT_EQ((uint32_t)getpid(), translate_one(self->fd, 0, far).pid);
}

TEST_F(translate, many_addresses_at_a_time_and_no_more)
{
	const uint32_t max = MMSCOPE_TRANSLATE_MAX;
	struct mmscope_translation *out = calloc(max + 1, sizeof(*out));
	uint64_t *addrs = calloc(max + 1, sizeof(*addrs));

	for (uint32_t i = 0; i <= max; i++)
		addrs[i] = (uintptr_t)self->zoo->thp + 64 * i;
	EXPECT_EQ(0, translate(self->fd, self->pid, addrs, 0, out, NULL));
	EXPECT_EQ(-E2BIG, translate(self->fd, self->pid, addrs, max + 1, out, NULL));
	ASSERT_EQ(0, translate(self->fd, self->pid, addrs, max, out, NULL));
	for (uint32_t i = 0; i < max; i++) {
		ASSERT_EQ(MMSCOPE_TRANSLATED, out[i].result);
		ASSERT_TRUE(sound(&out[i], addrs[i]));
	}
	free(out);
	free(addrs);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of /dev/mmscope, the same for every dataset: struct sizes, unknown
 * flags, bad pointers, buffers of any size, cursors of any value.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

#define expect_errno(_errno, _call) do {		\
	errno = 0;					\
	EXPECT_EQ(-1, (_call));				\
	EXPECT_EQ((_errno), errno);			\
} while (0)

FIXTURE(device)
{
	int fd;
	long page;
};

FIXTURE_SETUP(device)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

TEST_F(device, info_tells_versions_and_sizes)
{
	struct mmscope_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, &info));
	EXPECT_EQ(MMSCOPE_ABI_VERSION, info.abi_version);
	EXPECT_EQ((uint32_t)self->page, info.page_size);
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN), info.nr_cpus);
	EXPECT_LT(MMSCOPE_DS_TRANSLATIONS, info.nr_datasets);
	EXPECT_NE(0, info.release[0]);
}

TEST_F(device, unknown_ioctls_are_not_ttys)
{
	struct mmscope_info info = { .size = sizeof(info) };

	expect_errno(ENOTTY, ioctl(self->fd, _IO(MMSCOPE_IOC_TYPE, 200), &info));
	expect_errno(ENOTTY, ioctl(self->fd, _IO(MMSCOPE_IOC_TYPE, 255), &info));
	expect_errno(ENOTTY, ioctl(self->fd, _IO(MMSCOPE_IOC_TYPE + 1, 0), &info));
}

TEST_F(device, the_size_in_the_number_does_not_matter)
{
	struct mmscope_info info = { .size = sizeof(info) };

	EXPECT_EQ(0, ioctl(self->fd, _IOWR(MMSCOPE_IOC_TYPE, 0, uint32_t), &info));
}

static const struct {
	unsigned long cmd;
	size_t size;
} calls[] = {
	{ MMSCOPE_IOC_INFO, sizeof(struct mmscope_info) },
	{ MMSCOPE_IOC_DESCRIBE, sizeof(struct mmscope_describe) },
	{ MMSCOPE_IOC_WALK, sizeof(struct mmscope_walk_arg) },
	{ MMSCOPE_IOC_TRANSLATE, sizeof(struct mmscope_translate_arg) },
	{ MMSCOPE_IOC_ATTACH, sizeof(struct mmscope_attach_arg) },
	{ MMSCOPE_IOC_DETACH, sizeof(struct mmscope_attach_arg) },
	{ MMSCOPE_IOC_PAGE, sizeof(struct mmscope_page_arg) },
	{ MMSCOPE_IOC_RMAP, sizeof(struct mmscope_rmap_arg) },
	{ MMSCOPE_IOC_ALLOC, sizeof(struct mmscope_alloc_arg) },
	{ MMSCOPE_IOC_WATCH, sizeof(struct mmscope_watch_arg) },
	{ MMSCOPE_IOC_OWNERS, sizeof(struct mmscope_owners_arg) },
	{ MMSCOPE_IOC_OOM, sizeof(struct mmscope_oom_arg) },
};

TEST_F(device, short_and_huge_structs_are_invalid)
{
	uint32_t arg[4096] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const uint32_t bad[] = { 0, 1, 4, calls[i].size - 1, self->page + 1, ~0U };

		for (size_t j = 0; j < ARRAY_LEN(bad); j++) {
			arg[0] = bad[j];
			expect_errno(EINVAL, ioctl(self->fd, calls[i].cmd, arg));
		}
	}
}

TEST_F(device, an_unknown_tail_must_be_zero)
{
	uint32_t arg[1024];

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		memset(arg, 0, sizeof(arg));
		arg[0] = calls[i].size + 8;
		((char *)arg)[calls[i].size + 7] = 1;
		expect_errno(E2BIG, ioctl(self->fd, calls[i].cmd, arg));
	}
	memset(arg, 0, sizeof(arg));
	arg[0] = sizeof(struct mmscope_info) + 8;
	EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, arg));
}

TEST_F(device, bad_argument_pointers_fault)
{
	char *edge = mmap(NULL, 2 * self->page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, mprotect(edge + self->page, self->page, PROT_NONE));
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		uint32_t *half = (uint32_t *)(edge + self->page - 4);

		expect_errno(EFAULT, ioctl(self->fd, calls[i].cmd, NULL));
		expect_errno(EFAULT, ioctl(self->fd, calls[i].cmd, edge + self->page));
		*half = calls[i].size;
		expect_errno(EFAULT, ioctl(self->fd, calls[i].cmd, half));
	}
}

TEST_F(device, unknown_datasets_are_unsupported)
{
	struct mmscope_walk_arg walk = walk_arg(~0U);
	struct mmscope_describe desc = describe_arg(1000);

	expect_errno(EOPNOTSUPP, ioctl(self->fd, MMSCOPE_IOC_WALK, &walk));
	expect_errno(EOPNOTSUPP, ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc));
}

TEST_F(device, points_are_not_walked)
{
	static const uint32_t points[] = { MMSCOPE_DS_TRANSLATIONS, MMSCOPE_DS_RMAPS,
					   MMSCOPE_DS_ALLOC_ZONES, MMSCOPE_DS_FRAMES,
					   MMSCOPE_DS_EVENTS };
	char buf[4096];

	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		struct mmscope_walk_arg walk = walk_arg(points[i]);

		walk.buf = (uintptr_t)buf;
		walk.buf_bytes = sizeof(buf);
		expect_errno(EOPNOTSUPP, ioctl(self->fd, MMSCOPE_IOC_WALK, &walk));
	}
}

TEST_F(device, read_write_and_mmap_are_refused)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, 0));
}

TEST(users_without_the_capability_cannot_open)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		/* even where the node's mode lets them, and they can reach it */
		if (chmod(DEVICE, 0666) || chdir("/dev") || setuid(65534))
			_exit(1);
		_exit(open("mmscope", O_RDONLY) < 0 && errno == EPERM ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, chmod(DEVICE, 0600));
	EXPECT_EQ(0, status);
}

/* ----------------------------------------------- the same for every dataset */

FIXTURE(dataset)
{
	int fd;
	long page;
	struct mmscope_describe desc;
	struct mmscope_field *fields;
	struct mmscope_value *values;
	struct mmscope_walk_arg arg;
	void *buf;
	size_t buf_bytes;
};

FIXTURE_VARIANT(dataset)
{
	uint32_t id;
	uint64_t end;	/* frames, where the whole would be long; 0: the whole */
	bool moves;	/* its number of records changes by itself */
};

#define DATASET(_name, _id, ...) \
	FIXTURE_VARIANT_ADD(dataset, _name) { .id = MMSCOPE_DS_##_id, __VA_ARGS__ }

DATASET(features, FEATURES);
DATASET(nodes, NODES);
DATASET(zones, ZONES);
DATASET(pcp, PCP);
DATASET(buddy, BUDDY);
DATASET(free_blocks, FREE_BLOCKS, .moves = true);
DATASET(pageblocks, PAGEBLOCKS);
DATASET(slab_caches, SLAB_CACHES);
DATASET(pages, PAGES, .end = 3000);
DATASET(extents, EXTENTS, .moves = true);
DATASET(accounting, ACCOUNTING, .moves = true);
DATASET(slabs, SLABS, .moves = true);
DATASET(slab_use, SLAB_USE);
DATASET(census, CENSUS, .moves = true);
DATASET(blockers, BLOCKERS, .moves = true);
DATASET(forecast, FORECAST);
DATASET(processes, PROCESSES);
DATASET(oom_rank, OOM_RANK);
DATASET(oom_last, OOM_LAST);
DATASET(faults, FAULTS, .moves = true);
DATASET(vmas, VMAS, .moves = true);
DATASET(pagetables, PAGETABLES);
DATASET(usage, USAGE);
DATASET(pt_placement, PT_PLACEMENT);
DATASET(thp, THP);
DATASET(numa, NUMA);
DATASET(address_space, ADDRESS_SPACE);
DATASET(contiguity, CONTIGUITY);
DATASET(ptes, PTES, .moves = true);
DATASET(mappings, MAPPINGS, .moves = true);
DATASET(page_cache, PAGE_CACHE, .moves = true);
DATASET(memcgs, MEMCGS);
DATASET(memcg_pages, MEMCG_PAGES, .moves = true);
DATASET(kernel_mappings, KERNEL_MAPPINGS, .moves = true);
DATASET(vmallocs, VMALLOCS, .moves = true);
DATASET(reclaim, RECLAIM);
DATASET(reclaim_events, RECLAIM_EVENTS);
DATASET(lru, LRU, .moves = true);
DATASET(lru_pages, LRU_PAGES, .moves = true);
DATASET(zswap, ZSWAP);
DATASET(overcommit, OVERCOMMIT);
DATASET(commit_processes, COMMIT_PROCESSES);
DATASET(hugetlb, HUGETLB);
DATASET(ksm, KSM);
DATASET(thp_state, THP_STATE);
DATASET(khugepaged, KHUGEPAGED);

/* of all memory; where it begins far above 0, there is nothing to be seen below */
static uint64_t first_frame(void)
{
	char *text = read_file("/proc/zoneinfo");
	char *at = text ? strstr(text, "start_pfn:") : NULL;
	uint64_t pfn = at ? strtoull(at + strlen("start_pfn:"), NULL, 10) : 0;

	free(text);
	return pfn;
}

FIXTURE_SETUP(dataset)
{
	self->page = sysconf(_SC_PAGESIZE);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->desc = describe_arg(variant->id);
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &self->desc));
	SKIP_UNAVAILABLE(self->fd, variant->id);
	ASSERT_NE(MMSCOPE_STATE_UNAVAILABLE, self->desc.state) {
		TH_LOG("%s: %s", self->desc.name, self->desc.detail);
	}
	self->fields = calloc(self->desc.nr_fields, sizeof(*self->fields));
	self->values = calloc(self->desc.nr_values + 1, sizeof(*self->values));
	self->desc.fields = (uintptr_t)self->fields;
	self->desc.values = (uintptr_t)self->values;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &self->desc));

	self->buf_bytes = 1 << 20;
	self->buf = malloc(self->buf_bytes);
	ASSERT_NE(NULL, self->buf);
	self->arg = walk_arg(variant->id);
	if (variant->end)
		self->arg.end = first_frame() + variant->end;
	self->arg.buf = (uintptr_t)self->buf;
	self->arg.buf_bytes = self->buf_bytes;
}

FIXTURE_TEARDOWN(dataset)
{
	free(self->buf);
	free(self->values);
	free(self->fields);
	close(self->fd);
}

/* every byte of a record belongs to one field, or is reserved at most a word */
TEST_F_TIMEOUT(dataset, fields_cover_the_record_without_overlap, 120)
{
	unsigned char *used = calloc(1, self->desc.rec_size);
	uint32_t unnamed = 0;

	ASSERT_NE(NULL, used);
	for (uint32_t i = 0; i < self->desc.nr_fields; i++) {
		const struct mmscope_field *f = &self->fields[i];
		uint32_t last = f->offset + f->size * (f->count ? f->count : 1);

		ASSERT_LE(last, self->desc.rec_size);
		EXPECT_NE(0, f->name[0]);
		EXPECT_NE(0, f->help[0]);
		for (uint32_t b = f->offset; b < last; b++) {
			EXPECT_EQ(0, used[b]);
			used[b] = 1 + (f->flags & MMSCOPE_FIELD_ARRAY);
		}
	}
	/* arrays may have room for more elements than this kernel has */
	for (uint32_t b = 0, in_array = 0; b < self->desc.rec_size; b++) {
		if (used[b])
			in_array = used[b] > 1;
		else if (!in_array)
			unnamed++;
	}
	EXPECT_GE(4, unnamed);
	free(used);
}

TEST_F_TIMEOUT(dataset, values_belong_to_fields, 120)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < self->desc.nr_values; i++) {
		ASSERT_GT(self->desc.nr_fields, self->values[i].field);
		EXPECT_NE(0, self->values[i].name[0]);
		EXPECT_EQ(NULL, strpbrk(self->values[i].name, " |,\t\n"));
	}
	for (uint32_t i = 0; i < self->desc.nr_fields; i++)
		nr += self->fields[i].nr_values;
	EXPECT_EQ(nr, self->desc.nr_values);
}

TEST_F_TIMEOUT(dataset, each_value_of_a_field_has_one_name, 120)
{
	const struct mmscope_value *v = self->values;

	for (uint32_t i = 0; i < self->desc.nr_values; i++) {
		for (uint32_t j = 0; j < i; j++) {
			bool clash = v[i].field == v[j].field && v[i].value == v[j].value;

			EXPECT_FALSE(clash);
			if (clash)
				TH_LOG("%s and %s are %llu", v[i].name, v[j].name, v[i].value);
		}
	}
}

TEST_F_TIMEOUT(dataset, one_record_at_a_time_reaches_the_end, 120)
{
	struct answer whole, single;

	ASSERT_EQ(0, walk_all(self->fd, self->arg, &whole));
	ASSERT_EQ(0, walk_chunked(self->fd, self->arg, 1, &single));
	EXPECT_LT(0, whole.nr);
	if (variant->moves) {
		EXPECT_LE(whole.nr / 2, single.nr);
		EXPECT_GE(whole.nr * 2 + 64, single.nr);
	} else {
		EXPECT_EQ(whole.nr, single.nr);
	}
	answer_free(&whole);
	answer_free(&single);
}

TEST_F_TIMEOUT(dataset, too_small_buffers_are_invalid, 120)
{
	const uint64_t bad[] = { 0, 1, self->desc.rec_size - 1 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		self->arg.buf_bytes = bad[i];
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &self->arg));
	}
}

TEST_F_TIMEOUT(dataset, an_odd_buffer_is_filled_to_whole_records, 120)
{
	const size_t odd = self->desc.rec_size + self->desc.rec_size / 2 + 1;

	memset(self->buf, 0xa5, self->buf_bytes);
	self->arg.buf_bytes = odd;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &self->arg));
	EXPECT_GE(1, self->arg.nr);
	for (size_t i = self->desc.rec_size; i < odd + 64; i++)
		ASSERT_EQ(0xa5, ((unsigned char *)self->buf)[i]);
}

TEST_F_TIMEOUT(dataset, unknown_flags_and_reserved_fields_are_refused, 120)
{
	struct mmscope_walk_arg arg = self->arg;

	arg.flags = 1U << 31;
	expect_errno(EOPNOTSUPP, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.__reserved = 1;
	expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.start = 2;
	arg.end = 1;
	expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
}

TEST_F_TIMEOUT(dataset, filters_that_do_not_apply_are_invalid, 120)
{
	struct mmscope_walk_arg arg = self->arg;

	arg.node = 0;
	if (!(self->desc.flags & MMSCOPE_DATASET_NODE))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.zone = 0;
	if (!(self->desc.flags & MMSCOPE_DATASET_ZONE))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.flags = MMSCOPE_WALK_BARE;
	if (!(self->desc.flags & MMSCOPE_DATASET_FRAMES))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.flags = MMSCOPE_WALK_EXACT;
	if (!(self->desc.flags & MMSCOPE_DATASET_EXACT))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.memcg = 1;
	if (!(self->desc.flags & (MMSCOPE_DATASET_FRAMES | MMSCOPE_DATASET_MEMCG)))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	memset(arg.name, 'x', sizeof(arg.name));
	expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.pid = 1;
	if (!(self->desc.flags & MMSCOPE_DATASET_PROCESS))
		expect_errno(EINVAL, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
}

TEST_F_TIMEOUT(dataset, bad_buffers_fault, 120)
{
	struct mmscope_walk_arg arg = self->arg;
	char *wall = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, wall);
	arg.buf = 8;
	expect_errno(EFAULT, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.buf = (uintptr_t)wall;
	arg.buf_bytes = 1 << 20;
	expect_errno(EFAULT, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	arg = self->arg;
	arg.buf = ~0ULL - 4096;
	expect_errno(EFAULT, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	munmap(wall, 1 << 20);
}

/* any 128 bits: an answer or an end, in bounded time; positions never go back */
/* many, but of a sweep on a busy machine only so many that each shift has its turn */
TEST_F_TIMEOUT(dataset, hostile_cursors_are_harmless, 300)
{
	uint64_t x = 0x9e3779b97f4a7c15;
	const time_t enough = time(NULL) + 30;

	for (int i = 0; i < 400 && (i < 64 || time(NULL) < enough); i++) {
		struct mmscope_walk_arg arg = self->arg;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		arg.cursor.pos = x >> (i % 64);
		arg.cursor.hint = (x * 31) >> (i % 61);
		arg.buf_bytes = 8 * self->desc.rec_size;
		for (int call = 0; call < 4 && !(arg.status & MMSCOPE_WALK_DONE); call++) {
			const uint64_t before = arg.cursor.pos;

			ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
			ASSERT_GE(8, arg.nr);
			if (!(arg.status & MMSCOPE_WALK_DONE))
				ASSERT_LE(before, arg.cursor.pos);
		}
	}
}

/* nothing to be said of it, and an end; so for a cursor behind the range */
TEST_F_TIMEOUT(dataset, an_empty_range_has_an_end, 120)
{
	const uint64_t pages = self->desc.flags & MMSCOPE_DATASET_ADDR ? self->page : 1;
	const uint64_t at = self->desc.flags & MMSCOPE_DATASET_ADDR ?
			    ((uintptr_t)self->buf | (self->page - 1)) + 1 : 0x1000;
	struct mmscope_walk_arg arg = self->arg;

	if (!(self->desc.flags & (MMSCOPE_DATASET_ADDR | MMSCOPE_DATASET_PFN)))
		return;
	for (uint64_t i = 0; i < 3; i++) {
		arg = self->arg;
		arg.start = at;
		arg.end = at + i * pages;
		arg.cursor.pos = i ? at + 8 * pages : 0;
		for (int call = 0; call < 64 && !(arg.status & MMSCOPE_WALK_DONE); call++)
			ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
		EXPECT_TRUE(arg.status & MMSCOPE_WALK_DONE);
	}
}

TEST_F_TIMEOUT(dataset, processes_that_are_not_there_are_not_found, 120)
{
	if (!(self->desc.flags & MMSCOPE_DATASET_PROCESS))
		return;
	for (size_t i = 0; i < 3; i++) {
		/* no such pid, not a pid, a kernel thread */
		self->arg.pid = (const uint32_t[]){ 0x3fffff, ~0U, 2 }[i];
		expect_errno(ESRCH, ioctl(self->fd, MMSCOPE_IOC_WALK, &self->arg));
	}
}

TEST_F_TIMEOUT(dataset, a_reader_in_a_loop_dies_at_once, 120)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	while (!child) {
		struct answer a;

		walk_all(self->fd, self->arg, &a);
		answer_free(&a);
	}
	usleep(50000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * faults: what an access will do is asked first, then it is done, and what has
 * happened is seen in getrusage(), pagemap, kpageflags and signals.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <poll.h>
#include <pthread.h>

#include "common.h"
#include "process.h"
#include "zoo.h"
#include "faults.h"

FIXTURE(faults)
{
	int fd;
	struct helper helper;
	int disk;
};

FIXTURE_SETUP(faults)
{
	struct outcome warm;

	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, zoo_setup());
	self->disk = -1;
	do_access((char *)&warm, false, &warm);
}

FIXTURE_TEARDOWN(faults)
{
	helper_stop(&self->helper);
	if (self->disk >= 0)
		close(self->disk);
	zoo_teardown();
	close(self->fd);
}

/* ask, do, compare; @_h: who does it, NULL: this process */
#define expect_access(_h, _p, _write, _kind) do {					\
	struct helper *_helper = (_h);							\
	volatile char *_at = (volatile char *)(uintptr_t)(_p);				\
	struct mmscope_fault _rec;							\
	struct outcome _o;								\
	uint32_t _said;									\
	ASSERT_EQ(0, fault_of(self->fd, _helper ? _helper->pid : 0, _at, &_rec));	\
	_said = (_write) ? _rec.write : _rec.read;					\
	EXPECT_EQ(_kind, _said);							\
	ASSERT_EQ(0, access_by(_helper, _at, _write, &_o));			\
	EXPECT_TRUE(came_true(&_rec, _write, &_o)) {					\
		TH_LOG("foretold %u pfn %lld flags %x; signal %d, %ld minor, %ld major, "	\
		       "pagemap %lx then %lx", _said, (long long)_rec.pfn, _rec.flags,	\
		       _o.sig, _o.minor, _o.major, _o.before, _o.after);		\
	}										\
} while (0)

#define expect_read(_h, _p, _kind) expect_access(_h, _p, false, MMSCOPE_FAULT_##_kind)
#define expect_write(_h, _p, _kind) expect_access(_h, _p, true, MMSCOPE_FAULT_##_kind)

TEST_F(faults, anonymous_pages_never_touched)
{
	char *p = zoo_anon(8 * PAGE);

	expect_read(NULL, p, ZERO);
	expect_read(NULL, p, NONE);
	expect_write(NULL, p, NEW);		/* the page of zeroes is replaced */
	expect_write(NULL, p, NONE);
	expect_write(NULL, p + 3 * PAGE, NEW);
	expect_read(NULL, p + 3 * PAGE, NONE);
}

TEST_F(faults, copy_on_write_and_who_comes_last)
{
	char *p = zoo_anon(8 * PAGE);

	touch(p, 8 * PAGE, PAGE);
	drain();
	ASSERT_EQ(0, helper_start(&self->helper));
	expect_read(NULL, p, NONE);
	expect_write(NULL, p, COPY);
	expect_write(&self->helper, p, REUSE);	/* nobody else has it any more */
	expect_write(&self->helper, p + PAGE, COPY);
	expect_write(NULL, p + PAGE, REUSE);
	helper_stop(&self->helper);
	expect_write(NULL, p + 2 * PAGE, REUSE);
	expect_write(NULL, p + 2 * PAGE, NONE);
}

/* zram as a disk: the one device with pages in the page cache that can be evicted */
static int make_disk(void)
{
	char path[64];
	char *text = read_file("/sys/class/zram-control/hot_add");
	int number = text ? atoi(text) : -1, fd;

	free(text);
	if (number < 0)
		return -1;
	snprintf(path, sizeof(path), "/sys/block/zram%d/disksize", number);
	if (write_file(path, "16M"))
		return -1;
	snprintf(path, sizeof(path), "/dev/zram%d", number);
	for (int i = 0; i < 100 && access(path, R_OK); i++)
		usleep(20000);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd;
}

#define STRIDE	(64 * PAGE)	/* pages so far apart are not read or mapped together */

TEST_F(faults, files_on_a_disk)
{
	const size_t bytes = 16 * STRIDE;
	char byte, *private, *shared;

	self->disk = make_disk();
	ASSERT_LE(0, self->disk);
	private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->disk, 0);
	shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, self->disk, 0);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_EQ(0, madvise(private, bytes, MADV_RANDOM));
	ASSERT_EQ(0, madvise(shared, bytes, MADV_RANDOM));
	ASSERT_EQ(0, posix_fadvise(self->disk, 0, 0, POSIX_FADV_RANDOM));
	ASSERT_EQ(0, posix_fadvise(self->disk, 0, 0, POSIX_FADV_DONTNEED));
	expect_read(NULL, private, READ);
	expect_read(NULL, private, NONE);
	expect_write(NULL, private, COPY);
	expect_write(NULL, private + STRIDE, READ_COPY);
	ASSERT_EQ(1, pread(self->disk, &byte, 1, 2 * STRIDE));
	expect_read(NULL, private + 2 * STRIDE, FILE);
	ASSERT_EQ(1, pread(self->disk, &byte, 1, 3 * STRIDE));
	expect_write(NULL, private + 3 * STRIDE, FILE_COPY);
	expect_read(NULL, shared + 4 * STRIDE, READ);
	expect_write(NULL, shared + 4 * STRIDE, NOTIFY);
	expect_write(NULL, shared + 4 * STRIDE, NONE);
	expect_write(NULL, shared + 5 * STRIDE, READ);
	expect_read(NULL, private + bytes - STRIDE, READ);
}

TEST_F(faults, shared_memory)
{
	const size_t bytes = 16 * STRIDE;
	int fd = memfd_create("mmscope", MFD_CLOEXEC);
	char *shared, *private;

	ASSERT_EQ(0, ftruncate(fd, bytes - STRIDE));
	shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	expect_read(NULL, shared, SHMEM);
	expect_write(NULL, shared + STRIDE, SHMEM);
	expect_read(NULL, private, FILE);
	expect_write(NULL, private, COPY);
	expect_write(NULL, private + STRIDE, FILE_COPY);
	expect_read(NULL, shared + bytes - STRIDE, BUS_EOF);
	expect_write(NULL, private + bytes - PAGE, BUS_EOF);
	expect_write(NULL, shared + bytes - STRIDE - PAGE, SHMEM);
	/* to swap, from where it comes back to all */
	touch(shared + 2 * STRIDE, PAGE, 64);
	drain();
	ASSERT_EQ(0, madvise(shared + 2 * STRIDE, PAGE, MADV_PAGEOUT));
	if (has_symbol("swap_info"))
		expect_read(NULL, shared + 2 * STRIDE, SWAP_READ);
	close(fd);
}

TEST_F(faults, what_is_not_allowed)
{
	char *p = zoo_anon(16 * PAGE);

	touch(p, 8 * PAGE, PAGE);
	ASSERT_EQ(0, mprotect(p + PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(p + 12 * PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, munmap(p + 4 * PAGE, PAGE));
	expect_read(NULL, p + PAGE, NONE);
	expect_write(NULL, p + PAGE, SEGV_PERM);
	expect_read(NULL, p + 2 * PAGE, SEGV_PERM);
	expect_write(NULL, p + 2 * PAGE, SEGV_PERM);
	expect_read(NULL, p + 12 * PAGE, SEGV_PERM);
	expect_read(NULL, p + 4 * PAGE, SEGV_NO_VMA);
	expect_write(NULL, p + 4 * PAGE, SEGV_NO_VMA);
	expect_read(NULL, (char *)PAGE, SEGV_NO_VMA);
}

/* the stack of a child, so that ours stays as it is */
TEST_F(faults, stacks_grow_so_far)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	uint64_t start = 0, end = 0;
	struct maps maps;

	ASSERT_EQ(0, helper_start(&self->helper));
	ASSERT_EQ(0, prlimit(self->helper.pid, RLIMIT_STACK, &limit, NULL));
	ASSERT_EQ(0, read_maps_of(self->helper.pid, "maps", &maps));
	for (size_t i = 0; i < maps.nr; i++) {
		if (strcmp(maps.map[i].path, "[stack]"))
			continue;
		start = maps.map[i].start;
		end = maps.map[i].end;
	}
	maps_free(&maps);
	ASSERT_LT(0, start);
	expect_write(&self->helper, start - 4 * PAGE, STACK);
	expect_read(&self->helper, end - limit.rlim_cur - PAGE, SEGV_STACK);
	expect_write(&self->helper, end - limit.rlim_cur, STACK);
}

TEST_F(faults, guard_gap_below_a_growing_map)
{
	const size_t bytes = 8 << 20;	/* no more than a stack may have */
	char *p = zoo_anon(bytes), *q;
	struct mmscope_fault rec;

	ASSERT_EQ(0, munmap(p + PAGE, bytes - PAGE));
	q = mmap(p + bytes - PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	ASSERT_EQ(p + bytes - PAGE, q);
	/* 256 pages above the map below are kept free */
	if (has_symbol("stack_guard_gap")) {
		expect_write(NULL, p + PAGE + 255 * PAGE, SEGV_STACK);
	} else {
		ASSERT_EQ(0, fault_of(self->fd, 0, p + PAGE + 255 * PAGE, &rec));
		EXPECT_EQ(MMSCOPE_FAULT_UNKNOWN, rec.write);
	}
	expect_write(NULL, p + PAGE + 256 * PAGE, STACK);
}

TEST_F(faults, transparent_huge_pages)
{
	char *p = zoo_huge(4 * HUGE_2M);
	struct mmscope_fault rec;

	need_thp();
	ASSERT_EQ(0, fault_of(self->fd, 0, p, &rec));
	if (!has_symbol("transparent_hugepage_flags")) {
		EXPECT_EQ(MMSCOPE_FAULT_F_UNSURE, rec.flags);
		return;
	}
	EXPECT_EQ(MMSCOPE_FAULT_F_HUGE, rec.flags);
	EXPECT_EQ(HUGE_2M, rec.page_size_bytes);
	expect_read(NULL, p, ZERO);
	EXPECT_EQ(1, frame_flags(entry_frame(pagemap_of(p))) >> KPF_THP & 1);
	expect_write(NULL, p, NEW);		/* split: a small one */
	expect_write(NULL, p + HUGE_2M, NEW);
	EXPECT_EQ(1, frame_flags(entry_frame(pagemap_of(p + HUGE_2M))) >> KPF_THP & 1);
	expect_write(NULL, p + HUGE_2M + 17 * PAGE, NONE);
	ASSERT_EQ(0, helper_start(&self->helper));
	expect_write(&self->helper, p + HUGE_2M + 5 * PAGE, COPY);
	/* where no huge page fits, none is foretold */
	p = zoo_anon(3 * PAGE);
	madvise(p, 3 * PAGE, MADV_HUGEPAGE);
	ASSERT_EQ(0, fault_of(self->fd, 0, p, &rec));
	EXPECT_EQ(0, rec.flags & MMSCOPE_FAULT_F_HUGE);
}

TEST_F(faults, hugetlb_pages)
{
	char *p = zoo_map(3 * HUGE_2M, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	char *q = zoo_map(2 * HUGE_2M, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB);

	ASSERT_NE(NULL, p);
	ASSERT_NE(NULL, q);
	expect_write(NULL, p + 7 * PAGE, HUGETLB);
	expect_write(NULL, p + 9 * PAGE, NONE);
	expect_read(NULL, q, HUGETLB);
	ASSERT_EQ(0, helper_start(&self->helper));
	expect_read(&self->helper, q + 3 * PAGE, FILE);
	expect_write(NULL, p + 11 * PAGE, COPY);
}

TEST_F(faults, swapped_pages)
{
	char *p = zoo_anon(8 * PAGE);
	struct mmscope_fault rec;
	uint64_t entry;

	touch(p, 8 * PAGE, 64);
	drain();
	ASSERT_EQ(0, madvise(p, 4 * PAGE, MADV_PAGEOUT));
	entry = pagemap_of(p);
	ASSERT_NE(0, entry & PM_SWAP);
	ASSERT_EQ(0, fault_of(self->fd, 0, p, &rec));
	EXPECT_EQ(entry & 31, rec.swap_type);
	EXPECT_EQ((entry & PM_FRAME) >> 5, rec.swap_offset);
	EXPECT_EQ(MMSCOPE_MAPPING_SWAP, rec.entry);
	if (!has_symbol("swap_info")) {
		EXPECT_EQ(MMSCOPE_FAULT_UNKNOWN, rec.read);
		return;
	}
	expect_read(NULL, p, SWAP_READ);
	expect_write(NULL, p + PAGE, SWAP_READ);
	/* two want it: after one has it, it is in the swap cache for the other */
	ASSERT_EQ(0, helper_start(&self->helper));
	expect_read(NULL, p + 2 * PAGE, SWAP_READ);
	expect_read(&self->helper, p + 2 * PAGE, SWAP_CACHE);
}

/* ------------------------------------------------------------- userfaultfd */

struct toucher {
	volatile char *p;
	bool write;
};

static void *touch_thread(void *arg)
{
	struct toucher *t = arg;

	if (t->write)
		*t->p = 1;
	else
		(void)*t->p;
	return NULL;
}

/* flags of the message that an access makes; ~0: none came */
static uint64_t message_of(int uffd, volatile char *p, bool write, pthread_t *thread,
			   struct toucher *t)
{
	struct pollfd poll_it = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	*t = (struct toucher){ p, write };
	if (pthread_create(thread, NULL, touch_thread, t) || poll(&poll_it, 1, 10000) != 1 ||
	    read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT ||
	    (msg.arg.pagefault.address & ~(PAGE - 1)) != (uintptr_t)p)
		return ~0ULL;
	return msg.arg.pagefault.flags;
}

TEST_F(faults, userfaultfd_is_asked)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	char *p = zoo_anon(4 * PAGE), *q = zoo_anon(4 * PAGE);
	struct uffdio_register reg = {
		.range = { (uintptr_t)p, 4 * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_zeropage zero = { .range = { (uintptr_t)p, PAGE } };
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)q, 4 * PAGE }, .mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct mmscope_fault rec;
	struct toucher toucher;
	pthread_t thread;

	touch(q, 4 * PAGE, PAGE);
	if (!uffd_protects())
		SKIP(return, "userfaultfd does not protect from writes here");
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
	reg.range.start = (uintptr_t)q;
	reg.mode = UFFDIO_REGISTER_MODE_WP;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_WRITEPROTECT, &wp));
	ASSERT_EQ(0, fault_of(self->fd, 0, p, &rec));
	EXPECT_EQ(MMSCOPE_FAULT_UFFD_MISSING, rec.read);
	EXPECT_EQ(MMSCOPE_FAULT_UFFD_MISSING, rec.write);
	EXPECT_EQ(0, message_of(uffd, p, false, &thread, &toucher));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	pthread_join(thread, NULL);
	expect_read(NULL, p, NONE);
	ASSERT_EQ(0, fault_of(self->fd, 0, q, &rec));
	EXPECT_EQ(MMSCOPE_FAULT_NONE, rec.read);
	EXPECT_EQ(MMSCOPE_FAULT_UFFD_WP, rec.write);
	EXPECT_EQ(UFFD_PAGEFAULT_FLAG_WRITE | UFFD_PAGEFAULT_FLAG_WP,
		  message_of(uffd, q, true, &thread, &toucher));
	wp.mode = 0;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_WRITEPROTECT, &wp));
	pthread_join(thread, NULL);
	close(uffd);
}

/* -------------------------------------------------------------------- the whole */

TEST_F(faults, records_cover_all_addresses_without_gaps)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FAULTS);
	const struct mmscope_fault *rec, *other;
	struct answer a, few;
	struct zoo *zoo;
	pid_t pid = zoo_child(&zoo);

	ASSERT_LT(0, pid);
	arg.pid = pid;
	ASSERT_EQ(0, walk_all(self->fd, arg, &a));
	rec = a.records;
	EXPECT_EQ(0, rec[0].start);
	for (size_t i = 1; i < a.nr; i++) {
		EXPECT_EQ(rec[i - 1].end, rec[i].start);
		EXPECT_EQ(rec[i].end - rec[i].start, rec[i].pages * PAGE);
	}
	EXPECT_LE(1UL << 46, rec[a.nr - 1].end);
	/* in any number of calls */
	ASSERT_EQ(0, walk_chunked(self->fd, arg, 7, &few));
	EXPECT_EQ(a.nr, few.nr);
	other = few.records;
	for (size_t i = 0; i < a.nr && i < few.nr; i++) {
		struct mmscope_fault same = other[i];

		/* we wrote to a page of ours that the child shares: it has it alone now */
		if (rec[i].write == MMSCOPE_FAULT_COPY && same.write == MMSCOPE_FAULT_REUSE)
			same.write = rec[i].write;
		same.flags = rec[i].flags;
		EXPECT_EQ(0, memcmp(&rec[i], &same, sizeof(same)));
	}
	TH_LOG("%zu records, longest hold %lu ns", a.nr, a.max_lock_ns);
	answer_free(&a);
	answer_free(&few);
	kill_child(pid);
}

TEST_HARNESS_MAIN

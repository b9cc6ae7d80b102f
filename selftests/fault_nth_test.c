// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each user copy of each call fails in turn: the call says that
 * there was no memory or a bad pointer, or does without; the next one answers in
 * full; nothing is left behind, as kmemleak and the log tell who runs the guest. On
 * kernels with fault injection, such as the debug kernel.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"
#include "fault.h"

#define ROOM	(1 << 18)

FIXTURE(fault)
{
	int fd;
	char *room;
	uint32_t nr_datasets;
};

FIXTURE_SETUP(fault)
{
	struct mmscope_info info = { .size = sizeof(info) };
	const char *lacks = fault_begin();

	if (lacks)
		SKIP(return, "%s", lacks);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, &info));
	self->nr_datasets = info.nr_datasets;
	self->room = malloc(ROOM);
	ASSERT_NE(NULL, self->room);
	memset(self->room, 0, ROOM);
}

FIXTURE_TEARDOWN(fault)
{
	free(self->room);
	close(self->fd);
}

/* and what came of it, in the log */
#define expect_bears(_name, ...) do {							\
	const struct fault_op op = { __VA_ARGS__ };					\
	struct fault_score s;								\
	const int err = fault_each(&op, &s);						\
	EXPECT_EQ(0, err);								\
	EXPECT_LT(0, s.faults);								\
	TH_LOG("%s: %u faults%s: %u ENOMEM, %u EFAULT, %u borne%s%s", _name, s.faults,	\
	       s.each ? "" : ", not each", s.no_memory, s.bad_copy, s.borne,		\
	       err ? ": " : "", err ? strerror(-err) : "");				\
} while (0)

/* -------------------------------------------------------------------- ioctls */

/* one ioctl on an open file, as often as its argument says that there is more */
struct call {
	int fd;
	unsigned long cmd;
	const void *arg;
	size_t size;
	const uint32_t *status;	/* in the copy that is called with; NULL: there is none */
	char copy[1024];
};

static int call_run(void *arg)
{
	struct call *c = arg;

	memcpy(c->copy, c->arg, c->size);
	do {
		if (ioctl(c->fd, c->cmd, c->copy))
			return -errno;
	} while (c->status && !(*c->status & MMSCOPE_WALK_DONE));
	return 0;
}

#define CALL(_self, _cmd, _arg) \
	{ .fd = (_self)->fd, .cmd = (_cmd), .arg = &(_arg), .size = sizeof(_arg) }

static int open_run(void *arg)
{
	int fd = open_device();

	(void)arg;
	if (fd < 0)
		/* the file table may be what finds no memory */
		return errno == EMFILE || errno == ENFILE ? -ENOMEM : -errno;
	close(fd);
	return 0;
}

TEST_F_TIMEOUT(fault, opening, 600)
{
	expect_bears("open", .run = open_run);
}

TEST_F_TIMEOUT(fault, info, 600)
{
	struct mmscope_info info = { .size = sizeof(info) };
	struct call c = CALL(self, MMSCOPE_IOC_INFO, info);

	expect_bears("INFO", .run = call_run, .arg = &c);
}

TEST_F_TIMEOUT(fault, describe, 1800)
{
	for (uint32_t id = 0; id < self->nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);
		struct call c = CALL(self, MMSCOPE_IOC_DESCRIBE, desc);

		desc.fields = (uintptr_t)self->room;
		desc.values = (uintptr_t)self->room;
		desc.nr_fields = 20;
		desc.nr_values = 20;
		expect_bears("DESCRIBE", .run = call_run, .arg = &c);
	}
}

TEST_F_TIMEOUT(fault, walk, 7200)
{
	for (uint32_t id = 0; id < self->nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);
		struct mmscope_walk_arg arg = walk_arg(id);
		struct call c = CALL(self, MMSCOPE_IOC_WALK, arg);

		ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc));
		if (desc.state == MMSCOPE_STATE_UNAVAILABLE || desc.flags & MMSCOPE_DATASET_POINT ||
		    desc.flags & MMSCOPE_DATASET_STREAM)
			continue;
		c.status = &((struct mmscope_walk_arg *)c.copy)->status;
		arg.buf = (uintptr_t)self->room;
		arg.buf_bytes = ROOM;
		if (desc.flags & MMSCOPE_DATASET_PFN)
			arg.end = 8192;
		expect_bears(desc.name, .run = call_run, .arg = &c);
		if (!(desc.flags & MMSCOPE_DATASET_FRAMES))
			continue;
		arg.flags = MMSCOPE_WALK_BARE;
		expect_bears(desc.name, .run = call_run, .arg = &c);
	}
}

TEST_F_TIMEOUT(fault, points, 1800)
{
	static const struct mmscope_pfn_range ranges[2] = { { 0x1000, 0x1008 }, { 0x100, 0x101 } };
	uint64_t addrs[130] = { (uintptr_t)self->room, 0, ~0ULL };
	struct mmscope_translate_arg translate = {
		.size = sizeof(translate), .nr = ARRAY_LEN(addrs),
		.addrs = (uintptr_t)addrs, .buf = (uintptr_t)self->room,
	};
	struct mmscope_page_arg page = {
		.size = sizeof(page), .ranges = (uintptr_t)ranges, .nr_ranges = 2,
		.buf = (uintptr_t)self->room, .buf_bytes = ROOM,
	};
	struct mmscope_rmap_arg rmap = {
		.size = sizeof(rmap), .ranges = (uintptr_t)ranges, .nr_ranges = 2,
		.buf = (uintptr_t)self->room, .buf_bytes = ROOM,
	};
	struct mmscope_alloc_arg alloc = {
		.size = sizeof(alloc), .node = MMSCOPE_ANY, .nr = 8,
		.buf = (uintptr_t)self->room,
	};
	struct call t = CALL(self, MMSCOPE_IOC_TRANSLATE, translate);
	struct call p = CALL(self, MMSCOPE_IOC_PAGE, page);
	struct call r = CALL(self, MMSCOPE_IOC_RMAP, rmap);
	struct call a = CALL(self, MMSCOPE_IOC_ALLOC, alloc);

	p.status = &((struct mmscope_page_arg *)p.copy)->status;
	r.status = &((struct mmscope_rmap_arg *)r.copy)->status;
	expect_bears("TRANSLATE", .run = call_run, .arg = &t);
	expect_bears("PAGE", .run = call_run, .arg = &p);
	expect_bears("RMAP", .run = call_run, .arg = &r);
	expect_bears("ALLOC", .run = call_run, .arg = &a);
}

/* ----------------------------------------------------- what begins, and is ended again */

/* on a file of its own, which is kept until it is looked at */
struct begun {
	struct call call;
};

static int begin_run(void *arg)
{
	struct begun *b = arg;
	int err;

	b->call.fd = open_device();
	if (b->call.fd < 0)
		return errno == EMFILE || errno == ENFILE ? -ENOMEM : -errno;
	err = call_run(&b->call);
	close(b->call.fd);
	return err;
}

TEST_F_TIMEOUT(fault, watch_and_owners, 1800)
{
	struct mmscope_watch_arg watch = { .size = sizeof(watch), .kinds = ~0ULL };
	struct mmscope_owners_arg owners = {
		.size = sizeof(owners), .blocks = 4096, .stacks = 64,
	};
	struct begun w = { .call = CALL(self, MMSCOPE_IOC_WATCH, watch) };
	struct begun o = { .call = CALL(self, MMSCOPE_IOC_OWNERS, owners) };

	expect_bears("WATCH", .run = begin_run, .arg = &w);
	expect_bears("OWNERS", .run = begin_run, .arg = &o);
}

static int disarm(void *arg)
{
	struct mmscope_oom_arg off = { .size = sizeof(off) };
	const struct call *c = arg;

	return ioctl(c->fd, MMSCOPE_IOC_OOM, &off) ? -errno : 0;
}

TEST_F_TIMEOUT(fault, oom, 1800)
{
	struct mmscope_oom_arg arm = { .size = sizeof(arm), .arm = 1 };
	struct call c = CALL(self, MMSCOPE_IOC_OOM, arm);

	expect_bears("OOM", .run = call_run, .check = disarm, .arg = &c);
	disarm(&c);
}

static uint32_t nr_files(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr;
}

/* all files are there; and they go */
static int detach(void *arg)
{
	const struct call *c = arg;
	const struct mmscope_attach_arg *attach = c->arg;
	char path[64];
	bool whole;

	snprintf(path, sizeof(path), DEBUGFS "/process/%u", attach->pid);
	whole = nr_files(path) == nr_files(DEBUGFS "/process/self");
	if (ioctl(c->fd, MMSCOPE_IOC_DETACH, attach))
		return -errno;
	return whole && !nr_files(path) ? 0 : -ENOENT;
}

TEST_F_TIMEOUT(fault, attach, 1800)
{
	struct mmscope_attach_arg attach = { .size = sizeof(attach), .pid = getpid() };
	struct call c = CALL(self, MMSCOPE_IOC_ATTACH, attach);

	expect_bears("ATTACH", .run = call_run, .check = detach, .arg = &c);
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_DETACH, &attach));
}

/* ----------------------------------------------------------------------- text files */

static int read_run(void *arg)
{
	static char text[1 << 16];
	int fd = open(arg, O_RDONLY | O_CLOEXEC), err = 0, reads = 0;
	ssize_t got = 1;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? -ENOMEM : -errno;
	while (got > 0 && reads++ < 3)
		got = read(fd, text, sizeof(text));
	if (got < 0)
		err = -errno;
	close(fd);
	return err;
}

static void read_all(struct __test_metadata *_metadata, const char *below)
{
	char path[320];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), DEBUGFS "/%s", below);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), DEBUGFS "/%s%s", below, e->d_name);
		if (e->d_type != DT_REG || (read_run(path) && errno == EOPNOTSUPP))
			continue;
		expect_bears(path, .run = read_run, .arg = path);
	}
	if (dir)
		closedir(dir);
}

TEST_F_TIMEOUT(fault, files, 7200)
{
	read_all(_metadata, "");
	read_all(_metadata, "process/self/");
}

/* --------------------------------------------------------------------------- load */

static int load_run(void *arg)
{
	return syscall(SYS_finit_module, *(int *)arg, "", 0) ? -errno : 0;
}

static uint32_t files_wanted;

static int unload(void *arg)
{
	const bool whole = nr_files(DEBUGFS) + nr_files(DEBUGFS "/process/self") == files_wanted &&
			   !access(DEVICE, F_OK);

	(void)arg;
	if (syscall(SYS_delete_module, "mmscope", O_NONBLOCK))
		return -errno;
	return whole ? 0 : -ENOENT;
}

/* what the kernel does before and after the module's own part is not ours to test */
TEST_F_TIMEOUT(fault, load, 3600)
{
	const char *path = getenv("MMSCOPE_KO");
	int ko;

	if (!path)
		SKIP(return, "MMSCOPE_KO does not say where the module is");
	ko = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, ko);
	files_wanted = nr_files(DEBUGFS) + nr_files(DEBUGFS "/process/self");
	close(self->fd);
	ASSERT_EQ(0, fault_only_below("do_one_initcall"));
	ASSERT_EQ(0, syscall(SYS_delete_module, "mmscope", O_NONBLOCK));
	expect_bears("insmod", .run = load_run, .check = unload, .arg = &ko, .seconds = 240);
	EXPECT_EQ(0, load_run(&ko));
	fault_only_below(NULL);
	close(ko);
	self->fd = open_device();
	EXPECT_LE(0, self->fd);
}

TEST_HARNESS_MAIN

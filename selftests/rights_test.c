// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees what: the table of README's SECURITY section, cell by cell. The sources are
 * the kernel's own rules: capabilities, ids and flags are set, and what the kernel then
 * allows elsewhere (/proc/PID/smaps, /proc/kallsyms) is compared.
 */
#include <kselftest_harness.h>

#include <ftw.h>

#include "common.h"
#include "rights.h"

/* what somebody tries; what comes of it is 0, 1 or -errno */
struct cells {
	int device;	/* open() */
	int debugfs;	/* likewise */
	int machine;	/* data of the whole machine */
	int self;	/* the areas of the own process */
	int same;	/* of one of the same user, without capabilities */
	int closed;	/* likewise, but not dumpable */
	int other;	/* of another user */
	int root;	/* of root with all capabilities */
	int addresses;	/* 1: kernel addresses are shown */
	int begin;	/* attach, and what else is for the whole machine */
};

#define NONE (-ENOENT)	/* cannot be tried: nothing is open */

FIXTURE(rights) {
	pid_t same, closed, other, root;
	pid_t zero, zero_closed;	/* same and closed for the user 0 */
	struct cells *got;
	int held;
	int held_debugfs;
	char *kptr;
};

FIXTURE_SETUP(rights)
{
	self->got = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->got);
	self->same = target(NOBODY, 0, true);
	self->closed = target(NOBODY, 0, false);
	self->other = target(OTHER, 0, true);
	self->root = target(0, ALL_CAPS, true);
	self->zero = target(0, 0, true);
	self->zero_closed = target(0, 0, false);
	ASSERT_LT(0, self->same);
	ASSERT_LT(0, self->zero_closed);
	self->held = open_device();
	self->held_debugfs = open(DEBUGFS "/zones", O_RDONLY);
	ASSERT_LE(0, self->held);
	ASSERT_LE(0, self->held_debugfs);
	self->kptr = read_file(KPTR);
	ASSERT_EQ(0, write_file(KPTR, "1"));
	/* what keeps others out is to be the module, not the node */
	ASSERT_EQ(0, chmod(DEVICE, 0666));
}

FIXTURE_TEARDOWN(rights)
{
	chmod(DEVICE, 0600);
	if (self->kptr)
		write_file(KPTR, self->kptr);
	free(self->kptr);
	kill_child(self->same);
	kill_child(self->closed);
	kill_child(self->other);
	kill_child(self->root);
	kill_child(self->zero);
	kill_child(self->zero_closed);
	close(self->held);
	close(self->held_debugfs);
}

static int open_or_errno(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void try_all(const FIXTURE_DATA(rights) *self, int fd, uid_t uid, struct cells *c)
{
	c->machine = look_at_machine(fd);
	c->self = look_at(fd, 0);
	c->same = look_at(fd, uid ? self->same : self->zero);
	c->closed = look_at(fd, uid ? self->closed : self->zero_closed);
	c->other = look_at(fd, self->other);
	c->root = look_at(fd, self->root);
	c->addresses = addresses_shown(fd);
	c->begin = switch_on(fd);
}

/* As this user, with what can be opened or, if @held, with what was handed on. */
static const struct cells *as(FIXTURE_DATA(rights) *self, uid_t uid, uint64_t caps, bool held)
{
	struct cells *c = self->got;
	int status;
	pid_t pid;

	memset(c, 0x55, sizeof(*c));
	pid = fork();
	if (!pid) {
		int dir = open(DEBUGFS, O_PATH | O_DIRECTORY), fd;

		if (dir < 0 || chdir("/dev") || become(uid, caps))
			_exit(1);
		fd = open_or_errno("mmscope");
		c->device = fd < 0 ? fd : 0;
		c->debugfs = faccessat(dir, ".", X_OK, AT_EACCESS) ? -errno : 0;
		if (!c->debugfs)
			c->debugfs = openat(dir, "zones", O_RDONLY) < 0 ? -errno : 0;
		if (held)
			fd = self->held;
		if (fd >= 0)
			try_all(self, fd, uid, c);
		else
			*c = (struct cells){ c->device, c->debugfs, NONE, NONE, NONE, NONE, NONE,
					     NONE, NONE, NONE };
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		return NULL;
	return c;
}

#define EXPECT_CELLS(_c, ...) do {						\
	const struct cells want = { __VA_ARGS__ };				\
	const struct cells *got = (_c);						\
	ASSERT_NE(NULL, got);							\
	EXPECT_EQ(want.device, got->device);					\
	EXPECT_EQ(want.debugfs, got->debugfs);					\
	EXPECT_EQ(want.machine, got->machine);					\
	EXPECT_EQ(want.self, got->self);					\
	EXPECT_EQ(want.same, got->same);					\
	EXPECT_EQ(want.closed, got->closed);					\
	EXPECT_EQ(want.other, got->other);					\
	EXPECT_EQ(want.root, got->root);					\
	EXPECT_EQ(want.addresses == NONE ? NONE :				\
		  addresses_if_any(want.addresses), got->addresses);		\
	EXPECT_EQ(want.begin, got->begin);					\
} while (0)

TEST_F(rights, root_sees_all)
{
	EXPECT_CELLS(as(self, 0, ALL_CAPS, false), .addresses = 1);
}

TEST_F(rights, cap_sys_admin_alone_opens_and_sees_what_it_may_ptrace)
{
	EXPECT_CELLS(as(self, 0, CAP(SYS_ADMIN), false), .closed = -EACCES, .other = -EACCES,
		     .root = -EACCES);
}

TEST_F(rights, with_cap_sys_ptrace_all_processes_are_seen)
{
	EXPECT_CELLS(as(self, 0, CAP(SYS_ADMIN) | CAP(SYS_PTRACE), false), .addresses = 0);
}

TEST_F(rights, with_cap_syslog_kernel_addresses_are_seen)
{
	EXPECT_CELLS(as(self, 0, CAP(SYS_ADMIN) | CAP(SYSLOG), false), .closed = -EACCES,
		     .other = -EACCES, .root = -EACCES, .addresses = 1);
}

/* another user's capability: the files are root's */
TEST_F(rights, cap_sys_admin_of_another_user_does_not_reach_debugfs)
{
	EXPECT_CELLS(as(self, NOBODY, CAP(SYS_ADMIN), false), .debugfs = -EACCES,
		     .closed = -EACCES, .other = -EACCES, .root = -EACCES);
	EXPECT_CELLS(as(self, NOBODY, CAP(SYS_ADMIN) | CAP(DAC_READ_SEARCH), false),
		     .closed = -EACCES, .other = -EACCES, .root = -EACCES);
}

TEST_F_TIMEOUT(rights, no_other_capability_alone_opens_anything, 300)
{
	const struct cells *c;

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (cap == CAP_SYS_ADMIN)
			continue;
		for (int user = 0; user < 2; user++) {
			c = as(self, user ? NOBODY : 0, 1ULL << cap, false);
			ASSERT_NE(NULL, c);
			EXPECT_EQ(-EPERM, c->device) {
				TH_LOG("capability %d", cap);
			}
			EXPECT_TRUE(c->debugfs == -EPERM || c->debugfs == -EACCES) {
				TH_LOG("capability %d: %d", cap, c->debugfs);
			}
		}
	}
	/* all of them but that one */
	c = as(self, 0, ALL_CAPS & ~CAP(SYS_ADMIN), false);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(-EPERM, c->device);
	EXPECT_EQ(-EPERM, c->debugfs);
}

TEST_F(rights, a_user_opens_nothing_whatever_the_mode_of_the_node)
{
	EXPECT_CELLS(as(self, NOBODY, 0, false), -EPERM, -EACCES, NONE, NONE, NONE, NONE, NONE,
		     NONE, NONE, NONE);
	ASSERT_EQ(0, chmod(DEVICE, 0600));
	EXPECT_EQ(-EACCES, as(self, NOBODY, 0, false)->device);
	/* who may read any file still needs the capability, or the file */
	EXPECT_EQ(-EPERM, as(self, NOBODY, CAP(DAC_READ_SEARCH), false)->device);
	EXPECT_EQ(-EACCES, as(self, NOBODY, CAP(SYS_ADMIN), false)->device);
}

TEST_F(rights, an_open_device_lets_a_user_see_the_machine_and_his_own)
{
	EXPECT_CELLS(as(self, NOBODY, 0, true), .device = -EPERM, .debugfs = -EACCES,
		     .closed = -EACCES, .other = -EACCES, .root = -EACCES, .begin = -EPERM);
}

/* nor anything else that is for the whole machine */
TEST_F(rights, an_open_device_lets_nobody_begin_what_is_for_all)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct mmscope_watch_arg watch = { .size = sizeof(watch), .kinds = ~0ULL };
		struct mmscope_owners_arg owners = { .size = sizeof(owners) };
		struct mmscope_oom_arg oom = { .size = sizeof(oom), .arm = 1 };
		struct mmscope_attach_arg detach = { .size = sizeof(detach), .pid = self->root };

		if (become(NOBODY, 0))
			_exit(1);
		if (!ioctl(self->held, MMSCOPE_IOC_WATCH, &watch) || errno != EPERM)
			_exit(2);
		if (!ioctl(self->held, MMSCOPE_IOC_OWNERS, &owners) || errno != EPERM)
			_exit(3);
		if (!ioctl(self->held, MMSCOPE_IOC_OOM, &oom) || errno != EPERM)
			_exit(4);
		_exit(ioctl(self->held, MMSCOPE_IOC_DETACH, &detach) && errno == EPERM ? 0 : 5);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(rights, an_open_debugfs_file_stays_readable)
{
	char line[4096];
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (become(NOBODY, 0) || read(self->held_debugfs, line, sizeof(line)) <= 0)
			_exit(1);
		_exit(pread(self->held_debugfs, line, sizeof(line), 0) > 0 ? 0 : 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/*
 * The kernel's own answer to the same question, for each reader and process: who may read
 * its smaps. In Linux 7 CAP_PERFMON is enough for those, but not here; who may follow its
 * exe is asked as before.
 */
TEST_F(rights, a_process_is_shown_to_those_who_may_read_its_smaps)
{
	const uint64_t caps[] = {
		0, CAP(SYS_PTRACE), CAP(SYS_ADMIN), CAP(DAC_READ_SEARCH), CAP(PERFMON), ALL_CAPS,
	};
	const pid_t targets[] = {
		self->same, self->closed, self->other, self->root, self->zero, self->zero_closed,
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(caps) * ARRAY_LEN(targets); i++) {
		const uid_t uid = i & 1 ? NOBODY : 0;
		const uint64_t have = caps[i / 2 / ARRAY_LEN(targets)];
		const pid_t of = targets[i / 2 % ARRAY_LEN(targets)];
		char path[64];
		int status;
		pid_t pid;

		snprintf(path, sizeof(path), "/proc/%d/exe", of);
		pid = fork();
		if (!pid) {
			char exe[256];
			int ours;
			bool theirs;

			if (become(uid, have | CAP(DAC_READ_SEARCH)))
				_exit(9);
			theirs = readlink(path, exe, sizeof(exe)) > 0;
			ours = look_at(self->held, of);
			_exit(theirs == !ours && (!ours || ours == -EACCES) ? 0 : 1);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status) {
			TH_LOG("user %u, capabilities %#lx, process %zu", uid, have,
			       i / 2 % ARRAY_LEN(targets));
		}
	}
}

/* -------------------------------------------------------------------- modes */

static int nr_files, nr_bad;

static int check_mode(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_F) {
		nr_files++;
		if ((st->st_mode & 07777) != 0400 || st->st_uid || st->st_gid) {
			nr_bad++;
			fprintf(stderr, "# %s: mode %o\n", path, st->st_mode);
		}
	} else if (st->st_mode & 07022) {
		nr_bad++;
		fprintf(stderr, "# %s: mode %o\n", path, st->st_mode);
	}
	return 0;
}

TEST(files_are_root_s_and_only_to_be_read_whatever_the_umask)
{
	struct mmscope_attach_arg arg = { .size = sizeof(arg) };
	struct stat st;
	mode_t old = umask(0);
	pid_t pid = target(0, ALL_CAPS, true);
	int fd = open_device();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(DEVICE, &st));
	EXPECT_EQ(S_IFCHR | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	arg.pid = pid;
	ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_ATTACH, &arg));
	nr_files = 0;
	nr_bad = 0;
	EXPECT_EQ(0, nftw(DEBUGFS, check_mode, 16, FTW_PHYS));
	EXPECT_EQ(0, nr_bad);
	EXPECT_LT(40, nr_files);
	ioctl(fd, MMSCOPE_IOC_DETACH, &arg);
	umask(old);
	kill_child(pid);
	close(fd);
	/* the file system keeps users out already */
	ASSERT_EQ(0, stat("/sys/kernel/debug", &st));
	EXPECT_EQ(0700, st.st_mode & 07777);
}

TEST_HARNESS_MAIN

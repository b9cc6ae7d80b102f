// SPDX-License-Identifier: GPL-2.0
/*
 * Processes of others: in containers, behind open files, across execve() of a program
 * that is setuid.
 */
#include <kselftest_harness.h>

#include <sched.h>

#include "common.h"
#include "rights.h"

#define SETUID_PROGRAM	"/tmp/mmscope-setuid"
#define WAIT		"MMSCOPE_TEST_WAITS"

/* this program itself, as the setuid one */
__attribute__((constructor)) static void wait_if_told(void)
{
	while (getenv(WAIT))
		pause();
}

static int copy_self(void)
{
	int from = open("/proc/self/exe", O_RDONLY), to;
	char buf[65536];
	ssize_t got;

	unlink(SETUID_PROGRAM);
	to = open(SETUID_PROGRAM, O_WRONLY | O_CREAT | O_EXCL, 0755);
	while ((got = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, got) != got)
			return -1;
	if (got < 0 || fchmod(to, 04755) || close(from))
		return -1;
	return close(to);
}

/* effective user of a process, as /proc has it; -1: it is gone */
static long euid_of(pid_t pid)
{
	char path[64];
	char *text, *line;
	long euid = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	text = read_file(path);
	line = text ? strstr(text, "\nUid:") : NULL;
	if (line)
		sscanf(line, "\nUid: %*d %ld", &euid);
	free(text);
	return euid;
}

FIXTURE(processes) {
	int fd;
	int pair[2];
};

FIXTURE_SETUP(processes)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair));
}

FIXTURE_TEARDOWN(processes)
{
	close(self->fd);
	close(self->pair[0]);
	close(self->pair[1]);
	unlink(SETUID_PROGRAM);
}

/* ---------------------------------------------------------------- containers */

/* namespaces that matter to no right here, and that a small kernel may not have */
static int further_namespaces(void)
{
	int flags = 0;

	flags |= access("/proc/self/ns/net", F_OK) ? 0 : CLONE_NEWNET;
	flags |= access("/proc/self/ns/ipc", F_OK) ? 0 : CLONE_NEWIPC;
	flags |= access("/proc/self/ns/uts", F_OK) ? 0 : CLONE_NEWUTS;
	return flags;
}

/* Root of a user namespace, in namespaces of its own. */
static int enter_container(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | further_namespaces()))
		return -1;
	if (write_file("/proc/self/uid_map", "0 0 1\n"))
		return -1;
	return prctl(PR_SET_DUMPABLE, 1);
}

/* What pid 1 of the container finds; 0: all as it should be. */
static int look_around(int socket)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_PROCESSES);
	int fd, outer, mine = 0, strange = 0;
	struct answer a;

	if (getpid() != 1 || !(get_caps() & CAP(SYS_ADMIN)))
		return 1;
	if (open_device() >= 0 || errno != EPERM)
		return 2;
	if (open(DEBUGFS "/zones", O_RDONLY) >= 0)
		return 3;
	fd = receive_fd(socket);
	if (fd < 0 || read(socket, &outer, sizeof(outer)) != sizeof(outer))
		return 4;
	if (look_at_machine(fd) || look_at(fd, 0) || look_at(fd, 1))
		return 5;
	/* whom it has no number for it cannot ask for */
	if (look_at(fd, outer) != -ESRCH)
		return 6;
	if (addresses_shown(fd) != addresses_if_any(0) || switch_on(fd) != -EPERM)
		return 7;
	if (walk_all(fd, arg, &a))
		return 8;
	for (size_t i = 0; i < a.nr; i++) {
		const struct mmscope_process *p =
			(void *)((char *)a.records + i * a.rec_size);

		mine += p->pid == 1;
		/* who made the container is in its user namespace, and has no pid in it */
		strange += p->pid != 1;
	}
	answer_free(&a);
	return mine == 1 && strange == 1 ? 0 : 9;
}

TEST_F(processes, root_of_a_container_opens_nothing_and_sees_its_own)
{
	int status, outer = getpid();
	pid_t pid = fork();

	if (!pid) {
		if (chmod(DEVICE, 0666) || enter_container())
			_exit(99);
		pid = fork();
		if (!pid)
			_exit(look_around(self->pair[1]));
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
	}
	ASSERT_EQ(0, send_fd(self->pair[0], self->fd));
	ASSERT_EQ((ssize_t)sizeof(outer), write(self->pair[0], &outer, sizeof(outer)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	chmod(DEVICE, 0600);
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
}

/* A container with all rights, as root in another pid namespace: 0, or what is wrong. */
static int attach_to_self(int fd, int socket)
{
	struct mmscope_attach_arg arg = { .size = sizeof(arg), .pid = 1 };
	char byte;

	if (getpid() != 1 || look_at(fd, 1))
		return 1;
	if (ioctl(fd, MMSCOPE_IOC_ATTACH, &arg) || arg.pid != 1)
		return 2;
	if (write(socket, &arg.name, sizeof(arg.name)) != sizeof(arg.name) ||
	    read(socket, &byte, 1) != 1)
		return 3;
	return ioctl(fd, MMSCOPE_IOC_DETACH, &arg) ? 4 : 0;
}

/* debugfs is one for all: there 1 is init, whoever asks */
TEST_F(processes, of_another_pid_namespace_have_the_pid_of_the_first_one_in_debugfs)
{
	char path[80];
	uint32_t name = 0;
	int status;
	pid_t pid, inner;
	char *text;

	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(99);
		inner = fork();
		if (!inner)
			_exit(attach_to_self(self->fd, self->pair[1]));
		if (write(self->pair[1], &inner, sizeof(inner)) != sizeof(inner))
			_exit(98);
		waitpid(inner, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 97);
	}
	/* two numbers, in any order: the child's, and the name that it was told */
	ASSERT_EQ((ssize_t)sizeof(inner), read(self->pair[0], &inner, sizeof(inner)));
	ASSERT_EQ((ssize_t)sizeof(name), read(self->pair[0], &name, sizeof(name)));
	EXPECT_EQ((uint32_t)inner, name);
	snprintf(path, sizeof(path), DEBUGFS "/process/%u/address_space", name);
	text = read_file(path);
	EXPECT_NE(NULL, text);
	free(text);
	EXPECT_NE(0, access(DEBUGFS "/process/1", F_OK));
	/* and by that pid it is asked for from here */
	EXPECT_EQ(0, look_at(self->fd, inner));
	ASSERT_EQ(1, write(self->pair[0], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_NE(0, access(path, F_OK));
}

/* ------------------------------------------------------- privileges that go */

static int dropped_sees(int fd, pid_t root)
{
	if (look_at(fd, root) || addresses_shown(fd) != addresses_if_any(1))
		return 1;
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return 2;
	/* not dumpable now, but it may look at itself */
	if (look_at_machine(fd) || look_at(fd, 0))
		return 3;
	if (look_at(fd, root) != -EACCES || look_at(fd, 1) != -EACCES)
		return 4;
	if (addresses_shown(fd) != addresses_if_any(0))
		return 5;
	return switch_on(fd) == -EPERM && open_device() < 0 ? 0 : 6;
}

TEST_F(processes, are_shown_by_an_open_file_as_the_reader_is_now)
{
	pid_t root = target(0, ALL_CAPS, true), pid;
	char *kptr = read_file(KPTR);
	int status;

	ASSERT_LT(0, root);
	ASSERT_EQ(0, write_file(KPTR, "1"));
	pid = fork();
	if (!pid)
		_exit(dropped_sees(self->fd, root));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
	write_file(KPTR, kptr);
	free(kptr);
	kill_child(root);
}

/* ------------------------------------------------------------ setuid programs */

/* Areas for more than one window of the module. */
static int make_areas(void)
{
	char *p = mmap(NULL, 1000 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 1000; i += 2)
		if (p == MAP_FAILED || mprotect(p + i * PAGE, PAGE, PROT_NONE))
			return -1;
	return 0;
}

/* A process of a user that becomes the setuid program when it gets a signal. */
static void exec_setuid(int signal)
{
	(void)signal;
	setenv(WAIT, "1", 1);
	execl(SETUID_PROGRAM, SETUID_PROGRAM, NULL);
	_exit(1);
}

static int wait_for_setuid(void *arg)
{
	(void)arg;
	signal(SIGUSR1, exec_setuid);
	return become(NOBODY, 0) || make_areas();
}

static pid_t future_setuid(void)
{
	return copy_self() ? -1 : waiting_child(wait_for_setuid, NULL);
}

static bool has_become_root(pid_t pid)
{
	kill(pid, SIGUSR1);
	for (int i = 0; i < 500; i++) {
		if (euid_of(pid) == 0)
			return true;
		usleep(20000);
	}
	return false;
}

static int user_sees(int fd, pid_t pid)
{
	int status = -1;
	pid_t reader = fork();

	if (!reader) {
		int err = become(NOBODY, 0) ? 99 : -look_at(fd, pid);

		_exit(err);
	}
	waitpid(reader, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(processes, that_run_a_setuid_program_are_not_their_user_s)
{
	pid_t pid = future_setuid();

	ASSERT_LT(0, pid);
	EXPECT_EQ(0, user_sees(self->fd, pid));
	ASSERT_TRUE(has_become_root(pid));
	EXPECT_EQ(EACCES, user_sees(self->fd, pid));
	EXPECT_EQ(0, look_at(self->fd, pid));
	kill_child(pid);
}

/* Does the rest of an open file tell of the setuid program? errno is how it ended. */
static bool tells_of_setuid(int fd)
{
	char text[8192 + 1];
	bool tells = false;
	ssize_t got;

	errno = 0;
	while ((got = read(fd, text, sizeof(text) - 1)) > 0) {
		text[got] = '\0';
		tells |= !!strstr(text, SETUID_PROGRAM);
	}
	return tells;
}

/* the file was opened on the program before, and shows no other, even to root */
TEST_F(processes, in_debugfs_are_the_program_that_the_file_was_opened_on)
{
	struct mmscope_attach_arg arg = { .size = sizeof(arg) };
	pid_t pid = future_setuid();
	char path[80], line[4096];
	int begun, fresh, again;

	ASSERT_LT(0, pid);
	arg.pid = pid;
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &arg));
	snprintf(path, sizeof(path), DEBUGFS "/process/%d/vmas", pid);
	begun = open(path, O_RDONLY);
	fresh = open(path, O_RDONLY);
	ASSERT_LE(0, begun);
	ASSERT_LE(0, fresh);
	/* not the first window any more, which would be there still */
	for (int i = 0; i < 20; i++)
		ASSERT_LT(0, read(begun, line, sizeof(line)));
	ASSERT_TRUE(has_become_root(pid));
	EXPECT_FALSE(tells_of_setuid(fresh));
	EXPECT_EQ(ESRCH, errno);
	ASSERT_EQ(0, lseek(begun, 0, SEEK_SET));
	EXPECT_FALSE(tells_of_setuid(begun));
	EXPECT_EQ(ESRCH, errno);
	/* opened again it is another file */
	again = open(path, O_RDONLY);
	ASSERT_LE(0, again);
	EXPECT_TRUE(tells_of_setuid(again));
	EXPECT_EQ(0, errno);
	close(again);
	close(begun);
	close(fresh);
	ioctl(self->fd, MMSCOPE_IOC_DETACH, &arg);
	kill_child(pid);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A file that was opened by one who may and handed on to one who may not: what it
 * shows is decided anew for each reader, also in the middle of an answer.
 */
#include <kselftest_harness.h>

#include <sys/wait.h>

#include "common.h"

#define NOBODY	65534

/* fork() hands on the file, and where the answer was interrupted */
static int nobody_walks_on(int fd, struct mmscope_walk_arg arg, size_t rec_size)
{
	static char buf[1 << 16];
	uint32_t nr = 0;

	if (setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = sizeof(buf);
	if (ioctl(fd, MMSCOPE_IOC_WALK, &arg))
		return 2;
	for (uint32_t i = 0; i < arg.nr; i++) {
		uint64_t start[2];	/* start and end lead both records */

		memcpy(start, buf + i * rec_size, sizeof(start));
		nr += start[0] || start[1];
	}
	return nr ? 3 : 0;
}

/* 64 bits of the upper half, with four levels of page tables or five */
static int has_address(const char *text)
{
	for (; (text = strstr(text, "0xff")); text += 4)
		if (strspn(text + 2, "0123456789abcdef") == 16)
			return 1;
	return 0;
}

static int nobody_reads_on(int fd)
{
	static char buf[1 << 16];
	ssize_t got;

	if (setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	got = read(fd, buf, sizeof(buf) - 1);
	return got > 0 && has_address(buf) ? 3 : 0;
}

static int status_of(pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void walk_by_two(struct __test_metadata *_metadata, uint32_t dataset)
{
	struct mmscope_describe desc = describe_arg(dataset);
	struct mmscope_walk_arg arg = walk_arg(dataset);
	int fd = open_device();
	char buf[4096];
	pid_t child;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_DESCRIBE, &desc));
	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = desc.rec_size;
	ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_WALK, &arg));
	ASSERT_EQ(1, arg.nr);
	/* root sees them, so there is something to hide */
	ASSERT_NE(0, *(uint64_t *)buf);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(nobody_walks_on(fd, arg, desc.rec_size));
	EXPECT_EQ(0, status_of(child));
	close(fd);
}

TEST(addresses_of_kernel_mappings_stay_hidden)
{
	walk_by_two(_metadata, MMSCOPE_DS_KERNEL_MAPPINGS);
}

TEST(addresses_of_vmallocs_stay_hidden)
{
	walk_by_two(_metadata, MMSCOPE_DS_VMALLOCS);
}

TEST(addresses_in_the_text_files_stay_hidden)
{
	static const char *const files[] = { DEBUGFS "/kernel_mappings", DEBUGFS "/vmallocs" };
	char buf[4096];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t got;
		pid_t child;

		ASSERT_LE(0, fd);
		got = read(fd, buf, sizeof(buf) - 1);
		ASSERT_LT(0, got);
		buf[got] = '\0';
		ASSERT_TRUE(has_address(buf));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			_exit(nobody_reads_on(fd));
		EXPECT_EQ(0, status_of(child));
		close(fd);
	}
}

TEST_HARNESS_MAIN

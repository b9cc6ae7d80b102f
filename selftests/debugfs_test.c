// SPDX-License-Identifier: GPL-2.0
/*
 * The debugfs front end: rights, pread and rewind, one column a header word,
 * text equal to the binary records, directories of processes.
 */
#include <kselftest_harness.h>

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

static const struct file {
	const char *path;
	uint32_t dataset;
} files[] = {
	{ DEBUGFS "/features", MMSCOPE_DS_FEATURES },
	{ DEBUGFS "/nodes", MMSCOPE_DS_NODES },
	{ DEBUGFS "/zones", MMSCOPE_DS_ZONES },
	{ DEBUGFS "/pcp", MMSCOPE_DS_PCP },
	{ DEBUGFS "/buddy", MMSCOPE_DS_BUDDY },
	{ DEBUGFS "/free_blocks", MMSCOPE_DS_FREE_BLOCKS },
	{ DEBUGFS "/pageblocks", MMSCOPE_DS_PAGEBLOCKS },
	{ DEBUGFS "/slab_caches", MMSCOPE_DS_SLAB_CACHES },
	{ DEBUGFS "/process/self/vmas", MMSCOPE_DS_VMAS },
	{ DEBUGFS "/process/self/pagetables", MMSCOPE_DS_PAGETABLES },
	{ DEBUGFS "/process/self/mappings", MMSCOPE_DS_MAPPINGS },
};

static int words(const char *line, const char *end)
{
	int nr = 0;

	for (const char *p = line; p < end; p++)
		nr += *p != ' ' && (p + 1 == end || p[1] == ' ');
	return nr;
}

TEST(files_are_read_only_for_root)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct stat st;

		ASSERT_EQ(0, stat(files[i].path, &st)) {
			TH_LOG("%s", files[i].path);
		}
		EXPECT_EQ(S_IFREG | 0400, st.st_mode);
	}
	EXPECT_EQ(0, access(DEBUGFS "/pages", R_OK));
}

TEST(every_line_has_as_many_words_as_the_header)
{
	int fd = open_device();

	ASSERT_LE(0, fd);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char *text = read_file(files[i].path), *line, *end;
		int columns, lines = 0;

		ASSERT_EQ(is_unavailable(fd, files[i].dataset), !text);
		if (!text)
			continue;
		end = strchr(text, '\n');
		ASSERT_NE(NULL, end);
		columns = words(text, end);
		for (line = end + 1; (end = strchr(line, '\n')); line = end + 1, lines++)
			/* the last column, when it is a name, keeps its blanks */
			ASSERT_LE(columns, words(line, end)) {
				TH_LOG("%s: %.*s", files[i].path, (int)(end - line), line);
			}
		EXPECT_LT(0, lines);
		EXPECT_EQ(0, *line);
		free(text);
	}
	close(fd);
}

TEST(pread_and_rewind_see_the_same_text)
{
	char *text = read_file(DEBUGFS "/features");
	char buf[64];
	size_t len;
	int fd;

	ASSERT_NE(NULL, text);
	len = strlen(text);
	ASSERT_LT(300, len);
	fd = open(DEBUGFS "/features", O_RDONLY);
	ASSERT_LE(0, fd);
	/* backwards, in odd pieces */
	for (size_t at = len - 61; at > 61; at -= 61) {
		ASSERT_EQ(61, pread(fd, buf, 61, at));
		ASSERT_EQ(0, memcmp(buf, text + at, 61));
	}
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_EQ(64, read(fd, buf, 64));
	EXPECT_EQ(0, memcmp(buf, text, 64));
	ASSERT_EQ(0, pread(fd, buf, 64, len + 1000));
	close(fd);
	free(text);
}

TEST(a_byte_at_a_time_gives_the_whole)
{
	char *text = read_file(DEBUGFS "/features"), byte;
	int fd = open(DEBUGFS "/features", O_RDONLY);
	size_t i = 0;

	ASSERT_NE(NULL, text);
	ASSERT_LE(0, fd);
	while (read(fd, &byte, 1) == 1)
		ASSERT_EQ(text[i++], byte);
	EXPECT_EQ(0, text[i]);
	close(fd);
	free(text);
}

TEST(bad_buffers_fault)
{
	void *wall = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open(DEBUGFS "/zones", O_RDONLY);

	ASSERT_NE(MAP_FAILED, wall);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, wall, 4096));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
	munmap(wall, 4096);
}

TEST(text_has_the_numbers_of_the_records)
{
	struct answer a;
	char *text = read_file(DEBUGFS "/zones"), *line;
	int fd = open_device();

	ASSERT_LE(0, fd);
	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, walk_all(fd, walk_arg(MMSCOPE_DS_ZONES), &a));
	ASSERT_EQ(0, strncmp(text, "node zone start_pfn spanned_pages ", 34));
	line = strchr(text, '\n') + 1;
	for (size_t i = 0; i < a.nr; i++) {
		const struct mmscope_zone *z = a.records + i * a.rec_size;
		unsigned long start, spanned;
		unsigned int node;

		ASSERT_EQ(3, sscanf(line, "%u %*s %lu %lu", &node, &start, &spanned));
		EXPECT_EQ(z->node, node);
		EXPECT_EQ(z->start_pfn, start);
		EXPECT_EQ(z->spanned_pages, spanned);
		line = strchr(line, '\n') + 1;
	}
	EXPECT_EQ(0, *line);
	answer_free(&a);
	close(fd);
	free(text);
}

TEST(self_is_the_reader)
{
	char *text = read_file(DEBUGFS "/process/self/vmas");
	char path[64];

	ASSERT_NE(NULL, text);
	snprintf(path, sizeof(path), " %d ", getpid());
	EXPECT_NE(NULL, strstr(text, path));
	EXPECT_NE(NULL, strstr(text, "[stack]"));
	free(text);
}

/* ------------------------------------------------------ attached processes */

FIXTURE(attached)
{
	int fd;
	pid_t child;
	struct mmscope_attach_arg arg;
	char path[64];
};

FIXTURE_SETUP(attached)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->child = fork();
	ASSERT_LE(0, self->child);
	while (!self->child)
		pause();
	self->arg.size = sizeof(self->arg);
	self->arg.pid = self->child;
	snprintf(self->path, sizeof(self->path), DEBUGFS "/process/%d/vmas", self->child);
	ASSERT_EQ(-1, access(self->path, F_OK));
	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &self->arg));
}

FIXTURE_TEARDOWN(attached)
{
	ioctl(self->fd, MMSCOPE_IOC_DETACH, &self->arg);
	kill(self->child, SIGKILL);
	waitpid(self->child, NULL, 0);
	close(self->fd);
}

static bool gone_in_time(const char *path)
{
	for (int i = 0; i < 200; i++) {
		if (access(path, F_OK))
			return true;
		usleep(20000);
	}
	return false;
}

TEST_F(attached, has_files_until_it_is_detached)
{
	char *text = read_file(self->path);

	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "[stack]"));
	free(text);
	EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &self->arg));
	EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_DETACH, &self->arg));
	EXPECT_EQ(-1, access(self->path, F_OK));
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_DETACH, &self->arg));
	EXPECT_EQ(ESRCH, errno);
}

TEST_F(attached, has_files_until_it_exits)
{
	int open_file = open(self->path, O_RDONLY);
	char buf[64];

	ASSERT_LE(0, open_file);
	ASSERT_EQ(0, kill(self->child, SIGKILL));
	ASSERT_EQ(self->child, waitpid(self->child, NULL, 0));
	EXPECT_TRUE(gone_in_time(self->path));
	/* an open file of a dead process: an error, not a crash, not stale data */
	EXPECT_EQ(-1, read(open_file, buf, sizeof(buf)));
	close(open_file);
}

TEST_F(attached, refuses_kernel_threads_and_the_dead)
{
	struct mmscope_attach_arg arg = { .size = sizeof(arg), .pid = 2 };

	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &arg));
	EXPECT_EQ(ESRCH, errno);
	arg.pid = 0x3fffff;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &arg));
	EXPECT_EQ(ESRCH, errno);
	arg.pid = 0;
	EXPECT_EQ(-1, ioctl(self->fd, MMSCOPE_IOC_ATTACH, &arg));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Who sees addresses of the kernel: opener and reader, kptr_restrict, and no dataset but
 * two. The other source is /proc/kallsyms, which the same rules govern.
 */
#include <kselftest_harness.h>

#include <ctype.h>

#include "common.h"
#include "rights.h"

#define NO_SYSLOG	(ALL_CAPS & ~CAP(SYSLOG))
#define KERNEL_HALF	0xff00000000000000ULL	/* also with five levels of page tables */

/* Run in a child that is this user, with these capabilities. Return: what it returned, 0 to 100. */
#define IN_CHILD_OF(_uid, _caps, _expression) ({				\
	int _status = -1;							\
	pid_t _pid = fork();							\
										\
	if (!_pid)								\
		_exit(become(_uid, _caps) ? 101 : (_expression) & 127);		\
	waitpid(_pid, &_status, 0);						\
	WIFEXITED(_status) ? WEXITSTATUS(_status) : 102;			\
})

#define IN_CHILD(_caps, _expression)	IN_CHILD_OF(0, _caps, _expression)

/* does kallsyms tell addresses now? */
static int kallsyms_shown(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	bool shown = false;

	for (int i = 0; f && i < 1000 && fscanf(f, "%llx%*[^\n]", &address) == 1; i++)
		shown |= address >= KERNEL_HALF;
	if (f)
		fclose(f);
	return shown;
}

FIXTURE(addresses) {
	char *kptr;
	int fd;
};

FIXTURE_SETUP(addresses)
{
	need_symbol("init_mm");
	self->kptr = read_file(KPTR);
	ASSERT_NE(NULL, self->kptr);
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(addresses)
{
	write_file(KPTR, self->kptr);
	free(self->kptr);
	close(self->fd);
}

static int opened_shows(void)
{
	int fd = open_device();

	return fd < 0 ? 99 : addresses_shown(fd);
}

TEST_F_TIMEOUT(addresses, are_shown_as_kptr_restrict_and_the_capability_allow, 300)
{
	static const char *const levels[] = { "0", "1", "2" };

	for (int level = 0; level < 3; level++) {
		ASSERT_EQ(0, write_file(KPTR, levels[level]));
		EXPECT_EQ(level < 2, opened_shows());
		EXPECT_EQ(level < 2, kallsyms_shown());
		EXPECT_EQ(level < 2, IN_CHILD(ALL_CAPS, opened_shows()));
		EXPECT_EQ(0, IN_CHILD(NO_SYSLOG, opened_shows()));
		/* kallsyms may be more generous at 0: that depends on perf */
		if (level)
			EXPECT_EQ(0, IN_CHILD(NO_SYSLOG, kallsyms_shown()));
	}
}

/* a file opened with the right is of no use to who has it not, and the other way round */
TEST_F_TIMEOUT(addresses, opener_and_reader_need_the_capability, 300)
{
	int pair[2], fd, status;
	pid_t pid;

	ASSERT_EQ(0, write_file(KPTR, "1"));
	EXPECT_EQ(1, IN_CHILD(ALL_CAPS, addresses_shown(self->fd)));
	EXPECT_EQ(0, IN_CHILD(NO_SYSLOG, addresses_shown(self->fd)));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork();
	if (!pid)
		_exit(become(0, NO_SYSLOG) || send_fd(pair[1], open_device()));
	fd = receive_fd(pair[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, addresses_shown(fd));
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

/* what selects by address tells whether something is there */
static int range_errno(int fd, uint32_t dataset)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);
	char buf[8192];

	arg.start = KERNEL_HALF;
	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = sizeof(buf);
	return ioctl(fd, MMSCOPE_IOC_WALK, &arg) ? errno : 0;
}

TEST_F(addresses, are_not_to_be_asked_for_either)
{
	ASSERT_EQ(0, write_file(KPTR, "1"));
	EXPECT_EQ(0, range_errno(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS));
	EXPECT_EQ(EPERM, IN_CHILD(NO_SYSLOG, range_errno(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS)));
	EXPECT_EQ(EPERM, IN_CHILD(NO_SYSLOG, range_errno(self->fd, MMSCOPE_DS_VMALLOCS)));
	ASSERT_EQ(0, write_file(KPTR, "2"));
	EXPECT_EQ(EPERM, range_errno(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS));
}

/* A walk is kept for the next call, of whoever calls. Records with an address, or an error. */
static int read_on(int fd, struct mmscope_walk_arg arg, size_t rec_size)
{
	static char buf[64 << 10];
	int shown = 0;

	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = 16 * rec_size;
	if (ioctl(fd, MMSCOPE_IOC_WALK, &arg))
		return errno == EPERM ? 0 : 98;
	for (uint32_t i = 0; i < arg.nr; i++)
		shown += !!*(uint64_t *)(buf + i * rec_size);
	return shown;
}

static int kept_shows(int fd, uint32_t dataset, uid_t uid, uint64_t caps, size_t rec_size)
{
	struct mmscope_walk_arg arg = walk_arg(dataset);
	char buf[8192];

	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = 4 * rec_size;
	if (ioctl(fd, MMSCOPE_IOC_WALK, &arg) || arg.nr != 4 || !*(uint64_t *)(buf + rec_size))
		return 97;
	return IN_CHILD_OF(uid, caps, read_on(fd, arg, rec_size));
}

TEST_F(addresses, are_not_had_from_a_walk_that_another_began)
{
	const size_t map = sizeof(struct mmscope_kernel_mapping);
	const size_t area = sizeof(struct mmscope_vmalloc);

	ASSERT_EQ(0, write_file(KPTR, "1"));
	/* the addresses both begin with are the first fields */
	EXPECT_LT(8, kept_shows(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS, 0, ALL_CAPS, map));
	EXPECT_LT(8, kept_shows(self->fd, MMSCOPE_DS_VMALLOCS, 0, ALL_CAPS, area));
	EXPECT_EQ(0, kept_shows(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS, 0, NO_SYSLOG, map));
	EXPECT_EQ(0, kept_shows(self->fd, MMSCOPE_DS_VMALLOCS, 0, NO_SYSLOG, area));
	EXPECT_EQ(0, kept_shows(self->fd, MMSCOPE_DS_KERNEL_MAPPINGS, NOBODY, 0, map));
	EXPECT_EQ(0, kept_shows(self->fd, MMSCOPE_DS_VMALLOCS, NOBODY, 0, area));
}

/* 0: no line has an address; 1: some have; 2: not permitted */
static int file_shows(int fd)
{
	static char text[64 << 10];
	ssize_t got = read(fd, text, sizeof(text) - 1);

	if (got < 0)
		return errno == EPERM ? 2 : 96;
	text[got] = '\0';
	return strstr(text, "0xff") ? 1 : 0;
}

TEST_F(addresses, in_an_open_debugfs_file_are_its_opener_s_alone)
{
	static const char *const files[] = {
		DEBUGFS "/vmallocs", DEBUGFS "/kernel_mappings",
	};

	ASSERT_EQ(0, write_file(KPTR, "1"));
	for (size_t i = 0; i < 2; i++) {
		int pair[2], fd = open(files[i], O_RDONLY);

		ASSERT_LE(0, fd);
		EXPECT_EQ(2, IN_CHILD(NO_SYSLOG, file_shows(fd)));
		EXPECT_EQ(1, file_shows(fd));
		/* also what stands in its buffer already */
		EXPECT_EQ(2, IN_CHILD(NO_SYSLOG, file_shows(fd)));
		EXPECT_EQ(2, IN_CHILD_OF(NOBODY, 0, file_shows(fd)));
		close(fd);
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		EXPECT_EQ(0, IN_CHILD(NO_SYSLOG, send_fd(pair[1], open(files[i], O_RDONLY))));
		fd = receive_fd(pair[0]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, file_shows(fd));
		close(fd);
		close(pair[0]);
		close(pair[1]);
	}
}

/* -------------------------------------------------- all datasets, all fields */

/* Would somebody read it as an address of the kernel? */
static bool is_address(uint64_t value)
{
	return value >= KERNEL_HALF && value != MMSCOPE_UNKNOWN && value != MMSCOPE_UNKNOWN - 1;
}

static bool text_has_address(const char *text, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size && text[i]; i++) {
		digits = isxdigit((unsigned char)text[i]) ? digits + 1 : 0;
		if (digits == 16)
			return true;
	}
	return false;
}

/* Fields of a record that have one. Entries of page tables have bits there. */
static unsigned int addresses_in(const struct mmscope_describe *d,
				 const struct mmscope_field *fields, const char *rec)
{
	unsigned int nr = 0;

	for (uint32_t i = 0; i < d->nr_fields; i++) {
		const struct mmscope_field *f = &fields[i];
		bool found = false;

		if (f->unit == MMSCOPE_UNIT_NAME) {
			found = text_has_address(rec + f->offset, f->size);
		} else if (f->size == 8 && !(f->flags & MMSCOPE_FIELD_SIGNED) &&
			   strcmp(f->name, "raw") && f->unit != MMSCOPE_UNIT_FLAGS) {
			for (uint32_t e = 0; e < (f->count ? f->count : 1); e++)
				found |= is_address(*(uint64_t *)(rec + f->offset + 8 * e));
		}
		nr += found;
	}
	return nr;
}

/* Return: how many datasets have addresses in their records; or 100 and more. */
static int scan(int fd, unsigned int *nr_read)
{
	int nr = 0;

	for (uint32_t id = 0; id < 1000; id++) {
		static struct mmscope_field fields[256];
		struct mmscope_describe d = describe_arg(id);
		struct mmscope_walk_arg arg = walk_arg(id);
		unsigned int found = 0;
		struct answer a;

		d.fields = (uintptr_t)fields;
		d.nr_fields = 256;
		if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &d))
			break;
		if (walk_all(fd, arg, &a) == 0) {
			++*nr_read;
			for (size_t i = 0; i < a.nr; i++)
				found += addresses_in(&d, fields,
						      (char *)a.records + i * a.rec_size);
		}
		answer_free(&a);
		nr += !!found;
		if (found)
			fprintf(stderr, "# addresses: %s\n", d.name);
	}
	return nr;
}

/* Return: as scan(); 100: too few were read */
static int scan_all(int fd)
{
	unsigned int nr_read = 0;
	int nr = scan(fd, &nr_read);

	return nr_read < 40 ? 100 : nr;
}

TEST_F_TIMEOUT(addresses, are_in_no_dataset_but_two, 600)
{
	ASSERT_EQ(0, write_file(KPTR, "1"));
	EXPECT_EQ(2, scan_all(self->fd));
	EXPECT_EQ(0, IN_CHILD(NO_SYSLOG, scan_all(self->fd)));
	ASSERT_EQ(0, write_file(KPTR, "2"));
	EXPECT_EQ(0, scan_all(self->fd));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The mmscope command on recordings made here: a dataset it cannot know, and
 * files that are cut, bent or lie. No device; $MMSCOPE is the command.
 *
 * What is made here tests the command's reading and printing. It says nothing
 * about the module.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <kselftest_harness.h>

#include <linux/mmscope.h>

#include "../tools/recording.h"

#define INVENTED 0	/* the id of the only dataset */
#define ROOM 65536
#define NR_RECORDS 3

struct invented {
	__u64 bytes;
	__u64 delta;	/* signed */
	__u64 addr;
	__u64 flags;
	__u64 count[3];
	__u32 color;
	__u32 narrow;
	char name[16];
};

static const struct invented records[NR_RECORDS] = {
	{
		.bytes = 4718592, .delta = -5, .addr = 0x7f0000001000, .flags = 5,
		.count = { 1, 2, 3 }, .color = 1, .narrow = 7, .name = "a \"b\", c",
	}, {
		.bytes = MMSCOPE_UNKNOWN, .delta = MMSCOPE_UNKNOWN_SIGNED,
		.addr = MMSCOPE_UNKNOWN, .flags = MMSCOPE_UNKNOWN,
		.count = { MMSCOPE_UNKNOWN, 0, ~0ULL - 1 }, .color = MMSCOPE_UNKNOWN32,
		.narrow = MMSCOPE_UNKNOWN32, .name = "",
	}, {
		.bytes = 1023, .delta = 9, .addr = 0, .flags = 0x82, .count = { 10, 20, 30 },
		.color = 99, .narrow = 0, .name = "\x1b[31m\xff$`\\",
	},
};

#define F(_member, _size, _count, _unit, _flags, _nr_values) {			\
	.name = #_member, .help = "help of " #_member,				\
	.offset = offsetof(struct invented, _member), .size = _size,		\
	.count = _count, .unit = MMSCOPE_UNIT_##_unit,				\
	.flags = MMSCOPE_FIELD_DEFAULT | (_flags), .nr_values = _nr_values }

static const struct mmscope_field fields[] = {
	F(name, 16, 1, NAME, 0, 0),
	F(bytes, 8, 1, BYTES, 0, 0),
	F(delta, 8, 1, COUNT, MMSCOPE_FIELD_SIGNED, 0),
	F(addr, 8, 1, ADDR, 0, 0),
	F(color, 4, 1, ENUM, MMSCOPE_FIELD_CLASS, 2),
	F(flags, 8, 1, FLAGS, 0, 2),
	F(count, 8, 2, COUNT, MMSCOPE_FIELD_ARRAY, 2),
	F(narrow, 4, 1, ID, 0, 0),
};

static const struct mmscope_value values[] = {
	{ .field = 4, .value = 0, .name = "red" },
	{ .field = 4, .value = 1, .name = "green" },
	{ .field = 5, .value = 1, .name = "hot" },
	{ .field = 5, .value = 4, .name = "wet" },
	{ .field = 6, .value = 2, .name = "last" },
	{ .field = 6, .value = 0, .name = "first" },
};

/**
 * struct made - the file under way, and what the command said of it
 * @file: its bytes
 * @len: how many
 * @describe: in @file
 * @fields: in @file
 * @values: in @file
 * @walk: in @file
 * @path: where it is written to
 * @out: stdout of the last run
 * @err: stderr of the last run
 */
struct made {
	char *file;
	size_t len;
	struct mmscope_describe *describe;
	struct mmscope_field *fields;
	struct mmscope_value *values;
	struct mmscope_walk_arg *walk;
	char path[32];
	char out[ROOM];
	char err[ROOM];
};

static void *put(struct made *m, const void *data, size_t bytes)
{
	void *to = m->file + m->len;

	memcpy(to, data, bytes);
	m->len += bytes;
	return to;
}

static void put_section(struct made *m, __u32 type, __u32 arg, __u64 bytes)
{
	struct recording_section section = { .type = type, .arg_bytes = arg, .bytes = bytes };

	put(m, &section, sizeof(section));
}

static void make_file(struct made *m)
{
	const struct recording_header header = {
		.magic = RECORDING_MAGIC, .version = RECORDING_VERSION,
		.bytes = sizeof(header), .machine = "pdp11",
	};
	const struct mmscope_info info = {
		.size = sizeof(info), .abi_version = MMSCOPE_ABI_VERSION, .nr_datasets = 1,
		.page_size = 4096, .nr_orders = 11, .pageblock_pages = 512, .nr_cpus = 1,
		.nr_nodes = 1, .version = "9.9", .release = "6.99",
	};
	const struct mmscope_describe describe = {
		.size = sizeof(describe), .dataset = INVENTED, .nr_fields = 8, .nr_values = 6,
		.rec_size = sizeof(struct invented), .name = "invented", .help = "made up",
	};
	const struct mmscope_walk_arg walk = {
		.size = sizeof(walk), .dataset = INVENTED, .node = MMSCOPE_ANY,
		.zone = MMSCOPE_ANY, .end = ~0ULL, .nr = NR_RECORDS,
		.rec_size = sizeof(struct invented), .status = MMSCOPE_WALK_DONE,
		.max_lock_ns = 17, .locks = 4,
	};

	put(m, &header, sizeof(header));
	put_section(m, RECORDING_INFO, sizeof(info), sizeof(info));
	put(m, &info, sizeof(info));
	put_section(m, RECORDING_DESCRIBE, sizeof(describe),
		    sizeof(describe) + sizeof(fields) + sizeof(values));
	m->describe = put(m, &describe, sizeof(describe));
	m->fields = put(m, fields, sizeof(fields));
	m->values = put(m, values, sizeof(values));
	put_section(m, RECORDING_WALK, sizeof(walk), sizeof(walk) + sizeof(records));
	m->walk = put(m, &walk, sizeof(walk));
	put(m, records, sizeof(records));
	put_section(m, RECORDING_END, 0, 0);
}

static void write_file(struct made *m, size_t len)
{
	int fd = open(m->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, m->file, len) != (ssize_t)len)
		ksft_exit_fail_msg("cannot write %s\n", m->path);
	close(fd);
}

static void slurp(int fd, char *buf)
{
	ssize_t n = pread(fd, buf, ROOM - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* Run "mmscope --from FILE ARGS". Return: exit status, or 128 + signal. */
static int run(struct made *m, const char *args)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	char command[512];
	int status;
	pid_t pid;

	snprintf(command, sizeof(command), "exec \"$MMSCOPE\" --from %s %s", m->path, args);
	pid = fork();
	if (!pid) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		alarm(20);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(126);
	}
	waitpid(pid, &status, 0);
	slurp(out, m->out);
	slurp(err, m->err);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_on(struct made *m, size_t len)
{
	write_file(m, len);
	return run(m, "invented -J --output-all");
}

/* One sentence on stderr, status 1. */
static bool refused(struct made *m, int status)
{
	const char *newline = strchr(m->err, '\n');

	return status == 1 && !strncmp(m->err, "mmscope: ", 9) && newline && !newline[1];
}

FIXTURE(recording)
{
	struct made m;
};

FIXTURE_SETUP(recording)
{
	int fd;

	if (!getenv("MMSCOPE") || access(getenv("MMSCOPE"), X_OK))
		SKIP(return, "MMSCOPE does not name the command");
	self->m.file = calloc(1, ROOM);
	ASSERT_NE(NULL, self->m.file);
	snprintf(self->m.path, sizeof(self->m.path), "/tmp/mmscope-rec-XXXXXX");
	fd = mkstemp(self->m.path);
	ASSERT_LE(0, fd);
	close(fd);
	make_file(&self->m);
	write_file(&self->m, self->m.len);
}

FIXTURE_TEARDOWN(recording)
{
	unlink(self->m.path);
	free(self->m.file);
}

TEST_F(recording, an_unknown_dataset_is_printed_as_a_table)
{
	ASSERT_EQ(0, run(&self->m, "invented -o name,bytes,delta,addr,color,flags,narrow"));
	EXPECT_STREQ("NAME            BYTES DELTA           ADDR COLOR FLAGS   NARROW\n"
		     "a \"b\", c         4.5M    -5 0x7f0000001000 green hot|wet      7\n"
		     "-                   ?     ?              ? ?     ?            ?\n"
		     "\\x1b[31m\\xff$`\\ 1023B     9            0x0 99    0x82         0\n",
		     self->m.out);
	EXPECT_STREQ("", self->m.err);
}

TEST_F(recording, an_unknown_dataset_is_printed_as_json)
{
	ASSERT_EQ(0, run(&self->m, "invented -J"));
	EXPECT_STREQ("{\n  \"mmscope\": {\"version\": \"9.9\", \"abi\": 1, \"kernel\": \"6.99\", "
		     "\"page_size\": 4096, \"orders\": 11, \"pageblock_pages\": 512, "
		     "\"cpus\": 1, \"nodes\": 1},\n"
		     "  \"invented\": [\n"
		     "    {\"name\": \"a \\\"b\\\", c\", \"bytes\": 4718592, \"delta\": -5, "
		     "\"addr\": 139637976731648, \"color\": \"green\", \"flags\": [\"hot\", \"wet\"], "
		     "\"count\": {\"last\": 3, \"first\": 1}, \"narrow\": 7},\n"
		     "    {\"name\": \"\", \"bytes\": null, \"delta\": null, \"addr\": null, "
		     "\"color\": null, \"flags\": null, "
		     "\"count\": {\"last\": 18446744073709551614, \"first\": null}, \"narrow\": null},\n"
		     "    {\"name\": \"\\u001b[31m\\ufffd$`\\\\\", \"bytes\": 1023, \"delta\": 9, "
		     "\"addr\": 0, \"color\": \"99\", \"flags\": [\"0x82\"], "
		     "\"count\": {\"last\": 30, \"first\": 10}, \"narrow\": 0}\n"
		     "  ]\n}\n", self->m.out);
}

TEST_F(recording, an_unknown_dataset_is_printed_as_words_pairs_and_csv)
{
	ASSERT_EQ(0, run(&self->m, "invented --raw"));
	EXPECT_STREQ("name bytes delta addr color flags count.last count.first narrow\n"
		     "a\\040\"b\",\\040c 4718592 -5 0x7f0000001000 green hot|wet 3 1 7\n"
		     "- ? ? ? ? ? 18446744073709551614 ? ?\n"
		     "\\033[31m\xff$`\\134 1023 9 0x0 99 0x82 30 10 0\n", self->m.out);
	ASSERT_EQ(0, run(&self->m, "invented --pairs -o name,count"));
	EXPECT_STREQ("NAME=\"a \\x22b\\x22, c\" COUNT_LAST=\"3\" COUNT_FIRST=\"1\"\n"
		     "NAME=\"\" COUNT_LAST=\"18446744073709551614\" COUNT_FIRST=\"\"\n"
		     "NAME=\"\\x1b[31m\xff\\x24\\x60\\x5c\" COUNT_LAST=\"30\" COUNT_FIRST=\"10\"\n",
		     self->m.out);
	ASSERT_EQ(0, run(&self->m, "invented --csv -o name,delta"));
	EXPECT_STREQ("name,delta\n\"a \"\"b\"\", c\",-5\n,\n\x1b[31m\xff$`\\,9\n", self->m.out);
}

TEST_F(recording, its_class_its_columns_and_its_order_are_learnt_too)
{
	ASSERT_EQ(0, run(&self->m, "invented --class GREEN,0 -rn -o NARROW"));
	EXPECT_STREQ("7\n", self->m.out);
	ASSERT_EQ(0, run(&self->m, "invented --sort delta:desc -rn -o delta"));
	EXPECT_STREQ("?\n9\n-5\n", self->m.out);
	ASSERT_EQ(0, run(&self->m, "invented --sort delta -rn -o delta --limit 2"));
	EXPECT_STREQ("-5\n9\n", self->m.out);
	ASSERT_EQ(0, run(&self->m, "invented --list-columns -rn -o name"));
	ASSERT_EQ(0, run(&self->m, "list -rn"));
	EXPECT_STREQ("invented ok - made\\040up -\n", self->m.out);
}

TEST_F(recording, what_the_answer_cost_is_told)
{
	ASSERT_EQ(0, run(&self->m, "invented -v -rn -o delta"));
	EXPECT_STREQ("invented: 3 records in 1 calls, 0.000 ms; longest lock hold 17 ns of 4, "
		     "0 restarts, 0 torn\n", self->m.err);
}

/* more than the command keeps: printed in parts, which must not show */
TEST_F(recording, a_long_table_has_its_headings_once)
{
	const __u32 nr = 45000;
	const size_t more = (nr - NR_RECORDS) * sizeof(*records);
	struct recording_section *section = (struct recording_section *)self->m.walk - 1;
	size_t at = (char *)self->m.walk - self->m.file;

	section->bytes += more;
	self->m.walk->nr = nr;
	self->m.len -= sizeof(struct recording_section);
	self->m.file = realloc(self->m.file, self->m.len + more + sizeof(struct recording_section));
	ASSERT_NE(NULL, self->m.file);
	for (__u32 i = NR_RECORDS; i < nr; i++)
		put(&self->m, &records[2], sizeof(*records));	/* narrow ones */
	put_section(&self->m, RECORDING_END, 0, 0);
	self->m.walk = (void *)(self->m.file + at);
	write_file(&self->m, self->m.len);
	ASSERT_EQ(0, run(&self->m, "invented -o addr,count,bytes | awk '"
			 "{ w[length($0)]++ } /ADDR/ { h++ } "
			 "END { for (i in w) n++; print NR, h, n }'"));
	EXPECT_STREQ("45001 1 1\n", self->m.out);
}

TEST_F(recording, the_overview_leaves_out_what_is_absent)
{
	ASSERT_EQ(0, run(&self->m, ""));
	EXPECT_STREQ("mmscope 9.9 on Linux 6.99: 1 CPU, 1 node, pages of 4K, page blocks of 2M\n\n"
		     "All 1 datasets are available: see 'mmscope list'.\n", self->m.out);
}

TEST_F(recording, another_abi_or_format_is_refused)
{
	struct recording_header *header = (void *)self->m.file;
	struct mmscope_info *info = (void *)(self->m.file + sizeof(*header) +
					     sizeof(struct recording_section));

	info->abi_version = MMSCOPE_ABI_VERSION + 1;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	EXPECT_NE(NULL, strstr(self->m.err, "speaks ABI version 2, this mmscope only 1"));
	info->abi_version = MMSCOPE_ABI_VERSION;
	header->version = RECORDING_VERSION + 1;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	EXPECT_NE(NULL, strstr(self->m.err, "recorded in format 2, this mmscope knows 1"));
}

TEST_F(recording, a_file_cut_anywhere_is_refused)
{
	for (size_t len = 0; len < self->m.len; len += 5) {
		int status = run_on(&self->m, len);

		ASSERT_TRUE(refused(&self->m, status)) {
			TH_LOG("length %zu: status %d, '%s'", len, status, self->m.err);
		}
	}
}

/* Anything may come out, but in order: no crash, no hang. */
TEST_F_TIMEOUT(recording, bent_bytes_do_no_harm, 120)
{
	srand(1);
	for (int round = 0; round < 1500; round++) {
		char *backup = malloc(self->m.len);
		int status;

		memcpy(backup, self->m.file, self->m.len);
		for (int i = rand() % 4; i >= 0; i--)
			self->m.file[rand() % self->m.len] = rand() % 3 ? rand() : -(rand() % 2);
		status = run_on(&self->m, self->m.len);
		ASSERT_TRUE(status == 0 || refused(&self->m, status)) {
			TH_LOG("round %d: status %d, '%s'", round, status, self->m.err);
		}
		memcpy(self->m.file, backup, self->m.len);
		free(backup);
	}
}

TEST_F(recording, a_description_that_lies_is_refused)
{
	self->m.fields[1].offset = sizeof(struct invented) - 4;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.fields[1].offset = ~0U;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.fields[1].offset = 0;
	self->m.fields[0].size = ~0U;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.fields[0].size = 16;
	self->m.fields[6].count = 1U << 31;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.fields[6].count = 2;
	self->m.values[4].value = 1ULL << 61;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.values[4].value = 2;
	self->m.describe->nr_fields = 7;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.describe->nr_fields = ~0U;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.describe->nr_fields = 8;
	EXPECT_EQ(0, run_on(&self->m, self->m.len));
}

TEST_F(recording, an_answer_that_lies_is_refused)
{
	self->m.walk->nr = 4;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.walk->nr = ~0U;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.walk->nr = NR_RECORDS;
	self->m.walk->rec_size = 0;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.walk->rec_size = ~0U;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
	self->m.walk->rec_size = sizeof(struct invented);
	self->m.walk->dataset = 5;
	EXPECT_TRUE(refused(&self->m, run_on(&self->m, self->m.len)));
}

/* ----------------------------------------------- answers to point queries */

/* put before the end of the file: a description, and one answer with its records */
struct answered {
	struct made *m;
	struct mmscope_info *info;
	void *arg;		/* of the answer, in the file */
	struct recording_section *section;	/* of the answer, in the file */
	size_t arg_bytes;
	const char *command;
};

static void put_answer(struct answered *a, __u32 id, const char *name, __u32 type,
		       const struct mmscope_pfn_range *range)
{
	struct mmscope_describe describe = *a->m->describe;
	const size_t ranges = range ? sizeof(*range) : 0;
	static const char arg[512];

	a->info = (void *)(a->m->file + sizeof(struct recording_header) +
			   sizeof(struct recording_section));
	a->info->nr_datasets = id + 1;
	describe.dataset = id;
	snprintf(describe.name, sizeof(describe.name), "%s", name);
	a->m->len -= sizeof(struct recording_section);
	put_section(a->m, RECORDING_DESCRIBE, sizeof(describe),
		    sizeof(describe) + sizeof(fields) + sizeof(values));
	put(a->m, &describe, sizeof(describe));
	put(a->m, fields, sizeof(fields));
	put(a->m, values, sizeof(values));
	a->section = (void *)(a->m->file + a->m->len);
	put_section(a->m, type, a->arg_bytes, a->arg_bytes + ranges + sizeof(records));
	a->arg = put(a->m, arg, a->arg_bytes);
	put(a->m, range, ranges);
	put(a->m, records, sizeof(records));
	put_section(a->m, RECORDING_END, 0, 0);
}

static struct mmscope_rmap_arg *make_rmap(struct answered *a, struct made *m)
{
	static const struct mmscope_pfn_range range = { 5, 8 };
	struct mmscope_rmap_arg *arg;

	*a = (struct answered){
		.m = m, .arg_bytes = sizeof(*arg), .command = "rmap 5-8 -J --output-all",
	};
	put_answer(a, MMSCOPE_DS_RMAPS, "rmaps", RECORDING_RMAP, &range);
	arg = a->arg;
	arg->nr_ranges = 1;
	arg->nr = NR_RECORDS;
	arg->rec_size = sizeof(struct invented);
	arg->status = MMSCOPE_WALK_DONE;
	return arg;
}

static struct mmscope_alloc_arg *make_alloc(struct answered *a, struct made *m)
{
	struct mmscope_alloc_arg *arg;

	*a = (struct answered){
		.m = m, .arg_bytes = sizeof(*arg),
		.command = "alloc --order 3 --gfp __GFP_IO --output-all",
	};
	put_answer(a, MMSCOPE_DS_ALLOC_ZONES, "alloc_zones", RECORDING_ALLOC, NULL);
	arg = a->arg;
	arg->order = 3;
	arg->gfp = MMSCOPE_GFP_IO;
	arg->node = MMSCOPE_ANY;
	arg->nr = NR_RECORDS;
	arg->rec_size = sizeof(struct invented);
	return arg;
}

static int ask(struct answered *a)
{
	write_file(a->m, a->m->len);
	return run(a->m, a->command);
}

/* the answer without its last `bytes`, the sections around it in order */
static int ask_without(struct answered *a, size_t bytes)
{
	char *from = (char *)(a->section + 1) + a->section->bytes;
	const size_t rest = a->m->file + a->m->len - from;
	char *whole = malloc(a->m->len);
	const size_t len = a->m->len;
	int status;

	memcpy(whole, a->m->file, len);
	a->section->bytes -= bytes;
	if (a->section->arg_bytes > a->section->bytes)
		a->section->arg_bytes = a->section->bytes;
	memmove(from - bytes, from, rest);
	a->m->len -= bytes;
	status = ask(a);
	memcpy(a->m->file, whole, len);
	a->m->len = len;
	free(whole);
	return status;
}

#define expect_refused(_nr, _value) do {			\
	typeof(_nr) was = _nr;					\
								\
	_nr = _value;						\
	EXPECT_TRUE(refused(&self->m, ask(&a)));		\
	_nr = was;						\
} while (0)

TEST_F(recording, an_answer_of_rmap_that_lies_is_refused)
{
	struct answered a;
	struct mmscope_rmap_arg *arg = make_rmap(&a, &self->m);

	ASSERT_EQ(0, ask(&a));
	EXPECT_NE(NULL, strstr(self->m.out, "\"rmaps\": ["));
	expect_refused(arg->nr, NR_RECORDS + 1);
	expect_refused(arg->nr, NR_RECORDS - 1);
	expect_refused(arg->nr, ~0U);
	expect_refused(arg->rec_size, 0);
	expect_refused(arg->rec_size, sizeof(struct invented) - 8);
	expect_refused(arg->rec_size, sizeof(struct invented) + 8);
	expect_refused(arg->rec_size, ~0U);
	expect_refused(arg->nr_ranges, 0);
	expect_refused(arg->nr_ranges, ~0U);
	/* there should be more, but there is not */
	expect_refused(arg->status, 0);
	expect_refused(a.section->bytes, ~0ULL);
	expect_refused(a.section->bytes, a.section->bytes + (1 << 20));
	expect_refused(a.section->arg_bytes, ~0U);
	expect_refused(a.section->arg_bytes, 0);
	for (size_t bytes = 8; bytes <= a.section->bytes; bytes += 8)
		EXPECT_TRUE(refused(&self->m, ask_without(&a, bytes)));
	EXPECT_EQ(0, ask(&a));
}

TEST_F(recording, an_answer_of_alloc_that_lies_is_refused)
{
	struct answered a;
	struct mmscope_alloc_arg *arg = make_alloc(&a, &self->m);

	ASSERT_EQ(0, ask(&a));
	EXPECT_NE(NULL, strstr(self->m.out, "order 3 (32K) __GFP_IO"));
	expect_refused(arg->nr, NR_RECORDS + 1);
	expect_refused(arg->nr, NR_RECORDS - 1);
	expect_refused(arg->nr, ~0U);
	expect_refused(arg->rec_size, 0);
	expect_refused(arg->rec_size, sizeof(struct invented) + 8);
	expect_refused(arg->rec_size, ~0U);
	expect_refused(a.section->bytes, ~0ULL);
	expect_refused(a.section->bytes, a.section->bytes + (1 << 20));
	expect_refused(a.section->arg_bytes, ~0U);
	expect_refused(a.section->arg_bytes, 0);
	for (size_t bytes = 8; bytes <= a.section->bytes; bytes += 8)
		EXPECT_TRUE(refused(&self->m, ask_without(&a, bytes)));
	/* of a machine that there is not */
	expect_refused(a.info->nr_nodes, ~0U);
	expect_refused(a.info->nr_nodes, 1U << 30);
	expect_refused(a.info->nr_orders, 0);
	a.info->nr_orders = 1U << 30;
	arg->order = 1U << 29;
	a.command = "alloc --order 536870912 --gfp __GFP_IO";
	EXPECT_TRUE(refused(&self->m, ask(&a)));
}

/* what the words say of numbers that nobody knows is open, that they are printed is not */
TEST_F(recording, an_answer_of_alloc_with_any_numbers_does_no_harm)
{
	struct answered a;
	struct mmscope_alloc_arg *arg = make_alloc(&a, &self->m);

	for (__u32 i = 0; i < 64; i++) {
		arg->result = i < 8 ? i : ~0U;
		arg->from_node = i % 3 ? i * 0x10000000 : i;
		arg->from_zone = arg->from_node;
		arg->cpu = ~i;
		arg->migratetype = ~i;
		arg->list_node = ~i;
		arg->may = i % 2 ? ~0U : i;
		arg->unknown = arg->may;
		EXPECT_EQ(0, ask(&a));
	}
}

TEST_HARNESS_MAIN

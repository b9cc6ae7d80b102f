// SPDX-License-Identifier: GPL-2.0
/*
 * Every command on recordings that are bent, cut, lie or lack something, with ASan and
 * UBSan: there may come out anything, or one sentence, but in order. Seeded: the same in
 * every run. scripts/fuzz-files goes on where this ends; what it found is here.
 */
#include <kselftest_harness.h>

#undef ARRAY_SIZE	/* the same in both */
#define main mmscope_main
#include "../tools/mmscope.c"
#undef main

#include "../tools/recording.h"
#include "fuzz/bend.h"
#include "fuzz/commands.h"

#define ROUNDS		1500
#define SECONDS		30	/* that one may take */
#define MAX_SECTIONS	1024

/**
 * struct recording - the file, in memory
 * @bytes: it
 * @len: how long
 * @at: where its sections are
 * @nr: how many
 * @path: where what was made of it is written
 */
struct recording {
	char *bytes;
	size_t len;
	size_t at[MAX_SECTIONS];
	size_t nr;
	char path[40];
};

static struct recording_section head_at(const char *bytes, size_t at)
{
	struct recording_section head;

	memcpy(&head, bytes + at, sizeof(head));
	return head;
}

static size_t section_bytes(const struct recording_section *head)
{
	return sizeof(*head) + head->bytes + (-head->bytes % 8);
}

static int load(struct recording *r)
{
	FILE *f = popen("gunzip -c recordings/commands.rec.gz", "r");
	struct recording_section head;

	r->bytes = malloc(4 << 20);
	r->len = f && r->bytes ? fread(r->bytes, 1, 4 << 20, f) : 0;
	if (!f || pclose(f))
		return -1;
	for (size_t at = sizeof(struct recording_header);
	     at + sizeof(head) <= r->len && r->nr < MAX_SECTIONS; at += section_bytes(&head)) {
		head = head_at(r->bytes, at);
		r->at[r->nr++] = at;
	}
	return r->nr > 100 ? 0 : -1;
}

/* ------------------------------------------------------------- what is mutated */

/* An answer, or a description, that is a little off: not what a check of its size finds. */
static void mutate_section(const struct recording *r, char *copy)
{
	size_t at = r->at[pick(r->nr)];
	const struct recording_section head = head_at(r->bytes, at);
	char *payload = copy + at + sizeof(head);
	struct mmscope_walk_arg arg;

	switch (pick(4)) {
	case 0:		/* the argument alone */
		mutate(payload, head.arg_bytes);
		break;
	case 1:		/* what follows it: records, fields, values */
		mutate(payload + head.arg_bytes, head.bytes - head.arg_bytes);
		break;
	case 2:		/* the head */
		mutate(copy + at, sizeof(head));
		break;
	case 3:
		if (head.type != RECORDING_WALK)
			break;
		memcpy(&arg, payload, sizeof(arg));
		arg.dataset = pick(64);
		arg.nr += pick(3) - 1;
		memcpy(payload, &arg, sizeof(arg));
		break;
	}
}

/* Some sections more than once, or not at all, or in another order. */
static size_t shuffle(const struct recording *r, const char *from, char *to)
{
	size_t len = sizeof(struct recording_header);

	memcpy(to, from, len);
	for (size_t i = 0; i < r->nr; i++) {
		size_t which = pick(30) ? i : pick(r->nr), at = r->at[which];
		size_t end = which + 1 < r->nr ? r->at[which + 1] : r->len;

		if (len + end - at > r->len + 65536)
			break;
		memcpy(to + len, from + at, end - at);
		len += end - at;
	}
	return len;
}

static void make_bent(const struct recording *r)
{
	char *copy = malloc(r->len), *file = malloc(r->len + 65536);
	size_t len = r->len;

	memcpy(copy, r->bytes, r->len);
	for (size_t i = 1 + pick(20); i; i--)
		mutate_section(r, copy);
	if (pick(4)) {
		memcpy(file, copy, len);
	} else {
		len = shuffle(r, r->bytes, file);
		mutate(file, len);
	}
	write_file(r->path, file, pick(10) ? len : pick(len));
	free(copy);
	free(file);
}

/* ------------------------------------------------------------------ what is read */

/* Return: the status as a shell has it */
static int read_in_child(const struct recording *r, const char *command, char *err, size_t size)
{
	char line[256], *words[FUZZ_MAX_WORDS];
	int said = open_words(), nr;
	pid_t pid = fork();

	if (!pid) {
		listen_to(said, SECONDS);
		nr = fuzz_words(command, line, sizeof(line), (char *)r->path, words);
		exit(mmscope_main(nr, words));
	}
	return wait_for(pid, said, err, size);
}

FIXTURE(files) {
	struct recording r;
	char err[8192];
};

FIXTURE_SETUP(files)
{
	int fd;

	if (access("recordings/commands.rec.gz", R_OK))
		SKIP(return, "no recording");
	ASSERT_EQ(0, load(&self->r));
	snprintf(self->r.path, sizeof(self->r.path), "/tmp/mmscope-files-XXXXXX");
	fd = mkstemp(self->r.path);
	ASSERT_LE(0, fd);
	close(fd);
}

FIXTURE_TEARDOWN(files)
{
	unlink(self->r.path);
	free(self->r.bytes);
}

/* kmap wx says by its status that there is something */
static bool is_sound(int status, const char *err)
{
	return in_order(status == 3 ? 0 : status, err);
}

#define EXPECT_SOUND(_self, _command) do {					\
	int _status = read_in_child(&(_self)->r, _command, (_self)->err,	\
				    sizeof((_self)->err));			\
	ASSERT_TRUE(is_sound(_status, (_self)->err)) {				\
		TH_LOG("mmscope %s: status %d\n%s", _command, _status, (_self)->err); \
	}									\
} while (0)

TEST_F_TIMEOUT(files, what_is_sound_is_read, 300)
{
	size_t nr_read = 0;

	write_file(self->r.path, self->r.bytes, self->r.len);
	for (size_t i = 0; i < FUZZ_NR_COMMANDS; i++) {
		int status = read_in_child(&self->r, fuzz_commands[i], self->err,
					   sizeof(self->err));

		ASSERT_TRUE(is_sound(status, self->err)) {
			TH_LOG("mmscope %s: status %d\n%s", fuzz_commands[i], status, self->err);
		}
		nr_read += status == 0;
	}
	/* but those that want samples */
	EXPECT_LT(FUZZ_NR_COMMANDS - 12, nr_read);
}

/* A recording of another kernel, or by an older module: @without says of which it has none. */
static void write_without(const struct recording *r, bool (*without)(uint32_t, size_t), size_t arg)
{
	char *file = malloc(r->len);
	size_t len = sizeof(struct recording_header);

	memcpy(file, r->bytes, len);
	for (size_t i = 0; i < r->nr; i++) {
		const struct recording_section head = head_at(r->bytes, r->at[i]);
		struct mmscope_describe d = { 0 };

		if (head.type == RECORDING_DESCRIBE)
			memcpy(&d, r->bytes + r->at[i] + sizeof(head), sizeof(d));
		if (head.type == RECORDING_DESCRIBE && without(d.dataset, arg))
			continue;
		memcpy(file + len, r->bytes + r->at[i], section_bytes(&head));
		len += section_bytes(&head);
	}
	write_file(r->path, file, len);
	free(file);
}

static bool is_any(uint32_t dataset, size_t arg)
{
	(void)arg;
	return dataset != MMSCOPE_DS_FEATURES;
}

static bool is_of_group(uint32_t dataset, size_t arg)
{
	return dataset % 8 == arg;
}

/* hugepages crashed on one without `forecast` */
TEST_F_TIMEOUT(files, what_lacks_datasets_does_no_harm, 600)
{
	write_without(&self->r, is_any, 0);
	for (size_t i = 0; i < FUZZ_NR_COMMANDS; i++)
		EXPECT_SOUND(self, fuzz_commands[i]);
	for (size_t group = 0; group < 8; group++) {
		write_without(&self->r, is_of_group, group);
		for (size_t i = 0; i < FUZZ_NR_COMMANDS; i++)
			EXPECT_SOUND(self, fuzz_commands[i]);
	}
}

/* The first extents are where no memory can be: the map divided by a number of none. */
TEST_F_TIMEOUT(files, frames_where_no_memory_can_be_do_no_harm, 300)
{
	static const uint64_t odd[] = {
		1ULL << 63, (1ULL << 63) + 1, ~0ULL - 1, 1ULL << 52, (1ULL << 52) - 1, 1ULL << 40,
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd) * 2; i++) {
		char *copy = malloc(self->r.len);

		memcpy(copy, self->r.bytes, self->r.len);
		for (size_t j = 0; j < self->r.nr; j++) {
			const struct recording_section head = head_at(copy, self->r.at[j]);
			char *payload = copy + self->r.at[j] + sizeof(head);
			struct mmscope_walk_arg arg;

			if (head.type != RECORDING_WALK)
				continue;
			memcpy(&arg, payload, sizeof(arg));
			/* pfn is the first field; pages follow it */
			if (arg.dataset == MMSCOPE_DS_EXTENTS && arg.nr)
				memcpy(payload + head.arg_bytes +
				       (arg.nr - 1) * arg.rec_size * (i & 1), &odd[i / 2], 8);
		}
		write_file(self->r.path, copy, self->r.len);
		free(copy);
		for (size_t j = 0; j < FUZZ_NR_COMMANDS; j++)
			if (!strncmp(fuzz_commands[j], "map", 3) ||
			    !strncmp(fuzz_commands[j], "where", 5))
				EXPECT_SOUND(self, fuzz_commands[j]);
	}
}

/* An answer without a record: what was to be sorted was nothing. */
TEST_F_TIMEOUT(files, empty_answers_do_no_harm, 300)
{
	char *copy = malloc(self->r.len);
	size_t len = sizeof(struct recording_header);

	memcpy(copy, self->r.bytes, len);
	for (size_t i = 0; i < self->r.nr; i++) {
		struct recording_section head = head_at(self->r.bytes, self->r.at[i]);
		const char *payload = self->r.bytes + self->r.at[i] + sizeof(head);
		struct mmscope_walk_arg arg;

		if (head.type == RECORDING_WALK)
			head.bytes = head.arg_bytes;
		memcpy(copy + len, &head, sizeof(head));
		memcpy(copy + len + sizeof(head), payload, head.bytes);
		if (head.type == RECORDING_WALK) {
			memcpy(&arg, payload, sizeof(arg));
			arg.nr = 0;
			memcpy(copy + len + sizeof(head), &arg, sizeof(arg));
		}
		memset(copy + len + sizeof(head) + head.bytes, 0, -head.bytes % 8);
		len += section_bytes(&head);
	}
	write_file(self->r.path, copy, len);
	free(copy);
	for (size_t i = 0; i < FUZZ_NR_COMMANDS; i++)
		EXPECT_SOUND(self, fuzz_commands[i]);
}

TEST_F_TIMEOUT(files, cut_ones_do_no_harm, 300)
{
	srand(7);
	for (size_t i = 0; i < 200; i++) {
		write_file(self->r.path, self->r.bytes, i < 100 ? i : pick(self->r.len));
		EXPECT_SOUND(self, fuzz_commands[i % FUZZ_NR_COMMANDS]);
	}
}

TEST_F_TIMEOUT(files, bent_ones_do_no_harm, 900)
{
	srand(11);
	for (int round = 0; round < ROUNDS; round++) {
		make_bent(&self->r);
		EXPECT_SOUND(self, fuzz_commands[round % FUZZ_NR_COMMANDS]);
	}
}

TEST_HARNESS_MAIN

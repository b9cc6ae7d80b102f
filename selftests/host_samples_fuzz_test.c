// SPDX-License-Identifier: GPL-2.0
/*
 * Recordings of samples that are bent, cut or lie, read by the command's own code with
 * ASan and UBSan in it: there may come out anything, or one sentence, but in order. The
 * mutations are seeded: the same in every run. Half of them are made inside of what is
 * compressed, where a checksum would find others at once.
 */
#include <kselftest_harness.h>

#undef ARRAY_SIZE	/* the same in both */
#include <stdint.h>
#include <zlib.h>

#include "../tools/cmd.h"
#include "../tools/pack.h"
#include "../tools/when.h"
#include "fuzz/bend.h"

#define ROUNDS		1500
#define SECONDS		20	/* that one may take */
#define MAX_SAMPLES	16

/**
 * struct recording - the file, in memory
 * @bytes: it
 * @len: how long
 * @at: where the sections of samples are
 * @nr: how many
 * @path: where what was made of it is written
 */
struct recording {
	char *bytes;
	size_t len;
	size_t at[MAX_SAMPLES];
	size_t nr;
	char path[40];
};

static int load(struct recording *r)
{
	FILE *f = popen("gunzip -c recordings/samples.rec.gz", "r");
	struct recording_header header;
	struct recording_section head;

	r->bytes = malloc(1 << 20);
	r->len = f && r->bytes ? fread(r->bytes, 1, 1 << 20, f) : 0;
	if (!f || pclose(f) || r->len < sizeof(header))
		return -1;
	memcpy(&header, r->bytes, sizeof(header));
	for (size_t at = header.bytes; at + sizeof(head) <= r->len;) {
		memcpy(&head, r->bytes + at, sizeof(head));
		if (head.type == RECORDING_SAMPLE && r->nr < MAX_SAMPLES)
			r->at[r->nr++] = at;
		at += sizeof(head) + head.bytes + (-head.bytes % 8);
	}
	return r->nr ? 0 : -1;
}

/* Mutate anywhere in the file, and cut it sometimes. */
static void mutate_outside(const struct recording *r)
{
	char *copy = malloc(r->len);
	size_t len = pick(4) ? r->len : pick(r->len);

	memcpy(copy, r->bytes, r->len);
	mutate(copy, len);
	write_file(r->path, copy, len);
	free(copy);
}

/* the plain text of a sample, its length in front */
static char *inflate_sample(const struct recording *r, size_t i, uint64_t *plain)
{
	const char *packed = r->bytes + r->at[i] + sizeof(struct recording_section) +
			     sizeof(struct recording_sample);
	struct recording_section head;
	uLongf room;
	char *text;

	memcpy(&head, r->bytes + r->at[i], sizeof(head));
	memcpy(plain, packed, sizeof(*plain));
	room = *plain;
	text = malloc(room);
	if (uncompress((Bytef *)text, &room, (const Bytef *)packed + 8,
		       head.bytes - sizeof(struct recording_sample) - 8) != Z_OK)
		abort();
	return text;
}

/* An answer that is a little off: not what a check of its size alone would find. */
static void mutate_answer(char *at)
{
	struct mmscope_walk_arg arg;

	memcpy(&arg, at, sizeof(arg));
	switch (pick(3)) {
	case 0:
		arg.nr += pick(3) - 1;
		break;
	case 1:
		arg.nr = pick(100000);
		arg.rec_size = 1 + pick(16);
		break;
	case 2:
		arg.dataset = pick(40);
		break;
	}
	memcpy(at, &arg, sizeof(arg));
}

/* At the head of a section inside, or at random. */
static void mutate_section(char *text, size_t len)
{
	size_t want = pick(12), at = 0;
	struct recording_section head;

	while (want-- && at + sizeof(head) < len) {
		memcpy(&head, text + at, sizeof(head));
		at += sizeof(head) + head.bytes + (-head.bytes % 8);
	}
	if (at + sizeof(head) + sizeof(struct mmscope_walk_arg) < len && !pick(4))
		mutate_answer(text + at + sizeof(head));
	else if (at + 64 < len && pick(4))
		mutate(text + at, pick(2) ? 64 : len - at < 320 ? len - at : 320);
	else
		mutate(text, len);
}

/* Mutate what is compressed in one of the samples. */
static void mutate_inside(const struct recording *r)
{
	size_t i = pick(r->nr), at = r->at[i], len = 0;
	struct recording_section head;
	struct recording_sample sample;
	uint64_t plain;
	char *text = inflate_sample(r, i, &plain), *file;
	uLongf room = compressBound(plain);

	mutate_section(text, plain);
	file = calloc(1, r->len + room + 256);
	memcpy(&head, r->bytes + at, sizeof(head));
	memcpy(&sample, r->bytes + at + sizeof(head), sizeof(sample));
	if (!pick(8))
		mutate((char *)&sample, sizeof(sample));
	memcpy(file, r->bytes, at);
	len = at + sizeof(head) + sizeof(sample) + 8;
	compress2((Bytef *)file + len, &room, (Bytef *)text, plain, 1);
	at += sizeof(head) + head.bytes + (-head.bytes % 8);
	head.bytes = sizeof(sample) + 8 + room;
	memcpy(file + len - 8, &plain, 8);
	memcpy(file + len - 8 - sizeof(sample), &sample, sizeof(sample));
	memcpy(file + len - 8 - sizeof(sample) - sizeof(head), &head, sizeof(head));
	len += room + (-head.bytes % 8);
	memcpy(file + len, r->bytes + at, r->len - at);
	write_file(r->path, file, len + r->len - at);
	free(file);
	free(text);
}

/* ------------------------------------------------------------------ what is read */

/* All that reads samples; never returns. */
static void read_all(const char *path, int round)
{
	static const char *const names[] = {
		"accounting", "extent_sums", "slab_use", "processes", "zones", "buddy",
	};
	char *file = strdup(path);
	struct options o = { .from = file };
	struct source *s = source_open(path, NULL);

	o.style.mode = round % 3 ? OUT_TABLE : OUT_JSON;
	switch (round % 8) {
	case 0:
		o.list = true;
		cmd_replay(s, &o, 1, &file);
		break;
	case 1:
	case 2:
		cmd_replay(s, &o, 1, &file);
		break;
	case 3:
		replay_choose(s, find_sample(s, "2"));
		cmd_where(s, &o, 0, NULL);
		break;
	case 4:
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			char *name = strdup(names[i]);

			if (source_dataset(s, name))
				cmd_dataset(s, &o, 1, &name);
			free(name);
		}
		break;
	default:
		diff_recordings(s, &o, NULL);
	}
	source_close(s);
	fflush(stdout);
	_exit(0);
}

/* Return: the status as a shell has it */
static int read_in_child(const struct recording *r, int round, char *err, size_t size)
{
	int said = open_words();
	pid_t pid = fork();

	if (!pid) {
		listen_to(said, SECONDS);
		read_all(r->path, round);
	}
	return wait_for(pid, said, err, size);
}

FIXTURE(samples) {
	struct recording r;
	char err[8192];
};

FIXTURE_SETUP(samples)
{
	int fd;

	if (access("recordings/samples.rec.gz", R_OK))
		SKIP(return, "no recording of samples");
	ASSERT_EQ(0, load(&self->r));
	snprintf(self->r.path, sizeof(self->r.path), "/tmp/mmscope-fuzz-XXXXXX");
	fd = mkstemp(self->r.path);
	ASSERT_LE(0, fd);
	close(fd);
}

FIXTURE_TEARDOWN(samples)
{
	unlink(self->r.path);
	free(self->r.bytes);
}

TEST_F(samples, what_is_sound_is_read)
{
	ASSERT_LT(4, self->r.nr);
	write_file(self->r.path, self->r.bytes, self->r.len);
	for (int round = 0; round < 8; round++) {
		EXPECT_EQ(0, read_in_child(&self->r, round, self->err, sizeof(self->err)));
		EXPECT_STREQ("", self->err);
	}
}

/* What pack() made small is the same again, whatever was in it and before it. */
TEST_F(samples, what_was_packed_is_unpacked_as_it_was)
{
	struct block before = { 0 }, block, again;
	struct text packed = { 0 };
	struct source *s;

	write_file(self->r.path, self->r.bytes, self->r.len);
	s = source_open(self->r.path, NULL);
	for (size_t i = 0; i < replay_samples(s); i++) {
		const char *at = self->r.bytes + self->r.at[i] + sizeof(struct recording_section);
		struct recording_section head;
		struct recording_sample sample;

		memcpy(&head, at - sizeof(head), sizeof(head));
		memcpy(&sample, at, sizeof(sample));
		ASSERT_TRUE(unpack(at + sizeof(sample), head.bytes - sizeof(sample), sample.bytes,
				   sample.base ? &before : NULL, &block));
		for (int base = 0; base < 2; base++) {
			text_clear(&packed);
			ASSERT_TRUE(pack(&block, base && i ? &before : NULL, &packed));
			ASSERT_TRUE(unpack(packed.s, packed.len, block.bytes,
					   base && i ? &before : NULL, &again));
			ASSERT_EQ(block.bytes, again.bytes);
			EXPECT_EQ(0, memcmp(block.data, again.data, block.bytes));
			free(again.data);
		}
		free(before.data);
		before = block;
	}
	free(before.data);
	text_free(&packed);
	source_close(s);
}

/* A sample of one DELTA without a base: @codes, then @whole records of 8 bytes. */
static bool unpack_delta(uint32_t nr, uint32_t rec_size, const uint32_t *codes, size_t nr_codes,
			 size_t whole)
{
	struct mmscope_walk_arg arg = { .nr = nr, .rec_size = rec_size };
	struct recording_section head = {
		.type = RECORDING_DELTA,
		.arg_bytes = sizeof(arg),
		.bytes = sizeof(arg) + 4 * nr_codes + 8 * whole,
	};
	const uint64_t plain = sizeof(head) + head.bytes + (-head.bytes % 8);
	const uint64_t wanted = sizeof(head) + sizeof(arg) + (uint64_t)nr * rec_size;
	uLongf room = compressBound(plain);
	char *text = calloc(1, plain), *packed = malloc(8 + room);
	struct block block = { 0 };
	bool sound;

	memcpy(text, &head, sizeof(head));
	memcpy(text + sizeof(head), &arg, sizeof(arg));
	memcpy(text + sizeof(head) + sizeof(arg), codes, 4 * nr_codes);
	memcpy(packed, &plain, 8);
	compress2((Bytef *)packed + 8, &room, (Bytef *)text, plain, 1);
	sound = unpack(packed, 8 + room, wanted + (-wanted % 8), NULL, &block);
	free(block.data);
	free(packed);
	free(text);
	return sound;
}

TEST(a_delta_that_lies_is_refused)
{
	uint32_t codes[4] = { 1, 1, 1, 1 };

	EXPECT_TRUE(unpack_delta(4, 8, codes, 4, 4));
	/* more records than there are codes, or whole records */
	EXPECT_FALSE(unpack_delta(5, 8, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 3));
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 5));
	EXPECT_FALSE(unpack_delta(4, 1 << 20, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(1 << 20, 8, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(~0U, 8, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(~0U, 1, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(4, 0, codes, 4, 4));
	EXPECT_FALSE(unpack_delta(~0U, ~0U, codes, 4, 4));
	/* a code that means nothing, and places in a base that is not there */
	codes[2] = 3;
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 4));
	codes[2] = 0;
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 3));
	codes[2] = 0x80000000;
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 3));
	codes[2] = 0x7ffffffe;
	EXPECT_FALSE(unpack_delta(4, 8, codes, 4, 3));
}

TEST_F_TIMEOUT(samples, bent_ones_do_no_harm, 600)
{
	srand(5);
	for (int round = 0; round < ROUNDS; round++) {
		int status;

		if (pick(3))
			mutate_inside(&self->r);
		else
			mutate_outside(&self->r);
		status = read_in_child(&self->r, round, self->err, sizeof(self->err));
		ASSERT_TRUE(in_order(status, self->err)) {
			TH_LOG("round %d: status %d\n%s", round, status, self->err);
		}
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Make one small recording of several of the same machine: the head of the first,
 * then each one's answers, a few records of every section.
 * usage: cut [-u] [-s] [-w BYTE] -n RECORDS OUT IN...
 *   -n  so many records from the beginning of each section, and from its end
 *   -u  only the descriptions that an answer needs     -s  samples not compressed
 *   -w  this byte in front of it, for files.c
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <linux/mmscope.h>

#include "../../tools/recording.h"

#define MAX_BYTES	(64 << 20)
#define MAX_DATASETS	1024

static struct {
	uint32_t records;
	bool used_only;
	bool stored;
	int which;
} opt = { .records = 8, .which = -1 };

/* of the datasets that answers are about */
static bool used[MAX_DATASETS];

static void fail(const char *what)
{
	fprintf(stderr, "cut: %s\n", what);
	exit(1);
}

static char *load(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *bytes = malloc(MAX_BYTES);

	if (!f || !bytes)
		fail(path);
	*len = fread(bytes, 1, MAX_BYTES, f);
	fclose(f);
	return bytes;
}

static void put(FILE *out, const struct recording_section *head, const char *payload)
{
	static const char zeros[8];

	fwrite(head, sizeof(*head), 1, out);
	fwrite(payload, head->bytes, 1, out);
	fwrite(zeros, -head->bytes % 8, 1, out);
}

/*
 * The first and the last records stay, among them the total; of processes the first ones,
 * for the last is the command, which is another one each time. Return: the dataset.
 */
static uint32_t cut_walk(struct recording_section *head, char *payload)
{
	char *records = payload + head->arg_bytes;
	struct mmscope_walk_arg arg;
	uint32_t last, left;

	memcpy(&arg, payload, sizeof(arg));
	last = arg.dataset == MMSCOPE_DS_PROCESSES ? 0 : opt.records;
	left = opt.records + last;
	if (arg.nr <= left)
		return arg.dataset;
	memmove(records + (size_t)opt.records * arg.rec_size,
		records + (size_t)(arg.nr - last) * arg.rec_size, (size_t)last * arg.rec_size);
	arg.nr = left;
	head->bytes = head->arg_bytes + (uint64_t)left * arg.rec_size;
	memcpy(payload, &arg, sizeof(arg));
	return arg.dataset;
}

static void store_sample(FILE *out, struct recording_section head, const char *payload)
{
	const size_t fixed = sizeof(struct recording_sample) + sizeof(uint64_t);
	uint64_t plain;
	uLongf room;
	char *copy;

	memcpy(&plain, payload + sizeof(struct recording_sample), sizeof(plain));
	room = plain;
	copy = malloc(fixed + plain);
	memcpy(copy, payload, fixed);
	if (uncompress((Bytef *)copy + fixed, &room, (const Bytef *)payload + fixed,
		       head.bytes - fixed) != Z_OK)
		fail("a sample cannot be inflated");
	head.bytes = fixed + plain;
	put(out, &head, copy);
	free(copy);
}

static bool described(const char *payload)
{
	struct mmscope_describe d;

	memcpy(&d, payload, sizeof(d));
	return !opt.used_only || (d.dataset < MAX_DATASETS && used[d.dataset]);
}

/* One section. @out: NULL: only look which datasets there are. */
static void take(FILE *out, bool first, struct recording_section head, char *payload)
{
	uint32_t dataset = 0;

	switch (head.type) {
	case RECORDING_END:
		return;
	case RECORDING_INFO:
		if (!first)
			return;
		break;
	case RECORDING_DESCRIBE:
		if (!first || !described(payload))
			return;
		break;
	case RECORDING_WALK:
		dataset = cut_walk(&head, payload);
		break;
	case RECORDING_TRANSLATE:
		dataset = MMSCOPE_DS_TRANSLATIONS;
		break;
	case RECORDING_RMAP:
		dataset = MMSCOPE_DS_RMAPS;
		break;
	case RECORDING_PAGE:
		dataset = MMSCOPE_DS_FRAMES;
		break;
	case RECORDING_ALLOC:
		dataset = MMSCOPE_DS_ALLOC_ZONES;
		break;
	}
	if (dataset < MAX_DATASETS)
		used[dataset] = true;
	if (out && head.type == RECORDING_SAMPLE && opt.stored)
		store_sample(out, head, payload);
	else if (out)
		put(out, &head, payload);
}

static void take_file(FILE *out, bool first, const char *path)
{
	struct recording_section head;
	size_t len;
	char *bytes = load(path, &len);

	if (out && first)
		fwrite(bytes, sizeof(struct recording_header), 1, out);
	for (size_t at = sizeof(struct recording_header); at + sizeof(head) <= len;) {
		memcpy(&head, bytes + at, sizeof(head));
		take(out, first, head, bytes + at + sizeof(head));
		at += sizeof(head) + head.bytes + (-head.bytes % 8);
	}
	free(bytes);
}

int main(int argc, char **argv)
{
	const struct recording_section end = { .type = RECORDING_END };
	FILE *out;
	int c;

	while ((c = getopt(argc, argv, "usw:n:")) != -1) {
		switch (c) {
		case 'u':
			opt.used_only = true;
			break;
		case 's':
			opt.stored = true;
			break;
		case 'w':
			opt.which = atoi(optarg);
			break;
		case 'n':
			opt.records = atoi(optarg);
			break;
		default:
			return 1;
		}
	}
	if (argc - optind < 2)
		fail("usage: cut [-u] [-s] [-w BYTE] -n RECORDS OUT IN...");
	out = fopen(argv[optind], "we");
	if (!out)
		fail(argv[optind]);
	if (opt.which >= 0)
		fputc(opt.which, out);
	for (int i = optind + 1; opt.used_only && i < argc; i++)
		take_file(NULL, i == optind + 1, argv[i]);
	for (int i = optind + 1; i < argc; i++)
		take_file(out, i == optind + 1, argv[i]);
	put(out, &end, "");
	return fclose(out) ? 1 : 0;
}

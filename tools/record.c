// SPDX-License-Identifier: GPL-2.0
/*
 * Saves the answers of a source to a file, in the format of recording.h.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"
#include "source.h"

#if __BYTE_ORDER != __LITTLE_ENDIAN
#error "a recording is little endian: swap what record.c writes and replay.c reads"
#endif

/**
 * struct part - a piece of a section's payload
 * @data: where it is
 * @bytes: how long
 */
struct part {
	const void *data;
	size_t bytes;
};

static void put(struct source *s, const void *data, size_t bytes)
{
	if (bytes && fwrite(data, bytes, 1, s->recorder) != 1)
		die("cannot write the recording: %s", strerror(errno));
}

static void put_section(struct source *s, __u32 type, const struct part *parts, size_t nr)
{
	static const char zeros[8];
	struct recording_section section = { .type = type };

	section.arg_bytes = nr ? parts[0].bytes : 0;
	for (size_t i = 0; i < nr; i++)
		section.bytes += parts[i].bytes;
	put(s, &section, sizeof(section));
	for (size_t i = 0; i < nr; i++)
		put(s, parts[i].data, parts[i].bytes);
	put(s, zeros, -section.bytes % 8);
}

static void put_describe(struct source *s, const struct mmscope_describe *arg)
{
	struct mmscope_describe d = *arg;
	const struct part parts[] = {
		{ &d, sizeof(d) },
		{ (void *)(unsigned long)arg->fields,
		  sizeof(struct mmscope_field) * arg->nr_fields },
		{ (void *)(unsigned long)arg->values,
		  sizeof(struct mmscope_value) * arg->nr_values },
	};

	if (!arg->fields)	/* it only asked for the numbers */
		return;
	d.fields = 0;
	d.values = 0;
	put_section(s, RECORDING_DESCRIBE, parts, 3);
}

static void put_walk(struct source *s, const struct mmscope_walk_arg *arg)
{
	struct mmscope_walk_arg walk = *arg;
	const struct part parts[] = {
		{ &walk, sizeof(walk) },
		{ (void *)(unsigned long)arg->buf, (size_t)arg->nr * arg->rec_size },
	};

	walk.buf = 0;
	put_section(s, RECORDING_WALK, parts, 2);
}

static void put_translate(struct source *s, const struct mmscope_translate_arg *arg)
{
	struct mmscope_translate_arg translate = *arg;
	const struct part parts[] = {
		{ &translate, sizeof(translate) },
		{ (void *)(unsigned long)arg->addrs, sizeof(__u64) * arg->nr },
		{ (void *)(unsigned long)arg->buf, (size_t)arg->nr * arg->rec_size },
	};

	translate.addrs = 0;
	translate.buf = 0;
	put_section(s, RECORDING_TRANSLATE, parts, 3);
}

static void put_rmap(struct source *s, const struct mmscope_rmap_arg *arg)
{
	struct mmscope_rmap_arg rmap = *arg;
	const struct part parts[] = {
		{ &rmap, sizeof(rmap) },
		{ (void *)(unsigned long)arg->ranges,
		  sizeof(struct mmscope_pfn_range) * arg->nr_ranges },
		{ (void *)(unsigned long)arg->buf, (size_t)arg->nr * arg->rec_size },
	};

	rmap.ranges = 0;
	rmap.buf = 0;
	put_section(s, RECORDING_RMAP, parts, 3);
}

static void put_alloc(struct source *s, const struct mmscope_alloc_arg *arg)
{
	struct mmscope_alloc_arg alloc = *arg;
	const struct part parts[] = {
		{ &alloc, sizeof(alloc) },
		{ (void *)(unsigned long)arg->buf, (size_t)arg->nr * arg->rec_size },
	};

	alloc.buf = 0;
	put_section(s, RECORDING_ALLOC, parts, 2);
}

/* Begin to save what is asked from now on. */
void record_open(struct source *s, const char *path)
{
	struct recording_header header = {
		.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.bytes = sizeof(header),
	};

	s->recorder = fopen(path, "we");
	if (!s->recorder)
		die("%s: %s", path, strerror(errno));
	memcpy(header.machine, s->machine, sizeof(header.machine));
	put(s, &header, sizeof(header));
}

/* Save an answer; requests that are no questions are not saved. */
void record_call(struct source *s, unsigned long request, const void *arg)
{
	const struct part info = { arg, sizeof(struct mmscope_info) };

	switch (request) {
	case MMSCOPE_IOC_INFO:
		put_section(s, RECORDING_INFO, &info, 1);
		break;
	case MMSCOPE_IOC_DESCRIBE:
		put_describe(s, arg);
		break;
	case MMSCOPE_IOC_WALK:
		put_walk(s, arg);
		break;
	case MMSCOPE_IOC_TRANSLATE:
		put_translate(s, arg);
		break;
	case MMSCOPE_IOC_RMAP:
		put_rmap(s, arg);
		break;
	case MMSCOPE_IOC_ALLOC:
		put_alloc(s, arg);
		break;
	}
}

void record_close(struct source *s)
{
	put_section(s, RECORDING_END, NULL, 0);
	if (fclose(s->recorder))
		die("cannot write the recording: %s", strerror(errno));
	s->recorder = NULL;
}

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

static void put_page(struct source *s, const struct mmscope_page_arg *arg)
{
	struct mmscope_page_arg page = *arg;
	const struct part parts[] = {
		{ &page, sizeof(page) },
		{ (void *)(unsigned long)arg->ranges,
		  sizeof(struct mmscope_pfn_range) * arg->nr_ranges },
		{ (void *)(unsigned long)arg->buf, (size_t)arg->nr * arg->rec_size },
	};

	page.ranges = 0;
	page.buf = 0;
	put_section(s, RECORDING_PAGE, parts, 3);
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
void record_begin(struct source *s, FILE *file)
{
	struct recording_header header = {
		.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.bytes = sizeof(header),
	};

	s->recorder = file;
	memcpy(header.machine, s->machine, sizeof(header.machine));
	put(s, &header, sizeof(header));
}

void record_open(struct source *s, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		die("%s: %s", path, strerror(errno));
	record_begin(s, file);
}

static __u32 count_values(const struct dataset *ds)
{
	__u32 nr = 0;

	for (__u32 i = 0; i < ds->nr_fields; i++)
		nr += ds->fields[i].nr_values;
	return nr;
}

/* Save the description of a dataset, of the module or of the command itself. */
void record_describe(struct source *s, const struct dataset *ds)
{
	struct mmscope_describe d = {
		.size = sizeof(d),
		.dataset = ds->id,
		.nr_fields = ds->nr_fields,
		.nr_values = count_values(ds),
		.flags = ds->flags,
		.rec_size = ds->rec_size,
		.state = ds->state,
	};
	struct mmscope_field *fields = xzalloc(sizeof(*fields) * d.nr_fields);
	struct mmscope_value *values = xzalloc(sizeof(*values) * d.nr_values), *to = values;

	snprintf(d.name, sizeof(d.name), "%s", ds->name);
	snprintf(d.help, sizeof(d.help), "%s", ds->help);
	snprintf(d.detail, sizeof(d.detail), "%s", ds->detail ? ds->detail : "");
	for (__u32 i = 0; i < ds->nr_fields; i++) {
		const struct field *f = &ds->fields[i];

		fields[i] = (struct mmscope_field){
			.offset = f->offset,
			.size = f->size,
			.count = f->count,
			.unit = f->unit,
			.flags = f->flags,
			.nr_values = f->nr_values,
		};
		snprintf(fields[i].name, sizeof(fields[i].name), "%s", f->name);
		snprintf(fields[i].help, sizeof(fields[i].help), "%s", f->help);
		for (__u32 j = 0; j < f->nr_values; j++, to++) {
			*to = f->values[j];
			to->field = i;
		}
	}
	d.fields = (unsigned long)fields;
	d.values = (unsigned long)values;
	put_describe(s, &d);
	free(fields);
	free(values);
}

/* Save rows that the command made itself, as the answer of a dataset. */
void record_rows(struct source *s, const struct dataset *ds, const void *rows, __u32 nr)
{
	struct mmscope_walk_arg arg;

	source_query(&arg);
	arg.dataset = ds->id;
	arg.buf = (unsigned long)rows;
	arg.nr = nr;
	arg.rec_size = ds->rec_size;
	arg.status = MMSCOPE_WALK_DONE;
	put_walk(s, &arg);
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
	case MMSCOPE_IOC_PAGE:
		put_page(s, arg);
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

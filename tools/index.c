// SPDX-License-Identifier: GPL-2.0
/*
 * The sections of a recording. The file may come from anywhere: lengths have a
 * bound, and one that goes past the end of the file is found out by the section
 * that must follow. A recording of samples may end anywhere: its recorder may have
 * been killed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "index.h"
#include "text.h"

static size_t arg_size(__u32 type)
{
	switch (type) {
	case RECORDING_INFO:
		return sizeof(struct mmscope_info);
	case RECORDING_DESCRIBE:
		return sizeof(struct mmscope_describe);
	case RECORDING_WALK:
		return sizeof(struct mmscope_walk_arg);
	case RECORDING_TRANSLATE:
		return sizeof(struct mmscope_translate_arg);
	case RECORDING_PAGE:
		return sizeof(struct mmscope_page_arg);
	case RECORDING_RMAP:
		return sizeof(struct mmscope_rmap_arg);
	case RECORDING_ALLOC:
		return sizeof(struct mmscope_alloc_arg);
	case RECORDING_SAMPLE:
		return sizeof(struct recording_sample);
	}
	return 0;
}

static void cut_off(const struct index *r)
{
	die("%s: the recording is cut off", r->path);
}

static bool get(struct index *r, void *data, size_t bytes)
{
	return !bytes || fread(data, bytes, 1, r->file) == 1;
}

enum found { FOUND_SECTION, FOUND_END, FOUND_CUT };

/* Read the head of a section. */
static enum found read_section(struct index *r, off_t size, struct section *out)
{
	struct recording_section head;
	size_t known;
	off_t begin;

	if (!get(r, &head, sizeof(head)))
		return FOUND_CUT;
	begin = ftello(r->file);
	if (head.bytes > RECORDING_MAX_BYTES || head.arg_bytes > head.bytes)
		die("%s: a length in the recording makes no sense", r->path);
	*out = (struct section){
		.type = head.type,
		.arg_bytes = head.arg_bytes,
		.bytes = head.bytes - head.arg_bytes,
		.offset = begin + head.arg_bytes,
	};
	known = arg_size(head.type);
	if (begin + (off_t)head.bytes > size ||
	    !get(r, &out->u, head.arg_bytes < known ? head.arg_bytes : known))
		return FOUND_CUT;
	if (fseeko(r->file, begin + head.bytes + (-head.bytes % 8), SEEK_SET))
		die("%s: %s", r->path, strerror(errno));
	return head.type == RECORDING_END ? FOUND_END : FOUND_SECTION;
}

static void add_section(struct index *r, const struct section *section)
{
	if (r->nr == r->room) {
		r->room = 2 * r->room + 16;
		r->sections = xrealloc(r->sections, r->room, sizeof(*section));
	}
	r->sections[r->nr++] = *section;
}

static void read_index(struct index *r)
{
	struct section section;
	size_t room = 0;
	enum found found;
	struct stat st;

	if (fstat(fileno(r->file), &st))
		die("%s: %s", r->path, strerror(errno));
	while ((found = read_section(r, st.st_size, &section)) == FOUND_SECTION) {
		if (section.type == RECORDING_SAMPLE) {
			if (r->nr_samples == room) {
				room = 2 * room + 16;
				r->samples = xrealloc(r->samples, room, sizeof(*r->samples));
			}
			r->samples[r->nr_samples++] = r->nr;
		}
		add_section(r, &section);
	}
	r->nr_file = r->nr;
	r->chosen = r->nr_samples;
	if (found != FOUND_CUT)
		return;
	if (!r->nr_samples)
		cut_off(r);
	fflush(stdout);
	fprintf(stderr, "mmscope: %s: the recording is cut off, or goes on: its %zu whole samples are used\n",
		r->path, r->nr_samples);
}

/* Ends the program with a sentence if the file is no sound recording. */
struct index *index_open(const char *path)
{
	struct recording_header header = { .magic = "" };
	struct index *r = xzalloc(sizeof(*r));

	r->path = path;
	r->file = fopen(path, "re");
	if (!r->file)
		die("%s: %s", path, strerror(errno));
	if (fread(&header, sizeof(header), 1, r->file) != 1 ||
	    memcmp(header.magic, RECORDING_MAGIC, sizeof(header.magic)))
		die("%s: not a recording of mmscope", path);
	if (header.version != RECORDING_VERSION)
		die("%s: recorded in format %u, this mmscope knows %u", path, header.version,
		    RECORDING_VERSION);
	if (header.bytes < sizeof(header) || fseeko(r->file, header.bytes, SEEK_SET))
		die("%s: a length in the recording makes no sense", path);
	memcpy(r->machine, header.machine, sizeof(r->machine));
	r->machine[sizeof(r->machine) - 1] = '\0';
	read_index(r);
	return r;
}

/* What follows the argument of a section; valid until the next call. */
const char *index_payload(struct index *r, const struct section *section)
{
	if (section->data)
		return section->data;
	if (r->payload_room <= section->bytes) {
		r->payload_room = section->bytes + 1;
		r->payload = xrealloc(r->payload, r->payload_room, 1);
	}
	if (fseeko(r->file, section->offset, SEEK_SET))
		die("%s: %s", r->path, strerror(errno));
	if (!get(r, r->payload, section->bytes))
		cut_off(r);
	return r->payload;
}

/* -------------------------------------------------------------------- samples */

const struct recording_sample *index_sample(const struct index *r, size_t i)
{
	return &r->sections[r->samples[i]].u.sample;
}

/* The block of the sample before becomes the one of this sample. */
static void unpack_next(struct index *r, size_t i)
{
	const struct section *section = &r->sections[r->samples[i]];
	struct block base = r->block;
	const char *data = index_payload(r, section);
	bool sound = unpack(data, section->bytes, section->u.sample.bytes,
			    section->u.sample.base ? &base : NULL, &r->block);

	free(base.data);
	if (!sound)
		die("%s: sample %zu of the recording makes no sense", r->path, i + 1);
	r->chosen = i;
}

static void add_pieces(struct index *r)
{
	struct piece p;
	size_t at = 0;

	while (block_next(&r->block, &at, &p)) {
		struct section section = {
			.type = p.head->type,
			.arg_bytes = p.head->arg_bytes,
			.bytes = p.head->bytes - p.head->arg_bytes,
			.data = p.payload + p.head->arg_bytes,
		};

		if (section.type != RECORDING_WALK)
			continue;
		memcpy(&section.u.walk, p.payload,
		       section.arg_bytes < sizeof(section.u.walk) ? section.arg_bytes :
		       sizeof(section.u.walk));
		add_section(r, &section);
	}
}

/* From now on the sections of this sample, from 0, are there beside those of the file. */
void index_choose(struct index *r, size_t i)
{
	size_t first = i;

	while (first && index_sample(r, first)->base)
		first--;
	if (r->chosen < r->nr_samples && r->chosen <= i && r->chosen >= first)
		first = r->chosen + 1;
	for (; first <= i; first++)
		unpack_next(r, first);
	r->nr = r->nr_file;
	add_pieces(r);
}

void index_close(struct index *r)
{
	fclose(r->file);
	free(r->sections);
	free(r->samples);
	free(r->block.data);
	free(r->payload);
	free(r);
}

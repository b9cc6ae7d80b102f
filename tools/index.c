// SPDX-License-Identifier: GPL-2.0
/*
 * The sections of a recording. The file may come from anywhere: lengths have a
 * bound, and one that goes past the end of the file is found out by the section
 * that must follow.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	case RECORDING_RMAP:
		return sizeof(struct mmscope_rmap_arg);
	case RECORDING_ALLOC:
		return sizeof(struct mmscope_alloc_arg);
	}
	return 0;
}

static void get(struct index *r, void *data, size_t bytes)
{
	if (bytes && fread(data, bytes, 1, r->file) != 1)
		die("%s: the recording is cut off", r->path);
}

/* Read the head of a section. Return: false at the last. */
static bool read_section(struct index *r, struct section *out)
{
	struct recording_section head;
	size_t known;
	off_t begin;

	get(r, &head, sizeof(head));
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
	get(r, &out->u, head.arg_bytes < known ? head.arg_bytes : known);
	if (fseeko(r->file, begin + head.bytes + (-head.bytes % 8), SEEK_SET))
		die("%s: %s", r->path, strerror(errno));
	return head.type != RECORDING_END;
}

static void read_index(struct index *r)
{
	struct section section;
	size_t room = 0;

	while (read_section(r, &section)) {
		if (r->nr == room) {
			room = 2 * room + 16;
			r->sections = xrealloc(r->sections, room, sizeof(section));
		}
		r->sections[r->nr++] = section;
	}
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
	if (r->room <= section->bytes) {
		r->room = section->bytes + 1;
		r->payload = xrealloc(r->payload, r->room, 1);
	}
	if (fseeko(r->file, section->offset, SEEK_SET))
		die("%s: %s", r->path, strerror(errno));
	get(r, r->payload, section->bytes);
	return r->payload;
}

void index_close(struct index *r)
{
	fclose(r->file);
	free(r->sections);
	free(r->payload);
	free(r);
}

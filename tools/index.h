/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sections of a recording, found and checked once when it is opened.
 */
#ifndef INDEX_H
#define INDEX_H

#include <linux/mmscope.h>
#include <stdio.h>

#include "recording.h"

/**
 * struct section - a section of the file
 * @type: enum recording_type
 * @arg_bytes: bytes of @u in the file
 * @bytes: of what follows the argument
 * @offset: where that is
 * @u: the argument, zero-extended
 */
struct section {
	__u32 type;
	__u32 arg_bytes;
	__u64 bytes;
	off_t offset;
	union {
		struct mmscope_info info;
		struct mmscope_describe describe;
		struct mmscope_walk_arg walk;
		struct mmscope_translate_arg translate;
		struct mmscope_rmap_arg rmap;
		struct mmscope_alloc_arg alloc;
	} u;
};

/**
 * struct index - an open recording
 * @file: it
 * @path: for messages
 * @machine: of the recorded kernel
 * @sections: all but END
 * @nr: how many
 * @payload: of the section that was asked for last
 * @room: allocated there
 */
struct index {
	FILE *file;
	const char *path;
	char machine[32];
	struct section *sections;
	size_t nr;
	char *payload;
	size_t room;
};

struct index *index_open(const char *path);
const char *index_payload(struct index *r, const struct section *section);
void index_close(struct index *r);

#endif

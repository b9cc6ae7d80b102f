/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sections of a recording, found and checked once when it is opened.
 */
#ifndef INDEX_H
#define INDEX_H

#include <linux/mmscope.h>
#include <stdio.h>

#include "pack.h"

/**
 * struct section - a section of the file
 * @type: enum recording_type
 * @arg_bytes: bytes of @u in the file
 * @bytes: of what follows the argument
 * @offset: where that is
 * @data: that, if it is in memory
 * @u: the argument, zero-extended
 */
struct section {
	__u32 type;
	__u32 arg_bytes;
	__u64 bytes;
	off_t offset;
	const char *data;
	union {
		struct mmscope_info info;
		struct mmscope_describe describe;
		struct mmscope_walk_arg walk;
		struct mmscope_translate_arg translate;
		struct mmscope_page_arg page;
		struct mmscope_rmap_arg rmap;
		struct mmscope_alloc_arg alloc;
		struct recording_sample sample;
	} u;
};

/**
 * struct index - an open recording
 * @file: it
 * @path: for messages
 * @machine: of the recorded kernel
 * @sections: all but END, then those of the sample that was chosen
 * @nr: how many
 * @room: for how many there is memory
 * @nr_file: how many stand in the file
 * @samples: which of them are samples
 * @nr_samples: how many
 * @chosen: which was, from 0
 * @block: its sections
 * @payload: of the section that was asked for last
 * @payload_room: allocated there
 */
struct index {
	FILE *file;
	const char *path;
	char machine[32];
	struct section *sections;
	size_t nr;
	size_t room;
	size_t nr_file;
	size_t *samples;
	size_t nr_samples;
	size_t chosen;
	struct block block;
	char *payload;
	size_t payload_room;
};

struct index *index_open(const char *path);
const char *index_payload(struct index *r, const struct section *section);
const struct recording_sample *index_sample(const struct index *r, size_t i);
void index_choose(struct index *r, size_t i);
void index_close(struct index *r);

#endif

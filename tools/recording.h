/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recording: raw answers of /dev/mmscope, to be read again on any machine.
 *
 * All numbers are little endian. The file is a header, then sections up to one
 * of type END, which is the last thing in the file: without it the recording
 * was cut. A section is its struct and @bytes of payload, padded with zeros to
 * a multiple of 8. A payload begins with the argument of an ioctl as the module
 * returned it (its pointers zero), in @arg_bytes bytes: a reader that knows a
 * longer struct takes the rest as zero, one that knows a shorter struct ignores
 * what it does not know.
 *
 *   type       argument                       what follows it
 *   INFO       struct mmscope_info            nothing; one, the first section
 *   DESCRIBE   struct mmscope_describe        fields[nr_fields], values[nr_values]
 *   WALK       struct mmscope_walk_arg        nr * rec_size bytes of records
 *   TRANSLATE  struct mmscope_translate_arg   __u64 addrs[nr], nr * rec_size bytes
 *   RMAP       struct mmscope_rmap_arg        struct mmscope_pfn_range[nr_ranges],
 *                                             nr * rec_size bytes
 *   PAGE       struct mmscope_page_arg        as RMAP
 *   ALLOC      struct mmscope_alloc_arg       nr * rec_size bytes of records
 *   SAMPLE     struct recording_sample        zlib: sections, WALK or DELTA each
 *   DELTA      struct mmscope_walk_arg        only in a SAMPLE, see below
 *   END        none                           nothing
 *
 * An answer in several WALK or RMAP calls is as many sections, in order, the last
 * with MMSCOPE_WALK_DONE. Sections of unknown type are skipped. A change that
 * older readers must not misread raises the version.
 *
 * `mmscope record` writes a SAMPLE now and then, whole, by one write(2). The one
 * that is chosen is read as if its WALK sections stood in the file. A file with
 * samples may end anywhere: what is whole is used. The datasets `owners` and
 * `cgroups` in such a file are made by the recorder, with ids beyond the module's.
 *
 * DELTA is a WALK told by what differs from the base, which is the section of the
 * same dataset (the first, the second ... of it) in the sample before, as long as
 * recording_sample.base is not 0. After the argument come __u32 code[nr] and, up to
 * the end, whole records. A place p in the base begins at 0. For each record in
 * order: an even code moves p by code / 2, as a signed number, and the record is
 * that of the base at p; 1 takes the next whole record, which is XORed with the
 * record of the base at p if there is one there. Either way p moves on by one.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <linux/types.h>

#define RECORDING_MAGIC		"mmscope"	/* with its NUL, 8 bytes */
#define RECORDING_VERSION	1
#define RECORDING_MAX_BYTES	(64U << 20)	/* payload of a section, at most */

/**
 * struct recording_header - the beginning of the file
 * @magic: RECORDING_MAGIC
 * @version: RECORDING_VERSION
 * @bytes: of this header; sections begin there
 * @machine: of the recorded kernel, as uname -m
 */
struct recording_header {
	char magic[8];
	__u32 version;
	__u32 bytes;
	char machine[32];
};

enum recording_type {
	RECORDING_END		= 0,
	RECORDING_INFO		= 1,
	RECORDING_DESCRIBE	= 2,
	RECORDING_WALK		= 3,
	RECORDING_TRANSLATE	= 4,
	RECORDING_RMAP		= 8,
	RECORDING_ALLOC		= 7,
	RECORDING_PAGE		= 9,
	RECORDING_SAMPLE	= 32,
	RECORDING_DELTA		= 33,
};

/**
 * struct recording_section - the beginning of a section
 * @type: enum recording_type
 * @arg_bytes: of the argument at the head of the payload
 * @bytes: of the payload, without padding
 */
struct recording_section {
	__u32 type;
	__u32 arg_bytes;
	__u64 bytes;
};

/**
 * struct recording_sample - what there was at one time
 * @number: of the sample, from 1
 * @realtime_ns: CLOCK_REALTIME when it was begun
 * @boottime_ns: CLOCK_BOOTTIME then
 * @took_ns: time to take it
 * @cpu_ns: of that, CPU time, in the kernel too
 * @bytes: of its sections, not compressed
 * @base: 1: the sample before is needed to read it; 0: it stands alone
 */
struct recording_sample {
	__u64 number;
	__u64 realtime_ns;
	__u64 boottime_ns;
	__u64 took_ns;
	__u64 cpu_ns;
	__u64 bytes;
	__u32 base;
	__u32 __reserved;
};

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What grows from sample to sample: memory by class, cache, process, cgroup, file and
 * other owner, in bytes.
 */
#ifndef GROWTH_H
#define GROWTH_H

#include "intern.h"
#include "source.h"

enum growth_kind {
	GROWTH_CLASS,
	GROWTH_CACHE,
	GROWTH_PROCESS,
	GROWTH_CGROUP,
	GROWTH_FILE,
	GROWTH_OWNER,	/* callers of vmalloc, stacks, page tables ... by class and name */
	NR_GROWTH_KINDS
};

#define GROWTH_LEVELS	12	/* steps of 1, 2, 4 ... samples */

/**
 * struct growth_key - what an item is
 * @kind: enum growth_kind
 * @page_class: of a class, file or owner
 * @id: pid, or inode of a cgroup or file
 * @device: of a file, major << 32 | minor
 * @name: of it, or the command
 */
struct growth_key {
	__u32 kind;
	__u32 page_class;
	__u64 id;
	__u64 device;
	char name[64];
};

/**
 * struct growth_item - how it went
 * @first: bytes in the first sample
 * @last: bytes in the last sample
 * @at: at each level, in the last sample that counts there
 * @grew: at each level, steps in which it grew
 * @sum: of all samples
 * @sum_by_time: of all samples, times the time
 */
struct growth_item {
	__u64 first;
	__u64 last;
	__u64 at[GROWTH_LEVELS];
	__u32 grew[GROWTH_LEVELS];
	double sum;
	double sum_by_time;
};

/**
 * struct growth - all items over some samples; begin with { 0 }
 * @samples: how many
 * @seconds: from the first to the last
 * @time_sum: of all times since the first, in hours
 * @time_squares: of their squares
 * @keys: items
 * @items: likewise
 * @room: allocated there
 * @known: kinds that were recorded in all of them, 1 << enum growth_kind
 */
struct growth {
	__u32 samples;
	double seconds;
	double time_sum;
	double time_squares;
	struct intern keys;
	struct growth_item *items;
	__u32 room;
	__u32 known;
};

void growth_add(struct growth *g, struct source *s, double seconds);
void growth_free(struct growth *g);
const struct growth_key *growth_key(const struct growth *g, __u32 i);
double growth_per_hour(const struct growth *g, __u32 i);
int growth_level(const struct growth *g, __u32 i, __u32 *steps);

#endif

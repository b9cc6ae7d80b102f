/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where answers come from: the device, or a recording of it. Commands see no
 * difference.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <linux/mmscope.h>
#include <stdio.h>

#include "recording.h"
#include "schema.h"

#define DEVICE_PATH "/dev/mmscope"

struct source;

/**
 * struct source_ops - one kind of source
 * @call: answer an ioctl of the ABI: 0 or -errno; may say more in s->error
 * @default_pid: the process that a dataset was recorded for, if there is one
 * @fd: of which events are read, or NULL
 * @close: free what open made
 */
struct source_ops {
	int (*call)(struct source *s, unsigned long request, void *arg);
	bool (*default_pid)(struct source *s, __u32 dataset, __u32 *pid);
	int (*fd)(struct source *s);
	void (*close)(struct source *s);
};

/**
 * struct source - answers of one kernel
 * @ops: how to ask
 * @priv: of @ops
 * @name: for messages
 * @machine: of that kernel, as uname -m
 * @info: its MMSCOPE_IOC_INFO
 * @nr_datasets: datasets it described
 * @datasets: in the order of their ids
 * @recorder: the file to which answers are saved, or NULL
 * @error: why the last call failed, a sentence; empty if it did not say
 */
struct source {
	const struct source_ops *ops;
	void *priv;
	const char *name;
	char machine[32];
	struct mmscope_info info;
	__u32 nr_datasets;
	struct dataset **datasets;
	FILE *recorder;
	char error[512];
};

/**
 * struct walk_stats - what the replies of one walk said about it
 * @records: how many
 * @calls: windows
 * @ns: time in the kernel
 * @max_lock_ns: longest hold of a kernel lock
 * @locks: lock holds
 * @restarts: lists begun again
 * @torn: objects that changed while they were read
 * @processes: of walks over all processes: those read
 * @refused: likewise: those that may not be looked at
 * @busy: likewise: those whose locks were not to be had
 */
struct walk_stats {
	__u64 records;
	__u64 calls;
	__u64 ns;
	__u64 max_lock_ns;
	__u64 locks;
	__u64 restarts;
	__u64 torn;
	__u64 processes;
	__u64 refused;
	__u64 busy;
};

/* takes a record; false: no more are wanted */
typedef bool record_fn(void *ctx, const void *rec);

struct source *source_open(const char *from, const char *record);
void source_close(struct source *s);
const struct dataset *source_dataset(struct source *s, const char *name);
int source_walk(struct source *s, const struct dataset *ds, const struct mmscope_walk_arg *query,
		__u64 limit, record_fn *fn, void *ctx, struct walk_stats *stats);
void *source_translate(struct source *s, const struct dataset *ds, __u32 pid,
		       const __u64 *addrs, __u32 nr);
void *source_page(struct source *s, const struct dataset *ds, __u64 pfn);
int source_rmap(struct source *s, const struct dataset *ds, __u32 pid,
		const struct mmscope_pfn_range *ranges, __u32 nr, record_fn *fn, void *ctx,
		struct walk_stats *stats);
void *source_alloc(struct source *s, const struct dataset *ds, struct mmscope_alloc_arg *arg);
int source_process(struct source *s, unsigned long request, __u32 pid, __u32 *name);
int source_watch(struct source *s, const struct dataset *ds, __u64 *kinds);
int source_owners(struct source *s, const struct dataset *ds);
int source_fd(struct source *s);
int source_oom(struct source *s, bool arm);
void source_query(struct mmscope_walk_arg *query);

/* device.c, replay.c: fill s->ops and s->priv, or die */
void device_open(struct source *s);
void replay_open(struct source *s, const char *path);

size_t replay_samples(const struct source *s);
const struct recording_sample *replay_sample(const struct source *s, size_t i);
void replay_choose(struct source *s, size_t i);

/* record.c */
void record_open(struct source *s, const char *path);
void record_begin(struct source *s, FILE *file);
void record_describe(struct source *s, const struct dataset *ds);
void record_rows(struct source *s, const struct dataset *ds, const void *rows, __u32 nr);
void record_call(struct source *s, unsigned long request, const void *arg);
void record_close(struct source *s);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What commands are and what they are given.
 */
#ifndef CMD_H
#define CMD_H

#include "out.h"
#include "source.h"

#define MMSCOPE_TOOL_VERSION "0.1"

/* options by what they act upon; a command says which make sense for it */
enum option_group {
	OPTS_OUTPUT	= 1 << 0,	/* form of the output */
	OPTS_COLUMNS	= 1 << 1,	/* choice of columns */
	OPTS_RECORDS	= 1 << 2,	/* order and number of records */
	OPTS_FILTER	= 1 << 3,	/* choice of records by the module */
	OPTS_SOURCE	= 1 << 4,	/* recordings */
	OPTS_VERBOSE	= 1 << 5,
	OPTS_PROCESS	= 1 << 6,	/* choice of a process */
	OPTS_NODE	= 1 << 7,	/* choice of a node */
	OPTS_ALLOC	= 1 << 8,	/* what to allocate */
	OPTS_SIZE	= 1 << 9,	/* of huge pages */
	OPTS_PICTURE	= 1 << 10,	/* what a picture shows, and where it goes */
	OPTS_ALL	= 1 << 11,	/* all processes */
	OPTS_INTERVAL	= 1 << 12,	/* between two looks */
	OPTS_TLB	= 1 << 13,	/* a TLB */
	OPTS_BY		= 1 << 14,	/* by what to sum up */
	OPTS_LIMIT	= 1 << 15,	/* the number of records only */
	OPTS_UNTIL	= 1 << 16,	/* when to end */
	OPTS_WATCH	= 1 << 17,	/* which events */
	OPTS_OOM	= 1 << 18,	/* the OOM recorder, whose OOM */
	OPTS_RECORDER	= 1 << 19,	/* what is sampled */
	OPTS_SAMPLES	= 1 << 20,	/* which samples are compared */
	OPTS_LIST	= 1 << 21,	/* a list instead */
};

/**
 * struct options - the command line, but for its words
 * @style: form of the output
 * @columns: list of columns, NULL: the default ones
 * @all_columns: all of them
 * @list_columns: describe them instead
 * @sort: column and direction, NULL: as it comes
 * @limit: records at most, 0: all
 * @total: a record with the sums at the end
 * @node: filter, as written; NULL: none
 * @zone: likewise
 * @pid: likewise
 * @range: likewise
 * @class: likewise
 * @order: of a block, as written
 * @gfp: allocation flags, as written
 * @name: likewise
 * @flags: likewise
 * @memcg: likewise
 * @owner: likewise
 * @exact: ask the CPUs
 * @from: recording to read
 * @record: recording to write
 * @png: picture to write
 * @svg: likewise
 * @html: likewise
 * @layer: what its colours tell
 * @curve: order of its cells
 * @size: of huge pages, or of the picture, as written
 * @interval: between two looks, as written
 * @at: sample of the recording, as written
 * @count: events or samples at most; 0: no end
 * @duration: for how long, as written
 * @datasets: what of, as written
 * @from_sample: the earlier sample of two, as written
 * @to_sample: the later one
 * @list: list the samples
 * @all: about all processes
 * @tlb: sizes of pages and entries, as written
 * @kind: of events, as written
 * @owners: who allocates pages, instead of events
 * @oom: of the OOM recorder: arm, disarm, last
 * @cgroup: whose OOM, as written
 * @by: by what to sum up, as written
 * @verbose: say what the answer cost
 * @several: more than one dataset is asked for
 * @given: for each group of options, one that was given
 */
struct options {
	struct style style;
	const char *columns;
	bool all_columns;
	bool list_columns;
	const char *sort;
	__u64 limit;
	bool total;
	const char *node;
	const char *zone;
	const char *pid;
	const char *range;
	const char *class;
	const char *order;
	const char *gfp;
	const char *name;
	const char *flags;
	const char *memcg;
	const char *owner;
	bool exact;
	const char *from;
	const char *record;
	const char *png;
	const char *svg;
	const char *html;
	const char *layer;
	const char *curve;
	const char *size;
	const char *interval;
	const char *at;
	__u64 count;
	const char *duration;
	const char *datasets;
	const char *from_sample;
	const char *to_sample;
	bool list;
	bool all;
	const char *tlb;
	const char *kind;
	bool owners;
	const char *oom;
	const char *cgroup;
	const char *by;
	bool verbose;
	bool several;
	struct {
		unsigned int group;
		const char *name;
	} given[40];
	size_t nr_given;
};

/**
 * struct command - a subcommand
 * @name: as typed
 * @args: its words, for help
 * @help: one line
 * @run: does it; its words without its name
 * @takes: groups of options
 */
struct command {
	const char *name;
	const char *args;
	const char *help;
	void (*run)(struct source *s, const struct options *o, int argc, char **argv);
	unsigned int takes;
};

void cmd_overview(struct source *s, const struct options *o, int argc, char **argv);
void cmd_dataset(struct source *s, const struct options *o, int argc, char **argv);
void cmd_list(struct source *s, const struct options *o, int argc, char **argv);
void cmd_blockers(struct source *s, const struct options *o, int argc, char **argv);
void cmd_hugepages(struct source *s, const struct options *o, int argc, char **argv);
void cmd_where(struct source *s, const struct options *o, int argc, char **argv);
void cmd_map(struct source *s, const struct options *o, int argc, char **argv);
void cmd_vtop(struct source *s, const struct options *o, int argc, char **argv);
void cmd_page(struct source *s, const struct options *o, int argc, char **argv);
void cmd_rmap(struct source *s, const struct options *o, int argc, char **argv);
void cmd_alloc(struct source *s, const struct options *o, int argc, char **argv);
void cmd_pressure(struct source *s, const struct options *o, int argc, char **argv);
void cmd_kmap(struct source *s, const struct options *o, int argc, char **argv);
void cmd_diff(struct source *s, const struct options *o, int argc, char **argv);
void cmd_record(struct source *s, const struct options *o, int argc, char **argv);
void cmd_replay(struct source *s, const struct options *o, int argc, char **argv);
void cmd_explain(struct source *s, const struct options *o, int argc, char **argv);
void cmd_proc(struct source *s, const struct options *o, int argc, char **argv);
void cmd_ptcost(struct source *s, const struct options *o, int argc, char **argv);
void cmd_layout(struct source *s, const struct options *o, int argc, char **argv);
void cmd_contig(struct source *s, const struct options *o, int argc, char **argv);
void cmd_watch(struct source *s, const struct options *o, int argc, char **argv);
void cmd_oom(struct source *s, const struct options *o, int argc, char **argv);
void cmd_cached(struct source *s, const struct options *o, int argc, char **argv);
void cmd_cgroups(struct source *s, const struct options *o, int argc, char **argv);
void cmd_swap(struct source *s, const struct options *o, int argc, char **argv);
void cmd_commit(struct source *s, const struct options *o, int argc, char **argv);
void cmd_attach(struct source *s, const struct options *o, int argc, char **argv);
void cmd_detach(struct source *s, const struct options *o, int argc, char **argv);

/* cmd-diff.c */
bool diff_reads(const char *word);

/* cmd-growth.c */
void diff_recordings(struct source *s, const struct options *o, const char *other);

/* options.c */
void parse_options(struct options *o, int argc, char **argv, void (*usage)(void));

/* query.c */
void query_parse(struct source *s, const struct dataset *ds, const struct options *o,
		 struct mmscope_walk_arg *query);
void choose_columns(const struct dataset *ds, const struct options *o, struct columns *columns);
__u32 parse_pid(const char *word);
void must_have_cgroups(struct source *s);
__u64 parse_cgroup(struct source *s, const char *word);
void parse_range(const char *word, __u64 *start, __u64 *end);

/* cmd-dataset.c */
void show_rows(struct source *s, const struct dataset *ds, const struct options *o,
	       const void *rows, size_t nr);
void show_stats(const struct dataset *ds, const struct walk_stats *stats);

/* cmd-diff.c */
struct timespec;
/* cmd-alloc.c */
void parse_gfp(const char *text, __u32 *gfp);

/* cmd-vtop.c */
__u64 parse_address(const char *word);
void add_entry_bits(struct text *t, const char *machine, __u64 entry, bool lowest);

/* fields of records that the tool itself makes */
#define OWN_NAMED(_type, _member, _unit, _values, _help) {		\
	.name = #_member,						\
	.help = _help,							\
	.offset = offsetof(_type, _member),				\
	.size = sizeof(((_type *)0)->_member),				\
	.count = 1,							\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.flags = MMSCOPE_FIELD_DEFAULT,					\
	.nr_values = sizeof(_values) / sizeof(struct mmscope_value),	\
	.values = _values,						\
}

/* without names of values */
#define OWN_FIELD(_type, _member, _unit, _help) {			\
	.name = #_member,						\
	.help = _help,							\
	.offset = offsetof(_type, _member),				\
	.size = sizeof(((_type *)0)->_member),				\
	.count = 1,							\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.flags = MMSCOPE_FIELD_DEFAULT,					\
}

#endif

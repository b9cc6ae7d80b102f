// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope rmap PFN|RANGE|FILE...: which processes map these page frames, and
 * where. A file stands for the frames of its pages that are in memory.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cmd.h"

/* ------------------------------------------------------------- which frames */

/**
 * struct frames - what is asked for
 * @range: ranges of page frames
 * @nr: how many
 * @room: allocated
 */
struct frames {
	struct mmscope_pfn_range *range;
	size_t nr;
	size_t room;
};

static void add_frames(struct frames *frames, __u64 start, __u64 end)
{
	if (frames->nr == frames->room) {
		frames->room = 2 * frames->room + 64;
		frames->range = xrealloc(frames->range, frames->room, sizeof(*frames->range));
	}
	frames->range[frames->nr++] = (struct mmscope_pfn_range){ start, end };
}

/**
 * struct file_frames - the frames of a file, as they are found
 * @frames: where they go
 * @dev_major: of the file system
 * @dev_minor: likewise
 * @major: column of the extents
 * @minor: likewise
 * @pfn: likewise
 * @pages: likewise
 */
struct file_frames {
	struct frames *frames;
	__u64 dev_major;
	__u64 dev_minor;
	struct column major;
	struct column minor;
	struct column pfn;
	struct column pages;
};

/* Inodes have their numbers in one file system only, and other owners are pids. */
static bool take_extent(void *ctx, const void *rec)
{
	struct file_frames *f = ctx;
	__u64 dev_major, dev_minor, pfn, pages;

	if (column_number(&f->major, rec, &dev_major) && dev_major == f->dev_major &&
	    column_number(&f->minor, rec, &dev_minor) && dev_minor == f->dev_minor &&
	    column_number(&f->pfn, rec, &pfn) && column_number(&f->pages, rec, &pages))
		add_frames(f->frames, pfn, pfn + pages);
	return true;
}

/* Its pages belong to a file of another file system, and stat() tells of neither. */
static void refuse_overlay(const char *path)
{
	struct statfs fs;

	if (!statfs(path, &fs) && fs.f_type == OVERLAYFS_SUPER_MAGIC)
		die("'%s' is on overlayfs, where files have no pages: name the file in its layer",
		    path);
}

static void add_file(struct source *s, const char *path, struct frames *frames)
{
	const struct dataset *ds = source_dataset(s, "extents");
	struct file_frames f = { .frames = frames };
	struct mmscope_walk_arg query;
	struct walk_stats stats;
	struct stat st;

	if (stat(path, &st))
		die("'%s' is neither page frames (PFN, START-END, START+LENGTH) nor a file: %s",
		    path, strerror(errno));
	refuse_overlay(path);
	if (!ds || !column_find(ds, "dev_major", &f.major) ||
	    !column_find(ds, "dev_minor", &f.minor) || !column_find(ds, "pfn", &f.pfn) ||
	    !column_find(ds, "pages", &f.pages))
		die("%s: knows no extents, so it cannot tell the page frames of a file", s->name);
	f.dev_major = major(st.st_dev);
	f.dev_minor = minor(st.st_dev);
	source_query(&query);
	query.owner = st.st_ino;
	if (source_walk(s, ds, &query, 0, take_extent, &f, &stats))
		die("%s", s->error);
}

static void add_word(struct source *s, const char *word, struct frames *frames)
{
	const char *rest;
	__u64 start, end;

	if (!parse_number(word, &rest, &start) || !strchr("-+", *rest)) {
		add_file(s, word, frames);
		return;
	}
	if (*rest)
		parse_range(word, &start, &end);
	else if (start == ~0ULL)
		die("bad page frame '%s': it is too great", word);
	else
		end = start + 1;
	add_frames(frames, start, end);
}

/* --------------------------------------------------------------- the command */

/**
 * struct shown - what is shown so far
 * @ds: the dataset
 * @out: where it goes
 * @columns: of it
 * @begun: there is a heading
 */
struct shown {
	const struct dataset *ds;
	struct out *out;
	struct columns columns;
	bool begun;
};

static bool show_record(void *ctx, const void *rec)
{
	struct shown *shown = ctx;

	if (!shown->begun)
		out_begin(shown->out, shown->ds->name, &shown->columns);
	shown->begun = true;
	return out_record(shown->out, rec);
}

/* For people a sentence instead of an empty table. */
static void show_end(struct shown *shown, const struct options *o, bool any)
{
	if (!shown->begun && o->style.mode == OUT_TABLE) {
		puts(any ? "no process maps these frames" : "no page of it is in memory");
		return;
	}
	if (!shown->begun)
		out_begin(shown->out, shown->ds->name, &shown->columns);
	out_end(shown->out);
}

static void show_cost(const struct dataset *ds, const struct options *o,
		      const struct walk_stats *stats)
{
	if (o->verbose)
		show_stats(ds, stats);
	fflush(stdout);
	if (stats->refused)
		fprintf(stderr, "mmscope: %llu processes were not looked at: needs CAP_SYS_PTRACE\n",
			stats->refused);
	if (stats->busy)
		fprintf(stderr, "mmscope: %llu processes were passed over: their memory is locked\n",
			stats->busy);
}

void cmd_rmap(struct source *s, const struct options *o, int argc, char **argv)
{
	struct shown shown = { .ds = source_dataset(s, "rmaps") };
	struct walk_stats stats = { 0 };
	struct frames frames = { 0 };
	__u32 pid = 0;

	if (!argc)
		die("rmap wants page frames or files: mmscope rmap PFN|RANGE|FILE...");
	if (o->pid)
		pid = parse_pid(o->pid) ?: (__u32)getpid();
	if (!shown.ds)
		die("%s: knows no rmaps", s->name);
	for (int i = 0; i < argc; i++)
		add_word(s, argv[i], &frames);
	shown.out = out_new(&o->style, &s->info);
	choose_columns(shown.ds, o, &shown.columns);
	for (size_t i = 0; i < frames.nr; i += MMSCOPE_RANGES_MAX) {
		size_t nr = frames.nr - i < MMSCOPE_RANGES_MAX ? frames.nr - i : MMSCOPE_RANGES_MAX;

		if (source_rmap(s, shown.ds, pid, frames.range + i, nr, show_record, &shown,
				&stats))
			die("%s", s->error);
	}
	show_end(&shown, o, frames.nr);
	out_free(shown.out);
	show_cost(shown.ds, o, &stats);
	columns_free(&shown.columns);
	free(frames.range);
}

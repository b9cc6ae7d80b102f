// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope watch: what memory management does, as it does it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "cmd.h"
#include "watch.h"
#include "when.h"

#define READ_BYTES	65536

/* the begins: their ends tell more, and come with a duration */
#define QUIET_KINDS	(1ULL << MMSCOPE_EVENT_RECLAIM_BEGIN | \
			 1ULL << MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN | \
			 1ULL << MMSCOPE_EVENT_COMPACTION_BEGIN)

/**
 * struct sums - what there was of one kind
 * @events: how many
 * @pages: of all of them
 * @has_pages: they tell
 * @ns: duration of all of them
 * @max_ns: the longest
 */
struct sums {
	__u64 events;
	__u64 pages;
	bool has_pages;
	__u64 ns;
	__u64 max_ns;
};

/**
 * struct watching - a watch under way
 * @ds: dataset events
 * @json: an object a line
 * @columns: of all fields
 * @start_ns: when it began
 * @limit: events at most, 0: all
 * @seen: events so far
 * @lost: events that found no room
 * @sums: by kind
 * @line: under way
 */
struct watching {
	const struct dataset *ds;
	bool json;
	struct columns columns;
	__u64 start_ns;
	__u64 limit;
	__u64 seen;
	__u64 lost;
	struct sums sums[64];
	struct text line;
};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* ----------------------------------------------------------------- one event */

static void add_sums(struct watching *w, const void *rec)
{
	__u64 kind = record_number(w->ds, rec, "kind", 0);
	__u64 pages = record_number(w->ds, rec, "pages", MMSCOPE_UNKNOWN);
	__u64 ns = record_number(w->ds, rec, "duration_ns", 0);
	struct sums *sums = &w->sums[kind < ARRAY_SIZE(w->sums) ? kind : 0];

	w->lost += record_number(w->ds, rec, "lost", 0);
	if (kind == MMSCOPE_EVENT_LOST)
		return;
	w->seen++;
	sums->events++;
	if (pages != MMSCOPE_UNKNOWN) {
		sums->pages += pages;
		sums->has_pages = true;
	}
	sums->ns += ns;
	if (ns > sums->max_ns)
		sums->max_ns = ns;
}

static void print_words(struct watching *w, const void *rec)
{
	__u64 lost = record_number(w->ds, rec, "lost", 0);
	__u64 ns = record_number(w->ds, rec, "ns", 0);

	ns = ns > w->start_ns ? ns - w->start_ns : 0;
	if (lost && record_number(w->ds, rec, "kind", 0) != MMSCOPE_EVENT_LOST)
		text_add(&w->line, "             %llu events were lost\n", lost);
	text_add(&w->line, "%5llu.%06llu ", ns / 1000000000, ns % 1000000000 / 1000);
	event_words(&w->line, w->ds, rec);
}

static void print_event(struct watching *w, const void *rec)
{
	if (w->json)
		json_object(&w->line, &w->columns, rec);
	else
		print_words(w, rec);
	text_addc(&w->line, '\n');
	fwrite(w->line.s, 1, w->line.len, stdout);
	text_clear(&w->line);
}

/* Returns false when there were enough. */
static bool take(struct watching *w, const char *buf, size_t bytes)
{
	for (size_t at = 0; at + w->ds->rec_size <= bytes; at += w->ds->rec_size) {
		add_sums(w, buf + at);
		print_event(w, buf + at);
		if (w->limit && w->seen == w->limit)
			return false;
	}
	return true;
}

/* -------------------------------------------------------------------- waiting */

/* Signals come only while it waits, so that none is missed before. */
static void catch_signals(sigset_t *waiting)
{
	const struct sigaction action = { .sa_handler = stop };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, waiting);
	sigdelset(waiting, SIGINT);
	sigdelset(waiting, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* Waits for events. Returns false at the end: of the time, or by ^C. */
static bool wait_for(int fd, __u64 end_ns, const sigset_t *waiting)
{
	struct pollfd poll = { .fd = fd, .events = POLLIN };
	__u64 now = now_ns(), left = end_ns > now ? end_ns - now : 0;
	struct timespec ts = { left / 1000000000, left % 1000000000 };
	int ret;

	if (stopped)
		return false;
	ret = ppoll(&poll, 1, end_ns ? &ts : NULL, waiting);
	if (ret < 0 && errno != EINTR)
		die("cannot wait for events: %s", strerror(errno));
	return ret > 0;
}

static void watch(struct watching *w, struct source *s, __u64 end_ns)
{
	int fd = source_fd(s);
	char *buf = xzalloc(READ_BYTES);
	sigset_t waiting;
	ssize_t got;

	catch_signals(&waiting);
	while (wait_for(fd, end_ns, &waiting)) {
		got = read(fd, buf, READ_BYTES / w->ds->rec_size * w->ds->rec_size);
		if (got < 0)
			die("cannot read events: %s", strerror(errno));
		if (!take(w, buf, got))
			break;
		if (fflush(stdout))
			break;
		if (end_ns && now_ns() >= end_ns)
			break;
	}
	free(buf);
}

/* ---------------------------------------------------------------- the summary */

static void summarize(struct watching *w, const struct options *o, struct source *s)
{
	struct out *out = out_new(&o->style, &s->info);
	struct column kind;
	struct board b;

	printf("\n%llu events, %llu lost\n", w->seen, w->lost);
	column_find(w->ds, "kind", &kind);
	board_init(&b, "summary");
	board_column(&b, "kind", MMSCOPE_UNIT_NAME);
	board_column(&b, "events", MMSCOPE_UNIT_COUNT);
	board_column(&b, "total", MMSCOPE_UNIT_NAME);
	board_column(&b, "longest", MMSCOPE_UNIT_NAME);
	board_column(&b, "pages", MMSCOPE_UNIT_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(w->sums); i++) {
		const struct sums *sums = &w->sums[i];
		const char *name = field_value_name(kind.field, i);
		struct text ns = { 0 };
		size_t row;

		if (!sums->events)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, name ? name : "?");
		board_number(&b, row, 1, sums->events);
		if (sums->ns) {
			text_add_took(&ns, sums->ns);
			board_text(&b, row, 2, ns.s);
			text_clear(&ns);
			text_add_took(&ns, sums->max_ns);
			board_text(&b, row, 3, ns.s);
		}
		/* free pages of a zone are no sum of anything */
		if (i != MMSCOPE_EVENT_WATERMARK && sums->has_pages)
			board_number(&b, row, 4, sums->pages);
		text_free(&ns);
	}
	if (w->seen)
		board_print(&b, out);
	out_free(out);
}

/* ---------------------------------------------------------------- the command */

/* Until then, who allocates is recorded; then it is shown, and forgotten. */
static void watch_owners(struct source *s, const struct options *o, __u64 end_ns)
{
	const struct dataset *ds = source_dataset(s, "owners");
	struct options show = *o;
	char *name = "owners";
	sigset_t waiting;

	if (o->kind || o->count)
		die("--kind and --count are about events, not --owners");
	if (!ds)
		die("%s: knows no owners", s->name);
	if (source_owners(s, ds))
		die("%s", s->error);
	fputs("Recording who allocates pages, until ^C.\n", stderr);
	catch_signals(&waiting);
	wait_for(-1, end_ns, &waiting);
	if (!show.sort)
		show.sort = "pages:desc";
	cmd_dataset(s, &show, 1, &name);
}

static __u64 parse_kinds(const struct dataset *ds, const char *list)
{
	struct column kind;
	__u64 kinds = 0;

	column_find(ds, "kind", &kind);
	for (;;) {
		size_t len = strcspn(list, ",");
		__u64 value;

		if (!field_value_find(kind.field, list, len, &value) || !value)
			die("there is no kind '%.*s' of events: see mmscope(8), or 'mmscope events --list-columns'",
			    (int)len, list);
		kinds |= 1ULL << value;
		if (!list[len])
			return kinds;
		list += len + 1;
	}
}

void cmd_watch(struct source *s, const struct options *o, int argc, char **argv)
{
	struct watching w = { .ds = source_dataset(s, "events"), .limit = o->count };
	__u64 kinds = ~QUIET_KINDS, wanted, end_ns = 0;

	if (argc)
		die("watch takes no words: '%s'", argv[0]);
	if (!w.ds)
		die("%s: knows no events", s->name);
	if (o->kind)
		kinds = parse_kinds(w.ds, o->kind);
	w.json = o->style.mode == OUT_JSON;
	w.start_ns = now_ns();
	if (o->duration)
		end_ns = w.start_ns + parse_duration(o->duration, "duration");
	if (o->owners) {
		watch_owners(s, o, end_ns);
		return;
	}
	if (o->style.mode != OUT_TABLE && !w.json)
		die("watch is text or --json");
	if (o->nr_given && (o->columns || o->sort || o->limit || o->total))
		die("columns and records are chosen of --owners alone");
	columns_all(w.ds, &w.columns);
	wanted = kinds;
	if (source_watch(s, w.ds, &kinds))
		die("%s", s->error);
	if (o->kind && kinds != wanted)
		die("not all of these events are available on this kernel: %s", w.ds->detail);
	watch(&w, s, end_ns);
	if (!w.json)
		summarize(&w, o, s);
	text_free(&w.line);
	columns_free(&w.columns);
}

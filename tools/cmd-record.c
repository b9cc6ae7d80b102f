// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope record: samples of what memory is used for, one each interval, small
 * enough to be kept for days. A sample is written whole, by one write(2), so that
 * whatever ends the recorder leaves a file that can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "owners.h"
#include "pack.h"
#include "when.h"

#define WHOLE_EVERY	64	/* samples: at most so many are read to get one */
#define MAX_CHOSEN	32

static const char defaults[] =
	"accounting,extent_sums,slab_use,slab_caches,processes,zones,nodes,buddy";

/**
 * struct recorder - the recording under way
 * @s: the source
 * @o: the command line
 * @path: of the file
 * @fd: it
 * @chosen: datasets of the module that are kept
 * @nr_chosen: how many
 * @with_owners: owners are kept too
 * @owners: as a dataset
 * @owner_fields: its fields
 * @cgroup_rows: cgroups as a dataset
 * @cgroups: known so far
 * @last: the sample before; empty: none
 * @number: of samples so far
 * @stored: bytes of samples so far
 * @cpu_ns: spent on them
 * @max_lock_ns: longest hold of a kernel lock
 */
struct recorder {
	struct source *s;
	const struct options *o;
	const char *path;
	int fd;
	const struct dataset *chosen[MAX_CHOSEN];
	size_t nr_chosen;
	bool with_owners;
	struct dataset owners;
	struct field owner_fields[OWNER_FIELDS];
	struct dataset cgroup_rows;
	struct cgroups cgroups;
	struct block last;
	__u64 number;
	__u64 stored;
	__u64 cpu_ns;
	__u64 max_lock_ns;
};

static __u64 now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NS_PER_SECOND + ts.tv_nsec;
}

/* ------------------------------------------------------------------- the choice */

/* Return: false if it cannot be kept here, with a sentence in s->error. */
static bool choose(struct recorder *r, const char *name)
{
	const bool owners = !strcmp(name, "extent_sums");
	const struct dataset *ds = source_dataset(r->s, owners ? "extents" : name);
	struct source *s = r->s;

	if (!ds) {
		snprintf(s->error, sizeof(s->error), "there is no dataset '%s'", name);
		return false;
	}
	if (ds->state == MMSCOPE_STATE_UNAVAILABLE) {
		snprintf(s->error, sizeof(s->error), "%s: not available on this kernel: %s",
			 ds->name, ds->detail);
		return false;
	}
	if (ds->flags & (MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_POINT)) {
		snprintf(s->error, sizeof(s->error), "%s is about one process, or an answer to a question: it cannot be sampled",
			 ds->name);
		return false;
	}
	if (owners)
		r->with_owners = true;
	else if (r->nr_chosen < MAX_CHOSEN)
		r->chosen[r->nr_chosen++] = ds;
	return true;
}

static void choose_all(struct recorder *r)
{
	char *copy = strdup(r->o->datasets ? r->o->datasets : defaults);
	char *rest = copy, *name;

	if (!copy)
		die("out of memory");
	while ((name = strsep(&rest, ",")))
		if (!choose(r, name) && r->o->datasets)
			die("%s", r->s->error);
	free(copy);
	if (!r->nr_chosen && !r->with_owners)
		die("nothing can be recorded on this kernel: %s", r->s->error);
}

/* --------------------------------------------------------------------- the file */

static void put(struct recorder *r, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t done = write(r->fd, data, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			die("%s: cannot write the recording: %s", r->path, strerror(errno));
		data += done;
		bytes -= done;
	}
}

/* What is saved from now on goes to memory, ... */
static FILE *begin_block(struct block *b)
{
	FILE *file = open_memstream(&b->data, &b->bytes);

	if (!file)
		die("out of memory");
	return file;
}

/* ... and up to here. */
static void end_block(struct recorder *r)
{
	FILE *file = r->s->recorder;

	r->s->recorder = NULL;
	if (fclose(file))
		die("out of memory");
}

/* What is told once: the machine, and what the records look like. */
static void write_head(struct recorder *r)
{
	struct mmscope_info info = r->s->info;
	struct block head;

	owner_dataset(r->s, info.nr_datasets++, r->owner_fields, &r->owners);
	r->cgroup_rows = cgroup_rows;
	r->cgroup_rows.id = info.nr_datasets++;
	record_begin(r->s, begin_block(&head));
	record_call(r->s, MMSCOPE_IOC_INFO, &info);
	for (size_t i = 0; i < r->nr_chosen; i++)
		record_describe(r->s, r->chosen[i]);
	if (r->with_owners) {
		record_describe(r->s, &r->owners);
		record_describe(r->s, &r->cgroup_rows);
	}
	end_block(r);
	put(r, head.data, head.bytes);
	free(head.data);
}

static void open_file(struct recorder *r)
{
	/* who may read it sees what root may see */
	r->fd = open(r->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (r->fd < 0 && errno == EEXIST)
		die("%s: is there already: an old recording is not overwritten", r->path);
	if (r->fd < 0)
		die("%s: %s", r->path, strerror(errno));
	write_head(r);
}

/* --------------------------------------------------------------------- a sample */

static bool pass(void *ctx, const void *rec)
{
	(void)ctx;
	(void)rec;
	return true;
}

static void note_walk(struct recorder *r, int err, const struct walk_stats *stats)
{
	if (err)
		fprintf(stderr, "mmscope: sample %llu: %s\n", r->number + 1, r->s->error);
	if (stats->max_lock_ns > r->max_lock_ns)
		r->max_lock_ns = stats->max_lock_ns;
}

/* The extents are not kept, but what they sum up to. */
static void add_owners(struct recorder *r)
{
	FILE *recorder = r->s->recorder;
	struct walk_stats stats = { 0 };
	struct owners owners;
	int err;

	r->s->recorder = NULL;
	err = owners_collect(r->s, &owners, &stats);
	r->s->recorder = recorder;
	note_walk(r, err, &stats);
	if (err)
		return;
	cgroups_learn(&r->cgroups, &owners);
	record_rows(r->s, &r->owners, owners.rows, owners.nr);
	record_rows(r->s, &r->cgroup_rows, r->cgroups.rows, r->cgroups.nr);
	owners_free(&owners);
}

static void collect(struct recorder *r, struct block *b)
{
	struct mmscope_walk_arg query;
	struct walk_stats stats;

	r->s->recorder = begin_block(b);
	source_query(&query);
	for (size_t i = 0; i < r->nr_chosen; i++)
		note_walk(r, source_walk(r->s, r->chosen[i], &query, 0, pass, NULL, &stats),
			  &stats);
	if (r->with_owners)
		add_owners(r);
	end_block(r);
}

static size_t write_sample(struct recorder *r, const struct block *b,
			   struct recording_sample *sample)
{
	static const char zeros[8];
	struct recording_section head = {
		.type = RECORDING_SAMPLE,
		.arg_bytes = sizeof(*sample),
	};
	struct text packed = { 0 }, whole = { 0 };
	size_t bytes;

	sample->bytes = b->bytes;
	sample->base = r->last.bytes && r->number % WHOLE_EVERY;
	if (!pack(b, sample->base ? &r->last : NULL, &packed) ||
	    b->bytes > RECORDING_MAX_BYTES || packed.len > RECORDING_MAX_BYTES / 2)
		die("%s: a sample of this machine is too large: choose fewer --datasets", r->path);
	head.bytes = sizeof(*sample) + packed.len;
	text_addn(&whole, (const char *)&head, sizeof(head));
	text_addn(&whole, (const char *)sample, sizeof(*sample));
	text_addn(&whole, packed.s, packed.len);
	text_addn(&whole, zeros, -head.bytes % 8);
	put(r, whole.s, whole.len);
	/* what memory was used for is of interest after the machine has died of it */
	fdatasync(r->fd);
	bytes = whole.len;
	text_free(&packed);
	text_free(&whole);
	return bytes;
}

static void take_sample(struct recorder *r)
{
	struct recording_sample sample = {
		.number = r->number + 1,
		.realtime_ns = now(CLOCK_REALTIME),
		.boottime_ns = now(CLOCK_BOOTTIME),
	};
	__u64 cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	struct block b;
	size_t bytes;

	collect(r, &b);
	sample.took_ns = now(CLOCK_BOOTTIME) - sample.boottime_ns;
	sample.cpu_ns = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	bytes = write_sample(r, &b, &sample);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	free(r->last.data);
	r->last = b;
	r->number++;
	r->stored += bytes;
	r->cpu_ns += cpu;
	if (r->o->verbose)
		fprintf(stderr, "sample %llu: %llu.%01llu ms, %llu.%01llu ms of a CPU with packing; %zu bytes of %zu\n",
			r->number, sample.took_ns / 1000000, sample.took_ns / 100000 % 10,
			cpu / 1000000, cpu / 100000 % 10, bytes, b.bytes);
}

/* ------------------------------------------------------------------- the command */

/* Wait until then. Return: false if it is time to stop. */
static bool wait_until(__u64 ns, const sigset_t *stop)
{
	for (;;) {
		__u64 at = now(CLOCK_BOOTTIME);
		__u64 left = ns > at ? ns - at : 0;
		const struct timespec ts = { left / NS_PER_SECOND, left % NS_PER_SECOND };

		if (sigtimedwait(stop, NULL, &ts) > 0)
			return false;
		if (errno == EAGAIN && now(CLOCK_BOOTTIME) >= ns)
			return true;
	}
}

static void tell_cost(const struct recorder *r, __u64 elapsed)
{
	struct text size = { 0 }, each = { 0 };
	struct rusage usage;

	text_add_size(&size, r->stored);
	text_add_size(&each, r->stored / r->number);
	printf("%llu samples in %s: %s, %s each\n", r->number, r->path, size.s, each.s);
	text_free(&size);
	text_free(&each);
	if (!r->o->verbose)
		return;
	fflush(stdout);
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "mmscope: %llu.%01llu ms of a CPU a sample, %llu.%02llu %% of one in all; longest lock hold %llu ns; %ld KiB of memory at most\n",
		r->cpu_ns / r->number / 1000000, r->cpu_ns / r->number / 100000 % 10,
		elapsed ? r->cpu_ns / (elapsed / 100 + 1) : 0,
		elapsed ? r->cpu_ns / (elapsed / 10000 + 1) % 100 : 0, r->max_lock_ns,
		usage.ru_maxrss);
}

static void run(struct recorder *r, __u64 interval)
{
	__u64 begin = now(CLOCK_BOOTTIME), next = begin;
	__u64 duration = r->o->duration ? parse_duration(r->o->duration, "duration") : 0;
	struct recording_section end = { .type = RECORDING_END };
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGHUP);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	do {
		take_sample(r);
		/* what cannot be kept up with is left out, not made up for */
		do
			next += interval;
		while (next <= now(CLOCK_BOOTTIME));
	} while ((!r->o->count || r->number < r->o->count) &&
		 (!duration || next <= begin + duration) && wait_until(next, &stop));
	put(r, (const char *)&end, sizeof(end));
	if (close(r->fd))
		die("%s: cannot write the recording: %s", r->path, strerror(errno));
	tell_cost(r, now(CLOCK_BOOTTIME) - begin);
}

void cmd_record(struct source *s, const struct options *o, int argc, char **argv)
{
	struct recorder r = { .s = s, .o = o };
	__u64 interval = parse_duration(o->interval ? o->interval : "10s", "interval");

	if (argc != 1)
		die("record wants a file: mmscope record FILE --interval 10s");
	if (!interval)
		die("bad interval '%s': there must be time between two samples", o->interval);
	if (o->duration)
		parse_duration(o->duration, "duration");
	r.path = argv[0];
	choose_all(&r);
	open_file(&r);
	run(&r, interval);
	free(r.last.data);
	free(r.cgroups.rows);
}

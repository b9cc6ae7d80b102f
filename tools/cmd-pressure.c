// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope pressure: is memory short, what does the kernel do about it, and what
 * will the next allocation have to do.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "table.h"

#define PSI		"/proc/pressure/memory"
#define DEFAULT_GFP	"GFP_KERNEL"
#define HOPELESS	16	/* failures of kswapd after which it is not woken any more */

/* what is asked and printed */
struct pressure {
	struct source *s;
	const struct options *o;
	struct out *out;
	const struct dataset *alloc;
	struct table zones;
	__u32 gfp;
	const char *gfp_text;
	__u64 order;	/* one more that is asked about */
	__u32 node;
};

static bool in_words(const struct pressure *p)
{
	return p->out->style.mode == OUT_TABLE;
}

static __u64 bytes_of(const struct pressure *p, __u64 pages)
{
	return known_times(pages, p->s->info.page_size);
}

/* a signed number of pages */
static __s64 pages_at(const struct pressure *p, size_t i, const char *name)
{
	return table_get(&p->zones, i, name);
}

static const char *value_name(const struct dataset *ds, const char *field, __u64 value)
{
	struct column c;
	const char *name = NULL;

	if (column_find(ds, field, &c))
		name = field_value_name(c.field, value);
	return name ? name : "?";
}

static const char *name_at(const struct pressure *p, size_t i, const char *field)
{
	return value_name(p->zones.ds, field, table_get(&p->zones, i, field));
}

/* ---------------------------------------------------------------------- zones */

static const char *level(const struct pressure *p, size_t i)
{
	if (pages_at(p, i, "above_min") <= 0)
		return "below min: tasks reclaim";
	if (pages_at(p, i, "above_low") <= 0)
		return "below low: kswapd is woken";
	if (pages_at(p, i, "above_high") <= 0)
		return "below high: kswapd goes on if it runs";
	return "above high";
}

static void show_zones(struct pressure *p)
{
	static const struct {
		const char *column;
		const char *source;
		bool is_signed;
	} sizes[] = {
		{ "free", "free_pages", false },
		{ "above_min", "above_min", true },
		{ "above_low", "above_low", true },
		{ "above_high", "above_high", true },
		{ "boost", "watermark_boost", false },
		{ "reclaimable", "reclaimable_pages", false },
	};
	int node, zone, first = 0, state;
	struct board b;

	board_init(&b, "zones");
	node = board_column(&b, "node", MMSCOPE_UNIT_ID);
	zone = board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int column = board_column(&b, sizes[i].column, MMSCOPE_UNIT_BYTES);

		if (sizes[i].is_signed)
			b.fields[column].flags |= MMSCOPE_FIELD_SIGNED;
		first = i ? first : column;
	}
	state = board_column(&b, "level", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < p->zones.nr; i++) {
		size_t row = board_row(&b);

		board_number(&b, row, node, table_get(&p->zones, i, "node"));
		table_put_text(&p->zones, i, "zone", &b, row, zone);
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++)
			board_number(&b, row, first + j, table_get(&p->zones, i, sizes[j].source) *
							 p->s->info.page_size);
		board_text(&b, row, state, level(p, i));
	}
	board_print(&b, p->out);
}

/* -------------------------------------------------------------------- daemons */

static void add_kswapd(struct text *t, const struct pressure *p, size_t i)
{
	__u64 state = table_get(&p->zones, i, "kswapd_state");
	__u64 failures = table_get(&p->zones, i, "kswapd_failures");
	bool asked = strcmp(name_at(p, i, "kswapd_highest_zone"), "none");

	if (state == MMSCOPE_DAEMON_NONE)
		text_adds(t, "there is none");
	else if (state == MMSCOPE_DAEMON_RUNNING)
		text_adds(t, "runs");
	else if (state == MMSCOPE_DAEMON_BLOCKED)
		text_adds(t, "is at work, and waits for I/O or a lock");
	else if (failures >= HOPELESS)
		text_adds(t, "sleeps, it has given up: tasks reclaim themselves");
	else
		text_adds(t, "sleeps");
	if (asked)
		text_add(t, "; asked for order %llu in zone %s or below",
			 table_get(&p->zones, i, "kswapd_order"),
			 name_at(p, i, "kswapd_highest_zone"));
	if (failures)
		text_add(t, "; %llu runs in a row reclaimed nothing", failures);
	if (table_get(&p->zones, i, "waiting"))
		text_adds(t, "; tasks wait for it");
}

static void add_kcompactd(struct text *t, const struct pressure *p, size_t i)
{
	__u64 state = table_get(&p->zones, i, "kcompactd_state");

	if (state == MMSCOPE_DAEMON_NONE)
		text_adds(t, "there is none");
	else if (state == MMSCOPE_DAEMON_RUNNING)
		text_adds(t, "runs");
	else if (state == MMSCOPE_DAEMON_BLOCKED)
		text_adds(t, "is at work, and waits for I/O or a lock");
	else
		text_adds(t, "sleeps");
	if (table_get(&p->zones, i, "kcompactd_order"))
		text_add(t, "; asked for order %llu in zone %s or below",
			 table_get(&p->zones, i, "kcompactd_order"),
			 name_at(p, i, "kcompactd_highest_zone"));
	if (table_get(&p->zones, i, "proactive_trigger") == 1)
		text_adds(t, "; told to look for fragmentation now");
}

/* Compaction of a zone that failed lately. Return: false: it did not. */
static bool add_deferral(struct text *t, const struct pressure *p, size_t i)
{
	__u64 shift = table_get(&p->zones, i, "compact_defer_shift");

	if (!shift || shift > 63)
		return false;
	text_add(t, "zone %s: failed from order %llu on; of %llu tries %llu are passed over so far",
		 name_at(p, i, "zone"), table_get(&p->zones, i, "compact_order_failed"),
		 1ULL << shift, table_get(&p->zones, i, "compact_considered"));
	return true;
}

static void put_daemon(struct board *b, const struct pressure *p, size_t i, const char *name,
		       const char *pid, struct text *words)
{
	size_t row = board_row(b);

	board_number(b, row, 0, table_get(&p->zones, i, "node"));
	board_text(b, row, 1, name);
	if (pid)
		board_number(b, row, 2, table_get(&p->zones, i, pid));
	board_text(b, row, 3, words->s);
	text_clear(words);
}

static void show_daemons(struct pressure *p)
{
	struct text words = { 0 };
	struct board b;

	board_init(&b, "daemons");
	board_column(&b, "node", MMSCOPE_UNIT_ID);
	board_column(&b, "who", MMSCOPE_UNIT_NAME);
	board_column(&b, "pid", MMSCOPE_UNIT_ID);
	board_column(&b, "state", MMSCOPE_UNIT_NAME);
	for (size_t i = 0, next; i < p->zones.nr; i = next) {
		__u64 node = table_get(&p->zones, i, "node");

		add_kswapd(&words, p, i);
		put_daemon(&b, p, i, "kswapd", "kswapd_pid", &words);
		add_kcompactd(&words, p, i);
		put_daemon(&b, p, i, "kcompactd", "kcompactd_pid", &words);
		for (next = i; next < p->zones.nr &&
		     table_get(&p->zones, next, "node") == node; next++)
			if (add_deferral(&words, p, next))
				put_daemon(&b, p, next, "compaction", NULL, &words);
	}
	board_print(&b, p->out);
	text_free(&words);
}

/* -------------------------------------------------------------- who reclaimed */

/* sum of the counters whose names begin so; UNKNOWN: there are none */
static __u64 sum_events(const struct table *events, const char *prefix)
{
	__u64 sum = MMSCOPE_UNKNOWN;
	struct column name;

	if (!events->ds || !column_find(events->ds, "name", &name))
		return sum;
	for (size_t i = 0; i < events->nr; i++) {
		const char *text = (const char *)table_record(events, i) + name.field->offset;

		if (strncmp(text, prefix, strlen(prefix)))
			continue;
		sum = (sum == MMSCOPE_UNKNOWN ? 0 : sum) + table_get(events, i, "value");
	}
	return sum;
}

/* Who reclaimed how much, since boot. */
static void show_reclaimers(struct pressure *p, const struct table *events)
{
	static const struct {
		const char *who;
		const char *begun;
		const char *scanned;
		const char *reclaimed;
	} rows[] = {
		{ "kswapd", "pageoutrun", "pgscan_kswapd", "pgsteal_kswapd" },
		{ "tasks, direct", "allocstall_", "pgscan_direct", "pgsteal_direct" },
		{ "khugepaged", "", "pgscan_khugepaged", "pgsteal_khugepaged" },
	};
	struct board b;

	board_init(&b, "reclaimers");
	board_column(&b, in_words(p) ? "reclaim_since_boot" : "by", MMSCOPE_UNIT_NAME);
	board_column(&b, "begun", MMSCOPE_UNIT_COUNT);
	board_column(&b, "scanned", MMSCOPE_UNIT_BYTES);
	board_column(&b, "reclaimed", MMSCOPE_UNIT_BYTES);
	for (size_t i = 0; events->nr && i < ARRAY_SIZE(rows); i++) {
		size_t row = board_row(&b);

		board_text(&b, row, 0, rows[i].who);
		/* khugepaged's runs are not counted */
		if (*rows[i].begun)
			board_number(&b, row, 1, sum_events(events, rows[i].begun));
		board_number(&b, row, 2, bytes_of(p, sum_events(events, rows[i].scanned)));
		board_number(&b, row, 3, bytes_of(p, sum_events(events, rows[i].reclaimed)));
	}
	board_print(&b, p->out);
}

/* What came of it, since boot. */
static void show_effects(struct pressure *p, const struct table *events)
{
	static const struct {
		const char *column;
		const char *counter;
		__u32 unit;	/* BYTES: of a counter of pages */
	} numbers[] = {
		{ "refaulted_file", "workingset_refault_file", MMSCOPE_UNIT_BYTES },
		{ "refaulted_anon", "workingset_refault_anon", MMSCOPE_UNIT_BYTES },
		{ "swapped_out", "pswpout", MMSCOPE_UNIT_BYTES },
		{ "swapped_in", "pswpin", MMSCOPE_UNIT_BYTES },
		{ "compactions", "compactstall", MMSCOPE_UNIT_COUNT },
		{ "failed", "compactfail", MMSCOPE_UNIT_COUNT },
		{ "kcompactd", "kcompactd_wake", MMSCOPE_UNIT_COUNT },
		{ "oom_kills", "oom_kill", MMSCOPE_UNIT_COUNT },
	};
	struct board b;

	board_init(&b, "effects");
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		board_column(&b, numbers[i].column, numbers[i].unit);
	board_row(&b);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		__u64 value = sum_events(events, numbers[i].counter);

		board_number(&b, 0, i, numbers[i].unit == MMSCOPE_UNIT_BYTES ?
				       bytes_of(p, value) : value);
	}
	board_print(&b, p->out);
}

/* ------------------------------------------------------------------------ PSI */

/* Lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", of this machine only. */
static void show_psi(struct pressure *p)
{
	FILE *f = p->o->from ? NULL : fopen(PSI, "re");
	char line[160], kind[16], avg[3][16];
	unsigned long long total;
	struct board b;

	if (!f && in_words(p)) {
		printf("\nPressure stall information: %s.\n", p->o->from ? "not in a recording" :
		       "this kernel gives none (no " PSI ": CONFIG_PSI is off, or psi=0)");
		return;
	}
	board_init(&b, "psi");
	board_column(&b, in_words(p) ? "stalled_for_memory" : "stalled", MMSCOPE_UNIT_NAME);
	board_column(&b, "avg10_percent", MMSCOPE_UNIT_NAME);
	board_column(&b, "avg60_percent", MMSCOPE_UNIT_NAME);
	board_column(&b, "avg300_percent", MMSCOPE_UNIT_NAME);
	board_column(&b, "total_us", MMSCOPE_UNIT_COUNT);
	board_column(&b, "read_from", MMSCOPE_UNIT_NAME);
	while (f && fgets(line, sizeof(line), f)) {
		size_t row;

		if (sscanf(line, "%15s avg10=%15s avg60=%15s avg300=%15s total=%llu", kind, avg[0],
			   avg[1], avg[2], &total) != 5)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, !strcmp(kind, "some") ? "some tasks" : "all tasks");
		for (int i = 0; i < 3; i++)
			board_text(&b, row, 1 + i, avg[i]);
		board_number(&b, row, 4, total);
		board_text(&b, row, 5, PSI);
	}
	if (f)
		fclose(f);
	board_print(&b, p->out);
}

/* ------------------------------------------------------- the next allocation */

static __u64 zone_get(const struct pressure *p, const char *recs, __u32 i, const char *name)
{
	return record_number(p->alloc, recs + (size_t)i * p->alloc->rec_size, name,
			     MMSCOPE_UNKNOWN);
}

static const char *zone_of(const struct pressure *p, __u64 zone)
{
	return value_name(p->alloc, "zone", zone);
}

/* Has kswapd of all nodes given up? Then nobody wakes it. */
static bool given_up(const struct pressure *p)
{
	for (size_t i = 0; i < p->zones.nr; i++)
		if (table_get(&p->zones, i, "kswapd_failures") < HOPELESS)
			return false;
	return p->zones.nr;
}

static void add_wake(struct text *t, const struct pressure *p, const struct mmscope_alloc_arg *arg,
		     const char *then)
{
	if (!(arg->may & MMSCOPE_ALLOC_MAY_KSWAPD))
		return;
	text_adds(t, given_up(p) ? "kswapd has given up" : "wakes kswapd");
	text_adds(t, then);
}

/* What direct compaction would do: the zone where it goes furthest. */
static void add_compaction(struct text *t, const struct pressure *p,
			   const struct mmscope_alloc_arg *arg, const char *recs)
{
	static const char *const words[] = {
		[MMSCOPE_COMPACTION_NEEDLESS] = "no compaction",
		[MMSCOPE_COMPACTION_DEFERRED] = "no compaction (it failed lately)",
		[MMSCOPE_COMPACTION_NO_ROOM] = "no compaction (too few free pages for it)",
		[MMSCOPE_COMPACTION_NO_MEMORY] = "no compaction (memory is missing, not order)",
		[MMSCOPE_COMPACTION_RUNS] = "direct compaction",
	};
	__u64 best = 0, zone = 0;

	for (__u32 i = 0; i < arg->nr; i++) {
		__u64 verdict = zone_get(p, recs, i, "compaction");

		if (verdict == MMSCOPE_UNKNOWN || verdict <= best)
			continue;
		best = verdict;
		zone = zone_get(p, recs, i, "zone");
	}
	if (!best || best >= ARRAY_SIZE(words))
		return;
	text_adds(t, words[best]);
	if (best == MMSCOPE_COMPACTION_RUNS)
		text_add(t, " of zone %s", zone_of(p, zone));
	text_adds(t, ", ");
}

/* Would all that could be reclaimed help? */
static bool hopeless(const struct pressure *p, const struct mmscope_alloc_arg *arg,
		     const char *recs)
{
	for (__u32 i = 0; i < arg->nr; i++)
		if ((__s64)zone_get(p, recs, i, "reclaimed_margin") > 0)
			return false;
	return true;
}

static void add_reclaim(struct text *t, const struct pressure *p,
			const struct mmscope_alloc_arg *arg, const char *recs)
{
	bool lost = hopeless(p, arg, recs);

	add_wake(t, p, arg, ", ");
	if (arg->may & MMSCOPE_ALLOC_MAY_COMPACT)
		add_compaction(t, p, arg, recs);
	text_adds(t, "direct reclaim");
	if (lost)
		text_adds(t, ", which cannot find enough");
	if (arg->may & MMSCOPE_ALLOC_MAY_OOM)
		text_adds(t, lost ? ", OOM killer" : "; OOM killer if that gets nowhere");
	else
		text_adds(t, lost ? ", fails" : "; fails if that gets nowhere");
}

/* What an allocation of an order does, in words. Return: enum mmscope_alloc_result. */
static __u32 next_allocation(struct text *t, const struct pressure *p, __u32 order)
{
	struct mmscope_alloc_arg arg = { .order = order, .gfp = p->gfp, .node = p->node };
	char *recs = source_alloc(p->s, p->alloc, &arg);

	if (!recs)
		die("%s", p->s->error);
	switch (arg.result) {
	case MMSCOPE_ALLOC_AT_ONCE:
		text_add(t, "fast path: zone %s gives it at once", zone_of(p, arg.from_zone));
		break;
	case MMSCOPE_ALLOC_SLOW:
		add_wake(t, p, &arg, "; ");
		text_add(t, "zone %s gives it, below its low watermark",
			 zone_of(p, arg.from_zone));
		break;
	case MMSCOPE_ALLOC_RECLAIM:
		add_reclaim(t, p, &arg, recs);
		break;
	default:
		text_adds(t, "fails: it may not reclaim");
	}
	if (arg.unknown)
		text_adds(t, " (uncertain: see mmscope alloc)");
	free(recs);
	return arg.result;
}

static const char *const result_words[] = {
	[MMSCOPE_ALLOC_AT_ONCE] = "at_once",
	[MMSCOPE_ALLOC_SLOW] = "slow",
	[MMSCOPE_ALLOC_RECLAIM] = "reclaim",
	[MMSCOPE_ALLOC_FAIL] = "fail",
};

static void show_allocations(struct pressure *p)
{
	__u64 orders[] = { 0, 3, 9, 0 };
	size_t nr = ARRAY_SIZE(orders) - 1;
	struct text words = { 0 };
	struct board b;

	if (p->o->order)
		orders[nr++] = p->order;
	board_init(&b, "next_allocations");
	board_column(&b, "order", MMSCOPE_UNIT_ID);
	board_column(&b, "size", MMSCOPE_UNIT_BYTES);
	board_column(&b, "result", MMSCOPE_UNIT_NAME);
	board_column(&b, in_words(p) ? "what_the_next_one_does" : "does", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < nr; i++) {
		size_t row = board_row(&b);
		__u32 result;

		text_clear(&words);
		result = next_allocation(&words, p, orders[i]);
		board_number(&b, row, 0, orders[i]);
		board_number(&b, row, 1, bytes_of(p, 1ULL << orders[i]));
		if (result < ARRAY_SIZE(result_words))
			board_text(&b, row, 2, result_words[result]);
		board_text(&b, row, 3, words.s);
	}
	board_print(&b, p->out);
	text_free(&words);
}

/* ----------------------------------------------------------------- the answer */

static void print_answer(const struct pressure *p)
{
	static const char *const answers[] = {
		[MMSCOPE_ALLOC_AT_ONCE] = "Memory is not short: an allocation of a page succeeds at once.",
		[MMSCOPE_ALLOC_SLOW] =
			"Memory is getting short: an allocation of a page succeeds below the low watermark.",
		[MMSCOPE_ALLOC_RECLAIM] =
			"Memory is short: who wants a page must reclaim memory first.",
		[MMSCOPE_ALLOC_FAIL] = "Memory is short: an allocation of a page fails.",
	};
	struct text words = { 0 };
	__u32 result = next_allocation(&words, p, 0);

	if (result < ARRAY_SIZE(answers))
		puts(answers[result]);
	text_free(&words);
}

static void parse_question(struct pressure *p)
{
	const struct options *o = p->o;
	__u64 node;

	p->gfp_text = o->gfp ? o->gfp : DEFAULT_GFP;
	parse_gfp(p->gfp_text, &p->gfp);
	if (o->order && !parse_whole_number(o->order, p->s->info.nr_orders - 1, &p->order))
		die("bad order '%s': 0 to %u is wanted, for 2^order pages", o->order,
		    p->s->info.nr_orders - 1);
	p->node = MMSCOPE_ANY;
	if (!o->node)
		return;
	if (!parse_whole_number(o->node, MMSCOPE_ANY - 1, &node))
		die("bad node '%s': a number is wanted", o->node);
	p->node = node;
}

void cmd_pressure(struct source *s, const struct options *o, int argc, char **argv)
{
	struct pressure p = { .s = s, .o = o, .alloc = source_dataset(s, "alloc_zones") };
	struct mmscope_walk_arg query;
	struct table events;

	if (argc)
		die("pressure takes no words: '%s'", argv[0]);
	if (o->style.mode != OUT_TABLE && o->style.mode != OUT_JSON)
		die("pressure is text or --json; the records are those of 'mmscope reclaim'");
	if (!p.alloc || !source_dataset(s, "reclaim"))
		die("%s: knows nothing of reclaim", s->name);
	parse_question(&p);
	source_query(&query);
	query.node = p.node;
	if (table_query(s, "reclaim", &query, &p.zones))
		die("%s", s->error);
	p.out = out_new(&o->style, &s->info);
	if (in_words(&p))
		print_answer(&p);
	show_zones(&p);
	show_daemons(&p);
	table_collect(s, "reclaim_events", &events);
	show_reclaimers(&p, &events);
	show_effects(&p, &events);
	table_free(&events);
	show_psi(&p);
	if (in_words(&p))
		printf("\nAllocations with %s:", p.gfp_text);
	show_allocations(&p);
	out_free(p.out);
	table_free(&p.zones);
}

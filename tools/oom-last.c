// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope oom --last: what the OOM recorder kept of the last OOM.
 */
#include <string.h>

#include "oom.h"

#define RANKED	8
#define SLABS	8

/* records of one snapshot */
struct last {
	struct table head;
	struct table zones;
	struct table rank;
	struct table slabs;
};

static const char *const names[] = {
	"oom_last", "oom_last_zones", "oom_last_rank", "oom_last_slabs",
};

static void free_last(struct last *l)
{
	table_free(&l->head);
	table_free(&l->zones);
	table_free(&l->rank);
	table_free(&l->slabs);
}

static bool is_of(const struct table *t, __u64 snapshot)
{
	return !t->nr || table_get(t, 0, "snapshot") == snapshot;
}

/* four answers: another OOM may come in between, then all is read anew */
static void load(struct source *s, struct last *l)
{
	struct table *tables[] = { &l->head, &l->zones, &l->rank, &l->slabs };
	struct mmscope_walk_arg query;
	__u64 snapshot;

	source_query(&query);
	for (int try = 0; ; try++) {
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
			if (table_query(s, names[i], &query, tables[i]))
				die("%s", s->error);
		if (l->head.nr != 1)
			die("oom_last: the answer makes no sense");
		snapshot = table_get(&l->head, 0, "snapshot");
		if (is_of(&l->zones, snapshot) && is_of(&l->rank, snapshot) &&
		    is_of(&l->slabs, snapshot))
			return;
		if (try == 5)
			die("one OOM follows the other: there is no snapshot of one piece");
		free_last(l);
	}
}

static void show_json(const struct last *l, struct out *out)
{
	const struct table *tables[] = { &l->head, &l->zones, &l->rank, &l->slabs };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct columns all = { 0 };

		columns_all(tables[i]->ds, &all);
		out_rows(out, tables[i]->ds, &all, tables[i]->records, tables[i]->nr);
		columns_free(&all);
	}
}

/* ------------------------------------------------------------------ in words */

static void say_recorder(const struct table *h)
{
	bool armed = table_get(h, 0, "state") & MMSCOPE_OOM_ARMED;
	__u64 kills = table_get(h, 0, "kills");
	__u64 missed = table_get(h, 0, "missed");

	printf("The OOM recorder is %s.", armed ? "armed" : "not armed");
	if (armed || kills)
		printf(" Since arming: %llu killed, %llu snapshots.", kills,
		       table_get(h, 0, "snapshot"));
	if (missed)
		printf(" It was busy %llu times.", missed);
	puts(armed || table_get(h, 0, "snapshot") ? "" : " To arm it: mmscope oom --arm");
}

static void add_gfp(struct text *t, const struct table *h)
{
	struct column c;

	if (column_find(h->ds, "gfp", &c))
		value_text(t, &c, table_record(h, 0), true);
}

static void say_asker(struct source *s, const struct table *h)
{
	__u64 order = table_get(h, 0, "order");
	__u64 scope = table_get(h, 0, "scope_memcg");
	struct text t = { 0 };

	text_add(&t, "\nSnapshot %llu, %.3f s after boot: ", table_get(h, 0, "snapshot"),
		 table_get(h, 0, "taken_ns") / 1e9);
	if (scope) {
		text_add(&t, "the cgroup with inode %llu had ", scope);
		oom_add_pages(&t, s, table_get(h, 0, "scope_used_pages"));
		text_adds(&t, " of the ");
	} else {
		text_adds(&t, "the machine was out of its ");
	}
	oom_add_pages(&t, s, table_get(h, 0, "scope_pages"));
	text_add(&t, "%s.\n%llu (", scope ? " that it may use" : " of RAM and swap",
		 table_get(h, 0, "pid"));
	oom_add_comm(&t, h, 0, "comm");
	text_adds(&t, ") asked for ");
	if (order == MMSCOPE_UNKNOWN) {
		text_adds(&t, "memory.");
	} else {
		oom_add_pages(&t, s, 1ULL << order);
		text_add(&t, ", order %llu, with ", order);
		add_gfp(&t, h);
		text_addc(&t, '.');
	}
	puts(t.s);
	text_free(&t);
}

static void say_victim(struct source *s, const struct last *l)
{
	const struct table *h = &l->head;
	__u64 rank = table_get(h, 0, "victim_rank");
	struct text t = { 0 };

	text_add(&t, "%llu (", table_get(h, 0, "victim_pid"));
	oom_add_comm(&t, h, 0, "victim_comm");
	text_adds(&t, ") was killed. It had ");
	oom_add_pages(&t, s, table_get(h, 0, "victim_rss_pages"));
	text_adds(&t, " resident, ");
	oom_add_pages(&t, s, table_get(h, 0, "victim_swap_pages"));
	text_adds(&t, " in swap, ");
	oom_add_pages(&t, s, table_get(h, 0, "victim_pagetable_pages"));
	text_add(&t, " of page tables; its oom_score_adj was %lld.",
		 (__s64)table_get(h, 0, "victim_adj"));
	if (rank == 1)
		text_adds(&t, " It was the first of the ranking:");
	else if (rank)
		text_add(&t, " It was at place %llu of the ranking:", rank);
	else
		text_adds(&t, " It is not in the ranking:");
	puts(t.s);
	if (table_get(h, 0, "victims") > 1)
		printf("With it the others of its cgroup were killed: %llu in all.\n",
		       table_get(h, 0, "victims"));
	text_free(&t);
}

static __u64 counter(const struct table *h, const char *name)
{
	struct column c;
	__u64 value;

	if (!column_find(h->ds, name, &c) || !column_number(&c, table_record(h, 0), &value))
		return MMSCOPE_UNKNOWN;
	return value;
}

/* the counters of all nodes and zones that tell where memory was */
static void say_counters(struct source *s, const struct table *h)
{
	static const struct {
		const char *name;
		const char *words;
	} counters[] = {
		{ "zone_stat.nr_free_pages", "free" },
		{ "node_stat.nr_anon_mapped", "anonymous" },
		{ "node_stat.nr_file_pages", "page cache" },
		{ "node_stat.nr_shmem", "of it shared memory" },
		{ "node_stat.nr_file_dirty", "dirty" },
		{ "node_stat.nr_slab_reclaimable_b", "slab to be reclaimed" },
		{ "node_stat.nr_slab_unreclaimable_b", "other slab" },
		{ "node_stat.nr_pagetable", "page tables" },
		{ "node_stat.nr_unevictable", "unevictable" },
		{ "free_swap_pages", "free in swap" },
	};
	struct text t = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		__u64 pages = counter(h, counters[i].name);

		if (pages == MMSCOPE_UNKNOWN)
			continue;
		text_adds(&t, t.len ? ", " : "\nMemory by the counters: ");
		oom_add_pages(&t, s, pages);
		text_add(&t, " %s", counters[i].words);
	}
	if (t.len)
		printf("%s.\n", t.s);
	printf("Since boot: %llu direct reclaims; reclaimed %llu of %llu pages looked at, kswapd %llu of %llu.\n",
	       table_get(h, 0, "allocstall"), table_get(h, 0, "pgsteal_direct"),
	       table_get(h, 0, "pgscan_direct"), table_get(h, 0, "pgsteal_kswapd"),
	       table_get(h, 0, "pgscan_kswapd"));
	text_free(&t);
}

/* the first records of a table, its default columns */
static void print_first(const struct table *t, size_t nr, struct out *out)
{
	if (!t->nr)
		return;
	putchar('\n');
	out_rows(out, t->ds, NULL, t->records, nr < t->nr ? nr : t->nr);
}

void oom_show_last(struct source *s, const struct options *o)
{
	struct out *out = out_new(&o->style, &s->info);
	struct last l;

	load(s, &l);
	if (out->style.mode == OUT_JSON) {
		show_json(&l, out);
	} else {
		say_recorder(&l.head);
		if (table_get(&l.head, 0, "snapshot")) {
			say_asker(s, &l.head);
			say_victim(s, &l);
			oom_print_ranking(s, &l.rank, o->limit ? o->limit : RANKED, out);
			say_counters(s, &l.head);
			print_first(&l.zones, l.zones.nr, out);
			print_first(&l.slabs, o->limit ? o->limit : SLABS, out);
			if (table_get(&l.head, 0, "state") & MMSCOPE_OOM_NO_SLABS)
				puts("\nSlab caches: they could not be looked at, their lock was held or is not known.");
		}
	}
	out_free(out);
	free_last(&l);
}

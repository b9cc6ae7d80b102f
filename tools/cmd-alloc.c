// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope alloc: would an allocation succeed now, and if not, why; zone by zone
 * in a table, then in words.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "gfp.h"

/* ------------------------------------------------------------- the question */

/* Ends the program with a sentence if there are no such flags. */
void parse_gfp(const char *text, __u32 *gfp)
{
	static const __u32 zones = MMSCOPE_GFP_DMA | MMSCOPE_GFP_DMA32 | MMSCOPE_GFP_HIGHMEM;
	static const __u32 types = MMSCOPE_GFP_MOVABLE | MMSCOPE_GFP_RECLAIMABLE;
	const char *bad = gfp_parse(text, gfp);

	if (bad)
		die("bad flag '%.*s': names as GFP_KERNEL or __GFP_HIGH are wanted, joined by '|'",
		    (int)strcspn(bad, "|,"), bad);
	if ((*gfp & zones) & ((*gfp & zones) - 1))
		die("__GFP_DMA, __GFP_DMA32 and __GFP_HIGHMEM exclude one another");
	if ((*gfp & types) == types)
		die("__GFP_MOVABLE and __GFP_RECLAIMABLE exclude each other");
}

static void parse_question(struct source *s, const struct options *o,
			   struct mmscope_alloc_arg *arg)
{
	__u64 order, node;

	*arg = (struct mmscope_alloc_arg){ .node = MMSCOPE_ANY };
	if (!o->order || !o->gfp)
		die("alloc wants to know what: mmscope alloc --order N --gfp FLAGS");
	if (!parse_whole_number(o->order, ~0U, &order) || order >= s->info.nr_orders)
		die("bad order '%s': 0 to %u is wanted, for 2^order pages", o->order,
		    s->info.nr_orders - 1);
	if (o->node && !parse_whole_number(o->node, MMSCOPE_ANY - 1, &node))
		die("bad node '%s': a number is wanted", o->node);
	if (o->node)
		arg->node = node;
	arg->order = order;
	parse_gfp(o->gfp, &arg->gfp);
}

/* --------------------------------------------------------------- in words */

/* what is asked and answered, for those who put it into words */
struct answer {
	struct source *s;
	const struct options *o;
	const struct dataset *ds;
	const struct mmscope_alloc_arg *arg;
	const char *recs;
};

static __u64 get(const struct answer *a, const void *rec, const char *name)
{
	return record_number(a->ds, rec, name, MMSCOPE_UNKNOWN);
}

static const char *zone_name(const struct answer *a, __u64 zone)
{
	struct column c;
	const char *name = NULL;

	if (column_find(a->ds, "zone", &c))
		name = field_value_name(c.field, zone);
	return name ? name : "?";
}

static void add_zone(struct text *t, const struct answer *a, __u64 node, __u64 zone)
{
	text_add(t, "zone %s", zone_name(a, zone));
	if (a->s->info.nr_nodes > 1)
		text_add(t, " of node %llu", node);
}

static void add_pages(struct text *t, const struct answer *a, __u64 pages)
{
	text_add_size(t, pages * a->s->info.page_size);
}

/* "812M free, 2M of it for atomic allocations only, misses the low watermark of ..." */
static void add_shortage(struct text *t, const struct answer *a, const void *rec, bool fast)
{
	__u64 highatomic = get(a, rec, "highatomic_pages");
	__u64 reserve = get(a, rec, "lowmem_reserve_pages");
	__u64 short_of = -get(a, rec, fast ? "fast_margin" : "slow_margin") + 1;

	if (highatomic)
		text_adds(t, ", ");
	if (highatomic)
		add_pages(t, a, highatomic);
	if (highatomic)
		text_adds(t, " of it for atomic allocations of high order");
	text_add(t, "; that is ");
	add_pages(t, a, short_of);
	text_add(t, " too little above the %s watermark of ", fast ? "low" : "min");
	add_pages(t, a, get(a, rec, fast ? "fast_watermark" : "slow_watermark"));
	if (reserve)
		text_adds(t, " and ");
	if (reserve)
		add_pages(t, a, reserve);
	if (reserve)
		text_adds(t, " kept from those who can use a higher zone");
}

/* Why a zone did not give the block. */
static void add_reason(struct text *t, const struct answer *a, const void *rec, bool fast)
{
	__u64 verdict = get(a, rec, fast ? "fast" : "slow");
	__u64 largest = get(a, rec, "largest_order");

	add_zone(t, a, get(a, rec, "node"), get(a, rec, "zone"));
	if (verdict == MMSCOPE_ALLOC_DIRTY_LIMIT) {
		text_adds(t, ": its node has its share of dirty pages");
		return;
	}
	text_adds(t, " has ");
	add_pages(t, a, get(a, rec, "free_pages"));
	text_adds(t, " free");
	if (verdict == MMSCOPE_ALLOC_BELOW_WATERMARK) {
		add_shortage(t, a, rec, fast);
		return;
	}
	text_add(t, ", but no free block of order %u or more that %s may take", a->arg->order,
		 a->o->gfp);
	if (largest != MMSCOPE_UNKNOWN && largest < a->arg->order)
		text_add(t, "; the largest is of order %llu", largest);
}

/* Those that were passed by before one gave the block, or all. */
static void print_reasons(const struct answer *a, bool fast)
{
	struct text t = { 0 };

	for (__u32 i = 0; i < a->arg->nr; i++) {
		const void *rec = a->recs + (size_t)i * a->ds->rec_size;
		__u64 verdict = get(a, rec, fast ? "fast" : "slow");

		if (verdict == MMSCOPE_ALLOC_SUCCESS)
			break;
		text_clear(&t);
		add_reason(&t, a, rec, fast);
		printf("  %s\n", t.s);
	}
	text_free(&t);
}

static void add_result(struct text *t, const struct answer *a)
{
	const struct mmscope_alloc_arg *arg = a->arg;

	switch (arg->result) {
	case MMSCOPE_ALLOC_AT_ONCE:
		text_adds(t, "would succeed at once: ");
		add_zone(t, a, arg->from_node, arg->from_zone);
		text_adds(t, " gives the block");
		break;
	case MMSCOPE_ALLOC_SLOW:
		text_adds(t, "would succeed below the low watermark: ");
		add_zone(t, a, arg->from_node, arg->from_zone);
		text_add(t, " gives the block%s", arg->may & MMSCOPE_ALLOC_MAY_KSWAPD ?
			 ", kswapd is woken" : "");
		break;
	case MMSCOPE_ALLOC_RECLAIM:
		text_add(t, "would have to reclaim%s memory first%s",
			 arg->may & MMSCOPE_ALLOC_MAY_COMPACT ? " or compact" : "",
			 arg->may & MMSCOPE_ALLOC_MAY_RETRY ? "" : ", once");
		if (arg->may & MMSCOPE_ALLOC_MAY_OOM)
			text_adds(t, ", and may call the OOM killer");
		text_adds(t, "; whether that helps is not known");
		break;
	default:
		text_adds(t, arg->nr ? "would fail: the flags do not allow to reclaim" :
			  "would fail: there is no zone for such flags");
	}
}

static const struct {
	__u32 flag;
	const char *words;
} doubts[] = {
	{ MMSCOPE_ALLOC_NODE_RECLAIM,
	  "zone_reclaim_mode is set: the allocator reclaims from a node as it looks" },
	{ MMSCOPE_ALLOC_UNACCEPTED,
	  "a zone has memory that is not accepted yet: it may be taken over on the way" },
	{ MMSCOPE_ALLOC_DIRTY_UNREAD, "the limits of dirty pages cannot be read here" },
};

static void print_words(const struct answer *a)
{
	const struct mmscope_alloc_arg *arg = a->arg;
	struct text t = { 0 };

	text_add(&t, "order %u (", arg->order);
	add_pages(&t, a, 1ULL << arg->order);
	text_add(&t, ") %s on node %u ", a->o->gfp, arg->list_node);
	add_result(&t, a);
	printf("%s\n", t.s);
	text_free(&t);
	print_reasons(a, arg->result <= MMSCOPE_ALLOC_SLOW);
	for (size_t i = 0; i < ARRAY_SIZE(doubts); i++)
		if (arg->unknown & doubts[i].flag)
			printf("  uncertain: %s\n", doubts[i].words);
	printf("  not looked at: cpusets, memory policies, cgroup limits, CPUs other than %u\n",
	       arg->cpu);
}

/* ------------------------------------------------------------- for programs */

/* what JSON says besides the zones */
struct alloc_row {
	__u32 order;
	__u32 node;
	__u32 cpu;
	__u32 result;
	__u32 from_node;
	__u32 may;
	__u32 unknown;
	char from_zone[32];
	char gfp[160];
};

static const struct mmscope_value result_names[] = {
	{ .value = MMSCOPE_ALLOC_AT_ONCE, .name = "at_once" },
	{ .value = MMSCOPE_ALLOC_SLOW, .name = "slow" },
	{ .value = MMSCOPE_ALLOC_RECLAIM, .name = "reclaim" },
	{ .value = MMSCOPE_ALLOC_FAIL, .name = "fail" },
};

static const struct mmscope_value may_names[] = {
	{ .value = MMSCOPE_ALLOC_MAY_KSWAPD, .name = "kswapd" },
	{ .value = MMSCOPE_ALLOC_MAY_RECLAIM, .name = "reclaim" },
	{ .value = MMSCOPE_ALLOC_MAY_COMPACT, .name = "compact" },
	{ .value = MMSCOPE_ALLOC_MAY_RETRY, .name = "retry" },
	{ .value = MMSCOPE_ALLOC_MAY_OOM, .name = "oom" },
};

static const struct mmscope_value unknown_names[] = {
	{ .value = MMSCOPE_ALLOC_NODE_RECLAIM, .name = "node_reclaim" },
	{ .value = MMSCOPE_ALLOC_UNACCEPTED, .name = "unaccepted" },
	{ .value = MMSCOPE_ALLOC_DIRTY_UNREAD, .name = "dirty_unread" },
};

static const struct field row_fields[] = {
	OWN_FIELD(struct alloc_row, order, ID, "of the block"),
	OWN_FIELD(struct alloc_row, gfp, NAME, "flags, as they were written"),
	OWN_FIELD(struct alloc_row, node, ID, "whose zonelist it is"),
	OWN_FIELD(struct alloc_row, cpu, ID, "whose page lists were looked at"),
	OWN_NAMED(struct alloc_row, result, ENUM, result_names, "would it succeed"),
	OWN_FIELD(struct alloc_row, from_node, ID, "who gives the block"),
	OWN_FIELD(struct alloc_row, from_zone, NAME, "likewise"),
	OWN_NAMED(struct alloc_row, may, FLAGS, may_names, "what it may do if no zone will do"),
	OWN_NAMED(struct alloc_row, unknown, FLAGS, unknown_names, "what is uncertain"),
};

static const struct dataset row_dataset = {
	.name = "alloc",
	.rec_size = sizeof(struct alloc_row),
	.nr_fields = ARRAY_SIZE(row_fields),
	.fields = row_fields,
};

static void put_row(struct out *out, const struct answer *a)
{
	const struct mmscope_alloc_arg *arg = a->arg;
	struct alloc_row row = {
		.order = arg->order,
		.node = arg->list_node,
		.cpu = arg->cpu,
		.result = arg->result,
		.from_node = arg->from_node,
		.may = arg->may,
		.unknown = arg->unknown,
	};

	if (arg->from_zone != MMSCOPE_UNKNOWN32)
		snprintf(row.from_zone, sizeof(row.from_zone), "%s",
			 zone_name(a, arg->from_zone));
	snprintf(row.gfp, sizeof(row.gfp), "%s", a->o->gfp);
	out_rows(out, &row_dataset, NULL, &row, 1);
}

void cmd_alloc(struct source *s, const struct options *o, int argc, char **argv)
{
	struct answer a = { .s = s, .o = o, .ds = source_dataset(s, "alloc_zones") };
	struct columns columns = { 0 };
	struct mmscope_alloc_arg arg;
	struct out *out;
	char *recs;

	(void)argv;
	if (argc)
		die("alloc takes no further words: mmscope alloc --order N --gfp FLAGS [--node N]");
	parse_question(s, o, &arg);
	if (!a.ds)
		die("%s: knows nothing of allocations", s->name);
	choose_columns(a.ds, o, &columns);
	recs = source_alloc(s, a.ds, &arg);
	if (!recs)
		die("%s", s->error);
	a.arg = &arg;
	a.recs = recs;
	out = out_new(&o->style, &s->info);
	if (o->style.mode == OUT_JSON)
		put_row(out, &a);
	out_rows(out, a.ds, &columns, recs, arg.nr);
	out_free(out);
	if (o->style.mode == OUT_TABLE) {
		putchar('\n');
		print_words(&a);
	}
	columns_free(&columns);
	free(recs);
}

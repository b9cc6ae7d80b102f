// SPDX-License-Identifier: GPL-2.0
/*
 * An event of MMSCOPE_DS_EVENTS as a sentence.
 */
#include <string.h>

#include "gfp.h"
#include "watch.h"

/**
 * struct event - the record under way
 * @ds: what it consists of
 * @rec: it
 * @t: the sentence
 */
struct event {
	const struct dataset *ds;
	const void *rec;
	struct text *t;
};

static __u64 get(const struct event *e, const char *field)
{
	return record_number(e->ds, e->rec, field, MMSCOPE_UNKNOWN);
}

static bool known(const struct event *e, const char *field)
{
	return get(e, field) != MMSCOPE_UNKNOWN;
}

static const char *name_of(const struct event *e, const char *field)
{
	const char *name = NULL;
	struct column c;

	if (known(e, field) && column_find(e->ds, field, &c))
		name = field_value_name(c.field, get(e, field));
	return name ? name : "?";
}

static void add_field_text(const struct event *e, const char *field)
{
	const char *text;
	struct column c;
	size_t len;

	if (!column_find(e->ds, field, &c))
		return;
	text = column_name(&c, e->rec, &len);
	if (text)
		text_add_escaped(e->t, text, len, false);
}

/* Time as people read it: 312 us, 1.24 ms, 3.5 s. */
void text_add_took(struct text *t, __u64 ns)
{
	static const struct {
		const char *unit;
		__u64 ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		__u64 whole = ns / units[i].ns;

		if (!whole)
			continue;
		if (whole >= 100)
			text_add(t, "%llu %s", whole, units[i].unit);
		else
			text_add(t, "%llu.%02llu %s", whole,
				 ns % units[i].ns / (units[i].ns / 100), units[i].unit);
		return;
	}
	text_add(t, "%llu ns", ns);
}

static void add_who(const struct event *e)
{
	add_field_text(e, "comm");
	text_add(e->t, "[%llu]", get(e, "pid"));
}

static void add_order(const struct event *e)
{
	if (known(e, "order"))
		text_add(e->t, ", order %llu", get(e, "order"));
}

static void add_gfp(const struct event *e)
{
	char names[320];

	if (!known(e, "gfp"))
		return;
	gfp_text(get(e, "gfp"), names, sizeof(names));
	text_add(e->t, ", %s", names);
}

static void add_result(const struct event *e, const char *done)
{
	text_adds(e->t, ": ");
	if (known(e, "duration_ns"))
		text_add_took(e->t, get(e, "duration_ns"));
	else
		text_adds(e->t, "its begin was not seen");
	if (known(e, "pages"))
		text_add(e->t, ", %llu pages%s", get(e, "pages"), done);
}

/* ------------------------------------------------------------------ sentences */

static void say_lost(const struct event *e)
{
	text_add(e->t, "%llu events were lost", get(e, "lost"));
}

static void say_watermark(const struct event *e)
{
	static const char *const marks[] = { "min", "low", "high" };
	__u64 from = get(e, "from_mark"), to = get(e, "to_mark");
	const char *mark = "?";

	/* falling below the one above, rising to the one reached */
	if (to < from && to < ARRAY_SIZE(marks))
		mark = marks[to];
	else if (to > from && to - 1 < ARRAY_SIZE(marks))
		mark = marks[to - 1];
	text_add(e->t, "zone %s of node %llu seen %s the %s watermark: %llu pages free",
		 name_of(e, "zone"), get(e, "node"), to < from ? "below" : "above", mark,
		 get(e, "pages"));
}

static void say_kswapd_call(const struct event *e)
{
	text_add(e->t, "kswapd of node %llu called, zones to %s, by ", get(e, "node"),
		 name_of(e, "zone"));
	add_who(e);
	add_order(e);
	add_gfp(e);
}

static void say_kswapd_wake(const struct event *e)
{
	text_add(e->t, "kswapd of node %llu woken for order %llu, zones to %s", get(e, "node"),
		 get(e, "order"), name_of(e, "zone"));
}

static void say_kswapd_sleep(const struct event *e)
{
	text_add(e->t, "kswapd of node %llu goes to sleep", get(e, "node"));
	if (known(e, "duration_ns")) {
		text_adds(e->t, ", awake for ");
		text_add_took(e->t, get(e, "duration_ns"));
	}
}

static void say_begin(const struct event *e)
{
	static const struct {
		__u64 kind;
		const char *what;
	} whats[] = {
		{ MMSCOPE_EVENT_RECLAIM_BEGIN, "direct reclaim" },
		{ MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN, "reclaim of a cgroup" },
		{ MMSCOPE_EVENT_COMPACTION_BEGIN, "compaction" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
		if (whats[i].kind == get(e, "kind"))
			text_adds(e->t, whats[i].what);
	text_adds(e->t, " begun by ");
	add_who(e);
	add_order(e);
	add_gfp(e);
}

static void say_reclaim(const struct event *e)
{
	text_add(e->t, "%s by ", get(e, "kind") == MMSCOPE_EVENT_RECLAIM ? "direct reclaim" :
		 "reclaim of a cgroup");
	add_who(e);
	add_order(e);
	add_result(e, "");
}

static void say_compaction(const struct event *e)
{
	text_add(e->t, "compaction of zone %s of node %llu by ", name_of(e, "zone"),
		 get(e, "node"));
	add_who(e);
	add_order(e);
	add_result(e, " scanned");
	text_add(e->t, ", %s", name_of(e, "compact_result"));
}

static void say_fallback(const struct event *e)
{
	if (get(e, "block_type") == get(e, "to_type"))
		text_add(e->t, "pageblock 0x%llx stolen: %s -> %s by ", get(e, "pfn"),
			 name_of(e, "from_type"), name_of(e, "to_type"));
	else
		text_add(e->t, "block 0x%llx of order %llu taken from %s for %s by ",
			 get(e, "pfn"), get(e, "block_order"), name_of(e, "from_type"),
			 name_of(e, "to_type"));
	add_who(e);
	add_order(e);
}

static void say_oom_kill(const struct event *e)
{
	text_adds(e->t, "out of memory: ");
	add_field_text(e, "other_comm");
	text_add(e->t, "[%llu] is killed, found by ", get(e, "other_pid"));
	add_who(e);
}

static void say_collapse(const struct event *e)
{
	text_adds(e->t, "collapse into a huge page");
	if (known(e, "other_pid")) {
		text_adds(e->t, " of ");
		add_field_text(e, "other_comm");
		text_add(e->t, "[%llu]", get(e, "other_pid"));
	}
	text_adds(e->t, " by ");
	add_who(e);
	text_add(e->t, ": %s", name_of(e, "scan_result"));
}

/* One line, without its end. A kind that is newer than this program has its name. */
void event_words(struct text *t, const struct dataset *ds, const void *rec)
{
	static void (*const say[])(const struct event *e) = {
		[MMSCOPE_EVENT_LOST] = say_lost,
		[MMSCOPE_EVENT_WATERMARK] = say_watermark,
		[MMSCOPE_EVENT_KSWAPD_CALL] = say_kswapd_call,
		[MMSCOPE_EVENT_KSWAPD_WAKE] = say_kswapd_wake,
		[MMSCOPE_EVENT_KSWAPD_SLEEP] = say_kswapd_sleep,
		[MMSCOPE_EVENT_RECLAIM_BEGIN] = say_begin,
		[MMSCOPE_EVENT_RECLAIM] = say_reclaim,
		[MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN] = say_begin,
		[MMSCOPE_EVENT_MEMCG_RECLAIM] = say_reclaim,
		[MMSCOPE_EVENT_COMPACTION_BEGIN] = say_begin,
		[MMSCOPE_EVENT_COMPACTION] = say_compaction,
		[MMSCOPE_EVENT_FALLBACK] = say_fallback,
		[MMSCOPE_EVENT_OOM_KILL] = say_oom_kill,
		[MMSCOPE_EVENT_THP_COLLAPSE] = say_collapse,
	};
	const struct event e = { ds, rec, t };
	__u64 kind = get(&e, "kind");

	if (kind < ARRAY_SIZE(say) && say[kind])
		say[kind](&e);
	else
		text_adds(t, name_of(&e, "kind"));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset owners: stacks that allocated pages since a recording began.
 *
 * Locks: a mutex of ours, against the end of the recording; probes never take it.
 *
 * Staleness: each number is one read of a counter that CPUs add to meanwhile. None
 * while nobody records (MMSCOPE_IOC_OWNERS). The last record, without a number, is
 * what the tables had no room for, if any: whether it was freed is not known.
 *
 * Source: mm_page_alloc, mm_page_free, stack_trace_save(). Frames are told by symbol
 * alone: one without a symbol is "?".
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "../mmscope.h"
#include "../hook/owner.h"

static void add_frames(const struct mmscope_owner_stack *s, char *text, size_t size)
{
	char symbol[96];
	size_t len = 0;
	u32 i;

	for (i = 0; i < s->nr && len < size; i++) {
		mmscope_owner_symbol(s->frame[i], symbol, sizeof(symbol));
		len += snprintf(text + len, size - len, "%s%s", i ? " " : "", symbol);
	}
}

static void fill(const struct mmscope_owner_stack *s, u64 i, struct mmscope_owner_record *rec)
{
	*rec = (struct mmscope_owner_record){
		.stack = i,
		.pid = READ_ONCE(s->pid),
		.order = READ_ONCE(s->order),
		.gfp = READ_ONCE(s->gfp),
		.blocks = atomic64_read(&s->blocks),
		.pages = atomic64_read(&s->pages),
		.allocs = atomic64_read(&s->allocs),
		.alloc_pages = atomic64_read(&s->alloc_pages),
		.ns = READ_ONCE(s->ns),
	};
	memcpy(rec->comm, s->comm, sizeof(rec->comm));
	rec->comm[sizeof(rec->comm) - 1] = '\0';
	add_frames(s, rec->frames, sizeof(rec->frames));
}

/* False if there was room for all. */
static bool fill_dropped(struct mmscope_owner_record *rec)
{
	struct mmscope_owner_counts dropped;

	mmscope_owner_dropped(&dropped);
	if (!dropped.blocks)
		return false;
	*rec = (struct mmscope_owner_record){
		.stack = MMSCOPE_UNKNOWN32,
		.pid = MMSCOPE_UNKNOWN32,
		.order = MMSCOPE_UNKNOWN32,
		.gfp = MMSCOPE_UNKNOWN32,
		.blocks = MMSCOPE_UNKNOWN,
		.pages = MMSCOPE_UNKNOWN,
		.allocs = dropped.blocks,
		.alloc_pages = dropped.pages,
		.ns = MMSCOPE_UNKNOWN,
		.frames = "(no room)",
	};
	return true;
}

static int emit_all(struct mmscope_walk *w)
{
	struct mmscope_owner_record rec;
	u64 i, nr = mmscope_owner_stacks();

	for (i = w->cursor.pos; i < nr; i++) {
		const struct mmscope_owner_stack *s = mmscope_owner_stack(i);

		if (s)
			fill(s, i, &rec);
		if (s ? mmscope_emit(w, &rec, i + 1) : mmscope_skip(w, i + 1))
			return MMSCOPE_MORE;
	}
	if (i > nr || !fill_dropped(&rec))
		return 0;
	return mmscope_emit(w, &rec, nr + 1);
}

static int owners_walk(struct mmscope_walk *w)
{
	int ret = mmscope_owner_hold();

	if (ret)
		return ret;
	ret = emit_all(w);
	mmscope_owner_release();
	return ret;
}

static const struct mmscope_field_def owner_fields[] = {
	FIELD(struct mmscope_owner_record, stack, ID,
	      "number of the stack in this recording; unknown: what there was no room for"),
	FIELD(struct mmscope_owner_record, pages, PAGES, "allocated from it and not freed"),
	FIELD(struct mmscope_owner_record, blocks, COUNT, "blocks allocated and not freed"),
	MORE(struct mmscope_owner_record, allocs, COUNT, "blocks allocated so far"),
	MORE(struct mmscope_owner_record, alloc_pages, PAGES, "pages allocated so far"),
	MORE(struct mmscope_owner_record, order, ID, "of the last allocation"),
	MORE_FLAGS(struct mmscope_owner_record, gfp, &mmscope_gfp_names,
		   "flags of the last allocation"),
	MORE(struct mmscope_owner_record, ns, NS,
	     "when the last allocation was, on the clock CLOCK_MONOTONIC"),
	FIELD(struct mmscope_owner_record, pid, ID, "thread that allocated last"),
	FIELD_TEXT(struct mmscope_owner_record, comm, "its name"),
	FIELD_TEXT(struct mmscope_owner_record, frames, "functions, the innermost first"),
};

static const struct mmscope_need owner_needs[] = {
	NEED_TRACEPOINT(mm_page_alloc),
	NEED_TRACEPOINT(mm_page_free),
	{ }
};

const struct mmscope_dataset mmscope_owners = {
	.name = "owners",
	.help = "stacks that allocated pages since 'mmscope watch --owners' began",
	.id = MMSCOPE_DS_OWNERS,
	.rec_size = sizeof(struct mmscope_owner_record),
	.fields = owner_fields,
	.nr_fields = ARRAY_SIZE(owner_fields),
	.needs = owner_needs,
	.walk = owners_walk,
};

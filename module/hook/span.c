// SPDX-License-Identifier: GPL-2.0
/*
 * From the begin of something to its end, by the task that does it.
 *
 * A task sleeps and moves between CPUs meanwhile, so it is looked up by itself.
 * Only a task writes the slot it has taken; taking it is one compare-and-exchange.
 * When a bucket is full the begin is forgotten, and the end has no duration.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/sched.h>

#include "span.h"

static struct mmscope_span *find(struct mmscope_spans *s, struct task_struct *task)
{
	struct mmscope_span *bucket = s->span[hash_ptr(current, MMSCOPE_SPAN_BUCKETS_LOG)];
	u32 i;

	for (i = 0; i < MMSCOPE_SPAN_WAYS; i++)
		if (READ_ONCE(bucket[i].task) == task)
			return &bucket[i];
	return NULL;
}

/**
 * mmscope_span_begin - the current task begins
 * @s: what
 * @ns: when
 * @order: for what
 * @gfp: likewise
 */
void mmscope_span_begin(struct mmscope_spans *s, u64 ns, u32 order, u32 gfp)
{
	struct mmscope_span *span = find(s, current);	/* its end was not seen */
	u32 tries;

	for (tries = 0; !span && tries < MMSCOPE_SPAN_WAYS; tries++) {
		span = find(s, NULL);
		if (!span)
			return;
		if (cmpxchg(&span->task, NULL, current))
			span = NULL;
	}
	if (!span)
		return;
	span->ns = ns;
	span->order = order;
	span->gfp = gfp;
}

/**
 * mmscope_span_end - the current task ends
 * @s: what
 * @span: filled with how it began
 *
 * Return: false if that was not seen.
 */
bool mmscope_span_end(struct mmscope_spans *s, struct mmscope_span *span)
{
	struct mmscope_span *begun = find(s, current);

	if (!begun)
		return false;
	*span = *begun;
	/* who takes the slot next finds it read */
	smp_store_release(&begun->task, NULL);
	return true;
}

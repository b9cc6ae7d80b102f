/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a task has begun and not ended yet: reclaim, compaction.
 */
#ifndef _MMSCOPE_HOOK_SPAN_H
#define _MMSCOPE_HOOK_SPAN_H

#include <linux/types.h>

struct task_struct;

#define MMSCOPE_SPAN_BUCKETS_LOG	6
#define MMSCOPE_SPAN_WAYS		8

/**
 * struct mmscope_span - something begun
 * @task: by whom, NULL: the slot is free
 * @ns: when
 * @order: for what
 * @gfp: likewise, enum mmscope_gfp
 */
struct mmscope_span {
	struct task_struct *task;
	u64 ns;
	u32 order;
	u32 gfp;
};

/**
 * struct mmscope_spans - all that was begun of one sort
 * @span: found by the address of the task, in any slot of its bucket
 */
struct mmscope_spans {
	struct mmscope_span span[1 << MMSCOPE_SPAN_BUCKETS_LOG][MMSCOPE_SPAN_WAYS];
};

void mmscope_span_begin(struct mmscope_spans *s, u64 ns, u32 order, u32 gfp);
bool mmscope_span_end(struct mmscope_spans *s, struct mmscope_span *span);

#endif /* _MMSCOPE_HOOK_SPAN_H */

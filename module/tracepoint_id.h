/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which tracepoints there may be, and what each gives a probe.
 */
#ifndef _MMSCOPE_TRACEPOINT_ID_H
#define _MMSCOPE_TRACEPOINT_ID_H

#include "compat_trace.h"

/*
 * X(tracepoint, arguments): as mmscope_layout_tracepoint() writes them, that is
 * s or u and bytes of a number, and the type of what a pointer points to.
 */
#define MMSCOPE_TRACEPOINTS(X)						\
	X(mm_vmscan_wakeup_kswapd, "s4 s4 s4 u4")			\
	X(mm_vmscan_kswapd_wake, "s4 s4 s4")				\
	X(mm_vmscan_kswapd_sleep, "s4")					\
	X(mm_vmscan_direct_reclaim_begin, COMPAT_RECLAIM_BEGIN_ARGS)	\
	X(mm_vmscan_direct_reclaim_end, COMPAT_RECLAIM_END_ARGS)	\
	X(mm_vmscan_memcg_reclaim_begin, COMPAT_RECLAIM_BEGIN_ARGS)	\
	X(mm_vmscan_memcg_reclaim_end, COMPAT_RECLAIM_END_ARGS)		\
	X(mm_compaction_begin, "compact_control* u8 u8 u1")		\
	X(mm_compaction_end, "compact_control* u8 u8 u1 s4")		\
	X(mm_page_alloc_extfrag, "page* s4 s4 s4 s4")			\
	X(mark_victim, "task_struct* u4")				\
	X(mm_collapse_huge_page, COMPAT_COLLAPSE_ARGS)			\
	X(mm_page_alloc, "page* u4 u4 s4")				\
	X(mm_page_free, "page* u4")					\
	X(mm_page_free_batched, "page*")

enum mmscope_tracepoint_id {
#define X(_name, _args) MMSCOPE_TP_##_name,
	MMSCOPE_TRACEPOINTS(X)
#undef X
	MMSCOPE_NR_TRACEPOINTS
};

/* for the table of what is there: names, and why one is not to be had (NULL: it is) */
extern const char *const mmscope_tracepoint_names[MMSCOPE_NR_TRACEPOINTS];
const char *mmscope_tracepoint_missing(u32 id);
void mmscope_tracepoint_init(void);

#endif /* _MMSCOPE_TRACEPOINT_ID_H */

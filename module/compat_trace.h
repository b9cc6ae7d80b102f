/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A part of compat.h: what tracepoints give their probes differs between kernels.
 *
 * Each probe is checked twice: by the compiler against these headers, and at
 * load against the running kernel's BTF (the ARGS). A prototype that neither
 * side knows makes the tracepoint unavailable, and nothing else.
 */
#ifndef _MMSCOPE_COMPAT_TRACE_H
#define _MMSCOPE_COMPAT_TRACE_H

#include <linux/types.h>

#include "probes.h"

struct mem_cgroup;

/* Linux 6.13-7.2 swapped the first two and added the cgroup */
#ifdef HAVE_TRACE_RECLAIM_MEMCG
#define COMPAT_RECLAIM_BEGIN_ARGS "u4 s4 mem_cgroup*"
#define COMPAT_RECLAIM_END_ARGS "u8 mem_cgroup*"
#define COMPAT_RECLAIM_BEGIN_PROTO(_order, _gfp) \
	gfp_t _gfp, int _order, struct mem_cgroup *memcg
#define COMPAT_RECLAIM_END_PROTO(_nr) unsigned long _nr, struct mem_cgroup *memcg
#else
#define COMPAT_RECLAIM_BEGIN_ARGS "s4 u4"
#define COMPAT_RECLAIM_END_ARGS "u8"
#define COMPAT_RECLAIM_BEGIN_PROTO(_order, _gfp) int _order, gfp_t _gfp
#define COMPAT_RECLAIM_END_PROTO(_nr) unsigned long _nr
#endif

/* Linux 6.13-7.3: mm: khugepaged may collapse to pages that are smaller than a PMD's */
#ifdef HAVE_TRACE_COLLAPSE_ORDER
#define COMPAT_COLLAPSE_ARGS "mm_struct* s4 s4 u4"
#define COMPAT_COLLAPSE_PROTO(_order) \
	struct mm_struct *mm, int isolated, int status, unsigned int _order
#define compat_collapse_order(_order) (_order)
#else
#define COMPAT_COLLAPSE_ARGS "mm_struct* s4 s4"
#define COMPAT_COLLAPSE_PROTO(_order) struct mm_struct *mm, int isolated, int status
#define compat_collapse_order(_order) (PMD_SHIFT - PAGE_SHIFT)
#endif

/* a probe of another form than the headers' is never called (BTF) */
#if defined(HAVE_TRACE_COLLAPSE_MM) || defined(HAVE_TRACE_COLLAPSE_ORDER)
#define compat_check_collapse(_probe) check_trace_callback_type_mm_collapse_huge_page(_probe)
#else
#define compat_check_collapse(_probe) ((void)(_probe))
#endif

/* under RCU; known where cgroups are */
#ifdef CONFIG_MEMCG
#define compat_mm_owner(_mm) rcu_dereference((_mm)->owner)
#else
#define compat_mm_owner(_mm) ((struct task_struct *)NULL)
#endif

/* cgroups may be configured out, and the tracepoints with them */
#ifdef CONFIG_MEMCG
#define compat_check_memcg_reclaim(_begin, _end) do {				\
	check_trace_callback_type_mm_vmscan_memcg_reclaim_begin(_begin);	\
	check_trace_callback_type_mm_vmscan_memcg_reclaim_end(_end);		\
} while (0)
#else
#define compat_check_memcg_reclaim(_begin, _end) ((void)(_begin), (void)(_end))
#endif

#endif /* _MMSCOPE_COMPAT_TRACE_H */

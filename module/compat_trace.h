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

/* Linux 6.19 or later swapped the first two and added the cgroup */
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

#endif /* _MMSCOPE_COMPAT_TRACE_H */

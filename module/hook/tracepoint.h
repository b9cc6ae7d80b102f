/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's tracepoints that this module may listen to.
 *
 * None is exported to modules, so they are found by name, and what a probe is
 * called with is compared with the running kernel's BTF before any probe is
 * ever registered. Nothing is registered while nobody asks for it.
 */
#ifndef _MMSCOPE_HOOK_TRACEPOINT_H
#define _MMSCOPE_HOOK_TRACEPOINT_H

#include <linux/types.h>

#include "../tracepoint_id.h"

/**
 * struct mmscope_hook - a probe of ours on a tracepoint
 * @id: enum mmscope_tracepoint_id
 * @probe: called with NULL and what the tracepoint is given; may be in any context
 * @users: how many want it registered
 */
struct mmscope_hook {
	u32 id;
	void *probe;
	u32 users;
};

#define MMSCOPE_HOOK(_name, _probe) { .id = MMSCOPE_TP_##_name, .probe = _probe }

int mmscope_hook_get(struct mmscope_hook *h);
void mmscope_hook_put(struct mmscope_hook *h);
void mmscope_hook_sync(void);

#endif /* _MMSCOPE_HOOK_TRACEPOINT_H */

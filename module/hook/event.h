/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the probes, which make events, and the readers, who get them.
 */
#ifndef _MMSCOPE_HOOK_EVENT_H
#define _MMSCOPE_HOOK_EVENT_H

#include <linux/types.h>

#include <linux/mmscope.h>

/* event.c: the probes */
u64 mmscope_event_kinds(void);
int mmscope_event_hook(u64 kinds);
void mmscope_event_unhook(u64 kinds);
void mmscope_event_blank(struct mmscope_event *rec, u32 kind);

/* watch.c: the readers */
void mmscope_event_publish(const struct mmscope_event *rec);

#endif /* _MMSCOPE_HOOK_EVENT_H */

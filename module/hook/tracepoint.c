// SPDX-License-Identifier: GPL-2.0
/*
 * Finds tracepoints, checks them, registers probes and removes them.
 *
 * for_each_kernel_tracepoint() is exported, single tracepoints are not. All of
 * them are in vmlinux, so what was found at load stays. The mutex is the only
 * lock; it is taken by who begins or ends to listen, never by a probe.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "../ksym.h"
#include "../layout.h"
#include "tracepoint.h"

/**
 * struct found - a tracepoint
 * @args: what its probes are given, as the source of this module has it
 * @tp: the tracepoint, NULL: this kernel has none of that name
 * @missing: why it is not to be had, NULL: it is
 */
struct found {
	const char *args;
	struct tracepoint *tp;
	const char *missing;
};

static struct found found[MMSCOPE_NR_TRACEPOINTS] = {
#define X(_name, _args) \
	[MMSCOPE_TP_##_name] = { .args = _args },
	MMSCOPE_TRACEPOINTS(X)
#undef X
};

const char *const mmscope_tracepoint_names[MMSCOPE_NR_TRACEPOINTS] = {
#define X(_name, _args) \
	[MMSCOPE_TP_##_name] = #_name,
	MMSCOPE_TRACEPOINTS(X)
#undef X
};

static DEFINE_MUTEX(hook_mutex);	/* of users of hooks */

static void match(struct tracepoint *tp, void *unused)
{
	u32 i;

	for (i = 0; i < MMSCOPE_NR_TRACEPOINTS; i++)
		if (!found[i].tp && !strcmp(tp->name, mmscope_tracepoint_names[i]))
			found[i].tp = tp;
}

static const char *why_not(u32 id)
{
	char args[64];

	if (mmscope_hidden(mmscope_tracepoint_names[id]) || !found[id].tp)
		return "no such tracepoint";
	if (mmscope_layout_tracepoint(mmscope_tracepoint_names[id], args, sizeof(args)))
		return "not in BTF, so its arguments are not known";
	return strcmp(args, found[id].args) ? "has other arguments" : NULL;
}

/**
 * mmscope_tracepoint_init - find the tracepoints and check their arguments
 *
 * One that is absent is no error: what needs it is unavailable.
 */
void mmscope_tracepoint_init(void)
{
	u32 i;

	for_each_kernel_tracepoint(match, NULL);
	for (i = 0; i < MMSCOPE_NR_TRACEPOINTS; i++)
		found[i].missing = why_not(i);
}

/**
 * mmscope_tracepoint_missing - is there a tracepoint that can be listened to?
 * @id: enum mmscope_tracepoint_id
 *
 * Return: NULL, or why not.
 */
const char *mmscope_tracepoint_missing(u32 id)
{
	return found[id].missing;
}

/**
 * mmscope_hook_get - have a probe called; it may be called before this returns
 * @h: the probe
 *
 * May be called again: each time is to be undone with mmscope_hook_put().
 *
 * Return: 0, -EOPNOTSUPP, -ENOMEM.
 */
int mmscope_hook_get(struct mmscope_hook *h)
{
	int err = 0;

	if (found[h->id].missing)
		return -EOPNOTSUPP;
	mutex_lock(&hook_mutex);
	if (!h->users)
		err = tracepoint_probe_register(found[h->id].tp, h->probe, NULL);
	if (!err)
		h->users++;
	mutex_unlock(&hook_mutex);
	return err;
}

/**
 * mmscope_hook_put - undo one mmscope_hook_get()
 * @h: the probe
 *
 * The last one unregisters it. Who frees what a probe uses, and who unloads,
 * calls mmscope_hook_sync() after it.
 */
void mmscope_hook_put(struct mmscope_hook *h)
{
	mutex_lock(&hook_mutex);
	if (!--h->users)
		tracepoint_probe_unregister(found[h->id].tp, h->probe, NULL);
	mutex_unlock(&hook_mutex);
}

/**
 * mmscope_hook_sync - wait until no probe that was unregistered runs any more
 */
void mmscope_hook_sync(void)
{
	tracepoint_synchronize_unregister();
}

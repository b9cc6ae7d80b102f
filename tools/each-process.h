/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers about all processes: a loop over those that the module knows.
 */
#ifndef EACH_PROCESS_H
#define EACH_PROCESS_H

#include "cmd.h"

/* asks about one process; 0 or -errno with a sentence in s->error */
typedef int process_fn(void *ctx, struct source *s, __u32 pid, const char *comm);

void each_process(struct source *s, const struct options *o, process_fn *fn, void *ctx);

#endif

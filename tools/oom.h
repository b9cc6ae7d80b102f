/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files about the OOM killer share.
 */
#ifndef OOM_H
#define OOM_H

#include "cmd.h"
#include "table.h"

void oom_add_pages(struct text *t, const struct source *s, __u64 pages);
void oom_add_comm(struct text *t, const struct table *table, size_t i, const char *column);
void oom_print_ranking(struct source *s, const struct table *t, size_t limit, struct out *out);
void oom_show_last(struct source *s, const struct options *o);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times as people write and read them.
 */
#ifndef WHEN_H
#define WHEN_H

#include "source.h"

#define NS_PER_SECOND 1000000000ULL

__u64 parse_duration(const char *word, const char *what);
size_t find_sample(const struct source *s, const char *word);
void text_add_time(struct text *t, __u64 realtime_ns);
void text_add_duration(struct text *t, __u64 ns);

#endif

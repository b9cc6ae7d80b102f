/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events in words.
 */
#ifndef WATCH_H
#define WATCH_H

#include "schema.h"

void event_words(struct text *t, const struct dataset *ds, const void *rec);
void text_add_took(struct text *t, __u64 ns);

#endif

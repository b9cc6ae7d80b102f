/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table in which equal things are kept once and have a number.
 */
#ifndef INTERN_H
#define INTERN_H

#include "text.h"

/**
 * struct intern - the table; begin with { 0 }
 * @bytes: all things, one behind the other
 * @at: where in @bytes each begins, and where the last ends
 * @nr: how many things
 * @room: allocated in @at
 * @slots: hash table of numbers + 1; 0: empty
 * @nr_slots: a power of two
 */
struct intern {
	struct text bytes;
	size_t *at;
	__u32 nr;
	__u32 room;
	__u32 *slots;
	__u32 nr_slots;
};

__u32 intern_add(struct intern *in, const void *data, size_t len);
bool intern_find(const struct intern *in, const void *data, size_t len, __u32 *number);
const void *intern_get(const struct intern *in, __u32 i, size_t *len);
void intern_free(struct intern *in);

#endif

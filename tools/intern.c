// SPDX-License-Identifier: GPL-2.0
/*
 * A table in which equal things are kept once and have a number.
 */
#include <stdlib.h>
#include <string.h>

#include "intern.h"

/* FNV-1a, 64 bits folded */
static __u32 hash(const unsigned char *p, size_t len)
{
	__u64 h = 0xcbf29ce484222325ULL;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

/* The thing with that number; each begins at a multiple of 8. */
const void *intern_get(const struct intern *in, __u32 i, size_t *len)
{
	size_t begin = (in->at[i] + 7) & ~(size_t)7;

	if (len)
		*len = in->at[i + 1] - begin;
	return in->bytes.s + begin;
}

static __u32 *find_slot(const struct intern *in, const void *data, size_t len)
{
	__u32 slot = hash(data, len);

	for (;; slot++) {
		__u32 *number = &in->slots[slot & (in->nr_slots - 1)];
		const void *have;
		size_t have_len;

		if (!*number)
			return number;
		have = intern_get(in, *number - 1, &have_len);
		if (have_len == len && !memcmp(have, data, len))
			return number;
	}
}

/* The table is at most half full. */
static void grow(struct intern *in)
{
	in->room = in->room ? 2 * in->room : 256;
	in->at = xrealloc(in->at, in->room + 1, sizeof(*in->at));
	in->nr_slots = 2 * in->room;
	free(in->slots);
	in->slots = xzalloc(in->nr_slots * sizeof(*in->slots));
	for (__u32 i = 0; i < in->nr; i++) {
		size_t len;
		const void *data = intern_get(in, i, &len);

		*find_slot(in, data, len) = i + 1;
	}
}

/* The number of @data: a new one if nothing equal is there. */
__u32 intern_add(struct intern *in, const void *data, size_t len)
{
	__u32 *slot;

	if (in->nr == in->room)
		grow(in);
	slot = find_slot(in, data, len);
	if (*slot)
		return *slot - 1;
	in->at[in->nr] = in->bytes.len;
	text_addn(&in->bytes, "\0\0\0\0\0\0\0", -in->bytes.len & 7);
	text_addn(&in->bytes, data, len);
	in->at[++in->nr] = in->bytes.len;
	*slot = in->nr;
	return in->nr - 1;
}

/* Return: false if nothing equal is there. */
bool intern_find(const struct intern *in, const void *data, size_t len, __u32 *number)
{
	__u32 slot = in->nr ? *find_slot(in, data, len) : 0;

	*number = slot - 1;
	return slot;
}

void intern_free(struct intern *in)
{
	text_free(&in->bytes);
	free(in->at);
	free(in->slots);
	*in = (struct intern){ 0 };
}

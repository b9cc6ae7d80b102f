// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset zswap: swapped pages that are kept compressed in memory.
 *
 * Locks: none; zswap_total_pages() walks the list of pools under RCU. Each number is
 * one word.
 *
 * Staleness: numbers are read one after the other.
 *
 * Source: variables of mm/zswap.c, named in the header.
 */
#include <linux/atomic.h>
#include <linux/mm.h>

#include "../mmscope.h"

#define read_var(_name) \
	(mmscope_has(_name) ? (u64)READ_ONCE(*mmscope_sym(_name)) : MMSCOPE_UNKNOWN)

static u64 pool_bytes(void)
{
	if (mmscope_has(zswap_total_pages))
		return (u64)mmscope_call(zswap_total_pages)() << PAGE_SHIFT;
	return read_var(zswap_pool_total_size);
}

static int zswap_walk(struct mmscope_walk *w)
{
	struct mmscope_zswap rec = {
		.enabled = READ_ONCE(*mmscope_sym(zswap_enabled)),
		.max_pool_percent = read_var(zswap_max_pool_percent),
		.stored_pages = atomic_read(mmscope_sym(zswap_stored_pages)),
		.pool_bytes = pool_bytes(),
		.same_filled_pages = MMSCOPE_UNKNOWN,
		.written_back_pages = read_var(zswap_written_back_pages),
		.pool_limit_hit = read_var(zswap_pool_limit_hit),
		.reject_compress_poor = read_var(zswap_reject_compress_poor),
		.reject_alloc_fail = read_var(zswap_reject_alloc_fail),
		.reject_reclaim_fail = read_var(zswap_reject_reclaim_fail),
	};

	if (w->cursor.pos)
		return 0;
	if (mmscope_has(zswap_same_filled_pages))
		rec.same_filled_pages = atomic_read(mmscope_sym(zswap_same_filled_pages));
	return mmscope_emit(w, &rec, 1);
}

static const struct mmscope_field_def zswap_fields[] = {
	FIELD(struct mmscope_zswap, enabled, COUNT, "1: pages on their way to swap are compressed"),
	FIELD(struct mmscope_zswap, stored_pages, PAGES, "pages that are kept compressed"),
	FIELD(struct mmscope_zswap, pool_bytes, BYTES, "memory that they take"),
	FIELD(struct mmscope_zswap, max_pool_percent, COUNT, "of RAM, that they may take"),
	FIELD(struct mmscope_zswap, written_back_pages, PAGES,
	      "written to swap after all, since boot"),
	MORE(struct mmscope_zswap, same_filled_pages, PAGES,
	     "of stored_pages, one value all over, so that they take no memory"),
	MORE(struct mmscope_zswap, pool_limit_hit, COUNT, "times that there was no more room"),
	MORE(struct mmscope_zswap, reject_compress_poor, COUNT, "refused: they compress badly"),
	MORE(struct mmscope_zswap, reject_alloc_fail, COUNT, "refused: no memory to be had"),
	MORE(struct mmscope_zswap, reject_reclaim_fail, COUNT,
	     "refused: none could be written back"),
};

static const struct mmscope_need zswap_needs[] = {
	NEED_SYM(zswap_enabled),
	NEED_SYM(zswap_stored_pages),
	WANT_SYM(zswap_max_pool_percent),
	WANT_SYM(zswap_written_back_pages),
	WANT_SYM(zswap_pool_limit_hit),
	WANT_SYM(zswap_reject_compress_poor),
	WANT_SYM(zswap_reject_alloc_fail),
	WANT_SYM(zswap_reject_reclaim_fail),
	{ }
};

const struct mmscope_dataset mmscope_zswap = {
	.name = "zswap",
	.help = "swapped pages that are kept compressed in memory",
	.id = MMSCOPE_DS_ZSWAP,
	.rec_size = sizeof(struct mmscope_zswap),
	.fields = zswap_fields,
	.nr_fields = ARRAY_SIZE(zswap_fields),
	.needs = zswap_needs,
	.walk = zswap_walk,
};

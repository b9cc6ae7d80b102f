// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset swap_areas: each swap area in one line.
 *
 * Locks: si->users, the reference that keeps an area from being switched off; the
 * kernel's own readers of slots hold it while they wait, too. swap_lock and
 * si->lock are not taken: no list is walked, and each number is one word.
 *
 * Staleness: numbers are read one after the other while pages come and go. The
 * clusters of one area are counted one by one, so their sums are of no one moment.
 *
 * Positions are numbers of areas.
 *
 * Source: swap_info[], its cluster_info[] or else its swap_map[]; swapper_spaces[].
 */
#include <linux/blkdev.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../compat.h"
#include "swap.h"

/* SWAPFILE_CLUSTER of mm/swapfile.c */
#define CLUSTER_SLOTS COMPAT_SWAP_CLUSTER
/* clusters that are counted in one go */
#define CLUSTER_BATCH 256

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_SWAP_PARTITION, "partition" },
	{ MMSCOPE_SWAP_FILE, "file" },
	{ MMSCOPE_SWAP_ZRAM, "zram" },
};

static MMSCOPE_NAMES(kind_names, kinds);

/* X(MMSCOPE_SWAP_ and SWP_ name, name as text) */
#define AREA_FLAGS(X)					\
	X(WRITEOK, "writeok")				\
	X(DISCARDABLE, "discardable")			\
	X(DISCARDING, "discarding")			\
	X(SOLIDSTATE, "solidstate")			\
	X(CONTINUED, "continued")			\
	X(BLKDEV, "blkdev")				\
	X(FS_OPS, "fs_ops")				\
	X(AREA_DISCARD, "area_discard")			\
	X(PAGE_DISCARD, "page_discard")			\
	X(STABLE_WRITES, "stable_writes")		\
	X(SYNCHRONOUS_IO, "synchronous_io")

static const struct mmscope_name area_flags[] = {
#define X(_name, _text) { MMSCOPE_SWAP_##_name, _text },
	AREA_FLAGS(X)
#undef X
};

static MMSCOPE_NAMES(area_flag_names, area_flags);

static const struct mmscope_name orders[] = {
	{ 0, "order_0" }, { 1, "order_1" }, { 2, "order_2" }, { 3, "order_3" },
	{ 4, "order_4" }, { 5, "order_5" }, { 6, "order_6" }, { 7, "order_7" },
	{ 8, "order_8" }, { 9, "order_9" },
};

static MMSCOPE_NAMES(order_names, orders);

static u64 our_flags(unsigned long flags)
{
	u64 ours = 0;

#define X(_name, _text) ours |= flags & SWP_##_name ? MMSCOPE_SWAP_##_name : 0;
	AREA_FLAGS(X)
#undef X
	return ours;
}

/* ------------------------------------------------------------------ clusters */

/* slots in use, by the kernel's own count */
static u64 counted_use(const void *ci, struct mmscope_swap_area *rec)
{
	u64 flags = mmscope_read(ci, swap_cluster_info, flags);
	u64 order = mmscope_read(ci, swap_cluster_info, order);
	u64 use;

	if (mmscope_layout(swap_cluster_info, count)->found)
		use = mmscope_read(ci, swap_cluster_info, count);
	else
		use = flags & COMPAT_CLUSTER_FREE ? 0 : mmscope_read(ci, swap_cluster_info, data);
	/* what is being discarded has another number there for a moment */
	use = min_t(u64, use, CLUSTER_SLOTS);
	if (use && use < CLUSTER_SLOTS) {
		rec->fragmented_clusters += !!(flags & COMPAT_CLUSTER_FRAG);
		if (order < MMSCOPE_NR_SWAP_ORDERS)
			rec->order_clusters[order]++;
	}
	return use;
}

/* likewise, counted by us; what lies beyond the end is never free */
static u64 mapped_use(const struct swap_info_struct *si, u64 slot, u64 slots)
{
	struct compat_slot s = { };
	u64 i, use = 0;

	for (i = slot; i < slot + CLUSTER_SLOTS; i++) {
		if (i < slots)
			compat_read_slot(si, i, &s);
		use += i >= slots || s.bad || compat_slot_used(&s);
	}
	return use;
}

static bool can_count(const struct swap_info_struct *si)
{
	const struct mmscope_layout *ci = mmscope_layout(swap_cluster_info, sizeof);

	if (!READ_ONCE(si->cluster_info))
		return mmscope_layout(swap_info_struct, swap_map)->found;
	return ci->found && mmscope_layout(swap_cluster_info, flags)->found &&
	       (mmscope_layout(swap_cluster_info, count)->found ||
		mmscope_layout(swap_cluster_info, data)->found);
}

static void forget_clusters(struct mmscope_swap_area *rec)
{
	u32 i;

	rec->free_clusters = MMSCOPE_UNKNOWN;
	rec->partial_clusters = MMSCOPE_UNKNOWN;
	rec->full_clusters = MMSCOPE_UNKNOWN;
	rec->scattered_pages = MMSCOPE_UNKNOWN;
	rec->scattered_permille = MMSCOPE_UNKNOWN;
	rec->fragmented_clusters = MMSCOPE_UNKNOWN;
	for (i = 0; i < MMSCOPE_NR_SWAP_ORDERS; i++)
		rec->order_clusters[i] = MMSCOPE_UNKNOWN;
}

/* what only some kernels have, and only for areas with cluster_info */
static void forget_orders(struct mmscope_swap_area *rec, bool counted)
{
	u32 i;

	if (!counted || !COMPAT_CLUSTER_FRAG)
		rec->fragmented_clusters = MMSCOPE_UNKNOWN;
	for (i = 0; i < MMSCOPE_NR_SWAP_ORDERS; i++)
		if (!counted || !mmscope_layout(swap_cluster_info, order)->found)
			rec->order_clusters[i] = MMSCOPE_UNKNOWN;
}

static int fill_clusters(struct mmscope_swap_area *rec, const struct swap_info_struct *si)
{
	const void *ci = READ_ONCE(si->cluster_info);
	u64 i, use, free = 0;
	int err;

	rec->cluster_pages = CLUSTER_SLOTS;
	rec->clusters = DIV_ROUND_UP(rec->slots, CLUSTER_SLOTS);
	if (!can_count(si)) {
		forget_clusters(rec);
		return 0;
	}
	for (i = 0; i < rec->clusters; i++) {
		if (i % CLUSTER_BATCH == CLUSTER_BATCH - 1) {
			err = mmscope_pause();
			if (err)
				return err;
		}
		if (ci)
			use = counted_use(ci + i * mmscope_layout(swap_cluster_info, sizeof)->size,
					  rec);
		else
			use = mapped_use(si, i * CLUSTER_SLOTS, rec->slots);
		free += CLUSTER_SLOTS - use;
		rec->free_clusters += !use;
		rec->full_clusters += use == CLUSTER_SLOTS;
		if (use)
			rec->scattered_pages += CLUSTER_SLOTS - use;
	}
	rec->partial_clusters = rec->clusters - rec->free_clusters - rec->full_clusters;
	rec->scattered_permille = free ? rec->scattered_pages * 1000 / free : 0;
	forget_orders(rec, ci);
	return 0;
}

/* ---------------------------------------------------------------------- area */

/* slots that the area's own table says are in memory; when killed, up to there */
static u64 cached_slots(const struct swap_info_struct *si, u64 slots)
{
	struct compat_slot s;
	u64 i, pages = 0;

	for (i = 0; i < slots; i++) {
		if (i % (CLUSTER_SLOTS * 8) == CLUSTER_SLOTS * 8 - 1 && mmscope_pause())
			break;
		compat_read_slot(si, i, &s);
		pages += s.cached;
	}
	return pages;
}

/* the address spaces go with the area, so they stay as long as it does */
static u64 cached_pages(const struct swap_info_struct *si, u32 type, u64 slots)
{
	const struct address_space *space;
	u64 i, pages = 0;

	if (COMPAT_HAS_SWAP_TABLE && mmscope_layout(swap_cluster_info, table)->found)
		return cached_slots(si, slots);
	if (!mmscope_has(swapper_spaces))
		return MMSCOPE_UNKNOWN;
	space = READ_ONCE(mmscope_sym(swapper_spaces)[type]);
	if (!space)
		return MMSCOPE_UNKNOWN;
	for (i = 0; i < DIV_ROUND_UP(slots, 1UL << COMPAT_SWAP_SPACE_SHIFT); i++)
		pages += READ_ONCE(space[i].nrpages);
	return pages;
}

static void fill_kind(struct mmscope_swap_area *rec, const struct swap_info_struct *si,
		      unsigned long flags)
{
	const struct block_device *bdev = si->bdev;

	rec->kind = flags & SWP_BLKDEV ? MMSCOPE_SWAP_PARTITION : MMSCOPE_SWAP_FILE;
	if (!bdev)
		return;
	strscpy(rec->device, bdev->bd_disk->disk_name, sizeof(rec->device));
	if (rec->kind == MMSCOPE_SWAP_PARTITION && !strncmp(rec->device, "zram", 4))
		rec->kind = MMSCOPE_SWAP_ZRAM;
}

static int fill_area(struct mmscope_swap_area *rec, const struct swap_info_struct *si, u32 type)
{
	const unsigned long flags = READ_ONCE(si->flags);

	rec->swap_type = type;
	rec->priority = (s64)READ_ONCE(si->prio);
	rec->flags = our_flags(flags);
	rec->slots = READ_ONCE(si->max);
	rec->pages = READ_ONCE(si->pages);
	rec->used_pages = compat_swap_used(si);
	rec->free_pages = rec->pages - min(rec->pages, rec->used_pages);
	rec->bad_pages = rec->slots - 1 - rec->pages;
	rec->cached_pages = cached_pages(si, type, rec->slots);
	fill_kind(rec, si, flags);
	return fill_clusters(rec, si);
}

static int area_walk(struct mmscope_walk *w)
{
	struct mmscope_swap_area rec;
	u32 type;
	int ret;

	for (type = min_t(u64, w->cursor.pos, MAX_SWAPFILES); type < MAX_SWAPFILES; type++) {
		struct swap_info_struct *si = mmscope_swap_area_get(type);

		if (!si) {
			ret = mmscope_skip(w, type + 1);
		} else {
			rec = (struct mmscope_swap_area){ };
			ret = fill_area(&rec, si, type);
			mmscope_swap_area_put(si);
			mmscope_swap_name(type, w->priv, rec.name, sizeof(rec.name));
			ret = ret ?: mmscope_emit(w, &rec, type + 1);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static const struct mmscope_field_def area_fields[] = {
	FIELD(struct mmscope_swap_area, swap_type, ID, "number of the area, as in swap entries"),
	FIELD_TEXT(struct mmscope_swap_area, name, "its device or file"),
	FIELD_CLASS(struct mmscope_swap_area, kind, ENUM, &kind_names, "what it is on"),
	MORE_TEXT(struct mmscope_swap_area, device, "disk that it is on"),
	FIELD_SIGNED(struct mmscope_swap_area, priority, COUNT, "the highest is filled first"),
	MORE_FLAGS(struct mmscope_swap_area, flags, &area_flag_names,
		   "state; without writeok: it is being switched off"),
	MORE(struct mmscope_swap_area, slots, PAGES, "with the header and bad ones"),
	FIELD(struct mmscope_swap_area, pages, PAGES, "slots that may be used"),
	FIELD(struct mmscope_swap_area, used_pages, PAGES, "slots in use or set apart for CPUs"),
	FIELD(struct mmscope_swap_area, free_pages, PAGES, "free slots"),
	FIELD(struct mmscope_swap_area, cached_pages, PAGES, "pages of it in memory as well"),
	MORE(struct mmscope_swap_area, bad_pages, PAGES, "bad slots"),
	MORE(struct mmscope_swap_area, cluster_pages, PAGES,
	     "slots of a cluster: a huge page goes into a free one as a whole"),
	MORE(struct mmscope_swap_area, clusters, COUNT, "clusters"),
	FIELD(struct mmscope_swap_area, free_clusters, COUNT, "of them, without a slot in use"),
	FIELD(struct mmscope_swap_area, partial_clusters, COUNT, "with free and with used slots"),
	FIELD(struct mmscope_swap_area, full_clusters, COUNT, "without a free slot"),
	MORE(struct mmscope_swap_area, scattered_pages, PAGES, "free slots of partial clusters"),
	FIELD(struct mmscope_swap_area, scattered_permille, PERMILLE,
	      "of all free slots, those of partial clusters: how fragmented the area is"),
	MORE(struct mmscope_swap_area, fragmented_clusters, COUNT,
	     "partial ones that had no room when slots of their order were looked for"),
	MORE_ARRAY(struct mmscope_swap_area, order_clusters, COUNT, &order_names,
		   "partial clusters, by the order of what they are for"),
};

static const struct mmscope_need area_needs[] = {
	NEED_SYM(swap_info),
	COMPAT_SWAP_CACHE_NEEDS,
	WANT_LAYOUT(swap_cluster_info, sizeof),
	WANT_LAYOUT(swap_cluster_info, flags),
	COMPAT_SWAP_CLUSTER_NEEDS,
	{ }
};

const struct mmscope_dataset mmscope_swap_areas = {
	.name = "swap_areas",
	.help = "swap areas: size, use, priority, pages in memory as well, clusters",
	.id = MMSCOPE_DS_SWAP_AREAS,
	.rec_size = sizeof(struct mmscope_swap_area),
	.priv_size = PATH_MAX,
	.fields = area_fields,
	.nr_fields = ARRAY_SIZE(area_fields),
	.needs = area_needs,
	.walk = area_walk,
};

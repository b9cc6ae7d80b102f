// SPDX-License-Identifier: GPL-2.0
/*
 * What records of the point query alloc_zones look like, and which symbols it
 * needs. How they are filled is the matter of alloc.c.
 */
#include "mmscope.h"

static const struct mmscope_name alloc_verdicts[] = {
	{ MMSCOPE_ALLOC_NOT_TRIED, "not_tried" },
	{ MMSCOPE_ALLOC_SUCCESS, "success" },
	{ MMSCOPE_ALLOC_BELOW_WATERMARK, "below_watermark" },
	{ MMSCOPE_ALLOC_NO_BLOCK, "no_block" },
	{ MMSCOPE_ALLOC_WRONG_TYPE, "wrong_type" },
	{ MMSCOPE_ALLOC_DIRTY_LIMIT, "dirty_limit" },
};

static MMSCOPE_NAMES(alloc_verdict_names, alloc_verdicts);

static const struct mmscope_name alloc_unknowns[] = {
	{ MMSCOPE_ALLOC_NODE_RECLAIM, "node_reclaim" },
	{ MMSCOPE_ALLOC_UNACCEPTED, "unaccepted" },
	{ MMSCOPE_ALLOC_DIRTY_UNREAD, "dirty_unread" },
};

static MMSCOPE_NAMES(alloc_unknown_names, alloc_unknowns);

static const struct mmscope_field_def alloc_fields[] = {
	FIELD(struct mmscope_alloc_zone, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_alloc_zone, zone, &mmscope_zone_names, "zone of the node"),
	FIELD(struct mmscope_alloc_zone, free_pages, PAGES,
	      "free pages, without those on per-CPU lists"),
	MORE(struct mmscope_alloc_zone, highatomic_pages, PAGES,
	     "kept for atomic allocations of high order"),
	MORE(struct mmscope_alloc_zone, cma_pages, PAGES,
	     "free in CMA blocks, for movable allocations only"),
	FIELD(struct mmscope_alloc_zone, lowmem_reserve_pages, PAGES,
	      "kept from allocations that could also use a higher zone"),
	MORE(struct mmscope_alloc_zone, boost_pages, PAGES,
	     "in the watermarks for a while after fragmentation"),
	FIELD(struct mmscope_alloc_zone, fast_watermark, PAGES,
	      "what the fast path must leave free: the low watermark"),
	FIELD_SIGNED(struct mmscope_alloc_zone, fast_margin, PAGES,
		     "usable free pages above fast_watermark and reserve; must be above 0"),
	FIELD(struct mmscope_alloc_zone, slow_watermark, PAGES,
	      "the min watermark, or the part of it that holds for these flags"),
	FIELD_SIGNED(struct mmscope_alloc_zone, slow_margin, PAGES,
		     "usable free pages above slow_watermark and reserve; must be above 0"),
	MORE_SIGNED(struct mmscope_alloc_zone, free_after_pages, PAGES,
		    "free pages without the block asked for"),
	FIELD(struct mmscope_alloc_zone, largest_order, ID,
	      "of the free blocks that may be taken, those of other migratetypes included"),
	MORE(struct mmscope_alloc_zone, largest_own_order, ID,
	     "of the free blocks of the migratetype asked for"),
	MORE(struct mmscope_alloc_zone, pcp_pages, PAGES, "on the lists of the CPU that asks"),
	MORE(struct mmscope_alloc_zone, pcp_ready, COUNT,
	     "1: that CPU has a block of this order and type on its list"),
	MORE_ENUM(struct mmscope_alloc_zone, first, &alloc_verdict_names,
		  "fast path, while it breaks up no blocks of other types"),
	FIELD_ENUM(struct mmscope_alloc_zone, fast, &alloc_verdict_names, "fast path"),
	FIELD_ENUM(struct mmscope_alloc_zone, slow, &alloc_verdict_names,
		   "slow path, before anything is reclaimed"),
	MORE_ENUM(struct mmscope_alloc_zone, reserves, &alloc_verdict_names,
		  "without a watermark, for __GFP_MEMALLOC"),
	FIELD_ENUM(struct mmscope_alloc_zone, compaction, &mmscope_compaction_names,
		   "what compaction would do for such a block"),
	MORE_SIGNED(struct mmscope_alloc_zone, extfrag_permille, PERMILLE,
		    "near 0: no memory for this order, near 1000: fragmented; -1000: it would do"),
	MORE(struct mmscope_alloc_zone, reclaimable_pages, PAGES,
	     "on lists that reclaim takes from: file, and anon while there is swap"),
	MORE_SIGNED(struct mmscope_alloc_zone, reclaimed_margin, PAGES,
		    "slow_margin if all of that was reclaimed; not above 0: not enough"),
	FIELD_FLAGS(struct mmscope_alloc_zone, unknown, &alloc_unknown_names,
		    "what may make the allocator decide otherwise"),
};

static const struct mmscope_need alloc_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	WANT_SYM(page_group_by_mobility_disabled),
	WANT_SYM(vm_dirty_ratio),
	WANT_SYM(vm_dirty_bytes),
	WANT_SYM(sysctl_extfrag_threshold),
#ifdef CONFIG_NUMA
	WANT_SYM(node_reclaim_mode),
#endif
	{ }
};

const struct mmscope_dataset mmscope_alloc_zones = {
	.name = "alloc_zones",
	.help = "would an allocation succeed: the page allocator's decision for each zone",
	.id = MMSCOPE_DS_ALLOC_ZONES,
	.flags = MMSCOPE_DATASET_POINT,
	.rec_size = sizeof(struct mmscope_alloc_zone),
	.fields = alloc_fields,
	.nr_fields = ARRAY_SIZE(alloc_fields),
	.needs = alloc_needs,
};

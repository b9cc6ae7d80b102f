// SPDX-License-Identifier: GPL-2.0
/*
 * Point query alloc_zones: would an allocation succeed now, zone by zone.
 *
 * This is the page allocator's own decision made again: the zones of the node's
 * zonelist, for each the watermark and then the free lists, first as its fast
 * path does it, then as its slow path does before it reclaims anything. What it
 * would find after that cannot be known.
 *
 * Locks: the memory hotplug lock for reading while the lists of a CPU are looked
 * at, since the last memory of a zone takes them along. The rest is as lockless
 * as the allocator's own check: counters, and whether a list is empty; no list
 * is followed.
 *
 * Staleness: each zone is read once, counters and lists one after the other.
 *
 * Sources: get_page_from_freelist(), __zone_watermark_ok(), gfp_to_alloc_flags(),
 * rmqueue(), node_dirty_ok(), compact.c; of 6.1 in the form that its stable releases have
 * since late 2024, where atomic allocations may use a highatomic reserve.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "compat.h"
#include "mmscope.h"
#include "compact.h"
#include "dirty.h"

enum look_id {
	LOOK_FIRST,
	LOOK_FAST,
	LOOK_SLOW,
	LOOK_RESERVES,
};

static_assert(LOOK_RESERVES + 1 == MMSCOPE_ALLOC_LOOKS);

/**
 * struct look - with which rights the allocator looks at zones
 * @watermark: that must not be undercut, WMARK_*
 * @no_watermark: none is checked
 * @nofragment: no blocks of other types are broken up
 * @fast: of the fast path
 * @high: half of the watermark will do
 * @non_block: and three quarters of that; free highatomic blocks if all else fails
 * @highatomic: highatomic blocks may be taken
 * @cma: CMA blocks may be taken
 */
struct look {
	u32 watermark;
	bool no_watermark;
	bool nofragment;
	bool fast;
	bool high;
	bool non_block;
	bool highatomic;
	bool cma;
};

/**
 * struct zone_now - what is read of a zone
 * @zone: the zone
 * @free: free pages
 * @highatomic: of these, in the highatomic reserve
 * @cma: of these, in CMA blocks
 * @reserve: lowmem reserve toward the highest zone of the allocation
 * @boost: of its watermarks
 * @largest: order of the largest free block of each migratetype, -1: none
 * @pcp_ready: the CPU has a block on its own list
 * @dirty_ok: the node is within its dirty limits
 */
struct zone_now {
	struct zone *zone;
	s64 free;
	s64 highatomic;
	s64 cma;
	s64 reserve;
	s64 boost;
	s32 largest[MIGRATE_TYPES];
	bool pcp_ready;
	bool dirty_ok;
};

/* -------------------------------------------------------------------- flags */

static const struct {
	u32 ours;
	gfp_t kernels;
} gfp_flags[] = {
#define X(_name) { MMSCOPE_GFP_##_name, __GFP_##_name },
	MMSCOPE_GFP_FLAGS(X)
#undef X
};

/* Returns 0, -EOPNOTSUPP for an unknown flag, -EINVAL for flags that make no sense together. */
static int make_gfp(u32 flags, gfp_t *gfp)
{
	u32 i;

	*gfp = 0;
	for (i = 0; i < ARRAY_SIZE(gfp_flags); i++) {
		if (flags & gfp_flags[i].ours)
			*gfp |= gfp_flags[i].kernels;
		flags &= ~gfp_flags[i].ours;
	}
	if (flags)
		return -EOPNOTSUPP;
	/* as gfp_zone() and gfp_migratetype() assert */
	if (GFP_ZONE_BAD >> (__force int)(*gfp & GFP_ZONEMASK) & 1)
		return -EINVAL;
	if (*gfp & __GFP_MOVABLE && *gfp & __GFP_RECLAIMABLE)
		return -EINVAL;
	return 0;
}

/**
 * mmscope_gfp_flags - the kernel's allocation flags as ours
 * @gfp: flags
 *
 * May be called in any context.
 *
 * Return: enum mmscope_gfp; flags that have no number there are left out.
 */
u32 mmscope_gfp_flags(gfp_t gfp)
{
	u32 i, flags = 0;

	for (i = 0; i < ARRAY_SIZE(gfp_flags); i++)
		if (gfp & gfp_flags[i].kernels)
			flags |= gfp_flags[i].ours;
	return flags;
}

static u32 migratetype_of(gfp_t gfp)
{
	const int *disabled = mmscope_sym(page_group_by_mobility_disabled);

	if (disabled && READ_ONCE(*disabled))
		return MIGRATE_UNMOVABLE;
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

/* Returns false if such an allocation does not look in this way. */
static bool make_look(const struct mmscope_alloc *a, enum look_id id, struct look *l)
{
	*l = (struct look){
		.watermark = WMARK_LOW,
		.fast = id < LOOK_SLOW,
		.cma = a->migratetype == MIGRATE_MOVABLE,
	};
	switch (id) {
	case LOOK_FIRST:
		l->nofragment = true;
		return a->nofragment;
	case LOOK_FAST:
		return true;
	case LOOK_SLOW:
		l->watermark = WMARK_MIN;
		l->high = a->gfp & __GFP_HIGH;
		l->non_block = !(a->gfp & (__GFP_DIRECT_RECLAIM | __GFP_NOMEMALLOC));
		l->highatomic = l->non_block && l->high && a->order;
		return true;
	case LOOK_RESERVES:
		l->no_watermark = true;
		return a->gfp & __GFP_MEMALLOC && !(a->gfp & __GFP_NOMEMALLOC);
	}
	return false;
}

/* ------------------------------------------------------------------ the zone */

/* the list of a CPU that such a block is taken from; false: of none */
static bool pcp_list(const struct mmscope_alloc *a, u32 *list)
{
	if (a->order <= PAGE_ALLOC_COSTLY_ORDER) {
		*list = MIGRATE_PCPTYPES * a->order + a->migratetype;
		return true;
	}
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) || a->order != PMD_SHIFT - PAGE_SHIFT)
		return false;
	/* movable huge pages have a list of their own where there are two */
	*list = a->migratetype == MIGRATE_MOVABLE ? NR_PCP_LISTS - 1 : NR_LOWORDER_PCP_LISTS;
	return true;
}

static void read_pcp(const struct mmscope_alloc *a, struct zone_now *z,
		     struct mmscope_alloc_zone *rec)
{
	struct per_cpu_pages *pcp;
	u32 list;

	mmscope_get_online_mems();
	pcp = per_cpu_ptr(z->zone->per_cpu_pageset, a->cpu);
	rec->pcp_pages = READ_ONCE(pcp->count);
	z->pcp_ready = pcp_list(a, &list) && !list_empty(&pcp->lists[list]);
	mmscope_put_online_mems();
	rec->pcp_ready = z->pcp_ready;
}

static void read_lists(struct zone_now *z)
{
	s32 order, type;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		const struct free_area *area = z->zone->free_area;

		for (order = mmscope_nr_orders - 1; order >= 0; order--)
			if (!list_empty(&area[order].free_list[type]))
				break;
		z->largest[type] = order;
	}
}

static void read_zone(const struct mmscope_alloc *a, struct zone *zone, struct zone_now *z,
		      struct mmscope_alloc_zone *rec)
{
	*z = (struct zone_now){
		.zone = zone,
		.free = zone_page_state(zone, NR_FREE_PAGES),
		.highatomic = compat_highatomic_unusable(zone),
#ifdef CONFIG_CMA
		.cma = zone_page_state(zone, NR_FREE_CMA_PAGES),
#endif
		.reserve = READ_ONCE(zone->lowmem_reserve[a->highest_zone]),
		.boost = READ_ONCE(zone->watermark_boost),
		.dirty_ok = true,
	};
	read_lists(z);
	*rec = (struct mmscope_alloc_zone){
		.node = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.free_pages = z->free,
		.highatomic_pages = z->highatomic,
		.cma_pages = z->cma,
		.lowmem_reserve_pages = z->reserve,
		.boost_pages = z->boost,
		.free_after_pages = z->free - (1LL << a->order),
	};
	read_pcp(a, z, rec);
	if (a->gfp & __GFP_WRITE)
		z->dirty_ok = mmscope_dirty_ok(zone->zone_pgdat, &rec->unknown);
	if (compat_has_unaccepted(zone))
		rec->unknown |= MMSCOPE_ALLOC_UNACCEPTED;
}

/* -------------------------------------------------------------- the decision */

/* what must stay free, but for the lowmem reserve */
static s64 watermark(const struct mmscope_alloc *a, const struct zone_now *z,
		     const struct look *l)
{
	s64 mark = READ_ONCE(z->zone->_watermark[l->watermark]);

	/* for some single pages the kernel tries again without the boost */
	if (l->fast || a->order || !compat_gfp_ignores_boost(a->gfp))
		mark += z->boost;
	if (l->high) {
		mark -= mark / 2;
		if (l->non_block)
			mark -= mark / 4;
	}
	return mark;
}

static s64 margin(const struct mmscope_alloc *a, const struct zone_now *z, const struct look *l)
{
	s64 usable = z->free - ((1LL << a->order) - 1);

	if (!l->high && !l->non_block && !l->highatomic)
		usable -= z->highatomic;
	if (!l->cma)
		usable -= z->cma;
	return usable - watermark(a, z, l) - z->reserve;
}

static s32 largest_of_all(const struct zone_now *z)
{
	s32 largest = -1, type;

	for (type = 0; type < MIGRATE_PCPTYPES; type++)
		largest = max(largest, z->largest[type]);
	return largest;
}

static s32 largest_cma(const struct zone_now *z, const struct look *l)
{
#ifdef CONFIG_CMA
	if (l->cma)
		return z->largest[MIGRATE_CMA];
#endif
	return -1;
}

/* is there a block at all, as far as the watermark check cares? */
static bool block_seen(const struct mmscope_alloc *a, const struct zone_now *z,
		       const struct look *l)
{
	s32 largest = max(largest_of_all(z), largest_cma(z, l));

	if (l->highatomic)
		largest = max(largest, z->largest[MIGRATE_HIGHATOMIC]);
	return largest >= (s32)a->order;
}

/* the largest block that may be taken off the free lists */
static s32 largest_taken(const struct mmscope_alloc *a, const struct zone_now *z,
			 const struct look *l)
{
	s32 largest = max(z->largest[a->migratetype], largest_cma(z, l));
	s32 others = largest_of_all(z);

	if (!l->nofragment || others >= (s32)pageblock_order)
		largest = max(largest, others);
	if (l->highatomic || l->non_block)
		largest = max(largest, z->largest[MIGRATE_HIGHATOMIC]);
	return largest;
}

static u32 judge(const struct mmscope_alloc *a, const struct zone_now *z, const struct look *l)
{
	if (l->fast && !z->dirty_ok)
		return MMSCOPE_ALLOC_DIRTY_LIMIT;
	if (!l->no_watermark && margin(a, z, l) <= 0)
		return MMSCOPE_ALLOC_BELOW_WATERMARK;
	/* the watermark check looks for a block too, but believes in single pages */
	if (!l->no_watermark && a->order && !block_seen(a, z, l))
		return MMSCOPE_ALLOC_NO_BLOCK;
	if (z->pcp_ready || largest_taken(a, z, l) >= (s32)a->order)
		return MMSCOPE_ALLOC_SUCCESS;
	return block_seen(a, z, l) ? MMSCOPE_ALLOC_WRONG_TYPE : MMSCOPE_ALLOC_NO_BLOCK;
}

/* Where it is on, a zone below its watermark makes the allocator reclaim from its node. */
static bool reclaims_node(const struct mmscope_alloc *a)
{
	const int *mode = mmscope_sym(node_reclaim_mode);

	if (!IS_ENABLED(CONFIG_NUMA) || !(a->gfp & __GFP_DIRECT_RECLAIM))
		return false;
	return mode ? READ_ONCE(*mode) : nr_online_nodes > 1;
}

/* what is left to do if no look succeeds */
static void judge_rest(const struct mmscope_alloc *a, struct zone *zone,
		       struct mmscope_alloc_zone *rec)
{
	struct mmscope_fragmentation f;

	mmscope_fragmentation(zone, a->order, &f);
	rec->extfrag_permille = f.extfrag_permille;
	rec->reclaimable_pages = mmscope_reclaimable(zone);
	rec->reclaimed_margin = rec->slow_margin + rec->reclaimable_pages;
	if (a->order && rec->slow == MMSCOPE_ALLOC_SUCCESS)
		rec->compaction = MMSCOPE_COMPACTION_NEEDLESS;
	else
		rec->compaction = mmscope_compaction(zone, a->order, a->highest_zone,
						     f.extfrag_permille);
}

static void judge_zone(struct mmscope_alloc *a, struct zone *zone,
		       struct mmscope_alloc_zone *rec)
{
	u32 *verdicts[MMSCOPE_ALLOC_LOOKS] = {
		&rec->first, &rec->fast, &rec->slow, &rec->reserves,
	};
	struct zone_now z;
	struct look l;
	u32 id;

	read_zone(a, zone, &z, rec);
	for (id = 0; id < MMSCOPE_ALLOC_LOOKS; id++) {
		if (!make_look(a, id, &l))
			continue;
		*verdicts[id] = judge(a, &z, &l);
		if (*verdicts[id] == MMSCOPE_ALLOC_SUCCESS &&
		    a->from[id].zone == MMSCOPE_UNKNOWN32) {
			a->from[id].node = rec->node;
			a->from[id].zone = rec->zone;
		}
	}
	make_look(a, LOOK_FAST, &l);
	rec->fast_watermark = watermark(a, &z, &l);
	rec->fast_margin = margin(a, &z, &l);
	make_look(a, LOOK_SLOW, &l);
	rec->slow_watermark = watermark(a, &z, &l);
	rec->slow_margin = margin(a, &z, &l);
	/* none is -1, which is MMSCOPE_UNKNOWN32 */
	rec->largest_order = largest_taken(a, &z, &l);
	rec->largest_own_order = z.largest[a->migratetype];
	if ((rec->fast_margin <= 0 || !block_seen(a, &z, &l)) && reclaims_node(a))
		rec->unknown |= MMSCOPE_ALLOC_NODE_RECLAIM;
	judge_rest(a, zone, rec);
	a->unknown |= rec->unknown;
}

/* The next zone of the zonelist that the flags allow; NULL at its end. */
static struct zone *next_listed(struct mmscope_alloc *a)
{
	struct zonelist *list = node_zonelist(a->nid, a->gfp);
	struct zone *zone;

	while (a->next < MAX_ZONES_PER_ZONELIST) {
		zone = READ_ONCE(list->_zonerefs[a->next].zone);
		if (!zone)
			break;
		a->next++;
		if (zone_idx(zone) <= a->highest_zone)
			return zone;
	}
	return NULL;
}

/* alloc_flags_nofragment(): between Normal and DMA32 allocations are spread */
static bool nofragment(const struct zone *first)
{
#ifdef CONFIG_ZONE_DMA32
	if (!first || zone_idx(first) != ZONE_NORMAL)
		return false;
	return nr_online_nodes == 1 ||
	       populated_zone(&first->zone_pgdat->node_zones[ZONE_DMA32]);
#else
	return false;
#endif
}

/**
 * mmscope_alloc_begin - begin to think through an allocation
 * @a: the allocation, from now on
 * @arg: what the user asked; its flags are checked, the rest is not
 *
 * Return: 0; -EINVAL if order, node or flags make no sense; -EOPNOTSUPP for
 * flags of which nothing is known.
 */
int mmscope_alloc_begin(struct mmscope_alloc *a, const struct mmscope_alloc_arg *arg)
{
	struct zone *first;
	u32 i;
	int err;

	*a = (struct mmscope_alloc){
		.order = arg->order,
		.nid = arg->node == MMSCOPE_ANY ? numa_mem_id() : arg->node,
		.cpu = raw_smp_processor_id(),
	};
	err = make_gfp(arg->gfp, &a->gfp);
	if (err)
		return err;
	if (a->order >= mmscope_nr_orders || a->nid >= MAX_NUMNODES || !node_online(a->nid))
		return -EINVAL;
	a->migratetype = migratetype_of(a->gfp);
	a->highest_zone = gfp_zone(a->gfp);
	for (i = 0; i < MMSCOPE_ALLOC_LOOKS; i++) {
		a->from[i].node = MMSCOPE_UNKNOWN32;
		a->from[i].zone = MMSCOPE_UNKNOWN32;
	}
	first = next_listed(a);
	a->next = 0;
	a->local_nid = first ? zone_to_nid(first) : a->nid;
	a->nofragment = nofragment(first);
	return 0;
}

/**
 * mmscope_alloc_next - look at the next zone
 * @a: the allocation
 * @rec: what was found
 *
 * Sleeps.
 *
 * Return: false when there are no more zones; @rec is not filled then.
 */
bool mmscope_alloc_next(struct mmscope_alloc *a, struct mmscope_alloc_zone *rec)
{
	struct zone *zone = next_listed(a);

	if (!zone)
		return false;
	/* another node is not tried before blocks of this one are broken up */
	if (zone_to_nid(zone) != a->local_nid)
		a->nofragment = false;
	judge_zone(a, zone, rec);
	a->zones++;
	return true;
}

static u32 may(const struct mmscope_alloc *a)
{
	bool reclaim = a->gfp & __GFP_DIRECT_RECLAIM;
	bool compact = reclaim && a->order && IS_ENABLED(CONFIG_COMPACTION) && a->gfp & __GFP_IO;
	bool costly = a->order > PAGE_ALLOC_COSTLY_ORDER;
	bool retry = reclaim && !(a->gfp & __GFP_NORETRY) &&
		     (!costly || (compact && a->gfp & __GFP_RETRY_MAYFAIL));
	bool oom = retry && !costly && a->gfp & __GFP_FS &&
		   !(a->gfp & (__GFP_RETRY_MAYFAIL | __GFP_THISNODE));

	/* the OOM killer does not help those who want low memory */
	oom = oom && a->highest_zone >= ZONE_NORMAL;
	return (a->gfp & __GFP_KSWAPD_RECLAIM ? MMSCOPE_ALLOC_MAY_KSWAPD : 0) |
	       (reclaim ? MMSCOPE_ALLOC_MAY_RECLAIM : 0) |
	       (compact ? MMSCOPE_ALLOC_MAY_COMPACT : 0) |
	       (retry ? MMSCOPE_ALLOC_MAY_RETRY : 0) |
	       (oom ? MMSCOPE_ALLOC_MAY_OOM : 0);
}

/**
 * mmscope_alloc_result - what all zones together mean
 * @a: the allocation, after mmscope_alloc_next() returned false
 * @arg: gets the result
 */
void mmscope_alloc_result(const struct mmscope_alloc *a, struct mmscope_alloc_arg *arg)
{
	u32 id;

	arg->nr = a->zones;
	arg->rec_size = sizeof(struct mmscope_alloc_zone);
	arg->list_node = a->nid;
	arg->cpu = a->cpu;
	arg->migratetype = a->migratetype;
	arg->may = may(a);
	arg->unknown = a->unknown;
	arg->from_node = MMSCOPE_UNKNOWN32;
	arg->from_zone = MMSCOPE_UNKNOWN32;
	for (id = 0; id < MMSCOPE_ALLOC_LOOKS; id++) {
		if (a->from[id].zone == MMSCOPE_UNKNOWN32)
			continue;
		arg->from_node = a->from[id].node;
		arg->from_zone = a->from[id].zone;
		arg->result = id < LOOK_SLOW ? MMSCOPE_ALLOC_AT_ONCE : MMSCOPE_ALLOC_SLOW;
		return;
	}
	/* without a zone there is nothing to reclaim from */
	if (a->zones && a->gfp & __GFP_DIRECT_RECLAIM)
		arg->result = MMSCOPE_ALLOC_RECLAIM;
	else
		arg->result = MMSCOPE_ALLOC_FAIL;
}

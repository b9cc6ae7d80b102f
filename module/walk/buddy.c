// SPDX-License-Identifier: GPL-2.0
/*
 * buddy: one record for each zone, order and migratetype: the blocks on that free
 * list, and how fragmented the zone is for that order.
 *
 * Locks: those of freelist.c. An empty list is told by one lockless read.
 *
 * Staleness: a list that fits into one batch is counted at one moment, each list
 * at its own. A longer one is the sum of several holds; it is marked as torn if
 * it changed visibly meanwhile. nr_free is read without lock, as /proc/buddyinfo
 * and the files in debugfs/extfrag do.
 *
 * Sources: zone->free_area[order].free_list[migratetype] and .nr_free; the two
 * indices are from compact.c.
 */
#include "compact.h"
#include "freelist.h"

/* Count the blocks of a list into @rec. Returns 0 or -EINTR. */
static int count_list(struct mmscope_walk *w, struct mmscope_freelist *l,
		      struct mmscope_buddy *rec)
{
	const struct free_area *area = &l->zone->free_area[l->order];
	const struct mmscope_list_step *at = &l->at;
	unsigned long nr_free = READ_ONCE(area->nr_free);
	u32 restarts = 0, holds = 0;
	u64 blocks = 0;
	int ret = 0;

	if (list_empty(&area->free_list[l->migratetype]))
		return 0;
	while (!at->done && !ret) {
		mmscope_freelist_step(w, l, MMSCOPE_BATCH_MAX);
		if (at->restarts != restarts) {
			restarts = at->restarts;
			blocks = 0;
		}
		blocks += at->nr;
		rec->state |= at->state;
		rec->blocks = max(rec->blocks, blocks);
		holds++;
		ret = mmscope_pause();
	}
	if (!(at->state & MMSCOPE_LIST_CUT))
		rec->blocks = blocks;
	if (restarts || (holds > 1 && READ_ONCE(area->nr_free) != nr_free))
		rec->state |= MMSCOPE_LIST_TORN;
	rec->state &= ~MMSCOPE_LIST_REPEAT;
	return ret;
}

static void fill_fragmentation(const struct zone *zone, u32 order, struct mmscope_buddy *rec)
{
	struct mmscope_fragmentation f;

	mmscope_fragmentation(zone, order, &f);
	rec->nr_free = READ_ONCE(zone->free_area[order].nr_free);
	rec->unusable_permille = f.unusable_permille;
	rec->extfrag_permille = f.extfrag_permille;
	rec->largest_order = f.largest_order;
}

static int walk_lists(struct mmscope_walk *w)
{
	struct mmscope_freelist *l = w->priv;
	u32 id = min_t(u64, w->cursor.pos, MMSCOPE_NO_LIST);
	int ret;

	while ((id = mmscope_freelist_find(&w->q, id)) != MMSCOPE_NO_LIST) {
		struct mmscope_buddy rec = { };

		if (mmscope_full(w))
			return MMSCOPE_MORE;
		mmscope_freelist_begin(l, id, 0, 0);
		rec.node = zone_to_nid(l->zone);
		rec.zone = zone_idx(l->zone);
		rec.order = l->order;
		rec.migratetype = l->migratetype;
		ret = count_list(w, l, &rec);
		if (ret)
			return ret;
		rec.pages = rec.blocks << l->order;
		fill_fragmentation(l->zone, l->order, &rec);
		ret = mmscope_emit(w, &rec, ++id);
		if (ret)
			return ret;
	}
	return 0;
}

static int buddy_walk(struct mmscope_walk *w)
{
	int ret;

	mmscope_get_online_mems();
	ret = walk_lists(w);
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_field_def buddy_fields[] = {
	FIELD(struct mmscope_buddy, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_buddy, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_CLASS(struct mmscope_buddy, order, ID, NULL, "blocks are 2^order pages"),
	FIELD_ENUM(struct mmscope_buddy, migratetype, &mmscope_migratetype_names,
		   "of the free list"),
	FIELD(struct mmscope_buddy, blocks, COUNT, "blocks on this list"),
	FIELD(struct mmscope_buddy, pages, PAGES, "in these blocks"),
	MORE(struct mmscope_buddy, nr_free, COUNT,
	     "free blocks of this order, all migratetypes"),
	FIELD(struct mmscope_buddy, unusable_permille, PERMILLE,
	      "part of the zone's free memory in blocks smaller than this order"),
	FIELD_SIGNED(struct mmscope_buddy, extfrag_permille, PERMILLE,
		     "near 0: no memory for this order, near 1000: fragmented; -1000: it would do"),
	FIELD(struct mmscope_buddy, largest_order, ID, "of the free blocks in this zone"),
	MORE_FLAGS(struct mmscope_buddy, state, &mmscope_list_state_names,
		   "what happened to the list while it was counted"),
};

static const struct mmscope_need buddy_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_buddy = {
	.name = "buddy",
	.help = "free lists of the buddy allocator by zone, order and migratetype",
	.id = MMSCOPE_DS_BUDDY,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE,
	.rec_size = sizeof(struct mmscope_buddy),
	.priv_size = sizeof(struct mmscope_freelist),
	.fields = buddy_fields,
	.nr_fields = ARRAY_SIZE(buddy_fields),
	.needs = buddy_needs,
	.walk = buddy_walk,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * free_blocks: every block on every free list of the buddy allocator, in the
 * order of the list: the first is the next to be allocated.
 *
 * Locks: those of freelist.c. Records are made after the hold, from pfns.
 *
 * Staleness: a block was on the list at the moment of its hold. A list that is
 * longer than a batch is the sum of several holds, see freelist.c.
 *
 * Sources: zone->free_area[order].free_list[migratetype].
 *
 * A position is the id of the list and, in the low INDEX_BITS, how many of its
 * blocks were passed, restarts included, so that it grows even if a list is begun
 * again. The cursor's hint is the place in the list.
 */
#include "freelist.h"

#define INDEX_BITS 42

static_assert(MMSCOPE_LIST_ID_BITS + INDEX_BITS <= 64);

static u64 position(u32 id, u64 index)
{
	return (u64)id << INDEX_BITS | index;
}

/* One batch of records. The window has room for all of them, so emit takes each. */
static int emit_batch(struct mmscope_walk *w, const struct mmscope_freelist *l)
{
	u64 index = l->at.index - l->at.nr;
	struct mmscope_free_block rec = {
		.node = zone_to_nid(l->zone),
		.zone = zone_idx(l->zone),
		.order = l->order,
		.migratetype = l->migratetype,
		.state = l->at.state,
	};
	int ret = 0;
	u32 i;

	for (i = 0; i < l->at.nr; i++) {
		rec.pfn = l->at.pfn[i];
		rec.index = index++;
		if (rec.pfn < w->q.end && rec.pfn + (1ULL << l->order) > w->q.start)
			ret = mmscope_emit(w, &rec, position(l->id, index));
		else
			ret = mmscope_skip(w, position(l->id, index));
	}
	w->cursor.hint = mmscope_list_hint(&l->at);
	return ret;
}

static int walk_list(struct mmscope_walk *w, struct mmscope_freelist *l)
{
	int ret;

	while (!l->at.done) {
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		mmscope_freelist_step(w, l, w->limit - w->nr);
		ret = emit_batch(w, l);
		if (!ret)
			ret = mmscope_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_lists(struct mmscope_walk *w)
{
	struct mmscope_freelist *l = w->priv;
	u64 index = w->cursor.pos & GENMASK_ULL(INDEX_BITS - 1, 0);
	u32 id = w->cursor.pos >> INDEX_BITS;
	u64 hint = w->cursor.hint;
	u32 at = id;
	int ret;

	while ((id = mmscope_freelist_find(&w->q, id)) != MMSCOPE_NO_LIST) {
		if (id != at) {
			index = 0;
			hint = 0;
		}
		mmscope_freelist_begin(l, id, index, hint);
		ret = walk_list(w, l);
		if (ret)
			return ret;
		id++;
		w->cursor.pos = position(id, 0);
		w->cursor.hint = 0;
	}
	return 0;
}

static int free_block_walk(struct mmscope_walk *w)
{
	int ret;

	mmscope_get_online_mems();
	ret = walk_lists(w);
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_field_def free_block_fields[] = {
	FIELD(struct mmscope_free_block, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_free_block, zone, &mmscope_zone_names, "zone of the node"),
	FIELD_CLASS(struct mmscope_free_block, order, ID, NULL, "the block is 2^order pages"),
	FIELD_ENUM(struct mmscope_free_block, migratetype, &mmscope_migratetype_names,
		   "of the list it is on"),
	FIELD(struct mmscope_free_block, pfn, PFN, "first page frame of the block"),
	FIELD(struct mmscope_free_block, index, COUNT,
	      "place in its list, 0: next to be allocated"),
	FIELD_FLAGS(struct mmscope_free_block, state, &mmscope_list_state_names,
		    "what happened to the list while it was read"),
};

static const struct mmscope_need free_block_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	{ }
};

const struct mmscope_dataset mmscope_free_blocks = {
	.name = "free_blocks",
	.help = "every block on the free lists of the buddy allocator, in list order",
	.id = MMSCOPE_DS_FREE_BLOCKS,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_free_block),
	.priv_size = sizeof(struct mmscope_freelist),
	.fields = free_block_fields,
	.nr_fields = ARRAY_SIZE(free_block_fields),
	.needs = free_block_needs,
	.walk = free_block_walk,
};

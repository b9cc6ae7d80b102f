// SPDX-License-Identifier: GPL-2.0
/*
 * lru_pages: every folio on the lists that reclaim takes pages from, what it takes
 * first comes first.
 *
 * Locks: those of lru_list.c, and a reference on the memory cgroup whose lists are
 * followed. The memory hotplug lock for reading. Records are made after the hold,
 * from pfns.
 *
 * Staleness: a folio was on the list at the moment of its hold, see lru_list.c. Its
 * flags and order are read a moment later, see page_read.c.
 *
 * Sources: lruvec->lists[], lrugen.folios[][][]; struct page.
 *
 * A position is node, number of the memory cgroup, number of the list, and how many
 * of its folios were passed, restarts included, so that it grows even if a list is
 * begun again. The cursor's hint is the place in the list.
 */
#include <linux/cgroup.h>
#include <linux/memory_hotplug.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

#include "lru_list.h"
#include "frame.h"
#include "page_read.h"

#define SLOT_BITS	6
#define INDEX_BITS	30
#define NODE_BITS	10

static_assert(MMSCOPE_LRU_SLOTS < 1 << SLOT_BITS);
static_assert(MAX_NUMNODES <= 1 << NODE_BITS);
static_assert(NODE_BITS + MMSCOPE_MEMCG_ID_BITS + SLOT_BITS + INDEX_BITS == 64);

/**
 * struct lru_pages - what one walk keeps
 * @l: the list it is on
 * @reader: of page frames
 * @memcg: inode of the cgroup of that list
 * @id: number of that cgroup
 */
struct lru_pages {
	struct mmscope_lru_stepper l;
	struct mmscope_page_reader reader;
	u64 memcg;
	u32 id;
};

static u64 position(u64 nid, u64 id, u64 slot, u64 index)
{
	return ((nid << MMSCOPE_MEMCG_ID_BITS | id) << SLOT_BITS | slot) << INDEX_BITS | index;
}

static u64 list_position(const struct lru_pages *p, u64 index)
{
	return position(p->l.v.nid, p->id, p->l.slot, min_t(u64, index, GENMASK_ULL(29, 0)));
}

/* what is read of the folio itself; it may be another one by now */
static void fill_frame(struct lru_pages *p, u32 i, struct mmscope_lru_page *rec)
{
	struct page *page = pfn_to_online_page(rec->pfn);
	struct mmscope_frame f;

	rec->flags = MMSCOPE_UNKNOWN;
	rec->order = MMSCOPE_UNKNOWN32;
	rec->zone = page ? page_zonenum(page) : MMSCOPE_UNKNOWN32;
	rec->page_generation = mmscope_lru_page_generation(&p->l, p->l.flags[i]);
	if (!page || !mmscope_page_read(&p->reader, page, rec->pfn, &f))
		return;
	rec->flags = mmscope_frame_kpf(&f);
	rec->order = f.order;
}

/* One batch of records. The window has room for all of them, so emit takes each. */
static int emit_batch(struct mmscope_walk *w, struct lru_pages *p)
{
	const struct mmscope_lru_stepper *l = &p->l;
	u64 index = l->at.index - l->at.nr;
	struct mmscope_lru_page rec;
	int ret = 0;
	u32 i;

	for (i = 0; i < l->at.nr; i++) {
		rec = (struct mmscope_lru_page){
			.pfn = l->at.pfn[i],
			.memcg = p->memcg,
			.index = index++,
			.generation = l->seq,
			.node = l->v.nid,
			.list = l->list,
			.state = l->at.state,
		};
		fill_frame(p, i, &rec);
		ret = mmscope_emit(w, &rec, list_position(p, index));
	}
	w->cursor.hint = mmscope_lru_list_hint(l);
	return ret;
}

static int walk_list(struct mmscope_walk *w, struct lru_pages *p)
{
	int ret;

	while (!p->l.at.done) {
		if (mmscope_full(w))
			return MMSCOPE_MORE;
		mmscope_lru_list_step(w, &p->l, w->limit - w->nr);
		ret = emit_batch(w, p);
		if (!ret)
			ret = mmscope_pause();
		if (ret)
			return ret;
	}
	return 0;
}

static bool list_wanted(const struct mmscope_query *q, u32 slot)
{
	u32 at, list;

	if (slot < MMSCOPE_LRU_SLOT_GENS) {
		list = slot ? MMSCOPE_LRU_INACTIVE_FILE : MMSCOPE_LRU_INACTIVE_ANON;
	} else if (slot >= MMSCOPE_LRU_SLOT_ACTIVE) {
		list = slot > MMSCOPE_LRU_SLOT_ACTIVE ? MMSCOPE_LRU_ACTIVE_FILE :
							MMSCOPE_LRU_ACTIVE_ANON;
	} else {
		at = slot - MMSCOPE_LRU_SLOT_GENS;
		list = at / MAX_NR_ZONES % 2 ? MMSCOPE_LRU_GEN_FILE : MMSCOPE_LRU_GEN_ANON;
	}
	return !q->class_mask || q->class_mask >> list & 1;
}

static int walk_lists(struct mmscope_walk *w, const struct mmscope_lruvec *v, u32 slot)
{
	u64 index = w->cursor.pos & GENMASK_ULL(INDEX_BITS - 1, 0);
	struct lru_pages *p = w->priv;
	u64 hint = w->cursor.hint;
	u64 base = mmscope_lru_list_base(v->lruvec, hint);
	int ret;

	for (; slot < MMSCOPE_LRU_SLOTS; slot++) {
		if (list_wanted(&w->q, slot) &&
		    mmscope_lru_list_begin(&p->l, v, slot, index, hint)) {
			ret = walk_list(w, p);
			if (ret)
				return ret;
		}
		/* the next list, from its head */
		index = 0;
		p->l.v = *v;
		p->l.base = base;
		mmscope_list_begin(&p->l.at, false, 0, 0);
		hint = mmscope_lru_list_hint(&p->l);
		w->cursor.pos = position(v->nid, p->id, slot + 1, 0);
		w->cursor.hint = hint;
	}
	return 0;
}

static bool memcg_wanted(const struct mmscope_query *q, u64 memcg)
{
	return !q->frames.memcg || q->frames.memcg == memcg;
}

/*
 * The next memory cgroup from *id on, with a reference; false: there are no more. It may
 * be one that is not wanted, or on its way out: then css is not filled.
 */
static bool next_memcg(const struct mmscope_query *q, u32 nid, u32 *id, struct mmscope_lruvec *v)
{
	struct cgroup_subsys_state *css;

	v->lruvec = NULL;
	rcu_read_lock();
	css = mmscope_memcg_next(id);
	if (*id < MMSCOPE_MEMCG_ID_END && (!css || css_tryget(css)))
		mmscope_lruvec(v, nid, css);
	rcu_read_unlock();
	if (!v->lruvec || memcg_wanted(q, mmscope_lruvec_memcg(v)))
		return *id < MMSCOPE_MEMCG_ID_END;
	if (v->css)
		css_put(v->css);
	v->lruvec = NULL;
	return true;
}

static int walk_node(struct mmscope_walk *w, u32 nid, u32 id, u32 slot)
{
	struct lru_pages *p = w->priv;
	struct mmscope_lruvec v;
	u32 at = id;
	int ret = 0;

	for (; !ret && next_memcg(&w->q, nid, &id, &v); id++) {
		if (id != at) {
			slot = 0;
			w->cursor.pos = position(nid, id, 0, 0);
			w->cursor.hint = 0;
		}
		p->id = id;
		if (v.lruvec) {
			p->memcg = mmscope_lruvec_memcg(&v);
			ret = walk_lists(w, &v, slot);
			if (v.css)
				css_put(v.css);
		}
		if (ret)
			break;
		w->cursor.hint = 0;
		ret = mmscope_skip(w, position(nid, id + 1, 0, 0));
		if (!ret)
			ret = mmscope_pause();
	}
	return ret;
}

static int lru_page_walk(struct mmscope_walk *w)
{
	u64 nid = w->cursor.pos >> (64 - NODE_BITS);
	u32 id = w->cursor.pos >> (SLOT_BITS + INDEX_BITS) & (MMSCOPE_MEMCG_ID_END - 1);
	u32 slot = w->cursor.pos >> INDEX_BITS & ((1U << SLOT_BITS) - 1);
	struct lru_pages *p = w->priv;
	int ret = 0;

	mmscope_page_reader_begin(&p->reader);
	mmscope_get_online_mems();
	for (; nid < nr_node_ids && !ret; nid++, id = 0, slot = 0) {
		if (node_online(nid) && (w->q.node == MMSCOPE_ANY || w->q.node == nid))
			ret = walk_node(w, nid, id, slot);
		if (ret)
			break;
		w->cursor.hint = 0;
		ret = mmscope_skip(w, position(nid + 1, 0, 0, 0));
	}
	mmscope_put_online_mems();
	return ret;
}

static const struct mmscope_field_def lru_page_fields[] = {
	FIELD(struct mmscope_lru_page, node, ID, "NUMA node"),
	FIELD(struct mmscope_lru_page, memcg, ID,
	      "inode of the memory cgroup whose list it is, 0: memory cgroups are off"),
	FIELD_CLASS(struct mmscope_lru_page, list, ENUM, &mmscope_lru_list_names,
		    "a classic list, or a generation of the multi-gen LRU"),
	FIELD(struct mmscope_lru_page, generation, ID,
	      "number of the generation, the lowest is reclaimed first; unknown: a classic list"),
	FIELD_ENUM(struct mmscope_lru_page, zone, &mmscope_zone_names,
		   "zone of the page; generations have a list for each"),
	FIELD(struct mmscope_lru_page, index, COUNT,
	      "place in its list, 0: reclaim takes it first"),
	FIELD(struct mmscope_lru_page, pfn, PFN, "first page frame of the folio"),
	FIELD(struct mmscope_lru_page, order, ID, "the folio is 2^order pages"),
	FIELD_FLAGS(struct mmscope_lru_page, flags, &mmscope_page_flag_names,
		    "flags in the numbering of /proc/kpageflags, as read a moment later"),
	MORE(struct mmscope_lru_page, page_generation, ID,
	     "generation that the page's flags say: if another one, reclaim will move it there"),
	FIELD_FLAGS(struct mmscope_lru_page, state, &mmscope_list_state_names,
		    "what happened to the list while it was read"),
};

static const struct mmscope_need lru_page_needs[] = {
#ifdef CONFIG_MEMORY_HOTPLUG
	NEED_SYM(get_online_mems),
	NEED_SYM(put_online_mems),
#endif
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_lru_pages = {
	.name = "lru_pages",
	.help = "folios on the lists that reclaim takes pages from, in its order",
	.id = MMSCOPE_DS_LRU_PAGES,
	.flags = MMSCOPE_DATASET_NODE | MMSCOPE_DATASET_ZONE | MMSCOPE_DATASET_MEMCG,
	.rec_size = sizeof(struct mmscope_lru_page),
	.priv_size = sizeof(struct lru_pages),
	.fields = lru_page_fields,
	.nr_fields = ARRAY_SIZE(lru_page_fields),
	.needs = lru_page_needs,
	.walk = lru_page_walk,
};

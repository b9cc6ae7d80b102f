// SPDX-License-Identifier: GPL-2.0
/*
 * What is read of the lists of memory cgroups without a lock.
 *
 * Sources: a lruvec is memcg->nodeinfo[]->lruvec, or where memory cgroups are off
 * pgdat->__lruvec.
 * Sizes are lru_zone_size[] and lrugen.nr_pages[], as lru_gen in debugfs has them.
 */
#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>

#include "compat.h"
#include "lruvec.h"

#ifdef CONFIG_MEMCG
/**
 * mmscope_lruvec - the lists of a node and memory cgroup
 * @v: filled
 * @nid: the node, online
 * @css: from mmscope_memcg_next()
 */
void mmscope_lruvec(struct mmscope_lruvec *v, u32 nid, struct cgroup_subsys_state *css)
{
	v->nid = nid;
	v->css = css;
	v->lruvec = css ? &mem_cgroup_from_css(css)->nodeinfo[nid]->lruvec :
			  &NODE_DATA(nid)->__lruvec;
}

/**
 * mmscope_lruvec_memcg - whose lists they are
 * @v: the lists
 *
 * Return: inode of the cgroup, 0 where there are none.
 */
u64 mmscope_lruvec_memcg(const struct mmscope_lruvec *v)
{
	return v->css ? cgroup_ino(v->css->cgroup) : 0;
}

static u64 memcg_pages(const struct mmscope_lruvec *v, u32 list, u32 zone)
{
	const struct mem_cgroup *memcg = mem_cgroup_from_css(v->css);

	return READ_ONCE(memcg->nodeinfo[v->nid]->lru_zone_size[zone][list]);
}

/**
 * mmscope_lruvec_owns - is a page on the lists charged to their cgroup?
 * @v: the lists
 * @page: marked as being on some list
 *
 * Context: lru_lock of these lists, or the answer is a guess.
 */
bool mmscope_lruvec_owns(const struct mmscope_lruvec *v, const struct page *page)
{
	const struct mem_cgroup *memcg;

	if (page_to_nid(page) != v->nid)
		return false;
	if (!v->css)
		return true;
	rcu_read_lock();
	memcg = page_memcg_check((struct page *)page);
	rcu_read_unlock();
	/* pages of nobody are on the lists of the root */
	return memcg ? memcg == mem_cgroup_from_css(v->css) : !v->css->parent;
}
#else
void mmscope_lruvec(struct mmscope_lruvec *v, u32 nid, struct cgroup_subsys_state *css)
{
	v->nid = nid;
	v->css = NULL;
	v->lruvec = &NODE_DATA(nid)->__lruvec;
}

u64 mmscope_lruvec_memcg(const struct mmscope_lruvec *v)
{
	return 0;
}

static u64 memcg_pages(const struct mmscope_lruvec *v, u32 list, u32 zone)
{
	return 0;
}

bool mmscope_lruvec_owns(const struct mmscope_lruvec *v, const struct page *page)
{
	return page_to_nid(page) == v->nid;
}
#endif

/**
 * mmscope_lruvec_pages - size of a classic list
 * @v: the lists
 * @list: enum lru_list
 * @zone: index of the zone
 *
 * While the multi-gen LRU runs, it counts its generations here, too: the two
 * youngest ones as active.
 */
u64 mmscope_lruvec_pages(const struct mmscope_lruvec *v, u32 list, u32 zone)
{
	struct zone *z = &NODE_DATA(v->nid)->node_zones[zone];

	if (v->css)
		return memcg_pages(v, list, zone);
	return zone_page_state(z, NR_ZONE_LRU_BASE + list);
}

#ifdef CONFIG_LRU_GEN
/**
 * mmscope_generations - which generations there are
 * @lruvec: the lists
 * @g: filled
 */
void mmscope_generations(const struct lruvec *lruvec, struct mmscope_generations *g)
{
	u32 type;

	g->enabled = READ_ONCE(lruvec->lrugen.enabled);
	g->max = READ_ONCE(lruvec->lrugen.max_seq);
	/* one may pass the other between two reads: never more of them than there can be */
	for (type = 0; type < ANON_AND_FILE; type++)
		g->min[type] = clamp_t(u64, READ_ONCE(lruvec->lrugen.min_seq[type]),
				       g->max - min_t(u64, g->max, MAX_NR_GENS - 1), g->max);
}

/**
 * mmscope_generation_pages - size of a generation
 * @lruvec: the lists
 * @seq: its number
 * @type: 0: anonymous, 1: file
 * @zone: index of the zone
 */
u64 mmscope_generation_pages(const struct lruvec *lruvec, u64 seq, u32 type, u32 zone)
{
	return max(READ_ONCE(lruvec->lrugen.nr_pages[lru_gen_from_seq(seq)][type][zone]), 0L);
}

/**
 * mmscope_generation_age - how long ago a generation was begun
 * @lruvec: the lists
 * @seq: its number
 *
 * Return: ns, in whole jiffies.
 */
u64 mmscope_generation_age(const struct lruvec *lruvec, u64 seq)
{
	unsigned long birth = READ_ONCE(lruvec->lrugen.timestamps[lru_gen_from_seq(seq)]);

	return jiffies64_to_nsecs(jiffies - birth);
}

/**
 * mmscope_generation_events - what became of pages while a generation was the oldest
 * @lruvec: the lists
 * @seq: its number
 * @type: 0: anonymous, 1: file
 * @evicted: pages that were reclaimed
 * @refaulted: of pages reclaimed, those that came back
 */
void mmscope_generation_events(const struct lruvec *lruvec, u64 seq, u32 type, u64 *evicted,
			       u64 *refaulted)
{
	u32 hist = lru_hist_from_seq(seq), tier;

	*evicted = 0;
	*refaulted = 0;
	for (tier = 0; tier < MAX_NR_TIERS; tier++) {
		*evicted += atomic_long_read(&lruvec->lrugen.evicted[hist][type][tier]);
		*refaulted += atomic_long_read(&lruvec->lrugen.refaulted[hist][type][tier]);
	}
}
#else
void mmscope_generations(const struct lruvec *lruvec, struct mmscope_generations *g)
{
	*g = (struct mmscope_generations){ };
}

u64 mmscope_generation_pages(const struct lruvec *lruvec, u64 seq, u32 type, u32 zone)
{
	return 0;
}

u64 mmscope_generation_age(const struct lruvec *lruvec, u64 seq)
{
	return 0;
}

void mmscope_generation_events(const struct lruvec *lruvec, u64 seq, u32 type, u64 *evicted,
			       u64 *refaulted)
{
	*evicted = 0;
	*refaulted = 0;
}
#endif

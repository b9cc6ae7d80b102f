/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lists of a node and memory cgroup, classic and multi-gen.
 */
#ifndef _MMSCOPE_WALK_LRUVEC_H
#define _MMSCOPE_WALK_LRUVEC_H

#include <linux/memcontrol.h>
#include <linux/mmzone.h>

#include "memcg.h"
#include "mmscope.h"

/* generations there are at most */
#ifdef CONFIG_LRU_GEN
#define MMSCOPE_LRU_GENS	MAX_NR_GENS
#else
#define MMSCOPE_LRU_GENS	0
#endif

/**
 * struct mmscope_lruvec - the lists of a node and memory cgroup
 * @nid: the node
 * @css: of the memory cgroup; NULL: there are none
 * @lruvec: the lists
 */
struct mmscope_lruvec {
	u32 nid;
	struct cgroup_subsys_state *css;
	struct lruvec *lruvec;
};

/**
 * struct mmscope_generations - those of a multi-gen LRU, at one moment
 * @enabled: it runs
 * @min: oldest generation of anonymous and file pages
 * @max: youngest one
 */
struct mmscope_generations {
	bool enabled;
	u64 min[2];
	u64 max;
};

void mmscope_lruvec(struct mmscope_lruvec *v, u32 nid, struct cgroup_subsys_state *css);
u64 mmscope_lruvec_memcg(const struct mmscope_lruvec *v);
u64 mmscope_lruvec_pages(const struct mmscope_lruvec *v, u32 list, u32 zone);
bool mmscope_lruvec_owns(const struct mmscope_lruvec *v, const struct page *page);
void mmscope_generations(const struct lruvec *lruvec, struct mmscope_generations *g);
u64 mmscope_generation_pages(const struct lruvec *lruvec, u64 seq, u32 type, u32 zone);
u64 mmscope_generation_age(const struct lruvec *lruvec, u64 seq);
void mmscope_generation_events(const struct lruvec *lruvec, u64 seq, u32 type, u64 *evicted,
			       u64 *refaulted);

#endif /* _MMSCOPE_WALK_LRUVEC_H */

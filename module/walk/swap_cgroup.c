// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset swap_cgroups: what each cgroup has in swap.
 *
 * Locks: RCU while a cgroup is read: cgroups come and go meanwhile.
 *
 * Staleness: counters are read one after the other.
 *
 * Positions are inodes of cgroups, which grow in no order of the tree: they are
 * collected first, and sorted.
 *
 * Source: memory_cgrp_subsys; mem_cgroup.swap (cgroup v2).
 */
#include <linux/cgroup.h>
#include <linux/limits.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/page_counter.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "../mmscope.h"
#include "memcg.h"

#ifdef CONFIG_MEMCG

/**
 * struct cgroup_walk - kept from window to window
 * @rec: the cgroups, by inode
 * @nr: how many
 * @room: for how many there is memory
 * @collected: they are complete
 * @path: room for a path
 */
struct cgroup_walk {
	struct mmscope_swap_cgroup *rec;
	size_t nr;
	size_t room;
	bool collected;
	char path[PATH_MAX];
};

static const char *cgroups_off(void)
{
	const char *off = mmscope_memcg_off();

	if (off || cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return off;
	return "cgroup v1 counts memory and swap together";
}

static int make_room(struct cgroup_walk *c)
{
	struct mmscope_swap_cgroup *grown;
	size_t room = 2 * c->room + 64;

	if (c->nr < c->room)
		return 0;
	grown = kvmalloc_array(room, sizeof(*grown), GFP_KERNEL);
	if (!grown)
		return -ENOMEM;
	if (c->nr)
		memcpy(grown, c->rec, c->nr * sizeof(*grown));
	kvfree(c->rec);
	c->rec = grown;
	c->room = room;
	return 0;
}

static void add_cgroup(struct cgroup_walk *c, struct mem_cgroup *memcg)
{
	struct mmscope_swap_cgroup *rec = &c->rec[c->nr];
	u64 limit = READ_ONCE(memcg->swap.max);
	size_t len;

	/* the root has no limit and counts nothing of its own */
	if (!memcg->css.parent || !(memcg->css.cgroup->self.flags & CSS_ONLINE))
		return;
	*rec = (struct mmscope_swap_cgroup){
		.memcg = cgroup_ino(memcg->css.cgroup),
		.swap_pages = page_counter_read(&memcg->swap),
		.limit_pages = limit == PAGE_COUNTER_MAX ? MMSCOPE_UNKNOWN : limit,
	};
	if (cgroup_path(memcg->css.cgroup, c->path, sizeof(c->path)) < 0)
		*c->path = '\0';
	len = strlen(c->path);
	strscpy(rec->path, len < sizeof(rec->path) ?
			   c->path : c->path + len - (sizeof(rec->path) - 1), sizeof(rec->path));
	c->nr++;
}

static int by_inode(const void *a, const void *b)
{
	const struct mmscope_swap_cgroup *x = a, *y = b;

	return x->memcg < y->memcg ? -1 : x->memcg > y->memcg;
}

static int collect(struct cgroup_walk *c)
{
	struct cgroup_subsys_state *css;
	int err = 0;
	u32 id;

	/* it may have become another version's since the walk began: numbers of another kind */
	if (cgroups_off())
		return 0;
	for (id = 0; !err && id < MMSCOPE_MEMCG_ID_END; id++) {
		err = make_room(c);
		if (err)
			break;
		rcu_read_lock();
		css = mmscope_memcg_next(&id);
		if (css)
			add_cgroup(c, mem_cgroup_from_css(css));
		rcu_read_unlock();
		err = mmscope_pause();
	}
	sort(c->rec, c->nr, sizeof(*c->rec), by_inode, NULL);
	return err;
}

static int cgroup_walk(struct mmscope_walk *w)
{
	struct cgroup_walk *c = w->priv;
	size_t i;
	int ret;

	if (!c->collected) {
		ret = collect(c);
		if (ret)
			return ret;
		c->collected = true;
	}
	for (i = 0; i < c->nr; i++) {
		if (c->rec[i].memcg < w->cursor.pos)
			continue;
		ret = mmscope_emit(w, &c->rec[i], c->rec[i].memcg + 1);
		if (ret)
			return ret;
	}
	return 0;
}

static void cgroup_end(struct mmscope_walk *w)
{
	struct cgroup_walk *c = w->priv;

	kvfree(c->rec);
}

#else

struct cgroup_walk {
	u32 nothing;
};

static const char *cgroups_off(void)
{
	return mmscope_memcg_off();
}

static int cgroup_walk(struct mmscope_walk *w)
{
	return 0;
}

static void cgroup_end(struct mmscope_walk *w)
{
}

#endif /* CONFIG_MEMCG */

static const struct mmscope_field_def cgroup_fields[] = {
	FIELD(struct mmscope_swap_cgroup, memcg, ID, "inode of the cgroup"),
	FIELD(struct mmscope_swap_cgroup, swap_pages, PAGES, "in swap, with all cgroups below it"),
	FIELD(struct mmscope_swap_cgroup, limit_pages, PAGES,
	      "the most that may be; unknown: no limit"),
	FIELD_TEXT(struct mmscope_swap_cgroup, path,
		   "below the root of cgroups; the end of a long one"),
};

const struct mmscope_dataset mmscope_swap_cgroups = {
	.name = "swap_cgroups",
	.help = "what each cgroup has in swap",
	.id = MMSCOPE_DS_SWAP_CGROUPS,
	.rec_size = sizeof(struct mmscope_swap_cgroup),
	.priv_size = sizeof(struct cgroup_walk),
	.fields = cgroup_fields,
	.nr_fields = ARRAY_SIZE(cgroup_fields),
	.off = cgroups_off,
	.walk = cgroup_walk,
	.end = cgroup_end,
};


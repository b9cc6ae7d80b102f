// SPDX-License-Identifier: GPL-2.0
/*
 * memcgs: one record for each cgroup with a memory controller, also those that were
 * removed and are kept by what is charged to them.
 *
 * Locks: RCU, for BATCH cgroups at a time; none is referenced. The path of a cgroup is
 * made by the kernel, under its own lock for one path.
 *
 * Staleness: the numbers of a cgroup are read one after the other, while it is in use.
 * memory.stat sums up what CPUs have counted; that is done every 2 s, or when somebody
 * reads memory.stat, and not here: it would write. Processes are counted after the
 * cgroups: one that moves meanwhile may be counted at both places or at none.
 *
 * Positions are serial numbers of controllers: parents have lower ones than their
 * children. A removed cgroup is told until its last charge is gone.
 *
 * Sources: memory_cgrp_subsys.css_idr, which has every memory cgroup, those too that were
 * removed and are still charged; the number there is css->id, 1 is the root. struct
 * mem_cgroup with its page_counters; memcg_page_state(); task_css() of each process.
 */
#include <linux/cgroup.h>
#include <linux/idr.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sort.h>

#include "../compat.h"
#include "../mmscope.h"
#include "memcg.h"
#include "task.h"

#ifdef CONFIG_MEMCG

#define BATCH		16
#define ROOM_FIRST	64
/* there are 65535 at a time, and some that are on their way out */
#define ROOM_MAX	(128 * 1024)

static_assert(MEMCG_NR_MEMORY_EVENTS <= MMSCOPE_NR_MEMCG_EVENTS);

/**
 * struct memcg_entry - a cgroup
 * @serial: of its controller
 * @rec: what is told of it
 */
struct memcg_entry {
	u64 serial;
	struct mmscope_memcg rec;
};

/**
 * struct memcg_walk - scratch of a walk
 * @entries: the cgroups, by serial number once all are there
 * @nr: how many
 * @room: for how many there is memory
 * @done: all are there
 */
struct memcg_walk {
	struct memcg_entry *entries;
	u32 nr;
	u32 room;
	bool done;
};

/* counters that a cgroup keeps, and what one count is in bytes */
static const struct {
	int item;
	u32 bytes;
} stats[] = {
	[MMSCOPE_MEMCG_STAT_ANON] = { NR_ANON_MAPPED, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_FILE] = { NR_FILE_PAGES, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_KERNEL] = { MEMCG_KMEM, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_KERNEL_STACK] = { NR_KERNEL_STACK_KB, SZ_1K },
	[MMSCOPE_MEMCG_STAT_PAGETABLES] = { NR_PAGETABLE, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_SEC_PAGETABLES] = { NR_SECONDARY_PAGETABLE, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_PERCPU] = { MEMCG_PERCPU_B, 1 },
	[MMSCOPE_MEMCG_STAT_SOCK] = { MEMCG_SOCK, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_VMALLOC] = { NR_VMALLOC, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_SHMEM] = { NR_SHMEM, PAGE_SIZE },
#ifdef CONFIG_ZSWAP
	[MMSCOPE_MEMCG_STAT_ZSWAP] = { MEMCG_ZSWAP_B, 1 },
	[MMSCOPE_MEMCG_STAT_ZSWAPPED] = { MEMCG_ZSWAPPED, PAGE_SIZE },
#endif
	[MMSCOPE_MEMCG_STAT_FILE_MAPPED] = { NR_FILE_MAPPED, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_FILE_DIRTY] = { NR_FILE_DIRTY, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_FILE_WRITEBACK] = { NR_WRITEBACK, PAGE_SIZE },
#ifdef CONFIG_SWAP
	[MMSCOPE_MEMCG_STAT_SWAPCACHED] = { NR_SWAPCACHE, PAGE_SIZE },
#endif
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	[MMSCOPE_MEMCG_STAT_ANON_THP] = { NR_ANON_THPS, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_FILE_THP] = { NR_FILE_THPS, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_SHMEM_THP] = { NR_SHMEM_THPS, PAGE_SIZE },
#endif
	[MMSCOPE_MEMCG_STAT_INACTIVE_ANON] = { NR_INACTIVE_ANON, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_ACTIVE_ANON] = { NR_ACTIVE_ANON, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_INACTIVE_FILE] = { NR_INACTIVE_FILE, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_ACTIVE_FILE] = { NR_ACTIVE_FILE, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_UNEVICTABLE] = { NR_UNEVICTABLE, PAGE_SIZE },
	[MMSCOPE_MEMCG_STAT_SLAB_RECLAIMABLE] = { NR_SLAB_RECLAIMABLE_B, 1 },
	[MMSCOPE_MEMCG_STAT_SLAB_UNRECLAIMABLE] = { NR_SLAB_UNRECLAIMABLE_B, 1 },
};

static_assert(ARRAY_SIZE(stats) <= MMSCOPE_NR_MEMCG_STATS);

/**
 * mmscope_memcg_off - why there are no memory cgroups, NULL: there are
 */
const char *mmscope_memcg_off(void)
{
	return mem_cgroup_disabled() ? "memory cgroups are switched off (cgroup_disable=memory)" :
				       NULL;
}

/* ------------------------------------------------------------- of a page */

/**
 * mmscope_memcg_next - the memory cgroup of some number, or the next one
 * @id: from where on, from anywhere; gets its number
 *
 * Context: RCU read side, for as long as the answer is used.
 *
 * Return: the cgroup's memory state; NULL if there are no more, or there is only the
 * nameless one that takes their place where memory cgroups are off: then @id is 1.
 */
struct cgroup_subsys_state *mmscope_memcg_next(u32 *id)
{
	struct cgroup_subsys_state *css = NULL;
	int at = min_t(u32, *id, MMSCOPE_MEMCG_ID_END);

	if (mem_cgroup_disabled()) {
		*id = at <= 1 ? 1 : MMSCOPE_MEMCG_ID_END;
		return NULL;
	}
	css = idr_get_next(&memory_cgrp_subsys.css_idr, &at);
	*id = css ? at : MMSCOPE_MEMCG_ID_END;
	return css;
}

static struct cgroup_subsys_state *root_css(void)
{
	if (mem_cgroup_disabled())
		return NULL;
	return rcu_dereference(memory_cgrp_subsys.root->cgrp.subsys[memory_cgrp_id]);
}

static bool is_online(const struct cgroup_subsys_state *css)
{
	return READ_ONCE(css->flags) & CSS_ONLINE;
}

/* removed; what is just being made is not online yet, but not on its way out either */
static bool is_dying(const struct cgroup_subsys_state *css)
{
	return READ_ONCE(css->flags) & CSS_DYING;
}

/**
 * mmscope_memcg_of - the cgroup that a page is charged to
 * @head: the page, or the first one of a compound page
 * @id: filled; zeroes if it is charged to none, or its objects are one by one
 *
 * As page_cgroup_ino(), but for cgroups that are removed.
 */
void mmscope_memcg_of(const struct page *head, struct mmscope_memcg_id *id)
{
	struct mem_cgroup *memcg;

	*id = (struct mmscope_memcg_id){ };
	rcu_read_lock();
	memcg = page_memcg_check((struct page *)head);
	if (memcg) {
		id->serial = memcg->css.serial_nr;
		id->ino = cgroup_ino(memcg->css.cgroup);
		id->dying = is_dying(&memcg->css);
		while (!is_online(&memcg->css) && memcg->css.parent)
			memcg = mem_cgroup_from_css(memcg->css.parent);
		id->online = cgroup_ino(memcg->css.cgroup);
	}
	rcu_read_unlock();
}

/**
 * mmscope_memcg_lruvec - the lists of reclaim that a page is on; under RCU
 * @head: the page, or the first one of a compound page
 * @node: its node
 */
const struct lruvec *mmscope_memcg_lruvec(const struct page *head, u32 node)
{
	struct mem_cgroup *memcg = page_memcg_check((struct page *)head);

	if (!memcg && root_css())
		memcg = mem_cgroup_from_css(root_css());
	return memcg ? &memcg->nodeinfo[node]->lruvec : &NODE_DATA(node)->__lruvec;
}

/* ------------------------------------------------------------ one cgroup */

static u64 pages_to_bytes(u64 pages)
{
	return pages << PAGE_SHIFT;
}

static u64 limit_to_bytes(unsigned long pages)
{
	return pages >= PAGE_COUNTER_MAX ? MMSCOPE_UNKNOWN : pages_to_bytes(pages);
}

static void fill_memory(struct mmscope_memcg *rec, struct mem_cgroup *memcg)
{
	struct page_counter *memory = &memcg->memory;

	rec->usage_bytes = pages_to_bytes(page_counter_read(memory));
	rec->peak_bytes = pages_to_bytes(READ_ONCE(memory->watermark));
	rec->min_bytes = limit_to_bytes(READ_ONCE(memory->min));
	rec->low_bytes = limit_to_bytes(READ_ONCE(memory->low));
	rec->high_bytes = limit_to_bytes(READ_ONCE(memory->high));
	rec->max_bytes = limit_to_bytes(READ_ONCE(memory->max));
	rec->effective_min_bytes = limit_to_bytes(READ_ONCE(memory->emin));
	rec->effective_low_bytes = limit_to_bytes(READ_ONCE(memory->elow));
	rec->limit_hits = compat_limit_hits(memory);
	rec->oom_group = READ_ONCE(memcg->oom_group);
}

static void fill_swap(struct mmscope_memcg *rec, struct mem_cgroup *memcg)
{
	struct page_counter *swap = &memcg->swap;

	/* v1 counts memory and swap together there */
	if (!cgroup_subsys_on_dfl(memory_cgrp_subsys)) {
		rec->swap_bytes = MMSCOPE_UNKNOWN;
		rec->swap_peak_bytes = MMSCOPE_UNKNOWN;
		rec->swap_high_bytes = MMSCOPE_UNKNOWN;
		rec->swap_max_bytes = MMSCOPE_UNKNOWN;
		return;
	}
	rec->swap_bytes = pages_to_bytes(page_counter_read(swap));
	rec->swap_peak_bytes = pages_to_bytes(READ_ONCE(swap->watermark));
	rec->swap_high_bytes = limit_to_bytes(READ_ONCE(swap->high));
	rec->swap_max_bytes = limit_to_bytes(READ_ONCE(swap->max));
}

static void fill_counts(struct mmscope_memcg *rec, struct mem_cgroup *memcg)
{
	u32 i;

	for (i = 0; i < MEMCG_NR_MEMORY_EVENTS; i++)
		rec->events[i] = atomic_long_read(&memcg->memory_events[i]);
	for (i = 0; i < ARRAY_SIZE(stats); i++)
		rec->stat_bytes[i] = stats[i].bytes && mmscope_has(memcg_page_state) ?
			(u64)mmscope_call(memcg_page_state)(memcg, stats[i].item) *
				stats[i].bytes : MMSCOPE_UNKNOWN;
}

static void fill_entry(struct memcg_entry *e, struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = mem_cgroup_from_css(css);
	struct mmscope_memcg *rec = &e->rec;

	e->serial = css->serial_nr;
	*rec = (struct mmscope_memcg){
		.memcg = cgroup_ino(css->cgroup),
		.parent = css->parent ? cgroup_ino(css->parent->cgroup) : 0,
		.level = css->cgroup->level,
		.state = is_dying(css) ? MMSCOPE_MEMCG_DYING : MMSCOPE_MEMCG_ONLINE,
	};
	fill_memory(rec, memcg);
	fill_swap(rec, memcg);
	fill_counts(rec, memcg);
	cgroup_path(css->cgroup, rec->path, sizeof(rec->path));
}

/* ----------------------------------------------------------- all of them */

static int make_room(struct memcg_walk *x)
{
	u32 room = x->room ? 2 * x->room : ROOM_FIRST;
	struct memcg_entry *grown;

	if (x->nr + BATCH <= x->room)
		return 0;
	if (room > ROOM_MAX)
		return -ENOSPC;
	grown = kvmalloc_array(room, sizeof(*grown), GFP_KERNEL);
	if (!grown)
		return -ENOMEM;
	memcpy(grown, x->entries, x->nr * sizeof(*grown));
	kvfree(x->entries);
	x->entries = grown;
	x->room = room;
	return 0;
}

/* a batch of cgroups from a number on, which becomes the one that follows */
static void collect_batch(struct memcg_walk *x, u32 *id)
{
	struct cgroup_subsys_state *css;
	u32 left;

	rcu_read_lock();
	for (left = BATCH; left && *id < MMSCOPE_MEMCG_ID_END; left--, ++*id) {
		css = mmscope_memcg_next(id);
		if (css)
			fill_entry(&x->entries[x->nr++], css);
	}
	rcu_read_unlock();
}

static int by_serial(const void *a, const void *b)
{
	const struct memcg_entry *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

/* index of the first one at or behind a serial number */
static u32 find_serial(const struct memcg_walk *x, u64 serial)
{
	u32 low = 0, high = x->nr;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (x->entries[middle].serial < serial)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void count_process(struct memcg_walk *x, struct task_struct *task)
{
	struct mem_cgroup *memcg;
	u64 serial = 0;
	u32 i;

	/* what has exited is on no list of a cgroup */
	if (!atomic_read(&task->signal->live))
		return;
	rcu_read_lock();
	memcg = mem_cgroup_from_task(task);
	if (memcg)
		serial = memcg->css.serial_nr;
	rcu_read_unlock();
	i = find_serial(x, serial);
	if (i < x->nr && x->entries[i].serial == serial)
		x->entries[i].rec.processes++;
}

static int count_processes(struct memcg_walk *x)
{
	struct task_struct *task;
	int ret = 0;
	u32 nr = 0;

	for (; !ret && (task = mmscope_task_next(&nr, false)); nr++) {
		count_process(x, task);
		put_task_struct(task);
		ret = mmscope_pause();
	}
	return ret;
}

static int collect(struct memcg_walk *x)
{
	u32 id = 0;
	int ret = 0;

	x->nr = 0;
	while (!ret && id < MMSCOPE_MEMCG_ID_END) {
		ret = make_room(x);
		if (!ret)
			collect_batch(x, &id);
		if (!ret)
			ret = mmscope_pause();
	}
	if (ret)
		return ret;
	sort(x->entries, x->nr, sizeof(*x->entries), by_serial, NULL);
	ret = count_processes(x);
	x->done = !ret;
	return ret;
}

static int memcg_walk(struct mmscope_walk *w)
{
	struct memcg_walk *x = w->priv;
	int ret = 0;
	u32 i;

	if (!x->done)
		ret = collect(x);
	for (i = find_serial(x, w->cursor.pos); !ret && i < x->nr; i++)
		ret = mmscope_emit(w, &x->entries[i].rec, x->entries[i].serial + 1);
	return ret;
}

static void memcg_end(struct mmscope_walk *w)
{
	struct memcg_walk *x = w->priv;

	kvfree(x->entries);
}

#define EVENT(_name, _text) { MEMCG_##_name, _text }

static const struct mmscope_name events[] = {
	EVENT(LOW, "low"),
	EVENT(HIGH, "high"),
	EVENT(MAX, "max"),
	EVENT(OOM, "oom"),
	EVENT(OOM_KILL, "oom_kill"),
	EVENT(OOM_GROUP_KILL, "oom_group_kill"),
	EVENT(SWAP_HIGH, "swap_high"),
	EVENT(SWAP_MAX, "swap_max"),
	EVENT(SWAP_FAIL, "swap_fail"),
};

#else /* !CONFIG_MEMCG: no cgroup has a memory controller, no page is charged */

struct memcg_walk { };

const char *mmscope_memcg_off(void)
{
	return "this kernel has no memory cgroups";
}

struct cgroup_subsys_state *mmscope_memcg_next(u32 *id)
{
	*id = *id <= 1 ? 1 : MMSCOPE_MEMCG_ID_END;
	return NULL;
}

void mmscope_memcg_of(const struct page *head, struct mmscope_memcg_id *id)
{
	*id = (struct mmscope_memcg_id){ };
}

const struct lruvec *mmscope_memcg_lruvec(const struct page *head, u32 node)
{
	return &NODE_DATA(node)->__lruvec;
}

static int memcg_walk(struct mmscope_walk *w)
{
	return 0;
}

static void memcg_end(struct mmscope_walk *w)
{
}

static const struct mmscope_name events[] = { { 0, "low" } };

#endif /* CONFIG_MEMCG */

static MMSCOPE_NAMES(event_names, events);

static const struct mmscope_name stat_names_tab[] = {
	{ MMSCOPE_MEMCG_STAT_ANON, "anon" },
	{ MMSCOPE_MEMCG_STAT_FILE, "file" },
	{ MMSCOPE_MEMCG_STAT_KERNEL, "kernel" },
	{ MMSCOPE_MEMCG_STAT_KERNEL_STACK, "kernel_stack" },
	{ MMSCOPE_MEMCG_STAT_PAGETABLES, "pagetables" },
	{ MMSCOPE_MEMCG_STAT_SEC_PAGETABLES, "sec_pagetables" },
	{ MMSCOPE_MEMCG_STAT_PERCPU, "percpu" },
	{ MMSCOPE_MEMCG_STAT_SOCK, "sock" },
	{ MMSCOPE_MEMCG_STAT_VMALLOC, "vmalloc" },
	{ MMSCOPE_MEMCG_STAT_SHMEM, "shmem" },
	{ MMSCOPE_MEMCG_STAT_ZSWAP, "zswap" },
	{ MMSCOPE_MEMCG_STAT_ZSWAPPED, "zswapped" },
	{ MMSCOPE_MEMCG_STAT_FILE_MAPPED, "file_mapped" },
	{ MMSCOPE_MEMCG_STAT_FILE_DIRTY, "file_dirty" },
	{ MMSCOPE_MEMCG_STAT_FILE_WRITEBACK, "file_writeback" },
	{ MMSCOPE_MEMCG_STAT_SWAPCACHED, "swapcached" },
	{ MMSCOPE_MEMCG_STAT_ANON_THP, "anon_thp" },
	{ MMSCOPE_MEMCG_STAT_FILE_THP, "file_thp" },
	{ MMSCOPE_MEMCG_STAT_SHMEM_THP, "shmem_thp" },
	{ MMSCOPE_MEMCG_STAT_INACTIVE_ANON, "inactive_anon" },
	{ MMSCOPE_MEMCG_STAT_ACTIVE_ANON, "active_anon" },
	{ MMSCOPE_MEMCG_STAT_INACTIVE_FILE, "inactive_file" },
	{ MMSCOPE_MEMCG_STAT_ACTIVE_FILE, "active_file" },
	{ MMSCOPE_MEMCG_STAT_UNEVICTABLE, "unevictable" },
	{ MMSCOPE_MEMCG_STAT_SLAB_RECLAIMABLE, "slab_reclaimable" },
	{ MMSCOPE_MEMCG_STAT_SLAB_UNRECLAIMABLE, "slab_unreclaimable" },
};

static MMSCOPE_NAMES(stat_names, stat_names_tab);

static const struct mmscope_name states[] = {
	{ MMSCOPE_MEMCG_ONLINE, "online" },
	{ MMSCOPE_MEMCG_DYING, "dying" },
};

MMSCOPE_NAMES(mmscope_memcg_state_names, states);

static const struct mmscope_field_def memcg_fields[] = {
	FIELD(struct mmscope_memcg, memcg, ID, "inode of the cgroup"),
	MORE(struct mmscope_memcg, parent, ID, "inode of the cgroup above, 0: none"),
	MORE(struct mmscope_memcg, level, ID, "depth in the tree, 0: the root"),
	FIELD_CLASS(struct mmscope_memcg, state, ENUM, &mmscope_memcg_state_names,
		    "dying: removed, and kept by what is charged to it"),
	FIELD(struct mmscope_memcg, processes, COUNT,
	      "processes whose memory is charged to it, and to none below"),
	FIELD(struct mmscope_memcg, usage_bytes, BYTES, "charged to it and to all below"),
	MORE(struct mmscope_memcg, peak_bytes, BYTES, "the most that ever was"),
	MORE(struct mmscope_memcg, min_bytes, BYTES, "never reclaimed below this"),
	MORE(struct mmscope_memcg, low_bytes, BYTES, "reclaimed below this only if all must be"),
	FIELD(struct mmscope_memcg, high_bytes, BYTES,
	      "above this tasks are slowed down; unknown: not set"),
	FIELD(struct mmscope_memcg, max_bytes, BYTES,
	      "above this the OOM killer is called; unknown: not set"),
	MORE(struct mmscope_memcg, effective_min_bytes, BYTES,
	     "what the ancestors leave of min, as reclaim worked it out last"),
	MORE(struct mmscope_memcg, effective_low_bytes, BYTES,
	     "what the ancestors leave of low, as reclaim worked it out last"),
	FIELD(struct mmscope_memcg, swap_bytes, BYTES, "in swap"),
	MORE(struct mmscope_memcg, swap_peak_bytes, BYTES, "the most that ever was in swap"),
	MORE(struct mmscope_memcg, swap_high_bytes, BYTES, "limit of swap, tasks are slowed down"),
	MORE(struct mmscope_memcg, swap_max_bytes, BYTES, "limit of swap"),
	MORE(struct mmscope_memcg, limit_hits, COUNT, "charges that met the limit max"),
	MORE(struct mmscope_memcg, oom_group, COUNT, "1: the OOM killer kills all of it"),
	MORE_ARRAY(struct mmscope_memcg, events, COUNT, &event_names,
		   "how often, of it and all below"),
	MORE_ARRAY(struct mmscope_memcg, stat_bytes, BYTES, &stat_names,
		   "what the memory is used for, with all below"),
	FIELD_TEXT(struct mmscope_memcg, path, "of the cgroup"),
};

static const struct mmscope_need memcg_needs[] = { WANT_SYM(memcg_page_state), { } };

const struct mmscope_dataset mmscope_memcgs = {
	.name = "memcgs",
	.help = "cgroups: memory used, limits, protection, events, what it is used for",
	.id = MMSCOPE_DS_MEMCGS,
	.rec_size = sizeof(struct mmscope_memcg),
	.priv_size = sizeof(struct memcg_walk),
	.fields = memcg_fields,
	.nr_fields = ARRAY_SIZE(memcg_fields),
	.needs = memcg_needs,
	.off = mmscope_memcg_off,
	.walk = memcg_walk,
	.end = memcg_end,
};

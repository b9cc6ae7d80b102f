// SPDX-License-Identifier: GPL-2.0
/*
 * The table of datasets, their availability, and the one walk loop.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "mmscope.h"

/* a window's memory; bounds what a walker may emit without a pause */
#define WINDOW_BYTES	SZ_64K
/* positions without a record that one window may pass */
#define WINDOW_STEPS	(256 * 1024)

static const struct mmscope_dataset *const datasets[] = {
	[MMSCOPE_DS_FEATURES] = &mmscope_features,
	[MMSCOPE_DS_NODES] = &mmscope_nodes,
	[MMSCOPE_DS_ZONES] = &mmscope_zones,
	[MMSCOPE_DS_PCP] = &mmscope_pcp,
	[MMSCOPE_DS_BUDDY] = &mmscope_buddy,
	[MMSCOPE_DS_FREE_BLOCKS] = &mmscope_free_blocks,
	[MMSCOPE_DS_PAGEBLOCKS] = &mmscope_pageblocks,
	[MMSCOPE_DS_SLAB_CACHES] = &mmscope_slab_caches,
	[MMSCOPE_DS_PAGES] = &mmscope_pages,
	[MMSCOPE_DS_VMAS] = &mmscope_vmas,
	[MMSCOPE_DS_PAGETABLES] = &mmscope_pagetables,
	[MMSCOPE_DS_MAPPINGS] = &mmscope_mappings,
	[MMSCOPE_DS_TRANSLATIONS] = &mmscope_translations,
	[MMSCOPE_DS_EXTENTS] = &mmscope_extents,
	[MMSCOPE_DS_ACCOUNTING] = &mmscope_accounting,
	[MMSCOPE_DS_FRAMES] = &mmscope_frames,
	[MMSCOPE_DS_SLABS] = &mmscope_slabs,
	[MMSCOPE_DS_CENSUS] = &mmscope_census,
	[MMSCOPE_DS_BLOCKERS] = &mmscope_blockers,
	[MMSCOPE_DS_FORECAST] = &mmscope_forecast,
	[MMSCOPE_DS_RMAPS] = &mmscope_rmaps,
	[MMSCOPE_DS_ALLOC_ZONES] = &mmscope_alloc_zones,
	[MMSCOPE_DS_SLAB_USE] = &mmscope_slab_use,
	[MMSCOPE_DS_CONTIGUITY] = &mmscope_contiguity,
	[MMSCOPE_DS_PROCESSES] = &mmscope_processes,
	[MMSCOPE_DS_USAGE] = &mmscope_usage,
	[MMSCOPE_DS_PT_PLACEMENT] = &mmscope_pt_placement,
	[MMSCOPE_DS_THP] = &mmscope_thp,
	[MMSCOPE_DS_ADDRESS_SPACE] = &mmscope_process_layout,
	[MMSCOPE_DS_KERNEL_MAPPINGS] = &mmscope_kernel_mappings,
	[MMSCOPE_DS_VMALLOCS] = &mmscope_vmallocs,
	[MMSCOPE_DS_FAULTS] = &mmscope_faults,
	[MMSCOPE_DS_PTES] = &mmscope_ptes,
	[MMSCOPE_DS_RESIDENCY] = &mmscope_residency,
	[MMSCOPE_DS_NUMA] = &mmscope_numa,
	[MMSCOPE_DS_EVENTS] = &mmscope_events,
	[MMSCOPE_DS_OWNERS] = &mmscope_owners,
	[MMSCOPE_DS_OOM_RANK] = &mmscope_oom_rank,
	[MMSCOPE_DS_OOM_LAST] = &mmscope_oom_last,
	[MMSCOPE_DS_OOM_LAST_ZONES] = &mmscope_oom_last_zones,
	[MMSCOPE_DS_OOM_LAST_RANK] = &mmscope_oom_last_rank,
	[MMSCOPE_DS_OOM_LAST_SLABS] = &mmscope_oom_last_slabs,
	[MMSCOPE_DS_PAGE_CACHE] = &mmscope_page_cache,
	[MMSCOPE_DS_MEMCGS] = &mmscope_memcgs,
	[MMSCOPE_DS_MEMCG_PAGES] = &mmscope_memcg_pages,
	[MMSCOPE_DS_RECLAIM] = &mmscope_reclaims,
	[MMSCOPE_DS_RECLAIM_EVENTS] = &mmscope_reclaim_events,
	[MMSCOPE_DS_LRU] = &mmscope_lrus,
	[MMSCOPE_DS_LRU_PAGES] = &mmscope_lru_pages,
	[MMSCOPE_DS_SWAP_AREAS] = &mmscope_swap_areas,
	[MMSCOPE_DS_SWAP_MAP] = &mmscope_swap_map,
	[MMSCOPE_DS_OVERCOMMIT] = &mmscope_overcommit,
	[MMSCOPE_DS_COMMIT_PROCESSES] = &mmscope_commit_processes,
	[MMSCOPE_DS_HUGETLB] = &mmscope_hugetlb,
	[MMSCOPE_DS_KSM] = &mmscope_ksm,
	[MMSCOPE_DS_THP_STATE] = &mmscope_thp_state,
	[MMSCOPE_DS_KHUGEPAGED] = &mmscope_khugepaged,
	[MMSCOPE_DS_ZSWAP] = &mmscope_zswap,
	[MMSCOPE_DS_SWAP_CGROUPS] = &mmscope_swap_cgroups,
};

const u32 mmscope_nr_datasets = ARRAY_SIZE(datasets);

/**
 * mmscope_dataset_get - a dataset by its id
 * @id: enum mmscope_dataset_id, from anywhere
 *
 * Return: the dataset, NULL if there is none of that id.
 */
const struct mmscope_dataset *mmscope_dataset_get(u32 id)
{
	return id < ARRAY_SIZE(datasets) ? datasets[id] : NULL;
}

/* "symbol slab_mutex not found; struct slab.inuse not found", cut at the end of detail */
static void note_missing(const struct mmscope_need *n, char *detail, size_t size)
{
	size_t len = strnlen(detail, size);
	const char *sep = len ? "; " : "";

	if (n->kind == MMSCOPE_FEATURE_SYMBOL)
		snprintf(detail + len, size - len, "%ssymbol %s not found", sep,
			 mmscope_sym_names[n->id]);
	else if (n->kind == MMSCOPE_FEATURE_TRACEPOINT)
		snprintf(detail + len, size - len, "%stracepoint %s: %s", sep,
			 mmscope_tracepoint_names[n->id], mmscope_tracepoint_missing(n->id));
	else
		snprintf(detail + len, size - len, "%sstruct %s.%s not found", sep,
			 mmscope_layouts[n->id].type, mmscope_layouts[n->id].member);
}

static bool need_met(const struct mmscope_need *n)
{
	if (n->kind == MMSCOPE_FEATURE_SYMBOL)
		return mmscope_sym_addr[n->id] != 0;
	if (n->kind == MMSCOPE_FEATURE_TRACEPOINT)
		return !mmscope_tracepoint_missing(n->id);
	return mmscope_layouts[n->id].found;
}

/**
 * mmscope_dataset_state - is a dataset available on this kernel, and why not
 * @ds: the dataset
 * @detail: what is missing, or empty
 * @size: of @detail
 *
 * Return: enum mmscope_state.
 */
enum mmscope_state mmscope_dataset_state(const struct mmscope_dataset *ds,
					 char *detail, size_t size)
{
	/* asked once: a remount of cgroups changes the answer */
	const char *off = ds->off ? ds->off() : NULL;
	enum mmscope_state state = MMSCOPE_STATE_OK;
	const struct mmscope_need *n;
	u32 i;

	*detail = '\0';
	if (ds->locked_down && security_locked_down(LOCKDOWN_KCORE)) {
		snprintf(detail, size, "kernel is locked down (confidentiality)");
		return MMSCOPE_STATE_UNAVAILABLE;
	}
	if (off) {
		strscpy(detail, off, size);
		return MMSCOPE_STATE_UNAVAILABLE;
	}
	if (ds->named && !ds->named->nr) {
		snprintf(detail, size, "names of what it counts not found in BTF");
		return MMSCOPE_STATE_UNAVAILABLE;
	}
	for (n = ds->needs; n && n->kind; n++) {
		if (need_met(n))
			continue;
		note_missing(n, detail, size);
		state = max(state, n->optional ? MMSCOPE_STATE_DEGRADED :
						 MMSCOPE_STATE_UNAVAILABLE);
	}
	if (state != MMSCOPE_STATE_OK)
		return state;
	if (ds->exact && ds->exact()) {
		strscpy(detail, ds->exact(), size);
		return MMSCOPE_STATE_DEGRADED;
	}
	for (i = 0; i < ds->nr_fields; i++) {
		if (ds->fields[i].names && !ds->fields[i].names->nr) {
			snprintf(detail, size, "names of %s not found in BTF", ds->fields[i].name);
			return MMSCOPE_STATE_DEGRADED;
		}
	}
	return MMSCOPE_STATE_OK;
}

/**
 * mmscope_dataset_allowed - may it be read now
 * @ds: the dataset
 *
 * Return: 0; -EPERM if the kernel is locked down; -EOPNOTSUPP if it is not
 * available here.
 */
int mmscope_dataset_allowed(const struct mmscope_dataset *ds)
{
	char detail[16];

	if (ds->locked_down && security_locked_down(LOCKDOWN_KCORE))
		return -EPERM;
	if (mmscope_dataset_state(ds, detail, sizeof(detail)) == MMSCOPE_STATE_UNAVAILABLE)
		return -EOPNOTSUPP;
	return 0;
}

/**
 * mmscope_may_see_addresses - has the caller the capability for kernel addresses?
 *
 * Asked when a file is opened and again when it is read: neither one who was handed an
 * open file nor one who reads what another has opened is to get more than is his.
 */
bool mmscope_may_see_addresses(void)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYSLOG);
}

/* ------------------------------------------------------------- for walkers */

static u32 record_u32(const void *rec, const struct mmscope_field_def *f)
{
	return *(const u32 *)(rec + f->offset);
}

static const struct mmscope_field_def *find_field(const struct mmscope_dataset *ds,
						  const char *name)
{
	u32 i;

	for (i = 0; i < ds->nr_fields; i++)
		if (!strcmp(ds->fields[i].name, name))
			return &ds->fields[i];
	return NULL;
}

static const struct mmscope_field_def *class_field(const struct mmscope_dataset *ds)
{
	u32 i;

	for (i = 0; i < ds->nr_fields; i++)
		if (ds->fields[i].flags & MMSCOPE_FIELD_CLASS)
			return &ds->fields[i];
	return NULL;
}

static bool wanted(const struct mmscope_walk *w, const void *rec)
{
	const struct mmscope_query *q = &w->q;

	if (q->node != MMSCOPE_ANY && record_u32(rec, w->node_field) != q->node)
		return false;
	if (q->zone != MMSCOPE_ANY && record_u32(rec, w->zone_field) != q->zone)
		return false;
	if (q->class_mask && !(q->class_mask >> (record_u32(rec, w->class_field) & 63) & 1))
		return false;
	return true;
}

/**
 * mmscope_skip - go past a position that gives no record
 * @w: the walk
 * @next: the position that follows
 *
 * Never sleeps.
 *
 * Return: 0, or MMSCOPE_MORE when this window has passed enough positions:
 * drop all locks and return it. The cursor is at @next either way.
 */
int mmscope_skip(struct mmscope_walk *w, u64 next)
{
	w->cursor.pos = next;
	if (!w->steps)
		return MMSCOPE_MORE;
	w->steps--;
	return 0;
}

/**
 * mmscope_emit - hand over a record
 * @w: the walk
 * @rec: the record, complete
 * @next: the position that follows
 *
 * Applies the query's filters by node, zone and class. Never sleeps.
 *
 * Return: 0, or MMSCOPE_MORE when the window is full: the record was not taken
 * and the cursor not moved; drop all locks and return it.
 */
int mmscope_emit(struct mmscope_walk *w, const void *rec, u64 next)
{
	size_t size = w->q.ds->rec_size;

	if (!wanted(w, rec))
		return mmscope_skip(w, next);
	if (mmscope_full(w))
		return MMSCOPE_MORE;
	memcpy(w->records + w->nr * size, rec, size);
	w->nr++;
	w->cursor.pos = next;
	return 0;
}

/**
 * mmscope_pause - between two lock holds of a walker that loops inside
 *
 * Return: 0, or -EINTR when the reader was killed.
 */
int mmscope_pause(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * mmscope_lock_begin - a lock was just taken
 *
 * Return: what mmscope_lock_end() wants.
 */
u64 mmscope_lock_begin(void)
{
	return ktime_get_ns();
}

/**
 * mmscope_lock_end - the lock is about to be dropped
 * @w: the walk
 * @began: from mmscope_lock_begin()
 *
 * Return: the length of the hold in ns, for walkers that adapt their batch.
 */
u64 mmscope_lock_end(struct mmscope_walk *w, u64 began)
{
	u64 ns = ktime_get_ns() - began;

	w->max_lock_ns = max(w->max_lock_ns, ns);
	w->locks++;
	return ns;
}

/* ---------------------------------------------------------------- the loop */

/**
 * mmscope_window_records - records that fit into one window
 * @ds: the dataset
 *
 * Return: at least 1.
 */
u32 mmscope_window_records(const struct mmscope_dataset *ds)
{
	return max_t(u32, 1, WINDOW_BYTES / ds->rec_size);
}

static bool frame_filters_apply(const struct mmscope_query *q)
{
	struct mmscope_frame_filter f = q->frames;

	if (q->ds->flags & MMSCOPE_DATASET_FRAMES)
		return !f.name[sizeof(f.name) - 1];
	if (q->ds->flags & MMSCOPE_DATASET_MEMCG)
		f.memcg = 0;
	return !q->bare && !memchr_inv(&f, 0, sizeof(f));
}

static int check_query(const struct mmscope_query *q)
{
	const struct mmscope_dataset *ds = q->ds;
	int err = mmscope_dataset_allowed(ds);

	if (err)
		return err;
	/* a point query that is made of walks comes with what it is for */
	if (!ds->walk || (ds->flags & MMSCOPE_DATASET_POINT && !q->nr_ranges))
		return -EOPNOTSUPP;
	if (q->start > q->end)
		return -EINVAL;
	if (!(ds->flags & (MMSCOPE_DATASET_PFN | MMSCOPE_DATASET_ADDR)) &&
	    (q->start || q->end != ~0ULL))
		return -EINVAL;
	if (q->node != MMSCOPE_ANY && !(ds->flags & MMSCOPE_DATASET_NODE))
		return -EINVAL;
	if (q->zone != MMSCOPE_ANY && !(ds->flags & MMSCOPE_DATASET_ZONE))
		return -EINVAL;
	if (q->class_mask && !class_field(ds))
		return -EINVAL;
	if (!frame_filters_apply(q))
		return -EINVAL;
	if (q->exact && !ds->exact)
		return -EINVAL;
	if (q->exact && ds->exact())
		return -EOPNOTSUPP;
	return 0;
}

/**
 * mmscope_walk_open - begin a request
 * @q: what is asked for; checked here and nowhere else
 *
 * Return: the walk, to be closed with mmscope_walk_close(), or an ERR_PTR:
 * -EINVAL, -EOPNOTSUPP, -EPERM, -ESRCH, -ENOMEM.
 */
struct mmscope_walk *mmscope_walk_open(const struct mmscope_query *q)
{
	const struct mmscope_dataset *ds = q->ds;
	struct mmscope_walk *w;
	int err = check_query(q);

	if (err)
		return ERR_PTR(err);
	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return ERR_PTR(-ENOMEM);
	w->q = *q;
	w->cred = get_current_cred();
	w->node_field = find_field(ds, "node");
	w->zone_field = find_field(ds, "zone");
	w->class_field = class_field(ds);

	err = -ENOMEM;
	w->records = kvmalloc_array(mmscope_window_records(ds), ds->rec_size, GFP_KERNEL);
	if (!w->records)
		goto err_free;
	if (ds->priv_size) {
		w->priv = kvzalloc(ds->priv_size, GFP_KERNEL);
		if (!w->priv)
			goto err_free;
	}
	if (ds->flags & MMSCOPE_DATASET_PROCESS) {
		err = mmscope_task_mm(q->pid, &w->mm);
		if (err)
			goto err_free;
		w->pid_nr = q->pid ? pid_vnr(q->pid) : task_tgid_vnr(current);
	}
	return w;

err_free:
	mmscope_walk_close(w);
	return ERR_PTR(err);
}

/**
 * mmscope_walk_next - fill the next window
 * @w: the walk
 * @limit: records wanted at most; mmscope_window_records() at most are had
 *
 * Sleeps. The records are in @w->records, @w->nr of them, until the next call.
 *
 * Return: 0 at the end of the data (the window may still hold records),
 * MMSCOPE_MORE, or -ESRCH when the process has exited, -EINTR when the reader
 * was killed, -EPERM when the kernel was locked down, or what the walker found.
 */
int mmscope_walk_next(struct mmscope_walk *w, u32 limit)
{
	int ret;

	w->nr = 0;
	w->limit = min(limit, mmscope_window_records(w->q.ds));
	w->steps = WINDOW_STEPS;
	ret = mmscope_pause();
	if (ret)
		return ret;
	/* it may have been locked down since */
	if (w->q.ds->locked_down && security_locked_down(LOCKDOWN_KCORE))
		return -EPERM;
	if (!w->mm)
		return w->q.ds->walk(w);
	/* mm_users only while we walk: a reader never keeps memory of the dead */
	if (!mmget_not_zero(w->mm))
		return -ESRCH;
	ret = w->q.ds->walk(w);
	mmput(w->mm);
	return ret;
}

/**
 * mmscope_walk_again - the walk goes on in another call, whose reply counts from zero
 * @w: the walk
 */
void mmscope_walk_again(struct mmscope_walk *w)
{
	w->max_lock_ns = 0;
	w->locks = 0;
	w->restarts = 0;
	w->torn = 0;
	w->processes = 0;
	w->refused = 0;
	w->busy = 0;
}

/**
 * mmscope_walk_close - end a request, also one half open
 * @w: the walk
 */
void mmscope_walk_close(struct mmscope_walk *w)
{
	if (w->q.ds->end && w->priv)
		w->q.ds->end(w);
	if (w->mm)
		mmdrop(w->mm);
	put_cred(w->cred);
	kvfree(w->priv);
	kvfree(w->records);
	kfree(w);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The internal vocabulary: dataset, field, walk, emit.
 *
 * A walker (walk/NOUN.c) produces records, dataset.c runs it window by window,
 * a front end (front/) takes the windows to the user. Neither side knows the
 * other; they meet here.
 */
#ifndef _MMSCOPE_H
#define _MMSCOPE_H

#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include <linux/mmscope.h>

#include "ksym.h"
#include "layout.h"
#include "tracepoint_id.h"

#define MMSCOPE_VERSION "0.1"

/* ------------------------------------------------------------------ schema */

/**
 * struct mmscope_name - a named value
 * @value: number of an enum, mask of a flag, index of an array element
 * @name: as text, JSON and columns show it; one word
 */
struct mmscope_name {
	u64 value;
	const char *name;
};

/**
 * struct mmscope_names - names of the values of a field
 * @nr: how many; 0 when this kernel did not tell (names made at load)
 * @tab: the names
 */
struct mmscope_names {
	u32 nr;
	const struct mmscope_name *tab;
};

#define MMSCOPE_NAMES(_id, _tab) \
	const struct mmscope_names _id = { .nr = ARRAY_SIZE(_tab), .tab = _tab }

/**
 * struct mmscope_field_def - one field of a record, said once
 * @name: column name
 * @help: one line; what the number means, not how it is had
 * @offset: in the record
 * @size: bytes of one element; of the whole array for NAME
 * @count: elements the record has room for (1 if no array)
 * @unit: enum mmscope_unit
 * @flags: enum mmscope_field_flags
 * @names: names of values (ENUM, FLAGS) or of elements (arrays), or NULL
 */
struct mmscope_field_def {
	const char *name;
	const char *help;
	u32 offset;
	u32 size;
	u32 count;
	u32 unit;
	u32 flags;
	const struct mmscope_names *names;
};

#define __MMSCOPE_NUMBER(_type, _member) \
	BUILD_BUG_ON_ZERO(sizeof_field(_type, _member) != 4 && \
			  sizeof_field(_type, _member) != 8)

#define __MMSCOPE_FIELD(_type, _member, _unit, _flags, _names, _help) \
	__MMSCOPE_FIELD_AS(#_member, _type, _member, _unit, _flags, _names, _help)

#define __MMSCOPE_FIELD_AS(_name, _type, _member, _unit, _flags, _names, _help) { \
	.name = _name,							\
	.help = _help,							\
	.offset = offsetof(_type, _member),				\
	.size = sizeof_field(_type, _member) +				\
		__MMSCOPE_NUMBER(_type, _member),			\
	.count = 1,							\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.flags = _flags,						\
	.names = _names,						\
}

/* FIELD*: shown by default; MORE*: shown when asked for, always in debugfs */
#define FIELD(_type, _member, _unit, _help) \
	__MMSCOPE_FIELD(_type, _member, _unit, MMSCOPE_FIELD_DEFAULT, NULL, _help)
#define MORE(_type, _member, _unit, _help) \
	__MMSCOPE_FIELD(_type, _member, _unit, 0, NULL, _help)
#define FIELD_SIGNED(_type, _member, _unit, _help) \
	__MMSCOPE_FIELD(_type, _member, _unit, \
			MMSCOPE_FIELD_DEFAULT | MMSCOPE_FIELD_SIGNED, NULL, _help)
#define MORE_SIGNED(_type, _member, _unit, _help) \
	__MMSCOPE_FIELD(_type, _member, _unit, MMSCOPE_FIELD_SIGNED, NULL, _help)
#define FIELD_ENUM(_type, _member, _names, _help) \
	__MMSCOPE_FIELD(_type, _member, ENUM, MMSCOPE_FIELD_DEFAULT, _names, _help)
#define MORE_ENUM(_type, _member, _names, _help) \
	__MMSCOPE_FIELD(_type, _member, ENUM, 0, _names, _help)
#define FIELD_FLAGS(_type, _member, _names, _help) \
	__MMSCOPE_FIELD(_type, _member, FLAGS, MMSCOPE_FIELD_DEFAULT, _names, _help)
#define MORE_FLAGS(_type, _member, _names, _help) \
	__MMSCOPE_FIELD(_type, _member, FLAGS, 0, _names, _help)
/* the field that class_mask selects by: an ENUM, or a small number such as order */
#define FIELD_CLASS(_type, _member, _unit, _names, _help) \
	__MMSCOPE_FIELD(_type, _member, _unit, \
			MMSCOPE_FIELD_DEFAULT | MMSCOPE_FIELD_CLASS, _names, _help)

/* the class of page frames: a C++ program could have no member of that name */
#define FIELD_PAGE_CLASS(_type, _help) \
	__MMSCOPE_FIELD_AS("class", _type, page_class, ENUM, \
			   MMSCOPE_FIELD_DEFAULT | MMSCOPE_FIELD_CLASS, \
			   &mmscope_class_names, _help)

#define __MMSCOPE_TEXT(_type, _member, _flags, _help) {			\
	.name = #_member,						\
	.help = _help,							\
	.offset = offsetof(_type, _member),				\
	.size = sizeof_field(_type, _member) +				\
		BUILD_BUG_ON_ZERO(sizeof_field(_type, _member[0]) != 1), \
	.count = 1,							\
	.unit = MMSCOPE_UNIT_NAME,					\
	.flags = _flags,						\
}

#define FIELD_TEXT(_type, _member, _help) \
	__MMSCOPE_TEXT(_type, _member, MMSCOPE_FIELD_DEFAULT, _help)
#define MORE_TEXT(_type, _member, _help) \
	__MMSCOPE_TEXT(_type, _member, 0, _help)

/* arrays of u64; as many columns as _names has elements */
#define MORE_ARRAY(_type, _member, _unit, _names, _help) {		\
	.name = #_member,						\
	.help = _help,							\
	.offset = offsetof(_type, _member),				\
	.size = sizeof_field(_type, _member[0]) +			\
		BUILD_BUG_ON_ZERO(sizeof_field(_type, _member[0]) != 8), \
	.count = ARRAY_SIZE(((_type *)0)->_member),			\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.names = _names,						\
}

/* X(MMSCOPE_MAPPING_ name, name as text): what a leaf entry may be */
#define MMSCOPE_MAPPING_KINDS(X)	\
	X(PAGE, "page")			\
	X(ZERO, "zero")			\
	X(PFNMAP, "pfnmap")		\
	X(SWAP, "swap")			\
	X(MIGRATION, "migration")	\
	X(DEVICE, "device")		\
	X(HWPOISON, "hwpoison")		\
	X(MARKER, "marker")		\
	X(UNKNOWN, "unknown")		\
	X(TABLE, "table")

/* X(flag): allocation flags that MMSCOPE_GFP_ and __GFP_ both have */
#define MMSCOPE_GFP_FLAGS(X)						\
	X(DMA) X(HIGHMEM) X(DMA32) X(MOVABLE) X(RECLAIMABLE) X(HIGH) X(ATOMIC) X(IO)	\
	X(FS) X(ZERO) X(DIRECT_RECLAIM) X(KSWAPD_RECLAIM) X(WRITE) X(NOWARN)		\
	X(RETRY_MAYFAIL) X(NOFAIL) X(NORETRY) X(MEMALLOC) X(COMP) X(NOMEMALLOC)		\
	X(HARDWALL) X(THISNODE) X(ACCOUNT)

/* names shared by several datasets: names.c */
extern const struct mmscope_names mmscope_zone_names;
extern const struct mmscope_names mmscope_zone_mask_names;
extern const struct mmscope_names mmscope_zone_or_none_names;
extern const struct mmscope_names mmscope_migratetype_names;
extern const struct mmscope_names mmscope_class_names;
extern const struct mmscope_names mmscope_page_kind_names;
extern const struct mmscope_names mmscope_page_flag_names;
extern const struct mmscope_names mmscope_pageblock_flag_names;
extern const struct mmscope_names mmscope_extent_flag_names;
extern const struct mmscope_names mmscope_clearing_names;
extern const struct mmscope_names mmscope_list_state_names;
extern const struct mmscope_names mmscope_compaction_names;
extern const struct mmscope_names mmscope_lru_list_names;
extern const struct mmscope_names mmscope_perm_names;
extern const struct mmscope_names mmscope_mapping_kind_names;
extern const struct mmscope_names mmscope_vma_kind_names;
extern const struct mmscope_names mmscope_scope_names;
extern const struct mmscope_names mmscope_entry_flag_names;
extern const struct mmscope_names mmscope_level_names;
extern const struct mmscope_names mmscope_cache_mode_names;
extern const struct mmscope_names mmscope_gfp_names;
extern struct mmscope_names mmscope_compact_result_names;
extern struct mmscope_names mmscope_scan_result_names;
extern const struct mmscope_names mmscope_memcg_state_names;
extern struct mmscope_names mmscope_zone_stat_names;	/* made at load, from BTF */
extern struct mmscope_names mmscope_node_stat_names;
extern struct mmscope_names mmscope_numa_event_names;
extern struct mmscope_names mmscope_vm_event_names;
extern struct mmscope_names mmscope_node_names;
extern struct mmscope_names mmscope_node_mask_names;
extern struct mmscope_names mmscope_pcp_list_names;
extern struct mmscope_names mmscope_mthp_stat_names;
extern struct mmscope_names mmscope_thp_event_names;
extern u32 mmscope_thp_event_items[MMSCOPE_NR_THP_EVENTS];
extern const u32 mmscope_buddy_orders;
int mmscope_names_init(void);
void mmscope_names_exit(void);

/* ----------------------------------------------------------------- dataset */

/**
 * struct mmscope_need - a symbol, struct member or tracepoint that a dataset is built on
 * @kind: MMSCOPE_FEATURE_SYMBOL, _LAYOUT or _TRACEPOINT; 0 ends the list
 * @id: enum mmscope_sym, mmscope_layout_id or mmscope_tracepoint_id
 * @optional: absence degrades the dataset instead of turning it off
 */
struct mmscope_need {
	u32 kind;
	u32 id;
	bool optional;
};

#define NEED_SYM(_name) \
	{ .kind = MMSCOPE_FEATURE_SYMBOL, .id = MMSCOPE_SYM_##_name }
#define WANT_SYM(_name) \
	{ .kind = MMSCOPE_FEATURE_SYMBOL, .id = MMSCOPE_SYM_##_name, .optional = true }
#define NEED_LAYOUT(_type, _member) \
	{ .kind = MMSCOPE_FEATURE_LAYOUT, .id = MMSCOPE_LAYOUT_##_type##__##_member }
#define WANT_LAYOUT(_type, _member) \
	{ .kind = MMSCOPE_FEATURE_LAYOUT, .id = MMSCOPE_LAYOUT_##_type##__##_member, \
	  .optional = true }
#define NEED_TRACEPOINT(_name) \
	{ .kind = MMSCOPE_FEATURE_TRACEPOINT, .id = MMSCOPE_TP_##_name }
#define WANT_TRACEPOINT(_name) \
	{ .kind = MMSCOPE_FEATURE_TRACEPOINT, .id = MMSCOPE_TP_##_name, .optional = true }

struct mmscope_walk;

/**
 * struct mmscope_dataset - a stream of records of one type
 * @name: name of the debugfs file, of the tool's subcommand
 * @help: one line
 * @id: enum mmscope_dataset_id
 * @flags: enum mmscope_dataset_flags
 * @rec_size: bytes of a record
 * @priv_size: scratch that lives as long as one walk (zeroed, w->priv)
 * @fields: the field table, beside the walker
 * @nr_fields: its length
 * @needs: symbols and layouts, or NULL
 * @named: the names that tell its records apart; without them it is unavailable; or NULL
 * @off: why there is nothing to tell as this machine is set up, NULL: there is; or NULL
 * @locked_down: refused under lockdown=confidentiality (raw entries)
 * @addresses: its records have kernel addresses, for those who may see them
 * @walk: the walker; NULL for point queries
 * @end: frees what @walk hung into @w->priv, or NULL
 * @exact: EXACT datasets: why this kernel gives no exact counts, NULL: it does
 *
 * The contract of @walk:
 *
 * 1. It begins at @w->cursor, an untrusted position (index, pfn, address), and
 *    goes in ascending position. Zero is the beginning.
 * 2. It builds each record completely (start from = { }, so that reserved
 *    fields are zero) and hands it to mmscope_emit(), together with the
 *    position that follows. emit never sleeps; it fails with MMSCOPE_MORE
 *    only: drop every lock and return that.
 * 3. Positions that give no record go through mmscope_skip(), which bounds the
 *    work between two records in the same way.
 * 4. It may hold locks while it emits; it has released them all when it
 *    returns. Holds are timed with mmscope_lock_begin()/mmscope_lock_end().
 *    A walker that must collect before it can emit loops inside, and calls
 *    mmscope_pause() between holds.
 * 5. It returns 0 at the end of the data, MMSCOPE_MORE with the cursor set, or
 *    a negative errno. "No record in this window" does not mean the end.
 * 6. Races it sees are counted in @w->restarts and @w->torn.
 * 7. Process datasets find @w->mm valid (mm_users held) during the call.
 */
struct mmscope_dataset {
	const char *name;
	const char *help;
	u32 id;
	u32 flags;
	u32 rec_size;
	u32 priv_size;
	const struct mmscope_field_def *fields;
	u32 nr_fields;
	const struct mmscope_need *needs;
	const struct mmscope_names *named;
	const char *(*off)(void);
	bool locked_down;
	bool addresses;
	int (*walk)(struct mmscope_walk *w);
	void (*end)(struct mmscope_walk *w);
	const char *(*exact)(void);
};

#define MMSCOPE_MORE 1

/**
 * struct mmscope_frame_filter - which page frames a reader asks for; zeros: all
 * @flags_all: 1 << KPF_*: frames that have all of them
 * @flags_any: frames that have one of them
 * @flags_none: frames that have none of them
 * @memcg: inode of a cgroup; MEMCG datasets: the one it is about
 * @owner: inode or pid
 * @name: slab cache, file, caller, command
 */
struct mmscope_frame_filter {
	u64 flags_all;
	u64 flags_any;
	u64 flags_none;
	u64 memcg;
	u64 owner;
	char name[64];
};

/**
 * struct mmscope_query - what a reader asks for; checked once, in dataset.c
 * @ds: the dataset
 * @pid: of process datasets, a counted reference taken by the caller; NULL: self
 * @node: only this node, or MMSCOPE_ANY
 * @zone: only this zone index, or MMSCOPE_ANY
 * @class_mask: 1 << value of the class field to keep, 0: all
 * @start: first pfn or address
 * @end: first one beyond, ~0: no bound
 * @ranges: rmaps: the frames asked for, ascending, with gaps between them; the caller's
 * @nr_ranges: how many
 * @bare: FRAMES datasets: no owners
 * @exact: EXACT datasets: ask the CPUs
 * @addresses: the file was opened by one who may see kernel addresses; so must be who reads
 * @frames: FRAMES datasets: which of them; MEMCG datasets: @frames.memcg alone
 */
struct mmscope_query {
	const struct mmscope_dataset *ds;
	struct pid *pid;
	u32 node;
	u32 zone;
	u64 class_mask;
	u64 start;
	u64 end;
	const struct mmscope_pfn_range *ranges;
	u32 nr_ranges;
	bool bare;
	bool exact;
	bool addresses;
	struct mmscope_frame_filter frames;
};

/**
 * struct mmscope_walk - one request under way
 * @q: the query; walkers may use its filters to skip early, emit applies them anyway
 * @cursor: where to go on
 * @cred: who began it; walkers may have asked once what that one may see
 * @mm: process datasets: the address space, mm_count held; mm_users while walking
 * @pid_nr: process datasets: the pid as the reader wrote it
 * @priv: @ds->priv_size bytes of scratch
 * @node_field: where a record has its node, NULL if it has none
 * @zone_field: its zone
 * @class_field: its class
 * @records: the window
 * @nr: records in it
 * @limit: room in it
 * @steps: positions that may still be skipped in this window
 * @max_lock_ns: longest lock hold seen so far
 * @locks: lock holds so far
 * @restarts: lists begun again so far
 * @torn: objects that changed under us so far
 * @processes: walks over all processes: address spaces read to their end so far
 * @refused: likewise: those that the reader may not see
 * @busy: likewise: those given up, their mmap_lock was not to be had
 * @passes: the walk passes over a process rather than wait long for its locks
 */
struct mmscope_walk {
	struct mmscope_query q;
	struct mmscope_cursor cursor;
	const struct cred *cred;
	struct mm_struct *mm;
	u32 pid_nr;
	void *priv;
	const struct mmscope_field_def *node_field;
	const struct mmscope_field_def *zone_field;
	const struct mmscope_field_def *class_field;
	void *records;
	u32 nr;
	u32 limit;
	u32 steps;
	u64 max_lock_ns;
	u64 locks;
	u64 restarts;
	u64 torn;
	u64 processes;
	u64 refused;
	u64 busy;
	bool passes;
};

/* for walkers */
int mmscope_emit(struct mmscope_walk *w, const void *rec, u64 next);
int mmscope_skip(struct mmscope_walk *w, u64 next);
int mmscope_pause(void);
u64 mmscope_lock_begin(void);
u64 mmscope_lock_end(struct mmscope_walk *w, u64 began);

/**
 * mmscope_full - has the window no room for another record?
 * @w: the walk
 */
static inline bool mmscope_full(const struct mmscope_walk *w)
{
	return w->nr >= w->limit;
}

/* how long a spinlock may be held, on real hardware; walkers size batches by it */
#define MMSCOPE_LOCK_TARGET_NS	50000

/* for front ends */
extern const u32 mmscope_nr_datasets;
const struct mmscope_dataset *mmscope_dataset_get(u32 id);
enum mmscope_state mmscope_dataset_state(const struct mmscope_dataset *ds,
					 char *detail, size_t size);
int mmscope_dataset_allowed(const struct mmscope_dataset *ds);
bool mmscope_may_see_addresses(void);
struct mmscope_walk *mmscope_walk_open(const struct mmscope_query *q);
int mmscope_walk_next(struct mmscope_walk *w, u32 limit);
void mmscope_walk_again(struct mmscope_walk *w);
void mmscope_walk_close(struct mmscope_walk *w);
u32 mmscope_window_records(const struct mmscope_dataset *ds);

/* schema.c: the text and binary form of a field table */
struct seq_file;
void mmscope_schema_header(struct seq_file *m, const struct mmscope_dataset *ds);
void mmscope_schema_line(struct seq_file *m, const struct mmscope_dataset *ds,
			 const void *rec);
void mmscope_schema_field(const struct mmscope_dataset *ds, u32 i,
			  struct mmscope_field *out);
u32 mmscope_schema_nr_values(const struct mmscope_dataset *ds);
void mmscope_schema_value(const struct mmscope_dataset *ds, u32 i,
			  struct mmscope_value *out);

/* walk/task.c: a process's address space, with the access check */
int mmscope_task_mm(struct pid *pid, struct mm_struct **mm);

/* walk/translate.c: the point query */
int mmscope_translate(struct mm_struct *mm, u32 pid_nr, const u64 *addrs, u32 nr,
		      struct mmscope_translation *out, u64 *max_lock_ns);

/* walk/rmap.c: the frames that a query of rmaps is for */
int mmscope_pfn_ranges_sort(struct mmscope_pfn_range *ranges, u32 *nr);
/* walk/alloc.c: the point query */
#define MMSCOPE_ALLOC_LOOKS 4

/**
 * struct mmscope_alloc - an allocation that is thought through
 * @order: of the block
 * @gfp: flags, the kernel's
 * @nid: node whose zonelist it is
 * @cpu: whose page lists
 * @migratetype: of the free lists preferred
 * @highest_zone: no zone above it
 * @local_nid: node of the first zone
 * @nofragment: there is a first look that breaks up no other types' blocks
 * @next: index into the zonelist
 * @zones: looked at so far
 * @from: of each look, who gives the block
 * @unknown: enum mmscope_alloc_unknown, so far
 */
struct mmscope_alloc {
	u32 order;
	gfp_t gfp;
	u32 nid;
	u32 cpu;
	u32 migratetype;
	u32 highest_zone;
	u32 local_nid;
	bool nofragment;
	u32 next;
	u32 zones;
	struct {
		u32 node;
		u32 zone;
	} from[MMSCOPE_ALLOC_LOOKS];
	u32 unknown;
};

u32 mmscope_gfp_flags(gfp_t gfp);
int mmscope_alloc_begin(struct mmscope_alloc *a, const struct mmscope_alloc_arg *arg);
bool mmscope_alloc_next(struct mmscope_alloc *a, struct mmscope_alloc_zone *rec);
void mmscope_alloc_result(const struct mmscope_alloc *a, struct mmscope_alloc_arg *arg);

/* the datasets, each beside its walker */
extern const struct mmscope_dataset mmscope_features;
extern const struct mmscope_dataset mmscope_nodes;
extern const struct mmscope_dataset mmscope_zones;
extern const struct mmscope_dataset mmscope_pcp;
extern const struct mmscope_dataset mmscope_buddy;
extern const struct mmscope_dataset mmscope_free_blocks;
extern const struct mmscope_dataset mmscope_pageblocks;
extern const struct mmscope_dataset mmscope_slab_caches;
extern const struct mmscope_dataset mmscope_pages;
extern const struct mmscope_dataset mmscope_vmas;
extern const struct mmscope_dataset mmscope_pagetables;
extern const struct mmscope_dataset mmscope_mappings;
extern const struct mmscope_dataset mmscope_contiguity;
extern const struct mmscope_dataset mmscope_usage;
extern const struct mmscope_dataset mmscope_pt_placement;
extern const struct mmscope_dataset mmscope_ptes;
extern const struct mmscope_dataset mmscope_thp;
extern const struct mmscope_dataset mmscope_numa;
extern const struct mmscope_dataset mmscope_process_layout;
extern const struct mmscope_dataset mmscope_translations;
extern const struct mmscope_dataset mmscope_rmaps;
extern const struct mmscope_dataset mmscope_extents;
extern const struct mmscope_dataset mmscope_frames;
extern const struct mmscope_dataset mmscope_accounting;
extern const struct mmscope_dataset mmscope_alloc_zones;
extern const struct mmscope_dataset mmscope_slabs;
extern const struct mmscope_dataset mmscope_slab_use;
extern const struct mmscope_dataset mmscope_census;
extern const struct mmscope_dataset mmscope_blockers;
extern const struct mmscope_dataset mmscope_forecast;
extern const struct mmscope_dataset mmscope_processes;
extern const struct mmscope_dataset mmscope_kernel_mappings;
extern const struct mmscope_dataset mmscope_vmallocs;
extern const struct mmscope_dataset mmscope_faults;
extern const struct mmscope_dataset mmscope_residency;
extern const struct mmscope_dataset mmscope_oom_rank;
extern const struct mmscope_dataset mmscope_oom_last;
extern const struct mmscope_dataset mmscope_oom_last_zones;
extern const struct mmscope_dataset mmscope_oom_last_rank;
extern const struct mmscope_dataset mmscope_oom_last_slabs;

extern const struct mmscope_dataset mmscope_events;
extern const struct mmscope_dataset mmscope_owners;

/* hook/watch.c: events for one reader */
struct mmscope_watch;
struct wait_queue_head;
struct mmscope_watch *mmscope_watch_open(u64 *kinds, u32 *records);
void mmscope_watch_close(struct mmscope_watch *w);
struct wait_queue_head *mmscope_watch_queue(struct mmscope_watch *w);
bool mmscope_watch_ready(const struct mmscope_watch *w);
bool mmscope_watch_take(struct mmscope_watch *w, struct mmscope_event *rec);
void mmscope_watch_lose(struct mmscope_watch *w, const struct mmscope_event *rec);

/* hook/owner.c: who allocates pages */
int mmscope_owner_begin(u32 *blocks, u32 *stacks);
void mmscope_owner_end(void);
/* hook/oom.c: the OOM recorder */
int mmscope_oom_arm(bool on);
void mmscope_oom_exit(void);
extern const struct mmscope_dataset mmscope_page_cache;
extern const struct mmscope_dataset mmscope_memcgs;
extern const struct mmscope_dataset mmscope_memcg_pages;
extern const struct mmscope_dataset mmscope_reclaims;
extern const struct mmscope_dataset mmscope_reclaim_events;
extern const struct mmscope_dataset mmscope_lrus;
extern const struct mmscope_dataset mmscope_lru_pages;
extern const struct mmscope_dataset mmscope_swap_areas;
extern const struct mmscope_dataset mmscope_swap_map;
extern const struct mmscope_dataset mmscope_overcommit;
extern const struct mmscope_dataset mmscope_commit_processes;
extern const struct mmscope_dataset mmscope_hugetlb;
extern const struct mmscope_dataset mmscope_ksm;
extern const struct mmscope_dataset mmscope_thp_state;
extern const struct mmscope_dataset mmscope_khugepaged;
extern const struct mmscope_dataset mmscope_zswap;
extern const struct mmscope_dataset mmscope_swap_cgroups;

/* front/ */
struct file_spec;

/**
 * struct mmscope_process_dir - <debugfs>/mmscope/process/NAME/
 * @dentry: the directory
 * @specs: what its files show
 */
struct mmscope_process_dir {
	struct dentry *dentry;
	struct file_spec *specs;
};

int mmscope_debugfs_init(void);
void mmscope_debugfs_exit(void);
int mmscope_debugfs_process_create(struct mmscope_process_dir *d, const char *name,
				   struct pid *pid);
void mmscope_debugfs_process_remove(struct mmscope_process_dir *d);
int mmscope_attach(struct pid *pid);
int mmscope_detach(struct pid *pid);
void mmscope_detach_all(void);
int mmscope_chardev_init(void);
void mmscope_chardev_exit(void);

#endif /* _MMSCOPE_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * mmscope - the kernel's memory management, read live from its own structures
 *
 * This header is the whole contract of /dev/mmscope; its comments are the
 * manual. It compiles alone, as C and C++, for 32 and 64 bit.
 *
 * DATASETS
 *   Everything is a dataset: a stream of fixed-size records of one type. What
 *   is available on the running kernel is itself a dataset, MMSCOPE_DS_FEATURES.
 *
 *     MMSCOPE_IOC_INFO       version, page size, number of datasets
 *     MMSCOPE_IOC_DESCRIBE   one dataset: its fields, units, names of values
 *     MMSCOPE_IOC_WALK       its records, as many as fit, resumable
 *     MMSCOPE_IOC_TRANSLATE  point query: addresses of one process, batched
 *     MMSCOPE_IOC_PAGE       point query: all that is known of page frames, batched
 *     MMSCOPE_IOC_RMAP       who maps these page frames, resumable
 *     MMSCOPE_IOC_ALLOC      would an allocation succeed, zone by zone
 *     MMSCOPE_IOC_WATCH      have read() of this file give events as they happen
 *     MMSCOPE_IOC_OWNERS     record who allocates pages, for MMSCOPE_DS_OWNERS
 *     MMSCOPE_IOC_OOM        arm or disarm the OOM recorder
 *     MMSCOPE_IOC_ATTACH     make debugfs files for one process, and
 *     MMSCOPE_IOC_DETACH     remove them
 *
 * STRUCT SIZES
 *   Every argument begins with its own `size`. A struct shorter than this
 *   kernel's is taken as zero-extended (not below its first version: EINVAL);
 *   a longer one is accepted when the unknown tail is zero (else E2BIG). The
 *   ioctl is recognised by its type and number only; the size that _IOWR
 *   encodes is ignored, so that structs may grow. Reserved fields must be zero.
 *
 * WALKING
 *   Set `cursor` to zeros, call, use `nr` records of `rec_size` bytes each, and
 *   call again with the cursor as it was returned, until MMSCOPE_WALK_DONE is
 *   set in `status`. An answer without records is not the end. Step by
 *   `rec_size`, not by sizeof: records may grow at their end. A cursor is an
 *   untrusted position; any value is harmless.
 *
 * CONSISTENCY
 *   A record is self-consistent as far as its walker's locks allow. A whole
 *   answer is not a snapshot: memory moves while it is read. Positions only
 *   grow, so every answer ends. Races that were seen are counted: `restarts`
 *   (a list had to be begun again) and `torn` (an object changed while it was
 *   read). A value that this kernel cannot give is MMSCOPE_UNKNOWN (in 32-bit
 *   fields MMSCOPE_UNKNOWN32, in signed fields MMSCOPE_UNKNOWN_SIGNED).
 *
 * EVENTS
 *   After MMSCOPE_IOC_WATCH, read() gives whole records of MMSCOPE_DS_EVENTS, as
 *   many as there are and fit, oldest first; it waits for the first one unless
 *   O_NONBLOCK is set (EAGAIN). poll() says when there are some (POLLIN). Each
 *   file has its own ring and gets every event of the kinds it asked for. When
 *   the ring is full, what comes is lost and counted: `lost` of the next record
 *   (a record of MMSCOPE_EVENT_LOST, if none follows) says how many. Nothing is
 *   hooked into the kernel before the first file watches, or after the last one
 *   is closed. EBUSY: this file watches already. EINVAL: read() before, or with
 *   a buffer smaller than one record. Step by `rec_size`, as in a walk.
 *
 * ERRORS (the same meaning in every call)
 *   ENOTTY       unknown ioctl
 *   EINVAL       malformed: short size, reserved field set, start > end,
 *                a buffer smaller than one record
 *   E2BIG        non-zero bytes past what this kernel knows; too many addresses
 *                or ranges
 *   EOPNOTSUPP   unknown flag, unknown dataset, or not available here
 *                (MMSCOPE_DS_FEATURES says why)
 *   ESRCH        no such process, it has no address space, or it has exited
 *   ENOENT       no such memory cgroup
 *   EPERM/EACCES not allowed
 *   EFAULT       bad user pointer
 *   EINTR        a fatal signal
 *   ENOMEM       no memory for the call
 *   EBUSY        WATCH: this file watches already; OWNERS: somebody records already
 *   ENOSPC       ATTACH: too many processes are attached
 *
 * RIGHTS
 *   open needs CAP_SYS_ADMIN in the initial user namespace. An open file lets
 *   whoever has it read, as one of /proc/kpageflags does; to have something begin
 *   or end (ATTACH, DETACH, WATCH, OWNERS, OOM) the caller needs CAP_SYS_ADMIN, too.
 *   A process is shown to those who may ptrace-read it, asked in each call;
 *   OOM_RANK shows all of them, but nothing that /proc/PID does not show to
 *   everyone. No page contents, ever. Kernel virtual addresses are in the records
 *   of KERNEL_MAPPINGS and VMALLOCS alone, and only if who opened the file and who
 *   calls have CAP_SYSLOG, and kernel.kptr_restrict is below 2; for others they
 *   are 0, and a range of addresses to select by is EPERM. Under
 *   lockdown=confidentiality these two, PTES and TRANSLATE are EPERM.
 */
#ifndef _UAPI_LINUX_MMSCOPE_H
#define _UAPI_LINUX_MMSCOPE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MMSCOPE_ABI_VERSION	1

#define MMSCOPE_UNKNOWN		(~0ULL)
#define MMSCOPE_UNKNOWN32	(~0U)
#define MMSCOPE_UNKNOWN_SIGNED	(1ULL << 63)

/* array bounds in records; how many elements are in use, DESCRIBE tells */
#define MMSCOPE_NR_ZONES	8
#define MMSCOPE_NR_NODES	64
#define MMSCOPE_NR_ZONE_STATS	24
#define MMSCOPE_NR_NODE_STATS	80
#define MMSCOPE_NR_NUMA_EVENTS	8
#define MMSCOPE_NR_PCP_LISTS	24
#define MMSCOPE_NR_LEVELS	5
#define MMSCOPE_NR_ORDERS	16

enum mmscope_dataset_id {
	MMSCOPE_DS_FEATURES	= 0,
	MMSCOPE_DS_NODES	= 1,
	MMSCOPE_DS_ZONES	= 2,
	MMSCOPE_DS_PCP		= 3,
	MMSCOPE_DS_BUDDY	= 4,
	MMSCOPE_DS_FREE_BLOCKS	= 5,
	MMSCOPE_DS_PAGEBLOCKS	= 6,
	MMSCOPE_DS_SLAB_CACHES	= 7,
	MMSCOPE_DS_PAGES	= 8,
	MMSCOPE_DS_VMAS		= 9,
	MMSCOPE_DS_PAGETABLES	= 10,
	MMSCOPE_DS_MAPPINGS	= 11,
	MMSCOPE_DS_TRANSLATIONS	= 12,	/* answers of MMSCOPE_IOC_TRANSLATE */
	MMSCOPE_DS_EXTENTS	= 13,
	MMSCOPE_DS_ACCOUNTING	= 14,
	MMSCOPE_DS_CENSUS	= 15,
	MMSCOPE_DS_BLOCKERS	= 16,
	MMSCOPE_DS_FORECAST	= 17,
	MMSCOPE_DS_SLABS	= 18,
	MMSCOPE_DS_FRAMES	= 19,	/* answers of MMSCOPE_IOC_PAGE */
	MMSCOPE_DS_RMAPS	= 20,	/* answers of MMSCOPE_IOC_RMAP */
	MMSCOPE_DS_ALLOC_ZONES	= 21,	/* answers of MMSCOPE_IOC_ALLOC */
	MMSCOPE_DS_SLAB_USE	= 22,
	MMSCOPE_DS_CONTIGUITY	= 23,
	MMSCOPE_DS_PROCESSES	= 24,
	MMSCOPE_DS_USAGE	= 25,
	MMSCOPE_DS_PT_PLACEMENT	= 26,
	MMSCOPE_DS_KERNEL_MAPPINGS = 27,
	MMSCOPE_DS_VMALLOCS	= 28,
	MMSCOPE_DS_FAULTS	= 29,
	MMSCOPE_DS_PTES		= 30,
	MMSCOPE_DS_THP		= 31,
	MMSCOPE_DS_ADDRESS_SPACE	= 32,
	MMSCOPE_DS_RESIDENCY	= 33,
	MMSCOPE_DS_NUMA		= 34,
	MMSCOPE_DS_EVENTS	= 35,	/* what read() gives after MMSCOPE_IOC_WATCH */
	MMSCOPE_DS_OWNERS	= 36,	/* while MMSCOPE_IOC_OWNERS is in force */
	MMSCOPE_DS_OOM_RANK	= 37,
	MMSCOPE_DS_OOM_LAST	= 38,	/* these four: what the OOM recorder kept */
	MMSCOPE_DS_OOM_LAST_ZONES = 39,
	MMSCOPE_DS_OOM_LAST_RANK = 40,
	MMSCOPE_DS_OOM_LAST_SLABS = 41,
	MMSCOPE_DS_PAGE_CACHE	= 42,
	MMSCOPE_DS_MEMCGS	= 43,
	MMSCOPE_DS_MEMCG_PAGES	= 44,
	MMSCOPE_DS_RECLAIM	= 45,
	MMSCOPE_DS_RECLAIM_EVENTS = 46,
	MMSCOPE_DS_LRU		= 47,
	MMSCOPE_DS_LRU_PAGES	= 48,
	MMSCOPE_DS_SWAP_AREAS	= 49,
	MMSCOPE_DS_SWAP_MAP	= 50,
	MMSCOPE_DS_OVERCOMMIT	= 51,
	MMSCOPE_DS_COMMIT_PROCESSES = 52,
	MMSCOPE_DS_HUGETLB	= 53,
	MMSCOPE_DS_KSM		= 54,
	MMSCOPE_DS_THP_STATE	= 55,
	MMSCOPE_DS_KHUGEPAGED	= 56,
	MMSCOPE_DS_ZSWAP	= 57,
	MMSCOPE_DS_SWAP_CGROUPS	= 58,
};

/* ------------------------------------------------------------------ records
 *
 * Units: *_pages are pages of the kernel's base page size (INFO.page_size),
 * *_bytes bytes, *_ns nanoseconds, pfn page frame numbers; ranges are
 * half-open. The kernel source of each number stands behind it.
 */

enum mmscope_feature_kind {
	MMSCOPE_FEATURE_MODULE	= 0,	/* versions of module, ABI and kernel */
	MMSCOPE_FEATURE_DATASET	= 1,
	MMSCOPE_FEATURE_SYMBOL	= 2,	/* non-exported symbol, through kallsyms */
	MMSCOPE_FEATURE_LAYOUT	= 3,	/* struct member, through BTF */
	MMSCOPE_FEATURE_TRACEPOINT = 4,	/* tracepoint, by name and arguments */
};

enum mmscope_state {
	MMSCOPE_STATE_OK	= 0,
	MMSCOPE_STATE_DEGRADED	= 1,	/* some columns are unknown: detail says which */
	MMSCOPE_STATE_UNAVAILABLE = 2,	/* detail says why */
};

/* MMSCOPE_DS_FEATURES: what this module found on this kernel */
struct mmscope_feature {
	__u32 kind;		/* enum mmscope_feature_kind */
	__u32 state;		/* enum mmscope_state */
	char name[48];
	char detail[136];	/* version, reason, or what is missing */
};

/* MMSCOPE_DS_NODES: one online NUMA node (struct pglist_data) */
struct mmscope_node {
	__u32 node;
	__u32 zones;		/* flags: 1 << zone index, populated zones */
	__u32 nr_cpus;		/* online CPUs of the node */
	__u32 kswapd_pid;	/* pgdat->kswapd, 0: none */
	__u64 start_pfn;	/* pgdat->node_start_pfn */
	__u64 spanned_pages;	/* pgdat->node_spanned_pages */
	__u64 present_pages;	/* pgdat->node_present_pages */
	__u64 managed_pages;	/* sum of zone->managed_pages */
	__u64 free_pages;	/* sum of NR_FREE_PAGES */
	__u64 kswapd_failures;	/* pgdat->kswapd_failures: runs that reclaimed nothing */
	__u64 totalreserve_pages; /* pgdat->totalreserve_pages */
	char cpus[64];		/* cpu list, "0-3,8" */
	__u64 distance[MMSCOPE_NR_NODES];	/* node_distance() to each node */
	__u64 stat[MMSCOPE_NR_NODE_STATS];	/* pgdat->vm_stat[]: pages, KiB (*_kb), events */
};

/* MMSCOPE_DS_ZONES: one populated zone (struct zone) */
struct mmscope_zone {
	__u32 node;
	__u32 zone;		/* zone_idx() */
	__u64 start_pfn;	/* zone->zone_start_pfn */
	__u64 spanned_pages;	/* zone->spanned_pages */
	__u64 present_pages;	/* zone->present_pages */
	__u64 managed_pages;	/* zone->managed_pages */
	__u64 cma_pages;	/* zone->cma_pages */
	__u64 free_pages;	/* zone->vm_stat[NR_FREE_PAGES] */
	__u64 watermark_min;	/* zone->_watermark[], without the boost */
	__u64 watermark_low;
	__u64 watermark_high;
	__u64 watermark_promo;
	__u64 watermark_boost;	/* zone->watermark_boost */
	__u64 above_min;	/* signed: free_pages - (watermark + boost) */
	__u64 above_low;	/* signed */
	__u64 above_high;	/* signed */
	__u64 above_promo;	/* signed */
	__u64 highatomic_reserved_pages; /* zone->nr_reserved_highatomic */
	__u64 highatomic_free_pages;	/* zone->nr_free_highatomic (6.12) */
	__u64 lowmem_reserve[MMSCOPE_NR_ZONES];	/* zone->lowmem_reserve[] toward each zone */
	__u64 stat[MMSCOPE_NR_ZONE_STATS];	/* zone->vm_stat[], pages */
	__u64 numa[MMSCOPE_NR_NUMA_EVENTS];	/* zone->vm_numa_event[] and the CPUs' part */
};

/* MMSCOPE_DS_PCP: the page lists of one zone and CPU (struct per_cpu_pages) */
struct mmscope_pcp {
	__u32 node;
	__u32 zone;
	__u32 cpu;
	__u32 stat_threshold;	/* per_cpu_zonestat: drift of counters per CPU, pages */
	__u64 count_pages;	/* pcp->count */
	__u64 high_pages;	/* pcp->high: beyond it pages go back to the buddy lists */
	__u64 high_min_pages;	/* pcp->high_min (6.12) */
	__u64 high_max_pages;	/* pcp->high_max (6.12) */
	__u64 batch_pages;	/* pcp->batch */
	__u64 listed_pages;	/* sum of the lists, in pages, counted under pcp->lock;
				 * UNKNOWN: they changed too fast
				 */
	__u64 list[MMSCOPE_NR_PCP_LISTS];	/* blocks on pcp->lists[] */
};

enum mmscope_list_state {	/* flags */
	MMSCOPE_LIST_TORN	= 1 << 0,	/* changed between two lock holds */
	MMSCOPE_LIST_REPEAT	= 1 << 1,	/* place lost: may repeat an earlier record */
	MMSCOPE_LIST_CUT	= 1 << 2,	/* given up after too many restarts */
};

/* MMSCOPE_DS_BUDDY: the free list of one zone, order and migratetype */
struct mmscope_buddy {
	__u32 node;
	__u32 zone;
	__u32 order;
	__u32 migratetype;
	__u64 blocks;		/* counted on free_area[order].free_list[migratetype] */
	__u64 pages;		/* blocks << order */
	__u64 nr_free;		/* free_area[order].nr_free: blocks of all migratetypes */
	__u64 unusable_permille;	/* free memory too scattered for this order, 0..1000 */
	__u64 extfrag_permille;	/* signed: fragmentation index as extfrag_index of debugfs;
				 * -1000: an allocation of this order would succeed
				 */
	__u32 largest_order;	/* largest order with a free block in this zone */
	__u32 state;		/* flags, enum mmscope_list_state */
};

/* MMSCOPE_DS_FREE_BLOCKS: one block on a free list, in list order */
struct mmscope_free_block {
	__u32 node;
	__u32 zone;
	__u32 order;
	__u32 migratetype;	/* of the list it is on */
	__u64 pfn;
	__u64 index;		/* position in its list, 0: next to be allocated */
	__u32 state;		/* flags, enum mmscope_list_state */
	__u32 __reserved;
};

enum mmscope_pageblock_flags {
	MMSCOPE_PAGEBLOCK_SKIP	   = 1 << 0,	/* compaction skips it */
	MMSCOPE_PAGEBLOCK_ISOLATED = 1 << 1,
	MMSCOPE_PAGEBLOCK_PARTIAL  = 1 << 2,	/* partly another zone's, or a hole */
};

/* MMSCOPE_DS_PAGEBLOCKS: one pageblock (mem_section.usage->pageblock_flags) */
struct mmscope_pageblock {
	__u64 pfn;
	__u32 node;
	__u32 zone;
	__u32 migratetype;
	__u32 flags;		/* enum mmscope_pageblock_flags */
	__u64 pages;		/* online pages of this zone in the block */
	__u64 free_pages;	/* of these, on buddy free lists (PageBuddy, lockless) */
};

/* flags of a slab cache; the bits are ours, the names are the kernel's SLAB_* */
enum mmscope_slab_flags {
	MMSCOPE_SLAB_CONSISTENCY_CHECKS	= 1 << 0,
	MMSCOPE_SLAB_RED_ZONE		= 1 << 1,
	MMSCOPE_SLAB_POISON		= 1 << 2,
	MMSCOPE_SLAB_STORE_USER		= 1 << 3,
	MMSCOPE_SLAB_TRACE		= 1 << 4,
	MMSCOPE_SLAB_HWCACHE_ALIGN	= 1 << 5,
	MMSCOPE_SLAB_CACHE_DMA		= 1 << 6,
	MMSCOPE_SLAB_CACHE_DMA32	= 1 << 7,
	MMSCOPE_SLAB_PANIC		= 1 << 8,
	MMSCOPE_SLAB_TYPESAFE_BY_RCU	= 1 << 9,
	MMSCOPE_SLAB_RECLAIM_ACCOUNT	= 1 << 10,
	MMSCOPE_SLAB_ACCOUNT		= 1 << 11,
	MMSCOPE_SLAB_NO_MERGE		= 1 << 12,
	MMSCOPE_SLAB_KMALLOC		= 1 << 13,
	MMSCOPE_SLAB_NOLEAKTRACE	= 1 << 14,
};

/*
 * MMSCOPE_DS_SLAB_CACHES: one cache (struct kmem_cache, SLUB). in-use counts as
 * /proc/slabinfo does: objects free on a per-CPU slab, or in a sheaf (an array of free
 * objects that newer kernels' CPUs and nodes keep), count as in use. The true
 * number lies in [inuse_min_objects, inuse_objects]; MMSCOPE_WALK_EXACT finds it
 * by asking each CPU, unless the partial list was sampled (MMSCOPE_LIST_CUT).
 */
struct mmscope_slab_cache {
	char name[64];
	__u64 object_size_bytes;	/* s->object_size: what was asked for */
	__u64 size_bytes;		/* s->size: what an object takes */
	__u32 align_bytes;		/* s->align */
	__u32 order;			/* of a slab, s->oo */
	__u32 objects_per_slab;		/* s->oo */
	__u32 aliases;			/* s->refcount - 1: caches merged into this one */
	__u64 flags;			/* enum mmscope_slab_flags */
	__u64 slabs;			/* sum of n->nr_slabs */
	__u64 total_objects;		/* sum of n->total_objects */
	__u64 inuse_objects;		/* total - free on partial slabs */
	__u64 inuse_min_objects;	/* - what per-CPU slabs and sheaves can hold free */
	__u64 free_objects;		/* total_objects - inuse_objects */
	__u64 partial_slabs;		/* sum of n->nr_partial */
	__u64 cpu_slabs;		/* c->slab, all CPUs; with sheaves there are none */
	__u64 cpu_partial_slabs;	/* c->partial->slabs, all CPUs; likewise */
	__u64 memory_bytes;		/* pages of all slabs, of order s->oo or s->min */
	__u64 padding_bytes;		/* memory_bytes - total_objects * object_size_bytes */
	__u64 free_bytes;		/* free_objects * size */
	__u32 state;			/* flags, enum mmscope_list_state: partial list sampled */
	__u32 __reserved;
	char ctor[64];			/* symbol of s->ctor */
	__u64 partial[MMSCOPE_NR_NODES];	/* n->nr_partial of each node */
	__u64 cpu_free_objects;		/* free on CPUs' slabs or in sheaves,
					 * MMSCOPE_WALK_EXACT; else UNKNOWN
					 */
	__u64 inuse_exact_objects;	/* inuse_objects - cpu_free_objects */
};

enum mmscope_slab_state {
	MMSCOPE_SLAB_FULL	= 0,	/* no free object; it is on no list */
	MMSCOPE_SLAB_PARTIAL	= 1,	/* on its node's list of partial slabs */
	MMSCOPE_SLAB_CPU	= 2,	/* a CPU allocates from it (frozen) */
	MMSCOPE_SLAB_CPU_PARTIAL = 3,	/* a CPU keeps it to allocate from next. 6.1: frozen,
					 * has free objects, and was no CPU's active slab
					 * when the sweep began. 6.12: has free objects, but is
					 * on no node's list
					 */
	MMSCOPE_SLAB_MOVING	= 4,	/* has free objects, on no list, where CPUs keep no slabs */
};

/*
 * MMSCOPE_DS_SLABS: one slab, found by sweeping the page frames: no lock of the
 * slab allocator is taken, however many slabs there are.
 */
struct mmscope_slab {
	__u64 pfn;		/* of its first frame */
	__u64 pages;
	__u32 node;
	__u32 zone;
	__u32 order;
	__u32 state;		/* enum mmscope_slab_state */
	__u32 objects;		/* slab.objects: there is room for */
	__u32 inuse;		/* slab.inuse; free on the CPU's own list counts as in use */
	__u32 free;		/* objects - inuse */
	__u32 cpu;		/* that allocated from it when the sweep began, or UNKNOWN32 */
	char cache[64];		/* empty: made after the sweep began */
};

#define MMSCOPE_NR_SLAB_FILLS	12

/*
 * MMSCOPE_DS_SLAB_USE: the slabs of one cache, summed up over one sweep. One
 * record with the name "?" has those whose cache is not known, if there are any.
 */
struct mmscope_slab_use {
	char name[64];
	__u64 slabs;
	__u64 pages;
	__u64 total_objects;		/* sum of slab.objects */
	__u64 inuse_objects;		/* sum of slab.inuse: as MMSCOPE_DS_SLABS */
	__u64 free_objects;		/* total_objects - inuse_objects */
	__u64 full_slabs;		/* by enum mmscope_slab_state */
	__u64 partial_slabs;
	__u64 cpu_slabs;
	__u64 cpu_partial_slabs;
	__u64 moving_slabs;
	__u64 empty_slabs;		/* of all these, without an object in use */
	__u64 packable_slabs;		/* slabs that would be empty if the others were full */
	__u64 packable_pages;		/* their pages */
	__u64 cpu_free_objects;		/* free on CPUs' own lists or in sheaves,
					 * MMSCOPE_WALK_EXACT; else UNKNOWN
					 */
	__u64 inuse_exact_objects;	/* inuse_objects - cpu_free_objects */
	__u64 fill[MMSCOPE_NR_SLAB_FILLS];	/* slabs by percent of their objects in use:
						 * 0, 1-10, 11-20 .. 91-99, 100
						 */
};

enum mmscope_page_kind {
	MMSCOPE_PAGE_OTHER	= 0,	/* the kernel's, unmarked */
	MMSCOPE_PAGE_FREE	= 1,	/* buddy allocator */
	MMSCOPE_PAGE_PCP	= 2,	/* free on a per-CPU list, or isolated by compaction */
	MMSCOPE_PAGE_SLAB	= 3,
	MMSCOPE_PAGE_PAGETABLE	= 4,
	MMSCOPE_PAGE_ANON	= 5,	/* also what is only in the swap cache */
	MMSCOPE_PAGE_FILE	= 6,
	MMSCOPE_PAGE_SHMEM	= 7,
	MMSCOPE_PAGE_HUGETLB	= 8,
	MMSCOPE_PAGE_KSM	= 9,
	MMSCOPE_PAGE_RESERVED	= 10,
	MMSCOPE_PAGE_OFFLINE	= 11,	/* PageOffline: balloon, hypervisor */
	MMSCOPE_PAGE_ZERO	= 12,	/* the zero page, the huge zero page */
	MMSCOPE_PAGE_HWPOISON	= 13,
	MMSCOPE_PAGE_COMPOUND	= 14,	/* other compound page: large kmalloc, driver */
	MMSCOPE_PAGE_TRANSIENT	= 15,	/* refcount 0, on no list that was found */
};

/*
 * MMSCOPE_DS_PAGES: one page frame (struct page). `flags` has the bits of
 * /proc/kpageflags: 1 << KPF_*, <linux/kernel-page-flags.h>; only KPF_KSM is set
 * for merged pages alone, where 6.12 sets it for every anonymous page.
 */
struct mmscope_page {
	__u64 pfn;
	__u64 flags;
	__u64 head_pfn;		/* of the compound page or free block, pfn itself if none */
	__u32 node;
	__u32 zone;
	__u32 kind;		/* enum mmscope_page_kind */
	__u32 order;		/* of the compound page or free block; heads and tails alike */
	__u32 migratetype;	/* of its pageblock */
	__u32 refcount;		/* of the head */
	__u32 mapcount;		/* of this page, as /proc/kpagecount */
	__u32 page_class;	/* enum mmscope_class */
	__u64 memcg;		/* inode of the cgroup charged, as /proc/kpagecgroup; 0: none */
};

/*
 * What a page frame is and whose: a closed list, each frame is in exactly one
 * class. Where struct page has no mark, the owner is known by who refers to the
 * frame: the kernel's own page tables (VMALLOC, MODULE, PERCPU, KERNEL_STACK),
 * the tables themselves, the memory map. These references are collected when a
 * sweep begins.
 */
enum mmscope_class {
	MMSCOPE_CLASS_UNATTRIBUTED = 0,	/* the kernel's; its allocator's caller left no trace */
	MMSCOPE_CLASS_FREE	= 1,	/* on a buddy free list */
	MMSCOPE_CLASS_FREE_PCP	= 2,	/* free on a per-CPU list, or isolated by compaction */
	MMSCOPE_CLASS_FREE_HIGHATOMIC = 3, /* buddy, in a HighAtomic pageblock */
	MMSCOPE_CLASS_FREE_CMA	= 4,	/* buddy, in a CMA pageblock */
	MMSCOPE_CLASS_FREE_ISOLATED = 5, /* buddy, in an Isolate pageblock */
	MMSCOPE_CLASS_IN_FLIGHT	= 6,	/* refcount 0, on no list: being allocated or freed */
	MMSCOPE_CLASS_ANON	= 7,	/* order 0 */
	MMSCOPE_CLASS_ANON_THP	= 8,	/* of a huge page that a PMD can map */
	MMSCOPE_CLASS_ANON_LARGE = 9,	/* of a smaller large folio (mTHP) */
	MMSCOPE_CLASS_SWAPCACHE	= 10,	/* anonymous, with a place in swap */
	MMSCOPE_CLASS_KSM	= 11,	/* merged */
	MMSCOPE_CLASS_FILE	= 12,	/* page cache; owner: inode */
	MMSCOPE_CLASS_SHMEM	= 13,	/* shmem, tmpfs; owner: inode */
	MMSCOPE_CLASS_PINNED	= 14,	/* user page with more references than are
					 * explained, by the weight that pin_user_pages() gives
					 */
	MMSCOPE_CLASS_HUGETLB	= 15,	/* in use */
	MMSCOPE_CLASS_HUGETLB_FREE = 16, /* in the pool */
	MMSCOPE_CLASS_ZERO	= 17,	/* the zero page, the huge zero page */
	MMSCOPE_CLASS_SLAB	= 18,	/* owner: cache */
	MMSCOPE_CLASS_SLAB_RECLAIMABLE = 19, /* of a cache with SLAB_RECLAIM_ACCOUNT */
	MMSCOPE_CLASS_LARGE_KMALLOC = 20, /* marked since 6.14; before: UNATTRIBUTED */
	MMSCOPE_CLASS_PAGETABLE	= 21,	/* of a process; owner: pid */
	MMSCOPE_CLASS_KERNEL_PAGETABLE = 22, /* met in the kernel's own page tables */
	MMSCOPE_CLASS_KERNEL_STACK = 23, /* owner: pid, 0: cached for the next task */
	MMSCOPE_CLASS_VMALLOC	= 24,	/* vmalloc and vmap areas; owner: caller */
	MMSCOPE_CLASS_PERCPU	= 25,
	MMSCOPE_CLASS_MODULE	= 26,	/* modules and BPF programs */
	MMSCOPE_CLASS_ZSMALLOC	= 27,	/* compressed swap; 6.1: any non-LRU movable page */
	MMSCOPE_CLASS_PAGE_POOL	= 28,	/* of a network driver */
	MMSCOPE_CLASS_OFFLINE	= 29,	/* PageOffline: balloon, hypervisor */
	MMSCOPE_CLASS_HWPOISON	= 30,
	MMSCOPE_CLASS_KERNEL_IMAGE = 31, /* text and data of the kernel itself */
	MMSCOPE_CLASS_MEMMAP	= 32,	/* struct pages */
	MMSCOPE_CLASS_RESERVED	= 33,	/* other memory taken at boot: firmware, memblock */
	MMSCOPE_CLASS_HOLE	= 34,	/* spanned by the zone, but no RAM of it */
	MMSCOPE_NR_CLASSES
};

enum mmscope_extent_flags {
	MMSCOPE_EXTENT_COMPOUND	= 1 << 0,	/* compound pages */
	MMSCOPE_EXTENT_INFERRED	= 1 << 1,	/* the class is concluded, not marked */
};

/*
 * MMSCOPE_DS_EXTENTS: a run of page frames of one zone with the same class,
 * owner, order, migratetype and cgroup.
 */
struct mmscope_extent {
	__u64 pfn;
	__u64 pages;
	__u32 node;
	__u32 zone;
	__u32 page_class;	/* enum mmscope_class */
	__u32 order;		/* of the compound pages or free blocks in it */
	__u32 migratetype;	/* of the pageblock */
	__u32 flags;		/* enum mmscope_extent_flags */
	__u64 owner;		/* inode, pid; 0: none, or it has only a name */
	__u64 memcg;		/* inode of the cgroup charged, as /proc/kpagecgroup; 0: none */
	__u32 dev_major;	/* of the file system of an inode */
	__u32 dev_minor;
	char name[64];		/* slab cache, file, symbol of the caller, command of the pid */
};

/*
 * MMSCOPE_DS_FRAMES: all that is known of one page frame. What does not apply is
 * MMSCOPE_UNKNOWN or MMSCOPE_UNKNOWN32.
 */
struct mmscope_frame_info {
	__u64 pfn;
	__u64 head_pfn;		/* of the compound page or free block */
	__u64 pageblock_pfn;
	__u64 flags;		/* 1 << KPF_*, as struct mmscope_page */
	__u32 page_class;	/* enum mmscope_class */
	__u32 kind;		/* enum mmscope_page_kind */
	__u32 order;
	__u32 node;
	__u32 zone;
	__u32 migratetype;	/* of the pageblock */
	__u32 pageblock_flags;	/* enum mmscope_pageblock_flags */
	__u32 marks;		/* enum mmscope_extent_flags */
	__u32 refcount;		/* of the head */
	__u32 mapcount;		/* of this frame */
	__u32 pins;		/* of a large folio, folio->_pincount */
	__u32 swap_type;	/* in the swap cache: swap area */
	__u64 swap_offset;	/* in the swap cache: slot */
	__u64 file_page;	/* page->index: which page of the file this is */
	__u64 owner;		/* inode, pid */
	__u64 memcg;		/* inode of the cgroup charged, 0: none */
	__u32 dev_major;	/* of the file system of an inode */
	__u32 dev_minor;
	__u32 slab_objects;	/* slab->objects */
	__u32 slab_inuse;	/* slab->inuse */
	__u32 slab_object_bytes; /* s->size */
	__u32 slab_first_object; /* objects that lie on this frame, in part at least, */
	__u32 slab_last_object;	/* if the cache has no debug data before the first */
	__u32 __reserved;
	char name[64];		/* as struct mmscope_extent */
	char path[256];		/* of a file, below the root of its file system */
};

/* MMSCOPE_DS_ACCOUNTING: the frames of one class in one zone, of one sweep */
struct mmscope_account {
	__u32 node;
	__u32 zone;
	__u32 page_class;	/* enum mmscope_class */
	__u32 __reserved;
	__u64 pages;		/* over all classes: zone->spanned_pages */
	__u64 blocks;		/* compound pages, free blocks, single frames */
	__u64 dirty_pages;	/* of these, PG_dirty or PG_writeback */
	__u64 unevictable_pages; /* of these, PG_unevictable */
};

/* how frames could be got out of a block that is to become one huge page */
enum mmscope_clearing {
	MMSCOPE_CLEARING_FREE	= 0,	/* nothing to be done: free, or about to be */
	MMSCOPE_CLEARING_COMPACT = 1,	/* compaction moves them */
	MMSCOPE_CLEARING_RECLAIM = 2,	/* never moved, but a shrinker may free them */
	MMSCOPE_CLEARING_HUGE	= 3,	/* they are a huge page already: by giving that up */
	MMSCOPE_CLEARING_NOT	= 4,	/* only by their owner */
	MMSCOPE_CLEARING_HOLE	= 5,	/* never: not RAM of this zone */
	MMSCOPE_NR_CLEARINGS
};

enum mmscope_census_flags {
	MMSCOPE_CENSUS_PARTIAL	= 1 << 0,	/* partly another zone's, or a hole */
	MMSCOPE_CENSUS_POLLUTED	= 1 << 1,	/* Movable or CMA, but holds what cannot be moved */
	MMSCOPE_CENSUS_STRAY	= 1 << 2,	/* Unmovable or Reclaimable, but holds what can */
};

/*
 * MMSCOPE_DS_CENSUS: what is in one pageblock. Its pages are the sum of
 * free_pages, the movable ones (anon, file, shmem, other), reclaimable_pages,
 * huge_pages and the unmovable ones (slab, pagetable, user, kernel, reserved).
 */
struct mmscope_census {
	__u64 pfn;
	__u32 node;
	__u32 zone;
	__u32 migratetype;
	__u32 flags;		/* enum mmscope_census_flags */
	__u64 pages;		/* frames of this zone in it that are RAM */
	__u64 free_pages;	/* also those on per-CPU lists */
	__u64 anon_pages;
	__u64 file_pages;
	__u64 shmem_pages;
	__u64 other_movable_pages;	/* zsmalloc, balloon, pages in flight */
	__u64 reclaimable_pages;	/* slab with a shrinker */
	__u64 huge_pages;	/* in huge pages as large as the block */
	__u64 slab_pages;
	__u64 pagetable_pages;	/* of processes and the kernel */
	__u64 user_pages;	/* pinned, or of a file system that cannot move them now */
	__u64 kernel_pages;	/* everything else that is not moved */
	__u64 reserved_pages;	/* taken at boot: kernel image, memory map, firmware */
	__u64 dirty_pages;	/* of the movable ones, dirty or under writeback */
	__u64 unevictable_pages;	/* of the movable ones, mlocked or unevictable */
	__u32 polluter;		/* enum mmscope_class with the most frames here that cannot be
				 * moved; FREE: there are none
				 */
	__u32 __reserved;
	__u64 polluter_pages;	/* how many it has */
};

/*
 * MMSCOPE_DS_BLOCKERS: what one owner has in a block (aligned, of the size of a
 * huge page) that is not wholly free. Frames that can be moved, and huge pages,
 * are one owner a class. Of those that stay, a block has at most 128; what
 * further ones have is summed up in the last of them, which is called "...".
 */
struct mmscope_blocker {
	__u64 pfn;		/* of the block, aligned */
	__u32 order;		/* 2^order frames: what a PMD maps, or a gigantic page: what a
				 * PUD maps, or contiguous PMDs where it maps none (arm64)
				 */
	__u32 node;
	__u32 zone;
	__u32 migratetype;	/* of its first pageblock */
	__u32 page_class;	/* enum mmscope_class */
	__u32 clearing;		/* enum mmscope_clearing */
	__u64 pages;		/* frames of this owner in the block */
	__u64 first_pfn;	/* the first of them */
	__u64 owner;		/* inode, pid; 0: none, or it has only a name */
	__u64 owners;		/* records of this block */
	__u64 free_pages;	/* all of the block by enum mmscope_clearing */
	__u64 movable_pages;
	__u64 reclaimable_pages;
	__u64 huge_pages;
	__u64 unmovable_pages;
	__u64 hole_pages;
	char name[64];		/* slab cache, file, symbol of the caller, command of the pid */
};

/*
 * MMSCOPE_DS_FORECAST: huge pages of one size that a zone can give. Blocks are
 * aligned, wholly of the zone and without holes.
 */
struct mmscope_forecast {
	__u32 node;
	__u32 zone;
	__u32 order;		/* as in MMSCOPE_DS_BLOCKERS */
	__u32 __reserved;
	__u64 blocks;		/* all of them */
	__u64 free_blocks;	/* wholly on the free lists */
	__u64 now_blocks;	/* of these, what a process gets that does not wait: watermark
				 * and lowmem reserve of GFP_HIGHUSER_MOVABLE
				 */
	__u64 compacted_blocks;	/* free once the zone is compacted */
	__u64 reclaimed_blocks;	/* once clean page cache and slab with shrinkers are gone too */
	__u64 bound_blocks;	/* hold nothing that cannot be moved, freed or given up */
	__u64 huge_blocks;	/* hold huge pages in use */
	__u64 movable_pages;	/* that compaction would find */
	__u64 clean_pages;	/* of these, clean unmapped page cache */
	__u64 reclaimable_pages;	/* slab with shrinkers */
};

enum mmscope_vma_kind {
	MMSCOPE_VMA_ANON	= 0,	/* private anonymous */
	MMSCOPE_VMA_TEXT	= 1,	/* of the program */
	MMSCOPE_VMA_DATA	= 2,	/* of the program, read-write file map */
	MMSCOPE_VMA_RODATA	= 3,	/* of the program, read-only */
	MMSCOPE_VMA_BSS		= 4,
	MMSCOPE_VMA_HEAP	= 5,
	MMSCOPE_VMA_STACK	= 6,
	MMSCOPE_VMA_FILE	= 7,
	MMSCOPE_VMA_SHM		= 8,	/* shmem, SysV, memfd, shared anonymous */
	MMSCOPE_VMA_HUGETLB	= 9,
	MMSCOPE_VMA_VDSO	= 10,
	MMSCOPE_VMA_VVAR	= 11,
	MMSCOPE_VMA_DEVICE	= 12,	/* pfnmap, io, mixedmap */
	MMSCOPE_VMA_SPECIAL	= 13,
};

enum mmscope_perms {		/* flags */
	MMSCOPE_PERM_READ	= 1 << 0,
	MMSCOPE_PERM_WRITE	= 1 << 1,
	MMSCOPE_PERM_EXEC	= 1 << 2,
	MMSCOPE_PERM_SHARED	= 1 << 3,
	MMSCOPE_PERM_USER	= 1 << 4,	/* in page-table entries */
};

/* flags of a VMA; bits are ours, numbered as the list of VmFlags in proc(5) */
enum mmscope_vma_flags {
	MMSCOPE_VMA_F_READ	= 1 << 0,
	MMSCOPE_VMA_F_WRITE	= 1 << 1,
	MMSCOPE_VMA_F_EXEC	= 1 << 2,
	MMSCOPE_VMA_F_SHARED	= 1 << 3,
	MMSCOPE_VMA_F_MAYREAD	= 1 << 4,
	MMSCOPE_VMA_F_MAYWRITE	= 1 << 5,
	MMSCOPE_VMA_F_MAYEXEC	= 1 << 6,
	MMSCOPE_VMA_F_MAYSHARE	= 1 << 7,
	MMSCOPE_VMA_F_GROWSDOWN	= 1 << 8,
	MMSCOPE_VMA_F_PFNMAP	= 1 << 9,
	MMSCOPE_VMA_F_LOCKED	= 1 << 10,
	MMSCOPE_VMA_F_LOCKONFAULT = 1 << 11,
	MMSCOPE_VMA_F_IO	= 1 << 12,
	MMSCOPE_VMA_F_SEQ_READ	= 1 << 13,
	MMSCOPE_VMA_F_RAND_READ	= 1 << 14,
	MMSCOPE_VMA_F_DONTCOPY	= 1 << 15,
	MMSCOPE_VMA_F_DONTEXPAND = 1 << 16,
	MMSCOPE_VMA_F_ACCOUNT	= 1 << 17,
	MMSCOPE_VMA_F_NORESERVE	= 1 << 18,
	MMSCOPE_VMA_F_HUGETLB	= 1 << 19,
	MMSCOPE_VMA_F_SYNC	= 1 << 20,
	MMSCOPE_VMA_F_WIPEONFORK = 1 << 21,
	MMSCOPE_VMA_F_DONTDUMP	= 1 << 22,
	MMSCOPE_VMA_F_SOFTDIRTY	= 1 << 23,
	MMSCOPE_VMA_F_MIXEDMAP	= 1 << 24,
	MMSCOPE_VMA_F_HUGEPAGE	= 1 << 25,
	MMSCOPE_VMA_F_NOHUGEPAGE = 1 << 26,
	MMSCOPE_VMA_F_MERGEABLE	= 1 << 27,
	MMSCOPE_VMA_F_UFFD_MISSING = 1 << 28,
	MMSCOPE_VMA_F_UFFD_WP	= 1 << 29,
};

/* MMSCOPE_DS_VMAS: one VMA of a process (struct vm_area_struct) */
struct mmscope_vma {
	__u64 start;		/* vma->vm_start */
	__u64 end;		/* vma->vm_end */
	__u64 size_bytes;
	__u32 pid;
	__u32 kind;		/* enum mmscope_vma_kind */
	__u32 perms;		/* enum mmscope_perms */
	__u32 anon_vma;		/* 1: has an anon_vma, so it has or had private pages */
	__u64 flags;		/* enum mmscope_vma_flags, from vma->vm_flags */
	__u64 raw_flags;	/* vma->vm_flags as this kernel numbers them */
	__u64 offset_bytes;	/* vma->vm_pgoff of a file map */
	__u64 locked_bytes;	/* size if VM_LOCKED */
	__u64 page_size_bytes;	/* of a base page, or the huge page size of hugetlb */
	__u32 dev_major;
	__u32 dev_minor;
	__u64 inode;		/* 0: no file */
	__u32 name_cut;		/* 1: the name is longer, its beginning was cut */
	__u32 __reserved;
	char name[256];		/* path of the file, or [heap], [stack], [vdso] ... */
};

enum mmscope_level {
	MMSCOPE_LEVEL_PGD	= 0,
	MMSCOPE_LEVEL_P4D	= 1,
	MMSCOPE_LEVEL_PUD	= 2,
	MMSCOPE_LEVEL_PMD	= 3,
	MMSCOPE_LEVEL_PTE	= 4,
};

/*
 * MMSCOPE_DS_PAGETABLES: one level of a process's page tables, inside its VMAs.
 * Each entry of the tables that were met is in exactly one of present leaf,
 * table, swap, migration, other or none.
 */
struct mmscope_pagetable {
	__u32 pid;
	__u32 level;		/* enum mmscope_level; folded levels have no record */
	__u64 tables;		/* table pages met at this level */
	__u64 table_bytes;	/* their memory */
	__u64 entries_possible;	/* tables * entries in a table */
	__u64 entries_used;	/* entries that are not none */
	__u64 leaf_present;	/* map a page of leaf_size_bytes */
	__u64 leaf_size_bytes;	/* where pages have 4K: that at pte, 2M at pmd, 1G at pud;
				 * 0: no leaves at this level
				 */
	__u64 leaf_bytes;	/* leaf_present * leaf_size_bytes */
	__u64 swap;		/* swap entries */
	__u64 migration;	/* migration entries */
	__u64 other;		/* device, hwpoison, marker entries */
	__u64 mm_pgtables_bytes; /* mm->pgtables_bytes: pte+pmd+pud as VmPTE, whole process */
};

enum mmscope_mapping_kind {
	MMSCOPE_MAPPING_PAGE	  = 0,	/* present, has a struct page */
	MMSCOPE_MAPPING_ZERO	  = 1,	/* present, zero page or huge zero page */
	MMSCOPE_MAPPING_PFNMAP	  = 2,	/* present, no struct page: device memory, vvar */
	MMSCOPE_MAPPING_SWAP	  = 3,
	MMSCOPE_MAPPING_MIGRATION = 4,
	MMSCOPE_MAPPING_DEVICE	  = 5,	/* device private or exclusive entry */
	MMSCOPE_MAPPING_HWPOISON  = 6,
	MMSCOPE_MAPPING_MARKER	  = 7,	/* pte marker: uffd-wp, poisoned, guard */
	MMSCOPE_MAPPING_UNKNOWN	  = 8,
	MMSCOPE_MAPPING_TABLE	  = 9,	/* leads to the next level; in ptes only */
};

enum mmscope_entry_flags {	/* of page-table entries, normalised */
	MMSCOPE_ENTRY_PRESENT	 = 1 << 0,
	MMSCOPE_ENTRY_WRITE	 = 1 << 1,
	MMSCOPE_ENTRY_USER	 = 1 << 2,
	MMSCOPE_ENTRY_EXEC	 = 1 << 3,
	MMSCOPE_ENTRY_ACCESSED	 = 1 << 4,
	MMSCOPE_ENTRY_DIRTY	 = 1 << 5,
	MMSCOPE_ENTRY_GLOBAL	 = 1 << 6,
	MMSCOPE_ENTRY_LEAF	 = 1 << 7,	/* maps a page, not a table */
	MMSCOPE_ENTRY_SOFT_DIRTY = 1 << 8,
	MMSCOPE_ENTRY_UFFD_WP	 = 1 << 9,
	MMSCOPE_ENTRY_SPECIAL	 = 1 << 10,
	MMSCOPE_ENTRY_PROTNONE	 = 1 << 11,	/* PROT_NONE or NUMA hint */
	/* from here on in ptes only */
	MMSCOPE_ENTRY_SAVED_DIRTY = 1 << 12,	/* written, but must not look like shadow stack */
	MMSCOPE_ENTRY_SHADOW_STACK = 1 << 13,
	MMSCOPE_ENTRY_READABLE	 = 1 << 14,	/* migration, device: of a page mapped read-only */
	MMSCOPE_ENTRY_WRITABLE	 = 1 << 15,	/* migration, device: of a page mapped writable */
	MMSCOPE_ENTRY_EXCLUSIVE	 = 1 << 16,	/* swap, migration: of no other process; device:
						 * lent to it alone
						 */
	MMSCOPE_ENTRY_PRIVATE	 = 1 << 17,	/* device: memory that only the device reaches */
	MMSCOPE_ENTRY_POISONED	 = 1 << 18,	/* marker: access is SIGBUS */
	MMSCOPE_ENTRY_GUARD	 = 1 << 19,	/* marker: access is SIGSEGV */
	MMSCOPE_ENTRY_CONTIGUOUS = 1 << 20,	/* arm64: one of a run for one entry of the TLB */
};

/*
 * MMSCOPE_DS_MAPPINGS: a run of leaf entries of a process, virtually and (when
 * present) physically contiguous, with the same kind, page size and flags.
 */
struct mmscope_mapping {
	__u64 start;
	__u64 end;
	__u64 pfn;		/* of start; MMSCOPE_UNKNOWN when not present */
	__u64 pages;		/* base pages in the run */
	__u64 page_size_bytes;	/* of one leaf entry */
	__u64 flags;		/* enum mmscope_entry_flags */
	__u32 pid;
	__u32 kind;		/* enum mmscope_mapping_kind */
	__u32 swap_type;	/* swap entries: index of the swap area */
	__u32 __reserved;
	__u64 swap_offset;	/* swap entries: slot of start */
};

/* what a page's address says of caching; the CPU's MTRRs may say less */
enum mmscope_cache_mode {	/* the numbers that the PAT of x86 has for them */
	MMSCOPE_CACHE_UC	= 0,	/* uncached */
	MMSCOPE_CACHE_WC	= 1,	/* write combining; arm64: normal, non-cacheable */
	MMSCOPE_CACHE_DEVICE	= 2,	/* arm64: of one of the types for device registers */
	MMSCOPE_CACHE_TAGGED	= 3,	/* arm64: write back, with tags (MTE) */
	MMSCOPE_CACHE_WT	= 4,	/* write through */
	MMSCOPE_CACHE_WP	= 5,	/* write protected */
	MMSCOPE_CACHE_WB	= 6,	/* write back: ordinary memory */
	MMSCOPE_CACHE_UC_MINUS	= 7,	/* uncached, unless an MTRR says write combining */
};

/*
 * MMSCOPE_DS_PTES: one entry of a process's page tables that is not none, at any
 * level, in ascending order, a table before what it holds. Entries outside of VMAs
 * are not shown. An entry that the range asked for cuts is shown whole.
 */
struct mmscope_pte {
	__u64 addr;		/* first address that the entry maps */
	__u64 end;		/* first one beyond */
	__u64 raw;		/* as it stands in memory */
	__u64 pfn;		/* frame, present or migrated; TABLE: of the next table */
	__u64 table_pfn;	/* frame of the table it is in */
	__u64 flags;		/* enum mmscope_entry_flags */
	__u64 page_size_bytes;	/* of leaves; 0 of tables */
	__u64 swap_offset;	/* SWAP: slot */
	__u32 swap_type;	/* SWAP: index of the swap area */
	__u32 pid;
	__u32 level;		/* enum mmscope_level */
	__u32 index;		/* of the entry in its table */
	__u32 kind;		/* enum mmscope_mapping_kind */
	__u32 pkey;		/* present leaves: protection key; UNKNOWN32: none here */
	__u32 cache_index;	/* present leaves: into the PAT; UNKNOWN32 likewise */
	__u32 cache_mode;	/* enum mmscope_cache_mode, of the PAT; UNKNOWN32 likewise */
};

/* MMSCOPE_DS_ADDRESS_SPACE: the marks of an address space (struct mm_struct), one record */
struct mmscope_process_layout {
	__u32 pid;
	__u32 levels;		/* of its page tables */
	__u64 start_code;	/* of the program's executable segment */
	__u64 end_code;
	__u64 start_data;
	__u64 end_data;
	__u64 start_brk;	/* of the heap */
	__u64 brk;		/* its end */
	__u64 mmap_base;	/* where mmap() begins to look for room, downwards mostly */
	__u64 start_stack;
	__u64 arg_start;
	__u64 arg_end;
	__u64 env_start;
	__u64 env_end;
	__u64 task_size;	/* first address beyond what may be mapped */
	__u64 total_bytes;	/* mm->total_vm */
	__u64 stack_limit_bytes;	/* soft RLIMIT_STACK; UNKNOWN: there is none */
	__u64 stack_gap_bytes;	/* kept free below a stack that grows; UNKNOWN: not told */
};

/*
 * What becomes of an aligned block of the size of a huge page (of a PMD entry)
 * within a VMA: the first of these that holds, in this order. The rules are those
 * of khugepaged; a page fault may do more, madvise(MADV_COLLAPSE) too.
 */
enum mmscope_thp_reason {
	MMSCOPE_THP_HUGE	= 0,	/* a PMD entry maps it; of a VMA: nothing forbids it */
	MMSCOPE_THP_OFF_PROCESS	= 1,	/* prctl(PR_SET_THP_DISABLE) */
	MMSCOPE_THP_OFF_VMA	= 2,	/* madvise(MADV_NOHUGEPAGE) */
	MMSCOPE_THP_KIND	= 3,	/* hugetlb, device memory, files other than shmem ... */
	MMSCOPE_THP_MISPLACED	= 4,	/* none fits: too small, or the file is shifted */
	MMSCOPE_THP_POLICY	= 5,	/* not switched on, or only for MADV_HUGEPAGE */
	MMSCOPE_THP_EMPTY	= 6,	/* nothing is mapped there yet, but for zero pages */
	MMSCOPE_THP_SPARSE	= 7,	/* more than max_ptes_none are not mapped */
	MMSCOPE_THP_SWAPPED	= 8,	/* more than max_ptes_swap are in swap */
	MMSCOPE_THP_SHARED	= 9,	/* more than max_ptes_shared are mapped elsewhere too */
	MMSCOPE_THP_PAGES	= 10,	/* must stay: pinned, off the LRU, userfaultfd's, moving */
	MMSCOPE_THP_READONLY	= 11,	/* no page is writable */
	MMSCOPE_THP_IDLE	= 12,	/* too few were accessed lately */
	MMSCOPE_THP_NO_BLOCK	= 13,	/* nothing forbids it, but no free block is so large */
	MMSCOPE_THP_WAITING	= 14,	/* nothing forbids it: it was not tried yet */
};

#define MMSCOPE_NR_THP_REASONS	15
#define MMSCOPE_NR_FOLIO_ORDERS	10

/*
 * MMSCOPE_DS_THP: huge pages of one VMA: those it has, and why it has no more.
 * Which pages of a huge page hold zeros alone is not told: it would take reading
 * them.
 */
struct mmscope_thp {
	__u64 start;
	__u64 end;
	__u32 pid;
	__u32 scope;		/* enum mmscope_scope */
	__u32 kind;		/* enum mmscope_vma_kind; UNKNOWN32 in the total */
	__u32 reason;		/* enum mmscope_thp_reason up to POLICY: what forbids huge pages
				 * in this VMA, HUGE: nothing; UNKNOWN32 in the total
				 */
	__u32 registered;	/* 1: khugepaged visits the process (MMF_VM_HUGEPAGE) */
	__u32 scanning;		/* 1: it does so now (khugepaged_scan.mm_slot) */
	__u64 vmas;
	__u64 anon_huge_bytes;	/* mapped by PMD entries */
	__u64 shmem_huge_bytes;
	__u64 file_huge_bytes;
	__u64 partial_folios;	/* huge pages mapped by PTEs, not all of their pages */
	__u64 partial_pages;	/* what of them is mapped */
	/* mapped by PTEs, by the order of the folio they are of; the last: 9 and more */
	__u64 pte_pages[MMSCOPE_NR_FOLIO_ORDERS];
	__u64 blocks;		/* aligned blocks within the VMA */
	__u64 block[MMSCOPE_NR_THP_REASONS];	/* these, each in one enum mmscope_thp_reason */
};

enum mmscope_contiguity_kind {
	MMSCOPE_CONTIGUITY_VMA	 = 0,
	MMSCOPE_CONTIGUITY_TOTAL = 1,	/* all VMAs of the range asked for; the last record */
};

/* how memory could be covered by TLB entries that each take in many pages */
enum mmscope_scheme {
	MMSCOPE_SCHEME_VMA	= 0,
	MMSCOPE_SCHEME_VIRTUAL	= 1,
	MMSCOPE_SCHEME_RANGE	= 2,
	MMSCOPE_SCHEME_ANCHOR	= 3,
	MMSCOPE_SCHEME_OFFSET	= 4,
	MMSCOPE_NR_SCHEMES	= 5,
};

#define MMSCOPE_NR_RUN_ORDERS	32
#define MMSCOPE_OFFSETS_MAX	8192	/* in one VMA, for MMSCOPE_SCHEME_OFFSET */

/*
 * MMSCOPE_DS_CONTIGUITY: how contiguous the memory of a VMA or of a process is, and
 * what its page tables hold, in one pass over them.
 *
 * The footprint is what is present, PROT_NONE and zero pages too, in base pages:
 * whether leaf entries are huge plays no part in the schemes. VMAs that map bare
 * frames (VM_PFNMAP) are not in it, as /proc/PID/pagemap does not show them. No
 * entry of a scheme covers pages of two VMAs. A page p of the footprint has the
 * virtual page number v(p) and the frame f(p).
 *
 * vma:     an entry for each VMA that has a page in the footprint; it covers them all
 *          (direct segments).
 * virtual: an entry for each longest run of pages with v, v + 1, v + 2, ...
 * range:   an entry for each longest run with v, v + 1, ... and f, f + 1, ...
 *          (redundant memory mappings).
 * anchor:  for a distance d each virtual page number that d divides is an anchor. If
 *          its page is in the footprint, one entry covers it and those that follow it
 *          in its run as of `range`, up to d pages. Each page that is not covered so
 *          has an entry of its own. d is that of 2, 4, ... 65536 with the fewest
 *          entries, of several the smallest (hybrid TLB coalescing); for the total
 *          there is one d.
 * offset:  an entry for each value of v - f in a VMA; it covers all the pages with it
 *          (SpOT). Unknown if a VMA has more than MMSCOPE_OFFSETS_MAX values.
 *
 * Unknown also: a scheme with more than 16384 entries that cover more than 4096 pages.
 *
 * Arrays by scheme: the best n entries are those that cover most pages. n80 is the
 * least number of best entries that cover at least 80 % of the footprint.
 *
 * Blocks are those of a PMD entry (2M), aligned, and all of them inside the VMA:
 * mapped_pages = (huge + aligned + misaligned + scattered) * pages of a block +
 * partial_pages + edge_pages.
 */
struct mmscope_contiguity {
	__u32 pid;
	__u32 kind;		/* enum mmscope_contiguity_kind */
	__u64 start;		/* of the VMA within the range asked for; total: of the first */
	__u64 end;
	__u64 vmas;
	__u64 virtual_bytes;
	__u64 mapped_pages;	/* the footprint */
	__u64 pte_leaves;	/* of the footprint, leaf entries by level */
	__u64 pmd_leaves;
	__u64 pud_leaves;
	__u64 zero_pages;	/* of the footprint, zero and huge zero pages */
	__u64 frameless_pages;	/* of the footprint, neither zero nor on a node */
	__u64 swapped_pages;
	__u64 pfnmap_pages;	/* present pages of VM_PFNMAP VMAs */
	__u64 other_pages;	/* migration, device, hwpoison and marker entries */
	__u64 huge_blocks;	/* mapped by leaf entries of a block or more */
	__u64 aligned_blocks;	/* all small pages, with the frames of one aligned block */
	__u64 misaligned_blocks; /* all small pages, frames follow each other, not aligned */
	__u64 scattered_blocks;	/* all small pages, frames do not follow each other */
	__u64 partial_blocks;	/* some small pages */
	__u64 partial_pages;	/* in these */
	__u64 edge_pages;	/* in blocks that reach beyond the VMA */
	__u64 anchor_pages;	/* the distance d of the anchors */
	__u64 entries[MMSCOPE_NR_SCHEMES];	/* that cover the whole footprint */
	__u64 n80[MMSCOPE_NR_SCHEMES];
	__u64 n90[MMSCOPE_NR_SCHEMES];
	__u64 n99[MMSCOPE_NR_SCHEMES];
	__u64 pages32[MMSCOPE_NR_SCHEMES];	/* that the best 32 entries cover */
	__u64 pages64[MMSCOPE_NR_SCHEMES];
	__u64 pages128[MMSCOPE_NR_SCHEMES];
	__u64 pages256[MMSCOPE_NR_SCHEMES];
	__u64 virtual_runs[MMSCOPE_NR_RUN_ORDERS]; /* pages in runs of 2^i to 2^(i+1) - 1 */
	__u64 range_runs[MMSCOPE_NR_RUN_ORDERS];   /* likewise; the last: and longer */
	__u64 node_pages[MMSCOPE_NR_NODES];	/* of the footprint, without zero pages */
};

/*
 * MMSCOPE_DS_PROCESSES: one process (thread group) that has an address space,
 * seen from the pid namespace of the reader. Kernel threads have none, zombies
 * none any more. Numbers of an execve() under way are UNKNOWN. Processes that
 * share an address space (CLONE_VM, vfork) each show all of it.
 *
 * rss_* and swap are what /proc/PID/status shows: exact since 6.2, where the parts
 * of all CPUs are summed up. On 6.1 each thread keeps the last changes to itself
 * until it has faulted 64 times: its pages may be missing for so long.
 */
struct mmscope_process {
	__u32 pid;
	__u32 ppid;		/* task->real_parent */
	__u32 uid;		/* effective, of the initial user namespace */
	__u32 threads;		/* signal->nr_threads */
	char comm[16];
	__u64 vm_bytes;		/* mm->total_vm */
	__u64 rss_bytes;	/* the sum of the next three; hugetlb pages are not in it */
	__u64 rss_anon_bytes;	/* mm->rss_stat[]: pages mapped */
	__u64 rss_file_bytes;
	__u64 rss_shmem_bytes;
	__u64 swap_bytes;	/* mm->rss_stat[MM_SWAPENTS]: entries, each a page */
	__u64 pagetable_bytes;	/* mm->pgtables_bytes */
	__u64 hugetlb_bytes;	/* mm->hugetlb_usage */
	__u64 locked_bytes;	/* mm->locked_vm: mlock()ed, whether there or not */
	__u64 pinned_bytes;	/* mm->pinned_vm: as drivers charged it */
	__u64 peak_rss_bytes;	/* mm->hiwater_rss, or rss_bytes if it is larger */
	__u64 minor_faults;	/* of all threads, also of those that have exited */
	__u64 major_faults;
	__u64 oom_score_adj;	/* signed; signal->oom_score_adj */
	__u64 oom_score;	/* as /proc/PID/oom_score: 667 plus two thirds of the permille of
				 * RAM and swap that it has, adjusted; 0: not to be killed
				 */
};

enum mmscope_oom_spared {	/* why the OOM killer would not take a process */
	MMSCOPE_OOM_NOT_SPARED	= 0,
	MMSCOPE_OOM_VICTIM	= 1,	/* killed already; nobody else is until it has died */
	MMSCOPE_OOM_ADJ		= 2,	/* oom_score_adj is -1000 */
	MMSCOPE_OOM_SKIP	= 3,	/* MMF_OOM_SKIP: taken back already, or init shares it */
	MMSCOPE_OOM_VFORK	= 4,	/* in its parent's memory, until it calls execve() */
	MMSCOPE_OOM_NO_MM	= 5,	/* exited: no thread has an address space any more */
	MMSCOPE_OOM_INIT	= 6,	/* pid 1 */
	MMSCOPE_OOM_KTHREAD	= 7,
};

enum mmscope_oom_flags {
	MMSCOPE_OOM_ORIGIN	= 1 << 0,	/* taken first: it runs swapoff, or stops KSM */
	MMSCOPE_OOM_TORN	= 1 << 1,	/* its address space changed while it was read */
};

/*
 * MMSCOPE_DS_OOM_RANK: a process as the OOM killer would look at it now, worst
 * first, then those that it spares. The points are those of oom_badness(), in
 * pages. With the filter `memcg` the ranking is that of an OOM in this cgroup: of
 * its processes and those below it, against its limit; without, that of the whole
 * machine for an allocation that may use all its nodes. Of equal points who was
 * started last is taken, in a cgroup the kernel may choose another one of these.
 * The first 32768 at least are shown, `processes` says how many there are.
 */
struct mmscope_oom_rank {
	__u32 rank;		/* 1: the next to be killed; 0: spared */
	__u32 pid;
	__u32 uid;		/* effective, of the initial user namespace */
	__u32 spared;		/* enum mmscope_oom_spared */
	char comm[16];
	__u64 points;		/* signed; the sum of the next four; UNKNOWN_SIGNED: no memory */
	__u64 rss_pages;	/* mm->rss_stat[]; hugetlb pages are not in it */
	__u64 swap_pages;	/* mm->rss_stat[MM_SWAPENTS] */
	__u64 pagetable_pages;	/* mm->pgtables_bytes */
	__u64 adj_pages;	/* signed; oom_score_adj * (scope_pages / 1000) */
	__u64 oom_score_adj;	/* signed; signal->oom_score_adj */
	__u64 oom_score;	/* as /proc/PID/oom_score, always against the whole machine */
	__u64 rss_anon_pages;	/* parts of rss_pages */
	__u64 rss_file_pages;
	__u64 rss_shmem_pages;
	__u64 memcg;		/* inode of the memory cgroup it is in, 0: none */
	__u64 group_memcg;	/* inode of the cgroup that is killed as a whole with it
				 * (memory.oom.group); 0: it dies alone
				 */
	__u64 scope_memcg;	/* whose OOM this ranking is of; 0: the machine's */
	__u64 scope_pages;	/* RAM and swap, or what the cgroup may use of them:
				 * mem_cgroup_get_max()
				 */
	__u64 started_ns;	/* task->start_boottime: since boot */
	__u64 processes;	/* in this ranking, also those not shown */
	__u64 snapshot;		/* of the OOM recorder, 0: it is about now */
	__u32 flags;		/* enum mmscope_oom_flags */
	__u32 __reserved;
};

/*
 * The OOM recorder. MMSCOPE_IOC_OOM arms and disarms it; while it is armed a
 * snapshot is taken each time the OOM killer takes a process: for the machine
 * before it chooses, for a memory cgroup when it has chosen. Memory for two is
 * set aside when it is armed, nothing is allocated later. The last snapshot is
 * kept until the recorder is armed again or the module is unloaded. It has one
 * record in OOM_LAST, which there is always, and records in OOM_LAST_ZONES,
 * OOM_LAST_RANK (struct mmscope_oom_rank) and OOM_LAST_SLABS. Records that belong
 * together have the same number in `snapshot`.
 */
enum mmscope_oom_kind {
	MMSCOPE_OOM_NOTHING	= 0,	/* no snapshot yet */
	MMSCOPE_OOM_MACHINE	= 1,
	MMSCOPE_OOM_MEMCG	= 2,	/* a memory cgroup was at its limit */
};

enum mmscope_oom_state {		/* flags */
	MMSCOPE_OOM_ARMED	= 1 << 0,
	MMSCOPE_OOM_NO_SLABS	= 1 << 1,	/* somebody held slab_mutex: no OOM_LAST_SLABS */
	MMSCOPE_OOM_RANK_CUT	= 1 << 2,	/* not all processes could be looked at there */
	MMSCOPE_OOM_REWRITTEN	= 1 << 3,	/* it may be of several: they came too fast */
};

/* MMSCOPE_DS_OOM_LAST: the last snapshot of the OOM recorder */
struct mmscope_oom_last {
	__u32 kind;		/* enum mmscope_oom_kind */
	__u32 state;		/* enum mmscope_oom_state */
	__u64 snapshot;		/* its number: snapshots since the recorder was armed, 0: none */
	__u64 ooms;		/* since then: times that the machine was out of memory, also those
				 * that killed nobody because somebody was dying already
				 */
	__u64 kills;		/* since then: processes taken (mark_victim) */
	__u64 missed;		/* since then: calls that found the recorder busy, so no snapshot */
	__u64 taken_ns;		/* CLOCK_BOOTTIME */
	__u64 took_ns;		/* as long as it took to take it */
	/* who asked for memory */
	char comm[16];
	__u32 pid;		/* of the initial pid namespace */
	__u32 order;		/* of its last direct reclaim, which comes before an OOM of the
				 * machine; UNKNOWN32: not seen; always for a cgroup
				 */
	__u64 gfp;		/* likewise; enum mmscope_gfp */
	__u64 oom_score_adj;	/* signed */
	__u64 scope_memcg;	/* the cgroup that was out of memory, 0: the machine. No place where
				 * a probe can be tells it: of those that both who asked and the
				 * victim are in, it is the one with the least left
				 */
	__u64 scope_pages;	/* what the machine or the cgroup may use, RAM and swap */
	__u64 scope_used_pages;	/* cgroup: memcg->memory; machine: UNKNOWN */
	/* who was killed */
	char victim_comm[16];
	__u32 victim_pid;	/* of the process, initial pid namespace */
	__u32 victim_uid;	/* as the kernel's log has it: real */
	__u32 victim_rank;	/* in OOM_LAST_RANK; 0: not in it */
	__u32 victims;		/* more than 1: memory.oom.group, all of the cgroup */
	__u64 victim_points;	/* signed; as struct mmscope_oom_rank */
	__u64 victim_rss_pages;
	__u64 victim_anon_pages;
	__u64 victim_file_pages;
	__u64 victim_shmem_pages;
	__u64 victim_swap_pages;
	__u64 victim_pagetable_pages;
	__u64 victim_adj;	/* signed; oom_score_adj */
	__u64 victim_memcg;
	/* events since boot, vm_event_states, summed over CPUs without folding */
	__u64 pgfault;
	__u64 pgmajfault;
	__u64 allocstall;	/* of all zones: direct reclaim */
	__u64 pgscan_kswapd;
	__u64 pgscan_direct;
	__u64 pgsteal_kswapd;
	__u64 pgsteal_direct;
	__u64 pswpin;
	__u64 pswpout;
	__u64 compact_stall;
	__u64 compact_fail;
	__u64 oom_kill;		/* for a cgroup this victim is counted already */
	/* the accounting: sums over all nodes and zones, not a sweep of the frames */
	__u64 free_swap_pages;	/* nr_swap_pages */
	__u64 zone_stat[MMSCOPE_NR_ZONE_STATS];	/* zone->vm_stat[] */
	__u64 node_stat[MMSCOPE_NR_NODE_STATS];	/* pgdat->vm_stat[] */
};

enum mmscope_kswapd {
	MMSCOPE_KSWAPD_NONE	= 0,	/* the node has none */
	MMSCOPE_KSWAPD_ASLEEP	= 1,	/* waits on pgdat->kswapd_wait */
	MMSCOPE_KSWAPD_AWAKE	= 2,
};

/* MMSCOPE_DS_OOM_LAST_ZONES: one populated zone in the snapshot */
struct mmscope_oom_zone {
	__u64 snapshot;
	__u32 node;
	__u32 zone;
	__u64 present_pages;	/* as struct mmscope_zone */
	__u64 managed_pages;
	__u64 free_pages;
	__u64 watermark_min;
	__u64 watermark_low;
	__u64 watermark_high;
	__u64 watermark_boost;
	__u64 above_min;	/* signed */
	__u64 above_low;	/* signed */
	__u64 above_high;	/* signed */
	__u64 highatomic_reserved_pages;
	__u64 free_blocks[MMSCOPE_NR_ORDERS];	/* free_area[order].nr_free */
	__u64 stat[MMSCOPE_NR_ZONE_STATS];
	__u32 kswapd;		/* enum mmscope_kswapd, of its node */
	__u32 kswapd_failures;	/* pgdat->kswapd_failures */
	__u32 kswapd_order;	/* pgdat->kswapd_order: it is asked for */
	__u32 __reserved;
};

/* MMSCOPE_DS_OOM_LAST_SLABS: a slab cache in the snapshot, the largest first */
struct mmscope_oom_slab {
	__u64 snapshot;
	char name[64];
	__u64 memory_bytes;	/* as struct mmscope_slab_cache */
	__u64 slabs;
	__u64 total_objects;
};

/* which kind of record of MMSCOPE_DS_PT_PLACEMENT */
enum mmscope_pt_scope {
	MMSCOPE_PT_TABLES	= 0,	/* tables of one level on one node */
	MMSCOPE_PT_TOTAL	= 1,	/* the sums of all of them, the last record */
};

#define MMSCOPE_NR_OCCUPANCIES	11

/*
 * MMSCOPE_DS_PT_PLACEMENT: page tables of a process by level and by the node they
 * lie on, inside its VMAs. A leaf entry maps a page: at pte level, at pmd and pud
 * level a huge one.
 */
struct mmscope_pt_placement {
	__u32 pid;
	__u32 scope;		/* enum mmscope_pt_scope */
	__u32 level;		/* enum mmscope_level; UNKNOWN32 in the total */
	__u32 node;		/* of the tables; UNKNOWN32 in the total */
	__u64 tables;
	__u64 table_bytes;
	__u64 entries_used;	/* entries that are not none; at pgd of the user half only */
	__u64 entries_possible;
	__u64 empty_tables;	/* without any entry in use */
	__u64 leaf_entries;
	__u64 leaf_bytes;	/* what they map */
	__u64 leaf_same_node;	/* leaf entries to frames on the table's own node */
	__u64 leaf_other_node;	/* to frames on another one */
	__u64 leaf_no_node;	/* to zero pages and to frames without struct page */
	__u64 mm_pgtables_bytes; /* total: mm->pgtables_bytes, as VmPTE; else UNKNOWN */
	__u64 spare_bytes;	/* total: of these, not met as tables of pte, pmd or pud: PTE
				 * tables kept for splitting huge pages; else UNKNOWN
				 */
	/* tables by entries in use: 0, 1, 2, 3-4, 5-8, 9-16, .. 257-512 (and all above) */
	__u64 occupancy[MMSCOPE_NR_OCCUPANCIES];
	/* leaf entries in tables that are remote to CPUs of this node */
	__u64 remote_leaf[MMSCOPE_NR_NODES];
};

enum mmscope_scope {
	MMSCOPE_SCOPE_VMA	= 0,	/* one VMA, or the part of it in the range asked for */
	MMSCOPE_SCOPE_TOTAL	= 1,	/* the sums of all of them, the last record */
};

/*
 * MMSCOPE_DS_USAGE: what one VMA has in memory and in swap, and how much of it
 * is shared; what /proc/PID/smaps tells, and more. All are bytes. `pss` counts
 * each page by its part: divided by the number of mappings it has. Pages that
 * are being migrated are in migration_bytes and nowhere else (smaps counts them
 * as resident).
 */
struct mmscope_usage {
	__u64 start;
	__u64 end;
	__u32 pid;
	__u32 scope;		/* enum mmscope_scope */
	__u32 kind;		/* enum mmscope_vma_kind; UNKNOWN32 in the total */
	__u32 vmas;		/* 1; how many in the total */
	__u64 size_bytes;
	__u64 rss_bytes;	/* present pages, without hugetlb and zero pages:
				 * anon_bytes + file_bytes + shmem_bytes
				 */
	__u64 pss_bytes;
	__u64 pss_dirty_bytes;
	__u64 pss_anon_bytes;
	__u64 pss_file_bytes;
	__u64 pss_shmem_bytes;
	__u64 shared_clean_bytes;	/* mapped more than once; dirty: entry or PG_dirty */
	__u64 shared_dirty_bytes;
	__u64 private_clean_bytes;
	__u64 private_dirty_bytes;
	__u64 referenced_bytes;	/* accessed: entry, PG_young or PG_referenced */
	__u64 anon_bytes;	/* page->mapping */
	__u64 file_bytes;
	__u64 shmem_bytes;	/* PG_swapbacked, not anonymous */
	__u64 ksm_bytes;	/* of anon_bytes, merged */
	__u64 lazyfree_bytes;	/* of anon_bytes, given up by MADV_FREE and not written since */
	__u64 anon_huge_bytes;	/* mapped by PMD entries */
	__u64 shmem_huge_bytes;
	__u64 file_huge_bytes;
	__u64 shared_hugetlb_bytes;	/* not in rss_bytes */
	__u64 private_hugetlb_bytes;
	__u64 zero_bytes;	/* mapped to the zero pages; no memory */
	__u64 swap_bytes;	/* swap entries, and of shmem what the object has in swap */
	__u64 swap_pss_bytes;	/* swap entries by their part; UNKNOWN: a slot is shared by
				 * more than 62, or swap_map cannot be read
				 */
	__u64 migration_bytes;
	__u64 locked_bytes;	/* pss_bytes of locked VMAs */
};

/* where new pages are to lie: the kernel's MPOL_* modes */
enum mmscope_policy {
	MMSCOPE_POLICY_DEFAULT	   = 0,	/* on the node of the CPU that runs the task */
	MMSCOPE_POLICY_PREFER	   = 1,
	MMSCOPE_POLICY_BIND	   = 2,
	MMSCOPE_POLICY_INTERLEAVE  = 3,
	MMSCOPE_POLICY_LOCAL	   = 4,	/* as DEFAULT, but asked for */
	MMSCOPE_POLICY_PREFER_MANY = 5,
	MMSCOPE_POLICY_WEIGHTED	   = 6,	/* interleaved by weights; since 6.9 */
};

#define MMSCOPE_NR_POLICIES	7

/* the first that has a policy gives it */
enum mmscope_policy_source {
	MMSCOPE_POLICY_OF_NONE	 = 0,	/* nobody has one: DEFAULT */
	MMSCOPE_POLICY_OF_VMA	 = 1,	/* vma->vm_policy, of mbind() */
	MMSCOPE_POLICY_OF_OBJECT = 2,	/* of the shmem object, instead of the VMA: mbind() of
					 * any who map it, or the mount option mpol
					 */
	MMSCOPE_POLICY_OF_TASK	 = 3,	/* task->mempolicy of the thread asked for */
};

enum mmscope_policy_flags {	/* the kernel's MPOL_F_* mode flags */
	MMSCOPE_POLICY_BALANCING = 1 << 13,	/* NUMA balancing may move pages within it */
	MMSCOPE_POLICY_RELATIVE	 = 1 << 14,	/* nodes are counted within the cpuset's */
	MMSCOPE_POLICY_STATIC	 = 1 << 15,	/* nodes stay when the cpuset's change */
};

/*
 * MMSCOPE_DS_NUMA: on which nodes the pages of one VMA lie, and the policy that
 * says where they should. All base pages, also those of hugetlb, where
 * /proc/PID/numa_maps counts a huge page as one; pages that are reserved (of the
 * vdso) are not in numa_maps. The policy is that of `start`: a shmem object may have
 * others further on. Policies name nodes but for DEFAULT and LOCAL; the share of
 * remote pages is remote_pages / sum of policy_pages of the others.
 */
struct mmscope_numa {
	__u64 start;
	__u64 end;
	__u32 pid;
	__u32 scope;		/* enum mmscope_scope */
	__u32 kind;		/* enum mmscope_vma_kind; UNKNOWN32 in the total */
	__u32 policy;		/* enum mmscope_policy; of the total: the task's, likewise: */
	__u32 policy_source;	/* enum mmscope_policy_source */
	__u32 policy_flags;	/* enum mmscope_policy_flags */
	__u64 policy_nodes;	/* mask of the nodes that it names, 0: none */
	__u64 page_size_bytes;	/* vma_kernel_pagesize(); UNKNOWN in the total */
	__u64 vmas;
	__u64 pages;		/* the sum of node_pages */
	__u64 remote_pages;	/* of pages: not on a node that the policy names, if it does */
	__u64 nodeless_pages;	/* present, but zero pages, bare frames or without struct page */
	__u64 migration_pages;
	__u64 policy_pages[MMSCOPE_NR_POLICIES]; /* pages by the policy of their VMA */
	__u64 node_pages[MMSCOPE_NR_NODES];
};

/* what pages of the page cache are of */
enum mmscope_cached_kind {
	MMSCOPE_CACHED_FILE	= 0,	/* a file of a file system */
	MMSCOPE_CACHED_SHMEM	= 1,	/* tmpfs, memfd, shared memory */
	MMSCOPE_CACHED_BLOCK	= 2,	/* a block device: Buffers of /proc/meminfo */
	MMSCOPE_CACHED_SWAP	= 3,	/* all of the swap cache, one record */
	MMSCOPE_CACHED_HUGETLB	= 4,	/* a file of hugetlbfs: not in Cached of /proc/meminfo */
	MMSCOPE_CACHED_REMOVED	= 5,	/* cut off their file and still in use, one record; not in
					 * Cached of /proc/meminfo either
					 */
	MMSCOPE_CACHED_OTHERS	= 6,	/* of files there was no room for, one record */
};

enum mmscope_cached_flags {
	MMSCOPE_CACHED_UNLINKED	= 1 << 0,	/* no directory names it any more, or ever did */
	MMSCOPE_CACHED_LEFT	= 1 << 1,	/* it left memory meanwhile: no path */
	MMSCOPE_CACHED_UNBACKED	= 1 << 2,	/* its file system writes nothing back (tmpfs,
						 * ramfs): its dirty pages are not in Dirty of
						 * /proc/meminfo
						 */
};

/*
 * MMSCOPE_DS_PAGE_CACHE: one inode with cached pages, those with most first, from one
 * sweep over the page frames: no file system is asked, nothing is locked. The pages of
 * all records but HUGETLB and REMOVED are what the kernel counts as NR_FILE_PAGES:
 * Cached, Buffers and SwapCached of /proc/meminfo.
 */
struct mmscope_page_cache {
	__u64 inode;		/* inode->i_ino; 0: of no single file */
	__u32 dev_major;	/* sb->s_dev, of the file system; BLOCK: of the device itself */
	__u32 dev_minor;
	__u32 kind;		/* enum mmscope_cached_kind */
	__u32 flags;		/* enum mmscope_cached_flags */
	__u64 cached_pages;	/* page->mapping is the inode's */
	__u64 dirty_pages;	/* of these, PG_dirty */
	__u64 writeback_pages;	/* PG_writeback */
	__u64 mapped_pages;	/* mapped by some page table */
	__u64 large_pages;	/* in folios of more than one page */
	__u64 active_pages;	/* PG_active; MGLRU: of the two youngest generations */
	__u64 inactive_pages;	/* on another list of pages to be reclaimed */
	__u64 unevictable_pages; /* PG_unevictable */
	__u64 size_bytes;	/* inode->i_size; UNKNOWN: of no single file */
	char fs[16];		/* sb->s_type->name */
	char path[256];		/* below the root of its file system; empty: no name is known */
};

/* what memory is used for, as far as a cgroup counts it: names of memory.stat */
enum mmscope_memcg_stat {
	MMSCOPE_MEMCG_STAT_ANON = 0,
	MMSCOPE_MEMCG_STAT_FILE = 1,
	MMSCOPE_MEMCG_STAT_KERNEL = 2,
	MMSCOPE_MEMCG_STAT_KERNEL_STACK = 3,
	MMSCOPE_MEMCG_STAT_PAGETABLES = 4,
	MMSCOPE_MEMCG_STAT_SEC_PAGETABLES = 5,
	MMSCOPE_MEMCG_STAT_PERCPU = 6,
	MMSCOPE_MEMCG_STAT_SOCK = 7,
	MMSCOPE_MEMCG_STAT_VMALLOC = 8,
	MMSCOPE_MEMCG_STAT_SHMEM = 9,
	MMSCOPE_MEMCG_STAT_ZSWAP = 10,
	MMSCOPE_MEMCG_STAT_ZSWAPPED = 11,
	MMSCOPE_MEMCG_STAT_FILE_MAPPED = 12,
	MMSCOPE_MEMCG_STAT_FILE_DIRTY = 13,
	MMSCOPE_MEMCG_STAT_FILE_WRITEBACK = 14,
	MMSCOPE_MEMCG_STAT_SWAPCACHED = 15,
	MMSCOPE_MEMCG_STAT_ANON_THP = 16,
	MMSCOPE_MEMCG_STAT_FILE_THP = 17,
	MMSCOPE_MEMCG_STAT_SHMEM_THP = 18,
	MMSCOPE_MEMCG_STAT_INACTIVE_ANON = 19,
	MMSCOPE_MEMCG_STAT_ACTIVE_ANON = 20,
	MMSCOPE_MEMCG_STAT_INACTIVE_FILE = 21,
	MMSCOPE_MEMCG_STAT_ACTIVE_FILE = 22,
	MMSCOPE_MEMCG_STAT_UNEVICTABLE = 23,
	MMSCOPE_MEMCG_STAT_SLAB_RECLAIMABLE = 24,
	MMSCOPE_MEMCG_STAT_SLAB_UNRECLAIMABLE = 25,
};

#define MMSCOPE_NR_MEMCG_STATS	32
#define MMSCOPE_NR_MEMCG_EVENTS	16

enum mmscope_memcg_state {
	MMSCOPE_MEMCG_ONLINE	= 0,
	MMSCOPE_MEMCG_DYING	= 1,	/* removed, or its memory controller was turned off; what
					 * is charged to it keeps it
					 */
};

/*
 * MMSCOPE_DS_MEMCGS: one cgroup with a memory controller (struct mem_cgroup), parents
 * before their children. Numbers are those of its subtree, as in the files of the cgroup.
 * A limit that is not set ("max") is UNKNOWN. The root is not charged itself: its usage
 * is its children's, and it has no limits.
 */
struct mmscope_memcg {
	__u64 memcg;		/* inode of the cgroup */
	__u64 parent;		/* of the one above that has a memory controller; 0: root */
	__u32 level;		/* cgroup->level, 0: root */
	__u32 state;		/* enum mmscope_memcg_state */
	__u32 processes;	/* whose memory is charged to it and to none below: threads of
				 * the kernel, too
				 */
	__u32 oom_group;	/* memcg->oom_group: the OOM killer kills all of it */
	__u64 usage_bytes;	/* memcg->memory.usage */
	__u64 peak_bytes;	/* memory.watermark */
	__u64 min_bytes;	/* memory.min: never reclaimed below */
	__u64 low_bytes;	/* memory.low: not as long as others have more */
	__u64 high_bytes;	/* memory.high: above it tasks are slowed down */
	__u64 max_bytes;	/* memory.max: above it the OOM killer is called */
	__u64 effective_min_bytes; /* memory.emin: what its ancestors leave of min, */
	__u64 effective_low_bytes; /* memory.elow: of low, as reclaim worked it out last */
	__u64 swap_bytes;	/* memcg->swap.usage; cgroup v1: UNKNOWN, so the next three */
	__u64 swap_peak_bytes;	/* swap.watermark */
	__u64 swap_high_bytes;	/* swap.high */
	__u64 swap_max_bytes;	/* swap.max */
	__u64 limit_hits;	/* memory.failcnt: charges that met max; UNKNOWN from 7.3 on */
	__u64 events[MMSCOPE_NR_MEMCG_EVENTS];	/* memcg->memory_events[] */
	/* memcg_page_state(), by enum mmscope_memcg_stat: as old as memory.stat, 2 s at most */
	__u64 stat_bytes[MMSCOPE_NR_MEMCG_STATS];
	char path[256];		/* of the cgroup; cut, if it is longer */
};

/*
 * MMSCOPE_DS_MEMCG_PAGES: the page frames of one class that are charged to one cgroup,
 * from one sweep. Objects of slab caches are charged one by one: their pages are here
 * those of no cgroup.
 */
struct mmscope_memcg_page {
	__u64 memcg;		/* inode of the cgroup, also of a dying one; 0: charged to none;
				 * UNKNOWN: of cgroups there was no room for
				 */
	__u64 online_memcg;	/* that or its first online ancestor, as /proc/kpagecgroup */
	__u32 state;		/* enum mmscope_memcg_state */
	__u32 page_class;	/* enum mmscope_class */
	__u64 pages;
	__u64 dirty_pages;	/* of these, PG_dirty */
	__u64 writeback_pages;	/* PG_writeback */
	__u64 unevictable_pages; /* PG_unevictable */
};

enum mmscope_kernel_region {
	MMSCOPE_REGION_OTHER	  = 0,
	MMSCOPE_REGION_DIRECT_MAP = 1,	/* all memory, one to one */
	MMSCOPE_REGION_VMALLOC	  = 2,
	MMSCOPE_REGION_MEMMAP	  = 3,	/* struct pages */
	MMSCOPE_REGION_MODULES	  = 4,
	MMSCOPE_REGION_TEXT	  = 5,	/* of the kernel image: _text to _etext */
	MMSCOPE_REGION_RODATA	  = 6,	/* __start_rodata to __end_rodata */
	MMSCOPE_REGION_DATA	  = 7,	/* _sdata to _edata */
	MMSCOPE_REGION_BSS	  = 8,	/* __bss_start to __bss_stop */
	MMSCOPE_REGION_INIT	  = 9,	/* __init_begin to __init_end: given back after boot */
	MMSCOPE_REGION_IMAGE	  = 10,	/* the rest of where the image may be */
	MMSCOPE_REGION_FIXMAP	  = 11,	/* with the vsyscall page */
	MMSCOPE_REGION_CPU_ENTRY  = 12,	/* cpu_entry_area */
	MMSCOPE_REGION_ESPFIX	  = 13,	/* stacks for 16-bit code */
	MMSCOPE_REGION_KASAN	  = 14,	/* shadow memory */
	MMSCOPE_REGION_LDT	  = 15,	/* LDT of the running process */
	MMSCOPE_REGION_EFI	  = 16,	/* firmware's services */
	MMSCOPE_REGION_PCI_IO	  = 17,	/* ports of PCI devices, where they are memory */
};

enum mmscope_kernel_flags {
	MMSCOPE_KERNEL_WRITE	= 1 << 0,
	MMSCOPE_KERNEL_EXEC	= 1 << 1,
	MMSCOPE_KERNEL_USER	= 1 << 2,	/* user space may use it */
	MMSCOPE_KERNEL_GLOBAL	= 1 << 3,	/* stays in the TLB from process to process */
	MMSCOPE_KERNEL_ABSENT	= 1 << 4,	/* an entry with a frame that maps nothing now */
	MMSCOPE_KERNEL_LINEAR	= 1 << 5,	/* frame follows frame: pfn is that of start */
	MMSCOPE_KERNEL_SAME	= 1 << 6,	/* every page is the one frame pfn */
	MMSCOPE_KERNEL_SPARSE	= 1 << 7,	/* with holes: pages are fewer than the range */
	MMSCOPE_KERNEL_HIDDEN	= 1 << 8,	/* start and end are not for the caller: 0 */
};

/*
 * MMSCOPE_DS_KERNEL_MAPPINGS: neighbouring entries of the kernel's own page tables
 * (init_mm) of one region, size and permissions. Locks nothing.
 */
struct mmscope_kernel_mapping {
	__u64 start;
	__u64 end;
	__u64 pages;		/* base pages that are mapped */
	__u64 page_size_bytes;	/* of one entry; only a part of it may lie in the region */
	__u64 pfn;		/* of start, LINEAR and SAME ranges; else MMSCOPE_UNKNOWN */
	__u32 region;		/* enum mmscope_kernel_region */
	__u32 flags;		/* enum mmscope_kernel_flags; what any level forbids is not there */
	__u32 cache;		/* enum mmscope_cache_mode; MMSCOPE_UNKNOWN32: not known */
	__u32 __reserved;
};

enum mmscope_vmalloc_kind {
	MMSCOPE_VMALLOC_OTHER	 = 0,
	MMSCOPE_VMALLOC_VMALLOC	 = 1,	/* VM_ALLOC */
	MMSCOPE_VMALLOC_VMAP	 = 2,	/* VM_MAP */
	MMSCOPE_VMALLOC_IOREMAP	 = 3,	/* VM_IOREMAP */
	MMSCOPE_VMALLOC_DMA	 = 4,	/* VM_DMA_COHERENT */
	MMSCOPE_VMALLOC_MAP_RAM	 = 5,	/* of vm_map_ram(), or being torn down */
	MMSCOPE_VMALLOC_FREED	 = 6,	/* only its addresses are still to be given back */
};

enum mmscope_vmalloc_flags {	/* the bits are ours, the names are the kernel's VM_* */
	MMSCOPE_VMALLOC_USERMAP	    = 1 << 0,	/* may be mapped by user space */
	MMSCOPE_VMALLOC_UNINITIALIZED = 1 << 1,	/* pages are still being allocated */
	MMSCOPE_VMALLOC_NO_GUARD    = 1 << 2,	/* no guard page at its end */
	MMSCOPE_VMALLOC_KASAN	    = 1 << 3,
	MMSCOPE_VMALLOC_RESET_PERMS = 1 << 4,	/* direct map to be reset when it is freed */
	MMSCOPE_VMALLOC_PUT_PAGES   = 1 << 5,	/* vfree() gives back the pages of a vmap() */
	MMSCOPE_VMALLOC_ALLOW_HUGE  = 1 << 6,
	MMSCOPE_VMALLOC_VPAGES	    = 1 << 7,	/* the array of pages is vmalloc()ed, too */
	MMSCOPE_VMALLOC_HIDDEN	    = 1 << 8,	/* start and end are not for the caller: 0 */
};

/* MMSCOPE_DS_VMALLOCS: one area of the kernel's virtual memory (struct vmap_area) */
struct mmscope_vmalloc {
	__u64 start;
	__u64 end;		/* with the guard page */
	__u64 bytes;		/* end - start */
	__u64 pages;		/* vm->nr_pages: allocated with it */
	__u64 mapped_pages;	/* base pages that the kernel's page tables map there */
	__u64 huge_pages;	/* of these, those that are mapped by entries above PTEs */
	__u64 runs;		/* stretches of frames in which frame follows frame */
	__u64 longest_run_pages;
	__u64 phys;		/* vm->phys_addr: of IOREMAP, arm64: of the image; or UNKNOWN */
	__u32 kind;		/* enum mmscope_vmalloc_kind */
	__u32 flags;		/* enum mmscope_vmalloc_flags */
	__u32 page_order;	/* vm->page_order: of the pages allocated */
	__u32 __reserved;
	char caller[96];	/* symbol+offset/size [module]; empty: nobody is noted */
	__u64 node[MMSCOPE_NR_NODES];	/* mapped pages that are memory, by node */
};

/* what an access does; "minor" and "major" as the kernel counts page faults */
enum mmscope_fault_kind {
	MMSCOPE_FAULT_NONE	   = 0,	/* nothing: the entry allows it */
	MMSCOPE_FAULT_ZERO	   = 1,	/* minor: the zero page is mapped */
	MMSCOPE_FAULT_NEW	   = 2,	/* minor: a new, zeroed private page */
	MMSCOPE_FAULT_COPY	   = 3,	/* minor: a private copy of the page there (COW) */
	MMSCOPE_FAULT_REUSE	   = 4,	/* minor: the page there is made writable */
	MMSCOPE_FAULT_FILE	   = 5,	/* minor: the file's page is in the page cache */
	MMSCOPE_FAULT_FILE_COPY	   = 6,	/* minor: likewise, and a private copy is made */
	MMSCOPE_FAULT_READ	   = 7,	/* major: the file is read */
	MMSCOPE_FAULT_READ_COPY	   = 8,	/* major: likewise, and a private copy is made */
	MMSCOPE_FAULT_READING	   = 9,	/* waits: the file's page is being read */
	MMSCOPE_FAULT_SWAP_CACHE   = 10,	/* minor: it is still, or already, in memory */
	MMSCOPE_FAULT_SWAP_READ	   = 11,	/* major: the page is read from swap */
	MMSCOPE_FAULT_SHMEM	   = 12,	/* minor: a new, zeroed page of shared memory */
	MMSCOPE_FAULT_HUGETLB	   = 13,	/* minor: from the pool; SIGBUS if that is empty */
	MMSCOPE_FAULT_NOTIFY	   = 14,	/* minor: the file system is told of the write */
	MMSCOPE_FAULT_NUMA_HINT	   = 15,	/* minor: NUMA balancing sees the access */
	MMSCOPE_FAULT_MIGRATION	   = 16,	/* waits: the page is on its way to another frame */
	MMSCOPE_FAULT_DEVICE	   = 17,	/* the driver brings it back from its device */
	MMSCOPE_FAULT_HANDLER	   = 18,	/* the driver, or the kernel itself, decides */
	MMSCOPE_FAULT_UFFD_MISSING = 19,	/* userfaultfd: user space is asked for a page */
	MMSCOPE_FAULT_UFFD_WP	   = 20,	/* userfaultfd: user space is told of the write */
	MMSCOPE_FAULT_UFFD_MINOR   = 21,	/* userfaultfd: user space is told of the page */
	MMSCOPE_FAULT_STACK	   = 22,	/* minor: the stack grows, and gets a new page */
	MMSCOPE_FAULT_SEGV_NO_VMA  = 23,	/* SIGSEGV: nothing is mapped here */
	MMSCOPE_FAULT_SEGV_STACK   = 24,	/* SIGSEGV: the stack above may not grow so far */
	MMSCOPE_FAULT_SEGV_PERM	   = 25,	/* SIGSEGV: the VMA does not allow it */
	MMSCOPE_FAULT_SEGV_GUARD   = 26,	/* SIGSEGV: a guard page, by madvise() */
	MMSCOPE_FAULT_BUS_EOF	   = 27,	/* SIGBUS: beyond the end of the file */
	MMSCOPE_FAULT_BUS_POISON   = 28,	/* SIGBUS: the memory is broken */
	MMSCOPE_FAULT_BUS	   = 29,	/* SIGBUS: nothing can give a page here */
	MMSCOPE_FAULT_UNKNOWN	   = 30,	/* this kernel does not tell (see `features`) */
};

enum mmscope_fault_entry {	/* beyond enum mmscope_mapping_kind */
	MMSCOPE_FAULT_ENTRY_EMPTY  = 16,
	MMSCOPE_FAULT_ENTRY_NO_VMA = 17,
};

enum mmscope_fault_flags {
	MMSCOPE_FAULT_F_HUGE	= 1 << 0,	/* a huge page is tried first */
	MMSCOPE_FAULT_F_NOTIFY	= 1 << 1,	/* on a write the file system is told, too */
	MMSCOPE_FAULT_F_EVICTED	= 1 << 2,	/* it was in the page cache before, and evicted */
	MMSCOPE_FAULT_F_UNSURE	= 1 << 3,	/* somebody holds the page for a moment: the write
						 * may copy, too; or pages of other sizes are tried,
						 * or it is not known of which
						 */
};

/*
 * MMSCOPE_DS_FAULTS: what the next access to addresses of a process would do, in
 * runs of pages for which it is the same. Gaps between VMAs have records, too.
 * It is a forecast: of one access, by the process itself, that finds things as
 * they were seen. Not looked at: protection keys, cgroups' limits and whether
 * memory can be had at all. A read of a file maps pages around it, too, if they
 * are cached. Userfaultfd is taken to be synchronous.
 */
struct mmscope_fault {
	__u64 start;
	__u64 end;
	__u64 pages;		/* base pages of the run; huge entries are cut to the range */
	__u32 read;		/* enum mmscope_fault_kind: the next read */
	__u32 write;		/* likewise: the next write */
	__u32 entry;		/* enum mmscope_mapping_kind or mmscope_fault_entry */
	__u32 flags;		/* enum mmscope_fault_flags */
	__u32 perms;		/* enum mmscope_perms of the VMA */
	__u32 swap_type;	/* swap area, UNKNOWN32: not in swap */
	__u64 swap_offset;	/* slot of start, the next ones follow; UNKNOWN likewise */
	__u64 pfn;		/* frame of start, the next ones follow: mapped, in the page cache
				 * or in the swap cache; UNKNOWN: in none of them
				 */
	__u64 page_size_bytes;	/* of the page that is there, or would be first tried */
	__u64 inode;		/* of the file, 0: none */
	__u64 offset_bytes;	/* in the file, of start; UNKNOWN: no file */
	__u32 pid;
	__u32 __reserved;
};

/*
 * MMSCOPE_DS_RESIDENCY: the pages of one VMA that are in one swap area, by the
 * entries of the page tables. Swapped pages of shared memory have no entries: they
 * are not in it (MMSCOPE_DS_FAULTS has them).
 */
struct mmscope_residency {
	__u64 start;		/* of the VMA */
	__u64 end;
	__u64 pages;		/* swap entries, in the range asked for */
	__u64 runs;		/* stretches of neighbouring pages in neighbouring slots */
	__u64 longest_run;	/* pages */
	__u64 lowest_slot;
	__u64 highest_slot;
	__u64 cached_pages;	/* of `pages`: in memory, too (swap cache) */
	__u32 swap_type;	/* number of the area */
	__u32 pid;
	char name[64];		/* of its device or file; the end of a long path */
};

enum mmscope_swap_kind {
	MMSCOPE_SWAP_PARTITION	= 0,	/* a block device, whole or in part */
	MMSCOPE_SWAP_FILE	= 1,
	MMSCOPE_SWAP_ZRAM	= 2,	/* a block device that is compressed memory */
};

/* the bits are ours, the names are the kernel's SWP_* */
enum mmscope_swap_flags {
	MMSCOPE_SWAP_WRITEOK	    = 1 << 0,	/* pages may go there; cleared by swapoff */
	MMSCOPE_SWAP_DISCARDABLE    = 1 << 1,	/* the device takes discards */
	MMSCOPE_SWAP_DISCARDING	    = 1 << 2,	/* it is being discarded */
	MMSCOPE_SWAP_SOLIDSTATE	    = 1 << 3,	/* seeks are cheap: slots come from clusters */
	MMSCOPE_SWAP_CONTINUED	    = 1 << 4,	/* some slot is used more often than a byte tells */
	MMSCOPE_SWAP_BLKDEV	    = 1 << 5,
	MMSCOPE_SWAP_FS_OPS	    = 1 << 6,	/* the file system does the I/O */
	MMSCOPE_SWAP_AREA_DISCARD   = 1 << 7,	/* discarded once, by swapon */
	MMSCOPE_SWAP_PAGE_DISCARD   = 1 << 8,	/* clusters are discarded when they are free */
	MMSCOPE_SWAP_STABLE_WRITES  = 1 << 9,	/* no page is written to under I/O */
	MMSCOPE_SWAP_SYNCHRONOUS_IO = 1 << 10,	/* faster than memory management around it */
};

#define MMSCOPE_NR_SWAP_ORDERS	10

/*
 * MMSCOPE_DS_SWAP_AREAS: one swap area (struct swap_info_struct). A cluster is as
 * many slots, aligned, as a huge page has pages. Areas that have no struct
 * swap_cluster_info (rotating disks) are counted by swap_map.
 */
struct mmscope_swap_area {
	__u32 swap_type;	/* its number, as swap entries have it */
	__u32 kind;		/* enum mmscope_swap_kind */
	__u64 priority;		/* signed; si->prio */
	char name[64];		/* of its device or file; the end of a long path */
	char device[32];	/* disk that it is on, si->bdev */
	__u64 flags;		/* enum mmscope_swap_flags */
	__u64 slots;		/* si->max: the header and bad ones among them */
	__u64 pages;		/* si->pages: slots that may be used */
	__u64 used_pages;	/* si->inuse_pages: with those only in the swap cache, and set
				 * apart for CPUs
				 */
	__u64 free_pages;	/* pages - used_pages */
	__u64 bad_pages;	/* without the header: slots - 1 - pages */
	__u64 cached_pages;	/* swapper_spaces[].nrpages: in memory as well */
	__u64 cluster_pages;	/* slots of a cluster */
	__u64 clusters;
	__u64 free_clusters;	/* of them, without a slot in use */
	__u64 partial_clusters;	/* with both */
	__u64 full_clusters;	/* without a free slot */
	__u64 scattered_pages;	/* free slots of partial clusters */
	__u64 scattered_permille; /* of all free slots */
	__u64 fragmented_clusters; /* partial ones in which no slots of their order were found
				    * (CLUSTER_FLAG_FRAG, 6.12)
				    */
	__u64 order_clusters[MMSCOPE_NR_SWAP_ORDERS]; /* partial clusters by the order that they
						       * are for (6.12)
						       */
};

enum mmscope_slot_state {
	MMSCOPE_SLOT_FREE	= 0,
	MMSCOPE_SLOT_USED	= 1,	/* entries of page tables refer to it; in Linux 7
					 * a shmem object, too
					 */
	MMSCOPE_SLOT_SHMEM	= 2,	/* a shmem object refers to it */
	MMSCOPE_SLOT_CACHE	= 3,	/* nobody does, but its page is in the swap cache still */
	MMSCOPE_SLOT_RESERVED	= 4,	/* nobody does: a CPU has it at hand, or it is about to be
					 * used or freed
					 */
	MMSCOPE_SLOT_BAD	= 5,	/* the header, a bad block, or being discarded */
};

enum mmscope_slot_flags {
	MMSCOPE_SLOT_F_CACHED	 = 1 << 0,	/* SWAP_HAS_CACHE: (soon) in memory as well */
	MMSCOPE_SLOT_F_ZERO	 = 1 << 1,	/* only zeros, so it was never written (6.12) */
	MMSCOPE_SLOT_F_CONTINUED = 1 << 2,	/* used more often than a byte tells */
};

/*
 * MMSCOPE_DS_SWAP_MAP: neighbouring slots of one swap area that are alike
 * (si->swap_map[], si->zeromap). Read without a lock, one slot after the other.
 */
struct mmscope_swap_run {
	__u32 swap_type;
	__u32 state;		/* enum mmscope_slot_state */
	__u64 slot;		/* the first */
	__u64 slots;
	__u32 count;		/* page-table entries that refer to each; SHMEM: 1; UNKNOWN32:
				 * more than a byte tells
				 */
	__u32 flags;		/* enum mmscope_slot_flags */
};

enum mmscope_commit_mode {
	MMSCOPE_COMMIT_GUESS	= 0,	/* a request is refused that is larger than RAM and swap */
	MMSCOPE_COMMIT_ALWAYS	= 1,	/* none is */
	MMSCOPE_COMMIT_NEVER	= 2,	/* all promises together stay below the limit */
};

/*
 * MMSCOPE_DS_OVERCOMMIT: one record: what of memory is promised, and which request of
 * the process that asks would be refused now. It is __vm_enough_memory() thought
 * through: with the CPU's part of vm_committed_as, on the CPU that asks, and for an
 * address space of the size that the asking process has. Limits of the process
 * itself (RLIMIT_AS, room for addresses) are not looked at.
 */
struct mmscope_overcommit {
	__u32 mode;		/* enum mmscope_commit_mode; vm.overcommit_memory */
	__u32 ratio_percent;	/* vm.overcommit_ratio: of ram_pages without huge pages */
	__u32 cpu;		/* that asks */
	__u32 __reserved;
	__u64 set_bytes;	/* vm.overcommit_kbytes; 0: ratio_percent counts */
	__u64 ram_pages;	/* totalram_pages() */
	__u64 hugetlb_pages;	/* hstates[]: all pages of all pools */
	__u64 swap_pages;	/* total_swap_pages */
	__u64 limit_pages;	/* vm_commit_limit() */
	__u64 committed_pages;	/* vm_committed_as, with the parts of all CPUs */
	__u64 counted_pages;	/* without: this is what the limit is compared with */
	__u64 batch_pages;	/* vm_committed_as_batch: the part of a CPU stays below it */
	__u64 left_pages;	/* signed: limit_pages - committed_pages */
	__u64 admin_reserve_pages; /* vm.admin_reserve_kbytes: kept from users */
	__u64 user_reserve_pages;  /* vm.user_reserve_kbytes: the most kept from a process */
	__u64 self_reserve_pages;  /* that is kept from the asking process: 1/32 of it at most */
	__u64 refused_root_pages;  /* the smallest request that is refused to it, with
				    * CAP_SYS_ADMIN; 0: none
				    */
	__u64 refused_user_pages;  /* likewise without */
};

/*
 * MMSCOPE_DS_COMMIT_PROCESSES: what was promised to one process: pages of its VMAs
 * that count (VM_ACCOUNT). Shared memory is promised to its object, not to who maps
 * it. Processes that share an address space show the same promise.
 */
struct mmscope_commit_process {
	__u32 pid;
	__u32 uid;		/* effective, of the initial user namespace */
	char comm[16];
	__u64 committed_pages;	/* of VMAs with VM_ACCOUNT; UNKNOWN: its locks were not to be had */
	__u64 vmas;		/* how many these are */
	__u64 backed_pages;	/* private pages that it has in memory or swap:
				 * mm->rss_stat[MM_ANONPAGES] and [MM_SWAPENTS]
				 */
	__u64 vm_pages;		/* mm->total_vm */
};

/*
 * MMSCOPE_DS_HUGETLB: the pool of one size of huge pages (struct hstate), and its
 * part on each node. Numbers are huge pages.
 */
struct mmscope_hugetlb {
	__u64 page_size_bytes;
	__u32 order;
	__u32 node;		/* UNKNOWN32: all of the pool */
	__u64 total;		/* h->nr_huge_pages, nr_huge_pages_node[] */
	__u64 free;		/* h->free_huge_pages */
	__u64 used;		/* total - free */
	__u64 reserved;		/* h->resv_huge_pages: of free, promised; not of a node */
	__u64 surplus;		/* h->surplus_huge_pages: of total, beyond what was set */
	__u64 persistent;	/* total - surplus */
	__u64 wanted;		/* h->max_huge_pages: as nr_hugepages was set; not of a node */
	__u64 overcommit;	/* h->nr_overcommit_huge_pages: limit of surplus; not of a node */
};

enum mmscope_ksm_run {
	MMSCOPE_KSM_STOP	= 0,
	MMSCOPE_KSM_MERGE	= 1,
	MMSCOPE_KSM_UNMERGE	= 2,
	MMSCOPE_KSM_OFFLINE	= 4,	/* halted while memory goes offline */
};

enum mmscope_ksm_advisor {
	MMSCOPE_KSM_ADVISOR_NONE	= 0,
	MMSCOPE_KSM_ADVISOR_SCAN_TIME	= 1,
};

/* MMSCOPE_DS_KSM: one record: the merging of equal pages (mm/ksm.c) */
struct mmscope_ksm {
	__u32 run;			/* enum mmscope_ksm_run; ksm_run */
	__u32 advisor;			/* enum mmscope_ksm_advisor; ksm_advisor (6.8) */
	__u64 shared_pages;		/* ksm_pages_shared: kept for several */
	__u64 sharing_pages;		/* ksm_pages_sharing: more places of these */
	__u64 saved_bytes;		/* sharing_pages and zero_pages, in bytes */
	__u64 unshared_pages;		/* ksm_pages_unshared: looked at again and again in vain */
	__u64 volatile_pages;		/* ksm_rmap_items without the three: change too fast */
	__u64 zero_pages;		/* ksm_zero_pages: merged with the zero page (6.6) */
	__u64 skipped_pages;		/* ksm_pages_skipped: not looked at, by age (6.7) */
	__u64 scanned_pages;		/* ksm_pages_scanned, since boot (6.6) */
	__u64 full_scans;		/* ksm_scan.seqnr */
	__u64 stable_node_chains;	/* ksm_stable_node_chains: pages shared too often for one */
	__u64 stable_node_dups;		/* ksm_stable_node_dups */
	__u64 pages_to_scan;		/* ksm_thread_pages_to_scan, before each sleep */
	__u64 sleep_ns;			/* ksm_thread_sleep_millisecs */
	__u64 max_page_sharing;		/* ksm_max_page_sharing */
	__u64 merge_across_nodes;	/* ksm_merge_across_nodes */
	__u64 use_zero_pages;		/* ksm_use_zero_pages */
};

enum mmscope_thp_policy {
	MMSCOPE_THP_NEVER	= 0,
	MMSCOPE_THP_MADVISE	= 1,	/* where it was asked for; of shmem: advise */
	MMSCOPE_THP_ALWAYS	= 2,
	MMSCOPE_THP_INHERIT	= 3,	/* what is set for all sizes */
	MMSCOPE_THP_WITHIN_SIZE	= 4,	/* shmem: also where it does not go beyond the file's end */
	MMSCOPE_THP_DENY	= 5,	/* shmem: not even where the mount says so */
	MMSCOPE_THP_FORCE	= 6,	/* shmem: everywhere */
	MMSCOPE_THP_NONE	= 7,	/* there are none of this size */
};

#define MMSCOPE_NR_MTHP_STATS	24

/*
 * MMSCOPE_DS_THP_STATE: huge pages of one order. Until 6.8 there is one, that of
 * a PMD, and nothing is counted by order.
 */
struct mmscope_thp_state {
	__u32 order;
	__u32 anon;		/* enum mmscope_thp_policy; of huge_anon_orders_ */
	__u32 anon_effective;	/* without INHERIT; transparent_hugepage_flags */
	__u32 shmem;		/* huge_shmem_orders_*, until 6.11 shmem_huge */
	__u64 size_bytes;
	__u64 stat[MMSCOPE_NR_MTHP_STATS];	/* mthp_stats, the sum of all CPUs' */
};

enum mmscope_thp_defrag {	/* what a fault does when there is no free huge page */
	MMSCOPE_DEFRAG_NEVER		= 0,	/* takes small pages */
	MMSCOPE_DEFRAG_MADVISE		= 1,	/* reclaims and compacts where madvise() asks */
	MMSCOPE_DEFRAG_DEFER_MADVISE	= 2,	/* likewise; else wakes kswapd and kcompactd */
	MMSCOPE_DEFRAG_DEFER		= 3,	/* wakes kswapd and kcompactd */
	MMSCOPE_DEFRAG_ALWAYS		= 4,	/* reclaims and compacts */
};

#define MMSCOPE_NR_THP_EVENTS	48

/* MMSCOPE_DS_KHUGEPAGED: one record: what is set for all sizes, and khugepaged */
struct mmscope_khugepaged {
	__u32 enabled;		/* enum mmscope_thp_policy; transparent_hugepage_flags */
	__u32 defrag;		/* enum mmscope_thp_defrag */
	__u32 shmem_enabled;	/* enum mmscope_thp_policy; shmem_huge */
	__u32 use_zero_page;
	__u32 khugepaged_defrag;	/* khugepaged may reclaim and compact */
	__u32 max_ptes_none;	/* khugepaged_max_ptes_none */
	__u32 max_ptes_swap;
	__u32 max_ptes_shared;
	__u64 pages_to_scan;	/* khugepaged_pages_to_scan, before each sleep */
	__u64 scan_sleep_ns;	/* khugepaged_scan_sleep_millisecs */
	__u64 alloc_sleep_ns;	/* khugepaged_alloc_sleep_millisecs, after no page was to be had */
	__u64 pages_collapsed;	/* khugepaged_pages_collapsed */
	__u64 full_scans;	/* khugepaged_full_scans */
	__u64 deferred_splits;	/* huge pages to be split when memory runs low: with unmapped
				 * parts; since 6.12 all that may be hardly used, unless that
				 * is off. deferred_split_queue.split_queue_len of nodes and
				 * cgroups
				 */
	__u64 event[MMSCOPE_NR_THP_EVENTS];	/* vm_event_states, THP_* of enum vm_event_item */
};

/* MMSCOPE_DS_ZSWAP: one record: swapped pages that are kept compressed (mm/zswap.c) */
struct mmscope_zswap {
	__u32 enabled;		/* zswap_enabled */
	__u32 max_pool_percent;	/* zswap_max_pool_percent, of RAM */
	__u64 stored_pages;	/* zswap_stored_pages */
	__u64 pool_bytes;	/* zswap_total_pages(), until 6.8 zswap_pool_total_size */
	__u64 same_filled_pages;	/* zswap_same_filled_pages: of stored_pages, no memory
					 * (until 6.11)
					 */
	__u64 written_back_pages;	/* zswap_written_back_pages, since boot */
	__u64 pool_limit_hit;		/* zswap_pool_limit_hit */
	__u64 reject_compress_poor;	/* zswap_reject_compress_poor */
	__u64 reject_alloc_fail;	/* zswap_reject_alloc_fail */
	__u64 reject_reclaim_fail;	/* zswap_reject_reclaim_fail */
};

/* MMSCOPE_DS_SWAP_CGROUPS: one cgroup and all below it (struct mem_cgroup, v2) */
struct mmscope_swap_cgroup {
	__u64 memcg;		/* inode of the cgroup */
	__u64 swap_pages;	/* page_counter_read(&memcg->swap) */
	__u64 limit_pages;	/* memcg->swap.max; UNKNOWN: none */
	char path[128];		/* the end of a long one */
};

enum mmscope_translation_result {
	MMSCOPE_TRANSLATED	  = 0,	/* there is a frame: pfn, phys */
	MMSCOPE_NOT_MAPPED	  = 1,	/* no VMA covers the address */
	MMSCOPE_NOT_USER	  = 2,	/* not a user address */
	MMSCOPE_NO_TABLE	  = 3,	/* an upper entry is none: never touched */
	MMSCOPE_NOT_PRESENT	  = 4,	/* leaf entry is none: next access faults */
	MMSCOPE_IN_SWAP		  = 5,
	MMSCOPE_IN_MIGRATION	  = 6,
	MMSCOPE_OTHER_ENTRY	  = 7,	/* device, hwpoison, marker */
	MMSCOPE_BAD_ENTRY	  = 8,	/* does not look like a table: changed under us */
};

/* MMSCOPE_DS_TRANSLATIONS: the page-table walk for one address */
struct mmscope_translation {
	__u64 addr;
	__u32 pid;
	__u32 result;		/* enum mmscope_translation_result */
	__u32 level;		/* enum mmscope_level: where the walk ended */
	__u32 vma_perms;	/* enum mmscope_perms of the VMA */
	__u64 pfn;		/* of the base page; MMSCOPE_UNKNOWN if none */
	__u64 phys;		/* physical address of the byte; MMSCOPE_UNKNOWN if none */
	__u64 page_size_bytes;	/* of the leaf, 0 if none */
	__u64 flags;		/* of the last entry, enum mmscope_entry_flags */
	__u64 vma_start;	/* 0 if no VMA */
	__u64 vma_end;
	__u32 swap_type;	/* MMSCOPE_IN_SWAP */
	__u32 levels;		/* of this process's tables that are not folded */
	__u64 swap_offset;
	__u64 index[MMSCOPE_NR_LEVELS];	/* of the entry; UNKNOWN: folded, not reached */
	__u64 entry[MMSCOPE_NR_LEVELS];	/* raw entries; UNKNOWN: folded, not reached */
	__u64 table_pfn[MMSCOPE_NR_LEVELS]; /* frame of each table; UNKNOWN likewise, and of a
					     * table that does not fill a page
					     */
};

/*
 * MMSCOPE_DS_RMAPS: a run of page frames that were asked for, as one process maps
 * them: neighbouring present leaf entries of one VMA, virtually and physically
 * contiguous, with the same kind, page size and flags. Of a huge entry only the
 * pages asked for are shown. A frame that is mapped twice is in two records;
 * processes that share an address space (CLONE_VM) are shown each.
 */
struct mmscope_rmap {
	__u64 pfn;
	__u64 addr;		/* where it is mapped */
	__u64 pages;		/* base pages in the run */
	__u64 page_size_bytes;	/* of one leaf entry */
	__u64 flags;		/* enum mmscope_entry_flags */
	__u64 vma_start;
	__u32 vma_perms;	/* enum mmscope_perms of the VMA */
	__u32 pid;		/* 0: not in the pid namespace of the reader */
	__u32 kind;		/* enum mmscope_mapping_kind: PAGE, ZERO or PFNMAP */
	__u32 __reserved;
	char comm[16];
};

enum mmscope_daemon_state {
	MMSCOPE_DAEMON_NONE	= 0,	/* there is no such thread */
	MMSCOPE_DAEMON_ASLEEP	= 1,	/* on its wait queue: it has nothing to do */
	MMSCOPE_DAEMON_RUNNING	= 2,	/* on a CPU or about to be */
	MMSCOPE_DAEMON_BLOCKED	= 3,	/* at work, but waits for I/O, a lock or another */
};

/* who waits for reclaim to make progress, and why; wait queues of the node */
enum mmscope_reclaim_wait {	/* flags */
	MMSCOPE_WAIT_WRITEBACK	= 1 << 0,	/* too many pages are being written */
	MMSCOPE_WAIT_ISOLATED	= 1 << 1,	/* others have too many pages off the lists */
	MMSCOPE_WAIT_NOPROGRESS	= 1 << 2,	/* nothing was reclaimed */
	MMSCOPE_WAIT_CONGESTED	= 1 << 3,	/* dirty pages of a slow device */
	MMSCOPE_WAIT_PFMEMALLOC	= 1 << 4,	/* free pages are below half the min watermark */
};

enum mmscope_node_flags {	/* flags */
	MMSCOPE_NODE_DIRTY	= 1 << 0,	/* reclaim met many dirty pages */
	MMSCOPE_NODE_WRITEBACK	= 1 << 1,	/* and many under writeback */
	MMSCOPE_NODE_RECLAIM_LOCKED = 1 << 2,	/* somebody is in node reclaim */
};

enum mmscope_zone_flags {	/* flags */
	MMSCOPE_ZONE_BOOSTED	= 1 << 0,	/* boosted lately: kswapd is to be woken */
	MMSCOPE_ZONE_RECLAIM	= 1 << 1,	/* kswapd is at work on it */
};

/* what compaction would do in a zone for blocks of some order */
enum mmscope_compaction {
	MMSCOPE_COMPACTION_NONE	     = 0,	/* order 0, or it is not compiled in */
	MMSCOPE_COMPACTION_NEEDLESS  = 1,	/* such a block is free, and may be taken */
	MMSCOPE_COMPACTION_DEFERRED  = 2,	/* it failed lately: skipped this time */
	MMSCOPE_COMPACTION_NO_ROOM   = 3,	/* too few free pages to move others to */
	MMSCOPE_COMPACTION_NO_MEMORY = 4,	/* what is missing is memory: it is not scattered */
	MMSCOPE_COMPACTION_RUNS	     = 5,
};

/*
 * MMSCOPE_DS_RECLAIM: one populated zone: how short of memory it is and what is
 * done about it. kswapd and kcompactd are the node's, so zones of one node tell
 * the same of them; what was asked of them is what they have not taken up yet.
 * The huge_* are of blocks of huge_order; an allocation that could also use
 * a higher zone may not take as much, see MMSCOPE_DS_ALLOC_ZONES.
 */
struct mmscope_reclaim {
	__u32 node;
	__u32 zone;		/* zone_idx() */
	__u64 free_pages;	/* zone->vm_stat[NR_FREE_PAGES] */
	__u64 above_min;	/* signed: free_pages - (zone->_watermark[] + boost) */
	__u64 above_low;	/* signed */
	__u64 above_high;	/* signed */
	__u64 watermark_boost;	/* zone->watermark_boost */
	__u64 reclaimable_pages; /* file pages on evictable lists; while there is
				  * swap also anonymous ones: zone_reclaimable_pages()
				  */
	__u32 zone_flags;	/* flags, enum mmscope_zone_flags: zone->flags */
	__u32 node_flags;	/* flags, enum mmscope_node_flags: pgdat->flags */
	__u32 waiting;		/* flags, enum mmscope_reclaim_wait: pgdat->reclaim_wait[] */
	__u32 writeback_throttled; /* tasks; pgdat->nr_writeback_throttled */
	__u32 kswapd_state;	/* enum mmscope_daemon_state */
	__u32 kswapd_pid;	/* pgdat->kswapd, 0: none */
	__u32 kswapd_order;	/* pgdat->kswapd_order: of a block that is asked for */
	__u32 kswapd_highest_zone; /* pgdat->kswapd_highest_zoneidx; NR_ZONES: none asked for */
	__u32 kswapd_failures;	/* pgdat->kswapd_failures: runs that reclaimed nothing */
	__u32 priority;		/* of the reclaim under way: on its stack, UNKNOWN32 */
	__u32 kcompactd_state;	/* enum mmscope_daemon_state */
	__u32 kcompactd_pid;	/* pgdat->kcompactd, 0: none */
	__u32 kcompactd_order;	/* pgdat->kcompactd_max_order; 0: nothing is asked for */
	__u32 kcompactd_highest_zone; /* pgdat->kcompactd_highest_zoneidx */
	__u32 proactive_trigger; /* pgdat->proactive_compact_trigger: 1: told to look at once */
	__u32 proactiveness;	/* sysctl_compaction_proactiveness; 0: only when asked */
	__u32 compact_order_failed; /* zone->...: orders from this on failed */
	__u32 compact_defer_shift;  /* zone->...: 1 << this tries of them are passed over */
	__u32 compact_considered;   /* zone->...: of these, passed over so far */
	__u32 compact_blockskip_flush; /* zone->...: 1: skip bits are cleared when kswapd sleeps */
	__u64 compact_migrate_async_pfn; /* zone->compact_cached_migrate_pfn[0] */
	__u64 compact_migrate_sync_pfn;	 /* zone->compact_cached_migrate_pfn[1] */
	__u64 compact_free_pfn;		 /* zone->compact_cached_free_pfn */
	__u64 compact_init_migrate_pfn;	 /* zone->compact_init_migrate_pfn */
	__u64 compact_init_free_pfn;	 /* zone->compact_init_free_pfn */
	__u32 extfrag_threshold; /* sysctl_extfrag_threshold: permille */
	__u32 huge_order;	/* pageblock_order */
	__u64 huge_extfrag_permille;	/* signed; as extfrag_permille of MMSCOPE_DS_BUDDY */
	__u64 huge_unusable_permille;	/* as unusable_permille there */
	__u32 huge_compaction;	/* enum mmscope_compaction */
	__u32 __reserved;
};

enum mmscope_event_group {
	MMSCOPE_EVENT_WAKE	= 0,	/* kswapd woken, direct reclaim entered */
	MMSCOPE_EVENT_SCAN	= 1,	/* pages looked at */
	MMSCOPE_EVENT_STEAL	= 2,	/* pages reclaimed */
	MMSCOPE_EVENT_AGE	= 3,	/* pages moved between lists */
	MMSCOPE_EVENT_REFAULT	= 4,	/* pages that came back */
	MMSCOPE_EVENT_WRITE	= 5,	/* pages written, tasks throttled */
	MMSCOPE_EVENT_SLAB	= 6,	/* objects of shrinkers */
	MMSCOPE_EVENT_SWAP	= 7,
	MMSCOPE_EVENT_MIGRATE	= 8,	/* pages moved, to other nodes or tiers of memory */
	MMSCOPE_EVENT_COMPACT	= 9,
	MMSCOPE_EVENT_OOM	= 10,
};

enum mmscope_event_by {
	MMSCOPE_BY_ANY		= 0,
	MMSCOPE_BY_KSWAPD	= 1,
	MMSCOPE_BY_DIRECT	= 2,	/* who wanted memory */
	MMSCOPE_BY_KHUGEPAGED	= 3,
	MMSCOPE_BY_KCOMPACTD	= 4,
};

/*
 * MMSCOPE_DS_RECLAIM_EVENTS: one counter of reclaim, compaction or swapping, since
 * boot (workingset_nodes: now). Counters of the whole machine are sums over CPUs,
 * those of nodes lag behind by what CPUs have not folded yet.
 */
struct mmscope_reclaim_event {
	char name[40];		/* of enum vm_event_item or node_stat_item, in lower case */
	__u32 group;		/* enum mmscope_event_group */
	__u32 by;		/* enum mmscope_event_by, as the name has it */
	__u32 node;		/* of node_stat_item; UNKNOWN32: of the whole machine */
	__u32 item;		/* enum vm_event_item; UNKNOWN32: of node_stat_item */
	__u64 value;		/* all_vm_events(), pgdat->vm_stat[] */
};

enum mmscope_lru_list {
	MMSCOPE_LRU_INACTIVE_ANON = 0,	/* enum lru_list */
	MMSCOPE_LRU_ACTIVE_ANON	  = 1,
	MMSCOPE_LRU_INACTIVE_FILE = 2,
	MMSCOPE_LRU_ACTIVE_FILE	  = 3,
	MMSCOPE_LRU_UNEVICTABLE	  = 4,	/* a size, its pages are not linked */
	MMSCOPE_LRU_GEN_ANON	  = 5,	/* multi-gen LRU, one generation */
	MMSCOPE_LRU_GEN_FILE	  = 6,
};

enum mmscope_lru_flags {	/* flags */
	MMSCOPE_LRU_MULTI_GEN	= 1 << 0,	/* the multi-gen LRU runs: lruvec->lrugen.enabled */
	MMSCOPE_LRU_COUNTS_ACTIVE = 1 << 1,	/* counted as active in memory.stat and vmstat */
	MMSCOPE_LRU_DYING	= 1 << 2,	/* the cgroup was removed, its pages are left */
};

/*
 * MMSCOPE_DS_LRU: one list of a node and memory cgroup (struct lruvec), without those
 * of its children. Whichever LRU runs has its lists here, even if empty, the other
 * one only while it still has pages.
 */
struct mmscope_lru {
	__u32 node;
	__u32 list;		/* enum mmscope_lru_list */
	__u64 memcg;		/* inode of the cgroup; 0: no memory cgroups */
	__u64 pages;		/* lru_zone_size[], lrugen.nr_pages[]; sum of zone_pages; UNKNOWN
				 * of a classic list while the multi-gen LRU takes it over
				 */
	__u64 generation;	/* sequence number, higher is younger; UNKNOWN: classic */
	__u64 age_ns;		/* since lrugen.timestamps[], in whole jiffies; likewise */
	__u64 cost;		/* lruvec->anon_cost or file_cost: of reclaiming this type */
	__u64 refaults;		/* lruvec->refaults[]: of this type at the last reclaim cycle */
	__u64 nonresident_age;	/* lruvec->nonresident_age: clock of refault distances */
	__u64 gen_evicted;	/* lrugen.evicted[], of this type since its oldest generation */
	__u64 gen_refaulted;	/* lrugen.refaulted[] */
	__u32 flags;		/* enum mmscope_lru_flags */
	__u32 __reserved;
	__u64 zone_pages[MMSCOPE_NR_ZONES];
	char path[128];		/* of the cgroup, ends in "..." if cut */
};

/*
 * MMSCOPE_DS_LRU_PAGES: one folio on a list of a node and memory cgroup, in the order
 * in which reclaim takes them. The list is followed under lruvec->lru_lock, the rest
 * read a moment later. Folios in the batches of CPUs are on no list, nor are
 * unevictable ones.
 */
struct mmscope_lru_page {
	__u64 pfn;		/* of the folio's first page */
	__u64 memcg;		/* inode of the cgroup whose list it is; 0: no memory cgroups */
	__u64 index;		/* place in its list, 0: reclaim takes it first */
	__u64 generation;	/* of the list; UNKNOWN: classic */
	__u64 page_generation;	/* that its flags say: a young one is moved there by and by */
	__u64 flags;		/* 1 << KPF_*, as MMSCOPE_DS_PAGES */
	__u32 node;
	__u32 zone;
	__u32 list;		/* enum mmscope_lru_list */
	__u32 order;		/* the folio is 2^order pages */
	__u32 state;		/* flags, enum mmscope_list_state */
	__u32 __reserved;
};

/* how one look of the page allocator at a zone ends */
enum mmscope_alloc_verdict {
	MMSCOPE_ALLOC_NOT_TRIED	  = 0,	/* such an allocation does not look so here */
	MMSCOPE_ALLOC_SUCCESS	  = 1,
	MMSCOPE_ALLOC_BELOW_WATERMARK = 2, /* too few free pages */
	MMSCOPE_ALLOC_NO_BLOCK	  = 3,	/* enough of them, but no block large enough */
	MMSCOPE_ALLOC_WRONG_TYPE  = 4,	/* there are blocks, but none that this look may take */
	MMSCOPE_ALLOC_DIRTY_LIMIT = 5,	/* __GFP_WRITE: the node has its share of dirty pages */
};

/* what may make the allocator decide otherwise, and cannot be seen from here */
enum mmscope_alloc_unknown {	/* flags */
	MMSCOPE_ALLOC_NODE_RECLAIM = 1 << 0,	/* reclaims from the node while it looks */
	MMSCOPE_ALLOC_UNACCEPTED   = 1 << 1,	/* memory of a confidential VM not taken over yet */
	MMSCOPE_ALLOC_DIRTY_UNREAD = 1 << 2,	/* the dirty limits are not known */
};

/*
 * MMSCOPE_DS_ALLOC_ZONES: one zone that an allocation would look at, in the
 * order of the zonelist. The allocator goes through the zones with the low
 * watermark; on kernels with ZONE_DMA32 often twice, at `first` without breaking
 * up pageblocks of other types. If no zone will do it wakes kswapd and goes
 * through them again with the min watermark or what of it the flags may use
 * (`slow`), with __GFP_MEMALLOC then without any (`reserves`). A look succeeds
 * when its margin is above 0 and there is a block that it may take.
 */
struct mmscope_alloc_zone {
	__u32 node;
	__u32 zone;
	__u32 first;		/* enum mmscope_alloc_verdict */
	__u32 fast;		/* likewise */
	__u32 slow;
	__u32 reserves;
	__u64 free_pages;	/* zone->vm_stat[NR_FREE_PAGES] */
	__u64 highatomic_pages;	/* of these, kept for atomic allocations of high order:
				 * zone->nr_free_highatomic, 6.1: nr_reserved_highatomic
				 */
	__u64 cma_pages;	/* of these, in CMA blocks: NR_FREE_CMA_PAGES */
	__u64 lowmem_reserve_pages; /* kept from allocations that could use a higher zone */
	__u64 boost_pages;	/* zone->watermark_boost, contained in the watermarks below */
	__u64 fast_watermark;	/* low watermark */
	__u64 slow_watermark;	/* min watermark, or the part of it that holds for the flags */
	__u64 fast_margin;	/* signed: usable free pages - watermark - lowmem reserve */
	__u64 slow_margin;	/* signed */
	__u64 free_after_pages;	/* signed: free_pages without the block asked for */
	__u32 largest_order;	/* of the blocks that `slow` may take; UNKNOWN32: none */
	__u32 largest_own_order; /* of those that have the migratetype; UNKNOWN32: none */
	__u32 pcp_ready;	/* 1: the CPU has such a block on its own list */
	__u32 unknown;		/* flags, enum mmscope_alloc_unknown */
	__u64 pcp_pages;	/* all that the CPU has on its lists */
	__u64 reclaimable_pages; /* as in MMSCOPE_DS_RECLAIM */
	__u64 reclaimed_margin;	/* signed: slow_margin + reclaimable_pages: not above 0: even all of
				 * it would not do
				 */
	__u64 extfrag_permille;	/* signed; as in MMSCOPE_DS_BUDDY */
	__u32 compaction;	/* enum mmscope_compaction, for this order */
	__u32 __reserved;
};

/* -------------------------------------------------------------------- calls */

enum mmscope_event_kind {
	MMSCOPE_EVENT_LOST	= 0,	/* no event: `lost` ones at the end of what there was */
	MMSCOPE_EVENT_WATERMARK	= 1,	/* free pages of a zone were seen on another side of a
					 * watermark than before. Sampled, of the zones of one
					 * node, at the other events that tell of a node or zone,
					 * and at reclaim of the CPU's own node: a crossing
					 * between two of them that was undone is not seen
					 */
	MMSCOPE_EVENT_KSWAPD_CALL = 2,	/* mm_vmscan_wakeup_kswapd: an allocation wants it awake */
	MMSCOPE_EVENT_KSWAPD_WAKE = 3,	/* mm_vmscan_kswapd_wake: it begins a run */
	MMSCOPE_EVENT_KSWAPD_SLEEP = 4,	/* mm_vmscan_kswapd_sleep */
	MMSCOPE_EVENT_RECLAIM_BEGIN = 5,	/* mm_vmscan_direct_reclaim_begin */
	MMSCOPE_EVENT_RECLAIM	= 6,		/* mm_vmscan_direct_reclaim_end */
	MMSCOPE_EVENT_MEMCG_RECLAIM_BEGIN = 7,	/* mm_vmscan_memcg_reclaim_begin */
	MMSCOPE_EVENT_MEMCG_RECLAIM = 8,	/* mm_vmscan_memcg_reclaim_end */
	MMSCOPE_EVENT_COMPACTION_BEGIN = 9,	/* mm_compaction_begin */
	MMSCOPE_EVENT_COMPACTION = 10,		/* mm_compaction_end: one zone */
	MMSCOPE_EVENT_FALLBACK	= 11,	/* mm_page_alloc_extfrag: a block from the free lists of
					 * another migratetype
					 */
	MMSCOPE_EVENT_OOM_KILL	= 12,	/* mark_victim */
	MMSCOPE_EVENT_THP_COLLAPSE = 13,	/* mm_collapse_huge_page: tried, with what result */
	MMSCOPE_NR_EVENTS
};

enum mmscope_mark {	/* between which watermarks, boost included, free pages are */
	MMSCOPE_MARK_BELOW_MIN	= 0,
	MMSCOPE_MARK_MIN	= 1,	/* min or more, below low */
	MMSCOPE_MARK_LOW	= 2,	/* low or more, below high */
	MMSCOPE_MARK_HIGH	= 3,	/* high or more */
};

/*
 * MMSCOPE_DS_EVENTS: one event. What it does not have is UNKNOWN. Who: the task
 * that ran; in an interrupt, the one that was interrupted.
 */
struct mmscope_event {
	__u64 ns;		/* ktime_get_mono_fast_ns(): CLOCK_MONOTONIC */
	__u64 lost;		/* lost since the record before this one */
	__u32 kind;		/* enum mmscope_event_kind */
	__u32 cpu;
	__u32 pid;		/* thread, current->pid */
	char comm[16];		/* current->comm */
	__u32 node;
	__u32 zone;		/* KSWAPD_*: the highest one that is to be balanced */
	__u32 order;		/* UNKNOWN for COMPACTION: of the whole zone, no allocation waits */
	__u32 gfp;		/* flags, enum mmscope_gfp */
	__u32 block_order;	/* FALLBACK: of the free block it is taken from */
	__u64 duration_ns;	/* since the event that began it, if that was seen.
				 * KSWAPD_SLEEP: since its first run after the last sleep
				 */
	__u64 pages;		/* WATERMARK: free. RECLAIM: reclaimed. COMPACTION: scanned for
				 * pages to move (cc->total_migrate_scanned). FALLBACK: of the
				 * free block. THP_COLLAPSE: of the huge page, 0: none
				 */
	__u64 pfn;		/* FALLBACK: of the block */
	__u32 from_mark;	/* enum mmscope_mark */
	__u32 to_mark;		/* enum mmscope_mark */
	__u32 from_type;	/* FALLBACK: migratetype of the free list */
	__u32 to_type;		/* FALLBACK: of the allocation */
	__u32 block_type;	/* FALLBACK: of the pageblock then; to_type: it was taken over */
	__u32 compact_result;	/* COMPACTION: the kernel's enum compact_result */
	__u32 scan_result;	/* THP_COLLAPSE: the kernel's enum scan_result */
	__u32 other_pid;	/* OOM_KILL: the victim. THP_COLLAPSE: mm->owner */
	char other_comm[16];
};

/*
 * MMSCOPE_DS_OWNERS: a stack that pages were allocated from since MMSCOPE_IOC_OWNERS.
 * Not seen: pages of __alloc_pages_bulk() and contiguous ranges, for which there is no
 * mm_page_alloc. A block that is split and freed in parts counts as freed with the
 * first part. A last record, stack UNKNOWN32, counts what there was no room for.
 */
struct mmscope_owner_record {
	__u32 stack;
	__u32 pid;		/* of the last allocation, as the next four */
	__u32 order;
	__u32 gfp;		/* flags, enum mmscope_gfp */
	__u64 ns;		/* ktime_get_mono_fast_ns() */
	char comm[16];
	__u64 pages;		/* allocated and not freed */
	__u64 blocks;		/* likewise */
	__u64 allocs;		/* blocks allocated so far */
	__u64 alloc_pages;	/* likewise, pages */
	char frames[688];	/* symbols of stack_trace_save(), the innermost first */
};

/* MMSCOPE_IOC_INFO */
struct mmscope_info {
	__u32 size;		/* in: sizeof(struct mmscope_info) */
	__u32 abi_version;	/* MMSCOPE_ABI_VERSION */
	__u32 nr_datasets;	/* ids 0 .. nr_datasets - 1 */
	__u32 page_size;	/* bytes */
	__u32 nr_orders;	/* orders 0 .. nr_orders - 1 of the buddy allocator */
	__u32 pageblock_pages;	/* base pages in a pageblock */
	__u32 nr_cpus;		/* online */
	__u32 nr_nodes;		/* online */
	char version[16];	/* of the module */
	char release[64];	/* of the kernel */
};

enum mmscope_unit {
	MMSCOPE_UNIT_COUNT	= 0,
	MMSCOPE_UNIT_PAGES	= 1,
	MMSCOPE_UNIT_BYTES	= 2,
	MMSCOPE_UNIT_NS		= 3,
	MMSCOPE_UNIT_PFN	= 4,
	MMSCOPE_UNIT_ADDR	= 5,
	MMSCOPE_UNIT_FLAGS	= 6,	/* bits named by values */
	MMSCOPE_UNIT_ENUM	= 7,	/* named by values */
	MMSCOPE_UNIT_PERMILLE	= 8,
	MMSCOPE_UNIT_ID		= 9,	/* node, cpu, pid, order, inode ... */
	MMSCOPE_UNIT_NAME	= 10,	/* NUL-terminated text in `size` bytes */
};

enum mmscope_field_flags {
	MMSCOPE_FIELD_DEFAULT	= 1 << 0,	/* shown when no columns are asked for */
	MMSCOPE_FIELD_SIGNED	= 1 << 1,	/* two's complement */
	MMSCOPE_FIELD_CLASS	= 1 << 2,	/* `class_mask` of a walk selects by this field */
	MMSCOPE_FIELD_ARRAY	= 1 << 3,	/* `count` elements, named by values if any */
};

/* one field of a record, as DESCRIBE tells it */
struct mmscope_field {
	char name[32];
	char help[144];
	__u32 offset;		/* in the record */
	__u32 size;		/* bytes of one element: 4 or 8; NAME: of the array */
	__u32 count;		/* elements in use: 1, or of an array; 0: unknown on this kernel */
	__u32 unit;		/* enum mmscope_unit */
	__u32 flags;		/* enum mmscope_field_flags */
	__u32 nr_values;	/* named values of this field */
};

/*
 * A named value: of an ENUM field the number, of a FLAGS field the bit mask, of
 * an array field the index of the element (columns are "field.element").
 */
struct mmscope_value {
	__u64 value;
	__u32 field;		/* index into fields */
	__u32 __reserved;
	char name[48];
};

enum mmscope_dataset_flags {
	MMSCOPE_DATASET_PROCESS	= 1 << 0,	/* of one process: needs pid */
	MMSCOPE_DATASET_PFN	= 1 << 1,	/* start/end select a pfn range */
	MMSCOPE_DATASET_ADDR	= 1 << 2,	/* start/end select an address range */
	MMSCOPE_DATASET_NODE	= 1 << 3,	/* node filter applies */
	MMSCOPE_DATASET_ZONE	= 1 << 4,	/* zone filter applies */
	MMSCOPE_DATASET_POINT	= 1 << 5,	/* point query: not to be walked */
	MMSCOPE_DATASET_FRAMES	= 1 << 6,	/* the frame filters of a walk apply */
	MMSCOPE_DATASET_EXACT	= 1 << 7,	/* MMSCOPE_WALK_EXACT applies */
	MMSCOPE_DATASET_STREAM	= 1 << 8,	/* comes by read() after MMSCOPE_IOC_WATCH */
	MMSCOPE_DATASET_MEMCG	= 1 << 9,	/* of the frame filters `memcg` applies */
};

/* MMSCOPE_IOC_DESCRIBE; call with null buffers to learn the numbers */
struct mmscope_describe {
	__u32 size;		/* in */
	__u32 dataset;		/* in: id */
	__u32 nr_fields;	/* in: room in fields, out: how many there are */
	__u32 nr_values;	/* in: room in values, out: how many there are */
	__u64 fields;		/* in: struct mmscope_field * */
	__u64 values;		/* in: struct mmscope_value * */
	__u32 flags;		/* out: enum mmscope_dataset_flags */
	__u32 rec_size;		/* out: bytes */
	__u32 state;		/* out: enum mmscope_state */
	__u32 __reserved;
	char name[32];		/* out */
	char help[144];		/* out */
	char detail[136];	/* out: why it is degraded or unavailable */
};

#define MMSCOPE_ANY	(~0U)		/* no filter by node or zone */
#define MMSCOPE_PID_SELF 0

enum mmscope_walk_status {
	MMSCOPE_WALK_DONE	= 1 << 0,	/* the end of the data */
};

struct mmscope_cursor {
	__u64 pos;
	__u64 hint;
};

enum mmscope_walk_flags {
	MMSCOPE_WALK_BARE	= 1 << 0,	/* FRAMES datasets: no owners, runs by class */
	MMSCOPE_WALK_EXACT	= 1 << 1,	/* EXACT datasets: interrupt each CPU to count the
						 * objects that are free on its own lists
						 */
};

/* MMSCOPE_IOC_WALK */
struct mmscope_walk_arg {
	__u32 size;		/* in */
	__u32 dataset;		/* in: id */
	__u32 flags;		/* in: enum mmscope_walk_flags */
	__u32 pid;		/* in: process datasets; MMSCOPE_PID_SELF: the caller */
	__u32 node;		/* in: only this node, or MMSCOPE_ANY */
	__u32 zone;		/* in: only this zone index, or MMSCOPE_ANY */
	__u64 class_mask;	/* in: 1 << value of the CLASS field to keep; 0: all */
	__u64 start;		/* in: first pfn or address */
	__u64 end;		/* in: first one beyond; ~0: no bound */
	__u64 buf;		/* in: where records go */
	__u64 buf_bytes;	/* in: room there, at least one record */
	struct mmscope_cursor cursor;	/* in, out */
	__u32 nr;		/* out: records written */
	__u32 rec_size;		/* out: bytes */
	__u32 status;		/* out: enum mmscope_walk_status */
	__u32 __reserved;
	__u64 start_ns;		/* out: CLOCK_MONOTONIC around the walk */
	__u64 end_ns;
	__u64 max_lock_ns;	/* out: longest hold of a kernel lock in this call */
	__u64 locks;		/* out: lock holds in this call */
	__u64 restarts;		/* out: lists begun again */
	__u64 torn;		/* out: objects that changed while they were read */
	/* in: filters of FRAMES datasets; zeros: all frames */
	__u64 flags_all;	/* frames that have all of these 1 << KPF_* */
	__u64 flags_any;	/* frames that have one of these */
	__u64 flags_none;	/* frames that have none of these */
	__u64 memcg;		/* frames charged to the cgroup of this inode; MEMCG datasets:
				 * what is of this cgroup, said at their records
				 */
	__u64 owner;		/* frames of this inode or pid */
	char name[64];		/* frames of this slab cache, file, caller or command */
};

#define MMSCOPE_TRANSLATE_MAX	65536

/* MMSCOPE_IOC_TRANSLATE */
struct mmscope_translate_arg {
	__u32 size;		/* in */
	__u32 pid;		/* in */
	__u32 flags;		/* in: must be 0 */
	__u32 nr;		/* in: addresses, out: answered */
	__u64 addrs;		/* in: __u64[nr] */
	__u64 buf;		/* in: struct mmscope_translation[nr] */
	__u32 rec_size;		/* out */
	__u32 __reserved;
	__u64 max_lock_ns;	/* out: longest hold of mmap_lock */
};

#define MMSCOPE_RANGES_MAX	65536	/* of PAGE and RMAP */

/* page frames [start, end) */
struct mmscope_pfn_range {
	__u64 start;
	__u64 end;
};

/*
 * MMSCOPE_IOC_PAGE: a record for each frame of the ranges that has a struct page,
 * in ascending order; resumed by its cursor as MMSCOPE_IOC_WALK.
 */
struct mmscope_page_arg {
	__u32 size;		/* in */
	__u32 flags;		/* in: must be 0 */
	__u64 ranges;		/* in: struct mmscope_pfn_range[nr_ranges], none empty */
	__u32 nr_ranges;	/* in: 1 to MMSCOPE_RANGES_MAX */
	__u32 rec_size;		/* out: bytes */
	__u64 buf;		/* in: where records go */
	__u64 buf_bytes;	/* in: room there, at least one record */
	struct mmscope_cursor cursor;	/* in, out */
	__u32 nr;		/* out: records written */
	__u32 status;		/* out: enum mmscope_walk_status */
	__u64 __reserved;
};

/*
 * MMSCOPE_IOC_RMAP: one pass over the page tables of all processes, in the order
 * of their pids and addresses. Called again with the cursor as it was returned,
 * and the same ranges, until MMSCOPE_WALK_DONE is set, as MMSCOPE_IOC_WALK. Over
 * all calls of an answer each process is counted once, in `processes`, in
 * `refused` or in `busy`: asked about all processes the pass waits some tenths of
 * a second at most for one whose address space is locked, and goes on with the next.
 */
struct mmscope_rmap_arg {
	__u32 size;		/* in */
	__u32 pid;		/* in: only this process; 0: all */
	__u32 flags;		/* in: must be 0 */
	__u32 nr_ranges;	/* in: 1 to MMSCOPE_RANGES_MAX */
	__u64 ranges;		/* in: struct mmscope_pfn_range[nr_ranges], none empty, in
				 * any order; they may overlap
				 */
	__u64 buf;		/* in: where records go */
	__u64 buf_bytes;	/* in: room there, at least one record */
	struct mmscope_cursor cursor;	/* in, out: pid of the initial namespace, address */
	__u32 nr;		/* out: records written */
	__u32 rec_size;		/* out: bytes */
	__u32 status;		/* out: enum mmscope_walk_status */
	__u32 __reserved;
	__u64 start_ns;		/* out: CLOCK_MONOTONIC around the pass */
	__u64 end_ns;
	__u64 max_lock_ns;	/* out: longest hold of an mmap_lock in this call */
	__u64 locks;		/* out: lock holds in this call */
	__u64 torn;		/* out: entries that changed while they were read */
	__u64 processes;	/* out: read to their end in this call */
	__u64 refused;		/* out: not shown, the ptrace access check says no */
	__u64 busy;		/* out: not read, or not to their end: their locks were not to
				 * be had; never of one process that was asked for by `pid`
				 */
};

/* __GFP_* flags; the bits are ours, as the kernel's move from version to version */
enum mmscope_gfp {
	MMSCOPE_GFP_DMA		= 1 << 0,
	MMSCOPE_GFP_HIGHMEM	= 1 << 1,
	MMSCOPE_GFP_DMA32	= 1 << 2,
	MMSCOPE_GFP_MOVABLE	= 1 << 3,
	MMSCOPE_GFP_RECLAIMABLE	= 1 << 4,
	MMSCOPE_GFP_HIGH	= 1 << 5,
	MMSCOPE_GFP_ATOMIC	= 1 << 6,	/* until 6.2; no effect later */
	MMSCOPE_GFP_IO		= 1 << 7,
	MMSCOPE_GFP_FS		= 1 << 8,
	MMSCOPE_GFP_ZERO	= 1 << 9,
	MMSCOPE_GFP_DIRECT_RECLAIM = 1 << 10,
	MMSCOPE_GFP_KSWAPD_RECLAIM = 1 << 11,
	MMSCOPE_GFP_WRITE	= 1 << 12,
	MMSCOPE_GFP_NOWARN	= 1 << 13,
	MMSCOPE_GFP_RETRY_MAYFAIL = 1 << 14,
	MMSCOPE_GFP_NOFAIL	= 1 << 15,
	MMSCOPE_GFP_NORETRY	= 1 << 16,
	MMSCOPE_GFP_MEMALLOC	= 1 << 17,
	MMSCOPE_GFP_COMP	= 1 << 18,
	MMSCOPE_GFP_NOMEMALLOC	= 1 << 19,
	MMSCOPE_GFP_HARDWALL	= 1 << 20,
	MMSCOPE_GFP_THISNODE	= 1 << 21,
	MMSCOPE_GFP_ACCOUNT	= 1 << 22,
};

enum mmscope_alloc_result {
	MMSCOPE_ALLOC_AT_ONCE	= 0,	/* the fast path */
	MMSCOPE_ALLOC_SLOW	= 1,	/* below the low watermark; kswapd is woken */
	MMSCOPE_ALLOC_RECLAIM	= 2,	/* not before reclaim or compaction, which may not help */
	MMSCOPE_ALLOC_FAIL	= 3,
};

enum mmscope_alloc_may {	/* flags: what such an allocation may do when no zone will do */
	MMSCOPE_ALLOC_MAY_KSWAPD  = 1 << 0,	/* wake kswapd */
	MMSCOPE_ALLOC_MAY_RECLAIM = 1 << 1,	/* reclaim itself */
	MMSCOPE_ALLOC_MAY_COMPACT = 1 << 2,
	MMSCOPE_ALLOC_MAY_RETRY	  = 1 << 3,	/* more than once */
	MMSCOPE_ALLOC_MAY_OOM	  = 1 << 4,	/* call the OOM killer */
};

/*
 * MMSCOPE_IOC_ALLOC: would alloc_pages_node() succeed now? For an ordinary task
 * of the CPU that asks: not real-time, not exiting, not itself reclaiming, no
 * scope such as memalloc_nofs_save(). Cpusets, memory policies and the limits of
 * cgroups are not looked at. Nothing is locked but against memory hotplug: as
 * for the allocator itself, a block may be gone the moment after.
 * EINVAL also: no such order, node not online, flags that exclude each other.
 */
struct mmscope_alloc_arg {
	__u32 size;		/* in */
	__u32 flags;		/* in: must be 0 */
	__u32 order;		/* in */
	__u32 gfp;		/* in: enum mmscope_gfp */
	__u32 node;		/* in: where to begin, MMSCOPE_ANY: the caller's */
	__u32 nr;		/* in: room in buf, out: zones there are */
	__u64 buf;		/* in: struct mmscope_alloc_zone[nr] */
	__u32 rec_size;		/* out */
	__u32 result;		/* out: enum mmscope_alloc_result */
	__u32 from_node;	/* out: who gives the block; UNKNOWN32: nobody */
	__u32 from_zone;	/* out: likewise */
	__u32 cpu;		/* out: whose lists were looked at */
	__u32 migratetype;	/* out: whose free lists are preferred */
	__u32 may;		/* out: flags, enum mmscope_alloc_may */
	__u32 unknown;		/* out: flags, enum mmscope_alloc_unknown, of all zones */
	__u32 list_node;	/* out: whose zonelist it is */
	__u32 __reserved;
};

/*
 * MMSCOPE_IOC_WATCH: once for each open file; ends when it is closed.
 * EOPNOTSUPP: this kernel has none of the kinds (MMSCOPE_DS_FEATURES says why).
 */
struct mmscope_watch_arg {
	__u32 size;		/* in */
	__u32 flags;		/* in: must be 0 */
	__u64 kinds;		/* in: 1 << enum mmscope_event_kind; out: those that there are */
	__u32 records;		/* in: room of the ring, 0: 4096; out: rounded up */
	__u32 rec_size;		/* out: of a record of MMSCOPE_DS_EVENTS */
};

#define MMSCOPE_WATCH_RECORDS_MAX	65536

/*
 * MMSCOPE_IOC_OWNERS: record who allocates pages, until the file is closed. The memory
 * for it is taken at once. EBUSY: somebody records already. Needs CAP_SYS_ADMIN of the
 * caller, too.
 */
struct mmscope_owners_arg {
	__u32 size;		/* in */
	__u32 flags;		/* in: must be 0 */
	__u32 blocks;		/* in: room for so many (16 bytes each), 0: 262144; out */
	__u32 stacks;		/* in: likewise, of about 200 bytes, 0: 8192; out */
};

#define MMSCOPE_OWNER_BLOCKS_MAX	(1U << 26)
#define MMSCOPE_OWNER_STACKS_MAX	(1U << 16)

/*
 * MMSCOPE_IOC_ATTACH and DETACH: <debugfs>/mmscope/process/<name>/. Debugfs is the same
 * for all pid namespaces, so the name is the pid in the initial one. Needs CAP_SYS_ADMIN
 * of the caller, too.
 */
struct mmscope_attach_arg {
	__u32 size;		/* in */
	__u32 pid;		/* in: as the caller sees it */
	__u32 name;		/* out, of ATTACH */
	__u32 __reserved;
};

/*
 * MMSCOPE_IOC_OOM: arm or disarm the OOM recorder. It stays armed when the file is
 * closed. Armed already: nothing changes. Needs CAP_SYS_ADMIN of the caller, too.
 */
struct mmscope_oom_arg {
	__u32 size;		/* in */
	__u32 arm;		/* in: 1: arm it, 0: disarm it */
};

#define MMSCOPE_IOC_TYPE	0xDA
#define MMSCOPE_IOC_INFO	_IOWR(MMSCOPE_IOC_TYPE, 0, struct mmscope_info)
#define MMSCOPE_IOC_DESCRIBE	_IOWR(MMSCOPE_IOC_TYPE, 1, struct mmscope_describe)
#define MMSCOPE_IOC_WALK	_IOWR(MMSCOPE_IOC_TYPE, 2, struct mmscope_walk_arg)
#define MMSCOPE_IOC_TRANSLATE	_IOWR(MMSCOPE_IOC_TYPE, 3, struct mmscope_translate_arg)
#define MMSCOPE_IOC_ATTACH	_IOWR(MMSCOPE_IOC_TYPE, 4, struct mmscope_attach_arg)
#define MMSCOPE_IOC_DETACH	_IOWR(MMSCOPE_IOC_TYPE, 5, struct mmscope_attach_arg)
#define MMSCOPE_IOC_PAGE	_IOWR(MMSCOPE_IOC_TYPE, 6, struct mmscope_page_arg)
#define MMSCOPE_IOC_RMAP	_IOWR(MMSCOPE_IOC_TYPE, 7, struct mmscope_rmap_arg)
#define MMSCOPE_IOC_ALLOC	_IOWR(MMSCOPE_IOC_TYPE, 8, struct mmscope_alloc_arg)
#define MMSCOPE_IOC_WATCH	_IOWR(MMSCOPE_IOC_TYPE, 9, struct mmscope_watch_arg)
#define MMSCOPE_IOC_OWNERS	_IOWR(MMSCOPE_IOC_TYPE, 10, struct mmscope_owners_arg)
#define MMSCOPE_IOC_OOM		_IOWR(MMSCOPE_IOC_TYPE, 11, struct mmscope_oom_arg)

#endif /* _UAPI_LINUX_MMSCOPE_H */

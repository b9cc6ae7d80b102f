/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place for differences between kernels. The rest of the module reads
 * as if only the newest kernel existed; what is older gets the newest names
 * here, chosen by the compile probes of probe.sh.
 */
#ifndef _MMSCOPE_COMPAT_H
#define _MMSCOPE_COMPAT_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/mmzone.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/vmalloc.h>

#include <asm/pgalloc.h>

#include <linux/mmscope.h>

#include "probes.h"
#ifdef HAVE_SOFTLEAF
#include <linux/leafops.h>
#endif

/* flags that the kernel's <linux/slab.h> does not have yet */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE ((slab_flags_t __force)0U)	/* Linux 6.5 */
#endif

/* orders of the buddy allocator; MAX_ORDER changed its meaning and then its name */
#define mmscope_nr_orders ARRAY_SIZE(((struct zone *)0)->free_area)

static inline u64 compat_kswapd_failures(const pg_data_t *pgdat)
{
#ifdef HAVE_KSWAPD_FAILURES_ATOMIC
	return atomic_read(&pgdat->kswapd_failures);
#else
	return READ_ONCE(pgdat->kswapd_failures);
#endif
}

static inline u64 compat_free_highatomic(const struct zone *zone)
{
#ifdef HAVE_NR_FREE_HIGHATOMIC
	return READ_ONCE(zone->nr_free_highatomic);
#else
	return MMSCOPE_UNKNOWN;
#endif
}

/* what the allocator leaves to atomic allocations: of the reserve all, or its free part */
static inline u64 compat_highatomic_unusable(const struct zone *zone)
{
#ifdef HAVE_NR_FREE_HIGHATOMIC
	return READ_ONCE(zone->nr_free_highatomic);
#else
	return READ_ONCE(zone->nr_reserved_highatomic);
#endif
}

/* single pages that may be had below the boosted min watermark; Linux 6.3 lost a flag */
#ifdef __GFP_ATOMIC
#define compat_gfp_ignores_boost(_gfp) ((_gfp) & __GFP_ATOMIC)
#else
#define __GFP_ATOMIC ((__force gfp_t)0U)
#define compat_gfp_ignores_boost(_gfp) ((_gfp) & __GFP_HIGH)
#endif

static inline bool compat_has_unaccepted(const struct zone *zone)
{
#ifdef CONFIG_UNACCEPTED_MEMORY
	return !list_empty(&zone->unaccepted_pages);
#else
	return false;
#endif
}

static inline u64 compat_pcp_high_min(const struct per_cpu_pages *pcp)
{
#ifdef HAVE_PCP_HIGH_MIN
	return READ_ONCE(pcp->high_min);
#else
	return MMSCOPE_UNKNOWN;
#endif
}

static inline u64 compat_pcp_high_max(const struct per_cpu_pages *pcp)
{
#ifdef HAVE_PCP_HIGH_MIN
	return READ_ONCE(pcp->high_max);
#else
	return MMSCOPE_UNKNOWN;
#endif
}

static inline bool compat_node_is_dirty(const pg_data_t *pgdat)
{
#ifdef HAVE_PGDAT_DIRTY
	return test_bit(PGDAT_DIRTY, &pgdat->flags);
#else
	return false;
#endif
}

/* pages that reclaim has scanned or freed; @_event counts events, as most are */
#ifdef HAVE_NODE_RECLAIM_EVENTS
#define compat_reclaim_event(_event, _item) ((u64)global_node_page_state(_item))
#else
#define compat_reclaim_event(_event, _item) _event(_item)
#endif

static inline u64 compat_lru_cost(const struct lruvec *lruvec, u32 type)
{
#ifdef HAVE_LRU_COST_ARRAY
	return READ_ONCE(lruvec->cost[type].count);
#else
	return type ? READ_ONCE(lruvec->file_cost) : READ_ONCE(lruvec->anon_cost);
#endif
}

/* counter of a cgroup */
#ifndef HAVE_NR_VMALLOC
#define NR_VMALLOC MEMCG_VMALLOC
#endif

/* member of struct dentry that links it to its inode */
#ifdef HAVE_DENTRY_ALIAS
#define COMPAT_D_ALIAS d_alias
#else
#define COMPAT_D_ALIAS d_u.d_alias
#endif

/* the file as its user named it; on overlayfs a VMA holds the layer's own file */
#ifndef HAVE_FILE_USER_PATH
static inline const struct path *file_user_path(const struct file *file)
{
	return &file->f_path;
}

static inline const struct inode *file_user_inode(const struct file *file)
{
	return file_inode(file);
}
#endif

/* ------------------------------------------------------------ huge pages */

/* orders that anonymous memory may have, as a mask; before 6.8 that of a PMD */
#ifdef THP_ORDERS_ALL_ANON
#define COMPAT_THP_ANON_ORDERS THP_ORDERS_ALL_ANON
#else
#define COMPAT_THP_ANON_ORDERS BIT(PMD_SHIFT - PAGE_SHIFT)
#endif

/* does the process want none there? */
static inline bool compat_thp_disabled(const struct vm_area_struct *vma)
{
#ifdef HAVE_THP_EXCEPT_ADVISED
	return mm_flags_test(MMF_DISABLE_THP_COMPLETELY, vma->vm_mm) ||
	       (!(vma->vm_flags & VM_HUGEPAGE) &&
		mm_flags_test(MMF_DISABLE_THP_EXCEPT_ADVISED, vma->vm_mm));
#else
	return test_bit(MMF_DISABLE_THP, &vma->vm_mm->flags);
#endif
}

/* huge pages with unmapped parts, of a node and of a cgroup */
#if defined(HAVE_DEFERRED_SPLIT_QUEUE) && defined(CONFIG_MEMCG)
#define COMPAT_HAS_DEFERRED_SPLITS true
#define compat_node_splits(_pgdat) \
	READ_ONCE((_pgdat)->deferred_split_queue.split_queue_len)
#define compat_memcg_splits(_memcg) \
	READ_ONCE((_memcg)->deferred_split_queue.split_queue_len)
#else
#define COMPAT_HAS_DEFERRED_SPLITS false
#define compat_node_splits(_pgdat) 0
#define compat_memcg_splits(_memcg) 0
#endif

/* entries of page tables and of swap, address spaces, slabs */
#include "compat_entry.h"
#include "compat_slab.h"
#include "compat_swap.h"

/* ---------------------------------------------------------------- vmalloc */

/* where the areas are: in one tree, or since 6.9 in several; needed, or wanted only */
#ifdef HAVE_VMAP_AREA_LIST
#define COMPAT_VMAP_NEEDS(_sym, _layout)		\
	_sym(vmap_area_root),				\
	_sym(vmap_area_lock)
#else
#define COMPAT_VMAP_NEEDS(_sym, _layout)		\
	_sym(vmap_nodes),				\
	_sym(nr_vmap_nodes),				\
	_layout(vmap_node, sizeof),			\
	_layout(vmap_node, busy),			\
	_layout(rb_list, root),				\
	_layout(rb_list, lock)
#endif

/* likewise, those whose addresses alone are still to be given back */
#ifdef HAVE_VMAP_AREA_LIST
#define COMPAT_VMAP_FREED_NEEDS				\
	WANT_SYM(purge_vmap_area_root),			\
	WANT_SYM(purge_vmap_area_lock)
#else
#define COMPAT_VMAP_FREED_NEEDS				\
	WANT_LAYOUT(vmap_node, lazy)
#endif

static inline u32 compat_vm_page_order(const struct vm_struct *vm)
{
#ifdef CONFIG_HAVE_ARCH_HUGE_VMALLOC
	return vm->page_order;
#else
	return 0;
#endif
}

/* a kernel that has no memory of devices has no zone of it either */
#ifdef CONFIG_ZONE_DEVICE
#define COMPAT_ZONE_DEVICE(X) X(Device, ZONE_DEVICE)
#else
#define COMPAT_ZONE_DEVICE(X)
#endif

/* charges that met a limit */
static inline u64 compat_limit_hits(const struct page_counter *counter)
{
#ifdef HAVE_TRACK_FAILCNT
	if (!READ_ONCE(counter->track_failcnt))
		return MMSCOPE_UNKNOWN;
#endif
	return READ_ONCE(counter->failcnt);
}

/* frames of a process's top table: with page-table isolation there are two copies */
#ifdef PGD_ALLOCATION_ORDER
#define compat_pgd_pages (1U << PGD_ALLOCATION_ORDER)
#else
#define compat_pgd_pages 1U
#endif

/* ------------------------------------------------------------- pageblocks */

static inline u32 compat_pageblock_type(u32 bits)
{
#ifdef HAVE_PB_MIGRATE_ISOLATE
	if (bits >> PB_migrate_isolate & 1)
		return MIGRATE_ISOLATE;
	return bits & 7;
#else
	return bits & ((1U << PB_migratetype_bits) - 1);
#endif
}

#ifndef HAVE_PB_MIGRATE_ISOLATE
#define PB_compact_skip PB_migrate_skip
#endif

/* ------------------------------------------------------------ struct page
 *
 * By 6.12 the type of a page is the top byte of one word, /proc/kpageflags
 * takes the flags of a compound page from its head, and a compound page counts
 * its mappings. 6.1 has a word of inverted bits, PG_slab, destructors, and
 * mappings to be looked for page by page.
 */

/* what is read at a compound page's head and first tail */
struct compat_compound {
	u32 order;
	s32 entire_mapcount;	/* mappings of all of it, minus one */
	bool mapped;		/* any part of it */
	bool hugetlb;
	s32 pins;		/* by pin_user_pages(); 6.1: of huge pages alone */
	bool rmappable;		/* 6.12: a folio that user space may map */
	bool double_map;	/* 6.1: mapped as a whole and in parts */
};

#ifdef HAVE_PGTY

#define compat_type_is(_word, _type) ((_word) >> 24 == PGTY_##_type)

static inline bool compat_has_type(u32 word)
{
	return (s32)word < (s32)((u32)PGTY_mapcount_underflow << 24);
}

static inline bool compat_is_slab(unsigned long head_flags, u32 head_type)
{
	return compat_type_is(head_type, slab);
}

static inline bool compat_is_zsmalloc(u32 head_type, unsigned long mapping)
{
	return compat_type_is(head_type, zsmalloc);
}

/* what tells the class of a compound page */
static inline void compat_read_head(const struct page *head, u32 head_type,
				    struct compat_compound *c)
{
	const struct folio *folio = (const struct folio *)head;
	unsigned long flags = READ_ONCE(*(const unsigned long *)&head[1].flags);

	c->order = flags & 0xff;
	c->rmappable = flags >> PG_large_rmappable & 1;
	c->hugetlb = compat_type_is(head_type, hugetlb);
	c->pins = c->rmappable ? atomic_read(&folio->_pincount) : 0;
}

static inline void compat_read_compound(const struct page *head, u32 head_type,
					struct compat_compound *c)
{
	const struct folio *folio = (const struct folio *)head;

	compat_read_head(head, head_type, c);
	c->entire_mapcount = atomic_read(&folio->_entire_mapcount);
	c->mapped = atomic_read(&folio->_large_mapcount) >= 0;
}

/* /proc/kpagecount, folio_precise_page_mapcount() */
static inline u32 compat_mapcount(u32 type, bool is_slab, bool is_anon,
				  const struct compat_compound *c)
{
	u32 mapcount = compat_has_type(type) ? 0 : type + 1;

	return c->order ? mapcount + c->entire_mapcount + 1 : mapcount;
}

/* /proc/kpageflags, stable_page_flags(): whose flags */
static inline unsigned long compat_kpf_flags(unsigned long flags, unsigned long head_flags)
{
	return head_flags;
}

static inline bool compat_hwpoison(unsigned long flags, unsigned long head_flags, bool hugetlb)
{
#ifdef CONFIG_MEMORY_FAILURE
	return (hugetlb ? head_flags : flags) >> PG_hwpoison & 1;
#else
	return false;
#endif
}

static inline bool compat_is_thp(unsigned long head_flags, bool is_anon,
				 const struct compat_compound *c)
{
	return c->order && c->rmappable;
}

#else /* !HAVE_PGTY */

#define compat_type_is(_word, _type) \
	(((_word) & (PAGE_TYPE_BASE | PG_##_type)) == PAGE_TYPE_BASE)

static inline bool compat_has_type(u32 word)
{
	return (s32)word < PAGE_MAPCOUNT_RESERVE;
}

static inline bool compat_is_slab(unsigned long head_flags, u32 head_type)
{
	return head_flags >> PG_slab & 1;
}

/* folio_mapped(); the order may be of another life of the page, so it is bounded */
static inline bool compat_any_mapped(const struct page *head, u32 order)
{
	unsigned long i, nr = order < mmscope_nr_orders ? 1UL << order : 0;

	for (i = 0; i < nr; i++)
		if (atomic_read(&head[i]._mapcount) >= 0)
			return true;
	return false;
}

/* memory under PAGE_MAPPING_MOVABLE that is no balloon: zsmalloc, z3fold */
static inline bool compat_is_zsmalloc(u32 head_type, unsigned long mapping)
{
	return (mapping & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_MOVABLE;
}

/* what tells the class of a compound page */
static inline void compat_read_head(const struct page *head, u32 head_type,
				    struct compat_compound *c)
{
	c->order = READ_ONCE(head[1].compound_order);
	c->hugetlb = READ_ONCE(head[1].compound_dtor) == HUGETLB_PAGE_DTOR;
	c->pins = atomic_read(&head[1].compound_pincount);
}

static inline void compat_read_compound(const struct page *head, u32 head_type,
					struct compat_compound *c)
{
	compat_read_head(head, head_type, c);
	c->double_map = READ_ONCE(head[1].flags) >> PG_double_map & 1;
	c->entire_mapcount = atomic_read(&head[1].compound_mapcount);
	c->mapped = c->entire_mapcount >= 0 ||
		    (!c->hugetlb && compat_any_mapped(head, c->order));
}

/* /proc/kpagecount, page_mapcount() */
static inline u32 compat_mapcount(u32 type, bool is_slab, bool is_anon,
				  const struct compat_compound *c)
{
	if (is_slab || compat_has_type(type))
		return 0;
	if (!c->order || !(is_anon || c->hugetlb))
		return type + 1;
	return type + 1 + c->entire_mapcount + 1 - c->double_map;
}

static inline unsigned long compat_kpf_flags(unsigned long flags, unsigned long head_flags)
{
	return flags;
}

static inline bool compat_hwpoison(unsigned long flags, unsigned long head_flags, bool hugetlb)
{
#ifdef CONFIG_MEMORY_FAILURE
	return flags >> PG_hwpoison & 1;
#else
	return false;
#endif
}

static inline bool compat_is_thp(unsigned long head_flags, bool is_anon,
				 const struct compat_compound *c)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && c->order &&
	       (is_anon || head_flags >> PG_lru & 1);
}

#endif /* HAVE_PGTY */

/* Does its owner move it (a balloon, other drivers), by operations that it registered? */
static inline bool compat_has_movable_ops(unsigned long flags, u32 type, unsigned long mapping)
{
#ifndef HAVE_PG_MOVABLE_OPS
	return (mapping & PAGE_MAPPING_FLAGS) == PAGE_MAPPING_MOVABLE;
#elif defined(CONFIG_MIGRATION)
	return flags >> PG_movable_ops & 1 &&
	       (compat_type_is(type, offline) || compat_type_is(type, zsmalloc));
#else
	return false;
#endif
}

/* Linux 6.13-7.2: mm: large kmalloc pages have a type */
static inline bool compat_is_large_kmalloc(u32 head_type)
{
#ifdef HAVE_PGTY_LARGE_KMALLOC
	return compat_type_is(head_type, large_kmalloc);
#else
	return false;
#endif
}

/* accessed before its bit in the page tables was cleared: folio_test_young() */
static inline bool compat_is_young(unsigned long head_flags)
{
#if defined(CONFIG_PAGE_IDLE_FLAG) && defined(CONFIG_64BIT)
	return head_flags >> PG_young & 1;
#else
	return false;
#endif
}

/* the word that links a tail to its head; what it is otherwise, others know */
static inline unsigned long compat_page_link(const struct page *page)
{
	return READ_ONCE(((const unsigned long *)page)[1]);
}

static inline bool compat_is_tail(const struct page *page)
{
	/* data_race: looked at again with the rest, if it matters */
	return data_race(((const unsigned long *)page)[1]) & 1;
}

/* page->index, which is what a folio's first page has */
static inline unsigned long compat_page_index(const struct page *page)
{
	return READ_ONCE(((const unsigned long *)page)[4]);
}

static inline unsigned long compat_memcg_data(const struct page *page)
{
#ifdef CONFIG_MEMCG
	return READ_ONCE(page->memcg_data);
#else
	return 0;
#endif
}

static inline bool compat_has_memcg(const struct page *page, unsigned long memcg)
{
#ifdef CONFIG_MEMCG
	/* data_race: compared, not kept */
	return data_race(page->memcg_data) == memcg;
#else
	return true;
#endif
}

/* which list of pages by generation a page is on (MGLRU); -1: on none */
static inline int compat_lru_generation(unsigned long flags)
{
#ifdef CONFIG_LRU_GEN
	return (int)((flags & LRU_GEN_MASK) >> LRU_GEN_PGOFF) - 1;
#else
	return -1;
#endif
}

/* is that one of the two youngest, which the kernel counts as active? */
static inline bool compat_lru_is_young(int generation, const struct lruvec *lruvec)
{
#ifdef CONFIG_LRU_GEN
	unsigned long youngest = READ_ONCE(lruvec->lrugen.max_seq);

	return generation == youngest % MAX_NR_GENS || generation == (youngest - 1) % MAX_NR_GENS;
#else
	return false;
#endif
}

/* bits that /proc/kpageflags copies: X(KPF_ name, PG_ name, name as text) */
#define COMPAT_KPF_COPIED(X)				\
	X(LOCKED, locked, locked)			\
	X(REFERENCED, referenced, referenced)		\
	X(UPTODATE, uptodate, uptodate)			\
	X(DIRTY, dirty, dirty)				\
	X(LRU, lru, lru)				\
	X(ACTIVE, active, active)			\
	X(WRITEBACK, writeback, writeback)		\
	X(RECLAIM, reclaim, reclaim)			\
	X(SWAPBACKED, swapbacked, swapbacked)		\
	X(UNEVICTABLE, unevictable, unevictable)	\
	X(RESERVED, reserved, reserved)			\
	X(MLOCKED, mlocked, mlocked)			\
	X(PRIVATE, private, private)			\
	X(PRIVATE_2, private_2, private_2)		\
	X(OWNER_PRIVATE, owner_priv_1, owner_private)	\
	X(ARCH, arch_1, arch)				\
	COMPAT_KPF_COPIED_HERE(X)			\
	COMPAT_KPF_IDLE(X)				\
	COMPAT_KPF_UNCACHED(X)				\
	COMPAT_KPF_ARCH_2(X)				\
	COMPAT_KPF_ARCH_3(X)

#ifdef HAVE_PGTY
#define COMPAT_KPF_COPIED_HERE(X)			\
	X(OWNER_2, owner_2, owner_2)
#else
#define COMPAT_KPF_COPIED_HERE(X)			\
	X(ERROR, error, error)				\
	X(MAPPEDTODISK, mappedtodisk, mappedtodisk)
#endif

#ifdef CONFIG_PAGE_IDLE_FLAG
#define COMPAT_KPF_IDLE(X) X(IDLE, idle, idle)
#else
#define COMPAT_KPF_IDLE(X)
#endif

#ifdef CONFIG_ARCH_USES_PG_UNCACHED
#define COMPAT_KPF_UNCACHED(X) X(UNCACHED, uncached, uncached)
#else
#define COMPAT_KPF_UNCACHED(X)
#endif

#if defined(CONFIG_ARCH_USES_PG_ARCH_2) || !defined(HAVE_PGTY)
#define COMPAT_KPF_ARCH_2(X) X(ARCH_2, arch_2, arch_2)
#else
#define COMPAT_KPF_ARCH_2(X)
#endif

#ifdef CONFIG_ARCH_USES_PG_ARCH_3
#define COMPAT_KPF_ARCH_3(X) X(ARCH_3, arch_3, arch_3)
#else
#define COMPAT_KPF_ARCH_3(X)
#endif

#endif /* _MMSCOPE_COMPAT_H */

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Compile probes: write `#define HAVE_X` to $1 for each snippet that compiles
# with the compiler and flags in the other arguments. Versions would lie:
# distribution kernels carry backports. Those in the comments are of the sources of 6.1,
# 6.12, 7.2 and 7.3, as far as they tell: 6.13-7.2 is one of these, which was not looked up.
set -u

out=$1
shift
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# probe NAME HEADER 'statements': does it compile in a function body?
probe() {
	name=$1
	printf '#include <%s>\nvoid probe(void);\nvoid probe(void)\n{\n%s\n}\n' \
		"$2" "$3" > "$tmp/$name.c"
	shift 3
	( "$@" -Werror -Wno-unused -Wno-unused-value -fsyntax-only \
		"$tmp/$name.c" 2> "$tmp/$name.err" && : > "$tmp/$name.yes" ) &
}

# one probe must pass on every kernel, or the flags are wrong and all would fail
probe SANITY linux/mm.h 'struct page *p = NULL; (void)PageBuddy(p);' "$@"

# Linux 6.7: mm: pcp->high is tuned between high_min and high_max
probe HAVE_PCP_HIGH_MIN linux/mmzone.h \
	'struct per_cpu_pages p = {}; (void)p.high_min;' "$@"
# Linux 6.12: mm: zone->nr_free_highatomic counts the free part of the reserve
probe HAVE_NR_FREE_HIGHATOMIC linux/mmzone.h \
	'struct zone *z = NULL; (void)z->nr_free_highatomic;' "$@"
# Linux 6.13-7.2: mm: kswapd_failures became atomic
probe HAVE_KSWAPD_FAILURES_ATOMIC linux/mmzone.h \
	'pg_data_t *p = NULL; (void)atomic_read(&p->kswapd_failures);' "$@"
# Linux 6.8: fs: a backing file knows the path its user opened
probe HAVE_FILE_USER_PATH linux/fs.h \
	'struct file *f = NULL; (void)file_user_path(f); (void)file_user_inode(f);' "$@"
# Linux 6.2-6.12: mm: the page type is a byte (PGTY_), compound pages count their mappings
probe HAVE_PGTY linux/mm.h \
	'struct folio *f = NULL; (void)(PGTY_slab + sizeof(f->_large_mapcount));' "$@"
# Linux 6.13-7.2: mm: a flag, no bit of its mapping, marks a page that its owner moves
probe HAVE_PG_MOVABLE_OPS linux/mm.h '(void)PG_movable_ops;' "$@"
# Linux 6.13-7.2: mm: large kmalloc pages have a type
probe HAVE_PGTY_LARGE_KMALLOC linux/mm.h '(void)PGTY_large_kmalloc;' "$@"
# until Linux 6.7: mm: struct kmem_cache is public. The release that hid it freezes
# no partial slabs of CPUs any more, and marks those on nodes' lists
probe HAVE_PUBLIC_KMEM_CACHE linux/slab.h \
	'
#if !__has_include(<linux/slub_def.h>)
#error it is in mm/slab.h
#endif' "$@"
# Linux 6.13-7.2: mm: CPUs keep arrays of free objects (sheaves), soon instead of slabs
probe HAVE_SHEAVES linux/slab.h \
	'struct kmem_cache_args a = {}; (void)a.sheaf_capacity;' "$@"
# Linux 6.13-7.2: mm: isolation is a pageblock bit of its own
probe HAVE_PB_MIGRATE_ISOLATE linux/mmzone.h \
	'(void)(PB_migrate_isolate + PB_compact_skip);' "$@"
# before Linux 6.9: mm: all vmalloc areas are in one tree
probe HAVE_VMAP_AREA_LIST linux/vmalloc.h '(void)vmap_area_list.next;' "$@"
# Linux 6.2: mm: rss is counted per CPU and can be summed up
probe HAVE_MM_COUNTER_SUM linux/mm.h \
	'struct mm_struct *mm = NULL; (void)get_mm_counter_sum(mm, MM_ANONPAGES);' "$@"
# Linux 6.13-7.3: mm: the OOM killer sums up what all CPUs have counted
probe HAVE_MM_RSS_SUM linux/mm.h 'struct mm_struct *mm = NULL; (void)get_mm_rss_sum(mm);' "$@"
# Linux 6.13-7.3: mm: charges that met a limit are counted for cgroup v1 alone
probe HAVE_TRACK_FAILCNT linux/page_counter.h \
	'struct page_counter c = {}; (void)c.track_failcnt;' "$@"
# Linux 6.13-7.2: mm: the flags of an address space are a bitmap
probe HAVE_MM_FLAGS_TEST linux/mm.h \
	'struct mm_struct *mm = NULL; (void)mm_flags_test(0, mm);' "$@"
# Linux 6.7: hugetlb: the page cache counts huge pages in base pages
probe HAVE_HUGETLB_BASE_INDEX linux/hugetlb.h \
	'struct hstate *h = NULL; (void)filemap_lock_hugetlb_folio(h, NULL, 0);' "$@"
# until Linux 6.12-7.1: swap: a byte a slot says how often it is used
probe HAVE_SWAP_MAP linux/swap.h \
	'struct swap_info_struct *si = NULL; (void)si->swap_map[0];' "$@"
# Linux 6.13-7.2: mm: the tracepoints of reclaim say for which cgroup
probe HAVE_TRACE_RECLAIM_MEMCG trace/events/vmscan.h \
	'void (*p)(void *, gfp_t, int, struct mem_cgroup *) = NULL;
	check_trace_callback_type_mm_vmscan_direct_reclaim_begin(p);' "$@"
# until Linux 6.12-7.1: mm: the tracepoint of collapse has a process's mm alone
probe HAVE_TRACE_COLLAPSE_MM trace/events/huge_memory.h \
	'void (*p)(void *, struct mm_struct *, int, int) = NULL;
	check_trace_callback_type_mm_collapse_huge_page(p);' "$@"
# Linux 6.13-7.2: mm: software leaf entries instead of swap entries that are none
probe HAVE_SOFTLEAF linux/leafops.h '(void)softleaf_from_pte(__pte(0));' "$@"
# Linux 6.13-7.3: x86/msr: registers of 64 bits are called q
probe HAVE_RDMSRQ linux/mm.h 'u64 v; (void)rdmsrq_safe(0, &v);' "$@"
# Linux 6.13-7.3: mm: the zero page's number is a function of the address everywhere
probe HAVE_ZERO_PFN linux/pgtable.h 'unsigned long pfn = zero_pfn(0); (void)pfn;' "$@"
# Linux 6.13-7.3: mm: what userfaultfd marks in page tables is not only for writes
probe HAVE_PTE_UFFD linux/userfaultfd_k.h \
	'(void)(pte_uffd(__pte(0)) + pte_swp_uffd(__pte(0)) + pmd_swp_uffd(__pmd(0)));' "$@"
# Linux 6.13-7.3: mm: a process may be without huge pages but where it asks for them
probe HAVE_THP_EXCEPT_ADVISED linux/mm.h \
	'(void)(MMF_DISABLE_THP_COMPLETELY + MMF_DISABLE_THP_EXCEPT_ADVISED);' "$@"
# Linux 6.13-7.2: mm: vmalloc is counted by node, and so by cgroup
probe HAVE_NR_VMALLOC linux/mmzone.h '(void)NR_VMALLOC;' "$@"
# Linux 6.13-7.2: mm: pages scanned and reclaimed are counted by node
probe HAVE_NODE_RECLAIM_EVENTS linux/mmzone.h \
	'enum node_stat_item i = PGSCAN_KSWAPD; (void)i;' "$@"
# until Linux 6.12-7.2: mm: a node is marked when its dirty pages are in reclaim's way
probe HAVE_PGDAT_DIRTY linux/mmzone.h '(void)PGDAT_DIRTY;' "$@"
# Linux 6.13-7.3: mm: what reclaim of a type costs is kept with more about it
probe HAVE_LRU_COST_ARRAY linux/mmzone.h \
	'struct lruvec *l = NULL; (void)l->cost[0].count;' "$@"
# Linux 6.13-7.3: vfs: the alias of a dentry is in no union
probe HAVE_DENTRY_ALIAS linux/dcache.h 'struct dentry *d = NULL; (void)d->d_alias.next;' "$@"
# until Linux 6.12-7.2: swap: an area says that it has counts that go on elsewhere
probe HAVE_SWP_CONTINUED linux/swap.h '(void)SWP_CONTINUED;' "$@"
# until Linux 6.12-7.2: swap: an area says that its file system reads and writes it
probe HAVE_SWP_FS_OPS linux/swap.h '(void)SWP_FS_OPS;' "$@"
# Linux 6.13-7.3: mm: the tracepoint of collapse says to what order
probe HAVE_TRACE_COLLAPSE_ORDER trace/events/huge_memory.h \
	'void (*p)(void *, struct mm_struct *, int, int, unsigned int) = NULL;
	check_trace_callback_type_mm_collapse_huge_page(p);' "$@"
# Linux 6.12: swap: pages of zeros are not written, a bit a slot marks them
probe HAVE_SWAP_ZEROMAP linux/swap.h \
	'struct swap_info_struct *si = NULL; (void)si->zeromap[0];' "$@"
# until Linux 6.1-6.11: swap: a cluster has one number for its use and its neighbour
probe HAVE_SWAP_CLUSTER_DATA linux/swap.h \
	'struct swap_cluster_info ci = {}; (void)(ci.data + ci.flags);' "$@"
# Linux 6.13-7.2: swap: the use of an area is counted atomically
probe HAVE_SWAP_USE_ATOMIC linux/swap.h \
	'struct swap_info_struct *si = NULL; (void)atomic_long_read(&si->inuse_pages);' "$@"
# until Linux 6.12-7.1: mm: huge pages to be split are on a list of their node or cgroup
probe HAVE_DEFERRED_SPLIT_QUEUE linux/mmzone.h \
	'pg_data_t *p = NULL; (void)p->deferred_split_queue.split_queue_len;' "$@"

wait
if [ ! -e "$tmp/SANITY.yes" ]; then
	echo "probe.sh: the sanity probe does not compile:" >&2
	cat "$tmp/SANITY.err" >&2
	exit 1
fi
rm -f "$tmp/SANITY.yes"
{
	echo '/* made by probe.sh */'
	for yes in "$tmp"/*.yes; do
		[ -e "$yes" ] || continue
		echo "#define $(basename "$yes" .yes) 1"
	done
} > "$out"

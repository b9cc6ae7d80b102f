/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Symbols that the kernel does not export, resolved once at load.
 *
 * Data is reached by address: mmscope_sym(slab_caches). Functions are called
 * only through static calls, mmscope_call(name)(args), which patch a direct
 * call into our own text: on kernels built with IBT every function that mm/
 * does not export is sealed, and an indirect call to it is a kernel BUG. A
 * function that is absent leaves a stub that returns zero.
 *
 * arm64 has no such patching: there a static call goes through a pointer. No
 * function is sealed there; those called here are global, so they begin with a
 * landing pad where the kernel has BTI, and their prototypes are the kernel's own,
 * which is what CFI compares.
 */
#ifndef _MMSCOPE_KSYM_H
#define _MMSCOPE_KSYM_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree_types.h>
#include <linux/spinlock_types.h>
#include <linux/static_call.h>
#include <linux/types.h>

/* where huge pages are left out of the kernel it is a macro; then there is no such symbol */
#undef transparent_hugepage_flags

struct btf;
struct page;
struct mem_cgroup;
struct mm_struct;
struct swap_info_struct;
struct task_struct;
struct address_space;
struct mem_cgroup;
struct hstate;
struct percpu_counter;

/* X(name, type of the symbol) */
#define MMSCOPE_DATA(X)							\
	X(slab_caches, struct list_head)				\
	X(slab_mutex, struct mutex)					\
	X(huge_zero_pfn, unsigned long)					\
	X(sysctl_compact_unevictable_allowed, int)			\
	X(sysctl_extfrag_threshold, int)				\
	X(sysctl_compaction_proactiveness, unsigned int)		\
	X(init_mm, struct mm_struct)					\
	X(vmap_area_root, struct rb_root)				\
	X(vmap_area_lock, spinlock_t)					\
	X(purge_vmap_area_root, struct rb_root)				\
	X(purge_vmap_area_lock, spinlock_t)				\
	X(vmap_nodes, void *)						\
	X(nr_vmap_nodes, unsigned int)					\
	X(modules, struct list_head)					\
	X(idle_threads, struct task_struct *)				\
	X(_text, char)							\
	X(_end, char)							\
	X(_etext, char)							\
	X(__start_rodata, char)						\
	X(__end_rodata, char)						\
	X(_sdata, char)							\
	X(_edata, char)							\
	X(__bss_start, char)						\
	X(__bss_stop, char)						\
	X(__init_begin, char)						\
	X(__init_end, char)						\
	X(kptr_restrict, int)						\
	X(pcpu_base_addr, void *)					\
	X(pcpu_unit_offsets, const unsigned long *)			\
	X(pcpu_unit_size, int)						\
	X(page_group_by_mobility_disabled, int)				\
	X(node_reclaim_mode, int)					\
	X(vm_dirty_ratio, int)						\
	X(vm_dirty_bytes, unsigned long)				\
	X(swap_info, struct swap_info_struct *)				\
	X(swapper_spaces, struct address_space *)			\
	X(stack_guard_gap, unsigned long)				\
	X(transparent_hugepage_flags, unsigned long)			\
	X(huge_anon_orders_always, unsigned long)			\
	X(huge_anon_orders_madvise, unsigned long)			\
	X(huge_anon_orders_inherit, unsigned long)			\
	X(shmem_huge, int)						\
	X(shmem_anon_vm_ops, char)					\
	X(huge_shmem_orders_always, unsigned long)			\
	X(huge_shmem_orders_within_size, unsigned long)			\
	X(huge_shmem_orders_madvise, unsigned long)			\
	X(huge_shmem_orders_inherit, unsigned long)			\
	X(khugepaged_max_ptes_none, unsigned int)			\
	X(khugepaged_max_ptes_swap, unsigned int)			\
	X(khugepaged_max_ptes_shared, unsigned int)			\
	X(khugepaged_scan, char)					\
	X(total_swap_pages, long)					\
	X(vm_committed_as, struct percpu_counter)			\
	X(vm_committed_as_batch, s32)					\
	X(sysctl_overcommit_memory, int)				\
	X(sysctl_overcommit_ratio, int)					\
	X(sysctl_overcommit_kbytes, unsigned long)			\
	X(sysctl_admin_reserve_kbytes, unsigned long)			\
	X(sysctl_user_reserve_kbytes, unsigned long)			\
	X(hstates, struct hstate)					\
	X(hugetlb_max_hstate, int)					\
	X(mthp_stats, unsigned long)					\
	X(khugepaged_pages_to_scan, unsigned int)			\
	X(khugepaged_scan_sleep_millisecs, unsigned int)		\
	X(khugepaged_alloc_sleep_millisecs, unsigned int)		\
	X(khugepaged_pages_collapsed, unsigned int)			\
	X(khugepaged_full_scans, unsigned int)				\
	X(ksm_run, unsigned long)					\
	X(ksm_advisor, unsigned int)					\
	X(ksm_pages_shared, unsigned long)				\
	X(ksm_pages_sharing, unsigned long)				\
	X(ksm_pages_unshared, unsigned long)				\
	X(ksm_rmap_items, unsigned long)				\
	X(ksm_zero_pages, atomic_long_t)				\
	X(ksm_pages_skipped, unsigned long)				\
	X(ksm_pages_scanned, unsigned long)				\
	X(ksm_scan, char)						\
	X(ksm_stable_node_chains, unsigned long)			\
	X(ksm_stable_node_dups, unsigned long)				\
	X(ksm_thread_pages_to_scan, unsigned int)			\
	X(ksm_thread_sleep_millisecs, unsigned int)			\
	X(ksm_max_page_sharing, int)					\
	X(ksm_merge_across_nodes, unsigned int)				\
	X(ksm_use_zero_pages, bool)					\
	X(zswap_enabled, bool)						\
	X(zswap_max_pool_percent, unsigned int)				\
	X(zswap_stored_pages, atomic_t)					\
	X(zswap_pool_total_size, u64)					\
	X(zswap_same_filled_pages, atomic_t)				\
	X(zswap_written_back_pages, u64)				\
	X(zswap_pool_limit_hit, u64)					\
	X(zswap_reject_compress_poor, u64)				\
	X(zswap_reject_alloc_fail, u64)					\
	X(zswap_reject_reclaim_fail, u64)				\
	X(pcpu_first_chunk, void *)

/* X(name, return type, value of the stub, prototype) */
#define MMSCOPE_VOID
#define MMSCOPE_CALLS(X)						\
	X(bpf_get_btf_vmlinux, struct btf *, NULL, (void))		\
	X(btf_find_by_name_kind, s32, -1,				\
	  (const struct btf *btf, const char *name, u8 kind))		\
	X(btf_name_by_offset, const char *, NULL,			\
	  (const struct btf *btf, u32 offset))				\
	X(ptrace_may_access, bool, false,				\
	  (struct task_struct *task, unsigned int mode))		\
	X(zswap_total_pages, unsigned long, 0, (void))			\
	X(page_cgroup_ino, ino_t, 0, (struct page *page))			\
	X(mem_cgroup_get_max, unsigned long, 0, (struct mem_cgroup *memcg))	\
	X(memcg_page_state, unsigned long, 0,				\
	  (struct mem_cgroup *memcg, int idx))				\
	X(get_online_mems, void, MMSCOPE_VOID, (void))				\
	X(put_online_mems, void, MMSCOPE_VOID, (void))

enum mmscope_sym {
#define X(_name, ...) MMSCOPE_SYM_##_name,
	MMSCOPE_DATA(X)
	MMSCOPE_CALLS(X)
#undef X
	MMSCOPE_NR_SYMS
};

/* only for the types of the data symbols, see mmscope_sym() */
struct mmscope_sym_types {
#define X(_name, _type) typeof(_type) *_name;
	MMSCOPE_DATA(X)
#undef X
};

#define X(_name, _ret, _zero, _proto)	\
	_ret mmscope_stub_##_name _proto;	\
	DECLARE_STATIC_CALL(mmscope_call_##_name, mmscope_stub_##_name);
MMSCOPE_CALLS(X)
#undef X

extern unsigned long mmscope_sym_addr[MMSCOPE_NR_SYMS];
extern const char *const mmscope_sym_names[MMSCOPE_NR_SYMS];

/* pointer to a data symbol, NULL if this kernel has none */
#define mmscope_sym(_name) \
	((typeof_member(struct mmscope_sym_types, _name))mmscope_sym_addr[MMSCOPE_SYM_##_name])

/* a resolved function, to be called at once: mmscope_call(f)(args) */
#define mmscope_call(_name) static_call(mmscope_call_##_name)

/* is the symbol there? */
#define mmscope_has(_name) (mmscope_sym_addr[MMSCOPE_SYM_##_name] != 0)

static inline bool mmscope_has_online_mems(void)
{
	return mmscope_has(get_online_mems) && mmscope_has(put_online_mems);
}

/*
 * Keep memory from going offline. Where one of the two is missing neither is called: a
 * lock that is given back but was never taken, or the other way round, is the kernel's.
 */
static inline void mmscope_get_online_mems(void)
{
	if (mmscope_has_online_mems())
		mmscope_call(get_online_mems)();
}

static inline void mmscope_put_online_mems(void)
{
	if (mmscope_has_online_mems())
		mmscope_call(put_online_mems)();
}

int mmscope_ksym_init(void);
void mmscope_symbol(const void *addr, char *name, size_t size, bool offset);
bool mmscope_hidden(const char *name);

#endif /* _MMSCOPE_KSYM_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layouts of structs that are private to mm/, asked of the running kernel's BTF.
 */
#ifndef _MMSCOPE_LAYOUT_H
#define _MMSCOPE_LAYOUT_H

#include <linux/types.h>
#include <linux/uaccess.h>

struct mmscope_names;

/*
 * X(struct, member): what the walkers need; anonymous members are searched. The
 * member sizeof is the struct itself.
 */
#define MMSCOPE_LAYOUTS(X)						\
	X(kmem_cache, name)						\
	X(kmem_cache, list)						\
	X(kmem_cache, flags)						\
	X(kmem_cache, size)						\
	X(kmem_cache, object_size)					\
	X(kmem_cache, align)						\
	X(kmem_cache, oo)						\
	X(kmem_cache, min)						\
	X(kmem_cache, refcount)						\
	X(kmem_cache, ctor)						\
	X(kmem_cache, node)						\
	X(kmem_cache, per_node)						\
	X(kmem_cache_per_node_ptrs, sizeof)				\
	X(kmem_cache_per_node_ptrs, node)				\
	X(kmem_cache_per_node_ptrs, barn)				\
	X(kmem_cache, cpu_slab)						\
	X(kmem_cache, offset)						\
	X(kmem_cache, random)						\
	X(kmem_cache, cpu_sheaves)					\
	X(kmem_cache, sheaf_capacity)					\
	X(slub_percpu_sheaves, main)					\
	X(slub_percpu_sheaves, spare)					\
	X(node_barn, lock)						\
	X(node_barn, sheaves_full)					\
	X(node_barn, nr_full)						\
	X(slab_sheaf, barn_list)					\
	X(slab_sheaf, cache)						\
	X(slab_sheaf, size)						\
	X(kmem_cache_cpu, freelist)					\
	X(kmem_cache_cpu, slab)						\
	X(kmem_cache_cpu, partial)					\
	X(kmem_cache_node, list_lock)					\
	X(kmem_cache_node, nr_partial)					\
	X(kmem_cache_node, partial)					\
	X(kmem_cache_node, nr_slabs)					\
	X(kmem_cache_node, total_objects)				\
	X(slab, slab_cache)						\
	X(slab, slab_list)						\
	X(slab, next)							\
	X(slab, slabs)							\
	X(slab, inuse)							\
	X(slab, objects)						\
	X(slab, frozen)							\
	X(compact_control, freepages)					\
	X(compact_control, zone)					\
	X(compact_control, order)					\
	X(compact_control, gfp_mask)					\
	X(compact_control, total_migrate_scanned)			\
	X(khugepaged_scan, mm_slot)					\
	X(mm_slot, mm)							\
	X(ksm_scan, seqnr)						\
	X(vmap_node, sizeof)						\
	X(vmap_node, busy)						\
	X(vmap_node, lazy)						\
	X(rb_list, root)						\
	X(rb_list, lock)						\
	X(swap_info_struct, swap_map)					\
	X(swap_cluster_info, sizeof)					\
	X(swap_cluster_info, data)					\
	X(swap_cluster_info, count)					\
	X(swap_cluster_info, flags)					\
	X(swap_cluster_info, order)					\
	X(swap_cluster_info, table)					\
	X(pcpu_chunk, base_addr)					\
	X(pcpu_chunk, nr_pages)

enum mmscope_layout_id {
#define X(_type, _member) MMSCOPE_LAYOUT_##_type##__##_member,
	MMSCOPE_LAYOUTS(X)
#undef X
	MMSCOPE_NR_LAYOUTS
};

/**
 * struct mmscope_layout - where a member is
 * @type: struct name
 * @member: member name
 * @found: this kernel has it
 * @offset: in bytes, of the member or of the word that holds the bitfield
 * @size: in bytes, of the member or of that word (1, 2, 4 or 8)
 * @shift: bitfields: lowest bit in that word
 * @bits: bitfields: width; 0 if it is no bitfield
 */
struct mmscope_layout {
	const char *type;
	const char *member;
	bool found;
	u32 offset;
	u32 size;
	u32 shift;
	u32 bits;
};

extern struct mmscope_layout mmscope_layouts[MMSCOPE_NR_LAYOUTS];

#define mmscope_layout(_type, _member) \
	(&mmscope_layouts[MMSCOPE_LAYOUT_##_type##__##_member])

/* address of a member of an object: mmscope_member(s, kmem_cache, name) */
#define mmscope_member(_obj, _type, _member) \
	((void *)((const char *)(_obj) + mmscope_layout(_type, _member)->offset))

/* value of a scalar member or bitfield, read once; 0 if this kernel has no such member */
#define mmscope_read(_obj, _type, _member) \
	mmscope_layout_read(_obj, mmscope_layout(_type, _member))

u64 mmscope_layout_read(const void *obj, const struct mmscope_layout *l);
bool mmscope_layout_copy(void *to, const void *obj, size_t size);
int mmscope_layout_init(void);
int mmscope_layout_enum(const char *name, const char *skip, struct mmscope_names *out);
int mmscope_layout_tracepoint(const char *name, char *args, size_t size);

/**
 * mmscope_layout_word - mmscope_layout_copy() of one word, without a look at the address
 * @to: filled
 * @from: in the kernel's half of the address space, aligned
 *
 * Return: false if nothing is there.
 */
static inline bool mmscope_layout_word(unsigned long *to, const void *from)
{
	__get_kernel_nofault(to, from, unsigned long, fault);
	return true;

fault:
	return false;
}

#endif /* _MMSCOPE_LAYOUT_H */

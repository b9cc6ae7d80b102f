// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's rules for huge pages in a VMA, as khugepaged and THPeligible of smaps
 * apply them, for huge pages of a PMD entry.
 *
 * Locks: mmap_lock (read), by the caller, keeps the VMA. Switches are read once.
 *
 * Since 6.10 each size has switches of its own (huge_anon_orders_*), since 6.12 also
 * of shmem: where they are there, they decide.
 *
 * Sources: vma->vm_flags; mm->flags; transparent_hugepage_flags, huge_anon_orders_*,
 * shmem_huge, huge_shmem_orders_*; shmem_sb_info.huge; khugepaged_max_ptes_*,
 * khugepaged_scan; zone->free_area[].nr_free.
 */
#include <linux/hugetlb.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/coredump.h>
#include <linux/shmem_fs.h>

#include "../compat.h"
#include "../mmscope.h"
#include "thp_policy.h"

#define HUGE_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define HUGE_PAGES (1UL << HUGE_ORDER)

/* values of /sys/kernel/mm/transparent_hugepage/shmem_enabled and of mounts */
enum {
	HUGE_FORCE	= -2,
	HUGE_DENY	= -1,
	HUGE_ALWAYS	= 1,
	HUGE_WITHIN_SIZE = 2,
	HUGE_ADVISE	= 3,
};

#define read_switch(_name, _missing) \
	(mmscope_has(_name) ? READ_ONCE(*mmscope_sym(_name)) : (_missing))

/* ------------------------------------------------------------------ switches */

/* "always" in enabled, or "madvise" and the VMA was */
static bool enabled_for(const struct vm_area_struct *vma)
{
	unsigned long flags = read_switch(transparent_hugepage_flags, 0UL);

	if (flags >> TRANSPARENT_HUGEPAGE_FLAG & 1)
		return true;
	return flags >> TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG & 1 && vma->vm_flags & VM_HUGEPAGE;
}

static bool anon_enabled(const struct vm_area_struct *vma)
{
	unsigned long orders = read_switch(huge_anon_orders_always, 0UL);

	if (!mmscope_has(huge_anon_orders_inherit))
		return enabled_for(vma);
	if (vma->vm_flags & VM_HUGEPAGE)
		orders |= read_switch(huge_anon_orders_madvise, 0UL);
	if (enabled_for(vma))
		orders |= read_switch(huge_anon_orders_inherit, 0UL);
	return orders >> HUGE_ORDER & 1;
}

/* is the first huge page of the VMA within the file? */
static bool within_size(const struct vm_area_struct *vma)
{
	u64 pages = DIV_ROUND_UP(i_size_read(file_inode(vma->vm_file)), PAGE_SIZE);

	return pages >= round_up(vma->vm_pgoff + 1, HUGE_PAGES);
}

/* the switch of the mount, or of shmem_enabled where there is none */
static bool mount_enabled(const struct vm_area_struct *vma)
{
	const struct shmem_sb_info *mount = file_inode(vma->vm_file)->i_sb->s_fs_info;

	switch (mount->huge) {
	case HUGE_ALWAYS:
		return true;
	case HUGE_WITHIN_SIZE:
		return within_size(vma) || vma->vm_flags & VM_HUGEPAGE;
	case HUGE_ADVISE:
		return vma->vm_flags & VM_HUGEPAGE;
	default:
		return false;
	}
}

static bool shmem_enabled(const struct vm_area_struct *vma)
{
	int all = read_switch(shmem_huge, 0);
	unsigned long orders;
	bool mounted;

	if (!S_ISREG(file_inode(vma->vm_file)->i_mode) || all == HUGE_DENY)
		return false;
	mounted = all == HUGE_FORCE || mount_enabled(vma);
	if (!mmscope_has(huge_shmem_orders_inherit) ||
	    (const void *)vma->vm_ops != mmscope_sym(shmem_anon_vm_ops))
		return mounted;
	if (all == HUGE_FORCE)
		return read_switch(huge_shmem_orders_inherit, 0UL) >> HUGE_ORDER & 1;
	orders = read_switch(huge_shmem_orders_always, 0UL);
	if (within_size(vma))
		orders |= read_switch(huge_shmem_orders_within_size, 0UL);
	if (vma->vm_flags & VM_HUGEPAGE)
		orders |= read_switch(huge_shmem_orders_madvise, 0UL);
	if (mounted)
		orders |= read_switch(huge_shmem_orders_inherit, 0UL);
	return orders >> HUGE_ORDER & 1;
}

/* ----------------------------------------------------------------------- VMA */

static bool is_shmem(const struct vm_area_struct *vma)
{
	return vma->vm_file && shmem_mapping(vma->vm_file->f_mapping);
}

/* while execve() builds it, it may still move */
static bool is_temporary_stack(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_GROWSDOWN &&
	       (vma->vm_flags & VM_STACK_INCOMPLETE_SETUP) == VM_STACK_INCOMPLETE_SETUP;
}

static bool has_kind(struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_HUGETLB | VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP))
		return false;
	if (is_shmem(vma))
		return true;
	if (vma_is_anonymous(vma))
		return !is_temporary_stack(vma);
	return IS_ENABLED(CONFIG_READ_ONLY_THP_FOR_FS) && vma->vm_file &&
	       S_ISREG(file_inode(vma->vm_file)->i_mode) && !vma_is_dax(vma) &&
	       !inode_is_open_for_write(file_inode(vma->vm_file));
}

static bool has_place(struct vm_area_struct *vma)
{
	if (!vma_is_anonymous(vma) &&
	    !IS_ALIGNED((vma->vm_start >> PAGE_SHIFT) - vma->vm_pgoff, HUGE_PAGES))
		return false;
	return ALIGN(vma->vm_start, PMD_SIZE) + PMD_SIZE <= vma->vm_end;
}

/**
 * mmscope_thp_reason - what forbids huge pages in a VMA
 * @vma: the VMA
 *
 * Return: enum mmscope_thp_reason; MMSCOPE_THP_HUGE: nothing does.
 */
u32 mmscope_thp_reason(struct vm_area_struct *vma)
{
	if (compat_thp_disabled(vma))
		return MMSCOPE_THP_OFF_PROCESS;
	if (vma->vm_flags & VM_NOHUGEPAGE)
		return MMSCOPE_THP_OFF_VMA;
	if (!has_kind(vma))
		return MMSCOPE_THP_KIND;
	if (!has_place(vma))
		return MMSCOPE_THP_MISPLACED;
	if (is_shmem(vma) ? !shmem_enabled(vma) :
	    vma_is_anonymous(vma) ? !anon_enabled(vma) : !enabled_for(vma))
		return MMSCOPE_THP_POLICY;
	return MMSCOPE_THP_HUGE;
}

/* ---------------------------------------------------------------- khugepaged */

/**
 * mmscope_thp_scanning - is khugepaged at an address space right now
 * @mm: the address space
 *
 * The slot may be freed meanwhile: it is copied without trust, and only compared.
 *
 * Return: 1 or 0, or MMSCOPE_UNKNOWN32.
 */
u32 mmscope_thp_scanning(const struct mm_struct *mm)
{
	const char *scan = mmscope_sym(khugepaged_scan);
	const struct mm_struct *at;
	const void *slot;

	if (!scan || !mmscope_layout(khugepaged_scan, mm_slot)->found ||
	    !mmscope_layout(mm_slot, mm)->found)
		return MMSCOPE_UNKNOWN32;
	slot = (const void *)(unsigned long)mmscope_read(scan, khugepaged_scan, mm_slot);
	if (!slot || !mmscope_layout_copy(&at, mmscope_member(slot, mm_slot, mm), sizeof(at)))
		return 0;
	return at == mm;
}

/* as khugepaged would need one; counters are read, no list */
static bool has_free_block(void)
{
	u32 order, i;
	int nid;

	for_each_online_node(nid) {
		const struct zone *zones = NODE_DATA(nid)->node_zones;

		for (i = 0; i < MAX_NR_ZONES; i++)
			for (order = HUGE_ORDER; order < mmscope_nr_orders; order++)
				if (READ_ONCE(zones[i].free_area[order].nr_free))
					return true;
	}
	return false;
}

/**
 * mmscope_thp_limits_read - the limits of now
 * @l: filled; limits that cannot be read are the kernel's defaults
 */
void mmscope_thp_limits_read(struct mmscope_thp_limits *l)
{
	l->none = read_switch(khugepaged_max_ptes_none, (u32)HUGE_PAGES - 1);
	l->swap = read_switch(khugepaged_max_ptes_swap, (u32)HUGE_PAGES / 8);
	l->shared = read_switch(khugepaged_max_ptes_shared, (u32)HUGE_PAGES / 2);
	l->free_block = has_free_block();
}

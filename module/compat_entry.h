/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of compat.h about entries of page tables, swap entries and address spaces;
 * only that includes it.
 */
#ifndef _MMSCOPE_COMPAT_ENTRY_H
#define _MMSCOPE_COMPAT_ENTRY_H

#include <asm/fixmap.h>
#ifdef CONFIG_X86
#include <asm/cpu_entry_area.h>
#endif

#include "layout.h"

#ifndef HAVE_ZERO_PFN
#define zero_pfn(_addr) my_zero_pfn(_addr)
#endif

#ifndef HAVE_PTE_UFFD
#define pte_uffd pte_uffd_wp
#define pte_swp_uffd pte_swp_uffd_wp
#define pmd_swp_uffd pmd_swp_uffd_wp
#endif

/* what a present entry allows; no name for it is known to all architectures */
static inline bool compat_pte_user(pte_t pte)
{
#ifdef CONFIG_X86
	return pte_flags(pte) & _PAGE_USER;
#else
	return pte_user(pte);
#endif
}

static inline bool compat_pte_user_exec(pte_t pte)
{
#ifdef CONFIG_X86
	return pte_exec(pte);
#else
	return pte_user_exec(pte);
#endif
}

/* pte_protnone() says no where CONFIG_NUMA_BALANCING is off, and PROT_NONE is there all the same */
static inline bool compat_pte_protnone(pte_t pte)
{
#ifdef CONFIG_X86
	return (pte_flags(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE)) == _PAGE_PROTNONE;
#else
	return pte_protnone(pte);
#endif
}

static inline bool compat_pte_global(pte_t pte)
{
#ifdef CONFIG_X86
	return pte_global(pte);
#else
	return !(pte_val(pte) & PTE_NG);
#endif
}

/* Is it a present entry like most: with a struct page, and its frame as it is written? */
static inline bool compat_pte_is_plain(pte_t pte)
{
#ifdef CONFIG_X86
	return (pte_val(pte) & (_PAGE_PRESENT | _PAGE_SPECIAL)) == _PAGE_PRESENT;
#else
	return pte_valid(pte) && !pte_special(pte);
#endif
}

/* all of a present entry but the frame */
static inline u64 compat_pte_bits(pte_t pte)
{
#ifdef CONFIG_X86
	return pte_flags(pte);
#else
	return pte_val(pte) ^ pte_val(pfn_pte(pte_pfn(pte), __pgprot(0)));
#endif
}

static inline u64 compat_plain_pfn(pte_t pte)
{
#ifdef CONFIG_X86
	return (pte_val(pte) & PTE_PFN_MASK) >> PAGE_SHIFT;
#else
	return pte_pfn(pte);
#endif
}

/* what is added to a present entry's value for the next frame and the same bits */
static inline u64 compat_pte_step(pte_t pte)
{
#ifdef CONFIG_X86
	return __pte_needs_invert(pte_val(pte)) ? -PAGE_SIZE : PAGE_SIZE;
#else
	return PAGE_SIZE;
#endif
}

/* ------------------------------------------------ the kernel's page tables */

#ifdef CONFIG_X86

/* the upper half of the address space, with 4 or 5 levels */
#define COMPAT_KERNEL_START	(-1UL << __VIRTUAL_MASK_SHIFT)
#define COMPAT_MODULES_ANYWHERE	false
#define COMPAT_DIRECT_MAP_END	VMALLOC_START
#define COMPAT_MEMMAP_START	((unsigned long)vmemmap)
#define COMPAT_MEMMAP_END	\
	((unsigned long)(vmemmap + (1UL << (MAX_PHYSMEM_BITS - PAGE_SHIFT))))

/* regions that only this machine has, or where it has them: X(name, start, end) */
#define COMPAT_REGIONS(X)							\
	X(IMAGE, __START_KERNEL_map, MODULES_VADDR)				\
	X(FIXMAP, MODULES_END, FIXADDR_TOP + PAGE_SIZE)				\
	X(CPU_ENTRY, CPU_ENTRY_AREA_BASE, CPU_ENTRY_AREA_BASE + CPU_ENTRY_AREA_MAP_SIZE) \
	X(ESPFIX, ESPFIX_BASE_ADDR, ESPFIX_BASE_ADDR + P4D_SIZE)		\
	X(LDT, LDT_BASE_ADDR, LDT_END_ADDR)					\
	X(EFI, EFI_VA_END, EFI_VA_START)

/* does an entry that is not none map memory? */
static inline bool compat_kernel_present(pte_t pte)
{
	return pte_present(pte);
}

/* enum mmscope_kernel_flags of a leaf, or of an entry that leads to a table */
static inline u32 compat_kernel_rights(pte_t pte, bool leaf)
{
	pteval_t flags = pte_flags(pte);

	return (flags & _PAGE_RW ? MMSCOPE_KERNEL_WRITE : 0) |
	       (flags & _PAGE_NX ? 0 : MMSCOPE_KERNEL_EXEC) |
	       (flags & _PAGE_USER ? MMSCOPE_KERNEL_USER : 0) |
	       (leaf && flags & _PAGE_GLOBAL ? MMSCOPE_KERNEL_GLOBAL : 0);
}

#else /* !CONFIG_X86 */

/* the CPU may have fewer bits of addresses than the kernel is built for */
#define COMPAT_KERNEL_START	((unsigned long)_PAGE_OFFSET(vabits_actual))
/* they are near the image, which KASLR moves into the range of vmalloc() */
#define COMPAT_MODULES_ANYWHERE	true
#define COMPAT_DIRECT_MAP_END	PAGE_END
#define COMPAT_MEMMAP_START	((unsigned long)VMEMMAP_START)
#define COMPAT_MEMMAP_END	((unsigned long)VMEMMAP_START + VMEMMAP_SIZE)

/* Linux 6.3: arm64: the fixmap's size has two names, of which the new one is for all of it */
#ifdef FIXADDR_TOT_START
#define COMPAT_FIXMAP_START	FIXADDR_TOT_START
#else
#define COMPAT_FIXMAP_START	(FIXADDR_TOP - (__end_of_fixed_addresses << PAGE_SHIFT))
#endif

#define COMPAT_REGIONS(X)			\
	X(FIXMAP, COMPAT_FIXMAP_START, FIXADDR_TOP) \
	X(PCI_IO, PCI_IO_START, PCI_IO_END)

/* what makes a process's entry present without PTE_VALID means nothing here */
static inline bool compat_kernel_present(pte_t pte)
{
	return pte_valid(pte);
}

static inline u32 compat_kernel_rights(pte_t pte, bool leaf)
{
	if (!leaf)
		return MMSCOPE_KERNEL_WRITE | MMSCOPE_KERNEL_EXEC | MMSCOPE_KERNEL_USER;
	return (pte_write(pte) ? MMSCOPE_KERNEL_WRITE : 0) |
	       (pte_val(pte) & PTE_PXN ? 0 : MMSCOPE_KERNEL_EXEC) |
	       (pte_user(pte) ? MMSCOPE_KERNEL_USER : 0) |
	       (compat_pte_global(pte) ? MMSCOPE_KERNEL_GLOBAL : 0);
}

#endif /* CONFIG_X86 */

/* -------------------------------------- entries that are neither none nor present */

/* Linux 6.13-7.2: mm: software leaf entries instead of swap entries that are none */
#ifndef HAVE_SOFTLEAF
/* stable kernels have got some of these names */
#undef softleaf_from_pte
#undef softleaf_to_pfn
#define softleaf_t				swp_entry_t
#define softleaf_from_pte			pte_to_swp_entry
#define softleaf_from_pmd			pmd_to_swp_entry
#define softleaf_is_swap(_entry)		(!non_swap_entry(_entry))
#define softleaf_is_migration			is_migration_entry
#define softleaf_is_migration_write		is_writable_migration_entry
#define softleaf_is_migration_read		is_readable_migration_entry
#define softleaf_is_migration_read_exclusive	is_readable_exclusive_migration_entry
#define softleaf_is_device_private		is_device_private_entry
#define softleaf_is_device_private_write	is_writable_device_private_entry
#define softleaf_is_device_exclusive		is_device_exclusive_entry
#define softleaf_is_hwpoison			is_hwpoison_entry
#define softleaf_is_marker			is_pte_marker_entry
#define softleaf_to_marker			pte_marker_get
#define softleaf_has_pfn			is_pfn_swap_entry
#define softleaf_to_pfn				swp_offset_pfn
#endif

/* markers that 6.1 has not got, and that 6.12 has not */
#ifndef PTE_MARKER_POISONED
#define PTE_MARKER_POISONED			0
#endif
#ifndef PTE_MARKER_GUARD
#define PTE_MARKER_GUARD			0
#endif

static inline bool compat_is_marker(softleaf_t entry, unsigned long marker)
{
	return softleaf_is_marker(entry) && (softleaf_to_marker(entry) & marker);
}

/* enum mmscope_mapping_kind */
static inline u32 compat_swap_kind(softleaf_t entry)
{
	if (softleaf_is_swap(entry))
		return MMSCOPE_MAPPING_SWAP;
	if (softleaf_is_migration(entry))
		return MMSCOPE_MAPPING_MIGRATION;
	if (softleaf_is_device_private(entry) || softleaf_is_device_exclusive(entry))
		return MMSCOPE_MAPPING_DEVICE;
	if (softleaf_is_hwpoison(entry))
		return MMSCOPE_MAPPING_HWPOISON;
	if (softleaf_is_marker(entry))
		return MMSCOPE_MAPPING_MARKER;
	return MMSCOPE_MAPPING_UNKNOWN;
}

static inline bool compat_swap_marks_uffd_wp(softleaf_t entry)
{
	return compat_is_marker(entry, PTE_MARKER_UFFD_WP);
}

/* ---------------------------------------------------------- address spaces */

/* pages of one kind; exact where the kernel can sum up what its CPUs have counted */
static inline unsigned long compat_mm_counter(struct mm_struct *mm, int member)
{
#ifdef HAVE_MM_COUNTER_SUM
	return get_mm_counter_sum(mm, member);
#else
	return get_mm_counter(mm, member);
#endif
}

/* as the OOM killer counts them, and /proc/PID/oom_score */
static inline unsigned long compat_oom_counter(struct mm_struct *mm, int member)
{
#ifdef HAVE_MM_RSS_SUM
	return get_mm_counter_sum(mm, member);
#else
	return get_mm_counter(mm, member);
#endif
}

static inline bool compat_mm_flag(struct mm_struct *mm, int flag)
{
#ifdef HAVE_MM_FLAGS_TEST
	return mm_flags_test(flag, mm);
#else
	return test_bit(flag, &mm->flags);
#endif
}

/* where it counts pages of one kind, but for what CPUs have not yet brought there */
static inline const void *compat_mm_counter_word(const struct mm_struct *mm, int member)
{
#ifdef HAVE_MM_COUNTER_SUM
	return &mm->rss_stat[member].count;
#else
	return &mm->rss_stat.count[member];
#endif
}

/* what the CPUs have on top of that, if the OOM killer looks there; false: it is gone */
static inline bool compat_add_oom_cpus(const struct mm_struct *mm, int member, long *pages)
{
#ifdef HAVE_MM_RSS_SUM
	unsigned long counters;
	s32 more;
	int cpu;

	if (!mmscope_layout_word(&counters, &mm->rss_stat[member].counters))
		return false;
	for_each_online_cpu(cpu) {
		if (!mmscope_layout_copy(&more, per_cpu_ptr((s32 __force __percpu *)counters, cpu),
					 sizeof(more)))
			return false;
		*pages += more;
	}
#endif
	return true;
}

/* compat_oom_counter() of an mm that may be freed meanwhile; false: that is so */
static inline bool compat_read_oom_counter(const struct mm_struct *mm, int member, long *pages)
{
	unsigned long word;

	if (!mmscope_layout_word(&word, compat_mm_counter_word(mm, member)))
		return false;
	*pages = word;
	if (!compat_add_oom_cpus(mm, member, pages))
		return false;
	*pages = max(*pages, 0L);
	return true;
}

static inline unsigned long compat_hugetlb_bytes(struct mm_struct *mm)
{
#ifdef CONFIG_HUGETLB_PAGE
	return atomic_long_read(&mm->hugetlb_usage) << PAGE_SHIFT;
#else
	return 0;
#endif
}

/* what a marker makes of an access: enum mmscope_fault_kind; NONE: nothing, it is like empty */
static inline u32 compat_marker_fault(softleaf_t entry)
{
	if (compat_is_marker(entry, PTE_MARKER_GUARD))
		return MMSCOPE_FAULT_SEGV_GUARD;
	if (compat_is_marker(entry, PTE_MARKER_POISONED))
		return MMSCOPE_FAULT_BUS_POISON;
	return MMSCOPE_FAULT_NONE;
}

/* where the page cache has a hugetlb page, of whose place @index is, in base pages */
static inline unsigned long compat_hugetlb_index(unsigned long index, unsigned int order)
{
#ifdef HAVE_HUGETLB_BASE_INDEX
	return index & ~((1UL << order) - 1);
#else
	return index >> order;
#endif
}

/* where the cache of one swap area is: an address space for each 64M of it */
#define COMPAT_SWAP_SPACE_SHIFT	14

/* enum mmscope_entry_flags of an entry that leads to a table */
static inline u64 compat_table_flags(u64 raw)
{
	u64 flags = MMSCOPE_ENTRY_PRESENT;

#ifdef CONFIG_X86
	if (raw & _PAGE_RW)
		flags |= MMSCOPE_ENTRY_WRITE;
	if (raw & _PAGE_USER)
		flags |= MMSCOPE_ENTRY_USER;
	if (!(raw & _PAGE_NX))
		flags |= MMSCOPE_ENTRY_EXEC;
	if (raw & _PAGE_ACCESSED)
		flags |= MMSCOPE_ENTRY_ACCESSED;
#else
	/* it has bits that forbid, at the same place at every level; tables' APTable is unused */
	flags |= MMSCOPE_ENTRY_WRITE | MMSCOPE_ENTRY_USER;
	if (!(raw & PMD_TABLE_UXN))
		flags |= MMSCOPE_ENTRY_EXEC;
#endif
	return flags;
}

/* flags of a present leaf that only some machines have */
static inline u64 compat_more_flags(pte_t pte)
{
	u64 flags = 0;

#ifdef _PAGE_SAVED_DIRTY
	if (pte_flags(pte) & _PAGE_SAVED_DIRTY)
		flags |= MMSCOPE_ENTRY_SAVED_DIRTY;
	if (pte_shstk(pte))
		flags |= MMSCOPE_ENTRY_SHADOW_STACK;
#endif
#ifdef CONFIG_ARM64
	if (pte_cont(pte))
		flags |= MMSCOPE_ENTRY_CONTIGUOUS;
#endif
	return flags;
}

static inline u32 compat_pkey(pte_t pte)
{
#ifdef CONFIG_X86
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		return (pte_flags(pte) & _PAGE_PKEY_MASK) >> _PAGE_BIT_PKEY_BIT0;
#endif
	return MMSCOPE_UNKNOWN32;
}

/* which of the eight entries of the PAT, or of MAIR, a leaf chooses */
static inline u32 compat_cache_index(u64 raw, bool huge)
{
#ifdef CONFIG_X86
	const u64 pat = huge ? _PAGE_PAT_LARGE : _PAGE_PAT;

	return (raw & _PAGE_PWT ? 1 : 0) + (raw & _PAGE_PCD ? 2 : 0) + (raw & pat ? 4 : 0);
#else
	return (raw & PTE_ATTRINDX_MASK) / PTE_ATTRINDX(1);
#endif
}

#ifndef HAVE_RDMSRQ
#define rdmsrq_safe rdmsrl_safe
#endif

#ifdef CONFIG_X86

/* the PAT, the same on all CPUs; 0: there is none */
static inline u64 compat_pat(void)
{
	u64 pat = 0;

	if (boot_cpu_has(X86_FEATURE_PAT) && rdmsrq_safe(MSR_IA32_CR_PAT, &pat))
		pat = 0;
	return pat;
}

#else /* !CONFIG_X86 */

/* enum mmscope_cache_mode of an attribute of MAIR_EL1 */
static inline u64 compat_mair_mode(u8 attr)
{
	switch (attr) {
	case MAIR_ATTR_NORMAL:
		return MMSCOPE_CACHE_WB;
	case MAIR_ATTR_NORMAL_TAGGED:
		return MMSCOPE_CACHE_TAGGED;
	case MAIR_ATTR_NORMAL_NC:
		return MMSCOPE_CACHE_WC;
	default:
		/* an upper half that is not zero is of memory: written through, if it is cached */
		return attr & 0xf0 ? MMSCOPE_CACHE_WT : MMSCOPE_CACHE_DEVICE;
	}
}

/* what the PAT would be that says the same as MAIR_EL1, which all CPUs have alike */
static inline u64 compat_pat(void)
{
	u64 mair = read_sysreg(mair_el1), pat = 0;
	u32 i;

	for (i = 0; i < 8; i++)
		pat |= compat_mair_mode(mair >> (8 * i)) << (8 * i);
	return pat;
}

#endif /* CONFIG_X86 */

/* flags of an entry that is neither none nor present; for those with a frame that too */
static inline u64 compat_swap_flags(pte_t pte, u64 *pfn)
{
	const softleaf_t entry = softleaf_from_pte(pte);
	const bool private = softleaf_is_device_private(entry);
	const bool private_write = softleaf_is_device_private_write(entry);
	u64 flags = 0;

	if (softleaf_has_pfn(entry))
		*pfn = softleaf_to_pfn(entry);
	if (softleaf_is_swap(entry) && pte_swp_exclusive(pte))
		flags |= MMSCOPE_ENTRY_EXCLUSIVE;
	if (softleaf_is_migration_write(entry) || private_write)
		flags |= MMSCOPE_ENTRY_WRITABLE;
	if (softleaf_is_migration_read(entry) || softleaf_is_migration_read_exclusive(entry) ||
	    (private && !private_write))
		flags |= MMSCOPE_ENTRY_READABLE;
	if (softleaf_is_migration_read_exclusive(entry) || softleaf_is_device_exclusive(entry))
		flags |= MMSCOPE_ENTRY_EXCLUSIVE;
	if (private)
		flags |= MMSCOPE_ENTRY_PRIVATE;
	if (compat_is_marker(entry, PTE_MARKER_POISONED))
		flags |= MMSCOPE_ENTRY_POISONED;
	if (compat_is_marker(entry, PTE_MARKER_GUARD))
		flags |= MMSCOPE_ENTRY_GUARD;
	return flags;
}

#endif /* _MMSCOPE_COMPAT_ENTRY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of compat.h about swap areas: their slots and clusters; only that includes it.
 */
#ifndef _MMSCOPE_COMPAT_SWAP_H
#define _MMSCOPE_COMPAT_SWAP_H

#include "layout.h"

/* slots of a cluster: SWAPFILE_CLUSTER */
#define COMPAT_SWAP_CLUSTER (IS_ENABLED(CONFIG_THP_SWAP) ? PMD_SIZE / PAGE_SIZE : 256)

/**
 * struct compat_slot - what the kernel keeps of a slot
 * @bad: the header, or a bad block
 * @shmem: a shmem object refers to it; by 7.3 there is no mark for those
 * @cached: its page is in memory as well
 * @zero: a page of zeros, which was not written
 * @continued: used more often than is kept here
 * @count: how many refer to it
 * @head: of the page that is cached, if that is kept here; 0: it is not
 */
struct compat_slot {
	bool bad;
	bool shmem;
	bool cached;
	bool zero;
	bool continued;
	u32 count;
	u64 head;
};

/* does anything refer to it? */
static inline bool compat_slot_used(const struct compat_slot *s)
{
	return s->count || s->cached || s->continued;
}

#ifdef HAVE_SWAP_MAP

#define COMPAT_HAS_SWAP_TABLE false
#define COMPAT_SWAP_SLOT_NEEDS NEED_LAYOUT(swap_info_struct, swap_map)
#define COMPAT_SWAP_CACHE_NEEDS WANT_SYM(swapper_spaces)

/* only asked of slots below si->max, while the area cannot go */
static inline void compat_read_slot(const struct swap_info_struct *si, unsigned long slot,
				    struct compat_slot *s)
{
	u32 map = READ_ONCE(si->swap_map[slot]);

	*s = (struct compat_slot){ .bad = map == SWAP_MAP_BAD };
	if (s->bad || !map)
		return;
	s->cached = map & SWAP_HAS_CACHE;
#ifdef HAVE_SWAP_ZEROMAP
	s->zero = test_bit(slot, si->zeromap);
#endif
	map &= ~SWAP_HAS_CACHE;
#ifdef SWAP_MAP_SHMEM
	s->shmem = map == (SWAP_MAP_SHMEM & ~SWAP_HAS_CACHE);
#endif
	s->continued = !s->shmem && map & COUNT_CONTINUED;
	s->count = s->shmem ? 1 : map & ~COUNT_CONTINUED;
}

#else /* !HAVE_SWAP_MAP */

/*
 * Linux 6.13-7.2: swap: each cluster has a table with a word for each slot, mm/swap_table.h:
 * a page's number, a shadow, or a mark, and above them the count and the mark of zeros.
 */
#define COMPAT_HAS_SWAP_TABLE true
#define COMPAT_SWAP_SLOT_NEEDS				\
	NEED_LAYOUT(swap_cluster_info, sizeof),		\
	NEED_LAYOUT(swap_cluster_info, table)
#define COMPAT_SWAP_CACHE_NEEDS				\
	WANT_LAYOUT(swap_cluster_info, sizeof),		\
	WANT_LAYOUT(swap_cluster_info, table)

#ifdef MAX_POSSIBLE_PHYSMEM_BITS
#define COMPAT_SLOT_PFN_BITS	(MAX_POSSIBLE_PHYSMEM_BITS - PAGE_SHIFT)
#else
#define COMPAT_SLOT_PFN_BITS	(MAX_PHYSMEM_BITS - PAGE_SHIFT)
#endif
#define COMPAT_SLOT_FLAG_BITS	min(5, BITS_PER_LONG - 2 - COMPAT_SLOT_PFN_BITS)
#define COMPAT_SLOT_HAS_ZERO	(BITS_PER_LONG - 2 - COMPAT_SLOT_PFN_BITS > 2)
#define COMPAT_SLOT_COUNT_BITS	(COMPAT_SLOT_FLAG_BITS - COMPAT_SLOT_HAS_ZERO)

static inline unsigned long compat_slot_word(const struct swap_info_struct *si, unsigned long slot)
{
	const void *ci = READ_ONCE(si->cluster_info);
	unsigned long word = 0;
	const unsigned long *table;

	if (!ci || !mmscope_layout(swap_cluster_info, table)->found)
		return 0;
	ci += slot / COMPAT_SWAP_CLUSTER * mmscope_layout(swap_cluster_info, sizeof)->size;
	/* tables come and go with what is in them */
	rcu_read_lock();
	table = (const unsigned long *)(unsigned long)mmscope_read(ci, swap_cluster_info, table);
	if (table)
		word = READ_ONCE(table[slot % COMPAT_SWAP_CLUSTER]);
	rcu_read_unlock();
	return word;
}

static inline void compat_read_slot(const struct swap_info_struct *si, unsigned long slot,
				    struct compat_slot *s)
{
	const unsigned long word = compat_slot_word(si, slot);

	*s = (struct compat_slot){ .bad = word == ~0UL << 3 };
	if (s->bad || !word)
		return;
	s->cached = (word & 3) == 2;
	if (s->cached)
		s->head = (word & (~0UL >> COMPAT_SLOT_FLAG_BITS)) >> 2;
	s->zero = COMPAT_SLOT_HAS_ZERO && word >> (BITS_PER_LONG - COMPAT_SLOT_FLAG_BITS) & 1;
	s->count = word >> (BITS_PER_LONG - COMPAT_SLOT_COUNT_BITS);
	s->continued = s->count == (1U << COMPAT_SLOT_COUNT_BITS) - 1;
}

#endif /* HAVE_SWAP_MAP */

static inline u64 compat_swap_used(const struct swap_info_struct *si)
{
#ifdef HAVE_SWAP_USE_ATOMIC
	/* a bit of the kernel's own on top */
	return atomic_long_read(&si->inuse_pages) & GENMASK(61, 0);
#else
	return READ_ONCE(si->inuse_pages);
#endif
}

/* flags of an area that newer kernels do not have */
#ifndef HAVE_SWP_CONTINUED
#define SWP_CONTINUED 0
#endif
#ifndef HAVE_SWP_FS_OPS
#define SWP_FS_OPS 0
#endif

/* flag of a cluster in which no slots of its order were found; 0: this kernel has none */
#ifdef CLUSTER_FLAG_FRAG
#define COMPAT_CLUSTER_FRAG CLUSTER_FLAG_FRAG
#else
#define COMPAT_CLUSTER_FRAG 0
#endif

/* flag of a cluster whose number is not its use; 0: there is another for that */
#ifdef HAVE_SWAP_CLUSTER_DATA
#define COMPAT_CLUSTER_FREE CLUSTER_FLAG_FREE
#else
#define COMPAT_CLUSTER_FREE 0
#endif

#ifdef HAVE_SWAP_CLUSTER_DATA
#define COMPAT_SWAP_CLUSTER_NEEDS			\
	WANT_LAYOUT(swap_cluster_info, data)
#else
#define COMPAT_SWAP_CLUSTER_NEEDS			\
	WANT_LAYOUT(swap_cluster_info, count),		\
	WANT_LAYOUT(swap_cluster_info, order)
#endif

#endif /* _MMSCOPE_COMPAT_SWAP_H */

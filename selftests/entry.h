/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page tables as this machine has them: which bits of an address choose an entry,
 * and what the bits of an entry mean. Include after common.h.
 */
#ifndef _MMSCOPE_ENTRY_H
#define _MMSCOPE_ENTRY_H

#include <stdbool.h>

/* entries that fill a page */
#define ENTRIES		(PAGE / sizeof(uint64_t))

/* bits below those that choose the entry of a level, where none is folded */
static inline int level_shift(int level)
{
	const int page = __builtin_ctzl(PAGE);

	return page + (MMSCOPE_LEVEL_PTE - level) * (page - 3);
}

/* likewise with so many levels: the top one takes the place of those that are folded */
static inline int shift_of(int level, int levels)
{
	return level_shift(level == MMSCOPE_LEVEL_PGD ? MMSCOPE_NR_LEVELS - levels : level);
}

static inline bool is_folded(int level, int levels)
{
	return level != MMSCOPE_LEVEL_PGD && level <= MMSCOPE_NR_LEVELS - levels;
}

/* a page of 1G is mapped by one entry, or by PMDs that are contiguous */
#define LEVEL_1G	(level_shift(MMSCOPE_LEVEL_PUD) == 30 ? MMSCOPE_LEVEL_PUD : \
			 MMSCOPE_LEVEL_PMD)
#define LEAF_1G		(1UL << level_shift(LEVEL_1G))

static inline bool raw_has(uint64_t raw, int bit)
{
	return raw >> bit & 1;
}

#ifdef __aarch64__

/* frames above 2^50 have more bits elsewhere; no guest has such */
#define FRAME_MASK	(0x0003fffffffff000UL & ~(PAGE - 1))

/* Linux 6.12: PROT_NONE is nG without valid; before it had a bit of its own */
static inline bool raw_is_protnone(uint64_t raw)
{
	return !raw_has(raw, 0) && (raw_has(raw, 11) || raw_has(raw, 58));
}

static inline uint64_t raw_frame(uint64_t raw, bool protnone)
{
	(void)protnone;
	return raw & FRAME_MASK;
}

/* a table forbids nothing to a process */
static inline bool raw_table_agrees(uint64_t raw, uint64_t flags)
{
	return raw_has(raw, 1) && flags & MMSCOPE_ENTRY_WRITE;
}

/* dirty bit management is the right to write; UXN forbids to run */
static inline bool raw_leaf_agrees(uint64_t raw, uint64_t flags)
{
	return raw_has(raw, 51) == !!(flags & MMSCOPE_ENTRY_WRITE) &&
	       raw_has(raw, 6) == !!(flags & MMSCOPE_ENTRY_USER) &&
	       raw_has(raw, 10) == !!(flags & MMSCOPE_ENTRY_ACCESSED) &&
	       raw_has(raw, 52) == !!(flags & MMSCOPE_ENTRY_CONTIGUOUS) &&
	       raw_has(raw, 54) == !(flags & MMSCOPE_ENTRY_EXEC);
}

#else /* x86_64 */

#define FRAME_MASK	0x000ffffffffff000UL

static inline bool raw_is_protnone(uint64_t raw)
{
	return !raw_has(raw, 0) && raw_has(raw, 8);
}

/* the frame of a PROT_NONE entry is stored inverted */
static inline uint64_t raw_frame(uint64_t raw, bool protnone)
{
	return (protnone ? ~raw : raw) & FRAME_MASK;
}

static inline bool raw_table_agrees(uint64_t raw, uint64_t flags)
{
	return raw_has(raw, 1) == !!(flags & MMSCOPE_ENTRY_WRITE);
}

static inline bool raw_leaf_agrees(uint64_t raw, uint64_t flags)
{
	return raw_has(raw, 1) == !!(flags & MMSCOPE_ENTRY_WRITE) &&
	       raw_has(raw, 2) == !!(flags & MMSCOPE_ENTRY_USER) &&
	       raw_has(raw, 5) == !!(flags & MMSCOPE_ENTRY_ACCESSED) &&
	       raw_has(raw, 63) == !(flags & MMSCOPE_ENTRY_EXEC);
}

#endif

#endif /* _MMSCOPE_ENTRY_H */

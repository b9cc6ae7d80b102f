/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sums of the dataset `accounting`. Include after common.h.
 */
#ifndef _MMSCOPE_ACCOUNTS_H
#define _MMSCOPE_ACCOUNTS_H

/* all zones in one sweep; 0 or -errno */
static inline int accounting_read(int fd, struct answer *a)
{
	return walk_all(fd, walk_arg(MMSCOPE_DS_ACCOUNTING), a);
}

/* pages of some classes (1 << enum mmscope_class) in a zone; ~0U: in all zones, all nodes */
static inline uint64_t class_pages(const struct answer *a, uint32_t node, uint32_t zone,
				   uint64_t classes)
{
	const struct mmscope_account *rec = a->records;
	uint64_t sum = 0;

	for (size_t i = 0; i < a->nr; i++)
		if ((node == ~0U || rec[i].node == node) && (zone == ~0U || rec[i].zone == zone) &&
		    classes >> rec[i].page_class & 1)
			sum += rec[i].pages;
	return sum;
}

#define CLASS(_name) (1ULL << MMSCOPE_CLASS_##_name)
#define ALL_CLASSES (~0ULL)

#endif /* _MMSCOPE_ACCOUNTS_H */

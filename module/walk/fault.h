/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an access to a page of a VMA would do.
 */
#ifndef _MMSCOPE_FAULT_H
#define _MMSCOPE_FAULT_H

#include "../mmscope.h"
#include "pgtable.h"

void mmscope_fault_piece(const struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e,
			 unsigned long addr, struct mmscope_fault *rec);

#endif /* _MMSCOPE_FAULT_H */

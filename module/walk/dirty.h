/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dirty limits of a node.
 */
#ifndef _MMSCOPE_WALK_DIRTY_H
#define _MMSCOPE_WALK_DIRTY_H

#include <linux/mmzone.h>

bool mmscope_dirty_ok(const pg_data_t *pgdat, u32 *unknown);

#endif /* _MMSCOPE_WALK_DIRTY_H */

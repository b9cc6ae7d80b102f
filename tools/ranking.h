/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of a dataset by the size of one number.
 */
#ifndef RANKING_H
#define RANKING_H

#include "table.h"

#define RANKING_SHOWN	10	/* in tables; programs get all */

size_t *ranking(const struct table *t, const char *column, size_t *nr);
size_t ranking_shown(const struct out *out, size_t nr);

#endif

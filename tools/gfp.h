/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocation flags by name.
 */
#ifndef GFP_H
#define GFP_H

#include <linux/mmscope.h>

const char *gfp_parse(const char *text, __u32 *flags);

#endif

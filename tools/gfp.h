/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocation flags by name.
 */
#ifndef GFP_H
#define GFP_H

#include <linux/mmscope.h>
#include <stddef.h>

const char *gfp_parse(const char *text, __u32 *flags);
void gfp_text(__u32 flags, char *text, size_t size);

#endif

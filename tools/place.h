/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where on the live machine a file system is mounted, and what a block device is called.
 */
#ifndef PLACE_H
#define PLACE_H

#include "text.h"

struct places;

struct places *places_read(void);
const char *places_mount(const struct places *p, __u32 major, __u32 minor);
void places_free(struct places *p);
bool block_name(struct text *t, __u32 major, __u32 minor);

#endif

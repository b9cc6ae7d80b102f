/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files about ioctls share.
 */
#ifndef _MMSCOPE_FRONT_IOCTL_H
#define _MMSCOPE_FRONT_IOCTL_H

#include "../mmscope.h"

struct mmscope_reader;

int mmscope_get_target_mm(u32 nr, struct pid **pid, struct mm_struct **mm);
void mmscope_put_target_mm(struct pid *pid, struct mm_struct *mm);
int mmscope_ioctl_translate(struct mmscope_reader *r, void *p);
int mmscope_ioctl_alloc(struct mmscope_reader *r, void *p);

#endif /* _MMSCOPE_FRONT_IOCTL_H */

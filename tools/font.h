/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Letters for pictures of pixels, 5 by 8, for printable ASCII.
 */
#ifndef FONT_H
#define FONT_H

#define FONT_WIDTH	5
#define FONT_HEIGHT	8

/* columns of a character, from the left; the lowest bit is the highest row */
const unsigned char *font_columns(unsigned char c);

#endif

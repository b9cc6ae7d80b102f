/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical memory as a picture: page frames by what they are, in cells.
 */
#ifndef MAP_H
#define MAP_H

#include <linux/mmscope.h>
#include <stdio.h>
#include <stdlib.h>

#include "intern.h"
#include "cmd.h"

#define MAP_BLANK	(~0U)	/* no memory, or none of it was asked for */

enum map_layer {
	MAP_CLASS, MAP_MIGRATETYPE, MAP_ORDER, MAP_NODE, MAP_OWNER, MAP_CGROUP,
	MAP_NR_LAYERS
};

enum curve {
	CURVE_LINEAR,
	CURVE_HILBERT,
};

/**
 * struct map_extent - a run of page frames
 * @pfn: the first
 * @pages: how many
 * @attr: index of what they are
 */
struct map_extent {
	__u64 pfn;
	__u64 pages;
	__u32 attr;
};

/**
 * struct map_attr - what page frames are, as struct mmscope_extent has it
 * @owner: inode or pid
 * @memcg: inode of the cgroup
 * @flags: enum mmscope_extent_flags
 * @node: of the frames
 * @zone: of the frames
 * @class: enum mmscope_class
 * @order: of compound pages or free blocks
 * @migratetype: of the pageblock
 * @dev_major: of the inode
 * @dev_minor: likewise
 * @name: of the owner, padded with NULs
 */
struct map_attr {
	__u64 owner;
	__u64 memcg;
	__u32 flags;
	__u32 node;
	__u32 zone;
	__u32 class;
	__u32 order;
	__u32 migratetype;
	__u32 dev_major;
	__u32 dev_minor;
	char name[64];
};

/**
 * struct category - what is painted in one colour
 * @name: in the legend
 * @rgb: 0xrrggbb
 * @letter: where there are no colours
 * @pages: how many frames it has in the picture
 */
struct category {
	char name[80];
	__u32 rgb;
	char letter;
	__u64 pages;
};

/**
 * struct layer - one way to divide all memory into categories
 * @categories: they
 * @nr: how many
 * @of_attr: for each attribute its category, or MAP_BLANK
 */
struct layer {
	struct category *categories;
	__u32 nr;
	__u32 *of_attr;
};

/**
 * struct map - the memory of a picture
 * @ds: dataset it is from
 * @extents: ascending, without overlap
 * @nr: how many
 * @room: allocated
 * @attrs: struct map_attr, of the extents
 * @start: first frame of the picture
 * @end: first frame beyond
 * @pages: frames that are memory, not holes
 * @cgroups: paths of cgroups, by their inodes; where this is the live machine
 */
struct map {
	const struct dataset *ds;
	struct map_extent *extents;
	size_t nr;
	size_t room;
	struct intern attrs;
	__u64 start;
	__u64 end;
	__u64 pages;
	struct cgroup_names *cgroups;
};

/**
 * struct grid - cells and where they lie
 * @curve: in what order
 * @start: first frame of the first cell
 * @frames: of a cell
 * @cells: how many
 * @width: columns of cells
 * @height: rows
 * @side: of a square of the curve
 * @scale: pixels of a cell in both directions
 */
struct grid {
	enum curve curve;
	__u64 start;
	__u64 frames;
	__u64 cells;
	__u32 width;
	__u32 height;
	__u32 side;
	__u32 scale;
};

/**
 * struct picture - all that the forms of output need to know
 * @s: source
 * @map: memory
 * @layer: that is shown
 * @layers: all of them that were made
 * @curve: that is asked for
 * @width: of the output, pixels or characters; 0: as fits
 * @height: likewise
 * @from: recording, or NULL
 * @png: path of the PNG, for messages
 * @style: how to print
 */
struct picture {
	struct source *s;
	const struct map *map;
	enum map_layer layer;
	struct layer layers[MAP_NR_LAYERS];
	enum curve curve;
	__u32 width;
	__u32 height;
	const char *from;
	const char *png;
	struct style style;
};

/**
 * struct layout - where things are in a picture of pixels
 * @grid: cells
 * @width: of all
 * @height: likewise
 * @margin: around everything
 * @text: size of letters, 1 or 2
 * @char_width: pixels
 * @line: pixels from one line of text to the next
 * @map_x: of the cells
 * @map_y: of the cells and the legend
 * @legend_x: of the legend
 * @legend_width: likewise; 0: none
 * @legend_name: characters of a name there
 * @legend_lines: for how many there is room
 */
struct layout {
	struct grid grid;
	__u32 width;
	__u32 height;
	__u32 margin;
	__u32 text;
	__u32 char_width;
	__u32 line;
	__u32 map_x;
	__u32 map_y;
	__u32 legend_x;
	__u32 legend_width;
	__u32 legend_name;
	__u32 legend_lines;
};

/* map-layout.c */
void layout_make(struct layout *l, const struct picture *p, __u32 least);
__u32 layout_label_rows(const struct layout *l);

/* map-curve.c */
void curve_hilbert(__u32 side, __u64 d, __u32 *x, __u32 *y);
void grid_fit(struct grid *g, __u64 start, __u64 end, __u32 room_x, __u32 room_y, __u32 least);
void grid_place(const struct grid *g, __u64 cell, __u32 *x, __u32 *y);
__u32 *grid_fill(const struct grid *g, const struct map_extent *extents, size_t nr,
		 const __u32 *category, __u32 nr_categories);
__u32 *grid_rows(const struct grid *g, const struct map *map, const struct layer *layer);

/* map.c */
void map_load(struct map *map, struct source *s, const struct options *o);
void map_free(struct map *map);

/* map-layer.c */
extern const char *const layer_names[MAP_NR_LAYERS];
void layer_make(struct layer *layer, const struct map *map, enum map_layer which);
void layer_free(struct layer *layer);
__u32 *layer_legend(const struct layer *layer);
void map_owner_text(struct text *t, const struct map_attr *attr);
void map_cgroup_text(struct text *t, const struct map *map, const struct map_attr *attr);

/* map-color.c */
void color_class(__u64 class, __u32 *rgb, char *letter);
void color_migratetype(const char *name, __u32 i, __u32 *rgb, char *letter);
void color_order(__u32 order, __u32 *rgb, char *letter);
void color_nth(__u32 i, __u32 *rgb, char *letter);
#define RGB_NONE	0xdcdcdcU	/* belongs to nobody */
#define RGB_OTHERS	0x8c8c8cU	/* too many to have a colour each */

/* map-cgroup.c */
struct cgroup_names *cgroup_names_read(void);
const char *cgroup_name(const struct cgroup_names *names, __u64 inode);
void cgroup_names_free(struct cgroup_names *names);

/* map-html.c: map.html and map.js, as they are */
extern const char map_page[] __attribute__((visibility("hidden")));
extern const char map_script[] __attribute__((visibility("hidden")));

/* map-term.c, map-png.c, map-svg.c, map-html.c */
void map_print(const struct picture *p);
void map_png(const struct picture *p, FILE *file);
void map_svg(const struct picture *p, FILE *file);
void map_html(const struct picture *p, FILE *file);

/* map-caption.c: words that all forms of output have */
void caption_title(struct text *t, const struct picture *p);
void caption_range(struct text *t, const struct picture *p);
void caption_cell(struct text *t, const struct picture *p, const struct grid *g);
void caption_share(struct text *t, const struct picture *p, __u64 pages);

#endif

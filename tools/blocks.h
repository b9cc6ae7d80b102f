/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The datasets about blocks that could be huge pages, summed up: by owner, by
 * block, and in one sentence.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "cmd.h"
#include "table.h"

#define CHEAPEST	10	/* blocks that are kept */

/**
 * struct block_owner - who keeps blocks from being huge pages
 * @class: enum mmscope_class
 * @clearing: enum mmscope_clearing
 * @id: inode, pid; 0: none
 * @alone: blocks in which nothing else stays
 * @blocks: blocks it is in
 * @pages: its frames there
 * @next: with the same hash, -1: none
 * @name: its name
 */
struct block_owner {
	__u64 class;
	__u64 clearing;
	__u64 id;
	__u64 alone;
	__u64 blocks;
	__u64 pages;
	long next;
	char name[64];
};

/**
 * struct block - a block that compaction could empty
 * @pfn: first frame
 * @node: NUMA node
 * @zone: its zone, by name
 * @move: frames to be moved
 */
struct block {
	__u64 pfn;
	__u64 node;
	char zone[16];
	__u64 move;
};

/**
 * struct blockers - the blocks of one size that are not free
 * @nr: owners
 * @room: for how many there is memory
 * @owners: they, those that cost most first
 * @nr_cheapest: blocks
 * @cheapest: they, those with fewest frames to move first
 * @boot: blocks with memory that was taken at boot
 * @hash: first owner of each hash
 */
struct blockers {
	size_t nr;
	size_t room;
	struct block_owner *owners;
	size_t nr_cheapest;
	struct block cheapest[CHEAPEST];
	__u64 boot;
	long hash[1024];
};

/**
 * struct outlook - the forecast of one size, all zones together
 * @blocks: all
 * @free: free now
 * @now: of these, without waiting
 * @compacted: free after compaction
 * @reclaimed: free if caches are dropped before
 * @bound: never more
 * @huge: with huge pages
 * @clean_pages: page cache that would be dropped
 */
struct outlook {
	__u64 blocks;
	__u64 free;
	__u64 now;
	__u64 compacted;
	__u64 reclaimed;
	__u64 bound;
	__u64 huge;
	__u64 clean_pages;
};

const struct dataset *block_dataset(struct source *s, const char *name);
void blockers_load(struct blockers *b, struct source *s, const struct options *o, __u32 order);
void blockers_free(struct blockers *b);
bool outlook_load(struct outlook *t, struct source *s, const struct options *o, __u32 order);
__u32 huge_order(struct source *s, const char *size);
__u32 gigantic_order(struct source *s);

/* pinned.c */
void show_pinned(struct source *s, struct out *out);

#endif

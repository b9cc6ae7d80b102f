/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sweep: every page frame of a range, in ascending order, each in one class.
 */
#ifndef _MMSCOPE_WALK_SWEEP_H
#define _MMSCOPE_WALK_SWEEP_H

#include "overlay.h"
#include "page_class.h"
#include "page_read.h"
#include "ram.h"
#include "slab_names.h"

struct mmscope_walk;

/**
 * struct mmscope_piece - frames that are one thing: a free block, a compound
 *	page, a single frame, or (in a sweep with @runs) single frames that are
 *	alike; cut where a pageblock, the range or the RAM ends
 * @pfn: the first frame here
 * @pages: frames here
 * @head_pfn: the first frame of the thing
 * @flags: page->flags of the head
 * @head: struct page of the head
 * @class: enum mmscope_class
 * @order: of the thing
 * @migratetype: of the pageblock
 * @inferred: the class is concluded, not marked
 * @key: equal for frames of one owner within a class; 0: none is known
 * @memcg: memcg_data of the head; 0: none, or of the objects on it
 */
struct mmscope_piece {
	unsigned long pfn;
	unsigned long pages;
	unsigned long head_pfn;
	unsigned long flags;
	const struct page *head;
	u32 class;
	u32 order;
	u32 migratetype;
	bool inferred;
	unsigned long key;
	unsigned long memcg;
};

/* keys of frames that nobody refers to, but whose allocation was recorded: the stack */
#define MMSCOPE_KEY_STACK	(1UL << 63)

/* how many of those met last are known: a power of two */
#define MMSCOPE_KNOWN_BITS 5

/**
 * struct mmscope_alike - what single frames have in common that are one thing
 * @flags: page->flags; some bits do not count
 * @mapping: page->mapping
 * @memcg: memcg_data
 * @counts: references and type
 * @counts_mask: bits of these that count
 * @class: enum mmscope_class
 * @key: as of a piece
 */
struct mmscope_alike {
	unsigned long flags;
	unsigned long mapping;
	unsigned long memcg;
	u64 counts;
	u64 counts_mask;
	u32 class;
	unsigned long key;
};

/**
 * struct mmscope_sweep - a sweep under way
 * @w: the request
 * @unit: takes a unit, never sleeps. Non-zero ends the sweep with @pos at that
 *        unit, which is not done
 * @single: frame by frame, with the whole snapshot of each in @frame
 * @runs: neighbouring frames that stand alone may come as one unit when all that
 *        is told of it is true of each; then @frame may be of another one
 * @parts: enum mmscope_overlay_parts to be known
 * @pos: where to go on; what is below is done
 * @end: first frame beyond the range
 * @begun: the tables are built
 * @overlay: owners that struct page does not tell
 * @ram: which frames are RAM
 * @slabs: the slab caches
 * @reader: what one frame tells about the next
 * @frame: snapshot of the thing under the sweep
 * @frame_end: first frame beyond it
 * @alike_end: first frame that may be another thing even with the same words
 * @known: pages of processes and files met before, by mapping
 * @last_cache: pointer of the slab met last
 * @last_reclaimable: what its cache told
 * @last_memcg: memcg_data named last
 * @last_ino: its cgroup
 */
struct mmscope_sweep {
	struct mmscope_walk *w;
	int (*unit)(struct mmscope_sweep *s, const struct mmscope_piece *u);
	bool single;
	bool runs;
	u32 parts;
	u64 pos;
	u64 end;
	bool begun;
	struct mmscope_overlay overlay;
	struct mmscope_ram ram;
	struct mmscope_slab_names slabs;
	struct mmscope_page_reader reader;
	struct mmscope_frame frame;
	unsigned long frame_end;
	u64 alike_end;
	struct mmscope_alike known[1 << MMSCOPE_KNOWN_BITS];
	unsigned long last_cache;
	bool last_reclaimable;
	unsigned long last_memcg;
	u64 last_ino;
};

/**
 * struct mmscope_owner - who has a unit
 * @id: inode or pid, 0: none, or it has only a name
 * @dev: of the file system of the inode
 * @name: slab cache, file, symbol of the caller, command
 */
struct mmscope_owner {
	u64 id;
	u32 dev;
	char name[64];
};

/**
 * struct mmscope_file_id - a file that has cached pages
 * @ino: its inode
 * @dev: of its file system; of a block device its own
 * @block: it is a block device
 */
struct mmscope_file_id {
	u64 ino;
	u32 dev;
	bool block;
};

/**
 * struct mmscope_file_details - more of it
 * @bytes: its size
 * @unlinked: no directory has it
 * @unbacked: its file system writes nothing back
 * @fs: type of the file system
 * @path: below its root; empty: no name is known
 */
struct mmscope_file_details {
	u64 bytes;
	bool unlinked;
	bool unbacked;
	char fs[16];
	char path[256];
};

int mmscope_sweep_begin(struct mmscope_sweep *s);
int mmscope_sweep(struct mmscope_sweep *s);
void mmscope_sweep_free(struct mmscope_sweep *s);
u64 mmscope_sweep_last(void);
u64 mmscope_sweep_memcg(struct mmscope_sweep *s, const struct mmscope_piece *u);
void mmscope_sweep_owner(struct mmscope_sweep *s, const struct mmscope_piece *u,
			 struct mmscope_owner *o);

void mmscope_sweep_path(const struct mmscope_piece *u, char *path, size_t size);
bool mmscope_mapping_id(unsigned long key, struct mmscope_file_id *id);
bool mmscope_mapping_details(unsigned long key, const struct mmscope_file_id *id,
			     struct mmscope_file_details *more);

static inline u32 mmscope_frame_node(unsigned long flags)
{
	return flags >> NODES_PGSHIFT & NODES_MASK;
}

static inline u32 mmscope_frame_zone(unsigned long flags)
{
	return flags >> ZONES_PGSHIFT & ZONES_MASK;
}

/* enum mmscope_extent_flags; free blocks have an order too, but are not compound */
static inline u32 mmscope_piece_marks(const struct mmscope_piece *u)
{
	return (u->order && mmscope_frame_has(u->flags, PG_head) ? MMSCOPE_EXTENT_COMPOUND : 0) |
	       (u->inferred ? MMSCOPE_EXTENT_INFERRED : 0);
}

/* what the sweep is built on, for tables of needs */
#ifdef CONFIG_MEMORY_HOTPLUG
#define MMSCOPE_SWEEP_NEEDS			\
	NEED_SYM(get_online_mems),		\
	NEED_SYM(put_online_mems),		\
	MMSCOPE_SWEEP_WANTS
#else
#define MMSCOPE_SWEEP_NEEDS MMSCOPE_SWEEP_WANTS
#endif

#define MMSCOPE_SWEEP_WANTS			\
	WANT_SYM(huge_zero_pfn),		\
	WANT_SYM(page_cgroup_ino),		\
	MMSCOPE_SLAB_NAMES_NEEDS,		\
	MMSCOPE_OVERLAY_NEEDS

#endif /* _MMSCOPE_WALK_SWEEP_H */

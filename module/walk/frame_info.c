// SPDX-License-Identifier: GPL-2.0
/*
 * Point query frames: all that is known of some page frames.
 *
 * Locks, staleness: as sweep.c, slab_page.c and owner.c. The words of one record
 * are read one after another: the frame may be another one's in between.
 *
 * Sources: struct page, by sweep.c; page->index, page->private; the slab's
 * counters, by slab_page.c; mem_section->usage->pageblock_flags.
 */
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/swapops.h>

#include "frame.h"
#include "mmscope.h"
#include "slab_page.h"
#include "sweep.h"

static void fill_owner(struct mmscope_sweep *s, const struct mmscope_piece *u,
		       struct mmscope_frame_info *rec)
{
	struct mmscope_owner o;

	mmscope_sweep_owner(s, u, &o);
	rec->owner = o.id;
	rec->dev_major = MAJOR(o.dev);
	rec->dev_minor = MINOR(o.dev);
	memcpy(rec->name, o.name, sizeof(rec->name));
	rec->memcg = mmscope_sweep_memcg(s, u);
}

static void fill_file(const struct mmscope_piece *u, struct mmscope_frame_info *rec)
{
	/* hugetlb counts in its own pages */
	if (u->class != MMSCOPE_CLASS_HUGETLB)
		rec->file_page = compat_page_index(u->head) + u->pfn - u->head_pfn;
	mmscope_sweep_path(u, rec->path, sizeof(rec->path));
}

static void fill_slab(struct mmscope_sweep *s, const struct mmscope_piece *u,
		      struct mmscope_frame_info *rec)
{
	static const struct mmscope_slab_reader nobody;
	const struct mmscope_slab_name *cache = mmscope_slab_names_find(&s->slabs, u->key);
	u64 offset = (u64)(u->pfn - u->head_pfn) << PAGE_SHIFT;
	struct mmscope_slab_info info;

	if (!cache || !cache->size || !mmscope_slab_read(&nobody, u, &info))
		return;
	rec->slab_objects = info.objects;
	rec->slab_inuse = info.inuse;
	rec->slab_object_bytes = cache->size;
	if (offset / cache->size >= info.objects)
		return;
	rec->slab_first_object = offset / cache->size;
	rec->slab_last_object = min_t(u64, (offset + PAGE_SIZE - 1) / cache->size,
				      info.objects - 1);
}

static void fill_swap(const struct mmscope_piece *u, struct mmscope_frame_info *rec)
{
	swp_entry_t entry = { .val = READ_ONCE(u->head->private) };

	rec->swap_type = swp_type(entry);
	rec->swap_offset = swp_offset(entry) + u->pfn - u->head_pfn;
}

/* what only frames of some class have */
static void fill_class(struct mmscope_sweep *s, const struct mmscope_piece *u,
		       struct mmscope_frame_info *rec)
{
	switch (u->class) {
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
	case MMSCOPE_CLASS_PINNED:
	case MMSCOPE_CLASS_HUGETLB:
		if (u->key && !(u->key & MMSCOPE_MAPPING_KSM))
			fill_file(u, rec);
		break;
	case MMSCOPE_CLASS_SLAB:
	case MMSCOPE_CLASS_SLAB_RECLAIMABLE:
		fill_slab(s, u, rec);
		break;
	case MMSCOPE_CLASS_SWAPCACHE:
		fill_swap(u, rec);
		break;
	}
}

static int take_frame(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	const struct mmscope_frame *f = &s->frame;
	u32 bits = mmscope_pageblock_bits(f->pfn);
	struct mmscope_frame_info rec = {
		.pfn = f->pfn,
		.head_pfn = f->head_pfn,
		.pageblock_pfn = ALIGN_DOWN(f->pfn, pageblock_nr_pages),
		.flags = mmscope_frame_kpf(f),
		.page_class = u->class,
		.kind = mmscope_frame_kind(f),
		.order = f->order,
		.node = mmscope_frame_node(f->flags),
		.zone = mmscope_frame_zone(f->flags),
		.migratetype = u->migratetype,
		.pageblock_flags = bits >> PB_compact_skip & 1 ? MMSCOPE_PAGEBLOCK_SKIP : 0,
		.marks = mmscope_piece_marks(u),
		.refcount = f->refcount,
		.mapcount = mmscope_frame_mapcount(f),
		.pins = f->order ? f->compound.pins : MMSCOPE_UNKNOWN32,
		.swap_type = MMSCOPE_UNKNOWN32,
		.swap_offset = MMSCOPE_UNKNOWN,
		.file_page = MMSCOPE_UNKNOWN,
		.slab_objects = MMSCOPE_UNKNOWN32,
		.slab_inuse = MMSCOPE_UNKNOWN32,
		.slab_object_bytes = MMSCOPE_UNKNOWN32,
		.slab_first_object = MMSCOPE_UNKNOWN32,
		.slab_last_object = MMSCOPE_UNKNOWN32,
	};

	if (mmscope_full(s->w))
		return MMSCOPE_MORE;
	fill_owner(s, u, &rec);
	fill_class(s, u, &rec);
	return mmscope_emit(s->w, &rec, f->pfn + 1);
}

static int frame_walk(struct mmscope_walk *w)
{
	struct mmscope_sweep *s = w->priv;
	u64 last = mmscope_sweep_last();
	int ret = 0;
	u32 i;

	s->w = w;
	s->unit = take_frame;
	s->single = true;
	s->parts = MMSCOPE_OVERLAY_ALL;
	for (i = 0; i < w->q.nr_ranges && !ret; i++) {
		s->pos = max(w->cursor.pos, w->q.ranges[i].start);
		s->end = min(last, w->q.ranges[i].end);
		if (s->pos < s->end)
			ret = mmscope_sweep(s);
	}
	return ret;
}

static void frame_end(struct mmscope_walk *w)
{
	mmscope_sweep_free(w->priv);
}

static const struct mmscope_field_def frame_fields[] = {
	FIELD(struct mmscope_frame_info, pfn, PFN, "page frame number"),
	FIELD_PAGE_CLASS(struct mmscope_frame_info, "what it is"),
	FIELD_TEXT(struct mmscope_frame_info, name,
		   "slab cache, file, symbol of the allocator's caller, command of the pid"),
	FIELD(struct mmscope_frame_info, owner, ID,
	      "inode of a file, pid of a stack or page table"),
	MORE_TEXT(struct mmscope_frame_info, path, "of a file, below the root of its file system"),
	MORE(struct mmscope_frame_info, file_page, COUNT, "which page of the file it is, from 0"),
	MORE(struct mmscope_frame_info, dev_major, ID, "device of the file"),
	MORE(struct mmscope_frame_info, dev_minor, ID, "device of the file"),
	FIELD(struct mmscope_frame_info, memcg, ID, "inode of the cgroup charged, 0: none"),
	MORE_FLAGS(struct mmscope_frame_info, marks, &mmscope_extent_flag_names,
		   "inferred: the class is concluded from who refers to the frame"),
	MORE_ENUM(struct mmscope_frame_info, kind, &mmscope_page_kind_names,
		  "what the frame itself tells"),
	FIELD_FLAGS(struct mmscope_frame_info, flags, &mmscope_page_flag_names,
		    "flags in the numbering of /proc/kpageflags"),
	FIELD(struct mmscope_frame_info, order, ID,
	      "the compound page or free block it is in has 2^order frames"),
	FIELD(struct mmscope_frame_info, head_pfn, PFN,
	      "first frame of the compound page or free block, itself if there is none"),
	FIELD(struct mmscope_frame_info, refcount, COUNT, "references, of the head"),
	FIELD(struct mmscope_frame_info, mapcount, COUNT, "mappings of it by user page tables"),
	MORE(struct mmscope_frame_info, pins, COUNT, "pins of a large folio"),
	MORE(struct mmscope_frame_info, node, ID, "NUMA node"),
	FIELD_ENUM(struct mmscope_frame_info, zone, &mmscope_zone_names, "zone of the node"),
	MORE(struct mmscope_frame_info, pageblock_pfn, PFN, "first frame of its pageblock"),
	FIELD_ENUM(struct mmscope_frame_info, migratetype, &mmscope_migratetype_names,
		   "of its pageblock"),
	MORE_FLAGS(struct mmscope_frame_info, pageblock_flags, &mmscope_pageblock_flag_names,
		   "skip: compaction leaves the pageblock out"),
	MORE(struct mmscope_frame_info, slab_objects, COUNT, "objects of its slab"),
	MORE(struct mmscope_frame_info, slab_inuse, COUNT, "of these, in use or on a CPU's list"),
	MORE(struct mmscope_frame_info, slab_object_bytes, BYTES, "what an object takes"),
	MORE(struct mmscope_frame_info, slab_first_object, COUNT, "first object on this frame"),
	MORE(struct mmscope_frame_info, slab_last_object, COUNT, "last object on this frame"),
	MORE(struct mmscope_frame_info, swap_type, ID, "in the swap cache: swap area"),
	MORE(struct mmscope_frame_info, swap_offset, COUNT, "in the swap cache: slot"),
};

static const struct mmscope_need frame_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_frames = {
	.name = "frames",
	.help = "all that is known of a page frame",
	.id = MMSCOPE_DS_FRAMES,
	.flags = MMSCOPE_DATASET_POINT,
	.rec_size = sizeof(struct mmscope_frame_info),
	.priv_size = sizeof(struct mmscope_sweep),
	.fields = frame_fields,
	.nr_fields = ARRAY_SIZE(frame_fields),
	.needs = frame_needs,
	.walk = frame_walk,
	.end = frame_end,
};

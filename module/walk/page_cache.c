// SPDX-License-Identifier: GPL-2.0
/*
 * page_cache: every inode with cached pages, from one sweep over the page frames; those
 * with most pages come first, so that who asks for a few need not read them all.
 *
 * Locks, staleness: as sweep.c and owner.c; RCU for the cgroup of a page. File systems and
 * their lists of inodes are left alone. An inode is told when its first page is met; its
 * size and path are read after the sweep, if it is still there. Flags and mappings of a
 * page are read once more than the sweep does: a page that left its file in between is
 * not counted.
 *
 * All records of an answer are of one sweep as long as the walk lasts; who goes on later
 * meets the order of a new one. Memory: an entry a file, page_cache_files of them at most;
 * pages of files beyond that are summed up in one record.
 *
 * Sources: struct page, by sweep.c; inode, by owner.c; lruvec->lrugen.max_seq.
 */
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "frame.h"
#include "keyed.h"
#include "memcg.h"
#include "mmscope.h"
#include "sweep.h"

/* whatever is asked for: what can be had in one piece */
#define FILES_MAX (8 * 1024 * 1024)

static unsigned int page_cache_files = 256 * 1024;
module_param(page_cache_files, uint, 0644);
MODULE_PARM_DESC(page_cache_files, "files that the dataset page_cache keeps apart, the others are one record");

/* what is counted of a file: the fields of struct mmscope_page_cache */
struct cached_pages {
	u64 pages;
	u64 dirty;
	u64 writeback;
	u64 mapped;
	u64 large;
	u64 active;
	u64 inactive;
	u64 unevictable;
};

/**
 * struct cached_file - a file
 * @mapping: page->mapping; the key
 * @kind: enum mmscope_cached_kind
 * @id: which
 * @n: its pages
 */
struct cached_file {
	unsigned long mapping;
	u32 kind;
	struct mmscope_file_id id;
	struct cached_pages n;
};

/**
 * struct cache_walk - scratch of a walk
 * @sweep: over the frames
 * @files: by mapping
 * @sums: by kind: what is of no single file
 * @order: all of these, those with most pages first
 * @nr: how many
 * @done: the sweep is over
 */
struct cache_walk {
	struct mmscope_sweep sweep;
	struct mmscope_keyed files;
	struct cached_file sums[MMSCOPE_CACHED_OTHERS + 1];
	const struct cached_file **order;
	u32 nr;
	bool done;
};

static bool has(unsigned long flags, unsigned int bit)
{
	return mmscope_frame_has(flags, bit);
}

/* --------------------------------------------------------------------- counting */

static bool is_active(const struct mmscope_piece *u, unsigned long flags)
{
	int generation = compat_lru_generation(flags);
	bool young;

	if (generation < 0)
		return has(flags, PG_active);
	rcu_read_lock();
	young = compat_lru_is_young(generation,
				    mmscope_memcg_lruvec(u->head, mmscope_frame_node(flags)));
	rcu_read_unlock();
	return young;
}

/* @pages frames that have these flags */
static void count_flags(struct cached_pages *n, const struct mmscope_piece *u,
			unsigned long flags, u64 pages)
{
	n->pages += pages;
	if (has(flags, PG_dirty))
		n->dirty += pages;
	if (has(flags, PG_writeback))
		n->writeback += pages;
	if (has(flags, PG_unevictable))
		n->unevictable += pages;
	else if (is_active(u, flags))
		n->active += pages;
	else if (has(flags, PG_lru))
		n->inactive += pages;
}

static void count_compound(struct cached_pages *n, const struct mmscope_piece *u)
{
	const struct page *page = u->head + (u->pfn - u->head_pfn);
	struct compat_compound c = { };
	unsigned long i;

	compat_read_compound(u->head, READ_ONCE(u->head->page_type), &c);
	count_flags(n, u, u->flags, u->pages);
	n->large += u->pages;
	if (!c.mapped && c.entire_mapcount < 0)
		return;
	for (i = 0; i < u->pages; i++)
		n->mapped += compat_mapcount(READ_ONCE(page[i].page_type), false, false, &c) > 0;
}

static void count_singles(struct cached_pages *n, const struct mmscope_piece *u,
			  unsigned long mapping)
{
	const struct page *page = u->head;
	unsigned long i;

	for (i = 0; i < u->pages; i++, page++) {
		if ((unsigned long)READ_ONCE(page->mapping) != mapping)
			continue;
		count_flags(n, u, mmscope_frame_flags(page), 1);
		n->mapped += (s32)READ_ONCE(page->page_type) >= 0;
	}
}

static void count_piece(struct cached_pages *n, const struct mmscope_piece *u,
			unsigned long mapping)
{
	if (u->order)
		count_compound(n, u);
	else
		count_singles(n, u, mapping);
}

/* ------------------------------------------------------------------------- files */

static void begin_file(struct cached_file *f, const struct mmscope_piece *u)
{
	mmscope_mapping_id(u->key, &f->id);
	if (u->class == MMSCOPE_CLASS_HUGETLB)
		f->kind = MMSCOPE_CACHED_HUGETLB;
	else if (f->id.block)
		f->kind = MMSCOPE_CACHED_BLOCK;
	else if (has(u->flags, PG_swapbacked))
		f->kind = MMSCOPE_CACHED_SHMEM;
	else
		f->kind = MMSCOPE_CACHED_FILE;
}

static int count_file(struct cache_walk *x, const struct mmscope_piece *u)
{
	struct cached_file *f;
	bool added;

	f = mmscope_keyed_find(&x->files, u->key, &added);
	if (!f && !mmscope_keyed_full(&x->files))
		return -ENOSPC;
	if (added)
		begin_file(f, u);
	if (!f)
		f = &x->sums[u->class == MMSCOPE_CLASS_HUGETLB ? MMSCOPE_CACHED_HUGETLB :
								 MMSCOPE_CACHED_OTHERS];
	count_piece(&f->n, u, u->key);
	return 0;
}

/* in the swap cache, whatever else it is */
static bool is_swapped(const struct mmscope_piece *u)
{
	return has(u->flags, PG_swapbacked) && has(u->flags, PG_swapcache);
}

static int count_unit(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct cache_walk *x = container_of(s, struct cache_walk, sweep);

	switch (u->class) {
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
		if (u->key)
			return count_file(x, u);
		count_piece(&x->sums[MMSCOPE_CACHED_REMOVED].n, u, 0);
		return 0;
	case MMSCOPE_CLASS_HUGETLB:
		return u->key && !(u->key & MMSCOPE_MAPPING_KSM) ? count_file(x, u) : 0;
	case MMSCOPE_CLASS_SWAPCACHE:
	case MMSCOPE_CLASS_PINNED:
	case MMSCOPE_CLASS_KSM:
		if (is_swapped(u))
			count_piece(&x->sums[MMSCOPE_CACHED_SWAP].n, u,
				    (unsigned long)READ_ONCE(u->head->mapping));
		else if (u->class == MMSCOPE_CLASS_PINNED && u->key &&
			 !(u->key & MMSCOPE_MAPPING_KSM))
			return count_file(x, u);
		return 0;
	}
	return 0;
}

/* ----------------------------------------------------------------------- records */

static int most_first(const void *a, const void *b)
{
	const struct cached_file *x = *(const struct cached_file *const *)a;
	const struct cached_file *y = *(const struct cached_file *const *)b;

	if (x->n.pages != y->n.pages)
		return x->n.pages < y->n.pages ? 1 : -1;
	return x->mapping < y->mapping ? -1 : x->mapping > y->mapping;
}

static int put_in_order(struct cache_walk *x)
{
	u32 i;

	x->order = kvmalloc_array(x->files.nr + ARRAY_SIZE(x->sums), sizeof(*x->order),
				  GFP_KERNEL);
	if (!x->order)
		return -ENOMEM;
	for (i = 0; i < x->files.nr; i++) {
		const struct cached_file *f = mmscope_keyed_at(&x->files, i);

		if (f->n.pages)
			x->order[x->nr++] = f;
	}
	for (i = 0; i < ARRAY_SIZE(x->sums); i++) {
		x->sums[i].kind = i;
		if (x->sums[i].n.pages)
			x->order[x->nr++] = &x->sums[i];
	}
	sort(x->order, x->nr, sizeof(*x->order), most_first, NULL);
	return 0;
}

static void free_tables(struct cache_walk *x)
{
	mmscope_sweep_free(&x->sweep);
	mmscope_keyed_free(&x->files);
	kvfree(x->order);
	*x = (struct cache_walk){ };
}

static int sweep_files(struct mmscope_walk *w)
{
	struct cache_walk *x = w->priv;
	int ret;

	/* a sweep that was interrupted begins again */
	free_tables(x);
	x->sweep.w = w;
	x->sweep.unit = count_unit;
	x->files.size = sizeof(struct cached_file);
	x->files.max = min_t(u32, READ_ONCE(page_cache_files), FILES_MAX);
	ret = mmscope_keyed_sweep(&x->files, &x->sweep);
	if (!ret)
		ret = put_in_order(x);
	if (!ret)
		x->done = true;
	return ret;
}

static void name_file(const struct cached_file *f, struct mmscope_page_cache *rec)
{
	struct mmscope_file_details more;

	if (!f->mapping) {
		rec->size_bytes = MMSCOPE_UNKNOWN;
		return;
	}
	if (!mmscope_mapping_details(f->mapping, &f->id, &more)) {
		rec->size_bytes = MMSCOPE_UNKNOWN;
		rec->flags = MMSCOPE_CACHED_LEFT;
		return;
	}
	rec->size_bytes = more.bytes;
	rec->flags = (more.unlinked ? MMSCOPE_CACHED_UNLINKED : 0) |
		     (more.unbacked ? MMSCOPE_CACHED_UNBACKED : 0);
	memcpy(rec->fs, more.fs, sizeof(rec->fs));
	memcpy(rec->path, more.path, sizeof(rec->path));
}

static int emit_file(struct mmscope_walk *w, const struct cached_file *f, u64 next)
{
	struct mmscope_page_cache rec = {
		.inode = f->id.ino,
		.dev_major = MAJOR(f->id.dev),
		.dev_minor = MINOR(f->id.dev),
		.kind = f->kind,
		.cached_pages = f->n.pages,
		.dirty_pages = f->n.dirty,
		.writeback_pages = f->n.writeback,
		.mapped_pages = f->n.mapped,
		.large_pages = f->n.large,
		.active_pages = f->n.active,
		.inactive_pages = f->n.inactive,
		.unevictable_pages = f->n.unevictable,
	};

	name_file(f, &rec);
	return mmscope_emit(w, &rec, next);
}

static int cache_walk(struct mmscope_walk *w)
{
	struct cache_walk *x = w->priv;
	int ret = 0;

	if (!x->done)
		ret = sweep_files(w);
	while (!ret && w->cursor.pos < x->nr)
		ret = emit_file(w, x->order[w->cursor.pos], w->cursor.pos + 1);
	return ret;
}

static void cache_end(struct mmscope_walk *w)
{
	free_tables(w->priv);
}

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_CACHED_FILE, "file" },
	{ MMSCOPE_CACHED_SHMEM, "shmem" },
	{ MMSCOPE_CACHED_BLOCK, "block" },
	{ MMSCOPE_CACHED_SWAP, "swap" },
	{ MMSCOPE_CACHED_HUGETLB, "hugetlb" },
	{ MMSCOPE_CACHED_REMOVED, "removed" },
	{ MMSCOPE_CACHED_OTHERS, "others" },
};

static MMSCOPE_NAMES(kind_names, kinds);

static const struct mmscope_name file_flags[] = {
	{ MMSCOPE_CACHED_UNLINKED, "unlinked" },
	{ MMSCOPE_CACHED_LEFT, "left" },
	{ MMSCOPE_CACHED_UNBACKED, "unbacked" },
};

static MMSCOPE_NAMES(file_flag_names, file_flags);

static const struct mmscope_field_def cache_fields[] = {
	FIELD(struct mmscope_page_cache, cached_pages, PAGES, "pages of it in memory"),
	FIELD(struct mmscope_page_cache, dirty_pages, PAGES, "of these, to be written"),
	MORE(struct mmscope_page_cache, writeback_pages, PAGES, "of these, being written"),
	FIELD(struct mmscope_page_cache, mapped_pages, PAGES,
	      "of these, mapped by page tables of processes"),
	FIELD(struct mmscope_page_cache, large_pages, PAGES,
	      "of these, in folios of more than one page"),
	FIELD(struct mmscope_page_cache, active_pages, PAGES,
	      "of these, that reclaim leaves for now; MGLRU: of the two youngest generations"),
	MORE(struct mmscope_page_cache, inactive_pages, PAGES, "of these, that reclaim looks at"),
	MORE(struct mmscope_page_cache, unevictable_pages, PAGES,
	     "of these, that reclaim cannot take: locked, or of ramfs"),
	MORE(struct mmscope_page_cache, size_bytes, BYTES, "size of the file"),
	FIELD_CLASS(struct mmscope_page_cache, kind, ENUM, &kind_names,
		    "what has them; hugetlb and removed are not in Cached of /proc/meminfo"),
	MORE_FLAGS(struct mmscope_page_cache, flags, &file_flag_names,
		   "unlinked: in no directory; left: it left memory; unbacked: never written back"),
	FIELD(struct mmscope_page_cache, inode, ID, "inode of the file, 0: of no single file"),
	MORE(struct mmscope_page_cache, dev_major, ID,
	     "device of its file system, of a block device itself"),
	MORE(struct mmscope_page_cache, dev_minor, ID, "likewise"),
	FIELD_TEXT(struct mmscope_page_cache, fs, "type of the file system"),
	FIELD_TEXT(struct mmscope_page_cache, path,
		   "below the root of the file system, if a name is known"),
};

static const struct mmscope_need cache_needs[] = { MMSCOPE_SWEEP_NEEDS, { } };

const struct mmscope_dataset mmscope_page_cache = {
	.name = "page_cache",
	.help = "files by cached pages: dirty, mapped, active; those with most first",
	.id = MMSCOPE_DS_PAGE_CACHE,
	.flags = MMSCOPE_DATASET_PFN,
	.rec_size = sizeof(struct mmscope_page_cache),
	.priv_size = sizeof(struct cache_walk),
	.fields = cache_fields,
	.nr_fields = ARRAY_SIZE(cache_fields),
	.needs = cache_needs,
	.walk = cache_walk,
	.end = cache_end,
};

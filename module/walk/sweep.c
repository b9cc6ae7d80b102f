// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep over all page frames of a range.
 *
 * A free block or a compound page is one step, whatever its size; a frame alone
 * is told by a few words of its struct page, and only the doubtful ones take
 * the closer look of page_read.c.
 *
 * Locks: none but the memory hotplug lock for reading, for one section at a
 * time. The tables that the sweep needs (slab caches, overlay, RAM) are built
 * before, each under its own locks.
 *
 * Staleness: as page_read.c. A frame is seen once, so each is in one class; a
 * page that moves during the sweep may be met at both places or at none. The
 * tables are of the moment when the sweep began.
 */
#include <linux/hash.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "frame.h"
#include "mmscope.h"
#include "sweep.h"
#include "../hook/owner.h"

/* frames whose struct pages are neighbours and that exist all or not at all */
#define CHUNK min(pageblock_nr_pages, PAGES_PER_SUBSECTION)

/* --------------------------------------------------------------- the snapshot */

/*
 * A frame that is no doubt the beginning of something, in a few loads. False:
 * it takes a closer look, as tails, and frames without references or marks do.
 */
static bool read_quick(struct mmscope_page_reader *r, const struct page *page,
		       unsigned long pfn, struct mmscope_frame *f)
{
	unsigned long link = compat_page_link(page);
	s32 refcount = page_ref_count(page);
	u32 type = READ_ONCE(page->page_type);
	int order = 0;

	if (link & 1)
		return false;
	f->pfn = pfn;
	f->head_pfn = pfn;
	f->flags = mmscope_frame_flags(page);
	f->head_flags = f->flags;
	f->link = link;
	f->mapping = (unsigned long)READ_ONCE(page->mapping);
	f->type = type;
	f->head_type = type;
	f->refcount = refcount;
	f->memcg = compat_memcg_data(page);
	f->state = 0;
	f->compound = (struct compat_compound){};
	if (mmscope_frame_has(f->flags, PG_head)) {
		compat_read_head(page, type, &f->compound);
		order = f->compound.order;
		if (!order || order > MMSCOPE_MAX_COMPOUND_ORDER)
			return false;
	} else if (!refcount) {
		order = mmscope_free_order(page);
		f->state = MMSCOPE_FRAME_FREE;
		if (order < 0) {
			if (!mmscope_page_is_pcp(r, page, pfn))
				return false;
			order = 0;
			f->state = MMSCOPE_FRAME_PCP;
		}
	} else if (is_zero_pfn(pfn)) {
		f->state = MMSCOPE_FRAME_ZERO;
	}
	f->order = order;
	/* what is not aligned to its size has changed while it was read */
	return !(pfn & ((1UL << order) - 1));
}

static void read_frame(struct mmscope_sweep *s, const struct page *page, unsigned long pfn)
{
	struct mmscope_frame *f = &s->frame;

	if (!read_quick(&s->reader, page, pfn, f)) {
		if (!mmscope_page_read(&s->reader, page, pfn, f))
			s->w->torn++;
	} else if (f->order && f->head_pfn == s->reader.huge_zero_pfn) {
		f->state |= MMSCOPE_FRAME_HUGE_ZERO;
	}
	s->frame_end = f->head_pfn + (1UL << f->order);
	/* a bare frame tells nothing about its neighbours */
	if (s->frame_end <= pfn)
		s->frame_end = pfn + 1;
}

/* the whole snapshot of one frame, be it a tail */
static void read_single(struct mmscope_sweep *s, const struct page *page, unsigned long pfn)
{
	if (!mmscope_page_read(&s->reader, page, pfn, &s->frame))
		s->w->torn++;
	s->frame_end = pfn + 1;
}

/* ------------------------------------------------------------ the unit's class */

static void find_cache(struct mmscope_sweep *s, struct mmscope_piece *u)
{
	const struct mmscope_slab_name *n;

	u->key = mmscope_read(u->head, slab, slab_cache);
	if (u->key != s->last_cache) {
		n = mmscope_slab_names_find(&s->slabs, u->key);
		s->last_cache = u->key;
		s->last_reclaimable = n && n->reclaimable;
	}
	if (s->last_reclaimable)
		u->class = MMSCOPE_CLASS_SLAB_RECLAIMABLE;
}

/* Frames that only others can tell about. The owner's number, from 1, is the key. */
static void find_referrer(struct mmscope_sweep *s, struct mmscope_piece *u)
{
	const struct mmscope_overlay_run *run = mmscope_overlay_find(&s->overlay, u->pfn);
	u32 class;

	s->alike_end = s->overlay.known_end;
	if (!run)
		return;
	class = s->overlay.owners[run->owner].class;
	/* a marked page table of a process stays one; some kernels mark their own too */
	if (u->class != MMSCOPE_CLASS_PAGETABLE || class == MMSCOPE_CLASS_KERNEL_PAGETABLE) {
		u->class = class;
		u->inferred = true;
	}
	u->key = run->owner + 1;
}

/*
 * Frames that nobody refers to: who allocated them, if somebody records that. Those
 * behind may be of another stack, or of none.
 */
static void find_allocator(struct mmscope_sweep *s, struct mmscope_piece *u)
{
	u32 stack;

	if (u->class != MMSCOPE_CLASS_UNATTRIBUTED || !mmscope_owner_recorded())
		return;
	s->alike_end = u->pfn + 1;
	if (mmscope_owner_find(u->pfn, &stack))
		u->key = MMSCOPE_KEY_STACK | stack;
}

/* Reserved frames that nobody claims: are they RAM? */
static void find_ram(struct mmscope_sweep *s, struct mmscope_piece *u)
{
	if (!mmscope_is_ram(&s->ram, u->head_pfn))
		u->class = MMSCOPE_CLASS_HOLE;
	s->alike_end = min(s->alike_end, mmscope_ram_until(&s->ram, u->head_pfn));
}

static void classify(struct mmscope_sweep *s, struct mmscope_piece *u)
{
	const struct mmscope_frame *f = &s->frame;
	u32 kind = mmscope_frame_kind(f);

	u->class = mmscope_frame_class(f, kind, u->migratetype);
	u->inferred = u->class == MMSCOPE_CLASS_PINNED;
	u->key = 0;
	s->alike_end = 0;
	switch (u->class) {
	case MMSCOPE_CLASS_SLAB:
		find_cache(s, u);
		break;
	case MMSCOPE_CLASS_ANON:
		s->alike_end = ~0ULL;
		break;
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
		s->alike_end = ~0ULL;
		fallthrough;
	case MMSCOPE_CLASS_PINNED:
	case MMSCOPE_CLASS_HUGETLB:
		u->key = f->mapping;
		break;
	case MMSCOPE_CLASS_RESERVED:
		find_referrer(s, u);
		if (!u->key)
			find_ram(s, u);
		break;
	case MMSCOPE_CLASS_UNATTRIBUTED:
		find_referrer(s, u);
		find_allocator(s, u);
		break;
	case MMSCOPE_CLASS_PAGETABLE:
		find_referrer(s, u);
		break;
	}
}

static void make_unit(struct mmscope_sweep *s, const struct page *page, struct mmscope_piece *u)
{
	const struct mmscope_frame *f = &s->frame;

	u->head_pfn = f->head_pfn;
	u->head = page - (u->pfn - f->head_pfn);
	u->flags = f->head_flags;
	u->order = f->order;
	/* slabs have a vector of their objects' cgroups there */
	u->memcg = mmscope_frame_is_slab(f) ? 0 : f->memcg;
	classify(s, u);
}

/* ------------------------------------------------------------- frames alike */

/* These change as a page is used, and tell nothing of whose it is. */
#define USE_FLAGS (BIT(PG_locked) | BIT(PG_waiters) | BIT(PG_referenced) | BIT(PG_active) | \
		   BIT(PG_uptodate) | BIT(PG_workingset) | BIT(PG_anon_exclusive))

/* references and type of a struct page, which are neighbours, as one word */
static u64 read_counts(const struct page *page)
{
	BUILD_BUG_ON(offsetof(struct page, _refcount) != offsetof(struct page, page_type) + 4);
	return READ_ONCE(*(const u64 *)&page->page_type);
}

/* what the frames behind a single one must have to be the same thing */
static struct mmscope_alike alike_of(const struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	const struct mmscope_frame *f = &s->frame;
	/* how often it is mapped tells nothing, nor do a few references */
	const bool mapped = (s32)f->type >= 0 && f->refcount < MMSCOPE_PIN_WEIGHT;

	return (struct mmscope_alike){
		.flags = f->flags,
		.mapping = f->mapping,
		.memcg = f->memcg,
		.counts = (u64)f->refcount << 32 | f->type,
		.counts_mask = mapped ? ~((MMSCOPE_PIN_WEIGHT - 1ULL) << 32 | 0xffffff) : ~0ULL,
		.class = u->class,
		.key = u->key,
	};
}

/*
 * How many frames from @page on are alike? What is compared and not kept is read
 * where it is, and tail pages are rare: they are looked for last. @is_lru: a tail
 * never has that flag, so it need not be looked for. @is_kernel: the word that could
 * link a page to its head may hold a mark of another owner.
 */
static __always_inline unsigned long count_same(const struct mmscope_alike *alike,
						const struct page *page, unsigned long max,
						bool is_lru, bool is_kernel)
{
	const struct mmscope_alike a = *alike;
	const struct page *first = page, *end = page + max;

	for (; page < end; page++) {
		/* data_race: compared, not kept; what changes meanwhile is another page */
		if (data_race((unsigned long)page->mapping) != a.mapping ||
		    (mmscope_frame_flags(page) ^ a.flags) & ~USE_FLAGS ||
		    (read_counts(page) ^ a.counts) & a.counts_mask ||
		    !compat_has_memcg(page, a.memcg) || (!is_lru && compat_is_tail(page)))
			break;
		if (is_kernel && mmscope_is_pool_link(compat_page_link(page)))
			break;
	}
	return page - first;
}

/* likewise, of pages of processes and files: most of all frames */
static unsigned long count_users(const struct mmscope_alike *alike, const struct page *page,
				 unsigned long max)
{
	return mmscope_frame_has(alike->flags, PG_lru) ?
	       count_same(alike, page, max, true, false) :
	       count_same(alike, page, max, false, false);
}

/* Pages of processes and files are of one owner with another again and again. */
static struct mmscope_alike *known_alike(struct mmscope_sweep *s, unsigned long mapping)
{
	return &s->known[hash_long(mapping, MMSCOPE_KNOWN_BITS)];
}

/* Frames like some that were met before need not be classified. */
static bool take_known(struct mmscope_sweep *s, struct mmscope_piece *u, const struct page *page,
		       unsigned long end)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);
	const struct mmscope_alike *known;

	if (!mapping)
		return false;
	known = known_alike(s, mapping);
	u->pages = count_users(known, page, end - u->pfn);
	if (!u->pages)
		return false;
	u->head_pfn = u->pfn;
	u->flags = mmscope_frame_flags(page);
	u->head = page;
	u->class = known->class;
	u->order = 0;
	u->inferred = false;
	u->key = known->key;
	u->memcg = known->memcg;
	return true;
}

/* Take the frames behind a single one along with it. */
static void add_alike(struct mmscope_sweep *s, struct mmscope_piece *u,
		      const struct page *page, unsigned long end)
{
	const struct mmscope_frame *f = &s->frame;
	unsigned long zero = zero_pfn(0);
	struct mmscope_alike alike;

	if (f->order || f->state || !f->refcount)
		return;
	alike = alike_of(s, u);
	if (f->mapping && s->alike_end == ~0ULL)
		*known_alike(s, f->mapping) = alike;
	end = min_t(u64, end, s->alike_end);
	/* the zero page, in the kernel's image, is told by its number alone */
	if (u->pfn < zero)
		end = min(end, zero);
	if (u->pfn + 1 >= end)
		return;
	u->pages += f->mapping ? count_users(&alike, page + 1, end - u->pfn - 1) :
				 count_same(&alike, page + 1, end - u->pfn - 1, false, true);
}

/* ------------------------------------------------------------------- filters */

static bool zone_wanted(const struct mmscope_query *q, unsigned long flags)
{
	return (q->node == MMSCOPE_ANY || q->node == mmscope_frame_node(flags)) &&
	       (q->zone == MMSCOPE_ANY || q->zone == mmscope_frame_zone(flags));
}

static bool flags_wanted(const struct mmscope_sweep *s)
{
	const struct mmscope_frame_filter *filter = &s->w->q.frames;
	u64 kpf = mmscope_frame_kpf(&s->frame);

	return (kpf & filter->flags_all) == filter->flags_all &&
	       (!filter->flags_any || kpf & filter->flags_any) && !(kpf & filter->flags_none);
}

static bool by_flags(const struct mmscope_query *q)
{
	return q->frames.flags_all || q->frames.flags_any || q->frames.flags_none;
}

static bool by_unit(const struct mmscope_query *q)
{
	return q->node != MMSCOPE_ANY || q->zone != MMSCOPE_ANY || q->frames.memcg;
}

static bool unit_wanted(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	const struct mmscope_query *q = &s->w->q;

	return zone_wanted(q, u->flags) &&
	       (!q->frames.memcg || mmscope_sweep_memcg(s, u) == q->frames.memcg);
}

/* ------------------------------------------------------------------ the sweep */

/* the thing at the position, as far as it goes */
static void read_unit(struct mmscope_sweep *s, struct mmscope_piece *u, const struct page *page,
		      unsigned long end)
{
	if (u->pfn >= s->frame_end || u->pfn < s->frame.head_pfn) {
		if (s->runs && take_known(s, u, page, end))
			return;
		read_frame(s, page, u->pfn);
	}
	u->pages = min(s->frame_end, end) - u->pfn;
	make_unit(s, page, u);
	if (s->runs)
		add_alike(s, u, page, end);
}

/* likewise one frame; false if its flags are not wanted */
static bool read_one(struct mmscope_sweep *s, struct mmscope_piece *u, const struct page *page)
{
	read_single(s, page, u->pfn);
	u->pages = 1;
	if (by_flags(&s->w->q) && !flags_wanted(s))
		return false;
	make_unit(s, page, u);
	return true;
}

/* the frames [s->pos, end) of one chunk */
static int sweep_chunk(struct mmscope_sweep *s, unsigned long end, const struct page *page)
{
	struct mmscope_piece u = {
		.migratetype = compat_pageblock_type(mmscope_pageblock_bits(s->pos)),
	};
	const bool single = s->single || by_flags(&s->w->q), filter = by_unit(&s->w->q);
	bool wanted = true;
	int ret = 0;

	while (s->pos < end && !ret) {
		u.pfn = s->pos;
		if (single)
			wanted = read_one(s, &u, page);
		else
			read_unit(s, &u, page, end);
		if (wanted && (!filter || unit_wanted(s, &u)))
			ret = s->unit(s, &u);
		if (!ret)
			s->pos += u.pages;
		page += u.pages;
	}
	return ret;
}

/* one section at most, under the hotplug lock */
static int sweep_section(struct mmscope_sweep *s)
{
	u64 end = min_t(u64, ALIGN_DOWN(s->pos, PAGES_PER_SECTION) + PAGES_PER_SECTION, s->end);
	bool online = online_section_nr(pfn_to_section_nr(s->pos));
	const struct page *page;
	u64 next;
	int ret = 0;

	if (s->parts)
		end = min(end, s->overlay.end);
	if (!online)
		s->pos = end;
	while (s->pos < end && !ret) {
		next = min_t(u64, ALIGN_DOWN(s->pos, CHUNK) + CHUNK, end);
		page = pfn_to_online_page(s->pos);
		if (page)
			ret = sweep_chunk(s, next, page);
		else
			s->pos = next;
		cond_resched();
	}
	return ret;
}

/**
 * mmscope_sweep_begin - build the tables, for who needs them before the first unit
 * @s: as for mmscope_sweep(), which calls this itself
 *
 * Return: 0, -EINTR, -ENOMEM.
 */
int mmscope_sweep_begin(struct mmscope_sweep *s)
{
	int ret;

	if (!s->begun) {
		ret = mmscope_slab_names_build(&s->slabs);
		if (ret)
			return ret;
		mmscope_ram_read(&s->ram);
		s->begun = true;
	}
	mmscope_page_reader_begin(&s->reader);
	s->frame_end = 0;
	return 0;
}

/**
 * mmscope_sweep - sweep the frames from s->pos to s->end
 * @s: w, unit, parts, pos and end are set, the rest was zeroed before the first
 *     call and is freed by mmscope_sweep_free()
 *
 * Return: 0 at the end, what @s->unit returned, -EINTR, -ENOMEM.
 */
int mmscope_sweep(struct mmscope_sweep *s)
{
	int ret = mmscope_sweep_begin(s);

	while (!ret && s->pos < s->end) {
		if (s->parts && (s->pos < s->overlay.start || s->pos >= s->overlay.end)) {
			ret = mmscope_overlay_build(s->w, &s->overlay, s->pos, s->parts);
			if (ret)
				return ret;
		}
		mmscope_get_online_mems();
		ret = sweep_section(s);
		mmscope_put_online_mems();
		if (!ret)
			ret = mmscope_pause();
	}
	return ret;
}

/**
 * mmscope_sweep_last - the frame after the last one that any section may have
 */
u64 mmscope_sweep_last(void)
{
	unsigned long end = 0;
	int nid;

	for_each_online_node(nid)
		end = max(end, pgdat_end_pfn(NODE_DATA(nid)));
	return ALIGN(end, PAGES_PER_SECTION);
}

/**
 * mmscope_sweep_free - free the tables of a sweep
 * @s: the sweep
 */
void mmscope_sweep_free(struct mmscope_sweep *s)
{
	mmscope_overlay_free(&s->overlay);
	mmscope_slab_names_free(&s->slabs);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep folded into aligned blocks.
 *
 * Locks: those of sweep.c; RCU while a file's operations are looked up.
 *
 * Staleness: as sweep.c. A block is read within microseconds (a gigabyte within
 * milliseconds), its frames one after the other.
 *
 * Sources: struct page, by sweep.c; address_space.a_ops->migrate_folio;
 * vm.compact_unevictable_allowed; struct compact_control, whether compaction
 * keeps free pages by order and so moves large folios.
 */
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include "block.h"
#include "compat.h"
#include "mmscope.h"

/**
 * mmscope_mover_init - what clears blocks of a size on this kernel
 * @m: filled
 * @order: of the blocks
 */
void mmscope_mover_init(struct mmscope_mover *m, u32 order)
{
	const int *unevictable = mmscope_sym(sysctl_compact_unevictable_allowed);
	const struct mmscope_layout *freepages = mmscope_layout(compact_control, freepages);
	bool contig = order >= mmscope_nr_orders;

	*m = (struct mmscope_mover){
		.order = order,
		.contig = contig,
		.unevictable = contig || !unevictable || READ_ONCE(*unevictable),
		/* one list of free pages is for order 0 alone; an array has no size here */
		.large = freepages->found && !freepages->size,
	};
}

/* Can the dirty pages of a file not be moved? Its memory may be somebody else's by now. */
static bool lookup_stuck(unsigned long key)
{
	const struct address_space *mapping = (const void *)key;
	const struct address_space_operations *ops;
	bool stuck = false;
	void *migrate;

	rcu_read_lock();
	if (mmscope_layout_copy(&ops, &mapping->a_ops, sizeof(ops)) && ops &&
	    mmscope_layout_copy(&migrate, &ops->migrate_folio, sizeof(migrate)))
		stuck = !migrate;
	rcu_read_unlock();
	return stuck;
}

static bool is_stuck(struct mmscope_fold *f, const struct mmscope_piece *u)
{
	if (u->class != MMSCOPE_CLASS_FILE || !u->key ||
	    !(u->flags & (BIT(PG_dirty) | BIT(PG_writeback))))
		return false;
	if (u->key != f->last_mapping) {
		f->last_mapping = u->key;
		f->last_stuck = lookup_stuck(u->key);
	}
	return f->last_stuck;
}

/**
 * mmscope_piece_clearing - how a piece could be got out of a block
 * @f: the fold
 * @m: what would move it: @f's own mover, or another
 * @u: the piece
 *
 * Return: enum mmscope_clearing.
 */
u32 mmscope_piece_clearing(struct mmscope_fold *f, const struct mmscope_mover *m,
			   const struct mmscope_piece *u)
{
	const struct mmscope_standing p = {
		.class = u->class,
		.order = u->order,
		.flags = u->flags,
		.movable_ops = compat_has_movable_ops(f->sweep.frame.flags, f->sweep.frame.type,
						      f->sweep.frame.mapping),
		.stuck = is_stuck(f, u),
	};

	return mmscope_clearing(m, &p);
}

/* ---------------------------------------------------------------- the blocks */

static int finish(struct mmscope_fold *f)
{
	struct mmscope_block *b = &f->block;
	int ret;

	if (b->start == b->end)
		return 0;
	ret = f->done(f);
	f->waits = ret == MMSCOPE_MORE;
	if (!ret)
		b->end = b->start;
	return ret;
}

static bool belongs(const struct mmscope_fold *f, const struct mmscope_piece *u)
{
	const struct mmscope_block *b = &f->block;

	return b->start != b->end && b->start >> f->mover.order == u->pfn >> f->mover.order &&
	       b->node == mmscope_frame_node(u->flags) && b->zone == mmscope_frame_zone(u->flags);
}

static void begin(struct mmscope_fold *f, const struct mmscope_piece *u)
{
	f->block = (struct mmscope_block){
		.start = u->pfn,
		.end = u->pfn,
		.node = mmscope_frame_node(u->flags),
		.zone = mmscope_frame_zone(u->flags),
		.migratetype = u->migratetype,
		.pages[MMSCOPE_CLEARING_HOLE] = 1UL << f->mover.order,
	};
	if (f->begin)
		f->begin(f);
}

static int take_piece(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	struct mmscope_fold *f = container_of(s, struct mmscope_fold, sweep);
	u32 clearing;
	int ret;

	if (!belongs(f, u)) {
		ret = finish(f);
		if (ret)
			return ret;
		begin(f, u);
	}
	clearing = mmscope_piece_clearing(f, &f->mover, u);
	f->block.end = u->pfn + u->pages;
	f->block.pages[MMSCOPE_CLEARING_HOLE] -= u->pages;
	f->block.pages[clearing] += u->pages;
	f->add(f, u, clearing);
	return 0;
}

/**
 * mmscope_fold - sweep and fold from a frame to the end of the query's range
 * @f: zeroed before the first call but for begin, add, done, mover and the
 *     sweep's parts; freed by mmscope_fold_free()
 * @w: the request; blocks that its range touches are whole
 * @from: first frame; not looked at if a block waits for its @done
 *
 * Return: 0 at the end, MMSCOPE_MORE, -EINTR, -ENOMEM.
 */
int mmscope_fold(struct mmscope_fold *f, struct mmscope_walk *w, u64 from)
{
	u64 size = 1ULL << f->mover.order, last = mmscope_sweep_last();
	struct mmscope_sweep *s = &f->sweep;
	int ret = 0;

	s->w = w;
	if (f->waits) {
		ret = finish(f);
	} else {
		f->block.end = f->block.start;
		s->unit = take_piece;
		s->pos = max_t(u64, from, ALIGN_DOWN(w->q.start, size));
		s->end = ALIGN(min(last, w->q.end), size);
	}
	if (!ret)
		ret = mmscope_sweep(s);
	if (!ret)
		ret = finish(f);
	return ret;
}

/**
 * mmscope_fold_free - free what a fold has built
 * @f: the fold
 */
void mmscope_fold_free(struct mmscope_fold *f)
{
	mmscope_sweep_free(&f->sweep);
}

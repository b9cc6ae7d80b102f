// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset contiguity: what the page tables of a process hold, summed up by VMA
 * and in total, and how contiguous it is.
 *
 * Locks and staleness: those of pgtable.c. mmap_lock is held for one VMA at most,
 * then the sums are made without it. If a VMA is split or gone when the walk comes
 * back to it, its record ends where it was left.
 *
 * Positions are addresses: the end of the VMA; ~0 behind the total. A request that
 * did not begin at the first VMA reads all of them again at the end, for the total.
 *
 * Source: the leaf entries below mm->pgd; node_span.c. No struct page is read
 * unless nodes overlap.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../compat.h"
#include "../mmscope.h"
#include "node_span.h"
#include "pgtable.h"
#include "tally.h"
#include "task.h"

#define BLOCK_PAGES	(PMD_SIZE >> PAGE_SHIFT)
/* VMAs between two looks at who waits for what */
#define VMAS_A_CALL	256
#define BEHIND_TOTAL	(~0ULL)

/* pages that follow each other, virtually and in frames */
struct run {
	u64 page;
	u64 pfn;
	u64 pages;
};

/* a 2M block under the walk: base is the frame of its first page, if it is contiguous */
struct block {
	u64 nr;
	u64 pages;
	u64 base;
	bool broken;
};

/**
 * struct contiguity_state - kept from window to window
 * @started: memory is there
 * @in_vma: @vma is under way
 * @ready: @vma is to be handed over
 * @all_read: there are no more VMAs
 * @late: it did not begin at the first one
 * @pfnmap: @vma maps bare frames
 * @pos: where the page tables are to be read on
 * @shown: end of the last VMA that an earlier request handed over
 * @virtual: the virtual run under way; its pfn means nothing
 * @range: the run of frames under way
 * @block: the block under way
 * @nodes: which frames are on which node
 * @tallies: the schemes
 * @vma: of the VMA
 * @total: of all that are done
 */
struct contiguity_state {
	bool started;
	bool in_vma;
	bool ready;
	bool all_read;
	bool late;
	bool pfnmap;
	u64 pos;
	u64 shown;
	struct run virtual;
	struct run range;
	struct block block;
	struct mmscope_node_spans nodes;
	struct mmscope_tallies tallies;
	struct mmscope_contiguity vma;
	struct mmscope_contiguity total;
};

/* ---------------------------------------------------------------------- runs */

static void close_virtual(struct contiguity_state *s)
{
	if (s->virtual.pages)
		mmscope_tally_add(&s->tallies, MMSCOPE_TALLY_VIRTUAL, s->virtual.pages, 1);
	s->virtual.pages = 0;
}

static void grow_virtual(struct contiguity_state *s, u64 page, u64 pages)
{
	if (page != s->virtual.page + s->virtual.pages) {
		close_virtual(s);
		s->virtual.page = page;
	}
	s->virtual.pages += pages;
}

static void close_range(struct contiguity_state *s)
{
	const struct run *r = &s->range;

	if (!r->pages)
		return;
	if (r->pages == 1)
		mmscope_tally_lone(&s->tallies, 1);
	else
		mmscope_tally_range(&s->tallies, r->page, r->pages);
	mmscope_tally_offset(&s->tallies, r->page - r->pfn, r->pages);
	s->range.pages = 0;
}

static void grow_range(struct contiguity_state *s, u64 page, u64 pfn, u64 pages)
{
	struct run *r = &s->range;

	if (page == r->page + r->pages && pfn == r->pfn + r->pages && r->pages) {
		r->pages += pages;
		return;
	}
	close_range(s);
	*r = (struct run){ page, pfn, pages };
}

/* -------------------------------------------------------------------- blocks */

static bool block_inside(const struct contiguity_state *s, u64 nr)
{
	return nr * PMD_SIZE >= s->vma.start && (nr + 1) * PMD_SIZE <= s->vma.end;
}

static void close_block(struct contiguity_state *s)
{
	struct mmscope_contiguity *c = &s->vma;
	const struct block *b = &s->block;

	if (!b->pages)
		return;
	if (!block_inside(s, b->nr)) {
		c->edge_pages += b->pages;
	} else if (b->pages < BLOCK_PAGES) {
		c->partial_blocks++;
		c->partial_pages += b->pages;
	} else if (b->broken) {
		c->scattered_blocks++;
	} else if (b->base % BLOCK_PAGES) {
		c->misaligned_blocks++;
	} else {
		c->aligned_blocks++;
	}
	s->block.pages = 0;
}

/* small pages of one block; broken: their frames do not follow each other */
static void add_to_block(struct contiguity_state *s, u64 page, u64 pfn, u64 pages, bool broken)
{
	const u64 nr = page / BLOCK_PAGES, base = pfn - page % BLOCK_PAGES;
	struct block *b = &s->block;

	if (nr != b->nr || !b->pages) {
		close_block(s);
		*b = (struct block){ .nr = nr, .base = base };
	}
	b->pages += pages;
	b->broken |= broken || base != b->base;
}

/* whole blocks of a huge entry; what the range asked for cuts off is at the edge */
static void add_huge_blocks(struct contiguity_state *s, u64 page, u64 pages)
{
	const u64 first = DIV_ROUND_UP(page, BLOCK_PAGES), end = (page + pages) / BLOCK_PAGES;
	const u64 blocks = end > first ? end - first : 0;

	s->vma.huge_blocks += blocks;
	s->vma.edge_pages += pages - blocks * BLOCK_PAGES;
}

/* ------------------------------------------------------------------- entries */

/* what is over when a piece of a table's PTEs is over: pages with frames in a row */
static void add_piece(struct contiguity_state *s, u64 page, u64 pfn, u64 pages)
{
	grow_range(s, page, pfn, pages);
	s->vma.frameless_pages += mmscope_node_add(&s->nodes, pfn, pages, s->vma.node_pages);
}

/**
 * count_lone - PTEs whose frames follow neither that of the one before nor each other
 * @s: the state
 * @ptep: the first of them
 * @nr: PTEs there are
 * @raw: of the PTE before the first, of an ordinary page on @span; then of the last taken
 * @span: frames of a node
 *
 * For scattered memory, so what each PTE costs counts: one subtraction and one
 * comparison tell that it has the bits of @raw, and that its frame is in the span.
 *
 * Return: how many there are. The last may be the beginning of a run.
 */
static unsigned long count_lone(struct contiguity_state *s, pte_t *ptep, unsigned long nr,
				u64 *raw, const struct mmscope_node_span *span)
{
	const u64 bits = *raw - (compat_plain_pfn(__pte(*raw)) << PAGE_SHIFT);
	const u64 base = bits + (span->start << PAGE_SHIFT);
	const u64 frames = span->end - span->start;
	const u64 zero = (zero_pfn(0) << PAGE_SHIFT) + bits;
	u64 last = *raw;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		u64 here = pte_val(ptep_get(ptep + i));

		if (here == last + PAGE_SIZE || here == zero ||
		    ror64(here - base, PAGE_SHIFT) >= frames)
			break;
		last = here;
	}
	*raw = last;
	return i;
}

/* where count_lone() may be used: offsets are counted no more, the node is known */
static const struct mmscope_node_span *lone_span(const struct contiguity_state *s, u64 pfn)
{
	const struct mmscope_node_span *span = &s->nodes.span[s->nodes.place];

	return s->tallies.offsets_cut && pfn >= span->start && pfn < span->end ? span : NULL;
}

/* PTEs of ordinary pages, the frames in any order: most memory is counted here */
static unsigned long contiguity_plain(struct mmscope_pgt_walk *p, pte_t *ptep, unsigned long nr)
{
	struct contiguity_state *s = p->w->priv;
	const u64 page = p->pos >> PAGE_SHIFT, zero = zero_pfn(p->pos);
	u64 first = 0, pfn = 0, raw = 0;
	unsigned long i = 0, begin = 0;
	bool broken = false;

	while (!s->pfnmap && i < nr) {
		const struct mmscope_node_span *span;
		pte_t pte = ptep_get(ptep + i);
		u64 here = compat_plain_pfn(pte);
		unsigned long lone;

		if (!compat_pte_is_plain(pte) || here == zero)
			break;
		raw = pte_val(pte);
		if (!i) {
			first = here;
			pfn = here;
		} else if (here != pfn + i - begin) {
			add_piece(s, page + begin, pfn, i - begin);
			broken = true;
			begin = i;
			pfn = here;
			span = lone_span(s, pfn);
			lone = span ? count_lone(s, ptep + i + 1, nr - i - 1, &raw, span) : 0;
			if (lone) {
				/* all but the last are runs of one page, and this one is */
				close_range(s);
				s->vma.node_pages[span->node] += lone;
				mmscope_tally_lone(&s->tallies, lone);
				i += lone;
				begin = i;
				pfn = compat_plain_pfn(__pte(raw));
			}
		}
		for (i++; i < nr && pte_val(ptep_get(ptep + i)) == raw + PAGE_SIZE; i++)
			raw += PAGE_SIZE;
	}
	if (!i)
		return 0;
	add_piece(s, page + begin, pfn, i - begin);
	grow_virtual(s, page, i);
	add_to_block(s, page, first, i, broken);
	s->vma.mapped_pages += i;
	s->vma.pte_leaves += i;
	return i;
}

/* a run of zero pages is one frame over and over */
static void add_small(struct contiguity_state *s, const struct mmscope_pgt_entry *e, u64 page,
		      u64 pages)
{
	const u64 step = e->kind == MMSCOPE_MAPPING_ZERO ? 1 : pages;
	u64 i;

	for (i = 0; i < pages; i += step)
		grow_range(s, page + i, e->pfn, step);
	add_to_block(s, page, e->pfn, pages, step < pages);
}

static void add_present(struct contiguity_state *s, const struct mmscope_pgt_entry *e)
{
	const u64 page = e->addr >> PAGE_SHIFT, pages = (e->end - e->addr) >> PAGE_SHIFT;
	struct mmscope_contiguity *c = &s->vma;

	c->mapped_pages += pages;
	if (e->kind == MMSCOPE_MAPPING_ZERO)
		c->zero_pages += pages;
	else if (e->kind == MMSCOPE_MAPPING_PFNMAP)
		c->frameless_pages += pages;
	else
		c->frameless_pages += mmscope_node_add(&s->nodes, e->pfn, pages, c->node_pages);
	grow_virtual(s, page, pages);
	if (e->level == MMSCOPE_LEVEL_PTE) {
		c->pte_leaves += pages;
		add_small(s, e, page, pages);
		return;
	}
	if (e->level == MMSCOPE_LEVEL_PMD)
		c->pmd_leaves++;
	else
		c->pud_leaves++;
	grow_range(s, page, e->pfn, pages);
	add_huge_blocks(s, page, pages);
}

static int contiguity_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct contiguity_state *s = p->w->priv;
	const u64 pages = (e->end - e->addr) >> PAGE_SHIFT;

	switch (e->kind) {
	case MMSCOPE_PGT_TABLE:
		break;
	case MMSCOPE_PGT_BAD:
		p->w->torn++;
		break;
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		if (s->pfnmap)
			s->vma.pfnmap_pages += pages;
		else
			add_present(s, e);
		break;
	case MMSCOPE_MAPPING_SWAP:
		s->vma.swapped_pages += pages;
		break;
	default:
		s->vma.other_pages += pages;
	}
	return 0;
}

/* ---------------------------------------------------------------------- VMAs */

static bool asks_for(const struct mmscope_walk *w, u32 kind)
{
	return !w->q.class_mask || w->q.class_mask >> kind & 1;
}

static void begin_vma(struct mmscope_walk *w, struct contiguity_state *s,
		      const struct vm_area_struct *vma)
{
	s->in_vma = true;
	s->pfnmap = vma->vm_flags & VM_PFNMAP;
	s->pos = max_t(u64, s->pos, vma->vm_start);
	s->vma = (struct mmscope_contiguity){
		.pid = w->pid_nr,
		.kind = MMSCOPE_CONTIGUITY_VMA,
		.start = s->pos,
		.vmas = 1,
	};
}

/* X(member): summed up over the VMAs */
#define SUMS(X)								\
	X(vmas) X(virtual_bytes) X(mapped_pages) X(pte_leaves) X(pmd_leaves)	\
	X(pud_leaves) X(zero_pages) X(frameless_pages) X(swapped_pages)	\
	X(pfnmap_pages) X(other_pages) X(huge_blocks) X(aligned_blocks)	\
	X(misaligned_blocks) X(scattered_blocks) X(partial_blocks)	\
	X(partial_pages) X(edge_pages)

static void add_to_total(struct contiguity_state *s)
{
	struct mmscope_contiguity *total = &s->total;
	const struct mmscope_contiguity *c = &s->vma;
	u32 node;

	if (!total->vmas)
		total->start = c->start;
	total->end = c->end;
#define X(_member) total->_member += c->_member;
	SUMS(X)
#undef X
	for (node = 0; node < MMSCOPE_NR_NODES; node++)
		total->node_pages[node] += c->node_pages[node];
}

static void end_vma(struct mmscope_walk *w, struct contiguity_state *s)
{
	close_virtual(s);
	close_range(s);
	close_block(s);
	s->in_vma = false;
	s->vma.end = s->pos;
	s->vma.virtual_bytes = s->vma.end - s->vma.start;
	mmscope_tallies_vma(&s->tallies, s->vma.mapped_pages);
	s->ready = s->vma.end > s->shown && asks_for(w, MMSCOPE_CONTIGUITY_VMA);
	if (s->ready)
		mmscope_tallies_cover(&s->tallies, false, &s->vma);
	add_to_total(s);
	mmscope_tallies_next(&s->tallies);
}

/* one VMA, or what of it one hold allows */
static int read_vma(struct mmscope_walk *w, struct contiguity_state *s)
{
	const unsigned long end = PAGE_ALIGN(min_t(u64, w->q.end, MMSCOPE_PGT_END));
	struct mmscope_pgt_walk p = {
		.w = w,
		.end = end,
		.runs = true,
		.plain = contiguity_plain,
		.entry = contiguity_entry,
	};
	struct vm_area_struct *vma;
	int ret = mmscope_mm_lock(w, &p.began);

	if (ret)
		return ret;
	vma = find_vma(w->mm, s->pos);
	/* a cursor may be anywhere, and a range empty */
	if (!vma || max_t(u64, s->pos, vma->vm_start) >= end) {
		s->all_read = true;
	} else if (!s->in_vma || vma->vm_start <= s->vma.start) {
		if (!s->in_vma)
			begin_vma(w, s, vma);
		/* blocks are judged by it */
		s->vma.end = min(end, vma->vm_end);
		p.pos = s->pos;
		ret = mmscope_pgt_vma(&p, vma);
		s->pos = p.pos;
	}
	mmscope_mm_unlock(w, p.began);
	if (!ret && s->in_vma)
		end_vma(w, s);
	return ret;
}

static int hand_over(struct mmscope_walk *w, struct contiguity_state *s)
{
	int ret = s->ready ? mmscope_emit(w, &s->vma, s->vma.end) : 0;

	s->ready = s->ready && ret;
	return ret;
}

static int hand_over_total(struct mmscope_walk *w, struct contiguity_state *s)
{
	s->total.pid = w->pid_nr;
	s->total.kind = MMSCOPE_CONTIGUITY_TOTAL;
	if (mmscope_full(w))
		return MMSCOPE_MORE;
	mmscope_tallies_cover(&s->tallies, true, &s->total);
	return mmscope_emit(w, &s->total, BEHIND_TOTAL);
}

static int contiguity_start(struct mmscope_walk *w, struct contiguity_state *s)
{
	int err = mmscope_tallies_init(&s->tallies, READ_ONCE(w->mm->total_vm));

	if (err)
		return err;
	s->started = true;
	s->shown = w->cursor.pos;
	s->pos = min_t(u64, max(w->q.start, s->shown), MMSCOPE_PGT_END) & PAGE_MASK;
	s->late = s->pos > w->q.start && asks_for(w, MMSCOPE_CONTIGUITY_TOTAL);
	mmscope_node_spans_read(&s->nodes);
	return 0;
}

/* all VMAs have been handed over: from the first one again, for the total alone */
static int begin_again(struct mmscope_walk *w, struct contiguity_state *s)
{
	int err;

	mmscope_tallies_free(&s->tallies);
	err = mmscope_tallies_init(&s->tallies, READ_ONCE(w->mm->total_vm));
	if (err)
		return err;
	memset(&s->total, 0, sizeof(s->total));
	s->shown = BEHIND_TOTAL;
	s->pos = min_t(u64, w->q.start, MMSCOPE_PGT_END) & PAGE_MASK;
	s->late = false;
	s->all_read = false;
	return MMSCOPE_MORE;
}

static int contiguity_walk(struct mmscope_walk *w)
{
	struct contiguity_state *s = w->priv;
	int ret = 0;
	u32 i;

	if (w->cursor.pos == BEHIND_TOTAL)
		return 0;
	if (!s->started)
		ret = contiguity_start(w, s);
	for (i = 0; !ret && !s->all_read; i++) {
		ret = hand_over(w, s) ?: read_vma(w, s);
		if (!ret && i >= VMAS_A_CALL)
			ret = MMSCOPE_MORE;
	}
	ret = ret ?: hand_over(w, s);
	if (!ret && s->late)
		ret = begin_again(w, s);
	return ret ?: hand_over_total(w, s);
}

static void contiguity_end(struct mmscope_walk *w)
{
	mmscope_tallies_free(&((struct contiguity_state *)w->priv)->tallies);
}

/* -------------------------------------------------------------------- fields */

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_CONTIGUITY_VMA, "vma" },
	{ MMSCOPE_CONTIGUITY_TOTAL, "total" },
};

static MMSCOPE_NAMES(kind_names, kinds);

static const struct mmscope_field_def contiguity_fields[] = {
	FIELD(struct mmscope_contiguity, start, ADDR, "first address"),
	FIELD(struct mmscope_contiguity, end, ADDR, "first address beyond"),
	FIELD_CLASS(struct mmscope_contiguity, kind, ENUM, &kind_names,
		    "a VMA, or the sum of all, which comes last"),
	FIELD(struct mmscope_contiguity, virtual_bytes, BYTES, "size"),
	FIELD(struct mmscope_contiguity, mapped_pages, PAGES,
	      "the footprint: present base pages, without bare frames (pfnmap)"),
	FIELD(struct mmscope_contiguity, swapped_pages, PAGES, "swapped out"),
	FIELD(struct mmscope_contiguity, pte_leaves, COUNT, "entries that map 4K"),
	FIELD(struct mmscope_contiguity, pmd_leaves, COUNT, "entries that map 2M"),
	FIELD(struct mmscope_contiguity, pud_leaves, COUNT, "entries that map 1G"),
	FIELD(struct mmscope_contiguity, scattered_blocks, COUNT,
	      "2M blocks all of small pages whose frames do not follow each other"),
	FIELD(struct mmscope_contiguity, misaligned_blocks, COUNT,
	      "2M blocks all of small pages whose frames follow each other, not 2M-aligned"),
	FIELD(struct mmscope_contiguity, aligned_blocks, COUNT,
	      "2M blocks all of small pages that one 2M entry could map"),
	MORE(struct mmscope_contiguity, huge_blocks, COUNT, "2M blocks in huge entries"),
	MORE(struct mmscope_contiguity, partial_blocks, COUNT, "2M blocks of some small pages"),
	MORE(struct mmscope_contiguity, partial_pages, PAGES, "pages in these"),
	MORE(struct mmscope_contiguity, edge_pages, PAGES,
	     "pages in 2M blocks that reach beyond the VMA"),
	MORE(struct mmscope_contiguity, zero_pages, PAGES, "zero and huge zero pages"),
	MORE(struct mmscope_contiguity, frameless_pages, PAGES, "neither zero nor on a node"),
	MORE(struct mmscope_contiguity, pfnmap_pages, PAGES,
	     "present pages of VMAs that map bare frames; not in the footprint"),
	MORE(struct mmscope_contiguity, other_pages, PAGES,
	     "migration, device, hwpoison and marker entries"),
	MORE(struct mmscope_contiguity, vmas, COUNT, "VMAs"),
	MORE(struct mmscope_contiguity, anchor_pages, PAGES, "distance of the anchors"),
	MORE_ARRAY(struct mmscope_contiguity, entries, COUNT, &mmscope_scheme_names,
		   "entries that cover the footprint, by scheme"),
	MORE_ARRAY(struct mmscope_contiguity, n80, COUNT, &mmscope_scheme_names,
		   "best entries that cover 80 % of it"),
	MORE_ARRAY(struct mmscope_contiguity, n90, COUNT, &mmscope_scheme_names, "likewise 90 %"),
	MORE_ARRAY(struct mmscope_contiguity, n99, COUNT, &mmscope_scheme_names, "likewise 99 %"),
	MORE_ARRAY(struct mmscope_contiguity, pages32, PAGES, &mmscope_scheme_names,
		   "covered by the best 32 entries"),
	MORE_ARRAY(struct mmscope_contiguity, pages64, PAGES, &mmscope_scheme_names,
		   "by the best 64"),
	MORE_ARRAY(struct mmscope_contiguity, pages128, PAGES, &mmscope_scheme_names,
		   "by the best 128"),
	MORE_ARRAY(struct mmscope_contiguity, pages256, PAGES, &mmscope_scheme_names,
		   "by the best 256"),
	MORE_ARRAY(struct mmscope_contiguity, virtual_runs, PAGES, &mmscope_run_order_names,
		   "pages in virtual runs of so many pages and up to twice as many"),
	MORE_ARRAY(struct mmscope_contiguity, range_runs, PAGES, &mmscope_run_order_names,
		   "likewise in runs of frames that follow each other"),
	MORE_ARRAY(struct mmscope_contiguity, node_pages, PAGES, &mmscope_node_names,
		   "pages on each node, without zero pages"),
	MORE(struct mmscope_contiguity, pid, ID, "process"),
};

static const struct mmscope_need contiguity_needs[] = {
	WANT_SYM(huge_zero_pfn),
	{ }
};

const struct mmscope_dataset mmscope_contiguity = {
	.name = "contiguity",
	.help = "page tables of a process summed up: sizes, nodes, contiguity for TLBs",
	.id = MMSCOPE_DS_CONTIGUITY,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_contiguity),
	.priv_size = sizeof(struct contiguity_state),
	.fields = contiguity_fields,
	.nr_fields = ARRAY_SIZE(contiguity_fields),
	.needs = contiguity_needs,
	.walk = contiguity_walk,
	.end = contiguity_end,
};

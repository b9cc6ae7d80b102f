// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset pt_placement: where the page tables of a process lie, and how full each
 * of them is.
 *
 * Locks and staleness: those of pgtable.c, one hold of mmap_lock a call; the memory
 * hotplug lock (read) around it, for the nodes of frames. The counts add up what
 * many holds saw.
 *
 * All is counted first, in as many windows as it takes. Positions are levels and
 * nodes. As entries come in ascending order, one table a level is under
 * construction; it is counted when the next one begins. None entries are read too,
 * so that a table without any entry in use is met.
 *
 * Source: the entries below mm->pgd; the nodes of frames, by node_span.c;
 * mm->pgtables_bytes.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "../mmscope.h"
#include "node_span.h"
#include "pgtable.h"

/**
 * struct pt_table - the table of a level that is under construction
 * @open: there is one
 * @base: first address it can map
 * @next: first address beyond the last entry counted; one that several VMAs share,
 *        or that a hold ended in, is met again and counted once
 * @node: where it lies
 * @used: entries that are not none
 * @leaves: of these, leaf entries
 * @no_node: of these, to no node
 * @on_node: of these, by the node of the frame
 */
struct pt_table {
	bool open;
	unsigned long base;
	unsigned long next;
	u32 node;
	u64 used;
	u64 leaves;
	u64 no_node;
	u64 on_node[MMSCOPE_NR_NODES];
};

/* what was counted of a level on a node */
struct pt_count {
	u64 tables;
	u64 used;
	u64 leaves;
	u64 same_node;
	u64 other_node;
	u64 no_node;
	u64 occupancy[MMSCOPE_NR_OCCUPANCIES];
};

/**
 * struct pt_walk - scratch of a walk
 * @pos: where the page tables are to be read on
 * @collected: all was read
 * @spans: tells nodes of frames
 * @table: of each level
 * @count: of each level and node
 * @rec: as it is handed over
 */
struct pt_walk {
	unsigned long pos;
	bool collected;
	struct mmscope_node_spans spans;
	struct pt_table table[MMSCOPE_NR_LEVELS];
	struct pt_count count[MMSCOPE_NR_LEVELS][MMSCOPE_NR_NODES];
	struct mmscope_pt_placement rec;
};

/* -------------------------------------------------------------------- tables */

/* 0, 1, 2, 3-4, 5-8 ..; a large table is in the last with all it has more */
static u32 occupancy_of(u64 used)
{
	u32 bucket = used ? order_base_2(used) + 1 : 0;

	return min(bucket, MMSCOPE_NR_OCCUPANCIES - 1U);
}

static void close_table(struct pt_walk *s, u32 level)
{
	struct pt_table *t = &s->table[level];
	struct pt_count *c = &s->count[level][t->node];

	if (!t->open)
		return;
	c->tables++;
	c->used += t->used;
	c->occupancy[occupancy_of(t->used)]++;
	c->leaves += t->leaves;
	c->no_node += t->no_node;
	c->same_node += t->on_node[t->node];
	c->other_node += t->leaves - t->no_node - t->on_node[t->node];
	*t = (struct pt_table){ .next = t->next };
}

static u32 node_of_table(u64 pfn)
{
	u32 node = page_to_nid(pfn_to_page(pfn));

	return min(node, MMSCOPE_NR_NODES - 1U);
}

/* the table that an entry is in */
static struct pt_table *enter_table(struct pt_walk *s, const struct mmscope_pgt_entry *e)
{
	struct pt_table *t = &s->table[e->level];
	unsigned long base = 0;

	if (e->level != MMSCOPE_LEVEL_PGD)
		base = ALIGN_DOWN(e->addr, e->size * mmscope_pgt_entries(e->level));
	if (t->open && t->base == base)
		return t;
	close_table(s, e->level);
	t->open = true;
	t->base = base;
	t->node = node_of_table(e->table_pfn);
	return t;
}

static void add_leaves(struct pt_walk *s, struct pt_table *t, const struct mmscope_pgt_entry *e,
		       u64 skipped, u64 nr)
{
	/* runs are of base pages; of a huge one the first frame tells */
	u64 pfn = e->pfn + skipped;

	t->leaves += nr;
	if (e->kind == MMSCOPE_MAPPING_PAGE)
		t->no_node += mmscope_node_count(&s->spans, pfn, nr, t->on_node);
	else
		t->no_node += nr;
}

static int pt_entry(struct mmscope_pgt_walk *p, const struct mmscope_pgt_entry *e)
{
	struct pt_walk *s = p->w->priv;
	unsigned long start = ALIGN_DOWN(e->addr, e->size), end = ALIGN(e->end, e->size);
	struct pt_table *t;
	u64 nr;

	if (e->kind == MMSCOPE_PGT_BAD) {
		p->w->torn++;
		return 0;
	}
	t = enter_table(s, e);
	if (e->kind == MMSCOPE_PGT_NONE || end <= t->next)
		return 0;
	start = max(start, t->next);
	t->next = end;
	nr = (end - start) / e->size;
	t->used += nr;
	switch (e->kind) {
	case MMSCOPE_MAPPING_PAGE:
	case MMSCOPE_MAPPING_ZERO:
	case MMSCOPE_MAPPING_PFNMAP:
		add_leaves(s, t, e, start > e->addr ? (start - e->addr) / e->size : 0, nr);
	}
	return 0;
}

static int collect(struct mmscope_walk *w, struct pt_walk *s)
{
	struct mmscope_pgt_walk p = {
		.w = w,
		.pos = s->pos,
		.end = MMSCOPE_PGT_END,
		.nones = true,
		.runs = true,
		.entry = pt_entry,
	};
	u32 level;
	int ret;

	if (!s->pos)
		mmscope_node_spans_read(&s->spans);
	/* struct pages are looked at */
	mmscope_get_online_mems();
	ret = mmscope_pgt_walk(&p);
	mmscope_put_online_mems();
	s->pos = p.pos;
	if (ret)
		return ret;
	for (level = 0; level < MMSCOPE_NR_LEVELS; level++)
		close_table(s, level);
	s->collected = true;
	return 0;
}

/* ------------------------------------------------------------------- records */

static void add_count(struct mmscope_pt_placement *rec, const struct pt_count *c, u32 level,
		      u32 node)
{
	const u64 entries = mmscope_pgt_entries(level);
	u32 i;

	rec->tables += c->tables;
	rec->table_bytes += c->tables * entries * sizeof(pte_t);
	rec->entries_used += c->used;
	rec->entries_possible += c->tables * entries;
	rec->empty_tables += c->occupancy[0];
	rec->leaf_entries += c->leaves;
	rec->leaf_bytes += c->leaves * mmscope_pgt_entry_size(level);
	rec->leaf_same_node += c->same_node;
	rec->leaf_other_node += c->other_node;
	rec->leaf_no_node += c->no_node;
	for (i = 0; i < MMSCOPE_NR_OCCUPANCIES; i++)
		rec->occupancy[i] += c->occupancy[i];
	for (i = 0; i < MMSCOPE_NR_NODES; i++)
		rec->remote_leaf[i] += i == node ? 0 : c->leaves;
}

static const void *node_record(struct mmscope_walk *w, struct pt_walk *s, u32 level, u32 node)
{
	s->rec = (struct mmscope_pt_placement) {
		.pid = w->pid_nr,
		.scope = MMSCOPE_PT_TABLES,
		.level = level,
		.node = node,
		.mm_pgtables_bytes = MMSCOPE_UNKNOWN,
		.spare_bytes = MMSCOPE_UNKNOWN,
	};
	add_count(&s->rec, &s->count[level][node], level, node);
	return &s->rec;
}

/* tables may have gone or come since they were counted: then it is not known */
static u64 spare_bytes(const struct pt_walk *s, u64 all)
{
	u32 level, node;

	for (level = MMSCOPE_LEVEL_PUD; level <= MMSCOPE_LEVEL_PTE; level++)
		for (node = 0; node < MMSCOPE_NR_NODES; node++)
			all -= s->count[level][node].tables * mmscope_pgt_entries(level) *
			       sizeof(pte_t);
	return (s64)all < 0 ? MMSCOPE_UNKNOWN : all;
}

static const void *total_record(struct mmscope_walk *w, struct pt_walk *s)
{
	u32 level, node;

	s->rec = (struct mmscope_pt_placement) {
		.pid = w->pid_nr,
		.scope = MMSCOPE_PT_TOTAL,
		.level = MMSCOPE_UNKNOWN32,
		.node = MMSCOPE_UNKNOWN32,
		.mm_pgtables_bytes = mm_pgtables_bytes(w->mm),
	};
	for (level = 0; level < MMSCOPE_NR_LEVELS; level++)
		for (node = 0; node < MMSCOPE_NR_NODES; node++)
			add_count(&s->rec, &s->count[level][node], level, node);
	s->rec.spare_bytes = spare_bytes(s, s->rec.mm_pgtables_bytes);
	return &s->rec;
}

static int pt_walk(struct mmscope_walk *w)
{
	const u64 last = MMSCOPE_NR_LEVELS * MMSCOPE_NR_NODES;
	struct pt_walk *s = w->priv;
	int ret = s->collected ? 0 : collect(w, s);
	u64 pos;

	for (pos = w->cursor.pos; !ret && pos < last; pos++) {
		u32 level = pos / MMSCOPE_NR_NODES, node = pos % MMSCOPE_NR_NODES;

		if (s->count[level][node].tables)
			ret = mmscope_emit(w, node_record(w, s, level, node), pos + 1);
	}
	if (!ret && w->cursor.pos <= last)
		ret = mmscope_emit(w, total_record(w, s), last + 1);
	return ret;
}

static const struct mmscope_name pt_scopes[] = {
	{ MMSCOPE_PT_TABLES, "tables" },
	{ MMSCOPE_PT_TOTAL, "total" },
};

static MMSCOPE_NAMES(pt_scope_names, pt_scopes);

static const struct mmscope_name occupancies[] = {
	{ 0, "0" }, { 1, "1" }, { 2, "2" }, { 3, "3_4" }, { 4, "5_8" }, { 5, "9_16" },
	{ 6, "17_32" }, { 7, "33_64" }, { 8, "65_128" }, { 9, "129_256" },
	{ 10, PTRS_PER_PTE > 512 ? "over_256" : "257_512" },
};

static MMSCOPE_NAMES(occupancy_names, occupancies);

static const struct mmscope_field_def pt_fields[] = {
	FIELD_CLASS(struct mmscope_pt_placement, scope, ENUM, &pt_scope_names,
		    "tables of one level on one node, or the sums of all of them"),
	FIELD_ENUM(struct mmscope_pt_placement, level, &mmscope_level_names,
		   "level of the tables, from the top"),
	FIELD(struct mmscope_pt_placement, node, ID, "node they lie on"),
	FIELD(struct mmscope_pt_placement, tables, COUNT, "table pages met"),
	FIELD(struct mmscope_pt_placement, table_bytes, BYTES, "memory of these tables"),
	FIELD(struct mmscope_pt_placement, entries_used, COUNT,
	      "entries that are not none; at pgd of the user half only"),
	MORE(struct mmscope_pt_placement, entries_possible, COUNT, "entries in these tables"),
	FIELD(struct mmscope_pt_placement, empty_tables, COUNT, "tables without an entry in use"),
	FIELD(struct mmscope_pt_placement, leaf_entries, COUNT, "entries that map a page"),
	MORE(struct mmscope_pt_placement, leaf_bytes, BYTES, "what they map"),
	FIELD(struct mmscope_pt_placement, leaf_same_node, COUNT,
	      "of these, to frames on the table's node"),
	FIELD(struct mmscope_pt_placement, leaf_other_node, COUNT,
	      "of these, to frames on other nodes"),
	MORE(struct mmscope_pt_placement, leaf_no_node, COUNT,
	     "of these, to zero pages and frames without struct page"),
	MORE(struct mmscope_pt_placement, mm_pgtables_bytes, BYTES,
	     "total: pte, pmd and pud tables as VmPTE counts them"),
	FIELD(struct mmscope_pt_placement, spare_bytes, BYTES,
	      "total: of VmPTE, tables in no use yet, kept for splitting huge pages"),
	MORE_ARRAY(struct mmscope_pt_placement, occupancy, COUNT, &occupancy_names,
		   "tables that have so many entries in use"),
	MORE_ARRAY(struct mmscope_pt_placement, remote_leaf, COUNT, &mmscope_node_names,
		   "leaf entries in tables that are remote to CPUs of this node"),
	MORE(struct mmscope_pt_placement, pid, ID, "process"),
};

static const struct mmscope_need pt_needs[] = {
	WANT_SYM(huge_zero_pfn),
	WANT_SYM(get_online_mems),
	WANT_SYM(put_online_mems),
	{ }
};

const struct mmscope_dataset mmscope_pt_placement = {
	.name = "pt_placement",
	.help = "page tables of a process by level and node: how full, and how remote",
	.id = MMSCOPE_DS_PT_PLACEMENT,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_NODE,
	.rec_size = sizeof(struct mmscope_pt_placement),
	.priv_size = sizeof(struct pt_walk),
	.fields = pt_fields,
	.nr_fields = ARRAY_SIZE(pt_fields),
	.needs = pt_needs,
	.walk = pt_walk,
};

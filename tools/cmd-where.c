// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope where: all memory by what it is used for, to the last page; and how
 * that agrees with the kernel's own counters.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "table.h"

#define NR_CLASSES	64	/* that a mask can name */
#define MASK(_class)	(1ULL << MMSCOPE_CLASS_##_class)

/* the waterfall, from the top; a class that is in no group is shown under "other" */
static const struct group {
	const char *name;
	__u64 classes;
} groups[] = {
	{ "boot", MASK(KERNEL_IMAGE) | MASK(MEMMAP) | MASK(RESERVED) },
	{ "free", MASK(FREE) | MASK(FREE_PCP) | MASK(FREE_HIGHATOMIC) | MASK(FREE_CMA) |
		  MASK(FREE_ISOLATED) },
	{ "processes", MASK(ANON) | MASK(ANON_THP) | MASK(ANON_LARGE) | MASK(SWAPCACHE) |
		       MASK(KSM) | MASK(PINNED) },
	{ "page_cache", MASK(FILE) | MASK(SHMEM) },
	{ "hugetlb", MASK(HUGETLB) | MASK(HUGETLB_FREE) },
	{ "slab", MASK(SLAB) | MASK(SLAB_RECLAIMABLE) | MASK(LARGE_KMALLOC) },
	{ "kernel", MASK(PAGETABLE) | MASK(KERNEL_PAGETABLE) | MASK(KERNEL_STACK) |
		    MASK(VMALLOC) | MASK(PERCPU) | MASK(MODULE) | MASK(ZSMALLOC) |
		    MASK(PAGE_POOL) | MASK(ZERO) },
	{ "unknown", MASK(UNATTRIBUTED) | MASK(IN_FLIGHT) },
	{ "lost", MASK(OFFLINE) | MASK(HWPOISON) },
	{ "other", 0 },
};

#define OTHER (ARRAY_SIZE(groups) - 1)

enum counter_source { NODES, ZONES, PCP, MEMINFO, NR_SOURCES };

/*
 * What the kernel itself counts of some classes. @plus and @minus are columns of
 * a dataset, or lines of /proc/meminfo; @bytes is the unit, 0: pages.
 */
static const struct counter {
	const char *name;
	__u64 classes;
	enum counter_source source;
	const char *plus[2];
	const char *minus[2];
	__u32 bytes;
	const char *note;
} counters[] = {
	{ "free", MASK(FREE) | MASK(FREE_HIGHATOMIC) | MASK(FREE_CMA), ZONES,
	  { "stat.nr_free_pages" }, { NULL }, 0, "" },
	{ "per-CPU free", MASK(FREE_PCP), PCP, { "count_pages" }, { NULL }, 0, "" },
	{ "anonymous", MASK(ANON) | MASK(ANON_THP) | MASK(ANON_LARGE) | MASK(SWAPCACHE) | MASK(KSM),
	  NODES, { "stat.nr_anon_mapped", "stat.nr_swapcache" }, { NULL }, 0,
	  "a page both mapped and in the swap cache counts twice" },
	{ "files", MASK(FILE), NODES, { "stat.nr_file_pages" },
	  { "stat.nr_shmem", "stat.nr_swapcache" }, 0, "" },
	{ "shmem", MASK(SHMEM), NODES, { "stat.nr_shmem" }, { NULL }, 0, "" },
	{ "pinned", MASK(PINNED), NODES, { "stat.nr_foll_pin_acquired" },
	  { "stat.nr_foll_pin_released" }, 0, "counts pins, not pages" },
	{ "hugetlb", MASK(HUGETLB) | MASK(HUGETLB_FREE), MEMINFO, { "Hugetlb" }, { NULL }, 1024,
	  "" },
	{ "slab, reclaimable", MASK(SLAB_RECLAIMABLE), NODES, { "stat.nr_slab_reclaimable_b" },
	  { NULL }, 0, "" },
	{ "slab, other", MASK(SLAB) | MASK(LARGE_KMALLOC), NODES,
	  { "stat.nr_slab_unreclaimable_b" }, { NULL }, 0,
	  "counts large kmalloc, which has no mark before 6.14" },
	{ "page tables", MASK(PAGETABLE), NODES,
	  { "stat.nr_page_table_pages", "stat.nr_pagetable" }, { NULL }, 0, "" },
	{ "kernel stacks", MASK(KERNEL_STACK), NODES, { "stat.nr_kernel_stack_kb" }, { NULL }, 1024,
	  "stacks kept for the next task are not counted" },
	{ "vmalloc", MASK(VMALLOC) | MASK(KERNEL_STACK) | MASK(MODULE), MEMINFO, { "VmallocUsed" },
	  { NULL }, 1024, "counts no vmap areas" },
	{ "percpu", MASK(PERCPU), MEMINFO, { "Percpu" }, { NULL }, 1024, "" },
	{ "zsmalloc", MASK(ZSMALLOC), ZONES, { "stat.nr_zspages" }, { NULL }, 0, "" },
};

/**
 * struct where - the answer
 * @s: the source
 * @o: the command line
 * @class_field: names of classes
 * @pages: frames of each class
 * @accounting: the frames
 * @tables: counters of @NODES, @ZONES and @PCP
 */
struct where {
	struct source *s;
	const struct options *o;
	const struct field *class_field;
	__u64 pages[NR_CLASSES];
	struct table accounting;
	struct table tables[MEMINFO];
};

static __u64 class_pages(const struct where *w, __u64 classes)
{
	__u64 sum = 0;

	for (unsigned int i = 0; i < NR_CLASSES; i++)
		if (classes >> i & 1)
			sum += w->pages[i];
	return sum;
}

static size_t group_of(unsigned int class)
{
	for (size_t i = 0; i < OTHER; i++)
		if (groups[i].classes >> class & 1)
			return i;
	return OTHER;
}

/* --------------------------------------------------------------- the waterfall */

static void put_line(const struct where *w, struct board *b, const char *group, const char *class,
		     __u64 pages, __u64 present)
{
	size_t row = board_row(b);

	board_text(b, row, 0, group);
	board_text(b, row, 1, class);
	board_number(b, row, 2, pages);
	board_number(b, row, 3, pages * w->s->info.page_size);
	if (present)
		board_number(b, row, 4, pages * 1000 / present);
}

static void put_group(const struct where *w, struct board *b, size_t group, __u64 present)
{
	__u64 sum = 0;
	size_t lines = 0;

	for (unsigned int i = 0; i < NR_CLASSES; i++) {
		if (!w->pages[i] || i == MMSCOPE_CLASS_HOLE || group_of(i) != group)
			continue;
		sum += w->pages[i];
		lines++;
	}
	if (!lines)
		return;
	put_line(w, b, groups[group].name, "", sum, present);
	for (unsigned int i = 0; i < NR_CLASSES; i++) {
		const char *name = field_value_name(w->class_field, i);

		if (w->pages[i] && i != MMSCOPE_CLASS_HOLE && group_of(i) == group)
			put_line(w, b, "", name ? name : "?", w->pages[i], present);
	}
}

static void show_waterfall(const struct where *w, struct out *out)
{
	__u64 spanned = class_pages(w, ~0ULL);
	__u64 present = spanned - w->pages[MMSCOPE_CLASS_HOLE];
	struct board b;

	board_init(&b, "where");
	board_column(&b, "use", MMSCOPE_UNIT_NAME);
	board_column(&b, "class", MMSCOPE_UNIT_NAME);
	board_column(&b, "pages", MMSCOPE_UNIT_PAGES);
	board_column(&b, "size", MMSCOPE_UNIT_BYTES);
	board_column(&b, "permille", MMSCOPE_UNIT_PERMILLE);
	put_line(w, &b, "spanned", "", spanned, present);
	put_line(w, &b, "hole", "", w->pages[MMSCOPE_CLASS_HOLE], present);
	put_line(w, &b, "present", "", present, present);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		put_group(w, &b, i, present);
	board_print(&b, out);
}

/* ------------------------------------------------------------------ the zones */

/* The sum of the classes against what the zone itself says. */
static void show_zones(const struct where *w, struct out *out)
{
	const struct table *zones = &w->tables[ZONES], *a = &w->accounting;
	struct board b;

	board_init(&b, "zones");
	board_column(&b, "node", MMSCOPE_UNIT_ID);
	board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	board_column(&b, "spanned", MMSCOPE_UNIT_PAGES);
	board_column(&b, "present", MMSCOPE_UNIT_PAGES);
	board_column(&b, "classes", MMSCOPE_UNIT_PAGES);
	board_column(&b, "residual", MMSCOPE_UNIT_PAGES);
	board_column(&b, "without_holes", MMSCOPE_UNIT_PAGES);
	for (size_t i = 0; i < zones->nr; i++) {
		__u64 node = table_get(zones, i, "node"), zone = table_get(zones, i, "zone");
		__u64 spanned = table_get(zones, i, "spanned_pages"), sum = 0, holes = 0;
		size_t row = board_row(&b);

		for (size_t j = 0; j < a->nr; j++) {
			if (table_get(a, j, "node") != node || table_get(a, j, "zone") != zone)
				continue;
			sum += table_get(a, j, "pages");
			if (table_get(a, j, "class") == MMSCOPE_CLASS_HOLE)
				holes += table_get(a, j, "pages");
		}
		board_number(&b, row, 0, node);
		table_put_text(zones, i, "zone", &b, row, 1);
		board_number(&b, row, 2, spanned);
		board_number(&b, row, 3, table_get(zones, i, "present_pages"));
		board_number(&b, row, 4, sum);
		board_number(&b, row, 5, spanned - sum);
		board_number(&b, row, 6, sum - holes);
	}
	board_print(&b, out);
}

/* --------------------------------------------------------------- the counters */

/* a line of /proc/meminfo: of this machine, not of a recorded one, and of all of it */
static __u64 meminfo(const struct where *w, const char *name)
{
	__u64 value = MMSCOPE_UNKNOWN;
	char line[128];
	FILE *f;

	if (w->o->from || w->o->node || w->o->zone)
		return value;
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f)) {
		size_t len = strlen(name);

		if (!strncmp(line, name, len) && line[len] == ':') {
			value = strtoull(line + len + 1, NULL, 10);
			break;
		}
	}
	if (f)
		fclose(f);
	return value;
}

/* the sum of those that this kernel has */
static __u64 read_counter(const struct where *w, const struct counter *c,
			  const char *const names[2])
{
	__u64 total = MMSCOPE_UNKNOWN;

	for (size_t i = 0; i < 2 && names[i]; i++) {
		__u64 value = c->source == MEMINFO ? meminfo(w, names[i]) :
			      table_sum(&w->tables[c->source], names[i]);

		if (value != MMSCOPE_UNKNOWN)
			total = (total == MMSCOPE_UNKNOWN ? 0 : total) + value;
	}
	return total;
}

static void show_counters(const struct where *w, struct out *out)
{
	struct board b;
	int drift;

	board_init(&b, "counters");
	board_column(&b, "counter", MMSCOPE_UNIT_NAME);
	board_column(&b, "frames", MMSCOPE_UNIT_PAGES);
	board_column(&b, "counted", MMSCOPE_UNIT_PAGES);
	drift = board_column(&b, "drift", MMSCOPE_UNIT_PAGES);
	b.fields[drift].flags |= MMSCOPE_FIELD_SIGNED;
	board_column(&b, "note", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		const struct counter *c = &counters[i];
		__u64 plus = read_counter(w, c, c->plus), minus = read_counter(w, c, c->minus);
		__u64 ours = class_pages(w, c->classes), theirs;
		size_t row;

		if (plus == MMSCOPE_UNKNOWN)
			continue;
		theirs = plus - (minus == MMSCOPE_UNKNOWN ? 0 : minus);
		if (c->bytes)
			theirs = theirs * c->bytes / w->s->info.page_size;
		if (!ours && !theirs)
			continue;
		row = board_row(&b);
		board_text(&b, row, 0, c->name);
		board_number(&b, row, 1, ours);
		board_number(&b, row, 2, theirs);
		board_number(&b, row, drift, ours - theirs);
		board_text(&b, row, 4, c->note);
	}
	board_print(&b, out);
}

/* Only what --node and --zone choose. False: the dataset cannot be cut down to it. */
static bool query_places(const struct where *w, const char *name, struct mmscope_walk_arg *query)
{
	const struct dataset *ds = source_dataset(w->s, name);
	const struct options places = { .node = w->o->node, .zone = w->o->zone };

	if (!ds || (places.node && !(ds->flags & MMSCOPE_DATASET_NODE)) ||
	    (places.zone && !(ds->flags & MMSCOPE_DATASET_ZONE)))
		return false;
	query_parse(w->s, ds, &places, query);
	return true;
}

/* ------------------------------------------------------------ the unattributed */

static void put_neighbour(const struct table *t, size_t i, __u64 edge, bool before,
			  struct board *b, size_t row, int column)
{
	struct text text = { 0 };
	struct column c;
	__u64 pfn = table_get(t, i, "pfn");

	if (edge != (before ? pfn + table_get(t, i, "pages") : pfn))
		return;
	if (column_find(t->ds, "class", &c))
		value_text(&text, &c, table_record(t, i), false);
	if (column_find(t->ds, "name", &c)) {
		size_t len = 0;
		const char *name = column_name(&c, table_record(t, i), &len);

		if (name && len)
			text_add(&text, " %.*s", (int)len, name);
	}
	if (text.len)
		board_text(b, row, column, text.s);
	text_free(&text);
}

/* The extents that nobody owns, with what could tell where they come from. */
static void show_unattributed(struct where *w, struct out *out)
{
	const __u64 block = w->s->info.pageblock_pages;
	struct mmscope_walk_arg query;
	struct table t;
	struct board b;

	if (!query_places(w, "extents", &query) || table_query(w->s, "extents", &query, &t))
		die("%s", w->s->error);
	board_init(&b, "unattributed");
	board_column(&b, "pfn", MMSCOPE_UNIT_PFN);
	board_column(&b, "pages", MMSCOPE_UNIT_PAGES);
	board_column(&b, "order", MMSCOPE_UNIT_ID);
	board_column(&b, "zone", MMSCOPE_UNIT_NAME);
	board_column(&b, "pageblock", MMSCOPE_UNIT_PFN);
	board_column(&b, "migratetype", MMSCOPE_UNIT_NAME);
	board_column(&b, "before", MMSCOPE_UNIT_NAME);
	board_column(&b, "after", MMSCOPE_UNIT_NAME);
	board_column(&b, "allocated_by", MMSCOPE_UNIT_NAME);
	for (size_t i = 0; i < t.nr && (!w->o->limit || b.nr < w->o->limit); i++) {
		__u64 pfn = table_get(&t, i, "pfn"), pages = table_get(&t, i, "pages");
		size_t row;

		if (table_get(&t, i, "class") != MMSCOPE_CLASS_UNATTRIBUTED)
			continue;
		row = board_row(&b);
		board_number(&b, row, 0, pfn);
		board_number(&b, row, 1, pages);
		board_number(&b, row, 2, table_get(&t, i, "order"));
		table_put_text(&t, i, "zone", &b, row, 3);
		board_number(&b, row, 4, block ? pfn / block * block : MMSCOPE_UNKNOWN);
		table_put_text(&t, i, "migratetype", &b, row, 5);
		if (i)
			put_neighbour(&t, i - 1, pfn, true, &b, row, 6);
		if (i + 1 < t.nr)
			put_neighbour(&t, i + 1, pfn + pages, false, &b, row, 7);
		/* while `watch --owners` records it */
		table_put_text(&t, i, "name", &b, row, 8);
	}
	board_print(&b, out);
	table_free(&t);
}

/* ------------------------------------------------------------------ the command */

static void count_classes(struct where *w)
{
	const struct dataset *ds = w->accounting.ds;

	for (__u32 i = 0; i < ds->nr_fields; i++)
		if (!strcmp(ds->fields[i].name, "class"))
			w->class_field = &ds->fields[i];
	if (!w->class_field)
		die("accounting: the answer makes no sense");
	for (size_t i = 0; i < w->accounting.nr; i++) {
		__u64 class = table_get(&w->accounting, i, "class");

		if (class < NR_CLASSES)
			w->pages[class] += table_get(&w->accounting, i, "pages");
	}
}

static void collect(struct where *w)
{
	static const char *const names[] = { "nodes", "zones", "pcp" };
	struct mmscope_walk_arg query;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (query_places(w, names[i], &query))
			table_query(w->s, names[i], &query, &w->tables[i]);
	if (!query_places(w, "accounting", &query) ||
	    table_query(w->s, "accounting", &query, &w->accounting))
		die("%s", w->s->error);
	count_classes(w);
}

static void show_all(struct where *w, struct out *out)
{
	collect(w);
	show_waterfall(w, out);
	show_zones(w, out);
	show_counters(w, out);
	table_free(&w->accounting);
	for (size_t i = 0; i < MEMINFO; i++)
		table_free(&w->tables[i]);
}

void cmd_where(struct source *s, const struct options *o, int argc, char **argv)
{
	struct where w = { .s = s, .o = o };
	struct style style = o->style;
	struct out *out;

	if (argc > 1 || (argc && strcmp(argv[0], "unattributed")))
		die("bad word '%s': mmscope where [unattributed]", argv[argc - 1]);
	if (o->pid || o->range || o->class)
		die("where is cut down by --node and --zone only");
	if (!source_dataset(s, argc ? "extents" : "accounting"))
		die(o->from ? "where: %s was not recorded" :
		    "where: this module does not account for page frames, it has no %s",
		    argc ? "extents" : "accounting");
	style.titles = true;
	out = out_new(&style, &s->info);
	if (argc)
		show_unattributed(&w, out);
	else
		show_all(&w, out);
	out_free(out);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark: each task done by mmscope and by others, some times each, in
 * one guest. Nothing is asserted. Times of an emulated machine mean little, so
 * look at the ratios.
 * usage: bench RUNS [GROUP ...]	(sweep, slab, rmap, free, where, process,
 *	latency, resched; none: all)
 */
#include <stdarg.h>
#include <time.h>

#include "bench.h"

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---------------------------------------------------------------------- the table */

static struct {
	const char *task;
	const char *item;
	uint64_t items;		/* of the first row, which all are compared with */
	uint64_t ns;
} current;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/**
 * bench_task - begin a task; its first row is mmscope's
 * @task: what is done
 * @items: how many of what, 0: what the first row says
 * @item: name of one
 */
void bench_task(const char *task, uint64_t items, const char *item)
{
	memset(&current, 0, sizeof(current));
	current.task = task;
	current.item = item;
	current.items = items;
}

static void row(const char *tool, const char *ms, const char *each, const char *ratio)
{
	printf("  %-42s %11s %10s %9s\n", tool, ms, each, ratio);
	fflush(stdout);
}

static void head(void)
{
	const char *item = current.item;
	const char *many = item[strlen(item) - 1] == 's' ? "es" : "s";
	char each[32], title[128];

	snprintf(each, sizeof(each), "ns/%s", item);
	snprintf(title, sizeof(title), "%s (%lu %s%s)", current.task, current.items, item, many);
	printf("\n%s\n", title);
	row("", "median ms", each, "ratio");
}

/**
 * bench_median - of some times
 * @ns: the times, sorted by this
 * @nr: how many
 */
uint64_t bench_median(uint64_t *ns, unsigned int nr)
{
	qsort(ns, nr, sizeof(*ns), compare);
	return ns[nr / 2];
}

/**
 * bench_figure - a row whose time was taken elsewhere
 * @tool: its name
 * @items: of the task, if nobody said so yet
 * @ns: the time
 */
void bench_figure(const char *tool, uint64_t items, uint64_t ns)
{
	char ms[32], each[32], ratio[32];

	if (!current.ns) {
		current.ns = ns;
		if (!current.items)
			current.items = items;
		head();
	}
	snprintf(ms, sizeof(ms), "%.3f", ns / 1e6);
	snprintf(each, sizeof(each), "%.1f", (double)ns / current.items);
	snprintf(ratio, sizeof(ratio), "%.2f", (double)ns / current.ns);
	row(tool, ms, each, ratio);
}

/**
 * bench_run - a row: one way to do the task
 * @b: the benchmark
 * @tool: its name
 * @fn: does it
 * @arg: for @fn
 */
void bench_run(struct bench *b, const char *tool, bench_fn fn, const void *arg)
{
	uint64_t ns[MAX_RUNS], items = 0, began;
	unsigned int i;

	for (i = 0; i < b->runs; i++) {
		began = now();
		items = fn(b, arg);
		ns[i] = now() - began;
		if (items == ~0ULL) {
			row(tool, "-", "-", "not here");
			return;
		}
	}
	bench_figure(tool, items, bench_median(ns, b->runs));
}

/**
 * bench_quote - a row: what others say of a tool that is not run here
 * @tool: its name
 * @each: ns for one item
 */
void bench_quote(const char *tool, const char *each)
{
	row(tool, "published", each, "");
}

/* ---------------------------------------------------------------------- the tasks */

static const char *const three_files[] = {
	"/proc/kpageflags", "/proc/kpagecount", "/proc/kpagecgroup", NULL
};

static const char *const page_types[] = { "page-types", "-r", NULL };
static const int all_words = 1;
static const int first_word;

static uint64_t frames(struct bench *b)
{
	if (run_memmap(b, &first_word) == ~0ULL)
		die("the fixture does not read the memory map");
	return b->memmap.pages;
}

/* one sweep over all frames: what they are and whose */
static void sweep(struct bench *b, const char *memory)
{
	struct mmscope_walk_arg accounting = walk_arg(MMSCOPE_DS_ACCOUNTING);
	struct mmscope_walk_arg named = walk_arg(MMSCOPE_DS_EXTENTS), bare = named, tables = named;
	char task[64];

	bare.flags = MMSCOPE_WALK_BARE;
	tables.end = 1;
	snprintf(task, sizeof(task), "all page frames, %s", memory);
	bench_task(task, frames(b), "frame");
	bench_run(b, "mmscope accounting", run_walk, &accounting);
	bench_run(b, "mmscope extents, classes only", run_walk, &bare);
	bench_run(b, "mmscope extents, with owners", run_walk, &named);
	bench_run(b, "  of this: tables, before the sweep", run_walk, &tables);
	bench_run(b, "kpageflags + kpagecount + kpagecgroup", run_files, three_files);
	bench_run(b, "page-types -r", run_program, page_types);
	bench_run(b, "memory map, first word of each", run_memmap, &first_word);
	bench_run(b, "memory map, all words", run_memmap, &all_words);
}

static void slabs(struct bench *b)
{
	static const char *const slabinfo_file[] = { "/proc/slabinfo", NULL };
	static const char *const slabinfo[] = { "slabinfo", NULL };
	struct mmscope_walk_arg caches = walk_arg(MMSCOPE_DS_SLAB_CACHES), exact = caches;

	exact.flags = MMSCOPE_WALK_EXACT;
	bench_task("slab caches", 0, "cache");
	bench_run(b, "mmscope slab_caches", run_walk, &caches);
	bench_run(b, "mmscope slab_caches, exact", run_walk, &exact);
	bench_run(b, "read of /proc/slabinfo", run_files, slabinfo_file);
	bench_run(b, "slabinfo", run_program, slabinfo);
	bench_quote("drgn slab_cache_usage", "2800000");
}

/* as many blocks as there can be: every second frame is free */
static void free_blocks(struct bench *b)
{
	struct mmscope_walk_arg lists = walk_arg(MMSCOPE_DS_FREE_BLOCKS);
	struct mmscope_walk_arg extents = walk_arg(MMSCOPE_DS_EXTENTS);
	uint64_t end, kib;
	uint32_t id;
	int held;

	if (read_number("/proc/meminfo", "MemFree", &kib))
		die("no MemFree");
	held = fixture_hold(b->fixture, (kib - kib / 12) / 4, 0,
			    "GFP_HIGHUSER_MOVABLE|__GFP_NORETRY", FIXTURE_ANY_NODE, &id);
	if (held < 0)
		die("cannot hold pages: %s", strerror(-held));
	fixture_free_some(b->fixture, id, 1, 0);
	extents.flags = MMSCOPE_WALK_BARE;
	extents.class_mask = 1 << MMSCOPE_CLASS_FREE;
	end = 2 * frames(b);

	sweep(b, "every second one free");
	bench_task("free blocks, with migratetype", 0, "block");
	bench_run(b, "mmscope free_blocks (lists)", run_walk, &lists);
	bench_run(b, "mmscope extents --class free (sweep)", run_walk, &extents);
	bench_run(b, "memory map through /proc/kcore", run_kcore, &end);
	bench_quote("crash", "2500-5900");
	bench_quote("drgn", "13000-36000");
	fixture_free(b->fixture, id);
}

static void who_maps(struct bench *b)
{
	static uint64_t pfns[1000];
	struct rmap_job one = { .pfns = pfns, .nr = 1 }, many = { .pfns = pfns };
	uint64_t found;

	many.nr = load_mappers(32, 4096, pfns, ARRAY_LEN(pfns));
	bench_task("who maps one page", 1, "page");
	bench_run(b, "mmscope rmap", run_rmap, &one);
	bench_run(b, "join of /proc/*/pagemap", run_rmap_join, &one);
	bench_task("who maps 1000 pages", many.nr, "page");
	bench_run(b, "mmscope rmap", run_rmap, &many);
	found = many.found;
	bench_run(b, "join of /proc/*/pagemap", run_rmap_join, &many);
	if (found != many.found)
		printf("  (mappings found: %lu and %lu)\n", found, many.found);
	load_free();
}

static void where(struct bench *b)
{
	static const char *const tool[] = { "mmscope", "where", NULL };
	struct mmscope_walk_arg accounting = walk_arg(MMSCOPE_DS_ACCOUNTING);

	bench_task("where all memory is", frames(b), "frame");
	bench_run(b, "mmscope where, as a command", run_program, tool);
	bench_run(b, "  of this: accounting", run_walk, &accounting);
}

static bool is_wanted(char **groups, const char *group)
{
	char **g;

	for (g = groups; *g; g++)
		if (!strcmp(*g, group))
			return true;
	return !*groups;
}

int main(int argc, char **argv)
{
	struct bench b = { .runs = argc > 1 ? atoi(argv[1]) : 0 };
	char **groups = argv + 2;

	if (b.runs < 1 || b.runs > MAX_RUNS)
		die("1 to %d runs", MAX_RUNS);
	b.device = open_device();
	if (b.device < 0)
		die(DEVICE ": %s", strerror(errno));
	b.fixture = fixture_load();
	if (b.fixture < 0)
		die("fixture: %s", strerror(-b.fixture));
	b.big = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (b.big == MAP_FAILED)
		die("no memory");

	/* takes long and much memory: only for who asks for it, alone */
	if (groups[0] && !strncmp(groups[0], "scale", 5)) {
		bench_scale(&b, atoi(groups[0] + 5) ?: 1);
		goto out;
	}
	if (is_wanted(groups, "sweep"))
		sweep(&b, "hardly any used");
	if (is_wanted(groups, "process"))
		bench_processes(&b);
	if (is_wanted(groups, "latency"))
		bench_latency(&b);
	if (is_wanted(groups, "rmap"))
		who_maps(&b);
	if (is_wanted(groups, "free"))
		free_blocks(&b);
	if (is_wanted(groups, "sweep")) {
		load_fill(500, 8);
		sweep(&b, "half of them used");
		load_free();
	}
	load_fill(930, 0);
	if (is_wanted(groups, "sweep"))
		sweep(&b, "nearly all used");
	if (is_wanted(groups, "slab"))
		slabs(&b);
	if (is_wanted(groups, "where"))
		where(&b);
	if (is_wanted(groups, "resched"))
		bench_resched(&b);
	load_free();
out:
	close(b.fixture);
	fixture_unload();
	return 0;
}

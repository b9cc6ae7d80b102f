// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope: the command line, and nothing about any dataset.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "when.h"

static const struct command commands[] = {
	{ "list", "", "which datasets there are", cmd_list,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_SOURCE },
	{ "where", "[unattributed]", "all memory by use, to the last page", cmd_where,
	  OPTS_OUTPUT | OPTS_NODE | OPTS_FILTER | OPTS_RECORDS | OPTS_SOURCE },
	{ "blockers", "[census]", "who keeps memory from being huge pages", cmd_blockers,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_NODE | OPTS_FILTER | OPTS_RECORDS | OPTS_SIZE |
	  OPTS_SOURCE | OPTS_VERBOSE },
	{ "hugepages", "", "how many there could be, and what to do for more", cmd_hugepages,
	  OPTS_OUTPUT | OPTS_NODE | OPTS_FILTER | OPTS_SIZE | OPTS_SOURCE | OPTS_VERBOSE },
	{ "map", "", "physical memory as a picture", cmd_map,
	  OPTS_OUTPUT | OPTS_NODE | OPTS_FILTER | OPTS_SIZE | OPTS_SOURCE | OPTS_PICTURE },
	{ "vtop", "PID ADDRESS...", "page-table walk from address to frame", cmd_vtop,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_SOURCE },
	{ "page", "PFN|phys:ADDR|PID:ADDR...", "all that is known of page frames", cmd_page,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_SOURCE },
	{ "rmap", "PFN|RANGE|FILE...", "which processes map page frames, and where", cmd_rmap,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_PROCESS | OPTS_SOURCE | OPTS_VERBOSE },
	{ "alloc", "--order N --gfp FLAGS", "would an allocation succeed, and why not", cmd_alloc,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_SOURCE | OPTS_NODE | OPTS_ALLOC },
	{ "proc", "", "the memory of each process, a line each", cmd_proc,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_SOURCE | OPTS_VERBOSE },
	{ "layout", "PID", "an address space from top to bottom", cmd_layout,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "explain", "PID ADDRESS|heap|stack", "all about one address, in words and a drawing",
	  cmd_explain, OPTS_OUTPUT | OPTS_SOURCE },
	{ "diff", "PID|FILE [FILE]", "what changed in a process, or grew between samples", cmd_diff,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_SOURCE | OPTS_PROCESS | OPTS_INTERVAL | OPTS_LIMIT |
	  OPTS_SAMPLES },
	{ "record", "FILE", "samples of what memory is used for, over time", cmd_record,
	  OPTS_INTERVAL | OPTS_RECORDER | OPTS_VERBOSE },
	{ "replay", "FILE", "memory by use over time, or at one time", cmd_replay,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_SOURCE | OPTS_INTERVAL | OPTS_LIST },
	{ "contig", "PID|--all", "how contiguous memory is, and what TLBs reach", cmd_contig,
	  OPTS_OUTPUT | OPTS_ALL | OPTS_TLB | OPTS_SOURCE | OPTS_VERBOSE },
	{ "ptcost", "PID|--all", "what page tables cost, and where they lie", cmd_ptcost,
	  OPTS_OUTPUT | OPTS_RECORDS | OPTS_ALL | OPTS_SOURCE | OPTS_VERBOSE },
	{ "kmap", "[splits|wx]", "the kernel's own page tables, direct map and W+X", cmd_kmap,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "attach", "PID", "make debugfs files for a process", cmd_attach, 0 },
	{ "detach", "PID", "remove them", cmd_detach, 0 },
};

/* no word: the overview; a word that is no command: datasets */
static const struct command overview = {
	"", "", "", cmd_overview, OPTS_OUTPUT | OPTS_SOURCE
};

static const struct command datasets = {
	"", "", "", cmd_dataset,
	OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_FILTER | OPTS_PROCESS | OPTS_NODE |
	OPTS_SOURCE | OPTS_VERBOSE
};

enum {
	OPT_CSV = 256, OPT_OUTPUT_ALL, OPT_LIST_COLUMNS, OPT_SORT, OPT_LIMIT, OPT_NODE, OPT_ZONE,
	OPT_RANGE, OPT_CLASS, OPT_NAME, OPT_FLAGS, OPT_MEMCG, OPT_OWNER, OPT_EXACT, OPT_TOTAL,
	OPT_RECORD, OPT_FROM, OPT_COLOR, OPT_ORDER, OPT_GFP, OPT_SIZE, OPT_PNG, OPT_SVG,
	OPT_HTML, OPT_LAYER, OPT_CURVE,
	OPT_INTERVAL,
	OPT_ALL,
	OPT_TLB,
	OPT_AT, OPT_COUNT, OPT_DURATION, OPT_DATASETS, OPT_FROM_SAMPLE, OPT_TO_SAMPLE, OPT_LIST,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'J' },
	{ "raw", no_argument, NULL, 'r' },
	{ "pairs", no_argument, NULL, 'P' },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "color", optional_argument, NULL, OPT_COLOR },
	{ "output", required_argument, NULL, 'o' },
	{ "output-all", no_argument, NULL, OPT_OUTPUT_ALL },
	{ "list-columns", no_argument, NULL, OPT_LIST_COLUMNS },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "total", no_argument, NULL, OPT_TOTAL },
	{ "node", required_argument, NULL, OPT_NODE },
	{ "zone", required_argument, NULL, OPT_ZONE },
	{ "pid", required_argument, NULL, 'p' },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "tlb", required_argument, NULL, OPT_TLB },
	{ "range", required_argument, NULL, OPT_RANGE },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "order", required_argument, NULL, OPT_ORDER },
	{ "gfp", required_argument, NULL, OPT_GFP },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "flags", required_argument, NULL, OPT_FLAGS },
	{ "memcg", required_argument, NULL, OPT_MEMCG },
	{ "owner", required_argument, NULL, OPT_OWNER },
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "layer", required_argument, NULL, OPT_LAYER },
	{ "curve", required_argument, NULL, OPT_CURVE },
	{ "png", required_argument, NULL, OPT_PNG },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "html", required_argument, NULL, OPT_HTML },
	{ "record", required_argument, NULL, OPT_RECORD },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "at", required_argument, NULL, OPT_AT },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "datasets", required_argument, NULL, OPT_DATASETS },
	{ "from-sample", required_argument, NULL, OPT_FROM_SAMPLE },
	{ "to-sample", required_argument, NULL, OPT_TO_SAMPLE },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void usage(void)
{
	fputs("Usage:\n"
	      " mmscope [options]                            this machine on one screen\n"
	      " mmscope DATASET [options]                    records of a dataset (see 'mmscope list')\n",
	      stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf(" mmscope %-9s %-27s%s\n", commands[i].name, commands[i].args,
		       commands[i].help);
	fputs("\n"
	      "Show the kernel's memory management, live, from its own structures.\n"
	      "\n"
	      "Output:\n"
	      " -J, --json            JSON: numbers as numbers, unknown as null\n"
	      " -r, --raw             a word a column, as in debugfs\n"
	      " -P, --pairs           NAME=\"value\" pairs\n"
	      "     --csv             comma separated values\n"
	      " -n, --noheadings      no line of column names\n"
	      " -b, --bytes           exact bytes instead of 4.5M (tables)\n"
	      "     --color[=WHEN]    headings stand out: auto, always, never\n"
	      "Columns and records:\n"
	      " -o, --output [+]LIST  these columns (+: besides the default ones)\n"
	      "     --output-all      all columns\n"
	      "     --list-columns    the columns, what they count and what they mean\n"
	      "     --sort COL[:desc] sort by a column\n"
	      "     --limit N         no more than N records\n"
	      "     --total           the sums of all records as the last one\n"
	      "Filters:\n"
	      "     --node N          one NUMA node\n"
	      "     --zone NAME|N     one zone\n"
	      " -p, --pid PID|self    of which process\n"
	      "     --all             all processes (contig, ptcost)\n"
	      "     --tlb LIST        a TLB, for contig: 4K:1536,2M:32,1G:4\n"
	      "     --range RANGE     page frames or addresses, START-END or START+LENGTH\n"
	      "     --class NAME,...  records of a kind\n"
	      "     --name NAME       page frames of a slab cache, file, caller or command\n"
	      "     --flags LIST      page frames with these flags: 'lru,!dirty,anon|ksm'\n"
	      "     --owner N         page frames of this inode or process\n"
	      "     --memcg PATH|N    page frames charged to this cgroup\n"
	      "     --exact           ask each CPU what it has free of slab caches\n"
	      "Of an allocation:\n"
	      "     --order N         2^N pages\n"
	      "     --gfp FLAGS       as in the kernel's source: GFP_ATOMIC, '__GFP_IO|__GFP_COMP'\n"
	      "     --size 2M|1G      huge pages of that size (blockers, hugepages)\n"
	      "Pictures:\n"
	      "     --layer NAME      class, migratetype, order, node, owner or cgroup\n"
	      "     --curve NAME      order of the cells: linear or hilbert\n"
	      "     --size WxH        pixels, or characters of the terminal\n"
	      "     --png FILE        a picture in FILE, or - for stdout\n"
	      "     --svg FILE        likewise\n"
	      "     --html FILE       a page to look around in, likewise\n"
	      "Other:\n"
	      "     --record FILE     save the raw answers\n"
	      "     --from FILE       read saved answers instead of the device\n"
	      "     --at N|TIME       which sample of it; +5m: so long after the first\n"
	      "     --interval 2s     between two looks (diff, record, replay); also 500ms, 5m, 1h\n"
	      "Samples over time:\n"
	      "     --count N         as many samples (record)\n"
	      "     --duration TIME   for so long (record)\n"
	      "     --datasets LIST   of these datasets (record)\n"
	      "     --list            the samples there are (replay)\n"
	      "     --from-sample N   compare this one (diff); also a time, as --at\n"
	      "     --to-sample N     with this one\n"
	      " -v, --verbose         what the answer cost: time, locks, races\n"
	      " -h, --help            this text\n"
	      " -V, --version         version\n"
	      "\n"
	      "Numbers are decimal or 0x hexadecimal, with K, M, G, T of 1024.\n"
	      "More in mmscope(8).\n",
	      stdout);
}

/* ------------------------------------------------------------------- options */

static void set_mode(struct options *o, enum out_mode mode)
{
	if (o->style.mode != OUT_TABLE && o->style.mode != mode)
		die("--json, --raw, --pairs and --csv are mutually exclusive");
	o->style.mode = mode;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when && !strcmp(when, "always"))
		return true;
	if (when && !strcmp(when, "never"))
		return false;
	if (when && strcmp(when, "auto"))
		die("bad --color '%s': auto, always or never is wanted", when);
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       term && strcmp(term, "dumb");
}

static void parse_output_option(struct options *o, int c)
{
	switch (c) {
	case 'J':
		set_mode(o, OUT_JSON);
		break;
	case 'r':
		set_mode(o, OUT_RAW);
		break;
	case 'P':
		set_mode(o, OUT_PAIRS);
		break;
	case OPT_CSV:
		set_mode(o, OUT_CSV);
		break;
	case 'n':
		o->style.no_headings = true;
		break;
	case 'b':
		o->style.bytes = true;
		break;
	case OPT_COLOR:
		o->style.color = wants_color(optarg ? optarg : "always");
		break;
	}
}

static void parse_column_option(struct options *o, int c)
{
	switch (c) {
	case 'o':
		o->columns = optarg;
		break;
	case OPT_OUTPUT_ALL:
		o->all_columns = true;
		break;
	case OPT_LIST_COLUMNS:
		o->list_columns = true;
		break;
	case OPT_SORT:
		o->sort = optarg;
		break;
	case OPT_LIMIT:
		if (!parse_whole_number(optarg, ~0ULL, &o->limit) || !o->limit)
			die("bad limit '%s': a number above 0 is wanted", optarg);
		break;
	case OPT_TOTAL:
		o->total = true;
		break;
	}
}

static void parse_other_option(struct options *o, int c)
{
	switch (c) {
	case OPT_NODE:
		o->node = optarg;
		break;
	case OPT_ZONE:
		o->zone = optarg;
		break;
	case 'p':
		o->pid = optarg;
		break;
	case OPT_RANGE:
		o->range = optarg;
		break;
	case OPT_CLASS:
		o->class = optarg;
		break;
	case OPT_ORDER:
		o->order = optarg;
		break;
	case OPT_GFP:
		o->gfp = optarg;
		break;
	case OPT_NAME:
		o->name = optarg;
		break;
	case OPT_FLAGS:
		o->flags = optarg;
		break;
	case OPT_MEMCG:
		o->memcg = optarg;
		break;
	case OPT_OWNER:
		o->owner = optarg;
		break;
	case OPT_EXACT:
		o->exact = true;
		break;
	case OPT_ALL:
		o->all = true;
		break;
	case OPT_TLB:
		o->tlb = optarg;
		break;
	case OPT_RECORD:
		o->record = optarg;
		break;
	case OPT_FROM:
		o->from = optarg;
		break;
	case OPT_INTERVAL:
		o->interval = optarg;
		break;
	case 'v':
		o->verbose = true;
		break;
	}
}

static void parse_sample_option(struct options *o, int c)
{
	switch (c) {
	case OPT_AT:
		o->at = optarg;
		break;
	case OPT_COUNT:
		if (!parse_whole_number(optarg, ~0ULL, &o->count) || !o->count)
			die("bad count '%s': a number above 0 is wanted", optarg);
		break;
	case OPT_DURATION:
		o->duration = optarg;
		break;
	case OPT_DATASETS:
		o->datasets = optarg;
		break;
	case OPT_FROM_SAMPLE:
		o->from_sample = optarg;
		break;
	case OPT_TO_SAMPLE:
		o->to_sample = optarg;
		break;
	case OPT_LIST:
		o->list = true;
		break;
	}
}

static void parse_picture_option(struct options *o, int c)
{
	switch (c) {
	case OPT_LAYER:
		o->layer = optarg;
		break;
	case OPT_CURVE:
		o->curve = optarg;
		break;
	case OPT_SIZE:
		o->size = optarg;
		break;
	case OPT_PNG:
		o->png = optarg;
		break;
	case OPT_SVG:
		o->svg = optarg;
		break;
	case OPT_HTML:
		o->html = optarg;
		break;
	}
}

/* Of several, a command need take one only. */
static unsigned int group_of(int c)
{
	switch (c) {
	case 'J': case 'r': case 'P': case OPT_CSV: case 'n': case 'b': case OPT_COLOR:
		return OPTS_OUTPUT;
	case 'o': case OPT_OUTPUT_ALL:
		return OPTS_COLUMNS;
	case OPT_LIST_COLUMNS: case OPT_SORT: case OPT_TOTAL:
		return OPTS_RECORDS;
	case OPT_LIMIT:
		return OPTS_RECORDS | OPTS_LIMIT;
	case OPT_SIZE:
		return OPTS_SIZE;
	case OPT_RECORD: case OPT_FROM: case OPT_AT:
		return OPTS_SOURCE;
	case OPT_COUNT: case OPT_DURATION: case OPT_DATASETS:
		return OPTS_RECORDER;
	case OPT_FROM_SAMPLE: case OPT_TO_SAMPLE:
		return OPTS_SAMPLES;
	case OPT_LIST:
		return OPTS_LIST;
	case OPT_LAYER: case OPT_CURVE: case OPT_PNG: case OPT_SVG: case OPT_HTML:
		return OPTS_PICTURE;
	case 'v':
		return OPTS_VERBOSE;
	case 'p':
		return OPTS_PROCESS;
	case OPT_ALL:
		return OPTS_ALL;
	case OPT_TLB:
		return OPTS_TLB;
	case OPT_NODE:
		return OPTS_NODE;
	case OPT_ORDER: case OPT_GFP:
		return OPTS_ALLOC;
	case OPT_INTERVAL:
		return OPTS_INTERVAL;
	default:
		return OPTS_FILTER;
	}
}

static const char *option_name(int c)
{
	for (size_t i = 0; long_options[i].name; i++)
		if (long_options[i].val == c)
			return long_options[i].name;
	return "?";
}

/* What was given is compared with what the command takes, once it is known. */
static void note_given(struct options *o, int c)
{
	if (o->nr_given == ARRAY_SIZE(o->given))
		return;
	o->given[o->nr_given].group = group_of(c);
	o->given[o->nr_given++].name = option_name(c);
}

static void parse_options(struct options *o, int argc, char **argv)
{
	int c;

	o->style.color = wants_color(NULL);
	while ((c = getopt_long(argc, argv, "JrPnbo:p:vhV", long_options, NULL)) != -1) {
		switch (c) {
		case 'h':
			usage();
			exit(EXIT_SUCCESS);
		case 'V':
			puts("mmscope " MMSCOPE_TOOL_VERSION);
			exit(EXIT_SUCCESS);
		case '?':
			fputs("Try 'mmscope --help'.\n", stderr);
			exit(EXIT_FAILURE);
		}
		note_given(o, c);
		parse_output_option(o, c);
		parse_column_option(o, c);
		parse_other_option(o, c);
		parse_picture_option(o, c);
		parse_sample_option(o, c);
	}
}

/* ----------------------------------------------------------------------- main */

static const struct command *find_command(int argc, char **argv)
{
	if (!argc)
		return &overview;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return &commands[i];
	return &datasets;
}

/* Is the first word of the command the recording that it reads? */
static bool names_recording(const struct command *cmd, const char *word)
{
	return cmd->run == cmd_replay || (cmd->run == cmd_diff && diff_reads(word));
}

static void check_options(const struct command *cmd, const struct options *o)
{
	for (size_t i = 0; i < o->nr_given; i++)
		if (!(cmd->takes & o->given[i].group))
			die("%s does not take --%s", *cmd->name ? cmd->name : "the overview",
			    o->given[i].name);
	if (o->several && (o->columns || o->sort))
		die("columns are chosen of one dataset at a time");
	if (o->from && o->record)
		die("--from and --record are mutually exclusive");
	if (o->at && !o->from)
		die("--at chooses a sample of a recording: --from FILE");
}

/* What could not be written is an error; that nobody reads any more is none. */
static void close_stdout(void)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (!fclose(stdout) && !failed)
		return;
	if (errno == EPIPE)
		return;
	fprintf(stderr, "mmscope: write error%s%s\n", errno ? ": " : "",
		errno ? strerror(errno) : "");
	_exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	struct options o = { .limit = 0 };
	struct source *s;

	/* characters of names; numbers stay as in the C locale */
	setlocale(LC_CTYPE, "");
	/* a reader that went ends us, quietly, whatever our parent made of it */
	signal(SIGPIPE, SIG_DFL);
	atexit(close_stdout);
	parse_options(&o, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc && !strcmp(argv[0], "help")) {
		usage();
		return EXIT_SUCCESS;
	}
	cmd = find_command(argc, argv);
	o.several = cmd == &datasets && argc > 1;
	if (cmd->run == cmd_replay && argc < 2)
		die("replay wants a recording: mmscope replay FILE");
	if (!o.from && argc > 1 && names_recording(cmd, argv[1]))
		o.from = argv[1];
	check_options(cmd, &o);
	s = source_open(o.from, o.record);
	if (o.at)
		replay_choose(s, find_sample(s, o.at));
	cmd->run(s, &o, cmd == &overview || cmd == &datasets ? argc : argc - 1,
		 cmd == &overview || cmd == &datasets ? argv : argv + 1);
	source_close(s);
	return EXIT_SUCCESS;
}

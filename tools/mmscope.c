// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope: the command line, and nothing about any dataset.
 */
#include <errno.h>
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
	{ "pressure", "", "is memory short, and what is done about it", cmd_pressure,
	  OPTS_OUTPUT | OPTS_SOURCE | OPTS_NODE | OPTS_ALLOC },
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
	  OPTS_INTERVAL | OPTS_RECORDER | OPTS_UNTIL | OPTS_VERBOSE },
	{ "replay", "FILE", "memory by use over time, or at one time", cmd_replay,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_SOURCE | OPTS_INTERVAL | OPTS_LIST },
	{ "contig", "PID|--all", "how contiguous memory is, and what TLBs reach", cmd_contig,
	  OPTS_OUTPUT | OPTS_ALL | OPTS_TLB | OPTS_SOURCE | OPTS_VERBOSE },
	{ "ptcost", "PID|--all", "what page tables cost, and where they lie", cmd_ptcost,
	  OPTS_OUTPUT | OPTS_RECORDS | OPTS_ALL | OPTS_SOURCE | OPTS_VERBOSE },
	{ "cached", "[--by file|fs|cgroup|process]", "who fills the page cache", cmd_cached,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_BY | OPTS_SOURCE | OPTS_VERBOSE },
	{ "cgroups", "", "cgroups as a tree: use, limits, what keeps removed ones", cmd_cgroups,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "swap", "", "the swap areas, and who has memory there", cmd_swap,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "commit", "", "what is promised, and which request would be refused", cmd_commit,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "kmap", "[splits|wx]", "the kernel's own page tables, direct map and W+X", cmd_kmap,
	  OPTS_OUTPUT | OPTS_SOURCE },
	{ "watch", "", "what memory management does, as it does it", cmd_watch,
	  OPTS_OUTPUT | OPTS_COLUMNS | OPTS_RECORDS | OPTS_WATCH | OPTS_UNTIL },
	{ "oom", "", "whom the OOM killer would take; records the next OOM", cmd_oom,
	  OPTS_OUTPUT | OPTS_OOM | OPTS_LIMIT | OPTS_SOURCE },
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
	      "     --limit N         no more than N records (also --top)\n"
	      "     --total           the sums of all records as the last one\n"
	      "Filters:\n"
	      "     --node N          one NUMA node\n"
	      "     --zone NAME|N     one zone\n"
	      " -p, --pid PID|self    of which process\n"
	      "     --all             all processes (contig, ptcost)\n"
	      "     --tlb LIST        a TLB, for contig: 4K:1536,2M:32,1G:4\n"
	      "     --by NAME         file, fs, cgroup or process (cached)\n"
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
	      "Of the OOM killer:\n"
	      "     --cgroup PATH|N   of this cgroup, not of the machine\n"
	      "     --arm, --disarm   record the next OOM, or no more\n"
	      "     --last            what was recorded last\n"
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
	      "     --count N         end after so many events (watch) or samples (record)\n"
	      "     --duration 10s    end after that time, likewise\n"
	      "Events:\n"
	      "     --kind NAME,...   which (watch): see mmscope(8)\n"
	      "     --owners          who allocates pages meanwhile, by stack\n"
	      "Samples over time:\n"
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
	parse_options(&o, argc, argv, usage);
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

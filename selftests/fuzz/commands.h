/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every way to read a recording, as words of a command line. What is fuzzed chooses
 * by the place in this table: new ones go to its end. `self` is who recorded.
 */
#ifndef _MMSCOPE_FUZZ_COMMANDS_H
#define _MMSCOPE_FUZZ_COMMANDS_H

#define FUZZ_FILE	"@"	/* becomes the recording; without it: --from FILE */

static const char *const fuzz_commands[] = {
	"",
	"-J",
	"list",
	"where",
	"where unattributed",
	"blockers",
	"blockers census",
	"hugepages",
	"map --size 40x10",
	"vtop self 555555554000 7fffffffe000 1000",
	"page 0x900",
	"rmap 0x900",
	"alloc --order 3 --gfp GFP_KERNEL",
	"pressure",
	"proc",
	"layout self",
	"explain self stack",
	"contig --all",
	"contig self",
	"ptcost --all",
	"cached",
	"cached --by fs",
	"cached --by cgroup",
	"cached --by process",
	"cgroups",
	"swap",
	"commit",
	"kmap",
	"kmap splits",
	"kmap wx",
	"oom",
	"oom --last",
	"diff " FUZZ_FILE,
	"diff " FUZZ_FILE " " FUZZ_FILE,
	"replay " FUZZ_FILE,
	"replay " FUZZ_FILE " --list",
	"replay " FUZZ_FILE " --interval 1s -J",
	"where --at 2",
	"processes --at 3 -J --output-all",
	"features -r",
	"zones buddy slab_caches pageblocks -J",
	"zones --output-all --csv",
	"buddy --zone DMA --class 9,10 --sort pages:desc --total",
	"pages --range 0x900+200",
	"extents -P --output-all",
	"vmas --pid self --output-all",
	"pagetables --pid self",
	"mappings --pid self --output-all --total",
	"ptes --pid self -r",
	"faults --pid self --output-all",
	"usage --pid self --total",
	"numa --pid self --output-all",
	"memcgs lru swap_areas swap_map thp_state -J",
	"oom_rank --sort points:desc --output-all",
	"zones --list-columns",
	"where -J",
	"map --svg - --layer owner",
	"map --html - --layer cgroup",
	"map --png - --curve hilbert --size 300x200",
	"cgroups -J",
	"kmap -J",
	"explain self stack -J",
	"layout self -J",
	"pressure -J",
};

/* zlib's uncompress(), and what the linker puts in its place: see scripts/fuzz-files */
int __real_uncompress(unsigned char *to, unsigned long *room, const unsigned char *from,
		      unsigned long bytes);
int __wrap_uncompress(unsigned char *to, unsigned long *room, const unsigned char *from,
		      unsigned long bytes);

#define FUZZ_NR_COMMANDS (sizeof(fuzz_commands) / sizeof(fuzz_commands[0]))
#define FUZZ_MAX_WORDS 16

/*
 * The words of a command, @file among them, and their number; @line is what they are
 * in. A word of its own is --from: it must come first for what reads another way.
 */
static inline int fuzz_words(const char *command, char *line, size_t room, char *file,
			     char **words)
{
	char *at = NULL;
	int nr = 0;

	snprintf(line, room, "%s", command);
	words[nr++] = (char *)"mmscope";
	if (!strstr(command, FUZZ_FILE)) {
		words[nr++] = (char *)"--from";
		words[nr++] = file;
	}
	for (char *word = strtok_r(line, " ", &at); word; word = strtok_r(NULL, " ", &at))
		words[nr++] = strcmp(word, FUZZ_FILE) ? word : file;
	words[nr] = NULL;
	return nr;
}

#endif

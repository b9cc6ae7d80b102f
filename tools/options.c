// SPDX-License-Identifier: GPL-2.0
/*
 * The options of the command line, said once: name, letter, group, and where in struct
 * options the word, flag or number goes.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

enum how {
	MODE,		/* form of the output; they exclude each other */
	WORD,
	FLAG,
	NUMBER,		/* above 0 */
	RECORDER,	/* what to do with the OOM recorder; likewise */
	COLOR,
};

/**
 * struct option_def - an option
 * @name: in words
 * @letter: in short, 0: none
 * @group: enum option_group, those it belongs to
 * @how: what is done with it
 * @at: enum out_mode, or the place in struct options
 */
struct option_def {
	const char *name;
	char letter;
	unsigned int group;
	enum how how;
	size_t at;
};

#define AT(_member) offsetof(struct options, _member)

static const struct option_def defs[] = {
	{ "json", 'J', OPTS_OUTPUT, MODE, OUT_JSON },
	{ "raw", 'r', OPTS_OUTPUT, MODE, OUT_RAW },
	{ "pairs", 'P', OPTS_OUTPUT, MODE, OUT_PAIRS },
	{ "csv", 0, OPTS_OUTPUT, MODE, OUT_CSV },
	{ "noheadings", 'n', OPTS_OUTPUT, FLAG, AT(style.no_headings) },
	{ "bytes", 'b', OPTS_OUTPUT, FLAG, AT(style.bytes) },
	{ "color", 0, OPTS_OUTPUT, COLOR, 0 },
	{ "output", 'o', OPTS_COLUMNS, WORD, AT(columns) },
	{ "output-all", 0, OPTS_COLUMNS, FLAG, AT(all_columns) },
	{ "list-columns", 0, OPTS_RECORDS, FLAG, AT(list_columns) },
	{ "sort", 0, OPTS_RECORDS, WORD, AT(sort) },
	{ "limit", 0, OPTS_RECORDS | OPTS_LIMIT, NUMBER, AT(limit) },
	{ "top", 0, OPTS_RECORDS | OPTS_LIMIT, NUMBER, AT(limit) },
	{ "total", 0, OPTS_RECORDS, FLAG, AT(total) },
	{ "node", 0, OPTS_NODE, WORD, AT(node) },
	{ "zone", 0, OPTS_FILTER, WORD, AT(zone) },
	{ "pid", 'p', OPTS_PROCESS, WORD, AT(pid) },
	{ "all", 0, OPTS_ALL, FLAG, AT(all) },
	{ "tlb", 0, OPTS_TLB, WORD, AT(tlb) },
	{ "by", 0, OPTS_BY, WORD, AT(by) },
	{ "range", 0, OPTS_FILTER, WORD, AT(range) },
	{ "class", 0, OPTS_FILTER, WORD, AT(class) },
	{ "order", 0, OPTS_ALLOC, WORD, AT(order) },
	{ "gfp", 0, OPTS_ALLOC, WORD, AT(gfp) },
	{ "name", 0, OPTS_FILTER, WORD, AT(name) },
	{ "flags", 0, OPTS_FILTER, WORD, AT(flags) },
	{ "memcg", 0, OPTS_FILTER, WORD, AT(memcg) },
	{ "owner", 0, OPTS_FILTER, WORD, AT(owner) },
	{ "exact", 0, OPTS_FILTER, FLAG, AT(exact) },
	{ "size", 0, OPTS_SIZE, WORD, AT(size) },
	{ "layer", 0, OPTS_PICTURE, WORD, AT(layer) },
	{ "curve", 0, OPTS_PICTURE, WORD, AT(curve) },
	{ "png", 0, OPTS_PICTURE, WORD, AT(png) },
	{ "svg", 0, OPTS_PICTURE, WORD, AT(svg) },
	{ "html", 0, OPTS_PICTURE, WORD, AT(html) },
	{ "record", 0, OPTS_SOURCE, WORD, AT(record) },
	{ "from", 0, OPTS_SOURCE, WORD, AT(from) },
	{ "at", 0, OPTS_SOURCE, WORD, AT(at) },
	{ "interval", 0, OPTS_INTERVAL, WORD, AT(interval) },
	{ "count", 0, OPTS_UNTIL, NUMBER, AT(count) },
	{ "duration", 0, OPTS_UNTIL, WORD, AT(duration) },
	{ "datasets", 0, OPTS_RECORDER, WORD, AT(datasets) },
	{ "list", 0, OPTS_LIST, FLAG, AT(list) },
	{ "from-sample", 0, OPTS_SAMPLES, WORD, AT(from_sample) },
	{ "to-sample", 0, OPTS_SAMPLES, WORD, AT(to_sample) },
	{ "kind", 0, OPTS_WATCH, WORD, AT(kind) },
	{ "owners", 0, OPTS_WATCH, FLAG, AT(owners) },
	{ "cgroup", 0, OPTS_OOM, WORD, AT(cgroup) },
	{ "arm", 0, OPTS_OOM, RECORDER, 0 },
	{ "disarm", 0, OPTS_OOM, RECORDER, 0 },
	{ "last", 0, OPTS_OOM, RECORDER, 0 },
	{ "verbose", 'v', OPTS_VERBOSE, FLAG, AT(verbose) },
};

#define FIRST_LONG	256	/* what getopt_long() gives for defs[0] */

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

static void take_option(struct options *o, const struct option_def *d, const char *word)
{
	void *at = (char *)o + d->at;

	switch (d->how) {
	case MODE:
		if (o->style.mode != OUT_TABLE && o->style.mode != d->at)
			die("--json, --raw, --pairs and --csv are mutually exclusive");
		o->style.mode = d->at;
		break;
	case WORD:
		*(const char **)at = word;
		break;
	case FLAG:
		*(bool *)at = true;
		break;
	case NUMBER:
		if (!parse_whole_number(word, ~0ULL, at) || !*(__u64 *)at)
			die("bad %s '%s': a number above 0 is wanted",
			    strcmp(d->name, "top") ? d->name : "limit", word);
		break;
	case RECORDER:
		if (o->oom)
			die("--arm, --disarm and --last are mutually exclusive");
		o->oom = d->name;
		break;
	case COLOR:
		o->style.color = wants_color(word ? word : "always");
		break;
	}
}

/* What was given is compared with what the command takes, once it is known. */
static void note_given(struct options *o, const struct option_def *d)
{
	if (o->nr_given == ARRAY_SIZE(o->given))
		return;
	o->given[o->nr_given].group = d->group;
	o->given[o->nr_given++].name = d->name;
}

static bool has_word(const struct option_def *d)
{
	return d->how == WORD || d->how == NUMBER;
}

/* what getopt_long() wants: the options, and "o:" for each letter, which has room */
static void make_getopt(struct option *options, char *letters)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(defs); i++) {
		options[i] = (struct option){
			.name = defs[i].name,
			.has_arg = has_word(&defs[i]) ? required_argument :
				   defs[i].how == COLOR ? optional_argument : no_argument,
			.val = FIRST_LONG + i,
		};
		if (!defs[i].letter)
			continue;
		*letters++ = defs[i].letter;
		if (has_word(&defs[i]))
			*letters++ = ':';
	}
	options[i++] = (struct option){ .name = "help", .val = 'h' };
	options[i] = (struct option){ .name = "version", .val = 'V' };
	memcpy(letters, "hV", sizeof("hV"));
}

static const struct option_def *find_def(int c)
{
	if (c >= FIRST_LONG)
		return &defs[c - FIRST_LONG];
	for (size_t i = 0; i < ARRAY_SIZE(defs); i++)
		if (defs[i].letter == c)
			return &defs[i];
	return NULL;
}

/* The options of a command line; ends the program if they are wrong, or ask for that. */
void parse_options(struct options *o, int argc, char **argv, void (*usage)(void))
{
	struct option options[ARRAY_SIZE(defs) + 3] = { { 0 } };
	char letters[2 * ARRAY_SIZE(defs) + 3];
	const struct option_def *d;
	int c;

	make_getopt(options, letters);
	o->style.color = wants_color(NULL);
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
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
		d = find_def(c);
		note_given(o, d);
		take_option(o, d, optarg);
	}
}

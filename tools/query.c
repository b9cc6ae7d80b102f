// SPDX-License-Identifier: GPL-2.0
/*
 * Choices as people write them: columns, and filters by node, zone, process,
 * range and class, made into a query with the names that the dataset declares.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const struct field *named_field(const struct dataset *ds, const char *name)
{
	for (__u32 i = 0; i < ds->nr_fields; i++)
		if (!strcmp(ds->fields[i].name, name))
			return &ds->fields[i];
	return NULL;
}

static const struct field *class_field(const struct dataset *ds)
{
	for (__u32 i = 0; i < ds->nr_fields; i++)
		if (ds->fields[i].flags & MMSCOPE_FIELD_CLASS)
			return &ds->fields[i];
	return NULL;
}

static void must_have(const struct dataset *ds, __u32 flags, const char *option)
{
	if (!(ds->flags & flags))
		die("%s has no records to choose by %s", ds->name, option);
}

/* A process by its number, or "self": this one. */
__u32 parse_pid(const char *word)
{
	__u64 pid;

	if (!strcmp(word, "self"))
		return MMSCOPE_PID_SELF;
	if (!parse_whole_number(word, 0x7fffffff, &pid) || !pid)
		die("bad process '%s': a process id or 'self' is wanted", word);
	return pid;
}

/* @any: other datasets are asked as well, the process may be meant for them */
static void parse_process(struct source *s, const struct dataset *ds, const char *word, bool any,
			  struct mmscope_walk_arg *query)
{
	if (!(ds->flags & MMSCOPE_DATASET_PROCESS)) {
		if (word && !any)
			die("%s is not about a process: --pid does not apply", ds->name);
		return;
	}
	if (word)
		query->pid = parse_pid(word);
	else if (!s->ops->default_pid(s, ds->id, &query->pid))
		die("%s needs a process: --pid PID", ds->name);
}

static void parse_node(const struct dataset *ds, const char *word, __u32 *node)
{
	__u64 value;

	must_have(ds, MMSCOPE_DATASET_NODE, "--node");
	if (!parse_whole_number(word, MMSCOPE_ANY - 1, &value))
		die("bad node '%s': a number is wanted", word);
	*node = value;
}

static void parse_zone(const struct dataset *ds, const char *word, __u32 *zone)
{
	const struct field *f = named_field(ds, "zone");
	__u64 value;

	must_have(ds, MMSCOPE_DATASET_ZONE, "--zone");
	if (!parse_whole_number(word, MMSCOPE_ANY - 1, &value) &&
	    !(f && field_value_find(f, word, strlen(word), &value)))
		die("bad zone '%s': a number or a name such as Normal is wanted", word);
	*zone = value;
}

static void bad_range(const char *word, const char *why)
{
	die("bad range '%s': %s (START-END or START+LENGTH; hexadecimal begins with 0x)", word,
	    why);
}

/* START-END or START+LENGTH, half-open. Ends the program if it is none. */
void parse_range(const char *word, __u64 *start, __u64 *end)
{
	const char *p;
	__u64 second;
	char sep;

	if (!parse_number(word, &p, start))
		bad_range(word, "its start is no number");
	sep = *p;
	if (sep != '-' && sep != '+')
		bad_range(word, "it has no end");
	if (!parse_whole_number(p + 1, ~0ULL, &second))
		bad_range(word, "its end is no number");
	if (sep == '+' && second > ~0ULL - *start)
		bad_range(word, "it is too long");
	*end = sep == '+' ? *start + second : second;
	if (*end <= *start)
		bad_range(word, "its end is not beyond its start");
}

/* Names of the class field, or numbers, separated by commas. */
static void parse_class(const struct dataset *ds, const char *word, __u64 *mask)
{
	const struct field *f = class_field(ds);
	size_t len;
	__u64 value;

	if (!f)
		die("%s has no records to choose by --class", ds->name);
	for (;; word += len + 1) {
		char name[64];

		len = strcspn(word, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		if (!field_value_find(f, word, len, &value) &&
		    !parse_whole_number(name, 63, &value))
			die("bad class '%s': a value of column '%s' is wanted", name, f->name);
		*mask |= 1ULL << (value & 63);
		if (!word[len])
			break;
	}
}

static void parse_name(const struct dataset *ds, const char *word, struct mmscope_walk_arg *query)
{
	must_have(ds, MMSCOPE_DATASET_FRAMES, "--name");
	if (strlen(word) >= sizeof(query->name))
		die("bad name '%s': it has more than %zu characters", word,
		    sizeof(query->name) - 1);
	snprintf(query->name, sizeof(query->name), "%s", word);
}

/* The query of a command line. Ends the program with a sentence if it is wrong. */
void query_parse(struct source *s, const struct dataset *ds, const struct options *o,
		 struct mmscope_walk_arg *query)
{
	source_query(query);
	parse_process(s, ds, o->pid, o->several, query);
	if (o->node)
		parse_node(ds, o->node, &query->node);
	if (o->zone)
		parse_zone(ds, o->zone, &query->zone);
	if (o->range) {
		must_have(ds, MMSCOPE_DATASET_PFN | MMSCOPE_DATASET_ADDR, "--range");
		parse_range(o->range, &query->start, &query->end);
	}
	if (o->class)
		parse_class(ds, o->class, &query->class_mask);
	if (o->name)
		parse_name(ds, o->name, query);
	if (o->exact && !(ds->flags & MMSCOPE_DATASET_EXACT))
		die("%s has nothing that CPUs could be asked: --exact does not apply", ds->name);
	if (o->exact)
		query->flags |= MMSCOPE_WALK_EXACT;
}

/* The columns of a command line. */
void choose_columns(const struct dataset *ds, const struct options *o, struct columns *columns)
{
	if (o->columns)
		columns_parse(ds, o->columns, columns);
	else if (o->all_columns)
		columns_all(ds, columns);
	else
		columns_default(ds, columns);
}

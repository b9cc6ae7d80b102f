// SPDX-License-Identifier: GPL-2.0
/*
 * Choices as people write them: columns, and filters by node, zone, process,
 * range and class, made into a query with the names that the dataset declares.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"

#define CGROUPS "/sys/fs/cgroup/"

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
	memcpy(query->name, word, strlen(word));
}

/* one name of a page flag, in `pages`; other datasets of frames have the same ones */
static __u64 parse_flag(struct source *s, const char *word, size_t len)
{
	const struct dataset *pages = source_dataset(s, "pages");
	const struct field *f = pages ? named_field(pages, "flags") : NULL;
	__u64 value;

	if (!f || !field_value_find(f, word, len, &value))
		die("bad flag '%.*s': see column 'flags' of 'mmscope pages'", (int)len, word);
	return value;
}

/* "lru,!dirty,anon|ksm": frames that have lru, have not dirty, and have one of the others */
static void parse_flags(struct source *s, const struct dataset *ds, const char *word,
			struct mmscope_walk_arg *query)
{
	size_t len;

	must_have(ds, MMSCOPE_DATASET_FRAMES, "--flags");
	for (;; word += len + 1) {
		const char *part = word, *end;

		len = strcspn(word, ",");
		end = word + len;
		if (*part == '!') {
			query->flags_none |= parse_flag(s, part + 1, len - 1);
		} else if (!memchr(part, '|', len)) {
			query->flags_all |= parse_flag(s, part, len);
		} else {
			if (query->flags_any)
				die("bad flags: there can be one choice with '|' only");
			for (; part <= end; part += strcspn(part, "|,") + 1)
				query->flags_any |= parse_flag(s, part, strcspn(part, "|,"));
		}
		if (!*end)
			break;
	}
}

/* Ends the program where no page is charged to a cgroup: nothing could be chosen or shown. */
void must_have_cgroups(struct source *s)
{
	const struct dataset *groups = source_dataset(s, "memcgs");

	if (groups && groups->state == MMSCOPE_STATE_UNAVAILABLE)
		die("%s", groups->detail);
}

/* its inode number, or its path below /sys/fs/cgroup */
__u64 parse_cgroup(struct source *s, const char *word)
{
	struct text path = { 0 };
	struct stat st;
	__u64 inode;

	must_have_cgroups(s);
	if (parse_whole_number(word, ~0ULL, &inode))
		return inode;
	text_add(&path, "%s%s", strncmp(word, CGROUPS, strlen(CGROUPS)) ? CGROUPS : "", word);
	if (stat(path.s, &st))
		die("there is no cgroup '%s': %s", path.s, strerror(errno));
	text_free(&path);
	return st.st_ino;
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
	if (o->flags)
		parse_flags(s, ds, o->flags, query);
	if (o->memcg) {
		must_have(ds, MMSCOPE_DATASET_FRAMES | MMSCOPE_DATASET_MEMCG, "--memcg");
		query->memcg = parse_cgroup(s, o->memcg);
	}
	if (o->owner) {
		must_have(ds, MMSCOPE_DATASET_FRAMES, "--owner");
		if (!parse_whole_number(o->owner, ~0ULL, &query->owner))
			die("bad owner '%s': an inode or a process id is wanted", o->owner);
	}
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

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All numbers of /proc/zoneinfo, and their comparison with an answer of ours.
 * Include after common.h.
 */
#ifndef _MMSCOPE_ZONEINFO_H
#define _MMSCOPE_ZONEINFO_H

#include <stdbool.h>
#include <time.h>

#define ZONEINFO_TRIES 50

enum zoneinfo_section {
	ZONEINFO_NODE,		/* per-node stats, printed with a node's first populated zone */
	ZONEINFO_ZONE,
	ZONEINFO_PAGESET,
};

/* one number; index: of the list in "protection" */
struct zoneinfo_entry {
	enum zoneinfo_section section;
	unsigned int node;
	char zone[16];
	unsigned int cpu;
	char key[48];
	unsigned int index;
	uint64_t value;
};

struct zoneinfo {
	struct zoneinfo_entry *entries;
	size_t nr;
	char bad[128];		/* a line that was not understood, or empty */
};

static inline void zoneinfo_free(struct zoneinfo *z)
{
	free(z->entries);
	memset(z, 0, sizeof(*z));
}

static inline void zoneinfo_add(struct zoneinfo *z, const struct zoneinfo_entry *at,
				const char *key, unsigned int index, uint64_t value)
{
	struct zoneinfo_entry *e;

	z->entries = realloc(z->entries, (z->nr + 1) * sizeof(*z->entries));
	if (!z->entries)
		abort();
	e = &z->entries[z->nr++];
	*e = *at;
	snprintf(e->key, sizeof(e->key), "%s", key);
	e->index = index;
	e->value = value;
}

static inline bool zoneinfo_protection(struct zoneinfo *z, const struct zoneinfo_entry *at,
				       char *list)
{
	unsigned int index = 0;
	char *end = list;

	do {
		uint64_t value = strtoull(end + 1, &end, 10);

		zoneinfo_add(z, at, "protection", index++, value);
	} while (*end == ',');
	return !strcmp(end, ")");
}

/* "key value" and "key: value"; `at` says where we are, and is moved on */
static inline bool zoneinfo_line(struct zoneinfo *z, struct zoneinfo_entry *at, char *line)
{
	char key[48], rest[2];
	uint64_t value;

	if (sscanf(line, "Node %u, zone %15s %1s", &at->node, at->zone, rest) == 2) {
		at->section = ZONEINFO_ZONE;
		at->cpu = 0;
		return true;
	}
	if (!strcmp(line, "  per-node stats")) {
		at->section = ZONEINFO_NODE;
		return true;
	}
	if (!strcmp(line, "  pagesets")) {
		at->section = ZONEINFO_PAGESET;
		return true;
	}
	if (sscanf(line, " cpu: %u %1s", &at->cpu, rest) == 1)
		return at->section == ZONEINFO_PAGESET;
	if (!strncmp(line, "        protection: ", 20))
		return zoneinfo_protection(z, at, line + 20);
	if (sscanf(line, " vm stats threshold: %lu %1s", &value, rest) == 1) {
		zoneinfo_add(z, at, "threshold", 0, value);
		return true;
	}
	if (sscanf(line, " pages free %lu %1s", &value, rest) == 1) {
		at->section = ZONEINFO_ZONE;
		zoneinfo_add(z, at, "free", 0, value);
		return true;
	}
	if (sscanf(line, " %47[a-z0-9_]: %lu %1s", key, &value, rest) != 2 &&
	    sscanf(line, " %47[a-z0-9_] %lu %1s", key, &value, rest) != 2)
		return false;
	if (!strcmp(key, "node_unreclaimable"))
		at->section = ZONEINFO_ZONE;
	zoneinfo_add(z, at, key, 0, value);
	return true;
}

static inline int zoneinfo_read(struct zoneinfo *z)
{
	char *text = read_file("/proc/zoneinfo"), *save = NULL, *line;
	struct zoneinfo_entry at = { 0 };

	memset(z, 0, sizeof(*z));
	if (!text)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (zoneinfo_line(z, &at, line))
			continue;
		snprintf(z->bad, sizeof(z->bad), "%s", line);
		break;
	}
	free(text);
	return z->bad[0] ? -1 : 0;
}

/* the value of one key, 0 if there is none */
static inline uint64_t zoneinfo_get(const struct zoneinfo *z, unsigned int node,
				    const char *zone, const char *key)
{
	size_t i;

	for (i = 0; i < z->nr; i++)
		if (z->entries[i].section == ZONEINFO_ZONE && z->entries[i].node == node &&
		    !strcmp(z->entries[i].zone, zone) && !strcmp(z->entries[i].key, key))
			return z->entries[i].value;
	return 0;
}

/* ---------------------------------------------------------- our names of values */

struct value_names {
	struct mmscope_value *values;
	uint32_t nr;
};

/* names of the values, or elements, of one field */
static inline struct value_names names_of(int fd, uint32_t dataset, const char *field)
{
	struct mmscope_describe arg = describe_arg(dataset);
	struct value_names names = { 0 };
	struct mmscope_value *values;
	struct mmscope_field *fields;
	uint32_t i, nr;

	if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &arg))
		return names;
	fields = calloc(arg.nr_fields, sizeof(*fields));
	values = calloc(arg.nr_values, sizeof(*values));
	names.values = calloc(arg.nr_values, sizeof(*values));
	arg.fields = (uintptr_t)fields;
	arg.values = (uintptr_t)values;
	nr = ioctl(fd, MMSCOPE_IOC_DESCRIBE, &arg) ? 0 : arg.nr_values;
	for (i = 0; i < nr; i++)
		if (!strcmp(fields[values[i].field].name, field))
			names.values[names.nr++] = values[i];
	free(fields);
	free(values);
	return names;
}

/* value or index of a name, -1 if there is none */
static inline int name_index(const struct value_names *names, const char *name)
{
	uint32_t i;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(names->values[i].name, name))
			return names->values[i].value;
	return -1;
}

static inline const char *index_name(const struct value_names *names, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < names->nr; i++)
		if (names->values[i].value == value)
			return names->values[i].name;
	return "?";
}

/* ------------------------------------------------------------------- comparison */

enum match {
	MATCH_NONE,		/* we do not know this key: an error */
	MATCH_MOVING,		/* may change between two reads */
	MATCH_CONSTANT,		/* settings and sizes: must be equal at once */
};

struct comparison {
	enum zoneinfo_section section;
	uint32_t dataset;
	/* our value of an entry, out of an answer */
	enum match (*match)(void *ctx, const struct answer *a, const struct zoneinfo_entry *e,
			    uint64_t *value);
	void *ctx;
	size_t checked;		/* out: numbers compared */
	char report[384];	/* out: what differs */
};

static inline bool compare_entry(struct comparison *c, const struct answer *a,
				 const struct zoneinfo_entry *before,
				 const struct zoneinfo_entry *after, bool *fatal)
{
	uint64_t ours = 0, low = before->value, high = after->value;
	enum match match = c->match(c->ctx, a, before, &ours);
	bool ok;

	if (low > high) {
		low = after->value;
		high = before->value;
	}
	ok = match != MATCH_NONE && ours >= low && ours <= high;
	*fatal = match == MATCH_NONE || (match == MATCH_CONSTANT && (!ok || low != high));
	if (!ok || *fatal)
		snprintf(c->report, sizeof(c->report),
			 "node %u zone %s cpu %u %s[%u]: %s, zoneinfo %lu then %lu, ours %ld",
			 before->node, before->zone, before->cpu, before->key, before->index,
			 match == MATCH_NONE ? "unknown" :
			 match == MATCH_CONSTANT ? "constant" : "moving",
			 before->value, after->value, (long)ours);
	return ok;
}

/* One bracketed round; marks what was equal. Returns the number still open, -1: failed. */
static inline long compare_round(int fd, struct comparison *c, bool *passed)
{
	struct zoneinfo before, after;
	struct answer a = { 0 };
	long open = -1;
	size_t i;

	if (zoneinfo_read(&before) | walk_all(fd, walk_arg(c->dataset), &a) |
	    zoneinfo_read(&after) || before.nr != after.nr) {
		snprintf(c->report, sizeof(c->report), "cannot read; bad line: '%s%s'",
			 before.bad, after.bad);
		goto out;
	}
	for (i = 0, open = 0, c->checked = 0; i < before.nr; i++) {
		bool fatal;

		if (before.entries[i].section != c->section)
			continue;
		c->checked++;
		if (compare_entry(c, &a, &before.entries[i], &after.entries[i], &fatal))
			passed[i] = true;
		if (fatal) {
			open = -1;
			break;
		}
		open += !passed[i];
	}
out:
	zoneinfo_free(&before);
	zoneinfo_free(&after);
	answer_free(&a);
	return open;
}

/*
 * Every number of a section of /proc/zoneinfo against an answer read between two
 * reads of it. A moving counter must lie between them once in a few tries, which are on
 * each CPU in turn: what a walk takes for itself may be from the lists of its CPU.
 * Returns 0 if all agree.
 */
static inline int compare_zoneinfo(int fd, struct comparison *c)
{
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct zoneinfo z;
	cpu_set_t all;
	bool *passed;
	long open = -1;
	int i;

	if (zoneinfo_read(&z) || sched_getaffinity(0, sizeof(all), &all)) {
		snprintf(c->report, sizeof(c->report), "bad line: '%s'", z.bad);
		return -1;
	}
	passed = calloc(z.nr, sizeof(*passed));
	for (i = 0; i < ZONEINFO_TRIES; i++) {
		run_on_cpu(i % sysconf(_SC_NPROCESSORS_ONLN));
		open = compare_round(fd, c, passed);
		if (open <= 0)
			break;
		nanosleep(&pause, NULL);
	}
	sched_setaffinity(0, sizeof(all), &all);
	free(passed);
	zoneinfo_free(&z);
	return open ? -1 : 0;
}

#endif /* _MMSCOPE_ZONEINFO_H */

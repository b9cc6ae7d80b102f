// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope list: which datasets there are.
 */
#include <stdlib.h>

#include "cmd.h"

struct list_row {
	char name[32];
	__u32 state;
	__u32 needs;
	char help[144];
	char detail[136];
};

static const struct mmscope_value state_names[] = {
	{ .value = MMSCOPE_STATE_OK, .name = "ok" },
	{ .value = MMSCOPE_STATE_DEGRADED, .name = "degraded" },
	{ .value = MMSCOPE_STATE_UNAVAILABLE, .name = "unavailable" },
};

static const struct mmscope_value need_names[] = {
	{ .value = MMSCOPE_DATASET_PROCESS, .name = "pid" },
	{ .value = MMSCOPE_DATASET_POINT, .name = "question" },
	{ .value = MMSCOPE_DATASET_STREAM, .name = "watch" },
};

static const struct field list_fields[] = {
	OWN_FIELD(struct list_row, name, NAME, "as the command line takes it"),
	OWN_NAMED(struct list_row, state, ENUM, state_names, "on this kernel"),
	OWN_NAMED(struct list_row, needs, FLAGS, need_names, "what must be given with it"),
	OWN_FIELD(struct list_row, help, NAME, "what a record is"),
	OWN_FIELD(struct list_row, detail, NAME, "why it is not ok"),
};

static const struct dataset list_rows = {
	.name = "datasets",
	.rec_size = sizeof(struct list_row),
	.nr_fields = ARRAY_SIZE(list_fields),
	.fields = list_fields,
};

static const __u32 needs_mask = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_POINT |
				 MMSCOPE_DATASET_STREAM;

void cmd_list(struct source *s, const struct options *o, int argc, char **argv)
{
	struct list_row *rows = xzalloc(sizeof(*rows) * s->nr_datasets);
	struct columns columns = { 0 };
	struct out *out;

	(void)argv;
	if (argc)
		die("list takes no further words");
	choose_columns(&list_rows, o, &columns);
	for (__u32 i = 0; i < s->nr_datasets; i++) {
		const struct dataset *ds = s->datasets[i];

		snprintf(rows[i].name, sizeof(rows[i].name), "%s", ds->name);
		rows[i].state = ds->state;
		rows[i].needs = ds->flags & needs_mask;
		snprintf(rows[i].help, sizeof(rows[i].help), "%s", ds->help);
		snprintf(rows[i].detail, sizeof(rows[i].detail), "%s", ds->detail);
	}
	out = out_new(&o->style, &s->info);
	out_rows(out, &list_rows, &columns, rows, s->nr_datasets);
	out_free(out);
	columns_free(&columns);
	free(rows);
}

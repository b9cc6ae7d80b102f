// SPDX-License-Identifier: GPL-2.0
/*
 * Answers about all processes: a loop over those that the module knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "each-process.h"
#include "table.h"

/* A process that exits before it is asked about is passed over. */
void each_process(struct source *s, const struct options *o, process_fn *fn, void *ctx)
{
	struct mmscope_walk_arg query;
	struct column pid, comm;
	struct table t;
	__u64 gone = 0;

	source_query(&query);
	if (table_query(s, "processes", &query, &t))
		die("%s", s->error);
	if (!column_find(t.ds, "pid", &pid) || !column_find(t.ds, "comm", &comm))
		die("%s: its processes have no pid or comm", s->name);
	for (size_t i = 0; i < t.nr; i++) {
		const char *name;
		char text[64];
		__u64 nr = 0;
		size_t len;
		int err;

		name = column_name(&comm, table_record(&t, i), &len);
		snprintf(text, sizeof(text), "%.*s", (int)len, name ? name : "");
		if (!column_number(&pid, table_record(&t, i), &nr))
			continue;
		err = fn(ctx, s, nr, text);
		if (err == -ESRCH)
			gone++;
		else if (err)
			die("%s", s->error);
	}
	table_free(&t);
	if (!o->verbose)
		return;
	fflush(stdout);
	fprintf(stderr, "mmscope: %llu processes exited before they were looked at\n", gone);
}

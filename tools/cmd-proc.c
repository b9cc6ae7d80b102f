// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope proc: a line a process, as ps has it, about memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "table.h"

/* names are short: they are the headings of a wide table */
struct proc_row {
	__u32 pid;
	__u32 uid;
	char comm[16];
	__u64 rss;
	__u64 anon;
	__u64 file;
	__u64 shmem;
	__u64 swap;
	__u64 tables;
	__u64 huge;
	__u64 huge_share;
	__u64 locked;
	__u64 pinned;
	__u64 minflt;
	__u64 majflt;
	__u64 oom;
	__u64 oom_adj;
	__u64 vm;
	__u64 peak;
	__u64 hugetlb;
	__u32 threads;
	__u32 ppid;
};

#define ROW(_member, _unit, _flags, _help) {				\
	.name = #_member,						\
	.help = _help,							\
	.offset = offsetof(struct proc_row, _member),			\
	.size = sizeof(((struct proc_row *)0)->_member),		\
	.count = 1,							\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.flags = _flags,						\
}

static const struct field row_fields[] = {
	ROW(pid, ID, MMSCOPE_FIELD_DEFAULT, "process"),
	ROW(rss, BYTES, MMSCOPE_FIELD_DEFAULT, "resident, without hugetlb pages"),
	ROW(anon, BYTES, MMSCOPE_FIELD_DEFAULT, "of it, private data"),
	ROW(file, BYTES, MMSCOPE_FIELD_DEFAULT, "of it, pages of files"),
	ROW(shmem, BYTES, MMSCOPE_FIELD_DEFAULT, "of it, shared memory and tmpfs"),
	ROW(swap, BYTES, MMSCOPE_FIELD_DEFAULT, "in swap"),
	ROW(tables, BYTES, MMSCOPE_FIELD_DEFAULT, "page tables"),
	ROW(huge, BYTES, 0, "mapped by entries larger than a base page, hugetlb among them"),
	ROW(huge_share, PERMILLE, MMSCOPE_FIELD_DEFAULT,
	    "what huge entries map, of all that is resident and hugetlb"),
	ROW(locked, BYTES, MMSCOPE_FIELD_DEFAULT, "locked by mlock()"),
	ROW(pinned, BYTES, MMSCOPE_FIELD_DEFAULT, "pinned for devices"),
	ROW(minflt, COUNT, MMSCOPE_FIELD_DEFAULT, "page faults without I/O"),
	ROW(majflt, COUNT, MMSCOPE_FIELD_DEFAULT, "page faults with I/O"),
	ROW(oom, COUNT, MMSCOPE_FIELD_DEFAULT, "the OOM killer takes the highest; 0: never"),
	ROW(comm, NAME, MMSCOPE_FIELD_DEFAULT, "its command"),
	ROW(oom_adj, COUNT, MMSCOPE_FIELD_SIGNED, "added to the score"),
	ROW(vm, BYTES, 0, "size of the address space in use"),
	ROW(peak, BYTES, 0, "the most that was ever resident"),
	ROW(hugetlb, BYTES, 0, "resident hugetlb pages"),
	ROW(threads, COUNT, 0, "threads"),
	ROW(uid, ID, 0, "effective user"),
	ROW(ppid, ID, 0, "parent"),
};

static const struct dataset row_dataset = {
	.name = "proc",
	.rec_size = sizeof(struct proc_row),
	.nr_fields = ARRAY_SIZE(row_fields),
	.fields = row_fields,
};

/**
 * struct huge_sum - what a process's huge entries map
 * @ds: mappings
 * @page_size: of a base page
 * @bytes: so far
 */
struct huge_sum {
	const struct dataset *ds;
	__u64 page_size;
	__u64 bytes;
};

static bool add_huge(void *ctx, const void *rec)
{
	struct huge_sum *sum = ctx;

	if (record_number(sum->ds, rec, "page_size_bytes", 0) > sum->page_size)
		sum->bytes += record_number(sum->ds, rec, "pages", 0) * sum->page_size;
	return true;
}

/* MMSCOPE_UNKNOWN: not to be had; -ESRCH in @err: it has exited meanwhile */
static __u64 huge_bytes(struct source *s, __u32 pid, int *err)
{
	struct huge_sum sum = {
		.ds = source_dataset(s, "mappings"), .page_size = s->info.page_size,
	};
	struct mmscope_walk_arg query;
	struct walk_stats stats;

	*err = 0;
	if (!sum.ds || !pid)
		return MMSCOPE_UNKNOWN;
	source_query(&query);
	query.pid = pid;
	query.class_mask = 1ULL << MMSCOPE_MAPPING_PAGE | 1ULL << MMSCOPE_MAPPING_PFNMAP;
	*err = source_walk(s, sum.ds, &query, 0, add_huge, &sum, &stats);
	return *err ? MMSCOPE_UNKNOWN : sum.bytes;
}

static void fill_huge(struct proc_row *row, __u64 huge)
{
	row->huge = huge;
	row->huge_share = MMSCOPE_UNKNOWN;
	if (huge != MMSCOPE_UNKNOWN && row->rss != MMSCOPE_UNKNOWN && row->rss + row->hugetlb)
		row->huge_share = huge * 1000 / (row->rss + row->hugetlb);
}

static void fill_row(struct proc_row *row, const struct table *t, size_t i)
{
	struct column c;

	row->pid = table_get(t, i, "pid");
	row->uid = table_get(t, i, "uid");
	row->ppid = table_get(t, i, "ppid");
	row->threads = table_get(t, i, "threads");
	row->rss = table_get(t, i, "rss_bytes");
	row->anon = table_get(t, i, "rss_anon_bytes");
	row->file = table_get(t, i, "rss_file_bytes");
	row->shmem = table_get(t, i, "rss_shmem_bytes");
	row->swap = table_get(t, i, "swap_bytes");
	row->tables = table_get(t, i, "pagetable_bytes");
	row->hugetlb = table_get(t, i, "hugetlb_bytes");
	row->locked = table_get(t, i, "locked_bytes");
	row->pinned = table_get(t, i, "pinned_bytes");
	row->peak = table_get(t, i, "peak_rss_bytes");
	row->vm = table_get(t, i, "vm_bytes");
	row->minflt = table_get(t, i, "minor_faults");
	row->majflt = table_get(t, i, "major_faults");
	row->oom = table_get(t, i, "oom_score");
	row->oom_adj = table_get(t, i, "oom_score_adj");
	if (column_find(t->ds, "comm", &c)) {
		size_t len;
		const char *comm = column_name(&c, table_record(t, i), &len);

		memcpy(row->comm, comm, len < sizeof(row->comm) ? len : sizeof(row->comm));
	}
}

void cmd_proc(struct source *s, const struct options *o, int argc, char **argv)
{
	struct options order = *o;
	struct mmscope_walk_arg query;
	struct proc_row *rows;
	struct table t;
	size_t nr = 0;

	if (argc)
		die("proc takes no words: '%s'", argv[0]);
	if (!o->sort)
		order.sort = "rss:desc";
	source_query(&query);
	if (table_query(s, "processes", &query, &t))
		die("%s", s->error);
	rows = xzalloc((t.nr + 1) * sizeof(*rows));
	for (size_t i = 0; i < t.nr; i++) {
		int err;
		__u64 huge = huge_bytes(s, table_get(&t, i, "pid"), &err);

		if (err && err != -ESRCH && err != -EACCES)
			die("%s", s->error);
		if (err)
			continue;
		fill_row(&rows[nr], &t, i);
		fill_huge(&rows[nr++], huge);
	}
	show_rows(s, &row_dataset, &order, rows, nr);
	if (o->verbose && nr < t.nr) {
		fflush(stdout);
		fprintf(stderr, "%zu processes exited meanwhile and were passed over\n",
			t.nr - nr);
	}
	free(rows);
	table_free(&t);
}

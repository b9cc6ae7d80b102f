// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope cached: who fills the page cache, by file, file system, cgroup or process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "each-process.h"
#include "place.h"
#include "table.h"

/* one line, whatever it is of; columns without a meaning there are not shown */
struct cached_row {
	__u64 cached;
	__u64 dirty;
	__u64 mapped;
	__u64 share;
	__u64 active;
	__u64 large;
	__u64 file;
	__u64 shmem;
	__u64 files;
	__u64 size;
	__u64 id;
	char kind[16];
	char dev[24];
	char fs[16];
	char name[512];
};

/**
 * struct rows - lines under way
 * @row: they
 * @nr: how many
 * @room: for how many there is memory
 */
struct rows {
	struct cached_row *row;
	size_t nr;
	size_t room;
};

static struct cached_row *add_row(struct rows *r)
{
	if (r->nr == r->room) {
		r->room = 2 * r->room + 64;
		r->row = xrealloc(r->row, r->room, sizeof(*r->row));
	}
	r->row[r->nr] = (struct cached_row){ 0 };
	return &r->row[r->nr++];
}

/* a name out of a record, cut at the end of the place for it */
static void take_name(const struct table *t, size_t i, const char *column, char *to, size_t size)
{
	struct text text = { 0 };
	struct column c;

	if (column_find(t->ds, column, &c) && value_text(&text, &c, table_record(t, i), false) &&
	    text.len)
		snprintf(to, size, "%s", text.s);
	text_free(&text);
}

static bool has_flag(const struct table *t, size_t i, __u64 flag)
{
	__u64 flags = table_get(t, i, "flags");

	return flags != MMSCOPE_UNKNOWN && flags & flag;
}

/* ------------------------------------------------------------------------ files */

/* "/mnt" and "/file" make a path; what has none is told in brackets */
static void name_file(const struct table *t, size_t i, const struct places *places,
		      struct cached_row *row)
{
	static const char *const kinds[] = {
		[MMSCOPE_CACHED_SWAP] = "[swap cache]",
		[MMSCOPE_CACHED_REMOVED] = "[cut off their files]",
		[MMSCOPE_CACHED_OTHERS] = "[other files]",
	};
	__u32 major = table_get(t, i, "dev_major"), minor = table_get(t, i, "dev_minor");
	__u64 kind = table_get(t, i, "kind");
	const char *mount = places_mount(places, major, minor);
	struct text name = { 0 };
	char path[300] = "";

	take_name(t, i, "path", path, sizeof(path));
	if (kind < ARRAY_SIZE(kinds) && kinds[kind])
		text_adds(&name, kinds[kind]);
	else if (kind == MMSCOPE_CACHED_BLOCK && places && block_name(&name, major, minor))
		;
	else if (!*path)
		text_add(&name, "[inode %llu]", table_get(t, i, "inode"));
	else
		text_add(&name, "%s%s",
			 *path == '/' && mount && strcmp(mount, "/") ? mount : "", path);
	if (has_flag(t, i, MMSCOPE_CACHED_UNLINKED))
		text_adds(&name, " (deleted)");
	snprintf(row->name, sizeof(row->name), "%s", name.s);
	text_free(&name);
}

static void fill_file(const struct table *t, size_t i, __u64 page, struct cached_row *row)
{
	__u64 cached = table_get(t, i, "cached_pages");

	row->cached = cached * page;
	/* tmpfs and the like keep all their pages dirty, and never write them */
	if (!has_flag(t, i, MMSCOPE_CACHED_UNBACKED))
		row->dirty = table_get(t, i, "dirty_pages") * page;
	row->mapped = table_get(t, i, "mapped_pages") * page;
	row->active = table_get(t, i, "active_pages") * page;
	row->large = cached ? table_get(t, i, "large_pages") * 1000 / cached : 0;
	row->size = table_get(t, i, "size_bytes");
	row->id = table_get(t, i, "inode");
	snprintf(row->dev, sizeof(row->dev), "%llu:%llu", table_get(t, i, "dev_major"),
		 table_get(t, i, "dev_minor"));
	take_name(t, i, "kind", row->kind, sizeof(row->kind));
	take_name(t, i, "fs", row->fs, sizeof(row->fs));
}

static void by_file(const struct table *t, const struct places *places, __u64 page,
		    struct rows *r)
{
	for (size_t i = 0; i < t->nr; i++) {
		struct cached_row *row = add_row(r);

		fill_file(t, i, page, row);
		name_file(t, i, places, row);
	}
}

/* ----------------------------------------------------------------- file systems */

static struct cached_row *find_fs(struct rows *r, const struct cached_row *file)
{
	for (size_t i = 0; i < r->nr; i++)
		if (!strcmp(r->row[i].dev, file->dev) && !strcmp(r->row[i].fs, file->fs) &&
		    !strcmp(r->row[i].kind, file->kind))
			return &r->row[i];
	return NULL;
}

static void name_fs(const struct table *t, size_t i, const struct places *places,
		    struct cached_row *row)
{
	const char *mount = places_mount(places, table_get(t, i, "dev_major"),
					 table_get(t, i, "dev_minor"));

	if (!*row->fs || !strcmp(row->kind, "block"))
		name_file(t, i, places, row);
	else
		snprintf(row->name, sizeof(row->name), "%s", mount ? mount : "[not mounted]");
}

static void by_fs(const struct table *t, const struct places *places, __u64 page, struct rows *r)
{
	for (size_t i = 0; i < t->nr; i++) {
		struct cached_row file = { 0 }, *fs;

		fill_file(t, i, page, &file);
		fs = find_fs(r, &file);
		if (!fs) {
			fs = add_row(r);
			snprintf(fs->dev, sizeof(fs->dev), "%s", file.dev);
			snprintf(fs->kind, sizeof(fs->kind), "%s", file.kind);
			snprintf(fs->fs, sizeof(fs->fs), "%s", file.fs);
			name_fs(t, i, places, fs);
		}
		fs->cached += file.cached;
		fs->dirty += file.dirty;
		fs->mapped += file.mapped;
		fs->active += file.active;
		fs->files++;
	}
}

/* ---------------------------------------------------------------------- cgroups */

static struct cached_row *find_id(struct rows *r, __u64 id)
{
	for (size_t i = 0; i < r->nr; i++)
		if (r->row[i].id == id)
			return &r->row[i];
	return NULL;
}

static void name_cgroup(const struct table *groups, __u64 id, struct cached_row *row)
{
	size_t i;

	for (i = 0; i < groups->nr && table_get(groups, i, "memcg") != id; i++)
		;
	if (!id)
		snprintf(row->name, sizeof(row->name), "[charged to none]");
	else if (id == MMSCOPE_UNKNOWN)
		snprintf(row->name, sizeof(row->name), "[other cgroups]");
	else if (i == groups->nr)
		snprintf(row->name, sizeof(row->name), "[inode %llu]", id);
	else
		take_name(groups, i, "path", row->name, sizeof(row->name));
}

static void by_cgroup(struct source *s, __u64 page, struct rows *r)
{
	struct mmscope_walk_arg query;
	struct table pages, groups;

	source_query(&query);
	query.class_mask = 1ULL << MMSCOPE_CLASS_FILE | 1ULL << MMSCOPE_CLASS_SHMEM;
	if (table_query(s, "memcg_pages", &query, &pages))
		die("%s", s->error);
	table_collect(s, "memcgs", &groups);
	for (size_t i = 0; i < pages.nr; i++) {
		__u64 id = table_get(&pages, i, "memcg");
		__u64 bytes = table_get(&pages, i, "pages") * page;
		struct cached_row *row = find_id(r, id);

		if (!row) {
			row = add_row(r);
			row->id = id;
			name_cgroup(&groups, id, row);
		}
		row->cached += bytes;
		if (table_get(&pages, i, "class") == MMSCOPE_CLASS_FILE) {
			row->file += bytes;
			row->dirty += table_get(&pages, i, "dirty_pages") * page;
		} else {
			row->shmem += bytes;
		}
		take_name(&pages, i, "state", row->kind, sizeof(row->kind));
	}
	table_free(&pages);
	table_free(&groups);
}

/* -------------------------------------------------------------------- processes */

static int add_process(void *ctx, struct source *s, __u32 pid, const char *comm)
{
	struct mmscope_walk_arg query;
	struct cached_row *row;
	struct table t;
	int err;

	source_query(&query);
	query.pid = pid;
	err = table_query(s, "usage", &query, &t);
	if (err)
		return err;
	if (t.nr) {
		size_t total = t.nr - 1;

		row = add_row(ctx);
		row->id = pid;
		snprintf(row->name, sizeof(row->name), "%s", comm);
		row->file = table_get(&t, total, "file_bytes");
		row->shmem = table_get(&t, total, "shmem_bytes");
		row->mapped = row->file + row->shmem;
		row->share = table_get(&t, total, "pss_file_bytes") +
			     table_get(&t, total, "pss_shmem_bytes");
	}
	table_free(&t);
	return 0;
}

/* ----------------------------------------------------------------------- output */

#define ROW_AS(_name, _member, _unit, _help) {				\
	.name = _name,							\
	.help = _help,							\
	.offset = offsetof(struct cached_row, _member),			\
	.size = sizeof(((struct cached_row *)0)->_member),		\
	.count = 1,							\
	.unit = MMSCOPE_UNIT_##_unit,					\
	.flags = MMSCOPE_FIELD_DEFAULT,					\
}

#define ROW(_member, _unit, _help) ROW_AS(#_member, _member, _unit, _help)

#define CACHED	ROW(cached, BYTES, "in memory")
#define DIRTY	ROW(dirty, BYTES, "to be written back; tmpfs writes nothing back")
#define MAPPED	ROW(mapped, BYTES, "mapped by processes")
#define ACTIVE	ROW(active, BYTES, "that reclaim leaves for now")

static const struct field file_fields[] = {
	CACHED, DIRTY, MAPPED, ACTIVE,
	ROW(large, PERMILLE, "in folios of more than one page"),
	ROW(size, BYTES, "size of the file"),
	ROW(kind, NAME, "file, shmem, block, swap, hugetlb, removed or others"),
	ROW(fs, NAME, "type of the file system"),
	ROW(dev, NAME, "its device, of a block device itself"),
	ROW_AS("inode", id, ID, "inode"),
	ROW_AS("path", name, NAME, "where it is; without the mount point if it has none here"),
};

static const struct field fs_fields[] = {
	CACHED, DIRTY, MAPPED, ACTIVE,
	ROW(files, COUNT, "files with cached pages"),
	ROW(kind, NAME, "what has the pages"),
	ROW(fs, NAME, "type of the file system"),
	ROW(dev, NAME, "its device"),
	ROW_AS("mount", name, NAME, "where it is mounted first"),
};

static const struct field cgroup_fields[] = {
	CACHED,
	ROW(file, BYTES, "of files"),
	ROW(shmem, BYTES, "of shared memory and tmpfs"),
	ROW(dirty, BYTES, "of files, to be written back"),
	ROW_AS("state", kind, NAME, "dying: the cgroup was removed"),
	ROW_AS("memcg", id, ID, "inode of the cgroup"),
	ROW_AS("cgroup", name, NAME, "to which the pages are charged: who touched them first"),
};

static const struct field process_fields[] = {
	ROW_AS("pid", id, ID, "process"),
	ROW(share, BYTES, "mapped, a page that several map in equal parts"),
	ROW(mapped, BYTES, "mapped, shared or not"),
	ROW(file, BYTES, "of it, of files; and pages that drivers map"),
	ROW(shmem, BYTES, "of it, of shared memory and tmpfs"),
	ROW_AS("comm", name, NAME, "its command"),
};

#define SHOWN(_fields) {						\
	.name = "cached",						\
	.rec_size = sizeof(struct cached_row),				\
	.nr_fields = ARRAY_SIZE(_fields),				\
	.fields = _fields,						\
}

/* files shown to people who name no number: there may be a million */
#define DEFAULT_LIMIT 40

enum by { BY_FILE, BY_FS, BY_CGROUP, BY_PROCESS };

static const struct {
	const char *name;
	const char *sort;
	struct dataset ds;
} ways[] = {
	[BY_FILE] = { "file", NULL, SHOWN(file_fields) },
	[BY_FS] = { "fs", "cached:desc", SHOWN(fs_fields) },
	[BY_CGROUP] = { "cgroup", "cached:desc", SHOWN(cgroup_fields) },
	[BY_PROCESS] = { "process", "share:desc", SHOWN(process_fields) },
};

static enum by parse_by(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(word, ways[i].name))
			return i;
	die("bad --by '%s': file, fs, cgroup or process is wanted", word);
}

static bool take_record(void *ctx, const void *rec)
{
	struct table *t = ctx;

	t->records = xrealloc(t->records, t->nr + 1, t->ds->rec_size);
	memcpy(t->records + t->nr++ * t->ds->rec_size, rec, t->ds->rec_size);
	return true;
}

/* The first files are the largest: of a few no more are asked for. */
static void read_files(struct source *s, const struct options *o, __u64 limit, struct table *t)
{
	struct mmscope_walk_arg query;
	struct walk_stats stats;

	*t = (struct table){ .ds = source_dataset(s, "page_cache") };
	if (!t->ds)
		die("cached: this module does not know the page cache");
	source_query(&query);
	if (source_walk(s, t->ds, &query, limit, take_record, t, &stats))
		die("%s", s->error);
	if (o->verbose)
		show_stats(t->ds, &stats);
}

static bool is_cut(const struct options *o, enum by way)
{
	return way == BY_FILE && o->style.mode == OUT_TABLE && !o->limit && !o->sort && !o->total;
}

static void collect(struct source *s, const struct options *o, enum by way, struct rows *r)
{
	struct places *places = o->from ? NULL : places_read();
	struct table t = { 0 };

	switch (way) {
	case BY_FILE:
		read_files(s, o, o->sort || o->total ? 0 : o->limit, &t);
		by_file(&t, places, s->info.page_size, r);
		break;
	case BY_FS:
		read_files(s, o, 0, &t);
		by_fs(&t, places, s->info.page_size, r);
		break;
	case BY_CGROUP:
		by_cgroup(s, s->info.page_size, r);
		break;
	case BY_PROCESS:
		each_process(s, o, add_process, r);
		break;
	}
	table_free(&t);
	places_free(places);
}

void cmd_cached(struct source *s, const struct options *o, int argc, char **argv)
{
	enum by way = o->by ? parse_by(o->by) : BY_FILE;
	bool cut = is_cut(o, way), more;
	struct options order = *o;
	struct rows r = { 0 };

	if (argc)
		die("cached takes no words: '%s'", argv[0]);
	/* one more than is shown tells that there are more */
	if (cut)
		order.limit = DEFAULT_LIMIT + 1;
	if (!o->list_columns)
		collect(s, &order, way, &r);
	more = cut && r.nr > DEFAULT_LIMIT;
	if (more)
		r.nr = DEFAULT_LIMIT;
	if (!o->sort)
		order.sort = ways[way].sort;
	show_rows(s, &ways[way].ds, &order, r.row, r.nr);
	if (way == BY_PROCESS && o->style.mode == OUT_TABLE && !o->list_columns)
		puts("\nWhat no process maps, because it was read or written only, is not in it.");
	if (more)
		printf("\nThe %d files with most pages; --limit shows more, --by fs sums up.\n",
		       DEFAULT_LIMIT);
	free(r.row);
}

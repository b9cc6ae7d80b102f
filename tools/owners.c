// SPDX-License-Identifier: GPL-2.0
/*
 * Page frames by class and owner, summed up from extents.
 */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "intern.h"
#include "owners.h"

#define MAX_OPEN	16	/* directories at a time */

static const struct field owner_fields[OWNER_FIELDS] = {
	OWN_FIELD(struct owner_row, pages, PAGES, "how many frames"),
	OWN_FIELD(struct owner_row, page_class, ENUM, "what the frames are"),
	OWN_FIELD(struct owner_row, owner, ID, "inode of a file, pid of a stack or page table"),
	OWN_FIELD(struct owner_row, memcg, ID, "inode of the cgroup charged, 0: none"),
	OWN_FIELD(struct owner_row, extents, COUNT, "runs of frames"),
	OWN_FIELD(struct owner_row, dev_major, ID, "device of the file"),
	OWN_FIELD(struct owner_row, dev_minor, ID, "device of the file"),
	OWN_FIELD(struct owner_row, name, NAME,
		  "slab cache, file, symbol of the allocator's caller, command of the pid"),
};

static const struct field cgroup_fields[] = {
	OWN_FIELD(struct cgroup_row, memcg, ID, "inode of the cgroup"),
	OWN_FIELD(struct cgroup_row, path, NAME, "below the mount point; its end if it is long"),
};

const struct dataset cgroup_rows = {
	.name = "cgroup_paths",
	.help = "paths of the cgroups that own page frames",
	.rec_size = sizeof(struct cgroup_row),
	.nr_fields = ARRAY_SIZE(cgroup_fields),
	.fields = cgroup_fields,
};

/* With the names of classes that the module has. @fields: OWNER_FIELDS of them. */
void owner_dataset(const struct source *s, __u32 id, struct field *fields, struct dataset *ds)
{
	memcpy(fields, owner_fields, sizeof(owner_fields));
	*ds = (struct dataset){
		.name = "extent_sums",
		.help = "page frames by class, owner and cgroup",
		.id = id,
		.rec_size = sizeof(struct owner_row),
		.nr_fields = OWNER_FIELDS,
		.fields = fields,
	};
	for (__u32 i = 0; i < s->nr_datasets; i++) {
		const struct dataset *extents = s->datasets[i];

		for (__u32 j = 0; j < extents->nr_fields; j++) {
			const struct field *f = &extents->fields[j];

			if (strcmp(extents->name, "extents") || strcmp(f->name, "class"))
				continue;
			fields[1].name = f->name;
			fields[1].flags |= MMSCOPE_FIELD_CLASS;
			fields[1].nr_values = f->nr_values;
			fields[1].values = f->values;
		}
	}
}

/* --------------------------------------------------------------------- owners */

enum { PAGES, CLASS, OWNER, MEMCG, MAJOR, MINOR, NAME, NR_COLUMNS };

static const char *const column_names[NR_COLUMNS] = {
	"pages", "class", "owner", "memcg", "dev_major", "dev_minor", "name",
};

/**
 * struct adder - sums under way
 * @columns: of extents
 * @known: those that there are
 * @keys: owners, as rows without sums
 * @sums: of each
 * @room: allocated
 */
struct adder {
	struct column columns[NR_COLUMNS];
	bool known[NR_COLUMNS];
	struct intern keys;
	struct {
		__u64 pages;
		__u64 extents;
	} *sums;
	__u32 room;
};

static __u64 number(const struct adder *a, int column, const void *rec)
{
	__u64 value;

	if (!a->known[column] || !column_number(&a->columns[column], rec, &value))
		return 0;
	return value;
}

static bool add_extent(void *ctx, const void *rec)
{
	struct adder *a = ctx;
	struct owner_row key = {
		.page_class = number(a, CLASS, rec),
		.dev_major = number(a, MAJOR, rec),
		.dev_minor = number(a, MINOR, rec),
		.owner = number(a, OWNER, rec),
		.memcg = number(a, MEMCG, rec),
	};
	const char *name;
	size_t len = 0;
	__u32 i;

	name = a->known[NAME] ? column_name(&a->columns[NAME], rec, &len) : NULL;
	if (name)
		memcpy(key.name, name, len < sizeof(key.name) ? len : sizeof(key.name));
	i = intern_add(&a->keys, &key, sizeof(key));
	if (i >= a->room) {
		a->sums = xrealloc(a->sums, 2 * a->room + 64, sizeof(*a->sums));
		memset(a->sums + a->room, 0, (a->room + 64) * sizeof(*a->sums));
		a->room = 2 * a->room + 64;
	}
	a->sums[i].pages += number(a, PAGES, rec);
	a->sums[i].extents++;
	return true;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner_row *x = a, *y = b;

#define BY(_member)							\
	if (x->_member != y->_member)					\
		return x->_member < y->_member ? -1 : 1
	BY(page_class);
	BY(dev_major);
	BY(dev_minor);
	BY(owner);
	BY(memcg);
#undef BY
	return memcmp(x->name, y->name, sizeof(x->name));
}

/**
 * owners_collect - who has the page frames
 * @s: the source
 * @owners: filled; to be freed with owners_free()
 * @stats: of the walk
 *
 * Return: 0, or -errno with a sentence in s->error.
 */
int owners_collect(struct source *s, struct owners *owners, struct walk_stats *stats)
{
	const struct dataset *ds = source_dataset(s, "extents");
	struct mmscope_walk_arg query;
	struct adder a = { .room = 0 };
	int err;

	*owners = (struct owners){ 0 };
	if (!ds || ds->state == MMSCOPE_STATE_UNAVAILABLE) {
		snprintf(s->error, sizeof(s->error), "extents: not available on this kernel");
		return -EOPNOTSUPP;
	}
	for (int i = 0; i < NR_COLUMNS; i++)
		a.known[i] = column_find(ds, column_names[i], &a.columns[i]);
	source_query(&query);
	err = source_walk(s, ds, &query, 0, add_extent, &a, stats);
	if (!err) {
		owners->nr = a.keys.nr;
		owners->rows = xzalloc(a.keys.nr * sizeof(*owners->rows));
	}
	for (__u32 i = 0; i < owners->nr; i++) {
		memcpy(&owners->rows[i], intern_get(&a.keys, i, NULL), sizeof(*owners->rows));
		owners->rows[i].pages = a.sums[i].pages;
		owners->rows[i].extents = a.sums[i].extents;
	}
	if (owners->nr)
		qsort(owners->rows, owners->nr, sizeof(*owners->rows), compare_owners);
	intern_free(&a.keys);
	free(a.sums);
	return err;
}

void owners_free(struct owners *owners)
{
	free(owners->rows);
	*owners = (struct owners){ 0 };
}

/* -------------------------------------------------------------------- cgroups */

/* nftw() knows no context */
static struct cgroups *wanted;
static size_t below;

static struct cgroup_row *find_cgroup(const struct cgroups *cgroups, __u64 memcg)
{
	for (size_t i = 0; i < cgroups->nr; i++)
		if (cgroups->rows[i].memcg == memcg)
			return &cgroups->rows[i];
	return NULL;
}

static int take_directory(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct cgroup_row *row = type == FTW_D ? find_cgroup(wanted, st->st_ino) : NULL;
	const size_t room = sizeof(row->path) - 1;

	(void)ftw;
	if (!row)
		return 0;
	path += below;
	if (!*path)
		path = "/";
	if (strlen(path) > room)
		path += strlen(path) - room;
	memset(row->path, 0, sizeof(row->path));
	memcpy(row->path, path, strlen(path));
	return 0;
}

/* Where the hierarchy is that charges memory: of the first version if it is there. */
static void find_paths(struct cgroups *cgroups)
{
	const char *root = "/sys/fs/cgroup/memory";

	if (access("/sys/fs/cgroup/memory/memory.stat", F_OK))
		root = "/sys/fs/cgroup";
	wanted = cgroups;
	below = strlen(root);
	nftw(root, take_directory, MAX_OPEN, FTW_PHYS | FTW_MOUNT);
}

/* Add the cgroups that are new among the owners; the tree is read only if there are any. */
void cgroups_learn(struct cgroups *cgroups, const struct owners *owners)
{
	size_t before = cgroups->nr;

	for (size_t i = 0; i < owners->nr; i++) {
		__u64 memcg = owners->rows[i].memcg;

		if (!memcg || find_cgroup(cgroups, memcg))
			continue;
		cgroups->rows = xrealloc(cgroups->rows, cgroups->nr + 1, sizeof(*cgroups->rows));
		cgroups->rows[cgroups->nr++] = (struct cgroup_row){ .memcg = memcg };
	}
	if (cgroups->nr > before)
		find_paths(cgroups);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroups have a number in the records. On the machine that is shown, the file
 * system of cgroups tells their paths.
 */
#include <ftw.h>
#include <string.h>

#include "map.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/**
 * struct cgroup_names - paths by inode
 * @entries: they
 * @nr: how many
 */
struct cgroup_names {
	struct {
		__u64 inode;
		char *path;
	} *entries;
	size_t nr;
};

static struct cgroup_names *reading;	/* nftw() has no argument for its function */

static int note(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct cgroup_names *names = reading;

	(void)ftw;
	if (type != FTW_D)
		return 0;
	path += strlen(CGROUP_ROOT);
	names->entries = xrealloc(names->entries, names->nr + 1, sizeof(*names->entries));
	names->entries[names->nr].inode = st->st_ino;
	names->entries[names->nr].path = strdup(*path ? path : "/");
	if (!names->entries[names->nr++].path)
		die("out of memory");
	return 0;
}

/* What cannot be read has no name, and is no error. */
struct cgroup_names *cgroup_names_read(void)
{
	reading = xzalloc(sizeof(*reading));
	nftw(CGROUP_ROOT, note, 16, FTW_PHYS | FTW_MOUNT);
	return reading;
}

const char *cgroup_name(const struct cgroup_names *names, __u64 inode)
{
	for (size_t i = 0; names && i < names->nr; i++)
		if (names->entries[i].inode == inode)
			return names->entries[i].path;
	return NULL;
}

void cgroup_names_free(struct cgroup_names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->entries[i].path);
	free(names->entries);
	free(names);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page frames by class and owner, summed up from extents; and the paths of the
 * cgroups among the owners. Both are kept in recordings as datasets of their own.
 */
#ifndef OWNERS_H
#define OWNERS_H

#include "source.h"

/* frames of one class, owner and cgroup */
struct owner_row {
	__u32 page_class;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 __reserved;
	__u64 owner;
	__u64 memcg;
	__u64 pages;
	__u64 extents;
	char name[64];
};

struct cgroup_row {
	__u64 memcg;
	char path[120];
};

/**
 * struct owners - all of one moment
 * @rows: owners, in order of class, device, owner, cgroup, name
 * @nr: how many
 */
struct owners {
	struct owner_row *rows;
	size_t nr;
};

int owners_collect(struct source *s, struct owners *owners, struct walk_stats *stats);
void owners_free(struct owners *owners);

/**
 * struct cgroups - paths that were found
 * @rows: they
 * @nr: how many
 */
struct cgroups {
	struct cgroup_row *rows;
	size_t nr;
};

void cgroups_learn(struct cgroups *cgroups, const struct owners *owners);

void owner_dataset(const struct source *s, __u32 id, struct field *fields, struct dataset *ds);
extern const struct dataset cgroup_rows;
#define OWNER_FIELDS 8

#endif

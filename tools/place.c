// SPDX-License-Identifier: GPL-2.0
/*
 * Where on the live machine a file system is mounted, and what a block device is called.
 * The module knows paths below the root of a file system only: it may be mounted at
 * several places, or at others in another namespace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

/**
 * struct places - mount points of whole file systems, as this process sees them
 * @mounts: they
 * @nr: how many
 */
struct places {
	struct mount {
		__u32 major;
		__u32 minor;
		char path[256];
	} *mounts;
	size_t nr;
};

/* What cannot be read is empty, and is no error. */
struct places *places_read(void)
{
	struct places *p = xzalloc(sizeof(*p));
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], root[256];
	struct mount m;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*u %*u %u:%u %255s %255s", &m.major, &m.minor, root,
			   m.path) != 4 || strcmp(root, "/"))
			continue;
		p->mounts = xrealloc(p->mounts, p->nr + 1, sizeof(*p->mounts));
		p->mounts[p->nr++] = m;
	}
	if (f)
		fclose(f);
	return p;
}

/* Where it was mounted first; NULL: nowhere. */
const char *places_mount(const struct places *p, __u32 major, __u32 minor)
{
	for (size_t i = 0; p && i < p->nr; i++)
		if (p->mounts[i].major == major && p->mounts[i].minor == minor)
			return p->mounts[i].path;
	return NULL;
}

void places_free(struct places *p)
{
	if (p)
		free(p->mounts);
	free(p);
}

/* Add "/dev/sda1". False: there is none of that number. */
bool block_name(struct text *t, __u32 major, __u32 minor)
{
	char link[64], target[512];
	const char *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return false;
	target[len] = '\0';
	name = strrchr(target, '/');
	text_add(t, "/dev/%s", name ? name + 1 : target);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every number of /proc/PID/smaps or smaps_rollup, in bytes. Include after process.h.
 */
#ifndef _MMSCOPE_SMAPS_H
#define _MMSCOPE_SMAPS_H

#define SMAPS_UNTOLD (~0ULL)	/* this kernel has no such line */

enum {
	SMAPS_SIZE, SMAPS_RSS, SMAPS_PSS, SMAPS_PSS_DIRTY, SMAPS_PSS_ANON, SMAPS_PSS_FILE,
	SMAPS_PSS_SHMEM, SMAPS_SHARED_CLEAN, SMAPS_SHARED_DIRTY, SMAPS_PRIVATE_CLEAN,
	SMAPS_PRIVATE_DIRTY, SMAPS_REFERENCED, SMAPS_ANON, SMAPS_KSM, SMAPS_LAZYFREE,
	SMAPS_ANON_HUGE, SMAPS_SHMEM_HUGE, SMAPS_FILE_HUGE, SMAPS_SHARED_HUGETLB,
	SMAPS_PRIVATE_HUGETLB, SMAPS_SWAP, SMAPS_SWAP_PSS, SMAPS_LOCKED, SMAPS_THP_ELIGIBLE,
	SMAPS_NR
};

static const char *const smaps_keys[SMAPS_NR] = {
	"Size", "Rss", "Pss", "Pss_Dirty", "Pss_Anon", "Pss_File", "Pss_Shmem", "Shared_Clean",
	"Shared_Dirty", "Private_Clean", "Private_Dirty", "Referenced", "Anonymous", "KSM",
	"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
	"Private_Hugetlb", "Swap", "SwapPss", "Locked", "THPeligible",
};

struct smap {
	uint64_t start, end;
	char name[64];
	uint64_t value[SMAPS_NR];
};

struct smaps {
	struct smap *map;
	size_t nr;
};

static inline void smaps_free(struct smaps *s)
{
	free(s->map);
	memset(s, 0, sizeof(*s));
}

static inline void smaps_line(struct smap *m, const char *line)
{
	size_t len = strcspn(line, ":");
	uint64_t value;

	if (sscanf(line + len, ": %lu", &value) != 1)
		return;
	for (int i = 0; i < SMAPS_NR; i++)
		if (strlen(smaps_keys[i]) == len && !strncmp(line, smaps_keys[i], len))
			m->value[i] = i == SMAPS_THP_ELIGIBLE ? value : value << 10;
}

/* `file` is "smaps" or "smaps_rollup"; 0 or -1 */
static inline int smaps_read_file(pid_t pid, const char *file, struct smaps *s)
{
	char path[64], *text, *line, *save;
	size_t room = 0;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	text = read_file(path);
	if (!text)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct map m;

		if (!parse_maps_line(&m, line)) {
			if (s->nr)
				smaps_line(&s->map[s->nr - 1], line);
			continue;
		}
		if (is_gate(&m))
			continue;
		if (s->nr == room) {
			room = 2 * room + 64;
			s->map = realloc(s->map, room * sizeof(*s->map));
		}
		memset(&s->map[s->nr], 0xff, sizeof(*s->map));
		s->map[s->nr].start = m.start;
		s->map[s->nr].end = m.end;
		snprintf(s->map[s->nr].name, sizeof(s->map->name), "%.60s", m.path);
		s->nr++;
	}
	free(text);
	return 0;
}

static inline int smaps_read(pid_t pid, struct smaps *s)
{
	return smaps_read_file(pid, "smaps", s);
}

static inline bool smaps_same(const struct smaps *a, const struct smaps *b)
{
	return a->nr == b->nr && !memcmp(a->map, b->map, a->nr * sizeof(*a->map));
}

#endif /* _MMSCOPE_SMAPS_H */

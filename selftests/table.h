/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A dataset as text, out of debugfs. What it needs in the kernel is allocated
 * when the file is opened, so reading it does not change what it shows: an ioctl
 * takes and gives back memory while it counts. Include after common.h.
 */
#ifndef _MMSCOPE_TABLE_H
#define _MMSCOPE_TABLE_H

#include <stdbool.h>
#include <time.h>

#define TABLE_COLUMNS	128
#define QUIET_TRIES	100

struct table {
	char *text;			/* becomes the words of one line after the other */
	size_t room;
	char *next;			/* the line that comes next */
	unsigned int nr_columns;
	const char *name[TABLE_COLUMNS];
	unsigned int nr_cells;
	char *cell[TABLE_COLUMNS];	/* of the current line */
};

static inline void table_free(struct table *t)
{
	free(t->text);
	memset(t, 0, sizeof(*t));
}

/* make room beforehand, so that reading takes no memory */
static inline int table_reserve(struct table *t, size_t room)
{
	t->text = calloc(room, 1);
	t->room = t->text ? room : 0;
	if (t->text)
		memset(t->text, ' ', room);
	return t->text ? 0 : -1;
}

static inline unsigned int split_words(char *line, char **words)
{
	unsigned int nr = 0;
	char *save = NULL, *word;

	for (word = strtok_r(line, " ", &save); word && nr < TABLE_COLUMNS;
	     word = strtok_r(NULL, " ", &save))
		words[nr++] = word;
	return nr;
}

/* go to the next line; false at the end */
static inline bool table_next(struct table *t)
{
	char *line = t->next, *end;

	if (!line || !*line)
		return false;
	end = strchr(line, '\n');
	if (!end)
		return false;
	*end = '\0';
	t->next = end + 1;
	t->nr_cells = split_words(line, t->cell);
	return true;
}

static inline int table_open(const char *dataset)
{
	char name[128];

	snprintf(name, sizeof(name), DEBUGFS "/%s", dataset);
	return open(name, O_RDONLY | O_CLOEXEC);
}

/* All of an open file, to where there is room already if possible. Returns 0 or -1. */
static inline int table_fill(struct table *t, int fd)
{
	size_t len = 0;
	ssize_t got;

	for (;;) {
		if (t->room - len < 65536) {
			char *grown = realloc(t->text, 2 * t->room + 65536);

			if (!grown)
				return -1;
			t->text = grown;
			t->room = 2 * t->room + 65536;
		}
		got = read(fd, t->text + len, t->room - len - 1);
		if (got <= 0)
			break;
		len += got;
	}
	t->text[len] = '\0';
	return got;
}

/* after table_fill(): take the names of the columns; table_next() goes on to the lines */
static inline void table_begin(struct table *t)
{
	t->next = t->text;
	table_next(t);
	for (t->nr_columns = 0; t->nr_columns < t->nr_cells; t->nr_columns++)
		t->name[t->nr_columns] = t->cell[t->nr_columns];
}

/*
 * Read a dataset while a file does not change. Returns the text of that file, to
 * be freed; NULL if no moment was quiet.
 */
static inline char *table_quiet(struct table *t, const char *dataset, const char *path)
{
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int i;

	for (i = 0; i < QUIET_TRIES; i++) {
		int fd = table_open(dataset);
		char *before = read_file(path), *after = NULL;

		if (fd >= 0 && before && !table_fill(t, fd))
			after = read_file(path);
		if (fd >= 0)
			close(fd);
		if (before && after && !strcmp(before, after)) {
			free(before);
			table_begin(t);
			return after;
		}
		free(before);
		free(after);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* a cell of the current line, "" if there is no such column */
static inline const char *table_text(const struct table *t, const char *column)
{
	unsigned int i;

	for (i = 0; i < t->nr_columns && i < t->nr_cells; i++)
		if (!strcmp(t->name[i], column))
			return t->cell[i];
	return "";
}

static inline long table_number(const struct table *t, const char *column)
{
	return strtol(table_text(t, column), NULL, 0);
}

#endif /* _MMSCOPE_TABLE_H */

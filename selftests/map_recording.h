/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The recording that pictures are made of in the tests, frame by frame, as the
 * command prints its records; and the command run on it.
 */
#ifndef _MMSCOPE_MAP_RECORDING_H
#define _MMSCOPE_MAP_RECORDING_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mmscope.h>

#define MOST_FRAMES	0x10000		/* of its guest */
#define OUT_ROOM	(16 << 20)

/**
 * struct recording - the recording, unpacked
 * @dir: of files that are made
 * @path: of the recording
 * @command: to be tested
 * @frames: the frame after the last one
 * @class: of each frame
 * @sums: frames of each class
 * @names: of classes
 * @out: stdout of the last run
 * @err: stderr of the last run
 */
struct recording {
	char dir[64];
	char path[96];
	const char *command;
	uint64_t frames;
	uint32_t class[MOST_FRAMES];
	uint64_t sums[MMSCOPE_NR_CLASSES];
	char names[MMSCOPE_NR_CLASSES][48];
	char *out;
	char *err;
};

static inline int read_into(const struct recording *r, const char *name, char *to)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	len = fread(to, 1, OUT_ROOM - 1, f);
	to[len] = '\0';
	fclose(f);
	return 0;
}

static inline int run_line(struct recording *r, const char *format, va_list args)
{
	char line[1024];
	size_t len;
	int status;

	vsnprintf(line, sizeof(line), format, args);
	len = strlen(line);
	snprintf(line + len, sizeof(line) - len, " < /dev/null 2> %s/err", r->dir);
	status = system(line);
	if (read_into(r, "err", r->err) || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Run a line of the shell. Return: its status; what it says on stderr is kept. */
static inline int run_shell(struct recording *r, const char *format, ...)
{
	va_list args;
	int status;

	va_start(args, format);
	status = run_line(r, format, args);
	va_end(args);
	return status;
}

/* Run the command on the recording. Return: its status. */
static inline int run(struct recording *r, const char *format, ...)
{
	char line[512];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	status = run_shell(r, "%s --from %s %s > %s/out", r->command, r->path, line, r->dir);
	return read_into(r, "out", r->out) ? -1 : status;
}

static inline uint32_t class_number(const struct recording *r, const char *name)
{
	uint32_t class = 0;

	while (class < MMSCOPE_CLASS_HOLE && strcmp(r->names[class], name))
		class++;
	return class;
}

/* "class" in the records by name: numbers are had by asking for one at a time. */
static inline int read_classes(struct recording *r)
{
	for (uint32_t class = 0; class < MMSCOPE_NR_CLASSES; class++) {
		if (run(r, "extents -rn -o pfn,pages,class --class %u", class))
			return -1;
		for (char *line = r->out; *line; line = strchr(line, '\n') + 1) {
			unsigned long pfn, pages;

			if (sscanf(line, "%lu %lu %47s", &pfn, &pages, r->names[class]) != 3 ||
			    pfn + pages > MOST_FRAMES)
				return -1;
			r->sums[class] += pages;
			if (class != MMSCOPE_CLASS_HOLE && pfn + pages > r->frames)
				r->frames = pfn + pages;
			while (pages--)
				r->class[pfn + pages] = class;
		}
	}
	return 0;
}

/* Return: 0, or -1 if there is no such recording or command. */
static inline int recording_open(struct recording *r)
{
	snprintf(r->dir, sizeof(r->dir), "/tmp/mmscope-map.XXXXXX");
	r->command = getenv("MMSCOPE");
	if (!r->command)
		r->command = "../tools/mmscope";
	r->out = malloc(OUT_ROOM);
	r->err = malloc(OUT_ROOM);
	for (uint32_t i = 0; i < MOST_FRAMES; i++)
		r->class[i] = MMSCOPE_CLASS_HOLE;
	if (!r->out || !r->err || !mkdtemp(r->dir))
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/map.rec", r->dir);
	setenv("LC_ALL", "C", 1);
	setenv("TERM", "xterm", 1);
	unsetenv("COLORTERM");
	unsetenv("NO_COLOR");
	if (run_shell(r, "gunzip -c recordings/map.rec.gz > %s", r->path))
		return -1;
	return read_classes(r);
}

static inline void recording_close(struct recording *r)
{
	char line[96];

	snprintf(line, sizeof(line), "rm -r %s", r->dir);
	if (system(line))
		fprintf(stderr, "%s is still there\n", r->dir);
	free(r->out);
	free(r->err);
}

#endif

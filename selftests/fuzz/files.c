// SPDX-License-Identifier: GPL-2.0
/*
 * What a fuzzer runs: the mmscope command on a recording. The first byte of the file
 * chooses the command line, the rest is the recording. Samples may be stored without
 * being compressed, so that what is in them can be bent.
 */
#define main mmscope_main
#include "../../tools/mmscope.c"
#undef main

#include <fcntl.h>
#include <sys/mman.h>
#include <zlib.h>

#include "commands.h"

#ifndef __AFL_INIT
#define __AFL_INIT()
#endif

int __wrap_uncompress(Bytef *to, uLongf *room, const Bytef *from, uLong bytes)
{
	if (bytes != *room)
		return __real_uncompress(to, room, from, bytes);
	memcpy(to, from, bytes);
	return Z_OK;
}

/* The recording as a file of its own; which command: the byte before it. */
static int copy_recording(const char *path, unsigned char *which)
{
	int from = open(path, O_RDONLY | O_CLOEXEC), to = memfd_create("recording", 0);
	char buf[65536];
	ssize_t got;

	if (from < 0 || to < 0 || read(from, which, 1) != 1)
		return -1;
	while ((got = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, got) != got)
			return -1;
	close(from);
	return to;
}

int main(int argc, char **argv)
{
	char file[32], line[256], *words[FUZZ_MAX_WORDS];
	int null = open("/dev/null", O_WRONLY);
	unsigned char which;
	int fd, nr;

	__AFL_INIT();
	fd = argc == 2 ? copy_recording(argv[1], &which) : -1;
	if (fd < 0)
		return EXIT_FAILURE;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	nr = fuzz_words(fuzz_commands[which % FUZZ_NR_COMMANDS], line, sizeof(line), file, words);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "mmscope %s\n", fuzz_commands[which % FUZZ_NR_COMMANDS]);
	else
		dup2(null, STDOUT_FILENO);
	return mmscope_main(nr, words);
}

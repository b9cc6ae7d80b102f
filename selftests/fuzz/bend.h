/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tests with bent recordings share: how they are bent, by seeded random numbers,
 * and what may come of it.
 */
#ifndef _MMSCOPE_FUZZ_BEND_H
#define _MMSCOPE_FUZZ_BEND_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/*
 * Leaks of a program that gave up are none; what is too much to allocate is an error; what
 * is freed is not kept for long, as each round copies the process.
 */
const char *__asan_default_options(void)
{
	return "exitcode=99:detect_leaks=0:allocator_may_return_null=1:"
	       "max_allocation_size_mb=1024:quarantine_size_mb=4";
}

const char *__ubsan_default_options(void)
{
	return "exitcode=99:print_stacktrace=1";
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static const uint64_t odd_numbers[] = {
	0, 1, 2, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1ULL << 63, ~0ULL,
	~0ULL - 7, 0x4000000, 0x4000001,
};

static inline size_t pick(size_t n)
{
	return n ? (size_t)rand() % n : 0;
}

static inline void mutate(char *bytes, size_t len)
{
	for (size_t i = 1 + pick(4); i && len >= 8; i--) {
		/* heads are small, but what counts is in them */
		size_t at = pick(3) ? pick(len) : pick(len < 512 ? len : 512);
		uint64_t odd = odd_numbers[pick(sizeof(odd_numbers) / 8)];

		switch (pick(4)) {
		case 0:
			bytes[at] ^= 1 << pick(8);
			break;
		case 1:
			bytes[at] = rand();
			break;
		case 2:
			memcpy(bytes + (at < len - 4 ? at & ~3UL : 0), &odd, 4);
			break;
		case 3:
			memcpy(bytes + (at < len - 8 ? at & ~7UL : 0), &odd, 8);
			break;
		}
	}
}

/* where a child says what it has to say */
static inline int open_words(void)
{
	return open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

/* of a child: from here on it says to @words what is wrong, and is killed if it takes long */
static inline void listen_to(int words, unsigned int seconds)
{
	dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	alarm(seconds);
}

/* Return: the status of the child as a shell has it; in @err what it said to @words */
static inline int wait_for(pid_t pid, int words, char *err, size_t size)
{
	ssize_t got;
	int status;

	waitpid(pid, &status, 0);
	got = pread(words, err, size - 1, 0);
	err[got > 0 ? got : 0] = '\0';
	close(words);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline bool in_order(int status, const char *err)
{
	const char *last = strrchr(err, '\n');

	if (status != 0 && status != 1)
		return false;
	/* one that was cut is told of first */
	return status == 0 || (!strncmp(err, "mmscope: ", 9) && last && !last[1]);
}

#endif

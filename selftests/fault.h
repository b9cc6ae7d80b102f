/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's fault injection: have the n-th allocation or user copy of what this
 * thread does next fail. Include after common.h.
 */
#ifndef _MMSCOPE_FAULT_H
#define _MMSCOPE_FAULT_H

#include <stdbool.h>
#include <time.h>

#define FAULT_DIR	"/sys/kernel/debug/"
/* each of them in turn up to here, then ever fewer; MMSCOPE_FAULTS=all: each */
#define FAULT_EACH	150
#define FAULT_SECONDS	10

static const char *const fault_kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

static inline int fault_write(const char *kind, const char *name, const char *value)
{
	char path[96];
	int fd, err;

	snprintf(path, sizeof(path), FAULT_DIR "%s/%s", kind, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* NULL, or what this kernel lacks */
static inline const char *fault_begin(void)
{
	if (access("/proc/self/fail-nth", W_OK))
		return "no fault injection in this kernel: CONFIG_FAULT_INJECTION";
	if (access(FAULT_DIR "failslab", F_OK) || access(FAULT_DIR "fail_page_alloc", F_OK))
		return "no CONFIG_FAILSLAB or CONFIG_FAIL_PAGE_ALLOC in this kernel";
	for (size_t i = 0; i < ARRAY_LEN(fault_kinds); i++) {
		/* no word in the log for what is meant to be */
		fault_write(fault_kinds[i], "verbose", "0");
		fault_write(fault_kinds[i], "ignore-gfp-wait", "N");
		fault_write(fault_kinds[i], "ignore-gfp-highmem", "N");
		fault_write(fault_kinds[i], "min-order", "0");
	}
	return NULL;
}

/* fail only what is called, at whatever depth, by a function of the kernel; NULL: all */
static inline int fault_only_below(const char *symbol)
{
	char start[32] = "0", end[32] = "0xffffffffffffffff", line[256], name[128];
	FILE *f = symbol ? fopen("/proc/kallsyms", "re") : NULL;
	unsigned long at = 0, here;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %127s", &here, name) != 2)
			continue;
		if (!strcmp(name, symbol))
			at = here;
		else if (at && here > at)
			break;
	}
	if (f)
		fclose(f);
	if (symbol && !at)
		return -1;
	if (symbol) {
		snprintf(start, sizeof(start), "0x%lx", at);
		snprintf(end, sizeof(end), "0x%lx", here);
	}
	for (size_t i = 0; i < ARRAY_LEN(fault_kinds); i++) {
		fault_write(fault_kinds[i], "require-start", start);
		fault_write(fault_kinds[i], "require-end", end);
	}
	return 0;
}

static inline int fault_handle(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

static inline bool fault_set(int fd, uint32_t nth)
{
	char text[16];
	int nr = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(fd, text, nr, 0) == nr;
}

/* has the fault been injected? None is to come any more. */
static inline bool fault_taken(int fd)
{
	char text[16] = "";
	/* who reads this copies to the user, which may be what fails now */
	const bool taken = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	/* and so may who writes it */
	while (!fault_set(fd, 0))
		;
	return taken;
}

static inline double fault_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* what a thing that is done does, its faults, and what must be true or undone after it */
struct fault_op {
	int (*run)(void *arg);		/* 0 or -errno */
	int (*check)(void *arg);	/* after success: 0 or -errno; may be NULL */
	void *arg;
	uint32_t seconds;		/* for all but the last run; 0: some */
};

/* how it went */
struct fault_score {
	uint32_t faults, no_memory, bad_copy, borne;
	bool each;
};

static inline uint32_t fault_next(uint32_t nth)
{
	const char *all = getenv("MMSCOPE_FAULTS");

	return nth + (nth < FAULT_EACH || (all && !strcmp(all, "all")) ? 1 : nth / 20);
}

/*
 * Run it with one fault after the other until it meets none. Returns 0, or -errno of
 * a run that ended otherwise than it may: without memory, with a copy that failed, or
 * well.
 */
static inline int fault_each(const struct fault_op *op, struct fault_score *s)
{
	const double until = fault_now() + (op->seconds ?: FAULT_SECONDS);
	int fd = fault_handle(), err, checked;
	bool taken;

	memset(s, 0, sizeof(*s));
	s->each = true;
	for (uint32_t nth = 1; fd >= 0; nth = fault_next(nth)) {
		const bool late = fault_now() > until && !getenv("MMSCOPE_FAULTS");

		s->each &= nth == s->faults + 1;
		/* late: the run that counts, without any */
		fault_set(fd, late ? 0 : nth);
		err = op->run(op->arg);
		taken = fault_taken(fd) && !late;
		checked = !err && op->check ? op->check(op->arg) : 0;
		s->each &= !late;
		if (!taken)
			break;
		s->faults++;
		s->no_memory += err == -ENOMEM;
		s->bad_copy += err == -EFAULT;
		s->borne += !err;
		if (checked || (err && err != -ENOMEM && err != -EFAULT)) {
			fprintf(stderr, "# fault %u: %s%s\n", nth, strerror(-(checked ?: err)),
				checked ? " in what it left" : "");
			close(fd);
			return checked ?: err;
		}
	}
	if (fd < 0)
		return -errno;
	close(fd);
	return err ?: checked;
}

#endif /* _MMSCOPE_FAULT_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the benchmark share: tasks, each done by mmscope and by its
 * peers, and states of memory to do them in.
 */
#ifndef _MMSCOPE_BENCH_H
#define _MMSCOPE_BENCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "../common.h"
#include "../fixture.h"
#include "../frames.h"

/* of the guests of scripts/bench; a call would cost where instructions are counted */
#undef PAGE
#define PAGE 4096UL

/* what most readers read into */
#define BIG (4 << 20)

#define MAX_RUNS 64

struct bench {
	int device;
	int fixture;
	unsigned int runs;
	char *big;		/* BIG bytes, there before they are read into */
	struct fixture_memmap memmap;
};

/* does the task once; items done, ~0: it cannot be done here */
typedef uint64_t (*bench_fn)(struct bench *b, const void *arg);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* the table: a task, its rows, and the tools that are only quoted */
void bench_task(const char *task, uint64_t items, const char *item);
void bench_run(struct bench *b, const char *tool, bench_fn fn, const void *arg);
void bench_figure(const char *tool, uint64_t items, uint64_t ns);
uint64_t bench_median(uint64_t *ns, unsigned int nr);
void bench_quote(const char *tool, const char *ns_per_item);

/* runs.c: one way to do a task each */
uint64_t run_walk(struct bench *b, const void *arg);	/* struct mmscope_walk_arg */
uint64_t run_files(struct bench *b, const void *arg);	/* NULL-ended paths */
uint64_t run_program(struct bench *b, const void *arg);	/* argv */
uint64_t run_memmap(struct bench *b, const void *arg);	/* int: all bytes? */
uint64_t run_rmap(struct bench *b, const void *arg);	/* struct rmap_job */
uint64_t run_rmap_join(struct bench *b, const void *arg);
uint64_t run_kcore(struct bench *b, const void *arg);	/* kcore.c */

struct rmap_job {
	const uint64_t *pfns;
	uint32_t nr;
	uint64_t found;		/* mappings, to compare the ways */
};

void bench_latency(struct bench *b);			/* latency.c */
void bench_processes(struct bench *b);			/* process.c */
void bench_resched(struct bench *b);			/* resched.c */
void bench_scale(struct bench *b, unsigned int divisor);	/* scale.c */

/* load.c: states of memory */
void load_fill(unsigned int permille, unsigned int punch);
void load_free(void);
uint32_t load_mappers(unsigned int nr, size_t pages, uint64_t *pfns, uint32_t room);

#endif /* _MMSCOPE_BENCH_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * What a process that maps and unmaps memory feels of being read.
 */
#include "bench.h"
#include "../latency.h"

#define MEMORY	(64UL << 20)

static uint64_t median_p99(struct bench *b, struct latency *l, latency_sweep sweep, void *arg)
{
	uint64_t p99[MAX_RUNS];

	for (unsigned int i = 0; i < b->runs; i++) {
		p99[i] = latency_p99(l, sweep, arg);
		if (!p99[i])
			die("a reader of the writer's memory failed");
	}
	return bench_median(p99, b->runs);
}

/**
 * bench_latency - p99 of a writer alone, and with each reader
 * @b: the benchmark
 */
void bench_latency(struct bench *b)
{
	struct latency_dataset vmas = { .fd = b->device, .dataset = MMSCOPE_DS_VMAS };
	struct latency_dataset tables = { .fd = b->device, .dataset = MMSCOPE_DS_PAGETABLES };
	struct latency_dataset mappings = { .fd = b->device, .dataset = MMSCOPE_DS_MAPPINGS };
	struct latency l;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("\nwriter's p99: needs two CPUs\n");
		return;
	}
	if (latency_begin(&l, MEMORY))
		die("no writer");
	bench_task("p99 of mmap + touch + munmap, 64M being read meanwhile", 1, "operation");
	bench_figure("nobody reads", 1, median_p99(b, &l, NULL, NULL));
	bench_figure("mmscope vmas", 1, median_p99(b, &l, latency_walk, &vmas));
	bench_figure("mmscope pagetables", 1, median_p99(b, &l, latency_walk, &tables));
	bench_figure("mmscope mappings", 1, median_p99(b, &l, latency_walk, &mappings));
	bench_figure("smaps_rollup", 1, median_p99(b, &l, latency_read, "smaps_rollup"));
	bench_figure("smaps", 1, median_p99(b, &l, latency_read, "smaps"));
	latency_end(&l);
	printf("  (longest hold of mmap_lock: pagetables %lu ns, mappings %lu ns)\n",
	       tables.max_lock_ns, mappings.max_lock_ns);
}

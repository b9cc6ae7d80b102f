// SPDX-License-Identifier: GPL-2.0
/*
 * What a process feels of being read: it maps, touches and unmaps memory while
 * each process dataset is read again and again. Its p99 has at most doubled, and is at
 * most what it is beside smaps_rollup in the same round. The CPUs of an emulated
 * machine wake up as late as its host lets them, which disturbs any single round: one
 * that is good is asked for.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "latency.h"

#define MEMORY	(64UL << 20)
#define ROUNDS	12

FIXTURE(latency)
{
	int fd;
	struct latency l;
};

FIXTURE_SETUP(latency)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, latency_begin(&self->l, MEMORY));
}

FIXTURE_TEARDOWN(latency)
{
	latency_end(&self->l);
	close(self->fd);
}

/* is there a round in which the dataset did not disturb much? */
static bool gentle(FIXTURE_DATA(latency) *self, uint32_t dataset, const char *name)
{
	struct latency_dataset d = { .fd = self->fd, .dataset = dataset };
	bool good = false;

	for (int round = 0; round < ROUNDS && !good; round++) {
		uint64_t idle = latency_p99(&self->l, NULL, NULL);
		uint64_t ours = latency_p99(&self->l, latency_walk, &d);
		uint64_t after = latency_p99(&self->l, NULL, NULL);
		uint64_t foil = latency_p99(&self->l, latency_read, "smaps_rollup");

		/* nobody's luck: the worse of the two beside which it is not twice as long */
		if (after > idle)
			idle = after;
		good = ours && foil && ours <= foil && ours <= 2 * idle;
		fprintf(stderr, "# p99 of a writer, ns: alone %lu, %s %lu, smaps_rollup %lu; longest hold %lu\n",
			idle, name, ours, foil, d.max_lock_ns);
	}
	return good;
}

TEST_F_TIMEOUT(latency, a_writers_p99_at_most_doubles, 400)
{
	struct mmscope_info info = { .size = sizeof(info) };
	int nr = 0;

	ASSERT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_INFO, &info));
	for (uint32_t id = 0; id < info.nr_datasets; id++) {
		struct mmscope_describe desc = describe_arg(id);

		if (ioctl(self->fd, MMSCOPE_IOC_DESCRIBE, &desc) ||
		    !(desc.flags & MMSCOPE_DATASET_PROCESS) ||
		    desc.flags & MMSCOPE_DATASET_POINT ||
		    desc.state == MMSCOPE_STATE_UNAVAILABLE)
			continue;
		nr++;
		EXPECT_TRUE(gentle(self, id, desc.name)) {
			TH_LOG("%s", desc.name);
		}
	}
	EXPECT_LE(3, nr);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that nobody would make, in a world that changes under them: the device's
 * ioctls and all else a file has, the text files. Judged is what must never be, not
 * what is true: an errno that is not in the manual, a byte behind the buffer, more
 * records than fit, a call that does not return; and, by who runs the guest, what
 * the kernel logs.
 *
 * The suite makes some thousand calls. scripts/fuzz makes as many as are asked for:
 *	fuzz_test [--seed S] [--calls N] [--seconds N] [--reload] [--hooks]
 *	fuzz_test --seed S --worker W --from N [--calls M]	(these again, each named)
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "common.h"
#include "fuzz.h"
#include "fuzz_place.h"
#include "fuzz_call.h"
#include "fuzz_point.h"
#include "fuzz_file.h"
#include "fuzz_world.h"
#include "fuzz_run.h"

#define SUITE_CALLS	40000
#define SUITE_SECONDS	40
#define SUITE_RELOADS	20

static struct fuzz_shared *fuzz_shared(uint64_t seed, uint64_t calls)
{
	struct fuzz_shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (s == MAP_FAILED)
		return NULL;
	s->seed = seed ? seed : fuzz_mix(fuzz_now());
	s->wanted = calls;
	return fuzz_learn(s) ? NULL : s;
}

FIXTURE(fuzz)
{
	struct fuzz_shared *s;
};

FIXTURE_SETUP(fuzz)
{
	self->s = fuzz_shared(0, SUITE_CALLS);
	ASSERT_NE(NULL, self->s);
	/*
	 * Tracepoints are switched by the kernel's own patching of its text. An emulated CPU
	 * may run the breakpoint that is there meanwhile once it has gone, which is a panic;
	 * tracefs alone can bring it about, without the module. A test of its own switches
	 * them (event_test), and scripts/fuzz --hooks does, on one CPU.
	 */
	self->s->no_hooks = true;
}

FIXTURE_TEARDOWN(fuzz)
{
	fuzz_report(self->s);
	munmap(self->s, sizeof(*self->s));
}

TEST_F_TIMEOUT(fuzz, nothing_breaks_it, 600)
{
	fuzz_run(self->s, SUITE_SECONDS);
	EXPECT_EQ(0, self->s->bad);
	/* most mean something */
	EXPECT_LT(self->s->calls / 10, self->s->count[FUZZ_WALK][0]);
	EXPECT_LT(0, self->s->kills);
}

TEST_F_TIMEOUT(fuzz, nor_does_it_while_the_module_comes_and_goes, 600)
{
	if (!getenv("MMSCOPE_KO"))
		SKIP(return, "MMSCOPE_KO does not say where the module is");
	self->s->reload = true;
	self->s->wanted = SUITE_CALLS / 4;
	fuzz_run(self->s, SUITE_SECONDS / 2);
	EXPECT_EQ(0, self->s->bad);
	/* tried it has; whether it found a moment in which nobody had a file open is luck */
	EXPECT_LT(0, self->s->reloads + self->s->refused);
	EXPECT_EQ(0, access(DEVICE, F_OK));
}

/* ------------------------------------------------------------------ as a command */

static uint64_t option(int argc, char **argv, const char *name, uint64_t otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return strtoull(argv[i + 1], NULL, 0);
	return otherwise;
}

static bool has_option(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return false;
}

static int command(int argc, char **argv)
{
	struct fuzz_shared *s = fuzz_shared(option(argc, argv, "--seed", 0),
					    option(argc, argv, "--calls", 100000));
	const uint64_t worker = option(argc, argv, "--worker", FUZZ_NR_ROLES);

	if (!s) {
		fprintf(stderr, "# %s: %s\n", DEVICE, strerror(errno));
		return 1;
	}
	printf("# seed %lu\n", s->seed);
	fflush(stdout);
	s->trace = has_option(argc, argv, "--trace") || worker < FUZZ_NR_ROLES;
	s->reload = has_option(argc, argv, "--reload");
	s->no_hooks = !has_option(argc, argv, "--hooks");
	if (worker < FUZZ_NR_ROLES) {
		fuzz_targets_begin(s);
		fuzz_targets_go_on(s);
		fuzz_replay(s, worker, option(argc, argv, "--from", 0));
	}
	fuzz_run(s, option(argc, argv, "--seconds", 0));
	fuzz_report(s);
	return s->bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "--life"))
		live(atoi(argv[2]), strtoull(argv[3], NULL, 10));
	if (argc > 1 && !strncmp(argv[1], "--", 2))
		return command(argc, argv);
	return test_harness_run(argc, argv);
}

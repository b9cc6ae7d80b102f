// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that lacks something: each symbol, struct member and tracepoint that the
 * module looks for is hidden from it in turn (hide=), then BTF, kallsyms and everything
 * at once. The module must load; a dataset is there or says why not; and a number that
 * does not move while nothing is hidden is the same as it was, or unknown.
 */
#include <kselftest_harness.h>

#include <sys/syscall.h>

#include "common.h"
#include "missing.h"

#define LOOKS 8	/* to learn what moves */

/* where a name stands for more than the columns that it fills: what changes then, and why */
static const struct {
	const char *hidden;
	const char *dataset;
} told[] = {
	/* what has no owner and no class of its own then belongs to the rest */
	{ "", "extents" },
	{ "", "accounting" },
	{ "", "census" },
	{ "", "blockers" },
	{ "", "frames" },
};

FIXTURE(missing) {
	struct names names;
	struct snapshot base, again, hidden;
	struct moving moving;
};

FIXTURE_SETUP(missing)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, names_read(&self->names));
	ASSERT_LT(100, self->names.nr);
	ASSERT_EQ(0, snapshot_take(&self->base));
	for (int i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, module_load(""));
		ASSERT_EQ(0, snapshot_take(&self->again));
		note_moving(&self->base, &self->again, &self->moving);
	}
}

FIXTURE_TEARDOWN(missing)
{
	EXPECT_EQ(0, module_load(""));
}

static bool is_told(const char *hidden, const char *dataset)
{
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (!strcmp(told[i].dataset, dataset) &&
		    (!*told[i].hidden || !strcmp(told[i].hidden, hidden)))
			return true;
	return false;
}

/* With this hidden: what is wrong, in sentences on stderr. Return: how much. */
static int wrong_without(FIXTURE_DATA(missing) *self, const char *hide)
{
	int wrong = 0;

	if (module_load(hide) || snapshot_take(&self->hidden))
		return 1;
	wrong += states_wrong(hide, &self->base, &self->hidden);
	wrong += files_wrong(hide, &self->hidden);
	for (uint32_t id = 0; id < self->base.nr; id++) {
		struct difference d;

		if (is_told(hide, self->base.set[id].name) ||
		    !differs(&self->base, &self->hidden, id, &self->moving, &d))
			continue;
		/* or did it move by itself? */
		if (module_load("") || snapshot_take(&self->again))
			return wrong + 1;
		note_moving(&self->base, &self->again, &self->moving);
		if (module_load(hide) || snapshot_take(&self->hidden))
			return wrong + 1;
		if (!differs(&self->base, &self->hidden, id, &self->moving, &d))
			continue;
		fprintf(stderr, "# without %s: %s.%s of record %zu: %#lx, not %#lx\n", hide,
			self->base.set[id].name, d.field, d.record, d.is, d.was);
		wrong++;
	}
	return wrong;
}

TEST_F_TIMEOUT(missing, each_name_alone, 900)
{
	int wrong = 0;

	for (size_t i = 0; i < self->names.nr; i++)
		wrong += wrong_without(self, self->names.name[i]);
	EXPECT_EQ(0, wrong);
	TH_LOG("%zu names hidden", self->names.nr);
}

TEST_F_TIMEOUT(missing, all_of_a_kind, 300)
{
	EXPECT_EQ(0, wrong_without(self, "kallsyms_lookup_name"));
	EXPECT_EQ(0, wrong_without(self, "btf"));
	EXPECT_EQ(0, wrong_without(self, "all"));
}

TEST_HARNESS_MAIN

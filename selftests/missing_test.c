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

#define LOOKS 5	/* to learn what moves */

/* where a name stands for more than columns: what may change then, if `features` says so */
static const char *const told[] = {
	/* what has no owner and no class of its own then belongs to the rest: degraded */
	"extents",
	"accounting",
	"census",
	"blockers",
	"frames",
	"pages",
	"memcg_pages",
	"forecast",
	/* a kernel without CPUs' partial lists has no such member: then there are none */
	"slab_use",
	"slabs",
};

/* too large for a stack */
static struct names names;
static struct snapshot base, again, hidden;
static struct moving moving;

FIXTURE(missing) {
	int nothing;
};

FIXTURE_SETUP(missing)
{
	ASSERT_EQ(0, module_load(""));
	ASSERT_EQ(0, names_read(&names));
	ASSERT_LT(100, names.nr);
	ASSERT_EQ(0, snapshot_take(&base));
	for (int i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, module_load(""));
		ASSERT_EQ(0, snapshot_take(&again));
		note_moving(&base, &again, &moving);
	}
}

FIXTURE_TEARDOWN(missing)
{
	EXPECT_EQ(0, module_load(""));
}

static bool is_told(const struct taken *t)
{
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (!strcmp(told[i], t->name))
			return t->state == MMSCOPE_STATE_DEGRADED;
	return false;
}

/* who may see addresses is not known then, so they are hidden: rights_address_test */
static bool hides_addresses(const char *hide, const char *name)
{
	return !strcmp(hide, "kptr_restrict") &&
	       (!strcmp(name, "vmallocs") || !strcmp(name, "kernel_mappings"));
}

/* Is it so each time, or did it move by itself? Return: that, or -1. */
static int stays_different(const char *hide, uint32_t id, struct difference *d)
{
	for (int look = 0; differs(&base, &hidden, id, &moving, d); look++) {
		if (look == LOOKS)
			return 1;
		if (module_load("") || snapshot_take(&again))
			return -1;
		note_moving(&base, &again, &moving);
		if (module_load(hide) || snapshot_take(&hidden))
			return -1;
	}
	return 0;
}

/* With this hidden: what is wrong, in sentences on stderr. Return: how much. */
static int wrong_without(const char *hide)
{
	int wrong = 0;

	if (module_load(hide) || snapshot_take(&hidden))
		return 1;
	wrong += states_wrong(hide, &base, &hidden);
	wrong += files_wrong(hide, &hidden);
	for (uint32_t id = 0; id < base.nr; id++) {
		struct difference d;
		int ret = 0;

		if (!is_told(&hidden.set[id]) && !hides_addresses(hide, base.set[id].name))
			ret = stays_different(hide, id, &d);
		if (ret < 0)
			return wrong + 1;
		if (!ret)
			continue;
		fprintf(stderr, "# without %s: %s.%s of record %zu: %#lx, not %#lx\n", hide,
			base.set[id].name, d.field, d.record, d.is, d.was);
		wrong++;
	}
	return wrong;
}

TEST_F_TIMEOUT(missing, each_name_alone, 900)
{
	int wrong = 0;

	for (size_t i = 0; i < names.nr; i++)
		wrong += wrong_without(names.name[i]);
	EXPECT_EQ(0, wrong);
	TH_LOG("%zu names hidden", names.nr);
}

TEST_F_TIMEOUT(missing, all_of_a_kind, 300)
{
	EXPECT_EQ(0, wrong_without("kallsyms_lookup_name"));
	EXPECT_EQ(0, wrong_without("btf"));
	EXPECT_EQ(0, wrong_without("all"));
}

TEST_HARNESS_MAIN

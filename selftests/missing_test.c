// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that lacks something: each symbol, struct member and tracepoint that the
 * module looks for is hidden from it in turn (hide=), then BTF, kallsyms and everything
 * at once. The module must load; a dataset is there or says why not; and a number that
 * does not move while nothing is hidden is the same as it was, or unknown.
 */
#include <kselftest_harness.h>

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"
#include "missing.h"

#define LOOKS 5	/* to learn what moves */
#define TRIES 20	/* a real difference is there however often one looks */
#define MEMORY "/sys/devices/system/memory"

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
	/* a forecast that is then unknown, or unsure */
	"faults",
};

/* too large for a stack */
static struct names names;
static struct snapshot base, again, hidden;
static struct moving moving;

/* How the module itself lies in memory: by chance, and often by the same chance again. */
static void note_placement(void)
{
	for (uint32_t i = 0; i < base.set[MMSCOPE_DS_VMALLOCS].nr_fields; i++) {
		const char *name = base.set[MMSCOPE_DS_VMALLOCS].field[i].name;

		moving.field[MMSCOPE_DS_VMALLOCS][i] |= !strcmp(name, "runs") ||
							!strcmp(name, "longest_run_pages");
	}
}

/*
 * Load the module without a name, "" for none, or all. The kernel keeps the option: it is
 * as long each time, so that no slab is there only while something is hidden.
 */
static int load_without(const char *hide)
{
	char padded[sizeof(names.name[0])];
	size_t len = strlen(hide);

	if (!strcmp(hide, "all"))
		return module_load(hide);
	memset(padded, ',', sizeof(padded));
	memcpy(padded, hide, len);
	padded[sizeof(padded) - 1] = '\0';
	return module_load(padded);
}

FIXTURE(missing) {
	int nothing;
};

FIXTURE_SETUP(missing)
{
	ASSERT_EQ(0, load_without(""));
	ASSERT_EQ(0, names_read(&names));
	ASSERT_LT(50, names.nr);
	ASSERT_EQ(0, snapshot_take(&base));
	note_placement();
	for (int i = 0; i < LOOKS; i++) {
		ASSERT_EQ(0, load_without(""));
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
		if (look == TRIES)
			return 1;
		if (load_without("") || snapshot_take(&again))
			return -1;
		note_moving(&base, &again, &moving);
		if (load_without(hide) || snapshot_take(&hidden))
			return -1;
	}
	return 0;
}

/* With this hidden: what is wrong, in sentences on stderr. Return: how much. */
static int wrong_without(const char *hide)
{
	int wrong = 0;

	if (load_without(hide) || snapshot_take(&hidden))
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

static int is_block(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "memory", 6);
}

/* The last block of memory: of one zone, else the kernel refuses it at once. */
static bool find_memory_block(char *path, size_t size)
{
	struct dirent **list;
	int nr = scandir(MEMORY, &list, is_block, versionsort);

	for (int i = 0; i < nr; i++) {
		if (i == nr - 1)
			snprintf(path, size, MEMORY "/%s/state", list[i]->d_name);
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
	return nr > 0;
}

/*
 * Try to take memory away. That it can be is not wanted: the kernel, who tries, waits for
 * all that keep memory in place, for ever if there is one more or one less than it knows.
 */
static bool memory_is_let_go(const char *path)
{
	pid_t child = fork();

	if (!child) {
		if (!write_file(path, "offline"))
			write_file(path, "online");
		_exit(0);
	}
	for (int i = 0; i < 600; i++) {
		if (waitpid(child, NULL, WNOHANG))
			return true;
		usleep(100000);
	}
	kill(child, SIGKILL);
	return false;
}

/* one name takes a lock, the other gives it back */
TEST_F_TIMEOUT(missing, half_of_a_lock, 300)
{
	char path[320];

	if (!find_memory_block(path, sizeof(path)))
		SKIP(return, "this kernel takes no memory away");
	EXPECT_EQ(0, wrong_without("get_online_mems"));
	ASSERT_TRUE(memory_is_let_go(path));
	EXPECT_EQ(0, wrong_without("put_online_mems"));
	ASSERT_TRUE(memory_is_let_go(path));
}

TEST_F_TIMEOUT(missing, all_of_a_kind, 300)
{
	EXPECT_EQ(0, wrong_without("kallsyms_lookup_name"));
	EXPECT_EQ(0, wrong_without("btf"));
	EXPECT_EQ(0, wrong_without("all"));
}

TEST_HARNESS_MAIN

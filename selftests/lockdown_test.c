// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that is locked down while the module is loaded: what is refused then, and
 * what is not. There is no way back, so all is one test, in a guest of its own. What
 * the kernel itself refuses (/proc/kcore) and does not (/proc/PID/pagemap) is compared.
 */
#include <kselftest_harness.h>

#include "common.h"
#include "missing.h"
#include "rights.h"

#define LOCKDOWN "/sys/kernel/security/lockdown"

/* what shows raw entries of page tables, or addresses of the kernel */
static const char *const raw[] = { "ptes", "translations", "kernel_mappings", "vmallocs" };

static bool is_raw(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(raw); i++)
		if (!strcmp(raw[i], name))
			return true;
	return false;
}

/* The state of each dataset, and what the device and its file say, agree. */
static int wrong_states(int fd, bool confidential)
{
	int wrong = 0;

	for (uint32_t id = 0; id < MISSING_DATASETS; id++) {
		struct mmscope_describe d = describe_arg(id);
		struct mmscope_walk_arg arg = walk_arg(id);
		bool refused, off;
		char path[128];
		struct answer a;
		int err, file;

		if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &d))
			break;
		refused = confidential && is_raw(d.name);
		off = d.state == MMSCOPE_STATE_UNAVAILABLE;
		if (refused != (off && !!strstr(d.detail, "locked down"))) {
			fprintf(stderr, "# %s: state %u, %s\n", d.name, d.state, d.detail);
			wrong++;
		}
		if (d.flags & MMSCOPE_DATASET_PFN)
			arg.end = 0x400;
		err = walk_all(fd, arg, &a);
		answer_free(&a);
		/* what is asked for by other calls, and what this machine has not */
		if (refused ? err != -EPERM : err && err != -EOPNOTSUPP) {
			fprintf(stderr, "# %s: errno %d\n", d.name, -err);
			wrong++;
		}
		snprintf(path, sizeof(path), DEBUGFS "/%s%s",
			 d.flags & MMSCOPE_DATASET_PROCESS ? "process/self/" : "", d.name);
		if (access(path, F_OK) || (off && !refused))
			continue;
		file = open(path, O_RDONLY);
		if (refused ? file >= 0 || errno != EPERM : file < 0) {
			fprintf(stderr, "# %s: opens: %d\n", path, file >= 0);
			wrong++;
		}
		close(file);
	}
	return wrong;
}

static int translate_errno(int fd)
{
	uint64_t addr = (uintptr_t)&fd;
	struct mmscope_translation rec;
	struct mmscope_translate_arg arg = {
		.size = sizeof(arg), .nr = 1, .addrs = (uintptr_t)&addr, .buf = (uintptr_t)&rec,
	};

	return ioctl(fd, MMSCOPE_IOC_TRANSLATE, &arg) ? errno : 0;
}

static int open_errno(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static bool has(const char *path, const char *word)
{
	char *text = read_file(path);
	bool found = text && strstr(text, word);

	free(text);
	return found;
}

/* What the command says when there is no module; and it has to say something. */
static bool tells_of_signatures(void)
{
	char line[512] = "";
	FILE *f = popen("mmscope zones 2>&1", "r");

	if (!f || !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		pclose(f);
	return strstr(line, "not loaded") && strstr(line, "only signed modules");
}

static int module_unload(void)
{
	return syscall(SYS_delete_module, "mmscope", O_NONBLOCK) ? -errno : 0;
}

static void close_all(int fd, int file, int begun)
{
	close(fd);
	close(file);
	close(begun);
}

TEST(what_is_refused_at_each_level)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);
	int fd = open_device(), file, begun, err;
	char buf[4096];

	if (access(LOCKDOWN, W_OK))
		SKIP(return, "this kernel cannot be locked down");
	if (!has(LOCKDOWN, "[none]"))
		SKIP(return, "this kernel is locked down already");
	need_symbol("init_mm");
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, wrong_states(fd, false));
	EXPECT_EQ(0, translate_errno(fd));

	ASSERT_EQ(0, write_file(LOCKDOWN, "integrity"));
	EXPECT_EQ(0, wrong_states(fd, false));
	EXPECT_EQ(0, translate_errno(fd));

	file = open(DEBUGFS "/vmallocs", O_RDONLY);
	begun = open(DEBUGFS "/kernel_mappings", O_RDONLY);
	ASSERT_LE(0, file);
	ASSERT_LT(0, read(begun, buf, sizeof(buf)));
	arg.buf = (uintptr_t)buf;
	arg.buf_bytes = 4 * sizeof(struct mmscope_kernel_mapping);
	ASSERT_EQ(0, ioctl(fd, MMSCOPE_IOC_WALK, &arg));

	ASSERT_EQ(0, write_file(LOCKDOWN, "confidentiality"));
	EXPECT_EQ(0, wrong_states(fd, true));
	EXPECT_EQ(EPERM, translate_errno(fd));
	/* nor does what was open or begun before go on */
	EXPECT_EQ(-1, ioctl(fd, MMSCOPE_IOC_WALK, &arg));
	EXPECT_EQ(EPERM, errno);
	while ((err = read(file, buf, sizeof(buf))) > 0)
		EXPECT_EQ(NULL, memchr(buf, '\n', err - 1));	/* the line of names */
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(EPERM, open_errno("/proc/kcore"));
	EXPECT_EQ(0, open_errno("/proc/self/pagemap"));
	EXPECT_EQ(0, open_errno("/proc/kpageflags"));
	close_all(fd, file, begun);

	ASSERT_EQ(0, module_unload());
	err = module_load("");
	/* one whose key the kernel has is signed, others are not */
	if (err) {
		EXPECT_EQ(-EPERM, err);
		EXPECT_TRUE(tells_of_signatures());
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope attach, detach: debugfs files for one process.
 */
#include "cmd.h"

static __u32 only_pid(const char *command, int argc, char **argv)
{
	if (argc != 1)
		die("%s wants one process: mmscope %s PID", command, command);
	return parse_pid(argv[0]);
}

void cmd_attach(struct source *s, const struct options *o, int argc, char **argv)
{
	__u32 pid = only_pid("attach", argc, argv), name;

	(void)o;
	if (!pid)
		die("there is no need to attach to oneself: see process/self in debugfs");
	if (source_process(s, MMSCOPE_IOC_ATTACH, pid, &name))
		die("%s", s->error);
	printf("/sys/kernel/debug/mmscope/process/%u\n", name);
}

void cmd_detach(struct source *s, const struct options *o, int argc, char **argv)
{
	__u32 pid = only_pid("detach", argc, argv);

	(void)o;
	if (source_process(s, MMSCOPE_IOC_DETACH, pid, NULL))
		die("%s", s->error);
}

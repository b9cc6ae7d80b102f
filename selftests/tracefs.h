/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own record of its tracepoints, in an instance of tracefs. Include
 * after common.h.
 */
#ifndef _TRACEFS_H
#define _TRACEFS_H

#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define TRACEFS	 "/sys/kernel/tracing"
#define INSTANCE TRACEFS "/instances/mmscope_test"

static inline int trace_set(const char *value, const char *format, ...)
{
	char path[256];
	va_list args;
	int len = snprintf(path, sizeof(path), INSTANCE "/");

	va_start(args, format);
	vsnprintf(path + len, sizeof(path) - len, format, args);
	va_end(args);
	return write_file(path, value);
}

/* An instance of our own: nothing that is set here is seen outside. */
static inline int trace_open(const char *const *events, size_t nr)
{
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL) && errno != EBUSY)
		return -errno;
	rmdir(INSTANCE);
	if (mkdir(INSTANCE, 0700))
		return -errno;
	if (trace_set("mono", "trace_clock") || trace_set("16384", "buffer_size_kb"))
		return -EIO;
	for (size_t i = 0; i < nr; i++)
		if (trace_set("1", "events/%s/enable", events[i]))
			return -ENOENT;
	return 0;
}

/* What was traced, once no more is; NULL if some of it was overwritten. */
static inline char *trace_read(const char *const *events, size_t nr)
{
	char path[128], *text;
	uint64_t lost = 1;

	for (size_t i = 0; i < nr; i++)
		trace_set("0", "events/%s/enable", events[i]);
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%d/stats", cpu);
		if (read_number(path, "overrun", &lost) || lost)
			return NULL;
	}
	text = read_file(INSTANCE "/trace");
	return text;
}

static inline void trace_close(void)
{
	rmdir(INSTANCE);
}

#endif /* _TRACEFS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's log of an OOM, and whether anybody listens to the OOM killer.
 * Include after process.h.
 */
#ifndef _MMSCOPE_OOM_H
#define _MMSCOPE_OOM_H

#include <elf.h>
#include <sys/klog.h>

/* the last occurrence */
static inline char *find_last(char *text, const char *what)
{
	char *found = NULL, *p = text;

	while (p && (p = strstr(p, what)))
		found = p++;
	return found;
}

#define LOG_MARK "mmscope selftest: the next OOM"

/*
 * The kernel tells of an OOM in full ten times in 5 seconds (oom_kill_process()): without
 * the pause, the tests before have used that up on a fast machine.
 */
static inline int expect_oom_in_log(void)
{
	sleep(6);
	return write_file("/dev/kmsg", LOG_MARK);
}

/* the kernel's log since the last mark, to be freed; NULL */
static inline char *kernel_log(void)
{
	int size = klogctl(10, NULL, 0);
	char *text = malloc(size + 1), *mark;
	int len = text ? klogctl(3, text, size) : -1;

	if (len >= 0)
		text[len] = '\0';
	mark = len < 0 ? NULL : find_last(text, LOG_MARK);
	if (mark)
		memmove(text, mark, strlen(mark) + 1);
	else
		free(text);
	return mark ? text : NULL;
}

/* the number behind `key`, which begins no earlier than at `p` */
static inline int64_t number_after(const char *p, const char *key)
{
	const char *at = p ? strstr(p, key) : NULL;

	return at ? strtoll(at + strlen(key), NULL, 0) : -1;
}

/* the column of a word in "[  pid  ]   uid  tgid total_vm      rss ...", -1: none */
static inline int column_of(const char *heading, const char *word)
{
	char name[32];
	int used, column = 0;

	for (heading = strchr(heading, ']') + 1; sscanf(heading, " %31s%n", name, &used) == 1;
	     heading += used, column++)
		if (!strcmp(name, word))
			return column;
	return -1;
}

static inline int64_t cell(const char *line, int column)
{
	for (line = strchr(line, ']') + 1; column--; ) {
		line += strspn(line, " ");
		line += strcspn(line, "\n ");
	}
	return strtoll(line, NULL, 10);
}

/* address of a symbol of the kernel, 0: none */
static inline uint64_t kernel_symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	uint64_t address, found = 0;
	char line[256], word[128];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %127s", &address, word) == 2 && !strcmp(word, name))
			found = address;
	if (f)
		fclose(f);
	return found;
}

/* memory of the kernel, as /proc/kcore has it; 0 or -1 */
static inline int kernel_read(uint64_t address, void *to, size_t bytes)
{
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC), ret = -1;
	Elf64_Ehdr header;
	Elf64_Phdr ph;

	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		header.e_phnum = 0;
	for (int i = 0; i < header.e_phnum && ret; i++) {
		off_t at = header.e_phoff + i * sizeof(ph);

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			break;
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr ||
		    address + bytes > ph.p_vaddr + ph.p_memsz)
			continue;
		if (pread(fd, to, bytes, ph.p_offset + address - ph.p_vaddr) == (ssize_t)bytes)
			ret = 0;
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

/* probes on a tracepoint: struct tracepoint begins with its name and its static key */
static inline int probes_on(const char *tracepoint)
{
	char name[96];
	uint64_t address;
	int enabled = -1;

	snprintf(name, sizeof(name), "__tracepoint_%s", tracepoint);
	address = kernel_symbol(name);
	if (!address || kernel_read(address + sizeof(void *), &enabled, sizeof(enabled)))
		return -1;
	return enabled;
}

/*
 * Is anybody on the list of OOM notifiers? Its head is behind a semaphore, of which the
 * last part is a list of those who wait, or in Linux 7 the first of them alone. With
 * PREEMPT_RT it is a tree of them and the owner.
 */
static inline int is_notified(void)
{
	uint64_t address = kernel_symbol("oom_notify_list"), word[6];

	if (!address || kernel_read(address, word, sizeof(word)))
		return -1;
	return word[kernel_is_rt() || word[3] == address + 24 ? 5 : 4] != 0;
}

/* zones that have memory: there may be but one */
static inline unsigned int populated_zones(void)
{
	char *text = read_file("/proc/zoneinfo"), *save = NULL;
	unsigned int nr = 0;
	uint64_t managed;

	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save))
		nr += sscanf(l, " managed %lu", &managed) == 1 && managed;
	free(text);
	return nr;
}

#endif /* _MMSCOPE_OOM_H */

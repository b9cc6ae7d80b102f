/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DIMMs that a guest plugs into itself (scripts/vm --hotplug): its fourth serial port
 * leads to QEMU's monitor. And the blocks that Linux puts such memory on line in.
 * Include after common.h and process.h.
 */
#ifndef _MMSCOPE_HOTPLUG_H
#define _MMSCOPE_HOTPLUG_H

#include <dirent.h>
#include <poll.h>
#include <stdbool.h>
#include <termios.h>
#include <time.h>

#define MONITOR		"/dev/ttyS3"
#define MEMORY		"/sys/devices/system/memory"
#define MAX_BLOCKS	64

static inline uint64_t hotplug_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------------- monitor */

struct monitor {
	int fd;
	char line[4096];
	size_t len;
};

/* one line of what the monitor says, without its end; false: nothing for so long */
static inline bool monitor_line(struct monitor *m, unsigned int ms)
{
	const uint64_t until = hotplug_now_ms() + ms;
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	char c;

	m->len = 0;
	while (hotplug_now_ms() < until) {
		if (poll(&p, 1, 200) <= 0 || read(m->fd, &c, 1) != 1)
			continue;
		if (c == '\n') {
			m->line[m->len] = 0;
			return true;
		}
		if (m->len < sizeof(m->line) - 1 && c != '\r')
			m->line[m->len++] = c;
	}
	return false;
}

/* a line with this in it; an error is one too. 0, or -1 */
static inline int monitor_wait(struct monitor *m, const char *what, unsigned int ms)
{
	const uint64_t until = hotplug_now_ms() + ms;

	while (hotplug_now_ms() < until) {
		if (!monitor_line(m, 500))
			continue;
		if (strstr(m->line, what))
			return 0;
		if (strstr(m->line, "\"error\"") || strstr(m->line, "UNPLUG_ERROR") ||
		    strstr(m->line, "UNPLUG_GUEST_ERROR")) {
			fprintf(stderr, "# monitor: %s\n", m->line);
			return -1;
		}
	}
	fprintf(stderr, "# monitor: no %s in %u ms\n", what, ms);
	return -1;
}

static inline int monitor_say(struct monitor *m, const char *command)
{
	const size_t len = strlen(command);

	for (size_t done = 0; done < len;) {
		ssize_t put = write(m->fd, command + done, len - done);

		if (put <= 0)
			return -1;
		done += put;
	}
	return monitor_wait(m, "\"return\"", 30000);
}

static inline int monitor_open(struct monitor *m)
{
	struct termios t;

	m->fd = open(MONITOR, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m->fd < 0 || tcgetattr(m->fd, &t))
		return -1;
	cfmakeraw(&t);
	if (tcsetattr(m->fd, TCSANOW, &t))
		return -1;
	/* its greeting, unless an earlier one of us has had it */
	monitor_line(m, 1000);
	if (write(m->fd, "\n", 1) != 1)
		return -1;
	/* a second time that is an error, and all the same */
	monitor_say(m, "{\"execute\":\"qmp_capabilities\"}\n");
	return monitor_say(m, "{\"execute\":\"query-status\"}\n");
}

/* ----------------------------------------------------------------------- blocks */

struct blocks {
	uint64_t bytes;			/* of one */
	unsigned int nr;
	unsigned int id[MAX_BLOCKS];
};

static inline bool has_block(const struct blocks *b, unsigned int id)
{
	for (unsigned int i = 0; i < b->nr; i++)
		if (b->id[i] == id)
			return true;
	return false;
}

static inline int blocks_read(struct blocks *b)
{
	char *text = read_file(MEMORY "/block_size_bytes");
	DIR *dir = opendir(MEMORY);
	struct dirent *e;
	unsigned int id;

	memset(b, 0, sizeof(*b));
	if (text)
		b->bytes = strtoull(text, NULL, 16);
	free(text);
	if (!dir)
		return -1;
	while ((e = readdir(dir)))
		if (sscanf(e->d_name, "memory%u", &id) == 1 && b->nr < MAX_BLOCKS)
			b->id[b->nr++] = id;
	closedir(dir);
	return b->bytes && b->nr ? 0 : -1;
}

static inline uint64_t block_pfn(const struct blocks *b, unsigned int id)
{
	return id * b->bytes / 4096;
}

/* "online_movable", "offline"; 0 or -errno */
static inline int block_set(unsigned int id, const char *state)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), MEMORY "/memory%u/state", id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, state, strlen(state)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* the same until it works, which takes a while when a page is in use there */
static inline int block_force(unsigned int id, const char *state)
{
	int err = -1;

	for (int try = 0; try < 20 && err; try++) {
		err = block_set(id, state);
		if (err)
			usleep(100000);
	}
	return err;
}

/* ------------------------------------------------------------------------- DIMM */

struct dimm {
	struct monitor m;
	struct blocks blocks;		/* those that it made; none while it is not there */
	uint64_t start, end;		/* frames */
};

static inline int dimm_blocks(struct dimm *d, const struct blocks *before, unsigned int nr)
{
	struct blocks now;

	memset(&d->blocks, 0, sizeof(d->blocks));
	if (blocks_read(&now))
		return -1;
	d->start = ~0ULL;
	d->end = 0;
	d->blocks.bytes = now.bytes;
	for (unsigned int i = 0; i < now.nr; i++) {
		uint64_t pfn = block_pfn(&now, now.id[i]);

		if (has_block(before, now.id[i]))
			continue;
		d->blocks.id[d->blocks.nr++] = now.id[i];
		d->start = pfn < d->start ? pfn : d->start;
		d->end = pfn + now.bytes / 4096 > d->end ? pfn + now.bytes / 4096 : d->end;
	}
	return d->blocks.nr == nr ? 0 : -1;
}

/* plug a DIMM of some blocks and put them on line in ZONE_MOVABLE */
static inline int dimm_add(struct dimm *d, unsigned int nr)
{
	struct blocks before;
	char command[256];
	int err = -1;

	if (write_file(MEMORY "/auto_online_blocks", "offline") || blocks_read(&before))
		return -1;
	snprintf(command, sizeof(command), "{\"execute\":\"object-add\",\"arguments\":{"
		 "\"qom-type\":\"memory-backend-ram\",\"id\":\"m\",\"size\":%lu}}\n",
		 nr * before.bytes);
	if (monitor_say(&d->m, command) ||
	    monitor_say(&d->m, "{\"execute\":\"device_add\",\"arguments\":{"
			"\"driver\":\"pc-dimm\",\"id\":\"d\",\"memdev\":\"m\"}}\n"))
		return -1;
	for (int try = 0; try < 300 && err; try++) {
		usleep(100000);
		err = dimm_blocks(d, &before, nr);
	}
	for (unsigned int i = 0; i < d->blocks.nr && !err; i++)
		err = block_force(d->blocks.id[i], "online_movable");
	return err;
}

/* Pull it: the guest puts its blocks off line, gives up their memory map and lets it go. */
static inline int dimm_remove(struct dimm *d)
{
	int err = -1;

	for (int try = 0; try < 10 && err; try++) {
		err = monitor_say(&d->m, "{\"execute\":\"device_del\",\"arguments\":{"
				  "\"id\":\"d\"}}\n") ?:
		      monitor_wait(&d->m, "DEVICE_DELETED", 60000);
		if (err)
			usleep(200000);
	}
	d->blocks.nr = 0;
	return err ?: monitor_say(&d->m, "{\"execute\":\"object-del\",\"arguments\":{"
				  "\"id\":\"m\"}}\n");
}

#endif /* _MMSCOPE_HOTPLUG_H */

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
	bool deleted, refused;		/* events: a device has gone, or was kept */
	char line[4096];
	size_t len;			/* of what there is of it, 0: it is whole */
};

/* one line of what the monitor says, without its end; false: nothing for so long */
static inline bool monitor_line(struct monitor *m, unsigned int ms)
{
	const uint64_t until = hotplug_now_ms() + ms;
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	char c;

	while (hotplug_now_ms() < until) {
		if (poll(&p, 1, 200) <= 0 || read(m->fd, &c, 1) != 1)
			continue;
		if (c == '\n') {
			m->line[m->len] = 0;
			m->len = 0;
			m->deleted |= !!strstr(m->line, "\"DEVICE_DELETED\"");
			m->refused |= !!strstr(m->line, "UNPLUG_");
			return true;
		}
		if (m->len < sizeof(m->line) - 1 && c != '\r')
			m->line[m->len++] = c;
	}
	return false;
}

/* the answer to a command; events may come before it */
static inline int monitor_answer(struct monitor *m)
{
	for (int try = 0; try < 60; try++) {
		if (!monitor_line(m, 500))
			continue;
		if (strstr(m->line, "\"return\""))
			return 0;
		if (strstr(m->line, "already complete"))
			return -1;
		if (strstr(m->line, "\"error\""))
			break;
	}
	fprintf(stderr, "# monitor: %s\n", m->line);
	return -1;
}

static inline int monitor_write(struct monitor *m, const char *text)
{
	const size_t len = strlen(text);

	for (size_t done = 0; done < len;) {
		ssize_t put = write(m->fd, text + done, len - done);

		if (put <= 0)
			return -1;
		done += put;
	}
	return 0;
}

static inline int monitor_say(struct monitor *m, const char *command)
{
	return monitor_write(m, command) ?: monitor_answer(m);
}

/*
 * The first to open the port has it echo the monitor's greeting until it is told not
 * to: a byte that is in no command makes the monitor forget that.
 */
static inline int monitor_open(struct monitor *m)
{
	struct termios t;

	m->fd = open(MONITOR, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (m->fd < 0 || tcgetattr(m->fd, &t))
		return -1;
	cfmakeraw(&t);
	if (tcsetattr(m->fd, TCSANOW, &t))
		return -1;
	for (int try = 0; try < 10; try++) {
		if (monitor_write(m, "\xff\n"))
			return -1;
		while (monitor_line(m, 1000))
			;
		/* only the first time that is no error, and it means the same */
		if (!monitor_say(m, "{\"execute\":\"qmp_capabilities\"}\n") ||
		    strstr(m->line, "already complete"))
			return 0;
	}
	return -1;
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
	/* Linux waits for the readers that there are, which are slow on a debug kernel */
	for (int try = 0; try < 1800 && err; try++) {
		usleep(100000);
		err = dimm_blocks(d, &before, nr);
	}
	for (unsigned int i = 0; i < d->blocks.nr && !err; i++)
		err = block_force(d->blocks.id[i], "online_movable");
	if (err)
		fprintf(stderr, "# %u of %u blocks came: %d\n", d->blocks.nr, nr, err);
	return err;
}

/* Pull it: the guest puts its blocks off line, gives up their memory map and lets it go. */
static inline int dimm_remove(struct dimm *d)
{
	struct monitor *m = &d->m;

	m->deleted = false;
	for (int try = 0; try < 10 && !m->deleted; try++) {
		m->refused = false;
		if (monitor_say(m, "{\"execute\":\"device_del\",\"arguments\":{"
				"\"id\":\"d\"}}\n"))
			break;
		for (int i = 0; i < 120 && !m->deleted && !m->refused; i++)
			monitor_line(m, 500);
	}
	d->blocks.nr = 0;
	if (!m->deleted)
		return -1;
	/* Linux looks whether it has gone: another one must not be there already */
	while (monitor_line(m, 1000))
		;
	return monitor_say(&d->m, "{\"execute\":\"object-del\",\"arguments\":{"
				  "\"id\":\"m\"}}\n");
}

#endif /* _MMSCOPE_HOTPLUG_H */

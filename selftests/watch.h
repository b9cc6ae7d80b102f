/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Readers of events, and what makes events happen. Include after common.h.
 */
#ifndef _WATCH_H
#define _WATCH_H

#define KIND(_name) (1ULL << MMSCOPE_EVENT_##_name)

/* an open file that watches, or -errno */
static inline int watch_open(uint64_t kinds, uint32_t records, int flags)
{
	struct mmscope_watch_arg arg = {
		.size = sizeof(arg),
		.kinds = kinds,
		.records = records,
	};
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, MMSCOPE_IOC_WATCH, &arg)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/**
 * struct seen - events read
 * @ev: the records, to be freed
 * @nr: how many, without those of MMSCOPE_EVENT_LOST
 * @lost: sum of `lost`
 */
struct seen {
	struct mmscope_event *ev;
	size_t nr;
	uint64_t lost;
};

static inline void seen_free(struct seen *s)
{
	free(s->ev);
	memset(s, 0, sizeof(*s));
}

/* All there is now, of a file that does not block. Returns 0 or -errno. */
static inline int watch_drain(int fd, struct seen *s)
{
	static struct mmscope_event buf[64];
	ssize_t got;

	while ((got = read(fd, buf, sizeof(buf))) > 0) {
		for (size_t i = 0; i < got / sizeof(*buf); i++) {
			s->lost += buf[i].lost;
			if (buf[i].kind == MMSCOPE_EVENT_LOST)
				continue;
			if (!(s->nr & (s->nr - 1)))
				s->ev = realloc(s->ev, 2 * (s->nr + 1) * sizeof(*s->ev));
			if (!s->ev)
				return -ENOMEM;
			s->ev[s->nr++] = buf[i];
		}
	}
	return got < 0 && errno == EAGAIN ? 0 : -errno;
}

/* compaction of all memory: two events of each zone */
static inline int compact(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, "1", 1) != 1;

	close(fd);
	return err ? -1 : 0;
}

#endif /* _WATCH_H */

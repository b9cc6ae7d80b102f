/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A process that makes a situation step by step, and holds still after each to
 * be looked at. Include after zoo.h.
 */
#ifndef _MMSCOPE_SCENE_H
#define _MMSCOPE_SCENE_H

#include <linux/mempolicy.h>
#include <sys/uio.h>

#define SCENE_PAGES	(4 * HUGE_2M / PAGE)	/* that mincore can tell of */

/* advice and flags that may be newer than the headers here */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#endif

/**
 * struct scene - shared by the process and the test
 * @play: makes one step in the process and tells where; non-zero: it failed
 * @step: which, from 0
 * @addr: where to look
 * @bytes: how much there is
 * @note: anything else for the test or for the next step
 * @pid: the process
 * @no_core: mincore() is not asked: it would have to wait
 * @core: what mincore() tells the process itself
 */
struct scene {
	int (*play)(struct scene *s);
	int step;
	char *addr;
	size_t bytes;
	uint64_t note[8];
	pid_t pid;
	bool no_core;
	unsigned char core[4 * MAX_PAGES_2M];
};

static inline int scene_act(void *arg)
{
	struct scene *s = arg;
	int err = s->play(s);

	if (!err && !s->no_core && s->bytes <= SCENE_PAGES * PAGE &&
	    mincore(s->addr, s->bytes, s->core))
		err = 99;
	return err;
}

static inline int scene_play(void *arg)
{
	struct scene *s = arg;
	int err = scene_act(s);

	while (!err) {
		raise(SIGSTOP);
		s->step++;
		err = scene_act(s);
	}
	return err;
}

static inline struct scene *scene_new(int (*play)(struct scene *s))
{
	struct scene *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (s == MAP_FAILED)
		return NULL;
	s->play = play;
	return s;
}

/* fork the process, which makes step 0; 0 or -1 */
static inline int scene_begin(struct scene *s)
{
	s->pid = stopped_child(scene_play, s);
	return s->pid > 0 ? 0 : -1;
}

/* the next step; 0 or -1 */
static inline int scene_next(struct scene *s)
{
	int status;

	kill(s->pid, SIGCONT);
	if (waitpid(s->pid, &status, WUNTRACED) != s->pid)
		return -1;
	if (WIFSTOPPED(status))
		return 0;
	fprintf(stderr, "# step %d ended with status %#x\n", s->step, status);
	s->pid = 0;
	return -1;
}

static inline void scene_end(struct scene *s)
{
	if (!s)
		return;
	kill_child(s->pid);
	munmap(s, sizeof(*s));
}

/* a VMA of its own: memory that may not be touched is on both sides of it */
static inline char *alone(size_t bytes, int prot, int flags, int fd)
{
	char *p = mmap(NULL, bytes + 2 * HUGE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)p + PAGE + HUGE_2M - 1) & ~(HUGE_2M - 1));
	p = mmap(p, bytes, prot, flags | MAP_FIXED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* where a step is to be looked at */
static inline int place(struct scene *s, char *addr, size_t bytes)
{
	s->addr = addr;
	s->bytes = bytes;
	return addr ? 0 : 1;
}

static inline char *alone_anon(size_t bytes)
{
	char *p = alone(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (p)
		madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

static inline char *alone_huge(size_t bytes)
{
	char *p = alone(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (p)
		madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/* the kernel does some things only at the second or third time */
static inline int insist(char *addr, size_t bytes, int advice)
{
	int err = -1;

	for (int try = 0; try < 50 && err; try++) {
		err = madvise(addr, bytes, advice);
		if (err)
			usleep(20000);
	}
	return err;
}

/* pages of ours with these bits in pagemap */
static inline size_t count_self(const char *addr, size_t bytes, uint64_t bits)
{
	uint64_t *entries = read_pagemap(getpid(), (uintptr_t)addr, (uintptr_t)addr + bytes);
	size_t n = 0;

	for (size_t i = 0; entries && i < bytes / PAGE; i++)
		n += (entries[i] & bits) == bits;
	free(entries);
	return n;
}

/* out, until so many pages have these bits; what was just touched needs several tries */
static inline int page_out_until(char *addr, size_t bytes, uint64_t bits, size_t nr)
{
	for (int try = 0; try < 50; try++) {
		if (madvise(addr, bytes, MADV_PAGEOUT))
			return -1;
		if (count_self(addr, bytes, bits) == nr)
			return 0;
		/* what another CPU has not yet put on its list stays; this makes all of them */
		if (try % 10 == 9)
			drain();
		usleep(20000);
	}
	fprintf(stderr, "# %zu of %zu pages are still present\n",
		count_self(addr, bytes, PM_PRESENT), bytes / PAGE);
	return -1;
}

/* to swap, all of it */
static inline int page_out(char *addr, size_t bytes)
{
	return page_out_until(addr, bytes, PM_SWAP, bytes / PAGE);
}

#endif /* _MMSCOPE_SCENE_H */

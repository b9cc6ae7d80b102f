/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the fuzzer's calls have their memory: good places with guards behind them,
 * places that are none, places that another thread takes away. Include after fuzz.h.
 */
#ifndef _MMSCOPE_FUZZ_PLACE_H
#define _MMSCOPE_FUZZ_PLACE_H

#include <sys/mman.h>

/* other machines' tests make no 32-bit calls */
#ifndef MAP_32BIT
#define MAP_32BIT	0
#endif

#define FUZZ_ROOM	(128 * PAGE)	/* of an arena, before its wall */
#define FUZZ_MOST	(FUZZ_ROOM / 4)		/* that is asked of it */
#define FUZZ_LOW_ROOM	(4 * PAGE)
#define FUZZ_CHURNED	(8 * PAGE)
#define FUZZ_GUARD	64
#define FUZZ_FILL	0xa5

/* a place for `bytes`; with `guard` the bytes behind it are looked at afterwards */
struct fuzz_place {
	char *at;
	size_t bytes;
	bool guard;
};

/* read-write, with a page behind it that nobody may touch */
static inline char *fuzz_walled(size_t bytes, int flags)
{
	char *p = mmap(NULL, bytes + PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED || mprotect(p + bytes, PAGE, PROT_NONE))
		return NULL;
	return p;
}

static inline bool fuzz_memory(struct fuzz *f)
{
	f->arena = fuzz_walled(FUZZ_ROOM, 0);
	/* for 32-bit calls */
	f->low = fuzz_walled(FUZZ_LOW_ROOM, MAP_32BIT);
	f->churned = fuzz_walled(FUZZ_CHURNED, 0);
	return f->arena && f->low && f->churned;
}

/* no memory, or not all of it */
static inline char *fuzz_nowhere(struct fuzz *f, size_t bytes)
{
	f->may_fault = true;
	switch (fuzz_below(f, 6)) {
	case 0:
		return NULL;
	case 1:
		return f->arena + FUZZ_ROOM;
	case 2:
		/* half of it is there */
		return f->arena + FUZZ_ROOM - bytes / 2;
	case 3:
		return f->arena + FUZZ_ROOM - 1;
	case 4:
		/* the kernel's, or nobody's */
		return (char *)(fuzz_u64(f) | 0x8000000000000000ULL);
	default:
		return (char *)(uintptr_t)(fuzz_below(f, 4096));
	}
}

/*
 * For `bytes` that a call really needs. Most end at a wall, so that a call which
 * takes them for more must fault.
 */
static inline struct fuzz_place fuzz_place(struct fuzz *f, size_t bytes)
{
	struct fuzz_place p = { .bytes = bytes };
	size_t spare = FUZZ_ROOM - bytes - FUZZ_GUARD;

	if (bytes > FUZZ_MOST || fuzz_one_in(f, 40)) {
		p.at = fuzz_nowhere(f, bytes);
	} else if (bytes < FUZZ_CHURNED && !f->wild && fuzz_one_in(f, 16)) {
		f->may_fault = true;
		p.at = f->churned + fuzz_below(f, FUZZ_CHURNED - bytes);
	} else if (f->wild || fuzz_one_in(f, 2)) {
		p.at = f->arena + FUZZ_ROOM - bytes;
	} else {
		p.at = f->arena + FUZZ_ROOM / 2 + fuzz_below(f, spare - FUZZ_ROOM / 2);
		p.guard = true;
		memset(p.at + bytes, FUZZ_FILL, FUZZ_GUARD);
	}
	return p;
}

static inline bool fuzz_is_place(const struct fuzz *f, uint64_t value)
{
	return value - (uintptr_t)f->arena <= FUZZ_ROOM ||
	       value - (uintptr_t)f->churned <= FUZZ_CHURNED;
}

/* some words of an argument, but no pointer that is good: it must not go elsewhere */
static inline void fuzz_spoil(struct fuzz *f, void *arg, size_t bytes)
{
	for (uint32_t i = 1 + fuzz_below(f, 3); i; i--) {
		const size_t at = fuzz_below(f, bytes / 8) * 8;
		const size_t half = fuzz_below(f, 3);
		const uint64_t value = fuzz_edge(f);
		uint64_t old;

		memcpy(&old, (char *)arg + at, 8);
		if (!old || fuzz_is_place(f, old))
			continue;
		if (half == 2)
			memcpy((char *)arg + at, &value, 8);
		else
			memcpy((char *)arg + at + 4 * half, &value, 4);
	}
}

static inline bool fuzz_guard_holds(const struct fuzz_place *p)
{
	if (!p->guard)
		return true;
	for (size_t i = 0; i < FUZZ_GUARD; i++)
		if ((unsigned char)p->at[p->bytes + i] != FUZZ_FILL)
			return false;
	return true;
}

/* one thing done to the memory that comes and goes */
static inline void fuzz_churn(char *p, uint64_t dice)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	const size_t at = dice % 8 * PAGE, bytes = (1 + (dice >> 8) % 3) * PAGE;
	const size_t room = at + bytes > FUZZ_CHURNED ? FUZZ_CHURNED - at : bytes;

	switch ((dice >> 16) % 4) {
	case 0:
		mprotect(p + at, room, prots[(dice >> 24) % 3]);
		break;
	case 1:
		munmap(p + at, room);
		break;
	case 2:
		madvise(p + at, room, MADV_DONTNEED);
		break;
	default:
		mmap(p, FUZZ_CHURNED, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	}
}

#endif /* _MMSCOPE_FUZZ_PLACE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer of the kernel's interfaces: what its parts share. A call is made from a
 * number that comes of the seed, the worker and the call's place in the worker's
 * row, and of nothing before it, so each can be made again alone:
 * fuzz_test --seed S --worker W --from N --calls 1 --trace. Include after common.h.
 */
#ifndef _MMSCOPE_FUZZ_H
#define _MMSCOPE_FUZZ_H

#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define FUZZ_DATASETS	96
#define FUZZ_TARGETS	10
#define FUZZ_WORKERS	6
#define FUZZ_ERRNOS	134
#define FUZZ_FILES	128
#define FUZZ_FDS	4
/* who changes the world rests so many times as long as it took him, see fuzz_rest() */
#define FUZZ_RESTS	20

/* what is counted apart */
enum fuzz_op {
	FUZZ_INFO, FUZZ_DESCRIBE, FUZZ_WALK, FUZZ_TRANSLATE, FUZZ_ATTACH, FUZZ_DETACH, FUZZ_PAGE,
	FUZZ_RMAP, FUZZ_ALLOC, FUZZ_WATCH, FUZZ_OWNERS, FUZZ_OOM, FUZZ_UNKNOWN, FUZZ_OPEN,
	FUZZ_READ, FUZZ_POLL, FUZZ_SEEK, FUZZ_MMAP, FUZZ_WRITE, FUZZ_FILE_OPEN, FUZZ_FILE_READ,
	FUZZ_FILE_PREAD, FUZZ_FILE_SEEK, FUZZ_FILE_OTHER, FUZZ_NR_OPS
};

static const char *const fuzz_op_names[FUZZ_NR_OPS] = {
	"INFO", "DESCRIBE", "WALK", "TRANSLATE", "ATTACH", "DETACH", "PAGE",
	"RMAP", "ALLOC", "WATCH", "OWNERS", "OOM", "unknown ioctl", "open",
	"read", "poll", "llseek", "mmap", "write", "debugfs open", "debugfs read",
	"debugfs pread", "debugfs llseek", "debugfs other",
};

/* who a worker is */
enum fuzz_role {
	FUZZ_ROOT,	/* threads that share open files, memory that comes and goes */
	FUZZ_NOBODY,	/* got the open files from root, over a socket */
	FUZZ_INSIDE,	/* likewise, in namespaces of users and pids of its own */
	FUZZ_CLOSER,	/* files are closed and exchanged under its calls, alarms go off */
	FUZZ_VICTIM,	/* is killed again and again */
	FUZZ_PASSER,	/* opens and closes for each call */
	FUZZ_NR_ROLES
};

static const char *const fuzz_role_names[FUZZ_NR_ROLES] = {
	"root", "nobody", "inside", "closer", "victim", "passer",
};

struct fuzz_dataset {
	struct mmscope_describe desc;
	bool slow;		/* sweeps all memory or all processes, whatever the range */
	uint64_t calls, ns;
};

/* seen by all processes */
struct fuzz_shared {
	uint64_t seed;
	uint64_t wanted;	/* calls */
	uint64_t calls;		/* made so far */
	uint64_t next[FUZZ_WORKERS];	/* call of each worker */
	uint64_t bad;
	uint64_t reloads, refused;
	uint64_t kills;
	int stop;
	bool trace;
	bool reload;		/* the module comes and goes */
	bool no_hooks;		/* nothing is called that has the kernel patch its text */
	pid_t target[FUZZ_TARGETS];
	uint32_t nr_datasets;
	struct fuzz_dataset dataset[FUZZ_DATASETS];
	uint32_t nr_files;
	char file[FUZZ_FILES][64];
	bool file_slow[FUZZ_FILES];
	uint64_t count[FUZZ_NR_OPS][FUZZ_ERRNOS];
};

/* one thread that calls */
struct fuzz {
	struct fuzz_shared *s;
	enum fuzz_role role;
	uint64_t call;		/* its number, for who wants to see it again */
	uint64_t rng;
	int *fds;		/* the worker's open files, -1: none */
	int fd;			/* the one for this call */
	bool may_fault;		/* memory of this call is bad, or may become so */
	bool wild;		/* words of its argument are random: its memory ends at a wall */
	char *arena;		/* see fuzz_place.h */
	char *low;
	char *churned;
};

/* ------------------------------------------------------------------- numbers */

static inline uint64_t fuzz_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline uint64_t fuzz_u64(struct fuzz *f)
{
	f->rng += 0x9e3779b97f4a7c15ULL;
	return fuzz_mix(f->rng);
}

static inline uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return (fuzz_u64(f) >> 33) % n;
}

static inline bool fuzz_one_in(struct fuzz *f, uint32_t n)
{
	return !fuzz_below(f, n);
}

static inline void fuzz_begin(struct fuzz *f, uint32_t worker, uint64_t call)
{
	f->call = call;
	f->rng = fuzz_mix(f->s->seed ^ fuzz_mix((uint64_t)worker << 48 ^ call));
	f->wild = fuzz_one_in(f, 10);
	f->may_fault = f->wild;
}

/* where things break */
static inline uint64_t fuzz_edge(struct fuzz *f)
{
	static const uint64_t edges[] = {
		0, 1, 2, 7, 4095, 4096, 4097, 0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 32,
		0x7fffffffffff, 0x800000000000, 0xffff800000000000, 0xffff888000000000,
		0xffffffff80000000, ~0ULL >> 1, 1ULL << 63, ~0ULL - 4096, ~0ULL - 1, ~0ULL,
	};

	switch (fuzz_below(f, 4)) {
	case 0:
		return 1ULL << fuzz_below(f, 64);
	case 1:
		return fuzz_u64(f) >> fuzz_below(f, 64);
	default:
		return edges[fuzz_below(f, ARRAY_LEN(edges))];
	}
}

static inline uint64_t fuzz_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * Wait, after what began then: so long, or up to a second where all takes long. On a kernel
 * with KASAN in an emulated CPU those who exec, fork and unmap would leave no time for calls.
 */
static inline void fuzz_rest(uint64_t began, uint64_t us)
{
	uint64_t rest = (fuzz_now() - began) / 1000 * FUZZ_RESTS;

	if (rest > 1000000)
		rest = 1000000;
	usleep(rest > us ? rest : us);
}

/* --------------------------------------------------------------------- verdicts */

static inline void fuzz_say(const struct fuzz *f, const char *format, ...)
{
	char text[512];
	va_list args;
	int nr = snprintf(text, sizeof(text), "# --seed %lu --worker %d --from %lu: ",
			  f->s->seed, f->role, f->call);

	va_start(args, format);
	vsnprintf(text + nr, sizeof(text) - nr - 1, format, args);
	va_end(args);
	strcat(text, "\n");
	if (write(2, text, strlen(text)) < 0)
		_exit(1);
}

#define fuzz_bad(_f, ...) do {							\
	if (__atomic_add_fetch(&(_f)->s->bad, 1, __ATOMIC_RELAXED) < 20)	\
		fuzz_say(_f, "BAD: " __VA_ARGS__);				\
} while (0)

/* errnos that any call may have; the last one is for what the memory of a call allows */
static inline bool fuzz_expected(const struct fuzz *f, int err, const int *also)
{
	if (!err || (err == EFAULT && f->may_fault))
		return true;
	if (f->role == FUZZ_CLOSER && (err == EBADF || err == ENOTTY))
		return true;
	for (; *also; also++)
		if (*also == err)
			return true;
	return false;
}

/* Count a call. `also`: errnos that it may end with, 0 ends them. */
static inline void fuzz_judge(struct fuzz *f, enum fuzz_op op, int err, const char *what,
			      const int *also)
{
	__atomic_add_fetch(&f->s->count[op][err < FUZZ_ERRNOS ? err : FUZZ_ERRNOS - 1], 1,
			   __ATOMIC_RELAXED);
	__atomic_add_fetch(&f->s->calls, 1, __ATOMIC_RELAXED);
	if (f->s->trace)
		fuzz_say(f, "%s %s: %s", fuzz_op_names[op], what, strerror(err));
	if (!fuzz_expected(f, err, also))
		fuzz_bad(f, "%s %s: unexpected %s", fuzz_op_names[op], what, strerror(err));
}

#define FUZZ_ALSO(...) ((const int []){ __VA_ARGS__, 0 })

static inline bool fuzz_stopped(const struct fuzz_shared *s)
{
	return __atomic_load_n(&s->stop, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->calls, __ATOMIC_RELAXED) >= s->wanted;
}

#endif /* _MMSCOPE_FUZZ_H */

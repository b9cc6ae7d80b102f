/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world that the fuzzer's calls are made in: processes that are looked at, and
 * do all that is hard on who looks. Include after fuzz_file.h.
 */
#ifndef _MMSCOPE_FUZZ_WORLD_H
#define _MMSCOPE_FUZZ_WORLD_H

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#define FUZZ_SETUID	"/root/fuzz_setuid"
#define NOBODY		65534

/* whom the calls are about; the first ones stay, the others come and go */
enum fuzz_life {
	LIFE_RESTS,	/* has memory of many kinds; root's */
	LIFE_MAPS,	/* maps, protects, unmaps */
	LIFE_FORKS,	/* children that exit at once */
	LIFE_EXECS,	/* becomes itself again */
	LIFE_SETUID,	/* of nobody, becomes root's by a program that is setuid, and back */
	LIFE_SHORT,	/* exits soon */
	LIFE_NR
};

static inline void life_rest(void)
{
	char *p = mmap(NULL, 4UL << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *q = mmap(NULL, 1UL << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED && q != MAP_FAILED) {
		madvise(p, 2UL << 20, MADV_HUGEPAGE);
		memset(p, 1, 3UL << 20);
		memset(q, 1, 1UL << 19);
		madvise(p + (2UL << 20), 1UL << 19, MADV_DONTNEED);
	}
	for (;;)
		pause();
}

static inline void life_map(uint64_t dice)
{
	for (;; dice = fuzz_mix(dice + 1)) {
		const size_t bytes = (1 + dice % 64) * PAGE;
		const uint64_t began = fuzz_now();
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		memset(p, 1, bytes / 2);
		mprotect(p, bytes / 3 + 1, PROT_READ);
		fuzz_rest(began, 5000);
		munmap(p, bytes);
	}
}

static inline void life_fork(void)
{
	for (;;) {
		const uint64_t began = fuzz_now();
		const pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		fuzz_rest(began, 20000);
	}
}

/* this program, as the target that it was; only returns if it cannot be */
static inline void life_exec(const char *program, enum fuzz_life life, uint64_t began)
{
	char number[16], now[24];

	fuzz_rest(began, 50000);
	snprintf(number, sizeof(number), "%d", life);
	snprintf(now, sizeof(now), "%lu", fuzz_now());
	execl(program, "fuzz_life", "--life", number, now, NULL);
}

static inline void life_setuid(uint64_t began)
{
	if (geteuid() == NOBODY)
		life_exec(FUZZ_SETUID, LIFE_SETUID, began);
	usleep(20000);
	if (setresuid(NOBODY, NOBODY, NOBODY))
		_exit(1);
	life_exec(FUZZ_SETUID, LIFE_SETUID, began);
}

/* `began`: when the fork or exec did that this life is from */
static inline void live(enum fuzz_life life, uint64_t began)
{
	/* whoever began all this is gone */
	if (getppid() == 1)
		_exit(0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	switch (life) {
	case LIFE_RESTS:
		life_rest();
		break;
	case LIFE_MAPS:
		life_map(getpid());
		break;
	case LIFE_FORKS:
		life_fork();
		break;
	case LIFE_EXECS:
		life_exec("/proc/self/exe", life, began);
		break;
	case LIFE_SETUID:
		life_setuid(began);
		break;
	default:
		usleep(200000);
		break;
	}
	_exit(0);
}

/* a copy of this program that runs as root, whoever starts it */
static inline int fuzz_make_setuid(void)
{
	char *text = NULL;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(FUZZ_SETUID, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	struct stat st;
	int err = -1;

	if (from >= 0 && to >= 0 && !fstat(from, &st))
		text = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, from, 0);
	if (text && text != MAP_FAILED) {
		err = write(to, text, st.st_size) == st.st_size ? fchmod(to, 04755) : -1;
		munmap(text, st.st_size);
	}
	close(from);
	close(to);
	return err;
}

/* the ends of the row: kernel threads, the first of all, nobody */
static inline void fuzz_targets_begin(struct fuzz_shared *s)
{
	static const pid_t others[] = { 1, 2, 0x3ffff0 };

	for (uint32_t i = LIFE_NR; i < FUZZ_TARGETS; i++)
		s->target[i] = others[(i - LIFE_NR) % ARRAY_LEN(others)];
}

/* those that have gone begin again */
static inline void fuzz_targets_go_on(struct fuzz_shared *s)
{
	for (uint32_t i = 0; i < LIFE_NR; i++) {
		pid_t pid = s->target[i];

		if (pid && waitpid(pid, NULL, WNOHANG) == 0)
			continue;
		pid = fork();
		if (!pid)
			live(i, fuzz_now());
		__atomic_store_n(&s->target[i], pid, __ATOMIC_RELAXED);
	}
}

static inline void fuzz_targets_end(struct fuzz_shared *s)
{
	for (uint32_t i = 0; i < LIFE_NR; i++) {
		if (s->target[i] <= 0)
			continue;
		kill(s->target[i], SIGKILL);
		waitpid(s->target[i], NULL, 0);
		s->target[i] = 0;
	}
}

/* ------------------------------------------------- what goes on around the callers */

static inline void fuzz_alarm(int unused)
{
	(void)unused;
}

static inline void fuzz_alarms(void)
{
	const struct sigaction action = { .sa_handler = fuzz_alarm };
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* memory that comes and goes, files that are closed and exchanged */
static inline void *fuzz_disturb(void *arg)
{
	struct fuzz *f = arg;
	uint64_t dice = f->s->seed;
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	for (; !fuzz_stopped(f->s); dice = fuzz_mix(dice + 1)) {
		int *fd = &f->fds[dice % FUZZ_FDS];
		const uint64_t began = fuzz_now();

		fuzz_churn(f->churned, dice);
		if (f->role == FUZZ_CLOSER && dice >> 40 & 1) {
			if (dice >> 41 & 1) {
				const int other = open("/dev/null", O_RDONLY | O_CLOEXEC);

				dup2(other, *fd);
				close(other);
			} else {
				close(*fd);
				__atomic_store_n(fd, open_device(), __ATOMIC_RELAXED);
			}
		}
		fuzz_rest(began, 1000 + dice % 9000);
	}
	return NULL;
}

#endif /* _MMSCOPE_FUZZ_WORLD_H */

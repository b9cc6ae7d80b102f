/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses to memory, foretold by the dataset and then done. Include after zoo.h.
 */
#ifndef _MMSCOPE_FAULTS_H
#define _MMSCOPE_FAULTS_H

#include <setjmp.h>
#include <sys/resource.h>

/* what an access did */
struct outcome {
	int sig;		/* it was answered with, 0: none */
	long minor, major;	/* page faults */
	uint64_t before, after;	/* pagemap of the page */
};

static sigjmp_buf fault_back;

static inline void on_fault(int sig)
{
	siglongjmp(fault_back, sig);
}

static inline uint64_t pagemap_of(const volatile void *p)
{
	return entry_of(getpid(), p);
}

/* the access itself, and nothing else that could fault between the counts */
static inline void do_access(volatile char *p, bool write, struct outcome *o)
{
	struct rusage before, after;

	memset(o, 0, sizeof(*o));
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	o->before = pagemap_of(p);
	getrusage(RUSAGE_SELF, &after);
	o->sig = sigsetjmp(fault_back, 1);
	if (!o->sig) {
		getrusage(RUSAGE_SELF, &before);
		if (write)
			*p = 1;
		else
			(void)*p;
		getrusage(RUSAGE_SELF, &after);
		o->minor = after.ru_minflt - before.ru_minflt;
		o->major = after.ru_majflt - before.ru_majflt;
	}
	o->after = pagemap_of(p);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
}

/* a child that does accesses for us: one forked now, with our memory */
struct helper {
	pid_t pid;
	int to, from;
};

struct order {
	volatile char *p;
	bool write;
};

static inline void help(int to, int from)
{
	struct outcome o;
	struct order order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* what is touched first here is not to be touched first between the counts */
	do_access((char *)&order, true, &o);
	if (write(from, &o, sizeof(o)) != sizeof(o))
		_exit(1);
	while (read(to, &order, sizeof(order)) == sizeof(order)) {
		do_access(order.p, order.write, &o);
		if (write(from, &o, sizeof(o)) != sizeof(o))
			break;
	}
	_exit(0);
}

static inline int helper_start(struct helper *h)
{
	int to[2], from[2];
	struct outcome ready;

	if (pipe(to) || pipe(from))
		return -1;
	h->pid = fork();
	if (!h->pid)
		help(to[0], from[1]);
	close(to[0]);
	close(from[1]);
	h->to = to[1];
	h->from = from[0];
	return read(h->from, &ready, sizeof(ready)) == sizeof(ready) ? 0 : -1;
}

static inline void helper_stop(struct helper *h)
{
	if (!h->pid)
		return;
	kill_child(h->pid);
	close(h->to);
	close(h->from);
	h->pid = 0;
}

/* NULL: we do it */
static inline int access_by(struct helper *h, volatile char *p, bool write_it, struct outcome *o)
{
	struct order order = { p, write_it };

	if (!h) {
		do_access(p, write_it, o);
		return 0;
	}
	if (write(h->to, &order, sizeof(order)) != sizeof(order))
		return -1;
	return read(h->from, o, sizeof(*o)) == sizeof(*o) ? 0 : -1;
}

/* the record of one page; 0 or -errno */
static inline int fault_of(int fd, pid_t pid, const volatile void *p, struct mmscope_fault *rec)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_FAULTS);
	struct answer a;
	int err;

	arg.pid = pid;
	arg.start = (uintptr_t)p & ~(PAGE - 1);
	arg.end = arg.start + PAGE;
	/* few: a large buffer would be mapped just where we ask */
	err = walk_chunked(fd, arg, 4, &a);
	if (!err && a.nr != 1)
		err = -ENODATA;
	if (!err)
		memcpy(rec, a.records, sizeof(*rec));
	answer_free(&a);
	return err;
}

static inline bool kind_is_signal(uint32_t kind, int sig)
{
	if (kind >= MMSCOPE_FAULT_SEGV_NO_VMA && kind <= MMSCOPE_FAULT_SEGV_GUARD)
		return sig == SIGSEGV;
	if (kind >= MMSCOPE_FAULT_BUS_EOF && kind <= MMSCOPE_FAULT_BUS)
		return sig == SIGBUS;
	return !sig;
}

/* did it happen as it was foretold? */
static inline bool came_true(const struct mmscope_fault *rec, bool write_it,
			     const struct outcome *o)
{
	const uint32_t kind = write_it ? rec->write : rec->read;
	const bool one_minor = o->minor == 1 && !o->major;
	const bool one_major = !o->minor && o->major == 1;
	const uint64_t now = entry_frame(o->after);

	if (!kind_is_signal(kind, o->sig))
		return false;
	if (o->sig)
		return !now || now == entry_frame(o->before);
	switch (kind) {
	case MMSCOPE_FAULT_NONE:
		return !o->minor && !o->major && now == rec->pfn;
	case MMSCOPE_FAULT_ZERO:
		return one_minor && (frame_flags(now) >> KPF_ZERO_PAGE & 1);
	case MMSCOPE_FAULT_NEW:
	case MMSCOPE_FAULT_STACK:
	case MMSCOPE_FAULT_SHMEM:
	case MMSCOPE_FAULT_HUGETLB:
		return one_minor && now && !(frame_flags(now) >> KPF_ZERO_PAGE & 1);
	case MMSCOPE_FAULT_COPY:
	case MMSCOPE_FAULT_FILE_COPY:
		return one_minor && now && rec->pfn != MMSCOPE_UNKNOWN && now != rec->pfn;
	case MMSCOPE_FAULT_REUSE:
	case MMSCOPE_FAULT_FILE:
	case MMSCOPE_FAULT_NOTIFY:
	case MMSCOPE_FAULT_SWAP_CACHE:
		return one_minor && now && now == rec->pfn;
	case MMSCOPE_FAULT_READ:
	case MMSCOPE_FAULT_READ_COPY:
	case MMSCOPE_FAULT_SWAP_READ:
		return one_major && now && rec->pfn == MMSCOPE_UNKNOWN;
	}
	return false;
}

#endif /* _MMSCOPE_FAULTS_H */

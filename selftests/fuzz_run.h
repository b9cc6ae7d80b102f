/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's workers, and who keeps them at it. Include after fuzz_world.h.
 */
#ifndef _MMSCOPE_FUZZ_RUN_H
#define _MMSCOPE_FUZZ_RUN_H

#include <dirent.h>
#include <grp.h>
#include <sched.h>
#include <sys/socket.h>

/* no call may take longer, however slow the machine */
#define FUZZ_STUCK_S	120

/* what takes long whatever is asked: most of the calls are of others */
static const char *const fuzz_slow[] = {
	"extents", "accounting", "census", "blockers", "forecast", "slab_use", "processes",
	"oom_rank", "page_cache", "memcg_pages", "commit_processes", "kernel_mappings", "vmallocs",
	"lru_pages", "reclaim", "slab_caches", "slabs", "memcgs", "free_blocks", "swap_map",
	"swap_cgroups", "pages", "pageblocks", "lru", "contiguity", "pt_placement", "usage",
	"owners", "zswap", "thp_state",
};

/* the same in each process: comm says who it is and, roughly, at which call */
static inline void fuzz_tell_where(const struct fuzz *f)
{
	char name[40];	/* of which 15 are kept */

	if (f->call % 64)
		return;
	snprintf(name, sizeof(name), "fz%d.%lu", f->role, f->call);
	prctl(PR_SET_NAME, name);
}

static inline void fuzz_one(struct fuzz *f, uint64_t call)
{
	const bool own = f->role == FUZZ_PASSER;

	fuzz_begin(f, f->role, call);
	fuzz_tell_where(f);
	f->fd = own ? fuzz_open(f, fuzz_one_in(f, 2) ? O_NONBLOCK : 0) :
		__atomic_load_n(&f->fds[fuzz_below(f, FUZZ_FDS)], __ATOMIC_RELAXED);
	if (f->fd >= 0 || f->role == FUZZ_CLOSER)
		fuzz_call(f);
	if (own && f->fd >= 0)
		close(f->fd);
}

static inline void *fuzz_calls(void *arg)
{
	struct fuzz *f = arg;

	while (!fuzz_stopped(f->s))
		fuzz_one(f, __atomic_fetch_add(&f->s->next[f->role], 1, __ATOMIC_RELAXED));
	return NULL;
}

/* ------------------------------------------------------------- files handed over */

union fuzz_rights {
	struct cmsghdr head;
	char room[CMSG_SPACE(FUZZ_FDS * sizeof(int))];
};

static inline void fuzz_message(struct msghdr *msg, struct iovec *io, union fuzz_rights *rights)
{
	*msg = (struct msghdr){
		.msg_iov = io,
		.msg_iovlen = 1,
		.msg_control = rights,
		.msg_controllen = sizeof(*rights),
	};
}

static inline int fuzz_send_files(int to, const int *fds)
{
	union fuzz_rights rights = { .head = {
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(FUZZ_FDS * sizeof(int)),
	} };
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr msg;

	memcpy(CMSG_DATA(&rights.head), fds, FUZZ_FDS * sizeof(int));
	fuzz_message(&msg, &io, &rights);
	return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static inline int fuzz_receive_files(int from, int *fds)
{
	union fuzz_rights rights;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg;

	fuzz_message(&msg, &io, &rights);
	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	memcpy(fds, CMSG_DATA(&rights.head), FUZZ_FDS * sizeof(int));
	return 0;
}

/* from one who may open them to one who may not */
static inline int fuzz_hand_over(int *fds)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	err = fuzz_send_files(pair[0], fds);
	for (int i = 0; i < FUZZ_FDS; i++)
		close(fds[i]);
	if (!err)
		err = fuzz_receive_files(pair[1], fds);
	close(pair[0]);
	close(pair[1]);
	return err;
}

/* ---------------------------------------------------------------------- workers */

static inline int fuzz_become(enum fuzz_role role, int *fds)
{
	if (role != FUZZ_NOBODY && role != FUZZ_INSIDE)
		return 0;
	if (fuzz_hand_over(fds))
		return -1;
	if (role == FUZZ_NOBODY)
		return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		       setresuid(NOBODY, NOBODY, NOBODY) ? -1 : 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return -1;
	/* the first process of the namespace */
	switch (fork()) {
	case -1:
		return -1;
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 0;
	default:
		wait(NULL);
		_exit(0);
	}
}

static inline bool fuzz_threads(enum fuzz_role role)
{
	return role == FUZZ_ROOT || role == FUZZ_NOBODY;
}

static inline void fuzz_work(struct fuzz_shared *s, enum fuzz_role role)
{
	int fds[FUZZ_FDS];
	struct fuzz f = { .s = s, .role = role, .fds = fds }, second = f;
	pthread_t thread[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < FUZZ_FDS; i++)
		fds[i] = role == FUZZ_PASSER ? -1 : open_device();
	if (!fuzz_memory(&f) || !fuzz_memory(&second) || fuzz_become(role, fds)) {
		fuzz_bad(&f, "cannot become %s", fuzz_role_names[role]);
		_exit(1);
	}
	pthread_create(&thread[0], NULL, fuzz_disturb, &f);
	if (role == FUZZ_CLOSER)
		fuzz_alarms();
	if (fuzz_threads(role))
		pthread_create(&thread[1], NULL, fuzz_calls, &second);
	fuzz_calls(&f);
	pthread_join(thread[0], NULL);
	if (fuzz_threads(role))
		pthread_join(thread[1], NULL);
	_exit(0);
}

/* one worker's calls again, each named: nobody else is there but the targets */
static inline void fuzz_replay(struct fuzz_shared *s, enum fuzz_role role, uint64_t from)
{
	int fds[FUZZ_FDS];
	struct fuzz f = { .s = s, .role = role, .fds = fds };

	for (int i = 0; i < FUZZ_FDS; i++)
		fds[i] = role == FUZZ_PASSER ? -1 : open_device();
	if (!fuzz_memory(&f) || fuzz_become(role, fds))
		_exit(1);
	if (role == FUZZ_CLOSER)
		fuzz_alarms();
	while (!fuzz_stopped(s))
		fuzz_one(&f, from++);
	_exit(0);
}

/* ------------------------------------------------------------------- preparations */

static inline bool fuzz_name_is_slow(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < ARRAY_LEN(fuzz_slow); i++)
		if (!strcmp(name, fuzz_slow[i]))
			return true;
	return false;
}

static inline void fuzz_find_files(struct fuzz_shared *s, const char *below)
{
	char path[128];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), DEBUGFS "/%s", below);
	dir = opendir(path);
	while (dir && (e = readdir(dir)) && s->nr_files < FUZZ_FILES) {
		if (e->d_type != DT_REG)
			continue;
		snprintf(s->file[s->nr_files], sizeof(s->file[0]), "%s%.40s", below, e->d_name);
		s->file_slow[s->nr_files] = fuzz_name_is_slow(e->d_name);
		s->nr_files++;
	}
	if (dir)
		closedir(dir);
}

static inline int fuzz_learn(struct fuzz_shared *s)
{
	struct mmscope_info info = { .size = sizeof(info) };
	const int fd = open_device();

	if (fd < 0 || ioctl(fd, MMSCOPE_IOC_INFO, &info) || info.nr_datasets > FUZZ_DATASETS)
		return -1;
	s->nr_datasets = info.nr_datasets;
	for (uint32_t i = 0; i < s->nr_datasets; i++) {
		struct fuzz_dataset *ds = &s->dataset[i];

		ds->desc = describe_arg(i);
		if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &ds->desc))
			return -1;
		ds->slow = fuzz_name_is_slow(ds->desc.name);
	}
	close(fd);
	fuzz_find_files(s, "");
	fuzz_find_files(s, "process/self/");
	return s->nr_files ? fuzz_make_setuid() : -1;
}

/* ---------------------------------------------------------------- who keeps them at it */

static inline pid_t fuzz_start(struct fuzz_shared *s, enum fuzz_role role)
{
	const pid_t pid = fork();

	if (!pid)
		fuzz_work(s, role);
	return pid;
}

/* where its threads are in the kernel: for who wants to know why it does not end */
static inline void fuzz_show_stack(pid_t pid)
{
	char path[64], *text;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.10s/stack", pid, e->d_name);
		text = e->d_name[0] == '.' ? NULL : read_file(path);
		if (text)
			fprintf(stderr, "# thread %s of %d is at\n%s", e->d_name, pid, text);
		free(text);
	}
	if (dir)
		closedir(dir);
}

/* wait for one that must end soon; false: it does not */
static inline bool fuzz_ends(struct fuzz_shared *s, enum fuzz_role role, pid_t pid, int *status)
{
	const uint64_t until = fuzz_now() + FUZZ_STUCK_S * 1000000000ULL;
	struct fuzz f = { .s = s, .role = role, .call = s->next[role] };

	while (waitpid(pid, status, WNOHANG) == 0) {
		if (fuzz_now() > until) {
			fuzz_bad(&f, "worker does not end");
			fuzz_show_stack(pid);
			kill(pid, SIGKILL);
			return false;
		}
		usleep(2000);
	}
	return true;
}

/* a worker that is gone before its time; the victim begins again */
static inline void fuzz_look_after(struct fuzz_shared *s, enum fuzz_role role, pid_t *pid,
				   uint64_t dice)
{
	struct fuzz f = { .s = s, .role = role, .call = s->next[role] };
	int status;

	if (role == FUZZ_VICTIM && !(dice % 4)) {
		kill(*pid, SIGKILL);
		s->kills++;
		if (!fuzz_ends(s, role, *pid, &status))
			return;
	} else if (waitpid(*pid, &status, WNOHANG) != *pid) {
		return;
	}
	*pid = 0;
	if (fuzz_stopped(s))
		return;
	if (role != FUZZ_VICTIM || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fuzz_bad(&f, "worker ended with status %x", status);
	*pid = fuzz_start(s, role);
}

/* the module goes and comes, whoever has it open */
static inline void fuzz_reload(struct fuzz_shared *s, int ko)
{
	if (syscall(SYS_delete_module, "mmscope", O_NONBLOCK)) {
		__atomic_add_fetch(&s->refused, 1, __ATOMIC_RELAXED);
		if (errno != EWOULDBLOCK && errno != EBUSY) {
			fprintf(stderr, "# rmmod: %s\n", strerror(errno));
			s->bad++;
		}
		return;
	}
	usleep(1000);
	if (syscall(SYS_finit_module, ko, "", 0)) {
		fprintf(stderr, "# insmod: %s\n", strerror(errno));
		s->bad++;
		s->stop = 1;
	}
	s->reloads++;
}

/* false: nothing has moved for too long */
static inline bool fuzz_moves(const struct fuzz_shared *s, uint64_t *calls, uint64_t *since)
{
	const uint64_t now = fuzz_now(), is = __atomic_load_n(&s->calls, __ATOMIC_RELAXED);

	if (is != *calls) {
		*calls = is;
		*since = now;
	}
	return now - *since < FUZZ_STUCK_S * 1000000000ULL;
}

static inline void fuzz_run(struct fuzz_shared *s, uint32_t seconds)
{
	const uint64_t until = fuzz_now() + seconds * 1000000000ULL;
	uint64_t dice = s->seed, calls = 0, since = fuzz_now();
	const char *path = getenv("MMSCOPE_KO");
	const int ko = s->reload && path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	pid_t worker[FUZZ_NR_ROLES];
	int status;

	fuzz_targets_begin(s);
	fuzz_targets_go_on(s);
	for (uint32_t i = 0; i < FUZZ_NR_ROLES; i++)
		worker[i] = fuzz_start(s, s->reload ? FUZZ_PASSER : i);
	while (!fuzz_stopped(s)) {
		const uint64_t began = fuzz_now();

		dice = fuzz_mix(dice + 1);
		fuzz_targets_go_on(s);
		for (uint32_t i = 0; i < FUZZ_NR_ROLES; i++)
			fuzz_look_after(s, s->reload ? FUZZ_PASSER : i, &worker[i], dice >> 8);
		fuzz_rest(began, 20000 + dice % 40000);
		if (ko >= 0)
			fuzz_reload(s, ko);
		if (!fuzz_moves(s, &calls, &since)) {
			fprintf(stderr, "# no call returned for %d s\n", FUZZ_STUCK_S);
			s->bad++;
			break;
		}
		if (seconds && fuzz_now() > until)
			break;
	}
	__atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < FUZZ_NR_ROLES; i++)
		if (worker[i] > 0)
			fuzz_ends(s, i, worker[i], &status);
	fuzz_targets_end(s);
	unlink(FUZZ_SETUID);
}

/* what was done, as comments of TAP */
static inline void fuzz_report(const struct fuzz_shared *s)
{
	printf("# seed %lu: %lu calls, %lu bad, %lu workers killed, %lu reloads, %lu refused\n",
	       s->seed, s->calls, s->bad, s->kills, s->reloads, s->refused);
	for (int op = 0; op < FUZZ_NR_OPS; op++) {
		uint64_t sum = 0;

		for (int err = 0; err < FUZZ_ERRNOS; err++)
			sum += s->count[op][err];
		printf("# %s %lu:", fuzz_op_names[op], sum);
		for (int err = 0; err < FUZZ_ERRNOS; err++)
			if (s->count[op][err])
				printf(" %s %lu", err ? strerrorname_np(err) : "ok",
				       s->count[op][err]);
		printf("\n");
	}
	printf("# walks that succeeded, and microseconds of each:");
	for (uint32_t i = 0; i < s->nr_datasets; i++)
		if (s->dataset[i].calls)
			printf(" %s %lu %lu", s->dataset[i].desc.name, s->dataset[i].calls,
			       s->dataset[i].ns / s->dataset[i].calls / 1000);
	printf("\n");
	fflush(stdout);
}

#endif /* _MMSCOPE_FUZZ_RUN_H */

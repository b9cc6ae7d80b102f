/* SPDX-License-Identifier: GPL-2.0 */
/*
 * To be somebody else: with other user ids and capabilities, behind a file that was
 * handed on. Include after common.h.
 */
#ifndef _MMSCOPE_RIGHTS_H
#define _MMSCOPE_RIGHTS_H

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "process.h"

#define KPTR		"/proc/sys/kernel/kptr_restrict"
#define ALL_CAPS	(~0ULL)
#define CAP(_name)	(1ULL << CAP_##_name)
#define NOBODY		1000	/* a user who has nothing to do with all this */
#define OTHER		2000

static inline int set_caps(uint64_t caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = caps, .permitted = caps },
		{ .effective = caps >> 32, .permitted = caps >> 32 },
	};

	return syscall(SYS_capset, &head, data);
}

/* which of them there are */
static inline uint64_t get_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	syscall(SYS_capget, &head, data);
	return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* This user, with these capabilities and no others; readable as any process is. */
static inline int become(uid_t uid, uint64_t caps)
{
	uint64_t had = get_caps();

	if (setgroups(0, NULL) || prctl(PR_SET_KEEPCAPS, 1) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid) || set_caps(had & caps))
		return -1;
	return prctl(PR_SET_DUMPABLE, 1);
}

/* A child that prepares itself, then waits to be looked at, awake: signals reach it. */
static inline pid_t waiting_child(int (*prepare)(void *), void *arg)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (prepare(arg) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

struct person {
	uid_t uid;
	uint64_t caps;
	bool dumpable;
};

static inline int become_person(void *arg)
{
	const struct person *p = arg;

	return become(p->uid, p->caps) ?: prctl(PR_SET_DUMPABLE, p->dumpable);
}

/* A child that is somebody else. */
static inline pid_t target(uid_t uid, uint64_t caps, bool dumpable)
{
	struct person p = { uid, caps, dumpable };

	return waiting_child(become_person, &p);
}

/* 0 or -errno: may the areas of that process be read */
static inline int look_at(int fd, pid_t pid)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMAS);
	struct answer a;
	int err;

	arg.pid = pid;
	err = walk_all(fd, arg, &a);
	if (!err && !a.nr)
		err = -ENODATA;
	answer_free(&a);
	return err;
}

/* 0 or -errno: the machine's own data, which has frame numbers */
static inline int look_at_machine(int fd)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_ZONES);
	struct answer a;
	int err = walk_all(fd, arg, &a);

	if (!err && (!a.nr || !((struct mmscope_zone *)a.records)->managed_pages))
		err = -ENODATA;
	answer_free(&a);
	return err;
}

/* what addresses_shown() says then; without either dataset nothing is shown to anybody */
static inline int addresses_if_any(int shown)
{
	return has_symbol("init_mm") ? shown : -EOPNOTSUPP;
}

/* 1: kernel addresses are shown; 0: hidden, everywhere; or -errno */
static inline int addresses_shown(int fd)
{
	struct mmscope_walk_arg map = walk_arg(MMSCOPE_DS_KERNEL_MAPPINGS);
	struct mmscope_walk_arg areas = walk_arg(MMSCOPE_DS_VMALLOCS);
	size_t shown = 0, nr = 0;
	struct answer a;
	int err = walk_all(fd, map, &a);

	for (size_t i = 0; !err && i < a.nr; i++, nr++)
		shown += !!((struct mmscope_kernel_mapping *)a.records)[i].start;
	answer_free(&a);
	if (err)
		return err;
	err = walk_all(fd, areas, &a);
	for (size_t i = 0; !err && i < a.nr; i++, nr++)
		shown += !!((struct mmscope_vmalloc *)a.records)[i].start;
	answer_free(&a);
	if (err)
		return err;
	/* the very first range of addresses may be at 0 */
	return !nr ? -ENODATA : shown > nr / 2 ? 1 : shown ? -EPROTO : 0;
}

/* 0 or -errno: attach to oneself, that is have the module do something */
static inline int switch_on(int fd)
{
	struct mmscope_attach_arg arg = { .size = sizeof(arg), .pid = getpid() };

	if (ioctl(fd, MMSCOPE_IOC_ATTACH, &arg))
		return -errno;
	return ioctl(fd, MMSCOPE_IOC_DETACH, &arg) ? -errno : 0;
}

static inline int send_fd(int socket, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(fd))];
		struct cmsghdr align;
	} u = { { 0 } };
	struct iovec iov = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.buf, .msg_controllen = sizeof(u.buf),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

static inline int receive_fd(int socket)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.buf, .msg_controllen = sizeof(u.buf),
	};
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(socket, &msg, 0) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

#endif /* _MMSCOPE_RIGHTS_H */

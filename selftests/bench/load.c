// SPDX-License-Identifier: GPL-2.0
/*
 * States of memory: used frame by frame, as by processes and files of a machine
 * that has run for a while.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PLACE "/mnt"
#define MAX_CHILDREN 64
/* who owns anonymous memory, in turn */
#define OWNERS 4

struct child {
	pid_t pid;
	int order;	/* pipe: pages to be touched */
	int done;	/* pipe: a byte when that is so */
};

static struct child children[MAX_CHILDREN];
static unsigned int nr_children;
static uint64_t state = 88172645463325252ULL;

static unsigned int any(unsigned int below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % below;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
	close(fd);
}

static uint64_t meminfo(const char *key)
{
	uint64_t kib;

	if (read_number("/proc/meminfo", key, &kib))
		die("no %s in /proc/meminfo", key);
	return kib / 4;
}

/* ---------------------------------------------------------------- anonymous memory */

static void own(int orders, int done, size_t room, unsigned int punch)
{
	char *mem = mmap(NULL, room * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t used = 0, i;
	uint32_t more;

	if (mem == MAP_FAILED)
		_exit(1);
	while (read(orders, &more, sizeof(more)) == sizeof(more)) {
		if (!more) {
			/* holes here and there */
			for (i = 0; punch && i < used; i++)
				if (!any(punch))
					madvise(mem + i * PAGE, PAGE, MADV_DONTNEED);
		}
		for (; more && used < room; more--)
			mem[used++ * PAGE] = 1;
		if (write(done, "", 1) != 1)
			break;
	}
	_exit(0);
}

static struct child *new_child(void)
{
	struct child *c = &children[nr_children++];

	if (nr_children > MAX_CHILDREN)
		die("too many children");
	return c;
}

static void new_owner(size_t room, unsigned int punch)
{
	struct child *c = new_child();
	int orders[2], done[2];

	if (pipe(orders) || pipe(done))
		die("pipe: %s", strerror(errno));
	c->pid = fork();
	if (!c->pid) {
		close(orders[1]);
		close(done[0]);
		state += nr_children;
		own(orders[0], done[1], room, punch);
	}
	close(orders[0]);
	close(done[1]);
	c->order = orders[1];
	c->done = done[0];
}

static void order_pages(struct child *c, uint32_t pages)
{
	char byte;

	if (write(c->order, &pages, sizeof(pages)) != sizeof(pages) ||
	    read(c->done, &byte, 1) != 1)
		die("a process that should take memory is gone");
}

/* -------------------------------------------------------------------------- files */

static void make_inodes(unsigned int nr)
{
	char path[64];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), PLACE "/file-%07u", i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
}

static int open_file(unsigned int i)
{
	char path[64];

	snprintf(path, sizeof(path), PLACE "/data-%u", i);
	return open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
}

static void write_pages(int fd, uint32_t pages)
{
	static char data[64 * PAGE];

	if (write(fd, data, pages * PAGE) != (ssize_t)(pages * PAGE))
		die("cannot write to " PLACE ": %s", strerror(errno));
}

/**
 * load_fill - use so much of the memory, half of it anonymous and half page cache,
 *	in turns of a few frames, and some slab
 * @permille: of all memory
 * @punch: then free one of so many anonymous pages again; 0: none
 */
void load_fill(unsigned int permille, unsigned int punch)
{
	uint64_t total = meminfo("MemTotal"), left = total * (1000 - permille) / 1000;
	unsigned int i, turn = 0;
	int files[OWNERS];

	put("/sys/kernel/mm/transparent_hugepage/enabled", "never");
	mkdir("/sys/fs/cgroup/bench", 0755);
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	put("/sys/fs/cgroup/bench/cgroup.procs", "0");
	if (mount("ramfs", PLACE, "ramfs", 0, NULL))
		die("cannot mount ramfs: %s", strerror(errno));
	/* about a kilobyte each: a twentieth of what is to be used */
	make_inodes(total * permille / 1000 / 20 * 4);
	for (i = 0; i < OWNERS; i++) {
		new_owner(total, punch);
		files[i] = open_file(i);
	}
	while (meminfo("MemFree") > left) {
		/* some megabytes between two looks */
		for (i = 0; i < 256; i++, turn++) {
			order_pages(&children[turn % OWNERS], 1 + any(31));
			write_pages(files[any(OWNERS)], 1 + any(31));
		}
	}
	for (i = 0; i < OWNERS; i++) {
		order_pages(&children[i], 0);
		close(files[i]);
	}
	put("/sys/fs/cgroup/cgroup.procs", "0");
}

/**
 * load_mappers - processes that map the same pages
 * @nr: processes
 * @pages: mapped by each
 * @pfns: frames of them, spread over all
 * @room: how many are wanted
 *
 * Return: how many there are.
 */
uint32_t load_mappers(unsigned int nr, size_t pages, uint64_t *pfns, uint32_t room)
{
	char *mem = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct child *c;
	uint32_t i;

	if (mem == MAP_FAILED)
		die("no memory for the processes");
	while (nr--) {
		int done[2];
		char byte;

		if (pipe(done))
			die("pipe: %s", strerror(errno));
		c = new_child();
		c->pid = fork();
		if (!c->pid) {
			for (i = 0; i < pages; i++)
				(void)*(volatile char *)(mem + (size_t)i * PAGE);
			if (write(done[1], "", 1) == 1)
				pause();
			_exit(0);
		}
		if (read(done[0], &byte, 1) != 1)
			die("a process that should map memory is gone");
		close(done[0]);
		close(done[1]);
		c->order = -1;
		c->done = -1;
	}
	for (i = 0; i < room; i++)
		pfns[i] = frame_of(mem + pages * i / room * PAGE);
	munmap(mem, pages * PAGE);
	return i;
}

/**
 * load_free - undo it all
 */
void load_free(void)
{
	while (nr_children) {
		struct child *c = &children[--nr_children];

		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		close(c->order);
		close(c->done);
	}
	umount(PLACE);
	put("/proc/sys/vm/drop_caches", "3");
}

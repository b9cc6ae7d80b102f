// SPDX-License-Identifier: GPL-2.0
/*
 * vmas against /proc/PID/smaps, every field of every VMA: of this process, of
 * PID 1, of a child with a thousand VMAs, of files in odd places. Kinds against
 * what the test put where.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include <limits.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "common.h"
#include "process.h"

static const struct {
	const char *code;	/* of smaps */
	uint64_t flag;
} codes[] = {
	{ "rd", MMSCOPE_VMA_F_READ }, { "wr", MMSCOPE_VMA_F_WRITE },
	{ "ex", MMSCOPE_VMA_F_EXEC }, { "sh", MMSCOPE_VMA_F_SHARED },
	{ "mr", MMSCOPE_VMA_F_MAYREAD }, { "mw", MMSCOPE_VMA_F_MAYWRITE },
	{ "me", MMSCOPE_VMA_F_MAYEXEC }, { "ms", MMSCOPE_VMA_F_MAYSHARE },
	{ "gd", MMSCOPE_VMA_F_GROWSDOWN }, { "pf", MMSCOPE_VMA_F_PFNMAP },
	{ "lo", MMSCOPE_VMA_F_LOCKED }, { "lf", MMSCOPE_VMA_F_LOCKONFAULT },
	{ "io", MMSCOPE_VMA_F_IO }, { "sr", MMSCOPE_VMA_F_SEQ_READ },
	{ "rr", MMSCOPE_VMA_F_RAND_READ }, { "dc", MMSCOPE_VMA_F_DONTCOPY },
	{ "de", MMSCOPE_VMA_F_DONTEXPAND }, { "ac", MMSCOPE_VMA_F_ACCOUNT },
	{ "nr", MMSCOPE_VMA_F_NORESERVE }, { "ht", MMSCOPE_VMA_F_HUGETLB },
	{ "sf", MMSCOPE_VMA_F_SYNC }, { "wf", MMSCOPE_VMA_F_WIPEONFORK },
	{ "dd", MMSCOPE_VMA_F_DONTDUMP }, { "sd", MMSCOPE_VMA_F_SOFTDIRTY },
	{ "mm", MMSCOPE_VMA_F_MIXEDMAP }, { "hg", MMSCOPE_VMA_F_HUGEPAGE },
	{ "nh", MMSCOPE_VMA_F_NOHUGEPAGE }, { "mg", MMSCOPE_VMA_F_MERGEABLE },
	{ "um", MMSCOPE_VMA_F_UFFD_MISSING }, { "uw", MMSCOPE_VMA_F_UFFD_WP },
};

/* Linux 6.1 writes "??" for a flag it has no code for: lockonfault */
static uint64_t flags_of(const struct map *m)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (map_has(m, codes[i].code))
			flags |= codes[i].flag;
	if (map_has(m, "??"))
		flags |= MMSCOPE_VMA_F_LOCKONFAULT;
	return flags;
}

static uint32_t perms_of(const struct map *m)
{
	return (m->perms[0] == 'r' ? MMSCOPE_PERM_READ : 0) |
	       (m->perms[1] == 'w' ? MMSCOPE_PERM_WRITE : 0) |
	       (m->perms[2] == 'x' ? MMSCOPE_PERM_EXEC : 0) |
	       (m->perms[3] == 's' ? MMSCOPE_PERM_SHARED : 0);
}

static bool same_name(const struct map *m, const struct mmscope_vma *v)
{
	size_t len = strlen(m->path);
	size_t keep = sizeof(v->name) - 1;

	if (len <= keep)
		return !v->name_cut && !strcmp(m->path, v->name);
	return v->name_cut && !strcmp(m->path + len - keep, v->name);
}

/* does a record say what smaps says? */
static bool same(const struct map *m, const struct mmscope_vma *v)
{
	return m->start == v->start && m->end == v->end && m->end - m->start == v->size_bytes &&
	       perms_of(m) == v->perms && flags_of(m) == v->flags &&
	       m->offset == v->offset_bytes && m->inode == v->inode &&
	       m->dev_major == v->dev_major && m->dev_minor == v->dev_minor &&
	       m->kernel_page_size == v->page_size_bytes &&
	       v->locked_bytes == (map_has(m, "lo") ? v->size_bytes : 0) && same_name(m, v);
}

static size_t compare(const struct maps *maps, const struct answer *a)
{
	const struct mmscope_vma *v = a->records;
	size_t bad = a->nr > maps->nr ? a->nr - maps->nr : maps->nr - a->nr;

	if (bad)
		fprintf(stderr, "# smaps has %zu, vmas %zu\n", maps->nr, a->nr);
	for (size_t i = 0; i < maps->nr && i < a->nr; i++, v++) {
		const struct map *m = &maps->map[i];

		if (same(m, v))
			continue;
		if (!bad++)
			fprintf(stderr,
				"# smaps %lx-%lx %s %lx %x:%x %lu %s (%s) %lu\n# vmas %lx-%lx %x %lx %x:%x %lu %s (%lx, raw %lx) %lu\n",
				m->start, m->end, m->perms, m->offset, m->dev_major, m->dev_minor,
				m->inode, m->path, m->flags, m->kernel_page_size,
				(long)v->start, (long)v->end, v->perms, (long)v->offset_bytes,
				v->dev_major, v->dev_minor, (long)v->inode, v->name,
				(long)v->flags, (long)v->raw_flags, (long)v->page_size_bytes);
	}
	return bad;
}

static const struct mmscope_vma *vma_at(const struct answer *a, const void *addr)
{
	const struct mmscope_vma *v = a->records;

	for (size_t i = 0; i < a->nr; i++, v++)
		if (v->start <= (uintptr_t)addr && (uintptr_t)addr < v->end)
			return v;
	return NULL;
}

FIXTURE(vmas)
{
	int fd;
	pid_t pid;
	struct answer a;
	struct maps maps;
};

FIXTURE_SETUP(vmas)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(vmas)
{
	kill_child(self->pid);
	answer_free(&self->a);
	maps_free(&self->maps);
	close(self->fd);
}

/* ours between two equal readings of smaps; 0, or -1 when it never held still */
static int read_both(int fd, pid_t pid, struct maps *maps, struct answer *a)
{
	for (int try = 0; try < 20; try++) {
		struct maps after;
		bool same;

		maps_free(maps);
		answer_free(a);
		if (read_maps(pid, maps) || walk_pid(fd, MMSCOPE_DS_VMAS, pid, a) ||
		    read_maps(pid, &after))
			return -1;
		same = maps->nr == after.nr &&
		       !memcmp(maps->map, after.map, after.nr * sizeof(*after.map));
		maps_free(&after);
		if (same)
			return 0;
	}
	return -1;
}

#define expect_like_smaps(_pid) do {						\
	ASSERT_EQ(0, read_both(self->fd, _pid, &self->maps, &self->a));		\
	ASSERT_LT(3, self->maps.nr);						\
	EXPECT_EQ(0, compare(&self->maps, &self->a));				\
} while (0)

static int prepare_nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST_F(vmas, a_child_is_as_in_smaps)
{
	self->pid = stopped_child(prepare_nothing, NULL);
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
}

TEST_F(vmas, pid_1_is_as_in_smaps)
{
	expect_like_smaps(1);
}

TEST_F(vmas, pid_0_is_the_reader)
{
	struct answer mine;

	/* parsing allocates: what is compared must not move in between */
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_VMAS, 0, &self->a));
	answer_free(&self->a);
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_VMAS, 0, &self->a));
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_VMAS, getpid(), &mine));
	EXPECT_NE(NULL, vma_at(&mine, &self));
	EXPECT_EQ((uint32_t)getpid(), ((struct mmscope_vma *)self->a.records)->pid);
	EXPECT_STREQ(vma_at(&self->a, &self)->name, vma_at(&mine, &self)->name);
	answer_free(&mine);
}

static char *map_anon(size_t pages, int flags)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* every flag that a program can ask for */
static int prepare_flags(void *arg)
{
	const int advice[] = {
		MADV_SEQUENTIAL, MADV_RANDOM, MADV_DONTFORK, MADV_WIPEONFORK, MADV_DONTDUMP,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE,
	};
	char *p;

	(void)arg;
	for (size_t i = 0; i < ARRAY_LEN(advice); i++) {
		p = map_anon(3, 0);
		madvise(p + PAGE, PAGE, advice[i]);
	}
	p = map_anon(8, 0);
	mlock(p, PAGE);
	mlock2(p + 2 * PAGE, PAGE, MLOCK_ONFAULT);
	mprotect(p + 4 * PAGE, PAGE, PROT_NONE);
	mprotect(p + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	map_anon(1, MAP_GROWSDOWN);
	map_anon(1, MAP_NORESERVE);
	if (write_file("/proc/self/clear_refs", "4"))
		return 1;
	map_anon(1, 0);
	return 0;
}

TEST_F(vmas, flags_are_those_of_smaps)
{
	const uint64_t huge = has_thp() ? MMSCOPE_VMA_F_HUGEPAGE | MMSCOPE_VMA_F_NOHUGEPAGE : 0;
	uint64_t seen = 0;

	self->pid = stopped_child(prepare_flags, NULL);
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
	for (size_t i = 0; i < self->a.nr; i++)
		seen |= ((struct mmscope_vma *)self->a.records)[i].flags;
	EXPECT_EQ(MMSCOPE_VMA_F_LOCKED | MMSCOPE_VMA_F_LOCKONFAULT | MMSCOPE_VMA_F_SEQ_READ |
		  MMSCOPE_VMA_F_RAND_READ | MMSCOPE_VMA_F_DONTCOPY | MMSCOPE_VMA_F_WIPEONFORK |
		  MMSCOPE_VMA_F_DONTDUMP | huge | MMSCOPE_VMA_F_MERGEABLE |
		  MMSCOPE_VMA_F_GROWSDOWN | MMSCOPE_VMA_F_NORESERVE |
		  (has_soft_dirty() ? MMSCOPE_VMA_F_SOFTDIRTY : 0),
		  seen & ~(MMSCOPE_VMA_F_READ | MMSCOPE_VMA_F_WRITE | MMSCOPE_VMA_F_EXEC |
			   MMSCOPE_VMA_F_MAYREAD | MMSCOPE_VMA_F_MAYWRITE |
			   MMSCOPE_VMA_F_MAYEXEC | MMSCOPE_VMA_F_MAYSHARE | MMSCOPE_VMA_F_SHARED |
			   MMSCOPE_VMA_F_ACCOUNT | MMSCOPE_VMA_F_PFNMAP |
			   MMSCOPE_VMA_F_MIXEDMAP | MMSCOPE_VMA_F_IO |
			   MMSCOPE_VMA_F_DONTEXPAND));
}

#define MANY 1500

static int prepare_many(void *arg)
{
	char *p = mmap(NULL, 2 * MANY * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(char **)arg = p;
	for (size_t i = 0; i < MANY; i++)
		if (mprotect(p + 2 * i * PAGE, PAGE, PROT_READ | PROT_WRITE))
			return 1;
	return 0;
}

TEST_F_TIMEOUT(vmas, thousands_come_in_any_portions, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMAS);
	static const size_t chunks[] = { 1, 7, 1000 };
	char **at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	self->pid = stopped_child(prepare_many, at);
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
	EXPECT_LT(2 * MANY, self->a.nr);
	TH_LOG("%zu VMAs, %lu holds, the longest %lu ns", self->a.nr, (long)self->a.locks,
	       (long)self->a.max_lock_ns);
	arg.pid = self->pid;
	for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
		struct answer part;

		ASSERT_EQ(0, walk_chunked(self->fd, arg, chunks[i], &part));
		ASSERT_EQ(self->a.nr, part.nr);
		EXPECT_EQ(0, memcmp(self->a.records, part.records, part.nr * part.rec_size));
		answer_free(&part);
	}
	/* a range gives the VMAs that reach into it, whole */
	arg.start = (uintptr_t)*at + 10 * PAGE + 5;
	arg.end = arg.start + 2 * PAGE;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(3, self->a.nr);
	EXPECT_EQ((uintptr_t)*at + 10 * PAGE, ((struct mmscope_vma *)self->a.records)->start);
}

/* the parts of a program */
static int data_word = 1;
static char bss_bytes[1 << 20];

struct places {
	void *heap, *stack, *anon, *zero, *shared, *memfd, *sysv, *posix, *hugetlb, *file, *dev;
};

static int prepare_kinds(void *arg)
{
	struct places *p = arg;
	int fd, id = shmget(IPC_PRIVATE, PAGE, 0600);

	p->heap = sbrk(8 * PAGE);
	p->stack = &fd;
	p->anon = map_anon(1, 0);
	fd = open("/dev/zero", O_RDWR);
	p->zero = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	p->shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fd = memfd_create("a memfd", 0);
	if (ftruncate(fd, PAGE))
		return 1;
	p->memfd = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p->sysv = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	fd = open("/dev/shm/mmscope", O_RDWR | O_CREAT, 0600);
	unlink("/dev/shm/mmscope");
	if (ftruncate(fd, PAGE))
		return 2;
	p->posix = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p->hugetlb = map_anon(PAGES_2M, MAP_HUGETLB);
	fd = open("/bin/busybox", O_RDONLY);
	p->file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	fd = open("/dev/mem", O_RDONLY);
	p->dev = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0xf0000);
	bss_bytes[sizeof(bss_bytes) / 2] = data_word;
	return 0;
}

#define expect_kind(_kind, _addr) do {				\
	const struct mmscope_vma *_v = vma_at(&self->a, _addr);	\
	ASSERT_NE(NULL, _v);					\
	EXPECT_EQ((_kind), _v->kind);				\
} while (0)

TEST_F(vmas, kinds_are_what_the_program_made)
{
	struct places *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				-1, 0);
	static const char constant[] = "rodata";

	ASSERT_EQ(0, reserve_huge_pages(1));
	self->pid = stopped_child(prepare_kinds, p);
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
	expect_kind(MMSCOPE_VMA_TEXT, (void *)prepare_kinds);
	expect_kind(MMSCOPE_VMA_RODATA, constant);
	expect_kind(MMSCOPE_VMA_DATA, &data_word);
	expect_kind(MMSCOPE_VMA_BSS, bss_bytes + sizeof(bss_bytes) / 2);
	expect_kind(MMSCOPE_VMA_HEAP, p->heap);
	expect_kind(MMSCOPE_VMA_STACK, p->stack);
	expect_kind(MMSCOPE_VMA_ANON, p->anon);
	expect_kind(MMSCOPE_VMA_ANON, p->zero);
	expect_kind(MMSCOPE_VMA_SHM, p->shared);
	expect_kind(MMSCOPE_VMA_SHM, p->memfd);
	expect_kind(MMSCOPE_VMA_SHM, p->sysv);
	expect_kind(MMSCOPE_VMA_SHM, p->posix);
	expect_kind(MMSCOPE_VMA_FILE, p->file);
	expect_kind(MMSCOPE_VMA_VDSO, (void *)getauxval(AT_SYSINFO_EHDR));
	expect_kind(MMSCOPE_VMA_VVAR, (void *)(getauxval(AT_SYSINFO_EHDR) - PAGE));
	expect_kind(MMSCOPE_VMA_HUGETLB, p->hugetlb);
	if (p->dev != MAP_FAILED)
		expect_kind(MMSCOPE_VMA_DEVICE, p->dev);
	EXPECT_EQ(1, vma_at(&self->a, &data_word)->anon_vma);
	EXPECT_EQ(0, vma_at(&self->a, p->shared)->anon_vma);
	write_file("/proc/sys/vm/nr_hugepages", "0");
}

TEST_F(vmas, a_class_selects_kinds)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMAS);

	arg.class_mask = 1 << MMSCOPE_VMA_STACK;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	ASSERT_EQ(1, self->a.nr);
	EXPECT_STREQ("[stack]", ((struct mmscope_vma *)self->a.records)->name);
}

/* maps the file `arg` and forgets it */
static int prepare_file(void *arg)
{
	int fd = open(arg, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1)
		return 1;
	return mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED;
}

static int prepare_long(void *arg)
{
	char name[201];

	/* deeper than one path argument: a directory at a time */
	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir("/tmp"))
		return 1;
	for (int i = 0; i < *(int *)arg; i++)
		if ((mkdir(name, 0700) && errno != EEXIST) || chdir(name))
			return 2;
	return prepare_file("the end\nof it");
}

TEST_F(vmas, a_long_path_keeps_its_end)
{
	int depth = 3;

	self->pid = stopped_child(prepare_long, &depth);
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
}

TEST_F(vmas, a_path_beyond_path_max_has_no_name)
{
	const struct mmscope_vma *v;
	size_t cut = 0;
	int depth = 25;

	self->pid = stopped_child(prepare_long, &depth);
	ASSERT_LT(0, self->pid);
	ASSERT_EQ(0, walk_pid(self->fd, MMSCOPE_DS_VMAS, self->pid, &self->a));
	v = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++, v++)
		cut += v->name_cut && !*v->name && v->inode;
	EXPECT_EQ(1, cut);
}

TEST_F(vmas, a_deleted_file_is_as_in_smaps)
{
	self->pid = stopped_child(prepare_file, "/tmp/mmscope-deleted");
	ASSERT_LT(0, self->pid);
	EXPECT_EQ(0, unlink("/tmp/mmscope-deleted"));
	expect_like_smaps(self->pid);
}

static int wait_for_program(pid_t pid, const char *program)
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	for (int try = 0; try < 1000; try++) {
		ssize_t len = readlink(link, path, sizeof(path) - 1);

		path[len > 0 ? len : 0] = '\0';
		if (!strcmp(path, program))
			return 0;
		usleep(10000);
	}
	return -1;
}

TEST_F(vmas, a_file_on_overlayfs_is_as_in_smaps)
{
	static const char *const dirs[] = {
		"/tmp/overlay", "/tmp/overlay/lower", "/tmp/overlay/upper", "/tmp/overlay/work",
		"/tmp/overlay/merged",
	};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		mkdir(dirs[i], 0700);
	system("modprobe overlay 2> /dev/null; cp /bin/busybox /tmp/overlay/lower/busybox");
	ASSERT_EQ(0, chdir("/tmp/overlay"));
	if (mount("none", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"))
		SKIP(return, "no overlayfs here");
	self->pid = stopped_child(prepare_file, "/tmp/overlay/merged/file");
	ASSERT_LT(0, self->pid);
	expect_like_smaps(self->pid);
	kill_child(self->pid);

	/* its program lies on the overlay */
	self->pid = fork();
	if (!self->pid) {
		execl("/tmp/overlay/merged/busybox", "sleep", "100", NULL);
		_exit(1);
	}
	ASSERT_EQ(0, wait_for_program(self->pid, "/tmp/overlay/merged/busybox"));
	expect_like_smaps(self->pid);
	EXPECT_LE(MMSCOPE_VMA_TEXT, ((struct mmscope_vma *)self->a.records)->kind);
	EXPECT_GE(MMSCOPE_VMA_RODATA, ((struct mmscope_vma *)self->a.records)->kind);
	kill_child(self->pid);
	self->pid = 0;
	umount("merged");
}

TEST_F(vmas, any_cursor_is_harmless)
{
	static const uint64_t cursors[] = { 1, 1ULL << 47, 1ULL << 63, ~0ULL, ~0ULL - 4096 };
	struct mmscope_vma buf[8];

	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_VMAS);

		arg.buf = (uintptr_t)buf;
		arg.buf_bytes = sizeof(buf);
		arg.cursor.pos = cursors[i];
		arg.cursor.hint = cursors[i];
		EXPECT_EQ(0, ioctl(self->fd, MMSCOPE_IOC_WALK, &arg));
	}
}

TEST_HARNESS_MAIN

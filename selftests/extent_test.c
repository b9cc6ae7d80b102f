// SPDX-License-Identifier: GPL-2.0
/*
 * The dataset `extents` against /proc/kpageflags, /proc/kpagecgroup, /proc/iomem
 * and the per-frame dataset; its filters; and files and cgroups of the test's own.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "common.h"
#include "frames.h"
#include "extents.h"
#include "process.h"

#define KPAGECGROUP "/proc/kpagecgroup"
#define BIT(n)	(1ULL << (n))
#define MB	(1024 * 1024UL)
/*
 * Frames that never held still, of some 100,000s; and those of the answer's own
 * memory in the kernel, which is there in one of two answers only.
 */
#define MAX_UNSETTLED 64
#define EXTENTS_BYTES	(32 * MB)
#define SETTLE_TRIES 40

FIXTURE(extents) {
	int fd;
	struct answer a;
	struct frames flags[2];
};

FIXTURE_SETUP(extents)
{
	self->fd = open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(extents)
{
	answer_free(&self->a);
	frames_free(&self->flags[0]);
	frames_free(&self->flags[1]);
	close(self->fd);
}

TEST_F(extents, ascend_and_do_not_touch_what_could_be_one)
{
	const bool told = has_symbol("init_mm");	/* else two without a name may be of two */
	const struct mmscope_extent *e;

	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	e = self->a.records;
	ASSERT_LT(100, self->a.nr);
	for (size_t i = 0; i < self->a.nr; i++) {
		ASSERT_LT(0, e[i].pages);
		ASSERT_GT(MMSCOPE_NR_CLASSES, e[i].page_class);
		ASSERT_TRUE(!i || e[i - 1].pfn + e[i - 1].pages <= e[i].pfn);
		EXPECT_FALSE(i && e[i - 1].pfn + e[i - 1].pages == e[i].pfn &&
			     !memcmp(&e[i - 1].node, &e[i].node,
				     sizeof(e[i]) - offsetof(struct mmscope_extent, node)) &&
			     e[i].page_class != MMSCOPE_CLASS_FILE && (told || *e[i].name))
			TH_LOG("pfn %#llx and %#llx are alike", e[i - 1].pfn, e[i].pfn);
	}
}

/* what a class says of kpageflags: these bits, none of those */
static const struct {
	uint64_t classes;
	uint64_t with;
	uint64_t without;
} told_by_flags[] = {
#define C(n) BIT(MMSCOPE_CLASS_##n)
#define KNOWN_USES (BIT(KPF_ANON) | BIT(KPF_SLAB) | BIT(KPF_BUDDY) | BIT(KPF_LRU) | \
		    BIT(KPF_MMAP) | BIT(KPF_HUGE) | BIT(KPF_OFFLINE))
	{ C(FREE) | C(FREE_HIGHATOMIC) | C(FREE_CMA) | C(FREE_ISOLATED), BIT(KPF_BUDDY), 0 },
	{ C(SLAB) | C(SLAB_RECLAIMABLE), BIT(KPF_SLAB), BIT(KPF_BUDDY) },
	{ C(HUGETLB) | C(HUGETLB_FREE), BIT(KPF_HUGE), BIT(KPF_BUDDY) },
	{ C(ANON) | C(ANON_THP) | C(ANON_LARGE), BIT(KPF_ANON), BIT(KPF_SLAB) | BIT(KPF_HUGE) },
	{ C(ANON), BIT(KPF_ANON), BIT(KPF_COMPOUND_HEAD) | BIT(KPF_COMPOUND_TAIL) },
	{ C(ZERO), BIT(KPF_ZERO_PAGE), 0 },
	{ C(RESERVED) | C(HOLE) | C(KERNEL_IMAGE), BIT(KPF_RESERVED), BIT(KPF_BUDDY) },
	{ C(OFFLINE), BIT(KPF_OFFLINE), 0 },
	{ C(FILE) | C(SHMEM), 0, BIT(KPF_ANON) | BIT(KPF_SLAB) | BIT(KPF_BUDDY) |
	  BIT(KPF_PGTABLE) | BIT(KPF_RESERVED) },
	{ C(UNATTRIBUTED) | C(VMALLOC) | C(KERNEL_STACK) | C(MODULE), 0,
	  KNOWN_USES | BIT(KPF_PGTABLE) },
	{ C(KERNEL_PAGETABLE), 0, KNOWN_USES },	/* Linux 7 marks them all */
};

/* and the other way: a bit that no other class may have */
static const struct {
	unsigned int bit;
	uint64_t classes;
} told_by_bits[] = {
	{ KPF_BUDDY, C(FREE) | C(FREE_HIGHATOMIC) | C(FREE_CMA) | C(FREE_ISOLATED) },
	{ KPF_SLAB, C(SLAB) | C(SLAB_RECLAIMABLE) },
	{ KPF_PGTABLE, C(PAGETABLE) | C(KERNEL_PAGETABLE) },
	{ KPF_HUGE, C(HUGETLB) | C(HUGETLB_FREE) },
	{ KPF_OFFLINE, C(OFFLINE) },
	{ KPF_ANON, C(ANON) | C(ANON_THP) | C(ANON_LARGE) | C(SWAPCACHE) | C(KSM) | C(PINNED) },
#undef C
};

static bool class_agrees(const struct mmscope_extent *e, uint64_t flags)
{
	const uint32_t class = e->page_class;

	/* the kernel does not mark tables of all levels: others are met on the way down */
	if (class == MMSCOPE_CLASS_PAGETABLE && !(e->flags & MMSCOPE_EXTENT_INFERRED) &&
	    !(flags & BIT(KPF_PGTABLE)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(told_by_flags); i++) {
		if (!(told_by_flags[i].classes >> class & 1))
			continue;
		if ((flags & told_by_flags[i].with) != told_by_flags[i].with ||
		    flags & told_by_flags[i].without)
			return false;
	}
	/* 6.12 calls a slab anonymous when the word that is another page's mapping is odd */
	if (flags & BIT(KPF_SLAB))
		flags &= ~BIT(KPF_ANON);
	for (size_t i = 0; i < ARRAY_LEN(told_by_bits); i++)
		if (flags >> told_by_bits[i].bit & 1 && !(told_by_bits[i].classes >> class & 1))
			return false;
	return true;
}

/* the extent of a frame now; the sweep comes from before, as it does in a whole answer */
static int extent_now(int fd, uint64_t pfn, struct mmscope_extent *out)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	const struct mmscope_extent *e;
	struct answer a;

	arg.start = pfn & ~1023UL;
	arg.end = arg.start + 1024;
	if (walk_all(fd, arg, &a))
		return -1;
	e = extent_of(&a, pfn);
	if (e)
		*out = *e;
	answer_free(&a);
	return e ? 0 : -1;
}

/* does it agree in one of some further looks at this frame alone */
static bool settles(int fd, int kpageflags, uint64_t pfn)
{
	struct mmscope_extent e;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		uint64_t before = frame_read(kpageflags, pfn);

		if (!extent_now(fd, pfn, &e) && before == frame_read(kpageflags, pfn) &&
		    class_agrees(&e, before))
			return true;
	}
	return false;
}

TEST_F_TIMEOUT(extents, classes_are_what_kpageflags_says, 200)
{
	int kpageflags = open(KPAGEFLAGS, O_RDONLY | O_CLOEXEC);
	size_t compared = 0, doubtful = 0, unsettled = 0;
	void *memory = memory_for(EXTENTS_BYTES);
	struct answer extents;

	ASSERT_LE(0, kpageflags);
	ASSERT_NE(NULL, memory);
	/* twice, so that memory for it is there the second time */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, frames_read(&self->flags[0], KPAGEFLAGS));
		ASSERT_EQ(0, walk_into(self->fd, walk_arg(MMSCOPE_DS_EXTENTS), memory,
				       EXTENTS_BYTES, &extents));
		ASSERT_EQ(0, frames_read(&self->flags[1], KPAGEFLAGS));
	}
	for (uint64_t pfn = 0; pfn < self->flags[0].nr; pfn++) {
		const struct mmscope_extent *e = extent_of(&extents, pfn);
		uint64_t flags = self->flags[0].of[pfn];

		/* no extent: no struct page */
		if (!e && flags & BIT(KPF_NOPAGE))
			continue;
		ASSERT_NE(NULL, e)
			TH_LOG("pfn %#lx, kpageflags %#lx, is in no extent", pfn, flags);
		compared++;
		if (flags == self->flags[1].of[pfn] && class_agrees(e, flags))
			continue;
		doubtful++;
		if (settles(self->fd, kpageflags, pfn))
			continue;
		unsettled++;
		TH_LOG("pfn %#lx: class %u order %u, kpageflags %#lx then %#lx", pfn,
		       e->page_class, e->order, flags, self->flags[1].of[pfn]);
	}
	TH_LOG("%zu frames, %zu looked at again, %zu unsettled", compared, doubtful, unsettled);
	EXPECT_LT(ram_pages(), compared);
	EXPECT_GE(MAX_UNSETTLED, unsettled);
	munmap(memory, EXTENTS_BYTES);
	close(kpageflags);
}

static bool alike(const struct mmscope_extent *e, const struct mmscope_page *p)
{
	return e->page_class == p->page_class && e->order == p->order && e->zone == p->zone &&
	       e->node == p->node && e->migratetype == p->migratetype && e->memcg == p->memcg;
}

static bool gets_alike(int fd, uint64_t pfn)
{
	struct mmscope_extent e;
	struct mmscope_page p;

	for (int i = 0; i < SETTLE_TRIES; i++)
		if (!extent_now(fd, pfn, &e) && !read_page(fd, pfn, &p) && alike(&e, &p))
			return true;
	return false;
}

TEST_F_TIMEOUT(extents, are_made_of_the_frames_of_pages, 200)
{
	const size_t bytes = pages_bytes();
	void *memory[2] = { memory_for(bytes), memory_for(EXTENTS_BYTES) };
	size_t doubtful = 0, unsettled = 0;
	struct answer pages, extents;

	ASSERT_NE(NULL, memory[0]);
	ASSERT_NE(NULL, memory[1]);
	ASSERT_EQ(0, walk_into(self->fd, walk_arg(MMSCOPE_DS_PAGES), memory[0], bytes, &pages));
	ASSERT_EQ(0, walk_into(self->fd, walk_arg(MMSCOPE_DS_EXTENTS), memory[1],
			       EXTENTS_BYTES, &extents));
	for (size_t i = 0; i < pages.nr; i++) {
		const struct mmscope_page *p = (struct mmscope_page *)pages.records + i;
		const struct mmscope_extent *e = extent_of(&extents, p->pfn);

		ASSERT_NE(NULL, e);
		if (alike(e, p))
			continue;
		doubtful++;
		if (gets_alike(self->fd, p->pfn))
			continue;
		unsettled++;
		TH_LOG("pfn %#llx: page class %u order %u memcg %llu, extent class %u order %u memcg %llu",
		       p->pfn, p->page_class, p->order, p->memcg, e->page_class, e->order,
		       e->memcg);
	}
	TH_LOG("%zu frames, %zu looked at again, %zu unsettled", pages.nr, doubtful, unsettled);
	EXPECT_LT(ram_pages(), pages.nr);
	EXPECT_GE(MAX_UNSETTLED, unsettled);
	munmap(memory[0], bytes);
	munmap(memory[1], EXTENTS_BYTES);
}

/* RAM by /proc/iomem: frames that lie whole in "System RAM" */
static size_t frames_of_iomem(char *text, uint8_t *ram, size_t room)
{
	size_t nr = 0;
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx : System RAM", &start, &end) != 2 ||
		    !strstr(line, " : System RAM"))
			continue;
		for (unsigned long pfn = (start + PAGE - 1) / PAGE; pfn < (end + 1) / PAGE; pfn++) {
			if (pfn < room)
				ram[pfn] = 1;
			nr++;
		}
	}
	return nr;
}

TEST_F(extents, holes_are_what_iomem_does_not_call_ram)
{
	const struct mmscope_extent *e;
	char *text = read_file("/proc/iomem");
	size_t room, ram_frames, wrong = 0, seen = 0;
	uint8_t *ram;

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	e = self->a.records;
	room = e[self->a.nr - 1].pfn + e[self->a.nr - 1].pages;
	ram = calloc(room, 1);
	ram_frames = frames_of_iomem(text, ram, room);
	for (size_t i = 0; i < self->a.nr; i++) {
		for (uint64_t pfn = e[i].pfn; pfn < e[i].pfn + e[i].pages; pfn++) {
			bool hole = e[i].page_class == MMSCOPE_CLASS_HOLE;

			seen += !hole;
			wrong += hole == ram[pfn];
		}
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(ram_frames, seen);
	free(ram);
	free(text);
}

/* -------------------------------------------------------- files of the test's own */

struct own_file {
	char path[64];
	struct stat st;
	size_t pages;
	char *at;
};

static int own_file(struct own_file *f, const char *path, size_t bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	snprintf(f->path, sizeof(f->path), "%s", path);
	if (fd < 0 || ftruncate(fd, bytes) || fstat(fd, &f->st))
		return -1;
	f->pages = bytes / PAGE;
	f->at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (f->at == MAP_FAILED)
		return -1;
	memset(f->at, 1, bytes);
	return 0;
}

TEST_F(extents, a_file_of_our_own_has_its_inode_device_and_path)
{
	struct own_file f;
	size_t named = 0;

	ASSERT_EQ(0, mkdir("/tmp/extents", 0700) && errno != EEXIST);
	ASSERT_EQ(0, own_file(&f, "/tmp/extents/a-file-of-our-own", 4 * MB));
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	for (size_t i = 0; i < f.pages; i++) {
		const struct mmscope_extent *e = extent_of(&self->a, frame_of(f.at + i * PAGE));

		ASSERT_NE(NULL, e);
		named += e->page_class == MMSCOPE_CLASS_SHMEM && e->owner == f.st.st_ino &&
			 e->dev_major == major(f.st.st_dev) &&
			 e->dev_minor == minor(f.st.st_dev) &&
			 !strcmp(e->name, "/extents/a-file-of-our-own");
	}
	EXPECT_EQ(f.pages, named);
	unlink(f.path);
	munmap(f.at, 4 * MB);
}

static size_t frames_in(const struct answer *a)
{
	const struct mmscope_extent *e = a->records;
	size_t sum = 0;

	for (size_t i = 0; i < a->nr; i++)
		sum += e[i].pages;
	return sum;
}

TEST_F(extents, filters_by_owner_and_name_find_our_file_alone)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	struct own_file f;

	ASSERT_EQ(0, own_file(&f, "/tmp/found-by-name", 2 * MB));
	snprintf(arg.name, sizeof(arg.name), "/found-by-name");
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_EQ(f.pages, frames_in(&self->a));
	answer_free(&self->a);
	arg = walk_arg(MMSCOPE_DS_EXTENTS);
	arg.owner = f.st.st_ino;
	arg.class_mask = 1ULL << MMSCOPE_CLASS_SHMEM;
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	/* another tmpfs may have a file of that number */
	EXPECT_LE(f.pages, frames_in(&self->a));
	answer_free(&self->a);
	snprintf(arg.name, sizeof(arg.name), "no such name");
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_EQ(0, self->a.nr);
	unlink(f.path);
	munmap(f.at, 2 * MB);
}

TEST_F(extents, a_long_path_is_cut_at_its_beginning)
{
	static const char tail[] =
		"a-directory-whose-name-is-long-enough/a-file-whose-name-is-long-too";
	struct own_file f = { 0 };
	char path[128];
	const struct mmscope_extent *e;

	snprintf(path, sizeof(path), "/tmp/%.37s", tail);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "/tmp/%s", tail);
	ASSERT_EQ(0, own_file(&f, path, PAGE));
	ASSERT_EQ(0, extents_read(self->fd, &self->a));
	e = extent_of(&self->a, frame_of(f.at));
	ASSERT_NE(NULL, e);
	EXPECT_EQ(0, strncmp(e->name, "..", 2));
	EXPECT_STREQ("/a-file-whose-name-is-long-too", strrchr(e->name, '/'));
	unlink(path);
	munmap(f.at, PAGE);
}

/* --------------------------------------------------------------- filters by flags */

TEST_F_TIMEOUT(extents, filters_by_flags_choose_frames, 120)
{
	static const struct {
		uint64_t all, any, none;
	} masks[] = {
		{ BIT(KPF_SLAB), 0, 0 },
		{ BIT(KPF_SLAB) | BIT(KPF_COMPOUND_TAIL), 0, 0 },
		{ 0, BIT(KPF_BUDDY) | BIT(KPF_RESERVED), 0 },
		{ BIT(KPF_RESERVED), 0, BIT(KPF_ZERO_PAGE) },
		{ 0, 0, BIT(KPF_BUDDY) },
	};

	for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
		struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
		size_t wrong = 0, agreed = 0;

		arg.flags_all = masks[m].all;
		arg.flags_any = masks[m].any;
		arg.flags_none = masks[m].none;
		for (int i = 0; i < 2; i++) {
			answer_free(&self->a);
			ASSERT_EQ(0, frames_read(&self->flags[0], KPAGEFLAGS));
			ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
			ASSERT_EQ(0, frames_read(&self->flags[1], KPAGEFLAGS));
		}
		for (uint64_t pfn = 0; pfn < self->flags[0].nr; pfn++) {
			uint64_t flags = self->flags[0].of[pfn];
			bool want = (flags & masks[m].all) == masks[m].all &&
				    (!masks[m].any || flags & masks[m].any) &&
				    !(flags & masks[m].none) && !(flags & BIT(KPF_NOPAGE));

			if (flags != self->flags[1].of[pfn])
				continue;
			if (want == !!extent_of(&self->a, pfn))
				agreed++;
			else
				wrong++;
		}
		EXPECT_LT(ram_pages() / 2, agreed);
		EXPECT_GE(agreed / 5000, wrong)
			TH_LOG("mask %zu: %zu frames wrong of %zu", m, wrong, agreed);
	}
}

/* -------------------------------------------------------------------- cgroups */

/* 6.1 tells no cgroup of tails; ours is that of the compound page */
static bool group_agrees(const struct mmscope_page *p, uint64_t theirs)
{
	return p->memcg == theirs || (!theirs && p->pfn != p->head_pfn);
}

static bool group_settles(int fd, int kpagecgroup, uint64_t pfn)
{
	struct mmscope_page p;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		uint64_t before = frame_read(kpagecgroup, pfn);

		if (!read_page(fd, pfn, &p) && group_agrees(&p, before))
			return true;
	}
	return false;
}

TEST_F_TIMEOUT(extents, cgroups_are_those_of_kpagecgroup, 120)
{
	int kpagecgroup = open(KPAGECGROUP, O_RDONLY | O_CLOEXEC);
	size_t compared = 0, charged = 0, doubtful = 0, unsettled = 0;
	const size_t bytes = pages_bytes();
	void *memory = memory_for(bytes);
	struct frames group = { 0 };
	struct answer pages;

	ASSERT_LE(0, kpagecgroup);
	ASSERT_NE(NULL, memory);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, walk_into(self->fd, walk_arg(MMSCOPE_DS_PAGES), memory, bytes,
				       &pages));
		ASSERT_EQ(0, frames_read(&group, KPAGECGROUP));
	}
	for (size_t i = 0; i < pages.nr; i++) {
		const struct mmscope_page *p = (struct mmscope_page *)pages.records + i;

		if (p->pfn >= group.nr)
			continue;
		compared++;
		charged += !!p->memcg;
		if (group_agrees(p, group.of[p->pfn]))
			continue;
		doubtful++;
		if (group_settles(self->fd, kpagecgroup, p->pfn))
			continue;
		unsettled++;
		TH_LOG("pfn %#llx class %u order %u: cgroup %llu, kpagecgroup %lu", p->pfn,
		       p->page_class, p->order, p->memcg, group.of[p->pfn]);
	}
	TH_LOG("%zu frames, %zu charged, %zu looked at again, %zu unsettled", compared, charged,
	       doubtful, unsettled);
	EXPECT_LT(ram_pages(), compared);
	EXPECT_LT(100, charged);
	EXPECT_GE(MAX_UNSETTLED, unsettled);
	frames_free(&group);
	munmap(memory, bytes);
	close(kpagecgroup);
}

/* in a cgroup of its own, 8 MB */
static int join_and_take(void *path)
{
	char *mem;

	if (write_file(path, "0"))
		return -1;
	mem = mmap(NULL, 8 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -1;
	memset(mem, 1, 8 * MB);
	return 0;
}

TEST_F(extents, the_filter_by_cgroup_finds_what_it_was_charged)
{
	static const char dir[] = "/sys/fs/cgroup/extents";
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	struct stat st;
	pid_t pid;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	ASSERT_EQ(0, mkdir(dir, 0700) && errno != EEXIST);
	ASSERT_EQ(0, stat(dir, &st));
	pid = stopped_child(join_and_take, "/sys/fs/cgroup/extents/cgroup.procs");
	ASSERT_LT(0, pid);
	arg.memcg = st.st_ino;
	arg.class_mask = BIT(MMSCOPE_CLASS_ANON) | BIT(MMSCOPE_CLASS_ANON_THP);
	ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
	EXPECT_LE(8 * MB / PAGE, frames_in(&self->a));
	EXPECT_GE(9 * MB / PAGE, frames_in(&self->a));
	kill_child(pid);
	rmdir(dir);
}

/* one run told as two: only where a call ended within it */
static size_t runs_cut(const struct answer *a)
{
	const struct mmscope_extent *e = a->records;
	size_t cut = 0;

	for (size_t i = 1; i < a->nr; i++)
		cut += e[i - 1].pfn + e[i - 1].pages == e[i].pfn && e[i - 1].zone == e[i].zone &&
		       e[i - 1].node == e[i].node && e[i - 1].page_class == e[i].page_class &&
		       e[i - 1].order == e[i].order && e[i - 1].flags == e[i].flags &&
		       e[i - 1].migratetype == e[i].migratetype;
	return cut;
}

#define BARE_TRIES	10
#define CUT_RUNS	100

TEST_F_TIMEOUT(extents, bare_ones_have_the_classes_but_no_owners, 120)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);
	struct answer full = { 0 };
	const struct mmscope_extent *e;
	bool fewer = false;

	arg.flags = MMSCOPE_WALK_BARE;
	/* what is free falls into other blocks while we look: one quiet look is enough */
	for (int i = 0; i < BARE_TRIES && !fewer; i++) {
		answer_free(&full);
		answer_free(&self->a);
		ASSERT_EQ(0, extents_read(self->fd, &full));
		ASSERT_EQ(0, walk_all(self->fd, arg, &self->a));
		fewer = self->a.nr < full.nr;
	}
	EXPECT_TRUE(fewer) {
		TH_LOG("%zu bare extents, %zu with owners", self->a.nr, full.nr);
	}
	EXPECT_GE(CUT_RUNS, runs_cut(&self->a));
	EXPECT_LT(CUT_RUNS, runs_cut(&full));
	e = self->a.records;
	for (size_t i = 0; i < self->a.nr; i++) {
		EXPECT_EQ(0, e[i].owner);
		EXPECT_EQ(0, e[i].memcg);
		EXPECT_EQ('\0', e[i].name[0]);
	}
	EXPECT_EQ(frames_in(&full), frames_in(&self->a));
	answer_free(&full);
}

TEST_HARNESS_MAIN

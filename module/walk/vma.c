// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset vmas: the memory areas of a process.
 *
 * Locks: mmap_lock (read), a bounded hold a call; RCU for a look at
 * mm->exe_file. Paths are made with d_path() into a buffer of the walk's.
 *
 * Staleness: a record is exact at its hold (but a stack may grow under a mere
 * read lock on 6.1: then start may be the old one). Between two holds VMAs may be
 * split and merged: one may show again in a larger one.
 *
 * Positions are addresses: the end of the last VMA shown.
 *
 * Source: mm->mm_mt, struct vm_area_struct; for the kind also mm->start_brk,
 * brk, start_stack, end_data and exe_file.
 */
#include <linux/dcache.h>
#include <linux/hugetlb.h>
#include <linux/kdev_t.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>

#include "../compat.h"
#include "../mmscope.h"
#include "task.h"

/* X(flag, name): VM_flag of the kernel is MMSCOPE_VMA_F_flag of ours */
#define VMA_FLAGS(X)			\
	X(READ, "read")			\
	X(WRITE, "write")		\
	X(EXEC, "exec")			\
	X(SHARED, "shared")		\
	X(MAYREAD, "mayread")		\
	X(MAYWRITE, "maywrite")		\
	X(MAYEXEC, "mayexec")		\
	X(MAYSHARE, "mayshare")		\
	X(GROWSDOWN, "growsdown")	\
	X(PFNMAP, "pfnmap")		\
	X(LOCKED, "locked")		\
	X(LOCKONFAULT, "lockonfault")	\
	X(IO, "io")			\
	X(SEQ_READ, "seq_read")		\
	X(RAND_READ, "rand_read")	\
	X(DONTCOPY, "dontcopy")		\
	X(DONTEXPAND, "dontexpand")	\
	X(ACCOUNT, "account")		\
	X(NORESERVE, "noreserve")	\
	X(HUGETLB, "hugetlb")		\
	X(SYNC, "sync")			\
	X(WIPEONFORK, "wipeonfork")	\
	X(DONTDUMP, "dontdump")		\
	X(SOFTDIRTY, "softdirty")	\
	X(MIXEDMAP, "mixedmap")		\
	X(HUGEPAGE, "hugepage")		\
	X(NOHUGEPAGE, "nohugepage")	\
	X(MERGEABLE, "mergeable")	\
	X(UFFD_MISSING, "uffd_missing")	\
	X(UFFD_WP, "uffd_wp")

static const struct mmscope_name vma_flags[] = {
#define X(_flag, _name) { MMSCOPE_VMA_F_##_flag, _name },
	VMA_FLAGS(X)
#undef X
};

static MMSCOPE_NAMES(vma_flag_names, vma_flags);

/* a flag that this kernel was built without is VM_NONE, so never set */
static u64 our_flags(unsigned long vm_flags)
{
	u64 flags = 0;

#define X(_flag, _name) \
	if (vm_flags & VM_##_flag) \
		flags |= MMSCOPE_VMA_F_##_flag;
	VMA_FLAGS(X)
#undef X
	return flags;
}

/**
 * mmscope_vma_perms - what a VMA allows
 * @vma: the VMA
 *
 * Return: enum mmscope_perms.
 */
u32 mmscope_vma_perms(const struct vm_area_struct *vma)
{
	u32 perms = 0;

	if (vma->vm_flags & VM_READ)
		perms |= MMSCOPE_PERM_READ;
	if (vma->vm_flags & VM_WRITE)
		perms |= MMSCOPE_PERM_WRITE;
	if (vma->vm_flags & VM_EXEC)
		perms |= MMSCOPE_PERM_EXEC;
	/* as /proc/PID/maps: of a file opened read-only only VM_MAYSHARE is left */
	if (vma->vm_flags & VM_MAYSHARE)
		perms |= MMSCOPE_PERM_SHARED;
	return perms;
}

/* --------------------------------------------------------------------- kinds */

static bool is_heap(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	return vma->vm_start < mm->brk && vma->vm_end > mm->start_brk;
}

static bool is_stack(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	return vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack;
}

/* the zeroed rest of the program's data: what the file does not fill */
static bool is_bss(const struct vm_area_struct *vma)
{
	return vma->vm_start == PAGE_ALIGN(vma->vm_mm->end_data);
}

/* only compared: exe_file is not ours to look into, and may be replaced */
static bool is_program(const struct vm_area_struct *vma)
{
	const struct file *exe;
	bool same;

	rcu_read_lock();
	exe = rcu_dereference(vma->vm_mm->exe_file);
	same = exe && READ_ONCE(exe->f_path.dentry) == file_user_path(vma->vm_file)->dentry;
	rcu_read_unlock();
	return same;
}

static u32 file_kind(const struct vm_area_struct *vma)
{
	if (is_program(vma)) {
		if (vma->vm_flags & VM_EXEC)
			return MMSCOPE_VMA_TEXT;
		return vma->vm_flags & VM_WRITE ? MMSCOPE_VMA_DATA : MMSCOPE_VMA_RODATA;
	}
	/* a private map of a file that happens to be on tmpfs is none of it */
	if ((vma->vm_flags & VM_MAYSHARE) && shmem_mapping(vma->vm_file->f_mapping))
		return MMSCOPE_VMA_SHM;
	return MMSCOPE_VMA_FILE;
}

/* without a file and without a name of its own */
static u32 anon_kind(const struct vm_area_struct *vma)
{
	if (is_heap(vma))
		return MMSCOPE_VMA_HEAP;
	if (is_stack(vma))
		return MMSCOPE_VMA_STACK;
	if (vma->vm_ops)
		return MMSCOPE_VMA_SPECIAL;
	return is_bss(vma) ? MMSCOPE_VMA_BSS : MMSCOPE_VMA_ANON;
}

static u32 special_kind(const char *name)
{
	if (!strcmp(name, "[vdso]"))
		return MMSCOPE_VMA_VDSO;
	return str_has_prefix(name, "[vvar") ? MMSCOPE_VMA_VVAR : MMSCOPE_VMA_SPECIAL;
}

/* vdso and the like name themselves */
static const char *special_name(struct vm_area_struct *vma)
{
	if (vma->vm_file || !vma->vm_ops || !vma->vm_ops->name)
		return NULL;
	return vma->vm_ops->name(vma);
}

/**
 * mmscope_vma_kind - what a VMA is for
 * @vma: the VMA; its mmap_lock is held
 *
 * Return: enum mmscope_vma_kind.
 */
u32 mmscope_vma_kind(struct vm_area_struct *vma)
{
	const char *special = special_name(vma);

	if (special)
		return special_kind(special);
	if (is_vm_hugetlb_page(vma))
		return MMSCOPE_VMA_HUGETLB;
	if (vma->vm_flags & (VM_PFNMAP | VM_IO | VM_MIXEDMAP))
		return MMSCOPE_VMA_DEVICE;
	/* a private map of /dev/zero has a file, but its pages are anonymous */
	if (vma->vm_file && vma_is_anonymous(vma))
		return MMSCOPE_VMA_ANON;
	return vma->vm_file ? file_kind(vma) : anon_kind(vma);
}

/* --------------------------------------------------------------------- names */

/* the end of a long path tells more than its beginning */
static void set_name(struct mmscope_vma *rec, const char *name)
{
	size_t len = strlen(name);

	if (len >= sizeof(rec->name)) {
		name += len - (sizeof(rec->name) - 1);
		rec->name_cut = 1;
	}
	strscpy(rec->name, name, sizeof(rec->name));
}

static void set_file(struct mmscope_vma *rec, const struct vm_area_struct *vma, char *buf)
{
	const struct inode *inode = file_user_inode(vma->vm_file);
	const char *path = d_path(file_user_path(vma->vm_file), buf, PATH_MAX);

	rec->dev_major = MAJOR(inode->i_sb->s_dev);
	rec->dev_minor = MINOR(inode->i_sb->s_dev);
	rec->inode = inode->i_ino;
	rec->offset_bytes = (u64)vma->vm_pgoff << PAGE_SHIFT;
	if (IS_ERR(path))
		rec->name_cut = 1;	/* longer than PATH_MAX: no name at all */
	else
		set_name(rec, path);
}

static void set_names(struct mmscope_vma *rec, struct vm_area_struct *vma, char *buf)
{
	const char *special = special_name(vma);

	rec->kind = mmscope_vma_kind(vma);
	if (vma->vm_file)
		set_file(rec, vma, buf);
	else if (special)
		set_name(rec, special);
	else if (rec->kind == MMSCOPE_VMA_HEAP)
		set_name(rec, "[heap]");
	else if (rec->kind == MMSCOPE_VMA_STACK)
		set_name(rec, "[stack]");
}

/* ---------------------------------------------------------------------- walk */

static int emit_vma(struct mmscope_walk *w, struct vm_area_struct *vma)
{
	struct mmscope_vma rec = {
		.start = vma->vm_start,
		.end = vma->vm_end,
		.size_bytes = vma->vm_end - vma->vm_start,
		.pid = w->pid_nr,
		.perms = mmscope_vma_perms(vma),
		.anon_vma = !!vma->anon_vma,
		.flags = our_flags(vma->vm_flags),
		.raw_flags = vma->vm_flags,
		.page_size_bytes = vma_kernel_pagesize(vma),
	};

	if (vma->vm_flags & VM_LOCKED)
		rec.locked_bytes = rec.size_bytes;
	set_names(&rec, vma, w->priv);
	return mmscope_emit(w, &rec, rec.end);
}

/* the caller holds mmap_lock */
static int __vma_walk(struct mmscope_walk *w, unsigned long pos, unsigned long end, u64 began)
{
	VMA_ITERATOR(vmi, w->mm, pos);
	struct vm_area_struct *vma;
	int ret = 0;

	for_each_vma_range(vmi, vma, end) {
		ret = emit_vma(w, vma);
		if (!ret && mmscope_mm_spent(w, began))
			ret = MMSCOPE_MORE;
		if (ret)
			break;
	}
	return ret;
}

static int vma_walk(struct mmscope_walk *w)
{
	const u64 last = ULONG_MAX;
	unsigned long pos = min(max(w->cursor.pos, w->q.start), last);
	unsigned long end = min(w->q.end, last);
	u64 began;
	int ret;

	if (pos >= end)
		return 0;
	ret = mmscope_mm_lock(w, &began);
	if (ret)
		return ret;
	ret = __vma_walk(w, pos, end, began);
	mmscope_mm_unlock(w, began);
	return ret;
}

static const struct mmscope_name vma_kinds[] = {
	{ MMSCOPE_VMA_ANON, "anon" },
	{ MMSCOPE_VMA_TEXT, "text" },
	{ MMSCOPE_VMA_DATA, "data" },
	{ MMSCOPE_VMA_RODATA, "rodata" },
	{ MMSCOPE_VMA_BSS, "bss" },
	{ MMSCOPE_VMA_HEAP, "heap" },
	{ MMSCOPE_VMA_STACK, "stack" },
	{ MMSCOPE_VMA_FILE, "file" },
	{ MMSCOPE_VMA_SHM, "shm" },
	{ MMSCOPE_VMA_HUGETLB, "hugetlb" },
	{ MMSCOPE_VMA_VDSO, "vdso" },
	{ MMSCOPE_VMA_VVAR, "vvar" },
	{ MMSCOPE_VMA_DEVICE, "device" },
	{ MMSCOPE_VMA_SPECIAL, "special" },
};

MMSCOPE_NAMES(mmscope_vma_kind_names, vma_kinds);

static const struct mmscope_field_def vma_fields[] = {
	FIELD(struct mmscope_vma, start, ADDR, "first address"),
	FIELD(struct mmscope_vma, end, ADDR, "first address beyond"),
	FIELD(struct mmscope_vma, size_bytes, BYTES, "end - start"),
	FIELD_CLASS(struct mmscope_vma, kind, ENUM, &mmscope_vma_kind_names, "what it is for"),
	FIELD_FLAGS(struct mmscope_vma, perms, &mmscope_perm_names, "what it allows"),
	MORE_FLAGS(struct mmscope_vma, flags, &vma_flag_names, "flags of the VMA"),
	MORE(struct mmscope_vma, raw_flags, ADDR, "the flags as this kernel numbers them"),
	MORE(struct mmscope_vma, anon_vma, COUNT, "1: it has or had private pages"),
	MORE(struct mmscope_vma, offset_bytes, BYTES, "where in the file it begins"),
	MORE(struct mmscope_vma, locked_bytes, BYTES, "its size, if it is locked into memory"),
	MORE(struct mmscope_vma, page_size_bytes, BYTES,
	     "size of the kernel's pages; larger than the base page for hugetlb"),
	MORE(struct mmscope_vma, dev_major, ID, "device of the file"),
	MORE(struct mmscope_vma, dev_minor, ID, "device of the file"),
	MORE(struct mmscope_vma, inode, ID, "inode of the file, 0: no file"),
	MORE(struct mmscope_vma, pid, ID, "process"),
	MORE(struct mmscope_vma, name_cut, COUNT, "1: the name is longer, its beginning was cut"),
	FIELD_TEXT(struct mmscope_vma, name, "path of the file, or [heap], [stack], [vdso] ..."),
};

const struct mmscope_dataset mmscope_vmas = {
	.name = "vmas",
	.help = "memory areas of a process",
	.id = MMSCOPE_DS_VMAS,
	.flags = MMSCOPE_DATASET_PROCESS | MMSCOPE_DATASET_ADDR,
	.rec_size = sizeof(struct mmscope_vma),
	.priv_size = PATH_MAX,
	.fields = vma_fields,
	.nr_fields = ARRAY_SIZE(vma_fields),
	.walk = vma_walk,
};

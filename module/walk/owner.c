// SPDX-License-Identifier: GPL-2.0
/*
 * The name of a unit's owner.
 *
 * Locks: RCU, so that inodes, dentries and cgroups which a struct page leads to
 * are not freed while they are looked at. None is referenced.
 *
 * Staleness: the page may be given to another owner after its snapshot, and an
 * inode's memory be used again by file systems that free it without RCU. So
 * everything on the way is copied with copy_from_kernel_nofault(), and the
 * inode is believed only if it is the mapping's own.
 *
 * Sources: address_space.host; inode.i_ino, i_mode, i_rdev, i_size, i_nlink, i_dentry,
 * i_sb->s_dev, i_sb->s_type->name, i_sb->s_bdi->capabilities; dentry.d_name, d_parent;
 * page_cgroup_ino(); the overlay.
 */
#include <linux/backing-dev.h>
#include <linux/dcache.h>
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"
#include "sweep.h"
#include "../hook/owner.h"

/* directories above a file that are looked at; names are cut anyway */
#define MAX_DEPTH 16
/* what stands for the part of a path there is no room for */
#define CUT ".."

#define read_member(_to, _obj, _member) \
	mmscope_layout_copy(_to, &(_obj)->_member, sizeof(*(_to)))

/* put "/name" before what is in buf[*at ..]; false: there is no room */
static bool prepend(char *buf, size_t *at, const unsigned char *name, u32 len)
{
	if (len >= *at || !mmscope_layout_copy(buf + *at - len, name, len))
		return false;
	*at -= len + 1;
	buf[*at] = '/';
	return true;
}

/* A file that no directory has ever named, such as a memfd, has a name without a path. */
static void make_lone_name(const struct qstr *part, char *name, size_t size)
{
	u32 len = min_t(size_t, part->len, size - 1);

	if (!mmscope_layout_copy(name, part->name, len) || *name == '/')
		len = 0;
	name[len] = '\0';
}

/* the path of a dentry below the root of its file system, its end if it is too long */
static void make_path(const struct dentry *dentry, char *name, size_t size)
{
	const struct dentry *parent;
	struct qstr part;
	size_t at = size - 1;
	int depth;

	name[at] = '\0';
	for (depth = 0; depth < MAX_DEPTH; depth++) {
		if (!read_member(&parent, dentry, d_parent) || !read_member(&part, dentry, d_name))
			break;
		if (parent == dentry) {
			if (depth)
				break;
			make_lone_name(&part, name, size);
			return;
		}
		if (!prepend(name, &at, part.name, part.len)) {
			memcpy(name + at - min(at, sizeof(CUT) - 1), CUT, min(at, sizeof(CUT) - 1));
			at -= min(at, sizeof(CUT) - 1);
			break;
		}
		dentry = parent;
	}
	memmove(name, name + at, size - at);
}

static void name_inode(const struct inode *inode, char *path, size_t size)
{
	const struct hlist_node *alias;

	if (read_member(&alias, inode, i_dentry.first) && alias)
		make_path(hlist_entry(alias, struct dentry, COMPAT_D_ALIAS), path, size);
}

/* the inode whose mapping that is, NULL if it is none; under RCU */
static const struct inode *inode_of(unsigned long key)
{
	const struct address_space *mapping = (const void *)key;
	const struct address_space *its;
	const struct inode *inode;

	/* anonymous memory, and pages that movable_operations manage */
	if (!key || key & MMSCOPE_MAPPING_KSM)
		return NULL;
	if (read_member(&inode, mapping, host) && inode && read_member(&its, inode, i_mapping) &&
	    (its == mapping || &inode->i_data == mapping))
		return inode;
	return NULL;
}

static bool read_inode(const struct inode *inode, struct mmscope_file_id *id)
{
	const struct super_block *sb;
	unsigned long ino;
	dev_t dev;

	if (!read_member(&ino, inode, i_ino) || !read_member(&sb, inode, i_sb) ||
	    !read_member(&dev, sb, s_dev))
		return false;
	id->ino = ino;
	id->dev = dev;
	return true;
}

static void name_mapping(unsigned long key, struct mmscope_owner *o, char *path, size_t size)
{
	struct mmscope_file_id id = { };
	const struct inode *inode;

	rcu_read_lock();
	inode = inode_of(key);
	if (inode && read_inode(inode, &id)) {
		o->id = id.ino;
		o->dev = id.dev;
		name_inode(inode, path, size);
	}
	rcu_read_unlock();
}

static void name_cache(struct mmscope_sweep *s, unsigned long key, struct mmscope_owner *o)
{
	const struct mmscope_slab_name *n = mmscope_slab_names_find(&s->slabs, key);

	if (n)
		strscpy(o->name, n->name, sizeof(o->name));
}

/**
 * mmscope_sweep_owner - who has a unit
 * @s: the sweep
 * @u: the unit
 * @o: filled; empty if nobody is known
 */
void mmscope_sweep_owner(struct mmscope_sweep *s, const struct mmscope_piece *u,
			 struct mmscope_owner *o)
{
	const struct mmscope_overlay_owner *known;

	*o = (struct mmscope_owner){};
	switch (u->class) {
	case MMSCOPE_CLASS_SLAB:
	case MMSCOPE_CLASS_SLAB_RECLAIMABLE:
		name_cache(s, u->key, o);
		break;
	case MMSCOPE_CLASS_FILE:
	case MMSCOPE_CLASS_SHMEM:
	case MMSCOPE_CLASS_PINNED:
	case MMSCOPE_CLASS_HUGETLB:
		name_mapping(u->key, o, o->name, sizeof(o->name));
		break;
	default:
		if (u->key & MMSCOPE_KEY_STACK)
			mmscope_owner_name(u->key, o->name, sizeof(o->name));
		if (!u->key || u->key > s->overlay.nr_owners)
			break;
		known = &s->overlay.owners[u->key - 1];
		o->id = known->id;
		strscpy(o->name, known->name, sizeof(o->name));
	}
}

/**
 * mmscope_mapping_id - the file that a page belongs to
 * @key: of a unit of class FILE, SHMEM, PINNED or HUGETLB
 * @id: filled
 *
 * Return: false if there is none behind it any more.
 */
bool mmscope_mapping_id(unsigned long key, struct mmscope_file_id *id)
{
	const struct inode *inode;
	umode_t mode;
	dev_t rdev;
	bool found;

	*id = (struct mmscope_file_id){ };
	rcu_read_lock();
	inode = inode_of(key);
	found = inode && read_inode(inode, id);
	if (found && read_member(&mode, inode, i_mode) && S_ISBLK(mode) &&
	    read_member(&rdev, inode, i_rdev)) {
		id->block = true;
		id->dev = rdev;
	}
	rcu_read_unlock();
	return found;
}

static void read_type(const struct super_block *sb, char *fs, size_t size)
{
	const struct file_system_type *type;
	const char *name;

	if (read_member(&type, sb, s_type) && read_member(&name, type, name) &&
	    mmscope_layout_copy(fs, name, size - 1))
		fs[size - 1] = '\0';
	else
		*fs = '\0';
}

static bool is_written_back(const struct super_block *sb)
{
	const struct backing_dev_info *bdi;
	unsigned int capabilities;

	return read_member(&bdi, sb, s_bdi) && read_member(&capabilities, bdi, capabilities) &&
	       capabilities & BDI_CAP_WRITEBACK;
}

/**
 * mmscope_mapping_details - more of the same file, if it is still the same
 * @key: the mapping that it had
 * @id: from mmscope_mapping_id()
 * @more: filled; empty if there is another file now, or none
 *
 * Return: false if the file is gone.
 */
bool mmscope_mapping_details(unsigned long key, const struct mmscope_file_id *id,
			     struct mmscope_file_details *more)
{
	const struct super_block *sb;
	const struct inode *inode;
	struct mmscope_file_id now;
	bool found = false;
	u32 nlink;
	loff_t bytes;

	*more = (struct mmscope_file_details){ };
	rcu_read_lock();
	inode = inode_of(key);
	if (mmscope_mapping_id(key, &now) && now.ino == id->ino && now.dev == id->dev &&
	    read_member(&sb, inode, i_sb) && read_member(&nlink, inode, i_nlink) &&
	    read_member(&bytes, inode, i_size)) {
		read_type(sb, more->fs, sizeof(more->fs));
		more->bytes = bytes;
		/* block devices have a file system of their own, which is not theirs alone */
		more->unlinked = !nlink && !id->block;
		more->unbacked = !id->block && !is_written_back(sb);
		name_inode(inode, more->path, sizeof(more->path));
		found = true;
	}
	rcu_read_unlock();
	return found;
}

/**
 * mmscope_sweep_path - the path of a file's page, as far as there is room for it
 * @u: of class FILE, SHMEM, PINNED or HUGETLB
 * @path: filled; empty if there is none
 * @size: of @path
 */
void mmscope_sweep_path(const struct mmscope_piece *u, char *path, size_t size)
{
	struct mmscope_owner o;

	*path = '\0';
	name_mapping(u->key, &o, path, size);
}

/**
 * mmscope_sweep_memcg - the cgroup that a unit is charged to
 * @s: the sweep
 * @u: the unit
 *
 * Return: the inode number of the cgroup, of its first living ancestor if it is
 * dead, as /proc/kpagecgroup; 0: it is charged to none.
 */
u64 mmscope_sweep_memcg(struct mmscope_sweep *s, const struct mmscope_piece *u)
{
	if (!u->memcg)
		return 0;
	if (u->memcg != s->last_memcg) {
		s->last_ino = mmscope_call(page_cgroup_ino)((struct page *)u->head);
		s->last_memcg = u->memcg;
	}
	return s->last_ino;
}

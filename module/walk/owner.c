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
 * Sources: address_space.host; inode.i_ino, i_sb->s_dev, i_dentry;
 * dentry.d_name, d_parent; page_cgroup_ino(); the overlay.
 */
#include <linux/dcache.h>
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "compat.h"
#include "mmscope.h"
#include "sweep.h"

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
		if (parent == dentry)
			break;
		if (!prepend(name, &at, part.name, part.len)) {
			memcpy(name + at - min(at, sizeof(CUT) - 1), CUT, min(at, sizeof(CUT) - 1));
			at -= min(at, sizeof(CUT) - 1);
			break;
		}
		dentry = parent;
	}
	memmove(name, name + at, size - at);
}

static void name_inode(const struct inode *inode, struct mmscope_owner *o, char *path, size_t size)
{
	const struct hlist_node *alias;
	const struct super_block *sb;
	unsigned long ino;
	dev_t dev;

	if (!read_member(&ino, inode, i_ino) || !read_member(&sb, inode, i_sb) ||
	    !read_member(&dev, sb, s_dev))
		return;
	o->id = ino;
	o->dev = dev;
	if (read_member(&alias, inode, i_dentry.first) && alias)
		make_path(hlist_entry(alias, struct dentry, d_u.d_alias), path, size);
}

static void name_mapping(unsigned long key, struct mmscope_owner *o, char *path, size_t size)
{
	const struct address_space *mapping = (const void *)key;
	const struct address_space *its;
	const struct inode *inode;

	/* anonymous memory, and pages that movable_operations manage */
	if (!key || key & MMSCOPE_MAPPING_KSM)
		return;
	rcu_read_lock();
	if (read_member(&inode, mapping, host) && inode && read_member(&its, inode, i_mapping) &&
	    (its == mapping || &inode->i_data == mapping))
		name_inode(inode, o, path, size);
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
		if (!u->key || u->key > s->overlay.nr_owners)
			break;
		known = &s->overlay.owners[u->key - 1];
		o->id = known->id;
		strscpy(o->name, known->name, sizeof(o->name));
	}
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

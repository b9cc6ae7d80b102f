// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's areas of virtual memory, and who asked for them.
 *
 * Locks: vmap_area_lock, since 6.9 the busy.lock of one vmap node at a time:
 * spinlocks, held for BATCH areas. An area in the tree keeps its vm_struct while
 * the lock is held. The list of modules is walked under RCU.
 *
 * Staleness: between two holds areas come and go. The place is found again by
 * address, so each area that stays is seen once. An area that is freed and made
 * anew meanwhile may be seen twice or with its old caller.
 *
 * Source: vmap_area_root, or vmap_nodes[].busy, and what is freed lazily; vm_struct;
 * within_module().
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "../mmscope.h"
#include "collect.h"

/* each area may cost two cache misses */
#define BATCH		128
/* 20 MiB; areas beyond are not known, and their frames have no name */
#define MAX_AREAS	(256 * 1024)

/* ---------------------------------------------------------------- the areas */

static void read_area(struct mmscope_vmap *v, const struct vmap_area *va, bool freed)
{
	struct mmscope_vmap_area *area = &v->areas[v->nr++];
	const struct vm_struct *vm;

	memset(area, 0, sizeof(*area));
	area->start = va->va_start;
	area->end = va->va_end;
	/* what is in its place once the area is free is nothing to look at */
	if (freed) {
		area->flags = MMSCOPE_VMAP_FREED;
		return;
	}
	vm = va->vm;
	if (!vm) {
		area->flags = MMSCOPE_VMAP_RAM;
		return;
	}
	area->caller = vm->caller;
	area->vm_flags = vm->flags;
	area->nr_pages = vm->nr_pages;
	area->page_order = compat_vm_page_order(vm);
	area->phys = vm->phys_addr;
	if (vm->flags & VM_IOREMAP)
		area->flags |= MMSCOPE_VMAP_IO;
	if (is_vmalloc_addr(vm->pages))
		area->flags |= MMSCOPE_VMAP_VPAGES;
}

static const struct vmap_area *first_area(const struct rb_root *root, unsigned long addr)
{
	const struct rb_node *node = root->rb_node;
	const struct vmap_area *found = NULL;

	while (node) {
		const struct vmap_area *va = rb_entry(node, struct vmap_area, rb_node);

		if (va->va_end > addr) {
			found = va;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/**
 * struct area_tree - a tree of areas
 * @root: of it
 * @lock: over it
 * @freed: its areas are free but for their addresses
 */
struct area_tree {
	const struct rb_root *root;
	spinlock_t *lock;	/* over @root */
	bool freed;
};

/* One hold. Return where to go on, 0 at the end. */
static unsigned long read_batch(struct mmscope_walk *w, struct mmscope_vmap *v,
				const struct area_tree *tree, unsigned long addr)
{
	u32 limit = min(v->nr + BATCH, v->room);
	const struct vmap_area *va;
	u64 began;

	spin_lock(tree->lock);
	began = mmscope_lock_begin();
	for (va = first_area(tree->root, addr); va && v->nr < limit;
	     va = rb_entry_safe(rb_next(&va->rb_node), struct vmap_area, rb_node)) {
		read_area(v, va, tree->freed);
		addr = va->va_end;
	}
	mmscope_lock_end(w, began);
	spin_unlock(tree->lock);
	return va ? addr : 0;
}

static int read_tree(struct mmscope_walk *w, struct mmscope_vmap *v, const struct area_tree *tree)
{
	unsigned long addr = 1;
	int err;

	while (addr) {
		if (v->nr == v->room) {
			err = mmscope_grow(&v->areas, &v->room, MAX_AREAS, sizeof(*v->areas));
			if (err)
				return err == -ENOSPC ? 0 : err;
		}
		addr = read_batch(w, v, tree, addr);
		err = mmscope_pause();
		if (err)
			return err;
	}
	return 0;
}

static int read_node_tree(struct mmscope_walk *w, struct mmscope_vmap *v, void *list, bool freed)
{
	const struct area_tree tree = {
		.root = mmscope_member(list, rb_list, root),
		.lock = mmscope_member(list, rb_list, lock),
		.freed = freed,
	};

	return read_tree(w, v, &tree);
}

static int read_nodes(struct mmscope_walk *w, struct mmscope_vmap *v, bool freed)
{
	u32 i, nr = READ_ONCE(*mmscope_sym(nr_vmap_nodes));
	void *node = READ_ONCE(*mmscope_sym(vmap_nodes));
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		err = read_node_tree(w, v, mmscope_member(node, vmap_node, busy), false);
		if (!err && freed && mmscope_layout(vmap_node, lazy)->found)
			err = read_node_tree(w, v, mmscope_member(node, vmap_node, lazy), true);
		node += mmscope_layout(vmap_node, sizeof)->size;
	}
	return err;
}

static int read_trees(struct mmscope_walk *w, struct mmscope_vmap *v, bool freed)
{
	const struct area_tree busy = {
		.root = mmscope_sym(vmap_area_root),
		.lock = mmscope_sym(vmap_area_lock),
	};
	const struct area_tree lazy = {
		.root = mmscope_sym(purge_vmap_area_root),
		.lock = mmscope_sym(purge_vmap_area_lock),
		.freed = true,
	};
	int err = read_tree(w, v, &busy);

	if (!err && freed && lazy.root && lazy.lock)
		err = read_tree(w, v, &lazy);
	return err;
}

static int compare_areas(const void *a, const void *b)
{
	const struct mmscope_vmap_area *x = a, *y = b;

	cond_resched();
	return x->start < y->start ? -1 : x->start > y->start;
}

static bool has_nodes(void)
{
	return mmscope_has(vmap_nodes) && mmscope_has(nr_vmap_nodes) &&
	       mmscope_layout(vmap_node, sizeof)->found &&
	       mmscope_layout(vmap_node, busy)->found &&
	       mmscope_layout(rb_list, root)->found && mmscope_layout(rb_list, lock)->found;
}

/**
 * mmscope_vmap_read - read the areas
 * @w: the request
 * @v: filled, by ascending address
 * @freed: also those whose addresses alone are still to be given back
 *
 * Return: 0, with no areas if this kernel does not tell them; -ENOMEM; -EINTR.
 */
int mmscope_vmap_read(struct mmscope_walk *w, struct mmscope_vmap *v, bool freed)
{
	int err = 0;

	if (has_nodes())
		err = read_nodes(w, v, freed);
	else if (mmscope_has(vmap_area_root) && mmscope_has(vmap_area_lock))
		err = read_trees(w, v, freed);
	if (!err)
		sort(v->areas, v->nr, sizeof(*v->areas), compare_areas, NULL);
	return err;
}

/**
 * mmscope_vmap_find - the area that an address is in
 * @v: the areas
 * @addr: the address
 *
 * Return: the area, NULL if there is none.
 */
struct mmscope_vmap_area *mmscope_vmap_find(const struct mmscope_vmap *v, unsigned long addr)
{
	u32 low = 0, high = v->nr;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (v->areas[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low < v->nr && v->areas[low].start <= addr ? &v->areas[low] : NULL;
}

/* --------------------------------------------------------------- their owners */

/* the name of the module at an address; it is copied, the module may go */
static bool module_name_at(unsigned long addr, char *name, size_t size)
{
	struct list_head *modules = mmscope_sym(modules);
	struct module *mod;
	bool found = false;

	if (!modules)
		return false;
	rcu_read_lock();
	list_for_each_entry_rcu(mod, modules, list) {
		found = within_module(addr, mod);
		if (found) {
			strscpy(name, mod->name, size);
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

static void name_caller(const struct mmscope_vmap_area *area, char *name, size_t size)
{
	*name = '\0';
	if (area && (area->flags & MMSCOPE_VMAP_RAM))
		strscpy(name, "vm_map_ram", size);
	else if (area && area->caller)
		mmscope_symbol(area->caller, name, size, false);
}

/*
 * Linux 6.13-7.3 has a cache of memory for text: areas of huge pages, of which each module
 * gets a part. No other area in their range may have huge pages.
 */
static bool is_shared(const struct mmscope_vmap_area *area, bool is_module)
{
	return is_module && area && area->vm_flags & VM_ALLOW_HUGE_VMAP;
}

/* @addr: in the module, if it is one's */
static int find_owner(struct mmscope_collect *c, const struct mmscope_vmap_area *area,
		      unsigned long addr, bool is_module)
{
	char name[sizeof(c->o->owners->name)];

	if (area && (area->flags & MMSCOPE_VMAP_STACK))
		return mmscope_collect_owner(c, MMSCOPE_CLASS_KERNEL_STACK, area->pid, area->comm);
	if ((is_module || COMPAT_MODULES_ANYWHERE) && area &&
	    module_name_at(addr, name, sizeof(name)))
		return mmscope_collect_owner(c, MMSCOPE_CLASS_MODULE, 0, name);
	name_caller(area, name, sizeof(name));
	if (is_module)
		return mmscope_collect_owner(c, MMSCOPE_CLASS_MODULE, 0, name);
	if (!strcmp(name, "pcpu_get_vm_areas"))
		return mmscope_collect_owner(c, MMSCOPE_CLASS_PERCPU, 0, "dynamic chunk");
	return mmscope_collect_owner(c, MMSCOPE_CLASS_VMALLOC, 0, name);
}

/**
 * mmscope_vmap_owner - who owns what is mapped at an address
 * @c: the collection
 * @addr: the address
 * @is_module: it is in the range of modules
 *
 * An area that came after mmscope_vmap_read() is nobody's, its frames are of the
 * class without a name.
 *
 * Return: index of the owner; -ENOENT: not to be recorded; -ENOMEM.
 */
int mmscope_vmap_owner(struct mmscope_collect *c, unsigned long addr, bool is_module)
{
	const struct mmscope_vmap_area *last = c->vmap.last;
	struct mmscope_vmap_area *area;
	int owner;

	/* mostly the next page of the same area */
	if (last && addr >= last->start && addr < last->end)
		return last->owner;
	area = mmscope_vmap_find(&c->vmap, addr);
	if (area && (area->flags & MMSCOPE_VMAP_IO))
		return -ENOENT;
	if (is_shared(area, is_module))
		return find_owner(c, area, addr, is_module);
	if (area && (area->flags & MMSCOPE_VMAP_OWNED)) {
		c->vmap.last = area;
		return area->owner;
	}
	owner = find_owner(c, area, area ? area->start : addr, is_module);
	if (area && owner >= 0) {
		area->owner = owner;
		area->flags |= MMSCOPE_VMAP_OWNED;
	}
	return owner;
}

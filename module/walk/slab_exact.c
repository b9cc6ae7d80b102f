// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that lie free on the slabs of CPUs, or in their sheaves (slab_sheaf.c),
 * counted by the CPUs themselves.
 *
 * A CPU takes its active slab as a whole: all its objects count as in use, and
 * those that are not lie on a list (c->freelist) that the CPU alone may follow.
 * So each CPU is interrupted in turn and follows its own lists, of some caches
 * at a time. It changes them with interrupts off (or by one instruction), so
 * they stand still meanwhile; others may free objects of its slabs, which their
 * counters tell at once.
 *
 * Locks: the caller holds slab_mutex, so the caches and their per-CPU parts stay.
 * Interrupts of the CPU asked are off while it counts: this is timed as a lock
 * hold. It begins no further cache when a quarter of MMSCOPE_LOCK_TARGET_NS is
 * over: the list of one cache is bounded by the objects of a slab, which may take
 * as long as all the others before.
 *
 * Staleness: CPUs are asked one after the other. Between them, and between what
 * the caller has read and this, objects may move.
 *
 * Sources: kmem_cache.cpu_slab, offset, random; kmem_cache_cpu.freelist, slab,
 * partial; slab.slab_cache, objects, inuse, next: private to mm/slub.c, placed by
 * BTF. Objects are not looked at, but for the link to the next free one.
 */
#include <linux/cpumask.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/swab.h>

#include "mmscope.h"
#include "slab.h"

/* a CPU keeps some tens of partial slabs of a cache; more make no sense */
#define MAX_CHAIN 1024

/**
 * mmscope_slab_exact_lacks - why exact counts are not to be had
 *
 * Return: a sentence, NULL if they are.
 */
const char *mmscope_slab_exact_lacks(void)
{
	/* there, lists change under a lock that an interrupt cannot take */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return "no exact counts with PREEMPT_RT";
	if (mmscope_slab_has_sheaves())
		return NULL;
	if (mmscope_layout(kmem_cache, cpu_sheaves)->found)
		return "no exact counts: this kernel's sheaves of free objects are not understood";
	if (!mmscope_layout(kmem_cache, cpu_slab)->found ||
	    !mmscope_layout(kmem_cache, offset)->found ||
	    !mmscope_layout(kmem_cache_cpu, freelist)->found ||
	    !mmscope_layout(kmem_cache_cpu, slab)->found ||
	    !mmscope_layout(slab, slab_cache)->found)
		return "no exact counts: this kernel's CPUs have no slabs of their own";
	return NULL;
}

/*
 * The object after a free one, 0: it is the last. False: that cannot be read. The
 * object is known to be inside of the slab, and there may be hundreds on a list.
 */
static bool next_free(const struct mmscope_slab_exact *x, unsigned long *object)
{
	unsigned long at = *object + x->offset, next;

	if (!mmscope_layout_word(&next, (const void *)at))
		return false;
	/* CONFIG_SLAB_FREELIST_HARDENED; only then the cache has such a number */
	if (mmscope_layout(kmem_cache, random)->found)
		next ^= x->random ^ swab(at);
	*object = (unsigned long)kasan_reset_tag((void *)next);
	return true;
}

/* copy the struct slab, an overlay of struct page, if it is the cache's */
static bool read_slab(const struct mmscope_slab_exact *x, const void *slab, struct page *copy)
{
	return mmscope_layout_copy(copy, slab, sizeof(*copy)) &&
	       mmscope_read(copy, slab, slab_cache) == (unsigned long)x->cache &&
	       mmscope_read(copy, slab, objects) >= mmscope_read(copy, slab, inuse);
}

static u64 slab_free(const struct page *copy)
{
	return mmscope_read(copy, slab, objects) - mmscope_read(copy, slab, inuse);
}

/* The list begins with an object of the slab, and never leaves it. */
static bool count_list(struct mmscope_slab_exact *x, const void *slab, u32 objects,
		       unsigned long object)
{
	unsigned long base = (unsigned long)kasan_reset_tag(page_to_virt((struct page *)slab));
	unsigned long bytes = (unsigned long)objects * x->size;
	u32 nr = 0;

	for (object = (unsigned long)kasan_reset_tag((void *)object); object; nr++) {
		if (nr == objects || object - base >= bytes || (u32)(object - base) % x->size)
			return false;
		if (!next_free(x, &object))
			return false;
	}
	x->listed += nr;
	return true;
}

static bool count_active(struct mmscope_slab_exact *x, const void *c)
{
	const void *slab = (const void *)(unsigned long)mmscope_read(c, kmem_cache_cpu, slab);
	unsigned long first = mmscope_read(c, kmem_cache_cpu, freelist);
	struct page copy;

	if (!slab)
		return !first;
	if (!read_slab(x, slab, &copy))
		return false;
	/* what others have freed waits on the slab */
	x->kept += slab_free(&copy);
	return count_list(x, slab, mmscope_read(&copy, slab, objects), first);
}

static bool count_partial(struct mmscope_slab_exact *x, const void *c)
{
	const void *slab = (const void *)(unsigned long)mmscope_read(c, kmem_cache_cpu, partial);
	struct page copy;
	u32 nr;

	for (nr = 0; slab; nr++) {
		if (nr == MAX_CHAIN || !read_slab(x, slab, &copy))
			return false;
		x->kept += slab_free(&copy);
		slab = (const void *)(unsigned long)mmscope_read(&copy, slab, next);
	}
	return true;
}

static bool count_cpu(struct mmscope_slab_exact *x, const void *c)
{
	if (mmscope_slab_has_sheaves())
		return mmscope_slab_count_sheaves(x, c);
	return count_active(x, c) && count_partial(x, c);
}

/**
 * struct question - to one CPU
 * @x: caches
 * @nr: how many
 * @done: how many are counted
 * @ns: how long interrupts were off
 */
struct question {
	struct mmscope_slab_exact *x;
	u32 nr;
	u32 done;
	u64 ns;
};

/* on the CPU asked, interrupts off */
static void count_here(void *arg)
{
	struct question *q = arg;
	u64 began = ktime_get_ns();

	do {
		struct mmscope_slab_exact *x = &q->x[q->done++];

		if (!count_cpu(x, this_cpu_ptr(x->cpu_part)))
			x->odd = true;
		q->ns = ktime_get_ns() - began;
	} while (q->done < q->nr && q->ns < MMSCOPE_LOCK_TARGET_NS / 4);
}

static void ask_cpu(struct mmscope_walk *w, int cpu, struct mmscope_slab_exact *x, u32 nr)
{
	while (nr) {
		struct question q = { .x = x, .nr = nr };

		/* what goes offline has given its slabs back */
		if (smp_call_function_single(cpu, count_here, &q, 1))
			return;
		w->max_lock_ns = max(w->max_lock_ns, q.ns);
		w->locks++;
		x += q.done;
		nr -= q.done;
	}
}

static const void __percpu *cpu_part(const void *s)
{
	unsigned long part = mmscope_slab_has_sheaves() ?
			     mmscope_read(s, kmem_cache, cpu_sheaves) :
			     mmscope_read(s, kmem_cache, cpu_slab);

	return (const void __percpu *)part;
}

/**
 * mmscope_slab_exact - have each CPU count what it has free of some caches
 * @w: the walk; slab_mutex is held
 * @x: @cache is set; the rest is filled
 * @nr: how many
 *
 * Return: 0, or -EINTR when the reader was killed.
 */
int mmscope_slab_exact(struct mmscope_walk *w, struct mmscope_slab_exact *x, u32 nr)
{
	int cpu, ret;
	u32 i;

	for (i = 0; i < nr; i++) {
		const void *s = x[i].cache;

		x[i] = (struct mmscope_slab_exact){
			.cache = s,
			.cpu_part = cpu_part(s),
			.random = mmscope_read(s, kmem_cache, random),
			.capacity = mmscope_read(s, kmem_cache, sheaf_capacity),
			.offset = mmscope_read(s, kmem_cache, offset),
			.size = mmscope_read(s, kmem_cache, size),
		};
	}
	for_each_online_cpu(cpu) {
		ask_cpu(w, cpu, x, nr);
		ret = mmscope_pause();
		if (ret)
			return ret;
	}
	if (!mmscope_slab_has_sheaves())
		return 0;
	for (i = 0; i < nr; i++)
		mmscope_slab_count_barns(w, &x[i]);
	return 0;
}

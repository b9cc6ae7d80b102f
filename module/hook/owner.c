// SPDX-License-Identifier: GPL-2.0
/*
 * Who allocated which pages: a page_owner that begins when somebody asks.
 *
 * mm_page_alloc and mm_page_free give blocks; between the two the allocator itself
 * sees to it that nobody else has the block, so a slot has one writer at a time.
 * Slots are taken by one compare-and-exchange, in a bucket that the pfn selects;
 * stacks likewise, by a hash of 64 bits that stands for them. No lock, no memory
 * but what was given at the beginning: what finds no room is counted.
 *
 * Not seen: blocks that were allocated before; pages that __alloc_pages_bulk() takes
 * from a CPU's lists, and contiguous ranges, for which there is no mm_page_alloc.
 * A block that is split and freed in parts counts as freed with its first part.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include <trace/events/kmem.h>

#include "compat.h"
#include "mmscope.h"
#include "owner.h"
#include "tracepoint.h"

#define WAYS		8
#define STACK_TRIES	32
#define DEFAULT_BLOCKS	(256 * 1024)
#define DEFAULT_STACKS	8192
#define SKIP_FRAMES	1	/* the probe */

/**
 * struct slot - an allocated block
 * @key: pfn of its first page plus one, 0: the slot is free
 * @stack: index of the stack it was allocated from
 * @order: 2^order pages
 */
struct slot {
	atomic64_t key;
	u32 stack;
	u32 order;
};

/**
 * struct recording - what is known since it began
 * @buckets_log: buckets, of WAYS slots
 * @slots: of all buckets
 * @nr_stacks: power of two
 * @stacks: found by their hash, in one of STACK_TRIES places
 * @dropped_blocks: for which there was no slot, or no place for their stack
 * @dropped_pages: in these
 */
struct recording {
	u32 buckets_log;
	struct slot *slots;
	u32 nr_stacks;
	struct mmscope_owner_stack *stacks;
	atomic64_t dropped_blocks;
	atomic64_t dropped_pages;
};

static struct recording *recording;	/* there while a probe is registered */
static DEFINE_MUTEX(owner_mutex);	/* of beginning, reading and ending */

static struct slot *bucket_of(const struct recording *r, u64 pfn)
{
	return r->slots + ((size_t)hash_64(pfn, r->buckets_log)) * WAYS;
}

static struct slot *find(const struct recording *r, u64 pfn)
{
	struct slot *bucket = bucket_of(r, pfn);
	u32 i;

	for (i = 0; i < WAYS; i++)
		if (atomic64_read(&bucket[i].key) == pfn + 1)
			return &bucket[i];
	return NULL;
}

static struct slot *take(u64 pfn)
{
	struct slot *bucket = bucket_of(recording, pfn);
	u32 i;

	for (i = 0; i < WAYS; i++)
		if (!atomic64_read(&bucket[i].key) &&
		    !atomic64_cmpxchg(&bucket[i].key, 0, pfn + 1))
			return &bucket[i];
	return NULL;
}

static void forget(struct slot *slot)
{
	struct mmscope_owner_stack *s = &recording->stacks[slot->stack];

	atomic64_dec(&s->blocks);
	atomic64_sub(1LL << slot->order, &s->pages);
	atomic64_set_release(&slot->key, 0);
}

/* Index of the stack; nr_stacks: there is no room for it. */
static u32 stack_of(const unsigned long *frame, u32 nr)
{
	const u32 words = nr * sizeof(*frame) / sizeof(u32);
	u64 hash = (u64)jhash2((const u32 *)frame, words, 1) << 32 |
		   jhash2((const u32 *)frame, words, 2);
	u32 i, at;

	hash |= 1;	/* never 0 */
	for (i = 0; i < STACK_TRIES; i++) {
		struct mmscope_owner_stack *s;
		u64 found;

		at = ((u32)(hash >> 1) + i) & (recording->nr_stacks - 1);
		s = &recording->stacks[at];
		found = atomic64_read(&s->hash);
		if (!found)
			found = atomic64_cmpxchg(&s->hash, 0, hash);
		if (found == hash)
			return at;
		if (found)
			continue;
		memcpy(s->frame, frame, nr * sizeof(*frame));
		smp_store_release(&s->nr, nr);	/* pairs with mmscope_owner_stack() */
		return at;
	}
	return recording->nr_stacks;
}

static void drop(u32 order)
{
	atomic64_inc(&recording->dropped_blocks);
	atomic64_add(1LL << order, &recording->dropped_pages);
}

/* the last one of several at once wins, field by field */
static void note_last(struct mmscope_owner_stack *s, u32 order, gfp_t gfp)
{
	WRITE_ONCE(s->ns, ktime_get_mono_fast_ns());
	WRITE_ONCE(s->pid, task_pid_nr(current));
	WRITE_ONCE(s->order, order);
	WRITE_ONCE(s->gfp, mmscope_gfp_flags(gfp));
	memcpy(s->comm, current->comm, sizeof(s->comm));
}

static void on_alloc(void *data, struct page *page, unsigned int order, gfp_t gfp, int type)
{
	unsigned long frame[MMSCOPE_OWNER_FRAMES];
	struct mmscope_owner_stack *s;
	struct slot *slot;
	u32 nr, stack;
	u64 pfn;

	if (!page)
		return;
	pfn = page_to_pfn(page);
	slot = find(recording, pfn);	/* its free was not seen */
	if (slot)
		forget(slot);
	nr = stack_trace_save(frame, ARRAY_SIZE(frame), SKIP_FRAMES);
	stack = stack_of(frame, nr);
	slot = stack < recording->nr_stacks ? take(pfn) : NULL;
	if (!slot) {
		drop(order);
		return;
	}
	slot->stack = stack;
	slot->order = order;
	s = &recording->stacks[stack];
	atomic64_inc(&s->blocks);
	atomic64_add(1LL << order, &s->pages);
	atomic64_inc(&s->allocs);
	atomic64_add(1LL << order, &s->alloc_pages);
	note_last(s, order, gfp);
}

static void on_free(void *data, struct page *page, unsigned int order)
{
	struct slot *slot = find(recording, page_to_pfn(page));

	if (slot)
		forget(slot);
}

static struct mmscope_hook free_hook = MMSCOPE_HOOK(mm_page_free, on_free);
static struct mmscope_hook alloc_hook = MMSCOPE_HOOK(mm_page_alloc, on_alloc);

static void __maybe_unused check_probes(void)
{
	check_trace_callback_type_mm_page_free(on_free);
	check_trace_callback_type_mm_page_alloc(on_alloc);
}

static void free_recording(struct recording *r)
{
	kvfree(r->stacks);
	kvfree(r->slots);
	kfree(r);
}

static struct recording *new_recording(u32 blocks, u32 stacks)
{
	/* as much as a user asks for: nobody is killed to have it */
	const gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	struct recording *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->buckets_log = order_base_2(DIV_ROUND_UP(blocks, WAYS));
	r->slots = kvcalloc((size_t)WAYS << r->buckets_log, sizeof(*r->slots), gfp);
	r->nr_stacks = roundup_pow_of_two(max_t(u32, stacks, STACK_TRIES));
	r->stacks = kvcalloc(r->nr_stacks, sizeof(*r->stacks), gfp);
	if (r->slots && r->stacks)
		return r;
	free_recording(r);
	return NULL;
}

/* the free first, so that no block is recorded whose end is missed */
static int hook_both(void)
{
	int err = mmscope_hook_get(&free_hook);

	if (err)
		return err;
	err = mmscope_hook_get(&alloc_hook);
	if (err) {
		mmscope_hook_put(&free_hook);
		mmscope_hook_sync();
	}
	return err;
}

/**
 * mmscope_owner_begin - begin to record who allocates pages
 * @blocks: room for so many, 0: some; becomes what there is
 * @stacks: likewise
 *
 * Return: 0; -EBUSY: somebody does already; -E2BIG, -ENOMEM, -EOPNOTSUPP.
 */
int mmscope_owner_begin(u32 *blocks, u32 *stacks)
{
	int err = -EBUSY;

	if (*blocks > MMSCOPE_OWNER_BLOCKS_MAX || *stacks > MMSCOPE_OWNER_STACKS_MAX)
		return -E2BIG;
	mutex_lock(&owner_mutex);
	if (recording)
		goto out;
	err = -ENOMEM;
	recording = new_recording(*blocks ?: DEFAULT_BLOCKS, *stacks ?: DEFAULT_STACKS);
	if (!recording)
		goto out;
	*blocks = WAYS << recording->buckets_log;
	*stacks = recording->nr_stacks;
	err = hook_both();
	if (err) {
		free_recording(recording);
		recording = NULL;
	}
out:
	mutex_unlock(&owner_mutex);
	return err;
}

/**
 * mmscope_owner_end - end it; no probe and no memory is left
 */
void mmscope_owner_end(void)
{
	struct recording *r;

	mutex_lock(&owner_mutex);
	mmscope_hook_put(&alloc_hook);
	mmscope_hook_put(&free_hook);
	mmscope_hook_sync();
	r = recording;
	WRITE_ONCE(recording, NULL);
	/* mmscope_owner_find() and _name() are done with it */
	synchronize_rcu();
	free_recording(r);
	mutex_unlock(&owner_mutex);
}

/**
 * mmscope_owner_recorded - does somebody record who allocates pages?
 */
bool mmscope_owner_recorded(void)
{
	return READ_ONCE(recording);
}

/**
 * mmscope_owner_find - the stack that a page was allocated from, if it was recorded
 * @pfn: the page; it may be any of its block
 * @stack: filled
 *
 * Return: false if it was allocated before, or there was no room.
 */
bool mmscope_owner_find(u64 pfn, u32 *stack)
{
	const struct recording *r;
	bool found = false;
	u32 order;

	rcu_read_lock();
	r = READ_ONCE(recording);
	for (order = 0; r && order < mmscope_nr_orders && !found; order++) {
		const u64 head = pfn & ~((1ULL << order) - 1);
		const struct slot *slot;

		/* looked for one order below */
		if (order && !(pfn >> (order - 1) & 1))
			continue;
		slot = find(r, head);
		if (!slot || (pfn - head) >> READ_ONCE(slot->order))
			continue;
		*stack = READ_ONCE(slot->stack);
		found = *stack < r->nr_stacks;
	}
	rcu_read_unlock();
	return found;
}

/*
 * What every allocation goes through, and tells nothing about it; also what calls the
 * probe where that is not done by static call, or not the only probe.
 */
static bool is_allocator(const char *symbol)
{
	static const char *const names[] = {
		"__alloc_pages", "alloc_pages", "__alloc_frozen_pages", "alloc_frozen_pages",
		"__folio_alloc", "folio_alloc", "__get_free_pages", "get_free_pages",
		"get_zeroed_page", "alloc_contig_pages", "get_page_from_freelist", "__traceiter_",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(symbol, names[i], strlen(names[i])))
			return true;
	return false;
}

/**
 * mmscope_owner_symbol - a frame as text, without an address
 * @frame: return address
 * @symbol: filled; "?" if it has no symbol
 * @size: of @symbol
 */
void mmscope_owner_symbol(unsigned long frame, char *symbol, size_t size)
{
	/* a return address may be that of the next function */
	mmscope_symbol((void *)(frame - 1), symbol, size, false);
}

/**
 * mmscope_owner_name - the function that called the page allocator
 * @stack: from mmscope_owner_find()
 * @name: filled; empty if the recording is over
 * @size: of @name
 */
void mmscope_owner_name(u32 stack, char *name, size_t size)
{
	const struct mmscope_owner_stack *s;
	const struct recording *r;
	u32 i, nr;

	*name = '\0';
	rcu_read_lock();
	r = READ_ONCE(recording);
	if (r && stack < r->nr_stacks) {
		s = &r->stacks[stack];
		nr = smp_load_acquire(&s->nr);	/* see stack_of() */
		for (i = 0; i < nr; i++) {
			mmscope_owner_symbol(s->frame[i], name, size);
			if (!is_allocator(name))
				break;
		}
	}
	rcu_read_unlock();
}

/**
 * mmscope_owner_hold - keep the recording, to be read
 *
 * Return: 0, to be undone with mmscope_owner_release(), whether there is one or
 * not; -EINTR.
 */
int mmscope_owner_hold(void)
{
	return mutex_lock_killable(&owner_mutex) ? -EINTR : 0;
}

/**
 * mmscope_owner_release - undo mmscope_owner_hold()
 */
void mmscope_owner_release(void)
{
	mutex_unlock(&owner_mutex);
}

/**
 * mmscope_owner_stacks - how many places for stacks there are; it is held
 *
 * Return: 0 if nobody records.
 */
u64 mmscope_owner_stacks(void)
{
	return recording ? recording->nr_stacks : 0;
}

/**
 * mmscope_owner_stack - a stack; it is held
 * @i: below mmscope_owner_stacks()
 *
 * Return: the stack, NULL if there is none in this place. Its numbers go on changing.
 */
const struct mmscope_owner_stack *mmscope_owner_stack(u64 i)
{
	const struct mmscope_owner_stack *s = &recording->stacks[i];

	return smp_load_acquire(&s->nr) ? s : NULL;	/* see stack_of() */
}

/**
 * mmscope_owner_dropped - what there was no room for; it is held
 * @counts: filled
 */
void mmscope_owner_dropped(struct mmscope_owner_counts *counts)
{
	*counts = (struct mmscope_owner_counts){ 0 };
	if (!recording)
		return;
	counts->blocks = atomic64_read(&recording->dropped_blocks);
	counts->pages = atomic64_read(&recording->dropped_pages);
}

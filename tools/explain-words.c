// SPDX-License-Identifier: GPL-2.0
/*
 * What the numbers of an address mean, in sentences.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

#define MAX_MAPPERS 6	/* that are named */

static void say(struct explain *e, const char *topic, struct text *t)
{
	struct words *w = &e->words[e->nr_words];

	if (t->len && e->nr_words < MAX_WORDS) {
		snprintf(w->topic, sizeof(w->topic), "%s", topic);
		snprintf(w->text, sizeof(w->text), "%s", t->s);
		e->nr_words++;
	}
	text_free(t);
}

/* ------------------------------------------------------------------- the VMA */

static void say_gap(struct explain *e)
{
	struct text t = { 0 };
	__u64 kind = of(&e->fault, "read");

	if (kind == MMSCOPE_UNKNOWN)
		text_adds(&t, "This is no address of user space: it belongs to the kernel, or to "
			      "nobody. The process can only be killed by it (SIGSEGV).");
	else if (kind == MMSCOPE_FAULT_STACK)
		text_adds(&t, "No mapping covers the address, but the one above it is a stack, and "
			      "it may grow down to here.");
	else if (kind == MMSCOPE_FAULT_SEGV_STACK)
		text_adds(&t, "No mapping covers the address. The one above it is a stack, but it "
			      "may not grow so far: its limit (ulimit -s), or the guard gap to the "
			      "mapping below.");
	else
		text_adds(&t, "No mapping covers the address: nothing was ever asked for here, or "
			      "it was unmapped.");
	say(e, "Mapping", &t);
}

static void say_vma(struct explain *e)
{
	struct text t = { 0 };

	text_add(&t, "0x%llx-0x%llx, ", of(&e->vma, "start"), of(&e->vma, "end"));
	add_of(&t, &e->vma, 0, "size_bytes");
	text_adds(&t, ", ");
	add_of(&t, &e->vma, 0, "kind");
	if (of(&e->vma, "inode") && of(&e->vma, "inode") != MMSCOPE_UNKNOWN) {
		text_adds(&t, ": ");
		add_of(&t, &e->vma, 0, "name");
		text_add(&t, " (inode %llu), from its byte %llu on", of(&e->vma, "inode"),
			 of(&e->vma, "offset_bytes"));
	}
	text_adds(&t, ". Flags: ");
	add_of(&t, &e->vma, 0, "flags");
	text_addc(&t, '.');
	say(e, "Mapping", &t);
}

static void say_allowed(struct explain *e)
{
	const bool read = of_flag(&e->vma, "perms", "read");
	const bool write = of_flag(&e->vma, "perms", "write");
	const bool exec = of_flag(&e->vma, "perms", "exec");
	const bool shared = of_flag(&e->vma, "perms", "shared");
	struct text t = { 0 };

	if (!read && !write && !exec) {
		text_adds(&t, "The mapping allows nothing (PROT_NONE): a guard page, as there is one "
			      "below the stack of each thread, or memory only reserved so far. Any "
			      "access ends in SIGSEGV.");
		say(e, "Allowed", &t);
		return;
	}
	text_add(&t, "The mapping allows to %s%s%s. ", read ? "read" : "",
		 write ? read ? " and write" : "write" : "",
		 exec ? read || write ? " and run" : "run" : "");
	text_adds(&t, shared ? "It is shared: what is written is seen by all who map it." :
			       "It is private: what is written here is seen by nobody else.");
	if (write && of_flag(&e->walk, "flags", "present")) {
		if (of_flag(&e->walk, "flags", "write"))
			text_adds(&t, " The page-table entry allows the write, too: it needs no "
				      "help of the kernel.");
		else
			text_adds(&t, " The page-table entry forbids the write for now, so that the "
				      "kernel hears of it first.");
	}
	say(e, "Allowed", &t);
}

/* ---------------------------------------------------------------------- the page */

static void add_file(const struct explain *e, struct text *t)
{
	__u64 offset = of(&e->fault, "offset_bytes");

	if (offset == MMSCOPE_UNKNOWN || !of(&e->fault, "inode"))
		return;
	text_add(t, " %s", e->vma.nr ? "" : "a file");
	add_of(t, &e->vma, 0, "name");
	text_add(t, " at offset %llu (inode %llu)", offset, of(&e->fault, "inode"));
}

static void say_page(struct explain *e)
{
	const __u64 page = e->s->info.page_size;
	struct text t = { 0 };

	if (!e->frame.nr)
		return;
	if (of(&e->walk, "pfn") == MMSCOPE_UNKNOWN)
		text_adds(&t, "Nothing is mapped, but the page is in memory: ");
	text_add(&t, "frame %llu, physical 0x%llx, is of class ", of(&e->frame, "pfn"),
		 of(&e->frame, "pfn") * page);
	add_of(&t, &e->frame, 0, "class");
	if (of(&e->frame, "head_pfn") != of(&e->frame, "pfn") || of(&e->frame, "order"))
		text_add(&t, ", page %llu of a compound page of 2^%llu that begins at frame %llu",
			 of(&e->frame, "pfn") - of(&e->frame, "head_pfn"), of(&e->frame, "order"),
			 of(&e->frame, "head_pfn"));
	text_adds(&t, ", in zone ");
	add_of(&t, &e->frame, 0, "zone");
	text_add(&t, " of node %llu, in a pageblock of type ", of(&e->frame, "node"));
	add_of(&t, &e->frame, 0, "migratetype");
	text_addc(&t, '.');
	if (of(&e->frame, "owner") != MMSCOPE_UNKNOWN && of(&e->frame, "owner")) {
		text_add(&t, " Owner: inode or process %llu ", of(&e->frame, "owner"));
		add_of(&t, &e->frame, 0, "path");
		text_addc(&t, '.');
	}
	if (of(&e->frame, "memcg") && of(&e->frame, "memcg") != MMSCOPE_UNKNOWN)
		text_add(&t, " Charged to the cgroup of inode %llu.", of(&e->frame, "memcg"));
	say(e, "Page", &t);
}

static void add_mapper(const struct explain *e, struct text *t, size_t i)
{
	text_add(t, "%spid %llu (", i ? ", " : "", table_get(&e->rmaps, i, "pid"));
	add_of(t, &e->rmaps, i, "comm");
	text_add(t, ") at 0x%llx", table_get(&e->rmaps, i, "addr"));
}

static void say_mappers(struct explain *e)
{
	struct text t = { 0 };

	if (!e->frame.nr)
		return;
	if (!e->rmaps.nr)
		text_adds(&t, "No process maps it.");
	else if (e->rmaps.nr == 1)
		text_adds(&t, "By one process only: ");
	else
		text_add(&t, "%zu times: ", e->rmaps.nr);
	for (size_t i = 0; i < e->rmaps.nr && i < MAX_MAPPERS; i++)
		add_mapper(e, &t, i);
	if (e->rmaps.nr > MAX_MAPPERS)
		text_add(&t, " and %zu more", e->rmaps.nr - MAX_MAPPERS);
	if (e->rmaps.nr)
		text_addc(&t, '.');
	say(e, "Mapped", &t);
}

/* ---------------------------------------------------------------------- reclaim */

/* free swap of the machine we run on */
static void add_swap_room(const struct explain *e, struct text *t)
{
	FILE *f = e->live ? fopen("/proc/swaps", "re") : NULL;
	unsigned long long size, used, room = 0;
	char line[512];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %llu %llu", &size, &used) == 2)
			room += (size - used) * 1024;
	fclose(f);
	if (!room) {
		text_adds(t, " There is no free swap now, so it stays.");
		return;
	}
	text_adds(t, " Swap has ");
	text_add_size(t, room);
	text_adds(t, " free.");
}

static void add_list(const struct explain *e, struct text *t)
{
	if (of_flag(&e->frame, "flags", "active"))
		text_adds(t, "It is on an active list: it must be found unused to get to the "
			     "inactive one first. ");
	else
		text_adds(t, "It is on an inactive list, from which pages are taken. ");
}

static void add_reclaim_swap(const struct explain *e, struct text *t)
{
	if (of(&e->frame, "swap_offset") != MMSCOPE_UNKNOWN)
		text_add(t, "It has a place in swap already (area %llu, slot %llu)",
			 of(&e->frame, "swap_type"), of(&e->frame, "swap_offset"));
	else
		text_adds(t, "It has no place in swap yet");
	if (of(&e->frame, "swap_offset") != MMSCOPE_UNKNOWN &&
	    !of_flag(&e->frame, "flags", "dirty"))
		text_adds(t, " and is unchanged since: it can be dropped at once.");
	else
		text_adds(t, ": to take it, it must be written to swap.");
	add_swap_room(e, t);
}

static void add_reclaim_file(const struct explain *e, struct text *t)
{
	if (of_flag(&e->frame, "flags", "dirty"))
		text_adds(t, "It is dirty: to take it, it must be written to its file first,");
	else
		text_adds(t, "It is clean: it can be dropped at once, and is read again from");
	add_file(e, t);
	text_addc(t, '.');
}

static void say_reclaim(struct explain *e)
{
	const struct table *f = &e->frame;
	struct text t = { 0 };
	__u64 pins = of(f, "pins"), class = of(f, "class");

	if (!f->nr)
		return;
	if (class == MMSCOPE_CLASS_ZERO)
		text_adds(&t, "Never: it is the page of zeroes that all share.");
	else if (class == MMSCOPE_CLASS_HUGETLB)
		text_adds(&t, "Never: hugetlb pages stay in their pool and are not swapped.");
	else if (of_flag(f, "flags", "unevictable") || of_flag(f, "flags", "mlocked"))
		text_adds(&t, "No: it is unevictable, locked into memory by mlock() or of a kind "
			      "that must stay.");
	else if (class == MMSCOPE_CLASS_PINNED || (pins && pins != MMSCOPE_UNKNOWN &&
						   pins != MMSCOPE_UNKNOWN32))
		text_adds(&t, "No: it is pinned, a device may be writing to it.");
	else if (of_flag(f, "flags", "writeback"))
		text_adds(&t, "It is being written out just now.");
	else if (of_flag(f, "flags", "lru"))
		add_list(e, &t);
	else
		text_adds(&t, "It is on no list from which pages are taken: just allocated or on "
			      "its way between lists, or not the memory of processes at all. ");
	if (!of_flag(f, "flags", "lru") || of_flag(f, "flags", "unevictable"))
		goto out;
	if (of_flag(f, "flags", "swapbacked") || of_flag(f, "flags", "anon"))
		add_reclaim_swap(e, &t);
	else
		add_reclaim_file(e, &t);
out:
	say(e, "Reclaim", &t);
}

/* ------------------------------------------------------------- the next access */

/* what comes before and behind the place; %s-less: places are added by @place */
static const struct {
	const char *words;
	enum { NO_PLACE, FILE_PLACE, SWAP_PLACE, FRAME_PLACE } place;
} accesses[] = {
	[MMSCOPE_FAULT_NONE] = { "no page fault: the entry allows it" },
	[MMSCOPE_FAULT_ZERO] = { "minor fault: the shared page of zeroes is mapped, read-only" },
	[MMSCOPE_FAULT_NEW] = { "minor fault: a new page of zeroes is allocated for this process" },
	[MMSCOPE_FAULT_COPY] = { "minor fault, copy on write: others may use this page, so the "
				 "process gets a copy of its own in another frame" },
	[MMSCOPE_FAULT_REUSE] = { "minor fault: nobody else uses the page, it is made writable "
				  "where it is, without a copy" },
	[MMSCOPE_FAULT_FILE] = { "minor fault: the page is in the page cache and is only mapped:",
				 FRAME_PLACE },
	[MMSCOPE_FAULT_FILE_COPY] = { "minor fault: the page is in the page cache and is copied "
				      "into a page of this process:", FRAME_PLACE },
	[MMSCOPE_FAULT_READ] = { "major fault: the page is not in memory and is read from",
				 FILE_PLACE },
	[MMSCOPE_FAULT_READ_COPY] = { "major fault, then a copy for this process: the page is not "
				      "in memory and is read from", FILE_PLACE },
	[MMSCOPE_FAULT_READING] = { "waits until the page is read, which is under way, from",
				    FILE_PLACE },
	[MMSCOPE_FAULT_SWAP_CACHE] = { "minor fault: the page is swapped, but still or again in "
				       "memory:", SWAP_PLACE },
	[MMSCOPE_FAULT_SWAP_READ] = { "major fault: the page is read from swap,", SWAP_PLACE },
	[MMSCOPE_FAULT_SHMEM] = { "minor fault: a new page of zeroes for all who share it" },
	[MMSCOPE_FAULT_HUGETLB] = { "minor fault: a huge page is taken from the hugetlb pool, or "
				    "SIGBUS if that is empty" },
	[MMSCOPE_FAULT_NOTIFY] = { "minor fault: the file system is told that the page will be "
				   "dirty, then it is made writable" },
	[MMSCOPE_FAULT_NUMA_HINT] = { "minor fault: NUMA balancing notes who uses the page, and may "
				      "move it to the node of that CPU" },
	[MMSCOPE_FAULT_MIGRATION] = { "waits until the page has arrived in its new frame" },
	[MMSCOPE_FAULT_DEVICE] = { "the page is in the memory of a device, whose driver brings it "
				   "back" },
	[MMSCOPE_FAULT_HANDLER] = { "a driver, or the kernel itself, decides what is mapped here" },
	[MMSCOPE_FAULT_UFFD_MISSING] = { "userfaultfd: the process waits until a program in user "
					 "space brings the page" },
	[MMSCOPE_FAULT_UFFD_WP] = { "userfaultfd: the process waits until a program in user space "
				    "lifts the write protection" },
	[MMSCOPE_FAULT_UFFD_MINOR] = { "userfaultfd: the page is there, but a program in user space "
				       "must let it be mapped" },
	[MMSCOPE_FAULT_STACK] = { "minor fault: the stack grows to here and gets a new page" },
	[MMSCOPE_FAULT_SEGV_NO_VMA] = { "SIGSEGV (SEGV_MAPERR): nothing is mapped here" },
	[MMSCOPE_FAULT_SEGV_STACK] = { "SIGSEGV (SEGV_MAPERR): the stack may not grow to here" },
	[MMSCOPE_FAULT_SEGV_PERM] = { "SIGSEGV (SEGV_ACCERR): the mapping does not allow it" },
	[MMSCOPE_FAULT_SEGV_GUARD] = { "SIGSEGV: a guard page, by madvise(MADV_GUARD_INSTALL)" },
	[MMSCOPE_FAULT_BUS_EOF] = { "SIGBUS: beyond the end of the file,", FILE_PLACE },
	[MMSCOPE_FAULT_BUS_POISON] = { "SIGBUS: the memory is broken (hwpoison)" },
	[MMSCOPE_FAULT_BUS] = { "SIGBUS: nothing can give a page here" },
};

static void add_place(const struct explain *e, struct text *t, int place)
{
	if (place == FILE_PLACE)
		add_file(e, t);
	if (place == SWAP_PLACE)
		text_add(t, " area %llu, slot %llu", of(&e->fault, "swap_type"),
			 of(&e->fault, "swap_offset"));
	if ((place == FRAME_PLACE || place == SWAP_PLACE) &&
	    of(&e->fault, "pfn") != MMSCOPE_UNKNOWN)
		text_add(t, "%s frame %llu", place == SWAP_PLACE ? "," : "", of(&e->fault, "pfn"));
	if (place == FRAME_PLACE)
		add_file(e, t);
}

static bool gives_new_page(__u64 kind)
{
	return kind == MMSCOPE_FAULT_NEW || kind == MMSCOPE_FAULT_ZERO;
}

static void say_access(struct explain *e, const char *column, const char *topic)
{
	struct text t = { 0 };
	__u64 kind = of(&e->fault, column);

	if (kind == MMSCOPE_UNKNOWN)
		return;
	if (kind < ARRAY_SIZE(accesses) && accesses[kind].words) {
		text_adds(&t, accesses[kind].words);
		add_place(e, &t, accesses[kind].place);
	} else {
		text_adds(&t, "not known");
	}
	text_addc(&t, '.');
	if (gives_new_page(kind) && of_flag(&e->fault, "flags", "huge"))
		text_adds(&t, " A huge page is tried first.");
	if ((kind == MMSCOPE_FAULT_READ || kind == MMSCOPE_FAULT_READ_COPY) &&
	    of_flag(&e->fault, "flags", "evicted"))
		text_adds(&t, " It was in memory before, and was evicted.");
	if (kind == MMSCOPE_FAULT_REUSE && of_flag(&e->fault, "flags", "unsure"))
		text_adds(&t, " Somebody holds the page for a moment: it may also be copied.");
	if (!strcmp(column, "write") && of_flag(&e->fault, "flags", "write_notify") &&
	    (kind == MMSCOPE_FAULT_FILE || kind == MMSCOPE_FAULT_READ))
		text_adds(&t, " The file system is told of the write.");
	say(e, topic, &t);
}

/* ------------------------------------------------------------------------ all */

static void say_process(struct explain *e)
{
	struct text t = { 0 };

	if (!e->process.nr)
		return;
	text_add(&t, "%u (", e->pid);
	add_of(&t, &e->process, 0, "comm");
	text_adds(&t, "), ");
	add_of(&t, &e->process, 0, "rss_bytes");
	text_adds(&t, " resident, ");
	add_of(&t, &e->process, 0, "swap_bytes");
	text_adds(&t, " swapped, ");
	add_of(&t, &e->process, 0, "pagetable_bytes");
	text_adds(&t, " of page tables.");
	say(e, "Process", &t);
}

void explain_words(struct explain *e)
{
	say_process(e);
	if (e->vma.nr) {
		say_vma(e);
		say_allowed(e);
	} else {
		say_gap(e);
	}
	say_page(e);
	say_mappers(e);
	say_reclaim(e);
	say_access(e, "read", "Next read");
	say_access(e, "write", "Next write");
}

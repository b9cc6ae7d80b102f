/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that is known of one address of a process, and what it means.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "table.h"

#define MAX_WORDS	16

/**
 * struct words - what is said about one topic
 * @topic: one word
 * @text: sentences
 */
struct words {
	char topic[16];
	char text[1024];
};

/**
 * struct explain - an address
 * @s: where answers come from
 * @pid: the process, as it was given
 * @addr: the address
 * @live: the kernel that is asked is the one we run on
 * @process: its record of `processes`, none if that cannot be had
 * @vma: the VMA, none if there is none
 * @walk: the page-table walk
 * @fault: what accesses do, none if it is no address of user space
 * @frame: the page frame, none if nothing is mapped
 * @rmaps: who maps it
 * @words: what is said of it
 * @nr_words: how much of that
 */
struct explain {
	struct source *s;
	__u32 pid;
	__u64 addr;
	bool live;
	struct table process;
	struct table vma;
	struct table walk;
	struct table fault;
	struct table frame;
	struct table rmaps;
	struct words words[MAX_WORDS];
	size_t nr_words;
};

/* a number of the one record of a table; MMSCOPE_UNKNOWN also if there is none */
static inline __u64 of(const struct table *t, const char *name)
{
	return t->nr ? table_get(t, 0, name) : MMSCOPE_UNKNOWN;
}

bool of_flag(const struct table *t, const char *field, const char *name);
void add_of(struct text *t, const struct table *table, size_t i, const char *name);

/* explain-words.c */
void explain_words(struct explain *e);

/* explain-draw.c */
void explain_draw(const struct explain *e);

#endif

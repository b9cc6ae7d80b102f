/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sections of a sample, made small: see recording.h.
 */
#ifndef PACK_H
#define PACK_H

#include "recording.h"
#include "text.h"

/**
 * struct block - plain sections in memory: what a sample consists of
 * @data: they, one behind the other
 * @bytes: how long
 */
struct block {
	char *data;
	size_t bytes;
};

/* one section of a block: its head, and what follows */
struct piece {
	const struct recording_section *head;
	const char *payload;
};

bool block_next(const struct block *b, size_t *at, struct piece *out);
bool pack(const struct block *sample, const struct block *base, struct text *out);
bool unpack(const char *data, size_t bytes, size_t plain, const struct block *base,
	    struct block *out);

#endif

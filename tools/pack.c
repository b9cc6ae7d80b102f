// SPDX-License-Identifier: GPL-2.0
/*
 * The sections of a sample, made small: records that are as they were are told by
 * their place in the sample before, others by the bits that differ, and zlib does the
 * rest. What is read may come from anywhere: every length and place is checked.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <linux/mmscope.h>

#include "intern.h"
#include "pack.h"

#define CODE_WHOLE	1U
#define MAX_MOVE	(1LL << 29)
#define MAX_PIECES	4096	/* of a sample: they are compared with one another */

/* The section at @at, which moves on. Return: false at the end, or if it makes no sense. */
bool block_next(const struct block *b, size_t *at, struct piece *out)
{
	const struct recording_section *head;
	size_t room;

	if (*at > b->bytes || b->bytes - *at < sizeof(*head))
		return false;
	head = (const void *)(b->data + *at);
	room = b->bytes - *at - sizeof(*head);
	if (head->bytes > room || head->arg_bytes > head->bytes || -head->bytes % 8 > room -
	    head->bytes)
		return false;
	*out = (struct piece){ .head = head, .payload = (const char *)(head + 1) };
	*at += sizeof(*head) + head->bytes + (-head->bytes % 8);
	return true;
}

/**
 * struct records - those of one section
 * @dataset: which
 * @rec_size: bytes of each
 * @nr: how many
 * @data: they
 */
struct records {
	__u32 dataset;
	__u32 rec_size;
	__u32 nr;
	const char *data;
};

static bool piece_arg(const struct piece *p, struct mmscope_walk_arg *arg)
{
	if (p->head->arg_bytes < sizeof(*arg))
		return false;
	memcpy(arg, p->payload, sizeof(*arg));
	return arg->rec_size && arg->rec_size <= RECORDING_MAX_BYTES;
}

static bool piece_records(const struct piece *p, struct records *out)
{
	struct mmscope_walk_arg arg;

	if (p->head->type != RECORDING_WALK || !piece_arg(p, &arg) ||
	    p->head->bytes - p->head->arg_bytes != (__u64)arg.nr * arg.rec_size)
		return false;
	*out = (struct records){ arg.dataset, arg.rec_size, arg.nr,
				 p->payload + p->head->arg_bytes };
	return true;
}

/* The section of the base that is to be compared with the one at @at; empty if none is. */
static struct records find_base(const struct block *sample, size_t at, const struct block *base,
				__u32 dataset, __u32 rec_size)
{
	struct records r = { .rec_size = rec_size };
	size_t place = 0, before = 0;
	struct mmscope_walk_arg arg;
	struct piece p;

	while (place < at && block_next(sample, &place, &p))
		before += piece_arg(&p, &arg) && arg.dataset == dataset;
	place = 0;
	while (base && block_next(base, &place, &p)) {
		struct records have;

		if (!piece_records(&p, &have) || have.dataset != dataset || before--)
			continue;
		if (have.rec_size == rec_size)
			r = have;
		break;
	}
	return r;
}

static void xor_bytes(char *to, const char *with, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] ^= with[i];
}

/* -------------------------------------------------------------------- writing */

/* Where in the base a record is; base->nr if it is not there. */
static __u32 find_record(const struct intern *known, const struct records *base, __u32 expected,
			 const char *rec)
{
	__u32 number;

	if (expected < base->nr &&
	    !memcmp(base->data + (size_t)expected * base->rec_size, rec, base->rec_size))
		return expected;
	return intern_find(known, rec, base->rec_size, &number) ? number : base->nr;
}

static void put_codes(const struct records *r, const struct records *base, struct text *out)
{
	struct intern known = { 0 };
	struct text whole = { 0 };
	__u32 place = 0;

	/* one that is there twice has no number that is its place: that will do */
	for (__u32 i = 0; i < base->nr; i++)
		if (intern_add(&known, base->data + (size_t)i * base->rec_size,
			       base->rec_size) != i)
			break;
	for (__u32 i = 0; i < r->nr; i++) {
		const char *rec = r->data + (size_t)i * r->rec_size;
		__u32 at = find_record(&known, base, place, rec), code = CODE_WHOLE;
		long long move = (long long)at - place;

		if (at < base->nr && move < MAX_MOVE && move > -MAX_MOVE) {
			code = (__u32)move << 1;
			place = at;
		} else {
			text_addn(&whole, rec, r->rec_size);
			if (place < base->nr)
				xor_bytes(whole.s + whole.len - r->rec_size,
					  base->data + (size_t)place * r->rec_size, r->rec_size);
		}
		place++;
		text_addn(out, (const char *)&code, sizeof(code));
	}
	text_addn(out, whole.s, whole.len);
	text_free(&whole);
	intern_free(&known);
}

static void put_piece(const struct block *sample, size_t at, const struct piece *p,
		      const struct block *base, struct text *out)
{
	static const char zeros[8];
	struct recording_section head = *p->head;
	struct records r, old = { 0 };
	size_t begin = out->len;

	text_addn(out, (const char *)&head, sizeof(head));
	text_addn(out, p->payload, head.arg_bytes);
	if (piece_records(p, &r))
		old = find_base(sample, at, base, r.dataset, r.rec_size);
	if (old.nr) {
		put_codes(&r, &old, out);
		head.type = RECORDING_DELTA;
		head.bytes = out->len - begin - sizeof(head);
		memcpy(out->s + begin, &head, sizeof(head));
	} else {
		text_addn(out, p->payload + head.arg_bytes, head.bytes - head.arg_bytes);
	}
	text_addn(out, zeros, -head.bytes % 8);
}

static bool deflate_text(const struct text *plain, struct text *out)
{
	uLongf room = compressBound(plain->len);
	char *buf = xzalloc(room);
	int err = compress2((Bytef *)buf, &room, (const Bytef *)plain->s, plain->len, 6);

	if (err == Z_OK)
		text_addn(out, buf, room);
	free(buf);
	return err == Z_OK;
}

/**
 * pack - make a sample small
 * @sample: its sections
 * @base: those of the sample before; NULL: it is to stand alone
 * @out: what is to be stored is added here
 *
 * Return: false if it cannot be done.
 */
bool pack(const struct block *sample, const struct block *base, struct text *out)
{
	struct text plain = { 0 };
	size_t at = 0, begin = 0;
	struct piece p;
	__u64 bytes;
	bool done;

	for (; block_next(sample, &at, &p); begin = at)
		put_piece(sample, begin, &p, base, &plain);
	bytes = plain.len;
	text_addn(out, (const char *)&bytes, sizeof(bytes));
	done = begin == sample->bytes && deflate_text(&plain, out);
	text_free(&plain);
	return done;
}

/* -------------------------------------------------------------------- reading */

/* @codes: not aligned; @whole: @bytes of whole records */
static bool get_records(const struct mmscope_walk_arg *arg, const struct records *base,
			const char *codes, const char *whole, size_t bytes, struct text *out)
{
	const size_t size = arg->rec_size;
	long long place = 0;

	for (__u32 i = 0; i < arg->nr; i++) {
		__u32 code;

		memcpy(&code, codes + (size_t)i * sizeof(code), sizeof(code));
		if (code & CODE_WHOLE) {
			if (code != CODE_WHOLE || bytes < size)
				return false;
			text_addn(out, whole, size);
			if (place >= 0 && place < base->nr)
				xor_bytes(out->s + out->len - size, base->data + place * size,
					  size);
			whole += size;
			bytes -= size;
		} else {
			place += (int)code / 2;
			if (place < 0 || place >= base->nr)
				return false;
			text_addn(out, base->data + place * size, size);
		}
		place++;
	}
	return !bytes;
}

/* A DELTA as the WALK that it stands for. @room: what may still be added to @out. */
static bool get_delta(const struct piece *p, const struct block *base, struct text *out,
		      size_t room)
{
	struct recording_section head = *p->head;
	const char *codes = p->payload + head.arg_bytes;
	const size_t rest = head.bytes - head.arg_bytes;
	const struct block done = { out->s, out->len };
	struct mmscope_walk_arg arg;
	struct records old;
	__u64 bytes;

	if (!piece_arg(p, &arg) || arg.nr > rest / sizeof(__u32))
		return false;
	bytes = (__u64)arg.nr * arg.rec_size;
	if (sizeof(head) + head.arg_bytes + bytes > room)
		return false;
	old = find_base(&done, done.bytes, base, arg.dataset, arg.rec_size);
	head.type = RECORDING_WALK;
	head.bytes = head.arg_bytes + bytes;
	text_addn(out, (const char *)&head, sizeof(head));
	text_addn(out, p->payload, head.arg_bytes);
	return get_records(&arg, &old, codes, codes + arg.nr * sizeof(__u32),
			   rest - arg.nr * sizeof(__u32), out);
}

static bool get_pieces(const struct block *packed, const struct block *base, size_t plain,
		       struct text *out)
{
	static const char zeros[8];
	size_t at = 0, nr = 0;
	struct piece p;

	while (block_next(packed, &at, &p)) {
		size_t room = plain - out->len;

		if (nr++ == MAX_PIECES)
			return false;
		if (p.head->type == RECORDING_DELTA) {
			if (!get_delta(&p, base, out, room))
				return false;
		} else {
			if (sizeof(*p.head) + p.head->bytes > room)
				return false;
			text_addn(out, (const char *)p.head, sizeof(*p.head));
			text_addn(out, p.payload, p.head->bytes);
		}
		text_addn(out, zeros, -out->len % 8);
		if (out->len > plain)
			return false;
	}
	return at == packed->bytes && out->len == plain;
}

/**
 * unpack - what pack() made, as it was
 * @data: what was stored
 * @bytes: how long
 * @plain: how long the sections are
 * @base: as pack() had it; NULL: none
 * @out: filled; its data is to be freed
 *
 * Return: false if it makes no sense.
 */
bool unpack(const char *data, size_t bytes, size_t plain, const struct block *base,
	    struct block *out)
{
	struct text sections = { 0 };
	struct block packed;
	uLongf length;
	__u64 room;
	bool sound;

	if (bytes < sizeof(room) || plain > RECORDING_MAX_BYTES)
		return false;
	memcpy(&room, data, sizeof(room));
	if (room > RECORDING_MAX_BYTES)
		return false;
	packed = (struct block){ xzalloc(room), room };
	length = room;
	sound = uncompress((Bytef *)packed.data, &length, (const Bytef *)data + sizeof(room),
			   bytes - sizeof(room)) == Z_OK && length == room &&
		get_pieces(&packed, base, plain, &sections);
	free(packed.data);
	*out = (struct block){ sections.s, sections.len };
	if (sound)
		return true;
	text_free(&sections);
	*out = (struct block){ 0 };
	return false;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that grows, numbers as people write and read them, and the one way to
 * give up.
 */
#ifndef TEXT_H
#define TEXT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(_a) (sizeof(_a) / sizeof((_a)[0]))

/**
 * struct text - a string that grows; begin with { 0 }
 * @s: the string, NUL-terminated; NULL until something is added
 * @len: its length
 * @room: allocated
 */
struct text {
	char *s;
	size_t len;
	size_t room;
};

void text_clear(struct text *t);
void text_free(struct text *t);
void text_addn(struct text *t, const char *s, size_t len);
void text_adds(struct text *t, const char *s);
void text_addc(struct text *t, char c);
void text_add_number(struct text *t, __u64 value);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_escaped(struct text *t, const char *s, size_t len, bool last);
void text_add_json(struct text *t, const char *s, size_t len);
void text_add_size(struct text *t, __u64 bytes);

size_t utf8_len(const char *s, size_t len);
bool parse_number(const char *s, const char **end, __u64 *value);
bool parse_whole_number(const char *s, __u64 max, __u64 *value);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void *xrealloc(void *p, size_t n, size_t size);
void *xzalloc(size_t size);

#endif

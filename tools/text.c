// SPDX-License-Identifier: GPL-2.0
/*
 * Text that grows, numbers as people write and read them, and the one way to
 * give up.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* One clear sentence on stderr, and status 1. What was printed so far stands. */
void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("mmscope: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	/* not exit(): what is allocated is no leak, and stdout is flushed already */
	_exit(EXIT_FAILURE);
}

void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p && n && size)
		die("out of memory");
	return p;
}

void *xzalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		die("out of memory");
	return p;
}

void text_clear(struct text *t)
{
	t->len = 0;
	if (t->s)
		t->s[0] = '\0';
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}

void text_addn(struct text *t, const char *s, size_t len)
{
	if (t->room - t->len <= len) {
		t->room = t->len + len + 64 + t->room / 2;
		t->s = xrealloc(t->s, t->room, 1);
	}
	if (len)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_adds(struct text *t, const char *s)
{
	text_addn(t, s, strlen(s));
}

void text_addc(struct text *t, char c)
{
	if (t->room - t->len <= 1) {
		text_addn(t, &c, 1);
		return;
	}
	t->s[t->len++] = c;
	t->s[t->len] = '\0';
}

/* By hand: there may be millions of them, and printf() is what they cost. */
void text_add_number(struct text *t, __u64 value)
{
	char digits[20];
	int i = sizeof(digits);

	do {
		digits[--i] = '0' + value % 10;
		value /= 10;
	} while (value);
	text_addn(t, digits + i, sizeof(digits) - i);
}

void text_add(struct text *t, const char *format, ...)
{
	char buf[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	if (len > 0)
		text_addn(t, buf, (size_t)len < sizeof(buf) ? (size_t)len : sizeof(buf) - 1);
}

/*
 * As debugfs has it: backslash and controls as \ooo, and blanks too unless it is
 * the @last text of a line, which ends with the line.
 */
void text_add_escaped(struct text *t, const char *s, size_t len, bool last)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c == ' ' && last)
			text_addc(t, c);
		else if (c <= ' ' || c == '\\' || c == 0x7f)
			text_add(t, "\\%03o", c);
		else
			text_addc(t, c);
	}
}

/*
 * As lsblk and free -h: at most one digit after the point, units of 1024; but
 * what is small and uneven is exact, as the size of an object.
 */
void text_add_size(struct text *t, __u64 bytes)
{
	static const char units[] = "BKMGTPE";
	__u64 tenths;
	int unit = 0;

	while (unit < 6 && bytes >> (10 * unit) >= 1024)
		unit++;
	if (!unit || (bytes < 10000 && bytes % 1024)) {
		text_add(t, "%lluB", bytes);
		return;
	}
	/* the unit below has what is needed to round, and cannot overflow */
	tenths = ((bytes >> (10 * (unit - 1))) * 10 + 512) / 1024;
	if (tenths >= 10240 && unit < 6) {
		tenths = 10;
		unit++;
	}
	if (tenths % 10)
		text_add(t, "%llu.%llu%c", tenths / 10, tenths % 10, units[unit]);
	else
		text_add(t, "%llu%c", tenths / 10, units[unit]);
}

/* Bytes of the UTF-8 character that @s begins with; 0 if it is none. */
size_t utf8_len(const char *s, size_t len)
{
	static const __u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	__u32 c;
	size_t n;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > len)
		return 0;
	c = p[0] & (0xff >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

/* As a string of JSON, quotes included; any bytes may be in it. */
void text_add_json(struct text *t, const char *s, size_t len)
{
	text_addc(t, '"');
	while (len) {
		size_t n = utf8_len(s, len);
		unsigned char c = *s;

		if (!n) {
			text_adds(t, "\\ufffd");	/* no character: say so */
			n = 1;
		} else if (c == '"' || c == '\\') {
			text_add(t, "\\%c", c);
		} else if (c < ' ' || c == 0x7f) {
			text_add(t, "\\u%04x", c);
		} else {
			text_addn(t, s, n);
		}
		s += n;
		len -= n;
	}
	text_addc(t, '"');
}

/* Decimal or 0x hexadecimal, with K, M, G or T of 1024; @end: what follows. */
bool parse_number(const char *s, const char **end, __u64 *value)
{
	static const char suffixes[] = "kmgt";
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *suffix;
	char *rest;

	if (!isdigit((unsigned char)s[0]) || (hex && !isxdigit((unsigned char)s[2])))
		return false;
	errno = 0;
	*value = strtoull(s, &rest, hex ? 16 : 10);
	if (errno)
		return false;
	suffix = *rest ? strchr(suffixes, tolower((unsigned char)*rest)) : NULL;
	if (suffix) {
		int shift = 10 * (suffix - suffixes + 1);

		if (*value > ~0ULL >> shift)
			return false;
		*value <<= shift;
		rest++;
	}
	*end = rest;
	return true;
}

bool parse_whole_number(const char *s, __u64 max, __u64 *value)
{
	const char *end;

	return parse_number(s, &end, value) && !*end && *value <= max;
}

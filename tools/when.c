// SPDX-License-Identifier: GPL-2.0
/*
 * Times as people write and read them, and the sample of a recording that is meant.
 */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "when.h"

static const struct {
	const char *name;
	__u64 ns;
} units[] = {
	{ "ms", NS_PER_SECOND / 1000 },
	{ "", NS_PER_SECOND },
	{ "s", NS_PER_SECOND },
	{ "m", 60 * NS_PER_SECOND },
	{ "h", 3600 * NS_PER_SECOND },
	{ "d", 86400 * NS_PER_SECOND },
};

static bool read_duration(const char *word, __u64 *ns)
{
	__u64 n = 0;

	if (!isdigit((unsigned char)*word))
		return false;
	for (; isdigit((unsigned char)*word) && n < 100000000; word++)
		n = 10 * n + *word - '0';
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(word, units[i].name) || n > 1000000)
			continue;
		*ns = n * units[i].ns;
		return true;
	}
	return false;
}

/* "2s", "500ms", "5m", "2h", "1d", "2": nanoseconds. Ends the program if it is none. */
__u64 parse_duration(const char *word, const char *what)
{
	__u64 ns;

	if (!read_duration(word, &ns))
		die("bad %s '%s': such as 2s or 500ms is wanted", what, word);
	return ns;
}

void text_add_time(struct text *t, __u64 realtime_ns)
{
	time_t seconds = realtime_ns / NS_PER_SECOND;
	struct tm tm;
	char buf[40];

	if (localtime_r(&seconds, &tm) && strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm))
		text_adds(t, buf);
	else
		text_addc(t, '?');
}

/* "1d 2h", "3h 20m", "5m 10s", "7.25s" */
void text_add_duration(struct text *t, __u64 ns)
{
	__u64 s = ns / NS_PER_SECOND;

	if (s >= 86400)
		text_add(t, "%llud %lluh", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		text_add(t, "%lluh %llum", s / 3600, s / 60 % 60);
	else if (s >= 60)
		text_add(t, "%llum %llus", s / 60, s % 60);
	else
		text_add(t, "%llu.%02llus", s, ns / (NS_PER_SECOND / 100) % 100);
}

/* A time of day is of the day of the first sample, or of the next if that was recorded. */
static bool read_time(const char *word, __u64 first_ns, __u64 last_ns, __u64 *ns)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%H:%M:%S", "%H:%M",
	};
	time_t first = first_ns / NS_PER_SECOND;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *end;
		struct tm tm;
		time_t t;

		if (!localtime_r(&first, &tm))
			return false;
		tm.tm_sec = 59;	/* where only a minute is named: its end */
		end = strptime(word, formats[i], &tm);
		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		t = mktime(&tm);
		if (formats[i][1] == 'H' && t / 60 < first / 60) {
			time_t next;

			tm.tm_mday++;
			next = mktime(&tm);
			t = next <= (time_t)(last_ns / NS_PER_SECOND) ? next : t;
		}
		*ns = (t + 1) * NS_PER_SECOND - 1;
		return t >= 0;
	}
	return false;
}

/**
 * find_sample - the sample that is meant
 * @s: a recording of samples
 * @word: its number from 1; a time, "+" and a time since the first: the last one not later
 *
 * Return: which one, from 0. Ends the program with a sentence if there is none.
 */
size_t find_sample(const struct source *s, const char *word)
{
	size_t nr = replay_samples(s), i;
	__u64 value, begin;

	if (!nr)
		die("%s: has no samples: it was not made by 'mmscope record'", s->name);
	if (parse_whole_number(word, ~0ULL, &value)) {
		if (!value || value > nr)
			die("%s: has no sample %llu: there are %zu", s->name, value, nr);
		return value - 1;
	}
	begin = replay_sample(s, 0)->realtime_ns;
	if (*word == '+' && read_duration(word + 1, &value))
		value += begin;
	else if (!read_time(word, begin, replay_sample(s, nr - 1)->realtime_ns, &value))
		die("bad sample '%s': a number, +5m, 14:30 or '2026-01-31 14:30:00' is wanted",
		    word);
	for (i = nr; i; i--)
		if (replay_sample(s, i - 1)->realtime_ns <= value)
			return i - 1;
	die("%s: begins later than %s", s->name, word);
}

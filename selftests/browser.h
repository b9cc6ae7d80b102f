/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A headless Chromium, driven through the two pipes that it offers: messages of
 * the DevTools protocol, JSON ended by a NUL. No network, no port.
 */
#ifndef _MMSCOPE_BROWSER_H
#define _MMSCOPE_BROWSER_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BROWSER_ROOM	(1 << 20)
#define BROWSER_WAIT_MS	90000	/* a machine may be busy */

/**
 * struct browser - a browser with one page
 * @pid: of it, and of its group
 * @to: where it reads
 * @from: where it writes
 * @dir: its profile
 * @session: of the page
 * @id: of the last call
 * @message: the last one that was read
 * @loaded: pages loaded so far
 * @errors: exceptions, and errors on the console
 * @value: of the last expression, as text
 */
struct browser {
	pid_t pid;
	int to;
	int from;
	char dir[64];
	char session[80];
	int id;
	char *message;
	int loaded;
	int errors;
	char value[4096];
};

static inline void browser_exec(struct browser *b, int in, int out)
{
	char profile[96];
	int null = open("/dev/null", O_RDWR);

	/* it wants them to be 3 and 4; first out of the way of each other */
	in = fcntl(in, F_DUPFD, 10);
	out = fcntl(out, F_DUPFD, 10);
	dup2(in, 3);
	dup2(out, 4);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	setpgid(0, 0);
	snprintf(profile, sizeof(profile), "--user-data-dir=%s", b->dir);
	execlp("chromium", "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
	       "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
	       "--window-size=1400,900", profile, "about:blank", NULL);
	_exit(127);
}

/* Return: 0, and the message is in b->message; -1: none came. */
static inline int browser_read(struct browser *b)
{
	struct pollfd p = { .fd = b->from, .events = POLLIN };
	size_t len = 0;

	for (;;) {
		if (poll(&p, 1, BROWSER_WAIT_MS) != 1 || read(b->from, b->message + len, 1) != 1)
			return -1;
		if (!b->message[len])
			break;
		if (len < BROWSER_ROOM - 1)
			len++;
	}
	if (strstr(b->message, "\"method\":\"Page.loadEventFired\""))
		b->loaded++;
	if (strstr(b->message, "\"method\":\"Runtime.exceptionThrown\"") ||
	    (strstr(b->message, "\"method\":\"Runtime.consoleAPICalled\"") &&
	     strstr(b->message, "\"type\":\"error\"")) ||
	    (strstr(b->message, "\"method\":\"Log.entryAdded\"") &&
	     strstr(b->message, "\"level\":\"error\""))) {
		fprintf(stderr, "# %s\n", b->message);
		b->errors++;
	}
	return 0;
}

/* Call a method. Return: 0, and its result is in b->message; -1: none. */
static inline int browser_call(struct browser *b, const char *method, const char *format, ...)
{
	static char parameters[16384], line[17000];
	char begin[32];
	va_list args;
	int len;

	va_start(args, format);
	vsnprintf(parameters, sizeof(parameters), format, args);
	va_end(args);
	len = snprintf(line, sizeof(line), "{\"id\":%d,%s%s%s\"method\":\"%s\",\"params\":{%s}}",
		       ++b->id, *b->session ? "\"sessionId\":\"" : "", b->session,
		       *b->session ? "\"," : "", method, parameters);
	if (write(b->to, line, len + 1) != len + 1)
		return -1;
	snprintf(begin, sizeof(begin), "{\"id\":%d,", b->id);
	do {
		if (browser_read(b))
			return -1;
	} while (strncmp(b->message, begin, strlen(begin)));
	return strstr(b->message, "\"error\":{") ? -1 : 0;
}

/* The text of a member of b->message, with its escapes undone where we need it. */
static inline int browser_member(const struct browser *b, const char *name, char *to, size_t room)
{
	char key[64];
	const char *p;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	p = strstr(b->message, key);
	if (!p)
		return -1;
	for (p += strlen(key); *p && *p != '"' && room > 1; p++) {
		char c = *p;

		if (c == '\\') {
			c = *++p;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
			if (c == 'u') {
				c = strtol((char[]){ p[1], p[2], p[3], p[4], 0 }, NULL, 16);
				p += 4;
			}
		}
		*to++ = c;
		room--;
	}
	*to = '\0';
	return 0;
}

/* The value of an expression in the page, awaited, as text; NULL if it threw. */
static inline const char *browser_eval(struct browser *b, const char *format, ...)
{
	static char expression[4096], escaped[8192];
	size_t len = 0;
	va_list args;

	va_start(args, format);
	vsnprintf(expression, sizeof(expression), format, args);
	va_end(args);
	for (const char *p = expression; *p && len < sizeof(escaped) - 3; p++) {
		if (*p == '"' || *p == '\\')
			escaped[len++] = '\\';
		escaped[len++] = *p;
	}
	escaped[len] = '\0';
	if (browser_call(b, "Runtime.evaluate", "\"expression\":\"(async () => String(await (%s)))()\","
			 "\"awaitPromise\":true,\"returnByValue\":true", escaped) ||
	    strstr(b->message, "\"exceptionDetails\"") ||
	    browser_member(b, "value", b->value, sizeof(b->value)))
		return NULL;
	return b->value;
}

/* Return: 0 when the page has loaded. */
static inline int browser_go(struct browser *b, const char *path)
{
	int before = b->loaded;

	if (browser_call(b, "Page.navigate", "\"url\":\"file://%s\"", path))
		return -1;
	while (b->loaded == before)
		if (browser_read(b))
			return -1;
	return 0;
}

static inline int browser_mouse(struct browser *b, const char *type, double x, double y,
				const char *more)
{
	return browser_call(b, "Input.dispatchMouseEvent",
			    "\"type\":\"%s\",\"x\":%.3f,\"y\":%.3f%s", type, x, y, more);
}

static inline int browser_begin_session(struct browser *b)
{
	char target[80], session[80];

	if (browser_call(b, "Target.createTarget", "\"url\":\"about:blank\"") ||
	    browser_member(b, "targetId", target, sizeof(target)) ||
	    browser_call(b, "Target.attachToTarget", "\"targetId\":\"%s\",\"flatten\":true",
			 target) ||
	    browser_member(b, "sessionId", session, sizeof(session)))
		return -1;
	memcpy(b->session, session, sizeof(session));
	if (browser_call(b, "Page.enable", "") || browser_call(b, "Runtime.enable", "") ||
	    browser_call(b, "Log.enable", ""))
		return -1;
	return 0;
}

/* Return: 0; -1: it does not come up. */
static inline int browser_open(struct browser *b)
{
	int in[2], out[2];

	signal(SIGPIPE, SIG_IGN);
	snprintf(b->dir, sizeof(b->dir), "/tmp/mmscope-browser.XXXXXX");
	b->message = malloc(BROWSER_ROOM);
	if (!b->message || !mkdtemp(b->dir) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	b->pid = fork();
	if (!b->pid)
		browser_exec(b, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	b->to = in[1];
	b->from = out[0];
	return b->pid < 0 ? -1 : browser_begin_session(b);
}

/* The whole group: it has children. */
static inline void browser_close(struct browser *b)
{
	char line[96];

	if (b->pid > 0) {
		kill(-b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
	}
	close(b->to);
	close(b->from);
	snprintf(line, sizeof(line), "rm -rf %s", b->dir);
	if (system(line))
		fprintf(stderr, "%s is still there\n", b->dir);
	free(b->message);
}

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * The device as a source, and why it may not open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "source.h"

struct device {
	int fd;
};

static int device_call(struct source *s, unsigned long request, void *arg)
{
	struct device *dev = s->priv;

	return ioctl(dev->fd, request, arg) < 0 ? -errno : 0;
}

static bool device_default_pid(struct source *s, __u32 dataset, __u32 *pid)
{
	(void)s;
	(void)dataset;
	(void)pid;
	return false;
}

static int device_fd(struct source *s)
{
	struct device *dev = s->priv;

	return dev->fd;
}

static void device_close(struct source *s)
{
	struct device *dev = s->priv;

	close(dev->fd);
	free(dev);
}

static const struct source_ops device_ops = {
	.call = device_call,
	.default_pid = device_default_pid,
	.fd = device_fd,
	.close = device_close,
};

static bool file_has(const char *path, const char *word)
{
	char line[256] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	return strstr(line, word);
}

/* Would modprobe be refused, and with words that are hard to understand? */
static bool wants_signed_modules(void)
{
	static const char lockdown[] = "/sys/kernel/security/lockdown";

	return file_has(lockdown, "[integrity]") || file_has(lockdown, "[confidentiality]") ||
	       file_has("/sys/module/module/parameters/sig_enforce", "Y");
}

static void cannot_open(int err)
{
	if (err == ENOENT || err == ENXIO || err == ENODEV)
		die(DEVICE_PATH ": the module is not loaded: run 'modprobe mmscope'%s%s",
		    geteuid() ? " as root" : "",
		    wants_signed_modules() ?
		    " (this kernel takes only signed modules: see SECURE BOOT in mmscope(8))" : "");
	if ((err == EACCES || err == EPERM) && geteuid())
		die(DEVICE_PATH ": permission denied: run as root");
	if (err == EACCES || err == EPERM)
		die(DEVICE_PATH ": permission denied: "
		    "needs CAP_SYS_ADMIN in the initial user namespace");
	die(DEVICE_PATH ": %s", strerror(err));
}

void device_open(struct source *s)
{
	struct device *dev = xzalloc(sizeof(*dev));
	struct utsname uts;

	dev->fd = open(DEVICE_PATH, O_RDONLY | O_CLOEXEC);
	if (dev->fd < 0)
		cannot_open(errno);
	s->ops = &device_ops;
	s->priv = dev;
	s->name = DEVICE_PATH;
	if (!uname(&uts))
		snprintf(s->machine, sizeof(s->machine), "%.31s", uts.machine);
}

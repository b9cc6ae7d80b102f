/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module loaded with names hidden, and what it says then. Include after common.h.
 */
#ifndef _MMSCOPE_MISSING_H
#define _MMSCOPE_MISSING_H

#include <stdbool.h>
#include <sys/syscall.h>

#define MISSING_DATASETS	128
#define MISSING_FIELDS		256
#define MISSING_RECORDS		2048	/* of a dataset; more is not looked at */

struct names {
	size_t nr;
	char name[1024][48];
};

/* one dataset as it was read; err: -errno of the walk */
struct taken {
	char name[48];
	uint32_t state;
	uint32_t flags;
	uint32_t nr_fields;
	char detail[192];
	int err;
	struct answer a;
	struct mmscope_field field[MISSING_FIELDS];
};

struct snapshot {
	uint32_t nr;
	struct taken set[MISSING_DATASETS];
};

/* what moves by itself: the fields of a dataset, or its records come and go */
struct moving {
	bool records[MISSING_DATASETS];
	bool field[MISSING_DATASETS][MISSING_FIELDS];
};

struct difference {
	const char *field;
	size_t record;
	uint64_t was, is;
};

/* Load the module anew, without these names. Return: 0 or -errno. */
static inline int module_load(const char *hide)
{
	const char *path = getenv("MMSCOPE_KO");
	int fd = open(path ? path : "/lib/mmscope/mmscope.ko", O_RDONLY | O_CLOEXEC);
	char option[64];
	int err = 0;

	if (fd < 0)
		return -errno;
	snprintf(option, sizeof(option), "hide=%s", hide);
	if (syscall(SYS_delete_module, "mmscope", O_NONBLOCK) && errno != ENOENT)
		err = -errno;
	if (!err && syscall(SYS_finit_module, fd, *hide ? option : "", 0))
		err = -errno;
	close(fd);
	if (err)
		fprintf(stderr, "# the module does not load with %s: %s\n", option, strerror(-err));
	return err;
}

/* All that the module looks for and finds here. */
static inline int names_read(struct names *n)
{
	int fd = open_device(), err;
	struct answer a;

	n->nr = 0;
	err = fd < 0 ? -errno : walk_all(fd, walk_arg(MMSCOPE_DS_FEATURES), &a);
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	for (size_t i = 0; i < a.nr && n->nr < ARRAY_LEN(n->name); i++) {
		const struct mmscope_feature *f = (void *)((char *)a.records + i * a.rec_size);

		if ((f->kind == MMSCOPE_FEATURE_SYMBOL || f->kind == MMSCOPE_FEATURE_LAYOUT ||
		     f->kind == MMSCOPE_FEATURE_TRACEPOINT) && f->state == MMSCOPE_STATE_OK)
			memcpy(n->name[n->nr++], f->name, sizeof(f->name));
	}
	answer_free(&a);
	return 0;
}

/* All of a dataset, or of the first frames or addresses */
static inline struct mmscope_walk_arg missing_query(const struct taken *t, uint32_t id)
{
	struct mmscope_walk_arg arg = walk_arg(id);

	if (t->flags & MMSCOPE_DATASET_PFN)
		arg.end = 0x1200;
	return arg;
}

static inline int snapshot_take(struct snapshot *s)
{
	int fd = open_device();

	if (fd < 0)
		return -errno;
	for (s->nr = 0; s->nr < MISSING_DATASETS; s->nr++) {
		struct mmscope_describe d = describe_arg(s->nr);
		struct taken *t = &s->set[s->nr];

		d.fields = (uintptr_t)t->field;
		d.nr_fields = MISSING_FIELDS;
		if (ioctl(fd, MMSCOPE_IOC_DESCRIBE, &d))
			break;
		answer_free(&t->a);
		memcpy(t->name, d.name, sizeof(d.name));
		memcpy(t->detail, d.detail, sizeof(d.detail));
		t->state = d.state;
		t->flags = d.flags;
		t->nr_fields = d.nr_fields;
		t->err = s->nr == MMSCOPE_DS_FEATURES ? 0 :
			 walk_all(fd, missing_query(t, s->nr), &t->a);
	}
	close(fd);
	return 0;
}

static inline uint64_t missing_value(const struct taken *t, const struct mmscope_field *f,
				     size_t record, uint32_t element)
{
	const char *p = (char *)t->a.records + record * t->a.rec_size + f->offset +
			(size_t)element * f->size;
	uint32_t narrow;
	uint64_t value;

	if (f->size == 8) {
		memcpy(&value, p, 8);
		return value;
	}
	memcpy(&narrow, p, 4);
	return narrow == MMSCOPE_UNKNOWN32 ? MMSCOPE_UNKNOWN : narrow;
}

static inline bool is_unknown(const struct mmscope_field *f, uint64_t value)
{
	return value == MMSCOPE_UNKNOWN ||
	       (f->flags & MMSCOPE_FIELD_SIGNED && value == MMSCOPE_UNKNOWN_SIGNED);
}

/* Does a field of @is, if it is known, say something else than in @was? */
static inline bool field_differs(const struct taken *was, const struct taken *is, uint32_t i,
				 size_t record, struct difference *d)
{
	const struct mmscope_field *f = &is->field[i];

	if (f->unit == MMSCOPE_UNIT_NAME)
		return false;
	for (uint32_t e = 0; e < (f->count ? f->count : 1); e++) {
		uint64_t now = missing_value(is, f, record, e);
		uint64_t then = missing_value(was, f, record, e);

		if (now == then || is_unknown(f, now))
			continue;
		if (d)
			*d = (struct difference){ f->name, record, then, now };
		return true;
	}
	return false;
}

/* The same records, but for what is unknown or moves; other numbers of them are a difference. */
static inline bool differs(const struct snapshot *before, const struct snapshot *after, uint32_t id,
			   const struct moving *m, struct difference *d)
{
	const struct taken *was = &before->set[id], *is = &after->set[id];

	if (was->err || is->err || m->records[id] || was->nr_fields != is->nr_fields ||
	    was->a.rec_size != is->a.rec_size)
		return false;
	if (was->a.nr != is->a.nr) {
		if (d)
			*d = (struct difference){ "(records)", 0, was->a.nr, is->a.nr };
		return true;
	}
	for (size_t r = 0; r < is->a.nr && r < MISSING_RECORDS; r++)
		for (uint32_t i = 0; i < is->nr_fields && i < MISSING_FIELDS; i++)
			if (!m->field[id][i] && field_differs(was, is, i, r, d))
				return true;
	return false;
}

/* Note what is not the same in two snapshots with nothing hidden. Return: is there something? */
static inline bool note_moving(const struct snapshot *s, const struct snapshot *t,
			       struct moving *m)
{
	struct difference d;
	bool found = false;

	for (uint32_t id = 0; id < s->nr; id++) {
		const struct taken *was = &s->set[id], *is = &t->set[id];

		while (differs(s, t, id, m, &d)) {
			found = true;
			for (uint32_t i = 0; i < was->nr_fields; i++)
				m->field[id][i] |= d.field == is->field[i].name;
			m->records[id] |= was->a.nr != is->a.nr;
		}
	}
	return found;
}

/* What a dataset says of itself and what it then does must be the same. */
static inline int states_wrong(const char *hide, const struct snapshot *base,
			       const struct snapshot *s)
{
	int wrong = 0;

	if (s->nr != base->nr) {
		fprintf(stderr, "# without %s: %u datasets, not %u\n", hide, s->nr, base->nr);
		return 1;
	}
	for (uint32_t id = 0; id < s->nr; id++) {
		const struct taken *t = &s->set[id];
		bool off = t->state == MMSCOPE_STATE_UNAVAILABLE;

		bool ok = t->state == MMSCOPE_STATE_OK;

		if (ok == !!t->detail[0] ||
		    (off && t->err != -EOPNOTSUPP && t->err) || (off && !t->err) ||
		    (!off && t->err != base->set[id].err && base->set[id].err != -EOPNOTSUPP)) {
			fprintf(stderr, "# without %s: %s: state %u (%s), errno %d\n", hide,
				t->name, t->state, t->detail, -t->err);
			wrong++;
		}
	}
	return wrong;
}

/* Nor does its file give what the device does not. */
static inline int files_wrong(const char *hide, const struct snapshot *s)
{
	int wrong = 0;

	for (uint32_t id = 0; id < s->nr; id++) {
		const struct taken *t = &s->set[id];
		char path[128];
		bool off;
		int fd;

		snprintf(path, sizeof(path), DEBUGFS "/%s%s",
			 t->flags & MMSCOPE_DATASET_PROCESS ? "process/self/" : "", t->name);
		if (access(path, F_OK))
			continue;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		off = t->state == MMSCOPE_STATE_UNAVAILABLE;
		if (off != (fd == -1)) {
			fprintf(stderr, "# without %s: %s opens: %d\n", hide, path, fd >= 0);
			wrong++;
		}
		if (fd >= 0)
			close(fd);
	}
	return wrong;
}

#endif /* _MMSCOPE_MISSING_H */

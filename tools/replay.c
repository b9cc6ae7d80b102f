// SPDX-License-Identifier: GPL-2.0
/*
 * A recording as a source: answers from the sections of a file.
 *
 * Sizes inside an answer are checked here, when it is given. Filters by node,
 * zone and class are applied if the recorded question was wider; a process and
 * a range must be the recorded ones. Of a recording of samples one answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"
#include "source.h"

static int complain(struct source *s, int err, const char *format, const char *word)
{
	struct index *r = s->priv;
	int len = snprintf(s->error, sizeof(s->error), "%s: ", r->path);

	if (len > 0 && (size_t)len < sizeof(s->error))
		snprintf(s->error + len, sizeof(s->error) - len, format, word);
	return err;
}

static int makes_no_sense(struct source *s)
{
	return complain(s, -EPROTO, "an answer in the recording makes no sense%s", "");
}

static int replay_info(struct source *s, struct mmscope_info *arg)
{
	struct index *r = s->priv;

	if (!r->nr || r->sections[0].type != RECORDING_INFO)
		return makes_no_sense(s);
	*arg = r->sections[0].u.info;
	return 0;
}

static int replay_describe(struct source *s, struct mmscope_describe *arg)
{
	struct index *r = s->priv;
	const struct mmscope_describe *d;
	struct mmscope_describe room = *arg;
	size_t fields, values, i;
	const char *data;

	for (i = 0; i < r->nr; i++)
		if (r->sections[i].type == RECORDING_DESCRIBE &&
		    r->sections[i].u.describe.dataset == arg->dataset)
			break;
	if (i == r->nr)
		return -EOPNOTSUPP;
	d = &r->sections[i].u.describe;
	fields = sizeof(struct mmscope_field) * (size_t)d->nr_fields;
	values = sizeof(struct mmscope_value) * (size_t)d->nr_values;
	if (r->sections[i].bytes != fields + values)
		return makes_no_sense(s);
	*arg = *d;
	arg->fields = room.fields;
	arg->values = room.values;
	if (!room.fields || room.nr_fields < d->nr_fields || room.nr_values < d->nr_values)
		return 0;
	data = index_payload(r, &r->sections[i]);
	memcpy((void *)(unsigned long)room.fields, data, fields);
	memcpy((void *)(unsigned long)room.values, data + fields, values);
	return 0;
}

static const struct dataset *dataset_by_id(struct source *s, __u32 id)
{
	for (__u32 i = 0; i < s->nr_datasets; i++)
		if (s->datasets[i]->id == id)
			return s->datasets[i];
	return NULL;
}

static const struct field *find_field(const struct dataset *ds, const char *name, __u32 flag)
{
	for (__u32 i = 0; i < ds->nr_fields; i++) {
		const struct field *f = &ds->fields[i];

		if (name ? !strcmp(f->name, name) : f->flags & flag)
			return f;
	}
	return NULL;
}

/* As the module's mmscope_emit(): may this record pass the filters? */
static bool wanted(const struct dataset *ds, const struct mmscope_walk_arg *q, const void *rec)
{
	const struct {
		const struct field *f;
		bool asked;
		__u64 mask;
		__u32 value;
	} filters[] = {
		{ find_field(ds, "node", 0), q->node != MMSCOPE_ANY, 0, q->node },
		{ find_field(ds, "zone", 0), q->zone != MMSCOPE_ANY, 0, q->zone },
		{ find_field(ds, NULL, MMSCOPE_FIELD_CLASS), q->class_mask, q->class_mask, 0 },
	};

	if (q->node == MMSCOPE_ANY && q->zone == MMSCOPE_ANY && !q->class_mask)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct column c = { .field = filters[i].f };
		__u64 value = 0;

		if (!filters[i].asked)
			continue;
		if (!c.field || !column_number(&c, rec, &value))
			return false;
		if (filters[i].mask ? !(filters[i].mask >> (value & 63) & 1) :
				      value != filters[i].value)
			return false;
	}
	return true;
}

/* Is the answer to @have, filtered, the answer to @want? If not, what differs. */
static const char *differs(const struct mmscope_walk_arg *have,
			   const struct mmscope_walk_arg *want)
{
	if (have->pid != want->pid)
		return "process";
	if (have->node != MMSCOPE_ANY && have->node != want->node)
		return "node";
	if (have->zone != MMSCOPE_ANY && have->zone != want->zone)
		return "zone";
	if (have->class_mask && have->class_mask != want->class_mask)
		return "class";
	if (have->start != want->start || have->end != want->end)
		return "range";
	if (strncmp(have->name, want->name, sizeof(have->name)))
		return "name";
	/* what is exact besides does no harm */
	if (have->flags != want->flags && have->flags != (want->flags | MMSCOPE_WALK_EXACT))
		return "precision";
	return NULL;
}

/* The next section of an answer at or after @from; what was wrong with others. */
static size_t find_walk(struct index *r, size_t from, const struct mmscope_walk_arg *want,
			const char **wrong)
{
	size_t i;

	for (i = from; i < r->nr; i++) {
		const struct mmscope_walk_arg *have = &r->sections[i].u.walk;
		const char *what;

		if (r->sections[i].type != RECORDING_WALK || have->dataset != want->dataset)
			continue;
		what = differs(have, want);
		if (!what)
			break;
		*wrong = what;
	}
	return i;
}

/* Give the records of one section, from the one that the cursor's hint names. */
static int give_records(struct source *s, const struct section *section,
			struct mmscope_walk_arg *arg, bool last)
{
	struct index *r = s->priv;
	const struct mmscope_walk_arg *have = &section->u.walk;
	const struct dataset *ds = dataset_by_id(s, arg->dataset);
	__u64 room, i = arg->cursor.hint;
	const char *data;

	if (!ds || have->rec_size < ds->rec_size || arg->buf_bytes < have->rec_size ||
	    section->bytes != (__u64)have->nr * have->rec_size)
		return makes_no_sense(s);
	data = index_payload(r, section);
	room = arg->buf_bytes / have->rec_size;
	for (arg->nr = 0; i < have->nr && arg->nr < room; i++) {
		const char *rec = data + i * have->rec_size;

		if (!wanted(ds, arg, rec))
			continue;
		memcpy((char *)(unsigned long)arg->buf + (size_t)arg->nr++ * have->rec_size, rec,
		       have->rec_size);
	}
	arg->rec_size = have->rec_size;
	arg->status = last && i == have->nr ? MMSCOPE_WALK_DONE : 0;
	arg->cursor.hint = i;
	return 0;
}

static int replay_walk(struct source *s, struct mmscope_walk_arg *arg)
{
	struct index *r = s->priv;
	const struct mmscope_walk_arg *have;
	const char *wrong = NULL;
	size_t i, next;
	int err;

	if (r->nr_samples && r->chosen == r->nr_samples)
		index_choose(r, r->nr_samples - 1);
	i = find_walk(r, arg->cursor.pos, arg, &wrong);
	if (i == r->nr && wrong)
		return complain(s, -ENODATA, "recorded for another %s", wrong);
	if (i == r->nr)
		return complain(s, -ENODATA, "%s was not recorded",
				dataset_by_id(s, arg->dataset)->name);
	have = &r->sections[i].u.walk;
	next = have->status & MMSCOPE_WALK_DONE ? r->nr : find_walk(r, i + 1, arg, &wrong);
	err = give_records(s, &r->sections[i], arg, next == r->nr);
	if (err)
		return err;
	arg->start_ns = have->start_ns;
	arg->end_ns = have->end_ns;
	arg->max_lock_ns = have->max_lock_ns;
	arg->locks = have->locks;
	arg->restarts = have->restarts;
	arg->torn = have->torn;
	arg->cursor.pos = i;
	if (arg->cursor.hint == have->nr)
		arg->cursor = (struct mmscope_cursor){ .pos = next };
	return 0;
}

/* Copy the record of one address, if a section has it. */
static int find_translation(struct source *s, const struct mmscope_translate_arg *arg,
			    __u64 addr, char *out)
{
	struct index *r = s->priv;
	char word[32];

	for (size_t i = 0; i < r->nr; i++) {
		const struct section *section = &r->sections[i];
		const struct mmscope_translate_arg *have = &section->u.translate;
		const char *addrs;

		if (section->type != RECORDING_TRANSLATE || have->pid != arg->pid)
			continue;
		if (section->bytes != have->nr * (sizeof(addr) + have->rec_size) ||
		    have->rec_size != arg->rec_size)
			return makes_no_sense(s);
		addrs = index_payload(r, section);
		for (__u32 j = 0; j < have->nr; j++) {
			if (memcmp(addrs + j * sizeof(addr), &addr, sizeof(addr)))
				continue;
			memcpy(out, addrs + have->nr * sizeof(addr) + (size_t)j * have->rec_size,
			       have->rec_size);
			return 0;
		}
	}
	snprintf(word, sizeof(word), "0x%llx", addr);
	return complain(s, -ENODATA, "address %s of that process was not recorded", word);
}

static int replay_translate(struct source *s, struct mmscope_translate_arg *arg)
{
	const struct dataset *ds = dataset_by_id(s, MMSCOPE_DS_TRANSLATIONS);
	const __u64 *addrs = (const __u64 *)(unsigned long)arg->addrs;
	char *out = (char *)(unsigned long)arg->buf;
	int err = 0;

	if (!ds)
		return -EOPNOTSUPP;
	arg->rec_size = ds->rec_size;
	for (__u32 i = 0; i < arg->nr && !err; i++)
		err = find_translation(s, arg, addrs[i], out + (size_t)i * ds->rec_size);
	return err;
}

/* The next section at or after @from that answers this question. */
static size_t find_rmap(struct index *r, size_t from, const struct mmscope_rmap_arg *want)
{
	const size_t bytes = want->nr_ranges * sizeof(struct mmscope_pfn_range);
	const void *ranges = (const void *)(unsigned long)want->ranges;
	size_t i;

	for (i = from; i < r->nr; i++) {
		const struct section *section = &r->sections[i];

		if (section->type == RECORDING_RMAP && section->u.rmap.pid == want->pid &&
		    section->u.rmap.nr_ranges == want->nr_ranges && section->bytes >= bytes &&
		    !memcmp(index_payload(r, section), ranges, bytes))
			break;
	}
	return i;
}

/* As replay_walk(), with as much room as the recorded question had, or more. */
static int replay_rmap(struct source *s, struct mmscope_rmap_arg *arg)
{
	const struct dataset *ds = dataset_by_id(s, MMSCOPE_DS_RMAPS);
	const struct mmscope_rmap_arg want = *arg;
	struct index *r = s->priv;
	size_t i = find_rmap(r, arg->cursor.pos, arg), bytes;

	if (i >= r->nr)
		return complain(s, -ENODATA, "who maps these page frames was not recorded%s", "");
	*arg = r->sections[i].u.rmap;
	bytes = (size_t)arg->nr * arg->rec_size;
	if (!ds || arg->rec_size < ds->rec_size || bytes > want.buf_bytes ||
	    r->sections[i].bytes != want.nr_ranges * sizeof(struct mmscope_pfn_range) + bytes)
		return makes_no_sense(s);
	memcpy((void *)(unsigned long)want.buf, index_payload(r, &r->sections[i]) +
	       want.nr_ranges * sizeof(struct mmscope_pfn_range), bytes);
	arg->ranges = want.ranges;
	arg->buf = want.buf;
	arg->buf_bytes = want.buf_bytes;
	arg->cursor = (struct mmscope_cursor){ .pos = i + 1 };
	return 0;
}

/* The tool asks for one range at a time, and has room for all of it. */
static int replay_page(struct source *s, struct mmscope_page_arg *arg)
{
	const struct dataset *ds = dataset_by_id(s, MMSCOPE_DS_FRAMES);
	const size_t range = sizeof(struct mmscope_pfn_range);
	const struct mmscope_page_arg want = *arg;
	struct index *r = s->priv;

	for (size_t i = 0; i < r->nr; i++) {
		const struct section *section = &r->sections[i];
		const char *payload;
		size_t bytes;

		if (section->type != RECORDING_PAGE || section->bytes < range)
			continue;
		payload = index_payload(r, section);
		if (memcmp(payload, (void *)(unsigned long)want.ranges, range))
			continue;
		bytes = (size_t)section->u.page.nr * section->u.page.rec_size;
		if (!ds || section->u.page.rec_size < ds->rec_size || bytes > want.buf_bytes ||
		    section->bytes != range + bytes)
			return makes_no_sense(s);
		memcpy((void *)(unsigned long)want.buf, payload + range, bytes);
		arg->nr = section->u.page.nr;
		arg->rec_size = section->u.page.rec_size;
		return 0;
	}
	return complain(s, -ENODATA, "this page frame was not recorded%s", "");
}

static int replay_alloc(struct source *s, struct mmscope_alloc_arg *arg)
{
	const struct dataset *ds = dataset_by_id(s, MMSCOPE_DS_ALLOC_ZONES);
	struct mmscope_alloc_arg room = *arg;
	struct index *r = s->priv;

	for (size_t i = 0; i < r->nr; i++) {
		const struct section *section = &r->sections[i];
		const struct mmscope_alloc_arg *have = &section->u.alloc;

		if (section->type != RECORDING_ALLOC || have->order != arg->order ||
		    have->gfp != arg->gfp || have->node != arg->node)
			continue;
		if (!ds || have->nr > room.nr || have->rec_size != ds->rec_size ||
		    section->bytes != (__u64)have->nr * have->rec_size)
			return makes_no_sense(s);
		*arg = *have;
		arg->buf = room.buf;
		memcpy((char *)(unsigned long)room.buf, index_payload(r, section), section->bytes);
		return 0;
	}
	return complain(s, -ENODATA, "such an allocation was not recorded%s", "");
}

static int replay_call(struct source *s, unsigned long request, void *arg)
{
	switch (request) {
	case MMSCOPE_IOC_INFO:
		return replay_info(s, arg);
	case MMSCOPE_IOC_DESCRIBE:
		return replay_describe(s, arg);
	case MMSCOPE_IOC_WALK:
		return replay_walk(s, arg);
	case MMSCOPE_IOC_TRANSLATE:
		return replay_translate(s, arg);
	case MMSCOPE_IOC_PAGE:
		return replay_page(s, arg);
	case MMSCOPE_IOC_RMAP:
		return replay_rmap(s, arg);
	case MMSCOPE_IOC_ALLOC:
		return replay_alloc(s, arg);
	}
	return complain(s, -ENOTTY, "a recording has no %s", "processes");
}

static bool replay_default_pid(struct source *s, __u32 dataset, __u32 *pid)
{
	struct index *r = s->priv;

	for (size_t i = 0; i < r->nr; i++) {
		if (r->sections[i].type != RECORDING_WALK ||
		    r->sections[i].u.walk.dataset != dataset)
			continue;
		*pid = r->sections[i].u.walk.pid;
		return true;
	}
	return false;
}

static void replay_close(struct source *s)
{
	index_close(s->priv);
}

static const struct source_ops replay_ops = {
	.call = replay_call,
	.default_pid = replay_default_pid,
	.close = replay_close,
};

/* 0: it has none, or it is no recording */
size_t replay_samples(const struct source *s)
{
	const struct index *r = s->priv;

	return s->ops == &replay_ops ? r->nr_samples : 0;
}

const struct recording_sample *replay_sample(const struct source *s, size_t i)
{
	return index_sample(s->priv, i);
}

/* From now on this sample answers, from 0; before, the last one does. */
void replay_choose(struct source *s, size_t i)
{
	index_choose(s->priv, i);
}

void replay_open(struct source *s, const char *path)
{
	struct index *r = index_open(path);

	s->ops = &replay_ops;
	s->priv = r;
	s->name = path;
	memcpy(s->machine, r->machine, sizeof(s->machine));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * JSON: {"mmscope": {...}, "<dataset>": [{...}, ...], ...}
 *
 * Numbers are numbers, unknown is null, an enum is a string, flags are an array
 * of strings, an array of the record is an object by the names of its elements.
 */
#include <stdio.h>
#include <string.h>

#include "out.h"

static void add_word(struct text *t, const char *s)
{
	text_add_json(t, s, strlen(s));
}

static void add_flags(struct text *t, const struct field *f, __u64 value)
{
	const char *sep = "", *name;

	text_addc(t, '[');
	while (field_next_flag(f, &value, &name)) {
		text_adds(t, sep);
		add_word(t, name);
		sep = ", ";
	}
	if (value)
		text_add(t, "%s\"0x%llx\"", sep, value);
	text_addc(t, ']');
}

static void add_value(struct text *t, const struct column *c, const void *rec)
{
	const struct field *f = c->field;
	const char *name;
	size_t len;
	__u64 value;

	name = column_name(c, rec, &len);
	if (name) {
		text_add_json(t, name, len);
		return;
	}
	if (!column_number(c, rec, &value)) {
		text_adds(t, "null");
		return;
	}
	if (f->unit == MMSCOPE_UNIT_FLAGS) {
		add_flags(t, f, value);
	} else if (f->unit == MMSCOPE_UNIT_ENUM) {
		name = field_value_name(f, value);
		if (name)
			add_word(t, name);
		else
			text_add(t, "\"%llu\"", value);
	} else if (f->flags & MMSCOPE_FIELD_SIGNED) {
		text_add(t, "%lld", (long long)value);
	} else {
		text_add_number(t, value);
	}
}

/* Did one of the first @nr columns make this key already? */
static bool seen_before(const struct columns *columns, size_t nr, const struct column *c,
			bool of_array)
{
	for (size_t i = 0; i < nr; i++)
		if (columns->col[i].field == c->field &&
		    (!of_array || !strcmp(columns->col[i].name, c->name)))
			return true;
	return false;
}

/* All columns of one array, wherever they stand in the list: a key comes once. */
static void add_array(struct text *t, const struct columns *columns, size_t first,
		      const void *rec)
{
	const struct field *f = columns->col[first].field;
	const char *sep = "";

	text_addc(t, '{');
	for (size_t i = first; i < columns->nr; i++) {
		const struct column *c = &columns->col[i];

		if (c->field != f || seen_before(columns, i, c, true))
			continue;
		text_adds(t, sep);
		add_word(t, c->name + strlen(f->name) + 1);
		text_adds(t, ": ");
		add_value(t, c, rec);
		sep = ", ";
	}
	text_addc(t, '}');
}

/* One record alone, on one line. */
void json_object(struct text *t, const struct columns *columns, const void *rec)
{
	const char *sep = "";

	text_addc(t, '{');
	for (size_t i = 0; i < columns->nr; i++) {
		const struct column *c = &columns->col[i];

		if (seen_before(columns, i, c, false))
			continue;
		text_adds(t, sep);
		add_word(t, c->field->name);
		text_adds(t, ": ");
		if (c->field->flags & MMSCOPE_FIELD_ARRAY)
			add_array(t, columns, i, rec);
		else
			add_value(t, c, rec);
		sep = ", ";
	}
	text_addc(t, '}');
}

static void json_record(struct out *o, const void *rec)
{
	text_adds(&o->text, o->records ? ",\n    " : "\n    ");
	json_object(&o->text, o->columns, rec);
	fwrite(o->text.s, 1, o->text.len, stdout);
	text_clear(&o->text);
}

static void add_head(struct out *o)
{
	const struct mmscope_info *info = o->info;
	struct text *t = &o->text;

	text_add(t, "{\n  \"mmscope\": {\"version\": ");
	add_word(t, info->version);
	text_add(t, ", \"abi\": %u, \"kernel\": ", info->abi_version);
	add_word(t, info->release);
	text_add(t, ", \"page_size\": %u, \"orders\": %u, \"pageblock_pages\": %u",
		 info->page_size, info->nr_orders, info->pageblock_pages);
	text_add(t, ", \"cpus\": %u, \"nodes\": %u}", info->nr_cpus, info->nr_nodes);
}

static void json_begin(struct out *o, const char *name)
{
	if (!o->datasets)
		add_head(o);
	text_adds(&o->text, ",\n  ");
	add_word(&o->text, name);
	text_adds(&o->text, ": [");
}

static void json_end(struct out *o)
{
	text_adds(&o->text, o->records ? "\n  ]" : "]");
}

static void json_close(struct out *o)
{
	if (!o->datasets)
		return;
	text_adds(&o->text, "\n}\n");
	fwrite(o->text.s, 1, o->text.len, stdout);
}

const struct out_ops out_json_ops = {
	.begin = json_begin,
	.record = json_record,
	.end = json_end,
	.close = json_close,
};

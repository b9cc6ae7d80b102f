// SPDX-License-Identifier: GPL-2.0
/*
 * Records on stdout: the forms of one line a record, and the way to all forms.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

static void put_text(struct out *o)
{
	fwrite(o->text.s, 1, o->text.len, stdout);
	text_clear(&o->text);
}

static void no_begin(struct out *o, const char *name)
{
	(void)o;
	(void)name;
}

static void no_end(struct out *o)
{
	(void)o;
}

/* --------------------------------------------------------------------- raw */

static void raw_begin(struct out *o, const char *name)
{
	const char *sep = "";

	(void)name;
	if (o->style.no_headings)
		return;
	for (size_t i = 0; i < o->columns->nr; i++) {
		printf("%s%s", sep, o->columns->col[i].name);
		sep = " ";
	}
	putchar('\n');
}

/* Each column is one word, but for a text at the end: "-" is empty, "?" is unknown. */
static void raw_record(struct out *o, const void *rec)
{
	struct text *word = &o->word;

	for (size_t i = 0; i < o->columns->nr; i++) {
		text_clear(word);
		if (i)
			text_addc(&o->text, ' ');
		if (!value_text(word, &o->columns->col[i], rec, false))
			text_addc(&o->text, '?');
		else if (!word->len)
			text_addc(&o->text, '-');
		else
			text_add_escaped(&o->text, word->s, word->len, i + 1 == o->columns->nr);
	}
	text_addc(&o->text, '\n');
	put_text(o);
}

static const struct out_ops raw_ops = {
	.begin = raw_begin,
	.record = raw_record,
	.end = no_end,
	.close = no_end,
};

/* ------------------------------------------------------------------- pairs */

/* The name of a column as a shell has it. */
static void add_variable(struct text *t, const char *name)
{
	for (; *name; name++)
		text_addc(t, isalnum((unsigned char)*name) ? toupper((unsigned char)*name) : '_');
}

/* Between double quotes, for a shell's eval. */
static void add_quoted(struct text *t, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (strchr("\"\\`$", c) || iscntrl(c))
			text_add(t, "\\x%02x", c);
		else
			text_addc(t, c);
	}
}

static void pairs_record(struct out *o, const void *rec)
{
	struct text *word = &o->word;

	for (size_t i = 0; i < o->columns->nr; i++) {
		text_clear(word);
		value_text(word, &o->columns->col[i], rec, false);
		if (i)
			text_addc(&o->text, ' ');
		add_variable(&o->text, o->columns->col[i].name);
		text_addn(&o->text, "=\"", 2);
		add_quoted(&o->text, word->s, word->len);
		text_addc(&o->text, '"');
	}
	text_addc(&o->text, '\n');
	put_text(o);
}

static const struct out_ops pairs_ops = {
	.begin = no_begin,
	.record = pairs_record,
	.end = no_end,
	.close = no_end,
};

/* --------------------------------------------------------------------- csv */

static void add_csv(struct text *t, const char *s, size_t len)
{
	bool quote = false;

	for (size_t i = 0; i < len && !quote; i++)
		quote = strchr("\",\r\n", s[i]);
	if (!quote) {
		text_addn(t, s, len);
		return;
	}
	text_addc(t, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			text_addc(t, '"');
		text_addc(t, s[i]);
	}
	text_addc(t, '"');
}

static void csv_begin(struct out *o, const char *name)
{
	(void)name;
	if (o->style.no_headings)
		return;
	for (size_t i = 0; i < o->columns->nr; i++) {
		if (i)
			text_addc(&o->text, ',');
		add_csv(&o->text, o->columns->col[i].name, strlen(o->columns->col[i].name));
	}
	text_addc(&o->text, '\n');
	put_text(o);
}

static void csv_record(struct out *o, const void *rec)
{
	struct text *word = &o->word;

	for (size_t i = 0; i < o->columns->nr; i++) {
		text_clear(word);
		value_text(word, &o->columns->col[i], rec, false);
		if (i)
			text_addc(&o->text, ',');
		add_csv(&o->text, word->s, word->len);
	}
	text_addc(&o->text, '\n');
	put_text(o);
}

static const struct out_ops csv_ops = {
	.begin = csv_begin,
	.record = csv_record,
	.end = no_end,
	.close = no_end,
};

/* -------------------------------------------------------------- for callers */

struct out *out_new(const struct style *style, const struct mmscope_info *info)
{
	static const struct out_ops *const ops[] = {
		[OUT_TABLE] = &out_table_ops, [OUT_RAW] = &raw_ops,
		[OUT_PAIRS] = &pairs_ops, [OUT_CSV] = &csv_ops,
		[OUT_JSON] = &out_json_ops,
	};
	struct out *o = xzalloc(sizeof(*o));

	o->style = *style;
	o->info = info;
	o->ops = ops[style->mode];
	return o;
}

/* Begin a dataset; @columns must live until out_end(). */
void out_begin(struct out *o, const char *name, const struct columns *columns)
{
	o->columns = columns;
	o->records = 0;
	o->ops->begin(o, name);
	o->datasets++;
}

/* Return: false when nobody reads any more; the caller may as well stop. */
bool out_record(struct out *o, const void *rec)
{
	o->ops->record(o, rec);
	o->records++;
	return !ferror(stdout);
}

void out_end(struct out *o)
{
	o->ops->end(o);
	o->columns = NULL;
}

void out_free(struct out *o)
{
	o->ops->close(o);
	text_free(&o->text);
	text_free(&o->word);
	free(o);
}

/* Records that are all there: @nr rows of ds->rec_size bytes; NULL: default columns. */
void out_rows(struct out *o, const struct dataset *ds, const struct columns *columns,
	      const void *rows, size_t nr)
{
	struct columns defaults = { 0 };

	if (!columns) {
		columns_default(ds, &defaults);
		columns = &defaults;
	}
	out_begin(o, ds->name, columns);
	for (size_t i = 0; i < nr; i++)
		out_record(o, (const char *)rows + i * ds->rec_size);
	out_end(o);
	columns_free(&defaults);
}

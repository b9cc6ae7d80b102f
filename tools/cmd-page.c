// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope page PFN|phys:ADDRESS|PID:ADDRESS...: everything known of a page frame
 * on one screen, a line a field, and who maps it.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define MAX_MAPPERS 16	/* shown */

/**
 * struct asked - a page frame, and the byte in it that was asked for
 * @pfn: the frame
 * @offset: of the byte; ~0: none
 */
struct asked {
	__u64 pfn;
	__u64 offset;
};

static __u64 get(const struct dataset *ds, const void *rec, const char *name)
{
	return record_number(ds, rec, name, MMSCOPE_UNKNOWN);
}

/* the frame behind an address of a process */
static __u64 translate(struct source *s, __u32 pid, __u64 addr)
{
	const struct dataset *ds = source_dataset(s, "translations");
	__u64 phys;
	void *rec;

	if (!ds)
		die("%s: translates no addresses", s->name);
	rec = source_translate(s, ds, pid, &addr, 1);
	if (!rec)
		die("%s", s->error);
	phys = get(ds, rec, "phys");
	free(rec);
	if (phys == MMSCOPE_UNKNOWN)
		die("process %u has no page frame at 0x%llx: see mmscope vtop %u 0x%llx", pid, addr,
		    pid, addr);
	return phys;
}

static struct asked parse_word(struct source *s, const char *word)
{
	const char *colon = strchr(word, ':');
	struct asked a = { .offset = ~0ULL };
	char pid[32];
	__u64 addr;

	if (!colon) {
		if (!parse_whole_number(word, ~0ULL >> 13, &a.pfn))
			die("bad page frame '%s': PFN, phys:ADDRESS or PID:ADDRESS is wanted",
			    word);
		return a;
	}
	if (!parse_whole_number(colon + 1, ~0ULL, &addr))
		die("bad address '%s': a number is wanted, 0x for hexadecimal", colon + 1);
	if (strncmp(word, "phys:", 5)) {
		snprintf(pid, sizeof(pid), "%.*s", (int)(colon - word), word);
		addr = translate(s, parse_pid(pid), addr);
	}
	a.pfn = addr / s->info.page_size;
	a.offset = addr % s->info.page_size;
	return a;
}

/* ------------------------------------------------------------------- the screen */

static void line(const char *name, const char *value)
{
	printf("%20s  %s\n", name, value);
}

/* all fields that say something; sizes for people */
static void show_fields(const struct dataset *ds, const void *rec)
{
	struct columns columns = { 0 };

	columns_all(ds, &columns);
	for (size_t i = 0; i < columns.nr; i++) {
		struct text t = { 0 };
		__u64 value;

		if (columns.col[i].field->unit != MMSCOPE_UNIT_NAME &&
		    (!column_number(&columns.col[i], rec, &value) ||
		     (!value && columns.col[i].field->unit == MMSCOPE_UNIT_FLAGS)))
			continue;
		if (value_text(&t, &columns.col[i], rec, true) && t.len)
			line(columns.col[i].name, t.s);
		text_free(&t);
	}
	columns_free(&columns);
}

/* the object that the byte asked for belongs to */
static void show_object(struct source *s, const struct dataset *ds, const void *rec,
			const struct asked *a)
{
	__u64 size = get(ds, rec, "slab_object_bytes"), head = get(ds, rec, "head_pfn");
	__u64 offset = (a->pfn - head) * s->info.page_size + a->offset;
	struct text t = { 0 };

	if (a->offset == ~0ULL || size == MMSCOPE_UNKNOWN || !size || head > a->pfn)
		return;
	text_add(&t, "%llu, byte %llu of it", offset / size, offset % size);
	line("slab_object", t.s);
	text_free(&t);
}

/**
 * struct mappers - who maps the frame, as far as there is room
 * @ds: of the records
 * @nr: so far
 */
struct mappers {
	const struct dataset *ds;
	__u64 nr;
};

static bool show_mapper(void *ctx, const void *rec)
{
	struct mappers *m = ctx;
	struct text t = { 0 };
	struct column c;

	if (m->nr++ >= MAX_MAPPERS)
		return true;
	text_add(&t, "pid %llu", get(m->ds, rec, "pid"));
	if (column_find(m->ds, "comm", &c)) {
		text_adds(&t, " ");
		value_text(&t, &c, rec, true);
	}
	text_add(&t, " at 0x%llx", get(m->ds, rec, "addr"));
	line("mapped_by", t.s);
	text_free(&t);
	return true;
}

static void show_mappers(struct source *s, const struct asked *a)
{
	const struct mmscope_pfn_range range = { a->pfn, a->pfn + 1 };
	struct mappers m = { .ds = source_dataset(s, "rmaps") };
	struct walk_stats stats = { 0 };
	char more[48];

	/* a recording may have the frame, but not who maps it */
	if (!m.ds || source_rmap(s, m.ds, 0, &range, 1, show_mapper, &m, &stats))
		return;
	if (m.nr > MAX_MAPPERS) {
		snprintf(more, sizeof(more), "and %llu times more", m.nr - MAX_MAPPERS);
		line("mapped_by", more);
	}
}

static void show_screen(struct source *s, const struct dataset *ds, const void *rec,
			const struct asked *a)
{
	show_fields(ds, rec);
	show_object(s, ds, rec, a);
	show_mappers(s, a);
}

void cmd_page(struct source *s, const struct options *o, int argc, char **argv)
{
	const struct dataset *ds = source_dataset(s, "frames");
	const bool screen = o->style.mode == OUT_TABLE && !o->columns && !o->all_columns;
	struct columns columns = { 0 };
	struct out *out;

	if (!argc)
		die("page wants page frames: mmscope page PFN|phys:ADDRESS|PID:ADDRESS...");
	if (!ds)
		die("%s: knows no page frames", s->name);
	choose_columns(ds, o, &columns);
	out = out_new(&o->style, &s->info);
	if (!screen)
		out_begin(out, ds->name, &columns);
	for (int i = 0; i < argc; i++) {
		struct asked a = parse_word(s, argv[i]);
		void *rec = source_page(s, ds, a.pfn);

		if (!rec)
			die("%s", s->error);
		if (screen && i)
			putchar('\n');
		if (screen)
			show_screen(s, ds, rec, &a);
		else
			out_record(out, rec);
		free(rec);
	}
	if (!screen)
		out_end(out);
	out_free(out);
	columns_free(&columns);
}

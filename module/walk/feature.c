// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset features: what this module found on this kernel.
 *
 * Everything here was settled at load (but for lockdown, asked each time); no
 * lock. Positions: three lines of versions, then the datasets, the symbols, the
 * layouts, the tracepoints, each by its id.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/utsname.h>

#include "../mmscope.h"

#define NR_VERSIONS 3

static void version_record(u32 i, struct mmscope_feature *rec)
{
	static const char *const names[NR_VERSIONS] = { "mmscope", "abi", "kernel" };

	rec->kind = MMSCOPE_FEATURE_MODULE;
	strscpy(rec->name, names[i], sizeof(rec->name));
	if (i == 0)
		strscpy(rec->detail, MMSCOPE_VERSION, sizeof(rec->detail));
	else if (i == 1)
		snprintf(rec->detail, sizeof(rec->detail), "%u", MMSCOPE_ABI_VERSION);
	else
		strscpy(rec->detail, init_utsname()->release, sizeof(rec->detail));
}

static void dataset_record(const struct mmscope_dataset *ds, struct mmscope_feature *rec)
{
	rec->kind = MMSCOPE_FEATURE_DATASET;
	strscpy(rec->name, ds->name, sizeof(rec->name));
	rec->state = mmscope_dataset_state(ds, rec->detail, sizeof(rec->detail));
}

static void symbol_record(u32 id, struct mmscope_feature *rec)
{
	rec->kind = MMSCOPE_FEATURE_SYMBOL;
	strscpy(rec->name, mmscope_sym_names[id], sizeof(rec->name));
	if (mmscope_sym_addr[id])
		return;
	rec->state = MMSCOPE_STATE_UNAVAILABLE;
	strscpy(rec->detail, "not in kallsyms", sizeof(rec->detail));
}

static void layout_record(u32 id, struct mmscope_feature *rec)
{
	const struct mmscope_layout *l = &mmscope_layouts[id];

	rec->kind = MMSCOPE_FEATURE_LAYOUT;
	snprintf(rec->name, sizeof(rec->name), "%s.%s", l->type, l->member);
	if (!l->found) {
		rec->state = MMSCOPE_STATE_UNAVAILABLE;
		strscpy(rec->detail, "not in BTF", sizeof(rec->detail));
	} else if (l->bits) {
		snprintf(rec->detail, sizeof(rec->detail), "offset %u, bits %u..%u", l->offset,
			 l->shift, l->shift + l->bits - 1);
	} else {
		snprintf(rec->detail, sizeof(rec->detail), "offset %u", l->offset);
	}
}

static void tracepoint_record(u32 id, struct mmscope_feature *rec)
{
	const char *missing = mmscope_tracepoint_missing(id);

	rec->kind = MMSCOPE_FEATURE_TRACEPOINT;
	strscpy(rec->name, mmscope_tracepoint_names[id], sizeof(rec->name));
	if (!missing)
		return;
	rec->state = MMSCOPE_STATE_UNAVAILABLE;
	strscpy(rec->detail, missing, sizeof(rec->detail));
}

static bool feature_record(u64 pos, struct mmscope_feature *rec)
{
	const struct mmscope_dataset *ds;

	if (pos < NR_VERSIONS) {
		version_record(pos, rec);
		return true;
	}
	pos -= NR_VERSIONS;
	if (pos < mmscope_nr_datasets) {
		ds = mmscope_dataset_get(pos);
		dataset_record(ds, rec);
		return true;
	}
	pos -= mmscope_nr_datasets;
	if (pos < MMSCOPE_NR_SYMS) {
		symbol_record(pos, rec);
		return true;
	}
	pos -= MMSCOPE_NR_SYMS;
	if (pos < MMSCOPE_NR_LAYOUTS) {
		layout_record(pos, rec);
		return true;
	}
	pos -= MMSCOPE_NR_LAYOUTS;
	if (pos >= MMSCOPE_NR_TRACEPOINTS)
		return false;
	tracepoint_record(pos, rec);
	return true;
}

static int feature_walk(struct mmscope_walk *w)
{
	for (;;) {
		struct mmscope_feature rec = {};
		u64 pos = w->cursor.pos;

		if (!feature_record(pos, &rec))
			return 0;
		if (mmscope_emit(w, &rec, pos + 1))
			return MMSCOPE_MORE;
	}
}

static const struct mmscope_name kinds[] = {
	{ MMSCOPE_FEATURE_MODULE, "module" },
	{ MMSCOPE_FEATURE_DATASET, "dataset" },
	{ MMSCOPE_FEATURE_SYMBOL, "symbol" },
	{ MMSCOPE_FEATURE_LAYOUT, "layout" },
	{ MMSCOPE_FEATURE_TRACEPOINT, "tracepoint" },
};

static MMSCOPE_NAMES(kind_names, kinds);

static const struct mmscope_name states[] = {
	{ MMSCOPE_STATE_OK, "ok" },
	{ MMSCOPE_STATE_DEGRADED, "degraded" },
	{ MMSCOPE_STATE_UNAVAILABLE, "unavailable" },
};

static MMSCOPE_NAMES(state_names, states);

static const struct mmscope_field_def feature_fields[] = {
	FIELD_CLASS(struct mmscope_feature, kind, ENUM, &kind_names, "what it is"),
	FIELD_TEXT(struct mmscope_feature, name, "dataset, symbol, struct.member or tracepoint"),
	FIELD_ENUM(struct mmscope_feature, state, &state_names,
		   "ok, degraded (some columns unknown) or unavailable"),
	FIELD_TEXT(struct mmscope_feature, detail, "version, what is missing, or where it is"),
};

const struct mmscope_dataset mmscope_features = {
	.name = "features",
	.help = "what this module can show on this kernel, and why not",
	.id = MMSCOPE_DS_FEATURES,
	.rec_size = sizeof(struct mmscope_feature),
	.fields = feature_fields,
	.nr_fields = ARRAY_SIZE(feature_fields),
	.walk = feature_walk,
};

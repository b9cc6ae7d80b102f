// SPDX-License-Identifier: GPL-2.0
/*
 * Dataset ksm: the merging of equal pages.
 *
 * Locks: none, as /sys/kernel/mm/ksm/ needs none: each number is one word.
 *
 * Staleness: numbers are read one after the other while ksmd works.
 *
 * Source: variables of mm/ksm.c, named in the header.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/time64.h>

#include "../mmscope.h"

#define read_var(_name) \
	(mmscope_has(_name) ? (u64)READ_ONCE(*mmscope_sym(_name)) : MMSCOPE_UNKNOWN)

static u64 zero_pages(void)
{
	if (!mmscope_has(ksm_zero_pages))
		return MMSCOPE_UNKNOWN;
	return max(atomic_long_read(mmscope_sym(ksm_zero_pages)), 0L);
}

static u64 full_scans(void)
{
	if (!mmscope_has(ksm_scan) || !mmscope_layout(ksm_scan, seqnr)->found)
		return MMSCOPE_UNKNOWN;
	return mmscope_read(mmscope_sym(ksm_scan), ksm_scan, seqnr);
}

static u64 volatile_pages(const struct mmscope_ksm *rec)
{
	s64 rest;

	if (!mmscope_has(ksm_rmap_items) || rec->unshared_pages == MMSCOPE_UNKNOWN)
		return MMSCOPE_UNKNOWN;
	rest = read_var(ksm_rmap_items) - rec->shared_pages - rec->sharing_pages -
	       rec->unshared_pages;
	return max(rest, 0LL);
}

static int ksm_walk(struct mmscope_walk *w)
{
	struct mmscope_ksm rec = {
		.run = READ_ONCE(*mmscope_sym(ksm_run)),
		.advisor = read_var(ksm_advisor),
		.shared_pages = read_var(ksm_pages_shared),
		.sharing_pages = read_var(ksm_pages_sharing),
		.unshared_pages = read_var(ksm_pages_unshared),
		.zero_pages = zero_pages(),
		.skipped_pages = read_var(ksm_pages_skipped),
		.scanned_pages = read_var(ksm_pages_scanned),
		.full_scans = full_scans(),
		.stable_node_chains = read_var(ksm_stable_node_chains),
		.stable_node_dups = read_var(ksm_stable_node_dups),
		.pages_to_scan = read_var(ksm_thread_pages_to_scan),
		.sleep_ns = read_var(ksm_thread_sleep_millisecs),
		.max_page_sharing = read_var(ksm_max_page_sharing),
		.merge_across_nodes = read_var(ksm_merge_across_nodes),
		.use_zero_pages = read_var(ksm_use_zero_pages),
	};

	if (w->cursor.pos)
		return 0;
	if (rec.sleep_ns != MMSCOPE_UNKNOWN)
		rec.sleep_ns *= NSEC_PER_MSEC;
	rec.volatile_pages = volatile_pages(&rec);
	rec.saved_bytes = rec.sharing_pages << PAGE_SHIFT;
	if (rec.zero_pages != MMSCOPE_UNKNOWN)
		rec.saved_bytes += rec.zero_pages << PAGE_SHIFT;
	return mmscope_emit(w, &rec, 1);
}

static const struct mmscope_name runs[] = {
	{ MMSCOPE_KSM_STOP, "stop" },
	{ MMSCOPE_KSM_MERGE, "merge" },
	{ MMSCOPE_KSM_UNMERGE, "unmerge" },
	{ MMSCOPE_KSM_OFFLINE, "offline" },
};

static MMSCOPE_NAMES(run_names, runs);

static const struct mmscope_name advisors[] = {
	{ MMSCOPE_KSM_ADVISOR_NONE, "none" },
	{ MMSCOPE_KSM_ADVISOR_SCAN_TIME, "scan_time" },
};

static MMSCOPE_NAMES(advisor_names, advisors);

static const struct mmscope_field_def ksm_fields[] = {
	FIELD_ENUM(struct mmscope_ksm, run, &run_names, "what ksmd is told to do"),
	FIELD(struct mmscope_ksm, shared_pages, PAGES, "pages kept for several places"),
	FIELD(struct mmscope_ksm, sharing_pages, PAGES, "more places that they are mapped at"),
	FIELD(struct mmscope_ksm, saved_bytes, BYTES, "memory saved by that, without its cost"),
	FIELD(struct mmscope_ksm, unshared_pages, PAGES, "compared again and again, but unique"),
	FIELD(struct mmscope_ksm, volatile_pages, PAGES, "that change too fast to be compared"),
	FIELD(struct mmscope_ksm, full_scans, COUNT, "rounds over all that may be merged"),
	MORE(struct mmscope_ksm, zero_pages, PAGES, "merged with the zero page"),
	MORE(struct mmscope_ksm, skipped_pages, PAGES, "passed over since they were unique before"),
	MORE(struct mmscope_ksm, scanned_pages, PAGES, "looked at since boot"),
	MORE(struct mmscope_ksm, stable_node_chains, COUNT,
	     "contents that are in more places than one page may be mapped at"),
	MORE(struct mmscope_ksm, stable_node_dups, COUNT, "pages that these have"),
	MORE(struct mmscope_ksm, pages_to_scan, PAGES, "looked at before each sleep"),
	MORE(struct mmscope_ksm, sleep_ns, NS, "length of that"),
	MORE(struct mmscope_ksm, max_page_sharing, COUNT, "places that one page may be mapped at"),
	MORE(struct mmscope_ksm, merge_across_nodes, COUNT,
	     "1: pages of different NUMA nodes are merged"),
	MORE(struct mmscope_ksm, use_zero_pages, COUNT,
	     "1: empty pages are merged with the zero page"),
	MORE_ENUM(struct mmscope_ksm, advisor, &advisor_names, "who sets pages_to_scan"),
};

static const struct mmscope_need ksm_needs[] = {
	NEED_SYM(ksm_run),
	NEED_SYM(ksm_pages_shared),
	NEED_SYM(ksm_pages_sharing),
	WANT_SYM(ksm_pages_unshared),
	WANT_SYM(ksm_rmap_items),
	WANT_SYM(ksm_scan),
	WANT_LAYOUT(ksm_scan, seqnr),
	{ }
};

const struct mmscope_dataset mmscope_ksm = {
	.name = "ksm",
	.help = "merging of equal pages: state, pages shared and saved, rounds",
	.id = MMSCOPE_DS_KSM,
	.rec_size = sizeof(struct mmscope_ksm),
	.fields = ksm_fields,
	.nr_fields = ARRAY_SIZE(ksm_fields),
	.needs = ksm_needs,
	.walk = ksm_walk,
};

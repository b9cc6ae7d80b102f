// SPDX-License-Identifier: GPL-2.0
/*
 * Names of values that several datasets share.
 *
 * Migratetypes and zones are enums of public headers, so the compiler knows
 * them. Counters differ too much between kernels: their names come from the
 * running kernel's BTF at load.
 */
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "compat.h"
#include "mmscope.h"

/* orders of the buddy allocator, for whom mmzone.h is not */
const u32 mmscope_buddy_orders = mmscope_nr_orders;

static const struct mmscope_name migratetypes[] = {
	{ MIGRATE_UNMOVABLE, "Unmovable" },
	{ MIGRATE_MOVABLE, "Movable" },
	{ MIGRATE_RECLAIMABLE, "Reclaimable" },
	{ MIGRATE_HIGHATOMIC, "HighAtomic" },
#ifdef CONFIG_CMA
	{ MIGRATE_CMA, "CMA" },
#endif
#ifdef CONFIG_MEMORY_ISOLATION
	{ MIGRATE_ISOLATE, "Isolate" },
#endif
};

MMSCOPE_NAMES(mmscope_migratetype_names, migratetypes);

/* as zone->name, indexed by zone_idx() */
#define ZONES(X)			\
	X(DMA, ZONE_DMA)		\
	X(DMA32, ZONE_DMA32)		\
	X(Normal, ZONE_NORMAL)		\
	X(Movable, ZONE_MOVABLE)	\
	COMPAT_ZONE_DEVICE(X)

static const struct mmscope_name zones[] = {
#define X(_name, _zone) { _zone, #_name },
	ZONES(X)
#undef X
};

MMSCOPE_NAMES(mmscope_zone_names, zones);

static const struct mmscope_name zone_masks[] = {
#define X(_name, _zone) { BIT(_zone), #_name },
	ZONES(X)
#undef X
};

MMSCOPE_NAMES(mmscope_zone_mask_names, zone_masks);

/* where the kernel keeps MAX_NR_ZONES for no zone */
static const struct mmscope_name zones_or_none[] = {
#define X(_name, _zone) { _zone, #_name },
	ZONES(X)
#undef X
	{ MAX_NR_ZONES, "none" },
};

MMSCOPE_NAMES(mmscope_zone_or_none_names, zones_or_none);

static const struct mmscope_name classes[] = {
	{ MMSCOPE_CLASS_UNATTRIBUTED, "unattributed" },
	{ MMSCOPE_CLASS_FREE, "free" },
	{ MMSCOPE_CLASS_FREE_PCP, "free_pcp" },
	{ MMSCOPE_CLASS_FREE_HIGHATOMIC, "free_highatomic" },
	{ MMSCOPE_CLASS_FREE_CMA, "free_cma" },
	{ MMSCOPE_CLASS_FREE_ISOLATED, "free_isolated" },
	{ MMSCOPE_CLASS_IN_FLIGHT, "in_flight" },
	{ MMSCOPE_CLASS_ANON, "anon" },
	{ MMSCOPE_CLASS_ANON_THP, "anon_thp" },
	{ MMSCOPE_CLASS_ANON_LARGE, "anon_large" },
	{ MMSCOPE_CLASS_SWAPCACHE, "swapcache" },
	{ MMSCOPE_CLASS_KSM, "ksm" },
	{ MMSCOPE_CLASS_FILE, "file" },
	{ MMSCOPE_CLASS_SHMEM, "shmem" },
	{ MMSCOPE_CLASS_PINNED, "pinned" },
	{ MMSCOPE_CLASS_HUGETLB, "hugetlb" },
	{ MMSCOPE_CLASS_HUGETLB_FREE, "hugetlb_free" },
	{ MMSCOPE_CLASS_ZERO, "zero" },
	{ MMSCOPE_CLASS_SLAB, "slab" },
	{ MMSCOPE_CLASS_SLAB_RECLAIMABLE, "slab_reclaimable" },
	{ MMSCOPE_CLASS_LARGE_KMALLOC, "large_kmalloc" },
	{ MMSCOPE_CLASS_PAGETABLE, "pagetable" },
	{ MMSCOPE_CLASS_KERNEL_PAGETABLE, "kernel_pagetable" },
	{ MMSCOPE_CLASS_KERNEL_STACK, "kernel_stack" },
	{ MMSCOPE_CLASS_VMALLOC, "vmalloc" },
	{ MMSCOPE_CLASS_PERCPU, "percpu" },
	{ MMSCOPE_CLASS_MODULE, "module" },
	{ MMSCOPE_CLASS_ZSMALLOC, "zsmalloc" },
	{ MMSCOPE_CLASS_PAGE_POOL, "page_pool" },
	{ MMSCOPE_CLASS_OFFLINE, "offline" },
	{ MMSCOPE_CLASS_HWPOISON, "hwpoison" },
	{ MMSCOPE_CLASS_KERNEL_IMAGE, "kernel_image" },
	{ MMSCOPE_CLASS_MEMMAP, "memmap" },
	{ MMSCOPE_CLASS_RESERVED, "reserved" },
	{ MMSCOPE_CLASS_HOLE, "hole" },
};

MMSCOPE_NAMES(mmscope_class_names, classes);

static const struct mmscope_name clearings[] = {
	{ MMSCOPE_CLEARING_FREE, "free" },
	{ MMSCOPE_CLEARING_COMPACT, "compaction" },
	{ MMSCOPE_CLEARING_RECLAIM, "reclaim" },
	{ MMSCOPE_CLEARING_HUGE, "huge_page" },
	{ MMSCOPE_CLEARING_NOT, "not" },
	{ MMSCOPE_CLEARING_HOLE, "hole" },
};

MMSCOPE_NAMES(mmscope_clearing_names, clearings);

static const struct mmscope_name list_states[] = {
	{ MMSCOPE_LIST_TORN, "torn" },
	{ MMSCOPE_LIST_REPEAT, "repeat" },
	{ MMSCOPE_LIST_CUT, "cut" },
};

MMSCOPE_NAMES(mmscope_list_state_names, list_states);

static const struct mmscope_name compactions[] = {
	{ MMSCOPE_COMPACTION_NONE, "none" },
	{ MMSCOPE_COMPACTION_NEEDLESS, "needless" },
	{ MMSCOPE_COMPACTION_DEFERRED, "deferred" },
	{ MMSCOPE_COMPACTION_NO_ROOM, "no_room" },
	{ MMSCOPE_COMPACTION_NO_MEMORY, "no_memory" },
	{ MMSCOPE_COMPACTION_RUNS, "runs" },
};

MMSCOPE_NAMES(mmscope_compaction_names, compactions);

static const struct mmscope_name lru_lists[] = {
	{ MMSCOPE_LRU_INACTIVE_ANON, "inactive_anon" },
	{ MMSCOPE_LRU_ACTIVE_ANON, "active_anon" },
	{ MMSCOPE_LRU_INACTIVE_FILE, "inactive_file" },
	{ MMSCOPE_LRU_ACTIVE_FILE, "active_file" },
	{ MMSCOPE_LRU_UNEVICTABLE, "unevictable" },
	{ MMSCOPE_LRU_GEN_ANON, "gen_anon" },
	{ MMSCOPE_LRU_GEN_FILE, "gen_file" },
};

MMSCOPE_NAMES(mmscope_lru_list_names, lru_lists);

static const struct mmscope_name perms[] = {
	{ MMSCOPE_PERM_READ, "read" },
	{ MMSCOPE_PERM_WRITE, "write" },
	{ MMSCOPE_PERM_EXEC, "exec" },
	{ MMSCOPE_PERM_SHARED, "shared" },
	{ MMSCOPE_PERM_USER, "user" },
};

MMSCOPE_NAMES(mmscope_perm_names, perms);

static const struct mmscope_name mapping_kinds[] = {
#define X(_name, _text) { MMSCOPE_MAPPING_##_name, _text },
	MMSCOPE_MAPPING_KINDS(X)
#undef X
};

MMSCOPE_NAMES(mmscope_mapping_kind_names, mapping_kinds);

static const struct mmscope_name entry_flags[] = {
	{ MMSCOPE_ENTRY_PRESENT, "present" },
	{ MMSCOPE_ENTRY_WRITE, "write" },
	{ MMSCOPE_ENTRY_USER, "user" },
	{ MMSCOPE_ENTRY_EXEC, "exec" },
	{ MMSCOPE_ENTRY_ACCESSED, "accessed" },
	{ MMSCOPE_ENTRY_DIRTY, "dirty" },
	{ MMSCOPE_ENTRY_GLOBAL, "global" },
	{ MMSCOPE_ENTRY_LEAF, "leaf" },
	{ MMSCOPE_ENTRY_SOFT_DIRTY, "soft_dirty" },
	{ MMSCOPE_ENTRY_UFFD_WP, "uffd_wp" },
	{ MMSCOPE_ENTRY_SPECIAL, "special" },
	{ MMSCOPE_ENTRY_PROTNONE, "protnone" },
	{ MMSCOPE_ENTRY_SAVED_DIRTY, "saved_dirty" },
	{ MMSCOPE_ENTRY_SHADOW_STACK, "shadow_stack" },
	{ MMSCOPE_ENTRY_READABLE, "readable" },
	{ MMSCOPE_ENTRY_WRITABLE, "writable" },
	{ MMSCOPE_ENTRY_EXCLUSIVE, "exclusive" },
	{ MMSCOPE_ENTRY_PRIVATE, "private" },
	{ MMSCOPE_ENTRY_POISONED, "poisoned" },
	{ MMSCOPE_ENTRY_GUARD, "guard" },
	{ MMSCOPE_ENTRY_CONTIGUOUS, "contiguous" },
};

MMSCOPE_NAMES(mmscope_entry_flag_names, entry_flags);

static const struct mmscope_name levels[] = {
	{ MMSCOPE_LEVEL_PGD, "pgd" },
	{ MMSCOPE_LEVEL_P4D, "p4d" },
	{ MMSCOPE_LEVEL_PUD, "pud" },
	{ MMSCOPE_LEVEL_PMD, "pmd" },
	{ MMSCOPE_LEVEL_PTE, "pte" },
};

MMSCOPE_NAMES(mmscope_level_names, levels);

static const struct mmscope_name cache_modes[] = {
	{ MMSCOPE_CACHE_UC, "uc" },
	{ MMSCOPE_CACHE_WC, "wc" },
	{ MMSCOPE_CACHE_DEVICE, "device" },
	{ MMSCOPE_CACHE_TAGGED, "wb_tagged" },
	{ MMSCOPE_CACHE_WT, "wt" },
	{ MMSCOPE_CACHE_WP, "wp" },
	{ MMSCOPE_CACHE_WB, "wb" },
	{ MMSCOPE_CACHE_UC_MINUS, "uc-" },
};

MMSCOPE_NAMES(mmscope_cache_mode_names, cache_modes);

static const struct mmscope_name gfps[] = {
#define X(_name) { MMSCOPE_GFP_##_name, "__GFP_" #_name },
	MMSCOPE_GFP_FLAGS(X)
#undef X
};

MMSCOPE_NAMES(mmscope_gfp_names, gfps);

struct mmscope_names mmscope_compact_result_names;
struct mmscope_names mmscope_scan_result_names;
struct mmscope_names mmscope_zone_stat_names;
struct mmscope_names mmscope_node_stat_names;
struct mmscope_names mmscope_numa_event_names;
struct mmscope_names mmscope_vm_event_names;
struct mmscope_names mmscope_node_names;
struct mmscope_names mmscope_node_mask_names;
struct mmscope_names mmscope_pcp_list_names;
struct mmscope_names mmscope_mthp_stat_names;
struct mmscope_names mmscope_thp_event_names;

/* of each of these events, its number in the kernel */
u32 mmscope_thp_event_items[MMSCOPE_NR_THP_EVENTS];

#define MADE_NAME_LEN 32

/* names made by a function, of numbers or masks, in one allocation: the table, then the texts */
static int make_names(struct mmscope_names *names, u32 nr, bool masks,
		      void (*name)(u32 i, char *buf, size_t size))
{
	struct mmscope_name *tab;
	char *text;
	u32 i;

	tab = kzalloc(nr * (sizeof(*tab) + MADE_NAME_LEN), GFP_KERNEL);
	if (!tab)
		return -ENOMEM;
	text = (char *)(tab + nr);
	for (i = 0; i < nr; i++, text += MADE_NAME_LEN) {
		name(i, text, MADE_NAME_LEN);
		tab[i].value = masks ? BIT_ULL(i) : i;
		tab[i].name = text;
	}
	names->tab = tab;
	names->nr = nr;
	return 0;
}

static void node_name(u32 i, char *buf, size_t size)
{
	snprintf(buf, size, "node%u", i);
}

/* pcp->lists[]: orders up to the costly one by type, then the huge page order's */
static void pcp_list_name(u32 i, char *buf, size_t size)
{
	u32 order = i / MIGRATE_PCPTYPES;
	u32 type = i % MIGRATE_PCPTYPES;

	if (order > PAGE_ALLOC_COSTLY_ORDER)
		snprintf(buf, size, "huge_%u", i - NR_LOWORDER_PCP_LISTS);
	else
		snprintf(buf, size, "%u_%s", order, migratetypes[type].name);
}

/* the events of huge pages alone, numbered from 0 */
static void pick_thp_events(struct mmscope_names *names)
{
	struct mmscope_name *tab = (struct mmscope_name *)names->tab;
	u32 i, nr = 0;

	for (i = 0; i < names->nr && nr < MMSCOPE_NR_THP_EVENTS; i++) {
		if (strncmp(tab[i].name, "thp_", strlen("thp_")))
			continue;
		mmscope_thp_event_items[nr] = tab[i].value;
		tab[nr] = (struct mmscope_name){ .value = nr, .name = tab[i].name };
		nr++;
	}
	names->nr = nr;
}

static void strip_names(struct mmscope_names *names, const char *prefix)
{
	struct mmscope_name *tab = (struct mmscope_name *)names->tab;
	u32 i;

	for (i = 0; i < names->nr; i++)
		if (!strncmp(tab[i].name, prefix, strlen(prefix)))
			tab[i].name += strlen(prefix);
}

/* names of values that the running kernel's BTF has: of which enum, but for what */
static const struct {
	const char *name;
	const char *skip;
	struct mmscope_names *names;
} enums[] = {
	{ "zone_stat_item", "NR_VM_", &mmscope_zone_stat_names },
	{ "node_stat_item", "NR_VM_", &mmscope_node_stat_names },
	{ "numa_stat_item", "NR_VM_", &mmscope_numa_event_names },
	{ "compact_result", NULL, &mmscope_compact_result_names },
	{ "scan_result", NULL, &mmscope_scan_result_names },
	{ "vm_event_item", "NR_VM_", &mmscope_vm_event_names },
	{ "vm_event_item", "NR_VM_", &mmscope_thp_event_names },
	{ "mthp_stat_item", "__MTHP", &mmscope_mthp_stat_names },
};

/**
 * mmscope_names_init - make the names that only the running kernel knows
 *
 * Counters without BTF have no names, so no columns: that is no error.
 *
 * Return: 0 or -ENOMEM.
 */
int mmscope_names_init(void)
{
	u32 nr_nodes = min_t(u32, nr_node_ids, MMSCOPE_NR_NODES);
	u32 i;
	int err;

	BUILD_BUG_ON(MAX_NR_ZONES > MMSCOPE_NR_ZONES);
	BUILD_BUG_ON(NR_VM_ZONE_STAT_ITEMS > MMSCOPE_NR_ZONE_STATS);
	BUILD_BUG_ON(NR_VM_NODE_STAT_ITEMS > MMSCOPE_NR_NODE_STATS);
	BUILD_BUG_ON(NR_VM_NUMA_EVENT_ITEMS > MMSCOPE_NR_NUMA_EVENTS);
	BUILD_BUG_ON(NR_PCP_LISTS > MMSCOPE_NR_PCP_LISTS);

	err = make_names(&mmscope_node_names, nr_nodes, false, node_name);
	if (!err)
		err = make_names(&mmscope_node_mask_names, nr_nodes, true, node_name);
	if (!err)
		err = make_names(&mmscope_pcp_list_names, NR_PCP_LISTS, false, pcp_list_name);
	for (i = 0; !err && i < ARRAY_SIZE(enums); i++) {
		err = mmscope_layout_enum(enums[i].name, enums[i].skip, enums[i].names);
		/* without BTF there is none, and older kernels lack some */
		if (err == -ENOENT)
			err = 0;
	}
	if (err) {
		mmscope_names_exit();
		return err;
	}
	pick_thp_events(&mmscope_thp_event_names);
	strip_names(&mmscope_mthp_stat_names, "mthp_stat_");
	return 0;
}

/**
 * mmscope_names_exit - undo mmscope_names_init(), also half of it
 */
void mmscope_names_exit(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(enums); i++)
		kfree(enums[i].names->tab);
	kfree(mmscope_pcp_list_names.tab);
	kfree(mmscope_node_mask_names.tab);
	kfree(mmscope_node_names.tab);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The one reader of BTF: (struct, member) -> where it is in the running kernel.
 *
 * Public structs are used as the headers at compile time have them; a few of
 * their sizes and offsets are compared here, so that a module built for
 * another kernel's headers does not load.
 */
#include <linux/btf.h>
#include <linux/cgroup.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ksym.h"
#include "layout.h"
#include "mmscope.h"

/* unnamed members nest up to seven deep in mm (struct slab); recursion is bounded by this */
#define MAX_NESTING 10

struct mmscope_layout mmscope_layouts[MMSCOPE_NR_LAYOUTS] = {
#define X(_type, _member) \
	[MMSCOPE_LAYOUT_##_type##__##_member] = { .type = #_type, .member = #_member },
	MMSCOPE_LAYOUTS(X)
#undef X
};

/* what the headers said when this module was compiled */
struct expectation {
	const char *type;
	size_t size;
	const char *member;
	size_t offset;
};

#define EXPECT(_type, _member) \
	{ #_type, sizeof(struct _type), #_member, offsetof(struct _type, _member) }

static const struct expectation expectations[] = {
	EXPECT(page, _refcount),
	EXPECT(zone, free_area),
	EXPECT(zone, vm_stat),
	EXPECT(per_cpu_pages, lists),
	EXPECT(pglist_data, node_spanned_pages),
	EXPECT(mm_struct, mmap_lock),
	EXPECT(vm_area_struct, vm_file),
	EXPECT(cgroup_subsys_state, serial_nr),
#ifdef CONFIG_MEMCG
	EXPECT(mem_cgroup, memory_events),
#endif
};

static struct btf *vmlinux_btf(void)
{
	struct btf *btf;

	if (mmscope_hidden("btf"))
		return NULL;
	if (!mmscope_has(btf_find_by_name_kind) || !mmscope_has(btf_name_by_offset))
		return NULL;
	btf = mmscope_call(bpf_get_btf_vmlinux)();
	return IS_ERR(btf) ? NULL : btf;
}

static const struct btf_type *find_type(const struct btf *btf, const char *name, u8 kind)
{
	s32 id = mmscope_call(btf_find_by_name_kind)(btf, name, kind);

	return id > 0 ? btf_type_by_id(btf, id) : NULL;
}

static const struct btf_type *skip_modifiers(const struct btf *btf, const struct btf_type *t)
{
	while (t) {
		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			t = btf_type_by_id(btf, t->type);
			continue;
		}
		break;
	}
	return t;
}

static bool is_aggregate(const struct btf_type *t)
{
	u32 kind = BTF_INFO_KIND(t->info);

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/* size of a member's type; arrays and functions report 0: only their place matters */
static u32 type_size(const struct btf_type *t)
{
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
		return sizeof(void *);
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return t->size;
	}
	return 0;
}

/* a bitfield is read as the aligned word that holds it, as the compiler does */
static bool place_bitfield(struct mmscope_layout *l, u32 bit, u32 bits)
{
	u32 size;

	for (size = 1; size <= 8; size *= 2) {
		u32 word = round_down(bit, size * 8);

		if (bit + bits > word + size * 8)
			continue;
		l->offset = word / 8;
		l->size = size;
		l->shift = bit - word;
		l->bits = bits;
		return true;
	}
	return false;
}

static bool find_member(const struct btf *btf, const struct btf_type *t, u32 base_bit,
			int depth, struct mmscope_layout *l)
{
	const struct btf_member *m;
	u32 i;

	for_each_member(i, t, m) {
		const char *name = mmscope_call(btf_name_by_offset)(btf, m->name_off);
		const struct btf_type *mt = skip_modifiers(btf, btf_type_by_id(btf, m->type));
		u32 bit = base_bit + __btf_member_bit_offset(t, m);
		u32 bits = __btf_member_bitfield_size(t, m);

		if (!mt)
			continue;
		if (name && !strcmp(name, l->member)) {
			if (bits)
				return place_bitfield(l, bit, bits);
			l->offset = bit / 8;
			l->size = type_size(mt);
			return true;
		}
		if ((!name || !*name) && is_aggregate(mt) && depth < MAX_NESTING &&
		    find_member(btf, mt, bit, depth + 1, l))
			return true;
	}
	return false;
}

static void resolve(const struct btf *btf, struct mmscope_layout *l)
{
	const struct btf_type *t;
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", l->type, l->member);
	if (mmscope_hidden(name))
		return;
	t = find_type(btf, l->type, BTF_KIND_STRUCT);
	if (!t)
		return;
	if (!strcmp(l->member, "sizeof")) {
		l->size = t->size;
		l->found = true;
		return;
	}
	l->found = find_member(btf, t, 0, 0, l);
}

static int check_expectation(const struct btf *btf, const struct expectation *e)
{
	struct mmscope_layout l = { .type = e->type, .member = e->member };
	const struct btf_type *t = find_type(btf, e->type, BTF_KIND_STRUCT);

	if (!t)
		return 0;
	if (t->size == e->size && find_member(btf, t, 0, 0, &l) && l.offset == e->offset)
		return 0;
	pr_err("mmscope: struct %s is not as in the headers this module was built with: rebuild it for the running kernel\n",
	       e->type);
	return -EINVAL;
}

/* Linux 7.3 has the nodes of a slab cache in pairs of pointers */
static void resolve_slab_nodes(void)
{
	const struct mmscope_layout *pairs = mmscope_layout(kmem_cache, per_node);
	const struct mmscope_layout *pair = mmscope_layout(kmem_cache_per_node_ptrs, node);
	struct mmscope_layout *node = mmscope_layout(kmem_cache, node);

	if (node->found || mmscope_hidden("kmem_cache.node") || !pairs->found || !pair->found ||
	    !mmscope_layout(kmem_cache_per_node_ptrs, sizeof)->found)
		return;
	node->found = true;
	node->offset = pairs->offset + pair->offset;
	node->size = pairs->size;
}

/**
 * mmscope_layout_init - find every member of MMSCOPE_LAYOUTS, check the headers
 *
 * Without BTF nothing is found, and what needs it is unavailable.
 *
 * Return: 0, or -EINVAL if public structs differ from the headers at compile
 * time.
 */
int mmscope_layout_init(void)
{
	struct btf *btf = vmlinux_btf();
	u32 i;

	if (!btf)
		return 0;
	for (i = 0; i < ARRAY_SIZE(expectations); i++) {
		int err = check_expectation(btf, &expectations[i]);

		if (err)
			return err;
	}
	for (i = 0; i < MMSCOPE_NR_LAYOUTS; i++)
		resolve(btf, &mmscope_layouts[i]);
	resolve_slab_nodes();
	return 0;
}

/**
 * mmscope_layout_read - read a scalar member or bitfield of an object, once
 * @obj: the object
 * @l: where
 *
 * Return: the value, zero-extended; 0 if this kernel has no such member.
 */
u64 mmscope_layout_read(const void *obj, const struct mmscope_layout *l)
{
	const void *p = obj + l->offset;
	u64 value;

	if (!l->found)
		return 0;
	switch (l->size) {
	case 1:
		value = READ_ONCE(*(const u8 *)p);
		break;
	case 2:
		value = READ_ONCE(*(const u16 *)p);
		break;
	case 4:
		value = READ_ONCE(*(const u32 *)p);
		break;
	case 8:
		value = READ_ONCE(*(const u64 *)p);
		break;
	default:
		return 0;
	}
	if (l->bits)
		value = (value >> l->shift) & GENMASK_ULL(l->bits - 1, 0);
	return value;
}

/**
 * mmscope_layout_copy - copy an object that may vanish meanwhile
 * @to: where to
 * @obj: the object, or what was one a moment ago
 * @size: bytes
 *
 * Return: true, or false if there is no memory at @obj.
 */
bool mmscope_layout_copy(void *to, const void *obj, size_t size)
{
	return !copy_from_kernel_nofault(to, obj, size);
}

static void enum_entry(const struct btf *btf, const struct btf_type *t, u32 i, s64 *value,
		       const char **name)
{
	const struct btf_enum *e = btf_enum(t) + i;

	*value = e->val;
	*name = mmscope_call(btf_name_by_offset)(btf, e->name_off);
}

/* markers, not values: NR_LRU_BASE, NR_VM_ZONE_STAT_ITEMS, __MAX */
static bool is_marker(const char *name, const char *skip)
{
	size_t len = strlen(name);

	if (len > 5 && !strcmp(name + len - 5, "_BASE"))
		return true;
	return skip && !strncmp(name, skip, strlen(skip));
}

/**
 * mmscope_layout_enum - names of an enum's values, lower-cased, from BTF
 * @name: of the enum
 * @skip: names that begin so are no values (the counter at the end)
 * @out: filled with kmalloc()ed names; the caller frees tab (names are inside)
 *
 * Return: 0; -ENOENT without BTF or without such an enum; -ENOMEM.
 */
int mmscope_layout_enum(const char *name, const char *skip, struct mmscope_names *out)
{
	const struct btf *btf = vmlinux_btf();
	const struct btf_type *t = btf ? find_type(btf, name, BTF_KIND_ENUM) : NULL;
	struct mmscope_name *tab;
	size_t text_size = 0;
	u32 i, nr, vlen;
	char *text;

	if (!t)
		return -ENOENT;
	vlen = BTF_INFO_VLEN(t->info);
	for (i = 0; i < vlen; i++) {
		const char *value_name;
		s64 value;

		enum_entry(btf, t, i, &value, &value_name);
		text_size += strlen(value_name) + 1;
	}
	tab = kzalloc(vlen * sizeof(*tab) + text_size, GFP_KERNEL);
	if (!tab)
		return -ENOMEM;
	text = (char *)(tab + vlen);
	for (i = 0, nr = 0; i < vlen; i++) {
		const char *value_name;
		s64 value;

		enum_entry(btf, t, i, &value, &value_name);
		if (value < 0 || is_marker(value_name, skip))
			continue;
		tab[nr].value = value;
		tab[nr++].name = text;
		while (*value_name)
			*text++ = tolower(*value_name++);
		*text++ = '\0';
	}
	out->tab = tab;
	out->nr = nr;
	return 0;
}

/* "s4", "u8" or "page*": what tells calls of one prototype from those of another */
static void describe_arg(const struct btf *btf, const struct btf_type *t, char *arg, size_t size)
{
	const struct btf_type *to;

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
		snprintf(arg, size, "%c%u",
			 BTF_INT_ENCODING(*(const u32 *)(t + 1)) & BTF_INT_SIGNED ? 's' : 'u',
			 t->size);
		return;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		snprintf(arg, size, "u%u", t->size);
		return;
	case BTF_KIND_PTR:
		to = skip_modifiers(btf, btf_type_by_id(btf, t->type));
		snprintf(arg, size, "%s*", to && to->name_off ?
			 mmscope_call(btf_name_by_offset)(btf, to->name_off) : "");
		return;
	}
	strscpy(arg, "?", size);
}

/**
 * mmscope_layout_tracepoint - what the running kernel gives the probes of a tracepoint
 * @name: of the tracepoint
 * @args: filled with the arguments behind the probe's own, each a word: s or u
 *        and bytes of a number, the type of what a pointer points to and '*'
 * @size: of @args
 *
 * Return: 0, -ENOENT without BTF of it, -E2BIG.
 */
int mmscope_layout_tracepoint(const char *name, char *args, size_t size)
{
	const struct btf *btf = vmlinux_btf();
	const struct btf_param *param;
	const struct btf_type *t;
	char text[64], arg[32];
	size_t len = 0;
	u32 i;

	snprintf(text, sizeof(text), "btf_trace_%s", name);
	t = btf ? find_type(btf, text, BTF_KIND_TYPEDEF) : NULL;
	t = skip_modifiers(btf, t);
	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_PTR)
		return -ENOENT;
	t = btf_type_by_id(btf, t->type);
	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC_PROTO)
		return -ENOENT;
	*args = '\0';
	param = (const struct btf_param *)(t + 1);
	for (i = 1; i < BTF_INFO_VLEN(t->info); i++) {
		const struct btf_type *type =
			skip_modifiers(btf, btf_type_by_id(btf, param[i].type));

		if (!type)
			return -ENOENT;
		describe_arg(btf, type, arg, sizeof(arg));
		len += snprintf(args + len, size - len, "%s%s", i > 1 ? " " : "", arg);
		if (len >= size)
			return -E2BIG;
	}
	return 0;
}

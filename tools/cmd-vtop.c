// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope vtop PID ADDRESS...: from a virtual address to the page frame, level
 * by level, in the manner of crash(8).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

/* hexadecimal with or without 0x, as crash and /proc/PID/maps have it */
__u64 parse_address(const char *word)
{
	__u64 addr;
	char *end;

	errno = 0;
	addr = strtoull(word, &end, 16);
	if (!isxdigit((unsigned char)word[0]) || *end || errno)
		die("bad address '%s': a hexadecimal number is wanted", word);
	return addr;
}

/* ------------------------------------------------------------ entries' bits */

struct bit {
	__u64 mask;
	const char *name;
};

static void add_word(struct text *t, const char *word)
{
	text_add(t, "%s%s", t->len ? "|" : "", word);
}

static void add_bits(struct text *t, __u64 entry, const struct bit *bits, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (entry & bits[i].mask)
			add_word(t, bits[i].name);
}

/* of a present entry, as crash names them */
static const struct bit x86_bits[] = {
	{ 1ULL << 0, "PRESENT" }, { 1ULL << 1, "RW" }, { 1ULL << 2, "USER" },
	{ 1ULL << 3, "PWT" }, { 1ULL << 4, "PCD" }, { 1ULL << 5, "ACCESSED" },
	{ 1ULL << 6, "DIRTY" }, { 1ULL << 8, "GLOBAL" }, { 1ULL << 63, "NX" },
};

#define X86_PRESENT	0x01ULL
#define X86_PSE		0x80ULL

/* Above the lowest level, bit 7 makes an entry map a page itself. */
static void add_x86_bits(struct text *t, __u64 entry, bool lowest)
{
	if (!(entry & X86_PRESENT))
		return;
	add_bits(t, entry, x86_bits, ARRAY_SIZE(x86_bits));
	if (entry & X86_PSE)
		add_word(t, lowest ? "PAT" : "PSE");
}

/* of an entry that maps memory, as the architecture and the kernel name them */
static const struct bit arm64_bits[] = {
	{ 1ULL << 6, "USER" }, { 1ULL << 7, "RDONLY" }, { 1ULL << 10, "AF" },
	{ 1ULL << 11, "NG" }, { 1ULL << 50, "GP" }, { 1ULL << 51, "DBM" },
	{ 1ULL << 52, "CONT" }, { 1ULL << 53, "PXN" }, { 1ULL << 54, "UXN" },
	{ 1ULL << 55, "DIRTY" }, { 1ULL << 56, "SPECIAL" }, { 1ULL << 57, "DEVMAP" },
};

/* of one that leads to a table */
static const struct bit arm64_table_bits[] = {
	{ 1ULL << 59, "PXNTABLE" }, { 1ULL << 60, "UXNTABLE" },
};

#define ARM64_VALID		0x01ULL
#define ARM64_TABLE		0x02ULL
#define ARM64_ATTRINDX(entry)	((unsigned int)((entry) >> 2 & 7))

/* Above the lowest level, bit 1 makes an entry lead to a table. */
static void add_arm64_bits(struct text *t, __u64 entry, bool lowest)
{
	if (!(entry & ARM64_VALID))
		return;
	add_word(t, "VALID");
	if (!lowest && entry & ARM64_TABLE) {
		add_word(t, "TABLE");
		add_bits(t, entry, arm64_table_bits, ARRAY_SIZE(arm64_table_bits));
		return;
	}
	add_word(t, lowest ? "PAGE" : "BLOCK");
	text_add(t, "|ATTRINDX=%u", ARM64_ATTRINDX(entry));
	add_bits(t, entry, arm64_bits, ARRAY_SIZE(arm64_bits));
}

/* the names of an entry's bits, if those of its machine are known */
void add_entry_bits(struct text *t, const char *machine, __u64 entry, bool lowest)
{
	if (!strcmp(machine, "x86_64"))
		add_x86_bits(t, entry, lowest);
	else if (!strcmp(machine, "aarch64"))
		add_arm64_bits(t, entry, lowest);
}

static void print_bits(struct source *s, __u64 entry, bool lowest)
{
	struct text t = { 0 };

	add_entry_bits(&t, s->machine, entry, lowest);
	if (t.len)
		printf("  %s", t.s);
	text_free(&t);
}

/* ------------------------------------------------------------------ one record */

static const char *result_words(__u64 result)
{
	static const char *const words[] = {
		[MMSCOPE_NOT_MAPPED] = "the process has no mapping there",
		[MMSCOPE_NOT_USER] = "not an address of user space",
		[MMSCOPE_NO_TABLE] = "no table there: nothing near it was ever touched",
		[MMSCOPE_NOT_PRESENT] = "the entry is empty: the next access faults a page in",
		[MMSCOPE_IN_SWAP] = "swapped out",
		[MMSCOPE_IN_MIGRATION] = "being migrated to another frame",
		[MMSCOPE_OTHER_ENTRY] = "a special entry: device memory, poisoned, or a marker",
		[MMSCOPE_BAD_ENTRY] = "the tables changed while they were read: try again",
	};

	if (result < ARRAY_SIZE(words) && words[result])
		return words[result];
	return "no frame there";
}

/* Value of a column; unknown and absent are both MMSCOPE_UNKNOWN. */
static __u64 get(const struct dataset *ds, const void *rec, const char *name)
{
	return record_number(ds, rec, name, MMSCOPE_UNKNOWN);
}

static __u64 get_element(const struct dataset *ds, const void *rec, const char *field,
			 const char *level)
{
	char name[96];

	snprintf(name, sizeof(name), "%s.%s", field, level);
	return get(ds, rec, name);
}

static void print_level(struct source *s, const struct dataset *ds, const void *rec,
			const char *level, bool lowest)
{
	__u64 entry = get_element(ds, rec, "entry", level);
	__u64 index = get_element(ds, rec, "index", level);
	__u64 table = get_element(ds, rec, "table_pfn", level);
	char name[8];
	size_t i;

	if (entry == MMSCOPE_UNKNOWN || index == MMSCOPE_UNKNOWN)
		return;
	for (i = 0; level[i] && i < sizeof(name) - 1; i++)
		name[i] = toupper((unsigned char)level[i]);
	name[i] = '\0';
	printf("%6s: [%3llu]", name, index);
	if (table != MMSCOPE_UNKNOWN)
		printf(" 0x%llx", table * s->info.page_size + index * sizeof(entry));
	printf(" => 0x%llx", entry);
	print_bits(s, entry, lowest);
	putchar('\n');
}

static void print_levels(struct source *s, const struct dataset *ds, const void *rec)
{
	for (__u32 i = 0; i < ds->nr_fields; i++) {
		const struct field *f = &ds->fields[i];

		if (strcmp(f->name, "entry"))
			continue;
		for (__u32 j = 0; j < f->nr_values; j++)
			print_level(s, ds, rec, f->values[j].name, j + 1 == f->nr_values);
	}
}

static void print_text_of(const struct dataset *ds, const void *rec, const char *name,
			  const char *before)
{
	struct text t = { 0 };
	struct column c;

	if (column_find(ds, name, &c) && value_text(&t, &c, rec, true) && t.len)
		printf("%s%s", before, t.s);
	text_free(&t);
}

static void print_page(struct source *s, const struct dataset *ds, const void *rec)
{
	__u64 result = get(ds, rec, "result");
	__u64 pfn = get(ds, rec, "pfn");
	__u64 swap = get(ds, rec, "swap_offset");

	if (result != MMSCOPE_TRANSLATED || pfn == MMSCOPE_UNKNOWN) {
		printf("  PAGE: none: %s", result_words(result));
		if (result == MMSCOPE_IN_SWAP && swap != MMSCOPE_UNKNOWN)
			printf(" (area %llu, slot %llu)", get(ds, rec, "swap_type"), swap);
		putchar('\n');
		return;
	}
	printf("  PAGE: 0x%llx  pfn %llu", pfn * s->info.page_size, pfn);
	print_text_of(ds, rec, "page_size_bytes", "  mapped as ");
	print_text_of(ds, rec, "flags", "  ");
	putchar('\n');
}

static void print_vma(const struct dataset *ds, const void *rec)
{
	__u64 start = get(ds, rec, "vma_start");
	__u64 end = get(ds, rec, "vma_end");

	if (!end || start == MMSCOPE_UNKNOWN || end == MMSCOPE_UNKNOWN)
		return;
	printf("   VMA: 0x%llx-0x%llx", start, end);
	print_text_of(ds, rec, "vma_perms", "  ");
	putchar('\n');
}

static void print_translation(struct source *s, const struct dataset *ds, const void *rec)
{
	__u64 phys = get(ds, rec, "phys");
	char virtual[24];

	snprintf(virtual, sizeof(virtual), "0x%llx", get(ds, rec, "addr"));
	printf("%-20s%s\n%-20s", "VIRTUAL", "PHYSICAL", virtual);
	if (phys == MMSCOPE_UNKNOWN)
		puts("none");
	else
		printf("0x%llx\n", phys);
	print_levels(s, ds, rec);
	print_page(s, ds, rec);
	print_vma(ds, rec);
}

/* --------------------------------------------------------------- the command */

static void print_all(struct source *s, const struct dataset *ds, const char *recs, __u32 nr)
{
	for (__u32 i = 0; i < nr; i++) {
		if (i)
			putchar('\n');
		print_translation(s, ds, recs + (size_t)i * ds->rec_size);
	}
}

/* The same records in the forms for programs, from the schema as any dataset. */
static void print_records(struct source *s, const struct options *o, const struct dataset *ds,
			  const char *recs, __u32 nr)
{
	struct columns columns = { 0 };
	struct out *out = out_new(&o->style, &s->info);

	if (o->style.mode == OUT_JSON && !o->columns)
		columns_all(ds, &columns);
	else
		choose_columns(ds, o, &columns);
	out_rows(out, ds, &columns, recs, nr);
	out_free(out);
	columns_free(&columns);
}

void cmd_vtop(struct source *s, const struct options *o, int argc, char **argv)
{
	const struct dataset *ds = source_dataset(s, "translations");
	__u32 nr = argc - 1;
	__u64 *addrs;
	char *recs;
	__u32 pid;

	if (argc < 2)
		die("vtop wants a process and addresses: mmscope vtop PID ADDRESS...");
	pid = parse_pid(argv[0]);
	addrs = xzalloc(nr * sizeof(*addrs));
	for (__u32 i = 0; i < nr; i++)
		addrs[i] = parse_address(argv[i + 1]);
	if (!ds)
		die("%s: knows no translations", s->name);
	recs = source_translate(s, ds, pid, addrs, nr);
	if (!recs)
		die("%s", s->error);
	if (o->style.mode == OUT_TABLE && !o->columns && !o->all_columns)
		print_all(s, ds, recs, nr);
	else
		print_records(s, o, ds, recs, nr);
	free(recs);
	free(addrs);
}

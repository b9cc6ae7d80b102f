// SPDX-License-Identifier: GPL-2.0
/*
 * Free blocks with frame number and migratetype, as a debugger finds them: by
 * reading the memory map through /proc/kcore.
 */
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

#define UNAVAILABLE (~0ULL)

struct segment {
	uint64_t addr;
	uint64_t size;
	uint64_t offset;
};

struct kcore {
	int fd;
	uint32_t nr;
	struct segment segment[64];
	uint64_t sections;	/* address of the root of the sections */
};

static int read_segments(struct kcore *k)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;
	uint32_t i;

	if (pread(k->fd, &head, sizeof(head), 0) != sizeof(head))
		return -1;
	k->nr = 0;
	for (i = 0; i < head.e_phnum && k->nr < ARRAY_LEN(k->segment); i++) {
		if (pread(k->fd, &part, sizeof(part), head.e_phoff + i * sizeof(part)) !=
		    sizeof(part))
			return -1;
		if (part.p_type == PT_LOAD)
			k->segment[k->nr++] = (struct segment){
				part.p_vaddr, part.p_memsz, part.p_offset
			};
	}
	return 0;
}

/* what there is of a range of addresses, zeros for the rest; true: anything */
static bool read_at(struct kcore *k, uint64_t addr, void *to, size_t size)
{
	const struct segment *s;
	bool any = false;

	memset(to, 0, size);
	for (s = k->segment; s < k->segment + k->nr; s++) {
		uint64_t start = addr > s->addr ? addr : s->addr;
		uint64_t end = addr + size < s->addr + s->size ? addr + size : s->addr + s->size;

		if (start < end && pread(k->fd, to + (start - addr), end - start,
					 s->offset + (start - s->addr)) > 0)
			any = true;
	}
	return any;
}

static uint64_t read_word(struct kcore *k, uint64_t addr)
{
	uint64_t word = 0;

	read_at(k, addr, &word, sizeof(word));
	return word;
}

static uint64_t symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[256], found[128];
	uint64_t addr = 0, at;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %*c %127s", &at, found) == 2 && !strcmp(found, name)) {
			addr = at;
			break;
		}
	}
	if (f)
		fclose(f);
	return addr;
}

/* the migratetypes of a section's pageblocks; at most 64 words */
static void read_types(struct kcore *k, const struct fixture_memmap *m, uint64_t section,
		       uint64_t *bits, size_t bytes)
{
	uint64_t root = read_word(k, k->sections + section / m->sections_per_root * 8);
	uint64_t usage = read_word(k, root + section % m->sections_per_root * m->section_bytes +
				      m->usage_offset);

	read_at(k, usage + m->flags_offset, bits, bytes);
}

/* one section; what is told of each block goes into a sum */
static uint64_t scan_section(struct bench *b, struct kcore *k, uint64_t section, uint64_t *sum)
{
	const struct fixture_memmap *m = &b->memmap;
	uint64_t blocks = m->section_pages >> m->block_order;
	uint64_t bits[64], found = 0, pfn, type;
	size_t bytes = m->section_pages * m->page_bytes;

	if (bytes > BIG || blocks * m->block_bits > sizeof(bits) * 8)
		return 0;
	if (!read_at(k, m->memmap + section * bytes, b->big, bytes))
		return 0;
	read_types(k, m, section, bits, blocks * m->block_bits / 8);
	for (pfn = 0; pfn < m->section_pages; pfn++) {
		const char *page = b->big + pfn * m->page_bytes;
		uint32_t word = *(const uint32_t *)(page + m->type_offset);
		uint64_t order = *(const uint64_t *)(page + m->private_offset);
		uint64_t bit = (pfn >> m->block_order) * m->block_bits;

		if ((word & m->buddy_mask) != m->buddy_type || order >= m->nr_orders)
			continue;
		type = bits[bit / 64] >> bit % 64 & 7;
		*sum += (section * m->section_pages + pfn) ^ (order << 40) ^ (type << 48);
		found++;
	}
	return found;
}

uint64_t run_kcore(struct bench *b, const void *arg)
{
	const uint64_t *end = arg;
	struct kcore k = { .fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC) };
	uint64_t found = 0, sum = 0, section, root;

	if (k.fd < 0 || !b->memmap.section_bytes || read_segments(&k))
		return UNAVAILABLE;
	root = symbol("mem_section");
	k.sections = root ? read_word(&k, root) : 0;
	for (section = 0; section * b->memmap.section_pages < *end; section++)
		found += scan_section(b, &k, section, &sum);
	close(k.fd);
	return found && sum ? found : UNAVAILABLE;
}

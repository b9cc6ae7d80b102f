/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/vmallocinfo: the kernel's areas of virtual memory and who asked for them.
 * Include after process.h.
 */
#ifndef _MMSCOPE_VMALLOCINFO_H
#define _MMSCOPE_VMALLOCINFO_H

/* the kernel's image, its modules and BPF programs are above */
#define KERNEL_MAP 0xffffffff80000000UL

/* one line; pages: mapped and allocated by the area itself */
struct area {
	uint64_t start, end, pages;
	char caller[64];
};

struct areas {
	struct area area[4096];
	size_t nr;
};

static inline bool parse_area(struct area *area, char *line)
{
	char *pages = strstr(line, " pages="), *offset = strchr(line, '+');
	char *module = strchr(line, '[');
	char symbol[64];

	memset(area, 0, sizeof(*area));
	/* freed, the kernel gives back such addresses in one go, later */
	if (strstr(line, "unpurged"))
		return false;
	if (sscanf(line, "0x%lx-0x%lx", &area->start, &area->end) != 2)
		return false;
	area->pages = pages ? strtoul(pages + strlen(" pages="), NULL, 10) : 0;
	if (!offset)
		return true;
	*offset = '\0';
	if (sscanf(line, "%*s %*s %63s", symbol) != 1)
		return false;
	if (module)
		*strchr(module, ']') = '\0';
	snprintf(area->caller, sizeof(area->caller), module ? "%.30s %.30s]" : "%.60s", symbol,
		 module);
	return true;
}

/* addresses are shown to those who may see them, if they are not hashed */
static inline int read_areas(struct areas *areas)
{
	static const char *const restrict_file = "/proc/sys/kernel/kptr_restrict";
	char *was = read_file(restrict_file), *text, *save;

	areas->nr = 0;
	if (!was || write_file(restrict_file, "1"))
		return -1;
	text = read_file("/proc/vmallocinfo");
	write_file(restrict_file, was);
	free(was);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (areas->nr < ARRAY_LEN(areas->area) &&
		    parse_area(&areas->area[areas->nr], line))
			areas->nr++;
	free(text);
	return areas->nr ? 0 : -1;
}

static inline bool is_stack(const struct area *area)
{
	return !strcmp(area->caller, "kernel_clone") || !strcmp(area->caller, "fork_idle") ||
	       !strcmp(area->caller, "kernel_thread") ||
	       !strncmp(area->caller, "dup_task_struct", 15);
}

/* the image is not among them; arm64 has modules where vmalloc() has its areas */
static inline bool is_module_area(const struct area *area)
{
#ifdef __aarch64__
	return !strcmp(area->caller, "load_module") || !strcmp(area->caller, "module_alloc") ||
	       !strcmp(area->caller, "move_module");
#else
	return area->start >= KERNEL_MAP;
#endif
}

static inline uint64_t area_pages(const struct areas *areas, const char *caller)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (!is_module_area(&areas->area[i]) && !strcmp(areas->area[i].caller, caller))
			pages += areas->area[i].pages;
	return pages;
}

static inline uint64_t stack_pages(const struct areas *areas)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (is_stack(&areas->area[i]))
			pages += areas->area[i].pages;
	return pages;
}

static inline uint64_t module_pages(const struct areas *areas)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (is_module_area(&areas->area[i]))
			pages += areas->area[i].pages;
	return pages;
}

#endif /* _MMSCOPE_VMALLOCINFO_H */

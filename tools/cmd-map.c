// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope map: physical memory as a picture, in the terminal or in a file.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "map.h"

struct form {
	const char *option;
	const char *path;
	void (*make)(const struct picture *p, FILE *file);
};

static enum map_layer parse_layer(const char *word)
{
	for (int i = 0; word && i < MAP_NR_LAYERS; i++)
		if (!strcmp(word, layer_names[i]))
			return i;
	if (word)
		die("bad layer '%s': class, migratetype, order, node, owner or cgroup is wanted",
		    word);
	return MAP_CLASS;
}

static enum curve parse_curve(const char *word)
{
	if (!word || !strcmp(word, "linear"))
		return CURVE_LINEAR;
	if (!strcmp(word, "hilbert"))
		return CURVE_HILBERT;
	die("bad curve '%s': linear or hilbert is wanted", word);
}

/* Bounds: what a legend needs, and what anybody can look at. */
static void parse_size(const char *word, struct picture *p)
{
	__u64 width, height;
	const char *rest;

	if (!word)
		return;
	if (!parse_number(word, &rest, &width) || *rest != 'x' ||
	    !parse_whole_number(rest + 1, 8192, &height) || width > 8192 || !width || !height)
		die("bad size '%s': WIDTHxHEIGHT is wanted, up to 8192x8192", word);
	p->width = width;
	p->height = height;
}

/* Complete, or it is an error: a disk may be full. */
static void write_file(const struct form *form, const struct picture *p)
{
	bool to_stdout = !strcmp(form->path, "-");
	FILE *file = stdout;

	if (to_stdout && isatty(STDOUT_FILENO))
		die("--%s: a terminal cannot show it: name a file", form->option);
	if (!to_stdout)
		file = fopen(form->path, "we");
	if (!file)
		die("cannot write %s: %s", form->path, strerror(errno));
	errno = 0;
	form->make(p, file);
	if (to_stdout)
		return;		/* main() looks after it */
	if (ferror(file) | fclose(file))
		die("cannot write %s: %s", form->path, strerror(errno ? errno : EIO));
}

void cmd_map(struct source *s, const struct options *o, int argc, char **argv)
{
	const struct form forms[] = {
		{ "png", o->png, map_png },
		{ "svg", o->svg, map_svg },
		{ "html", o->html, map_html },
	};
	struct picture p = {
		.s = s, .layer = parse_layer(o->layer), .curve = parse_curve(o->curve),
		.from = o->from, .png = o->png, .style = o->style,
	};
	bool written = false;
	struct map map;

	if (argc)
		die("map takes no words: '%s'", argv[0]);
	if (o->style.mode != OUT_TABLE)
		die("map is a picture; the records of it are those of 'mmscope extents'");
	if (p.layer == MAP_CGROUP)
		must_have_cgroups(s);
	parse_size(o->size, &p);
	map_load(&map, s, o);
	p.map = &map;
	for (int i = 0; i < MAP_NR_LAYERS; i++)
		if (i == (int)p.layer || o->html)
			layer_make(&p.layers[i], &map, i);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (!forms[i].path)
			continue;
		write_file(&forms[i], &p);
		written = true;
	}
	if (!written)
		map_print(&p);
	for (int i = 0; i < MAP_NR_LAYERS; i++)
		layer_free(&p.layers[i]);
	map_free(&map);
}

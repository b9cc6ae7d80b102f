// SPDX-License-Identifier: GPL-2.0
/*
 * mmscope map on a recording of a real kernel: what is painted where is what the
 * records say of that frame. No device; $MMSCOPE is the command. The page is
 * tested in a browser by host_map_page_test.c.
 *
 * Where cells lie and what they are filled with are pure functions: these are
 * tried on ranges and extents made up here, against a slow way to the same.
 */
#include <fcntl.h>
#include <png.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <kselftest_harness.h>

#undef ARRAY_SIZE	/* the same in both */
#include "../tools/map.h"
#include "../tools/text.c"
#include "../tools/map-color.c"
#include "../tools/map-curve.c"
#include "map_recording.h"

#define FRAMES		512	/* a pageblock, where a cell is a frame */
#define MARGIN		16	/* around a picture without headings */
#define PAPER		0xffffffU

/* ----------------------------------------------------------- pure functions */

static unsigned int distance(__u32 a, __u32 b)
{
	return a > b ? a - b : b - a;
}

TEST(hilbert_visits_each_point_once_in_single_steps)
{
	for (__u32 side = 1; side <= 64; side *= 2) {
		char seen[64 * 64] = "";
		__u32 x = 0, y = 0, old_x = 0, old_y = 0;

		for (__u32 d = 0; d < side * side; d++) {
			curve_hilbert(side, d, &x, &y);
			ASSERT_LT(x, side);
			ASSERT_LT(y, side);
			ASSERT_EQ(0, seen[y * side + x]);
			seen[y * side + x] = 1;
			ASSERT_EQ(d ? 1 : 0, distance(x, old_x) + distance(y, old_y));
			old_x = x;
			old_y = y;
		}
		/* the next square goes on at the right */
		EXPECT_EQ(side - 1, x);
		EXPECT_EQ(0, y);
	}
}

static const struct {
	__u64 start;
	__u64 end;
	__u32 room_x;
	__u32 room_y;
	__u32 least;
} grids[] = {
	{ 0, 1, 1, 1, 1 }, { 1, 0x3ffe0, 68, 40, 1 }, { 0x3000, 0x3200, 64, 40, 1 },
	{ 0x3000, 0x3200, 1024, 768, 2 }, { 5, 1000, 7, 3, 1 }, { 0, 0x1000000, 80, 20, 1 },
	{ 0x100000, 0x180000, 1024, 768, 4 }, { 0x12345, 0x54321, 300, 900, 2 },
	{ 0, 4097, 64, 64, 1 }, { 123, 124, 1000, 10, 2 }, { 0, 1ULL << 40, 200, 50, 1 },
};

static void check_grid(struct __test_metadata *_metadata, const struct grid *g, int i)
{
	char *seen = calloc(g->width, g->height);
	__u32 x, y;

	ASSERT_NE(NULL, seen);
	EXPECT_LE(g->width * g->scale, grids[i].room_x);
	EXPECT_LE(g->height * g->scale, grids[i].room_y);
	EXPECT_GE(g->scale, grids[i].least);
	/* all frames are in a cell, and no cell is in vain */
	EXPECT_EQ(0, g->frames & (g->frames - 1));
	EXPECT_EQ(0, g->start % g->frames);
	EXPECT_LE(g->start, grids[i].start);
	EXPECT_LT(grids[i].start, g->start + g->frames);
	EXPECT_GE(g->start + g->cells * g->frames, grids[i].end);
	EXPECT_LT(g->start + (g->cells - 1) * g->frames, grids[i].end);
	for (__u64 cell = 0; cell < g->cells; cell++) {
		grid_place(g, cell, &x, &y);
		ASSERT_LT(x, g->width);
		ASSERT_LT(y, g->height);
		ASSERT_EQ(0, seen[(size_t)y * g->width + x]++);
	}
	free(seen);
}

TEST(every_frame_has_a_cell_and_every_cell_a_place)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(grids); i++) {
		for (int curve = CURVE_LINEAR; curve <= CURVE_HILBERT; curve++) {
			struct grid g = { .curve = curve };

			grid_fit(&g, grids[i].start, grids[i].end, grids[i].room_x,
				 grids[i].room_y, grids[i].least);
			TH_LOG("%u %d: %ux%u cells of %llu frames, %u pixels", i, curve,
			       g.width, g.height, g.frames, g.scale);
			check_grid(_metadata, &g, i);
		}
	}
}

#define MADE_FRAMES	4096
#define MADE_CATEGORIES	5

TEST(a_cell_has_the_category_of_most_of_its_frames)
{
	static const __u32 category[] = { 3, MAP_BLANK, 0, 4, 1, 2, 3 };
	static __u32 of_frame[MADE_FRAMES];
	static struct map_extent extents[MADE_FRAMES];
	size_t nr = 0;

	srand(1);
	memset(of_frame, 0xff, sizeof(of_frame));
	for (__u64 pfn = 10; pfn < MADE_FRAMES - 50; ) {
		__u64 pages = 1 + rand() % 40, gap = rand() % 4 ? 0 : rand() % 90;
		__u32 attr = rand() % ARRAY_SIZE(category);

		extents[nr++] = (struct map_extent){ pfn, pages, attr };
		for (__u64 i = 0; i < pages; i++)
			of_frame[pfn + i] = category[attr];
		pfn += pages + gap;
	}
	for (__u64 frames = 1; frames <= MADE_FRAMES; frames *= 2) {
		struct grid g = { .frames = frames, .cells = MADE_FRAMES / frames };
		__u32 *cells = grid_fill(&g, extents, nr, category, MADE_CATEGORIES);

		for (__u64 cell = 0; cell < g.cells; cell++) {
			__u64 sums[MADE_CATEGORIES] = { 0 }, most = 0;

			for (__u64 f = cell * frames; f < (cell + 1) * frames; f++)
				if (of_frame[f] != MAP_BLANK)
					sums[of_frame[f]]++;
			for (int c = 0; c < MADE_CATEGORIES; c++)
				most = sums[c] > most ? sums[c] : most;
			if (!most) {
				ASSERT_EQ(MAP_BLANK, cells[cell]);
				continue;
			}
			ASSERT_LT(cells[cell], MADE_CATEGORIES);
			ASSERT_EQ(most, sums[cells[cell]]);
		}
		free(cells);
	}
}

TEST(every_class_has_a_color_and_a_letter_of_its_own)
{
	/* one more than there are: it must have some, too */
	for (__u32 a = 0; a <= MMSCOPE_NR_CLASSES; a++) {
		__u32 rgb_a = 0, rgb_b = 0;
		char letter_a = 0, letter_b = 0;

		color_class(a, &rgb_a, &letter_a);
		EXPECT_NE(0, letter_a);
		for (__u32 b = 0; b < a; b++) {
			color_class(b, &rgb_b, &letter_b);
			EXPECT_NE(rgb_b, rgb_a);
			EXPECT_NE(letter_b, letter_a);
		}
	}
}

/* ------------------------------------------------------------- the recording */

FIXTURE(map) {
	struct recording r;
	png_image png;
	unsigned char *rgb;
};

FIXTURE_SETUP(map)
{
	ASSERT_EQ(0, recording_open(&self->r));
}

FIXTURE_TEARDOWN(map)
{
	free(self->rgb);
	recording_close(&self->r);
}

/* Run a map command and keep its PNG's pixels; everything must go well. */
static bool read_png(FIXTURE_DATA(map) *self, const char *options)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/out.png", self->r.dir);
	if (run(&self->r, "map %s --png %s", options, path))
		return false;
	free(self->rgb);
	self->rgb = NULL;
	self->png = (png_image){ .version = PNG_IMAGE_VERSION };
	if (!png_image_begin_read_from_file(&self->png, path))
		return false;
	self->png.format = PNG_FORMAT_RGB;
	self->rgb = malloc(PNG_IMAGE_SIZE(self->png));
	return self->rgb && png_image_finish_read(&self->png, NULL, self->rgb, 0, NULL);
}

static __u32 pixel(const FIXTURE_DATA(map) *self, __u32 x, __u32 y)
{
	const unsigned char *p = self->rgb + 3 * ((size_t)y * self->png.width + x);

	return p[0] << 16 | p[1] << 8 | p[2];
}

static __u32 rgb_of(__u32 class)
{
	__u32 rgb = PAPER;
	char letter;

	if (class != MMSCOPE_CLASS_HOLE)
		color_class(class, &rgb, &letter);
	return rgb;
}

static char letter_of(__u32 class)
{
	__u32 rgb;
	char letter = ' ';

	if (class != MMSCOPE_CLASS_HOLE)
		color_class(class, &rgb, &letter);
	return letter;
}

/* Pageblocks of the recording in which several classes meet. */
static bool is_mixed(const struct recording *r, __u64 block)
{
	unsigned int changes = 0;

	for (__u64 f = block + 1; f < block + FRAMES; f++)
		changes += r->class[f] != r->class[f - 1];
	return changes >= 3;
}

/* The first of them that has no hole. */
static __u64 mixed_block(const struct recording *r)
{
	__u64 block, f;

	for (block = 0; block < r->frames; block += FRAMES) {
		for (f = block; f < block + FRAMES; f++)
			if (r->class[f] == MMSCOPE_CLASS_HOLE)
				break;
		if (f == block + FRAMES && is_mixed(r, block))
			break;
	}
	return block;
}

TEST_F(map, png_shows_each_frame_of_a_pageblock)
{
	unsigned int blocks = 0;

	for (__u64 block = 0; block + FRAMES <= self->r.frames && blocks < 8; block += FRAMES) {
		char options[64];
		__u32 scale;

		if (!is_mixed(&self->r, block))
			continue;
		snprintf(options, sizeof(options), "-n --range %llu+%u", block, FRAMES);
		ASSERT_TRUE(read_png(self, options));
		/* 32 x 16 cells, squares, and nothing else but the margin */
		scale = (self->png.width - 2 * MARGIN) / 32;
		ASSERT_LT(1, scale);
		ASSERT_EQ(2 * MARGIN + 32 * scale, self->png.width);
		ASSERT_EQ(2 * MARGIN + 16 * scale, self->png.height);
		for (__u32 i = 0; i < FRAMES; i++) {
			__u32 x = MARGIN + i % 32 * scale, y = MARGIN + i / 32 * scale;

			ASSERT_EQ(rgb_of(self->r.class[block + i]), pixel(self, x, y));
			ASSERT_EQ(rgb_of(self->r.class[block + i]),
				  pixel(self, x + scale - 1, y + scale - 1));
		}
		EXPECT_EQ(PAPER, pixel(self, 0, 0));
		blocks++;
	}
	EXPECT_EQ(8, blocks);
}

TEST_F(map, png_has_the_colors_of_the_classes_and_no_others)
{
	for (int curve = 0; curve < 2; curve++) {
		unsigned int met[MMSCOPE_NR_CLASSES + 1] = { 0 }, distinct = 0;

		ASSERT_TRUE(read_png(self, curve ? "-n --curve hilbert" : "-n"));
		for (__u32 y = 0; y < self->png.height; y++) {
			for (__u32 x = 0; x < self->png.width; x++) {
				__u32 class = 0, rgb = pixel(self, x, y);

				while (class < MMSCOPE_NR_CLASSES && rgb_of(class) != rgb)
					class++;
				ASSERT_TRUE(class < MMSCOPE_NR_CLASSES || rgb == PAPER);
				met[class]++;
			}
		}
		for (__u32 class = 0; class < MMSCOPE_CLASS_HOLE; class++) {
			EXPECT_TRUE(!met[class] || self->r.sums[class]);
			distinct += !!met[class];
		}
		/* small ones may be nowhere in the majority */
		EXPECT_GE(distinct, 8);
	}
}

TEST_F(map, png_has_the_size_that_was_asked_for)
{
	ASSERT_TRUE(read_png(self, "--size 800x600"));
	EXPECT_EQ(800, self->png.width);
	EXPECT_EQ(600, self->png.height);
	ASSERT_TRUE(read_png(self, "--size 1920x1080 --layer owner --curve hilbert"));
	EXPECT_EQ(1920, self->png.width);
	EXPECT_EQ(1080, self->png.height);
}

/* Two cells of 256 frames would hide that Hilbert's order is another one. */
TEST_F(map, png_in_hilberts_order_has_as_many_pixels_of_each_class)
{
	unsigned int sums[2][MMSCOPE_NR_CLASSES] = { { 0 } };
	__u64 block = mixed_block(&self->r);

	for (int curve = 0; curve < 2; curve++) {
		char options[64];
		__u32 scale;

		snprintf(options, sizeof(options), "-n --range %llu+%u --curve %s", block, FRAMES,
			 curve ? "hilbert" : "linear");
		ASSERT_TRUE(read_png(self, options));
		scale = (self->png.width - 2 * MARGIN) / 32;
		for (__u32 i = 0; i < FRAMES; i++) {
			__u32 rgb = pixel(self, MARGIN + i % 32 * scale, MARGIN + i / 32 * scale);

			for (__u32 class = 0; class < MMSCOPE_CLASS_HOLE; class++)
				sums[curve][class] += rgb_of(class) == rgb;
		}
	}
	EXPECT_EQ(0, memcmp(sums[0], sums[1], sizeof(sums[0])));
}

/* The area of a class's rectangles, in cells of one frame, is its frames. */
TEST_F(map, svg_has_the_area_of_each_class)
{
	__u64 sums[MMSCOPE_NR_CLASSES] = { 0 }, areas[MMSCOPE_NR_CLASSES] = { 0 }, block;
	unsigned int x, y, width, height, category, end;
	char *at;

	block = mixed_block(&self->r);
	for (__u64 f = block; f < block + FRAMES; f++)
		sums[self->r.class[f]]++;
	ASSERT_EQ(0, run(&self->r, "map --svg - --range %llu+%u", block, FRAMES));
	ASSERT_NE(NULL, strstr(self->r.out, "<svg "));
	for (at = self->r.out; (at = strstr(at, "<rect class=\"c")); at += end) {
		char name[48];

		end = 1;
		if (sscanf(at, "<rect class=\"c%u\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\">"
			   "<title>%*s %47[^<]</title></rect>%n", &category, &x, &y, &width,
			   &height, name, &end) != 6)
			continue;	/* of the legend */
		EXPECT_EQ(0, width % height);
		areas[class_number(&self->r, name)] += width / height;
	}
	for (__u32 class = 0; class < MMSCOPE_CLASS_HOLE; class++)
		EXPECT_EQ(sums[class], areas[class]);
}

TEST_F(map, letters_are_those_of_the_frames)
{
	__u64 block = mixed_block(&self->r);
	char *line;

	ASSERT_EQ(0, run(&self->r, "map -n --size 76x40 --range %llu+%u", block, FRAMES));
	line = self->r.out;
	for (__u32 i = 0; i < FRAMES; i += 64) {
		__u64 pfn;
		int used;

		ASSERT_EQ(1, sscanf(line, " %llx%n", &pfn, &used));
		ASSERT_EQ(block + i, pfn);
		for (__u32 j = 0; j < 64; j++)
			ASSERT_EQ(letter_of(self->r.class[block + i + j]), line[used + 1 + j]);
		line = strchr(line, '\n') + 1;
	}
	EXPECT_EQ('\0', *line);
}

TEST_F(map, a_terminal_gets_what_it_can_show)
{
	const char *half = "\342\226\200";

	ASSERT_EQ(0, run(&self->r, "map"));
	EXPECT_EQ(NULL, strchr(self->r.out, '\033'));
	EXPECT_EQ(NULL, strstr(self->r.out, half));
	setenv("LC_ALL", "C.UTF-8", 1);
	ASSERT_EQ(0, run(&self->r, "map --color=always"));
	EXPECT_NE(NULL, strstr(self->r.out, half));
	EXPECT_NE(NULL, strstr(self->r.out, "\033[38;5;"));
	setenv("COLORTERM", "truecolor", 1);
	ASSERT_EQ(0, run(&self->r, "map --color=always"));
	EXPECT_NE(NULL, strstr(self->r.out, "\033[38;2;"));
	ASSERT_EQ(0, run(&self->r, "map --color=never"));
	EXPECT_EQ(NULL, strchr(self->r.out, '\033'));
	setenv("LC_ALL", "C", 1);
	ASSERT_EQ(0, run(&self->r, "map --color=always"));
	EXPECT_EQ(NULL, strstr(self->r.out, half));
	EXPECT_NE(NULL, strstr(self->r.out, "\033[48;2;"));
}

/* A file of the recording is called so that a terminal would turn red. */
TEST_F(map, a_terminal_is_not_given_the_bytes_of_names)
{
	ASSERT_EQ(0, run(&self->r, "map --layer owner"));
	EXPECT_EQ(NULL, strchr(self->r.out, '\033'));
	EXPECT_NE(NULL, strstr(self->r.out, "/mnt/?[31m"));
}

/* Lines that a terminal of that size has, without the last one for the prompt. */
TEST_F(map, the_picture_fits_the_size)
{
	static const struct { int columns, lines; } sizes[] = {
		{ 80, 24 }, { 40, 12 }, { 132, 43 }, { 200, 60 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		int lines = 0, longest = 0;

		ASSERT_EQ(0, run(&self->r, "map --size %dx%d -n", sizes[i].columns,
				 sizes[i].lines));
		for (char *line = self->r.out; *line; lines++) {
			int len = strcspn(line, "\n");

			longest = len > longest ? len : longest;
			line += len + 1;
		}
		EXPECT_LE(lines, sizes[i].lines);
		EXPECT_LE(longest, sizes[i].columns);
		EXPECT_GE(2 * longest, sizes[i].columns);
	}
}

TEST_F(map, every_layer_and_form_can_be_had)
{
	static const char *const layers[] = {
		"class", "migratetype", "order", "node", "owner", "cgroup",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(layers); i++) {
		EXPECT_EQ(0, run(&self->r, "map --layer %s", layers[i]));
		EXPECT_EQ(0, run(&self->r, "map --layer %s --curve hilbert --png /dev/null "
				 "--svg /dev/null --html /dev/null", layers[i]));
		EXPECT_STREQ("", self->r.out);
	}
}

/* @sentence: what is said on stderr, with status 1 and nothing on stdout */
static bool refuses(struct recording *r, const char *arguments, const char *sentence)
{
	return run(r, "%s", arguments) == 1 && !*r->out && strstr(r->err, sentence) &&
	       strchr(r->err, '\n') == r->err + strlen(r->err) - 1;
}

TEST_F(map, mistakes_are_told_in_a_sentence)
{
	struct recording *r = &self->r;

	EXPECT_TRUE(refuses(r, "map --layer color", "bad layer 'color'"));
	EXPECT_TRUE(refuses(r, "map --curve peano", "bad curve 'peano'"));
	EXPECT_TRUE(refuses(r, "map --size 80", "bad size '80'"));
	EXPECT_TRUE(refuses(r, "map --size 0x10", "bad size '0x10'"));
	EXPECT_TRUE(refuses(r, "map --size 100x50 --png /dev/null", "too small"));
	EXPECT_TRUE(refuses(r, "map --range 1G-2G", "no memory of that choice"));
	EXPECT_TRUE(refuses(r, "map --node 7", "no memory of that choice"));
	EXPECT_TRUE(refuses(r, "map --json", "map is a picture"));
	EXPECT_TRUE(refuses(r, "map word", "map takes no words"));
	EXPECT_TRUE(refuses(r, "map --png /no/such/file", "cannot write /no/such/file: No such"));
	EXPECT_TRUE(refuses(r, "map --png /dev/full", "cannot write /dev/full"));
	EXPECT_TRUE(refuses(r, "map --svg /dev/full", "cannot write /dev/full: No space"));
	EXPECT_TRUE(refuses(r, "map --html /dev/full", "cannot write /dev/full: No space"));
	EXPECT_TRUE(refuses(r, "zones --png x", "does not take --png"));
}

TEST_F(map, a_picture_is_not_written_to_a_terminal)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	ASSERT_LE(0, terminal);
	ASSERT_EQ(0, grantpt(terminal));
	ASSERT_EQ(0, unlockpt(terminal));
	EXPECT_EQ(1, run_shell(&self->r, "%s --from %s map --png - > %s", self->r.command,
			       self->r.path, ptsname(terminal)));
	EXPECT_NE(NULL, strstr(self->r.err, "--png: a terminal cannot show it"));
	close(terminal);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The page of mmscope map, and its SVG, in a browser, made from a recording of a
 * real kernel: what is painted, what is told of a frame that is pointed at, and
 * what buttons, keys and mouse do. Needs Chromium (scripts/setup browser); that
 * it is not there is a failure.
 */
#include <kselftest_harness.h>

#include "browser.h"
#include "map_recording.h"

#undef ARRAY_SIZE	/* the same in both */
#include "../tools/map.h"
#include "../tools/text.c"
#include "../tools/map-color.c"

#define COLUMNS	256	/* of the page, in linear order */

/* What was asked for is painted with the next frame of the screen. */
#define SETTLED	"new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"

FIXTURE(page) {
	struct recording r;
	struct browser b;
	char html[128];
};

FIXTURE_SETUP(page)
{
	ASSERT_EQ(0, recording_open(&self->r));
	snprintf(self->html, sizeof(self->html), "%s/map.html", self->r.dir);
	ASSERT_EQ(0, run(&self->r, "map --html %s", self->html));
	ASSERT_EQ(0, browser_open(&self->b)) {
		TH_LOG("chromium does not run here: scripts/setup browser installs it");
	}
	ASSERT_EQ(0, browser_go(&self->b, self->html));
	/* painted */
	ASSERT_NE(NULL, browser_eval(&self->b, SETTLED));
}

FIXTURE_TEARDOWN(page)
{
	EXPECT_EQ(0, self->b.errors);
	browser_close(&self->b);
	recording_close(&self->r);
}

static const char *eval(FIXTURE_DATA(page) *self, const char *expression)
{
	return browser_eval(&self->b, "%s", expression);
}

static void settle(FIXTURE_DATA(page) *self)
{
	eval(self, SETTLED);
}

/* Give an element a value, as people do, and wait until that shows. */
static void set(FIXTURE_DATA(page) *self, const char *id, const char *event, const char *value)
{
	browser_eval(&self->b, "(byId('%s').value = '%s', byId('%s').dispatchEvent("
		     "new Event('%s')))", id, value, id, event);
	settle(self);
}

static double real(FIXTURE_DATA(page) *self, const char *expression)
{
	const char *value = eval(self, expression);

	return value ? strtod(value, NULL) : -1;
}

static long number(FIXTURE_DATA(page) *self, const char *expression)
{
	const char *value = eval(self, expression);

	return value ? strtol(value, NULL, 10) : -1;
}

/* The color at a place in the canvas, 0xrrggbb; white if nothing is painted. */
static __u32 color_at(FIXTURE_DATA(page) *self, double x, double y)
{
	unsigned int rgba[4] = { 0 };
	const char *value;

	value = browser_eval(&self->b, "canvas.getContext('2d').getImageData(%d, %d, 1, 1)"
			     ".data.join(' ')", (int)x, (int)y);
	if (!value || sscanf(value, "%u %u %u %u", &rgba[0], &rgba[1], &rgba[2], &rgba[3]) != 4)
		return ~0U;
	return rgba[3] ? rgba[0] << 16 | rgba[1] << 8 | rgba[2] : 0xffffff;
}

static void place_of(FIXTURE_DATA(page) *self, __u64 frame, double *x, double *y)
{
	const char *value = browser_eval(&self->b, "placeOf(%llu).join(' ')", frame);

	if (!value || sscanf(value, "%lf %lf", x, y) != 2)
		*x = *y = -1;
}

static __u32 rgb_of(__u32 class)
{
	__u32 rgb;
	char letter;

	color_class(class, &rgb, &letter);
	return rgb;
}

/* Point at a place in the canvas; what the page says of it. */
static const char *point_at(FIXTURE_DATA(page) *self, double x, double y)
{
	double left = real(self, "canvas.getBoundingClientRect().left");
	double top = real(self, "canvas.getBoundingClientRect().top");

	browser_mouse(&self->b, "mouseMoved", left + x, top + y, "");
	return eval(self, "byId('info').innerText");
}

/* One of the greatest extents of a class, in whole cells. */
struct sample {
	__u64 pfn;
	__u64 pages;
	__u32 order;
	char migratetype[32];
	__u64 memcg;
	char name[64];
};

static bool greatest(FIXTURE_DATA(page) *self, __u32 class, struct sample *s)
{
	memset(s, 0, sizeof(*s));
	return !run(&self->r, "extents -rn -o pfn,pages,order,migratetype,memcg,name --class %u "
		    "--sort pages:desc --limit 1", class) &&
	       sscanf(self->r.out, "%llu %llu %u %31s %llu %63[^\n]", &s->pfn, &s->pages,
		      &s->order, s->migratetype, &s->memcg, s->name) == 6;
}

/* The frame in the middle of the first cell that is all of the sample. */
static bool whole_cell(FIXTURE_DATA(page) *self, const struct sample *s, __u64 *frame)
{
	__u64 frames = number(self, "view.frames");
	__u64 cell = (s->pfn + frames - 1) / frames * frames;

	*frame = cell + frames / 2;
	return cell + frames <= s->pfn + s->pages;
}

static bool has(const char *text, const char *key, const char *value)
{
	char line[128];

	snprintf(line, sizeof(line), "%s\t%s", key, value);
	return text && strstr(text, line);
}

static void check_samples(struct __test_metadata *_metadata, FIXTURE_DATA(page) *self, int least)
{
	int checked = 0;

	for (__u32 class = 0; class < MMSCOPE_CLASS_HOLE; class++) {
		char order[16];
		struct sample s;
		const char *said;
		__u64 frame;
		double x, y;

		if (!greatest(self, class, &s) || !whole_cell(self, &s, &frame))
			continue;
		place_of(self, frame, &x, &y);
		EXPECT_EQ(rgb_of(class), color_at(self, x, y));
		said = point_at(self, x, y);
		snprintf(order, sizeof(order), "order %u", s.order);
		EXPECT_TRUE(has(said, "class", self->r.names[class])) {
			TH_LOG("of %s at %llu: %s", self->r.names[class], frame, said);
		}
		EXPECT_TRUE(has(said, "order", order));
		EXPECT_TRUE(has(said, "migratetype", s.migratetype));
		EXPECT_TRUE(has(said, "node", "node 0"));
		EXPECT_TRUE(has(said, "owner", strcmp(s.name, "-") ? s.name : "none"));
		EXPECT_TRUE(has(said, "cgroup", s.memcg ? "inode" : "none"));
		checked++;
	}
	EXPECT_GE(checked, least);
}

TEST_F(page, loads_and_says_what_it_is)
{
	EXPECT_NE(NULL, strstr(eval(self, "document.title"), "Memory of Linux 6."));
	EXPECT_EQ(256, number(self, "COLUMNS"));
	EXPECT_LT(0, number(self, "document.querySelectorAll('#legend button').length"));
	EXPECT_NE(NULL, strstr(eval(self, "byId('caption').textContent"),
			       "1 cell = "));
}

TEST_F(page, a_frame_is_painted_and_told_as_it_was_recorded)
{
	check_samples(_metadata, self, 8);
}

/* Cells in linear order are where they can be counted to. */
TEST_F(page, linear_order_is_row_by_row)
{
	long frames = number(self, "view.frames"), px = number(self, "view.px");
	double x, y;

	ASSERT_LT(0, px);
	for (__u64 frame = 0; frame < self->r.frames; frame += 4999) {
		__u64 cell = frame / frames;

		place_of(self, frame, &x, &y);
		EXPECT_EQ(4 + (cell % COLUMNS + 0.5) * px, x);
		EXPECT_EQ(4 + (cell / COLUMNS + 0.5) * px, y);
	}
}

TEST_F(page, hilberts_order_paints_and_tells_the_same)
{
	set(self, "curve", "change", "hilbert");
	check_samples(_metadata, self, 8);
}

TEST_F(page, a_name_in_the_legend_dims_its_class)
{
	const __u32 class = MMSCOPE_CLASS_ANON_THP, other = MMSCOPE_CLASS_FREE;
	struct sample s, o;
	__u64 frame;
	double x, y, other_x, other_y;

	ASSERT_TRUE(greatest(self, class, &s) && whole_cell(self, &s, &frame));
	place_of(self, frame, &x, &y);
	ASSERT_TRUE(greatest(self, other, &o) && whole_cell(self, &o, &frame));
	place_of(self, frame, &other_x, &other_y);
	for (int i = 0; i < 2; i++) {
		browser_eval(&self->b, "[...document.querySelectorAll('#legend button')].find("
			     "b => b.querySelector('span').textContent === '%s').click()",
			     self->r.names[class]);
		settle(self);
		EXPECT_EQ(i == 1, rgb_of(class) == color_at(self, x, y));
		EXPECT_EQ(rgb_of(other), color_at(self, other_x, other_y));
	}
}

TEST_F(page, layers_switch)
{
	static const char *const layers[] = {
		"class", "migratetype", "order", "node", "owner", "cgroup",
	};
	struct sample s;
	__u32 rgb, colors[ARRAY_SIZE(layers)];
	char letter;
	__u64 frame;
	double x, y;

	ASSERT_TRUE(greatest(self, MMSCOPE_CLASS_ANON_THP, &s) && whole_cell(self, &s, &frame));
	place_of(self, frame, &x, &y);
	for (unsigned int i = 0; i < ARRAY_SIZE(layers); i++) {
		set(self, "layer", "change", layers[i]);
		colors[i] = color_at(self, x, y);
	}
	EXPECT_EQ(rgb_of(MMSCOPE_CLASS_ANON_THP), colors[0]);
	color_migratetype(s.migratetype, 0, &rgb, &letter);
	EXPECT_EQ(rgb, colors[1]);
	color_order(s.order, &rgb, &letter);
	EXPECT_EQ(rgb, colors[2]);
	color_nth(0, &rgb, &letter);
	EXPECT_EQ(rgb, colors[3]);		/* there is one node */
	EXPECT_EQ(RGB_NONE, colors[4]);		/* anonymous memory has no owner */
	EXPECT_NE(RGB_NONE, colors[5]);		/* but it is charged to a cgroup */
	EXPECT_NE(0xffffff, colors[5]);
}

/* What is under the mouse stays there, down to the single frame. */
TEST_F(page, the_wheel_zooms_in_and_out)
{
	long frames = number(self, "view.frames"), steps = 0;
	struct sample s;
	__u64 frame;
	double x, y;

	ASSERT_LT(1, frames);
	ASSERT_TRUE(greatest(self, MMSCOPE_CLASS_ANON_THP, &s) && whole_cell(self, &s, &frame));
	place_of(self, frame, &x, &y);
	for (; frames > 1; frames /= 2, steps++) {
		point_at(self, x, y);
		browser_eval(&self->b, "canvas.dispatchEvent(new WheelEvent("
			     "'wheel', { deltaY: -100, clientX: %f + canvas.getBoundingClientRect"
			     "().left, clientY: %f + canvas.getBoundingClientRect().top, "
			     "cancelable: true }))", x, y);
		EXPECT_EQ(frames / 2, number(self, "view.frames"));
	}
	settle(self);
	EXPECT_EQ(1, number(self, "view.frames"));
	EXPECT_EQ(rgb_of(MMSCOPE_CLASS_ANON_THP), color_at(self, x, y));
	EXPECT_TRUE(strstr(point_at(self, x, y), "frame 0x"));
	EXPECT_TRUE(has(point_at(self, x, y), "class", "anon_thp"));
	while (steps--)
		browser_eval(&self->b, "byId('out').click()");
	EXPECT_LT(1, number(self, "view.frames"));
}

TEST_F(page, a_frame_that_is_looked_for_is_in_the_middle)
{
	const __u64 frames[] = { 0x2345, 0x4567, self->r.frames - 1000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
		char said[64], wanted[32];
		double x, y;

		while (number(self, "view.frames") > 1)
			eval(self, "byId('in').click()");
		snprintf(wanted, sizeof(wanted), "0x%llx", frames[i]);
		set(self, "find", "input", wanted);
		place_of(self, frames[i], &x, &y);
		EXPECT_EQ((int)x, number(self, "canvas.clientWidth / 2"));
		EXPECT_EQ((int)y, number(self, "canvas.clientHeight / 2"));
		EXPECT_EQ(rgb_of(self->r.class[frames[i]]), color_at(self, x, y));
		snprintf(said, sizeof(said), "frame 0x%llx (", frames[i]);
		EXPECT_NE(NULL, strstr(point_at(self, x, y), said));
	}
}

TEST_F(page, dragging_moves_the_picture)
{
	__u32 before;
	struct sample s;
	__u64 frame;
	double x, y, left, top;

	ASSERT_TRUE(greatest(self, MMSCOPE_CLASS_ANON_THP, &s) && whole_cell(self, &s, &frame));
	place_of(self, frame, &x, &y);
	before = color_at(self, x, y);
	left = real(self, "canvas.getBoundingClientRect().left");
	top = real(self, "canvas.getBoundingClientRect().top");
	browser_mouse(&self->b, "mousePressed", left + x, top + y,
		      ",\"button\":\"left\",\"clickCount\":1");
	browser_mouse(&self->b, "mouseMoved", left + x + 50, top + y + 300,
		      ",\"button\":\"left\",\"buttons\":1");
	browser_mouse(&self->b, "mouseReleased", left + x + 50, top + y + 300,
		      ",\"button\":\"left\"");
	settle(self);
	EXPECT_EQ(rgb_of(MMSCOPE_CLASS_ANON_THP), before);
	EXPECT_EQ(before, color_at(self, x + 50, y + 300));
	place_of(self, frame, &left, &top);
	EXPECT_EQ(x + 50, left);
	EXPECT_EQ(y + 300, top);
}

TEST_F(page, an_owner_that_is_looked_for_is_marked)
{
	struct sample s, o;
	__u64 frame;
	double x, y, other_x, other_y;

	ASSERT_TRUE(greatest(self, MMSCOPE_CLASS_SHMEM, &s) && whole_cell(self, &s, &frame));
	place_of(self, frame, &x, &y);
	ASSERT_TRUE(greatest(self, MMSCOPE_CLASS_FREE, &o) && whole_cell(self, &o, &frame));
	place_of(self, frame, &other_x, &other_y);
	set(self, "find", "input", s.name);
	EXPECT_EQ(0xd60093, color_at(self, x, y));
	EXPECT_NE(0xd60093, color_at(self, other_x, other_y));
	EXPECT_NE(rgb_of(MMSCOPE_CLASS_FREE), color_at(self, other_x, other_y));
	set(self, "find", "input", "");
	EXPECT_EQ(rgb_of(MMSCOPE_CLASS_SHMEM), color_at(self, x, y));
}

/* The recording has a file whose name would end the script, and run another. */
TEST_F(page, names_from_the_kernel_are_only_text)
{
	EXPECT_EQ(2, number(self, "document.scripts.length"));
	EXPECT_EQ(0, number(self, "document.images.length"));
	EXPECT_NE(0, number(self, "data.strings.filter(s => "
				  "s.startsWith('/mnt/<' + '/script><img src=x')).length"));
	EXPECT_NE(0, number(self, "data.strings.filter(s => "
				  "s.startsWith('/mnt/\\u001b[31m\"&\\ufffd\\\\')).length"));
}

TEST_F(page, svg_is_well_formed_and_has_a_title)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/map.svg", self->r.dir);
	ASSERT_EQ(0, run(&self->r, "map --layer owner --svg %s", path));
	ASSERT_EQ(0, browser_go(&self->b, path));
	EXPECT_STREQ("svg", eval(self, "document.documentElement.tagName"));
	EXPECT_EQ(0, number(self, "document.getElementsByTagName('parsererror').length"));
	EXPECT_NE(NULL, strstr(eval(self, "document.title"), "Memory of Linux 6."));
	EXPECT_LT(100, number(self, "document.querySelectorAll('rect > title').length"));
	EXPECT_EQ(0, number(self, "document.getElementsByTagName('img').length"));
	EXPECT_STREQ("true", eval(self, "document.documentElement.textContent.includes("
				  "'/mnt/</script><img')"));
}

TEST_HARNESS_MAIN

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture and the sums of the tests of owners that struct page does not tell.
 * Include after common.h and fixture.h.
 */
#ifndef _MMSCOPE_OVERLAY_H
#define _MMSCOPE_OVERLAY_H

#define MANY	8192
#define TRIES	50
#define CLASS(name) (1ULL << MMSCOPE_CLASS_##name)

FIXTURE(overlay) {
	int fd;
	int fixture;
	struct answer a;
	uint64_t pfn[MANY];
};

FIXTURE_SETUP(overlay)
{
	self->fd = open_device();
	ASSERT_LE(0, self->fd);
	self->fixture = fixture_load();
	ASSERT_LE(0, self->fixture);
}

FIXTURE_TEARDOWN(overlay)
{
	answer_free(&self->a);
	close(self->fixture);
	EXPECT_EQ(0, fixture_unload());
	close(self->fd);
}

/* all extents of some classes, in self->a */
static inline int read_classes(FIXTURE_DATA(overlay) *self, uint64_t classes)
{
	struct mmscope_walk_arg arg = walk_arg(MMSCOPE_DS_EXTENTS);

	answer_free(&self->a);
	arg.class_mask = classes;
	return walk_all(self->fd, arg, &self->a);
}

static inline struct fixture_plant plant_arg(FIXTURE_DATA(overlay) *self, uint32_t what,
					     uint32_t nr, uint64_t bytes)
{
	struct fixture_plant arg = {
		.what = what,
		.nr = nr,
		.bytes = bytes,
		.node = FIXTURE_ANY_NODE,
		.pfns = (uintptr_t)self->pfn,
		.room = MANY,
	};

	return arg;
}

/* "name" or, of a symbol in a module, "name [module]" */
static inline bool is_name(const struct mmscope_extent *e, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(e->name, name, len) && (!e->name[len] || e->name[len] == ' ');
}

/* pages of a class; name NULL: of any owner */
static inline uint64_t pages_of(const struct answer *a, uint32_t class, const char *name)
{
	const struct mmscope_extent *e = a->records;
	uint64_t pages = 0;

	for (size_t i = 0; i < a->nr; i++)
		if (e[i].page_class == class && (!name || is_name(&e[i], name)))
			pages += e[i].pages;
	return pages;
}

#endif /* _MMSCOPE_OVERLAY_H */

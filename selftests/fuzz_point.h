/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's ioctls that are no walks. Include after fuzz_call.h.
 */
#ifndef _MMSCOPE_FUZZ_POINT_H
#define _MMSCOPE_FUZZ_POINT_H

/* addresses or ranges in front of an arena's middle, where no answer is put; may be bad */
static inline void *fuzz_input(struct fuzz *f)
{
	return fuzz_one_in(f, 60) ? fuzz_nowhere(f, 16) : f->arena;
}

static inline uint32_t fuzz_number(struct fuzz *f, uint32_t most)
{
	return fuzz_one_in(f, 60) ? fuzz_edge(f) : 1 + fuzz_below(f, most);
}

static inline void fuzz_translate(struct fuzz *f)
{
	const uint32_t nr = 1 + fuzz_below(f, fuzz_one_in(f, 20) ? 200 : 8);
	struct fuzz_place p = fuzz_place(f, nr * sizeof(struct mmscope_translation));
	struct mmscope_translate_arg arg = {
		.pid = fuzz_pid(f),
		.flags = fuzz_one_in(f, 50),
		.nr = nr,
		.buf = (uintptr_t)p.at,
		.__reserved = fuzz_one_in(f, 50),
	};

	for (uint32_t i = 0; i < nr; i++)
		((uint64_t *)f->arena)[i] = fuzz_address(f);
	arg.addrs = (uintptr_t)fuzz_input(f);
	fuzz_ioctl(f, FUZZ_TRANSLATE, MMSCOPE_IOC_TRANSLATE, &arg, sizeof(arg), "",
		   FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP, ESRCH, EPERM, EACCES, ENOMEM));
	if (!fuzz_guard_holds(&p))
		fuzz_bad(f, "TRANSLATE: wrote behind the buffer");
}

static inline uint64_t fuzz_ranges(struct fuzz *f, uint32_t *nr)
{
	struct mmscope_pfn_range *r = (void *)f->arena;

	*nr = 1 + fuzz_below(f, fuzz_one_in(f, 20) ? 300 : 4);
	for (uint32_t i = 0; i < *nr; i++) {
		r[i].start = fuzz_one_in(f, 20) ? fuzz_edge(f) : fuzz_below(f, FUZZ_PFNS);
		r[i].end = fuzz_one_in(f, 40) ? fuzz_edge(f) : r[i].start + 1 + fuzz_below(f, 4);
	}
	if (fuzz_one_in(f, 60))
		*nr = fuzz_edge(f);
	f->may_fault |= *nr > 300;
	return (uintptr_t)fuzz_input(f);
}

static inline void fuzz_page(struct fuzz *f)
{
	struct fuzz_place p = fuzz_place(f, (1 + fuzz_below(f, 4)) *
					    sizeof(struct mmscope_frame_info));
	struct mmscope_page_arg arg = {
		.flags = fuzz_one_in(f, 50),
		.buf = (uintptr_t)p.at,
		.buf_bytes = fuzz_one_in(f, 50) ? fuzz_below(f, p.bytes) : p.bytes,
		.cursor = { fuzz_one_in(f, 6) ? fuzz_cursor(f) : 0, fuzz_one_in(f, 6) },
	};
	int err;

	arg.ranges = fuzz_ranges(f, &arg.nr_ranges);
	err = fuzz_ioctl(f, FUZZ_PAGE, MMSCOPE_IOC_PAGE, &arg, sizeof(arg), "",
			 FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP, EPERM, ENOMEM));
	if (!fuzz_guard_holds(&p))
		fuzz_bad(f, "PAGE: wrote behind the buffer");
	if (!err && !f->wild && f->role != FUZZ_CLOSER &&
	    (uint64_t)arg.nr * arg.rec_size > p.bytes)
		fuzz_bad(f, "PAGE: %u records in %lu bytes", arg.nr, p.bytes);
}

static inline void fuzz_rmap(struct fuzz *f)
{
	struct fuzz_place p = fuzz_place(f, (1 + fuzz_below(f, 8)) * sizeof(struct mmscope_rmap));
	struct mmscope_rmap_arg arg = {
		.pid = fuzz_one_in(f, 20) ? 0 : fuzz_pid(f),
		.flags = fuzz_one_in(f, 50),
		.buf = (uintptr_t)p.at,
		.buf_bytes = fuzz_one_in(f, 50) ? fuzz_below(f, p.bytes) : p.bytes,
		.cursor = { fuzz_one_in(f, 4) ? fuzz_cursor(f) : 0,
			    fuzz_one_in(f, 4) ? fuzz_cursor(f) : 0 },
	};
	int err;

	arg.ranges = fuzz_ranges(f, &arg.nr_ranges);
	err = fuzz_ioctl(f, FUZZ_RMAP, MMSCOPE_IOC_RMAP, &arg, sizeof(arg), "",
			 FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP, ESRCH, EPERM, EACCES, ENOMEM));
	if (!fuzz_guard_holds(&p))
		fuzz_bad(f, "RMAP: wrote behind the buffer");
	if (!err && !f->wild && f->role != FUZZ_CLOSER &&
	    (uint64_t)arg.nr * arg.rec_size > p.bytes)
		fuzz_bad(f, "RMAP: %u records in %lu bytes", arg.nr, p.bytes);
}

static inline void fuzz_alloc(struct fuzz *f)
{
	struct fuzz_place p = fuzz_place(f, fuzz_below(f, 5) * sizeof(struct mmscope_alloc_zone));
	struct mmscope_alloc_arg arg = {
		.flags = fuzz_one_in(f, 50),
		.order = fuzz_one_in(f, 20) ? fuzz_edge(f) : fuzz_below(f, 12),
		.gfp = fuzz_one_in(f, 2) ? fuzz_u64(f) & 0x7fffff : fuzz_edge(f),
		.node = fuzz_one_in(f, 10) ? fuzz_edge(f) : fuzz_one_in(f, 2) ? 0 : MMSCOPE_ANY,
		.nr = p.bytes / sizeof(struct mmscope_alloc_zone),
		.buf = (uintptr_t)p.at,
	};

	fuzz_ioctl(f, FUZZ_ALLOC, MMSCOPE_IOC_ALLOC, &arg, sizeof(arg), "",
		   FUZZ_ALSO(EINVAL, E2BIG, EOPNOTSUPP, EPERM));
	if (!fuzz_guard_holds(&p))
		fuzz_bad(f, "ALLOC: wrote behind the buffer");
}

/* what is for all of the machine is not begun by one who was only handed the file */
static inline void fuzz_may_begin(struct fuzz *f, int err, const char *what)
{
	if (!err && (f->role == FUZZ_NOBODY || f->role == FUZZ_INSIDE))
		fuzz_bad(f, "%s: by one who may not", what);
}

static inline void fuzz_attach(struct fuzz *f)
{
	struct mmscope_attach_arg arg = { .pid = fuzz_pid(f) };
	const bool attach = fuzz_one_in(f, 2);

	fuzz_may_begin(f, fuzz_ioctl(f, attach ? FUZZ_ATTACH : FUZZ_DETACH,
				     attach ? MMSCOPE_IOC_ATTACH : MMSCOPE_IOC_DETACH, &arg,
				     sizeof(arg), "",
				     FUZZ_ALSO(EINVAL, E2BIG, ESRCH, EACCES, EPERM, ENOMEM)),
		       attach ? "ATTACH" : "DETACH");
}

static inline void fuzz_oom(struct fuzz *f)
{
	struct mmscope_oom_arg arg = { .arm = fuzz_one_in(f, 10) ? fuzz_edge(f) :
					      fuzz_below(f, 2) };

	fuzz_may_begin(f, fuzz_ioctl(f, FUZZ_OOM, MMSCOPE_IOC_OOM, &arg, sizeof(arg), "",
				     FUZZ_ALSO(EINVAL, E2BIG, EPERM, EOPNOTSUPP, ENOMEM)),
		       "OOM");
}

static inline void fuzz_unknown(struct fuzz *f)
{
	const uint32_t nr = 12 + fuzz_below(f, 244);
	const uint32_t type = fuzz_one_in(f, 2) ? MMSCOPE_IOC_TYPE : MMSCOPE_IOC_TYPE + 1;
	uint64_t arg[8] = { 64 };

	fuzz_ioctl(f, FUZZ_UNKNOWN, _IOC(fuzz_below(f, 4), type, nr, fuzz_below(f, 1 << 13)),
		   arg, sizeof(arg), "", FUZZ_ALSO(ENOTTY));
}

#endif /* _MMSCOPE_FUZZ_POINT_H */

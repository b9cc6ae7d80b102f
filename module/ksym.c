// SPDX-License-Identifier: GPL-2.0
/*
 * The one resolver of non-exported symbols.
 *
 * kallsyms_lookup_name() is found by registering a kprobe on it that is born
 * disabled: the address is resolved, no kernel text is patched. All calls of
 * resolved functions are static calls; ksym.h says why.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ksym.h"

static char *hide = "";
module_param(hide, charp, 0444);
MODULE_PARM_DESC(hide, "treat these symbols and struct.members as absent (comma-separated; \"all\", \"btf\")");

/* of a function only that it is there: its address is in the static call's key alone */
unsigned long mmscope_sym_addr[MMSCOPE_NR_SYMS];

/* in the order of enum mmscope_sym, made from the same lists */
const char *const mmscope_sym_names[MMSCOPE_NR_SYMS] = {
#define X(_name, ...) #_name,
	MMSCOPE_DATA(X)
	MMSCOPE_CALLS(X)
#undef X
};

#define X(_name, _ret, _zero, _proto)			\
	_ret mmscope_stub_##_name _proto { return _zero; }	\
	DEFINE_STATIC_CALL(mmscope_call_##_name, mmscope_stub_##_name);
MMSCOPE_CALLS(X)
#undef X

static unsigned long stub_lookup(const char *name)
{
	return 0;
}

DEFINE_STATIC_CALL(mmscope_lookup, stub_lookup);

/**
 * mmscope_hidden - was this name hidden by the module parameter?
 * @name: symbol, or struct.member
 *
 * For tests of degradation, and for a kernel where one name turns out wrong.
 *
 * Return: true if the name is to be treated as absent.
 */
bool mmscope_hidden(const char *name)
{
	size_t len = strlen(name);
	const char *p = hide;

	if (!strcmp(hide, "all"))
		return true;
	while ((p = strstr(p, name))) {
		if ((p == hide || p[-1] == ',') && (!p[len] || p[len] == ','))
			return true;
		p += len;
	}
	return false;
}

/* kp.addr may lie behind an ENDBR; the offset that sprint_symbol() prints undoes it */
static unsigned long symbol_start(unsigned long addr)
{
	char *text = kmalloc(KSYM_SYMBOL_LEN, GFP_KERNEL);
	unsigned long offset = 0;
	char *plus;

	if (!text)
		return 0;
	sprint_symbol(text, addr);
	plus = strrchr(text, '+');
	if (!plus || sscanf(plus, "+0x%lx", &offset) != 1)
		addr = 0;
	kfree(text);
	return addr ? addr - offset : 0;
}

static unsigned long find_lookup(void)
{
	struct kprobe kp = {
		.symbol_name = "kallsyms_lookup_name",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long addr;
	int err;

	if (mmscope_hidden("kallsyms_lookup_name"))
		return 0;
	err = register_kprobe(&kp);
	if (err) {
		pr_info("mmscope: kallsyms_lookup_name not found (%d): private structures are unavailable\n",
			err);
		return 0;
	}
	addr = symbol_start((unsigned long)kp.addr);
	unregister_kprobe(&kp);
	return addr;
}

/**
 * mmscope_symbol - an address of the kernel's code as text, never as a number
 * @addr: the address
 * @name: filled: the function, "?" if it has no symbol (of a module that is gone)
 * @size: of @name
 * @offset: with the place in the function
 */
void mmscope_symbol(const void *addr, char *name, size_t size, bool offset)
{
	if (offset)
		snprintf(name, size, "%pS", addr);
	else
		snprintf(name, size, "%ps", addr);
	if (!strncmp(name, "0x", 2))
		strscpy(name, "?", size);
}

/**
 * mmscope_ksym_init - resolve every symbol of the tables in ksym.h
 *
 * A symbol that is absent is no error: what needs it is unavailable.
 *
 * Return: 0.
 */
int mmscope_ksym_init(void)
{
	unsigned long lookup = find_lookup();
	u32 i;

	if (!lookup)
		return 0;
	static_call_update(mmscope_lookup, (typeof(stub_lookup) *)lookup);
	for (i = 0; i < MMSCOPE_NR_SYMS; i++) {
		if (!mmscope_hidden(mmscope_sym_names[i]))
			mmscope_sym_addr[i] = static_call(mmscope_lookup)(mmscope_sym_names[i]);
	}

#define X(_name, ...)								\
	if (mmscope_has(_name)) {						\
		static_call_update(mmscope_call_##_name,			\
				   (typeof(mmscope_stub_##_name) *)		\
				   mmscope_sym_addr[MMSCOPE_SYM_##_name]);	\
		mmscope_sym_addr[MMSCOPE_SYM_##_name] = 1;			\
	}
	MMSCOPE_CALLS(X)
#undef X
	return 0;
}

# SPDX-License-Identifier: GPL-2.0
# The front door: each target is a line or two; the work is in scripts/, tools/
# and the kernel's own build. `make help` lists them.

KREL ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KREL)/build
PREFIX ?= /usr/local
# a kernel of scripts/kernels.conf, for run, shell and bench
K ?=
export KREL PREFIX DESTDIR K T S VM_OPTIONS

all: tools module

# From 7.2 on a kernel refuses a module whose own BTF does not verify: make none.
module: $(KDIR)/Makefile
	$(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DEBUG_INFO_BTF_MODULES= modules

$(KDIR)/Makefile:
	@echo "There are no headers of kernel $(KREL) in $(KDIR)." >&2
	@echo "Debian, Ubuntu: sudo apt install linux-headers-$(KREL)" >&2
	@echo "Another kernel: make KREL=<release>, or make KDIR=<its build directory>" >&2
	@false

tools:
	$(MAKE) -C tools

selftests:
	scripts/selftests guest out/selftests/install

install: all
	scripts/install

uninstall:
	scripts/install --uninstall

run:
	@scripts/run $(K)

shell:
	@scripts/run --shell $(K)

check:
	@scripts/check

check-all:
	@scripts/check --all

check-debug:
	@K=debug scripts/check

# seconds
S ?= 600
fuzz-files:
	@scripts/fuzz-files $(S)

bench:
	@scripts/bench $(BENCH_OPTIONS) $(K)

lint:
	@scripts/setup lint
	@scripts/lint

clean:
	rm -rf out
	-[ ! -e tools/Makefile ] || $(MAKE) -C tools clean
	-[ ! -e $(KDIR)/Makefile ] || $(MAKE) -C $(KDIR) M=$(CURDIR) clean

help:
	@echo "make              the tool, and the module for kernel $(KREL)"
	@echo "make install      both, the man page, the completion (PREFIX, DESTDIR)"
	@echo "make run          see it all in a virtual machine (K=6.1: another kernel)"
	@echo "make shell        a prompt in that machine"
	@echo "make check        lint and all tests (K=\"6.1 6.12\", T=\"zones_test ...\")"
	@echo "make check-all    also all other kernels, and guests of many shapes (S=\"nodes4 ...\")"
	@echo "make bench        mmscope's cost beside others' (K=6.1, BENCH_OPTIONS=--icount)"
	@echo "make check-debug  all tests on a debug kernel: KASAN, lockdep, kmemleak"
	@echo "make fuzz-files   recordings that are bent, with AFL++ (S=3600: seconds)"
	@echo "others: module tools selftests lint uninstall clean"

.PHONY: all module tools selftests install uninstall run shell check check-all check-debug fuzz-files bench lint clean help

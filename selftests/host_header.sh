#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The uapi header compiles alone: as C and C++, for 64 and 32 bit, without padding.
top=$(cd "$(dirname "$0")/.." && pwd)
[ -d "$top/module" ] || top=${MMSCOPE_TOP:?where the source is}
header=$top/module/uapi/linux/mmscope.h
asm=/usr/include/$(gcc -print-multiarch)
n=0
failed=0

compiles()	# compiles DESCRIPTION COMPILER-AND-FLAGS...: a TAP point
{
	what=$1
	shift
	n=$((n + 1))
	if "$@" -Wall -Wextra -Wpadded -Werror -fsyntax-only "$header"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=1
	fi
}

echo "TAP version 13"
echo "1..4"
compiles "as C90 with GNU types" gcc -std=gnu90 -x c
compiles "as C11" gcc -std=gnu11 -x c
compiles "for 32 bit, where __u64 is aligned to 4" gcc -m32 -I"$asm" -x c
if command -v g++ > /dev/null; then
	compiles "as C++" g++ -std=c++11 -x c++
else
	n=$((n + 1))
	echo "ok $n - as C++ # SKIP no C++ compiler here"
fi
exit $failed

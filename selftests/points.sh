# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034 # `failed` is for who sources this
# What shell tests share: their points as TAP, and a directory of their own, in which
# `out` and `err` are what the last command printed. Sourced, never run.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
points=0
failed=0

point()	# point STATUS DESCRIPTION
{
	points=$((points + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
		failed=1
		[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err"
		[ ! -s "$work/out" ] || head -n 40 "$work/out" | sed 's/^/# out: /'
	fi
}

# Does this kernel's list of symbols lack one? The module cannot find it either, and what
# needs it is a skipped point.
lacks()	# lacks SYMBOL
{
	! grep -q " $1\$" /proc/kallsyms || return
	points=$((points + 1))
	echo "ok $points # SKIP no symbol $1 in this kernel"
}

# A command that must say this in one line, and nothing else.
refuses()	# refuses SENTENCE COMMAND...
{
	said=$1
	shift
	"$@" > out 2> err
	[ $? -eq 1 ] && [ ! -s out ] && [ "$(wc -l < err)" -eq 1 ] && grep -q "^mmscope: .*$said" err
	point $? "refused: $said"
}

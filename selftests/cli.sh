# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the tests of the mmscope command share beside points.sh: the ways to run it. Run in
# a guest (busybox sh). Sourced, never run.
command -v mmscope > /dev/null || { echo "1..0 # SKIP no mmscope command"; exit 4; }
# shellcheck disable=SC2034 # for who sources this
page_bytes=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)

# The first page of the stack is not to change: a large one must have no more than the
# environment in it, which is made as large.
if [ "$page_bytes" -gt 4096 ] && [ -z "${FILL:-}" ]; then
	FILL=$(printf "%0${page_bytes}d" 0)
	export FILL
	exec "$0" "$@"
fi

# shellcheck source=selftests/points.sh
. "$(dirname "$0")/points.sh"
cd "$work" || exit 1

# What a dataset needs besides its name; the big ones are cut short.
options()
{
	case $1 in
	vmas|pagetables|mappings|ptes|contiguity) echo "--pid $$" ;;
	usage|pt_placement|thp|numa|address_space) echo "--pid $$" ;;
	faults|residency) echo "--pid $$" ;;
	pages|free_blocks|pageblocks|slabs|lru_pages) echo "--limit 500" ;;
	esac
}

prints()	# prints DATASET FORM...
{
	dataset=$1
	shift
	# shellcheck disable=SC2046 # words
	mmscope "$dataset" $(options "$dataset") "$@" > out 2> err &&
		[ -s out ] && [ ! -s err ]
}

# Brackets outside of strings come in pairs, and it begins and ends with one.
# The host's tests have a real parser; this is for datasets of this kernel.
json_is_balanced()
{
	awk '
	{ gsub(/\\./, ""); gsub(/"[^"]*"/, "s"); if (/"/) bad = 1
	  text = text $0 }
	END {
		if (text !~ /^\{.*\}$/ || text ~ /,[ \t]*[]}]/) bad = 1
		n = split(text, c, "")
		for (i = 1; i <= n; i++) {
			if (c[i] == "{" || c[i] == "[") stack[++depth] = c[i]
			if (c[i] == "}" && stack[depth--] != "{") bad = 1
			if (c[i] == "]" && stack[depth--] != "[") bad = 1
		}
		exit bad || depth
	}' "$1"
}

# The page of our own stack: pagemap is the independent source. Sets page and pfn.
find_stack()
{
	stack=$(sed -n 's/^[0-9a-f]*-\([0-9a-f]*\) .*\[stack\]$/\1/p' /proc/$$/maps)
	page=$((0x$stack / page_bytes - 1))
	entry=$(dd if=/proc/$$/pagemap bs=8 skip=$page count=1 2> /dev/null | od -An -t d8)
	# shellcheck disable=SC2034 # for who sources this
	pfn=$((entry & 0x7fffffffffffff))
}

# may a cgroup have a limit of memory here?
has_memory_cgroups()
{
	grep -q memory /sys/fs/cgroup/cgroup.controllers
}

# all points were made: the end of a test
done_testing()
{
	echo "1..$points"
	exit $failed
}

echo "TAP version 13"

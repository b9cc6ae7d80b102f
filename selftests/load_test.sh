#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The module comes and goes: LOADS times (100), with files open, with names hidden.
# Runs in a guest (busybox sh); leaves the module loaded.
LOADS=${LOADS:-100}
dir=/sys/kernel/debug/mmscope
# shellcheck source=selftests/points.sh
. "$(dirname "$0")/points.sh"

load() { insmod "$MMSCOPE_KO" "$@"; }
state() { awk -v name="$1" '$1 == "dataset" && $2 == name { print $3 }' $dir/features; }

# Objects that leak show as growth of a cache that nothing else here uses much.
# What caches keep for later, and KASAN of freed objects, is given back before.
slab_pages()
{
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 > "$cache"
	done
	awk '/^nr_slab_unreclaimable /{ print $2 }' /proc/vmstat
}
modules_vmalloc() { grep -c mmscope /proc/vmallocinfo; }

# what else the module could leave something of in
traces()
{
	sed 's/ .*//' /proc/modules | sort
	ls /sys/kernel/debug /sys/module /sys/kernel/slab /sys/class/misc
	awk '/mmscope/ { print $3, $4 }' /proc/kallsyms
}

# caches by the objects in use
objects() { awk 'NR > 2 { print $1, $2 }' /proc/slabinfo; }

# Caches in which each load may have left an object: those that grew by as many as
# there were loads. Below some hundred the rest of the system is louder.
left_objects()	# left_objects BEFORE AFTER LOADS
{
	[ "$3" -ge 500 ] || return 0
	awk -v loads="$3" 'NR == FNR { was[$1] = $2; next }
		$2 - was[$1] >= loads { print $1, was[$1], $2 }' "$1" "$2"
}

echo "TAP version 13"
# ok, or degraded where the kernel is built without per-CPU partial slabs
slab_state=$(state slab_caches)
caches=$dir/slab_caches
! lacks slab_caches || caches=

exec 9< $dir/zones
rmmod mmscope 2> /dev/null
point $((! $?)) "rmmod is refused while a debugfs file is open"
exec 9<&-

exec 9< /dev/mmscope
rmmod mmscope 2> /dev/null
point $((! $?)) "rmmod is refused while the device is open"
exec 9<&-

rmmod mmscope
point $? "rmmod succeeds when nothing is open"
[ ! -e $dir ] && [ ! -e /dev/mmscope ]
point $? "unloading leaves neither directory nor device"

load && cat $dir/zones > /dev/null && rmmod mmscope
before=$(slab_pages)
traces > /tmp/traces.before
objects > /tmp/objects.before
areas=$(wc -l < /proc/vmallocinfo)
bad=0
i=0
while [ $i -lt "$LOADS" ]; do
	# shellcheck disable=SC2086 # or none
	load && cat $dir/zones $dir/buddy $caches > /dev/null && rmmod mmscope || bad=1
	i=$((i + 1))
done
point $bad "$LOADS times loaded, read and unloaded"
after=$(slab_pages)
objects > /tmp/objects.after
traces > /tmp/traces.after
# a leak of one page each time would be LOADS
[ $((after - before)) -lt $((90 + LOADS / 200)) ]
point $? "unreclaimable slab did not grow ($before to $after pages)"
left=$(left_objects /tmp/objects.before /tmp/objects.after "$LOADS")
[ -z "$left" ]
point $? "no cache kept an object of each load $left"
[ "$(modules_vmalloc)" -eq 0 ]
point $? "no vmalloc area is left"
now=$(wc -l < /proc/vmallocinfo)
[ $((now - areas)) -lt $((LOADS / 2 + 20)) ]
point $? "there are not more vmalloc areas ($areas, $now)"
cmp /tmp/traces.before /tmp/traces.after
point $? "debugfs, sysfs, modules and kallsyms are as they were"

load hide=slab_mutex
[ "$(state slab_caches)" = unavailable ] && [ "$(state zones)" = ok ]
point $? "without slab_mutex slab_caches is unavailable and zones is not"
grep -q '^dataset slab_caches unavailable .*symbol slab_mutex not found' $dir/features
point $? "features says why"
cat $dir/slab_caches > /dev/null 2>&1
point $((! $?)) "an unavailable dataset cannot be read"
rmmod mmscope

load hide=kallsyms_lookup_name
[ "$(state slab_caches)" = unavailable ] && [ "$(state zones)" = degraded ] &&
	[ "$(state vmas)" = ok ] && cat $dir/zones $dir/nodes $dir/process/self/vmas > /dev/null
point $? "without kallsyms zones is degraded, vmas works"
rmmod mmscope

load hide=btf
[ "$(state slab_caches)" = unavailable ] && [ "$(state zones)" = degraded ] &&
	[ "$(state pages)" != unavailable ] && cat $dir/zones $dir/nodes > /dev/null
point $? "without BTF slab_caches is unavailable, zones degraded, pages works"
rmmod mmscope

load
[ "$(state slab_caches)" = "$slab_state" ] &&
	{ [ "$slab_state" != unavailable ] || [ -z "$caches" ]; }
point $? "loaded again all is back"
echo "1..$points"
exit $failed

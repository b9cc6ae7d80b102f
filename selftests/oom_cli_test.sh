#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# mmscope oom on the running kernel: the ranking in a table, in words and as JSON,
# the recorder armed, a cgroup driven out of memory, and what is told of it.
# shellcheck source=selftests/cli.sh
. "$(dirname "$0")/cli.sh"
group=/sys/fs/cgroup/mmscope-cli

test_ranking()
{
	sleep 1000 &
	wanted=$!
	sleep 1000 &
	spared=$!
	echo 1000 > /proc/$wanted/oom_score_adj
	echo -1000 > /proc/$spared/oom_score_adj
	sleep 1
	mmscope oom > out 2> err
	grep -q "^ *1 $wanted .* 1000 *sleep$" out
	point $? "the first of the table is who has all of the points"
	grep -q "^Process $wanted (sleep) would be killed first: it has .* adds " out
	point $? "it is told in words, and why"
	grep -q "^  .*$spared (sleep).*: their oom_score_adj is -1000" out &&
		grep -q "^  1 (.*): the first process" out &&
		grep -q "^  [0-9]* kernel threads" out
	point $? "who is spared, and why"
	mmscope oom --json > out 2> err && tr -d '\n' < out | grep -q '"oom_rank": \[ *{"rank": 1,' &&
		grep -q "\"pid\": $spared,.*\"spared\": \"adj\"" out
	point $? "as JSON: the ranking with those who are spared"
	mmscope oom --limit 1 > out 2> err && [ "$(grep -c '^ *[0-9][0-9]* [0-9][0-9]* ' out)" -eq 1 ]
	point $? "--limit"
	echo 2 > /proc/sys/vm/panic_on_oom
	mmscope oom > out 2> err && grep -q 'panic_on_oom is 2: the kernel would panic' out
	point $? "that the kernel would panic instead"
	echo 0 > /proc/sys/vm/panic_on_oom
	kill $wanted $spared
	wait
}

test_cgroup()
{
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $group
	echo 32M > $group/memory.max
	echo 0 > $group/memory.swap.max
	refuses "no cgroup '/sys/fs/cgroup/none'" mmscope oom --cgroup none
	refuses "no memory cgroup with this inode" mmscope oom --cgroup 1999999999
	mmscope oom --cgroup mmscope-cli > out 2> err && grep -q 'no process in this cgroup' out
	point $? "a cgroup without a process"
	sh -c "echo \$\$ > $group/cgroup.procs; exec sleep 1000" &
	pid=$!
	sleep 1
	mmscope oom --cgroup mmscope-cli > out 2> err &&
		grep -q 'if this cgroup ran out of its 32M ' out && grep -q "^Process $pid (sleep)" out
	point $? "a cgroup by its path: its processes, against its limit"
	kill $pid
	wait
}

# busybox reads a line of 64M into memory, in the cgroup; the shell around it stays outside
run_out()
{
	sh -c "echo \$\$ > $group/cgroup.procs; exec awk 'BEGIN { s = \"x\"
		while (length(s) < 268435456) s = s s }'" > /dev/null 2>&1
	return 0
}

test_recorder()
{
	mmscope oom --last > out 2> err && grep -q '^The OOM recorder is not armed' out
	point $? "--last says that it is not armed"
	mmscope oom --arm > out 2> err && [ ! -s out ] && mmscope oom --last > out 2> err &&
		grep -q '^The OOM recorder is armed. Since arming: 0 killed' out
	point $? "--arm"
	run_out
	mmscope oom --last > out 2> err && grep -q 'Since arming: 1 killed, 1 snapshots' out &&
		grep -q "^Snapshot 1, .*: the cgroup with inode $(stat -c %i $group) had .*of the 32M" out
	point $? "--last tells which cgroup was out of memory"
	grep -q '(awk) was killed. It had .* It was the first of the ranking:' out &&
		grep -q '^ *1 [0-9]* .* awk$' out
	point $? "--last tells who was killed, and the ranking"
	grep -q '^Memory by the counters: .* free, .*anonymous' out && grep -qE ' DMA(32)? ' out
	point $? "--last tells where memory was"
	sed 's/^/# /' out
	mmscope oom --last --json > out 2> err && grep -q '"oom_last_zones"' out &&
		grep -q '"victim_comm": "awk"' out && grep -q '"oom_last_slabs"' out
	point $? "--last as JSON"
	mmscope --record file.rec oom --last > live 2> err &&
		mmscope --from file.rec oom --last > again 2> err && cmp live again > /dev/null
	point $? "--last from a recording is what was live"
	mmscope oom --disarm > out 2> err && mmscope oom --last > out 2> err &&
		grep -q '^The OOM recorder is not armed. Since arming: 1 killed' out
	point $? "--disarm keeps what was recorded"
}

# what the recorder needs, taken away; and unloading it while it is armed
test_module()
{
	mmscope oom --arm > out 2> err
	rmmod mmscope
	run_out
	point 0 "a module unloaded while armed, and an OOM after it"
	insmod "$MMSCOPE_KO" hide=mark_victim,mem_cgroup_get_max
	refuses "not available on this kernel: tracepoint mark_victim: no such tracepoint" \
		mmscope oom --arm
	refuses "symbol mem_cgroup_get_max not found" mmscope oom --cgroup mmscope-cli
	mmscope oom > out 2> err && grep -q ' would be killed first: ' out
	point $? "the ranking of the machine needs neither"
	rmmod mmscope
	insmod "$MMSCOPE_KO" hide=slab_mutex,mm_vmscan_direct_reclaim_begin
	mmscope oom --arm > out 2> err && run_out
	mmscope oom --last > out 2> err && grep -q '(awk) was killed' out &&
		grep -q '^Slab caches: they could not be looked at' out
	point $? "a snapshot without slab caches says so"
	rmmod mmscope
	insmod "$MMSCOPE_KO"
	rmdir $group
}

test_errors()
{
	refuses "mutually exclusive" mmscope oom --arm --last
	refuses "oom takes no words" mmscope oom 1
	refuses "oom is text or --json" mmscope oom --csv
	refuses "for the ranking, not for the recorder" mmscope oom --last --cgroup 1
	refuses "list does not take --arm" mmscope list --arm
}

! lacks total_swap_pages || done_testing
test_ranking
test_cgroup
test_recorder
test_module
test_errors
done_testing

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The mmscope command on the running kernel: every form of every dataset, the
# same numbers as debugfs and /proc, and a clear sentence for all that can be
# wrong. Leaves the module loaded.
# shellcheck source=selftests/cli.sh
. "$(dirname "$0")/cli.sh"
debugfs=/sys/kernel/debug/mmscope

datasets()
{
	mmscope list -rn -o name
}

test_forms()
{
	for dataset in $(mmscope list -rn | awk '$2 != "unavailable" { print $1 }'); do
		case $dataset in
		translations|rmaps|alloc_zones|frames|events) continue ;;
		owners) continue ;;	# empty: nobody records them
		residency) continue ;;	# empty: this shell has nothing in swap
		oom_last_*) continue ;;	# empty: no OOM was recorded
		swap_areas|swap_map|swap_cgroups) continue ;;	# no swap yet: test_swap
		esac
		bad=0
		for form in "" --raw --pairs --csv --bytes --output-all "--raw --output-all" \
			    --list-columns "--csv --noheadings"; do
			# shellcheck disable=SC2086 # words
			prints "$dataset" $form || { bad=1; echo "# $dataset $form"; }
		done
		for form in --json "--json --output-all" "--list-columns --json"; do
			# shellcheck disable=SC2086 # words
			if ! prints "$dataset" --limit 500 $form || ! json_is_balanced out; then
				bad=1
				echo "# $dataset $form"
			fi
		done
		point $bad "$dataset prints in every form"
	done
	mmscope > out 2> err && grep -q "$(uname -r)" out
	point $? "the overview names the kernel"
	mmscope --json > out 2> err && json_is_balanced out
	point $? "the overview is JSON too"
	[ "$(datasets | wc -l)" -ge 13 ]
	point $? "list names all datasets"
}

# Only these columns of a text with a heading; "all": as it is.
columns()	# columns NAME,NAME...
{
	if [ "$1" = all ]; then
		cat
		return
	fi
	awk -v names=",$1," '
		NR == 1 { for (i = 1; i <= NF; i++) if (index(names, "," $i ",")) want[i] }
		{ line = ""
		  for (i = 1; i <= NF; i++) if (i in want) line = line $i " "
		  print line }'
}

# Ours is what debugfs has before and after it. One quiet moment of a few is
# enough: a difference in form never goes away. Counters also depend on who
# reads, as a command has more pages than cat: they may be off by some.
agrees()	# agrees FILE COLUMNS COMMAND...
{
	file=$1
	chosen=$2
	shift 2
	i=0
	while [ $i -lt 10 ]; do
		columns "$chosen" < "$file" > before
		"$@" 2> err | columns "$chosen" > ours
		columns "$chosen" < "$file" > after
		awk '
		function moves(name) {
			return name ~ /^(free_pages|above_|stat\.|numa\.|count_pages|listed_pages|list\.)/ ||
				name ~ /^(high_pages|blocks|pages|nr_free|unusable|extfrag|largest_order)/
		}
		function near(y, x, z) {
			return y >= (x < z ? x : z) - 1024 && y <= (x > z ? x : z) + 1024
		}
		FNR == 1 { n = split($0, h) }
		FILENAME == "before" { b[FNR] = $0; lines = FNR }
		FILENAME == "ours" { o[FNR] = $0; mine = FNR }
		FILENAME == "after" {
			last = FNR
			if (split(b[FNR], x) != split(o[FNR], y)) bad = 1
			split($0, z)
			for (f in x)
				if (FNR > 1 && moves(h[f]) ? !near(y[f] + 0, x[f] + 0, z[f] + 0) :
				    x[f] == z[f] && y[f] != z[f]) bad = 1
		}
		END { exit bad || lines < 2 || mine != lines || last != lines }' \
			before ours after && return 0
		i=$((i + 1))
	done
	diff before ours | sed 's/^/# /' | cut -c 1-300 | head -n 6
	return 1
}

test_debugfs()
{
	for dataset in features nodes zones pcp buddy slab_caches pageblocks; do
		chosen=all
		if [ $dataset = slab_caches ]; then
			! lacks slab_caches || continue
			# which slabs are partial depends on who reads: the command has more
			# VMAs than cat
			chosen=name,object_size_bytes,size_bytes,flags,ctor
		fi
		# and so does which block it takes its memory from
		[ $dataset != pageblocks ] || chosen=pfn,node,zone,migratetype,flags,pages
		agrees $debugfs/$dataset "$chosen" mmscope $dataset --raw --output-all
		point $? "$dataset is what debugfs has"
	done
	mmscope slab_caches --raw --output-all 2> err | awk '{ print NF }' > ours
	awk '{ print NF }' $debugfs/slab_caches | cmp - ours > /dev/null
	point $? "slab_caches has the columns of debugfs"
	sleep 1000 &
	pid=$!
	sleep 1
	mmscope attach $pid > out 2> err && [ "$(cat out)" = $debugfs/process/$pid ]
	point $? "attach says where the files are"
	for dataset in vmas pagetables mappings; do
		agrees $debugfs/process/$pid/$dataset all \
			mmscope $dataset --pid $pid --raw --output-all
		point $? "$dataset of a process is what debugfs has"
	done
	mmscope detach $pid > out 2> err && [ ! -e $debugfs/process/$pid ]
	point $? "detach removes the files"
	refuses "process $pid is not attached" mmscope detach $pid
	kill $pid
	wait $pid 2> /dev/null
	refuses "there is no process $pid" mmscope vmas --pid $pid
}

# A number of one zone in /proc/zoneinfo.
zoneinfo()	# zoneinfo NODE ZONE WORD
{
	awk -v node="$1," -v zone="$2" -v word="$3" '
		$1 == "Node" { on = $2 == node && $4 == zone }
		on && $1 == word { print $2; exit }' /proc/zoneinfo
}

test_proc()
{
	bad=0
	mmscope zones -rn -o node,zone,spanned_pages,present_pages,managed_pages > sizes
	while read -r node zone spanned present managed; do
		[ "$(zoneinfo "$node" "$zone" spanned)" = "$spanned" ] &&
			[ "$(zoneinfo "$node" "$zone" present)" = "$present" ] &&
			[ "$(zoneinfo "$node" "$zone" managed)" = "$managed" ] || bad=1
	done < sizes
	[ -s sizes ]
	point $((bad | $?)) "zones has the sizes of /proc/zoneinfo"
	name=$(mmscope zones -rn -o zone --limit 1)
	[ "$(mmscope zones --zone "$name" --node 0 -rn -o node,zone)" = "0 $name" ]
	point $? "a zone is chosen by its name"
	order=$(mmscope buddy --class 3 -rn -o order | sort -u)
	[ "$order" = 3 ]
	point $? "a class is chosen by its number"
	mmscope vmas --pid $$ --class stack,heap -rn -o kind | sort -u > out
	printf 'heap\nstack\n' | cmp - out > /dev/null
	point $? "classes are chosen by their names"
	from=$(($(awk '$1 == "start_pfn:" { print $2; exit }' /proc/zoneinfo) + 255))
	[ "$(mmscope pages --range "$(printf '0x%x' $from)+16" -rn -o pfn | tail -n 1)" = $((from + 15)) ]
	point $? "a range of page frames is chosen"
	mmscope slab --sort memory_bytes:desc -rn -o memory_bytes > out
	sort -rn out | cmp - out > /dev/null
	point $? "records are sorted"
}

test_frame_filters()
{
	echo of our own > own.file
	inode=$(stat -c %i own.file)
	mmscope extents --owner "$inode" --class shmem -rn -o pages,name > out 2> err &&
		grep -q '^1 .*own.file$' out
	point $? "--owner finds the file of an inode"
	mmscope pages --flags 'slab,!compound_tail' --limit 50 -rn -o class > out 2> err &&
		[ "$(wc -l < out)" -eq 50 ] && ! grep -qv slab out
	point $? "--flags chooses by flags that are there and that are not"
	refuses "bad flag 'bogus'" mmscope extents --flags slab,bogus
	! has_memory_cgroups || refuses "there is no cgroup" mmscope extents --memcg nonesuch
	refuses "zones has no records to choose by --flags" mmscope zones --flags slab
	refuses "bad owner 'me'" mmscope extents --owner me
}

# shellcheck disable=SC2317 # called through refuses
as_nobody()
{
	grep -qs ^nobody: /etc/passwd || echo 'nobody:x:65534:65534::/:/bin/sh' >> /etc/passwd
	su nobody -s /bin/sh -c "$*"
}

test_errors()
{
	refuses "there is no process 4000000" mmscope vmas --pid 4000000
	refuses "process 2 has no address space" mmscope mappings --pid 2
	refuses "vmas needs a process: --pid PID" mmscope vmas
	refuses "bad process 'init'" mmscope vmas --pid init
	refuses "bad range '5-3'" mmscope pages --range 5-3
	refuses "zones has nothing that CPUs could be asked" mmscope zones --exact
	refuses "zones has no records to choose by --name" mmscope zones --name dentry
	refuses "list does not take --total" mmscope list --total
	refuses "there is no process 4000000" mmscope vtop 4000000 0
	refuses "there is no process 4000000" mmscope attach 4000000
	refuses "process 2 has no address space" mmscope attach 2
	chmod 755 /	# of an initramfs, it may be closed to others
	refuses "permission denied: run as root" as_nobody mmscope zones
}

test_module()
{
	rmmod mmscope
	refuses "the module is not loaded: run 'modprobe mmscope'" mmscope zones
	insmod "$MMSCOPE_KO" hide=slab_mutex
	refuses "slab_caches: not available on this kernel: .*symbol slab_mutex not found" \
		mmscope slab
	mmscope > out 2> err && grep -q '^slab_caches *unavailable .*symbol slab_mutex' out
	point $? "the overview says what is missing, and shows the rest"
	[ "$(mmscope list -rn -o name,state | grep -c unavailable)" -ge 1 ]
	point $? "list says what is missing"
	rmmod mmscope
	insmod "$MMSCOPE_KO" hide=btf
	mmscope > out 2> err && mmscope zones -v > out 2> err &&
		grep -q '^zones: degraded: ' err
	point $? "what is degraded is shown, and -v says why"
	mmscope zones -J --output-all > out 2> err && json_is_balanced out
	point $? "without names of counters zones is JSON still"
	rmmod mmscope
	insmod "$MMSCOPE_KO"
}

test_streams()
{
	mmscope zones > /dev/full 2> err
	[ $? -eq 1 ] && grep -q 'write error' err
	point $? "a full disk is an error"
	mmscope pages 2> err | head -n 1 > /dev/null
	[ ! -s err ]
	point $? "a reader that went is none"
	mmscope zones -v > out 2> err && grep -q '^zones: [0-9]* records in .* longest lock' err
	point $? "-v says what the answer cost"
	# some columns: what is told of a frame is much, and an emulated CPU slow
	for form in --raw "--json -o pfn,kind,refcount" ""; do
		# shellcheck disable=SC2086,SC3045 # words; busybox has it
		(ulimit -v 65536; mmscope pages $form 2> err | wc -l > lines)
		[ ! -s err ] && [ "$(cat lines)" -gt 10000 ]
		point $? "all page frames in bounded memory ${form:-as a table}"
	done
}

test_diff()
{
	mmscope diff $$ --interval 10ms > out 2> err && [ -s out ]
	point $? "diff of the shell, a moment later"
	mmscope diff $$ --interval 10ms -J > out 2> err && json_is_balanced out &&
		grep -q '"changes": ' out
	point $? "diff as JSON"
	mmscope --record a.rec vmas mappings --pid $$ > /dev/null 2> err &&
		mmscope --from a.rec diff a.rec > out 2>> err && grep -q '^Nothing changed.$' out
	point $? "diff of a recording with itself is one sentence"
	mmscope diff $$ --interval soon > out 2> err
	[ $? -eq 1 ] && grep -q "'soon'" err
	point $? "diff refuses an interval that is none"
	mmscope diff > out 2> err
	[ $? -eq 1 ] && grep -q 'wants a process' err
	point $? "diff wants a process"
}

test_recording()
{
	for dataset in zones slab_caches slab_use mappings; do
		case $dataset in slab_*) ! lacks slab_caches || continue ;; esac
		# shellcheck disable=SC2046 # words
		mmscope --record file.rec $dataset $(options $dataset) -J --output-all > live 2> err &&
			mmscope --from file.rec $dataset -J --output-all > again 2> err &&
			cmp live again > /dev/null
		point $? "$dataset from a recording is what was live"
	done
	mmscope --record file.rec > live 2> err && mmscope --from file.rec > again 2> err &&
		cmp live again > /dev/null
	point $? "the overview from a recording is what was live"
}

test_forms
test_debugfs
test_proc
test_frame_filters
test_errors
test_streams
test_diff
test_recording
test_module
done_testing

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The mmscope command on the running kernel: every form of every dataset, the
# same numbers as debugfs and /proc, and a clear sentence for all that can be
# wrong. Runs in a guest (busybox sh); leaves the module loaded.
command -v mmscope > /dev/null || { echo "1..0 # SKIP no mmscope command"; exit 4; }
debugfs=/sys/kernel/debug/mmscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
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
		[ ! -s err ] || sed 's/^/# /' err
	fi
}

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

datasets()
{
	mmscope list -rn -o name
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

prints()	# prints DATASET FORM...
{
	dataset=$1
	shift
	# shellcheck disable=SC2046 # words
	mmscope "$dataset" $(options "$dataset") "$@" > out 2> err &&
		[ -s out ] && [ ! -s err ]
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
		# which slabs are partial depends on who reads: the command has more VMAs than cat
		[ $dataset != slab_caches ] || chosen=name,object_size_bytes,size_bytes,flags,ctor
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
	[ "$(mmscope pages --range 0x100+16 -rn -o pfn | tail -n 1)" = 271 ]
	point $? "a range of page frames is chosen"
	mmscope slab --sort memory_bytes:desc -rn -o memory_bytes > out
	sort -rn out | cmp - out > /dev/null
	point $? "records are sorted"
}

test_slabs()
{
	mmscope slabs --name task_struct -rn -o pages,state,cache > out 2> err &&
		awk '$3 != "task_struct" { exit 1 } END { exit !NR }' out
	point $? "slabs of a cache are chosen by its name"
	slabs=$(cut -d ' ' -f 1 /sys/kernel/slab/task_struct/slabs)
	[ "$(wc -l < out)" -eq "$slabs" ]
	point $? "and are as many as sysfs has"
	mmscope slab_use --total --limit 3 -rn -o name,slabs,pages > out 2> err
	mmscope slab_use -rn -o name,slabs,pages > all 2>> err
	[ "$(wc -l < out)" -eq 4 ] && [ "$(tail -n 1 out | cut -d ' ' -f 1)" = total ]
	point $? "a total follows the records"
	# between the two commands some slabs come or go
	awk '{ pages += $3 }
		FILENAME == "out" && $1 == "total" { total = $3; pages = 0 }
		END { exit !(total > pages * 0.9 && total < pages * 1.1) }' out all
	point $? "the total is the sum of all records"
	mmscope slab --exact -rn -o inuse_min_objects,inuse_exact_objects,inuse_objects > out \
		2> err && ! grep -q '?' out &&
		awk '$1 > $2 || $2 > $3 { exit 1 } $2 < $3 { less = 1 } END { exit !less }' out
	point $? "exact counts are between the bounds"
}

# The page of our own stack: pagemap is the independent source. Sets page and pfn.
find_stack()
{
	stack=$(sed -n 's/^[0-9a-f]*-\([0-9a-f]*\) .*\[stack\]$/\1/p' /proc/$$/maps)
	page=$((0x$stack / 4096 - 1))
	entry=$(dd if=/proc/$$/pagemap bs=8 skip=$page count=1 2> /dev/null | od -An -t d8)
	pfn=$((entry & 0x7fffffffffffff))
}

test_vtop()
{
	find_stack
	addr=$(printf '%x' $((page * 4096 + 8)))
	mmscope vtop $$ "$addr" > out 2> err
	grep -q "  PAGE: $(printf '0x%x' $((pfn * 4096)))  pfn $pfn " out
	point $? "vtop finds the frame that pagemap has"
	grep -q "^0x$addr *$(printf '0x%x' $((pfn * 4096 + 8)))$" out &&
		grep -q '^   PTE: \[' out && grep -q '^   VMA: 0x' out
	point $? "vtop shows physical address, levels and VMA"
	mmscope vtop self 10 ffffffff81000000 > out 2> err &&
		grep -q 'none: the process has no mapping there' out &&
		grep -q 'none: not an address of user space' out
	point $? "vtop says why there is no frame"
	mmscope vtop $$ "$addr" 0x10 -J > out 2> err && json_is_balanced out &&
		grep -q "\"pfn\": $pfn," out
	point $? "vtop is JSON too"
}

test_where()
{
	spanned=$(awk '$1 == "spanned" { sum += $2 } END { print sum }' /proc/zoneinfo)
	mmscope where -J > out 2> err && json_is_balanced out && grep -q '"residual": 0,' out &&
		! grep -q '"residual": [^0]' out && grep -q "\"use\": \"spanned\".*\"pages\": $spanned," out
	point $? "where accounts for all that the zones span ($spanned)"
	mmscope where --zone DMA > out 2> err && grep -q '^present  *-  *[0-9]' out &&
		! grep -q DMA32 out
	point $? "where tells of one zone"
	mmscope where unattributed --limit 3 > out 2> err && grep -q '^ *PFN *PAGES' out
	point $? "where lists what nobody owns"
	refuses "bad word 'here': mmscope where" mmscope where here
	refuses "where is cut down by --node and --zone only" mmscope where --class slab
}

# The stack of this shell may be copied by a fork: then it is another frame.
test_page()
{
	find_stack
	mmscope page $pfn > out 2> err && grep -q '^ *class  *anon' out &&
		grep -q "^ *mapped_by  pid $$ " out
	point $? "page tells class and who maps it"
	mmscope page phys:$((pfn * 4096 + 5)) $pfn -rn -o pfn,class > out 2> err &&
		[ "$(grep -c "^$pfn anon$" out)" -eq 2 ]
	point $? "page takes physical addresses, and several words"
	mmscope page $$:$((page * 4096)) -rn -o class > out 2> err && [ "$(cat out)" = anon ]
	point $? "page takes an address of a process"
	slab=$(mmscope extents --class slab -rn -o pfn --limit 1)
	mmscope page phys:$((slab * 4096 + 100)) > out 2> err && grep -q '^ *slab_object  *[0-9]' out
	point $? "page tells the object of an address in a slab"
	mmscope --record file.rec page $pfn -J --output-all > live 2> err &&
		mmscope --from file.rec page $pfn -J --output-all > again 2> err &&
		cmp live again > /dev/null
	point $? "page from a recording is what was live"
	refuses "this page frame was not recorded" mmscope --from file.rec page 17
	refuses "page frame 0xffffffffff: no memory is there" mmscope page 0xffffffffff
	refuses "bad page frame 'x'" mmscope page x
	refuses "page wants page frames" mmscope page
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
	refuses "there is no cgroup" mmscope extents --memcg nonesuch
	refuses "zones has no records to choose by --flags" mmscope zones --flags slab
	refuses "bad owner 'me'" mmscope extents --owner me
}

# What is drawn is compared frame by frame with records in host_map_test.c; here
# it is this kernel's memory, and cgroups have names.
test_map()
{
	group=/sys/fs/cgroup/cli_test
	mmscope map > out 2> err && grep -q '^[.] free  *[0-9]' out
	point $? "map draws this machine"
	mmscope map --png map.png --html map.html 2> err &&
		head -c 4 map.png | grep -q PNG && grep -q '"extents":\[' map.html
	point $? "map writes a PNG and a page"
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	mkdir $group
	(echo 0 > $group/cgroup.procs && exec dd if=/dev/zero of=charged bs=1M count=9) 2> err
	mmscope map --layer cgroup > out 2> err && grep -q '^. /cli_test  *9' out
	point $? "map knows the cgroup that 9M are charged to"
	rm charged
	rmdir $group
}

# A fork may share or copy that page, so it is looked for among what is found.
test_rmap()
{
	find_stack
	line="$$ $(cat /proc/$$/comm) $(printf '0x%x' $((page * 4096)))"
	mmscope rmap $pfn -rn -o pid,comm,addr > out 2> err && grep -qx "$line" out
	point $? "rmap finds the process and address that pagemap has"
	mmscope rmap $((pfn - 5))-$((pfn - 4)) "$(printf '0x%x' "$pfn")+1" --pid $$ -rn \
		-o pid,comm,addr > out 2> err && grep -qx "$line" out &&
		[ "$(cut -d ' ' -f 1 out | sort -u)" = $$ ]
	point $? "rmap takes ranges, and one process"
	mmscope rmap $pfn -J > out 2> err && json_is_balanced out && grep -q "\"pfn\": $pfn," out
	point $? "rmap is JSON too"
	mmscope rmap $pfn --pid $$ > out 2> err && grep -q '^ *PID *COMM *ADDR *PFN' out
	point $? "rmap is a table"
	mmscope rmap $pfn -v > out 2> err && grep -q '^rmaps: [0-9]* processes read, 0 not' err
	point $? "-v tells how many processes were read"
	mmscope rmap 0xffffffffff > out 2> err && [ ! -s err ] &&
		[ "$(cat out)" = "no process maps these frames" ]
	point $? "rmap says that nobody maps a frame"
	mmscope rmap 0xffffffffff --json > out 2> err && json_is_balanced out &&
		grep -q '"rmaps": \[' out
	point $? "in JSON that is an empty array"
	mmscope --record file.rec rmap $pfn 0+64K -J --output-all > live 2> err &&
		mmscope --from file.rec rmap $pfn 0+64K -J --output-all > again 2> err &&
		cmp live again > /dev/null
	point $? "rmap from a recording is what was live"
	refuses "who maps these page frames was not recorded" mmscope --from file.rec rmap 17
	refuses "rmap wants page frames or files" mmscope rmap
	refuses "'nofile' is neither page frames" mmscope rmap nofile
	refuses "bad range '5-3': its end is not beyond its start" mmscope rmap 5-3
	refuses "there is no process 4000000" mmscope rmap 5 --pid 4000000
	refuses "rmap does not take --node" mmscope rmap 5 --node 0
	refuses "rmaps has only answers to a question: mmscope rmap PFN" mmscope rmaps
}

# start and end of each line, from the bottom up, with the sizes in KiB
test_layout()
{
	sleep 1000 &
	child=$!
	sleep 1
	mmscope layout $child -J > out 2> err && json_is_balanced out
	point $? "layout is JSON"
	# no part of the address space is left out, and no VMA
	awk -F'[:,]' '/"start"/ { if (last && $4 + 0 != last) exit 1; last = $2 + 0 }
		END { exit last != 0 }' out
	point $? "layout goes from the top to address 0"
	vmas=$(awk '$6 != "[vsyscall]" { split($1, a, "-"); print a[1] }' /proc/$child/maps | wc -l)
	lines=$(grep '"start"' out | grep -vc '"what": "gap"')
	more=$(grep -o '[0-9]* VMAs' out | awk '{ n += $1 - 1 } END { print n + 0 }')
	[ "$((lines + more))" -eq "$vmas" ]
	point $? "layout has the VMAs of /proc/PID/maps"
	mmscope layout $child > out 2> err && grep -q 'stack .*limit 8M, may grow by ' out &&
		grep -q 'text .*PT_LOAD [0-9]* r-x' out && grep -q ' heap .*start_brk ' out &&
		grep -q ' gap .*mmap_base ' out
	point $? "layout names segments, heap, stack and gaps"
	mmscope --record file.rec layout $child > live 2> err &&
		mmscope --from file.rec layout $child > again 2> err &&
		grep -q 'is where this was recorded: its segments are not compared' again
	point $? "layout from a recording says that there is no file"
	kill $child
	refuses "layout wants a process" mmscope layout
	refuses "there is no process 4000000" mmscope layout 4000000
	refuses "layout is text or --json" mmscope layout 1 --raw
}

# a stopped shell: nothing of it moves
# VmPTE is in KiB; it counts neither pgd nor p4d tables
test_ptcost()
{
	sleep 1000 &
	child=$!
	sleep 1
	vmpte=$(awk '/^VmPTE:/ { print $2 * 1024 }' /proc/$child/status)
	mmscope ptcost $child -J > out 2> err && json_is_balanced out &&
		awk -v want="$vmpte" '
		/"level": "(pud|pmd|pte)"/ { sub(/.*"bytes": /, ""); sum += $0 + 0 }
		/"spare_bytes"/ { sub(/.*"spare_bytes": /, ""); sum += $0 + 0 }
		END { exit sum != want }' out
	point $? "ptcost --json adds up to VmPTE"
	mmscope ptcost $child > out 2> err && grep -q '^ *pte  *0 ' out &&
		grep -q '^Page tables take .* for each GiB.$' out &&
		grep -q '^Remote leaf entries, as seen by CPUs of node0: ' out &&
		grep -q '^ENTRIES_USED *TABLES' out
	point $? "ptcost is tables and sentences"
	mmscope ptcost --all -v > out 2> err && grep -q "^ *$child .* sleep$" out &&
		grep -q 'processes exited before they were looked at$' err &&
		mmscope ptcost --all -b | awk 'NR > 2 { if (last && $2 > last) exit 1; last = $2 }'
	point $? "ptcost --all has the process, most memory first"
	[ "$(mmscope ptcost --all --limit 1 -J | grep -c '"pid"')" -eq 1 ]
	point $? "ptcost --limit 1 shows one"
	mmscope --record file.rec ptcost $child -J > live 2> err &&
		mmscope --from file.rec ptcost $child -J > again 2> err &&
		cmp live again > /dev/null
	point $? "ptcost from a recording is what was live"
	kill $child
	refuses "ptcost wants a process, or --all of them" mmscope ptcost
	refuses "ptcost wants a process, or --all of them" mmscope ptcost 1 --all
	refuses "there is no process 4000000" mmscope ptcost 4000000
	refuses "bad process 'x'" mmscope ptcost x
	refuses "ptcost is text or --json" mmscope ptcost 1 --csv
	refuses "it takes --limit only" mmscope ptcost 1 --sort pid
	refuses "rmap does not take --all" mmscope rmap 5 --all
}

# a stopped shell: nothing of it moves
test_usage()
{
	sleep 1000 &
	child=$!
	sleep 1
	kill -STOP $child
	mmscope usage --pid $child --class total -rn -o rss_bytes,anon_bytes,swap_bytes > out 2> err
	awk '/^(Rss|Anonymous|Swap):/ { printf "%s%d", sep, $2 * 1024; sep = " " }
		END { print "" }' /proc/$child/smaps_rollup | cmp - out
	point $? "usage --class total is smaps_rollup"
	kill -KILL $child
}

text_pages()	# text_pages START END: how many pages there this shell has, by pagemap
{
	dd if=/proc/$$/pagemap bs=8 skip=$((0x$1 / 4096)) count=$(((0x$2 - 0x$1) / 4096)) \
		2> /dev/null | od -An -v -t d8 | tr -s ' ' '\n' | grep -c '^-'
}

# The text of this shell: what its own file maps there is all that is there.
test_rmap_file()
{
	exe=$(readlink -f /proc/$$/exe)
	range=$(grep ' r-xp ' /proc/$$/maps | grep -F "$exe" | cut -d ' ' -f 1 | head -n 1)
	i=0
	while [ $i -lt 10 ]; do
		before=$(text_pages "${range%-*}" "${range#*-}")
		mmscope rmap "$exe" --pid $$ -rn -o addr,pages > out 2> err
		[ "$(text_pages "${range%-*}" "${range#*-}")" != "$before" ] || break
		i=$((i + 1))
	done
	sum=0
	while read -r addr pages; do
		if [ $((addr)) -ge $((0x${range%-*})) ] && [ $((addr)) -lt $((0x${range#*-})) ]; then
			sum=$((sum + pages))
		fi
	done < out
	[ "$before" -gt 0 ] && [ $sum -eq "$before" ]
	point $? "rmap of a file has all pages that pagemap has of it ($sum)"
	echo unmapped > file
	mmscope rmap file > out 2> err && [ "$(cat out)" = "no process maps these frames" ]
	point $? "a file in memory that nobody maps"
	: > empty
	mmscope rmap ./empty > out 2> err && [ "$(cat out)" = "no page of it is in memory" ]
	point $? "a file without pages"
	# pages that are mapped through overlayfs are those of the file below
	modprobe overlay 2> /dev/null
	mkdir lower upper over merged
	cp "$exe" lower/sleep
	mount -t overlay none merged -o lowerdir=lower,upperdir=upper,workdir=over
	./merged/sleep 100 &
	sleeper=$!
	refuses "'merged/sleep' is on overlayfs, .* name the file in its layer" \
		mmscope rmap merged/sleep
	mmscope rmap lower/sleep --pid $sleeper -rn -o comm > out 2> err &&
		[ "$(sort -u out)" = sleep ]
	point $? "rmap of a file that is mapped through overlayfs, by its name in the layer"
	kill $sleeper
	wait $sleeper 2> /dev/null
	umount merged
	mmscope --record file.rec rmap "$exe" --raw > live 2> err &&
		mmscope --from file.rec rmap "$exe" --raw > again 2> err && cmp live again > /dev/null
	point $? "rmap of a file from a recording is what was live"
}

# Nothing is short in this guest; what is said when it is, alloc_test makes sure of.
test_alloc()
{
	mmscope alloc --order 0 --gfp GFP_KERNEL > out 2> err &&
		grep -q '^order 0 (4K) GFP_KERNEL on node 0 would succeed at once: zone ' out &&
		[ "$(sed '/^$/q' out | grep -c ' success ')" -ge 2 ]
	point $? "alloc tells of each zone, and that it would succeed"
	mmscope alloc --order 10 --gfp '__GFP_COMP|GFP_NOWAIT,__GFP_DMA' --raw > out 2> err &&
		[ "$(wc -l < out)" -eq 2 ] && grep -q '^0 DMA ' out
	point $? "alloc knows flags joined in either way, and which zones they leave"
	# the smallest zone's free pages are kept from those who can use a higher one
	lines=$(mmscope alloc --order 0 --gfp GFP_KERNEL --raw -n -o lowmem_reserve_pages,zone)
	reserve=$(echo "$lines" | sed -n 's/ DMA$//p')
	[ "$reserve" -gt 0 ] && [ "$reserve" -eq "$(awk '
		/^Node/ { zone = $4 }
		$1 == "protection:" && zone == "DMA" { gsub("[(,)]", ""); print $3; exit }' \
		/proc/zoneinfo)" ]
	point $? "the lowmem reserve is that of zoneinfo"
	mmscope alloc --order 3 --gfp GFP_ATOMIC -J > out 2> err && json_is_balanced out &&
		grep -q '"result": "at_once"' out && grep -q '"alloc_zones": ' out
	point $? "alloc is JSON too"
	mmscope --record file.rec alloc --order 3 --gfp GFP_USER --node 0 -J > live 2> err &&
		mmscope --from file.rec alloc --order 3 --gfp GFP_USER --node 0 -J > again 2> err &&
		cmp live again > /dev/null
	point $? "alloc from a recording is what was live"
	refuses "such an allocation was not recorded" \
		mmscope --from file.rec alloc --order 2 --gfp GFP_USER --node 0
	refuses "alloc wants to know what" mmscope alloc --order 1
	refuses "bad order '11': 0 to 10 is wanted" mmscope alloc --order 11 --gfp GFP_KERNEL
	refuses "bad flag 'GFP_CORNEL'" mmscope alloc --order 1 --gfp '__GFP_HIGH|GFP_CORNEL'
	refuses "__GFP_DMA, __GFP_DMA32 and __GFP_HIGHMEM exclude one another" \
		mmscope alloc --order 1 --gfp 'GFP_DMA|GFP_HIGHUSER'
	refuses "there is no node 63, or it is offline" \
		mmscope alloc --order 1 --gfp GFP_KERNEL --node 63
	refuses "alloc does not take --zone" mmscope alloc --order 1 --gfp GFP_KERNEL --zone 1
	refuses "alloc_zones has only answers to a question" mmscope alloc_zones
}

# Nothing is short here either; reclaim_test makes it so, for the numbers behind this.
test_pressure()
{
	mmscope pressure > out 2> err &&
		grep -q '^Memory is not short: ' out && grep -q ' kswapd .* sleeps' out &&
		grep -q ' kcompactd ' out && grep -q '^tasks, direct ' out &&
		[ "$(grep -c ' at_once ' out)" -eq 3 ]
	point $? "pressure tells of zones, daemons, reclaim, and the next allocations"
	if [ -r /proc/pressure/memory ]; then
		[ "$(grep -c '^\(some\|all\) tasks .*/proc/pressure/memory' out)" -eq 2 ]
	else
		grep -q '^Pressure stall information: this kernel gives none' out
	fi
	point $? "pressure has the stalls of PSI, and says whence"
	mmscope pressure --order 5 -J > out 2> err && json_is_balanced out &&
		[ "$(grep -c '"result": "at_once"' out)" -eq 4 ] &&
		grep -q '"above_low": [0-9-]' out && grep -q '"reclaimers": ' out
	point $? "pressure is JSON too, and takes one more order"
	mmscope --record file.rec pressure -J > live 2> err &&
		mmscope --from file.rec pressure -J > again 2> err &&
		! grep -q '"stalled"' again &&
		sed '/"psi": /,/^  \]/d' live > live.rest && cmp live.rest again > /dev/null
	point $? "pressure from a recording is what was live, but for PSI"
	refuses "bad order '11': 0 to 10 is wanted" mmscope pressure --order 11
	refuses "pressure is text or --json" mmscope pressure --csv
	refuses "pressure takes no words: 'now'" mmscope pressure now
	refuses "pressure does not take --zone" mmscope pressure --zone 1
	refuses "reclaim has no records to choose by --memcg" mmscope reclaim --memcg 1
	mmscope lru_pages --memcg / --limit 3 -rn -o memcg > out 2> err &&
		[ "$(sort -u out)" = "$(stat -c %i /sys/fs/cgroup)" ]
	point $? "lru_pages takes a cgroup by its path"
}

# columns of this shell's line of proc
of_proc()
{
	mmscope proc -rn -o "pid,$1" | sed -n "s/^$$ //p"
}

test_proc_command()
{
	for pair in rss:VmRSS tables:VmPTE vm:VmSize locked:VmLck; do
		kb=$(sed -n "s/^${pair#*:}:[^0-9]*\([0-9]*\) kB/\1/p" /proc/$$/status)
		[ "$(of_proc "${pair%:*}" 2> err)" = $((kb * 1024)) ]
		point $? "proc: ${pair%:*} is ${pair#*:}"
	done
	mmscope proc -rn -o rss > out 2> err && sort -rn out | cmp -s - out
	point $? "proc has the largest first"
	[ "$(mmscope proc --sort pid --limit 1 -rn -o pid,comm)" = "1 $(cat /proc/1/comm)" ]
	point $? "proc can be sorted and cut"
	mmscope proc -J > out 2> err && json_is_balanced out && grep -q '"huge_share": ' out
	point $? "proc is JSON too"
	mmscope --record rec proc --total -b > out 2> err &&
		mmscope --from rec proc --total -b 2> err | cmp -s - out
	point $? "proc comes out of a recording as it went in"
	refuses "proc takes no words: 'x'" mmscope proc x
	refuses "proc: no column 'speed'" mmscope proc --sort speed
}

test_explain()
{
	find_stack
	addr=$(printf '%x' $((page * 4096 + 8)))
	mmscope explain $$ "$addr" > out 2> err
	grep -q "frame $pfn: physical $(printf '0x%x' $((pfn * 4096 + 8))), byte 8 of 4096" out &&
		grep -q '^Next read   no page fault' out
	point $? "explain finds the frame that pagemap has"
	mmscope explain $$ stack > out 2> err && grep -q "frame $pfn: " out
	point $? "explain knows the stack by name"
	mmscope explain $$ 1000 > out 2> err && grep -q '^Next read   SIGSEGV (SEGV_MAPERR)' out
	point $? "explain tells of addresses where nothing is"
	mmscope explain $$ ffffffff81000000 > out 2> err && grep -q 'no address of user space' out
	point $? "explain tells of addresses of the kernel"
	mmscope explain $$ "$addr" -J > out 2> err && json_is_balanced out &&
		grep -q '"topic": "Next write"' out
	point $? "explain is JSON too"
	refuses "explain wants a process and an address" mmscope explain $$
	refuses "bad address 'there'" mmscope explain $$ there
	refuses "there is no process 4000000" mmscope explain 4000000 0
	refuses "explain is text or --json" mmscope explain $$ 0 --raw
	[ "$(mmscope faults --pid $$ --range 0x1000+0x1000 -rn -o start,read,write)" = \
		"0x1000 segv_no_vma segv_no_vma" ]
	point $? "faults of an address where nothing is"
	mmscope residency --pid $$ --json > out 2> err && grep -q '"residency": \[\]' out
	point $? "residency of what has nothing in swap is empty"
}

# The rest: a command that must say this in one line, and nothing else.
refuses()	# refuses SENTENCE COMMAND...
{
	said=$1
	shift
	"$@" > out 2> err
	[ $? -eq 1 ] && [ ! -s out ] && [ "$(wc -l < err)" -eq 1 ] && grep -q "^mmscope: .*$said" err
	point $? "refused: $said"
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
	refuses "slab_caches: not available on this kernel: symbol slab_mutex not found" \
		mmscope slab
	mmscope > out 2> err && grep -q '^slab_caches *unavailable *symbol slab_mutex' out
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
	for form in --raw --json ""; do
		# shellcheck disable=SC3045 # busybox has it
		(ulimit -v 65536; mmscope pages $form 2> err | wc -l > lines)
		[ ! -s err ] && [ "$(cat lines)" -gt 10000 ]
		point $? "all page frames in bounded memory ${form:-as a table}"
	done
}

test_kmap()
{
	mmscope kmap > out 2> err && grep -q '^direct_map ' out && grep -q '^text ' out &&
		grep -q '^W+X: none' out
	point $? "kmap tells regions, and that nothing is both writable and executable"
	mmscope kmap -J > out 2> err && json_is_balanced out && grep -q '"wx_ranges": 0' out
	point $? "kmap as JSON"
	mmscope kmap wx > out 2> err && grep -q '^W+X: none' out
	point $? "kmap wx succeeds where there is nothing"
	# the trampoline of other CPUs alone sees to it that the first block is split
	[ "$(mmscope kmap splits --raw -n 2> err | awk '$1 == 0 && $3 == 2097152' | wc -l)" -eq 1 ]
	point $? "kmap splits tells the first block of the direct map"
	mmscope kmap nonsense > out 2> err
	[ $? -eq 1 ] && grep -q "'nonsense'" err
	point $? "kmap refuses another word in a sentence"
	cat /proc/sys/kernel/kptr_restrict > kptr
	echo 2 > /proc/sys/kernel/kptr_restrict
	mmscope kmap > out 2> err && grep -q '^text ' out &&
		! mmscope kernel_mappings -rn -o start,end | grep -qv '^0x0 0x0$'
	point $? "kmap without addresses where they are restricted"
	mmscope vmallocs --range 0x1000-0x2000 > out 2> err
	[ $? -eq 1 ] && grep -q 'kptr_restrict' err
	point $? "addresses that are not shown cannot be asked for"
	cat kptr > /proc/sys/kernel/kptr_restrict
	mmscope --record file.rec kmap -J > live 2> err && mmscope --from file.rec kmap -J > again &&
		cmp live again > /dev/null
	point $? "kmap from a recording is what was live"
}

# what a file of the test's own has in memory, by every way to sum up
test_cached()
{
	dd if=/dev/zero of=/tmp/cached_file bs=4096 count=300 2> /dev/null
	mmscope cached -b --top 100000 > out 2> err &&
		grep -q '^ *1228800 .* shmem *tmpfs .* /tmp/cached_file$' out
	point $? "cached has a file with its path"
	[ "$(mmscope cached --top 2 -rn -o cached,path | wc -l)" -eq 2 ] &&
		[ "$(mmscope cached --top 1 -rn -o path)" = \
			"$(mmscope cached --sort cached:desc --limit 1 -rn -o path)" ]
	point $? "cached --top N shows those with most"
	mkdir /tmp/cached_files && for i in $(seq 50); do echo "$i" > "/tmp/cached_files/$i"; done
	mmscope cached > out 2> err && tail -n 1 out | grep -q '^The 40 files with most pages' &&
		[ "$(mmscope cached -rn -o cached | wc -l)" -gt 50 ]
	point $? "cached shows people the largest files, programs all"
	rm -r /tmp/cached_files
	for by in file fs cgroup process; do
		mmscope cached --by $by -J > out 2> err && json_is_balanced out &&
			mmscope cached --by $by --total > out 2> err && [ -s out ]
		point $? "cached prints by $by"
	done
	mmscope cached --by fs -rn -o cached,fs,mount > out 2> err &&
		awk '$2 == "tmpfs" && $3 == "/tmp" && $1 >= 1228800 { ok = 1 } END { exit !ok }' out
	point $? "cached --by fs knows where a file system is mounted"
	files=$(mmscope cached --total -rn -o cached | tail -n 1)
	[ "$files" -ge 1228800 ] &&
		[ "$(mmscope cached --by fs --total -rn -o cached | tail -n 1)" -ge 1228800 ]
	point $? "cached --total sums up"
	mmscope cached --by process -rn -o pid,mapped > out 2> err && grep -q "^$$ " out
	point $? "cached --by process has this shell"
	rm /tmp/cached_file
	refuses "bad --by 'word': file, fs, cgroup or process is wanted" mmscope cached --by word
	refuses "cached takes no words" mmscope cached file
	refuses "does not take --by" mmscope zones --by fs
}

test_cgroups()
{
	cgroup=/sys/fs/cgroup/cli_test
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	mkdir $cgroup && echo 64M > $cgroup/memory.max && echo +memory > $cgroup/cgroup.subtree_control
	mkdir $cgroup/below
	sh -c "echo 0 > $cgroup/below/cgroup.procs
		exec dd if=/dev/zero of=/tmp/cgroup_file bs=4096 count=256" 2> /dev/null
	LC_ALL=C mmscope cgroups > out 2> err && grep -q '^/ ' out &&
		grep -q '^.-cli_test .* 64M ' out && grep -q '^ .*-below ' out
	point $? "cgroups is a tree"
	mmscope cgroups -J > out 2> err && json_is_balanced out &&
		grep -q '"cgroup": "/cli_test/below"' out
	point $? "cgroups is JSON with whole paths"
	rmdir $cgroup/below
	i=0
	until mmscope cgroups | grep -q 'below .* dying .*shmem 1M'; do
		i=$((i + 1))
		[ $i -lt 20 ] || break
		sleep 1
	done
	[ $i -lt 20 ]
	point $? "cgroups tells what keeps a removed one"
	mmscope cached --by cgroup -b > out 2> err &&
		grep -q '1048576 *0 *1048576 .* dying .* /cli_test/below$' out
	point $? "cached --by cgroup has the removed one's pages"
	rm /tmp/cgroup_file
	rmdir $cgroup
	refuses "cgroups takes no words" mmscope cgroups word
}

test_swap()
{
	mmscope swap > out 2> err && grep -q '^There is no swap.$' out
	point $? "swap where there is none is one sentence"
	modprobe zram 2> err && echo 32M > /sys/block/zram0/disksize &&
		mkswap /dev/zram0 > out 2> err && swapon /dev/zram0 2> err
	point $? "swap in zram"
	for dataset in swap_areas swap_map; do
		bad=0
		for form in "" --raw --csv --output-all "--raw --output-all" --list-columns; do
			# shellcheck disable=SC2086 # words
			prints "$dataset" $form || bad=1
		done
		prints "$dataset" --json --output-all && json_is_balanced out || bad=1
		point $bad "$dataset prints in every form"
	done
	mmscope swap > out 2> err && grep -q '^1 swap area: 32M, ' out &&
		grep -q ' /dev/zram0 *zram ' out
	point $? "swap tells the areas"
	mmscope swap -J > out 2> err && json_is_balanced out && grep -q '"kind": "zram", "priority": -' out
	point $? "swap as JSON"
	mmscope swap nonsense > out 2> err
	[ $? -eq 1 ] && grep -q "'nonsense'" err
	point $? "swap refuses a word in a sentence"
	mmscope --record file.rec swap -J > live 2> err && mmscope --from file.rec swap -J > again &&
		cmp live again > /dev/null
	point $? "swap from a recording is what was live"
	swapoff /dev/zram0
	echo 1 > /sys/block/zram0/reset
}

test_commit()
{
	mmscope commit > out 2> err && grep -q '^Promised: ' out &&
		grep -q '^Only a request is refused that alone is larger' out
	point $? "commit tells the mode and what is promised"
	echo 2 > /proc/sys/vm/overcommit_memory
	mmscope commit > out 2> err && grep -q '^All promises together' out &&
		grep -q ' to an ordinary user, .* to root.$' out
	point $? "commit tells what would be refused"
	mmscope commit -J > out 2> err && json_is_balanced out && grep -q '"mode": "never"' out
	point $? "commit as JSON"
	echo 1 > /proc/sys/vm/overcommit_memory
	mmscope commit > out 2> err && grep -q '^No request is refused' out &&
		! grep -q 'to an ordinary user' out
	point $? "commit where nothing is refused"
	echo 0 > /proc/sys/vm/overcommit_memory
	mmscope commit nonsense > out 2> err
	[ $? -eq 1 ] && grep -q "'nonsense'" err
	point $? "commit refuses a word in a sentence"
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

echo "TAP version 13"
test_forms
test_debugfs
test_proc
test_slabs
test_vtop
test_where
test_page
test_frame_filters
test_map
test_rmap
test_rmap_file
test_ptcost
test_usage
test_layout
test_alloc
test_pressure
test_proc_command
test_explain
test_errors
test_streams
test_kmap
test_cached
test_cgroups
test_swap
test_commit
test_diff
test_recording
test_module
echo "1..$points"
exit $failed

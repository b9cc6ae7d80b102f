#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Commands about processes on the running kernel: against maps, pagemap, status and
# smaps of the test's own shell and its children.
# shellcheck source=selftests/cli.sh
. "$(dirname "$0")/cli.sh"

test_vtop()
{
	find_stack
	addr=$(printf '%x' $((page * page_bytes + 8)))
	mmscope vtop $$ "$addr" > out 2> err
	grep -q "  PAGE: $(printf '0x%x' $((pfn * page_bytes)))  pfn $pfn " out
	point $? "vtop finds the frame that pagemap has"
	grep -q "^0x$addr *$(printf '0x%x' $((pfn * page_bytes + 8)))$" out &&
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

# A fork may share or copy that page, so it is looked for among what is found.
test_rmap()
{
	find_stack
	line="$$ $(cat /proc/$$/comm) $(printf '0x%x' $((page * page_bytes)))"
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

text_pages()	# text_pages START END: how many pages there this shell has, by pagemap
{
	dd if=/proc/$$/pagemap bs=8 skip=$((0x$1 / page_bytes)) \
		count=$(((0x$2 - 0x$1) / page_bytes)) 2> /dev/null |
		od -An -v -t d8 | tr -s ' ' '\n' | grep -c '^-'
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
	addr=$(printf '%x' $((page * page_bytes + 8)))
	mmscope explain $$ "$addr" > out 2> err
	phys=$(printf '0x%x' $((pfn * page_bytes + 8)))
	grep -q "frame $pfn: physical $phys, byte 8 of $page_bytes" out &&
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
	addr=$(printf '0x%x' "$page_bytes")
	[ "$(mmscope faults --pid $$ --range "$addr+$addr" -rn -o start,read,write)" = \
		"$addr segv_no_vma segv_no_vma" ]
	point $? "faults of an address where nothing is"
	mmscope residency --pid $$ --json > out 2> err && grep -q '"residency": \[\]' out
	point $? "residency of what has nothing in swap is empty"
}

test_vtop
test_rmap
test_rmap_file
test_ptcost
test_usage
test_layout
test_proc_command
test_explain
done_testing

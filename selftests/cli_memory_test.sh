#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Commands about the machine's memory on the running kernel: against /proc, sysfs and
# what the test itself does with files, cgroups and swap.
# shellcheck source=selftests/cli.sh
. "$(dirname "$0")/cli.sh"

slabs_of()	# slabs_of CACHE
{
	cut -d ' ' -f 1 "/sys/kernel/slab/$1/slabs"
}

# Processes end all the time, and a slab that they leave goes later: until nothing moved.
slabs_until_still()
{
	tries=10
	while [ $((tries -= 1)) -ge 0 ]; do
		before=$(slabs_of task_struct)
		mmscope slabs --name task_struct -rn -o pages,state,cache > out 2> err || return
		slabs=$(slabs_of task_struct)
		[ "$before" -ne "$slabs" ] || return 0
	done
}

test_slabs()
{
	! lacks slab_caches || return
	slabs_until_still &&
		awk '$3 != "task_struct" { exit 1 } END { exit !NR }' out
	point $? "slabs of a cache are chosen by its name"
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
	if uname -v | grep -q PREEMPT_RT; then
		refuses "no exact counts with PREEMPT_RT" mmscope slab --exact
		return
	fi
	# CPUs keep no objects back for themselves where each is checked
	mmscope slab --exact -rn -o inuse_min_objects,inuse_exact_objects,inuse_objects > out \
		2> err && ! grep -q '?' out &&
		awk -v same="$(cat /sys/kernel/slab/task_struct/sanity_checks)" \
			'$1 > $2 || $2 > $3 { exit 1 } $2 < $3 { less = 1 }
			END { exit !(less || same) }' out
	point $? "exact counts are between the bounds"
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
	mmscope page phys:$((pfn * page_bytes + 5)) $pfn -rn -o pfn,class > out 2> err &&
		[ "$(grep -c "^$pfn anon$" out)" -eq 2 ]
	point $? "page takes physical addresses, and several words"
	mmscope page $$:$((page * page_bytes)) -rn -o class > out 2> err && [ "$(cat out)" = anon ]
	point $? "page takes an address of a process"
	if ! lacks slab_caches; then
		slab=$(mmscope extents --class slab -rn -o pfn --limit 1)
		mmscope page phys:$((slab * page_bytes + 100)) > out 2> err &&
			grep -q '^ *slab_object  *[0-9]' out
		point $? "page tells the object of an address in a slab"
	fi
	mmscope --record file.rec page $pfn -J --output-all > live 2> err &&
		mmscope --from file.rec page $pfn -J --output-all > again 2> err &&
		cmp live again > /dev/null
	point $? "page from a recording is what was live"
	refuses "this page frame was not recorded" mmscope --from file.rec page 17
	refuses "page frame 0xffffffffff: no memory is there" mmscope page 0xffffffffff
	refuses "bad page frame 'x'" mmscope page x
	refuses "page wants page frames" mmscope page
}

# What is drawn is compared frame by frame with records in host_map_test.c; here
# it is this kernel's memory, and cgroups have names.
test_map()
{
	mmscope map > out 2> err && grep -q '^[.] free  *[0-9]' out
	point $? "map draws this machine"
	mmscope map --png map.png --html map.html 2> err &&
		head -c 4 map.png | grep -q PNG && grep -q '"extents":\[' map.html
	point $? "map writes a PNG and a page"
	has_memory_cgroups || return
	group=/sys/fs/cgroup/cli_test
	echo +memory > /sys/fs/cgroup/cgroup.subtree_control
	mkdir $group
	(echo 0 > $group/cgroup.procs && exec dd if=/dev/zero of=charged bs=1M count=9) 2> err
	mmscope map --layer cgroup > out 2> err && grep -q '^. /cli_test  *9' out
	point $? "map knows the cgroup that 9M are charged to"
	rm charged
	rmdir $group
}

# Nothing is short in this guest; what is said when it is, alloc_test makes sure of.
test_alloc()
{
	# more than one zone, if there is more than one
	zones=$(($(awk '$1 == "managed" && $2 > 0' /proc/zoneinfo | wc -l) > 1 ? 2 : 1))
	kib=$((page_bytes / 1024))
	orders=$(awk 'NR == 1 { print NF - 4 }' /proc/buddyinfo)
	mmscope alloc --order 0 --gfp GFP_KERNEL > out 2> err &&
		grep -q "^order 0 (${kib}K) GFP_KERNEL on node 0 would succeed at once: zone " out &&
		[ "$(sed '/^$/q' out | grep -c ' success ')" -ge $zones ]
	point $? "alloc tells of each zone, and that it would succeed"
	mmscope alloc --order 10 --gfp '__GFP_COMP|GFP_NOWAIT,__GFP_DMA' --raw > out 2> err &&
		[ "$(wc -l < out)" -eq 2 ] && grep -q '^0 DMA ' out
	point $? "alloc knows flags joined in either way, and which zones they leave"
	# the smallest zone's free pages are kept from those who can use a higher one, if there is one
	lines=$(mmscope alloc --order 0 --gfp GFP_KERNEL --raw -n -o lowmem_reserve_pages,zone)
	reserve=$(echo "$lines" | sed -n 's/ DMA$//p')
	{ [ "$reserve" -gt 0 ] || [ $zones -eq 1 ]; } &&
		[ "$reserve" -eq "$(awk '
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
	refuses "bad order '$orders': 0 to $((orders - 1)) is wanted" \
		mmscope alloc --order "$orders" --gfp GFP_KERNEL
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
	refuses "bad order '$orders': 0 to $((orders - 1)) is wanted" \
		mmscope pressure --order "$orders"
	refuses "pressure is text or --json" mmscope pressure --csv
	refuses "pressure takes no words: 'now'" mmscope pressure now
	refuses "pressure does not take --zone" mmscope pressure --zone 1
	refuses "reclaim has no records to choose by --memcg" mmscope reclaim --memcg 1
	has_memory_cgroups || return
	mmscope lru_pages --memcg / --limit 3 -rn -o memcg > out 2> err &&
		[ "$(sort -u out)" = "$(stat -c %i /sys/fs/cgroup)" ]
	point $? "lru_pages takes a cgroup by its path"
}

test_kmap()
{
	! lacks init_mm || return
	mmscope kmap > out 2> err && grep -q '^direct_map ' out && grep -q '^text ' out &&
		grep -q '^W+X: none' out
	point $? "kmap tells regions, and that nothing is both writable and executable"
	mmscope kmap -J > out 2> err && json_is_balanced out && grep -q '"wx_ranges": 0' out
	point $? "kmap as JSON"
	mmscope kmap wx > out 2> err && grep -q '^W+X: none' out
	point $? "kmap wx succeeds where there is nothing"
	# the trampoline of other CPUs alone sees to it that the first block is split; arm64 maps
	# all of it page by page, so that there is no block to split
	first=$([ "$(uname -m)" = aarch64 ] && echo 0 || echo 1)
	[ "$(mmscope kmap splits --raw -n 2> err | awk '$1 == 0 && $3 == 2097152' | wc -l)" -eq "$first" ]
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
	ways="file fs process"
	! has_memory_cgroups || ways="$ways cgroup"
	for by in $ways; do
		mmscope cached --by "$by" -J > out 2> err && json_is_balanced out &&
			mmscope cached --by "$by" --total > out 2> err && [ -s out ]
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
	if ! has_memory_cgroups; then
		for words in cgroups memcgs "cached --by cgroup" swap_cgroups "map --layer cgroup" \
			"lru_pages --memcg /" "pages --memcg 1" "oom --cgroup /"; do
			# shellcheck disable=SC2086 # words
			refuses "memory cgroups are switched off" mmscope $words
		done
		return
	fi
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
	# in Linux 7 it goes, and its pages are its parent's
	i=0
	until mmscope cgroups | grep -q 'below .* dying .*shmem 1M' ||
		grep -q '^nr_dying_descendants 0' $cgroup/cgroup.stat; do
		i=$((i + 1))
		[ $i -lt 20 ] || break
		sleep 1
	done
	[ $i -lt 20 ]
	point $? "cgroups tells what keeps a removed one"
	owner='dying .* /cli_test/below$'
	! grep -q '^nr_dying_descendants 0' $cgroup/cgroup.stat || owner='/cli_test$'
	mmscope cached --by cgroup -b > out 2> err &&
		grep -q "1048576 *0 *1048576 .* $owner" out
	point $? "cached --by cgroup has the removed one's pages"
	rm /tmp/cgroup_file
	rmdir $cgroup
	refuses "cgroups takes no words" mmscope cgroups word
}

test_swap()
{
	! lacks swap_info || return
	mmscope swap > out 2> err && grep -q '^There is no swap.$' out
	point $? "swap where there is none is one sentence"
	{ [ -e /sys/block/zram0 ] || modprobe zram; } 2> err &&
		echo 32M > /sys/block/zram0/disksize &&
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
	! lacks sysctl_overcommit_memory || return
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

test_slabs
test_where
test_page
test_map
test_alloc
test_pressure
test_kmap
test_cached
test_cgroups
test_swap
test_commit
done_testing

# SPDX-License-Identifier: GPL-2.0
# bash completion for mmscope(8). Datasets, columns and names of values are asked
# from the command itself where the device can be read; else a list must do.

_mmscope_datasets()
{
	local names
	names=$(mmscope list -rn -o name 2> /dev/null) ||
		names="features nodes zones pcp buddy free_blocks pageblocks slab_caches pages
			vmas pagetables mappings slabs slab_use usage pt_placement thp address_space numa
			processes faults residency oom_rank oom_last contiguity ptes kernel_mappings vmallocs"
			processes faults residency contiguity ptes kernel_mappings vmallocs
			page_cache memcgs memcg_pages"
			processes faults residency contiguity ptes kernel_mappings vmallocs
			reclaim reclaim_events lru lru_pages"
			processes faults residency contiguity ptes kernel_mappings vmallocs
			swap_areas swap_map swap_cgroups zswap overcommit commit_processes
			thp_state khugepaged hugetlb ksm"
	names=${names/translations/}
	names=${names/alloc_zones/}
	names=${names/frames/}
	names=${names/events/}
	echo "${names/rmaps/}"
}

# the dataset among the words so far
_mmscope_dataset()
{
	local word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		-*) ;;
		*) [[ " $(_mmscope_datasets) $aliases " != *[[:space:]]"$word"[[:space:]]* ]] ||
			echo "$word" ;;
		esac
	done | tail -n 1
}

_mmscope_columns()
{
	local dataset
	dataset=$(_mmscope_dataset)
	[ -z "$dataset" ] || mmscope "$dataset" --list-columns -rn 2> /dev/null | cut -d ' ' -f 1
}

_mmscope_pids()
{
	local dir
	for dir in /proc/[0-9]*; do
		echo "${dir#/proc/}"
	done
}

_mmscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} prefix=
	local aliases="buddyinfo zoneinfo slabinfo slab pt pagemap maps"
	local words
	case $prev in
	--pid|-p)
		words="self $(_mmscope_pids)" ;;
	ptcost|contig)
		words="--all $(_mmscope_pids)" ;;
	attach|detach|vtop|explain|layout)
		words=$(_mmscope_pids) ;;
	diff)
		# a process, or a recording
		mapfile -t COMPREPLY < <(compgen -f -W "$(_mmscope_pids)" -- "$cur")
		return ;;
	--record|--from|--png|--svg|--html|rmap|record|replay)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	--node)
		words=$(mmscope nodes -rn -o node 2> /dev/null) ;;
	--zone)
		words=$(mmscope zones -rn -o zone 2> /dev/null | sort -u) ;;
	--color)
		words="auto always never" ;;
	--sort)
		words=$(_mmscope_columns) ;;
	--output|-o)
		# after the last comma, or the plus
		case $cur in
		*,*) prefix=${cur%,*}, ;;
		+*) prefix=+ ;;
		esac
		cur=${cur#"$prefix"}
		words=$(_mmscope_columns) ;;
	blockers)
		words=census ;;
	oom)
		words="--cgroup --arm --disarm --last --json --limit" ;;
	kmap)
		words="splits wx" ;;
	--by)
		words="file fs cgroup process" ;;
	--name)
		words=$(mmscope slab_caches -rn -o name 2> /dev/null) ;;
	--size)
		words="2M 1G" ;;
	--datasets)
		case $cur in
		*,*) prefix=${cur%,*}, ;;
		esac
		cur=${cur#"$prefix"}
		words="owners $(_mmscope_datasets)" ;;
	--layer)
		words="class migratetype order node owner cgroup" ;;
	--curve)
		words="linear hilbert" ;;
	--kind)
		words="watermark kswapd_call kswapd_wake kswapd_sleep reclaim_begin reclaim
			memcg_reclaim_begin memcg_reclaim compaction_begin compaction fallback
			oom_kill thp_collapse" ;;
	--range|--class|--limit|--order|--gfp|--interval|--tlb|--count|--duration)
		return ;;
	*)
		words="$(_mmscope_datasets) list where blockers hugepages map page vtop rmap alloc
			contig diff explain kmap layout proc ptcost watch attach detach help"
			contig diff explain kmap layout oom proc ptcost attach detach help"
	--range|--class|--limit|--top|--order|--gfp|--interval|--tlb)
		return ;;
	*)
		words="$(_mmscope_datasets) list where blockers hugepages map page vtop rmap alloc
			cached cgroups contig diff explain kmap layout proc ptcost attach detach help"
			contig diff explain kmap layout pressure proc ptcost attach detach help"
			commit contig diff explain kmap layout proc ptcost swap attach detach help"
	--range|--class|--limit|--order|--gfp|--interval|--tlb|--at|--count|--duration|\
	--from-sample|--to-sample)
		return ;;
	*)
		words="$(_mmscope_datasets) list where blockers hugepages map page vtop rmap alloc
			contig diff explain kmap layout proc ptcost record replay attach detach help"
		[ -z "$cur" ] || words+=" $aliases"
		[[ $cur != -* ]] || words="--json --raw --pairs --csv --noheadings --bytes
			--color --output --output-all --list-columns --sort --limit --top --by --total
			--node --zone --pid --all --range --class --name --flags --owner --memcg --exact --order --gfp
			--layer --curve --size --png --svg --html --record --from
			--interval --kind --count --duration --owners --verbose --help --version" ;;
			--cgroup --arm --disarm --last --interval --verbose --help --version" ;;
			--at --count --duration --datasets --list --from-sample --to-sample
			--interval --verbose --help --version" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$cur")
}

complete -F _mmscope mmscope

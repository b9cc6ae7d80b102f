# SPDX-License-Identifier: GPL-2.0
# bash completion for mmscope(8). Datasets, columns and names of values are asked
# from the command itself where the device can be read; else a list must do.

_mmscope_datasets()
{
	local name names
	names=$(mmscope list -rn -o name 2> /dev/null) ||
		names="features nodes zones pcp buddy free_blocks pageblocks slab_caches pages
			vmas pagetables mappings slabs slab_use usage pt_placement thp address_space numa
			processes faults residency contiguity ptes kernel_mappings vmallocs
			oom_rank oom_last page_cache memcgs memcg_pages
			reclaim reclaim_events lru lru_pages swap_areas swap_map swap_cgroups zswap
			overcommit commit_processes thp_state khugepaged hugetlb ksm"
	for name in $names; do
		case $name in
		# answers to a question, or only read() has them
		translations|alloc_zones|frames|rmaps|events) ;;
		*) echo "$name" ;;
		esac
	done
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
		words="extent_sums $(_mmscope_datasets)" ;;
	--layer)
		words="class migratetype order node owner cgroup" ;;
	--curve)
		words="linear hilbert" ;;
	--kind)
		words="watermark kswapd_call kswapd_wake kswapd_sleep reclaim_begin reclaim
			memcg_reclaim_begin memcg_reclaim compaction_begin compaction fallback
			oom_kill thp_collapse" ;;
	--range|--class|--limit|--top|--order|--gfp|--interval|--tlb|--at|--count|--duration|\
	--from-sample|--to-sample|--cgroup)
		return ;;
	*)
		words="$(_mmscope_datasets) list where blockers hugepages map page vtop rmap alloc
			cached cgroups commit contig diff explain kmap layout oom pressure proc ptcost
			record replay swap watch attach detach help"
		[ -z "$cur" ] || words+=" $aliases"
		[[ $cur != -* ]] || words="--json --raw --pairs --csv --noheadings --bytes
			--color --output --output-all --list-columns --sort --limit --top --by --total
			--node --zone --pid --all --range --class --name --flags --owner --memcg --exact --order --gfp
			--layer --curve --size --png --svg --html --record --from
			--at --interval --count --duration --kind --owners --cgroup --arm --disarm --last
			--datasets --list --from-sample --to-sample --verbose --help --version" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$cur")
}

complete -F _mmscope mmscope

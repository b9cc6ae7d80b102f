#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The mmscope command on recordings of a real kernel: every command in
# recordings/golden.txt prints what stands there; and what is not output: exit
# status, pipes, full disks, colour. No device. $MMSCOPE is the command.
# usage: host_cli_test.sh [--print]	(golden.txt as it would be now)
cd "$(dirname "$0")" || exit 1
MMSCOPE=${MMSCOPE:-../tools/mmscope}
[ -x "$MMSCOPE" ] || { echo "1..0 # SKIP no mmscope at $MMSCOPE"; exit 4; }
MMSCOPE=$(realpath "$MMSCOPE")
golden=$(realpath recordings/golden.txt)
recordings=$(realpath recordings)
# shellcheck source=selftests/points.sh
. ./points.sh
unset NO_COLOR
export LC_ALL=C TERM=xterm TZ=UTC

mmscope()
{
	"$MMSCOPE" "$@"
}

# A command line of golden.txt, its output, its status unless that is 0.
print()
{
	printf '$ %s\n' "$1"
	eval "$1" 2>&1
	status=$?
	[ $status -eq 0 ] || echo "[status $status]"
}

commands()
{
	sed -n 's/^\$ //p' "$golden"
}

# What golden.txt has for a command: up to the next one.
expected()
{
	COMMAND="\$ $1" awk '
		$0 == ENVIRON["COMMAND"] { on = 1; print; next }
		/^\$ / { on = 0 }
		on' "$golden"
}

test_golden()
{
	commands > typed
	while read -r line; do
		expected "$line" > wanted
		print "$line" < /dev/null > actual
		diff wanted actual > difference
		point $? "$line"
		sed 's/^/# /' difference
	done < typed
}

test_errors()
{
	printf 'no recording' > text.rec
	head -c 1000 machine.rec > cut.rec
	refuses 'absent.rec: No such file' mmscope --from absent.rec
	refuses 'text.rec: not a recording' mmscope --from text.rec
	refuses 'cut.rec: the recording is cut off' mmscope --from cut.rec
	if [ ! -e /dev/mmscope ]; then
		refuses "the module is not loaded: run 'modprobe mmscope'" mmscope
	fi
	mmscope --from machine.rec --no-such-option > out 2> err
	[ $? -eq 1 ] && grep -q "Try 'mmscope --help'" err
	point $? "an unknown option points to the help"
}

# A recorder that was killed: whatever is whole is used, and that is said.
test_cut_samples()
{
	size=$(wc -c < samples.rec)
	whole=$(mmscope replay samples.rec --list -rn | wc -l)
	bad=0
	last=0
	# the first sample ends before the first of these
	for cut in 54500 55555 56789 57000 58123 59999 $((size - 17)) $((size - 16)) \
		   $((size - 1)); do
		head -c $cut samples.rec > cut.rec
		nr=$(mmscope replay cut.rec --list -rn 2> err | wc -l)
		if [ "$nr" -lt "$last" ] || [ "$nr" -lt 1 ] ||
		   ! grep -q "cut off, or goes on: its $nr whole samples are used" err ||
		   ! mmscope where --from cut.rec --at "$nr" > out 2> /dev/null ||
		   ! mmscope where --from samples.rec --at "$nr" | cmp -s - out; then
			bad=1
			echo "# cut to $cut of $size: $nr samples"
		fi
		last=$nr
	done
	[ $bad -eq 0 ] && [ "$last" -eq "$whole" ]
	point $? "of a recording that is cut anywhere the whole samples are used"
	head -c 42000 samples.rec > cut.rec
	refuses 'cut.rec: the recording is cut off' mmscope replay cut.rec
}

test_json()
{
	if ! command -v python3 > /dev/null; then
		echo "# SKIP no python3: JSON is not validated"
		return
	fi
	for dataset in $(mmscope --from machine.rec list -rn | cut -d ' ' -f 1); do
		case $dataset in
		pages|translations|rmaps|alloc_zones|frames) continue ;;
		esac
		mmscope --from machine.rec "$dataset" -J --output-all |
			python3 -m json.tool > /dev/null
		point $? "$dataset is valid JSON"
	done
	mmscope --from pages.rec pages --range 0x900+200 -J --output-all |
		python3 -m json.tool > /dev/null
	point $? "pages is valid JSON"
	mmscope --from machine.rec -J | python3 -m json.tool > /dev/null
	point $? "the overview is valid JSON"
	mmscope --from machine.rec zones buddy -J | python3 -m json.tool > /dev/null
	point $? "two datasets are valid JSON"
	mmscope diff samples.rec -J | python3 -m json.tool > /dev/null
	point $? "what grew is valid JSON"
	mmscope replay samples.rec -J | python3 -m json.tool > /dev/null
	point $? "memory over time is valid JSON"
	mmscope --from vtop.rec vtop self 1000 7fffffffe000 -J | python3 -m json.tool > /dev/null
	point $? "vtop is valid JSON"
}

# What a column holds does not depend on how it is printed.
test_forms_agree()
{
	for dataset in zones slab_caches mappings; do
		mmscope --from machine.rec "$dataset" --csv --output-all |
			sed 's/,,/,-,/g; s/,,/,-,/g; s/,$/,-/; s/,/ /g' > csv
		mmscope --from machine.rec "$dataset" --raw --output-all |
			sed 's/?/-/g' > raw
		cmp csv raw > /dev/null
		point $? "$dataset: CSV and raw agree"
	done
}

test_streams()
{
	mmscope --from machine.rec mappings > /dev/full 2> err
	[ $? -eq 1 ] && grep -q 'write error' err
	point $? "a full disk is an error"
	mmscope --from pages.rec pages --range 0x900+200 --output-all -J 2> err |
		head -n 1 > /dev/null
	[ ! -s err ]
	point $? "a reader that went is none"
}

has_color()
{
	grep -q "$(printf '\033')"
}

test_color()
{
	! mmscope --from machine.rec zones | has_color
	point $? "no colour into a pipe"
	mmscope --from machine.rec zones --color=always | has_color
	point $? "colour into a pipe when asked for"
	! NO_COLOR=1 mmscope --from machine.rec zones --color=auto | has_color
	point $? "no colour with NO_COLOR"
	! mmscope replay samples.rec | has_color && ! mmscope replay samples.rec --interval 1s |
		has_color && mmscope replay samples.rec --color=always | has_color
	point $? "the chart has colour when asked for only"
	! mmscope --from machine.rec zones --color=always -J | has_color
	point $? "no colour in JSON"
}

test_locale()
{
	LC_ALL=C mmscope --from machine.rec slab > c
	LC_ALL=C.UTF-8 mmscope --from machine.rec slab > utf8
	cmp c utf8
	point $? "numbers are the same in every locale"
}

cd "$work" || exit 1
for file in "$recordings"/*.gz; do
	gunzip -c "$file" > "$(basename "$file" .gz)"
done

if [ "${1:-}" = --print ]; then
	commands | while read -r line; do
		print "$line" < /dev/null
	done
	exit
fi

echo "TAP version 13"
test_golden
test_errors
test_cut_samples
test_json
test_forms_agree
test_streams
test_color
test_locale
echo "1..$points"
exit $failed

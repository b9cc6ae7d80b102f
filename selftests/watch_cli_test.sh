#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# mmscope watch: sentences, JSON lines, the ends (a count, a time, a signal), and
# --owners.
# shellcheck source=selftests/cli.sh
. "$(dirname "$0")/cli.sh"

# compacts now and then, until it is killed
compact_later()
{
	while sleep 1; do
		echo 1 > /proc/sys/vm/compact_memory
	done &
	compacter=$!
}

compact_later

timeout 60 mmscope watch --kind compaction --count 2 > out 2> err &&
	[ "$(grep -c '^ *[0-9.]* compaction of zone [A-Z0-9a-z]* of node 0 by [^ ]*\[[0-9]*\]: .* pages scanned, compact_' out)" -eq 2 ] &&
	grep -q '^2 events, 0 lost$' out && grep -q '^compaction  *2 ' out
point $? "two compactions in words, and their sum"

timeout 60 mmscope watch --kind compaction,compaction_begin --count 4 --json > out 2> err &&
	[ "$(grep -c '^{"ns": [0-9]*, .*"kind": "compaction.*}$' out)" -eq 4 ] &&
	[ "$(wc -l < out)" -eq 4 ]
point $? "an object a line with --json"

mmscope watch --kind compaction > out 2> err &
watcher=$!
sleep 4
kill -INT $watcher
wait $watcher && grep -q ' events, 0 lost$' out
point $? "^C ends with a summary"

timeout 60 mmscope watch --kind oom_kill --duration 200ms > out 2> err &&
	grep -q '^0 events, 0 lost$' out
point $? "a time without events"

kill $compacter

mmscope watch --owners -rn -o pages,comm,frames --limit 20 > out 2> err &
watcher=$!
until grep -q 'until ^C' err || ! kill -0 $watcher; do sleep 0.2; done
sleep 1
dd if=/dev/zero of=held bs=1M count=8 2> /dev/null
kill -INT $watcher
wait $watcher && awk -v pages=$((8 * 1024 * 1024 / page_bytes)) \
	'$2 == "dd" && /alloc_pages/ && $1 >= pages / 2 { ok = 1 } END { exit !ok }' out
point $? "the owner of 8 MB of a file is named"
[ "$(mmscope owners -rn 2> err | wc -l)" -eq 0 ]
point $? "and forgotten"

refuses "there is no kind 'compact'" mmscope watch --kind compact
refuses "watch is text or --json" mmscope watch --csv
refuses "bad count '0'" mmscope watch --count 0
refuses "watch takes no words" mmscope watch events
refuses "events has only answers to a question: mmscope watch" mmscope events
refuses "are about events, not --owners" mmscope watch --owners --count 3
done_testing

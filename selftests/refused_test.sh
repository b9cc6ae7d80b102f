#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A kernel that was booted to take signed modules only, and a module that is not signed:
# it was refused, and the command says what to do. Runs in a guest (busybox sh).
echo "TAP version 13"
echo "1..4"
# shellcheck source=selftests/points.sh
. "$(dirname "$0")/points.sh"

sed 's/^/# /' /tmp/refused
[ ! -e /dev/mmscope ] && ! grep -q '^mmscope ' /proc/modules
point $? "the module is not loaded"
grep -qE 'Operation not permitted|Required key not available|Key was rejected' /tmp/refused
point $? "insmod was refused for the signature"
"$MMSCOPE" zones > /tmp/out 2> /tmp/err
[ $? -eq 1 ] && [ ! -s /tmp/out ] && [ "$(wc -l < /tmp/err)" -eq 1 ]
point $? "the command fails with one sentence"
sed 's/^/# /' /tmp/err
grep -q 'only signed modules: see SECURE BOOT in mmscope(8)' /tmp/err
point $? "which says that the module must be signed"
exit $failed

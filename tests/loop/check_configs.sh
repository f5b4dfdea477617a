#!/bin/bash
# SPDX-License-Identifier: MIT
# check_configs.sh - rrctl check knows which configurations there are games for.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/configs-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 99
ctl() { run "$RR_BUILDDIR/rrctl" -C "$work/d" "$@"; }

ctl init
is "init" "$rc" 0
ctl check --set scheduler.configs=othello8_2p,hex8_2p@canonical
is "configurations of two games" "$rc$err" 0
ctl check --set scheduler.configs=hex8_2p,nosuch_9p
is "one that no game has" "$rc" 78
like "is named, and those that there are" "$err" '*no game variant "nosuch_9p"; there are:*othello8_2p*'
done_testing

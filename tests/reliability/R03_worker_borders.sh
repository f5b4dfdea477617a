#!/bin/bash
# SPDX-License-Identifier: MIT
# R03: kill -9 of a worker at each border of its callbacks: as many effects as events, none twice.
set -u

# shellcheck source=tests/crash/lib.sh
. "$(dirname "$0")/../crash/lib.sh"

rounds=$(times 2 100)
retain=1000
mapfile -t points < <({ "$base/bin/rrd-worker" --list-fail-points; printf 'effect.before\neffect.after\n'; } | sort -u)
is "R03 there are borders" "$([ ${#points[@]} -ge 8 ]; echo $?)" 0

one() {
    fresh
    go "$1:$2"
    wait_for 10 is_up
    wait_for 20 has_turned || echo "the ring stands still"
    end "$1:$2" # drain and fini come when the stages stop
    [ -e "$base/flag" ] || echo "not passed"
    go
    judge "$1:$2"
}

for point in "${points[@]}"; do
    torment "$point" "$rounds" 10
    is "R03 $point: nothing is lost or done twice" "$wrong" ""
    is "R03 $point: a worker died there" "$hit" 1
done
done_testing

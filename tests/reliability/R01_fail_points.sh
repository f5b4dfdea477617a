#!/bin/bash
# SPDX-License-Identifier: MIT
# R01: kill -9 of the daemon at each named place. After a new start nothing is lost, nothing is missing,
# nothing was done twice. Every place that the daemon has must have been passed.
set -u

# shellcheck source=tests/crash/lib.sh
. "$(dirname "$0")/../crash/lib.sh"

rounds=$(times 2 25)
mapfile -t points < <("$rrd" --list-fail-points | sort -u)
is "R01 there are at least 40 places" "$([ ${#points[@]} -ge 40 ]; echo $?)" 0
is "R01 each name stands once" "$("$rrd" --list-fail-points | sort | uniq -d)" ""

# one POINT N: run everything with a death at the N-th pass; prints what went wrong
one() {
    fresh
    go "$1:$2"
    wait_for 10 is_up_or_gone
    is_gone || everything
    is_gone || wait_for 10 has_turned_or_gone
    end "$1:$2"
    [ -e "$base/flag" ] || echo "not passed"
    go
    judge "$1:$2"
}

missed=()
for point in "${points[@]}"; do
    torment "$point" "$rounds" 20
    [ $hit -eq 1 ] || missed+=("$point")
    is "R01 $point" "$wrong" ""
done
is "R01 every place was passed" "${missed[*]:-}" ""
done_testing

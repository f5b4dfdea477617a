#!/bin/bash
# SPDX-License-Identifier: MIT
# R05: kill -9 of the daemon and all its workers at once. No leftovers, and never two processes of one
# stage: each worker holds the lock of its stage, and the ring would show a second one.
set -u

# shellcheck source=tests/crash/lib.sh
. "$(dirname "$0")/../crash/lib.sh"

rounds=$(times 5 100)
wrong=
two=0
fresh
laps=100000
sed -i 's/^laps = .*/laps = 0/; s/^retain_events.*/retain_events = 1000000/' "$dir/conf.d/10-ring.ini"
for ((i = 1; i <= rounds; i++)); do
    before=$(laps_of ring_sink | wc -l)
    go
    is_further() { [ "$(laps_of ring_sink | wc -l)" -gt $((before + 5)) ]; }
    wait_for 20 is_further || wrong+="round $i: the ring does not turn; "
    workers=$(pgrep -P "$daemon")
    names=$(for w in $workers; do tr '\0' '\n' < "/proc/$w/environ" 2> /dev/null | sed -n 's,^RR_WORKER=[^/]*/\([^/]*\)/.*,\1,p'; done)
    [ "$(echo "$names" | sort | uniq -d)" = "" ] || two=1
    # shellcheck disable=SC2086
    kill -9 "$daemon" $workers
    wait "$daemon" 2> /dev/null
    daemon=0
    none_left() { ! pgrep -f "$base/bin/rrd-worker" > /dev/null; }
    wait_for 5 none_left || wrong+="round $i: workers are left; "
done
is "R05 $rounds times: the ring goes on, nothing is left" "$wrong" ""
is "R05 never two workers of one stage" "$two" 0
go
is_soon "R05 it starts again" 10 is_up
end R05
exec 8> "$dir/state/stages/ring_work.lock"
flock 8
go 8>&-
stands_back() { grep -q "older process of this stage is still there" "$dir/log/rrd.log"; }
is_soon "R05 a stage whose lock somebody holds is not started" 10 stands_back
is "R05 and has no process" "$(pgrep -P "$daemon" -f -- --stage=ring_work)" ""
exec 8>&-
before=$(laps_of ring_sink | wc -l)
is_soon "R05 before the lock is free" 20 is_further
end R05
is "R05 no lap came twice or was missing" "$(grep -h 'ring violation' "$dir"/log/ring_*.log)" ""
is "R05 nothing was buried" "$(grep -c 'event buried' "$dir/log/rrd.log")" 0
for stage in "${ring[@]}"; do
    is "R05 $stage did nothing twice" "$(laps_of "$stage" | uniq -d | wc -l)" 0
done
done_testing

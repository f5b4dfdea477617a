#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R02: kill -9 of workers and of the daemon at random times while a ring of stages runs.
#
#     R02_random_kills.sh [WORKER_KILLS [DAEMON_KILLS]]    default 60 30, with RR_FULL=1 1000 1000
#
# The ring (tests/puppet/ring.c) sends tokens round and round. Each stage keeps the last lap of each
# token and makes one file for each event. Afterwards: no token was lost, no lap is missing or was
# done twice, nothing is buried, no event is in the log twice, no process is left.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

read -r want_workers want_daemons <<< "${*:-$(times "60 30" "1000 1000")}"
want_daemons=${want_daemons:-0}
tokens=12
daemon=0
ring_conf 10000000 16 'work = 2ms' "tokens = $tokens" > "$dir/conf.d/10-ring.ini"

start_daemon() {
    # 9>&-: what is killed at random must not hold our descriptors
    "$rrd" -C "$dir" > "$base/out.txt" 2>&1 9>&- &
    daemon=$!
}

# Sum of laps that the sink has seen; whether they are so many.
turned() { laps_of ring_sink | wc -l; }
ring_turns() { [ "$(turned)" -ge "$1" ]; }

start_daemon
wait_for 20 ring_turns 20 || { echo "Bail out! the ring does not turn"; cat "$dir"/log/* "$base/out.txt"; exit 1; }

killed_workers=0
tries=0
while [ $killed_workers -lt "$want_workers" ] && [ $tries -lt $((want_workers * 50)) ]; do
    tries=$((tries + 1))
    pause_ms $((RANDOM % 60 + 1))
    children=()
    read -r -a children 2> /dev/null < "/proc/$daemon/task/$daemon/children"
    [ ${#children[@]} -gt 0 ] || continue
    kill -9 "${children[RANDOM % ${#children[@]}]}" 2> /dev/null && killed_workers=$((killed_workers + 1))
done
is "R02 workers killed" "$killed_workers" "$want_workers"
before=$(turned)
is_soon "R02 the ring turns after the workers' deaths" 30 ring_turns $((before + 20))

killed_daemons=0
while [ $killed_daemons -lt "$want_daemons" ]; do
    # from the middle of a start to a loop in full swing
    pause_ms $((RANDOM % 250 + 1))
    kill -9 "$daemon" || break
    wait "$daemon" 2> /dev/null
    killed_daemons=$((killed_daemons + 1))
    if [ $((killed_daemons % 10)) -eq 0 ]; then
        # every tenth time nobody comes to clean up: the workers must end by themselves
        wait_for 10 none_marked || leftovers="after death $killed_daemons"
    fi
    start_daemon
done
is "R02 daemons killed" "$killed_daemons" "$want_daemons"
is "R02 workers end when their daemon dies" "${leftovers:-}" ""
before=$(turned)
is_soon "R02 the ring turns after the daemon's deaths" 30 ring_turns $((before + 20))

kill -TERM "$daemon"
wait "$daemon"
is "R02 the daemon stops gracefully" $? 0
daemon=0
is "R02 no process is left" "$(marked)" 0

# What the ring left behind.
"$rrd" -C "$dir" --dump-events > "$base/events.txt"
is "R02 the events can be read" $? 0
events=$(wc -l < "$base/events.txt")
doubled=$(sed -E 's/.*"type":"([A-Z_]*)".*"payload":\{"token":([0-9]*),"lap":([0-9]*)\}.*/\1 \2 \3/' \
    "$base/events.txt" | sort | uniq -d | wc -l)
is "R02 no event was applied twice" "$doubled" 0
violations=$(cat "$dir"/log/ring_*.log* | grep -c "ring violation")
is "R02 no stage saw a lap out of order" "$violations" 0
buried=$(grep -c "event buried" "$dir/log/rrd.log")
is "R02 nothing was buried" "$buried" 0

for stage in "${ring[@]}"; do
    is "R02 $stage did nothing twice" "$(laps_of "$stage" | uniq -d | wc -l)" 0
    # t1-l1 … t1-lN for each token: as many files as the highest lap
    gaps=$(laps_of "$stage" | awk -F'-l' '{n[$1]++; if ($2 + 0 > max[$1]) max[$1] = $2 + 0}
        END {for (t in n) if (n[t] != max[t]) print t, n[t], max[t]}')
    is "R02 $stage left nothing out" "$gaps" ""
    is "R02 $stage saw every token" "$(laps_of "$stage" | sed 's/-l.*//' | sort -u | wc -l)" "$tokens"
done
echo "# $killed_workers workers and $killed_daemons daemons killed in $SECONDS s, $events events, $(turned) laps"
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R56: 64 stages: in a chain, fanned out from one, with 256 routes; started in the order of their
# dependencies, all ready within three seconds.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# stages N...: sections of puppets; needs of number i by the function needs_of
config() {
    local i
    printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
    for ((i = 0; i < 64; i++)); do
        printf '[stage s%d]\nplugin = puppet\n%s\n' "$i" "$("$1" "$i")"
    done
}
chain() { [ "$1" -eq 63 ] || echo "needs = s$(($1 + 1))"; }
fan() { [ "$1" -eq 20 ] || echo "$2 = s20"; }
fan_needs() { fan "$1" needs; }
fan_after() { fan "$1" after; }
fan_waits() { fan "$1" waits; }
is_in_order() {
    # the line of each "ready" comes before that of "starting" of those that depend on it
    awk -v kind="$1" '
        /sup: stage (starting|ready) / {
            word = $5; split($6, part, "="); name = part[2]
            if (word == "ready") ready[name] = NR
            if (word == "starting" && !(name in begun)) begun[name] = NR
        }
        END {
            bad = 0
            for (i = 0; i < 64; i++) {
                dep = kind == "chain" ? "s" (i + 1) : "s20"
                if (("s" i) == dep || (kind == "chain" && i == 63)) continue
                if (!(("s" i) in begun) || !(dep in ready) || ready[dep] > begun["s" i]) bad++
            }
            exit bad > 0
        }' "$dir/log/rrd.log"
}

for kind in chain fan_needs fan_after fan_waits; do
    forget
    config "$kind" > "$dir/conf.d/10-many.ini"
    began=$(date +%s%3N)
    start_daemon
    is "R56 $kind: starts" $? 0
    took=$(($(date +%s%3N) - began))
    is "R56 $kind: all are ready" "$(status | grep -o '"state":"ready"' | wc -l)" 64
    echo "# $kind: $took ms"
    if ! nm -D "$build/tests/puppet/puppet.so" | grep -q __asan; then
        [ "$took" -lt 3000 ]
        is "R56 $kind: within three seconds" $? 0
    fi
    is_in_order "$kind"
    is "R56 $kind: in the order of the dependencies" $? 0
    stop_daemon
    is "R56 $kind: stops" $? 0
    is "R56 $kind: nothing is left" "$(marked)" 0
done

# 16 producers, each with 16 readers. A token's key is the same from all of them: it counts once.
{
    printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
    for ((i = 0; i < 16; i++)); do
        printf '[stage from%d]\nplugin = ring_source\ntokens = 16\n[stage to%d]\nplugin = ring_work\n' "$i" "$i"
    done
} > "$dir/conf.d/10-many.ini"
forget
start_daemon
is "R56 256 routes: starts" $? 0
is "R56 256 routes: are drawn" "$(ctl graph --json | flat | grep -o '"type":"RING_STARTED"' | wc -l)" 256
handled() { [ "$(status | grep -oE '"done_total":16,' | wc -l)" -eq 16 ]; }
is_soon "R56 256 routes: every reader gets every event, once" 30 handled
stop_daemon
is "R56 256 routes: stops" $? 0
done_testing

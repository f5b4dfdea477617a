#!/bin/bash
# SPDX-License-Identifier: MIT
#
# bench_core.sh - how fast the daemon is, one JSON line a figure; `make bench-core` runs it.
#
#     bench_core.sh BUILD SOURCE
#
# The bars are those of the design: what they are and what was measured stands in doc/bench.md.
set -u

build=$1 source=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/rr-bench.XXXXXX")
commit=$(git -C "$source" rev-parse --short HEAD 2> /dev/null || echo unknown)
trap '[ ! -S "$dir/d/run/ctl.sock" ] || "$build/rrctl" -C "$dir/d" stop > /dev/null 2>&1; rm -rf "$dir"' EXIT

# figure NAME VALUE UNIT BAR: BAR is "< 50" or "> 10000", "" for none
figure() {
    printf '{"name": "%s", "value": %s, "unit": "%s", "commit": "%s"}\n' "$1" "$2" "$3" "$commit"
    awk -v n="$1" -v v="$2" -v u="$3" -v b="$4" 'BEGIN {
        split(b, w, " "); ok = b == "" ? "" : (w[1] == "<" ? v < w[2] : v > w[2]) ? "met" : "NOT MET"
        printf "%-28s %12s %-6s  %-10s %s\n", n, v, u, b, ok }' >&2
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
ctl() { "$build/rrctl" -C "$dir/d" "$@"; }
start() { "$build/rrd" -C "$dir/d" --daemon > "$dir/out" 2>&1 || { cat "$dir/out" >&2; exit 1; }; }
pid() { cut -d' ' -f1 "$dir/d/state/lock"; }

# stages N [EXTRA]: N puppets with an empty init
stages() {
    rm -rf "$dir/d"
    mkdir -p "$dir/d/conf.d"
    {
        printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
        for ((i = 1; i <= $1; i++)); do
            printf '[stage s%d]\nplugin = puppet\nrestart_delay = 200ms\n%s\n' "$i" "${2:-}"
        done
    } > "$dir/d/conf.d/10-bench.ini"
}
# started: milliseconds from the log's "started" to "all stages have started"
in_log_ms() { date -u -d "$(grep -m1 "$1" "$dir/d/log/rrd.log" | cut -d' ' -f1)" +%s%3N; }

starts=() stops=() restarts=()
for ((round = 0; round < 5; round++)); do
    stages 6
    begin=$(now_ms)
    start
    starts+=($(($(in_log_ms "all stages have started") - begin)))
    victim=$(ctl status --json | tr -d '\n ' | sed -E 's/.*"name":"s3","plugin":"puppet","state":"ready","pid":([0-9]+).*/\1/')
    begin=$(now_ms)
    kill -9 "$victim" || exit 1
    for ((i = 0; i < 500; i++)); do
        [ "$(grep -c 'stage ready stage=s3' "$dir/d/log/rrd.log")" -lt 2 ] || break
        sleep 0.01
    done
    ready=$(date -u -d "$(grep 'stage ready stage=s3' "$dir/d/log/rrd.log" | tail -n 1 | cut -d' ' -f1)" +%s%3N)
    restarts+=($((ready - begin)))
    begin=$(now_ms)
    ctl stop > /dev/null
    stops+=($(($(now_ms) - begin)))
done
figure core.start6_ms "$(printf '%s\n' "${starts[@]}" | median)" ms "< 50"
figure core.restart_ms "$(printf '%s\n' "${restarts[@]}" | median)" ms "< 300"
figure core.stop_ms "$(printf '%s\n' "${stops[@]}" | median)" ms "< 500"

stages 6
start
figure core.private_kib "$(awk '/^Private/ {n += $2} END {print n}' "/proc/$(pid)/smaps_rollup")" KiB "< 8192"
# nanoseconds of all threads: a tick is as much as the bar
cpu_ns() { cat "/proc/$(pid)"/task/*/schedstat | awk '{n += $1} END {print n}'; }
before=$(cpu_ns)
sleep 10
figure core.idle_cpu_pct "$(awk -v ns=$(($(cpu_ns) - before)) 'BEGIN {printf "%.3f", ns / 1e9 / 10 * 100}')" % "< 0.1"
ctl stop > /dev/null

stages 63
printf '[stage q]\nplugin = puppet\nenabled = no\n' >> "$dir/d/conf.d/10-bench.ini"
mkdir -m 700 "$dir/d/state"
"$build/bench/bench_queue" fill 100000 "$dir/d/state/store" q
start
times=()
for ((i = 0; i < 9; i++)); do
    begin=${EPOCHREALTIME/./}
    ctl status --json > /dev/null
    times+=($((${EPOCHREALTIME/./} - begin)))
done
figure core.status_ms "$(printf '%s\n' "${times[@]}" | median | awk '{print $1 / 1000}')" ms "< 20"
ctl stop > /dev/null

stages 1
mkdir -m 700 "$dir/d/state"
"$build/bench/bench_queue" fill 1000000 "$dir/d/state/store" s2
begin=$(now_ms)
start
figure core.recover_s "$(awk -v ms=$(($(now_ms) - begin)) 'BEGIN {print ms / 1000}')" s "< 2"
ctl stop > /dev/null

# A ring: three stages that pass tokens on, each hop an event with a durable key.
rm -rf "$dir/d"
mkdir -p "$dir/d/conf.d"
{
    printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
    printf '[stage ring_source]\ntokens = 192\neffects = no\ncredit = 64\n'
    printf '[stage ring_work]\neffects = no\ncredit = 64\n[stage ring_sink]\neffects = no\ncredit = 64\n'
} > "$dir/d/conf.d/10-bench.ini"
start
handled() { ctl status --json | tr -d '\n ' | grep -oE '"done_total":[0-9]+|"handled":[0-9]+' | cut -d: -f2 | awk '{n += $1} END {print n + 0}'; }
sleep 1
before=$(handled) begin=$(now_ms)
sleep 8
after=$(handled) end=$(now_ms)
figure core.durable_eps "$(awk -v n=$((after - before)) -v ms=$((end - begin)) 'BEGIN {printf "%.0f", 1000 * n / ms}')" 1/s "> 10000"
ctl stop > /dev/null
read -r p50 p99 n < <("$build/bench/bench_queue" latency "$dir/d/state/store")
figure core.p99_ms "$p99" ms "< 50"
echo "p50 $p50 ms, of $n events, 192 under way" >&2

mkdir "$dir/queue"
while read -r name eps; do
    figure "queue.${name}_eps" "$eps" 1/s ""
done < <("$build/bench/bench_queue" run 100000 "$dir/queue")

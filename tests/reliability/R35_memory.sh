#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R35: a worker that leaks or takes all memory is ended by memory_limit, which is named; so is one
# whose children do; a stage beside it goes on. (The kernel's OOM killer: R54.)
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)
if nm -D "$build/tests/puppet/puppet.so" | grep -q __asan; then
    limit=128 # the sanitizer's own memory is in it
else
    limit=32
fi
extra_core='slots = cpu:2'
extra_conf="[stage ring_source]
tokens = 2
work = 1ms
[stage ring_work]
work = 1ms
[stage ring_sink]
work = 1ms"
laps() { find "$dir/data/ring/ring_sink" -type f 2> /dev/null | wc -l; }
more_laps() { [ "$(laps)" -gt "$1" ]; }

for ((round = 0; round < rounds; round++)); do
    for act in leak_on hog; do
        rm -rf "$dir/state" "$dir/log" "$dir/data"
        conf "memory_limit = ${limit}MiB" 'room = 2GiB'
        start_daemon
        others=$(status ring_work | sed 's/.*"pid":\([0-9]*\),"epoch".*/\1/')
        emit "$act" 1
        is_soon "R35 $act: memory_limit acts and is named" 60 is_sick "$limit MiB \\(memory_limit\\)"
        is_soon "R35 $act: the event is handled by the next worker" 20 has_done 1
        before=$(laps)
        is_soon "R35 $act: the other stages go on" 20 more_laps "$before"
        is "R35 $act: with the same workers" \
            "$(status ring_work | sed 's/.*"pid":\([0-9]*\),"epoch".*/\1/')" "$others"
        stop_daemon
        is "R35 $act: nothing is left" "$(marked)" 0
    done
done
rm -rf "$dir/state" "$dir/log" "$dir/data"
conf
start_daemon
emit leak
wait_for 20 has_done 1
used() { [ "$(number memory_bytes puppet)" -gt 67108864 ]; }
is_soon "R35 without a limit what a worker takes is shown" 10 used
is "R35 and it goes on" "$(number restarts puppet)" 0
is "R35 the kernel would rather have it than the daemon" \
    "$(cat "/proc/$(worker_pid puppet)/oom_score_adj") $(cat "/proc/$(daemon_pid)/oom_score_adj")" "500 $(cat /proc/self/oom_score_adj)"
stop_daemon
done_testing

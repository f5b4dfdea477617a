#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R58: thousands of signals, while workers die: no child stays unreaped, no event is lost, the log is
# reopened and the configuration read again as often as may be.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

signals=$(times 1000 10000)
kinds=(CHLD USR1 HUP)
extra_conf='breaker = 1000'
conf 'attempts = 100'
start_daemon
daemon=$(daemon_pid)

sent=0
deaths=0
while [ "$sent" -lt "$signals" ]; do
    kill "-${kinds[sent % ${#kinds[@]}]}" "$daemon" || break
    sent=$((sent + 1))
    if [ $((sent % 100)) -eq 0 ]; then
        emit none
        pid=$(worker_pid puppet)
        [ "$pid" -gt 0 ] && kill -9 "$pid" 2> /dev/null && deaths=$((deaths + 1))
    fi
done
is "R58 signals sent" "$sent" "$signals"
is_soon "R58 every event is handled" 30 has_done $((signals / 100))
is_soon "R58 the stage is ready" 10 has_status '"state":"ready"' puppet
is "R58 the daemon is the same" "$(daemon_pid)" "$daemon"
one_child() { [ "$(descendants "$daemon")" -eq 1 ]; }
is_soon "R58 one worker is its only child, zombies counted" 10 one_child
[ "$deaths" -gt 0 ]
is "R58 workers died in the storm ($deaths)" $? 0
# many at once, of which the kernel tells by one signal
for ((i = 0; i < 20; i++)); do
    emit fork
done
have_forked() { [ "$(descendants "$daemon")" -eq 21 ]; }
is_soon "R58 a worker with 20 children" 20 have_forked
kill -9 "$(worker_pid puppet)"
is_soon "R58 all of them are reaped when it dies" 10 one_child
stop_daemon
is "R58 it stops" $? 0
is "R58 nothing is left" "$(marked)" 0
done_testing

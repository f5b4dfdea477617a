#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R33: a callback that never returns is ended by the limit that is there for it, and nothing is left
# of its worker. R34: so is one whose process answers every ping.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)

for ((round = 0; round < rounds; round++)); do
    # --- init, and check, which comes before it
    for act in hang stubborn freeze; do
        forget
        conf "init_act = $act" 'start_limit = 1s' 'stop_limit = 200ms' 'term_limit = 200ms'
        "$build/rrd" -C "$dir" > /dev/null 2>&1 &
        is_soon "R33 $act in init: start_limit" 20 is_sick "not ready within its start_limit"
        kill -TERM "$(daemon_pid)"
        wait $!
        is "R33 $act in init: nothing is left" "$(marked)" 0
    done

    # --- event
    for act in hang stubborn thread_exit; do
        forget
        conf 'progress_limit = 1s' 'ping_limit = 30s'
        start_daemon
        emit "$act" 1
        id=R33
        [ "$act" = hang ] && id=R34 # its I/O thread answers pings all the time
        is_soon "$id $act in event: progress_limit" 20 is_sick "no progress for .*(progress_limit)"
        is_soon "$id $act in event: the event is handled by the next" 20 has_done 1
        stop_daemon
        is "$id $act in event: nothing is left" "$(marked)" 0
    done
    forget
    conf 'event_limit = 1s'
    start_daemon
    emit slow 1
    emit hang 1
    is_soon "R33 hang in event: event_limit" 20 is_sick "the handler is busy for .*(event_limit)"
    stop_daemon
    forget
    conf 'ping_limit = 1s'
    start_daemon
    emit freeze 1
    is_soon "R33 a stopped process: ping_limit" 20 is_sick "no answer to a ping for .*(ping_limit)"
    stop_daemon

    # --- the end
    for callback in drain fini; do
        for act in hang stubborn freeze; do
            forget
            conf "${callback}_act = $act" 'stop_limit = 300ms' 'term_limit = 300ms'
            start_daemon
            emit fork_deaf
            wait_for 20 has_done 1
            ctl stop puppet > /dev/null
            is_soon "R33 $act in $callback: it ends" 30 has_status '"state":"down"' puppet
            is_sick ""
            is "R33 $act in $callback: by force" $? 0
            is "R33 $act in $callback: and is not counted against an event" \
                "$(ctl queue list puppet)" 'nothing is queued'
            stop_daemon
            is "R33 $act in $callback: nothing is left, deaf children and all" "$(marked)" 0
        done
    done
done

# --- the check callback, before anything is started
forget
conf 'check_act = hang'
run timeout 30 "$build/rrd" -C "$dir" --check
is "R33 hang in check: refused, though not for good: a busy machine looks like that" "$rc" 1
like "R33 hang in check: told" "$out$err" '*its check of the options did not end within*'
conf 'check_act = kill'
run "$build/rrd" -C "$dir" --check
is "R33 killed in check, as for memory: not for good" "$rc" 1
conf 'check_act = kill' 'attempts = 0'
run "$build/rrd" -C "$dir" --check
is "R33 killed in check, and a fault of the configuration: for good" "$rc" 78
done_testing

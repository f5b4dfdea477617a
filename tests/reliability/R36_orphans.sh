#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R36: fork bombs, deaf children, children in sessions of their own, double forks: process_limit
# holds, and five seconds after a stop no process of a worker is left.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)
# The daemon has no child but the worker of its stage.
is_tidy() { [ "$(descendants "$(daemon_pid)")" -le 1 ]; }
is_alone() { [ "$(descendants "$(daemon_pid)")" -eq 0 ]; }

for ((round = 0; round < rounds; round++)); do
    # --- ended by the limit
    for act in bomb bomb_sessions; do
        forget
        conf 'process_limit = 20' 'stop_limit = 300ms' 'term_limit = 300ms'
        start_daemon
        emit "$act" 1
        is_soon "R36 $act: process_limit acts and is named" 30 is_sick "over 20 \\(process_limit\\)"
        is_soon "R36 $act: five seconds later nothing is left of it" 5 is_tidy
        is_soon "R36 $act: the event is handled by the next worker" 20 has_done 1
        stop_daemon
        is "R36 $act: no process carries our mark" "$(marked)" 0
    done

    # --- ended with their stage
    for act in fork fork_deaf bomb bomb_sessions runner daemonize; do
        forget
        conf 'process_limit = 10000' 'stop_limit = 300ms' 'term_limit = 300ms'
        start_daemon
        daemon=$(daemon_pid)
        emit "$act" 1
        has_some() { [ "$(descendants "$daemon")" -gt 1 ]; }
        [ "$act" = daemonize ] || wait_for 10 has_some
        ctl stop puppet > /dev/null
        is_soon "R36 $act: its stage stops" 10 has_status '"state":"down"' puppet
        is_soon "R36 $act: five seconds later nothing is left" 5 is_alone
        stop_daemon
        is "R36 $act: no process carries our mark" "$(marked)" 0
    done
done

# --- what runs is no leftover, whatever it did to its mark
forget
conf 'wait = 2500ms'
start_daemon
wait_for 10 has_status '"state":"ready"'
worker=$(worker_pid puppet)
emit title
emit slow # long enough for the daemon to have looked
is_soon "R36 a worker without a mark goes on" 20 has_done 2
is "R36 and is the same as before" "$(worker_pid puppet)" "$worker"
stop_daemon

# --- with the daemon: a stop in the middle of it
forget
start_daemon
daemon=$(daemon_pid)
emit bomb_sessions 1
emit fork_deaf
wait_for 10 has_some
stop_daemon
is "R36 a stop of the daemon leaves nothing either" "$(marked)" 0
done_testing

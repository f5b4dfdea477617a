#!/bin/bash
# SPDX-License-Identifier: MIT
# R08: the daemon dies while a worker is busy for long, or stopped. The worker ends with it.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 3 50)
conf "wait = 5min"
late=0
again=0
for ((i = 1; i <= rounds; i++)); do
    start_daemon
    [ "$i" -gt 1 ] || emit slow
    wait_for 10 has_status '"type":"PUPPET_POKED"' || again=$((again + 1))
    kill -9 "$(daemon_pid)"
    wait_for 5 none_marked || late=$((late + 1))
done
is "R08 $rounds times: the busy worker ended with its daemon" "$late" 0
is "R08 and its event was delivered again each time" "$again" 0
start_daemon
wait_for 10 has_status '"type":"PUPPET_POKED"' || again=$((again + 1))
kill -STOP "$(pgrep -P "$(daemon_pid)")"
kill -9 "$(daemon_pid)"
wait_for 5 none_marked
is "R08 a worker that was stopped ended with it, too" "$?" 0
start_daemon
ctl queue list --json | flat | grep -q '"attempts":0'
is "R08 without counting an attempt" "$?" 0
stop_daemon
is "R08 stop" "$?" 0
done_testing

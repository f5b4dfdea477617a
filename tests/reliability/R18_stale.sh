#!/bin/bash
# SPDX-License-Identifier: MIT
# R18: what a daemon that died has left behind: lock, pid, socket. The pid may be somebody else's by now:
# it is never trusted and never harmed.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 5 100)
conf
sleep 600 &
bystander=$!
wrong=
for ((i = 1; i <= rounds; i++)); do
    start_daemon || wrong+="$i: $(cat "$base/start.txt") "
    id=$(cut -d' ' -f2 "$dir/state/lock")
    kill -9 "$(daemon_pid)"
    wait_for 5 none_marked || wrong+="$i: workers are left "
    # the pid in the lock file is now that of somebody else
    echo "$bystander $id" > "$dir/state/lock"
    [ -S "$dir/run/ctl.sock" ] || wrong+="$i: no stale socket "
    kill -0 $bystander 2> /dev/null || wrong+="$i: the bystander is dead "
done
is "R18 $rounds times: it starts all the same" "$wrong" ""
start_daemon
is "R18 once more" "$?" 0
is "R18 the lock has its own pid now" "$([ "$(daemon_pid)" != $bystander ]; echo $?)" 0
stop_daemon
is "R18 stop" "$?" 0
echo "$bystander $id" > "$dir/state/lock"
run "$build/rrctl" -C "$dir" stop
is "R18 rrctl stop without a daemon stops nobody" "$rc" 3
kill -0 $bystander
is "R18 the bystander lives" "$?" 0
rm -f "$dir/run/ctl.sock"
echo "not a socket" > "$dir/run/ctl.sock"
start_daemon
is "R18 a file in place of the socket is no hindrance" "$?" 0
stop_daemon
printf 'garbage' > "$dir/state/lock"
start_daemon
is "R18 nor is a lock file with garbage" "$?" 0
stop_daemon
kill $bystander
wait $bystander 2> /dev/null
done_testing

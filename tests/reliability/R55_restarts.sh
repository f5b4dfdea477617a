#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R55: a stage that dies or is restarted again and again costs the daemon nothing that stays: no
# memory, no descriptor, no process, no history without end.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 30 1000)
reloads=$(times 20 10000)
conf 'breaker = 1000'
sed -i 's|^restart_\(.*\) = .*|restart_\1 = 1ms|' "$dir/conf.d/10-puppet.ini"
start_daemon
daemon=$(daemon_pid)

fds() { find "/proc/$daemon/fd" -mindepth 1 | wc -l; }
private_kib() { awk '/^Private/ { sum += $2 } END { print sum }' "/proc/$daemon/smaps_rollup"; }
is_back() { has_status "\"state\":\"ready\",\"pid\":[0-9]*,\"epoch\":$1," puppet; }

# again N: half by death, half by the operator
again() {
    local i epoch
    for ((i = 0; i < $1; i++)); do
        epoch=$(number epoch)
        if [ $((i % 2)) -eq 0 ]; then
            kill -9 "$(worker_pid puppet)"
        else
            ctl restart puppet > /dev/null
        fi
        wait_for 20 is_back $((epoch + 1)) || return 1
    done
}

again 20
before_fds=$(fds)
# a connection of the control tool may be on its way out
no_more_fds() { [ "$(fds)" -le "$before_fds" ]; }
# as_before WHAT: neither descriptors nor memory tell what the daemon has been through
as_before() {
    local grown
    is_soon "R55 no more descriptors than before $1" 10 no_more_fds
    grown=$(($(private_kib) - before_kib))
    echo "# private memory grew by $grown KiB in $1"
    if ! nm -D "$build/rrd" | grep -q __asan; then # which keeps what is freed, and tells leaks at the end
        [ "$grown" -lt 1024 ] # noise is 30 to 700
        is "R55 no more memory than before $1" $? 0
    fi
}

before_kib=$(private_kib)
again "$rounds"
is "R55 each of $rounds restarts led to a worker that is ready" $? 0
as_before "$rounds restarts"

many_reloads() {
    local i
    for ((i = 0; i < reloads; i++)); do
        [ "$(ctl reload)" = "nothing changes" ] || return 1
    done
}
pid=$(worker_pid puppet)
before_kib=$(private_kib)
many_reloads
is "R55 $reloads reloads without a change" $? 0
is "R55 the worker runs through them" "$(worker_pid puppet)" "$pid"
as_before "$reloads reloads"
is "R55 one worker, and no zombie" "$(descendants "$daemon")" 1
is "R55 the history keeps 16 deaths" "$(status puppet | grep -o '"ready_ms"' | wc -l)" 16
emit none
is_soon "R55 the stage works" 10 has_done 1
stop_daemon
done_testing

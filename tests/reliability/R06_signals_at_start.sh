#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R06: a signal at any moment of a start: the daemon ends within its stop limit, with the right exit
# status, and leaves nothing.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)
# a plugin of its own: other tests probe theirs at the same time
mkdir "$base/plugins"
cp "$build/tests/puppet/puppet.so" "$base/plugins"
plugins=$base/plugins
# slow enough that the signals find it starting, in every phase
extra_conf="[stage second]
plugin = puppet
needs = puppet
init_act = slow
wait = 50ms
stop_limit = 300ms
term_limit = 300ms"
conf 'init_act = slow' 'wait = 50ms' 'stop_limit = 300ms' 'term_limit = 300ms'

# No process of the directory: none with its mark, none of its probes.
is_clean() {
    [ ! -e "$dir/state/lock" ] || [ "$(marked)" -eq 0 ] || return 1
    ! grep -qsz -- "$base/plugins" /proc/[0-9]*/cmdline
}

# started MS: a daemon in the foreground, as old as that
started() {
    "$build/rrd" -C "$dir" > "$base/out.txt" 2>&1 9>&- &
    daemon=$!
    # before that it is this shell, which would clean up
    until [ "/proc/$daemon/exe" -ef "$build/rrd" ]; do
        kill -0 "$daemon" || break
    done
    [ "$1" -eq 0 ] || pause_ms "$1"
}

# ends WHAT: by itself in time; status 0, or 143 before it could know better
ends() {
    local began=$SECONDS rc
    wait "$daemon"
    rc=$?
    [ "$rc" -eq 0 ] || [ "$rc" -eq 143 ]
    is "R06 $1: exit status $rc" $? 0
    [ $((SECONDS - began)) -le 10 ]
    is "R06 $1: within the limits" $? 0
    is_soon "R06 $1: nothing is left" 5 is_clean
}

for ((round = 0; round < rounds; round++)); do
    for ms in 0 2 5 10 15 20 35 50 80 130; do
        forget
        started "$ms"
        kill -TERM "$daemon"
        ends "TERM after $ms ms"
    done
    for ms in 10 40; do
        started "$ms"
        kill -TERM "$daemon"
        kill -TERM "$daemon" 2> /dev/null
        ends "TERM twice after $ms ms"
        started "$ms"
        kill -TERM "$daemon"
        kill -KILL "$daemon" 2> /dev/null
        wait "$daemon" 2> /dev/null
        is_soon "R06 TERM, then KILL after $ms ms: nothing is left" 5 is_clean
    done
done

# started by somebody who ignores the ends of children and has the others blocked
forget
python3 - "$build/rrd" "$dir" << 'EOP' > "$base/out.txt" 2>&1 9>&- &
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM, signal.SIGINT])
os.execv(sys.argv[1], [sys.argv[1], "-C", sys.argv[2]])
EOP
daemon=$!
is_soon "R06 started without SIGCHLD: it runs" 10 has_status '"state":"ready"' second
kill -KILL "$(worker_pid second)"
is_soon "R06 started without SIGCHLD: it hears of an end" 10 has_status '"signal":9' second
kill -TERM "$daemon"
ends "started with SIGTERM blocked"

# SIGHUP reads the configuration again; it ends nobody who has begun to run his own code
conf 'init_act = slow' 'wait = 50ms' 'stop_limit = 300ms' 'term_limit = 300ms'
minds_hup() { grep -Eq '^Sig(Blk|Cgt):.*[13579bdf]$' "/proc/$daemon/status"; }
for ms in 0 5 10 20 40 80; do
    rm -rf "$dir/log"
    started "$ms"
    wait_for 10 minds_hup
    kill -HUP "$daemon"
    is_soon "R06 HUP after $ms ms: the daemon gets ready" 20 has_status '"name":"second".*"state":"ready"'
    kill -TERM "$daemon"
    ends "TERM after that"
done
rm -rf "$dir/log"
started 0
wait_for 10 minds_hup
for _ in {1..50}; do
    kill -HUP "$daemon"
    pause_ms 10
done
is_soon "R06 100 HUPs a second during a start: the daemon gets ready" 20 has_status '"name":"second".*"state":"ready"'
kill -HUP "$daemon"
kill -TERM "$daemon"
for _ in {1..20}; do
    kill -HUP "$daemon" 2> /dev/null
    pause_ms 5
done
ends "TERM among HUPs"

# a worker that never gets ready and does not want to end
conf 'init_act = stubborn' 'stop_limit = 300ms' 'term_limit = 300ms'
has_words() { grep -q "about to stubborn" "$dir/log/puppet.log"; }
rm -rf "$dir/log"
started 0
wait_for 10 has_words
kill -TERM "$daemon"
ends "TERM while init hangs deaf"
# with limits that only further signals cut short
conf 'init_act = stubborn' 'stop_limit = 30s' 'term_limit = 30s'
rm -rf "$dir/log"
started 0
wait_for 10 has_words
for _ in 1 2 3; do
    kill -TERM "$daemon" 2> /dev/null
    pause_ms 200
done
ends "TERM three times while init hangs deaf"
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
# R66: rrctl against daemons that are not there, hang, die or are of another version, all played by
# fake_rrd: an exit status that says which, a line that helps, and never a wait beyond its limit.

# shellcheck source=tests/core/fake.sh
. "$RR_SRCDIR/tests/core/fake.sh"

run ./rrctl -C nowhere status
like 'R66 no directory' "$rc $err" '3 *not running in nowhere*'
run ./rrctl -C D status
is 'R66 no daemon' "$rc" 3
fake normal
kill -9 "${daemons[-1]}"
wait "${daemons[-1]}" 2>/dev/null
run ./rrctl -C D status
is 'R66 socket of a dead daemon' "$rc" 3

# expect MODE STATUS PATTERN
expect() {
    fake "$1"
    run timeout 20 ./rrctl -C D --timeout 300ms status
    like "R66 daemon is $1" "$rc $err" "$2 $3"
    unfake
}
expect mute 6 '*does not answer*'
expect stuck 6 '*does not answer*'
expect half 1 '*in the middle of an answer*'
expect garbage 1 '*not a JSON object*'
expect array 1 '*not a JSON object*'
expect empty 1 '*without ok*'
expect newer 1 '*version 2*this rrctl version 1*'
expect older 1 '*rrd 0.0.1 speaks version 0*same release*'
expect refuse 65 '*the store is damaged*'

fake endless
run timeout 60 ./rrctl -C D --timeout 20 status
like 'R66 daemon sends an endless line' "$rc $err" '1 *longer than*'
unfake
fake drip
run ./rrctl -C D status
like 'R66 daemon answers byte by byte' "$rc $out" '0 rrd*'
unfake
fake full
for _ in 1 2 3; do
    timeout 20 ./rrctl -C D --timeout 300ms status > /dev/null 2>&1
done
run timeout 20 ./rrctl -C D --timeout 300ms status
is 'R66 daemon does not accept' "$rc" 6
unfake

# One that is stopped by a signal, and every command that asks it.
fake normal
kill -STOP "${daemons[-1]}"
while read -r words; do
    begin=$SECONDS
    # shellcheck disable=SC2086
    run timeout 60 ./rrctl -C D --timeout 100ms $words
    like "R66 hung: $words" "$rc $err" '6 *rrd in D does not *'
    # far more than 300 ms, far less than for ever
    is "R66 hung: $words waits no longer than told" "$((SECONDS - begin < 20))" 1
done << 'EOF'
status
why trainer
graph
events
events --follow
trace 7
queue
queue list trainer
queue show trainer 7
queue kick trainer 7
queue drop trainer 7
replay --queue trainer --from 1h
keys trainer
emit TYPE {}
start trainer
stop trainer
restart trainer
reload
reload --dry-run
upgrade --list
upgrade --undo trainer
stop
restart
EOF
kill -CONT "${daemons[-1]}"
unfake

# It answers, and dies before it has ended.
fake normal
kill -STOP "${daemons[-1]}"
./rrctl -C D --timeout 60 status > out.txt 2> err.txt &
asker=$!
# poll() is where it waits for the answer
asked() { find "/proc/$asker/fd" -lname 'socket:*' | grep -q . && grep -q '^State:.S' "/proc/$asker/status"; }
wait_for 20 asked
kill -9 "${daemons[-1]}"
wait $asker
rc=$?
like 'R66 it dies while it is asked' "$rc $(cat err.txt)" '1 *closed the connection*'
unset 'daemons[-1]'
done_testing

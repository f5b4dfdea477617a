#!/bin/bash
# SPDX-License-Identifier: MIT
# R19: the directories of a running daemon are removed or renamed under it.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# gone WHAT COMMAND...: do it to a running daemon; it must notice, say so and end
gone() {
    local what=$1 pid
    shift
    conf
    start_daemon
    is "R19 $what: it runs" "$?" 0
    pid=$(daemon_pid)
    cp -r "$dir/conf.d" "$base/keep"
    "$@"
    is_gone() { ! kill -0 "$pid" 2> /dev/null; }
    is_soon "R19 $what: it ends by itself" 10 is_gone
    grep -qsh "was moved or removed" "$dir/log/rrd.log" "$base/moved/log/rrd.log"
    is "R19 $what: and says why" "$?" 0
    is "R19 $what: nothing is written elsewhere" "$(find "$dir/state" -newer "$base/keep" -name data.mdb 2> /dev/null)" ""
    rm -rf "$base/moved" "$dir"
    mkdir -p "$dir"
    mv "$base/keep" "$dir/conf.d"
}
gone "state removed" rm -rf "$dir/state"
gone "state renamed" mv "$dir/state" "$dir/state.old"
gone "all renamed" mv "$dir" "$base/moved"

conf
start_daemon
is "R19 log removed: it runs" "$?" 0
rm -rf "$dir/log"
is_soon "R19 log removed: a new one is begun" 5 test -e "$dir/log/rrd.log"
is_soon "R19 log removed: so is that of a stage" 5 test -e "$dir/log/puppet.log"
emit print
is_soon "R19 log removed: with what it says" 5 has_line "printed to standard output" puppet.log
stop_daemon
has_line "rrd: stopped" rrd.log
is "R19 log removed: and writes there" "$?" 0
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R54: somebody sets the wall clock of a running daemon, or between two of its lives: events that are
# tried again later come neither early nor never, and stages go on. (All other limits: R54_clocks.)
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

export RR_FAKE_CLOCK=$base/clock
export ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}
set_clock() { # at once, not in the middle of a write
    echo "$1" > "$RR_FAKE_CLOCK.new"
    mv "$RR_FAKE_CLOCK.new" "$RR_FAKE_CLOCK"
}
start_fake() { LD_PRELOAD=$build/tests/fake/clock.so start_daemon; }

year=$((365 * 86400))
conf
sed -i 's/^retry_delay = .*/retry_delay = 1s/' "$dir/conf.d/10-puppet.ini"
for jump in $year -$year 3600 -3600 1 -1; do
    forget
    set_clock 0
    start_fake
    emit retry 1
    wait_for 10 has_status '"delayed":1' puppet
    set_clock "$jump"
    began=$(date +%s%3N)
    is_soon "R54 clock set by $jump s: an event that is tried again comes" 10 has_done 1
    took=$(($(date +%s%3N) - began))
    [ $took -ge 500 ]
    is "R54 clock set by $jump s: not early ($took ms)" $? 0
    kill -9 "$(worker_pid puppet)"
    emit none
    is_soon "R54 clock set by $jump s: the stage goes on" 10 has_done 2
    ids=$(ctl events --json --limit 10 | sed 's/.*"id":\([0-9]*\).*/\1/')
    is "R54 clock set by $jump s: ids stay in order" "$ids" "$(sort -n <<< "$ids")"
    stop_daemon
done

# between two lives: the event was to come in a second, and that moment is now a year away
forget
sed -i 's/^retry_delay = .*/retry_delay = 1min/' "$dir/conf.d/10-puppet.ini"
set_clock "$year"
start_fake
emit retry 1
wait_for 10 has_status '"delayed":1' puppet
stop_daemon
set_clock 0
start_fake
is_soon "R54 set back by a year between two starts: the event comes" 10 has_done 1
stop_daemon
done_testing

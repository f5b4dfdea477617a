#!/bin/bash
# SPDX-License-Identifier: MIT
# R07: the directory of a working daemon, copied between two of its writes (it is stopped for the
# moment; its workers are not), is whole: a daemon that starts in the copy brings the work to its end,
# nothing lost, nothing twice.
set -u

# shellcheck source=tests/crash/lib.sh
. "$(dirname "$0")/../crash/lib.sh"

copies=$(times 3 40)
laps=$(times 30 60)
ring_lines='work = 10ms'
fresh
go
wait_for 20 test -e "$dir/data/ring/ring_sink"
made=0
while [ $made -lt "$copies" ] && ! has_turned; do
    i=$((made + 1))
    pause_ms $((RANDOM % 90 + 10))
    kill -STOP "$daemon"
    # state first: what workers make meanwhile is not known to it, which does no harm
    mkdir "$base/copy$i"
    cp -a "$dir/conf.d" "$dir/state" "$base/copy$i"
    cp -a "$dir/data" "$base/copy$i" 2> /dev/null
    kill -CONT "$daemon"
    made=$i
done
[ $made -ge 2 ]
is "R07 copies were made of a ring that turns" $? 0
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
for ((i = 1; i <= made; i++)); do
    rm -rf "$dir"
    mv "$base/copy$i" "$dir"
    go
    is "R07 copy $i" "$(judge "copy $i")" ""
    daemon=0
done
done_testing

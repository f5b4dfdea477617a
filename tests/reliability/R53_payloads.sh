#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R53: payloads of no text, of exactly the limit, and of one byte more; large data by reference.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

limit=57344
flow() {
    {
        printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
        printf '[stage flow_source]\nevents = 3\nbatch = 1\nbytes = %d\n[stage flow_end]\n' "$1"
    } > "$dir/conf.d/10-flow.ini"
}
# length of the payload of the newest event
payload_bytes() { ctl events --json --limit 1 | sed 's/.*"payload"://; s/,"key":.*//' | tr -d '\n' | wc -c; }

for bytes in 0 $limit; do
    forget
    flow $bytes
    start_daemon
    is_soon "R53 payloads of $bytes bytes arrive" 10 flow_done flow_end 3
    [ $bytes -eq 0 ] || is "R53 they are that long" "$(payload_bytes)" $bytes
    stop_daemon
done
forget
flow $((limit + 1))
start_daemon
is_soon "R53 one byte more is refused, with both numbers" 10 has_line "has $((limit + 1)) bytes, at most $limit are possible" flow_source.log
is "R53 and not stored" "$(ctl events --json | wc -l)" 0
like "R53 the stage lives" "$(ctl status)" "*flow_source*ready*"
stop_daemon

# --- by the socket, what a plugin cannot do: no worker in between
rm -rf "$dir/conf.d"/* "$dir/state" "$dir/log"
room=$(times 64 1024)
conf "room = ${room}MiB"
start_daemon
ctl emit PUPPET_POKED '{}' 2> "$base/err.txt"
is "R53 an empty payload is checked like any other" "$(grep -c 'lacks the field' "$base/err.txt")" 1
emit big_file
is_soon "R53 a file of $room MiB is named by its event" 60 has_done 1
file=$(find "$dir/data/big" -type f)
is "R53 it has that size" "$(stat -c %s "$file")" $((room << 20))
is "R53 the event is small" "$(($(ctl events --json --type PUPPET_DONE | wc -c) < 1000))" 1
stop_daemon
is "R53 nothing is left" "$(marked)" 0
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R37: a worker that breaks the protocol is ended, or refused; its event is handled by the next one, a
# second stage notices nothing, and nothing of it gets into the store.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)
died_of() { has_status "\"deaths\":\\[.*$1" puppet; }
pids() { for s in ring_source ring_work ring_sink; do worker_pid $s; done; }
types() { ctl events --json --from @0 | sed -E 's/.*"type":"([A-Z_]*)".*/\1/' | sort -u | tr '\n' ' '; }
handled() { [ "$(number done_total puppet)" -gt "$done_before" ]; }
answers_soon() { [ "$(ctl --timeout 1 status --json | grep -c '"name": "puppet"')" -eq 1 ]; }

extra_conf=$'event_limit = 1s
[stage ring_source]\ntokens = 1\neffects = no\nwork = 10ms
[stage ring_work]\neffects = no
[stage ring_sink]\neffects = no'
conf 'attempts = 3'
start_daemon
for ((round = 0; round < rounds; round++)); do
    bystanders=$(pids)
    while read -r act reason; do
        done_before=$(number done_total puppet)
        emit "$act" 1
        is_soon "R37 $act: the event is handled" 10 handled
        if [ -n "$reason" ]; then
            died_of "$reason"
            is "R37 $act: the worker is ended" $? 0
        fi
    done << 'END'
bad_magic frame has magic
bad_version frame has protocol version
bad_epoch PONG frame of epoch
bad_type is not one that a worker sends
bad_length says 1073741824 bytes of body
bad_json body of LOG frame is not JSON
bad_body is not a JSON object
half_frame shorter than its header
garbage frame has magic
huge magic
giant
heirs
close
done_unknown DONE of lease 987654321
hello_again HELLO of a worker that
long_note NOTE of a configuration key of 360 bytes
emit_flood EMIT before the last one was answered
get_flood
END
    is "R37 other stages have the workers that they had" "$(pids)" "$bystanders"
done
before=$(count_done)
emit spin 1
is_soon "R37 spin: the event is handled" 10 has_done $((before + 1))
died_of "(event_limit)"
is "R37 spin: the worker is ended" $? 0
emit emit_loop 1
is_soon "R37 emit_loop: it adds events" 5 has_done $((before + 10))
answers_soon
is "R37 emit_loop: the daemon answers meanwhile" $? 0
is_soon "R37 emit_loop: the worker is ended" 10 died_of "(event_limit)"
emit log_loop 1
answers_soon
is "R37 log_loop: the daemon answers meanwhile" $? 0
like "R37 nothing undeclared was stored" "$(types)" "PUPPET_DONE PUPPET_POKED RING_STARTED RING_SUNK RING_WORKED "
stop_daemon
is "R37 nothing is left" "$(marked)" 0

# --- the numbers of leases are known in a daemon that has just started
extra_conf=''
forget
conf 'attempts = 3'
start_daemon
emit done_twice 1
# the daemon is the first to notice, or, when the ACK of the first answer overtakes the second, the worker
is_soon "R37 done_twice: the worker is ended" 10 died_of "(DONE of lease 1,|an answer came that nobody asked for)"
like "R37 done_twice: the first answer counts" "$(status)" '*"ready":0,*"done_total":1,*'
stop_daemon
forget
start_daemon
emit done_undeclared 1
is_soon "R37 done_undeclared: the event is handled again" 10 has_done 1
has_line "DONE refused" rrd.log
is "R37 done_undeclared: the answer was refused" $? 0
stop_daemon
"$build/rrd" -C "$dir" --dump-events > "$base/events.txt"
is "R37 the store can be read" $? 0
is "R37 nothing undeclared is in it" "$(grep -c PUPPET_SECRET "$base/events.txt")" 0
done_testing

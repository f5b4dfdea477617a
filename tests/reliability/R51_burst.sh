#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R51: a burst of events, far more than the mark of the queue: none is lost, the order holds.
# R52: a slow consumer, and one that is stopped: the producer waits at the mark, others
# go on, memory and file stay as they are.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

events=$(times 5000 1000000)
slow_s=$(times 2 60)
stopped_s=$(times 1 600)
high=500

flow() {
    {
        printf '[core]\nplugin_path = %s\nretain_events = 1000\n' "$build/tests/puppet"
        printf '[stage flow_source]\nevents = %d\n' "$1"
        printf '[stage flow_end]\nqueue_high = %d\nping_limit = 1d\nevent_limit = 0s\n%s\n' $high "$2"
        printf '[stage ring_source]\ntokens = 1\nwork = 10ms\neffects = no\n'
        printf '[stage ring_work]\neffects = no\n[stage ring_sink]\neffects = no\n'
    } > "$dir/conf.d/10-flow.ini"
}
waits() { ctl why flow_source --json | flat | grep -q '"reason":"room"'; }
depth() { number ready flow_end; }
turns() { number done_total ring_sink; }
turned() { [ "$(turns)" -ge "$1" ]; }

# --- burst
flow "$events" 'credit = 64'
start_daemon
is_soon "R51 $events events of a burst arrive" $((60 + events / 1000)) flow_done flow_end "$events"
is_soon "R51 in order" 5 has_status "$events events,.* us,0 out of order" flow_end
is "R51 and no more" "$(number done_total flow_end)" "$events"
stop_daemon
forget

# --- a consumer a hundred times slower
flow 1000000000 'work = 10ms'
start_daemon
is_soon "R52 the producer of a slow consumer waits" 10 waits
like "R52 and it is told for whom" "$(ctl why flow_source)" \
    "flow_source (ready) waits for room in the queue of flow_end,*queue_high $high); flow_end *"
like "R52 status shows it" "$(ctl status)" "*flow_end*full*"
memory=$(anon_kib)
before=$(number done_total flow_end)
before_ring=$(turns)
deepest=0
end=$((SECONDS + slow_s))
while [ $SECONDS -le $end ]; do
    now=$(depth)
    [ "$now" -le $deepest ] || deepest=$now
done
is "R52 the mark holds, but for one batch in hand" "$((deepest > high / 2 && deepest < high + 100))" 1
is "R52 the slow one goes on" "$(($(number done_total flow_end) > before))" 1
is "R52 others go on" "$(($(turns) > before_ring))" 1

# --- and one that does not run at all
kill -STOP "$(worker_pid flow_end)"
is_still() { local n; n=$(number done_total flow_end); read -r -t 0.2 < <(sleep 1); [ "$(number done_total flow_end)" -eq "$n" ]; }
is_soon "R52 a stopped consumer stands still" 10 is_still
before_ring=$(turns)
stopped_until=$((SECONDS + stopped_s))
have_gone_on() { [ $SECONDS -gt $stopped_until ] && turned $((before_ring + stopped_s)); }
is_soon "R52 others go on for $stopped_s s and more" $((stopped_s + 60)) have_gone_on
is "R52 the mark holds" "$(($(depth) < high + 100))" 1
is "R52 memory of the daemon is as it was" "$(($(anon_kib) - memory < 1024))" 1
is "R52 the file is small" "$(($(stat -c %s "$dir/state/store/data.mdb") < 16777216))" 1
before=$(number done_total flow_end)
kill -CONT "$(worker_pid flow_end)"
is_soon "R52 it goes on where it stood" 10 flow_done flow_end $((before + 10))

# --- nothing of this stands in the way of a stop
run ctl stop
is "R52 a stop while the producer waits" "$rc" 0
is "R52 nothing is left" "$(marked)" 0

# --- a circle in which every queue is full
forget
{
    printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
    for stage in source work sink; do
        printf '[stage ring_%s]\nqueue_high = 2\nqueue_low = 1\neffects = no\n' $stage
        [ $stage != source ] || echo 'tokens = 50'
    done
} > "$dir/conf.d/10-flow.ini"
start_daemon
is_soon "R52 a circle of full queues turns" 10 turned 300
is "R52 all tokens are in it" "$(($(ctl queue list --json --limit 1000 | grep -c '"id"') >= 47))" 1
stop_daemon
done_testing

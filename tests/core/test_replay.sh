#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_replay.sh - N1: stored events given to a stage once more: the same, in the same order, and
# nothing done twice. N9: the lineage of an event.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/../reliability/lib.sh"

events=$(times 2000 10000)
{
    printf '[core]\nplugin_path = %s\n' "$build/tests/puppet"
    printf '[stage flow_source]\nevents = %d\nbytes = 256\n' "$events"
    printf '[stage flow_end]\ncredit = 16\n[stage flow_pass1]\ncredit = 16\n'
} > "$dir/conf.d/10-flow.ini"
hash_of() { status flow_end | sed -nE "s/.*$events events,[^h]*hash ([0-9a-f]{16}).*/\1/p"; }
has_hash() { [ -n "$(hash_of)" ]; }
count_of() { status | sed -E "s/.*\"$1\":([0-9]+).*/\1/"; }

start_daemon
wait_for 60 flow_done flow_end "$events"
is_soon "N1 $events events are delivered" 60 flow_done flow_pass1 "$events"
is_soon "N1 the receiver has seen them all" 5 has_hash
first=$(hash_of)
passed=$(count_of FLOW_2)
is "N1 a dry run counts them" "$(ctl replay --queue flow_end --from 1h --dry-run)" \
    "$events events would be put back into the queue of flow_end"
is "N1 a span without events" "$(ctl replay --queue flow_end --from 2h --to 1h --json)" '{"count": 0, "dry_run": false}'
run ctl replay --queue flow_end --from 1h --type FLOW_2
is "N1 of another type" "$rc:$err" '2:rrctl replay: stage flow_end consumes no events of type "FLOW_2"'

# A new worker begins to count at 0. Stopped, it gets all before the first is handled.
ctl stop flow_end > /dev/null
wait_for 10 has_status '"state":"down"' flow_end
is "N1 a replay" "$(ctl replay --queue flow_end --from 1h)" "$events events put back into the queue of flow_end"
is "N1 they wait" "$(number ready flow_end)" "$events"
like "N1 marked as replays" "$(ctl queue list flow_end --limit 1)" "flow_end * ready FLOW_1 replay*"
is "N1 what is queued is not queued twice" \
    "$(ctl replay --queue flow_end --from 1h > /dev/null; number ready flow_end)" "$events"
ctl start flow_end > /dev/null
is_soon "N1 they are delivered again" 60 flow_done flow_end $((2 * events))
wait_for 5 has_hash
is "N1 in the same order, with the same bytes" "$(hash_of)" "$first"

is "N1 a replay to a stage that emits" "$(ctl replay --queue flow_pass1 --from 1h)" \
    "$events events put back into the queue of flow_pass1"
is_soon "N1 is handled" 60 flow_done flow_pass1 $((2 * events))
is "N1 and what it emits is not stored twice" "$(count_of FLOW_2)" "$passed"
run ctl replay --queue nobody --from 1h
like "N1 an unknown stage" "$rc $err" '2 *no stage "nobody"*'
run ctl replay --queue flow_source --from 1h
like "N1 a stage that consumes nothing" "$rc $err" "2 *consumes no events*"

# --- lineage
child=$(ctl events --json --type FLOW_2 --limit 1 | sed -E 's/.*"id":([0-9]+).*/\1/')
parent=$(ctl events --json --type FLOW_2 --limit 1 | sed -E 's/.*"parents":\[([0-9]+)\].*/\1/')
like "N9 from the consequence up" "$(ctl trace "$child")" \
    "*$parent FLOW_1 by flow_source*flow_end done in*flow_pass1 done in*$child FLOW_2 by flow_pass1*"
like "N9 from the cause down" "$(ctl trace "$parent")" "*$parent FLOW_1*$child FLOW_2*"
like "N9 as JSON" "$(ctl trace "$parent" --json | flat)" "*\"outcome\":\"done\",\"attempts\":1,*"
like "N9 for Graphviz" "$(ctl trace "$parent" --dot)" "digraph*\"$parent\" -> \"$child\"*"
run ctl trace 12345
like "N9 an event that is not there" "$rc $err" "*event 12345 is not stored*"

# --- bounds and pages of the log
is "N1 events of a stage" "$(ctl events --stage flow_source --from 1h --json | wc -l)" "$events"
is "N1 none before that" "$(ctl events --to 1h --json | wc -l)" 0
is "N1 the newest of a type" "$(ctl events --type FLOW_1 --limit 700 --json | wc -l)" 700
is "N1 these are in order" "$(ctl events --type FLOW_1 --limit 700 --json | sed -E 's/.*"id":([0-9]+).*/\1/' | sort -n -c && echo yes)" yes
is "N1 the last one is the newest" "$(ctl events --type FLOW_1 --limit 3 --json | tail -1 | sed -E 's/.*"number":([0-9]+).*/\1/')" "$events"
stop_daemon
is "N1 the same without a daemon" "$(ctl events --stage flow_source --from 1h --json | wc -l)" "$events"
is "N1 nothing is left" "$(marked)" 0
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_rrctl_live.sh - every command of rrctl against a real daemon with the stages for tests.

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/rrctl-live.XXXXXX") || exit 1
ctl() { "$RR_BUILDDIR/rrctl" -C "$work/D" "$@"; }
trap 'ctl stop > /dev/null 2>&1; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset RR_DIR
mkdir -p D/conf.d
cat > D/conf.d/00-core.ini << END
[core]
plugin_path = $RR_BUILDDIR/tests/puppet
iteration_event = RING_SUNK
run_argument = ring_source.laps
report =

[stage puppet]
attempts = 2
retry_delay = 10ms

[stage ring_source]
tokens = 2
laps = 3

[stage ring_work]

[stage ring_sink]
END

# --- nothing runs yet

run ctl status
is 'status without a daemon' "$rc" 3
run ctl check
is 'check' "$rc" 0
run ctl check --effective
like 'check --effective' "$rc $out" '0 *laps*3*'
run ctl check --json
like 'check --json' "$rc $out" '0 {"ok":true,*'
run ctl check --effective --json
like 'check --effective --json' "$rc $out" '0 {*"laps":{"value":"3",*00-core.ini*'
run ctl check --graph --json
like 'check --graph --json' "$rc $out" '0 {*"graph":{*'
run ctl check --json --set ring_source.lapps=3
like 'check --json, with a mistake' "$rc $out" '78 {"ok":false,"problems":\[*lapps*'
run ctl check --set ring_source.lapps=3
like 'check finds a misspelt option' "$rc $out $err" '78 *lapps*did you mean*laps*'
run ctl graph
like 'graph, offline' "$rc $out" '0 *ring_source*RING_STARTED*'
run ctl graph --dot
like 'graph --dot, offline' "$rc $out" '0 digraph*'
run ctl graph --json
like 'graph --json, offline' "$rc $out" '0 {*'
run ctl help stage puppet
like 'help stage' "$rc $out" '0 *mood*calm*'

# --- a daemon

run ctl start
like 'start' "$rc $out" '0 rrd * runs in *4 of 4 stages ready'
run ctl start
is 'a second start' "$rc" 5
run ctl status
like 'status' "$rc $out" '0 rrd*ring_source*ready*'
run ctl status "a$(printf 'ä%.0s' {1..31})" # the answer quotes 60 bytes of it
like 'status of a stage that is none' "$rc $err" '2 *there is no stage *'
run ctl status --json
like 'status --json' "$rc $out" '0 {*"stages"*}'
run ctl why puppet
like 'why' "$rc $out" '0 ?*'
run ctl why nobody
like 'why of a stage that is not there' "$rc $err" '[12] *nobody*'
run ctl graph
like 'graph, live' "$rc $out" '0 *ring_source*'
run ctl graph --dot
like 'graph --dot, live' "$rc $out" '0 digraph*'
run ctl graph --json
like 'graph --json, live' "$rc $out" '0 {*'

rings() { [ "$(ctl events --type RING_SUNK --json | wc -l)" -eq "$1" ]; }
is_soon 'the ring goes round: 2 tokens, 3 laps' 20 rings 6
run ctl events --type RING_SUNK --limit 2
is 'events --limit' "$(echo "$out" | wc -l)" 2
first=$(ctl events --json --limit 1 | sed 's/.*"id": *\([0-9]*\).*/\1/')
run ctl events --stage "$(printf 'a%.0s' {1..41})"
like 'events of a stage whose name is too long' "$rc $err" '2 *is too long*'
run ctl events --json --after "$first" --limit 1
like 'events --after' "$rc $([[ $out == *"\"id\":$first,"* ]] || echo other)" '0 other'

# --- an event of ours, and one that ends in the queue of the dead

run ctl emit PUPPET_POKED '{"number":1,"act":"none","times":0}' --config c1 --key k1
like 'emit' "$rc $out" '0 event *PUPPET_POKED'
run ctl emit PUPPET_POKED '{"number":1,"act":"none","times":0}' --config c1 --key k1
like 'emit with a key that is known' "$rc $out" '0 *no event was added'
answers() { [ "$(ctl events --type PUPPET_DONE --config c1 --json | wc -l)" -eq 1 ]; }
is_soon 'it is handled once' 20 answers
run ctl emit PUPPET_POKED '{"number":"x"}'
is 'emit of a wrong payload' "$([ "$rc" -ne 0 ] && echo refused)" refused
run ctl emit NOBODY '{}'
is 'emit of an unknown type' "$([ "$rc" -ne 0 ] && echo refused)" refused
run ctl keys puppet applied
is 'keys STAGE KEY' "$rc $out" '0 1'
run ctl keys puppet
is 'keys STAGE' "$rc $out" '0 applied = 1'
run ctl keys puppet nothing
is 'keys of a name that is not there' "$([ "$rc" -ne 0 ] && echo refused)" refused
"$RR_BUILDDIR/rrctl" -C D events --follow --type PUPPET_DONE --limit 0 > follow.txt &
follower=$!
# The follower sees what comes after it has asked: nobody knows when that is, so emit until it does.
shows() {
    ctl emit PUPPET_POKED '{"number":3,"act":"none","times":0}' && grep -q 'number=3' follow.txt
}
is_soon 'events --follow shows what comes' 20 shows
kill $follower
wait $follower 2> /dev/null
"$RR_BUILDDIR/rrctl" -C D events --follow --from 0s > follow.txt &
follower=$!
is_soon 'and from a time on that no event has reached yet' 20 shows
kill $follower
wait $follower 2> /dev/null

ctl emit PUPPET_POKED '{"number":2,"act":"reject","times":0}' > /dev/null
buried() { ctl queue list puppet | grep -q buried; }
is_soon 'a rejected event is buried' 20 buried
run ctl queue
like 'queue lists it' "$rc $out" '0 *puppet*buried*told to reject*'
id=$(ctl queue list puppet | awk '/buried/ { print $2 }')
run ctl queue show puppet "$id"
like 'queue show' "$rc $out" "0 *$id*reject*"
run ctl queue kick puppet "$id"
like 'queue kick' "$rc $out" '0 1 *'
wait_for 20 buried
run ctl queue drop puppet --all
like 'queue drop --all wants to be sure' "$rc $err" '2 *--yes*'
run ctl queue drop puppet --all --yes
like 'queue drop all' "$rc $out" '0 1 *'
run ctl queue drop puppet 12345
is 'queue drop of an unknown id' "$([ "$rc" -ne 0 ] && echo refused)" refused

# --- one stage

is_state() { ctl status | grep -q "^$1 *$2"; }
run ctl stop puppet
is 'stop of a stage' "$rc" 0
is_soon 'it is down' 20 is_state puppet down
run ctl start puppet
is 'start of a stage' "$rc" 0
is_soon 'it is ready' 20 is_state puppet ready
run ctl restart puppet
is 'restart of a stage' "$rc" 0
is_soon 'it is ready again' 20 is_state puppet ready
run ctl stop nobody
is 'stop of a stage that is not there' "$([ "$rc" -ne 0 ] && echo refused)" refused

run ctl restart
like 'restart of the daemon' "$rc $out" '0 *has stopped*stages ready'
run ctl stop
like 'stop of the daemon' "$rc $out" '0 *has stopped'
run ctl events --type RING_SUNK --json
is 'events, offline' "$rc $(echo "$out" | wc -l)" '0 6'

# --- run; the limit in minutes is for the case that something hangs

sed 's/^laps = .*/work = 5ms/' D/conf.d/00-core.ini > ring.ini
rm D/conf.d/00-core.ini
mv ring.ini D/conf.d/10-ring.ini
rm -rf D/state D/data
run ctl run 0 --plain --iterations 3 --minutes 1
like 'run' "$rc $out" '0 *all iterations done*'
before=$(ctl events --type RING_SUNK --limit 10000 --json | wc -l)
run ctl run 0 --plain --iterations 3 --minutes 1
like 'run again' "$rc $out" '0 *all iterations done*'
after=$(ctl events --type RING_SUNK --limit 10000 --json | wc -l)
is 'it went on from there' "$((after - before >= 3))" 1
run ctl run --plain --until RING_SUNK=6 --minutes 1
like 'run whose goal is reached' "$rc $out" '0 *goal reached*'
run ctl run --plain --minutes 0.02
like 'run for a time' "$rc $out" '0 *time is up*'
run ctl run --plain --minutes 1 --set puppet.init_act=config
like 'run with a stage that fails' "$rc $err" '1 *stage puppet has failed*'
run ctl run --plain --minutes 1 --set puppet.nonsense=1
like 'run with a wrong option' "$rc $err" '78 *nonsense*'
run ctl status
is 'nothing runs in the end' "$rc" 3

done_testing

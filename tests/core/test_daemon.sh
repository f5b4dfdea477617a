#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_daemon.sh - rrd with the puppet: every way in which a handler can end, and every way to stop.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/../reliability/lib.sh"

# The path of the control socket is longer than a socket's address may be.
dir=$base/$(printf 'd%.0s' {1..120})
mkdir -p "$dir/conf.d"

# recovers ACT: the first attempt does harm, the second one answers
recovers() {
    local before
    before=$(count_done)
    emit "$1" 1
    is_soon "after $1 the event is handled again" 20 has_done $((before + 1))
    like "after $1: attempt 2" "$(ctl events --json --type PUPPET_DONE --limit 1)" '*"attempt":2*'
}

conf() {
    cat > "$dir/conf.d/10-puppet.ini" << EOI
[core]
plugin_path = $build/tests/puppet
slots = cpu:2,solo:1

[stage puppet]
slots = solo:1
attempts = 3
retry_delay = 10ms
restart_delay = 10ms
restart_max = 50ms
progress_limit = 1s
ping_limit = 1s
$1
EOI
}

# --- refused configurations
conf "cuont = 3"
run "$build/rrd" -C "$dir"
is "a bad configuration: status 78" "$rc" 78
is "the message" "$(tail -1 err.txt)" 'conf.d/10-puppet.ini:13: option "cuont" is not known to plugin puppet (did you mean "count"?)'
printf '[core]\nplugin_path = %s\n[stage no_symbol]\n' "$build/tests/puppet" > "$dir/conf.d/10-puppet.ini"
run "$build/rrd" -C "$dir"
is "a plugin that cannot be loaded: status 69" "$rc" 69
is "nothing was made" "$(ls "$dir")" "conf.d"

# --- life
conf ""
run "$build/rrd" -C "$dir" --daemon
is "the daemon starts in a deep directory" "$rc" 0
like "it is running" "$(status)" '*"state":"running"*'
run "$build/rrd" -C "$dir"
is "a second one does not: status 5" "$rc" 5
like "and names the first" "$err" "*in use by another rrd (pid *"
is "the control socket is private" "$(stat -c %a "$dir/run/ctl.sock")" 600

# --- events
run ctl emit PUPPET_POKED '{"number":1,"act":"none"}'
like "a payload that lacks a field is refused" "$err" '*lacks the field "times"*'
run ctl emit PUPPET_POKD '{}'
like "so is an unknown type" "$err" '*no stage produces or consumes*'
emit none
is_soon "an event is handled" 10 has_done 1
first=$(ctl events --json --type PUPPET_POKED --limit 1 | sed 's/.*"id":\([0-9]*\).*/\1/')
like "its answer names it as parent" "$(ctl events --json --type PUPPET_DONE)" "*\"parents\":?$first?,*"
ctl emit PUPPET_PRODDED '{"number":1,"act":"none","times":0}' --key same > /dev/null
ctl emit PUPPET_POKED '{"number":1,"act":"none","times":0}' --key same > /dev/null
is_soon "a known key is dropped, by its alias too" 10 has_status '"keys_dropped":1'
wait_for 10 has_done 2

for act in retry lie fatal segv abort exit0 exit1 kill hang close garbage huge freeze; do
    recovers "$act"
done
before=$(count_done)
emit scribble
is_soon "a worker that writes to every descriptor reaches nothing of ours" 10 has_done $((before + 1))
like "the death is told" "$(status)" '*"last_exit":{"time_ms":*'
is_soon "a hanging one by progress" 5 has_line "no progress for" rrd.log

before=$(count_done)
emit tell_and_die 1
is_soon "what was emitted at once outlives its handler" 10 has_done $((before + 2))
is "and comes once" "$(ctl events --json --limit 1000 | grep -c 'told before dying')" 1

# --- buried
emit segv
is_soon "an event that always kills is buried" 20 has_status '"buried":1'
like "with its history" "$(ctl queue list puppet)" "*buried*PUPPET_POKED*attempts 3*SEGV*"
before=$(count_done)
emit none
is_soon "the stage goes on with the next" 10 has_done $((before + 1))
emit reject
is_soon "a rejected event is buried at once" 10 has_status '"buried":2'
id=$(ctl queue list puppet --json | grep -o '"id": *[0-9]*' | tail -1 | grep -o '[0-9]*')
is "drop takes one away" "$(ctl queue drop puppet "$id")" "1 dropped"
is "kick brings the other back" "$(ctl queue kick puppet --all)" "1 back in the queue"
is_soon "and it is buried again" 20 has_status '"buried":1'
is "drop takes all away" "$(ctl queue drop puppet --all --yes)" "1 dropped"

# --- words
emit print
is_soon "what a worker prints is in its log" 5 has_line "printed to standard error" puppet.log
is_soon "a note is shown" 5 has_status '"noted: hello"'
emit flood
is_soon "a flood of lines is limited and counted" 10 has_line "lines dropped stage=puppet" rrd.log

# --- control of one stage
ctl stop puppet > /dev/null
is_soon "a stage stops" 10 has_status '"state":"down"'
emit none
like "its events wait" "$(status)" '*"ready":1,*'
like "why" "$(ctl why puppet)" "puppet (down) was stopped*"
before=$(count_done)
ctl start puppet > /dev/null
is_soon "and are handled when it is back" 10 has_done $((before + 1))
emit exit78 1
is_soon "exit 78 is not started again" 10 has_status '"state":"failed"'
before=$(count_done)
ctl start puppet > /dev/null
is_soon "but by the operator" 10 has_done $((before + 1))

# --- end, with children that do not want to
emit fork_deaf
wait_for 10 has_done $((before + 2))
run ctl stop
is "the daemon stops" "$rc" 0
is "deaf children and all" "$(marked)" 0
run "$build/rrd" -C "$dir" --daemon --set puppet.progress_limit=0s
like "notes survive" "$(status)" '*"noted: hello"*'
like "so does the death history" "$(status)" '*"last_exit":{"time_ms":*'

recovers freeze
is_soon "without a progress limit ping finds a frozen worker" 5 has_line "no answer to a ping" rrd.log

# --- a worker that does not stop: the operator insists
emit stubborn
wait_for 10 has_status '"type":"PUPPET_POKED"'
pid=$(status | sed 's/.*"pid":\([0-9]*\),"dir".*/\1/')
for _ in 1 2 3; do
    kill -TERM "$pid" 2> /dev/null
    wait_for 1 false
done
gone() { ! kill -0 "$pid" 2> /dev/null; }
is_soon "a third TERM ends a stubborn worker" 10 gone
is "no process is left" "$(marked)" 0

# --- stop while a stage hangs in init
dir=$base/init
mkdir -p "$dir/conf.d"
conf $'init_act = hang\nstart_limit = 60s\nstop_limit = 200ms'
"$build/rrd" -C "$dir" > /dev/null 2>&1 &
pid=$!
wait_for 10 has_status '"state":"starting"'
kill -TERM "$pid"
wait "$pid"
is "stop wins over a start that does not end" $? 0
is "here too no process is left" "$(marked)" 0
done_testing

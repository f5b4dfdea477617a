#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R38: an event that kills its worker each time is buried after its attempts, and the stage goes on;
# with credit, only the event in hand counts an attempt.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

poisons=$(times 5 100)
buried() { [ "$(number buried puppet)" -eq "$1" ]; }

# --- with the delays as they are by default
{
    printf '[core]\nplugin_path = %s\n[stage puppet]\n' "$build/tests/puppet"
} > "$dir/conf.d/10-puppet.ini"
start_daemon
began=$SECONDS
emit segv
emit none
is_soon "R38 the stage goes on with the next event" 10 has_done 1
is "R38 after less than 10 s" "$((SECONDS - began < 10))" 1
like "R38 the poison event is buried after 5 attempts" "$(ctl queue list puppet)" "*buried PUPPET_POKED attempts 5: *SEGV*"
stop_daemon
forget

# --- many, among others that share their worker
conf 'credit = 8' 'breaker = 1000'
start_daemon
for ((i = 0; i < poisons; i++)); do
    emit none
    emit none
    emit segv
    emit none
done
is_soon "R38 $poisons poison events are buried" 60 buried "$poisons"
is_soon "R38 all others are handled" 20 has_done $((3 * poisons))
is "R38 in one attempt each, though their worker died" \
    "$(ctl events --json --type PUPPET_DONE --limit 100000 | grep -vc '"attempt":1,')" 0
is "R38 each once" "$(ctl events --json --type PUPPET_DONE --limit 100000 | sed -E 's/.*"parents":\[([0-9]*)\].*/\1/' |
    sort | uniq -d | wc -l)" 0
ctl queue kick puppet --all > "$base/kicked.txt"
is "R38 they can be kicked" "$(cat "$base/kicked.txt")" "$poisons back in the queue"
is_soon "R38 and are buried again" 60 buried "$poisons"
ctl queue drop puppet --all --yes > /dev/null
buried 0
is "R38 and dropped" $? 0

# --- a callback that belongs to no event is no event's fault
stop_daemon
forget
conf 'credit = 4' 'attempts = 2' 'idle = 1ms' 'idle_act = kill' 'breaker = 1000'
start_daemon
for ((i = 0; i < 4; i++)); do
    emit none
done
deaths() { [ "$(number restarts puppet)" -ge 5 ]; }
is_soon "R38 idle kills the worker again and again" 20 deaths
is "R38 no event is buried for that" "$(number buried puppet)" 0
is "R38 nor counts an attempt" "$(ctl queue list puppet | grep -c attempts)" 0
stop_daemon
is "R38 nothing is left" "$(marked)" 0
done_testing

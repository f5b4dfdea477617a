#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R04: every way in which a worker can die is told right: class, status or signal, decision, last
# lines, event. R39: results that lie. R41: a plugin that gives up on its process.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=$(times 1 20)

# died WHAT PATTERN: the newest death of the stage
died() { status puppet | sed 's/.*"deaths":\[//' | grep -oE '\{"time_ms"[^]]*\]\}' | tail -n 1; }
has_deaths() { [ "$(status puppet | grep -o '"ready_ms"' | wc -l)" -eq "$1" ]; }
leased() { ctl events --json --type PUPPET_POKED --limit 1 | sed 's/.*"id":\([0-9]*\).*/\1/'; }

# dies ACT KIND CODE SIGNAL STATE [ID]: the first attempt ends the worker
dies() {
    local round id=${6:-R04}
    for ((round = 0; round < rounds; round++)); do
        forget
        start_daemon || break
        emit "$1" 1
        wait_for 20 has_deaths 1
        event=$(leased)
        death=$(died)
        if [ "$5" = failed ]; then
            is_soon "$id after $1 the stage is not started again" 10 has_status '"state":"failed"' puppet
            ctl start puppet > /dev/null
        fi
        is_soon "$id after $1 its event is handled by a new worker" 20 has_done 1
        like "$id after $1: class and status" "$death" "*\"kind\":\"$2\",\"code\":$3,\"signal\":$4,*"
        like "$id after $1: the event that it held" "$death" "*\"event\":$event,*"
        like "$id after $1: its last lines" "$death" "*\"lines\":[*${7:-about to $1}*"
        stop_daemon
    done
}

conf 'progress_limit = 1s'
dies segv signal 0 11 backoff
dies abort signal 0 6 backoff
dies bus signal 0 7 backoff
dies fpe signal 0 8 backoff
dies ill signal 0 4 backoff
dies kill signal 0 9 backoff
dies exit0 exit 0 0 backoff
dies exit1 exit 1 0 backoff
dies exit69 exit 69 0 failed
dies exit78 exit 78 0 failed
dies exit_call exit 0 0 backoff R39
dies throw signal 0 6 backoff R39
dies thread_exit sick 0 9 backoff R39
dies overflow signal 0 11 backoff
if nm -D "$build/tests/puppet/puppet.so" | grep -q __asan; then
    dies double_free exit 1 0 backoff R04 double-free # the sanitizer has the last words
else
    dies double_free signal 0 6 backoff
fi
dies fatal exit 1 0 backoff R41
like "R41 what the plugin said is the reason" "$death" '*"text":"told to be fatal"*'

# What cannot be told beforehand must be survived: the stack that is jumped to is anybody's.
forget
start_daemon
emit longjmp 1
emit none
is_soon "R39 after a longjmp out of a callback the stage goes on" 30 has_done 1
before=$(count_done)
emit lie 1
is_soon "R39 a result that does not exist is an attempt that failed" 20 has_done $((before + 1))
like "R39 and is logged as a bug of the plugin" "$(cat "$dir/log/rrd.log")" '*bug in plugin puppet: event() returned 42*'
stop_daemon

# The history outlives the daemon, and keeps the newest 16.
forget
start_daemon
for _ in 1 2 3 4 5; do
    emit segv
done
wait_for 30 has_status '"buried":5' puppet
has_deaths 16
is "R04 16 deaths are kept" $? 0
newest=$(died)
stop_daemon
start_daemon
is "R04 they outlive the daemon" "$(died)" "$newest"
like "R04 people can read them" "$(ctl status puppet)" '*signal SEGV*about to segv*'
like "R04 why tells of the newest" "$(ctl why puppet)" '*death*signal SEGV*'
stop_daemon
done_testing

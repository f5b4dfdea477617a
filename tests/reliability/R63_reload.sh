#!/bin/bash
# SPDX-License-Identifier: MIT
# R63: reload. A changed configuration is taken over wholly or not at all; what does not change runs
# on; when anything is wrong the old one keeps running and the caller hears why.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# three FILE-LINES…: stages a, b and c of the puppet; extra lines of b
three() {
    printf '[core]\nplugin_path = %s\nslots = cpu:2\n' "$build/tests/puppet" > "$dir/conf.d/00-core.ini"
    for name in a b c; do
        printf '[stage %s]\nplugin = puppet\nretry_delay = 10ms\nrestart_delay = 10ms\nrestart_max = 50ms\n' "$name" \
            > "$dir/conf.d/10-$name.ini"
    done
    [ $# -eq 0 ] || printf '%s\n' "$@" >> "$dir/conf.d/10-b.ini"
}
pid_of() { status "$1" | sed -E 's/.*"name":"'"$1"'"[^}]*"pid":([0-9]+).*/\1/'; }
pids() { echo "$(pid_of a) $(pid_of b) $(pid_of c)"; }
reload() { run "$build/rrctl" -C "$dir" reload "$@"; }

three
start_daemon
is "R63 the daemon runs" "$?" 0
before=$(pids)
is "R63 three workers" "$(echo "$before" | tr ' ' '\n' | sort -u | grep -c '^[0-9][0-9]*$')" 3

reload
is "R63 nothing changed: status 0" "$rc" 0
is "R63 and nothing is done" "$out" "nothing changes"
is "R63 by nobody" "$(pids)" "$before"

# plan CHANGE EXPECTED: what --dry-run says of a change of the files, and that it does nothing
plan() {
    reload --dry-run
    is "R63 plan: $1" "$(printf '%s' "$out" | tr '\n' ';')" "$2"
    is "R63 plan: $1: nothing was done" "$(pids)" "$before"
    three
}
dry="nothing was done (--dry-run)"
three "attempts = 7"
plan "a limit" "keep     a;update   b (attempts);keep     c;$dry"
three "queue_high = 500" "stop_limit = 3s"
plan "two of the daemon's keys" "keep     a;update   b (stop_limit, queue_high);keep     c;$dry"
three "# a comment" ""
plan "a comment" "nothing changes"
three "text = other"
plan "an option of the plugin" "keep     a;restart  b (text);keep     c;$dry"
three "credit = 4"
plan "what the worker is told" "keep     a;restart  b (credit);keep     c;$dry"
three "niceness = 5"
plan "rights of the worker" "keep     a;restart  b (niceness);keep     c;$dry"
three "enabled = no"
plan "a stage disabled" "keep     a;stop     b (enabled);keep     c;$dry"
three "needs = a"
plan "a dependency" "keep     a;update   b (needs);keep     c;$dry"
three; rm "$dir/conf.d/10-c.ini"
plan "a stage less" "keep     a;keep     b;stop     c (removed);nobody reads its queue any more: c;$dry"
three; printf '[stage d]\nplugin = puppet\n' > "$dir/conf.d/20-d.ini"
reload --dry-run
is "R63 plan: a stage more" "$(printf '%s' "$out" | tr '\n' ';')" "keep     a;keep     b;keep     c;start    d;$dry"
rm "$dir/conf.d/20-d.ini"
three; sed -i 's/cpu:2/cpu:3/' "$dir/conf.d/00-core.ini"
plan "slots" "keep     a;keep     b;keep     c;$dry"
three; printf 'log_level = debug\n' >> "$dir/conf.d/00-core.ini"
plan "the level of the log" "keep     a;keep     b;keep     c;$dry"
three; mkdir -p "$base/other"; cp "$build/tests/puppet/puppet.so" "$base/other/"
sed -i "s|^plugin_path.*|plugin_path = $base/other|" "$dir/conf.d/00-core.ini"
plan "another place of the plugins" \
    "restart  a (plugin_path);restart  b (plugin_path);restart  c (plugin_path);$dry"
three; mv "$dir/conf.d/10-b.ini" "$dir/conf.d/90-b.ini"
reload --dry-run
is "R63 plan: another file, the same values" "$out" "nothing changes"
rm "$dir/conf.d/90-b.ini"; three

# refused WHAT STATUS MESSAGE: a reload that must not happen
refused() {
    reload
    is "R63 refused: $1: status" "$rc" "$2"
    like "R63 refused: $1: the reason" "$err" "*$3*"
    is "R63 refused: $1: the old configuration runs on" "$(pids)" "$before"
    three
}
three "atempts = 7"
refused "an unknown key" 78 'conf.d/10-b.ini:6: *atempts*did you mean "attempts"'
three "attempts = many"
refused "a bad value" 78 'conf.d/10-b.ini:6:*'
three; printf '[stage e]\nplugin = no_such\n' > "$dir/conf.d/20-e.ini"
refused "a plugin that is not there" 78 'no_such.so'
rm "$dir/conf.d/20-e.ini"
three "needs = c"; printf 'needs = b\n' >> "$dir/conf.d/10-c.ini"
refused "a cycle" 78 'cycle'
three; printf 'store_size = 1GiB\n' >> "$dir/conf.d/00-core.ini"
refused "what needs a restart" 78 'store_size cannot change while rrd runs: rrctl restart'
printf 'x' > "$dir/conf.d/10-b.ini"
refused "a file that is none" 78 '10-b.ini:1'
rm "$dir"/conf.d/*
refused "no files at all" 78 'conf.d'

# done for real
ctl stop c > /dev/null
wait_for 10 has_status '"name":"c","plugin":"puppet","state":"down"'
ctl emit PUPPET_POKED '{"number":1,"act":"none","times":0}' > /dev/null
three "credit = 4"; printf '[stage d]\nplugin = puppet\n' > "$dir/conf.d/20-d.ini"; rm "$dir/conf.d/10-c.ini"
reload
is "R63 a reload of all kinds: status" "$rc" 0
is "R63 it says what it did" "$(printf '%s' "$out" | tr '\n' ';')" \
    "keep     a;restart  b (credit);start    d;stop     c (removed);nobody reads its queue any more: c;done"
is "R63 who does not change runs on" "$(pid_of a)" "${before%% *}"
is "R63 all are ready" "$(status | grep -o '"state":"ready"' | wc -l)" 3
is "R63 and c is gone" "$(status | grep -c '"name":"c"')" 0
ctl queue list c | grep -q PUPPET_POKED
is "R63 no event is lost" "$?" 0

# a stage that does not become ready: everything goes back
before_d=$(pid_of d)
three "credit = 2"; rm "$dir/conf.d/10-c.ini"
printf '[stage d]\nplugin = puppet\ninit_act = bad_conf\n' > "$dir/conf.d/20-d.ini"
reload
is "R63 a stage fails to start: status" "$rc" 78
like "R63 the reason names it and says what became of it" "$err" "*stage d did not become ready: the worker ended *the old configuration is back*"
is_soon "R63 the stage runs as before" 10 has_status '"name":"d","plugin":"puppet","state":"ready"'
is "R63 with a new worker" "$([ "$(pid_of d)" != "$before_d" ]; echo $?)" 0
ctl keys d > /dev/null
is "R63 and answers" "$?" 0
is "R63 the other change was undone, too" "$(ctl reload --dry-run | grep -c 'restart  b (credit)')" 1

# SIGHUP is the same, and one at a time
printf '[stage d]\nplugin = puppet\n' > "$dir/conf.d/20-d.ini"
n_done=$(grep -c 'reload: done' "$dir/log/rrd.log")
one_more_done() { [ "$(grep -c 'reload: done' "$dir/log/rrd.log")" -gt "$n_done" ]; }
kill -HUP "$(daemon_pid)"
is_soon "R63 SIGHUP reloads" 20 one_more_done
printf '[stage d]\nplugin = puppet\ninit_act = slow\nwait = 2s\n' > "$dir/conf.d/20-d.ini"
ctl reload > "$base/first.txt" 2>&1 &
first=$!
is_soon "R63 status answers while a reload is under way" 10 has_status '"reload":"starting'
reload
is "R63 a second one meanwhile: status" "$rc" 5
like "R63 and the reason" "$err" "*a reload is under way*"
run "$build/rrctl" -C "$dir" restart d
is "R63 a restart of what a reload starts: status" "$rc" 5
like "R63 and the reason" "$err" "*a reload or an upgrade has stage d in hand (starting what changed)*"
printf '[stage d]\nplugin = puppet\ncredit = 3\n' > "$dir/conf.d/20-d.ini"
kill -HUP "$(daemon_pid)"
wait $first
is "R63 the first one succeeds" "$? $(tail -n 1 "$base/first.txt")" "0 done"
is_in_force() { [ "$(ctl reload --dry-run)" = "nothing changes" ]; }
is_soon "R63 a SIGHUP meanwhile is heeded afterwards" 20 is_in_force

# nor may anybody start again what a reload is stopping
printf '[stage d]\nplugin = puppet\ndrain_act = hang\nstop_limit = 2s\n' > "$dir/conf.d/20-d.ini"
reload
is "R63 a stage that will end slowly: status" "$rc" 0
printf '[stage d]\nplugin = puppet\n' > "$dir/conf.d/20-d.ini"
ctl reload > "$base/first.txt" 2>&1 &
first=$!
is_soon "R63 a stage that ends slowly" 10 has_status '"reload":"stopping'
for verb in start restart stop; do
    run "$build/rrctl" -C "$dir" $verb d
    is "R63 $verb of what a reload stops: status" "$rc" 5
    like "R63 $verb of what a reload stops: the reason" "$err" "*has stage d in hand (stopping what changes)*"
done
run "$build/rrctl" -C "$dir" restart a
is "R63 a stage that the reload keeps may be restarted" "$rc" 0
wait $first
is "R63 the reload comes to its end" "$? $(tail -n 1 "$base/first.txt")" "0 done"
is "R63 with the new configuration" "$(ctl reload --dry-run)" "nothing changes"

# a stage that waits for one that does not run is no reason to wait for ever, or to go back
rm "$dir"/conf.d/*
three "needs = a"
reload
ctl stop a > /dev/null
wait_for 10 has_status '"state":"down"' a
three "needs = a" "credit = 2"
run timeout 10 "$build/rrctl" -C "$dir" reload
is "R63 a stage needs one that was stopped: the reload ends" "$rc $(printf '%s' "$out" | tail -n 1)" "0 done"
has_status '"state":"waiting"' b
is "R63 and the stage waits" "$?" 0
printf 'init_act = bad_conf\n' >> "$dir/conf.d/10-a.ini"
ctl start a > /dev/null
reload
is "R63 a stage fails, for which another waits: the reload ends" "$rc" 78
stop_daemon
is "R63 stop" "$?" 0
printf 'init_act = exit1\n' >> "$dir/conf.d/10-c.ini"
timeout 20 "$rrd" -C "$dir" --daemon > "$base/start.txt" 2>&1
is "R63 so does a start" "$?" 0
like "R63 a start says what the stage waits for" "$(cat "$base/start.txt")" "*stage a is not ready: *stage b is not ready: it waits for stage a*"
stop_daemon

# who asked for a reload hears of a stop even when it comes with nothing left to stop, in the turn in which
# a long answer to somebody else ends
forget
rm "$dir"/conf.d/*
printf '[core]\nplugin_path = %s\n[stage a]\nplugin = puppet\n' "$build/tests/puppet" > "$dir/conf.d/10-a.ini"
start_daemon
ctl stop a > /dev/null
heard=$(python3 - "$dir/run/ctl.sock" << 'EOP'
import json, socket, sys

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sys.argv[1])
    return s

def request(cmd, **args):
    return json.dumps({"v": 1, "cmd": cmd, "args": args}).encode() + b"\n"

emitter = connect().makefile("rwb")
poked = {"number": 1, "act": "none", "times": 0}
for _ in range(40):
    emitter.write(50 * request("emit", type="PUPPET_POKED", config="", payload=poked))
    emitter.flush()
    for _ in range(50):
        emitter.readline()
reload, walk = connect(), connect()
reload.sendall(request("reload"))
walk.sendall(request("events", limit=100000) + request("stop"))
while walk.recv(65536):
    pass
print(reload.recv(65536).decode())
EOP
)
like "R63 a stop during the check of a reload" "$heard" '*"error":"the daemon stops"*'
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# N12: `rrctl doctor` finds each of a list of faults, says what to do, changes nothing, and finds
# none where there is none.
set -u
umask 022
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

extra_conf='[stage flow_end]'
plugins=$base/plugins
mkdir "$plugins"
cp "$build/tests/puppet/puppet.so" "$build/tests/puppet/flow_end.so" "$plugins"
conf

# finds FAULT PATTERN [OPTION...]: a failure or a warning whose line and advice are like PATTERN
finds() {
    run timeout 60 "$build/rrctl" -C "$dir" --timeout 1 doctor "${@:3}"
    like "N12 $1: found" "$(grep -A1 -E '^(fail|warn)' <<< "$out")" "*$2*"
    if grep -q '^fail' <<< "$out"; then
        is "N12 $1: status" "$rc" 1
    else
        is "N12 $1: status" "$rc" 0
    fi
}
# is_well WHAT: nothing but what the puppet's graph is warned about
is_well() {
    run ctl doctor
    is "N12 $1: nothing is wrong" "$rc $(grep -E '^(fail|warn)' <<< "$out" | grep -v 'warn  conf ')" '0 '
}
fresh() {
    chmod -R u+rwX "$dir"
    forget "$dir/data"
    conf
    start_daemon
}

is_well 'before anything ran'
start_daemon
is_well 'while it runs'
run ctl doctor --json
like 'N12 JSON' "$rc $(flat <<< "$out")" '0 {"ok":true,"findings":\[{"verdict":*'
run ctl doctor --strict
is 'N12 --strict: a warning counts' "$rc" 1

# --- faults of a daemon that runs

{ cat "$plugins/puppet.so"; echo more; } > "$base/new.so" && mv "$base/new.so" "$plugins/puppet.so"
finds 'a plugin file that was replaced' 'puppet runs another file*rrctl reload'
cp "$build/tests/puppet/puppet.so" "$plugins/puppet.so"
printf '[stage flow_sink]\n' > "$dir/conf.d/20-more.ini"
finds 'a plugin that is not there' 'there is no plugin file flow_sink.so*'
cp "$build/tests/puppet/flow_sink.so" "$plugins"
finds 'a configuration that is not in force' 'flow_sink is in conf.d, and does not run*rrctl reload'
rm "$dir/conf.d/20-more.ini"
emit reject
buried() { has_status '"buried":1' puppet; }
wait_for 20 buried
finds 'buried events' 'puppet has 1 buried events*rrctl queue'
ctl queue drop puppet --all --yes > /dev/null
kill -STOP "$(daemon_pid)"
finds 'a daemon that hangs' "rrd (pid $(daemon_pid)) runs, and does not answer*nothing is lost"
kill -CONT "$(daemon_pid)"
ctl status > /dev/null
mv "$dir/run/ctl.sock" "$base/socket"
finds 'a socket that is gone' 'runs, and does not answer*not running in'
mv "$base/socket" "$dir/run/ctl.sock"
conf 'init_act = bad_conf'
ctl restart > /dev/null 2>&1
wait_for 20 has_status '"state":"failed"' puppet
finds 'a stage that has failed' 'puppet has failed: *rrctl start'
conf
ctl restart > /dev/null
is_well 'mended'

# --- faults that are there when it does not run

read -r pid instance < "$dir/state/lock"
kill -9 "$pid"
wait_for 20 eval '! kill -0 $pid'
finds 'a daemon that was killed' 'it left its socket behind*rrctl start'
env RR_WORKER="$instance/puppet/1" sleep 60 &
left=$!
finds 'a process that was left' '1 processes of a daemon that died still run*start rrd'
is 'N12 a process that was left: it is left alone' "$(kill -0 $left && echo alive)" alive
kill $left && wait $left 2> /dev/null
rm "$dir/run/ctl.sock" && : > "$dir/run/ctl.sock"
finds 'a socket that is none' 'ctl.sock is no socket*move it away'
rm "$dir/run/ctl.sock"
flock -F -x "$dir/state/lock" sleep 60 &
holder=$!
wait_for 20 eval '! flock -n "$dir/state/lock" true'
finds 'a lock that somebody else holds' "held by process $holder, which is no rrd*"
kill $holder && wait $holder 2> /dev/null
is_well 'without all that'

# who only looks, as doctor itself does, is waited for by a start, however long it looks
flock -F -s "$dir/state/lock" sleep 120 &
looker=$!
wait_for 20 eval '! flock -n "$dir/state/lock" true'
"$build/rrd" -C "$dir" > "$base/held.txt" 2>&1 &
starter=$!
waits() { grep -q 'doctor looks at the store: the start waits' "$base/held.txt"; }
is_soon 'N12 a start while doctor looks: it says that it waits' 20 waits
kill -TERM $starter
wait $starter 2> /dev/null
is 'N12 a start while doctor looks: it can be ended' "$?" 143
"$build/rrd" -C "$dir" --daemon > "$base/held.txt" 2>&1 &
starter=$!
is_soon 'N12 the next one waits, too' 20 waits
is 'N12 and no store was opened' "$(ctl status > /dev/null 2>&1; echo $?)" 3
kill $looker && wait $looker 2> /dev/null
wait $starter
is 'N12 a start while doctor looks: it starts then' "$?" 0
stop_daemon

cp -a "$dir/state" "$base/state"
truncate -s -4096 "$dir/state/store/data.mdb"
finds 'a store that was cut off' 'the file has been cut off*'
like 'N12 a store that was cut off: told what to do' "$out" '*restore it from a copy*'
rm -rf "$dir/state" && cp -a "$base/state" "$dir/state"
# One figure of an event, as a disk or a memory cell would change it.
LC_ALL=C sed -i 's/"number":1/"number":3/g' "$dir/state/store/data.mdb"
finds 'a record that is damaged' 'records are damaged*start rrd'
rm -rf "$dir/state" && cp -a "$base/state" "$dir/state"
: > "$dir/state/store/ballast"
finds 'a reserve that is empty' 'ballast keeps no space*remove it'
rm "$dir/state/store/ballast"
touch -d '2 days' "$dir/state/store/data.mdb"
finds 'a clock that was set back' 'the clock was set back*'
touch "$dir/state/store/data.mdb"
conf && sed -i '/flow_end/d' "$dir/conf.d/10-puppet.ini"
mv "$dir/data" "$base/data"
finds 'files that are gone' 'data is gone*put it back'
mv "$base/data" "$dir/data"
chmod 0777 "$dir/state"
finds 'a state directory for everybody' 'others than its owner may write to *state (mode 0777)*chmod go-w'
chmod 0500 "$dir/state"
finds 'a state directory that is locked up' 'its owner may not use *state*'
chmod 0700 "$dir/state"
chmod 0777 "$dir/state/plugins"
finds 'a folder of the state for everybody' 'others than its owner may write to *state/plugins (mode 0777)*chmod go-w'
chmod 0700 "$dir/state/plugins"
mv "$dir/log" "$base/log" && mkdir -p "$dir/log/rrd.log"
finds 'a log that is none' 'rrd.log cannot be written to*'
rm -r "$dir/log" && mv "$base/log" "$dir/log"
truncate -s 3G "$dir/log/old"
finds 'logs without end' 'log has 3072 MiB*'
rm "$dir/log/old"
rm -r "$dir/run" && : > "$dir/run"
finds 'a folder that is a file' 'run is no directory*'
rm "$dir/run"

# --- faults of the configuration and of the system

conf 'moood = calm'
finds 'a misspelt option' 'option "moood" is not known*did you mean "mood"'
conf && chmod 0666 "$dir/conf.d/10-puppet.ini"
finds 'a configuration for everybody' '10-puppet.ini*may write*'
rm "$dir/conf.d/10-puppet.ini"
conf && chmod 0777 "$plugins/puppet.so"
finds 'a plugin for everybody' 'puppet.so: *may write*'
chmod 0755 "$plugins/puppet.so"
extra_core='disk_reserve = 1024GiB' conf
finds 'a disk that is full' 'MiB are free, disk_reserve is 1048576 MiB*make room'
extra_core='control_group = no_such_group' conf
finds 'a control group that is none' 'there is no group "no_such_group"*'
conf
(
    ulimit -n 40
    finds 'few open files' '40 files may be open*ulimit -n'
    exit $failed
) || failed=1
count=$((count + 2))
(
    ulimit -f 1000
    finds 'small files' 'files may grow to *ulimit -f'
    exit $failed
) || failed=1
count=$((count + 2))
fresh
is_well 'in the end'
stop_daemon
is_well 'after a stop'
done_testing

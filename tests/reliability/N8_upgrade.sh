#!/bin/bash
# SPDX-License-Identifier: MIT
# N8: rrctl upgrade. A new version of a plugin that dies, hangs, rejects, is never ready or leaks is
# rolled back within 5 s of its fault; no event is lost, comes twice or out of order; a good one stays.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

installed=$base/plugins/version.so
mkdir "$base/plugins"

# version TAG FAULT: a file of its own; prints its path
version() {
    mkdir -p "$base/$1-$2"
    LC_ALL=C sed "s/FAULT=none    /FAULT=$(printf '%-8s' "$2")/; s/TAG=1 /TAG=$(printf '%-2s' "$1")/" \
        "$build/tests/puppet/version.so" > "$base/$1-$2/version.so"
    echo "$base/$1-$2/version.so"
}
hash_of() { sha256sum "$1" | cut -c1-64; }
# what the stage is to run; "not yet" while its worker runs something else
used() {
    local said runs should
    said=$(status version)
    runs=$(sed -E 's/.*"worker_hash":"([0-9a-f]*)".*/\1/' <<< "$said")
    should=$(sed -E 's/.*"hash":"([0-9a-f]*)".*/\1/' <<< "$said")
    if [ -z "$runs" ] || [ "$runs" = "$should" ]; then echo "$should"; else echo "not yet"; fi
}
is_tag() { status version | grep -q "\"text\":\"version $1\""; }
upgrade() { run "$build/rrctl" -C "$dir" upgrade "$@"; }
value() { ctl keys version "$1" 2> /dev/null; }
# in_order WHAT: no event came lost, twice or out of order
in_order() { like "N8 $1: nothing lost, twice or out of order" "$(ctl keys version --json | tr -d ' \n' | sed 's/[0-9]//g')" '*"keys":{"last":""}*'; }
# numbers of the log for the last rollback: from "going back" to "stage ready", in ms
rollback_ms() {
    awk '/ error upgrade: going back/ { from = $1; to = "" }
         /stage ready stage=version/ { if (from != "" && to == "") to = $1 }
         END { split(from, a, /[T:Z]/); split(to, b, /[T:Z]/)
               d = ((b[2] - a[2]) * 60 + b[3] - a[3]) * 60 + b[4] - a[4]
               printf "%d\n", (d < 0 ? d + 86400 : d) * 1000 }' "$dir/log/rrd.log"
}

cp "$(version 1 none)" "$installed"
one=$(hash_of "$installed")
printf '[core]\nplugin_path = %s\n' "$build/tests/puppet" > "$dir/conf.d/00-core.ini"
cat > "$dir/conf.d/10-flow.ini" << EOI
[stage flow_source]
events = 1000000
rate = 400
batch = 10
[stage version]
credit = 4
start_limit = 20s
event_limit = 600ms
memory_limit = 120MiB
restart_delay = 10ms
restart_max = 50ms
attempts = 1000
EOI
sed -i "s,^plugin_path.*,plugin_path = $base/plugins\, $build/tests/puppet," "$dir/conf.d/00-core.ini"
start_daemon
is "N8 the daemon runs" $? 0
has_last() { [ "$(value last)" -ge "$1" ]; }
is_soon "N8 events flow" 20 has_last 5

# bad FAULT WHAT: a version that must be rolled back for that reason
bad() {
    upgrade version "$(version 2 "$1")" --watch-events 50 --watch-time 5s
    is "N8 $1: status" "$rc" 69
    like "N8 $1: the reason" "$err" "*stage version*$2*the old file is back*"
    is "N8 $1: the old version runs" "$(used)" "$one"
    is_soon "N8 $1: and is ready" 5 has_status '"state":"ready"' version
    is "N8 $1: within 5 s" "$([ "$(rollback_ms)" -lt 5000 ]; echo $?)" 0
    has_last $(($(value last) + 3)) || wait_for 10 has_last $(($(value last) + 3))
    is "N8 $1: and works" $? 0
    is "N8 $1: nothing is buried or delayed" "$(status version | grep -o '"delayed":0,"leased":[0-9]*,"buried":0' | wc -l)" 1
    in_order "$1"
}
bad crash "signal SEGV"
bad exit "status 3"
bad hang "event_limit"
bad reject "it rejected event [0-9]*: a fault of this version"
bad once "a fault of this version"
bad retry "it failed at event [0-9]*: a fault of this version"
bad fatal "a fault of this version"
bad lie "42"
sed -i 's/^start_limit.*/start_limit = 1s/' "$dir/conf.d/10-flow.ini"
ctl reload > /dev/null
bad never "start_limit"
bad refuse "this version refuses"
bad leak "memory_limit"
is "N8 of the bad files none is left" "$(ls "$dir/state/upgrades")" "$one"
like "N8 the log says which file was tried" "$(grep "upgrade: prepared" "$dir/log/rrd.log" | head -1)" "* stage=version file=$base/2-crash/version.so old=${one:0:12} new=$(hash_of "$base/2-crash/version.so" | cut -c1-12)"
is "N8 the log says that each was undone" "$(grep -c "upgrade: undone stage=version file=" "$dir/log/rrd.log")" 11
is "N8 no trace is left" "$(ctl upgrade --list)" "every stage runs the installed plugin"

# without any limit of the stage the watch itself sees that nothing moves
sed -i 's/^event_limit.*/event_limit = 0s/; s/^start_limit.*/start_limit = 20s/' "$dir/conf.d/10-flow.ini"
ctl reload > /dev/null
upgrade version "$(version 2 hang)" --watch-events 50 --watch-time 1s
is "N8 a hang that no limit sees: kept if events went well before" "$rc" 0
two=$(hash_of "$(version 2 hang)")
is "N8 (it runs)" "$(used)" "$two"
upgrade --undo version --watch-events 3
is "N8 --undo: status" "$rc" 0
is "N8 --undo: the first version runs" "$(used)" "$one"
in_order --undo

# a good one stays
# what a kill in the middle of a copy has left: as read-only as it was made, or worse
good=$(version 3 none)
mkdir -p "$dir/state/upgrades/$(hash_of "$good")"
echo "cut short" > "$base/precious"
ln "$base/precious" "$dir/state/upgrades/$(hash_of "$good")/.new"
ln -s /nowhere "$dir/state/upgrades/.new"
three=$(hash_of "$good")
upgrade version "$good" --watch-events 20 --watch-time 10s --json
is "N8 a good one: status" "$rc" 0
is "N8 a good one: it runs" "$(used)" "$three"
is "N8 a good one: what was left over is not written to" "$(cat "$base/precious")" "cut short"
like "N8 a good one: the answer" "$(echo "$out" | flat)" "{\"stages\":*\"stage\":\"version\"*\"was\":\"$one\",\"hash\":\"$three\",*\"events\":2*"
is "N8 a good one: it is what works" "$(is_tag 3; echo $?)" 0
is "N8 a good one: the log" "$(grep -c "upgrade: kept stage=version file=$good old=${one:0:12} new=${three:0:12}" "$dir/log/rrd.log")" 1
like "N8 a good one: --list" "$(ctl upgrade --list)" "version  version ${three:0:12}  since *  from $good"
like "N8 a good one: status says so" "$(ctl status version)" "*plugin version ${three:0:12}, by rrctl upgrade*"
is "N8 a good one: reload has nothing to do" "$(ctl reload --dry-run)" "nothing changes"
upgrade version "$good"
is "N8 once more: status" "$rc" 2
like "N8 once more: why" "$err" "*runs this very file already*"
kill -9 "$(daemon_pid)"
wait_for 10 test "$(marked)" = 0
start_daemon
is "N8 it stays after kill -9" "$(used)" "$three"
stop_daemon
for at in "$three/" "$(hash_of "$base/2-crash/version.so")/" ""; do
    mkdir -p "$dir/state/upgrades/$at"
    install -m 500 "$base/precious" "$dir/state/upgrades/$at.new"
done
start_daemon
is "N8 it stays after a restart" "$(used)" "$three"
is "N8 a start removes what was left over" "$(cd "$dir/state/upgrades" && find . -name .new -o -name "$(hash_of "$base/2-crash/version.so")")" ""
wait_for 10 has_last $(($(value last) + 3))
upgrade --undo version --watch-events 3
is "N8 an older upgrade is undone: status" "$rc" 0
is "N8 an older upgrade is undone: the first version runs" "$(used)" "$one"
upgrade version "$good" --watch-events 3
is "N8 and done again" "$(used)" "$three"

# what is installed later wins
cp "$(version 4 none)" "$base/new.so"
mv "$base/new.so" "$installed"
four=$(hash_of "$installed")
is "N8 an installed file does nothing by itself" "$(used)" "$three"
upgrade --undo version --watch-events 3
is "N8 but then --undo is refused: status" "$rc" 2
is "N8 but then --undo is refused: nothing was done" "$(used)" "$three"
ctl reload > /dev/null
is "N8 a file that is installed later wins" "$(used)" "$four"
like "N8 --list says so" "$(ctl upgrade --list)" "*not in use: another file was installed since*"
upgrade --undo version --watch-events 3
is "N8 what is not in use is not undone: status" "$rc" 2
like "N8 what is not in use is not undone: why" "$err" "*another file was installed since*rrctl upgrade version FILE*"
is "N8 what is not in use is not undone: nothing was done" "$(used)" "$four"

# the new file has been installed over the old one already, and is bad
cp "$(version 5 crash)" "$base/new.so"
mv "$base/new.so" "$installed"
upgrade version "$installed" --watch-events 50
is "N8 the installed file itself is bad: status" "$rc" 69
is "N8 the installed file itself is bad: the old one is back" "$(used)" "$four"
is_soon "N8 the installed file itself is bad: it works" 10 has_last $(($(value last) + 5))
kill -9 "$(daemon_pid)"
wait_for 10 test "$(marked)" = 0
start_daemon
is "N8 and after kill -9 the good one runs" "$(used)" "$four"
like "N8 --list shows what it went back to" "$(ctl upgrade --list)" "*${four:0:12}*went back to it"
cp "$(version 6 none)" "$base/new.so"
mv "$base/new.so" "$installed"
ctl reload > /dev/null
is "N8 until another file is installed" "$(used)" "$(hash_of "$installed")"
cp "$(version 7 crash)" "$base/new.so"
mv "$base/new.so" "$installed"
six=$(used)
ctl reload > /dev/null 2>&1
has_crashed() { has_status '"kind":"signal"' version; }
wait_for 10 has_crashed
upgrade version "$(version 6 none)" --watch-events 5
is "N8 out of a version that crashes all the time: no complaint" "$err" ""
is "N8 out of a version that crashes all the time" "$(used)" "$six"

# refused WHAT STATUS MESSAGE ARGUMENT…
refused() {
    local what=$1 want=$2 why=$3
    shift 3
    upgrade "$@"
    is "N8 refused: $what: status" "$rc" "$want"
    like "N8 refused: $what: why" "$err" "*$why*"
    is "N8 refused: $what: nothing was done" "$(used)" "$six"
}
refused "no such file" 1 "No such file" version /nowhere/version.so
refused "no such stage" 2 'there is no stage or plugin "versoin"' versoin "$good"
refused "another plugin" 69 "it must be an absolute path to a file version.so" version "$build/tests/puppet/puppet.so"
mkdir "$base/broken" "$base/open"
head -c 5000 "$good" > "$base/broken/version.so"
refused "a broken file" 69 "cut off" version "$base/broken/version.so"
cp "$good" "$base/open/version.so"
chmod 666 "$base/open/version.so"
refused "a file that anybody may write to" 69 "chmod" version "$base/open/version.so"
mkdir "$base/device" "$base/large"
ln -s /dev/zero "$base/device/version.so"
refused "a device" 69 "not a regular file" version "$base/device/version.so"
truncate -s 65M "$base/large/version.so"
refused "a file that is too large" 69 "more than 64 MiB" version "$base/large/version.so"
refused "a time that is none" 2 "--watch-time" version "$good" --watch-time soon
refused "no file" 2 "usage: rrctl upgrade" version
refused "nothing to undo" 2 "no upgrade that could be undone" --undo flow_source
sed -i 's/^rate = .*/rate = 401/' "$dir/conf.d/10-flow.ini"
refused "other changes wait" 78 "flow_source*rate*rrctl reload first" version "$good"
sed -i 's/^rate = .*/rate = 400/' "$dir/conf.d/10-flow.ini"
ctl stop version > /dev/null
wait_for 10 has_status '"state":"down"' version
refused "a stopped stage" 5 "rrctl start version" version "$good"
ctl start version > /dev/null
wait_for 10 has_status '"state":"ready"' version
upgrade version "$good" --watch-events 1000000 --watch-time 1h &
is_watching() { has_status '"reload":"watching'; }
is_soon "N8 status says what is going on" 10 is_watching
refused_six=$six
six=$three
refused "a second one meanwhile" 5 "an upgrade is under way: watching" version "$installed"
six=$refused_six
ctl stop version > /dev/null
wait %%
wait_for 10 has_status '"state":"down"' version
is "N8 who stops the stage ends the trial: the old file is back" "$(used)" "$six"
is "N8 and the stage stays down" "$(number pid version)" 0
ctl start version > /dev/null

in_order "after all that"

# a plugin of two stages
rm "$base/plugins/"*; cp "$(version 6 none)" "$installed"
printf '[stage other]\nplugin = version\nrestart_delay = 10ms\n' > "$dir/conf.d/20-other.ini"
run "$build/rrctl" -C "$dir" reload
is "N8 a second stage of the plugin: no complaint" "$err" ""
upgrade version "$(version 8 none)" --watch-events 3
is "N8 a stage goes before a plugin of its name: no complaint" "$err" ""
like "N8 a stage goes before a plugin of its name" "$(status other)" "*\"$six\"*"
sed -i 's/stage version]/stage first]\nplugin = version/' "$dir/conf.d/10-flow.ini"
ctl reload > /dev/null
upgrade version "$(version 9 crash)" --watch-events 30
is "N8 a plugin: one stage fails: status" "$rc" 69
is "N8 a plugin: all go back" "$(status | grep -o "\"hash\":\"$six\"" | wc -l)" 2
# one stage fails at an event while the other is starting still, and would for long: it is not waited for
printf 'warm_up = 10min\nstart_limit = 30s\nstop_limit = 500ms\n' >> "$dir/conf.d/20-other.ini"
ctl reload > /dev/null
upgrade version "$(version 9 retry)" --watch-events 30
is "N8 a plugin: one stage fails early: status" "$rc" 69
like "N8 a plugin: one stage fails early: the reason" "$err" "*stage first*a fault of this version*"
is "N8 a plugin: one stage fails early: all go back" "$(status | grep -o "\"hash\":\"$six\"" | wc -l)" 2
sed -i '/^warm_up/d' "$dir/conf.d/20-other.ini"
ctl reload > /dev/null
upgrade version "$(version 9 none)" --watch-events 3 --watch-time 2s
is "N8 a plugin: all go on: status" "$rc" 0
is "N8 a plugin: all go on" "$(status | grep -o "\"hash\":\"$(hash_of "$(version 9 none)")\"" | wc -l)" 2

is "N8 nothing was buried" "$(status | grep -o '"buried":[1-9]' | wc -l)" 0
stop_daemon
is "N8 stop" $? 0
is "N8 no process is left" "$(marked)" 0
is "N8 and only files that are named" "$(find "$dir/state/upgrades" -name '.new' | wc -l)" 0
done_testing

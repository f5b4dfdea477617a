#!/bin/bash
# SPDX-License-Identifier: MIT
# R67: every subcommand of rrctl: its help, what it prints with --json, its exit statuses, completion, its
# entry in the manual. The commands are those of `rrctl help --json`; each must have a line in SAMPLES.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# COMMAND, what it is without a daemon (3, or 0 for those that need none), words that make it succeed with
# a daemon that runs (several lines for several forms)
samples='
start       0 start puppet
stop        3 stop puppet
restart     3 restart puppet
reload      3 reload --dry-run
reload      3 reload
upgrade     3 upgrade --list
status      3 status
status      3 status puppet
why         3 why puppet
check       0 check
check       0 check --graph
check       0 check --effective
graph       0 graph
events      0 events
replay      3 replay --queue puppet --from 1h --dry-run
replay      3 replay --queue puppet --from 1h
trace       3 trace EVENT
queue       3 queue
queue       3 queue list puppet --state buried
queue       3 queue show puppet EVENT
queue       3 queue kick puppet --all
queue       3 queue drop puppet --all --yes
keys        3 keys puppet
keys        3 keys puppet applied
emit        3 emit PUPPET_POKED {"number":1,"act":"none","times":0}
init        0 init NEW
run         0 run --minutes 0.01 --no-report
plugin      0 plugin list
plugin      0 plugin new NEW
plugin      0 plugin check puppet.so
doctor      0 doctor
log         0 log
help        0 help
help        0 help status
help        0 help stage puppet
help        0 help stage core
version     0 version'

python3 - "$build/rrctl" "$samples" > table.txt << 'EOP'
import json, subprocess, sys
table = json.loads(subprocess.run([sys.argv[1], "help", "--json"], capture_output=True, check=True).stdout)
for c in table["commands"]:
    print(c["name"], " ".join("--" + o["name"] for o in c["options"]))
EOP
# Names those of the files that are neither one JSON value nor one in each line.
not_json() {
    python3 -c '
import json, sys
for name in sys.argv[1:]:
    text = open(name).read()
    try:
        json.loads(text)
    except ValueError:
        try:
            assert [json.loads(line) for line in text.splitlines()]
        except (ValueError, AssertionError):
            print(name)' "$@"
}
# An own environment, so that nothing of the shell's is completed.
complete_words() {
    PATH=$build:$PATH bash --norc -c '
        . "$1"; shift
        COMP_WORDS=(rrctl "$@"); COMP_CWORD=$#
        _rrctl; printf "%s\n" "${COMPREPLY[@]}"' bash "$RR_SRCDIR/contrib/completion/rrctl" "$@"
}

conf
mapfile -t names < <(cut -d' ' -f1 table.txt)
is "R67 completion: all commands" "$(complete_words '' | grep -xF "$(printf '%s\n' "${names[@]}")" | sort)" \
    "$(printf '%s\n' "${names[@]}" | sort)"
while read -r name options; do
    run ctl "$name" --help
    like "R67 $name --help" "$rc:$out" "0:usage: rrctl $name*"
    missing=
    for option in $options; do
        [[ $out == *"$option"* ]] || missing+=" $option"
    done
    is "R67 $name --help tells of each option" "$missing" ""
    # shellcheck disable=SC2086
    is "R67 completion: $name" "$(complete_words "$name" -- | sort | tr '\n' ' ')" \
        "$(printf '%s\n' $options --dir --timeout --json --help | sort | tr '\n' ' ')"
    grep -q "^\.B.* \"rrctl $name" "$RR_SRCDIR/man/rrctl.8"
    is "R67 manual: $name" "$?" 0
    run ctl "$name" --no-such-option
    is "R67 $name with an option that is none" "$rc" 2
    grep -q "^$name " <<< "$samples"
    is "R67 $name is tried below" "$?" 0
done < table.txt
is "R67 completion: states" "$(complete_words queue list --state '' | tr '\n' ' ')" "ready delayed buried "
is "R67 completion: no words for a value" "$(complete_words queue list --limit '')" ""

known() { grep -q "^$1 " table.txt; }
# without a daemon
while read -r name status words; do
    if [ "$status" = 3 ] && known "$name"; then
        # shellcheck disable=SC2086
        run ctl ${words//EVENT/1} --json
        is "R67 $words, no daemon" "$rc:$out" 3:
    fi
done < <(echo "$samples" | grep .)

# with one
start_daemon
wait_for 20 has_status '"state":"ready"'
emit none
emit reject
is_soon "R67 a daemon" 20 has_done 1
event=$(ctl events --json --type PUPPET_POKED --limit 1 | sed 's/{"id":\([0-9]*\).*/\1/')
wait_for 20 has_status '"buried":1'
cp "$build/tests/puppet/puppet.so" .
n=0
while read -r name _ words; do
    known "$name" || continue
    n=$((n + 1))
    [ "$name" = run ] && ctl stop > /dev/null
    words=${words//EVENT/$event}
    case $words in
    *puppet*) wait_for 20 has_status '"state":"(ready|down)"' ;;
    esac
    if [ "$name" = doctor ]; then
        run ctl doctor --json
        is "R67 doctor --json: status" "$((rc == 0 || rc == 1))" 1
    else
        # shellcheck disable=SC2086
        run ctl ${words//NEW/new$n} --json
        is "R67 $words --json: status ($err)" "$rc" 0
    fi
    cp out.txt "json-$n-${words//[ \/]/_}"
    # what was stopped goes on
    [ "$words" = 'stop puppet' ] && wait_for 20 has_status '"state":"down"' && ctl start puppet > /dev/null
    [ "$name" = run ] && start_daemon
done < <(echo "$samples" | grep .)
# what would be ignored, or finds nothing because it is misspelt, is refused
for words in 'start puppet --set puppet.count=2' 'restart puppet --set puppet.count=2' 'stop puppet --wait 1' \
    'queue list pupet' 'replay --queue puppet --from 1h --type PUPPET_DONE'; do
    # shellcheck disable=SC2086
    run ctl $words
    is "R67 $words: refused" "$rc" 2
done
run ctl graph --set puppet.enabled=no
like "R67 graph --set: what would be" "$rc:$out" "0:*puppet*disabled*"
daemon=$(daemon_pid)
run ctl restart --set puppet.count=much
like "R67 restart with what cannot start" "$rc:$err" "78:*count*\"much\"*nothing was stopped*"
is "R67 and the daemon runs on" "$(daemon_pid):$(status | grep -c '"state":"ready"')" "$daemon:1"
# the examples of the manual, with a stage that is here
while read -r words; do
    # shellcheck disable=SC2086
    run ctl ${words//trainer_cpu/puppet}
    is "R67 manual, example: $words ($err)" "$rc" 0
done < <(sed -n 's/\\-/-/g; s/^rrctl \(.* trainer_cpu.*\)/\1/p' "$RR_SRCDIR/man/rrctl.8")
ctl events --follow --json --limit 1 > follow.txt &
follower=$!
wait_for 20 test -s follow.txt
stop_daemon
wait "$follower"
is "R67 events --follow ends with its daemon" "$?" 3
is "R67 whatever is printed with --json is JSON" "$(not_json json-* follow.txt)" ""
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_rrctl.sh - rrctl against a daemon played by fake_rrd. Those that are ill or not there: R66; every command: R67.

# shellcheck source=tests/core/fake.sh
. "$RR_SRCDIR/tests/core/fake.sh"

# --- the command line

run ./rrctl
is 'no command is a usage error' "$rc" 2
run ./rrctl --help
is '--help is none' "$rc" 0
run ./rrctl statsu
is 'unknown command: exit status' "$rc" 2
like 'unknown command: suggestion' "$err" "rrctl: no command 'statsu' (did you mean status?)*"
run ./rrctl status --nonsense
is 'unknown option: exit status' "$rc" 2
run ./rrctl why
like 'missing operand shows the usage' "$rc $err" '2 *usage: rrctl why STAGE'
run ./rrctl --timeout never status
is 'bad --timeout' "$rc" 2
run ./rrctl status $'\xff'
is 'a word that is not UTF-8' "$rc" 2
rc=0
./rrctl help --json > /dev/full 2> full || rc=$?
like 'an answer that nobody gets: exit status' "$rc $(cat full)" '1 rrctl: cannot write the output*'
# --- programs rrctl-NAME

# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$@"\necho "$RR_DIR"\necho "$RR_CTL"\necho "$RR_PLUGIN_PATH"\necho "$LD_LIBRARY_PATH"\nexit 9\n' \
    > rrctl-hello
chmod +x rrctl-hello
mkdir -p D/conf.d
printf '[core]\nplugin_path = mine, /opt/rr\n' > D/conf.d/00-core.ini
run env LD_LIBRARY_PATH=/there ./rrctl -C D hello --dir x "a b"
is 'external: exit status passes through' "$rc" 9
is 'external: words and environment' "$out" "--dir x a b
$work/D
$work/rrctl
$work/D/mine:/opt/rr:$work/plugins
$work:/there"
run ./rrctl help
like 'external: listed by help' "$out" '*hello*'
run ./rrctl help hello
like 'external: help asks it' "$rc $out" '9 --help*'
run ./rrctl help helo
like 'external: no such help' "$rc $err" "2 *no command 'helo' (did you mean hello?)*"
run ./rrctl helo
like 'external: suggested' "$err" '*did you mean hello*'

# --- a healthy one

fake normal
run ./rrctl -C D status
like 'status' "$rc $out" '0 rrd*selfplay*working*'
like 'status shows buried events' "$out" '*trainer*!2*'
like 'status shows notes' "$out" '*hex8_2p*1450 games/h*'
run ./rrctl status --watch -C D
is 'status --watch needs a terminal' "$rc" 2
run ./rrctl -C D events --type OTHER
is 'events of one type' "$(echo "$out" | wc -l)" 2
run ./rrctl -C D queue kick trainer 7 9-12
like 'queue kick adds up' "$rc $out" '0 0 back in the queue'
run ./rrctl -C D queue kick trainer 9-7
like 'a range goes up' "$rc $err" "2 *'9-7' is not the id of an event, nor a range*"
run ./rrctl -C D replay --queue trainer
like 'replay wants a beginning' "$rc $err" '2 *--from TIME*'
run ./rrctl -C D replay --queue trainer --from yesterday
like 'replay wants a time' "$rc $err" "2 *'yesterday' is no time*"
run ./rrctl -C D trace abc
like 'trace wants an id' "$rc $err" "2 *'abc' is not the id*"
run ./rrctl -C D queue drop trainer
is 'queue drop wants an id' "$rc" 2
run ./rrctl -C D emit --json --key k --config c TYPE '{"a":1}'
is 'emit sends everything' "$out" '{"type":"TYPE","config":"c","payload":{"a":1},"key":"k"}'
run ./rrctl -C D emit TYPE '[1]'
is 'emit wants an object' "$rc" 2
run ./rrctl -C D emit TYPE "{\"a\":\"$(head -c 5000 /dev/zero | tr '\0' x)\"}"
like 'a request has a limit' "$rc $err" '2 *longer than*'
deep=$work/$(printf 'long-directory-name-%.0s' 1 2 3 4 5 6 7 8 9)
mkdir "$deep"
ln -s "$work/D/run" "$deep/run"
run ./rrctl -C "$deep" status
is 'a path longer than a socket address' "$rc" 0
run ./rrctl -C D stop
like 'stop waits for the end' "$rc $out" '0 *has stopped*'
wait "${daemons[-1]}" 2>/dev/null
unset 'daemons[-1]'

# --- offline

run ./rrctl -C D events --type OTHER --limit 1 --json
like 'events offline: the newest' "$rc $out" '0 {"id":4,*'
run ./rrctl -C D events --after 1 --limit 1 --json
like 'events offline: the first after an id' "$rc $out" '0 {"id":2,*'
run ./rrctl -C D graph --dot
is 'graph offline' "$out" 'fake: --dir D --check --graph=dot'
run ./rrctl -C D check --effective
is 'check' "$out" 'fake: --dir D --check --effective'
run ./rrctl help stage selfplay
is 'help stage' "$out" 'fake: --dir . --help-stage selfplay'

# --- start, init

run ./rrctl -C D start --set core.x=1
like 'start tells what runs' "$rc $out" '0 rrd 0.0.fake runs in D*'
is 'start passes --set on' "$(tr '\n' ' ' < D/argv)" '--dir D --daemon --set core.x=1 '
run ./rrctl -C D stop
run env FAKE_RRD=bad ./rrctl -C D start
like 'start that fails' "$rc $err" '78 conf.d/10-x.ini:3:*'

run ./rrctl init N --set scheduler.configs=a,b --set scheduler.rate=7 --set scheduler.fresh=yes
is 'init' "$rc" 0
is 'init --set: commented out, set, new' "$(cat N/conf.d/00-core.ini)" '[core]
# plugin_path =
report =

[stage scheduler]
fresh = yes
configs = a,b
rate = 7'
run ./rrctl init N
like 'init never overwrites' "$rc $err" '5 *left as it is'
run ./rrctl init deep/er/N
is 'init makes the directories above' "$rc $(test -e deep/er/N/conf.d && echo there)" '0 there'
run ./rrctl init M --set nostage.x=1
is 'init with a bad --set fails' "$rc" 1
is 'and leaves nothing' "$(ls -A M)" ''
run ./rrctl init M --set scheduler.configs=$'\xff'
is 'init with a --set that is not UTF-8 fails' "$rc" 2
run ./rrctl init M --set scheduler.configs=$'a\nrate = 9'
is 'init with a --set of two lines fails' "$rc" 2
is 'and leaves nothing either' "$(ls -A M)" ''

# --- run

run ./rrctl run hex8_2p -C R --plain --iterations 2
like 'run: a new directory, two iterations' "$rc $out" '0 *all iterations done*'
is 'run: CONFIG went into conf.d' "$(grep '^configs' R/conf.d/00-core.ini)" 'configs = hex8_2p'
is 'run: rrd got no --set' "$(tr '\n' ' ' < R/argv)" '--dir R '
run ./rrctl run other -C R --plain --until EVALUATION_COMPLETED=1 --set a.b=c
like 'run: again, with other options' "$rc $out" '0 *goal reached*'
is 'run: they went on the command line' "$(tr '\n' ' ' < R/argv)" \
    '--dir R --set scheduler.configs=other --set a.b=c '
run ./rrctl run -C R --minutes 0.02 --json
like 'run: minutes, JSON lines' "$rc $(head -c 12 out.txt)" '0 {"*'
printf '#!/bin/sh\necho "report $*"\nexit 4\n' > rrctl-report
chmod +x rrctl-report
sed -i 's/^report =.*/report = report/' R/conf.d/00-core.ini
run ./rrctl run -C R --plain --iterations 1
like 'run: report and its exit status' "$rc $out" '4 *report --dir R'
sed -i 's/^report =.*/report = nothing/' R/conf.d/00-core.ini
run ./rrctl run -C R --plain --iterations 1
like 'run: no such report program' "$rc $err" '78 *rrctl-nothing*'
run env FAKE_RRD=die ./rrctl run -C R --plain --no-report
like 'run: the daemon dies' "$rc $err" '1 *exit status 7*'
run env FAKE_RRD=bad ./rrctl run -C R --plain --no-report
like 'run: the daemon cannot start' "$rc $err" '78 conf.d/10-x.ini:3:*'
run env FAKE_RRD=failed ./rrctl run -C R --plain --no-report
like 'run: a stage has failed' "$rc $err" '1 *stage trainer has failed*'

# interrupt MODE SIGNALS: send them one by one, each when the last was noticed.
interrupt() {
    : > out.txt # what the last run wrote must not be taken for this one's
    FAKE_RRD=$1 ./rrctl run -C R --plain --no-report > out.txt 2> err.txt &
    local pid=$! i want
    for i in $(seq "$2"); do
        want=('' 'OTHER\|EVALUATION' 'stopping, each' 'stopping at once')
        for _ in $(seq 3000); do
            grep -q "${want[$i]}" out.txt && break
            sleep 0.02
        done
        kill -INT $pid
    done
    wait $pid
    rc=$?
    out=$(cat out.txt)
    err=$(cat err.txt)
}
interrupt normal 1
like 'run: one interrupt stops' "$rc $out" '0 *interrupted: rrd has stopped'
interrupt stubborn 2
like 'run: two interrupts hurry' "$rc $out" '0 *stopping at once*'

fake normal
run ./rrctl run hex8_2p -C D --plain --no-report
like 'run: CONFIG with a daemon that runs' "$rc $err" '5 *runs in D already*'
run ./rrctl run -C D --plain --no-report --minutes 0.02
like 'run: attaches, and leaves it running' "$rc $out" '0 *will go on running*'
run ./rrctl -C D status
is 'run: it does run on' "$rc" 0
unfake

done_testing

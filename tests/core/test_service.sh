#!/bin/bash
# SPDX-License-Identifier: MIT
# What a service manager hears from rrd, and the unit that systemd runs it by.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/../reliability/lib.sh"

# A manager that listens on $1 and writes down what it hears, one line each, until it hears $2.
listen() {
    rm -f "$base/heard" "$base/ready"
    python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0", 1))
out = open(sys.argv[2] + "/heard", "a", buffering=1)
open(sys.argv[2] + "/ready", "w").close()
while True:
    for line in s.recv(4096).decode().split("\n"):
        print(line, file=out)
        if line == sys.argv[3]:
            sys.exit()
' "$1" "$base" "${2:-STOPPING=1}" &
    listener=$!
    wait_for 20 test -e "$base/ready"
}
heard() { grep -Eq "^$1\$" "$base/heard"; }
# hears WHAT PATTERN: in the end
hears() {
    is_soon "$1" 20 heard "$2"
}
# serve: as a service manager starts it
serve() {
    env NOTIFY_SOCKET="$1" WATCHDOG_USEC="${2:-}" "$build/rrd" --dir "$dir" > "$base/start.txt" 2>&1 &
    daemon=$!
}

conf
listen "$base/notify"
serve "$base/notify" 200000
hears "ready" "READY=1"
hears "so many of the stages are" "STATUS=1 of 1 stages ready"
watched() { [ "$(grep -c '^WATCHDOG=1$' "$base/heard")" -ge 3 ]; }
is_soon "it shows again and again that it lives" 20 watched
is "workers do not know the socket" "$(tr '\0' '\n' < "/proc/$(worker_pid puppet)/environ" | grep -cE '^(NOTIFY|WATCHDOG)_')" 0
ctl stop puppet > /dev/null
hears "a stage that is stopped" "STATUS=0 of 1 stages ready"
ctl start puppet > /dev/null
extra_conf='progress_limit = 1min'
conf
: > "$base/heard"
ctl reload > /dev/null
is "a reload" "$?" 0
hears "it ends with ready" "READY=1"
: > "$base/heard"
ctl reload --dry-run > /dev/null
is "a look at what a reload would do is none" "$(grep -c RELOADING "$base/heard")" 0
ctl stop > /dev/null
wait "$daemon"
is "the end" "$?" 0
hears "is told" "STOPPING=1"
wait "$listener"

# a reload that takes its time: the worker has to be replaced
extra_conf=
conf
listen "@rr-notify-$$"
serve "@rr-notify-$$"
hears "a name outside the file system: ready" "READY=1"
extra_conf='niceness = 5'
conf
: > "$base/heard"
ctl reload > /dev/null
is "a reload that replaces a worker" "$?" 0
hears "it is told that one is under way" "RELOADING=1"
hears "and since when" "MONOTONIC_USEC=[0-9]+"
hears "and that it is over" "READY=1"
is "nobody asked for signs of life" "$(grep -c WATCHDOG "$base/heard")" 0
ctl stop > /dev/null
wait "$daemon" "$listener"

serve /nowhere/at/all
is_soon "a socket that is not there: said" 20 has_line 'warn notify: cannot reach NOTIFY_SOCKET=/nowhere/at/all: No such file' rrd.log
has_status '"state":"ready"' || wait_for 20 has_status '"state":"ready"'
is "and it runs" "$?" 0
ctl stop > /dev/null
wait "$daemon"

# the journal of systemd: a socket whose numbers JOURNAL_STREAM tells. $1: where from
with_journal() {
    python3 -c '
import os, socket, sys
here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
st = os.fstat(there.fileno())
os.environ["JOURNAL_STREAM"] = "%d:%d" % (st.st_dev, st.st_ino + int(sys.argv[1]))
if os.fork() == 0:
    os.dup2(there.fileno(), 2)
    os.execv(sys.argv[2], sys.argv[2:])
there.close()
sys.stdout.write(here.makefile().read())
os.wait()
' "$1" "$build/rrd" --dir "$dir" > "$base/journal.txt" &
    daemon=$!
}
rm "$dir/log/rrd.log"
conf 'drain_act = stubborn' 'stop_limit = 100ms' 'term_limit = 1s'
listen "@rr-notify-$$" EXTEND_TIMEOUT_USEC=30000000
NOTIFY_SOCKET=@rr-notify-$$ with_journal 0
hears "with a journal: ready" "STATUS=1 of 1 stages ready"
ctl stop > /dev/null
wait "$daemon"
is "warnings go there, with their importance" "$(grep -cE '^<4>sup: worker is late stage=puppet .*: did not stop within its stop_limit$' journal.txt)" 1
is "and which limit it was" "$(grep -cE '^<4>sup: worker is late stage=puppet .*: did not end within its term_limit$' journal.txt)" 1
is "nothing else does" "$(grep -vcE '^<[34]>|\(warning\)$' journal.txt)" 0
is "the file has all" "$(grep -cE 'info rrd: stopped|warn sup: worker is late' "$dir/log/rrd.log")" 3
hears "an end that takes its time: more time is asked for" "EXTEND_TIMEOUT_USEC=30000000"
wait "$listener"
conf
with_journal 1
wait_for 20 has_status '"state":"ready"'
kill -9 "$(worker_pid puppet)"
is_soon "another journal than standard error" 20 has_line 'warn sup: worker died' rrd.log
ctl stop > /dev/null
wait "$daemon"
is "gets nothing" "$(grep -vc '(warning)$' journal.txt)" 0

unit=$build/contrib/systemd/rrd.service
if [ -e "$unit" ]; then
    is "the unit that is installed: paths are filled in" \
        "$(grep -cE '^Exec(Start|Reload)=/[^@]*/rr(d|ctl) --dir /var/lib/rrd' "$unit")" 2
fi
# what systemd does otherwise: all is stopped for one, and what would pass is not tried any more
is "the unit: a worker killed for memory is rrd's matter, and starts are tried for ever" \
    "$(grep -cE '^(OOMPolicy=continue|StartLimitIntervalSec=0)$' "$RR_SRCDIR/contrib/systemd/rrd.service.in")" 2
if command -v systemd-analyze > /dev/null; then
    sed -e "s|@sbindir@|$build|" -e "s|@bindir@|$build|" "$RR_SRCDIR/contrib/systemd/rrd.service.in" > rrd.service
    run systemd-analyze verify --man=no "$base/rrd.service"
    is "the unit: verified" "$rc:$err" 0:
    run systemd-analyze security --offline=true --threshold=10 "$base/rrd.service"
    is "the unit: exposed to 1 of 10 at most" "$rc" 0
    sed 's/^/# /' out.txt | tail -n 1
else
    for what in verified "exposed to 1 of 10 at most"; do
        count=$((count + 1))
        echo "ok $count - the unit: $what # SKIP systemd-analyze is not installed"
    done
fi
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R57: a daemon that may have few descriptors, few processes or little memory: what cannot be started
# is told and tried again, what runs goes on, and everything starts when there is room.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

many() {
    local i
    {
        printf '[core]\nplugin_path = %s\nstore_size = 64MiB\n' "$build/tests/puppet"
        for ((i = 0; i < $1; i++)); do
            printf '[stage s%d]\nplugin = puppet\nrestart_max = 500ms\n' "$i"
        done
    } > "$dir/conf.d/10-many.ini"
}
in_state() { status | grep -o "\"state\":\"$1\"" | wc -l; }
all_ready() { [ "$(in_state ready)" -eq "$1" ]; }

# squeezed ID WHY: some stages run, the others are told to wait for WHY; then with room all run
squeezed() {
    local ready
    ready=$(in_state ready)
    [ "$ready" -ge 1 ] && [ "$ready" -lt "$stages" ]
    is "R57 $1: some of the stages run ($ready of $stages)" $? 0
    like "R57 $1: the others say why not" "$(status)" "*$2*"
    like "R57 $1: as what could not be started" "$(status)" '*"kind":"spawn"*'
    ctl emit PUPPET_POKED '{"number":1,"act":"none","times":0}' > /dev/null
    is "R57 $1: the daemon takes events" $? 0
    is_soon "R57 $1: what runs handles them" 10 has_done "$ready"
    "${user[@]}" prlimit --pid "$(daemon_pid)" "$3"
    is_soon "R57 $1: with room all stages run, and nobody had to do anything" 20 all_ready "$stages"
    is_soon "R57 $1: and handle what waited" 20 has_done "$stages"
    stop_daemon
    is "R57 $1: it stops" $? 0
    is "R57 $1: nothing is left" "$(marked)" 0
    rm -rf "$dir/state" "$dir/log" "$dir/data" "$dir/run"
}

# --- descriptors
user=()
many 2
prlimit --nofile=20:20 timeout 10 "$rrd" -C "$dir" --check > check.txt 2>&1
is "R57 20 descriptors are enough for a check of few stages" "$?" 0
many 40
prlimit --nofile=64:64 timeout 10 "$rrd" -C "$dir" --check > check.txt 2>&1
is "R57 64 descriptors: 40 stages are checked, and not for long" $? 0
stages=20
many $stages
prlimit --nofile=64:1024 "$build/rrd" -C "$dir" --daemon > start.txt 2>&1
squeezed "64 descriptors" "Too many open files" --nofile=1024:1024

# --- memory: what a daemon needs with six stages is far below
stages=6
many $stages
if nm -D "$build/tests/puppet/puppet.so" | grep -q __asan; then
    ulimit_kib=unlimited # the sanitizer maps terabytes
else
    ulimit_kib=32768
fi
(ulimit -d $ulimit_kib && start_daemon)
is "R57 32 MiB of memory: starts" $? 0
is "R57 32 MiB of memory: all stages run" "$(in_state ready)" $stages
stop_daemon
rm -rf "$dir/state" "$dir/log" "$dir/data" "$dir/run"

# --- processes: the limit counts all of a user, and not for root
stages=12
many $stages
if [ "$(id -u)" -eq 0 ]; then
    chmod 711 "$base"
    chown -R daemon "$dir"
    # a user whom no other test runs as
    user=(setpriv --reuid=daemon --regid=daemon --clear-groups)
    uid=$(id -u daemon)
else
    uid=$(id -u)
fi
threads=$(cat /proc/[0-9]*/status 2> /dev/null |
    awk -v uid="$uid" '/^Uid:/ { is = $2 == uid } /^Threads:/ && is { n += $2 } END { print n + 0 }')
# the leak sanitizer starts a process of its own at each end: none is left for that
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
"${user[@]}" prlimit --nproc=$((threads + 16)):4096 "$build/rrd" -C "$dir" --daemon > start.txt 2>&1
squeezed "16 processes" "Resource temporarily unavailable" --nproc=4096:4096
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R23: a worker has its descriptors and no others; writing to all of them reaches nothing of ours.
# And what else a worker gets: limits, no new privileges, its user.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

conf 'open_files = 100' 'core_size = 0B' 'niceness = 3'
# descriptors of whoever starts the daemon must not reach a worker either
exec 7> "$base/stranger" 8< /etc/passwd
start_daemon
pid=$(worker_pid puppet)
fds() { find "/proc/$1/fd" -mindepth 1 -printf '%f\n' | sort -n | tr '\n' ' '; }
is "R23 the descriptors of a worker" "$(fds "$pid")" "0 1 2 3 4 "
like "R23 standard input is empty" "$(readlink "/proc/$pid/fd/0")" /dev/null
like "R23 what it prints goes into a pipe" "$(readlink "/proc/$pid/fd/1")" 'pipe:*'
like "R23 three is the link" "$(readlink "/proc/$pid/fd/3")" 'socket:*'
is "R23 four is the lock of the stage" "$(readlink "/proc/$pid/fd/4")" "$dir/state/stages/puppet.lock"
sum_of() { find "$dir/state/store" "$dir/conf.d" -type f ! -name 'lock.mdb' -exec cat {} + | sha256sum; }

emit whoami
wait_for 10 has_done 1
who=$(grep 'new_privs=' "$dir/log/puppet.log")
like "R23 it cannot gain privileges" "$who" '*new_privs=no*'
like "R23 its files are not for others" "$who" '*umask=027*'
like "R23 it may open so many files" "$who" '*files=100 *'
like "R23 it leaves no core" "$who" '*core=0 *'
like "R23 it is nice" "$who" '*nice=3*'

before=$(sum_of)
emit scribble
is_soon "R23 a worker that writes to every descriptor handles its event" 10 has_done 2
emit scribble_all 1
is_soon "R23 so does the one after a worker that wrote to its link, too" 10 has_done 3
like "R23 which was ended for it" "$(status puppet)" '*"kind":"sick"*'
is "R23 nothing was written to what the daemon inherited" "$(cat "$base/stranger")" ""
stop_daemon
"$build/rrd" -C "$dir" --dump-events > events.txt
is "R23 the store is whole" $? 0
like "R23 and not what it was" "$(sum_of)" "?*"
[ "$before" != "$(sum_of)" ]
is "R23 (the comparison can tell)" $? 0
exec 7>&- 8<&-

# --- another user
chmod 711 "$base" "$dir"
conf 'user = nobody'
if [ "$(id -u)" -eq 0 ]; then
    rm -rf "$dir/state" "$dir/log" "$dir/data"
    chmod -R go+rX "$dir/conf.d"
    start_daemon
    emit whoami
    is_soon "R23 a worker with another user handles events" 10 has_done 1
    who=$(grep 'new_privs=' "$dir/log/puppet.log")
    like "R23 it is that user" "$who" "*uid=$(id -u nobody) euid=$(id -u nobody) gid=$(id -g nobody) groups=[01] *"
    run setpriv --reuid=nobody --regid=nogroup --clear-groups cat "$dir/state/lock"
    is "R23 that user cannot read what is the daemon's" "$rc" 1
    kill -9 "$(daemon_pid)"
    is_soon "R23 its worker, too, ends with its daemon" 10 none_marked
    forget
    # two users: whose group data/ is for does not depend on who has started last
    extra_conf=$'[stage second]\nplugin = puppet\nuser = daemon'
    conf 'user = nobody'
    extra_conf=
    run "$build/rrd" -C "$dir" --check
    like "R23 a second user who has no access to data/ is warned of" "$out$err" "*user: daemon can neither read nor write data/*"
    start_daemon
    like "R23 data/ is for the first one" "$(stat -c '%a %G' "$dir/data")" "2770 $(id -gn nobody)"
    ctl doctor | grep 'fail  *directory'
    is "R23 and doctor finds nothing bad about it" $? 1
    stop_daemon
    forget
    # code of a plugin does not run as root either when its options are judged
    conf 'user = nobody' 'check_act = slow' 'wait = 3s'
    chmod go+r "$dir/conf.d"/*
    "$build/rrd" -C "$dir" --check > /dev/null 2>&1 &
    checker=$!
    judged_by() {
        local child
        for child in $(cat "/proc/$checker/task/$checker/children"); do
            grep -q -- --check-options "/proc/$child/cmdline" &&
                grep -q "^Uid:.$1.$1.$1.$1" "/proc/$child/status" && return
        done
        return 1
    }
    is_soon "R23 the plugin judges its options as that user" 10 judged_by "$(id -u nobody)"
    wait "$checker"
    is "R23 and may" $? 0
    conf 'user = nobody'
    chown -R nobody "$dir"
    run setpriv --reuid=nobody --regid=nogroup --clear-groups "$build/rrd" -C "$dir" --check
else
    run "$build/rrd" -C "$dir" --check
fi
is "R23 a daemon that is not root cannot change users" "$rc" 78
like "R23 and says so" "$err$out" '*only a daemon that runs as root can start workers as somebody else*'
conf 'user = nobody_of_this_name'
run "$build/rrd" -C "$dir" --check
like "R23 a user must exist" "$err$out" '*there is no user "nobody_of_this_name" on this machine*'
done_testing

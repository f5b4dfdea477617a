#!/bin/bash
# SPDX-License-Identifier: MIT
# R64: where the control socket is, and whom it serves.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

# refuses_to_start WHAT STATUS PATTERN
refuses_to_start() {
    start_daemon
    is "R64 $1: refused" "$?" "$2"
    like "R64 $1: with the reason" "$(cat "$base/start.txt")" "$3"
}

conf
start_daemon
is "R64 the socket is the owner's alone" "$(stat -c '%a' "$dir/run/ctl.sock")" 600
is "R64 so is its folder" "$(stat -c '%a' "$dir/run")" 700
ctl restart puppet > /dev/null
has_line "ctl: restart stage=puppet uid=$(id -u) pid=" rrd.log
is "R64 the log says who changed something" "$?" 0
ctl status > /dev/null
has_line 'ctl: status' rrd.log
is "R64 and nothing of those who only look" "$?" 1
stop_daemon

# a group
extra_core="control_group = no_such_group_here"
conf
refuses_to_start "an unknown group" 78 '*control_group: there is no group "no_such_group_here"*'
group=$(id -gn)
extra_core="control_group = $group"
conf
start_daemon
is "R64 a group: its members reach the socket" "$(stat -c '%a %G' "$dir/run/ctl.sock")" "660 $group"
is "R64 a group: and its folder, where they may not write" "$(stat -c '%a %G' "$dir/run")" "710 $group"
ctl status > /dev/null
is "R64 a group: it answers" "$?" 0
stop_daemon
if [ "$(id -u)" != 0 ]; then
    foreign=$(getent group | cut -d: -f1 | grep -vxF "$(id -Gn | tr ' ' '\n')" | head -n 1)
    extra_core="control_group = $foreign"
    conf
    refuses_to_start "a group that we are not in" 4 "*must be a member of it*"
fi

# Another user. Without root there is none to be.
extra_core='control_group = daemon'
conf
if [ "$(id -u)" = 0 ]; then
    chmod 755 "$base"
    start_daemon
    # hello GROUP [REQUEST]: what nobody, a member of that group, is answered. He does not run rrctl, which
    # may lie where only root gets to.
    hello() { REQUEST=${2:-'{"v":1,"cmd":"start","args":{"stage":"puppet"}}'} python3 -c "
import os, socket
os.setgroups([$1])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect('$dir/run/ctl.sock')
try:
    s.sendall(os.environ['REQUEST'].encode() + b'\n')
except OSError:
    pass # it may have said all that there is to say
print(s.recv(4096).decode())" 2>&1; }
    chmod 755 "$dir"
    like "R64 a member of the group is answered" "$(hello "$(getent group daemon | cut -d: -f3)")" '*"ok":true*'
    has_line 'ctl: start stage=puppet uid=65534 pid=' rrd.log
    is "R64 and the log says that it was he" "$?" 0
    like "R64 but he brings no code" "$(hello "$(getent group daemon | cut -d: -f3)" \
        '{"v":1,"cmd":"upgrade","args":{"name":"puppet","file":"/nowhere/puppet.so"}}')" '*"code":4*own user and root*'
    like "R64 another user does not get to the socket" "$(hello 65534)" '*Permission denied*'
    # as if somebody had opened the modes by hand
    chmod 755 "$dir/run"
    chmod 666 "$dir/run/ctl.sock"
    like "R64 nor is he answered when he does" "$(hello 65534)" '*"code":4*control_group only*'
    has_line 'warn ctl: connection refused uid=65534 gid=65534 pid=' rrd.log
    is "R64 and the log says who it was" "$?" 0
    stop_daemon
else
    for what in "a member of the group is answered" "another user is refused"; do
        count=$((count + 1))
        echo "ok $count - R64 $what # SKIP needs root"
    done
fi
extra_core=
conf
chmod 700 "$dir"

# what may be in its place
mkdir -p "$dir/run/ctl.sock"
refuses_to_start "a folder in its place" 1 '*run/ctl.sock*'
rmdir "$dir/run/ctl.sock"
ln -s /nowhere/at/all "$dir/run/ctl.sock"
start_daemon
is "R64 a link in its place is replaced" "$?:$(stat -c '%F' "$dir/run/ctl.sock")" 0:socket
stop_daemon
echo text > "$dir/run/ctl.sock"
start_daemon
is "R64 a file in its place is replaced" "$?:$(stat -c '%F' "$dir/run/ctl.sock")" 0:socket
stop_daemon
mv "$dir/run" "$dir/elsewhere"
ln -s elsewhere "$dir/run"
refuses_to_start "a link in place of its folder" 1 '*cannot open the folder*/run*'
rm "$dir/run"
chmod 777 "$dir"
refuses_to_start "a directory that everybody may write to" 4 '*where rrd answers*0777*chmod go-w*'
chmod 770 "$dir"
refuses_to_start "a directory that its group may write to" 4 '*chmod go-w*'
chmod 700 "$dir"
for name in state state/store state/plugins state/stages state/upgrades; do
    chmod 777 "$dir/$name"
    refuses_to_start "a folder $name that everybody may write to" 4 "*/$name: others than its owner*chmod go-w*"
    chmod 700 "$dir/$name"
done
long=$base/$(printf 'x%.0s' {1..150})
mv "$dir" "$long"
dir=$long
start_daemon
is "R64 a path longer than a socket's may be: it starts" "$?" 0
ctl status > /dev/null
is "R64 and is found there" "$?" 0
stop_daemon
done_testing

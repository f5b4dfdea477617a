#!/bin/bash
# SPDX-License-Identifier: MIT
# R17: a storm of starts on one directory: exactly one runs, the others say whose it is.
set -u

# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

conf
n=$(times 20 50)
for ((i = 0; i < n; i++)); do
    "$build/rrd" -C "$dir" --daemon > "$base/start.$i" 2>&1 &
    starts[i]=$!
done
ran=0 busy=0 other=
for ((i = 0; i < n; i++)); do
    wait "${starts[i]}"
    case $? in
        0) ran=$((ran + 1)) ;;
        5) busy=$((busy + 1)) ;;
        *) other+="$(cat "$base/start.$i") " ;;
    esac
done
is "R17 of $n one runs" "$ran" 1
is "R17 the others end with status 5" "$busy" $((n - 1))
is "R17 none in another way" "$other" ""
like "R17 and name the pid" "$(cat "$base"/start.* | grep 'in use' | sort -u)" "*in use by another rrd (pid $(daemon_pid))*"
is "R17 one worker runs" "$(marked)" 1
is "R17 the one answers" "$(ctl status > /dev/null; echo $?)" 0

# a copy of the directory is another instance: its daemon leaves the workers of the first one alone
cp -a "$dir" "$base/copy"
rm -rf "$base/copy/run"
first=$(worker_pid puppet)
(dir=$base/copy; start_daemon) 9>&-
is "R17 a daemon in a copy starts" "$?" 0
"$build/rrctl" -C "$base/copy" stop > /dev/null
is "R17 and stops" "$?" 0
is "R17 the worker of the first one lives on" "$(worker_pid puppet)" "$first"
stop_daemon
is "R17 stop" "$?" 0
id=$(cut -d' ' -f2 "$dir/state/lock")
mv "$dir" "$base/moved" && dir=$base/moved
start_daemon && stop_daemon
is "R17 a directory that was moved stays what it was" "$(cut -d' ' -f2 "$dir/state/lock")" "$id"
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
#
# R40: a plugin file that is replaced, truncated, overwritten or deleted does not disturb the worker
# that runs it; the next worker runs what is there then, or says what is wrong with it.
set -u
# shellcheck source=tests/reliability/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$base/plugins"
file=$base/plugins/puppet.so
original=$build/tests/puppet/puppet.so
plugins=$base/plugins
conf

copies() { find "$dir/state/plugins" -name '*.so' | wc -l; }
# another plugin of the same kind: bytes behind the end of an ELF file mean nothing
another() { { cat "$original"; echo "$1"; } > "$base/new.so"; }
# undisturbed WHAT: the running worker is the one before, and works
undisturbed() {
    local before
    is "R40 $1: the worker is the one before" "$(worker_pid puppet)" "$pid"
    before=$(count_done)
    emit none
    is_soon "R40 $1: and handles events" 10 has_done $((before + 1))
}

for what in replaced overwritten truncated emptied deleted; do
    cp "$original" "$file"
    forget
    start_daemon
    pid=$(worker_pid puppet)
    grep -q "$dir/state/plugins/puppet-" "/proc/$pid/maps"
    is "R40 $what: the worker runs a copy" $? 0
    case $what in
    replaced)
        another "$what"
        mv "$base/new.so" "$file"
        ;;
    overwritten)
        another "$what"
        cat "$base/new.so" > "$file"
        ;;
    truncated) truncate -s 5000 "$file" ;;
    emptied) : > "$file" ;;
    deleted) rm "$file" ;;
    esac
    undisturbed "$what"
    ctl restart puppet > /dev/null
    if [ "$what" = replaced ] || [ "$what" = overwritten ]; then
        other() { [ "$(worker_pid puppet)" != "$pid" ] && has_status '"state":"ready"' puppet; }
        wait_for 10 other
        is "R40 $what: the next worker runs the new one" "$(copies)" 2
    else
        is_soon "R40 $what: the next worker is not started again and again" 10 has_status '"state":"failed"' puppet
        like "R40 $what: it is told why" "$(ctl why puppet)" "*puppet.so*"
        cp "$original" "$file"
        ctl start puppet > /dev/null
        is_soon "R40 $what: with the file back it starts" 10 has_status '"state":"ready"' puppet
    fi
    stop_daemon
done

# Copies do not pile up: the two used last stay.
for i in 1 2 3 4; do
    another "$i"
    mv "$base/new.so" "$file"
    start_daemon
    stop_daemon
done
start_daemon
is "R40 old copies are removed" "$(copies)" 2
pid=$(worker_pid puppet)
undisturbed "in the end"
stop_daemon
done_testing

# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# tap.sh - tap.h for scripts: source it, call is and like, end with done_testing.

count=0
failed=0

# is WHAT GOT WANT
is() {
    count=$((count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        printf 'got:  %s\nwant: %s\n' "$2" "$3" | sed 's/^/# /'
        failed=1
    fi
}

# like WHAT GOT PATTERN (of bash)
like() {
    count=$((count + 1))
    # shellcheck disable=SC2053
    if [[ $2 == $3 ]]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        printf 'got:  %s\nlike: %s\n' "$2" "$3" | sed 's/^/# /'
        failed=1
    fi
}

# run COMMAND...: sets rc, out, err; needs a working directory of one's own.
run() {
    "$@" > out.txt 2> err.txt
    # shellcheck disable=SC2034
    rc=$?
    # shellcheck disable=SC2034
    out=$(cat out.txt)
    # shellcheck disable=SC2034
    err=$(cat err.txt)
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it does not in time.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# is_soon WHAT SECONDS COMMAND...: the command succeeds within so many seconds
is_soon() {
    wait_for "${@:2}"
    is "$1" $? 0
}

done_testing() {
    echo "1..$count"
    exit $failed
}

# SPDX-License-Identifier: MIT
# Every test there is; sourced by ./quickstart check, whose functions and variables it uses.
# shellcheck shell=bash disable=SC2154
#
# The last line of output is `N passed, N failed, N skipped`, alone.

passed=0 failed=0 skipped=0

# run_tests NAME DIR: make check in DIR, add up its totals, show what failed.
run_tests() {
    local what=$1 where=$2 start=$SECONDS file
    printf 'testing, %s … ' "$what"
    if make -C "$where" -j "$jobs" check >>"$log" 2>&1 </dev/null; then
        printf 'done (%d s)\n' $((SECONDS - start))
    else
        printf 'FAILED (%d s)\n' $((SECONDS - start))
        if [ -e "$where/test-suite.log" ]; then
            grep -E '^(not ok|ERROR|FAIL)|^# (got|want)' "$where/test-suite.log" | head -n 100
        else
            tail -n 40 "$log"
        fi
        failed_here=1
    fi
    file=$where/test-suite.log
    if [ ! -e "$file" ]; then
        failed=$((failed + 1))
        return
    fi
    total() { sed -n "s/^# $1: *\([0-9]*\)$/\1/p" "$file" | head -n 1; }
    passed=$((passed + $(total PASS) + $(total XFAIL)))
    failed=$((failed + $(total FAIL) + $(total XPASS) + $(total ERROR)))
    skipped=$((skipped + $(total SKIP)))
    [ -z "${failed_here-}" ] || [ "$failed" -gt 0 ] || failed=1
}

# one_check NAME COMMAND…: a check that counts as one test.
one_check() {
    local what=$1 start=$SECONDS out=$log.one
    shift
    printf '%s … ' "$what"
    if "$@" >"$out" 2>&1 </dev/null; then
        printf 'done (%d s)\n' $((SECONDS - start))
        passed=$((passed + 1))
    else
        printf 'FAILED\n'
        tail -n 60 "$out"
        failed=$((failed + 1))
    fi
    cat "$out" >>"$log"
    rm -f "$out"
}

configure_in build --enable-werror
step 'building' make -C build -j "$jobs"
one_check 'style and layering' make -C build lint
run_tests 'optimised build' build

configure_in build-asan --enable-werror --enable-sanitizers
step 'building with sanitizers' make -C build-asan -j "$jobs"
run_tests 'address and undefined-behaviour sanitizers' build-asan

one_check 'the release archive builds and passes its tests' make -C build -j "$jobs" distcheck

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] || exit 1

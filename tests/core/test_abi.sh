#!/bin/bash
# SPDX-License-Identifier: MIT
# test_abi.sh - the headers lay everything out as the record of their ABI version says.
set -u

layout=$RR_BUILDDIR/sdk/abi/layout
records=$RR_SRCDIR/sdk/abi
n=0
failed=0

# ok WHAT: the status of the last command decides.
ok()
{
    local status=$?
    n=$((n + 1))
    if [ "$status" -eq 0 ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        failed=1
    fi
}

for abi in plugin game; do
    now=$("$layout" "$abi")
    version=$(printf '%s\n' "$now" | sed -n "s/^abi $abi //p")
    record=$records/$abi-$version.txt
    [ -f "$record" ]
    ok "$abi ABI $version has a record (else: make abi-record)"
    # Records are of 64-bit machines.
    if ! printf '%s\n' "$now" | grep -q '^member rr_.* size 8$'; then
        echo "1..0 # SKIP not a 64-bit machine"
        exit 0
    fi
    difference=$(printf '%s\n' "$now" | diff "$record" - 2>&1)
    ok "$abi headers are as recorded (else read sdk/abi/README.md)"
    [ -z "$difference" ] || printf '%s\n' "$difference" | sed 's/^/# /'

    # What an older minor had must be there still, at its place.
    for old in "$records/$abi-${version%.*}".*.txt; do
        missing=$(grep -E '^(member|constant) ' "$old" |
            grep -vxF -f <(printf '%s\n' "$now") || true)
        name=$(basename "$old" .txt)
        [ -z "$missing" ]
        ok "$abi ABI $version keeps all of $name"
        [ -z "$missing" ] || printf '%s\n' "$missing" | sed 's/^/# gone or moved: /'
    done
done
echo "1..$n"
exit $failed

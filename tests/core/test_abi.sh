#!/bin/bash
# SPDX-License-Identifier: MIT
# test_abi.sh - the headers lay everything out as the record of their ABI version says.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

layout=$RR_BUILDDIR/sdk/abi/layout
records=$RR_SRCDIR/sdk/abi

for abi in plugin game; do
    now=$("$layout" "$abi")
    version=$(printf '%s\n' "$now" | sed -n "s/^abi $abi //p")
    record=$records/$abi-$version.txt
    [ -f "$record" ]
    is "$abi ABI $version has a record (else: make abi-record)" $? 0
    # Records are of 64-bit machines.
    if ! printf '%s\n' "$now" | grep -q '^member rr_.* size 8$'; then
        echo "1..0 # SKIP not a 64-bit machine"
        exit 0
    fi
    difference=$(printf '%s\n' "$now" | diff "$record" - 2>&1)
    is "$abi headers are as recorded (else read sdk/abi/README.md)" "$difference" ''

    # What an older minor had must be there still, at its place.
    for old in "$records/$abi-${version%.*}".*.txt; do
        missing=$(grep -E '^(member|constant) ' "$old" |
            grep -vxF -f <(printf '%s\n' "$now") || true)
        name=$(basename "$old" .txt)
        is "$abi ABI $version keeps all of $name" "$missing" ''
    done
done
done_testing

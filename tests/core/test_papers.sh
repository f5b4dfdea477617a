#!/bin/bash
# SPDX-License-Identifier: MIT
# The man pages say what the code does, and are written without mistakes. `make docs` mends the first.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/rr-papers.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

run python3 "$RR_SRCDIR/man/tables.py" "$RR_BUILDDIR/rrctl"
is "every list in the man pages is that of the code" "$rc:$out$err" "0:"
for option in $("$RR_BUILDDIR/rrd" --help | grep -o -- '^  .*--[a-z-]*' | grep -o -- '--[a-z-]*'); do
    run grep -qF -e "${option//-/\\-}" "$RR_SRCDIR/man/rrd.8"
    is "rrd(8) tells of $option" "$rc" 0
done
for page in "$RR_SRCDIR"/man/*.[1-9]; do
    run groff -t -man -ww -z "$page"
    is "${page##*/}: no complaint of groff" "$rc:$out$err" "0:"
    # every page it refers to is there, but for those of the system
    for other in $(grep -oE '^\.BR rr[a-z.\\-]+ \([0-9]\)' "$page" | sed -E 's/^\.BR ([^ ]*) \((.)\)/\1.\2/; s/\\//g' | sort -u); do
        is "${page##*/} refers to $other" "$(test -e "$RR_SRCDIR/man/$other"; echo $?)" 0
    done
done
done_testing

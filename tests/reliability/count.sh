#!/bin/bash
# SPDX-License-Identifier: MIT
# count.sh - which reliability ids ran in this check, by the descriptions of all tests.
set -u

wanted=$(sed -n 's/^| \(R[0-9][0-9]\) .*/\1/p' "$RR_SRCDIR/tests/reliability/README.md" | sort -u)
ran=$(find "$RR_BUILDDIR" -name '*.log' -not -path '*/count.log' -exec cat {} + |
    sed -n 's/^ok [0-9]* - \(R[0-9][0-9]\) .*/\1/p' | sort -u)
missing=$(comm -23 <(echo "$wanted") <(echo "$ran"))
unknown=$(comm -13 <(echo "$wanted") <(echo "$ran"))

echo "1..2"
echo "ok 1 - $(comm -12 <(echo "$wanted") <(echo "$ran") | wc -l) of $(echo "$wanted" | wc -l) reliability ids ran"
[ -z "$missing" ] || echo "# missing: $(echo "$missing" | tr '\n' ' ')"
[ -z "$unknown" ] || printf 'not '
echo "ok 2 - each of them is in tests/reliability/README.md"
[ -z "$unknown" ] || echo "# not in the list: $(echo "$unknown" | tr '\n' ' ')"
[ -z "$unknown" ]

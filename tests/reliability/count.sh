#!/bin/bash
# SPDX-License-Identifier: MIT
# count.sh - which reliability ids ran in this check, by the descriptions of all tests.
set -u

wanted=$(sed -n 's/^| \(R[0-9][0-9]\) .*/\1/p' "$RR_SRCDIR/tests/reliability/README.md" | sort -u)
ran=$(find "$RR_BUILDDIR" -name '*.log' -not -path '*/count.log' -exec cat {} + |
    grep -av '# SKIP' | sed -n 's/^ok [0-9]* - \(R[0-9][0-9]\) .*/\1/p' | sort -u)
missing=$(comm -23 <(echo "$wanted") <(echo "$ran"))
unknown=$(comm -13 <(echo "$wanted") <(echo "$ran"))

n=0
# judge WHAT LIST WHAT-IT-IS: nothing may be in the list
judge() {
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        echo "# $3: $(echo "$2" | tr '\n' ' ')"
    fi
}
echo "1..2"
judge "$(comm -12 <(echo "$wanted") <(echo "$ran") | wc -l) of $(echo "$wanted" | wc -l) reliability ids ran" "$missing" missing
judge "each of them is in tests/reliability/README.md" "$unknown" "not in the list"
[ -z "$missing$unknown" ]

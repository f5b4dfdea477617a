#!/bin/bash
# SPDX-License-Identifier: MIT
# perft.sh - lines of play that were counted elsewhere, too.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/perft-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 99
export RR_PLUGIN_PATH=$RR_BUILDDIR/plugins
perft() { run "$RR_BUILDDIR/rrctl-game" perft "$@"; }

perft othello8_2p 8
is "Othello: status" "$rc$err" 0
is "Othello: as published" "$(awk 'NR > 1 { printf "%s ", $2 }' out.txt)" \
    '4 12 56 244 1396 8200 55092 390216 '
perft connect4 7 --json
is "Connect Four: 7^n, less 7 for the full column" "$out" \
    '{"variant": "connect4_2p", "lines": [7, 49, 343, 2401, 16807, 117649, 823536]}'
perft ringrift hex8_2p 1
is "RingRift: a ring or two or three on each of 61 cells" "$out" 'hex8_2p
 1 183'
perft "$RR_BUILDDIR/plugins/games/othello.so" 1
is "a file" "$out" 'othello8_2p
 1 4'
perft othello
is "no depth is wrong usage" "$rc" 2
perft othello 3x
is "so is one that is no number" "$rc" 2
perft othello 61
like "and a larger one than counts make sense for" "$err" '*a depth from 1 to 60*'
perft othello hex8_2p 2
is "a variant of another game" "$rc" 65
like "and the message says which game" "$err" '*othello has no variant "hex8_2p"*'
done_testing

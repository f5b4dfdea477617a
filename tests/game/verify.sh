#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# verify.sh - replays the recorded games, and holds the verifier to its own promises with damaged
# ones. Prints TAP.
# shellcheck disable=SC2016 # awk programs have their own $ signs
set -u

tool=$RR_BUILDDIR/rrctl-game
data=$RR_SRCDIR/tests/data
dir=$(mktemp -d "${TMPDIR:-/tmp}/rr-verify.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export RR_PLUGIN_PATH=$RR_BUILDDIR/plugins
count=0
failed=0

result() { # result STATUS-OF-TEST WHAT
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        failed=1
        echo "not ok $count - $2"
        sed 's/^/# /' "$dir/out" "$dir/err"
    fi
}

expect() { # expect EXIT-STATUS TEXT-IN-THE-OUTPUT WHAT COMMAND...
    local status=$1 text=$2 what=$3
    shift 3
    "$@" >"$dir/out" 2>"$dir/err"
    local got=$?
    [ "$got" -eq "$status" ] && cat "$dir/out" "$dir/err" | grep -qF -- "$text"
    result $? "$what"
}

expect 0 'files 13 games 123 plies 28351 mismatches 0' 'all games and vectors in the tree' \
    "$tool" verify ringrift "$data"

all=${RR_RECORDED_GAMES:-$RR_SRCDIR/../shared/ringrift/games}
if [ -d "$all" ]; then
    expect 0 'mismatches 0' 'all games of the full collection' "$tool" verify ringrift "$all"
else
    count=$((count + 1))
    echo "ok $count - all games of the full collection # SKIP RR_RECORDED_GAMES is not set"
fi

# One short game to damage.
zcat "$data/hex8-2p.rrg.gz" | awk '/^G / { n++ } n < 2 { print } END { print "Z 1" }' >"$dir/one.rrg"
expect 0 'games 1 ' 'one game, not compressed' "$tool" verify ringrift "$dir/one.rrg"
expect 0 'mismatches 0' 'a game by the name of a variant' "$tool" verify hex8_2p "$dir/one.rrg"
expect 1 'the constants of the variant differ' 'a game that was played by other rules' \
    "$tool" verify hex8_2p@canonical "$dir/one.rrg"
mkdir -p "$dir/nested/deeper"
cp "$dir/one.rrg" "$dir/nested/deeper/"
expect 0 'files 1 games 1 ' 'folders in folders are looked into' "$tool" verify ringrift "$dir/nested"
rm -r "$dir/nested"

# Mismatches: exit status 1, and what differs.
damage() { # damage NAME AWK-PROGRAM
    awk "$2" "$dir/one.rrg" >"$dir/$1.rrg"
}
damage illegal '/^M P/ && !done { $0 = "M P9,9*1"; done = 1 } { print }'
expect 1 'the recorded move is not legal' 'an illegal move' "$tool" verify ringrift "$dir/illegal.rrg"
damage state '/^S ph=MV/ && !done { sub("ac=1", "ac=0"); done = 1 } { print }'
expect 1 'the states after the move differ' 'another state' "$tool" verify ringrift "$dir/state.rrg"
damage hash '/^P 4 / { sub("h=.", /h=f/ ? "h=0" : "h=f") } { print }'
expect 1 'count or hash of the legal moves differ' 'another hash of a list' \
    "$tool" verify ringrift "$dir/hash.rrg"
damage list '/^L / && ++n == 2 { sub("L [^ ]* ", "L ") } { print }'
expect 1 'the sorted lists of legal moves differ' 'another list' \
    "$tool" verify ringrift "$dir/list.rrg"
damage mover '/^P 1 1 / { sub("P 1 1", "P 1 2") } { print }'
expect 1 'another ply or player is to act' 'another player' "$tool" verify ringrift "$dir/mover.rrg"
damage refused '/^M P/ && !done { print "X " substr($0, 3); done = 1 } { print }'
expect 1 'a refused move is legal' 'a refused move that is legal' \
    "$tool" verify ringrift "$dir/refused.rrg"
damage winner '/^E / { sub("w=.", "w=7") } { print }'
expect 1 'the results differ' 'another winner' "$tool" verify ringrift "$dir/winner.rrg"
damage order '/^R / { sub("order=", "order=9,") } { print }'
expect 1 'the results differ' 'another order' "$tool" verify ringrift "$dir/order.rrg"
damage rings '/^RRG/ { sub("rings=18", "rings=19") } { print }'
expect 1 'the constants of the variant differ' 'other constants' \
    "$tool" verify ringrift "$dir/rings.rrg"

# Malformed data: exit status 65, with file and line.
head -n -1 "$dir/one.rrg" >"$dir/noend.rrg"
expect 65 'noend.rrg:' 'a file without its last line' "$tool" verify ringrift "$dir/noend.rrg"
damage board '/^RRG/ { sub("hex8", "hex9") } { print }'
expect 65 'board.rrg:1: game ringrift has no variant hex9_2p' 'an unknown board' \
    "$tool" verify ringrift "$dir/board.rrg"
damage magic '/^RRG/ { sub("RRG", "RRX") } { print }'
expect 65 'magic.rrg:1: expected' 'a wrong header' "$tool" verify ringrift "$dir/magic.rrg"
damage type 'NR == 5 { print "Q what" } { print }'
expect 65 'type.rrg:5: unknown type of record' 'an unknown record' \
    "$tool" verify ringrift "$dir/type.rrg"
damage many '/^Z / { $0 = "Z 2" } { print }'
expect 65 'number of games' 'a wrong number of games' "$tool" verify ringrift "$dir/many.rrg"
: >"$dir/empty.rrg"
expect 65 'empty file' 'an empty file' "$tool" verify ringrift "$dir/empty.rrg"
head -c 20000 "$data/hex8-2p.rrg.gz" >"$dir/cut.rrg.gz"
expect 65 'cut.rrg.gz:' 'a truncated gzip file' "$tool" verify ringrift "$dir/cut.rrg.gz"
{ head -c 9000 "$data/hex8-2p.rrg.gz"; head -c 2000 /dev/zero; tail -c +11001 "$data/hex8-2p.rrg.gz"; } \
    >"$dir/flip.rrg.gz"
expect 65 'flip.rrg.gz' 'a damaged gzip file' "$tool" verify ringrift "$dir/flip.rrg.gz"
head -c 3000 /dev/urandom >"$dir/noise.rrg"
expect 65 'noise.rrg:1' 'noise' "$tool" verify ringrift "$dir/noise.rrg"
printf 'V x hex8 players=2\nM NP\n' >"$dir/early.rrv"
expect 65 'early.rrv:2: a move before the state' 'a vector without a state' \
    "$tool" verify ringrift "$dir/early.rrv"
printf 'V x hex8 players=2\nS ph=RP\n' >"$dir/short.rrv"
expect 65 'short.rrv:2: expected " cur="' 'a vector with half a state' \
    "$tool" verify ringrift "$dir/short.rrv"
mkdir "$dir/none"
expect 65 'no recorded games' 'an empty folder' "$tool" verify ringrift "$dir/none"
expect 65 'No such file' 'a missing file' "$tool" verify ringrift "$dir/missing.rrg"
expect 65 'mismatches 0' 'good files count beside bad ones' \
    "$tool" verify ringrift "$dir/empty.rrg" "$dir/one.rrg"

# Usage.
expect 2 'what to do?' 'no command' "$tool"
expect 2 'no such command' 'an unknown command' "$tool" frobnicate
expect 2 'verify takes a game' 'verify without files' "$tool" verify ringrift
expect 2 'unrecognized option' 'an unknown option' "$tool" list --frobnicate
expect 2 '--seconds takes a number' 'a wrong number' "$tool" bench hex8_2p --seconds much
expect 65 'no game "nope"' 'an unknown game' "$tool" verify nope "$dir/one.rrg"
expect 65 'no game "hex9_2p"' 'an unknown variant' "$tool" bench hex9_2p
expect 65 'connect4 has no variant "hex8_2p"' 'a variant of another game' \
    "$tool" bench connect4 hex8_2p
expect 0 'usage: rrctl game' 'help' "$tool" --help
expect 0 'connect4_2p' 'list' "$tool" list
expect 0 'hex8_2p@canonical ' 'list names other rules' "$tool" list
expect 0 'hex8_2p@canonical: 1 random games: ok' 'check by other rules' \
    "$tool" check hex8_2p@canonical --games 1
expect 0 'connect4_2p: 3 random games: ok' 'check' "$tool" check connect4 --games 3
expect 0 '"variant": "connect4_2p"' 'bench in JSON' \
    "$tool" bench connect4 connect4_2p --seconds 0.05 --json
cp "$dir/one.rrg" "$dir/fake.so"
chmod 644 "$dir/fake.so"
expect 69 'cannot be loaded' 'a game that is no shared object' "$tool" check "$dir/fake.so"

echo "1..$count"
exit $failed

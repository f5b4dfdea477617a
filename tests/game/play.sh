#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# play.sh - games in the terminal: rrctl game play by a pipe, and rrctl game show of every kind of
# file; and rrctl match. Prints TAP.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
tool=$RR_BUILDDIR/rrctl-game
match=$RR_BUILDDIR/rrctl-match
data=$RR_SRCDIR/tests/data
dir=$(mktemp -d "${TMPDIR:-/tmp}/rr-play.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export RR_PLUGIN_PATH=$RR_BUILDDIR/plugins

# say LINE... - the lines as a person's input to the game that $game names.
say() {
    # shellcheck disable=SC2086
    run "$tool" play $game --seed 1 < <(printf '%s\n' "$@")
}

game='ringrift hex8_2p --opponent heuristic:5'
say 'moves P0,0' 'P0,0*2' 'board' 'moves' 'quit'
is "a game is left: status 0" "$rc" 0
like "the list can be filtered" "$out" '*#* P0,0\*1*3 of 183 moves*'
like "the board shows the stack" "$out" '*A2*A player 1 *hand 16*A to move with 0,0*'
like "and the moves of it only" "$out" '*18 of 18 moves*'
is "nothing is said on standard error" "$err" ''

say 'P0,0*2' '#1' 'quit'
like "a move by number" "$out" '*player 1: NL   (the only move)*'
like "the opponent answers" "$out" '*player 2: P*'

say 'undo' 'P0,0*2' '#1' 'undo' 'position' 'undo' 'position' 'quit'
like "nothing to take back at first" "$out" '*no decision of yours*'
like "undo goes back to the last decision, over the opponent's moves" "$out" '*ph=MV cur=1 hand=16,18*'
like "and to the one before" "$out" '*ph=RP cur=1 hand=18,18*'

say 'bogus' '#999' '#x' 'save' 'save /no/such/dir/x' 'load nothing' 'hint 9999999' 'hint me' 'quit'
like "no move: the reason" "$out" '*"bogus" is not one of the 183 legal moves*'
like "no number" "$out" '*#999: moves are numbered from #1 to #183*#x: moves*'
like "save and load want a file that can be had" "$out" \
    '*save what*cannot save: No such file*nothing: cannot read*'
like "a hint has a limit" "$out" '*a number of simulations, at most 16384*a number of*'
is "and the game goes on" "$rc" 0

say 'hint 64' 'quit'
like "a hint shows visits" "$out" '*64 simulations *visits*\* *%*'
say 'help' 'quit'
like "help" "$out" '*undo*save FILE*quit*'
say 'P0,0*2'
is "the end of the input leaves too" "$rc" 0

say 'P0,0*2' '#1' 'save one.txt' 'save one.txt' 'quit'
like "saved" "$out" '*saved*'
like "and never over another file" "$out" '*File exists*'
like "as text" "$(cat one.txt)" 'rr-game 1 hex8_2p options=0*P0,0\*2*'
game='hex8_2p --load one.txt'
say 'quit'
like "loaded" "$out" '*loaded one.txt:*player 1,*'
game='square8_2p --load one.txt'
say 'quit'
is "a game of another board: status" "$rc" 65
like "and why" "$err" '*a game of hex8_2p, this is one of square8_2p*'
printf 'rr-game 1 hex8_2p options=0\nP0,0*2\nP0,0*2\n' > bad.txt
game='hex8_2p --load bad.txt'
say 'quit'
like "a move that is not legal: file, line, reason" "$err" '*bad.txt:3: *not one of the*'

# Whole games without people, all kinds of opponents, both boards, three players.
for opponent in random heuristic:3 mcts_light; do
    run "$tool" play connect4_2p --opponent "$opponent" --seat 0 --seed 2
    like "connect4 by itself with $opponent" "$out" '*the game is over: w=*'
done
run "$tool" play hex8_3p --opponent random --seat 0 --seed 3
like "three players" "$out" '*player 3: *the game is over: w=*'
game='connect4_2p --opponent human'
say 0 1 0 1 0 1 0 hint undo save\ won.txt quit
like "people only: four in a row" "$out" '*the game is over: w=1 kind=four*undo a move first*took back 1 moves*'
is "undo also of the last move" "$(wc -l < won.txt)" 7

game='hex8_2p --options swap --opponent human'
say 'P0,0*1' '#1' 'moves SW' 'quit'
like "an option of the game" "$out" '*SW*1 of *'
run "$tool" play hex8_2p --options nonsense
like "one that it has not" "$err" '*no option "nonsense"*swap*'

run "$tool" play hex8_2p --opponent nobody
is "an opponent that nobody knows: status" "$rc" 65
like "which there are" "$err" '*no opponent and no model file "nobody"*mcts_light*'
run "$tool" play connect4 hex8_2p
like "a variant of another game" "$err" '*hex8_2p is no variant of connect4*'
run "$tool" play hex8_2p --seat 3
like "a seat that is not there" "$err" '*hex8_2p has 2 players*'
run "$tool" play hex8_2p --seat x
is "not a number: usage" "$rc" 2
run "$tool" play
is "no variant: usage" "$rc" 2
for command in play show engine; do
    run "$tool" "$command" --help
    like "$command --help" "$rc$out" '0usage: rrctl game '"$command"'*'
    for option in $(grep -oE -- '^  --[a-z-]+' out.txt); do
        run grep -F -e "${option//-/\\-}" "$RR_SRCDIR/man/rrctl-game.1"
        is "rrctl-game(1) knows $command $option" "$rc" 0
    done
done

# show
run "$tool" show won.txt
like "a saved game" "$out" '*won.txt, game 0: connect4_2p, 6 moves*player 2  1*x to act*'
run "$tool" show "$data/hex8-2p.rrg.gz" --game 1
like "a recorded game" "$out" '*hex8_2p*the game is over: w=*'
run "$tool" show "$data/square19-2p.rrg.gz" --ply 40
like "a board of it" "$out" '*   40  player *'
widest=$(printf '%s\n' "$out" | awk '!/game 0:/ && length > w { w = length } END { print w }')
is "in 80 columns" "$((widest <= 80))" 1
run "$tool" show "$data/hex8-2p.rrg.gz" --game 9999
is "a game that is not there" "$rc" 65
"$RR_BUILDDIR/tests/game/make_shard" "$RR_PLUGIN_PATH" three.shard
run "$tool" show three.shard --game 2
like "a game of a shard, with what the search said" "$out" '*32 simulations, *the game is over*'
run "$tool" show three.shard --game 2 --json
like "as JSON" "$out" '{"file":"three.shard","game":2,"variant":"connect4_2p","moves":\[{"ply":0,*"over":true*'
run "$tool" show three.shard --ply 1000
like "a ply beyond the end" "$err" '*--ply 1000: the game has * moves*'
head -c 500 three.shard > cut.shard
run "$tool" show cut.shard
is "a damaged shard" "$rc" 65
run "$tool" show /dev/null
is "no game at all" "$rc" 65

# match
run "$match" connect4_2p random heuristic:7 mcts_light --games 20
is "a round robin" "$rc" 0
like "with ratings, the strongest first" "$out" '*Elo*mcts_light *heuristic:7 *random  *400 *0*'
run "$match" connect4_2p random heuristic:7 mcts_light --games 20 --json
like "as one line of JSON" "$out" '{"players":\[{"name":"mcts_light","elo":*"pairings":\[{"a":"random","b":"heuristic:7","games":20,*}'
run "$match" connect4_2p mcts_light random --games 10 --json
like "two players" "$out" '{"a":"mcts_light","b":"random","games":10,*"rate":*'
run "$match" connect4_2p random
is "one is too few" "$rc" 2
run "$match" connect4_2p random heuristic:9
like "a level that there is not" "$err" '*levels are 1 to 7*'
done_testing

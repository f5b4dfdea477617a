#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engine.sh - rrctl game engine: a dialogue, and junk. Prints TAP.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/rr-engine.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export RR_PLUGIN_PATH=$RR_BUILDDIR/plugins

coproc ENGINE { exec "$RR_BUILDDIR/rrctl-game" engine --opponent heuristic:7; }
engine=$ENGINE_PID
exec {to}>&"${ENGINE[1]}" # for pipelines, which have no coprocess

# ask REQUEST: its answer is in $out.
ask() {
    printf '%s\n' "$1" >&"${ENGINE[1]}"
    IFS= read -r -t 60 out <&"${ENGINE[0]}" || out='(no answer)'
}

ask '{"cmd":"hello","id":7}'
like "hello" "$out" '{"protocol":1,"variants":\[*"variant":"connect4_2p"*"id":7,"ok":true}'
ask '{"cmd":"legal"}'
like "no game yet" "$out" '{"error":"there is no game yet*"ok":false}'
ask '{"cmd":"newgame"}'
like "newgame wants a variant" "$out" '{"error":"name a variant*'
ask '{"cmd":"newgame","variant":"chess_2p"}'
like "one that there is" "$out" '{"error":"no game variant*connect4_2p*'
ask '{"cmd":"newgame","variant":"connect4_2p","options":"swap"}'
like "options that it has" "$out" '{"error":"*no option*'
ask '{"cmd":"newgame","variant":"connect4_2p"}'
is "newgame" "$out" '{"variant":"connect4_2p","ply":0,"player":1,"over":false,"choices":7,"ok":true}'
ask '{"cmd":"legal"}'
like "legal" "$out" '{"moves":\["0","1","2","3","4","5","6"\],*'
ask '{"cmd":"play","move":"3","id":{"a":[1]}}'
is "play; any id comes back" "$out" \
    '{"played":["3"],"ply":1,"player":2,"over":false,"choices":7,"id":{"a":[1]},"ok":true}'
ask '{"cmd":"play","move":"9"}'
like "a move that is not legal" "$out" '{"error":"*0 to 6*'
ask '{"cmd":"position"}'
like "position: text, board, moves" "$out" \
    '*"position":"......./......./......./......./......./...x... o","board":"*"moves":\["3"\]*'
ask '{"cmd":"go","opponent":"mcts_light","simulations":50}'
like "go with a budget" "$out" '{"best":"?","value":\[*,*\],"simulations":50,"moves":\[{"move":"?","visits":*'
ask '{"cmd":"go","opponent":"mcts_light","time_ms":50}'
like "go with time" "$out" '{"best":"?",*"simulations":*"ply":1,*"ok":true}'
ask '{"cmd":"go","play":true}'
like "go and play" "$out" '{"best":"?",*"played":\["?"\],"ply":2,*'
ask '{"cmd":"undo","plies":2}'
like "undo" "$out" '{"ply":0,*'
ask '{"cmd":"undo"}'
like "no more than there is" "$out" '{"error":"cannot take back 1 of 0 moves","ok":false}'
ask '{"cmd":"position","moves":["0","1","0","1","0","1"]}'
like "moves in one go" "$out" '*"ply":6,*'
ask '{"cmd":"position","moves":["0","x"]}'
like "all or nothing" "$out" '{"error":"move 1:*'
ask '{"cmd":"go","play":true}'
like "it sees a win" "$out" '{"best":"0",*"over":true*'
ask '{"cmd":"go"}'
like "no thoughts about a game that is over" "$out" '{"error":"the game is over"*'
ask '{"cmd":"play","move":"0"}'
like "no move either" "$out" '{"error":"the game is over"*'
ask '{"cmd":"result"}'
is "result" "$out" '{"over":true,"shares":[1.0,0.0],"result":"w=1 kind=four","ok":true}'
ask '{"cmd":"position","position":"......./......./......./......./......./...x... o","moves":["3"]}'
like "a position as text" "$out" '*"ply":1,"player":1,*'
ask '{"cmd":"position","position":"...x... x"}'
like "one that cannot be" "$out" '{"error":"no position of connect4_2p:*'

# RingRift: forced moves.
ask '{"cmd":"newgame","variant":"hex8_2p"}'
ask '{"cmd":"position","moves":["P0,0*2"]}'
ask '{"cmd":"legal","filter":">4,0"}'
like "a filter" "$out" '{"moves":\["M0,0>4,0"\],*'
ask '{"cmd":"play","move":"M0,0>4,0","forced":true}'
like "moves without a choice are played when asked for" "$out" '{"played":\["M0,0>4,0","NL","NT"\],"ply":4,"player":2,*'

# What it knows is in the page, and the page's dialogue is true.
page=$RR_SRCDIR/man/rr-game.7
for word in $(sed -n 's/.*"cmd must be \(.*\)");.*/\1/p' "$RR_SRCDIR/sdk/tools/game_engine.c" |
    tr -cs 'a-z' ' '); do
    [ "$word" = or ] && continue
    run grep -x ".SS $word" "$page"
    is "rr-game(7) has $word" "$rc" 0
done
while IFS= read -r request <&3 && IFS= read -r answer <&3; do
    ask "${request#> }"
    expected=${answer#< }
    like "the page: $request" "$out" "${expected//[\[\]]/?}"
done 3< <(sed -n '/^\.SH EXAMPLE/,/^\.fi/ { s/\.\.\./*/; /^[<>]/p }' "$page" | grep -v '"quit"' | sed '$d')
ask '{"cmd":"newgame","variant":"hex8_2p"}'
ask '{"cmd":"position","moves":["P0,0*2","M0,0>4,0","NL","NT"]}'

# Junk. Every line has an answer, and the game is as it was.
for line in 'hello' '{' '[]' '3' '"x"' 'null' '{"cmd":3}' '{"cmd":"nothing"}' '{}' \
    '{"cmd":"legal","cmd":"legal"}' '{"cmd":"legal","filter":3}' '{"cmd":"play"}' \
    '{"cmd":"play","move":[]}' '{"cmd":"go","simulations":-1}' '{"cmd":"go","simulations":1e9}' \
    '{"cmd":"go","simulations":99999999}' '{"cmd":"go","time_ms":"x"}' \
    '{"cmd":"go","opponent":"/etc/passwd"}' '{"cmd":"go","opponent":"heuristic:8"}' \
    '{"cmd":"position","moves":3}' '{"cmd":"position","moves":[3]}' '{"cmd":"position","position":7}' \
    '{"cmd":"undo","plies":4294967296}' '{"cmd":"undo","plies":-1}' '{"cmd":"newgame","variant":9}' \
    $'{"cmd":"play","move":"\u00e4\u00f6"}' $'\xff\xfe{' '{"cmd":"play","move":"P0,0*1\u0000"}'; do
    ask "$line"
    like "refused: $(printf '%q' "$line")" "$out" '{"error":"?*"ok":false}'
done
head -c 3000000 /dev/zero | tr '\0' '[' >&"$to"
ask ''
like "a line without an end" "$out" '{"error":"a request has less than*'
deep=$(printf '[%.0s' {1..5000})
ask "{\"cmd\":$deep"
like "depth without an end" "$out" '{"error":"?*'
printf '\n   \n' >&"${ENGINE[1]}"
ask '{"cmd":"position"}'
like "empty lines are passed over, and the game is as it was" "$out" '{"variant":"hex8_2p",*"ply":4,*'
ask '{"cmd":"quit","id":null}'
is "quit" "$out" '{"id":null,"ok":true}'
wait "$engine"
is "ends with status 0" "$?" 0

run "$RR_BUILDDIR/rrctl-game" engine connect4_2p < <(echo '{"cmd":"legal"}')
like "a variant on the command line; the end of the input ends it" "$rc$out" '0{"moves":\["0",*'
head -c 200000 /dev/urandom > noise
run "$RR_BUILDDIR/rrctl-game" engine < noise
is "noise: status 0" "$rc" 0
lines=$(grep -c '^{"error":' out.txt)
is "and an answer to each line" "$((lines > 0 && lines == $(wc -l < out.txt)))" 1
run "$RR_BUILDDIR/rrctl-game" engine connect4_2p --opponent mcts_light --simulations 9 < <(echo '{"cmd":"go"}')
like "a budget on the command line" "$out" '*"simulations":9,*'
run "$RR_BUILDDIR/rrctl-game" engine connect4_2p --load x
like "an option of play only: usage" "$rc$err" '2*--load is not for engine*'
run "$RR_BUILDDIR/rrctl-game" engine a b c
is "too many words: usage" "$rc" 2
run "$RR_BUILDDIR/rrctl-game" engine hex9_2p
is "a variant that there is not: status" "$rc" 65
done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
# page.sh - the example of rr-game(3) is a game, and the conformance test finds what is wrong with
# copies of it that were broken on purpose, one promise each.
set -u

# shellcheck source=tests/tap.sh
. "$RR_SRCDIR/tests/tap.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/page-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 99

sed -n '/^\.\\" example: noughts.c$/,/^\.\\" end/ { /^\.\\"/d; s/\\-/-/g; s/\\e/\\/g; p }' \
    "$RR_SRCDIR/man/rr-game.3" >good.c

# build NAME: NAME.c becomes NAME.so.
# shellcheck disable=SC2317 # called by run
build() {
    "${CC:-cc}" -O2 -Wall -Wextra -Werror -I"$RR_SRCDIR/sdk/include" -fPIC -fvisibility=hidden \
        -shared -Wl,-z,defs -o "$1.so" "$1.c"
}
check() { run "$RR_BUILDDIR/rrctl-game" check "./$1.so" --games 40 --seed 3 "${@:2}"; }

run build good
is "the example compiles without a warning" "$rc$err" 0
check good
is "and keeps all promises" "$rc" 0
like "and is said to" "$out" 'noughts_2p: 40 random games: ok'
check good --json
is "--json" "$out" '{"variant": "noughts_2p", "games": 40, "seed": 3, "ok": true}'

# broken NAME MESSAGE SED...: the example with a mistake, and what the check must say.
broken() {
    local name=$1 message=$2
    shift 2
    sed -E "$@" good.c >"$name.c"
    is "$name: the mistake is in" "$(cmp -s good.c "$name.c"; echo $?)" 1
    run build "$name"
    is "$name: compiles" "$rc$err" 0
    check "$name"
    is "$name: found" "$rc" 1
    like "$name: named" "$err" "*noughts_2p game * ply *: $message*"
}

broken twice 'move * is listed twice*' 's/out\[n\+\+\] = c;/out[n++] = c \& ~1U;/'
broken order 'legal gives two lists for one state' \
    -e 's/^    uint32_t n = 0;/&\n    static unsigned calls;\n    const unsigned odd = calls++;/' \
    -e 's/out\[n\+\+\] = c;/out[n++] = odd % 2 ? 8 - c : c;/' \
    -e 's/\(p->stones\[0\] \| p->stones\[1\]\) >> c \& 1/(p->stones[0] | p->stones[1]) >> (odd % 2 ? 8 - c : c) \& 1/'
broken many '9 legal moves, more than max_moves 8' 's/\.max_moves = 9/.max_moves = 8/'
broken endless '0 legal moves while mover says 1' 's/count\(p\) == 9 \|\| is_won\(p->stones\[0\]\)/is_won(p->stones[0])/'
broken seat 'seat 2 is to act, of 2' 's/\? -1 : count\(p\) % 2;/? -1 : count(p) % 3;/'
broken long 'the game goes on beyond max_plies 4' 's/\.max_plies = 9/.max_plies = 4/'
broken init 'init leaves some of the state unwritten' 's/memset\(state, 0, v->state_bytes\)/memset(state, 0, v->state_bytes - 1)/'
broken memory 'state_parse(state_text) differs in memory*' 's/memcpy\(state, \&p, sizeof p\);/memcpy(state, \&p, 2);/'
broken parse 'state_parse refuses what state_text wrote: expected nine*' "s/text\[c\] == 'o'/text[c] == 'q'/"
broken reason 'state_parse refuses * without a reason' 's/\(void\)snprintf\(why, why_cap, "expected nine.*/(void)why_cap; why[0] = 0;/'
broken cap 'state_text claims to fit without its NUL' 's/if \(cap < 12\)/if (cap < 11)/'
broken text 'move *is read back as another move*' -e "s/\(char\)\('1' \+ \(int\)move\)\)/(char)('1' + (int)move % 8))/" -e "s/text\[0\] == \(char\)\('1' \+ \(int\)list\[i\]\)/text[0] == (char)('1' + (int)list[i] % 8)/"
broken anything 'move_parse accepts "?"' \
    "s/^    rr_move list\[9\];/&\n\n    if (text[0] == '?') {\n        *move = 0;\n        return 0;\n    }/"
broken logits 'the policy index * belongs to another move too' 's/return \(uint32_t\)move; .*/return (uint32_t)move \/ 2;/'
broken range 'the policy index 9, of 9' 's/return \(uint32_t\)move; .*/return (uint32_t)move + 1;/'
broken planes 'encode leaves some of the 2 planes unwritten' 's/^        planes\[2 \* c \+ 1\] = .*/        (void)me;/'
broken scalar 'scalar 0 is * unwritten*' 's/^    scalars\[0\] = .*/    (void)scalars;/'
broken image 'the image of * under symmetry 1 is not legal' 's/return turn\(sym, \(unsigned\)move\);/(void)sym; return move;/'
broken undo 'no symmetry undoes symmetry 1' 's/sym == 0 \? c : .*;/sym == 0 ? c : (c + 3) % 9;/'
broken identity 'symmetry 0 is not the identity' 's/return sym == 0 \? c :/return sym != 0 ? c :/'
broken shares 'the shares of the result add up to*' 's/share\[1\] = 1\.0F - share\[0\];/share[1] = 1.0F;/'
broken history 'apply gave two results*' \
    's/p->stones\[mover\(v, state\)\] \|= \(uint16_t\)\(1U << move\);/static unsigned plies; p->stones[mover(v, state)] |= (uint16_t)(1U << move | (plies++ \& 1) << 15);/'

broken stack 'apply gave two results*' \
    -e 's/^    p->stones\[mover\(v, state\)\] \|= .*/&\n    uint8_t *junk = __builtin_alloca(512);\n    __asm__ volatile("" : "+r"(junk) : : "memory");\n    p->stones[1] |= (uint16_t)((junk[256] \& 1) << 15);/'

# The position is shown, and the same seed breaks it again.
check shares
like "the position is shown" "$err" '*in the position*The same again: rrctl game check ./shares.so --seed 3 --games 40*'
cp err.txt first.txt
check shares
is "the same seed, the same fault" "$(cat err.txt)" "$(cat first.txt)"
check shares --json
like "--json names fault and position" "$out" '{*"ok": false, "broken": "noughts_2p game *", "position": "*"}'
run "$RR_BUILDDIR/rrctl-game" check ./none.so
is "a file that is not there" "$rc" 65
done_testing

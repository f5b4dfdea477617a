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

# build NAME: NAME.c becomes NAME/noughts.so.
# shellcheck disable=SC2317 # called by run
build() {
    mkdir -p "$1" && "${CC:-cc}" -O2 -Wall -Wextra -Werror -I"$RR_SRCDIR/sdk/include" -fPIC -fvisibility=hidden \
        -shared -Wl,-z,defs -o "$1/noughts.so" "$1.c"
}
check() { run "$RR_BUILDDIR/rrctl-game" check "./$1/noughts.so" --games 40 --seed 3 "${@:2}"; }

run build good
is "the example compiles without a warning" "$rc$err" 0
check good
is "and keeps all promises" "$rc" 0
like "and is said to" "$out" 'noughts_2p: 40 random games: ok'
check good --json
is "--json" "$out" '{"variant": "noughts_2p", "games": 40, "seed": 3, "ok": true}'

games=()
# mistaken NAME SED...: build a copy of the game with a mistake.
mistaken() {
    sed -E "${@:2}" good.c >"$1.c"
    is "$1: the mistake is in" "$(cmp -s good.c "$1.c"; echo $?)" 1
    run build "$1"
    is "$1: compiles" "$rc$err" 0
    check "$1" "${games[@]}"
}

# broken NAME MESSAGE SED...: the example with a mistake, and what the check must say.
broken() {
    mistaken "$1" "${@:3}"
    is "$1: found" "$rc" 1
    like "$1: named" "$err" "*noughts_2p game * ply *: $2*"
}

# refused NAME MESSAGE SED...: a mistake that is seen when the game is loaded.
refused() {
    mistaken "$1" "${@:3}"
    is "$1: refused" "$rc" 69
    like "$1: named" "$err" "*/noughts.so: $2*"
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
broken illegal 'move_parse makes a move that is not legal of *' \
    's/i = 0, n = legal\(v, state, list\); i < n;/i = 0; (void)v, (void)state, list[i] = i, i < 9;/'
broken sloppy 'move_parse takes "*" for "*"' "s/ \&\& text\[1\] == '.e?0'//"
broken mute 'move_parse refuses * without a reason' 's/\(void\)snprintf\(why, why_cap, "expected an empty cell.*/(void)why_cap; why[0] = 0;/'
broken credulous 'state_parse takes "*" for "*"' 's/strcmp\(again, text\) != 0 \|\| //'
broken beyond 'legal wrote beyond its list, at 12 of max_moves 9' 's/^    uint32_t n = 0;/&\n    out[12] = 0;/'
broken words 'result_text returns *is not words key=value' 's/"w=%d"/"won by %d"/'
broken spaces 'result_text returns *is not words key=value' 's/"w=%d"/"a=1  w=%d"/'
broken winner 'result_text says "w=*", but result gives seat * the share *' 's/share\[0\] > share\[1\] \? 1 :/share[0] > share[1] ? 2 :/'
broken constants 'variant_text returns *is not words key=value' 's/"players=%u row=3"/"for %u players"/'
broken double 'over all games symmetries 0 and 2 are the same' -e 's/\.symmetries = 2/.symmetries = 3/' -e 's/sym == 0 \? c :/sym != 1 ? c :/'
broken group 'symmetry * and then * is none of the 3 symmetries' -e 's/\.symmetries = 2/.symmetries = 3/' \
    -e 's|return sym == 0 . c : .*|return sym == 0 ? c : sym == 1 ? c / 3 * 3 + 2 - c % 3 : c % 3 * 3 + c / 3;|'
broken logits 'the policy index * belongs to another move too' 's/return \(uint32_t\)move; .*/return (uint32_t)move \/ 2;/'
broken range 'the policy index 9, of 9' 's/return \(uint32_t\)move; .*/return (uint32_t)move + 1;/'
broken planes 'encode leaves some of the 2 planes unwritten' 's/^        planes\[2 \* c \+ 1\] = .*/        (void)me;/'
broken scalar 'scalar 0 is * unwritten*' 's/^    scalars\[0\] = .*/    (void)scalars;/'
broken image 'the image of * under symmetry 1 is not legal' 's/return turn\(sym, \(unsigned\)move\);/(void)sym; return move;/'
broken undo 'no symmetry undoes symmetry 1' 's/sym == 0 \? c : .*;/sym == 0 ? c : c \/ 3 * 3 + c % 3 % 2;/'
broken apart 'symmetry 1 and then 1 is none of the 2 symmetries' 's/sym == 0 \? c : .*;/sym == 0 ? c : (c + 3) % 9;/'
broken identity 'symmetry 0 is not the identity' 's/return sym == 0 \? c :/return sym != 0 ? c :/'
broken shares 'the shares of the result add up to*' 's/share\[1\] = 1\.0F - share\[0\];/share[1] = 1.0F;/'
broken history 'apply gave two results*' \
    's/p->stones\[mover\(v, state\)\] \|= \(uint16_t\)\(1U << move\);/static unsigned plies; p->stones[mover(v, state)] |= (uint16_t)(1U << move | (plies++ \& 1) << 15);/'

broken stack 'apply gave two results*' \
    -e 's/^    p->stones\[mover\(v, state\)\] \|= .*/&\n    uint8_t *junk = __builtin_alloca(512);\n    __asm__ volatile("" : "+r"(junk) : : "memory");\n    p->stones[1] |= (uint16_t)((junk[256] \& 1) << 15);/'


# Rules of thumb: a line that only one seat has stones in is worth the more, the more there are.
cat >thumb.c <<'EOF'
static int
points(const struct position *p, int seat)
{
    static const uint16_t lines[8] = {0007, 0070, 0700, 0111, 0222, 0444, 0421, 0124};
    int sum = 0;

    for (int i = 0; i < 8; i++) {
        const unsigned own = p->stones[seat] & lines[i];
        sum += (p->stones[1 - seat] & lines[i]) == 0 ? __builtin_popcount(own) : 0;
    }
    return sum;
}

static void
evaluate(const struct rr_variant *v, const void *state, uint32_t level, float *share)
{
    const struct position *p = state;
    const int seat = 0;

    (void)v;
    (void)level;
    share[seat] = 0.5F + 0.02F * (float)(points(p, 0) - points(p, 1));
    share[1 - seat] = 1.0F - share[seat];
}

EOF
sed -i -e '/^\/\* Symmetry 1 exchanges/ { e cat thumb.c
}' -e 's/options = options)/options = options, .evaluate = evaluate)/' good.c
run build good
is "the example with rules of thumb compiles" "$rc$err" 0
check good
is "and they are sound" "$rc$err" 0
games=(--games 400) # it takes many to be sure
broken relative 'over all games evaluate speaks for the winner when seat 0 is to act, and for the loser when seat 1 is*' \
    's/const int seat = 0;/const int seat = mover(v, state);/'
games=()
broken certain 'evaluate at level 1 gave shares that are not 0 to 1 with sum 1' 's/share\[1 - seat\] = 1\.0F - share\[seat\]/share[1 - seat] = share[seat]/'

refused called 'its game is called "nought": *' 's/\.name = "noughts"/.name = "nought"/'
refused upper 'variant 0 is called "Noughts_2p"*' 's/\.name = "noughts_2p"/.name = "Noughts_2p"/'
refused blank 'variant noughts_2p has the layout ""*' 's/\.layout = "[^"]*"/.layout = ""/'
refused absent 'apply of struct rr_game is NULL' -e 's/\.options = options/&, .apply = 0/' \
    -e 's/^RR_GAME\(/#pragma GCC diagnostic ignored "-Woverride-init"\n&/'
refused zero '*a size that must not be 0 is 0*' 's/\.planes = 2/.planes = 0/'
mv good/noughts.so good/crosses.so
run "$RR_BUILDDIR/rrctl-game" check ./good/crosses.so
like "a file of another name" "$err" '*its game is called "noughts"*'

# The position is shown, and the same seed breaks it again.
check shares
like "the position is shown" "$err" '*in the position*The same again: rrctl game check ./shares/noughts.so --seed 3 --games 40*'
cp err.txt first.txt
check shares
is "the same seed, the same fault" "$(cat err.txt)" "$(cat first.txt)"
check shares --json
like "--json names fault and position" "$out" '{*"ok": false, "broken": "noughts_2p game *", "position": "*"}'
run "$RR_BUILDDIR/rrctl-game" check ./none.so
is "a file that is not there" "$rc" 65
done_testing

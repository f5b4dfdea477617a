/* SPDX-License-Identifier: MIT */
/*
 * test_ringrift.c - RingRift through its descriptor: conformance, symmetry, texts, odd positions.
 *
 * The rules themselves are held against recorded games in verify.sh.
 */
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

#include "tests/tap.h"

static const char *const names[] = {"hex8_2p",     "hex8_3p",      "hex8_4p",      "square8_2p",
                                    "square8_3p",  "square8_4p",   "square19_2p",  "square19_3p",
                                    "square19_4p", "hexagonal_2p", "hexagonal_3p", "hexagonal_4p"};
enum { NAMES = sizeof names / sizeof *names };

struct table {
    const struct rr_game *g;
    const struct rr_variant *v;
    void *state, *image, *after;
    rr_move *moves;
    uint8_t *planes, *planes2;
    float *scalars, *scalars2;
    char *text, *text2;
};

static char plugins[4096];

static bool
table_open(struct table *t, const char *name)
{
    struct rr_err err = RR_ERR_INIT;

    memset(t, 0, sizeof *t);
    if (!ok(rr_game_find(plugins, name, &t->g, &t->v, &err) == 0, "%s is found", name)) {
        diag("%s", err.text);
        return false;
    }
    const size_t bytes = (size_t)t->v->height * t->v->width * t->v->planes;
    t->state = malloc(t->v->state_bytes);
    t->image = malloc(t->v->state_bytes);
    t->after = malloc(t->v->state_bytes);
    t->moves = malloc(t->v->max_moves * sizeof *t->moves);
    t->planes = malloc(bytes);
    t->planes2 = malloc(bytes);
    t->scalars = malloc(t->v->scalars * sizeof(float));
    t->scalars2 = malloc(t->v->scalars * sizeof(float));
    t->text = malloc(RR_GAME_TEXT_MAX);
    t->text2 = malloc(RR_GAME_TEXT_MAX);
    return true;
}

static void
table_close(struct table *t)
{
    free(t->state);
    free(t->image);
    free(t->after);
    free(t->moves);
    free(t->planes);
    free(t->planes2);
    free(t->scalars);
    free(t->scalars2);
    free(t->text);
    free(t->text2);
}

static void
test_conformance(void)
{
    struct rr_err err = RR_ERR_INIT;

    for (size_t i = 0; i < NAMES; i++) {
        struct table t;
        if (!table_open(&t, names[i])) {
            continue;
        }
        const uint32_t games = t.v->width < 10 ? 6 : 1;
        if (!ok(rr_game_check(t.g, t.v, games, 7 + i, NULL, &err) == 0, "%s keeps its promises",
                names[i])) {
            diag("%s", err.text);
        }
        ok(t.v->width > 9 || t.v->state_bytes < 1536, "%s: a state has %u bytes", names[i],
           t.v->state_bytes);
        table_close(&t);
    }
}

static size_t cell_bytes; /* qsort has no context argument */

static int
by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, cell_bytes);
}

/* The image must look the same to the net but for the order of the cells. */
static bool
same_cells(struct table *t)
{
    const size_t cells = (size_t)t->v->height * t->v->width;

    t->g->encode(t->v, t->state, t->planes, t->scalars);
    t->g->encode(t->v, t->image, t->planes2, t->scalars2);
    cell_bytes = t->v->planes;
    qsort(t->planes, cells, cell_bytes, by_bytes);
    qsort(t->planes2, cells, cell_bytes, by_bytes);
    return memcmp(t->planes, t->planes2, cells * cell_bytes) == 0 &&
           memcmp(t->scalars, t->scalars2, t->v->scalars * sizeof(float)) == 0;
}

/* Playing and mapping may be exchanged, but for the rules that are known not to be symmetric. */
static bool
commutes(struct table *t, uint32_t sym, rr_move m)
{
    const rr_move im = t->g->transform_move(t->v, sym, t->state, m, t->image);

    (void)t->g->move_text(t->v, t->state, m, t->text, RR_GAME_TEXT_MAX);
    if (im == RR_MOVE_NONE || (t->text[0] == 'R') ||
        (t->text[0] == 'T' && strncmp(t->v->name, "hex8", 4) == 0)) {
        return true;
    }
    memcpy(t->after, t->state, t->v->state_bytes);
    t->g->apply(t->v, t->after, m);
    t->g->apply(t->v, t->image, im);
    void *mapped = malloc(t->v->state_bytes);
    t->g->transform(t->v, sym, t->after, mapped);
    const bool same = memcmp(mapped, t->image, t->v->state_bytes) == 0;
    free(mapped);
    return same;
}

static void
test_symmetry(const char *name, uint32_t games)
{
    struct table t;
    uint64_t seed = 99;
    unsigned cells_differ = 0;
    unsigned moves_differ = 0;
    unsigned plies = 0;

    if (!table_open(&t, name)) {
        return;
    }
    for (uint32_t i = 0; i < games; i++) {
        uint32_t n;
        t.g->init(t.v, 0, t.state);
        while ((n = t.g->legal(t.v, t.state, t.moves)) > 0) {
            const rr_move m = t.moves[rr_game_random(&seed) % n];
            const uint32_t sym = (uint32_t)(rr_game_random(&seed) % t.v->symmetries);
            t.g->transform(t.v, sym, t.state, t.image);
            cells_differ += !same_cells(&t);
            moves_differ += !commutes(&t, sym, m);
            t.g->apply(t.v, t.state, m);
            plies++;
        }
    }
    ok(plies > 100 && cells_differ == 0, "%s: images look the same over %u plies", name, plies);
    ok(moves_differ == 0, "%s: playing and mapping may be exchanged", name);
    table_close(&t);
}

static bool
is_listed(struct table *t, const char *text)
{
    rr_move m;
    char why[160];

    return t->g->move_parse(t->v, t->state, text, &m, why, sizeof why) == 0;
}

static void
play(struct table *t, const char *text)
{
    rr_move m;
    char why[160] = "";

    if (t->g->move_parse(t->v, t->state, text, &m, why, sizeof why) == 0) {
        t->g->apply(t->v, t->state, m);
    } else {
        ok(false, "%s can be played: %s", text, why);
    }
}

static void
test_swap(void)
{
    struct table t;

    if (!table_open(&t, "square8_2p")) {
        return;
    }
    is_str(t.g->options[0], "swap", "option bit 0 is the swap");
    t.g->init(t.v, 1, t.state);
    ok(!is_listed(&t, "SW"), "player 1 cannot swap");
    play(&t, "P0,3*3");
    play(&t, "M0,3>7,3");
    play(&t, "NL");
    play(&t, "NT");
    ok(is_listed(&t, "SW"), "player 2 may swap in the first turn");
    play(&t, "SW");
    ok(!is_listed(&t, "SW") && t.g->mover(t.v, t.state) == 1, "once, and goes on playing");
    t.g->init(t.v, 0, t.state);
    play(&t, "P0,3*3");
    play(&t, "M0,3>7,3");
    play(&t, "NL");
    play(&t, "NT");
    ok(!is_listed(&t, "SW"), "not without the option");
    table_close(&t);
}

static void
refused(struct table *t, const char *text, const char *reason)
{
    char why[160] = "";
    const int32_t rc = t->g->state_parse(t->v, text, t->state, why, sizeof why);

    if (!ok(rc == -1 && strstr(why, reason) != NULL, "refused: %s", reason)) {
        diag("%d \"%s\"", rc, why);
    }
}

/* This finished game is read, won by that player, and written as it was. */
static void
is_over(struct table *t, const char *text, int winner)
{
    float share[RR_GAME_MAX_SEATS] = {0};
    char why[160] = "";

    ok(t->g->state_parse(t->v, text, t->state, why, sizeof why) == 0 &&
           t->g->mover(t->v, t->state) == -1,
       "a finished game is read %s", why);
    t->g->result(t->v, t->state, share);
    ok(share[winner - 1] > 0.5F, "player %d has won it", winner);
    (void)t->g->state_text(t->v, t->state, t->text, RR_GAME_TEXT_MAX);
    is_str(t->text, text, "and it is written as it was");
}

static void
test_ends(void)
{
    static const char rest[] = " st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=-";
    struct table t;
    char text[200];

    if (!table_open(&t, "hex8_2p")) {
        return;
    }
    (void)snprintf(text, sizeof text, "ph=OV cur=0 hand=0,0 elim=3,18 terr=0,0%s", rest);
    is_over(&t, text, 2);
    (void)snprintf(text, sizeof text, "ph=OV cur=0 hand=0,0 elim=3,3 terr=0,0%s w=2", rest);
    is_over(&t, text, 2);
    (void)snprintf(text, sizeof text, "ph=OV cur=0 hand=0,0 elim=3,3 terr=0,0%s w=1", rest);
    is_over(&t, text, 1);
    is_over(&t,
            "ph=OV cur=0 hand=0,0 elim=1,2 terr=0,0 st=0,0:21;3,0:1 mk=- co=- fx=- le=0 te=0 rc=0 "
            "ac=0 sw=0 lp=-",
            1); /* the only one who can act: by rounds */
    table_close(&t);
}

#define TAIL " fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=*"
#define SEATS "hand=5,5 elim=0,0 terr=0,0 "

static void
test_state_texts(void)
{
    struct table t;

    if (!table_open(&t, "hex8_2p")) {
        return;
    }
    refused(&t, "", "expected \"ph=\"");
    refused(&t, "ph=XX cur=1", "no phase");
    refused(&t, "ph=OV cur=1 ", "expected \"0\"");
    refused(&t, "ph=OV cur=0 " SEATS "st=0,0:1;2,0:2 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=-",
            "nobody has won here");
    refused(&t, "ph=OV cur=0 " SEATS "st=0,0:1;2,0:2 mk=- co=-" TAIL, "expected \"-\"");
    refused(&t,
            "ph=OV cur=0 hand=0,0 elim=18,0 terr=0,0 st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 "
            "lp=- w=1",
            "the position tells who has won");
    refused(&t,
            "ph=OV cur=0 hand=0,0 elim=1,1 terr=0,0 st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 "
            "lp=-",
            "w= must say");
    refused(&t,
            "ph=OV cur=0 hand=0,0 elim=18,0 terr=0,0 st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=1 sw=0 "
            "lp=-",
            "is 1 though the game is over");
    refused(&t, "ph=RP cur=3 " SEATS "st=- mk=- co=-" TAIL, "a number from 1 to 2");
    refused(&t, "ph=RP cur=1 hand=19,0 elim=0,0 terr=0,0 st=-", "a number from 0 to 18");
    refused(&t, "ph=RP cur=1 " SEATS "st=9,9:1 mk=- co=-" TAIL, "no cell 9,9");
    refused(&t, "ph=RP cur=1 " SEATS "st=0,0: mk=- co=-" TAIL, "a ring of player");
    refused(&t, "ph=RP cur=1 " SEATS "st=0,0:13 mk=- co=-" TAIL, "a ring of player");
    refused(&t, "ph=RP cur=1 " SEATS "st=0,0:1 mk=0,0:1 co=-" TAIL, "named twice");
    refused(&t, "ph=RP cur=1 " SEATS "st=0,0:1 mk=- co=1,1:1" TAIL, "terr= and co= differ");
    refused(&t, "ph=RP cur=1 " SEATS "st=0,0:1111111111111111111 mk=- co=-" TAIL, "19 rings");
    refused(&t, "ph=CH cur=1 " SEATS "st=0,0:1 mk=- co=-" TAIL, "fx= does not fit");
    refused(&t, "ph=FE cur=1 " SEATS "st=0,0:2 mk=- co=-" TAIL, "no legal move");
    refused(&t,
            "ph=CH cur=1 " SEATS "st=0,0:1 mk=- co=- fx=0,0 le=0 te=0 rc=0 ac=0 sw=0 lp=0:..:0:0",
            "no legal move");
    refused(&t, "ph=RP cur=1 " SEATS "st=- mk=- co=- fx=- le=1 te=0 rc=0 ac=0 sw=0 lp=*", "le=1");
    refused(&t, "ph=RP cur=1 " SEATS "st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=1 lp=*", "sw=1");
    refused(&t, "ph=RP cur=1 " SEATS "st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=0:.x:0:0",
            "'.', '0' or '1'");
    refused(&t, "ph=RP cur=1 " SEATS "st=- mk=- co=-" TAIL " more", "more text");
    refused(&t, "ph=RP cur=2 " SEATS "st=- mk=- co=-" TAIL " swap=1", "first turn of player 1");
    refused(&t,
            "ph=RP cur=2 " SEATS "st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=1 lp=2:.1:0:0 swap=1",
            "first turn of player 1");
    table_close(&t);
}

/* Every prefix of a good text is refused, and does no harm. */
static void
test_prefixes(void)
{
    static const char whole[] = "ph=MV cur=2 hand=3,4 elim=1,2 terr=1,0 st=-1,2:12;0,0:2 "
                                "mk=-4,0:1;1,1:2 co=2,-2:1" TAIL;
    struct table t;
    char why[160];
    unsigned accepted = 0;

    if (!table_open(&t, "hex8_2p")) {
        return;
    }
    ok(t.g->state_parse(t.v, whole, t.state, why, sizeof why) == 0, "a whole state is read");
    for (size_t n = 0; n + 1 < sizeof whole; n++) {
        char *cut = strndup(whole, n);
        accepted += t.g->state_parse(t.v, cut, t.state, why, sizeof why) == 0;
        free(cut);
    }
    is_int(accepted, 0, "no cut-off state is read");
    table_close(&t);
}

/* Number of policy indices that two moves of the list share. */
static unsigned
collisions(struct table *t, uint32_t *count)
{
    uint8_t *taken = calloc(rr_variant_policy_size(t->v), 1);
    unsigned twice = 0;

    *count = t->g->legal(t->v, t->state, t->moves);
    for (uint32_t i = 0; i < *count; i++) {
        const uint32_t index = t->g->policy_index(t->v, t->state, t->moves[i]);
        twice += taken[index];
        taken[index] = 1;
    }
    free(taken);
    return twice;
}

/* Play on for some plies and see whether the game stays within its own bounds. */
static bool
plays_on(struct table *t, uint64_t *seed)
{
    uint32_t count = 0;

    for (int ply = 0; ply < 20; ply++) {
        if (collisions(t, &count) > 0 || count > t->v->max_moves) {
            return false;
        }
        if (count == 0) {
            return t->g->mover(t->v, t->state) == -1;
        }
        t->g->encode(t->v, t->state, t->planes, t->scalars);
        t->g->apply(t->v, t->state, t->moves[rr_game_random(seed) % count]);
    }
    return true;
}

/* Texts of played positions with some characters changed: refused, or playable. */
static void
test_mutations(const char *name, unsigned tries)
{
    static const char letters[] = "0123456789,;:-=. RPMVCALTFEH*";
    struct table t;
    uint64_t seed = 5;
    char why[160];
    unsigned accepted = 0;
    unsigned broken = 0;

    if (!table_open(&t, name)) {
        return;
    }
    for (unsigned i = 0; i < tries; i++) {
        uint32_t n;
        t.g->init(t.v, 0, t.state);
        for (uint64_t plies = rr_game_random(&seed) % 150; plies > 0; plies--) {
            n = t.g->legal(t.v, t.state, t.moves);
            if (n == 0) {
                break;
            }
            t.g->apply(t.v, t.state, t.moves[rr_game_random(&seed) % n]);
        }
        const int32_t len = t.g->state_text(t.v, t.state, t.text, RR_GAME_TEXT_MAX);
        for (int k = 0; k < 20; k++) {
            strcpy(t.text2, t.text);
            for (uint64_t m = 1 + rr_game_random(&seed) % 3; m > 0; m--) {
                t.text2[rr_game_random(&seed) % (uint64_t)len] =
                    letters[rr_game_random(&seed) % (sizeof letters - 1)];
            }
            if (t.g->state_parse(t.v, t.text2, t.state, why, sizeof why) == 0) {
                accepted++;
                broken += !plays_on(&t, &seed);
            }
        }
    }
    ok(accepted > 0, "%s: some of %u changed texts are accepted: %u", name, tries * 20, accepted);
    is_int(broken, 0, "and can be played on");
    table_close(&t);
}

/* All 18 rings of player 1 lie buried in 18 stacks, and he has markers to slide. */
static void
test_many_payers(void)
{
    struct table t;
    char why[160] = "";
    uint32_t count = 0;

    if (!table_open(&t, "square8_2p")) {
        return;
    }
    const int32_t rc =
        t.g->state_parse(t.v,
                         "ph=MV cur=1 hand=0,0 elim=0,0 terr=0,0 "
                         "st=0,0:12;0,1:12;0,2:12;0,3:12;0,4:12;0,5:12;0,6:12;0,7:12;"
                         "1,0:12;1,1:12;1,2:12;1,3:12;1,4:12;1,5:12;1,6:12;1,7:12;2,0:12;2,1:12 "
                         "mk=4,4:1;6,6:1;6,1:1 co=-" TAIL,
                         t.state, why, sizeof why);
    ok(rc == 0, "eighteen payers can be set up: %s", why);
    is_int(collisions(&t, &count), 0, "no two moves share an index");
    is_int(count, 1 + 3 * 8 * 18, "each slide with each payer, and SR");
    table_close(&t);
}

/* Only rings below the top pay for a region after a recovery slide. The recorded games do not reach
 * a position that tells this apart. */
static void
test_buried_payment(void)
{
    struct table t;
    char why[160] = "";

    if (!table_open(&t, "hex8_2p")) {
        return;
    }
    const int32_t rc = t.g->state_parse(t.v,
                                        "ph=TP cur=1 hand=0,5 elim=0,0 terr=0,0 "
                                        "st=0,0:21;1,0:12;2,0:1;3,0:11 mk=- co=- "
                                        "fx=- le=0 te=1 rc=1 ac=1 sw=0 lp=*",
                                        t.state, why, sizeof why);
    ok(rc == 0, "a payment after a recovery slide: %s", why);
    is_int(t.g->legal(t.v, t.state, t.moves), 2,
           "two stacks have a ring of player 1 below the top");
    ok(is_listed(&t, "ER1,0") && is_listed(&t, "ER3,0"), "these two");
    play(&t, "ER3,0");
    ok(t.g->state_text(t.v, t.state, t.text, RR_GAME_TEXT_MAX) > 0 &&
           strstr(t.text, "elim=1,0") != NULL && strstr(t.text, "3,0:1 ") != NULL,
       "one ring is paid");
    table_close(&t);
}

/* A full board without stacks, and rings in hand that nobody can place: they count on the ladder.
 */
static void
test_stalemate_with_hands(void)
{
    struct table t;
    char text[2000];
    char why[160] = "";
    size_t n;
    unsigned cells = 0;

    if (!table_open(&t, "hex8_2p")) {
        return;
    }
    n = (size_t)snprintf(text, sizeof text,
                         "ph=TP cur=1 hand=5,2 elim=3,5 terr=30,30 st=- mk=-4,0:1 co=");
    for (int x = -4; x <= 4; x++) {
        for (int y = -4; y <= 4; y++) {
            if (abs(x + y) <= 4 && !(x == -4 && y == 0)) {
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%d,%d:%u", cells > 0 ? ";" : "",
                                      x, y, 1 + cells % 2);
                cells++;
            }
        }
    }
    (void)snprintf(text + n, sizeof text - n, TAIL);
    ok(t.g->state_parse(t.v, text, t.state, why, sizeof why) == 0, "a full board: %s", why);
    play(&t, "NT");
    is_int(t.g->mover(t.v, t.state), -1, "the game is over");
    ok(t.g->result_text(t.v, t.state, t.text, RR_GAME_TEXT_MAX) > 0 &&
           strstr(t.text, "w=1 reason=ring_elimination kind=stale_elim") != NULL,
       "eliminated rings and rings in hand decide: %s", t.text);
    table_close(&t);
}

/* All rings of four players in one stack: nothing overflows, nothing is lost. */
static void
test_tallest_stack(void)
{
    struct table t;
    char why[160] = "";
    char text[1000];
    int n = 0;

    if (!table_open(&t, "hexagonal_4p")) {
        return;
    }
    n = snprintf(text, sizeof text,
                 "ph=RP cur=3 hand=0,0,0,0 elim=0,0,0,0 terr=0,0,0,0 st=-12,12:");
    for (int i = 0; i < 384; i++) {
        text[n++] = (char)('1' + i / 96);
    }
    (void)snprintf(text + n, sizeof text - (size_t)n,
                   " mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=3:.1..:0:0");
    ok(t.g->state_parse(t.v, text, t.state, why, sizeof why) == 0, "384 rings in one stack: %s",
       why);
    ok(t.g->state_text(t.v, t.state, t.text, RR_GAME_TEXT_MAX) > 0, "can be written");
    is_str(t.text, text, "as it was read");
    ok(is_listed(&t, "NP"), "nothing can be placed");
    t.g->encode(t.v, t.state, t.planes, t.scalars);
    const uint8_t *cell = t.planes + (size_t)(24 * 25 + 0) * t.v->planes;
    ok(cell[4] == 255 && cell[5] == 255 && cell[7] == 96, "height and cap saturate");
    t.g->transform(t.v, 3, t.state, t.image);
    ok(t.g->state_text(t.v, t.image, t.text, RR_GAME_TEXT_MAX) > 0 &&
           strstr(t.text, "st=12,-12:") != NULL,
       "half a turn moves it to the opposite corner");
    strcpy(t.text2, text);
    strcpy(strstr(t.text2, " mk="), ";0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=*");
    ok(t.g->state_parse(t.v, t.text2, t.state, why, sizeof why) == -1, "one more ring: %s", why);
    table_close(&t);
}

int
main(void)
{
    const char *build = getenv("RR_BUILDDIR");

    (void)snprintf(plugins, sizeof plugins, "%s/plugins", build != NULL ? build : ".");
    test_conformance();
    for (size_t i = 0; i < NAMES; i++) {
        test_symmetry(names[i], i < 6 ? 8 : 1);
    }
    test_swap();
    test_state_texts();
    test_ends();
    test_prefixes();
    test_mutations("hex8_2p", 60);
    test_mutations("square8_4p", 60);
    test_mutations("square19_3p", 10);
    test_many_payers();
    test_buried_payment();
    test_stalemate_with_hands();
    test_tallest_stack();
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * test_ringrift_encoding.c - states that differ are different to the net.
 *
 * What two states with equal inputs could hide is legality and future, so it is enough that equal
 * inputs mean equal states. Shown on the positions of many random games, on mistyped positions of
 * which each differs in a character or two (rr_game_check), and on pairs made for what neither
 * reaches. RR_FULL=1 plays millions of plies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

#include "tests/tap.h"

enum { RINGS_MAX = 40 };

struct seen {
    uint64_t input, state;
};

struct table {
    struct seen *entries;
    size_t mask, count;
};

struct t {
    const struct rr_game *g;
    const struct rr_variant *v;
    void *state;
    rr_move *moves;
    uint8_t *planes;
    float *scalars;
};

static uint64_t
hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < n; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static uint64_t
input_hash(struct t *t, const void *state)
{
    const size_t plane_bytes = (size_t)t->v->height * t->v->width * t->v->planes;

    t->g->encode(t->v, state, t->planes, t->scalars);
    return hash(hash(UINT64_C(0xcbf29ce484222325), t->planes, plane_bytes), t->scalars,
                t->v->scalars * sizeof(float));
}

static void
start(struct t *t, const struct rr_game *g, const struct rr_variant *v)
{
    t->g = g;
    t->v = v;
    t->state = malloc(v->state_bytes);
    t->moves = malloc(((size_t)v->max_moves + 1) * sizeof(rr_move));
    t->planes = malloc((size_t)v->height * v->width * v->planes);
    t->scalars = malloc(v->scalars * sizeof(float));
}

static void
stop(struct t *t)
{
    free(t->state);
    free(t->moves);
    free(t->planes);
    free(t->scalars);
}

/* Note an input with its state. Returns false when another state had the same input. */
static bool
note(struct table *table, uint64_t input, uint64_t state)
{
    for (size_t i = input & table->mask;; i = (i + 1) & table->mask) {
        struct seen *e = &table->entries[i];

        if (e->state == 0) {
            *e = (struct seen){input, state};
            table->count++;
            return true;
        }
        if (e->input == input) {
            return e->state == state;
        }
    }
}

static void
test_random(struct t *t, size_t plies)
{
    struct table table = {.mask = 1};
    uint64_t seed = hash(1, t->v->name, strlen(t->v->name));
    size_t equal = 0;

    while (table.mask < 2 * plies) {
        table.mask = 2 * table.mask + 1;
    }
    table.entries = calloc(table.mask + 1, sizeof *table.entries);
    t->g->init(t->v, 0, t->state);
    for (size_t i = 0; i < plies; i++) {
        const uint32_t n = t->g->legal(t->v, t->state, t->moves);

        if (n == 0) {
            t->g->init(t->v, rr_game_random(&seed) % 2, t->state);
            continue;
        }
        equal += !note(&table, input_hash(t, t->state), hash(1, t->state, t->v->state_bytes) | 1);
        t->g->apply(t->v, t->state, t->moves[rr_game_random(&seed) % n]);
    }
    ok(equal == 0 && table.count > plies / 2,
       "%s: %zu positions of random games, no two with one input", t->v->name, table.count);
    free(table.entries);
}

/* Returns whether both texts are positions, and their inputs differ. */
static bool
differ(struct t *t, const char *a, const char *b)
{
    char why[160];
    uint64_t input[2];
    const char *texts[] = {a, b};

    for (int i = 0; i < 2; i++) {
        if (t->g->state_parse(t->v, texts[i], t->state, why, sizeof why) != 0) {
            diag("%s: %s", texts[i], why);
            return false;
        }
        input[i] = input_hash(t, t->state);
    }
    return input[0] != input[1];
}

/* A position with one stack of these rings and an even game otherwise. */
static void
stack_text(const struct t *t, const char *rings, char *out, size_t cap)
{
    static const char *const masks[] = {"..", "...", "...."};
    char zeros[16] = "0";
    char hands[16] = "1";

    for (uint32_t s = 1; s < t->v->seats; s++) {
        (void)strncat(zeros, ",0", sizeof zeros - strlen(zeros) - 1);
        (void)strncat(hands, ",1", sizeof hands - strlen(hands) - 1);
    }
    (void)snprintf(out, cap,
                   "ph=RP cur=1 hand=%s elim=%s terr=%s st=0,0:%s mk=- co=- fx=- le=0 te=0 rc=0 "
                   "ac=0 sw=0 lp=0:%s:0:0",
                   hands, zeros, zeros, rings, masks[t->v->seats - 2]);
}

/* Exchange two rings at every depth of a tall stack, under a top and over a bottom that stay. */
static void
test_tall(struct t *t, size_t height)
{
    uint64_t seed = 5;
    size_t wrong = 0;
    size_t pairs = 0;

    for (size_t i = 0; i < 2000; i++) {
        char rings[2][RINGS_MAX + 1] = {""};
        char text[2][512];
        const size_t at = (size_t)(rr_game_random(&seed) % (height - 1));

        for (size_t k = 0; k < height; k++) {
            /* evenly many of each seat, shuffled: nobody has more rings than there are */
            rings[0][k] = (char)('1' + k % t->v->seats);
        }
        for (size_t k = height - 1; k > 0; k--) {
            const size_t other = (size_t)(rr_game_random(&seed) % (k + 1));
            const char c = rings[0][k];
            rings[0][k] = rings[0][other];
            rings[0][other] = c;
        }
        memcpy(rings[1], rings[0], sizeof rings[0]);
        rings[1][at] = rings[0][at + 1];
        rings[1][at + 1] = rings[0][at];
        if (rings[0][at] == rings[0][at + 1]) {
            continue;
        }
        stack_text(t, rings[0], text[0], sizeof text[0]);
        stack_text(t, rings[1], text[1], sizeof text[1]);
        wrong += !differ(t, text[0], text[1]);
        pairs++;
    }
    ok(wrong == 0 && pairs > 500, "%s: the order of %zu rings is seen at every depth (%zu pairs)",
       t->v->name, height, pairs);
}

/* Two positions of hex8_2p that differ in one hidden item. */
static void
test_hidden(struct t *t)
{
    static const struct {
        const char *what, *a, *b;
    } pairs[] = {
        {"the absolute seat of the mover, which breaks ties",
         "ph=RP cur=1 hand=18,18 elim=0,0 terr=0,0 st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 "
         "lp=0:..:0:0",
         "ph=RP cur=2 hand=18,18 elim=0,0 terr=0,0 st=- mk=- co=- fx=- le=0 te=0 rc=0 ac=0 sw=0 "
         "lp=0:..:0:0"},
        {"the must-move cell",
         "ph=MV cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:1;2,0:1 mk=- co=- fx=0,0 le=0 te=0 rc=0 "
         "ac=1 sw=0 lp=1:..:0:0",
         "ph=MV cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:1;2,0:1 mk=- co=- fx=2,0 le=0 te=0 rc=0 "
         "ac=1 sw=0 lp=1:..:0:0"},
        {"no must-move cell",
         "ph=MV cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:1;2,0:1 mk=- co=- fx=0,0 le=0 te=0 rc=0 "
         "ac=1 sw=0 lp=1:..:0:0",
         "ph=MV cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:1;2,0:1 mk=- co=- fx=- le=0 te=0 rc=0 "
         "ac=1 sw=0 lp=1:..:0:0"},
        {"the attacker",
         "ph=CH cur=1 hand=10,10 elim=0,0 terr=0,0 st=-2,0:11;0,0:2;2,0:11 mk=- co=- fx=-2,0 le=0 "
         "te=0 rc=0 ac=1 sw=0 lp=1:..:0:0",
         "ph=CH cur=1 hand=10,10 elim=0,0 terr=0,0 st=-2,0:11;0,0:2;2,0:11 mk=- co=- fx=2,0 le=0 "
         "te=0 rc=0 ac=1 sw=0 lp=1:..:0:0"},
        {"capture to begin, and to go on with",
         "ph=CA cur=1 hand=10,10 elim=0,0 terr=0,0 st=-2,0:11;0,0:2;2,0:11 mk=- co=- fx=-2,0 le=0 "
         "te=0 rc=0 ac=1 sw=0 lp=1:..:0:0",
         "ph=CH cur=1 hand=10,10 elim=0,0 terr=0,0 st=-2,0:11;0,0:2;2,0:11 mk=- co=- fx=-2,0 le=0 "
         "te=0 rc=0 ac=1 sw=0 lp=1:..:0:0"},
        {"the debt for a line",
         "ph=LP cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:11 mk=- co=- fx=- le=0 te=0 rc=0 ac=1 "
         "sw=0 lp=1:..:0:0",
         "ph=LP cur=1 hand=10,10 elim=0,0 terr=0,0 st=0,0:11 mk=- co=- fx=- le=1 te=0 rc=0 ac=1 "
         "sw=0 lp=1:..:0:0"},
        {"the swap offered",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:1.:0:0",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=1 lp=1:1.:0:0"},
        {"who opened the round",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:1.:0:0",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=2:1.:0:0"},
        {"who has acted in the round",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:1.:0:0",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:0.:0:0"},
        {"the length of the streak",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:1.:1:1",
         "ph=RP cur=2 hand=17,18 elim=0,0 terr=0,0 st=0,0:1 mk=- co=- fx=- le=0 te=0 rc=0 ac=0 "
         "sw=0 lp=1:1.:1:2"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ok(differ(t, pairs[i].a, pairs[i].b), "hidden item: %s", pairs[i].what);
    }
}

int
main(void)
{
    const bool is_full = getenv("RR_FULL") != NULL;
    const char *build = getenv("RR_BUILDDIR");
    const struct rr_game *g;
    struct rr_err err = RR_ERR_INIT;
    char file[2048];

    (void)snprintf(file, sizeof file, "%s/plugins/games/ringrift.so", build);
    if (!ok(rr_game_open(file, &g, &err) == 0, "open the game %s", err.text)) {
        return tap_done();
    }
    for (size_t i = 0; g->variants[i] != NULL; i++) {
        const struct rr_variant *v = g->variants[i];
        const bool is_small = v->width < 10;
        struct t t;

        if (!is_full && strchr(v->name, '@') != NULL) {
            continue; /* the same code sees positions of both rule sets */
        }
        start(&t, g, v);
        test_random(&t, is_full ? (is_small ? 1000000 : 200000) : (is_small ? 10000 : 1500));
        test_tall(&t, v->seats == 2 ? (is_small ? 36 : 40) : 24);
        if (strcmp(v->name, "hex8_2p") == 0) {
            test_hidden(&t);
        }
        ok(rr_game_check(g, v,
                         is_full    ? 200
                         : is_small ? 10
                                    : 1,
                         11, NULL, &err) == 0,
           "%s: mistyped positions are other inputs%s", v->name, err.text);
        stop(&t);
    }
    return tap_done();
}

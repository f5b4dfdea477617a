/* SPDX-License-Identifier: MIT */
/*
 * test_ringrift_rules.c - the two rule sets, and each switch between them by itself.
 *
 * For every switch there are positions that show what the written rule says and what the reference
 * does instead. Each is asked under four sets: reference, canonical, reference without this switch,
 * and canonical with only this switch; so a switch must do its work, and no other may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>
#include <rr/net.h>

#include "state.h"
#include "tests/tap.h"

#define TAIL " fx=- le=0 te=0 rc=0 ac=0 sw=0 lp=*"

/* Rings of three at every neighbour of the corner: only three rings can capture one of them. */
#define CORNER "ph=RP cur=1 hand=5,5 elim=0,0 terr=0,0 st=0,1:222;1,0:222;1,1:222"
#define RECOVERY(markers)                                                                          \
    "ph=MV cur=1 hand=0,0 elim=0,0 terr=0,0 st=7,0:12;6,5:2 mk=" markers " co=-" TAIL

static const struct {
    int rule; /* RULES_R... */
    const char *board, *rule_says, *state;
    const char *play;  /* moves to play first */
    const char *probe; /* a word of the state text; or, after ?, the start of a legal move */
    bool reference;    /* whether the reference has it; the specification has the opposite */
} cases[] = {
    {RULES_R075, "square8_2p", "R075: a blocked player comes to the territory phase too",
     "ph=LP cur=1 hand=0,5 elim=0,0 terr=0,0 st=0,0:11111111;5,6:2 mk=- co=-" TAIL, "NL", "ph=TP",
     false},
    {RULES_R075, "square8_2p", "R075, R100: and is forced to eliminate after that",
     "ph=LP cur=1 hand=0,5 elim=0,0 terr=0,0 st=0,0:11111111;5,6:2 mk=- co=-" TAIL, "NL NT",
     "ph=FE", false},
    {RULES_R081, "square8_2p", "R081: three rings that can act may be placed where one is dead",
     CORNER " mk=- co=-" TAIL, "", "?P0,0*3", false},
    {RULES_R081, "square8_2p", "R080, R081: a player who can place three rings must not pass",
     "ph=RP cur=1 hand=5,5 elim=0,0 terr=30,30 st=0,1:222 mk=0,2:2;0,3:2 co=REST" TAIL, "",
     "?P0,0*3", false},
    {RULES_R081, "square8_2p", "R080, R081: nor may he",
     "ph=RP cur=1 hand=5,5 elim=0,0 terr=30,30 st=0,1:222 mk=0,2:2;0,3:2 co=REST" TAIL, "", "?NP",
     true},
    {RULES_R081, "square8_2p", "R081, R172: and has a real action",
     "ph=TP cur=2 hand=5,5 elim=0,0 terr=30,30 st=0,1:222 mk=0,2:2;0,3:2 co=REST fx=- le=0 te=0 "
     "rc=0 "
     "ac=1 sw=0 lp=2:..:0:0",
     "NT", "lp=2:1.:0:0", false},
    {RULES_R112, "square8_2p", "R112: a slide that makes a line is legal, whatever else it makes",
     RECOVERY("1,3:1;2,3:1;3,4:1;3,5:1;3,6:1;4,2:1"), "", "?R4,2>3,3:L1@7,0", false},
    {RULES_R112, "square8_2p", "R112, R114: all of the line collapses that the slide was for",
     RECOVERY("0,3:1;1,3:1;2,3:1;3,4:1;3,5:1;3,6:1;3,7:1;4,2:1"), "R4,2>3,3:L1@7,0", "terr=8,0",
     false},
    {RULES_R112, "square8_2p", "R112: a part may be any consecutive markers of the line",
     RECOVERY("3,4:1;3,5:1;3,6:1;3,7:1;4,2:1"), "", "?R4,2>3,3:L2[3,4/3,5/3,6/3,7]", false},
    {RULES_R112, "square8_2p", "R112: a part is collapsed as it was named",
     RECOVERY("0,3:1;1,3:1;2,3:1;3,4:1;3,5:1;3,6:1;3,7:1;4,2:1"), "R4,2>3,3:L2[3,3/3,4/3,5/3,6]",
     "mk=0,3:1;1,3:1;2,3:1;3,7:1", false},
    {RULES_R112, "hex8_3p", "R112: three in a row are a line for three players on hex8",
     "ph=MV cur=1 hand=0,0,0 elim=0,0,0 terr=0,0,0 st=4,-4:12;4,-2:3 mk=0,0:1;1,0:1;2,1:1 "
     "co=-" TAIL,
     "", "?R2,1>2,0:L1@4,-4", false},
    {RULES_R120, "hex8_3p", "R120: three in a row are a line for three players on hex8",
     "ph=LP cur=1 hand=0,0,0 elim=0,0,0 terr=0,0,0 st=-3,0:1;-2,0:2;-3,1:3 "
     "mk=0,0:1;1,0:1;2,0:1 co=-" TAIL,
     "", "?L0,0/1,0/2,0", false},
    {RULES_R120, "hex8_4p", "R120: and for four",
     "ph=LP cur=2 hand=0,0,0,0 elim=0,0,0,0 terr=0,0,0,0 st=-3,0:1;-2,0:2;-3,1:3;-3,2:4 "
     "mk=0,0:2;0,1:2;0,2:2 co=-" TAIL,
     "", "?L0,0/0,1/0,2", false},
    {RULES_R142, "square8_2p", "R141, R142: collapsed cells alone close an empty pocket off",
     "ph=TP cur=1 hand=0,0 elim=0,0 terr=1,1 st=4,4:1;5,5:2 mk=- co=0,1:1;1,0:2" TAIL, "",
     "?T0,0#1#", false},
    {RULES_R142, "square8_3p", "R142: and a pocket that two players of three rule",
     "ph=TP cur=1 hand=0,0,0 elim=0,0,0 terr=3,0,0 st=0,0:2;1,0:3;4,4:1 mk=0,1:2 "
     "co=0,2:1;1,1:1;2,0:1" TAIL,
     "", "?T0,0#3#", false},
    {RULES_R145, "square8_2p", "R145: markers of one colour, the fence's, collapse",
     "ph=TP cur=1 hand=0,0 elim=0,0 terr=0,0 st=4,4:1;5,5:2 mk=0,1:1;1,0:1;2,0:2 co=-" TAIL,
     "T0,0#1#", "mk=2,0:2", false},
    {RULES_R145, "square8_2p", "R145, 12.2: of the fence's colour only what closes the region off",
     "ph=TP cur=1 hand=0,0 elim=0,0 terr=0,0 st=4,4:1;5,5:2 mk=0,1:1;1,0:1;2,0:1 co=-" TAIL,
     "T0,0#1#", "terr=3,0", false},
    {RULES_R145, "hex8_2p", "R145: cells that only look like neighbours are none on hex8",
     /* (0,0) is fenced by its six neighbours; (2,1) is not beside any of them */
     "ph=TP cur=1 hand=0,0 elim=0,0 terr=0,0 st=-3,0:1;-3,1:2 "
     "mk=-1,0:1;-1,1:1;0,-1:1;0,1:1;1,-1:1;1,0:1;2,1:1 co=-" TAIL,
     "T0,0#1#", "terr=7,0", false},
};

/* A variant of ours with another choice of switches. */
struct made {
    struct rr_variant variant;
    struct rules rules;
};

static const struct rr_game *game;

static struct made
make(const char *board, int deviations)
{
    char name[64];
    struct made m;

    /* the policy blocks of the canonical set are large enough for every set */
    (void)snprintf(name, sizeof name, "%s@canonical", board);
    m.variant = *rr_game_variant(game, name);
    m.rules = *(const struct rules *)m.variant.data;
    m.rules.deviations = (uint8_t)deviations;
    if ((deviations & RULES_R120) != 0 && m.rules.line_base > m.rules.line_min) {
        m.rules.line_min = m.rules.line_base;
    }
    return m;
}

/* Legal move whose text begins so, or RR_MOVE_NONE. */
static rr_move
find(const struct rr_variant *v, const void *state, const char *start)
{
    rr_move *moves = malloc(((size_t)v->max_moves + 1) * sizeof *moves);
    const uint32_t count = game->legal(v, state, moves);
    rr_move found = RR_MOVE_NONE;
    char text[4096];

    for (uint32_t i = 0; i < count && found == RR_MOVE_NONE; i++) {
        if (game->move_text(v, state, moves[i], text, sizeof text) > 0 &&
            strncmp(text, start, strlen(start)) == 0) {
            found = moves[i];
        }
    }
    free(moves);
    return found;
}

/* Read a state in which co=REST stands for all cells of square8 that are not named, by turns player
 * 1's and player 2's, but for the corner. */
static int
parse(const struct rr_variant *v, const char *text, void *state, char *why, size_t cap)
{
    char whole[2000];
    const char *rest = strstr(text, "REST");
    int n = rest == NULL ? 0 : snprintf(whole, sizeof whole, "%.*s", (int)(rest - text), text);

    for (int c = 0; rest != NULL && c < 64; c++) {
        char cell[16];
        (void)snprintf(cell, sizeof cell, "%d,%d:", c / 8, c % 8);
        if (strstr(text, cell) == NULL && c > 0) {
            n += snprintf(whole + n, sizeof whole - (size_t)n, "%s%s%d",
                          whole[n - 1] == '=' ? "" : ";", cell, 1 + c % 2);
        }
    }
    if (rest != NULL) {
        (void)snprintf(whole + n, sizeof whole - (size_t)n, "%s", rest + 4);
    }
    return game->state_parse(v, rest != NULL ? whole : text, state, why, cap);
}

/* 1 or 0 whether the probe holds, -1 when it cannot be asked. */
static int
ask(size_t i, int deviations)
{
    struct made m = make(cases[i].board, deviations);
    char plays[128];
    char text[4096];
    char why[160] = "";
    char *rest = NULL;
    int rc = -1;
    void *state = malloc(m.variant.state_bytes);

    m.variant.data = &m.rules;
    if (parse(&m.variant, cases[i].state, state, why, sizeof why) != 0) {
        diag("%s: %s", cases[i].state, why);
        goto out;
    }
    (void)snprintf(plays, sizeof plays, "%s", cases[i].play);
    for (char *play = strtok_r(plays, " ", &rest); play != NULL;
         play = strtok_r(NULL, " ", &rest)) {
        const rr_move move = find(&m.variant, state, play);
        if (move == RR_MOVE_NONE) {
            rc = 0; /* the way there is closed already */
            goto out;
        }
        game->apply(&m.variant, state, move);
    }
    if (cases[i].probe[0] == '?') {
        rc = find(&m.variant, state, cases[i].probe + 1) != RR_MOVE_NONE;
    } else {
        const size_t n = strlen(cases[i].probe);
        (void)game->state_text(&m.variant, state, text, sizeof text);
        const char *at = strstr(text, cases[i].probe);
        rc = at != NULL && (at[n] == ' ' || at[n] == '\0');
    }
out:
    free(state);
    return rc;
}

static void
test_switches(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int rule = cases[i].rule;
        const bool ref = cases[i].reference;

        ok(ask(i, RULES_CANONICAL) == !ref, "canonical plays %s", cases[i].rule_says);
        ok(ask(i, RULES_REFERENCE) == ref, "reference does not");
        ok(ask(i, RULES_REFERENCE & ~rule) == !ref, "nor would it with another switch");
        ok(ask(i, RULES_CANONICAL | rule) == ref, "and this switch alone makes the difference");
    }
}

/* R113: a line of exactly the needed length costs a ring; only of a longer one a part is free. */
static void
test_exact_line(void)
{
    const struct rr_variant *v = rr_game_variant(game, "square8_2p@canonical");
    void *state = malloc(v->state_bytes);
    char why[160] = "";

    ok(game->state_parse(v, RECOVERY("3,4:1;3,5:1;3,6:1;4,2:1"), state, why, sizeof why) == 0,
       "a slide to a line of four %s", why);
    ok(find(v, state, "R4,2>3,3:L1@7,0") != RR_MOVE_NONE, "it may be paid for");
    ok(find(v, state, "R4,2>3,3:L2") == RR_MOVE_NONE, "and no part of it is free");
    free(state);
}

/* Markers that a region has all around go with it, in both sets: by the reference as markers beside
 * it, by the specification as a part of its inside (R145, step 1). */
static void
test_enclosed(void)
{
    static const char *const names[] = {"square8_2p", "square8_2p@canonical"};

    for (size_t i = 0; i < 2; i++) {
        const struct rr_variant *v = rr_game_variant(game, names[i]);
        void *state = malloc(v->state_bytes);
        char why[160] = "";
        char text[4096] = "";
        const int rc = game->state_parse(
            v,
            "ph=TP cur=1 hand=0,0 elim=0,0 terr=0,0 st=6,6:1;7,7:2 "
            "mk=1,1:1;1,2:1;1,3:1;2,1:1;2,2:1;2,3:1;3,1:1;3,2:1;3,3:1;"
            "0,5:1;1,5:1;2,5:1;3,5:1;4,5:1;5,0:1;5,1:1;5,2:1;5,3:1;5,4:1 co=-" TAIL,
            state, why, sizeof why);
        const rr_move move = rc == 0 ? find(v, state, "T0,0#16#") : RR_MOVE_NONE;

        if (ok(move != RR_MOVE_NONE, "%s: a region with markers inside%s", v->name, why)) {
            game->apply(v, state, move);
            (void)game->state_text(v, state, text, sizeof text);
        }
        ok(strstr(text, "terr=35,0 ") != NULL && strstr(text, "mk=- ") != NULL,
           "%s: they collapse: %s", v->name, text);
        free(state);
    }
}

/* The same name must never stand for two sets, nor one set's data be taken for the other's. */
static void
test_names(void)
{
    unsigned pairs = 0;
    unsigned same = 0;
    char text[400];

    for (size_t i = 0; game->variants[i] != NULL; i++) {
        const struct rr_variant *v = game->variants[i];
        const struct rules *r = v->data;
        const char *at = strchr(v->name, '@');
        char name[64];

        ok(r->deviations == (at == NULL ? RULES_REFERENCE : RULES_CANONICAL),
           "%s: its name says its rules", v->name);
        same += strncmp(v->layout, "ringrift/", 9) != 0 || strstr(v->layout, v->name) == NULL;
        ok((v->flags & RR_VARIANT_NEAR_SYMMETRIC) != 0 ? at == NULL : at != NULL,
           "%s: only the reference breaks symmetries", v->name);
        (void)game->variant_text(v, text, sizeof text);
        ok((strstr(text, " deviations=-") != NULL) == (at != NULL), "%s: and its constants: %s",
           v->name, text);
        (void)snprintf(name, sizeof name, "%s@canonical", v->name);
        const struct rr_variant *other = rr_game_variant(game, name);
        if (at == NULL && other != NULL) {
            pairs++;
            same += strcmp(v->layout, other->layout) == 0 || v->state_bytes != other->state_bytes;
        }
    }
    is_int(pairs, 12, "each of twelve configurations is there twice");
    is_int(same, 0, "and never with one layout id");
    struct made m = make("hex8_2p", RULES_R081 | RULES_R145);
    m.variant.data = &m.rules;
    (void)game->variant_text(&m.variant, text, sizeof text);
    ok(strstr(text, " deviations=R081,R145") != NULL, "other sets name their switches: %s", text);
}

/* A model for the one is refused for the other; what does so for data knows layouts only, too. */
static void
test_mixing(void)
{
    const struct rr_variant *v = rr_game_variant(game, "square8_2p");
    const struct rr_variant *other = rr_game_variant(game, "square8_2p@canonical");
    const struct rr_tower tower = {.io = {.height = v->height,
                                          .width = v->width,
                                          .planes = v->planes,
                                          .scalars = v->scalars,
                                          .policy_planes = v->policy_planes,
                                          .policy_scalars = v->policy_scalars,
                                          .seats = v->seats},
                                   .channels = 8,
                                   .blocks = 1,
                                   .head_channels = 8};
    const char *const meta[] = {"layout", v->layout, NULL};
    char path[] = "/tmp/rr-rules-XXXXXX";
    struct rr_err err = RR_ERR_INIT;
    struct rr_net *net = NULL;
    char *graph = NULL;
    const int fd = mkstemp(path);

    ok(fd >= 0 && rr_tower_graph(&tower, &graph, &err) == 0 &&
           rr_net_new(graph, 1, &net, &err) == 0 && rr_model_save(net, meta, path, &err) == 0,
       "a model for %s %s", v->name, err.text);
    rr_net_free(net);
    is_int(rr_model_load(path, v->layout, &net, &err), 0, "is one for its own rules");
    rr_net_free(net);
    net = NULL;
    is_int(rr_model_load(path, other->layout, &net, &err), RR_E_MISMATCH, "and not for the others");
    ok(strstr(err.text, "\"ringrift/2/square8_2p\"") != NULL &&
           strstr(err.text, "\"ringrift/2/square8_2p@canonical\"") != NULL,
       "which the message says: %s", err.text);
    rr_net_free(net);
    free(graph);
    (void)remove(path);
}

int
main(void)
{
    struct rr_err err = RR_ERR_INIT;
    const char *build = getenv("RR_BUILDDIR");
    char file[2048];

    (void)snprintf(file, sizeof file, "%s/plugins/games/ringrift.so", build != NULL ? build : ".");
    if (ok(rr_game_open(file, &game, &err) == 0, "open the game %s", err.text)) {
        test_names();
        test_switches();
        test_exact_line();
        test_enclosed();
        test_mixing();
    }
    return tap_done();
}

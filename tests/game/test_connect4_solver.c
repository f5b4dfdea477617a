/* SPDX-License-Identifier: MIT */
/*
 * test_connect4_solver.c - the solver against plain minimax, known positions, and itself.
 */
#include "plugins/games/connect4/positions.h"
#include "plugins/games/connect4/solver.h"

#include "tests/tap.h"

#include <rr/gamekit.h>

#include <stdlib.h>
#include <string.h>

enum { TABLE_BYTES = 16 << 20 };

/* The score by its definition: every line of play to its end. */
static int
minimax(const struct c4 *p)
{
    int best = C4_NO_SCORE;

    if (c4_stones(p) == C4_CELLS) {
        return 0;
    }
    for (int x = 0; x < C4_WIDTH; x++) {
        struct c4 next = *p;
        int score;

        if (!c4_can_play(p, x)) {
            continue;
        }
        if (c4_is_win(p, x)) {
            return (C4_CELLS + 1 - c4_stones(p)) / 2; /* nothing is faster */
        }
        c4_play(&next, x);
        score = -minimax(&next);
        best = score > best ? score : best;
    }
    return best;
}

/* Plies to the end when both play best, by playing it out. */
static int
plies_by_play(struct solver *s, struct c4 p)
{
    int plies = 0;

    for (;;) {
        int score[C4_WIDTH];
        const int best = solver_moves(s, &p, score);
        int x = 0;

        while (score[x] != best) {
            x++;
        }
        plies++;
        if (c4_is_win(&p, x) || c4_stones(&p) == C4_CELLS - 1) {
            return plies;
        }
        c4_play(&p, x);
    }
}

/* A random position of so many stones in which nobody has won. */
static struct c4
draw(uint64_t *random, int stones)
{
    struct c4 p;

again:
    memset(&p, 0, sizeof p);
    while (c4_stones(&p) < stones) {
        const int x = (int)(rr_game_random(random) % C4_WIDTH);

        if (c4_can_play(&p, x)) {
            if (c4_is_win(&p, x)) {
                goto again;
            }
            c4_play(&p, x);
        }
    }
    return p;
}

static void
test_minimax(struct solver *s)
{
    uint64_t random = 7;
    int wrong = 0;
    int wrong_plies = 0;

    for (int i = 0; i < 300; i++) {
        const struct c4 p = draw(&random, 30 + i % 12);
        const int score = solver_score(s, &p);

        wrong += score != minimax(&p);
        wrong_plies += c4_plies_left(&p, score) != plies_by_play(s, p);
    }
    is_int(wrong, 0, "300 positions have the score of plain minimax");
    is_int(wrong_plies, 0, "and end after as many plies as the score says");
}

static void
test_moves(struct solver *s)
{
    uint64_t random = 8;
    int wrong = 0;

    for (int i = 0; i < 100; i++) {
        const struct c4 p = draw(&random, 20 + i % 20);
        int score[C4_WIDTH];

        wrong += solver_moves(s, &p, score) != solver_score(s, &p);
        for (int x = 0; x < C4_WIDTH; x++) {
            wrong += (score[x] == C4_NO_SCORE) == c4_can_play(&p, x);
        }
    }
    is_int(wrong, 0, "the best move is worth what the position is worth");
}

static void
test_known(struct solver *s)
{
    static const struct {
        const char *moves;
        int score;
    } known[] = {
        {"1141465142351133000452254232560240330", -1},
        {"6311230624536630055022462362131455", 1},
        {"12052305013656112043356360161305644522", 0},
        {"54103562445044620455205216262110306", -1},
        {"33333322", 16},
        {"33323240", 4},
        {"010101", 18},
    };
    struct c4 p;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ok(c4_read(&p, known[i].moves) == strlen(known[i].moves) &&
               solver_score(s, &p) == known[i].score,
           "%s is worth %d", known[i].moves, known[i].score);
    }
}

static void
test_read(void)
{
    struct c4 p;

    is_int((int)c4_read(&p, ""), 0, "no moves: the empty board");
    is_int((int)c4_read(&p, "37"), 1, "there is no column 7");
    is_int((int)c4_read(&p, "0000000"), 6, "a column takes six stones");
    is_int((int)c4_read(&p, "0101010"), 6, "the move that ends the game is not taken");
    is_int((int)c4_read(&p, "01010101"), 6, "nor what follows it");
}

static bool
give_up(void *user, uint64_t nodes)
{
    (void)user;
    (void)nodes;
    return true;
}

static void
test_sets(struct solver *s)
{
    static const char *const sets[] = {"middle-medium", "middle-easy", "end-easy", "easy"};
    struct graded a;
    struct graded b;
    struct graded c;

    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        int wrong = 0;

        for (uint64_t i = 0; i < 6; i++) {
            FILE *file = tmpfile();
            char line[160] = "";

            ok(positions_draw(s, sets[k], 5, i, &a) && positions_draw(s, sets[k], 5, i, &b),
               "draw number %d of %s", (int)i, sets[k]);
            wrong += memcmp(&a, &b, sizeof a) != 0;
            wrong += solver_score(s, &a.at) != a.best;
            const int plies = c4_plies_left(&a.at, a.best);
            wrong += strstr(sets[k], "easy") != NULL ? plies > 13 : plies < 14 || plies > 27;
            positions_write(file, &a);
            rewind(file);
            wrong += fgets(line, sizeof line, file) == NULL;
            line[strcspn(line, "\n")] = '\0';
            wrong += !positions_read(line, &c) || memcmp(&a, &c, sizeof a) != 0;
            (void)fclose(file);
        }
        ok(wrong == 0, "%s: repeatable, of the right difficulty, read back as written", sets[k]);
    }
    int repeated = 0;
    for (uint64_t i = 0; i < 40 && positions_draw(s, "end-easy", 5, i, &a); i++) {
        for (uint64_t k = 0; k < i && positions_draw(s, "end-easy", 5, k, &b); k++) {
            repeated += strcmp(a.moves, b.moves) == 0;
        }
    }
    ok(repeated == 0, "the positions of a set differ (%d do not)", repeated);
    ok(positions_is_set("begin-hard") && positions_is_set("hard") && positions_is_set("all"),
       "sets that there are");
    ok(!positions_is_set("end-hard") && !positions_is_set("") && !positions_is_set("beg"),
       "sets that there are not");
    ok(!positions_read("33", &c) && !positions_read("33 1 2 3", &c) &&
           !positions_read("37 0 0 0 0 0 0 0", &c) && !positions_read("3 0 0 0 0 0 0 0 0", &c) &&
           !positions_read("3 - 0 0 0 0 0 0", &c) && !positions_read("3 0 0 0 0 0 0 99", &c) &&
           positions_read("3 0 0 0 0 0 0 0", &c),
       "lines that are no positions are refused");
}

int
main(void)
{
    struct solver *s = solver_new(TABLE_BYTES);
    struct c4 p;

    test_read();
    test_known(s);
    test_minimax(s);
    test_moves(s);
    test_sets(s);
    (void)c4_read(&p, "");
    solver_on_tick(s, give_up, NULL);
    is_int(solver_score(s, &p), C4_NO_SCORE, "a search can be given up");
    solver_free(s);
    return tap_done();
}

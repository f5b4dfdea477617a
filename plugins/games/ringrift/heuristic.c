/* SPDX-License-Identifier: MIT */
/*
 * heuristic.c - what a position is worth by rules of thumb.
 *
 * Terms are those of the original RingRift project's heuristic player, and up to level 5 its
 * weights (its profiles "balanced", and "aggressive" at level 5); the levels above have weights of
 * their own. There each seat's score holds the difference to its opponents term by term. Here each
 * seat gets the sum of its own terms, and the shares are the softmax of these sums: with two seats
 * that is the same order of positions, with more seats it adds up to 1.
 *
 * All terms look at a cell and what is seen from it, so one pass over the board is enough.
 */
#include "heuristic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "moves/moves.h"

/* Points that make a win e times as likely: logistic regression to the outcomes of games of
 * level 3 against itself gave 600 to 1000 on hex8, square8 and hexagonal. */
#define POINTS_PER_LOGIT 800.0F

struct weights {
    float stacks, height, cap, no_stack, one_stack, more_stacks;
    float hand, territory, eliminated, markers, center;
    float threat, mobility, blocked;
    float vulnerable, overtake;
    float line, connected, closure, safety;
    float victory, rival_victory, leader, forced, alone;
    float recovery, recoverable, buried;
};

#define BALANCED                                                                                   \
    .stacks = 10, .height = 5, .cap = 6, .no_stack = -50, .one_stack = -10, .more_stacks = 2,      \
    .hand = 3, .territory = 8, .markers = 1.5F, .center = 4, .threat = 6, .mobility = 8,           \
    .blocked = 20, .closure = 10, .connected = 6, .forced = 4, .alone = 2, .recovery = 8,          \
    .recoverable = 6, .buried = 0.9F

static const struct weights balanced = {BALANCED,      .eliminated = 12,   .vulnerable = 8,
                                        .overtake = 8, .line = 7,          .safety = 5,
                                        .victory = 20, .rival_victory = 6, .leader = 2};

static const struct weights aggressive = {
    BALANCED,          .eliminated = 12 * 1.25F, .vulnerable = 8 * 0.85F, .overtake = 8 * 1.25F,
    .line = 7 * 1.1F,  .safety = 5 * 0.85F,      .victory = 20 * 1.15F,   .rival_victory = 6 * 1.1F,
    .leader = 2 * 0.8F};

/* Of this project: found by an evolution strategy (sep-CMA-ES) whose measure was the share of games
 * won on hex8 and square8, one move ahead, against the profile above and earlier ones of its own.
 * leader and alone, which count with more seats only, are small because nothing was found for them.
 */
/* clang-format off */
static const struct weights fitted = {
    .stacks = 11, .height = 6, .cap = 2.8F, .no_stack = -700, .one_stack = -32, .more_stacks = 81,
    .hand = 30, .territory = 26, .eliminated = 27, .markers = 22, .center = 14,
    .threat = 18, .mobility = -12, .blocked = 120,
    .vulnerable = 11, .overtake = 6.3F,
    .line = -4.4F, .connected = 0.85F, .closure = 1.9F, .safety = -18,
    .victory = 22, .rival_victory = 0.95F, .leader = 0.5F, .forced = -85, .alone = 0.5F,
    .recovery = -110, .recoverable = -310, .buried = -11,
};
/* clang-format on */

enum { AGGRESSIVE_LEVEL = 5, FITTED_LEVEL = 6, CLOSURE_SAMPLE = 10 };

/* What the pass over the board counts for one seat. */
struct tally {
    int stacks, movable, caps, center, threat, mobility, blocked, overtake, vulnerable, buried;
    int markers, line, unsafe;
    float height, connected;
    uint16_t sample[CLOSURE_SAMPLE]; /* its first markers */
};

static int
is_center(const struct board *b, uint16_t c)
{
    /* The middle cell and its neighbours. */
    const int mid = b->radius > 0 ? 0 : b->width / 2;
    const int x = b->x[c] - mid;
    const int y = b->y[c] - mid;
    const int far = b->radius > 0 && abs(x + y) > 1;

    return abs(x) <= 1 && abs(y) <= 1 && !far;
}

/* The first stack along a ray, or the wall. */
static uint16_t
first_seen(const struct view *v, uint16_t c, uint8_t dir)
{
    do {
        c = v->b->next[c][dir];
    } while ((v->cell[c] & CELL_BLOCKED) == 0);
    return c;
}

static void
count_stack(const struct view *v, uint16_t c, struct tally *tally)
{
    const uint8_t seat = v->cell[c] & CELL_SEAT;
    struct tally *t = &tally[seat];
    const int cap = v->cap[c];
    const int height = view_height(v, c);
    int ways = 0;

    t->stacks++;
    t->caps += cap;
    t->height += height <= 5 ? (float)height : 5.0F + (float)(height - 5) * 0.1F;
    t->center += is_center(v->b, c);
    for (uint16_t i = v->off[c]; i + 1 < v->off[c + 1]; i++) {
        tally[v->pool[i]].buried++;
    }
    for (uint8_t d = 0; d < v->b->dirs; d++) {
        const uint16_t beside = v->b->next[c][d];
        const uint16_t seen = first_seen(v, c, d);
        const bool meets = (v->cell[seen] & CELL_STACK) != 0 && (v->cell[seen] & CELL_SEAT) != seat;
        const int lead = cap - v->cap[seen];

        if (meets) {
            t->overtake += lead > 0 ? lead : 0;
            t->vulnerable += lead < 0 ? -lead : 0;
        }
        if (meets && seen == beside) {
            t->threat -= lead;
            ways += lead >= 0;
        }
        ways += (v->cell[beside] & CELL_BLOCKED) == 0;
    }
    t->mobility += ways;
    t->movable += ways > 0;
    t->blocked += ways == 0;
}

static bool
is_rival_stack(const struct view *v, uint16_t c, uint8_t seat)
{
    return (v->cell[c] & CELL_STACK) != 0 && (v->cell[c] & CELL_SEAT) != seat;
}

/* 2 when a stack of another seat is orthogonally beside a marker, 1 when it is two steps off; a
 * step between hexagons counts as two. */
static int
danger_of(const struct view *v, uint16_t c, uint8_t seat)
{
    const struct board *b = v->b;
    int danger = 0;

    for (uint8_t d = 0; d < b->dirs; d++) {
        danger |= is_rival_stack(v, b->next[c][d], seat);
    }
    if (b->radius > 0) {
        return danger;
    }
    for (uint8_t d = 0; d < b->near_dirs; d++) {
        const uint16_t beside = b->near[c][d];
        if (beside == b->cells) {
            continue;
        }
        if (is_rival_stack(v, beside, seat)) {
            return 2;
        }
        danger |= b->near[beside][d] != b->cells && is_rival_stack(v, b->near[beside][d], seat);
    }
    return danger;
}

static void
count_marker(const struct view *v, uint16_t c, struct tally *tally)
{
    const uint8_t mine = v->cell[c];
    const uint8_t seat = mine & CELL_SEAT;
    struct tally *t = &tally[seat];

    if (t->markers < CLOSURE_SAMPLE) {
        t->sample[t->markers] = c;
    }
    t->markers++;
    t->unsafe += danger_of(v, c, seat);
    /* Rows are counted from both of their ends. */
    for (uint8_t axis = 0; axis < v->b->axes; axis++) {
        const uint16_t one = v->b->next[c][axis];
        const uint16_t two = v->b->next[one][axis];
        if (v->cell[one] == mine) {
            t->connected += 2.0F;
            t->line += 2;
            if (v->cell[two] == mine) {
                t->line += v->cell[v->b->next[two][axis]] == mine ? 4 + 10 : 4;
            }
        } else if (v->cell[two] == mine && (v->cell[one] & CELL_BLOCKED) == 0) {
            t->connected += 1.0F;
        }
    }
}

/* How close together the markers lie, and how many they are: what walls are made of. */
static float
closure_of(const struct board *b, const struct tally *t)
{
    const int n = t->markers < CLOSURE_SAMPLE ? t->markers : CLOSURE_SAMPLE;
    int total = 0;

    if (n < 2) {
        return 0.0F;
    }
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            const int dx = b->x[t->sample[i]] - b->x[t->sample[j]];
            const int dy = b->y[t->sample[i]] - b->y[t->sample[j]];
            total += abs(dx) + abs(dy) + (b->radius > 0 ? abs(dx + dy) : 0);
        }
    }
    const float mean = (float)total / (float)(n * (n - 1) / 2);
    return 10.0F / (mean > 1.0F ? mean : 1.0F) + 0.5F * (float)t->markers;
}

/* How near a seat is to winning, by rings or by territory. */
static float
proximity_of(const struct view *v, uint8_t seat)
{
    const struct head *h = v->h;
    const int rings = v->r->elim_win - h->elim[seat];
    int others = 0;

    for (uint8_t s = 0; s < v->r->seats; s++) {
        others += s != seat ? h->terr[s] : 0;
    }
    const int least = v->r->terr_win - h->terr[seat];
    const int lead = others + 1 - h->terr[seat];
    const int cells = least > lead ? least : lead;
    return rings <= 0 || cells <= 0 ? 1000.0F : 50.0F / (float)rings + 50.0F / (float)cells;
}

/* 0 with two things to do for each stack, up to 2 with none. */
static float
forced_risk(const struct tally *t, bool can_place)
{
    const float ratio = t->stacks == 0 ? 2.0F : (float)(t->movable + can_place) / (float)t->stacks;

    return ratio >= 2.0F ? 0.0F : 2.0F - ratio;
}

/* Terms that a seat has from its own pieces alone. */
static float
own_terms(const struct view *v, const struct weights *w, uint8_t seat, const struct tally *t)
{
    const struct head *h = v->h;
    float sum = t->stacks == 0   ? w->no_stack
                : t->stacks == 1 ? w->one_stack
                                 : w->more_stacks * (float)t->stacks;

    sum += w->stacks * (float)t->stacks + w->height * t->height + w->cap * (float)t->caps;
    sum += w->hand * (float)h->hand[seat] + w->territory * (float)h->terr[seat];
    sum += w->eliminated * (float)h->elim[seat] + w->markers * (float)t->markers;
    sum += w->center * (float)t->center - 0.5F * w->threat * (float)t->threat;
    sum += w->mobility * (float)t->mobility - w->blocked * (float)t->blocked;
    sum += w->overtake * (float)t->overtake - w->vulnerable * (float)t->vulnerable;
    sum += w->line * (float)t->line + w->connected * t->connected;
    sum += w->closure * closure_of(v->b, t) - w->safety * (float)t->unsafe;
    sum -= w->forced * forced_risk(t, h->hand[seat] > 0 && place_possible(v, seat));
    if (t->stacks == 0 && t->buried > 0 && t->markers > 0) {
        sum += w->recovery + w->recoverable;
    } else {
        sum += w->buried * (float)t->buried;
    }
    return sum;
}

/* Terms that compare a seat with the others. */
static float
race_terms(const struct weights *w, uint8_t seats, uint8_t seat, const float *near,
           const struct tally *tally)
{
    float first = 0.0F;
    float second = 0.0F;
    int idle = 0;

    for (uint8_t s = 0; s < seats; s++) {
        if (s == seat) {
            continue;
        }
        second = fmaxf(second, fminf(first, near[s]));
        first = fmaxf(first, near[s]);
        idle += tally[s].movable == 0;
    }
    float sum = w->victory * near[seat] - w->rival_victory * fmaxf(0.0F, first - near[seat]);
    if (seats > 2) {
        sum -= w->leader * (first - second);
        sum += w->alone * (tally[seat].movable == 0 ? -1.0F : (float)idle / (float)(seats - 1));
    }
    return sum;
}

void
heuristic_evaluate(const struct rr_variant *variant, const void *state, uint32_t level,
                   float *share)
{
    const struct weights *w = level < AGGRESSIVE_LEVEL ? &balanced
                              : level < FITTED_LEVEL   ? &aggressive
                                                       : &fitted;
    struct tally tally[RR_GAME_MAX_SEATS] = {0};
    float near[RR_GAME_MAX_SEATS];
    float points[RR_GAME_MAX_SEATS];
    float most = -INFINITY;
    float total = 0.0F;
    struct view v;

    view_of(&v, variant, state);
    for (uint16_t c = 0; c < v.b->cells; c++) {
        if ((v.cell[c] & CELL_STACK) != 0) {
            count_stack(&v, c, tally);
        } else if ((v.cell[c] & CELL_MARKER) != 0) {
            count_marker(&v, c, tally);
        }
    }
    for (uint8_t s = 0; s < v.r->seats; s++) {
        near[s] = proximity_of(&v, s);
    }
    for (uint8_t s = 0; s < v.r->seats; s++) {
        points[s] = own_terms(&v, w, s, &tally[s]) + race_terms(w, v.r->seats, s, near, tally);
        most = fmaxf(most, points[s]);
    }
    for (uint8_t s = 0; s < v.r->seats; s++) {
        share[s] = expf((points[s] - most) / POINTS_PER_LOGIT);
        total += share[s];
    }
    for (uint8_t s = 0; s < v.r->seats; s++) {
        share[s] /= total;
    }
}

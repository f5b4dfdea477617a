/* SPDX-License-Identifier: MIT */
/*
 * test_ringrift_properties.c - what holds at every ply, in all configurations, under both rule
 * sets.
 *
 * Half of the plies are begun from positions made by chance, because random play hardly ever comes
 * to recoveries and fences. Of two states that are played side by side one began in memory full of
 * 0xaa and the other in 0x55, and so did the stack at every call: whatever leaks, differs.
 *
 * RR_FULL=1 plays millions of plies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rr/gamekit.h>

#include "moves/moves.h"
#include "state.h"
#include "tests/tap.h"

enum {
    JUNK = 65536,
    ALL_MAPPED = 400,
    SAMPLE = 40,
    FAULTS_SHOWN = 3,
    GAME_PLIES = 400,
    MADE_PLIES = 8
};

struct breaks {
    size_t lists;      /* recovery: another set of line slides in the image */
    size_t recoveries; /* recovery: another line collapses in the image */
    size_t fences;     /* hex8: other markers collapse with a region */
    size_t rare;       /* positions with line slides or regions */
};

struct t {
    const struct rr_game *g;
    const struct rr_variant *v;
    bool is_written; /* the canonical set */
    uint64_t seed;
    void *state, *twin, *image, *after, *mapped;
    rr_move *moves, *twin_moves, *images;
    bool *hit; /* of images */
    uint32_t count;
    uint32_t *owner, stamp; /* of each policy index: the list that used it last */
    char *text, *text2;
    struct view view;                    /* of state */
    uint32_t rings;                      /* on the board, in hands, eliminated */
    uint16_t of_seat[RR_GAME_MAX_SEATS]; /* on the board and in hand */
    uint32_t turn_start;                 /* measure at the start of the turn */
    bool must_rise;
    size_t plies, faults, slides, regions, ends;
    struct breaks breaks;
};

static uint32_t
below(struct t *t, uint64_t n)
{
    return (uint32_t)(rr_game_random(&t->seed) % n);
}

static void
fault(struct t *t, const char *what)
{
    if (t->faults++ < FAULTS_SHOWN) {
        (void)t->g->state_text(t->v, t->state, t->text, RR_GAME_TEXT_MAX);
        diag("%s ply %zu: %s\n#   %s", t->v->name, t->plies, what, t->text);
    }
}

/* Fill the stack below us, so that what reads it without writing it first reads this. */
__attribute__((noinline)) static void
poison(uint8_t byte)
{
    uint8_t junk[JUNK];

    memset(junk, byte, sizeof junk);
    __asm__ volatile("" : : "r"(junk) : "memory");
}

/* The measure of RULES 16, and one in which collapsing a marker counts too. */
static uint32_t
measure(const struct view *v, uint32_t collapsed_weight)
{
    uint32_t sum = 0;

    for (uint16_t c = 0; c < v->b->cells; c++) {
        sum += (v->cell[c] & CELL_MARKER) != 0;
        sum += (v->cell[c] & CELL_COLLAPSED) != 0 ? collapsed_weight : 0;
    }
    for (uint8_t s = 0; s < v->r->seats; s++) {
        sum += v->h->elim[s];
    }
    return sum;
}

static void
count_rings(const struct view *v, uint16_t *of_seat)
{
    for (uint8_t s = 0; s < v->r->seats; s++) {
        of_seat[s] = v->h->hand[s];
    }
    for (uint16_t i = 0; i < v->off[v->b->cells]; i++) {
        of_seat[v->pool[i]]++;
    }
}

static uint32_t
all_rings(const struct view *v, const uint16_t *of_seat)
{
    uint32_t sum = 0;

    for (uint8_t s = 0; s < v->r->seats; s++) {
        sum += (uint32_t)of_seat[s] + v->h->elim[s];
    }
    return sum;
}

/* Each ring is on the board, in a hand, or credited to somebody; and none comes back. */
static void
check_rings(struct t *t)
{
    uint16_t now[RR_GAME_MAX_SEATS];

    count_rings(&t->view, now);
    if (all_rings(&t->view, now) != t->rings) {
        fault(t, "rings are lost or made");
    }
    for (uint8_t s = 0; s < t->v->seats; s++) {
        if (now[s] > t->of_seat[s]) {
            fault(t, "an eliminated ring has come back");
        }
        t->of_seat[s] = now[s];
        if (t->view.h->terr[s] != view_count(&t->view, own(CELL_COLLAPSED, s))) {
            fault(t, "territory is counted wrong");
        }
    }
}

enum rise { STAYS, MAY_RISE, RISES };

/* What a move does to the measure of RULES 16; lines and regions move markers into territory. */
static enum rise
rise_of(enum move_type type)
{
    static const uint32_t rising = 1U << MT_M | 1U << MT_C | 1U << MT_K | 1U << MT_R_FREE |
                                   1U << MT_R_STRIKE | 1U << MT_R_LINE | 1U << MT_EL | 1U << MT_ET |
                                   1U << MT_ER | 1U << MT_F;
    static const uint32_t moving =
        1U << MT_L | 1U << MT_O_ALL | 1U << MT_O_PART | 1U << MT_R_PART | 1U << MT_T;

    return (rising & (1U << type)) != 0 ? RISES : (moving & (1U << type)) != 0 ? MAY_RISE : STAYS;
}

static void
check_duplicates(struct t *t)
{
    memcpy(t->images, t->moves, t->count * sizeof *t->moves);
    for (uint32_t i = 0; i < t->count; i++) {
        const uint32_t index = t->g->policy_index(t->v, t->state, t->moves[i]);
        if (index >= rr_variant_policy_size(t->v)) {
            fault(t, "a policy index out of range");
        } else if (t->owner[index] == t->stamp) {
            fault(t, "two moves share a policy index");
        } else {
            t->owner[index] = t->stamp;
        }
    }
    t->stamp++;
}

static int
by_code(const void *a, const void *b)
{
    const rr_move x = *(const rr_move *)a;
    const rr_move y = *(const rr_move *)b;

    return (x > y) - (x < y);
}

static void
check_texts(struct t *t)
{
    char why[160] = "";

    for (int i = 0; i < 2 && t->count > 0; i++) {
        const rr_move m = t->moves[below(t, t->count)];
        rr_move back = RR_MOVE_NONE;

        if (t->g->move_text(t->v, t->state, m, t->text, RR_GAME_TEXT_MAX) <= 0 ||
            t->g->move_parse(t->v, t->state, t->text, &back, why, sizeof why) != 0 || back != m) {
            fault(t, "a move is not what is read from its text");
        }
    }
    memset(t->after, 0xaa, t->v->state_bytes);
    if (t->g->state_text(t->v, t->state, t->text, RR_GAME_TEXT_MAX) <= 0 ||
        t->g->state_parse(t->v, t->text, t->after, why, sizeof why) != 0 ||
        memcmp(t->state, t->after, t->v->state_bytes) != 0) {
        fault(t, "a state is not what is read from its text");
    } else if (t->g->state_text(t->v, t->after, t->text2, RR_GAME_TEXT_MAX) <= 0 ||
               strcmp(t->text, t->text2) != 0) {
        fault(t, "a state that was read has another text");
    }
}

static bool
is_line_slide(rr_move m)
{
    return move_type(m) == MT_R_LINE || move_type(m) == MT_R_PART;
}

static uint32_t
line_slides(const rr_move *moves, uint32_t count)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < count; i++) {
        n += is_line_slide(moves[i]);
    }
    return n;
}

/* One move of the list, in the image. */
static void
check_image(struct t *t, uint32_t sym, rr_move m, uint32_t image_count, bool *differ)
{
    const rr_move im = t->g->transform_move(t->v, sym, t->state, m, t->image);
    const rr_move *at = bsearch(&im, t->images, image_count, sizeof im, by_code);

    if (at == NULL) {
        if (t->is_written || !is_line_slide(m) || im != RR_MOVE_NONE) {
            fault(t, "a move is not legal in the image");
        }
        *differ = true;
    } else if (t->hit[at - t->images]) {
        fault(t, "two moves have one image");
    } else {
        t->hit[at - t->images] = true;
    }
}

/* The legal moves of the image are the images of the legal moves. */
static void
check_lists(struct t *t, uint32_t sym)
{
    const uint32_t n = t->g->legal(t->v, t->image, t->images);
    const uint32_t lines = line_slides(t->moves, t->count);
    const uint32_t image_lines = line_slides(t->images, n);
    bool differ = lines != image_lines;

    qsort(t->images, n, sizeof *t->images, by_code);
    memset(t->hit, 0, n * sizeof *t->hit);
    for (uint32_t i = 1; i < n; i++) {
        if (t->images[i] == t->images[i - 1]) {
            fault(t, "a move is listed twice");
        }
    }
    if (t->count - lines != n - image_lines || (t->is_written && differ)) {
        fault(t, "the image has another number of moves");
    }
    const uint32_t step = t->count > ALL_MAPPED ? t->count / SAMPLE : 1;
    for (uint32_t i = 0; i < t->count; i += step) {
        check_image(t, sym, t->moves[i], n, &differ);
    }
    t->breaks.lists += differ;
}

/* Moving and mapping may be exchanged. */
static void
check_exchange(struct t *t, uint32_t sym)
{
    const rr_move m = t->moves[below(t, t->count)];
    const rr_move im = t->g->transform_move(t->v, sym, t->state, m, t->image);

    if (im == RR_MOVE_NONE) {
        return; /* counted with the lists */
    }
    memcpy(t->after, t->state, t->v->state_bytes);
    t->g->apply(t->v, t->after, m);
    t->g->transform(t->v, sym, t->after, t->mapped);
    t->g->apply(t->v, t->image, im);
    if (memcmp(t->image, t->mapped, t->v->state_bytes) == 0) {
        return;
    }
    if (!t->is_written && is_line_slide(m)) {
        t->breaks.recoveries++;
    } else if (!t->is_written && move_type(m) == MT_T && t->view.b == t->view.r->board &&
               strcmp(t->view.b->name, "hex8") == 0) {
        t->breaks.fences++;
    } else {
        fault(t, "moving and mapping is not mapping and moving");
    }
}

static void
check_symmetry(struct t *t)
{
    const uint32_t sym = 1 + below(t, t->v->symmetries - 1);

    t->g->transform(t->v, sym, t->state, t->image);
    check_lists(t, sym);
    check_exchange(t, sym);
}

/* Whether somebody would call this move a rare one. */
static bool
is_rare(rr_move m)
{
    const enum move_type type = move_type(m);

    return type == MT_T || (type >= MT_R_FREE && type <= MT_R_PART) ||
           (type >= MT_L && type <= MT_O_PART);
}

/* A move by chance, but rare ones where there are some. */
static rr_move
choose(struct t *t)
{
    rr_move m = t->moves[below(t, t->count)];

    for (int i = 0; i < 4 && !is_rare(m); i++) {
        m = t->moves[below(t, t->count)];
    }
    return m;
}

/* Both states make the same move out of different memory. */
static void
move_both(struct t *t, rr_move m)
{
    const enum rise rise = rise_of(move_type(m));
    const bool counts = rise != STAYS;
    const uint32_t before[] = {measure(&t->view, 1), measure(&t->view, 2)};

    if (t->view.h->phase == PH_MV) {
        t->must_rise = t->must_rise || view_controls(&t->view, t->view.h->cur);
    }
    poison(0xaa);
    t->g->apply(t->v, t->state, m);
    poison(0x55);
    t->g->apply(t->v, t->twin, m);
    const uint32_t now[] = {measure(&t->view, 1), measure(&t->view, 2)};
    if (rise == RISES   ? now[0] <= before[0]
        : rise == STAYS ? now[0] != before[0]
                        : now[0] < before[0]) {
        fault(t, "the measure of RULES 16 does not move as it must");
    }
    if (counts ? now[1] <= before[1] : now[1] != before[1]) {
        fault(t, "the measure that bounds the game's length does not move as it must");
    }
    if (move_type(m) != MT_SW && (t->view.h->phase == PH_RP || t->view.h->phase == PH_OV)) {
        if (t->must_rise && now[0] <= t->turn_start) {
            fault(t, "a turn of a player who had a stack has not raised the measure");
        }
        t->must_rise = false;
        t->turn_start = now[0];
    }
}

static void
check_ply(struct t *t)
{
    poison(0x55);
    t->count = t->g->legal(t->v, t->state, t->moves);
    poison(0xaa);
    if (t->g->legal(t->v, t->twin, t->twin_moves) != t->count ||
        memcmp(t->moves, t->twin_moves, t->count * sizeof *t->moves) != 0 ||
        memcmp(t->state, t->twin, t->v->state_bytes) != 0) {
        fault(t, "equal positions are not equal memory, or have other lists");
    }
    if (t->count > t->v->max_moves) {
        fault(t, "more moves than max_moves");
    }
    check_rings(t);
    check_duplicates(t);
    if (t->v->width < 10 || below(t, 4) == 0) {
        check_texts(t);
    }
    if (t->count > 0) {
        t->slides += line_slides(t->moves, t->count) > 0;
        t->regions += t->view.h->phase == PH_TP && move_type(t->moves[0]) == MT_T;
        check_symmetry(t);
    }
    t->ends += t->count == 0;
}

/* Texts of a made position are written into one buffer. */
struct draft {
    struct t *t;
    char *out;
    size_t n;
    uint16_t hand[RR_GAME_MAX_SEATS], terr[RR_GAME_MAX_SEATS];
    uint8_t what[BOARD_MAX_CELLS]; /* 0 nothing, 1 stack, 2 marker, 3 collapsed */
    uint8_t seat[BOARD_MAX_CELLS];
};

__attribute__((format(printf, 2, 3))) static void
add(struct draft *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    d->n += (size_t)vsnprintf(d->out + d->n, RR_GAME_TEXT_MAX - d->n, fmt, ap);
    va_end(ap);
}

static void
add_seats(struct draft *d, const char *key, const uint16_t *values)
{
    for (uint32_t s = 0; s < d->t->v->seats; s++) {
        add(d, "%s%u", s == 0 ? key : ",", values[s]);
    }
}

static void
add_cells(struct draft *d, const char *key, uint8_t what, uint8_t not_top)
{
    const struct board *b = d->t->view.b;
    bool any = false;

    add(d, "%s", key);
    for (uint16_t c = 0; c < b->cells; c++) {
        if (d->what[c] != what) {
            continue;
        }
        add(d, "%s%d,%d:", any ? ";" : "", b->x[c], b->y[c]);
        any = true;
        for (uint32_t k = what == 1 ? below(d->t, 3) : 0; k > 0; k--) { /* rings below the top */
            const uint32_t s = below(d->t, d->t->v->seats);
            if (d->hand[s] > 1) {
                d->hand[s]--;
                add(d, "%u", s + 1);
            }
        }
        uint32_t top = d->seat[c];
        if (what == 1 && top == not_top) {
            top = (top + 1) % d->t->v->seats;
        }
        d->hand[top] = (uint16_t)(d->hand[top] - (what == 1));
        add(d, "%u", top + 1);
    }
    add(d, "%s", any ? "" : "-");
}

/*
 * A position made by chance: markers, territory and a few stacks, the player to act in a phase
 * where much can happen. In the movement phase he controls nothing, so he may recover. Returns
 * false when it is no position.
 */
static bool
scatter(struct t *t)
{
    static const char *const phases[] = {"MV", "MV", "LP", "TP", "RP"};
    static const char *const unseen = "....";
    static const uint16_t zeros[RR_GAME_MAX_SEATS] = {0};
    struct draft d = {.t = t, .out = t->text2};
    const uint32_t phase = below(t, 5);
    const uint32_t cur = below(t, t->v->seats);
    const uint32_t markers = 20 + below(t, 50);
    const uint32_t collapsed = below(t, 30);
    char stacks[16384];
    char why[160];

    for (uint32_t s = 0; s < t->v->seats; s++) {
        d.hand[s] = t->view.r->rings;
    }
    for (uint16_t c = 0; c < t->view.b->cells; c++) {
        const uint32_t dice = below(t, 100);
        d.seat[c] = (uint8_t)(dice % 3 == 0 ? cur : below(t, t->v->seats));
        d.what[c] = below(t, t->view.b->cells) < 8 ? 1
                    : dice < markers               ? 2
                    : dice < markers + collapsed   ? 3
                                                   : 0;
        d.terr[d.seat[c]] = (uint16_t)(d.terr[d.seat[c]] + (d.what[c] == 3));
    }
    add_cells(&d, " st=", 1, phase < 2 ? (uint8_t)cur : RR_GAME_MAX_SEATS);
    (void)snprintf(stacks, sizeof stacks, "%s", d.out);
    d.n = 0;
    add(&d, "ph=%s cur=%u", phases[phase], cur + 1);
    add_seats(&d, " hand=", phase == 4 ? d.hand : zeros);
    add_seats(&d, " elim=", zeros);
    add_seats(&d, " terr=", d.terr);
    add(&d, "%s", stacks);
    add_cells(&d, " mk=", 2, 0);
    add_cells(&d, " co=", 3, 0);
    add(&d, " fx=- le=0 te=0 rc=%u ac=%u sw=0 lp=0:%.*s:0:0", phase == 3 && below(t, 3) == 0,
        phase == 3, (int)t->v->seats, unseen);
    return t->g->state_parse(t->v, d.out, t->state, why, sizeof why) == 0;
}

/* Returns how many plies to play from there. */
static size_t
start(struct t *t)
{
    const uint64_t options = below(t, 2);
    const bool is_made = below(t, 16) > 0;

    memset(t->state, 0xaa, t->v->state_bytes);
    memset(t->twin, 0x55, t->v->state_bytes);
    t->g->init(t->v, options, t->state);
    t->g->init(t->v, options, t->twin);
    for (int i = 0; is_made && i < 20; i++) {
        memset(t->state, 0xaa, t->v->state_bytes);
        if (scatter(t)) {
            memcpy(t->twin, t->state, t->v->state_bytes);
            break;
        }
        t->g->init(t->v, options, t->state);
    }
    count_rings(&t->view, t->of_seat);
    t->rings = all_rings(&t->view, t->of_seat);
    if (!is_made && t->rings != (uint32_t)t->view.r->rings * t->v->seats) {
        fault(t, "the game does not begin with all rings");
    }
    t->turn_start = measure(&t->view, 1);
    t->must_rise = false;
    return is_made ? MADE_PLIES : GAME_PLIES;
}

static void
play(struct t *t, size_t plies)
{
    size_t left = start(t);

    for (; t->plies < plies; t->plies++) {
        check_ply(t);
        if (t->count == 0 || left == 0) {
            left = start(t);
            continue;
        }
        left--;
        move_both(t, choose(t));
    }
}

static void
test_variant(const struct rr_game *g, const struct rr_variant *v, bool is_full, struct breaks *sum)
{
    const size_t list = (size_t)v->max_moves + 1;
    const bool is_small = v->width < 10;
    struct t t = {.g = g, .v = v, .seed = 77, .stamp = 1};

    t.is_written = strchr(v->name, '@') != NULL;
    t.state = malloc(v->state_bytes);
    t.twin = malloc(v->state_bytes);
    t.image = malloc(v->state_bytes);
    t.after = malloc(v->state_bytes);
    t.mapped = malloc(v->state_bytes);
    t.moves = malloc(list * sizeof *t.moves);
    t.twin_moves = malloc(list * sizeof *t.moves);
    t.images = malloc(list * sizeof *t.moves);
    t.hit = malloc(list * sizeof *t.hit);
    t.owner = calloc(rr_variant_policy_size(v), sizeof *t.owner);
    t.text = malloc(RR_GAME_TEXT_MAX);
    t.text2 = malloc(RR_GAME_TEXT_MAX);
    view_of(&t.view, v, t.state);
    play(&t, is_full ? (is_small ? 200000 : 20000) : (is_small ? 5000 : 500));
    ok(t.faults == 0, "%s: %zu plies, %zu with line slides, %zu with regions, %zu ends: all hold",
       v->name, t.plies, t.slides, t.regions, t.ends);
    sum->lists += t.breaks.lists;
    sum->recoveries += t.breaks.recoveries;
    sum->fences += t.breaks.fences;
    sum->rare += t.slides + t.regions;
    free(t.state);
    free(t.twin);
    free(t.image);
    free(t.after);
    free(t.mapped);
    free(t.moves);
    free(t.twin_moves);
    free(t.images);
    free(t.hit);
    free(t.owner);
    free(t.text);
    free(t.text2);
}

int
main(void)
{
    const bool is_full = getenv("RR_FULL") != NULL;
    const char *build = getenv("RR_BUILDDIR");
    const struct rr_game *g;
    struct rr_err err = RR_ERR_INIT;
    struct breaks breaks[2] = {{0}};
    char file[2048];

    (void)snprintf(file, sizeof file, "%s/plugins/games/ringrift.so", build != NULL ? build : ".");
    if (!ok(rr_game_open(file, &g, &err) == 0, "open the game %s", err.text)) {
        return tap_done();
    }
    for (size_t i = 0; g->variants[i] != NULL; i++) {
        const bool is_written = strchr(g->variants[i]->name, '@') != NULL;
        test_variant(g, g->variants[i], is_full, &breaks[is_written]);
    }
    const struct breaks *b = &breaks[0];
    ok(b[0].rare > 2000 && b[1].rare > 2000, "rare positions were among them: %zu",
       b[0].rare + b[1].rare);
    ok(b->lists > 0 && b->recoveries > 0 && b->fences > 0,
       "reference: symmetries broken by refused slides %zu, by another line %zu, by hex8 fences "
       "%zu",
       b->lists, b->recoveries, b->fences);
    b = &breaks[1];
    ok(b->lists + b->recoveries + b->fences == 0, "canonical: by nothing");
    return tap_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * check_text.c - texts: that they can be read back, that others are refused, and their form.
 */
#include <stdlib.h>
#include <string.h>

#include "sdk/game/check.h"

/* Reading a move back may cost as much as listing all of them, so only some are tried per ply. */
#define TEXTS_PER_PLY 6
#define WHY_MAX 160

/* A text of n characters as somebody mistypes it, in text2. Returns false when nothing changed. */
static bool
mistype(struct checker *ck, size_t n)
{
    const size_t at = (size_t)(rr_game_random(&ck->seed) % n);
    const uint64_t how = rr_game_random(&ck->seed);
    char *out = ck->text2;

    memcpy(out, ck->text, n + 1);
    switch (how % 7) {
    case 0:
        out[at] = '\0';
        break;
    case 1:
        memmove(out + at, out + at + 1, n - at);
        break;
    case 2: /* exchanged */
        out[at] = ck->text[(at + 1) % n];
        out[(at + 1) % n] = ck->text[at];
        break;
    case 3: /* by a character that stands elsewhere: more often right than any */
        out[at] = ck->text[how / 7 % n];
        break;
    case 4: /* more behind it */
        out[n] = how / 7 % 2 == 0 ? ' ' : ck->text[at];
        out[n + 1] = '\0';
        break;
    case 5:
        memcpy(out + 1, ck->text, n + 1);
        out[0] = ' ';
        break;
    default:
        out[at] = (char)(' ' + how / 7 % 95);
        break;
    }
    return strcmp(out, ck->text) != 0;
}

/* Whether two texts differ in the order of their characters at most. */
static bool
is_rearranged(const char *a, const char *b)
{
    int count[256] = {0};
    const size_t n = strlen(a);

    if (strlen(b) != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        count[(unsigned char)a[i]]++;
        count[(unsigned char)b[i]]--;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i] != 0) {
            return false;
        }
    }
    return true;
}

/* A mistyped move is refused, with a reason, or is just what another legal move is written as. */
static int
check_bad_move(struct checker *ck, size_t n)
{
    char why[WHY_MAX] = "";
    rr_move back = RR_MOVE_NONE;

    if (!mistype(ck, n)) {
        return 0;
    }
    if (ck->g->move_parse(ck->v, ck->state, ck->text2, &back, why, sizeof why) != 0) {
        return why[0] != '\0'
                   ? 0
                   : BROKEN(ck, "move_parse refuses \"%.60s\" without a reason", ck->text2);
    }
    if (bsearch(&back, ck->sorted, ck->count, sizeof back, check_by_code) == NULL) {
        return BROKEN(ck, "move_parse makes a move that is not legal of \"%.60s\"", ck->text2);
    }
    if (ck->g->move_text(ck->v, ck->state, back, ck->text, RR_GAME_TEXT_MAX) <= 0 ||
        strcmp(ck->text, ck->text2) != 0) {
        return BROKEN(ck, "move_parse takes \"%.60s\" for \"%.60s\"", ck->text2, ck->text);
    }
    return 0;
}

int
check_move_texts(struct checker *ck)
{
    char why[WHY_MAX] = "";
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < ck->count && i < TEXTS_PER_PLY; i++) {
        const rr_move m = ck->moves[rr_game_random(&ck->seed) % ck->count];
        rr_move back = RR_MOVE_NONE;
        const int32_t n = ck->g->move_text(ck->v, ck->state, m, ck->text, RR_GAME_TEXT_MAX);
        if (n <= 0 || (size_t)n != strlen(ck->text)) {
            return BROKEN(ck, "move_text of %016llx returns %d", (unsigned long long)m, n);
        }
        if (ck->g->move_text(ck->v, ck->state, m, ck->text2, (size_t)n) != -1) {
            return BROKEN(ck, "move_text of \"%.60s\" claims to fit without its NUL", ck->text);
        }
        if (ck->g->move_parse(ck->v, ck->state, ck->text, &back, why, sizeof why) != 0) {
            return BROKEN(ck, "move \"%.60s\" cannot be read back: %.80s", ck->text, why);
        }
        if (back != m) {
            return BROKEN(ck, "move \"%.60s\" is read back as another move", ck->text);
        }
        rc = check_bad_move(ck, (size_t)n);
    }
    return rc;
}

/* Whether the net sees that copy is another position than state. */
static bool
is_seen(struct checker *ck)
{
    const size_t plane_bytes = (size_t)ck->v->height * ck->v->width * ck->v->planes;

    ck->g->encode(ck->v, ck->state, ck->planes[0], ck->scalars[0]);
    ck->g->encode(ck->v, ck->copy, ck->planes[1], ck->scalars[1]);
    return memcmp(ck->planes[0], ck->planes[1], plane_bytes) != 0 ||
           memcmp(ck->scalars[0], ck->scalars[1], ck->v->scalars * sizeof(float)) != 0;
}

/* A mistyped position is refused, with a reason, or is what another one is written as, but for the
 * order of its parts: one with a list of moves within bounds, which the net sees to be another. */
static int
check_bad_state(struct checker *ck, size_t n)
{
    char why[WHY_MAX] = "";
    uint32_t count;

    if (!mistype(ck, n)) {
        return 0;
    }
    memset(ck->copy, 0xa5, ck->v->state_bytes);
    if (ck->g->state_parse(ck->v, ck->text2, ck->copy, why, sizeof why) != 0) {
        return why[0] != '\0'
                   ? 0
                   : BROKEN(ck, "state_parse refuses \"%.60s\" without a reason", ck->text2);
    }
    memset(ck->next, 0x5a, ck->v->state_bytes);
    if (ck->g->state_parse(ck->v, ck->text2, ck->next, why, sizeof why) != 0 ||
        memcmp(ck->copy, ck->next, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "state_parse makes two things of \"%.80s\"", ck->text2);
    }
    const int rc = check_listed(ck, ck->copy, ck->image_moves, &count);
    if (rc != 0) {
        return rc;
    }
    if ((count == 0) != (ck->g->mover(ck->v, ck->copy) == -1)) {
        return BROKEN(ck, "%u legal moves in \"%.80s\" while mover says %d", count, ck->text2,
                      ck->g->mover(ck->v, ck->copy));
    }
    if (ck->count > 0 && count > 0 && memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0 &&
        !is_seen(ck)) {
        return BROKEN(ck, "encode does not tell this position from \"%.120s\"", ck->text2);
    }
    if (ck->g->state_text(ck->v, ck->copy, ck->text3, RR_GAME_TEXT_MAX) <= 0 ||
        !is_rearranged(ck->text3, ck->text2)) {
        return BROKEN(ck, "state_parse takes \"%.80s\" for \"%.80s\"", ck->text2, ck->text3);
    }
    return 0;
}

int
check_state_text(struct checker *ck)
{
    char why[WHY_MAX] = "";
    const int32_t n = ck->g->state_text(ck->v, ck->state, ck->text, RR_GAME_TEXT_MAX);

    if (n <= 0 || (size_t)n != strlen(ck->text)) {
        return BROKEN(ck, "state_text returns %d", n);
    }
    if (ck->g->state_text(ck->v, ck->state, ck->text2, (size_t)n) != -1) {
        return BROKEN(ck, "%s", "state_text claims to fit without its NUL");
    }
    memset(ck->copy, 0xa5, ck->v->state_bytes);
    if (ck->g->state_parse(ck->v, ck->text, ck->copy, why, sizeof why) != 0) {
        /* the text of a finished game need not say who won, so it may be refused */
        return ck->count == 0
                   ? 0
                   : BROKEN(ck, "state_parse refuses what state_text wrote: %.120s", why);
    }
    if (memcmp(ck->copy, ck->state, ck->v->state_bytes) != 0) {
        return BROKEN(ck, "state_parse(state_text) differs in memory for %.100s", ck->text);
    }
    int rc = 0;
    for (int i = 0; rc == 0 && i < TEXTS_PER_PLY; i++) {
        rc = check_bad_state(ck, (size_t)n);
    }
    return rc;
}

int
check_board_text(struct checker *ck)
{
    const int32_t n = ck->g->board_text(ck->v, ck->state, 0, ck->text, RR_GAME_TEXT_MAX);

    if (n <= 0 || n >= RR_GAME_TEXT_MAX || ck->text[n] != '\0' || ck->text[n - 1] != '\n') {
        return BROKEN(ck, "board_text returned %d, or its text does not end with a line end", n);
    }
    for (int32_t i = 0; i < n; i++) {
        if ((unsigned char)ck->text[i] < ' ' && ck->text[i] != '\n') {
            return BROKEN(ck, "board_text without colour holds a control character at %d", i);
        }
    }
    if (ck->g->board_text(ck->v, ck->state, 0, ck->text2, (size_t)n) != -1) {
        return BROKEN(ck, "%s", "board_text did not notice that its text does not fit");
    }
    return 0;
}

/* key=value words with single spaces between. */
static bool
is_words(const char *text)
{
    bool has_key = false;
    bool has_value = false;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ' ' ? !has_value : (unsigned char)*c < ' ' || *c == 0x7f) {
            return false;
        }
        if (*c == '=' && !has_value && !has_key) {
            has_key = c > text && c[-1] != ' ';
        } else if (*c != ' ') {
            has_value = has_key;
        } else {
            has_key = false;
            has_value = false;
        }
    }
    return has_value;
}

static const char *
find_winner(const char *words)
{
    const char *w = strncmp(words, "w=", 2) == 0 ? words : strstr(words, " w=");

    return w == NULL ? NULL : strchr(w, '=') + 1;
}

/* A text that a callback wrote, and what it returned for it and for one byte less than it needs. */
static int
check_form(struct checker *ck, const char *what, int32_t n, int32_t cut)
{
    if (n <= 0 || (size_t)n != strlen(ck->text) || !is_words(ck->text)) {
        return BROKEN(ck, "%s returns %d, or \"%.80s\" is not words key=value", what, n,
                      n > 0 ? ck->text : "");
    }
    return cut == -1 ? 0 : BROKEN(ck, "%s claims to fit without its NUL", what);
}

int
check_end_texts(struct checker *ck, const float *share)
{
    int32_t n = ck->g->variant_text(ck->v, ck->text, RR_GAME_TEXT_MAX);
    int rc = check_form(ck, "variant_text", n,
                        n > 0 ? ck->g->variant_text(ck->v, ck->text2, (size_t)n) : -1);

    if (rc == 0) {
        n = ck->g->result_text(ck->v, ck->state, ck->text, RR_GAME_TEXT_MAX);
        rc = check_form(ck, "result_text", n,
                        n > 0 ? ck->g->result_text(ck->v, ck->state, ck->text2, (size_t)n) : -1);
    }
    if (rc != 0) {
        return rc;
    }
    const char *w = find_winner(ck->text);
    for (uint32_t s = 0; w != NULL && s < ck->v->seats; s++) {
        const bool is_named = atoi(w) == (int)s + 1;
        if (is_named != (share[s] > 0.999F)) {
            return BROKEN(ck, "result_text says \"%.60s\", but result gives seat %u the share %g",
                          ck->text, s, (double)share[s]);
        }
    }
    return 0;
}

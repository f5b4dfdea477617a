/* SPDX-License-Identifier: MIT */
/*
 * session.c - one game in progress that can be taken back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/tools/session.h"

static int
reserve(struct session *s, uint32_t plies, struct rr_err *err)
{
    if (plies < s->room) {
        return 0;
    }
    const uint32_t room = s->room == 0 ? 256 : s->room * 2;
    unsigned char *states = realloc(s->states, (size_t)room * s->state_bytes);
    if (states == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a game of %u moves", plies);
    }
    s->states = states;
    rr_move *moves = realloc(s->moves, room * sizeof *moves);
    if (moves == NULL) {
        return rr_err_set(err, -ENOMEM, "no memory for a game of %u moves", plies);
    }
    s->moves = moves;
    s->room = room;
    return 0;
}

static void *
state_at(const struct session *s, uint32_t ply)
{
    return s->states + (size_t)ply * s->state_bytes;
}

const void *
session_state(const struct session *s, uint32_t ply)
{
    return state_at(s, ply);
}

/* After a change of position: who is to act, and what is legal. */
static void
refresh(struct session *s)
{
    const void *state = state_at(s, s->plies);

    s->mover = s->game->mover(s->variant, state);
    s->choice = s->mover < 0 ? 0 : s->game->legal(s->variant, state, s->legal);
}

int
session_open(struct session *s, const struct rr_game *game, const struct rr_variant *variant,
             uint64_t options, struct rr_err *err)
{
    *s = (struct session){.game = game, .variant = variant, .options = options};
    s->state_bytes = ((size_t)variant->state_bytes + 7) / 8 * 8;
    s->legal = malloc(variant->max_moves * sizeof *s->legal);
    s->text = malloc(RR_GAME_TEXT_MAX);
    if (s->legal == NULL || s->text == NULL) {
        session_close(s);
        return rr_err_set(err, -ENOMEM, "no memory for a game of %s", variant->name);
    }
    s->text[0] = '\0';
    const int rc = session_reset(s, NULL, err);
    if (rc != 0) {
        session_close(s);
    }
    return rc;
}

void
session_close(struct session *s)
{
    free(s->states);
    free(s->moves);
    free(s->legal);
    free(s->text);
    *s = (struct session){0};
}

int
session_reset(struct session *s, const char *position, struct rr_err *err)
{
    char why[200] = "";
    int rc = reserve(s, 1, err);

    if (rc != 0) {
        return rc;
    }
    /* Read it at the far end first: a text that is refused changes nothing. */
    void *first = state_at(s, position == NULL ? 0 : s->room - 1);
    memset(first, 0, s->state_bytes);
    if (position == NULL) {
        s->game->init(s->variant, s->options, first);
    } else if (s->game->state_parse(s->variant, position, first, why, sizeof why) != 0) {
        return rr_err_set(err, RR_E_INPUT, "no position of %s: %.180s", s->variant->name, why);
    } else {
        memmove(state_at(s, 0), first, s->state_bytes);
    }
    s->is_custom = position != NULL;
    s->plies = 0;
    refresh(s);
    return rc;
}

int
session_play(struct session *s, rr_move move, struct rr_err *err)
{
    const int rc = reserve(s, s->plies + 2, err);

    if (rc != 0) {
        return rc;
    }
    memcpy(state_at(s, s->plies + 1), state_at(s, s->plies), s->state_bytes);
    s->game->apply(s->variant, state_at(s, s->plies + 1), move);
    s->moves[s->plies++] = move;
    refresh(s);
    return 0;
}

int
session_play_text(struct session *s, const char *text, struct rr_err *err)
{
    char why[200] = "";
    rr_move move = RR_MOVE_NONE;

    if (s->mover < 0) {
        return rr_err_set(err, RR_E_INPUT, "the game is over");
    }
    if (s->game->move_parse(s->variant, state_at(s, s->plies), text, &move, why, sizeof why) != 0) {
        return rr_err_set(err, RR_E_INPUT, "%.200s", why);
    }
    return session_play(s, move, err);
}

void
session_seek(struct session *s, uint32_t plies)
{
    s->plies = plies;
    refresh(s);
}

static const char *
written(struct session *s, int32_t length)
{
    if (length < 0) {
        (void)snprintf(s->text, RR_GAME_TEXT_MAX, "(this has no text)");
    }
    return s->text;
}

const char *
session_move_text(struct session *s, uint32_t ply, rr_move move)
{
    return written(
        s, s->game->move_text(s->variant, state_at(s, ply), move, s->text, RR_GAME_TEXT_MAX));
}

const char *
session_position(struct session *s, uint32_t ply)
{
    return written(s, s->game->state_text(s->variant, state_at(s, ply), s->text, RR_GAME_TEXT_MAX));
}

const char *
session_result(struct session *s)
{
    return written(
        s, s->game->result_text(s->variant, state_at(s, s->plies), s->text, RR_GAME_TEXT_MAX));
}

const char *
session_board(struct session *s, uint32_t ply, uint32_t flags)
{
    if (s->game->board_text == NULL) {
        (void)session_position(s, ply);
        const size_t n = strlen(s->text);
        if (n + 1 < RR_GAME_TEXT_MAX) {
            memcpy(s->text + n, "\n", 2);
        }
        return s->text;
    }
    return written(
        s, s->game->board_text(s->variant, state_at(s, ply), flags, s->text, RR_GAME_TEXT_MAX));
}

uint64_t
session_option(const struct rr_game *game, const char *name)
{
    for (uint32_t i = 0; game->options[i] != NULL; i++) {
        if (strcmp(game->options[i], name) == 0) {
            return UINT64_C(1) << i;
        }
    }
    return 0;
}
